#ifndef SUND_CLUSTER_WORK_H
#define SUND_CLUSTER_WORK_H

#include "base/file.h"
#include "study/engine.h"

/** The work folder of one study: how a node and its tasks on other machines speak, by files on a file system that both see. All are mode 0600 in a folder
 *  of mode 0700, written whole and renamed, end in the BLAKE2b-256 of all bytes before, and go when the study ends:
 *
 *      brief       "SUNDTSK2" version, store, public files, catalogue, file of the key, study text, thresholds, view
 *      R.totals    "SUNDTOT1" u32 F, blob vector each      opened totals of rounds F to R - 1; those before lie in F.totals
 *      R-C.part    "SUNDPRT1" question, u32 round, u32 chunk, vector: own sums of chunk C of round R, from a task
 *      tag, run, lock   a random name for the jobs; the batch script, a constant; held by the node
 *
 *  A task needs no more: a study's state is a function of its text, its public files, thresholds, columns and the totals so far. */

/** Digest of all that own sums depend on: version, study, view, thresholds, every total so far, and the round. A part of another question is
 *  never used, whatever lies in the folder. */
typedef struct sund_question { sund_hasher so_far; } sund_question;
void        sund_question_begin(sund_question *q, const sund_engine *e, const sund_view *v);
void        sund_question_take(sund_question *q, const sund_vec *total);
sund_digest sund_question_of(const sund_question *q, const sund_round *r);

/** Content of `brief`. Texts and view point into the bytes read. */
typedef struct sund_brief {
    char            version[33], store[1024], files[1024], catalogue[1024]; /**< catalogue: "" when it is one of the public files, or there is none */
    char            key[1024]; /**< the file of the store's key, or "" */
    sund_cur        text, view;
    sund_thresholds thresholds;
} sund_brief;
void      sund_brief_write(const sund_brief *b, const sund_view *v, sund_buf *out);
sund_code sund_brief_read(sund_cur bytes, sund_brief *b, sund_err *err) SUND_MUST_CHECK;

/** A part's content. Errors: SUND_E_FORMAT for damaged bytes, SUND_E_MISMATCH for another question, round or chunk. Owns: sund_vec_free(). */
void      sund_part_write(const sund_digest *question, uint32_t round, uint32_t chunk, const sund_vec *x, sund_buf *out);
sund_code sund_part_read(sund_cur bytes, const sund_digest *question, uint32_t round, uint32_t chunk, sund_vec *x, sund_err *err) SUND_MUST_CHECK;

/** Totals from round `from` on, in order. sund_totals_next: *more is false behind the last; owns sund_vec_free(). */
void      sund_totals_begin(uint32_t from, sund_buf *out);
void      sund_totals_add(sund_buf *out, const sund_vec *total);
sund_code sund_totals_head(sund_cur *c, uint32_t *from, sund_err *err) SUND_MUST_CHECK;
sund_code sund_totals_next(sund_cur *c, sund_vec *total, bool *more, sund_err *err) SUND_MUST_CHECK;

/** Paths in a folder. */
sund_code sund_work_part(char *out, size_t cap, const char *folder, uint32_t round, uint32_t chunk, sund_err *err) SUND_MUST_CHECK;
sund_code sund_work_totals(char *out, size_t cap, const char *folder, uint32_t round, sund_err *err) SUND_MUST_CHECK;

/** Writes content, its digest put behind it; maps a file back, its digest checked and left out of *content. Owns: sund_map_close(). */
sund_code sund_work_write(const char *path, sund_buf *content, sund_err *err) SUND_MUST_CHECK;
sund_code sund_work_open(const char *path, sund_map *m, sund_cur *content, sund_err *err) SUND_MUST_CHECK;

/** Whether the file holds this question's vector, as far as its first bytes tell. */
bool sund_work_has_part(const char *folder, const sund_digest *question, uint32_t round, uint32_t chunk);

enum { SUND_PART_MAX_BYTES = 8 * SUND_VEC_MAX_WORDS + 256, SUND_TASKS_MAX = 1000 };

/** Chunks [*from, *to) of task i of n. */
void sund_task_range(uint32_t n_chunk, uint32_t n_task, uint32_t i, uint32_t *from, uint32_t *to);

#endif
