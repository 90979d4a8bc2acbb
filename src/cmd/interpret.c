#include "base/file.h"
#include "base/gz.h"
#include "base/ini.h"
#include "base/json.h"
#include "base/jsonread.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "gate/ledger.h"
#include "exchange/clinvar_record.h"
#include "exchange/forms.h"
#include "exchange/vkgl.h"
#include "home/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* interpret: what laboratories say of variants, kept in the home's interpretations.db. */

typedef struct wish {
    const char   *home, *form, *assembly, *reference, *laboratory, *share, *date, *method, *as, *out, *reason, *criteria, *class, *gene, *release, *deletes, *pseudogenes;
    sund_opt_list mapping, report;
    bool          check, history, withdrawn, json, single, federation;
} wish;

enum { REASONS = 24 };

typedef struct work {
    sund_home             h;
    sund_interpretations *s;
    size_t                n[SUND_PUT_KEPT + 1], n_told, n_why;
    struct { char text[200]; size_t n; } why[REASONS]; /* of a file, what was left out, by reason */
    const char           *file;
    sund_json            *j;
} work;

static sund_code begin(work *w, const wish *o, sund_err *err)
{
    char path[2048];

    memset(w, 0, sizeof *w);
    SUND_TRY(sund_home_open(&w->h, o->home, SUND_HOME_STATE, err));
    if (w->h.role != SUND_ROLE_NODE)
        return sund_fail(err, SUND_E_ARG, "%s is not the home of a node: only nodes keep interpretations", o->home);
    SUND_TRY(sund_home_path(&w->h, "interpretations.db", path, sizeof path, err));
    return sund_interpretations_open(&w->s, path, err);
}

static void end(work *w)
{
    sund_interpretations_close(w->s);
    sund_home_close(&w->h);
}

/** In the log before it is kept: a process that is killed between leaves an entry too many, never one too few. */
static sund_code log_change(work *w, sund_code rc, sund_err *err)
{
    return rc == SUND_OK ? sund_ledger_add(w->h.db, "interpretations", "", err, "interpretations were taken in, reviewed or withdrawn") : rc;
}

static sund_code take(void *ctx, size_t line, const sund_interpretation *e, sund_err *err)
{
    work    *w = ctx;
    sund_put what = SUND_PUT_SAME;

    if (sund_interpretation_put(w->s, e, &what, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_FORMAT, "%s:%zu", w->file, line);
    w->n[what]++;
    if (what == SUND_PUT_KEPT)
        fprintf(stderr, "%s:%zu: the entry stays as it is here: withdrawn, evaluated later, or with criteria or a review of the same day\n", w->file, line);
    return SUND_OK;
}

static void left(void *ctx, size_t line, const char *why)
{
    work *w = ctx;

    size_t i = 0;

    fprintf(stderr, "%s:%zu: left out: %s\n", w->file, line, why);
    while (i < w->n_why && i < REASONS - 1 && strcmp(w->why[i].text, why) != 0)
        i++;
    if (i == w->n_why) { /* reasons that hold a value of the row are many: those behind the first are counted as one */
        (void) snprintf(w->why[i].text, sizeof w->why[i].text, "%s", i < REASONS - 1 ? why : "for other reasons, named above");
        w->why[i].n = 0;
        w->n_why++;
    }
    w->why[i].n++;
}

/** The assembly that was said, else that of the interpretations there are, else of the home's store. A store on another one is told: its frequencies would not be of these places. */
static sund_code choose_assembly(work *w, const wish *o, sund_assembly *a, sund_err *err)
{
    sund_store   *store = NULL;
    sund_assembly of_store = SUND_ASSEMBLY_NONE;

    if (w->h.store_path[0] && sund_file_exists(w->h.store_path) && sund_home_store(&w->h, &store, NULL) == SUND_OK)
        of_store = sund_store_describe(store)->assembly;
    sund_store_close(store);
    SUND_TRY(sund_interpretations_assembly(w->s, a, err));
    if (o->assembly)
        SUND_TRY(sund_assembly_parse(o->assembly, a, err));
    if (!*a)
        *a = of_store;
    if (*a && of_store && *a != of_store)
        return sund_fail(err, SUND_E_MISMATCH, "the home's genotypes are on %s, these interpretations on %s: they would never be shown beside a frequency", sund_assembly_name(of_store), sund_assembly_name(*a));
    return *a ? SUND_OK : sund_fail(err, SUND_E_ARG, "on which assembly are the places? --assembly GRCh37 or GRCh38");
}

static sund_code import_file(work *w, const char *path, const wish *o, const sund_form_ask *ask, sund_err *err)
{
    const sund_form_sink to = { w, take, left };
    sund_form_report     rep = { 0 };
    sund_form            f = o->form ? sund_form_parse(o->form) : SUND_FORM_NONE;

    w->file = path;
    memset(w->n, 0, sizeof w->n);
    w->n_why = 0;
    if (o->form && f == SUND_FORM_NONE)
        return sund_fail(err, SUND_E_ARG, "--form is sund, vkgl, vkgl-lab, clinvar-vcf, clinvar-sheet, clinvar-report or clinvar-xml");
    SUND_TRY(sund_form_read_file(&f, path, ask, &to, &rep, err));
    printf("%s (%s): %zu rows; %zu entries: %zu new, %zu changed, %zu as before; %zu left out\n", path, sund_form_name(f), rep.n_line, rep.n_entry, w->n[SUND_PUT_NEW], w->n[SUND_PUT_CHANGED],
           w->n[SUND_PUT_SAME] + w->n[SUND_PUT_KEPT], rep.n_left);
    if (w->n[SUND_PUT_KEPT])
        printf("  %zu as before, though the file has them otherwise: this home has withdrawn them, or has the later word\n", w->n[SUND_PUT_KEPT]);
    for (size_t i = 0; i < w->n_why; i++)
        printf("  %zu left out: %s\n", w->why[i].n, w->why[i].text);
    return SUND_OK;
}

static sund_code import(work *w, const wish *o, char **file, size_t n, sund_err *err)
{
    sund_reference *ref = NULL;
    sund_form_ask   ask = { .laboratory = o->laboratory, .method = o->method, .date = o->date, .share = sund_share_parse(o->share) };
    sund_code       rc;

    if (!ask.share)
        return sund_fail(err, SUND_E_ARG, "--share is local, agreement, federation or public, not '%.40s'", o->share);
    if (o->date && !sund_day_ok(o->date))
        return sund_fail(err, SUND_E_ARG, "--date is a day such as 2024-05-17");
    SUND_TRY(choose_assembly(w, o, &ask.assembly, err));
    if (o->reference)
        SUND_TRY(sund_reference_open(&ref, o->reference, err));
    ask.ref = ref;
    rc = sund_interpretations_begin(w->s, err);
    if (rc == SUND_OK) {
        rc = sund_interpretations_assembly_set(w->s, ask.assembly, err);
        for (size_t i = 0; rc == SUND_OK && i < n; i++)
            rc = import_file(w, file[i], o, &ask, err);
        if (!o->check)
            rc = log_change(w, rc, err);
        rc = sund_interpretations_end(w->s, !o->check, rc, err);
    }
    sund_reference_close(ref);
    if (rc == SUND_OK && !ref)
        printf("without --reference, insertions and deletions are not moved to their leftmost place: other files may have the same ones elsewhere\n");
    if (rc == SUND_OK && o->check)
        printf("nothing was kept (--check)\n");
    return rc;
}

static sund_code asker_of(const char *s, sund_asker *who, sund_err *err)
{
    const struct { const char *name; sund_asker who; } row[] = { { "own", SUND_ASKER_OWN }, { "agreement", SUND_ASKER_AGREEMENT }, { "federation", SUND_ASKER_FEDERATION }, { "public", SUND_ASKER_PUBLIC } };

    for (size_t i = 0; i < 4; i++)
        if (strcmp(s, row[i].name) == 0) {
            *who = row[i].who;
            return SUND_OK;
        }
    return sund_fail(err, SUND_E_ARG, "--as is own, agreement, federation or public, not '%.40s'", s);
}

static void not_in_form(void *ctx, int64_t entry, const char *why)
{
    (void) ctx;
    fprintf(stderr, "entry %lld is left out: %s\n", (long long) entry, why);
}

static void to_delete(void *ctx, const char *accession)
{
    (void) ctx;
    fprintf(stderr, "%s was withdrawn here: ClinVar is asked to delete it\n", accession);
}

static sund_code export(work *w, const wish *o, sund_err *err)
{
    sund_form_put how = { SUND_ASKER_PUBLIC, o->laboratory, o->method, o->criteria, o->reason, not_in_form, to_delete, NULL };
    sund_buf      text = { 0 };
    size_t        n = 0;
    sund_asker    who;
    sund_code     rc;

    SUND_TRY(asker_of(o->as, &how.who, err));
    if (o->out)
        SUND_TRY(sund_not_over(NULL, o->out, err));
    who = how.who;
    SUND_GO(sund_form_write(sund_form_parse(o->form ? o->form : "sund"), w->s, &how, &text, &n, err));
    if (!o->out)
        rc = fwrite(text.p, 1, text.n, stdout) == text.n ? SUND_OK : sund_fail(err, SUND_E_IO, "cannot write the output");
    else if ((rc = sund_file_write(o->out, text.p, text.n, 0600, err)) == SUND_OK)
        printf("%s: %zu entries that may be shown %s\n", o->out, n, who == SUND_ASKER_OWN ? "to this node's own people" : who == SUND_ASKER_PUBLIC ? "to anybody" : who == SUND_ASKER_AGREEMENT ? "to parties of its agreements" : "in the federation");
out:
    sund_buf_free(&text);
    return rc;
}

static sund_code tell(void *ctx, const sund_interpretation *e, sund_err *err)
{
    work *w = ctx;

    (void) err;
    w->n_told++;
    if (w->j) {
        sund_json_open(w->j, NULL, '{');
        sund_json_i64(w->j, "entry", e->id);
        sund_json_i64(w->j, "version", e->number);
        sund_json_str(w->j, "variant", e->variant);
        sund_json_str(w->j, "gene", e->gene);
        sund_json_str(w->j, "condition", e->condition);
        sund_json_str(w->j, "class", sund_acmg_code(e->acmg));
        sund_interpretation_said(e, w->j);
        sund_json_str(w->j, "share", sund_share_name(e->share));
        sund_json_str(w->j, "standing", sund_entry_state_name(e->standing));
        sund_json_str(w->j, "entered", e->time);
        sund_json_str(w->j, "why", e->why);
        sund_json_close(w->j, '}');
        return SUND_OK;
    }
    printf("%lld.%lld\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s%s%s\n", (long long) e->id, (long long) e->number, e->variant, e->gene, e->condition, sund_acmg_code(e->acmg), e->date, e->laboratory,
           sund_share_name(e->share), sund_entry_state_name(e->standing), e->why[0] ? ": " : "", e->why);
    return SUND_OK;
}

static sund_code list(work *w, const wish *o, const char *of, sund_err *err)
{
    sund_interpretation_query q = { .gene = o->gene, .laboratory = o->laboratory, .withdrawn = o->withdrawn || o->history, .history = o->history };
    sund_buf                  text = { 0 }, out = { 0 };
    sund_json                 j;
    sund_code                 rc = SUND_OK;

    if (of && !sund_parse_i64(of, 1, INT64_MAX, &q.id)) {
        SUND_GO(sund_variant_name(of, &text, err));
        q.variant = (char *) text.p;
    }
    if (o->json) {
        sund_json_init(&j, &out, true);
        w->j = &j;
        sund_json_open(&j, NULL, '[');
    }
    else {
        printf("entry\tvariant\tgene\tcondition\tclass\tdate\tlaboratory\tshare\tstanding\n");
    }
    SUND_GO(sund_interpretations_each(w->s, &q, tell, w, err));
    if (o->json) {
        sund_json_close(&j, ']');
        SUND_GO(sund_buf_ok(&out, err));
        printf("%.*s\n", (int) out.n, (char *) out.p);
    }
out:
    sund_buf_free(&text);
    sund_buf_free(&out);
    return rc;
}

static sund_code tell_discord(void *ctx, const sund_discord *d, sund_err *err)
{
    work *w = ctx;

    (void) err;
    w->n_told++;
    printf("%s\t%lld\t", d->variant, (long long) d->n);
    for (int c = SUND_ACMG_B, first = 1; c <= SUND_ACMG_P; c++)
        if (d->set & sund_acmg_bit((sund_acmg) c)) {
            printf("%s%s", first ? "" : ",", sund_acmg_code((sund_acmg) c));
            first = 0;
        }
    printf("\t%s\n", sund_vkgl_name(d->vkgl));
    return SUND_OK;
}

/* ---- discordant with other nodes ---- */

typedef struct shared_names { sund_buf text; size_t n; char last[2304]; } shared_names;

/** The names of variants that others may see here already: asking for them tells nobody anything. */
static sund_code add_name(void *ctx, const sund_interpretation *e, sund_err *err)
{
    shared_names *l = ctx;

    if (!sund_interpretation_may(e, SUND_ASKER_FEDERATION) || strcmp(l->last, e->variant) == 0)
        return SUND_OK;
    (void) snprintf(l->last, sizeof l->last, "%s", e->variant);
    sund_buf_text(&l->text, e->variant);
    sund_buf_u8(&l->text, 0);
    l->n++;
    return sund_buf_ok(&l->text, err);
}

/** Each entry of an answer as "NODE LABORATORY=CLASS" into text; its classes into set. */
static void add_said(const sund_answer *a, sund_acmg_set *set, sund_buf *text)
{
    sund_jval       *v = NULL;
    sund_cur         bytes = a->shown && sund_shown_answered(a->shown) ? sund_shown_bytes(a->shown) : sund_cur_of("", 0);
    const sund_jval *l = bytes.n && sund_json_read(bytes.p, bytes.n, &v, NULL) == SUND_OK ? sund_j_get(v, "interpretations") : NULL;

    for (size_t k = 0; k < sund_j_n(l); k++) {
        const char *lab = sund_j_text(sund_j_at(l, k), "laboratory"), *class = sund_j_text(sund_j_at(l, k), "class");

        if (!lab || !class || !sund_text_ok(lab) || sund_acmg_parse(class) == SUND_ACMG_NONE)
            continue;
        sund_buf_printf(text, "%s%s %s=%s", text->n ? "; " : "", a->node, lab, sund_acmg_code(sund_acmg_parse(class)));
    }
    l = sund_j_get(v, "classes");
    for (size_t k = 0; k < sund_j_n(l); k++)
        *set |= sund_acmg_bit(sund_acmg_parse(sund_j_str(sund_j_at(l, k)) ? sund_j_str(sund_j_at(l, k)) : ""));
    sund_jval_free(v);
}

static sund_code ask_variant(sund_link *l, const char *variant, sund_answers *a, size_t *n_found, sund_err *err)
{
    sund_buf      text = { 0 }, said = { 0 };
    sund_acmg_set set = 0;
    sund_acmg     consensus;
    sund_code     rc;

    sund_buf_printf(&text, "interpretations %s", variant);
    sund_buf_nul(&text);
    rc = sund_buf_ok(&text, err);
    if (rc == SUND_OK)
        rc = sund_ask_question(l, (const char *) text.p, a, err);
    if (rc == SUND_OK)
        for (size_t i = 0; i < a->n; i++) {
            add_said(&a->row[i], &set, &said);
            if (!a->row[i].shown || !sund_shown_answered(a->row[i].shown))
                fprintf(stderr, "%s: %s: %s\n", variant, a->row[i].node, a->row[i].shown ? sund_shown_why(a->row[i].shown) : "no answer in time");
        }
    sund_buf_nul(&said);
    if (rc == SUND_OK)
        rc = sund_buf_ok(&said, err);
    if (rc == SUND_OK && sund_acmg_discordant(set)) {
        printf("%s\t%s\t%s\n", variant, sund_vkgl_name(sund_vkgl_of(set, &consensus)), (char *) said.p);
        ++*n_found;
    }
    sund_answers_free(a);
    sund_buf_free(&text);
    sund_buf_free(&said);
    return rc;
}

/** Of what this node shares: where laboratories anywhere differ. */
static sund_code discordant_anywhere(work *w, const wish *o, sund_err *err)
{
    const sund_interpretation_query q = { .gene = o->gene };
    shared_names                    l = { .n = 0 };
    sund_home                       h = { .id = "" };
    sund_link                       link = { 0 };
    sund_answers                   *a = calloc(1, sizeof *a);
    size_t                          n_found = 0;
    sund_code                       rc = a ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK)
        rc = sund_interpretations_each(w->s, &q, add_name, &l, err);
    if (rc == SUND_OK)
        rc = sund_home_open(&h, o->home, SUND_HOME_ROSTER | SUND_HOME_STATE, err);
    if (rc == SUND_OK)
        rc = sund_link_open(&link, &h, SUND_CHANNEL_COMMANDS, err);
    if (rc == SUND_OK)
        printf("variant\tconsensus\tlaboratories\n");
    for (const char *name = (const char *) l.text.p; rc == SUND_OK && l.n > 0; l.n--, name += strlen(name) + 1)
        rc = ask_variant(&link, name, a, &n_found, err);
    sund_buf_free(&l.text);
    sund_link_close(&link);
    sund_home_close(&h);
    free(a);
    return rc;
}

static sund_code change_entry(work *w, const wish *o, const char *what, const char *number, sund_err *err)
{
    int64_t   id;
    sund_acmg acmg = o->class ? sund_acmg_parse(o->class) : SUND_ACMG_NONE;

    if (!sund_parse_i64(number, 1, INT64_MAX, &id))
        return sund_fail(err, SUND_E_ARG, "'%.40s' is no entry's number; 'sund interpret list' shows them", number);
    if (o->class && acmg == SUND_ACMG_NONE)
        return sund_fail(err, SUND_E_ARG, "--class is B, LB, VUS, LP or P");
    if (strcmp(what, "review") == 0) {
        if (!o->date)
            return sund_fail(err, SUND_E_ARG, "--date is needed: the day on which it was looked at again");
        return sund_interpretation_review(w->s, id, acmg, o->date, o->reason ? o->reason : "", err);
    }
    if (!o->reason)
        return sund_fail(err, SUND_E_ARG, "--reason is needed: why it is withdrawn");
    return sund_interpretation_withdraw(w->s, id, o->reason, err);
}

static sund_code one_entry(work *w, const wish *o, const char *what, const char *number, sund_err *err)
{
    sund_code rc;

    SUND_TRY(sund_interpretations_begin(w->s, err));
    rc = log_change(w, change_entry(w, o, what, number, err), err);
    return sund_interpretations_end(w->s, true, rc, err);
}

/** ClinVar's answers to submissions of one laboratory. */
static sund_code accessions(work *w, const wish *o, char **file, size_t n, sund_err *err)
{
    sund_recorded got;
    sund_buf      text = { 0 };
    sund_code     rc;

    if (!o->laboratory)
        return sund_fail(err, SUND_E_ARG, "--laboratory is needed: whose submission was it?");
    SUND_TRY(sund_interpretations_begin(w->s, err));
    rc = SUND_OK;
    for (size_t i = 0; rc == SUND_OK && i < n; i++) {
        w->file = file[i];
        rc = sund_gz_read(file[i], (size_t) 1 << 28, &text, err);
        if (rc == SUND_OK)
            rc = sund_clinvar_record(w->s, o->laboratory, file[i], text.p, text.n, left, w, &got, err);
        if (rc == SUND_OK)
            printf("%s: %zu answers; %zu accessions recorded, %zu as before, %zu deleted at ClinVar; %zu left out\n", file[i], got.n, got.recorded, got.same, got.deleted, got.left);
    }
    sund_buf_free(&text);
    if (!o->check)
        rc = log_change(w, rc, err);
    rc = sund_interpretations_end(w->s, !o->check, rc, err);
    if (rc == SUND_OK && o->check)
        printf("nothing was kept (--check)\n");
    return rc;
}

static sund_code write_file(void *ctx, const char *file, const void *p, size_t n, sund_err *err)
{
    const wish *o = ctx;
    char        path[4096];

    SUND_TRY(sund_not_over(o->out, file, err));
    SUND_TRY(sund_path_join(path, sizeof path, o->out, file, err));
    return sund_file_write(path, p, n, 0644, err);
}

static sund_code read_text(const char *path, sund_vkgl_text *t, sund_buf *keep, sund_err *err)
{
    SUND_TRY(sund_gz_read(path, (size_t) 1 << 28, keep, err));
    *t = (sund_vkgl_text){ path, NULL, keep->n ? keep->p : (const uint8_t *) "", keep->n };
    return SUND_OK;
}

static sund_code vkgl(const wish *o, const char *consensus, sund_err *err)
{
    sund_buf        text[131] = { { 0 } };
    sund_vkgl_text  mapping[64], report[64];
    char            lab[64][96];
    size_t          n = 3;
    sund_vkgl_cycle c = { .release = o->release, .single = o->single, .mapping = mapping, .report = report, .n_mapping = o->mapping.n, .n_report = o->report.n };
    wish            copy = *o;
    sund_code       rc;

    if (!o->release || !o->out)
        return sund_fail(err, SUND_E_ARG, "--release NAME and --out FOLDER are needed");
    SUND_GO(read_text(consensus, &c.consensus, &text[0], err));
    if (o->deletes)
        SUND_GO(read_text(o->deletes, &c.deletes, &text[1], err));
    if (o->pseudogenes)
        SUND_GO(read_text(o->pseudogenes, &c.pseudogenes, &text[2], err));
    for (size_t i = 0; i < o->mapping.n; i++)
        SUND_GO(read_text(o->mapping.at[i], &mapping[i], &text[n++], err));
    for (size_t i = 0; i < o->report.n; i++) {
        const char *eq = strchr(o->report.at[i], '=');

        if (!eq || eq - o->report.at[i] >= (long) sizeof lab[0]) {
            rc = sund_fail(err, SUND_E_ARG, "--report is LABORATORY=FILE, not '%.60s'", o->report.at[i]);
            goto out;
        }
        (void) snprintf(lab[i], sizeof lab[i], "%.*s", (int) (eq - o->report.at[i]), o->report.at[i]);
        SUND_GO(read_text(eq + 1, &report[i], &text[n++], err));
        report[i].lab = lab[i];
    }
    SUND_GO(sund_dir_make(o->out, err));
    SUND_GO(sund_vkgl_submit(&c, write_file, &copy, err));
    printf("%s: for each laboratory a Variant and a Deletes sheet, and what came of the accessions there were\n", o->out);
out:
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
        sund_buf_free(&text[i]);
    return rc;
}

static sund_code run(const wish *o, char **arg, size_t n, sund_err *err)
{
    static const char *const words[] = { "import", "export", "list", "review", "withdraw", "accessions", "discordant", "vkgl", NULL };
    work                     w;
    sund_code                rc;

    SUND_TRY(sund_cmd_word("interpret", arg[0], words, err));
    if (strcmp(arg[0], "vkgl") == 0 && n == 2)
        return vkgl(o, arg[1], err);
    rc = begin(&w, o, err);
    if (rc != SUND_OK)
        (void) rc;
    else if (strcmp(arg[0], "import") == 0 && n > 1)
        rc = import(&w, o, arg + 1, n - 1, err);
    else if (strcmp(arg[0], "export") == 0 && n == 1)
        rc = export(&w, o, err);
    else if (strcmp(arg[0], "list") == 0 && n <= 2)
        rc = list(&w, o, n == 2 ? arg[1] : NULL, err);
    else if ((strcmp(arg[0], "review") == 0 || strcmp(arg[0], "withdraw") == 0) && n == 2)
        rc = one_entry(&w, o, arg[0], arg[1], err);
    else if (strcmp(arg[0], "accessions") == 0 && n > 1)
        rc = accessions(&w, o, arg + 1, n - 1, err);
    else if (strcmp(arg[0], "discordant") == 0 && n == 1 && o->federation)
        rc = discordant_anywhere(&w, o, err);
    else if (strcmp(arg[0], "discordant") == 0 && n == 1) {
        printf("variant\tentries\tclasses\tconsensus\n");
        rc = sund_interpretations_discordant(w.s, o->gene, tell_discord, &w, err);
    }
    else
        rc = sund_fail(err, SUND_E_ARG, "'import FILE...', 'export', 'list [VARIANT|ENTRY]', 'review ENTRY', 'withdraw ENTRY', 'accessions FILE...', 'discordant' or 'vkgl CONSENSUS' is expected; see 'sund interpret --help'");
    end(&w);
    return rc;
}

sund_code sund_cmd_interpret(int argc, char **argv, sund_err *err)
{
    wish            o = { .home = sund_default_home(), .share = "local", .as = "own" };
    const sund_opt  opt[] = {
        { "home", 's', &o.home, "FOLDER", "the node's home" },
        { "form", 's', &o.form, "FORM", "import: not the one that the header tells; export: sund (as it is), vkgl, clinvar-vcf, clinvar-sheet or clinvar-json" },
        { "assembly", 's', &o.assembly, "NAME", "import: GRCh37 or GRCh38, of the first import; no place is ever carried over" },
        { "reference", 's', &o.reference, "FASTA", "import: check REF against it, and move insertions and deletions to their leftmost place" },
        { "laboratory", 's', &o.laboratory, "NAME", "import: whose rows they are, where the file does not say; accessions: whose submission it was; export, list: only its own" },
        { "share", 's', &o.share, "LEVEL", "import: rows that do not say are for local (the default), agreement, federation or public" },
        { "date", 's', &o.date, "DAY", "import: last evaluated, where rows do not say; review: the day of it" },
        { "method", 's', &o.method, "TEXT", "import: the guideline, where rows do not say; export: only entries that follow it" },
        { "criteria", 's', &o.criteria, "CITATION", "export, clinvar-json: where the guideline is written: PMID:25741868, PMC:..., DOI:10..., or the address that ClinVar gave" },
        { "check", 'b', &o.check, NULL, "import, accessions: read everything, keep nothing" },
        { "as", 's', &o.as, "WHOM", "export: what may be shown to own (all), agreement, federation or public" },
        { "out", 's', &o.out, "PATH", "export: file; vkgl: folder" },
        { "federation", 'b', &o.federation, NULL, "discordant: ask all nodes about each variant that this node shares with them" },
        { "gene", 's', &o.gene, "SYMBOL", "list, discordant: only of this gene" },
        { "withdrawn", 'b', &o.withdrawn, NULL, "list: what was withdrawn too" },
        { "history", 'b', &o.history, NULL, "list: every version" },
        { "json", 'b', &o.json, NULL, "list: for programs, with every field" },
        { "class", 's', &o.class, "CLASS", "review: the new one, where it has changed" },
        { "reason", 's', &o.reason, "TEXT", "review, withdraw: why; it is kept. export, clinvar-json: why records are to be deleted; ClinVar publishes it" },
        { "release", 's', &o.release, "NAME", "vkgl: the release's name in files and comments" },
        { "mapping", 'l', &o.mapping, "FILE", "vkgl: accessions of the release before" },
        { "deletes", 's', &o.deletes, "FILE", "vkgl: accessions that were deleted before" },
        { "report", 'l', &o.report, "LAB=FILE", "vkgl: ClinVar's report on a laboratory's last submission" },
        { "pseudogenes", 's', &o.pseudogenes, "FILE", "vkgl: symbols that ClinVar does not take" },
        { "single", 'b', &o.single, NULL, "vkgl: variants of one laboratory too" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts s = { "interpret", "import [OPTIONS] FILE...\n       sund interpret export [OPTIONS]\n       sund interpret list [OPTIONS] [VARIANT|ENTRY]\n       sund interpret review --date DAY [--class CLASS] [--reason TEXT] ENTRY\n"
                          "       sund interpret withdraw --reason TEXT ENTRY\n       sund interpret accessions --laboratory NAME ANSWER...\n       sund interpret discordant [OPTIONS]\n       sund interpret vkgl --release NAME --out FOLDER [OPTIONS] CONSENSUS",
                          "What laboratories say of variants: ACMG class, condition, evidence, date, laboratory, each with whom it is shared. Forms that are read: our own table, VKGL's consensus and laboratory tables, ClinVar's "
                          "VCF, submission sheets and reports, its XML releases (each submission in them), packed by gzip or not. Each row is an entry, or is named with the reason; a broken file changes nothing. Every change is a new version; none is lost. "
                          "'accessions' keeps what ClinVar's answer to a submission says: each entry's SCV. An export for ClinVar updates what has one, and asks to delete what was withdrawn and has one. "
                          "'discordant' lists variants whose laboratories are of more than one group of B/LB, VUS, LP/P. What is shared in the federation is shown by 'sund lookup' beside the frequency. "
                          "No field is for a person, and text that looks like one's number, birthday or address is refused. See doc/interpretations.md.",
                          "sund interpret import --home nl --assembly GRCh37 --share federation consensus.tsv\nsund interpret import --home fi --assembly GRCh38 --laboratory HUS --share agreement sheet.csv\n"
                          "sund interpret import --home fi --share local ClinVarVCVRelease_2026-06.xml.gz 2>left-out\nsund interpret list --home nl --gene BRCA1\nsund interpret review --home nl --class LP --date 2026-03-01 --reason 'second family' 12\nsund interpret withdraw --home nl --reason 'wrong transcript' 12\n"
                          "sund interpret discordant --home nl --federation\nsund interpret export --home nl --form clinvar-vcf --as public --out public.vcf\nsund interpret export --home fi --form clinvar-json --as public --laboratory HUS --criteria PMID:25741868 --out submission.json\nsund interpret accessions --home fi --laboratory HUS summary-report.json\nsund interpret vkgl --release 202611 --out submit --deletes old_REMOVED.tsv consensus.tsv",
                          opt, 1, 64 };
    bool            helped = false;
    size_t          n;

    SUND_TRY(sund_opts_parse(&s, argc, argv, &n, &helped, err));
    return helped ? SUND_OK : run(&o, argv + 1, n, err);
}
