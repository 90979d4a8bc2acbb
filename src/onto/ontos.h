#ifndef SUND_ONTO_ONTOS_H
#define SUND_ONTO_ONTOS_H

#include "onto/onto.h"

/** The ontologies of a home, in one SQLite file (ontologies.db): one of each prefix, the last that was loaded. They are read when first asked for, and again when another process has
 *  loaded a newer one. Any thread may ask. Owns: sund_ontos_close(), safe on NULL. */
typedef struct sund_ontos sund_ontos;
sund_code sund_ontos_open(sund_ontos **s, const char *path, sund_err *err) SUND_MUST_CHECK;
void      sund_ontos_close(sund_ontos *s);
/** Keeps it in the place of the one of its prefix, whole or not at all. */
sund_code sund_ontos_put(sund_ontos *s, const sund_onto *o, sund_err *err) SUND_MUST_CHECK;
sund_code sund_ontos_drop(sund_ontos *s, const char *prefix, sund_err *err) SUND_MUST_CHECK; /**< SUND_E_NOT_FOUND */
/** The ontology of a prefix, or of a code's prefix; *o NULL when none is loaded. Each one that was given goes back by sund_onto_free(). s may be NULL: there is none. */
sund_code sund_ontos_get(sund_ontos *s, const char *code, const sund_onto **o, sund_err *err) SUND_MUST_CHECK;
/** What is there, by prefix: *n of it, from malloc; each line's time of loading in time (2026-11-24T02:14:35Z). */
typedef struct sund_ontos_entry { sund_onto_info info; char time[24]; } sund_ontos_entry;
sund_code sund_ontos_list(sund_ontos *s, sund_ontos_entry **list, size_t *n, sund_err *err) SUND_MUST_CHECK;
/** A number that is another one once another connection has loaded something. */
sund_code sund_ontos_version(sund_ontos *s, int64_t *out, sund_err *err) SUND_MUST_CHECK;

#endif
