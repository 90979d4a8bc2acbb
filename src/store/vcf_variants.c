/* The variants of a file without its genotypes: for catalogues. */
#include "store/import_priv.h"

#include <string.h>

static sund_code each_allele(const sund_vcf_record *r, const sund_reference *ref, sund_buf *scratch, sund_vcf_passed *passed,
                             sund_code (*each)(void *ctx, const sund_variant *v, sund_err *err), void *ctx,
                             sund_err *err)
{
    for (size_t k = 0; k < r->n_alt; k++) {
        sund_variant v = { r->contig, r->pos_bp, r->ref, r->alt[k], r->n_ref, r->n_alt_bp[k] };
        sund_kind    kind = SUND_KIND_SNV;
        if (v.n_alt == 1 && v.alt[0] == '.')
            continue;
        SUND_TRY(sund_variant_kind(&v, &kind, err));
        if (kind > SUND_KIND_MNV) {
            passed->n_symbolic++;
            continue;
        }
        if (v.n_ref == v.n_alt && memcmp(v.ref, v.alt, v.n_ref) == 0)
            return sund_fail(err, SUND_E_FORMAT, "REF and ALT are the same");
        SUND_TRY(sund_variant_normalise(&v, ref, scratch, err));
        SUND_TRY(each(ctx, &v, err));
    }
    return SUND_OK;
}

static sund_code one_record(sund_vcf_record *r, const sund_reference *ref, sund_buf *scratch, sund_vcf_passed *passed,
                            sund_code (*each)(void *ctx, const sund_variant *v, sund_err *err), void *ctx,
                            sund_err *err)
{
    if (r->why[0])
        return sund_fail(err, SUND_E_FORMAT, "%s", r->why);
    if (r->contig)
        return each_allele(r, ref, scratch, passed, each, ctx, err);
    passed->n_contig++;
    return SUND_OK;
}

/** The header's contigs are of the assembly that was asked for. */
static sund_code same_assembly(const sund_vcf *v, const char *path, sund_assembly want, sund_err *err)
{
    sund_vcf_assembly says = sund_vcf_says(v);

    if ((want == SUND_GRCH38 && says.sure37 && !says.sure38) || (want == SUND_GRCH37 && says.sure38 && !says.sure37))
        return sund_fail(err, SUND_E_MISMATCH, "%.200s: the header's contigs are of %s, not of %s", path, sund_assembly_name(says.sure37 ? SUND_GRCH37 : SUND_GRCH38), sund_assembly_name(want));
    return SUND_OK;
}

sund_code sund_vcf_variants(const char *path, sund_assembly assembly, const sund_reference *ref, sund_vcf_passed *passed,
                            sund_code (*each)(void *ctx, const sund_variant *v, sund_err *err), void *ctx,
                            sund_err *err)
{
    sund_vcf        *v = NULL;
    sund_vcf_record *r = NULL;
    sund_buf         scratch = { 0 };
    sund_code        rc;

    SUND_TRY(sund_vcf_open(&v, path, err));
    SUND_GO(same_assembly(v, path, assembly, err));
    for (;;) {
        SUND_GO(sund_vcf_next(v, &r, err));
        if (!r)
            break;
        rc = one_record(r, ref, &scratch, passed, each, ctx, err);
        if (rc != SUND_OK) {
            rc = sund_fail_in(err, rc, "%s:%s%llu", path, sund_vcf_is_bcf(v) ? "record " : "",
                              (unsigned long long) r->line);
            goto out;
        }
    }
out:
    sund_vcf_close(v);
    sund_buf_free(&scratch);
    return rc;
}
