#include "gate/gate_priv.h"

#include "base/log.h"
#include "gate/ledger.h"

/* The kill switch: one row, which every departure looks for. */

sund_code sund_stop_open(sund_db *db, sund_err *err)
{
    return sund_db_script(db, "CREATE TABLE IF NOT EXISTS stopped(one INTEGER PRIMARY KEY CHECK(one = 1), since TEXT NOT NULL, reason TEXT NOT NULL) STRICT;", err);
}

sund_code sund_gate_stop(sund_db *db, const char *reason, sund_err *err)
{
    char      now[32];
    sund_code rc;

    sund_time_text(now);
    SUND_TRY(sund_db_part(db, err));
    rc = sund_db_run(db, err, "INSERT OR IGNORE INTO stopped(one, since, reason) VALUES(1, ?, ?)", "tt", now, reason);
    if (rc == SUND_OK)
        rc = sund_db_changes(db) ? sund_ledger_add(db, "stop-release", "", err, "everything that leaves is stopped: %s", reason) : sund_gate_stopped(db, err);
    return sund_db_part_end(db, true, rc, err);
}

sund_code sund_gate_go_on(sund_db *db, const char *reason, sund_err *err)
{
    sund_code rc;

    SUND_TRY(sund_db_part(db, err));
    rc = sund_db_run(db, err, "DELETE FROM stopped", "");
    if (rc == SUND_OK)
        rc = sund_db_changes(db) ? sund_ledger_add(db, "allow-release", "", err, "what waits may leave again: %s", reason) : sund_fail(err, SUND_E_NOT_FOUND, "nothing is stopped here");
    return sund_db_part_end(db, true, rc, err);
}

sund_code sund_gate_stopped(sund_db *db, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    int64_t    n = 0;
    sund_code  rc;

    SUND_TRY(sund_db_i64(db, &n, 0, err, "SELECT COUNT(*) FROM stopped", ""));
    if (n == 0)
        return SUND_OK;
    SUND_TRY(sund_db_query(db, &rows, err, "SELECT since, reason FROM stopped", ""));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more)
        rc = sund_fail(err, SUND_E_IO, "everything that leaves this node is stopped since %s (%.200s): 'sund node allow-release' lets it go on", sund_rows_text(rows, 0), sund_rows_text(rows, 1));
    sund_rows_close(rows);
    return rc;
}
