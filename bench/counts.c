/* counts STORE IDS [RUNS]: genotype counts over the people listed in IDS at every site, in this process; variants_per_s is the best run's, when common
 * sites are unpacked already; first_variants_per_s the first one's, which unpacks them and checks every digest. */
#include "bench/aid.h"
#include "base/buf.h"
#include "base/file.h"

#include <string.h>

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *) a, *(char *const *) b); }

/** Bits of the people whose names are in the file. */
static uint64_t *people(const sund_store_info *i, const char *path, size_t *n_in)
{
    sund_buf  text = { 0 };
    char    **id = NULL;
    size_t    n = 0;
    uint64_t *in = calloc((i->n_person + 63) / 64 + 1, sizeof *in);

    MUST(sund_file_read(path, 1u << 30, &text, err_));
    sund_buf_nul(&text);
    id = calloc(i->n_person + 1, sizeof *id);
    for (char *s = strtok((char *) text.p, "\n"); id && s && n < i->n_person; s = strtok(NULL, "\n"))
        id[n++] = s;
    if (!id || !in)
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

/** Sites [first, last): het + 2 hom-alt + 3 missing over them, which whoever counts otherwise can check. */
static uint64_t count(sund_store_reader *r, size_t first, size_t last, sund_person_plane in)
{
    enum { ROWS = 512 };
    static sund_classes c[ROWS];
    uint64_t            sum = 0;

    for (size_t j = first; j < last; j += ROWS) {
        size_t n = last - j < ROWS ? last - j : ROWS;

        MUST(sund_store_count_rows(r, j, n, &in, 1, c, err_));
        for (size_t i = 0; i < n; i++)
            sum += (uint64_t) (c[i].het + 2 * c[i].alt + 3 * c[i].missing);
    }
    return sum;
}

/** 50 kb from the middle on, with all common sites unpacked and with none: the best of many, in microseconds. */
static void region(const sund_store *s, sund_store_reader *r, sund_person_plane in)
{
    size_t    n_site = sund_store_describe(s)->n_site, first = n_site / 2, last;
    double    best[2] = { 1e300, 1e300 };
    sund_site site;

    sund_store_site(s, first, &site);
    last = sund_store_from(s, site.v.contig, site.v.pos_bp + 50000);
    for (int k = 0; k < 40; k++) {
        double began;

        if (k >= 20)
            sund_store_reader_keep(r, 0); /* lets go of what was unpacked */
        began = now_s();
        (void) count(r, first, last, in);
        best[k / 20] = now_s() - began < best[k / 20] ? now_s() - began : best[k / 20];
    }
    printf("region_sites=%zu\nregion_us=%.1f\nregion_unpacking_us=%.1f\n", last - first, 1e6 * best[0], 1e6 * best[1]);
}

int main(int argc, char **argv)
{
    sund_store        *s = NULL;
    sund_store_reader *r = NULL;
    uint64_t          *in, sum = 0;
    double             best = 1e300, first = 0;
    size_t             n_in = 0, n_site;
    sund_person_plane  set;

    if (argc < 3)
        return 2;
    MUST(sund_crypto_init(err_));
    MUST(sund_store_open(&s, argv[1], err_));
    MUST(sund_store_reader_open(&r, s, err_));
    n_site = sund_store_describe(s)->n_site;
    in = people(sund_store_describe(s), argv[2], &n_in);
    set = sund_person_plane_of(in, (sund_store_describe(s)->n_person + 63) / 64);
    for (int k = 0; k < (argc > 3 ? atoi(argv[3]) : 5); k++) {
        double began = now_s();

        sum = count(r, 0, n_site, set);
        best = now_s() - began < best ? now_s() - began : best;
        first = k ? first : best;
    }
    printf("people=%zu\nchecksum=%llu\nvariants_per_s=%.1f\nfirst_variants_per_s=%.1f\n", n_in, (unsigned long long) sum, (double) n_site / best, (double) n_site / first);
    region(s, r, set);
    free(in);
    sund_store_reader_close(r);
    sund_store_close(s);
    return 0;
}
