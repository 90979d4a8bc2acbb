/* Server and client over loopback. TSAN: runs under the thread sanitizer too.
 * Raw sockets speak plain HTTP to the same guard; TLS and pins are tested with the client. */
#include "base/log.h"
#include "gate/leave.h"
#include "gate/ledger.h"
#include "net/client.h"
#include "net/server.h"
#include "node/again.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { MAX_BODY = 100000 };

/** Echoes the body; "/slow" takes a second and a half, "/moved" is at "/x". */
static void echo(void *ctx, const sund_request *in, sund_response *out)
{
    int *n = ctx;

    __atomic_fetch_add(n, 1, __ATOMIC_RELAXED);
    if (strcmp(in->path, "/slow") == 0)
        (void) usleep(1500000);
    out->status = strcmp(in->path, "/moved") == 0 ? 308 : 200;
    if (out->status == 308)
        out->header[out->n_header++].name = "Location", out->header[0].value = "/x";
    out->type = "application/octet-stream";
    sund_buf_put(&out->body, in->body, in->n_body);
    sund_buf_text(&out->body, in->query(in, "q") ? in->query(in, "q") : "");
}

static int handled;

static sund_server *plain_server(unsigned request_s)
{
    sund_server_config c = { .host = "127.0.0.1", .max_body = MAX_BODY, .max_connections = 300, .request_s = request_s, .handler = echo, .ctx = &handled };
    sund_server       *s = NULL;
    sund_err           err;

    if (sund_server_start(&s, &c, &err) != SUND_OK) {
        fprintf(stderr, "# %s\n", err.msg);
        exit(1);
    }
    return s;
}

static int dial(const sund_server *s)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(sund_server_port(s)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval     wait = { 10, 0 };
    int                fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *) &to, sizeof to) != 0)
        return -1;
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    return fd;
}

/** Sends and reads the first answer: its status; 0 when the connection was closed without one. */
static int say(const sund_server *s, const char *text, size_t n)
{
    char    reply[8192];
    int     fd = dial(s), status = -1;
    ssize_t got;

    if (fd < 0)
        return -1;
    if (send(fd, text, n, MSG_NOSIGNAL) == (ssize_t) n || true) {
        got = recv(fd, reply, sizeof reply - 1, 0);
        status = 0;
        if (got > 0) {
            reply[got] = 0;
            if (sscanf(reply, "HTTP/1.%*c %d", &status) != 1)
                status = -2;
        }
    }
    (void) close(fd);
    return status;
}

static int ask(const sund_server *s, const char *text) { return say(s, text, strlen(text)); }

#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

TEST(header_guard)
{
    static const struct { const char *text; int low, high; } odd[] = {
        { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, 200 },
        { POST "Content-Length: 2\r\n\r\nhi", 200, 200 },
        { POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", 400, 400 },
        { POST "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi", 400, 400 },
        { POST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 400 },
        { POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400, 400 },
        { "POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n", 400, 400 },
        { POST "Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 0\r\n\r\n", 400, 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\n\r\n", 200, 200 },
        { "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nauthorization: Bearer a\r\n\r\n", 400, 400 },
        { POST "X-Auth-Token: a\r\nX-Auth-Token: b\r\nContent-Length: 0\r\n\r\n", 400, 400 },
        { POST "X-Rems-Api-Key: a\r\nx-rems-api-key: b\r\nContent-Length: 0\r\n\r\n", 400, 400 },
        { "GET / HTTP/1.1\r\n\r\n", 400, 400 },
        { "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 400, 400 },
        { POST "Content-Length: -1\r\n\r\n", 0, 499 },
        { POST "Content-Length: +2\r\n\r\nhi", 0, 499 },
        { POST "Content-Length: 2x\r\n\r\nhi", 0, 499 },
        { POST "Content-Length: 99999999999999999999999\r\n\r\n", 0, 499 },
        { POST "Content-Length: 100001\r\n\r\n", 413, 413 },
        { "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, 405 },
        { "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 405, 405 },
        { "nonsense\r\n\r\n", 0, 499 },
        { "\r\n\r\n\r\n\r\n", 0, 499 },
        { POST "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 0, 499 },
        { POST "Transfer-Encoding: chunked\r\n\r\n-1\r\n", 0, 499 },
    };
    sund_server *s = plain_server(1);

    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        int status = ask(s, odd[i].text);

        CHECK(status >= odd[i].low && status <= odd[i].high && (status == 0 || status >= 200));
        if (status < odd[i].low || status > odd[i].high || (odd[i].high == 499 && status == 200))
            fprintf(stderr, "# status %d for: %.60s\n", status, odd[i].text);
        CHECK(odd[i].high != 499 || status != 200);
    }
    CHECK(say(s, "GET /\0x HTTP/1.1\r\nHost: a\r\n\r\n", 30) != -1);
    CHECK(ask(s, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200); /* after all that */
    sund_server_stop(s);
}

TEST(many_and_long_headers)
{
    sund_server *s = plain_server(1);
    static char  text[400000];
    size_t       n = (size_t) sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\n");

    for (int i = 0; i < 100; i++)
        n += (size_t) sprintf(text + n, "X-%d: y\r\n", i);
    n += (size_t) sprintf(text + n, "\r\n");
    CHECK(say(s, text, n) == 400);
    n = (size_t) sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    memset(text + n, 'x', 300000);
    n += 300000;
    n += (size_t) sprintf(text + n, "\r\n\r\n");
    CHECK(say(s, text, n) != 200);
    n = (size_t) sprintf(text, "GET /");
    memset(text + n, 'x', 300000);
    n += 300000;
    n += (size_t) sprintf(text + n, " HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(say(s, text, n) != 200);
    CHECK(ask(s, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    sund_server_stop(s);
}

TEST(bodies_at_the_limit)
{
    sund_server *s = plain_server(5);
    static char  text[MAX_BODY + 200];
    int          n = sprintf(text, POST "Content-Length: %d\r\n\r\n", MAX_BODY), before;

    memset(text + n, 'b', MAX_BODY);
    CHECK(say(s, text, (size_t) n + MAX_BODY) == 200);
    before = __atomic_load_n(&handled, __ATOMIC_RELAXED);
    n = sprintf(text, POST "Transfer-Encoding: chunked\r\n\r\n%x\r\n", MAX_BODY + 1); /* a body that grows beyond it */
    memset(text + n, 'b', MAX_BODY + 1);
    n += MAX_BODY + 1;
    n += sprintf(text + n, "\r\n0\r\n\r\n");
    CHECK(say(s, text, (size_t) n) == 413);
    CHECK(__atomic_load_n(&handled, __ATOMIC_RELAXED) == before); /* the handler never saw it */
    sund_server_stop(s);
}

TEST(bodies_of_strangers_do_not_fill_the_memory)
{
    sund_server *s = plain_server(20);
    static char  text[MAX_BODY + 200];
    int          n = sprintf(text, POST "Content-Length: %d\r\n\r\n", MAX_BODY), fd[16], status = 0;

    memset(text + n, 'b', MAX_BODY);
    for (int k = 0; k < 16; k++) { /* each but for its last byte */
        fd[k] = dial(s);
        CHECK(send(fd[k], text, (size_t) n + MAX_BODY - 1, MSG_NOSIGNAL) == n + MAX_BODY - 1);
    }
    for (int k = 0; k < 50 && status != 503; k++) { /* once all have arrived */
        (void) usleep(20000);
        status = say(s, text, (size_t) n + MAX_BODY);
    }
    CHECK(status == 503);
    CHECK(ask(s, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200); /* what has no body is served */
    for (int k = 0; k < 16; k++)
        (void) close(fd[k]);
    for (int k = 0; k < 50 && status != 200; k++) {
        (void) usleep(20000);
        status = say(s, text, (size_t) n + MAX_BODY);
    }
    CHECK(status == 200);
    sund_server_stop(s);
}

/** Whether the peer closes within so many seconds although bytes keep dripping. */
static bool cut_while_dripping(sund_server *s, const char *start, const char *drip, double seconds)
{
    int    fd = dial(s);
    double began = sund_time_mono_s();
    bool   cut = false;

    (void) send(fd, start, strlen(start), MSG_NOSIGNAL);
    while (!cut && sund_time_mono_s() - began < seconds) {
        char c;

        (void) usleep(100000);
        (void) send(fd, drip, strlen(drip), MSG_NOSIGNAL);
        cut = recv(fd, &c, 1, MSG_DONTWAIT) == 0;
    }
    (void) close(fd);
    return cut;
}

TEST(a_request_that_drips_is_cut_wherever_it_drips)
{
    sund_server *s = plain_server(1);

    CHECK(cut_while_dripping(s, "GET / HTTP/1.1\r\nHost: a\r\n", "X: y\r\n", 4));
    CHECK(cut_while_dripping(s, POST "Content-Length: 90000\r\n\r\n", "x", 4));
    CHECK(cut_while_dripping(s, "", "", 4)); /* and one that says nothing */
    CHECK(ask(s, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    sund_server_stop(s);
}

/** Asks for more than the buffers of the system hold, and reads nothing. */
TEST(who_does_not_read_the_answers_is_cut)
{
    sund_server *s = plain_server(1);
    static char  text[MAX_BODY + 200];
    int          n = sprintf(text, POST "Content-Length: %d\r\n\r\n", MAX_BODY), fd = dial(s);
    size_t       at = 0, sent = 0;
    double       began = sund_time_mono_s(), seconds;
    bool         cut = false;

    memset(text + n, 'b', MAX_BODY);
    while (!cut && sund_time_mono_s() - began < 6) {
        ssize_t k = send(fd, text + at, (size_t) n + MAX_BODY - at, MSG_NOSIGNAL | MSG_DONTWAIT);

        cut = k < 0 && errno != EAGAIN;
        at = k > 0 ? (at + (size_t) k) % ((size_t) n + MAX_BODY) : at;
        sent += k > 0 ? (size_t) k : 0;
        if (k < 0)
            (void) usleep(20000);
    }
    seconds = sund_time_mono_s() - began;
    CHECK(cut && seconds > 0.9 && sent > 10 * MAX_BODY);
    (void) close(fd);
    CHECK(ask(s, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    sund_server_stop(s);
}

TEST(a_line_that_is_kept_open_for_nothing_is_closed)
{
    sund_server *s = plain_server(1);
    int          fd = dial(s);
    const char  *one = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    char         reply[512];
    double       began = sund_time_mono_s();

    CHECK(send(fd, one, strlen(one), MSG_NOSIGNAL) > 0 && recv(fd, reply, sizeof reply, 0) > 0);
    CHECK(recv(fd, reply, sizeof reply, 0) == 0 && sund_time_mono_s() - began < 4); /* dial() waits ten */
    (void) close(fd);
    sund_server_stop(s);
}

#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__ /* they keep freed memory */
static size_t resident(void)
{
    FILE         *f = fopen("/proc/self/statm", "r");
    unsigned long whole = 0, in = 0;

    CHECK(f && fscanf(f, "%lu %lu", &whole, &in) == 2);
    (void) fclose(f);
    return in * (size_t) sysconf(_SC_PAGESIZE);
}

/** A large request once, and then the line is kept open: by two hundred of them. */
TEST(lines_that_are_kept_open_keep_no_large_buffers)
{
    sund_server_config c = { .host = "127.0.0.1", .max_body = MAX_BODY, .max_connections = 300, .n_loop = 1, .handler = echo, .ctx = &handled };
    sund_server       *s = NULL;
    static char        text[MAX_BODY + 200];
    int                n = sprintf(text, POST "Content-Length: %d\r\n\r\n", MAX_BODY), fd[200];
    size_t             before = 0;

    CHECK(sund_server_start(&s, &c, NULL) == SUND_OK);
    memset(text + n, 'b', MAX_BODY);
    for (int i = 0; i < 200; i++) {
        ssize_t got = 0, k = 1;

        fd[i] = dial(s);
        for (size_t at = 0; at < (size_t) n + MAX_BODY && k > 0; at += (size_t) k)
            k = send(fd[i], text + at, (size_t) n + MAX_BODY - at, MSG_NOSIGNAL);
        while (k > 0 && got < MAX_BODY)
            got += k = recv(fd[i], text + 200, MAX_BODY, 0);
        CHECK(got >= MAX_BODY);
        memset(text + n, 'b', MAX_BODY);
        before = i == 19 ? resident() : before;
    }
    CHECK(resident() < before + (8 << 20));
    for (int i = 0; i < 200; i++)
        (void) close(fd[i]);
    sund_server_stop(s);
}
#endif

TEST(a_handler_may_take_longer_than_a_request)
{
    sund_server *s = plain_server(1);
    int          fd = dial(s);
    const char  *slow = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
    char         reply[512] = "";

    for (int k = 0; k < 2; k++) { /* each longer than a request may take to come */
        (void) send(fd, slow, strlen(slow), MSG_NOSIGNAL);
        CHECK(recv(fd, reply, sizeof reply, 0) > 0 && memcmp(reply, "HTTP/1.1 200", 12) == 0);
    }
    (void) close(fd);
    sund_server_stop(s);
}

TEST(idle_connections_do_not_stop_others)
{
    sund_server *s = plain_server(30);
    int          fd[200];

    for (int i = 0; i < 200; i++)
        fd[i] = dial(s);
    CHECK(ask(s, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    for (int i = 0; i < 200; i++)
        (void) close(fd[i]);
    sund_server_stop(s);
}

/* ---- TLS ---- */

typedef struct tls { sund_server *s; char pin[64], url[64]; sund_db *db; sund_identity me; sund_gate *gate; } tls;

/** In place: the gate keeps a pointer to its identity. */
static void tls_open(tls *t)
{
    sund_buf           cert = { 0 }, key = { 0 };
    sund_server_config c = { .host = "127.0.0.1", .max_body = MAX_BODY, .max_connections = 100, .handler = echo, .ctx = &handled };
    sund_thresholds    th = sund_thresholds_default();

    memset(t, 0, sizeof *t);
    if (sund_crypto_init(NULL) != SUND_OK || sund_cert_make("test", "127.0.0.1", &cert, &key, t->pin, NULL) != SUND_OK)
        abort();
    sund_buf_nul(&cert);
    sund_buf_nul(&key);
    c.cert_pem = (const char *) cert.p;
    c.key_pem = (const char *) key.p;
    if (sund_server_start(&t->s, &c, NULL) != SUND_OK || sund_db_open(&t->db, ":memory:", "", NULL) != SUND_OK || sund_ledger_open(t->db, NULL) != SUND_OK)
        abort();
    (void) snprintf(t->url, sizeof t->url, "https://127.0.0.1:%u", sund_server_port(t->s));
    (void) snprintf(t->me.id, sizeof t->me.id, "anna");
    sund_sign_keypair(&t->me.pub, &t->me.key);
    if (sund_gate_open(&t->gate, t->db, &t->me, &th, NULL) != SUND_OK)
        abort();
    sund_buf_free(&cert);
    sund_buf_free(&key);
}

static void tls_close(tls *t)
{
    sund_server_stop(t->s);
    sund_gate_close(t->gate);
    sund_db_close(t->db);
}

static sund_leave *message(tls *t, size_t n)
{
    sund_envelope head = { .kind = SUND_MSG_STATUS, .seq = sund_seq_next(0) };
    sund_leave   *l = NULL;
    uint8_t      *body = calloc(n + 1, 1);

    if (!body || sund_leave_protocol(t->gate, &head, body, n, &l, NULL) != SUND_OK)
        abort();
    free(body);
    return l;
}

static sund_code send_to(tls *t, const char *path, const char *url, const char *pin, size_t n, size_t max_reply, sund_err *err)
{
    sund_client *c = NULL;
    sund_leave  *l = message(t, n);
    sund_buf     reply = { 0 };
    sund_code    rc = sund_client_open(&c, url, pin, err);
    size_t       n_sent;

    if (rc == SUND_OK)
        rc = sund_client_send(c, path, l, 20, max_reply, &reply, err);
    if (rc == SUND_OK) {
        const uint8_t *sent = sund_leave_bytes(l, &n_sent);
        CHECK(reply.n == n_sent && memcmp(reply.p, sent, n_sent) == 0);
    }
    sund_buf_free(&reply);
    sund_leave_free(l);
    sund_client_close(c);
    return rc;
}

static sund_code send_once(tls *t, const char *url, const char *pin, size_t n, size_t max_reply, sund_err *err) { return send_to(t, "/x", url, pin, n, max_reply, err); }

TEST(a_redirect_is_not_followed)
{
    tls      t;
    sund_err err = { SUND_OK, "" };
    int      before;

    tls_open(&t);
    before = __atomic_load_n(&handled, __ATOMIC_RELAXED);
    CHECK(send_to(&t, "/moved", t.url, t.pin, 1000, 1 << 20, &err) == SUND_E_UPSTREAM && strstr(err.msg, "HTTP 308"));
    CHECK(__atomic_load_n(&handled, __ATOMIC_RELAXED) == before + 1); /* nor asked for, even at the one place that is pinned */
    tls_close(&t);
}

TEST(the_pin_is_the_whole_of_the_trust)
{
    tls      t, other;
    char     plain[80];
    sund_err err;

    tls_open(&t);
    tls_open(&other);
    CHECK(send_once(&t, t.url, t.pin, 1000, 1 << 20, &err) == SUND_OK);
    CHECK(send_once(&t, t.url, other.pin, 1000, 1 << 20, &err) == SUND_E_UPSTREAM);
    CHECK(send_once(&t, other.url, t.pin, 1000, 1 << 20, &err) == SUND_E_UPSTREAM);
    CHECK(send_once(&t, t.url, "", 1000, 1 << 20, &err) == SUND_E_ARG);
    CHECK(send_once(&t, t.url, "sha256//", 1000, 1 << 20, &err) != SUND_OK);
    CHECK(send_once(&t, "http://example.org/", t.pin, 1000, 1 << 20, &err) == SUND_E_ARG);
    CHECK(send_once(&t, "http://127.0.0.1:80@example.org/", t.pin, 1000, 1 << 20, &err) == SUND_E_ARG); /* plain text, to elsewhere */
    CHECK(send_once(&t, "http://127.0.0.1:80.example.org/", t.pin, 1000, 1 << 20, &err) == SUND_E_ARG);
    CHECK(send_once(&t, "http://127.0.0.1:", t.pin, 1000, 1 << 20, &err) == SUND_E_ARG);
    (void) snprintf(plain, sizeof plain, "http://127.0.0.1:%u", sund_server_port(t.s));
    CHECK(send_once(&t, plain, t.pin, 1000, 1 << 20, &err) != SUND_OK); /* the server speaks TLS only */
    CHECK(send_once(&t, t.url, t.pin, 1000, 100, &err) != SUND_OK);     /* a reply longer than asked for */
    tls_close(&t);
    tls_close(&other);
}

typedef struct many { tls *t; int wrong; } many;

static void *client_thread(void *arg)
{
    many        *m = arg;
    sund_client *c = NULL;
    sund_buf     reply = { 0 };

    if (sund_client_open(&c, m->t->url, m->t->pin, NULL) != SUND_OK)
        abort();
    for (size_t k = 0; k < 12; k++) {
        sund_leave    *l = message(m->t, k * 1000);
        size_t         n;
        const uint8_t *p = sund_leave_bytes(l, &n);

        if (sund_client_send(c, "/x", l, 30, 1 << 20, &reply, NULL) != SUND_OK || reply.n != n || memcmp(reply.p, p, n) != 0)
            __atomic_fetch_add(&m->wrong, 1, __ATOMIC_RELAXED);
        sund_leave_free(l);
    }
    sund_buf_free(&reply);
    sund_client_close(c);
    return NULL;
}

TEST(sixteen_clients_at_once)
{
    tls       t;
    many      m = { &t, 0 };
    pthread_t th[16];

    tls_open(&t);
    for (int i = 0; i < 16; i++)
        CHECK(pthread_create(&th[i], NULL, client_thread, &m) == 0);
    for (int i = 0; i < 16; i++)
        (void) pthread_join(th[i], NULL);
    CHECK(m.wrong == 0);
    tls_close(&t);
}

static void *stop_soon(void *arg)
{
    (void) usleep(200000);
    *(_Atomic bool *) arg = true;
    return NULL;
}

TEST(a_client_can_be_told_to_stop)
{
    int                fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t          n = sizeof at;
    tls                t;
    sund_leave        *l;
    sund_client       *c = NULL;
    sund_buf           reply = { 0 };
    pthread_t          th;
    char               url[60];
    double             began;
    _Atomic bool       stop = false;

    tls_open(&t);
    l = message(&t, 10);
    CHECK(bind(fd, (struct sockaddr *) &at, sizeof at) == 0 && listen(fd, 4) == 0 && getsockname(fd, (struct sockaddr *) &at, &n) == 0);
    (void) snprintf(url, sizeof url, "https://127.0.0.1:%u", ntohs(at.sin_port)); /* takes connections, says nothing */
    CHECK(sund_client_open(&c, url, t.pin, NULL) == SUND_OK);
    sund_client_heed(c, &stop);
    CHECK(pthread_create(&th, NULL, stop_soon, &stop) == 0);
    began = sund_time_mono_s();
    CHECK(sund_client_send(c, "/x", l, 60, 1000, &reply, NULL) != SUND_OK);
    CHECK(sund_time_mono_s() - began < 5);
    (void) pthread_join(th, NULL);
    sund_client_close(c);
    sund_leave_free(l);
    sund_buf_free(&reply);
    (void) close(fd);
    tls_close(&t);
}

TEST(who_fails_waits_twice_as_long_each_time_and_no_two_alike)
{
    static const double most[] = { 0.25, 0.5, 1, 2, 4, 4, 4 };
    _Atomic bool        stop = true;
    unsigned            n = 0;
    double              from = sund_time_mono_s();

    for (unsigned i = 1; i <= 7; i++)
        CHECK(sund_again_s(i, 0) == most[i - 1] && sund_again_s(i, 0.5) == most[i - 1] * 0.75 && sund_again_s(i, 0.999) > most[i - 1] / 2);
    CHECK(sund_again_s(4000000000u, 0) == 4);
    sund_again_wait(&n, &stop); /* who is to stop does not wait */
    CHECK(n == 1 && sund_time_mono_s() - from < 0.2);
    stop = false;
    sund_again_wait(&n, &stop);
    CHECK(n == 2 && sund_time_mono_s() - from >= 0.25);
    n = 100;
    stop = true;
    sund_again_wait(&n, &stop);
    CHECK(n == 100);
}
