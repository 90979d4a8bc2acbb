#include "hub/uploads.h"

sund_code sund_uploads_tables(sund_db *db, sund_err *err)
{
    return sund_db_script(db, "CREATE TABLE IF NOT EXISTS upload(digest BLOB PRIMARY KEY, sender TEXT NOT NULL, bytes INTEGER NOT NULL) STRICT;", err);
}

sund_code sund_uploads_put(sund_home *h, const char *from, const void *p, size_t n, sund_digest *d, sund_err *err)
{
    int64_t files = 0, bytes = 0;

    *d = sund_digest_of(p, n);
    if (sund_home_file_there(h, d))
        return SUND_OK;
    SUND_TRY(sund_db_i64(h->db, &files, 0, err, "SELECT COUNT(*) FROM upload WHERE sender=?", "t", from));
    SUND_TRY(sund_db_i64(h->db, &bytes, 0, err, "SELECT SUM(bytes) FROM upload WHERE sender=?", "t", from));
    if (files >= h->upload_files)
        return sund_fail(err, SUND_E_LIMIT, "%s has sent %lld public files, as many as this hub takes of a member: ask its operator ([hub] files in sund.ini)", from, (long long) files);
    if (bytes + (int64_t) n > h->upload_mb << 20)
        return sund_fail(err, SUND_E_LIMIT, "%s has sent %lld bytes of public files; with these %zu they are more than the %lld MiB that this hub takes of a member: ask its operator ([hub] megabytes in sund.ini)",
                         from, (long long) bytes, n, (long long) h->upload_mb);
    /* counted first: a crash between the two costs the member a file, not the hub its bound; sent again it takes the place of the first */
    SUND_TRY(sund_db_run(h->db, err, "INSERT OR REPLACE INTO upload(digest, sender, bytes) VALUES(?,?,?)", "bti", d->b, sizeof d->b, from, (int64_t) n));
    return sund_home_file_put(h, p, n, d, err);
}
