#ifndef SUND_BASE_DB_H
#define SUND_BASE_DB_H

#include "base/buf.h"
#include "base/err.h"

/** SQLite in the one way we use it: WAL, full sync, foreign keys, STRICT tables, bound parameters.
 *
 *  Parameter kinds: 't' const char * (NULL for null), 'i' int64_t, 'b' const void * then size_t.
 *  Example: sund_db_run(db, err, "INSERT INTO t VALUES(?,?)", "it", (int64_t) 7, "x").
 *  Threads: a connection may be used by many threads, one statement by one. */
typedef struct sund_db sund_db;
typedef struct sund_rows sund_rows;

/** Opens or makes path (mode 0600; one that others may read is refused) and runs schema, which must be repeatable (CREATE TABLE IF NOT EXISTS ... STRICT).
 *  ":memory:" is allowed, and "": a file without a name, gone when it is closed. Owns: sund_db_close(), safe on NULL. */
sund_code sund_db_open(sund_db **db, const char *path, const char *schema, sund_err *err) SUND_MUST_CHECK;
void      sund_db_close(sund_db *db);

/** Run a statement that gives no rows. */
sund_code sund_db_run(sund_db *db, sund_err *err, const char *sql, const char *kinds, ...) SUND_MUST_CHECK;
/** Several statements without parameters, such as a schema. */
sund_code sund_db_script(sund_db *db, const char *sql, sund_err *err) SUND_MUST_CHECK;
/** What is done whole or not at all, inside another part or transaction or by itself. Part begins; part_end keeps what was done since when keep && rc == SUND_OK, and undoes
 *  it otherwise, or when it cannot be kept. Returns rc, or the error of the end when rc is SUND_OK; err is left to the first error. Every part that has begun is ended. */
sund_code sund_db_part(sund_db *db, sund_err *err) SUND_MUST_CHECK;
sund_code sund_db_part_end(sund_db *db, bool keep, sund_code rc, sund_err *err) SUND_MUST_CHECK;
/** While lazy, what is committed outlives this process but not the machine's power, until the next commit that is not: that one takes all before it to the disk too.
 *  Not inside a transaction. */
sund_code   sund_db_lazy(sund_db *db, bool lazy, sund_err *err) SUND_MUST_CHECK;
const char *sund_db_path(sund_db *db); /**< of its file; "" for one in memory */
int64_t   sund_db_last_id(sund_db *db);
int64_t   sund_db_changes(sund_db *db); /**< rows that the last sund_db_run changed */

/** A query; then sund_rows_next() until *more is false. Owns: sund_rows_close(), safe on NULL. */
sund_code sund_db_query(sund_db *db, sund_rows **rows, sund_err *err, const char *sql, const char *kinds, ...) SUND_MUST_CHECK;
sund_code sund_rows_next(sund_rows *rows, bool *more, sund_err *err) SUND_MUST_CHECK;
int64_t     sund_rows_i64(sund_rows *rows, int col);
const char *sund_rows_text(sund_rows *rows, int col); /**< "" for null; valid until the next step */
sund_cur    sund_rows_blob(sund_rows *rows, int col);  /**< valid until the next step */
bool        sund_rows_null(sund_rows *rows, int col);
void        sund_rows_close(sund_rows *rows);

/** One integer from a query, or otherwise when it gives no row or null. */
sund_code sund_db_i64(sund_db *db, int64_t *out, int64_t otherwise, sund_err *err, const char *sql, const char *kinds, ...) SUND_MUST_CHECK;

#endif
