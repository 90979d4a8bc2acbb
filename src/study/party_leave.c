#include "study/party_priv.h"

#include "base/log.h"
#include "gate/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A node leaves a running study for good, and what may be asked of the others after that. A total that was opened with it, less the same one without it, is the sum that it sent: so
 * the others answer the question again only when nothing was opened, or when the node that left has agreed - which it can only where every vector that it sent would have passed by
 * itself, as with two nodes (alone.c). */

sund_code sund_leaving_tables(sund_db *db, sund_err *err)
{
    return sund_db_script(db,
                          "CREATE TABLE IF NOT EXISTS departed(study BLOB NOT NULL, node TEXT NOT NULL, agrees INTEGER NOT NULL, PRIMARY KEY(study, node)) STRICT;"
                          "CREATE TABLE IF NOT EXISTS own_part(study BLOB PRIMARY KEY, why TEXT NOT NULL) STRICT;", /* studies in which an own vector does not pass by itself */
                          err);
}

sund_code sund_party_own_part(sund_party *p, const sund_vec *x, sund_err *err)
{
    const sund_engine *e = &p->engine;
    sund_err           why = { SUND_OK, "" };
    int64_t            known = 0;
    sund_code          rc;

    SUND_TRY(sund_db_i64(p->node->db, &known, 0, err, "SELECT COUNT(*) FROM own_part WHERE study=?", "b", p->name.b, sizeof p->name.b));
    if (!e->analysis->alone || known)
        return SUND_OK;
    rc = e->analysis->alone(&e->state, p->view, &e->round, e->chunk, x, &why);
    if (rc == SUND_OK)
        return SUND_OK;
    if (rc == SUND_E_IO || rc == SUND_E_NOMEM)
        return sund_fail(err, rc, "%s", why.msg);
    return sund_db_run(p->node->db, err, "INSERT OR IGNORE INTO own_part(study, why) VALUES(?,?)", "bt", p->name.b, sizeof p->name.b, why.msg);
}

/* ---- studies that go on from one another ---- */

/** Whether all nodes that `now` leaves out have left `was` for good and agreed. */
static sund_code all_agreed(sund_db *db, const sund_study *was, const sund_study *now, bool *out, sund_err *err)
{
    int64_t agrees = 0;

    *out = true;
    for (size_t i = 0; i < was->n_node && *out; i++) {
        if (sund_study_node(now, was->node[i]) >= 0)
            continue;
        SUND_TRY(sund_db_i64(db, &agrees, 0, err, "SELECT agrees FROM departed WHERE study=? AND node=?", "bt", was->digest.b, sizeof was->digest.b, was->node[i]));
        *out = agrees == 1;
    }
    return SUND_OK;
}

/** The study before, which has ended without a release. */
static sund_code step_back(sund_db *db, const sund_roster *roster, const sund_study *now, sund_study *was, sund_err *err)
{
    int64_t state = -1;

    SUND_TRY(sund_db_i64(db, &state, -1, err, "SELECT state FROM study WHERE digest=?", "b", now->after.b, sizeof now->after.b));
    if (state < 0 || sund_party_read_study(db, roster, &now->after, was, NULL) != SUND_OK)
        return sund_fail(err, SUND_E_MISMATCH, "after: study %.12s has not come here", sund_digest_hex(&now->after).s);
    if (state != SUND_PARTY_STOPPED && state != SUND_PARTY_REFUSED)
        return sund_fail(err, SUND_E_MISMATCH, "after: study %.12s %s", sund_digest_hex(&now->after).s, state == SUND_PARTY_RELEASED ? "was released: its answer stands" : "has not ended here: a node leaves it first");
    return sund_study_goes_on(was, now, err);
}

sund_code sund_study_afters(sund_db *db, const sund_roster *roster, const sund_study *s, sund_digest out[SUND_NODE_MAX], size_t *n, sund_err *err)
{
    sund_study *two = calloc(2, sizeof *two), *now = two, *was = two + 1, *third;
    bool        agreed = true;
    sund_code   rc = two ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    *n = 0;
    if (rc == SUND_OK)
        *now = *s;
    while (rc == SUND_OK && now->has_after && agreed && *n < SUND_NODE_MAX) { /* each has fewer nodes than the one before */
        rc = step_back(db, roster, now, was, err);
        if (rc == SUND_OK)
            rc = all_agreed(db, was, now, &agreed, err);
        if (rc == SUND_OK && agreed)
            out[(*n)++] = was->digest;
        third = now;
        now = was;
        was = third;
    }
    free(two);
    return rc;
}

sund_code sund_leaving_barred(sund_db *db, const char *me, sund_digest **out, size_t *n, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    int64_t    most = 0;
    sund_code  rc;

    *n = 0;
    SUND_TRY(sund_db_i64(db, &most, 0, err, "SELECT COUNT(*) FROM departed WHERE agrees=0 AND node<>?", "t", me));
    *out = calloc((size_t) most + 1, sizeof **out);
    if (!*out)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    rc = sund_db_query(db, &rows, err, "SELECT study FROM departed WHERE agrees=0 AND node<>?", "t", me);
    while (rc == SUND_OK && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more && *n < (size_t) most) {
        sund_cur c = sund_rows_blob(rows, 0);

        *n += sund_cur_copy(&c, (*out)[*n].b, sizeof (*out)[*n].b);
    }
    sund_rows_close(rows);
    return rc;
}

/* ---- leaving ---- */

sund_code sund_leaving_opened(sund_db *db, const sund_digest *study, bool *out, sund_err *err)
{
    int64_t answered = 0;

    SUND_TRY(sund_db_i64(db, &answered, 0, err, "SELECT answered FROM answer WHERE study=?", "b", study->b, sizeof study->b));
    *out = answered != 0;
    return SUND_OK;
}

/** An own vector in it does not pass by itself. */
static sund_code own_part_fails(sund_db *db, const sund_study *s, sund_err *err)
{
    const sund_analysis *a;
    sund_rows           *rows = NULL;
    bool                 more = false, opened;
    sund_code            rc;

    SUND_TRY(sund_leaving_opened(db, &s->digest, &opened, err));
    if (!opened)
        return SUND_OK;
    SUND_TRY(sund_analysis_find(s->analysis, &a, err));
    if (!a->alone)
        return sund_refuse(err, "parties", "totals of study %.12s were opened, and the analysis %s has no rules for the sums of one node: leave without agreeing that the others ask it again", sund_digest_hex(&s->digest).s, a->name);
    SUND_TRY(sund_db_query(db, &rows, err, "SELECT why FROM own_part WHERE study=?", "b", s->digest.b, sizeof s->digest.b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more)
        rc = sund_fail(err, SUND_E_DENIED, "totals of study %.12s were opened, and this node's own sums in it do not pass by themselves: leave without agreeing that the others ask it again (%.200s)",
                       sund_digest_hex(&s->digest).s, sund_rows_text(rows, 0));
    sund_rows_close(rows);
    return rc;
}

sund_code sund_leaving_may_agree(sund_db *db, const sund_roster *roster, const sund_digest *study, sund_err *err)
{
    sund_study *s = calloc(1, sizeof *s);
    sund_digest next = *study;
    bool        more = true;
    sund_code   rc = s ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    for (size_t i = 0; rc == SUND_OK && more && i <= SUND_NODE_MAX; i++) { /* and in all that it goes on from */
        rc = sund_party_read_study(db, roster, &next, s, err);
        if (rc == SUND_OK)
            rc = own_part_fails(db, s, err);
        more = s->has_after;
        next = s->after;
    }
    free(s);
    return rc;
}

static sund_code note_departed(sund_party *p, sund_err *err)
{
    const char *who = p->study.node[p->leaver];
    bool        opened, agrees = p->leaving == SUND_LEAVES_FREE;

    SUND_TRY(sund_db_run(p->node->db, err, "INSERT OR IGNORE INTO departed(study, node, agrees) VALUES(?,?,?)", "bti", p->name.b, sizeof p->name.b, who, (int64_t) agrees));
    if (sund_db_changes(p->node->db) == 0)
        return SUND_OK;
    SUND_TRY(sund_leaving_opened(p->node->db, &p->name, &opened, err));
    return sund_ledger_add(p->node->db, "left", sund_digest_hex(&p->name).s, err, "%s left the study for good; totals opened with it: %u; the same question without %s: %s", who, p->n_opened, who,
                           agrees    ? "it agrees, and each node that is left can then compute its own sums by subtraction"
                           : !opened ? "nothing of it can be computed from what was opened here"
                                     : "refused here by rule one-roster, for its own sums could be computed by subtraction");
}

sund_code sund_party_departed(sund_party *p, sund_err *err)
{
    SUND_TRY(sund_db_part(p->node->db, err));
    return sund_db_part_end(p->node->db, true, note_departed(p, err), err);
}

void sund_party_leaves(sund_party *p, const sund_standing *s)
{
    p->saying = s->verdict == SUND_LEAVE_FREE && sund_leaving_may_agree(p->node->db, p->node->roster, &p->name, NULL) == SUND_OK ? SUND_LEAVES_FREE : SUND_LEAVES;
    sund_party_fault(p, "left for good: %s; %s", s->reason,
                     p->saying == SUND_LEAVES_FREE ? "it agrees that the others ask the same again without it" : "where totals were opened the same is not to be asked again without it");
}
