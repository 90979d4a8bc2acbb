#include "report/report_priv.h"

#include "genome/contig.h"
#include "math/func.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Points are drawn once a pixel: a plot of ten million variants is as small as one of ten thousand. */

static const char *const group_colour[] = { "#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#b7791f", "#16718a", "#6b4c3b", "#555" };
enum { N_COLOUR = sizeof group_colour / sizeof group_colour[0], W = PLOT_W - PLOT_LEFT - PLOT_RIGHT, H = PLOT_H - PLOT_TOP - PLOT_BOTTOM };

static const double genome_wide = 7.30102999566398; /* -log10 of 5e-8 */

typedef struct dots { uint8_t seen[(W + 2) * (H + 2) / 8 + 1]; } dots;

/** A dot of the open path, unless its pixel has one. */
static void dot(sund_buf *out, dots *d, double x, double y)
{
    long i = lround(x) - PLOT_LEFT, j = lround(y) - PLOT_TOP, at;

    if (i < 0 || i > W || j < 0 || j > H)
        return;
    at = j * (W + 1) + i;
    if (d->seen[at / 8] >> (at % 8) & 1)
        return;
    d->seen[at / 8] = (uint8_t) (d->seen[at / 8] | 1 << (at % 8));
    sund_buf_printf(out, "M%ld %ldh0", i + PLOT_LEFT, j + PLOT_TOP);
}

static void keep_best(points *g, float p, sund_cur row)
{
    size_t k = g->n_best;

    while (k > 0 && g->best[k - 1].p < p)
        k--;
    if (k == STRONGEST)
        return;
    g->n_best += g->n_best < STRONGEST;
    memmove(&g->best[k + 1], &g->best[k], (g->n_best - k - 1) * sizeof g->best[0]);
    g->best[k].p = p;
    g->best[k].row = row;
}

bool points_gather(points *g, rows *t)
{
    int  chrom = rows_column(t, "chrom"), pos = rows_column(t, "pos"), gxe = rows_column(t, "nlog10p_gxe"), p = gxe >= 0 ? gxe : rows_column(t, "nlog10p"), ac = rows_column(t, "ac"), an = rows_column(t, "an"), contig = 0;
    char name[16], was[16] = "";

    memset(g, 0, sizeof *g);
    g->counted = ac >= 0 && an >= 0;
    g->interaction = gxe >= 0;
    rows_again(t);
    for (sund_cur row = t->rest; rows_next(t); row = t->rest) {
        double at = rows_number(t, pos), value = rows_number(t, p);

        g->n_row++;
        (void) rows_text(t, chrom, name, sizeof name);
        if (strcmp(name, was) != 0) {
            contig = sund_contig_parse(name, NULL);
            memcpy(was, name, sizeof was);
        }
        if (contig <= 0 || contig >= SUND_N_CONTIG || !(at >= 0.0 && at < 4e9) || !(value >= 0.0))
            continue;
        if (g->n == g->cap) {
            size_t cap = g->cap ? 2 * g->cap : 4096;
            point *more = sund_large_renew(g->at, g->cap * sizeof *more, cap * sizeof *more);

            if (!more) {
                sund_large_free(g->at);
                return false;
            }
            g->at = more;
            g->cap = cap;
        }
        g->at[g->n++] = (point){ (uint32_t) at, (float) value, (uint8_t) contig, !g->counted || fmin(rows_number(t, ac), rows_number(t, an) - rows_number(t, ac)) >= COMMON_MAC };
        keep_best(g, (float) value, row);
    }
    return true;
}

void points_free(points *g) { sund_large_free(g->at); }

static double top_of(double p) { return p * 1.06 > 8.0 ? p * 1.06 : 8.0; }

void plot_manhattan(sund_buf *out, const points *g)
{
    double first[SUND_N_CONTIG], last[SUND_N_CONTIG], at[SUND_N_CONTIG], whole = 0.0;
    dots  *d = calloc(1, sizeof *d);
    scale  x = { 0, 1, PLOT_LEFT, W, false }, y = { 0, 8, PLOT_TOP, H, true };
    int    n = 0, one = 0; /* the only chromosome there is */

    for (int c = 0; c < SUND_N_CONTIG; c++)
        first[c] = last[c] = -1.0;
    for (size_t i = 0; i < g->n; i++) {
        const point *p = &g->at[i];

        sund_maps_pass(i);
        first[p->contig] = first[p->contig] < 0.0 || p->pos < first[p->contig] ? p->pos : first[p->contig];
        last[p->contig] = p->pos > last[p->contig] ? p->pos : last[p->contig];
    }
    for (int c = 1; c < SUND_N_CONTIG; c++) {
        at[c] = whole;
        whole += last[c] >= 0.0 ? last[c] - first[c] + 1.0 : 0.0;
        n += last[c] >= 0.0;
        one = last[c] >= 0.0 ? c : one;
    }
    one = n == 1 ? one : 0;
    x.to = whole;
    y.to = top_of(g->n_best ? (double) g->best[0].p : 0.0);
    plot_begin(out, "Manhattan plot: -log10 p along the genome", PLOT_W, PLOT_H);
    plot_y_axis(out, &y, PLOT_LEFT, W, g->interaction ? "−log₁₀ p of the interaction" : "−log₁₀ p");
    sund_buf_printf(out, "<path class=\"line\" d=\"M%d %.1fh%d\"/>", PLOT_LEFT, scale_of(&y, genome_wide), W);
    for (size_t i = 0; i < g->n && d; i++) {
        const point *p = &g->at[i];

        sund_maps_pass(i);
        if (i == 0 || p->contig != g->at[i - 1].contig)
            sund_buf_printf(out, "%s<path class=\"%s\" d=\"", i ? "\"/>\n" : "", p->contig % 2 || one ? "odd" : "even");
        dot(out, d, scale_of(&x, at[p->contig] + p->pos - first[p->contig]), scale_of(&y, (double) p->p));
    }
    sund_buf_text(out, g->n && d ? "\"/>" : "");
    for (int c = 1; c < SUND_N_CONTIG && !one; c++)
        if (last[c] >= 0.0)
            sund_buf_printf(out, "<text x=\"%.1f\" y=\"%d\" class=\"mid\">%s</text>\n", scale_of(&x, at[c] + (last[c] - first[c]) / 2.0), PLOT_TOP + H + 16, sund_contig_name(c));
    if (one) {
        char  label[60];
        scale mega = { first[one] / 1e6, last[one] / 1e6, PLOT_LEFT, W, false };

        (void) snprintf(label, sizeof label, "chromosome %s, million bases", sund_contig_name(one));
        plot_x_axis(out, &mega, PLOT_TOP + H, label);
    }
    else
        sund_buf_printf(out, "<text x=\"%d\" y=\"%d\" class=\"mid\">chromosome</text>", PLOT_LEFT + W / 2, PLOT_TOP + H + 34);
    plot_end(out);
    free(d);
}

static int down(const void *a, const void *b) { return *(const float *) a > *(const float *) b ? -1 : *(const float *) a < *(const float *) b; }

enum { SORTED_AT_ONCE = 1 << 17 };

/** Two that go down, put together in `to`. */
static void merge_down(float *to, const float *a, size_t n_a, const float *b, size_t n_b)
{
    for (size_t i = 0, j = 0; i + j < n_a + n_b;) {
        sund_maps_pass(i + j);
        if (j == n_b || (i < n_a && a[i] >= b[j])) {
            to[i + j] = a[i];
            i++;
        }
        else {
            to[i + j] = b[j];
            j++;
        }
    }
}

/** What p has, going down: in p or in room, which has n too. Pieces are sorted, then merged, so that little of them is in memory. */
static float *sort_down(float *p, float *room, size_t n)
{
    for (size_t i = 0; i < n; i += SORTED_AT_ONCE) {
        qsort(p + i, n - i < SORTED_AT_ONCE ? n - i : SORTED_AT_ONCE, sizeof *p, down);
        sund_maps_rest();
    }
    for (size_t w = SORTED_AT_ONCE; w < n; w *= 2) {
        float *was = p;

        for (size_t i = 0; i < n; i += 2 * w) {
            size_t n_a = n - i < w ? n - i : w;

            merge_down(room + i, p + i, n_a, p + i + n_a, n - i - n_a < w ? n - i - n_a : w);
        }
        p = room;
        room = was;
    }
    return p;
}

/** chi-squared with one degree of freedom that has this -log10 p, by bisection. */
static double chisq_of(double nlog10p)
{
    double lo = 0.0, hi = 1.0;

    while (sund_chisq_nlog10p(hi, 1.0) < nlog10p && hi < 1e6)
        hi *= 2.0;
    for (int i = 0; i < 60; i++)
        *(sund_chisq_nlog10p((lo + hi) / 2.0, 1.0) < nlog10p ? &lo : &hi) = (lo + hi) / 2.0;
    return (lo + hi) / 2.0;
}

static double log10_of(double x) { return sund_ln(x) / 2.302585092994045684; }

/** Genomic control: the median chi-squared of the variants that are common enough, over that of the null. The p-values of rarer ones have few values and their
 *  median is no measure of anything. p, room: for g->n. */
static void put_lambda(sund_buf *out, const points *g, float *p, float *room)
{
    size_t n = 0;

    for (size_t i = 0; i < g->n; i++) {
        sund_maps_pass(i);
        if (g->at[i].common)
            p[n++] = g->at[i].p;
    }
    if (n < 2)
        return;
    p = sort_down(p, room, n);
    sund_buf_printf(out, "<text x=\"%d\" y=\"%d\">λ = %.4f over %zu tests", PLOT_LEFT + 14, PLOT_TOP + 18,
                    chisq_of(n % 2 ? (double) p[n / 2] : ((double) p[n / 2] + (double) p[n / 2 - 1]) / 2.0) / 0.45493642311957272, n);
    if (g->counted)
        sund_buf_printf(out, " of %d minor alleles or more", COMMON_MAC);
    sund_buf_text(out, "</text>");
}

void plot_quantiles(sund_buf *out, const points *g)
{
    size_t n = g->n;
    float *value = sund_large_new((n + 1) * sizeof *value), *room = sund_large_new((n + 1) * sizeof *room), *p;
    dots  *d = calloc(1, sizeof *d);
    scale  x = { 0, 1, PLOT_LEFT, W, false }, y = { 0, 1, PLOT_TOP, H, true };

    if (!value || !room || !d || n < 2)
        goto out;
    for (size_t i = 0; i < n; i++) {
        sund_maps_pass(i);
        value[i] = g->at[i].p;
    }
    p = sort_down(value, room, n);
    x.to = log10_of(2.0 * (double) n) * 1.02;
    y.to = (double) p[0] * 1.06 > x.to ? (double) p[0] * 1.06 : x.to;
    plot_begin(out, "Quantile plot: observed against expected -log10 p", PLOT_W, PLOT_H);
    plot_y_axis(out, &y, PLOT_LEFT, W, g->interaction ? "observed −log₁₀ p of the interaction" : "observed −log₁₀ p");
    plot_x_axis(out, &x, PLOT_TOP + H, "expected −log₁₀ p");
    sund_buf_printf(out, "<path class=\"line\" d=\"M%.1f %.1fL%.1f %.1f\"/><path class=\"odd\" d=\"", scale_of(&x, 0), scale_of(&y, 0), scale_of(&x, x.to), scale_of(&y, x.to));
    for (size_t i = 0; i < n; i++) {
        sund_maps_pass(i);
        dot(out, d, scale_of(&x, -log10_of(((double) i + 0.5) / (double) n)), scale_of(&y, (double) p[i]));
    }
    sund_buf_text(out, "\"/>");
    put_lambda(out, g, value, room);
    plot_end(out);
out:
    sund_large_free(value);
    sund_large_free(room);
    free(d);
}

enum { REGION_BP = 250000 };

void plot_region(sund_buf *out, const points *g)
{
    point  best = { 0, -1, 0, false };
    dots  *d = calloc(1, sizeof *d);
    scale  x = { 0, 1, PLOT_LEFT, W, false }, y = { 0, 1, PLOT_TOP, H, true };
    char   label[80];

    for (size_t i = 0; i < g->n; i++) {
        sund_maps_pass(i);
        best = g->at[i].p > best.p ? g->at[i] : best;
    }
    if (!g->n || !d) {
        free(d);
        return;
    }
    x.from = best.pos > REGION_BP ? (double) (best.pos - REGION_BP) / 1e6 : 0.0;
    x.to = ((double) best.pos + REGION_BP) / 1e6;
    y.to = top_of((double) best.p);
    (void) snprintf(label, sizeof label, "chromosome %s, million bases", sund_contig_name(best.contig));
    plot_begin(out, "The region around the strongest variant", PLOT_W, PLOT_H);
    plot_y_axis(out, &y, PLOT_LEFT, W, g->interaction ? "−log₁₀ p of the interaction" : "−log₁₀ p");
    plot_x_axis(out, &x, PLOT_TOP + H, label);
    sund_buf_printf(out, "<path class=\"line\" d=\"M%d %.1fh%d\"/><path class=\"odd\" d=\"", PLOT_LEFT, scale_of(&y, genome_wide), W);
    for (size_t i = 0; i < g->n; i++) {
        sund_maps_pass(i);
        if (g->at[i].contig == best.contig && fabs((double) g->at[i].pos - (double) best.pos) <= REGION_BP)
            dot(out, d, scale_of(&x, (double) g->at[i].pos / 1e6), scale_of(&y, (double) g->at[i].p));
    }
    sund_buf_printf(out, "\"/><circle class=\"best\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/><text x=\"%.1f\" y=\"%.1f\">%s:%u</text>", scale_of(&x, (double) best.pos / 1e6),
                    scale_of(&y, (double) best.p), scale_of(&x, (double) best.pos / 1e6) + 9.0, scale_of(&y, (double) best.p) + 4.0, sund_contig_name(best.contig), best.pos);
    plot_end(out);
    free(d);
}

void plot_survival(sund_buf *out, rows *t)
{
    int    group = rows_column(t, "group"), time = rows_column(t, "time"), survival = rows_column(t, "survival");
    scale  x = { 0, 1, PLOT_LEFT, W, false }, y = { 0, 1, PLOT_TOP, H, true };
    char   name[80], was[80] = "";
    size_t n = 0;
    bool   open = false;

    for (rows_again(t); rows_next(t);)
        x.to = rows_number(t, time) > x.to ? rows_number(t, time) : x.to;
    plot_begin(out, "Survival curves", PLOT_W, PLOT_H);
    plot_y_axis(out, &y, PLOT_LEFT, W, "survival");
    plot_x_axis(out, &x, PLOT_TOP + H, "time");
    for (rows_again(t); rows_next(t);) {
        double at = rows_number(t, time), s = rows_number(t, survival);

        (void) rows_text(t, group, name, sizeof name);
        if (isnan(at) || isnan(s))
            continue;
        if (!open || strcmp(name, was) != 0) {
            sund_buf_printf(out, "%s<circle cx=\"%d\" cy=\"%zu\" r=\"5\" fill=\"%s\"/><text x=\"%d\" y=\"%zu\">", open ? "\"/>" : "", PLOT_LEFT + W - 190, PLOT_TOP + 12 + 18 * n, group_colour[n % N_COLOUR],
                            PLOT_LEFT + W - 178, PLOT_TOP + 16 + 18 * n);
            put_escaped(out, name, strlen(name));
            sund_buf_printf(out, "</text><path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" d=\"M%.1f %.1f", group_colour[n % N_COLOUR], scale_of(&x, 0), scale_of(&y, 1));
            memcpy(was, name, sizeof was);
            open = true;
            n++;
        }
        sund_buf_printf(out, "H%.1fV%.1f", scale_of(&x, at), scale_of(&y, s));
    }
    sund_buf_text(out, open ? "\"/>" : "");
    plot_end(out);
}

void plot_forest(sund_buf *out, rows *t)
{
    int    study = rows_column(t, "study"), beta = rows_column(t, "beta"), low = rows_column(t, "ci95_low"), high = rows_column(t, "ci95_high"), pos = rows_column(t, "pos");
    scale  x = { 0, 0, 300, PLOT_W - 320, false };
    double first = -1.0;
    size_t n = 0;
    char   name[80];

    for (rows_again(t); rows_next(t) && n < 40; n++) { /* the first variant's rows */
        if (first >= 0.0 && rows_number(t, pos) > 0.0 && fabs(rows_number(t, pos) - first) > 0.5)
            break;
        first = rows_number(t, pos);
        x.from = rows_number(t, low) < x.from ? rows_number(t, low) : x.from;
        x.to = rows_number(t, high) > x.to ? rows_number(t, high) : x.to;
    }
    plot_begin(out, "Forest plot of the strongest variant", PLOT_W, 60 + 22 * n);
    sund_buf_printf(out, "<path class=\"line\" d=\"M%.1f 8v%zu\"/>", scale_of(&x, 0), 8 + 22 * n);
    rows_again(t);
    for (size_t i = 0; i < n && rows_next(t); i++) {
        double y = 20.0 + 22.0 * (double) i;

        (void) rows_text(t, study, name, sizeof name);
        sund_buf_printf(out, "<text x=\"10\" y=\"%.1f\">", y + 4.0);
        put_escaped(out, name, strlen(name));
        sund_buf_printf(out, "</text><path class=\"bar\" d=\"M%.1f %.1fH%.1f\"/><circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>\n", scale_of(&x, rows_number(t, low)), y,
                        scale_of(&x, rows_number(t, high)), strstr(name, "effects") ? "best" : "point", scale_of(&x, rows_number(t, beta)), y);
    }
    plot_x_axis(out, &x, 20 + 22 * n, "effect with 95 % interval");
    plot_end(out);
}

void plot_bars(sund_buf *out, rows *t, const char *across, const char *value)
{
    int    c = rows_column(t, value);
    size_t n = 0, i = 0;
    scale  x = { 0, 1, PLOT_LEFT, W, false }, y = { 0, 0, PLOT_TOP, H, true };

    for (rows_again(t); rows_next(t); n++)
        y.to = rows_number(t, c) > y.to ? rows_number(t, c) : y.to;
    x.to = (double) n + 0.5;
    x.from = 0.5;
    y.to *= 1.06;
    plot_begin(out, value, PLOT_W, PLOT_H);
    plot_y_axis(out, &y, PLOT_LEFT, W, value);
    plot_x_axis(out, &x, PLOT_TOP + H, across);
    for (rows_again(t); rows_next(t); i++)
        sund_buf_printf(out, "<path class=\"column\" d=\"M%.1f %.1fV%.1f\" stroke-width=\"%.1f\"/>", scale_of(&x, (double) i + 1.0), scale_of(&y, 0), scale_of(&y, rows_number(t, c)),
                        0.7 * (double) W / (double) (n ? n : 1));
    plot_end(out);
}

void plot_calibration(sund_buf *out, rows *t)
{
    int   a = rows_column(t, "predicted"), b = rows_column(t, "observed");
    scale x = { 0, 0, PLOT_LEFT, W, false }, y = { 0, 0, PLOT_TOP, H, true };

    x.from = y.from = 1e300;
    x.to = y.to = -1e300;
    for (rows_again(t); rows_next(t);) {
        double u = rows_number(t, a), v = rows_number(t, b);

        if (isnan(u) || isnan(v))
            continue;
        x.from = fmin(x.from, fmin(u, v));
        x.to = fmax(x.to, fmax(u, v));
    }
    if (x.from > x.to)
        return;
    y.from = x.from;
    y.to = x.to;
    plot_begin(out, "Calibration: observed against predicted", PLOT_W, PLOT_H);
    plot_y_axis(out, &y, PLOT_LEFT, W, "observed");
    plot_x_axis(out, &x, PLOT_TOP + H, "predicted");
    sund_buf_printf(out, "<path class=\"line\" d=\"M%.1f %.1fL%.1f %.1f\"/>", scale_of(&x, x.from), scale_of(&y, x.from), scale_of(&x, x.to), scale_of(&y, x.to));
    for (rows_again(t); rows_next(t);)
        if (!isnan(rows_number(t, a)) && !isnan(rows_number(t, b)))
            sund_buf_printf(out, "<circle class=\"point\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>", scale_of(&x, rows_number(t, a)), scale_of(&y, rows_number(t, b)));
    plot_end(out);
}
