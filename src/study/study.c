#include "study/study.h"

#include "base/ini.h"
#include "people/people.h"
#include "study/analysis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys of every study; the analysis has its own beside them. */
static const char *const known[] = { "study.title",  "study.analysis",   "study.purpose", "study.cohort",    "study.outcome",
                                     "study.covariates", "study.strata", "study.missing", "study.catalogue", "study.region",
                                     "study.nodes",  "study.chunk",      "study.number",  "study.after" };
enum { N_KNOWN = sizeof known / sizeof known[0] };

static sund_code bad(const sund_ini *ini, const char *key, const char *why, sund_err *err)
{
    for (size_t i = 0; i < ini->n_item; i++)
        if (strcmp(ini->item[i].section, "study") == 0 && strcmp(ini->item[i].key, key) == 0)
            return sund_fail(err, SUND_E_FORMAT, "%s:%u: %s: %s", ini->name, ini->item[i].line, key, why);
    for (size_t i = 0; i < ini->n_item; i++)
        if (strcmp(ini->item[i].section, "study") != 0)
            return sund_fail(err, SUND_E_FORMAT, "%s:%u: [%.60s] is no section of a study file, which has [study] alone", ini->name, ini->item[i].line, ini->item[i].section);
    return sund_fail(err, SUND_E_FORMAT, "%s: [study] lacks '%s': %s", ini->name, key, why);
}

/** Copies a value; "" when the key is absent and not needed. */
static sund_code take(const sund_ini *ini, const char *key, bool need, char *out, size_t cap, sund_err *err)
{
    const char *v = sund_ini_get(ini, "study", key);

    if ((!v || !*v) && need)
        return bad(ini, key, "give a value", err);
    if (snprintf(out, cap, "%s", v ? v : "") >= (int) cap)
        return bad(ini, key, "the value is too long", err);
    return SUND_OK;
}

/** Splits "a, b, c" into words of at most cap - 1 bytes at out + i * cap; refuses empty and repeated ones. */
static sund_code words(const sund_ini *ini, const char *key, char *out, size_t cap, size_t max, size_t *n, sund_err *err)
{
    const char *at = sund_ini_get(ini, "study", key);

    *n = 0;
    while (at && *at) {
        size_t len = strcspn(at, ",");
        size_t skip = strspn(at, " ");
        size_t end = len;

        while (end > skip && at[end - 1] == ' ')
            end--;
        if (end <= skip || end - skip >= cap || *n == max)
            return bad(ini, key, "names separated by commas are expected", err);
        memcpy(out + *n * cap, at + skip, end - skip);
        out[*n * cap + end - skip] = 0;
        for (size_t i = 0; i < *n; i++)
            if (strcmp(out + i * cap, out + *n * cap) == 0)
                return bad(ini, key, "a name is there twice", err);
        (*n)++;
        if (at[len] == ',' && !at[len + 1])
            return bad(ini, key, "a name is missing behind the last comma", err);
        at += len + (at[len] == ',');
    }
    return SUND_OK;
}

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

static sund_code choice(const sund_ini *ini, const char *key, const char *no, const char *yes, bool otherwise, bool *out, sund_err *err)
{
    const char *v = sund_ini_get(ini, "study", key);
    char        why[128];

    *out = otherwise;
    if (!v || strcmp(v, otherwise ? yes : no) == 0)
        return SUND_OK;
    *out = !otherwise;
    if (strcmp(v, otherwise ? no : yes) == 0)
        return SUND_OK;
    (void) snprintf(why, sizeof why, "'%s' or '%s' is expected", yes, no);
    return bad(ini, key, why, err);
}

static sund_code parse_where(sund_study *s, const sund_ini *ini, sund_err *err)
{
    const char *v = sund_ini_get(ini, "study", "catalogue");
    int64_t     chunk = 65536, number = 1;

    s->has_catalogue = v != NULL;
    if (v && !sund_unhex(v, s->catalogue.b, sizeof s->catalogue.b))
        return bad(ini, "catalogue", "the 64 hex digits that 'sund catalogue' prints are expected", err);
    v = sund_ini_get(ini, "study", "region");
    s->has_region = v != NULL;
    if (v && sund_region_parse(v, &s->region, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_FORMAT, "%s: region", ini->name);
    v = sund_ini_get(ini, "study", "chunk");
    if (v && !sund_parse_i64(v, 1, 1 << 20, &chunk))
        return bad(ini, "chunk", "a whole number from 1 to 1048576 is expected", err);
    v = sund_ini_get(ini, "study", "number");
    if (v && !sund_parse_i64(v, 1, 1000000, &number))
        return bad(ini, "number", "a whole number from 1 to 1000000 is expected", err);
    v = sund_ini_get(ini, "study", "after");
    s->has_after = v != NULL;
    if (v && !sund_unhex(v, s->after.b, sizeof s->after.b))
        return bad(ini, "after", "the 64 hex digits of the study that this one goes on from are expected", err);
    s->chunk = (uint32_t) chunk;
    return SUND_OK;
}

static bool number_ok(const char *v, double min, double max)
{
    size_t digits = strspn(v + (*v == '-'), "0123456789."), dots = 0;
    double x;

    for (const char *p = v; *p; p++)
        dots += *p == '.';
    if (!digits || digits > 20 || dots > 1 || v[(*v == '-') + digits] || digits == dots)
        return false;
    x = strtod(v, NULL);
    return x >= min && x <= max;
}

static bool word_in(const char *word, const char *list)
{
    size_t len = strlen(word);

    for (const char *at = list; *at; at += strcspn(at, "|"), at += *at == '|')
        if (strcspn(at, "|") == len && memcmp(at, word, len) == 0)
            return true;
    return false;
}

/** Whether a value fits its option; why not, in words. */
static bool option_ok(const sund_option *o, const char *v, char why[256])
{
    int64_t     i;
    sund_digest d;

    why[0] = 0;
    if (o->kind == 'i' && !sund_parse_i64(v, (int64_t) o->min, (int64_t) o->max, &i))
        (void) snprintf(why, 256, "a whole number from %.0f to %.0f is expected", o->min, o->max);
    else if (o->kind == 'f' && !number_ok(v, o->min, o->max))
        (void) snprintf(why, 256, "a number from %g to %g, in plain digits, is expected", o->min, o->max);
    else if (o->kind == 'c' && !word_in(v, o->choices))
        (void) snprintf(why, 256, "one of %.200s is expected", o->choices);
    else if (o->kind == 'd' && !sund_unhex(v, d.b, sizeof d.b))
        (void) snprintf(why, 256, "the 64 hex digits that 'sund publish' prints are expected");
    return !why[0];
}

/** The analysis's own lines, and what holds where they are absent. */
static sund_code parse_options(sund_study *s, const sund_ini *ini, const sund_analysis *a, sund_err *err)
{
    const char *names[N_KNOWN + SUND_OPTION_MAX + 1] = { NULL };
    char        own[SUND_OPTION_MAX][48], why[256];

    memcpy(names, known, sizeof known);
    for (const sund_option *o = a->options; o && o->name; o++, s->n_option++) {
        sund_study_option *x = &s->option[s->n_option];
        const char        *v = sund_ini_get(ini, "study", o->name);

        (void) snprintf(own[s->n_option], sizeof own[0], "study.%s", o->name);
        names[N_KNOWN + s->n_option] = own[s->n_option];
        if (!v && !o->otherwise)
            return bad(ini, o->name, o->help, err);
        x->kind = o->kind;
        x->said = v != NULL;
        (void) snprintf(x->name, sizeof x->name, "%s", o->name);
        if (snprintf(x->value, sizeof x->value, "%s", v ? v : o->otherwise) >= (int) sizeof x->value)
            return bad(ini, o->name, "the value is too long", err);
        if (v && !option_ok(o, v, why))
            return bad(ini, o->name, why, err);
    }
    return sund_ini_known(ini, names, err);
}

static sund_code parse_items(sund_study *s, const sund_ini *ini, sund_err *err)
{
    const sund_analysis *a;
    sund_cohort         *cohort = NULL;
    sund_err             why = { SUND_OK, "" };

    SUND_TRY(take(ini, "title", true, s->title, sizeof s->title, err));
    SUND_TRY(take(ini, "analysis", true, s->analysis, sizeof s->analysis, err));
    if (sund_analysis_find(s->analysis, &a, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_FORMAT, "%s: analysis", ini->name);
    SUND_TRY(parse_options(s, ini, a, err));
    SUND_TRY(take(ini, "purpose", true, s->purpose, sizeof s->purpose, err));
    if (sund_purpose_check(s->purpose, &why) != SUND_OK)
        return bad(ini, "purpose", why.msg, err);
    SUND_TRY(take(ini, "cohort", true, s->cohort, sizeof s->cohort, err));
    SUND_TRY(words(ini, "outcome", s->outcome[0], sizeof s->outcome[0], SUND_OUTCOME_MAX, &s->n_outcome, err));
    SUND_TRY(words(ini, "covariates", s->covariate[0], sizeof s->covariate[0], SUND_COVARIATE_MAX, &s->n_covariate, err));
    SUND_TRY(words(ini, "nodes", s->node[0], sizeof s->node[0], SUND_NODE_MAX, &s->n_node, err));
    SUND_TRY(choice(ini, "strata", "none", "country", a->strata == SUND_STRATA_COUNTRY, &s->strata_country, err));
    if (a->strata == SUND_STRATA_NEVER && s->strata_country)
        return bad(ini, "strata", "this analysis has no strata: remove the line", err);
    SUND_TRY(choice(ini, "missing", "mean", "drop", false, &s->drop_missing, err));
    SUND_TRY(parse_where(s, ini, err));
    if (a->catalogue == SUND_CATALOGUE_NEEDED && !s->has_catalogue)
        return bad(ini, "catalogue", "the 64 hex digits that 'sund catalogue' prints are expected", err);
    if (s->has_region && !s->has_catalogue)
        return bad(ini, "region", "a region is a part of a catalogue, and there is none", err);
    if (a->catalogue == SUND_CATALOGUE_UNUSED && s->has_catalogue)
        return bad(ini, "catalogue", "this analysis asks about no variants: remove the line", err);
    if (!s->n_node)
        return bad(ini, "nodes", "name the nodes that are asked", err);
    for (size_t i = 0; i < s->n_node; i++)
        if (!sund_id_ok(s->node[i]))
            return bad(ini, "nodes", "a node's name has letters, digits, '-' and '_' only", err);
    qsort(s->node, s->n_node, sizeof s->node[0], by_text);
    if (sund_cohort_parse(&cohort, s->cohort, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_FORMAT, "%s: cohort", ini->name);
    sund_cohort_free(cohort);
    return SUND_OK;
}

sund_code sund_study_parse(sund_study *s, const char *name, const void *p, size_t n, sund_err *err)
{
    sund_ini   ini = { 0 };
    sund_study got;
    sund_code  rc;

    if (n > SUND_STUDY_MAX_BYTES)
        return sund_fail(err, SUND_E_LIMIT, "%s: a study file has at most %d bytes", name, SUND_STUDY_MAX_BYTES);
    memset(&got, 0, sizeof got);
    SUND_TRY(sund_ini_parse(&ini, name, p, n, err));
    rc = parse_items(&got, &ini, err);
    sund_ini_free(&ini);
    if (rc == SUND_OK) {
        got.digest = sund_digest_of(p, n);
        *s = got;
    }
    return rc;
}

const char *sund_study_text(const sund_study *s, const char *option)
{
    for (size_t i = 0; i < s->n_option; i++)
        if (strcmp(s->option[i].name, option) == 0)
            return s->option[i].value;
    return "";
}

int64_t sund_study_i64(const sund_study *s, const char *option)
{
    int64_t x = 0;

    return sund_parse_i64(sund_study_text(s, option), INT64_MIN, INT64_MAX, &x) ? x : 0;
}

double sund_study_f64(const sund_study *s, const char *option) { return strtod(sund_study_text(s, option), NULL); }

sund_code sund_study_unread(const sund_study *s, const char *option, const char *when, sund_err *err)
{
    for (size_t i = 0; i < s->n_option; i++)
        if (s->option[i].said && strcmp(s->option[i].name, option) == 0)
            return sund_fail(err, SUND_E_ARG, "%s: nothing reads it %s: remove the line", option, when);
    return SUND_OK;
}

int sund_study_node(const sund_study *s, const char *id)
{
    for (size_t i = 0; i < s->n_node; i++)
        if (strcmp(s->node[i], id) == 0)
            return (int) i;
    return -1;
}
