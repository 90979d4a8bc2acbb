#include "base/real.h"

#include "base/buf.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

/* x = m 2^-s. With D digits the text is d = round(x 10^k), where k makes d have D digits; x 10^k = (m 5^k) 2^(k-s), and m 5^k is an exact 128-bit number while
 * k <= 32, so its bits behind the point say how to round (halves to even, as printf does), and whether reading gives x back. All else goes to printf. */
enum { FIVE_MAX = 32 };

typedef struct scaled {
    uint64_t whole; /* x 10^k = whole + rest 2^-shift: the digits that were asked for, and what is behind them */
    u128     rest, five;
    int      shift, point; /* decimal exponent of the first digit */
} scaled;

typedef struct decimal {
    uint64_t d; /* the digits */
    int      n, point;
} decimal;

static const uint64_t ten_to[20] = { 1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u, 100000000000u, 1000000000000u, 10000000000000u,
                                     100000000000000u, 1000000000000000u, 10000000000000000u, 100000000000000000u, 1000000000000000000u, 10000000000000000000u };

static u128 five_to(int k)
{
    static const uint64_t small[28] = { 1u, 5u, 25u, 125u, 625u, 3125u, 15625u, 78125u, 390625u, 1953125u, 9765625u, 48828125u, 244140625u, 1220703125u, 6103515625u, 30517578125u,
                                        152587890625u, 762939453125u, 3814697265625u, 19073486328125u, 95367431640625u, 476837158203125u, 2384185791015625u, 11920928955078125u,
                                        59604644775390625u, 298023223876953125u, 1490116119384765625u, 7450580596923828125u };

    return k < 28 ? (u128) small[k] : (u128) small[27] * small[k - 27];
}

/** False when the number is outside what the integers hold. x > 0. */
static bool scale(double x, int digits, scaled *out)
{
    uint64_t bits, m, top = ten_to[digits];
    int      e2, s;

    memcpy(&bits, &x, sizeof bits);
    e2 = (int) (bits >> 52 & 2047);
    m = (bits & ((1ULL << 52) - 1)) | 1ULL << 52;
    s = 1075 - e2;
    if (bits >> 63 || e2 == 0 || e2 == 2047 || m == 1ULL << 52 || s < 1) /* a power of two is nearer to what is below it */
        return false;
    for (int point = (e2 - 1023) * 1233 >> 12;; point++) { /* log10 from below, at most 1 too low */
        int  k = digits - 1 - point, shift = s - k;
        u128 p;

        if (k < 0 || k > FIVE_MAX || shift > 120)
            return false;
        out->five = five_to(k);
        p = m * out->five;
        out->rest = shift > 0 ? p & (((u128) 1 << shift) - 1) : 0;
        p = shift > 0 ? p >> shift : p << -shift;
        if (p >= top)
            continue; /* one digit too many */
        out->whole = (uint64_t) p;
        out->shift = shift > 0 ? shift : 0;
        out->point = point;
        return p >= top / 10; /* else the estimate was too high: it never is for the sizes that get here */
    }
}

/** The number with less digits, rounded; true when they read back as what was scaled: it is nearer than half of the last bit of m. by: 10^less, known where this
 *  is called, so that nothing is divided. */
static inline bool shorten(const scaled *x, int digits, int less, uint64_t by, decimal *out)
{
    u128     one = (u128) by << x->shift, rest = ((u128) (x->whole % by) << x->shift) + x->rest;
    bool     up;

    out->d = x->whole / by;
    out->n = digits - less;
    out->point = x->point;
    up = 2 * rest > one || (2 * rest == one && (out->d & 1));
    out->d += up;
    if (out->d == ten_to[out->n]) {
        out->d /= 10;
        out->point++;
    }
    return 2 * (up ? one - rest : rest) < x->five;
}

static char *put_exponent(char *at, int e)
{
    unsigned n = (unsigned) abs(e);

    *at++ = 'e';
    *at++ = e < 0 ? '-' : '+';
    if (n >= 100)
        *at++ = (char) ('0' + n / 100);
    *at++ = (char) ('0' + n / 10 % 10);
    *at++ = (char) ('0' + n % 10);
    return at;
}

static char *put_bytes(char *at, const void *p, int n)
{
    memcpy(at, p, (size_t) n);
    return at + n;
}

/** As %g does: no zeros at the end, powers from 10^-5 down and from 10^digits up as such. */
static size_t put_decimal(char *out, const decimal *x, bool minus)
{
    static const char zero[20] = "00000000000000000000";
    char              room[24], *text = room + 1; /* of an odd number of digits the first pair begins before them */
    uint64_t          d = x->d;
    int               n = x->n;
    char             *at = out;

    for (int i = n; i > 0; i -= 2, d /= 100)
        memcpy(text + i - 2, &sund_two_digits[2 * (d % 100)], 2);
    while (n > 1 && text[n - 1] == '0')
        n--;
    if (minus)
        *at++ = '-';
    if (x->point < -4 || x->point >= x->n) {
        *at++ = text[0];
        if (n > 1)
            *at++ = '.';
        at = put_exponent(put_bytes(at, text + 1, n - 1), x->point);
    }
    else if (x->point < 0)
        at = put_bytes(put_bytes(put_bytes(at, "0.", 2), zero, -1 - x->point), text, n);
    else if (n <= x->point + 1)
        at = put_bytes(put_bytes(at, text, n), zero, x->point + 1 - n);
    else {
        at = put_bytes(at, text, x->point + 1);
        *at++ = '.';
        at = put_bytes(at, text + x->point + 1, n - x->point - 1);
    }
    *at = 0;
    return (size_t) (at - out);
}

size_t sund_real_print(char out[SUND_REAL_BYTES], double x, int digits)
{
    scaled  s;
    decimal d;

    if (!scale(fabs(x), digits, &s))
        return (size_t) snprintf(out, SUND_REAL_BYTES, "%.*g", digits, x);
    (void) shorten(&s, digits, 0, 1, &d);
    return put_decimal(out, &d, x < 0);
}

size_t sund_real_shortest(char out[SUND_REAL_BYTES], double x)
{
    scaled  s;
    decimal d;
    double  back;

    if (scale(fabs(x), 17, &s)) {
        if (!shorten(&s, 17, 2, 100, &d) && !shorten(&s, 17, 1, 10, &d))
            (void) shorten(&s, 17, 0, 1, &d);
        return put_decimal(out, &d, x < 0);
    }
    for (int digits = 15; digits < 17; digits++) {
        size_t n = (size_t) snprintf(out, SUND_REAL_BYTES, "%.*g", digits, x);

        back = strtod(out, NULL);
        if (memcmp(&back, &x, sizeof x) == 0)
            return n;
    }
    return (size_t) snprintf(out, SUND_REAL_BYTES, "%.17g", x);
}
