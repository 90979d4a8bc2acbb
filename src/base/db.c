#include "base/db.h"

#include "base/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Statements are kept, reset and without values, for the next call with the same text: preparing one takes several times as long as inserting a row with it. */
enum { KEPT = 32 };

struct sund_db {
    sqlite3      *h;
    sqlite3_stmt *kept[KEPT]; /* under the connection's mutex; one that is at work is not here */
    unsigned      next;       /* to be replaced */
};

struct sund_rows {
    sqlite3_stmt *st;
    sund_db      *db;
};

static sund_code db_fail(sqlite3 *h, const char *what, sund_err *err)
{
    return sund_fail(err, SUND_E_IO, "database: %s: %s", what, h ? sqlite3_errmsg(h) : "out of memory");
}

/** SQLite's count of its memory, which nobody asks for, would take a lock for every piece. */
static void no_count(void) { (void) sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

enum { BUSY_MS = 10000 };

/** Each statement may run again. Where two open a new database at once, the step to a write-ahead log is refused at once, without the patience that busy statements have. */
static int patient(sqlite3 *h, const char *script)
{
    int rc = sqlite3_exec(h, script, NULL, NULL, NULL);

    for (int ms = 0; rc == SQLITE_BUSY && ms < BUSY_MS; ms += 10) {
        (void) sqlite3_sleep(10);
        rc = sqlite3_exec(h, script, NULL, NULL, NULL);
    }
    return rc;
}

/** SQLite itself would make it 0644. A file that is there is not opened here: closing any descriptor of it would drop the locks that this process's other connections hold, and another program would then
 *  delete the write-ahead log under them. Nor does a second thread find the file, and open it, before the first has closed what made it. */
static sund_code make_file(const char *path, sund_err *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    sund_code              rc = SUND_OK;
    int                    fd;

    (void) pthread_mutex_lock(&lock);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        (void) close(fd);
    else if (sund_file_exists(path))
        rc = sund_file_private(path, err);
    (void) pthread_mutex_unlock(&lock);
    return rc;
}

sund_code sund_db_open(sund_db **db, const char *path, const char *schema, sund_err *err)
{
    static const char *setup = "PRAGMA journal_size_limit=8388608; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;";
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    sund_db              *d = calloc(1, sizeof *d);
    sund_code             rc;

    if (!d)
        return sund_fail(err, SUND_E_NOMEM, "out of memory opening %s", path);
    (void) pthread_once(&once, no_count);
    if (strcmp(path, ":memory:") != 0 && (rc = make_file(path, err)) != SUND_OK) {
        free(d);
        return rc;
    }
    if (sqlite3_open_v2(path, &d->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(d->h, BUSY_MS) != SQLITE_OK || patient(d->h, setup) != SQLITE_OK || sqlite3_exec(d->h, schema, NULL, NULL, NULL) != SQLITE_OK) {
        rc = db_fail(d->h, path, err);
        sund_db_close(d);
        return rc;
    }
    (void) sqlite3_db_config(d->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    *db = d;
    return SUND_OK;
}

void sund_db_close(sund_db *db)
{
    if (!db)
        return;
    for (size_t k = 0; k < KEPT; k++)
        (void) sqlite3_finalize(db->kept[k]);
    (void) sqlite3_close_v2(db->h);
    free(db);
}

/** A kept statement of this text, now the caller's; NULL when there is none. */
static sqlite3_stmt *take_kept(sund_db *db, const char *sql)
{
    sqlite3_mutex *lock = sqlite3_db_mutex(db->h);
    sqlite3_stmt  *got = NULL;

    sqlite3_mutex_enter(lock);
    for (size_t k = 0; k < KEPT && !got; k++)
        if (db->kept[k] && strcmp(sqlite3_sql(db->kept[k]), sql) == 0) {
            got = db->kept[k];
            db->kept[k] = NULL;
        }
    sqlite3_mutex_leave(lock);
    return got;
}

/** Keeps st for the next call, in an empty place or in that of another one. */
static void keep(sund_db *db, sqlite3_stmt *st)
{
    sqlite3_mutex *lock = sqlite3_db_mutex(db->h);
    size_t         k = 0;

    (void) sqlite3_reset(st);
    (void) sqlite3_clear_bindings(st);
    sqlite3_mutex_enter(lock);
    while (k < KEPT && db->kept[k])
        k++;
    if (k == KEPT)
        k = db->next++ % KEPT;
    (void) sqlite3_finalize(db->kept[k]);
    db->kept[k] = st;
    sqlite3_mutex_leave(lock);
}

/** copy: SQLITE_STATIC where the statement ends before the caller's values do; else SQLITE_TRANSIENT. */
static sund_code prepare(sund_db *db, sqlite3_stmt **out, sqlite3_destructor_type copy, sund_err *err, const char *sql, const char *kinds, va_list ap)
{
    sqlite3_stmt *st = take_kept(db, sql);
    int           ok = st ? SQLITE_OK : sqlite3_prepare_v2(db->h, sql, -1, &st, NULL);

    if (ok == SQLITE_OK && sqlite3_bind_parameter_count(st) != (int) strlen(kinds)) {
        (void) sqlite3_finalize(st);
        return sund_fail(err, SUND_E_ARG, "database: %zu parameters given to: %s", strlen(kinds), sql);
    }
    for (int i = 1; ok == SQLITE_OK && kinds[i - 1]; i++) {
        if (kinds[i - 1] == 'i') {
            ok = sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
        }
        else if (kinds[i - 1] == 't') {
            ok = sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, copy);
        }
        else {
            const void *p = va_arg(ap, const void *);
            size_t      n = va_arg(ap, size_t);
            ok = p ? sqlite3_bind_blob64(st, i, p, n, copy) : sqlite3_bind_zeroblob(st, i, 0);
        }
    }
    if (ok != SQLITE_OK) {
        sund_code rc = db_fail(db->h, sql, err);
        (void) sqlite3_finalize(st);
        return rc;
    }
    *out = st;
    return SUND_OK;
}

sund_code sund_db_run(sund_db *db, sund_err *err, const char *sql, const char *kinds, ...)
{
    sqlite3_stmt *st = NULL;
    va_list       ap;
    sund_code     rc;

    va_start(ap, kinds);
    rc = prepare(db, &st, SQLITE_STATIC, err, sql, kinds, ap);
    va_end(ap);
    if (rc != SUND_OK)
        return rc;
    if (sqlite3_step(st) != SQLITE_DONE)
        rc = db_fail(db->h, sql, err);
    keep(db, st);
    return rc;
}

sund_code sund_db_script(sund_db *db, const char *sql, sund_err *err)
{
    return sqlite3_exec(db->h, sql, NULL, NULL, NULL) == SQLITE_OK ? SUND_OK : db_fail(db->h, "script", err);
}

sund_code sund_db_part(sund_db *db, sund_err *err) { return sund_db_run(db, err, "SAVEPOINT part", ""); }

/** A part that begins a transaction commits at its RELEASE, which can fail - a full disk, a key that is deferred - and leaves the transaction open: then it is undone too. */
sund_code sund_db_part_end(sund_db *db, bool keep, sund_code rc, sund_err *err)
{
    sund_err  why = { SUND_OK, "" };
    sund_code end;

    if (keep && rc == SUND_OK && (rc = sund_db_run(db, err, "RELEASE part", "")) == SUND_OK)
        return SUND_OK;
    if (sqlite3_get_autocommit(db->h)) /* an error that took the whole transaction with it */
        return rc;
    end = sund_db_script(db, "ROLLBACK TO part; RELEASE part", &why);
    return rc != SUND_OK || end == SUND_OK ? rc : sund_fail(err, end, "%s", why.msg);
}

sund_code sund_db_lazy(sund_db *db, bool lazy, sund_err *err) { return sund_db_script(db, lazy ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL", err); }

const char *sund_db_path(sund_db *db)
{
    const char *path = sqlite3_db_filename(db->h, "main");

    return path ? path : "";
}

int64_t sund_db_last_id(sund_db *db) { return sqlite3_last_insert_rowid(db->h); }
int64_t sund_db_changes(sund_db *db) { return sqlite3_changes64(db->h); }

sund_code sund_db_query(sund_db *db, sund_rows **rows, sund_err *err, const char *sql, const char *kinds, ...)
{
    sund_rows *r = calloc(1, sizeof *r);
    va_list    ap;
    sund_code  rc;

    if (!r)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    r->db = db;
    va_start(ap, kinds);
    rc = prepare(db, &r->st, SQLITE_TRANSIENT, err, sql, kinds, ap);
    va_end(ap);
    if (rc != SUND_OK) {
        free(r);
        return rc;
    }
    *rows = r;
    return SUND_OK;
}

sund_code sund_rows_next(sund_rows *rows, bool *more, sund_err *err)
{
    int ok = sqlite3_step(rows->st);

    if (ok != SQLITE_ROW && ok != SQLITE_DONE)
        return db_fail(rows->db->h, "query", err);
    *more = ok == SQLITE_ROW;
    return SUND_OK;
}

int64_t sund_rows_i64(sund_rows *rows, int col) { return sqlite3_column_int64(rows->st, col); }

const char *sund_rows_text(sund_rows *rows, int col)
{
    const unsigned char *s = sqlite3_column_text(rows->st, col);

    return s ? (const char *) s : "";
}

sund_cur sund_rows_blob(sund_rows *rows, int col)
{
    const void *p = sqlite3_column_blob(rows->st, col);

    return sund_cur_of(p, (size_t) sqlite3_column_bytes(rows->st, col));
}

bool sund_rows_null(sund_rows *rows, int col) { return sqlite3_column_type(rows->st, col) == SQLITE_NULL; }

void sund_rows_close(sund_rows *rows)
{
    if (!rows)
        return;
    keep(rows->db, rows->st);
    free(rows);
}

sund_code sund_db_i64(sund_db *db, int64_t *out, int64_t otherwise, sund_err *err, const char *sql, const char *kinds, ...)
{
    sund_rows r = { NULL, db };
    va_list   ap;
    bool      more = false;
    sund_code rc;

    sqlite3_mutex_enter(sqlite3_db_mutex(db->h)); /* once, and not again for each of the calls below */
    va_start(ap, kinds);
    rc = prepare(db, &r.st, SQLITE_STATIC, err, sql, kinds, ap);
    va_end(ap);
    if (rc == SUND_OK) {
        rc = sund_rows_next(&r, &more, err);
        if (rc == SUND_OK)
            *out = more && !sund_rows_null(&r, 0) ? sund_rows_i64(&r, 0) : otherwise;
        keep(db, r.st);
    }
    sqlite3_mutex_leave(sqlite3_db_mutex(db->h));
    return rc;
}
