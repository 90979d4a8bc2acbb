#include "base/xml.h"

#include <expat.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct sund_xml {
    XML_Parser         p;
    const char        *name;
    const sund_xml_to *to;
    size_t             depth;
    uint64_t           fed;
    sund_code          rc; /* why it was stopped */
    sund_err          *err;
};

/* expat keeps every name of an element or attribute that it has seen. What it holds is counted, for
 * its allocator is given no context, by thread. */
static _Thread_local size_t held;

typedef union block {
    size_t      n;
    max_align_t align;
} block;

static void *again(void *p, size_t n)
{
    block *b = p ? (block *) p - 1 : NULL;
    size_t was = b ? b->n : 0;

    if (n > SUND_XML_HELD || held - was + n > SUND_XML_HELD)
        return NULL;
    b = realloc(b, sizeof *b + n);
    if (!b)
        return NULL;
    held = held - was + n;
    b->n = n;
    return b + 1;
}

static void *get(size_t n) { return again(NULL, n); }

static void give(void *p)
{
    if (!p)
        return;
    held -= ((block *) p - 1)->n;
    free((block *) p - 1);
}

static void stop(sund_xml *x, sund_code rc)
{
    x->rc = rc;
    (void) XML_StopParser(x->p, XML_FALSE);
}

static unsigned long line_of(const sund_xml *x) { return XML_GetCurrentLineNumber(x->p); }

static void XMLCALL on_open(void *ctx, const char *element, const char **attribute)
{
    sund_xml *x = ctx;
    sund_code rc;

    if (x->rc != SUND_OK) /* expat may still report the end of an element it has stopped in */
        return;
    if (x->depth == SUND_XML_DEPTH) {
        stop(x, sund_fail(x->err, SUND_E_LIMIT, "%s:%lu: elements are more than %d deep", x->name,
                          line_of(x), SUND_XML_DEPTH));
        return;
    }
    x->depth++;
    rc = x->to->open(x->to->ctx, element, (const char *const *) attribute, line_of(x), x->err);
    if (rc != SUND_OK)
        stop(x, rc);
}

static void XMLCALL on_close(void *ctx, const char *element)
{
    sund_xml *x = ctx;
    sund_code rc;

    (void) element;
    if (x->rc != SUND_OK)
        return;
    x->depth--;
    rc = x->to->close(x->to->ctx, x->err);
    if (rc != SUND_OK)
        stop(x, rc);
}

static void XMLCALL on_text(void *ctx, const char *s, int n)
{
    sund_xml *x = ctx;

    if (x->rc == SUND_OK)
        x->to->text(x->to->ctx, s, (size_t) n);
}

static void XMLCALL on_doctype(void *ctx, const char *name, const char *sys, const char *pub,
                               int own)
{
    sund_xml *x = ctx;

    (void) name, (void) sys, (void) pub, (void) own;
    stop(x, sund_fail(
                x->err, SUND_E_FORMAT,
                "%s:%lu: there is a DOCTYPE; a document that brings its own entities is not read",
                x->name, line_of(x)));
}

sund_code sund_xml_new(sund_xml **x, const char *name, const sund_xml_to *to, sund_err *err)
{
    static const XML_Memory_Handling_Suite memory = { get, again, give };
    sund_xml                              *got = calloc(1, sizeof *got);

    if (got)
        got->p = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (!got || !got->p) {
        free(got);
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    }
    got->name = name;
    got->to = to;
    XML_SetUserData(got->p, got);
    XML_SetElementHandler(got->p, on_open, on_close);
    XML_SetCharacterDataHandler(got->p, on_text);
    XML_SetStartDoctypeDeclHandler(got->p, on_doctype);
    *x = got;
    return SUND_OK;
}

void sund_xml_free(sund_xml *x)
{
    if (!x)
        return;
    XML_ParserFree(x->p);
    free(x);
}

sund_code sund_xml_feed(sund_xml *x, const void *p, size_t n, bool last, sund_err *err)
{
    const char *at = p;

    x->err = err;
    do { /* small enough for expat's int, and for the bound on a tag to be seen in time */
        size_t          m = n < (size_t) 1 << 16 ? n : (size_t) 1 << 16;
        enum XML_Status said = XML_Parse(x->p, at, (int) m, last && m == n);
        XML_Index       seen;

        if (x->rc != SUND_OK)
            return x->rc;
        if (said != XML_STATUS_OK && XML_GetErrorCode(x->p) == XML_ERROR_NO_MEMORY)
            return sund_fail(err, SUND_E_LIMIT, "%s:%lu: the parser would hold more than %d MiB",
                             x->name, line_of(x), SUND_XML_HELD >> 20);
        if (said != XML_STATUS_OK)
            return sund_fail(err, SUND_E_FORMAT, "%s:%lu: no well-formed XML: %s", x->name,
                             line_of(x), XML_ErrorString(XML_GetErrorCode(x->p)));
        x->fed += m;
        seen = XML_GetCurrentByteIndex(x->p);
        if (seen >= 0 && x->fed - (uint64_t) seen > SUND_XML_TAG)
            return sund_fail(err, SUND_E_LIMIT, "%s:%lu: a tag or comment is longer than %d bytes",
                             x->name, line_of(x), SUND_XML_TAG);
        at += m;
        n -= m;
    } while (n);
    return SUND_OK;
}

const char *sund_xml_attribute(const char *const *attribute, const char *name)
{
    for (; attribute[0]; attribute += 2)
        if (strcmp(attribute[0], name) == 0)
            return attribute[1];
    return NULL;
}
