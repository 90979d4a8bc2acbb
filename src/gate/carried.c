#include "gate/carried.h"

#include "base/file.h"
#include "gate/gate_priv.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** Whether there is a memory at path, or room for another. */
static bool has_room(const char *folder, const char *path)
{
    size_t         n = 0;
    DIR           *d;
    struct dirent *e;

    if (access(path, F_OK) == 0)
        return true;
    d = opendir(folder);
    if (!d)
        return false;
    while ((e = readdir(d)))
        n += strlen(e->d_name) > 3 && strcmp(e->d_name + strlen(e->d_name) - 3, ".db") == 0;
    (void) closedir(d);
    return n < SUND_CARRIED_VARIANTS;
}

/** What the memory says of one group's carriers; -1: nothing. */
static sund_code told(sund_db *db, const sund_gate *g, const sund_bearers *b, size_t n_word, int64_t *copies, sund_err *err)
{
    int64_t     minor = b->ac < b->an - b->ac ? b->ac : b->an - b->ac;
    sund_shown *s = NULL;

    SUND_TRY(sund_counted(db, g, b->definition, b->set, n_word, sund_rule_mac(&g->thresholds, b->ac, b->an) ? b->ac : minor, &s, err));
    *copies = sund_shown_count(s);
    sund_shown_free(s);
    return SUND_OK;
}

/** Copies in the group, rounded, after those that lookups tell of are remembered; -1: withheld. */
static sund_code copies_of(const char *folder, const sund_gate *g, const char *variant, const sund_carried *c, int64_t *copies, sund_err *err)
{
    sund_digest d = sund_digest_of(variant, strlen(variant));
    char        path[2048];
    sund_db    *db = NULL;
    sund_code   rc;

    *copies = -1;
    (void) snprintf(path, sizeof path, "%.1900s/%.32s.db", folder, sund_digest_hex(&d).s);
    SUND_TRY(sund_dir_make(folder, err));
    if (!has_room(folder, path))
        return SUND_OK;
    SUND_TRY(sund_db_open(&db, path, "", err));
    rc = sund_counted_open(db, err);
    for (size_t i = 0; rc == SUND_OK && i < c->n_bearers; i++)
        rc = told(db, g, &c->bearers[i], c->n_word, copies, err);
    sund_db_close(db);
    return rc;
}

sund_code sund_carried_shown(const char *folder, sund_db *counts, const sund_gate *g, const char *variant, const sund_carried *c, sund_shown **out, sund_err *err)
{
    const sund_thresholds *t = &g->thresholds;
    sund_lookup_counts     safe = { .status = c->counts.an_covered == 0 ? SUND_LOOKUP_NOT_COVERED : SUND_LOOKUP_BELOW };
    sund_shown            *group = NULL;
    int64_t                n, copies = -1;

    if (t->open)
        return sund_shown_carriers(g, c->name, &c->counts, 0, out, err);
    /* the group is counted whatever the variant: else another group beside it would tell whether there is any */
    SUND_TRY(sund_counted(counts, g, c->group, c->people, c->n_word, c->n_person, &group, err));
    n = sund_shown_count(group);
    sund_shown_free(group);
    if (n >= 0 && sund_rule_mac(t, c->bearers[0].ac, c->bearers[0].an))
        SUND_TRY(copies_of(folder, g, variant, c, &copies, err));
    if (copies >= 0)
        safe = (sund_lookup_counts){ .status = SUND_LOOKUP_COUNTED, .all = { .ac = copies < 2 * n ? copies : 2 * n, .an = 2 * n, .hom = -1, .hemi = -1 } };
    return sund_shown_carriers(g, c->name, &safe, n > 0 ? n : 0, out, err);
}
