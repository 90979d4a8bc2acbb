#include "base/file.h"
#include "math/func.h"
#include "sim/sim_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* From a standard deviation of the score to log odds: the logistic distribution's own standard deviation, pi / sqrt 3. */
static const double logistic_sd = 1.81379936423421785;

sund_code sim_trait_init(sim_trait *t, const sund_sim *sim, const sim_cohort *c, sund_err *err)
{
    *t = (sim_trait){ .sim = sim, .c = c };
    t->effect = calloc(sim->n_causal + 1, sizeof *t->effect);
    t->score = calloc(c->n + 1, sizeof *t->score);
    return t->effect && t->score ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", c->n);
}

void sim_trait_free(sim_trait *t)
{
    free(t->effect);
    free(t->score);
    memset(t, 0, sizeof *t);
}

static double in_millionths(double x) { return floor(x * 1e6 + 0.5) / 1e6; }

void sim_trait_site(sim_trait *t, const sund_variant *v, const sim_paint *p, size_t n_alt)
{
    const sund_sim *sim = t->sim;
    double          q = (double) n_alt / (double) p->n_hap;
    sim_effect     *e = &t->effect[t->n_effect];

    if (v->contig > 22 || t->n_effect == sim->n_causal || (double) t->seen++ * (double) sim->n_causal < (double) t->n_effect * (double) t->n_autosomal || q < 0.05 || q > 0.95)
        return;
    e->v = *v;
    memcpy(e->ref, v->ref, v->n_ref);
    memcpy(e->alt, v->alt, v->n_alt);
    e->frequency = q;
    /* every other one lowers; in millionths, so that effects.tsv has all of it */
    e->beta = in_millionths(sqrt(sim->h2 / ((double) sim->n_causal * 2.0 * q * (1.0 - q)))) * (t->n_effect % 2 ? -1.0 : 1.0);
    for (int z = 0; z < 2; z++)
        for (size_t w = 0; w < p->n_word; w++)
            for (uint64_t x = p->strand[z][w]; x; x &= x - 1)
                t->score[64 * w + (size_t) __builtin_ctzll(x)] += e->beta;
    t->n_effect++;
}

static double trait_of(const sim_trait *t, size_t i)
{
    double s = t->score[i] + 0.02 * ((double) t->c->age[i] - 50.0) - (t->c->sex[i] == SUND_FEMALE ? 0.3 : 0.0) + 0.1 * (double) t->c->country[i] +
               sqrt(1.0 - t->sim->h2) * sund_rand_normal(t->sim->seed, STREAM_NOISE, i);
    double x = 100.0 + 10.0 * s;

    return x < 0.0 ? 0.0 : x > 250.0 ? 250.0 : x;
}

static double log_odds_of(const sim_trait *t, size_t i)
{
    return logistic_sd * t->score[i] + 0.04 * ((double) t->c->age[i] - 50.0) + (t->c->sex[i] == SUND_MALE ? 0.3 : 0.0);
}

static double chance(double log_odds) { return 1.0 / (1.0 + sund_exp(-log_odds)); }

/** The intercept at which the mean chance is the prevalence, by halving. */
static double intercept(const sim_trait *t)
{
    double low = -40.0, high = 40.0;

    for (int k = 0; k < 50; k++) {
        double mid = 0.5 * (low + high), sum = 0.0;

        for (size_t i = 0; i < t->c->n; i++)
            sum += chance(mid + log_odds_of(t, i));
        if (sum < t->sim->prevalence * (double) t->c->n)
            low = mid;
        else
            high = mid;
    }
    return 0.5 * (low + high);
}

static sund_code put(const sim_trait *t, const char *name, sund_buf *b, sund_err *err)
{
    char path[4096];

    SUND_TRY(sund_buf_ok(b, err));
    SUND_TRY(sund_path_join(path, sizeof path, t->sim->out, name, err));
    SUND_TRY(sund_file_write(path, b->p, b->n, 0644, err));
    sund_buf_clear(b);
    return SUND_OK;
}

static const char *sex_of(const sim_cohort *c, size_t i) { return c->sex[i] == SUND_MALE ? "M" : "F"; }

static sund_code write_people(const sim_trait *t, uint64_t *n_case, sund_buf *b, sund_err *err)
{
    const sim_cohort *c = t->c;
    double            base = intercept(t);

    sund_buf_text(b, "person\tsex\tpopulation\tcountry\n");
    for (size_t i = 0; i < c->n; i++)
        sund_buf_printf(b, "%s\t%s\t%s\t%s\n", c->name[i], sex_of(c, i), c->country_at[i], c->country_at[i]);
    SUND_TRY(put(t, "samples.tsv", b, err));
    *n_case = 0;
    sund_buf_text(b, "person\tsex\tcountry\tpopulation\tconsent\tage\tsimulated_trait\tsimulated_disease\n");
    for (size_t i = 0; i < c->n; i++) {
        bool ill = sund_rand_unit(t->sim->seed, STREAM_CASE, i) < chance(base + log_odds_of(t, i));

        *n_case += ill;
        sund_buf_printf(b, "%s\t%s\t%s\t%s\tGRU\t%d\t%.2f\t%s\n", c->name[i], sex_of(c, i), c->country_at[i], c->country_at[i], c->age[i], trait_of(t, i), ill ? "case" : "control");
    }
    return put(t, "people.tsv", b, err);
}

static sund_code write_families(const sim_trait *t, sund_buf *b, sund_err *err)
{
    const sim_cohort *c = t->c;

    sund_buf_text(b, "person\tfather\tmother\n");
    for (size_t i = 0; i < c->n; i++)
        if (c->father[i] != NOBODY)
            sund_buf_printf(b, "%s\t%s\t%s\n", c->name[i], c->name[c->father[i]], c->name[c->mother[i]]);
    return put(t, "families.tsv", b, err);
}

static sund_code write_all(const sim_trait *t, uint64_t *n_case, sund_buf *b, sund_err *err)
{
    SUND_TRY(write_people(t, n_case, b, err));
    sund_buf_text(b, "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t0\t120\t0\t\nsimulated_trait\treal\t1\t0\t250\t2\t\n"
                     "simulated_disease\tbinary\t\t0\t1\t0\tcontrol|case\n");
    SUND_TRY(put(t, "dictionary.tsv", b, err));
    sund_buf_text(b, "contig\tpos\tref\talt\tfrequency\ttrait_beta\tdisease_log_odds\n");
    for (size_t k = 0; k < t->n_effect; k++) {
        const sim_effect *e = &t->effect[k];

        sund_buf_printf(b, "%s\t%u\t%.*s\t%.*s\t%.6f\t%.5f\t%.6f\n", sund_contig_name(e->v.contig), e->v.pos_bp + 1, (int) e->v.n_ref, e->ref, (int) e->v.n_alt, e->alt, e->frequency,
                        10.0 * e->beta, logistic_sd * e->beta);
    }
    SUND_TRY(put(t, "effects.tsv", b, err));
    return t->sim->n_family ? write_families(t, b, err) : SUND_OK;
}

sund_code sim_tables_write(const sim_trait *t, uint64_t *n_case, sund_err *err)
{
    sund_buf  b = { 0 };
    sund_code rc = write_all(t, n_case, &b, err);

    sund_buf_free(&b);
    return rc;
}
