/* Variant interpretations: VKGL's rules and their published files, ClinVar's forms, its XML among them, the store and its history, who is shown what, what ClinVar answers. */
#include "base/file.h"
#include "base/gz.h"
#include "exchange/clinvar_record.h"
#include "exchange/forms.h"
#include "exchange/vkgl.h"
#include "test.h"

#include "scratch.h"

#include <malloc.h>
#include <zlib.h>

static const char *shared_file(const char *name)
{
    static char path[2048];

    (void) snprintf(path, sizeof path, "%s/data/interpretations/%s", getenv("SUND_SHARED") ? getenv("SUND_SHARED") : "../shared", name);
    return path;
}

#define VKGL "vkgl-clinvar/src/test/resources/"

TEST(vkgl_consensus)
{
    const struct { const char *classes; sund_vkgl type; sund_acmg is; } row[] = {
        { "B", SUND_VKGL_TOTAL_AGREEMENT, SUND_ACMG_B },   { "VUS", SUND_VKGL_TOTAL_AGREEMENT, SUND_ACMG_VUS }, { "B LB", SUND_VKGL_AGREEMENT, SUND_ACMG_LB },   { "P LP", SUND_VKGL_AGREEMENT, SUND_ACMG_LP },
        { "VUS LB", SUND_VKGL_DISAGREEMENT, SUND_ACMG_NONE }, { "VUS P LP", SUND_VKGL_DISAGREEMENT, SUND_ACMG_NONE }, { "LB LP", SUND_VKGL_TOTAL_DISAGREEMENT, SUND_ACMG_NONE },
        { "B VUS P", SUND_VKGL_TOTAL_DISAGREEMENT, SUND_ACMG_NONE },
    };

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        char          copy[32], *at = copy, *word;
        sund_acmg_set set = 0;
        sund_acmg     is;

        (void) snprintf(copy, sizeof copy, "%s", row[i].classes);
        while ((word = strsep(&at, " ")) != NULL)
            set |= sund_acmg_bit(sund_acmg_parse(word));
        CHECK(sund_vkgl_of(set, &is) == row[i].type && is == row[i].is);
        CHECK(sund_acmg_discordant(set) == (row[i].is == SUND_ACMG_NONE));
    }
    CHECK(sund_acmg_parse("likely_benign") == SUND_ACMG_LB && sund_acmg_parse("Benign/Likely benign") == SUND_ACMG_NONE);
}

typedef struct written { char name[12][80]; size_t n_line; int n_file, n_bad; } written;

static int has_line(sund_cur text, const char *line, size_t n)
{
    for (size_t i = 0; i < text.n;) {
        const uint8_t *nl = memchr(text.p + i, '\n', text.n - i);
        size_t         m = nl ? (size_t) (nl - text.p) - i : text.n - i;

        if (m == n && memcmp(text.p + i, line, n) == 0)
            return 1;
        i += m + 1;
    }
    return 0;
}

/** The same lines, in any order and number, as VKGL's own test has it. */
static sund_code compare(void *ctx, const char *file, const void *p, size_t n, sund_err *err)
{
    written *w = ctx;
    char     name[160];
    sund_buf want = { 0 };
    sund_cur texts[2];

    (void) snprintf(name, sizeof name, VKGL "expected/IT/%s", file);
    CHECK(sund_file_read(shared_file(name), 1 << 20, &want, err) == SUND_OK);
    w->n_file++;
    texts[0] = sund_cur_of(p, n);
    texts[1] = sund_cur_of(want.p, want.n);
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < texts[k].n;) {
            const uint8_t *nl = memchr(texts[k].p + i, '\n', texts[k].n - i);
            size_t         m = nl ? (size_t) (nl - texts[k].p) - i : texts[k].n - i;

            if (!has_line(texts[!k], (const char *) texts[k].p + i, m)) {
                printf("# %s: %s: %.*s\n", file, k ? "missing" : "too much", (int) m, texts[k].p + i);
                w->n_bad++;
            }
            w->n_line += (size_t) k;
            i += m + 1;
        }
    sund_buf_free(&want);
    return SUND_OK;
}

TEST(vkgl_release_as_published)
{
    static const char *const file[] = { VKGL "IT_Consensus.tsv", VKGL "IT_Delete.tsv", VKGL "IT_Pseudo.txt", VKGL "IT_Mapping.tsv", VKGL "IT_ClinVar_report.txt", VKGL "IT_ClinVar_report2.txt" };
    sund_buf        text[6] = { { 0 } };
    sund_vkgl_text  t[6];
    sund_vkgl_cycle c = { .release = "IT" };
    written         w = { .n_file = 0 };
    sund_err        err = { SUND_OK, "" };

    if (!sund_file_exists(shared_file(file[0]))) {
        printf("# skipped: no shared data\n");
        return;
    }
    for (int k = 0; k < 6; k++) {
        CHECK(sund_file_read(shared_file(file[k]), 1 << 20, &text[k], &err) == SUND_OK);
        t[k] = (sund_vkgl_text){ file[k], k == 4 ? "umcg" : "amc", text[k].p, text[k].n };
    }
    c.consensus = t[0];
    c.deletes = t[1];
    c.pseudogenes = t[2];
    c.mapping = &t[3];
    c.n_mapping = 1;
    c.report = &t[4];
    c.n_report = 2;
    CHECK(sund_vkgl_submit(&c, compare, &w, &err) == SUND_OK);
    if (err.msg[0])
        printf("# %s\n", err.msg);
    printf("# %d files, %zu lines, %d differ\n", w.n_file, w.n_line, w.n_bad);
    CHECK(w.n_file == 19 && w.n_bad == 0);
    /* an accession twice is an error, not a choice */
    c.n_mapping = 1;
    c.deletes = t[3];
    CHECK(sund_vkgl_submit(&c, compare, &w, &err) == SUND_E_MISMATCH);
    for (int k = 0; k < 6; k++)
        sund_buf_free(&text[k]);
}

typedef struct sink { sund_interpretations *s; size_t n[SUND_PUT_KEPT + 1], n_left; char why[8][200]; size_t line[8]; } sink;

static sund_code take(void *ctx, size_t line, const sund_interpretation *e, sund_err *err)
{
    sink    *k = ctx;
    sund_put what;

    (void) line;
    SUND_TRY(sund_interpretation_put(k->s, e, &what, err));
    k->n[what]++;
    return SUND_OK;
}

static void left(void *ctx, size_t line, const char *why)
{
    sink *k = ctx;

    if (k->n_left < 8) {
        k->line[k->n_left] = line;
        (void) snprintf(k->why[k->n_left], sizeof k->why[0], "%s", why);
    }
    k->n_left++;
}

static sund_code read_into(sink *k, sund_form f, const char *text, size_t n, const char *lab, sund_form_report *rep, sund_err *err)
{
    const sund_form_ask  ask = { .assembly = SUND_GRCH37, .laboratory = lab, .share = SUND_SHARE_FEDERATION };
    const sund_form_sink to = { k, take, left };
    sund_code            rc;

    SUND_TRY(sund_interpretations_begin(k->s, err));
    rc = sund_form_read(f, "test", text, n, &ask, &to, rep, err);
    return sund_interpretations_end(k->s, true, rc, err);
}

static sund_code keep_class(void *ctx, const sund_interpretation *e, sund_err *err)
{
    (void) err;
    *(sund_interpretation *) ctx = *e;
    return SUND_OK;
}

TEST(store_keeps_history_and_shares_by_one_rule)
{
    sund_interpretation e = { .variant = "17-43045712-T-C", .gene = "BRCA1", .condition = "OMIM:604370", .laboratory = "lab-a", .acmg = SUND_ACMG_VUS, .share = SUND_SHARE_AGREEMENT, .date = "2024-05-17" }, got;
    sund_interpretation_query q = { .variant = e.variant, .withdrawn = true };
    sund_interpretations     *s = NULL;
    sund_acmg_set             set;
    size_t                    n_more;
    sund_put                  what;
    sund_err                  err = { SUND_OK, "" };
    sund_buf                  b = { 0 };
    sund_json                 j;

    CHECK(sund_interpretations_open(&s, scratch("history.db"), &err) == SUND_OK);
    CHECK(sund_interpretation_put(s, &e, &what, &err) == SUND_OK && what == SUND_PUT_NEW);
    CHECK(sund_interpretation_put(s, &e, &what, &err) == SUND_OK && what == SUND_PUT_SAME);
    e.acmg = SUND_ACMG_LP;
    CHECK(sund_interpretation_put(s, &e, &what, &err) == SUND_OK && what == SUND_PUT_CHANGED);
    CHECK(sund_interpretations_each(s, &q, keep_class, &got, &err) == SUND_OK && got.number == 2 && got.acmg == SUND_ACMG_LP);
    for (int who = SUND_ASKER_PUBLIC; who <= SUND_ASKER_OWN; who++) {
        sund_buf_clear(&b);
        sund_json_init(&j, &b, false);
        CHECK(sund_interpretations_shown(s, e.variant, (sund_asker) who, &j, NULL, &set, &n_more, &err) == SUND_OK);
        CHECK((set != 0) == (who >= SUND_ASKER_AGREEMENT) && (b.n > 2) == (set != 0));
    }
    CHECK(sund_interpretation_review(s, got.id, SUND_ACMG_P, "2025-01-31", "new functional study", &err) == SUND_OK);
    CHECK(sund_interpretation_review(s, got.id, SUND_ACMG_P, "2025-02-31", "no such day", &err) == SUND_E_FORMAT);
    CHECK(sund_interpretations_each(s, &q, keep_class, &got, &err) == SUND_OK && got.number == 3 && got.acmg == SUND_ACMG_P && got.standing == SUND_STANDS_REVIEWED);
    CHECK(sund_interpretation_withdraw(s, got.id, "mapped wrongly", &err) == SUND_OK && sund_interpretation_withdraw(s, got.id, "again", &err) == SUND_E_ARG);
    CHECK(sund_interpretation_withdraw(s, 77, "none", &err) == SUND_E_NOT_FOUND);
    sund_buf_clear(&b);
    sund_json_init(&j, &b, false);
    CHECK(sund_interpretations_shown(s, e.variant, SUND_ASKER_AGREEMENT, &j, NULL, &set, &n_more, &err) == SUND_OK && set == 0 && b.n == 2);
    q.history = true;
    CHECK(sund_interpretations_each(s, &q, keep_class, &got, &err) == SUND_OK && got.number == 4 && got.standing == SUND_STANDS_WITHDRAWN && strcmp(got.why, "mapped wrongly") == 0);
    for (int i = 0; i < 70; i++) { /* more than are shown is said, and counts for discordance */
        (void) snprintf(e.laboratory, sizeof e.laboratory, "lab-%02d", i);
        e.acmg = i == 69 ? SUND_ACMG_B : SUND_ACMG_P;
        CHECK(sund_interpretation_put(s, &e, &what, &err) == SUND_OK);
    }
    sund_buf_clear(&b);
    sund_json_init(&j, &b, false);
    CHECK(sund_interpretations_shown(s, e.variant, SUND_ASKER_AGREEMENT, &j, NULL, &set, &n_more, &err) == SUND_OK && n_more == 6 && sund_acmg_discordant(set));
    sund_interpretations_close(s);
    sund_buf_free(&b);
}

TEST(nothing_personal)
{
    const char *why, *good[] = { "", "PVS1, PM2 (absent from gnomAD 4.1); PMID:25741868 and PMID:123456789", "NM_000059.3:c.5946delT; rs80359550; SCV000123456789; 12 families, LOD 3.4", "OMIM:604370, 1/200000 alleles", "c.1234567-8A>G" };
    const char *bad[] = { "anna@example.org", "born 1980-01-02", "seen 2.1.1980", "cpr 010280-1234", "personnummer 19800102-1234", "BSN 123456789", "hetu 020180A123", "file 0123456789" };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        bool ok = sund_text_impersonal(good[i], &why);

        CHECK(ok || i == 4); /* a position in a transcript of seven digits is taken for a person's number: refused rather than shown */
        if (!ok && i != 4)
            printf("# %s: %s\n", good[i], why);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!sund_text_impersonal(bad[i], &why) && why);
}

static sund_code count_discord(void *ctx, const sund_discord *d, sund_err *err)
{
    (void) err;
    ((sund_discord *) ctx)[0] = *d;
    return SUND_OK;
}

static const char table[] = "chromosome\tstart\tstop\tref\talt\tgene\tnr_labs\tamc\tlumc\tconsensus\ttype\n"
                            "1\t1000\t1000\tA\tT\tG1\t2\tlb\tb\tlb\tagreement\n"
                            "1\t2000\t2000\tA\tT\tG1\t2\tvus\tp\t\tdisagreement\n"
                            "1\t3000\t3000\t.\tT\tG1\t1\tvus\t\tvus\ttotal_agreement\n"
                            "1\t400000000\t3000\tA\tT\tG1\t1\tvus\t\tvus\ttotal_agreement\n"
                            "10\t500\t501\tAA\tAT\tG2\t1\t\tlp\tlp\ttotal_agreement\n"
                            "10\t600\t600\tA\tT\tG2\t0\t\t\t\ttotal_agreement\n";

TEST(vkgl_table_in_and_out)
{
    sink             k = { .n_left = 0 }, again = { .n_left = 0 };
    sund_form_report rep;
    sund_discord     d = { .n = 0 };
    sund_buf         out = { 0 };
    size_t           n;
    sund_err         err = { SUND_OK, "" };

    CHECK(sund_interpretations_open(&k.s, ":memory:", &err) == SUND_OK && sund_interpretations_open(&again.s, ":memory:", &err) == SUND_OK);
    CHECK(sund_form_guess(table, sizeof table - 1) == SUND_FORM_VKGL);
    CHECK(read_into(&k, SUND_FORM_VKGL, table, sizeof table - 1, NULL, &rep, &err) == SUND_OK);
    CHECK(rep.n_line == 6 && rep.n_entry == 5 && rep.n_left == 3 && k.n_left == 3 && k.line[0] == 4 && k.line[1] == 5 && k.line[2] == 7);
    CHECK(strstr(k.why[0], "not written out") && strstr(k.why[1], "no variant"));
    CHECK(sund_interpretations_discordant(k.s, NULL, count_discord, &d, &err) == SUND_OK && d.n == 2 && strcmp(d.variant, "1-2000-A-T") == 0 && d.vkgl == SUND_VKGL_DISAGREEMENT);
    d.n = 0;
    CHECK(sund_interpretations_discordant(k.s, "G2", count_discord, &d, &err) == SUND_OK && d.n == 0 && sund_interpretations_discordant(k.s, "G1", count_discord, &d, &err) == SUND_OK && d.n == 2);
    CHECK(sund_form_write(SUND_FORM_VKGL, k.s, &(sund_form_put){ .who = SUND_ASKER_OWN }, &out, &n, &err) == SUND_OK && n == 5);
    sund_buf_nul(&out);
    CHECK(strcmp((char *) out.p, "chromosome\tstart\tstop\tref\talt\tgene\tnr_labs\tamc\tlumc\tconsensus\ttype\n"
                                 "1\t1000\t1000\tA\tT\tG1\t2\tlb\tb\tlb\tagreement\n"
                                 "1\t2000\t2000\tA\tT\tG1\t2\tvus\tp\t\tdisagreement\n"
                                 "10\t501\t501\tA\tT\tG2\t1\t\tlp\tlp\ttotal_agreement\n") == 0);
    CHECK(read_into(&again, SUND_FORM_VKGL, (char *) out.p, out.n, NULL, &rep, &err) == SUND_OK && rep.n_entry == 5 && rep.n_left == 0);
    sund_buf_clear(&out);
    CHECK(sund_form_write(SUND_FORM_VKGL, k.s, &(sund_form_put){ .who = SUND_ASKER_PUBLIC }, &out, &n, &err) == SUND_OK && n == 0);
    for (int f = SUND_FORM_SUND; f <= SUND_FORM_CLINVAR_SHEET; f++) { /* what is written in a form is read in it */
        sink back = { .n_left = 0 };

        if (f == SUND_FORM_VKGL_LAB)
            continue;
        sund_buf_clear(&out);
        CHECK(sund_interpretations_assembly_set(k.s, SUND_GRCH37, &err) == SUND_OK && sund_interpretations_open(&back.s, ":memory:", &err) == SUND_OK);
        CHECK(sund_form_write((sund_form) f, k.s, &(sund_form_put){ .who = SUND_ASKER_FEDERATION, .laboratory = f == SUND_FORM_CLINVAR_SHEET ? "amc" : NULL }, &out, &n, &err) == SUND_OK && n == (f == SUND_FORM_CLINVAR_SHEET ? 2 : 5));
        CHECK(sund_form_guess(out.p, out.n) == (sund_form) f);
        CHECK(read_into(&back, (sund_form) f, (char *) out.p, out.n, "amc", &rep, &err) == SUND_OK);
        CHECK(rep.n_entry == (size_t) (f == SUND_FORM_CLINVAR_VCF ? 2 : f == SUND_FORM_CLINVAR_SHEET ? 2 : 5) && rep.n_left == (size_t) (f == SUND_FORM_CLINVAR_VCF));
        sund_interpretations_close(back.s);
    }
    CHECK(sund_interpretations_assembly_set(k.s, SUND_GRCH38, &err) == SUND_E_MISMATCH);
    sund_interpretations_close(k.s);
    sund_interpretations_close(again.s);
    sund_buf_free(&out);
}

/** A gene's name that does not fit is no shorter gene. */
TEST(a_genes_name_that_is_too_long_is_left)
{
    static const char long_name[] = "G23456789012345678901234567890123456789X"; /* 40 bytes, a field has 39 */
    sink              k = { .n_left = 0 };
    sund_form_report  rep;
    sund_err          err = { SUND_OK, "" };
    char              text[1024];

    CHECK(sund_interpretations_open(&k.s, ":memory:", &err) == SUND_OK);
    for (int cut = 0; cut < 2; cut++) {
        (void) snprintf(text, sizeof text, "##fileformat=VCFv4.1\n1\t1000\t7\tA\tT\t.\t.\tCLNSIG=Benign;GENEINFO=%s:12|B:1\n", long_name + cut);
        CHECK(read_into(&k, SUND_FORM_CLINVAR_VCF, text, strlen(text), NULL, &rep, &err) == SUND_OK && rep.n_entry == (size_t) cut && rep.n_left == (size_t) !cut);
        (void) snprintf(text, sizeof text, "#Your_variant_id\tYour_variant_description\tClinical_significance\tSCV\tSubmitted_gene\n"
                        "x\t<SequenceLocation Assembly=\"GRCh37\" Chr=\"1\" start=\"2000\" referenceAllele=\"A\" alternateAllele=\"T\" />\tBenign\tSCV000000001.1\t%s\n", long_name + cut);
        CHECK(read_into(&k, SUND_FORM_CLINVAR_REPORT, text, strlen(text), "amc", &rep, &err) == SUND_OK && rep.n_entry == (size_t) cut && rep.n_left == (size_t) !cut);
    }
    CHECK(k.n_left == 2 && strstr(k.why[0], "gene's name is too long") && strstr(k.why[1], "gene's name is too long") && k.n[SUND_PUT_NEW] == 2);
    sund_interpretations_close(k.s);
}

TEST(a_table_with_a_persons_column_is_refused)
{
    static const char text[] = "variant\tclass\tpatient\n1-1000-A-T\tP\tx\n", late[] = "variant\tclass\tevidence\n1-1000-A-T\tP\tmother born 1950-02-01\n1-1001-A-T\tP\tPMID:1234567890\n";
    sink             k = { .n_left = 0 };
    sund_form_report rep;
    sund_err         err = { SUND_OK, "" };

    CHECK(sund_interpretations_open(&k.s, ":memory:", &err) == SUND_OK);
    CHECK(read_into(&k, SUND_FORM_SUND, text, sizeof text - 1, "a", &rep, &err) == SUND_E_FORMAT);
    CHECK(read_into(&k, SUND_FORM_SUND, late, sizeof late - 1, "a", &rep, &err) == SUND_OK && rep.n_left == 1 && rep.n_entry == 1 && k.line[0] == 2);
    CHECK(!strstr(k.why[0], "1950")); /* what was found is not repeated */
    sund_interpretations_close(k.s);
}

TEST(clinvar_as_it_is)
{
    const char      *file[] = { "vcf/clinvar_20191007.vcf.gz", "vcf/clinvar-test.vcf.gz", "preClinVar/preClinVar/demo/Variant_before_221121.csv", "preClinVar/preClinVar/demo/Variant_snv_hgvs.csv", VKGL "expected/IT/umcg_IT.Variant.tsv",
                               VKGL "IT_ClinVar_report.txt" };
    const size_t     line[] = { 72, 2000, 5, 1, 6, 2 };
    sink             k = { .n_left = 0 };
    sund_form_report rep;
    sund_err         err = { SUND_OK, "" };

    if (!sund_file_exists(shared_file(file[0]))) {
        printf("# skipped: no shared data\n");
        return;
    }
    CHECK(sund_interpretations_open(&k.s, ":memory:", &err) == SUND_OK);
    for (int i = 0; i < 6; i++) {
        sund_buf  text = { 0 };
        sund_form f;

        CHECK(sund_gz_read(shared_file(file[i]), 1 << 24, &text, &err) == SUND_OK);
        f = sund_form_guess(text.p, text.n);
        CHECK(f == (i < 2 ? SUND_FORM_CLINVAR_VCF : i < 5 ? SUND_FORM_CLINVAR_SHEET : SUND_FORM_CLINVAR_REPORT));
        CHECK(read_into(&k, f, (char *) text.p, text.n, i < 2 ? NULL : "umcg", &rep, &err) == SUND_OK);
        if (err.msg[0])
            printf("# %s\n", err.msg);
        printf("# %s: %zu rows, %zu entries, %zu left out\n", file[i], rep.n_line, rep.n_entry, rep.n_left);
        CHECK(rep.n_line == rep.n_entry + rep.n_left && rep.n_line == line[i]);
        for (size_t n = 0; i == 0 && n < k.n_left; n++)
            printf("# line %zu: %s\n", k.line[n], k.why[n]);
        if (i < 2) /* conflicts, "not provided", an allele that is not written out */
            CHECK(rep.n_left == (i ? 28 : 3));
        if (i == 2 || i == 3)
            CHECK(rep.n_entry == 0); /* transcripts only: each is said, none is dropped in silence */
        sund_buf_free(&text);
    }
    sund_interpretations_close(k.s);
}

/* ---- ClinVar's XML ---- */

#define VCV_HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ClinVarVariationRelease ReleaseDate=\"2026-06-01\">\n"
#define VCV_OPEN "<VariationArchive VariationID=\"7\" Accession=\"VCV000000007\" RecordType=\"classified\"><RecordStatus>current</RecordStatus><Species>Homo sapiens</Species>\n<ClassifiedRecord>"
#define GENE_OF "<GeneList><Gene Symbol=\"BRCA1\" GeneID=\"672\"><Location><SequenceLocation Assembly=\"GRCh37\" Chr=\"17\" positionVCF=\"1\" referenceAlleleVCF=\"A\" alternateAlleleVCF=\"C\"/></Location></Gene></GeneList>"
#define PLACE_OF                                                                                                                                                                                 \
    "<SequenceLocation Assembly=\"GRCh38\" Chr=\"17\" start=\"43045712\" positionVCF=\"43045712\" referenceAlleleVCF=\"T\" alternateAlleleVCF=\"C\"/>"                                               \
    "<SequenceLocation Assembly=\"GRCh37\" Chr=\"17\" start=\"41197729\" positionVCF=\"41197729\" referenceAlleleVCF=\"T\" alternateAlleleVCF=\"C\"/>"
#define ALLELE_OF "<SimpleAllele AlleleID=\"1\" VariationID=\"7\">" GENE_OF "<Name>x&gt;y</Name><Location>" PLACE_OF "</Location></SimpleAllele>"
#define TRAIT_OF "<Trait ID=\"9\" Type=\"Disease\"><Name><ElementValue Type=\"Preferred\">BOC</ElementValue><XRef ID=\"MONDO:0000009\" DB=\"MONDO\"/></Name>" \
    "<XRef Type=\"Phenotypic series\" ID=\"PS604370\" DB=\"OMIM\"/><XRef ID=\"145\" DB=\"Orphanet\"/><XRef ID=\"C2676676\" DB=\"MedGen\"/><XRef Type=\"MIM\" ID=\"604370\" DB=\"OMIM\"/></Trait>"
#define CLASSES_OF "<Classifications><GermlineClassification><ReviewStatus>criteria provided, conflicting classifications</ReviewStatus><Description>Conflicting</Description><ConditionList>" \
    "<TraitSet Type=\"Disease\">" TRAIT_OF "</TraitSet></ConditionList></GermlineClassification></Classifications>"

/** A submission of the VCV form: kind of classification, its words, and what more there is. */
static void scv(sund_buf *b, int id, const char *lab, const char *date, const char *status, const char *review, const char *kind, const char *words, const char *traits)
{
    sund_buf_printf(b, "<ClinicalAssertion ID=\"%d\"><ClinVarSubmissionID localKey=\"k\"/><ClinVarAccession Accession=\"SCV%09d\" Type=\"SCV\" Version=\"2\" SubmitterName=\"%s\" OrgID=\"5\"/>", id, id, lab);
    sund_buf_printf(b, "<RecordStatus>%s</RecordStatus><Classification%s%s%s><ReviewStatus>%s</ReviewStatus><%s>%s</%s><Comment>seen in a person, 2.1.1980</Comment></Classification>", status, date[0] ? " DateLastEvaluated=\"" : "", date, date[0] ? "\"" : "", review, kind, words, kind);
    sund_buf_printf(b, "<AttributeSet><Attribute Type=\"AssertionMethod\">ACMG Guidelines, 2015</Attribute></AttributeSet><ObservedInList/><SimpleAllele>" GENE_OF "</SimpleAllele><TraitSet>%s</TraitSet></ClinicalAssertion>\n", traits);
}

#define SINGLE "criteria provided, single submitter"
#define GERM   "GermlineClassification"

static void vcv_text(sund_buf *b)
{
    sund_buf_text(b, VCV_HEAD VCV_OPEN ALLELE_OF "<RCVList/>" CLASSES_OF "<ClinicalAssertionList>\n");
    scv(b, 11, "Lab &amp; One", "2024-05-17", "current", SINGLE, GERM, "Pathogenic", "<Trait Type=\"Disease\"><Name><ElementValue>BOC</ElementValue></Name></Trait>");
    scv(b, 12, "two", "", "current", SINGLE, GERM, "VUS-low", "<Trait><XRef DB=\"MONDO\" ID=\"MONDO:0000123\"/></Trait><Trait><XRef DB=\"OMIM\" ID=\"123456\"/></Trait>");
    scv(b, 13, "three", "2020-01-01", "current", SINGLE, "SomaticClinicalImpact", "Tier I - Strong", "");
    scv(b, 14, "three", "2020-01-01", "current", SINGLE, "OncogenicityClassification", "Oncogenic", "");
    scv(b, 15, "three", "2020-01-01", "current", "no classification provided", "NoClassification", "not provided", "");
    scv(b, 16, "three", "2020-01-01", "current", "flagged submission", GERM, "Benign", "");
    scv(b, 17, "three", "2020-01-01", "deleted", SINGLE, GERM, "Benign", "");
    scv(b, 18, "three", "2020-01-01", "current", SINGLE, GERM, "Pathogenic, low penetrance", "");
    scv(b, 19, "four", "2019-01-01", "current", SINGLE, GERM, "Benign", "<Trait><XRef DB=\"MedGen\" ID=\"C3661900\"/></Trait>");
    scv(b, 20, "four", "2021-01-01", "current", SINGLE, GERM, "Likely benign", "");
    sund_buf_text(b, "</ClinicalAssertionList><TraitMappingList><TraitMapping ClinicalAssertionID=\"11\" MappingType=\"Name\"><MedGen CUI=\"C2676676\" Name=\"BOC\"/></TraitMapping></TraitMappingList></ClassifiedRecord></VariationArchive>\n");
    sund_buf_text(b, VCV_OPEN "<SimpleAllele>" GENE_OF "<Location><SequenceLocation Assembly=\"GRCh38\" Chr=\"1\" start=\"5\" stop=\"9\"/></Location></SimpleAllele><ClinicalAssertionList>");
    scv(b, 21, "five", "", "current", SINGLE, GERM, "Benign", "");
    sund_buf_text(b, "</ClinicalAssertionList></ClassifiedRecord></VariationArchive>\n" VCV_OPEN "<Haplotype>" ALLELE_OF "</Haplotype><ClinicalAssertionList>");
    scv(b, 22, "five", "", "current", SINGLE, GERM, "Benign", "");
    sund_buf_text(b, "</ClinicalAssertionList></ClassifiedRecord></VariationArchive>\n<VariationArchive RecordType=\"included\"><RecordStatus>current</RecordStatus><IncludedRecord>" ALLELE_OF "</IncludedRecord></VariationArchive>\n</ClinVarVariationRelease>\n");
}

static const char rcv_text[] = "<ReleaseSet Type=\"full\" Dated=\"2026-06-01\"><ClinVarSet ID=\"1\"><RecordStatus>current</RecordStatus><ReferenceClinVarAssertion><MeasureSet Type=\"Variant\"><Measure Type=\"single nucleotide variant\">" PLACE_OF
    "<MeasureRelationship Type=\"within single gene\"><Name><ElementValue Type=\"Preferred\">breast cancer 1</ElementValue></Name><Symbol><ElementValue Type=\"Preferred\">BRCA1</ElementValue></Symbol></MeasureRelationship></Measure></MeasureSet>"
    "<TraitSet Type=\"Disease\">" TRAIT_OF "</TraitSet></ReferenceClinVarAssertion><ClinVarAssertion ID=\"11\"><ClinVarSubmissionID localKey=\"k\" submitter=\"Lab &amp; One\"/><ClinVarAccession Acc=\"SCV000000011\" Version=\"2\" Type=\"SCV\"/>"
    "<RecordStatus>current</RecordStatus><Classification DateLastEvaluated=\"2024-05-17\"><ReviewStatus>" SINGLE "</ReviewStatus><GermlineClassification>Pathogenic</GermlineClassification></Classification>"
    "<AttributeSet><Attribute Type=\"AssertionMethod\">ACMG Guidelines, 2015</Attribute></AttributeSet></ClinVarAssertion></ClinVarSet></ReleaseSet>";

static sund_code keep_all(void *ctx, const sund_interpretation *e, sund_err *err)
{
    (void) err;
    sund_buf_printf(ctx, "%s %s %s %s %s %s %s %s %s|", e->variant, e->gene, e->condition, sund_acmg_code(e->acmg), e->date, e->laboratory, e->method, e->evidence, e->reference);
    return SUND_OK;
}

/** Entry 3, Lab & One's of 2024-05-17, and what a release that tells of it again makes of it. */
static void yields_to_what_is_here(sink *k)
{
    static const char mine[] = "variant\tgene\tcondition\tclass\tcriteria\tdate\tlaboratory\n17-41197729-T-C\tBRCA1\tOMIM:604370\tP\tPVS1\t2024-05-17\tLab & One\n";
    static const char later[] = "variant\tgene\tcondition\tclass\tdate\tlaboratory\n17-41197729-T-C\tBRCA1\tOMIM:604370\tLP\t2024-05-18\tLab & One\n";
    static const char sooner[] = "variant\tgene\tcondition\tclass\tcriteria\tdate\tlaboratory\n17-41197729-T-C\tBRCA1\tOMIM:604370\tLP\tPVS1\t2024-05-16\tLab & One\n";
    const struct { const char *own; size_t n; bool withdraw; sund_put what; } row[] = { { mine, sizeof mine - 1, false, SUND_PUT_KEPT }, { later, sizeof later - 1, false, SUND_PUT_KEPT }, { later, sizeof later - 1, true, SUND_PUT_KEPT }, { sooner, sizeof sooner - 1, false, SUND_PUT_CHANGED },
                                                                                       { sooner, sizeof sooner - 1, true, SUND_PUT_KEPT } };
    sund_interpretation e[1];
    sund_form_report    rep;
    sund_err            err = { SUND_OK, "" };
    int64_t             id = 0;

    CHECK(sund_interpretations_each(k->s, &(sund_interpretation_query){ .laboratory = "Lab & One" }, keep_class, e, &err) == SUND_OK);
    id = e->id;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        size_t had;

        CHECK(read_into(k, SUND_FORM_SUND, row[i].own, row[i].n, NULL, &rep, &err) == SUND_OK && rep.n_entry == 1);
        CHECK(!row[i].withdraw || sund_interpretation_withdraw(k->s, id, "wrong", &err) == SUND_OK);
        had = k->n[row[i].what];
        CHECK(read_into(k, SUND_FORM_CLINVAR_XML, rcv_text, sizeof rcv_text - 1, NULL, &rep, &err) == SUND_OK && k->n[row[i].what] == had + 1);
        CHECK(sund_interpretations_each(k->s, &(sund_interpretation_query){ .id = id, .withdrawn = true }, keep_class, e, &err) == SUND_OK);
        CHECK((e->standing == SUND_STANDS_WITHDRAWN) == row[i].withdraw && (row[i].what == SUND_PUT_CHANGED) == (e->criteria[0] == 0 && e->acmg == SUND_ACMG_P));
    }
}

TEST(clinvar_xml_of_both_forms)
{
    static const char *const why[] = { "clinical impact", "oncogenicity", "no classification", "flagged", "submission is not current", "none of B, LB", "another submission", "no place on", };
    const sund_interpretation_query all = { .variant = "" };
    sund_form_report rep;
    sink             k = { .n_left = 0 };
    sund_buf         text = { 0 }, got = { 0 };
    sund_err         err = { SUND_OK, "" };

    vcv_text(&text);
    CHECK(sund_form_guess(text.p, text.n) == SUND_FORM_CLINVAR_XML && sund_form_guess(rcv_text, sizeof rcv_text - 1) == SUND_FORM_CLINVAR_XML && sund_form_parse("clinvar-xml") == SUND_FORM_CLINVAR_XML);
    CHECK(sund_interpretations_open(&k.s, ":memory:", &err) == SUND_OK);
    CHECK(read_into(&k, SUND_FORM_CLINVAR_XML, (char *) text.p, text.n, NULL, &rep, &err) == SUND_OK);
    CHECK(rep.n_line == 13 && rep.n_entry == 3 && rep.n_left == 10 && k.n[SUND_PUT_NEW] == 3);
    for (size_t i = 0; i < 8; i++) {
        if (!strstr(k.why[i], why[i]))
            printf("# line %zu: %s, not %s\n", k.line[i], k.why[i], why[i]);
        CHECK(strstr(k.why[i], why[i]) && k.line[i] == (i < 6 ? i + 7 : i == 6 ? 13 : 17));
    }
    CHECK(sund_interpretations_each(k.s, &all, keep_all, &got, &err) == SUND_OK);
    sund_buf_nul(&got);
    CHECK(strcmp((char *) got.p, "17-41197729-T-C BRCA1  LB 2021-01-01 four ACMG Guidelines, 2015 " SINGLE " SCV000000020|"
                                 "17-41197729-T-C BRCA1 MONDO:0000123 VUS  two ACMG Guidelines, 2015 " SINGLE " SCV000000012|"
                                 "17-41197729-T-C BRCA1 OMIM:604370 P 2024-05-17 Lab & One ACMG Guidelines, 2015 " SINGLE " SCV000000011|") == 0);
    CHECK(read_into(&k, SUND_FORM_CLINVAR_XML, rcv_text, sizeof rcv_text - 1, NULL, &rep, &err) == SUND_OK && rep.n_line == 1 && k.n[SUND_PUT_SAME] == 1); /* the same, by the other form */
    yields_to_what_is_here(&k);
    sund_interpretations_close(k.s);
    sund_buf_free(&text);
    sund_buf_free(&got);
}

static sund_code no_sink(void *ctx, size_t line, const sund_interpretation *e, sund_err *err)
{
    size_t *most = ctx, now = mallinfo2().uordblks;

    (void) line, (void) e, (void) err;
    *most = now > *most ? now : *most;
    return SUND_OK;
}

static void no_left(void *ctx, size_t line, const char *why) { (void) ctx, (void) line, (void) why; }

TEST(clinvar_xml_that_is_hostile)
{
    const struct { const char *text, *say; } row[] = {
        { "", "no element found" }, { "<a/>", "its root is <a>" }, { VCV_HEAD, "no well-formed XML" }, { VCV_HEAD "</ClinVarVariationRelease>x", "no well-formed XML" },
        { "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">]><ClinVarVariationRelease>&c;</ClinVarVariationRelease>", "DOCTYPE" },
        { "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><ReleaseSet/>", "DOCTYPE" }, { "<ReleaseSet>&a;</ReleaseSet>", "undefined entity" }, { "<ReleaseSet a=\"1\" a=\"2\"/>", "duplicate attribute" },
        { "<ReleaseSet>\xff\xfe</ReleaseSet>", "no well-formed XML" }, { VCV_HEAD "<VariationArchive><InterpretedRecord/>", "before 2024" },
        { "<ClinVarSet><ReferenceClinVarAssertion><ClinicalSignificance/>", "before 2024" }, { "<VariationArchive><RecordStatus>cur<x/>rent</RecordStatus></VariationArchive>", "where there is only text" },
    };
    const sund_form_ask  ask = { .assembly = SUND_GRCH37, .share = SUND_SHARE_LOCAL };
    size_t               most = 0;
    const sund_form_sink to = { &most, no_sink, no_left };
    sund_form_report     rep;
    sund_buf             b = { 0 };
    sund_err             err;

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        CHECK(sund_form_read(SUND_FORM_CLINVAR_XML, "t", row[i].text, strlen(row[i].text), &ask, &to, &rep, &err) == SUND_E_FORMAT && strstr(err.msg, row[i].say) && rep.n_entry == 0);
        if (!strstr(err.msg, row[i].say))
            printf("# %zu: %s, not %s\n", i, err.msg, row[i].say);
    }
    sund_buf_text(&b, "<ReleaseSet>");
    for (int i = 0; i < 64; i++)
        sund_buf_text(&b, "<a>");
    CHECK(sund_form_read(SUND_FORM_CLINVAR_XML, "t", b.p, b.n, &ask, &to, &rep, &err) == SUND_E_LIMIT && strstr(err.msg, "64 deep"));
    sund_buf_clear(&b);
    sund_buf_text(&b, "<ReleaseSet a=\"");
    for (int i = 0; i < 200000; i++)
        sund_buf_text(&b, "0123456789");
    CHECK(sund_form_read(SUND_FORM_CLINVAR_XML, "t", b.p, b.n, &ask, &to, &rep, &err) == SUND_E_LIMIT && strstr(err.msg, "longer than 1048576"));
    sund_buf_clear(&b);
    sund_buf_text(&b, "<ReleaseSet>");
    for (int i = 0; i < 400000; i++) /* ever new names, which a parser keeps */
        sund_buf_printf(&b, "<n%d a%d=\"\"/>", i, i);
    CHECK(sund_form_read(SUND_FORM_CLINVAR_XML, "t", b.p, b.n, &ask, &to, &rep, &err) == SUND_E_LIMIT && strstr(err.msg, "32 MiB"));
    sund_buf_clear(&b);
    sund_buf_text(&b, VCV_OPEN "<ClinicalAssertionList>");
    for (int i = 0; i < 5000; i++)
        sund_buf_text(&b, "<ClinicalAssertion/>");
    CHECK(sund_form_read(SUND_FORM_CLINVAR_XML, "t", b.p, b.n, &ask, &to, &rep, &err) == SUND_E_LIMIT && strstr(err.msg, "4096 submissions"));
    sund_buf_free(&b);
    CHECK(sund_file_write(scratch("empty.xml"), "", 0, 0600, &err) == SUND_OK); /* a file without a byte is no release without records */
    CHECK(sund_form_read_file(&(sund_form){ SUND_FORM_CLINVAR_XML }, scratch("empty.xml"), &ask, &to, &rep, &err) == SUND_E_FORMAT && strstr(err.msg, "no element found"));
}

TEST(records_that_are_none_of_one_variant_as_it_is_now)
{
    static const struct { const char *status, *of, *end, *why; } row[] = { { "current", "<SimpleAllele>", "</SimpleAllele>", NULL }, { "deleted", "<SimpleAllele>", "</SimpleAllele>", "the record is not current" }, { "current", "<Haplotype><SimpleAllele>", "</SimpleAllele></Haplotype>", "several alleles together" },
                                                                           { "current", "<SimpleAllele/><Genotype/><SimpleAllele>", "</SimpleAllele>", "several alleles together" } };
    sund_form_report rep;
    sund_err         err = { SUND_OK, "" };

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        sink     k = { .n_left = 0 };
        sund_buf b = { 0 };

        sund_buf_printf(&b, VCV_HEAD "<VariationArchive><RecordStatus>%s</RecordStatus><ClassifiedRecord>%s<Location><SequenceLocation Assembly=\"GRCh37\" Chr=\"1\" positionVCF=\"9\" referenceAlleleVCF=\"A\" alternateAlleleVCF=\"C\"/></Location>%s<ClinicalAssertionList>", row[i].status, row[i].of, row[i].end);
        scv(&b, 1, "lab", "2024-05-17", "current", SINGLE, GERM, "Benign", "");
        sund_buf_text(&b, "</ClinicalAssertionList></ClassifiedRecord></VariationArchive></ClinVarVariationRelease>");
        CHECK(sund_interpretations_open(&k.s, ":memory:", &err) == SUND_OK);
        CHECK(read_into(&k, SUND_FORM_CLINVAR_XML, (char *) b.p, b.n, NULL, &rep, &err) == SUND_OK && rep.n_entry == !row[i].why && rep.n_left == (row[i].why != NULL) && (!row[i].why || strstr(k.why[0], row[i].why)));
        sund_interpretations_close(k.s);
        sund_buf_free(&b);
    }
}

TEST(a_trait_beyond_those_that_are_kept_lends_its_code_to_none)
{
    const sund_interpretation_query all = { .variant = "" };
    sund_form_report    rep;
    sink                k = { .n_left = 0 };
    sund_buf            b = { 0 };
    sund_interpretation e[1];
    sund_err            err = { SUND_OK, "" };

    sund_buf_text(&b, VCV_HEAD VCV_OPEN "<SimpleAllele><Location><SequenceLocation Assembly=\"GRCh37\" Chr=\"1\" positionVCF=\"9\" referenceAlleleVCF=\"A\" alternateAlleleVCF=\"C\"/></Location></SimpleAllele><Classifications><GermlineClassification><ConditionList><TraitSet>");
    for (int i = 0; i < 1030; i++)
        sund_buf_printf(&b, "<Trait><XRef DB=\"MedGen\" ID=\"C%07d\"/>%s</Trait>", i, i < 1024 ? "" : "<XRef DB=\"OMIM\" ID=\"604370\"/>");
    sund_buf_text(&b, "</TraitSet></ConditionList></GermlineClassification></Classifications><ClinicalAssertionList>");
    scv(&b, 1, "lab", "2024-05-17", "current", SINGLE, GERM, "Benign", "<Trait><XRef DB=\"MedGen\" ID=\"C0001023\"/></Trait>");
    sund_buf_text(&b, "</ClinicalAssertionList></ClassifiedRecord></VariationArchive></ClinVarVariationRelease>");
    CHECK(sund_interpretations_open(&k.s, ":memory:", &err) == SUND_OK);
    CHECK(read_into(&k, SUND_FORM_CLINVAR_XML, (char *) b.p, b.n, NULL, &rep, &err) == SUND_OK && rep.n_entry == 1);
    CHECK(sund_interpretations_each(k.s, &all, keep_class, e, &err) == SUND_OK && strcmp(e->condition, "MedGen:C0001023") == 0);
    sund_interpretations_close(k.s);
    sund_buf_free(&b);
}

/** A packed release of n records. */
static void write_release(const char *path, size_t n)
{
    gzFile   g = gzopen(path, "wb1");
    sund_buf b = { 0 };

    (void) gzputs(g, VCV_HEAD);
    for (size_t i = 0; i < n; i++) {
        sund_buf_clear(&b);
        sund_buf_printf(&b, VCV_OPEN "<SimpleAllele><GeneList><Gene Symbol=\"G%zu\"/></GeneList><Location><SequenceLocation Assembly=\"GRCh37\" Chr=\"1\" positionVCF=\"%zu\" referenceAlleleVCF=\"A\" alternateAlleleVCF=\"C\"/></Location></SimpleAllele>" CLASSES_OF "<ClinicalAssertionList>", i, i + 1000);
        scv(&b, (int) (i % 1000000000), "lab", "2024-05-17", "current", SINGLE, GERM, "Benign", "");
        sund_buf_text(&b, "</ClinicalAssertionList></ClassifiedRecord></VariationArchive>\n");
        (void) gzwrite(g, b.p, (unsigned) b.n);
    }
    (void) gzputs(g, "</ClinVarVariationRelease>\n");
    (void) gzclose(g);
    sund_buf_free(&b);
}

TEST(clinvar_xml_in_flat_memory)
{
    const sund_form_ask ask = { .assembly = SUND_GRCH37, .share = SUND_SHARE_LOCAL };
    const size_t        n[2] = { 500, 8000 };
    size_t              most[2] = { 0, 0 };
    sund_form_report    rep;
    sund_buf            whole = { 0 };
    sund_err            err = { SUND_OK, "" };
    const char         *path = scratch("release.xml.gz");

    for (int i = 0; i < 2; i++) {
        const sund_form_sink to = { &most[i], no_sink, no_left };
        sund_form            f = SUND_FORM_NONE;

        write_release(path, n[i]);
        CHECK(sund_form_read_file(&f, path, &ask, &to, &rep, &err) == SUND_OK && f == SUND_FORM_CLINVAR_XML && rep.n_line == n[i] && rep.n_entry == n[i]);
    }
    printf("# %zu bytes for %zu records, %zu for %zu\n", most[0], n[0], most[1], n[1]);
    CHECK(most[1] <= most[0] + most[0] / 10 + 4096); /* under the sanitizer both are 0 */
    CHECK(sund_file_read(path, 1 << 24, &whole, &err) == SUND_OK);
    for (size_t cut = 1; cut < 4; cut++) { /* cut short, packed or in the last member's check: never taken as the end */
        const sund_form_sink to = { &most[0], no_sink, no_left };
        sund_form            f = SUND_FORM_NONE;

        CHECK(sund_file_write(path, whole.p, cut == 1 ? whole.n - 3 : whole.n / cut, 0600, &err) == SUND_OK);
        CHECK(sund_form_read_file(&f, path, &ask, &to, &rep, &err) == SUND_E_FORMAT && strstr(err.msg, "cut short or damaged"));
    }
    whole.p[whole.n / 2] ^= 0x55;
    CHECK(sund_file_write(path, whole.p, whole.n, 0600, &err) == SUND_OK);
    CHECK(sund_form_read_file(&(sund_form){ SUND_FORM_NONE }, path, &ask, &(sund_form_sink){ &most[0], no_sink, no_left }, &rep, &err) == SUND_E_FORMAT);
    sund_buf_free(&whole);
}

/* ---- what ClinVar answers ---- */

static void note_left(void *ctx, size_t at, const char *why) { sund_buf_printf(ctx, "%zu %s|", at, why); }
static void note_deleted(void *ctx, const char *scv_is) { sund_buf_printf(ctx, "%s|", scv_is); }

TEST(accessions_are_kept_and_what_is_withdrawn_is_deleted)
{
    static const char own[] = "variant\tgene\tclass\tlaboratory\tmethod\treference\tshare\n1-5-A-T\tA\tP\ta\tM\t\tpublic\n1-6-A-T\tA\tB\ta\tM\t\tpublic\n1-7-A-T\tA\tB\ta\tM\tSCV000000073.2\tpublic\n1-8-A-T\tA\tB\tb\tM\tSCV000000074\tpublic\n1-9-A-T\tA\tB\ta\tM\tSCV00075\tpublic\n1-8-A-T\tA\tB\ta\tM\tSCV000000074\tpublic\n";
    static const char again[] = "variant\tgene\tclass\tlaboratory\tmethod\tshare\n1-5-A-T\tA\tLP\ta\tM\tpublic\n";
    static const char other[] = "variant\tgene\tclass\tlaboratory\tmethod\treference\tshare\n1-7-A-T\tB\tLP\ta\tM\tSCV000000073\tlocal\n";
    static const char summary[] = "{\"submissions\":[{\"identifiers\":{\"clinvarLocalKey\":\"1\",\"localKey\":\"1\",\"localID\":\"1-5-A-T\",\"clinvarAccession\":\"SCV000000071\"},\"processingStatus\":\"Success\"},"
                                  "{\"identifiers\":{\"clinvarLocalKey\":\"2\",\"localID\":\"1-6-A-T\",\"clinvarAccession\":\"SCV000000072\"},\"processingStatus\":\"Success\"},"
                                  "{\"identifiers\":{\"localKey\":\"3\"},\"processingStatus\":\"Error\",\"errors\":[{\"input\":[],\"output\":{\"errors\":[{\"userMessage\":\"no such gene\"}]}}]},"
                                  "{\"identifiers\":{\"localKey\":\"4\",\"localID\":\"1-8-A-T\",\"clinvarAccession\":\"SCV000000079\"},\"processingStatus\":\"Success\"},"
                                  "{\"identifiers\":{\"localKey\":\"1\",\"localID\":\"1-6-A-T\",\"clinvarAccession\":\"SCV000000079\"},\"processingStatus\":\"Success\"},"
                                  "{\"identifiers\":{\"localKey\":\"99\",\"localID\":\"1-5-A-T\",\"clinvarAccession\":\"SCV000000079\"},\"processingStatus\":\"Success\"},"
                                  "{\"identifiers\":{\"localKey\":\"1\",\"clinvarAccession\":\"SCV79\"},\"processingStatus\":\"Success\"},"
                                  "{\"identifiers\":{\"localKey\":\"1\",\"clinvarAccession\":\"SCV000000071\"},\"processingStatus\":\"Success\"},"
                                  "{\"identifiers\":{\"localKey\":\"3\",\"localID\":\"1-7-A-T\",\"clinvarAccession\":\"SCV000000079\"},\"processingStatus\":\"Success\"}]}";
    static const char gone[] = " {\"deletions\":[{\"identifiers\":{\"clinvarAccession\":\"SCV000000072\"},\"processingStatus\":\"Success\"},{\"identifiers\":{\"clinvarAccession\":\"SCV000000071\"},\"processingStatus\":\"Error\"}]}";
    static const char report[] = "##text\n#Your_variant_id\tYour_record_id\tSCV\tYour_variant_description\tClinical_significance\tStatus\n1-6-A-T\t2\tSCV000000082.1\t\t\tcurrent\n1-9-A-T\t5\tSCV000000083\t\t\tdeleted\n\t\tSCV000000084\t\t\tcurrent\n";
    sund_interpretation e[1];
    sund_form_report    rep;
    sund_recorded       r;
    sink                k = { .n_left = 0 };
    sund_buf            said = { 0 }, out = { 0 }, del = { 0 };
    sund_form_put       how = { .who = SUND_ASKER_PUBLIC, .laboratory = "a", .criteria = "PMID:1", .deleted = note_deleted, .ctx = &del };
    size_t              n;
    sund_err            err = { SUND_OK, "" };

    CHECK(sund_interpretations_open(&k.s, ":memory:", &err) == SUND_OK && sund_interpretations_assembly_set(k.s, SUND_GRCH37, &err) == SUND_OK);
    CHECK(read_into(&k, SUND_FORM_SUND, own, sizeof own - 1, NULL, &rep, &err) == SUND_OK && rep.n_entry == 6);
    CHECK(sund_interpretation_withdraw(k.s, 2, "ours, not theirs", &err) == SUND_OK);
    CHECK(sund_clinvar_record(k.s, "a", "s", summary, sizeof summary - 1, note_left, &said, &r, &err) == SUND_OK && r.n == 9 && r.recorded == 2 && r.same == 0 && r.deleted == 0 && r.left == 7);
    sund_buf_nul(&said);
    CHECK(strcmp((char *) said.p, "3 ClinVar has not taken it: no such gene|4 entry 4 is not of 'a'|5 entry 1 is of another variant, 1-5-A-T|6 there is no entry 99; 'sund interpret list' shows their numbers|7 it has no accession: SCV and nine digits|"
                                  "8 it does not name the variant: is it an answer to a submission of this home?|9 entry 3 has another accession, SCV000000073, and ClinVar gives each for good; if it is wrong, import the entry with the right one as its reference|") == 0);
    CHECK(sund_interpretations_each(k.s, &(sund_interpretation_query){ .id = 2, .withdrawn = true }, keep_class, e, &err) == SUND_OK);
    CHECK(e->number == 3 && e->standing == SUND_STANDS_WITHDRAWN && strcmp(e->reference, "SCV000000072") == 0 && strcmp(e->why, "ours, not theirs") == 0);
    CHECK(sund_clinvar_record(k.s, "a", "s", summary, sizeof summary - 1, note_left, &said, &r, &err) == SUND_OK && r.recorded == 0 && r.same == 2);
    /* a table that has no accessions takes none away */
    CHECK(read_into(&k, SUND_FORM_SUND, again, sizeof again - 1, NULL, &rep, &err) == SUND_OK);
    CHECK(sund_interpretations_each(k.s, &(sund_interpretation_query){ .id = 1 }, keep_class, e, &err) == SUND_OK && e->acmg == SUND_ACMG_LP && strcmp(e->reference, "SCV000000071") == 0);
    /* one that another entry has taken over stays, as does one that is no accession */
    CHECK(sund_interpretation_withdraw(k.s, 3, "other gene", &err) == SUND_OK && sund_interpretation_withdraw(k.s, 5, "x", &err) == SUND_OK && sund_interpretation_withdraw(k.s, 6, "that of another laboratory, which stands", &err) == SUND_OK);
    CHECK(read_into(&k, SUND_FORM_SUND, other, sizeof other - 1, NULL, &rep, &err) == SUND_OK);
    CHECK(sund_form_write(SUND_FORM_CLINVAR_JSON, k.s, &how, &out, &n, &err) == SUND_OK && n == 1);
    sund_buf_nul(&out);
    sund_buf_nul(&del);
    CHECK(strcmp((char *) del.p, "SCV000000072|") == 0 && strstr((char *) out.p, "SCV000000072") && !strstr((char *) out.p, "SCV000000073") && !strstr((char *) out.p, "SCV000000074") && !strstr((char *) out.p, "ours, not theirs") && !strstr((char *) out.p, "reason"));
    how.reason = "born 1980-02-01";
    sund_buf_clear(&out);
    CHECK(sund_form_write(SUND_FORM_CLINVAR_JSON, k.s, &how, &out, &n, &err) == SUND_E_ARG && strstr(err.msg, "published"));
    how.reason = "the variant was named wrongly";
    how.criteria = NULL;
    sund_buf_clear(&out);
    CHECK(sund_interpretation_withdraw(k.s, 1, "y", &err) == SUND_OK);
    CHECK(sund_form_write(SUND_FORM_CLINVAR_JSON, k.s, &how, &out, &n, &err) == SUND_OK && n == 0); /* deletions alone need no criteria */
    sund_buf_nul(&out);
    CHECK(strstr((char *) out.p, "SCV000000071") && strstr((char *) out.p, "SCV000000072") && strstr((char *) out.p, "named wrongly") && !strstr((char *) out.p, "germlineSubmission"));
    /* once it is deleted there, it is asked for no more */
    CHECK(sund_clinvar_record(k.s, "a", "s", gone, sizeof gone - 1, note_left, &said, &r, &err) == SUND_OK && r.n == 2 && r.deleted == 1 && r.left == 1);
    sund_buf_clear(&out);
    CHECK(sund_form_write(SUND_FORM_CLINVAR_JSON, k.s, &how, &out, &n, &err) == SUND_OK);
    sund_buf_nul(&out);
    CHECK(strstr((char *) out.p, "SCV000000071") && !strstr((char *) out.p, "SCV000000072"));
    CHECK(sund_clinvar_record(k.s, "a", "r", report, sizeof report - 1, note_left, &said, &r, &err) == SUND_OK && r.n == 3 && r.recorded == 1 && r.left == 2);
    CHECK(sund_clinvar_record(k.s, "a", "r", "{}", 2, note_left, &said, &r, &err) == SUND_E_FORMAT && sund_clinvar_record(k.s, "a", "r", "x", 1, note_left, &said, &r, &err) == SUND_E_FORMAT);
    sund_interpretations_close(k.s);
    sund_buf_free(&said);
    sund_buf_free(&out);
    sund_buf_free(&del);
}

TEST(no_more_deletions_than_a_submission_has)
{
    enum { MOST = 10000 };
    sund_form_report rep;
    sink             k = { .n_left = 0 };
    sund_buf         b = { 0 }, out = { 0 };
    sund_form_put    how = { .who = SUND_ASKER_PUBLIC, .laboratory = "a" };
    size_t           n;
    sund_err         err = { SUND_OK, "" };

    sund_buf_text(&b, "variant\tclass\tlaboratory\treference\n");
    for (int i = 0; i <= MOST; i++)
        sund_buf_printf(&b, "1-%d-A-T\tP\ta\tSCV%09d\n", 100 + i, 1 + i);
    CHECK(sund_interpretations_open(&k.s, ":memory:", &err) == SUND_OK && sund_interpretations_assembly_set(k.s, SUND_GRCH37, &err) == SUND_OK);
    CHECK(read_into(&k, SUND_FORM_SUND, (char *) b.p, b.n, NULL, &rep, &err) == SUND_OK && rep.n_entry == MOST + 1);
    CHECK(sund_interpretations_begin(k.s, &err) == SUND_OK);
    for (int i = 1; i <= MOST; i++)
        CHECK(sund_interpretation_withdraw(k.s, i, "x", &err) == SUND_OK);
    CHECK(sund_interpretations_end(k.s, true, SUND_OK, &err) == SUND_OK);
    CHECK(sund_form_write(SUND_FORM_CLINVAR_JSON, k.s, &how, &out, &n, &err) == SUND_OK);
    sund_buf_clear(&out);
    CHECK(sund_interpretation_withdraw(k.s, MOST + 1, "x", &err) == SUND_OK);
    CHECK(sund_form_write(SUND_FORM_CLINVAR_JSON, k.s, &how, &out, &n, &err) == SUND_E_LIMIT && strstr(err.msg, "10001 are due"));
    sund_interpretations_close(k.s);
    sund_buf_free(&b);
    sund_buf_free(&out);
}
