/* One line of a VCF. Workload: few fixed columns, then up to half a million short sample columns of which some are
 * wanted. */
#include "store/import_priv.h"

#include <string.h>

enum { GT = 0, GQ, DP, AD, N_KEY, KEY_MAX = 128, ALLELE_MAX = 60000 };
enum { CHROM = 0, POS, ID, REF, ALT, QUAL, FILTER, INFO, FORMAT, N_FIXED };

typedef struct span {
    const char *p;
    size_t      n;
} span;

/* Where the keys that matter stand in FORMAT; -1 is nowhere. */
typedef struct format {
    int at[N_KEY];
    int n;
} format;

static span field_of(const char **s, const char *end, char by)
{
    const char *p = *s, *e = memchr(p, by, (size_t) (end - p));

    if (!e)
        e = end;
    *s = e < end ? e + 1 : NULL;
    return (span){ p, (size_t) (e - p) };
}

static bool is(span f, const char *s) { return f.n == strlen(s) && memcmp(f.p, s, f.n) == 0; }

static bool parse_u32(span f, uint32_t max, uint32_t *out)
{
    uint64_t v = 0;

    if (f.n == 0 || f.n > 10)
        return false;
    for (size_t i = 0; i < f.n; i++) {
        if (f.p[i] < '0' || f.p[i] > '9')
            return false;
        v = 10 * v + (uint64_t) (f.p[i] - '0');
    }
    *out = (uint32_t) v;
    return v <= max;
}

void sund_vcf_upper(char *p, size_t n)
{
    if (n && (p[0] == '<' || memchr(p, '[', n) || memchr(p, ']', n)))
        return; /* names in symbolic alleles and breakends keep their case */
    for (size_t i = 0; i < n; i++)
        if (p[i] >= 'a' && p[i] <= 'z')
            p[i] = (char) (p[i] - 'a' + 'A');
}

static void parse_alleles(sund_vcf_record *r, span ref, span alt)
{
    const char *s = alt.p, *end = alt.p + alt.n;

    if (!ref.n || !alt.n) {
        sund_vcf_unsound(r, "%s is empty", ref.n ? "ALT" : "REF");
        return;
    }
    if (ref.n > SUND_ALLELE_MAX) {
        sund_vcf_unsound(r, "REF has %zu bases, the limit is %d", ref.n, SUND_ALLELE_MAX);
        return;
    }
    r->ref = ref.p;
    r->n_ref = (uint32_t) ref.n;
    while (s) {
        span a = field_of(&s, end, ',');
        if (!a.n)
            sund_vcf_unsound(r, "an allele in ALT is empty");
        else if (a.n > SUND_ALLELE_MAX)
            sund_vcf_unsound(r, "an ALT allele has %zu bytes, the limit is %d", a.n, SUND_ALLELE_MAX);
        else if (r->n_alt >= ALLELE_MAX || !sund_vcf_add_alt(r, a.p, a.n))
            sund_vcf_unsound(r, "more than %d ALT alleles", ALLELE_MAX);
        else
            continue;
        return;
    }
}

static void parse_format(sund_vcf_record *r, span f, format *out)
{
    static const char *const key[N_KEY] = { "GT", "GQ", "DP", "AD" };
    const char              *s = f.p, *end = f.p + f.n;

    out->n = 0;
    for (int k = 0; k < N_KEY; k++)
        out->at[k] = -1;
    while (s) {
        span one = field_of(&s, end, ':');
        for (int k = 0; k < N_KEY; k++) {
            if (!is(one, key[k]))
                continue;
            if (out->at[k] >= 0) {
                sund_vcf_unsound(r, "FORMAT has %s twice", key[k]);
                return;
            }
            out->at[k] = out->n;
        }
        if (!one.n || ++out->n > KEY_MAX) {
            sund_vcf_unsound(r, one.n ? "FORMAT has more than %d keys" : "FORMAT has an empty key", KEY_MAX);
            return;
        }
    }
    if (out->at[GT] < 0)
        sund_vcf_unsound(r, "FORMAT has no GT, so there are no genotypes");
    else if (out->at[GT] > 0)
        sund_vcf_unsound(r, "GT is not the first key of FORMAT");
}

/* An allele number at *p: false when it is neither a number up to n_alt nor '.'. */
static bool parse_allele(const char **p, const char *e, size_t n_alt, uint16_t *out)
{
    const char *s = *p;
    uint32_t    v = 0;

    if (s < e && *s == '.') {
        *out = SUND_CALL_MISSING;
        *p = s + 1;
        return true;
    }
    while (s < e && *s >= '0' && *s <= '9' && v <= ALLELE_MAX)
        v = 10 * v + (uint32_t) (*s++ - '0');
    if (s == *p || v > n_alt)
        return false;
    *out = (uint16_t) v;
    *p = s;
    return true;
}

static bool parse_gt(span f, size_t n_alt, sund_call *c)
{
    const char *s = f.p, *e = f.p + f.n;
    bool        called;

    c->phased = 0;
    c->b = SUND_CALL_NONE;
    if (s < e && (*s == '|' || *s == '/')) /* VCF 4.4 may say the phase of the first allele too */
        s++;
    if (!parse_allele(&s, e, n_alt, &c->a))
        return false;
    called = c->a != SUND_CALL_MISSING;
    for (int n = 2; s < e; n++) {
        if (*s != '|' && *s != '/')
            return false;
        c->phased = *s++ == '|';
        if (!parse_allele(&s, e, n_alt, &c->b))
            return false;
        called |= c->b != SUND_CALL_MISSING;
        if (n > 2)
            c->a = c->b = called ? SUND_CALL_MANY : SUND_CALL_MISSING;
    }
    return true;
}

static bool low_number(span f, int min)
{
    uint32_t v = 0;
    span     whole = { f.p, 0 };

    while (whole.n < f.n && f.p[whole.n] != '.') /* GQ may be written with decimals */
        whole.n++;
    return min > 0 && (!parse_u32(whole, UINT32_MAX, &v) || v < (uint32_t) min);
}

/* The share of the rarer of a het's two alleles among reads of both. */
static bool low_balance(span f, const sund_call *c, double min)
{
    const char *s = f.p, *end = f.p + f.n;
    uint32_t    n[2] = { 0, 0 };
    int         found = 0;

    if (c->a == c->b || c->a >= SUND_CALL_MANY || c->b >= SUND_CALL_MANY)
        return false;
    for (unsigned k = 0; s && k <= (c->a > c->b ? c->a : c->b); k++) {
        span one = field_of(&s, end, ',');
        if ((k == c->a || k == c->b) && parse_u32(one, UINT32_MAX, &n[k == c->b]))
            found++;
    }
    return found < 2 || (double) (n[0] < n[1] ? n[0] : n[1]) < min * ((double) n[0] + (double) n[1]) ||
           n[0] + (uint64_t) n[1] == 0;
}

static void parse_sample(sund_vcf_record *r, span f, const format *fmt, const sund_vcf_filter *want, sund_call *c)
{
    const char *s = f.p, *end = f.p + f.n;
    span        part[KEY_MAX];
    int         n = 0;

    c->low = 0;
    part[0] = f;
    for (; s && n < fmt->n; n++)
        part[n] = field_of(&s, end, ':');
    if (s) {
        sund_vcf_unsound(r, "a sample has more values than FORMAT has keys");
        return;
    }
    if (!parse_gt(part[0], r->n_alt, c)) {
        sund_vcf_unsound(r, "a genotype is malformed, or names an allele the record does not have");
        return;
    }
    if (c->a == SUND_CALL_MISSING && (c->b == SUND_CALL_MISSING || c->b == SUND_CALL_NONE))
        return;
    for (int k = GQ; k <= AD; k++) {
        span v = fmt->at[k] >= 0 && fmt->at[k] < n ? part[fmt->at[k]] : (span){ f.p, 0 };
        if (k == AD ? want->min_ab > 0 && low_balance(v, c, want->min_ab)
                    : low_number(v, k == GQ ? want->min_gq : want->min_dp))
            c->low = 1;
    }
}

/* The common case, without filters: GT of two one-digit alleles. */
static inline bool parse_short(const char *p, size_t n, size_t n_alt, sund_call *c)
{
    unsigned a = (unsigned) (p[0] - '0'), b;

    if (n != 3 || a > 9 || (p[1] != '|' && p[1] != '/'))
        return false;
    b = (unsigned) (p[2] - '0');
    if (b > 9 || a > n_alt || b > n_alt)
        return false;
    *c = (sund_call){ (uint16_t) a, (uint16_t) b, p[1] == '|', 0 };
    return true;
}

/* The common case altogether: false when it is not. */
static bool parse_lanes(sund_vcf_record *r, const char *s, const char *end, const format *fmt,
                        const sund_vcf_columns *want, const sund_vcf_scratch *scratch)
{
    const uint8_t *text = (const uint8_t *) s;
    size_t         n = s ? (size_t) (end - s) : 0;

    if (!s || !sund_vcf_lanes_fit(r, want))
        return false;
    if (fmt->n > 1) {
        if (!sund_lanes_gather(text, n, want->n, (size_t) fmt->n, scratch->lane))
            return false;
        text = scratch->lane;
    }
    else if (n != 4 * want->n - 1)
        return false;
    sund_vcf_lanes_take(r, want, scratch, sund_lanes_text, text);
    return r->ready;
}

static void parse_samples(sund_vcf_record *r, const char *s, const char *end, const format *fmt,
                          const sund_vcf_columns *want, sund_call *call)
{
    bool   plain = !want->filtered && fmt->n == 1;
    size_t n = 0;

    r->whole = true;
    r->call = call;
    for (; s && !r->why[0]; n++) {
        int32_t    at = n < want->n ? want->at[n] : -1;
        span       f;
        sund_call *c;
        if (plain && at >= 0 && end - s > 3 && s[3] == '\t' && parse_short(s, 3, r->n_alt, &call[at])) {
            s += 4;
            continue;
        }
        f = field_of(&s, end, '\t');
        if (at < 0)
            continue;
        c = &call[at];
        parse_sample(r, f, fmt, &want->f, c);
        r->whole &= c->a < SUND_CALL_MANY && c->b < SUND_CALL_MANY && !c->low;
    }
    if (!r->why[0] && n != want->n)
        sund_vcf_unsound(r, "the line has %zu sample columns, the header has %zu", n, want->n);
}

void sund_vcf_text_parse(sund_vcf_record *r, char *line, size_t n, const sund_vcf_columns *want,
                         const sund_vcf_scratch *scratch)
{
    const char *s = line, *end = line + n;
    span        f[N_FIXED] = { { line, 0 } };
    int         k = 0;
    format      fmt;

    for (; s && k < N_FIXED; k++)
        f[k] = field_of(&s, end, '\t');
    r->name = f[CHROM].p;
    r->n_name = f[CHROM].n;
    if (k < FORMAT || (want->n && k < N_FIXED)) {
        sund_vcf_unsound(r, "the line has %d tab-separated columns, %d are needed", k, want->n ? N_FIXED : FORMAT);
        return;
    }
    if (!f[CHROM].n || memchr(line, 0, (size_t) (f[INFO].p - line))) {
        sund_vcf_unsound(r, f[CHROM].n ? "there is a NUL byte in it" : "CHROM is empty");
        return;
    }
    if (!parse_u32(f[POS], INT32_MAX, &r->pos_bp) || r->pos_bp == 0) {
        sund_vcf_unsound(r, "POS is not a position from 1 on");
        return;
    }
    r->pos_bp--;
    line[f[CHROM].n] = 0;
    r->contig = sund_contig_parse(line, NULL);
    line[f[CHROM].n] = '\t'; /* it may be parsed again */
    sund_vcf_upper(line + (f[REF].p - line), f[REF].n);
    for (size_t i = 0, from = 0, a = (size_t) (f[ALT].p - line); i <= f[ALT].n; i++)
        if (i == f[ALT].n || line[a + i] == ',') {
            sund_vcf_upper(line + a + from, i - from);
            from = i + 1;
        }
    parse_alleles(r, f[REF], f[ALT]);
    if (!want->n_want || !r->contig || r->why[0])
        return;
    parse_format(r, f[FORMAT], &fmt);
    if (!r->why[0] && !parse_lanes(r, s, end, &fmt, want, scratch))
        parse_samples(r, s, end, &fmt, want, scratch->call);
}
