/* Rule dominance beyond a study's plain columns: products of an interaction, weights of a logistic model, levels that few have at one node. */
#include "fed.h"
#include "test.h"

static double uniform(void) { return (double) (test_rand() >> 11) / 9007199254740992.0; }
static double noise(void) { return uniform() + uniform() + uniform() + uniform() - 2; } /* standard deviation 0.58 */

/** Whether a study of four nodes is answered; else by node 0's rule dominance. */
static bool answered(const world *w, const char *more, const char *column)
{
    const sund_thresholds t = sund_thresholds_default();
    fed                  *f = fed_even(w, 4, &t);
    sund_buf              bytes = { 0 };
    bool                  released;

    fed_ask(f, more);
    fed_run(f);
    released = fed_fetch(f, &bytes, NULL);
    if (!released) {
        const char *why = fed_status(f, 0).detail;

        if (!strstr(why, "rule dominance") || !strstr(why, column))
            fprintf(stderr, "# %s\n", why);
        CHECK(strstr(why, "rule dominance") && strstr(why, column));
    }
    sund_buf_free(&bytes);
    fed_close(f);
    return released;
}

/* Three people of node 0 stand out in the trait and in the covariate, in neither by nine tenths; in the product they are nearly all of it. */
TEST(products_of_an_interaction)
{
    static const char plain[] = "analysis = linear\noutcome = trait\ncovariates = bmi\nstrata = none\nmissing = drop\n";
    static const char crossed[] = "analysis = linear\noutcome = trait\ncovariates = bmi\nstrata = none\nmissing = drop\ninteraction = bmi\n";
    world            *w = fed_world(W_PEOPLE, 21);

    for (int out = 0; out < 2; out++) {
        for (size_t i = 0; i < w->n; i++) {
            bool stands = out && i % 4 == 0 && i < 12;

            w->no_bmi[i] = false;
            w->bmi[i] = 35 + 5 * noise() + (stands ? 19 : 0);
            w->trait[i] = noise() + (stands ? (i == 4 ? -3.8 : 3.8) : 0);
        }
        CHECK(answered(w, plain, "-"));
        CHECK(answered(w, crossed, "columns (bmi)") == !out);
    }
    free(w);
}

/* The outcome is certain of all but four people of node 0, as far as the covariate goes: the weights are theirs. */
TEST(weights_of_a_logistic_model)
{
    static const char *const test[] = { "score", "wald" };
    world                   *w = fed_world(W_PEOPLE_MAX, 22);

    for (int certain = 0; certain < 2; certain++)
        for (size_t k = 0; k < 2; k++) {
            char more[200];

            for (size_t i = 0; i < w->n; i++) {
                bool middle = i % 4 == 0 && i < 16;

                w->no_bmi[i] = false;
                w->country[i] = (int) (i % 4); /* whole at its node; a round of the null model is three numbers, so there are enough of them */
                w->sex[i] = middle ? 1 + (int) i / 8 : w->sex[i];
                w->bmi[i] = !certain ? 35 + 5 * noise() + w->sex[i] : middle ? (i % 8 ? 37 : 33) : (w->sex[i] == 2 ? 45 : 25) + 3 * noise();
            }
            (void) snprintf(more, sizeof more, "analysis = logistic\noutcome = sex\ncovariates = bmi\ntest = %s\n", test[k]);
            CHECK(answered(w, more, "") == !certain);
        }
    free(w);
}

/* One person stands out in the covariate: not by nine tenths among all of the node, but in a fold of theirs. */
TEST(columns_of_a_fold)
{
    static const char plain[] = "analysis = linear\noutcome = trait\ncovariates = bmi\nstrata = none\n";
    static const char folds[] = "analysis = wgr\noutcome = trait\ncovariates = bmi\nstrata = none\nblock = 4\nridge = 2\nfolds = 4\n";
    world            *w = fed_world(W_PEOPLE, 23);

    for (int out = 0; out < 2; out++) {
        for (size_t i = 0; i < w->n; i++) {
            w->no_bmi[i] = false;
            w->trait[i] = noise();
            w->bmi[i] = 30 + 2.5 * noise() + (out && i == 8 ? 26 : 0);
        }
        CHECK(answered(w, plain, "-"));
        CHECK(answered(w, folds, "columns (bmi)") == !out);
    }
    free(w);
}
