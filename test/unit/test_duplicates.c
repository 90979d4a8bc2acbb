/* People who are at two nodes: simulated families, some of whose members are in the data twice, with errors; thresholds of tokens against plain sums. */
#include "fed.h"
#include "stats/tokens.h"
#include "test.h"

enum { CONTIGS = 22, PER = 32, M = CONTIGS * PER, FAMILY = 5, N_MAX = 1300 };

typedef struct data { cohort *c; size_t n_person; int twin_of[N_MAX]; } data; /* twin_of: -1, or whose copy it is */

static double unit(void) { return (double) (test_rand() >> 11) * 0x1p-53; }

/* A gamete: haplotypes of one parent with a crossover on every chromosome. hap: two of M. */
static void gamete(const uint8_t *hap, uint8_t *out)
{
    for (size_t c = 0; c < CONTIGS; c++) {
        size_t from = test_rand() % PER, which = test_rand() % 2;

        for (size_t j = 0; j < PER; j++)
            out[c * PER + j] = hap[(which ^ (j >= from)) * M + c * PER + j];
    }
}

/* Families of two parents and three children, then `twice` copies of people, with errors of 0, 0.5 % and 1 % of the genotypes. */
static void make(data *d, size_t families, size_t twice, double missing)
{
    size_t   n = families * FAMILY + twice;
    uint8_t *hap = calloc(n * 2 * M, 1);
    double   freq[M];

    d->c = cohort_new(n, M, "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t0\t120\t0\t\n", "\tage");
    d->n_person = families * FAMILY;
    for (size_t j = 0; j < M; j++) {
        freq[j] = 0.28 + 0.22 * unit();
        cohort_variant(d->c, j, (int) (1 + j / PER), (uint32_t) (100000 + 1000000 * (j % PER)), "A", j % 3 ? "C" : "T");
    }
    for (size_t i = 0; i < families * FAMILY; i++) {
        uint8_t *own = hap + i * 2 * M;

        if (i % FAMILY < 2)
            for (size_t j = 0; j < 2 * M; j++)
                own[j] = unit() < freq[j % M];
        else
            for (size_t side = 0; side < 2; side++)
                gamete(hap + (i - i % FAMILY + side) * 2 * M, own + side * M);
    }
    for (size_t i = 0; i < n; i++) {
        static const double rate[] = { 0.0, 0.005, 0.01 };
        size_t              k = i - d->n_person;
        double              error;

        d->twin_of[i] = i < d->n_person ? -1 : (int) (k * 7 % d->n_person);
        error = i < d->n_person ? 0.0 : rate[k % 3];
        for (size_t j = 0; j < M; j++) {
            const uint8_t *own = hap + (d->twin_of[i] < 0 ? i : (size_t) d->twin_of[i]) * 2 * M;
            uint8_t        g = (uint8_t) (own[j] + own[M + j]);

            if (unit() < error)
                g = (uint8_t) ((g + 1 + test_rand() % 2) % 3);
            d->c->gt[j * n + i] = unit() < missing ? SUND_GT_MISSING : g;
        }
        cohort_values(d->c, i, "\t%d", (int) (20 + i % 50));
    }
    free(hap);
}

/* What each person's node has kept: 0, 1, or -1. */
static void kept(fed *f, int *out, size_t n)
{
    sund_cohort *all = NULL;
    char         name[64];

    for (size_t i = 0; i < n; i++)
        out[i] = -1;
    (void) snprintf(name, sizeof name, "duplicate_%.8s", sund_digest_hex(&f->study).s);
    MUST(sund_cohort_parse(&all, "all", err));
    for (size_t k = 0; k < f->n; k++) {
        sund_person_set set = { 0 };
        sund_var        var;
        int64_t        *raw;

        MUST(sund_people_var(f->node[k].people, name, &var, err));
        CHECK(var.type == SUND_VAR_BINARY && strcmp(var.codes, "no|yes") == 0);
        MUST(sund_people_select(f->node[k].people, all, "general-research", &set, err));
        raw = calloc(set.n + 1, sizeof *raw);
        MUST(sund_people_values(f->node[k].people, &var, &set, raw, err));
        for (size_t m = 0; m < set.n; m++)
            out[atoi(set.name[m] + 1)] = raw[m] == SUND_VALUE_MISSING ? -1 : (int) raw[m];
        free(raw);
        sund_person_set_free(&set);
    }
    sund_cohort_free(all);
}

/* One person twice, by plain comparison: at most one of twenty genotypes differs. Sibs differ at every third. */
static bool same(const cohort *c, size_t i, size_t k)
{
    size_t n_off = 0;

    for (size_t j = 0; j < c->m && n_off <= c->m / 20; j++) {
        uint8_t a = c->gt[j * c->n + i], b = c->gt[j * c->n + k];

        n_off += a != b && a != SUND_GT_MISSING && b != SUND_GT_MISSING;
    }
    return n_off <= c->m / 20;
}

/* The study over n_node nodes: everyone's flag, and how many are elsewhere and repeated, are what a plain comparison of all pairs says. */
static void find(const data *d, size_t n_node, const sund_thresholds *t, bool hidden, size_t least)
{
    static int node_of[N_MAX], flag[N_MAX], want[N_MAX];
    world     *w = world_real(d->c);
    fed       *f;
    char       text[4096], *table, number[2][24];
    sund_buf   got;
    size_t     n = d->c->n, n_wrong = 0, n_elsewhere = 0, n_repeated = 0;

    for (size_t i = 0; i < n; i++) { /* sibs and copies at different nodes; some copies at earlier ones */
        node_of[i] = (int) (d->twin_of[i] < 0 ? i % n_node : ((size_t) d->twin_of[i] + 1 + i % (n_node - 1)) % n_node);
        want[i] = 0;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
            if (node_of[i] != node_of[k] && same(d->c, i, k)) {
                want[i] |= node_of[k] < node_of[i] ? 3 : 1;
                want[k] |= node_of[i] < node_of[k] ? 3 : 1;
            }
    f = fed_open(w, n_node, node_of, t, 7);
    study_text(f, "analysis = duplicates\n", text, sizeof text);
    fed_submit(f, text);
    fed_run(f);
    got = fed_release(f);
    kept(f, flag, n);
    for (size_t i = 0; i < n; i++) {
        n_wrong += flag[i] != want[i] / 2;
        n_elsewhere += want[i] > 0;
        n_repeated += want[i] == 3;
    }
    CHECK(n_wrong == 0 && n_repeated >= least);
    (void) snprintf(number[0], sizeof number[0], hidden ? "below 10" : "%zu", n_elsewhere);
    (void) snprintf(number[1], sizeof number[1], hidden ? "below 10" : "%zu", n_repeated);
    table = whole_table(&got, "table");
    CHECK(table && strcmp(fed_cell(table, 0, "elsewhere"), number[0]) == 0 && strcmp(fed_cell(table, 0, "repeated"), number[1]) == 0);
    printf("# %zu nodes: records %s, elsewhere %s, repeated %s, people %s; %zu of %zu flags wrong\n", n_node, fed_cell(table, 0, "records"), fed_cell(table, 0, "elsewhere"), fed_cell(table, 0, "repeated"),
           fed_cell(table, 0, "people"), n_wrong, n);
    free(table);
    sund_buf_free(&got);
    fed_close(f);
    free(w);
}

TEST(copies_are_found_whatever_the_errors_and_relatives_are_not)
{
    static data     d;
    sund_thresholds open = fed_open_data(), closed = sund_thresholds_default();

    make(&d, 60, 60, 0.002);
    find(&d, 5, &open, false, 60);
    find(&d, 3, &closed, false, 60); /* 120 and 60 are multiples of five */
    cohort_free(d.c);
}

TEST(few_copies_are_below_ten_and_none_is_the_same_by_any_split)
{
    static data     d;
    sund_thresholds closed = sund_thresholds_default(), open = fed_open_data();
    world          *w;

    make(&d, 30, 6, 0.0);
    find(&d, 3, &closed, true, 6);
    cohort_free(d.c);
    make(&d, 40, 0, 0.001);
    w = world_real(d.c);
    for (size_t n = 3; n <= 5; n += 2) {
        CHECK(fed_same(w, n, false, "analysis = duplicates\nchunk = 50\n", &open, NULL));
        CHECK(fed_same(w, n, false, "analysis = duplicates\n", &closed, NULL));
    }
    free(w);
    cohort_free(d.c);
}

static const char *letter(const char *s)
{
    static const char *const acgt[] = { "A", "C", "G", "T" };

    for (size_t k = 0; k < 4; k++)
        if (strcmp(s, acgt[k]) == 0)
            return acgt[k];
    return NULL;
}

static size_t n_fields(const char *line)
{
    size_t n = 1;

    for (; *line; line++)
        n += *line == '\t';
    return n;
}

/* Frequent SNVs of a file of the shared data, and copies of every tenth of its people with 1 % of genotypes changed. False without the data.
 * spaced: positions of our own, for those of an assembly that is not known. */
static bool real(data *d, const char *path, bool spaced)
{
    static char line[1 << 16];
    const char *shared = getenv("SUND_SHARED");
    char        cmd[600];
    uint32_t    at_bp = 0;
    cohort     *c = NULL;
    FILE       *f;

    (void) snprintf(cmd, sizeof cmd, "bcftools query -i 'TYPE=\"snp\" && N_ALT=1 && MAF>=0.15 && F_MISSING<0.03' -f '%%CHROM\\t%%POS\\t%%REF\\t%%ALT[\\t%%GT]\\n' %s/data/%s 2>/dev/null", shared ? shared : "../shared", path);
    f = popen(cmd, "r");
    while (f && fgets(line, sizeof line, f)) {
        char    *at = line, *contig, *pos, *ref, *alt;
        size_t   n = n_fields(line) - 4;
        uint32_t bp;

        contig = strsep(&at, "\t");
        pos = strsep(&at, "\t");
        ref = strsep(&at, "\t");
        alt = strsep(&at, "\t");
        if (!c) {
            d->n_person = n;
            c = cohort_new(n + n / 10, 40000, "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t0\t120\t0\t\n", "\tage");
            c->m = 0;
        }
        bp = spaced ? at_bp + 25000 : (uint32_t) atoi(pos);
        if (atoi(contig) < 1 || atoi(contig) > 22 || !letter(ref) || !letter(alt) || c->m == 40000)
            continue;
        if (c->m && c->variant[c->m - 1].contig != atoi(contig))
            at_bp = 0;
        else if (bp <= at_bp)
            continue;
        bp = spaced ? at_bp + 25000 : bp;
        cohort_variant(c, c->m, atoi(contig), at_bp = bp, letter(ref), letter(alt));
        for (size_t i = 0; i < n; i++) {
            const char *gt = strsep(&at, "\t");

            c->gt[c->m * c->n + i] = gt[0] == '.' ? SUND_GT_MISSING : (uint8_t) ((gt[0] == '1') + (gt[2] == '1'));
        }
        c->m++;
    }
    if (f)
        (void) pclose(f);
    for (size_t i = 0; c && i < c->n; i++) {
        d->twin_of[i] = i < d->n_person ? -1 : (int) (10 * (i - d->n_person) + 3);
        for (size_t j = 0; j < c->m && d->twin_of[i] >= 0; j++) {
            uint8_t g = c->gt[j * c->n + (size_t) d->twin_of[i]];

            c->gt[j * c->n + i] = g != SUND_GT_MISSING && unit() < 0.01 ? (uint8_t) ((g + 1 + test_rand() % 2) % 3) : g;
        }
        cohort_values(c, i, "\t%d", (int) (20 + i % 50));
    }
    d->c = c;
    if (!c)
        printf("# skipped: no shared data\n");
    return c != NULL;
}

/* Children lie next to parents of theirs at other nodes: none of them matches, nor does anyone of 1,126. */
TEST(real_people_are_found_again_and_nobody_else)
{
    static data     d;
    sund_thresholds open = fed_open_data();

    if (real(&d, "hapmap279/hapmap279_9088.vcf.gz", true)) {
        find(&d, 3, &open, false, 28); /* HapMap itself has ten people twice */
        cohort_free(d.c);
    }
    if (real(&d, "1kg-12pop/1KG_phase3_subset_1-22X.bcf", false)) {
        find(&d, 3, &open, false, 112);
        cohort_free(d.c);
    }
}

/* P(Bin(T, p) >= k), from the top. */
static double tail(double p, unsigned k)
{
    double sum = 0;

    for (unsigned i = k; i <= SUND_TOKENS; i++)
        sum += exp(lgamma(SUND_TOKENS + 1.0) - lgamma(i + 1.0) - lgamma(SUND_TOKENS + 1.0 - i) + i * log(p) + (SUND_TOKENS - i) * log1p(-p));
    return sum;
}

TEST(as_many_matches_are_asked_as_chance_needs)
{
    static const double p[] = { 1e-6, 1e-4, 1e-3, 1.0 / 64, 0.1, 0.5 }, n[] = { 1, 300, 1e4, 1e6 };

    for (size_t a = 0; a < 6; a++)
        for (size_t b = 0; b < 4; b++)
            for (double bound = 1e-3; bound < 0.1; bound *= 3) {
                unsigned k = sund_tokens_needed(n[b], p[a], bound);

                CHECK(k >= 2 && k <= SUND_TOKENS + 1);
                CHECK(k > SUND_TOKENS || n[b] * tail(p[a], k) <= bound * (1 + 1e-9));
                CHECK(k == 2 || n[b] * tail(p[a], k - 1) > bound * (1 - 1e-9));
            }
    CHECK(sund_tokens_needed(1, 1.0, 0.01) == SUND_TOKENS + 1);
    CHECK(sund_token_buckets(0, 16, 1024) == 16 && sund_token_buckets(17, 16, 1024) == 32 && sund_token_buckets(5000, 16, 1024) == 1024);
}

TEST(sets_are_drawn_without_replacement_evenly_and_by_the_study)
{
    sund_digest a = sund_digest_of("a", 1), b = sund_digest_of("b", 1);
    uint32_t    x[SUND_TOKEN_SNVS], y[SUND_TOKEN_SNVS];
    int         seen[100] = { 0 };

    for (uint32_t t = 0; t < 1000; t++) {
        bool in[100] = { false };

        sund_token_set(&a, t, 100, 30, x);
        for (size_t s = 0; s < 30; s++) {
            CHECK(x[s] < 100 && !in[x[s]]);
            in[x[s]] = true;
            seen[x[s]]++;
        }
    }
    for (size_t j = 0; j < 100; j++)
        CHECK(seen[j] > 220 && seen[j] < 380); /* 300, SD 14.5 */
    sund_token_set(&b, 0, 100, 30, y);
    sund_token_set(&a, 0, 100, 30, x);
    CHECK(memcmp(x, y, 30 * sizeof *x) != 0);
    sund_token_set(&a, 0, 64, 64, x); /* all there are */
    CHECK(sund_token(&a, 1, 2, 3) == sund_token(&a, 1, 2, 3) && sund_token(&a, 1, 2, 3) != sund_token(&a, 2, 2, 3) && sund_token(&a, 1, 2, 3) != sund_token(&b, 1, 2, 3) &&
          sund_token(&a, 1, 2, 3) != sund_token(&a, 1, 3, 2));
}

TEST(too_few_common_variants_are_said)
{
    static data     d;
    sund_thresholds open = fed_open_data();
    sund_err        err = { SUND_OK, "" };
    world          *w;
    fed            *f;
    char            text[4096];

    (void) err;
    make(&d, 20, 0, 0.0);
    w = world_real(d.c);
    f = fed_even(w, 3, &open);
    study_text(f, "analysis = duplicates\nregion = 1:1-300000000\n", text, sizeof text);
    fed_submit(f, text);
    fed_run(f);
    CHECK(strstr(fed_status(f, 0).detail, "too few common SNVs for tokens: 32 of") != NULL);
    fed_close(f);
    free(w);
    cohort_free(d.c);
}
