/* The sealed store: what is written is read; every flipped bit and every cut is noticed; interrupted writing goes on to the same bytes. */
#include "base/file.h"
#include "store/store_priv.h"
#include "scratch.h"
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_PEOPLE = 1100, MAX_SITES = 700 };

typedef struct model { /* what must come out */
    size_t       n, m;
    char         name[MAX_PEOPLE][12];
    uint8_t      sex[MAX_PEOPLE], pop[MAX_PEOPLE], *gt; /* m x n, writer's codes */
    sund_variant v[MAX_SITES];
    sund_kind    kind[MAX_SITES];
} model;

/** Sites of chromosome 20, then X (PAR and not), Y, MT; rare, common, missing, phased. */
static model *make_model(size_t n, size_t m)
{
    static const char *const alt[] = { "G", "T", "C", "AT", "ACGTACGT" };
    model                   *d = calloc(1, sizeof *d);

    d->n = n;
    d->m = m;
    d->gt = calloc(n * m + 1, 1);
    for (size_t i = 0; i < n; i++) {
        (void) snprintf(d->name[i], sizeof d->name[i], "P%04zu", i % 10000);
        d->sex[i] = (uint8_t) (test_rand() % 3);
        d->pop[i] = (uint8_t) (test_rand() % 3);
    }
    for (size_t j = 0; j < m; j++) {
        int      contig = j < m * 6 / 10 ? 20 : j < m * 8 / 10 ? SUND_X : j < m * 9 / 10 ? SUND_Y : SUND_MT;
        uint32_t pos = (uint32_t) (contig == 20 ? 1000 + 13 * j : contig == SUND_X && j < m * 7 / 10 ? 100000 + j : contig == SUND_MT ? 100 + j : 5000000 + 13 * j);
        double   af = j % 3 ? 0.01 : 0.3, missing = j % 4 == 1 ? 0.02 : j % 4 == 2 ? 0.2 : 0;

        d->v[j] = (sund_variant){ contig, pos, "A", alt[j % 5], 1, (uint32_t) strlen(alt[j % 5]) };
        d->kind[j] = strlen(alt[j % 5]) == 1 ? SUND_KIND_SNV : SUND_KIND_INDEL;
        for (size_t i = 0; i < n; i++) {
            int      copies = sund_copies_of(sund_copies_at(SUND_GRCH37, contig, pos), (sund_sex) d->sex[i]);
            uint8_t *g = &d->gt[j * n + i];
            double   u = (double) (test_rand() >> 11) * 0x1p-53, w = (double) (test_rand() >> 11) * 0x1p-53;

            if (copies == 0 || (double) (test_rand() >> 11) * 0x1p-53 < missing)
                *g = SUND_GT_MISSING;
            else if (copies == 1)
                *g = u < af ? 2 : 0;
            else
                *g = (uint8_t) ((u < af) + (w < af));
            if (*g == 1 && j % 5 == 0)
                *g = (uint8_t) (1 | SUND_GT_PHASED | (test_rand() % 2 ? SUND_GT_ALT_FIRST : 0));
        }
    }
    return d;
}

static void free_model(model *d)
{
    free(d->gt);
    free(d);
}

static sund_code open_writer(const model *d, const char *dir, sund_store_writer **w, sund_err *err)
{
    static const char *const pops[] = { "FIN", "GBR", "" };
    const char              *person[MAX_PEOPLE], *pop[MAX_PEOPLE];
    sund_region              callable[2] = { { 20, 900, 3000 }, { 20, 5000, 90000 } };
    sund_store_plan          plan = { SUND_GRCH37, d->n, person, d->sex, pop, "test", callable, 2, true, 1, NULL };

    for (size_t i = 0; i < d->n; i++) {
        person[i] = d->name[i];
        pop[i] = pops[d->pop[i]];
    }
    return sund_store_writer_open(w, dir, &plan, err);
}

static sund_code add_codes(sund_store_writer *w, const sund_variant *v, sund_kind kind, const uint8_t *code, size_t n, sund_err *err)
{
    uint64_t   plane[5 * (MAX_PEOPLE / 64 + 1)];
    sund_gt    gt;
    sund_phase phase;

    return sund_gt_of_codes(code, n, plane, &gt, &phase) ? sund_store_writer_add(w, v, kind, &gt, &phase, err) : SUND_E_ARG;
}

/** Writes sites up to `until`; seals when that is all of them. */
static sund_code write_store(const model *d, const char *dir, size_t until, sund_err *err)
{
    sund_store_writer *w = NULL;
    sund_variant       last;
    sund_code          rc = open_writer(d, dir, &w, err);
    size_t             j = rc == SUND_OK ? sund_store_writer_resume(w, &last) : 0;

    for (; rc == SUND_OK && j < until; j++)
        rc = add_codes(w, &d->v[j], d->kind[j], d->gt + j * d->n, d->n, err);
    if (rc == SUND_OK && until == d->m)
        rc = sund_store_writer_seal(w, err);
    sund_store_writer_close(w);
    return rc;
}

static bool same_counts(const model *d, const sund_store *s, sund_store_reader *r, size_t j, int pop, int sex)
{
    const sund_store_info *info = sund_store_describe(s);
    sund_copies            copies = sund_copies_at(SUND_GRCH37, d->v[j].contig, d->v[j].pos_bp);
    sund_counts            c, want = { 0 };

    for (size_t i = 0; i < d->n; i++) {
        int     k = sund_copies_of(copies, (sund_sex) d->sex[i]);
        uint8_t g = d->gt[j * d->n + i] & 3;

        if ((pop >= 0 && info->population[i] != pop) || (sex >= 0 && d->sex[i] != sex) || k == 0)
            continue;
        if (g == SUND_GT_MISSING)
            want.missing++;
        else if (k == 1)
            *(g ? &want.hemi_alt : &want.hemi_ref) += 1;
        else
            *(g == 0 ? &want.hom_ref : g == 1 ? &want.het : &want.hom_alt) += 1;
    }
    return sund_store_counts(r, j, pop, sex, &c, NULL) == SUND_OK && memcmp(&c, &want, sizeof c) == 0;
}

static bool same_phase(const model *d, sund_store_reader *r, size_t j)
{
    const uint64_t *phased = NULL, *first = NULL;
    bool            any = false, want = false;

    if (sund_store_phase(r, j, &phased, &first, &any, NULL) != SUND_OK)
        return false;
    for (size_t i = 0; i < d->n; i++) {
        uint8_t g = d->gt[j * d->n + i];
        bool    p = (g & 3) == 1 && (g & SUND_GT_PHASED), f = p && (g & SUND_GT_ALT_FIRST);

        want = want || p;
        if (any && ((phased[i / 64] >> (i % 64) & 1) != p || (first[i / 64] >> (i % 64) & 1) != f))
            return false;
    }
    return any == want;
}

/** 1: everything read equals the model; 0: something differs; -1: an error was reported. */
static int compare(const model *d, const char *dir, bool deep)
{
    sund_store        *s = NULL;
    sund_store_reader *r = NULL;
    uint8_t            code[MAX_PEOPLE];
    int                same = sund_store_open(&s, dir, NULL) == SUND_OK && sund_store_reader_open(&r, s, NULL) == SUND_OK ? 1 : -1;

    if (same == 1 && (sund_store_describe(s)->n_person != d->n || sund_store_describe(s)->n_site != d->m))
        same = 0;
    for (size_t j = 0; same == 1 && j < d->m; j++) {
        sund_gt   g;
        sund_site site;
        size_t    row = SIZE_MAX;

        if (sund_store_read(r, j, &g, NULL) != SUND_OK) {
            same = -1;
            break;
        }
        sund_gt_codes(&g, d->n, code);
        for (size_t i = 0; i < d->n; i++)
            if (code[i] != (d->gt[j * d->n + i] & 3))
                same = 0;
        if (!deep)
            continue;
        sund_store_site(s, j, &site);
        if (sund_variant_cmp(&site.v, &d->v[j]) != 0 || site.kind != d->kind[j] || !sund_store_find(s, &d->v[j], &row) || row != j || !same_phase(d, r, j))
            same = 0;
        for (int pop = -1; pop < (int) sund_store_describe(s)->n_population; pop++)
            for (int sex = -1; sex <= 2; sex++)
                if (!same_counts(d, s, r, j, pop, sex))
                    same = 0;
    }
    sund_store_reader_close(r);
    sund_store_close(s);
    return same;
}

TEST(what_is_written_is_read)
{
    static const size_t people[] = { 1, 2, 63, 64, 65, 128, 1000 };

    for (size_t k = 0; k < 7; k++) {
        model      *d = make_model(people[k], 200);
        char        name[32];
        const char *dir;

        (void) snprintf(name, sizeof name, "round-%zu", k);
        dir = scratch(name);
        CHECK(write_store(d, dir, d->m, NULL) == SUND_OK);
        CHECK(compare(d, dir, true) == 1);
        CHECK(sund_store_verify(dir, NULL, NULL, NULL) == SUND_OK);
        free_model(d);
    }
}

TEST(absence_and_callable_regions)
{
    model       *d = make_model(70, 100);
    const char  *dir = scratch("absent");
    sund_store  *s = NULL;
    sund_variant v = { 20, 1001, "A", "G", 1, 1 };
    size_t       j;

    CHECK(write_store(d, dir, d->m, NULL) == SUND_OK && sund_store_open(&s, dir, NULL) == SUND_OK);
    CHECK(!sund_store_find(s, &v, &j));
    CHECK(sund_store_callable(s, 20, 900, 1) && sund_store_callable(s, 20, 2999, 1) && sund_store_callable(s, 20, 900, 2100));
    CHECK(!sund_store_callable(s, 20, 899, 1) && !sund_store_callable(s, 20, 2999, 2) && !sund_store_callable(s, 20, 3000, 1) && !sund_store_callable(s, 20, 2000, 4000));
    CHECK(!sund_store_callable(s, 21, 1000, 1) && sund_store_callable(s, 20, 5000, 1));
    sund_store_close(s);
    free_model(d);
}

TEST(same_input_same_bytes_and_what_is_there_stays)
{
    model   *d = make_model(150, 300);
    sund_buf a = { 0 }, b = { 0 };
    sund_err err;

    CHECK(write_store(d, scratch("one"), d->m, NULL) == SUND_OK && write_store(d, scratch("two"), d->m, NULL) == SUND_OK);
    CHECK(sund_file_read(scratch("one/manifest.txt"), 1 << 20, &a, NULL) == SUND_OK && sund_file_read(scratch("two/manifest.txt"), 1 << 20, &b, NULL) == SUND_OK);
    CHECK(a.n == b.n && memcmp(a.p, b.p, a.n) == 0); /* the manifest holds every file's digest */
    CHECK(write_store(d, scratch("one"), d->m, &err) == SUND_E_MISMATCH && strstr(err.msg, "one"));
    CHECK(compare(d, scratch("one"), false) == 1);
    sund_buf_free(&a);
    sund_buf_free(&b);
    free_model(d);
}

TEST(sites_out_of_order_are_refused)
{
    model             *d = make_model(10, 20);
    sund_store_writer *w = NULL;

    CHECK(open_writer(d, scratch("order"), &w, NULL) == SUND_OK);
    CHECK(add_codes(w, &d->v[5], d->kind[5], d->gt, d->n, NULL) == SUND_OK);
    CHECK(add_codes(w, &d->v[5], d->kind[5], d->gt, d->n, NULL) != SUND_OK);
    CHECK(add_codes(w, &d->v[4], d->kind[4], d->gt, d->n, NULL) != SUND_OK);
    sund_store_writer_close(w);
    free_model(d);
}

/* ---- damage ---- */

static void put(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (!f || (n && fwrite(p, 1, n, f) != n) || fclose(f) != 0)
        abort();
}

/** A damaged store gives an error that names a file, or (where it is not read) what was written. */
static void check_damaged(const model *d, const char *dir, const char *file, const char *how, size_t where)
{
    sund_err err = { SUND_OK, "" };
    int      read = compare(d, dir, false);
    bool     noticed = sund_store_verify(dir, NULL, NULL, &err) != SUND_OK;

    CHECK(noticed && read != 0);
    CHECK(strstr(err.msg, file) || strstr(err.msg, "manifest"));
    if (!noticed || read == 0 || !(strstr(err.msg, file) || strstr(err.msg, "manifest")))
        fprintf(stderr, "# %s %s at %zu: read %d, verify: %s\n", file, how, where, read, err.msg);
}

TEST(every_flipped_bit_and_every_cut_is_noticed)
{
    model      *d = make_model(66, 24);
    const char *dir = scratch("damage");
    size_t      n_flip = 0;

    CHECK(write_store(d, dir, d->m, NULL) == SUND_OK);
    for (int f = -1; f < N_STORE_FILE; f++) {
        const char *file = f < 0 ? "manifest.txt" : sund_store_file[f];
        char        path[200];
        sund_buf    b = { 0 };

        (void) snprintf(path, sizeof path, "%s/%s", dir, file);
        CHECK(sund_file_read(path, 1 << 20, &b, NULL) == SUND_OK);
        for (size_t i = 0; i < b.n; i++, n_flip++) {
            b.p[i] = (uint8_t) (b.p[i] ^ 1u << (i % 8));
            put(path, b.p, b.n);
            check_damaged(d, dir, file, "flipped", i);
            b.p[i] = (uint8_t) (b.p[i] ^ 1u << (i % 8));
        }
        for (size_t n = 0; n < b.n; n += 1 + b.n / 60) {
            put(path, b.p, n);
            check_damaged(d, dir, file, "cut", n);
        }
        sund_buf_u8(&b, 0);
        put(path, b.p, b.n);
        check_damaged(d, dir, file, "longer", b.n);
        CHECK(remove(path) == 0);
        CHECK(compare(d, dir, false) == -1 && sund_store_verify(dir, NULL, NULL, NULL) != SUND_OK);
        put(path, b.p, b.n - 1);
        sund_buf_free(&b);
    }
    CHECK(compare(d, dir, true) == 1 && sund_store_verify(dir, NULL, NULL, NULL) == SUND_OK);
    printf("# %zu bytes flipped, each noticed by name\n", n_flip);
    free_model(d);
}

TEST(a_flipped_genotype_names_block_and_sites)
{
    model   *d = make_model(200, 100);
    sund_buf b = { 0 };
    sund_err err;

    CHECK(write_store(d, scratch("named"), d->m, NULL) == SUND_OK && sund_file_read(scratch("named/genotypes.bin"), 1 << 24, &b, NULL) == SUND_OK);
    b.p[b.n / 2] ^= 1;
    put(scratch("named/genotypes.bin"), b.p, b.n);
    CHECK(sund_store_verify(scratch("named"), NULL, NULL, &err) == SUND_E_FORMAT);
    CHECK(strstr(err.msg, "genotypes.bin") && strstr(err.msg, "block ") && strstr(err.msg, "sites "));
    sund_buf_free(&b);
    free_model(d);
}

/* ---- interruption ---- */

/* Long enough for checkpoints, which are every CHECKPOINT_SITES. */
enum { LONG_SITES = 40000 };

static sund_code write_long(size_t n, const char *dir, size_t until, sund_err *err)
{
    static const char *const alt[] = { "G", "C" };
    model                   *d = make_model(n, 0);
    sund_store_writer       *w = NULL;
    sund_variant             last;
    sund_code                rc = open_writer(d, dir, &w, err);
    uint8_t                  gt[MAX_PEOPLE];
    size_t                   j = rc == SUND_OK ? sund_store_writer_resume(w, &last) : 0;

    if (rc == SUND_OK && j && (last.pos_bp != 100 + (j - 1) / 2 || last.alt[0] != alt[1 - (j - 1) % 2][0]))
        rc = sund_fail(err, SUND_E_MISMATCH, "resumed behind another variant than it says");
    for (; rc == SUND_OK && j < until; j++) {
        sund_variant v = { 20, (uint32_t) (100 + j / 2), "A", alt[1 - j % 2], 1, 1 };

        for (size_t i = 0; i < n; i++)
            gt[i] = (uint8_t) ((i * 7 + j * 13) % (j % 5 ? 97 : 4) == 1);
        rc = add_codes(w, &v, SUND_KIND_SNV, gt, n, err);
    }
    if (rc == SUND_OK && until == LONG_SITES)
        rc = sund_store_writer_seal(w, err);
    else if (rc == SUND_OK && until % 2)
        (void) kill(getpid(), SIGKILL);
    sund_store_writer_close(w);
    free_model(d);
    return rc;
}

TEST(killed_writers_resume_to_the_same_bytes)
{
    static const size_t stop[] = { 1, 16385, 17001, 20001, 32767, 32769, 39999 };
    sund_buf            a = { 0 }, b = { 0 };
    uint64_t            seed = test_seed;

    CHECK(write_long(40, scratch("whole"), LONG_SITES, NULL) == SUND_OK);
    for (size_t k = 0; k < 7; k++) {
        pid_t pid = (fflush(stdout), fork());

        test_seed = seed; /* the same people */
        if (pid == 0)
            _exit(write_long(40, scratch("killed"), stop[k], NULL) == SUND_OK ? 0 : 1);
        CHECK(pid > 0 && waitpid(pid, NULL, 0) == pid);
    }
    CHECK(access(scratch("killed"), F_OK) != 0); /* not there until it is whole */
    test_seed = seed;
    CHECK(write_long(40, scratch("killed"), LONG_SITES, NULL) == SUND_OK);
    CHECK(sund_file_read(scratch("whole/manifest.txt"), 1 << 20, &a, NULL) == SUND_OK && sund_file_read(scratch("killed/manifest.txt"), 1 << 20, &b, NULL) == SUND_OK);
    CHECK(a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
    CHECK(sund_store_verify(scratch("killed"), NULL, NULL, NULL) == SUND_OK);
    sund_buf_free(&a);
    sund_buf_free(&b);
}

TEST(a_part_of_another_description_is_refused)
{
    uint64_t seed = test_seed;
    sund_err err = { SUND_OK, "" };

    CHECK(write_long(40, scratch("mixed"), 20000, NULL) == SUND_OK);
    CHECK(write_long(41, scratch("mixed"), LONG_SITES, &err) != SUND_OK && strstr(err.msg, "mixed"));
    test_seed = seed;
    CHECK(write_long(40, scratch("mixed"), LONG_SITES, &err) == SUND_OK);
}

TEST(a_full_disk_leaves_what_was_there)
{
    model *d = make_model(1000, 400);
    int    status = 0;
    pid_t  pid;

    CHECK(write_store(d, scratch("old"), d->m, NULL) == SUND_OK);
    (void) fflush(stdout);
    pid = fork();
    if (pid == 0) {
        struct rlimit small = { 20000, 20000 };
        sund_err      err = { SUND_OK, "" };

        (void) signal(SIGXFSZ, SIG_IGN);
        (void) setrlimit(RLIMIT_FSIZE, &small);
        _exit(write_store(d, scratch("full"), d->m, &err) == SUND_E_IO && strstr(err.msg, "goes on from here") ? 0 : 1);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(compare(d, scratch("old"), false) == 1 && access(scratch("full"), F_OK) != 0);
    CHECK(write_store(d, scratch("full"), d->m, NULL) == SUND_OK && compare(d, scratch("full"), true) == 1);
    free_model(d);
}
