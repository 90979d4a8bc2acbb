#include "base/file.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "cmd/people.h"
#include "gate/ledger.h"
#include "home/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* init, people: what an operator does before a node runs. */

sund_code sund_cmd_init(int argc, char **argv, sund_err *err)
{
    const char     *role = "node", *id = NULL, *host = NULL, *listen = NULL, *access = NULL, *approve = NULL;
    int64_t         port = -1;
    const sund_opt  opt[] = {
        { "role", 's', &role, "ROLE", "node (default), hub or researcher" },
        { "id", 's', &id, "NAME", "name in the federation, e.g. FI (needed)" },
        { "host", 's', &host, "HOST", "hub: DNS name or IP address that members dial (127.0.0.1)" },
        { "listen", 's', &listen, "ADDRESS", "hub: IP address that it listens on; without it --host where that is an address, else 0.0.0.0" },
        { "port", 'i', &port, "PORT", "hub: port (8750)" },
        { "access", 's', &access, "LEVEL", "node: controlled (default), or open when its people consented to publication" },
        { "approve", 's', &approve, "WHO", "node: ask (default) or all" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "init", "[OPTIONS] FOLDER", "Makes a home: sund.ini, a signing key readable by its owner only, and member.ini, the lines that go into the roster. A hub also gets a TLS certificate.",
                          "sund init --role hub --id hub --host hub.example.org hub/\nsund init --id FI node-fi/", opt, 1, 1 };
    sund_home_plan  plan = { .role = SUND_ROLE_NODE };
    sund_buf        member = { 0 };
    bool            helped = false;
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (strcmp(role, "hub") == 0)
        plan.role = SUND_ROLE_HUB;
    else if (strcmp(role, "researcher") == 0)
        plan.role = SUND_ROLE_RESEARCHER;
    else if (strcmp(role, "node") != 0)
        return sund_fail(err, SUND_E_ARG, "--role is node, hub or researcher, not '%.40s'", role);
    if (!id)
        return sund_fail(err, SUND_E_ARG, "--id NAME is needed; see 'sund init --help'");
    if (plan.role != SUND_ROLE_HUB && (host || listen || port != -1))
        return sund_fail(err, SUND_E_ARG, "--host, --listen and --port are a hub's: a %s only dials", role);
    if (plan.role != SUND_ROLE_NODE && (access || approve))
        return sund_fail(err, SUND_E_ARG, "--access and --approve are a node's: a %s has no data", role);
    if (port != -1 && (port < 1 || port > 65535))
        return sund_fail(err, SUND_E_ARG, "--port is from 1 to 65535");
    plan.id = id;
    plan.host = host ? host : "127.0.0.1";
    plan.listen = listen;
    plan.port = (uint16_t) (port == -1 ? 8750 : port);
    plan.access = access ? access : "controlled";
    plan.approve = approve ? approve : "ask";
    rc = sund_home_init(argv[1], &plan, &member, err);
    if (rc == SUND_OK)
        printf("%s: %s %s is ready. Its lines for the roster (member.ini):\n\n%.*s\nNext: 'sund roster make' puts all members together, then every node signs.\n", argv[1], role, id, (int) member.n, (char *) member.p);
    sund_buf_free(&member);
    return rc;
}

static sund_code withdraw(sund_home *h, const char *file, sund_err *err)
{
    sund_buf  text = { 0 };
    size_t    n = 0, line = 1;
    sund_code rc, said;

    SUND_TRY(sund_file_read(file, 1 << 26, &text, err));
    SUND_GO(sund_people_part(h->people, err));
    for (char *at = (char *) text.p; rc == SUND_OK && at && *at;) {
        size_t len = strcspn(at, "\r\n");
        char   end = at[len];

        at[len] = 0;
        if (len)
            rc = sund_people_withdraw(h->people, at, err);
        if (rc != SUND_OK)
            rc = sund_fail_in(err, rc, "%s:%zu", file, line);
        n += len > 0;
        line += end == '\n' || !end;
        at += len + (end != 0);
    }
    said = n ? sund_ledger_add(h->db, "people", "", rc == SUND_OK ? err : NULL, "people withdrew: no later answer holds them") : SUND_OK; /* of how many it is not said: one is somebody */
    said = sund_people_part_end(h->people, said, rc == SUND_OK ? err : NULL); /* those before a line that is wrong have withdrawn */
    if (rc == SUND_OK)
        rc = said;
    if (rc == SUND_OK)
        printf("%zu people withdrawn: no later answer holds them; 'sund compact' removes them from storage\n", n);
out:
    sund_buf_free(&text);
    return rc;
}

sund_code sund_open_persons(sund_home *h, const char *dir, unsigned what, sund_err *err)
{
    bool node;

    SUND_TRY(sund_home_open(h, dir, 0, err));
    node = h->role == SUND_ROLE_NODE;
    sund_home_close(h);
    return node ? sund_home_open(h, dir, SUND_HOME_PEOPLE | what, err) : sund_fail(err, SUND_E_ARG, "%s is not the home of a node: only nodes have persons", dir);
}

sund_code sund_take_people_table(sund_home *h, const char *path, const char *dictionary, sund_err *err)
{
    sund_people_report r;
    sund_code          rc;

    SUND_TRY(sund_people_part(h->people, err)); /* in the log first: a process that is killed between leaves an entry too many, never one too few */
    rc = sund_people_import(h->people, path, dictionary, &r, err);
    if (rc == SUND_OK)
        rc = sund_ledger_add(h->db, "people", "", err, "a table of people was taken in: who there is, with which values and consents");
    SUND_TRY(sund_people_part_end(h->people, rc, err));
    printf("%llu people (%llu new), %llu values of %llu variables, %llu missing\n", (unsigned long long) r.n_person, (unsigned long long) r.n_new, (unsigned long long) r.n_value,
           (unsigned long long) r.n_variable, (unsigned long long) r.n_missing);
    return SUND_OK;
}

sund_code sund_compare_with_store(const sund_home *h, sund_err *err)
{
    sund_store     *s = NULL;
    sund_person_set all = { 0 };
    uint32_t       *col = NULL;
    size_t          unknown = 0, other_sex = 0;
    sund_code       rc;

    if (sund_home_store(h, &s, NULL) != SUND_OK)
        return SUND_OK;
    SUND_GO(sund_people_everybody(h->people, &all, err));
    col = calloc(all.n + 1, sizeof *col);
    rc = col ? sund_store_columns(s, (const char (*)[64]) all.name, all.n, col, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (size_t i = 0; rc == SUND_OK && i < all.n; i++) {
        unknown += col[i] == UINT32_MAX;
        other_sex += col[i] != UINT32_MAX && all.sex[i] && all.sex[i] != sund_store_describe(s)->sex[col[i]];
    }
    if (rc == SUND_OK && unknown)
        printf("note: %zu of all %zu persons have no genotypes in %s: no study counts them\n", unknown, all.n, h->store_path);
    if (rc == SUND_OK && all.n - unknown < sund_store_describe(s)->n_person)
        printf("note: %zu people of %s are not among the persons: they take part in nothing\n", sund_store_describe(s)->n_person - (all.n - unknown), h->store_path);
    if (rc == SUND_OK && other_sex)
        printf("warning: %zu persons have another sex here than in %s: one of the two is wrong\n", other_sex, h->store_path);
out:
    free(col);
    sund_person_set_free(&all);
    sund_store_close(s);
    return rc;
}

/** A dictionary alone is read, and held against what is declared already; nothing is kept. */
static sund_code check_dictionary(sund_people *p, const char *dict, sund_err *err)
{
    uint64_t n = 0;

    SUND_TRY(sund_people_dictionary_check(p, dict, &n, err));
    printf("%s: sound, %llu variables; nothing is kept before persons have values of them: add PEOPLE.tsv\n", dict, (unsigned long long) n);
    return SUND_OK;
}

sund_code sund_cmd_people(int argc, char **argv, sund_err *err)
{
    const char        *home = sund_default_home(), *dict = NULL, *gone = NULL;
    const sund_opt     opt[] = {
        { "home", 's', &home, "FOLDER", "the node's home" },
        { "dictionary", 's', &dict, "FILE", "TSV of the variables: name, type, unit, min, max, decimals, codes; without PEOPLE.tsv it is only checked" },
        { "withdraw", 's', &gone, "FILE", "mark the persons in FILE, one id a line, as withdrawn" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts    o = { "people", "[OPTIONS] [PEOPLE.tsv]", "Persons of a node: person, sex, country, population, born, consent (DUO codes), withdrawn, codes, and the dictionary's variables. All or nothing; again updates. See doc/cohorts.md.",
                             "sund people --home fi --dictionary dictionary.tsv\nsund people --home fi --dictionary dictionary.tsv people.tsv\nsund people --home fi --withdraw gone.txt", opt, 0, 1 };
    sund_home          h;
    bool               helped = false;
    size_t             n;
    sund_code          rc = SUND_OK;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (n == 0 && !gone && !dict)
        return sund_fail(err, SUND_E_ARG, "give PEOPLE.tsv, --dictionary FILE or --withdraw FILE; see 'sund people --help'");
    SUND_TRY(sund_open_persons(&h, home, SUND_HOME_STATE, err));
    if (n == 0 && dict)
        rc = check_dictionary(h.people, dict, err);
    if (n)
        rc = sund_take_people_table(&h, argv[1], dict, err);
    if (rc == SUND_OK && gone)
        rc = withdraw(&h, gone, err);
    if (rc == SUND_OK && n)
        rc = sund_compare_with_store(&h, err);
    sund_home_close(&h);
    return rc;
}
