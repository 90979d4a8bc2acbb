#include "people/people_priv.h"

#include "base/ini.h"
#include "base/tsv.h"

#include <stdio.h>
#include <string.h>

static const char *const type_name[] = { "integer", "real", "binary", "category" };
static const char *const reserved[] = { "person", "sex", "country", "population", "born", "consent", "withdrawn", "codes", "all", "not", "and", "or", "in", "has" };

bool sund_decimal_parse(const char *s, int decimals, int64_t *out)
{
    bool    minus = *s == '-';
    int64_t v = 0;
    int     digits = 0, places = -1;

    for (s += minus; *s; s++) {
        if (*s == '.' && places < 0 && digits > 0) {
            places = 0;
            continue;
        }
        if (*s < '0' || *s > '9' || ++digits > 12)
            return false;
        v = v * 10 + (*s - '0');
        places += places >= 0;
    }
    if (digits == 0 || places == 0 || places > decimals)
        return false;
    for (int k = places < 0 ? 0 : places; k < decimals; k++)
        v *= 10;
    *out = minus ? -v : v;
    return true;
}

bool sund_var_value(const sund_var *v, const char *s, int64_t *raw)
{
    int64_t level = 0;

    if (v->type == SUND_VAR_INTEGER || v->type == SUND_VAR_REAL)
        return sund_decimal_parse(s, v->decimals, raw) && *raw >= v->min && *raw <= v->max;
    for (const char *at = v->codes; *at; level++) {
        size_t n = strcspn(at, "|");

        if (strlen(s) == n && strncmp(s, at, n) == 0) {
            *raw = level;
            return true;
        }
        at += n + (at[n] == '|');
    }
    return false;
}

static sund_code bad(const sund_tsv *t, size_t row, const char *column, const char *why, sund_err *err)
{
    return sund_fail(err, SUND_E_FORMAT, "%s:%zu: %s: %s", t->name, row + 2, column, why);
}

static bool name_ok(const char *s)
{
    if (*s < 'a' || *s > 'z' || strlen(s) > 63)
        return false;
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcmp(s, reserved[i]) == 0)
            return false;
    for (; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '_'))
            return false;
    return true;
}

/** Codes joined by '|': two for binary, 2 to 32 for a category; the words that the cohort language can write. */
static bool codes_ok(const char *s, bool binary, int64_t *n)
{
    *n = 0;
    for (const char *at = s; *at; (*n)++) {
        size_t len = strcspn(at, "|");

        if (len == 0 || len > 60 || (at[len] == '|' && !at[len + 1]))
            return false;
        for (size_t i = 0; i < len; i++)
            if (!((at[i] >= 'a' && at[i] <= 'z') || (at[i] >= 'A' && at[i] <= 'Z') || (at[i] >= '0' && at[i] <= '9') || strchr("_.-", at[i])))
                return false;
        for (const char *old = s; old < at; old += strcspn(old, "|") + 1)
            if (strcspn(old, "|") == len && memcmp(old, at, len) == 0)
                return false;
        at += len + (at[len] == '|');
    }
    return binary ? *n == 2 : *n >= 2 && *n <= 32;
}

static sund_code read_range(const sund_tsv *t, size_t row, const size_t *col, sund_var *v, sund_err *err)
{
    int64_t decimals = 0;

    if (v->type == SUND_VAR_REAL && !sund_parse_i64(sund_tsv_at(t, row, col[5]), 0, 6, &decimals))
        return bad(t, row, "decimals", "a whole number from 0 to 6 is expected", err);
    v->decimals = (int) decimals;
    if (!sund_decimal_parse(sund_tsv_at(t, row, col[3]), v->decimals, &v->min) || !sund_decimal_parse(sund_tsv_at(t, row, col[4]), v->decimals, &v->max))
        return bad(t, row, "min, max", "numbers with no more decimals than declared are expected", err);
    if (v->min >= v->max || v->max - v->min > 999999999 || v->min < -999999999 || v->max > 999999999)
        return bad(t, row, "min, max", "min is below max, and with the declared decimals both have at most 9 digits", err);
    return SUND_OK;
}

static sund_code read_row(const sund_tsv *t, size_t row, const size_t *col, sund_var *v, sund_err *err)
{
    int64_t n = 0;
    int     type = -1;

    memset(v, 0, sizeof *v);
    if (!name_ok(sund_tsv_at(t, row, col[0])))
        return bad(t, row, "name", "a-z, then a-z, 0-9 or '_', and none of the words the cohort language uses", err);
    (void) snprintf(v->name, sizeof v->name, "%s", sund_tsv_at(t, row, col[0]));
    for (int k = 0; k < 4; k++)
        if (strcmp(sund_tsv_at(t, row, col[1]), type_name[k]) == 0)
            type = k;
    if (type < 0)
        return bad(t, row, "type", "integer, real, binary or category is expected", err);
    v->type = (sund_var_type) type;
    if (strlen(sund_tsv_at(t, row, col[2])) >= sizeof v->unit || strlen(sund_tsv_at(t, row, col[6])) >= sizeof v->codes)
        return bad(t, row, "unit, codes", "too long", err);
    (void) snprintf(v->unit, sizeof v->unit, "%s", sund_tsv_at(t, row, col[2]));
    (void) snprintf(v->codes, sizeof v->codes, "%s", sund_tsv_at(t, row, col[6]));
    if (v->type == SUND_VAR_INTEGER || v->type == SUND_VAR_REAL)
        return v->codes[0] ? bad(t, row, "codes", "only binary and category variables have codes", err) : read_range(t, row, col, v, err);
    if (!codes_ok(v->codes, v->type == SUND_VAR_BINARY, &n))
        return bad(t, row, "codes", "words joined by '|': two for binary (the first is 0), 2 to 32 for a category", err);
    v->max = n - 1;
    return SUND_OK;
}

void sund_var_print(const sund_var *v, sund_buf *out)
{
    sund_buf_printf(out, "%s\t%s\t%s\t%lld\t%lld\t%d\t%s\n", v->name, type_name[v->type], v->unit, (long long) v->min, (long long) v->max, v->decimals, v->codes);
}

/** New, or declared before in the very same way. */
static sund_code keep(sund_people *p, const sund_tsv *t, size_t row, const sund_var *v, sund_err *err)
{
    sund_var  was;
    sund_buf  a = { 0 }, b = { 0 };
    bool      same;

    if (sund_people_var(p, v->name, &was, NULL) != SUND_OK)
        return sund_db_run(p->db, err, "INSERT INTO variable(name, type, unit, decimals, min, max, codes) VALUES(?,?,?,?,?,?,?)", "titiiit", v->name, (int64_t) v->type, v->unit,
                           (int64_t) v->decimals, v->min, v->max, v->codes);
    sund_var_print(v, &a);
    sund_var_print(&was, &b);
    same = !a.bad && !b.bad && a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
    sund_buf_free(&a);
    sund_buf_free(&b);
    return same ? SUND_OK : bad(t, row, v->name, "was declared otherwise before: give the variable another name, since studies rely on its declaration", err);
}

sund_code sund_dictionary_import(sund_people *p, const char *path, uint64_t *n, sund_err *err)
{
    static const char *const name[] = { "name", "type", "unit", "min", "max", "decimals", "codes" };
    sund_tsv                 t = { .n_row = 0 };
    size_t                   col[7];
    sund_code                rc;

    SUND_TRY(sund_tsv_read(&t, path, err));
    for (size_t k = 0; k < 7; k++)
        SUND_GO(sund_tsv_need(&t, name[k], &col[k], err));
    for (size_t row = 0; row < t.n_row; row++) {
        sund_var v;

        SUND_GO(read_row(&t, row, col, &v, err));
        for (size_t k = 0; k < row; k++)
            if (strcmp(sund_tsv_at(&t, k, col[0]), v.name) == 0) {
                rc = bad(&t, row, v.name, "is declared twice", err);
                goto out;
            }
        SUND_GO(keep(p, &t, row, &v, err));
    }
    *n = t.n_row;
    rc = SUND_OK;
out:
    sund_tsv_free(&t);
    return rc;
}
