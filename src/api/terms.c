#include "api/terms.h"

#include "base/text.h"
#include "onto/onto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 5 };

/** A line of an answer: what it is, and its fields behind that. */
typedef struct line { char what; const char *field[FIELDS - 1]; } line;
typedef struct lines { char *text; line *line; size_t n; } lines;

/** Cuts a line at its tabs; false for one that is not as it should be. */
static bool cut(char *s, line *out)
{
    static const char *const what[] = { "ontology", "term", "variable" };
    char                    *field[FIELDS];
    char                     code[SUND_CODE_MAX + 1];
    size_t                   n = 0;

    memset(out, 0, sizeof *out);
    for (char *at = s; at && n < FIELDS; n++) {
        field[n] = at;
        at = strchr(at, '\t');
        if (at)
            *at++ = 0;
    }
    for (int k = 0; n && k < 3; k++)
        if (strcmp(field[0], what[k]) == 0)
            out->what = field[0][0];
    if (!out->what || n != (out->what == 'v' ? 5u : 4u))
        return false;
    for (size_t i = 1; i < FIELDS; i++) {
        out->field[i - 1] = i < n ? field[i] : "";
        if (!sund_text_ok(out->field[i - 1]))
            return false;
    }
    return out->field[0][0] && (out->what != 't' || sund_onto_code(out->field[0], strlen(out->field[0]), code));
}

/** Ontologies first, one with a name before one without. */
static int by_what(const void *a, const void *b)
{
    const line *x = a, *y = b;
    int         c = x->what - y->what;

    c = c ? c : strcmp(x->field[0], y->field[0]);
    c = c || x->what != 'o' ? c : strcmp(x->field[1], y->field[1]); /* versions */
    return c ? c : -strcmp(x->field[2], y->field[2]);
}

/** Whether a line says what the one before it has said: of an ontology its version too, for nodes may have loaded different ones. */
static bool again(const lines *l, size_t i)
{
    const line *x = &l->line[i], *was = i ? x - 1 : NULL;

    return was && was->what == x->what && strcmp(was->field[0], x->field[0]) == 0 && (x->what != 'o' || strcmp(was->field[1], x->field[1]) == 0);
}

static sund_code read_lines(const sund_answers *a, lines *l, sund_err *err)
{
    size_t n = 0, n_line = 0;

    for (size_t i = 0; i < a->n; i++)
        if (a->row[i].shown && sund_shown_verb(a->row[i].shown) == SUND_ASK_TERMS)
            n += sund_shown_bytes(a->row[i].shown).n + 1;
    l->text = malloc(n + 1);
    if (!l->text)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    n = 0;
    for (size_t i = 0; i < a->n; i++)
        if (a->row[i].shown && sund_shown_verb(a->row[i].shown) == SUND_ASK_TERMS) {
            sund_cur c = sund_shown_bytes(a->row[i].shown);

            if (c.n)
                memcpy(l->text + n, c.p, c.n);
            n += c.n;
            l->text[n++] = '\n';
        }
    for (size_t i = 0; i < n; i++)
        n_line += l->text[i] == '\n';
    l->line = calloc(n_line + 1, sizeof *l->line);
    if (!l->line)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    l->text[n] = 0;
    for (char *at = l->text; at < l->text + n;) {
        char *nl = memchr(at, '\n', (size_t) (l->text + n - at));

        *nl = 0;
        if (cut(at, &l->line[l->n]))
            l->n++;
        at = nl + 1;
    }
    qsort(l->line, l->n, sizeof *l->line, by_what);
    return SUND_OK;
}

static void term(sund_json *j, const char *id, const char *label, const char *type, const char *values)
{
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "id", id);
    sund_json_str(j, "label", label[0] ? label : id); /* GDI's portal reads none without */
    sund_json_str(j, "type", type);
    sund_json_open(j, "scopes", '[');
    sund_json_str(j, NULL, "individual");
    sund_json_close(j, ']');
    if (values[0]) {
        sund_json_open(j, "values", '[');
        while (*values) {
            char   one[64];
            size_t n = strcspn(values, "|");

            (void) snprintf(one, sizeof one, "%.*s", (int) (n < 63 ? n : 63), values);
            sund_json_str(j, NULL, one);
            values += n + (values[n] == '|');
        }
        sund_json_close(j, ']');
    }
    sund_json_close(j, '}');
}

/** A page of them: number skip of limit each; all where limit is 0. */
static void terms(const lines *l, size_t skip, size_t limit, sund_json *j)
{
    size_t n = 0;

#define ON_PAGE() (limit == 0 || n / limit == skip)
    sund_json_open(j, "filteringTerms", '[');
    for (; n < 2; n++)
        if (ON_PAGE())
            term(j, n ? "NCIT:C20197" : "NCIT:C16576", n ? "Male" : "Female", "ontology", "");
    for (size_t i = 0; i < l->n; i++) {
        const line *x = &l->line[i];
        const char *label = x->field[2];
        char        unit[140];

        if (x->what == 'o' || again(l, i) || strcmp(x->field[0], "sex") == 0)
            continue;
        if (x->what == 'v' && label[0]) { /* in which unit values are compared */
            (void) snprintf(unit, sizeof unit, "%.63s [%.63s]", x->field[0], label);
            label = unit;
        }
        if (ON_PAGE())
            term(j, x->field[0], label, x->what == 't' ? "ontology" : "alphanumeric", x->what == 'v' ? x->field[3] : "");
        n++;
    }
#undef ON_PAGE
    sund_json_close(j, ']');
}

static void resources(const lines *l, sund_json *j)
{
    sund_json_open(j, "resources", '[');
    for (size_t i = 0; i < l->n && l->line[i].what == 'o'; i++) {
        const line *x = &l->line[i];
        char        lower[40], iri[120];

        if (again(l, i) || strlen(x->field[0]) > 16)
            continue;
        for (size_t k = 0; k <= strlen(x->field[0]); k++)
            lower[k] = x->field[0][k] >= 'A' && x->field[0][k] <= 'Z' ? (char) (x->field[0][k] - 'A' + 'a') : x->field[0][k];
        if (strcmp(x->field[0], "ORPHA") == 0)
            (void) snprintf(iri, sizeof iri, "http://www.orpha.net/ORDO/Orphanet_");
        else
            (void) snprintf(iri, sizeof iri, "http://purl.obolibrary.org/obo/%s_", x->field[0]);
        sund_json_open(j, NULL, '{');
        sund_json_str(j, "id", lower);
        sund_json_str(j, "name", x->field[2][0] ? x->field[2] : x->field[0]);
        sund_json_str(j, "nameSpacePrefix", x->field[0]);
        sund_json_str(j, "version", x->field[1]);
        sund_json_str(j, "iriPrefix", iri);
        sund_json_close(j, '}');
    }
    sund_json_close(j, ']');
}

sund_code sund_terms_list(const sund_answers *a, size_t skip, size_t limit, sund_json *j, sund_err *err)
{
    lines     l = { 0 };
    sund_code rc = read_lines(a, &l, err);

    if (rc == SUND_OK) {
        terms(&l, skip, limit, j);
        resources(&l, j);
        rc = sund_buf_ok(j->out, err);
    }
    free(l.text);
    free(l.line);
    return rc;
}
