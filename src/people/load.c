#include "people/people_priv.h"

#include "base/ini.h"
#include "base/tsv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* people.tsv into the database: one transaction. */

typedef struct loading {
    sund_people        *p;
    sund_tsv            t;
    int                 person, sex, country, population, born, consent, withdrawn, codes;
    sund_var           *var;    /* of column k; name "" where the column is not a variable */
    int64_t            *var_id;
    sund_people_report *report;
    char                put[600]; /* statement that enters a person, or updates the columns that the table has */
} loading;

static sund_code bad(const loading *l, size_t row, const char *column, const char *why, sund_err *err)
{
    return sund_fail(err, SUND_E_FORMAT, "%s:%zu: column %s: %s", l->t.name, row + 2, column, why);
}

bool sund_country_ok(const char *s) { return s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' && !s[2]; }

static bool absent(const char *s) { return !s[0] || strcmp(s, "NA") == 0; }

static const char *text_at(const loading *l, size_t row, int col) { return col < 0 || absent(sund_tsv_at(&l->t, row, (size_t) col)) ? "" : sund_tsv_at(&l->t, row, (size_t) col); }

static sund_code find_columns(loading *l, sund_err *err)
{
    const struct { const char *name; int *at; } fixed[] = {
        { "person", &l->person },   { "sex", &l->sex },         { "country", &l->country },     { "population", &l->population },
        { "born", &l->born },       { "consent", &l->consent }, { "withdrawn", &l->withdrawn }, { "codes", &l->codes },
    };

    for (size_t k = 0; k < sizeof fixed / sizeof fixed[0]; k++)
        *fixed[k].at = sund_tsv_column(&l->t, fixed[k].name);
    if (l->person < 0 || l->consent < 0)
        return sund_fail(err, SUND_E_FORMAT, "%s:1: the columns person and consent are needed; consent holds DUO codes such as GRU or HMB, and nobody without one takes part in research", l->t.name);
    l->var = calloc(l->t.n_col, sizeof *l->var);
    l->var_id = calloc(l->t.n_col, sizeof *l->var_id);
    if (!l->var || !l->var_id)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (size_t c = 0; c < l->t.n_col; c++) {
        bool is_fixed = false;

        for (size_t k = 0; k < sizeof fixed / sizeof fixed[0]; k++)
            is_fixed |= *fixed[k].at == (int) c;
        if (is_fixed)
            continue;
        if (sund_people_var(l->p, l->t.column[c], &l->var[c], err) != SUND_OK)
            return sund_fail_in(err, SUND_E_FORMAT, "%s:1: column %.60s", l->t.name, l->t.column[c]);
        SUND_TRY(sund_db_i64(l->p->db, &l->var_id[c], 0, err, "SELECT id FROM variable WHERE name=?", "t", l->var[c].name));
        l->report->n_variable++;
    }
    return SUND_OK;
}

/** Columns that the table does not have stay as they are; who has withdrawn stays so, whatever a later file says. */
static void make_statement(loading *l)
{
    const struct { const char *name; int at; } kept[] = { { "sex", l->sex }, { "country", l->country }, { "population", l->population }, { "born", l->born } };
    size_t n = (size_t) snprintf(l->put, sizeof l->put,
                                 "INSERT INTO person(person, sex, country, population, born, consent, withdrawn) VALUES(?,?,?,?,NULLIF(?,0),?,?)"
                                 " ON CONFLICT(person) DO UPDATE SET consent=excluded.consent, withdrawn=max(withdrawn, excluded.withdrawn)");

    for (size_t k = 0; k < sizeof kept / sizeof kept[0]; k++)
        if (kept[k].at >= 0)
            n += (size_t) snprintf(l->put + n, sizeof l->put - n, ", %s=excluded.%s", kept[k].name, kept[k].name);
}

static sund_code load_person(loading *l, size_t row, int64_t *id, sund_err *err)
{
    const char *person = text_at(l, row, l->person), *sex = text_at(l, row, l->sex), *born = text_at(l, row, l->born), *gone = text_at(l, row, l->withdrawn);
    const char *consent = text_at(l, row, l->consent), *country = text_at(l, row, l->country);
    int64_t     year = 0, was = 0;
    int64_t     sex_code = sex[0] == 'M' ? 1 : sex[0] == 'F' ? 2 : 0;

    if (!person[0] || strlen(person) > 63)
        return bad(l, row, "person", "a name of 1 to 63 bytes is expected", err);
    if (sex[0] && strcmp(sex, "M") != 0 && strcmp(sex, "F") != 0 && strcmp(sex, "U") != 0)
        return bad(l, row, "sex", "M, F, U or NA is expected", err);
    if (country[0] && !sund_country_ok(country))
        return bad(l, row, "country", "its two capital letters are expected, as ISO 3166 has them: ES, not Spain or es", err);
    if (strlen(text_at(l, row, l->population)) > 63)
        return bad(l, row, "population", "too long", err);
    if (born[0] && !sund_parse_i64(born, 1850, 2200, &year))
        return bad(l, row, "born", "a year from 1850 is expected", err);
    if (gone[0] && strcmp(gone, "0") != 0 && strcmp(gone, "1") != 0)
        return bad(l, row, "withdrawn", "0 or 1 is expected", err);
    if (!sund_consent_known(consent))
        return bad(l, row, "consent", "holds a code that the Data Use Ontology does not have", err);
    SUND_TRY(sund_db_i64(l->p->db, &was, 0, err, "SELECT id FROM person WHERE person=?", "t", person));
    SUND_TRY(sund_db_run(l->p->db, err, l->put, "tittiti", person, sex_code, country, text_at(l, row, l->population), year, consent, (int64_t) (gone[0] == '1')));
    if (was == 0) {
        was = sund_db_last_id(l->p->db);
        l->report->n_new++;
    }
    *id = was;
    l->report->n_person++;
    return SUND_OK;
}

static sund_code load_codes(loading *l, size_t row, int64_t id, sund_err *err)
{
    if (l->codes < 0)
        return SUND_OK;
    SUND_TRY(sund_db_run(l->p->db, err, "DELETE FROM record WHERE person=? AND source=?", "ii", id, (int64_t) SUND_SOURCE_TABLE));
    for (const char *at = text_at(l, row, l->codes); *at;) {
        size_t n = strcspn(at, ",");
        char   code[SUND_CODE_MAX + 1];

        if (!sund_onto_code(at, n, code))
            return bad(l, row, "codes", "codes such as ICD10:E11, separated by ',' without spaces, are expected", err);
        SUND_TRY(sund_record_put(l->p, id, SUND_SOURCE_TABLE, &(sund_record){ code, sund_record_kind_by_code(code), false, -1 }, err));
        at += n + (at[n] == ',');
    }
    return SUND_OK;
}

static sund_code load_values(loading *l, size_t row, int64_t id, sund_err *err)
{
    for (size_t c = 0; c < l->t.n_col; c++) {
        const char *s = sund_tsv_at(&l->t, row, c);
        int64_t     raw;

        if (!l->var[c].name[0])
            continue;
        if (absent(s)) {
            l->report->n_missing++;
            SUND_TRY(sund_db_run(l->p->db, err, "DELETE FROM value WHERE variable=? AND person=?", "ii", l->var_id[c], id));
            continue;
        }
        if (!sund_var_value(&l->var[c], s, &raw))
            return bad(l, row, l->t.column[c], l->var[c].codes[0] ? "the value is none of the declared codes" : "the value is not a number within the declared range and decimals", err);
        SUND_TRY(sund_db_run(l->p->db, err, "INSERT INTO value(variable, person, raw) VALUES(?,?,?) ON CONFLICT DO UPDATE SET raw=excluded.raw", "iii", l->var_id[c], id, raw));
        l->report->n_value++;
    }
    return SUND_OK;
}

typedef struct named { const char *name; size_t row; } named;

static int by_name(const void *a, const void *b)
{
    const named *x = a, *y = b;
    int          c = strcmp(x->name, y->name);

    return c ? c : x->row < y->row ? -1 : x->row > y->row;
}

static sund_code check_repeats(const loading *l, sund_err *err)
{
    named *list = calloc(l->t.n_row + 1, sizeof *list);
    size_t first = SIZE_MAX, before = 0;

    if (!list)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (size_t row = 0; row < l->t.n_row; row++)
        list[row] = (named){ sund_tsv_at(&l->t, row, (size_t) l->person), row };
    qsort(list, l->t.n_row, sizeof *list, by_name);
    for (size_t i = 1; i < l->t.n_row; i++)
        if (strcmp(list[i].name, list[i - 1].name) == 0 && list[i].row < first) {
            first = list[i].row;
            before = list[i - 1].row;
        }
    free(list);
    return first == SIZE_MAX ? SUND_OK : sund_fail(err, SUND_E_FORMAT, "%s:%zu: this person is on line %zu already", l->t.name, first + 2, before + 2);
}

static sund_code load(loading *l, const char *people_tsv, const char *dictionary, sund_err *err)
{
    uint64_t declared = 0;
    int64_t  id = 0;

    if (dictionary)
        SUND_TRY(sund_dictionary_import(l->p, dictionary, &declared, err));
    SUND_TRY(sund_tsv_read(&l->t, people_tsv, err));
    SUND_TRY(find_columns(l, err));
    make_statement(l);
    SUND_TRY(check_repeats(l, err));
    for (size_t row = 0; row < l->t.n_row; row++) {
        SUND_TRY(load_person(l, row, &id, err));
        SUND_TRY(load_codes(l, row, id, err));
        SUND_TRY(load_values(l, row, id, err));
    }
    return SUND_OK;
}

sund_code sund_people_dictionary_check(sund_people *p, const char *dictionary, uint64_t *n, sund_err *err)
{
    sund_code rc;

    SUND_TRY(sund_db_script(p->db, "BEGIN IMMEDIATE", err));
    rc = sund_dictionary_import(p, dictionary, n, err);
    if (rc == SUND_OK)
        return sund_db_script(p->db, "ROLLBACK", err);
    (void) !sund_db_script(p->db, "ROLLBACK", NULL); /* the first error is the one to tell */
    return rc;
}

sund_code sund_people_import(sund_people *p, const char *people_tsv, const char *dictionary, sund_people_report *out, sund_err *err)
{
    sund_people_report report = { 0 };
    loading            l = { .p = p, .report = &report };
    sund_code          rc;

    SUND_TRY(sund_people_part(p, err));
    rc = sund_people_part_end(p, load(&l, people_tsv, dictionary, err), err);
    sund_tsv_free(&l.t);
    free(l.var);
    free(l.var_id);
    if (rc == SUND_OK)
        *out = report;
    return rc;
}
