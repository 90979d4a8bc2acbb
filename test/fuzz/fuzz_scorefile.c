/* Scoring files of anybody's, plain and gzip. */
#include "summary/scorefile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sund_scorefile f;
    sund_err       err;

    for (int a = SUND_GRCH37; a <= SUND_GRCH38; a++)
        if (sund_scorefile_parse(&f, data, size, (sund_assembly) a, &err) == SUND_OK) {
            if (f.n_row + f.n_no_place + f.n_bad_allele + f.n_bad_weight + f.n_complex + f.n_repeated + f.n_not_autosomal != f.n_line)
                abort();
            sund_scorefile_free(&f);
        }
    return 0;
}
