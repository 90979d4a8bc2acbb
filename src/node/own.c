#include "node/own.h"

#include "base/log.h"
#include "rdf/turtle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LOOK_US = 250000,
    ALL_S = 60,
    REST = 4
}; /* what took long is not made again before REST times as long */

static void copy_free(sund_own_copy *c)
{
    if (!c)
        return;
    sund_db_close(c->db);
    sund_shown_free(c->said);
    sund_buf_free(&c->handovers);
    free(c);
}

/** The next part, into t. */
static sund_code take_part(sund_own *o, sund_taking *t, sund_err *err)
{
    char        from[24];
    sund_shown *s = NULL;
    sund_code   rc;

    if (o->stop)
        return sund_fail(err, SUND_E_UPSTREAM, "stopped");
    (void) snprintf(from, sizeof from, "%zu", t->n);
    rc = sund_answer_datasets(o->describing, &o->home, from, &s, err);
    if (rc == SUND_OK)
        rc = sund_taking_part(t, sund_shown_bytes(s), err);
    sund_shown_free(s);
    return rc;
}

static sund_code take(sund_own *o, sund_db *db, const char *now, sund_cur first, sund_err *err)
{
    sund_taking *t = malloc(sizeof *t);
    sund_err     why = { .code = SUND_OK };
    sund_code    rc;

    if (!t)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    *t = (sund_taking){ .db = db, .profile = o->profile, .node = o->home.id, .time = now };
    rc = sund_taking_part(t, first, &why);
    while (rc == SUND_OK && !sund_taking_whole(t))
        rc = take_part(o, t, &why);
    rc = sund_taking_end(t, rc, &why, err);
    free(t);
    return rc;
}

static sund_code make_handovers(const sund_own *o, sund_cur first, sund_buf *out, sund_err *err)
{
    sund_graph    *g = NULL;
    sund_part_head head = { .total = 0 };
    bool           there = false;
    char           at[600];
    sund_code      rc = sund_graph_new(&g, NULL, err);

    (void) snprintf(at, sizeof at, "%s%s/catalog", o->base, o->home.id);
    if (rc == SUND_OK)
        rc = sund_part_head_read(first, &head, &there, err);
    if (rc == SUND_OK)
        rc = sund_turtle_read(g, "datasets.ini", first.p, first.n, NULL, err);
    if (rc == SUND_OK)
        rc = sund_pages_handovers(g, head.total, at, out, err);
    sund_graph_free(g);
    return rc;
}

static sund_code fill(sund_own *o, sund_own_copy *c, sund_err *err)
{
    sund_cur text = sund_shown_bytes(c->said);
    char     now[32];

    sund_time_text(now);
    SUND_TRY(sund_copies_open(&c->db, "", err));
    SUND_TRY(sund_copies_forget(c->db, o->home.id, text.n ? "" : "the node describes no data sets",
                                now, err));
    if (!text.n)
        return SUND_OK;
    SUND_TRY(take(o, c->db, now, text, err));
    return make_handovers(o, text, &c->handovers, err);
}

/** Taken anew where it changed: its first part says so, by the version of all. */
static void refresh(sund_own *o)
{
    sund_own_copy *c = calloc(1, sizeof *c), *unseen = NULL;
    sund_err       why = { SUND_OK, "out of memory" };
    sund_digest    d = { { 0 } };
    sund_code      rc =
        c ? sund_answer_datasets(o->describing, &o->home, "", &c->said, &why) : SUND_E_NOMEM;

    if (rc == SUND_OK) {
        d = sund_digest_of(sund_shown_bytes(c->said).p, sund_shown_bytes(c->said).n);
        if (o->ready && sund_digest_eq(&d, &o->seen)) {
            copy_free(c);
            return;
        }
        rc = fill(o, c, &why);
    }
    o->ready = rc == SUND_OK;
    o->seen = d;
    if (rc != SUND_OK && !o->stop)
        sund_log(SUND_LOG_ERROR, "the catalogue of data sets cannot be shown: %s", why.msg);
    if (rc != SUND_OK && c) {
        sund_db_close(c->db);
        c->db = NULL;
        sund_buf_clear(&c->handovers);
    }
    (void) pthread_mutex_lock(&o->lock);
    if (c) {
        unseen = o->next;
        o->next = c;
    }
    (void) pthread_mutex_unlock(&o->lock);
    copy_free(unseen);
}

/** datasets.ini and people are looked at each time, the rest by the minute. */
static bool changed(sund_own *o)
{
    uint64_t was = o->mark.mark;
    int64_t  people = o->people;
    bool     yes = sund_described_changes(&o->mark, &o->home) != was ||
               sund_time_mono_s() - o->looked_s >= ALL_S;

    if (sund_people_version(o->home.people, &people, NULL) != SUND_OK || people == o->people)
        return yes;
    o->people = people;
    return true;
}

static void *keep(void *p)
{
    sund_own *o = p;

    while (!o->stop) {
        double from = sund_time_mono_s();

        if (from >= o->due_s && changed(o)) {
            refresh(o);
            o->looked_s = sund_time_mono_s();
            o->due_s = o->looked_s + REST * (o->looked_s - from);
        }
        (void) usleep(LOOK_US);
    }
    return NULL;
}

sund_code sund_own_open(sund_own *o, const char *dir, sund_describing *d, const char *url,
                        sund_err *err)
{
    memset(o, 0, sizeof *o);
    (void) pthread_mutex_init(&o->lock, NULL);
    o->describing = d;
    (void) snprintf(o->base, sizeof o->base, "%s/fdp/", url);
    SUND_TRY(
        sund_home_open(&o->home, dir, SUND_HOME_ROSTER | SUND_HOME_STATE | SUND_HOME_DATA, err));
    (void) snprintf(o->title, sizeof o->title, "Data sets of %s", o->home.id);
    SUND_TRY(sund_profile_open(&o->profile, NULL, err));
    o->runs = pthread_create(&o->thread, NULL, keep, o) == 0;
    return o->runs ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "cannot start a thread");
}

void sund_own_close(sund_own *o)
{
    o->stop = true;
    if (o->runs)
        (void) pthread_join(o->thread, NULL);
    copy_free(o->next);
    copy_free(o->now);
    sund_profile_free(o->profile);
    sund_home_close(&o->home);
    memset(o, 0, sizeof *o);
}

const sund_own_copy *sund_own_now(sund_own *o)
{
    sund_own_copy *before = NULL;

    (void) pthread_mutex_lock(&o->lock);
    if (o->next) {
        before = o->now;
        o->now = o->next;
        o->next = NULL;
    }
    (void) pthread_mutex_unlock(&o->lock);
    copy_free(before);
    return o->now;
}

sund_code sund_own_page(const sund_own *o, const sund_own_copy *c, const sund_page_ask *ask,
                        sund_buf *out, const char **type, char *links, sund_err *err)
{
    sund_pages p = { c->db, NULL, o->base, o->title };

    return c->db ? sund_pages_serve(&p, ask, out, type, links, err)
                 : sund_fail(err, SUND_E_UPSTREAM,
                             "the catalogue of data sets cannot be shown at present");
}
