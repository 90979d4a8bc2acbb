#include "base/file.h"
#include "base/ini.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "home/home.h"
#include "study/engine.h"
#include "study/party.h"
#include "token/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* study check, study show: what a study asks, before it is sent and before it is decided. */

sund_code sund_read_study(const char *path, sund_study *s, sund_buf *text, sund_err *err)
{
    const sund_analysis *a;

    SUND_TRY(sund_file_read(path, SUND_STUDY_MAX_BYTES, text, err));
    SUND_TRY(sund_study_parse(s, path, text->p, text->n, err));
    if (sund_analysis_find(s->analysis, &a, err) != SUND_OK || a->check(s, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_ARG, "%s", path);
    return SUND_OK;
}

static void print_analyses(void)
{
    printf("\nAnalyses:\n");
    for (size_t i = 0; sund_analyses[i]; i++) {
        const sund_analysis *a = sund_analyses[i];

        printf("  %-10s %s\n             %s\n             gate rules: %s\n", a->name, a->title, a->help, a->rules);
        for (const sund_option *o = a->options; o && o->name; o++)
            printf("             %-10s %s%s%s%s%s%s\n", o->name, o->help, o->choices ? ": " : "", o->choices ? o->choices : "", o->otherwise && o->otherwise[0] ? " (" : "",
                   o->otherwise ? o->otherwise : " (needed", (o->otherwise && o->otherwise[0]) || !o->otherwise ? ")" : "");
    }
}

static void check_text(const char *path, const sund_study *s)
{
    printf("%s: sound\n  study      %s\n  title      %s\n  analysis   %s\n  cohort     %s\n  purpose    %s\n", path, sund_digest_hex(&s->digest).s, s->title, s->analysis, s->cohort, s->purpose);
    for (size_t i = 0; i < s->n_outcome; i++)
        printf("  outcome    %s\n", s->outcome[i]);
    for (size_t i = 0; i < s->n_option; i++)
        if (s->option[i].value[0])
            printf("  %-10s %s\n", s->option[i].name, s->option[i].value);
    if (s->n_outcome)
        printf("  model      %zu covariates, strata %s, missing %s\n", s->n_covariate, s->strata_country ? "country" : "none", s->drop_missing ? "drop" : "mean");
    if (s->has_catalogue && (int64_t) s->chunk * SUND_CHUNKS_MAX < 100000000)
        printf("  chunk      %u: enough for %lld variants, more are refused\n", s->chunk, (long long) s->chunk * SUND_CHUNKS_MAX);
    printf("  nodes     ");
    for (size_t i = 0; i < s->n_node; i++)
        printf(" %s", s->node[i]);
    printf("\n");
    if (s->n_node < sund_thresholds_default().parties)
        printf("  note       fewer than %u nodes are asked only under an agreement of exactly these (doc/operating.md)\n", sund_thresholds_default().parties);
    if (s->has_after)
        printf("  after      %s: nodes look whether it asks the same\n", sund_digest_hex(&s->after).s);
}

/** Members of the object that is open. */
static void study_json(sund_json *j, const sund_study *s)
{
    sund_json_str(j, "study", sund_digest_hex(&s->digest).s);
    sund_json_str(j, "title", s->title);
    sund_json_str(j, "analysis", s->analysis);
    sund_json_str(j, "purpose", s->purpose);
    sund_json_str(j, "cohort", s->cohort);
    sund_json_open(j, "outcomes", '[');
    for (size_t k = 0; k < s->n_outcome; k++)
        sund_json_str(j, NULL, s->outcome[k]);
    sund_json_close(j, ']');
    sund_json_open(j, "covariates", '[');
    for (size_t k = 0; k < s->n_covariate; k++)
        sund_json_str(j, NULL, s->covariate[k]);
    sund_json_close(j, ']');
    sund_json_str(j, "strata", s->strata_country ? "country" : "none");
    sund_json_str(j, "missing", s->drop_missing ? "drop" : "mean");
    if (s->has_catalogue)
        sund_json_str(j, "catalogue", sund_digest_hex(&s->catalogue).s);
    sund_json_open(j, "options", '{');
    for (size_t k = 0; k < s->n_option; k++)
        sund_json_str(j, s->option[k].name, s->option[k].value);
    sund_json_close(j, '}');
    sund_json_open(j, "nodes", '[');
    for (size_t i = 0; i < s->n_node; i++)
        sund_json_str(j, NULL, s->node[i]);
    sund_json_close(j, ']');
    sund_json_i64(j, "chunk", s->chunk);
    if (s->has_after)
        sund_json_str(j, "after", sund_digest_hex(&s->after).s);
}

static void print_json(sund_buf *out)
{
    printf("%.*s\n", (int) out->n, (char *) out->p);
    sund_buf_free(out);
}

static void check_json(const sund_study *s)
{
    sund_buf  out = { 0 };
    sund_json j;

    sund_json_init(&j, &out, true);
    sund_json_open(&j, NULL, '{');
    study_json(&j, s);
    sund_json_close(&j, '}');
    print_json(&out);
}

sund_code sund_study_nodes_check(const sund_study *s, const sund_roster *r, sund_err *err)
{
    const char *names[SUND_NODE_MAX + 1] = { NULL }, *near;
    size_t      n = 0;

    for (size_t i = 0; i < r->n_member && n < SUND_NODE_MAX; i++)
        if (r->member[i].role == SUND_ROLE_NODE)
            names[n++] = r->member[i].id;
    for (size_t i = 0; i < s->n_node; i++)
        if (!sund_roster_find(r, s->node[i], SUND_ROLE_NODE)) {
            near = sund_nearest(s->node[i], names);
            return sund_fail(err, SUND_E_NOT_FOUND, "nodes: the federation %s has no node %s%s%s%s", r->name, s->node[i], near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
        }
    return SUND_OK;
}

/** The study's variables against a node's dictionary. vars: their declarations, appended. */
static sund_code check_variables(sund_people *people, const sund_study *s, sund_buf *vars, sund_err *err)
{
    sund_columns_plan *plan = calloc(1, sizeof *plan);
    sund_cohort       *cohort = NULL;
    sund_person_set    set = { 0 };
    sund_code          rc = plan ? sund_columns_make(plan, people, s, vars, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    free(plan);
    if (rc == SUND_OK)
        rc = sund_cohort_parse(&cohort, s->cohort, err);
    if (rc == SUND_OK)
        rc = sund_people_select(people, cohort, s->purpose, &set, err);
    sund_cohort_free(cohort);
    sund_person_set_free(&set);
    return rc;
}

/** What only a home knows: the nodes, by any member's roster; the variables, by a node's dictionary. */
static sund_code check_at(const char *home, const char *path, const sund_study *s, bool *variables, sund_err *err)
{
    sund_home h;
    sund_buf  vars = { 0 };
    sund_code rc;

    SUND_TRY(sund_home_open(&h, home, SUND_HOME_ROSTER, err));
    rc = sund_study_nodes_check(s, &h.roster, err);
    *variables = h.role == SUND_ROLE_NODE;
    sund_home_close(&h);
    if (rc == SUND_OK && *variables) {
        SUND_TRY(sund_home_open(&h, home, SUND_HOME_PEOPLE, err));
        rc = check_variables(h.people, s, &vars, err);
        sund_buf_free(&vars);
        sund_home_close(&h);
    }
    return rc == SUND_OK ? rc : sund_fail_in(err, rc, "%s", path);
}

sund_code sund_cmd_study_check(int argc, char **argv, sund_err *err)
{
    const char     *home = NULL;
    bool            as_json = false, helped = false, variables = false;
    const sund_opt  opt[] = {
        { "home", 's', &home, "FOLDER", "a member's home: checks the nodes against its roster; a node's also the variables against its dictionary" },
        { "json", 'b', &as_json, NULL, "for programs" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "study check", "[OPTIONS] STUDY.ini", "Reads a study file as a node would, and says what it asks. Variables and nodes are known to homes only: --home checks them too.",
                          "sund study check height.ini\nsund study check --home node-fi height.ini\nsund study check --json height.ini", opt, 1, 1 };
    sund_study     *s = calloc(1, sizeof *s);
    sund_buf        text = { 0 };
    size_t          n;
    sund_code       rc;

    if (!s)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped) {
        print_analyses();
        goto out;
    }
    SUND_GO(sund_read_study(argv[1], s, &text, err));
    if (home)
        SUND_GO(check_at(home, argv[1], s, &variables, err));
    if (as_json) {
        check_json(s);
        goto out;
    }
    check_text(argv[1], s);
    if (!home)
        printf("  not checked: whether the nodes exist and have these variables (--home)\n");
    else if (!variables)
        printf("  not checked: whether the nodes have these variables (the home of a node knows its own)\n");
out:
    sund_buf_free(&text);
    free(s);
    return rc;
}

/** What a study means at a node: all of it for its operator, who is to decide. */
typedef struct shown {
    sund_study          *study;
    const sund_analysis *analysis;
    sund_envelope        e;
    sund_buf             text, vars, visas;
    bool                 has_login; /* that held when it came, and these were its facts */
    char                 issuer[256], subject[256], until[32], verified[32], no_login[401];
    char                 received[40], state[64], detail[500], key[65], deadline[11];
    int64_t              people, genotyped;
    sund_err             why; /* why it cannot be computed here; SUND_OK when it can */
} shown;

static void shown_free(shown *x)
{
    sund_buf_free(&x->text);
    sund_buf_free(&x->vars);
    sund_buf_free(&x->visas);
    free(x->study);
}

/** What this node found as the study came; nothing where no login came with it. */
static sund_code read_login(const sund_home *h, const sund_digest *d, shown *x, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(h->db, &rows, err, "SELECT issuer, subject, until, verified, visas, refusal FROM login WHERE study=?", "b", d->b, sizeof d->b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more) {
        x->has_login = sund_rows_text(rows, 0)[0] != 0;
        (void) snprintf(x->issuer, sizeof x->issuer, "%s", sund_rows_text(rows, 0));
        (void) snprintf(x->subject, sizeof x->subject, "%s", sund_rows_text(rows, 1));
        sund_login_time(sund_rows_i64(rows, 2), x->until);
        sund_login_time(sund_rows_i64(rows, 3), x->verified);
        sund_buf_text(&x->visas, sund_rows_text(rows, 4));
        (void) snprintf(x->no_login, sizeof x->no_login, "%s", sund_rows_text(rows, 5));
    }
    sund_rows_close(rows);
    return rc == SUND_OK ? sund_buf_ok(&x->visas, err) : rc;
}

static sund_code read_shown(const sund_home *h, const sund_digest *d, shown *x, sund_err *err)
{
    sund_rows *rows = NULL;
    sund_pub   key;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_party_submitted(h->db, &h->roster, d, &x->e, &x->text, &key, err));
    SUND_TRY(sund_study_parse(x->study, "study", x->text.p, x->text.n, err));
    SUND_TRY(sund_analysis_find(x->study->analysis, &x->analysis, err));
    sund_hex(key.b, sizeof key.b, x->key);
    SUND_TRY(read_login(h, d, x, err));
    SUND_TRY(sund_db_query(h->db, &rows, err, "SELECT state, detail, received FROM study WHERE digest=?", "b", d->b, sizeof d->b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more) {
        (void) snprintf(x->state, sizeof x->state, "%s", sund_party_state_name((sund_party_state) (sund_rows_i64(rows, 0) % 7)));
        (void) snprintf(x->detail, sizeof x->detail, "%s", sund_rows_text(rows, 1));
        (void) snprintf(x->received, sizeof x->received, "%s", sund_rows_text(rows, 2));
        sund_text_clean(x->detail);
        sund_deadline(x->received, h->dac.deadline_days, x->deadline);
    }
    sund_rows_close(rows);
    return rc;
}

/** Sums of fewer nodes than rule parties wants, which an agreement of exactly these alone allows. */
static sund_code check_nodes(const sund_home *h, const shown *x, sund_err *err)
{
    sund_agreement_eye eye = { h->db, &h->roster, &h->dac, h->data };
    sund_agreement    *a;
    char               why[200] = "";
    bool               found = false;
    sund_code          rc;

    if (h->thresholds.open || x->study->n_node >= h->thresholds.parties)
        return SUND_OK;
    a = calloc(1, sizeof *a);
    rc = a ? sund_agreement_find(&eye, x->study, a, &found, why, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");
    if (rc == SUND_OK && !(found && a->two_party))
        rc = sund_fail(err, SUND_E_DENIED, "rule parties: sums of %zu nodes are made only under an agreement of exactly these (sund agreement)%s%s", x->study->n_node, why[0] ? ": " : "", why);
    free(a);
    return rc;
}

/** Whom it selects here: the people whom a run would take, by the same way. */
static void count_people(const sund_home *h, shown *x)
{
    sund_view *v = NULL;

    x->genotyped = (int64_t) sund_store_describe(h->store)->n_person;
    if (x->analysis->check(x->study, &x->why) != SUND_OK || check_variables(h->people, x->study, &x->vars, &x->why) != SUND_OK ||
        sund_view_open(&v, h->store, h->people, x->study, NULL, &h->thresholds, &x->why) != SUND_OK)
        return;
    x->people = (int64_t) v->n_member;
    if (x->people >= (int64_t) h->thresholds.cell_min && sund_view_weights(v, x->study, &h->thresholds, NULL, &x->why) == SUND_OK)
        (void) !sund_party_would_ask(&(sund_party_node){ .me = &h->identity, .roster = &h->roster, .gate = h->gate, .db = h->db, .store = h->store, .people = h->people }, x->study, v, &x->why);
    sund_view_close(v);
}

/** Lines of text that somebody else wrote, indented. */
static void print_lines(const char *first, const char *indent, const sund_buf *text)
{
    for (size_t at = 0; at < text->n;) {
        const char *nl = memchr(text->p + at, '\n', text->n - at);
        size_t      len = nl ? (size_t) (nl - (const char *) text->p) - at : text->n - at;
        char       *line = calloc(len + 1, 1);

        if (!line)
            return;
        memcpy(line, text->p + at, len);
        sund_text_clean(line);
        printf("%s%s\n", at ? indent : first, line);
        free(line);
        at += len + 1;
    }
}

/** Variables as their declarations say them: "height  real, 40.0 to 250.0 cm", "sex  binary, M|F". text: lines of sund_var_print(), whose numbers are in steps of the last decimal. */
static void print_variables(const sund_buf *text)
{
    char *copy = strndup((const char *) text->p, text->n), *line, *save = copy;

    for (const char *first = "variables   "; copy && (line = strsep(&save, "\n")) && *line; first = "            ") {
        char   empty[] = "", *cell[7];
        double step = 1.0;
        int    decimals;

        for (int k = 0; k < 7; k++) {
            cell[k] = line ? strsep(&line, "\t") : empty;
            sund_text_clean(cell[k]);
        }
        decimals = (int) strtol(cell[5], NULL, 10);
        for (int k = 0; k < decimals; k++)
            step *= 10.0;
        if (cell[6][0])
            printf("%s%s  %s, %s\n", first, cell[0], cell[1], cell[6]);
        else
            printf("%s%s  %s, %.*f to %.*f %s\n", first, cell[0], cell[1], decimals, strtod(cell[3], NULL) / step, decimals, strtod(cell[4], NULL) / step, cell[2]);
    }
    free(copy);
}

static void thresholds_text(const sund_thresholds *t, char *out, size_t cap)
{
    if (t->open)
        (void) snprintf(out, cap, "none as long as all nodes of the study hold open data, as this one does; else those of the strictest");
    else
        (void) snprintf(out, cap, "cell-min %u, mac %u, eligible %u, parties %u, residual degrees of freedom %u, %u digits; the strictest of all its nodes hold", t->cell_min, t->mac, t->mac_association, t->parties,
                        t->df_min, t->digits);
}

static sund_code print_decision(void *ctx, const sund_decision *d, sund_err *err)
{
    size_t *n = ctx;

    (void) err;
    printf("%s%s by %s, %s%s%s%s%s%s\n", (*n)++ ? "            " : "decisions   ", sund_verdict_name(d->verdict), d->by, d->at, d->reason[0] ? ": " : "", d->reason,
           d->exception[0] ? "; exception " : "", d->exception, d->counts ? "" : " (no member here: it does not count)");
    return SUND_OK;
}

static void show_decisions(const sund_home *h, const sund_digest *study)
{
    size_t   n = 0;
    sund_err why = { SUND_OK, "" };

    if (sund_dac_each(h->db, &h->dac, study, print_decision, &n, &why) != SUND_OK)
        printf("decisions   %s\n", why.msg);
}

static void show_agreement(const sund_home *h, const sund_study *s)
{
    sund_agreement_eye eye = { h->db, &h->roster, &h->dac, h->data };
    sund_agreement    *a = calloc(1, sizeof *a);
    char               why[200] = "";
    bool               found = false;
    sund_err           err = { SUND_OK, "" };

    if (a && sund_agreement_find(&eye, s, a, &found, why, &err) == SUND_OK && found)
        printf("agreement   inside %s (%.16s)\n", a->name, sund_digest_hex(&a->digest).s);
    else
        printf("agreement   none that it is inside%s%s\n", why[0] || err.code != SUND_OK ? ": " : "", err.code != SUND_OK ? err.msg : why);
    free(a);
}

/** What it goes on from, and what the nodes that are left then can compute. */
static void show_after(const sund_home *h, const sund_study *s)
{
    sund_digest before[SUND_NODE_MAX];
    size_t      n = 0;
    bool        opened = false;
    sund_rows  *rows = NULL;
    bool        more = false;

    if (!s->has_after)
        return;
    if (sund_study_afters(h->db, &h->roster, s, before, &n, NULL) == SUND_OK && sund_leaving_opened(h->db, &s->after, &opened, NULL) == SUND_OK &&
        sund_db_query(h->db, &rows, NULL, "SELECT detail FROM study WHERE digest=?", "b", s->after.b, sizeof s->after.b) == SUND_OK && sund_rows_next(rows, &more, NULL) == SUND_OK && more) {
        char detail[500];

        (void) snprintf(detail, sizeof detail, "%s", sund_rows_text(rows, 0));
        sund_text_clean(detail);
        printf("after       %.12s: %s\n            %s\n", sund_digest_hex(&s->after).s, detail,
               h->thresholds.open ? "data here are open: what can be computed of them may be known"
               : !opened            ? "no total of it was opened by this node: nothing of who left can be computed"
               : n                  ? "totals of it were opened: less the ones of this study they are the own sums of who left, who has agreed to it"
                                    : "totals of it were opened: less the ones of this study they would be the own sums of who left, who has not agreed to it");
    }
    sund_rows_close(rows);
}

static void show_text(const sund_home *h, shown *x)
{
    const sund_study *s = x->study;
    char              limits[300], people[64];

    (void) snprintf(people, sizeof people, "%lld", (long long) x->people);
    if (x->people < 10)
        (void) snprintf(people, sizeof people, "fewer than 10");
    thresholds_text(&h->thresholds, limits, sizeof limits);
    sund_text_clean(x->study->title);
    printf("study       %s\ntitle       %s\nresearcher  %s, signed with the %s key %.16s...\n", sund_digest_hex(&s->digest).s, s->title, x->e.from,
           sund_roster_find(&h->roster, x->e.from, SUND_ROLE_RESEARCHER) ? "roster's" : "login's", x->key);
    if (x->has_login)
        printf("login       %s of %s, verified here at %s; the token holds until %s\n", x->subject, x->issuer, x->verified, x->until);
    if (x->no_login[0])
        printf("login       %s\n", x->no_login);
    print_lines("visas       ", "            ", &x->visas);
    printf("received    %s\nstate       %s%s%s\n", x->received, x->state, x->detail[0] ? ": " : "", x->detail);
    show_decisions(h, &s->digest);
    show_agreement(h, s);
    show_after(h, s);
    printf("analysis    %s\npurpose     %s\ncohort      %s\n", x->analysis->title, s->purpose, s->cohort);
    if (x->why.code == SUND_OK)
        printf("people      %s here of %lld with genotypes: in the cohort, consent allows the purpose, every value is there\n", people, (long long) x->genotyped);
    else
        printf("people      this node would refuse: %s\n", x->why.msg);
    print_variables(&x->vars);
    printf("nodes      ");
    for (size_t i = 0; i < s->n_node; i++)
        printf(" %s%s", s->node[i], sund_roster_find(&h->roster, s->node[i], SUND_ROLE_NODE) ? "" : " (not in the federation)");
    printf("\ngate rules  %s\nthresholds  %s\n\nThe text, as signed:\n\n", x->analysis->rules, limits);
    print_lines("    ", "    ", &x->text);
    if (strcmp(x->state, sund_party_state_name(SUND_PARTY_APPROVAL)) == 0)
        printf("\nDecide until %s: 'sund study approve --home %s %.12s', or 'refuse' with --reason TEXT%s; no decision means: %s\n", x->deadline, h->dir, sund_digest_hex(&s->digest).s,
               h->dac.committee ? ", and --by KEYFILE of a member" : "", h->dac.silence_approves ? "approved" : "refused");
}

static sund_code add_decision(void *ctx, const sund_decision *d, sund_err *err)
{
    sund_json *j = ctx;

    (void) err;
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "verdict", sund_verdict_name(d->verdict));
    sund_json_str(j, "by", d->by);
    sund_json_str(j, "at", d->at);
    sund_json_str(j, "reason", d->reason);
    sund_json_str(j, "exception", d->exception);
    sund_json_bool(j, "counts", d->counts);
    sund_json_close(j, '}');
    return SUND_OK;
}

static void json_decisions(const sund_home *h, sund_json *j, const sund_digest *study)
{
    sund_err why = { SUND_OK, "" };

    sund_json_open(j, "decisions", '[');
    if (sund_dac_each(h->db, &h->dac, study, add_decision, j, &why) != SUND_OK)
        sund_json_str(j, NULL, why.msg);
    sund_json_close(j, ']');
}

static void show_json(const sund_home *h, shown *x)
{
    sund_buf  out = { 0 };
    sund_json j;

    sund_json_init(&j, &out, true);
    sund_json_open(&j, NULL, '{');
    study_json(&j, x->study);
    sund_json_str(&j, "researcher", x->e.from);
    sund_json_str(&j, "researcher_key", x->key);
    if (x->has_login) {
        sund_json_open(&j, "login", '{');
        sund_json_str(&j, "subject", x->subject);
        sund_json_str(&j, "issuer", x->issuer);
        sund_json_str(&j, "verified", x->verified);
        sund_json_str(&j, "until", x->until);
        sund_buf_nul(&x->visas);
        sund_json_str(&j, "visas", x->visas.n ? (const char *) x->visas.p : "");
        sund_json_close(&j, '}');
    }
    sund_json_str(&j, "refusal", x->no_login);
    sund_json_str(&j, "received", x->received);
    sund_json_str(&j, "state", x->state);
    sund_json_str(&j, "detail", x->detail);
    sund_json_str(&j, "deadline", x->deadline);
    json_decisions(h, &j, &x->study->digest);
    if (x->why.code != SUND_OK || x->people < 10)
        sund_json_null(&j, "people");
    else
        sund_json_i64(&j, "people", x->people);
    sund_json_str(&j, "people_note", x->why.code != SUND_OK ? x->why.msg : x->people < 10 ? "fewer than 10" : "");
    sund_json_i64(&j, "genotyped", x->genotyped);
    sund_json_str(&j, "rules", x->analysis->rules);
    sund_json_open(&j, "thresholds", '{');
    sund_json_bool(&j, "open", h->thresholds.open);
    sund_json_i64(&j, "cell_min", h->thresholds.cell_min);
    sund_json_i64(&j, "mac", h->thresholds.mac);
    sund_json_i64(&j, "mac_association", h->thresholds.mac_association);
    sund_json_i64(&j, "parties", h->thresholds.parties);
    sund_json_close(&j, '}');
    sund_buf_nul(&x->text);
    sund_json_str(&j, "text", (const char *) x->text.p);
    sund_json_close(&j, '}');
    print_json(&out);
}

sund_code sund_study_foresee(const char *home, const sund_digest *d, const char *exception, sund_err *why, sund_err *err)
{
    shown     x = { .study = calloc(1, sizeof *x.study) };
    sund_home h = { .id = "" };
    sund_code rc;

    if (!x.study)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_home_open(&h, home, SUND_HOME_ROSTER | SUND_HOME_STATE | SUND_HOME_DATA, err));
    SUND_GO(read_shown(&h, d, &x, err));
    SUND_GO(sund_exception_read(exception, &h.thresholds, NULL, err));
    if (x.no_login[0])
        (void) sund_fail(&x.why, SUND_E_DENIED, "%s", x.no_login);
    else if (check_nodes(&h, &x, &x.why) == SUND_OK)
        count_people(&h, &x);
    *why = x.why;
out:
    shown_free(&x);
    sund_home_close(&h);
    return rc;
}

sund_code sund_cmd_study_show(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home();
    bool            as_json = false, helped = false;
    const sund_opt  opt[] = { { "home", 's', &home, "FOLDER", "the node's home" }, { "json", 'b', &as_json, NULL, "for programs" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "study show", "[OPTIONS] STUDY", "All that a node's operator needs to decide on a study: its text as the researcher signed it, what it asks, how many people here it selects, and the rules that its result passes. STUDY: its name, or its first 8 or more digits.",
                          "sund study show --home fi 3f2a91c0", opt, 1, 1 };
    shown           x = { .study = calloc(1, sizeof *x.study) };
    sund_home       h = { .id = "" };
    sund_digest     d;
    size_t          n;
    sund_code       rc;

    if (!x.study)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        goto out;
    SUND_GO(sund_home_open(&h, home, 0, err));
    if (h.role != SUND_ROLE_NODE) {
        rc = sund_fail(err, SUND_E_ARG, "%s is not the home of a node; 'sund study check' reads a study file", home);
        goto out;
    }
    sund_home_close(&h);
    SUND_GO(sund_home_open(&h, home, SUND_HOME_ROSTER | SUND_HOME_STATE | SUND_HOME_DATA, err));
    SUND_GO(sund_study_complete(h.db, argv[1], &d, err));
    SUND_GO(read_shown(&h, &d, &x, err));
    count_people(&h, &x);
    if (as_json)
        show_json(&h, &x);
    else
        show_text(&h, &x);
out:
    shown_free(&x);
    sund_home_close(&h);
    return rc;
}
