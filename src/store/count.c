#include "stats/count.h"
#include "store/store_priv.h"

sund_person_plane sund_person_plane_of(const uint64_t *plane, size_t n_word) { return (sund_person_plane){ plane, sund_plane_count(plane, plane, n_word) }; }

/** For encodings that have no quicker way. */
static bool count_decoded(const sund_encoding *e, sund_block_view v, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    sund_gt g;

    if (!e->decode(v, d, &g))
        return false;
    for (size_t k = 0; k < n_set; k++)
        sund_gt_count(&g, set[k], d->n_word, &out[k]);
    return true;
}

void sund_gt_count(const sund_gt *g, sund_person_plane set, size_t n_word, sund_classes *out)
{
    if (g->sparse) {
        int64_t hom = (int64_t) sund_list_count(g->hom, g->n_hom, 0, set.plane);

        out->het = (int64_t) sund_list_count(g->het, g->n_het, 0, set.plane);
        out->missing = (int64_t) sund_list_count(g->missing, g->n_missing, 0, set.plane);
        out->alt = g->rest == 2 ? (int64_t) set.n - out->het - out->missing - hom : hom;
    }
    else {
        uint64_t n[2];

        sund_plane_count2(g->het_plane, g->hom_plane, set.plane, n_word, n);
        out->het = (int64_t) n[0];
        out->alt = (int64_t) n[1];
        out->missing = g->n_missing ? (int64_t) sund_plane_count(g->missing_plane, set.plane, n_word) : 0;
    }
    out->ref = (int64_t) set.n - out->het - out->alt - out->missing;
}

sund_code sund_store_count(sund_store_reader *r, size_t j, const sund_person_plane *set, size_t n_set, sund_classes *out, sund_err *err)
{
    const sund_encoding *e;
    sund_block_view      v;

    SUND_TRY(sund_store_locate(r, j, &e, &v, err));
    if (!(e->count ? e->count(v, &r->d, set, n_set, out) : count_decoded(e, v, &r->d, set, n_set, out)))
        return sund_store_site_fail(r->s, j, "a site in it cannot be read", err);
    for (size_t k = 0; k < n_set; k++)
        out[k].ref = (int64_t) set[k].n - out[k].het - out[k].alt - out[k].missing;
    return SUND_OK;
}

/* Sites of the block in place that wait to be counted together. */
typedef struct run { size_t n, row; uint32_t at[SUND_RUN]; uint16_t which[SUND_RUN]; } run;

static sund_code count_waiting(sund_store_reader *r, run *w, const sund_person_plane *set, size_t n_set, sund_classes *out, sund_err *err)
{
    bool ok = !w->n || r->now[0].e->count_run(r->now[0].view, w->at, w->which, w->n, &r->d, set, n_set, out);

    w->n = 0;
    return ok ? SUND_OK : sund_store_site_fail(r->s, w->row, "a site in it cannot be read", err);
}

/** Rows [j, end) whose digest was found right, and that are decrypted. */
static size_t known_until(const sund_store *s, size_t j)
{
    size_t end = (j / CHUNK_ROWS + 1) * CHUNK_ROWS;

    if (j >= s->info.n_site || !__atomic_load_n(&s->touched_chunk[0][j / CHUNK_ROWS], __ATOMIC_RELAXED) || sund_shadow_is_damaged(s->shadow))
        return j;
    return end < s->info.n_site ? end : s->info.n_site;
}

/** Rows from j on, as many as lie in the block in place and are known: they wait. Returns where this ends. */
static size_t wait_in_place(const sund_store_reader *r, size_t first, size_t j, size_t end, run *w)
{
    const uint32_t number = (uint32_t) r->now[0].number;
    const size_t   room = r->now[0].end;
    uint32_t      *to = w->at + w->n;
    size_t         from = j;

    if (r->now[0].number > UINT32_MAX || !r->now[0].e->count_run)
        return j;
    for (; j < end; j++, to++) {
        uint32_t block, at;

        sund_store_row_place(r->s, j, &block, &at);
        if (block != number || at >= room)
            break;
        *to = at;
    }
    for (size_t k = 0; k < j - from; k++)
        w->which[w->n + k] = (uint16_t) (from - first + k);
    w->n += j - from;
    w->row = j > from ? j - 1 : w->row;
    return j;
}

static sund_code count_some(sund_store_reader *r, size_t first, size_t n, const sund_person_plane *set, size_t n_set, sund_classes *out, sund_err *err)
{
    run w = { .n = 0 };

    for (size_t j = first; j < first + n; j++) {
        size_t   known = known_until(r->s, j);
        uint32_t block = 0, at;

        j = wait_in_place(r, first, j, known < first + n ? known : first + n, &w);
        if (j == first + n)
            break;
        if (j < known)
            sund_store_row_place(r->s, j, &block, &at);
        if (j >= known || r->now[1].number != block) /* another block may take the place of this */
            SUND_TRY(count_waiting(r, &w, set, n_set, out, err));
        SUND_TRY(sund_store_count(r, j, set, n_set, out + (j - first) * n_set, err));
    }
    return count_waiting(r, &w, set, n_set, out, err);
}

sund_code sund_store_count_rows(sund_store_reader *r, size_t first, size_t n, const sund_person_plane *set, size_t n_set, sund_classes *out, sund_err *err)
{
    for (size_t i = 0; i < n; i += SUND_RUN)
        SUND_TRY(count_some(r, first + i, n - i < SUND_RUN ? n - i : SUND_RUN, set, n_set, out + i * n_set, err));
    return SUND_OK;
}

/* ---- by population and sex ---- */

typedef struct three { uint32_t het, alt, missing; } three; /* of one group */

static bool wanted(const group *g, int population, int sex) { return (population < 0 || g->population == population) && (sex < 0 || g->sex == sex); }

static void add_group(const group *g, sund_copies copies, three t, sund_counts *out)
{
    int      n = sund_copies_of(copies, (sund_sex) g->sex);
    uint32_t ref = g->n - t.het - t.alt - t.missing;

    if (n == 0)
        return;
    out->missing += t.missing;
    if (n == 1) {
        out->hemi_ref += ref;
        out->hemi_alt += t.alt;
    }
    else {
        out->hom_ref += ref;
        out->het += t.het;
        out->hom_alt += t.alt;
    }
}

/** How many of a list are in the wanted groups where people have `copies` copies. */
static uint32_t list_in(const people_table *t, const uint32_t *list, size_t n, const bool *in)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += in[t->group_of[list[i]]];
    return sum;
}

/** The listed people of a rare site, put into groups of the same number of copies. */
static void from_lists(const people_table *t, const sund_gt *g, sund_copies copies, int population, int sex, bool *in, sund_counts *out)
{
    for (int n = 1; n <= 2; n++) {
        group    all = { 0 };
        uint32_t hom;
        three    c;

        for (size_t k = 0; k < t->n_group; k++) {
            in[k] = wanted(&t->group[k], population, sex) && sund_copies_of(copies, (sund_sex) t->group[k].sex) == n;
            if (in[k]) {
                all.n += t->group[k].n;
                all.sex = t->group[k].sex;
            }
        }
        if (!all.n)
            continue;
        hom = list_in(t, g->hom, g->n_hom, in);
        c = (three){ list_in(t, g->het, g->n_het, in), hom, list_in(t, g->missing, g->n_missing, in) };
        if (g->rest == 2)
            c.alt = all.n - c.het - hom - c.missing;
        add_group(&all, copies, c, out);
    }
}

/** The row of counts.bin of site j, or SIZE_MAX. Rows of a block stand together. */
static size_t table_row(const sund_store *s, size_t j)
{
    const sund_encoding *e;
    uint32_t             block, at;
    block_row            b;

    if (s->version == 1)
        return j;
    sund_store_row_place(s, j, &block, &at);
    if (block >= s->n_block)
        return SIZE_MAX;
    b = sund_store_block(s, block);
    e = sund_encoding_by_code(b.encoding);
    return e && e->pack && at < b.n_site && b.count_at < s->n_count && at < s->n_count - b.count_at ? (size_t) b.count_at + at : SIZE_MAX;
}

bool sund_store_tabled(const sund_store *s, size_t j) { return j < s->info.n_site && table_row(s, j) != SIZE_MAX; }

sund_code sund_store_counts(sund_store_reader *r, size_t j, int population, int sex, sund_counts *out, sund_err *err)
{
    const sund_store   *s = r->s;
    const people_table *t = &s->people;
    size_t              at;
    sund_copies         copies;
    any_row             row;
    sund_gt             g;

    *out = (sund_counts){ 0, 0, 0, 0, 0, 0 };
    if (j >= s->info.n_site)
        return sund_fail(err, SUND_E_ARG, "the store has no row %zu", j);
    if (!s->info.person)
        return sund_fail(err, SUND_E_ARG, "the store was opened without its people");
    SUND_TRY(sund_store_touch(s, 0, j, err));
    row = sund_store_row(s, j);
    copies = sund_copies_at(s->info.assembly, row.contig, row.pos_bp);
    at = table_row(s, j);
    if (at == SIZE_MAX) {
        SUND_TRY(sund_store_read(r, j, &g, err));
        if (!g.sparse)
            return sund_store_site_fail(s, j, "has no counts in counts.bin", err);
        from_lists(t, &g, copies, population, sex, r->in, out);
        return SUND_OK;
    }
    SUND_TRY(sund_store_touch(s, 1, at, err));
    for (size_t k = 0; k < t->n_group; k++)
        if (wanted(&t->group[k], population, sex))
            add_group(&t->group[k], copies, (three){ sund_store_count_at(s, at, 3 * k), sund_store_count_at(s, at, 3 * k + 1), sund_store_count_at(s, at, 3 * k + 2) }, out);
    return SUND_OK;
}
