#include "stats/tokens.h"

#include <string.h>

static sund_digest keyed(const sund_digest *study, const uint64_t *w, size_t n)
{
    sund_key key;
    uint8_t  b[32];

    memcpy(key.b, study->b, sizeof key.b);
    for (size_t i = 0; i < 8 * n; i++)
        b[i] = (uint8_t) (w[i / 8] >> (8 * (i % 8)));
    return sund_digest_keyed(&key, b, 8 * n);
}

static uint64_t first64(const sund_digest *d)
{
    uint64_t x = 0;

    for (unsigned i = 0; i < 8; i++)
        x |= (uint64_t) d->b[i] << (8 * i);
    return x;
}

void sund_token_set(const sund_digest *study, uint32_t t, size_t n, size_t n_set, uint32_t *set)
{
    for (size_t s = 0; s < n_set; s++) { /* Floyd: of 0..j one is drawn; j itself when that is in the set already */
        uint64_t    j = n - n_set + s, w[3] = { 0x746573, t, s };
        sund_digest d = keyed(study, w, 3);
        uint32_t    x = (uint32_t) (((first64(&d) >> 32) * (j + 1)) >> 32);

        for (size_t k = 0; k < s; k++)
            if (set[k] == x) {
                x = (uint32_t) j;
                break;
            }
        set[s] = x;
    }
}

uint64_t sund_token(const sund_digest *study, uint32_t t, uint64_t low, uint64_t high)
{
    const uint64_t w[4] = { 0x6e656b6f74, t, low, high };
    sund_digest    d = keyed(study, w, 4);
    uint64_t       x = first64(&d);

    return x ? x : 1;
}

unsigned sund_tokens_needed(double n, double p, double bound)
{
    double term[SUND_TOKENS + 1], tail = 0.0;

    if (!(p < 1.0))
        return SUND_TOKENS + 1;
    term[0] = 1.0;
    for (unsigned k = 0; k < SUND_TOKENS; k++)
        term[0] *= 1.0 - p;
    for (unsigned k = 1; k <= SUND_TOKENS; k++)
        term[k] = term[k - 1] * (double) (SUND_TOKENS + 1 - k) / (double) k * p / (1.0 - p);
    for (unsigned k = SUND_TOKENS; k >= 2; k--) {
        tail += term[k];
        if (n * tail > bound)
            return k + 1;
    }
    return 2;
}

uint64_t sund_token_buckets(uint64_t n, uint64_t low, uint64_t high)
{
    uint64_t b = low;

    while (b < n && b < high)
        b *= 2;
    return b;
}
