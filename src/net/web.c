#include "net/web.h"

#include "base/text.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

enum { WAIT_S = 30, CONNECT_S = 10 };

bool sund_web_loopback(const char *url)
{
    size_t n = strncmp(url, "http://127.0.0.1:", 17) == 0 ? 17 : strncmp(url, "http://[::1]:", 13) == 0 ? 13 : 0;
    size_t port = n ? strspn(url + n, "0123456789") : 0;

    return port > 0 && (url[n + port] == 0 || url[n + port] == '/');
}

bool sund_web_url_ok(const char *url)
{
    bool   loopback = sund_web_loopback(url);
    size_t n = strlen(url);

    if ((!loopback && (strncmp(url, "https://", 8) != 0 || url[8] == 0 || url[8] == '/')) || n >= 256 || url[n - 1] == '/')
        return false;
    for (const char *s = url; *s; s++)
        if (*s <= ' ' || *s > '~' || strchr("@?#\\\"<>{}^`|", *s))
            return false;
    return true;
}

typedef struct receiving {
    sund_buf *out;
    size_t    max;
    bool      over;
} receiving;

static size_t on_data(char *p, size_t size, size_t n, void *ctx)
{
    receiving *r = ctx;

    if (r->out->n + size * n > r->max) {
        r->over = true;
        return 0;
    }
    sund_buf_put(r->out, p, size * n);
    return r->out->bad ? 0 : size * n;
}

static bool set_up(CURL *h, const char *url, long wait_s, receiving *r, char *why)
{
    bool ok = true;

    ok &= curl_easy_setopt(h, CURLOPT_URL, url) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_NOPROXY, "*") == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, sund_web_loopback(url) ? "http" : "https") == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, (long) CONNECT_S) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_TIMEOUT, wait_s) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_WRITEDATA, r) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_ERRORBUFFER, why) == CURLE_OK;
    return ok;
}

static sund_code no_client(sund_err *err) { return sund_fail(err, SUND_E_NOMEM, "the HTTP client cannot be set up"); }

static sund_code ask(const char *url, const char *bearer, const char *form, size_t max, sund_buf *out, sund_err *err)
{
    CURL     *h = curl_easy_init();
    receiving r = { out, max, false };
    char      why[CURL_ERROR_SIZE] = "";
    long      status = 0;
    CURLcode  got;
    bool      ok = h && set_up(h, url, WAIT_S, &r, why);

    sund_buf_clear(out);
    if (ok && bearer)
        ok = curl_easy_setopt(h, CURLOPT_HTTPAUTH, CURLAUTH_BEARER) == CURLE_OK && curl_easy_setopt(h, CURLOPT_XOAUTH2_BEARER, bearer) == CURLE_OK;
    if (ok && form)
        ok = curl_easy_setopt(h, CURLOPT_COPYPOSTFIELDS, form) == CURLE_OK;
    if (!ok) {
        curl_easy_cleanup(h);
        return no_client(err);
    }
    got = curl_easy_perform(h);
    (void) curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(h);
    sund_text_clean(why);
    if (r.over)
        return sund_fail(err, SUND_E_UPSTREAM, "%.200s: the answer is over the limit of %zu bytes", url, max);
    if (got != CURLE_OK)
        return sund_fail(err, SUND_E_UPSTREAM, "%.200s: %.200s", url, why[0] ? why : curl_easy_strerror(got));
    if (status != 200 && !(form && (status == 400 || status == 401)))
        return sund_fail(err, SUND_E_UPSTREAM, "%.200s answered HTTP %ld", url, status);
    return SUND_OK;
}

sund_code sund_web_get(const char *url, const char *bearer, size_t max, sund_buf *out, sund_err *err) { return ask(url, bearer, NULL, max, out, err); }
sund_code sund_web_form(const char *url, const char *form, size_t max, sund_buf *out, sund_err *err) { return ask(url, NULL, form, max, out, err); }

/* ---- matchmakers ---- */

/** Whom to believe: a pinned key alone, else whom authorities vouch for. */
static bool set_trust(CURL *h, const sund_web_peer *to)
{
    bool ok = true;

    if (to->pin[0])
        ok &= curl_easy_setopt(h, CURLOPT_PINNEDPUBLICKEY, to->pin) == CURLE_OK;
    if (to->ca[0])
        ok &= curl_easy_setopt(h, CURLOPT_CAINFO, to->ca) == CURLE_OK && curl_easy_setopt(h, CURLOPT_CAPATH, NULL) == CURLE_OK;
    else if (to->pin[0])
        ok &= curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK && curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK;
    return ok;
}

/** Appends "name: value" and wipes it here. */
static bool add_header(struct curl_slist **l, const char *name, const char *value)
{
    struct curl_slist *more;
    sund_buf           b = { 0 };

    sund_buf_printf(&b, "%s: %s", name, value);
    sund_buf_nul(&b);
    more = b.bad ? NULL : curl_slist_append(*l, (const char *) b.p);
    if (b.p)
        explicit_bzero(b.p, b.n);
    sund_buf_free(&b);
    if (more)
        *l = more;
    return more != NULL;
}

/** why: it may hold what the server's certificate says of itself. */
static sund_code explain(const sund_web_peer *to, CURLcode got, char *why, const receiving *r, sund_err *err)
{
    const char *host = strstr(to->url, "//") + 2;
    int         n = (int) strcspn(host, "/");

    sund_text_clean(why);
    if (r->over)
        return sund_fail(err, SUND_E_UPSTREAM, "%.*s: the answer is over the limit of %zu bytes", n, host, r->max);
    if (got == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        return sund_fail(err, SUND_E_UPSTREAM, "%.*s answers with another key than sund.ini pins: nothing was sent", n, host);
    if (got == CURLE_PEER_FAILED_VERIFICATION)
        return sund_fail(err, SUND_E_UPSTREAM, "%.*s: no authority that is believed vouches for its certificate: nothing was sent (%.160s)", n, host, why);
    if (got == CURLE_SSL_CACERT_BADFILE)
        return sund_fail(err, SUND_E_NOT_FOUND, "%.*s: %.160s has no authorities in PEM that can be read: nothing was sent", n, host, to->ca[0] ? to->ca : "the system");
    if (got == CURLE_OPERATION_TIMEDOUT)
        return sund_fail(err, SUND_E_UPSTREAM, "%.*s did not answer within %u seconds", n, host, to->wait_s);
    return sund_fail(err, SUND_E_UPSTREAM, "%.*s: %.200s", n, host, why[0] ? why : curl_easy_strerror(got));
}

static void end_of(CURL *h, sund_web_reply *r)
{
    char *type = NULL;
    long  n = 0;

    (void) curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &r->status);
    (void) curl_easy_getinfo(h, CURLINFO_CONTENT_TYPE, &type);
    (void) curl_easy_getinfo(h, CURLINFO_REQUEST_SIZE, &n);
    (void) snprintf(r->type, sizeof r->type, "%s", type ? type : "");
    r->sent = n > 0;
}

sund_code sund_web_match(const sund_web_peer *to, const char *type, const sund_leave *what, size_t max, sund_web_reply *r, sund_err *err)
{
    struct curl_slist *headers = NULL;
    CURL              *h;
    receiving          in = { &r->body, max, false };
    char               url[300], why[CURL_ERROR_SIZE] = "";
    size_t             n;
    const uint8_t     *p = sund_beyond_bytes(what, &n);
    CURLcode           got = CURLE_FAILED_INIT;
    bool               ok;

    r->status = 0;
    r->type[0] = 0;
    r->sent = false;
    sund_buf_clear(&r->body);
    if (!p || !sund_web_url_ok(to->url))
        return sund_fail(err, SUND_E_ARG, "only what left by the gate's door for matchmakers is sent, to https://HOST[:PORT][/PATH]");
    (void) snprintf(url, sizeof url, "%s/match", to->url);
    h = curl_easy_init();
    ok = h && set_up(h, url, (long) to->wait_s, &in, why) && set_trust(h, to);
    ok = ok && add_header(&headers, "Content-Type", type) && add_header(&headers, "Accept", type) && add_header(&headers, "X-Auth-Token", to->token) && add_header(&headers, "Expect", "");
    ok = ok && curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers) == CURLE_OK && curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1) == CURLE_OK;
    ok = ok && curl_easy_setopt(h, CURLOPT_POST, 1L) == CURLE_OK && curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) n) == CURLE_OK && curl_easy_setopt(h, CURLOPT_POSTFIELDS, p) == CURLE_OK;
    if (ok) {
        got = curl_easy_perform(h);
        end_of(h, r);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(h);
    if (!ok)
        return no_client(err);
    return got == CURLE_OK ? SUND_OK : explain(to, got, why, &in, err);
}
