#include "study/party_priv.h"

#include "base/log.h"
#include "base/text.h"
#include "gate/ledger.h"
#include "study/submit.h"
#include "token/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A study comes to a node: whose it is, by the roster or by a login that this node verifies itself.
 */

enum { REFUSED_A_DAY = 100 };

/** Refused studies are kept, for their researcher is to hear why (party_decide.c); but not any number of them, for a
 * hub could fill the disk with such. */
static sund_code room_to_refuse(const sund_party_node *node, const sund_digest *study, const char *refusal, sund_err *err)
{
    int64_t n = 0;

    SUND_TRY(
        sund_db_i64(node->db, &n, 0, err, "SELECT COUNT(*) FROM login WHERE refusal<>'' AND verified>?", "i", (int64_t) (sund_time_us() / 1000000) - 86400));
    return n < REFUSED_A_DAY ? SUND_OK
                             : sund_fail(err, SUND_E_LIMIT, "study %.12s: %.200s; more than %d of a day are not answered", sund_digest_hex(study).s, refusal, REFUSED_A_DAY);
}

static sund_code keep(const sund_party_node *node, const sund_digest *study, const sund_submit *s, const sund_login *l, const char *refusal, sund_err *err)
{
    sund_buf  visas = { 0 };
    char      at[32];
    sund_code rc = SUND_OK;

    sund_login_visas_text(l, &visas);
    sund_buf_nul(&visas);
    SUND_GO(sund_buf_ok(&visas, err));
    if (refusal[0])
        SUND_GO(room_to_refuse(node, study, refusal, err));
    SUND_GO(sund_db_run(node->db, err,
                        "INSERT OR REPLACE INTO login(study, issuer, subject, until, verified, "
                        "visas, refusal) VALUES(?,?,?,?,?,?,?)",
                        "bttiitt", study->b, sizeof study->b, l->issuer, l->subject, l->until, (int64_t) (sund_time_us() / 1000000), (const char *) visas.p,
                        refusal));
    sund_login_time(l->until, at);
    if (refusal[0])
        rc = sund_ledger_add(node->db, "login", sund_digest_hex(study).s, err, "refused: %.400s", refusal);
    else if (s->login)
        rc = sund_ledger_add(node->db, "login", sund_digest_hex(study).s, err, "%.120s of %.200s until %s, key %.16s, visas that count: %zu", l->subject,
                             l->issuer, at, sund_login_nonce(&s->key).s, l->n_visa);
out:
    sund_buf_free(&visas);
    return rc;
}

/** Why this node refuses, "" for no reason. An error is of this machine, or of its list of issuers.
 */
static sund_code judge(const sund_party_node *node, const sund_submit *s, sund_login *l, char *refusal, size_t cap, sund_err *err)
{
    sund_trust t = { NULL, 0 };
    sund_err   why = { SUND_OK, "" };
    sund_code  rc = SUND_OK;

    refusal[0] = 0;
    if (s->login) {
        if (node->trust)
            SUND_TRY(sund_trust_read(&t, node->trust, err));
        rc = sund_login_verify(l, &t, node->db, &s->key, s->tokens, (int64_t) (sund_time_us() / 1000000), &why);
        sund_trust_free(&t);
    }
    if (rc == SUND_E_DENIED || rc == SUND_E_FORMAT || rc == SUND_E_LIMIT)
        (void) snprintf(refusal, cap, "the login: %.360s", why.msg);
    else if (rc != SUND_OK)
        return sund_fail(err, rc, "%s", why.msg);
    else if (node->visa && !sund_login_grants(l, node->visa))
        (void) snprintf(refusal, cap, "no visa: studies here need ControlledAccessGrants for %.200s%s", node->visa,
                        s->login ? "" : "; 'sund login' gets what you were granted");
    sund_text_clean(refusal);
    return SUND_OK;
}

sund_code sund_party_begins(const sund_party_node *node, const sund_digest *study, const sund_envelope *e, const void *body, size_t n_body, sund_err *err)
{
    sund_submit s;
    sund_login *l;
    char        refusal[SUND_REASON_MAX + 1];
    sund_code   rc;

    if (sund_submit_check(node->roster, study, e, sund_cur_of(body, n_body), &s, err) != SUND_OK)
        return sund_fail(err, SUND_E_DENIED, "the hub shows a study %.12s that no researcher signed", sund_digest_hex(study).s);
    if (!s.login && !node->visa)
        return SUND_OK;
    l = calloc(1, sizeof *l);
    if (!l)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(judge(node, &s, l, refusal, sizeof refusal, err));
    SUND_GO(sund_db_part(node->db, err));
    rc = sund_db_part_end(node->db, true, keep(node, study, &s, l, refusal, err), err);
out:
    free(l);
    return rc;
}
