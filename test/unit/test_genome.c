/* Names of contigs and variants, copies by sex, the normal form of a variant against every other way to write it, catalogues. */
#include "base/file.h"
#include "genome/catalogue.h"
#include "genome/hgvs.h"
#include "scratch.h"
#include "test.h"

#include <unistd.h>

/* ---- contigs ---- */

TEST(contigs_by_all_their_names)
{
    static const struct { const char *name; int contig; sund_assembly a; } good[] = {
        { "20", 20, SUND_ASSEMBLY_NONE }, { "chr20", 20, SUND_ASSEMBLY_NONE }, { "CHR20", 20, SUND_ASSEMBLY_NONE }, { "NC_000020.10", 20, SUND_GRCH37 }, { "NC_000020.11", 20, SUND_GRCH38 },
        { "X", SUND_X, SUND_ASSEMBLY_NONE }, { "chrx", SUND_X, SUND_ASSEMBLY_NONE }, { "23", SUND_X, SUND_ASSEMBLY_NONE }, { "NC_000023.11", SUND_X, SUND_GRCH38 },
        { "chrM", SUND_MT, SUND_ASSEMBLY_NONE }, { "MT", SUND_MT, SUND_ASSEMBLY_NONE }, { "M", SUND_MT, SUND_ASSEMBLY_NONE }, { "NC_012920.1", SUND_MT, SUND_ASSEMBLY_NONE }, { "24", SUND_Y, SUND_ASSEMBLY_NONE },
    };
    static const char *const none[] = { "", "chr", "0", "25", "chr0", "020", "20 ", " 20", "chrchr20", "NC_000020", "NC_000020.9", "NC_000020.12", "NC_000020.10x", "NC_20.10", "NC_000000.1", "NC_000026.1",
                                        "GL000207.1", "chrUn_gl000211", "chr6_cox_hap2", "HLA-A*01:01", "hs37d5" };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        sund_assembly a = SUND_GRCH37;

        CHECK(sund_contig_parse(good[i].name, &a) == good[i].contig && a == good[i].a);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        CHECK(sund_contig_parse(none[i], NULL) == 0);
    for (int c = 1; c < SUND_N_CONTIG; c++)
        CHECK(sund_contig_parse(sund_contig_name(c), NULL) == c);
    CHECK(sund_contig_length(SUND_GRCH37, 20) == 63025520 && sund_contig_length(SUND_GRCH38, 20) == 64444167 && sund_contig_length(SUND_GRCH37, SUND_MT) == 16569);
    CHECK(sund_contig_length(SUND_GRCH37, 0) == 0 && sund_contig_length(SUND_GRCH38, SUND_N_CONTIG) == 0);
}

/** PAR1 and PAR2 as Ensembl gives them, 1-based inclusive: their last bases in and the next ones out. */
TEST(copies_change_at_the_ends_of_the_pseudo_autosomal_regions)
{
    static const struct { sund_assembly a; int contig; uint32_t from, to; } par[] = {
        { SUND_GRCH37, SUND_X, 60001, 2699520 }, { SUND_GRCH37, SUND_X, 154931044, 155260560 }, { SUND_GRCH37, SUND_Y, 10001, 2649520 }, { SUND_GRCH37, SUND_Y, 59034050, 59363566 },
        { SUND_GRCH38, SUND_X, 10001, 2781479 }, { SUND_GRCH38, SUND_X, 155701383, 156030895 }, { SUND_GRCH38, SUND_Y, 10001, 2781479 }, { SUND_GRCH38, SUND_Y, 56887903, 57217415 },
    };

    for (size_t i = 0; i < sizeof par / sizeof par[0]; i++) {
        sund_copies out = par[i].contig == SUND_X ? SUND_COPIES_X : SUND_COPIES_Y;

        CHECK(sund_copies_at(par[i].a, par[i].contig, par[i].from - 1) == SUND_DIPLOID && sund_copies_at(par[i].a, par[i].contig, par[i].to - 1) == SUND_DIPLOID);
        CHECK(sund_copies_at(par[i].a, par[i].contig, par[i].from - 2) == out && sund_copies_at(par[i].a, par[i].contig, par[i].to) == out);
    }
    CHECK(sund_copies_of(SUND_COPIES_X, SUND_MALE) == 1 && sund_copies_of(SUND_COPIES_X, SUND_FEMALE) == 2 && sund_copies_of(SUND_COPIES_Y, SUND_FEMALE) == 0 && sund_copies_of(SUND_COPIES_MT, SUND_FEMALE) == 1);
}

/* ---- names ---- */

TEST(one_variant_by_all_its_names)
{
    static const char *const same[] = { "20-1000226-A-T", "chr20-1000226-A-T", "20:1000226:A:T", "chr20:1000226:a:t", "NC_000020.10:1000225:A:T", "NC_000020.11-1000226-A-T", "20:1000226 A>T",
                                         "20:1000226A>T", "chr20:g.1000226A>T", "NC_000020.11:g.1000226A>T", "20_1000226_A_T", "chr20_1000226_A/T", "20:1000226:A/T", "20/1000226/A/T" };
    static const struct { const char *name, *says; } bad[] = {
        { "", "contig" }, { "20", "position" }, { "21-", "position" }, { "99-1-A-T", "contig" }, { "20-0-A-T", "position" }, { "20-x-A-T", "position" }, { "20--1-A-T", "position" }, { "20-300000001-A-T", "position" },
        { "20-18446744073709551617-A-T", "position" }, { "20-1-A", "ALT" }, { "20-1--T", "REF" }, { "20-1-A-", "ALT" }, { "20-1-A-U", "ALT" }, { "20-1-<DEL>-T", "REF" }, { "20-1-A-A", "ALT equals REF" }, { "20-1-A-T-", "ALT" },
        { "20-1-A-T C", "ALT" }, { "NC_000020.10:300000001:A:T", "position" }, { "NC_000020.10:-1:A:T", "position" }, { "20:0:A:T", "position" }, { "20_1_A", "ALT" },
        { "20:g.5_6insT", "reference" }, { "NC_000020.10:g.5del", "reference" }, { "20:g.A>T", "position" }, { "20 1 A T", "contig" },
    };

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        sund_buf     store = { 0 }, text = { 0 };
        sund_variant v;

        CHECK(sund_variant_parse(same[i], &v, &store, NULL) == SUND_OK);
        sund_variant_print(&v, &text);
        CHECK(text.n == 14 && memcmp(text.p, "20-1000226-A-T", 14) == 0);
        CHECK(sund_variant_name(same[i], &text, NULL) == SUND_OK && strcmp((char *) text.p, "20-1000226-A-T") == 0);
        CHECK(sund_variant_name("chr20:1000224:GCAC:GCTC", &text, NULL) == SUND_OK && strcmp((char *) text.p, "20-1000226-A-T") == 0);
        sund_buf_free(&store);
        sund_buf_free(&text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sund_buf     store = { 0 };
        sund_variant v = { .contig = 7 };
        sund_err     err = { SUND_OK, "" };

        CHECK(sund_variant_parse(bad[i].name, &v, &store, &err) == SUND_E_ARG && strstr(err.msg, bad[i].says) && v.contig == 7);
        sund_buf_free(&store);
    }
}

/** Against HGVS's own examples put on a made-up chromosome: what is rightmost there is leftmost here. */
TEST(hgvs_of_insertions_and_deletions_by_a_reference)
{
    static const struct { const char *hgvs, *want; } good[] = {
        { "20:g.8del", "20-4-CA-C" }, { "NC_000022.10:g.108del", "NC_000022.10-104-CA-C" }, { "20:g.8delA", "20-4-CA-C" }, { "20:g.7_8delaa", "20-4-CAA-C" }, { "20:g.8dup", "20-4-C-CA" }, { "20:g.8dupA", "20-4-C-CA" },
        { "20:g.8_9insA", "20-4-C-CA" }, { "20:g.3_4insTT", "20-3-A-ATT" }, { "20:g.9_10delinsAC", "20-9-GT-AC" }, { "20:g.10_11inv", "20-10-TC-GA" }, { "20:g.9delinsGG", "20-8-A-AG" }, { "20:g.2_3dup", "20-1-G-GCA" },
    };
    static const struct { const char *hgvs, *says; sund_code rc; } bad[] = {
        { "20:g.8delC", "other bases", SUND_E_MISMATCH }, { "20:g.8dupG", "other bases", SUND_E_MISMATCH }, { "20:g.99del", "no bases", SUND_E_NOT_FOUND }, { "20:g.8_7del", "the smaller first", SUND_E_ARG }, { "20:g.8insA", "between two", SUND_E_ARG },
        { "20:g.8_9ins", "letters", SUND_E_ARG }, { "20:g.8_9ins10", "letters", SUND_E_ARG }, { "20:g.1del", "no base before", SUND_E_ARG }, { "20:g.5_6invA", "nothing stands", SUND_E_ARG }, { "20:g.5A>T", "no change", SUND_E_ARG },
        { "20:c.5del", "no change", SUND_E_ARG }, { "99:g.5del", "no change", SUND_E_ARG }, { "20:g.5", "no change", SUND_E_ARG }, { "20:g.1_2000000000del", "no change", SUND_E_ARG }, { "20:g.1_200000del", "at most", SUND_E_ARG }, { "20:g.2_3delinsX", "letters", SUND_E_ARG },
        { "NC_000021.8:g.2del", "not as long", SUND_E_MISMATCH },
    };
    const char     *path = scratch("hgvs.fa");
    FILE           *f = fopen(path, "w");
    sund_reference *ref = NULL;
    sund_buf        out = { 0 };
    sund_err        err = { SUND_OK, "" };

    CHECK(f && fprintf(f, ">20:1-14\nGCACAAAAGTCGAT\n>21\nACGTACGT\n>22:101-114\nGCACAAAAGTCGAT\n") > 0 && fclose(f) == 0 && sund_reference_open(&ref, path, NULL) == SUND_OK);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        sund_buf_clear(&out);
        CHECK(sund_is_hgvs_change(good[i].hgvs) && sund_hgvs_spell(good[i].hgvs, ref, &out, NULL) == SUND_OK);
        sund_buf_nul(&out);
        if (strcmp((char *) out.p, good[i].want) != 0)
            printf("# %s: %s, not %s\n", good[i].hgvs, (char *) out.p, good[i].want);
        CHECK(strcmp((char *) out.p, good[i].want) == 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(sund_hgvs_spell(bad[i].hgvs, ref, &out, &err) == bad[i].rc && strstr(err.msg, bad[i].says));
    sund_reference_close(ref);
    sund_buf_free(&out);
}

TEST(regions)
{
    sund_region r;

    CHECK(sund_region_parse("20", &r, NULL) == SUND_OK && r.contig == 20 && r.from_bp == 0 && r.to_bp >= 64444167);
    CHECK(sund_region_parse("chrX:1-100", &r, NULL) == SUND_OK && r.contig == SUND_X && r.from_bp == 0 && r.to_bp == 100);
    CHECK(sund_region_parse("20:7-7", &r, NULL) == SUND_OK && r.from_bp == 6 && r.to_bp == 7);
    CHECK(sund_region_parse("20:8-7", &r, NULL) != SUND_OK && sund_region_parse("20:0-7", &r, NULL) != SUND_OK && sund_region_parse("20:5", &r, NULL) != SUND_OK && sund_region_parse("99:1-2", &r, NULL) != SUND_OK);
}

/* ---- the normal form ---- */

enum { REF_LEN = 40, ALLELE_LEN = 6 };

typedef struct piece { char ref[REF_LEN + 1]; const char *path; sund_reference *r; } piece;

/** Few letters, so that there is much to roll over. The piece lies in the middle of a chromosome, or at its start. */
static piece make_piece(bool at_start)
{
    piece    p = { .path = scratch("piece") };
    unsigned letters = 2 + (unsigned) (test_rand() % 2);
    FILE    *f = fopen(p.path, "w");

    for (int i = 0; i < REF_LEN; i++)
        p.ref[i] = "ACG"[test_rand() % letters];
    if (!f || fprintf(f, "%s\n%s\n", at_start ? ">20" : ">20:101-140", p.ref) < 0)
        abort();
    (void) fclose(f);
    return p;
}

/** The piece with a variant put in. */
static size_t apply(const piece *p, uint32_t from, const sund_variant *v, char out[2 * REF_LEN])
{
    uint32_t at = v->pos_bp - from;
    size_t   tail = REF_LEN - at - v->n_ref;

    memcpy(out, p->ref, at);
    memcpy(out + at, v->alt, v->n_alt);
    memcpy(out + at + v->n_alt, p->ref + at + v->n_ref, tail);
    return at + v->n_alt + tail;
}

typedef struct form { uint32_t pos; uint32_t n_ref, n_alt; char ref[2 * REF_LEN], alt[2 * REF_LEN]; } form;

static form normal_of(const piece *p, const sund_variant *v)
{
    sund_variant w = *v;
    sund_buf     scratch = { 0 };
    form         f = { 0 };

    CHECK(sund_variant_normalise(&w, p->r, &scratch, NULL) == SUND_OK);
    f.pos = w.pos_bp;
    f.n_ref = w.n_ref;
    f.n_alt = w.n_alt;
    memcpy(f.ref, w.ref, w.n_ref);
    memcpy(f.alt, w.alt, w.n_alt);
    sund_buf_free(&scratch);
    return f;
}

/** Every way to write the same change within the piece, alleles of 1 to ALLELE_LEN + 2 bases: all have one normal form, and none is shorter, or as short and
 *  further left. */
static size_t against_all_spellings(const piece *p, uint32_t from, const sund_variant *v)
{
    char   want[2 * REF_LEN], got[2 * REF_LEN];
    size_t n = apply(p, from, v, want), ways = 0;
    form   f = normal_of(p, v);

    CHECK(memcmp(f.ref, p->ref + (f.pos - from), f.n_ref) == 0);
    for (uint32_t at = 0; at < REF_LEN; at++)
        for (uint32_t n_ref = 1; n_ref <= ALLELE_LEN + 2 && at + n_ref <= REF_LEN; n_ref++) {
            int64_t      n_alt = (int64_t) n_ref + (int64_t) n - REF_LEN;
            sund_variant w = { 20, from + at, p->ref + at, want + at, n_ref, (uint32_t) n_alt };

            if (n_alt < 1 || at + (size_t) n_alt > n || (n_ref == (uint32_t) n_alt && memcmp(w.ref, w.alt, n_ref) == 0) || apply(p, from, &w, got) != n || memcmp(got, want, n) != 0)
                continue;
            form g = normal_of(p, &w);

            ways++;
            CHECK(memcmp(&f, &g, sizeof f) == 0);
            CHECK(f.n_ref < n_ref || (f.n_ref == n_ref && f.pos <= w.pos_bp));
        }
    return ways;
}

TEST(a_variant_has_one_normal_form_however_it_is_written)
{
    size_t ways = 0, n = 0;

    for (int k = 0; k < 60; k++) {
        bool     at_start = k % 4 == 0;
        uint32_t from = at_start ? 0 : 100;
        piece    p = make_piece(at_start);

        CHECK(sund_reference_open(&p.r, p.path, NULL) == SUND_OK);
        for (int j = 0; j < 40 && p.r; j++) {
            char         alt[ALLELE_LEN + 1];
            uint32_t     n_ref = 1 + (uint32_t) (test_rand() % ALLELE_LEN), n_alt = 1 + (uint32_t) (test_rand() % ALLELE_LEN), at = 12 + (uint32_t) (test_rand() % (REF_LEN - 24));
            sund_variant v = { 20, from + at, p.ref + at, alt, n_ref, n_alt };

            for (uint32_t i = 0; i < n_alt; i++)
                alt[i] = "ACG"[test_rand() % 2];
            if (n_ref == n_alt && memcmp(v.ref, alt, n_ref) == 0)
                continue;
            ways += against_all_spellings(&p, from, &v);
            n++;
        }
        sund_reference_close(p.r);
    }
    printf("# %zu variants, %zu spellings\n", n, ways);
    CHECK(n > 2000 && ways > 3 * n);
}

TEST(a_reference_that_says_otherwise_is_named_by_position)
{
    piece        p = make_piece(false);
    sund_variant v = { 20, 110, p.ref[10] == 'A' ? "C" : "A", "T", 1, 1 };
    sund_buf     scratch = { 0 };
    sund_err     err = { SUND_OK, "" };

    CHECK(sund_reference_open(&p.r, p.path, NULL) == SUND_OK);
    CHECK(sund_reference_base(p.r, 20, 99) == 0 && sund_reference_base(p.r, 20, 100) == p.ref[0] && sund_reference_base(p.r, 20, 139) == p.ref[39] && sund_reference_base(p.r, 20, 140) == 0 && sund_reference_base(p.r, 21, 110) == 0);
    CHECK(sund_variant_normalise(&v, p.r, &scratch, &err) == SUND_E_MISMATCH && strstr(err.msg, "20:111") && strstr(err.msg, "assembly"));
    sund_reference_close(p.r);
    sund_buf_free(&scratch);
}

TEST(kinds_of_alleles)
{
    static const struct { const char *ref, *alt; int kind; } a[] = {
        { "A", "T", SUND_KIND_SNV }, { "A", "AT", SUND_KIND_INDEL }, { "AT", "A", SUND_KIND_INDEL }, { "AT", "GC", SUND_KIND_MNV }, { "ATT", "GC", SUND_KIND_INDEL }, { "A", "<DEL>", SUND_KIND_SYMBOLIC }, { "A", "<INS:ME:ALU>", SUND_KIND_SYMBOLIC },
        { "G", "G]17:198982]", SUND_KIND_BREAKEND }, { "C", "C.", SUND_KIND_BREAKEND }, { "A", "*", SUND_KIND_STAR }, { "A", "A", -1 }, { "<DEL>", "A", -1 }, { "A", "", -1 }, { "", "A", -1 }, { "A", "<>", -1 }, { "A", "<A,B>", -1 }, { "A", "a", -1 },
    };

    for (size_t i = 0; i < sizeof a / sizeof a[0]; i++) {
        sund_variant v = { 20, 1, a[i].ref, a[i].alt, (uint32_t) strlen(a[i].ref), (uint32_t) strlen(a[i].alt) };
        sund_kind    kind = SUND_N_KIND;
        sund_code    rc = sund_variant_kind(&v, &kind, NULL);

        CHECK(a[i].kind < 0 ? rc == SUND_E_FORMAT && kind == SUND_N_KIND : rc == SUND_OK && (int) kind == a[i].kind);
    }
}

/* ---- catalogues ---- */

enum { N_LISTED = 300 };

static sund_variant listed(uint32_t k)
{
    static const char *const allele[] = { "A", "C", "G", "T", "TA" };

    return (sund_variant){ 1 + (int) (k % 3) * 11, 1000 + 10 * (k / 7), allele[k % 2], allele[2 + k % 3], 1, k % 3 == 2 ? 2 : 1 };
}

static int by_variant(const void *a, const void *b) { return sund_variant_cmp(a, b); }

/** In order but for each having gone up to `far` places ahead. */
static sund_buf built_nearly(uint32_t far)
{
    sund_catalogue_builder *b = NULL;
    sund_buf                out = { 0 };
    sund_variant            v[N_LISTED];

    for (uint32_t i = 0; i < N_LISTED; i++)
        v[i] = listed(i);
    qsort(v, N_LISTED, sizeof *v, by_variant);
    CHECK(sund_catalogue_builder_new(&b, SUND_GRCH37, NULL) == SUND_OK);
    for (uint32_t i = 0; i < N_LISTED; i += far + 1)
        for (uint32_t k = i + far + 1 < N_LISTED ? i + far + 1 : N_LISTED; k-- > i;) /* backwards, twice */
            CHECK(sund_catalogue_builder_add(b, &v[k], NULL) == SUND_OK && sund_catalogue_builder_add(b, &v[k], NULL) == SUND_OK);
    CHECK(sund_catalogue_builder_end(b, &out, NULL) == SUND_OK);
    sund_catalogue_builder_free(b);
    return out;
}

static sund_buf built(uint64_t seed)
{
    sund_catalogue_builder *b = NULL;
    sund_buf                out = { 0 };

    CHECK(sund_catalogue_builder_new(&b, SUND_GRCH37, NULL) == SUND_OK);
    test_seed = seed;
    for (uint32_t i = 0; i < 20 * N_LISTED; i++) { /* in any order, each several times */
        sund_variant v = listed((uint32_t) (i < 19 * N_LISTED ? test_rand() % N_LISTED : i % N_LISTED));
        CHECK(sund_catalogue_builder_add(b, &v, NULL) == SUND_OK);
    }
    CHECK(sund_catalogue_builder_end(b, &out, NULL) == SUND_OK);
    sund_catalogue_builder_free(b);
    return out;
}

TEST(a_catalogue_is_its_set_of_variants)
{
    sund_buf        a = built(test_rand()), b = built(test_rand());
    sund_catalogue *c = NULL;
    sund_digest     d, want = sund_digest_of(a.p, a.n);
    size_t          first, last, hits = 0;
    sund_region     r = { 12, 1099, 1200 };

    CHECK(a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
    for (uint32_t far = 0; far < 100; far++) { /* put in order one by one, or sorted in the end */
        sund_buf near = built_nearly(far);

        CHECK(a.n == near.n && memcmp(a.p, near.p, a.n) == 0);
        sund_buf_free(&near);
    }
    CHECK(sund_catalogue_parse(&c, "list", a.p, a.n, NULL) == SUND_OK);
    if (c) {
        d = sund_catalogue_digest(c);
        CHECK(sund_digest_eq(&d, &want) && sund_catalogue_assembly(c) == SUND_GRCH37);
        for (size_t j = 0; j + 1 < sund_catalogue_n(c); j++) {
            sund_variant x = sund_catalogue_at(c, j), y = sund_catalogue_at(c, j + 1);
            CHECK(sund_variant_cmp(&x, &y) < 0 && sund_variant_cmp(&y, &x) > 0 && sund_variant_cmp(&x, &x) == 0);
            hits += x.contig == 12 && x.pos_bp >= 1099 && x.pos_bp < 1200;
        }
        sund_catalogue_range(c, &r, &first, &last);
        CHECK(hits > 5 && last - first == hits);
        for (size_t j = first; j < last; j++) {
            sund_variant x = sund_catalogue_at(c, j);
            CHECK(x.contig == 12 && x.pos_bp >= 1099 && x.pos_bp < 1200);
        }
        sund_catalogue_free(c);
    }
    sund_buf_free(&a);
    sund_buf_free(&b);
}

TEST(catalogues_that_are_refused_name_the_line)
{
#define HEAD "#sund-catalogue\t1\tGRCh37\n"
    static const struct { const char *text, *says; } bad[] = {
        { "", "list" }, { "20\t1\tA\tT\n", "list:1" }, { "#sund-catalogue\t2\tGRCh37\n", "list:1" }, { "#sund-catalogue\t1\tGRCh36\n20\t1\tA\tT\n", "list:1" }, { HEAD "20\t2\tA\tT\n20\t1\tA\tT\n", "list:3" }, { HEAD "20\t1\tA\tT\n20\t1\tA\tT\n", "list:3" },
        { HEAD "20\t1\tA\tT\r\n", "list:2" }, { HEAD "20\t1\tA\tT", "list:2" }, { HEAD "chr20\t1\tA\tT\n", "list:2" }, { HEAD "20\t01\tA\tT\n", "list:2" }, { HEAD "20\t0\tA\tT\n", "list:2" }, { HEAD "20\t1\ta\tT\n", "list:2" },
        { HEAD "20\t1\tAT\tGT\n", "list:2" }, { HEAD "20\t1\tTA\tTG\n", "list:2" }, { HEAD "20\t1\tA\tA\n", "list:2" }, { HEAD "20\t1\tA\n", "list:2" }, { HEAD "20\t1\tA\tT\tx\n", "list:2" }, { HEAD "\n", "list:2" }, { HEAD "20\t1\tA\t<>\n", "list:2" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sund_catalogue *c = NULL;
        sund_err        err = { SUND_OK, "" };

        CHECK(sund_catalogue_parse(&c, "list", bad[i].text, strlen(bad[i].text), &err) != SUND_OK && c == NULL);
        if (!strstr(err.msg, bad[i].says))
            fprintf(stderr, "# %zu: %s\n", i, err.msg);
        CHECK(strstr(err.msg, bad[i].says) != NULL);
    }
}
