#include "store/bgzip.h"

#include "base/map.h"

#include <errno.h>
#include <htslib/bgzf.h>
#include <htslib/tbx.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static sund_code fail(const char *path, sund_err *err) { return sund_fail(err, SUND_E_IO, "cannot write %s: %s", path, strerror(errno)); }

static sund_code write_blocks(const char *path, const void *text, size_t n, sund_err *err)
{
    BGZF          *f = bgzf_open(path, "w2"); /* digits of reals are noise: more effort takes twice the time and saves 4 % of the bytes */
    const uint8_t *at = text;
    sund_code      rc = f ? SUND_OK : fail(path, err);

    if (!f)
        return rc;
    for (size_t i = 0, piece; i < n && rc == SUND_OK; i += piece) {
        piece = n - i < SUND_MAP_PIECE ? n - i : SUND_MAP_PIECE;
        if (bgzf_write(f, at + i, piece) != (ssize_t) piece)
            rc = fail(path, err);
        sund_maps_rest();
    }
    if (bgzf_close(f) != 0 && rc == SUND_OK)
        rc = fail(path, err);
    return rc;
}

sund_code sund_bgzip_table(const char *path, const void *text, size_t n, sund_err *err)
{
    static const tbx_conf_t conf = { TBX_GENERIC, 1, 2, 0, '#', 1 };
    char                    part[4200], index[4200], part_index[4220];
    sund_code               rc;

    if (snprintf(part, sizeof part, "%s.part", path) >= (int) sizeof part || snprintf(index, sizeof index, "%s.tbi", path) >= (int) sizeof index)
        return sund_fail(err, SUND_E_LIMIT, "path too long: %.100s", path);
    (void) snprintf(part_index, sizeof part_index, "%s.tbi", part);
    rc = write_blocks(part, text, n, err);
    if (rc == SUND_OK && tbx_index_build2(part, part_index, 0, &conf) != 0)
        rc = sund_fail(err, SUND_E_FORMAT, "%s cannot be indexed: is it sorted by chromosome and position?", path);
    if (rc == SUND_OK && (rename(part_index, index) != 0 || rename(part, path) != 0))
        rc = fail(path, err);
    (void) unlink(part);
    (void) unlink(part_index);
    return rc;
}
