/* Deflated bytes as sund_inflate and zlib see them: the same bytes, or neither takes them. First two bytes: how many come out. */
#include "store/inflate.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* One byte of room more than there should be: what ends short of it is what comes out. */
static bool by_zlib(const uint8_t *p, size_t n, uint8_t *out, size_t n_out)
{
    z_stream s = { .next_in = (Bytef *) (uintptr_t) p, .avail_in = (uInt) n, .next_out = out, .avail_out = (uInt) n_out + 1 };
    int      rc;

    if (inflateInit2(&s, -15) != Z_OK)
        abort();
    rc = inflate(&s, Z_FINISH);
    (void) inflateEnd(&s);
    return rc == Z_STREAM_END && s.total_out == n_out;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    size_t   n_out = n < 2 ? 0 : p[0] | (size_t) p[1] << 8;
    uint8_t *in, *out = malloc(n_out ? n_out : 1), *same = malloc(n_out + 1);
    bool     ok;

    if (n < 2 || n > 65538) {
        free(out);
        free(same);
        return 0;
    }
    in = malloc(n - 2 + 8);
    if (!in || !out || !same)
        abort();
    memcpy(in, p + 2, n - 2);
    memset(in + n - 2, 0, 8);
    ok = sund_inflate(in, n - 2, out, n_out);
    if (ok != by_zlib(in, n - 2, same, n_out) || (ok && memcmp(out, same, n_out) != 0))
        abort();
    free(in);
    free(out);
    free(same);
    return 0;
}
