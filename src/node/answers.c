#include "node/answers.h"

#include "base/log.h"
#include "home/link.h"
#include "node/again.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sund_code sund_answerer_open(sund_answerer *a, const char *dir, sund_describing *d, sund_err *err)
{
    char path[2048];

    memset(a, 0, sizeof *a);
    a->describing = d;
    a->query = calloc(1, sizeof *a->query);
    if (!a->query)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_TRY(sund_home_open(&a->home, dir, SUND_HOME_ROSTER | SUND_HOME_STATE | SUND_HOME_DATA, err));
    SUND_TRY(sund_clinical_open(&a->clinical, &a->home, err));
    SUND_TRY(sund_home_path(&a->home, "counts.db", path, sizeof path, err));
    SUND_TRY(sund_db_open(&a->counts, path, "", err));
    SUND_TRY(sund_counted_open(a->counts, err));
    return sund_lookup_open(&a->seat, &a->home, err);
}

void sund_answerer_close(sund_answerer *a)
{
    sund_terms_close(&a->terms);
    sund_roll_free(&a->roll);
    sund_lookup_close(&a->seat);
    sund_db_close(a->counts);
    sund_clinical_close(&a->clinical);
    sund_home_close(&a->home);
    free(a->query);
    memset(a, 0, sizeof *a);
}

/* ---- variants ---- */

static sund_code add_variant(sund_answerer *a, const sund_variant *v, bool named, sund_shown *s, sund_err *err)
{
    sund_lookup_counts own = { .status = SUND_LOOKUP_REFUSED };
    sund_buf           name = { 0 };
    sund_code          rc = sund_lookup_own(&a->seat, v, &own, err);

    sund_variant_print(v, &name);
    sund_buf_nul(&name);
    if (rc == SUND_OK)
        rc = sund_buf_ok(&name, err);
    if (rc == SUND_OK && name.n < SUND_SHOWN_NAME_MAX)
        rc = sund_shown_add(s, (const char *) name.p, &own, named, err);
    sund_buf_free(&name);
    return rc;
}

/** Those of a region that the store has, the first SUND_SHOWN_ROWS that may be shown. */
static sund_code add_region(sund_answerer *a, const sund_query *q, sund_shown *s, sund_err *err)
{
    const sund_store *store = a->home.store;
    size_t            n = sund_store_describe(store)->n_site;
    sund_site         site;

    for (size_t j = sund_store_from(store, q->region.contig, sund_query_from(q)); j < n; j++) {
        sund_store_site(store, j, &site);
        if (site.v.contig != q->region.contig || site.v.pos_bp >= q->region.to_bp)
            break;
        if (!sund_query_takes(q, &site.v))
            continue;
        if (sund_shown_n(s) == SUND_SHOWN_ROWS) {
            sund_shown_more(s);
            break;
        }
        SUND_TRY(add_variant(a, &site.v, false, s, err));
    }
    return sund_store_sound(store, err); /* whether the region is as it seemed */
}

static sund_code variants(sund_answerer *a, const char *rest, sund_shown **out, sund_err *err)
{
    sund_query *q = a->query;
    sund_shown *s = NULL;
    sund_code   rc = sund_query_parse(q, rest, err);

    if (rc == SUND_OK)
        rc = sund_assembly_fits(q->assembly, sund_store_describe(a->home.store)->assembly, err);
    if (rc == SUND_OK)
        rc = sund_lookup_refresh(&a->seat, err);
    if (rc == SUND_OK)
        rc = sund_shown_variants(a->home.gate, (int64_t) a->seat.n, &s, err);
    for (size_t i = 0; rc == SUND_OK && i < q->n_name; i++)
        rc = add_variant(a, &q->name[i], true, s, err);
    if (rc == SUND_OK && !q->n_name)
        rc = add_region(a, q, s, err);
    sund_query_free(q);
    if (rc == SUND_OK)
        *out = s;
    else
        sund_shown_free(s);
    return rc;
}

/* ---- people ---- */

/** Bit i: the person of internal number i. */
static sund_code set_bits(const sund_person_set *set, uint64_t **out, size_t *n_word, sund_err *err)
{
    int64_t top = 0;

    for (size_t i = 0; i < set->n; i++)
        top = set->id[i] > top ? set->id[i] : top;
    *n_word = (size_t) top / 64 + 1;
    *out = calloc(*n_word, 8);
    if (!*out)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for people");
    for (size_t i = 0; i < set->n; i++)
        (*out)[set->id[i] / 64] |= 1ULL << (set->id[i] % 64);
    return SUND_OK;
}

static sund_code people(sund_answerer *a, const char *rest, sund_shown **out, sund_err *err)
{
    sund_person_set set = { 0 };
    sund_cohort    *c = NULL;
    sund_buf        definition = { 0 };
    uint64_t       *bits = NULL;
    size_t          n_word = 0;
    sund_err        why = { SUND_OK, "" };
    sund_code       rc;

    if (sund_cohort_parse(&c, rest, &why) != SUND_OK)
        return sund_fail(err, SUND_E_ARG, "%s", why.msg); /* the asker's slip, no damage here */
    sund_cohort_print(c, &definition);
    sund_buf_nul(&definition);
    rc = sund_buf_ok(&definition, err);
    if (rc == SUND_OK)
        rc = sund_people_select(a->home.people, c, a->home.lookup, &set, err);
    if (rc == SUND_OK)
        rc = set_bits(&set, &bits, &n_word, err);
    if (rc == SUND_OK)
        rc = sund_counted(a->counts, a->home.gate, (const char *) definition.p, bits, n_word, (int64_t) set.n, out, err);
    free(bits);
    sund_buf_free(&definition);
    sund_person_set_free(&set);
    sund_cohort_free(c);
    return rc;
}

/** For whoever has not logged in: of open data alone. */
static sund_code public_people(sund_answerer *a, const char *rest, sund_shown **out, sund_err *err)
{
    sund_shown *s = NULL;
    sund_code   rc;

    if (!a->home.thresholds.open)
        return sund_fail(err, SUND_E_DENIED, "people are counted for whoever has logged in");
    SUND_TRY(people(a, rest, &s, err));
    rc = sund_shown_people(a->home.gate, SUND_ASK_PUBLIC, sund_shown_count(s), out, err);
    sund_shown_free(s);
    return rc;
}

static sund_code carriers(sund_answerer *a, const char *rest, sund_shown **out, sund_err *err) { return sund_answer_carriers(&a->roll, &a->seat, a->counts, a->query, rest, out, err); }

/* ---- data sets ---- */

static sund_code datasets(sund_answerer *a, const char *rest, sund_shown **out, sund_err *err) { return sund_answer_datasets(a->describing, &a->home, rest, out, err); }

/* ---- terms ---- */

static sund_code terms(sund_answerer *a, const char *rest, sund_shown **out, sund_err *err)
{
    return *rest ? sund_fail(err, SUND_E_ARG, "terms is asked without anything behind it") : sund_answer_terms(&a->terms, &a->home, out, err);
}

/* ---- clinical exchange ---- */

static sund_code interpretations(sund_answerer *a, const char *rest, sund_shown **out, sund_err *err) { return sund_answer_interpretations(&a->clinical, &a->home, rest, out, err); }
static sund_code match(sund_answerer *a, const char *rest, sund_shown **out, sund_err *err) { return sund_answer_match(&a->clinical, &a->home, rest, out, err); }

/* ---- a function for each verb ---- */

static const struct { sund_verb verb; sund_code (*answer)(sund_answerer *a, const char *rest, sund_shown **out, sund_err *err); } verb_table[] = {
    { SUND_ASK_VARIANTS, variants },
    { SUND_ASK_PEOPLE, people },
    { SUND_ASK_PUBLIC, public_people },
    { SUND_ASK_CARRIERS, carriers },
    { SUND_ASK_DATASETS, datasets },
    { SUND_ASK_TERMS, terms },
    { SUND_ASK_INTERPRETATIONS, interpretations },
    { SUND_ASK_MATCH, match },
};

sund_code sund_answer_question(sund_answerer *a, const char *question, sund_shown **out, sund_err *err)
{
    const char *rest;
    sund_verb   verb = sund_question_verb(question, &rest);
    sund_err    why = { SUND_OK, "this node does not answer such questions" };

    for (size_t i = 0; i < sizeof verb_table / sizeof verb_table[0]; i++)
        if (verb_table[i].verb == verb) {
            if (verb_table[i].answer(a, rest, out, &why) == SUND_OK) {
                sund_shown_place_on(*out, a->home.store ? sund_store_describe(a->home.store)->assembly : SUND_ASSEMBLY_NONE);
                return SUND_OK;
            }
            if (why.code != SUND_E_ARG && why.code != SUND_E_DENIED && why.code != SUND_E_NOT_FOUND)
                sund_log(SUND_LOG_ERROR, "a question is refused: %s", why.msg);
        }
    /* what is wrong in here is for the log, not for who asks */
    if (why.code == SUND_E_IO || why.code == SUND_E_NOMEM || why.code == SUND_E_FORMAT)
        (void) snprintf(why.msg, sizeof why.msg, "this node cannot answer at present");
    return sund_shown_refused(verb == SUND_ASK_NONE ? SUND_ASK_VARIANTS : verb, why.msg, out, err);
}

/* ---- what the hub passes on ---- */

static sund_code answer_one(sund_link *l, sund_answerer *a, sund_cur *c, sund_err *err)
{
    uint64_t      ticket = sund_cur_u64(c);
    char         *text = malloc(SUND_QUESTION_MAX);
    sund_shown   *shown = NULL;
    sund_leave   *out = NULL;
    sund_buf      reply = { 0 };
    sund_envelope head;
    sund_code     rc = SUND_OK;

    if (!text)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    if (!sund_cur_str(c, text, SUND_QUESTION_MAX)) {
        free(text);
        return sund_cur_ok(c, "a question", err);
    }
    SUND_GO(sund_answer_question(a, text, &shown, err));
    head = sund_link_head(l, SUND_MSG_ANSWER, NULL);
    SUND_GO(sund_leave_answer(a->home.gate, &head, ticket, shown, &out, err));
    rc = sund_link_send(l, out, 20, &reply, err);
out:
    sund_leave_free(out);
    sund_shown_free(shown);
    sund_buf_free(&reply);
    free(text);
    return rc;
}

static sund_code poll_once(sund_link *l, sund_answerer *a, sund_buf *reply, sund_err *err)
{
    sund_buf  ask = { 0 };
    sund_cur  c;
    sund_code rc;

    sund_buf_u8(&ask, 3); /* seconds: the hub wakes us at once; it says which nodes have been silent for long */
    sund_buf_u64(&ask, sund_described_changes(&a->mark, &a->home));
    rc = sund_buf_ok(&ask, err);
    if (rc == SUND_OK)
        rc = sund_link_ask(l, SUND_MSG_POLL, ask.p, ask.n, 40, reply, err);
    sund_buf_free(&ask);
    SUND_TRY(rc);
    c = sund_cur_of(reply->p, reply->n);
    while (c.n && !c.bad)
        SUND_TRY(answer_one(l, a, &c, err));
    return sund_cur_ok(&c, "the hub's questions", err);
}

static sund_code serve(const char *dir, uint8_t channel, sund_describing *d, const _Atomic bool *stop, sund_err *err)
{
    sund_answerer a;
    sund_link     l = { 0 };
    sund_buf      reply = { 0 };
    unsigned      n_failed = 0;
    sund_code     rc;

    SUND_GO(sund_answerer_open(&a, dir, d, err));
    if (channel == SUND_CHANNEL_LOOKUPS) /* who is counted is known before the first lookup comes */
        SUND_GO(sund_lookup_refresh(&a.seat, err));
    SUND_GO(sund_link_open(&l, &a.home, channel, err));
    sund_client_heed(l.client, stop);
    while (!*stop) {
        sund_err why = { SUND_OK, "" };

        if (poll_once(&l, &a, &reply, &why) == SUND_OK) {
            n_failed = 0;
            continue;
        }
        sund_log(SUND_LOG_DEBUG, "questions: %s", why.msg);
        sund_again_wait(&n_failed, stop);
    }
out:
    sund_buf_free(&reply);
    sund_link_close(&l);
    sund_answerer_close(&a);
    return rc;
}

sund_code sund_answers_serve(const char *dir, sund_describing *d, const _Atomic bool *stop, sund_err *err) { return serve(dir, SUND_CHANNEL_LOOKUPS, d, stop, err); }
sund_code sund_answers_serve_long(const char *dir, sund_describing *d, const _Atomic bool *stop, sund_err *err) { return serve(dir, SUND_CHANNEL_LONG, d, stop, err); }
