#include "base/jsonread.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A document is one piece of memory: room for all its values, which a first look counts, and behind it a copy of the text, in which strings are unescaped where they stand.
 * Values that are read wait at the beginning of the room; when their array or object closes, they move together to its end, and the one that holds them takes
 * their place. So what belongs to one value lies in a row, and the document itself is the first. */

enum { FEW = 16 }; /* members up to which one is looked for by one look at each */

struct sund_jval {
    const char *key; /* of a member */
    union { int64_t i; double f; const char *s; sund_jval *child; } is;
    uint32_t   n;     /* elements, members; 1 for true */
    uint32_t   order; /* in an object of more than a few: which of its members is at this place by name */
    sund_jkind kind;
};

typedef struct reader {
    char      *p;          /* the next byte; a NUL is behind the last */
    sund_jval *room;
    size_t     n, n_end;   /* values that wait, and where those that have moved begin */
    unsigned   depth;
    sund_code  rc;
} reader;

/** At most so many values are in the text: as many as there are commas and opening brackets, and one. */
static size_t count_values(const char *p, size_t n)
{
    size_t count = 1;
    bool   inside = false;

    for (size_t i = 0; i < n; i++) {
        if (p[i] == '"')
            inside = !inside;
        else if (inside)
            i += p[i] == '\\'; /* whatever is escaped, a quote too */
        else
            count += p[i] == ',' || p[i] == '[' || p[i] == '{';
    }
    return count;
}

static bool fail(reader *r, sund_code rc)
{
    r->rc = rc;
    return false;
}

static bool wrong(reader *r) { return fail(r, SUND_E_FORMAT); }

static char blank(reader *r)
{
    while (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r')
        r->p++;
    return *r->p;
}

/* ---- strings ---- */

static bool hex4(reader *r, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, r->p++) {
        char c = *r->p, low = (char) (c | 32);

        if (!(c >= '0' && c <= '9') && !(low >= 'a' && low <= 'f'))
            return wrong(r);
        *out = *out << 4 | (uint32_t) (c <= '9' ? c - '0' : low - 'a' + 10);
    }
    return true;
}

/** What is behind \u, of a character beyond U+FFFF two of them, as UTF-8 at *to, which it is never longer than. A NUL, and half of a pair, are none. */
static bool unicode(reader *r, char **to)
{
    uint32_t c, low;
    char    *w = *to;

    if (!hex4(r, &c))
        return false;
    if (c >= 0xD800 && c < 0xDC00) {
        if (r->p[0] != '\\' || r->p[1] != 'u')
            return wrong(r);
        r->p += 2;
        if (!hex4(r, &low) || low < 0xDC00 || low > 0xDFFF)
            return wrong(r);
        c = 0x10000 + ((c - 0xD800) << 10 | (low - 0xDC00));
    }
    if (c == 0 || (c >= 0xD800 && c < 0xE000))
        return wrong(r);
    if (c < 0x80)
        *w++ = (char) c;
    else {
        int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

        *w++ = (char) ((0xF00 >> (more + 1) & 0xFF) | c >> 6 * more);
        while (more--)
            *w++ = (char) (0x80 | (c >> 6 * more & 0x3F));
    }
    *to = w;
    return true;
}

static bool escaped(reader *r, char **to)
{
    static const char from[] = "\"\\/bfnrt", is[] = "\"\\/\b\f\n\r\t";
    const char       *k = *r->p ? strchr(from, *r->p) : NULL; /* not a step behind the end */

    if (*r->p == 'u') {
        r->p++;
        return unicode(r, to);
    }
    if (!k)
        return wrong(r);
    r->p++;
    *(*to)++ = is[k - from];
    return true;
}

/** From its first quote to behind its last; *out ends with a NUL, in the place of that quote at the latest. */
static bool string(reader *r, const char **out)
{
    char *w = ++r->p;

    *out = w;
    for (;;) {
        unsigned char c = (unsigned char) *r->p;

        if (c < 32)
            return wrong(r); /* the end of the text too */
        r->p++;
        if (c == '"')
            break;
        if (c != '\\')
            *w++ = (char) c;
        else if (!escaped(r, &w))
            return false;
    }
    *w = 0;
    return true;
}

/* ---- numbers, words ---- */

static size_t digits(const char *s) { return strspn(s, "0123456789"); }

static bool number(reader *r, sund_jval *v)
{
    char  *from = r->p, *p = from + (*from == '-'), *end;
    size_t n = digits(p);

    v->kind = SUND_J_INT;
    if (n == 0 || (n > 1 && *p == '0'))
        return wrong(r);
    p += n;
    if (*p == '.') {
        v->kind = SUND_J_REAL;
        n = digits(++p);
        if (n == 0)
            return wrong(r);
        p += n;
    }
    if (*p == 'e' || *p == 'E') {
        v->kind = SUND_J_REAL;
        p++;
        p += *p == '+' || *p == '-';
        n = digits(p);
        if (n == 0)
            return wrong(r);
        p += n;
    }
    errno = 0;
    if (v->kind == SUND_J_INT)
        v->is.i = strtoll(from, &end, 10);
    else
        v->is.f = strtod(from, &end);
    if (end != p || (v->kind == SUND_J_INT ? errno == ERANGE : !isfinite(v->is.f)))
        return wrong(r); /* more than an integer, or a double, holds */
    r->p = p;
    return true;
}

static bool word(reader *r, sund_jval *v, const char *w, sund_jkind kind)
{
    size_t n = strlen(w);

    v->kind = kind;
    v->n = *w == 't';
    if (strncmp(r->p, w, n) != 0)
        return wrong(r);
    r->p += n;
    return true;
}

/* ---- arrays and objects ---- */

static int by_name(const void *x, const void *y, void *of)
{
    const sund_jval *v = of;

    return strcmp(v[*(const uint32_t *) x].key, v[*(const uint32_t *) y].key);
}

/** No two members have one name. */
static bool once_each(reader *r, sund_jval *m, size_t n)
{
    uint32_t *order = n > FEW ? malloc(n * sizeof *order) : NULL;
    bool      good = true;

    for (size_t i = 1; i < n && n <= FEW; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(m[i].key, m[k].key) == 0)
                return wrong(r);
    if (n <= FEW)
        return true;
    if (!order)
        return fail(r, SUND_E_NOMEM);
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t) i;
    qsort_r(order, n, sizeof *order, by_name, m);
    for (size_t i = 0; i < n; i++) {
        m[i].order = order[i];
        good &= i == 0 || strcmp(m[order[i - 1]].key, m[order[i]].key) != 0;
    }
    free(order);
    return good || wrong(r);
}

static bool value(reader *r, const char *key);

/** One member or element, which then waits. */
static bool one(reader *r, bool object)
{
    const char *key = NULL;

    if (object) {
        if (blank(r) != '"')
            return wrong(r);
        if (!string(r, &key))
            return false;
        if (blank(r) != ':')
            return wrong(r);
        r->p++;
    }
    return value(r, key);
}

static bool several(reader *r, sund_jval *v, bool object)
{
    char   close = object ? '}' : ']';
    size_t from = r->n;

    v->kind = object ? SUND_J_OBJECT : SUND_J_ARRAY;
    if (++r->depth > SUND_JSON_DEPTH)
        return fail(r, SUND_E_LIMIT);
    r->p++;
    if (blank(r) != close) {
        for (;; r->p++) {
            if (!one(r, object))
                return false;
            if (blank(r) == close)
                break;
            if (*r->p != ',')
                return wrong(r);
        }
    }
    r->p++;
    r->depth--;
    v->n = (uint32_t) (r->n - from);
    r->n = from;
    r->n_end -= v->n;
    v->is.child = r->room + r->n_end;
    memmove(v->is.child, r->room + from, v->n * sizeof *v);
    return !object || once_each(r, v->is.child, v->n);
}

static bool value(reader *r, const char *key)
{
    sund_jval v = { .key = key };
    bool      good;

    switch (blank(r)) {
    case '{':
    case '[': good = several(r, &v, *r->p == '{'); break;
    case '"':
        v.kind = SUND_J_STRING;
        good = string(r, &v.is.s);
        break;
    case 't': good = word(r, &v, "true", SUND_J_BOOL); break;
    case 'f': good = word(r, &v, "false", SUND_J_BOOL); break;
    case 'n': good = word(r, &v, "null", SUND_J_NULL); break;
    default: good = number(r, &v); break;
    }
    if (!good)
        return false;
    if (r->n == r->n_end)
        return wrong(r); /* never: they have been counted */
    r->room[r->n++] = v;
    return true;
}

/** Where in the text something is wrong. */
static sund_code no_json(const char *text, size_t at, sund_err *err)
{
    size_t line = 1, column = 1;

    for (size_t i = 0; i < at; i++) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    return sund_fail(err, SUND_E_FORMAT, "no sound JSON at line %zu, column %zu", line, column);
}

sund_code sund_json_read(const void *p, size_t n, sund_jval **out, sund_err *err)
{
    size_t n_value = count_values(p, n);
    reader r = { .n_end = n_value };
    char  *text;

    if (n && memchr(p, 0, n))
        return sund_fail(err, SUND_E_FORMAT, "there is a NUL byte in the JSON");
    if (!sund_utf8_ok(p, n))
        return sund_fail(err, SUND_E_FORMAT, "the JSON is not in UTF-8");
    r.room = n_value <= UINT32_MAX ? malloc(n_value * sizeof *r.room + n + 1) : NULL;
    if (!r.room)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for JSON");
    text = r.p = (char *) (r.room + n_value);
    if (n)
        memcpy(text, p, n);
    text[n] = 0;
    if (value(&r, NULL) && blank(&r))
        (void) wrong(&r);
    if (r.rc == SUND_OK) {
        *out = r.room;
        return SUND_OK;
    }
    free(r.room);
    if (r.rc == SUND_E_LIMIT)
        return sund_fail(err, SUND_E_LIMIT, "the JSON is nested deeper than %d levels", SUND_JSON_DEPTH);
    return r.rc == SUND_E_NOMEM ? sund_fail(err, SUND_E_NOMEM, "out of memory for JSON") : no_json(p, (size_t) (r.p - text), err);
}

void sund_jval_free(sund_jval *v) { free(v); }

/* ---- what is in it ---- */

sund_jkind sund_j_kind(const sund_jval *v) { return v ? v->kind : SUND_J_NONE; }

size_t sund_j_n(const sund_jval *v) { return v && (v->kind == SUND_J_ARRAY || v->kind == SUND_J_OBJECT) ? v->n : 0; }

const sund_jval *sund_j_get(const sund_jval *object, const char *name)
{
    const sund_jval *m = object && object->kind == SUND_J_OBJECT ? object->is.child : NULL;
    size_t           lo = 0, hi = m ? object->n : 0;

    if (hi <= FEW) {
        while (lo < hi && strcmp(m[lo].key, name) != 0)
            lo++;
        return lo < hi ? m + lo : NULL;
    }
    while (lo < hi) {
        size_t           mid = (lo + hi) / 2;
        const sund_jval *v = m + m[mid].order;
        int              c = strcmp(v->key, name);

        if (c == 0)
            return v;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

const sund_jval *sund_j_at(const sund_jval *array, size_t i) { return array && array->kind == SUND_J_ARRAY && i < array->n ? array->is.child + i : NULL; }
const char      *sund_j_str(const sund_jval *v) { return v && v->kind == SUND_J_STRING ? v->is.s : NULL; }
const char      *sund_j_text(const sund_jval *object, const char *name) { return sund_j_str(sund_j_get(object, name)); }

bool sund_j_int(const sund_jval *v, int64_t *out)
{
    bool is = sund_j_kind(v) == SUND_J_INT;

    *out = is ? v->is.i : 0;
    return is;
}

bool sund_j_real(const sund_jval *v, double *out)
{
    sund_jkind k = sund_j_kind(v);

    *out = k == SUND_J_INT ? (double) v->is.i : k == SUND_J_REAL ? v->is.f : 0;
    return k == SUND_J_INT || k == SUND_J_REAL;
}

bool sund_j_bool(const sund_jval *v, bool *out)
{
    bool is = sund_j_kind(v) == SUND_J_BOOL;

    *out = is && v->n;
    return is;
}

const sund_jval *sund_j_next(const sund_jval *object, void **at, const char **name)
{
    union { const sund_jval *c; void *m; } u = { .m = *at };

    if (sund_j_kind(object) != SUND_J_OBJECT)
        return NULL;
    u.c = u.c ? u.c + 1 : object->is.child;
    if (u.c == object->is.child + object->n)
        return NULL;
    *at = u.m;
    *name = u.c->key;
    return u.c;
}
