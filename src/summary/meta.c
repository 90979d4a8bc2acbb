#include "summary/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* All files at once, in order of position. At one position the first file that has a variant says how it is written; the others are held against that. */

enum { AT_ONE_PLACE = 64 };

typedef struct merging {
    const sund_summary   *s;
    size_t                n_file, *next;
    const sund_meta_plan *plan;
    sund_meta_file       *file;
    sund_meta_row         row[AT_ONE_PLACE];
    size_t                n_row;
} merging;

static char complement(char c)
{
    switch (c) {
    case 'A': return 'T';
    case 'C': return 'G';
    case 'G': return 'C';
    case 'T': return 'A';
    default: return c;
    }
}

static bool same(const char *a, const char *b, bool other_strand)
{
    size_t n = strlen(a);

    if (!other_strand)
        return strcmp(a, b) == 0;
    if (strlen(b) != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (a[i] != complement(b[n - 1 - i]))
            return false;
    return true;
}

static bool palindromic(const char *a, const char *b) { return same(a, b, true); }

/** Puts a study's estimate into the row it belongs to. False when no row matches. */
static bool match(merging *m, size_t f, const sund_assoc *a)
{
    for (int strand = 0; strand <= (m->plan->other_strand && !palindromic(a->other, a->effect)); strand++)
        for (size_t i = 0; i < m->n_row; i++) {
            sund_meta_row *r = &m->row[i];
            bool           straight = same(r->ref, a->other, strand) && same(r->alt, a->effect, strand), flipped = same(r->ref, a->effect, strand) && same(r->alt, a->other, strand);

            if ((!straight && !flipped) || r->study[f].has)
                continue;
            r->study[f].has = true;
            r->study[f].beta = straight ? a->beta : -a->beta;
            r->study[f].se = a->se;
            m->file[f].n_flipped += flipped;
            m->file[f].n_other_strand += strand > 0;
            r->k++;
            if (!isnan(a->n)) {
                r->n += a->n;
                r->eaf += a->n * (straight ? a->eaf : 1.0 - a->eaf);
            }
            else
                r->n = r->eaf = (double) NAN;
            return true;
        }
    return false;
}

/** Whether a file before this one has a variant at this position: with alleles that this file's did not match. */
static bool others_there(const merging *m, size_t f)
{
    for (size_t i = 0; i < m->n_row; i++)
        for (size_t k = 0; k < f; k++)
            if (m->row[i].study[k].has)
                return true;
    return false;
}

static sund_code new_row(merging *m, size_t f, const sund_assoc *a, sund_err *err)
{
    sund_meta_row *r = &m->row[m->n_row];
    void          *study = r->study;

    if (m->n_row == AT_ONE_PLACE)
        return sund_fail(err, SUND_E_LIMIT, "%s: more than %d variants at one position", m->s[f].name, AT_ONE_PLACE);
    *r = (sund_meta_row){ .contig = a->contig, .pos_bp = a->pos_bp, .ref = a->other, .alt = a->effect, .study = study };
    memset(r->study, 0, m->n_file * sizeof *r->study);
    m->file[f].n_unmatched += others_there(m, f);
    m->n_row++;
    (void) match(m, f, a);
    return SUND_OK;
}

/** Files that know REF come first, so that a variant is written REF, ALT where anybody knows. */
static sund_code take_place(merging *m, uint8_t contig, uint32_t pos_bp, sund_err *err)
{
    m->n_row = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t f = 0; f < m->n_file; f++) {
            const sund_summary *s = &m->s[f];

            if (s->knows_ref != (pass == 0))
                continue;
            for (; m->next[f] < s->n_row && s->row[m->next[f]].contig == contig && s->row[m->next[f]].pos_bp == pos_bp; m->next[f]++) {
                const sund_assoc *a = &s->row[m->next[f]];
                bool              pal = palindromic(a->other, a->effect);

                m->file[f].n_palindromic += pal;
                if (pal && m->plan->drop_palindromic)
                    continue;
                m->file[f].n_used++;
                if (!match(m, f, a))
                    SUND_TRY(new_row(m, f, a, err));
            }
        }
    return SUND_OK;
}

static sund_code run(merging *m, sund_meta_each each, void *ctx, sund_err *err)
{
    for (;;) {
        const sund_assoc *first = NULL;

        for (size_t f = 0; f < m->n_file; f++) {
            const sund_assoc *a = m->next[f] < m->s[f].n_row ? &m->s[f].row[m->next[f]] : NULL;

            if (a && (!first || a->contig < first->contig || (a->contig == first->contig && a->pos_bp < first->pos_bp)))
                first = a;
        }
        if (!first)
            return SUND_OK;
        SUND_TRY(take_place(m, first->contig, first->pos_bp, err));
        for (size_t i = 0; i < m->n_row; i++) {
            m->row[i].eaf = m->row[i].eaf / m->row[i].n;
            if (m->row[i].k >= m->plan->min_studies)
                SUND_TRY(each(ctx, &m->row[i], err));
        }
    }
}

sund_code sund_meta_files(const sund_summary *s, size_t n_file, const sund_meta_plan *plan, sund_meta_file *file, sund_meta_each each, void *ctx, sund_err *err)
{
    merging  *m = calloc(1, sizeof *m);
    sund_code rc;

    if (!m)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    *m = (merging){ .s = s, .n_file = n_file, .next = calloc(n_file + 1, sizeof *m->next), .plan = plan, .file = file };
    rc = m->next ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (size_t i = 0; i < AT_ONE_PLACE && rc == SUND_OK; i++)
        if (!(m->row[i].study = calloc(n_file + 1, sizeof *m->row[i].study)))
            rc = sund_fail(err, SUND_E_NOMEM, "out of memory");
    memset(file, 0, n_file * sizeof *file);
    if (rc == SUND_OK)
        rc = run(m, each, ctx, err);
    for (size_t i = 0; i < AT_ONE_PLACE; i++)
        free(m->row[i].study);
    free(m->next);
    free(m);
    return rc;
}
