#include "gate/gate_priv.h"

#include "base/file.h"
#include "base/real.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROW_MAX = 32 << 20 };
size_t sund_release_part_bytes = 4 << 20;

sund_code sund_release_begin(sund_release **out, const sund_thresholds *t, bool large, const char *folder, sund_err *err)
{
    sund_release *r = calloc(1, sizeof *r);

    if (!r)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    r->thresholds = *t;
    r->large = large;
    r->folder = folder ? folder : "/tmp";
    r->fd = -1;
    if (large) /* else it grows to what there is */
        (void) sund_buf_room(&r->part, sund_release_part_bytes + 4096);
    sund_buf_u32(&r->part, 0); /* which part it is */
    *out = r;
    return sund_buf_ok(&r->part, err);
}

static bool name_ok(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (i > 0 && ((s[i] >= '0' && s[i] <= '9') || s[i] == '-'))))
            return false;
    return n > 0 && n < sizeof((sund_result *) 0)->table[0].name;
}

/** The first n bytes of r->part are a part; what is behind them begins the next one. */
static sund_code part_done(sund_release *r, size_t n, sund_err *err)
{
    sund_digest d = sund_digest_of(r->part.p, n);

    if (r->n_done == SUND_PARTS_MAX)
        return sund_fail(err, SUND_E_LIMIT, "the result has more than %d parts: ask for a region at a time", SUND_PARTS_MAX);
    sund_buf_u32(&r->parts, (uint32_t) (n - SUND_PART_HEAD));
    sund_buf_put(&r->parts, d.b, sizeof d.b);
    r->n_done++;
    return sund_buf_ok(&r->parts, err);
}

/** The first n bytes of r->part, a part that is done, go to the file. */
static sund_code put_away(sund_release *r, size_t n, sund_err *err)
{
    uint8_t head[SUND_PART_HEAD];

    if (r->fd < 0)
        SUND_TRY(sund_file_unnamed(r->folder, &r->fd, err));
    SUND_TRY(sund_fd_write(r->fd, r->n_put, r->part.p, n, err));
    r->n_put += n;
    for (unsigned i = 0; i < SUND_PART_HEAD; i++)
        head[i] = (uint8_t) (r->n_done >> (8 * i));
    memmove(r->part.p + SUND_PART_HEAD, r->part.p + n, r->part.n - n);
    memcpy(r->part.p, head, sizeof head);
    r->part.n -= n - SUND_PART_HEAD;
    return SUND_OK;
}

sund_code sund_release_cut(sund_release *r, size_t at, sund_err *err)
{
    SUND_TRY(sund_buf_ok(&r->part, err));
    if (r->part.n - at > ROW_MAX)
        return sund_fail(err, SUND_E_LIMIT, "a row of table %s has more than %d MiB", r->table[r->n_table - 1].name, ROW_MAX >> 20);
    if (at == SUND_PART_HEAD || r->part.n - SUND_PART_HEAD <= sund_release_part_bytes)
        return SUND_OK;
    SUND_TRY(part_done(r, at, err));
    return put_away(r, at, err);
}

sund_code sund_release_next(sund_release *r, const char *name, const sund_release_column *col, size_t n_col, sund_err *err)
{
    struct release_table *t = &r->table[r->n_table];
    size_t                at = r->part.n;
    bool                  there = false;

    for (size_t i = 0; i < r->n_table; i++)
        there |= strcmp(r->table[i].name, name) == 0;
    if (r->sealed || there || r->n_table == SUND_RELEASE_TABLES || !name_ok(name, strlen(name)))
        return sund_fail(err, SUND_E_ARG, "a release has at most %d tables, named in small letters and differently, and none once it is sealed", SUND_RELEASE_TABLES);
    (void) snprintf(t->name, sizeof t->name, "%s", name);
    t->column = col;
    t->n_column = n_col;
    for (size_t k = 0; k < n_col; k++)
        sund_buf_printf(&r->part, "%s%s", k ? "\t" : "", col[k].name);
    sund_buf_text(&r->part, "\n");
    r->n_table++;
    t->n_byte = r->part.n - at;
    return sund_release_cut(r, at, err);
}

/** Shortest text that reads back for open data; at most t->digits significant digits else. */
void sund_release_real(sund_buf *out, int digits, double x)
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
        sund_release_real(out, digits, cell->f);
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
    sund_buf             *text = &r->part;
    size_t                at = r->part.n;
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
    t->n_byte += text->n - at;
    if (!r->large)
        SUND_TRY(sund_rule_size(&r->thresholds, r->n_row, (size_t) r->n_put + text->n, err));
    return sund_release_cut(r, at, err);
}

sund_code sund_release_add(sund_release *r, sund_cur rows, sund_err *err)
{
    if (r->part.n > SUND_PART_HEAD) {
        SUND_TRY(part_done(r, r->part.n, err));
        SUND_TRY(put_away(r, r->part.n, err));
    }
    sund_buf_put(&r->part, rows.p, rows.n);
    return sund_buf_ok(&r->part, err);
}

sund_code sund_release_seal(sund_release *r, sund_cur provenance, sund_err *err)
{
    sund_buf *m = &r->manifest;

    if (r->part.n > SUND_PART_HEAD)
        SUND_TRY(part_done(r, r->part.n, err));
    sund_buf_u32(m, (uint32_t) r->n_table);
    for (size_t i = 0; i < r->n_table; i++) {
        sund_buf_str(m, r->table[i].name);
        sund_buf_u64(m, r->table[i].n_row + 1);
        sund_buf_u64(m, r->table[i].n_byte);
    }
    sund_buf_blob(m, provenance.p, provenance.n);
    sund_buf_u32(m, r->n_done);
    sund_buf_put(m, r->parts.p, r->parts.n);
    SUND_TRY(sund_buf_ok(m, err));
    r->digest = sund_digest_of(m->p, m->n);
    r->sealed = true;
    return SUND_OK;
}

sund_code sund_release_end(sund_release *r, const char *provenance, sund_err *err) { return sund_release_seal(r, sund_cur_of(provenance, strlen(provenance)), err); }

void sund_release_free(sund_release *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        (void) close(r->fd);
    sund_buf_free(&r->part);
    sund_buf_free(&r->parts);
    sund_buf_free(&r->manifest);
    free(r);
}

sund_cur sund_release_manifest(const sund_release *r) { return sund_cur_of(r->manifest.p, r->manifest.n); }

sund_code sund_release_part(const sund_release *r, uint32_t k, sund_buf *out, sund_err *err)
{
    uint64_t      at = 0;
    sund_result m = { .n_part = r->n_done, .part = r->parts.p };
    size_t        n = 0;

    sund_buf_clear(out);
    if (!r->sealed || k >= r->n_done)
        return sund_fail(err, SUND_E_ARG, "a release has no part %u, or is not sealed", k);
    if (k + 1 == r->n_done) {
        sund_buf_put(out, r->part.p, r->part.n);
        return sund_buf_ok(out, err);
    }
    for (uint32_t i = 0; i <= k; i++) {
        at += i ? n + SUND_PART_HEAD : 0;
        (void) sund_result_part(&m, i, &n);
    }
    n += SUND_PART_HEAD;
    if (!sund_buf_room(out, n))
        return sund_buf_ok(out, err);
    SUND_TRY(sund_fd_read(r->fd, at, out->p, n, err));
    out->n = n;
    return SUND_OK;
}

/* ---- manifests ---- */

static bool read_table(sund_cur *c, sund_result *m)
{
    size_t i = m->n_table;

    if (!sund_cur_str(c, m->table[i].name, sizeof m->table[0].name) || !name_ok(m->table[i].name, strlen(m->table[i].name)))
        return false;
    m->table[i].n_row = sund_cur_u64(c);
    m->table[i].n_byte = sund_cur_u64(c);
    for (size_t k = 0; k < i; k++)
        if (strcmp(m->table[k].name, m->table[i].name) == 0)
            return false;
    m->n_table++;
    return !c->bad && m->table[i].n_row > 0 && m->table[i].n_byte >= m->table[i].n_row && m->table[i].n_byte < (uint64_t) 1 << 56;
}

sund_code sund_result_read(sund_cur whole, sund_result *m, sund_err *err)
{
    sund_cur c = whole;
    uint32_t n_table = sund_cur_u32(&c);
    uint64_t bytes = 0;
    size_t   n;

    memset(m, 0, sizeof *m);
    m->bytes = whole;
    if (c.bad || n_table == 0 || n_table > SUND_RELEASE_TABLES)
        return sund_fail(err, SUND_E_FORMAT, "a release has no table, or more than %d", SUND_RELEASE_TABLES);
    while (m->n_table < n_table) {
        if (!read_table(&c, m))
            return sund_fail(err, SUND_E_FORMAT, "a table of a release has a name or size that cannot be one");
        bytes += m->table[m->n_table - 1].n_byte;
    }
    m->provenance = sund_cur_blob(&c, 1 << 24);
    m->n_part = sund_cur_u32(&c);
    if (m->n_part == 0 || m->n_part > SUND_PARTS_MAX)
        c.bad = true;
    m->part = sund_cur_bytes(&c, c.bad ? 0 : (size_t) m->n_part * PART_ENTRY);
    SUND_TRY(sund_cur_end(&c, "the manifest of a release", err));
    for (uint32_t k = 0; k < m->n_part; k++) {
        (void) sund_result_part(m, k, &n);
        if (n == 0 || n > bytes)
            return sund_fail(err, SUND_E_FORMAT, "the parts of a release are not those of its tables");
        bytes -= n;
    }
    return bytes == 0 ? SUND_OK : sund_fail(err, SUND_E_FORMAT, "the parts of a release are not those of its tables");
}

sund_digest sund_result_part(const sund_result *m, uint32_t k, size_t *n)
{
    sund_cur    c = sund_cur_of(m->part + (size_t) k * PART_ENTRY, PART_ENTRY);
    sund_digest d;

    *n = sund_cur_u32(&c);
    (void) sund_cur_copy(&c, d.b, sizeof d.b);
    return d;
}

sund_code sund_result_rows(const sund_result *m, uint32_t k, const void *p, size_t n, sund_cur *rows, sund_err *err)
{
    size_t      want;
    sund_digest d = sund_result_part(m, k, &want), got = sund_digest_of(p, n);

    *rows = sund_cur_of(p, n);
    if (n != want + SUND_PART_HEAD || !sund_digest_eq(&d, &got) || sund_cur_u32(rows) != k)
        return sund_fail(err, SUND_E_MISMATCH, "part %u of the result is not what all nodes signed", k + 1);
    return SUND_OK;
}

sund_digest sund_release_digest(const sund_release *r) { return r->digest; }
size_t      sund_release_rows(const sund_release *r) { return r->n_table ? r->table[0].n_row : 0; }

void sund_release_withheld(const sund_release *r, size_t *by_mac, size_t *by_cells)
{
    *by_mac = r->by_mac;
    *by_cells = r->by_cells;
}

sund_code sund_leave_part(sund_gate *g, const sund_envelope *head, const sund_release *r, uint32_t k, sund_leave **out, sund_err *err)
{
    sund_result m = { .n_part = r->n_done, .part = r->parts.p };
    sund_envelope e = *head;
    sund_buf      part = { 0 }, bytes = { 0 };
    char          what[60];
    size_t        n;

    if (head->kind != SUND_MSG_PART || !r->sealed)
        return sund_fail(err, SUND_E_ARG, "a part is of a sealed release, and leaves as kind part");
    SUND_TRY(sund_release_part(r, k, &part, err));
    e.body = sund_result_part(&m, k, &n);
    (void) snprintf(what, sizeof what, "part %u of %u", k + 1, r->n_done);
    sund_envelope_room(&bytes, part.n);
    sund_buf_put(&bytes, part.p, part.n);
    sund_buf_free(&part);
    return sund_leave_digested(g, &e, &bytes, what, out, err);
}

sund_code sund_leave_release(sund_gate *g, const sund_envelope *head, const sund_release *r, sund_leave **out, sund_err *err)
{
    char what[160];

    if (head->kind != SUND_MSG_RELEASE || !r->sealed)
        return sund_fail(err, SUND_E_ARG, "a release is sealed first, and leaves as kind release");
    (void) snprintf(what, sizeof what, "%zu rows in %u parts, %zu withheld by mac, %zu with hidden cells", sund_release_rows(r), r->n_done, r->by_mac, r->by_cells);
    return sund_leave_make(g, head, r->manifest.p, r->manifest.n, what, out, err);
}
