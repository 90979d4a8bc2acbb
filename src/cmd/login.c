#include "base/file.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "home/home.h"
#include "net/server.h"
#include "net/web.h"
#include "token/login.h"
#include "token/oidc.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* login: OpenID Connect's authorization code with PKCE (RFC 7636), the answer to a port of this
 * machine (RFC 8252). */

enum { WAIT_MS = 300000, ANSWER_MAX = 1 << 17 };

/** What the browser brings back. */
typedef struct waiting {
    pthread_mutex_t lock;
    char            state[65], code[2048], error[80];
    bool            done;
} waiting;

static void on_browser(void *ctx, const sund_request *in, sund_response *out)
{
    waiting    *w = ctx;
    const char *state = in->query(in, "state"), *code = in->query(in, "code"), *error = in->query(in, "error");
    bool mine = strcmp(in->path, "/callback") == 0 && state && strcmp(state, w->state) == 0 && (error || (code && code[0] && strlen(code) < sizeof w->code));

    out->type = "text/plain; charset=utf-8";
    out->status = mine ? 200 : 400;
    sund_buf_text(&out->body, !mine   ? "This is not the answer to a login that was asked for here.\n"
                              : error ? "The login was refused; the terminal says more.\n"
                                      : "Logged in: back to the terminal.\n");
    if (!mine)
        return;
    (void) pthread_mutex_lock(&w->lock);
    if (!w->done) {
        (void) snprintf(w->code, sizeof w->code, "%s", code ? code : "");
        (void) snprintf(w->error, sizeof w->error, "%.79s", error ? error : "");
        w->done = true;
    }
    (void) pthread_mutex_unlock(&w->lock);
}

/** Until the browser has come, five minutes. */
static sund_code wait_for(waiting *w, sund_err *err)
{
    bool done = false;

    for (int ms = 0; ms < WAIT_MS && !done && !sund_stopping; ms += 50) {
        (void) usleep(50000);
        (void) pthread_mutex_lock(&w->lock);
        done = w->done;
        (void) pthread_mutex_unlock(&w->lock);
    }
    if (!done)
        return sund_fail(err, SUND_E_UPSTREAM, "nobody logged in within five minutes");
    if (w->error[0] || !w->code[0])
        return sund_fail(err, SUND_E_DENIED, "the provider refused the login: %s", w->error);
    return SUND_OK;
}

static void draw(char out[65])
{
    uint8_t b[32];

    sund_random(b, sizeof b);
    sund_hex(b, sizeof b, out);
}

/** The address for the browser. */
static void ask_url(const sund_oidc *at, const sund_issuer *i, const sund_pub *key, const waiting *w, const char *redirect, const char *verifier, sund_buf *out)
{
    sund_digest challenge = sund_sha256(verifier, strlen(verifier));
    sund_buf    b64 = { 0 }, form = { 0 };

    sund_base64url_write(challenge.b, sizeof challenge.b, &b64);
    sund_buf_nul(&b64);
    sund_form_put(&form, "response_type", "code");
    sund_form_put(&form, "client_id", i->client);
    sund_form_put(&form, "scope", at->userinfo[0] ? "openid ga4gh_passport_v1" : "openid");
    sund_form_put(&form, "redirect_uri", redirect);
    sund_form_put(&form, "state", w->state);
    sund_form_put(&form, "nonce", sund_login_nonce(key).s);
    sund_form_put(&form, "code_challenge", b64.p ? (const char *) b64.p : "");
    sund_form_put(&form, "code_challenge_method", "S256");
    sund_buf_printf(out, "%s%s", at->authorization, strchr(at->authorization, '?') ? "&" : "?");
    sund_buf_put(out, form.p, form.n);
    sund_buf_nul(out);
    sund_buf_free(&b64);
    sund_buf_free(&form);
}

/** The code for tokens; then, with the access token, which is used for this alone and not kept, the
 * passport. */
static sund_code get_tokens(const sund_oidc *at, const sund_issuer *i, const char *code, const char *redirect, const char *verifier, sund_buf *tokens,
                            sund_err *err)
{
    sund_buf  form = { 0 }, answer = { 0 }, access = { 0 };
    sund_jws *id = NULL;
    sund_code rc;

    sund_form_put(&form, "grant_type", "authorization_code");
    sund_form_put(&form, "code", code);
    sund_form_put(&form, "redirect_uri", redirect);
    sund_form_put(&form, "client_id", i->client);
    sund_form_put(&form, "code_verifier", verifier);
    sund_buf_nul(&form);
    SUND_GO(sund_buf_ok(&form, err));
    SUND_GO(sund_web_form(at->token, (const char *) form.p, ANSWER_MAX, &answer, err));
    SUND_GO(sund_oidc_answer(answer.p, answer.n, tokens, &access, err));
    if (!at->userinfo[0] || !access.n)
        goto out;
    sund_buf_nul(&access);
    SUND_GO(sund_jws_read(&id, (const char *) tokens->p, tokens->n, err));
    SUND_GO(sund_web_get(at->userinfo, (const char *) access.p, ANSWER_MAX, &answer, err));
    rc = sund_oidc_visas(answer.p, answer.n, sund_jws_text(id, "sub") ? sund_jws_text(id, "sub") : "", tokens, err);
out:
    sund_jws_free(id);
    if (access.p)
        sund_wipe(access.p, access.n);
    if (form.p)
        sund_wipe(form.p, form.n);
    sund_buf_free(&form);
    sund_buf_free(&answer);
    sund_buf_free(&access);
    return rc;
}

static sund_code by_browser(const sund_issuer *i, const sund_pub *key, uint16_t port, sund_buf *tokens, sund_err *err)
{
    waiting            w = { .lock = PTHREAD_MUTEX_INITIALIZER };
    sund_server_config c = { .host = "127.0.0.1", .port = port, .max_body = 4096, .max_connections = 16, .request_s = 20, .handler = on_browser, .ctx = &w };
    sund_server       *server = NULL;
    sund_buf           text = { 0 }, ask = { 0 };
    sund_oidc          at;
    char               url[SUND_URL_MAX + 64], redirect[64], verifier[65];
    sund_code          rc;

    draw(w.state);
    draw(verifier);
    (void) snprintf(url, sizeof url, "%s%s.well-known/openid-configuration", i->iss, i->iss[strlen(i->iss) - 1] == '/' ? "" : "/");
    SUND_GO(sund_web_get(url, NULL, ANSWER_MAX, &text, err));
    SUND_GO(sund_oidc_discovery(text.p, text.n, i, &at, err));
    sund_stop_on_signals();
    SUND_GO(sund_server_start(&server, &c, err));
    (void) snprintf(redirect, sizeof redirect, "http://127.0.0.1:%u/callback", sund_server_port(server));
    ask_url(&at, i, key, &w, redirect, verifier, &ask);
    SUND_GO(sund_buf_ok(&ask, err));
    printf("Open this in a browser on this machine:\n\n%s\n\n", (const char *) ask.p);
    (void) fflush(stdout);
    SUND_GO(wait_for(&w, err));
    rc = get_tokens(&at, i, w.code, redirect, verifier, tokens, err);
out:
    sund_server_stop(server);
    sund_wipe(verifier, sizeof verifier);
    sund_wipe(w.code, sizeof w.code);
    sund_buf_free(&text);
    sund_buf_free(&ask);
    return rc;
}

static sund_code by_file(const char *path, sund_buf *tokens, sund_err *err)
{
    SUND_TRY(sund_file_read(path, SUND_LOGIN_MAX, tokens, err));
    while (tokens->n && (tokens->p[tokens->n - 1] == '\n' || tokens->p[tokens->n - 1] == '\r'))
        tokens->n--;
    return SUND_OK;
}

/** The issuer of that name, or the only one that logs people in. */
static sund_code choose(const sund_trust *t, const char *iss, const sund_issuer **out, sund_err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++)
        if (t->issuer[i].client[0] && (!iss || strcmp(t->issuer[i].iss, iss) == 0)) {
            *out = &t->issuer[i];
            n++;
        }
    if (n == 1)
        return SUND_OK;
    return sund_fail(err, SUND_E_NOT_FOUND,
                     n ? "several issuers log people in here: say which by --issuer ('sund trust list')"
                       : "no such issuer of logins is trusted here: 'sund trust add' with --client");
}

static sund_code log_in(const sund_home *h, const char *iss, const char *file, uint16_t port, sund_err *err)
{
    const sund_issuer *i = NULL;
    sund_trust         t = { NULL, 0 };
    sund_login        *l = calloc(1, sizeof *l);
    sund_buf           tokens = { 0 }, visas = { 0 };
    char               at[32];
    sund_code          rc;

    if (!l)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_trust_read(&t, h->dir, err));
    if (!file)
        SUND_GO(choose(&t, iss, &i, err));
    SUND_GO(file ? by_file(file, &tokens, err) : by_browser(i, &h->identity.pub, port, &tokens, err));
    SUND_GO(sund_login_verify(l, &t, NULL, &h->identity.pub, sund_cur_of(tokens.p, tokens.n), (int64_t) (sund_time_us() / 1000000), err));
    SUND_GO(sund_home_login_put(h, tokens.p, tokens.n, err));
    sund_login_time(l->until, at);
    sund_login_visas_text(l, &visas);
    printf("%s of %s, until %s\nkey %s\n%.*s", l->subject, l->issuer, at, sund_login_nonce(&h->identity.pub).s, (int) visas.n,
           visas.p ? (const char *) visas.p : "");
out:
    sund_trust_free(&t);
    if (tokens.p)
        sund_wipe(tokens.p, tokens.n);
    sund_buf_free(&tokens);
    sund_buf_free(&visas);
    free(l);
    return rc;
}

sund_code sund_cmd_login(int argc, char **argv, sund_err *err)
{
    const char    *home = sund_default_home(), *iss = NULL, *file = NULL;
    int64_t        port = 0;
    bool           helped = false, nonce = false;
    const sund_opt opt[] = {
        { "home", 's', &home, "FOLDER", "the researcher's home" },
        { "issuer", 's', &iss, "URL", "of the provider, where the home trusts several" },
        { "port", 'i', &port, "PORT",
          "of 127.0.0.1 to which the browser brings the answer, where the provider wants it "
          "registered: http://127.0.0.1:PORT/callback (any)" },
        { "token-file", 's', &file, "FILE", "tokens got elsewhere: the ID token, then visas, one a line" },
        { "nonce", 'b', &nonce, NULL, "only print the nonce that an ID token got elsewhere must have" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "login",
                          "[OPTIONS]",
                          "Logs a researcher in by OpenID Connect: an ID token bound to the home's key, and the "
                          "visas of a GA4GH Passport. Both are kept in the home (0600), go with each study, and are "
                          "verified by the hub and by every node itself. Who is not in the roster needs one; who is "
                          "may need visas. The provider must be in the home's own list ('sund trust add'). See "
                          "doc/identity.md.",
                          "sund login --home anna\nsund login --home anna --port 8765 --issuer "
                          "https://login.example.org/oidc\nsund login --home anna --nonce\nsund login --home anna "
                          "--token-file tokens.txt",
                          opt,
                          0,
                          0 };
    sund_home       h;
    size_t          n;
    sund_code       rc = SUND_OK;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (port < 0 || port > 65535)
        return sund_fail(err, SUND_E_ARG, "--port is from 1 to 65535");
    SUND_TRY(sund_home_open(&h, home, 0, err));
    if (h.role != SUND_ROLE_RESEARCHER)
        rc = sund_fail(err, SUND_E_ARG, "%s is not the home of a researcher", home);
    else if (nonce)
        printf("%s\n", sund_login_nonce(&h.identity.pub).s);
    else
        rc = log_in(&h, iss, file, (uint16_t) port, err);
    sund_home_close(&h);
    return rc;
}
