#include "base/real.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

/* x = m 2^-s. With D digits the text is d = round(x 10^k), where k makes d have D digits; m 10^k is an exact 128-bit number while k <= 22, so its
 * bits behind the point say how to round (halves to even, as printf does), and whether reading gives x back. All else goes to printf. */
enum { TEN_MAX = 22 };

typedef struct decimal {
    uint64_t d;     /* the digits */
    int      point; /* decimal exponent of the first of them */
    bool     back;  /* they read back as x */
} decimal;

static u128 ten_to(int k)
{
    static const uint64_t small[20] = { 1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u, 100000000000u,
                                        1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u, 10000000000000000u, 100000000000000000u,
                                        1000000000000000000u, 10000000000000000000u };

    return k < 20 ? (u128) small[k] : (u128) small[19] * small[k - 19];
}

/** False when the number is outside what the integers hold. x > 0. */
static bool to_decimal(double x, int digits, decimal *out)
{
    uint64_t bits, m, top = (uint64_t) ten_to(digits);
    int      e2, s, point;

    memcpy(&bits, &x, sizeof bits);
    e2 = (int) (bits >> 52 & 2047);
    m = (bits & ((1ULL << 52) - 1)) | 1ULL << 52;
    s = 1075 - e2;
    if (bits >> 63 || e2 == 0 || e2 == 2047 || m == 1ULL << 52 || s < 1 || s > 120) /* a power of two is nearer to what is below it */
        return false;
    point = (e2 - 1023) * 1233 >> 12; /* log10 from below, at most 1 too low */
    for (;; point++) {
        int  k = digits - 1 - point;
        u128 p, rest, half = (u128) 1 << (s - 1), off;

        if (k < 0 || k > TEN_MAX)
            return false;
        p = m * ten_to(k);
        rest = p & ((half << 1) - 1);
        p >>= s;
        off = rest > half || (rest == half && (p & 1)) ? (half << 1) - rest : rest;
        p += rest > half || (rest == half && (p & 1));
        if (p >= top)
            continue; /* one digit too many */
        if (p < top / 10)
            return false; /* the estimate was too high: it never is for the sizes that get here */
        out->d = (uint64_t) p;
        out->point = point;
        out->back = 2 * off < ten_to(k) || (2 * off == ten_to(k) && !(m & 1));
        return true;
    }
}

/** As %g does: no zeros at the end, powers from 10^-5 down and from 10^digits up as such. */
static size_t put_decimal(char *out, const decimal *x, int digits, bool minus)
{
    char     text[20];
    uint64_t d = x->d;
    int      n = digits, last;
    char    *at = out;

    for (int i = digits; i-- > 0; d /= 10)
        text[i] = (char) ('0' + d % 10);
    while (n > 1 && text[n - 1] == '0')
        n--;
    if (minus)
        *at++ = '-';
    if (x->point < -4 || x->point >= digits) {
        *at++ = text[0];
        if (n > 1)
            *at++ = '.';
        memcpy(at, text + 1, (size_t) (n - 1));
        return (size_t) (at - out + n - 1) + (size_t) snprintf(at + n - 1, 8, "e%c%02d", x->point < 0 ? '-' : '+', abs(x->point));
    }
    last = n > x->point + 1 ? n : x->point + 1;
    for (int i = x->point < 0 ? x->point : 0; i < last; i++) { /* 0.00ddd begins at the negative point */
        *at++ = (char) (i < 0 ? '0' : i < n ? text[i] : '0');
        if (i == x->point && i + 1 < last)
            *at++ = '.';
    }
    *at = 0;
    return (size_t) (at - out);
}

size_t sund_real_print(char out[SUND_REAL_BYTES], double x, int digits)
{
    decimal d;

    if (to_decimal(fabs(x), digits, &d))
        return put_decimal(out, &d, digits, x < 0);
    return (size_t) snprintf(out, SUND_REAL_BYTES, "%.*g", digits, x);
}

size_t sund_real_shortest(char out[SUND_REAL_BYTES], double x)
{
    for (int digits = 15; digits < 17; digits++) {
        decimal d;
        double  back;
        size_t  n;

        if (to_decimal(fabs(x), digits, &d)) {
            if (d.back)
                return put_decimal(out, &d, digits, x < 0);
            continue;
        }
        n = (size_t) snprintf(out, SUND_REAL_BYTES, "%.*g", digits, x);
        back = strtod(out, NULL);
        if (memcmp(&back, &x, sizeof x) == 0)
            return n;
    }
    return sund_real_print(out, x, 17);
}
