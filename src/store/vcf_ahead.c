/* Records of a BGZF file, decoded by threads ahead of their use: lines whole, whatever they are; of BCF records those that bcf_bytes.c can. */
#include "store/ahead.h"
#include "store/import_priv.h"

#include <stdlib.h>
#include <string.h>

typedef struct slot {
    sund_vcf_record rec;
    bool            judged;
} slot;

struct sund_vcf_ahead {
    sund_ahead               *bytes;
    const sund_vcf_bcf_names *names; /* NULL: text */
    const sund_vcf_columns   *want;
    sund_vcf_scratch         *scratch; /* one a thread */
    unsigned                  n_thread;
    slot                     *slot[2];
    size_t                    n_slot[2];
};

static size_t cut_line(const uint8_t *p, size_t n)
{
    const uint8_t *e = memchr(p, '\n', n);

    return e ? (size_t) (e - p) + 1 : 0;
}

/* As htslib sees it: without the line feed and one carriage return before that. */
static size_t line_length(const uint8_t *p, size_t n)
{
    if (n && p[n - 1] == '\n')
        n--;
    return n && p[n - 1] == '\r' ? n - 1 : n;
}

static bool room(void *ctx, unsigned half, size_t n)
{
    sund_vcf_ahead *a = ctx;
    slot           *s;

    if (n <= a->n_slot[half])
        return true;
    s = realloc(a->slot[half], n * sizeof *s);
    if (!s)
        return false;
    memset(s + a->n_slot[half], 0, (n - a->n_slot[half]) * sizeof *s);
    a->slot[half] = s;
    a->n_slot[half] = n;
    return true;
}

static void work(void *ctx, unsigned half, size_t k, uint8_t *p, size_t n, unsigned thread)
{
    sund_vcf_ahead         *a = ctx;
    slot                   *s = &a->slot[half][k];
    const sund_vcf_scratch *scratch = &a->scratch[thread];

    sund_vcf_record_clear(&s->rec);
    if (a->names) {
        s->judged = sund_bcf_bytes(a->names, p, n, &s->rec, a->want, scratch);
        return;
    }
    n = line_length(p, n);
    if (n)
        sund_vcf_text_parse(&s->rec, (char *) p, n, a->want, scratch);
    if (n && !s->rec.why[0] && s->rec.contig && !s->rec.ready)
        sund_vcf_calls_take(&s->rec, a->want, scratch);
    s->rec.call = NULL; /* this thread's, for its next line */
    s->judged = s->rec.ready || s->rec.why[0] || !s->rec.contig;
}

enum { STRETCH_MIN = 1 << 18, STRETCH_MAX = 1 << 21, STRETCH_ALL = 1 << 26, THREADS_ALL = 256 };

/* Some hundred records, in bounds: of one file so that it stays in a cache, of all files together. */
static size_t stretch_bytes(const sund_vcf_columns *want, size_t n_file)
{
    size_t n = 1024 * want->n + (1 << 20);

    n = n < STRETCH_MAX ? n : STRETCH_MAX;
    n = n < STRETCH_ALL / n_file ? n : STRETCH_ALL / n_file;
    return n > STRETCH_MIN ? n : STRETCH_MIN;
}

sund_code sund_vcf_ahead_open(sund_vcf_ahead **out, int fd, uint64_t voffset, const sund_vcf_bcf_names *names, const sund_vcf_columns *want,
                              unsigned n_thread, size_t n_file, sund_err *err)
{
    sund_vcf_ahead *a = calloc(1, sizeof *a);
    sund_ahead_use  use = { names ? sund_bcf_bytes_cut : cut_line, !names, room, work, a };
    sund_code       rc = SUND_OK;

    if (n_thread > THREADS_ALL / n_file)
        n_thread = (unsigned) (THREADS_ALL / n_file);
    if (!a || !(a->scratch = calloc(n_thread, sizeof *a->scratch))) {
        free(a);
        return sund_fail(err, SUND_E_NOMEM, "no memory to read ahead");
    }
    a->names = names;
    a->want = want;
    a->n_thread = n_thread;
    for (unsigned t = 0; t < n_thread && rc == SUND_OK; t++)
        rc = sund_vcf_scratch_make(&a->scratch[t], want, err);
    if (rc == SUND_OK)
        rc = sund_ahead_open(&a->bytes, fd, voffset, stretch_bytes(want, n_file), n_thread, &use, err);
    if (rc != SUND_OK)
        sund_vcf_ahead_close(a);
    else
        *out = a;
    return rc;
}

void sund_vcf_ahead_close(sund_vcf_ahead *a)
{
    if (!a)
        return;
    sund_ahead_close(a->bytes);
    for (unsigned t = 0; t < a->n_thread; t++)
        sund_vcf_scratch_free(&a->scratch[t]);
    for (int half = 0; half < 2; half++) {
        for (size_t k = 0; k < a->n_slot[half]; k++)
            sund_vcf_record_free(&a->slot[half][k].rec);
        free(a->slot[half]);
    }
    free(a->scratch);
    free(a);
}

sund_code sund_vcf_ahead_next(sund_vcf_ahead *a, sund_vcf_ahead_item *out, sund_err *err)
{
    sund_ahead_item i;
    slot           *s;

    SUND_TRY(sund_ahead_next(a->bytes, &i, err));
    if (!i.p) {
        *out = (sund_vcf_ahead_item){ .gave_up = i.gave_up, .voffset = i.voffset };
        return SUND_OK;
    }
    s = &a->slot[i.half][i.k];
    *out = (sund_vcf_ahead_item){ (char *) i.p, a->names ? i.n : line_length(i.p, i.n), &s->rec, s->judged, false, i.voffset };
    return SUND_OK;
}
