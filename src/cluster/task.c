#include "cluster/task.h"

#include "store/key.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_MAX_BYTES = 1 << 30 };

/** A study at the beginning of a round, without its node. */
typedef struct bench {
    sund_map        bytes; /* of the brief: its texts point there */
    sund_brief      brief;
    sund_study      study;
    sund_store     *store;
    sund_catalogue *catalogue;
    sund_files      files;
    sund_view      *view;
    sund_engine     engine;
    sund_question   question;
} bench;

/** A public file by its digest, which the caller checks. */
static sund_code get_file(void *ctx, const sund_digest *d, sund_buf *out, sund_err *err)
{
    const bench *b = ctx;
    char         path[4096];

    SUND_TRY(sund_path_join(path, sizeof path, b->brief.files, sund_digest_hex(d).s, err));
    return sund_file_read(path, FILE_MAX_BYTES, out, err);
}

/** The catalogue that the study names, if any. */
static sund_code open_catalogue(bench *b, sund_err *err)
{
    sund_digest got;

    if (!b->study.has_catalogue)
        return SUND_OK;
    if (!b->brief.catalogue[0])
        return sund_study_catalogue(&b->study, get_file, b, &b->catalogue, err);
    SUND_TRY(sund_catalogue_read(&b->catalogue, b->brief.catalogue, err));
    got = sund_catalogue_digest(b->catalogue);
    return sund_digest_eq(&got, &b->study.catalogue) ? SUND_OK : sund_fail(err, SUND_E_MISMATCH, "%.300s is another catalogue than the study names", b->brief.catalogue);
}

static sund_code open_brief(bench *b, const char *folder, sund_err *err)
{
    char     path[4096];
    sund_cur content;

    SUND_TRY(sund_path_join(path, sizeof path, folder, "brief", err));
    SUND_TRY(sund_work_open(path, &b->bytes, &content, err));
    SUND_TRY(sund_brief_read(content, &b->brief, err));
    if (strcmp(b->brief.version, SUND_VERSION) != 0)
        return sund_fail(err, SUND_E_MISMATCH, "the node runs version %s, this machine %s: all need the same program", b->brief.version, SUND_VERSION);
    SUND_TRY(sund_study_parse(&b->study, "study", b->brief.text.p, b->brief.text.n, err));
    if (b->brief.key[0])
        SUND_TRY(sund_store_key_add(b->brief.key, NULL, err));
    SUND_TRY(sund_store_open(&b->store, b->brief.store, err));
    SUND_TRY(open_catalogue(b, err));
    SUND_TRY(sund_files_open(&b->files, &b->study, get_file, b, err));
    SUND_TRY(sund_view_read(&b->view, &b->brief.view, b->store, &b->study, b->catalogue, err));
    SUND_TRY(sund_cur_end(&b->brief.view, "a task's brief", err));
    SUND_TRY(sund_engine_open(&b->engine, &(sund_engine_on){ &b->study, b->catalogue, &b->files, &b->view->plan, &b->brief.thresholds, NULL }, err));
    sund_question_begin(&b->question, &b->engine, b->view);
    return SUND_OK;
}

static sund_code take_totals(bench *b, sund_cur c, sund_err *err)
{
    sund_code rc = SUND_OK;
    bool      more = true;

    while (rc == SUND_OK && more) {
        sund_vec x = { 0, 0, NULL };

        rc = sund_totals_next(&c, &x, &more, err);
        if (rc == SUND_OK && more && b->engine.done)
            rc = sund_fail(err, SUND_E_FORMAT, "the work folder has more totals than the study has rounds");
        if (rc == SUND_OK && more) {
            sund_question_take(&b->question, &x);
            rc = sund_engine_absorb(&b->engine, &x, err);
        }
        sund_vec_free(&x);
    }
    return rc;
}

/** Everything before a round: what its file says lies in an earlier one first. */
static sund_code replay(bench *b, const char *folder, uint32_t round, sund_err *err)
{
    sund_map  m = { NULL, 0 };
    sund_cur  c;
    uint32_t  from;
    char      path[4096];
    sund_code rc;

    if (round == 0)
        return SUND_OK;
    SUND_TRY(sund_work_totals(path, sizeof path, folder, round, err));
    SUND_TRY(sund_work_open(path, &m, &c, err));
    SUND_GO(sund_totals_head(&c, &from, err));
    if (from >= round) {
        rc = sund_fail(err, SUND_E_FORMAT, "%s: it cannot come after round %u", path, from);
        goto out;
    }
    SUND_GO(replay(b, folder, from, err));
    SUND_GO(take_totals(b, c, err));
    if (b->engine.done || b->engine.round.index != round || b->engine.chunk != 0)
        rc = sund_fail(err, SUND_E_FORMAT, "%s: not the totals of every chunk before round %u", path, round);
out:
    sund_map_close(&m);
    return rc;
}

static sund_code one_chunk(const bench *b, const sund_task_plan *t, uint32_t chunk, sund_err *err)
{
    sund_digest question = sund_question_of(&b->question, &b->engine.round);
    sund_vec    x = { 0, 0, NULL };
    sund_buf    out = { 0 };
    char        path[4096];
    sund_code   rc;

    if (sund_work_has_part(t->folder, &question, t->round, chunk))
        return SUND_OK;
    SUND_GO(sund_work_part(path, sizeof path, t->folder, t->round, chunk, err));
    SUND_GO(sund_engine_compute(&b->engine, b->view, chunk, t->n_thread, &x, err));
    sund_part_write(&question, t->round, chunk, &x, &out);
    rc = sund_work_write(path, &out, err);
out:
    sund_vec_free(&x);
    sund_buf_free(&out);
    return rc;
}

sund_code sund_task_run(const sund_task_plan *t, sund_err *err)
{
    bench    *b = calloc(1, sizeof *b);
    uint32_t  from, to;
    sund_code rc;

    if (!b)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(open_brief(b, t->folder, err));
    SUND_GO(replay(b, t->folder, t->round, err));
    if (t->n_task == 0 || t->i >= t->n_task) {
        rc = sund_fail(err, SUND_E_ARG, "there is no task %u of %u", t->i, t->n_task);
        goto out;
    }
    sund_task_range(b->engine.round.n_chunk, t->n_task, t->i, &from, &to);
    for (uint32_t c = from > t->from ? from : t->from; c < to; c++)
        SUND_GO(one_chunk(b, t, c, err));
out:
    sund_engine_close(&b->engine);
    sund_view_close(b->view);
    sund_catalogue_free(b->catalogue);
    sund_files_free(&b->files);
    sund_store_close(b->store);
    sund_map_close(&b->bytes);
    free(b);
    return rc;
}
