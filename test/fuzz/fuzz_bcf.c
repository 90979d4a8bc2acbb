/* A BCF record from its bytes: never out of them, and planes that a store may hold. First byte: how many samples. */
#include "store/import_priv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { N_CONTIG = 3, N_KEY = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const char              *contig[N_CONTIG] = { "20", NULL, "Un" };
    int                      number[N_CONTIG] = { 20, 0, 0 };
    bool                     key[N_KEY] = { true, true, true, true, true, false };
    const sund_vcf_bcf_names names = { N_CONTIG, N_KEY, contig, number, key, 3 };
    static uint8_t           two[200];
    sund_vcf_columns         want = { .n = n ? p[0] % 130 + 1u : 1, .assembly = SUND_GRCH37 };
    sund_vcf_record          r = { 0 };
    sund_vcf_scratch         s = { 0 };
    uint8_t                 *copy;
    size_t                   n_word, cut;

    if (n < 2)
        return 0;
    memset(two, 2, sizeof two);
    for (int k = 0; k < 4; k++)
        want.copies[k] = two;
    want.at = malloc(want.n * sizeof *want.at);
    copy = malloc(n - 1);
    if (!want.at || !copy)
        abort();
    memcpy(copy, p + 1, n - 1);
    for (size_t i = 0; i < want.n; i++)
        want.at[i] = i % 2 && n % 2 ? -1 : (int32_t) want.n_want++;
    want.same = want.n == want.n_want;
    cut = sund_bcf_bytes_cut(copy, n - 1);
    if (sund_vcf_scratch_make(&s, &want, NULL) != SUND_OK)
        abort();
    sund_vcf_record_clear(&r);
    if (cut && cut <= n - 1 && sund_bcf_bytes(&names, copy, cut, &r, &want, &s)) {
        n_word = (want.n_want + 63) / 64;
        if (!r.ready || r.contig != 20 || r.n_alt != 1 || !r.n_ref || r.plane[n_word - 1] >> (want.n_want - 1) % 64 >> 1)
            abort();
        for (size_t w = 0; w < n_word; w++)
            if ((r.plane[w] & r.plane[n_word + w]) | ((r.plane[w] | r.plane[n_word + w]) & r.plane[2 * n_word + w]))
                abort();
    }
    sund_vcf_scratch_free(&s);
    sund_vcf_record_free(&r);
    free(want.at);
    free(copy);
    return 0;
}
