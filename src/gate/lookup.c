#include "gate/gate_priv.h"

#include <stdio.h>
#include <string.h>

const char *sund_lookup_status_name(sund_lookup_status s)
{
    static const char *const name[] = { "?", "counted", "below-10", "not-covered", "refused", "timeout" };

    return s >= SUND_LOOKUP_COUNTED && s <= SUND_LOOKUP_TIMEOUT ? name[s] : name[0];
}

/** Everything that depends on carriers goes; AN stays, it tells who was covered. */
static void hide(sund_lookup_counts *c)
{
    int64_t an = c->all.an;

    memset(c, 0, sizeof *c);
    c->status = SUND_LOOKUP_BELOW;
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
    if (c->status != SUND_LOOKUP_COUNTED && c->status != SUND_LOOKUP_BELOW) {
        sund_lookup_status was = c->status;

        memset(c, 0, sizeof *c);
        c->status = was;
        return;
    }
    if (c->status == SUND_LOOKUP_BELOW || !sund_rule_mac(t, c->all.ac, c->all.an)) {
        hide(c);
        return;
    }
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
            hide(&c[i]);
}

static void write_cells(const sund_lookup_cells *c, sund_buf *out)
{
    sund_buf_u64(out, (uint64_t) c->ac);
    sund_buf_u64(out, (uint64_t) c->an);
    sund_buf_u64(out, (uint64_t) c->hom);
    sund_buf_u64(out, (uint64_t) c->hemi);
}

static void read_cells(sund_cur *c, sund_lookup_cells *out)
{
    out->ac = (int64_t) sund_cur_u64(c);
    out->an = (int64_t) sund_cur_u64(c);
    out->hom = (int64_t) sund_cur_u64(c);
    out->hemi = (int64_t) sund_cur_u64(c);
    if (out->ac < 0 || out->an < 0 || out->ac > out->an || out->an > (int64_t) 1 << 40 || out->hom < -1 || out->hom > out->an || out->hemi < -1 || out->hemi > out->an)
        c->bad = true;
}

sund_code sund_leave_lookup(sund_gate *g, const sund_envelope *head, uint64_t ticket, const sund_lookup_counts *c, sund_leave **out, sund_err *err)
{
    sund_lookup_counts safe = *c;
    sund_buf           b = { 0 };
    char               what[64];
    sund_code          rc;

    if (head->kind != SUND_MSG_LOOKUP_ANSWER)
        return sund_fail(err, SUND_E_ARG, "a lookup's answer leaves as kind lookup-answer only");
    sund_margins_node(&g->thresholds, &safe); /* whatever the caller did: this is the way out */
    sund_buf_u64(&b, ticket);
    sund_buf_u8(&b, (uint8_t) safe.status);
    sund_buf_u8(&b, (uint8_t) (safe.sexes | g->thresholds.open << 1));
    write_cells(&safe.all, &b);
    write_cells(&safe.male, &b);
    write_cells(&safe.female, &b);
    (void) snprintf(what, sizeof what, "rule margins: %s", sund_lookup_status_name(safe.status));
    rc = sund_buf_ok(&b, err);
    if (rc == SUND_OK)
        rc = sund_leave_make(g, head, b.p, b.n, what, out, err);
    sund_buf_free(&b);
    return rc;
}

sund_code sund_lookup_read(sund_cur body, uint64_t *ticket, sund_lookup_counts *c, sund_err *err)
{
    sund_lookup_counts got = { .status = SUND_LOOKUP_REFUSED };
    uint64_t           number = sund_cur_u64(&body);
    uint8_t            status = sund_cur_u8(&body), flags = sund_cur_u8(&body);

    read_cells(&body, &got.all);
    read_cells(&body, &got.male);
    read_cells(&body, &got.female);
    SUND_TRY(sund_cur_end(&body, "a lookup's answer", err));
    if (status < SUND_LOOKUP_COUNTED || status > SUND_LOOKUP_TIMEOUT || flags > 3)
        return sund_fail(err, SUND_E_FORMAT, "a lookup's answer has no valid status");
    got.status = (sund_lookup_status) status;
    got.sexes = flags & 1;
    got.open = flags >> 1;
    *ticket = number;
    *c = got;
    return SUND_OK;
}
