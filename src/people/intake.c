#include "people/intake_priv.h"

#include "base/ini.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What every format comes to: persons, records, values. */

enum { LEFT_MAX = 1000, VARS_MAX = 4096 };

const sund_var intake_age = { .name = "age", .type = SUND_VAR_INTEGER, .unit = "a", .min = 0, .max = 150 };
const sund_var intake_deceased = { .name = "deceased", .type = SUND_VAR_BINARY, .min = 0, .max = 1, .codes = "no|yes" };
const sund_var intake_died = { .name = "died", .type = SUND_VAR_INTEGER, .unit = "a", .min = 1850, .max = 2200 };
const sund_var intake_karyotype = { .name = "karyotypic_sex", .type = SUND_VAR_CATEGORY, .min = 0, .max = 9, .codes = "XX|XY|XO|XXY|XXX|XXYY|XXXY|XXXX|XYY|OTHER_KARYOTYPE" };

sund_code intake_fail(const intake *in, const char *why, sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "%s: number %llu: %s", in->file, (unsigned long long) in->at, why); }

void intake_left(intake *in, const char *field, const char *why)
{
    sund_clinical_report *r = in->report;
    char                  what[sizeof r->left->what];

    (void) snprintf(what, sizeof what, "%s%s%s%s", field, why[0] ? " (" : "", why, why[0] ? ")" : "");
    sund_text_clean(what);
    for (size_t i = 0; i < r->n_left; i++)
        if (strcmp(r->left[i].what, what) == 0) {
            r->left[i].n++;
            if (i && r->left[i].n > r->left[i - 1].n) { /* what is often asked for comes to the front */
                sund_left was = r->left[i - 1];

                r->left[i - 1] = r->left[i];
                r->left[i] = was;
            }
            return;
        }
    if (r->n_left == LEFT_MAX) {
        (void) snprintf(r->left[LEFT_MAX - 1].what, sizeof what, "other fields");
        r->left[LEFT_MAX - 1].n++;
        return;
    }
    memcpy(r->left[r->n_left].what, what, sizeof what);
    r->left[r->n_left++].n = 1;
}

static sund_code first_time(intake *in, sund_err *err)
{
    size_t id = (size_t) in->person;

    if (id >= in->n_seen) {
        size_t   n = id + 1 + id / 2;
        uint8_t *seen = realloc(in->seen, n);

        if (!seen)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        memset(seen + in->n_seen, 0, n - in->n_seen);
        in->seen = seen;
        in->n_seen = n;
    }
    if (in->seen[id])
        return intake_fail(in, in->plan->format == SUND_CLINICAL_PHENOPACKET && !in->plan->by_document
                                   ? "is about somebody whom another document of this import is about too, or who has the same subject id: with --id document people are named by the documents' own ids"
                                   : "is about somebody whom another one of this import is about too", err);
    in->seen[id] = 1;
    return SUND_OK;
}

/** A name longer than those of the store's columns cannot be one of them: it is kept by a shorter one that is as good as its own. */
static const char *short_name(intake *in, const char *name, char out[64])
{
    sund_digest d = sund_digest_of(name, strlen(name));
    int         n = 40;

    if (strlen(name) < 64)
        return name;
    while (n && ((uint8_t) name[n] & 0xC0) == 0x80) /* not within a character */
        n--;
    n = snprintf(out, 64, "%.*s~", n, name);
    for (int k = 0; k < 10; k++)
        n += snprintf(out + n, (size_t) (64 - n), "%02x", d.b[k]);
    in->report->n_shortened++;
    return out;
}

sund_code intake_person(intake *in, const char *name, sund_err *err)
{
    char    brief[64];
    int64_t was = 0;
    sund_db *db = in->p->db;

    if (!name || !name[0] || !sund_text_ok(name))
        return intake_fail(in, "a name of printing characters is expected", err);
    name = short_name(in, name, brief);
    SUND_TRY(sund_db_i64(db, &was, 0, err, "SELECT id FROM person WHERE person=?", "t", name));
    if (!was) {
        SUND_TRY(sund_db_run(db, err, "INSERT INTO person(person, sex, country, population, consent) VALUES(?,0,'','','')", "t", name));
        was = sund_db_last_id(db);
        in->report->n_new++;
    }
    in->person = was;
    SUND_TRY(first_time(in, err));
    in->report->n_person++;
    if (in->plan->consent)
        SUND_TRY(sund_db_run(db, err, "UPDATE person SET consent=? WHERE id=?", "ti", in->plan->consent, was));
    if (in->plan->country)
        SUND_TRY(sund_db_run(db, err, "UPDATE person SET country=? WHERE id=?", "ti", in->plan->country, was));
    return sund_db_run(db, err, "DELETE FROM record WHERE person=? AND source=?", "ii", was, (int64_t) in->source);
}

sund_code intake_sex(intake *in, int64_t sex, sund_err *err) { return sund_db_run(in->p->db, err, "UPDATE person SET sex=? WHERE id=?", "ii", sex, in->person); }
sund_code intake_born(intake *in, int64_t year, sund_err *err) { return sund_db_run(in->p->db, err, "UPDATE person SET born=? WHERE id=?", "ii", year, in->person); }

sund_code intake_record(intake *in, const char *field, sund_record_kind kind, const char *text, bool excluded, int64_t onset, sund_err *err)
{
    char code[SUND_CODE_MAX + 1];

    if (!text || !sund_onto_code(text, strlen(text), code)) {
        intake_left(in, field, "no code such as HP:0001250");
        return SUND_OK;
    }
    in->report->n_record += !excluded;
    in->report->n_excluded += excluded;
    return sund_record_put(in->p, in->person, in->source, &(sund_record){ code, kind, excluded, onset }, err);
}

/** The variable as it is declared here, by v when it is not yet. */
static sund_code variable(intake *in, const sund_var *v, intake_var **out, sund_err *err)
{
    intake_var *more;

    for (size_t i = 0; i < in->n_var; i++)
        if (strcmp(in->var[i].var.name, v->name) == 0) {
            *out = &in->var[i];
            return SUND_OK;
        }
    if (in->n_var == VARS_MAX)
        return sund_fail(err, SUND_E_LIMIT, "%s: more than %d variables", in->file, VARS_MAX);
    more = realloc(in->var, (in->n_var + 1) * sizeof *more);
    if (!more)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    in->var = more;
    *out = &more[in->n_var];
    if (sund_people_var(in->p, v->name, &(*out)->var, NULL) != SUND_OK) {
        SUND_TRY(sund_db_run(in->p->db, err, "INSERT INTO variable(name, type, unit, decimals, min, max, codes) VALUES(?,?,?,?,?,?,?)", "titiiit", v->name, (int64_t) v->type, v->unit,
                             (int64_t) v->decimals, v->min, v->max, v->codes));
        (*out)->var = *v;
        in->report->n_variable++;
    }
    SUND_TRY(sund_db_i64(in->p->db, &(*out)->id, 0, err, "SELECT id FROM variable WHERE name=?", "t", v->name));
    in->n_var++;
    return SUND_OK;
}

static sund_code put_value(intake *in, const intake_var *v, int64_t raw, sund_err *err)
{
    in->report->n_value++;
    return sund_db_run(in->p->db, err, "INSERT INTO value(variable, person, raw) VALUES(?,?,?) ON CONFLICT DO UPDATE SET raw=excluded.raw", "iii", v->id, in->person, raw);
}

sund_code intake_word(intake *in, const char *field, const sund_var *want, const char *word, sund_err *err)
{
    intake_var *v = NULL;
    int64_t     raw;

    SUND_TRY(variable(in, want, &v, err));
    if (!sund_var_value(&v->var, word, &raw)) {
        intake_left(in, field, "not within the variable's declaration");
        return SUND_OK;
    }
    return put_value(in, v, raw, err);
}

sund_code intake_measured(intake *in, const intake_measure *m, sund_err *err)
{
    sund_var    want = { .type = SUND_VAR_REAL, .decimals = 3, .min = -999999000, .max = 999999000 };
    intake_var *v = NULL;
    char        code[SUND_CODE_MAX + 1], text[64];
    int64_t     raw;

    SUND_TRY(intake_record(in, m->field, SUND_RECORD_MEASURE, m->code, false, -1, err));
    if (!m->code || !sund_onto_code(m->code, strlen(m->code), code))
        return SUND_OK;
    sund_code_variable(code, want.name);
    if (strlen(m->unit) >= sizeof want.unit || !sund_text_ok(m->unit)) {
        intake_left(in, m->field, "a unit of more than 31 bytes");
        return SUND_OK;
    }
    (void) snprintf(want.unit, sizeof want.unit, "%s", m->unit);
    SUND_TRY(variable(in, &want, &v, err));
    if (strcmp(v->var.unit, m->unit) != 0) {
        intake_left(in, m->field, "in another unit than the variable");
        return SUND_OK;
    }
    (void) snprintf(text, sizeof text, "%.*f", v->var.decimals, fabs(m->value) < 1e12 ? m->value : 1e12);
    if (v->var.codes[0] || !sund_decimal_parse(text, v->var.decimals, &raw) || raw < v->var.min || raw > v->var.max) {
        intake_left(in, m->field, "not within the variable's declaration");
        return SUND_OK;
    }
    SUND_TRY(sund_db_run(in->p->db, err, "INSERT INTO temp.latest VALUES(?,?,?) ON CONFLICT DO UPDATE SET moment=excluded.moment WHERE excluded.moment >= latest.moment", "iit", v->id, in->person, m->when));
    if (sund_db_changes(in->p->db) == 0) {
        intake_left(in, m->field, "an earlier value of the same");
        return SUND_OK;
    }
    return put_value(in, v, raw, err);
}

/** One number in front of its letter. */
static bool part(const char **s, char letter, int64_t *out)
{
    const char *at = *s;
    int64_t     v = 0;

    while (*at >= '0' && *at <= '9' && v < 100000)
        v = v * 10 + (*at++ - '0');
    if (at == *s || *at != letter)
        return false;
    *out = v;
    *s = at + 1;
    return true;
}

int64_t intake_months(const char *s)
{
    int64_t y = 0, m = 0, w = 0, d = 0, x = 0;
    bool    any;

    if (!s || *s++ != 'P')
        return -1;
    any = part(&s, 'Y', &y);
    any = part(&s, 'M', &m) || any;
    any = part(&s, 'W', &w) || any;
    any = part(&s, 'D', &d) || any;
    if (*s == 'T' && s[1]) {
        s++;
        any = part(&s, 'H', &x) || any;
        any = part(&s, 'M', &x) || any;
        any = part(&s, 'S', &x) || any;
    }
    if (!any || *s || y > 150)
        return -1;
    m += y * 12 + (7 * w + d) * 10000 / 304375;
    return m < 150 * 12 + 12 ? m : -1;
}

bool intake_date(const char *s, int64_t *year, int64_t *month)
{
    char y[5] = "", m[3] = "";

    *month = 0;
    if (!s || strlen(s) < 4 || (s[4] && s[4] != '-'))
        return false;
    memcpy(y, s, 4);
    if (s[4] && s[5] && s[6])
        memcpy(m, s + 5, 2);
    return sund_parse_i64(y, 1850, 2200, year) && (!m[0] || sund_parse_i64(m[0] == '0' ? m + 1 : m, 1, 12, month));
}

static int most_first(const void *a, const void *b)
{
    const sund_left *x = a, *y = b;

    return x->n != y->n ? (x->n < y->n ? 1 : -1) : strcmp(x->what, y->what);
}

static sund_code take_in(intake *in, sund_err *err)
{
    uint64_t n = 0;

    if (in->plan->dictionary)
        SUND_TRY(sund_dictionary_import(in->p, in->plan->dictionary, &n, err));
    SUND_TRY(sund_db_script(in->p->db, "CREATE TEMP TABLE latest(variable INTEGER, person INTEGER, moment TEXT, PRIMARY KEY(variable, person)) WITHOUT ROWID", err));
    switch (in->plan->format) {
    case SUND_CLINICAL_PHENOPACKET: SUND_TRY(intake_documents(in, intake_phenopacket, err)); break;
    case SUND_CLINICAL_BFF: SUND_TRY(intake_documents(in, intake_bff, err)); break;
    case SUND_CLINICAL_OMOP:
    default: SUND_TRY(intake_omop(in, err)); break;
    }
    for (size_t id = 0; id < in->n_seen; id++)
        if (in->seen[id]) {
            int64_t without = 0;

            SUND_TRY(sund_db_i64(in->p->db, &without, 0, err, "SELECT consent='' FROM person WHERE id=?", "i", (int64_t) id));
            in->report->n_no_consent += without != 0;
        }
    return sund_db_script(in->p->db, "DROP TABLE temp.latest", err);
}

sund_code sund_people_take_in(sund_people *p, const sund_clinical_plan *plan, sund_clinical_report *out, sund_err *err)
{
    static const sund_source source[] = { SUND_SOURCE_PHENOPACKET, SUND_SOURCE_BFF, SUND_SOURCE_OMOP };
    intake    in = { .p = p, .plan = plan, .report = out, .source = source[plan->format] };
    sund_code rc;

    memset(out, 0, sizeof *out);
    if (plan->consent && (!plan->consent[0] || !sund_consent_known(plan->consent)))
        return sund_fail(err, SUND_E_ARG, "'%.60s' are no codes of the Data Use Ontology such as GRU or HMB", plan->consent);
    if (plan->country && !sund_country_ok(plan->country))
        return sund_fail(err, SUND_E_ARG, "'%.40s' is no country's two capital letters, as ISO 3166 has them: ES, not Spain or es", plan->country);
    out->left = calloc(LEFT_MAX, sizeof *out->left);
    if (!out->left)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_db_part(p->db, err));
    rc = sund_db_part_end(p->db, true, take_in(&in, err), err);
out:
    free(in.seen);
    free(in.var);
    if (rc != SUND_OK)
        sund_clinical_report_free(out);
    else
        qsort(out->left, out->n_left, sizeof *out->left, most_first);
    return rc;
}

void sund_clinical_report_free(sund_clinical_report *r)
{
    free(r->left);
    memset(r, 0, sizeof *r);
}
