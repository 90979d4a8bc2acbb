#include "study/pca_priv.h"

#include "base/tsv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Projection: loadings.tsv of an earlier study, or of a reference, is read from a published file. It is hostile until all of it is checked: places in
 * order, letters, counts and weights within bounds. */

static sund_code bad(size_t row, const char *what, sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "loadings: line %zu: %s", row + 2, what); }

/** One letter of ACGT, as text that stays. */
static bool base_of(const char *s, const char **out)
{
    static const char bases[] = "ACGT";

    *out = s[0] && !s[1] ? strchr(bases, s[0]) : NULL;
    return *out != NULL;
}

/** Digits only, at most most. */
static bool whole(const char *s, int64_t most, int64_t *out)
{
    *out = 0;
    if (!*s || strlen(s) > 12)
        return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return false;
        *out = 10 * *out + (*s - '0');
    }
    return *out <= most;
}

static bool real(const char *s, double *out)
{
    char *end;

    if (!*s || strlen(s) > 40 || strspn(s, "0123456789+-.e") != strlen(s))
        return false;
    *out = strtod(s, &end);
    return !*end && fabs(*out) <= 1e6;
}

static sund_code read_place(const sund_tsv *t, size_t row, const size_t col[6], sund_assembly assembly, sund_variant *v, pca_variant *x, sund_err *err)
{
    int64_t pos, ac, an;
    double  p;

    *v = (sund_variant){ .contig = sund_contig_parse(sund_tsv_at(t, row, col[0]), NULL), .n_ref = 1, .n_alt = 1 };
    if (v->contig < 1 || v->contig >= SUND_X || !whole(sund_tsv_at(t, row, col[1]), sund_contig_length(assembly, v->contig), &pos) || pos < 1)
        return bad(row, "that is no place on chromosomes 1 to 22 of the assembly", err);
    v->pos_bp = (uint32_t) (pos - 1);
    if (!base_of(sund_tsv_at(t, row, col[2]), &v->ref) || !base_of(sund_tsv_at(t, row, col[3]), &v->alt) || v->ref == v->alt)
        return bad(row, "ref and alt are two letters of ACGT", err);
    if (!whole(sund_tsv_at(t, row, col[4]), 1LL << 32, &ac) || !whole(sund_tsv_at(t, row, col[5]), 1LL << 32, &an) || ac < 1 || ac >= an)
        return bad(row, "ac is a number of alleles between 0 and an", err);
    p = (double) ac / (double) an;
    x->s = sqrt(p * (1.0 - p));
    x->site.mean = (int64_t) sund_i128_div_round((sund_i128) 2 * ac * (1LL << SUND_LD_FRAC), an);
    return SUND_OK;
}

static sund_code read_rows(pca_own *own, const sund_tsv *t, sund_assembly assembly, const size_t col[6], const size_t *pc, sund_err *err)
{
    for (size_t i = 0; i < t->n_row; i++) {
        SUND_TRY(read_place(t, i, col, assembly, &own->place[i], &own->variant[i], err));
        if (i && sund_variant_cmp(&own->place[i - 1], &own->place[i]) >= 0)
            return bad(i, "variants are in order of chromosome, place and letters, each once", err);
        for (size_t k = 0; k < own->n_component; k++)
            if (!real(sund_tsv_at(t, i, pc[k]), &own->weight[k * t->n_row + i]))
                return bad(i, "a weight is no number between -1000000 and 1000000", err);
    }
    own->n_kept = own->n_candidate = t->n_row;
    return SUND_OK;
}

static sund_code read_columns(pca_own *own, const sund_tsv *t, size_t col[6], size_t *pc, sund_err *err)
{
    static const char *const name[6] = { "chrom", "pos", "ref", "alt", "ac", "an" };
    size_t                   n = 0;

    for (size_t k = 0; k < 6; k++)
        SUND_TRY(sund_tsv_need(t, name[k], &col[k], err));
    for (; n < own->n_component; n++) {
        char label[32];
        int  at;

        (void) snprintf(label, sizeof label, "pc%zu", n + 1);
        at = sund_tsv_column(t, label);
        if (at < 0)
            break;
        pc[n] = (size_t) at;
    }
    if (n == 0 || t->n_row == 0)
        return sund_fail(err, SUND_E_FORMAT, "loadings: a column pc1 and a line at least are needed");
    if (t->n_row > PCA_VARIANTS_MAX)
        return sund_fail(err, SUND_E_LIMIT, "loadings: more than %d variants", PCA_VARIANTS_MAX);
    own->n_component = n;
    return SUND_OK;
}

sund_code pca_read_loadings(pca_own *own, sund_cur file, sund_assembly assembly, sund_err *err)
{
    sund_tsv  t;
    size_t    col[6], pc[PCA_COMPONENTS_MAX];
    sund_code rc;

    SUND_TRY(sund_tsv_parse(&t, "loadings", file.p, file.n, err));
    rc = read_columns(own, &t, col, pc, err);
    if (rc == SUND_OK) {
        own->assembly = assembly;
        own->variant = calloc(t.n_row, sizeof *own->variant);
        own->count = calloc(t.n_row, sizeof *own->count);
        own->place = calloc(t.n_row, sizeof *own->place);
        own->weight = calloc(t.n_row * own->n_component, sizeof *own->weight);
        rc = own->variant && own->count && own->place && own->weight ? read_rows(own, &t, assembly, col, pc, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for loadings");
    }
    sund_tsv_free(&t);
    return rc;
}

/** The variants that are common enough here too: else a score on one would be its few carriers. Weights close up. */
static void choose_places(sund_state *st)
{
    pca_own *own = st->own;
    size_t   n = 0;

    for (size_t i = 0; i < own->n_candidate; i++) {
        pca_variant v = own->variant[i];

        if (v.called == 0 || !sund_rule_eligible(&st->thresholds, v.het + 2 * v.alt, 2 * v.called) || !sund_rule_missing(&st->thresholds, v.missing))
            continue;
        own->variant[n] = v;
        own->place[n] = own->place[i];
        for (size_t k = 0; k < own->n_component; k++)
            own->weight[k * own->n_candidate + n] = own->weight[k * own->n_candidate + i];
        n++;
    }
    for (size_t k = 1; k < own->n_component; k++)
        memmove(own->weight + k * n, own->weight + k * own->n_candidate, n * sizeof *own->weight);
    own->n_kept = n;
}

sund_code pca_project_choose(sund_state *st, sund_err *err)
{
    pca_own *own = st->own;

    choose_places(st);
    if (own->n_kept == 0)
        return sund_fail(err, SUND_E_NOT_FOUND, "no variant of the loadings is common enough, and called, in this cohort");
    for (size_t k = 0; k < own->n_component; k++) {
        double sum = 0.0, most = 0.0;

        for (size_t i = 0; i < own->n_kept; i++) {
            const pca_variant *v = &own->variant[i];
            double             w = own->weight[k * own->n_kept + i] / v->s, part = w * w * pca_spread(v);

            sum += part;
            most = part > most ? part : most;
        }
        SUND_TRY(sund_rule_dominance(&st->thresholds, sum > 0.0 ? most / sum : 1.0, err));
    }
    return SUND_OK;
}
