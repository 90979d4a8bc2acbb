/* A database that two connections of one process and another program share: what is written is seen, by all. */
#include "base/db.h"
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/sund-db-XXXXXX";

static const char *at(const char *name)
{
    static char path[4][128];
    static int  k;

    k = (k + 1) % 4;
    (void) snprintf(path[k], sizeof path[k], "%s/%s", folder, name);
    return path[k];
}

/** The sqlite3 program, from outside: 0 when it did its work. */
static int outside(const char *sql)
{
    char cmd[400];

    (void) snprintf(cmd, sizeof cmd, "sqlite3 -cmd '.timeout 5000' %s \"%s\" >/dev/null", at("a.db"), sql);
    return system(cmd);
}

static int64_t rows(sund_db *db)
{
    int64_t n = -1;

    CHECK(sund_db_i64(db, &n, -1, NULL, "SELECT COUNT(*) FROM t", "") == SUND_OK);
    return n;
}

TEST(what_is_deleted_is_given_back)
{
    sund_db    *db = NULL;
    struct stat full, after;
    static char body[1 << 20];
    char        own[] = "/tmp/sund-db-XXXXXX", path[128];

    CHECK(mkdtemp(own) != NULL);
    (void) snprintf(path, sizeof path, "%s/b.db", own);
    CHECK(sund_db_open(&db, path, "CREATE TABLE IF NOT EXISTS t(x BLOB) STRICT;", NULL) == SUND_OK);
    for (int i = 0; i < 8; i++)
        CHECK(sund_db_run(db, NULL, "INSERT INTO t VALUES(?)", "b", (const void *) body, sizeof body) == SUND_OK);
    CHECK(sund_db_script(db, "PRAGMA wal_checkpoint(PASSIVE)", NULL) == SUND_OK && stat(path, &full) == 0);
    CHECK(sund_db_script(db, "SAVEPOINT s; UPDATE t SET x=NULL", NULL) == SUND_OK && sund_db_shrink(db, NULL) == SUND_OK && sund_db_script(db, "RELEASE s", NULL) == SUND_OK);
    CHECK(sund_db_script(db, "PRAGMA wal_checkpoint(PASSIVE)", NULL) == SUND_OK && stat(path, &after) == 0);
    CHECK(full.st_size > (8 << 20) && after.st_size < (1 << 20));
    sund_db_close(db);
    CHECK(unlink(path) == 0 && rmdir(own) == 0);
}

TEST(a_second_connection_does_not_drop_the_locks_of_the_first)
{
    sund_db    *one = NULL, *two = NULL;
    struct stat st;
    char        rm[200];

    if (system("command -v sqlite3 >/dev/null") != 0) {
        printf("# no sqlite3 program: not tried\n");
        return;
    }
    CHECK(mkdtemp(folder) != NULL);
    CHECK(sund_db_open(&one, at("a.db"), "CREATE TABLE IF NOT EXISTS t(x INTEGER) STRICT;", NULL) == SUND_OK);
    CHECK(stat(at("a.db"), &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(sund_db_run(one, NULL, "INSERT INTO t VALUES(1)", "") == SUND_OK);
    CHECK(sund_db_open(&two, at("a.db"), "", NULL) == SUND_OK);
    for (int k = 0; k < 3; k++) { /* a program that ends last removes the write-ahead log: it must know that it is not the last */
        CHECK(outside("INSERT INTO t VALUES(2)") == 0);
        CHECK(access(at("a.db-wal"), F_OK) == 0 && access(at("a.db-shm"), F_OK) == 0);
        CHECK(sund_db_run(two, NULL, "INSERT INTO t VALUES(3)", "") == SUND_OK);
        CHECK(rows(one) == 3 + 2 * k && rows(two) == 3 + 2 * k);
    }
    CHECK(outside("INSERT INTO t VALUES(4)") == 0 && rows(one) == 8);
    sund_db_close(two);
    sund_db_close(one);
    CHECK(access(at("a.db-wal"), F_OK) != 0);
    (void) snprintf(rm, sizeof rm, "rm -rf %s", folder);
    CHECK(system(rm) == 0);
}
