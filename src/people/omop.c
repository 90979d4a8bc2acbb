#include "people/intake_priv.h"

#include "base/file.h"
#include "base/ini.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* OMOP CDM 5 as CSV. The tables are read twice: for the concepts that occur, of which concept.csv (millions of lines) then tells the codes; and to be taken in. */

enum { PATH = 4096, N_EVENT = 5 };

/** A table of events: its file, the columns of its concept, of the concept as it was in the source, and of its date. */
static const struct { const char *file, *concept, *source, *date; sund_record_kind kind; } event[N_EVENT] = {
    { "condition_occurrence", "condition_concept_id", "condition_source_concept_id", "condition_start_date", SUND_RECORD_DISEASE },
    { "observation", "observation_concept_id", "observation_source_concept_id", "observation_date", SUND_RECORD_OBSERVATION },
    { "procedure_occurrence", "procedure_concept_id", "procedure_source_concept_id", "procedure_date", SUND_RECORD_PROCEDURE },
    { "drug_exposure", "drug_concept_id", "drug_source_concept_id", "drug_exposure_start_date", SUND_RECORD_TREATMENT },
    { "measurement", "measurement_concept_id", "measurement_source_concept_id", "measurement_date", SUND_RECORD_MEASURE },
};

/** Numbers, each with a text or a number: open addressing. */
typedef struct slot { int64_t key; int64_t value; char code[SUND_CODE_MAX + 1]; bool used; } slot;
typedef struct numbers { slot *slot; size_t n, cap; } numbers;
typedef struct whose { int64_t id, year, month; } whose;

typedef struct omop {
    intake *in;
    char    path[N_EVENT][PATH], person[PATH], death[PATH], concept[PATH];
    size_t  table; /* of the events, which is being read */
    numbers concepts, people;
    whose  *whose; /* of the people's values */
    size_t  n_whose;
    bool    collecting;
} omop;

static slot *find(numbers *s, int64_t key)
{
    size_t at = (size_t) ((uint64_t) key * 0x9E3779B97F4A7C15u >> 20) & (s->cap - 1);

    while (s->cap && s->slot[at].used && s->slot[at].key != key)
        at = (at + 1) & (s->cap - 1);
    return s->cap ? &s->slot[at] : NULL;
}

static slot *get(numbers *s, int64_t key)
{
    slot *x = find(s, key);

    return x && x->used ? x : NULL;
}

static sund_code add(numbers *s, int64_t key, int64_t value, sund_err *err)
{
    slot *x;

    if (4 * (s->n + 1) > 3 * s->cap) {
        numbers more = { calloc(s->cap ? 2 * s->cap : 1024, sizeof *more.slot), s->n, s->cap ? 2 * s->cap : 1024 };

        if (!more.slot)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        for (size_t i = 0; i < s->cap; i++)
            if (s->slot[i].used)
                *find(&more, s->slot[i].key) = s->slot[i];
        free(s->slot);
        *s = more;
    }
    x = find(s, key);
    s->n += !x->used;
    x->used = true;
    x->key = key;
    x->value = value;
    return SUND_OK;
}

/* ---- files ---- */

/** "condition_occurrence.csv", in any case, packed or not: the name before its first dot. */
static bool is_table(const char *name, const char *table)
{
    size_t n = strlen(table);

    return strncasecmp(name, table, n) == 0 && (strcasecmp(name + n, ".csv") == 0 || strcasecmp(name + n, ".csv.gz") == 0 || strcasecmp(name + n, ".tsv") == 0 || strcasecmp(name + n, ".tsv.gz") == 0);
}

static sund_code place(omop *o, const char *path, sund_err *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char       *to = is_table(name, "person") ? o->person : is_table(name, "death") ? o->death : is_table(name, "concept") ? o->concept : NULL;

    for (size_t k = 0; !to && k < N_EVENT; k++)
        to = is_table(name, event[k].file) ? o->path[k] : NULL;
    if (!to) {
        intake_left(o->in, "files of other names", "");
        return SUND_OK;
    }
    if (to[0])
        return sund_fail(err, SUND_E_ARG, "%s: this table is there twice", name);
    if (snprintf(to, PATH, "%s", path) >= PATH)
        return sund_fail(err, SUND_E_LIMIT, "the path of %s is too long", name);
    o->in->report->n_file++;
    return SUND_OK;
}

static sund_code place_all(omop *o, const char *path, sund_err *err)
{
    struct stat     st;
    struct dirent **list = NULL;
    sund_code       rc = SUND_OK;
    int             n;

    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return place(o, path, err);
    n = scandir(path, &list, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char inner[PATH];

        if (rc == SUND_OK && list[i]->d_name[0] != '.' && (rc = sund_path_join(inner, sizeof inner, path, list[i]->d_name, err)) == SUND_OK)
            rc = place(o, inner, err);
        free(list[i]);
    }
    free(list);
    return n < 0 ? sund_fail(err, SUND_E_IO, "cannot read the folder %s", path) : rc;
}

/* ---- rows ---- */

static const char *field(const intake_csv *c, int column) { return column < 0 ? "" : c->field[column]; }

static int64_t number(const intake_csv *c, int column)
{
    int64_t v = 0;

    return sund_parse_i64(field(c, column), 0, INT64_MAX / 4, &v) ? v : 0;
}

static sund_code need(const intake_csv *c, const char *name, int *column, sund_err *err)
{
    *column = intake_csv_column(c, name);
    return *column >= 0 ? SUND_OK : sund_fail(err, SUND_E_FORMAT, "%s:1: there is no column %s", c->name, name);
}

/** The code of a concept into out: its vocabulary's where concept.csv has it, else OMOP's own number; false for concept 0, which is none. */
static bool code_of(omop *o, int64_t concept, char out[SUND_CODE_MAX + 1])
{
    const slot *s = get(&o->concepts, concept);

    if (concept == 0)
        return false;
    if (s && s->code[0])
        (void) snprintf(out, SUND_CODE_MAX + 1, "%s", s->code);
    else
        (void) snprintf(out, SUND_CODE_MAX + 1, "OMOP:%lld", (long long) concept);
    return true;
}

static sund_code collect(omop *o, int64_t concept, sund_err *err) { return concept && !get(&o->concepts, concept) ? add(&o->concepts, concept, 0, err) : SUND_OK; }

typedef struct person_columns { int id, source, gender, year, month, race, ethnicity; } person_columns;

static sund_code person_codes(omop *o, const intake_csv *c, const person_columns *k, sund_err *err)
{
    const int column[2] = { k->race, k->ethnicity };
    char      code[SUND_CODE_MAX + 1];

    for (int i = 0; i < 2; i++)
        if (code_of(o, number(c, column[i]), code))
            SUND_TRY(intake_record(o->in, i ? "person.ethnicity_concept_id" : "person.race_concept_id", SUND_RECORD_ETHNICITY, code, false, -1, err));
    return SUND_OK;
}

static sund_code person_row(omop *o, const intake_csv *c, const person_columns *k, sund_err *err)
{
    int64_t gender = number(c, k->gender), year = number(c, k->year), month = number(c, k->month), id = 0;
    whose  *more;

    if (o->collecting) {
        SUND_TRY(collect(o, number(c, k->race), err));
        return collect(o, number(c, k->ethnicity), err);
    }
    o->in->at = c->line;
    if (!sund_parse_i64(field(c, k->id), 0, INT64_MAX / 4, &id) || get(&o->people, id))
        return sund_fail(err, SUND_E_FORMAT, "%s:%zu: person_id is no number, or is there twice", c->name, c->line);
    SUND_TRY(intake_person(o->in, field(c, o->in->plan->by_document ? k->source : k->id), err));
    if (o->n_whose % 1024 == 0) {
        more = realloc(o->whose, (o->n_whose + 1024) * sizeof *more);
        if (!more)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        o->whose = more;
    }
    SUND_TRY(add(&o->people, id, (int64_t) o->n_whose, err));
    o->whose[o->n_whose++] = (whose){ o->in->person, year >= 1850 && year <= 2200 ? year : 0, month >= 1 && month <= 12 ? month : 0 };
    if (gender == 8507 || gender == 8532)
        SUND_TRY(intake_sex(o->in, gender == 8507 ? 1 : 2, err));
    else if (gender)
        intake_left(o->in, "person.gender_concept_id", "neither 8507 nor 8532");
    if (year >= 1850 && year <= 2200)
        SUND_TRY(intake_born(o->in, year, err));
    else if (field(c, k->year)[0])
        intake_left(o->in, "person.year_of_birth", "no year from 1850");
    return person_codes(o, c, k, err);
}

static sund_code person_table(omop *o, intake_csv *c, sund_err *err)
{
    person_columns k = { .source = intake_csv_column(c, "person_source_value"), .month = intake_csv_column(c, "month_of_birth"), .race = intake_csv_column(c, "race_concept_id"),
                         .ethnicity = intake_csv_column(c, "ethnicity_concept_id") };
    bool           more = false;
    sund_code      rc;

    SUND_TRY(need(c, "person_id", &k.id, err));
    SUND_TRY(need(c, "gender_concept_id", &k.gender, err));
    SUND_TRY(need(c, "year_of_birth", &k.year, err));
    if (o->in->plan->by_document)
        SUND_TRY(need(c, "person_source_value", &k.source, err));
    while ((rc = intake_csv_next(c, &more, err)) == SUND_OK && more)
        SUND_TRY(person_row(o, c, &k, err));
    return rc;
}

/** Whose row it is; NULL, and counted, when person.csv does not have them. */
static const whose *row_of(omop *o, const intake_csv *c, int column, const char *table)
{
    int64_t     id = 0;
    const slot *s = sund_parse_i64(field(c, column), 0, INT64_MAX / 4, &id) ? get(&o->people, id) : NULL;

    if (!s) {
        intake_left(o->in, table, "of nobody in person");
        return NULL;
    }
    o->in->person = o->whose[s->value].id;
    return &o->whose[s->value];
}

static int64_t onset_at(const whose *w, const char *date)
{
    int64_t year, month;

    if (!w->year || !intake_date(date, &year, &month))
        return -1;
    month = (year - w->year) * 12 + (month && w->month ? month - w->month : 0);
    return month >= 0 && month <= 150 * 12 ? month : -1;
}

typedef struct event_columns { int person, concept, source, date, value, unit, as_concept; } event_columns;

static sund_code measured(omop *o, const intake_csv *c, const event_columns *k, const char *code, sund_err *err)
{
    char           unit[SUND_CODE_MAX + 1] = "", *end = NULL;
    const char    *text = field(c, k->value);
    intake_measure m = { "measurement.value_as_number", code, unit, field(c, k->date), strtod(text, &end) };

    if (code_of(o, number(c, k->unit), unit) && strlen(unit) > 31)
        unit[31] = 0;
    if (text[0] && end && !*end && m.value == m.value)
        return intake_measured(o->in, &m, err);
    if (text[0])
        intake_left(o->in, "measurement.value_as_number", "no number");
    if (number(c, k->as_concept))
        intake_left(o->in, "measurement.value_as_concept_id", "");
    return intake_record(o->in, "measurement.measurement_concept_id", SUND_RECORD_MEASURE, code, false, -1, err);
}

static sund_code event_row(omop *o, const intake_csv *c, const event_columns *k, sund_err *err)
{
    const size_t  table = o->table;
    const int64_t concept[2] = { number(c, k->concept), number(c, k->source) };
    const whose  *w;
    char          code[SUND_CODE_MAX + 1], what[80];
    bool          any = false;

    if (o->collecting) {
        SUND_TRY(collect(o, concept[0], err));
        SUND_TRY(collect(o, number(c, k->unit), err));
        return collect(o, concept[1], err);
    }
    w = row_of(o, c, k->person, event[table].file);
    (void) snprintf(what, sizeof what, "%s.%s", event[table].file, event[table].concept);
    for (int i = 0; w && i < 2; i++) {
        if (!code_of(o, concept[i], code) || (i && concept[1] == concept[0]))
            continue;
        if (event[table].kind == SUND_RECORD_MEASURE && !any)
            SUND_TRY(measured(o, c, k, code, err));
        else
            SUND_TRY(intake_record(o->in, what, event[table].kind, code, false, event[table].kind == SUND_RECORD_DISEASE ? onset_at(w, field(c, k->date)) : -1, err));
        any = true;
    }
    if (w && !any)
        intake_left(o->in, what, "concept 0: not mapped to any");
    if (w && event[table].kind == SUND_RECORD_OBSERVATION && (field(c, k->value)[0] || number(c, k->as_concept)))
        intake_left(o->in, "observation.value_as_number, value_as_concept_id", "");
    return SUND_OK;
}

static sund_code event_table(omop *o, intake_csv *c, sund_err *err)
{
    const size_t  table = o->table;
    event_columns k = { .source = intake_csv_column(c, event[table].source), .date = intake_csv_column(c, event[table].date), .value = intake_csv_column(c, "value_as_number"),
                        .unit = intake_csv_column(c, "unit_concept_id"), .as_concept = intake_csv_column(c, "value_as_concept_id") };
    bool          more = false;
    sund_code     rc;

    SUND_TRY(need(c, "person_id", &k.person, err));
    SUND_TRY(need(c, event[table].concept, &k.concept, err));
    while ((rc = intake_csv_next(c, &more, err)) == SUND_OK && more)
        SUND_TRY(event_row(o, c, &k, err));
    return rc;
}

/** Who is not among the dead is alive, as far as this tells. */
static sund_code death_table(omop *o, intake_csv *c, sund_err *err)
{
    int       person, date = intake_csv_column(c, "death_date"), cause = intake_csv_column(c, "cause_concept_id");
    bool      more = false;
    int64_t   year, month;
    char      text[24];
    sund_code rc;

    SUND_TRY(need(c, "person_id", &person, err));
    for (size_t i = 0; i < o->n_whose; i++) {
        o->in->person = o->whose[i].id;
        SUND_TRY(intake_word(o->in, "death", &intake_deceased, "no", err));
    }
    while ((rc = intake_csv_next(c, &more, err)) == SUND_OK && more) {
        if (!row_of(o, c, person, "death"))
            continue;
        SUND_TRY(intake_word(o->in, "death", &intake_deceased, "yes", err));
        if (intake_date(field(c, date), &year, &month)) {
            (void) snprintf(text, sizeof text, "%lld", (long long) year);
            SUND_TRY(intake_word(o->in, "death.death_date", &intake_died, text, err));
        }
        if (number(c, cause))
            intake_left(o->in, "death.cause_concept_id", "");
    }
    return rc;
}

/** Codes of the concepts that occur. */
static sund_code concept_table(omop *o, intake_csv *c, sund_err *err)
{
    int       id, vocabulary, code;
    bool      more = false;
    sund_code rc;

    SUND_TRY(need(c, "concept_id", &id, err));
    SUND_TRY(need(c, "vocabulary_id", &vocabulary, err));
    SUND_TRY(need(c, "concept_code", &code, err));
    while ((rc = intake_csv_next(c, &more, err)) == SUND_OK && more) {
        slot *s = get(&o->concepts, number(c, id));
        char  text[200], kept[SUND_CODE_MAX + 1];

        if (!s)
            continue;
        (void) snprintf(text, sizeof text, "%.60s:%.100s", field(c, vocabulary), field(c, code));
        if (strcmp(field(c, vocabulary), "UCUM") == 0 && strlen(field(c, code)) <= SUND_CODE_MAX) /* a unit is compared letter by letter, whatever its signs */
            (void) snprintf(s->code, sizeof s->code, "%s", field(c, code));
        else if (sund_onto_code(text, strlen(text), kept))
            memcpy(s->code, kept, sizeof kept);
    }
    return rc;
}

typedef sund_code table_reader(omop *o, intake_csv *c, sund_err *err);

static sund_code with_table(omop *o, const char *path, table_reader *read, sund_err *err)
{
    intake_csv c;
    sund_code  rc;

    SUND_TRY(intake_csv_open(&c, path, err));
    memcpy(o->in->file, c.name, sizeof c.name);
    rc = read(o, &c, err);
    intake_csv_close(&c);
    return rc;
}

static sund_code pass(omop *o, sund_err *err)
{
    SUND_TRY(with_table(o, o->person, person_table, err));
    for (o->table = 0; o->table < N_EVENT; o->table++)
        if (o->path[o->table][0])
            SUND_TRY(with_table(o, o->path[o->table], event_table, err));
    return SUND_OK;
}

sund_code intake_omop(intake *in, sund_err *err)
{
    omop     *o = calloc(1, sizeof *o);
    sund_code rc = o ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (!o)
        return rc;
    o->in = in;
    for (size_t i = 0; i < in->plan->n_path && rc == SUND_OK; i++)
        rc = place_all(o, in->plan->path[i], err);
    if (rc == SUND_OK && !o->person[0])
        rc = sund_fail(err, SUND_E_NOT_FOUND, "there is no person.csv: give the folder with the CSV files of the tables");
    if (rc == SUND_OK && o->concept[0]) {
        o->collecting = true;
        rc = pass(o, err);
        if (rc == SUND_OK)
            rc = with_table(o, o->concept, concept_table, err);
        o->collecting = false;
    }
    if (rc == SUND_OK)
        rc = pass(o, err);
    if (rc == SUND_OK && o->death[0])
        rc = with_table(o, o->death, death_table, err);
    in->report->n_document = o->n_whose;
    free(o->concepts.slot);
    free(o->people.slot);
    free(o->whose);
    free(o);
    return rc;
}
