#include "cmd/cmd.h"
#include "exchange/peers.h"
#include "home/settings.h"
#include "node/permissions.h"

#include <stdio.h>
#include <string.h>

/* peer: services that may ask for matches over HTTP. */

static sund_code list(const char *path, sund_err *err)
{
    sund_buf  out = { 0 };
    sund_code rc = sund_peers_list(path, &out, err);

    if (rc == SUND_OK)
        printf("%.*s", (int) out.n, out.n ? (char *) out.p : "");
    if (rc == SUND_OK && !out.n)
        printf("nobody\n");
    sund_buf_free(&out);
    return rc;
}

sund_code sund_cmd_peer(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home();
    bool            permissions = false;
    const sund_opt  opt[] = { { "home", 's', &home, "FOLDER", "home of the hub or of a node" }, { "permissions", 'b', &permissions, NULL, "services that may ask a node who may use its data, not those of Matchmaker Exchange" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "peer", "add [OPTIONS] NAME\n       sund peer list [OPTIONS]\n       sund peer remove [OPTIONS] NAME",
                          "Services of Matchmaker Exchange that may ask for cases by POST /match: at the hub, of all nodes; at a node with pages of its own, of that one. 'add' makes a token and says it once, for the header X-Auth-Token; kept is its digest. "
                          "What such a service is shown, owners of cases are told, under the name mme-NAME. With --permissions, programs that ask as they ask a REMS who may use a node's data (doc/applications.md). A change holds at once. See doc/matchmaker.md.",
                          "sund peer add --home hub decipher\nsund peer list --home hub\nsund peer remove --home hub decipher\nsund peer add --home fi --permissions broker", opt, 1, 2 };
    static const char *const words[] = { "add", "list", "remove", NULL };
    char            path[2048], token[65];
    bool            helped = false;
    sund_home       h;
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(sund_cmd_word("peer", argv[1], words, err));
    SUND_TRY(sund_home_open(&h, home, 0, err));
    rc = h.role == SUND_ROLE_RESEARCHER ? sund_fail(err, SUND_E_ARG, "%s is the home of a researcher: peers ask the hub, or a node", home) 
       : permissions && h.role != SUND_ROLE_NODE ? sund_fail(err, SUND_E_ARG, "%s is not the home of a node: each tells who may use its own data", home)
                                                 : sund_home_path(&h, permissions ? SUND_PERMISSIONS_FILE : "peers.ini", path, sizeof path, err);
    sund_home_close(&h);
    if (rc != SUND_OK)
        return rc;
    if (strcmp(argv[1], "list") == 0 && n == 1)
        return list(path, err);
    if (strcmp(argv[1], "remove") == 0 && n == 2) {
        SUND_TRY(sund_peers_remove(path, argv[2], err));
        return sund_home_noted(home, err);
    }
    if (strcmp(argv[1], "add") != 0 || n != 2)
        return sund_fail(err, SUND_E_ARG, "'add NAME', 'list' or 'remove NAME' is expected; see 'sund peer --help'");
    SUND_TRY(sund_peers_add(path, argv[2], token, err));
    printf("%s\n", token);
    return sund_home_noted(home, err);
}
