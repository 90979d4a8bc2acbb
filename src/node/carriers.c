#include "node/carriers.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVERYBODY, OF_UNKNOWN, OF_MEN, OF_WOMEN, OF_GROUP, N_SET }; /* OF_UNKNOWN + sex */

/** One question at work. Sets are bits by internal number. */
typedef struct work {
    const sund_roll  *roll;
    const sund_store *store;
    sund_variant      v;
    sund_copies       copies;
    size_t            n_word;
    uint64_t         *group, *with;   /* the cohort, and those of it who have genotypes */
    int64_t           n_group, n_with;
    uint64_t         *set[N_SET];     /* carriers */
    int64_t           ac[N_SET], an[N_SET];
    sund_lookup_counts counts;
} work;

void sund_roll_free(sund_roll *r)
{
    free(r->id);
    free(r->col);
    memset(r, 0, sizeof *r);
}

static sund_code people_of(const sund_home *h, const char *cohort, sund_person_set *set, sund_buf *spelled, sund_err *err)
{
    sund_cohort *c = NULL;
    sund_err     why = { SUND_OK, "" };
    sund_code    rc;

    if (sund_cohort_parse(&c, cohort, &why) != SUND_OK)
        return sund_fail(err, SUND_E_ARG, "%s", why.msg); /* the asker's slip, no damage here */
    if (spelled)
        sund_cohort_print(c, spelled);
    rc = sund_people_select(h->people, c, h->lookup, set, err);
    sund_cohort_free(c);
    return rc;
}

static sund_code call_roll(sund_roll *r, const sund_home *h, sund_err *err)
{
    sund_person_set all = { 0 };
    uint32_t       *col = NULL;
    int64_t         version;
    sund_code       rc;

    SUND_TRY(sund_people_version(h->people, &version, err));
    if (r->ready && r->version == version)
        return SUND_OK;
    sund_roll_free(r);
    SUND_GO(people_of(h, "all", &all, NULL, err));
    r->id = calloc(all.n + 1, sizeof *r->id);
    r->col = calloc(all.n + 1, sizeof *r->col);
    col = calloc(all.n + 1, sizeof *col);
    if (!r->id || !r->col || !col)
        SUND_GO(sund_fail(err, SUND_E_NOMEM, "out of memory for people"));
    SUND_GO(sund_store_columns(h->store, (const char (*)[64]) all.name, all.n, col, err));
    for (size_t i = 0; i < all.n; i++) {
        r->top = all.id[i] > r->top ? all.id[i] : r->top;
        r->id[r->n] = all.id[i];
        r->col[r->n] = col[i];
        r->n += col[i] != UINT32_MAX;
    }
    r->version = version;
    r->ready = true;
out:
    free(col);
    sund_person_set_free(&all);
    return rc;
}

static bool has(const uint64_t *set, int64_t id) { return set[id / 64] >> (id % 64) & 1; }

static void put(uint64_t *set, int64_t id) { set[id / 64] |= 1ULL << (id % 64); }

static sund_code make_room(work *w, sund_err *err)
{
    bool good;

    w->n_word = (size_t) w->roll->top / 64 + 1;
    w->group = calloc(w->n_word, 8);
    w->with = calloc(w->n_word, 8);
    good = w->group && w->with;
    for (int k = 0; k < N_SET; k++)
        good &= (w->set[k] = calloc(w->n_word, 8)) != NULL;
    return good ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for people");
}

static void free_work(work *w)
{
    free(w->group);
    free(w->with);
    for (int k = 0; k < N_SET; k++)
        free(w->set[k]);
}

/** One person, with that many copies there and that many of them ALT. */
static void add(work *w, int64_t id, uint8_t sex, int n_copies, int alt)
{
    const int of[3] = { EVERYBODY, OF_UNKNOWN + sex, OF_GROUP };

    for (int i = 0; i < (has(w->group, id) ? 3 : 2); i++) {
        w->ac[of[i]] += alt;
        w->an[of[i]] += n_copies;
        if (alt)
            put(w->set[of[i]], id);
    }
    if (!has(w->group, id))
        return;
    w->counts.all.hom += alt == 2;
    w->counts.all.hemi += n_copies == 1 && alt && w->copies != SUND_DIPLOID;
}

/** Everybody's genotypes at row j; NULL code: nobody carries it. */
static void count_people(work *w, const uint8_t *code)
{
    const sund_store_info *info = sund_store_describe(w->store);

    for (size_t i = 0; i < w->roll->n; i++) {
        uint8_t sex = info->sex[w->roll->col[i]], c = code ? code[w->roll->col[i]] : 0;
        int     n = sund_copies_of(w->copies, (sund_sex) sex);

        if (has(w->group, w->roll->id[i])) {
            put(w->with, w->roll->id[i]);
            w->n_with++;
        }
        if (n && c != SUND_GT_MISSING)
            add(w, w->roll->id[i], sex, n, n == 1 ? c > 0 : c);
    }
}

static sund_code genotypes(work *w, sund_store_reader *reader, sund_err *err)
{
    const sund_store_info *info = sund_store_describe(w->store);
    bool                   covered = sund_store_callable(w->store, w->v.contig, w->v.pos_bp, w->v.n_ref);
    uint8_t               *code = NULL;
    size_t                 j;
    sund_gt                gt;

    w->counts.status = SUND_LOOKUP_COUNTED;
    w->counts.an_covered = info->has_callable ? covered : -1; /* of the place, whoever the group is */
    if (sund_store_find(w->store, &w->v, &j)) {
        SUND_TRY(sund_store_read(reader, j, &gt, err));
        code = malloc(info->n_person + 1);
        if (!code)
            return sund_fail(err, SUND_E_NOMEM, "out of memory for genotypes");
        sund_gt_codes(&gt, info->n_person, code);
    }
    else if (!covered)
        w->counts.status = SUND_LOOKUP_NOT_COVERED;
    count_people(w, code);
    free(code);
    w->counts.all.ac = w->ac[OF_GROUP];
    w->counts.all.an = w->an[OF_GROUP];
    if (w->counts.status == SUND_LOOKUP_NOT_COVERED)
        w->counts.all = (sund_lookup_cells){ 0 };
    return sund_store_sound(w->store, err);
}

static sund_code show(const work *w, const sund_home *h, sund_db *counts, const char *variant, const char *cohort, sund_shown **out, sund_err *err)
{
    static const char *const sexes[] = { "sex not known", "sex = M", "sex = F" };
    sund_bearers             b[N_SET];
    sund_carried             c = { .counts = w->counts, .people = w->with, .n_person = w->n_with, .n_word = w->n_word, .bearers = b };
    sund_buf                 name = { 0 }, group = { 0 };
    char                     folder[2048];
    sund_code                rc = sund_home_path(h, "carriers", folder, sizeof folder, err);

    for (int k = 0; k < N_SET; k++)
        if (k == EVERYBODY || k == OF_GROUP || w->an[k])
            b[c.n_bearers++] = (sund_bearers){ k == EVERYBODY ? "all" : k == OF_GROUP ? cohort : sexes[k - OF_UNKNOWN], w->set[k], w->ac[k], w->an[k] };
    sund_buf_printf(&name, "%s of ", variant);
    sund_buf_text(&name, cohort);
    sund_buf_nul(&name);
    sund_buf_text(&group, w->n_with == w->n_group ? "" : "genotyped: "); /* the same people by two definitions would be two groups */
    sund_buf_text(&group, cohort);
    sund_buf_nul(&group);
    if (rc == SUND_OK)
        rc = sund_buf_ok(&name, err);
    if (rc == SUND_OK)
        rc = sund_buf_ok(&group, err);
    c.name = (const char *) name.p;
    c.group = (const char *) group.p;
    if (rc == SUND_OK)
        rc = sund_carried_shown(folder, counts, h->gate, variant, &c, out, err);
    sund_buf_free(&name);
    sund_buf_free(&group);
    return rc;
}

sund_code sund_answer_carriers(sund_roll *r, sund_lookup_seat *seat, sund_db *counts, sund_query *q, const char *rest, sund_shown **out, sund_err *err)
{
    const sund_home *h = seat->home;
    bool             public = strncmp(rest, "public ", 7) == 0;
    const char      *cohort = strchr(rest += public ? 7 : 0, ' ');
    work             w = { .roll = r, .store = h->store };
    sund_person_set  set = { 0 };
    sund_buf         name = { 0 }, spelled = { 0 };
    sund_code        rc;

    if (public && !h->thresholds.open)
        return sund_fail(err, SUND_E_DENIED, "carriers are counted for whoever has logged in");
    if (!cohort)
        return sund_fail(err, SUND_E_ARG, "carriers of a variant are asked for in a cohort: 20-1000226-A-T all");
    sund_buf_put(&name, rest, (size_t) (cohort - rest));
    sund_buf_nul(&name);
    rc = sund_buf_ok(&name, err);
    if (rc == SUND_OK)
        rc = sund_query_parse(q, (const char *) name.p, err);
    if (rc != SUND_OK) {
        sund_buf_free(&name);
        return rc;
    }
    if (q->n_name != 1)
        SUND_GO(sund_fail(err, SUND_E_ARG, "carriers are asked for of one variant at a time, by its name"));
    SUND_GO(sund_assembly_fits(q->assembly, sund_store_describe(w.store)->assembly, err));
    w.v = q->name[0];
    w.copies = sund_copies_at(sund_store_describe(w.store)->assembly, w.v.contig, w.v.pos_bp);
    sund_buf_clear(&name);
    sund_variant_print(&w.v, &name);
    sund_buf_nul(&name);
    SUND_GO(people_of(h, cohort + 1, &set, &spelled, err));
    sund_buf_nul(&spelled);
    SUND_GO(sund_buf_ok(&spelled, err));
    SUND_GO(sund_buf_ok(&name, err));
    SUND_GO(call_roll(r, h, err));
    for (size_t i = 0; i < set.n; i++)
        r->top = set.id[i] > r->top ? set.id[i] : r->top;
    SUND_GO(make_room(&w, err));
    for (size_t i = 0; i < set.n; i++)
        put(w.group, set.id[i]);
    w.n_group = (int64_t) set.n;
    SUND_GO(genotypes(&w, seat->reader, err));
    rc = show(&w, h, counts, (const char *) name.p, (const char *) spelled.p, out, err);
out:
    free_work(&w);
    sund_person_set_free(&set);
    sund_query_free(q);
    sund_buf_free(&name);
    sund_buf_free(&spelled);
    return rc;
}
