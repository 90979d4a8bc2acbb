#include "genome/names.h"

#include "base/file.h"
#include "base/tsv.h"
#include "genome/query.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sorted list of key and value; keys are "r" rsID, "g" gene (a region), "v" gene (a variant), "a" gene, tab, change. */

enum { KEY_MAX = 120 };
typedef struct entry { const char *key, *value; } entry;
struct sund_names {
    size_t   n, cap;
    entry   *entry;
    sund_tsv table;
    sund_buf keys; /* offsets while it grows */
};

bool sund_is_rsid(const char *word)
{
    size_t n = strlen(word);

    return n > 2 && n < 20 && (word[0] | 32) == 'r' && (word[1] | 32) == 's' && strspn(word + 2, "0123456789") == n - 2;
}

void sund_names_free(sund_names *n)
{
    if (!n)
        return;
    sund_tsv_free(&n->table);
    sund_buf_free(&n->keys);
    free(n->entry);
    free(n);
}

/** "p.Val600Glu", "p.(Val600Glu)", "p.V600E", "V600E": in one letter each; false for what is none. */
static bool one_letter(const char *s, char out[32])
{
    static const char *const three[] = { "ALAA", "ARGR", "ASNN", "ASPD", "CYSC", "GLNQ", "GLUE", "GLYG", "HISH", "ILEI", "LEUL", "LYSK", "METM", "PHEF", "PROP", "SERS", "THRT", "TRPW", "TYRY", "VALV", "TER*" };
    size_t                   n = 0;
    bool                     guessed; /* in brackets: not seen in the protein itself */

    if (s[0] == 'p' && s[1] == '.')
        s += 2;
    guessed = s[0] == '(' && s[1] && s[strlen(s) - 1] == ')';
    s += guessed;
    while (*s && !(guessed && s[0] == ')' && !s[1]) && n < 31) {
        bool letters = isalpha((unsigned char) s[0]) && isalpha((unsigned char) s[1]) && isalpha((unsigned char) s[2]);
        char one = (char) toupper((unsigned char) *s);

        for (size_t k = 0; letters && k < sizeof three / sizeof three[0]; k++)
            if (toupper((unsigned char) s[0]) == three[k][0] && toupper((unsigned char) s[1]) == three[k][1] && toupper((unsigned char) s[2]) == three[k][2]) {
                one = three[k][3];
                s += 2;
                break;
            }
        if (!isalnum((unsigned char) one) && one != '*' && one != '=')
            return false;
        out[n++] = one;
        s++;
    }
    out[n] = 0;
    return n > 0 && !s[guessed];
}

static sund_code add(sund_names *names, char kind, const char *a, const char *b, const char *value, sund_err *err)
{
    char   key[KEY_MAX];
    size_t n = (size_t) snprintf(key, sizeof key, "%c%s%s%s", kind, a, b ? "\t" : "", b ? b : "");

    if (n >= sizeof key)
        return sund_fail(err, SUND_E_FORMAT, "a name is longer than %d bytes", KEY_MAX - 3);
    for (size_t i = 1; i < n; i++)
        key[i] = (char) toupper((unsigned char) key[i]);
    if (names->n == names->cap) {
        size_t cap = names->cap ? 2 * names->cap : 256;
        entry *more = realloc(names->entry, cap * sizeof *more);

        if (!more)
            return sund_fail(err, SUND_E_NOMEM, "out of memory for names");
        names->entry = more;
        names->cap = cap;
    }
    names->entry[names->n++] = (entry){ (const char *) (uintptr_t) names->keys.n, value };
    sund_buf_put(&names->keys, key, n + 1);
    return sund_buf_ok(&names->keys, err);
}

static const char *cell(const sund_tsv *t, size_t row, int col) { return col < 0 ? "" : sund_tsv_at(t, row, (size_t) col); }

static sund_code check_value(sund_query *q, const char *text, bool region, sund_err *err)
{
    if (sund_query_parse(q, text, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_FORMAT, region ? "region" : "variant");
    if (region ? q->n_name != 0 : q->n_name != 1)
        return sund_fail(err, SUND_E_FORMAT, "'%.60s' is no %s", text, region ? "region" : "variant");
    sund_query_free(q);
    return SUND_OK;
}

static sund_code add_row(sund_names *names, sund_query *q, size_t row, const int col[5], sund_err *err)
{
    const sund_tsv *t = &names->table;
    const char     *variant = cell(t, row, col[0]), *region = cell(t, row, col[1]), *rsid = cell(t, row, col[2]), *gene = cell(t, row, col[3]), *change = cell(t, row, col[4]);
    char            one[32];

    if ((variant[0] != 0) == (region[0] != 0))
        return sund_fail(err, SUND_E_FORMAT, "a row has a variant or a region");
    SUND_TRY(check_value(q, variant[0] ? variant : region, !variant[0], err));
    if (region[0])
        return gene[0] ? add(names, 'g', gene, NULL, region, err) : sund_fail(err, SUND_E_FORMAT, "a region is of a gene");
    if (rsid[0] && !sund_is_rsid(rsid))
        return sund_fail(err, SUND_E_FORMAT, "'%.40s' is no rsID", rsid);
    if (rsid[0])
        SUND_TRY(add(names, 'r', rsid, NULL, variant, err));
    if (gene[0])
        SUND_TRY(add(names, 'v', gene, NULL, variant, err));
    if (change[0] && (!gene[0] || !one_letter(change, one)))
        return sund_fail(err, SUND_E_FORMAT, "'%.40s' is no amino-acid change of a gene", change);
    return change[0] ? add(names, 'a', gene, one, variant, err) : SUND_OK;
}

static int by_key(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int          c = strcmp(x->key, y->key);

    return c ? c : strcmp(x->value, y->value);
}

static sund_code read_rows(sund_names *names, const char *path, sund_err *err)
{
    static const char *const column[5] = { "variant", "region", "rsid", "gene", "aminoacid" };
    sund_query              *q = calloc(1, sizeof *q);
    int                      col[5];
    sund_code                rc = q ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    for (int k = 0; k < 5; k++)
        col[k] = sund_tsv_column(&names->table, column[k]);
    if (rc == SUND_OK && col[0] < 0 && col[1] < 0)
        rc = sund_fail(err, SUND_E_FORMAT, "%s:1: there is neither a column 'variant' nor 'region'; others are rsid, gene, aminoacid", path);
    for (size_t i = 0; rc == SUND_OK && i < names->table.n_row; i++) {
        rc = add_row(names, q, i, col, err);
        if (rc != SUND_OK)
            (void) sund_fail_in(err, rc, "%s:%zu", path, i + 2);
    }
    if (q)
        sund_query_free(q);
    free(q);
    for (size_t i = 0; i < names->n; i++)
        names->entry[i].key = (const char *) names->keys.p + (uintptr_t) names->entry[i].key;
    if (rc == SUND_OK && names->n)
        qsort(names->entry, names->n, sizeof *names->entry, by_key);
    return rc;
}

sund_code sund_names_parse(sund_names **out, const char *path, const void *p, size_t n, sund_err *err)
{
    sund_names *names = calloc(1, sizeof *names);
    sund_code   rc;

    if (!names)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    rc = sund_tsv_parse(&names->table, path, p, n, err);
    if (rc == SUND_OK)
        rc = read_rows(names, path, err);
    if (rc == SUND_OK)
        *out = names;
    else
        sund_names_free(names);
    return rc;
}

sund_code sund_names_read(sund_names **out, const char *path, sund_err *err)
{
    sund_buf  b = { 0 };
    sund_code rc = sund_file_read(path, (size_t) 1 << 30, &b, err);

    if (rc == SUND_OK)
        rc = sund_names_parse(out, path, b.p, b.n, err);
    sund_buf_free(&b);
    return rc;
}

/** All values of a key, with commas; how many. */
static size_t put_all(const sund_names *names, char kind, const char *a, const char *b, sund_buf *out)
{
    char   key[KEY_MAX];
    size_t low = 0, high = names->n, n = (size_t) snprintf(key, sizeof key, "%c%s%s%s", kind, a, b ? "\t" : "", b ? b : ""), found = 0;

    if (n >= sizeof key)
        return 0;
    for (size_t i = 1; i < n; i++)
        key[i] = (char) toupper((unsigned char) key[i]);
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (strcmp(names->entry[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < names->n && strcmp(names->entry[low].key, key) == 0 && found < SUND_QUERY_NAMES; low++, found++) {
        sund_buf_text(out, found ? "," : "");
        sund_buf_text(out, names->entry[low].value);
        if (kind == 'g')
            return 1; /* one region; the first in order */
    }
    return found;
}

static sund_code no_table(sund_err *err) { return sund_fail(err, SUND_E_ARG, "no table of names is given here (lookup: --names FILE; pages: names in sund.ini): ask by position, as CONTIG-POSITION-REF-ALT"); }

sund_code sund_names_rsid(const sund_names *names, const char *rsid, sund_buf *out, sund_err *err)
{
    if (!names)
        return no_table(err);
    if (!put_all(names, 'r', rsid, NULL, out))
        return sund_fail(err, SUND_E_NOT_FOUND, "the table of names has no %.40s", rsid);
    return sund_buf_ok(out, err);
}

sund_code sund_names_gene(const sund_names *names, const char *gene, const char *change, sund_buf *out, sund_err *err)
{
    char one[32];

    if (!names)
        return no_table(err);
    if (change && !one_letter(change, one))
        return sund_fail(err, SUND_E_ARG, "'%.40s' is no amino-acid change: V600E or p.Val600Glu", change);
    if (change ? !put_all(names, 'a', gene, one, out) : !put_all(names, 'g', gene, NULL, out) && !put_all(names, 'v', gene, NULL, out))
        return sund_fail(err, SUND_E_NOT_FOUND, "the table of names has no %.40s%s%.40s", gene, change ? " " : "", change ? change : "");
    return sund_buf_ok(out, err);
}
