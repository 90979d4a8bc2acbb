#ifndef SUND_EXCHANGE_CASE_H
#define SUND_EXCHANGE_CASE_H

#include "base/db.h"
#include "base/jsonread.h"
#include "genome/contig.h"

/** A case of rare disease: what may be asked about and matched, and no more. There is no place for a name, a birthday or an address of the patient. */
enum { SUND_CASE_FEATURES = 256, SUND_CASE_GENES = 64, SUND_CASE_DISORDERS = 16, SUND_CASE_TEXT = 256 };

typedef struct sund_case_feature { char id[24]; bool absent; } sund_case_feature; /**< "HP:0001250", observed or explicitly not */
typedef struct sund_case_gene {
    char gene[40];     /**< symbol or Ensembl id, as it was given */
    char variant[160]; /**< "GRCh37:17-42929131-G-A"; "" when none was given, or not whole, or it is longer */
} sund_case_gene;

/** How far its person's consent goes; each goes as far as those before it too. */
typedef enum sund_case_reach {
    SUND_CASE_CLOSED,       /**< compared for its owner only */
    SUND_CASE_SHOWN,        /**< matched with what others ask about, and shown to them where it is alike */
    SUND_CASE_SENT,         /**< asked about at matchmakers outside the federation: contact, terms and genes leave for good */
    SUND_CASE_SENT_VARIANTS /**< its variants too */
} sund_case_reach;

typedef struct sund_case {
    int64_t           id;
    char              own[SUND_CASE_TEXT];  /**< its owner's name for it, or the asker's id of a query. Never leaves this node */
    char              pseudonym[33];        /**< its name outside: random, of this case alone */
    char              sex;                  /**< 'F', 'M', 'O', or 0 */
    sund_case_reach   consent;
    bool              withdrawn, test;
    char              contact[SUND_CASE_TEXT], institution[SUND_CASE_TEXT], href[SUND_CASE_TEXT]; /**< of the clinician, institutional */
    sund_case_feature feature[SUND_CASE_FEATURES];
    sund_case_gene    gene[SUND_CASE_GENES];
    char              disorder[SUND_CASE_DISORDERS][40];
    size_t            n_feature, n_gene, n_disorder;
} sund_case;

/** One patient of Matchmaker Exchange v1.1: id, contact with name and href (http, https, mailto), and features or genomicFeatures are needed; label, ageOfOnset, inheritanceMode
 *  and whatever the standard does not know are not kept. Human only. Errors: SUND_E_FORMAT naming the member. */
sund_code sund_case_read_mme(sund_case *c, const sund_jval *patient, sund_err *err) SUND_MUST_CHECK;
/** A GA4GH Phenopacket v2: id, subject.sex, phenotypicFeatures, diseases, and genes and variants of its interpretations. It has no contact: the caller gives one. */
sund_code sund_case_read_phenopacket(sund_case *c, const sund_jval *packet, sund_err *err) SUND_MUST_CHECK;

/** One more of a case: a feature, a term's last word counting; a gene, with its variant or "". Told twice it stays once. false: it is no term of HPO or symbol, or there is no room. */
bool      sund_case_add_feature(sund_case *c, const char *id, bool absent);
bool      sund_case_add_gene(sund_case *c, const char *gene, const char *variant);
bool      sund_case_href_ok(const char *s); /**< an address that one can write to: http:, https:, mailto: */

/** The node's cases, in an SQLite file (0600). Owns: sund_cases_close(), safe on NULL. */
typedef struct sund_cases sund_cases;
sund_code sund_cases_open(sund_cases **s, const char *path, sund_err *err) SUND_MUST_CHECK;
void      sund_cases_close(sund_cases *s);
/** Enters or replaces the case of that own name; its pseudonym stays when it is replaced. One that was withdrawn stays so: SUND_E_DENIED; SUND_E_ARG without a name, or a contact that can be written to.
 *  *fresh: it is new. */
sund_code sund_case_put(sund_cases *s, const sund_case *c, bool *fresh, sund_err *err) SUND_MUST_CHECK;
/** What is done between is kept whole or not at all (as sund_db_part), and what was erased is then not in the journal of a node that runs either. */
sund_code sund_cases_part(sund_cases *s, sund_err *err) SUND_MUST_CHECK;
sund_code sund_cases_part_end(sund_cases *s, sund_code rc, sund_err *err) SUND_MUST_CHECK;
/** Never again in any answer, nor put in again. Its features, genes, disorders and sex are erased, of the file and of its notices; its names, contact, who was shown it when, and where it was sent, stay. */
sund_code sund_case_withdraw(sund_cases *s, const char *own, sund_err *err) SUND_MUST_CHECK;
sund_code sund_case_consent(sund_cases *s, const char *own, sund_case_reach reach, sund_err *err) SUND_MUST_CHECK;
/** The case of that own name, whole, withdrawn or not. Errors: SUND_E_NOT_FOUND. */
sund_code sund_case_get(sund_cases *s, const char *own, sund_case *c, sund_err *err) SUND_MUST_CHECK;
/** Each case, whole, in order of its number. matchable: only those with consent that are not withdrawn, of that kind. */
typedef sund_code (*sund_case_each)(void *ctx, const sund_case *c, sund_err *err);
sund_code sund_cases_each(sund_cases *s, bool matchable, bool test, sund_case_each each, void *ctx, sund_err *err) SUND_MUST_CHECK;
/** Another number after another connection, or this one, has changed a case. */
sund_code sund_cases_version(sund_cases *s, int64_t *out, sund_err *err) SUND_MUST_CHECK;

/** A case of ours is shown to somebody: its owner is told. SUND_E_NOT_FOUND: it has no consent any more, and is not shown. */
typedef struct sund_case_notice {
    int64_t id;
    char    own[SUND_CASE_TEXT], time[24], asker[128], contact[SUND_CASE_TEXT], institution[SUND_CASE_TEXT], href[SUND_CASE_TEXT], shared[512];
    double  score;
    bool    seen;
} sund_case_notice;
sund_code sund_case_notify(sund_cases *s, int64_t id, const char *asker, const sund_case *query, double score, const char *shared, sund_err *err) SUND_MUST_CHECK;
typedef sund_code (*sund_case_notice_each)(void *ctx, const sund_case_notice *n, sund_err *err);
/** Then they are seen, when seen is set. */
sund_code sund_case_notices(sund_cases *s, bool all, bool seen, sund_case_notice_each each, void *ctx, sund_err *err) SUND_MUST_CHECK;

/** A case of ours was sent to a matchmaker outside the federation: what left stays on record, for the person who wants it deleted there. */
typedef struct sund_case_sent { /* texts as long as the callback runs */
    const char *own, *time, *matchmaker, *url, *pseudonym;
    const char *what;    /**< the request, byte for byte; "" once the case is withdrawn */
    const char *outcome; /**< "" while nothing is known of it */
    bool        seen;
} sund_case_sent;
/** Its name at a matchmaker: made at random when it is first asked for, then the same for good. Errors: SUND_E_NOT_FOUND for a case that is not here, or withdrawn. */
sund_code sund_case_alias(sund_cases *s, const char *own, const char *matchmaker, char pseudonym[33], sund_err *err) SUND_MUST_CHECK;
/** Before it is sent. what: n bytes of text. *row: for what came of it; */
sund_code sund_case_send(sund_cases *s, int64_t id, const char *matchmaker, const char *url, const void *what, size_t n, int64_t *row, sund_err *err) SUND_MUST_CHECK;
/** NULL: nothing was sent after all. Who was told of the question before is told again. */
sund_code sund_case_outcome(sund_cases *s, int64_t row, const char *outcome, sund_err *err) SUND_MUST_CHECK;
typedef sund_code (*sund_case_sent_each)(void *ctx, const sund_case_sent *x, sund_err *err);
/** Of all cases (which NULL), or of the one with that own name, or that name at a matchmaker. fresh: only those not seen; then they are, when seen is set. */
sund_code sund_cases_sent(sund_cases *s, const char *which, bool fresh, bool seen, sund_case_sent_each each, void *ctx, sund_err *err) SUND_MUST_CHECK;

/** One more question of an asker on that day: SUND_E_LIMIT when it is above max. */
sund_code sund_cases_asked(sund_cases *s, const char *asker, const char *day, int64_t max, sund_err *err) SUND_MUST_CHECK;

#endif
