/* Joins the streams of all files: at each variant, everyone's genotype from the file that has it. */
#include "store/encoding.h"
#include "store/import_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* State while joining. Planes are of all people. */
typedef struct joining {
    const sund_merge *m;
    size_t            n_word;
    uint64_t         *plane, *taken, *spread, *all; /* SUND_N_PLANE planes; who has a genotype at this site; for one plane; everyone */
    uint64_t         *no_copy[4];                   /* by sund_copies */
    uint32_t         *giver;                        /* files in the order in which they gave at this site */
    size_t            n_giver;
    uint64_t         *line; /* of each file's row at the current site */
    sund_kind         kind;
    sund_buf          alleles;
    size_t            n_resumed; /* rows that a resumed store has already, and the last of them */
    sund_variant      last;
} joining;

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

static const uint64_t *people_of(const joining *j, uint32_t file) { return j->m->stream[file].mask ? j->m->stream[file].mask : j->all; }

/* The file that gave first to the last of the people who are in both. */
static uint32_t gave_before(const joining *j, const uint64_t *mask)
{
    size_t   w = j->n_word - 1;
    uint64_t bit;

    while (!(mask[w] & j->taken[w]))
        w--;
    bit = 1ULL << (63 - __builtin_clzll(mask[w] & j->taken[w]));
    for (size_t k = 0; k < j->n_giver; k++)
        if (people_of(j, j->giver[k])[w] & bit)
            return j->giver[k];
    return 0;
}

/* Genotypes of one row to the people that have none yet at this site. */
static sund_code take(joining *j, uint32_t file, const sund_row *r, sund_err *err)
{
    const uint64_t *mask = people_of(j, file);
    uint64_t        both = 0, fresh = 0;
    uint32_t        first = 0;

    for (size_t k = 0; k < SUND_N_PLANE; k++) {
        sund_plane_spread(r->plane + k * j->m->stream[file].n_word, mask, j->n_word, j->spread);
        for (size_t w = 0; w < j->n_word; w++)
            j->plane[k * j->n_word + w] |= j->spread[w] & ~j->taken[w];
    }
    for (size_t w = 0; w < j->n_word; w++) {
        both |= mask[w] & j->taken[w];
        fresh |= mask[w] & ~j->taken[w];
    }
    if (both)
        first = gave_before(j, mask);
    if (fresh)
        j->giver[j->n_giver++] = file;
    for (size_t w = 0; w < j->n_word; w++)
        j->taken[w] |= mask[w];
    if (both)
        return twice(j, r, file, first, err);
    j->line[file] = r->line;
    return SUND_OK;
}

/* Who is in no file at this site: hom-ref where the sequence was callable. */
static void fill_absent(joining *j, const sund_variant *v)
{
    const sund_merge *m = j->m;
    bool              callable = m->bed && sund_import_bed_holds(m->bed, v->contig, v->pos_bp, v->n_ref);
    const uint64_t   *no_copy = j->no_copy[sund_copies_at(m->job->assembly, v->contig, v->pos_bp)];

    for (size_t w = 0; w < j->n_word; w++)
        j->plane[SUND_LANE_MISSING * j->n_word + w] |= j->all[w] & ~j->taken[w] & (callable ? no_copy[w] : ~0ULL);
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
    if (n != 1 || only->mask)
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

    memset(j->plane, 0, SUND_N_PLANE * j->n_word * sizeof *j->plane);
    memset(j->taken, 0, j->n_word * sizeof *j->taken);
    j->n_giver = 0;
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

static sund_code write_site(joining *j, sund_store_writer *w, const sund_variant *v, sund_kind kind, const uint64_t *plane, sund_err *err)
{
    size_t     n = j->n_word;
    sund_gt    gt = { .het_plane = plane + SUND_LANE_HET * n, .hom_plane = plane + SUND_LANE_HOM * n, .missing_plane = plane + SUND_LANE_MISSING * n };
    sund_phase phase = { plane + SUND_LANE_PHASED * n, plane + SUND_LANE_FIRST * n };

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
        rc = write_site(j, w, v, r ? r->kind : j->kind, r ? r->plane : j->plane, err);
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

static void mark(uint64_t *plane, size_t i) { plane[i / 64] |= 1ULL << (i % 64); }

static sund_code make(joining *j, sund_err *err)
{
    const sund_import_people *people = j->m->people;
    size_t                    n = j->n_word + 1;
    bool                      ok;

    j->plane = calloc(SUND_N_PLANE * n, sizeof *j->plane);
    j->taken = calloc(n, sizeof *j->taken);
    j->spread = calloc(n, sizeof *j->spread);
    j->all = calloc(n, sizeof *j->all);
    j->giver = calloc(j->m->n_stream + 1, sizeof *j->giver);
    j->line = calloc(j->m->n_stream + 1, sizeof *j->line);
    ok = j->plane && j->taken && j->spread && j->all && j->giver && j->line;
    for (size_t i = 0; ok && i < people->n; i++)
        mark(j->all, i);
    for (int rule = 0; ok && rule < 4; rule++) {
        j->no_copy[rule] = calloc(n, sizeof **j->no_copy);
        ok = j->no_copy[rule] != NULL;
        for (size_t i = 0; ok && i < people->n; i++)
            if (sund_copies_of((sund_copies) rule, (sund_sex) people->sex[i]) == 0)
                mark(j->no_copy[rule], i);
    }
    return ok ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "no memory for %zu people", people->n);
}

sund_code sund_merge_run(const sund_merge *m, sund_store_writer *w, sund_err *err)
{
    joining   j = { .m = m, .n_word = (m->people->n + 63) / 64 };
    sund_code rc = make(&j, err);

    if (rc == SUND_OK) {
        j.n_resumed = sund_store_writer_resume(w, &j.last);
        rc = run(&j, w, err);
    }
    free(j.plane);
    free(j.taken);
    free(j.spread);
    free(j.all);
    free(j.giver);
    free(j.line);
    for (int rule = 0; rule < 4; rule++)
        free(j.no_copy[rule]);
    sund_buf_free(&j.alleles);
    return rc;
}
