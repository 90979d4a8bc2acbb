#include "base/file.h"
#include "base/ini.h"
#include "cmd/cmd.h"
#include "study/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

sund_code sund_not_over(const char *dir, const char *name, sund_err *err)
{
    char        path[4096];
    struct stat there; /* a device, a pipe: nothing is lost */

    if (dir)
        SUND_TRY(sund_path_join(path, sizeof path, dir, name, err));
    name = dir ? path : name;
    return stat(name, &there) == 0 && S_ISREG(there.st_mode) ? sund_fail(err, SUND_E_MISMATCH, "%s exists already and is not written over: choose another %s", name, dir ? "folder" : "name") : SUND_OK;
}

sund_code sund_may_draft(const char *out, const char *head, sund_err *err)
{
    sund_buf  text = { 0 };
    sund_code rc = SUND_OK;

    if (!sund_file_exists(out))
        return rc;
    SUND_TRY(sund_file_read(out, 1 << 20, &text, err));
    if (text.n < strlen(head) || memcmp(text.p, head, strlen(head)) != 0)
        rc = sund_fail(err, SUND_E_ARG, "%s is there and does not begin with %s: the file to write comes first, then what goes into it", out, head);
    else if (sund_signed_part((const char *) text.p, text.n) < text.n)
        rc = sund_fail(err, SUND_E_ARG, "%s is there and has been signed, which would be lost: choose another name", out);
    sund_buf_free(&text);
    return rc;
}
