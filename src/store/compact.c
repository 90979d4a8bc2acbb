#include "store/compact.h"

#include "store/store_priv.h"

#include <stdio.h>
#include <stdlib.h>

/* Who stays, as stretches of columns: planes are copied stretch by stretch, so that the cost is that of their words. */
typedef struct stretch { size_t from, n, to; } stretch;
typedef struct staying {
    size_t   n_old, n, n_stretch, n_word; /* n_word: of the new planes */
    stretch *stretch;
    uint32_t *to; /* old column -> new, UINT32_MAX: gone */
} staying;

static void staying_free(staying *s)
{
    free(s->stretch);
    free(s->to);
}

static sund_code who_stays(staying *s, size_t n_old, const bool *gone, sund_err *err)
{
    *s = (staying){ .n_old = n_old, .stretch = calloc(n_old / 2 + 2, sizeof *s->stretch), .to = calloc(n_old + 1, sizeof *s->to) };
    if (!s->stretch || !s->to)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", n_old);
    for (size_t i = 0; i < n_old; i++) {
        s->to[i] = gone[i] ? UINT32_MAX : (uint32_t) s->n;
        if (gone[i])
            continue;
        if (i == 0 || gone[i - 1])
            s->stretch[s->n_stretch++] = (stretch){ i, 0, s->n };
        s->stretch[s->n_stretch - 1].n++;
        s->n++;
    }
    s->n_word = (s->n + 63) / 64;
    return s->n ? SUND_OK : sund_fail(err, SUND_E_ARG, "nobody would stay in the store: remove it instead");
}

static uint64_t bits_at(const uint64_t *plane, size_t at, size_t n)
{
    uint64_t w = plane[at / 64] >> (at % 64);

    if (at % 64 && at % 64 + n > 64)
        w |= plane[at / 64 + 1] << (64 - at % 64);
    return n < 64 ? w & ((1ULL << n) - 1) : w;
}

/** The plane of those who stay. */
static void narrow(const staying *s, const uint64_t *plane, uint64_t *out)
{
    memset(out, 0, 8 * s->n_word);
    for (size_t k = 0; k < s->n_stretch; k++)
        for (size_t i = 0, take; i < s->stretch[k].n; i += take) {
            size_t to = s->stretch[k].to + i;

            take = 64 - to % 64 < s->stretch[k].n - i ? 64 - to % 64 : s->stretch[k].n - i;
            out[to / 64] |= bits_at(plane, s->stretch[k].from + i, take) << (to % 64);
        }
}

/** One site of those who stay. */
typedef struct room { uint64_t *plane[5]; uint32_t *list[3]; sund_gt gt; sund_phase phase; } room;
enum { HET, HOM, MISSING, PHASED, ALT_FIRST };

static void room_free(room *r)
{
    for (int k = 0; k < 5; k++)
        free(r->plane[k]);
    for (int k = 0; k < 3; k++)
        free(r->list[k]);
}

static sund_code room_make(room *r, const staying *s, sund_err *err)
{
    bool there = true;

    memset(r, 0, sizeof *r);
    for (int k = 0; k < 5; k++)
        there = (r->plane[k] = calloc(s->n_word + 1, 8)) && there;
    for (int k = 0; k < 3; k++)
        there = (r->list[k] = calloc(s->n_old + 1, sizeof **r->list)) && there;
    return there ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", s->n);
}

static size_t narrow_list(const staying *s, const uint32_t *list, size_t n, uint32_t *out)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (s->to[list[i]] != UINT32_MAX)
            out[kept++] = s->to[list[i]];
    return kept;
}

static bool bit(const uint64_t *plane, size_t i) { return plane[i / 64] >> (i % 64) & 1; }

static sund_code narrow_phase(room *r, const staying *s, sund_store_reader *from, size_t j, const sund_gt *g, sund_err *err)
{
    const uint64_t *phased, *first;
    bool            any = false;
    size_t          at = 0;

    r->phase = (sund_phase){ NULL, NULL };
    SUND_TRY(sund_store_phase(from, j, &phased, &first, &any, err));
    if (!any)
        return SUND_OK;
    r->phase = (sund_phase){ r->plane[PHASED], r->plane[ALT_FIRST] };
    if (!g->sparse) {
        narrow(s, phased, r->plane[PHASED]);
        narrow(s, first, r->plane[ALT_FIRST]);
        return SUND_OK;
    }
    memset(r->plane[PHASED], 0, 8 * s->n_word);
    memset(r->plane[ALT_FIRST], 0, 8 * s->n_word);
    for (size_t i = 0; i < g->n_het; i++) { /* bits by place in the list */
        if (s->to[g->het[i]] == UINT32_MAX)
            continue;
        r->plane[PHASED][at / 64] |= (uint64_t) bit(phased, g->het[i]) << (at % 64);
        r->plane[ALT_FIRST][at / 64] |= (uint64_t) bit(first, g->het[i]) << (at % 64);
        at++;
    }
    return SUND_OK;
}

static sund_code read_narrow(room *r, const staying *s, sund_store_reader *from, size_t j, sund_err *err)
{
    sund_gt g;

    SUND_TRY(sund_store_read(from, j, &g, err));
    r->gt = (sund_gt){ .sparse = g.sparse, .rest = g.rest };
    if (g.sparse) {
        r->gt.n_het = narrow_list(s, g.het, g.n_het, r->list[HET]);
        r->gt.n_hom = narrow_list(s, g.hom, g.n_hom, r->list[HOM]);
        r->gt.n_missing = narrow_list(s, g.missing, g.n_missing, r->list[MISSING]);
        r->gt.het = r->list[HET];
        r->gt.hom = r->list[HOM];
        r->gt.missing = r->list[MISSING];
    }
    else {
        narrow(s, g.het_plane, r->plane[HET]);
        narrow(s, g.hom_plane, r->plane[HOM]);
        narrow(s, g.missing_plane, r->plane[MISSING]);
        r->gt.het_plane = r->plane[HET];
        r->gt.hom_plane = r->plane[HOM];
        r->gt.missing_plane = r->plane[MISSING];
    }
    return narrow_phase(r, s, from, j, &g, err);
}

static bool empty(const uint64_t *plane, size_t n)
{
    for (size_t w = 0; w < n; w++)
        if (plane[w])
            return false;
    return true;
}

/** Nobody who stays carries it, and without its row the answers are the same. */
static bool may_go(const room *r, const staying *s, const sund_store *store, const sund_site *site)
{
    const sund_gt *g = &r->gt;
    bool           nobody = g->sparse ? g->rest == 0 && g->n_het + g->n_hom + g->n_missing == 0
                                      : empty(g->het_plane, s->n_word) && empty(g->hom_plane, s->n_word) && empty(g->missing_plane, s->n_word);

    return nobody && sund_store_callable(store, site->v.contig, site->v.pos_bp, site->v.n_ref);
}

static bool had_carriers(const sund_gt *g, size_t n_word)
{
    return g->sparse ? g->rest == 2 || g->n_het + g->n_hom > 0 : !empty(g->het_plane, n_word) || !empty(g->hom_plane, n_word);
}

/** Both stores open, and who stays. */
typedef struct both { sund_store *from, *to; sund_store_reader *old, *new; staying s; room a, b; uint8_t *code[2]; } both;

static void both_close(both *x)
{
    sund_store_reader_close(x->old);
    sund_store_reader_close(x->new);
    sund_store_close(x->from);
    sund_store_close(x->to);
    room_free(&x->a);
    room_free(&x->b);
    staying_free(&x->s);
    free(x->code[0]);
    free(x->code[1]);
}

static sund_code open_from(both *x, const char *from, const bool *gone, sund_err *err)
{
    memset(x, 0, sizeof *x);
    SUND_TRY(sund_store_open(&x->from, from, err));
    SUND_TRY(sund_store_reader_open(&x->old, x->from, err));
    SUND_TRY(who_stays(&x->s, x->from->info.n_person, gone, err));
    return room_make(&x->a, &x->s, err);
}

/** Row j of the old store may be left out: somebody carried it, and nobody who stays does. */
static sund_code left_out(both *x, size_t j, const sund_site *site, bool *out, sund_err *err)
{
    sund_gt g;

    *out = false;
    if (!may_go(&x->a, &x->s, x->from, site))
        return SUND_OK;
    SUND_TRY(sund_store_read(x->old, j, &g, err));
    *out = had_carriers(&g, (x->s.n_old + 63) / 64);
    return SUND_OK;
}

static sund_code plan_of(const both *x, unsigned n_thread, sund_store_plan *plan, char *source, size_t cap, sund_err *err)
{
    const sund_store_info *in = &x->from->info;
    const char           **person = calloc(x->s.n, sizeof *person), **population = calloc(x->s.n, sizeof *population);
    uint8_t               *sex = calloc(x->s.n, 1);

    (void) snprintf(source, cap, "compaction of %s", sund_digest_hex(&in->manifest).s);
    *plan = (sund_store_plan){ .assembly = in->assembly, .n_person = x->s.n, .person = person, .sex = sex, .population = population, .source = source, .callable = x->from->region,
                               .n_callable = x->from->n_region, .has_callable = in->has_callable, .n_thread = n_thread, .key = x->from->shadow ? x->from->shadow->as.key : NULL };
    if (!person || !population || !sex)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", x->s.n);
    for (size_t i = 0; i < x->s.n_old; i++)
        if (x->s.to[i] != UINT32_MAX) {
            person[x->s.to[i]] = in->person[i];
            sex[x->s.to[i]] = in->sex[i];
            population[x->s.to[i]] = in->population_name[in->population[i]];
        }
    return SUND_OK;
}

static void plan_free(sund_store_plan *p)
{
    free((void *) (uintptr_t) p->person);
    free((void *) (uintptr_t) p->population);
    free((void *) (uintptr_t) p->sex);
}

static sund_code copy_sites(both *x, sund_store_writer *w, sund_compact_progress progress, void *ctx, sund_compact_report *out, sund_err *err)
{
    sund_variant last;
    size_t       j = 0, n_site = x->from->info.n_site;

    out->n_site = sund_store_writer_resume(w, &last);
    if (out->n_site) {
        if (!sund_store_find(x->from, &last, &j))
            return sund_fail(err, SUND_E_MISMATCH, "the store that was begun is not of this one");
        j++;
    }
    for (; j < n_site; j++) {
        sund_site site;
        bool      out_of_it;

        sund_store_site(x->from, j, &site);
        SUND_TRY(read_narrow(&x->a, &x->s, x->old, j, err));
        SUND_TRY(left_out(x, j, &site, &out_of_it, err));
        if (!out_of_it) {
            SUND_TRY(sund_store_writer_add(w, &site.v, site.kind, &x->a.gt, x->a.phase.phased ? &x->a.phase : NULL, err));
            out->n_site++;
        }
        if (progress && j % 1024 == 0)
            progress(ctx, "writing", j, n_site);
    }
    return sund_store_sound(x->from, err);
}

sund_code sund_store_compact(const char *from, const char *to, const bool *gone, unsigned n_thread, sund_compact_progress progress, void *ctx, sund_compact_report *out,
                             sund_err *err)
{
    both               x;
    sund_store_plan    plan = { 0 };
    sund_store_writer *w = NULL;
    char               source[96];
    sund_code          rc;

    memset(out, 0, sizeof *out);
    SUND_GO(open_from(&x, from, gone, err));
    SUND_GO(plan_of(&x, n_thread, &plan, source, sizeof source, err));
    SUND_GO(sund_store_writer_open(&w, to, &plan, err));
    SUND_GO(copy_sites(&x, w, progress, ctx, out, err));
    SUND_GO(sund_store_writer_seal(w, err));
    out->n_person = x.s.n;
    out->n_left_out = x.from->info.n_site - out->n_site;
out:
    sund_store_writer_close(w);
    plan_free(&plan);
    both_close(&x);
    return rc;
}

static bool same_people(const both *x)
{
    const sund_store_info *a = &x->from->info, *b = &x->to->info;

    if (b->n_person != x->s.n || a->assembly != b->assembly || a->has_callable != b->has_callable)
        return false;
    for (size_t i = 0; i < x->s.n_old; i++) {
        uint32_t k = x->s.to[i];

        if (k != UINT32_MAX && (strcmp(a->person[i], b->person[k]) != 0 || a->sex[i] != b->sex[k] ||
                                strcmp(a->population_name[a->population[i]], b->population_name[b->population[k]]) != 0))
            return false;
    }
    return true;
}

/** Genotypes and phase of everyone who stays, as bytes. */
static void codes(const both *x, const room *r, uint8_t *code)
{
    size_t at = 0;

    sund_gt_codes(&r->gt, x->s.n, code);
    for (size_t i = 0; i < x->s.n && r->phase.phased; i++) {
        size_t k = r->gt.sparse ? at : i;

        if (code[i] != 1)
            continue;
        at++;
        if (bit(r->phase.phased, k))
            code[i] |= (uint8_t) (SUND_GT_PHASED | (bit(r->phase.alt_first, k) ? SUND_GT_ALT_FIRST : 0));
    }
}

static sund_code same_site(both *x, const staying *everyone, size_t j, size_t k, bool *same, sund_err *err)
{
    sund_site a, b;

    sund_store_site(x->from, j, &a);
    sund_store_site(x->to, k, &b);
    *same = sund_variant_cmp(&a.v, &b.v) == 0 && a.kind == b.kind;
    if (!*same)
        return SUND_OK;
    SUND_TRY(read_narrow(&x->b, everyone, x->new, k, err));
    codes(x, &x->a, x->code[0]);
    codes(x, &x->b, x->code[1]);
    *same = memcmp(x->code[0], x->code[1], x->s.n) == 0;
    return SUND_OK;
}

static sund_code compare_sites(both *x, const staying *everyone, sund_compact_progress progress, void *ctx, sund_compact_report *out, sund_err *err)
{
    size_t k = 0, n_site = x->from->info.n_site;

    for (size_t j = 0; j < n_site; j++) {
        sund_site site;
        bool      gone, same = false;

        sund_store_site(x->from, j, &site);
        SUND_TRY(read_narrow(&x->a, &x->s, x->old, j, err));
        SUND_TRY(left_out(x, j, &site, &gone, err));
        out->n_left_out += gone;
        if (gone)
            continue;
        if (k < x->to->info.n_site)
            SUND_TRY(same_site(x, everyone, j, k, &same, err));
        if (!same)
            return sund_fail(err, SUND_E_MISMATCH, "%s: site %s:%u is not what %s has of those who stay", x->to->dir, sund_contig_name(site.v.contig), site.v.pos_bp + 1, x->from->dir);
        k++;
        if (progress && j % 1024 == 0)
            progress(ctx, "comparing", j, n_site);
    }
    out->n_site = k;
    return k == x->to->info.n_site ? SUND_OK : sund_fail(err, SUND_E_MISMATCH, "%s has sites that %s lacks", x->to->dir, x->from->dir);
}

sund_code sund_store_compacted(const char *from, const char *to, const bool *gone, sund_compact_progress progress, void *ctx, sund_compact_report *out, sund_err *err)
{
    both      x;
    staying   everyone = { 0 };
    bool     *none = NULL;
    sund_code rc;

    memset(out, 0, sizeof *out);
    SUND_GO(open_from(&x, from, gone, err));
    SUND_GO(sund_store_verify(to, NULL, NULL, err));
    SUND_GO(sund_store_open(&x.to, to, err));
    SUND_GO(sund_store_reader_open(&x.new, x.to, err));
    none = calloc(x.s.n + 1, sizeof *none);
    x.code[0] = malloc(x.s.n + 1);
    x.code[1] = malloc(x.s.n + 1);
    if (!none || !x.code[0] || !x.code[1]) {
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", x.s.n);
        goto out;
    }
    if (!same_people(&x)) {
        rc = sund_fail(err, SUND_E_MISMATCH, "%s does not hold exactly the people of %s who stay", to, from);
        goto out;
    }
    SUND_GO(who_stays(&everyone, x.s.n, none, err));
    SUND_GO(room_make(&x.b, &everyone, err));
    out->n_person = x.s.n;
    rc = compare_sites(&x, &everyone, progress, ctx, out, err);
out:
    staying_free(&everyone);
    free(none);
    both_close(&x);
    return rc;
}

bool sund_store_is_compacted(const char *from, const char *to, const bool *gone)
{
    both x;
    bool is = open_from(&x, from, gone, NULL) == SUND_OK && sund_store_open(&x.to, to, NULL) == SUND_OK && same_people(&x);

    both_close(&x);
    return is;
}
