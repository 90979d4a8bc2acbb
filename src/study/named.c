#include "study/named.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sund_code add(sund_named *m, const char *name, sund_buf *keep, sund_err *err)
{
    sund_variant  v;
    sund_buf      bytes = { 0 };
    sund_assembly said = sund_named_assembly(name);
    sund_code     rc = sund_variant_parse(name, &v, &bytes, err);

    if (rc == SUND_OK)
        rc = sund_assembly_fits(said, m->assembly, err);
    m->assembly = said == SUND_ASSEMBLY_NONE ? m->assembly : said;
    if (rc == SUND_OK) {
        sund_buf_put(keep, v.ref, v.n_ref);
        sund_buf_put(keep, v.alt, v.n_alt);
        m->variant[m->n++] = v;
        rc = sund_buf_ok(keep, err);
    }
    sund_buf_free(&bytes);
    return rc == SUND_OK ? rc : sund_fail_in(err, rc, "variants");
}

sund_code sund_named_read(sund_named *m, const char *list, sund_err *err)
{
    sund_buf  keep = { 0 };
    char      name[513];
    sund_code rc = SUND_OK;

    memset(m, 0, sizeof *m);
    for (const char *at = list + strspn(list, " ,"); *at && rc == SUND_OK; at += strspn(at, " ,")) {
        size_t len = strcspn(at, " ,");

        (void) snprintf(name, sizeof name, "%.*s", (int) len, at);
        at += len;
        rc = m->n == SUND_NAMED_MAX ? sund_fail(err, SUND_E_LIMIT, "variants: at most %d are taken", SUND_NAMED_MAX) : add(m, name, &keep, err);
    }
    m->text = (char *) keep.p;
    for (size_t j = 0, used = 0; j < m->n; j++) {
        sund_variant *v = &m->variant[j];

        v->ref = m->text + used;
        v->alt = v->ref + v->n_ref;
        used += (size_t) v->n_ref + v->n_alt;
    }
    return rc;
}

void sund_named_free(sund_named *m)
{
    free(m->text);
    memset(m, 0, sizeof *m);
}

/** Codes of one variant for everybody; whether it is in the store, and where. */
static sund_code codes_of(const sund_variant *x, const sund_view *v, sund_store_reader *r, uint8_t *code, bool *there, size_t *row, sund_err *err)
{
    sund_gt g;

    *there = sund_store_find(v->store, x, row);
    if (!*there) {
        memset(code, sund_store_callable(v->store, x->contig, x->pos_bp, x->n_ref) ? 0 : SUND_GT_MISSING, v->n_person);
        return SUND_OK;
    }
    SUND_TRY(sund_store_read(r, *row, &g, err));
    sund_gt_codes(&g, v->n_person, code);
    return SUND_OK;
}

sund_code sund_named_alleles(const sund_named *m, const sund_view *v, int8_t *out, sund_err *err)
{
    sund_store_reader *r = NULL;
    uint8_t           *code = malloc(v->n_person + 1);
    size_t             row;
    bool               there;
    sund_code          rc = code ? sund_store_reader_open(&r, v->store, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", v->n_person);

    memset(out, 0, v->n_person);
    if (rc == SUND_OK)
        rc = sund_assembly_fits(m->assembly, sund_store_describe(v->store)->assembly, err);
    for (size_t j = 0; rc == SUND_OK && j < m->n; j++) {
        rc = codes_of(&m->variant[j], v, r, code, &there, &row, err);
        for (size_t i = 0; rc == SUND_OK && i < v->n_person; i++)
            out[i] = (int8_t) (out[i] < 0 || code[i] == SUND_GT_MISSING ? -1 : out[i] + code[i]);
    }
    sund_store_reader_close(r);
    free(code);
    return rc;
}

const char *sund_zygosity_name(sund_zygosity z)
{
    static const char *const name[SUND_N_ZYG] = { "no alternate allele", "heterozygous", "several, in cis", "several, phase unknown", "compound heterozygous", "homozygous or one copy", "not called" };

    return name[z];
}

/** What is known of a person so far: hets by the copy they lie on, and on which chromosome. */
typedef struct so_far { uint8_t n_het, first_copy, second_copy, unphased, both, missing, contig, mixed; } so_far;

static uint8_t verdict(const so_far *s)
{
    if (s->both)
        return SUND_ZYG_BOTH;
    if (s->first_copy && s->second_copy && !s->mixed)
        return SUND_ZYG_COMPOUND;
    if (s->missing)
        return SUND_ZYG_UNCALLED;
    if (s->n_het < 2)
        return s->n_het ? SUND_ZYG_HET : SUND_ZYG_NONE;
    return s->unphased || s->mixed ? SUND_ZYG_UNPHASED : SUND_ZYG_CIS;
}

static void see(so_far *s, uint8_t code, int contig, bool phased, bool alt_first)
{
    s->missing |= code == SUND_GT_MISSING;
    s->both |= code == 2;
    if (code != 1)
        return;
    s->mixed |= s->n_het && s->contig != contig; /* variants of two chromosomes are in no phase with each other */
    s->contig = (uint8_t) contig;
    s->n_het++;
    s->unphased |= !phased;
    s->first_copy |= phased && alt_first;
    s->second_copy |= phased && !alt_first;
}

sund_code sund_named_zygosity(const sund_named *m, const sund_view *v, uint8_t *out, sund_err *err)
{
    sund_store_reader *r = NULL;
    uint8_t           *code = malloc(v->n_person + 1);
    so_far            *s = calloc(v->n_person + 1, sizeof *s);
    sund_code          rc = code && s ? sund_store_reader_open(&r, v->store, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", v->n_person);

    if (rc == SUND_OK)
        rc = sund_assembly_fits(m->assembly, sund_store_describe(v->store)->assembly, err);
    for (size_t j = 0; rc == SUND_OK && j < m->n; j++) {
        const uint64_t *phased = NULL, *alt_first = NULL;
        bool            there, any = false;
        size_t          row;

        rc = codes_of(&m->variant[j], v, r, code, &there, &row, err);
        if (rc == SUND_OK && there)
            rc = sund_store_phase(r, row, &phased, &alt_first, &any, err);
        for (size_t i = 0; rc == SUND_OK && i < v->n_person; i++)
            see(&s[i], code[i], m->variant[j].contig, any && phased[i / 64] >> (i % 64) & 1, any && alt_first[i / 64] >> (i % 64) & 1);
    }
    for (size_t i = 0; rc == SUND_OK && i < v->n_person; i++)
        out[i] = verdict(&s[i]);
    sund_store_reader_close(r);
    free(code);
    free(s);
    return rc;
}
