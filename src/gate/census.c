#include "gate/census.h"

#include "gate/cells.h"

#include <stdlib.h>

enum { ROWS = SUND_CENSUS_SEXES + 1, COLS = SUND_CENSUS_BANDS + 2 };

struct sund_census { int64_t shown[ROWS * COLS]; };

void sund_census_count(sund_census_counts *c, uint8_t sex, int64_t age)
{
    unsigned s = sex < SUND_CENSUS_SEXES ? sex : 0;

    c->n[s][age < 0 ? SUND_CENSUS_BANDS : age >= 90 ? SUND_CENSUS_BANDS - 1 : age / 10]++;
}

/** The counts and their totals, row by row. */
static void with_totals(const sund_census_counts *c, int64_t *n)
{
    for (int r = 0; r < SUND_CENSUS_SEXES; r++)
        for (int k = 0; k <= SUND_CENSUS_BANDS; k++) {
            n[r * COLS + k] = c->n[r][k];
            n[r * COLS + COLS - 1] += c->n[r][k];
            n[(ROWS - 1) * COLS + k] += c->n[r][k];
            n[ROWS * COLS - 1] += c->n[r][k];
        }
}

/** Which cells are hidden. Where nobody lacks sex, or age, there is no such row, or column: as with missing genotypes, "nobody" is not kept back. */
static void hide(const sund_thresholds *t, const int64_t *n, bool *hidden)
{
    bool    no_row = n[COLS - 1] == 0, no_col = n[(ROWS - 1) * COLS + SUND_CENSUS_BANDS] == 0, h[ROWS * COLS];
    int64_t m[ROWS * COLS];
    size_t  at[ROWS * COLS], k = 0;

    for (size_t r = 0; r < ROWS; r++)
        for (size_t c = 0; c < COLS; c++)
            if (!(no_row && r == 0) && !(no_col && c == SUND_CENSUS_BANDS)) {
                at[k] = r * COLS + c;
                m[k++] = n[r * COLS + c];
            }
    sund_rule_complement(t, m, ROWS - no_row, COLS - no_col, h);
    for (size_t i = 0; i < k; i++)
        hidden[at[i]] = h[i];
}

sund_code sund_census_pass(sund_census **out, const sund_thresholds *t, const sund_census_counts *c, sund_err *err)
{
    sund_census *got = calloc(1, sizeof *got);
    int64_t      n[ROWS * COLS] = { 0 };
    bool         hidden[ROWS * COLS] = { false }, none;

    if (!got)
        return sund_fail(err, SUND_E_NOMEM, "out of memory counting people");
    with_totals(c, n);
    none = !sund_rule_cell_min(t, n[ROWS * COLS - 1]);
    if (!t->open)
        hide(t, n, hidden);
    for (int i = 0; i < ROWS * COLS; i++)
        got->shown[i] = none || hidden[i] ? -1 : sund_rule_round5(t, n[i]);
    *out = got;
    return SUND_OK;
}

void sund_census_free(sund_census *c) { free(c); }

int64_t sund_census_people(const sund_census *c) { return c->shown[ROWS * COLS - 1]; }

int64_t sund_census_cell(const sund_census *c, unsigned sex, unsigned band) { return sex < ROWS && band < COLS ? c->shown[sex * COLS + band] : -1; }

bool sund_census_ages(const sund_census *c, int64_t *min, int64_t *max)
{
    bool any = false;

    for (unsigned b = 0; b < SUND_CENSUS_BANDS; b++)
        if (sund_census_cell(c, SUND_CENSUS_SEXES, b) > 0) {
            *min = any ? *min : 10 * b;
            *max = b == SUND_CENSUS_BANDS - 1 ? 120 : 10 * b + 9;
            any = true;
        }
    return any;
}
