#include "study/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double power_of_ten(int k) { return k == 0 ? 1.0 : 10.0 * power_of_ten(k - 1); }

static sund_code add_column(sund_columns_plan *plan, const sund_var *v, int64_t level, const char *level_name, sund_err *err)
{
    sund_column *c = &plan->col[plan->n];
    int64_t      mid = v->min + (v->max - v->min) / 2;
    int64_t      reach = mid - v->min > v->max - mid ? mid - v->min : v->max - mid;

    if (plan->n == SUND_COLUMN_MAX)
        return sund_fail(err, SUND_E_LIMIT, "the model has more than %d columns", SUND_COLUMN_MAX);
    memset(c, 0, sizeof *c);
    c->var = *v;
    c->level = level;
    c->binary = level >= 0 || v->type == SUND_VAR_BINARY;
    if (level >= 0)
        (void) snprintf(c->name, sizeof c->name, "%s=%.64s", v->name, level_name);
    else
        (void) snprintf(c->name, sizeof c->name, "%s", v->name);
    c->mid = c->binary || v->type == SUND_VAR_CATEGORY ? 0 : mid;
    c->unit = c->binary ? 1.0 : 1.0 / power_of_ten(v->decimals);
    c->max_abs = c->binary ? 1 : (uint64_t) (c->mid == 0 && v->max > reach ? v->max : reach);
    if (c->max_abs > 2139062143) /* four balanced bytes */
        return sund_fail(err, SUND_E_LIMIT, "variable %s: its declared range has more than 9 significant digits", v->name);
    plan->n++;
    return SUND_OK;
}

typedef enum use { COVARIATE, OUTCOME, ROLE } use;

/** A number is one column, a category of m codes m - 1 indicators. */
static sund_code add_variable(sund_columns_plan *plan, sund_people *people, const char *name, use how, sund_buf *vars, sund_err *err)
{
    sund_var    v;
    const char *at;
    int64_t     level = 0;

    SUND_TRY(sund_people_var(people, name, &v, err));
    if (vars)
        sund_var_print(&v, vars);
    if (v.type != SUND_VAR_CATEGORY || how == ROLE)
        return add_column(plan, &v, -1, "", err);
    if (how == OUTCOME)
        return sund_fail(err, SUND_E_ARG, "the outcome %s is a category; a number or a binary variable is needed", name);
    for (at = v.codes; *at; level++) {
        char   code[65];
        size_t n = strcspn(at, "|");

        (void) snprintf(code, sizeof code, "%.*s", (int) (n < 64 ? n : 64), at);
        if (level > 0)
            SUND_TRY(add_column(plan, &v, level, code, err));
        at += n + (at[n] == '|');
    }
    return SUND_OK;
}

/** By which ontologies cohort and purpose take people: at all nodes by the same. */
static sund_code add_ontologies(sund_people *people, const sund_study *s, sund_buf *vars, sund_err *err)
{
    sund_cohort *c = NULL;
    sund_code    rc = sund_cohort_parse(&c, s->cohort, err);

    if (rc == SUND_OK)
        rc = sund_people_ontologies(people, c, s->purpose, vars, err);
    sund_cohort_free(c);
    return rc;
}

sund_code sund_columns_make(sund_columns_plan *plan, sund_people *people, const sund_study *s, sund_buf *vars, sund_err *err)
{
    memset(plan, 0, sizeof *plan);
    for (size_t k = 0; k < s->n_covariate; k++)
        SUND_TRY(add_variable(plan, people, s->covariate[k], COVARIATE, vars, err));
    plan->n_covariate = plan->n;
    for (size_t k = 0; k < s->n_outcome; k++)
        SUND_TRY(add_variable(plan, people, s->outcome[k], OUTCOME, vars, err));
    plan->n_outcome = s->n_outcome;
    for (size_t k = 0; k < s->n_option; k++) {
        const sund_study_option *o = &s->option[k];

        if (o->kind != 'v' || !o->value[0])
            continue;
        SUND_TRY(add_variable(plan, people, o->value, ROLE, vars, err));
        memcpy(plan->role[plan->n_role++], o->name, sizeof o->name);
    }
    return vars ? add_ontologies(people, s, vars, err) : SUND_OK;
}

size_t sund_columns_role(const sund_columns_plan *plan, const char *option)
{
    for (size_t k = 0; k < plan->n_role; k++)
        if (strcmp(plan->role[k], option) == 0)
            return plan->n - plan->n_role + k;
    return plan->n;
}
