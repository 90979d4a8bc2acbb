#ifndef SUND_EXCHANGE_INTERPRETATIONS_H
#define SUND_EXCHANGE_INTERPRETATIONS_H

#include "base/db.h"
#include "base/json.h"
#include "exchange/acmg.h"
#include "genome/variant.h"

/** With whom an entry is shared, each level with those before it too: this node's own people; parties of an agreement with this node; all members of the federation; anybody. */
typedef enum sund_share { SUND_SHARE_NONE = 0, SUND_SHARE_LOCAL, SUND_SHARE_AGREEMENT, SUND_SHARE_FEDERATION, SUND_SHARE_PUBLIC } sund_share;
const char *sund_share_name(sund_share s); /**< "local", "agreement", "federation", "public" */
sund_share  sund_share_parse(const char *s);

typedef enum sund_entry_state { SUND_STANDS_ACTIVE = 1, SUND_STANDS_REVIEWED, SUND_STANDS_WITHDRAWN } sund_entry_state;
const char *sund_entry_state_name(sund_entry_state s);

/** What one laboratory says of one variant, in one gene and condition. There is no place for a person: none of the fields may say who was sequenced, and free text that looks as
 *  if it did is refused (sund_interpretation_check). Texts are UTF-8 without control characters; "" where nothing is said. */
typedef struct sund_interpretation {
    char          variant[2304];    /**< "17-43045712-T-C", normal form */
    char          gene[40];
    char          condition[72];    /**< a code: "OMIM:604370", "ORPHA:145", "MONDO:0700268" */
    char          criteria[256];    /**< codes of the guideline that were met: "PVS1,PM2" */
    char          evidence[1024];   /**< free text */
    char          date[11];         /**< last evaluated: "2024-05-17" */
    char          laboratory[160];
    char          method[256];      /**< "ACMG Guidelines, 2015" */
    char          reference[40];    /**< of this statement elsewhere: "SCV000123456" */
    sund_acmg     acmg;
    sund_share    share;
    sund_entry_state standing;
    bool          second_hand;      /**< for the store: a register tells it, not the laboratory */
    int64_t       id, number;       /**< of the entry here; its version from 1. Set by the store */
    char          time[24], why[256]; /**< of this version: when it was made, and for a withdrawal or review, why. Set by the store */
} sund_interpretation;

/** Sound for the store. Errors: SUND_E_FORMAT naming the field: too long is the caller's to see, unknown class or share, a date that is none, control characters; and in
 *  criteria and evidence an e-mail address, a whole date, or a number like those that states and hospitals give to persons (nine digits or more, or six and a sign and three or
 *  more), unless a citation's (PMID, SCV, NM_, rs, OMIM ...). */
sund_code sund_interpretation_check(const sund_interpretation *e, sund_err *err) SUND_MUST_CHECK;
/** Such a text; *why says what was found otherwise. */
bool      sund_text_impersonal(const char *s, const char **why);

/** The node's own, in an SQLite file (0600). Every change is a new version of its entry; none is ever overwritten. Owns: sund_interpretations_close(), safe on NULL. */
typedef struct sund_interpretations sund_interpretations;
sund_code sund_interpretations_open(sund_interpretations **s, const char *path, sund_err *err) SUND_MUST_CHECK;
void      sund_interpretations_close(sund_interpretations *s);
/** The assembly of all its variants: none before the first import. Set refuses another than the one it has: SUND_E_MISMATCH. */
sund_code sund_interpretations_assembly(sund_interpretations *s, sund_assembly *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_interpretations_assembly_set(sund_interpretations *s, sund_assembly a, sund_err *err) SUND_MUST_CHECK;
/** For many puts: all or nothing. End as sund_db_part_end. */
sund_code sund_interpretations_begin(sund_interpretations *s, sund_err *err) SUND_MUST_CHECK;
sund_code sund_interpretations_end(sund_interpretations *s, bool keep, sund_code rc, sund_err *err) SUND_MUST_CHECK;

typedef enum sund_put { SUND_PUT_NEW = 1, SUND_PUT_CHANGED, SUND_PUT_SAME, SUND_PUT_KEPT } sund_put;
/** Enters what one laboratory says; an entry is known by laboratory, variant, gene and condition. *what says what it was; one that was withdrawn is entered again as changed. An accession of
 *  ClinVar's (SCV) stays where e has no reference: the record there is still of this entry. What is told at second hand changes no entry that was withdrawn here, was evaluated later here, or
 *  is of the same day and class with criteria or reviewed here: KEPT. */
sund_code sund_interpretation_put(sund_interpretations *s, const sund_interpretation *e, sund_put *what, sund_err *err) SUND_MUST_CHECK;
/** Somebody has looked at it again on that day: a new version, reviewed; acmg NONE keeps the class. Errors: SUND_E_NOT_FOUND, SUND_E_ARG where it was withdrawn. */
sund_code sund_interpretation_review(sund_interpretations *s, int64_t id, sund_acmg acmg, const char *date, const char *why, sund_err *err) SUND_MUST_CHECK;
/** A new version, withdrawn: from now on it is shown to nobody but its own node. */
sund_code sund_interpretation_withdraw(sund_interpretations *s, int64_t id, const char *why, sund_err *err) SUND_MUST_CHECK;

/** The reference of an entry of that laboratory, and of that variant unless it is "", is another now, or none: a new version, of the same standing and reason. *what: CHANGED or SAME.
 *  Errors: SUND_E_NOT_FOUND; SUND_E_MISMATCH where the entry is another laboratory's or of another variant, or has another accession of ClinVar's. */
sund_code sund_interpretation_refer(sund_interpretations *s, int64_t id, const char *laboratory, const char *variant, const char *reference, sund_put *what, sund_err *err) SUND_MUST_CHECK;

/** Current versions, ordered by place, variant, gene, condition, laboratory; only those of the fields that are not NULL, "" or 0. each is called until it fails. */
typedef struct sund_interpretation_query {
    const char *variant, *gene, *laboratory;
    int64_t     id;
    bool        withdrawn; /**< those too */
    bool        history;   /**< all versions, the first first */
} sund_interpretation_query;
typedef sund_code (*sund_interpretation_each)(void *ctx, const sund_interpretation *e, sund_err *err);
sund_code sund_interpretations_each(sund_interpretations *s, const sund_interpretation_query *q, sund_interpretation_each each, void *ctx, sund_err *err) SUND_MUST_CHECK;

/** Who asks, as this node sees them. */
typedef enum sund_asker { SUND_ASKER_PUBLIC = 0, SUND_ASKER_FEDERATION, SUND_ASKER_AGREEMENT, SUND_ASKER_OWN } sund_asker;
/** The one rule of sharing: what may be shown to whom. What was withdrawn is shown to nobody, its own node excepted. */
bool sund_interpretation_may(const sund_interpretation *e, sund_asker who);
/** Members of an entry's object that is open: criteria to reference, by whom and on what grounds. */
void sund_interpretation_said(const sund_interpretation *e, sund_json *j);
/** All that may be shown of a variant, in normal form, as a JSON array; of each: gene, condition, class, criteria, evidence, date, laboratory, method, reference, standing. *set: classes of all that may be shown.
 *  At most SUND_INTERPRETATIONS_SHOWN; *n_more: how many are left out beyond these. */
enum { SUND_INTERPRETATIONS_SHOWN = 64 };
sund_code sund_interpretations_shown(sund_interpretations *s, const char *variant, sund_asker who, sund_json *j, const char *key, sund_acmg_set *set, size_t *n_more, sund_err *err) SUND_MUST_CHECK;

/** Variants on which this node's laboratories are discordant, each with what they say together; of one gene, or of all for NULL. */
typedef struct sund_discord {
    char          variant[2304];
    sund_acmg_set set;
    sund_vkgl     vkgl;
    int64_t       n; /**< entries */
} sund_discord;
sund_code sund_interpretations_discordant(sund_interpretations *s, const char *gene, sund_code (*each)(void *ctx, const sund_discord *d, sund_err *err), void *ctx, sund_err *err) SUND_MUST_CHECK;

/** "2024-02-29": a day that there is. */
bool sund_day_ok(const char *s);

#endif
