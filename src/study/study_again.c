#include "study/study.h"

#include <stdio.h>
#include <string.h>

/* The same question, put to the nodes that are left when one has left a study for good. */

static bool same_options(const sund_study *a, const sund_study *b)
{
    for (size_t k = 0; k < a->n_option && a->n_option == b->n_option; k++)
        if (strcmp(a->option[k].name, b->option[k].name) != 0 || strcmp(a->option[k].value, b->option[k].value) != 0)
            return false;
    return a->n_option == b->n_option;
}

static bool same_names(const char *a, size_t n_a, const char *b, size_t n_b, size_t cap)
{
    for (size_t k = 0; k < n_a && n_a == n_b; k++)
        if (strcmp(a + k * cap, b + k * cap) != 0)
            return false;
    return n_a == n_b;
}

static bool same_region(const sund_study *a, const sund_study *b)
{
    return a->has_region == b->has_region && a->region.contig == b->region.contig && a->region.from_bp == b->region.from_bp && a->region.to_bp == b->region.to_bp;
}

/** The line of the file by which they ask something else; NULL for none. */
static const char *apart(const sund_study *a, const sund_study *b)
{
    const struct { const char *line; bool same; } at[] = {
        { "analysis", strcmp(a->analysis, b->analysis) == 0 },
        { "purpose", strcmp(a->purpose, b->purpose) == 0 },
        { "cohort", strcmp(a->cohort, b->cohort) == 0 },
        { "outcome", same_names(a->outcome[0], a->n_outcome, b->outcome[0], b->n_outcome, sizeof a->outcome[0]) },
        { "covariates", same_names(a->covariate[0], a->n_covariate, b->covariate[0], b->n_covariate, sizeof a->covariate[0]) },
        { "strata", a->strata_country == b->strata_country },
        { "missing", a->drop_missing == b->drop_missing },
        { "catalogue", a->has_catalogue == b->has_catalogue && sund_digest_eq(&a->catalogue, &b->catalogue) },
        { "region", same_region(a, b) },
        { "chunk", a->chunk == b->chunk },
        { "a line of the analysis", same_options(a, b) },
    };

    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
        if (!at[i].same)
            return at[i].line;
    return NULL;
}

sund_code sund_study_goes_on(const sund_study *was, const sund_study *now, sund_err *err)
{
    const char *line = apart(was, now);
    sund_hex64  name = sund_digest_hex(&was->digest);

    if (!now->has_after || !sund_digest_eq(&now->after, &was->digest))
        return sund_fail(err, SUND_E_MISMATCH, "after: another study than %.12s is named", name.s);
    if (line)
        return sund_fail(err, SUND_E_MISMATCH, "after: study %.12s asked something else (%s): a study that goes on from it has all of its lines but title, nodes and number", name.s, line);
    for (size_t i = 0; i < now->n_node; i++)
        if (sund_study_node(was, now->node[i]) < 0)
            return sund_fail(err, SUND_E_MISMATCH, "after: study %.12s did not ask %s", name.s, now->node[i]);
    if (now->n_node >= was->n_node)
        return sund_fail(err, SUND_E_MISMATCH, "after: study %.12s asked the same nodes: a study goes on from another without the nodes that left it", name.s);
    return SUND_OK;
}

static bool has_key(const char *line, size_t len, const char *key)
{
    size_t skip = 0, n = strlen(key);

    while (skip < len && (line[skip] == ' ' || line[skip] == '\t'))
        skip++;
    if (len - skip < n || memcmp(line + skip, key, n) != 0)
        return false;
    for (skip += n; skip < len && (line[skip] == ' ' || line[skip] == '\t'); skip++)
        ;
    return skip < len && line[skip] == '=';
}

static void put_nodes(const sund_study *was, const char *const *gone, size_t n_gone, sund_buf *out)
{
    bool first = true;

    sund_buf_text(out, "nodes = ");
    for (size_t i = 0; i < was->n_node; i++) {
        bool left = true;

        for (size_t k = 0; k < n_gone; k++)
            left = left && strcmp(was->node[i], gone[k]) != 0;
        if (!left)
            continue;
        sund_buf_printf(out, "%s%s", first ? "" : ", ", was->node[i]);
        first = false;
    }
    sund_buf_printf(out, "\nafter = %s\n", sund_digest_hex(&was->digest).s);
}

sund_code sund_study_without(const sund_study *was, const void *p, size_t n, const char *const *gone, size_t n_gone, sund_buf *out, sund_err *err)
{
    const char *text = p;

    for (size_t k = 0; k < n_gone; k++) {
        if (sund_study_node(was, gone[k]) < 0)
            return sund_fail(err, SUND_E_NOT_FOUND, "study %.12s does not ask %.32s", sund_digest_hex(&was->digest).s, gone[k]);
        for (size_t i = 0; i < k; i++)
            if (strcmp(gone[i], gone[k]) == 0)
                return sund_fail(err, SUND_E_ARG, "%.32s is there twice", gone[k]);
    }
    if (n_gone == 0 || n_gone >= was->n_node)
        return sund_fail(err, SUND_E_ARG, "some of the study's nodes are left out, and some are left");
    for (size_t at = 0; at < n;) {
        const char *nl = memchr(text + at, '\n', n - at);
        size_t      len = nl ? (size_t) (nl - text) - at : n - at;

        if (has_key(text + at, len, "nodes"))
            put_nodes(was, gone, n_gone, out);
        else if (!has_key(text + at, len, "after")) {
            sund_buf_put(out, text + at, len);
            sund_buf_text(out, "\n");
        }
        at += len + (nl != NULL);
    }
    return sund_buf_ok(out, err);
}
