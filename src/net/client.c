#include "net/client.h"

#include "net/web.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sund_client {
    CURL               *h;
    CURLM              *m; /* a wait on the handle alone looks up once a second */
    char                url[300], pin[80];
    const _Atomic bool *stop; /* NULL: nothing ends a wait */
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static void           curl_up(void) { (void) curl_global_init(CURL_GLOBAL_ALL); }

sund_code sund_client_open(sund_client **out, const char *url, const char *pin, sund_err *err)
{
    sund_client *c;

    if (strncmp(url, "https://", 8) != 0 && !sund_web_loopback(url))
        return sund_fail(err, SUND_E_ARG, "%.80s: only https is spoken", url);
    if (strncmp(url, "https://", 8) == 0 && strncmp(pin, "sha256//", 8) != 0)
        return sund_fail(err, SUND_E_ARG, "the pin of %.80s is not of the form sha256//BASE64", url);
    (void) pthread_once(&curl_once, curl_up);
    c = calloc(1, sizeof *c);
    if (c)
        c->h = curl_easy_init();
    if (c && c->h)
        c->m = curl_multi_init();
    if (!c || !c->m) {
        sund_client_close(c);
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    }
    (void) snprintf(c->url, sizeof c->url, "%s", url);
    (void) snprintf(c->pin, sizeof c->pin, "%s", pin);
    *out = c;
    return SUND_OK;
}

void sund_client_close(sund_client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->h);
    (void) curl_multi_cleanup(c->m);
    free(c);
}

void sund_client_heed(sund_client *c, const _Atomic bool *stop) { c->stop = stop; }

typedef struct receiving { CURL *h; sund_buf *out; size_t max; bool over; } receiving;

static size_t on_data(char *p, size_t size, size_t n, void *ctx)
{
    receiving *r = ctx;
    curl_off_t whole = 0;

    if (r->out->n == 0 && curl_easy_getinfo(r->h, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &whole) == CURLE_OK && whole > 0 && (uint64_t) whole <= r->max)
        (void) sund_buf_room(r->out, (size_t) whole); /* asked for once: else what has come is copied each time the buffer doubles */
    if (r->out->n + size * n > r->max) {
        r->over = true;
        return 0;
    }
    sund_buf_put(r->out, p, size * n);
    return r->out->bad ? 0 : size * n;
}

/** The certificate is the server's own and nobody vouches for it: its key, pinned in the roster, is the whole of the trust. */
static bool set_up(sund_client *c, const char *url, const uint8_t *p, size_t n, unsigned wait_s, receiving *r, struct curl_slist *headers, char *why)
{
    CURL *h = c->h;
    bool  ok = true;

    curl_easy_reset(h);
    ok &= curl_easy_setopt(h, CURLOPT_URL, url) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_NOPROXY, "*") == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, sund_web_loopback(url) ? "http" : "https") == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_3) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_CAINFO, NULL) == CURLE_OK; /* else all of the system's authorities are read, for nothing */
    ok &= curl_easy_setopt(h, CURLOPT_CAPATH, NULL) == CURLE_OK;
    if (!sund_web_loopback(url))
        ok &= curl_easy_setopt(h, CURLOPT_PINNEDPUBLICKEY, c->pin) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, 10L) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_TIMEOUT, (long) wait_s) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_POST, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) n) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_POSTFIELDS, p) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_WRITEDATA, r) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_ERRORBUFFER, why) == CURLE_OK;
    return ok;
}

static sund_code explain(const sund_client *c, CURLcode got, const char *why, const receiving *r, size_t max, sund_err *err)
{
    const char *host = strstr(c->url, "//") + 2;

    if (got == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        return sund_fail(err, SUND_E_UPSTREAM, "%s answers with another key than the roster pins: not the hub, or the hub has a new certificate", host);
    if (got == CURLE_COULDNT_CONNECT || got == CURLE_COULDNT_RESOLVE_HOST)
        return sund_fail(err, SUND_E_UPSTREAM, "%s cannot be reached: is the hub running?", host);
    if (got == CURLE_OPERATION_TIMEDOUT)
        return sund_fail(err, SUND_E_UPSTREAM, "%s did not answer in time", host);
    if (got == CURLE_ABORTED_BY_CALLBACK)
        return sund_fail(err, SUND_E_UPSTREAM, "stopped while waiting for %s", host);
    if (r->over)
        return sund_fail(err, SUND_E_UPSTREAM, "the answer of %s is over the limit of %zu bytes", host, max);
    return sund_fail(err, SUND_E_UPSTREAM, "%s: %s", host, why[0] ? why : curl_easy_strerror(got));
}

/** As curl_easy_perform(), but that the stop flag is heeded within a tenth of a second. */
static CURLcode perform(sund_client *c)
{
    CURLMcode ok = curl_multi_add_handle(c->m, c->h);
    CURLMsg  *said = NULL;
    CURLcode  got;
    int       running = 1, left;

    while (ok == CURLM_OK && (ok = curl_multi_perform(c->m, &running)) == CURLM_OK && running && !(c->stop && *c->stop))
        ok = curl_multi_poll(c->m, NULL, 0, 100, NULL);
    if (ok == CURLM_OK && !running)
        said = curl_multi_info_read(c->m, &left);
    got = ok != CURLM_OK ? CURLE_OUT_OF_MEMORY : said ? said->data.result : CURLE_ABORTED_BY_CALLBACK;
    (void) curl_multi_remove_handle(c->m, c->h);
    return got;
}

sund_code sund_client_send(sund_client *c, const char *path, const sund_leave *what, unsigned wait_s, size_t max_reply, sund_buf *reply, sund_err *err)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/octet-stream"), *more = headers ? curl_slist_append(headers, "Expect:") : NULL;
    receiving          r = { c->h, reply, max_reply, false };
    char               url[400], why[CURL_ERROR_SIZE] = "";
    long               status = 0;
    size_t             n;
    const uint8_t     *p = sund_leave_bytes(what, &n);
    CURLcode           got;
    sund_code          rc = SUND_OK;

    (void) snprintf(url, sizeof url, "%s%s", c->url, path);
    sund_buf_clear(reply);
    if (!more || !set_up(c, url, p, n, wait_s, &r, headers, why)) {
        curl_slist_free_all(headers);
        return sund_fail(err, SUND_E_NOMEM, "the HTTP client cannot be set up");
    }
    got = perform(c);
    (void) curl_easy_getinfo(c->h, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    if (got != CURLE_OK)
        rc = explain(c, got, why, &r, max_reply, err);
    else if (status != 200)
        rc = sund_fail(err, SUND_E_UPSTREAM, "%s answered HTTP %ld: %.*s", strstr(c->url, "//") + 2, status, (int) (reply->n < 120 ? strcspn((reply->p ? (sund_buf_nul(reply), (const char *) reply->p) : ""), "\r\n") : 120),
                       reply->p ? (const char *) reply->p : "");
    return rc;
}
