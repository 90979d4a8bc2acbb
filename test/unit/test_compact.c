/* A store without some of its people: the same bytes as one that never had them, but for sites that nobody else carries. */
#include "base/file.h"
#include "store/compact.h"
#include "store/store_priv.h"
#include "test.h"

#include <ftw.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_PEOPLE = 700, MAX_SITES = 5000 };

static char folder[64];

static int removes(const char *path, const struct stat *st, int kind, struct FTW *f)
{
    (void) st, (void) kind, (void) f;
    return remove(path);
}
static void clean(void) { (void) nftw(folder, removes, 16, FTW_DEPTH | FTW_PHYS); }

static const char *at(const char *name)
{
    static char path[8][160];
    static int  k, made;

    if (!folder[0]) {
        (void) snprintf(folder, sizeof folder, "%.40s/sund-compact-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        if (!mkdtemp(folder) || sund_crypto_init(NULL) != SUND_OK)
            abort();
        (void) atexit(clean);
    }
    k = (k + 1) % 8;
    (void) snprintf(path[k], sizeof path[k], "%s/%s-%d", folder, name, strcmp(name, "new") == 0 ? ++made : made);
    return path[k];
}

typedef struct model { size_t n, m; char name[MAX_PEOPLE][24]; uint8_t sex[MAX_PEOPLE], pop[MAX_PEOPLE], *gt; bool gone[MAX_PEOPLE], callable; } model;

/** Rare and common sites of chromosome 20 and X, missing calls, phases; sites with one carrier; the second half of each contig is callable. */
static model *make_model(size_t n, size_t m, unsigned gone_one_in)
{
    model *d = calloc(1, sizeof *d);

    d->n = n;
    d->m = m;
    d->gt = calloc(n * m, 1);
    for (size_t i = 0; i < n; i++) {
        (void) snprintf(d->name[i], sizeof d->name[i], "P%04zu", i);
        d->sex[i] = (uint8_t) (1 + test_rand() % 2);
        d->pop[i] = (uint8_t) (test_rand() % 3);
        d->gone[i] = i > 0 && test_rand() % gone_one_in == 0;
    }
    d->gone[n - 1] = true;
    for (size_t j = 0; j < m; j++) {
        static const unsigned one_in[] = { 2, 5, 40, 1000000 };
        unsigned              rare = one_in[test_rand() % 4];
        bool                  missing = test_rand() % 3 == 0, x = j >= m / 2;
        uint8_t              *code = d->gt + j * n;

        for (size_t i = 0; i < n; i++) {
            bool one = x && d->sex[i] == SUND_MALE;

            code[i] = test_rand() % rare == 0 ? (uint8_t) (one ? 2 : 1 + test_rand() % 2) : 0;
            if (code[i] == 1 && test_rand() % 2)
                code[i] |= test_rand() % 2 ? SUND_GT_PHASED : SUND_GT_PHASED | SUND_GT_ALT_FIRST;
            if (missing && test_rand() % 50 == 0)
                code[i] = SUND_GT_MISSING;
        }
        if (rare == 1000000 && test_rand() % 2)
            code[n - 1] = 2; /* carried by one who goes */
    }
    return d;
}

static sund_variant variant(const model *d, size_t j) { return (sund_variant){ .contig = j < d->m / 2 ? 20 : 23, .pos_bp = 3000000 + 10 * (uint32_t) (j < d->m / 2 ? j : j - d->m / 2), .n_ref = 1, .n_alt = 1, .ref = "A", .alt = "G" }; }

static bool is_callable(const model *d, size_t j) { return d->callable && variant(d, j).pos_bp >= 3000000 + 10 * (uint32_t) (d->m / 4); }

/** without: as if those who go had never been there; a site that only they carry is left out where it is callable and nobody else's call is missing. */
static size_t write_model(const model *d, const char *dir, bool without)
{
    static const char *const pop[] = { "FIN", "SWE", "DNK" };
    const char              *person[MAX_PEOPLE], *population[MAX_PEOPLE];
    uint8_t                  sex[MAX_PEOPLE], code[MAX_PEOPLE];
    uint64_t                 plane[5 * (MAX_PEOPLE / 64 + 1)];
    size_t                   n = 0, left_out = 0;
    sund_region              regions[2] = { { 20, 3000000 + 10 * (uint32_t) (d->m / 4), 9000000 }, { 23, 3000000 + 10 * (uint32_t) (d->m / 4), 9000000 } };
    sund_store_plan          plan = { .assembly = SUND_GRCH38, .person = person, .sex = sex, .population = population, .source = "test", .callable = regions, .n_callable = 2, .has_callable = d->callable };
    sund_store_writer       *w = NULL;
    sund_gt                  gt;
    sund_phase               phase;

    for (size_t i = 0; i < d->n; i++)
        if (!without || !d->gone[i]) {
            person[n] = d->name[i];
            population[n] = pop[d->pop[i]];
            sex[n++] = d->sex[i];
        }
    plan.n_person = n;
    plan.has_callable = d->callable;
    plan.n_callable = d->callable ? 2 : 0;
    CHECK(sund_store_writer_open(&w, dir, &plan, NULL) == SUND_OK);
    for (size_t j = 0; j < d->m; j++) {
        bool         had = false, has = false;
        sund_variant v = variant(d, j);
        sund_kind    kind;

        n = 0;
        for (size_t i = 0; i < d->n; i++) {
            uint8_t g = d->gt[j * d->n + i];

            had |= (g & 3) == 1 || (g & 3) == 2;
            if (!without || !d->gone[i]) {
                code[n++] = g;
                has |= g != 0;
            }
        }
        if (without && had && !has && is_callable(d, j)) {
            left_out++;
            continue;
        }
        CHECK(sund_variant_kind(&v, &kind, NULL) == SUND_OK);
        CHECK(sund_gt_of_codes(code, n, plane, &gt, &phase));
        CHECK(sund_store_writer_add(w, &v, kind, &gt, &phase, NULL) == SUND_OK);
    }
    CHECK(sund_store_writer_seal(w, NULL) == SUND_OK);
    sund_store_writer_close(w);
    return left_out;
}

static bool same_file(const char *a, const char *b, const char *name)
{
    char      path[300];
    sund_buf  x = { 0 }, y = { 0 };
    bool      same;

    (void) snprintf(path, sizeof path, "%s/%s", a, name);
    same = sund_file_read(path, 1 << 28, &x, NULL) == SUND_OK;
    (void) snprintf(path, sizeof path, "%s/%s", b, name);
    same = same && sund_file_read(path, 1 << 28, &y, NULL) == SUND_OK && x.n == y.n && memcmp(x.p, y.p, x.n) == 0;
    sund_buf_free(&x);
    sund_buf_free(&y);
    return same;
}

static void model_free(model *d)
{
    free(d->gt);
    free(d);
}

TEST(it_is_the_store_that_never_had_them)
{
    static const size_t people[] = { 3, 64, 65, 500, 700 };

    for (size_t k = 0; k < 5; k++) {
        model              *d = make_model(people[k], 600, k % 2 ? 3 : 100);
        const char         *old, *new = at("new"), *want;
        sund_compact_report r, c;
        size_t              left_out;

        d->callable = k != 2;
        old = at("old");
        want = at("want");
        (void) write_model(d, old, false);
        left_out = write_model(d, want, true);
        CHECK(!sund_store_is_compacted(old, new, d->gone));
        CHECK(sund_store_compact(old, new, d->gone, 2, NULL, NULL, &r, NULL) == SUND_OK);
        CHECK(r.n_left_out == left_out && (left_out > 0) == d->callable && r.n_site == d->m - left_out);
        for (int f = 0; f < N_STORE_FILE; f++)
            CHECK(same_file(new, want, sund_store_file[f]));
        CHECK(sund_store_is_compacted(old, new, d->gone));
        CHECK(sund_store_compacted(old, new, d->gone, NULL, NULL, &c, NULL) == SUND_OK);
        CHECK(c.n_left_out == left_out && c.n_site == r.n_site && c.n_person == r.n_person);
        d->gone[0] = true; /* one more has withdrawn: it is not that store */
        CHECK(!sund_store_is_compacted(old, new, d->gone));
        CHECK(sund_store_compacted(old, new, d->gone, NULL, NULL, &c, NULL) == SUND_E_MISMATCH || people[k] == 3);
        model_free(d);
    }
}

static void dies(void *ctx, const char *what, size_t done, size_t total)
{
    (void) ctx, (void) what, (void) total;
    if (done >= 2048)
        _exit(7);
}

TEST(it_goes_on_where_it_was_killed)
{
    model              *d = make_model(300, MAX_SITES, 20);
    const char         *old, *new = at("new"), *want;
    sund_compact_report r;
    int                 status = 0;
    pid_t               child;

    d->callable = true;
    old = at("old");
    want = at("want");
    (void) write_model(d, old, false);
    (void) write_model(d, want, true);
    child = fork();
    if (child == 0) {
        (void) !sund_store_compact(old, new, d->gone, 1, dies, NULL, &r, NULL);
        _exit(1);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK(sund_store_compact(old, new, d->gone, 1, NULL, NULL, &r, NULL) == SUND_OK);
    for (int f = 0; f < N_STORE_FILE; f++)
        CHECK(same_file(new, want, sund_store_file[f]));
    model_free(d);
}

TEST(a_store_that_differs_is_named_by_its_site)
{
    model              *d = make_model(200, 400, 10);
    const char         *old, *new = at("new");
    sund_compact_report r;
    sund_err            why = { SUND_OK, "" };
    size_t              j = 123;

    old = at("old");
    (void) write_model(d, old, false);
    d->gt[j * d->n] = d->gt[j * d->n] == 2 ? 0 : 2; /* of one who stays */
    (void) write_model(d, new, true);
    CHECK(sund_store_compacted(old, new, d->gone, NULL, NULL, &r, &why) == SUND_E_MISMATCH);
    CHECK(strstr(why.msg, "20:3001231") != NULL || strstr(why.msg, ":3001231") != NULL);
    memset(d->gone, 1, sizeof d->gone);
    CHECK(sund_store_compact(old, at("none"), d->gone, 1, NULL, NULL, &r, &why) == SUND_E_ARG);
    model_free(d);
}
