/* Variant interpretations: VKGL's rules and their published files, ClinVar's forms, the store and its history, who is shown what. */
#include "base/file.h"
#include "base/gz.h"
#include "exchange/forms.h"
#include "exchange/vkgl.h"
#include "test.h"

#include "scratch.h"

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

typedef struct sink { sund_interpretations *s; size_t n[4], n_left; char why[8][200]; size_t line[8]; } sink;

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
