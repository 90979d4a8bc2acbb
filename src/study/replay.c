#include "study/replay.h"

#include "base/file.h"
#include "gate/ledger.h"
#include "study/party_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *sund_replay_verdict_name(sund_replay_verdict v)
{
    static const char *const name[] = { "same", "differs", "not replayable, digests kept" };

    return name[v];
}

sund_code sund_replay_key(const char *key_dir, bool make, sund_key *out, sund_err *err)
{
    char      path[4096];
    sund_buf  b = { 0 };
    sund_code rc;

    SUND_TRY(sund_path_join(path, sizeof path, key_dir, "replay.key", err));
    if (!sund_file_exists(path)) {
        if (!make)
            return sund_fail(err, SUND_E_NOT_FOUND, "%s is not there: nothing can be held against what the log committed to", path);
        sund_random(out, sizeof *out);
        return sund_file_write(path, out, sizeof *out, 0600, err);
    }
    rc = sund_file_private(path, err);
    if (rc == SUND_OK)
        rc = sund_file_read(path, sizeof *out, &b, err);
    if (rc == SUND_OK && b.n != sizeof *out)
        rc = sund_fail(err, SUND_E_FORMAT, "%s is not a replay key", path);
    if (rc == SUND_OK)
        memcpy(out, b.p, sizeof *out);
    if (b.p)
        sund_wipe(b.p, b.n);
    sund_buf_free(&b);
    return rc;
}

static sund_key derive(const sund_key *k, const char what[6], const sund_digest *study, const sund_slot *slot)
{
    struct { char what[6]; uint8_t study[32]; uint8_t slot[12]; } in;
    const uint32_t n[3] = { slot->round, slot->chunk, slot->attempt };
    sund_digest    d;
    sund_key       out;

    memcpy(in.what, what, sizeof in.what);
    memcpy(in.study, study->b, sizeof in.study);
    for (unsigned i = 0; i < sizeof in.slot; i++)
        in.slot[i] = (uint8_t) (n[i / 4] >> (8 * (i % 4)));
    d = sund_digest_keyed(k, &in, sizeof in);
    memcpy(out.b, d.b, sizeof out.b);
    sund_wipe(&d, sizeof d);
    return out;
}

sund_digest sund_replay_commit(const sund_key *k, const sund_digest *study, const sund_slot *slot, const sund_vec *x)
{
    sund_key    key = derive(k, "commit", study, slot);
    sund_digest d = sund_vec_digest(&key, x);

    sund_wipe(&key, sizeof key);
    return d;
}

static const sund_slot none = { 0, 0, 0 };

sund_code sund_replay_keep(const sund_party_node *node, const sund_digest *study, const sund_session_key *key, sund_err *err)
{
    uint8_t   locked[sizeof *key + 16];
    sund_key  k, once;
    sund_code rc;

    SUND_TRY(sund_replay_key(node->key_dir, true, &k, err));
    once = derive(&k, "lock  ", study, &none); /* for this study's secrets alone */
    sund_lock(&once, key, sizeof *key, locked);
    rc = sund_db_run(node->db, err, "INSERT OR REPLACE INTO replay(study, secrets) VALUES(?,?)", "bb", study->b, sizeof study->b, locked, sizeof locked);
    sund_wipe(&k, sizeof k);
    sund_wipe(&once, sizeof once);
    return rc;
}

/** *there false: they were not kept. */
static sund_code kept_secrets(const sund_party_node *node, const sund_key *k, const sund_digest *study, sund_session_key *key, bool *there, sund_err *err)
{
    sund_key   once = derive(k, "lock  ", study, &none);
    sund_rows *rows = NULL;
    sund_code  rc;

    SUND_TRY(sund_db_query(node->db, &rows, err, "SELECT secrets FROM replay WHERE study=?", "b", study->b, sizeof study->b));
    rc = sund_rows_next(rows, there, err);
    if (rc == SUND_OK && *there) {
        sund_cur c = sund_rows_blob(rows, 0);

        rc = c.n == sizeof *key + 16 ? sund_unlock(&once, c.p, c.n, (uint8_t *) key, err) : sund_fail(err, SUND_E_FORMAT, "the study's kept secrets are damaged");
    }
    sund_rows_close(rows);
    sund_wipe(&once, sizeof once);
    return rc;
}

/* ---- what the log committed to ---- */

typedef struct listing { sund_replay *out; char study[13]; } listing;

static sund_code list_one(void *ctx, const sund_ledger_entry *e, sund_err *err)
{
    listing          *l = ctx;
    sund_replay_line *more, x = { .verdict = SUND_REPLAY_KEPT };
    char              hex[65];

    if (strcmp(e->kind, "masked") != 0 || strcmp(e->study, l->study) != 0 ||
        sscanf(e->text, "left: round %u, chunk %u, attempt %u, commitment %64[0-9a-f],", &x.slot.round, &x.slot.chunk, &x.slot.attempt, hex) != 4 ||
        !sund_unhex(hex, x.commitment.b, sizeof x.commitment.b))
        return SUND_OK;
    more = realloc(l->out->line, (l->out->n_line + 1) * sizeof *more);
    if (!more)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    l->out->line = more;
    more[l->out->n_line++] = x;
    return SUND_OK;
}

/* ---- hearing it again ---- */

typedef struct hearing {
    const sund_key *k;
    sund_replay    *out;
    bool            whole;   /* later rounds too */
    bool            stopped; /* the first round was all there is to compute */
} hearing;

static void judge(sund_replay_line *l, bool same) { l->verdict = !same ? SUND_REPLAY_DIFFERS : l->verdict == SUND_REPLAY_KEPT ? SUND_REPLAY_SAME : l->verdict; }

/** Holds the own vector of a chunk against all that the log says of it. */
static sund_code hold(hearing *h, sund_party *p, uint32_t chunk, sund_err *err)
{
    sund_vec  x = { 0, 0, NULL };
    sund_code rc = sund_engine_compute(&p->engine, p->view, chunk, p->node->n_thread, &x, err);

    for (size_t i = 0; rc == SUND_OK && i < h->out->n_line; i++) {
        sund_replay_line *l = &h->out->line[i];
        sund_digest       d;

        if (l->slot.round != p->engine.round.index || l->slot.chunk != chunk)
            continue;
        d = sund_replay_commit(h->k, &p->name, &l->slot, &x);
        judge(l, sund_digest_eq(&d, &l->commitment));
    }
    sund_vec_free(&x);
    return rc;
}

/** The masked bytes, as the total's header names them. */
static sund_code hold_masked(hearing *h, sund_party *p, sund_err *err)
{
    sund_mask_label label = sund_party_label(p);
    sund_vec        x = { 0, 0, NULL };
    sund_masked    *y = NULL;
    sund_digest     was = { { 0 } }, d;
    sund_code       rc;

    SUND_GO(sund_party_own_digest(p, &was, err));
    SUND_GO(sund_engine_compute(&p->engine, p->view, p->engine.chunk, p->node->n_thread, &x, err));
    SUND_GO(sund_mask(&y, &p->session, &p->key, &label, &x, err));
    d = sund_masked_digest(y);
    for (size_t i = 0; i < h->out->n_line; i++)
        if (memcmp(&h->out->line[i].slot, &p->slot, sizeof p->slot) == 0)
            judge(&h->out->line[i], sund_digest_eq(&d, &was));
out:
    sund_vec_free(&x);
    sund_masked_free(y);
    return rc;
}

static sund_code before_message(void *ctx, sund_party *p, const sund_envelope *e, sund_err *err)
{
    hearing *h = ctx;

    if (p->fault[0])
        return sund_fail(err, SUND_E_MISMATCH, "the stored transcript cannot be heard again: %.300s", p->fault);
    if (p->state == SUND_PARTY_ROUNDS && !h->whole) {
        for (uint32_t c = 0; c < p->engine.round.n_chunk; c++)
            SUND_TRY(hold(h, p, c, err));
        h->stopped = true;
        return SUND_E_NOT_FOUND;
    }
    if (p->state == SUND_PARTY_ROUNDS && e->kind == SUND_MSG_TOTAL) {
        SUND_TRY(hold(h, p, p->engine.chunk, err));
        return hold_masked(h, p, err);
    }
    return SUND_OK;
}

/** The released bytes of a study. */
static sund_code same_release(const sund_party_node *node, const sund_party *p, sund_replay *out, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(node->db, &rows, err, "SELECT release FROM study WHERE digest=? AND release IS NOT NULL", "b", p->name.b, sizeof p->name.b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more) {
        sund_cur    c = sund_rows_blob(rows, 0);
        sund_digest was = sund_digest_of(c.p, c.n), now; /* of the manifest */

        if (p->release)
            now = sund_release_digest(p->release);
        out->release = p->release && sund_digest_eq(&was, &now) ? SUND_REPLAY_SAME : SUND_REPLAY_DIFFERS;
    }
    sund_rows_close(rows);
    return rc;
}

static sund_code hear_again(const sund_party_node *node, const sund_digest *study, const sund_key *k, sund_replay *out, sund_err *err)
{
    sund_party_node seat = *node;
    sund_party     *p = calloc(1, sizeof *p);
    hearing         h = { k, out, false, false };
    sund_code       rc;

    if (!p)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    seat.runner = NULL;
    p->node = &seat;
    p->name = *study;
    p->rehearing = true;
    p->own = *sund_gate_thresholds(node->gate);
    sund_hasher_init(&p->transcript);
    SUND_GO(kept_secrets(node, k, study, &p->key, &h.whole, err));
    rc = sund_party_rehear(p, before_message, &h, err);
    if (h.stopped)
        rc = SUND_OK;
    if (rc == SUND_OK && p->fault[0])
        rc = sund_fail(err, SUND_E_MISMATCH, "the stored transcript cannot be heard again: %.300s", p->fault);
    if (rc == SUND_OK && h.whole)
        rc = same_release(node, p, out, err);
    if (h.stopped)
        (void) snprintf(out->why, sizeof out->why, "later rounds follow from totals, which this node did not keep (replay = forget)");
out:
    sund_party_close(p);
    return rc;
}

/* ---- on the data of then ---- */

/** Whether the data that the study's line stood for are these. */
static sund_code pinned(const sund_party_node *node, const sund_digest *study, bool *same, sund_err *err)
{
    sund_party  p = { .node = node, .name = *study, .rehearing = true, .own = *sund_gate_thresholds(node->gate) };
    sund_buf    text = { 0 };
    sund_rows  *rows = NULL;
    sund_envelope e;
    bool        more = false;
    sund_code   rc;

    *same = false;
    SUND_GO(sund_party_submitted(node->db, node->roster, study, &e, &text, NULL, err));
    SUND_GO(sund_study_parse(&p.study, "study", text.p, text.n, err));
    SUND_GO(sund_party_prepare(&p, err));
    SUND_GO(sund_db_query(node->db, &rows, err, "SELECT pinned FROM study WHERE digest=?", "b", study->b, sizeof study->b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more) {
        sund_cur    c = sund_rows_blob(rows, 0);
        sund_digest now = sund_view_digest(p.view), was;

        *same = sund_cur_copy(&c, was.b, sizeof was.b) && sund_digest_eq(&now, &was);
    }
out:
    sund_rows_close(rows);
    sund_buf_free(&text);
    sund_view_close(p.view);
    sund_catalogue_free(p.catalogue);
    sund_files_free(&p.files);
    return rc;
}

/** When this node said its line: numbers are times. */
static sund_code line_time(const sund_party_node *node, const sund_digest *study, char out[40], sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    out[0] = 0;
    SUND_TRY(sund_db_query(node->db, &rows, err, "SELECT head FROM message WHERE study=? ORDER BY idx", "b", study->b, sizeof study->b));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more && !out[0]) {
        sund_cur      c = sund_rows_blob(rows, 0);
        sund_envelope e;
        struct tm     tm;
        time_t        s;
        size_t        n;

        if (sund_envelope_read(&c, UINT64_MAX, &e, NULL) != SUND_OK || e.kind != SUND_MSG_LINE || strcmp(e.from, node->me->id) != 0)
            continue;
        s = (time_t) (e.seq / 1000000);
        (void) gmtime_r(&s, &tm);
        n = strftime(out, 30, "%Y-%m-%dT%H:%M:%S", &tm);
        (void) snprintf(out + n, 40 - n, ".%03uZ", (unsigned) (e.seq / 1000 % 1000));
    }
    sund_rows_close(rows);
    return rc;
}

/** Sets the people to those of then. *able false: it cannot be computed again, out->why says why. */
static sund_code data_of_then(const sund_party_node *node, const sund_digest *study, const char *decision, sund_replay *out, bool *able, sund_err *err)
{
    char then[40], name[13];

    SUND_TRY(pinned(node, study, able, err));
    if (*able)
        return SUND_OK;
    SUND_TRY(line_time(node, study, then, err));
    SUND_TRY(sund_people_as_of(node->people, then, err));
    SUND_TRY(pinned(node, study, able, err));
    if (!*able) {
        (void) snprintf(out->why, sizeof out->why, "genotypes, people or values are not those of the study: compacted since, or imported again");
        return SUND_OK;
    }
    if (!decision)
        return sund_fail(err, SUND_E_DENIED, "people of this study withdrew since: to compute with them again needs the data access committee's decision; give it with --decision, it is logged");
    (void) snprintf(name, sizeof name, "%.12s", sund_digest_hex(study).s);
    out->with_withdrawn = true;
    return sund_ledger_add(node->db, "replay", name, err, "with people who withdrew since, by decision: %.300s", decision);
}

sund_code sund_replay_study(const sund_party_node *node, const sund_digest *study, sund_db *log, const char *decision, sund_replay *out, sund_err *err)
{
    listing     l = { out, "" };
    sund_key    k;
    uint64_t    n;
    int64_t     state = 0;
    bool        able = false;
    sund_code   rc;

    memset(out, 0, sizeof *out);
    out->release = SUND_REPLAY_KEPT;
    (void) snprintf(l.study, sizeof l.study, "%.12s", sund_digest_hex(study).s);
    SUND_TRY(sund_db_i64(node->db, &state, 0, err, "SELECT state FROM study WHERE digest=?", "b", study->b, sizeof study->b));
    if (state < SUND_PARTY_RELEASED)
        return sund_fail(err, SUND_E_NOT_FOUND, "study %s has not ended here", l.study);
    SUND_TRY(sund_ledger_verify(log, &n, NULL, err));
    SUND_TRY(sund_replay_key(node->key_dir, false, &k, err));
    SUND_GO(sund_ledger_each(log, list_one, &l, err));
    if (out->n_line)
        SUND_GO(data_of_then(node, study, decision, out, &able, err));
    else
        (void) snprintf(out->why, sizeof out->why, "this node said no vector in that study");
    if (able)
        SUND_GO(hear_again(node, study, &k, out, err));
    for (size_t i = 0; i < out->n_line; i++) {
        out->n_same += out->line[i].verdict == SUND_REPLAY_SAME;
        out->n_differs += out->line[i].verdict == SUND_REPLAY_DIFFERS;
        out->n_kept += out->line[i].verdict == SUND_REPLAY_KEPT;
    }
    rc = sund_ledger_add(node->db, "replay", l.study, err, "%zu vectors the same, %zu differ, %zu not replayable", out->n_same, out->n_differs, out->n_kept);
out:
    sund_wipe(&k, sizeof k);
    if (sund_people_as_of(node->people, NULL, NULL) != SUND_OK && rc == SUND_OK)
        rc = sund_fail(err, SUND_E_IO, "the people of today cannot be set again");
    if (rc != SUND_OK)
        sund_replay_free(out);
    return rc;
}

void sund_replay_free(sund_replay *r)
{
    free(r->line);
    memset(r, 0, sizeof *r);
}
