/* linear STORE MIN_MAF mean|drop [RUNS [TRAITS]]: one node's own sums of a linear study with 10 covariates, over every site of the store whose minor allele
 * frequency is at least MIN_MAF, on one thread of this process. Sex, age, eight reals of four decimals and the traits (1 to 50, of four decimals, 0 to 2.5) are drawn here. variants_per_s is
 * the best run's; the first one, which also checks the digests of what it reads, is first_variants_per_s. */
#include "bench/aid.h"
#include "math/random.h"
#include "study/linear_priv.h"

#include <string.h>

enum { N_COVARIATE = 10, N_TRAIT = 50 };

/** A view of everybody, as sund_view_open would make it of such people. */
static void make_view(sund_view *v, const sund_store *s, size_t n_trait)
{
    static const int64_t reach_of[N_COVARIATE + 1] = { 0, 25, 50000, 50000, 50000, 50000, 50000, 50000, 50000, 50000, 12500 };

    memset(v, 0, sizeof *v);
    v->store = s;
    v->n_person = v->n_member = sund_store_describe(s)->n_person;
    v->n_word = (v->n_person + 63) / 64;
    v->n_stratum = 1;
    v->stratum[0] = calloc(v->n_word, sizeof **v->stratum);
    v->ones = calloc(64 * v->n_word, sizeof *v->ones);
    v->plan.n = N_COVARIATE + n_trait;
    v->plan.n_covariate = N_COVARIATE;
    v->plan.n_outcome = n_trait;
    for (size_t k = 0; k < v->plan.n; k++) {
        int64_t reach = reach_of[k < N_COVARIATE ? k : N_COVARIATE];

        v->column[k] = calloc(64 * v->n_word, sizeof **v->column);
        v->plan.col[k].max_abs = reach ? (uint64_t) reach : 1;
        if (!v->column[k] || !v->ones || !v->stratum[0])
            exit(2);
        for (size_t i = 0; i < v->n_person; i++)
            v->column[k][i] = (int32_t) (sund_rand_u64(1, k, i) % (uint64_t) (2 * reach + (reach ? 1 : 2))) - (int32_t) reach;
    }
    for (size_t i = 0; i < v->n_person; i++) {
        v->ones[i] = 1;
        v->stratum[0][i / 64] |= 1ull << (i % 64);
    }
    MUST(sund_view_sums(v, err_));
}

int main(int argc, char **argv)
{
    sund_store *s = NULL;
    sund_view   v;
    sund_study  study = { .strata_country = true, .chunk = 1 << 16 };
    size_t      n_trait = argc > 5 ? (size_t) atoi(argv[5]) : 1;
    linear_own  own = { .n_column = N_COVARIATE + n_trait, .n_trait = n_trait };
    sund_state  st = { .study = &study, .own = &own, .plan = &v.plan };
    sund_round  round = { .index = 3 };
    double      best = 1e300, first = 0;
    uint64_t    sum = 0;

    if (argc < 4 || n_trait < 1 || n_trait > N_TRAIT)
        return 2;
    MUST(sund_crypto_init(err_));
    MUST(sund_store_open(&s, argv[1], err_));
    make_view(&v, s, n_trait);
    study.drop_missing = strcmp(argv[3], "drop") == 0;
    v.row = calloc(sund_store_describe(s)->n_site + 1, sizeof *v.row);
    own.eligible = calloc(sund_store_describe(s)->n_site + 1, sizeof *own.eligible);
    if (!v.row || !own.eligible)
        return 2;
    own.n_eligible = aid_common(s, atof(argv[2]), v.row);
    for (size_t j = 0; j < own.n_eligible; j++)
        own.eligible[j] = (uint32_t) j;
    for (size_t k = 0; k < own.n_column; k++)
        own.frac[k] = 24;
    st.n_person = (int64_t) v.n_person;
    sund_round_split(&round, &study, own.n_eligible, sund_linear_words(sund_linear_shape(&st)));
    for (int run = 0; run < (argc > 4 ? atoi(argv[4]) : 3); run++) {
        double began = now_s();

        for (uint32_t c = 0; c < round.n_chunk; c++) {
            sund_vec x = { 0, 0, NULL };

            MUST(sund_linear_sums_local(&st, &v, &round, c, 1, &x, err_));
            for (size_t i = 0; i < sund_vec_words(&x); i++)
                sum = sum * 31 + x.w[i];
            sund_vec_free(&x);
        }
        best = now_s() - began < best ? now_s() - began : best;
        first = run ? first : best;
    }
    printf("variants=%zu\nchecksum=%llu\nvariants_per_s=%.1f\nfirst_variants_per_s=%.1f\n", own.n_eligible, (unsigned long long) (sum >> 1), (double) own.n_eligible / best,
           (double) own.n_eligible / first);
    return 0;
}
