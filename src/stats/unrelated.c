#include "stats/king.h"

#include <stdlib.h>

typedef struct graph {
    size_t    n, n_heap;
    size_t   *from; /* n + 1: where a person's relatives begin */
    uint32_t *to, *left; /* relatives; how many are left */
    uint64_t *heap; /* relatives left, then the person; largest on top. What was true of somebody once stays in it until it comes up */
} graph;

static void graph_free(graph *g)
{
    free(g->from);
    free(g->to);
    free(g->left);
    free(g->heap);
}

static void push(graph *g, uint32_t i)
{
    uint64_t x = (uint64_t) g->left[i] << 32 | i;
    size_t   at = g->n_heap++;

    for (; at && g->heap[(at - 1) / 2] < x; at = (at - 1) / 2)
        g->heap[at] = g->heap[(at - 1) / 2];
    g->heap[at] = x;
}

static uint64_t pop(graph *g)
{
    uint64_t top = g->heap[0], x = g->heap[--g->n_heap];
    size_t   at = 0;

    for (size_t c; (c = 2 * at + 1) < g->n_heap; at = c) {
        c += c + 1 < g->n_heap && g->heap[c + 1] > g->heap[c];
        if (g->heap[c] <= x)
            break;
        g->heap[at] = g->heap[c];
    }
    g->heap[at] = x;
    return top;
}

static sund_code graph_make(graph *g, size_t n, const uint32_t *pair, size_t n_pair, sund_err *err)
{
    *g = (graph){ n, 0, calloc(n + 2, sizeof *g->from), malloc((2 * n_pair + 1) * sizeof *g->to), calloc(n + 1, sizeof *g->left), malloc((n + 2 * n_pair + 1) * sizeof *g->heap) };
    if (!g->from || !g->to || !g->left || !g->heap)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu related pairs", n_pair);
    for (size_t k = 0; k < 2 * n_pair; k++)
        g->from[pair[k] + 1]++;
    for (size_t i = 0; i < n; i++)
        g->from[i + 1] += g->from[i];
    for (size_t k = 0; k < 2 * n_pair; k++)
        g->to[g->from[pair[k]] + g->left[pair[k]]++] = pair[k ^ 1];
    for (size_t i = 0; i < n; i++)
        if (g->left[i])
            push(g, (uint32_t) i);
    return SUND_OK;
}

static void leave_out(graph *g, uint32_t i, bool *out)
{
    out[i] = true;
    for (size_t k = g->from[i]; k < g->from[i + 1]; k++) {
        uint32_t j = g->to[k];

        if (!out[j] && --g->left[j])
            push(g, j);
    }
}

static void come_back(const graph *g, bool *out)
{
    for (size_t i = 0; i < g->n; i++) {
        bool has = false;

        for (size_t k = g->from[i]; out[i] && !has && k < g->from[i + 1]; k++)
            has = !out[g->to[k]];
        out[i] = out[i] && has;
    }
}

sund_code sund_king_unrelated(size_t n_person, const uint32_t *pair, size_t n_pair, bool *out, sund_err *err)
{
    graph     g;
    sund_code rc = graph_make(&g, n_person, pair, n_pair, err);

    for (size_t i = 0; i < n_person; i++)
        out[i] = false;
    while (rc == SUND_OK && g.n_heap) {
        uint64_t top = pop(&g);
        uint32_t i = (uint32_t) top;

        if (!out[i] && g.left[i] == top >> 32)
            leave_out(&g, i, out);
    }
    if (rc == SUND_OK)
        come_back(&g, out);
    graph_free(&g);
    return rc;
}
