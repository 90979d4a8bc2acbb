#include "rdf/shacl_priv.h"

#include "rdf/vocab.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sund_code sund_regex_new(void **out, const char *pattern, const char *flags, sund_err *err)
{
    uint32_t      opt = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
    int           code;
    size_t        at;
    unsigned char why[120] = "";

    for (const char *f = flags; *f; f++) {
        static const char     known[] = "ismx";
        static const uint32_t bit[] = { PCRE2_CASELESS, PCRE2_DOTALL, PCRE2_MULTILINE, PCRE2_EXTENDED };
        const char           *k = strchr(known, *f);
        if (!k)
            return sund_fail(err, SUND_E_FORMAT, "sh:flags \"%.20s\": known are i, s, m and x", flags);
        opt |= bit[k - known];
    }
    *out = pcre2_compile((PCRE2_SPTR) pattern, PCRE2_ZERO_TERMINATED, opt, &code, &at, NULL);
    if (!*out) {
        (void) pcre2_get_error_message(code, why, sizeof why);
        return sund_fail(err, SUND_E_FORMAT, "sh:pattern \"%.120s\": %s", pattern, (char *) why);
    }
    return SUND_OK;
}

void sund_regex_free(void *re) { pcre2_code_free(re); }

sund_regex_found sund_regex_match(const void *re, const char *text, size_t n)
{
    union { const void *c; void *p; } u = { re };
    pcre2_match_data    *d = pcre2_match_data_create(1, NULL);
    pcre2_match_context *c = pcre2_match_context_create(NULL);
    int                  got = PCRE2_ERROR_NOMEMORY;

    if (d && c) {
        (void) pcre2_set_match_limit(c, 1000000);
        (void) pcre2_set_depth_limit(c, 10000);
        (void) pcre2_set_heap_limit(c, 16384);
        got = pcre2_match(u.p, (PCRE2_SPTR) text, n, 0, PCRE2_NO_UTF_CHECK, d, c);
    }
    pcre2_match_context_free(c);
    pcre2_match_data_free(d);
    return got >= 0 ? SUND_REGEX_YES : got == PCRE2_ERROR_NOMATCH ? SUND_REGEX_NO : SUND_REGEX_GAVE_UP;
}

/* The forms of XML Schema's types, as patterns: compiled where they are used, for few literals have them. */
#define DATE  "-?([1-9][0-9]{3,}|0[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
#define TIME  "(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]+)?|24:00:00(\\.0+)?)"
#define ZONE  "(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
#define DTIME "T([0-9]+H([0-9]+M)?([0-9]+(\\.[0-9]+)?S)?|[0-9]+M([0-9]+(\\.[0-9]+)?S)?|[0-9]+(\\.[0-9]+)?S)"
static const struct { const char *type, *form; } forms[] = {
    { "boolean", "^(true|false|1|0)$" },
    { "decimal", "^[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)$" },
    { "float", "^([+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?|-?INF|NaN)$" },
    { "double", "^([+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?|-?INF|NaN)$" },
    { "date", "^" DATE ZONE "?$" },
    { "time", "^" TIME ZONE "?$" },
    { "dateTime", "^" DATE "T" TIME ZONE "?$" },
    { "dateTimeStamp", "^" DATE "T" TIME ZONE "$" },
    { "gYear", "^-?([1-9][0-9]{3,}|0[0-9]{3})" ZONE "?$" },
    { "gYearMonth", "^-?([1-9][0-9]{3,}|0[0-9]{3})-(0[1-9]|1[0-2])" ZONE "?$" },
    { "gMonth", "^--(0[1-9]|1[0-2])" ZONE "?$" },
    { "gDay", "^---(0[1-9]|[12][0-9]|3[01])" ZONE "?$" },
    { "gMonthDay", "^--(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])" ZONE "?$" },
    { "duration", "^-?P([0-9]+Y([0-9]+M)?([0-9]+D)?(" DTIME ")?|[0-9]+M([0-9]+D)?(" DTIME ")?|[0-9]+D(" DTIME ")?|" DTIME ")$" },
    { "dayTimeDuration", "^-?P([0-9]+D(" DTIME ")?|" DTIME ")$" },
    { "yearMonthDuration", "^-?P([0-9]+Y([0-9]+M)?|[0-9]+M)$" },
    { "hexBinary", "^([0-9a-fA-F]{2})*$" },
    { "base64Binary", "^(([A-Za-z0-9+/] ?){4})*(([A-Za-z0-9+/] ?){2}[AEIMQUYcgkosw048] ?=|([A-Za-z0-9+/] ?)[AQgw] ?= ?=)?$" },
    { "language", "^[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*$" },
    { "normalizedString", "^[^\\n\\r\\t]*$" },
    { "token", "^([^\\n\\r\\t ]+( [^\\n\\r\\t ]+)*)?$" },
};

/* Integers by their bounds, as digits: none is too long. */
static const struct { const char *type, *min, *max; } integers[] = {
    { "integer", NULL, NULL },      { "nonNegativeInteger", "0", NULL }, { "positiveInteger", "1", NULL }, { "nonPositiveInteger", NULL, "0" }, { "negativeInteger", NULL, "-1" },
    { "long", "-9223372036854775808", "9223372036854775807" }, { "int", "-2147483648", "2147483647" }, { "short", "-32768", "32767" }, { "byte", "-128", "127" },
    { "unsignedLong", "0", "18446744073709551615" }, { "unsignedInt", "0", "4294967295" }, { "unsignedShort", "0", "65535" }, { "unsignedByte", "0", "255" },
};

/** Compares two integers in digits. */
static int compare_digits(const char *a, const char *b)
{
    bool   na = *a == '-', nb = *b == '-';
    size_t x, y;
    int    c;

    a += strspn(a, "+-");
    b += strspn(b, "+-");
    a += strspn(a, "0");
    b += strspn(b, "0");
    x = strlen(a);
    y = strlen(b);
    if (x == 0 && y == 0)
        return 0;
    na = na && x;
    nb = nb && y;
    if (na != nb)
        return na ? -1 : 1;
    c = x != y ? (x < y ? -1 : 1) : strcmp(a, b);
    c = (c > 0) - (c < 0);
    return na ? -c : c;
}

static bool matches(const char *form, const char *text)
{
    void *re;
    bool  ok = sund_regex_new(&re, form, "", NULL) == SUND_OK;

    if (ok) {
        ok = sund_regex_match(re, text, strlen(text)) == SUND_REGEX_YES;
        sund_regex_free(re);
    }
    return ok;
}

static const char *xsd_name(const char *datatype)
{
    size_t n = strlen(XSD(""));

    return strncmp(datatype, XSD(""), n) == 0 ? datatype + n : NULL;
}

bool sund_literal_ok(const char *datatype, const char *text)
{
    const char *type = xsd_name(datatype);

    for (size_t i = 0; type && i < sizeof integers / sizeof *integers; i++)
        if (strcmp(type, integers[i].type) == 0) {
            const char *d = text + (*text == '+' || *text == '-');
            return *d && strspn(d, "0123456789") == strlen(d) && (!integers[i].min || compare_digits(text, integers[i].min) >= 0) &&
                   (!integers[i].max || compare_digits(text, integers[i].max) <= 0);
        }
    for (size_t i = 0; type && i < sizeof forms / sizeof *forms; i++)
        if (strcmp(type, forms[i].type) == 0)
            return matches(forms[i].form, text);
    return true;
}

typedef enum family { F_NONE, F_NUMBER, F_DATE, F_TEXT, F_BOOL } family;

static family family_of(const char *datatype)
{
    const char *type = xsd_name(datatype);

    if (!type)
        return F_NONE;
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        if (strcmp(type, integers[i].type) == 0)
            return F_NUMBER;
    if (strcmp(type, "decimal") == 0 || strcmp(type, "double") == 0 || strcmp(type, "float") == 0)
        return F_NUMBER;
    if (strcmp(type, "string") == 0)
        return F_TEXT;
    if (strcmp(type, "boolean") == 0)
        return F_BOOL;
    return strcmp(type, "date") == 0 || strcmp(type, "dateTime") == 0 || strcmp(type, "dateTimeStamp") == 0 ? F_DATE : F_NONE;
}

/** Seconds of a valid date or dateTime from a fixed day; *zone: whether it says its time zone. */
static double seconds_of(const char *t, bool *zone)
{
    long        y = 0;
    int         mo = 1, d = 1, h = 0, mi = 0, sign = *t == '-' ? -1 : 1, at = 0, zh = 0, zm = 0;
    double      s = 0, day;
    const char *z;

    t += *t == '-';
    (void) sscanf(t, "%ld-%d-%d%n", &y, &mo, &d, &at);
    t += at;
    if (*t == 'T') {
        (void) sscanf(t, "T%d:%d:%lf%n", &h, &mi, &s, &at);
        t += at;
    }
    z = t;
    *zone = *z != 0;
    if (*z == '+' || *z == '-')
        (void) sscanf(z + 1, "%d:%d", &zh, &zm);
    if (*z == '-')
        zh = -zh, zm = -zm;
    y = y * sign - (mo <= 2); /* days by March years: H. S. Warren's way of counting leap days */
    mo = mo > 2 ? mo - 3 : mo + 9;
    day = 365.0 * (double) y + (double) (y / 4 - y / 100 + y / 400) + (double) ((153 * mo + 2) / 5) + d;
    return day * 86400 + (h - zh) * 3600.0 + (mi - zm) * 60.0 + s;
}

int sund_literal_compare(const sund_graph *a, sund_term x, const sund_graph *b, sund_term y)
{
    sund_term_text u = sund_graph_at(a, x), v = sund_graph_at(b, y);
    double         p, q;

    if (u.kind != SUND_TERM_LITERAL || v.kind != SUND_TERM_LITERAL)
        return 2;
    const char *tu = sund_graph_at(a, u.datatype).text, *tv = sund_graph_at(b, v.datatype).text;
    family      f = family_of(tu);
    if (f == F_NONE || f != family_of(tv) || !sund_literal_ok(tu, u.text) || !sund_literal_ok(tv, v.text))
        return 2;
    if (f == F_TEXT) {
        int c = strcmp(u.text, v.text);
        return (c > 0) - (c < 0);
    }
    if (f == F_BOOL) {
        p = *u.text == 't' || *u.text == '1';
        q = *v.text == 't' || *v.text == '1';
    }
    else if (f == F_DATE) {
        bool zu, zv;
        p = seconds_of(u.text, &zu);
        q = seconds_of(v.text, &zv);
        if (zu != zv || (strchr(u.text, 'T') != NULL) != (strchr(v.text, 'T') != NULL))
            return 2;
    }
    else {
        p = strtod(u.text, NULL); /* INF and NaN are read too */
        q = strtod(v.text, NULL);
        if (p != p || q != q)
            return 2;
    }
    return (p > q) - (p < q);
}
