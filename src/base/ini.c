#include "base/ini.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 8192, ITEM_MAX = 4096, MANY_MAX = 400000, TEXT_MAX = 1 << 20, LONG_MAX_BYTES = 32 << 20 };

bool sund_parse_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
    bool    minus = s[0] == '-', good = s[minus] != 0;
    int64_t v = 0;

    for (s += minus; good && *s; s++) /* below zero, where INT64_MIN is */
        good = *s >= '0' && *s <= '9' && !__builtin_mul_overflow(v, 10, &v) && !__builtin_sub_overflow(v, *s - '0', &v);
    if (!good || (!minus && __builtin_sub_overflow(0, v, &v)) || v < min || v > max)
        return false;
    *out = v;
    return true;
}

static sund_code bad(const sund_ini *ini, unsigned line, const char *why, sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "%s:%u: %s", ini->name, line, why); }

static char *trim(char *s)
{
    size_t n;

    while (*s == ' ')
        s++;
    n = strlen(s);
    while (n && s[n - 1] == ' ')
        s[--n] = 0;
    return s;
}

static bool word_ok(const char *s, const char *more)
{
    if (!*s)
        return false;
    for (; *s; s++)
        if (!(*s >= 'a' && *s <= 'z') && !(*s >= '0' && *s <= '9') && !strchr(more, *s))
            return false;
    return true;
}

typedef struct place { const char *section, *label; } place;

static sund_code open_section(sund_ini *ini, char *s, unsigned line, place *at, sund_err *err)
{
    char  *end = strchr(s, ']'), *label;

    if (!end || end[1])
        return bad(ini, line, "a section is written [name] or [name label]", err);
    *end = 0;
    label = strchr(s + 1, ' ');
    if (label)
        *label++ = 0;
    at->section = s + 1;
    at->label = label ? trim(label) : "";
    return word_ok(at->section, "_-") ? SUND_OK : bad(ini, line, "a section's name has a-z, 0-9, '_' and '-' only", err);
}

/** Room for one more, by doubling. */
static sund_code grow(sund_ini *ini, unsigned line, size_t max, sund_err *err)
{
    size_t         cap = ini->n_item ? 2 * ini->n_item : 64;
    sund_ini_item *more;
    char           why[40];

    (void) snprintf(why, sizeof why, "more than %zu keys", max);
    if (ini->n_item == max)
        return bad(ini, line, why, err);
    if (ini->n_item & (ini->n_item - 1) || (ini->n_item && ini->n_item < 64)) /* 0, 64, 128, ...: full */
        return SUND_OK;
    more = realloc(ini->item, cap * sizeof *more);
    if (!more)
        return sund_fail(err, SUND_E_NOMEM, "%s: out of memory", ini->name);
    ini->item = more;
    return SUND_OK;
}

static int by_section(const void *pa, const void *pb)
{
    const sund_ini_item *a = *(const sund_ini_item *const *) pa, *b = *(const sund_ini_item *const *) pb;
    int                  c = strcmp(a->section, b->section);

    c = c ? c : strcmp(a->label, b->label);
    return c ? c : a->line < b->line ? -1 : a->line > b->line;
}

/** No section is there twice: the first items of all, in order of their names. */
static sund_code check_sections(const sund_ini *ini, sund_err *err)
{
    const sund_ini_item **first = malloc((ini->n_item + 1) * sizeof *first), *twice = NULL;
    size_t                n = 0;

    if (!first)
        return sund_fail(err, SUND_E_NOMEM, "%s: out of memory", ini->name);
    for (size_t i = 0; i < ini->n_item; i++)
        if (i == 0 || ini->item[i].section != ini->item[i - 1].section)
            first[n++] = &ini->item[i];
    qsort(first, n, sizeof *first, by_section);
    for (size_t i = 1; i < n; i++)
        if (strcmp(first[i]->section, first[i - 1]->section) == 0 && strcmp(first[i]->label, first[i - 1]->label) == 0 && (!twice || first[i]->line < twice->line))
            twice = first[i];
    free(first);
    return twice ? bad(ini, twice->line, "this section is there twice", err) : SUND_OK;
}

static sund_code add_item(sund_ini *ini, char *s, unsigned line, const place *at, size_t max, sund_err *err)
{
    char  *eq = strchr(s, '='), *key;
    size_t own = 0;

    if (!eq)
        return bad(ini, line, "'key = value' is expected", err);
    if (!at->section)
        return bad(ini, line, "a key before the first [section]", err);
    *eq = 0;
    key = trim(s);
    if (!word_ok(key, "_-"))
        return bad(ini, line, "a key has a-z, 0-9, '_' and '-' only", err);
    for (size_t i = ini->n_item; i > 0 && ini->item[i - 1].section == at->section; i--, own++)
        if (strcmp(ini->item[i - 1].key, key) == 0)
            return bad(ini, line, "this key is there twice in its section", err);
    if (own == ITEM_MAX)
        return bad(ini, line, "more than 4096 keys in one section", err);
    SUND_TRY(grow(ini, line, max, err));
    ini->item[ini->n_item++] = (sund_ini_item){ at->section, at->label, key, trim(eq + 1), line };
    return SUND_OK;
}

static sund_code parse_lines(sund_ini *ini, size_t n, size_t max, sund_err *err)
{
    place    at = { NULL, NULL };
    unsigned line = 0;

    for (char *s = ini->text, *next; s < ini->text + n; s = next) {
        char  *nl = strchr(s, '\n');
        size_t len = nl ? (size_t) (nl - s) : strlen(s);

        next = s + len + 1;
        line++;
        s[len] = 0;
        if (len && s[len - 1] == '\r')
            s[len - 1] = 0;
        if (len > LINE_MAX_BYTES)
            return bad(ini, line, "the line is longer than 8192 bytes", err);
        for (char *c = s; *c; c++) {
            if (*c == '\t')
                *c = ' ';
        }
        if (!sund_text_ok(s))
            return bad(ini, line, "a control character", err);
        s = trim(s);
        if (s[0] == 0 || s[0] == '#' || s[0] == ';')
            continue;
        SUND_TRY(s[0] == '[' ? open_section(ini, s, line, &at, err) : add_item(ini, s, line, &at, max, err));
    }
    return check_sections(ini, err);
}

static sund_code parse(sund_ini *ini, const char *name, const void *p, size_t n, size_t max_bytes, size_t max_items, sund_err *err)
{
    sund_ini  got = { 0 };
    sund_code rc;

    (void) snprintf(got.name, sizeof got.name, "%s", name);
    if (n > max_bytes)
        return sund_fail(err, SUND_E_LIMIT, "%s: more than %zu MiB", got.name, max_bytes >> 20);
    if ((n && memchr(p, 0, n)) || !sund_utf8_ok(p, n))
        return bad(&got, 1, "not UTF-8 text", err);
    got.text = malloc(n + 1);
    got.n_text = n;
    if (!got.text)
        rc = sund_fail(err, SUND_E_NOMEM, "%s: out of memory", got.name);
    else {
        if (n)
            memcpy(got.text, p, n);
        got.text[n] = 0;
        rc = parse_lines(&got, n, max_items, err);
    }
    if (rc == SUND_OK)
        *ini = got;
    else
        sund_ini_free(&got);
    return rc;
}

sund_code sund_ini_parse(sund_ini *ini, const char *name, const void *p, size_t n, sund_err *err) { return parse(ini, name, p, n, TEXT_MAX, ITEM_MAX, err); }
sund_code sund_ini_parse_long(sund_ini *ini, const char *name, const void *p, size_t n, sund_err *err) { return parse(ini, name, p, n, LONG_MAX_BYTES, MANY_MAX, err); }

sund_code sund_ini_read(sund_ini *ini, const char *path, sund_err *err)
{
    sund_buf  b = { 0 };
    sund_code rc = sund_file_read(path, TEXT_MAX, &b, err);

    if (rc == SUND_OK)
        rc = sund_ini_parse(ini, path, b.p, b.n, err);
    if (b.p)
        sund_wipe(b.p, b.n);
    sund_buf_free(&b);
    return rc;
}

void sund_ini_free(sund_ini *ini)
{
    if (ini->text)
        sund_wipe(ini->text, ini->n_text);
    free(ini->text);
    free(ini->item);
    memset(ini, 0, sizeof *ini);
}

const char *sund_ini_get(const sund_ini *ini, const char *section, const char *key)
{
    for (size_t i = 0; i < ini->n_item; i++)
        if (strcmp(ini->item[i].section, section) == 0 && !ini->item[i].label[0] && strcmp(ini->item[i].key, key) == 0)
            return ini->item[i].value;
    return NULL;
}

static bool has_section(const char *const *known, const char *section)
{
    size_t n = strlen(section);

    for (; *known; known++)
        if (strncmp(*known, section, n) == 0 && (*known)[n] == '.')
            return true;
    return false;
}

/** "[application], [data], [person]": the sections of what is known, whose keys stand together. */
static void sections(const char *const *known, char *out, size_t cap)
{
    const char *last = "";
    size_t      n = 0;

    out[0] = 0;
    for (; *known; known++) {
        size_t k = strcspn(*known, ".");

        if (strncmp(last, *known, k + 1) != 0 && n + k + 5 < cap)
            n += (size_t) snprintf(out + n, cap - n, "%s[%.*s]", n ? ", " : "", (int) k, *known);
        last = *known;
    }
}

sund_code sund_ini_known(const sund_ini *ini, const char *const *known, sund_err *err)
{
    for (size_t i = 0; i < ini->n_item; i++) {
        char        full[300];
        const char *near;
        size_t      k = 0;

        (void) snprintf(full, sizeof full, "%.140s.%.140s", ini->item[i].section, ini->item[i].key);
        while (known[k] && strcmp(known[k], full) != 0)
            k++;
        if (known[k])
            continue;
        if (!has_section(known, ini->item[i].section)) {
            sections(known, full, sizeof full);
            return sund_fail(err, SUND_E_FORMAT, "%s:%u: there is no section [%.60s] here, but %.200s", ini->name, ini->item[i].line, ini->item[i].section, full);
        }
        near = sund_nearest(full, known);
        return sund_fail(err, SUND_E_FORMAT, "%s:%u: [%.60s] has no key '%.60s'%s%s%s", ini->name, ini->item[i].line, ini->item[i].section, ini->item[i].key,
                         near ? ": did you mean '" : "", near ? strchr(near, '.') + 1 : "", near ? "'?" : "");
    }
    return SUND_OK;
}

/** Edit distance with swaps of neighbours, words up to 63 bytes. */
static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), d[64][64];

    if (n > 63 || m > 63)
        return 64;
    for (size_t i = 0; i <= n; i++)
        for (size_t j = 0; j <= m; j++) {
            size_t best;

            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
            best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[n][m];
}

const char *sund_nearest(const char *word, const char *const *list)
{
    const char *near = NULL;
    size_t      best = 2 + strlen(word) / 3;

    for (size_t i = 0; list[i]; i++) {
        size_t d = distance(word, list[i]);
        if (d < best) {
            best = d;
            near = list[i];
        }
    }
    return near;
}
