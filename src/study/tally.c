#include "study/tally.h"

#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

sund_copies sund_state_copies(const sund_state *st, size_t j)
{
    sund_variant v = sund_catalogue_at(st->catalogue, st->first + j);

    return sund_copies_at(sund_catalogue_assembly(st->catalogue), v.contig, v.pos_bp);
}

sund_alleles sund_tally_alleles(const sund_tally *t, sund_copies copies)
{
    const sund_classes *f = &t->female, *m = &t->male;
    sund_alleles        a = { 0 };

    if (copies == SUND_DIPLOID || copies == SUND_COPIES_X) {
        a.ref = f->ref;
        a.het = f->het;
        a.alt = f->alt;
        a.hemi_ref = a.hemi_alt = -1;
    }
    if (copies == SUND_DIPLOID) {
        a.ref += m->ref;
        a.het += m->het;
        a.alt += m->alt;
    }
    else {
        a.hemi_ref = m->ref + (copies == SUND_COPIES_MT ? f->ref : 0);
        a.hemi_alt = m->alt + (copies == SUND_COPIES_MT ? f->alt : 0);
    }
    a.ac = a.het + 2 * a.alt + (a.hemi_alt > 0 ? a.hemi_alt : 0);
    a.an = 2 * (a.ref + a.het + a.alt) + (a.hemi_alt >= 0 ? a.hemi_ref + a.hemi_alt : 0);
    a.called = a.ref + a.het + a.alt + (a.hemi_alt >= 0 ? a.hemi_ref + a.hemi_alt : 0);
    a.missing = m->missing + (copies == SUND_COPIES_Y ? 0 : f->missing);
    a.dose = a.het + 2 * a.alt + (a.hemi_alt > 0 ? 2 * a.hemi_alt : 0);
    return a;
}

static sund_classes everyone(sund_person_plane set, sund_presence where)
{
    int64_t n = (int64_t) set.n;

    return (sund_classes){ where == SUND_ALL_REF ? n : 0, 0, 0, where == SUND_ALL_REF ? 0 : n };
}

static sund_code add_counts(sund_store_reader *r, size_t row, sund_sex sex, sund_classes *out, sund_err *err)
{
    sund_counts c;

    SUND_TRY(sund_store_counts(r, row, -1, (int) sex, &c, err));
    out->ref += c.hom_ref + c.hemi_ref;
    out->het += c.het;
    out->alt += c.hom_alt + c.hemi_alt;
    out->missing += c.missing;
    return SUND_OK;
}

/** Everybody of the store takes part, and the store has counted them. */
static sund_code from_table(sund_store_reader *r, size_t row, sund_classes *female, sund_classes *male, sund_err *err)
{
    *female = *male = (sund_classes){ 0, 0, 0, 0 };
    SUND_TRY(add_counts(r, row, SUND_MALE, male, err));
    SUND_TRY(add_counts(r, row, SUND_FEMALE, female, err));
    return add_counts(r, row, SUND_SEX_UNKNOWN, female, err);
}

sund_code sund_tally_own(const sund_view *v, size_t j, sund_presence where, sund_copies copies, sund_store_reader *r, sund_tally *out, sund_classes *stratum, sund_err *err)
{
    sund_person_plane set[2 + SUND_STRATA_MAX] = { v->set_female, v->set_male };
    sund_classes      c[2 + SUND_STRATA_MAX];
    size_t            n_stratum = stratum ? v->n_stratum : 0;

    for (size_t s = 0; s < n_stratum; s++)
        set[2 + s] = copies == SUND_COPIES_X ? v->set_female_stratum[s] : v->set_stratum[s];
    if (where == SUND_IN_STORE && v->everyone && !n_stratum && sund_store_tabled(v->store, v->row[j])) {
        SUND_TRY(from_table(r, v->row[j], &c[0], &c[1], err));
    }
    else if (where == SUND_IN_STORE) {
        SUND_TRY(sund_store_count(r, v->row[j], set, 2 + n_stratum, c, err));
    }
    else {
        for (size_t k = 0; k < 2 + n_stratum; k++)
            c[k] = everyone(set[k], where);
    }
    out->female = copies == SUND_COPIES_Y ? (sund_classes){ 0, 0, 0, 0 } : c[0];
    out->male = c[1];
    for (size_t s = 0; s < n_stratum; s++)
        stratum[s] = c[2 + s];
    return SUND_OK;
}

sund_tally_words sund_tally_pack(const sund_tally *t)
{
    const sund_classes *f = &t->female, *m = &t->male;

    return (sund_tally_words){ { f->ref + (m->ref << 32), f->het + (m->het << 32), f->alt + (m->alt << 32), f->missing + (m->missing << 32) } };
}

sund_tally sund_tally_unpack(const sund_tally_words *p)
{
    int64_t f[SUND_TALLY_LANES], m[SUND_TALLY_LANES];

    for (size_t i = 0; i < SUND_TALLY_LANES; i++) {
        f[i] = (int64_t) ((uint64_t) p->w[i] & UINT32_MAX);
        m[i] = (int64_t) ((uint64_t) p->w[i] >> 32);
    }
    return (sund_tally){ { f[0], f[1], f[2], f[3] }, { m[0], m[1], m[2], m[3] } };
}

void sund_tally_put(sund_vec *v, size_t lane, const sund_tally *t)
{
    sund_tally_words p = sund_tally_pack(t);

    for (size_t i = 0; i < SUND_TALLY_LANES; i++)
        sund_vec_add64(v, lane + i, p.w[i]);
}

sund_code sund_tally_get(const sund_vec *v, size_t lane, int64_t n_person, sund_tally *t, sund_err *err)
{
    sund_tally_words p;
    int64_t          sum = 0;

    if (n_person > SUND_TALLY_PEOPLE_MAX)
        return sund_fail(err, SUND_E_LIMIT, "the study has %lld people; counts are made for at most %lld", (long long) n_person, (long long) SUND_TALLY_PEOPLE_MAX);
    for (size_t i = 0; i < SUND_TALLY_LANES; i++) {
        p.w[i] = sund_vec_get64(v, lane + i);
        sum += (int64_t) ((uint64_t) p.w[i] & UINT32_MAX) + (int64_t) ((uint64_t) p.w[i] >> 32);
    }
    if (sum > n_person)
        return sund_fail(err, SUND_E_FORMAT, "a total of counts is impossible: more people than the study has");
    *t = sund_tally_unpack(&p);
    return SUND_OK;
}

sund_code sund_variant_cells(const sund_variant *v, sund_buf *text, sund_cell cell[4], sund_err *err)
{
    sund_buf_clear(text);
    sund_buf_put(text, v->ref, v->n_ref);
    sund_buf_u8(text, 0);
    sund_buf_put(text, v->alt, v->n_alt);
    sund_buf_u8(text, 0);
    SUND_TRY(sund_buf_ok(text, err));
    cell[0].s = sund_contig_name(v->contig);
    cell[1].i = (int64_t) v->pos_bp + 1;
    cell[2].s = (const char *) text->p;
    cell[3].s = (const char *) text->p + v->n_ref + 1;
    return SUND_OK;
}

size_t sund_chunk_items(const sund_study *s, size_t lanes)
{
    size_t most = SUND_VEC_MAX_WORDS / (lanes ? lanes : 1);

    return s->chunk < most ? s->chunk : most;
}

void sund_round_split(sund_round *r, const sund_study *s, size_t n_item, size_t lanes)
{
    size_t size = sund_chunk_items(s, lanes);

    r->n_item = n_item;
    r->n_chunk = (uint32_t) ((n_item + size - 1) / size);
}

size_t sund_chunk_range(const sund_round *r, const sund_study *s, size_t lanes, uint32_t chunk, size_t *from)
{
    size_t size = sund_chunk_items(s, lanes);

    *from = (size_t) chunk * size;
    return r->n_item - *from < size ? r->n_item - *from : size;
}

sund_digest sund_round_params(const sund_round *r, const sund_study *s, const void *more, size_t n_more)
{
    sund_hasher h;
    uint8_t     shape[16];

    for (unsigned i = 0; i < 8; i++) {
        shape[i] = (uint8_t) (r->n_item >> (8 * i));
        shape[8 + i] = (uint8_t) ((uint64_t) r->n_chunk >> (8 * i));
    }
    sund_hasher_init(&h);
    sund_hasher_add(&h, s->digest.b, sizeof s->digest.b);
    sund_hasher_add(&h, r->name, strlen(r->name) + 1);
    sund_hasher_add(&h, shape, sizeof shape);
    sund_hasher_add(&h, more, n_more);
    return sund_hasher_end(&h);
}

enum { ITEMS_A_TASK = 256 };
_Static_assert(SUND_MAP_ENTRIES % ITEMS_A_TASK == 0, "some task ends where a rest is due");

typedef struct item_run {
    size_t              from, n;
    sund_items_task     each;
    void               *ctx;
    sund_store_reader **reader;
} item_run;

static sund_code run_items(void *ctx, size_t i, unsigned thread, sund_err *err)
{
    item_run *run = ctx;
    size_t    from = i * ITEMS_A_TASK, last = from + ITEMS_A_TASK < run->n ? from + ITEMS_A_TASK : run->n;
    sund_code rc = run->each(run->ctx, run->from + from, last - from, run->reader[thread], thread, err);

    sund_maps_pass(last - 1); /* what one chunk needs of the store may itself be large */
    return rc;
}

sund_code sund_each_items(const sund_view *v, size_t from, size_t n, unsigned n_thread, sund_items_task each, void *ctx, sund_err *err)
{
    unsigned  threads = sund_pool_threads(n_thread);
    item_run  run = { from, n, each, ctx, calloc(threads, sizeof *run.reader) };
    sund_code rc = SUND_OK;

    if (!run.reader)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (unsigned t = 0; t < threads && rc == SUND_OK; t++)
        if ((rc = sund_store_reader_open(&run.reader[t], v->store, err)) == SUND_OK)
            sund_store_reader_keep(run.reader[t], 0); /* sites come in order: the last block is all that is asked again */
    if (rc == SUND_OK)
        rc = sund_pool_run(threads, (n + ITEMS_A_TASK - 1) / ITEMS_A_TASK, run_items, &run, err);
    for (unsigned t = 0; t < threads; t++)
        if (run.reader[t])
            sund_store_reader_close(run.reader[t]);
    free(run.reader);
    return rc;
}

typedef struct tally_run { const sund_state *st; const sund_view *v; const uint32_t *chosen; size_t from; sund_vec *out; } tally_run;

static sund_code tally_items(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    const tally_run *run = ctx;

    (void) thread;
    for (size_t i = from; i < from + n; i++) {
        size_t     j = run->chosen ? run->chosen[i] : i;
        sund_tally t;

        SUND_TRY(sund_tally_own(run->v, j, sund_view_presence(run->v, run->st->catalogue, j), sund_state_copies(run->st, j), reader, &t, NULL, err));
        sund_tally_put(run->out, (i - run->from) * SUND_TALLY_LANES, &t);
    }
    return SUND_OK;
}

sund_code sund_tally_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, const uint32_t *chosen, unsigned n_thread, sund_vec *out, sund_err *err)
{
    tally_run run = { st, v, chosen, 0, out };
    size_t    n = sund_chunk_range(r, st->study, SUND_TALLY_LANES, chunk, &run.from);

    SUND_TRY(sund_vec_new(out, n * SUND_TALLY_LANES, 0, err));
    return sund_each_items(v, run.from, n, n_thread, tally_items, &run, err);
}

sund_code sund_tally_total(const sund_state *st, const sund_round *r, uint32_t chunk, const uint32_t *chosen, const sund_vec *total, sund_alleles *count, sund_err *err)
{
    size_t     from, n = sund_chunk_range(r, st->study, SUND_TALLY_LANES, chunk, &from);
    sund_tally t;

    if (total->n64 != n * SUND_TALLY_LANES || total->n128 != 0)
        return sund_fail(err, SUND_E_FORMAT, "a total of counts has another shape than its round");
    for (size_t i = 0; i < n; i++) {
        sund_maps_pass(i);
        SUND_TRY(sund_tally_get(total, i * SUND_TALLY_LANES, st->n_person, &t, err));
        count[from + i] = sund_tally_alleles(&t, st->catalogue ? sund_state_copies(st, chosen ? chosen[from + i] : from + i) : SUND_DIPLOID);
    }
    return SUND_OK;
}
