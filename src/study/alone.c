#include "study/tally.h"

#include <stdlib.h>
#include <string.h>

/* Two nodes: each learns the other's sums by subtraction. So what one of them says must pass by itself; else it stops the study, saying which rule. */

static sund_code fails(sund_err *err, const char *what)
{
    return sund_refuse(err, "parties", "with two nodes the other one learns this node's sums, so each node's own must pass, and here %s", what);
}

sund_code sund_people_alone(const sund_state *st, const sund_vec *own, sund_err *err)
{
    sund_state as_if = *st;
    sund_err   why = { SUND_OK, "" };

    if (sund_people_total(&as_if, own, &why) != SUND_OK)
        return sund_fail(err, SUND_E_DENIED, "with two nodes each node's own people must pass: %.300s", why.msg);
    if (!sund_rule_missing(&st->thresholds, sund_vec_get64(own, 1)) || !sund_rule_missing(&st->thresholds, sund_vec_get64(own, 2)))
        return fails(err, "one sex fails cell-min: ask of one sex, or of more people");
    return SUND_OK;
}

/** Genotype classes of one sex; classes that cannot be there are left out. */
static bool classes_pass(const sund_thresholds *t, const sund_classes *c, bool two_copies)
{
    if (c->ref + c->het + c->alt + c->missing == 0)
        return true; /* nobody of that sex is asked of */
    return sund_rule_cell_min(t, c->ref) && sund_rule_cell_min(t, c->alt) && (!two_copies || sund_rule_cell_min(t, c->het)) && sund_rule_missing(t, c->missing);
}

sund_code sund_tallies_alone(const sund_state *st, size_t from, size_t n, size_t lanes, bool association, const sund_vec *own, sund_err *err)
{
    const sund_thresholds *t = &st->thresholds;

    for (size_t i = 0; i < n; i++) {
        sund_copies      copies = sund_state_copies(st, from + i);
        sund_tally_words w;
        sund_tally       x;
        sund_alleles     a;

        for (size_t k = 0; k < SUND_TALLY_LANES; k++)
            w.w[k] = sund_vec_get64(own, i * lanes + k);
        x = sund_tally_unpack(&w);
        a = sund_tally_alleles(&x, copies);
        if (!(association ? sund_rule_eligible(t, a.ac, a.an) : sund_rule_mac(t, a.ac, a.an)))
            return fails(err, association ? "some variants fail eligible: ask of a region or catalogue of variants common in both" : "some variants fail mac: ask of a region or catalogue of variants common in both");
        if (!classes_pass(t, &x.female, copies == SUND_DIPLOID || copies == SUND_COPIES_X) || !classes_pass(t, &x.male, copies == SUND_DIPLOID))
            return fails(err, "some genotypes of some variants fail cell-min: ask of more people, or of a region or catalogue of more common variants");
    }
    return SUND_OK;
}

/* ---- genotypes by level ---- */

typedef struct levels { const sund_state *st; const sund_view *v; const uint32_t *item; uint64_t *plane; sund_person_plane set[2 * SUND_COLUMN_MAX]; size_t n_set; } levels;

/** Who has each level of a column: two more sets. */
static void add_levels(levels *l, size_t column)
{
    const sund_view *v = l->v;
    uint64_t        *one = l->plane + l->n_set * v->n_word, *other = one + v->n_word;

    for (size_t i = 0; i < v->n_person; i++)
        one[i / 64] |= (uint64_t) (v->column[column][i] != 0) << (i % 64);
    for (size_t w = 0; w < v->n_word; w++) {
        one[w] &= v->member[w];
        other[w] = v->member[w] & ~one[w];
    }
    l->set[l->n_set++] = sund_person_plane_of(one, v->n_word);
    l->set[l->n_set++] = sund_person_plane_of(other, v->n_word);
}

static sund_code levels_pass(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    const levels *l = ctx;
    sund_classes  c[2 * SUND_COLUMN_MAX];

    (void) thread;
    for (size_t i = from; i < from + n; i++) {
        size_t j = l->item[i];

        if (sund_view_presence(l->v, l->st->catalogue, j) != SUND_IN_STORE)
            return fails(err, "a genotype of a variant that one of them lacks is nobody's: ask of variants common in both");
        if (sund_state_copies(l->st, j) != SUND_DIPLOID)
            return fails(err, "a variable of two levels is asked with variants of two copies alone: give a region");
        SUND_TRY(sund_store_count(reader, l->v->row[j], l->set, l->n_set, c, err));
        for (size_t s = 0; s < l->n_set; s++)
            if (!classes_pass(&l->st->thresholds, &c[s], true))
                return fails(err, "some genotypes of some variants fail cell-min within a level of a variable: ask of more people, fewer variables of two levels, or more common variants");
    }
    return SUND_OK;
}

sund_code sund_levels_alone(const sund_state *st, const sund_view *v, const uint32_t *item, size_t n, sund_err *err)
{
    levels    l = { .st = st, .v = v, .item = item };
    sund_code rc;

    l.plane = calloc(2 * v->plan.n * v->n_word + 1, sizeof *l.plane);
    if (!l.plane)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for the levels of %zu variables", v->plan.n);
    for (size_t k = 0; k < v->plan.n; k++)
        if (v->plan.col[k].binary && strcmp(v->plan.col[k].var.name, "sex") != 0)
            add_levels(&l, k);
    rc = l.n_set ? sund_each_items(v, 0, n, 0, levels_pass, &l, err) : SUND_OK;
    free(l.plane);
    return rc;
}
