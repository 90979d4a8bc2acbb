#include "gate/beyond.h"

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/gate_priv.h"
#include "gate/ledger.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MOST_FEATURES = 256, MOST_GENES = 64, VARIANT_TEXT = 160, DAY_S = 86400, YEAR_S = 365 * DAY_S, CHANNEL_COMMANDS = 2 };

static const char DIGITS[] = "0123456789";

/* Of each question the time, to count them, and the signed header, to show what left: the digest in it is of the request. A pseudonym is random and says nothing of whom it is. */
static const char schema[] = "CREATE TABLE IF NOT EXISTS beyond(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, matchmaker TEXT NOT NULL, pseudonym TEXT NOT NULL, head BLOB NOT NULL) STRICT;"
                             "CREATE INDEX IF NOT EXISTS beyond_by ON beyond(matchmaker, pseudonym, at);";

/* ---- forms ---- */

static bool is_of(const char *s, const char *letters, size_t least, size_t most)
{
    size_t n = strlen(s);

    return n >= least && n <= most && strspn(s, letters) == n;
}

static bool hpo_ok(const char *s) { return strncmp(s, "HP:", 3) == 0 && is_of(s + 3, DIGITS, 7, 7); }
static bool text_ok(const char *s) { return strlen(s) < SUND_BEYOND_TEXT && sund_text_ok(s); }
static bool href_ok(const char *s) { return text_ok(s) && (strncasecmp(s, "https://", 8) == 0 || strncasecmp(s, "http://", 7) == 0 || strncasecmp(s, "mailto:", 7) == 0) && !strpbrk(s, " \"<>\\"); }

typedef struct place { char assembly[8], contig[3], ref[VARIANT_TEXT], alt[VARIANT_TEXT]; long long pos; } place;

/** A variant as the standard can say it: chromosomes 1 to 22, X and Y. */
static bool place_of(const char *variant, place *p)
{
    char pos[12], rest[2];

    if (strlen(variant) >= VARIANT_TEXT || sscanf(variant, "%7[^:]:%2[^-]-%11[0-9]-%159[ACGT]-%159[ACGT]%1s", p->assembly, p->contig, pos, p->ref, p->alt, rest) != 5)
        return false;
    if ((strcmp(p->assembly, "GRCh37") != 0 && strcmp(p->assembly, "GRCh38") != 0) || (strcmp(p->contig, "X") != 0 && strcmp(p->contig, "Y") != 0 && !is_of(p->contig, DIGITS, 1, 2)))
        return false;
    return sscanf(pos, "%lld", &p->pos) == 1 && p->pos > 0;
}

static sund_code check_forms(const sund_beyond *c, sund_err *err)
{
    if (!is_of(c->pseudonym, "0123456789abcdef", 32, 32) || !sund_id_ok(c->matchmaker))
        return sund_fail(err, SUND_E_ARG, "a case goes to a matchmaker that has a name, under a pseudonym of 32 hex digits");
    if (!c->contact[0] || !text_ok(c->contact) || !text_ok(c->institution) || !href_ok(c->href))
        return sund_fail(err, SUND_E_ARG, "the case's contact has no name and address that can be written to");
    if (c->n_feature > MOST_FEATURES || c->n_gene > MOST_GENES || c->n_feature + c->n_gene == 0)
        return sund_fail(err, SUND_E_ARG, "a case that is asked about has a feature or a gene, and at most %d and %d", MOST_FEATURES, MOST_GENES);
    for (size_t i = 0; i < c->n_feature; i++)
        if (!hpo_ok(c->feature[i].id))
            return sund_fail(err, SUND_E_ARG, "a feature is a term of HPO: HP: and seven digits");
    for (size_t i = 0; i < c->n_gene; i++)
        if (!sund_gene_ok(c->gene[i].id))
            return sund_fail(err, SUND_E_ARG, "gene %zu of the case is no symbol, nor an id such as HGNC:1100; a variant leaves by its own member alone", i + 1);
    return SUND_OK;
}

/* ---- the request ---- */

static void put_variant(sund_json *j, const place *p)
{
    sund_json_open(j, "variant", '{');
    sund_json_str(j, "assembly", p->assembly);
    sund_json_str(j, "referenceName", p->contig);
    sund_json_i64(j, "start", p->pos - 1);
    sund_json_i64(j, "end", p->pos - 1 + (int64_t) strlen(p->ref));
    sund_json_str(j, "referenceBases", p->ref);
    sund_json_str(j, "alternateBases", p->alt);
    sund_json_close(j, '}');
}

static void put_genes(sund_json *j, const sund_beyond *c)
{
    for (size_t i = 0; i < c->n_gene; i++) {
        place p;
        bool  with = c->variants && place_of(c->gene[i].variant, &p), before = false;

        for (size_t k = 0; k < i && !with; k++)
            before |= strcasecmp(c->gene[k].id, c->gene[i].id) == 0;
        if (before)
            continue;
        sund_json_open(j, NULL, '{');
        sund_json_open(j, "gene", '{');
        sund_json_str(j, "id", c->gene[i].id);
        sund_json_close(j, '}');
        if (with)
            put_variant(j, &p);
        sund_json_close(j, '}');
    }
}

static void put_request(sund_buf *out, const sund_beyond *c)
{
    sund_json j;

    sund_json_init(&j, out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_open(&j, "patient", '{');
    sund_json_str(&j, "id", c->pseudonym);
    if (c->test)
        sund_json_bool(&j, "test", true);
    sund_json_open(&j, "contact", '{');
    sund_json_str(&j, "name", c->contact);
    if (c->institution[0])
        sund_json_str(&j, "institution", c->institution);
    sund_json_str(&j, "href", c->href);
    sund_json_close(&j, '}');
    sund_json_str(&j, "species", "NCBITaxon:9606");
    sund_json_open(&j, "features", '[');
    for (size_t i = 0; i < c->n_feature; i++) {
        sund_json_open(&j, NULL, '{');
        sund_json_str(&j, "id", c->feature[i].id);
        sund_json_str(&j, "observed", c->feature[i].absent ? "no" : "yes");
        sund_json_close(&j, '}');
    }
    sund_json_close(&j, ']');
    sund_json_open(&j, "genomicFeatures", '[');
    put_genes(&j, c);
    sund_json_close(&j, ']');
    sund_json_close(&j, '}');
    sund_json_close(&j, '}');
}

/* ---- the door ---- */

/** This question is in the table already: so two at once are both seen. */
static sund_code check_numbers(sund_gate *g, const sund_beyond *c, int64_t now, sund_err *err)
{
    int64_t n_case = 0, n_day = 0;

    SUND_TRY(sund_db_i64(g->db, &n_case, 0, err, "SELECT COUNT(*) FROM beyond WHERE matchmaker=? AND pseudonym=? AND at>?", "tti", c->matchmaker, c->pseudonym, now - YEAR_S));
    SUND_TRY(sund_db_i64(g->db, &n_day, 0, err, "SELECT COUNT(*) FROM beyond WHERE matchmaker=? AND at>?", "ti", c->matchmaker, now - DAY_S));
    if (n_case > c->a_year)
        return sund_fail(err, SUND_E_LIMIT, "refused by rule beyond: %s was asked about this case %lld times in a year, which is all there is", c->matchmaker, (long long) c->a_year);
    if (n_day > SUND_BEYOND_A_DAY)
        return sund_fail(err, SUND_E_LIMIT, "refused by rule beyond: %s was asked %d times in a day; the next ones tomorrow", c->matchmaker, SUND_BEYOND_A_DAY);
    return SUND_OK;
}

static sund_code leave(sund_gate *g, const sund_beyond *c, const sund_buf *body, sund_leave **out, sund_err *err)
{
    sund_envelope e = { .kind = SUND_MSG_BEYOND, .channel = CHANNEL_COMMANDS, .seq = sund_seq_next(0) };
    int64_t       now = (int64_t) (sund_time_us() / 1000000), id;
    sund_buf      head = { 0 };
    char          what[80];
    sund_code     rc;

    SUND_TRY(sund_db_run(g->db, err, "INSERT INTO beyond(at, matchmaker, pseudonym, head) VALUES(?,?,?,x'')", "itt", now, c->matchmaker, c->pseudonym));
    id = sund_db_last_id(g->db);
    SUND_TRY(check_numbers(g, c, now, err));
    (void) snprintf(what, sizeof what, "a case, to matchmaker %s", c->matchmaker);
    SUND_TRY(sund_leave_make(g, &e, body->p, body->n, what, out, err));
    sund_envelope_head(&(*out)->head, &head);
    rc = sund_buf_ok(&head, err);
    if (rc == SUND_OK)
        rc = sund_db_run(g->db, err, "UPDATE beyond SET head=? WHERE id=?", "bi", head.p, head.n, id);
    sund_buf_free(&head);
    return rc;
}

sund_code sund_leave_beyond(sund_gate *g, const sund_beyond *c, sund_leave **out, sund_err *err)
{
    sund_buf  body = { 0 };
    sund_code rc;

    *out = NULL;
    if (c->withdrawn)
        return sund_refuse(err, "beyond", "a case that was withdrawn is asked about nowhere");
    if (!c->consent)
        return sund_refuse(err, "beyond", "the case's consent does not go beyond the federation; once its person has agreed, 'sund case consent --consent-beyond' or, with variants, --consent-variants says so");
    if (c->a_year < 1 || c->a_year > SUND_BEYOND_A_YEAR)
        return sund_fail(err, SUND_E_ARG, "a matchmaker is asked about one case 1 to %d times in a year", SUND_BEYOND_A_YEAR);
    SUND_TRY(check_forms(c, err));
    put_request(&body, c);
    SUND_GO(sund_buf_ok(&body, err));
    if (body.n > sund_msg_max_bytes(SUND_MSG_BEYOND))
        SUND_GO(sund_fail(err, SUND_E_LIMIT, "the request has %zu bytes, the limit is %zu", body.n, sund_msg_max_bytes(SUND_MSG_BEYOND)));
    SUND_GO(sund_db_script(g->db, schema, err));
    SUND_GO(sund_db_part(g->db, err));
    rc = sund_db_part_end(g->db, true, leave(g, c, &body, out, err), err);
    if (rc != SUND_OK) {
        sund_leave_free(*out);
        *out = NULL;
    }
out:
    sund_buf_free(&body);
    return rc;
}

const uint8_t *sund_beyond_bytes(const sund_leave *l, size_t *n)
{
    *n = l->head.kind == SUND_MSG_BEYOND ? l->bytes.n - SUND_ENVELOPE_SIZE : 0;
    return *n ? l->bytes.p + SUND_ENVELOPE_SIZE : NULL;
}

static sund_code forget(sund_gate *g, const sund_leave *l, const sund_buf *head, sund_err *err)
{
    SUND_TRY(sund_db_run(g->db, err, "DELETE FROM beyond WHERE head=?", "b", head->p, head->n));
    if (!sund_db_changes(g->db))
        return sund_fail(err, SUND_E_NOT_FOUND, "no such question was counted");
    return sund_ledger_add(g->db, sund_msg_name(SUND_MSG_BEYOND), "", err, "not a byte was sent of the case with digest %s: its matchmaker could not be reached", sund_digest_hex(&l->head.body).s);
}

sund_code sund_beyond_unsent(sund_gate *g, const sund_leave *l, sund_err *err)
{
    sund_buf  head = { 0 };
    sund_code rc;

    sund_envelope_head(&l->head, &head);
    SUND_GO(sund_buf_ok(&head, err));
    SUND_GO(sund_db_part(g->db, err));
    rc = sund_db_part_end(g->db, true, forget(g, l, &head, err), err);
out:
    sund_buf_free(&head);
    return rc;
}
