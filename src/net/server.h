#ifndef SUND_NET_SERVER_H
#define SUND_NET_SERVER_H

#include "base/buf.h"

/** HTTPS server (TLS 1.3) over libmicrohttpd; knows nothing of genomes.
 *
 *  Each connection has a thread, so that a handler may wait (long poll), or a few threads serve all (n_loop). The header guard refuses, with 400, repeated
 *  Host, Content-Length, Transfer-Encoding, Content-Type, Authorization, X-Auth-Token, X-Rems-Api-Key; Content-Length with Transfer-Encoding; and bodies over max_body (413);
 *  all bodies under way together are at most 16 times that (503).
 *  Handshake and headers have 20 s, a body 600 s, reading an answer 600 s, keeping an idle line 120 s - or request_s each where that is given -,
 *  whatever the drip. Owns: sund_server_stop(), safe on NULL. */
typedef struct sund_parameter { const char *name, *value; } sund_parameter; /**< of a query, decoded; value "" where it has none */
typedef struct sund_request {
    const char    *method, *path;
    const uint8_t *body;
    size_t         n_body;
    const char *(*query)(const struct sund_request *r, const char *key); /**< decoded value or NULL */
    const char *(*header)(const struct sund_request *r, const char *name); /**< value or NULL */
    void          *priv;
    const char *(*header_last)(const struct sund_request *r, const char *name); /**< of several of one name the last, which the nearest proxy wrote */
    const uint8_t *peer; /**< address that the connection comes from, sixteen bytes (IPv4 as ::ffff:a.b.c.d) */
    size_t (*parameters)(const struct sund_request *r, sund_parameter *out, size_t cap); /**< of the query, in their order, the first cap; how many those are */
} sund_request;

typedef struct sund_response {
    int         status;
    const char *type; /**< content type, static string */
    sund_buf    body; /**< freed by the server */
    char        links[240]; /**< value of the header Link; "" for none */
    size_t      n_header;
    struct { const char *name, *value; } header[4]; /**< more of them; texts that outlive the answer, names never from outside */
} sund_response;

typedef void (*sund_handler)(void *ctx, const sund_request *in, sund_response *out);

typedef struct sund_server_config {
    const char  *host; /**< address to bind, e.g. "127.0.0.1" */
    uint16_t     port; /**< 0: any; see sund_server_port */
    const char  *cert_pem, *key_pem; /**< texts; both NULL: plain HTTP (behind a proxy on loopback only) */
    size_t       max_body;
    unsigned     max_connections;
    unsigned     n_loop; /**< 0: a thread for each connection, and handlers may wait. Else so many threads that serve all connections in turn: handlers must not wait */
    unsigned     request_s; /**< seconds for each step of a request; 0: as above */
    sund_handler handler;
    void (*refuse)(void *ctx, int status, const char *why, sund_response *out); /**< how what never comes to the handler is refused; NULL: as plain text */
    void        *ctx;
} sund_server_config;

typedef struct sund_server sund_server;
sund_code sund_server_start(sund_server **s, const sund_server_config *c, sund_err *err) SUND_MUST_CHECK;
uint16_t  sund_server_port(const sund_server *s);
/** Refuses new requests, lets running handlers end (the caller must have woken its waiting ones), stops. */
void      sund_server_stop(sund_server *s);

/** Self-signed P-256 certificate and key (PEM), for the IP address or DNS name `host`, and the pin of its key ("sha256//BASE64"). */
sund_code sund_cert_make(const char *name, const char *host, sund_buf *cert_pem, sund_buf *key_pem, char pin[64], sund_err *err) SUND_MUST_CHECK;

#endif
