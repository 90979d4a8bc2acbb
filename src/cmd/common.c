#include "base/file.h"
#include "cmd/cmd.h"
#include "study/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

volatile bool sund_stopping;

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

sund_code sund_write_release(const char *out, const void *table, size_t n_table, const void *provenance, size_t n_provenance, sund_err *err)
{
    char path[4096];

    if (!out)
        return fwrite(table, 1, n_table, stdout) == n_table ? SUND_OK : sund_fail(err, SUND_E_IO, "cannot write the output");
    SUND_TRY(sund_dir_make(out, err));
    SUND_TRY(sund_path_join(path, sizeof path, out, "provenance.json", err));
    SUND_TRY(sund_file_write(path, provenance, n_provenance, 0644, err));
    SUND_TRY(sund_path_join(path, sizeof path, out, "table.tsv", err));
    return sund_file_write(path, table, n_table, 0644, err);
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
