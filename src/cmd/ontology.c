#include "cmd/cmd.h"
#include "home/settings.h"
#include "onto/ontos.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ontology load, list, show, drop: the ontologies by which this home counts. */

static void print_info(const sund_onto_info *i)
{
    char hex[17];

    for (int k = 0; k < 8; k++)
        (void) snprintf(hex + 2 * k, 3, "%02x", i->digest.b[k]);
    printf("%s %s: %u terms (%u obsolete), %u edges, %u synonyms, %u alternate ids; digest %s", i->prefix, i->version, i->n_term, i->n_obsolete, i->n_edge, i->n_synonym, i->n_alt, hex);
}

static sund_code load_one(sund_ontos *s, const char *path, const char *version, bool check, sund_err *err)
{
    sund_onto       *o = NULL;
    const sund_onto *was = NULL;
    sund_code        rc;

    SUND_TRY(sund_onto_read_file(&o, path, version, err));
    SUND_GO(sund_ontos_get(s, sund_onto_about(o)->prefix, &was, err));
    if (!check)
        SUND_GO(sund_ontos_put(s, o, err));
    print_info(sund_onto_about(o));
    if (sund_onto_about(o)->n_outside)
        printf("; left out: %llu terms and edges of other prefixes or kinds", (unsigned long long) sund_onto_about(o)->n_outside);
    if (was && !check)
        printf("; in the place of version %s", sund_onto_about(was)->version);
    printf("\n");
    rc = SUND_OK;
out:
    sund_onto_free(was);
    sund_onto_free(o);
    return rc;
}

sund_code sund_cmd_ontology_load(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *version = NULL;
    bool            check = false, helped = false;
    const sund_opt  opt[] = {
        { "home", 's', &home, "FOLDER", "the home" },
        { "version", 's', &version, "TEXT", "the version, where the file does not say it (tables never do)" },
        { "check", 'b', &check, NULL, "only read: nothing is kept" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "ontology load", "[OPTIONS] FILE...",
                          "Ontologies by whose edges a node counts people: 'has HP:0001250' then takes everybody with a term below it too. OBO 1.2 and 1.4, obographs JSON, and tables with tabs of terms "
                          "(id, name, parents) or edges (subject, predicate, object); each may be packed by gzip. The file's main prefix is what is kept; a newer version takes the place of the older one, "
                          "whole. A cycle, or a parent that is not there, is refused by name. See doc/clinical-data.md.",
                          "sund ontology load --home fi hp.obo mondo.json.gz\nsund ontology load --home fi --version 2024-02-08 hpo_terms.tsv.gz", opt, 1, 64 };
    sund_home       h;
    size_t          n;
    sund_code       rc = SUND_OK;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (version && n > 1)
        return sund_fail(err, SUND_E_ARG, "--version is of one FILE; see 'sund ontology load --help'");
    SUND_TRY(sund_home_open(&h, home, SUND_HOME_ONTOS, err));
    for (size_t i = 1; i <= n && rc == SUND_OK; i++)
        rc = load_one(h.ontos, argv[i], version, check, err);
    sund_home_close(&h);
    return rc == SUND_OK && !check ? sund_home_noted(home, err) : rc;
}

/** A command whose one option is the home: fn gets its ontologies, and the argument where there is one. */
typedef sund_code on_ontologies(sund_ontos *s, const char *arg, sund_err *err);

static sund_code with_home(sund_opts o, int argc, char **argv, on_ontologies *fn, sund_err *err)
{
    const char    *home = sund_default_home();
    bool           helped = false;
    const sund_opt opt[] = { { "home", 's', &home, "FOLDER", "the home" }, { NULL, 0, NULL, NULL, NULL } };
    sund_home      h;
    size_t         n;
    sund_code      rc;

    o.opt = opt;
    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(sund_home_open(&h, home, SUND_HOME_ONTOS, err));
    rc = fn(h.ontos, n ? argv[1] : NULL, err);
    sund_home_close(&h);
    return rc == SUND_OK && fn == sund_ontos_drop ? sund_home_noted(home, err) : rc;
}

static sund_code list(sund_ontos *s, const char *arg, sund_err *err)
{
    sund_ontos_entry *e = NULL;
    size_t            n;
    sund_code         rc = sund_ontos_list(s, &e, &n, err);

    (void) arg;
    for (size_t i = 0; rc == SUND_OK && i < n; i++) {
        print_info(&e[i].info);
        printf("; loaded %s\n", e[i].time);
    }
    if (rc == SUND_OK && n == 0)
        printf("none: 'sund ontology load FILE' takes one; codes then have no descendants but those of ICD and ATC, by their letters\n");
    free(e);
    return rc;
}

sund_code sund_cmd_ontology_list(int argc, char **argv, sund_err *err)
{
    const sund_opts o = { "ontology list", "[OPTIONS]", "The ontologies that are loaded, with version, size and the digest of what is counted by: two nodes with the same digest count alike.",
                          "sund ontology list --home fi", NULL, 0, 0 };

    return with_home(o, argc, argv, list, err);
}

static sund_code show_term(const sund_onto *o, const char *id, sund_err *err)
{
    size_t          n_word = sund_onto_words(o), n_term = sund_onto_about(o)->n_term, n;
    uint32_t        t = sund_onto_find(o, id), *list;
    uint64_t       *set;
    const uint32_t *to;

    if (t == SUND_ONTO_NONE)
        return sund_fail(err, SUND_E_NOT_FOUND, "%s %s has no term %.64s", sund_onto_about(o)->prefix, sund_onto_about(o)->version, id);
    set = calloc(2 * n_word, sizeof *set);
    list = malloc((n_term + 1) * sizeof *list);
    if (!set || !list) {
        free(set);
        free(list);
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    }
    printf("%s %s%s\nversion     %s\n", sund_onto_id(o, t), sund_onto_name(o, t), sund_onto_obsolete(o, t) ? " (obsolete)" : "", sund_onto_about(o)->version);
    for (size_t i = 0; i < sund_onto_n_alt(o, t); i++)
        printf("alternate   %s\n", sund_onto_alt(o, t, i));
    for (size_t i = 0; i < sund_onto_n_synonym(o, t); i++)
        printf("synonym     %s\n", sund_onto_synonym(o, t, i));
    to = sund_onto_parents(o, t, &n);
    for (size_t i = 0; i < n; i++)
        printf("parent      %s %s\n", sund_onto_id(o, to[i]), sund_onto_name(o, to[i]));
    to = sund_onto_children(o, t, &n);
    for (size_t i = 0; i < n; i++)
        printf("child       %s %s\n", sund_onto_id(o, to[i]), sund_onto_name(o, to[i]));
    printf("above       %zu\n", sund_onto_above(o, t, set, list) - 1);
    printf("below       %zu\n", sund_onto_below(o, t, set + n_word, list) - 1);
    free(set);
    free(list);
    return SUND_OK;
}

static sund_code show(sund_ontos *s, const char *id, sund_err *err)
{
    const sund_onto *onto = NULL;
    char             code[SUND_CODE_MAX + 1];
    sund_code        rc;

    if (!sund_onto_code(id, strlen(id), code))
        return sund_fail(err, SUND_E_ARG, "'%.64s' is no id such as HP:0001250; see 'sund ontology show --help'", id);
    rc = sund_ontos_get(s, code, &onto, err);
    if (rc == SUND_OK)
        rc = onto ? show_term(onto, code, err) : sund_fail(err, SUND_E_NOT_FOUND, "no ontology with the prefix of %.64s is loaded: 'sund ontology list' shows those that are", code);
    sund_onto_free(onto);
    return rc;
}

sund_code sund_cmd_ontology_show(int argc, char **argv, sund_err *err)
{
    const sund_opts o = { "ontology show", "[OPTIONS] ID", "A term of a loaded ontology: name, synonyms, parents, children, and how many terms are above and below it. An alternate or replaced id shows the term that stands for it.",
                          "sund ontology show --home fi HP:0001250", NULL, 1, 1 };

    return with_home(o, argc, argv, show, err);
}

sund_code sund_cmd_ontology_drop(int argc, char **argv, sund_err *err)
{
    const sund_opts o = { "ontology drop", "[OPTIONS] PREFIX", "Takes a loaded ontology away: its codes have no descendants any more.", "sund ontology drop --home fi HP", NULL, 1, 1 };

    return with_home(o, argc, argv, sund_ontos_drop, err);
}
