#ifndef SUND_REPORT_REPORT_H
#define SUND_REPORT_REPORT_H

#include "base/buf.h"

/** One HTML page about a release, whole in itself: no script, nothing fetched, and nothing but what was released. What a table holds is known by its columns:
 *
 *      chrom, pos, nlog10p          Manhattan and quantile plots with lambda, the strongest rows, the region around the strongest
 *      group, time, survival        curves
 *      study, beta, ci95_low, ...   forests
 *      component, eigenvalue        scree
 *      predicted, observed          calibration
 *  and every table's first rows as they are. Titles and names are hostile and escaped. */
typedef struct sund_report_table { const char *name; sund_cur text; } sund_report_table;
void sund_report_write(const sund_report_table *table, size_t n, sund_cur provenance, sund_buf *html);

/** An association table (chrom, pos, ref, alt, af, beta, se, nlog10p) as GWAS-SSF 1.0, appended: the k-th trait's rows, and its name where the table has
 *  several. False when the table is none, or has fewer traits. Names that are no file's are left out with their rows. */
enum { SUND_REPORT_TRAIT = 65 };
bool sund_report_ssf(sund_cur table, size_t k, char trait[SUND_REPORT_TRAIT], sund_buf *out);

/** A page of tables that are no release (meta-analysis of files): title, a sentence, then as above. */
void sund_report_tables(const char *title, const char *about, const sund_report_table *table, size_t n, sund_buf *html);

#endif
