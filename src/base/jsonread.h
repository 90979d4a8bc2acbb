#ifndef SUND_BASE_JSONREAD_H
#define SUND_BASE_JSONREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/** JSON that others wrote: one value of RFC 8259, in UTF-8, no member twice, no NUL in a string, nothing behind it. Integers are those of 64 bits, reals are finite. At most
 *  SUND_JSON_DEPTH levels. Takes 40 bytes a value, of which there is one for each two bytes at most, and the text once more: the caller bounds n. Errors: SUND_E_FORMAT with line and column
 *  (in bytes), SUND_E_LIMIT for the depth, SUND_E_NOMEM.
 *  Owns: sund_jval_free() for what sund_json_read() gave, safe on NULL; what the others give points into it. All of them take NULL, and what is of another kind is
 *  as what is not there: a chain of them needs no checks between. */
enum { SUND_JSON_DEPTH = 64 };
typedef struct sund_jval sund_jval;
sund_code sund_json_read(const void *p, size_t n, sund_jval **out, sund_err *err) SUND_MUST_CHECK;
void      sund_jval_free(sund_jval *v);

typedef enum sund_jkind { SUND_J_NONE, SUND_J_NULL, SUND_J_BOOL, SUND_J_INT, SUND_J_REAL, SUND_J_STRING, SUND_J_ARRAY, SUND_J_OBJECT } sund_jkind;
sund_jkind       sund_j_kind(const sund_jval *v);
const sund_jval *sund_j_get(const sund_jval *object, const char *name);
const sund_jval *sund_j_at(const sund_jval *array, size_t i);
size_t           sund_j_n(const sund_jval *v);                   /**< elements of an array, members of an object; else 0 */
const char      *sund_j_str(const sund_jval *v);                 /**< valid UTF-8, or NULL */
const char      *sund_j_text(const sund_jval *object, const char *name); /**< a string member, or NULL */
bool             sund_j_int(const sund_jval *v, int64_t *out);
bool             sund_j_real(const sund_jval *v, double *out);   /**< an integer too; always finite */
bool             sund_j_bool(const sund_jval *v, bool *out);
/** Members in the order in which they were written: *at NULL begins; NULL at the end. */
const sund_jval *sund_j_next(const sund_jval *object, void **at, const char **name);

#endif
