#include "people/cohort_priv.h"

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

static size_t parse_term(parser *p)
{
    size_t at;

    if (is_word(p, "withdrawn") || is_word(p, "all")) {
        at = new_node(p, is_word(p, "all") ? NODE_ALL : NODE_WITHDRAWN);
        next_token(p);
        return at;
    }
    if (is_word(p, "has")) {
        at = new_node(p, NODE_HAS);
        next_token(p);
        if (p->kind != T_WORD || !strchr(p->word, ':') || p->word[0] == ':' || p->word[strlen(p->word) - 1] == ':')
            fail(p, "a code such as ICD10:E11 behind 'has'");
        memcpy(p->c->node[at].name, p->word, sizeof p->word);
        next_token(p);
        return at;
    }
    if (p->kind != T_WORD || !name_ok(p->word) || is_word(p, "and") || is_word(p, "or") || is_word(p, "in")) {
        fail(p, "a variable, 'has CODE', 'all', 'not' or '('");
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

static void print_node(const sund_cohort *c, size_t at, sund_buf *out);

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *) a, *(char *const *) b); }

/** Operands of a chain, those of an inner chain of the same kind among them, as texts. */
static size_t collect(const sund_cohort *c, size_t at, char **text, size_t n, size_t max)
{
    node_kind kind = c->node[at].kind;

    for (size_t k = c->node[at].child; k && n < max; k = c->node[k].next) {
        size_t operand = c->node[k].child;

        if (c->node[operand].kind == kind && c->node[operand].child && c->node[c->node[operand].child].kind == NODE_AND && c->node[operand].n_value == 0) {
            n = collect(c, operand, text, n, max);
        }
        else {
            sund_buf b = { 0 };
            bool     wrap = c->node[operand].kind == NODE_OR || c->node[operand].kind == NODE_AND;

            sund_buf_text(&b, wrap ? "(" : "");
            print_node(c, operand, &b);
            sund_buf_text(&b, wrap ? ")" : "");
            sund_buf_nul(&b);
            text[n++] = (char *) b.p;
        }
    }
    return n;
}

static void print_chain(const sund_cohort *c, size_t at, sund_buf *out)
{
    char  **text = calloc(4 * COHORT_TERMS_MAX, sizeof *text);
    size_t  n = text ? collect(c, at, text, 0, 4 * COHORT_TERMS_MAX) : 0;
    bool    first = true;

    if (!text) {
        out->bad = true;
        return;
    }
    qsort(text, n, sizeof *text, by_text);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(text[i], text[i - 1]) != 0) {
            sund_buf_text(out, first ? "" : c->node[at].kind == NODE_OR ? " or " : " and ");
            sund_buf_text(out, text[i]);
            first = false;
        }
    }
    for (size_t i = 0; i < n; i++)
        free(text[i]);
    free(text);
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

static void print_node(const sund_cohort *c, size_t at, sund_buf *out)
{
    static const char *const op[] = { "=", "!=", "<", "<=", ">", ">=" };
    const cohort_node       *n = &c->node[at];
    bool                     wrap;

    switch (n->kind) {
    case NODE_OR:
    case NODE_AND: print_chain(c, at, out); return;
    case NODE_NOT:
        if (c->node[n->child].kind == NODE_NOT) { /* twice is not at all */
            print_node(c, c->node[n->child].child, out);
            return;
        }
        wrap = c->node[n->child].kind == NODE_OR || c->node[n->child].kind == NODE_AND;
        sund_buf_text(out, wrap ? "not (" : "not ");
        print_node(c, n->child, out);
        sund_buf_text(out, wrap ? ")" : "");
        return;
    case NODE_COMPARE: sund_buf_printf(out, "%s %s %s", n->name, op[n->op], n->value[0]); return;
    case NODE_IN: print_in(n, out); return;
    case NODE_HAS: sund_buf_printf(out, "has %s", n->name); return;
    case NODE_WITHDRAWN: sund_buf_text(out, "withdrawn"); return;
    case NODE_ALL:
    default: sund_buf_text(out, "all"); return;
    }
}

void sund_cohort_print(const sund_cohort *c, sund_buf *out) { print_node(c, c->root, out); }
