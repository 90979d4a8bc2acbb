#include "base/pool.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "sim/sim.h"
#include "store/key.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Options into a sund_sim. */

enum { COUNTRY_MAX = 64 };

typedef struct parsed {
    sund_sim     sim;
    char         text[4096]; /* of --people, cut at its commas */
    const char  *country[COUNTRY_MAX];
    size_t       n_person[COUNTRY_MAX];
    sund_region  region[64];
} parsed;

static sund_code parse_number(const char *option, const char *s, double *out, sund_err *err)
{
    char  *end = NULL;
    double v = strtod(s, &end);

    if (end == s || *end || !isfinite(v))
        return sund_fail(err, SUND_E_ARG, "%s: '%.40s' is not a number", option, s);
    *out = v;
    return SUND_OK;
}

static bool parse_count(const char *s, size_t *out)
{
    char         *end = NULL;
    unsigned long v = strtoul(s, &end, 10);

    *out = v;
    return s[0] >= '0' && s[0] <= '9' && !*end && v <= 10000000;
}

static sund_code parse_people(parsed *p, const char *s, sund_err *err)
{
    static const char nobody[] = "XA"; /* a code that ISO 3166 leaves to its users */
    size_t            n = 0;

    if (snprintf(p->text, sizeof p->text, "%s", s) >= (int) sizeof p->text)
        return sund_fail(err, SUND_E_ARG, "--people is too long");
    if (parse_count(p->text, &p->n_person[0])) {
        p->country[0] = nobody;
        p->sim.n_country = 1;
        return SUND_OK;
    }
    for (char *at = p->text, *next; at; at = next) {
        char *eq = strchr(at, '=');

        next = strchr(at, ',');
        if (next)
            *next++ = 0;
        if (eq)
            *eq = 0;
        if (!eq || !sund_country_ok(at) || n == COUNTRY_MAX)
            return sund_fail(err, SUND_E_ARG, "--people is a number, or CC=NUMBER for up to %d countries, by their two letters: DK=12000,SE=8000", COUNTRY_MAX);
        p->country[n] = at;
        if (!parse_count(eq + 1, &p->n_person[n]))
            return sund_fail(err, SUND_E_ARG, "--people: '%.40s' is not a number of people", eq + 1);
        for (size_t k = 0; k < n; k++)
            if (strcmp(p->country[k], at) == 0)
                return sund_fail(err, SUND_E_ARG, "--people names %.31s twice", at);
        n++;
    }
    p->sim.n_country = n;
    return SUND_OK;
}

static sund_code parse_formats(parsed *p, const char *s, sund_err *err)
{
    while (*s) {
        size_t n = strcspn(s, ",");

        if (n == 5 && strncmp(s, "store", n) == 0)
            p->sim.store = true;
        else if (n == 6 && strncmp(s, "vcf.gz", n) == 0)
            p->sim.vcf = true;
        else if (n == 3 && strncmp(s, "bcf", n) == 0)
            p->sim.bcf = true;
        else
            return sund_fail(err, SUND_E_ARG, "--format: store, vcf.gz and bcf are known, not '%.20s'", s);
        s += n + (s[n] == ',');
    }
    return SUND_OK;
}

static sund_code parse_regions(parsed *p, const sund_opt_list *list, sund_err *err)
{
    p->sim.n_region = list->n ? list->n : 1;
    if (!list->n)
        return sund_region_parse("20", &p->region[0], err);
    for (size_t k = 0; k < list->n; k++)
        SUND_TRY(sund_region_parse(list->at[k], &p->region[k], err));
    return SUND_OK;
}

static void show_sites(void *ctx, uint64_t n) { sund_progress_at(ctx, n); }

static void print_report(const sund_sim *s, const sund_sim_report *r)
{
    size_t people = 0;
    char   a[32], b[32];
    double n = (double) r->n_site;

    for (size_t k = 0; k < s->n_country; k++)
        people += s->n_person[k];
    printf("%s: %s people, %s sites, seed %llu; none of it is real\n", s->out, sund_commas(people, a), sund_commas(r->n_site, b), (unsigned long long) s->seed);
    printf("  %.1f %% singletons, %.1f %% with a minor allele frequency of 1 %% or more, %.1f %% indels\n", 100.0 * (double) r->n_singleton / n, 100.0 * (double) r->n_common / n,
           100.0 * (double) r->n_indel / n);
    printf("  %s genealogies; between their blocks there is no linkage\n", sund_commas(r->n_tree, a));
    printf("  simulated_trait and simulated_disease (%s cases): %s planted effects, listed in effects.tsv\n", sund_commas(r->n_case, a), sund_commas(r->n_causal, b));
    if (r->n_causal < s->n_causal)
        printf("  fewer effects than asked for: too few autosomal sites have a minor allele frequency of 5 %%\n");
}

static sund_code simulate(parsed *p, sund_err *err)
{
    sund_sim_report report;
    sund_progress   bar;
    sund_code       rc;

    sund_progress_begin(&bar, "simulate", "sites", p->sim.n_site);
    p->sim.progress = show_sites;
    p->sim.ctx = &bar;
    rc = sund_sim_run(&p->sim, &report, err);
    sund_progress_end(&bar);
    if (rc == SUND_OK)
        print_report(&p->sim, &report);
    return rc;
}

sund_code sund_cmd_simulate_cohort(int argc, char **argv, sund_err *err)
{
    const char     *people = "1000", *out = NULL, *format = "store", *assembly = "GRCh38", *missing = "0", *h2 = "0.2", *prevalence = "0.1", *block = "200", *key = NULL;
    int64_t         sites = 10000, families = 0, children = 2, causal = 10, seed = 1, threads = 0;
    bool            helped = false, constant = false, unphased = false;
    sund_opt_list   regions = { .n = 0 };
    parsed          p = { .sim = { .n_site = 0 } };
    const sund_opt  opt[] = {
        { "out", 's', &out, "FOLDER", "where everything goes (needed)" },
        { "people", 's', &people, "N or CC=N,...", "how many, or how many of each country (1000)" },
        { "sites", 'i', &sites, "N", "how many variants (10000)" },
        { "region", 'l', &regions, "REGION", "where: 20, or 20:1000000-4000000, X, Y, MT; may be repeated, in order (20)" },
        { "format", 's', &format, "LIST", "of store, vcf.gz, bcf (store)" },
        { "families", 'i', &families, "N", "among these people, so many families of father, mother and children (0)" },
        { "children", 'i', &children, "N", "in each family (2)" },
        { "missing", 's', &missing, "F", "fraction of calls that are missing, independent of each other (0)" },
        { "unphased", 'b', &unphased, NULL, "write 0/1, without phase" },
        { "constant", 'b', &constant, NULL, "populations of constant size 10,000, where theory is exact, in place of growing ones" },
        { "block", 's', &block, "F", "mean number of sites that share a genealogy (200)" },
        { "causal", 'i', &causal, "N", "sites with a planted effect on both traits (10)" },
        { "h2", 's', &h2, "F", "variance that they explain together (0.2)" },
        { "prevalence", 's', &prevalence, "F", "of simulated_disease (0.1)" },
        { "assembly", 's', &assembly, "NAME", "GRCh37 or GRCh38 (GRCh38)" },
        { "seed", 'i', &seed, "N", "the same options and seed give the same bytes, on every machine (1)" },
        { "key", 's', &key, "FILE", "encrypt the store with the key of this file ('sund key make'); nothing else that is written is encrypted" },
        { "threads", 'i', &threads, "N", "for compressing VCF.gz and BCF (all)" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "simulate cohort", "[OPTIONS] --out FOLDER", "A cohort that is nobody's: genotypes from coalescent trees straight into a sealed store (or VCF.gz, BCF), and samples.tsv, people.tsv, dictionary.tsv with age, sex and two traits with planted effects (effects.tsv). "
                          "Of growing populations, with mostly rare variants, as in real sequencing. Sites under one genealogy (see --block) are linked as real ones are; blocks are not linked with each other. Memory depends on the number of people only.",
                          "sund simulate cohort --out sim\nsund simulate cohort --out sim --people DK=12000,SE=8000 --families 500 --sites 200000 --region 20 --region X\nsund simulate cohort --out sim --people 20000 --sites 200000 --format store,vcf.gz --missing 0.003 --unphased --seed 7\n"
                          "sund people --home home --dictionary sim/dictionary.tsv sim/people.tsv", opt, 0, 0 };
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (!out)
        return sund_fail(err, SUND_E_ARG, "--out is needed; see 'sund simulate cohort --help'");
    if (sites < 1 || families < 0 || children < 1 || children > 20 || causal < 0 || causal > 100000 || threads < 0)
        return sund_fail(err, SUND_E_ARG, "--sites and --children (to 20) are at least 1, --families, --causal (to 100000) and --threads not negative");
    SUND_TRY(parse_people(&p, people, err));
    SUND_TRY(parse_formats(&p, format, err));
    SUND_TRY(parse_regions(&p, &regions, err));
    SUND_TRY(parse_number("--missing", missing, &p.sim.missing, err));
    SUND_TRY(parse_number("--h2", h2, &p.sim.h2, err));
    SUND_TRY(parse_number("--prevalence", prevalence, &p.sim.prevalence, err));
    SUND_TRY(parse_number("--block", block, &p.sim.block, err));
    SUND_TRY(sund_assembly_parse(assembly, &p.sim.assembly, err));
    if (key)
        SUND_TRY(sund_store_key_add(key, &p.sim.key, err));
    p.sim.out = out;
    p.sim.country = p.country;
    p.sim.n_person = p.n_person;
    p.sim.region = p.region;
    p.sim.n_site = (uint64_t) sites;
    p.sim.n_family = (size_t) families;
    p.sim.n_child = (size_t) children;
    p.sim.n_causal = (size_t) causal;
    p.sim.seed = (uint64_t) seed;
    p.sim.constant = constant;
    p.sim.unphased = unphased;
    p.sim.n_thread = sund_pool_threads((unsigned) threads);
    return simulate(&p, err);
}
