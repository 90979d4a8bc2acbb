#include "node/lookup.h"

#include "base/log.h"
#include "study/view.h"

#include <stdlib.h>
#include <string.h>

static void add(sund_lookup_cells *to, const sund_counts *c, sund_copies copies)
{
    to->ac += (int64_t) c->het + 2 * (int64_t) c->hom_alt + c->hemi_alt;
    to->an += 2 * ((int64_t) c->hom_ref + c->het + c->hom_alt) + c->hemi_ref + c->hemi_alt;
    to->hom += c->hom_alt;
    to->an_one += c->hemi_ref + c->hemi_alt;
    if (copies != SUND_DIPLOID)
        to->hemi += c->hemi_alt;
}

sund_code sund_lookup_open(sund_lookup_seat *s, sund_home *h, sund_err *err)
{
    memset(s, 0, sizeof *s);
    s->home = h;
    s->n_word = (sund_store_describe(h->store)->n_person + 63) / 64;
    for (int k = 0; k < 3; k++)
        if (!(s->of_sex[k] = calloc(s->n_word + 1, 8)))
            return sund_fail(err, SUND_E_NOMEM, "out of memory for people");
    return sund_store_reader_open(&s->reader, h->store, err);
}

void sund_lookup_close(sund_lookup_seat *s)
{
    for (int k = 0; k < 3; k++)
        free(s->of_sex[k]);
    sund_store_reader_close(s->reader);
    memset(s, 0, sizeof *s);
}

/** The store's columns of people whose consent allows lookups. */
static sund_code select_columns(const sund_home *h, uint32_t **col, size_t *n, sund_err *err)
{
    sund_person_set set = { 0 };
    sund_cohort    *all = NULL;
    sund_code       rc;

    SUND_TRY(sund_cohort_parse(&all, "all", err));
    SUND_GO(sund_people_select(h->people, all, h->lookup, &set, err));
    *n = set.n;
    *col = calloc(set.n + 1, sizeof **col);
    rc = *col ? sund_store_columns(h->store, (const char (*)[64]) set.name, set.n, *col, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for people");
out:
    sund_person_set_free(&set);
    sund_cohort_free(all);
    return rc;
}

sund_code sund_lookup_refresh(sund_lookup_seat *s, sund_err *err)
{
    const sund_store_info *info = sund_store_describe(s->home->store);
    uint32_t              *col = NULL;
    size_t                 n = 0;
    int64_t                version;
    sund_code              rc;

    if (s->ready && sund_time_mono_s() - s->looked_s < SUND_LOOK_AGAIN_S)
        return SUND_OK;
    SUND_TRY(sund_people_version(s->home->people, &version, err));
    s->looked_s = sund_time_mono_s();
    if (s->ready && version == s->version)
        return SUND_OK;
    s->ready = false; /* nobody is counted by what held before */
    SUND_GO(select_columns(s->home, &col, &n, err));
    s->n = 0;
    for (int k = 0; k < 3; k++) {
        s->n_sex[k] = 0;
        memset(s->of_sex[k], 0, s->n_word * 8);
    }
    for (size_t i = 0; i < n; i++)
        if (col[i] != UINT32_MAX) {
            uint8_t sex = info->sex[col[i]];

            s->of_sex[sex][col[i] / 64] |= 1ULL << (col[i] % 64);
            s->n_sex[sex]++;
            s->n++;
        }
    s->version = version;
    s->ready = true;
    sund_log(SUND_LOG_INFO, "lookups count %zu of the store's %zu people: those whose consent allows %s", s->n, info->n_person, s->home->lookup);
out:
    free(col);
    return rc;
}

/** People of one sex who take part, by genotype at row j. */
static void classes_to_counts(const sund_classes *c, int n_copies, sund_counts *out)
{
    *out = (sund_counts){ 0, 0, 0, 0, 0, 0 };
    if (n_copies == 0)
        return;
    out->missing = (uint32_t) c->missing;
    if (n_copies == 1) {
        out->hemi_ref = (uint32_t) c->ref;
        out->hemi_alt = (uint32_t) c->alt;
        return;
    }
    out->hom_ref = (uint32_t) c->ref;
    out->het = (uint32_t) c->het;
    out->hom_alt = (uint32_t) c->alt;
}

/** From the store's own counts when everybody takes part, else counted over those who do. */
static sund_code counted(sund_lookup_seat *s, size_t j, sund_copies copies, sund_lookup_counts *out, sund_err *err)
{
    sund_lookup_cells *of[3] = { NULL, &out->male, &out->female };
    bool               everybody = s->n == sund_store_describe(s->home->store)->n_person;
    sund_person_plane  set[3];
    sund_classes       classes[3];
    sund_counts        c;

    for (int k = 0; k < 3; k++)
        set[k] = (sund_person_plane){ s->of_sex[k], s->n_sex[k] };
    if (!everybody)
        SUND_TRY(sund_store_count(s->reader, j, set, 3, classes, err));
    for (int k = 0; k < 3; k++) {
        if (everybody)
            SUND_TRY(sund_store_counts(s->reader, j, -1, k, &c, err));
        else
            classes_to_counts(&classes[k], sund_copies_of(copies, (sund_sex) k), &c);
        add(&out->all, &c, copies);
        if (of[k])
            add(of[k], &c, copies);
    }
    return SUND_OK;
}

/** AN by sex where the variant is absent but covered. */
static void all_reference(const sund_lookup_seat *s, sund_copies copies, sund_lookup_counts *out)
{
    out->all.an = out->an_covered;
    out->male.an = (int64_t) s->n_sex[SUND_MALE] * sund_copies_of(copies, SUND_MALE);
    out->female.an = (int64_t) s->n_sex[SUND_FEMALE] * sund_copies_of(copies, SUND_FEMALE);
}

/** AN of everybody who takes part where the callable regions hold the place. */
static int64_t an_covered(const sund_lookup_seat *s, const sund_variant *v, sund_copies copies)
{
    int64_t an = 0;

    if (!sund_store_describe(s->home->store)->has_callable)
        return s->n ? -1 : 0;
    for (int k = 0; k < 3 && sund_store_callable(s->home->store, v->contig, v->pos_bp, v->n_ref); k++)
        an += (int64_t) s->n_sex[k] * sund_copies_of(copies, (sund_sex) k);
    return an;
}

sund_code sund_lookup_own(sund_lookup_seat *s, const sund_variant *v, sund_lookup_counts *out, sund_err *err)
{
    const sund_store *store = s->home->store;
    sund_copies       copies = sund_copies_at(sund_store_describe(store)->assembly, v->contig, v->pos_bp);
    sund_code         rc = SUND_OK;
    size_t            j;

    memset(out, 0, sizeof *out);
    out->status = SUND_LOOKUP_REFUSED;
    if (!s->ready)
        return sund_fail(err, SUND_E_ARG, "who takes part in lookups is not known");
    out->an_covered = an_covered(s, v, copies);
    if (s->n && sund_store_find(store, v, &j))
        rc = counted(s, j, copies, out, err);
    else if (out->an_covered > 0)
        all_reference(s, copies, out);
    else {
        out->status = SUND_LOOKUP_NOT_COVERED;
        return SUND_OK;
    }
    if (rc != SUND_OK) {
        memset(out, 0, sizeof *out);
        out->status = SUND_LOOKUP_REFUSED;
        return rc;
    }
    out->status = SUND_LOOKUP_COUNTED;
    out->sexes = true;
    return SUND_OK;
}
