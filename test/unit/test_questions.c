/* Questions: their texts, what is shown by the rules of each verb, as bytes, put together over nodes, and the hub's board of them. (TSAN) */
#include "base/log.h"
#include "gate/carried.h"
#include "base/file.h"
#include "genome/names.h"
#include "genome/query.h"
#include "hub/questions.h"
#include "scratch.h"
#include "test.h"

#include <unistd.h>

static bool prints(const char *text, const char *want)
{
    static sund_query q;
    sund_buf          out = { 0 };
    sund_err          err = { SUND_OK, "" };
    bool              same = sund_query_parse(&q, text, &err) == SUND_OK;

    if (same) {
        sund_query_print(&q, &out);
        sund_buf_nul(&out);
        same = strcmp((const char *) out.p, want) == 0;
        if (!same)
            fprintf(stderr, "# %s: got %s\n", text, (const char *) out.p);
    }
    else if (want[0])
        fprintf(stderr, "# %s: %s\n", text, err.msg);
    sund_query_free(&q);
    sund_buf_free(&out);
    return same;
}

TEST(variants_are_asked_for_by_name_or_by_region)
{
    CHECK(prints("20-1000226-A-T", "20-1000226-A-T") && prints("chr20:1000226:A:T,X-5-G-GA", "20-1000226-A-T,X-5-G-GA"));
    CHECK(prints("20", "20:1-300000000")); /* a whole chromosome */
    CHECK(prints("3-100-CAA-CA", "3-100-CA-C") && prints("chr20:g.1000226A>T", "20-1000226-A-T") && prints("NC_000020.11:g.1000226a>t,MT:m.8993T>G", "NC_000020.11-1000226-A-T,NC_012920.1-8993-T-G"));
    /* a question about one assembly stays one */
    CHECK(prints("NC_000020.10:100-200 alt=T", "NC_000020.10:100-200 alt=T") && prints("5-7-A-T,NC_000020.10-1000226-A-T", "NC_000005.9-7-A-T,NC_000020.10-1000226-A-T"));
    CHECK(!prints("NC_000020.10-1000226-A-T,NC_000020.11-1000226-A-T", "") && !prints("NC_000020.12:1-5", ""));
    CHECK(prints("20:g.100A>", "") == false && !prints("20:g.A>T", "") && !prints("20:g.100del", "") && !prints("20:g.99999999999999A>T", ""));
    CHECK(prints("20:100-200", "20:100-200") && prints("chr20:100-200 alt=t type=snv", "20:100-200 type=SNP alt=T") && !prints("20:7", ""));
    CHECK(prints("20:100-200 ends=150-300 min=2 max=50 ref=ACN type=DEL", "20:100-200 ends=150-300 type=DEL ref=ACN min=2 max=50"));
    static const char *const bad[] = { "", ",", "20-1-A", "20:100-200 what=1", "20:100-200 type=XYZ", "20:100-200 min=-1", "20:100-200 max=0", "20:100-200 alt=", "20:100-200 alt=AXT", "20:200-100",
                                       "20:100-200 ends=5", "20:100-200 ends=9-5", "20:100-200 ends=0-5", "20:100-200 alt=T extra", "26:1-2", "20:1-2,20:3-4", NULL };
    for (size_t i = 0; bad[i]; i++)
        CHECK(!prints(bad[i], ""));
    for (int n = SUND_QUERY_NAMES; n <= SUND_QUERY_NAMES + 1; n++) {
        static sund_query q;
        char             *many = calloc((size_t) n, 24);

        for (int i = 0; i < n; i++)
            (void) snprintf(many + strlen(many), 24, "%s1-%d-A-T", i ? "," : "", i + 1);
        CHECK((sund_query_parse(&q, many, NULL) == SUND_OK) == (n == SUND_QUERY_NAMES));
        sund_query_free(&q);
        free(many);
    }
}

static bool takes(const char *query, int contig, uint32_t pos, const char *ref, const char *alt)
{
    static sund_query q;
    sund_variant      v = { contig, pos - 1, ref, alt, (uint32_t) strlen(ref), (uint32_t) strlen(alt) };
    bool              yes;

    CHECK(sund_query_parse(&q, query, NULL) == SUND_OK);
    yes = sund_query_takes(&q, &v);
    CHECK(!yes || v.pos_bp >= sund_query_from(&q));
    sund_query_free(&q);
    return yes;
}

TEST(a_region_takes_what_overlaps_it_and_a_bracket_what_ends_in_it)
{
    CHECK(takes("20:100-200", 20, 100, "A", "T") && takes("20:100-200", 20, 200, "A", "T") && !takes("20:100-200", 20, 201, "A", "T") && !takes("20:100-200", 20, 99, "A", "T") && !takes("20:100-200", 21, 150, "A", "T"));
    CHECK(takes("20:100-200", 20, 98, "AAA", "A") && !takes("20:100-200", 20, 97, "AAA", "A")); /* a deletion reaches into it */
    CHECK(takes("20:100-200 ends=150-160", 20, 149, "AC", "A") && !takes("20:100-200 ends=150-160", 20, 160, "AC", "A") && !takes("20:150-200 ends=150-160", 20, 149, "AC", "A"));
    CHECK(takes("20:1-9 type=SNP", 20, 5, "A", "T") && !takes("20:1-9 type=SNP", 20, 5, "A", "AT") && takes("20:1-9 type=INS", 20, 5, "A", "AT") && takes("20:1-9 type=INDEL", 20, 5, "AT", "A"));
    CHECK(takes("20:1-9 type=DEL", 20, 5, "A", "<DEL>") && takes("20:1-9 type=CNV", 20, 5, "A", "<CN0>") && takes("20:1-9 type=DUP", 20, 5, "A", "<DUP:TANDEM>") && !takes("20:1-9 type=DUP", 20, 5, "A", "<DUPE>"));
    CHECK(takes("20:1-9 ref=N alt=T", 20, 5, "A", "T") && !takes("20:1-9 ref=N alt=T", 20, 5, "AC", "T") && !takes("20:1-9 alt=T", 20, 5, "A", "G"));
    CHECK(takes("20:1-9 min=3", 20, 5, "A", "AAA") && !takes("20:1-9 min=3", 20, 5, "A", "AA") && !takes("20:1-9 max=1", 20, 5, "A", "AA"));
}

static bool named(const sund_names *n, const char *gene_or_rsid, const char *change, const char *want)
{
    sund_buf  b = { 0 };
    sund_code rc = sund_is_rsid(gene_or_rsid) ? sund_names_rsid(n, gene_or_rsid, &b, NULL) : sund_names_gene(n, gene_or_rsid, change, &b, NULL);
    bool      same;

    sund_buf_nul(&b);
    same = (rc == SUND_OK) == (want[0] != 0) && strcmp((const char *) b.p, want) == 0;
    sund_buf_free(&b);
    return same;
}

static sund_code read_names(const char *text, sund_names **n, sund_err *err)
{
    *n = NULL;
    CHECK(sund_file_write(scratch("names.tsv"), text, strlen(text), 0644, NULL) == SUND_OK);
    return sund_names_read(n, scratch("names.tsv"), err);
}

TEST(variants_have_other_names)
{
    static const char *const bad[] = { "rsid\nrs1\n", "variant\tregion\tgene\n1-5-A-T\t1:1-9\tG\n", "variant\trsid\n1-5-A\trs1\n", "variant\trsid\n1-5-A-T\tss1\n", "region\trsid\n1:1-9\trs1\n",
                                       "variant\taminoacid\n1-5-A-T\tV600E\n", "variant\tgene\taminoacid\n1-5-A-T\tBRAF\tV600E;DROP\n", NULL };
    sund_names *n;
    sund_err    err = { SUND_OK, "" };

    CHECK(read_names("variant\tregion\trsid\tgene\taminoacid\n7-140453136-A-T\t\trs113488022\tBRAF\tV600E\n7-140453136-A-G\t\trs113488022\tBRAF\tp.Val600Ala\n7-140453137-C-A\t\t\tBRAF\tV600L\n"
                     "\t17:41196312-41277500\t\tBRCA1\t\n", &n, &err) == SUND_OK);
    CHECK(named(n, "rs113488022", NULL, "7-140453136-A-G,7-140453136-A-T") && named(n, "RS113488022", NULL, "7-140453136-A-G,7-140453136-A-T") && named(n, "rs1", NULL, ""));
    CHECK(named(n, "BRAF", "V600E", "7-140453136-A-T") && named(n, "braf", "p.Val600Glu", "7-140453136-A-T") && named(n, "BRAF", "V600A", "7-140453136-A-G") && named(n, "BRAF", "V600K", ""));
    CHECK(named(n, "BRCA1", NULL, "17:41196312-41277500") && named(n, "BRAF", NULL, "7-140453136-A-G,7-140453136-A-T,7-140453137-C-A") && named(n, "TP53", NULL, "") && named(NULL, "BRAF", NULL, ""));
    sund_names_free(n);
    for (size_t i = 0; bad[i]; i++) {
        CHECK(read_names(bad[i], &n, &err) == SUND_E_FORMAT && !n && (strstr(err.msg, "names.tsv:2: ") || strstr(err.msg, "names.tsv:1: ")));
        sund_names_free(n);
    }
    CHECK(!sund_is_rsid("rs") && !sund_is_rsid("rs12x") && !sund_is_rsid("20-1-A-T"));
}

/* ---- what is shown ---- */

typedef struct seat { sund_db *db; sund_gate *gate; sund_identity me; } seat;

static void sit(seat *s, bool open)
{
    sund_thresholds t = sund_thresholds_default();

    t.open = open;
    memset(s, 0, sizeof *s);
    (void) snprintf(s->me.id, sizeof s->me.id, "DK");
    sund_sign_keypair(&s->me.pub, &s->me.key);
    CHECK(sund_db_open(&s->db, ":memory:", "", NULL) == SUND_OK && sund_gate_open(&s->gate, s->db, &s->me, &t, NULL) == SUND_OK);
}

static void stand(seat *s)
{
    sund_gate_close(s->gate);
    sund_db_close(s->db);
}

static sund_lookup_counts counted(int64_t ac, int64_t an) { return (sund_lookup_counts){ .status = SUND_LOOKUP_COUNTED, .all = { ac, an, ac / 4, 0, 0 }, .an_covered = an }; }

static sund_shown *row(const seat *s, const char *variant, sund_lookup_counts c, bool named)
{
    sund_shown *out = NULL;

    CHECK(sund_shown_variants(s->gate, 500, &out, NULL) == SUND_OK && sund_shown_add(out, variant, &c, named, NULL) == SUND_OK);
    return out;
}

TEST(rare_variants_of_a_region_are_not_there_and_named_ones_say_below_ten)
{
    seat        s;
    sund_shown *one;

    sit(&s, false);
    one = row(&s, "1-5-A-T", counted(9, 1000), true);
    CHECK(sund_shown_n(one) == 1 && sund_shown_counts(one, 0)->status == SUND_LOOKUP_BELOW && sund_shown_counts(one, 0)->all.ac == 0 && sund_shown_counts(one, 0)->all.an == 1000);
    sund_shown_free(one);
    one = row(&s, "1-5-A-T", counted(9, 1000), false);
    CHECK(sund_shown_n(one) == 0);
    sund_shown_free(one);
    one = row(&s, "1-5-A-T", counted(10, 1000), false);
    CHECK(sund_shown_n(one) == 1 && sund_shown_counts(one, 0)->all.ac == 10 && strcmp(sund_shown_variant(one, 0), "1-5-A-T") == 0);
    sund_shown_free(one);
    stand(&s);
}

TEST(people_are_counted_in_fives_and_never_below_ten)
{
    static const int64_t in[] = { 0, 1, 9, 10, 12, 13, 100, 10582 }, out[] = { -1, -1, -1, 10, 10, 15, 100, 10580 };
    seat                 s;

    for (int open = 0; open < 2; open++) {
        sit(&s, open);
        for (size_t i = 0; i < sizeof in / sizeof in[0]; i++) {
            sund_shown *p = NULL;

            CHECK(sund_shown_people(s.gate, SUND_ASK_PEOPLE, in[i], &p, NULL) == SUND_OK && sund_shown_count(p) == (open ? in[i] : out[i]));
            sund_shown_free(p);
        }
        stand(&s);
    }
}

/** How many of people FROM up to TO are shown to be there; -1: withheld. */
static int64_t count(const seat *s, const char *definition, int from, int to, int without)
{
    uint64_t    set[8] = { 0 };
    int64_t     n = 0, got = -1;
    sund_shown *p = NULL;
    sund_err    err = { SUND_OK, "" };

    for (int i = from; i < to; i++)
        if (i != without) {
            set[i / 64] |= 1ULL << (i % 64);
            n++;
        }
    CHECK(sund_counted(s->db, s->gate, definition, set, 8, n, &p, &err) == SUND_OK);
    got = sund_shown_count(p);
    sund_shown_free(p);
    return got;
}

TEST(two_counts_do_not_tell_of_one_person)
{
    seat s;

    sit(&s, false);
    CHECK(sund_counted_open(s.db, NULL) == SUND_OK);
    CHECK(count(&s, "all", 0, 100, -1) == 100 && count(&s, "all", 0, 100, -1) == 100);
    CHECK(count(&s, "all but one", 0, 100, 7) == -1 && count(&s, "all in other words", 0, 100, -1) == -1);
    CHECK(count(&s, "half", 0, 50, -1) == 50 && count(&s, "half", 0, 50, 9) == 50); /* somebody withdrew: the number stands */
    CHECK(count(&s, "half", 0, 36, 9) == 35);                                       /* many did */
    CHECK(count(&s, "other half", 0, 45, -1) == -1);                                /* 10 from the newer, but 5 from the older answer */
    /* the least cell: what is at it and what is below it by one person, in either order */
    CHECK(count(&s, "ten", 200, 210, -1) == 10 && count(&s, "ten but one", 200, 210, 203) == -1);
    CHECK(count(&s, "nine", 300, 309, -1) == -1 && count(&s, "nine and one", 300, 310, -1) == -1 && count(&s, "three", 300, 303, -1) == -1 && count(&s, "nobody", 0, 0, -1) == -1);
    CHECK(count(&s, "nine", 300, 309, -1) == -1 && count(&s, "forty", 300, 340, -1) == 40);
    /* whether somebody of a counted group has a property too: nobody, one, and nine of them have the same answer */
    CHECK(count(&s, "group", 400, 412, -1) == 10);
    CHECK(count(&s, "group and nobody", 0, 0, -1) == -1 && count(&s, "group and one", 403, 404, -1) == -1 && count(&s, "group and nine", 400, 409, -1) == -1 && count(&s, "group and eleven", 400, 411, -1) == -1);
    /* asking of nobody for ever uses nothing up */
    for (int i = 0; i < 5000; i++) {
        char words[40];

        (void) snprintf(words, sizeof words, "nobody %d", i);
        CHECK(count(&s, words, 0, 0, -1) == -1);
    }
    CHECK(count(&s, "others", 430, 470, -1) == 40);
    stand(&s);
    sit(&s, true);
    CHECK(sund_counted_open(s.db, NULL) == SUND_OK);
    CHECK(count(&s, "all", 0, 100, -1) == 100 && count(&s, "all but one", 0, 100, 7) == 99 && count(&s, "two", 0, 2, -1) == 2 && count(&s, "nobody", 0, 0, -1) == 0);
    stand(&s);
}

/** Of people 0 to 399, of whom all up to `carriers` carry the variant, the last `twice` of them on both copies: what is said of FROM up to TO. */
static sund_lookup_counts carried(const seat *s, const char *folder, const char *variant, const char *definition, int from, int to, int carriers, int twice)
{
    uint64_t           everybody[8] = { 0 }, group[8] = { 0 }, with[8] = { 0 };
    sund_bearers       b[2] = { { "all", everybody, carriers + twice, 800 }, { definition, with, 0, 2 * (to - from) } };
    sund_carried       c = { .name = "v of c", .counts = { .status = SUND_LOOKUP_COUNTED, .an_covered = 1 }, .group = definition, .people = group, .n_person = to - from, .n_bearers = 2, .n_word = 8, .bearers = b };
    sund_lookup_counts got;
    sund_shown        *p = NULL;
    sund_err           err = { SUND_OK, "" };

    for (int i = 0; i < 400; i++) {
        if (i < carriers)
            everybody[i / 64] |= 1ULL << (i % 64);
        if (i < from || i >= to)
            continue;
        group[i / 64] |= 1ULL << (i % 64);
        if (i < carriers) {
            with[i / 64] |= 1ULL << (i % 64);
            b[1].ac += 1 + (i >= carriers - twice);
            c.counts.all.hom += i >= carriers - twice;
        }
    }
    c.counts.all.ac = b[1].ac;
    c.counts.all.an = b[1].an;
    CHECK(sund_carried_shown(folder, s->db, s->gate, variant, &c, &p, &err) == SUND_OK && sund_shown_verb(p) == SUND_ASK_CARRIERS && sund_shown_n(p) == 1);
    got = *sund_shown_counts(p, 0);
    sund_shown_free(p);
    return got;
}

TEST(carriers_are_told_in_copies_and_never_of_few)
{
    char               folder[] = "/tmp/sund-carriers-XXXXXX";
    sund_lookup_counts c;
    seat               s;

    CHECK(mkdtemp(folder) != NULL);
    sit(&s, false);
    CHECK(sund_counted_open(s.db, NULL) == SUND_OK);
    c = carried(&s, folder, "1-5-A-T", "half", 20, 200, 50, 3); /* 33 copies, of 30 people */
    CHECK(c.status == SUND_LOOKUP_COUNTED && c.all.ac == 35 && c.all.an == 360 && c.all.hom == -1 && c.all.hemi == -1 && !c.sexes);
    c = carried(&s, folder, "1-6-A-T", "half", 20, 200, 46, 7); /* 33 copies, of 26 people: how many carry two does not show */
    CHECK(c.status == SUND_LOOKUP_COUNTED && c.all.ac == 35 && c.all.an == 360);
    /* the same group again; others that are few carriers away from it, from everybody, and from a small one that was asked about: nine and none are alike */
    CHECK(carried(&s, folder, "1-5-A-T", "half", 20, 200, 50, 3).all.ac == 35);
    CHECK(carried(&s, folder, "1-5-A-T", "less", 29, 220, 50, 3).status == SUND_LOOKUP_BELOW && carried(&s, folder, "1-5-A-T", "more", 20, 230, 50, 3).status == SUND_LOOKUP_BELOW);
    CHECK(carried(&s, folder, "1-5-A-T", "most", 9, 380, 50, 3).status == SUND_LOOKUP_BELOW && carried(&s, folder, "1-5-A-T", "all but last", 0, 300, 50, 3).status == SUND_LOOKUP_BELOW);
    CHECK(carried(&s, folder, "1-5-A-T", "young", 0, 8, 50, 3).status == SUND_LOOKUP_BELOW && carried(&s, folder, "1-5-A-T", "ten", 0, 10, 50, 3).status == SUND_LOOKUP_BELOW);
    CHECK(carried(&s, folder, "1-5-A-T", "six", 44, 260, 50, 3).status == SUND_LOOKUP_BELOW && carried(&s, folder, "1-5-A-T", "twelve", 38, 280, 50, 3).status == SUND_LOOKUP_BELOW);
    CHECK(carried(&s, folder, "1-6-A-T", "twelve", 34, 280, 46, 0).status == SUND_LOOKUP_COUNTED); /* each variant by itself */
    /* nine copies of all, and a variant that nobody carries, have one answer, and neither leaves a trace */
    c = carried(&s, folder, "1-7-A-T", "half", 0, 200, 9, 0);
    CHECK(c.status == SUND_LOOKUP_BELOW && c.all.ac == 0 && c.all.an == 0);
    c = carried(&s, folder, "1-8-A-T", "half", 0, 200, 0, 0);
    CHECK(c.status == SUND_LOOKUP_BELOW && c.all.ac == 0 && c.all.an == 0);
    CHECK(carried(&s, folder, "1-8-A-T", "three", 300, 303, 200, 0).status == SUND_LOOKUP_BELOW); /* a small group */
    CHECK(carried(&s, folder, "1-9-A-T", "fifty", 0, 50, 45, 48).status == SUND_LOOKUP_BELOW);    /* 7 copies of the other allele */
    stand(&s);
    sit(&s, true);
    c = carried(&s, folder, "1-5-A-T", "late", 20, 60, 50, 3);
    CHECK(c.status == SUND_LOOKUP_COUNTED && c.all.ac == 33 && c.all.hom == 3 && c.open);
    stand(&s);
    CHECK(sund_dir_remove(folder, NULL) == SUND_OK);
}

TEST(an_answer_survives_its_way_and_hostile_bytes_do_not)
{
    seat           s;
    sund_shown    *made, *got = NULL, *text = NULL;
    sund_envelope  e = { .kind = SUND_MSG_ANSWER, .seq = 1 };
    sund_leave    *l = NULL;
    sund_buf       b = { 0 }, c = { 0 };
    sund_cur       cur;
    size_t         n;
    const uint8_t *p;

    sit(&s, false);
    made = row(&s, "1-5-A-T", counted(40, 1000), true);
    sund_shown_more(made);
    CHECK(sund_leave_answer(s.gate, &e, 77, made, &l, NULL) == SUND_OK);
    p = sund_leave_bytes(l, &n);
    cur = sund_cur_of(p + SUND_ENVELOPE_SIZE, n - SUND_ENVELOPE_SIZE);
    CHECK(sund_cur_u64(&cur) == 77 && sund_shown_read(&cur, &got, NULL) == SUND_OK && sund_cur_end(&cur, "x", NULL) == SUND_OK);
    CHECK(sund_shown_n(got) == 1 && sund_shown_has_more(got) && sund_shown_counts(got, 0)->all.ac == 40 && sund_shown_counts(got, 0)->status == SUND_LOOKUP_COUNTED && !sund_shown_open(got));
    sund_shown_write(made, &b);
    sund_shown_write(got, &c);
    CHECK(b.n == c.n && memcmp(b.p, c.p, b.n) == 0);
    for (size_t k = 0; k < b.n; k++) {
        sund_shown *no = NULL;
        sund_cur    cut = sund_cur_of(b.p, k);

        CHECK(sund_shown_read(&cut, &no, NULL) != SUND_OK && !no);
    }
    for (size_t k = 0; k < b.n; k++) /* whatever is changed: taken as another value, or refused; never more than it says */
        for (int bit = 0; bit < 8; bit++) {
            sund_shown *other = NULL;
            sund_cur    all = sund_cur_of(b.p, b.n);

            b.p[k] ^= (uint8_t) (1 << bit);
            if (sund_shown_read(&all, &other, NULL) == SUND_OK)
                CHECK(sund_shown_n(other) <= 1 && sund_shown_verb(other) != SUND_ASK_NONE);
            sund_shown_free(other);
            b.p[k] ^= (uint8_t) (1 << bit);
        }
    CHECK(sund_shown_text(s.gate, SUND_ASK_DATASETS, "a text", 6, &text, NULL) == SUND_OK && sund_shown_bytes(text).n == 6);
    CHECK(sund_shown_text(s.gate, SUND_ASK_PEOPLE, "a text", 6, &got, NULL) == SUND_E_ARG); /* numbers go through their rules */
    sund_shown_free(text);
    sund_shown_free(made);
    sund_shown_free(got);
    sund_leave_free(l);
    sund_buf_free(&b);
    sund_buf_free(&c);
    stand(&s);
}

/* ---- over nodes ---- */

TEST(answers_of_nodes_are_put_together)
{
    static const char *const v = "1-5-A-T";
    static sund_answers      a, again;
    sund_thresholds          t = sund_thresholds_default();
    sund_lookup_cells        all;
    sund_buf                 b = { 0 };
    seat                     s;

    sit(&s, false);
    memset(&a, 0, sizeof a);
    a.n = 4;
    for (size_t i = 0; i < 4; i++)
        (void) snprintf(a.row[i].node, sizeof a.row[i].node, "%c%c", (char) ('A' + i), (char) ('A' + i));
    a.row[0].shown = row(&s, v, counted(10, 1000), true);
    a.row[1].shown = row(&s, v, counted(30, 3000), true);
    a.row[2].shown = row(&s, v, (sund_lookup_counts){ .status = SUND_LOOKUP_NOT_COVERED }, true);
    a.row[3].shown = row(&s, v, counted(20, 1000), true);
    CHECK(sund_answers_margins(&t, &a, NULL) == SUND_OK);
    CHECK(sund_answers_total(&a, v, &all) && all.ac == 60 && all.an == 5000); /* not the first one's share, nor a mean of shares */
    CHECK(!sund_answers_total(&a, "1-6-A-T", &all));
    sund_answers_write(&a, &b);
    CHECK(sund_answers_read(sund_cur_of(b.p, b.n), &again, NULL) == SUND_OK && again.n == 4 && sund_answers_counts(&again, 1, v).all.ac == 30);
    sund_answers_free(&again);
    for (size_t k = 0; k < b.n; k++)
        CHECK(sund_answers_read(sund_cur_of(b.p, k), &again, NULL) != SUND_OK && again.n == 0);
    sund_shown_free(a.row[3].shown); /* one that is silent: no total */
    a.row[3].shown = NULL;
    CHECK(!sund_answers_total(&a, v, &all) && sund_answers_counts(&a, 3, v).status == SUND_LOOKUP_TIMEOUT);
    CHECK(sund_shown_refused(SUND_ASK_VARIANTS, "no", &a.row[3].shown, NULL) == SUND_OK && sund_answers_counts(&a, 3, v).status == SUND_LOOKUP_REFUSED);
    sund_shown_free(a.row[3].shown);
    a.row[3].shown = row(&s, v, counted(3, 1000), true); /* one hidden: the others must not tell it */
    CHECK(sund_answers_margins(&t, &a, NULL) == SUND_OK);
    CHECK(sund_answers_counts(&a, 0, v).status == SUND_LOOKUP_BELOW && sund_answers_counts(&a, 0, v).all.ac == 0 && !sund_answers_total(&a, v, &all));
    sund_answers_free(&a);
    sund_buf_free(&b);
    stand(&s);
}

/* ---- the board ---- */

static sund_questions board;
static sund_roster    roster; /* a hub, and nodes N1, N2, ... */

static void open_board(size_t n_node)
{
    roster = (sund_roster){ .n_member = n_node + 1, .n_node = n_node, .member = calloc(n_node + 1, sizeof *roster.member) };
    for (size_t i = 0; i <= n_node; i++) {
        roster.member[i].role = i ? SUND_ROLE_NODE : SUND_ROLE_HUB;
        (void) snprintf(roster.member[i].id, sizeof roster.member[i].id, "N%zu", i);
    }
    CHECK(sund_questions_init(&board, &roster, NULL) == SUND_OK);
}

static void close_board(void)
{
    sund_questions_free(&board);
    free(roster.member);
}

typedef struct asked { sund_answers a; sund_code rc; double s; } asked;
static void *ask(void *p)
{
    asked *q = p;
    double from = sund_time_mono_s();

    q->rc = sund_questions_ask(&board, "people all", 1000, &q->a, NULL);
    q->s = sund_time_mono_s() - from;
    return NULL;
}

static void say(const seat *s, const char *node, sund_cur asks, int64_t people, const char *text)
{
    while (asks.n && !asks.bad) {
        char        question[64];
        sund_shown *shown = NULL;
        sund_buf    b = { 0 };

        sund_buf_u64(&b, sund_cur_u64(&asks));
        CHECK(sund_cur_str(&asks, question, sizeof question) && strcmp(question, "people all") == 0);
        if (text)
            CHECK(sund_shown_text(s->gate, SUND_ASK_TERMS, text, strlen(text), &shown, NULL) == SUND_OK);
        else
            CHECK(sund_shown_people(s->gate, SUND_ASK_PEOPLE, people, &shown, NULL) == SUND_OK);
        sund_shown_write(shown, &b);
        CHECK(sund_questions_answer(&board, node, sund_cur_of(b.p, b.n), NULL) == (text ? SUND_E_DENIED : SUND_OK));
        sund_shown_free(shown);
        sund_buf_free(&b);
    }
}

TEST(all_are_asked_at_once_and_who_is_away_is_not_waited_for)
{
    seat      s;
    asked     q = { .rc = SUND_OK };
    pthread_t th;
    sund_buf  b = { 0 };

    sit(&s, false);
    open_board(4);
    board.seen_s[SUND_LINE_QUICK][3] -= 2 * SUND_AWAY_S; /* N4 has been silent for long */
    CHECK(pthread_create(&th, NULL, ask, &q) == 0);
    for (int i = 1; i <= 3; i++) {
        char name[4];

        (void) snprintf(name, sizeof name, "N%d", i);
        sund_buf_clear(&b);
        sund_questions_poll(&board, name, SUND_LINE_QUICK, 2, 0, &b);
        if (i == 2)
            say(&s, name, sund_cur_of(b.p, b.n), 0, "of another verb");
        say(&s, name, sund_cur_of(b.p, b.n), 100 * i, NULL);
        say(&s, name, sund_cur_of(b.p, b.n), 7, NULL); /* a second word changes nothing */
    }
    (void) pthread_join(th, NULL);
    CHECK(q.rc == SUND_OK && q.s < 0.9 && q.a.n == 4 && q.a.row[3].ms == -1 && !q.a.row[3].shown);
    for (size_t i = 0; i < 3; i++)
        CHECK(q.a.row[i].shown && sund_shown_count(q.a.row[i].shown) == 100 * (int64_t) (i + 1) && q.a.row[i].ms >= 0);
    sund_answers_free(&q.a);
    /* and three that hang: the deadline, once, with everybody's name */
    for (size_t i = 0; i < 4; i++)
        board.seen_s[SUND_LINE_QUICK][i] = sund_time_mono_s();
    (void) ask(&q);
    CHECK(q.rc == SUND_OK && q.s >= 0.99 && q.s < 1.1 && q.a.n == 4 && !q.a.row[0].shown && q.a.row[0].ms >= 990 && strcmp(q.a.row[3].node, "N4") == 0);
    sund_answers_free(&q.a);
    CHECK(sund_questions_ask(&board, "what is it", 10, &q.a, NULL) == SUND_E_ARG);
    close_board();
    sund_buf_free(&b);
    stand(&s);
}

/** A poll that waits on a line which is dead, as the hub sees it. */
typedef struct waiting { sund_buf got; double s; } waiting;
static void *wait_for_questions(void *p)
{
    waiting *w = p;
    double   from = sund_time_mono_s();

    sund_questions_poll(&board, "N1", SUND_LINE_QUICK, 3, 0, &w->got);
    w->s = sund_time_mono_s() - from;
    return NULL;
}

TEST(a_line_that_is_dead_takes_no_question_with_it)
{
    seat      s;
    asked     q = { .rc = SUND_OK };
    waiting   w = { { 0 }, 0 };
    pthread_t asking, dead;
    sund_buf  b = { 0 }, longer = { 0 };
    sund_shown *more = NULL;

    sit(&s, false);
    open_board(1);
    CHECK(pthread_create(&dead, NULL, wait_for_questions, &w) == 0);
    (void) usleep(200000);
    sund_questions_poll(&board, "N1", SUND_LINE_QUICK, 0, 0, &b); /* the node dials anew: who waited for it ends, and takes nothing */
    (void) pthread_join(dead, NULL);
    CHECK(b.n == 0 && w.got.n == 0 && w.s < 1);
    CHECK(pthread_create(&asking, NULL, ask, &q) == 0);
    sund_questions_poll(&board, "N1", SUND_LINE_QUICK, 2, 0, &w.got); /* this one is sent, and lost on the way */
    sund_questions_poll(&board, "N1", SUND_LINE_QUICK, 0, 0, &b);
    CHECK(w.got.n > 0 && b.n == w.got.n && memcmp(b.p, w.got.p, b.n) == 0); /* so it is asked again */
    CHECK(sund_shown_people(s.gate, SUND_ASK_PEOPLE, 500, &more, NULL) == SUND_OK);
    sund_buf_u64(&longer, board.last);
    sund_shown_write(more, &longer);
    sund_buf_u8(&longer, 0);
    CHECK(sund_questions_answer(&board, "N1", sund_cur_of(longer.p, longer.n), NULL) == SUND_E_FORMAT); /* with something behind it: no answer */
    sund_shown_free(more);
    say(&s, "N1", sund_cur_of(b.p, b.n), 100, NULL);
    (void) pthread_join(asking, NULL);
    CHECK(q.rc == SUND_OK && q.s < 0.9 && q.a.row[0].shown && sund_shown_count(q.a.row[0].shown) == 100);
    sund_answers_free(&q.a);
    sund_buf_clear(&b);
    sund_buf_u64(&b, 0); /* of no question */
    sund_buf_put(&b, longer.p + 8, longer.n - 9);
    CHECK(sund_questions_answer(&board, "N1", sund_cur_of(b.p, b.n), NULL) == SUND_OK);
    for (size_t i = 0; i < SUND_QUESTIONS_MAX; i++)
        CHECK(!board.ticket[i].shown[0]);
    CHECK(sund_questions_answer(&board, "N2", sund_cur_of(b.p, b.n), NULL) == SUND_E_DENIED); /* of no node */
    for (size_t i = 0; i < SUND_QUESTIONS_MAX; i++) /* as many as there is room for */
        board.ticket[i].number = 1000 + i;
    (void) ask(&q);
    CHECK(q.rc == SUND_E_NOMEM && q.s < 0.1); /* 503, at once */
    close_board();
    sund_buf_free(&w.got);
    sund_buf_free(&longer);
    sund_buf_free(&b);
    stand(&s);
}

/** The verbs of what a node is asked by one of its lines now: "people variants". */
static const char *hears(const char *node, sund_question_line line)
{
    static char words[200];
    sund_buf    b = { 0 };
    sund_cur    c;

    words[0] = 0;
    sund_questions_poll(&board, node, line, 0, 0, &b);
    c = sund_cur_of(b.p, b.n);
    while (c.n && !c.bad) {
        char text[100];

        (void) sund_cur_u64(&c);
        CHECK(sund_cur_str(&c, text, sizeof text));
        (void) snprintf(words + strlen(words), sizeof words - strlen(words), "%s%.*s", words[0] ? " " : "", (int) strcspn(text, " "), text);
    }
    sund_buf_free(&b);
    return words;
}

typedef struct put { const char *question; unsigned wait_ms; sund_answers a; } put;
static void *put_question(void *p)
{
    put *q = p;

    CHECK(sund_questions_ask(&board, q->question, q->wait_ms, &q->a, NULL) == SUND_OK);
    return NULL;
}

TEST(what_may_take_long_comes_by_a_line_of_its_own)
{
    static put q[] = { { .question = "people all" }, { .question = "variants 1-5-A-T" }, { .question = "interpretations 1-5-A-T" }, { .question = "match @x {}" }, { .question = "variants 1:1-10000" }, { .question = "variants 1:1-10001" } };
    pthread_t  th[6];

    open_board(2);
    CHECK(!hears("N1", SUND_LINE_LONG)[0]); /* N2 has one line only */
    for (size_t i = 0; i < 6; i++) {
        q[i].wait_ms = 600;
        CHECK(pthread_create(&th[i], NULL, put_question, &q[i]) == 0);
        (void) usleep(20000); /* in this order */
    }
    CHECK(strcmp(hears("N1", SUND_LINE_QUICK), "variants interpretations variants") == 0);
    CHECK(strcmp(hears("N1", SUND_LINE_LONG), "people match variants") == 0);
    CHECK(strcmp(hears("N2", SUND_LINE_QUICK), "people variants interpretations match variants variants") == 0);
    CHECK(strcmp(hears("N1", SUND_LINE_QUICK), "variants interpretations variants") == 0); /* what nobody answered is asked again, by its own line */
    for (size_t i = 0; i < 6; i++) {
        (void) pthread_join(th[i], NULL);
        CHECK(q[i].a.n == 2 && q[i].a.row[0].ms >= 0 && !q[i].a.row[0].shown);
        sund_answers_free(&q[i].a);
    }
    board.seen_s[SUND_LINE_LONG][0] -= 2 * SUND_AWAY_S; /* it is at work: the next long one does not wait for it, lookups do */
    board.seen_s[SUND_LINE_QUICK][1] -= 2 * SUND_AWAY_S;
    q[0].wait_ms = q[1].wait_ms = 50;
    (void) put_question(&q[0]);
    CHECK(q[0].a.row[0].ms == -1);
    sund_answers_free(&q[0].a);
    (void) put_question(&q[1]);
    CHECK(q[1].a.row[0].ms >= 0 && q[1].a.row[1].ms == -1);
    sund_answers_free(&q[1].a);
    close_board();
}

/** A node that has so many alleles of each of n variants, and is asked until nobody asks any more; one that hangs is silent from that question on. */
typedef struct country { const seat *s; char name[16]; int n; int64_t ac; unsigned assembly; _Atomic bool *stop; size_t n_asked, hangs; } country;

static void *answers_variants(void *p)
{
    country *c = p;

    while (!*c->stop) {
        sund_buf b = { 0 };
        sund_cur asks;

        sund_questions_poll(&board, c->name, SUND_LINE_QUICK, 1, 0, &b);
        asks = sund_cur_of(b.p, b.n);
        while (asks.n && !asks.bad) {
            static __thread sund_query q;
            static __thread char       text[SUND_QUESTION_MAX];
            const char                *rest;
            sund_shown                *shown = NULL;
            sund_buf                   out = { 0 };

            if (c->hangs && c->n_asked + 1 == c->hangs) {
                sund_buf_free(&b);
                return NULL;
            }
            sund_buf_u64(&out, sund_cur_u64(&asks));
            CHECK(sund_cur_str(&asks, text, sizeof text) && sund_question_verb(text, &rest) == SUND_ASK_VARIANTS && sund_query_parse(&q, rest, NULL) == SUND_OK && sund_shown_variants(c->s->gate, 500, &shown, NULL) == SUND_OK);
            for (int k = 0; k < c->n; k++) {
                char name[32];

                (void) snprintf(name, sizeof name, "1-%d-A-T", k + 5);
                if (q.n_name == 0 || strstr(rest, name))
                    CHECK(sund_shown_add(shown, name, &(sund_lookup_counts){ .status = SUND_LOOKUP_COUNTED, .all = { c->ac, 1000, 0, 0, 0 }, .an_covered = 1000 }, q.n_name > 0, NULL) == SUND_OK);
            }
            sund_shown_place_on(shown, c->assembly);
            sund_shown_write(shown, &out);
            CHECK(sund_questions_answer(&board, c->name, sund_cur_of(out.p, out.n), NULL) == SUND_OK);
            c->n_asked++;
            sund_shown_free(shown);
            sund_query_free(&q);
            sund_buf_free(&out);
        }
        sund_buf_free(&b);
    }
    return NULL;
}

/** hangs: the second node at the second question, the third at the first. */
static void ask_three(const seat *s, int n, const int64_t ac[3], unsigned third_on, unsigned wait_ms, bool hang, sund_answers *out)
{
    _Atomic bool stop = false;
    country      c[3];
    pthread_t    th[3];

    open_board(3);
    for (int i = 0; i < 3; i++) {
        c[i] = (country){ .s = s, .n = n, .ac = ac[i], .assembly = i == 2 ? third_on : SUND_GRCH38, .stop = &stop, .hangs = hang && i ? (size_t) (3 - i) : 0 };
        (void) snprintf(c[i].name, sizeof c[i].name, "N%d", i + 1);
        CHECK(pthread_create(&th[i], NULL, answers_variants, &c[i]) == 0);
    }
    CHECK(sund_questions_ask(&board, "variants 1:1-5000", wait_ms, out, NULL) == SUND_OK);
    stop = true;
    sund_questions_stop(&board);
    for (int i = 0; i < 3; i++) {
        (void) pthread_join(th[i], NULL);
        CHECK(c[i].n_asked == (c[i].hangs ? c[i].hangs - 1 : third_on == SUND_GRCH37 ? 1 : 2)); /* for names, and by name */
    }
    close_board();
}

static void ask_countries(const seat *s, int n, const int64_t ac[3], unsigned third_on, sund_answers *out) { ask_three(s, n, ac, third_on, 5000, false, out); }

TEST(a_region_is_asked_twice_within_one_deadline)
{
    static sund_answers a;
    double              from = sund_time_mono_s();
    seat                s;

    sit(&s, false);
    ask_three(&s, 3, (int64_t[]){ 40, 30, 20 }, SUND_GRCH38, 1000, true, &a);
    CHECK(sund_time_mono_s() - from >= 0.99 && sund_time_mono_s() - from < 1.1);
    CHECK(sund_answers_counts(&a, 0, "1-6-A-T").status == SUND_LOOKUP_COUNTED && sund_answers_counts(&a, 0, "1-6-A-T").all.ac == 40); /* who hangs at the first leaves time for the second */
    CHECK(!a.row[1].shown && !a.row[2].shown);
    sund_answers_free(&a);
    stand(&s);
}

TEST(what_a_region_hides_at_one_node_its_neighbours_do_not_tell)
{
    static sund_answers a;
    sund_lookup_cells   all;
    seat                s;

    sit(&s, false);
    ask_countries(&s, 3, (int64_t[]){ 40, 30, 20 }, SUND_GRCH38, &a);
    for (size_t i = 0; i < 3; i++)
        CHECK(a.n == 3 && sund_shown_n(a.row[i].shown) == 3 && sund_answers_counts(&a, i, "1-6-A-T").status == SUND_LOOKUP_COUNTED && !sund_shown_has_more(a.row[i].shown));
    CHECK(sund_answers_total(&a, "1-6-A-T", &all) && all.ac == 90);
    sund_answers_free(&a);
    ask_countries(&s, 3, (int64_t[]){ 40, 30, 3 }, SUND_ASSEMBLY_NONE, &a); /* the third does not list them in a region, and says below 10 by name */
    for (size_t i = 0; i < 3; i++)
        CHECK(sund_answers_counts(&a, i, "1-6-A-T").status == SUND_LOOKUP_BELOW && sund_answers_counts(&a, i, "1-6-A-T").all.ac == 0);
    CHECK(!sund_answers_total(&a, "1-6-A-T", &all));
    sund_answers_free(&a);
    ask_countries(&s, SUND_QUERY_NAMES + 5, (int64_t[]){ 40, 30, 20 }, SUND_GRCH38, &a);
    CHECK(sund_shown_n(a.row[0].shown) == SUND_QUERY_NAMES && sund_shown_has_more(a.row[0].shown)); /* said, not silently cut */
    sund_answers_free(&a);
    stand(&s);
}

TEST(what_is_on_two_assemblies_is_not_in_one_answer)
{
    static sund_answers a;
    sund_lookup_cells   all;
    seat                s;

    sit(&s, true);
    ask_countries(&s, 1, (int64_t[]){ 40, 30, 20 }, SUND_GRCH37, &a);
    for (size_t i = 0; i < 3; i++)
        CHECK(!sund_shown_answered(a.row[i].shown) && strstr(sund_shown_why(a.row[i].shown), "GRCh37 and on GRCh38") && sund_answers_counts(&a, i, "1-5-A-T").status == SUND_LOOKUP_REFUSED);
    CHECK(!sund_answers_total(&a, "1-5-A-T", &all));
    sund_answers_free(&a);
    ask_countries(&s, 1, (int64_t[]){ 40, 30, 20 }, SUND_GRCH38, &a);
    CHECK(sund_answers_total(&a, "1-5-A-T", &all) && all.ac == 90 && sund_shown_assembly(a.row[2].shown) == SUND_GRCH38);
    sund_answers_free(&a);
    stand(&s);
}

/** A table of answers against looking up each variant in each. */
TEST(a_table_of_answers_is_the_answers)
{
    static sund_answers a;
    sund_answers_table  t;
    seat                s;

    sit(&s, true);
    memset(&a, 0, sizeof a);
    a.n = 5;
    for (size_t i = 0; i < 4; i++) { /* the fifth is silent */
        CHECK(sund_shown_variants(s.gate, 500, &a.row[i].shown, NULL) == SUND_OK);
        for (int k = 0; k < 40; k++)
            if (test_rand() % 3) {
                sund_lookup_counts c = counted((int64_t) (test_rand() % 500), 1000);
                char               v[32];

                (void) snprintf(v, sizeof v, "1-%d-A-T", (int) (test_rand() % 60) + 1);
                CHECK(sund_shown_add(a.row[i].shown, v, &c, true, NULL) == SUND_OK); /* sometimes twice */
            }
    }
    CHECK(sund_answers_tabled(&a, &t, NULL) == SUND_OK && t.n > 30);
    for (size_t v = 0; v < t.n; v++) {
        sund_lookup_cells x, y;

        for (size_t w = 0; w < v; w++)
            CHECK(strcmp(t.name[v], t.name[w]) != 0);
        for (size_t i = 0; i < a.n; i++) {
            sund_lookup_counts c = sund_table_counts(&t, v, i), d = sund_answers_counts(&a, i, t.name[v]);

            CHECK(c.status == d.status && c.all.ac == d.all.ac);
        }
        CHECK(sund_table_total(&t, v, &x) == sund_answers_total(&a, t.name[v], &y) && x.ac == y.ac && x.hom == y.hom);
    }
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < sund_shown_n(a.row[i].shown); k++) {
            size_t v = 0;

            while (v < t.n && strcmp(t.name[v], sund_shown_variant(a.row[i].shown, k)) != 0)
                v++;
            CHECK(v < t.n);
        }
    sund_answers_table_free(&t);
    sund_answers_free(&a);
    stand(&s);
}
