#ifndef SUND_BASE_XML_H
#define SUND_BASE_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/** XML that others wrote, piece by piece, in memory that does not grow with it. Refused: a DOCTYPE
 *  (so there are no entities but XML's own five), more than SUND_XML_DEPTH levels, a tag or comment
 *  longer than SUND_XML_TAG bytes, and what makes the parser hold more than SUND_XML_HELD bytes,
 *  such as ever new names. Several parsers of one thread share the last bound. */
enum { SUND_XML_DEPTH = 64, SUND_XML_TAG = 1 << 20, SUND_XML_HELD = 32 << 20 };

/** Where the document goes. attribute: name, value, name, value, NULL. line counts from 1. Text may
 *  come in several pieces. The first that fails ends the reading. */
typedef struct sund_xml_to {
    void *ctx;
    sund_code (*open)(void *ctx, const char *element, const char *const *attribute, size_t line,
                      sund_err *err);
    sund_code (*close)(void *ctx, sund_err *err);
    void (*text)(void *ctx, const char *s, size_t n);
} sund_xml_to;

/** Owns: sund_xml_free(), safe on NULL. name: of the file, for errors; it and to have to stay. */
typedef struct sund_xml sund_xml;
sund_code               sund_xml_new(sund_xml **x, const char *name, const sund_xml_to *to,
                                     sund_err *err) SUND_MUST_CHECK;
/** The next bytes of the document; last: there are no more. Errors: SUND_E_FORMAT naming file and
 *  line, SUND_E_LIMIT, what `to` gave. After an error only sund_xml_free() is allowed. */
sund_code               sund_xml_feed(sund_xml *x, const void *p, size_t n, bool last,
                                      sund_err *err) SUND_MUST_CHECK;
void                    sund_xml_free(sund_xml *x);

/** An attribute's value, or NULL. */
const char *sund_xml_attribute(const char *const *attribute, const char *name);

#endif
