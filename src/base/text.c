#include "base/text.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

bool sund_utf8_ok(const void *p, size_t n)
{
    const uint8_t *s = p;

    for (size_t i = 0; i < n;) {
        uint64_t eight;

        for (; i + 8 <= n && (memcpy(&eight, s + i, 8), (eight & 0x8080808080808080u) == 0); i += 8) {} /* plain ASCII */
        if (i == n)
            break;
        size_t   more = s[i] < 0x80 ? 0 : s[i] >> 5 == 6 ? 1 : s[i] >> 4 == 14 ? 2 : s[i] >> 3 == 30 ? 3 : 9;
        uint32_t v = more == 0 ? s[i] : s[i] & (0x3Fu >> more);

        if (more == 9 || more >= n - i)
            return false;
        for (size_t k = 1; k <= more; k++) {
            if (s[i + k] >> 6 != 2)
                return false;
            v = v << 6 | (s[i + k] & 0x3F);
        }
        if ((more == 1 && v < 0x80) || (more == 2 && v < 0x800) || (more == 3 && v < 0x10000) || v > 0x10FFFF || (v >= 0xD800 && v < 0xE000))
            return false;
        i += more + 1;
    }
    return true;
}

/** Bytes of the character at s that must not reach a terminal: 0 for one that may. In UTF-8: C0 and DEL, C1 (a terminal takes U+009B as ESC [), and what
 *  turns the direction of writing (U+202A..E, U+2066..9), by which a line can be shown as another. */
static size_t control_at(const unsigned char *s)
{
    if (s[0] < 32 || s[0] == 127)
        return 1;
    if (s[0] == 0xC2 && s[1] >= 0x80 && s[1] <= 0x9F)
        return 2;
    return s[0] == 0xE2 && ((s[1] == 0x80 && s[2] >= 0xAA && s[2] <= 0xAE) || (s[1] == 0x81 && s[2] >= 0xA6 && s[2] <= 0xA9)) ? 3 : 0;
}

bool sund_text_ok(const char *s)
{
    if (!sund_utf8_ok(s, strlen(s)))
        return false;
    for (; *s; s++)
        if (control_at((const unsigned char *) s))
            return false;
    return true;
}

void sund_text_clean(char *s)
{
    bool utf8 = sund_utf8_ok(s, strlen(s));

    while (*s) {
        size_t n = control_at((const unsigned char *) s);

        if (n)
            memset(s, ' ', n);
        else if (!utf8 && (unsigned char) *s >= 128)
            *s = '?';
        s += n ? n : 1;
    }
}

/** A variant's name in a register: rs80359550, VCV000000007. */
static bool is_record(const char *s)
{
    size_t n = strncasecmp(s, "rs", 2) == 0 ? 2 : strncmp(s + 1, "CV", 2) == 0 && strchr("SRV", s[0]) ? 3 : 0;

    return n && isdigit((unsigned char) s[n]) && !s[n + strspn(s + n, "0123456789")];
}

bool sund_gene_ok(const char *s)
{
    static const char *const registry[] = { "HGNC:", "NCBIGene:", "ENSEMBL:" };
    size_t                   n = strlen(s), number = strspn(s, "0123456789"), signs = 0;

    if (n == 0 || n > 39 || !isalnum((unsigned char) s[0]))
        return false;
    for (size_t k = 0; k < sizeof registry / sizeof registry[0]; k++) {
        size_t m = strlen(registry[k]);

        if (strncasecmp(s, registry[k], m) == 0) {
            s += m;
            for (n = 0; isalnum((unsigned char) s[n]); n++) {}
            return n && !s[n];
        }
    }
    if ((number && s[number] && !isalpha((unsigned char) s[number])) || (s[1] == '.' && strchr("cgmnpr", s[0])) || is_record(s)) /* 1980-01-02, 17-43057063-A-G; c.5266dup */
        return false;
    for (size_t i = 0; i < n; i++) {
        signs += s[i] == '-' || s[i] == '_';
        if (!isalnum((unsigned char) s[i]) && !strchr("-_.", s[i]) && !(s[i] == '@' && i + 1 == n)) /* HOXA@ is a cluster */
            return false;
    }
    return signs <= 2; /* HLA-DQB1-AS1; X-1000-A-G has three */
}
