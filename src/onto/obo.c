#include "onto/onto_priv.h"

#include <stdio.h>
#include <string.h>

/* OBO 1.2 and 1.4: a header of "tag: value" lines, then stanzas, of which [Term] counts. */

typedef struct obo {
    onto_builder *b;
    size_t        line;
    uint32_t      term;      /* of this stanza; NONE before its id */
    bool          in_term, in_header, known; /* known: something said that it is OBO */
    char          date[64];  /* the header's, for files without data-version */
} obo;

static sund_code bad(const obo *r, const char *why, sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "%s:%zu: %s", r->b->file, r->line, why); }

static bool tag_is(const char *line, size_t n, const char *tag) { return strlen(tag) == n && memcmp(line, tag, n) == 0; }

/** Length of an id: up to a blank, comment or qualifier. */
static size_t id_length(const char *s) { return strcspn(s, " \t!{"); }

/** A text without its escapes, in place, up to an unescaped stop (0: the end) or a comment; *rest behind it. Length. */
static size_t unescape(char *s, char stop, char **rest)
{
    char  *to = s, *at = s;
    size_t n = strlen(s);
    bool   qualified = n && s[n - 1] == '}';

    while (*at && *at != stop && !(stop == 0 && (strncmp(at, " ! ", 3) == 0 || (strncmp(at, " {", 2) == 0 && qualified)))) {
        if (*at == '\\' && at[1]) {
            at++;
            *to++ = *at == 'n' || *at == 't' || *at == 'W' ? ' ' : *at;
            at++;
        }
        else {
            *to++ = *at++;
        }
    }
    *rest = at;
    return (size_t) (to - s);
}

static sund_code synonym(obo *r, char *value, sund_err *err)
{
    char  *rest;
    size_t n;

    if (*value != '"')
        return bad(r, "a synonym in quotation marks is expected", err);
    n = unescape(value + 1, '"', &rest);
    if (*rest != '"')
        return bad(r, "the synonym's quotation mark is not closed", err);
    onto_synonym(r->b, r->term, value + 1, n);
    return SUND_OK;
}

static sund_code term_line(obo *r, const char *line, size_t n_tag, char *value, sund_err *err)
{
    char  *rest;
    size_t n;

    if (tag_is(line, n_tag, "id")) {
        r->term = onto_term(r->b, value, id_length(value), true);
        return SUND_OK;
    }
    if (tag_is(line, n_tag, "name")) {
        n = unescape(value, 0, &rest);
        onto_name(r->b, r->term, value, n);
    }
    else if (tag_is(line, n_tag, "is_a")) {
        onto_parent(r->b, r->term, value, id_length(value));
    }
    else if (tag_is(line, n_tag, "alt_id")) {
        onto_alt(r->b, r->term, value, id_length(value));
    }
    else if (tag_is(line, n_tag, "replaced_by")) {
        onto_replaced(r->b, r->term, value, id_length(value));
    }
    else if (tag_is(line, n_tag, "is_obsolete")) {
        if (r->term != SUND_ONTO_NONE)
            r->b->term[r->term].obsolete = strncmp(value, "true", 4) == 0;
    }
    else if (tag_is(line, n_tag, "synonym")) {
        return synonym(r, value, err);
    }
    else if (tag_is(line, n_tag, "relationship")) {
        n = strcspn(value, " ");
        if (onto_is_group_edge(r->b, r->term, value, n) && value[n])
            onto_parent(r->b, r->term, value + n + 1, id_length(value + n + 1));
    }
    return SUND_OK;
}

static void header_line(obo *r, const char *line, size_t n_tag, const char *value)
{
    if (tag_is(line, n_tag, "format-version"))
        r->known = true;
    else if (tag_is(line, n_tag, "data-version"))
        onto_version(r->b, value, strlen(value));
    else if (tag_is(line, n_tag, "ontology"))
        onto_title(r->b, value, strlen(value));
    else if (tag_is(line, n_tag, "date"))
        (void) snprintf(r->date, sizeof r->date, "%.60s", value);
}

static sund_code one_line(obo *r, char *line, sund_err *err)
{
    size_t n = strcspn(line, ":");
    char  *value;

    if (!line[0] || line[0] == '!')
        return SUND_OK;
    if (line[0] == '[') {
        r->in_header = false;
        r->in_term = strncmp(line, "[Term]", 6) == 0;
        r->known |= r->in_term;
        r->term = SUND_ONTO_NONE;
        return SUND_OK;
    }
    if (!r->known && !line[n])
        return bad(r, line[0] == '<' ? "is a page in HTML or XML, not an ontology: take the file in OBO or obographs JSON"
                                     : "is neither OBO (a line 'format-version: 1.2'), nor obographs JSON, nor a table with the columns id, name, parents or subject, predicate, object", err);
    if (!line[n])
        return bad(r, "'tag: value' or a '[Term]' line is expected", err);
    value = line + n + 1;
    value += strspn(value, " \t");
    if (r->in_header)
        header_line(r, line, n, value);
    else if (r->in_term)
        return term_line(r, line, n, value, err);
    return SUND_OK;
}

sund_code onto_read_obo(onto_builder *b, char *text, size_t n, sund_err *err)
{
    obo   r = { .b = b, .in_header = true, .term = SUND_ONTO_NONE };
    char *end = text + n;

    while (text < end) {
        char *nl = memchr(text, '\n', (size_t) (end - text)), *stop = nl ? nl : end;

        r.line++;
        *stop = 0;
        while (stop > text && (stop[-1] == '\r' || stop[-1] == ' '))
            *--stop = 0;
        SUND_TRY(one_line(&r, text, err));
        text = nl ? nl + 1 : end;
    }
    if (!r.known)
        return bad(&r, "is neither OBO (a line 'format-version: 1.2'), nor obographs JSON, nor a table with the columns id, name, parents or subject, predicate, object", err);
    if (!b->version[0])
        onto_version(b, r.date, strlen(r.date));
    return SUND_OK;
}
