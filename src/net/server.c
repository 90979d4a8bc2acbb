#include "net/server.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection has a thread, so a handler may wait. A watchdog shuts down connections whose request drips in for too long: the library's own
 * time-out starts again with every byte. */

enum { REQUEST_S = 60, IDLE_S = 120, MEMORY_BYTES = 64 << 10 };

typedef struct incoming {
    struct MHD_Connection *c;
    sund_buf               body;
    double                 began_s;
    bool                   whole, refused;
    int                    refuse_status;
    struct incoming       *next;
} incoming;

struct sund_server {
    sund_server_config config;
    struct MHD_Daemon *daemon;
    pthread_t          watchdog;
    bool               watching, stopping;
    pthread_mutex_t    lock;
    incoming          *list; /* requests that are not whole yet */
};

/* --- the header guard: what the library lets through twice --- */
typedef struct guard { unsigned host, length, encoding, type, n; } guard;

static enum MHD_Result count_header(void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
    guard *g = ctx;

    (void) kind;
    (void) value;
    g->n++;
    g->host += strcasecmp(key, "Host") == 0;
    g->length += strcasecmp(key, "Content-Length") == 0;
    g->encoding += strcasecmp(key, "Transfer-Encoding") == 0;
    g->type += strcasecmp(key, "Content-Type") == 0;
    return MHD_YES;
}

/** HTTP status to refuse with, or 0. */
static int judge_headers(const sund_server *s, struct MHD_Connection *c, const char *method, const char *version)
{
    guard       g = { 0, 0, 0, 0, 0 };
    const char *length = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length");

    (void) MHD_get_connection_values(c, MHD_HEADER_KIND, count_header, &g);
    if (strcmp(method, "GET") != 0 && strcmp(method, "POST") != 0 && strcmp(method, "HEAD") != 0)
        return 405;
    if (strcmp(version, "HTTP/1.1") != 0 || g.host != 1 || g.length > 1 || g.encoding > 1 || g.type > 1 || (g.length && g.encoding) || g.n > 64)
        return 400;
    if (length) {
        char              *end = NULL;
        unsigned long long n = strtoull(length, &end, 10);

        if (end == length || *end || length[0] == '-' || length[0] == '+')
            return 400;
        if (n > s->config.max_body)
            return 413;
    }
    return 0;
}

static void list_add(sund_server *s, incoming *r)
{
    (void) pthread_mutex_lock(&s->lock);
    r->next = s->list;
    s->list = r;
    (void) pthread_mutex_unlock(&s->lock);
}

static void list_remove(sund_server *s, const incoming *r)
{
    (void) pthread_mutex_lock(&s->lock);
    for (incoming **p = &s->list; *p; p = &(*p)->next)
        if (*p == r) {
            *p = r->next;
            break;
        }
    (void) pthread_mutex_unlock(&s->lock);
}

static void *watch(void *arg)
{
    sund_server *s = arg;

    for (;;) {
        double now = sund_time_mono_s();
        bool   stop;

        (void) pthread_mutex_lock(&s->lock);
        stop = s->stopping;
        for (incoming *r = s->list; r; r = r->next)
            if (now - r->began_s > (double) (s->config.request_s ? s->config.request_s : REQUEST_S)) {
                const union MHD_ConnectionInfo *i = MHD_get_connection_info(r->c, MHD_CONNECTION_INFO_CONNECTION_FD);
                if (i)
                    (void) shutdown(i->connect_fd, SHUT_RDWR);
            }
        (void) pthread_mutex_unlock(&s->lock);
        if (stop)
            return NULL;
        (void) usleep(200000);
    }
}

static const char *get_query(const sund_request *r, const char *key) { return MHD_lookup_connection_value(r->priv, MHD_GET_ARGUMENT_KIND, key); }

static enum MHD_Result reply(struct MHD_Connection *c, int status, const char *type, const void *p, size_t n, bool close)
{
    union { const void *c; void *v; } body = { p }; /* copied by the library, never written */
    struct MHD_Response *a = MHD_create_response_from_buffer(n, body.v, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result      q;

    if (!a)
        return MHD_NO;
    (void) MHD_add_response_header(a, "Content-Type", type);
    (void) MHD_add_response_header(a, "Cache-Control", "no-store");
    (void) MHD_add_response_header(a, "X-Content-Type-Options", "nosniff");
    if (close)
        (void) MHD_add_response_header(a, "Connection", "close");
    q = MHD_queue_response(c, (unsigned) status, a);
    MHD_destroy_response(a);
    return q;
}

static enum MHD_Result refuse(struct MHD_Connection *c, int status)
{
    const char *text = status == 413 ? "the request is too large\n" : status == 405 ? "this method is not taken here\n" : "the request is not well-formed\n";

    return reply(c, status, "text/plain; charset=utf-8", text, strlen(text), true);
}

static enum MHD_Result answer(sund_server *s, struct MHD_Connection *c, incoming *r, const char *url, const char *method)
{
    sund_request    in = { method, url, r->body.p, r->body.n, get_query, c };
    sund_response   out = { 500, "text/plain; charset=utf-8", { 0 } };
    enum MHD_Result q;

    s->config.handler(s->config.ctx, &in, &out);
    q = reply(c, out.body.bad ? 503 : out.status, out.type, out.body.p ? (const void *) out.body.p : "", out.body.n, false);
    sund_buf_free(&out.body);
    return q;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url, const char *method, const char *version, const char *data, size_t *n, void **ctx)
{
    sund_server *s = cls;
    incoming    *r = *ctx;

    if (!r) {
        int status = judge_headers(s, c, method, version);

        if (status)
            return refuse(c, status);
        r = calloc(1, sizeof *r);
        if (!r)
            return MHD_NO;
        r->c = c;
        r->began_s = sund_time_mono_s();
        *ctx = r;
        list_add(s, r);
        return MHD_YES;
    }
    if (*n) {
        if (r->body.n + *n > s->config.max_body)
            r->refused = true;
        else if (!r->refused)
            sund_buf_put(&r->body, data, *n);
        *n = 0;
        return MHD_YES;
    }
    if (!r->whole) {
        r->whole = true;
        list_remove(s, r);
    }
    if (r->refused || r->body.bad)
        return refuse(c, 413);
    return answer(s, c, r, url, method);
}

static void on_end(void *cls, struct MHD_Connection *c, void **ctx, enum MHD_RequestTerminationCode how)
{
    sund_server *s = cls;
    incoming    *r = *ctx;

    (void) c;
    (void) how;
    if (!r)
        return;
    list_remove(s, r);
    sund_buf_free(&r->body);
    free(r);
    *ctx = NULL;
}

static void no_log(void *cls, const char *fmt, va_list ap)
{
    (void) cls;
    (void) fmt;
    (void) ap;
}

static sund_code address(const sund_server_config *c, struct sockaddr_storage *out, sund_err *err)
{
    struct sockaddr_in  v4 = { .sin_family = AF_INET, .sin_port = htons(c->port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(c->port) };

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, c->host, &v4.sin_addr) == 1)
        memcpy(out, &v4, sizeof v4);
    else if (inet_pton(AF_INET6, c->host, &v6.sin6_addr) == 1)
        memcpy(out, &v6, sizeof v6);
    else
        return sund_fail(err, SUND_E_ARG, "'%.60s' is no address to listen on: give an IP address, e.g. 0.0.0.0", c->host);
    return SUND_OK;
}

static struct MHD_Daemon *start_daemon(sund_server *s, struct sockaddr_storage *at)
{
    unsigned             flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ERROR_LOG | (s->config.cert_pem ? MHD_USE_TLS : 0u) | (at->ss_family == AF_INET6 ? MHD_USE_IPv6 : 0u);
    union { const char *c; char *v; } key = { s->config.key_pem }, cert = { s->config.cert_pem };
    struct MHD_OptionItem tls[] = { { MHD_OPTION_HTTPS_MEM_KEY, 0, key.v },
                                    { MHD_OPTION_HTTPS_MEM_CERT, 0, cert.v },
                                    { MHD_OPTION_HTTPS_PRIORITIES, 0, NULL },
                                    { MHD_OPTION_END, 0, NULL } };
    static char           priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
    struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

    tls[2].ptr_value = priorities;
    return MHD_start_daemon(flags, s->config.port, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *) at,
                            MHD_OPTION_CONNECTION_LIMIT, s->config.max_connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t) MEMORY_BYTES, MHD_OPTION_NOTIFY_COMPLETED, on_end, s, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, s->config.cert_pem ? tls : none,
                            MHD_OPTION_END);
}

sund_code sund_server_start(sund_server **out, const sund_server_config *c, sund_err *err)
{
    sund_server            *s = calloc(1, sizeof *s);
    struct sockaddr_storage at;

    if (!s)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    s->config = *c;
    (void) pthread_mutex_init(&s->lock, NULL);
    (void) signal(SIGPIPE, SIG_IGN);
    if (address(c, &at, err) != SUND_OK) {
        sund_server_stop(s);
        return SUND_E_ARG;
    }
    s->daemon = start_daemon(s, &at);
    if (!s->daemon) {
        sund_server_stop(s);
        return sund_fail(err, SUND_E_IO, "cannot listen on %s:%u: is the port taken, are certificate and key a pair?", c->host, c->port);
    }
    s->watching = pthread_create(&s->watchdog, NULL, watch, s) == 0;
    if (!s->watching) {
        sund_server_stop(s);
        return sund_fail(err, SUND_E_NOMEM, "cannot start a thread");
    }
    *out = s;
    return SUND_OK;
}

uint16_t sund_server_port(const sund_server *s)
{
    const union MHD_DaemonInfo *i = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);

    return i ? i->port : 0;
}

void sund_server_stop(sund_server *s)
{
    if (!s)
        return;
    (void) pthread_mutex_lock(&s->lock);
    s->stopping = true;
    (void) pthread_mutex_unlock(&s->lock);
    if (s->watching)
        (void) pthread_join(s->watchdog, NULL);
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    (void) pthread_mutex_destroy(&s->lock);
    free(s);
}
