#ifndef SUND_BASE_GZ_H
#define SUND_BASE_GZ_H

#include "base/buf.h"
#include "base/err.h"

/** Files that may be gzip's (of one member or many, bgzip's too) or plain: what they are is seen by their first bytes. */

bool      sund_gz_is(const void *p, size_t n);
/** What is packed in p, into out (replaced), with a NUL behind that is not counted. Errors: SUND_E_FORMAT for what is cut short or damaged, SUND_E_LIMIT above max bytes, SUND_E_NOMEM. */
sund_code sund_gunzip(const void *p, size_t n, size_t max, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
/** As sund_file_read(), with a NUL behind that is not counted, and unpacked where the file is packed; packed and unpacked have at most max bytes. */
sund_code sund_gz_read(const char *path, size_t max, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

/** Line by line, whatever the file's size: each at most cap - 2 bytes. Owns: sund_gz_close(), safe on NULL. */
typedef struct sund_gz sund_gz;
sund_code sund_gz_open(sund_gz **g, const char *path, sund_err *err) SUND_MUST_CHECK;
void      sund_gz_close(sund_gz *g);
/** The next bytes, at most cap, into p; *n 0 behind the last. Errors: SUND_E_FORMAT for a file that is cut short or damaged, SUND_E_IO. */
sund_code sund_gz_piece(sund_gz *g, void *p, size_t cap, size_t *n, sund_err *err) SUND_MUST_CHECK;
/** The next line without its end (LF or CRLF) into line; *more false behind the last. Errors: SUND_E_LIMIT for a line that is too long, SUND_E_FORMAT for one with a NUL and a file that is cut short. */
sund_code sund_gz_line(sund_gz *g, char *line, size_t cap, bool *more, sund_err *err) SUND_MUST_CHECK;

#endif
