#include "base/gz.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "gate/ledger.h"
#include "exchange/mme_found.h"
#include "home/home.h"
#include "home/link.h"
#include "onto/onto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* case, match: cases of rare disease in the home's cases.db, and who is like whom. */

typedef struct wish {
    const char   *home, *sex, *contact, *institution, *href;
    sund_opt_list feature, absent, gene, disorder;
    bool          consent, no_consent, beyond, variants, test, all;
} wish;

typedef struct work {
    sund_home   h;
    sund_cases *s;
    size_t      n, n_fresh;
    const wish *o;
    const char *file;
} work;

static sund_code begin(work *w, const wish *o, unsigned what, sund_err *err)
{
    char path[2048];

    memset(w, 0, sizeof *w);
    w->o = o;
    SUND_TRY(sund_home_open(&w->h, o->home, what, err));
    if (w->h.role != SUND_ROLE_NODE)
        return sund_fail(err, SUND_E_ARG, "%s is not the home of a node: only nodes keep cases", o->home);
    SUND_TRY(sund_home_path(&w->h, "cases.db", path, sizeof path, err));
    return sund_cases_open(&w->s, path, err);
}

static void end(work *w)
{
    sund_cases_close(w->s);
    sund_home_close(&w->h);
}

static bool fits(char *to, size_t cap, const char *from)
{
    if (!from)
        return true;
    (void) snprintf(to, cap, "%s", from);
    return strlen(from) < cap;
}

static const char *const reach_name[] = { "no consent", "consent", "consent, beyond", "consent, beyond with variants" };

/** It is said each time, once. */
static sund_code reach_of(const wish *o, sund_case_reach *out, sund_err *err)
{
    *out = o->variants ? SUND_CASE_SENT_VARIANTS : o->beyond ? SUND_CASE_SENT : o->consent ? SUND_CASE_SHOWN : SUND_CASE_CLOSED;
    if (o->consent + o->no_consent + o->beyond + o->variants == 1)
        return SUND_OK;
    return sund_fail(err, SUND_E_ARG, "--consent or --no-consent is needed, or --consent-beyond or --consent-variants: may the case be matched with others', and be sent beyond the federation?");
}

/** What options say beside or instead of a file. */
static sund_code complete(const wish *o, sund_case *c, sund_err *err)
{
    if (!fits(c->contact, sizeof c->contact, o->contact) || !fits(c->institution, sizeof c->institution, o->institution) || !fits(c->href, sizeof c->href, o->href))
        return sund_fail(err, SUND_E_ARG, "contact, institution and href have at most %d bytes each", SUND_CASE_TEXT - 1);
    SUND_TRY(reach_of(o, &c->consent, err));
    c->test |= o->test;
    if (!c->contact[0] || !c->href[0])
        return sund_fail(err, SUND_E_ARG, "--contact and --href are needed: the clinician, or the institution, that is written to about a match");
    return SUND_OK;
}

/** MME's patient or request, or a phenopacket. */
static sund_code read_one(const sund_jval *v, sund_case *c, sund_err *err)
{
    if (sund_j_kind(sund_j_get(v, "patient")) == SUND_J_OBJECT)
        v = sund_j_get(v, "patient");
    if (sund_j_get(v, "features") || sund_j_get(v, "genomicFeatures"))
        return sund_case_read_mme(c, v, err);
    return sund_case_read_phenopacket(c, v, err);
}

static sund_code import_one(work *w, const sund_jval *v, sund_err *err)
{
    sund_case *c = malloc(sizeof *c);
    bool       fresh = false;
    sund_code  rc = c ? read_one(v, c, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK)
        rc = complete(w->o, c, err);
    if (rc == SUND_OK)
        rc = sund_case_put(w->s, c, &fresh, err);
    free(c);
    w->n++;
    w->n_fresh += fresh;
    return rc == SUND_OK ? SUND_OK : sund_fail_in(err, rc, "%s: case %zu", w->file, w->n);
}

static sund_code import_file(work *w, const char *path, sund_err *err)
{
    sund_buf   text = { 0 };
    sund_jval *v = NULL;
    sund_code  rc;

    w->file = path;
    w->n = w->n_fresh = 0;
    SUND_TRY(sund_gz_read(path, (size_t) 1 << 28, &text, err));
    rc = sund_json_read(text.p, text.n, &v, err);
    if (rc != SUND_OK)
        (void) sund_fail_in(err, rc, "%s", path);
    else if (sund_j_kind(v) == SUND_J_ARRAY)
        for (size_t i = 0; rc == SUND_OK && i < sund_j_n(v); i++)
            rc = import_one(w, sund_j_at(v, i), err);
    else
        rc = import_one(w, v, err);
    sund_jval_free(v);
    sund_buf_free(&text);
    if (rc == SUND_OK)
        printf("%s: %zu cases, %zu of them new; %s\n", path, w->n, w->n_fresh, !w->o->no_consent ? "with consent to be matched" : "without consent: they are shown to nobody");
    return rc;
}

static sund_code import(work *w, char **file, size_t n, sund_err *err)
{
    sund_case_reach reach;
    sund_code       rc = reach_of(w->o, &reach, err);

    for (size_t i = 0; rc == SUND_OK && i < n; i++)
        rc = import_file(w, file[i], err);
    return rc == SUND_OK || n == 1 ? rc : sund_fail_in(err, rc, "none of the files is taken in");
}

static sund_code add_terms(sund_case *c, const sund_opt_list *l, bool absent, sund_err *err)
{
    for (size_t i = 0; i < l->n; i++)
        if (!sund_case_add_feature(c, l->at[i], absent))
            return sund_fail(err, SUND_E_ARG, "'%.40s' is no term of HPO: HP: and seven digits", l->at[i]);
    return SUND_OK;
}

/** Terms that the home's HPO does not have: they are kept, and no case is alike by them. */
static void tell_unknown(const work *w, const sund_case *c)
{
    const sund_onto *hp = NULL;

    if (sund_ontos_get(w->h.ontos, "HP", &hp, NULL) != SUND_OK || !hp)
        return;
    for (size_t i = 0; i < c->n_feature; i++)
        if (sund_onto_find(hp, c->feature[i].id) == SUND_ONTO_NONE)
            fprintf(stderr, "HPO %s, which is loaded here, has no term %s: it counts for nothing\n", sund_onto_about(hp)->version, c->feature[i].id);
    sund_onto_free(hp);
}

static sund_code add(work *w, const char *name, sund_err *err)
{
    const wish *o = w->o;
    sund_case  *c = calloc(1, sizeof *c);
    bool        fresh = false;
    sund_code   rc = SUND_OK;

    if (!c)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(reach_of(o, &c->consent, err));
    if (!fits(c->own, sizeof c->own, name) || o->feature.n + o->absent.n > SUND_CASE_FEATURES || o->disorder.n > SUND_CASE_DISORDERS)
        SUND_GO(sund_fail(err, SUND_E_ARG, "a case's name has at most %d bytes; it has at most %d features and %d disorders", SUND_CASE_TEXT - 1, SUND_CASE_FEATURES, SUND_CASE_DISORDERS));
    SUND_GO(add_terms(c, &o->feature, false, err));
    SUND_GO(add_terms(c, &o->absent, true, err));
    for (size_t i = 0; i < o->gene.n; i++)
        if (!sund_case_add_gene(c, o->gene.at[i], ""))
            SUND_GO(sund_fail(err, SUND_E_ARG, "'%.60s' is no gene's symbol", o->gene.at[i]));
    for (size_t i = 0; i < o->disorder.n; i++)
        if (!fits(c->disorder[c->n_disorder++], sizeof c->disorder[0], o->disorder.at[i]))
            SUND_GO(sund_fail(err, SUND_E_ARG, "'%.60s' is no disorder's code", o->disorder.at[i]));
    if (!c->n_feature && !c->n_gene)
        SUND_GO(sund_fail(err, SUND_E_ARG, "a case has a --feature or a --gene"));
    c->sex = o->sex ? o->sex[0] : 0;
    if (o->sex && (strlen(o->sex) != 1 || !strchr("FMO", o->sex[0])))
        SUND_GO(sund_fail(err, SUND_E_ARG, "--sex is F, M or O"));
    SUND_GO(complete(o, c, err));
    rc = sund_case_put(w->s, c, &fresh, err);
    if (rc == SUND_OK)
        tell_unknown(w, c);
    if (rc == SUND_OK)
        printf("%s\n", fresh ? "a new case" : "replaced");
out:
    free(c);
    return rc;
}

static sund_code tell(void *ctx, const sund_case *c, sund_err *err)
{
    (void) ctx, (void) err;
    printf("%s\t%s\t%s%s\t%zu\t", c->own, c->pseudonym, c->withdrawn ? "withdrawn" : reach_name[c->consent], c->test ? ", test" : "", c->n_feature);
    for (size_t i = 0; i < c->n_gene; i++)
        printf("%s%s", i ? "," : "", c->gene[i].gene);
    printf("\t%s <%s>\n", c->contact, c->href);
    return SUND_OK;
}

static sund_code tell_notice(void *ctx, const sund_case_notice *n, sund_err *err)
{
    (void) err;
    ++*(size_t *) ctx;
    printf("%s\t%s\tscore %.2f, shown to %s for %s%s%s <%s>: %s\n", n->time, n->own, n->score, n->asker, n->contact, n->institution[0] ? ", " : "", n->institution, n->href, n->shared[0] ? n->shared : "(withdrawn since)");
    return SUND_OK;
}

/** What has left this node for good, a line each. */
static sund_code tell_sent(void *ctx, const sund_case_sent *x, sund_err *err)
{
    (void) err;
    ++*(size_t *) ctx;
    printf("%s\t%s\tsent to %s (%s) as %s, %s: %s\n", x->time, x->own, x->matchmaker, x->url, x->pseudonym, x->outcome[0] ? x->outcome : "nothing is known of an answer", x->what[0] ? x->what : "(withdrawn since)");
    return SUND_OK;
}

static void cannot_recall(void) { printf("This node cannot call it back. Who wants it deleted there asks each of these services for that, by the name that the case has there.\n"); }

static sund_code sent(work *w, const char *which, sund_err *err)
{
    size_t     n = 0;
    sund_case *c = NULL;
    sund_code  rc;

    SUND_TRY(sund_cases_sent(w->s, which, false, false, tell_sent, &n, err));
    if (!n && which) { /* a name that is written wrongly is no case that was never sent */
        c = malloc(sizeof *c);
        rc = c ? sund_case_get(w->s, which, c, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");
        free(c);
        if (rc == SUND_E_NOT_FOUND)
            return sund_fail(err, rc, "there is no case of that name here, and none was sent under it; 'sund case list' shows them");
        SUND_TRY(rc);
    }
    if (n)
        cannot_recall();
    else
        printf("nothing was sent beyond the federation\n");
    return SUND_OK;
}

/** What was sent is shown once more, for it is erased here too. */
static sund_code withdraw(work *w, const char *own, sund_err *err)
{
    size_t n = 0;

    SUND_TRY(sund_cases_sent(w->s, own, false, false, tell_sent, &n, err));
    SUND_TRY(sund_case_withdraw(w->s, own, err));
    if (n)
        cannot_recall();
    return SUND_OK;
}

static sund_code change(work *w, char **arg, size_t n, sund_err *err)
{
    sund_case_reach reach;

    if (strcmp(arg[0], "import") == 0)
        return import(w, arg + 1, n - 1, err);
    if (strcmp(arg[0], "add") == 0)
        return add(w, arg[1], err);
    if (strcmp(arg[0], "withdraw") == 0)
        return withdraw(w, arg[1], err);
    SUND_TRY(reach_of(w->o, &reach, err));
    return sund_case_consent(w->s, arg[1], reach, err);
}

/** In the log first: a process that is killed between leaves an entry too many, never one too few. Which case, is not said: it is a family. */
static sund_code logged(work *w, char **arg, size_t n, sund_err *err)
{
    sund_code rc;

    SUND_TRY(sund_cases_part(w->s, err));
    rc = change(w, arg, n, err);
    if (rc == SUND_OK)
        rc = sund_ledger_add(w->h.db, "cases", "", err, "cases were taken in or withdrawn, or their consent was changed");
    return sund_cases_part_end(w->s, rc, err);
}

static sund_code run(const wish *o, char **arg, size_t n, sund_err *err)
{
    static const char *const words[] = { "import", "add", "list", "withdraw", "consent", "notices", "sent", NULL };
    work      w;
    size_t    n_notice = 0;
    sund_code rc;

    SUND_TRY(sund_cmd_word("case", arg[0], words, err));
    rc = begin(&w, o, SUND_HOME_ONTOS | SUND_HOME_STATE, err);
    if (rc != SUND_OK)
        (void) rc;
    else if ((strcmp(arg[0], "import") == 0 && n > 1) || (n == 2 && (strcmp(arg[0], "add") == 0 || strcmp(arg[0], "withdraw") == 0 || strcmp(arg[0], "consent") == 0))) {
        rc = logged(&w, arg, n, err);
        if (rc == SUND_OK && strcmp(arg[0], "withdraw") == 0)
            printf("withdrawn: features, genes, disorders and sex are erased here; who was shown the case before ('sund case notices --all') keeps what they were shown, and so does a service that it was sent to\n");
    }
    else if (strcmp(arg[0], "list") == 0 && n == 1) {
        printf("case\tpseudonym\tstate\tfeatures\tgenes\tcontact\n");
        rc = sund_cases_each(w.s, false, false, tell, NULL, err);
    }
    else if (strcmp(arg[0], "notices") == 0 && n == 1) {
        rc = sund_case_notices(w.s, o->all, true, tell_notice, &n_notice, err);
        if (rc == SUND_OK)
            rc = sund_cases_sent(w.s, NULL, !o->all, true, tell_sent, &n_notice, err);
        if (rc == SUND_OK && !n_notice)
            printf("%s\n", o->all ? "none" : "none that is new");
    }
    else if (strcmp(arg[0], "sent") == 0 && n <= 2)
        rc = sent(&w, n == 2 ? arg[1] : NULL, err);
    else
        rc = sund_fail(err, SUND_E_ARG, "'add NAME', 'import FILE...', 'list', 'consent NAME', 'withdraw NAME', 'notices' or 'sent' is expected; see 'sund case --help'");
    end(&w);
    return rc;
}

sund_code sund_cmd_case(int argc, char **argv, sund_err *err)
{
    wish            o = { .home = sund_default_home() };
    const sund_opt  opt[] = {
        { "home", 's', &o.home, "FOLDER", "the node's home" },
        { "consent", 'b', &o.consent, NULL, "add, import, consent: it may be matched with others', and its phenotype and genes be shown where it is" },
        { "consent-beyond", 'b', &o.beyond, NULL, "add, import, consent: that, and it may be sent to matchmakers outside the federation, contact, terms and genes, from where nobody can call it back" },
        { "consent-variants", 'b', &o.variants, NULL, "add, import, consent: that, and its variants may be sent too" },
        { "no-consent", 'b', &o.no_consent, NULL, "it may not: it is compared for its owner only" },
        { "contact", 's', &o.contact, "TEXT", "add, import: the clinician or the team that is written to about a match" },
        { "institution", 's', &o.institution, "TEXT", "add, import: theirs" },
        { "href", 's', &o.href, "ADDRESS", "add, import: how they are reached: https://..., mailto:..." },
        { "feature", 'l', &o.feature, "HP", "add: a term of HPO that was observed" },
        { "absent", 'l', &o.absent, "HP", "add: one that was looked for and is not there" },
        { "gene", 'l', &o.gene, "SYMBOL", "add: a candidate gene" },
        { "disorder", 'l', &o.disorder, "CODE", "add: a disorder, e.g. OMIM:615273" },
        { "sex", 's', &o.sex, "F|M|O", "add: the sex; it never leaves" },
        { "test", 'b', &o.test, NULL, "add, import: a made-up case, which only test questions find" },
        { "all", 'b', &o.all, NULL, "notices: those that were seen too" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts s = { "case", "add [OPTIONS] NAME\n       sund case import --consent|--consent-beyond|--consent-variants|--no-consent [OPTIONS] FILE...\n       sund case list [--home FOLDER]\n       sund case consent --consent|--consent-beyond|--consent-variants|--no-consent [--home FOLDER] NAME\n"
                          "       sund case withdraw [--home FOLDER] NAME\n       sund case notices [--all] [--home FOLDER]\n       sund case sent [--home FOLDER] [NAME|PSEUDONYM]",
                          "Cases of rare disease, to be compared with others' by Matchmaker Exchange. NAME is yours and never leaves; outside a case has a random pseudonym. Files are Matchmaker Exchange patients (one, a request, or a "
                          "list) or GA4GH Phenopackets v2. Nobody is shown a case without consent. 'notices' tells to whom cases were shown or sent, with what was alike. 'sent' lists what left for matchmakers outside the federation ('sund match --at'), also by the name that a case has there. "
                          "'withdraw' takes a case out of all later answers and erases its features, genes, disorders and sex here, for good; who was shown it before, or was sent it, keeps that. See doc/matchmaker.md.",
                          "sund case import --home fi --consent --contact 'Clinical Genetics' --institution HUS --href mailto:genetics@example.org case-12.json\n"
                          "sund case add --home fi --consent --contact 'Clinical Genetics' --href mailto:genetics@example.org --feature HP:0001250 --feature HP:0001263 --feature HP:0000252 --gene NGLY1 case-13\n"
                          "sund case notices --home fi\nsund case consent --consent-beyond --home fi case-12\nsund case sent --home fi case-12\nsund case withdraw --home fi case-13",
                          opt, 1, 64 };
    bool            helped = false;
    size_t          n;

    SUND_TRY(sund_opts_parse(&s, argc, argv, &n, &helped, err));
    return helped ? SUND_OK : run(&o, argv + 1, n, err);
}

/* ---- match ---- */

static void print_json(sund_buf *b)
{
    (void) fwrite(b->p, 1, b->n, stdout);
    printf("\n");
}

/** Over the home's own cases, with or without consent: for the owner's own eyes, without limits or notices. */
static sund_code match_own(const wish *o, const sund_case *query, int64_t max, sund_err *err)
{
    work             w;
    sund_matcher    *m = NULL;
    const sund_onto *hp = NULL;
    sund_likeness      *found = calloc((size_t) max, sizeof *found);
    sund_buf         out = { 0 };
    sund_json        j;
    size_t           n = 0;
    sund_code        rc = begin(&w, o, SUND_HOME_ONTOS, err);

    if (rc == SUND_OK && !found)
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory");
    if (rc == SUND_OK)
        rc = sund_ontos_get(w.h.ontos, "HP", &hp, err);
    if (rc == SUND_OK && !hp)
        rc = sund_fail(err, SUND_E_NOT_FOUND, "no HPO is loaded: 'sund ontology load hp.obo'");
    if (rc == SUND_OK)
        rc = sund_matcher_make(&m, w.s, hp, true, false, err);
    if (rc == SUND_OK)
        rc = sund_match_find(m, query, 0, (size_t) max, false, query->own, found, &n, err);
    sund_json_init(&j, &out, true);
    sund_json_open(&j, NULL, '{');
    sund_json_open(&j, "results", '[');
    for (size_t i = 0; rc == SUND_OK && i < n; i++)
        sund_mme_result(&j, m, &found[i], true);
    sund_json_close(&j, ']');
    sund_json_close(&j, '}');
    if (rc == SUND_OK)
        rc = sund_buf_ok(&out, err);
    if (rc == SUND_OK)
        print_json(&out);
    sund_buf_free(&out);
    sund_matcher_free(m);
    sund_onto_free(hp);
    free(found);
    end(&w);
    return rc;
}

static sund_code match_all(const wish *o, const sund_case *query, int64_t max, sund_err *err)
{
    sund_home     h = { .id = "" };
    sund_link     l = { 0 };
    sund_answers *a = calloc(1, sizeof *a);
    sund_buf      text = { 0 }, out = { 0 };
    sund_mme_answer answer[SUND_NODE_MAX];
    size_t        n = 0;
    sund_code     rc = a ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK)
        rc = sund_home_open(&h, o->home, SUND_HOME_ROSTER | SUND_HOME_STATE, err);
    if (rc == SUND_OK)
        rc = sund_link_open(&l, &h, SUND_CHANNEL_COMMANDS, err);
    if (rc == SUND_OK)
        rc = sund_mme_question(query, &text, err);
    if (rc == SUND_OK)
        rc = sund_ask_question(&l, (const char *) text.p, a, err);
    for (size_t i = 0; rc == SUND_OK && i < a->n; i++) {
        const sund_shown *s = a->row[i].shown;

        answer[n] = (sund_mme_answer){ a->row[i].node, s ? sund_shown_why(s) : "no answer in time", s && sund_shown_answered(s), s ? sund_shown_bytes(s) : sund_cur_of("", 0) };
        if (!answer[n].answered)
            fprintf(stderr, "%s: %s\n", answer[n].node, answer[n].why);
        n++;
    }
    if (rc == SUND_OK)
        rc = sund_mme_merge(answer, n, (size_t) max, &out, err);
    if (rc == SUND_OK)
        print_json(&out);
    if (a)
        sund_answers_free(a);
    free(a);
    sund_buf_free(&text);
    sund_buf_free(&out);
    sund_link_close(&l);
    sund_home_close(&h);
    return rc;
}

sund_code sund_cmd_match(int argc, char **argv, sund_err *err)
{
    wish            o = { .home = sund_default_home() };
    bool            federation = false, helped = false;
    const char     *at = NULL;
    int64_t         max = INT64_MIN; /* not said */
    const sund_opt  opt[] = {
        { "home", 's', &o.home, "FOLDER", "the node's home; with --federation any member's" },
        { "federation", 'b', &federation, NULL, "ask all nodes: phenotype, genes and contact of the file leave, its id does not" },
        { "at", 's', &at, "NAME", "ask a matchmaker outside the federation, [matchmaker NAME] of sund.ini, about CASE of this node, which leaves for good" },
        { "max", 'i', &max, "N", "so many results at most (10; with --at all, for they are not kept)" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts s = { "match", "[OPTIONS] FILE\n       sund match --at NAME [OPTIONS] CASE", "Cases that are like one: by its phenotype (simGIC over the HPO that is loaded) and genes, each with the terms and genes that make the score. FILE is a Matchmaker Exchange patient or request, or a Phenopacket. "
                          "Without --federation it is compared with all the home's own cases, for its owner's eyes, and nothing leaves. With it, every node answers from the cases that have consent, and tells their owners; FILE then has a contact, so it is no Phenopacket. "
                          "With --at, a case that the node keeps, by its name here ('sund case list'), is asked about by Matchmaker Exchange v1.1: only with consent to that (--consent-beyond), under a random name of its own there, and its owner is told. See doc/matchmaker.md.",
                          "sund match --home fi case-12.json\nsund match --home anna --federation case-12.json\nsund match --home fi --at genematcher case-12", opt, 1, 1 };
    sund_buf        text = { 0 };
    sund_jval      *v = NULL;
    sund_case      *c = calloc(1, sizeof *c);
    size_t          n;
    sund_code       rc;

    if (!c)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_opts_parse(&s, argc, argv, &n, &helped, err));
    if (helped)
        goto out;
    if (max == INT64_MIN)
        max = at ? SUND_MME_FOUND_MAX : 10;
    if (max < 1 || max > 1000)
        SUND_GO(sund_fail(err, SUND_E_ARG, "--max is 1 to 1000"));
    if (at && federation)
        SUND_GO(sund_fail(err, SUND_E_ARG, "--at asks outside the federation, --federation in it: one at a time"));
    if (at) {
        rc = sund_match_beyond(o.home, at, argv[1], (size_t) max, err);
        goto out;
    }
    SUND_GO(sund_gz_read(argv[1], (size_t) 1 << 24, &text, err));
    rc = sund_json_read(text.p, text.n, &v, err);
    if (rc == SUND_OK)
        rc = read_one(v, c, err);
    if (rc != SUND_OK)
        SUND_GO(sund_fail_in(err, rc, "%s", argv[1]));
    if (federation && !c->contact[0])
        SUND_GO(sund_fail(err, SUND_E_ARG, "%s has no contact: others could not write to its owner; use Matchmaker Exchange's form", argv[1]));
    rc = federation ? match_all(&o, c, max, err) : match_own(&o, c, max, err);
out:
    sund_jval_free(v);
    sund_buf_free(&text);
    free(c);
    return rc;
}
