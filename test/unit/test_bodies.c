/* Bodies of messages on disk: small ones in their row, large ones in files beside the database, gone when their kind is dropped. */
#include "base/file.h"
#include "gate/leave.h"
#include "study/bodies.h"
#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/sund-bodies-XXXXXX", db_path[64];

static sund_envelope about(const char *study, unsigned kind, const sund_buf *body)
{
    return (sund_envelope){ .kind = (uint16_t) kind, .about = sund_digest_of(study, strlen(study)), .body = sund_digest_of(body->p, body->n), .n_body = body->n };
}

/** n files of one kind of a study; -1: no folder. All are their owner's alone. */
static int files(const char *study, const char *kind)
{
    sund_digest    d = sund_digest_of(study, strlen(study));
    char           path[200], file[500];
    DIR           *at;
    struct dirent *e;
    struct stat    st;
    int            n = 0;

    (void) snprintf(path, sizeof path, "%s-bodies/%s.%s", db_path, sund_digest_hex(&d).s, kind);
    at = opendir(path);
    if (!at)
        return -1;
    while ((e = readdir(at)))
        if (e->d_name[0] != '.') {
            (void) snprintf(file, sizeof file, "%s/%s", path, e->d_name);
            CHECK(stat(file, &st) == 0 && (st.st_mode & 0777) == 0600);
            n++;
        }
    (void) closedir(at);
    return n;
}

static sund_buf drawn(size_t n)
{
    sund_buf b = { 0 };

    CHECK(sund_buf_room(&b, n + 1));
    sund_random(b.p, n);
    b.n = n;
    return b;
}

/** What is kept is found; true when its row holds it. */
static bool kept(sund_db *db, const sund_envelope *e, const sund_buf *body)
{
    sund_buf got = { 0 };
    sund_cur row;

    sund_buf_text(&got, "before"); /* what is there already stays */
    CHECK(sund_bodies_keep(db, e, body->p, body->n, &row, NULL) == SUND_OK && (row.n == 0 || row.n == body->n));
    CHECK(sund_bodies_get(db, e, row, &got, NULL) == SUND_OK && got.n == 6 + body->n && memcmp(got.p, "before", 6) == 0 && memcmp(got.p + 6, body->p, body->n) == 0);
    sund_buf_free(&got);
    return row.n == body->n;
}

TEST(bodies_are_where_their_size_says_and_go_by_kind)
{
    const size_t size[] = { 1, SUND_BODY_IN_ROW - 1, SUND_BODY_IN_ROW, SUND_BODY_IN_ROW + 1, 5000000 };
    sund_db     *db = NULL;
    sund_buf     none = { 0 };

    CHECK(mkdtemp(folder) != NULL);
    (void) snprintf(db_path, sizeof db_path, "%s/x.db", folder);
    CHECK(sund_db_open(&db, db_path, "", NULL) == SUND_OK);
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        sund_buf      body = drawn(size[i]);
        sund_envelope total = about("one", SUND_MSG_TOTAL, &body), masked = about("one", SUND_MSG_MASKED, &body), other = about("two", SUND_MSG_TOTAL, &body);

        for (int again = 0; again < 2; again++)
            CHECK(kept(db, &total, &body) == (size[i] <= SUND_BODY_IN_ROW) && kept(db, &masked, &body) == kept(db, &other, &body));
        CHECK(sund_bodies_drop(db, &masked.about, SUND_MSG_MASKED, NULL) == SUND_OK && files("one", "masked") == -1);
        CHECK(size[i] <= SUND_BODY_IN_ROW || (sund_bodies_get(db, &masked, sund_cur_of(NULL, 0), &none, NULL) == SUND_OK && none.n == 0));
        sund_buf_free(&body);
    }
    CHECK(files("one", "total") == 2 && files("two", "total") == 2);
    for (int again = 0; again < 2; again++) {
        sund_digest one = sund_digest_of("one", 3);
        CHECK(sund_bodies_drop(db, &one, SUND_MSG_TOTAL, NULL) == SUND_OK && files("one", "total") == -1 && files("two", "total") == 2);
    }
    sund_db_close(db);
}

TEST(what_a_kill_left_is_written_over)
{
    sund_db      *db = NULL;
    sund_buf      body = drawn(100000), got = { 0 };
    sund_envelope e = about("two", SUND_MSG_PROPOSE, &body);
    char          path[300], rm[200];
    sund_cur      row;

    CHECK(sund_db_open(&db, db_path, "", NULL) == SUND_OK);
    CHECK(sund_bodies_keep(db, &e, body.p, body.n, &row, NULL) == SUND_OK);
    (void) snprintf(path, sizeof path, "%s-bodies/%s.propose/%s", db_path, sund_digest_hex(&e.about).s, sund_digest_hex(&e.body).s);
    CHECK(truncate(path, 5) == 0);
    CHECK(sund_bodies_get(db, &e, row, &got, NULL) == SUND_OK && got.n == 5); /* whoever reads it sees by its digest */
    CHECK(!kept(db, &e, &body));
    sund_buf_free(&got);
    sund_db_close(db);
    CHECK(sund_db_open(&db, ":memory:", "", NULL) == SUND_OK);
    CHECK(sund_bodies_keep(db, &e, body.p, 100, &row, NULL) == SUND_OK && sund_bodies_keep(db, &e, body.p, body.n, &row, NULL) == SUND_E_IO);
    sund_db_close(db);
    sund_buf_free(&body);
    (void) snprintf(rm, sizeof rm, "rm -rf %s", folder);
    CHECK(system(rm) == 0);
}
