#include "study/party_priv.h"

#include "study/submit.h"

#include <stdio.h>
#include <string.h>

/* What each message of a study's log means to one node. Every check here is made by every node, on the same log, so all come to the same end. */

static sund_code hear_submit(sund_party *p, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_submit s;
    int64_t     verified = 0;
    int         me;

    SUND_TRY(sund_submit_check(p->node->roster, &p->name, e, body, &s, err));
    if (s.login) /* verified as it came (sund_party_begins), not again when it is heard again */
        SUND_TRY(sund_db_i64(p->node->db, &verified, 0, err, "SELECT COUNT(*) FROM login WHERE study=?", "b", p->name.b, sizeof p->name.b));
    if (s.login && !verified)
        return sund_fail(err, SUND_E_DENIED, "the login with this study was not verified here");
    p->by_login = s.login;
    SUND_TRY(sund_study_parse(&p->study, "study", s.text.p, s.text.n, err));
    me = sund_study_node(&p->study, p->node->me->id);
    if (me < 0)
        return sund_fail(err, SUND_E_MISMATCH, "the study does not ask this node");
    p->me = (size_t) me;
    sund_buf_clear(&p->text);
    sund_buf_put(&p->text, s.text.p, s.text.n);
    return sund_buf_ok(&p->text, err);
}

/** Own session key comes back from its file when the own line is heard again after a restart. */
static sund_code load_key(sund_party *p, const sund_pub *said, sund_err *err)
{
    char     path[4096];
    sund_pub pub;

    if (p->rehearing)
        return SUND_OK;
    if (!p->has_key) {
        SUND_TRY(sund_party_key_path(p, path, sizeof path, err));
        if (sund_session_key_load(&p->key, path, NULL) != SUND_OK)
            return sund_fail(err, SUND_E_MISMATCH, "%s has lost its key of this study: was its home restored from a copy? Submit the study again", p->node->me->id);
        p->has_key = true;
    }
    pub = sund_dh_pub(&p->key.eph);
    if (memcmp(pub.b, said->b, sizeof pub.b) != 0)
        return sund_fail(err, SUND_E_MISMATCH, "%s holds another key than its line in this study names: was its home restored from a copy? Submit the study again",
                         p->node->me->id);
    return SUND_OK;
}

static bool strata_meet(const char *a, const char *b)
{
    while (*a) {
        size_t      n = strcspn(a, "|");
        const char *at = b;

        while (*at) {
            size_t m = strcspn(at, "|");
            if (m == n && memcmp(a, at, n) == 0)
                return true;
            at += m + (at[m] == '|');
        }
        a += n + (a[n] == '|');
    }
    return false;
}

/** All lines are in: do they fit together? */
static sund_code check_lines(sund_party *p, sund_thresholds *joined, sund_err *err)
{
    size_t n_with = 0;

    *joined = p->peer[0].line.thresholds;
    for (size_t i = 0; i < p->study.n_node; i++) {
        const sund_line *l = &p->peer[i].line, *first = &p->peer[0].line;

        if (strcmp(l->version, first->version) != 0)
            return sund_fail(err, SUND_E_MISMATCH, "%s runs program version %s, %s runs %s: all nodes need the same", p->study.node[0], first->version,
                             p->study.node[i], l->version);
        if (!sund_digest_eq(&l->roster, &first->roster))
            return sund_fail(err, SUND_E_MISMATCH, "%s and %s work with different rosters: 'sund roster show' at each, and install the latest", p->study.node[0], p->study.node[i]);
        if (strcmp(l->vars, first->vars) != 0)
            return sund_fail(err, SUND_E_MISMATCH, "%s and %s declare the study's variables differently: their data dictionaries, and the ontologies of the cohort's codes, must agree", p->study.node[0],
                             p->study.node[i]);
        for (size_t k = 0; p->study.strata_country && k < i; k++)
            if (strata_meet(p->peer[k].line.strata, l->strata))
                return sund_fail(err, SUND_E_MISMATCH, "%s and %s both have people of one country: a stratum must lie in one node, or ask with strata = none",
                                 p->study.node[k], p->study.node[i]);
        *joined = sund_thresholds_join(joined, &l->thresholds);
        n_with += l->has_people;
    }
    return sund_rule_parties(joined, n_with, p->study.n_node, err);
}

static void make_session(sund_party *p)
{
    sund_hasher h;

    sund_hasher_init(&h);
    sund_hasher_add(&h, p->name.b, sizeof p->name.b);
    memset(&p->session, 0, sizeof p->session);
    p->session.n_node = p->study.n_node;
    p->session.me = p->me;
    for (size_t i = 0; i < p->study.n_node; i++) {
        sund_hasher_add(&h, p->peer[i].line_head.b, sizeof p->peer[i].line_head.b);
        memcpy(p->session.node[i].id, p->study.node[i], sizeof p->session.node[i].id);
        p->session.node[i].eph = p->peer[i].line.eph;
    }
    p->session.digest = sund_hasher_end(&h);
}

/** A node that comes back with other genotypes, people or values than its line stood for says so and stops: half a study over each
 *  would be neither. */
static sund_code same_data(const sund_party *p, const sund_view *v, sund_err *err)
{
    sund_digest now = sund_view_digest(v), was;
    sund_rows  *rows = NULL;
    bool        more = false;
    sund_code   rc;

    SUND_TRY(sund_db_query(p->node->db, &rows, err, "SELECT pinned FROM study WHERE digest=?", "b", p->name.b, sizeof p->name.b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK) {
        sund_cur c = more ? sund_rows_blob(rows, 0) : sund_cur_of(NULL, 0);

        if (!sund_cur_copy(&c, was.b, sizeof was.b) || !sund_digest_eq(&now, &was))
            rc = sund_fail(err, SUND_E_MISMATCH, "the data of %s changed while the study ran: submit it again", p->node->me->id);
    }
    sund_rows_close(rows);
    return rc;
}

sund_code sund_party_still_same(sund_party *p, sund_err *err)
{
    sund_view *v = NULL;
    int64_t    version;
    sund_code  rc;

    SUND_TRY(sund_people_version(p->node->people, &version, err));
    if (version == p->people_version)
        return SUND_OK;
    SUND_TRY(sund_view_open(&v, p->node->store, p->node->people, &p->study, p->catalogue, sund_gate_thresholds(p->node->gate), err));
    rc = same_data(p, v, err);
    sund_view_close(v);
    if (rc == SUND_OK)
        p->people_version = version;
    return rc;
}

static sund_code establish(sund_party *p, sund_err *err)
{
    sund_thresholds joined;

    SUND_TRY(check_lines(p, &joined, err));
    SUND_TRY(sund_party_prepare(p, err));
    SUND_TRY(same_data(p, p->view, err));
    make_session(p);
    SUND_TRY(sund_engine_open(&p->engine, &(sund_engine_on){ &p->study, p->catalogue, &p->files, &p->view->plan, &joined, p->node->folder }, err));
    if (p->node->runner)
        SUND_TRY(p->node->runner(p->node->ctx, &p->engine, p->view, sund_cur_of(p->text.p, p->text.n), &p->engine.runner, err));
    p->state = SUND_PARTY_ROUNDS;
    p->slot = (sund_slot){ p->engine.round.index, 0, 0 };
    return SUND_OK;
}

static sund_code hear_line(sund_party *p, size_t from, const sund_envelope *e, sund_cur body, sund_err *err)
{
    party_peer *x = &p->peer[from];

    if (x->has_line || p->state > SUND_PARTY_LINES)
        return sund_fail(err, SUND_E_DENIED, "%s sent a second session line", p->study.node[from]);
    SUND_TRY(sund_line_read(body, &x->line, err));
    x->has_line = true;
    x->line_head = sund_envelope_digest(e);
    if (from == p->me) {
        p->state = SUND_PARTY_LINES;
        p->own = x->line.thresholds;
        if (x->line.approved)
            SUND_TRY(load_key(p, &x->line.eph, err));
    }
    if (!x->line.approved) { /* one refusal ends it, whatever the others would say */
        p->state = SUND_PARTY_REFUSED;
        (void) snprintf(p->detail, sizeof p->detail, "%s: %.300s", p->study.node[from], x->line.reason);
        return SUND_OK;
    }
    return sund_party_all(p, sund_peer_has_line) ? establish(p, err) : SUND_OK;
}

sund_code sund_party_own_digest(sund_party *p, sund_digest *out, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(p->node->db, &rows, err, "SELECT digest FROM sent WHERE study=? AND round=? AND chunk=? AND attempt=?", "biii", p->name.b,
                           sizeof p->name.b, (int64_t) p->slot.round, (int64_t) p->slot.chunk, (int64_t) p->slot.attempt));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK) {
        sund_cur d = more ? sund_rows_blob(rows, 0) : sund_cur_of(NULL, 0);
        if (!sund_cur_copy(&d, out->b, sizeof out->b) || d.n)
            rc = sund_fail(err, SUND_E_DENIED, "a total holds a vector that %s does not know to have sent: the hub made it up, or the node was restored from a copy",
                           p->node->me->id);
    }
    sund_rows_close(rows);
    return rc;
}

/** The list under a total is exactly the roster of the study, each header signed for this very place, the own one as it was sent. */
static sund_code check_heads(sund_party *p, const sund_total *t, sund_err *err)
{
    sund_mask_label label = sund_party_label(p);
    sund_digest     place = sund_label_digest(&p->session.digest, &label), own;

    if (t->n_head != p->study.n_node)
        return sund_fail(err, SUND_E_DENIED, "a total lists %zu vectors, the study has %zu nodes", t->n_head, p->study.n_node);
    for (size_t i = 0; i < t->n_head; i++) {
        const sund_envelope *h = &t->head[i];

        SUND_TRY(sund_envelope_check(h, p->node->roster, 1u << SUND_ROLE_NODE, err));
        if (strcmp(h->from, p->study.node[i]) != 0 || h->kind != SUND_MSG_MASKED || !sund_digest_eq(&h->about, &p->name) || !sund_digest_eq(&h->prev, &place))
            return sund_fail(err, SUND_E_DENIED, "a total lists a vector that is not %s's for this round, chunk and attempt", p->study.node[i]);
    }
    SUND_TRY(sund_party_own_digest(p, &own, err));
    if (!sund_digest_eq(&own, &t->head[p->me].body))
        return sund_fail(err, SUND_E_DENIED, "a total lists another vector of %s than the one it sent", p->node->me->id);
    for (size_t i = 0; i < t->n_head; i++)
        if (t->head[i].n_body != t->head[p->me].n_body)
            return sund_fail(err, SUND_E_MISMATCH, "%s and %s sent vectors of different sizes: one of them runs an altered program", p->study.node[i], p->node->me->id);
    if (12 + 8 + 8 * sund_vec_words(&t->sum) != t->head[p->me].n_body)
        return sund_fail(err, SUND_E_MISMATCH, "a total has another shape than the vectors under it: a node's vector could not be added, or the hub lies");
    return SUND_OK;
}

/** Of an attempt that died since: said before its sender heard of that. It means nothing. */
static bool dead_slot(const sund_party *p, const sund_slot *s) { return s->round == p->slot.round && s->chunk == p->slot.chunk && s->attempt < p->slot.attempt; }

static bool same_slot(const sund_slot *a, const sund_slot *b) { return a->round == b->round && a->chunk == b->chunk && a->attempt == b->attempt; }

static sund_code hear_total(sund_party *p, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_total t;
    sund_code  rc;

    SUND_TRY(sund_total_read(body, &t, err));
    if (p->state != SUND_PARTY_ROUNDS || p->has_total || !same_slot(&t.slot, &p->slot)) {
        sund_vec_free(&t.sum);
        return sund_fail(err, SUND_E_DENIED, "the hub sent a total that is not of the chunk being summed");
    }
    rc = check_heads(p, &t, err);
    if (rc != SUND_OK) {
        sund_vec_free(&t.sum);
        return rc;
    }
    p->total = t.sum;
    p->total_digest = e->body;
    p->has_total = true;
    return SUND_OK;
}

/** All have signed: is the total the sum of what they sent? Before anyone opens it. */
static sund_code check_addition(sund_party *p, sund_err *err)
{
    sund_vec z = { 0, 0, NULL };
    bool     same;

    SUND_TRY(sund_check_sums(&p->total_digest, &p->total, &z, err));
    same = sund_vec_eq(&z, &p->check);
    sund_vec_free(&z);
    if (same)
        return SUND_OK;
    return sund_fail(err, SUND_E_MISMATCH, "the hub added wrongly: its total of round %s, chunk %u is not the sum of the vectors under it (or a node signed a false check sum); nothing of it was opened",
                     p->engine.round.name, p->slot.chunk);
}

static sund_code hear_sign_total(sund_party *p, size_t from, sund_cur body, sund_err *err)
{
    sund_slot   slot;
    sund_digest d;
    sund_vec    z = { 0, 0, NULL };
    sund_code   rc = SUND_OK;

    SUND_TRY(sund_sign_total_read(body, &slot, &d, &z, err));
    if (p->state == SUND_PARTY_ROUNDS && dead_slot(p, &slot))
        goto out;
    if (!p->has_total || !same_slot(&slot, &p->slot) || p->peer[from].signed_total) {
        rc = sund_fail(err, SUND_E_DENIED, "%s signed a total that is not of the chunk being summed", p->study.node[from]);
        goto out;
    }
    if (!sund_digest_eq(&d, &p->total_digest)) {
        rc = sund_fail(err, SUND_E_MISMATCH, "%s saw another total than %s in round %s, chunk %u: the hub told them different sums", p->study.node[from],
                       p->node->me->id, p->engine.round.name, slot.chunk);
        goto out;
    }
    if (!p->check.w)
        SUND_GO(sund_vec_new(&p->check, p->total.n64 ? SUND_CHECK_SUMS : 0,
                             p->total.n128 ? SUND_CHECK_SUMS : 0, err));
    if (sund_vec_add(&p->check, &z, NULL) != SUND_OK) {
        rc = sund_fail(err, SUND_E_DENIED, "%s signed a total without the sums that check it",
                       p->study.node[from]);
        goto out;
    }
    p->peer[from].signed_total = true;
    rc = sund_party_all(p, sund_peer_signed_total) ? check_addition(p, err) : SUND_OK;
out:
    sund_vec_free(&z);
    return rc;
}

void sund_party_clear_slot(sund_party *p)
{
    sund_vec_free(&p->total);
    sund_vec_free(&p->check);
    sund_masked_free(p->masked);
    p->masked = NULL;
    sund_wipe(p->open_key, sizeof p->open_key);
}

static void next_slot(sund_party *p)
{
    sund_party_clear_slot(p);
    p->has_total = false;
    p->said_masked = false;
    p->own_waits = false;
    for (size_t i = 0; i < p->study.n_node; i++)
        p->peer[i].signed_total = p->peer[i].opened = false;
}

/** What identifies the run in the provenance; the same at every node. */
static sund_code run_facts(sund_party *p, sund_buf *out, sund_err *err)
{
    sund_hasher seen = p->transcript;
    sund_digest d = sund_hasher_end(&seen);

    sund_buf_printf(out, "\"run\": \"federated\", \"session\": \"%s\", \"transcript\": \"%s\", \"nodes\": {", sund_digest_hex(&p->session.digest).s,
                    sund_digest_hex(&d).s);
    for (size_t i = 0; i < p->study.n_node; i++)
        sund_buf_printf(out, "%s\"%s\": \"%s\"", i ? ", " : "", p->study.node[i], sund_digest_hex(&p->peer[i].line.release).s);
    sund_buf_printf(out, "}");
    sund_buf_nul(out);
    return sund_buf_ok(out, err);
}

/** Chains what opened this total to what opened those before it. */
static void note_opened(sund_party *p)
{
    sund_hasher h;

    sund_hasher_init(&h);
    sund_hasher_add(&h, p->opened.b, sizeof p->opened.b);
    sund_hasher_add(&h, p->total_digest.b, sizeof p->total_digest.b);
    sund_hasher_add(&h, p->open_key, p->study.n_node * sizeof *p->open_key);
    p->opened = sund_hasher_end(&h);
    sund_wipe(&h, sizeof h);
}

/** All own masks are known: the total is opened, in memory only, and the engine goes on. */
static sund_code open_total(sund_party *p, sund_err *err)
{
    sund_buf  facts = { 0 };
    sund_code rc;

    note_opened(p);
    p->n_opened++;
    SUND_TRY(sund_mask_open(&p->session, p->open_key, &p->total, err));
    SUND_TRY(sund_engine_absorb(&p->engine, &p->total, err));
    next_slot(p);
    if (!p->engine.done) {
        p->slot = (sund_slot){ p->engine.round.index, p->engine.chunk, 0 };
        return SUND_OK;
    }
    p->state = SUND_PARTY_RELEASE;
    rc = run_facts(p, &facts, err);
    if (rc == SUND_OK)
        rc = sund_engine_finish(&p->engine, (const char *) facts.p, &p->release, err);
    sund_buf_free(&facts);
    return rc;
}

static sund_code hear_open(sund_party *p, size_t from, sund_cur body, sund_err *err)
{
    sund_slot slot;

    sund_slot_read(&body, &slot);
    SUND_TRY(sund_cur_ok(&body, "an opening", err));
    if (!p->has_total || !same_slot(&slot, &p->slot) || !sund_party_all(p, sund_peer_signed_total) || p->peer[from].opened)
        return sund_fail(err, SUND_E_DENIED, "%s opened a chunk before all had signed its total", p->study.node[from]);
    SUND_TRY(sund_mask_unseal_peer(&p->session, &p->key, body, &p->open_key[from], err));
    p->peer[from].opened = true;
    return sund_party_all(p, sund_peer_opened) ? open_total(p, err) : SUND_OK;
}

static sund_code hear_retry(sund_party *p, size_t from, sund_cur body, sund_err *err)
{
    sund_slot slot;
    char      reason[SUND_REASON_MAX + 1];

    SUND_TRY(sund_reason_read(body, &slot, reason, err));
    if (slot.attempt > SUND_ATTEMPT_MAX)
        return sund_fail(err, SUND_E_DENIED, "%s asked for more than %d attempts at one chunk", p->study.node[from], SUND_ATTEMPT_MAX);
    if (p->state != SUND_PARTY_ROUNDS || p->peer[from].signed_total || slot.round != p->slot.round || slot.chunk != p->slot.chunk ||
        slot.attempt != p->slot.attempt + 1)
        return sund_fail(err, SUND_E_DENIED, "%s asked for a new attempt that cannot be", p->study.node[from]);
    next_slot(p);
    p->slot = slot;
    p->said = false; /* of two that ask for the same attempt the hub keeps one; what else was said is of the dead attempt */
    return SUND_OK;
}

static sund_code hear_propose(sund_party *p, size_t from, sund_cur body, sund_err *err)
{
    sund_err  why = { SUND_OK, "" };
    sund_code rc;

    if (p->state != SUND_PARTY_RELEASE || from != sund_party_proposer(p) || p->has_proposal || !sund_party_all(p, sund_peer_signed_release) || sund_party_agreed(p))
        return sund_fail(err, SUND_E_DENIED, "%s proposed a result out of turn", p->study.node[from]);
    rc = p->proposal ? sund_proposal_piece(p->proposal, body, &why) : sund_proposal_open(&p->proposal, p->release, &p->session, &p->key, body, &why);
    if (rc == SUND_OK && sund_proposal_next(p->proposal))
        return SUND_OK;
    if (rc == SUND_OK)
        rc = sund_proposal_take(p->proposal, &p->release, &why);
    if (rc == SUND_E_IO || rc == SUND_E_NOMEM)
        return sund_fail(err, rc, "%s", why.msg);
    if (rc != SUND_OK)
        return sund_fail(err, SUND_E_MISMATCH, "the result that %s proposes differs from the one %s computed: %.300s", p->study.node[from], p->node->me->id, why.msg);
    p->has_proposal = true;
    sund_proposal_free(p->proposal);
    p->proposal = NULL;
    for (size_t i = 0; i < p->study.n_node; i++)
        p->peer[i].signed_release = false; /* all sign the proposer's bytes */
    return SUND_OK;
}

static sund_code hear_sign_release(sund_party *p, size_t from, sund_cur body, sund_err *err)
{
    sund_slot   slot;
    sund_digest d, own;

    SUND_TRY(sund_signed_read(body, &slot, &d, err));
    if (p->state != SUND_PARTY_RELEASE || p->peer[from].signed_release || slot.attempt != p->has_proposal)
        return sund_fail(err, SUND_E_DENIED, "%s signed a result out of turn", p->study.node[from]);
    own = sund_release_digest(p->release);
    if (p->has_proposal && !sund_digest_eq(&d, &own))
        return sund_fail(err, SUND_E_MISMATCH, "%s signed another result than %s computed: one of them runs an altered program or data", p->study.node[from],
                         p->node->me->id);
    p->peer[from].release = d;
    p->peer[from].signed_release = true;
    return SUND_OK;
}

/** Of a part the log has the header alone, and the digest in it must be that of this node's own. */
static sund_code hear_part(sund_party *p, size_t from, const sund_envelope *e, sund_err *err)
{
    sund_result m;
    sund_digest   own;
    size_t        n;

    if (p->state != SUND_PARTY_RELEASE || !sund_party_agreed(p))
        return sund_fail(err, SUND_E_DENIED, "%s gave out a part of a result before all had signed it", p->study.node[from]);
    SUND_TRY(sund_result_read(sund_release_manifest(p->release), &m, err));
    if (p->n_part == m.n_part)
        return sund_fail(err, SUND_E_DENIED, "%s gave out more parts than the result has", p->study.node[from]);
    own = sund_result_part(&m, p->n_part, &n);
    if (!sund_digest_eq(&e->body, &own))
        return sund_fail(err, SUND_E_MISMATCH, "%s released other bytes than all nodes signed", p->study.node[from]);
    p->n_part++;
    return SUND_OK;
}

static sund_code hear_release(sund_party *p, size_t from, const sund_envelope *e, sund_err *err)
{
    sund_digest own;

    if (p->state != SUND_PARTY_RELEASE || !sund_party_agreed(p)) /* whoever hands them over: all have signed these bytes */
        return sund_fail(err, SUND_E_DENIED, "%s released a result before all had signed it", p->study.node[from]);
    own = sund_release_digest(p->release);
    if (!sund_digest_eq(&e->body, &own))
        return sund_fail(err, SUND_E_MISMATCH, "%s released other bytes than all nodes signed", p->study.node[from]);
    p->state = SUND_PARTY_RELEASED;
    (void) snprintf(p->detail, sizeof p->detail, "%zu rows, digest %.16s", sund_release_rows(p->release), sund_digest_hex(&own).s);
    return SUND_OK;
}

static sund_code hear_stop(sund_party *p, size_t from, sund_cur body, sund_err *err)
{
    char reason[SUND_REASON_MAX + 1];

    SUND_TRY(sund_stop_read(body, &p->leaving, reason, err));
    p->leaver = from;
    p->state = SUND_PARTY_STOPPED;
    (void) snprintf(p->detail, sizeof p->detail, "stopped by %s: %.340s", p->study.node[from], reason);
    return SUND_OK;
}

/** Sender is a node of the study, and this header follows its last one in the log - but for STOP: nothing comes after it, and who
 *  says it may not have heard all of its own log again. */
static sund_code check_sender(sund_party *p, const sund_envelope *e, size_t *from, sund_err *err)
{
    int at = sund_study_node(&p->study, e->from);

    if (at < 0)
        return sund_fail(err, SUND_E_DENIED, "a message of %s is not of this study", e->from);
    if (e->kind != SUND_MSG_STOP && !sund_digest_eq(&e->prev, &p->peer[at].last))
        return sund_fail(err, SUND_E_DENIED, "a message of %s does not follow its last one: the hub left one out or put it elsewhere", e->from);
    p->peer[at].last = sund_envelope_digest(e);
    *from = (size_t) at;
    return SUND_OK;
}

sund_code sund_party_hear(sund_party *p, const sund_envelope *e, sund_cur body, sund_err *err)
{
    size_t from = 0;

    if (p->n_fed == 0)
        return hear_submit(p, e, body, err);
    if (p->study.n_node == 0)
        return sund_fail(err, SUND_E_DENIED, "the study's text was refused");
    if (e->kind == SUND_MSG_TOTAL)
        return hear_total(p, e, body, err);
    SUND_TRY(check_sender(p, e, &from, err));
    if (from == p->me)
        p->said = false;
    switch (e->kind) {
    case SUND_MSG_LINE: return hear_line(p, from, e, body, err);
    case SUND_MSG_SIGN_TOTAL: return hear_sign_total(p, from, body, err);
    case SUND_MSG_OPEN: return hear_open(p, from, body, err);
    case SUND_MSG_RETRY: return hear_retry(p, from, body, err);
    case SUND_MSG_PROPOSE: return hear_propose(p, from, body, err);
    case SUND_MSG_SIGN_RELEASE: return hear_sign_release(p, from, body, err);
    case SUND_MSG_PART: return hear_part(p, from, e, err);
    case SUND_MSG_RELEASE: return hear_release(p, from, e, err);
    case SUND_MSG_STOP: return hear_stop(p, from, body, err);
    default: return sund_fail(err, SUND_E_DENIED, "a message of kind %u does not belong into a study's log", e->kind);
    }
}
