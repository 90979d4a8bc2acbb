/* Every analysis: the same bytes over one, three and five nodes, and - printed, for test/cli/compilers.t to compare - whatever compiler and
 * optimisation built the program. */
#include "studies.h"
#include "test.h"

static world *the_world(void)
{
    world *w = fed_world(W_PEOPLE, 20);

    w->n_file = studies_files(w->file);
    return w;
}

TEST(every_analysis_gives_the_same_bytes_for_any_split)
{
    static char     text[STUDIES_MAX][STUDY_TEXT];
    world          *w = the_world();
    sund_thresholds open = fed_open_data(), closed = sund_thresholds_default();

    for (size_t a = 0; sund_analyses[a]; a++) {
        size_t n = studies_of(sund_analyses[a]->name, text);

        CHECK(n > 0);
        for (size_t k = 0; k < n; k++) {
            bool        strata = sund_analyses[a]->strata == SUND_STRATA_COUNTRY && !strstr(text[k], "strata = none");
            sund_buf    got = { 0 };
            sund_digest d;
            bool        same = fed_same(w, 5, strata, text[k], &open, NULL) && fed_same(w, 3, strata, text[k], &closed, NULL) && fed_same(w, 3, strata, text[k], &open, &got);
            whole_tables       parts;
            sund_hasher        h;

            if (!same)
                fprintf(stderr, "# not the same bytes: %s", text[k]);
            CHECK(same);
            if (whole_split(&got, &parts)) {
                sund_hasher_init(&h);
                for (size_t t = 0; t < parts.n_table; t++)
                    sund_hasher_add(&h, parts.table[t].text.p, parts.table[t].text.n);
                d = sund_hasher_end(&h);
                printf("# bytes of %s, study %zu: %.16s\n", sund_analyses[a]->name, k, sund_digest_hex(&d).s);
            }
            sund_buf_free(&got);
        }
    }
    for (size_t i = 0; i < w->n_file; i++)
        sund_buf_free(&w->file[i]);
    free(w);
}
