#include "gate/pagelog.h"

#include "base/log.h"
#include "gate/ledger.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ASKERS = 64 };

typedef struct tally { char asker[64]; sund_verb verb; uint64_t n, n_answered; sund_hasher h; } tally;

struct sund_pagelog {
    sund_db        *db;
    pthread_mutex_t lock;
    double          written_s;
    size_t          n;
    tally           of[ASKERS];
    sund_buf        line; /* a question and its answers, anew for each */
};

sund_code sund_pagelog_open(sund_pagelog **out, sund_db *db, sund_err *err)
{
    sund_pagelog *l = calloc(1, sizeof *l);

    if (!l || pthread_mutex_init(&l->lock, NULL) != 0) {
        free(l);
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    }
    l->db = db;
    l->written_s = sund_time_mono_s();
    *out = l;
    return SUND_OK;
}

/** All or nothing, one commit; with the lock. */
static sund_code write_all(sund_pagelog *l, sund_err *err)
{
    sund_code rc;

    if (l->n == 0)
        return SUND_OK;
    SUND_TRY(sund_db_part(l->db, err));
    rc = SUND_OK;
    for (size_t i = 0; i < l->n && rc == SUND_OK; i++) {
        sund_hasher h = l->of[i].h;
        sund_digest d = sund_hasher_end(&h);

        rc = sund_ledger_add(l->db, "pages", "", err, "to %s: %s, %llu questions, %llu answered, digest %.16s", l->of[i].asker, sund_verb_name(l->of[i].verb), (unsigned long long) l->of[i].n,
                             (unsigned long long) l->of[i].n_answered, sund_digest_hex(&d).s);
    }
    rc = sund_db_part_end(l->db, true, rc, err);
    if (rc == SUND_OK)
        l->n = 0;
    l->written_s = sund_time_mono_s();
    return rc;
}

static tally *of(sund_pagelog *l, const char *asker, sund_verb verb)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->of[i].verb == verb && strcmp(l->of[i].asker, asker) == 0)
            return &l->of[i];
    if (l->n == ASKERS)
        return NULL;
    memset(&l->of[l->n], 0, sizeof l->of[0]);
    (void) snprintf(l->of[l->n].asker, sizeof l->of[0].asker, "%s", asker);
    l->of[l->n].verb = verb;
    sund_hasher_init(&l->of[l->n].h);
    return &l->of[l->n++];
}

static sund_code note(sund_pagelog *l, const char *asker, const char *question, const sund_answers *a, sund_err *err)
{
    const char *rest;
    tally      *t = of(l, asker, sund_question_verb(question, &rest));
    bool        any = false;

    if (!t) {
        SUND_TRY(write_all(l, err));
        t = of(l, asker, sund_question_verb(question, &rest));
    }
    sund_buf_clear(&l->line);
    sund_buf_str(&l->line, question);
    sund_answers_write(a, &l->line);
    SUND_TRY(sund_buf_ok(&l->line, err));
    sund_hasher_add(&t->h, l->line.p, l->line.n);
    for (size_t i = 0; i < a->n; i++)
        any |= a->row[i].shown && sund_shown_answered(a->row[i].shown);
    t->n++;
    t->n_answered += any;
    return sund_time_mono_s() - l->written_s > 1 ? write_all(l, err) : SUND_OK;
}

sund_code sund_pagelog_note(sund_pagelog *l, const char *asker, const char *question, const sund_answers *a, sund_err *err)
{
    sund_code rc;

    (void) pthread_mutex_lock(&l->lock);
    rc = note(l, asker, question, a, err);
    (void) pthread_mutex_unlock(&l->lock);
    return rc;
}

sund_code sund_pagelog_flush(sund_pagelog *l, sund_err *err)
{
    sund_code rc;

    (void) pthread_mutex_lock(&l->lock);
    rc = write_all(l, err);
    (void) pthread_mutex_unlock(&l->lock);
    return rc;
}

void sund_pagelog_close(sund_pagelog *l)
{
    if (!l)
        return;
    if (sund_pagelog_flush(l, NULL) != SUND_OK)
        sund_log(SUND_LOG_ERROR, "the ledger cannot be written");
    (void) pthread_mutex_destroy(&l->lock);
    sund_buf_free(&l->line);
    free(l);
}
