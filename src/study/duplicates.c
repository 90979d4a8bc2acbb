#include "study/duplicates_priv.h"

#include "gate/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const sund_option options[] = {
    { "min_maf", 'f', "0.2", 0.01, 0.5, NULL, "least pooled frequency of the rarer allele of a variant that tokens are made of" },
    { "snvs", 'i', "64", 16, SUND_TOKEN_SNVS, NULL, "variants a token" },
    { "distance", 'i', "20000", 0, 100000000, NULL, "base pairs that lie between two of them at least" },
    { "chromosomes", 'i', "12", 1, 22, NULL, "autosomes that they must lie on at least: sibs who share one whole are not to look like one person" },
    { NULL, 0, NULL, 0, 0, NULL, NULL },
};

static sund_code dup_check(const sund_study *s, sund_err *err)
{
    if (s->n_outcome || s->n_covariate)
        return sund_fail(err, SUND_E_ARG, "analysis duplicates takes no outcome and no covariates: remove those lines");
    return s->drop_missing ? sund_fail(err, SUND_E_ARG, "analysis duplicates makes no token where a call is missing: remove the line 'missing'") : SUND_OK;
}

static void dup_end(sund_state *st)
{
    dup_own *own = st->own;

    if (own) {
        free(own->count);
        free(own->snv);
        free(own->bucket);
        free(own->mark);
    }
    free(own);
    st->own = NULL;
}

static sund_code dup_begin(sund_state *st, sund_err *err)
{
    dup_own *own = calloc(1, sizeof *own);

    st->own = own;
    if (own) {
        own->count = calloc(st->n_variant + 1, sizeof *own->count);
        own->snv = malloc((st->n_variant + 1) * sizeof *own->snv);
        own->n_set = (size_t) sund_study_i64(st->study, "snvs");
    }
    return own && own->count && own->snv ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", st->n_variant);
}

/* ---- what follows from totals: the same at every node ---- */

/** A variant of a single base of an autosome, called in 98 % of people, whose rarer allele is common. */
static bool is_common(const sund_state *st, const sund_variant *v, const sund_alleles *a)
{
    int64_t minor = a->ac < a->an - a->ac ? a->ac : a->an - a->ac;

    return v->contig <= 22 && v->n_ref == 1 && v->n_alt == 1 && 50 * a->called >= 49 * st->n_person && (double) minor >= sund_study_f64(st->study, "min_maf") * (double) a->an;
}

/** Common variants, some way apart, over the genome; then the sets. */
static sund_code choose_sets(sund_state *st, sund_err *err)
{
    dup_own *own = st->own;
    int64_t  apart = sund_study_i64(st->study, "distance"), chromosomes = sund_study_i64(st->study, "chromosomes"), n_contig = 0, last_pos = 0;
    int      last = 0;

    own->n_snv = 0;
    for (size_t j = 0; j < st->n_variant; j++) {
        sund_variant v = sund_catalogue_at(st->catalogue, st->first + j);

        if (!is_common(st, &v, &own->count[j]) || (v.contig == last && (int64_t) v.pos_bp - last_pos <= apart))
            continue;
        n_contig += v.contig != last;
        last = v.contig;
        last_pos = v.pos_bp;
        own->snv[own->n_snv++] = (uint32_t) j;
    }
    if (own->n_snv < own->n_set || n_contig < chromosomes)
        return sund_fail(err, SUND_E_NOT_FOUND, "too few common SNVs for tokens: %zu of the catalogue's, %lld base pairs apart, on %lld autosomes, are frequent enough and called in 98 %% of people; %zu on %lld are needed",
                         own->n_snv, (long long) apart, (long long) n_contig, own->n_set, (long long) chromosomes);
    for (uint32_t t = 0; t < SUND_TOKENS; t++) {
        sund_token_set(&st->study->digest, t, own->n_snv, own->n_set, own->set[t]);
        for (size_t s = 0; s < own->n_set; s++)
            own->set[t][s] = own->snv[own->set[t][s]];
    }
    return SUND_OK;
}

/** B: 64 buckets a person. need: strangers who share so many buckets with others are at most 3 %, whom marks tell from the rest. */
static sund_code size_buckets(sund_state *st, sund_err *err)
{
    dup_own *own = st->own;

    if (st->n_person > DUP_PEOPLE_MAX)
        return sund_fail(err, SUND_E_LIMIT, "analysis duplicates takes at most %d people", DUP_PEOPLE_MAX);
    own->n_bucket = sund_token_buckets(64 * (uint64_t) st->n_person, 1 << 16, 1 << 26);
    own->n_word = (size_t) (own->n_bucket + DUP_PACK - 1) / DUP_PACK;
    own->need = sund_tokens_needed(1.0, (double) st->n_person / (double) own->n_bucket, 0.03);
    own->bucket = calloc(dup_words(own, DUP_TOKENS), DUP_PACK);
    return own->bucket ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %llu buckets", (unsigned long long) own->n_bucket * SUND_TOKENS);
}

/** B2: up to 512 buckets a candidate, never less than 64. need_mark: so that false pairs are expected in less than one of a hundred studies. */
static sund_code size_marks(dup_own *own, sund_err *err)
{
    uint64_t n = (uint64_t) own->n_candidate, wide = 512 * n < 1 << 19 ? 512 * n : 1 << 19;

    own->n_mark = sund_token_buckets(wide > 64 * n ? wide : 64 * n, 1 << 13, 1 << 26);
    own->need_mark = sund_tokens_needed((double) n, (double) n / (double) own->n_mark, 0.01);
    own->mark = calloc(dup_words(own, DUP_MARKS), sizeof *own->mark);
    return own->mark ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %llu buckets", (unsigned long long) own->n_mark * SUND_TOKENS);
}

static sund_code dup_plan(sund_state *st, sund_round *r, sund_err *err)
{
    static const char *const name[] = { "people", "counts", "tokens", "candidates", "marks", "found", "" };
    dup_own                 *own = st->own;
    uint64_t                 size[4] = { 0, 0, 0, 0 };

    if (r->index == DUP_PEOPLE) {
        sund_people_round(st, r);
        return SUND_OK;
    }
    (void) snprintf(r->name, sizeof r->name, "%s", name[r->index < DUP_NONE ? r->index : DUP_NONE]);
    r->n_item = r->n_chunk = 0;
    if (r->index == DUP_COUNTS)
        sund_round_split(r, st->study, st->n_variant, SUND_TALLY_LANES);
    if (r->index == DUP_TOKENS) {
        SUND_TRY(choose_sets(st, err));
        SUND_TRY(size_buckets(st, err));
    }
    if (r->index == DUP_MARKS && own->n_candidate)
        SUND_TRY(size_marks(own, err));
    if (r->index == DUP_TOKENS || (r->index == DUP_MARKS && own->n_candidate))
        sund_round_split(r, st->study, (dup_words(own, r->index) + DUP_BLOCK - 1) / DUP_BLOCK, DUP_BLOCK);
    if (r->index == DUP_CANDIDATES || r->index == DUP_FOUND)
        r->n_item = r->n_chunk = 1;
    size[0] = own->n_bucket;
    size[1] = own->need;
    size[2] = own->n_mark;
    size[3] = own->need_mark;
    r->params = sund_round_params(r, st->study, size, sizeof size);
    return SUND_OK;
}

/* ---- own sums ---- */

static sund_code found_local(const sund_state *st, const sund_view *v, unsigned n_thread, sund_vec *out, sund_err *err)
{
    uint8_t  *flag = malloc(v->n_person + 1);
    sund_code rc = flag ? sund_dup_flags(st, v, n_thread, flag, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK)
        rc = sund_vec_new(out, 2, 0, err);
    for (size_t i = 0; rc == SUND_OK && i < v->n_person; i++) {
        sund_vec_add64(out, 0, flag[i] & DUP_ELSEWHERE);
        sund_vec_add64(out, 1, flag[i] / DUP_EARLIER);
    }
    free(flag);
    return rc;
}

static sund_code dup_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    switch (r->index) {
    case DUP_PEOPLE: return sund_people_local(v, out, err);
    case DUP_COUNTS: return sund_tally_local(st, v, r, chunk, NULL, n_thread, out, err);
    case DUP_TOKENS: return sund_dup_tokens_local(st, v, r, chunk, n_thread, out, err);
    case DUP_CANDIDATES: return sund_dup_candidates_local(st, v, r, n_thread, out, err);
    case DUP_MARKS: return sund_dup_marks_local(st, v, r, chunk, n_thread, out, err);
    default: return found_local(st, v, n_thread, out, err);
    }
}

/* ---- totals ---- */

static sund_code bad_total(sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "a total of duplicates is impossible, or has another shape than its round"); }

static sund_code total_tokens(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *total, sund_err *err)
{
    dup_own *own = st->own;
    size_t   from, n = sund_chunk_range(r, st->study, DUP_BLOCK, chunk, &from) * DUP_BLOCK;

    from *= DUP_BLOCK;
    if (total->n64 != n || total->n128)
        return bad_total(err);
    for (size_t w = from; w < from + n; w++) {
        uint64_t x = (uint64_t) sund_vec_get64(total, w - from);

        if (x >> 56 || (w >= dup_words(own, DUP_TOKENS) && x))
            return bad_total(err);
        for (size_t k = 0; k < DUP_PACK && w < dup_words(own, DUP_TOKENS); k++) {
            own->bucket[w * DUP_PACK + k] = (uint8_t) (x >> (8 * k));
            if (own->bucket[w * DUP_PACK + k] > DUP_CAP * SUND_NODE_MAX)
                return bad_total(err);
        }
    }
    return SUND_OK;
}

static sund_code total_marks(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *total, sund_err *err)
{
    dup_own *own = st->own;
    size_t   from, n = sund_chunk_range(r, st->study, DUP_BLOCK, chunk, &from) * DUP_BLOCK;

    from *= DUP_BLOCK;
    if (total->n64 != n || total->n128)
        return bad_total(err);
    for (size_t w = from; w < from + n; w++) {
        uint64_t x = (uint64_t) sund_vec_get64(total, w - from);

        if (x >> (2 * SUND_NODE_MAX) || w >= dup_words(own, DUP_MARKS))
            return bad_total(err);
        own->mark[w] = x;
    }
    return SUND_OK;
}

static sund_code total_numbers(sund_state *st, const sund_round *r, const sund_vec *total, sund_err *err)
{
    dup_own *own = st->own;
    size_t   n = r->index == DUP_FOUND ? 2 : 1;

    if (total->n64 != n || total->n128)
        return bad_total(err);
    for (size_t k = 0; k < n; k++)
        if (sund_vec_get64(total, k) < 0 || sund_vec_get64(total, k) > st->n_person)
            return bad_total(err);
    if (r->index == DUP_CANDIDATES) {
        own->n_candidate = sund_vec_get64(total, 0);
        return SUND_OK;
    }
    own->n_elsewhere = sund_vec_get64(total, 0);
    own->n_repeated = sund_vec_get64(total, 1);
    return own->n_repeated > own->n_elsewhere ? bad_total(err) : SUND_OK;
}

static sund_code dup_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *total, sund_err *err)
{
    switch (r->index) {
    case DUP_PEOPLE: return sund_people_total(st, total, err);
    case DUP_COUNTS: return sund_tally_total(st, r, chunk, NULL, total, ((dup_own *) st->own)->count, err);
    case DUP_TOKENS: return total_tokens(st, r, chunk, total, err);
    case DUP_MARKS: return total_marks(st, r, chunk, total, err);
    default: return total_numbers(st, r, total, err);
    }
}

/* ---- what comes out ---- */

static sund_code dup_finish(sund_state *st, sund_release *out, sund_err *err)
{
    static const sund_release_column column[] = { { "records", 'i', false }, { "elsewhere", 'i', true }, { "repeated", 'i', true }, { "people", 'i', true },
                                                  { "snvs", 'i', false },    { "tokens", 'i', false },   { "snvs_per_token", 'i', false } };
    const dup_own *own = st->own;
    sund_guard     guard = { .on = SUND_ON_PEOPLE, .people = own->n_repeated };
    sund_cell      cell[7];

    cell[0].i = sund_rule_round5(&st->thresholds, st->n_person);
    cell[1].i = sund_rule_round5(&st->thresholds, own->n_elsewhere);
    cell[2].i = sund_rule_round5(&st->thresholds, own->n_repeated);
    cell[3].i = sund_rule_round5(&st->thresholds, st->n_person - own->n_repeated);
    cell[4].i = (int64_t) own->n_snv;
    cell[5].i = SUND_TOKENS;
    cell[6].i = (int64_t) own->n_set;
    SUND_TRY(sund_release_next(out, "table", column, 7, err));
    (void) snprintf(st->facts, sizeof st->facts, "\"n\": %lld, \"variable\": \"duplicate_%.8s\"", (long long) cell[0].i, sund_digest_hex(&st->study->digest).s);
    return sund_release_row(out, &guard, cell, err);
}

/** duplicate_<8 hex digits of the study's name>: yes for whoever is at an earlier node too. */
static sund_code dup_keep(const sund_state *st, const sund_view *v, sund_people *people, sund_err *err)
{
    sund_var  var = { .type = SUND_VAR_BINARY, .min = 0, .max = 1, .codes = "no|yes" };
    uint8_t  *flag = malloc(v->n_person + 1);
    int64_t  *raw = malloc((v->n_person + 1) * sizeof *raw);
    sund_code rc = flag && raw ? sund_dup_flags(st, v, 0, flag, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    (void) snprintf(var.name, sizeof var.name, "duplicate_%.8s", sund_digest_hex(&st->study->digest).s);
    for (size_t i = 0; rc == SUND_OK && i < v->n_person; i++)
        raw[i] = v->member[i / 64] >> (i % 64) & 1 ? flag[i] / DUP_EARLIER : SUND_VALUE_MISSING;
    if (rc == SUND_OK)
        rc = sund_view_keep(v, people, 1, &var, raw, err);
    free(flag);
    free(raw);
    return rc;
}

extern const sund_analysis sund_analysis_duplicates;
const sund_analysis        sund_analysis_duplicates = {
    .name = "duplicates",
    .title = "People who are at two nodes",
    .help = "Finds people whose genotypes are at more than one node, by hashes of common SNVs, so that later studies count them once: each node keeps the variable "
            "duplicate_<first 8 of the study's name>, yes for whoever an earlier node has too. Identical twins look like one person.",
    .rules = "parties, cell-min, round-5, size",
    .strata = SUND_STRATA_NEVER,
    .options = options,
    .check = dup_check,
    .begin = dup_begin,
    .end = dup_end,
    .plan = dup_plan,
    .local = dup_local,
    .total = dup_total,
    .finish = dup_finish,
    .keep = dup_keep,
};
