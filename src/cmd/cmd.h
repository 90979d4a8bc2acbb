#ifndef SUND_CMD_CMD_H
#define SUND_CMD_CMD_H

#include "base/buf.h"
#include "base/db.h"
#include "base/opt.h"
#include "gate/shown.h"
#include "home/link.h"
#include "store/store.h"
#include "study/study.h"

#include <signal.h>

/** One command. `sund help`, `sund COMMAND --help` and the nearest-name hint come from this table. A name of two words ("study submit")
 *  is a command with a sub-command. */
typedef struct sund_cmd {
    const char *name;
    const char *group; /**< heading in `sund help` */
    const char *help;  /**< one line */
    sund_code (*run)(int argc, char **argv, sund_err *err); /**< argv[0] is the last word of the name */
} sund_cmd;

sund_code sund_cmd_init(int argc, char **argv, sund_err *err);
sund_code sund_cmd_roster(int argc, char **argv, sund_err *err);
sund_code sund_cmd_trust(int argc, char **argv, sund_err *err);
sund_code sund_cmd_login(int argc, char **argv, sund_err *err);
sund_code sund_cmd_key_make(int argc, char **argv, sund_err *err);
sund_code sund_cmd_encrypt(int argc, char **argv, sund_err *err);
sund_code sund_cmd_import(int argc, char **argv, sund_err *err);
sund_code sund_cmd_people(int argc, char **argv, sund_err *err);
sund_code sund_cmd_people_import(int argc, char **argv, sund_err *err);
sund_code sund_cmd_people_count(int argc, char **argv, sund_err *err);
sund_code sund_cmd_ontology_load(int argc, char **argv, sund_err *err);
sund_code sund_cmd_ontology_list(int argc, char **argv, sund_err *err);
sund_code sund_cmd_ontology_show(int argc, char **argv, sund_err *err);
sund_code sund_cmd_ontology_drop(int argc, char **argv, sund_err *err);
sund_code sund_cmd_interpret(int argc, char **argv, sund_err *err);
sund_code sund_cmd_case(int argc, char **argv, sund_err *err);
sund_code sund_cmd_peer(int argc, char **argv, sund_err *err);
sund_code sund_cmd_match(int argc, char **argv, sund_err *err);
sund_code sund_cmd_catalogue(int argc, char **argv, sund_err *err);
sund_code sund_cmd_simulate_cohort(int argc, char **argv, sund_err *err);
sund_code sund_cmd_simulate_trait(int argc, char **argv, sund_err *err);
sund_code sund_cmd_publish(int argc, char **argv, sund_err *err);
sund_code sund_cmd_dataset_check(int argc, char **argv, sund_err *err);
sund_code sund_cmd_dataset_find(int argc, char **argv, sund_err *err);
sund_code sund_cmd_dataset_validate(int argc, char **argv, sund_err *err);
sund_code sund_cmd_freq(int argc, char **argv, sund_err *err);
sund_code sund_cmd_kinship(int argc, char **argv, sund_err *err);
sund_code sund_cmd_info(int argc, char **argv, sund_err *err);
sund_code sund_cmd_verify(int argc, char **argv, sund_err *err);
sund_code sund_cmd_node(int argc, char **argv, sund_err *err);
sund_code sund_cmd_node_stop(int argc, char **argv, sund_err *err);
sund_code sund_cmd_node_go_on(int argc, char **argv, sund_err *err);
sund_code sund_cmd_hub(int argc, char **argv, sund_err *err);
sund_code sund_cmd_count(int argc, char **argv, sund_err *err);
sund_code sund_cmd_lookup(int argc, char **argv, sund_err *err);
sund_code sund_cmd_study_check(int argc, char **argv, sund_err *err);
sund_code sund_cmd_study_show(int argc, char **argv, sund_err *err);
sund_code sund_cmd_study_submit(int argc, char **argv, sund_err *err);
sund_code sund_cmd_study_approve(int argc, char **argv, sund_err *err);
sund_code sund_cmd_study_refuse(int argc, char **argv, sund_err *err);
sund_code sund_cmd_study_veto(int argc, char **argv, sund_err *err);
sund_code sund_cmd_study_revoke(int argc, char **argv, sund_err *err);
sund_code sund_cmd_study_leave(int argc, char **argv, sund_err *err);
sund_code sund_cmd_study_again(int argc, char **argv, sund_err *err);
sund_code sund_cmd_apply(int argc, char **argv, sund_err *err);
sund_code sund_cmd_agreement(int argc, char **argv, sund_err *err);
sund_code sund_cmd_dac_init(int argc, char **argv, sund_err *err);
sund_code sund_cmd_study_status(int argc, char **argv, sund_err *err);
sund_code sund_cmd_study_fetch(int argc, char **argv, sund_err *err);
sund_code sund_cmd_study_run(int argc, char **argv, sund_err *err);
sund_code sund_cmd_task(int argc, char **argv, sund_err *err);
sund_code sund_cmd_meta(int argc, char **argv, sund_err *err);
sund_code sund_cmd_compact(int argc, char **argv, sund_err *err) SUND_MUST_CHECK;
sund_code sund_cmd_log_export(int argc, char **argv, sund_err *err) SUND_MUST_CHECK;
sund_code sund_cmd_log_heads(int argc, char **argv, sund_err *err) SUND_MUST_CHECK;
sund_code sund_cmd_replay(int argc, char **argv, sund_err *err) SUND_MUST_CHECK;
sund_code sund_cmd_log_show(int argc, char **argv, sund_err *err);
sund_code sund_cmd_log_verify(int argc, char **argv, sund_err *err);

/** The end of any command: what is still to be written, its error, and what the process exits with. */
int sund_cmd_end(const char *name, sund_code rc, sund_err *err);
/** --home's default: SUND_HOME, else the current folder. */
const char *sund_default_home(void);
/** The option --key of commands that are given a store. */
#define SUND_OPT_KEY(var) { "key", 's', &(var), "FILE", "the key of an encrypted store, or credential:NAME of systemd (what the sund.ini beside the store says)" }
/** Keeps the key of the store in a folder: from the option, else, where the store is encrypted, from systemd (credential sund-store-key) and from the sund.ini of the home
 *  that the store lies in. Without any, opening it says what to give. */
sund_code sund_give_key(const char *store, const char *key, sund_err *err) SUND_MUST_CHECK;
/** The same, and opens it. */
sund_code sund_open_store(sund_store **s, const char *store, const char *key, sund_err *err) SUND_MUST_CHECK;
/** The same without its people (sund_store_open_sites). cmd/front.c has one of its own. */
sund_code sund_open_sites(sund_store **s, const char *store, const char *key, sund_err *err) SUND_MUST_CHECK;
/** Whether a command's first word is one of its own. Errors: SUND_E_ARG naming the nearest. */
sund_code sund_cmd_word(const char *command, const char *word, const char *const *words, sund_err *err) SUND_MUST_CHECK;
/** Set by SIGINT and SIGTERM once sund_stop_on_signals() was called. */
extern _Atomic bool  sund_stopping;
void                 sund_stop_on_signals(void);
/** Writes a release: its tables (table.tsv and others), provenance.json and what is made of them under `out` folder, saying what; or the first table to stdout when out is NULL. get gives
 *  its parts (sund_result_rows), one at a time and in order, but those that an earlier run left in `out`. Every part is held against the manifest. */
typedef sund_code (*sund_part_get)(void *ctx, uint32_t k, sund_buf *out, sund_err *err);
sund_code sund_write_release(const char *out, const sund_result *m, sund_part_get get, void *ctx, sund_err *err) SUND_MUST_CHECK;
/** A study's name from 8 or more hex digits or all 64, among the names given by `each`; or a study file's path. */
sund_code sund_study_name(const char *arg, unsigned char out[32], bool *whole, sund_err *err) SUND_MUST_CHECK;
/** A study file, sound also for its analysis; and its text. */
sund_code sund_read_study(const char *path, sund_study *s, sund_buf *text, sund_err *err) SUND_MUST_CHECK;
/** All its nodes are in the roster. Errors name the nearest. */
sund_code sund_study_nodes_check(const sund_study *s, const sund_roster *r, sund_err *err) SUND_MUST_CHECK;
/** Whether a command that makes a text may write it to `out`: nothing is there, or a draft of the same kind - it begins with head, "[federation]" - that nobody has signed. */
sund_code sund_not_over(const char *dir, const char *name, sund_err *err) SUND_MUST_CHECK; /**< SUND_E_MISMATCH where a file of that name, in that folder unless it is NULL, would be written over */
sund_code sund_may_draft(const char *out, const char *head, sund_err *err) SUND_MUST_CHECK;
/** A variant in its one spelling: as nodes are asked for it, by accession where the text says its assembly, and as their answers name it. Both NUL-terminated and replaced. Errors: SUND_E_ARG
 *  for a region or what is no variant. */
sund_code sund_spell_variant(const char *text, sund_buf *ask, sund_buf *name, sund_err *err) SUND_MUST_CHECK;
/** One question to all nodes, through the hub. a: replaced. */
sund_code sund_ask_question(sund_link *l, const char *question, sund_answers *a, sund_err *err) SUND_MUST_CHECK;
/** match --at: the home's case of that own name is asked about at a matchmaker outside the federation, and what is found printed, at most max. */
sund_code sund_match_beyond(const char *home, const char *at, const char *own, size_t max, sund_err *err) SUND_MUST_CHECK;
/** The one study of a node's database whose name begins so. */
sund_code sund_study_complete(sund_db *db, const char *arg, sund_digest *d, sund_err *err) SUND_MUST_CHECK;

/** Whether a study that this node approves would be refused here all the same, as things are now: *why says by which rule, its code is SUND_OK where none does. exception: what its approval lifts.
 *  Errors: what could not be looked at. */
sund_code sund_study_foresee(const char *home, const sund_digest *d, const char *exception, sund_err *why, sund_err *err) SUND_MUST_CHECK;

#endif
