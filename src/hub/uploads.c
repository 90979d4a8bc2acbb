#include "hub/uploads.h"

sund_code sund_uploads_tables(sund_db *db, sund_err *err)
{
    return sund_db_script(db, "CREATE TABLE IF NOT EXISTS upload(digest BLOB PRIMARY KEY, sender TEXT NOT NULL, bytes INTEGER NOT NULL) STRICT;", err);
}

/** Counted at its first piece: a crash behind that costs the member a file, not the hub its bound; sent again it takes the place of the first. */
static sund_code count(sund_home *h, const char *from, const sund_digest *d, uint64_t n, sund_err *err)
{
    int64_t files = 0, bytes = 0;

    SUND_TRY(sund_db_i64(h->db, &files, 0, err, "SELECT COUNT(*) FROM upload WHERE sender=? AND digest<>?", "tb", from, d->b, sizeof d->b));
    SUND_TRY(sund_db_i64(h->db, &bytes, 0, err, "SELECT SUM(bytes) FROM upload WHERE sender=? AND digest<>?", "tb", from, d->b, sizeof d->b));
    if (files >= h->upload_files)
        return sund_fail(err, SUND_E_LIMIT, "%s has sent %lld public files, as many as this hub takes of a member: ask its operator ([hub] files in sund.ini)", from, (long long) files);
    if (n > SUND_FILE_MAX_BYTES || bytes + (int64_t) n > h->upload_mb << 20)
        return sund_fail(err, SUND_E_LIMIT, "%s has sent %lld bytes of public files; with these %llu they are more than the %lld MiB that this hub takes of a member: ask its operator ([hub] megabytes in sund.ini)",
                         from, (long long) bytes, (unsigned long long) n, (long long) h->upload_mb);
    return sund_db_run(h->db, err, "INSERT OR REPLACE INTO upload(digest, sender, bytes) VALUES(?,?,?)", "bti", d->b, sizeof d->b, from, (int64_t) n);
}

sund_code sund_uploads_put(sund_home *h, const char *from, sund_cur body, sund_buf *out, sund_err *err)
{
    sund_digest d;
    uint64_t    total, at, has = 0;
    int64_t     counted = 0;

    (void) sund_cur_copy(&body, d.b, sizeof d.b);
    total = sund_cur_u64(&body);
    at = sund_cur_u64(&body);
    SUND_TRY(sund_cur_ok(&body, "a piece of a public file", err));
    SUND_TRY(sund_db_i64(h->db, &counted, 0, err, "SELECT COUNT(*) FROM upload WHERE sender=? AND digest=? AND bytes=?", "tbi", from, d.b, sizeof d.b, (int64_t) total));
    if (!counted && !sund_home_file_there(h, &d))
        SUND_TRY(count(h, from, &d, total, err));
    SUND_TRY(sund_home_file_add(h, from, &d, total, at, body.p, body.n, &has, err));
    sund_buf_u64(out, has);
    return sund_buf_ok(out, err);
}
