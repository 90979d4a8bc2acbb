#include "base/log.h"
#include "cmd/cmd.h"
#include "hub/hub.h"
#include "node/node.h"

/* node and hub: the two processes that stay. */

sund_code sund_cmd_node(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home();
    bool            debug = false, helped = false;
    const sund_opt  opt[] = { { "home", 's', &home, "FOLDER", "the node's home" }, { "debug", 'b', &debug, NULL, "log more" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "node", "[OPTIONS]", "Runs a node until SIGTERM or Ctrl-C. It dials out to the hub; no inbound port is needed. Killed at any point it goes on from its transcripts.", "sund node --home fi", opt, 0, 0 };
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    sund_log_level(debug ? SUND_LOG_DEBUG : SUND_LOG_INFO);
    sund_stop_on_signals();
    return sund_node_run(home, &sund_stopping, err);
}

sund_code sund_cmd_hub(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *port_file = NULL;
    bool            debug = false, helped = false;
    const sund_opt  opt[] = {
        { "home", 's', &home, "FOLDER", "the hub's home" },
        { "port-file", 's', &port_file, "FILE", "write the port there once the hub listens" },
        { "debug", 'b', &debug, NULL, "log more" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "hub", "[OPTIONS]", "Runs the hub until SIGTERM or Ctrl-C: mailbox of studies, public catalogues, lookups over all nodes. It never sees a number that the gate has not passed.", "sund hub --home hub", opt, 0, 0 };
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    sund_log_level(debug ? SUND_LOG_DEBUG : SUND_LOG_INFO);
    sund_stop_on_signals();
    return sund_hub_run(home, port_file, &sund_stopping, err);
}
