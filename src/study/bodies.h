#ifndef SUND_STUDY_BODIES_H
#define SUND_STUDY_BODIES_H

#include "base/db.h"
#include "secagg/envelope.h"

/** Bodies of a study's messages, on disk. One of at most SUND_BODY_IN_ROW bytes lies in its message's row of the database. A larger one, a vector or a result, is
 *  a file beside the database, DATABASE-bodies/STUDY.KIND/DIGEST: a database would write its megabytes twice. Its row then holds none. A file is on disk
 *  before its row is; what a killed process left without a row is written over, or goes when its kind is dropped. Threads: as the database. */
enum { SUND_BODY_IN_ROW = 1 << 16 };

/** *row: what the row of message e is to hold. The digest in its header must be the body's. */
sund_code sund_bodies_keep(sund_db *db, const sund_envelope *e, const void *body, size_t n, sund_cur *row, sund_err *err) SUND_MUST_CHECK;
/** Appends the body of message e, given what its row holds; nothing where it was dropped. Whoever distrusts the disk looks at its digest. */
sund_code sund_bodies_get(sund_db *db, const sund_envelope *e, sund_cur row, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
/** Removes the files of a study's messages of one kind. */
sund_code sund_bodies_drop(sund_db *db, const sund_digest *study, unsigned kind, sund_err *err) SUND_MUST_CHECK;

#endif
