#include "base/crypto.h"
#include "base/ini.h"
#include "cmd/cmd.h"
#include "secagg/gcm.h"
#include "store/key.h"
#include "study/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const sund_cmd cmds[] = {
    { "init", "Set up", "make the home of a node, hub or researcher: configuration and keys", sund_cmd_init },
    { "roster", "Set up", "put members together, and sign who is in the federation", sund_cmd_roster },
    { "dac init", "Set up", "a key for a member of a node's data access committee", sund_cmd_dac_init },
    { "agreement", "Set up", "what two or more countries have agreed on: studies inside it need no decision", sund_cmd_agreement },
    { "apply", "Set up", "one application for data sets of several countries: made, decided on, visas", sund_cmd_apply },
    { "trust", "Set up", "whose logins and visas a home believes", sund_cmd_trust },
    { "login", "Set up", "a researcher's login by OpenID Connect, with GA4GH visas", sund_cmd_login },
    { "key make", "Set up", "a key that encrypts a genotype store", sund_cmd_key_make },
    { "encrypt", "Set up", "a store that is there, encrypted, or encrypted with another key", sund_cmd_encrypt },
    { "import", "Set up", "VCF, VCF.gz or BCF into a sealed genotype store", sund_cmd_import },
    { "people import", "Set up", "clinical data: Phenopackets, Beacon-friendly JSON, OMOP", sund_cmd_people_import },
    { "people count", "Set up", "how many people of your own are in a cohort, exactly", sund_cmd_people_count },
    { "people", "Set up", "persons, phenotypes, codes and consent into the home's database", sund_cmd_people },
    { "ontology load", "Set up", "ontologies (HPO, MONDO, ...) by whose edges people are counted", sund_cmd_ontology_load },
    { "ontology list", "Set up", "the ontologies that are loaded, and their versions", sund_cmd_ontology_list },
    { "ontology show", "Set up", "a term: its name, parents, and what is below it", sund_cmd_ontology_show },
    { "ontology drop", "Set up", "take an ontology away", sund_cmd_ontology_drop },
    { "interpret", "Set up", "what laboratories say of variants: in, out, review, discordances", sund_cmd_interpret },
    { "peer", "Set up", "services that may ask for matches by Matchmaker Exchange", sund_cmd_peer },
    { "case", "Set up", "cases of rare disease: in, consent, withdrawal, and to whom they were shown or sent", sund_cmd_case },
    { "compact", "Set up", "remove the people who withdrew from storage", sund_cmd_compact },
    { "catalogue", "Set up", "make a public list of variants, pinned by its digest", sund_cmd_catalogue },
    { "publish", "Set up", "a public file that studies name by its digest: gene tables, scoring files", sund_cmd_publish },
    { "dataset check", "Set up", "what this node says of its data sets, and what is missing", sund_cmd_dataset_check },
    { "dataset validate", "Set up", "check graphs of anybody's against SHACL shapes", sund_cmd_dataset_validate },
    { "simulate cohort", "Set up", "people, genotypes and traits that are nobody's, of any size", sund_cmd_simulate_cohort },
    { "simulate trait", "Set up", "a simulated trait with planted effects on a store's real genotypes", sund_cmd_simulate_trait },
    { "info", "Look", "what a store or a home holds", sund_cmd_info },
    { "freq", "Look", "exact counts in a store of your own: variants, regions, any set of people", sund_cmd_freq },
    { "kinship", "Look", "related pairs and an unrelated set in a store of your own", sund_cmd_kinship },
    { "verify", "Look", "read every byte of a store and check every digest", sund_cmd_verify },
    { "lookup", "Look", "frequency of one variant over all countries", sund_cmd_lookup },
    { "dataset find", "Look", "data sets of all nodes, by words and by what they are", sund_cmd_dataset_find },
    { "match", "Look", "cases that are like one: of this home, of all countries, or of a matchmaker elsewhere", sund_cmd_match },
    { "count", "Look", "how many people a cohort takes, over all countries", sund_cmd_count },
    { "hub", "Run", "run the hub until stopped", sund_cmd_hub },
    { "node stop-release", "Run", "stop everything that leaves a node, at once", sund_cmd_node_stop },
    { "node allow-release", "Run", "let it go on", sund_cmd_node_go_on },
    { "node", "Run", "run a node until stopped", sund_cmd_node },
    { "study check", "Studies", "is a study file sound? lists the analyses", sund_cmd_study_check },
    { "study submit", "Studies", "sign a study and send it to the hub", sund_cmd_study_submit },
    { "study show", "Studies", "what a study asks of a node: its text, people, rules", sund_cmd_study_show },
    { "study approve", "Studies", "a node's decision on a study: let it run", sund_cmd_study_approve },
    { "study refuse", "Studies", "a node's decision on a study: with its reason, for all to read", sund_cmd_study_refuse },
    { "study veto", "Studies", "end a study that was approved, before its first round", sund_cmd_study_veto },
    { "study revoke", "Studies", "take an approval back: a running study stops before its next round", sund_cmd_study_revoke },
    { "study leave", "Studies", "a node leaves a running study for good: it ends for all", sund_cmd_study_leave },
    { "study again", "Studies", "ask a study again, as a new one, without the nodes that left it", sund_cmd_study_again },
    { "study status", "Studies", "where studies stand", sund_cmd_study_status },
    { "study fetch", "Studies", "the result of a study", sund_cmd_study_fetch },
    { "study run", "Studies", "run a study on one home's own data: the pooled analysis", sund_cmd_study_run },
    { "meta", "Studies", "meta-analysis of result files of anybody's", sund_cmd_meta },
    { "replay", "Audit", "compute again what this node said in a study, against its log", sund_cmd_replay },
    { "log show", "Audit", "what left, was asked and was decided here", sund_cmd_log_show },
    { "log export", "Audit", "the whole log, signed, as a file for an auditor", sund_cmd_log_export },
    { "log heads", "Audit", "heads of this log and of others', to hold logs against", sund_cmd_log_heads },
    { "log verify", "Audit", "check a log's chain of digests, its signature, and what others hold of it", sund_cmd_log_verify },
    { "task", "For programs", "one task of a study on a cluster; the node starts them by sbatch", sund_cmd_task },
};
enum { N_CMD = sizeof cmds / sizeof cmds[0] };

static void usage(FILE *out)
{
    const char *group = "";

    fprintf(out, "Sund lets countries analyse their genomes together without moving them.\n\nusage: sund COMMAND [OPTIONS]\n");
    for (size_t i = 0; i < N_CMD; i++) {
        if (strcmp(group, cmds[i].group) != 0)
            fprintf(out, "\n%s\n", group = cmds[i].group);
        fprintf(out, "  %-19s %s\n", cmds[i].name, cmds[i].help);
    }
    fprintf(out, "\n'sund COMMAND --help' says more, with examples. The home is --home, else SUND_HOME, else the current folder.\n");
}

/** The command whose words argv begins with; *words is how many. */
static const sund_cmd *find(int argc, char **argv, int *words)
{
    char two[80];

    (void) snprintf(two, sizeof two, "%.30s %.30s", argv[1], argc > 2 ? argv[2] : "");
    for (size_t i = 0; i < N_CMD; i++) {
        *words = strchr(cmds[i].name, ' ') ? 2 : 1;
        if (strcmp(cmds[i].name, *words == 2 ? two : argv[1]) == 0)
            return &cmds[i];
    }
    return NULL;
}

static int no_command(int argc, char **argv)
{
    const char *names[2 * N_CMD + 1] = { NULL }, *near;
    char        two[80], first[N_CMD][32];
    bool        group = false;

    for (size_t i = 0; i < N_CMD; i++) {
        (void) snprintf(first[i], sizeof first[i], "%.*s", (int) strcspn(cmds[i].name, " "), cmds[i].name);
        names[i] = cmds[i].name;
        names[N_CMD + i] = first[i]; /* "stdy submit": the group is what was mistyped */
        group |= strcmp(first[i], argv[1]) == 0 && strchr(cmds[i].name, ' ');
    }
    if (group && (argc == 2 || strcmp(argv[2], "--help") == 0)) {
        FILE *out = argc == 2 ? stderr : stdout;

        fprintf(out, "usage: sund %s SUBCOMMAND\n", argv[1]);
        for (size_t i = 0; i < N_CMD; i++)
            if (strcmp(first[i], argv[1]) == 0)
                fprintf(out, "  %-19s %s\n", cmds[i].name, cmds[i].help);
        return argc == 2 ? 2 : 0;
    }
    (void) snprintf(two, sizeof two, group ? "%.30s %.30s" : "%.30s", argv[1], argc > 2 ? argv[2] : "");
    near = sund_nearest(two, names);
    fprintf(stderr, "sund: no command '%s'%s%s%s; 'sund help' lists them\n", two, near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
    return 2;
}

int main(int argc, char **argv)
{
    sund_err        err = { SUND_OK, "" };
    const sund_cmd *c;
    int             words = 1;
    sund_code       rc;

    if (argc < 2) {
        usage(stderr);
        return 2;
    }
    if (strcmp(argv[1], "help") == 0 && argc > 2) { /* "sund help study submit" is "sund study submit --help" */
        static char  flag[] = "--help";
        static char *again[4];

        again[0] = argv[0];
        for (int i = 2; i < argc && i < 4; i++)
            again[i - 1] = argv[i];
        again[argc > 3 ? 3 : 2] = flag;
        argc = argc > 3 ? 4 : 3;
        argv = again;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        usage(stdout);
        return sund_cmd_end("help", SUND_OK, &err);
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("sund %s\n", SUND_VERSION);
        return sund_cmd_end("--version", SUND_OK, &err);
    }
    c = find(argc, argv, &words);
    if (!c)
        return no_command(argc, argv);
    rc = sund_crypto_init(&err);
    sund_aead_by(&sund_gcm);
    if (rc == SUND_OK)
        rc = c->run(argc - words, argv + words, &err);
    sund_store_keys_forget();
    return sund_cmd_end(c->name, rc, &err);
}
