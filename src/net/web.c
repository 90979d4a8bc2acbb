#include "net/web.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

enum { WAIT_S = 30 };

bool sund_web_loopback(const char *url)
{
    size_t n = strncmp(url, "http://127.0.0.1:", 17) == 0 ? 17 : strncmp(url, "http://[::1]:", 13) == 0 ? 13 : 0;
    size_t port = n ? strspn(url + n, "0123456789") : 0;

    return port > 0 && (url[n + port] == 0 || url[n + port] == '/');
}

typedef struct receiving {
    sund_buf *out;
    size_t    max;
} receiving;

static size_t on_data(char *p, size_t size, size_t n, void *ctx)
{
    receiving *r = ctx;

    if (r->out->n + size * n > r->max)
        return 0;
    sund_buf_put(r->out, p, size * n);
    return r->out->bad ? 0 : size * n;
}

static bool set_up(CURL *h, const char *url, const char *bearer, const char *form, receiving *r, char *why)
{
    bool ok = true;

    ok &= curl_easy_setopt(h, CURLOPT_URL, url) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_NOPROXY, "*") == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, sund_web_loopback(url) ? "http" : "https") ==
          CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, 10L) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_TIMEOUT, (long) WAIT_S) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    if (bearer)
        ok &= curl_easy_setopt(h, CURLOPT_HTTPAUTH, CURLAUTH_BEARER) == CURLE_OK && curl_easy_setopt(h, CURLOPT_XOAUTH2_BEARER, bearer) == CURLE_OK;
    if (form)
        ok &= curl_easy_setopt(h, CURLOPT_COPYPOSTFIELDS, form) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_WRITEDATA, r) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_ERRORBUFFER, why) == CURLE_OK;
    return ok;
}

static sund_code ask(const char *url, const char *bearer, const char *form, size_t max, sund_buf *out, sund_err *err)
{
    CURL     *h = curl_easy_init();
    receiving r = { out, max };
    char      why[CURL_ERROR_SIZE] = "";
    long      status = 0;
    CURLcode  got;

    sund_buf_clear(out);
    if (!h || !set_up(h, url, bearer, form, &r, why)) {
        curl_easy_cleanup(h);
        return sund_fail(err, SUND_E_NOMEM, "the HTTP client cannot be set up");
    }
    got = curl_easy_perform(h);
    (void) curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(h);
    if (got == CURLE_WRITE_ERROR)
        return sund_fail(err, SUND_E_UPSTREAM, "%.200s: the answer is over the limit of %zu bytes", url, max);
    if (got != CURLE_OK)
        return sund_fail(err, SUND_E_UPSTREAM, "%.200s: %.200s", url, why[0] ? why : curl_easy_strerror(got));
    if (status != 200 && !(form && (status == 400 || status == 401)))
        return sund_fail(err, SUND_E_UPSTREAM, "%.200s answered HTTP %ld", url, status);
    return SUND_OK;
}

sund_code sund_web_get(const char *url, const char *bearer, size_t max, sund_buf *out, sund_err *err) { return ask(url, bearer, NULL, max, out, err); }
sund_code sund_web_form(const char *url, const char *form, size_t max, sund_buf *out, sund_err *err) { return ask(url, NULL, form, max, out, err); }
