#include "study/submit.h"

#include "gate/leave.h"
#include "gate/ledger.h"
#include "study/study.h"
#include "token/login.h"

#include <stdlib.h>
#include <string.h>

bool sund_submits(unsigned kind) { return kind == SUND_MSG_SUBMIT || kind == SUND_MSG_SUBMIT_LOGIN; }

sund_code sund_submit_read(unsigned kind, sund_cur body, sund_submit *out, sund_err *err)
{
    memset(out, 0, sizeof *out);
    out->login = kind == SUND_MSG_SUBMIT_LOGIN;
    out->text = body;
    if (out->login) {
        out->text = sund_cur_blob(&body, SUND_STUDY_MAX_BYTES);
        (void) sund_cur_copy(&body, out->key.b, sizeof out->key.b);
        SUND_TRY(sund_cur_ok(&body, "a study with a login", err));
        out->tokens = body;
    }
    if (out->text.n > SUND_STUDY_MAX_BYTES || out->tokens.n > SUND_LOGIN_MAX)
        return sund_fail(err, SUND_E_LIMIT, "a study has at most %d bytes, and a login %d", SUND_STUDY_MAX_BYTES, SUND_LOGIN_MAX);
    return SUND_OK;
}

void sund_submit_write(const void *text, size_t n, const sund_pub *key, sund_cur tokens, sund_buf *out)
{
    sund_buf_blob(out, text, n);
    sund_buf_put(out, key->b, sizeof key->b);
    sund_buf_put(out, tokens.p, tokens.n);
}

/** The key that signed. */
static sund_code check_signer(const sund_roster *roster, const sund_envelope *e, sund_submit *s, sund_err *err)
{
    const sund_member *m = sund_roster_find(roster, e->from, SUND_ROLE_RESEARCHER);
    char               own[SUND_ID_MAX + 1];

    if (!s->login) {
        SUND_TRY(sund_envelope_check(e, roster, 1u << SUND_ROLE_RESEARCHER, err));
        s->key = m->sign;
        return SUND_OK;
    }
    sund_id_of_key(&s->key, own);
    if (strcmp(e->from, own) != 0 && !(m && memcmp(m->sign.b, s->key.b, sizeof s->key.b) == 0))
        return sund_fail(err, SUND_E_DENIED, "%s is not the name of the key that its login is bound to", e->from);
    return sund_envelope_check_key(e, &s->key, err);
}

sund_code sund_submit_check(const sund_roster *roster, const sund_digest *study, const sund_envelope *e, sund_cur body, sund_submit *out, sund_err *err)
{
    sund_digest got = sund_digest_of(body.p, body.n), text;

    if (!sund_submits(e->kind))
        return sund_fail(err, SUND_E_DENIED, "the study's log does not begin with the study");
    if (!sund_digest_eq(&got, &e->body) || e->n_body != body.n)
        return sund_fail(err, SUND_E_DENIED, "the body of a message of %s was altered", e->from);
    SUND_TRY(sund_submit_read(e->kind, body, out, err));
    SUND_TRY(check_signer(roster, e, out, err));
    text = sund_digest_of(out->text.p, out->text.n);
    if (!sund_digest_eq(&text, study) || !sund_digest_eq(&e->about, study))
        return sund_fail(err, SUND_E_DENIED, "the study's text is not the one its name stands for");
    return SUND_OK;
}

sund_code sund_submit_note(sund_db *db, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_study *s = calloc(1, sizeof *s);
    sund_buf    nodes = { 0 };
    sund_submit m;
    sund_code   rc = s ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK)
        rc = sund_submit_read(e->kind, body, &m, err);
    if (rc == SUND_OK && sund_study_parse(s, "study", m.text.p, m.text.n, NULL) != SUND_OK)
        rc = sund_ledger_add(db, "asked", sund_digest_hex(&e->about).s, err, "%s sent a text that is no study", e->from);
    else if (rc == SUND_OK) {
        for (size_t i = 0; i < s->n_node; i++)
            sund_buf_printf(&nodes, "%s%s", i ? ", " : "", s->node[i]);
        sund_buf_nul(&nodes);
        rc = sund_buf_ok(&nodes, err);
        if (rc == SUND_OK)
            rc = sund_ledger_add(db, "asked", sund_digest_hex(&e->about).s, err, "%s asks: %s; for the purpose %s, analysis %s, of %s", e->from, s->title, s->purpose, s->analysis, (const char *) nodes.p);
    }
    sund_buf_free(&nodes);
    free(s);
    return rc;
}
