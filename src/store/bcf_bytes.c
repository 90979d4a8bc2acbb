/* One record of a BCF from its bytes. Every length and type is checked, INFO too though it is not read: a record that htslib would refuse is never
 * taken here. */
#include "store/import_priv.h"

#include <string.h>

enum { FIXED = 32, T_NULL = 0, T_INT8 = 1, T_INT16 = 2, T_INT32 = 3, T_FLOAT = 5, T_CHAR = 7 };

typedef struct cursor {
    uint8_t *p, *end;
} cursor;

typedef struct typed {
    unsigned type;
    size_t   n, size;
    uint8_t *p;
} typed;

static uint32_t u32(const uint8_t *p) { return p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24; }
static unsigned u16(const uint8_t *p) { return p[0] | (unsigned) p[1] << 8; }

size_t sund_bcf_bytes_cut(const uint8_t *p, size_t n)
{
    uint64_t shared, all;

    if (n < FIXED)
        return 0;
    shared = u32(p);
    all = 8 + shared + u32(p + 4);
    return shared < FIXED - 8 || all > INT32_MAX ? SIZE_MAX : all > n ? 0 : (size_t) all;
}

static size_t size_of(unsigned type) { return type == T_INT8 || type == T_CHAR ? 1 : type == T_INT16 ? 2 : type == T_INT32 || type == T_FLOAT ? 4 : 0; }
static bool   is_int(unsigned type) { return type >= T_INT8 && type <= T_INT32; }

static int32_t int_at(const uint8_t *p, unsigned type) { return type == T_INT8 ? (int8_t) *p : type == T_INT16 ? (int16_t) u16(p) : (int32_t) u32(p); }

/** A type, and how many values of it. */
static bool take_type(cursor *c, typed *t)
{
    unsigned  type;
    ptrdiff_t left = c->end - c->p;

    if (left < 1)
        return false;
    t->type = *c->p & 15;
    t->n = *c->p++ >> 4;
    t->size = size_of(t->type);
    if (t->n == 15) {
        type = left > 1 ? *c->p & 15 : T_NULL;
        if (!is_int(type) || *c->p >> 4 != 1 || c->end - ++c->p < (ptrdiff_t) size_of(type) || int_at(c->p, type) < 15)
            return false;
        t->n = (size_t) int_at(c->p, type);
        c->p += size_of(type);
    }
    return t->size || (t->type == T_NULL && t->n == 0);
}

static bool take_bytes(cursor *c, typed *t, size_t times)
{
    if (t->size && t->n > (size_t) (c->end - c->p) / t->size / times)
        return false;
    t->p = c->p;
    c->p += t->n * t->size * times;
    return true;
}

static bool take(cursor *c, typed *t) { return take_type(c, t) && take_bytes(c, t, 1); }

static bool is_key(const sund_vcf_bcf_names *m, int32_t key) { return key >= 0 && (size_t) key < m->n_key && m->key[key]; }

static bool take_key(const sund_vcf_bcf_names *m, cursor *c, int32_t *key)
{
    typed t;

    if (!take(c, &t) || !is_int(t.type) || t.n != 1)
        return false;
    *key = int_at(t.p, t.type);
    return is_key(m, *key);
}

static bool take_alleles(cursor *c, unsigned n_allele, sund_vcf_record *r)
{
    typed t;

    for (unsigned i = 0; i < n_allele; i++) {
        if (!take(c, &t) || t.type != T_CHAR || t.n == 0 || t.n > SUND_ALLELE_MAX || memchr(t.p, 0, t.n))
            return false;
        sund_vcf_upper((char *) t.p, t.n);
        if (i == 0) {
            r->ref = (const char *) t.p;
            r->n_ref = (uint32_t) t.n;
        }
        else if (!sund_vcf_add_alt(r, (const char *) t.p, t.n))
            return false;
    }
    return true;
}

static bool take_filters(const sund_vcf_bcf_names *m, cursor *c)
{
    typed t;

    if (!take(c, &t) || (t.n && !is_int(t.type)))
        return false;
    for (size_t i = 0; i < t.n; i++)
        if (!is_key(m, int_at(t.p + i * t.size, t.type)))
            return false;
    return true;
}

/** Fields of the samples: finds the first that is GT. */
static bool take_formats(const sund_vcf_bcf_names *m, cursor *c, unsigned n_format, size_t n_sample, const uint8_t **gt)
{
    typed   t;
    int32_t key;

    for (*gt = NULL; n_format > 0; n_format--) {
        if (!take_key(m, c, &key) || !take_type(c, &t) || !take_bytes(c, &t, n_sample))
            return false;
        if (key == m->gt && !*gt) {
            if (t.type != T_INT8 || t.n != 2)
                return false;
            *gt = t.p;
        }
    }
    return *gt && c->p == c->end;
}

bool sund_bcf_bytes(const sund_vcf_bcf_names *m, uint8_t *p, size_t n, sund_vcf_record *r, const sund_vcf_columns *want, const sund_vcf_scratch *scratch)
{
    cursor         c = { p + FIXED, p + 8 + u32(p) }, g = { c.end, p + n };
    uint32_t       contig = u32(p + 8), pos = u32(p + 12), counts = u32(p + 24), samples = u32(p + 28);
    const uint8_t *gt;
    typed          id;
    int32_t        key;

    if (contig >= m->n_contig || !m->contig[contig] || pos >= INT32_MAX || (int32_t) u32(p + 16) < 0 || counts >> 16 != 2 || (samples & 0xFFFFFF) != want->n)
        return false;
    r->name = m->contig[contig];
    r->n_name = strlen(r->name);
    r->contig = m->contig_number[contig];
    r->pos_bp = pos;
    if (!r->contig || !take(&c, &id) || id.type != T_CHAR || !take_alleles(&c, 2, r) || !take_filters(m, &c))
        return false;
    for (unsigned i = counts & 0xFFFF; i > 0; i--)
        if (!take_key(m, &c, &key) || !take(&c, &id))
            return false;
    if (c.p != c.end || !sund_vcf_lanes_fit(r, want) || !take_formats(m, &g, samples >> 24, want->n, &gt))
        return false;
    sund_vcf_lanes_take(r, want, scratch, sund_lanes_bcf, gt);
    return r->ready;
}
