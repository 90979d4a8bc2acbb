#include "token/login_priv.h"

#include <string.h>

const sund_jval *sund_visa_conditions(const sund_jws *t)
{
    const sund_jval *c = sund_j_get(sund_j_get(t->body, "ga4gh_visa_v1"), "conditions");

    return c && !(sund_j_kind(c) == SUND_J_ARRAY && sund_j_n(c) == 0) ? c : NULL;
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
static bool field_holds(const sund_jval *want, const char *name, const char *have)
{
    const char *w = sund_j_str(want);

    if (!w)
        return false;
    if (strncmp(w, "const:", 6) == 0)
        return strcmp(w + 6, have) == 0;
    if (strncmp(w, "pattern:", 8) == 0)
        return matches(w + 8, have, strlen(have));
    return strcmp(name, "value") == 0 && strncmp(w, "split_pattern:", 14) == 0 && split_matches(w + 14, have);
}

static bool clause_holds_for(const sund_jval *clause, const sund_visa *v)
{
    const struct {
        const char *name, *have;
    } field[] = { { "value", v->value }, { "source", v->source }, { "by", v->by } };
    const char *type = sund_j_text(clause, "type");
    size_t      n = 0;

    if (!type || strcmp(type, v->type) != 0)
        return false;
    for (size_t i = 0; i < 3; i++) {
        const sund_jval *want = sund_j_get(clause, field[i].name);

        if (want && !field_holds(want, field[i].name, field[i].have))
            return false;
        n += want != NULL;
    }
    return n && sund_j_n(clause) == n + 1; /* nothing that is not known here */
}

static bool clause_holds(const sund_jval *clause, const sund_visa *visa, const bool *ok, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ok[i] && clause_holds_for(clause, &visa[i]))
            return true;
    return false;
}

bool sund_conditions_hold(const sund_jval *conditions, const sund_visa *visa, const bool *ok, size_t n)
{
    for (size_t i = 0; i < sund_j_n(conditions); i++) {
        const sund_jval *all = sund_j_at(conditions, i);
        size_t        n_clause = sund_j_n(all), k = 0;

        while (k < n_clause && clause_holds(sund_j_at(all, k), visa, ok, n))
            k++;
        if (n_clause && k == n_clause)
            return true;
    }
    return false;
}
