#include "people/cohort_priv.h"
#include "people/people_priv.h"

#include "base/ini.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A cohort over everyone: each term is a set of people from one query, joined by set algebra. Somebody without a value is in no comparison's
 * set, whatever the comparison says: neither in `age < 40` nor in `age != 40`, but in `not age < 40`. */

typedef struct row { int64_t id, sex, born; bool has_born, withdrawn, allowed; char name[64], country[32], population[64]; } row;

typedef struct world {
    sund_people *p;
    row         *row; /* by id */
    size_t       n, n_word;
} world;

static void copy_text(char *to, size_t cap, const char *s)
{
    size_t n = strnlen(s, cap - 1);

    memcpy(to, s, n);
    to[n] = 0;
}

static sund_code load_world(world *w, const char *purpose, sund_err *err)
{
    sund_consent_by by;
    sund_rows      *rows = NULL;
    bool            more = false, allowed = false;
    char            last[64] = "";
    const char     *codes;
    int64_t         n = 0;
    sund_code       rc = sund_consent_by_make(&by, w->p->ontos, purpose, err);

    SUND_GO(rc);
    SUND_GO(sund_db_i64(w->p->db, &n, 0, err, "SELECT COUNT(*) FROM person", ""));
    w->row = calloc((size_t) n + 1, sizeof *w->row);
    if (!w->row) {
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory for %lld people", (long long) n);
        goto out;
    }
    SUND_GO(sund_db_query(w->p->db, &rows, err, "SELECT id, person, sex, country, population, born, consent, withdrawn AND NOT EXISTS(SELECT 1 FROM withdrawal w WHERE w.person=p.id AND w.time > ?1 AND ?1 <> '')"
                           " FROM person p ORDER BY id", "t", w->p->as_of));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more && (int64_t) w->n < n) {
        row *r = &w->row[w->n++];

        r->id = sund_rows_i64(rows, 0);
        copy_text(r->name, sizeof r->name, sund_rows_text(rows, 1));
        r->sex = sund_rows_i64(rows, 2);
        copy_text(r->country, sizeof r->country, sund_rows_text(rows, 3));
        copy_text(r->population, sizeof r->population, sund_rows_text(rows, 4));
        r->has_born = !sund_rows_null(rows, 5);
        r->born = sund_rows_i64(rows, 5);
        codes = sund_rows_text(rows, 6);
        if (w->n == 1 || strcmp(last, codes) != 0) { /* many people have the codes of the one before */
            allowed = sund_consent_allows_by(codes, purpose, &by);
            copy_text(last, sizeof last, strlen(codes) < sizeof last ? codes : "too long to be kept");
        }
        r->allowed = allowed;
        r->withdrawn = sund_rows_i64(rows, 7) != 0;
    }
    w->n_word = w->n / 64 + 1;
out:
    sund_rows_close(rows);
    sund_consent_by_free(&by);
    return rc;
}

static size_t place(const world *w, int64_t id)
{
    size_t lo = 0, hi = w->n, guess = w->n && id >= w->row[0].id ? (size_t) (id - w->row[0].id) : SIZE_MAX;

    if (guess < w->n && w->row[guess].id == id) /* ids follow each other, most often */
        return guess;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (w->row[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < w->n && w->row[lo].id == id ? lo : SIZE_MAX;
}

static void put(uint64_t *set, size_t i) { set[i / 64] |= 1ULL << (i % 64); }

bool sund_compare_holds(compare_op op, int64_t a, int64_t b)
{
    switch (op) {
    case OP_EQ: return a == b;
    case OP_NE: return a != b;
    case OP_LT: return a < b;
    case OP_LE: return a <= b;
    case OP_GT: return a > b;
    case OP_GE:
    default: return a >= b;
    }
}

static sund_code order_on_words(const cohort_node *n, sund_err *err)
{
    if (n->kind == NODE_COMPARE && n->op != OP_EQ && n->op != OP_NE)
        return sund_fail(err, SUND_E_ARG, "cohort: %s has words, not numbers: =, != and in are for it", n->name);
    return SUND_OK;
}

/** country and population: words as they are. */
static sund_code by_word(const world *w, const cohort_node *n, uint64_t *set, sund_err *err)
{
    bool country = strcmp(n->name, "country") == 0;

    SUND_TRY(order_on_words(n, err));
    for (size_t v = 0; v < n->n_value && country; v++)
        if (!sund_country_ok(n->value[v]))
            return sund_fail(err, SUND_E_ARG, "cohort: country %.40s: countries are two capital letters, as ISO 3166 has them: ES, not Spain or es", n->value[v]);
    for (size_t i = 0; i < w->n; i++) {
        const char *have = country ? w->row[i].country : w->row[i].population;
        bool        hit = n->kind == NODE_KNOWN;

        for (size_t v = 0; v < n->n_value; v++)
            hit |= strcmp(have, n->value[v]) == 0;
        if (have[0] && hit == !(n->kind == NODE_COMPARE && n->op == OP_NE))
            put(set, i);
    }
    return SUND_OK;
}

static sund_code parse_values(const cohort_node *n, const sund_var *v, int64_t *raw, sund_err *err)
{
    bool words = v->type == SUND_VAR_BINARY || v->type == SUND_VAR_CATEGORY;

    if (words)
        SUND_TRY(order_on_words(n, err));
    for (size_t k = 0; k < n->n_value; k++) {
        sund_var wide = *v;

        wide.min = INT64_MIN;
        wide.max = INT64_MAX;
        if (!sund_var_value(&wide, n->value[k], &raw[k]))
            return sund_fail(err, SUND_E_ARG, "cohort: '%s' is no value of %s: %s%.200s", n->value[k], n->name, words ? "it has the codes " : "a number with at most the declared decimals is expected",
                             words ? v->codes : "");
    }
    return SUND_OK;
}

static bool matches(const cohort_node *n, int64_t have, const int64_t *raw)
{
    if (n->kind == NODE_KNOWN)
        return true;
    if (n->kind == NODE_COMPARE)
        return sund_compare_holds(n->op, have, raw[0]);
    for (size_t k = 0; k < n->n_value; k++)
        if (have == raw[k])
            return true;
    return false;
}

static sund_code by_variable(const world *w, const cohort_node *n, uint64_t *set, sund_err *err)
{
    static const sund_var born = { .name = "born", .type = SUND_VAR_INTEGER };
    sund_var              v;
    sund_rows            *rows = NULL;
    int64_t               raw[COHORT_VALUES_MAX];
    bool                  more = false, is_born = strcmp(n->name, "born") == 0, is_sex = strcmp(n->name, "sex") == 0;
    sund_code             rc;

    if (is_born)
        v = born;
    else
        SUND_TRY(sund_people_var(w->p, n->name, &v, err));
    if (n->kind != NODE_KNOWN)
        SUND_TRY(parse_values(n, &v, raw, err));
    if (is_born || is_sex) {
        for (size_t i = 0; i < w->n; i++)
            if ((is_born ? w->row[i].has_born : w->row[i].sex != 0) && matches(n, is_born ? w->row[i].born : w->row[i].sex - 1, raw))
                put(set, i);
        return SUND_OK;
    }
    SUND_TRY(sund_db_query(w->p->db, &rows, err, "SELECT person, raw FROM value WHERE variable=(SELECT id FROM variable WHERE name=?)", "t", n->name));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        size_t at = place(w, sund_rows_i64(rows, 0));

        if (at != SIZE_MAX && matches(n, sund_rows_i64(rows, 1), raw))
            put(set, at);
    }
    sund_rows_close(rows);
    return rc;
}

typedef struct having { const world *w; uint64_t *set; } having;

static void take_person(void *ctx, int64_t id)
{
    having *h = ctx;
    size_t  at = place(h->w, id);

    if (at != SIZE_MAX)
        put(h->set, at);
}

static sund_code evaluate(const world *w, const sund_cohort *c, size_t at, uint64_t *set, sund_err *err);

static sund_code evaluate_chain(const world *w, const sund_cohort *c, const cohort_node *n, uint64_t *set, sund_err *err)
{
    uint64_t *part = malloc(w->n_word * 8);
    sund_code rc = part ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    memset(set, n->kind == NODE_AND ? 0xFF : 0, w->n_word * 8);
    for (size_t k = n->child; k && rc == SUND_OK; k = c->node[k].next) {
        rc = evaluate(w, c, c->node[k].child, part, err);
        for (size_t i = 0; i < w->n_word; i++)
            set[i] = n->kind == NODE_AND ? set[i] & part[i] : set[i] | part[i];
    }
    free(part);
    return rc;
}

static sund_code evaluate(const world *w, const sund_cohort *c, size_t at, uint64_t *set, sund_err *err)
{
    const cohort_node *n = &c->node[at];

    if (n->kind == NODE_AND || n->kind == NODE_OR)
        return evaluate_chain(w, c, n, set, err);
    if (n->kind == NODE_NOT) {
        SUND_TRY(evaluate(w, c, n->child, set, err));
        for (size_t i = 0; i < w->n_word; i++)
            set[i] = ~set[i];
        return SUND_OK;
    }
    memset(set, n->kind == NODE_ALL ? 0xFF : 0, w->n_word * 8);
    if (n->kind == NODE_HAS)
        return sund_who_has(w->p, n, take_person, &(having){ w, set }, err);
    if (n->kind == NODE_WITHDRAWN) {
        for (size_t i = 0; i < w->n; i++)
            if (w->row[i].withdrawn)
                put(set, i);
        return SUND_OK;
    }
    if (n->kind == NODE_ALL)
        return SUND_OK;
    if (strcmp(n->name, "country") == 0 || strcmp(n->name, "population") == 0)
        return by_word(w, n, set, err);
    return by_variable(w, n, set, err);
}

/** Everybody; those of the set who may take part; whom the purpose alone keeps out; or who withdrew. */
typedef enum part { EVERYBODY, MAY_TAKE_PART, KEPT_OUT, WITHDRAWN } part;

static bool wanted(part whom, const row *r, bool in_set)
{
    if (whom == EVERYBODY || whom == WITHDRAWN)
        return whom == EVERYBODY || r->withdrawn;
    return !r->withdrawn && (whom == KEPT_OUT ? !r->allowed : r->allowed && in_set);
}

static sund_code fill_set(const world *w, part whom, const uint64_t *set, sund_person_set *out, sund_err *err)
{
    sund_person_set s = { 0, calloc(w->n + 1, sizeof *s.id), calloc(w->n + 1, sizeof *s.name), calloc(w->n + 1, sizeof *s.country), calloc(w->n + 1, 1) };

    if (!s.id || !s.name || !s.country || !s.sex) {
        sund_person_set_free(&s);
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", w->n);
    }
    for (size_t i = 0; i < w->n; i++) {
        const row *r = &w->row[i];

        if (!wanted(whom, r, set && (set[i / 64] >> (i % 64) & 1)))
            continue;
        s.id[s.n] = r->id;
        memcpy(s.name[s.n], r->name, sizeof r->name);
        memcpy(s.country[s.n], r->country, sizeof r->country);
        s.sex[s.n++] = (uint8_t) r->sex;
    }
    *out = s;
    return SUND_OK;
}

sund_code sund_people_select(sund_people *p, const sund_cohort *c, const char *purpose, sund_person_set *out, sund_err *err)
{
    world     w = { .p = p };
    uint64_t *set = NULL;
    sund_code rc;

    SUND_TRY(sund_purpose_check(purpose, err));
    rc = load_world(&w, purpose, err);
    if (rc == SUND_OK) {
        set = calloc(w.n_word, 8);
        rc = set ? evaluate(&w, c, c->root, set, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");
    }
    if (rc == SUND_OK)
        rc = fill_set(&w, MAY_TAKE_PART, set, out, err);
    free(set);
    free(w.row);
    return rc;
}

static sund_code without_cohort(sund_people *p, const char *purpose, part whom, sund_person_set *out, sund_err *err)
{
    world     w = { .p = p };
    sund_code rc = load_world(&w, purpose, err);

    if (rc == SUND_OK)
        rc = fill_set(&w, whom, NULL, out, err);
    free(w.row);
    return rc;
}

sund_code sund_people_everybody(sund_people *p, sund_person_set *out, sund_err *err) { return without_cohort(p, "", EVERYBODY, out, err); }
sund_code sund_people_kept_out(sund_people *p, const char *purpose, sund_person_set *out, sund_err *err) { return without_cohort(p, purpose, KEPT_OUT, out, err); }

sund_code sund_people_withdrawn(sund_people *p, sund_person_set *out, sund_err *err) { return without_cohort(p, "", WITHDRAWN, out, err); }

void sund_person_set_free(sund_person_set *s)
{
    free(s->id);
    free(s->name);
    free(s->country);
    free(s->sex);
    memset(s, 0, sizeof *s);
}

sund_code sund_people_values(sund_people *p, const sund_var *v, const sund_person_set *set, int64_t *out, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    size_t     at = 0;
    sund_code  rc;

    for (size_t i = 0; i < set->n; i++)
        out[i] = strcmp(v->name, "sex") == 0 && set->sex[i] ? set->sex[i] - 1 : SUND_VALUE_MISSING;
    if (strcmp(v->name, "sex") == 0)
        return SUND_OK;
    SUND_TRY(sund_db_query(p->db, &rows, err, "SELECT person, raw FROM value WHERE variable=(SELECT id FROM variable WHERE name=?) ORDER BY person", "t", v->name));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) { /* both are in ascending order of id */
        int64_t id = sund_rows_i64(rows, 0);

        while (at < set->n && set->id[at] < id)
            at++;
        if (at < set->n && set->id[at] == id)
            out[at] = sund_rows_i64(rows, 1);
    }
    sund_rows_close(rows);
    return rc;
}
