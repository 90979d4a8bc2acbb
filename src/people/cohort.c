#include "people/cohort_priv.h"

#include "base/ini.h"
#include "onto/onto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum token_kind { T_END, T_WORD, T_OP, T_OPEN, T_CLOSE, T_COMMA, T_BAD } token_kind;

typedef struct parser {
    const char  *text, *at;
    token_kind   kind;
    char         word[COHORT_WORD_MAX + 1];
    compare_op   op;
    size_t       column; /* of the token, 1-based */
    sund_cohort *c;
    sund_err    *err;
    bool         failed;
} parser;

static bool word_char(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == ':' || c == '-'; }

static void fail(parser *p, const char *expected)
{
    if (!p->failed)
        (void) sund_fail(p->err, SUND_E_FORMAT, "cohort, column %zu: %s is expected", p->column, expected);
    p->failed = true;
}

static void next_token(parser *p)
{
    size_t n = 0;

    while (*p->at == ' ')
        p->at++;
    p->column = (size_t) (p->at - p->text) + 1;
    if (word_char(*p->at)) {
        while (word_char(p->at[n]))
            n++;
        p->kind = n <= COHORT_WORD_MAX ? T_WORD : T_BAD;
        (void) snprintf(p->word, sizeof p->word, "%.*s", (int) (n < COHORT_WORD_MAX ? n : COHORT_WORD_MAX), p->at);
        p->at += n;
        return;
    }
    switch (*p->at) {
    case 0: p->kind = T_END; return;
    case '(': p->kind = T_OPEN; break;
    case ')': p->kind = T_CLOSE; break;
    case ',': p->kind = T_COMMA; break;
    case '=': p->kind = T_OP; p->op = OP_EQ; break;
    case '<': p->kind = T_OP; p->op = p->at[1] == '=' ? OP_LE : OP_LT; break;
    case '>': p->kind = T_OP; p->op = p->at[1] == '=' ? OP_GE : OP_GT; break;
    case '!': p->kind = p->at[1] == '=' ? T_OP : T_BAD; p->op = OP_NE; break;
    default: p->kind = T_BAD; return;
    }
    p->at += p->kind == T_OP && (p->op == OP_NE || p->op == OP_LE || p->op == OP_GE) ? 2 : 1;
}

static bool is_word(const parser *p, const char *w) { return p->kind == T_WORD && strcmp(p->word, w) == 0; }

static size_t new_node(parser *p, node_kind kind)
{
    if (p->c->n_node > 4 * COHORT_TERMS_MAX) {
        fail(p, "a definition of at most 256 terms");
        return 0;
    }
    p->c->node[p->c->n_node] = (cohort_node){ .kind = kind };
    return p->c->n_node++;
}

static size_t parse_or(parser *p, unsigned depth);

static void add_value(parser *p, size_t at)
{
    cohort_node *n = &p->c->node[at];
    void        *v;

    if (p->kind != T_WORD || n->n_value == COHORT_VALUES_MAX) {
        fail(p, "a value");
        return;
    }
    v = realloc(n->value, (n->n_value + 1) * sizeof *n->value);
    if (!v) {
        fail(p, "more memory");
        return;
    }
    n->value = v;
    memcpy(n->value[n->n_value++], p->word, sizeof p->word);
    next_token(p);
}

/** "variable in (a, b)" behind the word in. */
static void parse_list(parser *p, size_t at)
{
    next_token(p);
    if (p->kind != T_OPEN) {
        fail(p, "'(' behind 'in'");
        return;
    }
    do {
        next_token(p);
        add_value(p, at);
    } while (!p->failed && p->kind == T_COMMA);
    if (p->kind != T_CLOSE)
        fail(p, "',' or ')'");
    next_token(p);
}

static bool name_ok(const char *s)
{
    if (*s < 'a' || *s > 'z')
        return false;
    for (; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '_'))
            return false;
    return true;
}

/** "onset < 40" behind what is had. */
static void parse_onset(parser *p, size_t at)
{
    next_token(p);
    if (p->kind != T_OP) {
        fail(p, "=, !=, <, <=, > or >= behind 'onset'");
        return;
    }
    p->c->node[at].by_onset = true;
    p->c->node[at].op = p->op;
    next_token(p);
    if (p->kind != T_WORD || !sund_parse_i64(p->word, 0, 150, &p->c->node[at].years))
        fail(p, "an age in whole years, 0 to 150,");
    next_token(p);
}

static bool is_code(const parser *p) { return p->kind == T_WORD && strchr(p->word, ':') && p->word[0] != ':' && p->word[strlen(p->word) - 1] != ':'; }

static size_t parse_has(parser *p)
{
    size_t           at = new_node(p, NODE_HAS);
    sund_record_kind kind;
    char             code[SUND_CODE_MAX + 1];
    bool             any;

    next_token(p);
    any = is_word(p, "any");
    p->c->node[at].exactly = is_word(p, "exactly");
    if (any || p->c->node[at].exactly)
        next_token(p);
    kind = p->kind == T_WORD ? sund_record_kind_of(p->word) : SUND_RECORD_ANY;
    p->c->node[at].record = kind;
    if (kind != SUND_RECORD_ANY)
        next_token(p);
    else if (any)
        fail(p, "a kind such as disease or phenotype behind 'any'");
    if (!any) {
        if (!is_code(p))
            fail(p, "a code such as ICD10:E11 behind 'has'");
        else if (sund_onto_code(p->word, strlen(p->word), code)) /* one spelling of its prefix */
            memcpy(p->c->node[at].name, code, sizeof code);
        else
            memcpy(p->c->node[at].name, p->word, sizeof p->word);
        next_token(p);
    }
    if (is_word(p, "onset"))
        parse_onset(p, at);
    return at;
}

static size_t parse_term(parser *p)
{
    size_t at;

    if (is_word(p, "withdrawn") || is_word(p, "all")) {
        at = new_node(p, is_word(p, "all") ? NODE_ALL : NODE_WITHDRAWN);
        next_token(p);
        return at;
    }
    if (is_word(p, "has"))
        return parse_has(p);
    if (is_word(p, "known")) {
        at = new_node(p, NODE_KNOWN);
        next_token(p);
        if (p->kind != T_WORD || !name_ok(p->word))
            fail(p, "a variable behind 'known'");
        memcpy(p->c->node[at].name, p->word, sizeof p->word);
        next_token(p);
        return at;
    }
    if (p->kind != T_WORD || !name_ok(p->word) || is_word(p, "and") || is_word(p, "or") || is_word(p, "in")) {
        fail(p, "a variable, 'has CODE', 'known VARIABLE', 'all', 'not' or '('");
        return 0;
    }
    at = new_node(p, NODE_COMPARE);
    memcpy(p->c->node[at].name, p->word, sizeof p->word);
    next_token(p);
    if (is_word(p, "in")) {
        p->c->node[at].kind = NODE_IN;
        parse_list(p, at);
    }
    else if (p->kind == T_OP) {
        p->c->node[at].op = p->op;
        next_token(p);
        add_value(p, at);
    }
    else {
        fail(p, "=, !=, <, <=, >, >= or in");
    }
    return at;
}

static size_t parse_not(parser *p, unsigned depth)
{
    size_t at, child;

    if (depth > COHORT_DEPTH_MAX) {
        fail(p, "at most 32 levels of brackets and nots, and here");
        return 0;
    }
    if (is_word(p, "not")) {
        next_token(p);
        at = new_node(p, NODE_NOT);
        child = parse_not(p, depth + 1);
        p->c->node[at].child = child;
        return at;
    }
    if (p->kind == T_OPEN) {
        next_token(p);
        at = parse_or(p, depth + 1);
        if (p->kind != T_CLOSE)
            fail(p, "')'");
        next_token(p);
        return at;
    }
    return parse_term(p);
}

/** Operands joined by one word; a single one stands for itself. */
static size_t parse_chain(parser *p, unsigned depth, bool is_or)
{
    size_t first = 0, last = 0, at, joined;

    for (;;) {
        size_t operand = is_or ? parse_chain(p, depth, false) : parse_not(p, depth);

        if (p->failed)
            return 0;
        /* an operand may be shared with no chain yet, so its next is free */
        at = new_node(p, NODE_AND);
        p->c->node[at].child = operand;
        if (last)
            p->c->node[last].next = at;
        else
            first = at;
        last = at;
        if (p->failed || !is_word(p, is_or ? "or" : "and"))
            break;
        next_token(p);
    }
    if (first == last)
        return p->c->node[first].child;
    joined = new_node(p, is_or ? NODE_OR : NODE_AND);
    p->c->node[joined].child = first;
    return joined;
}

static size_t parse_or(parser *p, unsigned depth) { return parse_chain(p, depth, true); }

sund_code sund_cohort_parse(sund_cohort **out, const char *text, sund_err *err)
{
    parser p = { .text = text, .at = text, .err = err };

    if (strlen(text) > COHORT_TEXT_MAX)
        return sund_fail(err, SUND_E_LIMIT, "cohort: more than %d bytes", COHORT_TEXT_MAX);
    p.c = calloc(1, sizeof *p.c);
    if (p.c)
        p.c->node = calloc(4 * COHORT_TERMS_MAX + 8, sizeof *p.c->node);
    if (!p.c || !p.c->node) {
        sund_cohort_free(p.c);
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    }
    p.c->n_node = 1;
    next_token(&p);
    p.c->root = parse_or(&p, 0);
    if (!p.failed && p.kind != T_END)
        fail(&p, "'and', 'or' or the end");
    if (p.failed) {
        sund_cohort_free(p.c);
        return SUND_E_FORMAT;
    }
    *out = p.c;
    return SUND_OK;
}

void sund_cohort_free(sund_cohort *c)
{
    if (!c)
        return;
    for (size_t i = 0; c->node && i < c->n_node; i++)
        free(c->node[i].value);
    free(c->node);
    free(c);
}

/* ---- one spelling ---- */

/** What a part of a definition comes to: a chain of two or more different operands, sorted, those of inner chains of the same kind among them; or one
 *  text (a negation keeps what it negates, for twice is not at all). Texts are NUL-terminated, operands of a chain in brackets where they are chains. */
typedef struct form { node_kind kind; size_t n; char **text; struct form *negated; } form;

static void form_free(form *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->text[i]);
    free(f->text);
    if (f->negated) {
        form_free(f->negated);
        free(f->negated);
    }
    *f = (form){ .kind = f->kind };
}

static bool is_chain(node_kind k) { return k == NODE_OR || k == NODE_AND; }

/** Takes over the buffer. */
static void form_add(form *f, sund_buf *b, bool *bad)
{
    char **more = realloc(f->text, (f->n + 1) * sizeof *more);

    sund_buf_nul(b);
    f->text = more ? more : f->text;
    if (!more || b->bad) {
        *bad = true;
        sund_buf_free(b);
        return;
    }
    f->text[f->n++] = (char *) b->p;
}

static void form_print(const form *f, bool bracketed, sund_buf *out)
{
    bool wrap = bracketed && is_chain(f->kind);

    sund_buf_text(out, wrap ? "(" : "");
    for (size_t i = 0; i < f->n; i++) {
        sund_buf_text(out, i == 0 ? "" : f->kind == NODE_OR ? " or " : " and ");
        sund_buf_text(out, f->text[i]);
    }
    sund_buf_text(out, wrap ? ")" : "");
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *) a, *(char *const *) b); }

static void sort_and_join_same(form *f)
{
    size_t n = 0;

    if (f->n)
        qsort(f->text, f->n, sizeof *f->text, by_text);
    for (size_t i = 0; i < f->n; i++) {
        if (n && strcmp(f->text[i], f->text[n - 1]) == 0)
            free(f->text[i]);
        else
            f->text[n++] = f->text[i];
    }
    f->n = n;
}

static form form_of(const sund_cohort *c, size_t at, bool *bad);

static form form_of_chain(const sund_cohort *c, size_t at, bool *bad)
{
    form all = { .kind = c->node[at].kind }, one = { .kind = NODE_ALL };

    for (size_t k = c->node[at].child; k; k = c->node[k].next) {
        form f = form_of(c, c->node[k].child, bad);

        if (f.kind == all.kind) {
            for (size_t i = 0; i < f.n; i++) {
                sund_buf b = { 0 };

                sund_buf_text(&b, f.text[i]);
                form_add(&all, &b, bad);
            }
        }
        else {
            sund_buf b = { 0 };

            form_print(&f, true, &b);
            form_add(&all, &b, bad);
        }
        form_free(&one);
        one = f;
    }
    sort_and_join_same(&all);
    if (all.n != 1) {
        form_free(&one);
        return all;
    }
    form_free(&all); /* every operand says the same: the chain is that operand */
    return one;
}

static form form_of_not(const sund_cohort *c, size_t at, bool *bad)
{
    form     f = form_of(c, c->node[at].child, bad), out = { .kind = NODE_NOT };
    sund_buf b = { 0 };

    if (f.kind == NODE_NOT && f.negated) {
        out = *f.negated;
        free(f.negated);
        f.negated = NULL;
        form_free(&f);
        return out;
    }
    sund_buf_text(&b, "not ");
    form_print(&f, true, &b);
    form_add(&out, &b, bad);
    out.negated = malloc(sizeof *out.negated);
    if (out.negated) {
        *out.negated = f;
        return out;
    }
    *bad = true;
    form_free(&f);
    return out;
}

static int by_value(const void *a, const void *b) { return strcmp(a, b); }

static void print_in(const cohort_node *n, sund_buf *out)
{
    char (*v)[COHORT_WORD_MAX + 1] = calloc(n->n_value, sizeof *v);

    if (!v) {
        out->bad = true;
        return;
    }
    memcpy(v, n->value, n->n_value * sizeof *v);
    qsort(v, n->n_value, sizeof *v, by_value);
    sund_buf_printf(out, "%s in (", n->name);
    for (size_t i = 0; i < n->n_value; i++)
        if (i == 0 || strcmp(v[i], v[i - 1]) != 0)
            sund_buf_printf(out, "%s%s", i ? ", " : "", v[i]);
    sund_buf_text(out, ")");
    free(v);
}

static const char *const op_text[] = { "=", "!=", "<", "<=", ">", ">=" };

static void print_has(const cohort_node *n, sund_buf *out)
{
    const char *kind = sund_record_word(n->record);

    sund_buf_printf(out, "has %s%s%s%s", n->exactly ? "exactly " : n->name[0] ? "" : "any ", kind, kind[0] && n->name[0] ? " " : "", n->name);
    if (n->by_onset)
        sund_buf_printf(out, " onset %s %lld", op_text[n->op], (long long) n->years);
}

static form form_of(const sund_cohort *c, size_t at, bool *bad)
{
    const cohort_node       *n = &c->node[at];
    form                     f = { .kind = n->kind };
    sund_buf                 b = { 0 };

    switch (n->kind) {
    case NODE_OR:
    case NODE_AND: return form_of_chain(c, at, bad);
    case NODE_NOT: return form_of_not(c, at, bad);
    case NODE_COMPARE: sund_buf_printf(&b, "%s %s %s", n->name, op_text[n->op], n->value[0]); break;
    case NODE_IN: print_in(n, &b); break;
    case NODE_HAS: print_has(n, &b); break;
    case NODE_KNOWN: sund_buf_printf(&b, "known %s", n->name); break;
    case NODE_WITHDRAWN: sund_buf_text(&b, "withdrawn"); break;
    case NODE_ALL:
    default: sund_buf_text(&b, "all"); break;
    }
    form_add(&f, &b, bad);
    return f;
}

void sund_cohort_print(const sund_cohort *c, sund_buf *out)
{
    bool bad = false;
    form f = form_of(c, c->root, &bad);

    form_print(&f, false, out);
    out->bad |= bad;
    form_free(&f);
}

static bool knows(const sund_cohort *c, size_t at, const char *variable)
{
    const cohort_node *n = &c->node[at];
    bool               yes = false;

    if (n->kind == NODE_AND)
        for (size_t k = n->child; k && !yes; k = c->node[k].next)
            yes = knows(c, c->node[k].child, variable);
    return yes || ((n->kind == NODE_COMPARE || n->kind == NODE_IN || n->kind == NODE_KNOWN) && strcmp(n->name, variable) == 0);
}

bool sund_cohort_knows(const sund_cohort *c, const char *variable) { return knows(c, c->root, variable); }
