#ifndef SUND_STUDY_DUPLICATES_PRIV_H
#define SUND_STUDY_DUPLICATES_PRIV_H

#include "stats/tokens.h"
#include "study/tally.h"

/* People who are at two nodes. What a node says, each as a vector that is added to the others':
 *
 *   people      numbers, as every study
 *   counts      genotype counts of the catalogue's variants: common ones are chosen, and 40 sets of them drawn
 *   tokens      40 x B buckets: how many of its people have a token there, at most 7 (a token: stats/tokens.h)
 *   candidates  how many of its people share at least `need` buckets with people of other nodes
 *   marks       40 x B2 buckets, of candidates alone: 2 bits at each node's own place, how many of its candidates are there, at most 3
 *   found       how many of its people are at another node too, and at an earlier one
 *
 * No lane overflows. tokens: a word holds 7 buckets of 8 bits; 30 nodes add at most 7 each, 210 < 256; and the word stays below 2^56.
 * marks: 30 places of 2 bits, each added to by its own node alone: below 2^60. Plain totals may be 2^62 (sund_vec_bounded). */
enum { DUP_PACK = 7, DUP_CAP = 7, DUP_MARK_CAP = 3, DUP_BLOCK = 1024, DUP_PEOPLE_MAX = 1 << 20 };
enum { DUP_PEOPLE, DUP_COUNTS, DUP_TOKENS, DUP_CANDIDATES, DUP_MARKS, DUP_FOUND, DUP_NONE };

typedef struct dup_own {
    sund_alleles *count; /* n_variant */
    uint32_t *snv;     /* those taken: places in the range */
    size_t    n_snv, n_set; /* n_set: SNVs a token */
    uint32_t  set[SUND_TOKENS][SUND_TOKEN_SNVS]; /* places in the range */
    uint64_t  n_bucket, n_mark; /* B, B2: powers of two */
    size_t    n_word;  /* words of a token in round tokens */
    unsigned  need, need_mark;
    uint8_t  *bucket;  /* SUND_TOKENS x n_word x DUP_PACK: totals */
    uint64_t *mark;    /* SUND_TOKENS x n_mark: totals */
    int64_t   n_candidate, n_elsewhere, n_repeated;
} dup_own;

/** Words of round tokens or marks, over all tokens. */
static inline size_t dup_words(const dup_own *own, uint32_t round) { return SUND_TOKENS * (round == DUP_TOKENS ? own->n_word : own->n_mark); }

enum { DUP_ELSEWHERE = 1, DUP_EARLIER = 2 };
sund_code sund_dup_tokens_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_dup_candidates_local(const sund_state *st, const sund_view *v, const sund_round *r, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_dup_marks_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
/** flag: n_person of the store, DUP_ELSEWHERE and DUP_EARLIER; none for anybody when there were no candidates. */
sund_code sund_dup_flags(const sund_state *st, const sund_view *v, unsigned n_thread, uint8_t *flag, sund_err *err) SUND_MUST_CHECK;

#endif
