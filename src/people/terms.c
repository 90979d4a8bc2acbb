#include "people/terms.h"
#include "people/people_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every record is looked at once, people in order; a code's terms above it are found once. */

enum { TERMS_MAX = 1 << 20, ONTOS_MAX = 32 };

typedef struct entry {
    char      code[SUND_CODE_MAX + 1];
    unsigned  kinds;
    uint32_t *up;  /* entries that count whom this one counts, itself first; NULL: it does not occur itself, or was not yet seen */
    size_t    n_up;
    int64_t   n, last; /* people; the last one that was counted */
} entry;

typedef struct counting {
    sund_people     *p;
    entry           *entry;
    size_t           n, cap, n_hash;
    uint32_t        *hash; /* entry + 1 */
    const sund_onto *onto[ONTOS_MAX];
    char             prefix[ONTOS_MAX][17];
    size_t           n_onto;
    sund_person_set  who;
} counting;

static size_t hash_place(const counting *c, const char *code)
{
    uint64_t h = 0xCBF29CE484222325u;
    size_t   at;

    for (const char *s = code; *s; s++)
        h = (h ^ (uint8_t) *s) * 0x100000001B3u;
    for (at = (size_t) (h ^ h >> 29) & (c->n_hash - 1); c->hash[at] && strcmp(c->entry[c->hash[at] - 1].code, code) != 0; at = (at + 1) & (c->n_hash - 1))
        ;
    return at;
}

static sund_code grow(counting *c, sund_err *err)
{
    size_t    cap = c->cap ? 2 * c->cap : 1024;
    entry    *more = cap <= TERMS_MAX ? realloc(c->entry, cap * sizeof *more) : NULL;
    uint32_t *hash = more ? calloc(4 * cap, sizeof *hash) : NULL;

    c->entry = more ? more : c->entry;
    if (!hash)
        return sund_fail(err, cap <= TERMS_MAX ? SUND_E_NOMEM : SUND_E_LIMIT, "more different codes than there is room for: %d", TERMS_MAX);
    free(c->hash);
    c->hash = hash;
    c->n_hash = 4 * cap;
    c->cap = cap;
    for (size_t i = 0; i < c->n; i++)
        c->hash[hash_place(c, c->entry[i].code)] = (uint32_t) i + 1;
    return SUND_OK;
}

static sund_code find(counting *c, const char *code, uint32_t *out, sund_err *err)
{
    size_t at;

    if (c->n == c->cap)
        SUND_TRY(grow(c, err));
    at = hash_place(c, code);
    if (!c->hash[at]) {
        entry e = { .last = -1 };

        (void) snprintf(e.code, sizeof e.code, "%s", code);
        c->entry[c->n++] = e;
        c->hash[at] = (uint32_t) c->n;
    }
    *out = c->hash[at] - 1;
    return SUND_OK;
}

/** The ontology of a code's prefix, held until the end; NULL for none. */
static sund_code onto_of(counting *c, const char *code, const sund_onto **out, sund_err *err)
{
    size_t n = strcspn(code, ":");

    *out = NULL;
    for (size_t i = 0; i < c->n_onto; i++)
        if (strlen(c->prefix[i]) == n && strncmp(c->prefix[i], code, n) == 0) {
            *out = c->onto[i];
            return SUND_OK;
        }
    if (c->n_onto == ONTOS_MAX || n > 16)
        return SUND_OK;
    SUND_TRY(sund_ontos_get(c->p->ontos, code, out, err));
    (void) snprintf(c->prefix[c->n_onto], sizeof c->prefix[0], "%.*s", (int) n, code);
    c->onto[c->n_onto++] = *out;
    return SUND_OK;
}

static sund_code add_up(counting *c, uint32_t of, const char *code, sund_err *err)
{
    uint32_t  up = 0, *more;

    SUND_TRY(find(c, code, &up, err));
    more = realloc(c->entry[of].up, (c->entry[of].n_up + 1) * sizeof *more);
    if (!more)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    c->entry[of].up = more;
    more[c->entry[of].n_up++] = up;
    return SUND_OK;
}

static sund_code add_above(counting *c, uint32_t of, const sund_onto *o, uint32_t t, sund_err *err)
{
    uint64_t *set = calloc(sund_onto_words(o), sizeof *set);
    uint32_t *list = malloc(((size_t) sund_onto_about(o)->n_term + 1) * sizeof *list);
    size_t    n = set && list ? sund_onto_above(o, t, set, list) : 0;
    sund_code rc = set && list ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    for (size_t i = 0; i < n && rc == SUND_OK; i++)
        rc = add_up(c, of, sund_onto_id(o, list[i]), err);
    free(set);
    free(list);
    return rc;
}

/** What counts whom a code counts: an alternate id counts as its term. */
static sund_code find_up(counting *c, uint32_t of, const char *code, sund_err *err)
{
    const sund_onto *o = NULL;
    uint32_t         t;
    char             stem[SUND_CODE_MAX + 1];
    const char      *dot = strchr(code, '.');

    SUND_TRY(onto_of(c, code, &o, err));
    t = o ? sund_onto_find(o, code) : SUND_ONTO_NONE;
    if (t != SUND_ONTO_NONE)
        return add_above(c, of, o, t, err);
    SUND_TRY(add_up(c, of, code, err));
    if (!dot || !sund_code_grows(code))
        return SUND_OK;
    (void) snprintf(stem, sizeof stem, "%.*s", (int) (dot - code), code);
    return add_up(c, of, stem, err);
}

static sund_code count_codes(counting *c, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    size_t     at = 0;
    sund_code  rc;

    SUND_TRY(sund_db_query(c->p->db, &rows, err, "SELECT person, code, kind FROM record INDEXED BY record_person WHERE excluded=0 ORDER BY person", ""));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        int64_t  person = sund_rows_i64(rows, 0), kind = sund_rows_i64(rows, 2);
        uint32_t e = 0;

        while (at < c->who.n && c->who.id[at] < person)
            at++;
        if (at == c->who.n || c->who.id[at] != person)
            continue;
        if ((rc = find(c, sund_rows_text(rows, 1), &e, err)) != SUND_OK)
            break;
        if (!c->entry[e].n_up && (rc = find_up(c, e, sund_rows_text(rows, 1), err)) != SUND_OK)
            break;
        for (size_t i = 0; i < c->entry[e].n_up; i++) {
            entry *u = &c->entry[c->entry[e].up[i]];

            u->n += u->last != person;
            u->last = person;
            u->kinds |= 1u << (kind >= 0 && kind < SUND_RECORD_KINDS ? kind : 0);
        }
    }
    sund_rows_close(rows);
    return rc;
}

static int by_code(const void *a, const void *b, void *entries)
{
    const entry *e = entries;

    return strcmp(e[*(const uint32_t *) a].code, e[*(const uint32_t *) b].code);
}

static sund_code say_codes(counting *c, sund_each_term *each, void *ctx, sund_err *err)
{
    uint32_t *order = malloc((c->n + 1) * sizeof *order);
    sund_code rc = order ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    for (size_t i = 0; order && i < c->n; i++)
        order[i] = (uint32_t) i;
    if (order && c->n)
        qsort_r(order, c->n, sizeof *order, by_code, c->entry);
    for (size_t i = 0; rc == SUND_OK && i < c->n; i++) {
        const entry     *e = &c->entry[order[i]];
        const sund_onto *o = NULL;
        uint32_t         t;

        if (!e->n)
            continue;
        rc = onto_of(c, e->code, &o, err);
        t = o ? sund_onto_find(o, e->code) : SUND_ONTO_NONE;
        if (rc == SUND_OK)
            rc = each(ctx, &(sund_term){ e->code, t == SUND_ONTO_NONE ? "" : sund_onto_name(o, t), e->kinds, NULL, e->n }, err);
    }
    free(order);
    return rc;
}

static sund_code say_variables(const counting *c, sund_each_term *each, void *ctx, sund_err *err)
{
    int64_t  *raw = malloc((c->who.n + 1) * sizeof *raw);
    size_t    n = sund_people_n_var(c->p);
    sund_code rc = raw ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", c->who.n);

    for (size_t i = 0; rc == SUND_OK && i < n; i++) {
        sund_var v;
        int64_t  with = 0;

        rc = sund_people_var_at(c->p, i, &v, err);
        if (rc == SUND_OK)
            rc = sund_people_values(c->p, &v, &c->who, raw, err);
        for (size_t k = 0; rc == SUND_OK && k < c->who.n; k++)
            with += raw[k] != SUND_VALUE_MISSING;
        if (rc == SUND_OK && with)
            rc = each(ctx, &(sund_term){ v.name, v.unit, 0, &v, with }, err);
    }
    free(raw);
    return rc;
}

sund_code sund_people_terms(sund_people *p, const char *purpose, sund_each_term *each, void *ctx, sund_err *err)
{
    counting     c = { .p = p };
    sund_cohort *all = NULL;
    sund_code    rc;

    SUND_TRY(sund_cohort_parse(&all, "all", err));
    SUND_GO(sund_people_select(p, all, purpose, &c.who, err));
    SUND_GO(count_codes(&c, err));
    SUND_GO(say_codes(&c, each, ctx, err));
    rc = say_variables(&c, each, ctx, err);
out:
    for (size_t i = 0; i < c.n; i++)
        free(c.entry[i].up);
    for (size_t i = 0; i < c.n_onto; i++)
        sund_onto_free(c.onto[i]);
    free(c.entry);
    free(c.hash);
    sund_person_set_free(&c.who);
    sund_cohort_free(all);
    return rc;
}
