#include "study/party_priv.h"

#include "gate/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A study in the words that the gate's memory of answers compares. The same people may be asked of in two spellings; what nobody here is told apart by - a
 * variable that everybody has, a purpose that everybody allows - is left out of them, so that studies of a whole cohort stay comparable. */

/** Whether the store has genotypes of any of them. */
static sund_code any_genotyped(const sund_party *p, const sund_person_set *set, bool *any, sund_err *err)
{
    uint32_t *col = calloc(set->n + 1, sizeof *col);
    sund_code rc = col ? sund_store_columns(p->node->store, (const char (*)[64]) set->name, set->n, col, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", set->n);

    *any = false;
    for (size_t i = 0; rc == SUND_OK && i < set->n && !*any; i++)
        *any = col[i] != UINT32_MAX;
    free(col);
    return rc;
}

/** Whether any genotyped person who may take part lacks a value. */
static sund_code anybody_lacks(const sund_party *p, const char *variable, bool *any, sund_err *err)
{
    sund_person_set set = { 0 };
    sund_cohort    *lacking = NULL;
    char            text[80];
    sund_code       rc;

    (void) snprintf(text, sizeof text, "not known %.64s", variable);
    SUND_TRY(sund_cohort_parse(&lacking, text, err));
    rc = sund_people_select(p->node->people, lacking, p->study.purpose, &set, err);
    sund_cohort_free(lacking);
    if (rc == SUND_OK)
        rc = any_genotyped(p, &set, any, err);
    sund_person_set_free(&set);
    return rc;
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *) a, *(const char *const *) b); }

/** ", with NAME" for every variable of the study that tells people apart beyond the cohort's own words. */
static sund_code name_variables(const sund_party *p, const sund_cohort *cohort, sund_buf *out, sund_err *err)
{
    const sund_columns_plan *plan = &p->view->plan;
    const char              *name[SUND_COLUMN_MAX];
    size_t                   n = 0;

    for (size_t k = 0; k < plan->n; k++)
        name[n++] = plan->col[k].var.name;
    if (n)
        qsort(name, n, sizeof *name, by_text);
    for (size_t k = 0; k < n; k++) {
        bool any = false;

        if ((k && strcmp(name[k], name[k - 1]) == 0) || sund_cohort_knows(cohort, name[k]))
            continue;
        SUND_TRY(anybody_lacks(p, name[k], &any, err));
        if (any)
            sund_buf_printf(out, ", with %s", name[k]);
    }
    return SUND_OK;
}

static sund_code define(const sund_party *p, sund_buf *out, sund_err *err)
{
    sund_cohort    *cohort = NULL;
    sund_person_set kept_out = { 0 };
    bool            any = false;
    sund_code       rc;

    SUND_TRY(sund_cohort_parse(&cohort, p->study.cohort, err));
    sund_cohort_print(cohort, out);
    SUND_GO(name_variables(p, cohort, out, err));
    SUND_GO(sund_people_kept_out(p->node->people, p->study.purpose, &kept_out, err));
    SUND_GO(any_genotyped(p, &kept_out, &any, err));
    if (any)
        sund_buf_printf(out, ", for %s", p->study.purpose);
    if (p->view->left_out)
        sund_buf_text(out, ", by country");
out:
    sund_person_set_free(&kept_out);
    sund_cohort_free(cohort);
    return rc;
}

/** Analysis and variables: an answer about another stretch of the genome, or with another option, is an answer about the same people's same values. */
static void put_question(const sund_study *s, sund_buf *out)
{
    const char *name[SUND_COVARIATE_MAX];

    for (size_t k = 0; k < s->n_covariate; k++)
        name[k] = s->covariate[k];
    if (s->n_covariate)
        qsort(name, s->n_covariate, sizeof *name, by_text);
    sund_buf_text(out, s->analysis);
    for (size_t k = 0; k < s->n_outcome; k++)
        sund_buf_printf(out, " %s", s->outcome[k]);
    sund_buf_text(out, " ~");
    for (size_t k = 0; k < s->n_covariate; k++)
        sund_buf_printf(out, " %s", name[k]);
}

sund_code sund_party_ask(const sund_party *p, sund_err *err)
{
    const sund_thresholds *t = &p->own;
    const sund_analysis   *a;
    sund_asking            q = { .study = p->name, .release = sund_store_describe(p->node->store)->manifest, .set = p->view->who, .n_word = p->view->n_who, .lifted = p->lifted };
    sund_buf               definition = { 0 }, question = { 0 }, nodes = { 0 };
    sund_digest            after[SUND_NODE_MAX], *barred = NULL;
    sund_code              rc;

    SUND_TRY(sund_study_afters(p->node->db, p->node->roster, &p->study, after, &q.n_after, err));
    if (t->open)
        return SUND_OK;
    q.after = after;
    SUND_GO(sund_leaving_barred(p->node->db, p->node->me->id, &barred, &q.n_barred, err));
    q.barred = barred;
    SUND_GO(sund_analysis_find(p->study.analysis, &a, err));
    SUND_GO(define(p, &definition, err));
    put_question(&p->study, &question);
    for (size_t i = 0; i < p->study.n_node; i++)
        sund_buf_printf(&nodes, "%s%s", i ? ", " : "", p->study.node[i]);
    sund_buf_nul(&definition);
    sund_buf_nul(&question);
    sund_buf_nul(&nodes);
    SUND_GO(sund_buf_ok(&definition, err));
    SUND_GO(sund_buf_ok(&question, err));
    SUND_GO(sund_buf_ok(&nodes, err));
    q.definition = (const char *) definition.p;
    q.question = (const char *) question.p;
    q.nodes = (const char *) nodes.p;
    q.n_column = a->columns ? a->columns(&p->study) : 0;
    rc = sund_memory_ask(p->node->db, t, &q, err);
out:
    free(barred);
    sund_buf_free(&definition);
    sund_buf_free(&question);
    sund_buf_free(&nodes);
    return rc;
}

sund_code sund_party_would_ask(const sund_party_node *node, const sund_study *s, sund_view *v, sund_err *err)
{
    sund_party *p = calloc(1, sizeof *p);
    sund_code   rc;

    if (!p)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    p->node = node;
    p->name = s->digest;
    p->study = *s;
    p->view = v;
    p->own = *sund_gate_thresholds(node->gate);
    rc = sund_db_part(node->db, err);
    if (rc == SUND_OK)
        rc = sund_db_part_end(node->db, false, sund_party_ask(p, err), err);
    free(p);
    return rc;
}
