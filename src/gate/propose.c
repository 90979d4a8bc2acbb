#include "gate/gate_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A proposal: how one node's release goes to the others, locked, when their bytes are not the same; and how each holds it against its own. */

enum { BOX = sizeof(sund_key) + SUND_SEAL_OVERHEAD, LOCK = 16 };

struct sund_proposal {
    const sund_release *ours;
    sund_release       *taken;  /* what was proposed, as far as it came */
    sund_buf            first;  /* their manifest's bytes */
    sund_result       theirs;
    sund_key            once;
    uint32_t            n_came; /* parts of theirs */
    uint32_t            n_own;  /* own parts that were read */
    sund_buf            part;   /* the last of them */
    sund_cur            own;    /* of it what is still to be compared */
    size_t              table, row; /* where the comparison is: line `row` of this table comes next */
    uint64_t            n_byte; /* of their table so far */
};

/** A key is for one message: piece 0 is locked under `once` itself. */
static sund_key piece_key(const sund_key *once, uint32_t piece)
{
    uint8_t     in[10] = { 'p', 'i', 'e', 'c', 'e', ' ' };
    sund_digest d;
    sund_key    k = *once;

    if (piece == 0)
        return k;
    for (unsigned i = 0; i < 4; i++)
        in[6 + i] = (uint8_t) (piece >> (8 * i));
    d = sund_digest_keyed(once, in, sizeof in);
    memcpy(k.b, d.b, sizeof k.b);
    sund_wipe(&d, sizeof d);
    return k;
}

static sund_code put_locked(const sund_key *once, uint32_t piece, sund_cur plain, sund_buf *body, sund_err *err)
{
    sund_key k = piece_key(once, piece);

    if (sund_buf_room(body, plain.n + LOCK)) {
        sund_lock(&k, plain.p, plain.n, body->p + body->n);
        body->n += plain.n + LOCK;
    }
    sund_wipe(&k, sizeof k);
    return sund_buf_ok(body, err);
}

static sund_code put_boxes(const sund_session *s, const sund_key *once, sund_buf *body, sund_err *err)
{
    uint8_t box[BOX];

    for (size_t v = 0; v < s->n_node; v++) {
        SUND_TRY(sund_seal(&s->node[v].eph, once->b, sizeof once->b, box, err));
        sund_buf_put(body, box, sizeof box);
    }
    return sund_buf_ok(body, err);
}

sund_code sund_leave_propose(sund_gate *g, const sund_envelope *head, const sund_session *s, const sund_key *once, const sund_release *r, uint32_t piece, sund_leave **out, sund_err *err)
{
    sund_key  fresh;
    sund_buf  body = { 0 }, part = { 0 };
    sund_code rc = SUND_OK;

    if (head->kind != SUND_MSG_PROPOSE || !r->sealed || (piece && !once))
        return sund_fail(err, SUND_E_ARG, "a proposal is of a sealed release, and leaves as kind propose");
    sund_random(fresh.b, sizeof fresh.b);
    sund_buf_u32(&body, piece);
    if (piece == 0) {
        SUND_GO(put_boxes(s, &fresh, &body, err));
        SUND_GO(put_locked(&fresh, 0, sund_release_manifest(r), &body, err));
    }
    else {
        SUND_GO(sund_release_part(r, piece - 1, &part, err));
        SUND_GO(put_locked(once, piece, sund_cur_of(part.p, part.n), &body, err));
    }
    rc = sund_leave_make(g, head, body.p, body.n, "a piece of the result, locked for the study's nodes", out, err);
out:
    sund_wipe(&fresh, sizeof fresh);
    sund_buf_free(&body);
    sund_buf_free(&part);
    return rc;
}

static sund_code unlock(const sund_key *once, uint32_t piece, sund_cur body, sund_buf *plain, sund_err *err)
{
    sund_key  k = piece_key(once, piece);
    sund_code rc;

    sund_buf_clear(plain);
    if (body.n < LOCK)
        return sund_fail(err, SUND_E_FORMAT, "a piece of a proposal is too short");
    if (!sund_buf_room(plain, body.n))
        return sund_buf_ok(plain, err);
    rc = sund_unlock(&k, body.p, body.n, plain->p, err);
    if (rc == SUND_OK)
        plain->n = body.n - LOCK;
    sund_wipe(&k, sizeof k);
    return rc;
}

/** Tables, rows and provenance are ours; the numbers of bytes may differ. */
static sund_code same_shape(const sund_release *ours, const sund_result *m, sund_err *err)
{
    sund_result own;

    SUND_TRY(sund_result_read(sund_release_manifest(ours), &own, err));
    if (own.provenance.n != m->provenance.n || memcmp(own.provenance.p, m->provenance.p, m->provenance.n) != 0)
        return sund_fail(err, SUND_E_MISMATCH, "the provenance differs");
    if (own.n_table != m->n_table)
        return sund_fail(err, SUND_E_MISMATCH, "the number of tables differs");
    for (size_t i = 0; i < own.n_table; i++)
        if (strcmp(own.table[i].name, m->table[i].name) != 0 || own.table[i].n_row != m->table[i].n_row)
            return sund_fail(err, SUND_E_MISMATCH, "table %zu has another name or number of rows", i);
    return SUND_OK;
}

static sund_code begin_taken(sund_proposal *p, sund_err *err)
{
    const sund_release *r = p->ours;

    SUND_TRY(sund_release_begin(&p->taken, &r->thresholds, r->large, r->folder, err));
    p->taken->n_table = r->n_table;
    p->taken->n_row = r->n_row;
    p->taken->by_mac = r->by_mac;
    p->taken->by_cells = r->by_cells;
    memcpy(p->taken->table, r->table, sizeof r->table);
    for (size_t i = 0; i < r->n_table; i++)
        p->taken->table[i].n_byte = p->theirs.table[i].n_byte;
    return SUND_OK;
}

sund_code sund_proposal_begin(sund_proposal **out, const sund_release *ours, sund_cur manifest, sund_err *err)
{
    sund_proposal *p = calloc(1, sizeof *p);
    sund_code      rc;

    if (!p)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    p->ours = ours;
    sund_buf_put(&p->first, manifest.p, manifest.n);
    SUND_GO(sund_buf_ok(&p->first, err));
    SUND_GO(sund_result_read(sund_cur_of(p->first.p, p->first.n), &p->theirs, err));
    SUND_GO(same_shape(ours, &p->theirs, err));
    rc = begin_taken(p, err);
out:
    if (rc == SUND_OK)
        *out = p;
    else
        sund_proposal_free(p);
    return rc;
}

sund_code sund_proposal_open(sund_proposal **out, const sund_release *ours, const sund_session *s, const sund_session_key *k, sund_cur piece, sund_err *err)
{
    uint32_t  which = sund_cur_u32(&piece);
    sund_buf  manifest = { 0 };
    sund_key  once;
    sund_code rc;

    if (which != 0 || piece.n < s->n_node * BOX + LOCK)
        return sund_fail(err, SUND_E_FORMAT, "a proposal does not begin with its first piece, or that is too short");
    SUND_TRY(sund_unseal(&k->eph, piece.p + s->me * BOX, BOX, once.b, err));
    (void) sund_cur_bytes(&piece, s->n_node * BOX);
    rc = unlock(&once, 0, piece, &manifest, err);
    if (rc == SUND_OK)
        rc = sund_proposal_begin(out, ours, sund_cur_of(manifest.p, manifest.n), err);
    if (rc == SUND_OK)
        (*out)->once = once;
    sund_wipe(&once, sizeof once);
    sund_buf_free(&manifest);
    return rc;
}

void sund_proposal_free(sund_proposal *p)
{
    if (!p)
        return;
    sund_release_free(p->taken);
    sund_buf_free(&p->first);
    sund_buf_free(&p->part);
    sund_wipe(&p->once, sizeof p->once);
    free(p);
}

const sund_key *sund_proposal_key(const sund_proposal *p) { return &p->once; }
uint32_t        sund_proposal_next(const sund_proposal *p) { return p->n_came < p->theirs.n_part ? p->n_came + 1 : 0; }

/** Two texts that stand for one number within 1e-9 relative, the second as this program writes it: there is no room for a word in the spelling. */
static bool near(int digits, sund_cur a, sund_cur b)
{
    char     s[64], t[64], *es = NULL, *et = NULL;
    double   x, y;
    sund_buf own = { 0 };
    bool     same;

    if (a.n >= sizeof s || b.n >= sizeof t)
        return false;
    memcpy(s, a.p, a.n);
    memcpy(t, b.p, b.n);
    s[a.n] = t[b.n] = 0;
    x = strtod(s, &es);
    y = strtod(t, &et);
    if (es == s || et == t || *es || *et || !isfinite(x) || !isfinite(y) || fabs(x - y) > 1e-9 * fmax(fabs(x), fabs(y)))
        return false;
    sund_release_real(&own, digits, y);
    same = !own.bad && own.n == b.n && memcmp(own.p, t, b.n) == 0;
    sund_buf_free(&own);
    return same;
}

/** The next field, without the tab or line end behind it, which *end is; 0 where there is none. */
static sund_cur field(sund_cur *c, char *end)
{
    sund_cur f = *c;
    size_t   n = 0;

    while (n < c->n && c->p[n] != '\t' && c->p[n] != '\n')
        n++;
    f.n = n;
    *end = n < c->n ? (char) c->p[n] : 0;
    (void) sund_cur_bytes(c, n + (n < c->n));
    return f;
}

/** One row of ours and of theirs; each is whole. */
static sund_code compare_row(sund_proposal *p, sund_cur *b, sund_err *err)
{
    const struct release_table *t = &p->ours->table[p->table];
    char                        ex = 0, ey = 0;

    for (size_t col = 0; ex != '\n'; col++) {
        sund_cur x = field(&p->own, &ex), y = field(b, &ey);
        bool     same = x.n == y.n && memcmp(x.p, y.p, x.n) == 0;
        char     kind = col < t->n_column ? t->column[col].kind : 's';

        if (ex != ey || ex == 0)
            return sund_fail(err, SUND_E_MISMATCH, "table %s, row %zu has another number of columns, or one table has more rows", t->name, p->row);
        if (!same && !(p->row && kind == 'f' && near((int) p->ours->thresholds.digits, x, y)))
            return sund_fail(err, SUND_E_MISMATCH, "table %s, row %zu, column %s", t->name, p->row, col < t->n_column ? t->column[col].name : "?");
    }
    return SUND_OK;
}

/** Rows of theirs against the next ones of ours. */
static sund_code compare_rows(sund_proposal *p, sund_cur b, sund_err *err)
{
    while (b.n) {
        size_t before = b.n;

        if (p->own.n == 0) {
            if (p->n_own == p->ours->n_done)
                return sund_fail(err, SUND_E_MISMATCH, "one table has more rows");
            SUND_TRY(sund_release_part(p->ours, p->n_own++, &p->part, err));
            p->own = sund_cur_of(p->part.p + SUND_PART_HEAD, p->part.n - SUND_PART_HEAD);
        }
        SUND_TRY(compare_row(p, &b, err));
        p->n_byte += before - b.n;
        if (++p->row <= p->ours->table[p->table].n_row)
            continue;
        if (p->n_byte != p->theirs.table[p->table].n_byte)
            return sund_fail(err, SUND_E_MISMATCH, "table %s has another size than its rows", p->ours->table[p->table].name);
        p->table++;
        p->row = 0;
        p->n_byte = 0;
        if (p->table == p->ours->n_table && b.n)
            return sund_fail(err, SUND_E_MISMATCH, "one table has more rows");
    }
    return SUND_OK;
}

sund_code sund_proposal_part(sund_proposal *p, sund_cur part, sund_err *err)
{
    sund_cur rows;

    SUND_TRY(sund_result_rows(&p->theirs, p->n_came, part.p, part.n, &rows, err));
    SUND_TRY(compare_rows(p, rows, err));
    SUND_TRY(sund_release_add(p->taken, rows, err));
    p->n_came++;
    return SUND_OK;
}

sund_code sund_proposal_piece(sund_proposal *p, sund_cur piece, sund_err *err)
{
    sund_buf  plain = { 0 };
    uint32_t  which = sund_cur_u32(&piece), next = sund_proposal_next(p);
    sund_code rc;

    if (!next || which != next)
        return sund_fail(err, SUND_E_FORMAT, "a piece of a proposal is out of turn");
    rc = unlock(&p->once, which, piece, &plain, err);
    if (rc == SUND_OK)
        rc = sund_proposal_part(p, sund_cur_of(plain.p, plain.n), err);
    sund_buf_free(&plain);
    return rc;
}

sund_code sund_proposal_take(sund_proposal *p, sund_release **ours, sund_err *err)
{
    sund_digest d;

    if (p->ours != *ours || sund_proposal_next(p) || p->table != p->ours->n_table)
        return sund_fail(err, SUND_E_MISMATCH, "a proposal has fewer rows than its manifest says");
    SUND_TRY(sund_release_seal(p->taken, p->theirs.provenance, err));
    d = sund_digest_of(p->first.p, p->first.n);
    if (!sund_digest_eq(&d, &p->taken->digest))
        return sund_fail(err, SUND_E_MISMATCH, "the manifest of a proposal is not that of its parts");
    sund_release_free(*ours);
    *ours = p->taken;
    p->taken = NULL;
    p->ours = NULL;
    return SUND_OK;
}
