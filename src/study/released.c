#include "study/released.h"

#include "study/messages.h"

#include <stdlib.h>
#include <string.h>

enum { SIGNED = 12 + 32 };

/** A node's word that this manifest is the result: whose it is, or -1. */
static int signer(const sund_roster *roster, const sund_study *s, const sund_digest *study, const sund_digest *manifest, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_slot   slot;
    sund_digest d = sund_digest_of(body.p, body.n);

    if (e->kind != SUND_MSG_SIGN_RELEASE || !sund_digest_eq(&e->about, study) || !sund_digest_eq(&e->body, &d) || e->n_body != body.n || sund_signed_read(body, &slot, &d, err) != SUND_OK ||
        !sund_digest_eq(&d, manifest) || sund_envelope_check(e, roster, 1u << SUND_ROLE_NODE, err) != SUND_OK)
        return -1;
    return sund_study_node(s, e->from);
}

static sund_code check_signatures(const sund_roster *roster, const sund_study *s, const sund_digest *study, const sund_digest *manifest, sund_cur words, sund_err *err)
{
    bool     has[SUND_NODE_MAX] = { false };
    sund_err why = { SUND_OK, "" };

    while (words.n) {
        sund_envelope e;
        sund_cur      body;
        int           at;

        SUND_TRY(sund_envelope_read(&words, SIGNED, &e, err));
        body = sund_cur_of(sund_cur_bytes(&words, SIGNED), SIGNED);
        SUND_TRY(sund_cur_ok(&words, "the nodes' signatures", err));
        at = signer(roster, s, study, manifest, &e, body, &why);
        if (at >= 0)
            has[at] = true;
    }
    for (size_t i = 0; i < s->n_node; i++)
        if (!has[i])
            return sund_fail(err, SUND_E_DENIED, "%s has not signed the result that the hub gives, by the keys of this home's roster%s%s: what came is not kept", s->node[i], why.msg[0] ? "; " : "", why.msg);
    return SUND_OK;
}

sund_code sund_released_read(const sund_roster *roster, const sund_digest *study, sund_cur c, sund_released *out, sund_err *err)
{
    sund_study *s = calloc(1, sizeof *s);
    sund_cur    words;
    uint16_t    n;
    sund_digest d;
    sund_code   rc;

    if (!s)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    out->text = sund_cur_blob(&c, SUND_STUDY_MAX_BYTES);
    n = sund_cur_u16(&c);
    words = sund_cur_of(sund_cur_bytes(&c, (size_t) n * (SUND_ENVELOPE_SIZE + SIGNED)), (size_t) n * (SUND_ENVELOPE_SIZE + SIGNED));
    SUND_GO(sund_cur_ok(&c, "the hub's answer", err));
    d = sund_digest_of(out->text.p, out->text.n);
    if (!sund_digest_eq(&d, study)) {
        rc = sund_fail(err, SUND_E_MISMATCH, "the hub gave the text of another study than the one it was asked for");
        goto out;
    }
    SUND_GO(sund_study_parse(s, "study", out->text.p, out->text.n, err));
    d = sund_digest_of(c.p, c.n);
    SUND_GO(check_signatures(roster, s, study, &d, words, err));
    rc = sund_result_read(c, &out->m, err);
out:
    free(s);
    return rc;
}
