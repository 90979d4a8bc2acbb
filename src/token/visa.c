#include "token/visa.h"

#include "base/file.h"
#include "base/ini.h"
#include "base/json.h"
#include "base/text.h"
#include "token/login.h"

#include <cjose/cjose.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sund_code broken(sund_err *err, const char *what) { return sund_fail(err, SUND_E_NOMEM, "visas: %s failed", what); }

sund_code sund_visa_keys_make(const char *home, const char *iss, const char *jku, sund_err *err)
{
    sund_buf     text = { 0 };
    uint8_t      id[16];
    char         path[2048], kid[33], *json = NULL;
    cjose_jwk_t *k = NULL;
    sund_code    rc;

    if (!sund_url_ok(iss) || !sund_url_ok(jku))
        return sund_fail(err, SUND_E_ARG, "issuer and address of its keys are https URLs of at most %d bytes", SUND_URL_MAX);
    SUND_TRY(sund_path_join(path, sizeof path, home, "visa.ini", err));
    if (sund_file_exists(path))
        return sund_fail(err, SUND_E_MISMATCH, "%s: there is a key already; visas that it signed hold until their end, so move the file away only when they have ended", path);
    sund_random(id, sizeof id);
    sund_hex(id, sizeof id, kid);
    k = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL);
    json = k ? cjose_jwk_to_json(k, true, NULL) : NULL;
    if (!json) {
        rc = broken(err, "making a key");
        goto out;
    }
    sund_buf_printf(&text, "[issuer]\niss = %s\njku = %s\nkid = %s\nkey = %s\n", iss, jku, kid, json);
    SUND_GO(sund_buf_ok(&text, err));
    rc = sund_file_write(path, text.p, text.n, 0600, err);
out:
    if (json)
        sund_wipe(json, strlen(json));
    free(json);
    if (text.p)
        sund_wipe(text.p, text.n);
    sund_buf_free(&text);
    (void) cjose_jwk_release(k);
    return rc;
}

static sund_code take(const sund_ini *ini, const char *key, char *out, size_t cap, sund_err *err)
{
    const char *v = sund_ini_get(ini, "issuer", key);

    if (!v || !*v || strlen(v) >= cap)
        return sund_fail(err, SUND_E_FORMAT, "%s: [issuer] %s: 'sund apply keys' writes this file", ini->name, key);
    memcpy(out, v, strlen(v) + 1);
    return SUND_OK;
}

sund_code sund_visa_keys_read(const char *home, sund_visa_issuer *out, sund_err *err)
{
    sund_ini  ini = { 0 };
    char      path[2048];
    sund_code rc;

    SUND_TRY(sund_path_join(path, sizeof path, home, "visa.ini", err));
    if (!sund_file_exists(path))
        return sund_fail(err, SUND_E_NOT_FOUND, "this node issues no visas: 'sund apply keys --issuer URL --jku URL' makes its key");
    SUND_TRY(sund_file_private(path, err));
    SUND_TRY(sund_ini_read(&ini, path, err));
    SUND_GO(take(&ini, "iss", out->iss, sizeof out->iss, err));
    SUND_GO(take(&ini, "jku", out->jku, sizeof out->jku, err));
    SUND_GO(take(&ini, "kid", out->kid, sizeof out->kid, err));
    rc = take(&ini, "key", out->key, sizeof out->key, err);
out:
    sund_ini_free(&ini);
    return rc;
}

sund_code sund_visa_keys_public(const sund_visa_issuer *i, sund_buf *out, sund_err *err)
{
    cjose_jwk_t *k = cjose_jwk_import(i->key, strlen(i->key), NULL);
    char        *json = k ? cjose_jwk_to_json(k, false, NULL) : NULL;

    if (json && json[0] == '{')
        sund_buf_printf(out, "{\"keys\": [{\"kid\": \"%s\", \"use\": \"sig\", \"alg\": \"ES256\", %s]}\n", i->kid, json + 1);
    free(json);
    (void) cjose_jwk_release(k);
    return json ? sund_buf_ok(out, err) : sund_fail(err, SUND_E_FORMAT, "visa.ini: [issuer] key is no JSON Web Key");
}

static void put_claims(const sund_visa_issuer *i, const sund_visa_grant *g, sund_buf *out)
{
    sund_json j;
    uint8_t   id[16];
    char      jti[33];

    sund_random(id, sizeof id);
    sund_hex(id, sizeof id, jti);
    sund_json_init(&j, out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "iss", i->iss);
    sund_json_str(&j, "sub", g->subject);
    sund_json_str(&j, "jti", jti);
    sund_json_i64(&j, "iat", g->issued);
    sund_json_i64(&j, "exp", g->until);
    sund_json_open(&j, "ga4gh_visa_v1", '{');
    sund_json_str(&j, "type", "ControlledAccessGrants");
    sund_json_i64(&j, "asserted", g->asserted);
    sund_json_str(&j, "value", g->value);
    sund_json_str(&j, "source", g->source);
    sund_json_str(&j, "by", "dac");
    sund_json_close(&j, '}');
    sund_json_close(&j, '}');
}

static bool text_fits(const char *s) { return s[0] && strlen(s) <= SUND_CLAIM_MAX && sund_text_ok(s); }

sund_code sund_visa_make(const sund_visa_issuer *i, const sund_visa_grant *g, sund_buf *out, sund_err *err)
{
    cjose_jwk_t    *k = NULL;
    cjose_header_t *head = NULL;
    cjose_jws_t    *jws = NULL;
    sund_buf        claims = { 0 };
    const char     *token = NULL;
    sund_code       rc = SUND_OK;

    if (!text_fits(g->subject) || !text_fits(g->value) || !text_fits(g->source))
        return sund_fail(err, SUND_E_ARG, "a visa's subject, value and source have 1 to %d bytes each", SUND_CLAIM_MAX);
    if (g->until <= g->issued || g->asserted > g->issued)
        return sund_fail(err, SUND_E_ARG, "a visa ends after it is issued, and is asserted before");
    put_claims(i, g, &claims);
    SUND_GO(sund_buf_ok(&claims, err));
    k = cjose_jwk_import(i->key, strlen(i->key), NULL);
    head = cjose_header_new(NULL);
    if (!k || !head || !cjose_header_set(head, CJOSE_HDR_ALG, CJOSE_HDR_ALG_ES256, NULL) || !cjose_header_set(head, CJOSE_HDR_KID, i->kid, NULL) ||
        !cjose_header_set(head, "typ", "vnd.ga4gh.visa+jwt", NULL) || !cjose_header_set(head, "jku", i->jku, NULL))
        SUND_GO(broken(err, "reading the key"));
    jws = cjose_jws_sign(k, head, claims.p, claims.n, NULL);
    if (!jws || !cjose_jws_export(jws, &token, NULL))
        SUND_GO(broken(err, "signing"));
    sund_buf_text(out, token);
    rc = sund_buf_ok(out, err);
out:
    (void) cjose_jws_release(jws);
    cjose_header_release(head);
    (void) cjose_jwk_release(k);
    sund_buf_free(&claims);
    return rc;
}
