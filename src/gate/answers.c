#include "gate/gate_priv.h"

#include <stdlib.h>
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

/** Of a node that does not have the variant. */
static sund_lookup_counts without(const sund_shown *s)
{
    sund_lookup_counts c = { .status = SUND_LOOKUP_TIMEOUT, .open = s && sund_shown_open(s) };

    if (s)
        c.status = sund_shown_answered(s) ? SUND_LOOKUP_NOT_COVERED : SUND_LOOKUP_REFUSED;
    return c;
}

/** Adds up n countries. */
static bool total(const sund_lookup_counts *c, size_t n, sund_lookup_cells *all)
{
    bool any = false, whole = true;

    memset(all, 0, sizeof *all);
    for (size_t i = 0; i < n; i++) {
        any |= c[i].status == SUND_LOOKUP_COUNTED;
        whole &= c[i].status == SUND_LOOKUP_COUNTED || c[i].status == SUND_LOOKUP_NOT_COVERED;
        all->ac += c[i].all.ac;
        all->an += c[i].all.an;
        all->hom = all->hom < 0 || c[i].all.hom < 0 ? -1 : all->hom + c[i].all.hom; /* one hidden hides the total */
        all->hemi = all->hemi < 0 || c[i].all.hemi < 0 ? -1 : all->hemi + c[i].all.hemi;
    }
    return any && whole;
}

sund_lookup_counts sund_answers_counts(const sund_answers *a, size_t i, const char *variant)
{
    const sund_lookup_counts *there = row_of(a->row[i].shown, variant);

    return there ? *there : without(a->row[i].shown);
}

bool sund_answers_total(const sund_answers *a, const char *variant, sund_lookup_cells *all)
{
    sund_lookup_counts c[SUND_NODE_MAX];

    for (size_t i = 0; i < a->n; i++)
        c[i] = sund_answers_counts(a, i, variant);
    return total(c, a->n, all);
}

unsigned sund_answers_assembly(const sund_answers *a)
{
    unsigned all = 0;

    for (size_t i = 0, n = 0; i < a->n; i++)
        if (a->row[i].shown && sund_shown_answered(a->row[i].shown)) {
            unsigned one = sund_shown_assembly(a->row[i].shown);

            all = n++ == 0 || one == all ? one : 0;
            if (!all)
                return 0;
        }
    return all;
}

sund_code sund_answers_one_assembly(sund_answers *a, sund_err *err)
{
    unsigned seen = 0;

    for (size_t i = 0; i < a->n; i++)
        if (a->row[i].shown && sund_shown_answered(a->row[i].shown))
            seen |= sund_shown_assembly(a->row[i].shown) == 37 ? 1u : sund_shown_assembly(a->row[i].shown) == 38 ? 2u : 0u;
    for (size_t i = 0; i < a->n && seen == 3; i++) {
        sund_shown *s = a->row[i].shown;

        if (!s || !sund_shown_answered(s))
            continue;
        SUND_TRY(sund_shown_refused(sund_shown_verb(s), "the nodes' data are on GRCh37 and on GRCh38: say which, by the accession: NC_000020.10 is GRCh37's, NC_000020.11 GRCh38's", &a->row[i].shown, err));
        sund_shown_free(s);
    }
    return SUND_OK;
}

/* ---- many variants ---- */

typedef struct entry { const char *name; uint32_t row, node, rank; } entry;

static int by_name(const void *x, const void *y)
{
    const entry *a = x, *b = y;
    int          c = strcmp(a->name, b->name);

    return c ? c : a->row != b->row ? (a->row > b->row) - (a->row < b->row) : (a->node > b->node) - (a->node < b->node);
}

/** Groups of one name, by where it comes first. */
static int by_rank(const void *x, const void *y)
{
    const entry *a = x, *b = y;

    return a->rank != b->rank ? (a->rank > b->rank) - (a->rank < b->rank) : by_name(x, y);
}

void sund_answers_table_free(sund_answers_table *t)
{
    free(t->name);
    free(t->at);
    memset(t, 0, sizeof *t);
}

sund_code sund_answers_tabled(const sund_answers *a, sund_answers_table *t, sund_err *err)
{
    size_t n = 0, m = 0;
    entry *e;

    memset(t, 0, sizeof *t);
    t->a = a;
    for (size_t i = 0; i < a->n; i++)
        n += a->row[i].shown ? sund_shown_n(a->row[i].shown) : 0;
    e = malloc((n + 1) * sizeof *e);
    t->name = malloc((n + 1) * sizeof *t->name);
    t->at = malloc((n + 1) * (a->n + 1) * sizeof *t->at);
    if (!e || !t->name || !t->at) {
        free(e);
        sund_answers_table_free(t);
        return sund_fail(err, SUND_E_NOMEM, "out of memory for answers");
    }
    memset(t->at, 0xff, (n + 1) * (a->n + 1) * sizeof *t->at);
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; a->row[i].shown && k < sund_shown_n(a->row[i].shown); k++)
            e[m++] = (entry){ sund_shown_variant(a->row[i].shown, k), (uint32_t) k, (uint32_t) i, 0 };
    qsort(e, m, sizeof *e, by_name);
    for (size_t k = 0; k < m; k++)
        e[k].rank = k && strcmp(e[k].name, e[k - 1].name) == 0 ? e[k - 1].rank : e[k].row * (uint32_t) SUND_NODE_MAX + e[k].node;
    qsort(e, m, sizeof *e, by_rank);
    for (size_t k = 0; k < m; k++) {
        if (k == 0 || strcmp(e[k].name, e[k - 1].name) != 0)
            t->name[t->n++] = e[k].name;
        if (t->at[(t->n - 1) * a->n + e[k].node] == UINT32_MAX) /* a name twice in one answer: the first holds */
            t->at[(t->n - 1) * a->n + e[k].node] = e[k].row;
    }
    free(e);
    return SUND_OK;
}

sund_lookup_counts sund_table_counts(const sund_answers_table *t, size_t v, size_t i)
{
    uint32_t at = t->at[v * t->a->n + i];

    return at == UINT32_MAX ? without(t->a->row[i].shown) : *sund_shown_counts(t->a->row[i].shown, at);
}

bool sund_table_total(const sund_answers_table *t, size_t v, sund_lookup_cells *all)
{
    sund_lookup_counts c[SUND_NODE_MAX];

    for (size_t i = 0; i < t->a->n; i++)
        c[i] = sund_table_counts(t, v, i);
    return total(c, t->a->n, all);
}

sund_code sund_answers_margins(const sund_thresholds *rules, sund_answers *a, sund_err *err)
{
    sund_answers_table t;

    SUND_TRY(sund_answers_tabled(a, &t, err));
    for (size_t v = 0; v < t.n; v++) {
        sund_lookup_counts c[SUND_NODE_MAX];

        for (size_t i = 0; i < a->n; i++)
            c[i] = sund_table_counts(&t, v, i);
        sund_margins_countries(rules, c, a->n);
        for (size_t i = 0; i < a->n; i++)
            if (t.at[v * a->n + i] != UINT32_MAX)
                *sund_shown_to_hide(a->row[i].shown, t.at[v * a->n + i]) = c[i];
    }
    sund_answers_table_free(&t);
    return SUND_OK;
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
