/* How often one caller is answered: buckets, forwarded addresses, a flood of callers. */
#include "base/log.h"
#include "net/limits.h"

#include "test.h"

#include <string.h>

static const char *last_header;

static const char *header(const sund_request *r, const char *name)
{
    (void) r;
    return strcmp(name, "X-Forwarded-For") == 0 ? last_header : NULL;
}

/** How many of so many requests at once are let in. */
static int let_in(sund_limits *l, const uint8_t peer[16], const char *forwarded, int n)
{
    sund_request in = { .header_last = header, .peer = peer };
    int          good = 0;

    last_header = forwarded;
    for (int i = 0; i < n; i++)
        good += sund_limits_admit(l, &in);
    return good;
}

TEST(a_bucket_fills_by_rate_up_to_its_burst)
{
    sund_limits *l = NULL;
    int          good = 0;

    CHECK(sund_limits_new(&l, &(sund_limits_config){ 10, true, "" }, NULL) == SUND_OK);
    for (int i = 0; i < 50; i++)
        good += sund_limits_take(l, "a", 1, 1000);
    CHECK(good == 20 && sund_limits_take(l, "b", 1, 1000));
    CHECK(!sund_limits_take(l, "a", 1, 1000.05) && sund_limits_take(l, "a", 1, 1000.15) && !sund_limits_take(l, "a", 1, 1000.16));
    CHECK(!sund_limits_take(l, "a", 1, 900) && !sund_limits_take(l, "a", 1, 1000.17)); /* a clock that goes back gives nothing, nor does its coming forward */
    good = 0;
    for (int i = 0; i < 50; i++)
        good += sund_limits_take(l, "a", 1, 2000);
    CHECK(good == 20);
    sund_limits_free(l);
}

TEST(a_flood_of_callers_does_not_set_one_free)
{
    sund_limits *l = NULL;
    int          good = 0;

    CHECK(sund_limits_new(&l, &(sund_limits_config){ 1, true, "" }, NULL) == SUND_OK);
    for (int i = 0; i < 200000; i++) {
        (void) sund_limits_take(l, &i, sizeof i, 1000);
        if (i % 100 == 0)
            good += sund_limits_take(l, "caller", 6, 1000);
    }
    CHECK(good == 2); /* its bucket is empty, and full ones are given up first */
    sund_limits_free(l);
}

TEST(only_the_proxy_is_believed)
{
    static const uint8_t proxy[16] = { [10] = 0xff, 0xff, 127, 0, 0, 1 }, other[16] = { [10] = 0xff, 0xff, 10, 0, 0, 9 }, six[16] = { 0x20, 1, [15] = 1 }, near[16] = { 0x20, 1, [15] = 2 };
    sund_limits         *l = NULL;

    CHECK(sund_limits_new(&l, &(sund_limits_config){ 5, false, "proxy.example.org" }, NULL) == SUND_E_ARG);
    CHECK(sund_limits_new(&l, &(sund_limits_config){ 5, false, "127.0.0.1" }, NULL) == SUND_OK);
    CHECK(let_in(l, proxy, "10.0.0.1", 30) >= 10 && let_in(l, proxy, "10.0.0.1", 30) <= 1);
    CHECK(let_in(l, proxy, "10.0.0.77, 10.0.0.1", 30) <= 1); /* the client's own word does not make it another */
    CHECK(let_in(l, proxy, " 10.0.0.2 ", 30) >= 10 && let_in(l, proxy, "10.0.0.3, 10.0.0.2", 30) <= 1);
    CHECK(let_in(l, proxy, NULL, 30) == 30 && let_in(l, proxy, "nonsense", 30) == 30 && let_in(l, proxy, "10.0.0.5 x", 30) == 30); /* this machine itself */
    CHECK(let_in(l, other, "10.0.0.4", 10) == 10 && let_in(l, other, "10.0.0.5", 30) <= 1);
    CHECK(let_in(l, six, NULL, 10) == 10 && let_in(l, near, NULL, 30) <= 1); /* one /64 */
    sund_limits_free(l);
    CHECK(sund_limits_new(&l, &(sund_limits_config){ 5, true, "" }, NULL) == SUND_OK);
    CHECK(let_in(l, proxy, "10.0.0.1", 30) <= 11);
    sund_limits_free(l);
    CHECK(sund_limits_new(&l, &(sund_limits_config){ 0, true, "" }, NULL) == SUND_OK && let_in(l, proxy, NULL, 1000) == 1000);
    sund_limits_free(l);
}
