/* The text of a VCF: header, fixed columns, genotypes, filters. BCF and compressed bytes are htslib's, which runs confined. */
#include "store/import_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void read_all(sund_vcf *v)
{
    size_t           n = sund_vcf_n_sample(v);
    int32_t         *at = malloc((n + 1) * sizeof *at);
    sund_vcf_filter  f = { 10, 5, 0.2 };
    sund_vcf_record *r = NULL;
    sund_err         err;

    for (size_t s = 0; at && s < n; s++)
        at[s] = (int32_t) s;
    if (at && sund_vcf_want(v, at, n, n % 2 ? f : (sund_vcf_filter) { 0, 0, 0 }, &err) == SUND_OK) {
        while (sund_vcf_next(v, &r, &err) == SUND_OK && r) {
            if (r->why[0] || !r->contig || !r->call)
                continue;
            for (size_t s = 0; s < n; s++) {
                if (r->call[s].a < SUND_CALL_MANY && r->call[s].a > r->n_alt)
                    abort();
                if (r->call[s].b < SUND_CALL_MANY && r->call[s].b > r->n_alt)
                    abort();
            }
        }
    }
    free(at);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    int       fd = n > 1 && p[0] == '#' ? memfd_create("fuzz", MFD_CLOEXEC) : -1;
    char      path[40];
    sund_vcf *v = NULL;
    sund_err  err;

    if (fd < 0)
        return 0;
    (void) snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write(fd, p, n) == (ssize_t) n && sund_vcf_open(&v, path, &err) == SUND_OK)
        read_all(v);
    sund_vcf_close(v);
    (void) close(fd);
    return 0;
}
