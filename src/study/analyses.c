#include "base/ini.h"
#include "study/analysis.h"

#include <string.h>

extern const sund_analysis sund_analysis_counts, sund_analysis_linear, sund_analysis_tables, sund_analysis_survival, sund_analysis_score, sund_analysis_genes,
    sund_analysis_pca, sund_analysis_logistic, sund_analysis_duplicates, sund_analysis_wgr, sund_analysis_meta;

/* An analysis is one file and one line here. */
const sund_analysis *const sund_analyses[] = {
    &sund_analysis_counts,
    &sund_analysis_linear,
    &sund_analysis_meta,
    &sund_analysis_tables,
    &sund_analysis_survival,
    &sund_analysis_score,
    &sund_analysis_genes,
    &sund_analysis_pca,
    &sund_analysis_logistic,
    &sund_analysis_duplicates,
    &sund_analysis_wgr,
    NULL,
};

sund_code sund_analysis_find(const char *name, const sund_analysis **out, sund_err *err)
{
    const char *names[32] = { NULL };
    const char *near;

    for (size_t i = 0; sund_analyses[i]; i++) {
        if (strcmp(sund_analyses[i]->name, name) == 0) {
            *out = sund_analyses[i];
            return SUND_OK;
        }
        names[i] = sund_analyses[i]->name;
    }
    near = sund_nearest(name, names);
    return sund_fail(err, SUND_E_NOT_FOUND, "there is no analysis '%.32s'%s%s%s; 'sund study check --help' lists them", name,
                     near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
}
