#include "base/file.h"
#include "store/import_priv.h"
#include "scratch.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <htslib/vcf.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAD37 "##fileformat=VCFv4.2\n##contig=<ID=20,length=63025520>\n"
#define FORMATS                                                                                                        \
    "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"g\">\n##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="      \
    "\"q\">\n"                                                                                                         \
    "##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"d\">\n##FORMAT=<ID=AD,Number=R,Type=Integer,Description="     \
    "\"a\">\n"
#define COLS   "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"
#define DIPL   ".\t.\t.\tGT"

static const char *put_bytes(const char *name, const void *p, size_t n)
{
    sund_err err;

    if (sund_file_write(scratch(name), p, n, 0600, &err) != SUND_OK)
        abort();
    return scratch(name);
}

static const char *put(const char *name, const char *text) { return put_bytes(name, text, strlen(text)); }

/* The whole store as text: "20-101-A-T:01r." a site. r: phased ref|alt, a: phased alt|ref. */
static const char *dump(const char *dir)
{
    static char            out[8192];
    sund_store            *s = NULL;
    sund_store_reader     *r = NULL;
    sund_buf               text = { 0 };
    sund_err               err = { 0 };
    sund_site              site;
    sund_gt                gt;
    const sund_store_info *info;
    uint8_t               *code;

    out[0] = 0;
    if (sund_store_open(&s, dir, &err) != SUND_OK || sund_store_reader_open(&r, s, &err) != SUND_OK)
        (void) snprintf(out, sizeof out, "%s", err.msg);
    info = s ? sund_store_describe(s) : NULL;
    code = malloc(info ? info->n_person + 1 : 1);
    for (size_t j = 0; r && info && j < info->n_site; j++) {
        const uint64_t *phased = NULL, *first = NULL;
        bool            any = false;
        sund_store_site(s, j, &site);
        sund_variant_print(&site.v, &text);
        sund_buf_text(&text, ":");
        CHECK(sund_store_read(r, j, &gt, &err) == SUND_OK);
        sund_gt_codes(&gt, info->n_person, code);
        CHECK(sund_store_phase(r, j, &phased, &first, &any, &err) == SUND_OK);
        for (size_t i = 0; i < info->n_person; i++) {
            char c = "012."[code[i] & 3];
            if (any && code[i] == 1 && phased[i / 64] >> i % 64 & 1)
                c = first[i / 64] >> i % 64 & 1 ? 'a' : 'r';
            sund_buf_u8(&text, (uint8_t) c);
        }
        sund_buf_text(&text, " ");
    }
    if (text.n)
        (void) snprintf(out, sizeof out, "%.*s", (int) text.n - 1, (const char *) text.p);
    free(code);
    sund_buf_free(&text);
    sund_store_reader_close(r);
    sund_store_close(s);
    return out;
}

typedef struct outcome {
    sund_code          code;
    sund_err           err;
    sund_import_report report;
    char               text[8192];
} outcome;

static int n_store;

/* Imports in a child, and then here, where a leak would be seen: both must say the same. */
static const outcome *run(sund_import in)
{
    static outcome     o;
    char               name[32];
    const char        *dir;
    sund_import_at     where = { 0, 0, 0 };
    sund_import_report here = { 0 };
    sund_err           err = { 0 };

    memset(&o, 0, sizeof o);
    (void) snprintf(name, sizeof name, "store%d", n_store++);
    in.dir = dir = scratch(name);
    o.code = sund_store_import(&in, &o.report, &o.err);
    if (o.code == SUND_OK)
        (void) snprintf(o.text, sizeof o.text, "%s", dump(dir));
    (void) snprintf(name, sizeof name, "store%d", n_store++);
    in.dir = scratch(name);
    CHECK(sund_import_here(&in, &here, &where, &err) == o.code);
    CHECK(memcmp(&here, &o.report, sizeof here) == 0);
    CHECK(strcmp(err.msg, o.err.msg) == 0);
    if (o.code != SUND_OK)
        CHECK(!sund_file_exists(dir));
    return &o;
}

static const outcome *run_files(sund_import in, const char *a, const char *b)
{
    const char *file[2] = { a, b };

    in.file = file;
    in.n_file = b ? 2 : 1;
    return run(in);
}

/* One file of records for the samples named in `names` (tab before each). */
static const char *vcf_of(const char *name, const char *names, const char *records)
{
    char *text = NULL;

    if (asprintf(&text, "%s%s%s\n%s", HEAD37, COLS, names, records) < 0)
        abort();
    (void) put(name, text);
    free(text);
    return scratch(name);
}

static const sund_import plain = { .assembly = SUND_GRCH37 };

static const outcome *run_one(const char *names, const char *records)
{
    return run_files(plain, vcf_of("one.vcf", names, records), NULL);
}

static bool says(const outcome *o, const char *what)
{
    bool ok = strstr(o->err.msg, what) != NULL;

    if (!ok)
        fprintf(stderr, "# code %d, text \"%s\", message: %s\n", (int) o->code, o->text, o->err.msg);
    return ok;
}

static bool holds(const outcome *o, const char *what)
{
    bool ok = o->code == SUND_OK && strcmp(o->text, what) == 0;

    if (!ok)
        fprintf(stderr, "# code %d, message: %s\n# got  %s\n# want %s\n", (int) o->code, o->err.msg, o->text, what);
    return ok;
}

TEST(genotypes_and_phase)
{
    const outcome *o = run_one("\ta\tb\tc\td\te\tf", "20\t101\t.\tA\tT\t" DIPL "\t0/0\t0/1\t0|1\t1|0\t1|1\t./.\n");

    CHECK(holds(o, "20-101-A-T:01ra2."));
    CHECK(o->report.n_record == 1 && o->report.n_site == 1 && o->report.n_person == 6 && o->report.n_left_out == 0);
}

TEST(other_fields_are_skipped_and_info_is_not_read)
{
    CHECK(holds(run_one("\ta\tb", "20\t101\trs1\ta\tt\t50\tPASS\tAC=9;AN=nonsense\tGT:XX:GQ\t0/1:.:9\t1/1\n"),
                "20-101-A-T:12"));
}

TEST(multiallelic_records_are_split)
{
    const outcome *o = run_one("\ta\tb\tc\td\te", "20\t101\t.\tA\tT,G,*\t" DIPL "\t1/2\t0|2\t2|1\t3/0\t2/2\n");

    CHECK(holds(o, "20-101-A-*:00010 20-101-A-G:1ra02 20-101-A-T:10r00"));
    CHECK(o->report.n_multiallelic == 1 && o->report.n_site == 3);
}

TEST(rows_are_trimmed_and_come_out_in_order)
{
    /* the second allele of the first record begins at 104 when trimmed, behind the next record's 102 */
    const outcome *o =
        run_one("\ta", "20\t101\t.\tACGTA\tT,ACGT,ACGGA\t" DIPL "\t1/3\n20\t102\t.\tC\tG\t" DIPL "\t0/1\n");

    CHECK(holds(o, "20-101-ACGTA-T:1 20-102-C-G:1 20-104-T-G:1 20-104-TA-T:0"));
    CHECK(o->report.n_moved == 2);
}

TEST(left_alignment_over_the_reference)
{
    const char *ref = put("ref.fa", ">20:101-120\nGCATATATATGGGGCCCCAA\n");
    sund_import in = plain;

    in.reference = ref;
    /* deleting the last AT of ATATATAT (103..110), and an SNV in between */
    CHECK(holds(run_files(in,
                          vcf_of("one.vcf", "\ta\tb",
                                 "20\t104\t.\tT\tC\t" DIPL "\t0/1\t0/0\n20\t108\t.\tTAT\tT\t" DIPL "\t0/0\t1/1\n"),
                          NULL),
                "20-102-CAT-C:02 20-104-T-C:10"));
    CHECK(says(run_files(in, vcf_of("one.vcf", "\ta", "20\t104\t.\tG\tC\t" DIPL "\t0/1\n"), NULL),
               "one.vcf:4: 20:104: REF differs from the reference"));
}

TEST(kinds_without_sequence_are_kept)
{
    const outcome *o = run_one("\ta", "20\t101\t.\tA\t<DEL>\t" DIPL "\t0/1\n20\t102\t.\tC\tC[20:500[\t" DIPL
                                      "\t1/1\n20\t103\t.\tG\t.\t" DIPL "\t0/0\n"
                                      "20\t104\t.\tG\t<NON_REF>\t" DIPL "\t0/0\n");
    CHECK(holds(o, "20-101-A-<DEL>:1 20-102-C-C[20:500[:2"));
    CHECK(o->report.n_record == 4 && o->report.n_site == 2);
}

TEST(copies_by_sex)
{
    static const char people[] = "person\tsex\tpopulation\nm\tM\tP\nf\tF\tP\nu\tU\tQ\n";
    static const char records[] = "X\t100\t.\tA\tT\t" DIPL "\t0/1\t0/1\t0/1\n"     /* before PAR1 */
                                  "X\t100000\t.\tA\tT\t" DIPL "\t0/1\t0/1\t0/1\n"  /* PAR1 */
                                  "X\t5000000\t.\tA\tC\t" DIPL "\t1\t0/1\t1\n"     /* haploid */
                                  "X\t5000000\t.\tA\tG\t" DIPL "\t1/.\t1/.\t0/0\n" /* half */
                                  "X\t5000000\t.\tA\tT\t" DIPL "\t1/1\t./1\t1/1\n"
                                  "Y\t5000000\t.\tA\tT\t" DIPL "\t1\t1\t1\n"
                                  "MT\t500\t.\tA\tT\t" DIPL "\t1/1\t1\t0/1\n";
    sund_import    in = plain;
    const outcome *o;

    in.samples = put("people.tsv", people);
    o = run_files(in, vcf_of("one.vcf", "\tm\tf\tu", records), NULL);
    CHECK(holds(o, "X-100-A-T:.11 X-100000-A-T:111 X-5000000-A-C:21. X-5000000-A-G:2.0 X-5000000-A-T:2.2 "
                   "Y-5000000-A-T:2.. MT-500-A-T:22."));
    CHECK(o->report.n_haploid_het == 2);
    CHECK(o->report.n_half_call == 3);
}

TEST(more_copies_than_two_are_missing)
{
    const outcome *o = run_one("\ta\tb", "20\t101\t.\tA\tT\t" DIPL "\t0/1/1\t./././.\n");

    CHECK(holds(o, "20-101-A-T:.."));
    CHECK(o->report.n_half_call == 1);
}

TEST(filters)
{
    sund_import    in = plain;
    const outcome *o;
    const char    *f = put("one.vcf", HEAD37 FORMATS COLS "\ta\tb\tc\td\te\tf\n"
                              "20\t101\t.\tA\tT\t.\t.\t.\tGT:GQ:DP:AD\t0/1:20:10:5,5\t0/1:19:10:5,5\t0/1:20:9:5,4\t0/"
                                 "1:20:10:9,1\t1/1:20:10:0,10\t0/0:99\n");

    in.min_gq = 20;
    o = run_files(in, f, NULL);
    CHECK(holds(o, "20-101-A-T:1.1120") && o->report.n_filtered_genotype == 1);
    in.min_dp = 10;
    o = run_files(in, f, NULL);
    CHECK(holds(o, "20-101-A-T:1..12.") && o->report.n_filtered_genotype == 3);
    in = plain;
    in.min_ab = 0.2;
    o = run_files(in, f, NULL);
    CHECK(holds(o, "20-101-A-T:111.20") && o->report.n_filtered_genotype == 1);
}

TEST(samples_select_and_order)
{
    sund_import in = plain;
    const char *f = vcf_of("one.vcf", "\ta\tb\tc", "20\t101\t.\tA\tT\t" DIPL "\t0/0\t0/1\t1/1\n");

    in.samples = put("people.tsv", "person\tsex\tpopulation\tcountry\nc\tF\tX\tFI\nb\tM\tY\tSE\na\tU\tX\tFI\n");
    CHECK(holds(run_files(in, f, NULL), "20-101-A-T:210"));
    in.keep_column = "country";
    in.keep_value = "FI";
    CHECK(holds(run_files(in, f, NULL), "20-101-A-T:20"));
    in.keep_value = "DE";
    CHECK(says(run_files(in, f, NULL), "no row with country = DE"));
    in.keep_column = "land";
    CHECK(says(run_files(in, f, NULL), "land"));
    in.keep_column = NULL;
    in.samples = put("people.tsv", "person\tsex\na\tF\nmallory\tM\n");
    CHECK(says(run_files(in, f, NULL), "people.tsv:3: none of the files has a sample of this person's name"));
    CHECK(!strstr(run_files(in, f, NULL)->err.msg, "mallory"));
    in.samples = put("people.tsv", "person\tsex\na\tF\nb\tM\na\tF\n");
    CHECK(says(run_files(in, f, NULL), "lines 2 and 4 are the same person"));
    in.samples = put("people.tsv", "person\tsex\na\tfemale\n");
    CHECK(says(run_files(in, f, NULL), "people.tsv:2: sex must be M, F or U"));
}

TEST(files_of_different_people_are_merged)
{
    sund_import in = plain;
    const char *a = vcf_of("a.vcf", "\ta\tb",
                           "20\t101\t.\tA\tT\t" DIPL "\t0/1\t1/1\n20\t201\t.\tC\tG\t" DIPL
                           "\t0/1\t0/1\n20\t301\t.\tC\tG\t" DIPL "\t0/1\t0/1\n");
    const char *b =
        vcf_of("b.vcf", "\tc",
               "20\t101\t.\tA\tT\t" DIPL "\t1|0\n20\t150\t.\tA\tT\t" DIPL "\t1/1\n20\t201\t.\tC\tG,T\t" DIPL "\t1/2\n");

    CHECK(holds(run_files(in, a, b), "20-101-A-T:12a 20-150-A-T:..2 20-201-C-G:111 20-201-C-T:..1 20-301-C-G:11."));
    /* callable [200, 300) holds position 201 alone */
    in.callable = put("callable.bed", "20\t250\t300\n20\t200\t260\nGL000191.1\t1\t5\n");
    CHECK(holds(run_files(in, a, b), "20-101-A-T:12a 20-150-A-T:..2 20-201-C-G:111 20-201-C-T:001 20-301-C-G:11."));
    in.callable = put("callable.bed", "20\t250\t200\n");
    CHECK(says(run_files(in, a, b), "callable.bed:1"));
}

TEST(same_people_in_other_regions)
{
    const char *a = vcf_of("a.vcf", "\ta\tb", "20\t101\t.\tA\tT\t" DIPL "\t0/1\t1/1\n");
    const char *b = vcf_of("b.vcf", "\tb\ta", "21\t101\t.\tA\tT\t" DIPL "\t0/0\t0/1\n");

    CHECK(holds(run_files(plain, b, a), "20-101-A-T:21 21-101-A-T:01"));
}

TEST(a_genotype_given_twice)
{
    sund_import    in = plain;
    const char    *a = vcf_of("a.vcf", "\ta\tb", "20\t101\t.\tA\tT\t" DIPL "\t0/1\t1/1\n");
    const char    *b = vcf_of("b.vcf", "\tb\tc", "20\t101\t.\tA\tT\t" DIPL "\t0/0\t1/1\n");
    const outcome *o = run_files(in, a, b);

    CHECK(says(o, "b.vcf:4: 20:101") && says(o, "a.vcf:4"));
    in.lenient = true;
    o = run_files(in, a, b);
    CHECK(holds(o, "20-101-A-T:122") && o->report.n_left_out == 1);
    o = run_one("\ta", "20\t101\t.\tA\tT\t" DIPL "\t0/1\n20\t101\t.\tAC\tTC\t" DIPL "\t1/1\n");
    CHECK(says(o, "one.vcf:5: 20:101") && says(o, "one.vcf:4"));
    o = run_files(in, scratch("one.vcf"), NULL);
    CHECK(holds(o, "20-101-A-T:1") && o->report.n_left_out == 1);
}

/* Records that must stop an import, and be left out with lenient. */
static const struct {
    const char *record, *why;
} unsound[] = {
    { "20\t150\t.\tAJ\tT\t" DIPL "\t0/1\n", "REF" },
    { "20\t150\t.\tA\tQ\t" DIPL "\t0/1\n", "ALT" },
    { "20\t150\t.\tA\tA\t" DIPL "\t0/1\n", "" },
    { "20\t150\t.\tA\t\t" DIPL "\t0/1\n", "ALT is empty" },
    { "20\t150\t.\tA\tT,\t" DIPL "\t0/1\n", "empty" },
    { "20\t150\t.\tA\tT\t.\t.\t.\tDP\t3\n", "FORMAT has no GT" },
    { "20\t150\t.\tA\tT\t.\t.\t.\tDP:GT\t3:0/1\n", "GT is not the first" },
    { "20\t150\t.\tA\tT\t.\t.\t.\tGT:GT\t0/1:0/1\n", "twice" },
    { "20\t150\t.\tA\tT\t.\t.\t.\tGT:\t0/1:\n", "empty key" },
    { "20\t150\t.\tA\tT\t" DIPL "\t0/1\t0/1\n", "2 sample columns, the header has 1" },
    { "20\t150\t.\tA\tT\t" DIPL "\n", "columns" },
    { "20\t150\t.\tA\tT\n", "columns" },
    { "20\t0\t.\tA\tT\t" DIPL "\t0/1\n", "POS" },
    { "20\t-5\t.\tA\tT\t" DIPL "\t0/1\n", "POS" },
    { "20\t99999999999\t.\tA\tT\t" DIPL "\t0/1\n", "POS" },
    { "20\t63025521\t.\tA\tT\t" DIPL "\t0/1\n", "63025520 bases" },
    { "20\t63025520\t.\tAC\tA\t" DIPL "\t0/1\n", "63025520 bases" },
    { "20\t150\t.\tA\tT\t" DIPL "\t0/2\n", "allele the record does not have" },
    { "20\t150\t.\tA\tT\t" DIPL "\t0/99999999999999999999\n", "genotype" },
    { "20\t150\t.\tA\tT\t" DIPL "\t0/-1\n", "genotype" },
    { "20\t150\t.\tA\tT\t" DIPL "\t0/\n", "genotype" },
    { "20\t150\t.\tA\tT\t" DIPL "\t/\n", "genotype" },
    { "20\t150\t.\tA\tT\t" DIPL "\t\n", "genotype" },
    { "20\t150\t.\tA\tT\t" DIPL "\t0 1\n", "genotype" },
    { "20\t150\t.\tA\tT\t" DIPL "\t0/1:7\n", "more values" },
    { "20\t100\t.\tA\tT\t" DIPL "\t0/1\n", "not sorted" },
    { "19\t150\t.\tA\tT\t" DIPL "\t0/1\n", "contig 19 comes behind contig 20" },
};

TEST(unsound_records)
{
    for (size_t k = 0; k < sizeof unsound / sizeof *unsound; k++) {
        char           text[512];
        sund_import    in = plain;
        const outcome *o;

        (void) snprintf(text, sizeof text, "20\t101\t.\tA\tT\t" DIPL "\t0/1\n%s20\t200\t.\tA\tT\t" DIPL "\t1/1\n",
                        unsound[k].record);
        o = run_one("\ta", text);
        CHECK(o->code == SUND_E_FORMAT && says(o, "one.vcf:5: ") && says(o, unsound[k].why) && says(o, "--lenient"));
        in.lenient = true;
        o = run_files(in, scratch("one.vcf"), NULL);
        CHECK(holds(o, "20-101-A-T:1 20-200-A-T:2"));
        CHECK(o->report.n_left_out == 1 && strstr(o->report.first_left_out, "one.vcf:5: ") &&
              strstr(o->report.first_left_out, unsound[k].why));
    }
}

TEST(contigs_that_are_not_primary_are_counted)
{
    const outcome *o = run_one("\ta", "GL000191.1\t5\t.\tA\tT\t" DIPL "\t0/1\n20\t200\t.\tA\tT\t" DIPL
                                      "\t1/1\nchrUn_x\t5\t.\tA\tT\t" DIPL "\t0/1\n");

    CHECK(holds(o, "20-200-A-T:2"));
    CHECK(o->report.n_left_out == 2 && strstr(o->report.first_left_out, "one.vcf:4: contig GL000191.1"));
}

TEST(headers_that_are_not_vcf)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        { "", "not VCF" },
        { "hello\n", "not VCF" },
        { COLS "\ta\n", "not VCF" },
        { "##fileformat=VCFv3.3\n" COLS "\ta\n", "one.vcf:1: the first line" },
        { "##fileformat=VCFv4.2\n", "ends inside its header" },
        { "##fileformat=VCFv4.2\n20\t1\t.\tA\tT\n", "one.vcf:2: the header's last line" },
        { "##fileformat=VCFv4.2\n#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT a\n", "tab-separated" },
        { "##fileformat=VCFv4.2\n" COLS "\ta\t\tb\n", "name of sample 2 is empty" },
        { "##fileformat=VCFv4.2\n" COLS "\ta\tb\ta\n", "same name" },
        { "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n", "no samples" },
        { "@HD\tVN:1.6\n@SQ\tSN:20\tLN:63025520\n", "not VCF" },
        { "CRAM\3\0", "not VCF" },
        { "##fileformat=VCFv4.2\n" COLS "\ta\n\n20\t101\t.\tA\tT\t" DIPL "\t0/1\n", "empty line" },
    };

    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        CHECK(says(run_files(plain, put("one.vcf", bad[k].text), NULL), bad[k].why));
    CHECK(run_files(plain, "/nowhere/x.vcf", NULL)->code == SUND_E_NOT_FOUND);
    CHECK(says(run_files(plain, scratch(""), NULL), "not a regular file"));
}

TEST(a_last_line_without_end)
{
    const outcome *o = run_one("\ta", "20\t101\t.\tA\tT\t" DIPL "\t0/1\n20\t150\t.\tA\tT\t" DIPL "\t0/1");

    CHECK(says(o, "one.vcf:5: 20:150: the last line has no end"));
    CHECK(holds(run_one("\ta", "20\t101\t.\tA\tT\t" DIPL "\t0/1\r\n\n\n"),
                "20-101-A-T:1")); /* CRLF, empty lines at the end */
}

TEST(assembly)
{
    sund_import in = { .assembly = SUND_ASSEMBLY_NONE };
    const char *record = "20\t101\t.\tA\tT\t" DIPL "\t0/1\n";
    char        text[600];

    CHECK(holds(run_files(in, vcf_of("one.vcf", "\ta", record), NULL), "20-101-A-T:1"));
    (void) snprintf(text, sizeof text, "##fileformat=VCFv4.2\n" COLS "\ta\n%s", record);
    CHECK(says(run_files(in, put("one.vcf", text), NULL), "--assembly GRCh37"));
    (void) snprintf(text, sizeof text, "##fileformat=VCFv4.2\n##reference=file:///x/hs37d5.fa\n" COLS "\ta\n%s",
                    record);
    CHECK(holds(run_files(in, put("one.vcf", text), NULL), "20-101-A-T:1"));
    in.assembly = SUND_GRCH38;
    CHECK(says(run_files(in, vcf_of("one.vcf", "\ta", record), NULL),
               "is GRCh37 by the contigs in its header, not GRCh38"));
}

/* gzip of text by the command, so that it is plain gzip and not BGZF. */
static const char *gz(const char *name, const char *from)
{
    char        cmd[400];
    const char *to = scratch(name);

    (void) snprintf(cmd, sizeof cmd, "gzip -nc %s > %s", from, to);
    if (system(cmd) != 0)
        abort();
    return to;
}

TEST(plain_gzip_whole_and_cut)
{
    const char *v = vcf_of("one.vcf", "\ta", "20\t101\t.\tA\tT\t" DIPL "\t0/1\n20\t150\t.\tA\tT\t" DIPL "\t1/1\n");
    const char *z = gz("one.vcf.gz", v);
    sund_buf    b = { 0 };
    sund_err    err;

    CHECK(holds(run_files(plain, z, NULL), "20-101-A-T:1 20-150-A-T:2"));
    CHECK(sund_file_read(z, 1 << 20, &b, &err) == SUND_OK);
    for (size_t n = 1; n < b.n; n += 3) { /* cut anywhere: never an import of a part */
        sund_import    in = { .assembly = SUND_GRCH37, .lenient = n % 2 };
        const outcome *o = run_files(in, put_bytes("cut.vcf.gz", b.p, n), NULL);
        if (o->code == SUND_OK)
            fprintf(stderr, "# cut at %zu of %zu taken\n", n, b.n);
        CHECK(o->code != SUND_OK);
    }
    sund_buf_free(&b);
}

/* The same records as BCF ("wb", or "wbu" without compression). */
static const char *to_bcf(const char *name, const char *from, const char *mode)
{
    const char *to = scratch(name);
    htsFile    *in = hts_open(from, "r"), *out = hts_open(to, mode);
    bcf_hdr_t  *h = in ? bcf_hdr_read(in) : NULL;
    bcf1_t     *r = bcf_init();

    if (!h || !out || !r || bcf_hdr_write(out, h) != 0)
        abort();
    while (bcf_read(in, h, r) == 0)
        if (bcf_write(out, h, r) != 0)
            abort();
    bcf_destroy(r);
    bcf_hdr_destroy(h);
    (void) hts_close(in);
    (void) hts_close(out);
    return to;
}


static const char *with_formats(const char *name)
{
    return put(name, HEAD37 "##contig=<ID=X,length=155270560>\n##contig=<ID=Un>\n" FORMATS COLS "\ta\tb\tc\td\te\tf\n"
                            "20\t101\t.\tA\tT\t.\t.\t.\tGT:GQ:DP:AD\t0/1:20:10:5,5\t0|1:19:10:5,5\t1|0:20:9:5,4\t0/"
                            "1:20:10:9,1\t1/1:20:10:0,10\t0/0:99\n"
                            "20\t105\t.\tac\tT,<DEL>,*\t.\t.\t.\tGT:DP\t0/1:20\t2/3:19\t1:11\t0/.:1\t./.:.\t0/1/2:9\n"
                            "20\t106\t.\tA\tT\t.\t.\t.\tGT\t0\t.\t1|1\t1/0\t./.\t.|1\n"
                            "X\t5000000\t.\tA\tT\t.\t.\t.\tGT\t0\t1\t1|1\t1/0\t./.\t.|1\n"
                            "Un\t5000000\t.\tA\tT\t.\t.\t.\tGT\t0\t1\t1|1\t1/0\t./.\t.|1\n");
}

TEST(bcf_says_what_vcf_says)
{
    sund_import in = plain;
    const char *v = with_formats("some.vcf");
    const char *b = to_bcf("some.bcf", v, "wb"), *u = to_bcf("some.u.bcf", v, "wbu");

    in.samples = put("people.tsv", "person\tsex\nf\tM\na\tF\nb\tM\nc\tM\nd\tM\n");
    for (int k = 0; k < 4; k++) {
        outcome        want;
        const outcome *o;
        in.min_gq = k == 1 ? 20 : 0;
        in.min_dp = k == 2 ? 10 : 0;
        in.min_ab = k == 3 ? 0.2 : 0;
        want = *run_files(in, v, NULL);
        CHECK(want.code == SUND_OK && want.report.n_left_out == 1 && want.report.n_site == 6);
        o = run_files(in, b, NULL);
        CHECK(holds(o, want.text));
        want.report.first_left_out[0] = 0;
        CHECK(memcmp(&want.report, &o->report, offsetof(sund_import_report, first_left_out)) == 0);
        CHECK(strstr(o->report.first_left_out, "some.bcf:record 5: contig Un") != NULL);
        CHECK(holds(run_files(in, u, NULL), want.text));
    }
}

/* Whatever byte is damaged, and wherever a file is cut: an error or an import, here and in the reader's process. */
TEST(damaged_bcf)
{
    const char        *v = with_formats("some.vcf"), *file[1];
    sund_import        in = plain;
    sund_import_report r;
    sund_err           err;
    sund_buf           whole = { 0 };
    char               dir[32];

    CHECK(sund_file_read(to_bcf("some.u.bcf", v, "wbu"), 1 << 20, &whole, &err) == SUND_OK);
    in.file = file;
    in.n_file = 1;
    for (int k = 0; k < 300; k++) {
        size_t    where = test_rand() % whole.n;
        uint8_t   was = whole.p[where];
        sund_code rc;
        whole.p[where] = (uint8_t) (was ^ (1u << test_rand() % 8));
        file[0] = put_bytes("broken.bcf", whole.p, k % 3 ? whole.n : where);
        whole.p[where] = was;
        (void) snprintf(dir, sizeof dir, "broken%d", k);
        in.dir = scratch(dir);
        in.lenient = k % 2;
        err.msg[0] = 0;
        rc = sund_store_import(&in, &r, &err);
        CHECK(rc == SUND_OK || err.msg[0]);
        CHECK(rc == SUND_OK || !strstr(err.msg, "died"));
    }
    sund_buf_free(&whole);
}

TEST(damaged_text)
{
    const char        *v = with_formats("some.vcf"), *file[1];
    sund_import        in = plain;
    sund_import_report r;
    sund_import_at     where = { 0, 0, 0 };
    sund_err           err;
    sund_buf           whole = { 0 };
    char               dir[32];

    CHECK(sund_file_read(v, 1 << 20, &whole, &err) == SUND_OK);
    in.file = file;
    in.n_file = 1;
    for (int k = 0; k < 1500; k++) {
        size_t  i = test_rand() % whole.n;
        uint8_t was = whole.p[i];
        whole.p[i] = (uint8_t) "\t\n:/|.,01923ACGT<[]*\0"[test_rand() % 21];
        file[0] = put_bytes("broken.vcf", whole.p, whole.n);
        whole.p[i] = was;
        (void) snprintf(dir, sizeof dir, "text%d", k);
        in.dir = scratch(dir);
        in.lenient = k % 2;
        err.msg[0] = 0;
        CHECK(sund_import_here(&in, &r, &where, &err) == SUND_OK || err.msg[0]);
    }
    sund_buf_free(&whole);
}

/* A store that is interrupted by a full disk: what was there stays, and a second import goes on from it. */
static char *many_records(size_t n)
{
    sund_buf b = { 0 };

    for (size_t j = 0; j < n; j++) {
        sund_buf_printf(&b, "20\t%zu\t.\tA\tT\t" DIPL, 1000 + 7 * j);
        for (int i = 0; i < 40; i++)
            sund_buf_printf(&b, "\t%s", test_rand() % 3 == 0 ? "0/1" : test_rand() % 2 ? "0/0" : "1/1");
        sund_buf_text(&b, "\n");
    }
    sund_buf_nul(&b);
    return (char *) b.p;
}

static int import_with_little_disk(const sund_import *in)
{
    pid_t pid = fork();
    int   status = 0;

    if (pid == 0) {
        struct rlimit      few = { 30000, 30000 };
        sund_import_report r;
        sund_err           err;
        (void) signal(SIGXFSZ, SIG_IGN);
        (void) setrlimit(RLIMIT_FSIZE, &few);
        _exit(sund_store_import(in, &r, &err) == SUND_OK ? 0 : 7);
    }
    (void) waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(full_disk_then_again)
{
    char               names[400] = "", *records = many_records(6000);
    sund_import        in = plain;
    const char        *file[1];
    sund_import_report a = { 0 }, b = { 0 };
    sund_err           err = { 0 };
    sund_buf           x = { 0 }, y = { 0 };

    for (int i = 0; i < 40; i++)
        (void) snprintf(names + strlen(names), sizeof names - strlen(names), "\tp%d", i);
    file[0] = vcf_of("many.vcf", names, records);
    in.file = file;
    in.n_file = 1;
    in.dir = scratch("small");
    CHECK(import_with_little_disk(&in) == 7);
    CHECK(!sund_file_exists(scratch("small")));
    CHECK(sund_store_import(&in, &a, &err) == SUND_OK);
    in.dir = scratch("whole");
    CHECK(sund_store_import(&in, &b, &err) == SUND_OK);
    CHECK(memcmp(&a, &b, sizeof a) == 0 && a.n_site == 6000);
    (void) snprintf(names, sizeof names, "diff -r %s %s", scratch("small"), scratch("whole"));
    CHECK(system(names) == 0);
    CHECK(sund_store_import(&in, &b, &err) != SUND_OK); /* an old store is not written over */
    CHECK(system(names) == 0);
    free(records);
    sund_buf_free(&x);
    sund_buf_free(&y);
}

static sund_code dies(const sund_import *in, sund_import_report *out, sund_import_at *where, sund_err *err)
{
    (void) in, (void) out, (void) err;
    where->file = 0;
    where->line = 17;
    (void) raise(SIGKILL);
    return SUND_OK;
}

TEST(a_death_of_the_reader_is_an_error)
{
    const char        *file[] = { "some.bcf" };
    sund_import        in = { .file = file, .n_file = 1 };
    sund_import_report r = { .n_site = 99 };
    sund_err           err = { 0 };

    CHECK(sund_import_confined(dies, &in, &r, &err) == SUND_E_FORMAT);
    CHECK(strstr(err.msg, "the reader of some.bcf died with signal 9 near record 17") != NULL);
    CHECK(r.n_site == 99);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static sund_code tries(const sund_import *in, sund_import_report *out, sund_import_at *where, sund_err *err)
{
    (void) in, (void) where;
    out->n_record = (uint64_t) prctl(PR_GET_SECCOMP);
    out->n_site = socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM;
    out->n_person = execl("/bin/true", "true", (char *) NULL) < 0 && errno == EPERM;
    (void) err;
    return SUND_OK;
}

TEST(the_reader_cannot_use_the_network)
{
    const char        *file[] = { "some.bcf" };
    sund_import        in = { .file = file, .n_file = 1 };
    sund_import_report r = { 0 };
    sund_err           err = { 0 };
    int                rc = (int) sund_import_confined(tries, &in, &r, &err);

    if (rc == SUND_OK && r.n_record == 2) /* the filter is on; elsewhere exec replaces the process */
        CHECK(r.n_site && r.n_person);
    else
        fprintf(stderr, "# not checked: this system has no seccomp\n");
}
#endif

static sund_code collect(void *ctx, const sund_variant *v, sund_err *err)
{
    (void) err;
    sund_variant_print(v, ctx);
    sund_buf_text(ctx, " ");
    return SUND_OK;
}

TEST(variants_of_a_file)
{
    sund_buf    b = { 0 };
    sund_err    err = { 0 };
    sund_vcf_passed passed = { 0 };
    const char *sites = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
                        "20\t101\t.\tACT\tA,ACG,*,<DEL>\t.\t.\t.\nUn\t5\t.\tA\tT\t.\t.\t.\n20\t110\t.\tA\t.\t.\t.\t.\n";

    CHECK(sund_vcf_variants(put("sites.vcf", sites), SUND_GRCH37, NULL, &passed, collect, &b, &err) == SUND_OK);
    CHECK(passed.n_symbolic == 2 && passed.n_contig == 1);
    sund_buf_nul(&b);
    CHECK(b.p && strcmp((char *) b.p, "20-101-ACT-A 20-103-T-G ") == 0);
    sund_buf_clear(&b);
    CHECK(sund_vcf_variants(
              put("sites.vcf",
                  "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n20\tx\t.\tA\tT\t.\t.\t.\n"),
              SUND_GRCH37, NULL, &passed, collect, &b, &err) == SUND_E_FORMAT);
    CHECK(strstr(err.msg, "sites.vcf:3: POS") != NULL);
    sund_buf_free(&b);
}
