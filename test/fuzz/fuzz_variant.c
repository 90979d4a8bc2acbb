/* Names of variants, regions and contigs, and catalogues. */
#include "genome/catalogue.h"
#include "genome/hgvs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/** By a reference of two small pieces, whatever is spelled is a variant's own name. */
static void hgvs(const char *text)
{
    static sund_reference *ref;
    static const char      fasta[] = ">20\nGCACAAAAGTCGATNNACACACACGT\n>X:101-120\nACGTTTTTACGTACGTACGT\n";
    char                   path[32];
    sund_variant           v;
    sund_buf               out = { 0 }, store = { 0 };
    sund_err               err;
    int                    fd = ref ? -1 : memfd_create("reference", 0);

    if (fd >= 0) {
        (void) snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (write(fd, fasta, sizeof fasta - 1) != (ssize_t) (sizeof fasta - 1) || sund_reference_open(&ref, path, &err) != SUND_OK)
            abort();
    }
    if (sund_hgvs_spell(text, ref, &out, &err) == SUND_OK) {
        sund_buf_nul(&out);
        if (!sund_is_hgvs_change(text) || sund_variant_parse((const char *) out.p, &v, &store, &err) != SUND_OK)
            abort();
    }
    sund_buf_free(&out);
    sund_buf_free(&store);
}

static void name(const char *text)
{
    sund_variant  v, w;
    sund_region   r;
    sund_buf      store = { 0 }, printed = { 0 }, again = { 0 }, scratch = { 0 };
    sund_assembly a;
    sund_err      err;

    if (sund_variant_parse(text, &v, &store, &err) == SUND_OK) {
        sund_variant_print(&v, &printed);
        sund_buf_nul(&printed);
        if (sund_variant_parse((const char *) printed.p, &w, &again, &err) != SUND_OK || sund_variant_cmp(&v, &w) != 0)
            abort();
        if (sund_variant_normalise(&v, NULL, &scratch, &err) == SUND_OK && (v.n_ref == 0 || v.n_alt == 0))
            abort();
    }
    if (sund_region_parse(text, &r, &err) == SUND_OK && (r.contig < 1 || r.contig >= SUND_N_CONTIG || r.from_bp >= r.to_bp))
        abort();
    if (sund_contig_parse(text, &a) < 0)
        abort();
    sund_buf_free(&store);
    sund_buf_free(&printed);
    sund_buf_free(&again);
    sund_buf_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    char           *text = malloc(n + 1);
    sund_catalogue *c = NULL;
    sund_err        err;

    if (!text)
        return 0;
    memcpy(text, p, n);
    text[n] = 0;
    if (n && p[0] == '#') {
        if (sund_catalogue_parse(&c, "catalogue", p, n, &err) == SUND_OK)
            for (size_t j = 1; j < sund_catalogue_n(c); j++) {
                sund_variant a = sund_catalogue_at(c, j - 1), b = sund_catalogue_at(c, j);
                if (sund_variant_cmp(&a, &b) >= 0)
                    abort();
            }
        sund_catalogue_free(c);
    }
    else {
        name(text);
        hgvs(text);
    }
    free(text);
    return 0;
}
