#include "base/confine.h"
#include "base/ini.h"
#include "base/log.h"
#include "cluster/task.h"
#include "cmd/cmd.h"
#include "hub/hub.h"
#include "node/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* node and hub: the two processes that stay; and the tasks of a node's cluster. */

sund_code sund_cmd_node(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *user = NULL;
    bool            debug = false, helped = false;
    const sund_opt  opt[] = {
        { "home", 's', &home, "FOLDER", "the node's home" },
        { "user", 's', &user, "NAME", "started by root: become this user, who owns the home" },
        { "debug", 'b', &debug, NULL, "log more" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "node", "[OPTIONS]", "Runs a node until SIGTERM or Ctrl-C. It dials out to the hub; no inbound port is needed. Killed at any point it goes on from its transcripts.", "sund node --home fi", opt, 0, 0 };
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(sund_become(user, err));
    sund_log_level(debug ? SUND_LOG_DEBUG : SUND_LOG_INFO);
    sund_stop_on_signals();
    return sund_node_run(home, &sund_stopping, err);
}

static sund_code switch_release(bool stop, int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *reason = "";
    const sund_opt  opt[] = { { "home", 's', &home, "FOLDER", "the node's home" }, { "reason", 's', &reason, "TEXT", "why; it is logged" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o[] = {
        { "node allow-release", "--reason TEXT [OPTIONS]", "Lets what 'sund node stop-release' stopped leave again. Studies go on where they were.", "sund node allow-release --home fi --reason cleared", opt, 0, 0 },
        { "node stop-release", "--reason TEXT [OPTIONS]", "Stops everything that leaves a node, at once, in the running process too: studies pause, lookups are not answered. Nothing is lost: 'sund node allow-release' lets it go on.",
          "sund node stop-release --home fi --reason 'the committee called'", opt, 0, 0 },
    };
    sund_home h;
    bool      helped = false;
    size_t    n;
    sund_code rc;

    SUND_TRY(sund_opts_parse(&o[stop], argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (!*reason || strlen(reason) > 200)
        return sund_fail(err, SUND_E_ARG, "say why, in at most 200 bytes: --reason TEXT");
    SUND_TRY(sund_home_open(&h, home, SUND_HOME_STATE, err));
    rc = h.role != SUND_ROLE_NODE ? sund_fail(err, SUND_E_ARG, "%s is not the home of a node", home) : stop ? sund_gate_stop(h.db, reason, err) : sund_gate_go_on(h.db, reason, err);
    sund_home_close(&h);
    if (rc == SUND_OK)
        printf("%s\n", stop ? "nothing leaves from now on" : "what waits may leave again");
    return rc;
}

sund_code sund_cmd_node_stop(int argc, char **argv, sund_err *err) { return switch_release(true, argc, argv, err); }
sund_code sund_cmd_node_go_on(int argc, char **argv, sund_err *err) { return switch_release(false, argc, argv, err); }

sund_code sund_cmd_hub(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *port_file = NULL, *user = NULL;
    bool            debug = false, helped = false;
    const sund_opt  opt[] = {
        { "home", 's', &home, "FOLDER", "the hub's home" },
        { "user", 's', &user, "NAME", "started by root: become this user, who owns the home" },
        { "port-file", 's', &port_file, "FILE", "write the port there once the hub listens" },
        { "debug", 'b', &debug, NULL, "log more" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "hub", "[OPTIONS]", "Runs the hub until SIGTERM or Ctrl-C: mailbox of studies, public files, lookups over all nodes. It never sees a number that the gate has not passed.", "sund hub --home hub", opt, 0, 0 };
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(sund_become(user, err));
    sund_log_level(debug ? SUND_LOG_DEBUG : SUND_LOG_INFO);
    sund_stop_on_signals();
    return sund_hub_run(home, port_file, &sund_stopping, err);
}

/** A number that Slurm puts into a task's environment. */
static sund_code from_slurm(const char *name, int64_t max, int64_t *out, sund_err *err)
{
    const char *v = getenv(name);

    if (v && !sund_parse_i64(v, 0, max, out))
        return sund_fail(err, SUND_E_ARG, "%s is no whole number from 0 to %lld", name, (long long) max);
    return SUND_OK;
}

sund_code sund_cmd_task(int argc, char **argv, sund_err *err)
{
    int64_t         round = -1, from = 0, tasks = 1, task = -1, threads = 1;
    bool            helped = false;
    const sund_opt  opt[] = {
        { "round", 'i', &round, "R", "the round that is asked" },
        { "from", 'i', &from, "C", "chunks before this one are summed already" },
        { "tasks", 'i', &tasks, "T", "into how many tasks the round's chunks are divided" },
        { "task", 'i', &task, "I", "which of them this is, from 0; otherwise SLURM_ARRAY_TASK_ID says" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "task", "--round R --tasks T [OPTIONS] FOLDER", "Computes one task's share of a study's round for a node with engine = slurm, which starts it by sbatch. Everything it needs is in the study's work folder, and what it computes goes there. Threads: SLURM_CPUS_PER_TASK, or 1.",
                          "sund task --round 1 --tasks 8 --task 3 /shared/fi/work/3f2a91c0...", opt, 1, 1 };
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(from_slurm("SLURM_CPUS_PER_TASK", 1024, &threads, err));
    if (task < 0)
        SUND_TRY(from_slurm("SLURM_ARRAY_TASK_ID", SUND_TASKS_MAX, &task, err));
    if (round < 0 || round > UINT32_MAX || from < 0 || from > UINT32_MAX || tasks < 1 || tasks > SUND_TASKS_MAX || task < 0 || task >= tasks)
        return sund_fail(err, SUND_E_ARG, "there is no such task: see 'sund task --help'");
    return sund_task_run(&(sund_task_plan){ argv[1], (uint32_t) round, (uint32_t) from, (uint32_t) task, (uint32_t) tasks, threads > 64 ? 64 : (unsigned) threads }, err);
}
