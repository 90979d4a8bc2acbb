#include "base/file.h"
#include "base/tsv.h"
#include "cmd/cmd.h"
#include "genome/variant.h"
#include "math/random.h"
#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A simulated trait on real genotypes: for trying Sund before there are phenotypes. Everything it writes says that it is simulated. */

enum { EFFECT_MAX = 64 };

typedef struct effect { sund_variant v; sund_buf alleles; double beta; } effect;

static sund_code parse_effect(const char *s, effect *e, sund_err *err)
{
    const char *eq = strchr(s, '=');
    char        name[1200], *end = NULL;

    if (!eq || (size_t) (eq - s) >= sizeof name)
        return sund_fail(err, SUND_E_ARG, "--effect is VARIANT=SIZE, e.g. 20-1001760-T-C=1.5");
    memcpy(name, s, (size_t) (eq - s));
    name[eq - s] = 0;
    e->beta = strtod(eq + 1, &end);
    if (end == eq + 1 || *end || !(fabs(e->beta) < 1e6))
        return sund_fail(err, SUND_E_ARG, "--effect %.60s: the size is not a number", s);
    return sund_variant_parse(name, &e->v, &e->alleles, err);
}

/** Adds beta g for every person; missing genotypes count as 0. */
static sund_code add_effect(const sund_store *s, const effect *e, double *trait, uint8_t *code, sund_err *err)
{
    sund_store_reader *r = NULL;
    sund_gt            g;
    size_t             j, n = sund_store_describe(s)->n_person;
    sund_code          rc;

    if (!sund_store_find(s, &e->v, &j))
        return sund_fail(err, SUND_E_NOT_FOUND, "the store has no variant at %s:%u with these alleles", sund_contig_name(e->v.contig), e->v.pos_bp + 1);
    SUND_TRY(sund_store_reader_open(&r, s, err));
    rc = sund_store_read(r, j, &g, err);
    if (rc == SUND_OK) {
        sund_gt_codes(&g, n, code);
        for (size_t i = 0; i < n; i++)
            trait[i] += code[i] <= 2 ? e->beta * code[i] : 0.0;
    }
    sund_store_reader_close(r);
    return rc;
}

static int64_t country_shift(const char *country)
{
    int64_t h = 0;

    for (; *country; country++)
        h = h * 31 + *country;
    return h % 7;
}

static void write_person(FILE *f, const sund_store_info *info, size_t i, const char *country, uint64_t seed, double genetic)
{
    int64_t age = 30 + (int64_t) (sund_rand_u64(seed, 1, i) % 50);
    double  x = 100.0 + genetic + 0.1 * (double) (age - 50) + (info->sex[i] == SUND_FEMALE ? -1.0 : 0.0) + (double) country_shift(country) + 3.0 * sund_rand_normal(seed, 2, i);

    fprintf(f, "%s\t%s\t%s\t%s\tGRU\t%lld\t%.2f\n", info->person[i], info->sex[i] == SUND_MALE ? "M" : info->sex[i] == SUND_FEMALE ? "F" : "U", country,
            info->population_name[info->population[i]], (long long) age, x);
}

static sund_code country_of(const sund_tsv *t, const char *person, const char **out, sund_err *err)
{
    size_t p, c;

    SUND_TRY(sund_tsv_need(t, "person", &p, err));
    SUND_TRY(sund_tsv_need(t, "country", &c, err));
    for (size_t r = 0; r < t->n_row; r++)
        if (strcmp(sund_tsv_at(t, r, p), person) == 0) {
            *out = sund_tsv_at(t, r, c);
            return SUND_OK;
        }
    return sund_fail(err, SUND_E_MISMATCH, "%s lacks somebody that the store has", t->name);
}

static sund_code write_all(const sund_store *s, const sund_tsv *samples, const char *out, uint64_t seed, const double *trait, sund_err *err)
{
    const sund_store_info *info = sund_store_describe(s);
    char                   path[4096];
    FILE                  *f;
    sund_code              rc = SUND_OK;

    SUND_TRY(sund_dir_make(out, err));
    SUND_TRY(sund_path_join(path, sizeof path, out, "dictionary.tsv", err));
    f = fopen(path, "w");
    if (!f)
        return sund_fail(err, SUND_E_IO, "cannot write %s", path);
    fprintf(f, "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t0\t120\t0\t\nsimulated_trait\treal\t1\t0\t250\t2\t\n");
    if (fclose(f) != 0)
        return sund_fail(err, SUND_E_IO, "cannot write %s", path);
    SUND_TRY(sund_path_join(path, sizeof path, out, "people.tsv", err));
    f = fopen(path, "w");
    if (!f)
        return sund_fail(err, SUND_E_IO, "cannot write %s", path);
    fprintf(f, "person\tsex\tcountry\tpopulation\tconsent\tage\tsimulated_trait\n");
    for (size_t i = 0; i < info->n_person && rc == SUND_OK; i++) {
        const char *country = "";

        rc = country_of(samples, info->person[i], &country, err);
        if (rc == SUND_OK)
            write_person(f, info, i, country, seed, trait[i]);
    }
    if (fclose(f) != 0 && rc == SUND_OK)
        rc = sund_fail(err, SUND_E_IO, "cannot write %s", path);
    return rc;
}

static sund_code simulate(const char *store, const char *key, const char *samples, const char *out, uint64_t seed, const sund_opt_list *list, sund_err *err)
{
    sund_store *s = NULL;
    sund_tsv    t = { .n_row = 0 };
    effect      e[EFFECT_MAX];
    double     *trait = NULL;
    uint8_t    *code = NULL;
    size_t      n;
    sund_code   rc;

    memset(e, 0, sizeof e);
    SUND_GO(sund_open_store(&s, store, key, err));
    n = sund_store_describe(s)->n_person;
    SUND_GO(sund_tsv_read(&t, samples, err));
    trait = calloc(n + 1, sizeof *trait);
    code = calloc(n + 1, 1);
    rc = trait && code ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (size_t k = 0; k < list->n && rc == SUND_OK; k++) {
        rc = parse_effect(list->at[k], &e[k], err);
        if (rc == SUND_OK)
            rc = add_effect(s, &e[k], trait, code, err);
    }
    if (rc == SUND_OK)
        rc = write_all(s, &t, out, seed, trait, err);
    if (rc == SUND_OK)
        printf("%s: %zu people with a simulated trait, %zu planted effects, seed %llu\n", out, n, list->n, (unsigned long long) seed);
out:
    for (size_t k = 0; k < EFFECT_MAX; k++)
        sund_buf_free(&e[k].alleles);
    free(trait);
    free(code);
    sund_tsv_free(&t);
    sund_store_close(s);
    return rc;
}

sund_code sund_cmd_simulate_trait(int argc, char **argv, sund_err *err)
{
    const char      *samples = NULL, *out = NULL, *key = NULL;
    int64_t          seed = 1;
    sund_opt_list    effects = { .n = 0 };
    bool             helped = false;
    const sund_opt   opt[] = {
        { "samples", 's', &samples, "TSV", "person and country of everybody in the store (needed)" },
        { "effect", 'l', &effects, "VARIANT=SIZE", "a planted effect of each alternate allele; may be repeated" },
        { "seed", 'i', &seed, "N", "the same seed gives the same bytes (1)" },
        { "out", 's', &out, "FOLDER", "where people.tsv and dictionary.tsv go (needed)" },
        SUND_OPT_KEY(key),
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts  o = { "simulate trait", "[OPTIONS] STORE", "A simulated trait on the genotypes of a store, with planted effects, age, sex and country shifts and noise (SD 3), as people.tsv and dictionary.tsv for 'sund people'. The variable is called simulated_trait: it is nobody's measurement.",
                           "sund simulate trait --samples samples.tsv --effect 20-1001760-T-C=1.5 --seed 7 --out simulated pooled/store", opt, 1, 1 };
    size_t           n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (!samples || !out)
        return sund_fail(err, SUND_E_ARG, "--samples and --out are needed; see 'sund simulate trait --help'");
    SUND_TRY(sund_not_over(out, "people.tsv", err));
    SUND_TRY(sund_not_over(out, "dictionary.tsv", err));
    return simulate(argv[1], key, samples, out, (uint64_t) seed, &effects, err);
}
