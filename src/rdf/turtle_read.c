#include "rdf/turtle.h"

#include "base/file.h"
#include "base/text.h"
#include "rdf/vocab.h"

#include <serd/serd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* serd calls itself for what is nested. It tells each triple before it goes down, so the stack is measured where triples arrive: a few hundred levels. */
enum { STACK_MAX = 1 << 17, FILE_MAX = 8 << 20 };

typedef struct reading {
    sund_graph   *g;
    SerdEnv      *env;
    SerdReader   *reader;
    const char   *name, *p;
    size_t        left;
    const char   *stack; /* where reading began */
    size_t        line, file; /* file: blank nodes of one text are not those of another */
    sund_err     *err;
    sund_code     rc;
} reading;

static SerdStatus fail(reading *r, sund_code code, const char *why)
{
    if (r->rc == SUND_OK)
        r->rc = sund_fail(r->err, code, "%s:%zu: %s", r->name, r->line, why);
    return SERD_ERR_BAD_SYNTAX;
}

static size_t give(void *buf, size_t size, size_t nmemb, void *stream)
{
    reading *r = stream;
    size_t   n = size * nmemb < r->left ? size * nmemb : r->left;

    if (n == 0)
        return 0;
    memcpy(buf, r->p, n);
    for (size_t i = 0; i < n; i++)
        r->line += r->p[i] == '\n';
    r->p += n;
    r->left -= n;
    return n;
}

static int no_trouble(void *stream)
{
    (void) stream;
    return 0;
}

static SerdStatus on_error(void *handle, const SerdError *e)
{
    reading *r = handle;
    char     what[200] = "";

    if (r->rc == SUND_OK) {
        va_list args;
        va_copy(args, *e->args);
        (void) vsnprintf(what, sizeof what, e->fmt, args);
        va_end(args);
        what[strcspn(what, "\n")] = 0;
        r->rc = sund_fail(r->err, SUND_E_FORMAT, "%s:%u: is not Turtle: %s", r->name, e->line, what);
        if (r->err)
            sund_text_clean(r->err->msg);
    }
    return SERD_SUCCESS;
}

static SerdStatus on_base(void *handle, const SerdNode *uri)
{
    reading *r = handle;

    return serd_env_set_base_uri(r->env, uri) ? fail(r, SUND_E_FORMAT, "a base that is no IRI") : SERD_SUCCESS;
}

static SerdStatus on_prefix(void *handle, const SerdNode *name, const SerdNode *uri)
{
    reading *r = handle;

    return serd_env_set_prefix(r->env, name, uri) ? fail(r, SUND_E_FORMAT, "a prefix that is no IRI") : SERD_SUCCESS;
}

/** The full IRI of a node; "" for none. */
static void full_iri(const reading *r, const SerdNode *n, sund_buf *out)
{
    SerdNode full = serd_env_expand_node(r->env, n);

    sund_buf_clear(out);
    if (full.buf)
        sund_buf_text(out, (const char *) full.buf);
    sund_buf_nul(out);
    serd_node_free(&full);
}

static sund_term to_term(reading *r, const SerdNode *n, const SerdNode *datatype, const SerdNode *lang)
{
    sund_buf  iri = { 0 };
    char      label[200];
    sund_term t = 0;

    if (n->type == SERD_BLANK) {
        (void) snprintf(label, sizeof label, "%zu.%.180s", r->file, (const char *) n->buf);
        return strlen((const char *) n->buf) > 180 ? 0 : sund_graph_blank(r->g, label);
    }
    if (n->type == SERD_LITERAL && lang && lang->buf)
        return sund_graph_lang(r->g, (const char *) n->buf, (const char *) lang->buf);
    if (n->type == SERD_LITERAL && !(datatype && datatype->buf))
        return sund_graph_text(r->g, (const char *) n->buf);
    full_iri(r, n->type == SERD_LITERAL ? datatype : n, &iri);
    if (iri.n == 0 && !iri.bad)
        (void) fail(r, SUND_E_FORMAT, "a name whose prefix is not declared");
    else if (iri.bad)
        (void) fail(r, SUND_E_NOMEM, "out of memory");
    else if (n->type == SERD_LITERAL)
        t = sund_graph_typed(r->g, (const char *) n->buf, (const char *) iri.p);
    else
        t = sund_graph_iri(r->g, (const char *) iri.p);
    sund_buf_free(&iri);
    return t;
}

static SerdStatus on_statement(void *handle, SerdStatementFlags flags, const SerdNode *graph, const SerdNode *s, const SerdNode *p, const SerdNode *o,
                               const SerdNode *datatype, const SerdNode *lang)
{
    reading    *r = handle;
    const char *here = __builtin_frame_address(0);
    sund_err    e = { .code = SUND_OK };

    (void) flags;
    (void) graph;
    if (r->rc != SUND_OK)
        return SERD_ERR_BAD_SYNTAX;
    if (r->stack - here > STACK_MAX || here - r->stack > STACK_MAX)
        return fail(r, SUND_E_LIMIT, "brackets within brackets too many times over");
    sund_term ts = to_term(r, s, NULL, NULL), tp = to_term(r, p, NULL, NULL), to = to_term(r, o, datatype, lang);
    if (ts && tp && to)
        sund_graph_add(r->g, ts, tp, to);
    if (sund_graph_ok(r->g, &e) != SUND_OK)
        return fail(r, e.code, e.msg);
    return ts && tp && to ? SERD_SUCCESS : fail(r, SUND_E_FORMAT, "a blank node's label of more than 180 bytes");
}

static sund_code read_all(reading *r)
{
    SerdStatus st = serd_reader_start_source_stream(r->reader, give, no_trouble, r, (const uint8_t *) r->name, 1); /* a byte at a time: the line that a triple ends on is known */

    while (st == SERD_SUCCESS && r->rc == SUND_OK)
        st = serd_reader_read_chunk(r->reader);
    (void) serd_reader_end_stream(r->reader);
    if (r->rc == SUND_OK && st > SERD_FAILURE)
        (void) fail(r, SUND_E_FORMAT, (const char *) serd_strerror(st));
    if (r->rc == SUND_OK && r->left)
        (void) fail(r, SUND_E_FORMAT, "is not Turtle to its end");
    return r->rc;
}

sund_code sund_turtle_read(sund_graph *g, const char *name, const void *p, size_t n, const char *base, sund_err *err)
{
    reading  r = { .g = g, .name = name, .p = p, .left = n, .stack = __builtin_frame_address(0), .err = err, .line = 1, .file = sund_graph_n_term(g) };
    SerdNode root = base ? serd_node_from_string(SERD_URI, (const uint8_t *) base) : SERD_NODE_NULL;

    SUND_TRY(sund_graph_ok(g, err));
    if (n && memchr(p, 0, n))
        return sund_fail(err, SUND_E_FORMAT, "%s: holds a NUL byte: not Turtle", name);
    if (!sund_utf8_ok(p, n))
        return sund_fail(err, SUND_E_FORMAT, "%s: is not valid UTF-8", name);
    r.env = serd_env_new(&root);
    r.reader = r.env ? serd_reader_new(SERD_TURTLE, &r, NULL, on_base, on_prefix, on_statement, NULL) : NULL;
    if (!r.reader) {
        serd_env_free(r.env);
        return sund_fail(err, SUND_E_NOMEM, "%s: out of memory", name);
    }
    serd_reader_set_strict(r.reader, true);
    serd_reader_set_error_sink(r.reader, on_error, &r);
    (void) read_all(&r);
    serd_reader_free(r.reader);
    serd_env_free(r.env);
    return r.rc;
}

sund_code sund_turtle_read_file(sund_graph *g, const char *path, const char *base, sund_err *err)
{
    sund_buf  b = { 0 };
    sund_code rc = sund_file_read(path, FILE_MAX, &b, err);

    if (rc == SUND_OK)
        rc = sund_turtle_read(g, path, b.p, b.n, base, err);
    sund_buf_free(&b);
    return rc;
}
