/* growth STORE: what it takes to read a site and count it over every tenth person, by what grows it: lines "rare CARRIERS SITES US" for sites kept as lists, by powers of
 * two of the number of people that are listed; "common PEOPLE SITES US" for those kept as planes. CPU time, the
 * least of several rounds: others may use the machine too. */
#include "bench/aid.h"

enum { ROUNDS = 9, CLASSES = 33, COMMON = 32 };

typedef struct group { size_t *site, n; double carriers, best_us; } group;

static double cpu_s(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static void sort_out(const sund_store *s, sund_store_reader *r, group *of)
{
    const sund_store_info *i = sund_store_describe(s);

    for (int k = 0; k < CLASSES; k++)
        if (!(of[k].site = calloc(i->n_site + 1, sizeof *of[k].site)))
            exit(2);
    for (size_t j = 0; j < i->n_site; j++) {
        sund_gt g;
        size_t  n;
        group  *o;

        MUST(sund_store_read(r, j, &g, err_));
        n = g.n_het + g.n_hom + g.n_missing;
        o = &of[g.sparse ? (n ? 63 - __builtin_clzll(n) : 0) : COMMON];
        o->site[o->n++] = j;
        o->carriers += g.sparse ? (double) n : 0.0;
    }
}

/** As often as it takes for a time that can be read: at least 2 ms a group and round. Common sites by a new reader each time, for one keeps its
 *  last block unpacked. */
static double read_group(const sund_store *s, const group *o, bool common, const uint64_t *in, size_t n_word, uint64_t *sum)
{
    sund_store_reader *r = NULL;
    double             spent = 0.0;
    size_t             n = 0;

    do {
        double began;

        if (common || !r) {
            sund_store_reader_close(r);
            MUST(sund_store_reader_open(&r, s, err_));
        }
        began = cpu_s();
        for (size_t k = 0; k < o->n; k++) {
            sund_gt g;

            MUST(sund_store_read(r, o->site[k], &g, err_));
            *sum += aid_count(&g, in, n_word);
        }
        n += o->n;
        spent += cpu_s() - began;
    } while (spent < 0.002);
    sund_store_reader_close(r);
    return 1e6 * spent / (double) n;
}

int main(int argc, char **argv)
{
    static group           of[CLASSES];
    sund_store            *s = NULL;
    sund_store_reader     *r = NULL;
    const sund_store_info *i;
    uint64_t              *in, sum = 0;
    size_t                 n_word;

    if (argc != 2)
        return 2;
    MUST(sund_crypto_init(err_));
    MUST(sund_store_open(&s, argv[1], err_));
    MUST(sund_store_reader_open(&r, s, err_));
    i = sund_store_describe(s);
    n_word = (i->n_person + 63) / 64;
    in = calloc(n_word + 1, sizeof *in);
    if (!in)
        return 2;
    for (size_t p = 0; p < i->n_person; p += 10)
        in[p / 64] |= 1ull << (p % 64);
    sort_out(s, r, of);
    for (int round = 0; round < ROUNDS; round++)
        for (int k = 0; k < CLASSES; k++)
            if (of[k].n) {
                double us = read_group(s, &of[k], k == COMMON, in, n_word, &sum);

                of[k].best_us = round == 0 || us < of[k].best_us ? us : of[k].best_us;
            }
    for (int k = 0; k < CLASSES; k++) {
        if (!of[k].n)
            continue;
        if (k == COMMON)
            printf("common %zu %zu %.4f\n", i->n_person, of[k].n, of[k].best_us);
        else
            printf("rare %.1f %zu %.4f\n", of[k].carriers / (double) of[k].n, of[k].n, of[k].best_us);
    }
    printf("checksum=%llu\n", (unsigned long long) sum);
    sund_store_reader_close(r);
    sund_store_close(s);
    free(in);
    for (int k = 0; k < CLASSES; k++)
        free(of[k].site);
    return 0;
}
