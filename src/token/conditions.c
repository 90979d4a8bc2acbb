#include "token/login_priv.h"

#include <string.h>

const json_t *sund_visa_conditions(const sund_jws *t)
{
    const json_t *c = json_object_get(json_object_get(t->body, "ga4gh_visa_v1"), "conditions");

    return c && !(json_is_array(c) && json_array_size(c) == 0) ? c : NULL;
}

/** '?' is any one byte, '*' any run, the empty one too; linear in the length of s for each '*'. */
static bool matches(const char *p, const char *s, size_t n)
{
    const char *star = NULL;
    size_t      i = 0, back = 0;

    while (i < n) {
        if (*p == '*') {
            star = p++;
            back = i;
        }
        else if (*p && (*p == '?' || *p == s[i])) {
            p++;
            i++;
        }
        else if (star) {
            p = star + 1;
            i = ++back;
        }
        else {
            return false;
        }
    }
    while (*p == '*')
        p++;
    return !*p;
}

static bool split_matches(const char *p, const char *s)
{
    for (;; s++) {
        size_t n = strcspn(s, ";");

        if (matches(p, s, n))
            return true;
        s += n;
        if (!*s)
            return false;
    }
}

/** One of value, source, by; what is not written as one of the three kinds does not hold. */
static bool field_holds(const json_t *want, const char *name, const char *have)
{
    const char *w = json_string_value(want);

    if (!w)
        return false;
    if (strncmp(w, "const:", 6) == 0)
        return strcmp(w + 6, have) == 0;
    if (strncmp(w, "pattern:", 8) == 0)
        return matches(w + 8, have, strlen(have));
    return strcmp(name, "value") == 0 && strncmp(w, "split_pattern:", 14) == 0 && split_matches(w + 14, have);
}

static bool clause_holds_for(const json_t *clause, const sund_visa *v)
{
    const struct {
        const char *name, *have;
    } field[] = { { "value", v->value }, { "source", v->source }, { "by", v->by } };
    const char *type = sund_json_text(clause, "type");
    size_t      n = 0;

    if (!type || strcmp(type, v->type) != 0)
        return false;
    for (size_t i = 0; i < 3; i++) {
        const json_t *want = json_object_get(clause, field[i].name);

        if (want && !field_holds(want, field[i].name, field[i].have))
            return false;
        n += want != NULL;
    }
    return n && json_object_size(clause) == n + 1; /* nothing that is not known here */
}

static bool clause_holds(const json_t *clause, const sund_visa *visa, const bool *ok, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ok[i] && clause_holds_for(clause, &visa[i]))
            return true;
    return false;
}

bool sund_conditions_hold(const json_t *conditions, const sund_visa *visa, const bool *ok, size_t n)
{
    for (size_t i = 0; i < json_array_size(conditions); i++) {
        const json_t *all = json_array_get(conditions, i);
        size_t        n_clause = json_array_size(all), k = 0;

        while (k < n_clause && clause_holds(json_array_get(all, k), visa, ok, n))
            k++;
        if (n_clause && k == n_clause)
            return true;
    }
    return false;
}
