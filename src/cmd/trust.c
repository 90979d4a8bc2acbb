#include "base/file.h"
#include "cmd/cmd.h"
#include "home/settings.h"
#include "net/web.h"
#include "token/trust.h"

#include <stdio.h>
#include <string.h>

/* trust: whose logins and visas a home believes. Keys come from a file or from the configured
 * address, never from where a token points. */

static sund_code put(const char *dir, const sund_issuer *i, const char *file, sund_err *err)
{
    sund_buf   jwks = { 0 };
    sund_jwks *k = NULL;
    sund_code  rc;

    if (!sund_url_ok(i->jku))
        return sund_fail(err, SUND_E_ARG,
                         "--jku is the https address of the issuer's keys (http on this machine "
                         "only), not '%.80s'",
                         i->jku);
    rc = file ? sund_file_read(file, SUND_JWKS_MAX_BYTES, &jwks, err) : sund_web_get(i->jku, NULL, SUND_JWKS_MAX_BYTES, &jwks, err);
    if (rc == SUND_OK)
        rc = sund_jwks_parse(&k, file ? file : i->jku, jwks.p, jwks.n, err);
    if (rc == SUND_OK)
        rc = sund_trust_put(dir, i, jwks.p, jwks.n, err);
    if (rc == SUND_OK)
        printf("%s: %zu keys\n", i->iss, sund_jwks_count(k));
    sund_jwks_free(k);
    sund_buf_free(&jwks);
    return rc;
}

static sund_code list(const char *dir, sund_err *err)
{
    sund_trust t;

    SUND_TRY(sund_trust_read(&t, dir, err));
    if (!t.n)
        printf("nobody: logins and visas are not taken here\n");
    for (size_t i = 0; i < t.n; i++) {
        const sund_issuer *x = &t.issuer[i];

        printf("%s\n  keys at    %s\n", x->iss, x->jku);
        if (x->client[0])
            printf("  logins     for the audience %s\n", x->client);
        if (x->people[0])
            printf("  visas      of people as %s names them\n", x->people);
        for (size_t k = 0; k < sund_jwks_count(x->keys); k++)
            printf("  key        %s %s\n", sund_jwks_alg(x->keys, k), sund_jwks_kid(x->keys, k));
    }
    sund_trust_free(&t);
    return SUND_OK;
}

/** Fetches the keys of one issuer or of all; those that cannot be fetched stay as they are. */
static sund_code refresh(const char *dir, const char *only, sund_err *err)
{
    sund_trust t;
    sund_err   why = { SUND_OK, "" };
    size_t     n = 0, n_bad = 0;

    SUND_TRY(sund_trust_read(&t, dir, err));
    for (size_t i = 0; i < t.n; i++) {
        if (only && strcmp(t.issuer[i].iss, only) != 0)
            continue;
        n++;
        n_bad += put(dir, &t.issuer[i], NULL, &why) != SUND_OK;
    }
    sund_trust_free(&t);
    if (only && !n)
        return sund_fail(err, SUND_E_NOT_FOUND, "%.200s is not trusted here; 'sund trust list' shows who is", only);
    return n_bad ? sund_fail(err, SUND_E_UPSTREAM, "%zu of %zu could not be fetched, their keys stay as they were: %.300s", n_bad, n, why.msg) : SUND_OK;
}

static sund_code add(const char *dir, const char *iss, const char *jku, const char *client, const char *people, const char *jwks, sund_err *err)
{
    sund_issuer i;

    memset(&i, 0, sizeof i);
    if (!jku)
        return sund_fail(err, SUND_E_ARG, "--jku URL is needed: where the issuer's keys are");
    if (strlen(iss) > SUND_URL_MAX || strlen(jku) > SUND_URL_MAX || strlen(client) > SUND_URL_MAX || strlen(people) > SUND_URL_MAX)
        return sund_fail(err, SUND_E_ARG, "an issuer's names and addresses have at most %d bytes", SUND_URL_MAX);
    (void) snprintf(i.iss, sizeof i.iss, "%s", iss);
    (void) snprintf(i.jku, sizeof i.jku, "%s", jku);
    (void) snprintf(i.client, sizeof i.client, "%s", client);
    (void) snprintf(i.people, sizeof i.people, "%s", people);
    return put(dir, &i, jwks, err);
}

sund_code sund_cmd_trust(int argc, char **argv, sund_err *err)
{
    const char    *home = sund_default_home(), *jku = NULL, *client = "", *people = "", *jwks = NULL;
    const sund_opt opt[] = {
        { "home", 's', &home, "FOLDER", "home of a node, hub or researcher" },
        { "jku", 's', &jku, "URL", "add: where the issuer's keys are" },
        { "client", 's', &client, "NAME", "add: it may log people in; NAME is the federation's there, the audience of its tokens" },
        { "people", 's', &people, "ISSUER", "add: its visas count, for people as this issuer of logins names them (often itself)" },
        { "jwks", 's', &jwks, "FILE", "add: the keys from a file, not fetched" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "trust",
                          "add [OPTIONS] ISSUER\n       sund trust list [--home FOLDER]\n       sund trust refresh "
                          "[--home FOLDER] [ISSUER]\n       sund trust remove [--home FOLDER] ISSUER",
                          "Whose logins and visas a home believes. Each node and the hub keep their own list and "
                          "verify every login by it; no key and no address is ever taken from a token. 'refresh' "
                          "fetches the keys again: run it daily, and when an issuer changes its keys. See "
                          "doc/identity.md.",
                          "sund trust add --home fi --jku https://login.example.org/oidc/jwk --client sund-north "
                          "https://login.example.org/oidc\n"
                          "sund trust add --home fi --jku https://rems.example.org/jwk --people "
                          "https://login.example.org/oidc https://rems.example.org/\nsund trust refresh --home fi",
                          opt,
                          1,
                          2 };
    bool            helped = false;
    size_t          n;
    sund_home       h;
    sund_code       rc, said;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(sund_home_open(&h, home, 0, err)); /* it is one, and ours */
    sund_home_close(&h);
    if (strcmp(argv[1], "list") == 0 && n == 1)
        return list(home, err);
    if (strcmp(argv[1], "add") == 0 && n == 2)
        rc = add(home, argv[2], jku, client, people, jwks, err);
    else if (strcmp(argv[1], "refresh") == 0)
        rc = refresh(home, n == 2 ? argv[2] : NULL, err);
    else if (strcmp(argv[1], "remove") == 0 && n == 2)
        rc = sund_trust_remove(home, argv[2], err);
    else
        return sund_fail(err, SUND_E_ARG, "'add ISSUER', 'list', 'refresh' or 'remove ISSUER' is expected; see 'sund trust --help'");
    said = sund_home_noted(home, rc == SUND_OK ? err : NULL); /* some keys may be new where others could not be fetched */
    return rc == SUND_OK ? said : rc;
}
