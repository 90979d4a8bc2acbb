#include "gate/cells.h"

int64_t sund_rule_round5(const sund_thresholds *t, int64_t n_person) { return t->open ? n_person : (n_person + 2) / 5 * 5; }

int64_t sund_rule_midpoint6(const sund_thresholds *t, int64_t n_person) { return t->open || n_person == 0 ? n_person : (n_person + 5) / 6 * 6 - 3; }

/** One row or column: `count` cells from `from`, `step` apart. True when a further cell was hidden. */
static bool guard_line(const sund_thresholds *t, const int64_t *n, bool *hidden, size_t from, size_t step, size_t count)
{
    int64_t sum = 0;
    size_t  n_hidden = 0, least = SIZE_MAX;

    for (size_t k = 0; k < count; k++) {
        size_t at = from + k * step;

        n_hidden += hidden[at];
        sum += hidden[at] ? n[at] : 0;
        if (!hidden[at] && (least == SIZE_MAX || n[at] < n[least]))
            least = at;
    }
    if (n_hidden == 0 || least == SIZE_MAX || (n_hidden > 1 && sund_rule_cell_min(t, sum)))
        return false;
    hidden[least] = true;
    return true;
}

void sund_rule_complement(const sund_thresholds *t, const int64_t *n, size_t rows, size_t cols, bool *hidden)
{
    bool more = true;

    for (size_t k = 0; k < rows * cols; k++)
        hidden[k] = !sund_rule_cell_min(t, n[k]);
    while (more) {
        more = false;
        for (size_t r = 0; cols > 1 && r < rows; r++)
            more |= guard_line(t, n, hidden, r * cols, 1, cols);
        for (size_t c = 0; rows > 1 && c < cols; c++)
            more |= guard_line(t, n, hidden, c, cols, rows);
    }
}
