#include "cluster/slurm.h"

#include "base/ini.h"
#include "base/log.h"
#include "base/spawn.h"
#include "cluster/work.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RERUNS = 3, PAUSES_MAX = 30, SPAWN_S = 60, CANCEL_S = 15, TAG = 16, OPTIONS_MAX = 32 };

typedef struct task {
    uint32_t tries;  /* by this process */
    bool     alive, runs, due; /* due: to be sent now */
    double   dead_s; /* when it was first seen to be over without its parts; a shared file system may show them a little later */
} task;

typedef struct slurm {
    sund_runner     runner; /* first: it is what the engine holds */
    sund_slurm      plan;
    char            folder[PATH_MAX], log[PATH_MAX], program[PATH_MAX], tag[TAG + 1], job[24];
    sund_question   so_far;
    sund_digest     question; /* of this round */
    sund_buf        totals;   /* not on disk yet */
    size_t          mark;     /* how many bytes of them are of earlier rounds */
    uint32_t        round;
    bool            begun, here, resumed, sent, failed;
    uint32_t        n_task, n_again;
    task            task[SUND_TASKS_MAX];
    char            why[120];  /* what the last task that failed said */
    double          next_s, pause_s, ill_s; /* when to ask Slurm again; since when it does not answer */
    int             lock;
} slurm;

static const char *const option_names[] = { "account", "clusters", "constraint", "cpus-per-task", "exclude", "licenses", "mem", "mem-per-cpu", "nice",
                                            "nodelist", "partition", "priority", "qos", "reservation", "time", "tmp", "wckey", NULL };

/** Splits at spaces into words, each checked; word points into text, which is cut up. */
static sund_code split_options(char *text, const char *word[OPTIONS_MAX + 1], sund_err *err)
{
    static const char sound[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:@+-/_";
    size_t            n = 0;
    char             *rest = NULL;

    for (char *w = strtok_r(text, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
        char        name[32] = "";
        const char *eq = strchr(w, '='), *near;
        bool        known = false;

        if (strncmp(w, "--", 2) != 0 || !eq || !eq[1] || eq - w - 2 >= (ptrdiff_t) sizeof name || strspn(eq + 1, sound) != strlen(eq + 1))
            return sund_fail(err, SUND_E_ARG, "'%.60s' is not of the form --NAME=VALUE with a value of letters, digits and .,:@+-/_", w);
        memcpy(name, w + 2, (size_t) (eq - w - 2));
        for (size_t i = 0; option_names[i]; i++)
            known |= strcmp(name, option_names[i]) == 0;
        near = sund_nearest(name, option_names);
        if (!known)
            return sund_fail(err, SUND_E_ARG, "--%s cannot be given to sbatch here%s%s%s", name, near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
        if (n == OPTIONS_MAX)
            return sund_fail(err, SUND_E_LIMIT, "more than %d options for sbatch", OPTIONS_MAX);
        word[n++] = w;
    }
    word[n] = NULL;
    return SUND_OK;
}

sund_code sund_slurm_options_check(const char *options, sund_err *err)
{
    const char *word[OPTIONS_MAX + 1];
    char        text[sizeof ((sund_slurm *) 0)->options];

    if (snprintf(text, sizeof text, "%s", options) >= (int) sizeof text)
        return sund_fail(err, SUND_E_LIMIT, "the options for sbatch have more than %zu bytes", sizeof text - 1);
    return split_options(text, word, err);
}

sund_code sund_slurm_there(sund_err *err)
{
    static const char *const program[] = { "sbatch", "squeue", "scancel" };
    sund_buf                 out = { 0 };
    sund_spawned             did;
    sund_code                rc = SUND_OK;

    for (size_t i = 0; rc == SUND_OK && i < sizeof program / sizeof *program; i++) {
        rc = sund_spawn((const char *const[]){ program[i], "--version", NULL }, SPAWN_S, &out, &did, err);
        if (rc == SUND_OK && did.status != 0)
            rc = sund_fail(err, SUND_E_UPSTREAM, "%s --version: %s", program[i], did.said[0] ? did.said : "failed without a word");
        if (rc != SUND_OK)
            (void) sund_fail_in(err, rc, "engine = slurm needs Slurm's commands on this machine");
    }
    sund_buf_free(&out);
    return rc;
}

static void job_name(const slurm *s, char out[64], uint32_t round) { (void) snprintf(out, 64, "sund-%s-%u", s->tag, round); }

static void cancel(const char *name)
{
    char              by_name[80], by_user[40];
    const char *const argv[] = { "scancel", by_user, by_name, NULL };
    sund_buf          out = { 0 };
    sund_spawned      did;

    (void) snprintf(by_name, sizeof by_name, "--name=%s", name);
    (void) snprintf(by_user, sizeof by_user, "--user=%u", (unsigned) getuid());
    (void) !sund_spawn(argv, CANCEL_S, &out, &did, NULL);
    sund_buf_free(&out);
}

/* ---- rounds ---- */

/** A round begins: what it asks is now fixed, and what came before it is all there. */
static void turn(slurm *s, const sund_engine *e)
{
    if (s->begun && s->round == e->round.index)
        return;
    s->begun = true;
    s->round = e->round.index;
    s->mark = s->totals.n;
    s->question = sund_question_of(&s->so_far, &e->round);
    s->here = e->round.n_item <= 1 || e->round.n_item < s->plan.items;
    s->n_task = (uint32_t) (e->round.n_item / (s->plan.items ? s->plan.items : 1));
    if (s->n_task > s->plan.tasks)
        s->n_task = s->plan.tasks;
    if (s->n_task > e->round.n_chunk)
        s->n_task = e->round.n_chunk;
    if (s->n_task == 0)
        s->n_task = 1;
    memset(s->task, 0, sizeof s->task);
    s->n_again = 0;
    s->why[0] = 0;
    s->next_s = s->ill_s = 0;
}

/** Before the first task of a round is sent: the totals before it to disk, so that tasks can replay them. Those of a study's last round, from which
 *  people's values could be had, are never written. */
static sund_code keep_totals(slurm *s, sund_err *err)
{
    sund_buf  head = { 0 }, rest = { 0 };
    char      path[PATH_MAX];
    sund_code rc;

    sund_totals_begin(s->round, &head);
    SUND_GO(sund_buf_ok(&head, err));
    if (s->mark <= head.n)
        goto out;
    sund_buf_put(&rest, s->totals.p + s->mark, s->totals.n - s->mark);
    SUND_GO(sund_buf_ok(&rest, err));
    s->totals.n = s->mark;
    SUND_GO(sund_work_totals(path, sizeof path, s->folder, s->round, err));
    SUND_GO(sund_work_write(path, &s->totals, err));
    sund_wipe(s->totals.p, s->totals.n);
    sund_buf_clear(&s->totals);
    sund_buf_put(&s->totals, head.p, head.n);
    s->mark = s->totals.n;
    sund_buf_put(&s->totals, rest.p, rest.n);
    rc = sund_buf_ok(&s->totals, err);
out:
    sund_buf_free(&head);
    sund_buf_free(&rest);
    return rc;
}

static sund_code took(sund_runner *r, const sund_engine *e, const sund_vec *total, sund_err *err)
{
    slurm *s = (slurm *) (void *) r;
    char   path[PATH_MAX];

    turn(s, e);
    sund_question_take(&s->so_far, total);
    sund_totals_add(&s->totals, total);
    SUND_TRY(sund_buf_ok(&s->totals, err));
    if (s->here)
        return SUND_OK;
    SUND_TRY(sund_work_part(path, sizeof path, s->folder, s->round, e->chunk, err));
    (void) unlink(path); /* summed: nobody asks for it again */
    return SUND_OK;
}

/* ---- Slurm ---- */

/** Slurm does not answer, or refuses: said in the note, asked again later. For ever at a node, whose study waits as it would for a node
 *  that is away. */
static sund_code ill(slurm *s, const char *what, const char *said, sund_err *err)
{
    double now = sund_time_mono_s();
    char   text[260];

    if (s->ill_s == 0)
        s->ill_s = now;
    (void) snprintf(text, sizeof text, "%s%s", said[0] ? "" : what, said[0] ? said : " failed without a word");
    (void) snprintf(s->runner.note, sizeof s->runner.note, "cluster: %s; asked again in a while", text);
    return s->plan.patience_s > 0 && now - s->ill_s >= s->plan.patience_s ? sund_fail(err, SUND_E_IO, "%s", text) : SUND_OK;
}

/** One line of squeue's answer, "job|task|state|why it waits"; what is not of that form is not of our tasks. */
static void hear_line(slurm *s, char *line, char reason[40])
{
    static const char *const alive[] = { "RUNNING", "PENDING", "CONFIGURING", "SUSPENDED", "STOPPED", "RESIZING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD" };
    char                    *field[4] = { NULL };
    int64_t                  t;
    task                    *k;

    for (size_t i = 0; i < 4; i++)
        if (!(field[i] = strsep(&line, "|")))
            return;
    field[0] += strspn(field[0], " ");
    if (!field[0][0] || field[0][strspn(field[0], "0123456789")] || strlen(field[0]) >= sizeof s->job || !sund_parse_i64(field[1], 0, (int64_t) s->n_task - 1, &t))
        return;
    k = &s->task[t];
    for (size_t i = 0; i < sizeof alive / sizeof *alive; i++)
        k->alive |= strcmp(field[2], alive[i]) == 0;
    k->runs |= strcmp(field[2], "RUNNING") == 0;
    (void) snprintf(s->job, sizeof s->job, "%s", field[0]);
    if (strcmp(field[2], "PENDING") == 0)
        (void) snprintf(reason, 40, "%s", field[3] + (field[3][0] == '('));
    reason[strcspn(reason, ")")] = 0;
}

/** Which of the round's tasks Slurm still has. reason: why one of them waits. *well is false when Slurm did not say. */
static sund_code look(slurm *s, char reason[40], bool *well, sund_err *err)
{
    char              by_name[80], by_user[40], name[64];
    const char *const argv[] = { "squeue", "--noheader", "--array", "--format=%F|%K|%T|%r", by_user, by_name, NULL };
    sund_buf          out = { 0 };
    sund_spawned      did;
    sund_err          why = { SUND_OK, "" };
    sund_code         rc;

    job_name(s, name, s->round);
    (void) snprintf(by_name, sizeof by_name, "--name=%s", name);
    (void) snprintf(by_user, sizeof by_user, "--user=%u", (unsigned) getuid());
    rc = sund_spawn(argv, SPAWN_S, &out, &did, &why);
    *well = rc == SUND_OK && did.status == 0;
    if (!*well) {
        rc = ill(s, "squeue", rc == SUND_OK ? did.said : why.msg, err);
        goto out;
    }
    for (uint32_t t = 0; t < s->n_task; t++)
        s->task[t].alive = s->task[t].runs = false;
    sund_buf_nul(&out);
    SUND_GO(sund_buf_ok(&out, err));
    for (char *rest = (char *) out.p, *line; rest && (line = strsep(&rest, "\n"));)
        hear_line(s, line, reason);
out:
    sund_buf_free(&out);
    return rc;
}

/** "0-3,7" of the tasks that are due. */
static void list_tasks(const slurm *s, sund_buf *out)
{
    sund_buf_text(out, "--array=");
    for (uint32_t t = 0, n = 0; t < s->n_task; t++) {
        uint32_t last = t;

        if (!s->task[t].due)
            continue;
        while (last + 1 < s->n_task && s->task[last + 1].due)
            last++;
        sund_buf_printf(out, last > t ? "%s%u-%u" : "%s%u", n++ ? "," : "", t, last);
        t = last;
    }
    if (s->plan.running)
        sund_buf_printf(out, "%%%u", s->plan.running);
    sund_buf_nul(out);
}

/** One array job of the tasks that are due. */
static sund_code submit(slurm *s, const sund_engine *e, sund_err *err)
{
    char         name[80] = "--job-name=", chdir_to[PATH_MAX + 16], output[48], round[16], from[16], n_task[16], script[PATH_MAX], options[sizeof s->plan.options];
    const char  *argv[OPTIONS_MAX + 24] = { "sbatch", "--parsable", "--no-requeue", "--open-mode=append", "--input=/dev/null" }, *word[OPTIONS_MAX + 1];
    size_t       n = 5;
    sund_buf     array = { 0 }, out = { 0 };
    sund_spawned did;
    sund_err     why = { SUND_OK, "" };
    sund_code    rc;

    SUND_GO(keep_totals(s, err));
    job_name(s, name + strlen(name), s->round);
    (void) snprintf(chdir_to, sizeof chdir_to, "--chdir=%s", s->log);
    (void) snprintf(output, sizeof output, "--output=%u-%%a.log", s->round);
    (void) snprintf(round, sizeof round, "%u", s->round);
    (void) snprintf(from, sizeof from, "%u", e->chunk);
    (void) snprintf(n_task, sizeof n_task, "%u", s->n_task);
    SUND_GO(sund_path_join(script, sizeof script, s->folder, "run", err));
    list_tasks(s, &array);
    SUND_GO(sund_buf_ok(&array, err));
    memcpy(options, s->plan.options, sizeof options);
    SUND_GO(split_options(options, word, err));
    for (size_t i = 0; word[i]; i++)
        argv[n++] = word[i];
    {
        const char *const rest[] = { name, (const char *) array.p, chdir_to, output, script, s->program, "task", "--round", round, "--from", from, "--tasks", n_task, s->folder };

        memcpy(argv + n, rest, sizeof rest);
    }
    rc = sund_spawn(argv, SPAWN_S, &out, &did, &why);
    if (rc != SUND_OK || did.status != 0) {
        rc = ill(s, "sbatch", rc == SUND_OK ? did.said : why.msg, err);
        goto out;
    }
    sund_buf_nul(&out);
    SUND_GO(sund_buf_ok(&out, err));
    (void) sscanf((const char *) out.p, "%23[0-9]", s->job);
    s->sent = true;
    s->ill_s = 0;
    for (uint32_t t = 0; t < s->n_task; t++)
        if (s->task[t].due) {
            s->task[t] = (task){ .tries = s->task[t].tries + 1, .alive = true };
            s->n_again += s->task[t].tries > 1;
        }
    s->pause_s = s->plan.pause_s;
    s->next_s = sund_time_mono_s() + s->pause_s;
out:
    sund_buf_free(&array);
    sund_buf_free(&out);
    return rc;
}

/** The last line of a task's log. */
static void last_words(const slurm *s, uint32_t t, char *path, size_t cap, char said[120])
{
    char     name[40], tail[1024] = "", *line;
    sund_buf text = { 0 };

    said[0] = 0;
    (void) snprintf(name, sizeof name, "%u-%u.log", s->round, t);
    if (sund_path_join(path, cap, s->log, name, NULL) != SUND_OK || sund_file_read(path, 1 << 20, &text, NULL) != SUND_OK)
        goto out;
    while (text.n && text.p[text.n - 1] == '\n')
        text.n--;
    (void) snprintf(tail, sizeof tail, "%.*s", (int) (text.n < 1000 ? text.n : 1000), (const char *) text.p + (text.n < 1000 ? 0 : text.n - 1000));
    line = strrchr(tail, '\n');
    (void) snprintf(said, 120, "%.119s", line ? line + 1 : tail);
    for (char *c = said; *c; c++)
        if ((unsigned char) *c < 32 || *c == 127)
            *c = ' ';
out:
    sund_buf_free(&text);
}

/** A network file system may hold for half a minute that a file is not there; opening the folder makes it ask again. */
static void look_afresh(const slurm *s)
{
    int fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        (void) close(fd);
}

static bool lacks_part(const slurm *s, const sund_engine *e, uint32_t t)
{
    uint32_t from, to;

    sund_task_range(e->round.n_chunk, s->n_task, t, &from, &to);
    for (uint32_t c = from > e->chunk ? from : e->chunk; c < to; c++)
        if (!sund_work_has_part(s->folder, &s->question, s->round, c))
            return true;
    return false;
}

/** Asks Slurm how the tasks fare, and sends those that are over without their parts. */
static sund_code mend(slurm *s, const sund_engine *e, sund_err *err)
{
    char     reason[40] = "", path[PATH_MAX] = "", said[sizeof s->why];
    uint32_t n_done = 0, n_run = 0, n_wait = 0, n_dead = 0, n_due = 0;
    double   now = sund_time_mono_s(), grace_s = 2 * s->plan.pause_s, pause_max_s = PAUSES_MAX * s->plan.pause_s;
    bool     well, told = false;

    s->pause_s = s->pause_s <= 0 ? s->plan.pause_s : 2 * s->pause_s > pause_max_s ? pause_max_s : 2 * s->pause_s;
    s->next_s = now + s->pause_s;
    SUND_TRY(look(s, reason, &well, err));
    look_afresh(s); /* only now: a task that Slurm no longer has has left what it could */
    for (uint32_t t = 0; well && t < s->n_task; t++) {
        task *k = &s->task[t];

        k->due = false;
        if (!lacks_part(s, e, t)) {
            k->dead_s = 0;
            n_done++;
        }
        else if (k->alive) {
            k->dead_s = 0;
            n_run += k->runs;
            n_wait += !k->runs;
        }
        else {
            if (k->dead_s == 0)
                k->dead_s = now;
            k->due = k->tries == 0 || now - k->dead_s >= grace_s;
            n_dead++;
            n_due += k->due;
            if (!k->due || k->tries == 0)
                continue;
            last_words(s, t, path, sizeof path, said);
            if (said[0] && (!told || k->tries > RERUNS)) /* of several the first one's */
                (void) snprintf(s->why, sizeof s->why, "%s", said);
            told = true;
            if (k->tries > RERUNS) {
                s->failed = true;
                return sund_fail(err, SUND_E_UPSTREAM, "task %u of job %s ended %u times without its result%s%s; its log is %.260s", t, s->job, k->tries, s->why[0] ? ": " : "", s->why, path);
            }
        }
    }
    if (!well)
        return SUND_OK;
    if (n_due > 0)
        SUND_TRY(submit(s, e, err));
    else if (n_dead > 0)
        s->next_s = now + grace_s; /* soon, then */
    if (s->ill_s == 0) {
        int at = snprintf(s->runner.note, sizeof s->runner.note, "cluster: job %s, %u of %u tasks done, %u run, %u wait%s%s%s", s->job, n_done, s->n_task, n_run, n_wait + n_dead,
                          reason[0] ? " (" : "", reason, reason[0] ? ")" : "");
        if (s->n_again)
            (void) snprintf(s->runner.note + at, sizeof s->runner.note - (size_t) at, ", %u run again%s%s", s->n_again, s->why[0] ? ": " : "", s->why);
    }
    return SUND_OK;
}

/** The chunk's part, if it is there and sound; a damaged one goes, and its task is run again. */
static bool take_part(slurm *s, uint32_t chunk, sund_vec *out)
{
    char      path[PATH_MAX];
    sund_map  m = { NULL, 0 };
    sund_cur  c;
    sund_code rc;

    if (!sund_work_has_part(s->folder, &s->question, s->round, chunk) || sund_work_part(path, sizeof path, s->folder, s->round, chunk, NULL) != SUND_OK)
        return false;
    rc = sund_work_open(path, &m, &c, NULL);
    if (rc == SUND_OK && m.n <= SUND_PART_MAX_BYTES)
        rc = sund_part_read(c, &s->question, s->round, chunk, out, NULL);
    sund_map_close(&m);
    if (rc == SUND_OK)
        return true;
    (void) unlink(path);
    s->next_s = 0; /* at once */
    return false;
}

static sund_code local(sund_runner *r, const sund_engine *e, const sund_view *v, unsigned n_thread, sund_vec *out, bool *ready, sund_err *err)
{
    slurm *s = (slurm *) (void *) r;

    turn(s, e);
    if (s->here)
        return sund_engine_compute(e, v, e->chunk, n_thread, out, err);
    look_afresh(s);
    *ready = take_part(s, e->chunk, out);
    if (*ready || sund_time_mono_s() < s->next_s)
        return SUND_OK;
    return mend(s, e, err);
}

/* ---- beginning and end ---- */

static sund_code write_in(const slurm *s, const char *name, const char *text, unsigned mode, sund_err *err)
{
    char path[PATH_MAX];

    SUND_TRY(sund_path_join(path, sizeof path, s->folder, name, err));
    return sund_file_write(path, text, strlen(text), mode, err);
}

/** The random name of the study's jobs: several homes may run one study on one cluster. */
static bool read_tag(const char *folder, char tag[TAG + 1])
{
    char      path[PATH_MAX];
    sund_buf  text = { 0 };
    uint8_t   b[TAG / 2];
    bool      good;

    good = sund_path_join(path, sizeof path, folder, "tag", NULL) == SUND_OK && sund_file_exists(path) && sund_file_read(path, 64, &text, NULL) == SUND_OK &&
           sund_unhex((const char *) text.p, b, sizeof b);
    if (good)
        memcpy(tag, text.p, TAG + 1);
    sund_buf_free(&text);
    return good;
}

static sund_code full_path(const char *path, char out[PATH_MAX], sund_err *err)
{
    return realpath(path, out) ? SUND_OK : sund_fail(err, SUND_E_IO, "%.300s: %s", path, strerror(errno));
}

static sund_code own_program(slurm *s, sund_err *err)
{
    static const char gone[] = " (deleted)";
    ssize_t           n = readlink("/proc/self/exe", s->program, sizeof s->program - 1);

    if (n <= 0)
        return sund_fail(err, SUND_E_IO, "cannot tell where this program lies: %s", strerror(errno));
    s->program[n] = 0;
    if ((size_t) n > sizeof gone && strcmp(s->program + n - (sizeof gone - 1), gone) == 0)
        s->program[n - (ssize_t) (sizeof gone - 1)] = 0; /* replaced by another: the task says when its version is not ours */
    return SUND_OK;
}

static sund_code put_path(const char *path, char out[1024], sund_err *err)
{
    char full[PATH_MAX];

    SUND_TRY(full_path(path, full, err));
    return snprintf(out, 1024, "%s", full) < 1024 ? SUND_OK : sund_fail(err, SUND_E_LIMIT, "path too long: %.200s", full);
}

static sund_code brief(const slurm *s, const sund_slurm_place *place, const sund_engine *e, const sund_view *v, sund_cur text, sund_err *err)
{
    char       path[PATH_MAX];
    sund_brief b = { .version = SUND_VERSION, .text = text, .thresholds = e->state.thresholds };
    sund_buf   out = { 0 };
    sund_code  rc;

    SUND_TRY(put_path(place->store, b.store, err));
    SUND_TRY(put_path(place->files, b.files, err));
    if (place->catalogue)
        SUND_TRY(put_path(place->catalogue, b.catalogue, err));
    if (place->key)
        SUND_TRY(put_path(place->key, b.key, err));
    SUND_TRY(sund_path_join(path, sizeof path, s->folder, "brief", err));
    sund_brief_write(&b, v, &out);
    rc = sund_work_write(path, &out, err);
    sund_buf_free(&out);
    return rc;
}

static sund_code settle(slurm *s, const sund_slurm_place *place, sund_err *err)
{
    char    lock[PATH_MAX];
    uint8_t dice[TAG / 2];

    SUND_TRY(sund_dir_make(place->folder, err));
    SUND_TRY(full_path(place->folder, s->folder, err));
    if (chmod(s->folder, 0700) != 0)
        return sund_fail(err, SUND_E_IO, "cannot make %.300s its owner's alone: %s", s->folder, strerror(errno));
    if (snprintf(s->log, sizeof s->log, "%s.log", s->folder) >= (int) sizeof s->log)
        return sund_fail(err, SUND_E_LIMIT, "path too long: %.200s", s->folder);
    SUND_TRY(sund_dir_make(s->log, err));
    SUND_TRY(sund_path_join(lock, sizeof lock, s->folder, "lock", err));
    SUND_TRY(sund_file_lock(lock, &s->lock, err));
    SUND_TRY(own_program(s, err));
    s->resumed = read_tag(s->folder, s->tag);
    if (!s->resumed) {
        sund_random(dice, sizeof dice);
        sund_hex(dice, sizeof dice, s->tag);
        SUND_TRY(write_in(s, "tag", s->tag, 0600, err));
    }
    return write_in(s, "run", "#!/bin/sh\nexec \"$@\"\n", 0700, err);
}

/** Ended: no job and no file of the study is left, but the logs of a task that failed. Else another process goes on with all of it. */
static void close_slurm(sund_runner *r, bool ended)
{
    slurm *s = (slurm *) (void *) r;
    char   name[64];

    if (ended && s->lock >= 0) {
        for (uint32_t round = s->round; s->sent || s->resumed; round++) { /* an earlier process may have been a round further than it told */
            job_name(s, name, round);
            cancel(name);
            if (s->sent || round > s->round)
                break;
        }
        (void) !sund_dir_remove(s->folder, NULL);
        if (!s->failed)
            (void) !sund_dir_remove(s->log, NULL);
    }
    if (s->totals.p)
        sund_wipe(s->totals.p, s->totals.cap);
    sund_buf_free(&s->totals);
    if (s->lock >= 0)
        (void) close(s->lock);
    free(s);
}

sund_code sund_slurm_open(sund_runner **out, const sund_slurm *plan, const sund_slurm_place *place, const sund_engine *e, const sund_view *v, sund_cur text,
                          sund_err *err)
{
    slurm    *s = calloc(1, sizeof *s);
    sund_code rc;

    if (!s)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    s->runner = (sund_runner){ local, took, close_slurm, "" };
    s->plan = *plan;
    s->lock = -1;
    SUND_GO(sund_slurm_options_check(plan->options, err));
    if (plan->tasks < 1 || plan->tasks > SUND_TASKS_MAX) {
        rc = sund_fail(err, SUND_E_ARG, "a round has from 1 to %d tasks", SUND_TASKS_MAX);
        goto out;
    }
    SUND_GO(settle(s, place, err));
    SUND_GO(brief(s, place, e, v, text, err));
    sund_question_begin(&s->so_far, e, v);
    sund_totals_begin(0, &s->totals);
    SUND_GO(sund_buf_ok(&s->totals, err));
    *out = &s->runner;
    return SUND_OK;
out:
    close_slurm(&s->runner, false);
    return rc;
}

void sund_slurm_forget(const char *folder)
{
    char log[PATH_MAX];

    if (!sund_file_exists(folder))
        return;
    (void) !sund_dir_remove(folder, NULL);
    if (snprintf(log, sizeof log, "%s.log", folder) < (int) sizeof log)
        (void) !sund_dir_remove(log, NULL);
}
