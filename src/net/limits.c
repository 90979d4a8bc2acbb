#include "net/limits.h"

#include "base/crypto.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 8 };

typedef struct place { uint64_t who; double tokens, at_s; } place; /* who 0: nobody */

struct sund_limits {
    double          rate, burst;
    bool            loopback, has_proxy;
    uint8_t         proxy[16];
    sund_key        key; /* nobody outside can choose whom to share places with */
    pthread_mutex_t lock;
    place           of[SUND_LIMITS_PLACES];
};

/** IPv4 as ::ffff:a.b.c.d, so that both are sixteen bytes. */
static bool address_of(const char *s, uint8_t out[16])
{
    memset(out, 0, 16);
    out[10] = out[11] = 0xff;
    return inet_pton(AF_INET, s, out + 12) == 1 || inet_pton(AF_INET6, s, out) == 1;
}

static bool is_v4(const uint8_t a[16])
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

    return memcmp(a, mapped, sizeof mapped) == 0;
}

static bool is_loopback(const uint8_t a[16])
{
    static const uint8_t one[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };

    return is_v4(a) ? a[12] == 127 : memcmp(a, one, sizeof one) == 0;
}

sund_code sund_limits_new(sund_limits **out, const sund_limits_config *c, sund_err *err)
{
    sund_limits *l = calloc(1, sizeof *l);

    if (!l || pthread_mutex_init(&l->lock, NULL) != 0) {
        free(l);
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    }
    l->rate = c->rate;
    l->burst = 2 * c->rate < 1 ? 1 : 2 * c->rate;
    l->loopback = c->loopback;
    l->has_proxy = c->proxy && c->proxy[0];
    sund_random(&l->key, sizeof l->key);
    if (l->has_proxy && !address_of(c->proxy, l->proxy)) {
        sund_limits_free(l);
        return sund_fail(err, SUND_E_ARG, "'%.60s' is no address of a proxy", c->proxy);
    }
    *out = l;
    return SUND_OK;
}

void sund_limits_free(sund_limits *l)
{
    if (!l)
        return;
    (void) pthread_mutex_destroy(&l->lock);
    sund_wipe(&l->key, sizeof l->key);
    free(l);
}

static double filled(const sund_limits *l, const place *p, double now_s)
{
    double t = p->tokens + (now_s > p->at_s ? now_s - p->at_s : 0) * l->rate;

    return t < l->burst ? t : l->burst;
}

/** The caller's place among WAYS, or the fullest of them, made its own; with the lock. */
static place *place_of(sund_limits *l, uint64_t who, double now_s)
{
    place *set = &l->of[who % (SUND_LIMITS_PLACES / WAYS) * WAYS], *best = set;

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].who == who)
            return &set[i];
        if (best->who && (!set[i].who || filled(l, &set[i], now_s) > filled(l, best, now_s)))
            best = &set[i];
    }
    *best = (place){ who, l->burst, now_s };
    return best;
}

bool sund_limits_take(sund_limits *l, const void *who, size_t n, double now_s)
{
    sund_digest d;
    uint64_t    h;
    place      *p;
    bool        good;

    if (!l || l->rate <= 0)
        return true;
    d = sund_digest_keyed(&l->key, who, n);
    memcpy(&h, d.b, sizeof h);
    (void) pthread_mutex_lock(&l->lock);
    p = place_of(l, h | 1, now_s);
    p->tokens = filled(l, p, now_s);
    p->at_s = now_s > p->at_s ? now_s : p->at_s;
    good = p->tokens >= 1;
    p->tokens -= good ? 1 : 0;
    (void) pthread_mutex_unlock(&l->lock);
    return good;
}

/** The last entry of the last X-Forwarded-For: what the proxy itself wrote. Those before are the client's word. */
static bool forwarded(const sund_request *in, uint8_t out[16])
{
    const char *h = in->header_last(in, "X-Forwarded-For"), *last, *end;
    char        one[64];
    size_t      n;

    if (!h)
        return false;
    last = strrchr(h, ',');
    last = last ? last + 1 : h;
    last += strspn(last, " \t");
    end = last + strcspn(last, " \t");
    n = (size_t) (end - last);
    if (n == 0 || n >= sizeof one || end[strspn(end, " \t")])
        return false;
    memcpy(one, last, n);
    one[n] = 0;
    return address_of(one, out);
}

bool sund_limits_admit(sund_limits *l, const sund_request *in)
{
    uint8_t at[16], before[16];

    if (!l || l->rate <= 0 || !in->peer)
        return true;
    memcpy(at, in->peer, sizeof at);
    if (l->has_proxy && memcmp(at, l->proxy, sizeof at) == 0 && forwarded(in, before))
        memcpy(at, before, sizeof at);
    else if (is_loopback(at) && !l->loopback)
        return true;
    return sund_limits_take(l, at, is_v4(at) ? 16 : 8, sund_time_mono_s());
}
