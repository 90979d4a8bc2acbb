/* Joins the streams of all files: at each variant, everyone's genotype from the file that has it. */
#include "store/import_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* State while joining. from[i] is the number of the file that gave person i the genotype of the current site. */
typedef struct joining {
    const sund_merge *m;
    uint8_t          *gt;
    uint64_t         *plane; /* gt in the writer's form */
    uint32_t         *from;
    uint64_t         *line; /* of each file's row at the current site */
    sund_kind         kind;
    sund_buf          alleles;
    size_t            n_resumed; /* rows that a resumed store has already, and the last of them */
    sund_variant      last;
} joining;

enum { NOBODY = UINT32_MAX };

static sund_code twice(const joining *j, const sund_row *r, uint32_t file, uint32_t first, sund_err *err)
{
    const sund_merge  *m = j->m;
    const sund_stream *a = &m->stream[first], *b = &m->stream[file];
    char               why[400];

    (void) snprintf(why, sizeof why,
                    "%s:%u, an allele that %.160s:%s%llu has already for the same people; give each only once "
                    "(bcftools norm -d exact; within one record: bcftools norm -m)",
                    sund_contig_name(r->v.contig), r->v.pos_bp + 1, a->path, sund_vcf_is_bcf(a->in) ? "record " : "",
                    (unsigned long long) j->line[first]);
    return sund_import_leave_out(m->job, b->path, sund_vcf_is_bcf(b->in), r->line, false, why, err);
}

/* Genotypes of one row to the people that have none yet at this site. */
static sund_code take(joining *j, uint32_t file, const sund_row *r, sund_err *err)
{
    const sund_stream *s = &j->m->stream[file];
    uint32_t           first = NOBODY;

    for (size_t i = 0; i < s->n_person; i++) {
        uint32_t p = s->person[i];
        if (j->from[p] != NOBODY) {
            first = j->from[p];
            continue;
        }
        j->from[p] = file;
        j->gt[p] = r->gt[i];
    }
    if (first != NOBODY)
        return twice(j, r, file, first, err);
    j->line[file] = r->line;
    return SUND_OK;
}

/* Who is in no file at this site: hom-ref where the sequence was callable. */
static void fill_absent(joining *j, const sund_variant *v)
{
    const sund_merge *m = j->m;
    bool              callable = m->bed && sund_import_bed_holds(m->bed, v->contig, v->pos_bp, v->n_ref);
    sund_copies       rule = sund_copies_at(m->job->assembly, v->contig, v->pos_bp);

    for (size_t i = 0; i < m->people->n; i++) {
        if (j->from[i] != NOBODY)
            continue;
        j->gt[i] = callable && sund_copies_of(rule, (sund_sex) m->people->sex[i]) > 0 ? 0 : SUND_GT_MISSING;
    }
}

static sund_code other_records(const joining *j, sund_err *err)
{
    return sund_fail(err, SUND_E_MISMATCH, "%s.part was begun from other records; remove that folder and import again",
                     j->m->job->in->dir);
}

static sund_row *first_row(const sund_merge *m)
{
    sund_row *least = NULL;

    for (size_t f = 0; f < m->n_stream; f++) {
        sund_row *r = m->stream[f].n_row ? m->stream[f].heap[0] : NULL;
        if (r && (!least || sund_variant_cmp(&r->v, &least->v) < 0))
            least = r;
    }
    return least;
}

/* A copy of the least variant, since its row is freed while the site is put together. */
static sund_code copy_least(joining *j, sund_variant *v, sund_err *err)
{
    const sund_row *r = first_row(j->m);

    v->contig = 0;
    if (!r)
        return SUND_OK;
    sund_buf_clear(&j->alleles);
    sund_buf_put(&j->alleles, r->v.ref, r->v.n_ref);
    sund_buf_put(&j->alleles, r->v.alt, r->v.n_alt);
    SUND_TRY(sund_buf_ok(&j->alleles, err));
    *v = r->v;
    v->ref = (const char *) j->alleles.p;
    v->alt = (const char *) j->alleles.p + v->n_ref;
    return SUND_OK;
}

/* The one row of the site v, when its file has everyone in order: its genotypes are those of the store. */
static sund_row *whole_row(const sund_merge *m, const sund_variant *v)
{
    sund_stream *only = NULL;
    size_t       n = 0;

    for (size_t f = 0; f < m->n_stream; f++) {
        sund_stream *s = &m->stream[f];
        if (s->n_row && sund_variant_cmp(&s->heap[0]->v, v) == 0) {
            only = s;
            n++;
        }
    }
    if (n != 1 || !only->everyone)
        return NULL;
    for (size_t k = 1; k < only->n_row && k < 3; k++) /* the next of a heap is one of these */
        if (sund_variant_cmp(&only->heap[k]->v, v) == 0)
            return NULL;
    return sund_stream_pop(only);
}

/* Genotypes of the site v from every row that is equal to it. All of them are there: the first is final. */
static sund_code gather(joining *j, const sund_variant *v, sund_err *err)
{
    const sund_merge *m = j->m;

    memset(j->from, 0xFF, m->people->n * sizeof *j->from);
    for (size_t f = 0; f < m->n_stream; f++) {
        sund_stream *s = &m->stream[f];
        while (s->n_row && sund_variant_cmp(&s->heap[0]->v, v) == 0) {
            sund_row *r = sund_stream_pop(s);
            sund_code rc = take(j, (uint32_t) f, r, err);
            j->kind = r->kind;
            free(r);
            SUND_TRY(rc);
        }
    }
    fill_absent(j, v);
    return SUND_OK;
}

static sund_code fill_streams(const sund_merge *m, sund_err *err)
{
    for (size_t f = 0; f < m->n_stream; f++)
        SUND_TRY(sund_stream_fill(&m->stream[f], err));
    return SUND_OK;
}

static sund_code write_codes(joining *j, sund_store_writer *w, const sund_variant *v, sund_kind kind, const uint8_t *code, sund_err *err)
{
    sund_gt    gt;
    sund_phase phase;

    if (!sund_gt_of_codes(code, j->m->people->n, j->plane, &gt, &phase))
        return sund_fail(err, SUND_E_ARG, "a genotype code is not one");
    return sund_store_writer_add(w, v, kind, &gt, &phase, err);
}

/* The site v to the writer, unless a resumed store has it. */
static sund_code site(joining *j, const sund_variant *v, sund_store_writer *w, sund_err *err)
{
    sund_import_report *report = j->m->job->report;
    sund_row           *r = whole_row(j->m, v);
    sund_code           rc = SUND_OK;

    if (!r)
        SUND_TRY(gather(j, v, err));
    if (++report->n_site > j->n_resumed)
        rc = write_codes(j, w, v, r ? r->kind : j->kind, r ? r->gt : j->gt, err);
    else if (report->n_site == j->n_resumed && sund_variant_cmp(v, &j->last) != 0)
        rc = other_records(j, err);
    free(r);
    return rc;
}

static sund_code run(joining *j, sund_store_writer *w, sund_err *err)
{
    sund_variant v;

    for (;;) {
        SUND_TRY(fill_streams(j->m, err));
        SUND_TRY(copy_least(j, &v, err));
        if (!v.contig)
            return j->m->job->report->n_site < j->n_resumed ? other_records(j, err) : SUND_OK;
        SUND_TRY(site(j, &v, w, err));
    }
}

sund_code sund_merge_run(const sund_merge *m, sund_store_writer *w, sund_err *err)
{
    size_t    n = m->people->n;
    joining   j = { .m = m };
    sund_code rc;

    j.gt = malloc(n ? n : 1);
    j.plane = malloc(5 * (n / 64 + 1) * sizeof *j.plane);
    j.from = malloc((n ? n : 1) * sizeof *j.from);
    j.line = calloc(m->n_stream ? m->n_stream : 1, sizeof *j.line);
    j.n_resumed = sund_store_writer_resume(w, &j.last);
    rc = j.gt && j.plane && j.from && j.line ? run(&j, w, err) : sund_fail(err, SUND_E_NOMEM, "no memory for %zu people", n);
    free(j.gt);
    free(j.plane);
    free(j.from);
    free(j.line);
    sund_buf_free(&j.alleles);
    return rc;
}
