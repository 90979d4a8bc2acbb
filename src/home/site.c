#include "home/site.h"

#include "base/file.h"
#include "base/ini.h"
#include "base/log.h"
#include "base/text.h"
#include "token/login.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { SUND_PAGES_RATE = 100 };

static sund_code take(const sund_ini *ini, const char *key, const char *otherwise, char *out, size_t cap, sund_err *err)
{
    const char *v = sund_ini_get(ini, "pages", key);

    if (!v)
        v = otherwise;
    if (strlen(v) >= cap || !sund_text_ok(v))
        return sund_fail(err, SUND_E_FORMAT, "%s: [pages] %s: at most %zu bytes of text", ini->name, key, cap - 1);
    (void) snprintf(out, cap, "%s", v);
    return SUND_OK;
}

static bool address(const char *s)
{
    uint8_t b[16];

    return inet_pton(AF_INET, s, b) == 1 || inet_pton(AF_INET6, s, b) == 1;
}

static sund_code read_ini(sund_pages_config *p, const sund_home *h, const sund_ini *ini, sund_err *err)
{
    static const char *const environments[] = { "prod", "test", "dev", "staging", NULL };
    const char              *port = sund_ini_get(ini, "pages", "port"), *tls = sund_ini_get(ini, "pages", "tls"), *rate = sund_ini_get(ini, "pages", "rate");
    char                     url[128], id[80], name[80];
    int64_t                  n = 0;
    size_t                   k = 0;

    if (port && !sund_parse_i64(port, 0, 65535, &n))
        return sund_fail(err, SUND_E_FORMAT, "%s: [pages] port: a number up to 65535", ini->name);
    p->port = (uint16_t) n;
    if (tls && strcmp(tls, "yes") != 0 && strcmp(tls, "no") != 0)
        return sund_fail(err, SUND_E_FORMAT, "%s: [pages] tls: 'yes' or 'no' is expected", ini->name);
    p->rate_is_set = rate != NULL;
    p->rate = SUND_PAGES_RATE;
    if (rate) {
        if (!sund_parse_i64(rate, 0, 1000000, &n))
            return sund_fail(err, SUND_E_FORMAT, "%s: [pages] rate: requests a second of one caller, up to 1000000; 0 for no limit", ini->name);
        p->rate = (double) n;
    }
    SUND_TRY(take(ini, "proxy", "", p->proxy, sizeof p->proxy, err));
    if (p->proxy[0] && !address(p->proxy))
        return sund_fail(err, SUND_E_FORMAT, "%s: [pages] proxy: the IP address of the proxy in front", ini->name);
    p->tls = tls && strcmp(tls, "yes") == 0;
    if (sund_ini_get(ini, "pages", "assembly") && sund_assembly_parse(sund_ini_get(ini, "pages", "assembly"), &p->assembly, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_FORMAT, "%s: [pages] assembly", ini->name);
    SUND_TRY(take(ini, "listen", "127.0.0.1", p->listen, sizeof p->listen, err));
    if (!address(p->listen))
        return sund_fail(err, SUND_E_FORMAT, "%s: [pages] listen: an IP address of this machine", ini->name);
    (void) snprintf(url, sizeof url, "http%s://%s:%u", p->tls ? "s" : "", p->listen, p->port);
    if (h->role == SUND_ROLE_HUB && !p->port) /* beside its own port */
        (void) snprintf(url, sizeof url, "%.110s", h->roster.hub_url);
    (void) snprintf(id, sizeof id, "org.sund.%s", h->id);
    (void) snprintf(name, sizeof name, "%s %s", h->role == SUND_ROLE_HUB ? "Federation" : "Genomes of", h->role == SUND_ROLE_HUB ? h->roster.name : h->id);
    SUND_TRY(take(ini, "url", url, p->url, sizeof p->url, err));
    SUND_TRY(take(ini, "id", id, p->id, sizeof p->id, err));
    SUND_TRY(take(ini, "name", name, p->name, sizeof p->name, err));
    SUND_TRY(take(ini, "about", "Frequencies of variants and numbers of people, by the rules of its gate", p->about, sizeof p->about, err));
    SUND_TRY(take(ini, "organisation", h->id, p->organisation, sizeof p->organisation, err));
    SUND_TRY(take(ini, "grants", "", p->grants, sizeof p->grants, err));
    SUND_TRY(take(ini, "contact", "", p->contact, sizeof p->contact, err));
    SUND_TRY(take(ini, "welcome", p->url, p->welcome, sizeof p->welcome, err));
    if (sund_ini_get(ini, "pages", "names"))
        SUND_TRY(sund_home_path(h, sund_ini_get(ini, "pages", "names"), p->names, sizeof p->names, err));
    if (sund_ini_get(ini, "pages", "reference"))
        SUND_TRY(sund_home_path(h, sund_ini_get(ini, "pages", "reference"), p->reference, sizeof p->reference, err));
    SUND_TRY(take(ini, "environment", "test", p->environment, sizeof p->environment, err));
    while (environments[k] && strcmp(environments[k], p->environment) != 0)
        k++;
    if (!environments[k])
        return sund_fail(err, SUND_E_FORMAT, "%s: [pages] environment: prod, test, dev or staging", ini->name);
    if ((strncmp(p->url, "http://", 7) != 0 && strncmp(p->url, "https://", 8) != 0) || p->url[strlen(p->url) - 1] == '/' || strchr(p->url, ' '))
        return sund_fail(err, SUND_E_FORMAT, "%s: [pages] url: https://NAME without a slash at its end", ini->name);
    return SUND_OK;
}

sund_code sund_pages_vrs(sund_vrs **out, const sund_pages_config *p, sund_assembly a, sund_err *err)
{
    *out = NULL;
    if (!p->reference[0])
        return SUND_OK;
    if (a == SUND_ASSEMBLY_NONE)
        return sund_fail(err, SUND_E_FORMAT, "sund.ini: [pages] reference: of which assembly? Give [pages] assembly too");
    if (sund_vrs_open(out, p->reference, a, err) != SUND_OK || sund_vrs_all(*out, err) != SUND_OK)
        return sund_fail_in(err, err ? err->code : SUND_E_FORMAT, "sund.ini: [pages] reference");
    return SUND_OK;
}

sund_code sund_pages_config_read(sund_pages_config *p, const sund_home *h, sund_err *err)
{
    sund_ini  ini;
    char      path[2048];
    sund_code rc;

    memset(p, 0, sizeof *p);
    SUND_TRY(sund_home_path(h, "sund.ini", path, sizeof path, err));
    SUND_TRY(sund_ini_read(&ini, path, err));
    rc = read_ini(p, h, &ini, err);
    sund_ini_free(&ini);
    return rc;
}

sund_code sund_home_tls(const sund_home *h, sund_buf *cert, sund_buf *key, sund_err *err)
{
    char path[2048];

    SUND_TRY(sund_home_path(h, "tls.cert", path, sizeof path, err));
    if (!sund_file_exists(path))
        return sund_fail(err, SUND_E_NOT_FOUND, "%s is not there: put the server's certificate there and its key beside it as tls.key (PEM, the key of mode 0600); pages without, tls = no under [pages], can stand behind nginx", path);
    SUND_TRY(sund_file_read(path, 65536, cert, err));
    SUND_TRY(sund_home_path(h, "tls.key", path, sizeof path, err));
    SUND_TRY(sund_file_private(path, err));
    SUND_TRY(sund_file_read(path, 65536, key, err));
    sund_buf_nul(cert);
    sund_buf_nul(key);
    SUND_TRY(sund_buf_ok(cert, err));
    return sund_buf_ok(key, err);
}

sund_code sund_pages_start(sund_server **out, const sund_home *h, const sund_pages_config *p, sund_server_config c, sund_err *err)
{
    sund_buf  cert = { 0 }, key = { 0 };
    sund_code rc = SUND_OK;

    c.host = p->listen;
    c.port = p->port;
    c.max_body = 1 << 20;
    c.request_s = 20;
    if (p->tls) {
        SUND_GO(sund_home_tls(h, &cert, &key, err));
        c.cert_pem = (const char *) cert.p;
        c.key_pem = (const char *) key.p;
    }
    rc = sund_server_start(out, &c, err);
    if (rc != SUND_OK)
        (void) sund_fail_in(err, rc, "%s/sund.ini: [pages] listen, port", h->dir);
    else
        sund_log(SUND_LOG_INFO, "pages are at %s:%u", p->listen, sund_server_port(*out));
out:
    if (key.p)
        sund_wipe(key.p, key.n);
    sund_buf_free(&cert);
    sund_buf_free(&key);
    return rc;
}

sund_code sund_home_bearer(const sund_home *h, const char *token, char *who, size_t cap, sund_err *err)
{
    sund_trust t;
    sund_code  rc;

    SUND_TRY(sund_trust_read(&t, h->dir, err));
    rc = sund_bearer_verify(&t, token, (int64_t) (sund_time_us() / 1000000), who, cap, err);
    sund_trust_free(&t);
    return rc;
}
