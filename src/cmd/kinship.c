#include "base/file.h"
#include "base/json.h"
#include "base/pool.h"
#include "base/progress.h"
#include "cmd/chosen.h"
#include "cmd/cmd.h"
#include "home/home.h"
#include "stats/king.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* kinship: who is related to whom in a store of one's own. Nothing leaves the machine, so no gate stands between. */

enum { SITES_A_TASK = 1024, EDGES_MAX = 1 << 27 };

typedef struct kinship {
    double             maf, missing, least;
    int64_t            n_snv, n_thread; /* asked for */
    const char        *out, *unrelated, *home, *name;
    bool               as_json;
    const sund_store  *s;
    uint64_t          *plane;  /* who is looked at */
    sund_person_plane  set;
    size_t             n_person, n_word; /* of the store */
    uint32_t          *row, *person;     /* store column to row and back */
    bool              *eligible; /* sites */
    size_t            *site;     /* those taken */
    size_t             n_site, n_eligible;
    sund_store_reader **reader;  /* one a thread */
    uint64_t         **xy;       /* one a thread: planes x and y of 64 sites */
    sund_king         *king;
    FILE              *to;
    uint32_t          *edge;     /* rows of related pairs */
    size_t             n_edge, edge_room;
    uint64_t           n_pair;
    sund_progress      progress;
} kinship;

/* ---- which variants ---- */

static sund_code judge_sites(void *ctx, size_t task, unsigned thread, sund_err *err)
{
    kinship     *k = ctx;
    size_t       first = task * SITES_A_TASK, n_site = sund_store_describe(k->s)->n_site, n = n_site - first < SITES_A_TASK ? n_site - first : SITES_A_TASK;
    sund_classes c[SITES_A_TASK];

    SUND_TRY(sund_store_count_rows(k->reader[thread], first, n, &k->set, 1, c, err));
    for (size_t j = 0; j < n; j++) {
        sund_site site;
        int64_t   called = c[j].ref + c[j].het + c[j].alt, alt = c[j].het + 2 * c[j].alt;

        sund_store_site(k->s, first + j, &site);
        if (site.kind == SUND_KIND_SNV && site.v.contig <= 22)
            k->eligible[first + j] = called && (double) c[j].missing <= k->missing * (double) k->set.n && (double) (alt < called ? alt : 2 * called - alt) >= k->maf * 2.0 * (double) called;
    }
    return SUND_OK;
}

/** Of n that may be used, every n / n_snv-th: as even over the genome as the store's common variants are. */
static sund_code choose_sites(kinship *k, sund_err *err)
{
    size_t n = sund_store_describe(k->s)->n_site, seen = 0, want;

    k->eligible = calloc(n + 1, sizeof *k->eligible);
    if (!k->eligible)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu sites", n);
    SUND_TRY(sund_pool_run((unsigned) k->n_thread, (n + SITES_A_TASK - 1) / SITES_A_TASK, judge_sites, k, err));
    for (size_t j = 0; j < n; j++)
        k->n_eligible += k->eligible[j];
    want = k->n_snv == 0 || (size_t) k->n_snv > k->n_eligible ? k->n_eligible : (size_t) k->n_snv;
    if (want == 0)
        return sund_fail(err, SUND_E_NOT_FOUND, "no autosomal SNV of the store has the least frequency and calls that --maf and --missing ask for");
    k->site = malloc(want * sizeof *k->site);
    if (!k->site)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu sites", want);
    for (size_t j = 0; j < n; j++)
        if (k->eligible[j] && seen++ * want / k->n_eligible >= k->n_site)
            k->site[k->n_site++] = j;
    return SUND_OK;
}

/* ---- genotypes, person by person ---- */

/** x: homozygotes of either kind; y: carriers of ALT. */
static void planes_of(const kinship *k, const sund_gt *g, uint64_t *x, uint64_t *y)
{
    if (!g->sparse) {
        for (size_t w = 0; w < k->n_word; w++) {
            uint64_t people = w + 1 < k->n_word || k->n_person % 64 == 0 ? UINT64_MAX : (1ULL << (k->n_person % 64)) - 1;

            x[w] = people & ~g->het_plane[w] & ~(g->n_missing ? g->missing_plane[w] : 0);
            y[w] = g->het_plane[w] | g->hom_plane[w];
        }
        return;
    }
    for (size_t w = 0; w < k->n_word; w++) {
        x[w] = UINT64_MAX;
        y[w] = g->rest == 2 ? UINT64_MAX : 0;
    }
    for (size_t i = 0; i < g->n_hom; i++)
        y[g->hom[i] / 64] ^= 1ULL << (g->hom[i] % 64);
    for (size_t i = 0; i < g->n_het; i++) {
        x[g->het[i] / 64] &= ~(1ULL << (g->het[i] % 64));
        y[g->het[i] / 64] |= 1ULL << (g->het[i] % 64);
    }
    for (size_t i = 0; i < g->n_missing; i++) {
        x[g->missing[i] / 64] &= ~(1ULL << (g->missing[i] % 64));
        y[g->missing[i] / 64] &= ~(1ULL << (g->missing[i] % 64));
    }
}

static sund_code put_block(void *ctx, size_t block, unsigned thread, sund_err *err)
{
    kinship  *k = ctx;
    uint64_t *x = k->xy[thread], *y = x + 64 * k->n_word;

    memset(x, 0, 128 * k->n_word * sizeof *x);
    for (size_t s = 0; s < 64 && 64 * block + s < k->n_site; s++) {
        sund_gt g;

        SUND_TRY(sund_store_read(k->reader[thread], k->site[64 * block + s], &g, err));
        planes_of(k, &g, x + s * k->n_word, y + s * k->n_word);
    }
    sund_king_put(k->king, block, x, y, k->n_word, k->row, k->n_person);
    return SUND_OK;
}

static sund_code read_genotypes(kinship *k, sund_err *err)
{
    SUND_TRY(sund_king_new(&k->king, k->set.n, k->n_site, err));
    SUND_TRY(sund_pool_run((unsigned) k->n_thread, (k->n_site + 63) / 64, put_block, k, err));
    sund_king_ready(k->king);
    return SUND_OK;
}

/* ---- what is written ---- */

static void put_json(FILE *to, const char *a, const char *b, const sund_king_pair *p, double phi)
{
    sund_buf  out = { 0 };
    sund_json j;
    int       degree = sund_king_degree(phi);

    sund_json_init(&j, &out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "person1", a);
    sund_json_str(&j, "person2", b);
    sund_json_i64(&j, "snvs", p->n_snv);
    sund_json_i64(&j, "hethet", p->hethet);
    sund_json_i64(&j, "ibs0", p->ibs0);
    sund_json_f64(&j, "kinship", phi);
    if (degree < 4)
        sund_json_i64(&j, "degree", degree);
    else
        sund_json_null(&j, "degree");
    sund_json_close(&j, '}');
    sund_buf_text(&out, "\n");
    (void) fwrite(out.p, 1, out.n, to);
    sund_buf_free(&out);
}

static sund_code keep_edge(kinship *k, const sund_king_pair *p, sund_err *err)
{
    if (k->n_edge == k->edge_room) {
        size_t    room = k->edge_room ? 2 * k->edge_room : 1024;
        uint32_t *more = room > EDGES_MAX ? NULL : realloc(k->edge, 2 * room * sizeof *more);

        if (!more)
            return sund_fail(err, SUND_E_LIMIT, "more than %zu related pairs: an unrelated set is asked of so many only with a higher --min", k->edge_room);
        k->edge = more;
        k->edge_room = room;
    }
    k->edge[2 * k->n_edge] = p->i;
    k->edge[2 * k->n_edge++ + 1] = p->j;
    return SUND_OK;
}

static sund_code put_pairs(void *ctx, const sund_king_pair *p, size_t n, uint64_t done, sund_err *err)
{
    kinship           *k = ctx;
    const char *const *name = sund_store_describe(k->s)->person;

    for (size_t i = 0; i < n; i++) {
        const char *a = name[k->person[p[i].i]], *b = name[k->person[p[i].j]];
        double      phi = sund_king_kinship(&p[i]), all = p[i].n_snv;
        int         degree = sund_king_degree(phi);

        if (k->as_json)
            put_json(k->to, a, b, &p[i], phi);
        else
            fprintf(k->to, "%s\t%s\t%u\t%.6g\t%.6g\t%.6g\t%.1s\n", a, b, p[i].n_snv, p[i].hethet / all, p[i].ibs0 / all, phi, &"0123."[degree]);
        if (k->unrelated || k->home)
            SUND_TRY(keep_edge(k, &p[i], err));
    }
    k->n_pair += n;
    sund_progress_at(&k->progress, done);
    return ferror(k->to) ? sund_fail(err, SUND_E_IO, "cannot write the pairs") : SUND_OK;
}

static sund_code write_pairs(kinship *k, sund_err *err)
{
    sund_code rc;

    k->to = k->out ? fopen(k->out, "w") : stdout;
    if (!k->to)
        return sund_fail(err, SUND_E_IO, "cannot write %s", k->out);
    if (!k->as_json)
        fputs("person1\tperson2\tsnvs\thethet\tibs0\tkinship\tdegree\n", k->to);
    sund_progress_begin(&k->progress, "kinship", "pairs", (uint64_t) k->set.n * (k->set.n - 1) / 2);
    rc = sund_king_pairs(k->king, k->least, (unsigned) k->n_thread, put_pairs, k, err);
    sund_progress_end(&k->progress);
    if (k->out && fclose(k->to) != 0 && rc == SUND_OK)
        rc = sund_fail(err, SUND_E_IO, "cannot write %s", k->out);
    return rc;
}

/* ---- the unrelated set ---- */

static sund_code write_unrelated(const kinship *k, const bool *related, sund_err *err)
{
    sund_buf  text = { 0 };
    sund_code rc;

    for (size_t i = 0; i < k->set.n; i++)
        if (!related[i]) {
            sund_buf_text(&text, sund_store_describe(k->s)->person[k->person[i]]);
            sund_buf_u8(&text, '\n');
        }
    rc = sund_buf_ok(&text, err);
    if (rc == SUND_OK)
        rc = sund_file_write(k->unrelated, text.p, text.n, 0600, err);
    sund_buf_free(&text);
    return rc;
}

/** The variable of everyone who was looked at: yes for whoever the set leaves out. */
static sund_code keep_related(const kinship *k, const bool *related, sund_err *err)
{
    sund_var  var = { .type = SUND_VAR_BINARY, .min = 0, .max = 1, .codes = "no|yes" };
    int64_t  *raw = malloc((k->n_person + 1) * sizeof *raw);
    sund_home h = { .id = "" };
    sund_code rc = raw ? sund_home_open(&h, k->home, SUND_HOME_PEOPLE, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    (void) snprintf(var.name, sizeof var.name, "%s", k->name);
    for (size_t i = 0; rc == SUND_OK && i < k->n_person; i++)
        raw[i] = k->row[i] == UINT32_MAX ? SUND_VALUE_MISSING : related[k->row[i]];
    if (rc == SUND_OK)
        rc = sund_people_derive(h.people, 1, &var, k->n_person, sund_store_describe(k->s)->person, raw, err);
    free(raw);
    sund_home_close(&h);
    return rc;
}

static sund_code write_set(kinship *k, sund_err *err)
{
    bool     *related = calloc(k->set.n + 1, sizeof *related);
    size_t    n = 0;
    sund_code rc = related ? sund_king_unrelated(k->set.n, k->edge, k->n_edge, related, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    for (size_t i = 0; i < k->set.n && rc == SUND_OK; i++)
        n += !related[i];
    if (rc == SUND_OK && k->unrelated)
        rc = write_unrelated(k, related, err);
    if (rc == SUND_OK && k->home)
        rc = keep_related(k, related, err);
    if (rc == SUND_OK)
        fprintf(stderr, "unrelated: %zu of %zu people\n", n, (size_t) k->set.n);
    free(related);
    return rc;
}

/* ---- the command ---- */

static sund_code open_all(kinship *k, sund_store *s, const char *people, sund_err *err)
{
    const sund_store_info *i = sund_store_describe(s);
    uint32_t               n = 0;

    k->s = s;
    k->n_thread = sund_pool_threads((unsigned) k->n_thread);
    k->n_person = i->n_person;
    k->n_word = (i->n_person + 63) / 64;
    k->plane = calloc(k->n_word + 1, sizeof *k->plane);
    k->row = malloc((i->n_person + 1) * sizeof *k->row);
    k->person = malloc((i->n_person + 1) * sizeof *k->person);
    k->reader = calloc((size_t) k->n_thread, sizeof *k->reader);
    k->xy = calloc((size_t) k->n_thread, sizeof *k->xy);
    if (!k->plane || !k->row || !k->person || !k->reader || !k->xy)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", i->n_person);
    for (int64_t t = 0; t < k->n_thread; t++) {
        k->xy[t] = malloc((128 * k->n_word + 1) * sizeof **k->xy);
        if (!k->xy[t])
            return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", i->n_person);
        SUND_TRY(sund_store_reader_open(&k->reader[t], s, err));
        sund_store_reader_keep(k->reader[t], 0);
    }
    SUND_TRY(sund_chosen_people(s, people, k->plane, err));
    k->set = sund_person_plane_of(k->plane, k->n_word);
    for (size_t p = 0; p < i->n_person; p++) {
        bool in = k->plane[p / 64] >> (p % 64) & 1;

        k->row[p] = in ? n : UINT32_MAX;
        if (in)
            k->person[n++] = (uint32_t) p;
    }
    return SUND_OK;
}

static void close_all(kinship *k)
{
    for (int64_t t = 0; t < k->n_thread; t++) {
        if (k->reader && k->reader[t])
            sund_store_reader_close(k->reader[t]);
        if (k->xy)
            free(k->xy[t]);
    }
    free(k->reader);
    free(k->xy);
    free(k->plane);
    free(k->row);
    free(k->person);
    free(k->eligible);
    free(k->site);
    free(k->edge);
    sund_king_free(k->king);
}

static sund_code number(const char *option, const char *text, double min, double max, double *out, sund_err *err)
{
    char *end;

    *out = strtod(text, &end);
    if (end != text && !*end && isfinite(*out) && *out >= min && *out <= max)
        return SUND_OK;
    if (isinf(min))
        return sund_fail(err, SUND_E_ARG, "--%s is '%.40s': a number of at most %g is expected", option, text, max);
    return sund_fail(err, SUND_E_ARG, "--%s is '%.40s': a number between %g and %g is expected", option, text, min, max);
}

static sund_code name_check(const char *name, sund_err *err)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    if (name[n] || n == 0 || n > 63 || name[0] < 'a' || strcmp(name, "sex") == 0)
        return sund_fail(err, SUND_E_ARG, "--name is '%.40s': a variable's name begins with a small letter, then small letters, digits and _", name);
    return SUND_OK;
}

static const char about[] =
    "KING-robust kinship of every pair of people in a store, over common autosomal SNVs: 1/2 for one person twice or identical twins (degree 0), 1/4 first degree, 1/8 second, 1/16 third. "
    "Prints the pairs at or above --min, and on request a set of people nobody of whom is related to another. For the operator of the data, on their own machine: no rule of the gate "
    "stands between, nothing is logged, and the names of people are printed. doc/kinship.md says more.";

sund_code sund_cmd_kinship(int argc, char **argv, sund_err *err)
{
    const char     *people = NULL, *least = "0.0442", *maf = "0.05", *missing = "0.02", *key = NULL;
    bool            helped = false;
    kinship         k = { .n_snv = 20000, .name = "related" };
    const sund_opt  opt[] = {
        { "people", 's', &people, "FILE", "only these people, a name a line (everybody)" },
        { "min", 's', &least, "PHI", "least kinship of a pair that is printed (0.0442: third degree)" },
        { "maf", 's', &maf, "F", "least frequency of the rarer allele, among these people (0.05)" },
        { "missing", 's', &missing, "F", "most missing calls of a variant (0.02)" },
        { "snvs", 'i', &k.n_snv, "N", "so many variants at most, evenly spaced over those there are (20000; 0: all)" },
        { "out", 's', &k.out, "FILE", "pairs go there instead of to the screen" },
        { "unrelated", 's', &k.unrelated, "FILE", "write a set of unrelated people, a name a line" },
        { "home", 's', &k.home, "FOLDER", "keep that set in a node's home as a variable: no in the set, yes left out of it" },
        { "name", 's', &k.name, "NAME", "of the variable (related): 'cohort = related = no'" },
        { "threads", 'i', &k.n_thread, "N", "at most (all)" },
        SUND_OPT_KEY(key),
        { "json", 'b', &k.as_json, NULL, "one JSON object a line; hethet and ibs0 are then numbers of variants" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "kinship", "[OPTIONS] STORE", about, "sund kinship fi/store\nsund kinship --min 0.1768 --out first-degree.tsv fi/store\nsund kinship --unrelated keep.txt --home fi fi/store > pairs.tsv", opt, 1, 1 };
    sund_store     *s = NULL;
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(number("min", least, -INFINITY, 0.5, &k.least, err));
    SUND_TRY(number("maf", maf, 0.0, 0.5, &k.maf, err));
    SUND_TRY(number("missing", missing, 0.0, 1.0, &k.missing, err));
    SUND_TRY(name_check(k.name, err));
    if (k.out)
        SUND_TRY(sund_not_over(NULL, k.out, err));
    if (k.unrelated)
        SUND_TRY(sund_not_over(NULL, k.unrelated, err));
    if (k.n_snv < 0 || k.n_snv > 1 << 24 || k.n_thread < 0 || k.n_thread > 1024)
        return sund_fail(err, SUND_E_ARG, "--snvs is 0 to 16777216, --threads 0 to 1024");
    SUND_TRY(sund_open_store(&s, argv[1], key, err));
    rc = open_all(&k, s, people, err);
    if (rc == SUND_OK)
        rc = choose_sites(&k, err);
    if (rc == SUND_OK)
        rc = sund_store_sound(s, err);
    if (rc == SUND_OK)
        rc = read_genotypes(&k, err);
    if (rc == SUND_OK)
        rc = write_pairs(&k, err);
    if (rc == SUND_OK && !k.as_json)
        fprintf(stderr, "%zu people, %zu of %zu common autosomal SNVs, %llu pairs at %s or above\n", (size_t) k.set.n, k.n_site, k.n_eligible, (unsigned long long) k.n_pair, least);
    if (rc == SUND_OK && (k.unrelated || k.home))
        rc = write_set(&k, err);
    close_all(&k);
    sund_store_close(s);
    return rc;
}
