#include "genome/hgvs.h"

#include "base/ini.h"

#include <stdio.h>
#include <string.h>

/* What HGVS says of insertions, deletions, duplications and inversions leaves out bases of the reference, and puts them rightmost; variants here have them, and leftmost. */

enum { HGVS_MAX = 1024 }; /* bases of an allele */

/** The change behind "CONTIG:g.": its places, 1-based with both ends in it, and what happens there. */
typedef struct change { int contig; uint32_t from, to; const char *what; sund_assembly said; } change;

static bool number(const char **s, uint32_t *out)
{
    char    digits[12];
    size_t  n = strspn(*s, "0123456789");
    int64_t v;

    if (n == 0 || n >= sizeof digits)
        return false;
    memcpy(digits, *s, n);
    digits[n] = 0;
    *s += n;
    if (!sund_parse_i64(digits, 1, 300000000, &v))
        return false;
    *out = (uint32_t) v;
    return true;
}

static bool begins(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }

static bool read_change(const char *s, change *c)
{
    char        contig[16];
    size_t      n = strcspn(s, ":");
    const char *p = s + n;

    if (n >= sizeof contig || (!begins(p, ":g.") && !begins(p, ":m.")))
        return false;
    memcpy(contig, s, n);
    contig[n] = 0;
    c->contig = sund_contig_parse(contig, &c->said);
    p += 3;
    if (!c->contig || !number(&p, &c->from))
        return false;
    c->to = c->from;
    if (*p == '_') {
        p++;
        if (!number(&p, &c->to))
            return false;
    }
    c->what = p;
    return begins(p, "del") || begins(p, "dup") || begins(p, "ins") || begins(p, "inv");
}

bool sund_is_hgvs_change(const char *s)
{
    change c;

    return read_change(s, &c);
}

static sund_code no_bases(const change *c, sund_err *err) { return sund_fail(err, SUND_E_NOT_FOUND, "the reference has no bases at %s:%u-%u", sund_contig_name(c->contig), c->from, c->to); }

/** The reference's bases of [from, to], 1-based, appended. */
static sund_code take(const sund_reference *ref, const change *c, uint32_t from, uint32_t to, sund_buf *out, sund_err *err)
{
    for (uint32_t p = from; p <= to; p++) {
        char base = sund_reference_base(ref, c->contig, p - 1);

        if (!base)
            return no_bases(c, err);
        sund_buf_u8(out, (uint8_t) base);
    }
    return SUND_OK;
}

/** Bases as they are written, appended; needed: there must be some. */
static sund_code written(const char *s, const char *text, bool needed, sund_buf *out, sund_err *err)
{
    size_t n = strlen(text);

    if ((needed && !n) || n > HGVS_MAX || strspn(text, "ACGTNacgtn") != n)
        return sund_fail(err, SUND_E_ARG, "'%.60s': behind del, dup, ins or delins stand letters A, C, G, T, at most %d", s, HGVS_MAX);
    for (size_t i = 0; i < n; i++)
        sund_buf_u8(out, (uint8_t) (text[i] >= 'a' ? text[i] - 32 : text[i]));
    return SUND_OK;
}

/** What stands behind del or dup, if anything does, is what the reference has there. */
static sund_code same(const char *s, const char *text, const sund_buf *have, size_t at, sund_err *err)
{
    sund_buf  said = { 0 };
    sund_code rc = written(s, text, false, &said, err);

    if (rc == SUND_OK && said.n && (said.n != have->n - at || memcmp(said.p, have->p + at, said.n) != 0))
        rc = sund_fail(err, SUND_E_MISMATCH, "'%.60s': the reference has other bases there; is the assembly right?", s);
    sund_buf_free(&said);
    return rc;
}

static char complement(char c) { return c == 'A' ? 'T' : c == 'C' ? 'G' : c == 'G' ? 'C' : c == 'T' ? 'A' : c; }

/** REF and ALT with the base before them where one of them is empty; *from: where they begin. */
static sund_code alleles(const char *s, const sund_reference *ref, const change *c, uint32_t *from, sund_buf *r, sund_buf *a, sund_err *err)
{
    *from = c->from;
    if (begins(c->what, "delins")) {
        SUND_TRY(take(ref, c, c->from, c->to, r, err));
        return written(s, c->what + 6, true, a, err);
    }
    if (begins(c->what, "inv")) {
        SUND_TRY(take(ref, c, c->from, c->to, r, err));
        for (size_t i = r->n; i-- > 0 && !r->bad;)
            sund_buf_u8(a, (uint8_t) complement((char) r->p[i]));
        return c->what[3] ? sund_fail(err, SUND_E_ARG, "'%.60s': nothing stands behind inv", s) : SUND_OK;
    }
    if (begins(c->what, "del")) {
        if (c->from == 1)
            return sund_fail(err, SUND_E_ARG, "'%.60s': a deletion of a chromosome's first base has no base before it", s);
        *from = c->from - 1;
        SUND_TRY(take(ref, c, *from, c->to, r, err));
        SUND_TRY(same(s, c->what + 3, r, 1, err));
        return take(ref, c, *from, *from, a, err);
    }
    *from = begins(c->what, "dup") ? c->to : c->from;
    SUND_TRY(take(ref, c, *from, *from, r, err));
    SUND_TRY(take(ref, c, *from, *from, a, err));
    if (begins(c->what, "dup")) {
        SUND_TRY(take(ref, c, c->from, c->to, a, err));
        return same(s, c->what + 3, a, 1, err);
    }
    if (c->to != c->from + 1)
        return sund_fail(err, SUND_E_ARG, "'%.60s': an insertion is between two bases, g.100_101insT", s);
    return written(s, c->what + 3, true, a, err);
}

/** A reference of another assembly than the name says, by the chromosome's length; one that has a piece only is taken as it is. */
static sund_code of_assembly(const sund_reference *ref, const change *c, sund_err *err)
{
    uint32_t n = c->said != SUND_ASSEMBLY_NONE ? sund_contig_length(c->said, c->contig) : 0;

    if (!n || !sund_reference_base(ref, c->contig, 0) || (sund_reference_base(ref, c->contig, n - 1) && !sund_reference_base(ref, c->contig, n)))
        return SUND_OK;
    return sund_fail(err, SUND_E_MISMATCH, "the reference's chromosome %s is not as long as %s's", sund_contig_name(c->contig), sund_assembly_name(c->said));
}

sund_code sund_hgvs_spell(const char *s, const sund_reference *ref, sund_buf *out, sund_err *err)
{
    change       c = { .contig = 0 };
    sund_buf     r = { 0 }, a = { 0 }, scratch = { 0 };
    uint32_t     from;
    char         accession[40];
    sund_variant v;
    sund_code    rc = SUND_OK;

    if (!read_change(s, &c))
        return sund_fail(err, SUND_E_ARG, "'%.60s' is no change of HGVS on a chromosome, as NC_000020.11:g.1000301_1000302del", s);
    if (c.to < c.from || c.to - c.from >= HGVS_MAX - 1)
        return sund_fail(err, SUND_E_ARG, "'%.60s': from and to, the smaller first, at most %d bases", s, HGVS_MAX - 1);
    SUND_TRY(of_assembly(ref, &c, err));
    SUND_GO(alleles(s, ref, &c, &from, &r, &a, err));
    SUND_GO(sund_buf_ok(&r, err));
    SUND_GO(sund_buf_ok(&a, err));
    v = (sund_variant){ .contig = c.contig, .pos_bp = from - 1, .ref = (const char *) r.p, .alt = (const char *) a.p, .n_ref = (uint32_t) r.n, .n_alt = (uint32_t) a.n };
    SUND_GO(sund_variant_normalise(&v, ref, &scratch, err));
    if (c.said != SUND_ASSEMBLY_NONE)
        sund_contig_refseq(c.said, c.contig, accession);
    sund_variant_print_on(&v, c.said != SUND_ASSEMBLY_NONE ? strchr(accession, ':') + 1 : sund_contig_name(c.contig), out);
    rc = sund_buf_ok(out, err);
out:
    sund_buf_free(&r);
    sund_buf_free(&a);
    sund_buf_free(&scratch);
    return rc;
}
