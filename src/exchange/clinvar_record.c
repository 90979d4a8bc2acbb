#include "exchange/clinvar_record.h"

#include "base/ini.h"
#include "base/jsonread.h"
#include "base/text.h"
#include "exchange/forms_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sund_scv(const char *s, char out[16])
{
    size_t n = strncmp(s, "SCV", 3) == 0 ? strspn(s + 3, "0123456789") : 0;

    if (n != 9 || (s[12] && (s[12] != '.' || !s[13] || s[13 + strspn(s + 13, "0123456789")])))
        return false;
    (void) snprintf(out, 16, "%.12s", s);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct sund_scv_of *) a)->scv, ((const struct sund_scv_of *) b)->scv);
}

static struct sund_scv_of *find(const sund_scvs *l, const char *reference)
{
    struct sund_scv_of key;

    return l->n && sund_scv(reference, key.scv) ? bsearch(&key, l->at, l->n, sizeof key, by_name)
                                                : NULL;
}

static sund_code add(sund_scvs *l, const char scv[16], sund_err *err)
{
    if (l->n == l->cap) {
        size_t              cap = l->cap ? 2 * l->cap : 64;
        struct sund_scv_of *at = realloc(l->at, cap * sizeof *at);

        if (!at)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        l->at = at;
        l->cap = cap;
    }
    memset(&l->at[l->n], 0, sizeof l->at[0]);
    memcpy(l->at[l->n++].scv, scv, 13);
    return SUND_OK;
}

/** Into order, each once, without those that stand. */
static void order(sund_scvs *l)
{
    size_t n = 0;

    if (l->n)
        qsort(l->at, l->n, sizeof l->at[0], by_name);
    for (size_t i = 0; i < l->n; i++)
        if (!l->at[i].stands && (!n || by_name(&l->at[n - 1], &l->at[i]) != 0))
            l->at[n++] = l->at[i];
    l->n = n;
}

/* ---- what is to be deleted ---- */

typedef struct gathering {
    sund_scvs  *l;
    const char *laboratory, *method;
    void (*left)(void *ctx, int64_t entry, const char *why);
    void *ctx;
} gathering;

static sund_code gather(void *ctx, const sund_interpretation *e, sund_err *err)
{
    gathering *g = ctx;
    char       scv[16];

    if (e->standing != SUND_STANDS_WITHDRAWN || strncmp(e->reference, "SCV", 3) != 0 ||
        (g->method && strcmp(g->method, e->method) != 0))
        return SUND_OK;
    if (sund_scv(e->reference, scv))
        return add(g->l, scv, err);
    if (g->left)
        g->left(g->ctx, e->id,
                "it was withdrawn, but its accession is none by which ClinVar deletes: SCV and "
                "nine digits");
    return SUND_OK;
}

static sund_code mark(void *ctx, const sund_interpretation *e, sund_err *err)
{
    gathering          *g = ctx;
    struct sund_scv_of *at = find(g->l, e->reference);

    (void) err;
    if (at)
        at->stands = true;
    if (at && g->left && strcmp(e->laboratory, g->laboratory) != 0)
        g->left(
            g->ctx, e->id,
            "another laboratory's, it has the accession of what was withdrawn, which ClinVar is "
            "therefore not asked to delete");
    return SUND_OK;
}

sund_code sund_clinvar_withdrawn(sund_interpretations *s, const char *laboratory,
                                 const char *method,
                                 void (*left)(void *ctx, int64_t entry, const char *why), void *ctx,
                                 sund_scvs *out, sund_err *err)
{
    const sund_interpretation_query all = { .laboratory = laboratory, .withdrawn = true };
    const sund_interpretation_query standing = { .laboratory = "" };
    gathering                       g = { out, laboratory, method, left, ctx };

    *out = (sund_scvs){ .n = 0 };
    SUND_TRY(sund_interpretations_each(s, &all, gather, &g, err));
    order(out);
    if (out->n)
        SUND_TRY(sund_interpretations_each(s, &standing, mark, &g, err));
    order(out);
    return SUND_OK;
}

/* ---- what ClinVar answered ---- */

typedef struct recording {
    sund_interpretations *s;
    const char           *laboratory;
    void (*left)(void *ctx, size_t at, const char *why);
    void          *ctx;
    sund_recorded *out;
    sund_scvs      gone;
} recording;

static void leave(recording *r, size_t at, const char *why)
{
    r->out->left++;
    r->left(r->ctx, at, why);
}

/** key: the number of the entry, as it was submitted; variant: its. */
static sund_code answered(recording *r, size_t at, const char *key, const char *variant,
                          const char *accession, sund_err *err)
{
    char     scv[16];
    int64_t  id;
    sund_put what = SUND_PUT_SAME;
    sund_err why = { SUND_OK, "" };

    if (!key || !sund_parse_i64(key, 1, INT64_MAX, &id))
        leave(r, at, "it has no number of an entry here");
    else if (!accession || !sund_scv(accession, scv))
        leave(r, at, "it has no accession: SCV and nine digits");
    else if (!variant[0]) /* numbers alone are the same in every home */
        leave(r, at, "it does not name the variant: is it an answer to a submission of this home?");
    else {
        sund_code rc =
            sund_interpretation_refer(r->s, id, r->laboratory, variant, scv, &what, &why);

        if (rc == SUND_E_NOT_FOUND || rc == SUND_E_MISMATCH) {
            leave(r, at, why.msg);
            return SUND_OK;
        }
        if (rc != SUND_OK)
            return sund_fail(err, rc, "%s", why.msg);
        r->out->recorded += what == SUND_PUT_CHANGED;
        r->out->same += what == SUND_PUT_SAME;
    }
    return SUND_OK;
}

/** What ClinVar says of a record that it did not take. */
static void refused(recording *r, size_t at, const sund_jval *answer)
{
    char        why[200];
    const char *said = sund_j_text(
        sund_j_at(
            sund_j_get(sund_j_get(sund_j_at(sund_j_get(answer, "errors"), 0), "output"), "errors"),
            0),
        "userMessage");

    (void) snprintf(why, sizeof why, "ClinVar has not taken it%s%.150s",
                    said && sund_text_ok(said) ? ": " : "", said && sund_text_ok(said) ? said : "");
    leave(r, at, why);
}

static sund_code summary(recording *r, const char *name, const void *p, size_t n, sund_err *err)
{
    sund_jval       *root = NULL;
    const sund_jval *done, *gone;
    sund_code        rc = SUND_OK;

    SUND_TRY(sund_json_read(p, n, &root, err));
    done = sund_j_get(root, "submissions");
    gone = sund_j_get(root, "deletions");
    if (sund_j_kind(done) != SUND_J_ARRAY && sund_j_kind(gone) != SUND_J_ARRAY)
        SUND_GO(sund_fail(
            err, SUND_E_FORMAT,
            "%s is no summary of ClinVar's: there are neither submissions nor deletions", name));
    for (size_t i = 0; i < sund_j_n(done) + sund_j_n(gone); i++) {
        const bool       deletion = i >= sund_j_n(done);
        const sund_jval *answer =
                            deletion ? sund_j_at(gone, i - sund_j_n(done)) : sund_j_at(done, i),
                        *of = sund_j_get(answer, "identifiers");
        const char *status = sund_j_text(answer, "processingStatus"),
                   *key = sund_j_text(of, "localKey"), *scv = sund_j_text(of, "clinvarAccession"),
                   *variant = sund_j_text(of, "localID");
        char bare[16];

        r->out->n++;
        if (!status || strcmp(status, "Success") != 0)
            refused(r, i + 1, answer);
        else if (!deletion)
            SUND_GO(answered(r, i + 1, key ? key : sund_j_text(of, "clinvarLocalKey"),
                             variant ? variant : "", scv, err));
        else if (scv && sund_scv(scv, bare))
            SUND_GO(add(&r->gone, bare, err));
        else
            leave(r, i + 1, "it has no accession: SCV and nine digits");
    }
out:
    sund_jval_free(root);
    return rc;
}

static sund_code table(recording *r, const char *name, const void *p, size_t n, sund_err *err)
{
    sund_tsv    t = { .n_row = 0 };
    size_t      skipped, key, variant, scv;
    const char *place;
    sund_code   rc;

    SUND_TRY(sund_clinvar_report_table(name, p, n, &t, &skipped, &place, err));
    SUND_GO(sund_tsv_need(&t, "Your_variant_id", &variant, err));
    SUND_GO(sund_tsv_need(&t, "Your_record_id", &key, err));
    SUND_GO(sund_tsv_need(&t, "SCV", &scv, err));
    for (size_t row = 0; row < t.n_row; row++) {
        const int   col = sund_tsv_column(&t, "Status");
        const char *status = col < 0 ? "current" : sund_tsv_at(&t, row, (size_t) col);

        r->out->n++;
        if (strcmp(status, "current") != 0)
            leave(r, row + skipped + 2, "its record is not current");
        else
            SUND_GO(answered(r, row + skipped + 2, sund_tsv_at(&t, row, key),
                             sund_tsv_at(&t, row, variant), sund_tsv_at(&t, row, scv), err));
    }
out:
    sund_tsv_free(&t);
    return rc;
}

typedef struct numbers {
    const sund_scvs *gone;
    sund_buf         ids;
} numbers;

static sund_code number_of(void *ctx, const sund_interpretation *e, sund_err *err)
{
    numbers *l = ctx;

    if (find(l->gone, e->reference))
        sund_buf_put(&l->ids, &e->id, sizeof e->id);
    return sund_buf_ok(&l->ids, err);
}

/** Entries that had one of the accessions have none any more. */
static sund_code forget(recording *r, sund_err *err)
{
    const sund_interpretation_query q = { .laboratory = r->laboratory, .withdrawn = true };
    numbers                         l = { .gone = &r->gone };
    sund_put                        what;
    sund_code                       rc = SUND_OK;

    order(&r->gone);
    if (r->gone.n)
        rc = sund_interpretations_each(r->s, &q, number_of, &l, err);
    for (size_t i = 0; rc == SUND_OK && i < l.ids.n; i += sizeof(int64_t)) {
        int64_t id;

        memcpy(&id, l.ids.p + i, sizeof id);
        rc = sund_interpretation_refer(r->s, id, r->laboratory, "", "", &what, err);
        r->out->deleted++;
    }
    sund_buf_free(&l.ids);
    return rc;
}

sund_code sund_clinvar_record(sund_interpretations *s, const char *laboratory, const char *name,
                              const void *p, size_t                                      n,
                              void (*left)(void *ctx, size_t at, const char *why), void *ctx,
                              sund_recorded *out, sund_err *err)
{
    recording r = { s, laboratory, left, ctx, out, { .n = 0 } };
    size_t    blank = 0;
    sund_code rc;

    memset(out, 0, sizeof *out);
    while (blank < n && memchr(" \t\r\n", ((const char *) p)[blank], 4))
        blank++;
    if (blank < n && ((const char *) p)[blank] == '{') {
        if (n > (size_t) 64 << 20)
            return sund_fail(err, SUND_E_LIMIT, "%s: a summary of more than 64 MiB", name);
        if ((rc = summary(&r, name, p, n, err)) == SUND_E_FORMAT)
            rc = sund_fail_in(err, rc, "%s", name);
    } else {
        rc = table(&r, name, p, n, err);
    }
    if (rc == SUND_OK)
        rc = forget(&r, err);
    free(r.gone.at);
    return rc;
}
