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

/* A connection has a thread, so that a handler may wait, or a few threads serve all. A watchdog shuts down connections that take too long over a handshake, a request or reading
 * an answer: the library's own time-out starts again with every byte that drips in. */

enum { HEAD_S = 20, REQUEST_S = 600, IDLE_S = 120, MEMORY_BYTES = 64 << 10, LOOP_MEMORY_BYTES = 12 << 10, BODIES_AT_ONCE = 16, KEPT_BYTES = 8 << 10 };

/* One connection, from its first packet to its last, and the one request that is under way on it. */
typedef struct wire {
    struct MHD_Connection *c;
    uint8_t                peer[16];
    _Atomic double         until_s; /* shut down when this passes; 0 while a handler runs */
    struct wire           *next;
    size_t                 announced; /* bytes of the request's body; 0 when it does not say */
    sund_buf               body, said; /* of the request and of its answer, whose memory the next one on the line has again */
    int                    refused; /* HTTP status, or 0 */
} wire;

struct sund_server {
    sund_server_config config;
    struct MHD_Daemon *daemon;
    pthread_t          watchdog;
    bool               watching, stopping;
    pthread_mutex_t    lock;
    _Atomic double     now_s; /* the watchdog's clock, which is near enough */
    wire              *list;
    size_t             held; /* bytes of bodies that have come in: nobody has shown who they are before the last one is here */
};

/* --- the header guard: what the library lets through twice --- */
typedef struct guard { unsigned host, length, encoding, type, bearer, token, key, n; } guard;

static enum MHD_Result count_header(void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
    guard *g = ctx;
    char   c = (char) (*key | 32);

    (void) kind;
    (void) value;
    g->n++;
    g->host += c == 'h' && strcasecmp(key, "Host") == 0;
    g->length += c == 'c' && strcasecmp(key, "Content-Length") == 0;
    g->encoding += c == 't' && strcasecmp(key, "Transfer-Encoding") == 0;
    g->type += c == 'c' && strcasecmp(key, "Content-Type") == 0;
    g->bearer += c == 'a' && strcasecmp(key, "Authorization") == 0;
    g->token += c == 'x' && strcasecmp(key, "X-Auth-Token") == 0;
    g->key += strcasecmp(key, "X-Rems-Api-Key") == 0;
    return MHD_YES;
}

/** HTTP status to refuse with, or 0. */
static int judge_headers(const sund_server *s, struct MHD_Connection *c, const char *method, const char *version)
{
    guard       g = { 0 };
    const char *length = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length");

    (void) MHD_get_connection_values(c, MHD_HEADER_KIND, count_header, &g);
    if (strcmp(method, "GET") != 0 && strcmp(method, "POST") != 0 && strcmp(method, "HEAD") != 0)
        return 405;
    if (strcmp(version, "HTTP/1.1") != 0 || g.host != 1 || g.length > 1 || g.encoding > 1 || g.type > 1 || g.bearer > 1 || g.token > 1 || g.key > 1 || (g.length && g.encoding) || g.n > 64)
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

/** Room for n more bytes of bodies, over all connections. */
static bool hold(sund_server *s, size_t n)
{
    bool room;

    (void) pthread_mutex_lock(&s->lock);
    room = n <= BODIES_AT_ONCE * s->config.max_body - s->held;
    s->held += room ? n : 0;
    (void) pthread_mutex_unlock(&s->lock);
    return room;
}

static void let_go(sund_server *s, wire *w)
{
    if (w->body.n) {
        (void) pthread_mutex_lock(&s->lock);
        s->held -= w->body.n;
        (void) pthread_mutex_unlock(&s->lock);
    }
    for (int said = 0; said < 2; said++) {
        sund_buf *b = said ? &w->said : &w->body;

        if (b->bad || b->cap > KEPT_BYTES)
            sund_buf_free(b);
        sund_buf_clear(b);
    }
}

static double limit_s(const sund_server *s, double otherwise) { return s->config.request_s ? (double) s->config.request_s : otherwise; }

/** The connection has so many seconds for what comes next; 0: as long as it takes. */
static void allow(const sund_server *s, wire *w, double seconds) { w->until_s = seconds > 0 ? s->now_s + seconds : 0; }

static wire *wire_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *i = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return i ? i->socket_context : NULL;
}

static void peer_of(struct MHD_Connection *c, uint8_t out[16])
{
    const union MHD_ConnectionInfo *i = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct sockaddr_in              v4;
    struct sockaddr_in6             v6;

    memset(out, 0, 16);
    if (!i || !i->client_addr)
        return;
    if (i->client_addr->sa_family == AF_INET) {
        memcpy(&v4, i->client_addr, sizeof v4);
        out[10] = out[11] = 0xff;
        memcpy(out + 12, &v4.sin_addr, 4);
    }
    else if (i->client_addr->sa_family == AF_INET6) {
        memcpy(&v6, i->client_addr, sizeof v6);
        memcpy(out, &v6.sin6_addr, 16);
    }
}

static void on_connection(void *cls, struct MHD_Connection *c, void **ctx, enum MHD_ConnectionNotificationCode what)
{
    sund_server *s = cls;
    wire        *w = *ctx;

    (void) pthread_mutex_lock(&s->lock);
    if (what == MHD_CONNECTION_NOTIFY_STARTED && (w = calloc(1, sizeof *w)) != NULL) {
        w->c = c;
        peer_of(c, w->peer);
        allow(s, w, limit_s(s, HEAD_S));
        w->next = s->list;
        s->list = w;
        *ctx = w;
    }
    else if (what == MHD_CONNECTION_NOTIFY_CLOSED && w) {
        wire **p = &s->list;

        while (*p != w)
            p = &(*p)->next;
        *p = w->next;
        sund_buf_free(&w->body);
        sund_buf_free(&w->said);
        free(w);
        *ctx = NULL;
    }
    (void) pthread_mutex_unlock(&s->lock);
}

static void *watch(void *arg)
{
    sund_server *s = arg;

    for (;;) {
        double now = sund_time_mono_s();
        bool   stop;

        s->now_s = now;
        (void) pthread_mutex_lock(&s->lock);
        stop = s->stopping;
        for (wire *w = s->list; w; w = w->next)
            if (w->until_s > 0 && now > w->until_s) {
                const union MHD_ConnectionInfo *i = MHD_get_connection_info(w->c, MHD_CONNECTION_INFO_CONNECTION_FD);
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

static const char *get_header(const sund_request *r, const char *name) { return MHD_lookup_connection_value(r->priv, MHD_HEADER_KIND, name); }

typedef struct last { const char *name, *value; } last;

static enum MHD_Result keep_last(void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
    last *l = ctx;

    (void) kind;
    if (strcasecmp(key, l->name) == 0)
        l->value = value;
    return MHD_YES;
}

static const char *get_last(const sund_request *r, const char *name)
{
    last l = { name, NULL };

    (void) MHD_get_connection_values(r->priv, MHD_HEADER_KIND, keep_last, &l);
    return l.value;
}

typedef struct given { sund_parameter *out; size_t n, cap; } given;

static enum MHD_Result keep_given(void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
    given *g = ctx;

    (void) kind;
    if (g->n == g->cap)
        return MHD_NO;
    g->out[g->n++] = (sund_parameter){ key, value ? value : "" };
    return MHD_YES;
}

static size_t get_parameters(const sund_request *r, sund_parameter *out, size_t cap)
{
    given g = { out, 0, cap };

    (void) MHD_get_connection_values(r->priv, MHD_GET_ARGUMENT_KIND, keep_given, &g);
    return g.n;
}

/** The body stays where it is until the answer is sent. */
static enum MHD_Result reply(wire *w, const sund_response *out, bool close)
{
    struct MHD_Response *a = MHD_create_response_from_buffer(out->body.n, out->body.p, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result      q;

    w->said = out->body;
    if (!a)
        return MHD_NO;
    (void) MHD_add_response_header(a, "Content-Type", out->type);
    if (out->links[0])
        (void) MHD_add_response_header(a, "Link", out->links);
    for (size_t i = 0; i < out->n_header; i++)
        (void) MHD_add_response_header(a, out->header[i].name, out->header[i].value);
    (void) MHD_add_response_header(a, "Cache-Control", "no-store");
    (void) MHD_add_response_header(a, "X-Content-Type-Options", "nosniff");
    if (close)
        (void) MHD_add_response_header(a, "Connection", "close");
    q = MHD_queue_response(w->c, (unsigned) out->status, a);
    MHD_destroy_response(a);
    return q;
}

static enum MHD_Result refuse(const sund_server *s, wire *w, int status)
{
    const char   *text = status == 413 ? "the request is too large" : status == 503 ? "too many requests at once; try again" : status == 405 ? "this method is not taken here" : "the request is not well-formed";
    sund_response out = { .status = status, .type = "text/plain; charset=utf-8", .body = w->said };

    if (s->config.refuse)
        s->config.refuse(s->config.ctx, status, text, &out);
    else
        sund_buf_printf(&out.body, "%s\n", text);
    return reply(w, &out, true);
}

static enum MHD_Result answer(sund_server *s, wire *w, const char *url, const char *method)
{
    sund_request  in = { method, url, w->body.p, w->body.n, get_query, get_header, w->c, get_last, w->peer, get_parameters };
    sund_response out = { .status = 500, .type = "text/plain; charset=utf-8", .body = w->said };

    allow(s, w, 0);
    s->config.handler(s->config.ctx, &in, &out);
    allow(s, w, limit_s(s, REQUEST_S));
    if (out.body.bad) {
        sund_buf_free(&out.body);
        out.status = 503;
    }
    return reply(w, &out, false);
}

static void take_in(sund_server *s, wire *w, const char *data, size_t n)
{
    const char *length = w->body.n == 0 ? MHD_lookup_connection_value(w->c, MHD_HEADER_KIND, "Content-Length") : NULL;

    if (w->refused)
        return;
    if (w->body.n == 0)
        w->announced = length ? (size_t) strtoull(length, NULL, 10) : 0; /* judged */
    if (w->body.n + n > s->config.max_body) {
        w->refused = 413;
        return;
    }
    if (w->announced / 8 <= w->body.n + n && w->announced > w->body.cap) /* asked for once, by whoever has sent a good part of it: else it is copied each time the buffer doubles */
        (void) sund_buf_room(&w->body, w->announced - w->body.n);
    if (!sund_buf_room(&w->body, n) || !hold(s, n)) {
        w->refused = 503;
        return;
    }
    sund_buf_put(&w->body, data, n);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url, const char *method, const char *version, const char *data, size_t *n, void **ctx)
{
    sund_server *s = cls;
    wire        *w = *ctx;

    if (!w) {
        int status = judge_headers(s, c, method, version);

        w = wire_of(c);
        if (!w)
            return MHD_NO;
        if (status)
            return refuse(s, w, status);
        w->refused = 0;
        allow(s, w, limit_s(s, REQUEST_S));
        *ctx = w;
        return MHD_YES;
    }
    if (*n) {
        take_in(s, w, data, *n);
        *n = 0;
        return MHD_YES;
    }
    if (w->refused)
        return refuse(s, w, w->refused);
    return answer(s, w, url, method);
}

static void on_end(void *cls, struct MHD_Connection *c, void **ctx, enum MHD_RequestTerminationCode how)
{
    sund_server *s = cls;
    wire        *w = *ctx;

    (void) c;
    (void) how;
    if (!w)
        return;
    allow(s, w, limit_s(s, IDLE_S));
    let_go(s, w);
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
    /* poll, not epoll: that of version 0.9.75 stands still when exactly 128 connections are ready at once */
    unsigned             flags = MHD_USE_POLL_INTERNAL_THREAD | (s->config.n_loop ? 0u : MHD_USE_THREAD_PER_CONNECTION) | MHD_USE_ERROR_LOG | (s->config.cert_pem ? MHD_USE_TLS : 0u) | (at->ss_family == AF_INET6 ? MHD_USE_IPv6 : 0u);
    union { const char *c; char *v; } key = { s->config.key_pem }, cert = { s->config.cert_pem };
    struct MHD_OptionItem tls[] = { { MHD_OPTION_HTTPS_MEM_KEY, 0, key.v },
                                    { MHD_OPTION_HTTPS_MEM_CERT, 0, cert.v },
                                    { MHD_OPTION_HTTPS_PRIORITIES, 0, NULL },
                                    { MHD_OPTION_END, 0, NULL } };
    static char           priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
    struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
    struct MHD_OptionItem loops[] = { { MHD_OPTION_THREAD_POOL_SIZE, (intptr_t) s->config.n_loop, NULL }, { MHD_OPTION_END, 0, NULL } };

    tls[2].ptr_value = priorities;
    return MHD_start_daemon(flags, s->config.port, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *) at,
                            MHD_OPTION_CONNECTION_LIMIT, s->config.max_connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t) (s->config.n_loop ? LOOP_MEMORY_BYTES : MEMORY_BYTES) /* cleared for each request */, MHD_OPTION_NOTIFY_COMPLETED, on_end, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, s->config.cert_pem ? tls : none, MHD_OPTION_ARRAY, s->config.n_loop > 1 ? loops : none,
                            MHD_OPTION_END);
}

sund_code sund_server_start(sund_server **out, const sund_server_config *c, sund_err *err)
{
    sund_server            *s = calloc(1, sizeof *s);
    struct sockaddr_storage at;

    if (!s)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    s->config = *c;
    s->now_s = sund_time_mono_s();
    (void) pthread_mutex_init(&s->lock, NULL);
    (void) signal(SIGPIPE, SIG_IGN);
    if (address(c, &at, err) != SUND_OK) {
        sund_server_stop(s);
        return SUND_E_ARG;
    }
    s->daemon = start_daemon(s, &at);
    if (!s->daemon) {
        sund_server_stop(s);
        return sund_fail(err, SUND_E_IO, "cannot listen on %s:%u: is the port taken%s?", c->host, c->port, c->cert_pem ? ", are certificate and key a pair" : "");
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
