#include "gate/cells.h"
#include "stats/linear.h"
#include "study/named.h"
#include "study/tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Counts and cross-tables of coded variables, with means, standard deviations and medians of a value in each group. Round 0 people, round 1 for
 * each cell its people, and with a value sum and sum of squares of q, and a histogram from which the median is read. */

enum { LEVELS_MAX = 33, BINS = 128 };

typedef struct axis {
    size_t  column;            /* in the plan; plan->n: there is no such axis, one level */
    size_t  n;
    int64_t cut[LEVELS_MAX];   /* of a number: level l holds raw values from cut[l - 1] to below cut[l] */
    bool    banded;
    char    label[LEVELS_MAX][80];
} axis;

typedef struct cell_sums { int64_t n, sum, bin[BINS]; sund_i128 square; } cell_sums;

typedef struct tables_own {
    axis       row, col;
    sund_named named;          /* variants: how people carry them are the columns */
    size_t     value;          /* column of the value; plan->n: none */
    int64_t    bin_raw;        /* raw values in one bin */
    cell_sums *cell;           /* row.n x col.n */
} tables_own;

static const sund_option options[] = {
    { "rows", 'v', "", 0, 0, NULL, "the variable whose groups are the rows: binary, a category, or a number with 'bands'" },
    { "bands", 't', "", 0, 0, NULL, "where a number's groups begin, such as 40, 50, 60; the first group lies below" },
    { "columns", 'v', "", 0, 0, NULL, "a second variable, binary or a category: a table of both" },
    { "variants", 't', "", 0, 0, NULL, "up to 24 variants, such as a gene's: how people carry them (heterozygous, compound, homozygous) instead of columns" },
    { "value", 'v', "", 0, 0, NULL, "a number: its mean, standard deviation and median in each group" },
    { NULL, 0, NULL, 0, 0, NULL, NULL },
};

static sund_code tables_check(const sund_study *s, sund_err *err)
{
    if (s->n_outcome || s->n_covariate)
        return sund_fail(err, SUND_E_ARG, "analysis tables takes rows, columns and value: remove outcome and covariates");
    if (!sund_study_text(s, "rows")[0] && !sund_study_text(s, "variants")[0])
        return sund_fail(err, SUND_E_ARG, "analysis tables needs 'rows' or 'variants': add a line");
    if (sund_study_text(s, "columns")[0] && sund_study_text(s, "variants")[0])
        return sund_fail(err, SUND_E_ARG, "analysis tables takes 'columns' or 'variants', not both");
    if (!sund_study_text(s, "rows")[0])
        SUND_TRY(sund_study_unread(s, "bands", "without 'rows'", err));
    if (s->drop_missing)
        return sund_fail(err, SUND_E_ARG, "analysis tables leaves nobody out for a missing genotype: remove the line 'missing'");
    return SUND_OK;
}

static void tables_end(sund_state *st)
{
    tables_own *own = st->own;

    if (own) {
        sund_named_free(&own->named);
        free(own->cell);
    }
    free(own);
    st->own = NULL;
}

/** A cut in the variable's unit as its raw integer: exact for as many decimals as are declared, refused for more. */
static bool read_cut(const char *text, size_t n, int decimals, int64_t *raw)
{
    char   s[32];
    double scale = 1.0, x;
    char  *end = NULL;

    if (n == 0 || n >= sizeof s || strspn(text, "-0123456789.") < n)
        return false;
    memcpy(s, text, n);
    s[n] = 0;
    for (int k = 0; k < decimals; k++)
        scale *= 10.0;
    x = strtod(s, &end) * scale;
    if (*end || !(fabs(x) < 1e9))
        return false;
    *raw = (int64_t) floor(x + 0.5);
    return fabs(x - (double) *raw) < 1e-6;
}

static sund_code read_bands(axis *a, const sund_column *c, const char *text, sund_err *err)
{
    char   name[LEVELS_MAX][32];
    size_t n = 0;

    a->banded = true;
    for (const char *at = text; *at;) {
        size_t skip = strspn(at, " "), len = strcspn(at + skip, " ,");

        if (n == LEVELS_MAX - 1 || !read_cut(at + skip, len, c->var.decimals, &a->cut[n]) || (n && a->cut[n] <= a->cut[n - 1]))
            return sund_fail(err, SUND_E_ARG, "bands: at most %d rising numbers, separated by commas, with no more decimals than %s has, are expected", LEVELS_MAX - 1, c->name);
        (void) snprintf(name[n], sizeof name[n], "%.*s", (int) len, at + skip);
        n++;
        at += skip + len;
        at += strspn(at, " ,");
    }
    if (n == 0)
        return sund_fail(err, SUND_E_ARG, "%s is a number: add a line 'bands' that says where its groups begin", c->name);
    (void) snprintf(a->label[0], sizeof a->label[0], "below %.31s", name[0]);
    for (size_t l = 1; l < n; l++)
        (void) snprintf(a->label[l], sizeof a->label[l], "%.31s to below %.31s", name[l - 1], name[l]);
    (void) snprintf(a->label[n], sizeof a->label[n], "%.31s and over", name[n - 1]);
    a->n = n + 1;
    return SUND_OK;
}

/** The levels of an axis, out of the dictionary's declaration. */
static sund_code read_axis(axis *a, const sund_state *st, const char *option, const char *bands, sund_err *err)
{
    const sund_column *c;

    a->column = sund_columns_role(st->plan, option);
    a->n = 1;
    (void) snprintf(a->label[0], sizeof a->label[0], "all");
    if (a->column == st->plan->n)
        return SUND_OK;
    c = &st->plan->col[a->column];
    if (c->var.type != SUND_VAR_BINARY && c->var.type != SUND_VAR_CATEGORY) {
        if (!bands)
            return sund_fail(err, SUND_E_ARG, "columns: %s is a number; a binary variable or a category is expected, or make it the rows", c->name);
        return read_bands(a, c, bands, err);
    }
    if (bands && *bands)
        return sund_fail(err, SUND_E_ARG, "bands: %s has codes of its own; remove the line", c->name);
    a->n = 0;
    for (const char *at = c->var.codes; *at && a->n < LEVELS_MAX; a->n++) {
        size_t len = strcspn(at, "|");

        (void) snprintf(a->label[a->n], sizeof a->label[0], "%.*s", (int) (len < 79 ? len : 79), at);
        at += len + (at[len] == '|');
    }
    return SUND_OK;
}

static sund_code tables_begin(sund_state *st, sund_err *err)
{
    tables_own *own = calloc(1, sizeof *own);

    st->own = own;
    if (!own)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_TRY(read_axis(&own->row, st, "rows", sund_study_text(st->study, "bands"), err));
    SUND_TRY(read_axis(&own->col, st, "columns", NULL, err));
    SUND_TRY(sund_named_read(&own->named, sund_study_text(st->study, "variants"), err));
    for (size_t z = 0; own->named.n && z < SUND_N_ZYG; z++)
        (void) snprintf(own->col.label[z], sizeof own->col.label[z], "%s", sund_zygosity_name((sund_zygosity) z));
    own->col.n = own->named.n ? SUND_N_ZYG : own->col.n;
    own->value = sund_columns_role(st->plan, "value");
    if (own->value < st->plan->n) {
        const sund_var *v = &st->plan->col[own->value].var;

        if (v->type != SUND_VAR_INTEGER && v->type != SUND_VAR_REAL)
            return sund_fail(err, SUND_E_ARG, "value: %s is no number; make it the rows or the columns", v->name);
        own->bin_raw = (v->max - v->min + BINS) / BINS;
    }
    own->cell = calloc(own->row.n * own->col.n, sizeof *own->cell);
    return own->cell ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");
}

/** 64-bit lanes a cell: its people, and with a value sum of q and the bins. One 128-bit lane a cell: sum of q^2. */
static size_t lanes(const sund_state *st, const tables_own *own) { return own->value < st->plan->n ? 2 + BINS : 1; }

static sund_code tables_plan(sund_state *st, sund_round *r, sund_err *err)
{
    (void) err;
    if (r->index == 0) {
        sund_people_round(st, r);
        return SUND_OK;
    }
    (void) snprintf(r->name, sizeof r->name, "cells");
    r->n_item = r->n_chunk = r->index == 1;
    r->params = sund_round_params(r, st->study, NULL, 0);
    return SUND_OK;
}

static size_t level_of(const axis *a, const sund_view *v, size_t i)
{
    int64_t raw;
    size_t  l = 0;

    if (a->column == v->plan.n)
        return 0;
    raw = v->column[a->column][i] + v->plan.col[a->column].mid;
    if (!a->banded)
        return (size_t) raw;
    while (l + 1 < a->n && raw >= a->cut[l])
        l++;
    return l;
}

static sund_code add_people(const sund_state *st, const sund_view *v, const uint8_t *zygosity, sund_vec *out, sund_err *err)
{
    const tables_own *own = st->own;
    size_t            k = lanes(st, own), n = own->row.n * own->col.n;
    bool              value = own->value < v->plan.n;

    for (size_t i = 0; i < v->n_person; i++) {
        size_t cell;

        if (!(v->member[i / 64] >> (i % 64) & 1))
            continue;
        cell = level_of(&own->row, v, i) * own->col.n + (zygosity ? zygosity[i] : level_of(&own->col, v, i));
        if (cell >= n)
            return sund_fail(err, SUND_E_FORMAT, "a value lies outside its declared codes; import the people again");
        sund_vec_add64(out, cell * k, 1);
        if (value) {
            const sund_column *c = &v->plan.col[own->value];
            int64_t            q = v->column[own->value][i];

            sund_vec_add64(out, cell * k + 1, q);
            sund_vec_add64(out, cell * k + 2 + (size_t) ((q + c->mid - c->var.min) / own->bin_raw), 1);
            sund_vec_add128(out, cell, (sund_i128) q * q);
        }
    }
    return SUND_OK;
}

static sund_code cells_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err)
{
    const tables_own *own = st->own;
    size_t            n = own->row.n * own->col.n;
    uint8_t          *zygosity = own->named.n ? malloc(v->n_person + 1) : NULL;
    sund_code         rc;

    SUND_GO(sund_vec_new(out, n * lanes(st, own), own->value < v->plan.n ? n : 0, err));
    if (own->named.n && !zygosity)
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", v->n_person);
    else if (zygosity)
        rc = sund_named_zygosity(&own->named, v, zygosity, err);
    if (rc == SUND_OK)
        rc = add_people(st, v, zygosity, out, err);
out:
    free(zygosity);
    return rc;
}

static sund_code tables_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    (void) chunk;
    (void) n_thread;
    return r->index == 0 ? sund_people_local(v, out, err) : cells_local(st, v, out, err);
}

static sund_code bad_total(sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "a total of tables is impossible, or has another shape than its round"); }

static sund_code tables_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    tables_own *own = st->own;
    size_t      k = lanes(st, own), n = own->row.n * own->col.n;
    int64_t     people = 0;

    (void) chunk;
    if (r->index == 0)
        return sund_people_total(st, t, err);
    if (t->n64 != n * k || t->n128 != (k > 1 ? n : 0))
        return bad_total(err);
    for (size_t c = 0; c < n; c++) {
        cell_sums *x = &own->cell[c];
        int64_t    binned = 0;

        x->n = sund_vec_get64(t, c * k);
        people += x->n;
        if (x->n < 0 || x->n > st->n_person)
            return bad_total(err);
        for (size_t b = 0; k > 1 && b < BINS; b++) {
            x->bin[b] = sund_vec_get64(t, c * k + 2 + b);
            binned += x->bin[b];
            if (x->bin[b] < 0 || x->bin[b] > x->n)
                return bad_total(err);
        }
        if (k > 1) {
            x->sum = sund_vec_get64(t, c * k + 1);
            x->square = sund_vec_get128(t, c);
            if (x->square < 0 || binned != x->n)
                return bad_total(err);
        }
    }
    return people == st->n_person ? SUND_OK : bad_total(err);
}

static void add_cell(cell_sums *to, const cell_sums *x)
{
    to->n += x->n;
    to->sum += x->sum;
    to->square += x->square;
    for (size_t b = 0; b < BINS; b++)
        to->bin[b] += x->bin[b];
}

/** Median of grouped data: within the bin that holds the n/2-th value, as if its values were evenly spread. */
static double grouped_median(const tables_own *own, const cell_sums *x, const sund_column *c)
{
    double  half = (double) x->n / 2.0, below = 0.0;
    size_t  b = 0;
    int64_t at;

    while (b + 1 < BINS && below + (double) x->bin[b] < half)
        below += (double) x->bin[b++];
    at = c->var.min + (int64_t) b * own->bin_raw;
    return ((double) at + (half - below) / (double) x->bin[b] * (double) own->bin_raw - 0.5) * c->unit;
}

static const sund_release_column column[] = {
    { "row", 's', false }, { "column", 's', false }, { "people", 'i', true }, { "percent_of_row", 'f', true }, { "mean", 'f', true }, { "sd", 'f', true }, { "median", 'f', true },
};
enum { N_COLUMN = sizeof column / sizeof column[0] };

static sund_code put_row(const sund_state *st, sund_release *out, const char *row, const char *col, const cell_sums *x, int64_t row_total, bool hidden, sund_err *err)
{
    const tables_own *own = st->own;
    int64_t           n = sund_rule_round5(&st->thresholds, x->n), whole = sund_rule_round5(&st->thresholds, row_total);
    sund_guard        guard = { .on = SUND_ON_PEOPLE, .people = hidden ? 0 : x->n };
    sund_cell         cell[N_COLUMN] = { { .s = row }, { .s = col }, { .i = n } };
    bool              over = false;

    cell[3].f = whole > 0 ? 100.0 * (double) n / (double) whole : (double) NAN;
    cell[4].f = cell[5].f = cell[6].f = (double) NAN;
    if (own->value < st->plan->n && x->n > 0) {
        const sund_column *c = &st->plan->col[own->value];

        cell[4].f = ((double) x->sum / (double) x->n + (double) c->mid) * c->unit;
        if (x->n > 1)
            cell[5].f = sqrt(sund_centred(x->n, x->square, x->sum, x->sum, 0, &over) / (double) (x->n - 1)) * c->unit;
        cell[6].f = grouped_median(own, x, c);
    }
    if (over)
        return bad_total(err);
    return sund_release_row(out, &guard, cell, err);
}

/** The cells with their totals as a last row, and a last column when there are columns. */
static cell_sums *with_totals(const tables_own *own, size_t *rows, size_t *cols)
{
    cell_sums *x;

    *rows = own->row.n + 1;
    *cols = own->col.n + (own->col.n > 1);
    x = calloc(*rows * *cols, sizeof *x);
    for (size_t r = 0; x && r < own->row.n; r++)
        for (size_t c = 0; c < own->col.n; c++) {
            const cell_sums *one = &own->cell[r * own->col.n + c];

            add_cell(&x[r * *cols + c], one);
            add_cell(&x[own->row.n * *cols + c], one);
            if (own->col.n > 1) {
                add_cell(&x[r * *cols + own->col.n], one);
                add_cell(&x[own->row.n * *cols + own->col.n], one);
            }
        }
    return x;
}

static sund_code put_cells(const sund_state *st, sund_release *out, const cell_sums *x, size_t rows, size_t cols, sund_err *err)
{
    const tables_own *own = st->own;
    int64_t          *n = calloc(rows * cols, sizeof *n);
    bool             *hidden = calloc(rows * cols, sizeof *hidden);
    sund_code         rc = n && hidden ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    for (size_t k = 0; rc == SUND_OK && k < rows * cols; k++)
        n[k] = x[k].n;
    if (rc == SUND_OK)
        sund_rule_complement(&st->thresholds, n, rows, cols, hidden);
    for (size_t k = 0; rc == SUND_OK && k < rows * cols; k++) {
        size_t r = k / cols, c = k % cols;

        rc = put_row(st, out, r < own->row.n ? own->row.label[r] : "all", own->col.n > 1 && c < own->col.n ? own->col.label[c] : "all", &x[k], n[r * cols + cols - 1], hidden[k], err);
    }
    free(n);
    free(hidden);
    return rc;
}

static sund_code tables_finish(sund_state *st, sund_release *out, sund_err *err)
{
    size_t     rows, cols;
    cell_sums *x = with_totals(st->own, &rows, &cols);
    sund_code  rc = x ? sund_release_next(out, "table", column, N_COLUMN, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK)
        rc = put_cells(st, out, x, rows, cols, err);
    (void) snprintf(st->facts, sizeof st->facts, "\"n\": %lld, \"missing_values\": \"left out\"", (long long) sund_rule_round5(&st->thresholds, st->n_person));
    free(x);
    return rc;
}

extern const sund_analysis sund_analysis_tables;
const sund_analysis        sund_analysis_tables = {
    .name = "tables",
    .title = "Counts, cross-tables, means and medians",
    .help = "People by the groups of one or two variables, or by how they carry a gene's variants, with mean, standard deviation and median of a number in each group: incidence by age band, "
            "severity by sex. People who lack a value are left out.",
    .rules = "parties, cell-min, round-5, complement, size, dominance",
    .catalogue = SUND_CATALOGUE_UNUSED,
    .strata = SUND_STRATA_NEVER,
    .options = options,
    .check = tables_check,
    .begin = tables_begin,
    .end = tables_end,
    .plan = tables_plan,
    .local = tables_local,
    .total = tables_total,
    .finish = tables_finish,
};
