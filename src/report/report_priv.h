#ifndef SUND_REPORT_REPORT_PRIV_H
#define SUND_REPORT_REPORT_PRIV_H

#include "report/report.h"

enum { REPORT_COLUMNS = 64, PLOT_W = 920, PLOT_H = 340, PLOT_LEFT = 56, PLOT_BOTTOM = 44, PLOT_TOP = 14, PLOT_RIGHT = 14 };

/** A table's text, read row by row; cells point into it. */
typedef struct rows {
    sund_cur text, rest;
    size_t   n_read;
    size_t   n_column;
    sund_cur name[REPORT_COLUMNS], cell[REPORT_COLUMNS];
    bool     word[REPORT_COLUMNS]; /* the column holds words: report.c */
} rows;

bool   rows_open(rows *t, sund_cur text); /**< false when there is no header, or too many columns */
bool   rows_next(rows *t);                /**< false at the end, and at a row with another number of cells */
void   rows_again(rows *t);
int    rows_column(const rows *t, const char *name); /**< -1: none */
double rows_number(const rows *t, int column);       /**< NaN for what is no number */
bool   rows_text(const rows *t, int column, char *out, size_t cap);

void put_escaped(sund_buf *out, const void *p, size_t n);

/* Plots: an SVG each. */
typedef struct scale { double from, to; size_t at, length; bool down; } scale; /**< value -> pixels; down: larger is higher up */
double scale_of(const scale *s, double x);
void   plot_begin(sund_buf *out, const char *label, size_t width, size_t height);
void   plot_end(sund_buf *out);
/** Axes with round steps. */
void   plot_x_axis(sund_buf *out, const scale *x, size_t y, const char *label);
void   plot_y_axis(sund_buf *out, const scale *y, size_t x, size_t width, const char *label);

/** What the plots of an association table need, gathered in one pass: it may have millions of rows. Owns: points_free. */
typedef struct point { uint32_t pos; float p; uint8_t contig; bool common; } point; /* common: COMMON_MAC minor alleles or more, or a table that does not count them */
enum { STRONGEST = 25, COMMON_MAC = 20 };
typedef struct points {
    point   *at;
    size_t   n, cap, n_row;
    bool     counted; /* the table says how many alleles there are */
    bool     interaction; /* the p-values are of an interaction: what such a study asks */
    struct { float p; sund_cur row; } best[STRONGEST]; /* rows of the largest -log10 p, by the text from there on */
    size_t   n_best;
} points;
bool points_gather(points *g, rows *t); /**< false when memory is short */
void points_free(points *g);

void plot_manhattan(sund_buf *out, const points *g);
void plot_quantiles(sund_buf *out, const points *g);
void plot_region(sund_buf *out, const points *g);
void plot_survival(sund_buf *out, rows *t);
void plot_forest(sund_buf *out, rows *t);
void plot_bars(sund_buf *out, rows *t, const char *x, const char *y);
void plot_calibration(sund_buf *out, rows *t);

#endif
