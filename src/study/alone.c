#include "study/tally.h"

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
