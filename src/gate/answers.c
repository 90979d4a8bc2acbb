#include "gate/gate_priv.h"

#include <string.h>

/* Answers of several nodes, put together. A value that some node may not have its neighbours tell is hidden here for good: what is read of it again is as if it never was there. */

void sund_answers_free(sund_answers *a)
{
    for (size_t i = 0; i < a->n; i++)
        sund_shown_free(a->row[i].shown);
    a->n = 0;
}

/** The row of a variant in one node's answer, or NULL. */
static const sund_lookup_counts *row_of(const sund_shown *s, const char *variant)
{
    for (size_t k = 0; s && k < sund_shown_n(s); k++)
        if (strcmp(sund_shown_variant(s, k), variant) == 0)
            return sund_shown_counts(s, k);
    return NULL;
}

/** A node before i has it too: then it was looked at. */
static bool seen_before(const sund_answers *a, size_t i, const char *variant)
{
    for (size_t k = 0; k < i; k++)
        if (row_of(a->row[k].shown, variant))
            return true;
    return false;
}

void sund_answers_margins(const sund_thresholds *t, sund_answers *a)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; a->row[i].shown && k < sund_shown_n(a->row[i].shown); k++) {
            const char        *variant = sund_shown_variant(a->row[i].shown, k);
            sund_lookup_counts c[SUND_NODE_MAX];

            if (seen_before(a, i, variant))
                continue;
            for (size_t j = 0; j < a->n; j++)
                c[j] = sund_answers_counts(a, j, variant);
            sund_margins_countries(t, c, a->n);
            for (size_t j = 0; j < a->n; j++)
                for (size_t m = 0; a->row[j].shown && m < sund_shown_n(a->row[j].shown); m++)
                    if (strcmp(sund_shown_variant(a->row[j].shown, m), variant) == 0)
                        *sund_shown_to_hide(a->row[j].shown, m) = c[j];
        }
}

sund_lookup_counts sund_answers_counts(const sund_answers *a, size_t i, const char *variant)
{
    sund_lookup_counts        c = { .status = SUND_LOOKUP_TIMEOUT };
    const sund_shown         *s = a->row[i].shown;
    const sund_lookup_counts *there = row_of(s, variant);

    if (there)
        return *there;
    if (s)
        c.status = sund_shown_answered(s) ? SUND_LOOKUP_NOT_COVERED : SUND_LOOKUP_REFUSED;
    return c;
}

bool sund_answers_total(const sund_answers *a, const char *variant, sund_lookup_cells *all)
{
    bool any = false, whole = true;

    memset(all, 0, sizeof *all);
    for (size_t i = 0; i < a->n; i++) {
        sund_lookup_counts c = sund_answers_counts(a, i, variant);

        any |= c.status == SUND_LOOKUP_COUNTED;
        whole &= c.status == SUND_LOOKUP_COUNTED || c.status == SUND_LOOKUP_NOT_COVERED;
        all->ac += c.all.ac;
        all->an += c.all.an;
        all->hom = all->hom < 0 || c.all.hom < 0 ? -1 : all->hom + c.all.hom; /* one hidden hides the total */
        all->hemi = all->hemi < 0 || c.all.hemi < 0 ? -1 : all->hemi + c.all.hemi;
    }
    return any && whole;
}

void sund_answers_write(const sund_answers *a, sund_buf *out)
{
    sund_buf_u16(out, (uint16_t) a->n);
    for (size_t i = 0; i < a->n; i++) {
        sund_buf_str(out, a->row[i].node);
        sund_buf_u64(out, (uint64_t) a->row[i].ms);
        sund_buf_u8(out, a->row[i].shown != NULL);
        if (a->row[i].shown)
            sund_shown_write(a->row[i].shown, out);
    }
}

sund_code sund_answers_read(sund_cur body, sund_answers *a, sund_err *err)
{
    size_t    n = sund_cur_u16(&body);
    sund_code rc = n <= SUND_NODE_MAX ? SUND_OK : sund_fail(err, SUND_E_FORMAT, "an answer names more nodes than a federation has");

    a->n = 0;
    for (size_t i = 0; rc == SUND_OK && i < n; i++) {
        sund_answer *r = &a->row[i];
        uint8_t      there;

        r->shown = NULL;
        a->n = i + 1;
        (void) sund_cur_str(&body, r->node, sizeof r->node);
        r->ms = (int64_t) sund_cur_u64(&body);
        there = sund_cur_u8(&body);
        rc = there > 1 ? sund_fail(err, SUND_E_FORMAT, "the nodes' answers are not well-formed") : sund_cur_ok(&body, "the nodes' answers", err);
        if (rc == SUND_OK && there)
            rc = sund_shown_read(&body, &r->shown, err);
    }
    if (rc == SUND_OK)
        rc = sund_cur_end(&body, "the nodes' answers", err);
    if (rc != SUND_OK)
        sund_answers_free(a);
    return rc;
}
