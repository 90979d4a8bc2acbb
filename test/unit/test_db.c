/* A database that two connections of one process and another program share: what is written is seen, by all. */
#include "base/db.h"
#include "scratch.h"
#include "test.h"

#include <sys/stat.h>
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
