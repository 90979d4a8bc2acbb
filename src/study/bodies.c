#include "study/bodies.h"

#include "base/file.h"
#include "gate/leave.h"

#include <limits.h>
#include <stdio.h>

/** The folder of a study's files of one kind; with a digest, one of them. */
static sund_code place(sund_db *db, const sund_digest *study, unsigned kind, const sund_digest *d, char out[PATH_MAX], sund_err *err)
{
    const char *beside = sund_db_path(db);
    int         n = snprintf(out, PATH_MAX, "%s-bodies/%s.%s%s%s", beside, sund_digest_hex(study).s, sund_msg_name(kind), d ? "/" : "", d ? sund_digest_hex(d).s : "");

    return beside[0] && n < PATH_MAX ? SUND_OK : sund_fail(err, SUND_E_IO, "there is no place beside the database for a large message");
}

sund_code sund_bodies_keep(sund_db *db, const sund_envelope *e, const void *body, size_t n, sund_cur *row, sund_err *err)
{
    char folder[PATH_MAX], path[PATH_MAX];

    *row = sund_cur_of(body, n);
    if (n <= SUND_BODY_IN_ROW)
        return SUND_OK;
    *row = sund_cur_of(NULL, 0);
    SUND_TRY(place(db, &e->about, e->kind, NULL, folder, err));
    SUND_TRY(place(db, &e->about, e->kind, &e->body, path, err));
    if (!sund_file_exists(folder))
        SUND_TRY(sund_dir_make(folder, err));
    return sund_file_write(path, body, n, 0600, err);
}

sund_code sund_bodies_get(sund_db *db, const sund_envelope *e, sund_cur row, sund_buf *out, sund_err *err)
{
    char      path[PATH_MAX];
    sund_err  why = { SUND_OK, "" };
    sund_code rc;

    if (row.n || e->n_body <= SUND_BODY_IN_ROW) {
        sund_buf_put(out, row.p, row.n);
        return sund_buf_ok(out, err);
    }
    SUND_TRY(place(db, &e->about, e->kind, &e->body, path, err));
    rc = sund_file_add(path, SIZE_MAX - 1, out, &why);
    return rc == SUND_OK || rc == SUND_E_NOT_FOUND ? SUND_OK : sund_fail(err, rc, "%s", why.msg);
}

sund_code sund_bodies_drop(sund_db *db, const sund_digest *study, unsigned kind, sund_err *err)
{
    char path[PATH_MAX];

    if (!sund_db_path(db)[0])
        return SUND_OK; /* a database in memory */
    SUND_TRY(place(db, study, kind, NULL, path, err));
    return sund_dir_remove(path, err);
}
