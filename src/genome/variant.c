#include "genome/variant.h"

#include "base/ini.h"
#include "genome/hgvs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int bytes_cmp(const char *a, uint32_t n, const char *b, uint32_t m)
{
    int c = memcmp(a, b, n < m ? n : m);

    return c ? c : n < m ? -1 : n > m;
}

int sund_variant_cmp(const sund_variant *a, const sund_variant *b)
{
    int c;

    if (a->contig != b->contig)
        return a->contig < b->contig ? -1 : 1;
    if (a->pos_bp != b->pos_bp)
        return a->pos_bp < b->pos_bp ? -1 : 1;
    c = bytes_cmp(a->ref, a->n_ref, b->ref, b->n_ref);
    return c ? c : bytes_cmp(a->alt, a->n_alt, b->alt, b->n_alt);
}

static bool is_base(char c) { return c == 'A' || c == 'C' || c == 'G' || c == 'T' || c == 'N'; }

static bool all_bases(const char *s, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!is_base(s[i]))
            return false;
    return n > 0;
}

sund_code sund_variant_kind(const sund_variant *v, sund_kind *kind, sund_err *err)
{
    if (!all_bases(v->ref, v->n_ref))
        return sund_fail(err, SUND_E_FORMAT, "REF holds something else than A, C, G, T, N");
    if (v->n_alt > 2 && v->alt[0] == '<' && v->alt[v->n_alt - 1] == '>') {
        for (uint32_t i = 1; i + 1 < v->n_alt; i++)
            if (v->alt[i] <= ' ' || v->alt[i] > '~' || v->alt[i] == '<' || v->alt[i] == '>' || v->alt[i] == ',')
                return sund_fail(err, SUND_E_FORMAT, "a symbolic allele has characters that VCF does not allow");
        *kind = SUND_KIND_SYMBOLIC;
    }
    else if (v->n_alt == 1 && v->alt[0] == '*') {
        *kind = SUND_KIND_STAR;
    }
    else if (v->n_alt > 1 && (memchr(v->alt, '[', v->n_alt) || memchr(v->alt, ']', v->n_alt) || v->alt[0] == '.' || v->alt[v->n_alt - 1] == '.')) {
        for (uint32_t i = 0; i < v->n_alt; i++)
            if (v->alt[i] <= ' ' || v->alt[i] > '~')
                return sund_fail(err, SUND_E_FORMAT, "a breakend has characters that VCF does not allow");
        *kind = SUND_KIND_BREAKEND;
    }
    else if (all_bases(v->alt, v->n_alt)) {
        if (v->n_ref == v->n_alt && memcmp(v->ref, v->alt, v->n_ref) == 0)
            return sund_fail(err, SUND_E_FORMAT, "ALT equals REF");
        *kind = v->n_ref == 1 && v->n_alt == 1 ? SUND_KIND_SNV : v->n_ref == v->n_alt ? SUND_KIND_MNV : SUND_KIND_INDEL;
    }
    else {
        return sund_fail(err, SUND_E_FORMAT, "ALT holds something else than A, C, G, T, N, *, <NAME> or a breakend");
    }
    return SUND_OK;
}

static sund_code check_reference(const sund_variant *v, const sund_reference *ref, sund_err *err)
{
    for (uint32_t i = 0; i < v->n_ref; i++) {
        char base = sund_reference_base(ref, v->contig, v->pos_bp + i);

        if (base && base != 'N' && v->ref[i] != 'N' && base != v->ref[i])
            return sund_fail(err, SUND_E_MISMATCH, "REF at %s:%u differs from the reference sequence; is the assembly right?", sund_contig_name(v->contig), v->pos_bp + i + 1);
    }
    return SUND_OK;
}

/** Drops common last bases, as long as both keep one. */
static void trim_right(sund_variant *v)
{
    while (v->n_ref > 1 && v->n_alt > 1 && v->ref[v->n_ref - 1] == v->alt[v->n_alt - 1]) {
        v->n_ref--;
        v->n_alt--;
    }
}

static void trim_left(sund_variant *v)
{
    while (v->n_ref > 1 && v->n_alt > 1 && v->ref[0] == v->alt[0]) {
        v->ref++;
        v->alt++;
        v->n_ref--;
        v->n_alt--;
        v->pos_bp++;
    }
}

/** An insertion or deletion that was written with its anchor behind it (A to TA) gets the base before it instead, as VCF has it everywhere but at a
 *  contig's first base. Without that base it stays as it is. */
static sund_code anchor_left(sund_variant *v, const sund_reference *ref, sund_buf *scratch, sund_err *err)
{
    bool        deletion = v->n_ref > v->n_alt;
    const char *longer = deletion ? v->ref : v->alt, *shorter = deletion ? v->alt : v->ref;
    uint32_t    n = deletion ? v->n_ref : v->n_alt;
    char        base = v->pos_bp ? sund_reference_base(ref, v->contig, v->pos_bp - 1) : 0, *out;

    if (!base || v->n_ref == v->n_alt || (v->n_ref != 1 && v->n_alt != 1) || longer[0] == shorter[0] || longer[n - 1] != shorter[0])
        return SUND_OK;
    if (!sund_buf_room(scratch, 2 * (size_t) n)) /* shift_left needs n more, and must not move what it reads */
        return sund_buf_ok(scratch, err);
    out = (char *) scratch->p + scratch->n;
    out[0] = base;
    memcpy(out + 1, longer, n - 1);
    scratch->n += n;
    v->pos_bp--;
    v->ref = out;
    v->alt = out;
    return SUND_OK;
}

/** How far a pure insertion or deletion with its anchor can roll left over the reference. */
static uint32_t roll(const sund_variant *v, const sund_reference *ref)
{
    const char *longer = v->n_ref > v->n_alt ? v->ref : v->alt;
    uint32_t    n = (v->n_ref > v->n_alt ? v->n_ref : v->n_alt) - 1, steps = 0;

    /* the moved sequence, read cyclically from its end, against the bases before it */
    while (v->pos_bp >= steps) {
        char base = steps == 0 ? longer[0] : sund_reference_base(ref, v->contig, v->pos_bp - steps);
        char last = longer[n - steps % n];

        if (!base || base == 'N' || base != last)
            break;
        if (v->pos_bp == steps)
            break; /* no base is left for the anchor */
        if (!sund_reference_base(ref, v->contig, v->pos_bp - steps - 1))
            break;
        steps++;
    }
    return steps;
}

static sund_code shift_left(sund_variant *v, const sund_reference *ref, sund_buf *scratch, sund_err *err)
{
    bool     deletion = v->n_ref > v->n_alt;
    uint32_t n = deletion ? v->n_ref : v->n_alt, steps = roll(v, ref), from;
    char    *out;

    if (steps == 0)
        return SUND_OK;
    from = (uint32_t) scratch->n;
    if (!sund_buf_room(scratch, n))
        return sund_buf_ok(scratch, err);
    out = (char *) scratch->p + from;
    out[0] = sund_reference_base(ref, v->contig, v->pos_bp - steps);
    for (uint32_t i = 1; i < n; i++) {
        const char *longer = deletion ? v->ref : v->alt;
        uint32_t    k = steps % (n - 1);

        out[i] = longer[1 + (i - 1 + (n - 1) - k) % (n - 1)];
    }
    scratch->n += n;
    v->pos_bp -= steps;
    v->ref = out;
    v->alt = out;
    return SUND_OK;
}

sund_code sund_variant_normalise(sund_variant *v, const sund_reference *ref, sund_buf *scratch, sund_err *err)
{
    sund_kind    kind;
    sund_variant w = *v;

    SUND_TRY(sund_variant_kind(v, &kind, err));
    if (ref)
        SUND_TRY(check_reference(v, ref, err));
    if (kind != SUND_KIND_SNV && kind != SUND_KIND_INDEL && kind != SUND_KIND_MNV)
        return SUND_OK;
    trim_right(&w);
    trim_left(&w);
    if (ref)
        SUND_TRY(anchor_left(&w, ref, scratch, err));
    /* only a pure insertion or deletion, one anchor base and the rest, can roll */
    if (ref && (w.n_ref == 1) != (w.n_alt == 1) && w.ref[0] == w.alt[0])
        SUND_TRY(shift_left(&w, ref, scratch, err));
    *v = w;
    return SUND_OK;
}

enum { NAME_MAX_BYTES = 2200, ALLELE_NAME_MAX = 1024 };

/** Cuts at the first of the separators; returns what follows, or NULL. */
static char *cut(char *s, const char *separators)
{
    size_t n = strcspn(s, separators);

    if (!s[n])
        return NULL;
    s[n] = 0;
    return s + n + 1;
}

static sund_code name_fail(const char *s, const char *why, sund_err *err)
{
    return sund_fail(err, SUND_E_ARG, "'%.60s' is no variant: %s; write CONTIG-POSITION-REF-ALT, e.g. 20-1000226-A-T", s, why);
}

static sund_code allele_fail(const char *whole, const char *which, sund_err *err)
{
    char why[64];

    (void) snprintf(why, sizeof why, "%s is letters A, C, G, T, at most %d", which, ALLELE_NAME_MAX);
    return name_fail(whole, why, err);
}

static sund_code take_allele(const char *whole, const char *a, const char *which, sund_buf *store, size_t *at, uint32_t *n, sund_err *err)
{
    size_t len = a ? strlen(a) : 0;

    if (len == 0 || len > ALLELE_NAME_MAX)
        return allele_fail(whole, which, err);
    *at = store->n;
    for (size_t i = 0; i < len; i++) {
        char c = (char) (a[i] >= 'a' && a[i] <= 'z' ? a[i] - 32 : a[i]);

        if (!is_base(c))
            return allele_fail(whole, which, err);
        sund_buf_u8(store, (uint8_t) c);
    }
    *n = (uint32_t) len;
    return sund_buf_ok(store, err);
}

/** HGVS: "g.1000226A>T", of mitochondria "m.8993T>G". */
static bool genomic(const char *pos) { return (pos[0] == 'g' || pos[0] == 'm') && pos[1] == '.'; }

/** "1000226A>T": the digits are cut off; what follows them. */
static char *split_digits(char **pos, char digits[12])
{
    char  *at = *pos + (genomic(*pos) ? 2 : 0);
    size_t n = strspn(at, "0123456789");

    (void) snprintf(digits, 12, "%.*s", (int) (n < 12 ? n : 11), at);
    *pos = digits;
    return at + n;
}

/** Whether bases follow the position at once. */
static bool unparted(const char *pos)
{
    size_t n = strspn(pos, "0123456789");

    return genomic(pos) || (n && strchr("ACGTNacgtn", pos[n]) && pos[n]);
}

/** SPDI, NC_000020.10:1000225:A:T: an accession, colons, and the position between bases, which is one less. */
static bool is_spdi(const char *s, const char *pos) { return strncmp(s, "NC_", 3) == 0 && s[strcspn(s, "-:")] == ':' && pos[strspn(pos, "0123456789")] == ':'; }

sund_code sund_variant_parse(const char *s, sund_variant *v, sund_buf *store, sund_err *err)
{
    char         copy[NAME_MAX_BYTES + 1], digits[12], *pos, *ref, *alt;
    int64_t      p, spdi;
    sund_variant got = { 0 };
    size_t       ref_at, alt_at;

    if (strlen(s) > NAME_MAX_BYTES)
        return name_fail(s, "it is too long", err);
    memcpy(copy, s, strlen(s) + 1);
    pos = cut(copy, "-:");
    if (!pos)
        pos = cut(copy, "_/");
    got.contig = sund_contig_parse(copy, NULL);
    if (!got.contig)
        return name_fail(s, "the contig is none of 1-22, X, Y, MT", err);
    if (pos && genomic(pos) && sund_is_hgvs_change(s))
        return sund_fail(err, SUND_E_ARG, "'%.60s': HGVS leaves out bases of insertions and deletions, which are read from a reference (lookup: --reference FASTA; pages: reference in sund.ini); or write CONTIG-POSITION-REF-ALT", s);
    spdi = pos && is_spdi(s, pos);
    ref = pos ? unparted(pos) ? split_digits(&pos, digits) : cut(pos, "-: _/") : NULL;
    if (!pos || !sund_parse_i64(pos, 1 - spdi, 300000000, &p))
        return name_fail(s, spdi ? "the position is not a whole number from 0" : "the position is not a whole number from 1", err);
    alt = ref ? cut(ref, "-:>/_") : NULL;
    SUND_TRY(take_allele(s, ref, "REF", store, &ref_at, &got.n_ref, err));
    SUND_TRY(take_allele(s, alt, "ALT", store, &alt_at, &got.n_alt, err));
    got.pos_bp = (uint32_t) (p - 1 + spdi);
    got.ref = (const char *) store->p + ref_at;
    got.alt = (const char *) store->p + alt_at;
    if (got.n_ref == got.n_alt && memcmp(got.ref, got.alt, got.n_ref) == 0)
        return name_fail(s, "ALT equals REF", err);
    *v = got;
    return SUND_OK;
}

void sund_variant_print(const sund_variant *v, sund_buf *out) { sund_variant_print_on(v, sund_contig_name(v->contig), out); }

void sund_variant_print_on(const sund_variant *v, const char *contig, sund_buf *out)
{
    sund_buf_text(out, contig);
    sund_buf_text(out, "-");
    sund_buf_i64(out, (int64_t) v->pos_bp + 1);
    sund_buf_text(out, "-");
    sund_buf_put(out, v->ref, v->n_ref);
    sund_buf_text(out, "-");
    sund_buf_put(out, v->alt, v->n_alt);
}

sund_assembly sund_named_assembly(const char *name)
{
    char          contig[16];
    size_t        n = strcspn(name, "-:");
    sund_assembly a = SUND_ASSEMBLY_NONE;

    if (n >= sizeof contig)
        return a;
    memcpy(contig, name, n);
    contig[n] = 0;
    return sund_contig_parse(contig, &a) ? a : SUND_ASSEMBLY_NONE;
}

sund_code sund_assembly_fits(sund_assembly said, sund_assembly data, sund_err *err)
{
    if (said == SUND_ASSEMBLY_NONE || data == SUND_ASSEMBLY_NONE || said == data)
        return SUND_OK;
    return sund_fail(err, SUND_E_ARG, "the data here are on %s, and this is a place on %s: ask with positions on %s", sund_assembly_name(data), sund_assembly_name(said), sund_assembly_name(data));
}

sund_code sund_region_parse(const char *s, sund_region *r, sund_err *err)
{
    char        copy[64], *from, *to;
    int64_t     a = 1, b = 300000000;
    sund_region got;

    if (snprintf(copy, sizeof copy, "%s", s) >= (int) sizeof copy)
        return sund_fail(err, SUND_E_ARG, "'%.60s' is no region", s);
    from = cut(copy, ":");
    got.contig = sund_contig_parse(copy, NULL);
    to = from ? cut(from, "-") : NULL;
    if (!got.contig || (from && (!to || !sund_parse_i64(from, 1, b, &a) || !sund_parse_i64(to, a, b, &b))))
        return sund_fail(err, SUND_E_ARG, "'%.60s' is no region: write 20, or 20:1000000-2000000", s);
    got.from_bp = (uint32_t) (a - 1);
    got.to_bp = (uint32_t) b;
    *r = got;
    return SUND_OK;
}

sund_code sund_variant_name(const char *s, sund_buf *out, sund_err *err)
{
    sund_buf     alleles = { 0 }, scratch = { 0 };
    sund_variant v;
    sund_code    rc;

    sund_buf_clear(out);
    SUND_GO(sund_variant_parse(s, &v, &alleles, err));
    SUND_GO(sund_variant_normalise(&v, NULL, &scratch, err));
    sund_variant_print(&v, out);
    sund_buf_nul(out);
    rc = sund_buf_ok(out, err);
out:
    sund_buf_free(&alleles);
    sund_buf_free(&scratch);
    return rc;
}
