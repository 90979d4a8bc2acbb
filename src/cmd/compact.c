#include "base/file.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "gate/ledger.h"
#include "home/settings.h"
#include "store/compact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* compact: a new sealed store without the people who withdrew takes the place of the old one. Each step may be interrupted: what is there is looked at and
 * the command goes on from it. */

typedef struct compaction { sund_home *h; char store[4096], next[4120]; bool *gone; size_t n_gone, n_person; sund_progress progress; } compaction;

/** Whom the store has and who withdrew. */
static sund_code find_gone(compaction *c, sund_err *err)
{
    sund_person_set set = { 0 };
    uint32_t       *col = NULL;
    sund_code       rc;

    c->n_person = sund_store_describe(c->h->store)->n_person;
    c->gone = calloc(c->n_person + 1, sizeof *c->gone);
    SUND_GO(sund_people_withdrawn(c->h->people, &set, err));
    col = calloc(set.n + 1, sizeof *col);
    rc = c->gone && col ? sund_store_columns(c->h->store, (const char (*)[64]) set.name, set.n, col, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for people");
    for (size_t i = 0; rc == SUND_OK && i < set.n; i++)
        if (col[i] != UINT32_MAX && !c->gone[col[i]]) {
            c->gone[col[i]] = true;
            c->n_gone++;
        }
out:
    free(col);
    sund_person_set_free(&set);
    return rc;
}

static void show(void *ctx, const char *what, size_t done, size_t total)
{
    compaction *c = ctx;

    if (done == 0)
        sund_progress_begin(&c->progress, what, "sites", total);
    sund_progress_at(&c->progress, done);
}

/** The new store, whole and held against the old one. */
static sund_code make_next(compaction *c, sund_compact_report *r, sund_err *err)
{
    char      part[4136];
    sund_code rc;

    if (!sund_store_is_compacted(c->store, c->next, c->gone)) {
        SUND_TRY(sund_dir_remove(c->next, err)); /* of fewer who withdrew, or what an exchange left behind */
        rc = sund_store_compact(c->store, c->next, c->gone, c->h->n_thread, show, c, r, err);
        if (rc == SUND_E_MISMATCH) { /* begun when fewer had withdrawn */
            (void) snprintf(part, sizeof part, "%s.part", c->next);
            SUND_TRY(sund_dir_remove(part, err));
            rc = sund_store_compact(c->store, c->next, c->gone, c->h->n_thread, show, c, r, err);
        }
        SUND_TRY(rc);
    }
    rc = sund_store_compacted(c->store, c->next, c->gone, show, c, r, err);
    sund_progress_end(&c->progress);
    return rc;
}

/** The two change places in one step, and the old one goes. The log says so before, for nobody may find another store than the log names. */
static sund_code exchange(compaction *c, const sund_compact_report *r, sund_err *err)
{
    sund_store *next = NULL;
    char        was[17], is[17], lock_path[2048];
    int         lock = -1;
    sund_code   rc;

    SUND_TRY(sund_home_path(c->h, "node.lock", lock_path, sizeof lock_path, err));
    if (sund_file_lock(lock_path, &lock, NULL) != SUND_OK)
        return sund_fail(err, SUND_E_DENIED, "%s is ready and checked, but the node runs: stop it and run this again, which takes seconds", c->next);
    SUND_GO(sund_store_open(&next, c->next, err));
    (void) snprintf(was, sizeof was, "%.16s", sund_digest_hex(&sund_store_describe(c->h->store)->manifest).s);
    (void) snprintf(is, sizeof is, "%.16s", sund_digest_hex(&sund_store_describe(next)->manifest).s);
    SUND_GO(sund_home_note_store(c->h, next, err));
    SUND_GO(sund_ledger_add(c->h->db, "compact", "", err, "people who withdrew are removed from storage: store %s becomes %s", was, is));
    if (renameat2(AT_FDCWD, c->store, AT_FDCWD, c->next, RENAME_EXCHANGE) != 0) {
        rc = sund_fail(err, SUND_E_IO, "cannot exchange %s and %s: %s", c->store, c->next, strerror(errno));
        goto out;
    }
    SUND_GO(sund_dir_sync(c->store, err));
    SUND_GO(sund_dir_remove(c->next, err));
    printf("%s: %zu people, %zu sites; %zu sites that only people who withdrew carried are left out\n", c->store, r->n_person, r->n_site, r->n_left_out);
out:
    sund_store_close(next);
    if (lock >= 0)
        (void) close(lock);
    return rc;
}

static sund_code compact(sund_home *h, sund_err *err)
{
    compaction          c = { .h = h };
    sund_compact_report r = { 0 };
    sund_code           rc = SUND_OK;

    if (!realpath(h->store_path, c.store))
        return sund_fail(err, SUND_E_IO, "%s: %s", h->store_path, strerror(errno));
    (void) snprintf(c.next, sizeof c.next, "%s.compact", c.store);
    SUND_GO(find_gone(&c, err));
    if (c.n_gone) {
        SUND_GO(make_next(&c, &r, err));
        SUND_GO(exchange(&c, &r, err));
    }
    else {
        SUND_GO(sund_dir_remove(c.next, err)); /* the old one, where a kill came behind the exchange */
        printf("%s: nobody who withdrew is in it\n", c.store);
    }
    rc = sund_people_erase_withdrawn(h->people, err);
out:
    free(c.gone);
    return rc;
}

sund_code sund_cmd_compact(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home();
    bool            helped = false;
    const sund_opt  opt[] = { { "home", 's', &home, "FOLDER", "the node's home" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "compact", "[OPTIONS]", "Removes the people who withdrew from storage: writes a new sealed store without them, holds it against the old one genotype by genotype, puts it in its place and deletes the old one; then deletes their values, codes and facts from the people's database. What is interrupted goes on when run again. Earlier studies cannot be replayed afterwards.",
                          "sund people --home fi --withdraw gone.txt\nsund compact --home fi", opt, 0, 0 };
    sund_home       h = { .id = "" };
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(sund_home_open(&h, home, 0, err));
    rc = h.role == SUND_ROLE_NODE ? SUND_OK : sund_fail(err, SUND_E_ARG, "%s is not the home of a node", home);
    sund_home_close(&h);
    SUND_TRY(rc);
    SUND_TRY(sund_home_open(&h, home, SUND_HOME_STATE | SUND_HOME_DATA, err));
    rc = compact(&h, err);
    sund_home_close(&h);
    return rc;
}
