#include "exchange/interpretations.h"

#include "base/log.h"
#include "base/text.h"
#include "exchange/clinvar_record.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sund_interpretations { sund_db *db; };

static const char *const schema =
    "CREATE TABLE IF NOT EXISTS about(one INTEGER PRIMARY KEY CHECK(one=1), assembly INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS entry(id INTEGER PRIMARY KEY, contig INTEGER NOT NULL, pos INTEGER NOT NULL, variant TEXT NOT NULL, gene TEXT NOT NULL, condition TEXT NOT NULL,"
    " laboratory TEXT NOT NULL, last INTEGER NOT NULL,"
    " UNIQUE(variant, gene, condition, laboratory)) STRICT;"
    "CREATE TABLE IF NOT EXISTS version(entry INTEGER NOT NULL REFERENCES entry(id), number INTEGER NOT NULL, acmg INTEGER NOT NULL, criteria TEXT NOT NULL, evidence TEXT NOT NULL,"
    " date TEXT NOT NULL, method TEXT NOT NULL, reference TEXT NOT NULL, share INTEGER NOT NULL, standing INTEGER NOT NULL, time TEXT NOT NULL, why TEXT NOT NULL,"
    " PRIMARY KEY(entry, number)) STRICT, WITHOUT ROWID;";

static const char *const share_name[] = { "", "local", "agreement", "federation", "public" };

const char *sund_share_name(sund_share s) { return s >= SUND_SHARE_LOCAL && s <= SUND_SHARE_PUBLIC ? share_name[s] : ""; }

sund_share sund_share_parse(const char *s)
{
    for (int k = SUND_SHARE_LOCAL; k <= SUND_SHARE_PUBLIC; k++)
        if (strcmp(s, share_name[k]) == 0)
            return (sund_share) k;
    return SUND_SHARE_NONE;
}

const char *sund_entry_state_name(sund_entry_state s) { return s == SUND_STANDS_ACTIVE ? "active" : s == SUND_STANDS_REVIEWED ? "reviewed" : "withdrawn"; }

bool sund_day_ok(const char *s)
{
    static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int              y, m, d;

    if (strlen(s) != 10)
        return false;
    for (size_t i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? s[i] != '-' : !isdigit((unsigned char) s[i]))
            return false;
    y = (s[0] - '0') * 1000 + (s[1] - '0') * 100 + (s[2] - '0') * 10 + s[3] - '0';
    m = (s[5] - '0') * 10 + s[6] - '0';
    d = (s[8] - '0') * 10 + s[9] - '0';
    return y >= 1900 && m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1] && (m != 2 || d < 29 || (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)));
}

/** Digits behind a letter, '_' or ':' that follows letters are a citation's or a sequence's: PMID:25741868, SCV000123456, NM_000059.3, rs80359550. Those behind a blank are not. */
static bool cited(const char *s, size_t at)
{
    size_t i = at;

    if (i && (s[i - 1] == ':' || s[i - 1] == '_'))
        i--;
    return i && isalpha((unsigned char) s[i - 1]);
}

/** Decimal digits from s. */
static size_t digits(const char *s) { return strspn(s, "0123456789"); }

/** A date anywhere in a run of digits and signs: 1980-01-02, 2.1.1980, 02/01/1980. */
static bool is_date(const char *s)
{
    size_t a = digits(s), b, c;
    char   sign = s[a];

    if (a == 0 || a > 4 || !sign || !strchr("-./", sign))
        return false;
    b = digits(s + a + 1);
    if (b == 0 || b > 2 || s[a + 1 + b] != sign)
        return false;
    c = digits(s + a + b + 2);
    return (a == 4 && (c == 1 || c == 2)) || (a <= 2 && (c == 2 || c == 4));
}

bool sund_text_impersonal(const char *s, const char **why)
{
    *why = NULL;
    for (size_t i = 0; s[i]; i++) {
        size_t n = digits(s + i);

        if (s[i] == '@')
            *why = "an e-mail address";
        if (!n)
            continue;
        if (!cited(s, i)) {
            if (is_date(s + i))
                *why = "a whole date, which belongs into the field for it; a person's has no place here";
            if (n >= 9)
                *why = "a number of nine digits or more, like those that persons have; write PMID:, OMIM: and so on before a citation's";
            if (n >= 6 && s[i + n] && strchr("-+A", s[i + n]) && digits(s + i + n + 1) >= 3)
                *why = "a number like those that states give to persons";
        }
        if (*why)
            return false;
        i += n - 1;
    }
    return !*why;
}

static bool condition_ok(const char *s)
{
    const char *colon = strchr(s, ':');

    if (!s[0])
        return true;
    for (const char *c = s; *c; c++)
        if (!isalnum((unsigned char) *c) && !strchr("_.:-", *c))
            return false;
    return colon && colon != s && colon[1];
}

static bool gene_ok(const char *s)
{
    for (; *s; s++)
        if (!isalnum((unsigned char) *s) && !strchr("-_.@", *s))
            return false;
    return true;
}

sund_code sund_interpretation_check(const sund_interpretation *e, sund_err *err)
{
    const struct { const char *name, *text; bool free; } field[] = {
        { "criteria", e->criteria, true }, { "evidence", e->evidence, true }, { "laboratory", e->laboratory, false }, { "method", e->method, false }, { "reference", e->reference, false }, { "why", e->why, true },
    };
    const char *why;

    for (size_t k = 0; k < sizeof field / sizeof field[0]; k++) {
        if (!sund_text_ok(field[k].text))
            return sund_fail(err, SUND_E_FORMAT, "%s has characters that are no text", field[k].name);
        if (field[k].free && !sund_text_impersonal(field[k].text, &why))
            return sund_fail(err, SUND_E_FORMAT, "%s has %s", field[k].name, why);
    }
    if (!e->variant[0] || !e->laboratory[0])
        return sund_fail(err, SUND_E_FORMAT, "variant and laboratory are needed");
    if (e->acmg < SUND_ACMG_B || e->acmg > SUND_ACMG_P)
        return sund_fail(err, SUND_E_FORMAT, "the class is none of B, LB, VUS, LP, P");
    if (e->share < SUND_SHARE_LOCAL || e->share > SUND_SHARE_PUBLIC)
        return sund_fail(err, SUND_E_FORMAT, "share is local, agreement, federation or public");
    if (!gene_ok(e->gene))
        return sund_fail(err, SUND_E_FORMAT, "the gene is no symbol");
    if (!condition_ok(e->condition))
        return sund_fail(err, SUND_E_FORMAT, "the condition is a code such as OMIM:604370, or empty");
    if (e->date[0] && !sund_day_ok(e->date))
        return sund_fail(err, SUND_E_FORMAT, "the date is no day such as 2024-05-17");
    return SUND_OK;
}

sund_code sund_interpretations_open(sund_interpretations **s, const char *path, sund_err *err)
{
    sund_interpretations *got = calloc(1, sizeof *got);
    sund_code             rc;

    if (!got)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    rc = sund_db_open(&got->db, path, schema, err);
    if (rc == SUND_OK)
        *s = got;
    else
        free(got);
    return rc;
}

void sund_interpretations_close(sund_interpretations *s)
{
    if (!s)
        return;
    sund_db_close(s->db);
    free(s);
}

sund_code sund_interpretations_assembly(sund_interpretations *s, sund_assembly *out, sund_err *err)
{
    int64_t a = 0;

    SUND_TRY(sund_db_i64(s->db, &a, 0, err, "SELECT assembly FROM about", ""));
    *out = (sund_assembly) a;
    return SUND_OK;
}

sund_code sund_interpretations_assembly_set(sund_interpretations *s, sund_assembly a, sund_err *err)
{
    sund_assembly has = SUND_ASSEMBLY_NONE;

    SUND_TRY(sund_interpretations_assembly(s, &has, err));
    if (has == a)
        return SUND_OK;
    if (has)
        return sund_fail(err, SUND_E_MISMATCH, "this home's interpretations are on %s, these are on %s: places are never carried over between assemblies", sund_assembly_name(has), sund_assembly_name(a));
    return sund_db_run(s->db, err, "INSERT INTO about(one, assembly) VALUES(1,?)", "i", (int64_t) a);
}

sund_code sund_interpretations_begin(sund_interpretations *s, sund_err *err) { return sund_db_part(s->db, err); }
sund_code sund_interpretations_end(sund_interpretations *s, bool keep, sund_code rc, sund_err *err) { return sund_db_part_end(s->db, keep, rc, err); }

static sund_code add_version(sund_interpretations *s, int64_t id, int64_t number, const sund_interpretation *e, const char *why, sund_err *err)
{
    char now[32];

    sund_time_text(now);
    SUND_TRY(sund_db_run(s->db, err, "INSERT INTO version(entry, number, acmg, criteria, evidence, date, method, reference, share, standing, time, why) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", "iiitttttiitt", id,
                         number, (int64_t) e->acmg, e->criteria, e->evidence, e->date, e->method, e->reference, (int64_t) e->share, (int64_t) e->standing, now, why));
    return sund_db_run(s->db, err, "UPDATE entry SET last=? WHERE id=?", "ii", number, id);
}

static void copy(char *to, size_t cap, const char *from) { (void) snprintf(to, cap, "%s", from); }

#define COLUMNS "e.id, v.number, e.variant, e.gene, e.condition, e.laboratory, v.acmg, v.criteria, v.evidence, v.date, v.method, v.reference, v.share, v.standing, v.time, v.why"

static void take(sund_rows *r, sund_interpretation *e)
{
    memset(e, 0, sizeof *e);
    e->id = sund_rows_i64(r, 0);
    e->number = sund_rows_i64(r, 1);
    copy(e->variant, sizeof e->variant, sund_rows_text(r, 2));
    copy(e->gene, sizeof e->gene, sund_rows_text(r, 3));
    copy(e->condition, sizeof e->condition, sund_rows_text(r, 4));
    copy(e->laboratory, sizeof e->laboratory, sund_rows_text(r, 5));
    e->acmg = (sund_acmg) sund_rows_i64(r, 6);
    copy(e->criteria, sizeof e->criteria, sund_rows_text(r, 7));
    copy(e->evidence, sizeof e->evidence, sund_rows_text(r, 8));
    copy(e->date, sizeof e->date, sund_rows_text(r, 9));
    copy(e->method, sizeof e->method, sund_rows_text(r, 10));
    copy(e->reference, sizeof e->reference, sund_rows_text(r, 11));
    e->share = (sund_share) sund_rows_i64(r, 12);
    e->standing = (sund_entry_state) sund_rows_i64(r, 13);
    copy(e->time, sizeof e->time, sund_rows_text(r, 14));
    copy(e->why, sizeof e->why, sund_rows_text(r, 15));
}

/** The current version of one entry. */
static sund_code current(sund_interpretations *s, int64_t id, sund_interpretation *e, sund_err *err)
{
    sund_rows *r = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(s->db, &r, err, "SELECT " COLUMNS " FROM entry e JOIN version v ON v.entry=e.id AND v.number=e.last WHERE e.id=?", "i", id));
    rc = sund_rows_next(r, &more, err);
    if (rc == SUND_OK && !more)
        rc = sund_fail(err, SUND_E_NOT_FOUND, "there is no entry %lld; 'sund interpret list' shows their numbers", (long long) id);
    if (rc == SUND_OK)
        take(r, e);
    sund_rows_close(r);
    return rc;
}

static bool same(const sund_interpretation *a, const sund_interpretation *b)
{
    return a->acmg == b->acmg && a->share == b->share && strcmp(a->criteria, b->criteria) == 0 && strcmp(a->evidence, b->evidence) == 0 && strcmp(a->date, b->date) == 0 &&
           strcmp(a->method, b->method) == 0 && strcmp(a->reference, b->reference) == 0;
}

static sund_code place_of(const char *variant, int64_t *contig, int64_t *pos, sund_err *err)
{
    sund_buf     alleles = { 0 };
    sund_variant v = { 0 };
    sund_code    rc = sund_variant_parse(variant, &v, &alleles, err);

    *contig = v.contig;
    *pos = v.pos_bp;
    sund_buf_free(&alleles);
    return rc;
}

/** What a register tells again, of the day when it was submitted there, gives way to what the laboratory itself has said here since. */
static bool yields(const sund_interpretation *told, const sund_interpretation *now)
{
    int later = strcmp(now->date, told->date);

    return now->standing == SUND_STANDS_WITHDRAWN || later > 0 || (later == 0 && now->acmg == told->acmg && (now->criteria[0] || now->standing == SUND_STANDS_REVIEWED));
}

sund_code sund_interpretation_put(sund_interpretations *s, const sund_interpretation *e, sund_put *what, sund_err *err)
{
    sund_interpretation now, next = *e;
    int64_t             id = 0, contig, pos;

    next.why[0] = 0;
    next.standing = SUND_STANDS_ACTIVE;
    SUND_TRY(sund_interpretation_check(&next, err));
    SUND_TRY(sund_db_i64(s->db, &id, 0, err, "SELECT id FROM entry WHERE variant=? AND gene=? AND condition=? AND laboratory=?", "tttt", e->variant, e->gene, e->condition, e->laboratory));
    if (!id) {
        SUND_TRY(place_of(e->variant, &contig, &pos, err));
        SUND_TRY(sund_db_run(s->db, err, "INSERT INTO entry(contig, pos, variant, gene, condition, laboratory, last) VALUES(?,?,?,?,?,?,0)", "iitttt", contig, pos, e->variant, e->gene, e->condition,
                             e->laboratory));
        *what = SUND_PUT_NEW;
        return add_version(s, sund_db_last_id(s->db), 1, &next, "", err);
    }
    SUND_TRY(current(s, id, &now, err));
    if (!next.reference[0] && strncmp(now.reference, "SCV", 3) == 0)
        copy(next.reference, sizeof next.reference, now.reference);
    if (same(&now, &next) && now.standing != SUND_STANDS_WITHDRAWN) {
        *what = SUND_PUT_SAME;
        return SUND_OK;
    }
    *what = e->second_hand && yields(&next, &now) ? SUND_PUT_KEPT : SUND_PUT_CHANGED;
    return *what == SUND_PUT_KEPT ? SUND_OK : add_version(s, id, now.number + 1, &next, "", err);
}

/** A new version of an entry that stands. */
static sund_code change(sund_interpretations *s, int64_t id, sund_acmg acmg, const char *date, sund_entry_state standing, const char *why, sund_err *err)
{
    sund_interpretation e;

    SUND_TRY(current(s, id, &e, err));
    if (e.standing == SUND_STANDS_WITHDRAWN)
        return sund_fail(err, SUND_E_ARG, "entry %lld was withdrawn on %.10s; it can be imported again", (long long) id, e.time);
    if (strlen(why) >= sizeof e.why)
        return sund_fail(err, SUND_E_ARG, "the reason is longer than %zu bytes", sizeof e.why - 1);
    if (date && strlen(date) >= sizeof e.date)
        return sund_fail(err, SUND_E_ARG, "the date is no day such as 2024-05-17");
    copy(e.why, sizeof e.why, why);
    if (date)
        copy(e.date, sizeof e.date, date);
    if (acmg != SUND_ACMG_NONE)
        e.acmg = acmg;
    e.standing = standing;
    SUND_TRY(sund_interpretation_check(&e, err));
    return add_version(s, id, e.number + 1, &e, why, err);
}

sund_code sund_interpretation_review(sund_interpretations *s, int64_t id, sund_acmg acmg, const char *date, const char *why, sund_err *err)
{
    sund_code rc;

    SUND_TRY(sund_db_part(s->db, err));
    rc = change(s, id, acmg, date, SUND_STANDS_REVIEWED, why, err);
    return sund_db_part_end(s->db, true, rc, err);
}

sund_code sund_interpretation_withdraw(sund_interpretations *s, int64_t id, const char *why, sund_err *err)
{
    sund_code rc;

    SUND_TRY(sund_db_part(s->db, err));
    rc = change(s, id, SUND_ACMG_NONE, NULL, SUND_STANDS_WITHDRAWN, why, err);
    return sund_db_part_end(s->db, true, rc, err);
}

sund_code sund_interpretation_refer(sund_interpretations *s, int64_t id, const char *laboratory, const char *variant, const char *reference, sund_put *what, sund_err *err)
{
    sund_interpretation e;
    char                has[16];

    SUND_TRY(current(s, id, &e, err));
    if (strcmp(e.laboratory, laboratory) != 0)
        return sund_fail(err, SUND_E_MISMATCH, "entry %lld is not of '%.80s'", (long long) id, laboratory);
    if (variant[0] && strcmp(e.variant, variant) != 0)
        return sund_fail(err, SUND_E_MISMATCH, "entry %lld is of another variant, %.60s", (long long) id, e.variant);
    if (reference[0] && sund_scv(e.reference, has) && strncmp(reference, has, strlen(has)) != 0)
        return sund_fail(err, SUND_E_MISMATCH, "entry %lld has another accession, %s, and ClinVar gives each for good; if it is wrong, import the entry with the right one as its reference", (long long) id, has);
    *what = strcmp(e.reference, reference) == 0 ? SUND_PUT_SAME : SUND_PUT_CHANGED;
    if (*what == SUND_PUT_SAME)
        return SUND_OK;
    copy(e.reference, sizeof e.reference, reference);
    return add_version(s, id, e.number + 1, &e, e.why, err);
}

sund_code sund_interpretations_each(sund_interpretations *s, const sund_interpretation_query *q, sund_interpretation_each each, void *ctx, sund_err *err)
{
    static const char *const sql = "SELECT " COLUMNS " FROM entry e JOIN version v ON v.entry=e.id WHERE (?1 OR v.number=e.last) AND (?2='' OR e.variant=?2) AND (?3='' OR e.gene=?3)"
                                   " AND (?4='' OR e.laboratory=?4) AND (?5=0 OR e.id=?5) AND (?6 OR v.standing<>3) ORDER BY e.contig, e.pos, e.variant, e.gene, e.condition, e.laboratory, v.number";
    static const char *const of_variant = "SELECT " COLUMNS " FROM entry e JOIN version v ON v.entry=e.id AND v.number=e.last WHERE e.variant=? AND (? OR v.standing<>3)"
                                          " ORDER BY e.gene, e.condition, e.laboratory";
    const char         *variant = q->variant ? q->variant : "", *gene = q->gene ? q->gene : "", *lab = q->laboratory ? q->laboratory : "";
    sund_interpretation e;
    sund_rows          *r = NULL;
    bool                more = false;
    sund_code           rc;

    if (variant[0] && !gene[0] && !lab[0] && !q->id && !q->history) /* what is asked all day goes by the index */
        SUND_TRY(sund_db_query(s->db, &r, err, of_variant, "ti", variant, (int64_t) q->withdrawn));
    else
        SUND_TRY(sund_db_query(s->db, &r, err, sql, "itttii", (int64_t) q->history, variant, gene, lab, q->id, (int64_t) q->withdrawn));
    while ((rc = sund_rows_next(r, &more, err)) == SUND_OK && more) {
        take(r, &e);
        SUND_GO(each(ctx, &e, err));
    }
out:
    sund_rows_close(r);
    return rc;
}

typedef struct discords {
    sund_discord d;
    sund_code (*each)(void *ctx, const sund_discord *d, sund_err *err);
    void *ctx;
} discords;

static sund_code flush(discords *f, sund_err *err)
{
    sund_acmg unused;

    f->d.vkgl = sund_vkgl_of(f->d.set, &unused);
    return f->d.n && sund_acmg_discordant(f->d.set) ? f->each(f->ctx, &f->d, err) : SUND_OK;
}

static sund_code gather(void *ctx, const sund_interpretation *e, sund_err *err)
{
    discords *f = ctx;

    if (strcmp(f->d.variant, e->variant) != 0) {
        SUND_TRY(flush(f, err));
        copy(f->d.variant, sizeof f->d.variant, e->variant);
        f->d.set = 0;
        f->d.n = 0;
    }
    f->d.set |= sund_acmg_bit(e->acmg);
    f->d.n++;
    return SUND_OK;
}

sund_code sund_interpretations_discordant(sund_interpretations *s, const char *gene, sund_code (*each)(void *ctx, const sund_discord *d, sund_err *err), void *ctx, sund_err *err)
{
    const sund_interpretation_query q = { .gene = gene };
    discords                        f = { .each = each, .ctx = ctx };

    SUND_TRY(sund_interpretations_each(s, &q, gather, &f, err));
    return flush(&f, err);
}

bool sund_interpretation_may(const sund_interpretation *e, sund_asker who)
{
    switch (who) {
    case SUND_ASKER_OWN: return true;
    case SUND_ASKER_AGREEMENT: return e->standing != SUND_STANDS_WITHDRAWN && e->share >= SUND_SHARE_AGREEMENT;
    case SUND_ASKER_FEDERATION: return e->standing != SUND_STANDS_WITHDRAWN && e->share >= SUND_SHARE_FEDERATION;
    case SUND_ASKER_PUBLIC: break;
    }
    return e->standing != SUND_STANDS_WITHDRAWN && e->share == SUND_SHARE_PUBLIC;
}

void sund_interpretation_said(const sund_interpretation *e, sund_json *j)
{
    sund_json_str(j, "criteria", e->criteria);
    sund_json_str(j, "evidence", e->evidence);
    sund_json_str(j, "date", e->date);
    sund_json_str(j, "laboratory", e->laboratory);
    sund_json_str(j, "method", e->method);
    sund_json_str(j, "reference", e->reference);
}

typedef struct showing {
    sund_json    *j;
    sund_asker    who;
    sund_acmg_set set;
    size_t        n;
} showing;

static sund_code show(void *ctx, const sund_interpretation *e, sund_err *err)
{
    showing *f = ctx;

    (void) err;
    if (!sund_interpretation_may(e, f->who))
        return SUND_OK;
    if (e->standing != SUND_STANDS_WITHDRAWN)
        f->set |= sund_acmg_bit(e->acmg);
    if (f->n++ >= SUND_INTERPRETATIONS_SHOWN)
        return SUND_OK;
    sund_json_open(f->j, NULL, '{');
    sund_json_str(f->j, "class", sund_acmg_code(e->acmg));
    sund_json_str(f->j, "gene", e->gene);
    sund_json_str(f->j, "condition", e->condition);
    sund_interpretation_said(e, f->j);
    sund_json_str(f->j, "standing", sund_entry_state_name(e->standing));
    sund_json_close(f->j, '}');
    return SUND_OK;
}

sund_code sund_interpretations_shown(sund_interpretations *s, const char *variant, sund_asker who, sund_json *j, const char *key, sund_acmg_set *set, size_t *n_more, sund_err *err)
{
    const sund_interpretation_query q = { .variant = variant, .withdrawn = who == SUND_ASKER_OWN };
    showing                         f = { j, who, 0, 0 };

    sund_json_open(j, key, '[');
    SUND_TRY(sund_interpretations_each(s, &q, show, &f, err));
    sund_json_close(j, ']');
    *set = f.set;
    *n_more = f.n > SUND_INTERPRETATIONS_SHOWN ? f.n - SUND_INTERPRETATIONS_SHOWN : 0;
    return sund_buf_ok(j->out, err);
}
