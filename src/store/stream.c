/* One file's records as biallelic, normalised rows in strictly ascending order.
 *
 * Splitting, trimming and left-alignment change the order a little: rows wait in a heap until no later record can come
 * before them. A record at position p gives rows from p - SUND_REACH_BP on (left-aligned), or from p on without a reference.
 */
#include "store/import_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sund_code sund_import_leave_out(const sund_import_job *job, const char *path, bool bcf, uint64_t line, bool always,
                                const char *why, sund_err *err)
{
    sund_import_report *r = job->report;

    if (!always && !job->in->lenient)
        return sund_fail(err, SUND_E_FORMAT, "%s:%s%llu: %s; correct it, or leave such records out with --lenient",
                         path, bcf ? "record " : "", (unsigned long long) line, why);
    if (r->n_left_out++ == 0)
        (void) snprintf(r->first_left_out, sizeof r->first_left_out, "%s:%s%llu: %s", path, bcf ? "record " : "",
                        (unsigned long long) line, why);
    return SUND_OK;
}

/* at[s]: the rank of column s's person among this file's people, in the order of all people. */
static sund_code rank_columns(sund_stream *s, const int32_t *person, size_t n_column, const sund_import_people *people, int32_t *at, sund_err *err)
{
    int32_t *column = malloc((people->n + 1) * sizeof *column); /* of each person */

    s->mask = calloc((people->n + 63) / 64 + 1, sizeof *s->mask);
    if (!column || !s->mask) {
        free(column);
        return sund_fail(err, SUND_E_NOMEM, "no memory for %zu people", people->n);
    }
    memset(column, 0xFF, people->n * sizeof *column);
    for (size_t i = 0; i < n_column; i++) {
        at[i] = -1;
        if (person[i] >= 0)
            column[person[i]] = (int32_t) i;
    }
    for (size_t p = 0; p < people->n; p++) {
        if (column[p] < 0)
            continue;
        for (int c = 0; c < 4; c++)
            s->copies[c][s->n_person] = (uint8_t) sund_copies_of((sund_copies) c, (sund_sex) people->sex[p]);
        s->mask[p / 64] |= 1ULL << (p % 64);
        at[column[p]] = (int32_t) s->n_person++;
    }
    if (s->n_person == people->n) {
        free(s->mask);
        s->mask = NULL;
    }
    s->n_word = (s->n_person + 63) / 64;
    free(column);
    return SUND_OK;
}

sund_code sund_stream_init(sund_stream *s, const sund_import_job *job, uint32_t file, sund_vcf *v,
                           const int32_t *person, const sund_import_people *people, sund_err *err)
{
    size_t    n = sund_vcf_n_sample(v);
    int32_t  *at = malloc((n ? n : 1) * sizeof *at);
    sund_code rc;

    s->job = job;
    s->file = file;
    s->in = v;
    s->path = job->in->file[file];
    s->resolved = malloc((n ? n : 1) * sizeof *s->resolved);
    for (int c = 0; c < 4; c++)
        s->copies[c] = malloc(n ? n : 1);
    if (!at || !s->resolved || !s->copies[0] || !s->copies[1] || !s->copies[2] || !s->copies[3]) {
        free(at);
        return sund_fail(err, SUND_E_NOMEM, "no memory for %zu people", n);
    }
    SUND_GO(rank_columns(s, person, n, people, at, err));
    SUND_GO(sund_vcf_want(v, at, s->n_person, (sund_vcf_filter){ job->in->min_gq, job->in->min_dp, job->in->min_ab }, err));
    rc = sund_vcf_hurry(v, job->assembly, s->copies, job->in->n_thread, job->in->n_file, err);
out:
    free(at);
    return rc;
}

void sund_stream_free(sund_stream *s)
{
    sund_row *r;

    while ((r = sund_stream_pop(s)))
        free(r);
    sund_buf_free(&s->scratch);
    sund_vcf_close(s->in); /* before what its threads may be using */
    for (int c = 0; c < 4; c++)
        free(s->copies[c]);
    free(s->heap);
    free(s->fresh);
    free(s->mask);
    free(s->resolved);
    memset(s, 0, sizeof *s);
}

/* Equal variants come out in the order they went in, so that "the first is kept" is true. */
static bool before(const sund_row *a, const sund_row *b)
{
    int c = sund_variant_cmp(&a->v, &b->v);

    return c ? c < 0 : a->line < b->line;
}

static bool push(sund_stream *s, sund_row *r)
{
    size_t i;

    if (s->n_row == s->cap_row) {
        size_t     cap = s->cap_row ? 2 * s->cap_row : 64;
        sund_row **h = realloc(s->heap, cap * sizeof *h);
        if (!h)
            return false;
        s->heap = h;
        s->cap_row = cap;
    }
    for (i = s->n_row++; i > 0 && before(r, s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = r;
    return true;
}

sund_row *sund_stream_pop(sund_stream *s)
{
    sund_row *top, *last;
    size_t    i = 0;

    if (!s->n_row)
        return NULL;
    top = s->heap[0];
    last = s->heap[--s->n_row];
    for (size_t k; (k = 2 * i + 1) < s->n_row; i = k) {
        if (k + 1 < s->n_row && before(s->heap[k + 1], s->heap[k]))
            k++;
        if (!before(s->heap[k], last))
            break;
        s->heap[i] = s->heap[k];
    }
    if (s->n_row)
        s->heap[i] = last;
    return top;
}

static sund_row *row_new(const sund_stream *s, const sund_variant *v, sund_kind kind, uint64_t line)
{
    size_t    n_plane = SUND_N_PLANE * s->n_word * sizeof(uint64_t);
    sund_row *r = malloc(sizeof *r + n_plane + v->n_ref + v->n_alt);
    char     *p;

    if (!r)
        return NULL;
    r->plane = (uint64_t *) (void *) (r + 1);
    p = (char *) (r + 1) + n_plane;
    memcpy(p, v->ref, v->n_ref);
    memcpy(p + v->n_ref, v->alt, v->n_alt);
    r->v = *v;
    r->v.ref = p;
    r->v.alt = p + v->n_ref;
    r->kind = kind;
    r->line = line;
    return r;
}

/* For a gVCF's "any other allele", which is no variant. */
static bool no_allele(const char *p, size_t n)
{
    return (n == 1 && *p == '.') || (n == 3 && memcmp(p, "<*>", 3) == 0) || (n == 9 && memcmp(p, "<NON_REF>", 9) == 0);
}

static void check_place(const sund_stream *s, sund_vcf_record *r)
{
    uint32_t length = sund_contig_length(s->job->assembly, r->contig);
    uint64_t end = (uint64_t) r->pos_bp + r->n_ref;

    if (end > length)
        sund_vcf_unsound(r, "REF ends at position %llu, but contig %s of %s has %u bases", (unsigned long long) end,
                         sund_contig_name(r->contig), sund_assembly_name(s->job->assembly), length);
    else if (r->contig < s->contig)
        sund_vcf_unsound(
            r,
            "contig %s comes behind contig %s: files must be in the order 1-22, X, Y, MT; cut the file by contig "
            "(bcftools view -r) and give the pieces",
            sund_contig_name(r->contig), sund_contig_name(s->contig));
    else if (r->contig == s->contig && r->pos_bp < s->pos_bp)
        sund_vcf_unsound(r, "not sorted: position %u comes behind %u (bcftools sort)", r->pos_bp + 1, s->pos_bp + 1);
    for (uint32_t i = 0; s->job->ref && i < r->n_ref && !r->why[0]; i++) {
        char b = sund_reference_base(s->job->ref, r->contig, r->pos_bp + i);
        if (b && b != r->ref[i] && b != 'N' && r->ref[i] != 'N')
            sund_vcf_unsound(r, "REF differs from the reference at %s:%u", sund_contig_name(r->contig),
                             r->pos_bp + i + 1);
    }
}

/* A row for allele number k (from 1), without genotypes; NULL with a reason in r, or without one when memory is short.
 */
static sund_row *allele_row(sund_stream *s, sund_vcf_record *r, size_t k)
{
    sund_variant v = { r->contig, r->pos_bp, r->ref, r->alt[k - 1], r->n_ref, r->n_alt_bp[k - 1] };
    sund_kind    kind = SUND_KIND_SNV;
    sund_err     e = { 0 };
    sund_code    rc = sund_variant_kind(&v, &kind, &e);

    if (rc == SUND_OK && v.n_ref == v.n_alt && memcmp(v.ref, v.alt, v.n_ref) == 0) {
        sund_vcf_unsound(r, "REF and ALT are the same");
        return NULL;
    }
    if (rc == SUND_OK && kind <= SUND_KIND_MNV) {
        rc = sund_variant_normalise(&v, s->job->ref, &s->scratch, &e);
        if (rc == SUND_OK)
            rc = sund_variant_kind(&v, &kind, &e);
    }
    if (rc != SUND_OK) {
        if (rc != SUND_E_NOMEM)
            sund_vcf_unsound(r, "%s", e.msg);
        return NULL;
    }
    if (v.pos_bp < r->pos_bp && r->pos_bp - v.pos_bp > SUND_REACH_BP) {
        sund_vcf_unsound(r, "it aligns %u bases further left, more than the %d that are kept in order",
                         r->pos_bp - v.pos_bp, SUND_REACH_BP);
        return NULL;
    }
    return row_new(s, &v, kind, r->line);
}

static bool fresh_room(sund_stream *s, size_t n)
{
    sund_row **p;

    if (n <= s->cap_fresh)
        return true;
    p = realloc(s->fresh, n * sizeof *p);
    if (!p)
        return false;
    s->fresh = p;
    s->cap_fresh = n;
    return true;
}

static void count(sund_stream *s, const sund_vcf_record *r, const sund_call_counts *c)
{
    s->job->report->n_filtered_genotype += c->filtered;
    s->job->report->n_half_call += c->half;
    if (c->half && sund_copies_at(s->job->assembly, r->contig, r->pos_bp) == SUND_COPIES_X)
        s->job->report->n_half_call_x += c->half;
    s->job->report->n_haploid_het += c->haploid_het;
}

/* Genotypes of the rows of one record. Which rule of copies holds may change inside it, at the edge of a PAR. */
static void fill_genotypes(sund_stream *s, const sund_vcf_record *r, size_t n_row)
{
    const sund_call *call = r->call;
    sund_call_counts made = r->count;
    int              done = -1;

    for (size_t k = 0; k < n_row; k++) {
        sund_row *row = s->fresh[k];
        int       rule;
        if (!row)
            continue;
        s->job->report->n_moved += row->v.pos_bp != r->pos_bp;
        if (r->ready) { /* under the rule of all its rows */
            memcpy(row->plane, r->plane + k * SUND_N_PLANE * s->n_word, SUND_N_PLANE * s->n_word * sizeof *row->plane);
            done = SUND_DIPLOID;
            continue;
        }
        rule = (int) sund_copies_at(s->job->assembly, row->v.contig, row->v.pos_bp);
        if (rule != done && r->whole && rule == SUND_DIPLOID)
            call = r->call;
        else if (rule != done) {
            sund_calls_resolve(r->call, s->resolved, s->n_person, s->copies[rule], done < 0 ? &made : NULL);
            call = s->resolved;
        }
        done = rule;
        sund_calls_planes(call, s->n_person, (unsigned) k + 1, row->plane);
    }
    if (done >= 0)
        count(s, r, &made);
}

/* All rows of a record or none. */
static sund_code take(sund_stream *s, sund_vcf_record *r, sund_err *err)
{
    size_t n = 0;
    bool   ok = fresh_room(s, r->n_alt);

    for (; ok && n < r->n_alt; n++) {
        s->fresh[n] = NULL;
        if (no_allele(r->alt[n], r->n_alt_bp[n]))
            continue;
        s->fresh[n] = allele_row(s, r, n + 1);
        ok = s->fresh[n] != NULL;
    }
    if (ok)
        fill_genotypes(s, r, n);
    for (size_t k = 0; k < n; k++) {
        if (s->fresh[k] && ok)
            ok = push(s, s->fresh[k]);
        else
            free(s->fresh[k]);
    }
    if (!ok && !r->why[0])
        return sund_fail(err, SUND_E_NOMEM, "no memory for the genotypes of %zu people", s->n_person);
    return SUND_OK;
}

static sund_code unsound(const sund_stream *s, const sund_vcf_record *r, sund_err *err)
{
    char where[320];

    if (r->n_name && r->pos_bp)
        (void) snprintf(where, sizeof where, "%s:%u: %s", sund_vcf_show(r->name, r->n_name).s, r->pos_bp + 1, r->why);
    else
        (void) snprintf(where, sizeof where, "%s", r->why);
    return sund_import_leave_out(s->job, s->path, sund_vcf_is_bcf(s->in), r->line, false, where, err);
}

static sund_code step(sund_stream *s, sund_err *err)
{
    sund_vcf_record *r = NULL;

    SUND_TRY(sund_vcf_next(s->in, &r, err));
    s->ended = !r;
    if (!r)
        return SUND_OK;
    s->job->at->file = s->file;
    s->job->at->line = r->line;
    s->job->at->n_record = ++s->job->report->n_record;
    if (!r->why[0] && !r->contig) {
        char why[80];
        (void) snprintf(why, sizeof why, "contig %s is not one of 1-22, X, Y, MT", sund_vcf_show(r->name, r->n_name).s);
        return sund_import_leave_out(s->job, s->path, sund_vcf_is_bcf(s->in), r->line, true, why, err);
    }
    if (!r->why[0])
        check_place(s, r);
    if (!r->why[0])
        SUND_TRY(take(s, r, err));
    if (r->why[0])
        return unsound(s, r, err);
    s->contig = r->contig;
    s->pos_bp = r->pos_bp;
    s->job->report->n_multiallelic += r->n_alt > 1;
    return SUND_OK;
}

static bool first_is_final(const sund_stream *s)
{
    const sund_variant *v = &s->heap[0]->v;

    return v->contig < s->contig || (uint64_t) v->pos_bp + (s->job->ref ? SUND_REACH_BP : 0) < s->pos_bp;
}

sund_code sund_stream_fill(sund_stream *s, sund_err *err)
{
    while (!s->ended && !(s->n_row && first_is_final(s)))
        SUND_TRY(step(s, err));
    return SUND_OK;
}
