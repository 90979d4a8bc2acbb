#include "base/json.h"
#include "base/pool.h"
#include "cmd/chosen.h"
#include "cmd/cmd.h"
#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* freq: counts in a store of one's own. Nothing leaves the machine, so no gate stands between. */

enum { SITES_A_TASK = 4096, TASKS_A_ROUND = 64 };

/* People who are counted, by sund_sex once a site asks for it; all together where everyone has two copies. */
typedef struct counted {
    uint64_t         *plane; /* 4 n_word */
    sund_person_plane set[4];
    bool              by_sex;
} counted;

typedef struct freq {
    sund_store *s;
    counted     people;
    bool        as_json;
} freq;

typedef struct run {
    const freq         *f;
    size_t              first, n;
    sund_store_reader **reader; /* one a thread */
    sund_buf           *out;    /* one a task of a round */
} run;

static sund_code choose(sund_store *s, const char *path, counted *c, sund_err *err)
{
    size_t    n_person = sund_store_describe(s)->n_person, n_word = (n_person + 63) / 64;
    uint64_t *all;

    c->plane = calloc(4 * n_word, sizeof *c->plane);
    if (!c->plane)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", n_person);
    all = c->plane + 3 * n_word;
    if (path) {
        SUND_TRY(sund_store_people(s, err));
        SUND_TRY(sund_chosen_people(s, path, all, err));
    }
    else {
        memset(all, 255, 8 * n_word);
        all[n_word - 1] >>= 64 * n_word - n_person;
    }
    c->set[3] = sund_person_plane_of(all, n_word);
    return SUND_OK;
}

/** Before sites of a contig are counted: who has how many copies there depends on sex, outside of the autosomes. */
static sund_code choose_by_sex(freq *f, int contig, sund_err *err)
{
    const sund_store_info *i = sund_store_describe(f->s);
    size_t                 n_word = (i->n_person + 63) / 64;
    counted               *c = &f->people;

    if (c->by_sex || contig < SUND_X)
        return SUND_OK;
    SUND_TRY(sund_store_people(f->s, err));
    for (size_t k = 0; k < i->n_person; k++)
        c->plane[i->sex[k] * n_word + k / 64] |= (c->set[3].plane[k / 64] >> (k % 64) & 1) << (k % 64);
    for (size_t k = 0; k < 3; k++)
        c->set[k] = sund_person_plane_of(c->plane + k * n_word, n_word);
    c->by_sex = true;
    return SUND_OK;
}

static void add_classes(const sund_classes *c, int n_copies, sund_counts *out)
{
    if (n_copies == 0)
        return;
    out->missing += (uint32_t) c->missing;
    if (n_copies == 1) {
        out->hemi_ref += (uint32_t) c->ref;
        out->hemi_alt += (uint32_t) c->alt;
    }
    else {
        out->hom_ref += (uint32_t) c->ref;
        out->het += (uint32_t) c->het;
        out->hom_alt += (uint32_t) c->alt;
    }
}

/** Site j, at which all people together are counted already. */
static sund_code count_site(const freq *f, sund_store_reader *r, size_t j, sund_copies copies, const sund_classes *all, sund_counts *out, sund_err *err)
{
    sund_classes c[3];

    *out = (sund_counts){ 0, 0, 0, 0, 0, 0 };
    if (copies == SUND_DIPLOID) {
        add_classes(all, 2, out);
        return SUND_OK;
    }
    SUND_TRY(sund_store_count(r, j, f->people.set, 3, c, err));
    for (int sex = 0; sex < 3; sex++)
        add_classes(&c[sex], sund_copies_of(copies, (sund_sex) sex), out);
    return SUND_OK;
}

/** Everybody is hom-ref: what absence means inside callable regions. */
static void all_reference(const freq *f, sund_copies copies, sund_counts *out)
{
    *out = (sund_counts){ 0, 0, 0, 0, 0, 0 };
    if (copies == SUND_DIPLOID) {
        add_classes(&(sund_classes){ (int64_t) f->people.set[3].n, 0, 0, 0 }, 2, out);
        return;
    }
    for (int sex = 0; sex < 3; sex++)
        add_classes(&(sund_classes){ (int64_t) f->people.set[sex].n, 0, 0, 0 }, sund_copies_of(copies, (sund_sex) sex), out);
}

static void put_u64(sund_buf *b, uint64_t v)
{
    char   digit[20];
    size_t n = 0;

    do
        digit[sizeof digit - ++n] = (char) ('0' + v % 10);
    while (v /= 10);
    sund_buf_put(b, digit + sizeof digit - n, n);
}

/** AC / AN to nine decimals, rounded half up, in integers. */
static void put_af(sund_buf *b, uint64_t ac, uint64_t an)
{
    uint64_t parts = an ? (ac * 1000000000 + an / 2) / an : 0, digit = 100000000;

    if (!an) {
        sund_buf_u8(b, '.');
        return;
    }
    put_u64(b, parts / 1000000000);
    sund_buf_u8(b, '.');
    for (; digit; digit /= 10)
        sund_buf_u8(b, (uint8_t) ('0' + parts / digit % 10));
}

static uint64_t alleles(const sund_counts *c) { return (uint64_t) c->het + 2 * (uint64_t) c->hom_alt + c->hemi_alt; }
static uint64_t called(const sund_counts *c) { return 2 * ((uint64_t) c->hom_ref + c->het + c->hom_alt) + c->hemi_ref + c->hemi_alt; }

static const char head[] = "chrom\tpos\tref\talt\tac\tan\taf\thom_ref\thet\thom_alt\themi_ref\themi_alt\tmissing\tstatus\n";

static void put_row(sund_buf *b, const sund_variant *v, const sund_counts *c, const char *status)
{
    const uint32_t n[6] = { c->hom_ref, c->het, c->hom_alt, c->hemi_ref, c->hemi_alt, c->missing };

    sund_buf_text(b, sund_contig_name(v->contig));
    sund_buf_u8(b, '\t');
    put_u64(b, v->pos_bp + 1ULL);
    sund_buf_u8(b, '\t');
    sund_buf_put(b, v->ref, v->n_ref);
    sund_buf_u8(b, '\t');
    sund_buf_put(b, v->alt, v->n_alt);
    sund_buf_u8(b, '\t');
    put_u64(b, alleles(c));
    sund_buf_u8(b, '\t');
    put_u64(b, called(c));
    sund_buf_u8(b, '\t');
    put_af(b, alleles(c), called(c));
    for (size_t k = 0; k < 6; k++) {
        sund_buf_u8(b, '\t');
        put_u64(b, n[k]);
    }
    sund_buf_u8(b, '\t');
    sund_buf_text(b, status);
    sund_buf_u8(b, '\n');
}

/** One object a line. */
static void put_json(sund_buf *b, const sund_variant *v, const sund_counts *c, const char *status)
{
    sund_buf  name = { 0 };
    sund_json j;

    sund_variant_print(v, &name);
    sund_buf_nul(&name);
    sund_json_init(&j, b, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "variant", name.bad ? "" : (const char *) name.p);
    sund_json_str(&j, "status", status);
    sund_json_i64(&j, "ac", (int64_t) alleles(c));
    sund_json_i64(&j, "an", (int64_t) called(c));
    sund_json_f64(&j, "af", called(c) ? (double) alleles(c) / (double) called(c) : (double) NAN);
    sund_json_i64(&j, "hom_ref", c->hom_ref);
    sund_json_i64(&j, "het", c->het);
    sund_json_i64(&j, "hom_alt", c->hom_alt);
    sund_json_i64(&j, "hemi_ref", c->hemi_ref);
    sund_json_i64(&j, "hemi_alt", c->hemi_alt);
    sund_json_i64(&j, "missing", c->missing);
    sund_json_close(&j, '}');
    sund_buf_text(b, "\n");
    sund_buf_free(&name);
}

static void put(const freq *f, sund_buf *b, const sund_variant *v, const sund_counts *c, const char *status)
{
    (f->as_json ? put_json : put_row)(b, v, c, status);
}

static sund_code count_run(void *ctx, size_t i, unsigned thread, sund_err *err)
{
    enum { ROWS = 256 };
    run         *r = ctx;
    size_t       last = r->first + ((i + 1) * SITES_A_TASK < r->n ? (i + 1) * SITES_A_TASK : r->n), n;
    sund_classes all[ROWS];

    for (size_t j = r->first + i * SITES_A_TASK; j < last; j += n) {
        n = last - j < ROWS ? last - j : ROWS;
        SUND_TRY(sund_store_count_rows(r->reader[thread], j, n, &r->f->people.set[3], 1, all, err));
        for (size_t k = 0; k < n; k++) {
            sund_site   site;
            sund_counts c;

            sund_store_site(r->f->s, j + k, &site);
            SUND_TRY(count_site(r->f, r->reader[thread], j + k, site.copies, &all[k], &c, err));
            put(r->f, &r->out[i], &site.v, &c, "counted");
        }
    }
    return sund_buf_ok(&r->out[i], err);
}

/** Rows [first, last), some at a time: threads fill texts, which are printed in order, so memory does not grow with the region. */
static sund_code print_rows(freq *f, size_t first, size_t last, sund_err *err)
{
    sund_site site;
    unsigned  threads = last - first <= SITES_A_TASK ? 1 : sund_pool_threads(0);
    sund_buf  out[TASKS_A_ROUND] = { { 0 } };
    run       r = { f, first, 0, calloc(threads, sizeof *r.reader), out };
    sund_code rc = r.reader ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (last > first && rc == SUND_OK) {
        sund_store_site(f->s, last - 1, &site); /* contigs are in order: if any is a sex chromosome's or of MT, it is */
        rc = choose_by_sex(f, site.v.contig, err);
    }
    for (unsigned t = 0; t < threads && rc == SUND_OK; t++) {
        rc = sund_store_reader_open(&r.reader[t], f->s, err);
        if (rc == SUND_OK)
            sund_store_reader_keep(r.reader[t], 0); /* every site is read once */
    }
    for (; r.first < last && rc == SUND_OK; r.first += r.n) {
        size_t n_task;

        r.n = last - r.first < TASKS_A_ROUND * SITES_A_TASK ? last - r.first : TASKS_A_ROUND * SITES_A_TASK;
        n_task = (r.n + SITES_A_TASK - 1) / SITES_A_TASK;
        rc = sund_pool_run(threads, n_task, count_run, &r, err);
        for (size_t i = 0; i < n_task && rc == SUND_OK; i++) {
            if (fwrite(out[i].p, 1, out[i].n, stdout) != out[i].n)
                rc = sund_fail(err, SUND_E_IO, "cannot write the output");
            sund_buf_clear(&out[i]);
        }
    }
    for (unsigned t = 0; r.reader && t < threads; t++)
        sund_store_reader_close(r.reader[t]);
    for (size_t i = 0; i < TASKS_A_ROUND; i++)
        sund_buf_free(&out[i]);
    free(r.reader);
    return rc;
}

static sund_code print_variant(freq *f, const sund_variant *v, sund_err *err)
{
    sund_copies copies = sund_copies_at(sund_store_describe(f->s)->assembly, v->contig, v->pos_bp);
    sund_counts c = { 0, 0, 0, 0, 0, 0 };
    sund_buf    out = { 0 };
    bool        covered;
    size_t      j;
    sund_code   rc;

    if (sund_store_find(f->s, v, &j))
        return print_rows(f, j, j + 1, err);
    SUND_TRY(choose_by_sex(f, v->contig, err));
    covered = sund_store_callable(f->s, v->contig, v->pos_bp, v->n_ref);
    if (covered)
        all_reference(f, copies, &c);
    put(f, &out, v, &c, covered ? "absent" : "not-covered");
    rc = sund_buf_ok(&out, err);
    if (rc == SUND_OK && fwrite(out.p, 1, out.n, stdout) != out.n)
        rc = sund_fail(err, SUND_E_IO, "cannot write the output");
    sund_buf_free(&out);
    return rc;
}

/** "20-1000226-A-T", or a region: rows of variants that begin in it. */
static sund_code print_one(freq *f, const char *what, sund_err *err)
{
    sund_buf     letters = { 0 }, minimal = { 0 };
    sund_variant v;
    sund_region  region;
    sund_code    rc;

    SUND_TRY(sund_assembly_fits(sund_named_assembly(what), sund_store_describe(f->s)->assembly, err));
    if (sund_region_parse(what, &region, NULL) == SUND_OK)
        return print_rows(f, sund_store_from(f->s, region.contig, region.from_bp), sund_store_from(f->s, region.contig, region.to_bp), err);
    SUND_GO(sund_variant_parse(what, &v, &letters, err));
    SUND_GO(sund_variant_normalise(&v, NULL, &minimal, err));
    rc = print_variant(f, &v, err);
out:
    sund_buf_free(&letters);
    sund_buf_free(&minimal);
    return rc;
}

sund_code sund_cmd_freq(int argc, char **argv, sund_err *err)
{
    const char     *people = NULL, *key = NULL;
    freq            f = { .as_json = false };
    bool            helped = false;
    const sund_opt  opt[] = {
        { "people", 's', &people, "FILE", "count only these people, a name a line (everybody)" },
        { "json", 'b', &f.as_json, NULL, "one JSON object a line" },
        SUND_OPT_KEY(key),
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "freq", "[OPTIONS] STORE [VARIANT|REGION]...",
                          "Allele and genotype counts of variants, of regions or of the whole store, exact, over everybody or any set of people. For the operator of the data, on their own "
                          "machine: it reads the store itself, so no rule of the gate stands between and nothing is logged. What others may learn goes by 'sund lookup' and studies. "
                          "status: counted; absent, everybody is reference, for the place is callable; not-covered.",
                          "sund freq fi/store 20-1000226-A-T\nsund freq --people women.txt fi/store 20:1000000-1050000\nsund freq --json fi/store X > x.jsonl", opt, 1, 64 };
    sund_store     *s = NULL;
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_GO(sund_open_sites(&s, argv[1], key, err));
    f.s = s;
    SUND_GO(choose(s, people, &f.people, err));
    if (!f.as_json)
        fputs(head, stdout);
    if (n == 1)
        rc = print_rows(&f, 0, sund_store_describe(s)->n_site, err);
    for (size_t i = 2; i <= n && rc == SUND_OK; i++)
        rc = print_one(&f, argv[i], err);
    if (rc == SUND_OK)
        rc = sund_store_sound(s, err); /* whether a region began where it seemed to */
out:
    free(f.people.plane);
    sund_store_close(s);
    return rc;
}
