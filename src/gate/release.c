#include "gate/gate_priv.h"

#include "base/real.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sund_code sund_release_begin(sund_release **out, const sund_thresholds *t, bool large, sund_err *err)
{
    sund_release *r = calloc(1, sizeof *r);

    if (!r)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    r->thresholds = *t;
    r->large = large;
    r->bytes.large = true;
    sund_buf_u32(&r->bytes, 0); /* the number of tables */
    *out = r;
    return SUND_OK;
}

static bool name_ok(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (i > 0 && ((s[i] >= '0' && s[i] <= '9') || s[i] == '-'))))
            return false;
    return n > 0 && n < sizeof((sund_release_parts *) 0)->table[0].name;
}

/** Bytes at and following hold v; they are there. */
static void set_u32(sund_buf *b, size_t at, size_t v)
{
    for (unsigned i = 0; i < 4 && !b->bad; i++)
        b->p[at + i] = (uint8_t) (v >> (8 * i));
}

/** The last table has all its rows. */
static sund_code end_table(sund_release *r, sund_err *err)
{
    size_t n = r->bytes.n - r->text_at;

    SUND_TRY(sund_buf_ok(&r->bytes, err));
    if (n > UINT32_MAX)
        return sund_fail(err, SUND_E_LIMIT, "table %s would have more than 4 GiB: ask for a region at a time", r->table[r->n_table - 1].name);
    set_u32(&r->bytes, r->text_at - 4, n);
    set_u32(&r->bytes, 0, r->n_table);
    return SUND_OK;
}

sund_code sund_release_next(sund_release *r, const char *name, const sund_release_column *col, size_t n_col, sund_err *err)
{
    struct release_table *t = &r->table[r->n_table];

    if (r->sealed || r->n_table == SUND_RELEASE_TABLES || !name_ok(name, strlen(name)))
        return sund_fail(err, SUND_E_ARG, "a release has at most %d tables, named in small letters, and none once it is sealed", SUND_RELEASE_TABLES);
    if (r->n_table)
        SUND_TRY(end_table(r, err));
    (void) snprintf(t->name, sizeof t->name, "%s", name);
    t->column = col;
    t->n_column = n_col;
    sund_buf_str(&r->bytes, name);
    sund_buf_u32(&r->bytes, 0); /* how long its text is */
    r->text_at = r->bytes.n;
    for (size_t k = 0; k < n_col; k++)
        sund_buf_printf(&r->bytes, "%s%s", k ? "\t" : "", col[k].name);
    sund_buf_text(&r->bytes, "\n");
    r->n_table++;
    return sund_buf_ok(&r->bytes, err);
}

/** Shortest text that reads back for open data; at most t->digits significant digits else. */
static void put_real(sund_buf *out, int digits, double x)
{
    char s[SUND_REAL_BYTES];

    if (isnan(x)) {
        sund_buf_text(out, "NA");
        return;
    }
    if (x == 0.0)
        x = 0.0; /* no minus sign before a zero */
    sund_buf_put(out, s, digits < 15 ? sund_real_print(s, x, digits) : sund_real_shortest(s, x));
}

static void put_cell(sund_buf *out, int digits, const sund_release_column *c, const sund_cell *cell)
{
    if (c->kind == 's')
        sund_buf_text(out, cell->s);
    else if (c->kind == 'f')
        put_real(out, digits, cell->f);
    else if (cell->i == INT64_MIN)
        sund_buf_text(out, "NA");
    else
        sund_buf_i64(out, cell->i);
}

/** Whether a variant's row may be there at all. */
static bool row_passes(const sund_thresholds *t, const sund_guard *g)
{
    return g->on != SUND_ON_VARIANT ||
           (sund_rule_mac(t, g->ac, g->an) && (!g->association || (sund_rule_eligible(t, g->ac, g->an) && sund_rule_missing(t, g->n_missing))));
}

static bool cells_pass(const sund_thresholds *t, const sund_guard *g)
{
    switch (g->on) {
    case SUND_ON_VARIANT: return sund_rule_genotype_cells(t, g->cell, g->n_cell);
    case SUND_ON_PEOPLE: return sund_rule_cell_min(t, g->people);
    case SUND_ON_COHORT: break;
    }
    return true;
}

sund_code sund_release_row(sund_release *r, const sund_guard *g, const sund_cell *cell, sund_err *err)
{
    struct release_table *t = r->n_table ? &r->table[r->n_table - 1] : NULL;
    sund_buf             *text = &r->bytes;
    bool                  shown;

    if (r->sealed || !t)
        return sund_fail(err, SUND_E_ARG, "the release is sealed, or has no table yet");
    sund_maps_pass(r->n_asked++);
    if (!row_passes(&r->thresholds, g)) {
        r->by_mac++;
        return SUND_OK;
    }
    shown = cells_pass(&r->thresholds, g);
    r->by_cells += !shown;
    for (size_t k = 0; k < t->n_column; k++) {
        if (k)
            sund_buf_u8(text, '\t');
        if (!t->column[k].guarded || shown)
            put_cell(text, (int) r->thresholds.digits, &t->column[k], &cell[k]);
        else if (g->on == SUND_ON_PEOPLE)
            sund_buf_printf(text, "below %u", r->thresholds.cell_min);
        else
            sund_buf_u8(text, '.');
    }
    sund_buf_u8(text, '\n');
    t->n_row++;
    r->n_row++;
    SUND_TRY(sund_buf_ok(text, err));
    return r->large ? SUND_OK : sund_rule_size(&r->thresholds, r->n_row, text->n, err);
}

sund_code sund_release_end(sund_release *r, const char *provenance, sund_err *err)
{
    if (r->n_table)
        SUND_TRY(end_table(r, err));
    sund_buf_str(&r->bytes, provenance);
    SUND_TRY(sund_buf_ok(&r->bytes, err));
    r->digest = sund_digest_of(r->bytes.p, r->bytes.n);
    r->sealed = true;
    return SUND_OK;
}

void sund_release_free(sund_release *r)
{
    if (!r)
        return;
    sund_buf_free(&r->bytes);
    free(r);
}

const uint8_t *sund_release_bytes(const sund_release *r, size_t *n)
{
    *n = r->bytes.n;
    return r->bytes.p;
}

sund_code sund_release_split(const void *p, size_t n, sund_release_parts *out, sund_err *err)
{
    sund_cur c = sund_cur_of(p, n);
    uint32_t n_table = sund_cur_u32(&c);

    memset(out, 0, sizeof *out);
    if (n_table > SUND_RELEASE_TABLES)
        return sund_fail(err, SUND_E_FORMAT, "a release has more than %d tables", SUND_RELEASE_TABLES);
    for (; out->n_table < n_table; out->n_table++) {
        if (!sund_cur_str(&c, out->table[out->n_table].name, sizeof out->table[0].name) || !name_ok(out->table[out->n_table].name, strlen(out->table[out->n_table].name)))
            return sund_fail(err, SUND_E_FORMAT, "a table of a release has a name that cannot be one");
        out->table[out->n_table].text = sund_cur_blob(&c, UINT32_MAX);
    }
    out->provenance = sund_cur_blob(&c, 1 << 24);
    return sund_cur_end(&c, "a release", err);
}

const char *sund_release_table(const sund_release *r, size_t *n)
{
    sund_release_parts parts;

    *n = 0;
    if (sund_release_split(r->bytes.p, r->bytes.n, &parts, NULL) != SUND_OK || !parts.n_table)
        return "";
    *n = parts.table[0].text.n;
    return (const char *) parts.table[0].text.p;
}

sund_digest sund_release_digest(const sund_release *r) { return r->digest; }
size_t      sund_release_rows(const sund_release *r) { return r->n_table ? r->table[0].n_row : 0; }

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

/** Two texts that stand for one number within 1e-9 relative, the second as this program writes it: there is no room for a word in the spelling. */
static bool near(int digits, const char *a, const char *b)
{
    char    *ea = NULL, *eb = NULL;
    double   x = strtod(a, &ea), y = strtod(b, &eb);
    sund_buf own = { 0 };
    bool     same;

    if (strcmp(a, b) == 0)
        return true;
    if (ea == a || eb == b || *ea || *eb || !isfinite(x) || !isfinite(y) || fabs(x - y) > 1e-9 * fmax(fabs(x), fabs(y)))
        return false;
    put_real(&own, digits, y);
    sund_buf_nul(&own);
    same = !own.bad && strcmp((const char *) own.p, b) == 0;
    sund_buf_free(&own);
    return same;
}

static sund_code compare_table(const struct release_table *t, int digits, sund_cur a, sund_cur b, sund_err *err)
{
    char   x[64], y[64], ex, ey;
    size_t row = 0, col = 0;

    if (a.n == b.n && memcmp(a.p, b.p, a.n) == 0)
        return SUND_OK;
    while (a.n || b.n) {
        sund_cur was_a = a, was_b = b;
        size_t   n = field(&a, x, sizeof x, &ex), m = field(&b, y, sizeof y, &ey);
        bool     same = n == m && memcmp(was_a.p, was_b.p, n) == 0;
        char     kind = col < t->n_column ? t->column[col].kind : 's';

        if (ex != ey)
            return sund_fail(err, SUND_E_MISMATCH, "table %s, row %zu has another number of columns, or one table has more rows", t->name, row);
        if (!same && !(row && kind == 'f' && n < sizeof x && m < sizeof y && near(digits, x, y)))
            return sund_fail(err, SUND_E_MISMATCH, "table %s, row %zu, column %s", t->name, row, col < t->n_column ? t->column[col].name : "?");
        col = ex == '\n' ? 0 : col + 1;
        row += ex == '\n';
    }
    return SUND_OK;
}

sund_code sund_release_agree(sund_release *ours, const void *theirs, size_t n, sund_err *err)
{
    sund_release_parts a, b;

    SUND_TRY(sund_release_split(ours->bytes.p, ours->bytes.n, &a, err));
    SUND_TRY(sund_release_split(theirs, n, &b, err));
    if (a.provenance.n != b.provenance.n || memcmp(a.provenance.p, b.provenance.p, a.provenance.n) != 0)
        return sund_fail(err, SUND_E_MISMATCH, "the provenance differs");
    if (a.n_table != b.n_table)
        return sund_fail(err, SUND_E_MISMATCH, "the number of tables differs");
    for (size_t i = 0; i < a.n_table; i++) {
        if (strcmp(a.table[i].name, b.table[i].name) != 0)
            return sund_fail(err, SUND_E_MISMATCH, "table %zu has another name", i);
        SUND_TRY(compare_table(&ours->table[i], (int) ours->thresholds.digits, a.table[i].text, b.table[i].text, err));
    }
    if (n != ours->bytes.n || memcmp(ours->bytes.p, theirs, n) != 0) {
        sund_buf taken = { 0 };

        sund_buf_put(&taken, theirs, n);
        SUND_TRY(sund_buf_ok(&taken, err));
        sund_buf_free(&ours->bytes);
        ours->bytes = taken;
        ours->digest = sund_digest_of(taken.p, taken.n);
    }
    return SUND_OK;
}

enum { BOX = sizeof(sund_key) + SUND_SEAL_OVERHEAD, LOCK = 16 };

size_t sund_propose_bytes(size_t n_node, size_t n_release) { return n_node * BOX + n_release + LOCK; }

sund_code sund_leave_propose(sund_gate *g, const sund_envelope *head, const sund_session *s, const sund_release *r, sund_leave **out, sund_err *err)
{
    sund_key  once;
    uint8_t   box[BOX];
    sund_buf  body = { 0 };
    sund_code rc = SUND_OK;

    if (head->kind != SUND_MSG_PROPOSE || !r->sealed)
        return sund_fail(err, SUND_E_ARG, "a proposal is a sealed release, and leaves as kind propose");
    sund_random(once.b, sizeof once.b);
    for (size_t v = 0; v < s->n_node && rc == SUND_OK; v++) {
        rc = sund_seal(&s->node[v].eph, once.b, sizeof once.b, box, err);
        sund_buf_put(&body, box, sizeof box);
    }
    if (rc == SUND_OK && sund_buf_room(&body, r->bytes.n + LOCK)) {
        sund_lock(&once, r->bytes.p, r->bytes.n, body.p + body.n);
        body.n += r->bytes.n + LOCK;
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
    sund_key  once;
    sund_code rc;

    if (body.n < s->n_node * BOX + LOCK)
        return sund_fail(err, SUND_E_FORMAT, "a proposal is too short");
    SUND_TRY(sund_unseal(&k->eph, body.p + s->me * BOX, BOX, once.b, err));
    (void) sund_cur_bytes(&body, s->n_node * BOX);
    sund_buf_clear(release);
    if (!sund_buf_room(release, body.n))
        return sund_buf_ok(release, err);
    rc = sund_unlock(&once, body.p, body.n, release->p, err);
    if (rc == SUND_OK)
        release->n = body.n - LOCK;
    sund_wipe(&once, sizeof once);
    return rc;
}

sund_code sund_leave_release(sund_gate *g, const sund_envelope *head, const sund_release *r, sund_leave **out, sund_err *err)
{
    sund_envelope e = *head;
    sund_buf      bytes = { 0 };
    char          what[120];

    if (head->kind != SUND_MSG_RELEASE || !r->sealed)
        return sund_fail(err, SUND_E_ARG, "a release is sealed first, and leaves as kind release");
    (void) snprintf(what, sizeof what, "%zu rows, %zu withheld by mac, %zu with hidden cells", sund_release_rows(r), r->by_mac, r->by_cells);
    e.body = r->digest;
    sund_envelope_room(&bytes, r->bytes.n);
    sund_buf_put(&bytes, r->bytes.p, r->bytes.n);
    return sund_leave_digested(g, &e, &bytes, what, out, err);
}
