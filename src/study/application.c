#include "study/application.h"

#include "base/ini.h"
#include "base/log.h"
#include "base/text.h"
#include "people/people.h"
#include "study/analysis.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- the file ---- */

static const char *const known[] = { "application.title", "application.purpose", "application.analyses", "application.until", "application.number", "data.sets", "person.name", "person.affiliation", NULL };

static sund_code bad(const sund_ini *ini, const char *key, const char *why, sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "%s: [application] %s: %s", ini->name, key, why); }

static sund_code take(const sund_ini *ini, const char *key, char *out, size_t cap, sund_err *err)
{
    const char *v = sund_ini_get(ini, "application", key);

    if (!v || !*v || !sund_text_ok(v))
        return bad(ini, key, "give a value", err);
    return snprintf(out, cap, "%s", v) < (int) cap ? SUND_OK : bad(ini, key, "the value is too long", err);
}

static sund_code check_terms(const sund_application *a, const sund_ini *ini, sund_err *err)
{
    const sund_analysis *analysis;
    const char          *at = a->analyses, *number = sund_ini_get(ini, "application", "number");
    char                 x[80];
    size_t               n = 0;
    int64_t              v;

    if (strchr(a->purpose, ',') || (sund_purpose_check(a->purpose, NULL) != SUND_OK && !sund_consent_known(a->purpose)))
        return bad(ini, "purpose", "one DUO code, or a purpose as studies name it, is expected", err);
    if (!sund_agreement_day_ok(a->until))
        return bad(ini, "until", "a day such as 2027-12-31 is expected", err);
    if (number && !sund_parse_i64(number, 1, 1000000, &v))
        return bad(ini, "number", "a whole number from 1 to 1000000 is expected", err);
    for (; sund_list_next(&at, x, sizeof x); n++)
        if (strcmp(x, "any") != 0 && sund_analysis_find(x, &analysis, err) != SUND_OK)
            return sund_fail_in(err, SUND_E_FORMAT, "%s: [application] analyses", ini->name);
    return n ? SUND_OK : bad(ini, "analyses", "name at least one ('any' is all)", err);
}

/** Of a [data NODE] or [person N]. */
static sund_code take_item(sund_application *a, const sund_ini *ini, const sund_ini_item *it, sund_err *err)
{
    const char *why = NULL;
    int64_t     n;

    if (strcmp(it->section, "data") == 0) {
        if (a->n_data == SUND_NODE_MAX || !sund_id_ok(it->label) || sund_application_sets(a, it->label))
            why = "data sets are named under [data NODE], once for each node";
        else if (!it->value[0] || snprintf(a->data[a->n_data].sets, sizeof a->data->sets, "%s", it->value) >= (int) sizeof a->data->sets)
            why = "sets is a list of data sets";
        else
            (void) snprintf(a->data[a->n_data++].node, sizeof a->data->node, "%s", it->label);
    }
    else if (strcmp(it->section, "person") == 0) {
        if (!sund_parse_i64(it->label, 1, SUND_APPLICATION_PEOPLE, &n) || n < (int64_t) a->n_person || n > (int64_t) a->n_person + 1)
            why = "people are numbered in order: [person 1], [person 2], ..., at most 32";
        else if (!it->value[0] || !sund_text_ok(it->value) || strlen(it->value) > SUND_APPLICATION_TEXT)
            why = "a text of 1 to 200 bytes is expected";
        else {
            a->n_person = (size_t) n;
            (void) snprintf(strcmp(it->key, "name") == 0 ? a->person[n - 1].name : a->person[n - 1].affiliation, SUND_APPLICATION_TEXT + 1, "%s", it->value);
        }
    }
    else if (it->label[0]) {
        why = "[application] has no label";
    }
    return why ? sund_fail(err, SUND_E_FORMAT, "%s:%u: %s", ini->name, it->line, why) : SUND_OK;
}

static sund_code fill(sund_application *a, const sund_ini *ini, sund_err *err)
{
    SUND_TRY(sund_ini_known(ini, known, err));
    SUND_TRY(take(ini, "title", a->title, sizeof a->title, err));
    SUND_TRY(take(ini, "purpose", a->purpose, sizeof a->purpose, err));
    SUND_TRY(take(ini, "analyses", a->analyses, sizeof a->analyses, err));
    SUND_TRY(take(ini, "until", a->until, sizeof a->until, err));
    SUND_TRY(check_terms(a, ini, err));
    for (size_t i = 0; i < ini->n_item; i++)
        SUND_TRY(take_item(a, ini, &ini->item[i], err));
    for (size_t i = 0; i < a->n_person; i++)
        if (!a->person[i].name[0] || !a->person[i].affiliation[0])
            return sund_fail(err, SUND_E_FORMAT, "%s: [person %zu] needs name and affiliation", ini->name, i + 1);
    if (!a->n_data || !a->n_person)
        return sund_fail(err, SUND_E_FORMAT, "%s: at least one [data NODE] and [person 1], who applies, are needed", ini->name);
    return SUND_OK;
}

sund_code sund_application_parse(sund_application *a, const char *name, const void *p, size_t n, sund_err *err)
{
    sund_ini  ini = { 0 };
    sund_code rc;

    memset(a, 0, sizeof *a);
    if (n > SUND_STUDY_MAX_BYTES)
        return sund_fail(err, SUND_E_LIMIT, "%s: an application has at most %d bytes", name, SUND_STUDY_MAX_BYTES);
    SUND_TRY(sund_ini_parse(&ini, name, p, n, err));
    rc = fill(a, &ini, err);
    sund_ini_free(&ini);
    a->digest = sund_digest_of(p, n);
    return rc;
}

const char *sund_application_sets(const sund_application *a, const char *node)
{
    for (size_t i = 0; i < a->n_data; i++)
        if (strcmp(a->data[i].node, node) == 0)
            return a->data[i].sets;
    return NULL;
}

int64_t sund_application_end(const sund_application *a)
{
    struct tm t = { 0 };

    (void) sscanf(a->until, "%4d-%2d-%2d", &t.tm_year, &t.tm_mon, &t.tm_mday);
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    return (int64_t) timegm(&t) + 86400;
}

/* ---- messages ---- */

sund_code sund_application_signed(const sund_roster *roster, const sund_envelope *e, sund_cur body, sund_submit *out, sund_application *a, sund_err *err)
{
    const sund_member *m = sund_roster_find(roster, e->from, SUND_ROLE_RESEARCHER);
    sund_digest        got = sund_digest_of(body.p, body.n);
    char               own[SUND_ID_MAX + 1];
    bool               member;

    if (e->kind != SUND_MSG_APPLY || !sund_digest_eq(&got, &e->body) || e->n_body != body.n)
        return sund_fail(err, SUND_E_DENIED, "the application of %s was altered", e->from);
    SUND_TRY(sund_submit_read(SUND_MSG_SUBMIT_LOGIN, body, out, err));
    out->login = out->tokens.n > 0;
    sund_id_of_key(&out->key, own);
    member = m && memcmp(m->sign.b, out->key.b, sizeof out->key.b) == 0;
    if (!member && (!out->login || strcmp(e->from, own) != 0))
        return sund_fail(err, SUND_E_DENIED, "%s is not the name of the key that signs the application", e->from);
    SUND_TRY(sund_envelope_check_key(e, &out->key, err));
    SUND_TRY(sund_application_parse(a, "application", out->text.p, out->text.n, err));
    return sund_digest_eq(&a->digest, &e->about) ? SUND_OK : sund_fail(err, SUND_E_DENIED, "the application's text is not the one its name stands for");
}

void sund_withdrawal_write(const char *reason, sund_buf *out) { sund_buf_str(out, reason); }

sund_code sund_withdrawal_signed(const sund_envelope *e, sund_cur body, const sund_digest *d, const char *from, const sund_pub *key, char reason[SUND_APPLICATION_TEXT + 1], sund_err *err)
{
    sund_digest got = sund_digest_of(body.p, body.n);

    if (e->kind != SUND_MSG_APPLY_WITHDRAW || !sund_digest_eq(&e->about, d) || !sund_digest_eq(&got, &e->body) || e->n_body != body.n)
        return sund_fail(err, SUND_E_DENIED, "the withdrawal of an application by %s was altered", e->from);
    if (strcmp(e->from, from) != 0)
        return sund_fail(err, SUND_E_DENIED, "application %.12s is not one that %s can withdraw: %s applied", sund_digest_hex(d).s, e->from, from);
    SUND_TRY(sund_envelope_check_key(e, key, err));
    (void) sund_cur_str(&body, reason, SUND_APPLICATION_TEXT + 1);
    body.bad |= !sund_text_ok(reason);
    return sund_cur_end(&body, "the withdrawal of an application", err);
}

const char *sund_application_state_name(sund_application_state s)
{
    static const char *const name[] = { "", "waits", "approved", "refused", "revoked", "expired", "withdrawn" };

    return name[s];
}

void sund_application_word_write(const sund_digest *d, const sund_application_word *w, sund_buf *out)
{
    sund_buf_put(out, d->b, sizeof d->b);
    sund_buf_u8(out, (uint8_t) w->state);
    sund_buf_str(out, w->received);
    sund_buf_str(out, w->deadline);
    sund_buf_str(out, w->reason);
}

sund_code sund_application_word_read(sund_cur body, sund_digest *d, sund_application_word *w, sund_err *err)
{
    memset(w, 0, sizeof *w);
    (void) sund_cur_copy(&body, d->b, sizeof d->b);
    w->state = (sund_application_state) sund_cur_u8(&body);
    (void) sund_cur_str(&body, w->received, sizeof w->received);
    (void) sund_cur_str(&body, w->deadline, sizeof w->deadline);
    (void) sund_cur_str(&body, w->reason, sizeof w->reason);
    body.bad |= w->state < SUND_APPLICATION_WAITS || w->state > SUND_APPLICATION_WITHDRAWN || !sund_text_ok(w->received) || !sund_agreement_day_ok(w->deadline) || !sund_text_ok(w->reason);
    return sund_cur_end(&body, "a word on an application", err);
}
