#include "base/pool.h"
#include "store/out.h"
#include "store/store_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One block is open for each encoding. Closed ones wait until there are some, are packed on the pool, and written in the order in which they were
 * closed, so that the bytes do not depend on how many wait or on threads. Every CHECKPOINT_SITES all are closed and written, files are synced, and the journal says how long each file is. A
 * resumed writer cuts the files back to the journal: so the bytes are the same as in one go. */

enum { N_WRITTEN = 2, /* encodings that are written: the first of the table */
       CLOSED_MAX = 32, CLOSED_BYTES = 16 << 20 };

typedef struct open_block { sund_buf raw; uint64_t count_at; uint32_t first, last, number, n_site; } open_block;
typedef struct closed_block { open_block b; size_t which, n_raw; sund_buf packed; } closed_block;

struct sund_store_writer {
    char            dir[1024], part[1040], *source;
    sund_store_plan plan;
    people_table    people;
    sund_digest     description;
    crypt_as        crypt;
    store_out       out[N_STORE_FILE]; /* of F_SITES to F_BLOCKS */
    uint64_t        n_site;
    sund_buf        rows; /* of blocks.bin, of blocks that were opened since the last checkpoint */
    uint32_t        n_row; /* those before */
    uint32_t        n_block;
    open_block      open[N_WRITTEN];
    closed_block    closed[CLOSED_MAX];
    size_t          n_closed, closed_bytes;
    sund_sorted     sorted;
    sund_buf        scratch, last_alleles;
    sund_variant    last;
    uint32_t       *count;                       /* by class and group */
    uint64_t       *group_mask;                  /* n_group planes; NULL where lists are always faster */
    uint64_t       *one_copy[4], *no_copy[4]; /* by sund_copies; NULL: everyone has two */
};

static sund_code os_fail(const sund_store_writer *w, const char *what, const char *file, sund_err *err)
{
    return sund_fail(err, SUND_E_IO, "cannot %s %s/%s: %s; nothing that was sealed is touched, and 'sund import' goes on from here once there is room", what, w->part, file, strerror(errno));
}

static sund_code append(sund_store_writer *w, int f, const void *p, size_t n, sund_err *err) { return sund_out_put(&w->out[f], p, n, err); }

static uint16_t population_index(people_table *t, const char *name)
{
    for (size_t p = 0; p < t->n_population; p++)
        if (strcmp(t->population_name[p], name) == 0)
            return (uint16_t) p;
    t->population_name[t->n_population] = strdup(name);
    return (uint16_t) t->n_population++;
}

static sund_code copy_people(sund_store_writer *w, const sund_store_plan *plan, sund_err *err)
{
    people_table *t = &w->people;

    t->person = calloc(plan->n_person + 1, sizeof *t->person);
    t->population_name = calloc(20001, sizeof *t->population_name);
    t->sex = calloc(plan->n_person + 1, 1);
    t->population = calloc(plan->n_person + 1, sizeof *t->population);
    if (!t->person || !t->population_name || !t->sex || !t->population)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", plan->n_person);
    for (size_t i = 0; i < plan->n_person; i++) {
        if (strlen(plan->person[i]) > 1024 || strlen(plan->population[i]) > 1024)
            return sund_fail(err, SUND_E_LIMIT, "a name of a person or population has more than 1024 bytes");
        if (t->n_population >= 20000)
            return sund_fail(err, SUND_E_LIMIT, "more than 20000 populations");
        t->person[i] = strdup(plan->person[i]);
        t->sex[i] = plan->sex[i] <= SUND_FEMALE ? plan->sex[i] : 0;
        t->population[i] = population_index(t, plan->population[i]);
        t->n_person = i + 1;
        if (!t->person[i] || !t->population_name[t->population[i]])
            return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", plan->n_person);
    }
    return sund_people_table_groups(t, err);
}

static void write_people(const people_table *t, sund_buf *out)
{
    sund_buf_text(out, sund_store_magic[F_PEOPLE]);
    sund_buf_u32(out, (uint32_t) t->n_population);
    for (size_t p = 0; p < t->n_population; p++)
        sund_buf_str(out, t->population_name[p]);
    sund_buf_u64(out, t->n_person);
    for (size_t i = 0; i < t->n_person; i++) {
        sund_buf_u8(out, t->sex[i]);
        sund_buf_u16(out, t->population[i]);
        sund_buf_str(out, t->person[i]);
    }
}

static void write_regions(const sund_store_plan *p, sund_buf *out)
{
    sund_buf_text(out, sund_store_magic[F_REGIONS]);
    sund_buf_u8(out, p->has_callable);
    sund_buf_u64(out, p->n_callable);
    for (size_t i = 0; i < p->n_callable; i++) {
        sund_buf_u32(out, (uint32_t) p->callable[i].contig);
        sund_buf_u32(out, p->callable[i].from_bp);
        sund_buf_u32(out, p->callable[i].to_bp);
    }
}

/** What a resumed writer must have in common with the one before. */
static sund_code describe(sund_store_writer *w, const sund_store_plan *plan, sund_buf *people, sund_buf *regions, sund_err *err)
{
    sund_hasher h;
    uint8_t     a = (uint8_t) plan->assembly;

    write_people(&w->people, people);
    write_regions(plan, regions);
    SUND_TRY(sund_buf_ok(people, err));
    SUND_TRY(sund_buf_ok(regions, err));
    sund_hasher_init(&h);
    sund_hasher_add(&h, "journal 2", 9);
    sund_hasher_add(&h, sund_store_magic[F_SITES], HEAD_BYTES); /* a part in another format is of another description */
    sund_hasher_add(&h, &a, 1);
    sund_hasher_add(&h, people->p, people->n);
    sund_hasher_add(&h, regions->p, regions->n);
    sund_hasher_add(&h, w->source, strlen(w->source));
    w->description = sund_hasher_end(&h);
    return SUND_OK;
}

/** A file that is written at once: as it is, or encrypted. */
static sund_code write_whole(const sund_store_writer *w, const char *name, unsigned file, const sund_buf *b, unsigned mode, sund_err *err)
{
    char      path[1100];
    sund_buf  sealed = { 0 };
    sund_code rc;

    SUND_TRY(sund_path_join(path, sizeof path, w->part, name, err));
    if (!w->crypt.key)
        return sund_file_write(path, b->p, b->n, mode, err);
    rc = sund_crypt_bytes(&w->crypt, file, sund_cur_of(b->p, b->n), &sealed, err);
    if (rc == SUND_OK)
        rc = sund_file_write(path, sealed.p, sealed.n, mode, err);
    sund_buf_free(&sealed);
    return rc;
}

static sund_code write_small(sund_store_writer *w, int f, const sund_buf *b, sund_err *err) { return write_whole(w, sund_store_file[f], (unsigned) f, b, 0600, err); }

/* The journal: description, rows, blocks, the last variant, and of each file its size and what of it is not on disk. */
static sund_code journal(sund_store_writer *w, sund_err *err)
{
    sund_buf  b = { 0 };
    sund_code rc;

    sund_buf_put(&b, w->description.b, sizeof w->description.b);
    sund_buf_u64(&b, w->n_site);
    sund_buf_u32(&b, w->n_block);
    sund_buf_u32(&b, (uint32_t) w->last.contig);
    sund_buf_u32(&b, w->last.pos_bp);
    sund_buf_blob(&b, w->last.ref, w->last.n_ref);
    sund_buf_blob(&b, w->last.alt, w->last.n_alt);
    for (size_t f = F_SITES; f <= F_BLOCKS; f++) {
        sund_buf_u64(&b, w->out[f].size);
        sund_buf_blob(&b, w->out[f].tail.p, w->out[f].tail.n);
    }
    rc = sund_buf_ok(&b, err);
    if (rc == SUND_OK)
        rc = write_whole(w, "journal", F_JOURNAL, &b, 0600, err);
    sund_buf_free(&b);
    return rc;
}

static sund_code open_file(sund_store_writer *w, int f, bool fresh, uint64_t size, sund_cur tail, sund_err *err)
{
    char path[1100];

    SUND_TRY(sund_path_join(path, sizeof path, w->part, sund_store_file[f], err));
    SUND_TRY(sund_out_open(&w->out[f], path, &w->crypt, (unsigned) f, fresh, size, tail, err));
    return fresh ? append(w, f, sund_store_magic[f], HEAD_BYTES, err) : SUND_OK;
}

static sund_code keep_last(sund_store_writer *w, const sund_variant *v, sund_err *err)
{
    sund_buf_clear(&w->last_alleles);
    sund_buf_put(&w->last_alleles, v->ref, v->n_ref);
    sund_buf_put(&w->last_alleles, v->alt, v->n_alt);
    SUND_TRY(sund_buf_ok(&w->last_alleles, err));
    w->last = (sund_variant){ v->contig, v->pos_bp, (char *) w->last_alleles.p, (char *) w->last_alleles.p + v->n_ref, v->n_ref, v->n_alt };
    return SUND_OK;
}

/** Goes on behind what a journal says. */
static sund_code take_up(sund_store_writer *w, const char *path, sund_cur c, sund_err *err)
{
    sund_digest  d;
    sund_variant last = { 0 };
    sund_cur     ref, alt;

    if (sund_cur_copy(&c, d.b, sizeof d.b) && !sund_digest_eq(&d, &w->description))
        return sund_fail(err, SUND_E_MISMATCH, "%s holds a stopped import of other files, people or filters: finish that one, or remove the folder", w->part);
    w->n_site = sund_cur_u64(&c);
    w->n_block = w->n_row = sund_cur_u32(&c);
    last.contig = (int) sund_cur_u32(&c);
    last.pos_bp = sund_cur_u32(&c);
    ref = sund_cur_blob(&c, SUND_ALLELE_MAX);
    alt = sund_cur_blob(&c, SUND_ALLELE_MAX);
    last.ref = (const char *) ref.p;
    last.alt = (const char *) alt.p;
    last.n_ref = (uint32_t) ref.n;
    last.n_alt = (uint32_t) alt.n;
    SUND_TRY(sund_cur_ok(&c, path, err));
    if (w->n_site)
        SUND_TRY(keep_last(w, &last, err));
    for (int f = F_SITES; f <= F_BLOCKS; f++) {
        uint64_t size = sund_cur_u64(&c);
        sund_cur tail = sund_cur_blob(&c, CRYPT_UNIT);

        SUND_TRY(sund_cur_ok(&c, path, err));
        SUND_TRY(open_file(w, f, false, size, tail, err));
    }
    return sund_cur_end(&c, path, err);
}

/** The journal's bytes, decrypted where the store is to be encrypted: then it also says as which. */
static sund_code read_journal(sund_store_writer *w, const char *path, sund_buf *file, sund_buf *text, sund_err *err)
{
    SUND_TRY(sund_file_read(path, 1 << 20, file, err));
    if (sund_crypt_is(file->p, file->n) != (w->crypt.key != NULL))
        return sund_fail(err, SUND_E_MISMATCH, "%s holds a stopped import that is %s: finish that one, %s --key, or remove the folder", w->part,
                         w->crypt.key ? "not encrypted" : "encrypted", w->crypt.key ? "without" : "with its");
    if (!w->crypt.key) {
        sund_buf_put(text, file->p, file->n);
        return sund_buf_ok(text, err);
    }
    return sund_crypt_text(path, sund_cur_of(file->p, file->n), F_JOURNAL, &w->crypt, text, err);
}

/** Takes up the journal of a stopped import, if there is one. */
static sund_code resume(sund_store_writer *w, bool *fresh, sund_err *err)
{
    char      path[1100];
    sund_buf  file = { 0 }, text = { 0 };
    sund_code rc;

    SUND_TRY(sund_path_join(path, sizeof path, w->part, "journal", err));
    *fresh = !sund_file_exists(path);
    if (*fresh)
        return SUND_OK;
    rc = read_journal(w, path, &file, &text, err);
    if (rc == SUND_OK)
        rc = take_up(w, path, sund_cur_of(text.p, text.n), err);
    sund_buf_free(&file);
    sund_buf_free(&text);
    return rc;
}

static sund_code open_part(sund_store_writer *w, const sund_store_plan *plan, sund_err *err)
{
    sund_buf  people = { 0 }, regions = { 0 };
    bool      fresh = true;
    sund_code rc;

    SUND_GO(copy_people(w, plan, err));
    SUND_GO(describe(w, plan, &people, &regions, err));
    SUND_GO(sund_dir_make(w->part, err));
    w->crypt.key = plan->key;
    sund_random(w->crypt.store, sizeof w->crypt.store);
    SUND_GO(resume(w, &fresh, err));
    SUND_GO(write_small(w, F_PEOPLE, &people, err));
    SUND_GO(write_small(w, F_REGIONS, &regions, err));
    for (int f = F_SITES; f <= F_BLOCKS && rc == SUND_OK && fresh; f++)
        rc = open_file(w, f, true, 0, (sund_cur){ NULL, 0, false }, err);
out:
    sund_buf_free(&people);
    sund_buf_free(&regions);
    return rc;
}

static void mark(uint64_t *plane, size_t i) { plane[i / 64] |= 1ULL << (i % 64); }

/** Planes of every group, and of the people who have not two copies under each rule. */
static sund_code make_masks(sund_store_writer *w, sund_err *err)
{
    const people_table *t = &w->people;
    size_t              n_word = w->sorted.n_word;
    bool                ok;

    w->count = calloc(SUND_N_CLASS * t->n_group + 1, sizeof *w->count);
    w->group_mask = t->n_group < 256 ? calloc(t->n_group * n_word + 1, sizeof *w->group_mask) : NULL;
    ok = w->count && (w->group_mask || t->n_group >= 256);
    for (int rule = SUND_DIPLOID + 1; ok && rule < 4; rule++) {
        w->one_copy[rule] = calloc(n_word, sizeof **w->one_copy);
        w->no_copy[rule] = calloc(n_word, sizeof **w->no_copy);
        ok = w->one_copy[rule] && w->no_copy[rule];
        for (size_t i = 0; ok && i < t->n_person; i++) {
            int n = sund_copies_of((sund_copies) rule, (sund_sex) t->sex[i]);

            if (n < 2)
                mark(n ? w->one_copy[rule] : w->no_copy[rule], i);
        }
    }
    for (size_t i = 0; ok && w->group_mask && i < t->n_person; i++)
        mark(w->group_mask + t->group_of[i] * n_word, i);
    return ok ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", t->n_person);
}

sund_code sund_store_writer_open(sund_store_writer **out, const char *dir, const sund_store_plan *plan, sund_err *err)
{
    sund_store_writer *w = calloc(1, sizeof *w);
    size_t             n = plan->n_person;
    sund_code          rc;

    if (!w)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    w->plan = *plan;
    w->source = strdup(plan->source ? plan->source : "");
    if (n == 0 || n > 100000000)
        rc = sund_fail(err, SUND_E_ARG, "a store has from 1 to 100,000,000 people, not %zu", n);
    else if (!w->source)
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", n);
    else if (snprintf(w->dir, sizeof w->dir, "%s", dir) >= (int) sizeof w->dir || snprintf(w->part, sizeof w->part, "%s.part", dir) >= (int) sizeof w->part)
        rc = sund_fail(err, SUND_E_LIMIT, "path too long: %.100s", dir);
    else if (sund_file_exists(dir))
        rc = sund_fail(err, SUND_E_MISMATCH, "%s exists already and a store is never written over: choose another folder", dir);
    else
        rc = open_part(w, plan, err);
    if (rc == SUND_OK)
        rc = sund_sorted_open(&w->sorted, n, err);
    if (rc == SUND_OK)
        rc = make_masks(w, err);
    if (rc == SUND_OK)
        *out = w;
    else
        sund_store_writer_close(w);
    return rc;
}

size_t sund_store_writer_resume(const sund_store_writer *w, sund_variant *last)
{
    if (w->n_site)
        *last = w->last;
    return (size_t) w->n_site;
}

static sund_code pack_closed(void *ctx, size_t i, unsigned thread, sund_err *err)
{
    sund_store_writer   *w = ctx;
    closed_block        *c = &w->closed[i];
    const sund_encoding *e = sund_encodings[c->which];

    (void) thread;
    c->n_raw = c->b.raw.n;
    return e->pack ? e->pack(&c->b.raw, w->sorted.n_person, c->b.n_site, &c->packed, &c->n_raw, err) : SUND_OK;
}

/** Blocks close in another order than they open: rows go to the place of their number. */
static sund_code keep_row(sund_store_writer *w, uint32_t number, const sund_buf *row, sund_err *err)
{
    size_t at = (size_t) (number - w->n_row) * BLOCK_BYTES, end = at + BLOCK_BYTES;

    if (end > w->rows.n && !sund_buf_room(&w->rows, end - w->rows.n))
        return sund_buf_ok(&w->rows, err);
    w->rows.n = end > w->rows.n ? end : w->rows.n;
    memcpy(w->rows.p + at, row->p, BLOCK_BYTES);
    return SUND_OK;
}

static sund_code write_block(sund_store_writer *w, const closed_block *c, sund_buf *row, sund_err *err)
{
    const sund_encoding *e = sund_encodings[c->which];
    const sund_buf      *stored = e->pack ? &c->packed : &c->b.raw;
    block_row            r = { .file_at = w->out[F_GENOTYPES].size, .count_at = c->b.count_at, .first = c->b.first, .last = c->b.last, .n_site = c->b.n_site, .encoding = e->code,
                               .n_raw = (uint32_t) c->n_raw, .n_stored = (uint32_t) stored->n, .sum = sund_sum64(stored->p, stored->n) };

    SUND_TRY(append(w, F_GENOTYPES, stored->p, stored->n, err));
    sund_block_row_write(&r, row);
    SUND_TRY(sund_buf_ok(row, err));
    return keep_row(w, c->b.number, row, err);
}

static sund_code write_closed(sund_store_writer *w, sund_err *err)
{
    sund_buf  row = { 0 };
    sund_code rc = sund_pool_run(w->plan.n_thread, w->n_closed, pack_closed, w, err);

    for (size_t i = 0; i < w->n_closed; i++) {
        if (rc == SUND_OK)
            rc = write_block(w, &w->closed[i], &row, err);
        sund_buf_free(&w->closed[i].packed);
        if (w->closed[i].b.raw.cap > CLOSED_BYTES / CLOSED_MAX) /* no place keeps more room than its share */
            sund_buf_free(&w->closed[i].b.raw);
        sund_buf_clear(&w->closed[i].b.raw);
        sund_buf_clear(&row);
    }
    w->n_closed = w->closed_bytes = 0;
    sund_buf_free(&row);
    return rc;
}

/** Closes an open block, whose place takes over the room of the one that waited here before. */
static sund_code close_block(sund_store_writer *w, size_t which, sund_err *err)
{
    open_block   *o = &w->open[which];
    closed_block *c = &w->closed[w->n_closed];
    sund_buf      room = c->b.raw;

    if (o->n_site == 0)
        return SUND_OK;
    c->b = *o;
    c->which = which;
    *o = (open_block){ .raw = room };
    w->closed_bytes += c->b.raw.n;
    return ++w->n_closed == CLOSED_MAX || w->closed_bytes >= CLOSED_BYTES ? write_closed(w, err) : SUND_OK;
}

static sund_code checkpoint(sund_store_writer *w, sund_err *err)
{
    for (size_t k = 0; k < N_WRITTEN; k++)
        SUND_TRY(close_block(w, k, err));
    SUND_TRY(write_closed(w, err));
    SUND_TRY(append(w, F_BLOCKS, w->rows.p, w->rows.n, err));
    sund_buf_clear(&w->rows);
    w->n_row = w->n_block;
    for (int f = F_SITES; f <= F_BLOCKS; f++)
        SUND_TRY(sund_out_sync(&w->out[f], err));
    return journal(w, err);
}

/** Which people have which number of copies is known for each rule: so few words are looked at for a whole site. */
static bool copies_hold(sund_store_writer *w, sund_copies rule)
{
    const uint64_t *het, *missing;

    if (!w->one_copy[rule])
        return true;
    het = sund_sorted_plane(&w->sorted, SUND_HET);
    missing = sund_sorted_plane(&w->sorted, SUND_GT_MISSING);
    for (size_t k = 0; k < w->sorted.n_word; k++)
        if ((het[k] & w->one_copy[rule][k]) | (w->no_copy[rule][k] & ~missing[k]))
            return false;
    return true;
}

/** The class that has most people is counted last, by what the others leave. */
static void count_groups(sund_store_writer *w)
{
    sund_sorted *s = &w->sorted;
    size_t       n_group = w->people.n_group;
    int          most = SUND_HOM_REF;

    for (int c = 1; c < SUND_N_CLASS; c++)
        most = s->n[c] > s->n[most] ? c : most;
    for (int c = 0; c < SUND_N_CLASS; c++) {
        uint32_t *count = w->count + (size_t) c * n_group;

        if (c == most)
            continue;
        if (w->group_mask && s->n[c] > n_group * s->n_word / 4) {
            for (size_t g = 0; g < n_group; g++)
                count[g] = (uint32_t) sund_plane_common(sund_sorted_plane(s, c), w->group_mask + g * s->n_word, s->n_word);
            continue;
        }
        memset(count, 0, n_group * sizeof *count);
        for (size_t i = 0; i < s->n[c]; i++)
            count[w->people.group_of[sund_sorted_list(s, c)[i]]]++;
    }
    for (size_t g = 0; g < n_group; g++) {
        uint32_t left = w->people.group[g].n;

        for (int c = 0; c < SUND_N_CLASS; c++)
            left -= c == most ? 0 : w->count[(size_t) c * n_group + g];
        w->count[(size_t) most * n_group + g] = left;
    }
}

static size_t count_bytes(const sund_store_writer *w) { return 3 * w->people.n_group * count_width(w->sorted.n_person); }

static sund_code add_counts(sund_store_writer *w, sund_err *err)
{
    count_groups(w);
    sund_buf_clear(&w->scratch);
    for (size_t g = 0; g < w->people.n_group; g++)
        for (size_t c = 1; c < SUND_N_CLASS; c++) {
            uint32_t n = w->count[c * w->people.n_group + g];

            if (count_width(w->sorted.n_person) == 2)
                sund_buf_u16(&w->scratch, (uint16_t) n);
            else
                sund_buf_u32(&w->scratch, n);
        }
    SUND_TRY(sund_buf_ok(&w->scratch, err));
    return append(w, F_COUNTS, w->scratch.p, w->scratch.n, err);
}

/** Into the open block of the encoding that fits; sites of packed blocks, the common ones, also get their counts. */
static sund_code add_genotypes(sund_store_writer *w, site_row *row, sund_err *err)
{
    const sund_encoding *e = sund_encodings[0];
    open_block          *o;
    size_t               which = 0;

    while (!e->fits(&w->sorted))
        e = sund_encodings[++which];
    o = &w->open[which];
    if (o->n_site == 0) {
        o->number = w->n_block++;
        o->first = (uint32_t) w->n_site;
        o->count_at = (w->out[F_COUNTS].size - HEAD_BYTES) / count_bytes(w);
    }
    row->block = o->number;
    row->at = (uint32_t) (e->pack ? o->n_site : o->raw.n);
    e->encode(&w->sorted, &o->raw);
    SUND_TRY(sund_buf_ok(&o->raw, err));
    if (e->pack)
        SUND_TRY(add_counts(w, err));
    o->last = (uint32_t) w->n_site;
    o->n_site++;
    return o->n_site >= e->block_sites || o->raw.n >= e->block_bytes ? close_block(w, which, err) : SUND_OK;
}

/** Two single bases stand in the row, others in alleles.bin. */
static sund_code add_alleles(sund_store_writer *w, const sund_variant *v, site_row *row, sund_err *err)
{
    uint64_t at = w->out[F_ALLELES].size - HEAD_BYTES;
    uint8_t  head[4] = { (uint8_t) v->n_ref, (uint8_t) (v->n_ref >> 8), (uint8_t) v->n_alt, (uint8_t) (v->n_alt >> 8) };

    if (v->n_ref == 1 && v->n_alt == 1 && v->ref[0] > 0 && v->alt[0] > 0) {
        row->allele = ALLELES_INLINE | (uint32_t) v->ref[0] << 8 | (uint32_t) v->alt[0];
        return SUND_OK;
    }
    if (at >= ALLELES_INLINE)
        return sund_fail(err, SUND_E_LIMIT, "more than 2 GiB of alleles: import the chromosomes into stores of their own");
    row->allele = (uint32_t) at;
    SUND_TRY(append(w, F_ALLELES, head, sizeof head, err));
    SUND_TRY(append(w, F_ALLELES, v->ref, v->n_ref, err));
    return append(w, F_ALLELES, v->alt, v->n_alt, err);
}

sund_code sund_store_writer_add(sund_store_writer *w, const sund_variant *v, sund_kind kind, const sund_gt *gt, const sund_phase *phase, sund_err *err)
{
    site_row row = { .pos_bp = v->pos_bp, .contig = (uint8_t) v->contig, .kind = (uint8_t) kind };

    if (v->contig < 1 || v->contig >= SUND_N_CONTIG || v->n_ref > SUND_ALLELE_MAX || v->n_alt > SUND_ALLELE_MAX || !v->n_ref || !v->n_alt)
        return sund_fail(err, SUND_E_LIMIT, "a variant at %s:%u cannot be kept: its alleles have more than %d bytes", sund_contig_name(v->contig), v->pos_bp + 1, SUND_ALLELE_MAX);
    if (w->n_site && sund_variant_cmp(&w->last, v) >= 0)
        return sund_fail(err, SUND_E_ARG, "the variant at %s:%u does not come behind the one before", sund_contig_name(v->contig), v->pos_bp + 1);
    if (w->n_site >= UINT32_MAX)
        return sund_fail(err, SUND_E_LIMIT, "more than 4,294,967,295 sites: import the chromosomes into stores of their own");
    SUND_TRY(sund_sorted_set(&w->sorted, gt, phase, err));
    if (!copies_hold(w, sund_copies_at(w->plan.assembly, v->contig, v->pos_bp)))
        return sund_fail(err, SUND_E_ARG, "a genotype at %s:%u does not fit the copies of its person there", sund_contig_name(v->contig), v->pos_bp + 1);
    SUND_TRY(add_genotypes(w, &row, err));
    SUND_TRY(add_alleles(w, v, &row, err));
    sund_buf_clear(&w->scratch);
    sund_site_row_write(&row, &w->scratch);
    SUND_TRY(sund_buf_ok(&w->scratch, err));
    SUND_TRY(append(w, F_SITES, w->scratch.p, w->scratch.n, err));
    SUND_TRY(keep_last(w, v, err));
    w->n_site++;
    return w->n_site % CHECKPOINT_SITES == 0 ? checkpoint(w, err) : SUND_OK;
}

static sund_code open_in(const sund_store_writer *w, int f, store_in *in, char path[1100], sund_err *err)
{
    SUND_TRY(sund_path_join(path, 1100, w->part, sund_store_file[f], err));
    return sund_in_open(in, path, &w->crypt, (unsigned) f, err);
}

/** XXH3 of every CHUNK_ROWS rows of a file. */
static sund_code sum_rows(const sund_store_writer *w, int f, size_t row_bytes, sund_buf *sums, sund_err *err)
{
    store_in       in = { .n = 0 };
    char           path[1100];
    const uint8_t *p;
    sund_code      rc = open_in(w, f, &in, path, err);

    for (uint64_t at = 0, n_row = rc == SUND_OK ? (in.n - HEAD_BYTES) / row_bytes : 0; rc == SUND_OK && at < n_row; at += CHUNK_ROWS) {
        size_t n = (size_t) (n_row - at < CHUNK_ROWS ? n_row - at : CHUNK_ROWS) * row_bytes;

        rc = sund_in_read(&in, HEAD_BYTES + at * row_bytes, n, &p, err);
        if (rc == SUND_OK)
            sund_buf_u64(sums, sund_sum64(p, n));
    }
    sund_in_close(&in);
    return rc;
}

/** sums.bin out of the two row files. */
static sund_code seal_sums(sund_store_writer *w, sund_err *err)
{
    sund_buf  sums = { 0 };
    sund_code rc;

    sund_buf_text(&sums, sund_store_magic[F_SUMS]);
    rc = sum_rows(w, F_SITES, SITE_BYTES, &sums, err);
    if (rc == SUND_OK)
        rc = sum_rows(w, F_COUNTS, count_bytes(w), &sums, err);
    if (rc == SUND_OK)
        rc = sund_buf_ok(&sums, err);
    if (rc == SUND_OK)
        rc = write_small(w, F_SUMS, &sums, err);
    sund_buf_free(&sums);
    return rc;
}

/** The manifest of an encrypted store is that of the same store in the clear: what it names is what is inside. */
static sund_code seal_manifest(sund_store_writer *w, sund_err *err)
{
    manifest  m = { .assembly = w->plan.assembly, .n_person = w->sorted.n_person, .n_site = w->n_site, .n_block = w->n_block };
    sund_buf  text = { 0 };
    sund_code rc = SUND_OK;

    for (int f = 0; f < N_STORE_FILE && rc == SUND_OK; f++) {
        store_in in = { .n = 0 };
        char     path[1100];

        rc = open_in(w, f, &in, path, err);
        m.size[f] = in.n;
        if (rc == SUND_OK)
            rc = sund_in_digest(&in, &m.digest[f], err);
        if (rc == SUND_OK && chmod(path, 0400) != 0)
            rc = os_fail(w, "seal", sund_store_file[f], err);
        sund_in_close(&in);
    }
    sund_manifest_write(&m, w->source, &text);
    if (rc == SUND_OK)
        rc = sund_buf_ok(&text, err);
    if (rc == SUND_OK)
        rc = write_whole(w, w->crypt.key ? sund_manifest_bin : "manifest.txt", F_MANIFEST, &text, 0400, err);
    sund_buf_free(&text);
    return rc;
}

sund_code sund_store_writer_seal(sund_store_writer *w, sund_err *err)
{
    char path[1100];

    SUND_TRY(checkpoint(w, err));
    for (int f = F_SITES; f <= F_BLOCKS; f++)
        SUND_TRY(sund_out_end(&w->out[f], err));
    SUND_TRY(seal_sums(w, err));
    SUND_TRY(seal_manifest(w, err));
    SUND_TRY(sund_path_join(path, sizeof path, w->part, "journal", err));
    (void) unlink(path);
    if (sund_file_exists(w->dir) || rename(w->part, w->dir) != 0)
        return sund_fail(err, SUND_E_IO, "cannot rename %s to %s: %s", w->part, w->dir, sund_file_exists(w->dir) ? "it exists by now" : strerror(errno));
    return sund_dir_sync(w->dir, err);
}

void sund_store_writer_close(sund_store_writer *w)
{
    if (!w)
        return;
    for (int f = 0; f < N_STORE_FILE; f++)
        sund_out_close(&w->out[f]);
    sund_buf_free(&w->rows);
    for (size_t k = 0; k < N_WRITTEN; k++)
        sund_buf_free(&w->open[k].raw);
    for (size_t k = 0; k < CLOSED_MAX; k++) {
        sund_buf_free(&w->closed[k].b.raw);
        sund_buf_free(&w->closed[k].packed);
    }
    sund_sorted_close(&w->sorted);
    free(w->count);
    free(w->group_mask);
    for (int k = 0; k < 4; k++) {
        free(w->one_copy[k]);
        free(w->no_copy[k]);
    }
    free(w->source);
    sund_buf_free(&w->scratch);
    sund_buf_free(&w->last_alleles);
    sund_people_table_free(&w->people);
    free(w);
}
