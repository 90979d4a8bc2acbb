#ifndef SUND_STUDY_TALLY_H
#define SUND_STUDY_TALLY_H

#include "study/analysis.h"

/** Phase-1 counts of one variant, pooled or own: people by genotype, by sex. Where males have one copy, theirs are hemizygous. */
typedef struct sund_tally { sund_classes female, male; } sund_tally;
/** In a vector, and where one is kept for every variant: ref, het, alt, missing, each a word of two counts, females + 2^32 males. Words are added as
 *  they are: counts of at most 2^30 people never reach into their neighbour. */
enum { SUND_TALLY_LANES = 4 };
#define SUND_TALLY_PEOPLE_MAX ((int64_t) 1 << 30)
typedef struct sund_tally_words { int64_t w[SUND_TALLY_LANES]; } sund_tally_words;
sund_tally_words sund_tally_pack(const sund_tally *t);
sund_tally       sund_tally_unpack(const sund_tally_words *p);

/** What a tally says under a copies rule. */
typedef struct sund_alleles {
    int64_t ac, an;            /**< alternate alleles, alleles called */
    int64_t called, missing;   /**< people */
    int64_t ref, het, alt;     /**< two copies */
    int64_t hemi_ref, hemi_alt;/**< one copy; -1 where nobody can have one */
    int64_t dose;              /**< sum of 0/1/2 with one-copy alternates as 2, as association codes them */
} sund_alleles;
sund_alleles sund_tally_alleles(const sund_tally *t, sund_copies copies);

/** Own tally of variant j of the range, whose presence and copies are known. stratum: NULL, or n_stratum classes to fill: everyone's of each stratum,
 *  on X its females', for a variant that is in the store. */
sund_code sund_tally_own(const sund_view *v, size_t j, sund_presence where, sund_copies copies, sund_store_reader *r, sund_tally *out, sund_classes *stratum,
                         sund_err *err) SUND_MUST_CHECK;
void sund_tally_put(sund_vec *v, size_t lane, const sund_tally *t);
/** From a total. Errors: SUND_E_FORMAT when people exceed n_person; SUND_E_LIMIT when that is over SUND_TALLY_PEOPLE_MAX. */
sund_code sund_tally_get(const sund_vec *v, size_t lane, int64_t n_person, sund_tally *t, sund_err *err) SUND_MUST_CHECK;
/** Copies rule of variant j of the state's range. */
sund_copies sund_state_copies(const sund_state *st, size_t j);

/** The first four cells of a variant's row: chrom, pos (1-based), ref, alt. text holds them: alive until its next use. */
sund_code sund_variant_cells(const sund_variant *v, sund_buf *text, sund_cell cell[4], sund_err *err) SUND_MUST_CHECK;

/** Chunks of a round whose items need `lanes` words each. */
size_t sund_chunk_items(const sund_study *s, size_t lanes);
void   sund_round_split(sund_round *r, const sund_study *s, size_t n_item, size_t lanes);
/** Items [*from, *from + returned) of a chunk. */
size_t sund_chunk_range(const sund_round *r, const sund_study *s, size_t lanes, uint32_t chunk, size_t *from);
/** Digest that a round's masks are bound to: its name and size, and what the analysis adds. */
sund_digest sund_round_params(const sund_round *r, const sund_study *s, const void *more, size_t n_more);

/** Runs each(ctx, from, n, reader, thread) over items [from, from + n), run by run, on threads, each with its own reader; vec rows are disjoint. */
typedef sund_code (*sund_items_task)(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err);
sund_code sund_each_items(const sund_view *v, size_t from, size_t n, unsigned n_thread, sund_items_task each, void *ctx, sund_err *err) SUND_MUST_CHECK;

/** The round of counts of an analysis that asks nothing else in it: item i is variant chosen[i] of the range, or variant i where chosen is NULL;
 *  SUND_TALLY_LANES words each. */
sund_code sund_tally_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, const uint32_t *chosen, unsigned n_thread, sund_vec *out,
                           sund_err *err) SUND_MUST_CHECK;
/** Its total into count, r->n_item of them, by the copies of each variant; two everywhere in a study without a catalogue. Errors: as sund_tally_get, and SUND_E_FORMAT
 *  for another shape. */
sund_code sund_tally_total(const sund_state *st, const sund_round *r, uint32_t chunk, const uint32_t *chosen, const sund_vec *total, sund_alleles *count,
                           sund_err *err) SUND_MUST_CHECK;

/** The first round of every study: how many people, by sex and by the levels of binary columns and pairs of them. Rules: cell-min on the cohort,
 *  on every level and on every pair's four cells; model-size. Sets st->n_person. */
void      sund_people_round(const sund_state *st, sund_round *r);
sund_code sund_people_local(const sund_view *v, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_people_total(sund_state *st, const sund_vec *total, sund_err *err) SUND_MUST_CHECK;

/** sund_analysis.alone of the round of people, and of a chunk of tallies (SUND_TALLY_LANES of every `lanes` words). Rules on own numbers: cell-min on the cohort, both sexes, all
 *  levels and pairs; on every variant mac (association: eligible) and each genotype cell of each sex, missing for nobody or cell_min. Errors name no number and no variant. */
sund_code sund_people_alone(const sund_state *st, const sund_vec *own, sund_err *err) SUND_MUST_CHECK;
/** Of sums of genotypes with columns, or with what is fitted of an outcome: those tell how many people of a genotype have a level. For variants item[0 .. n) of the range, everybody of each level of
 *  each binary column but sex, which is tallied: each genotype is that of cell_min, missing for nobody or cell_min. Of variants of two copies. */
sund_code sund_levels_alone(const sund_state *st, const sund_view *v, const uint32_t *item, size_t n, sund_err *err) SUND_MUST_CHECK;
sund_code sund_tallies_alone(const sund_state *st, size_t from, size_t n, size_t lanes, bool association, const sund_vec *own, sund_err *err) SUND_MUST_CHECK;

#endif
