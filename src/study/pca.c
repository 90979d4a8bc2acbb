#include "study/pca_priv.h"

#include "gate/cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Principal components of the pooled genotypes: rounds, totals and tables. See pca_priv.h for what leaves a node. */

static const sund_option options[] = {
    { "components", 'i', "10", 1, PCA_COMPONENTS_MAX, NULL, "how many principal components" },
    { "block", 'i', "0", 0, SUND_KRYLOV_BLOCK_MAX, NULL, "columns of a Krylov block; 0: two for each component" },
    { "rounds", 'i', "8", 2, SUND_KRYLOV_ROUNDS_MAX, NULL, "Krylov rounds at most; block times rounds is at most a tenth of the people" },
    { "min_maf", 'f', "0.05", 0, 0.5, NULL, "least pooled minor allele frequency of a variant" },
    { "max_missing", 'f', "0.05", 0, 1, NULL, "most people of whom a variant may be missing, as a part of all" },
    { "r2", 'f', "0.2", 0, 1, NULL, "squared correlation above which the rarer of two near variants is left out; 1: nothing is left out" },
    { "window", 'i', "50", 1, 500, NULL, "how many next variants of its chromosome a variant is compared with" },
    { "without", 't', "", 0, 0, NULL, "regions that are left out, such as those of long-range linkage, separated by commas" },
    { "release", 'c', "eigenvalues", 0, 0, "eigenvalues|loadings", "what is released; scores never are" },
    { "loadings", 'd', "", 0, 0, NULL, "digest of a published loadings.tsv: scores on it are left at home, and nothing else is computed" },
    { "assembly", 'c', "none", 0, 0, "none|GRCh37|GRCh38", "of the places in the loadings" },
    { NULL, 0, NULL, 0, 0, NULL, NULL },
};

static sund_code pca_check(const sund_study *s, sund_err *err)
{
    static const char *const made[] = { "block", "rounds", "min_maf", "max_missing", "r2", "window", "without", "release" };

    if (s->n_outcome || s->n_covariate)
        return sund_fail(err, SUND_E_ARG, "analysis pca takes no outcome and no covariates: remove those lines");
    if (s->drop_missing)
        return sund_fail(err, SUND_E_ARG, "analysis pca counts a missing genotype as the mean: remove the line 'missing'");
    if (sund_study_text(s, "loadings")[0] == 0 && !s->has_catalogue)
        return sund_fail(err, SUND_E_ARG, "analysis pca takes its variants from a catalogue, or projects on loadings: add a line 'catalogue' or 'loadings'");
    if (sund_study_text(s, "loadings")[0] && (s->has_catalogue || strcmp(sund_study_text(s, "assembly"), "none") == 0))
        return sund_fail(err, SUND_E_ARG, "loadings name their own variants: remove the line 'catalogue', and say the 'assembly' that they are on");
    if (!sund_study_text(s, "loadings")[0]) {
        if (sund_study_f64(s, "r2") >= 1.0)
            SUND_TRY(sund_study_unread(s, "window", "with r2 = 1", err));
        return sund_study_unread(s, "assembly", "without 'loadings'", err);
    }
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        SUND_TRY(sund_study_unread(s, made[i], "with 'loadings'", err));
    return SUND_OK;
}

static void pca_end(sund_state *st)
{
    pca_own *own = st->own;

    if (own) {
        free(own->candidate);
        free(own->count);
        free(own->variant);
        free(own->over);
        free(own->place);
        free(own->weight);
        sund_krylov_free(own->krylov);
    }
    free(own);
    st->own = NULL;
}

static sund_code read_regions(pca_own *own, const char *text, sund_err *err)
{
    char name[513];

    for (const char *at = text; *(at += strspn(at, " ,"));) {
        size_t len = strcspn(at, " ,");

        (void) snprintf(name, sizeof name, "%.*s", (int) len, at);
        at += len;
        if (own->n_without == PCA_REGIONS_MAX)
            return sund_fail(err, SUND_E_LIMIT, "without: at most %d regions are taken", PCA_REGIONS_MAX);
        if (sund_region_parse(name, &own->without[own->n_without++], err) != SUND_OK)
            return sund_fail_in(err, SUND_E_ARG, "without");
    }
    return SUND_OK;
}

static bool is_candidate(const pca_own *own, const sund_variant *v)
{
    bool in = v->n_ref == 1 && v->n_alt == 1 && v->contig < SUND_X;

    for (size_t k = 0; k < own->n_without; k++)
        in = in && !(v->contig == own->without[k].contig && v->pos_bp >= own->without[k].from_bp && v->pos_bp < own->without[k].to_bp);
    return in;
}

/** Columns of a product: as the study says, or two for each component. */
static size_t block_of(const sund_study *s)
{
    int64_t said = sund_study_i64(s, "block");

    return (size_t) (said ? said : 2 * sund_study_i64(s, "components"));
}

static sund_code pca_begin(sund_state *st, sund_err *err)
{
    pca_own *own = calloc(1, sizeof *own);

    st->own = own;
    if (!own)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    own->n_component = (size_t) sund_study_i64(st->study, "components");
    if (sund_study_text(st->study, "loadings")[0]) {
        sund_assembly a = SUND_ASSEMBLY_NONE;

        SUND_TRY(sund_assembly_parse(sund_study_text(st->study, "assembly"), &a, err));
        return pca_read_loadings(own, sund_state_file(st, "loadings"), a, err);
    }
    own->block = block_of(st->study);
    own->rounds = (size_t) sund_study_i64(st->study, "rounds");
    own->window = (size_t) sund_study_i64(st->study, "window");
    own->r2 = sund_study_f64(st->study, "r2");
    if (own->block < own->n_component)
        return sund_fail(err, SUND_E_ARG, "block: %zu columns cannot hold %zu components", own->block, own->n_component);
    if (own->r2 < 1.0)
        SUND_TRY(sund_rule_linkage(&st->thresholds, sund_study_f64(st->study, "min_maf"), err));
    SUND_TRY(read_regions(own, sund_study_text(st->study, "without"), err));
    own->candidate = malloc((st->n_variant + 1) * sizeof *own->candidate);
    if (!own->candidate)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", st->n_variant);
    for (size_t j = 0; j < st->n_variant; j++) {
        sund_variant v = sund_catalogue_at(st->catalogue, st->first + j);

        if (is_candidate(own, &v))
            own->candidate[own->n_candidate++] = (uint32_t) j;
    }
    if (own->n_candidate == 0)
        return sund_fail(err, SUND_E_ARG, "the catalogue has no single-base variants of chromosomes 1 to 22 in the study's region");
    own->variant = calloc(own->n_candidate, sizeof *own->variant);
    own->count = calloc(own->n_candidate, sizeof *own->count);
    return own->variant && own->count ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", own->n_candidate);
}

double pca_spread(const pca_variant *v)
{
    double sum = (double) (v->het + 2 * v->alt);

    return (double) (v->het + 4 * v->alt) - sum * sum / (double) v->called;
}

/** The variants that are common, varying and called, in the catalogue's order. */
static sund_code choose_common(sund_state *st, sund_err *err)
{
    pca_own *own = st->own;
    double   min_maf = sund_study_f64(st->study, "min_maf"), max_missing = sund_study_f64(st->study, "max_missing");

    own->n_common = 0;
    for (size_t i = 0; i < own->n_candidate; i++) {
        pca_variant v = own->variant[i];
        int64_t     ac = v.het + 2 * v.alt, an = 2 * v.called;
        double      p = an ? (double) ac / (double) an : 0.0;

        v.maf = p < 0.5 ? p : 1.0 - p;
        if (ac == 0 || ac == an || v.maf < min_maf || (double) v.missing > max_missing * (double) st->n_person || !sund_rule_eligible(&st->thresholds, ac, an) ||
            !sund_rule_missing(&st->thresholds, v.missing))
            continue;
        v.s = sqrt(p * (1.0 - p));
        v.site = sund_ld_site_of(v.het, v.alt, v.called, v.missing);
        own->variant[own->n_common++] = v;
    }
    if (own->n_common == 0)
        return sund_fail(err, SUND_E_NOT_FOUND, "no variant of the catalogue is common enough, and called often enough, in this cohort: lower min_maf, or raise max_missing");
    own->over = calloc(own->n_common * own->window / 8 + 1, 1);
    return own->over ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for linkage of %zu variants", own->n_common);
}

/** Prunes, and begins the Krylov space over what is kept. Its seed is public: the study's digest. */
static sund_code begin_krylov(sund_state *st, sund_err *err)
{
    pca_own  *own = st->own;
    double   *x = malloc((own->n_common + 1) * sizeof *x);
    uint8_t  *keep = malloc(own->n_common + 1);
    uint64_t  seed = 0;
    sund_code rc = x && keep ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", own->n_common);

    for (size_t i = 0; x && i < own->n_common; i++)
        x[i] = own->variant[i].maf;
    if (rc == SUND_OK)
        sund_ld_prune(own->n_common, own->window, own->over, x, keep);
    own->n_kept = 0;
    own->trace = 0.0;
    for (size_t i = 0; rc == SUND_OK && i < own->n_common; i++)
        if (keep[i]) {
            own->variant[own->n_kept] = own->variant[i];
            x[own->n_kept] = own->variant[i].s;
            own->trace += pca_spread(&own->variant[i]) / (own->variant[i].s * own->variant[i].s);
            own->n_kept++;
        }
    for (size_t b = 0; b < 8; b++)
        seed |= (uint64_t) st->study->digest.b[b] << (8 * b);
    if (own->n_kept > PCA_VARIANTS_MAX)
        rc = sund_fail(err, SUND_E_LIMIT, "%zu variants are more than the %d that components are taken of: lower r2, widen the window, raise min_maf, or give a region", own->n_kept,
                       PCA_VARIANTS_MAX);
    if (rc == SUND_OK)
        rc = sund_krylov_new(&own->krylov, own->n_kept, x, own->block, own->rounds, own->n_component, seed, err);
    free(x);
    free(keep);
    return rc;
}

/** What is asked next, given what has been. */
static sund_code next_stage(sund_state *st, const sund_round *r, sund_err *err)
{
    pca_own *own = st->own;

    if (r->index == 0) {
        own->stage = PCA_PEOPLE;
        return SUND_OK;
    }
    if (own->place) {
        own->stage = own->stage == PCA_PEOPLE ? PCA_COUNTS : PCA_END;
        return own->stage == PCA_END ? pca_project_choose(st, err) : SUND_OK;
    }
    if (own->stage == PCA_PEOPLE) {
        own->stage = PCA_COUNTS;
        return sund_rule_sketch(&st->thresholds, st->n_person, (int64_t) (own->block * own->rounds), err);
    }
    if (own->stage == PCA_COUNTS)
        SUND_TRY(choose_common(st, err));
    if (own->stage == PCA_COUNTS && own->r2 < 1.0) {
        own->stage = PCA_LINKAGE;
        return SUND_OK;
    }
    if (own->stage < PCA_KRYLOV)
        SUND_TRY(begin_krylov(st, err));
    else
        SUND_TRY(sund_krylov_step(own->krylov, err));
    own->stage = sund_krylov_width(own->krylov) ? PCA_KRYLOV : PCA_END;
    return SUND_OK;
}

static sund_code pca_plan(sund_state *st, sund_round *r, sund_err *err)
{
    pca_own    *own = st->own;
    const void *more = NULL;
    size_t      n_more = 0;

    SUND_TRY(next_stage(st, r, err));
    if (own->stage == PCA_PEOPLE) {
        sund_people_round(st, r);
        return SUND_OK;
    }
    if (own->stage == PCA_COUNTS) {
        (void) snprintf(r->name, sizeof r->name, "counts");
        sund_round_split(r, st->study, own->n_candidate, SUND_TALLY_LANES);
    }
    if (own->stage == PCA_LINKAGE) {
        (void) snprintf(r->name, sizeof r->name, "linkage");
        sund_round_split(r, st->study, own->n_common, own->window);
    }
    if (own->stage == PCA_KRYLOV) {
        size_t width = sund_krylov_width(own->krylov);

        (void) snprintf(r->name, sizeof r->name, "krylov %u", sund_krylov_rounds(own->krylov) + 1);
        sund_round_split(r, st->study, own->n_kept, width);
        more = sund_krylov_q(own->krylov, 0);
        n_more = width * own->n_kept * sizeof(int32_t);
    }
    r->params = sund_round_params(r, st->study, more, n_more);
    return SUND_OK;
}

static sund_code pca_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    const pca_own *own = st->own;

    if (own->place && sund_store_describe(v->store)->assembly != own->assembly)
        return sund_fail(err, SUND_E_MISMATCH, "the genotypes are on %s, the loadings on %s", sund_assembly_name(sund_store_describe(v->store)->assembly), sund_assembly_name(own->assembly));
    if (own->stage == PCA_PEOPLE)
        return sund_people_local(v, out, err);
    if (own->stage == PCA_COUNTS)
        return own->place ? pca_places_local(st, v, r, chunk, n_thread, out, err) : sund_tally_local(st, v, r, chunk, own->candidate, n_thread, out, err);
    if (own->stage == PCA_LINKAGE)
        return pca_linkage_local(st, v, r, chunk, n_thread, out, err);
    return pca_krylov_local(st, v, r, chunk, n_thread, out, err);
}

static sund_code bad_total(sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "a total of components is impossible, or has another shape than its round"); }

static sund_code total_counts(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    pca_own *own = st->own;
    size_t   from, n = sund_chunk_range(r, st->study, SUND_TALLY_LANES, chunk, &from);

    SUND_TRY(sund_tally_total(st, r, chunk, own->candidate, t, own->count, err));
    for (size_t i = from; i < from + n; i++) {
        const sund_alleles *a = &own->count[i];
        pca_variant        *v = &own->variant[i];

        if (a->called + a->missing != st->n_person)
            return bad_total(err);
        v->j = own->place ? 0 : own->candidate[i];
        v->het = a->het;
        v->alt = a->alt;
        v->called = a->called;
        v->missing = a->missing;
    }
    return SUND_OK;
}

static int contig_of(const sund_state *st, const pca_variant *v) { return sund_catalogue_at(st->catalogue, st->first + v->j).contig; }

static sund_code total_linkage(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    pca_own      *own = st->own;
    size_t        from, n = sund_chunk_range(r, st->study, own->window, chunk, &from);
    const int64_t most = 4LL << (2 * SUND_LD_FRAC);

    if (t->n64 != n * own->window || t->n128 != 0)
        return bad_total(err);
    for (size_t i = from; i < from + n; i++)
        for (size_t k = 0; k < own->window; k++) {
            size_t             bit = i * own->window + k, j = i + 1 + k;
            int64_t            sum = sund_vec_get64(t, (i - from) * own->window + k);
            const pca_variant *a = &own->variant[i], *b = j < own->n_common ? &own->variant[j] : NULL;

            if (sum < 0 || sum / most > st->n_person || ((!b || contig_of(st, a) != contig_of(st, b)) && sum != 0))
                return bad_total(err);
            if (b && contig_of(st, a) == contig_of(st, b) && sund_ld_r2(st->n_person, &a->site, &b->site, sum) > own->r2)
                own->over[bit / 8] |= (uint8_t) (1u << (bit % 8));
        }
    return SUND_OK;
}

static sund_code total_krylov(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    pca_own *own = st->own;
    size_t   width = sund_krylov_width(own->krylov), from, n = sund_chunk_range(r, st->study, width, chunk, &from), stride;
    double  *h = sund_krylov_answer(own->krylov, &stride);

    if (t->n64 != n * width || t->n128 != 0)
        return bad_total(err);
    for (size_t i = 0; i < n; i++) {
        const pca_variant *v = &own->variant[from + i];
        double             most = 1.01 * pca_spread(v) * own->trace; /* Cauchy and Schwarz; what is rounded is far below the hundredth */

        for (size_t l = 0; l < width; l++) {
            double x = ldexp((double) sund_vec_get64(t, i * width + l), -(SUND_LD_FRAC + PCA_PEOPLE_BITS));

            if (!(x * x <= most))
                return bad_total(err);
            h[(from + i) * stride + l] = x / v->s;
        }
    }
    return SUND_OK;
}

static sund_code pca_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    const pca_own *own = st->own;

    if (own->stage == PCA_PEOPLE)
        return sund_people_total(st, t, err);
    if (own->stage == PCA_COUNTS)
        return total_counts(st, r, chunk, t, err);
    return own->stage == PCA_LINKAGE ? total_linkage(st, r, chunk, t, err) : total_krylov(st, r, chunk, t, err);
}

void pca_name(const sund_study *s, size_t k, char name[64]) { (void) snprintf(name, 64, "pc%zu_%.8s", k + 1, sund_digest_hex(&s->digest).s); }

static const sund_release_column table[] = {
    { "component", 'i', false }, { "eigenvalue", 'f', false }, { "share", 'f', false }, { "eigenvalue_grm", 'f', false }, { "residual", 'f', false }, { "variable", 's', false },
};
enum { N_TABLE = sizeof table / sizeof table[0], N_PLACE = 6 };

static const sund_release_column loadings[N_PLACE + PCA_COMPONENTS_MAX] = {
    { "chrom", 's', false }, { "pos", 'i', false },  { "ref", 's', false },  { "alt", 's', false },  { "ac", 'i', false },   { "an", 'i', false },   { "pc1", 'f', false },
    { "pc2", 'f', false },   { "pc3", 'f', false },  { "pc4", 'f', false },  { "pc5", 'f', false },  { "pc6", 'f', false },  { "pc7", 'f', false },  { "pc8", 'f', false },
    { "pc9", 'f', false },   { "pc10", 'f', false }, { "pc11", 'f', false }, { "pc12", 'f', false }, { "pc13", 'f', false }, { "pc14", 'f', false }, { "pc15", 'f', false },
    { "pc16", 'f', false },  { "pc17", 'f', false }, { "pc18", 'f', false }, { "pc19", 'f', false }, { "pc20", 'f', false },
};

/** Eigenvalue k as EIGENSOFT scales them: all of them add up to n - 1. */
static double eigenvalue(const sund_state *st, double value) { return value * (double) (st->n_person - 1) / ((const pca_own *) st->own)->trace; }

static sund_code put_table(sund_state *st, sund_release *out, sund_err *err)
{
    const pca_own *own = st->own;
    const double  *value, *residual;
    size_t         n = sund_krylov_found(own->krylov, &value, &residual);
    sund_guard     guard = { .on = SUND_ON_COHORT };
    char           name[64];

    SUND_TRY(sund_release_next(out, "table", table, N_TABLE, err));
    for (size_t k = 0; k < n; k++) {
        sund_cell cell[N_TABLE];

        pca_name(st->study, k, name);
        cell[0].i = (int64_t) k + 1;
        cell[1].f = eigenvalue(st, value[k]);
        cell[2].f = value[k] / own->trace;
        cell[3].f = value[k] / (2.0 * (double) own->n_kept);
        cell[4].f = residual[k] / value[k];
        cell[5].s = name;
        SUND_TRY(sund_release_row(out, &guard, cell, err));
    }
    return SUND_OK;
}

/** How many components, from the first on, loadings may tell of. */
static size_t told_components(const sund_state *st)
{
    const double *value, *residual;
    size_t        n = sund_krylov_found(((const pca_own *) st->own)->krylov, &value, &residual), told = 0;

    while (told < n && sund_rule_own_part(&st->thresholds, eigenvalue(st, value[told])))
        told++;
    return told;
}

/** Weights of the standardised genotype in a score of unit variance: the unit eigenvector over the root of its value by person. */
static sund_code put_loadings(sund_state *st, size_t n, sund_release *out, sund_err *err)
{
    const pca_own *own = st->own;
    const double  *value, *residual;
    double        *w = malloc((n * own->n_kept + 1) * sizeof *w);
    sund_buf       text = { 0 };
    sund_code      rc = w ? sund_release_next(out, "loadings", loadings, N_PLACE + n, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for loadings");

    (void) sund_krylov_found(own->krylov, &value, &residual);
    for (size_t k = 0; w && k < n; k++)
        sund_krylov_vector(own->krylov, k, w + k * own->n_kept);
    for (size_t i = 0; rc == SUND_OK && i < own->n_kept; i++) {
        const pca_variant *v = &own->variant[i];
        sund_variant       place = sund_catalogue_at(st->catalogue, st->first + v->j);
        sund_guard         guard = { .ac = v->het + 2 * v->alt, .an = 2 * v->called, .association = true, .n_missing = v->missing };
        sund_cell          cell[N_PLACE + PCA_COMPONENTS_MAX];

        rc = sund_variant_cells(&place, &text, cell, err);
        cell[4].i = guard.ac;
        cell[5].i = guard.an;
        for (size_t k = 0; k < n; k++)
            cell[N_PLACE + k].f = w[k * own->n_kept + i] / sqrt(value[k] / (double) st->n_person);
        if (rc == SUND_OK)
            rc = sund_release_row(out, &guard, cell, err);
    }
    free(w);
    sund_buf_free(&text);
    return rc;
}

static const sund_release_column projected[] = { { "component", 'i', false }, { "variants", 'i', false }, { "variable", 's', false } };

static sund_code put_projected(sund_state *st, sund_release *out, sund_err *err)
{
    const pca_own *own = st->own;
    sund_guard     guard = { .on = SUND_ON_COHORT };
    char           name[64];

    SUND_TRY(sund_release_next(out, "table", projected, 3, err));
    for (size_t k = 0; k < own->n_component; k++) {
        pca_name(st->study, k, name);
        SUND_TRY(sund_release_row(out, &guard, (const sund_cell[]){ { .i = (int64_t) k + 1 }, { .i = (int64_t) own->n_kept }, { .s = name } }, err));
    }
    (void) snprintf(st->facts, sizeof st->facts, "\"n\": %lld, \"variants\": %zu, \"standardised\": \"(g - 2p) / sqrt(p (1 - p)) by the loadings' p, missing 0\"",
                    (long long) sund_rule_round5(&st->thresholds, st->n_person), own->n_kept);
    return SUND_OK;
}

static sund_code pca_finish(sund_state *st, sund_release *out, sund_err *err)
{
    const pca_own *own = st->own;
    bool           asked = strcmp(sund_study_text(st->study, "release"), "loadings") == 0;
    size_t         told;

    if (own->place)
        return put_projected(st, out, err);
    told = asked ? told_components(st) : 0;
    SUND_TRY(put_table(st, out, err));
    if (told > 0)
        SUND_TRY(put_loadings(st, told, out, err));
    (void) snprintf(st->facts, sizeof st->facts,
                    "\"n\": %lld, \"candidates\": %zu, \"common_variants\": %zu, \"variants\": %zu, \"standardised\": \"(g - 2p) / sqrt(p (1 - p)), missing 0\", \"krylov_block\": %zu, "
                    "\"krylov_rounds\": %u, \"components_with_loadings\": %zu",
                    (long long) sund_rule_round5(&st->thresholds, st->n_person), own->n_candidate, own->n_common, own->n_kept, own->block, sund_krylov_rounds(own->krylov), told);
    return SUND_OK;
}

static int64_t pca_columns(const sund_study *s)
{
    return sund_study_text(s, "loadings")[0] ? 0 : (int64_t) block_of(s) * sund_study_i64(s, "rounds");
}

extern const sund_analysis sund_analysis_pca;
const sund_analysis        sund_analysis_pca = {
    .name = "pca",
    .title = "Principal components of the genotypes",
    .help = "Eigenvalues of the pooled genotypes of common, pruned variants. Scores of every person stay at home, as variables pc1_XXXXXXXX... "
            "(after the study's digest) that later studies there can name as covariates.",
    .rules = "parties, cell-min, eligible, linkage, sketch, own-part, dominance",
    .by_variant = true,
    .catalogue = SUND_CATALOGUE_OPTIONAL,
    .strata = SUND_STRATA_NEVER,
    .options = options,
    .check = pca_check,
    .begin = pca_begin,
    .end = pca_end,
    .plan = pca_plan,
    .local = pca_local,
    .total = pca_total,
    .finish = pca_finish,
    .columns = pca_columns,
    .keep = pca_keep,
};
