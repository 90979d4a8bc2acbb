/* Ontologies in any of their formats: what is read is sound, and is the same after it was kept. */
#include "onto/onto.h"
#include "onto/onto_priv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void look(const sund_onto *o)
{
    uint64_t *set = calloc(2 * sund_onto_words(o), sizeof *set);
    uint32_t *list = malloc(((size_t) sund_onto_about(o)->n_term + 1) * sizeof *list);

    for (uint32_t t = 0; set && list && t < sund_onto_about(o)->n_term; t++) {
        size_t n;

        (void) sund_onto_parents(o, t, &n);
        for (size_t i = 0; i < sund_onto_n_synonym(o, t); i++)
            if (!sund_onto_synonym(o, t, i)[0])
                abort();
        if (!sund_onto_obsolete(o, t) && sund_onto_find(o, sund_onto_id(o, t)) != t)
            abort();
        (void) sund_onto_above(o, t, set, list);
        (void) sund_onto_below(o, t, set + sund_onto_words(o), list);
    }
    free(set);
    free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    sund_onto *o = NULL, *again = NULL;
    sund_buf   image = { 0 };
    sund_err   err;

    if (sund_onto_read(&o, "fuzz", p, n, "1", &err) == SUND_OK) {
        look(o);
        onto_image(o, &image);
        if (onto_from_image(&again, "fuzz", sund_cur_of(image.p, image.n), &err) != SUND_OK || !sund_digest_eq(&sund_onto_about(o)->digest, &sund_onto_about(again)->digest))
            abort();
    }
    sund_onto_free(o);
    sund_onto_free(again);
    sund_buf_free(&image);
    o = NULL;
    if (onto_from_image(&o, "fuzz", sund_cur_of(p, n), &err) == SUND_OK) /* its bytes come from a database: they are read with no more trust */
        look(o);
    sund_onto_free(o);
    return 0;
}
