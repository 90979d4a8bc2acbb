#include "net/server.h"

#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static sund_code tls_fail(int r, const char *what, sund_err *err) { return sund_fail(err, SUND_E_IO, "TLS: cannot %s: %s", what, gnutls_strerror(r)); }

/** GnuTLS calls give a negative number on failure. */
#define TLS_GO(call, what)                                                                                                                                     \
    do {                                                                                                                                                       \
        int r_ = (call);                                                                                                                                       \
        if (r_ < 0) {                                                                                                                                          \
            rc = tls_fail(r_, what, err);                                                                                                                      \
            goto out;                                                                                                                                          \
        }                                                                                                                                                      \
    } while (0)

static int add_host(gnutls_x509_crt_t c, const char *host)
{
    struct in_addr  v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, host, &v4) == 1)
        return gnutls_x509_crt_set_subject_alt_name(c, GNUTLS_SAN_IPADDRESS, &v4, sizeof v4, GNUTLS_FSAN_SET);
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return gnutls_x509_crt_set_subject_alt_name(c, GNUTLS_SAN_IPADDRESS, &v6, sizeof v6, GNUTLS_FSAN_SET);
    return gnutls_x509_crt_set_subject_alt_name(c, GNUTLS_SAN_DNSNAME, host, (unsigned) strlen(host), GNUTLS_FSAN_SET);
}

/** SHA-256 of the public key's DER, as HTTP clients pin it. */
static sund_code make_pin(gnutls_x509_crt_t c, char pin[64], sund_err *err)
{
    gnutls_pubkey_t pub = NULL;
    gnutls_datum_t  der = { NULL, 0 }, text = { NULL, 0 };
    unsigned char   digest[32];
    gnutls_datum_t  d = { digest, sizeof digest };
    sund_code       rc = SUND_OK;

    TLS_GO(gnutls_pubkey_init(&pub), "read the key");
    TLS_GO(gnutls_pubkey_import_x509(pub, c, 0), "read the key");
    TLS_GO(gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &der), "read the key");
    TLS_GO(gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, digest), "digest the key");
    TLS_GO(gnutls_base64_encode2(&d, &text), "write the pin");
    (void) snprintf(pin, 64, "sha256//%.*s", (int) text.size, (const char *) text.data);
out:
    gnutls_free(der.data);
    gnutls_free(text.data);
    if (pub)
        gnutls_pubkey_deinit(pub);
    return rc;
}

static sund_code fill(gnutls_x509_crt_t c, gnutls_x509_privkey_t k, const char *name, const char *host, sund_err *err)
{
    unsigned char serial[16];
    time_t        now = time(NULL);
    sund_code     rc = SUND_OK;

    TLS_GO(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial), "draw a number");
    serial[0] &= 0x7f;
    TLS_GO(gnutls_x509_crt_set_version(c, 3), "make a certificate");
    TLS_GO(gnutls_x509_crt_set_serial(c, serial, sizeof serial), "make a certificate");
    TLS_GO(gnutls_x509_crt_set_activation_time(c, now - 300), "make a certificate");
    TLS_GO(gnutls_x509_crt_set_expiration_time(c, now + 10L * 365 * 86400), "make a certificate"); /* the pin is the trust, and it does not run out */
    TLS_GO(gnutls_x509_crt_set_dn_by_oid(c, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned) strlen(name)), "make a certificate");
    TLS_GO(add_host(c, host), "make a certificate");
    TLS_GO(gnutls_x509_crt_set_key(c, k), "make a certificate");
    TLS_GO(gnutls_x509_crt_set_basic_constraints(c, 0, -1), "make a certificate");
    TLS_GO(gnutls_x509_crt_set_key_usage(c, GNUTLS_KEY_DIGITAL_SIGNATURE), "make a certificate");
    TLS_GO(gnutls_x509_crt_set_key_purpose_oid(c, GNUTLS_KP_TLS_WWW_SERVER, 0), "make a certificate");
    TLS_GO(gnutls_x509_crt_sign2(c, c, k, GNUTLS_DIG_SHA256, 0), "sign the certificate");
out:
    return rc;
}

sund_code sund_cert_make(const char *name, const char *host, sund_buf *cert_pem, sund_buf *key_pem, char pin[64], sund_err *err)
{
    gnutls_x509_privkey_t k = NULL;
    gnutls_x509_crt_t     c = NULL;
    gnutls_datum_t        cert = { NULL, 0 }, key = { NULL, 0 };
    sund_code             rc = SUND_OK;

    TLS_GO(gnutls_x509_privkey_init(&k), "make a key");
    TLS_GO(gnutls_x509_crt_init(&c), "make a certificate");
    TLS_GO(gnutls_x509_privkey_generate(k, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0), "make a key");
    rc = fill(c, k, name, host, err);
    if (rc != SUND_OK)
        goto out;
    TLS_GO(gnutls_x509_crt_export2(c, GNUTLS_X509_FMT_PEM, &cert), "write the certificate");
    TLS_GO(gnutls_x509_privkey_export2_pkcs8(k, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &key), "write the key");
    rc = make_pin(c, pin, err);
    sund_buf_put(cert_pem, cert.data, cert.size);
    sund_buf_put(key_pem, key.data, key.size);
    if (rc == SUND_OK)
        rc = sund_buf_ok(key_pem, err);
out:
    if (key.data)
        gnutls_memset(key.data, 0, key.size);
    gnutls_free(cert.data);
    gnutls_free(key.data);
    if (c)
        gnutls_x509_crt_deinit(c);
    if (k)
        gnutls_x509_privkey_deinit(k);
    return rc;
}
