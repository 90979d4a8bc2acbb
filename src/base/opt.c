#include "base/opt.h"

#include "base/ini.h"

#include <stdio.h>
#include <string.h>

static void print_help(const sund_opts *o)
{
    printf("usage: sund %s %s\n\n%s\n", o->command, o->synopsis, o->about);
    if (o->opt[0].name)
        printf("\nOptions:\n");
    for (const sund_opt *p = o->opt; p->name; p++) {
        char left[64];

        (void) snprintf(left, sizeof left, "--%s%s%s", p->name, p->arg ? " " : "", p->arg ? p->arg : "");
        printf("  %-24s %s\n", left, p->help);
    }
    printf("\nExamples:\n");
    for (const char *at = o->examples; *at;) {
        size_t n = strcspn(at, "\n");

        printf("  %.*s\n", (int) n, at);
        at += n + (at[n] == '\n');
    }
}

static sund_code usage(const sund_opts *o, sund_err *err, const char *what, const char *more)
{
    return sund_fail(err, SUND_E_ARG, "%.200s%.80s; see 'sund %s --help'", what, more, o->command);
}

static sund_code unknown(const sund_opts *o, const char *name, sund_err *err)
{
    const char *names[65] = { "help" }, *near;
    char        what[200];

    for (size_t i = 0; i < 63 && o->opt[i].name; i++)
        names[i + 1] = o->opt[i].name;
    near = sund_nearest(name, names);
    (void) snprintf(what, sizeof what, "there is no option --%.60s%s%.60s%s", name, near ? " (did you mean --" : "", near ? near : "", near ? "?)" : "");
    return usage(o, err, what, "");
}

static sund_code set(const sund_opts *o, const sund_opt *p, const char *value, sund_err *err)
{
    if (p->kind == 's') {
        *(const char **) p->value = value;
    }
    else if (p->kind == 'i') {
        if (!sund_parse_i64(value, INT64_MIN, INT64_MAX, p->value))
            return usage(o, err, "a whole number is expected for --", p->name);
    }
    else {
        sund_opt_list *l = p->value;

        if (l->n == sizeof l->at / sizeof l->at[0])
            return usage(o, err, "too many times --", p->name);
        l->at[l->n++] = value;
    }
    return SUND_OK;
}

/** One "--name", with its value from "=..." or the next argument. */
static sund_code take(const sund_opts *o, int argc, char **argv, int *i, sund_err *err)
{
    char            name[64];
    const char     *eq = strchr(argv[*i], '=');
    size_t          n = eq ? (size_t) (eq - argv[*i]) - 2 : strlen(argv[*i]) - 2;
    const sund_opt *p = o->opt;

    (void) snprintf(name, sizeof name, "%.*s", (int) (n < 60 ? n : 60), argv[*i] + 2);
    while (p->name && strcmp(p->name, name) != 0)
        p++;
    if (!p->name)
        return unknown(o, name, err);
    if (p->kind == 'b') {
        if (eq)
            return usage(o, err, "no value is taken by --", name);
        *(bool *) p->value = true;
        return SUND_OK;
    }
    if (!eq && *i + 1 >= argc)
        return usage(o, err, "a value is missing behind --", name);
    return set(o, p, eq ? eq + 1 : argv[++*i], err);
}

/** The synopsis whole: its further lines, where a command has several forms, behind one another. */
static sund_code missing(const sund_opts *o, sund_err *err)
{
    char   forms[300];
    size_t n = 0;

    for (const char *at = o->synopsis; *at && n + 4 < sizeof forms; at++) {
        if (*at == '\n') { /* "make ...\n       sund roster sign ..." */
            forms[n++] = ',';
            forms[n++] = ' ';
            at += strspn(at + 1, " ");
            if (strncmp(at + 1, "sund ", 5) == 0)
                at += 5;
            if (strncmp(at + 1, o->command, strlen(o->command)) == 0)
                at += strlen(o->command) + 1;
            continue;
        }
        forms[n++] = *at;
    }
    forms[n] = 0;
    return sund_fail(err, SUND_E_ARG, "something is missing: %s; see 'sund %s --help'", forms, o->command);
}

sund_code sund_opts_parse(const sund_opts *o, int argc, char **argv, size_t *n_arg, bool *helped, sund_err *err)
{
    bool   only_args = false;
    size_t n = 0;

    *helped = false;
    for (int i = 1; i < argc; i++) {
        if (!only_args && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            print_help(o);
            *helped = true;
            return SUND_OK;
        }
        if (!only_args && strcmp(argv[i], "--") == 0)
            only_args = true;
        else if (!only_args && strncmp(argv[i], "--", 2) == 0)
            SUND_TRY(take(o, argc, argv, &i, err));
        else if (!only_args && argv[i][0] == '-' && argv[i][1])
            return usage(o, err, "options begin with two dashes, not ", argv[i]);
        else
            argv[++n] = argv[i];
    }
    if (n < o->min_arg)
        return missing(o, err);
    if (n > o->max_arg)
        return usage(o, err, "one argument too many: ", argv[n]);
    *n_arg = n;
    return SUND_OK;
}
