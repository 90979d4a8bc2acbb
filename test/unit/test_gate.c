/* The gate: every rule fires and lets pass at its boundary; releases, lookups, the ledger, and what may not leave. */
#include "gate/gate_priv.h"
#include "gate/ledger.h"
#include "scratch.h"
#include "test.h"
#include "whole.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static sund_thresholds controlled(void) { return sund_thresholds_default(); }
static sund_thresholds opened(void)
{
    sund_thresholds t = sund_thresholds_default();

    t.open = true;
    t.digits = 17;
    return t;
}

/* ---- rules ---- */

TEST(rules_fire_at_their_boundary)
{
    sund_thresholds t = controlled(), o = opened();
    int64_t         cells[3] = { 10, 10, 10 }, low[3] = { 10, 9, 10 }, none[3] = { 10, -1, 10 };

    CHECK(!sund_rule_cell_min(&t, 0) && !sund_rule_cell_min(&t, 9) && sund_rule_cell_min(&t, 10) && sund_rule_cell_min(&o, 0));
    CHECK(!sund_rule_mac(&t, 9, 1000) && sund_rule_mac(&t, 10, 1000) && sund_rule_mac(&t, 990, 1000) && !sund_rule_mac(&t, 991, 1000) && sund_rule_mac(&o, 0, 1000));
    CHECK(!sund_rule_eligible(&t, 19, 1000) && sund_rule_eligible(&t, 20, 1000) && !sund_rule_eligible(&t, 981, 1000) && sund_rule_eligible(&o, 1, 1000));
    CHECK(sund_rule_missing(&t, 0) && !sund_rule_missing(&t, 1) && !sund_rule_missing(&t, 9) && sund_rule_missing(&t, 10) && sund_rule_missing(&o, 3));
    CHECK(sund_rule_genotype_cells(&t, cells, 3) && !sund_rule_genotype_cells(&t, low, 3) && sund_rule_genotype_cells(&t, none, 3) && sund_rule_genotype_cells(&o, low, 3));
}

static bool refused(sund_code rc, const sund_err *err, const char *rule) { return rc == SUND_E_DENIED && strstr(err->msg, rule) && strstr(err->msg, "refused by rule"); }

TEST(rules_that_refuse_name_themselves)
{
    sund_thresholds t = controlled(), o = opened();
    int64_t         ok[4] = { 10, 11, 12, 13 }, low[4] = { 10, 11, 9, 13 };
    sund_err        err;

    CHECK(sund_rule_parties(&t, 3, 3, &err) == SUND_OK && sund_rule_parties(&t, 5, 5, &err) == SUND_OK);
    CHECK(refused(sund_rule_parties(&t, 2, 2, &err), &err, "parties"));
    CHECK(refused(sund_rule_parties(&t, 2, 5, &err), &err, "parties"));
    CHECK(refused(sund_rule_parties(&t, 4, 5, &err), &err, "parties"));
    CHECK(refused(sund_rule_parties(&o, 2, 2, &err), &err, "parties")); /* open data too: a sum over two tells each the other's */
    CHECK(sund_rule_cells(&t, ok, 4, "sex by smoker", &err) == SUND_OK);
    CHECK(refused(sund_rule_cells(&t, low, 4, "sex by smoker", &err), &err, "cell-min") && strstr(err.msg, "sex by smoker") && !strstr(err.msg, "9"));
    CHECK(sund_rule_model_size(&t, 100, 10, &err) == SUND_OK && sund_rule_model_size(&o, 12, 11, &err) == SUND_OK);
    CHECK(refused(sund_rule_model_size(&t, 99, 10, &err), &err, "model-size"));
    CHECK(refused(sund_rule_model_size(&t, 10, 1, &err), &err, "model-size")); /* nine degrees of freedom */
}

TEST(every_rule_is_described)
{
    size_t           n;
    const sund_rule *r = sund_rules(&n);

    CHECK(n == 21);
    for (size_t i = 0; i < n; i++)
        CHECK(r[i].name[0] && r[i].value[0] && r[i].source[0] && r[i].help[0]);
}

TEST(thresholds_may_be_stricter_never_looser)
{
    sund_thresholds a = controlled(), b = controlled(), j;
    sund_err        err;

    CHECK(sund_thresholds_check(&a, &err) == SUND_OK);
    a.cell_min = 9;
    CHECK(sund_thresholds_check(&a, &err) == SUND_E_ARG && strstr(err.msg, "cell_min"));
    a = controlled();
    a.mac = 3;
    CHECK(sund_thresholds_check(&a, &err) == SUND_E_ARG && strstr(err.msg, "mac"));
    a = controlled();
    a.parties = 2;
    CHECK(sund_thresholds_check(&a, &err) == SUND_E_ARG && strstr(err.msg, "parties"));
    a = controlled();
    a.digits = 9;
    CHECK(sund_thresholds_check(&a, &err) == SUND_E_ARG && strstr(err.msg, "digits"));
    a = controlled();
    a.cell_min = 20;
    b.mac = 30;
    b.digits = 3;
    CHECK(sund_thresholds_check(&a, &err) == SUND_OK && sund_thresholds_check(&b, &err) == SUND_OK);
    j = sund_thresholds_join(&a, &b);
    CHECK(j.cell_min == 20 && j.mac == 30 && j.digits == 3 && !j.open && j.parties == 3);
    a = opened();
    j = sund_thresholds_join(&a, &b);
    CHECK(!j.open && j.digits == 3); /* one controlled node controls the study */
    j = sund_thresholds_join(&a, &a);
    CHECK(j.open);
}

/* ---- releases ---- */

static const sund_release_column column[] = { { "name", 's', false }, { "n", 'i', false }, { "het", 'i', true }, { "beta", 'f', false } };

static sund_release *release_of(const sund_thresholds *t, double beta, int64_t low)
{
    sund_release *r = NULL;
    sund_guard    g = { .ac = 50, .an = 1000, .cell = { 400, low, 40 }, .n_cell = 3 };
    sund_cell     row[4] = { { .s = "one" }, { .i = 500 }, { .i = low }, { .f = beta } };

    CHECK(sund_release_begin(&r, t, false, NULL, NULL) == SUND_OK);
    CHECK(sund_release_row(r, &g, row, NULL) == SUND_E_ARG);
    CHECK(sund_release_next(r, "table", column, 4, NULL) == SUND_OK);
    CHECK(sund_release_row(r, &g, row, NULL) == SUND_OK);
    g.ac = 9;
    row[0].s = "rare";
    CHECK(sund_release_row(r, &g, row, NULL) == SUND_OK);
    g.ac = 500;
    row[0].s = "two";
    row[3].f = (double) NAN;
    CHECK(sund_release_row(r, &g, row, NULL) == SUND_OK);
    CHECK(sund_release_end(r, "{}\n", NULL) == SUND_OK);
    return r;
}

static bool table_is(const sund_release *r, const char *want)
{
    char *t = whole_first(r);
    bool  same = t && strcmp(t, want) == 0;

    if (!same)
        fprintf(stderr, "# table: %s", t);
    free(t);
    return same;
}

TEST(a_release_holds_what_the_rules_let_through)
{
    sund_thresholds t = controlled(), o = opened();
    sund_release   *r = release_of(&t, 0.123456789, 40);
    size_t          by_mac, by_cells;

    CHECK(table_is(r, "name\tn\thet\tbeta\none\t500\t40\t0.12346\ntwo\t500\t40\tNA\n"));
    sund_release_withheld(r, &by_mac, &by_cells);
    CHECK(by_mac == 1 && by_cells == 0 && sund_release_rows(r) == 2);
    sund_release_free(r);
    r = release_of(&t, 0.123456789, 9);
    CHECK(table_is(r, "name\tn\thet\tbeta\none\t500\t.\t0.12346\ntwo\t500\t.\tNA\n"));
    sund_release_free(r);
    r = release_of(&o, 0.123456789, 9);
    CHECK(table_is(r, "name\tn\thet\tbeta\none\t500\t9\t0.123456789\nrare\t500\t9\t0.123456789\ntwo\t500\t9\tNA\n"));
    sund_release_free(r);
}

/** Rows of all tables until one is refused, at most so many. name: in each. */
static size_t rows_let_out(const sund_thresholds *t, bool large, const char *name, size_t most, sund_err *err)
{
    sund_release *r = NULL;
    sund_guard    g = { .on = SUND_ON_COHORT }, rare = { .ac = 3, .an = 1000, .cell = { 400, 40, 40 }, .n_cell = 3 };
    sund_cell     row[4] = { { .s = name }, { .i = 500 }, { .i = 40 }, { .f = 0.5 } };
    size_t        n = 0;

    *err = (sund_err){ SUND_OK, "" };
    CHECK(sund_release_begin(&r, t, large, NULL, err) == SUND_OK && sund_release_next(r, "table", column, 4, err) == SUND_OK);
    for (size_t i = 0; i < 200 && !t->open; i++) /* withheld rows are not in it */
        CHECK(sund_release_row(r, &rare, row, err) == SUND_OK);
    while (n < most && sund_release_row(r, &g, row, err) == SUND_OK)
        if (++n == most / 2)
            CHECK(sund_release_next(r, "second", column, 4, err) == SUND_OK);
    sund_release_free(r);
    return n;
}

TEST(a_release_is_one_that_people_can_look_through)
{
    sund_thresholds t = controlled(), o = opened();
    char           *wide = malloc(1 << 20);
    sund_err        err;

    if (!wide)
        abort();
    memset(wide, 'x', (1 << 20) - 1);
    wide[(1 << 20) - 1] = 0;
    CHECK(rows_let_out(&t, false, "x", 5000, &err) == 5000);
    CHECK(rows_let_out(&t, false, "x", 6000, &err) == 5000 && err.code == SUND_E_DENIED && strstr(err.msg, "refused by rule size") && strstr(err.msg, "5000 rows and 16 MiB"));
    CHECK(rows_let_out(&t, true, "x", 6000, &err) == 6000);  /* declared: a row a variant */
    CHECK(rows_let_out(&o, false, "x", 6000, &err) == 6000); /* open data */
    CHECK(rows_let_out(&t, false, wide, 15, &err) == 15);
    CHECK(rows_let_out(&t, false, wide, 20, &err) == 15 && strstr(err.msg, "refused by rule size"));
    free(wide);
}

TEST(rows_that_rest_on_few_people_hide_their_cells)
{
    static const sund_release_column group[] = { { "group", 's', false }, { "people", 'i', true }, { "mean", 'f', true } };
    sund_thresholds                  t = controlled();
    sund_release                    *r = release_of(&t, 0.5, 40);
    whole_tables                     parts;
    sund_buf                         whole;
    sund_cell                        row[3] = { { .s = "nine" }, { .i = 9 }, { .f = 1.5 } };

    CHECK(sund_release_next(r, "groups", group, 3, NULL) == SUND_E_ARG); /* sealed */
    sund_release_free(r);
    CHECK(sund_release_begin(&r, &t, false, NULL, NULL) == SUND_OK && sund_release_next(r, "No Name", group, 3, NULL) == SUND_E_ARG);
    CHECK(sund_release_next(r, "table", group, 3, NULL) == SUND_OK);
    CHECK(sund_release_row(r, &(sund_guard){ .on = SUND_ON_PEOPLE, .people = 9 }, row, NULL) == SUND_OK);
    row[0].s = "ten";
    CHECK(sund_release_row(r, &(sund_guard){ .on = SUND_ON_PEOPLE, .people = 10 }, row, NULL) == SUND_OK);
    CHECK(sund_release_next(r, "table", group, 3, NULL) == SUND_E_ARG); /* a second one of that name */
    CHECK(sund_release_next(r, "groups-2", group, 3, NULL) == SUND_OK);
    CHECK(sund_release_row(r, &(sund_guard){ .on = SUND_ON_COHORT }, row, NULL) == SUND_OK);
    CHECK(sund_release_end(r, "{}\n", NULL) == SUND_OK);
    CHECK(table_is(r, "group\tpeople\tmean\nnine\tbelow 10\tbelow 10\nten\t9\t1.5\n"));
    whole = whole_of(r);
    CHECK(whole_split(&whole, &parts) && parts.n_table == 2 && strcmp(parts.table[1].name, "groups-2") == 0);
    CHECK(parts.table[1].text.n == strlen("group\tpeople\tmean\nten\t9\t1.5\n") && parts.provenance.n == 3);
    sund_buf_free(&whole);
    sund_release_free(r);
}

/** A release of that text as its only table, however it came about; in parts of a row or two. */
static sund_release *told(const sund_thresholds *t, const char *text, size_t n)
{
    sund_release *r = release_of(t, 0.25, 40);

    whole_retell(r, text, n, 40);
    return r;
}

/** What theirs says of ours, which it takes the place of when they agree. theirs goes. */
static sund_code agree(sund_release **ours, sund_release *theirs, sund_err *err)
{
    sund_proposal *p = NULL;
    sund_buf       part = { 0 };
    sund_result    m;
    sund_code      rc;

    *err = (sund_err){ SUND_OK, "" };
    SUND_GO(sund_result_read(sund_release_manifest(theirs), &m, err));
    SUND_GO(sund_proposal_begin(&p, *ours, sund_release_manifest(theirs), err));
    for (uint32_t k = 0; k < m.n_part; k++) {
        CHECK(sund_proposal_next(p) == k + 1);
        SUND_GO(sund_release_part(theirs, k, &part, err));
        SUND_GO(sund_proposal_part(p, sund_cur_of(part.p, part.n), err));
    }
    rc = sund_proposal_take(p, ours, err);
out:
    sund_proposal_free(p);
    sund_release_free(theirs);
    sund_buf_free(&part);
    return rc;
}

TEST(releases_agree_or_say_where_not)
{
    static const char *const spelt[] = { " .25", "2e-1", "0x.4", "+.25", "25e-" };
    sund_thresholds          t = opened();
    sund_release            *a = release_of(&t, 0.25, 40), *c = release_of(&t, 0.25 * (1 + 5e-10), 40);
    char                    *text = whole_first(a);
    sund_digest              x, y = sund_release_digest(c);
    sund_err                 err;

    CHECK(agree(&a, release_of(&t, 0.25, 40), &err) == SUND_OK);
    CHECK(agree(&a, told(&t, text, strlen(text)), &err) == SUND_OK); /* in other parts */
    CHECK(agree(&a, release_of(&t, 0.2500001, 40), &err) == SUND_E_MISMATCH && strstr(err.msg, "row 1") && strstr(err.msg, "beta") && !strstr(err.msg, "0.25"));
    CHECK(agree(&a, release_of(&t, 0.25, 41), &err) == SUND_E_MISMATCH && strstr(err.msg, "het"));
    CHECK(agree(&a, c, &err) == SUND_OK); /* within 1e-9: the proposer's bytes are taken */
    x = sund_release_digest(a);
    CHECK(sund_digest_eq(&x, &y));
    sund_release_free(a);
    a = release_of(&t, 0.25, 40);
    for (int k = 0; k < 5; k++) { /* the number in another spelling: room for a message of the proposer */
        char *other = strdup(text);

        memcpy(strstr(other, "0.25"), spelt[k], 4);
        CHECK(agree(&a, told(&t, other, strlen(other)), &err) == SUND_E_MISMATCH);
        free(other);
    }
    for (size_t k = 1; k < strlen(text); k++) /* every cut, in a block of its own so that a sanitizer sees a step beyond */
    {
        char *cut = malloc(k);

        memcpy(cut, text, k);
        CHECK(agree(&a, told(&t, cut, k), &err) != SUND_OK);
        free(cut);
    }
    free(text);
    sund_release_free(a);
}

/** A release of n rows and a second table, in parts of so many bytes. */
static sund_release *many_rows(size_t n, size_t bytes, size_t *n_part)
{
    sund_thresholds t = opened();
    sund_release   *r = NULL;
    sund_cell       row[4] = { { .s = "name" }, { .i = 0 }, { .i = 40 }, { .f = 0.5 } };
    sund_result     m;

    sund_release_part_bytes = bytes;
    CHECK(sund_release_begin(&r, &t, true, scratch(""), NULL) == SUND_OK);
    for (int k = 0; k < 2; k++) {
        CHECK(sund_release_next(r, k ? "second" : "table", column, 4, NULL) == SUND_OK);
        for (row[1].i = 0; row[1].i < (int64_t) n; row[1].i++)
            CHECK(sund_release_row(r, &(sund_guard){ .on = SUND_ON_COHORT }, row, NULL) == SUND_OK);
    }
    CHECK(sund_release_end(r, "{}\n", NULL) == SUND_OK && sund_result_read(sund_release_manifest(r), &m, NULL) == SUND_OK);
    CHECK(m.n_table == 2 && m.table[1].n_row == n + 1);
    *n_part = m.n_part;
    sund_release_part_bytes = 4 << 20;
    return r;
}

TEST(a_release_of_many_parts_has_the_same_rows)
{
    sund_thresholds t = opened();
    size_t          one, k, lines, rowwise;
    sund_release   *whole = many_rows(1000, 4 << 20, &one), *parts = many_rows(1000, 1000, &k), *rows = many_rows(1000, 1, &rowwise);
    sund_buf        a = whole_of(whole), b = whole_of(parts), c = whole_of(rows), part = { 0 }, cut = { 0 };
    whole_tables    x, y, z;
    sund_result     m;
    sund_cur        got;
    sund_err        err;

    lines = 2 * 1001;
    CHECK(one == 1 && k > 30 && rowwise == lines);
    CHECK(whole_split(&a, &x) && whole_split(&b, &y) && whole_split(&c, &z));
    for (int i = 0; i < 2; i++)
        CHECK(x.table[i].text.n == y.table[i].text.n && memcmp(x.table[i].text.p, y.table[i].text.p, x.table[i].text.n) == 0 && x.table[i].text.n == z.table[i].text.n &&
              memcmp(x.table[i].text.p, z.table[i].text.p, x.table[i].text.n) == 0);
    CHECK(sund_result_read(sund_release_manifest(parts), &m, NULL) == SUND_OK);
    for (uint32_t i = 0; i < m.n_part; i++) { /* whole rows, and nothing but what the manifest lists, in its place */
        CHECK(sund_release_part(parts, i, &part, NULL) == SUND_OK && part.n <= 1000 + SUND_PART_HEAD && part.p[part.n - 1] == '\n');
        CHECK(sund_result_rows(&m, i, part.p, part.n, &got, NULL) == SUND_OK && sund_result_rows(&m, (i + 1) % m.n_part, part.p, part.n, &got, NULL) == SUND_E_MISMATCH);
        part.p[part.n / 2] ^= 1;
        CHECK(sund_result_rows(&m, i, part.p, part.n, &got, NULL) == SUND_E_MISMATCH);
    }
    sund_buf_put(&cut, m.bytes.p, m.bytes.n);
    for (size_t i = 0; i < cut.n; i += i < 100 ? 1 : 37)
        CHECK(sund_result_read(sund_cur_of(cut.p, i), &m, NULL) != SUND_OK);
    cut.p[4 + 4 + 5 + 8]++; /* a table of one byte more than its parts have */
    CHECK(sund_result_read(sund_cur_of(cut.p, cut.n), &m, NULL) == SUND_E_FORMAT);
    CHECK(agree(&whole, parts, &err) == SUND_OK && agree(&whole, rows, &err) == SUND_OK);
    CHECK(agree(&whole, many_rows(999, 1000, &k), &err) == SUND_E_MISMATCH && agree(&whole, release_of(&t, 0.5, 40), &err) == SUND_E_MISMATCH);
    sund_buf_free(&a);
    sund_buf_free(&b);
    sund_buf_free(&c);
    sund_buf_free(&part);
    sund_buf_free(&cut);
    sund_release_free(whole);
}

/* ---- lookups ---- */

static sund_lookup_counts counted(int64_t ac, int64_t an) { return (sund_lookup_counts){ .status = SUND_LOOKUP_COUNTED, .all = { ac, an, ac / 4, 0, 0 }, .an_covered = an }; }

TEST(margins_at_a_node)
{
    sund_thresholds    t = controlled();
    sund_lookup_counts c = counted(9, 1000), zero = counted(0, 1000), ten = counted(10, 1000), full = counted(995, 1000);

    sund_margins_node(&t, &c);
    sund_margins_node(&t, &zero);
    CHECK(c.status == SUND_LOOKUP_BELOW && c.all.ac == 0 && c.all.an == 1000 && memcmp(&c, &zero, sizeof c) == 0); /* nobody can tell 0 from 9 */
    sund_margins_node(&t, &ten);
    CHECK(ten.status == SUND_LOOKUP_COUNTED && ten.all.ac == 10 && ten.all.hom == -1);
    sund_margins_node(&t, &full);
    CHECK(full.status == SUND_LOOKUP_BELOW);
    c = counted(100, 1000);
    c.all.hom = 10;
    c.sexes = true;
    c.male = (sund_lookup_cells){ 91, 500, 9, 0, 0 };
    c.female = (sund_lookup_cells){ 9, 500, 1, 0, 0 };
    sund_margins_node(&t, &c);
    CHECK(c.status == SUND_LOOKUP_COUNTED && c.all.hom == 10 && !c.sexes && c.male.ac == 0); /* one sex small: neither is shown */
}

/** In a store, a rare variant is there only because somebody carries it: nothing that is said of it may be other than what is said of a variant that is not there. */
TEST(a_hidden_variant_is_as_one_that_nobody_carries)
{
    const sund_thresholds t = controlled(), o = opened();

    for (int region = 0; region < 3; region++) { /* inside the callable regions, outside them, and where they are not known */
        const int64_t      an_covered[] = { 1000, 0, -1 };
        sund_lookup_counts absent = { .status = region == 0 ? SUND_LOOKUP_COUNTED : SUND_LOOKUP_NOT_COVERED, .all = { 0, region == 0 ? 1000 : 0, 0, 0, 0 }, .an_covered = an_covered[region] }, of_open = absent;

        sund_margins_node(&t, &absent);
        CHECK(absent.status == (region == 1 ? SUND_LOOKUP_NOT_COVERED : SUND_LOOKUP_BELOW) && absent.all.an == (region == 0 ? 1000 : 0));
        for (int64_t ac = 0; ac < 10; ac++) {
            sund_lookup_counts c = counted(ac, 1000 - 2 * ac); /* some could not be called */

            c.an_covered = an_covered[region];
            sund_margins_node(&t, &c);
            CHECK(memcmp(&c, &absent, sizeof c) == 0);
        }
        sund_margins_node(&o, &of_open);
        CHECK(of_open.status == (region == 0 ? SUND_LOOKUP_COUNTED : SUND_LOOKUP_NOT_COVERED));
    }
}

/** One sex at one site: two-copy genotypes and one-copy ones. */
static sund_lookup_cells people(int64_t ref, int64_t het, int64_t hom, int64_t hemi_ref, int64_t hemi)
{
    return (sund_lookup_cells){ het + 2 * hom + hemi, 2 * (ref + het + hom) + hemi_ref + hemi, hom, hemi, hemi_ref + hemi };
}

static sund_lookup_cells plus(sund_lookup_cells a, sund_lookup_cells b)
{
    return (sund_lookup_cells){ a.ac + b.ac, a.an + b.an, a.hom + b.hom, a.hemi + b.hemi, a.an_one + b.an_one };
}

static sund_lookup_counts after(const sund_thresholds *t, sund_lookup_cells male, sund_lookup_cells female, sund_lookup_cells unknown)
{
    sund_lookup_counts c = { .status = SUND_LOOKUP_COUNTED, .sexes = true, .all = plus(plus(male, female), unknown), .male = male, .female = female };

    sund_margins_node(t, &c);
    return c;
}

TEST(no_genotype_cell_below_ten_follows_from_a_lookup)
{
    const sund_thresholds   t = controlled(), o = opened();
    const sund_lookup_cells none = people(0, 0, 0, 0, 0), plenty = people(200, 100, 50, 0, 0);
    sund_lookup_counts      c = after(&t, plenty, plenty, none);

    CHECK(c.sexes && c.all.hom == 100 && c.male.hom == 50);
    c = after(&t, people(100, 2, 50, 0, 0), people(100, 3, 50, 0, 0), none); /* five heterozygotes: the sexes' homozygotes would add up to them */
    CHECK(c.sexes && c.all.hom == -1 && c.male.hom == -1 && c.female.hom == -1);
    c = after(&t, people(3, 40, 60, 0, 0), people(3, 40, 60, 0, 0), none); /* six without the allele: half of AN less the others */
    CHECK(c.all.hom == -1 && c.male.hom == -1);
    c = after(&t, people(0, 0, 0, 200, 5), people(100, 26, 12, 0, 0), none); /* X: five men */
    CHECK(!c.sexes && c.all.hom == -1 && c.all.hemi == -1);
    c = after(&t, people(0, 0, 0, 200, 0), people(100, 26, 12, 0, 0), none); /* no man is as five men */
    CHECK(!c.sexes && c.all.hom == -1 && c.all.hemi == -1);
    c = after(&t, people(0, 0, 0, 200, 40), people(100, 26, 12, 0, 0), none);
    CHECK(c.sexes && c.all.hom == 12 && c.all.hemi == 40 && c.male.hemi == 40);
    c = after(&t, plenty, plenty, people(2, 1, 0, 0, 0)); /* three people of unknown sex are the whole less the sexes */
    CHECK(!c.sexes && c.male.ac == 0 && c.status == SUND_LOOKUP_COUNTED);
    c = after(&t, plenty, plenty, people(200, 30, 0, 0, 0));
    CHECK(c.sexes);
    c = after(&o, people(3, 1, 1, 0, 0), people(0, 0, 0, 1, 1), people(1, 1, 0, 0, 0));
    CHECK(c.sexes && c.all.hom == 1 && c.all.hemi == 1);
    for (int k = 0; k < 20000; k++) { /* by brute force: whatever is shown, each cell that can be worked out is 10 or more */
        bool               x = k & 1;
        sund_lookup_cells  m = x ? people(0, 0, 0, (int64_t) (test_rand() % 50), (int64_t) (test_rand() % 50)) : people((int64_t) (test_rand() % 50), (int64_t) (test_rand() % 50), (int64_t) (test_rand() % 50), 0, 0);
        sund_lookup_cells  f = people((int64_t) (test_rand() % 50), (int64_t) (test_rand() % 50), (int64_t) (test_rand() % 50), 0, 0);
        sund_lookup_counts s = after(&t, m, f, none), again = s;

        sund_margins_node(&t, &again); /* the gate applies it once more */
        CHECK(memcmp(&s, &again, sizeof s) == 0);
        if (s.status == SUND_LOOKUP_COUNTED && s.all.hom >= 0)
            CHECK(m.hom + f.hom >= 10 && m.ac + f.ac - 2 * (m.hom + f.hom) - m.hemi >= 10 && (!m.an_one || (m.hemi >= 10 && m.an - m.hemi >= 10)));
        if (s.status == SUND_LOOKUP_COUNTED && s.female.hom > 0)
            CHECK(f.hom >= 10 && f.ac - 2 * f.hom >= 10 && s.all.hom >= 0);
    }
}

TEST(margins_over_countries_by_brute_force)
{
    sund_thresholds t = controlled();

    for (int k = 0; k < 20000; k++) {
        sund_lookup_counts c[6];
        size_t             n = 3 + test_rand() % 4, hidden = 0, was = 0;

        for (size_t i = 0; i < n; i++) {
            c[i] = counted((int64_t) (test_rand() % (test_rand() % 3 ? 12 : 100)), 1000);
            sund_margins_node(&t, &c[i]);
            was += c[i].status == SUND_LOOKUP_BELOW;
        }
        sund_margins_countries(&t, c, n);
        for (size_t i = 0; i < n; i++)
            hidden += c[i].status == SUND_LOOKUP_BELOW;
        CHECK(hidden == 0 || hidden >= 3 || hidden == n); /* never one or two that a total from elsewhere would give away */
        CHECK((was == 0) == (hidden == 0));
        CHECK(was < 3 || hidden == was);
    }
}

/* ---- leaving ---- */

typedef struct seat { sund_db *db; sund_identity me; sund_gate *gate; } seat;

/** In place: the gate keeps a pointer to the seat's identity. */
static void sit(seat *s)
{
    sund_thresholds t = controlled();

    memset(s, 0, sizeof *s);
    if (sund_crypto_init(NULL) != SUND_OK || sund_db_open(&s->db, ":memory:", "", NULL) != SUND_OK || sund_ledger_open(s->db, NULL) != SUND_OK)
        abort();
    (void) snprintf(s->me.id, sizeof s->me.id, "FI");
    sund_sign_keypair(&s->me.pub, &s->me.key);
    if (sund_gate_open(&s->gate, s->db, &s->me, &t, NULL) != SUND_OK)
        abort();
}

static void stand(seat *s)
{
    sund_gate_close(s->gate);
    sund_db_close(s->db);
}

TEST(what_is_stopped_does_not_leave_by_any_kind)
{
    static const uint16_t kind[] = { SUND_MSG_LINE, SUND_MSG_OPEN, SUND_MSG_STOP, SUND_MSG_POLL, SUND_MSG_HEADS, SUND_MSG_QUESTION, SUND_MSG_APPLY_STATE };
    seat                  s;
    uint64_t              before = 0, after = 0;

    sit(&s);
    CHECK(sund_gate_stop(s.db, "the committee called", NULL) == SUND_OK);
    CHECK(sund_ledger_verify(s.db, &before, NULL, NULL) == SUND_OK);
    for (int stopped = 1; stopped >= 0; stopped--) {
        for (size_t i = 0; i < sizeof kind / sizeof *kind; i++) {
            sund_envelope e = { .kind = kind[i], .seq = 1 };
            sund_leave   *l = NULL;
            sund_err      why = { SUND_OK, "" };

            CHECK((sund_leave_protocol(s.gate, &e, "x", 1, &l, &why) != SUND_OK) == (stopped != 0) && (l == NULL) == (stopped != 0));
            CHECK(!stopped || strstr(why.msg, "the committee called"));
            sund_leave_free(l);
        }
        if (stopped) {
            CHECK(sund_ledger_verify(s.db, &after, NULL, NULL) == SUND_OK && after == before); /* nor is it said to have left */
            CHECK(sund_gate_go_on(s.db, "cleared", NULL) == SUND_OK);
        }
    }
    stand(&s);
}

TEST(only_protocol_messages_of_bounded_size_leave_by_hand)
{
    seat           s;
    uint8_t       *big = calloc(1, 70000);
    uint64_t       before = 0, after = 0;
    sund_leave    *l = NULL;
    const uint16_t never[] = { SUND_MSG_MASKED, SUND_MSG_PROPOSE, SUND_MSG_PART, SUND_MSG_RELEASE, SUND_MSG_ANSWER, SUND_MSG_BEYOND, SUND_MSG_END, 0, 999 };

    sit(&s);
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        sund_envelope e = { .kind = never[i], .seq = 1 };
        CHECK(sund_leave_protocol(s.gate, &e, "x", 1, &l, NULL) != SUND_OK && !l);
    }
    sund_envelope e = { .kind = SUND_MSG_LINE, .seq = 1 };
    CHECK(sund_leave_protocol(s.gate, &e, big, 70000, &l, NULL) == SUND_E_LIMIT && !l);
    CHECK(sund_ledger_verify(s.db, &before, NULL, NULL) == SUND_OK);
    CHECK(sund_leave_protocol(s.gate, &e, "x", 1, &l, NULL) == SUND_OK && l);
    CHECK(sund_ledger_verify(s.db, &after, NULL, NULL) == SUND_OK && after == before + 1); /* it is in the ledger before it is out */
    sund_leave_free(l);
    free(big);
    stand(&s);
}

/* ---- ledger ---- */

static sund_code add(sund_db *db, int i) { return sund_ledger_add(db, "left", "3f2a", NULL, "message %d, 100 bytes", i); }

static void tampered(const char *sql, const char *says)
{
    sund_db *db = NULL;
    uint64_t n = 0;
    sund_err err = { SUND_OK, "" };

    CHECK(sund_db_open(&db, ":memory:", "", NULL) == SUND_OK && sund_ledger_open(db, NULL) == SUND_OK);
    for (int i = 1; i <= 10; i++)
        CHECK(add(db, i) == SUND_OK);
    CHECK(sund_ledger_verify(db, &n, NULL, &err) == SUND_OK && n == 10);
    CHECK(sund_db_script(db, sql, &err) == SUND_OK);
    CHECK(sund_ledger_verify(db, &n, NULL, &err) == SUND_E_FORMAT && strstr(err.msg, says));
    if (!strstr(err.msg, says))
        fprintf(stderr, "# %s: %s\n", sql, err.msg);
    sund_db_close(db);
}

TEST(the_ledger_shows_what_was_altered)
{
    tampered("UPDATE ledger SET text='message 4, 900 bytes' WHERE i=4", "entry 4");
    tampered("UPDATE ledger SET time='2020-01-01T00:00:00Z' WHERE i=1", "entry 1");
    tampered("UPDATE ledger SET study='' WHERE i=10", "entry 10");
    tampered("UPDATE ledger SET digest=zeroblob(32) WHERE i=7", "entry 7");
    tampered("DELETE FROM ledger WHERE i=5", "entry 5");
    tampered("DELETE FROM ledger WHERE i=1", "entry 1");
    tampered("DELETE FROM ledger WHERE i=5; UPDATE ledger SET i=i-1 WHERE i>5", "entry 5");
    tampered("INSERT INTO ledger SELECT 11, time, kind, study, text, digest FROM ledger WHERE i=10", "entry 11");
    tampered("UPDATE ledger SET i=-3 WHERE i=3; UPDATE ledger SET i=3 WHERE i=4; UPDATE ledger SET i=4 WHERE i=-3", "entry 3");
}
