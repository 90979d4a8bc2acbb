/* A database that two connections of one process and another program share: what is written is seen, by all. Texts that run again. (TSAN) */
#include "base/db.h"
#include "scratch.h"
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/** The sqlite3 program, from outside: 0 when it did its work. */
static int outside(const char *sql)
{
    char cmd[400];

    (void) snprintf(cmd, sizeof cmd, "sqlite3 -cmd '.timeout 5000' %s \"%s\" >/dev/null", scratch("a.db"), sql);
    return system(cmd);
}

static int64_t rows(sund_db *db)
{
    int64_t n = -1;

    CHECK(sund_db_i64(db, &n, -1, NULL, "SELECT COUNT(*) FROM t", "") == SUND_OK);
    return n;
}

static pthread_barrier_t ready;

static void *open_new(void *name)
{
    sund_db  *db = NULL;
    sund_code rc;

    (void) pthread_barrier_wait(&ready);
    rc = sund_db_open(&db, name, "CREATE TABLE IF NOT EXISTS t(x INTEGER PRIMARY KEY) STRICT;", NULL);
    return rc == SUND_OK ? db : NULL;
}

/** Whether some other process sees that this one holds locks on a file. */
static bool locked(const char *path)
{
    int   status = -1;
    pid_t child = fork();

    if (child == 0) {
        struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        int          fd = open(path, O_RDWR | O_CLOEXEC);

        _exit(fd >= 0 && fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/** As a node's pages and its answers do at its first start. None takes the others' locks away: another program would think itself the last one, and delete the write-ahead log under them. */
TEST(several_open_a_new_one_at_once)
{
    CHECK(pthread_barrier_init(&ready, NULL, 4) == 0);
    for (int k = 0; k < 100; k++) {
        pthread_t t[4];
        char      path[300], name[20];
        void     *db[4];

        (void) snprintf(name, sizeof name, "new%d.db", k);
        (void) snprintf(path, sizeof path, "%s", scratch(name));
        for (int i = 0; i < 4; i++)
            CHECK(pthread_create(&t[i], NULL, open_new, path) == 0);
        for (int i = 0; i < 4; i++)
            CHECK(pthread_join(t[i], &db[i]) == 0 && db[i]);
        CHECK(locked(path));
        for (int i = 0; i < 4; i++)
            sund_db_close(db[i]);
    }
    (void) pthread_barrier_destroy(&ready);
}

/** More texts than are kept, each many times; one that fails in between; a table that changes under a kept text. */
TEST(a_text_that_runs_again_means_the_same)
{
    sund_db *db = NULL;
    char     sql[100];
    int64_t  got = 0;

    CHECK(sund_db_open(&db, ":memory:", "CREATE TABLE t(x INTEGER PRIMARY KEY, name TEXT) STRICT;", NULL) == SUND_OK);
    for (int64_t i = 0; i < 400; i++) {
        (void) snprintf(sql, sizeof sql, "INSERT INTO t VALUES(? * %d, ?)", (int) (i % 20) + 1);
        CHECK(sund_db_run(db, NULL, "DELETE FROM t WHERE x >= ?", "i", (int64_t) 0) == SUND_OK && rows(db) == 0);
        CHECK(sund_db_run(db, NULL, sql, "it", i * 100, i % 3 ? "name" : NULL) == SUND_OK && rows(db) == 1);
        CHECK(sund_db_i64(db, &got, -1, NULL, "SELECT x FROM t WHERE (name IS NULL) = ?", "i", (int64_t) (i % 3 == 0)) == SUND_OK && got == i * 100 * (i % 20 + 1));
        CHECK(sund_db_i64(db, &got, -1, NULL, "SELECT x FROM t WHERE (name IS NULL) = ?", "i", (int64_t) (i % 3 != 0)) == SUND_OK && got == -1);
        CHECK(sund_db_run(db, NULL, "INSERT INTO t VALUES(?,?)", "it", i * 100 * (i % 20 + 1), "twice") == SUND_E_IO && rows(db) == 1);
    }
    CHECK(sund_db_run(db, NULL, "INSERT INTO t VALUES(?,?)", "i", (int64_t) 1) == SUND_E_ARG);
    CHECK(sund_db_script(db, "DROP TABLE t; CREATE TABLE t(name TEXT, x INTEGER, more INTEGER) STRICT", NULL) == SUND_OK && rows(db) == 0);
    CHECK(sund_db_run(db, NULL, "INSERT INTO t VALUES(?,?)", "it", (int64_t) 1, "x") == SUND_E_IO); /* two values for three columns */
    CHECK(sund_db_run(db, NULL, "INSERT INTO t(x, name) VALUES(?,?)", "it", (int64_t) 1, "x") == SUND_OK && rows(db) == 1);
    sund_db_close(db);
}

TEST(a_part_is_kept_whole_or_undone_whole)
{
    sund_db *db = NULL;
    sund_err err = { SUND_OK, "" };

    CHECK(sund_db_open(&db, ":memory:", "CREATE TABLE t(x INTEGER PRIMARY KEY) STRICT;", NULL) == SUND_OK);
    CHECK(sund_db_part(db, &err) == SUND_OK && sund_db_run(db, &err, "INSERT INTO t VALUES(1)", "") == SUND_OK);
    CHECK(sund_db_part(db, &err) == SUND_OK && sund_db_run(db, &err, "INSERT INTO t VALUES(2)", "") == SUND_OK);
    CHECK(sund_db_part_end(db, true, sund_db_run(db, &err, "INSERT INTO t VALUES(1)", ""), &err) == SUND_E_IO && strstr(err.msg, "UNIQUE") && rows(db) == 1); /* the inner one only */
    CHECK(sund_db_part(db, NULL) == SUND_OK && sund_db_part_end(db, false, sund_db_run(db, NULL, "INSERT INTO t VALUES(3)", ""), NULL) == SUND_OK && rows(db) == 1);
    CHECK(sund_db_part(db, NULL) == SUND_OK && sund_db_part_end(db, true, sund_db_run(db, NULL, "INSERT INTO t VALUES(4)", ""), NULL) == SUND_OK && rows(db) == 2);
    CHECK(sund_db_part_end(db, true, SUND_OK, NULL) == SUND_OK && rows(db) == 2);
    CHECK(sund_db_part(db, NULL) == SUND_OK && sund_db_run(db, NULL, "DELETE FROM t", "") == SUND_OK && rows(db) == 0);
    CHECK(sund_db_part_end(db, true, SUND_E_DENIED, &err) == SUND_E_DENIED && rows(db) == 2); /* whatever went wrong between */
    CHECK(sund_db_script(db, "BEGIN; COMMIT", NULL) == SUND_OK);                              /* nothing is open */
    sund_db_close(db);
}

/** A deferred foreign key is looked at when the outermost part ends. */
TEST(a_part_that_cannot_be_kept_is_an_error_and_undone)
{
    sund_db *db = NULL;
    sund_err err = { SUND_OK, "" };

    CHECK(sund_db_open(&db, ":memory:", "CREATE TABLE t(x INTEGER PRIMARY KEY, of INTEGER REFERENCES t(x) DEFERRABLE INITIALLY DEFERRED) STRICT;", NULL) == SUND_OK);
    CHECK(sund_db_part(db, NULL) == SUND_OK && sund_db_run(db, NULL, "INSERT INTO t VALUES(1, 7)", "") == SUND_OK);
    CHECK(sund_db_part_end(db, true, SUND_OK, &err) == SUND_E_IO && strstr(err.msg, "FOREIGN KEY") && rows(db) == 0);
    CHECK(sund_db_script(db, "BEGIN; COMMIT", NULL) == SUND_OK);
    CHECK(sund_db_part(db, NULL) == SUND_OK && sund_db_run(db, NULL, "INSERT INTO t VALUES(1, 7)", "") == SUND_OK); /* an inner one waits for the outer */
    CHECK(sund_db_part(db, NULL) == SUND_OK && sund_db_part_end(db, true, sund_db_run(db, NULL, "INSERT INTO t VALUES(7, NULL)", ""), NULL) == SUND_OK);
    CHECK(sund_db_part_end(db, true, SUND_OK, NULL) == SUND_OK && rows(db) == 2);
    CHECK(sund_db_part(db, NULL) == SUND_OK && sund_db_script(db, "ROLLBACK", NULL) == SUND_OK); /* as some errors of the disk do by themselves */
    CHECK(sund_db_part_end(db, true, SUND_OK, &err) == SUND_E_IO && rows(db) == 2);
    sund_db_close(db);
}

/** Threads with the same text on one connection: each one's values are its own. */
static void *inserts(void *db)
{
    for (int64_t i = 0; i < 500; i++)
        if (sund_db_run(db, NULL, "INSERT INTO t VALUES(?,?)", "ii", i, i) != SUND_OK)
            return db;
    return NULL;
}

TEST(threads_share_a_connection)
{
    sund_db  *db = NULL;
    pthread_t thread[4];
    void     *bad = NULL;
    int64_t   sum = 0;

    CHECK(sund_db_open(&db, ":memory:", "CREATE TABLE t(x INTEGER, y INTEGER) STRICT;", NULL) == SUND_OK);
    for (size_t k = 0; k < 4; k++)
        CHECK(pthread_create(&thread[k], NULL, inserts, db) == 0);
    for (size_t k = 0; k < 4; k++)
        CHECK(pthread_join(thread[k], &bad) == 0 && !bad);
    CHECK(rows(db) == 2000 && sund_db_i64(db, &sum, 0, NULL, "SELECT SUM(x) FROM t WHERE x = y", "") == SUND_OK && sum == 4 * 499 * 500 / 2);
    sund_db_close(db);
}

TEST(a_second_connection_does_not_drop_the_locks_of_the_first)
{
    sund_db    *one = NULL, *two = NULL;
    struct stat st;

    if (system("command -v sqlite3 >/dev/null") != 0) {
        printf("# no sqlite3 program: not tried\n");
        return;
    }
    CHECK(sund_db_open(&one, scratch("a.db"), "CREATE TABLE IF NOT EXISTS t(x INTEGER) STRICT;", NULL) == SUND_OK);
    CHECK(stat(scratch("a.db"), &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(sund_db_run(one, NULL, "INSERT INTO t VALUES(1)", "") == SUND_OK);
    CHECK(sund_db_open(&two, scratch("a.db"), "", NULL) == SUND_OK);
    for (int k = 0; k < 3; k++) { /* a program that ends last removes the write-ahead log: it must know that it is not the last */
        CHECK(outside("INSERT INTO t VALUES(2)") == 0);
        CHECK(access(scratch("a.db-wal"), F_OK) == 0 && access(scratch("a.db-shm"), F_OK) == 0);
        CHECK(sund_db_run(two, NULL, "INSERT INTO t VALUES(3)", "") == SUND_OK);
        CHECK(rows(one) == 3 + 2 * k && rows(two) == 3 + 2 * k);
    }
    CHECK(outside("INSERT INTO t VALUES(4)") == 0 && rows(one) == 8);
    sund_db_close(two);
    sund_db_close(one);
    CHECK(access(scratch("a.db-wal"), F_OK) != 0);
}
