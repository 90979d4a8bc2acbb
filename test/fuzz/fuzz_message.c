/* Federation messages: the envelope, and every body behind it. The kind in the envelope says which reader; a bare body is read by its
 * first byte. */
#include "gate/gate_priv.h"
#include "gate/shown.h"
#include "study/messages.h"
#include "study/released.h"
#include "study/study.h"
#include "study/submit.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc, (void) argv;
    return sund_crypto_init(NULL) == SUND_OK ? 0 : 1;
}

static void line(sund_cur c)
{
    sund_line *l = calloc(1, sizeof *l);
    sund_buf   again = { 0 };
    sund_err   err;

    if (l && sund_line_read(c, l, &err) == SUND_OK) {
        sund_line_write(l, &again);
        if (again.n != c.n || memcmp(again.p, c.p, c.n) != 0)
            abort();
    }
    sund_buf_free(&again);
    free(l);
}

static void total(sund_cur c)
{
    sund_total *t = calloc(1, sizeof *t);
    sund_buf    again = { 0 };
    sund_err    err;

    if (t && sund_total_read(c, t, &err) == SUND_OK) {
        sund_total_write(&t->slot, t->head, t->n_head, &t->sum, &again);
        if (again.n != c.n || memcmp(again.p, c.p, c.n) != 0)
            abort();
    }
    if (t)
        sund_vec_free(&t->sum);
    sund_buf_free(&again);
    free(t);
}

/** A small release of our own, for a peer's bytes to be held against. */
static sund_release *own(void)
{
    static const sund_release_column col[] = { { "name", 's', false }, { "n", 'i', true }, { "beta", 'f', false } };
    const sund_thresholds            t = sund_thresholds_default();
    const sund_guard                 g = { .ac = 50, .an = 100, .cell = { 20, 20, 20 }, .n_cell = 3 };
    sund_release                    *r = NULL;
    sund_err                         err;

    if (sund_release_begin(&r, &t, false, NULL, &err) != SUND_OK || sund_release_next(r, "table", col, 3, &err) != SUND_OK ||
        sund_release_row(r, &g, (const sund_cell[]) { { .s = "one" }, { .i = 500 }, { .f = 0.25 } }, &err) != SUND_OK ||
        sund_release_row(r, &g, (const sund_cell[]) { { .s = "two" }, { .i = 7 }, { .f = -1e-300 } }, &err) != SUND_OK || sund_release_end(r, "{\"n\": 1}\n", &err) != SUND_OK)
        abort();
    return r;
}

/** Rows that a peer proposes for ours: what agrees is what was sent, and has as many rows. */
static void release(sund_cur c)
{
    sund_release  *r = own(), *lie = own();
    sund_proposal *p = NULL;
    sund_buf       part = { 0 };
    sund_digest    a, b;
    sund_err       err;
    size_t         rows = sund_release_rows(r);

    lie->sealed = false;
    lie->n_done = 0;
    lie->part.n = SUND_PART_HEAD;
    sund_buf_clear(&lie->parts);
    sund_buf_clear(&lie->manifest);
    lie->table[0].n_byte = c.n;
    if (sund_release_add(lie, c, &err) != SUND_OK || sund_release_seal(lie, sund_cur_of("{\"n\": 1}\n", 9), &err) != SUND_OK)
        abort();
    a = sund_release_digest(lie);
    if (sund_proposal_begin(&p, r, sund_release_manifest(lie), &err) == SUND_OK && sund_release_part(lie, 0, &part, &err) == SUND_OK &&
        sund_proposal_part(p, sund_cur_of(part.p, part.n), &err) == SUND_OK && sund_proposal_take(p, &r, &err) == SUND_OK) {
        b = sund_release_digest(r);
        if (!sund_digest_eq(&a, &b) || sund_release_rows(r) != rows || memcmp(c.p, "name\tn\tbeta\n", 12) != 0)
            abort();
    }
    sund_proposal_free(p);
    sund_buf_free(&part);
    sund_release_free(r);
    sund_release_free(lie);
}

/** A manifest that is taken lists as many bytes of parts as of tables. */
static void manifest(sund_cur c)
{
    sund_result m;
    uint64_t    tables = 0, parts = 0;
    size_t      n;
    sund_err    err;

    if (sund_result_read(c, &m, &err) != SUND_OK)
        return;
    for (size_t i = 0; i < m.n_table; i++)
        tables += m.table[i].n_byte;
    for (uint32_t k = 0; k < m.n_part; k++) {
        (void) sund_result_part(&m, k, &n);
        parts += n;
    }
    if (tables != parts || m.n_table == 0)
        abort();
}

/** What a hub hands out: nobody's signature is in it. */
static void released(sund_cur c)
{
    static sund_roster nobody;
    sund_digest        d = sund_digest_of(c.p, c.n < 40 ? c.n : 40);
    sund_released      r;
    sund_err           err;

    if (sund_released_read(&nobody, &d, c, &r, &err) == SUND_OK)
        abort();
}

/** Somebody else's proposal: nothing but garbage can be in it, for its key is not sealed to us. */
static void proposal(sund_cur c)
{
    static sund_session     s;
    static sund_session_key k;
    sund_release           *r = own();
    sund_proposal          *p = NULL;
    sund_err                err;

    s.n_node = 3;
    k.eph.b[0] = 1;
    if (sund_proposal_open(&p, r, &s, &k, c, &err) == SUND_OK)
        abort();
    sund_release_free(r);
}

/** A study with a login: in parts that give the whole again. */
static void submission(sund_cur c)
{
    sund_submit s;
    sund_buf    again = { 0 };
    sund_err    err;

    if (sund_submit_read(SUND_MSG_SUBMIT_LOGIN, c, &s, &err) != SUND_OK)
        return;
    sund_submit_write(s.text.p, s.text.n, &s.key, s.tokens, &again);
    if (again.n != c.n || memcmp(again.p, c.p, c.n) != 0 || s.text.n > SUND_STUDY_MAX_BYTES)
        abort();
    sund_buf_free(&again);
}

static void same(const sund_buf *again, sund_cur c, size_t left)
{
    if (again->n != c.n - left || memcmp(again->p, c.p, again->n) != 0)
        abort();
}

static void shown(sund_cur c)
{
    sund_cur    at = c;
    sund_shown *s = NULL;
    sund_buf    again = { 0 };

    if (sund_shown_read(&at, &s, NULL) == SUND_OK) {
        for (size_t i = 0; i < sund_shown_n(s); i++)
            if (sund_shown_counts(s, i)->all.ac < 0 || sund_shown_counts(s, i)->all.ac > sund_shown_counts(s, i)->all.an)
                abort();
        sund_shown_write(s, &again);
        same(&again, c, at.n);
    }
    sund_shown_free(s);
    sund_buf_free(&again);
}

static void answers(sund_cur c)
{
    sund_answers   *a = calloc(1, sizeof *a);
    sund_thresholds t = sund_thresholds_default();
    sund_buf        again = { 0 };

    if (a && sund_answers_read(c, a, NULL) == SUND_OK) {
        sund_answers_write(a, &again);
        same(&again, c, 0);
        if (sund_answers_margins(&t, a, NULL) != SUND_OK)
            abort();
        sund_answers_free(a);
    }
    free(a);
    sund_buf_free(&again);
}

/** A stop that is taken is written again as it came. */
static void stopped(sund_cur c)
{
    char          reason[SUND_REASON_MAX + 1];
    sund_stop_how how;
    sund_buf      again = { 0 };
    sund_err      err;

    if (sund_stop_read(c, &how, reason, &err) != SUND_OK)
        return;
    sund_stop_write(how, reason, &again);
    if (how > SUND_LEAVES_FREE || again.n != c.n || memcmp(again.p, c.p, c.n) != 0)
        abort();
    sund_buf_free(&again);
}

static void body(unsigned kind, sund_cur c)
{
    sund_slot   slot;
    sund_digest d;
    char        reason[SUND_REASON_MAX + 1];
    sund_vec    v = { 0, 0, NULL };
    sund_err    err;

    switch (kind % 9) {
    case 0:
        line(c);
        break;
    case 1:
        total(c);
        break;
    case 2:
        (void) !sund_signed_read(c, &slot, &d, &err);
        break;
    case 3:
        if (sund_reason_read(c, &slot, reason, &err) == SUND_OK && !memchr(reason, 0, sizeof reason))
            abort();
        stopped(c);
        break;
    case 4:
        shown(c);
        break;
    case 5: answers(c); break;
    case 6:
        if (sund_vec_read(&v, c.p, c.n, &err) == SUND_OK && sund_vec_words(&v) * 8 + 8 != c.n)
            abort();
        sund_vec_free(&v);
        break;
    case 7:
        if (sund_sign_total_read(c, &slot, &d, &v, &err) == SUND_OK &&
            sund_vec_words(&v) > 3 * SUND_CHECK_SUMS)
            abort();
        sund_vec_free(&v);
        break;
    default:
        submission(c);
        release(c);
        manifest(c);
        released(c);
        proposal(c);
        sund_slot_read(&c, &slot);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    sund_cur      c = sund_cur_of(p, n), b;
    sund_envelope e;
    sund_buf      head = { 0 };
    sund_err      err;

    if (n == 0)
        return 0;
    body(p[0], sund_cur_of(p + 1, n - 1));
    if (sund_envelope_read(&c, 1 << 20, &e, &err) == SUND_OK) {
        sund_envelope_head(&e, &head);
        if (head.n != SUND_ENVELOPE_SIZE || memcmp(head.p, p, head.n) != 0)
            abort(); /* one way to write each header */
        if (sund_envelope_body(&c, &e, &b, &err) == SUND_OK)
            body(e.kind, b);
    }
    sund_buf_free(&head);
    return 0;
}
