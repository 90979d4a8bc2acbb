#include "hub/lookups.h"

#include "base/log.h"
#include "genome/variant.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SILENT_S = 5 }; /* nodes ask for lookups every 3 s */

sund_code sund_lookups_init(sund_lookups *l, const sund_roster *r, sund_err *err)
{
    pthread_condattr_t a;

    memset(l, 0, sizeof *l);
    l->roster = r;
    l->n_node = r->n_node;
    for (size_t i = 0; i < SUND_NODE_MAX; i++)
        l->seen_s[i] = sund_time_mono_s();
    if (pthread_mutex_init(&l->lock, NULL) != 0 || pthread_condattr_init(&a) != 0 || pthread_condattr_setclock(&a, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(&l->changed, &a) != 0)
        return sund_fail(err, SUND_E_NOMEM, "cannot make a lock");
    (void) pthread_condattr_destroy(&a);
    return SUND_OK;
}

void sund_lookups_free(sund_lookups *l)
{
    (void) pthread_cond_destroy(&l->changed);
    (void) pthread_mutex_destroy(&l->lock);
}

void sund_lookups_stop(sund_lookups *l)
{
    (void) pthread_mutex_lock(&l->lock);
    l->stopping = true;
    (void) pthread_cond_broadcast(&l->changed);
    (void) pthread_mutex_unlock(&l->lock);
}

static struct timespec after_ms(unsigned ms)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long) (ms % 1000) * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

/** Index among the roster's nodes, or -1. */
static int node_index(const sund_lookups *l, const char *node)
{
    int at = 0;

    for (size_t i = 0; i < l->roster->n_member; i++)
        if (l->roster->member[i].role == SUND_ROLE_NODE) {
            if (strcmp(l->roster->member[i].id, node) == 0)
                return at;
            at++;
        }
    return -1;
}

static void collect(const sund_lookups *l, const sund_ticket *t, sund_lookup_result *out)
{
    sund_thresholds    rules = sund_thresholds_default();
    sund_lookup_counts counts[SUND_NODE_MAX];
    int64_t            hom = 0, hemi = 0;
    size_t             at = 0;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < l->n_node; i++) {
        counts[i] = t->counts[i];
        if (!t->answered[i])
            counts[i].status = SUND_LOOKUP_TIMEOUT;
    }
    sund_margins_countries(&rules, counts, l->n_node);
    out->n = l->n_node;
    out->has_total = true;
    for (size_t i = 0; i < l->roster->n_member && at < l->n_node; i++)
        if (l->roster->member[i].role == SUND_ROLE_NODE) {
            memcpy(out->row[at].node, l->roster->member[i].id, sizeof out->row[at].node);
            out->row[at].counts = counts[at];
            at++;
        }
    for (size_t i = 0; i < l->n_node; i++) {
        out->has_total &= counts[i].status == SUND_LOOKUP_COUNTED;
        out->total.ac += counts[i].all.ac;
        out->total.an += counts[i].all.an;
        hom = hom < 0 || counts[i].all.hom < 0 ? -1 : hom + counts[i].all.hom; /* one hidden hides the total */
        hemi = hemi < 0 || counts[i].all.hemi < 0 ? -1 : hemi + counts[i].all.hemi;
    }
    out->total.hom = hom;
    out->total.hemi = hemi;
}

sund_code sund_lookups_ask(sund_lookups *l, const char *text, unsigned wait_ms, sund_lookup_result *out, sund_err *err)
{
    struct timespec until = after_ms(wait_ms);
    sund_variant    v;
    sund_buf        alleles = { 0 };
    sund_ticket    *t = NULL;
    sund_code       rc = sund_variant_parse(text, &v, &alleles, err);

    sund_buf_free(&alleles);
    if (rc != SUND_OK)
        return rc;
    (void) pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < SUND_LOOKUPS_MAX && !t; i++)
        if (l->ticket[i].number == 0)
            t = &l->ticket[i];
    if (!t || l->stopping) {
        (void) pthread_mutex_unlock(&l->lock);
        return sund_fail(err, SUND_E_LIMIT, "too many lookups at once; try again in a few seconds");
    }
    memset(t, 0, sizeof *t);
    t->number = ++l->last;
    (void) snprintf(t->text, sizeof t->text, "%s", text);
    (void) pthread_cond_broadcast(&l->changed);
    while (t->n_answer < l->n_node && !l->stopping)
        if (pthread_cond_timedwait(&l->changed, &l->lock, &until) == ETIMEDOUT)
            break;
    collect(l, t, out);
    t->number = 0;
    (void) pthread_mutex_unlock(&l->lock);
    return SUND_OK;
}

void sund_lookups_poll(sund_lookups *l, const char *node, unsigned wait_s, sund_buf *out)
{
    struct timespec until = after_ms(wait_s * 1000);
    int             at = node_index(l, node);
    uint64_t        turn = 0;
    size_t          before = out->n;

    (void) pthread_mutex_lock(&l->lock);
    if (at >= 0) {
        l->seen_s[at] = sund_time_mono_s();
        turn = ++l->turn[at];
        for (size_t i = 0; i < SUND_LOOKUPS_MAX; i++)
            l->ticket[i].asked[at] = l->ticket[i].answered[at];
        (void) pthread_cond_broadcast(&l->changed);
    }
    while (at >= 0 && !l->stopping && l->turn[at] == turn) {
        for (size_t i = 0; i < SUND_LOOKUPS_MAX; i++) {
            sund_ticket *t = &l->ticket[i];
            if (t->number && !t->asked[at]) {
                t->asked[at] = true;
                sund_buf_u64(out, t->number);
                sund_buf_str(out, t->text);
            }
        }
        if (out->n > before || pthread_cond_timedwait(&l->changed, &l->lock, &until) == ETIMEDOUT)
            break;
    }
    if (at >= 0 && l->turn[at] == turn)
        l->seen_s[at] = sund_time_mono_s();
    (void) pthread_mutex_unlock(&l->lock);
}

void sund_lookups_silent(sund_lookups *l, const char *names, char *out, size_t cap)
{
    double now = sund_time_mono_s();
    size_t at = 0, n = 0;

    out[0] = 0;
    (void) pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->roster->n_member && at < l->n_node; i++) {
        const sund_member *m = &l->roster->member[i];
        char               want[SUND_ID_MAX + 3];

        if (m->role != SUND_ROLE_NODE)
            continue;
        (void) snprintf(want, sizeof want, ",%s,", m->id);
        if (strstr(names, want) && now - l->seen_s[at] > SILENT_S && n < cap)
            n += (size_t) snprintf(out + n, cap - n, "%s%s has not been heard for %.0f s", n ? ", " : "", m->id, now - l->seen_s[at]);
        at++;
    }
    (void) pthread_mutex_unlock(&l->lock);
}

sund_code sund_lookups_answer(sund_lookups *l, const char *node, sund_cur body, sund_err *err)
{
    uint64_t           number;
    sund_lookup_counts c;
    int                at = node_index(l, node);

    SUND_TRY(sund_lookup_read(body, &number, &c, err));
    if (at < 0)
        return sund_fail(err, SUND_E_DENIED, "%s is no node", node);
    (void) pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < SUND_LOOKUPS_MAX && number; i++) {
        sund_ticket *t = &l->ticket[i];
        if (t->number == number && !t->answered[at]) {
            t->answered[at] = true;
            t->counts[at] = c;
            t->n_answer++;
            (void) pthread_cond_broadcast(&l->changed);
        }
    }
    (void) pthread_mutex_unlock(&l->lock);
    return SUND_OK;
}

static void cells_write(const sund_lookup_cells *c, sund_buf *out)
{
    sund_buf_u64(out, (uint64_t) c->ac);
    sund_buf_u64(out, (uint64_t) c->an);
    sund_buf_u64(out, (uint64_t) c->hom);
    sund_buf_u64(out, (uint64_t) c->hemi);
}

static void cells_read(sund_cur *c, sund_lookup_cells *out)
{
    out->ac = (int64_t) sund_cur_u64(c);
    out->an = (int64_t) sund_cur_u64(c);
    out->hom = (int64_t) sund_cur_u64(c);
    out->hemi = (int64_t) sund_cur_u64(c);
}

void sund_lookup_result_write(const sund_lookup_result *r, sund_buf *out)
{
    sund_buf_u16(out, (uint16_t) r->n);
    for (size_t i = 0; i < r->n; i++) {
        sund_buf_str(out, r->row[i].node);
        sund_buf_u8(out, (uint8_t) r->row[i].counts.status);
        sund_buf_u8(out, r->row[i].counts.sexes);
        cells_write(&r->row[i].counts.all, out);
        cells_write(&r->row[i].counts.male, out);
        cells_write(&r->row[i].counts.female, out);
    }
    sund_buf_u8(out, r->has_total);
    cells_write(&r->total, out);
}

sund_code sund_lookup_result_read(sund_cur body, sund_lookup_result *r, sund_err *err)
{
    memset(r, 0, sizeof *r);
    r->n = sund_cur_u16(&body);
    if (r->n > SUND_NODE_MAX)
        return sund_fail(err, SUND_E_FORMAT, "a lookup's answer names more nodes than a federation has");
    for (size_t i = 0; i < r->n; i++) {
        uint8_t status;

        (void) sund_cur_str(&body, r->row[i].node, sizeof r->row[i].node);
        status = sund_cur_u8(&body);
        if (status < SUND_LOOKUP_COUNTED || status > SUND_LOOKUP_TIMEOUT)
            body.bad = true;
        r->row[i].counts.status = body.bad ? SUND_LOOKUP_TIMEOUT : (sund_lookup_status) status;
        r->row[i].counts.sexes = sund_cur_u8(&body) == 1;
        cells_read(&body, &r->row[i].counts.all);
        cells_read(&body, &r->row[i].counts.male);
        cells_read(&body, &r->row[i].counts.female);
    }
    r->has_total = sund_cur_u8(&body) == 1;
    cells_read(&body, &r->total);
    return sund_cur_end(&body, "a lookup's answer", err);
}
