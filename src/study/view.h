#ifndef SUND_STUDY_VIEW_H
#define SUND_STUDY_VIEW_H

#include "gate/rules.h"
#include "genome/catalogue.h"
#include "math/exact.h"
#include "people/people.h"
#include "stats/planes.h"
#include "store/store.h"
#include "study/study.h"

enum { SUND_STRATA_MAX = 64, SUND_COLUMN_MAX = 128 };

/** One column of a study's model: a variable, or one level of a category (level 1.. of it against level 0).
 *      q = raw - mid   (mid = middle of the declared range for numbers, 0 for indicators): exact, the same at every node */
typedef struct sund_column {
    char     name[136];  /**< "age", "smoking=never" */
    bool     binary;
    int64_t  mid;
    double   unit;       /**< value of one step of q in the variable's unit: 10^-decimals, 1 for indicators */
    uint64_t max_abs;    /**< |q| is at most this */
    sund_var var;
    int64_t  level;      /**< -1: the number itself; for a role's category the index of its code */
} sund_column;

/** The columns that a study's text and the dictionary give: covariates in the study's order, then the outcomes, then a column for each
 *  option that names a variable. There a category is one column, q the index of its code.
 *  Depends on nothing but declarations, so it is the same at every node. */
typedef struct sund_columns_plan {
    size_t      n;       /**< all */
    size_t      n_covariate, n_outcome, n_role;
    char        role[16][33]; /**< names of the options, of the last n_role columns */
    sund_column col[SUND_COLUMN_MAX];
} sund_columns_plan;

/** Which products of columns a model needs: covariates with everything, all else with itself alone. Row by row: (a, b), a <= b, for covariates a; then
 *  (a, a). */
static inline size_t sund_pair_count(const sund_columns_plan *p) { return p->n_covariate * p->n - p->n_covariate * (p->n_covariate - (p->n_covariate > 0)) / 2 + p->n - p->n_covariate; }
static inline size_t sund_pair_at(const sund_columns_plan *p, size_t a, size_t b)
{
    size_t rows = a < p->n_covariate ? a : p->n_covariate;

    return rows * p->n - rows * (rows - (rows > 0)) / 2 + (a < p->n_covariate ? b - a : a - p->n_covariate);
}
/** The last b of row a, and one. */
static inline size_t sund_pair_end(const sund_columns_plan *p, size_t a) { return a < p->n_covariate ? p->n : a + 1; }

/** Sums over every member of one stratum. */
typedef struct sund_whole {
    int64_t    n, q[SUND_COLUMN_MAX];
    sund_i128 *pair; /**< of products, sund_pair_at */
} sund_whole;

/** A node's own data in the shape a study asks for. People of the store who are not in the cohort, or lack a value, hold 0 in every
 *  column and no bit in any mask. Read-only once open; safe from any thread. Owns: sund_view_close(), safe on NULL. */
typedef struct sund_view {
    const sund_store *store;
    size_t            n_person, n_word;  /**< of the store */
    size_t            n_member;          /**< in the cohort, genotyped, complete */
    uint32_t          place;             /**< this node's among the study's, which are sorted by id; 0 in a pooled run */
    size_t            n_stratum;
    uint64_t         *stratum[SUND_STRATA_MAX]; /**< bit planes; together: member */
    char              country[SUND_STRATA_MAX][32]; /**< their names, with strata = country */
    uint64_t         *who;                      /**< bit i: the person of the node's own number i is a member. Never leaves; NULL in a view that was read */
    size_t            n_who;                    /**< its words */
    bool              left_out;                 /**< a country of too few people here was left out */
    bool              everyone;                 /**< all of the store's people are members, and of the sex that the store has */
    uint64_t         *member, *male, *female;   /**< male and female within member; unknown sex counts as female in two-copy regions */
    uint64_t         *female_stratum[SUND_STRATA_MAX]; /**< stratum and female */
    sund_person_plane set_male, set_female, set_stratum[SUND_STRATA_MAX], set_female_stratum[SUND_STRATA_MAX]; /**< the same, ready to count in */
    sund_columns_plan plan;
    int32_t          *column[SUND_COLUMN_MAX];  /**< n_word * 64 entries */
    int32_t          *ones;                     /**< 1 for members */
    sund_columns     *sums;                     /**< the columns, then ones; NULL for a study without columns */
    sund_whole       *whole;                    /**< n_stratum; likewise */
    uint32_t         *row;    /**< catalogue entry first + j -> store row, or UINT32_MAX */
    size_t            first, n_variant; /**< the catalogue's range that the study asks for */
    const double     *offset; /**< by store column: what is added to everyone's log odds in a logistic model; NULL in a view that was opened */
    struct sund_view_cache *cache;
} sund_view;

/** The columns that the study needs, from the node's dictionary. vars: canonical declarations, appended: all nodes must have the same. */
sund_code sund_columns_make(sund_columns_plan *plan, sund_people *people, const sund_study *s, sund_buf *vars, sund_err *err) SUND_MUST_CHECK;

/** Column of an option that names a variable; plan->n when it names none. */
size_t sund_columns_role(const sund_columns_plan *plan, const char *option);

/** t: with strata, countries below its cell_min are left out. */
sund_code sund_view_open(sund_view **v, const sund_store *store, sund_people *people, const sund_study *s, const sund_catalogue *c, const sund_thresholds *t,
                         sund_err *err) SUND_MUST_CHECK;
void      sund_view_close(sund_view *v);

/** What an analysis's `local` computes once for all chunks of a round (fitted values, weights): the slot is NULL when the round is another than
 *  last time, and what it held then is freed. One thread at a time. */
void **sund_view_kept(const sund_view *v, uint32_t round, void (*free_it)(void *));
/** A shallow copy of a view that keeps things for itself, for what differs from it in a column or an offset. sund_view_forget() frees what is kept, not the view. */
sund_code sund_view_alike(const sund_view *v, sund_view *copy, sund_err *err) SUND_MUST_CHECK;
void      sund_view_forget(sund_view *copy);

/** Fills sums and whole. */
sund_code sund_view_sums(sund_view *v, sund_err *err) SUND_MUST_CHECK;
/** pair += products of columns over a list of people; pair as in sund_whole. Exact. */
void      sund_view_products(const sund_view *v, const uint32_t *person, size_t n, sund_i128 *pair);
/** Keeps variables of the node's own making, raw[k * n_person + i] of var[k] for store column i (SUND_VALUE_MISSING: none), with the people at home. Where
 *  values may lie, and how fine they are, is declared in var and must be the same at every node. */
sund_code sund_view_keep(const sund_view *v, sund_people *people, size_t n_var, const sund_var *var, const int64_t *raw, sund_err *err) SUND_MUST_CHECK;

/** What the sums of genotypes of a study are taken with: k values of each member. The first n_rare are levels that few have here: over all nodes enough have (cell-min), so they are
 *  not weighed, and taken out of the others. */
typedef struct sund_weighed {
    size_t          k, n_rare;
    const char     *name[SUND_COLUMN_MAX];
    void          (*values)(const void *ctx, size_t i, double *x); /**< of store column i, a member */
    const void     *ctx;
    const uint64_t *among; /**< those members alone; NULL for all */
} sund_weighed;
/** Rule dominance: no few of this node's people - a fifth of them, at least two, at most cell_min - 1 - make up more than SUND_SHARE_FEW of a column's squares around its mean, by itself
 *  or, from three people a column on, beside the columns before it; nor, from there on, so few and at most half as many as there are people to a column, of any combination's of all columns:
 *  proven (stats/few.h), else refused. */
sund_code   sund_view_weigh(const sund_view *v, const sund_weighed *of, const sund_thresholds *t, sund_err *err) SUND_MUST_CHECK;
/** That of a study's columns; with an interaction also of their products with its covariate. */
sund_code   sund_view_weights(const sund_view *v, const sund_study *s, const sund_thresholds *t, const uint64_t *among, sund_err *err) SUND_MUST_CHECK;
/** A binary column one of whose levels fewer than cell_min have here. */
bool        sund_view_rare(const sund_view *v, size_t column, const sund_thresholds *t);
/** Digest of who takes part and with which values: a node that starts again mid-study checks that it is still the same. Never leaves. */
sund_digest sund_view_digest(const sund_view *v);
/** A view written down, for a process on another machine that has the same store but not the people: who takes part, by store column, and their
 *  values; no ids. Personal data. Reading checks every bound and the digest. Errors: SUND_E_FORMAT; SUND_E_MISMATCH for another store. */
void      sund_view_write(const sund_view *v, sund_buf *out);
sund_code sund_view_read(sund_view **v, sund_cur *c, const sund_store *store, const sund_study *s, const sund_catalogue *cat, sund_err *err) SUND_MUST_CHECK;
/** What a node calls these data outside: the view's digest, keyed by the node's identity. It is another one when the genotypes, the people who take part
 *  or their values are. A digest of the data itself would let someone who knows all but one person try what that person carries. */
sund_digest sund_view_release(const sund_view *v, const sund_sign_key *key);
/** "FI|SE": whose strata lie here. */
void sund_view_strata(const sund_view *v, sund_buf *out);

/** The study's range of the catalogue. */
void sund_study_range(const sund_study *s, const sund_catalogue *c, size_t *first, size_t *n);

/** Where a variant stands at this node. */
typedef enum sund_presence { SUND_IN_STORE, SUND_ALL_REF, SUND_NOT_COVERED } sund_presence;
sund_presence sund_view_presence(const sund_view *v, const sund_catalogue *c, size_t j);


#endif
