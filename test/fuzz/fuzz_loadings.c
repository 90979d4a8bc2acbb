/* A published loadings.tsv. */
#include "study/pca_priv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pca_own  own = { .n_component = PCA_COMPONENTS_MAX };
    sund_err err;

    if (pca_read_loadings(&own, sund_cur_of(data, size), SUND_GRCH38, &err) == SUND_OK)
        for (size_t i = 0; i < own.n_kept; i++)
            if (!(own.variant[i].s > 0) || own.variant[i].site.mean < 0 || own.variant[i].site.mean > 2 << SUND_LD_FRAC)
                abort();
    free(own.count);
    free(own.variant);
    free(own.place);
    free(own.weight);
    return 0;
}
