#include "genome/vrs.h"

#include "base/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sund_code sund_refget(const sund_reference *ref, sund_assembly a, int contig, char out[SUND_REFGET_SIZE], sund_err *err)
{
    sund_sha512 h;
    char        base[1 << 16];
    uint32_t    n = 0;
    size_t      k;

    sund_sha512_begin(&h);
    for (; (k = sund_reference_copy(ref, contig, n, base, sizeof base)) > 0; n += (uint32_t) k)
        sund_sha512_add(&h, base, k);
    if (!n || !((a != SUND_GRCH38 && n == sund_contig_length(SUND_GRCH37, contig)) || (a != SUND_GRCH37 && n == sund_contig_length(SUND_GRCH38, contig))))
        return sund_fail(err, SUND_E_NOT_FOUND, "the reference has not the whole of chromosome %s%s%s, by whose bases VRS names it", sund_contig_name(contig), a ? " of " : "", a ? sund_assembly_name(a) : "");
    memcpy(out, "SQ.", 3);
    sund_sha512t24u(&h, out + 3);
    return SUND_OK;
}

/** An allele on its way to normal form: [from, to) of the reference becomes these bases. n_del of them are gone, n_ins come in their place, and one of the two is none when it can be moved. */
typedef struct allele {
    const sund_reference *ref;
    int                   contig;
    uint32_t              from, to;
    const char           *alt;
    uint32_t              n_alt;
} allele;

static sund_code trim(allele *x, const sund_variant *v, sund_err *err)
{
    uint32_t n_ref = v->n_ref, n_alt = v->n_alt, k = 0;

    for (uint32_t i = 0; i < n_ref; i++)
        if (sund_reference_base(x->ref, v->contig, v->pos_bp + i) != v->ref[i])
            return sund_fail(err, SUND_E_MISMATCH, "%s:%u: REF is not the reference's", sund_contig_name(v->contig), v->pos_bp + 1);
    while (n_ref && n_alt && v->ref[n_ref - 1] == v->alt[n_alt - 1]) {
        n_ref--;
        n_alt--;
    }
    while (k < n_ref && k < n_alt && v->ref[k] == v->alt[k])
        k++;
    x->contig = v->contig;
    x->from = v->pos_bp + k;
    x->to = v->pos_bp + n_ref;
    x->alt = v->alt + k;
    x->n_alt = n_alt - k;
    return SUND_OK;
}

/** Base i of what is inserted or deleted. */
static char moved(const allele *x, uint32_t i) { return x->n_alt ? x->alt[i] : sund_reference_base(x->ref, x->contig, x->from + i); }

/** How far it can go to the left and to the right: base after base of the reference is the one that comes round. */
static sund_code roll(const allele *x, uint32_t *left, uint32_t *right, sund_err *err)
{
    uint32_t n = x->n_alt ? x->n_alt : x->to - x->from;
    char     c = 'A';

    for (*left = 0; *left < x->from && (c = sund_reference_base(x->ref, x->contig, x->from - *left - 1)) != 0 && c == moved(x, n - 1 - *left % n); ++*left)
        ;
    if (c != 0)
        for (*right = 0; (c = sund_reference_base(x->ref, x->contig, x->to + *right)) != 0 && c == moved(x, *right % n); ++*right)
            ;
    return c != 0 ? SUND_OK : sund_fail(err, SUND_E_NOT_FOUND, "%s:%u: the reference ends before the stretch in which the variant could be written", sund_contig_name(x->contig), x->from + 1);
}

/** The stretch as it becomes: reference to the left, what is inserted, reference to the right. */
static void written(const allele *x, uint32_t left, uint32_t right, sund_buf *out)
{
    for (uint32_t i = 0; i < left; i++)
        sund_buf_u8(out, (uint8_t) sund_reference_base(x->ref, x->contig, x->from - left + i));
    sund_buf_put(out, x->alt, x->n_alt);
    for (uint32_t i = 0; i < right; i++)
        sund_buf_u8(out, (uint8_t) sund_reference_base(x->ref, x->contig, x->to + i));
}

/** The longest d that divides the insertion's length, is no longer than the stretch, and after which the whole of it comes round again; 0: it is not of the reference alone. */
static uint32_t subunit(const sund_buf *whole, uint32_t n_ins, uint32_t n_stretch)
{
    for (uint32_t d = n_ins < n_stretch ? n_ins : n_stretch; d > 0; d--)
        if (n_ins % d == 0 && memcmp(whole->p, whole->p + d, whole->n - d) == 0)
            return d;
    return 0;
}

static void digest(sund_buf *text, char out[33])
{
    sund_sha512 h;

    sund_sha512_begin(&h);
    sund_sha512_add(&h, text->p, text->n);
    sund_sha512t24u(&h, out);
    sund_buf_clear(text);
}

/** unit 0: bases are written out, else they are n_whole of the reference, going round after unit. */
static void identify(const char *sq, uint32_t from, uint32_t to, const char *bases, uint32_t n_whole, uint32_t unit, sund_buf *text, char out[SUND_VRS_SIZE])
{
    char location[33], a[33];

    sund_buf_printf(text, "{\"end\":%u,\"sequenceReference\":{\"refgetAccession\":\"%s\",\"type\":\"SequenceReference\"},\"start\":%u,\"type\":\"SequenceLocation\"}", to, sq, from);
    digest(text, location);
    sund_buf_printf(text, "{\"location\":\"%s\",\"state\":{", location);
    if (unit)
        sund_buf_printf(text, "\"length\":%u,\"repeatSubunitLength\":%u,\"type\":\"ReferenceLengthExpression\"", n_whole, unit);
    else
        sund_buf_printf(text, "\"sequence\":\"%.*s\",\"type\":\"LiteralSequenceExpression\"", (int) n_whole, bases);
    sund_buf_text(text, "},\"type\":\"Allele\"}");
    digest(text, a);
    (void) snprintf(out, SUND_VRS_SIZE, "ga4gh:VA.%s", a);
}

sund_code sund_vrs_id(const sund_reference *ref, const char *sq, const sund_variant *v, char out[SUND_VRS_SIZE], sund_err *err)
{
    allele    x = { .ref = ref };
    sund_kind kind;
    sund_buf  whole = { 0 }, text = { 0 };
    uint32_t  left = 0, right = 0, n_del;
    sund_code rc;

    SUND_TRY(sund_variant_kind(v, &kind, err));
    if (kind > SUND_KIND_MNV)
        return sund_fail(err, SUND_E_ARG, "%s:%u: only a variant whose bases are written out has a computed identifier", sund_contig_name(v->contig), v->pos_bp + 1);
    SUND_TRY(trim(&x, v, err));
    n_del = x.to - x.from;
    if (n_del && x.n_alt) { /* in one place only */
        identify(sq, x.from, x.to, x.alt, x.n_alt, 0, &text, out);
        goto done;
    }
    SUND_GO(roll(&x, &left, &right, err));
    written(&x, left, right, &whole);
    SUND_GO(sund_buf_ok(&whole, err));
    identify(sq, x.from - left, x.to + right, (const char *) whole.p, (uint32_t) whole.n, n_del ? n_del : subunit(&whole, x.n_alt, left + right), &text, out);
done:
    rc = sund_buf_ok(&text, err);
out:
    sund_buf_free(&whole);
    sund_buf_free(&text);
    return rc;
}

/* ---- all chromosomes ---- */

struct sund_vrs { sund_reference *ref; sund_assembly assembly; bool looked[SUND_N_CONTIG]; char sq[SUND_N_CONTIG][SUND_REFGET_SIZE]; };

sund_code sund_vrs_open(sund_vrs **s, const char *fasta, sund_assembly a, sund_err *err)
{
    sund_vrs *got = calloc(1, sizeof *got);
    sund_code rc = got ? sund_reference_open(&got->ref, fasta, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc != SUND_OK) {
        free(got);
        return rc;
    }
    got->assembly = a;
    *s = got;
    return SUND_OK;
}

static void look(sund_vrs *s, int contig)
{
    if (!s->looked[contig] && sund_refget(s->ref, s->assembly, contig, s->sq[contig], NULL) != SUND_OK)
        s->sq[contig][0] = 0;
    s->looked[contig] = true;
}

sund_code sund_vrs_all(sund_vrs *s, sund_err *err)
{
    bool any = false;

    for (int c = 1; c < SUND_N_CONTIG; c++) {
        look(s, c);
        any |= s->sq[c][0] != 0;
    }
    return any ? SUND_OK : sund_fail(err, SUND_E_NOT_FOUND, "the reference has no whole chromosome%s%s, by whose bases VRS names it", s->assembly ? " of " : "", s->assembly ? sund_assembly_name(s->assembly) : "");
}

void sund_vrs_close(sund_vrs *s)
{
    if (s)
        sund_reference_close(s->ref);
    free(s);
}

sund_code sund_vrs_variant(sund_vrs *s, const sund_variant *v, char out[SUND_VRS_SIZE], sund_err *err)
{
    if (!s->looked[v->contig])
        look(s, v->contig);
    if (!s->sq[v->contig][0])
        return sund_fail(err, SUND_E_NOT_FOUND, "the reference has not the whole of chromosome %s, by whose bases VRS names it", sund_contig_name(v->contig));
    return sund_vrs_id(s->ref, s->sq[v->contig], v, out, err);
}

const sund_reference *sund_vrs_reference(const sund_vrs *s) { return s->ref; }
