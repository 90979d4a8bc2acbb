/* logistic STORE MIN_MAF [RUNS]: one node's own sums of a logistic study's score test with 10 covariates, one country, over every site of the store whose minor allele
 * frequency is at least MIN_MAF, on one thread of this process. One person in five is a case; covariates as for linear. The null model's coefficients are given,
 * fitted values are part of what is timed. variants_per_s is the best run's. */
#include "bench/aid.h"
#include "math/random.h"
#include "study/logistic_priv.h"
#include "study/view_priv.h"

enum { N_COVARIATE = 10 };

/** A view of everybody, as sund_view_open would make it of such people. */
static sund_view *make_view(const sund_store *s)
{
    static const int64_t reach_of[N_COVARIATE + 1] = { 0, 25, 50000, 50000, 50000, 50000, 50000, 50000, 50000, 50000, 0 };
    sund_view           *v = sund_view_new(s);

    if (!v)
        exit(2);
    v->n_person = v->n_member = sund_store_describe(s)->n_person;
    v->n_word = (v->n_person + 63) / 64;
    v->n_stratum = 1;
    v->stratum[0] = calloc(v->n_word, sizeof **v->stratum);
    v->ones = calloc(64 * v->n_word, sizeof *v->ones);
    v->plan.n = N_COVARIATE + 1;
    v->plan.n_covariate = N_COVARIATE;
    v->plan.n_outcome = 1;
    for (size_t k = 0; k < v->plan.n; k++) {
        int64_t reach = reach_of[k];

        v->column[k] = calloc(64 * v->n_word, sizeof **v->column);
        v->plan.col[k].max_abs = reach ? (uint64_t) reach : 1;
        if (!v->column[k] || !v->ones || !v->stratum[0])
            exit(2);
        for (size_t i = 0; i < v->n_person; i++) {
            uint64_t x = sund_rand_u64(1, k, i);

            v->column[k][i] = k == N_COVARIATE ? x % 5 == 0 : reach ? (int32_t) (x % (uint64_t) (2 * reach + 1)) - (int32_t) reach : (int32_t) (x % 2);
        }
    }
    for (size_t i = 0; i < v->n_person; i++) {
        v->ones[i] = 1;
        v->stratum[0][i / 64] |= 1ull << (i % 64);
    }
    MUST(sund_view_sums(v, err_));
    return v;
}

int main(int argc, char **argv)
{
    sund_store  *s = NULL;
    sund_view   *v;
    sund_study   study = { .strata_country = true, .chunk = 1 << 16 };
    logistic_own own = { .k = N_COVARIATE, .p = N_COVARIATE, .strata = true, .stage = STAGE_SCORE, .frac_u = 40, .beta = { 0.1, 0.01 } };
    sund_state   st = { .study = &study, .own = &own };
    sund_round   round = { 0 };
    double       best = 1e300;
    uint64_t     sum = 0;

    if (argc < 3)
        return 2;
    MUST(sund_crypto_init(err_));
    MUST(sund_store_open(&s, argv[1], err_));
    v = make_view(s);
    v->row = calloc(sund_store_describe(s)->n_site + 1, sizeof *v->row);
    own.eligible = calloc(sund_store_describe(s)->n_site + 1, sizeof *own.eligible);
    if (!v->row || !own.eligible)
        return 2;
    own.n_eligible = aid_common(s, atof(argv[2]), v->row);
    for (size_t j = 0; j < own.n_eligible; j++)
        own.eligible[j] = (uint32_t) j;
    for (size_t k = 0; k < own.k; k++) {
        own.frac_x[k] = 31 - sund_u64_bits(v->plan.col[k].max_abs);
        own.frac_gx[k] = 24;
    }
    st.plan = &v->plan;
    st.n_person = (int64_t) v->n_person;
    for (int run = 0; run < (argc > 3 ? atoi(argv[3]) : 3); run++) {
        double began = now_s();

        round.index = (uint32_t) run; /* fitted values anew */
        sund_round_split(&round, &study, own.n_eligible, logistic_score_words(&own));
        for (uint32_t c = 0; c < round.n_chunk; c++) {
            sund_vec x = { 0, 0, NULL };

            MUST(sund_logistic_score_local(&st, v, &round, c, 1, &x, err_));
            for (size_t i = 0; i < sund_vec_words(&x); i++)
                sum = sum * 31 + x.w[i];
            sund_vec_free(&x);
        }
        best = now_s() - began < best ? now_s() - began : best;
    }
    printf("variants=%zu\nchecksum=%llu\nvariants_per_s=%.1f\n", own.n_eligible, (unsigned long long) (sum >> 1), (double) own.n_eligible / best);
    return 0;
}
