#include "store/ahead.h"

#include "base/pool.h"
#include "store/inflate.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_MAX = 1 << 16, HEAD = 18, TAIL = 8, TASK_BYTES = 1 << 16, ITEM_MAX = 1 << 28, READ_BYTES = 1 << 16, STORED_MAX = 1 << 24, MANY_TIMES = 24 };

typedef struct block {
    uint64_t at_file;
    size_t   at, n_raw, at_stored, n_stored; /* at: in the stretch's bytes */
    bool     bad;
} block;

typedef struct item { size_t at, n; } item;

/* What is behind the bytes of a stretch: the next, the end of the file, or something that cannot be read here. */
typedef enum behind { MORE, END, STOP } behind;

typedef struct stretch {
    uint8_t *p, *stored;
    size_t   n, cap, n_carry, n_stored, cap_stored, from; /* carry: bytes of an item that began in the stretch before; from: where items begin */
    uint64_t carry_voffset, stop;                         /* stop: where an item begins that is not given out */
    block   *block;
    size_t   n_block, cap_block;
    item    *item;
    size_t   n_item, cap_item;
    size_t  *task; /* first item of each task */
    size_t   n_task, cap_task;
    behind   behind;
    unsigned half;
} stretch;

struct sund_ahead {
    sund_ahead_use                   use;
    int                              fd;
    size_t                           n_stretch, n_taken, from;
    uint64_t                         at_file, begin; /* of the next block to fetch; the virtual offset to begin at */
    unsigned                         n_thread, half;
    struct libdeflate_decompressor **inflate; /* one a thread */
    stretch                          s[3];
    int                              now; /* s[now] is taken from, s[now + 1] worked on, s[now + 2] inflated into */
    sund_pool_job                   *job;
};

static stretch *at(sund_ahead *a, int k) { return &a->s[(a->now + k) % 3]; }

static bool grow(void **p, size_t *cap, size_t need, size_t size)
{
    size_t n = *cap ? *cap : 64;
    void  *q;

    if (need <= *cap)
        return true;
    while (n < need)
        n += n / 2;
    q = realloc(*p, n * size);
    if (q) {
        *p = q;
        *cap = n;
    }
    return q != NULL;
}

static unsigned u16(const uint8_t *p) { return p[0] | (unsigned) p[1] << 8; }
static uint32_t u32(const uint8_t *p) { return u16(p) | (uint32_t) u16(p + 2) << 16; }

/** Of exactly the form that BGZF prescribes: gzip with one extra field of two bytes, the block's length - 1. */
static bool is_block(const uint8_t *p) { return memcmp(p, "\37\213\10\4", 4) == 0 && u16(p + 10) == 6 && memcmp(p + 12, "BC\2\0", 4) == 0 && u16(p + 16) + 1 >= HEAD + TAIL; }

static sund_code no_memory(sund_err *err) { return sund_fail(err, SUND_E_NOMEM, "no memory to read ahead"); }

static bool add_block(stretch *s, uint64_t at_file, size_t at_stored, size_t n_stored, size_t n_raw)
{
    void *p = s->block;
    bool  ok = grow(&p, &s->cap_block, s->n_block + 1, sizeof *s->block);

    s->block = p;
    if (ok)
        s->block[s->n_block++] = (block){ at_file, s->n, n_raw, at_stored, n_stored, false };
    return ok;
}

/** READ_BYTES more of the file behind what is in s->stored. *got is 0 at its end, and negative where it cannot be read. */
static bool read_more(sund_ahead *a, stretch *s, size_t used, ssize_t *got)
{
    void *p = s->stored;
    bool  ok = grow(&p, &s->cap_stored, s->n_stored + READ_BYTES, 1);

    s->stored = p;
    *got = ok ? pread(a->fd, s->stored + s->n_stored, READ_BYTES, (off_t) (a->at_file + (s->n_stored - used))) : -1;
    s->n_stored += *got > 0 ? (size_t) *got : 0;
    return ok;
}

/** Blocks into s->stored, for n_want bytes more, and where each will be inflated to. */
static sund_code fetch_blocks(sund_ahead *a, stretch *s, size_t n_want, sund_err *err)
{
    size_t  used = 0, n_raw;
    ssize_t got;
    bool    ok;
    void   *p;

    s->n_stored = 0;
    ok = read_more(a, s, 0, &got);
    for (s->behind = MORE; ok && s->behind == MORE && s->n < n_want + s->n_carry && used < STORED_MAX;) {
        const uint8_t *q = s->stored + used;
        size_t         left = s->n_stored - used, n = left >= HEAD && is_block(q) ? u16(q + 16) + 1u : 0;

        if (got > 0 && (left < HEAD || (n && left < n)))
            ok = read_more(a, s, used, &got);
        else if (left == 0 && got == 0)
            s->behind = END;
        else if (!n || left < n || (n_raw = u32(q + n - 4)) > BLOCK_MAX)
            s->behind = STOP;
        else {
            ok = add_block(s, a->at_file, used, n, n_raw); /* empty ones too: they may be damaged */
            s->n += n_raw;
            used += n;
            a->at_file += n;
        }
    }
    p = s->p;
    ok = ok && grow(&p, &s->cap, s->n + 1, 1);
    s->p = p;
    return ok ? SUND_OK : no_memory(err);
}

/** Genotypes of mostly rare sites come to less than a hundredth, and are inflate.c's; text of many fields is sooner done by libdeflate. */
static bool inflate_bytes(sund_ahead *a, const uint8_t *q, size_t n, uint8_t *to, size_t n_raw, unsigned thread)
{
    return n_raw / MANY_TIMES > n ? sund_inflate(q, n, to, n_raw) : libdeflate_deflate_decompress(a->inflate[thread], q, n, to, n_raw, NULL) == LIBDEFLATE_SUCCESS;
}

static void inflate_block(sund_ahead *a, stretch *s, block *b, unsigned thread)
{
    const uint8_t *q = s->stored + b->at_stored;
    size_t         n = b->n_stored;

    b->bad = !inflate_bytes(a, q + HEAD, n - HEAD - TAIL, s->p + b->at, b->n_raw, thread) || sund_crc32(s->p + b->at, b->n_raw) != u32(q + n - TAIL);
}

/** Tasks: first the work on items, which is larger, then blocks. */
static sund_code task(void *ctx, size_t i, unsigned thread, sund_err *err)
{
    sund_ahead *a = ctx;
    stretch    *w = at(a, 1), *z = at(a, 2);

    (void) err;
    if (i >= w->n_task)
        inflate_block(a, z, &z->block[i - w->n_task], thread);
    else
        for (size_t k = w->task[i]; k < (i + 1 < w->n_task ? w->task[i + 1] : w->n_item); k++)
            a->use.work(a->use.ctx, w->half, k, w->p + w->item[k].at, w->item[k].n, thread);
    return SUND_OK;
}

/** Of a byte at i of s; of its end: where the next block begins. */
static uint64_t voffset_of(const sund_ahead *a, const stretch *s, size_t i)
{
    if (s->from && i == s->from) /* the first of all: its block may be shorter than it should */
        return a->begin;
    if (i < s->n_carry)
        return s->carry_voffset;
    for (size_t lo = 0, hi = s->n_block; lo < hi;) {
        size_t       mid = (lo + hi) / 2;
        const block *b = &s->block[mid];

        if (i < b->at)
            hi = mid;
        else if (i >= b->at + b->n_raw)
            lo = mid + 1;
        else
            return b->at_file << 16 | (i - b->at);
    }
    return a->at_file << 16;
}

static bool add_item(stretch *s, size_t from, size_t n)
{
    void *p = s->item, *t = s->task;
    bool  fresh = !s->n_task || from >= s->item[s->task[s->n_task - 1]].at + TASK_BYTES, ok;

    ok = grow(&p, &s->cap_item, s->n_item + 1, sizeof *s->item);
    s->item = p;
    ok = ok && grow(&t, &s->cap_task, s->n_task + 1, sizeof *s->task);
    s->task = t;
    if (!ok)
        return false;
    s->item[s->n_item] = (item){ from, n };
    if (fresh)
        s->task[s->n_task++] = s->n_item;
    s->n_item++;
    return true;
}

/** Finds the items of an inflated stretch. What is left over goes to the head of next. */
static sund_code cut_items(sund_ahead *a, stretch *s, stretch *next, sund_err *err)
{
    size_t   i = s->from, end = s->n, n = 0;
    bool     ok = true;
    void    *p = next->p;
    uint64_t bad = 0;

    for (size_t b = s->n_block; b-- > 0;)
        if (s->block[b].bad) {
            end = s->block[b].at;
            bad = s->block[b].at_file << 16;
            s->behind = STOP;
        }
    for (; ok && i < end && (n = a->use.cut(s->p + i, end - i)) != 0 && n <= ITEM_MAX; i += n)
        ok = add_item(s, i, n);
    if (i < end && s->behind == END && a->use.rest_is_item) {
        ok = ok && add_item(s, i, end - i);
        i = end;
    }
    if (i < end && (s->behind == END || n > ITEM_MAX || end - i > ITEM_MAX))
        s->behind = STOP;
    s->stop = next->carry_voffset = i == end && bad ? bad : voffset_of(a, s, i);
    next->n = next->n_carry = s->behind == MORE ? end - i : 0;
    ok = ok && grow(&p, &next->cap, next->n_carry + 1, 1);
    next->p = p;
    if (ok && next->n_carry)
        memcpy(next->p, s->p + i, next->n_carry);
    return ok ? SUND_OK : no_memory(err);
}

/** What was worked on is given out, what was inflated is cut and worked on, and the next blocks are inflated meanwhile. */
static sund_code step(sund_ahead *a, sund_err *err)
{
    sund_pool_job *job = a->job;
    stretch       *w, *z;

    a->job = NULL;
    SUND_TRY(sund_pool_end(job, err));
    a->now = (a->now + 1) % 3;
    a->n_taken = 0;
    w = at(a, 1);
    z = at(a, 2);
    z->n = z->n_carry = z->n_block = z->n_item = z->n_task = 0;
    z->from = a->from;
    SUND_TRY(cut_items(a, w, z, err));
    w->half = a->half;
    a->half ^= 1;
    if (!a->use.room(a->use.ctx, w->half, w->n_item))
        return no_memory(err);
    z->behind = END;
    if (w->behind == MORE) /* doubling, for an item that is longer than a stretch */
        SUND_TRY(fetch_blocks(a, z, a->n_stretch > z->n_carry ? a->n_stretch : z->n_carry, err));
    a->from = 0;
    return sund_pool_begin(&a->job, a->n_thread, w->n_task + z->n_block, task, a, err);
}

sund_code sund_ahead_next(sund_ahead *a, sund_ahead_item *out, sund_err *err)
{
    stretch *s;

    while ((s = at(a, 0))->n_item == a->n_taken) {
        if (s->behind != MORE) {
            *out = (sund_ahead_item){ .voffset = s->stop, .gave_up = s->behind == STOP };
            return SUND_OK;
        }
        SUND_TRY(step(a, err));
    }
    *out = (sund_ahead_item){ s->p + s->item[a->n_taken].at, s->item[a->n_taken].n, a->n_taken, s->half, voffset_of(a, s, s->item[a->n_taken].at), false };
    a->n_taken++;
    return SUND_OK;
}

sund_code sund_ahead_open(sund_ahead **out, int fd, uint64_t voffset, size_t n_stretch, unsigned n_thread, const sund_ahead_use *use, sund_err *err)
{
    sund_ahead *a = calloc(1, sizeof *a);
    bool        ok = a && (a->inflate = calloc(n_thread, sizeof *a->inflate));

    if (!ok) {
        free(a);
        return no_memory(err);
    }
    a->use = *use;
    a->fd = fd;
    a->at_file = voffset >> 16;
    a->from = voffset & 0xFFFF;
    a->begin = voffset;
    a->n_stretch = n_stretch;
    a->n_thread = n_thread;
    for (unsigned t = 0; t < n_thread; t++)
        ok = (a->inflate[t] = libdeflate_alloc_decompressor()) && ok;
    if (!ok) {
        sund_ahead_close(a);
        return no_memory(err);
    }
    *out = a;
    return SUND_OK;
}

void sund_ahead_close(sund_ahead *a)
{
    if (!a)
        return;
    (void) !sund_pool_end(a->job, NULL); /* tasks do not fail */
    for (unsigned t = 0; t < a->n_thread; t++)
        if (a->inflate[t])
            libdeflate_free_decompressor(a->inflate[t]);
    for (int k = 0; k < 3; k++) {
        free(a->s[k].p);
        free(a->s[k].stored);
        free(a->s[k].block);
        free(a->s[k].item);
        free(a->s[k].task);
    }
    free(a->inflate);
    free(a);
}
