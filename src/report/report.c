#include "report/report_priv.h"

#include "base/map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<style>:root{--ink:#1c2733;--soft:#5b6b7b;--grid:#dde4ea;--paper:#fff;--odd:#1b6ca8;--even:#7fb0d3;--hit:#c0392b}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e5ecf2;--soft:#9fb0bf;--grid:#33414d;--paper:#161d24;--odd:#5aa9e0;--even:#2f6f9f;--hit:#ff7a68}}\n"
    "body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:64rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.6rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2rem 0 .4rem}p,dl{margin:.3rem 0}figure{margin:1rem 0}svg{width:100%;height:auto;font:12px system-ui,sans-serif}\n"
    "svg text{fill:var(--ink)}.mid{text-anchor:middle}.end{text-anchor:end}.grid{stroke:var(--grid)}.axis{stroke:var(--soft)}.line{stroke:var(--hit);stroke-dasharray:5 4;fill:none}\n"
    ".odd,.even{fill:none;stroke-width:4;stroke-linecap:round}.odd{stroke:var(--odd)}.even{stroke:var(--even)}.best{fill:var(--hit)}.point{fill:var(--odd)}.bar{stroke:var(--soft);stroke-width:2}.column{stroke:var(--odd)}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\n"
    "div.t{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.88rem}th,td{padding:.2rem .7rem;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap}\n"
    "th{color:var(--soft);font-weight:600}td.s,th.s{text-align:left}details{margin:1rem 0}pre{overflow-x:auto;font-size:.8rem}footer{color:var(--soft);margin:3rem 0 1rem;font-size:.85rem}</style>\n";

/** The text behind "key": in provenance as this program writes it: a string's inside, a number, true or false. Empty when absent. */
static sund_cur value_of(sund_cur json, const char *key)
{
    char   want[64];
    size_t len = (size_t) snprintf(want, sizeof want, "\"%s\": ", key);

    for (size_t i = 0; i + len < json.n; i++) {
        size_t from = i + len, end;

        if (memcmp(json.p + i, want, len) != 0)
            continue;
        if (json.p[from] == '"') {
            for (end = ++from; end < json.n && json.p[end] != '"'; end++)
                end += json.p[end] == '\\';
        }
        else
            for (end = from; end < json.n && !strchr(",\n}", json.p[end]); end++)
                continue;
        return sund_cur_of(json.p + from, end < json.n ? end - from : 0);
    }
    return sund_cur_of(NULL, 0);
}

/** A JSON string's inside as text: the escapes that base/json.c writes undone, HTML's put on. */
static void put_json_text(sund_buf *out, sund_cur v)
{
    for (size_t i = 0; i < v.n; i++) {
        char c = (char) v.p[i];

        if (c == '\\' && i + 1 < v.n) {
            c = (char) v.p[++i];
            if (c == 'u') {
                i += i + 4 < v.n ? 4 : 0;
                c = ' ';
            }
            else if (strchr("bfnrt", c))
                c = ' ';
        }
        put_escaped(out, &c, 1);
    }
}

static void put_fact(sund_buf *out, sund_cur json, const char *key, const char *name)
{
    sund_cur v = value_of(json, key);

    if (!v.n)
        return;
    sund_buf_printf(out, "<dt>%s</dt><dd>", name);
    if (strcmp(key, "variants") == 0 && v.p[-1] == '"') { /* a study of named variants: how many, as everywhere else */
        size_t n = 0;

        for (size_t i = 0; i < v.n; i++)
            n += !strchr(", ", v.p[i]) && (i == 0 || strchr(", ", v.p[i - 1]));
        sund_buf_printf(out, "%zu", n);
    }
    else
        put_json_text(out, v);
    sund_buf_text(out, "</dd>");
}

/** What rows_number() would call a number for certain, without working out which. */
static bool is_plain_number(sund_cur c)
{
    size_t i = c.n && c.p[0] == '-', from = i, n_dot = 0;

    while (i < c.n && ((c.p[i] >= '0' && c.p[i] <= '9') || (c.p[i] == '.' && n_dot++ == 0)))
        i++;
    if (i == from + n_dot || c.n > 60)
        return false;
    if (i + 4 == c.n && c.p[i] == 'e' && (c.p[i + 1] == '-' || c.p[i + 1] == '+')) /* two digits */
        return c.p[i + 2] >= '0' && c.p[i + 2] <= '9' && c.p[i + 3] >= '0' && c.p[i + 3] <= '9';
    return i == c.n;
}

/** A column holds words when any of its cells is neither a number nor NA, or when all are left open. */
static void find_words(rows *t)
{
    bool number[REPORT_COLUMNS] = { false };

    rows_again(t);
    while (rows_next(t))
        for (size_t k = 0; k < t->n_column; k++) {
            sund_cur c = t->cell[k];
            bool     open = c.n == 0 || (c.n == 1 && c.p[0] == '.');

            if (is_plain_number(c) || !isnan(rows_number(t, (int) k)) || (c.n == 2 && memcmp(c.p, "NA", 2) == 0))
                number[k] = true;
            else
                t->word[k] |= !open;
        }
    for (size_t k = 0; k < t->n_column; k++)
        t->word[k] |= !number[k];
}

static void put_header(sund_buf *out, const rows *t)
{
    sund_buf_text(out, "<div class=\"t\"><table><thead><tr>");
    for (size_t k = 0; k < t->n_column; k++) {
        sund_buf_text(out, t->word[k] ? "<th class=\"s\">" : "<th>");
        put_escaped(out, t->name[k].p, t->name[k].n);
        sund_buf_text(out, "</th>");
    }
    sund_buf_text(out, "</tr></thead><tbody>\n");
}

/** Reals to five significant digits: the file has all of them. */
static void put_cell(sund_buf *out, const rows *t, int k, size_t n)
{
    const sund_cur *c = &t->cell[k];
    double          x = c->n > 7 && memchr(c->p, '.', c->n) ? rows_number(t, k) : (double) NAN;

    if (isnan(x))
        put_escaped(out, c->p, n);
    else
        sund_buf_printf(out, "%.5g", x);
}

static void put_row(sund_buf *out, const rows *t)
{
    sund_buf_text(out, "<tr>");
    for (size_t k = 0; k < t->n_column; k++) {
        size_t n = t->cell[k].n > 60 ? 60 : t->cell[k].n;

        sund_buf_text(out, t->word[k] ? "<td class=\"s\">" : "<td>");
        put_cell(out, t, (int) k, n);
        sund_buf_text(out, n < t->cell[k].n ? "…</td>" : "</td>");
    }
    sund_buf_text(out, "</tr>\n");
}

enum { SHOWN = 200 };

/** The strongest rows of an association table, or the first of another. */
static void put_rows(sund_buf *out, rows *t, const points *g)
{
    size_t n = 0, all = 0;

    find_words(t);
    put_header(out, t);
    rows_again(t);
    for (size_t i = 0; g && i < g->n_best; i++) {
        t->rest = g->best[i].row;
        n += rows_next(t);
        put_row(out, t);
        sund_maps_rest(); /* each lies somewhere else, and what is around it comes along */
    }
    for (; !g && rows_next(t); all++)
        if (all < SHOWN) {
            put_row(out, t);
            n++;
        }
    all = g ? g->n_row : all;
    sund_buf_text(out, "</tbody></table></div>\n");
    if (n < all)
        sund_buf_printf(out, "<p>%s %zu of %zu rows; the file has all.</p>\n", g ? "The strongest" : "The first", n, all);
}

static bool has(const rows *t, const char *a, const char *b, const char *c) { return rows_column(t, a) >= 0 && rows_column(t, b) >= 0 && rows_column(t, c) >= 0; }

static void put_table(sund_buf *out, const char *name, sund_cur text)
{
    rows   t;
    points g;
    bool   by_p;

    if (!rows_open(&t, text))
        return;
    sund_buf_text(out, "<h2>");
    put_escaped(out, name, strlen(name));
    sund_buf_text(out, ".tsv</h2>\n");
    by_p = has(&t, "chrom", "pos", "nlog10p") && points_gather(&g, &t);
    if (by_p && g.n) {
        plot_manhattan(out, &g);
        plot_quantiles(out, &g);
        plot_region(out, &g);
    }
    if (has(&t, "group", "time", "survival"))
        plot_survival(out, &t);
    if (has(&t, "study", "ci95_low", "ci95_high"))
        plot_forest(out, &t);
    if (has(&t, "component", "eigenvalue", "eigenvalue"))
        plot_bars(out, &t, "component", "eigenvalue");
    if (has(&t, "predicted", "observed", "observed"))
        plot_calibration(out, &t);
    put_rows(out, &t, by_p ? &g : NULL);
    if (by_p)
        points_free(&g);
}

static void put_title(sund_buf *out, sund_cur json_text)
{
    sund_buf_text(out, head);
    sund_buf_text(out, "<title>");
    put_json_text(out, json_text);
    sund_buf_text(out, "</title></head><body>\n<h1>");
    put_json_text(out, json_text);
    sund_buf_text(out, "</h1>\n");
}

void sund_report_write(const sund_report_table *table, size_t n, sund_cur provenance, sund_buf *html)
{
    static const struct { const char *key, *name; } fact[] = {
        { "analysis", "analysis" }, { "cohort", "cohort" }, { "outcome", "outcome" }, { "n", "people" }, { "events", "events" }, { "n_case", "cases" }, { "strata", "strata" },
        { "estimator", "estimator" }, { "variants", "variants asked" }, { "eligible", "variants eligible" }, { "rows", "rows" }, { "rows_withheld_by_mac", "rows withheld by rule mac" },
        { "rows_with_hidden_cells", "rows with hidden cells" }, { "run", "run" }, { "purpose", "purpose" }, { "catalogue", "catalogue" }, { "study", "study" }, { "program", "program" },
    };
    sund_cur title = value_of(provenance, "title");

    put_title(html, title);
    sund_buf_text(html, "<p>Made from what was released, and from nothing else.</p><dl>\n");
    for (size_t i = 0; i < sizeof fact / sizeof *fact; i++)
        put_fact(html, provenance, fact[i].key, fact[i].name);
    sund_buf_text(html, "</dl>\n");
    for (size_t i = 0; i < n; i++)
        put_table(html, table[i].name, table[i].text);
    sund_buf_text(html, "<details><summary>Provenance</summary><pre>");
    put_escaped(html, provenance.p, provenance.n);
    sund_buf_text(html, "</pre></details>\n<footer>Sund</footer></body></html>\n");
}

void sund_report_tables(const char *title, const char *about, const sund_report_table *table, size_t n, sund_buf *html)
{
    put_title(html, sund_cur_of(title, strlen(title)));
    sund_buf_text(html, "<p>");
    put_escaped(html, about, strlen(about));
    sund_buf_text(html, "</p>\n");
    for (size_t i = 0; i < n; i++)
        put_table(html, table[i].name, table[i].text);
    sund_buf_text(html, "<footer>Sund</footer></body></html>\n");
}
