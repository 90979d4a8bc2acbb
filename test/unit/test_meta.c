/* Meta-analysis with hidden sites: the numbers that the formulas of 'sund meta' give over each site's own linear study; who may be asked; what is refused. */
#include "fed.h"
#include "stats/meta.h"
#include "test.h"

static const char *const lines = "outcome = trait\ncovariates = age, sex\nstrata = country\n";

static char *table_of(const world *w, const char *analysis, const sund_thresholds *t)
{
    fed          *f = fed_even(w, 1, t);
    char          text[4096], more[300];
    sund_release *r;
    char         *copy;

    (void) snprintf(more, sizeof more, "analysis = %s\n%s", analysis, lines);
    study_text(f, more, text, sizeof text);
    r = world_pooled(w, f, text, t, 1);
    copy = whole_first(r);
    sund_release_free(r);
    fed_close(f);
    return copy;
}

/** The people of one country. */
static world *only(const world *w, int country)
{
    world *o = malloc(sizeof *o);

    if (!o)
        abort();
    *o = *w;
    o->n = 0;
    for (size_t i = 0; i < w->n; i++) {
        if (w->country[i] != country)
            continue;
        for (size_t j = 0; j < w->m; j++)
            o->gt[j][o->n] = w->gt[j][i];
        o->country[o->n] = country;
        o->age[o->n] = w->age[i];
        o->sex[o->n] = w->sex[i];
        o->bmi[o->n] = w->bmi[i];
        o->trait[o->n] = w->trait[i];
        o->no_bmi[o->n++] = w->no_bmi[i];
    }
    return o;
}

static size_t rows_of(const char *t)
{
    size_t n = 0;

    for (; (t = strchr(t, '\n')); t++)
        n++;
    return n - 1;
}

static double cell(const char *t, size_t row, const char *name) { return atof(fed_cell(t, row, name)); }

/** Row of a position; SIZE_MAX when there is none or it has no estimate. */
static size_t find(const char *t, double pos)
{
    for (size_t r = 0; r < rows_of(t); r++)
        if (cell(t, r, "pos") == pos)
            return strcmp(fed_cell(t, r, "beta"), "NA") == 0 ? SIZE_MAX : r;
    return SIZE_MAX;
}

static double apart(double x, double y) { return x == y ? 0 : fabs(x - y) / fmax(fabs(x), fabs(y)); }

TEST(the_same_as_over_each_sites_own_study)
{
    world          *w = fed_world(W_PEOPLE, 31);
    sund_thresholds open = fed_open_data();
    char           *got = table_of(w, "meta", &open), *site[W_COUNTRIES];
    double          worst = 0, loose = 0;
    size_t          n_het = 0;

    for (int c = 0; c < W_COUNTRIES; c++) {
        world *o = only(w, c);

        site[c] = table_of(o, "linear", &open);
        free(o);
    }
    for (size_t r = 0; r < rows_of(got); r++) {
        sund_meta_sums fix = { 0 }, ran = { 0 };
        sund_meta      f, x;

        for (int pass = 0; pass < 2; pass++)
            for (int c = 0; c < W_COUNTRIES; c++) {
                size_t at = find(site[c], cell(got, r, "pos"));

                if (at == SIZE_MAX)
                    continue;
                if (pass == 0)
                    sund_meta_add(&fix, cell(site[c], at, "beta"), cell(site[c], at, "se"), 0);
                else
                    sund_meta_add(&ran, cell(site[c], at, "beta"), cell(site[c], at, "se"), sund_meta_of(&fix).tau2);
            }
        f = sund_meta_of(&fix);
        x = sund_meta_of(&ran);
        CHECK(fix.k == (int64_t) cell(got, r, "k") && fix.k >= 3);
        worst = fmax(worst, fmax(apart(f.beta, cell(got, r, "beta")), apart(f.se, cell(got, r, "se"))));
        worst = fmax(worst, apart(f.nlog10p, cell(got, r, "nlog10p")));
        loose = fmax(loose, fmax(apart(x.beta, cell(got, r, "beta_random")), apart(x.se, cell(got, r, "se_random"))));
        loose = fmax(loose, fmax(fabs(f.q - cell(got, r, "q")), fabs(f.i2 - cell(got, r, "i2"))));
        loose = fmax(loose, apart(f.tau2, cell(got, r, "tau2")));
        n_het += f.tau2 > 0;
    }
    printf("# %zu variants, %zu heterogeneous: fixed effects within %.1e, random effects and heterogeneity within %.1e\n", rows_of(got), n_het, worst, loose);
    CHECK(rows_of(got) > 40 && n_het > 5 && worst < 1e-9 && loose < 1e-8);
    for (int c = 0; c < W_COUNTRIES; c++)
        free(site[c]);
    free(got);
    free(w);
}

/** Controlled data: a row for each variant that is common in three sites or more, by a count of its own; and k is their number. */
TEST(three_sites_or_none)
{
    world          *w = fed_world(W_PEOPLE, 32);
    sund_thresholds t = sund_thresholds_default();
    char           *got = table_of(w, "meta", &t);
    size_t          n = 0, few = 0;

    for (size_t j = 0; j < w->m; j++) {
        int    k = 0, all_missing = 0, all_dose = 0, all_called = 0;
        size_t at = find(got, 1001 + 100.0 * (double) j);

        for (int c = 0; c < W_COUNTRIES; c++) {
            int dose = 0, called = 0, missing = 0;

            for (size_t i = 0; i < w->n; i++) {
                bool lost = w->gt[j][i] == SUND_GT_MISSING;

                if (w->country[i] != c)
                    continue;
                missing += lost;
                called += !lost;
                dose += lost ? 0 : w->gt[j][i];
            }
            k += dose >= 20 && 2 * called - dose >= 20 && (missing == 0 || missing >= 10);
            all_missing += missing;
            all_dose += dose;
            all_called += called;
        }
        if (all_dose < 20 || 2 * all_called - all_dose < 20 || (all_missing > 0 && all_missing < 10))
            k = 0;
        CHECK((at != SIZE_MAX) == (k >= 3));
        if (at != SIZE_MAX)
            CHECK((int) cell(got, at, "k") == k);
        n += k >= 3;
        few += k == 1 || k == 2;
    }
    printf("# %zu variants released, %zu that one or two sites alone can estimate are not\n", n, few);
    CHECK(n > 5 && few > 0);
    free(got);
    free(w);
}

TEST(what_is_refused)
{
    const sund_analysis *a = NULL;
    sund_study           s = { .n_outcome = 1, .outcome = { "y" }, .strata_country = true };
    sund_err             err = { SUND_OK, "" };

    CHECK(sund_analysis_find("meta", &a, NULL) == SUND_OK);
    CHECK(a->check(&s, NULL) == SUND_OK);
    s.strata_country = false;
    CHECK(a->check(&s, &err) == SUND_E_ARG && strstr(err.msg, "strata = country"));
    s.strata_country = s.drop_missing = true;
    CHECK(a->check(&s, NULL) == SUND_E_ARG);
    s.drop_missing = false;
    s.n_outcome = 2;
    CHECK(a->check(&s, NULL) == SUND_E_ARG);
}
