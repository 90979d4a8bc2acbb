#include "gate/shown.h"

#include "base/text.h"
#include "gate/gate_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct shown_row { char *variant; sund_lookup_counts counts; } shown_row;

struct sund_shown {
    sund_verb       verb;
    bool            answered, open, more;
    uint8_t         assembly;
    char            why[SUND_WHY_MAX];
    sund_thresholds thresholds; /* of whoever made it; a value that was read adds no rows */
    size_t          n, cap;
    shown_row      *row;
    int64_t         people;
    sund_buf        text;
};

static const char *const verbs[SUND_N_VERB] = { "", "variants", "people", "terms", "datasets", "interpretations", "match", "public", "carriers" };

const char *sund_verb_name(sund_verb v) { return v < SUND_N_VERB ? verbs[v] : ""; }

sund_verb sund_question_verb(const char *question, const char **rest)
{
    size_t n = strcspn(question, " ");

    *rest = question[n] ? question + n + 1 : "";
    if (strlen(question) >= SUND_QUESTION_MAX)
        return SUND_ASK_NONE;
    for (int v = 1; v < SUND_N_VERB; v++)
        if (strlen(verbs[v]) == n && memcmp(verbs[v], question, n) == 0)
            return (sund_verb) v;
    return SUND_ASK_NONE;
}

void sund_shown_free(sund_shown *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        free(s->row[i].variant);
    free(s->row);
    sund_buf_free(&s->text);
    free(s);
}

static sund_code make(sund_verb verb, const sund_thresholds *t, sund_shown **out, sund_err *err)
{
    sund_shown *s = malloc(sizeof *s);

    if (!s)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    *s = (sund_shown){ .verb = verb, .answered = t != NULL, .thresholds = t ? *t : sund_thresholds_default() };
    s->open = s->thresholds.open;
    *out = s;
    return SUND_OK;
}

sund_code sund_shown_refused(sund_verb verb, const char *why, sund_shown **out, sund_err *err)
{
    SUND_TRY(make(verb, NULL, out, err));
    (void) snprintf((*out)->why, sizeof(*out)->why, "%s", why[0] ? why : "refused");
    sund_text_clean((*out)->why);
    return SUND_OK;
}

int64_t sund_shown_number(const sund_thresholds *t, int64_t n)
{
    if (t->open)
        return n;
    return sund_rule_cell_min(t, n) && n > 0 ? (n + 2) / 5 * 5 : -1;
}

sund_code sund_shown_variants(const sund_gate *g, int64_t n_person, sund_shown **out, sund_err *err)
{
    int64_t n = sund_shown_number(&g->thresholds, n_person);

    SUND_TRY(make(SUND_ASK_VARIANTS, &g->thresholds, out, err));
    (*out)->people = n > 0 ? n : 0;
    return SUND_OK;
}

/** A row as it is. */
static sund_code put_row(sund_shown *s, const char *variant, const sund_lookup_counts *c, sund_err *err)
{
    if (s->n == SUND_SHOWN_ROWS)
        return sund_fail(err, SUND_E_LIMIT, "more than %d variants in one answer", SUND_SHOWN_ROWS);
    if (s->n == s->cap) {
        size_t     cap = s->cap ? 4 * s->cap : 1;
        shown_row *more = realloc(s->row, cap * sizeof *more);

        if (!more)
            return sund_fail(err, SUND_E_NOMEM, "out of memory for an answer");
        s->row = more;
        s->cap = cap;
    }
    s->row[s->n].counts = *c;
    s->row[s->n].variant = strdup(variant);
    if (!s->row[s->n].variant)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for an answer");
    s->n++;
    return SUND_OK;
}

sund_code sund_shown_add(sund_shown *s, const char *variant, const sund_lookup_counts *own, bool named, sund_err *err)
{
    sund_lookup_counts safe = *own;

    if (s->verb != SUND_ASK_VARIANTS || strlen(variant) >= SUND_SHOWN_NAME_MAX)
        return sund_fail(err, SUND_E_ARG, "this is no answer about variants, or the name is too long");
    sund_margins_node(&s->thresholds, &safe);
    safe.open = s->open;
    safe.all.an_one = safe.male.an_one = safe.female.an_one = safe.an_covered = 0; /* for the rules alone */
    if (!named && safe.status != SUND_LOOKUP_COUNTED)
        return SUND_OK;
    return put_row(s, variant, &safe, err);
}

void sund_shown_more(sund_shown *s) { s->more = true; }
void sund_shown_place_on(sund_shown *s, unsigned assembly) { s->assembly = (uint8_t) assembly; }

sund_code sund_shown_carriers(const sund_gate *g, const char *name, const sund_lookup_counts *safe, int64_t n_person, sund_shown **out, sund_err *err)
{
    sund_shown *s = NULL;
    sund_code   rc;

    if (strlen(name) >= SUND_SHOWN_NAME_MAX)
        return sund_fail(err, SUND_E_ARG, "variant and filters are too long together");
    SUND_TRY(make(SUND_ASK_CARRIERS, &g->thresholds, &s, err));
    rc = put_row(s, name, safe, err);
    if (rc != SUND_OK) {
        sund_shown_free(s);
        return rc;
    }
    s->row[0].counts.open = s->open;
    s->row[0].counts.an_covered = s->row[0].counts.all.an_one = 0;
    s->people = n_person;
    *out = s;
    return SUND_OK;
}

sund_code sund_shown_people(const sund_gate *g, sund_verb verb, int64_t n_person, sund_shown **out, sund_err *err)
{
    SUND_TRY(make(verb == SUND_ASK_PUBLIC ? verb : SUND_ASK_PEOPLE, &g->thresholds, out, err));
    (*out)->people = sund_shown_number(&g->thresholds, n_person);
    return SUND_OK;
}

sund_code sund_shown_text(const sund_gate *g, sund_verb verb, const void *p, size_t n, sund_shown **out, sund_err *err)
{
    sund_code rc;

    if (verb == SUND_ASK_VARIANTS || verb == SUND_ASK_PEOPLE || verb == SUND_ASK_PUBLIC || verb == SUND_ASK_CARRIERS || verb == SUND_ASK_NONE || n > SUND_SHOWN_MAX / 2)
        return sund_fail(err, n > SUND_SHOWN_MAX / 2 ? SUND_E_LIMIT : SUND_E_ARG, "an answer of %zu bytes to '%s' cannot be a text", n, sund_verb_name(verb));
    SUND_TRY(make(verb, &g->thresholds, out, err));
    sund_buf_put(&(*out)->text, p, n);
    rc = sund_buf_ok(&(*out)->text, err);
    if (rc != SUND_OK) {
        sund_shown_free(*out);
        *out = NULL;
    }
    return rc;
}

sund_verb   sund_shown_verb(const sund_shown *s) { return s->verb; }
bool        sund_shown_answered(const sund_shown *s) { return s->answered; }
const char *sund_shown_why(const sund_shown *s) { return s->why; }
bool        sund_shown_open(const sund_shown *s) { return s->open; }
bool        sund_shown_has_more(const sund_shown *s) { return s->more; }
unsigned sund_shown_assembly(const sund_shown *s) { return s->assembly; }
size_t      sund_shown_n(const sund_shown *s) { return s->n; }
const char *sund_shown_variant(const sund_shown *s, size_t i) { return s->row[i].variant; }
int64_t     sund_shown_count(const sund_shown *s) { return s->people; }
sund_cur    sund_shown_bytes(const sund_shown *s) { return sund_cur_of(s->text.p, s->text.n); }

const sund_lookup_counts *sund_shown_counts(const sund_shown *s, size_t i) { return &s->row[i].counts; }

sund_lookup_counts *sund_shown_to_hide(sund_shown *s, size_t i) { return &s->row[i].counts; }

/* ---- as bytes ---- */

static void write_cells(const sund_lookup_cells *c, sund_buf *out)
{
    sund_buf_u64(out, (uint64_t) c->ac);
    sund_buf_u64(out, (uint64_t) c->an);
    sund_buf_u64(out, (uint64_t) c->hom);
    sund_buf_u64(out, (uint64_t) c->hemi);
}

static void read_cells(sund_cur *c, sund_lookup_cells *out)
{
    out->ac = (int64_t) sund_cur_u64(c);
    out->an = (int64_t) sund_cur_u64(c);
    out->hom = (int64_t) sund_cur_u64(c);
    out->hemi = (int64_t) sund_cur_u64(c);
    if (out->ac < 0 || out->an < 0 || out->ac > out->an || out->an > (int64_t) 1 << 40 || out->hom < -1 || out->hom > out->an || out->hemi < -1 || out->hemi > out->an)
        c->bad = true;
}

void sund_shown_write(const sund_shown *s, sund_buf *out)
{
    sund_buf_u8(out, (uint8_t) s->verb);
    sund_buf_u8(out, s->answered);
    sund_buf_u8(out, s->open);
    sund_buf_u8(out, s->more);
    sund_buf_u8(out, s->assembly);
    sund_buf_str(out, s->why);
    sund_buf_u32(out, (uint32_t) s->n);
    for (size_t i = 0; i < s->n; i++) {
        const sund_lookup_counts *c = &s->row[i].counts;

        sund_buf_str(out, s->row[i].variant);
        sund_buf_u8(out, (uint8_t) c->status);
        sund_buf_u8(out, c->sexes);
        write_cells(&c->all, out);
        write_cells(&c->male, out);
        write_cells(&c->female, out);
    }
    sund_buf_u64(out, (uint64_t) s->people);
    sund_buf_blob(out, s->text.p, s->text.n);
}

static bool flag(sund_cur *c)
{
    uint8_t v = sund_cur_u8(c);

    c->bad |= v > 1;
    return v == 1;
}

static sund_code read_row(sund_cur *c, sund_shown *s, sund_err *err)
{
    char               name[SUND_SHOWN_NAME_MAX];
    sund_lookup_counts got = { .open = s->open };
    uint8_t            status;

    (void) sund_cur_str(c, name, sizeof name);
    status = sund_cur_u8(c);
    got.sexes = flag(c);
    read_cells(c, &got.all);
    read_cells(c, &got.male);
    read_cells(c, &got.female);
    if (status < SUND_LOOKUP_COUNTED || status > SUND_LOOKUP_REFUSED || c->bad || !sund_text_ok(name))
        return sund_fail(err, SUND_E_FORMAT, "an answer about variants is not well-formed");
    got.status = (sund_lookup_status) status;
    return put_row(s, name, &got, err);
}

static sund_code read_all(sund_cur *c, sund_shown *s, sund_err *err)
{
    uint8_t  verb = sund_cur_u8(c);
    uint32_t n;
    sund_cur text;

    s->answered = flag(c);
    s->open = flag(c);
    s->more = flag(c);
    s->assembly = sund_cur_u8(c);
    c->bad |= s->assembly != 0 && s->assembly != 37 && s->assembly != 38;
    (void) sund_cur_str(c, s->why, sizeof s->why);
    n = sund_cur_u32(c);
    if (c->bad || verb == SUND_ASK_NONE || verb >= SUND_N_VERB || n > SUND_SHOWN_ROWS || (n && verb != SUND_ASK_VARIANTS && verb != SUND_ASK_CARRIERS) || !sund_text_ok(s->why) || s->answered != !s->why[0])
        return sund_fail(err, SUND_E_FORMAT, "an answer is not well-formed");
    s->verb = (sund_verb) verb;
    for (uint32_t i = 0; i < n; i++)
        SUND_TRY(read_row(c, s, err));
    s->people = (int64_t) sund_cur_u64(c);
    text = sund_cur_blob(c, SUND_SHOWN_MAX);
    SUND_TRY(sund_cur_ok(c, "an answer", err));
    if (s->people < -1 || s->people > (int64_t) 1 << 40 || (s->people && verb != SUND_ASK_PEOPLE && verb != SUND_ASK_PUBLIC && verb != SUND_ASK_VARIANTS && verb != SUND_ASK_CARRIERS))
        return sund_fail(err, SUND_E_FORMAT, "an answer counts no such number of people");
    sund_buf_put(&s->text, text.p, text.n);
    return sund_buf_ok(&s->text, err);
}

sund_code sund_shown_read(sund_cur *c, sund_shown **out, sund_err *err)
{
    sund_shown *s = NULL;
    sund_code   rc = make(SUND_ASK_NONE, NULL, &s, err);

    if (rc == SUND_OK && s)
        rc = read_all(c, s, err);
    if (rc == SUND_OK)
        *out = s;
    else
        sund_shown_free(s);
    return rc;
}

sund_code sund_leave_answer(sund_gate *g, const sund_envelope *head, uint64_t ticket, const sund_shown *s, sund_leave **out, sund_err *err)
{
    sund_buf  b = { 0 };
    char      what[120];
    sund_code rc;

    if (head->kind != SUND_MSG_ANSWER)
        return sund_fail(err, SUND_E_ARG, "an answer leaves as kind answer only");
    sund_buf_u64(&b, ticket);
    sund_shown_write(s, &b);
    if (s->n == 1)
        (void) snprintf(what, sizeof what, "%s, rule margins: %s", sund_verb_name(s->verb), sund_lookup_status_name(s->row[0].counts.status));
    else if (s->verb == SUND_ASK_VARIANTS && s->answered)
        (void) snprintf(what, sizeof what, "variants, rule margins: %zu rows", s->n);
    else
        (void) snprintf(what, sizeof what, "%s: %s", sund_verb_name(s->verb), s->answered ? s->people < 0 ? "withheld" : "answered" : "refused");
    rc = sund_buf_ok(&b, err);
    if (rc == SUND_OK)
        rc = sund_leave_make(g, head, b.p, b.n, what, out, err);
    sund_buf_free(&b);
    return rc;
}
