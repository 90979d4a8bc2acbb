/* The two ways of reading a file (TSAN): ahead, by threads and lanes; and with SUND_IMPORT=slow line by line through htslib. Over every file of the
 * shared data, over lines that are odd in every way we know, and over blocks cut and bytes flipped anywhere, both must give the same rows, counts and
 * errors; with portable code, AVX2 and AVX-512, and any number of threads. Then whole stores, byte for byte, stopped on the way too. */
#include "base/file.h"
#include "store/import_priv.h"
#include "scratch.h"
#include "test.h"

#include <dirent.h>
#include <ftw.h>
#include <htslib/bgzf.h>
#include <htslib/hts_log.h>
#include <htslib/vcf.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAD                                                                                                           \
    "##fileformat=VCFv4.4\n##contig=<ID=20,length=63025520>\n##contig=<ID=X,length=155270560>\n##contig=<ID=Y>\n"      \
    "##contig=<ID=MT,length=16569>\n##contig=<ID=Un>\n##FILTER=<ID=q,Description=\"q\">\n"                             \
    "##INFO=<ID=T,Number=1,Type=String,Description=\"t\">\n##INFO=<ID=F,Number=0,Type=Flag,Description=\"f\">\n"       \
    "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"g\">\n"                                                        \
    "##FORMAT=<ID=GQ,Number=1,Type=Integer,Description=\"q\">\n"                                                       \
    "##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"d\">\n"                                                       \
    "##FORMAT=<ID=AD,Number=R,Type=Integer,Description=\"a\">\n"
#define COLS "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"

static void put(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0)
        abort();
}

/* ---- one way of reading, as text ---- */

typedef struct way {
    const char *cpu, *import;
    unsigned    threads;
} way;
static const way ways[] = { { "portable", "slow", 1 }, { "portable", "", 1 }, { "avx2", "", 2 }, { "avx512", "", 3 } };
enum { N_WAY = sizeof ways / sizeof *ways };

static void dump_row(const sund_stream *s, const sund_row *r, sund_buf *out)
{
    const uint64_t *het = r->plane;

    sund_variant_print(&r->v, out);
    sund_buf_printf(out, " %d %llu", (int) r->kind, (unsigned long long) r->line);
    for (size_t k = 0; k < SUND_N_PLANE; k++)
        for (size_t w = 0; w < s->n_word; w++) {
            uint64_t x = r->plane[k * s->n_word + w];

            if (k >= SUND_LANE_PHASED)
                x &= het[w];
            if (k == SUND_LANE_FIRST)
                x &= r->plane[SUND_LANE_PHASED * s->n_word + w];
            sund_buf_printf(out, "%s%llx", w ? "," : " ", (unsigned long long) x);
        }
    sund_buf_text(out, "\n");
}

/** Rows of a file, then counts or the error. how: bit 0 lenient, 1 filters, 2 some of the people in another order. */
static void dump_file(const char *path, unsigned how, unsigned threads, sund_buf *out)
{
    sund_import        in = { .file = &path, .n_file = 1, .lenient = how & 1, .n_thread = threads };
    sund_import_report report = { 0 };
    sund_import_at     where = { 0, 0, 0 };
    sund_import_job    job = { &in, SUND_GRCH37, NULL, &report, &where };
    sund_import_people people = { 0 };
    sund_stream        s = { 0 };
    sund_vcf          *v = NULL;
    sund_err           err = { 0 };
    sund_code          rc = sund_vcf_open(&v, path, &err);
    size_t             n = rc == SUND_OK ? sund_vcf_n_sample(v) : 0;
    int32_t           *person = calloc(n + 1, sizeof *person);
    sund_row          *row;

    if (how & 2) {
        in.min_gq = 20;
        in.min_dp = 5;
        in.min_ab = 0.2;
    }
    people.sex = calloc(n + 1, 1);
    for (size_t i = 0; i < n; i++)
        people.sex[i] = (uint8_t) (i * 7 % 3);
    for (size_t i = 0; i < n; i++)
        person[i] = how & 4 && i % 3 == 2 ? -1 : (int32_t) people.n++;
    for (size_t i = 0; i < n && how & 4; i++)
        person[i] = person[i] < 0 ? -1 : (int32_t) people.n - 1 - person[i];
    if (rc == SUND_OK && n) {
        rc = sund_stream_init(&s, &job, 0, v, person, &people, &err);
        while (rc == SUND_OK && (rc = sund_stream_fill(&s, &err)) == SUND_OK && (row = sund_stream_pop(&s))) {
            dump_row(&s, row, out);
            free(row);
        }
        sund_stream_free(&s);
    }
    else
        sund_vcf_close(v);
    sund_buf_printf(out, "%d %s; %llu records, %llu multi, %llu filtered, %llu half, %llu haploid het, %llu left out, %llu moved, %s\n", (int) rc, rc == SUND_OK ? "" : err.msg,
                    (unsigned long long) report.n_record, (unsigned long long) report.n_multiallelic, (unsigned long long) report.n_filtered_genotype,
                    (unsigned long long) report.n_half_call, (unsigned long long) report.n_haploid_het, (unsigned long long) report.n_left_out,
                    (unsigned long long) report.n_moved, report.first_left_out);
    free(person);
    free(people.sex);
}

/* ---- files to read ---- */

typedef struct file_list {
    char   (*path)[300];
    size_t   n;
} file_list;

static const char *add_file(file_list *l, const char *name)
{
    l->path = realloc(l->path, (l->n + 1) * sizeof *l->path);
    if (!l->path)
        abort();
    (void) snprintf(l->path[l->n], sizeof *l->path, "%s", name[0] == '/' ? name : scratch(name));
    return l->path[l->n++];
}

/** Every file by every way, each way in a process of its own since the processor's path is chosen once. Dumps are compared file by file. Of the bits of hows, a file takes one in `share`, the
 * next file the next ones. */
static void same_by_all_ways(const file_list *l, unsigned hows, unsigned share)
{
    sund_buf dump[N_WAY] = { 0 };
    size_t   sites = 0;

    for (int k = 0; k < N_WAY; k++) {
        char     name[32];
        pid_t    pid;
        int      status = 0;
        sund_err err;

        (void) snprintf(name, sizeof name, "dump%d", k);
        (void) fflush(stdout);
        pid = fork();
        if (pid == 0) {
            sund_buf out = { 0 };

            (void) setenv("SUND_CPU", ways[k].cpu, 1);
            (void) setenv("SUND_IMPORT", ways[k].import, 1);
            for (size_t f = 0; f < l->n; f++)
                for (unsigned how = 0; how < 8; how++)
                    if (hows >> how & 1 && (f + how) % share == 0) {
                        sund_buf_printf(&out, "@ %s %u\n", strrchr(l->path[f], '/'), how);
                        dump_file(l->path[f], how, ways[k].threads, &out);
                    }
            put(scratch(name), out.p, out.n);
            sund_buf_free(&out);
            exit(0);
        }
        CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
        if (status == 0 && sund_file_read(scratch(name), 1u << 30, &dump[k], &err) != SUND_OK)
            CHECK(!"no dump");
    }
    for (size_t i = 0; i < dump[0].n; i++)
        sites += dump[0].p[i] == '\n';
    for (int k = 1; k < N_WAY; k++) {
        size_t i = 0, from;

        while (i < dump[0].n && i < dump[k].n && dump[0].p[i] == dump[k].p[i])
            i++;
        if (i == dump[0].n && i == dump[k].n)
            continue;
        for (from = i; from > 0 && !(dump[0].p[from - 1] == '\n' && dump[0].p[from] == '@');)
            from--;
        fprintf(stderr, "# %s %s differs in%.100s:\n# %.300s\n# %.300s\n", ways[k].cpu, ways[k].import, (char *) dump[0].p + from + 1, (char *) dump[0].p + (i > 60 ? i - 60 : 0),
                (char *) dump[k].p + (i > 60 ? i - 60 : 0));
        CHECK(!"the ways of reading differ");
    }
    printf("# %zu files, %zu lines of rows and verdicts\n", l->n, sites);
    for (int k = 0; k < N_WAY; k++)
        sund_buf_free(&dump[k]);
}

/** Bytes as BGZF of blocks that end at each of cut[] (ascending) and at the end. */
static void in_blocks(const char *path, const void *p, size_t n, const size_t *cut, size_t n_cut)
{
    BGZF  *f = bgzf_open(path, "w1");
    size_t from = 0;

    for (size_t k = 0; k <= n_cut; k++) {
        size_t to = k < n_cut && cut[k] < n ? cut[k] < from ? from : cut[k] : n;

        if (!f || bgzf_write(f, (const char *) p + from, to - from) != (ssize_t) (to - from) || bgzf_flush(f) != 0)
            abort();
        from = to;
    }
    if (bgzf_close(f) != 0)
        abort();
}

static void in_any_blocks(const char *path, const sund_buf *b)
{
    size_t cut[64], n = test_rand() % 64;

    for (size_t k = 0; k < n; k++)
        cut[k] = b->n * (k + 1) / (n + 1) + test_rand() % 3;
    in_blocks(path, b->p, b->n, cut, n);
}

/* ---- odd lines ---- */

/* What a sample of the kind may be, one chosen each time. */
static const char *const kind_samples[][9] = {
    { "0|0", "0|1", "1|0", "1|1" },
    { "0/0", "0/1", "1/0", "1/1" },
    { "0/0", "0|1", "1/0", "1|1", "./.", ".|." },
    { "0/0", "0/1", "./1", "1/.", ".|0" },
    { "0", "1", ".", "0/1", "1|1" },
    { "0/0/1", "0/1", "././.", "1" },
    { "0/0", "0/2" },
    { "|0|1", "0|1", "/0/1" },
    { "0/0", "0/1 ", "0/1" },
    { "0/0", "", "0/1" },
    { "0/0", "0/1|", "0/1/" },
    { "0/0", "a/b", "0-1", "+1/0", "01/0", "0//1", "/1", "1/", "-" },
    { "0/0", "0/1\r" },
    { "0|0", "0|0", "0|0", "0|0", "0|0", "0|0", "0|0", "0|1" },
};
/* With more fields behind. */
static const char *const field_samples[][9] = {
    { "0/0:20:10:5,5", "0/1:19:4:5,5", "1|0:99:10:1,9", "1/1:30:9:0,9" },
    { "0/0", "0/1:19", "1|0:99:10", "./.", "./.:.:." },
    { "0/1:20:10:5,5:9", "0/0:1" },
    { "0/0:", "0/1::", "1/1:::" },
    { ":1", "0/1:1" },
    { "0:1", "0/1:2", "1|1|1:3" },
    { "0/1:x:-:,", "1/1:1e9:99999999999:0,0" },
};
enum { N_KIND = sizeof kind_samples / sizeof *kind_samples, N_FIELD = sizeof field_samples / sizeof *field_samples };

static const char *pick(const char *const *list, size_t max)
{
    size_t n = 0;

    while (n < max && list[n])
        n++;
    return list[test_rand() % n];
}

static void put_samples(sund_buf *b, size_t n, const char *const *list)
{
    for (size_t i = 0; i < n; i++) /* mostly the first, as real lines are */
        sund_buf_printf(b, "\t%s", test_rand() % 4 ? list[0] : pick(list, 9));
}

static void put_multi(sund_buf *b, size_t n, unsigned n_alt)
{
    for (size_t i = 0; i < n; i++)
        sund_buf_printf(b, "\t%u%c%u", (unsigned) (test_rand() % (n_alt + 1)), "/|"[test_rand() % 2], (unsigned) (test_rand() % (n_alt + 1)));
}

/** One record of n samples; sound ones follow each other in order. */
static void put_line(sund_buf *b, const char *contig, unsigned pos, size_t n, bool odd)
{
    static const char *const formats[] = { "GT:GQ:DP:AD", "GQ:GT", "GQ", "GT:GT", "GT::GQ", "GT:", "gt" };
    static const char *const alleles[] = { "A\tT", "a\tt", "A\t<DEL>", "A\t*", "A\t.", "A\t<NON_REF>", "AC\tA", "A\tACCC", "AT\tGC", "A\tA", "A\tX", "\tT", "A\t", "A\tA[20:5[" };
    unsigned what = odd ? (unsigned) (test_rand() % 16) : 0;
    size_t   from = b->n;

    sund_buf_printf(b, "%s\t%u\t.\t", contig, pos);
    if (what == 1)
        sund_buf_printf(b, "%s\t.\tPASS\tT=x;F\tGT", alleles[test_rand() % (sizeof alleles / sizeof *alleles)]);
    else if (what == 2)
        sund_buf_text(b, "A\tC,G,T,AA,AC,AG,AT,CA,CC,CG,CT,GA\t.\t.\t.\tGT");
    else if (what == 3)
        sund_buf_text(b, "A\tC,<DEL>\t.\tq\t.\tGT");
    else if (what == 4)
        sund_buf_printf(b, "A\tT\t.\t.\t.\t%s", formats[1 + test_rand() % 6]);
    else
        sund_buf_printf(b, "A\tT\t.\t.\t%s\t%s", test_rand() % 8 ? "." : "F", what >= 5 && what < 10 ? formats[0] : "GT");
    if (what == 2 || what == 3)
        put_multi(b, n, what == 2 ? 12 : 2);
    else if (what >= 5 && what < 10)
        put_samples(b, what == 9 && test_rand() % 4 == 0 ? 0 : n, field_samples[test_rand() % N_FIELD]);
    else
        put_samples(b, what == 10 ? n - 1 : what == 11 ? n + 1 : what == 15 ? 0 : n, kind_samples[odd ? test_rand() % N_KIND : test_rand() % 3]);
    if (what == 12)
        b->p[from + test_rand() % (b->n - from)] = (uint8_t) test_rand();
    if (what == 13)
        sund_buf_printf(b, "\r");
    if (what == 14 && test_rand() % 4 == 0)
        sund_buf_printf(b, "\n");
    sund_buf_printf(b, "\n");
}

static void make_text(sund_buf *b, size_t n, size_t m, unsigned odd)
{
    static const char *const contig[] = { "20", "X", "X", "X", "Y", "MT", "Un" };
    static const unsigned    first[] = { 1000, 2690000, 2699500, 154930000, 8000000, 100, 5 }; /* X: in, at the end of, behind the PAR; before the other */

    sund_buf_clear(b);
    sund_buf_text(b, HEAD COLS);
    for (size_t i = 0; i < n; i++)
        sund_buf_printf(b, "\ts%zu", i);
    sund_buf_text(b, "\n");
    for (size_t k = 0; k < sizeof contig / sizeof *contig; k++)
        for (size_t j = 0; j < (k ? m / 8 : m); j++)
            put_line(b, contig[k], first[k] + (unsigned) (j * (k == 2 ? 200 : 11) + test_rand() % 8), n, test_rand() % 100 < odd);
    if (test_rand() % 4 == 0)
        b->n--; /* no end of the last line */
}

/** The records that htslib takes, as BCF; false when it takes none. */
static bool to_bcf(const char *from, const char *to, const char *mode)
{
    htsFile   *in = hts_open(from, "r"), *out = hts_open(to, mode);
    bcf_hdr_t *h = in ? bcf_hdr_read(in) : NULL;
    bcf1_t    *r = bcf_init();
    int        got, n = 0;

    hts_set_log_level(HTS_LOG_OFF);
    if (h && out && bcf_hdr_write(out, h) == 0)
        while ((got = bcf_read(in, h, r)) >= 0 || (got < -1 && r->errcode))
            if (got >= 0 && bcf_write(out, h, r) == 0)
                n++;
    bcf_destroy(r);
    if (h)
        bcf_hdr_destroy(h);
    if (in)
        (void) hts_close(in);
    if (out)
        (void) hts_close(out);
    return n > 0;
}

TEST(odd_lines_of_every_kind)
{
    static const size_t people[] = { 1, 2, 3, 63, 64, 65, 130, 700 };
    sund_buf            b = { 0 };
    file_list           l = { 0 };
    char                name[64];

    for (int k = 0; k < 96; k++) {
        make_text(&b, people[k % 8], 40, k % 3 == 0 ? 5 : k % 3 == 1 ? 40 : 0);
        (void) snprintf(name, sizeof name, "odd%d.vcf.gz", k);
        in_any_blocks(add_file(&l, name), &b);
        if (k % 16 == 5) {
            (void) snprintf(name, sizeof name, "odd%d.vcf", k);
            put(add_file(&l, name), b.p, b.n);
        }
    }
    same_by_all_ways(&l, 0x3F, 2);
    free(l.path);
    sund_buf_free(&b);
}

TEST(binary_records)
{
    static const size_t people[] = { 1, 3, 64, 65, 200 };
    sund_buf            b = { 0 };
    file_list           l = { 0 };
    char                name[64], from[64];

    for (int k = 0; k < 25; k++) {
        make_text(&b, people[k % 5], 60, k % 2 ? 30 : 3);
        (void) snprintf(from, sizeof from, "from%d.vcf", k);
        put(scratch(from), b.p, b.n);
        (void) snprintf(name, sizeof name, "binary%d.bcf", k);
        if (!to_bcf(scratch(from), scratch(name), k % 8 == 7 ? "wbu" : "wb"))
            continue;
        (void) add_file(&l, name);
    }
    CHECK(l.n > 15);
    same_by_all_ways(&l, 0x3F, 1);
    free(l.path);
    sund_buf_free(&b);
}

/* A line whose length is many stretches, and one behind it. */
TEST(very_long_lines)
{
    sund_buf  b = { 0 };
    file_list l = { 0 };

    make_text(&b, 3, 4, 0);
    sund_buf_clear(&b);
    sund_buf_text(&b, HEAD COLS "\ta\tb\tc\n20\t5\t.\tA\tT\t.\t.\tT=");
    for (size_t i = 0; i < 5000000; i++)
        sund_buf_u8(&b, (uint8_t) ('a' + test_rand() % 26));
    sund_buf_text(&b, "\tGT\t0|1\t1|1\t0/0\n20\t6\t.\tA\tT\t.\t.\t.\tGT\t0|1\t1|1\t./.\n");
    in_blocks(add_file(&l, "long.vcf.gz"), b.p, b.n, NULL, 0);
    same_by_all_ways(&l, 1, 1);
    free(l.path);
    sund_buf_free(&b);
}

/* ---- where blocks are cut, and what is damaged ---- */

static const char small[] = HEAD COLS "\ta\tb\tc\n20\t5\trs1\tA\tT\t.\t.\tF\tGT\t0|1\t1|1\t0/0\n20\t6\t.\tA\tT,C\t.\t.\t.\tGT\t0|1\t2|1\t./.\n"
                                      "20\t7\t.\tA\tT\t.\tq\t.\tGT:GQ\t0|1:7\t1|1\t./.:1\n";

TEST(blocks_cut_anywhere)
{
    file_list l = { 0 };
    size_t    n = sizeof small - 1, head = (size_t) (strstr(small, "20\t5") - small);
    char      name[64];

    for (size_t cut = head - 10; cut < n; cut++) {
        size_t two[2] = { cut, cut + test_rand() % 9 };

        (void) snprintf(name, sizeof name, "cut%zu.vcf.gz", cut);
        in_blocks(add_file(&l, name), small, n, two, 2);
    }
    same_by_all_ways(&l, 1, 1);
    free(l.path);
}

/** Every cut of the file of these bytes, and every byte of it altered. */
static void damage(file_list *l, const char *stem, const char *ext, const sund_buf *b, size_t from)
{
    char name[64];

    for (size_t i = from; i < b->n; i++) {
        uint8_t was = b->p[i];

        (void) snprintf(name, sizeof name, "%s-short%zu.%s", stem, i, ext);
        put(add_file(l, name), b->p, i);
        b->p[i] = (uint8_t) (was ^ (1u << test_rand() % 8));
        (void) snprintf(name, sizeof name, "%s-flip%zu.%s", stem, i, ext);
        put(add_file(l, name), b->p, b->n);
        b->p[i] = was;
    }
}

TEST(damaged_blocks)
{
    sund_buf    b = { 0 };
    file_list   l = { 0 };
    sund_err    err;
    size_t      cut[3] = { sizeof small - 130, sizeof small - 80, sizeof small - 40 };

    in_blocks(scratch("whole.vcf.gz"), small, sizeof small - 1, cut, 3);
    CHECK(sund_file_read(scratch("whole.vcf.gz"), 1 << 20, &b, &err) == SUND_OK);
    damage(&l, "block", "vcf.gz", &b, b.n - 400);
    /* two files joined, a gzip member that is no BGZF, and rubbish, behind what is sound */
    b.n -= 28;
    for (int k = 0; k < 4; k++) {
        sund_buf joined = { 0 };
        char     name[32];

        sund_buf_put(&joined, b.p, b.n);
        if (k == 1)
            sund_buf_put(&joined, "\37\213\10\0\0\0\0\0\0\3\113\344\2\0\7\241\352\335\2\0\0\0", 22);
        if (k == 2)
            sund_buf_put(&joined, "rubbish that is longer than a head", 34);
        if (k != 3)
            sund_buf_put(&joined, "\37\213\10\4\0\0\0\0\0\377\6\0BC\2\0\33\0\3\0\0\0\0\0\0\0\0\0", 28);
        (void) snprintf(name, sizeof name, "joined%d.vcf.gz", k);
        put(add_file(&l, name), joined.p, joined.n);
        sund_buf_free(&joined);
    }
    same_by_all_ways(&l, 1, 1);
    free(l.path);
    sund_buf_free(&b);
}

TEST(damaged_binary_records)
{
    sund_buf    whole = { 0 };
    file_list   l = { 0 };
    sund_err    err;
    char        name[64];
    size_t      head;

    put(scratch("small.vcf"), small, sizeof small - 1);
    CHECK(to_bcf(scratch("small.vcf"), scratch("small.u.bcf"), "wbu"));
    CHECK(sund_file_read(scratch("small.u.bcf"), 1 << 20, &whole, &err) == SUND_OK);
    head = 9 + (whole.p[5] | (size_t) whole.p[6] << 8);
    for (size_t i = head; i < whole.n; i++) { /* blocks are sound, bytes in them are not */
        uint8_t was = whole.p[i];

        for (int k = 0; k < 3; k++) {
            whole.p[i] = (uint8_t) (k == 2 ? was + 1u : was ^ (1u << test_rand() % 8));
            (void) snprintf(name, sizeof name, "record%zu-%d.bcf", i, k);
            in_blocks(add_file(&l, name), whole.p, whole.n, &i, 1);
        }
        whole.p[i] = was;
        (void) snprintf(name, sizeof name, "record%zu-short.bcf", i);
        in_blocks(add_file(&l, name), whole.p, i, &head, 1);
    }
    same_by_all_ways(&l, 2, 1);
    free(l.path);
    sund_buf_free(&whole);
}

/* ---- the shared data, whole stores ---- */

static bool ends(const char *s, const char *with) { return strlen(s) > strlen(with) && strcmp(s + strlen(s) - strlen(with), with) == 0; }

static file_list found;
static size_t    n_root; /* length of the folder's name that was searched */

static int find(const char *path, const struct stat *st, int kind, struct FTW *f)
{
    sund_buf b = { 0 };
    sund_err err;
    char     name[64];

    (void) f;
#ifdef __SANITIZE_THREAD__ /* fifteen times slower: an eighth of the files, the same ones wherever the shared data stand */
    unsigned sum = 0;

    for (const char *c = path + n_root; *c; c++)
        sum = sum * 31 + (uint8_t) *c;
    if (kind == FTW_F && sum / 8 % 8)
        return 0;
#endif
    if (kind != FTW_F || st->st_size > 8 << 20 || !(ends(path, ".vcf") || ends(path, ".vcf.gz") || ends(path, ".bcf")) || strlen(path) >= sizeof *found.path)
        return 0;
    (void) add_file(&found, path);
    if (ends(path, ".vcf") && sund_file_read(path, 8 << 20, &b, &err) == SUND_OK) { /* the same in blocks, so that it is read ahead */
        (void) snprintf(name, sizeof name, "shared%zu.vcf.gz", found.n);
        in_any_blocks(add_file(&found, name), &b);
    }
    sund_buf_free(&b);
    return 0;
}

TEST(every_file_of_the_shared_data)
{
    const char *root = getenv("SUND_SHARED");
    char        path[600];
    struct stat st;

    (void) snprintf(path, sizeof path, "%s/data", root && *root ? root : "../shared");
    if (stat(path, &st) != 0) {
        fprintf(stderr, "# skipped: no shared data\n");
        return;
    }
    n_root = strlen(path);
    CHECK(nftw(path, find, 16, FTW_PHYS) == 0);
    CHECK(found.n > 20);
    same_by_all_ways(&found, 0x15, 3);
    free(found.path);
}

static const char *const store_files[] = { "manifest.txt", "people.bin", "regions.bin", "sites.bin", "alleles.bin", "counts.bin", "genotypes.bin", "blocks.bin", "sums.bin" };

static bool same_stores(const char *a, const char *b)
{
    bool same = true;

    for (size_t f = 0; f < sizeof store_files / sizeof *store_files; f++) {
        char     path[2][300];
        sund_buf x = { 0 }, y = { 0 };
        sund_err err;

        (void) snprintf(path[0], sizeof path[0], "%s/%s", a, store_files[f]);
        (void) snprintf(path[1], sizeof path[1], "%s/%s", b, store_files[f]);
        same = same && sund_file_read(path[0], 1u << 30, &x, &err) == SUND_OK && sund_file_read(path[1], 1u << 30, &y, &err) == SUND_OK && x.n == y.n && memcmp(x.p, y.p, x.n) == 0;
        sund_buf_free(&x);
        sund_buf_free(&y);
    }
    return same;
}

static sund_code import_to(const char *dir, const char *const *file, size_t n_file, unsigned threads, bool slow, sund_err *err)
{
    sund_import        in = { .file = file, .n_file = n_file, .dir = dir, .assembly = SUND_GRCH37, .n_thread = threads };
    sund_import_report report;

    (void) setenv("SUND_IMPORT", slow ? "slow" : "", 1);
    return sund_store_import(&in, &report, err);
}

/* Many sites, so that checkpoints are passed; of one file, and of two of different people. */
TEST(whole_stores_by_both_ways_and_when_killed)
{
    enum { SITES = 40000, PEOPLE = 60 };
    sund_buf    b = { 0 };
    char        names[2][160];
    const char *file[2] = { names[0], names[1] };
    sund_err    err = { 0 };
    int         n_killed = 0;

    for (int f = 0; f < 2; f++) {
        sund_buf_clear(&b);
        sund_buf_text(&b, HEAD COLS);
        for (int i = 0; i < PEOPLE; i++)
            sund_buf_printf(&b, "\tf%d-%d", f, i);
        sund_buf_text(&b, "\n");
        for (unsigned j = 0; j < SITES; j++) {
            if (test_rand() % 8 == 0 && f)
                continue; /* a site that only the other has */
            sund_buf_printf(&b, "20\t%u\t.\tA\t%s\t.\t.\t.\tGT", 1000u + 3 * j, j % 50 ? "T" : "T,C");
            put_samples(&b, PEOPLE, kind_samples[test_rand() % 8 ? 13 : 2]);
            sund_buf_text(&b, "\n");
        }
        (void) snprintf(names[f], sizeof names[f], "%s", scratch(f ? "two.vcf.gz" : "one.vcf.gz"));
        in_blocks(names[f], b.p, b.n, NULL, 0);
    }
    for (size_t n = 1; n <= 2; n++) {
        char dir[4][160];

        for (int k = 0; k < 4; k++) {
            char name[32];

            (void) snprintf(name, sizeof name, "store%zu-%d", n, k);
            (void) snprintf(dir[k], sizeof dir[k], "%s", scratch(name));
        }
        CHECK(import_to(dir[0], file, n, 1, true, &err) == SUND_OK);
        CHECK(import_to(dir[1], file, n, 1, false, &err) == SUND_OK);
        CHECK(import_to(dir[2], file, n, 2, false, &err) == SUND_OK);
        for (int k = 0; k < 6; k++) { /* killed at ever later moments, then to the end */
            pid_t pid;
            int   status;

            (void) fflush(stdout);
            pid = fork();

            if (pid == 0)
                _exit(import_to(dir[3], file, n, 2, false, &err) == SUND_OK ? 0 : 1);
            (void) usleep((useconds_t) (20000 * (k + 1)));
            (void) kill(pid, SIGKILL);
            CHECK(waitpid(pid, &status, 0) == pid);
            n_killed += WIFSIGNALED(status);
            (void) usleep(20000); /* its reader dies with it */
            if (WIFEXITED(status))
                break;
        }
        if (access(dir[3], F_OK) != 0)
            CHECK(import_to(dir[3], file, n, 3, false, &err) == SUND_OK);
        if (err.msg[0])
            fprintf(stderr, "# %s\n", err.msg);
        for (int k = 1; k < 4; k++)
            CHECK(same_stores(dir[0], dir[k]));
    }
    printf("# killed %d times\n", n_killed);
    sund_buf_free(&b);
}
