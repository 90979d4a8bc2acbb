/* counts STORE IDS [RUNS]: genotype counts over the people listed in IDS at every site, in this process; variants_per_s is the best run's. */
#include "base/buf.h"
#include "base/file.h"
#include "base/progress.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_s(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *) a, *(char *const *) b); }

/** Bits of the people whose names are in the file. */
static uint64_t *people(const sund_store_info *i, const char *path, size_t *n_in)
{
    sund_buf  text = { 0 };
    sund_err  err;
    char    **id = NULL;
    size_t    n = 0;
    uint64_t *in = calloc((i->n_person + 63) / 64 + 1, sizeof *in);

    if (!in || sund_file_read(path, 1u << 30, &text, &err) != SUND_OK)
        exit(2);
    sund_buf_nul(&text);
    id = calloc(i->n_person + 1, sizeof *id);
    for (char *s = strtok((char *) text.p, "\n"); id && s && n < i->n_person; s = strtok(NULL, "\n"))
        id[n++] = s;
    if (!id)
        exit(2);
    qsort(id, n, sizeof *id, by_name);
    *n_in = 0;
    for (size_t k = 0; k < i->n_person; k++)
        if (bsearch(&i->person[k], id, n, sizeof *id, by_name)) {
            in[k / 64] |= 1ull << (k % 64);
            ++*n_in;
        }
    free(id);
    sund_buf_free(&text);
    return in;
}

static uint64_t listed(const uint32_t *list, size_t n, const uint64_t *in)
{
    uint64_t k = 0;

    for (size_t i = 0; i < n; i++)
        k += in[list[i] / 64] >> (list[i] % 64) & 1;
    return k;
}

static uint64_t shared_bits(const uint64_t *a, const uint64_t *b, size_t n)
{
    uint64_t k = 0;

    for (size_t w = 0; w < n; w++)
        k += (uint64_t) __builtin_popcountll(a[w] & b[w]);
    return k;
}

static uint64_t count(const sund_store *s, const uint64_t *in)
{
    const sund_store_info *i = sund_store_describe(s);
    sund_store_reader     *r = NULL;
    sund_err               err;
    uint64_t               sum = 0;
    size_t                 word = (i->n_person + 63) / 64;

    if (sund_store_reader_open(&r, s, &err) != SUND_OK)
        exit(2);
    for (size_t j = 0; j < i->n_site; j++) {
        sund_gt g;

        if (sund_store_read(r, j, &g, &err) != SUND_OK)
            exit(2);
        if (g.sparse)
            sum += listed(g.het, g.n_het, in) + 2 * listed(g.hom, g.n_hom, in) + 3 * listed(g.missing, g.n_missing, in);
        else
            sum += shared_bits(g.het_plane, in, word) + 2 * shared_bits(g.hom_plane, in, word) + 3 * shared_bits(g.missing_plane, in, word);
    }
    sund_store_reader_close(r);
    return sum;
}

int main(int argc, char **argv)
{
    sund_store *s = NULL;
    sund_err    err;
    uint64_t   *in, sum = 0;
    double      best = 1e300;
    size_t      n_in = 0;

    if (argc < 3 || sund_crypto_init(&err) != SUND_OK || sund_store_open(&s, argv[1], &err) != SUND_OK)
        return 2;
    in = people(sund_store_describe(s), argv[2], &n_in);
    for (int k = 0; k < (argc > 3 ? atoi(argv[3]) : 5); k++) {
        double began = now_s();

        sum = count(s, in);
        best = now_s() - began < best ? now_s() - began : best;
    }
    printf("people=%zu\nchecksum=%llu\nvariants_per_s=%.1f\n", n_in, (unsigned long long) sum, (double) sund_store_describe(s)->n_site / best);
    free(in);
    sund_store_close(s);
    return 0;
}
