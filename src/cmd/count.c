#include "cmd/cmd.h"
#include "gate/shown.h"
#include "genome/variant.h"
#include "home/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* sund count: how many people a cohort takes, over all countries, by the rules of each node's gate; or how many copies of a variant they carry. */

/** The row of an answer about carriers; NULL of another. */
static const sund_lookup_counts *row_of(const sund_shown *s) { return sund_shown_verb(s) == SUND_ASK_CARRIERS && sund_shown_n(s) == 1 ? sund_shown_counts(s, 0) : NULL; }

static const char *status_of(const sund_answer *r)
{
    const sund_lookup_counts *row = r->shown ? row_of(r->shown) : NULL;

    if (!r->shown)
        return "timeout";
    if (!sund_shown_answered(r->shown))
        return "refused";
    if (row)
        return row->status == SUND_LOOKUP_BELOW ? "withheld" : sund_lookup_status_name(row->status);
    return sund_shown_count(r->shown) < 0 ? "withheld" : "counted";
}

static int64_t number_of(const sund_shown *s)
{
    const sund_lookup_counts *row = row_of(s);

    return row ? row->all.ac : sund_shown_count(s);
}

/** Of the countries whose number is shown. *n: how many these are. */
static int64_t sum(const sund_answers *a, size_t *n)
{
    int64_t total = 0;

    *n = 0;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(status_of(&a->row[i]), "counted") == 0) {
            total += number_of(a->row[i].shown);
            (*n)++;
        }
    return total;
}

/** What every node that refused gives as its reason, where it is one: said once. NULL: none refused, or they differ. */
static const char *same_why(const sund_answers *a)
{
    const char *why = NULL;

    for (size_t i = 0; i < a->n; i++) {
        const sund_shown *s = a->row[i].shown;

        if (!s || sund_shown_answered(s))
            continue;
        if (why && strcmp(why, sund_shown_why(s)) != 0)
            return NULL;
        why = sund_shown_why(s);
    }
    return why;
}

static void print_table(const char *cohort, const char *variant, const sund_answers *a)
{
    size_t      n;
    int64_t     total = sum(a, &n);
    const char *same = same_why(a);

    printf("%s%s%s\n  %-12s %10s  %s\n", variant ? variant : "", variant ? " in " : "", cohort, "node", variant ? "copies" : "people", "status");
    for (size_t i = 0; i < a->n; i++) {
        const sund_answer *r = &a->row[i];
        bool               counted = strcmp(status_of(r), "counted") == 0;
        char               number[24] = ".";

        if (counted)
            (void) snprintf(number, sizeof number, "%lld", (long long) number_of(r->shown));
        printf("  %-12s %10s  %s%s%s%s\n", r->node, number, status_of(r), counted && !sund_shown_open(r->shown) ? ", to the nearest 5" : "", r->shown && !sund_shown_answered(r->shown) && !same ? ": " : "",
               r->shown && !(same && !sund_shown_answered(r->shown)) ? sund_shown_why(r->shown) : "");
    }
    if (n)
        printf("  %-12s %10lld  of the %zu of %zu whose number is shown\n", "together", (long long) total, n, a->n);
    else
        printf("  %-12s %10s  no country's number is shown\n", "together", ".");
    if (same)
        printf("  refused: %s\n", same);
}

static void print_json(const char *cohort, const char *variant, const sund_answers *a)
{
    size_t    n;
    sund_buf  out = { 0 };
    sund_json j;

    sund_json_init(&j, &out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "cohort", cohort);
    if (variant)
        sund_json_str(&j, "variant", variant);
    sund_json_open(&j, "countries", '[');
    for (size_t i = 0; i < a->n; i++) {
        const sund_answer *r = &a->row[i];

        sund_json_open(&j, NULL, '{');
        sund_json_str(&j, "node", r->node);
        sund_json_str(&j, "status", status_of(r));
        if (strcmp(status_of(r), "counted") == 0)
            sund_json_i64(&j, variant ? "copies" : "people", number_of(r->shown));
        if (r->shown && !sund_shown_answered(r->shown))
            sund_json_str(&j, "why", sund_shown_why(r->shown));
        sund_json_close(&j, '}');
    }
    sund_json_close(&j, ']');
    sund_json_i64(&j, "together", sum(a, &n));
    sund_json_i64(&j, "counted", (int64_t) n);
    sund_json_close(&j, '}');
    sund_buf_text(&out, "\n");
    if (!out.bad)
        (void) fwrite(out.p, 1, out.n, stdout);
    sund_buf_free(&out);
}

static sund_code ask(sund_link *l, const char *cohort, const char *variant, sund_answers *a, sund_err *err)
{
    sund_buf  text = { 0 };
    sund_code rc;

    sund_buf_text(&text, variant ? "carriers " : "people");
    sund_buf_text(&text, variant ? variant : "");
    sund_buf_printf(&text, " %s", cohort);
    sund_buf_nul(&text);
    rc = sund_buf_ok(&text, err);
    if (rc == SUND_OK)
        rc = sund_ask_question(l, (const char *) text.p, a, err);
    sund_buf_free(&text);
    return rc;
}

sund_code sund_cmd_count(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *variant = NULL;
    bool            as_json = false, helped = false;
    const sund_opt  opt[] = { { "home", 's', &home, "FOLDER", "a member's home" }, { "carrying", 's', &variant, "VARIANT", "how many copies of it they carry (doc/gate.md): not of how many people, which would tell of homozygotes" }, { "json", 'b', &as_json, NULL, "for programs" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "count", "[OPTIONS] COHORT", "Asks all countries how many people a cohort takes (doc/cohorts.md), before a study is asked for: numbers to the nearest 5, 'withheld' for fewer than ten or where the people differ by fewer than ten from others that were counted, exact where data are open. Exit status: 0 when every node answered, 5 when one was silent.",
                          "sund count --home anna 'sex = F and has ICD10:E10'\nsund count --json 'has HP:0001250 onset < 18'\nsund count --carrying 20-1000226-A-T 'has ICD10:E11'", opt, 1, 1 };
    sund_answers   *a = calloc(1, sizeof *a);
    sund_home       h = { .id = "" };
    sund_link       l = { 0 };
    sund_cohort    *c = NULL;
    sund_buf        name = { 0 }, plain = { 0 };
    bool            silent = false;
    size_t          n;
    sund_code       rc = a ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    SUND_GO(rc);
    SUND_GO(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        goto out;
    SUND_GO(sund_cohort_parse(&c, argv[1], err)); /* a slip is told here, not by every node */
    if (variant)
        SUND_GO(sund_spell_variant(variant, &name, &plain, err));
    SUND_GO(sund_home_open(&h, home, SUND_HOME_ROSTER | SUND_HOME_STATE, err));
    SUND_GO(sund_link_open(&l, &h, SUND_CHANNEL_COMMANDS, err));
    SUND_GO(ask(&l, argv[1], variant ? (const char *) name.p : NULL, a, err));
    (as_json ? print_json : print_table)(argv[1], variant ? (const char *) name.p : NULL, a);
    for (size_t i = 0; i < a->n; i++)
        silent |= a->row[i].shown == NULL;
    if (silent)
        rc = sund_fail(err, SUND_E_UPSTREAM, "not every node answered in time: the numbers are of the others");
out:
    if (a)
        sund_answers_free(a);
    free(a);
    sund_buf_free(&name);
    sund_buf_free(&plain);
    sund_cohort_free(c);
    sund_link_close(&l);
    sund_home_close(&h);
    return rc;
}
