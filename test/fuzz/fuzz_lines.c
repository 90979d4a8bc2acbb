/* Lines of a VCF in BGZF blocks, read ahead by threads and line by line: the same records, or the same verdict. First byte: how long blocks are;
 * second: which byte of the file is altered, if any. */
#include "store/import_priv.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void put_block(sund_buf *out, const uint8_t *p, size_t n)
{
    sund_buf_put(out, "\37\213\10\4\0\0\0\0\0\377\6\0BC\2\0", 16);
    sund_buf_u16(out, (uint16_t) (18 + 5 + n + 8 - 1));
    sund_buf_u8(out, 1); /* as it is, not compressed */
    sund_buf_u16(out, (uint16_t) n);
    sund_buf_u16(out, (uint16_t) ~n);
    sund_buf_put(out, p, n);
    sund_buf_u32(out, libdeflate_crc32(0, p, n));
    sund_buf_u32(out, (uint32_t) n);
}

static void put_record(const sund_vcf_record *r, size_t n, sund_buf *out)
{
    uint64_t *plane = calloc(SUND_N_PLANE * (n / 64 + 1), sizeof *plane);
    size_t    n_word = (n + 63) / 64;

    sund_buf_printf(out, "%llu %d %u %s %zu\n", (unsigned long long) r->line, r->contig, r->pos_bp, r->why, r->n_alt);
    for (size_t k = 0; plane && k < r->n_alt && !r->why[0] && r->contig; k++) {
        const uint64_t *x = plane;

        if (r->ready)
            x = r->plane + k * SUND_N_PLANE * n_word;
        else { /* people have two copies here */
            sund_call_counts none = { 0, 0, 0 };
            uint8_t          two[256];
            sund_call       *c = calloc(n + 1, sizeof *c);

            memset(two, 2, sizeof two);
            if (!c || n > sizeof two)
                abort();
            sund_calls_resolve(r->call, c, n, two, &none);
            sund_calls_planes(c, n, (unsigned) k + 1, plane);
            free(c);
        }
        for (size_t w = 0; w < SUND_N_PLANE * n_word; w++)
            sund_buf_u64(out, w / n_word < SUND_LANE_PHASED ? x[w] : x[w] & x[w % n_word] & x[SUND_LANE_PHASED * n_word + w % n_word]);
    }
    free(plane);
}

static void read_all(const char *path, bool slow, sund_buf *out)
{
    sund_vcf        *v = NULL;
    sund_vcf_record *r = NULL;
    sund_err         err = { 0 };
    static uint8_t   two[256];
    uint8_t *const   copies[4] = { two, two, two, two };
    int32_t          at[256];
    sund_code        rc = sund_vcf_open(&v, path, &err);
    size_t           n = rc == SUND_OK ? sund_vcf_n_sample(v) : 0;

    memset(two, 2, sizeof two);
    (void) setenv("SUND_IMPORT", slow ? "slow" : "", 1);
    if (n && n <= 256) {
        for (size_t i = 0; i < n; i++)
            at[i] = (int32_t) (n - 1 - i);
        rc = sund_vcf_want(v, at, n, (sund_vcf_filter){ 0, 0, 0 }, &err);
        if (rc == SUND_OK)
            rc = sund_vcf_hurry(v, SUND_GRCH37, copies, 2, 1, &err);
        while (rc == SUND_OK && (rc = sund_vcf_next(v, &r, &err)) == SUND_OK && r)
            put_record(r, n, out);
    }
    sund_vcf_close(v);
    sund_buf_printf(out, "%d %s\n", (int) rc, rc == SUND_OK ? "" : err.msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    sund_buf file = { 0 }, one = { 0 }, other = { 0 };
    char     path[40];
    size_t   step;
    int      fd;

    if (n < 3 || p[2] != '#' || n > 60000)
        return 0;
    step = 7u * p[0] + 1;
    for (size_t i = 2; i < n; i += step)
        put_block(&file, p + i, n - i < step ? n - i : step);
    put_block(&file, NULL, 0);
    sund_buf_clear(&one);
    if (p[1])
        file.p[file.n * p[1] / 256] ^= (uint8_t) (1u << p[1] % 8);
    sund_buf_put(&file, "\37\213\10\4\0\0\0\0\0\377\6\0BC\2\0\33\0\3\0\0\0\0\0\0\0\0\0", 28);
    fd = memfd_create("fuzz", MFD_CLOEXEC);
    (void) snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd < 0 || write(fd, file.p, file.n) != (ssize_t) file.n)
        abort();
    read_all(path, true, &one);
    read_all(path, false, &other);
    if (one.n != other.n || memcmp(one.p, other.p, one.n) != 0) {
        fprintf(stderr, "slow: %.2000s\nahead: %.2000s\n", (char *) one.p, (char *) other.p);
        abort();
    }
    sund_buf_free(&file);
    sund_buf_free(&one);
    sund_buf_free(&other);
    (void) close(fd);
    return 0;
}
