#ifndef SUND_BASE_OPT_H
#define SUND_BASE_OPT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Options of one command, described once: parsing and `--help` both come from the table.
 *
 *  Kinds  'b' flag (value: bool *), 's' string (const char **), 'i' integer (int64_t *), 'l' repeatable string (sund_opt_list *).
 *  --name VALUE and --name=VALUE are both taken; `--` ends options; "-" alone is a positional; -h is --help.
 *  Unknown options name the nearest one. */
typedef struct sund_opt_list { const char *at[64]; size_t n; } sund_opt_list;

typedef struct sund_opt {
    const char *name;  /**< without the dashes */
    char        kind;
    void       *value;
    const char *arg;   /**< name of the value in help, e.g. "FILE"; NULL for flags */
    const char *help;  /**< one line */
} sund_opt;

typedef struct sund_opts {
    const char     *command;  /**< e.g. "import" or "study submit" */
    const char     *synopsis; /**< e.g. "[OPTIONS] FILE..." */
    const char     *about;    /**< what it does, a paragraph */
    const char     *examples; /**< lines, each one a command */
    const sund_opt *opt;      /**< ends with name NULL */
    size_t          min_arg, max_arg; /**< positionals */
} sund_opts;

/** Parses argv[1..]; positionals are moved to argv[1..*n_arg] in order. *helped is set (and help printed to stdout)
 *  for --help; the caller then returns SUND_OK. Errors: SUND_E_ARG, message ends "; see 'sund COMMAND --help'". */
sund_code sund_opts_parse(const sund_opts *o, int argc, char **argv, size_t *n_arg, bool *helped, sund_err *err) SUND_MUST_CHECK;

#endif
