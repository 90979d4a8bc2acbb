#include "test.h"

#include "gate/cells.h"
#include "gate/census.h"

static sund_census *pass(const sund_census_counts *c, bool open)
{
    sund_thresholds t = sund_thresholds_default();
    sund_census    *out = NULL;

    t.open = open;
    CHECK(sund_census_pass(&out, &t, c, NULL) == SUND_OK);
    return out;
}

TEST(fewer_than_ten_are_no_number)
{
    sund_census_counts c = { 0 };

    for (int i = 0; i < 9; i++)
        sund_census_count(&c, 1, 30);
    sund_census *s = pass(&c, false);
    int64_t      a, b;
    CHECK(sund_census_people(s) == -1 && !sund_census_ages(s, &a, &b));
    for (unsigned r = 0; r <= 3; r++)
        for (unsigned k = 0; k <= 11; k++)
            CHECK(sund_census_cell(s, r, k) == -1);
    sund_census_free(s);
    s = pass(&c, true);
    CHECK(sund_census_people(s) == 9 && sund_census_cell(s, 1, 3) == 9 && sund_census_ages(s, &a, &b) && a == 30 && b == 39);
    sund_census_free(s);
}

TEST(what_is_shown_is_a_multiple_of_five)
{
    sund_census_counts c = { 0 };

    for (int i = 0; i < 103; i++)
        sund_census_count(&c, (uint8_t) (1 + i % 2), 30 + i % 20);
    sund_census *s = pass(&c, false);
    CHECK(sund_census_people(s) == 105 && sund_census_cell(s, 1, 11) == 50 && sund_census_cell(s, 2, 11) == 50);
    CHECK(sund_census_cell(s, 0, 11) == -1 || sund_census_cell(s, 0, 11) == 0);
    sund_census_free(s);
}

/* One man among women: that there is one must not follow from the totals. */
TEST(a_small_cell_does_not_follow_from_the_others)
{
    sund_census_counts c = { 0 };

    for (int i = 0; i < 200; i++)
        sund_census_count(&c, 2, 40);
    sund_census_count(&c, 1, 40);
    sund_census *s = pass(&c, false);
    CHECK(sund_census_people(s) == 200 && sund_census_cell(s, 1, 11) == -1 && sund_census_cell(s, 2, 11) == -1);
    sund_census_free(s);
}

TEST(every_line_hides_nobody_or_two)
{
    for (int round = 0; round < 200; round++) {
        sund_census_counts c = { 0 };
        for (int r = 0; r < 3; r++)
            for (int k = 0; k <= SUND_CENSUS_BANDS; k++)
                c.n[r][k] = (int64_t) (test_rand() % 4 == 0 ? test_rand() % 300 : test_rand() % 12) * (r > 0 || round % 2);
        sund_census *s = pass(&c, false);
        for (unsigned r = 0; r <= 3; r++) {
            int64_t n_hidden = 0;
            for (unsigned k = 0; k <= 11; k++) {
                int64_t v = sund_census_cell(s, r, k);
                CHECK(v == -1 || v % 5 == 0);
                n_hidden += v == -1;
            }
            CHECK(n_hidden != 1);
        }
        sund_census_free(s);
    }
}
