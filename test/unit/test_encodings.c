/* How genotypes lie in blocks: every encoding against the plain codes it was made from, over adversarial sites and sizes, by every way of reading and on every
 * processor path; lists of any gaps; a store of format 1, written here, is read as what it says. */
#include "base/file.h"
#include "store/store_priv.h"
#include "scratch.h"
#include "test.h"

#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

/* ---- lists ---- */

static bool list_returns(const uint32_t *list, size_t n, uint64_t bound)
{
    sund_buf  b = { 0 };
    uint32_t *got = calloc(n + 1, sizeof *got);
    sund_cur  c;
    bool      same, cut;

    sund_list_write(list, n, bound, &b);
    sund_buf_u8(&b, 0xA5); /* what follows is left alone */
    c = sund_cur_of(b.p, b.n);
    same = sund_list_read(&c, n, bound, got) && c.n == 1 && c.p[0] == 0xA5 && memcmp(got, list, n * sizeof *list) == 0;
    c = sund_cur_of(b.p, n ? b.n - 2 : 0);
    cut = n == 0 || !sund_list_read(&c, n, bound, got);
    free(got);
    sund_buf_free(&b);
    return same && cut;
}

TEST(lists_of_any_gaps_return_and_cut_ones_are_refused)
{
    uint32_t *list = calloc(70000, sizeof *list);

    for (size_t round = 0; round < 3000; round++) {
        uint64_t bound = 1 + test_rand() % (round % 3 ? 2000 : 1ULL << 32);
        size_t   n = 0, most = round % 7 ? 40 : 60000;

        for (uint64_t next = 0; n < most;) { /* from dense to far: gaps of 1 to 32 bits */
            next += test_rand() & ((1ULL << (test_rand() % (round % 5 ? 6 : 32))) - 1);
            if (next >= bound)
                break;
            list[n++] = (uint32_t) next++;
        }
        CHECK(list_returns(list, n, bound));
    }
    for (uint32_t i = 0; i < 64; i++)
        list[i] = i;
    CHECK(list_returns(list, 64, 64) && list_returns(list, 64, UINT32_MAX));
    list[0] = UINT32_MAX;
    CHECK(list_returns(list, 1, 1ULL << 32));
    free(list);
}

TEST(hostile_lists_are_refused)
{
    uint8_t   byte[64];
    uint32_t *got = calloc(600, sizeof *got);
    size_t    n_good = 0;

    for (size_t round = 0; round < 20000; round++) {
        size_t   n = test_rand() % 500, len = test_rand() % sizeof byte;
        uint64_t bound = 1 + test_rand() % 1000;
        sund_cur c = sund_cur_of(byte, len);

        for (size_t i = 0; i < sizeof byte; i++)
            byte[i] = (uint8_t) (test_rand() & (round % 2 ? 255 : 1));
        if (!sund_list_read(&c, n, bound, got))
            continue;
        n_good++;
        for (size_t i = 0; i < n; i++)
            CHECK(got[i] < bound && (i == 0 || got[i] > got[i - 1]));
    }
    CHECK(n_good > 0);
    free(got);
}

/** As list.h says, a bit at a time. Returns bytes used, or SIZE_MAX. */
static size_t bit_by_bit(const uint8_t *p, size_t n_byte, size_t n, uint64_t bound, uint32_t *list)
{
    unsigned k = sund_list_low_bits(n, bound);
    uint64_t at = 0, next = 0;
#define BIT(i) ((i) < 8 * (uint64_t) n_byte ? p[(i) / 8] >> ((i) % 8) & 1 : 0)
    for (size_t i = 0; i < n; i++) {
        uint64_t gap = 0, zeros = 0, width;

        for (; zeros <= 20 && !BIT(at); at++)
            zeros++;
        if (zeros > 20)
            return SIZE_MAX;
        width = zeros == 20 ? 32 : k;
        for (uint64_t b = 0; b < width; b++)
            gap |= (uint64_t) BIT(at + 1 + b) << b;
        at += 1 + width;
        next += zeros == 20 ? gap : zeros << k | gap;
        list[i] = (uint32_t) next++;
    }
#undef BIT
    return (at + 7) / 8 > n_byte || next > bound ? SIZE_MAX : (size_t) (at + 7) / 8;
}

/** Some lists as jobs; how many of them read otherwise than bit by bit. Each list's bytes end where their memory ends, or a little behind. */
static size_t lists_that_differ(size_t n_job, uint64_t bound, bool hostile, size_t *n_good)
{
    sund_list_job job[9];
    uint8_t      *byte[9];
    uint32_t     *want[9];
    size_t        used[9], bad = 0;
    bool          all = true;

    for (size_t k = 0; k < n_job; k++) {
        size_t   n = test_rand() % (bound < 700 ? bound + 1 : 700), behind = test_rand() % 12;
        sund_buf b = { 0 };

        want[k] = calloc(n + 1, sizeof *want[k]);
        for (uint64_t i = 0, next = 0; i < n; i++) { /* even but for some long gaps, which are written out */
            next += test_rand() % 50 ? test_rand() % (bound / n + 1) / 2 : bound / 4;
            if (next + n - i > bound)
                next = bound - (n - i);
            next = i && next <= want[k][i - 1] ? want[k][i - 1] + 1u : next;
            want[k][i] = (uint32_t) next;
        }
        sund_list_write(want[k], n, bound, &b);
        byte[k] = malloc(b.n + behind + 1);
        memset(byte[k], 0xA5, b.n + behind + 1);
        if (b.n)
            memcpy(byte[k], b.p, b.n);
        for (int flips = hostile ? (int) (test_rand() % 3) : 0; flips && b.n; flips--)
            byte[k][test_rand() % b.n] ^= (uint8_t) (1u << test_rand() % 8);
        used[k] = bit_by_bit(byte[k], b.n + behind, n, bound, want[k]);
        all = all && used[k] != SIZE_MAX;
        job[k] = (sund_list_job){ sund_cur_of(byte[k], b.n + behind), n, sund_list_low_bits(n, bound), calloc(n + 1, sizeof(uint32_t)) };
        sund_buf_free(&b);
    }
    bad += sund_lists_read(job, n_job, bound) != all;
    for (size_t k = 0; k < n_job; k++) {
        bad += all && (job[k].c.p != byte[k] + used[k] || memcmp(job[k].list, want[k], job[k].n * sizeof(uint32_t)) != 0);
        *n_good += all;
        free(job[k].list);
        free(want[k]);
        free(byte[k]);
    }
    return bad;
}

TEST(lists_side_by_side_are_as_bit_by_bit)
{
    size_t n_good = 0;

    for (size_t round = 0; round < 4000; round++)
        CHECK(lists_that_differ(1 + round % 9, 1 + test_rand() % (1ULL << (1 + test_rand() % 32)), round % 3 == 0, &n_good) == 0);
    CHECK(n_good > 3000);
}

/* ---- sites ---- */

enum { N_SHAPE = 18, N_SITE = 150 };

static uint8_t phased(bool first) { return (uint8_t) (1 | SUND_GT_PHASED | (first ? SUND_GT_ALT_FIRST : 0)); }

/** Codes of a site of one of N_SHAPE shapes, from nobody to everybody of each class, phased wholly, partly, not at all. */
static void make_site(size_t shape, size_t n, uint8_t *gt)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t r = test_rand(), u = r % 1000, w = r >> 20;

        switch (shape) {
        case 0: gt[i] = 0; break;
        case 1: gt[i] = 1; break;
        case 2: gt[i] = 2; break;
        case 3: gt[i] = SUND_GT_MISSING; break;
        case 4: gt[i] = i == n / 2 ? 1 : 0; break;
        case 5: gt[i] = i == n - 1 ? phased(true) : 2; break;                                             /* one REF haplotype, the last person's second */
        case 6: gt[i] = i == 0 ? 2 : i == n - 1 ? phased(false) : 0; break;
        case 7: gt[i] = (uint8_t) (u < 5 ? 0 : u < 15 ? phased(w & 1) : 2); break;                        /* most are hom-alt */
        case 8: gt[i] = (uint8_t) (u < 4 ? phased(w & 1) : u < 6 ? 1 : u < 8 ? 2 : u < 11 ? 3 : 0); break; /* rare, partly phased, some missing */
        case 9: gt[i] = (uint8_t) (u < 12 ? 2 : u < 14 ? phased(w & 1) : 0); break;                       /* more homs than hets */
        case 10: gt[i] = (uint8_t) (u < 300 ? phased(w & 1) : u < 400 ? 2 : 0); break;
        case 11: gt[i] = (uint8_t) (u < 300 ? phased(w & 1) : u < 400 ? 2 : u < 430 ? 3 : 0); break;
        case 12: gt[i] = (uint8_t) (u < 200 ? phased(w & 1) : u < 300 ? 1 : u < 400 ? 2 : u < 900 ? 3 : 0); break;
        case 13: gt[i] = (uint8_t) (u < 500 ? 1 : 2); break;
        case 14: gt[i] = phased(i % 3 == 0); break;
        case 15: gt[i] = i == n / 3 ? phased(w & 1) : 0; break;           /* one carrier, and two, as most sites have */
        case 16: gt[i] = i == n / 4 || i == n / 2 ? phased(w & 1) : 0; break;
        default: gt[i] = (uint8_t) (r & 3); break;
        }
    }
}

static sund_variant variant(size_t j) { return (sund_variant){ 20, (uint32_t) (1000 + 7 * j), "ACGT", j % 3 ? "G" : "AAAA", 1, j % 3 ? 1 : (uint32_t) (2 + j % 3) }; }

static void names_of(size_t n, char (*name)[24], const char **person, const char **population, uint8_t *sex)
{
    for (size_t i = 0; i < n; i++) {
        (void) snprintf(name[i], sizeof name[i], "P%zu", i);
        person[i] = name[i];
        population[i] = i % 5 ? "A" : "B";
        sex[i] = (uint8_t) (i % 3);
    }
}

static void write_store(const char *dir, size_t n, size_t m, const uint8_t *gt)
{
    char(*name)[24] = calloc(n, sizeof *name);
    const char       **person = calloc(n, sizeof *person), **population = calloc(n, sizeof *population);
    uint8_t           *sex = calloc(n, 1);
    uint64_t          *plane = calloc(5 * ((n + 63) / 64), sizeof *plane);
    sund_store_plan    plan = { SUND_GRCH38, n, person, sex, population, "test", NULL, 0, false, 1, NULL };
    sund_store_writer *w = NULL;

    names_of(n, name, person, population, sex);
    CHECK(sund_store_writer_open(&w, dir, &plan, NULL) == SUND_OK);
    for (size_t j = 0; j < m; j++) {
        sund_variant v = variant(j);
        sund_gt      g;
        sund_phase   phase;

        CHECK(sund_gt_of_codes(gt + j * n, n, plane, &g, &phase) && sund_store_writer_add(w, &v, SUND_KIND_SNV, &g, &phase, NULL) == SUND_OK);
    }
    CHECK(sund_store_writer_seal(w, NULL) == SUND_OK);
    sund_store_writer_close(w);
    free(name);
    free(person);
    free(population);
    free(sex);
    free(plane);
}

static bool bit(const uint64_t *plane, size_t i) { return plane[i / 64] >> (i % 64) & 1; }

/** A site as read and as counted in two sets, against its codes. */
static bool site_is(sund_store_reader *r, size_t j, size_t n, const uint8_t *gt, const sund_person_plane set[2], uint8_t *code)
{
    sund_gt         g;
    sund_classes    want[2] = { { 0 } }, got[2], by_gt;
    const uint64_t *is_phased, *first;
    bool            any = false, want_any = false, same = true;

    if (sund_store_count(r, j, set, 2, got, NULL) != SUND_OK || sund_store_read(r, j, &g, NULL) != SUND_OK)
        return false;
    sund_gt_codes(&g, n, code);
    for (size_t i = 0; i < n; i++) {
        same = same && code[i] == (gt[i] & 3);
        for (size_t k = 0; k < 2; k++)
            if (bit(set[k].plane, i))
                *((gt[i] & 3) == 0 ? &want[k].ref : (gt[i] & 3) == 1 ? &want[k].het : (gt[i] & 3) == 2 ? &want[k].alt : &want[k].missing) += 1;
    }
    sund_gt_count(&g, set[1], (n + 63) / 64, &by_gt);
    same = same && memcmp(want, got, sizeof want) == 0 && memcmp(&by_gt, &want[1], sizeof by_gt) == 0;
    if (sund_store_phase(r, j, &is_phased, &first, &any, NULL) != SUND_OK)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool p = (gt[i] & 3) == 1 && gt[i] & SUND_GT_PHASED;

        want_any |= p;
        same = same && (!any || (bit(is_phased, i) == p && bit(first, i) == (p && gt[i] & SUND_GT_ALT_FIRST)));
    }
    return same && any == want_any;
}

/** Rows that are counted together, from the first on and from a later one, against each by itself. */
static size_t rows_that_differ(sund_store_reader *r, size_t m, const sund_person_plane set[2])
{
    sund_classes *rows = calloc(2 * m, sizeof *rows), one[2];
    size_t        bad = 0, from[] = { 0, m / 3, m - 1 };

    for (size_t k = 0; k < sizeof from / sizeof from[0]; k++)
        for (size_t n_set = 1; n_set <= 2; n_set++) {
            CHECK(sund_store_count_rows(r, from[k], m - from[k], set, n_set, rows, NULL) == SUND_OK);
            for (size_t j = from[k]; j < m; j++) {
                CHECK(sund_store_count(r, j, set, n_set, one, NULL) == SUND_OK);
                bad += memcmp(one, rows + (j - from[k]) * n_set, n_set * sizeof *one) != 0;
            }
        }
    CHECK(sund_store_count_rows(r, m - 1, 2, set, 1, rows, NULL) == SUND_E_ARG);
    free(rows);
    return bad;
}

/** Forwards, backwards and with hardly any room for unpacked blocks. */
static size_t sites_that_differ(const char *dir, size_t n, size_t m, const uint8_t *gt)
{
    sund_store        *s = NULL;
    sund_store_reader *r = NULL;
    uint64_t          *plane = calloc(2 * ((n + 63) / 64), 8);
    uint8_t           *code = malloc(n);
    sund_person_plane  set[2];
    size_t             bad = 0;

    for (size_t i = 0; i < n; i++) {
        plane[i / 64] |= (uint64_t) (test_rand() % 10 == 0) << (i % 64);
        plane[(n + 63) / 64 + i / 64] |= 1ULL << (i % 64);
    }
    set[0] = sund_person_plane_of(plane, (n + 63) / 64);
    set[1] = sund_person_plane_of(plane + (n + 63) / 64, (n + 63) / 64);
    CHECK(sund_store_open(&s, dir, NULL) == SUND_OK && sund_store_reader_open(&r, s, NULL) == SUND_OK);
    for (size_t j = 0; j < m; j++)
        bad += !site_is(r, j, n, gt + j * n, set, code);
    bad += rows_that_differ(r, m, set);
    sund_store_reader_keep(r, 1);
    for (size_t j = m; j-- > 0;)
        bad += !site_is(r, j, n, gt + j * n, set, code);
    bad += rows_that_differ(r, m, set);
    sund_store_reader_close(r);
    sund_store_close(s);
    free(plane);
    free(code);
    return bad;
}

TEST(every_encoding_returns_adversarial_sites)
{
    static const size_t size[] = { 1, 2, 50, 63, 64, 65, 127, 1000, 20000 };

    for (size_t k = 0; k < sizeof size / sizeof size[0]; k++) {
        size_t   n = size[k], m = n > 10000 ? 100 : N_SITE;
        uint8_t *gt = malloc(n * m);
        char     name[32];

        for (size_t j = 0; j < m; j++)
            make_site(j < N_SHAPE ? j : test_rand() % N_SHAPE, n, gt + j * n);
        (void) snprintf(name, sizeof name, "sites-%zu", n);
        write_store(scratch(name), n, m, gt);
        CHECK(sites_that_differ(scratch(name), n, m, gt) == 0);
        CHECK(sund_store_verify(scratch(name), NULL, NULL, NULL) == SUND_OK);
        free(gt);
    }
}

/** Tests above in processes of their own, since the path is chosen once. */
TEST(on_every_processor_path)
{
    static const char *const path[] = { "portable", "avx2", "avx512" }, *const only[] = { "every_encoding", "lists" };

    for (size_t k = 0; k < 6; k++) {
        int   status = 0;
        pid_t pid = (fflush(stdout), fork());

        if (pid == 0) {
            (void) setenv("SUND_CPU", path[k % 3], 1);
            (void) !freopen("/dev/null", "w", stdout);
            (void) execl("/proc/self/exe", "test_encodings", only[k / 3], (char *) NULL);
            _exit(127);
        }
        CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

/* ---- format 1 ---- */

static void list_v1(const uint8_t *gt, size_t n, uint8_t g, sund_buf *out)
{
    uint32_t count = 0, next = 0;

    for (size_t i = 0; i < n; i++)
        count += (gt[i] & 3) == g;
    sund_varint_write(count, out);
    for (uint32_t i = 0; i < n; i++)
        if ((gt[i] & 3) == g) {
            sund_varint_write(i - next, out);
            next = i + 1;
        }
}

static void bits_v1(const uint8_t *gt, size_t n, uint8_t g, bool hets_only, uint8_t flag, sund_buf *out)
{
    uint8_t byte = 0;
    size_t  k = 0;

    for (size_t i = 0; i < n; i++) {
        if (hets_only && (gt[i] & 3) != 1)
            continue;
        byte = (uint8_t) (byte | (flag ? (gt[i] & flag) != 0 : (gt[i] & 3) == g) << (k++ % 8));
        if (k % 8 == 0) {
            sund_buf_u8(out, byte);
            byte = 0;
        }
    }
    for (bool first = k % 8 != 0; first || (!hets_only && k % 64); first = false, byte = 0) { /* planes go on to the word's end */
        sund_buf_u8(out, byte);
        k = (k / 8 + 1) * 8;
    }
}

static void site_v1(const uint8_t *gt, size_t n, bool planes, sund_buf *out)
{
    size_t of[4] = { 0 }, n_phased = 0;

    for (size_t i = 0; i < n; i++) {
        of[gt[i] & 3]++;
        n_phased += (gt[i] & 3) == 1 && gt[i] & SUND_GT_PHASED;
    }
    if (planes) {
        bool dense = of[3] * 16 > n;

        bits_v1(gt, n, 1, false, 0, out);
        bits_v1(gt, n, 2, false, 0, out);
        sund_buf_u8(out, dense);
        if (dense)
            bits_v1(gt, n, 3, false, 0, out);
        else
            list_v1(gt, n, 3, out);
    }
    else {
        sund_buf_u8(out, of[2] > of[0] ? 2 : 0);
        list_v1(gt, n, 1, out);
        list_v1(gt, n, of[2] > of[0] ? 0 : 2, out);
        list_v1(gt, n, 3, out);
    }
    sund_buf_u8(out, n_phased == 0 ? 0 : n_phased == of[1] ? 1 : 2);
    if (n_phased && n_phased < of[1])
        bits_v1(gt, n, 0, true, SUND_GT_PHASED, out);
    if (n_phased)
        bits_v1(gt, n, 0, true, SUND_GT_ALT_FIRST, out);
}

typedef struct old_block { sund_buf raw; uint32_t first, last, n_site; } old_block;

/** A site's row, alleles, counts, and its genotypes into the block. Populations are in order of appearance: B first, which is person 0's; sexes i % 3. */
static void add_v1(uint32_t j, size_t n, const uint8_t *gt, uint32_t block, old_block *o, sund_buf file[N_STORE_FILE])
{
    sund_variant v = variant(j);
    size_t       from = o->raw.n;
    uint32_t     count[6][3] = { { 0 } };

    o->first = o->n_site++ ? o->first : j;
    o->last = j;
    site_v1(gt, n, block, &o->raw);
    sund_buf_u32(&file[F_SITES], v.pos_bp);
    sund_buf_u8(&file[F_SITES], (uint8_t) v.contig);
    sund_buf_u8(&file[F_SITES], SUND_KIND_SNV);
    sund_buf_u8(&file[F_SITES], (uint8_t) (1 + block));
    sund_buf_u8(&file[F_SITES], 0);
    sund_buf_u64(&file[F_SITES], file[F_ALLELES].n - HEAD_BYTES);
    sund_buf_u16(&file[F_SITES], (uint16_t) v.n_ref);
    sund_buf_u16(&file[F_SITES], (uint16_t) v.n_alt);
    sund_buf_u32(&file[F_SITES], block);
    sund_buf_u32(&file[F_SITES], (uint32_t) from);
    sund_buf_u32(&file[F_SITES], (uint32_t) (o->raw.n - from));
    sund_buf_put(&file[F_ALLELES], v.ref, v.n_ref);
    sund_buf_put(&file[F_ALLELES], v.alt, v.n_alt);
    for (size_t i = 0; i < n; i++)
        if (gt[i] & 3)
            count[(i % 5 ? 3 : 0) + i % 3][(gt[i] & 3) - 1]++;
    for (size_t k = 0; k < 6; k++)
        for (size_t c = 0; c < 3; c++)
            sund_buf_u16(&file[F_COUNTS], (uint16_t) count[k][c]);
}

static void close_v1(old_block *o, uint32_t block, sund_buf file[N_STORE_FILE])
{
    sund_buf packed = { 0 };

    CHECK(sund_buf_room(&packed, ZSTD_compressBound(o->raw.n)));
    if (block)
        packed.n = ZSTD_compress(packed.p, packed.cap, o->raw.p, o->raw.n, 3);
    else
        sund_buf_put(&packed, o->raw.p, o->raw.n);
    sund_buf_u64(&file[F_BLOCKS], file[F_GENOTYPES].n);
    sund_buf_u64(&file[F_BLOCKS], sund_sum64(packed.p, packed.n));
    sund_buf_u64(&file[F_BLOCKS], o->first);
    sund_buf_u64(&file[F_BLOCKS], o->last);
    sund_buf_u32(&file[F_BLOCKS], (uint32_t) o->raw.n);
    sund_buf_u32(&file[F_BLOCKS], (uint32_t) packed.n);
    sund_buf_u32(&file[F_BLOCKS], o->n_site);
    sund_buf_u32(&file[F_BLOCKS], block);
    sund_buf_put(&file[F_GENOTYPES], packed.p, packed.n);
    sund_buf_free(&packed);
    sund_buf_free(&o->raw);
}

/** Rewrites the store in dir, which has people and regions, as format 1: one block of lists, one of planes. */
static void write_v1(const char *dir, size_t n, size_t m, const uint8_t *gt)
{
    sund_buf  file[N_STORE_FILE] = { { 0 } }, text = { 0 };
    old_block o[2] = { { .n_site = 0 } };
    char      path[300], line[300];
    manifest  mf;

    CHECK(sund_manifest_read(dir, &mf, NULL) == SUND_OK);
    for (int f = 0; f < N_STORE_FILE; f++) {
        (void) snprintf(path, sizeof path, "%s/%s", dir, sund_store_file[f]);
        if (f == F_PEOPLE || f == F_REGIONS)
            CHECK(sund_file_read(path, 1 << 24, &file[f], NULL) == SUND_OK);
        else
            sund_buf_text(&file[f], sund_store_magic[f]);
        file[f].p[4] = '1';
    }
    for (uint32_t j = 0; j < m; j++)
        add_v1(j, n, gt + j * n, j % 2, &o[j % 2], file);
    for (uint32_t b = 0; b < 2; b++)
        close_v1(&o[b], b, file);
    sund_buf_u64(&file[F_SUMS], sund_sum64(file[F_SITES].p + HEAD_BYTES, file[F_SITES].n - HEAD_BYTES));
    sund_buf_u64(&file[F_SUMS], sund_sum64(file[F_COUNTS].p + HEAD_BYTES, file[F_COUNTS].n - HEAD_BYTES));
    mf.n_block = 2;
    for (int f = 0; f < N_STORE_FILE; f++) {
        (void) snprintf(path, sizeof path, "%s/%s", dir, sund_store_file[f]);
        CHECK(sund_file_write(path, file[f].p, file[f].n, 0600, NULL) == SUND_OK);
        mf.size[f] = file[f].n;
        mf.digest[f] = sund_digest_of(file[f].p, file[f].n);
        sund_buf_free(&file[f]);
    }
    sund_manifest_write(&mf, "test", &text);
    text.n -= 72; /* the digest's line, made again over format 1 */
    memcpy(text.p, "sund-store 1", 12);
    mf.self = sund_digest_of(text.p, text.n);
    (void) snprintf(line, sizeof line, "digest %s\n", sund_digest_hex(&mf.self).s);
    sund_buf_text(&text, line);
    (void) snprintf(path, sizeof path, "%s/manifest.txt", dir);
    CHECK(sund_file_write(path, text.p, text.n, 0600, NULL) == SUND_OK);
    sund_buf_free(&text);
}

TEST(a_store_of_format_1_is_read)
{
    size_t             n = 333, m = N_SITE;
    uint8_t           *gt = malloc(n * m), *code = malloc(n);
    sund_store        *s = NULL;
    sund_store_reader *r = NULL;
    sund_err           err = { SUND_OK, "" };
    sund_buf           b = { 0 };

    for (size_t j = 0; j < m; j++)
        make_site(j / 2 % N_SHAPE, n, gt + j * n);
    write_store(scratch("v1"), n, m, gt);
    write_v1(scratch("v1"), n, m, gt);
    CHECK(sites_that_differ(scratch("v1"), n, m, gt) == 0);
    CHECK(sund_store_verify(scratch("v1"), NULL, NULL, &err) == SUND_OK);
    CHECK(sund_store_open(&s, scratch("v1"), NULL) == SUND_OK && sund_store_reader_open(&r, s, NULL) == SUND_OK);
    for (size_t j = 0; j < m; j++) {
        sund_variant v = variant(j);
        sund_counts  c;
        size_t       row, het = 0;

        for (size_t i = 0; i < n; i++)
            het += (gt[j * n + i] & 3) == 1;
        CHECK(sund_store_find(s, &v, &row) && row == j && sund_store_counts(r, j, -1, -1, &c, NULL) == SUND_OK && c.het == het);
    }
    sund_store_reader_close(r);
    sund_store_close(s);
    CHECK(sund_file_read(scratch("v1/genotypes.bin"), 1 << 24, &b, NULL) == SUND_OK); /* damage is found in it as in any */
    b.p[b.n / 4] ^= 4;
    CHECK(sund_file_write(scratch("v1/genotypes.bin"), b.p, b.n, 0600, NULL) == SUND_OK);
    CHECK(sund_store_verify(scratch("v1"), NULL, NULL, &err) == SUND_E_FORMAT && strstr(err.msg, "block 0 (sites 20:"));
    sund_buf_free(&b);
    free(gt);
    free(code);
}

TEST(a_later_format_is_named)
{
    uint8_t  gt[3] = { 0, 1, 2 };
    sund_err err = { SUND_OK, "" };
    sund_buf b = { 0 };
    char     line[80];

    write_store(scratch("later"), 3, 1, gt);
    CHECK(sund_file_read(scratch("later/manifest.txt"), 1 << 20, &b, NULL) == SUND_OK);
    memcpy(b.p, "sund-store 3", 12);
    b.n -= 72;
    {
        sund_digest d = sund_digest_of(b.p, b.n);

        (void) snprintf(line, sizeof line, "digest %s\n", sund_digest_hex(&d).s);
    }
    sund_buf_text(&b, line);
    CHECK(sund_file_write(scratch("later/manifest.txt"), b.p, b.n, 0600, NULL) == SUND_OK);
    {
        sund_store *s = NULL;

        CHECK(sund_store_open(&s, scratch("later"), &err) == SUND_E_FORMAT && strstr(err.msg, "format 3") && strstr(err.msg, "later version"));
    }
    sund_buf_free(&b);
}
