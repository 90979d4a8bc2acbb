#include "people/cohort_priv.h"
#include "people/people_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `has`: who has a record of a code, or of what is below it. Codes are looked for among those that occur here, which are few, whatever the number of people. */

static bool below_by_letters(const char *code, const char *of)
{
    size_t n = strlen(of);

    return strncmp(code, of, n) == 0 && (code[n] == 0 || code[n] == '.' || sund_code_grows(of));
}

typedef struct asked {
    sund_people       *p;
    const cohort_node *n;
    const sund_onto   *onto;  /* of the code's prefix, where the code is a term of it */
    uint32_t           term;
    uint64_t          *below; /* terms that are taken: the code's and those below; NULL where exactly it is asked for */
    sund_each_person  *each;
    void              *ctx;
} asked;

static bool wanted(const asked *a, const char *code)
{
    uint32_t t = a->onto ? sund_onto_find(a->onto, code) : SUND_ONTO_NONE;

    if (t != SUND_ONTO_NONE && (a->below ? a->below[t / 64] >> (t % 64) & 1 : t == a->term))
        return true;
    if (a->n->exactly || (a->onto && !sund_code_grows(a->n->name)))
        return strcmp(code, a->n->name) == 0;
    return below_by_letters(code, a->n->name);
}

/** Ages in months; as a question's whole years. */
static bool onset_holds(const cohort_node *n, int64_t months)
{
    return !n->by_onset || (months >= 0 && sund_compare_holds(n->op, months / 12, n->years));
}

/** Closes the rows too. */
static sund_code give(const asked *a, sund_rows *rows, sund_err *err)
{
    bool      more = false;
    sund_code rc;

    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more)
        if (onset_holds(a->n, sund_rows_i64(rows, 1)))
            a->each(a->ctx, sund_rows_i64(rows, 0));
    sund_rows_close(rows);
    return rc;
}

static sund_code people_of(const asked *a, const char *code, sund_err *err)
{
    sund_rows *rows = NULL;

    SUND_TRY(sund_db_query(a->p->db, &rows, err, "SELECT person, onset FROM record WHERE code=?1 AND excluded=0 AND (?2=0 OR kind=?2)", "ti", code, (int64_t) a->n->record));
    return give(a, rows, err);
}

/** The codes that occur between two texts, each looked up behind the one before: as many steps as there are codes, not records. */
static const char *const codes_sql = "WITH RECURSIVE d(c) AS (SELECT min(code) FROM record WHERE code >= ?1 AND code < ?2 UNION ALL"
                                     " SELECT (SELECT min(code) FROM record WHERE code > d.c AND code < ?2) FROM d WHERE d.c IS NOT NULL) SELECT c FROM d WHERE c IS NOT NULL";

static sund_code each_code(const asked *a, const char *from, const char *to, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(a->p->db, &rows, err, codes_sql, "tt", from, to));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        char code[SUND_CODE_MAX + 8];

        (void) snprintf(code, sizeof code, "%s", sund_rows_text(rows, 0));
        if (wanted(a, code) && (rc = people_of(a, code, err)) != SUND_OK)
            break;
    }
    sund_rows_close(rows);
    return rc;
}

static sund_code by_code(asked *a, sund_err *err)
{
    const sund_onto *onto = NULL;
    char             from[SUND_CODE_MAX + 2], to[SUND_CODE_MAX + 2];
    size_t           n = strcspn(a->n->name, ":");
    sund_code        rc;

    SUND_TRY(sund_ontos_get(a->p->ontos, a->n->name, &onto, err));
    a->term = onto ? sund_onto_find(onto, a->n->name) : SUND_ONTO_NONE;
    a->onto = a->term == SUND_ONTO_NONE ? NULL : onto;
    rc = a->onto && !a->n->exactly ? sund_onto_set(onto, a->term, true, &a->below, err) : SUND_OK;
    /* an ontology may lead to any code of the prefix; without one all codes begin as the one that is asked for */
    (void) snprintf(from, sizeof from, "%.*s", (int) (a->onto ? n + 1 : strlen(a->n->name)), a->n->name);
    (void) snprintf(to, sizeof to, "%s", from);
    to[strlen(to) - 1]++;
    if (rc == SUND_OK)
        rc = each_code(a, from, to, err);
    free(a->below);
    sund_onto_free(onto);
    return rc;
}

static sund_code any_of_kind(const asked *a, sund_err *err)
{
    sund_rows *rows = NULL;

    SUND_TRY(sund_db_query(a->p->db, &rows, err, "SELECT person, onset FROM record WHERE kind=? AND excluded=0", "i", (int64_t) a->n->record));
    return give(a, rows, err);
}

sund_code sund_who_has(sund_people *p, const cohort_node *n, sund_each_person *each, void *ctx, sund_err *err)
{
    asked a = { .p = p, .n = n, .each = each, .ctx = ctx };

    return n->name[0] ? by_code(&a, err) : any_of_kind(&a, err);
}

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

sund_code sund_people_ontologies(sund_people *p, const sund_cohort *c, const char *purpose, sund_buf *out, sund_err *err)
{
    char      (*prefix)[17] = calloc(c->n_node + 1, sizeof *prefix);
    const char *disease = strchr(purpose, '=');
    size_t      n = 0;
    sund_code   rc = prefix ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    for (size_t i = 1; prefix && i < c->n_node; i++)
        if (c->node[i].kind == NODE_HAS && c->node[i].name[0] && strcspn(c->node[i].name, ":") < sizeof *prefix)
            (void) snprintf(prefix[n++], sizeof *prefix, "%.*s", (int) strcspn(c->node[i].name, ":"), c->node[i].name);
    if (prefix && disease && strcspn(disease + 1, ":") < sizeof *prefix)
        (void) snprintf(prefix[n++], sizeof *prefix, "%.*s", (int) strcspn(disease + 1, ":"), disease + 1);
    if (n)
        qsort(prefix, n, sizeof *prefix, by_name);
    for (size_t i = 0; i < n && rc == SUND_OK; i++) {
        const sund_onto *o = NULL;

        if (i && strcmp(prefix[i], prefix[i - 1]) == 0)
            continue;
        rc = sund_ontos_get(p->ontos, prefix[i], &o, err);
        if (rc == SUND_OK && o)
            sund_buf_printf(out, "ontology\t%s\t%s\t%.32s\n", prefix[i], sund_onto_about(o)->version, sund_digest_hex(&sund_onto_about(o)->digest).s);
        sund_onto_free(o);
    }
    free(prefix);
    return rc == SUND_OK ? sund_buf_ok(out, err) : rc;
}
