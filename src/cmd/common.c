#include "base/file.h"
#include "base/ini.h"
#include "cmd/cmd.h"
#include "gate/leave.h"
#include "report/report.h"
#include "store/bgzip.h"
#include "study/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Atomic bool sund_stopping; /* lock-free: threads read what a signal handler writes */

static void on_signal(int s)
{
    (void) s;
    sund_stopping = true;
}

void sund_stop_on_signals(void)
{
    struct sigaction a;

    memset(&a, 0, sizeof a);
    a.sa_handler = on_signal;
    (void) sigaction(SIGINT, &a, NULL);
    (void) sigaction(SIGTERM, &a, NULL);
    a.sa_handler = SIG_IGN;
    (void) sigaction(SIGPIPE, &a, NULL);
}

const char *sund_default_home(void)
{
    const char *h = getenv("SUND_HOME");

    return h && h[0] ? h : ".";
}

static size_t n_rows(sund_cur text)
{
    const uint8_t *at = text.p, *end = at + text.n;
    size_t         n = 0;

    for (; at < end && (at = memchr(at, '\n', (size_t) (end - at))) != NULL; at++)
        sund_maps_pass(n++);
    return n ? n - 1 : 0;
}

/** Associations as the field exchanges them: a file for each trait. */
static sund_code write_ssf(const char *out, sund_cur table, sund_err *err)
{
    sund_buf  text = { .large = true };
    char      path[4096], name[SUND_REPORT_TRAIT + 32], trait[SUND_REPORT_TRAIT];
    sund_code rc = SUND_OK;

    for (size_t k = 0; rc == SUND_OK && sund_report_ssf(table, k, trait, &text); k++) {
        (void) snprintf(name, sizeof name, "gwas-ssf%s%s.tsv.gz", trait[0] ? "." : "", trait);
        rc = sund_buf_ok(&text, err);
        if (rc == SUND_OK)
            rc = sund_path_join(path, sizeof path, out, name, err);
        if (rc == SUND_OK)
            rc = sund_bgzip_table(path, text.p, text.n, err);
        if (rc == SUND_OK)
            printf("%s: the same as GWAS-SSF, with its index\n", path);
        sund_buf_clear(&text);
    }
    sund_buf_free(&text);
    return rc;
}

static sund_code write_report(const char *out, const sund_release_parts *parts, sund_err *err)
{
    sund_buf  html = { 0 };
    char      path[4096];
    sund_code rc;

    sund_report_write(parts, &html);
    rc = sund_buf_ok(&html, err);
    if (rc == SUND_OK)
        rc = sund_path_join(path, sizeof path, out, "report.html", err);
    if (rc == SUND_OK)
        rc = sund_file_write(path, html.p, html.n, 0644, err);
    if (rc == SUND_OK)
        printf("%s: plots and tables, for a browser\n", path);
    sund_buf_free(&html);
    return rc;
}

sund_code sund_write_release(const char *out, const void *bytes, size_t n, sund_err *err)
{
    sund_release_parts parts;
    char               path[4096], name[48];

    SUND_TRY(sund_release_split(bytes, n, &parts, err));
    if (!parts.n_table)
        return sund_fail(err, SUND_E_FORMAT, "a release has no table");
    if (!out)
        return fwrite(parts.table[0].text.p, 1, parts.table[0].text.n, stdout) == parts.table[0].text.n ? SUND_OK : sund_fail(err, SUND_E_IO, "cannot write the output");
    SUND_TRY(sund_dir_make(out, err));
    for (size_t i = 0; i < parts.n_table; i++) {
        (void) snprintf(name, sizeof name, "%s.tsv", parts.table[i].name);
        SUND_TRY(sund_path_join(path, sizeof path, out, name, err));
        SUND_TRY(sund_file_write(path, parts.table[i].text.p, parts.table[i].text.n, 0644, err));
        printf("%s: %zu rows\n", path, n_rows(parts.table[i].text));
    }
    SUND_TRY(sund_path_join(path, sizeof path, out, "provenance.json", err));
    SUND_TRY(sund_file_write(path, parts.provenance.p, parts.provenance.n, 0644, err));
    SUND_TRY(write_ssf(out, parts.table[0].text, err));
    return write_report(out, &parts, err);
}

sund_code sund_study_name(const char *arg, unsigned char out[32], bool *whole, sund_err *err)
{
    sund_buf    text = { 0 };
    sund_digest d;

    *whole = true;
    if (sund_unhex(arg, out, 32))
        return SUND_OK;
    if (strspn(arg, "0123456789abcdef") == strlen(arg) && strlen(arg) >= 8 && strlen(arg) < 64) {
        *whole = false;
        return SUND_OK;
    }
    if (sund_file_read(arg, SUND_STUDY_MAX_BYTES, &text, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_ARG, "'%.80s' is neither a study's name (8 or more hex digits) nor a study file", arg);
    d = sund_digest_of(text.p, text.n);
    memcpy(out, d.b, 32);
    sund_buf_free(&text);
    return SUND_OK;
}

sund_code sund_cmd_word(const char *command, const char *word, const char *const *words, sund_err *err)
{
    const char *near;

    for (const char *const *w = words; *w; w++)
        if (strcmp(*w, word) == 0)
            return SUND_OK;
    near = sund_nearest(word, words);
    return sund_fail(err, SUND_E_ARG, "there is no '%s %.60s'%s%s%s; see 'sund %s --help'", command, word, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", command);
}
