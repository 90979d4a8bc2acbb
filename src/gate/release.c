#include "gate/gate_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sund_code sund_release_begin(sund_release **out, const sund_thresholds *t, const sund_release_column *col, size_t n_col, sund_err *err)
{
    sund_release *r = calloc(1, sizeof *r);

    if (!r)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    r->thresholds = *t;
    r->column = col;
    r->n_column = n_col;
    for (size_t k = 0; k < n_col; k++)
        sund_buf_printf(&r->table, "%s%s", k ? "\t" : "", col[k].name);
    sund_buf_text(&r->table, "\n");
    *out = r;
    return SUND_OK;
}

/** Shortest text that reads back for open data; at most t->digits significant digits else. */
static void put_real(sund_release *r, double x)
{
    char s[40];
    int  digits = (int) r->thresholds.digits;

    if (isnan(x)) {
        sund_buf_text(&r->table, "NA");
        return;
    }
    if (x == 0.0)
        x = 0.0; /* no minus sign before a zero */
    if (digits < 15) {
        (void) snprintf(s, sizeof s, "%.*g", digits, x);
    }
    else {
        for (digits = 15; digits <= 17; digits++) {
            double back;

            (void) snprintf(s, sizeof s, "%.*g", digits, x);
            back = strtod(s, NULL);
            if (memcmp(&back, &x, sizeof x) == 0)
                break;
        }
    }
    sund_buf_text(&r->table, s);
}

static void put_cell(sund_release *r, const sund_release_column *c, const sund_cell *cell)
{
    if (c->kind == 's')
        sund_buf_text(&r->table, cell->s);
    else if (c->kind == 'f')
        put_real(r, cell->f);
    else if (cell->i == INT64_MIN)
        sund_buf_text(&r->table, "NA");
    else
        sund_buf_printf(&r->table, "%lld", (long long) cell->i);
}

sund_code sund_release_row(sund_release *r, const sund_guard *g, const sund_cell *cell, sund_err *err)
{
    bool cells;

    if (r->sealed)
        return sund_fail(err, SUND_E_ARG, "the release is sealed");
    if (!sund_rule_mac(&r->thresholds, g->ac, g->an) ||
        (g->association && (!sund_rule_eligible(&r->thresholds, g->ac, g->an) || !sund_rule_missing(&r->thresholds, g->n_missing)))) {
        r->by_mac++;
        return SUND_OK;
    }
    cells = sund_rule_genotype_cells(&r->thresholds, g->cell, g->n_cell);
    r->by_cells += !cells;
    for (size_t k = 0; k < r->n_column; k++) {
        if (k)
            sund_buf_u8(&r->table, '\t');
        if (r->column[k].genotype_cell && !cells)
            sund_buf_u8(&r->table, '.');
        else
            put_cell(r, &r->column[k], &cell[k]);
    }
    sund_buf_u8(&r->table, '\n');
    r->n_row++;
    return sund_buf_ok(&r->table, err);
}

sund_code sund_release_end(sund_release *r, const char *provenance, sund_err *err)
{
    sund_buf_blob(&r->bytes, r->table.p, r->table.n);
    sund_buf_str(&r->bytes, provenance);
    SUND_TRY(sund_buf_ok(&r->bytes, err));
    sund_buf_free(&r->table);
    r->sealed = true;
    return SUND_OK;
}

void sund_release_free(sund_release *r)
{
    if (!r)
        return;
    sund_buf_free(&r->table);
    sund_buf_free(&r->bytes);
    free(r);
}

const uint8_t *sund_release_bytes(const sund_release *r, size_t *n)
{
    *n = r->bytes.n;
    return r->bytes.p;
}

/** Table and provenance inside release bytes. */
static sund_code split(const void *p, size_t n, sund_cur *table, sund_cur *provenance, sund_err *err)
{
    sund_cur c = sund_cur_of(p, n);

    *table = sund_cur_blob(&c, UINT32_MAX);
    *provenance = sund_cur_blob(&c, 1 << 24);
    return sund_cur_end(&c, "a release", err);
}

const char *sund_release_table(const sund_release *r, size_t *n)
{
    sund_cur table = { 0 }, provenance;

    *n = split(r->bytes.p, r->bytes.n, &table, &provenance, NULL) == SUND_OK ? table.n : 0;
    return (const char *) table.p;
}

const char *sund_release_provenance(const sund_release *r, size_t *n)
{
    sund_cur table, provenance = { 0 };

    *n = split(r->bytes.p, r->bytes.n, &table, &provenance, NULL) == SUND_OK ? provenance.n : 0;
    return (const char *) provenance.p;
}

sund_digest sund_release_digest(const sund_release *r) { return sund_digest_of(r->bytes.p, r->bytes.n); }
size_t      sund_release_rows(const sund_release *r) { return r->n_row; }

void sund_release_withheld(const sund_release *r, size_t *by_mac, size_t *by_cells)
{
    *by_mac = r->by_mac;
    *by_cells = r->by_cells;
}

/** The next field of a table, up to a tab or line end. */
static size_t field(sund_cur *c, char *out, size_t cap, char *end)
{
    size_t n = 0;

    while (n < c->n && c->p[n] != '\t' && c->p[n] != '\n')
        n++;
    (void) snprintf(out, cap, "%.*s", (int) (n < cap ? n : cap - 1), (const char *) c->p);
    *end = n < c->n ? (char) c->p[n] : 0;
    c->p += n + (n < c->n);
    c->n -= n + (n < c->n);
    return n;
}

/** Two texts that stand for one number within 1e-9 relative, both whole numbers or not. */
static bool near(const char *a, const char *b)
{
    char  *ea = NULL, *eb = NULL;
    double x = strtod(a, &ea), y = strtod(b, &eb);

    if (strcmp(a, b) == 0)
        return true;
    if (ea == a || eb == b || *ea || *eb || !isfinite(x) || !isfinite(y))
        return false;
    return fabs(x - y) <= 1e-9 * fmax(fabs(x), fabs(y));
}

static sund_code compare_tables(const sund_release *r, sund_cur a, sund_cur b, sund_err *err)
{
    char   x[64], y[64], ex, ey;
    size_t row = 0, col = 0;

    while (a.n || b.n) {
        sund_cur was_a = a, was_b = b;
        size_t   n = field(&a, x, sizeof x, &ex), m = field(&b, y, sizeof y, &ey);
        bool     same = n == m && memcmp(was_a.p, was_b.p, n) == 0;
        char     kind = col < r->n_column ? r->column[col].kind : 's';

        if (ex != ey)
            return sund_fail(err, SUND_E_MISMATCH, "row %zu has another number of columns, or one table has more rows", row);
        if (!same && !(row && kind == 'f' && n < sizeof x && m < sizeof y && near(x, y)))
            return sund_fail(err, SUND_E_MISMATCH, "row %zu, column %s", row, col < r->n_column ? r->column[col].name : "?");
        col = ex == '\n' ? 0 : col + 1;
        row += ex == '\n';
    }
    return SUND_OK;
}

sund_code sund_release_agree(sund_release *ours, const void *theirs, size_t n, sund_err *err)
{
    sund_cur ta, pa, tb, pb;

    SUND_TRY(split(ours->bytes.p, ours->bytes.n, &ta, &pa, err));
    SUND_TRY(split(theirs, n, &tb, &pb, err));
    if (pa.n != pb.n || memcmp(pa.p, pb.p, pa.n) != 0)
        return sund_fail(err, SUND_E_MISMATCH, "the provenance differs");
    SUND_TRY(compare_tables(ours, ta, tb, err));
    if (n != ours->bytes.n || memcmp(ours->bytes.p, theirs, n) != 0) {
        sund_buf taken = { 0 };

        sund_buf_put(&taken, theirs, n);
        SUND_TRY(sund_buf_ok(&taken, err));
        sund_buf_free(&ours->bytes);
        ours->bytes = taken;
    }
    return SUND_OK;
}

sund_code sund_leave_propose(sund_gate *g, const sund_envelope *head, const sund_session *s, const sund_release *r, sund_leave **out, sund_err *err)
{
    sund_key  once;
    uint8_t   box[sizeof(sund_key) + SUND_SEAL_OVERHEAD];
    sund_buf  body = { 0 };
    sund_code rc = SUND_OK;

    if (head->kind != SUND_MSG_PROPOSE || !r->sealed)
        return sund_fail(err, SUND_E_ARG, "a proposal is a sealed release, and leaves as kind propose");
    sund_random(once.b, sizeof once.b);
    for (size_t v = 0; v < s->n_node && rc == SUND_OK; v++) {
        rc = sund_seal(&s->node[v].eph, once.b, sizeof once.b, box, err);
        sund_buf_put(&body, box, sizeof box);
    }
    if (rc == SUND_OK && sund_buf_room(&body, r->bytes.n + 16)) {
        sund_lock(&once, r->bytes.p, r->bytes.n, body.p + body.n);
        body.n += r->bytes.n + 16;
    }
    sund_wipe(&once, sizeof once);
    if (rc == SUND_OK)
        rc = sund_buf_ok(&body, err);
    if (rc == SUND_OK)
        rc = sund_leave_make(g, head, body.p, body.n, "the result, locked for the study's nodes", out, err);
    sund_buf_free(&body);
    return rc;
}

sund_code sund_propose_read(const sund_session *s, const sund_session_key *k, sund_cur body, sund_buf *release, sund_err *err)
{
    enum { BOX = sizeof(sund_key) + SUND_SEAL_OVERHEAD };
    sund_key  once;
    sund_code rc;

    if (body.n < s->n_node * BOX + 16)
        return sund_fail(err, SUND_E_FORMAT, "a proposal is too short");
    SUND_TRY(sund_unseal(&k->eph, body.p + s->me * BOX, BOX, once.b, err));
    (void) sund_cur_bytes(&body, s->n_node * BOX);
    sund_buf_clear(release);
    if (!sund_buf_room(release, body.n))
        return sund_buf_ok(release, err);
    rc = sund_unlock(&once, body.p, body.n, release->p, err);
    if (rc == SUND_OK)
        release->n = body.n - 16;
    sund_wipe(&once, sizeof once);
    return rc;
}

sund_code sund_leave_release(sund_gate *g, const sund_envelope *head, const sund_release *r, sund_leave **out, sund_err *err)
{
    char what[120];

    if (head->kind != SUND_MSG_RELEASE || !r->sealed)
        return sund_fail(err, SUND_E_ARG, "a release is sealed first, and leaves as kind release");
    (void) snprintf(what, sizeof what, "%zu rows, %zu withheld by mac, %zu with hidden genotype-cells", r->n_row, r->by_mac, r->by_cells);
    return sund_leave_make(g, head, r->bytes.p, r->bytes.n, what, out, err);
}
