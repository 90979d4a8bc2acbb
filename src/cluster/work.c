#include "cluster/work.h"

#include "study/messages.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char brief_magic[] = "SUNDTSK2", totals_magic[] = "SUNDTOT1", part_magic[] = "SUNDPRT1";

enum { MAGIC = 8 };

static void take_magic(sund_cur *c, const char *magic)
{
    char got[MAGIC];

    if (!sund_cur_copy(c, got, sizeof got) || memcmp(got, magic, sizeof got) != 0)
        c->bad = true;
}

void sund_question_begin(sund_question *q, const sund_engine *e, const sund_view *v)
{
    static const char version[] = SUND_VERSION;
    sund_digest       view = sund_view_digest(v);
    sund_buf          thresholds = { 0 };

    sund_thresholds_write(&e->state.thresholds, &thresholds);
    sund_hasher_init(&q->so_far);
    sund_hasher_add(&q->so_far, version, sizeof version);
    sund_hasher_add(&q->so_far, e->state.study->digest.b, sizeof e->state.study->digest.b);
    sund_hasher_add(&q->so_far, view.b, sizeof view.b);
    sund_hasher_add(&q->so_far, thresholds.p, thresholds.n);
    sund_buf_free(&thresholds);
}

void sund_question_take(sund_question *q, const sund_vec *total)
{
    uint64_t shape[2] = { total->n64, total->n128 };

    sund_hasher_add(&q->so_far, shape, sizeof shape);
    sund_hasher_add(&q->so_far, total->w, 8 * sund_vec_words(total));
}

sund_digest sund_question_of(const sund_question *q, const sund_round *r)
{
    sund_hasher h = q->so_far;

    sund_hasher_add(&h, &r->index, sizeof r->index);
    sund_hasher_add(&h, r->params.b, sizeof r->params.b);
    return sund_hasher_end(&h);
}

void sund_brief_write(const sund_brief *b, const sund_view *v, sund_buf *out)
{
    sund_buf_put(out, brief_magic, MAGIC);
    sund_buf_str(out, b->version);
    sund_buf_str(out, b->store);
    sund_buf_str(out, b->files);
    sund_buf_str(out, b->catalogue);
    sund_buf_str(out, b->key);
    sund_buf_blob(out, b->text.p, b->text.n);
    sund_thresholds_write(&b->thresholds, out);
    sund_view_write(v, out);
}

sund_code sund_brief_read(sund_cur c, sund_brief *b, sund_err *err)
{
    take_magic(&c, brief_magic);
    (void) sund_cur_str(&c, b->version, sizeof b->version);
    (void) sund_cur_str(&c, b->store, sizeof b->store);
    (void) sund_cur_str(&c, b->files, sizeof b->files);
    (void) sund_cur_str(&c, b->catalogue, sizeof b->catalogue);
    (void) sund_cur_str(&c, b->key, sizeof b->key);
    b->text = sund_cur_blob(&c, SUND_STUDY_MAX_BYTES);
    sund_thresholds_read(&c, &b->thresholds);
    SUND_TRY(sund_cur_ok(&c, "a task's brief", err));
    b->view = c;
    return sund_thresholds_check_one(&b->thresholds, err);
}

void sund_part_write(const sund_digest *question, uint32_t round, uint32_t chunk, const sund_vec *x, sund_buf *out)
{
    sund_buf_put(out, part_magic, MAGIC);
    sund_buf_put(out, question->b, sizeof question->b);
    sund_buf_u32(out, round);
    sund_buf_u32(out, chunk);
    sund_vec_write(x, out);
}

/** Header of a part: *same when it is of this question, round and chunk. */
static bool part_is(sund_cur *c, const sund_digest *question, uint32_t round, uint32_t chunk)
{
    sund_digest of = { { 0 } };
    bool        same;

    take_magic(c, part_magic);
    (void) sund_cur_copy(c, of.b, sizeof of.b);
    same = sund_cur_u32(c) == round;
    same = sund_cur_u32(c) == chunk && same;
    return same && sund_digest_eq(&of, question);
}

sund_code sund_part_read(sund_cur c, const sund_digest *question, uint32_t round, uint32_t chunk, sund_vec *x, sund_err *err)
{
    bool same = part_is(&c, question, round, chunk);

    SUND_TRY(sund_cur_ok(&c, "a partial vector", err));
    if (!same)
        return sund_fail(err, SUND_E_MISMATCH, "a partial vector answers another question than this round's");
    return sund_vec_read(x, c.p, c.n, err);
}

void sund_totals_begin(uint32_t from, sund_buf *out)
{
    sund_buf_clear(out);
    sund_buf_put(out, totals_magic, MAGIC);
    sund_buf_u32(out, from);
}

void sund_totals_add(sund_buf *out, const sund_vec *total)
{
    sund_buf_u32(out, (uint32_t) (8 + 8 * sund_vec_words(total)));
    sund_vec_write(total, out);
}

sund_code sund_totals_head(sund_cur *c, uint32_t *from, sund_err *err)
{
    take_magic(c, totals_magic);
    *from = sund_cur_u32(c);
    return sund_cur_ok(c, "a study's totals", err);
}

sund_code sund_totals_next(sund_cur *c, sund_vec *total, bool *more, sund_err *err)
{
    sund_cur one;

    *more = c->n > 0;
    if (!*more)
        return SUND_OK;
    one = sund_cur_blob(c, SUND_PART_MAX_BYTES);
    SUND_TRY(sund_cur_ok(c, "a study's totals", err));
    return sund_vec_read(total, one.p, one.n, err);
}

sund_code sund_work_part(char *out, size_t cap, const char *folder, uint32_t round, uint32_t chunk, sund_err *err)
{
    char name[40];

    (void) snprintf(name, sizeof name, "%u-%u.part", round, chunk);
    return sund_path_join(out, cap, folder, name, err);
}

sund_code sund_work_totals(char *out, size_t cap, const char *folder, uint32_t round, sund_err *err)
{
    char name[40];

    (void) snprintf(name, sizeof name, "%u.totals", round);
    return sund_path_join(out, cap, folder, name, err);
}

sund_code sund_work_write(const char *path, sund_buf *content, sund_err *err)
{
    sund_digest d = sund_digest_of(content->p, content->n);

    sund_buf_put(content, d.b, sizeof d.b);
    SUND_TRY(sund_buf_ok(content, err));
    return sund_file_write(path, content->p, content->n, 0600, err);
}

sund_code sund_work_open(const char *path, sund_map *m, sund_cur *content, sund_err *err)
{
    sund_digest d;

    SUND_TRY(sund_map_open(m, path, err));
    if (m->n >= sizeof d.b) {
        *content = sund_cur_of(m->p, m->n - sizeof d.b);
        d = sund_digest_of(content->p, content->n);
        if (memcmp(d.b, m->p + content->n, sizeof d.b) == 0)
            return SUND_OK;
    }
    sund_map_close(m);
    return sund_fail(err, SUND_E_FORMAT, "%s: its digest does not fit its bytes", path);
}

bool sund_work_has_part(const char *folder, const sund_digest *question, uint32_t round, uint32_t chunk)
{
    uint8_t  head[MAGIC + sizeof question->b + 8] = { 0 };
    char     path[4096];
    sund_cur c = sund_cur_of(head, sizeof head);
    bool     read_all;
    int      fd;

    if (sund_work_part(path, sizeof path, folder, round, chunk, NULL) != SUND_OK || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return false;
    read_all = read(fd, head, sizeof head) == (ssize_t) sizeof head;
    (void) close(fd);
    return read_all && part_is(&c, question, round, chunk) && !c.bad;
}

void sund_task_range(uint32_t n_chunk, uint32_t n_task, uint32_t i, uint32_t *from, uint32_t *to)
{
    *from = (uint32_t) ((uint64_t) n_chunk * i / n_task);
    *to = (uint32_t) ((uint64_t) n_chunk * (i + 1) / n_task);
}
