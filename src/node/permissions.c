#include "node/permissions.h"

#include "base/json.h"
#include "base/log.h"
#include "exchange/peers.h"
#include "gate/ledger.h"
#include "node/applications.h"
#include "token/login.h"
#include "token/visa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char JWK[] = "/api/jwk", ENTITLEMENTS[] = "/api/entitlements", PERMISSIONS[] = "/api/permissions/";

/** user NULL: everybody. i: its key, for visas; NULL for entitlements. */
typedef struct telling {
    const sund_home        *h;
    const char             *grants, *user, *to;
    const sund_visa_issuer *i;
    sund_applied           *x;
    sund_json               j;
    size_t                  n;
} telling;

bool sund_permissions_has(const char *path) { return strcmp(path, JWK) == 0 || strcmp(path, ENTITLEMENTS) == 0 || strncmp(path, PERMISSIONS, sizeof PERMISSIONS - 1) == 0; }

static sund_code put_entitlement(telling *t, const sund_digest *d, int64_t from, sund_err *err)
{
    char    at[32];
    int64_t row = 0;

    SUND_TRY(sund_db_i64(t->h->db, &row, 0, err, "SELECT rowid FROM application WHERE digest=?", "b", d->b, sizeof d->b));
    sund_json_open(&t->j, NULL, '{');
    sund_json_str(&t->j, "resource", t->grants);
    sund_json_open(&t->j, "user", '{');
    sund_json_str(&t->j, "userid", t->x->subject);
    sund_json_str(&t->j, "name", t->x->a.person[0].name);
    sund_json_null(&t->j, "email");
    sund_json_close(&t->j, '}');
    sund_json_i64(&t->j, "application-id", row);
    sund_login_time(from, at);
    sund_json_str(&t->j, "start", at);
    sund_login_time(sund_application_end(&t->x->a), at);
    sund_json_str(&t->j, "end", at);
    sund_json_str(&t->j, "mail", "");
    sund_json_close(&t->j, '}');
    return SUND_OK;
}

static sund_code put_visa(telling *t, const sund_digest *d, int64_t from, sund_err *err)
{
    sund_visa_grant g = { .subject = t->x->subject, .value = t->grants, .source = t->i->iss, .asserted = from };
    sund_buf        token = { 0 };
    char            at[32];
    sund_code       rc;

    g.issued = (int64_t) (sund_time_us() / 1000000);
    g.until = g.issued + SUND_VISA_DAYS * 86400;
    if (g.until > sund_application_end(&t->x->a))
        g.until = sund_application_end(&t->x->a);
    SUND_GO(sund_visa_make(t->i, &g, &token, err));
    sund_buf_nul(&token);
    SUND_GO(sund_buf_ok(&token, err));
    sund_login_time(g.until, at);
    SUND_GO(sund_ledger_add(t->h->db, "visa", sund_digest_hex(d).s, err, "issued to %s, which asked: ControlledAccessGrants %.255s to %.120s of %.200s, until %s", t->to, g.value, g.subject, t->x->issuer, at));
    sund_json_str(&t->j, NULL, (const char *) token.p);
out:
    sund_buf_free(&token);
    return rc;
}

/** An approval is of this node's own data set, and of a person that a login named. */
static sund_code one(void *ctx, const sund_digest *d, sund_err *err)
{
    telling             *t = ctx;
    sund_application_eye eye = sund_application_eye_of(t->h);
    const char          *sets;
    sund_err             why = { SUND_OK, "" };
    int64_t              from;
    sund_code            rc = sund_application_stands(&eye, d, t->x, &why);

    if (rc == SUND_E_IO || rc == SUND_E_NOMEM)
        return sund_fail(err, rc, "%s", why.msg);
    sets = rc == SUND_OK ? sund_application_sets(&t->x->a, t->h->id) : NULL;
    if (!sets || !sund_list_has(sets, t->h->data) || t->x->word.state != SUND_APPLICATION_APPROVED || !t->x->subject[0] || (t->user && strcmp(t->user, t->x->subject) != 0))
        return SUND_OK;
    SUND_TRY(sund_application_approved(&eye, d, &from, err));
    t->n++;
    return t->i ? put_visa(t, d, from, err) : put_entitlement(t, d, from, err);
}

static sund_code entitlements(telling *t, const char *resource, sund_buf *out, sund_err *err)
{
    sund_json_init(&t->j, out, false);
    sund_json_open(&t->j, NULL, '[');
    if (!resource || strcmp(resource, t->grants) == 0)
        SUND_TRY(sund_applications_each(t->h->db, one, t, err));
    sund_json_close(&t->j, ']');
    if (t->n)
        SUND_TRY(sund_ledger_add(t->h->db, "visa", "", err, "%s was told who may use %.255s: %zu entitlements", t->to, t->grants, t->n));
    return sund_buf_ok(out, err);
}

static sund_code permissions(telling *t, sund_buf *out, sund_err *err)
{
    sund_visa_issuer i = { .iss = "" };
    sund_code        rc;

    SUND_GO(sund_visa_keys_read(t->h->dir, &i, err));
    t->i = &i;
    sund_json_init(&t->j, out, false);
    sund_json_open(&t->j, NULL, '{');
    sund_json_open(&t->j, "ga4gh_passport_v1", '[');
    SUND_GO(sund_applications_each(t->h->db, one, t, err));
    sund_json_close(&t->j, ']');
    sund_json_close(&t->j, '}');
    rc = sund_buf_ok(out, err);
out:
    sund_wipe(&i, sizeof i);
    return rc;
}

static sund_code jwk(const sund_home *h, sund_buf *out, sund_err *err)
{
    sund_visa_issuer i = { .iss = "" };
    sund_code        rc = sund_visa_keys_read(h->dir, &i, err);

    if (rc == SUND_OK)
        rc = sund_visa_keys_public(&i, out, err);
    sund_wipe(&i, sizeof i);
    return rc;
}

/** 0, and name is whose key it is; else the status of a refusal. */
static int known(const sund_home *h, const sund_request *in, char name[SUND_PEER_NAME_MAX + 1])
{
    const char *key = in->header(in, "x-rems-api-key");
    char        path[2048];
    sund_err    err = { SUND_OK, "" };
    bool        found = false;

    if (!key || strlen(key) > 256)
        return 401;
    if (sund_home_path(h, SUND_PERMISSIONS_FILE, path, sizeof path, &err) != SUND_OK || sund_peers_find(path, key, name, &found, &err) != SUND_OK) {
        sund_log(SUND_LOG_ERROR, "a request for permissions is refused: %s", err.msg);
        return 503;
    }
    return found ? 0 : 401;
}

/** What is not understood is not passed over, nor what is said twice. REMS's expired=false is what is told; of what has ended nothing is. */
static bool understood(const sund_request *in)
{
    sund_parameter p[4]; /* one more than there can be: a fourth is another or one of them again */
    size_t         n = in->parameters(in, p, 4);

    for (size_t k = 0; k < n; k++) {
        if (!(strcmp(p[k].name, "expired") == 0 && strcmp(p[k].value, "false") == 0) && !(strcmp(in->path, ENTITLEMENTS) == 0 && (strcmp(p[k].name, "user") == 0 || strcmp(p[k].name, "resource") == 0)))
            return false;
        for (size_t m = 0; m < k; m++)
            if (strcmp(p[m].name, p[k].name) == 0)
                return false;
    }
    return true;
}

static sund_code tell(const sund_home *h, const char *grants, const char *to, const sund_request *in, sund_buf *out, sund_err *err)
{
    telling   t = { .h = h, .grants = grants, .to = to, .user = in->query(in, "user"), .x = calloc(1, sizeof *t.x) };
    sund_code rc;

    if (!t.x)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    rc = sund_applications_open(h->db, err);
    if (rc == SUND_OK && strcmp(in->path, ENTITLEMENTS) == 0)
        rc = entitlements(&t, in->query(in, "resource"), out, err);
    else if (rc == SUND_OK) {
        t.user = in->path + sizeof PERMISSIONS - 1;
        rc = permissions(&t, out, err);
    }
    free(t.x);
    return rc;
}

void sund_permissions_page(const sund_home *h, const char *grants, const sund_request *in, sund_response *out)
{
    char      name[SUND_PEER_NAME_MAX + 1] = "";
    sund_err  err = { SUND_OK, "" };
    sund_code rc = SUND_OK;
    bool      public = strcmp(in->path, JWK) == 0;

    out->type = "application/json";
    out->status = !grants[0] ? 404 : strcmp(in->method, "GET") != 0 ? 405 : public ? 0 : known(h, in, name);
    if (!out->status && !understood(in))
        out->status = 400;
    if (!out->status && strcmp(in->path, PERMISSIONS) == 0)
        out->status = 404; /* of nobody */
    if (!out->status) {
        rc = public ? jwk(h, &out->body, &err) : tell(h, grants, name, in, &out->body, &err);
        out->status = rc == SUND_OK ? 200 : rc == SUND_E_NOT_FOUND ? 404 : 503;
        if (rc != SUND_OK)
            sund_log(SUND_LOG_ERROR, "%s cannot be answered: %s", public ? JWK : "permissions", err.msg);
    }
    if (out->status == 200)
        return;
    sund_buf_clear(&out->body);
    out->type = "text/plain; charset=utf-8";
    sund_buf_text(&out->body, out->status == 400   ? strcmp(in->path, ENTITLEMENTS) == 0 ? "the parameters are user, resource and expired=false, each once\n" : "the one parameter is expired=false, once\n"
                              : out->status == 401 ? "x-rems-api-key is not that of a service known here\n"
                              : out->status == 404 ? "not here\n"
                              : out->status == 405 ? "GET is expected\n"
                                                   : "this node cannot answer at present\n");
}
