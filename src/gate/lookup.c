#include "gate/gate_priv.h"

#include <string.h>

const char *sund_lookup_status_name(sund_lookup_status s)
{
    static const char *const name[] = { "?", "counted", "below-10", "not-covered", "refused", "timeout" };

    return s >= SUND_LOOKUP_COUNTED && s <= SUND_LOOKUP_TIMEOUT ? name[s] : name[0];
}

/** Everything that depends on genotypes goes. */
static void hide(sund_lookup_counts *c, sund_lookup_status as, int64_t an)
{
    memset(c, 0, sizeof *c);
    c->status = as;
    c->all.an = an;
}

static bool group_passes(const sund_thresholds *t, int64_t ac, int64_t an) { return an == 0 || sund_rule_mac(t, ac, an); }

/** Both sexes, and the people whose sex is unknown: the whole less the two. */
static bool sexes_pass(const sund_thresholds *t, const sund_lookup_counts *c)
{
    return group_passes(t, c->male.ac, c->male.an) && group_passes(t, c->female.ac, c->female.an) &&
           group_passes(t, c->all.ac - c->male.ac - c->female.ac, c->all.an - c->male.an - c->female.an);
}

/** Every genotype cell that AC, AN, hom and hemi give away together, hom-ref and hemi-ref too. */
static bool genotypes_pass(const sund_thresholds *t, const sund_lookup_cells *c)
{
    int64_t       het = c->ac - 2 * c->hom - c->hemi;
    const int64_t two[3] = { (c->an - c->an_one) / 2 - het - c->hom, het, c->hom }, one[2] = { c->an_one - c->hemi, c->hemi };

    return (c->an == c->an_one || (sund_rule_cell_min(t, two[0]) && sund_rule_cell_min(t, two[1]) && sund_rule_cell_min(t, two[2]))) &&
           (c->an_one == 0 || (sund_rule_cell_min(t, one[0]) && sund_rule_cell_min(t, one[1])));
}

void sund_margins_node(const sund_thresholds *t, sund_lookup_counts *c)
{
    bool absent = c->status == SUND_LOOKUP_NOT_COVERED && c->an_covered < 0 && !t->open; /* perhaps of nobody, perhaps nobody looked */
    bool few = c->status == SUND_LOOKUP_COUNTED && !sund_rule_mac(t, c->all.ac, c->all.an);

    if (absent || few)
        hide(c, c->an_covered == 0 ? SUND_LOOKUP_NOT_COVERED : SUND_LOOKUP_BELOW, c->an_covered < 0 ? 0 : c->an_covered);
    else if (c->status != SUND_LOOKUP_COUNTED)
        hide(c, c->status, c->status == SUND_LOOKUP_BELOW ? c->all.an : 0);
    if (c->status != SUND_LOOKUP_COUNTED)
        return;
    if (!sexes_pass(t, c)) {
        c->sexes = false;
        memset(&c->male, 0, sizeof c->male);
        memset(&c->female, 0, sizeof c->female);
    }
    if (c->all.hom < 0)
        return; /* done before */
    if (!genotypes_pass(t, &c->male) || !genotypes_pass(t, &c->female) || !genotypes_pass(t, &c->all))
        c->male.hom = c->male.hemi = c->female.hom = c->female.hemi = -1;
    if (!genotypes_pass(t, &c->all))
        c->all.hom = c->all.hemi = -1;
}

void sund_margins_countries(const sund_thresholds *t, sund_lookup_counts *c, size_t n)
{
    size_t hidden = 0;

    for (size_t i = 0; i < n; i++)
        hidden += c[i].status == SUND_LOOKUP_BELOW;
    if (hidden == 0 || hidden >= t->parties)
        return; /* none to find out, or too many to tell apart: no total is given beside them */
    for (size_t i = 0; i < n; i++)
        if (c[i].status == SUND_LOOKUP_COUNTED)
            hide(&c[i], SUND_LOOKUP_BELOW, c[i].all.an);
}
