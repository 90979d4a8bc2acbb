/* Gene tables and tables of classes of anybody's, with a zero byte between them: never out of their bytes, and members that are the catalogue's. */
#include "study/genes_priv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static sund_catalogue *catalogue;

static const char variants[] = "#sund-catalogue\t1\tGRCh37\n20\t1000\tA\tG\n20\t1000\tA\tGC\n20\t1500\tCT\tC\n20\t2000\tG\tT\nX\t500\tA\tC\n";

/** What a study's state is before anything was asked. */
static void choose(const sund_study *study, sund_files *files)
{
    genes_own  own = { .stage = GENES_PEOPLE };
    sund_state st = { .study = study, .catalogue = catalogue, .files = files, .first = 1, .n_variant = 4, .own = &own };
    sund_err   err;

    if (sund_genes_choose(&st, &err) == SUND_OK) {
        size_t n = 0;

        for (size_t g = 0; g < own.n_gene; g++) {
            if (own.gene[g].from != n || own.gene[g].n == 0 || own.gene[g].at.to_bp <= own.gene[g].at.from_bp)
                abort();
            n += own.gene[g].n;
        }
        for (size_t i = 0; i < n; i++)
            if (own.member[i] >= own.n_asked || own.asked[own.member[i]] >= 4)
                abort();
        if (n != own.n_member)
            abort();
    }
    free(own.gene);
    free(own.member);
    free(own.asked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t    *zero = size ? memchr(data, 0, size) : NULL;
    size_t            n = zero ? (size_t) (zero - data) : size;
    static sund_study study;
    sund_files        files = { .n = 2, .file = { { .option = "genes" }, { .option = "classes" } } };

    if (!catalogue && sund_catalogue_parse(&catalogue, "catalogue", variants, sizeof variants - 1, NULL) != SUND_OK)
        abort();
    if (n)
        sund_buf_put(&files.file[0].bytes, data, n);
    if (zero && size > n + 1)
        sund_buf_put(&files.file[1].bytes, zero + 1, size - n - 1);
    study.n_option = 2;
    study.option[0] = (sund_study_option){ "classes", 'd', "" };
    study.option[1] = (sund_study_option){ "mask", 't', "" };
    if (zero) {
        study.option[0].value[0] = '0';
        memcpy(study.option[1].value, size % 2 ? "pLoF|missense" : "", 14 * (size % 2) + 1 - size % 2);
    }
    choose(&study, &files);
    sund_files_free(&files);
    return 0;
}
