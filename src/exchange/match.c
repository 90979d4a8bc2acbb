#include "exchange/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PRIOR = 5 }; /* a: the ontology's shape counts as so many cases */

typedef struct profile { /* of one case */
    uint64_t *set;     /* terms it has, closed upwards */
    uint32_t *absent;  /* terms it has not */
    size_t    n_absent;
} profile;

struct sund_matcher {
    const sund_onto *o;
    sund_case      **own; /* copies of the store's, or NULL */
    const sund_case *const *c;
    profile         *p;
    size_t           n, cap;
    double          *ic;
    uint32_t        *list; /* to work in */
};

static void profile_free(profile *p)
{
    free(p->set);
    free(p->absent);
    memset(p, 0, sizeof *p);
}

void sund_matcher_free(sund_matcher *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n; i++) {
        if (m->p)
            profile_free(&m->p[i]);
        if (m->own)
            free(m->own[i]);
    }
    free(m->own);
    free(m->p);
    free(m->ic);
    free(m->list);
    free(m);
}

size_t           sund_matcher_n(const sund_matcher *m) { return m->n; }
const sund_case *sund_matcher_case(const sund_matcher *m, size_t at) { return m->own ? m->own[at] : m->c[at]; }
const sund_onto *sund_matcher_onto(const sund_matcher *m) { return m->o; }

static bool has(const uint64_t *set, uint32_t t) { return set[t / 64] >> (t % 64) & 1; }

static sund_code make_profile(const sund_matcher *m, const sund_case *c, profile *p, sund_err *err)
{
    p->set = calloc(sund_onto_words(m->o), sizeof *p->set);
    p->absent = calloc(c->n_feature + 1, sizeof *p->absent);
    if (!p->set || !p->absent)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for cases");
    for (size_t i = 0; i < c->n_feature; i++) {
        uint32_t t = sund_onto_find(m->o, c->feature[i].id);

        if (t == SUND_ONTO_NONE || sund_onto_obsolete(m->o, t))
            continue;
        if (c->feature[i].absent)
            p->absent[p->n_absent++] = t;
        else
            (void) sund_onto_above(m->o, t, p->set, m->list);
    }
    return SUND_OK;
}

/** with[t] += how many terms are t or below it. */
static sund_code count_below(const sund_matcher *m, uint32_t *with, sund_err *err)
{
    uint32_t  n_term = sund_onto_about(m->o)->n_term;
    uint64_t *set = calloc(sund_onto_words(m->o), sizeof *set);

    if (!set)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for an ontology");
    for (uint32_t t = 0; t < n_term; t++) {
        size_t n = sund_onto_above(m->o, t, set, m->list);

        for (size_t i = 0; i < n; i++) {
            with[m->list[i]]++;
            set[m->list[i] / 64] = 0;
        }
    }
    free(set);
    return SUND_OK;
}

/** Information content in whole numbers: (n(t) D + a d(t)) of (N + a) D. Cases above a number where that would be too large count by every second, third ... of them. */
static sund_code inform(sund_matcher *m, sund_err *err)
{
    uint32_t  D = sund_onto_about(m->o)->n_term, *cases = calloc(D + 1, sizeof *cases), *below = calloc(D + 1, sizeof *below), n = 0;
    size_t    most = (UINT32_MAX - 1) / (D ? D : 1) - PRIOR - 1, step = m->n / (most ? most : 1) + 1;
    sund_code rc = cases && below ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for an ontology");

    m->ic = calloc(D + 1, sizeof *m->ic);
    if (rc == SUND_OK && !m->ic)
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory for an ontology");
    if (rc == SUND_OK)
        rc = count_below(m, below, err);
    for (size_t i = 0; rc == SUND_OK && i < m->n; i += step) {
        sund_onto_count(m->o, m->p[i].set, cases);
        n++;
    }
    for (uint32_t t = 0; rc == SUND_OK && t < D; t++)
        cases[t] = cases[t] * D + PRIOR * below[t];
    if (rc == SUND_OK)
        sund_onto_ic(m->o, cases, (n + PRIOR) * D, m->ic);
    free(cases);
    free(below);
    return rc;
}

static sund_code ready(sund_matcher *m, sund_err *err)
{
    m->p = calloc(m->n + 1, sizeof *m->p);
    if (!m->p)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for cases");
    for (size_t i = 0; i < m->n; i++)
        SUND_TRY(make_profile(m, sund_matcher_case(m, i), &m->p[i], err));
    return inform(m, err);
}

static sund_code begin(sund_matcher **m, const sund_onto *o, sund_err *err)
{
    sund_matcher *got = calloc(1, sizeof *got);

    if (got)
        got->list = malloc(((size_t) sund_onto_about(o)->n_term + 1) * sizeof *got->list);
    if (!got || !got->list) {
        free(got);
        return sund_fail(err, SUND_E_NOMEM, "out of memory for cases");
    }
    got->o = o;
    *m = got;
    return SUND_OK;
}

static sund_code keep_case(void *ctx, const sund_case *c, sund_err *err)
{
    sund_matcher *m = ctx;

    if (c->withdrawn)
        return SUND_OK;
    if (m->n == m->cap) {
        size_t      cap = m->cap ? 2 * m->cap : 64;
        sund_case **more = realloc(m->own, cap * sizeof *more);

        if (!more)
            return sund_fail(err, SUND_E_NOMEM, "out of memory for cases");
        m->own = more;
        m->cap = cap;
    }
    m->own[m->n] = malloc(sizeof *c);
    if (!m->own[m->n])
        return sund_fail(err, SUND_E_NOMEM, "out of memory for cases");
    *m->own[m->n++] = *c;
    return SUND_OK;
}

sund_code sund_matcher_make(sund_matcher **out, sund_cases *s, const sund_onto *o, bool all, bool test, sund_err *err)
{
    sund_matcher *m = NULL;
    sund_code     rc;

    SUND_TRY(begin(&m, o, err));
    rc = sund_cases_each(s, !all, test, keep_case, m, err);
    if (rc == SUND_OK)
        rc = ready(m, err);
    if (rc == SUND_OK)
        *out = m;
    else
        sund_matcher_free(m);
    return rc;
}

sund_code sund_matcher_of(sund_matcher **out, const sund_case *const *c, size_t n, const sund_onto *o, sund_err *err)
{
    sund_matcher *m = NULL;
    sund_code     rc;

    SUND_TRY(begin(&m, o, err));
    m->c = c;
    m->n = n;
    rc = ready(m, err);
    if (rc == SUND_OK)
        *out = m;
    else
        sund_matcher_free(m);
    return rc;
}

/** Sum of IC over the terms that one has and the other explicitly not; those into the match. */
static double against(const sund_matcher *m, const profile *a, const profile *b, sund_likeness *out)
{
    double sum = 0;

    for (int k = 0; k < 2; k++) {
        const profile *no = k ? b : a, *yes = k ? a : b;

        for (size_t i = 0; i < no->n_absent; i++) {
            uint32_t t = no->absent[i];

            if (!has(yes->set, t))
                continue;
            sum += m->ic[t];
            if (out->n_against < SUND_MATCH_TERMS)
                out->against[out->n_against++] = (sund_match_term){ t, m->ic[t] };
        }
    }
    return sum;
}

static double any(const sund_matcher *m, const uint64_t *a, const uint64_t *b)
{
    double sum = 0;

    for (size_t w = 0; w < sund_onto_words(m->o); w++)
        for (uint64_t bits = a[w] | b[w]; bits; bits &= bits - 1)
            sum += m->ic[w * 64 + (size_t) __builtin_ctzll(bits)];
    return sum;
}

static double phenotype(const sund_matcher *m, const profile *a, const profile *b, sund_likeness *out, double *whole)
{
    double sim = sund_onto_simgic(m->o, m->ic, a->set, b->set), no = against(m, a, b, out);

    *whole = any(m, a->set, b->set);
    if (no <= 0)
        return sim;
    sim = sim * *whole / (*whole + no); /* the shared sum over the larger whole */
    *whole += no;
    return sim;
}

static bool first_of_name(const sund_case *c, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcasecmp(c->gene[k].gene, c->gene[i].gene) == 0)
            return false;
    return true;
}

static double genes(const sund_case *a, const sund_case *b, sund_likeness *out)
{
    size_t n = 0, shared = 0;

    for (size_t i = 0; i < a->n_gene; i++)
        n += first_of_name(a, i);
    for (size_t i = 0; i < b->n_gene; i++)
        n += first_of_name(b, i);
    for (size_t i = 0; i < a->n_gene; i++) {
        bool same = false;

        for (size_t k = 0; k < b->n_gene; k++)
            if (strcasecmp(a->gene[i].gene, b->gene[k].gene) == 0) {
                same = true;
                out->same_variant |= a->gene[i].variant[0] && strcmp(a->gene[i].variant, b->gene[k].variant) == 0;
            }
        if (!same || !first_of_name(a, i))
            continue;
        if (out->n_gene < SUND_MATCH_GENES)
            memcpy(out->gene[out->n_gene++], a->gene[i].gene, sizeof a->gene[i].gene);
        shared++;
    }
    return n ? (double) (2 * shared) / (double) n * (out->same_variant ? 0.9 : 0.7) : 0;
}

static int by_share(const void *a, const void *b)
{
    const sund_match_term *x = a, *y = b;

    return x->share != y->share ? (x->share > y->share ? -1 : 1) : x->term < y->term ? -1 : x->term > y->term;
}

/** Of the terms both have those with none of them below, the most telling first, each with the share of all above it that was not told before. */
static sund_code explain(const sund_matcher *m, const profile *a, const profile *b, double whole, sund_likeness *out, sund_err *err)
{
    size_t           n_word = sund_onto_words(m->o), n = 0, n_child;
    uint64_t        *both = calloc(2 * n_word + 1, sizeof *both), *told = both ? both + n_word : NULL;
    sund_match_term *leaf = calloc((size_t) sund_onto_about(m->o)->n_term + 1, sizeof *leaf);

    if (!both || !leaf) {
        free(both);
        free(leaf);
        return sund_fail(err, SUND_E_NOMEM, "out of memory for a match");
    }
    for (size_t w = 0; w < n_word; w++)
        both[w] = a->set[w] & b->set[w];
    for (size_t w = 0; w < n_word; w++)
        for (uint64_t bits = both[w]; bits; bits &= bits - 1) {
            uint32_t        t = (uint32_t) (w * 64) + (uint32_t) __builtin_ctzll(bits);
            const uint32_t *child = sund_onto_children(m->o, t, &n_child);
            bool            lowest = true;

            for (size_t i = 0; i < n_child; i++)
                lowest &= !has(both, child[i]);
            if (lowest)
                leaf[n++] = (sund_match_term){ t, m->ic[t] };
        }
    qsort(leaf, n, sizeof *leaf, by_share);
    for (size_t i = 0; i < n && out->n_shared < SUND_MATCH_TERMS; i++) {
        size_t k = sund_onto_above(m->o, leaf[i].term, told, m->list);
        double sum = 0;

        for (size_t j = 0; j < k; j++)
            sum += m->ic[m->list[j]];
        out->shared[out->n_shared++] = (sund_match_term){ leaf[i].term, whole > 0 ? sum / whole : 0 };
    }
    for (size_t i = 0; i < out->n_against; i++)
        out->against[i].share = whole > 0 ? out->against[i].share / whole : 0;
    free(both);
    free(leaf);
    return SUND_OK;
}

/** Score and its parts; those of the terms that both have are explained later. */
static void compare(const sund_matcher *m, const sund_case *query, const profile *q, const sund_case *c, const profile *p, bool phenotype_only, sund_likeness *x, double *whole)
{
    x->phenotype = phenotype(m, q, p, x, whole);
    x->genes = phenotype_only ? 0 : genes(query, c, x);
    x->score = 1 - (1 - x->phenotype) * (1 - x->genes);
}

sund_code sund_match_two(sund_matcher *m, const sund_case *query, const sund_case *other, sund_likeness *x, sund_err *err)
{
    profile   q = { 0 }, p = { 0 };
    double    whole;
    sund_code rc;

    memset(x, 0, sizeof *x);
    SUND_GO(make_profile(m, query, &q, err));
    SUND_GO(make_profile(m, other, &p, err));
    compare(m, query, &q, other, &p, false, x, &whole);
    rc = explain(m, &q, &p, whole, x, err);
out:
    profile_free(&q);
    profile_free(&p);
    return rc;
}

static bool better(const sund_matcher *m, const sund_likeness *a, const sund_likeness *b)
{
    const sund_case *x = sund_matcher_case(m, a->at), *y = sund_matcher_case(m, b->at);

    return a->score != b->score ? a->score > b->score : strcmp(x->pseudonym, y->pseudonym) < 0;
}

sund_code sund_match_find(sund_matcher *m, const sund_case *query, double min, size_t max, bool phenotype_only, const char *skip, sund_likeness *out, size_t *n, sund_err *err)
{
    profile   q = { 0 };
    double    whole;
    sund_code rc;

    *n = 0;
    if (max == 0)
        return sund_fail(err, SUND_E_ARG, "no match was asked for");
    SUND_GO(make_profile(m, query, &q, err));
    for (size_t i = 0; i < m->n; i++) {
        const sund_case *c = sund_matcher_case(m, i);
        sund_likeness       x = { .at = i };
        size_t           at;

        if (skip && strcmp(skip, c->own) == 0)
            continue;
        compare(m, query, &q, c, &m->p[i], phenotype_only, &x, &whole);
        if (x.score < min || x.score <= 0 || (*n == max && !better(m, &x, &out[*n - 1])))
            continue;
        for (at = *n < max ? (*n)++ : max - 1; at > 0 && better(m, &x, &out[at - 1]); at--)
            out[at] = out[at - 1];
        out[at] = x;
    }
    for (size_t i = 0; i < *n; i++) {
        (void) memset(out[i].against, 0, sizeof out[i].against);
        out[i].n_against = 0;
        (void) phenotype(m, &q, &m->p[out[i].at], &out[i], &whole);
        SUND_GO(explain(m, &q, &m->p[out[i].at], whole, &out[i], err));
    }
out:
    profile_free(&q);
    return rc;
}
