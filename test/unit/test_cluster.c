/* Own sums by tasks: what a task replays is what the node has, for every analysis; options, damage, failures, restarts. Slurm is three shell scripts
 * here, whose jobs this program runs itself, as it likes; test/cluster/slurm.t has the real one. */
#include "cluster/slurm.h"
#include "cluster/task.h"
#include "studies.h"
#include "test.h"

#include <dirent.h>

/* ---- a Slurm of scripts: sbatch writes down what it is given, squeue prints what a file holds ---- */

static char fake[200];

static void spew(const char *name, const char *text, unsigned mode)
{
    char path[300];

    (void) snprintf(path, sizeof path, "%s/%s", fake, name);
    MUST(sund_file_write(path, text, strlen(text), mode, err));
}

static void fake_slurm(void)
{
    char path[4096];

    if (fake[0])
        return;
    (void) snprintf(fake, sizeof fake, "%s", fed_path("fake", 0));
    MUST(sund_dir_make(fake, err));
    spew("sbatch", "#!/bin/sh\nif [ -e \"$FAKE/refuse\" ]; then echo 'sbatch: error: Invalid partition' >&2; exit 1; fi\nprintf '%s\\n' \"$@\" >\"$FAKE/args\"\necho \"$*\" >>\"$FAKE/sent\"\nprintf '7|%s|PENDING|None\\n' 0 1 2 3 >\"$FAKE/jobs\"\necho 7\n", 0700);
    spew("squeue", "#!/bin/sh\ncat \"$FAKE/queue\" \"$FAKE/jobs\" 2>/dev/null\nexit 0\n", 0700);
    spew("scancel", "#!/bin/sh\necho \"$*\" >>\"$FAKE/cancelled\"\n", 0700);
    (void) snprintf(path, sizeof path, "%s:%s", fake, getenv("PATH"));
    (void) setenv("PATH", path, 1);
    (void) setenv("FAKE", fake, 1);
}

static void gone(const char *name)
{
    char path[300];

    (void) snprintf(path, sizeof path, "%s/%s", fake, name);
    (void) unlink(path);
}

static void fake_clear(void)
{
    static const char *const name[] = { "args", "sent", "queue", "cancelled", "refuse", "jobs" };

    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        gone(name[i]);
}

static char *fake_text(const char *name)
{
    static sund_buf b;
    char            path[300];

    (void) snprintf(path, sizeof path, "%s/%s", fake, name);
    if (sund_file_read(path, 1 << 20, &b, NULL) != SUND_OK)
        sund_buf_clear(&b);
    sund_buf_nul(&b);
    return (char *) b.p;
}

/** Whether a job was sent with these two words. */
static bool sent(const char *one, const char *two)
{
    char *rest = NULL;

    for (char *line = strtok_r(fake_text("sent"), "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (strstr(line, one) && strstr(line, two))
            return true;
    return false;
}

/** Runs what was sent, but for the tasks whose bit is set in `fail`: those leave a word in their log. How many ran. */
static int run_tasks(unsigned fail)
{
    char           *line[64], *rest = NULL, *text = fake_text("args"), *array = NULL, *log = NULL;
    size_t          n = 0;
    int             ran = 0;
    sund_task_plan  plan = { .n_thread = 1 };

    for (char *w = strtok_r(text, "\n", &rest); w && n < 64; w = strtok_r(NULL, "\n", &rest))
        line[n++] = w;
    if (n == 0)
        return 0;
    for (size_t i = 0; i + 1 < n; i++) {
        if (strncmp(line[i], "--array=", 8) == 0)
            array = line[i] + 8;
        if (strncmp(line[i], "--chdir=", 8) == 0)
            log = line[i] + 8;
        if (strcmp(line[i], "--round") == 0)
            plan.round = (uint32_t) atoi(line[i + 1]);
        if (strcmp(line[i], "--from") == 0)
            plan.from = (uint32_t) atoi(line[i + 1]);
        if (strcmp(line[i], "--tasks") == 0)
            plan.n_task = (uint32_t) atoi(line[i + 1]);
    }
    plan.folder = line[n - 1];
    for (char *at = array; at && *at && *at != '%';) {
        uint32_t from = (uint32_t) strtoul(at, &at, 10), to = *at == '-' ? (uint32_t) strtoul(at + 1, &at, 10) : from;

        at += *at == ',';
        for (plan.i = from; plan.i <= to; plan.i++) {
            char path[400];

            if (!(fail >> plan.i & 1)) {
                MUST(sund_task_run(&plan, err));
                ran++;
                continue;
            }
            (void) snprintf(path, sizeof path, "%s/%u-%u.log", log, plan.round, plan.i);
            MUST(sund_file_write(path, "some words\nsund task: made to fail\n", 35, 0600, err));
        }
    }
    gone("args");
    gone("jobs");
    return ran;
}

/* ---- one node's study, driven by hand ---- */

typedef struct seat {
    sund_study      study;
    char            text[4096], folder[200], store_dir[200], files_dir[200];
    sund_catalogue *catalogue;
    sund_files      files;
    sund_store     *store;
    sund_people    *people;
    sund_thresholds t;
    sund_view      *view;
    sund_engine     engine;
} seat;

static const sund_slurm small = { .tasks = 4, .items = 10, .options = "--partition=long", .pause_s = 0.02 };

static void publish(const seat *s, const sund_digest *d, const sund_buf *bytes)
{
    char path[300];

    (void) snprintf(path, sizeof path, "%s/%s", s->files_dir, sund_digest_hex(d).s);
    MUST(sund_file_write(path, bytes->p, bytes->n, 0644, err));
}

static sund_code published(void *ctx, const sund_digest *d, sund_buf *out, sund_err *err)
{
    char path[300];

    (void) snprintf(path, sizeof path, "%s/%s", ((const seat *) ctx)->files_dir, sund_digest_hex(d).s);
    return sund_file_read(path, 1 << 20, out, err);
}

static seat *seat_open(const world *w)
{
    static int              number = 500;
    seat                   *s = calloc(1, sizeof *s);
    sund_catalogue_builder *b = NULL;
    sund_buf                bytes = { 0 };
    sund_digest             d;

    if (!s)
        abort();
    fake_slurm();
    fake_clear();
    number++;
    (void) snprintf(s->store_dir, sizeof s->store_dir, "%s", fed_path("store", number));
    (void) snprintf(s->folder, sizeof s->folder, "%s", fed_path("work", number));
    (void) snprintf(s->files_dir, sizeof s->files_dir, "%s", fed_path("files", number));
    MUST(sund_dir_make(s->files_dir, err));
    world_store(w, s->store_dir, NULL, -1);
    world_people(w, fed_path("people", number), NULL, -1);
    MUST(sund_people_open(&s->people, fed_path("people", number), err));
    MUST(sund_store_open(&s->store, s->store_dir, err));
    MUST(sund_catalogue_builder_new(&b, SUND_GRCH37, err));
    for (size_t j = 0; j < W_VARIANTS; j++) {
        sund_variant v = world_variant(j);

        MUST(sund_catalogue_builder_add(b, &v, err));
    }
    MUST(sund_catalogue_builder_end(b, &bytes, err));
    sund_catalogue_builder_free(b);
    MUST(sund_catalogue_parse(&s->catalogue, "catalogue", bytes.p, bytes.n, err));
    d = sund_digest_of(bytes.p, bytes.n);
    publish(s, &d, &bytes);
    sund_buf_free(&bytes);
    s->t = fed_open_data();
    return s;
}

static void seat_close(seat *s)
{
    sund_engine_close(&s->engine);
    sund_view_close(s->view);
    sund_files_free(&s->files);
    sund_catalogue_free(s->catalogue);
    sund_store_close(s->store);
    sund_people_close(s->people);
    free(s);
}

/** Engine and view of a study whose first line names the analysis; false when that does not take these lines. */
static bool seat_ask(seat *s, const char *ask)
{
    sund_digest          d = sund_catalogue_digest(s->catalogue);
    const sund_catalogue *c;
    const sund_analysis *a;
    char                 name[40] = "", line[80] = "";
    sund_code            rc;

    sund_engine_close(&s->engine);
    sund_view_close(s->view);
    s->view = NULL;
    sund_files_free(&s->files);
    (void) sscanf(ask, "analysis = %39[a-z-]", name);
    MUST(sund_analysis_find(name, &a, err));
    if (study_takes_catalogue(ask))
        (void) snprintf(line, sizeof line, "catalogue = %s\n", sund_digest_hex(&d).s);
    (void) snprintf(s->text, sizeof s->text, "[study]\ntitle = t\npurpose = general-research\ncohort = all\n%snodes = A, B, C\nchunk = 8\n%s", line, ask);
    if (sund_study_parse(&s->study, "study", s->text, strlen(s->text), NULL) != SUND_OK || a->check(&s->study, NULL) != SUND_OK)
        return false;
    c = s->study.has_catalogue ? s->catalogue : NULL;
    MUST(sund_files_open(&s->files, &s->study, published, s, err));
    rc = sund_view_open(&s->view, s->store, s->people, &s->study, c, &s->t, NULL);
    return rc == SUND_OK && sund_engine_open(&s->engine, &(sund_engine_on){ &s->study, c, &s->files, &s->view->plan, &s->t, NULL }, NULL) == SUND_OK;
}

static void seat_runner(seat *s, const sund_slurm *plan)
{
    sund_slurm_place place = { s->folder, s->store_dir, s->files_dir, NULL, NULL };

    MUST(sund_slurm_open(&s->engine.runner, plan, &place, &s->engine, s->view, sund_cur_of(s->text, strlen(s->text)), err));
}

/** One chunk through the engine; tasks run when they are wanted, those of `fail` not. False when nothing came. */
static bool seat_chunk(seat *s, unsigned fail, sund_err *err)
{
    sund_vec x = { 0, 0, NULL };
    bool     ready = false;

    if (sund_engine_local(&s->engine, s->view, 1, &x, &ready, err) != SUND_OK)
        return false;
    if (!ready) {
        (void) run_tasks(fail);
        (void) usleep(5000);
        return true;
    }
    if (sund_engine_absorb(&s->engine, &x, err) != SUND_OK) {
        sund_vec_free(&x);
        return false;
    }
    sund_vec_free(&x);
    return true;
}

/** To the end; the table, or NULL with why. */
static sund_release *seat_run(seat *s, sund_err *why)
{
    sund_release *r = NULL;

    for (int turns = 0; !s->engine.done; turns++)
        if (!seat_chunk(s, 0, why) || turns > 2000)
            return NULL;
    return sund_engine_finish(&s->engine, "", &r, why) == SUND_OK ? r : NULL;
}

static bool seat_ends(seat *s)
{
    sund_err      why = { SUND_OK, "" };
    sund_release *r = seat_run(s, &why);

    if (!r)
        fprintf(stderr, "# %s\n", why.msg);
    sund_release_free(r);
    return r != NULL;
}

static bool same_release(const sund_release *a, const sund_release *b)
{
    return a && b && whole_same(a, b);
}

/* ---- every analysis of the table ---- */

/** Here and by tasks: true when it went through here; then, and when it did not, both must be alike. */
static bool alike(seat *s, const char *text)
{
    sund_err      why = { SUND_OK, "" }, why2 = { SUND_OK, "" };
    sund_release *here, *there;
    bool          ran;

    if (!seat_ask(s, text))
        return false;
    here = seat_run(s, &why);
    CHECK(seat_ask(s, text));
    seat_runner(s, &small);
    there = seat_run(s, &why2);
    if (here ? !same_release(here, there) : there || strcmp(why.msg, why2.msg) != 0) {
        fprintf(stderr, "# %s%s: here '%s', by tasks '%s'\n", text, s->engine.round.name, why.msg, why2.msg);
        CHECK(!"the same bytes");
    }
    ran = here != NULL;
    if (!ran)
        fprintf(stderr, "# %s# did not go through: %s\n", text, why.msg);
    sund_release_free(here);
    sund_release_free(there);
    sund_engine_part(&s->engine, true);
    CHECK(!sund_file_exists(s->folder));
    return ran;
}

TEST(tasks_replay_every_analysis_to_the_same_bytes)
{
    world   *w = fed_world(W_PEOPLE, test_rand());
    seat    *s = seat_open(w);
    sund_buf file[7] = { { 0 } };
    size_t   n_file = studies_files(file);

    for (size_t i = 0; i < n_file; i++) {
        sund_digest d = sund_digest_of(file[i].p, file[i].n);

        publish(s, &d, &file[i]);
        sund_buf_free(&file[i]);
    }
    for (size_t a = 0; sund_analyses[a]; a++) {
        static char text[STUDIES_MAX][STUDY_TEXT];
        size_t      n = studies_of(sund_analyses[a]->name, text), n_same = 0;

        for (size_t k = 0; k < n; k++)
            n_same += alike(s, text[k]);
        if (n == 0 || n_same < n)
            fprintf(stderr, "# %s: %zu of %zu studies of studies.c went through\n", sund_analyses[a]->name, n_same, n);
        CHECK(n > 0 && n_same == n);
    }
    seat_close(s);
    free(w);
}

TEST(what_lies_on_disk)
{
    world         *w = fed_world(W_PEOPLE, test_rand());
    seat          *s = seat_open(w);
    char           path[400];
    DIR           *d;
    struct dirent *e;
    sund_err       why = { SUND_OK, "" };

    CHECK(seat_ask(s, "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = none\n"));
    seat_runner(s, &small);
    while (!s->engine.done && seat_chunk(s, 0, &why))
        ;
    CHECK(s->engine.done);
    (void) snprintf(path, sizeof path, "%s/1.totals", s->folder);
    CHECK(sund_file_exists(path)); /* people: before counts */
    (void) snprintf(path, sizeof path, "%s/3.totals", s->folder);
    CHECK(sund_file_exists(path)); /* counts, cross: before sums */
    (void) snprintf(path, sizeof path, "%s/4.totals", s->folder);
    CHECK(!sund_file_exists(path)); /* the sums of phase 2 are never written */
    d = opendir(s->folder);
    while (d && (e = readdir(d))) {
        CHECK(!strstr(e->d_name, ".part")); /* taken up and gone */
        CHECK(!strstr(e->d_name, ".tmp"));
    }
    if (d)
        (void) closedir(d);
    sund_engine_part(&s->engine, true);
    CHECK(!sund_file_exists(s->folder));
    (void) snprintf(path, sizeof path, "%s.log", s->folder);
    CHECK(!sund_file_exists(path));
    CHECK(strstr(fake_text("cancelled"), "--name=sund-"));
    CHECK(strstr(fake_text("sent"), "--partition=long"));
    seat_close(s);
    free(w);
}

TEST(small_rounds_are_computed_by_the_node)
{
    world     *w = fed_world(W_PEOPLE, test_rand());
    seat      *s = seat_open(w);
    sund_slurm plan = small;
    sund_err   why = { SUND_OK, "" };
    char       path[400];

    plan.items = W_VARIANTS + 1;
    CHECK(seat_ask(s, "analysis = counts\nstrata = none\n"));
    seat_runner(s, &plan);
    sund_release_free(seat_run(s, &why));
    CHECK(s->engine.done);
    CHECK(fake_text("sent")[0] == 0);
    (void) snprintf(path, sizeof path, "%s/1.totals", s->folder);
    CHECK(!sund_file_exists(path));
    sund_engine_part(&s->engine, true);
    CHECK(fake_text("cancelled")[0] == 0);
    seat_close(s);
    free(w);
}

/* ---- failures ---- */

TEST(failed_tasks_are_run_again_and_then_are_an_error_that_names_them)
{
    world   *w = fed_world(W_PEOPLE, test_rand());
    seat    *s = seat_open(w);
    sund_err why = { SUND_OK, "" };
    char     path[400];
    int      n = 0;

    CHECK(seat_ask(s, "analysis = counts\nstrata = none\n"));
    seat_runner(s, &small);
    CHECK(seat_chunk(s, 0, &why)); /* people */
    CHECK(seat_chunk(s, 0xe, &why)); /* sent; tasks 1, 2, 3 fail */
    for (int i = 0; i < 200 && !strstr(s->engine.runner->note, "run again"); i++)
        CHECK(seat_chunk(s, 0xe, &why)); /* takes up task 0's chunks on the way */
    CHECK(strstr(s->engine.runner->note, "run again: sund task: made to fail"));
    CHECK(strstr(fake_text("sent"), "--array=1-3"));
    for (int i = 0; i < 200 && s->engine.chunk < 3; i++)
        CHECK(seat_chunk(s, 0xc, &why));
    while (seat_chunk(s, 0x8, &why) && n++ < 2000)
        ;
    CHECK(why.code == SUND_E_UPSTREAM);
    CHECK(strstr(why.msg, "task 3 of job 7 ended 4 times without its result: sund task: made to fail; its log is /"));
    CHECK(strstr(why.msg, "/1-3.log"));
    sund_engine_part(&s->engine, true);
    CHECK(!sund_file_exists(s->folder));
    (void) snprintf(path, sizeof path, "%s.log/1-3.log", s->folder);
    CHECK(sund_file_exists(path)); /* the log stays */
    seat_close(s);
    free(w);
}

TEST(tasks_that_slurm_still_has_are_waited_for)
{
    world   *w = fed_world(W_PEOPLE, test_rand());
    seat    *s = seat_open(w);
    sund_err why = { SUND_OK, "" };

    CHECK(seat_ask(s, "analysis = counts\nstrata = none\n"));
    seat_runner(s, &small);
    spew("queue", "7|0|RUNNING|None\n7|1|PENDING|(Resources)\n7|2|PENDING|Resources\n7|3|COMPLETING|None\n7|N/A|nonsense\n|||\n7|9999999999|RUNNING|x\n", 0600);
    CHECK(seat_chunk(s, 0, &why));
    for (int i = 0; i < 12; i++)
        CHECK(seat_chunk(s, 0xff, &why));
    CHECK(strstr(fake_text("sent"), "--array=3 ")); /* the others are there already, whoever sent them */
    CHECK(!strstr(fake_text("sent"), "--array=0"));
    CHECK(strstr(s->engine.runner->note, "1 run, "));
    CHECK(strstr(s->engine.runner->note, "(Resources)"));
    fake_clear();
    CHECK(seat_ends(s));
    sund_engine_part(&s->engine, true);
    seat_close(s);
    free(w);
}

TEST(a_slurm_that_refuses_is_asked_again)
{
    world     *w = fed_world(W_PEOPLE, test_rand());
    seat      *s = seat_open(w);
    sund_slurm plan = small;
    sund_err   why = { SUND_OK, "" };

    CHECK(seat_ask(s, "analysis = counts\nstrata = none\n"));
    seat_runner(s, &plan);
    spew("refuse", "", 0600);
    for (int i = 0; i < 20; i++)
        CHECK(seat_chunk(s, 0, &why));
    CHECK(strstr(s->engine.runner->note, "Invalid partition; asked again"));
    fake_clear();
    CHECK(seat_ends(s));
    sund_engine_part(&s->engine, true);
    plan.patience_s = 0.1;
    CHECK(seat_ask(s, "analysis = counts\nstrata = none\n"));
    seat_runner(s, &plan);
    spew("refuse", "", 0600);
    for (int i = 0; i < 200 && seat_chunk(s, 0, &why); i++)
        ;
    CHECK(why.code == SUND_E_IO && strstr(why.msg, "Invalid partition"));
    seat_close(s);
    free(w);
}

TEST(another_process_goes_on_with_what_is_there)
{
    world        *w = fed_world(W_PEOPLE, test_rand());
    seat         *s = seat_open(w);
    sund_err      why = { SUND_OK, "" };
    sund_vec      total[40];
    size_t        n_total = 0;
    sund_release *want, *got;
    static const char text[] = "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = country\n";

    CHECK(seat_ask(s, text));
    want = seat_run(s, &why);
    for (int kills = 0; kills < 3; kills++) {
        uint32_t stop_round = kills == 2 ? 3 : 1;

        n_total = 0;
        CHECK(seat_ask(s, text));
        seat_runner(s, &small);
        while (s->engine.round.index < stop_round || s->engine.chunk < 4) { /* as a party keeps its totals */
            sund_vec x = { 0, 0, NULL };
            bool     ready = false;

            MUST(sund_engine_local(&s->engine, s->view, 1, &x, &ready, err));
            if (!ready) {
                (void) run_tasks(kills > 0 && s->engine.round.index == stop_round ? 8 : 0);
                continue;
            }
            total[n_total++] = x;
            MUST(sund_engine_absorb(&s->engine, &x, err));
        }
        sund_engine_part(&s->engine, false); /* killed */
        CHECK(sund_file_exists(s->folder));
        fake_clear();
        CHECK(seat_ask(s, text));
        seat_runner(s, &small);
        for (size_t i = 0; i < n_total; i++)
            MUST(sund_engine_absorb(&s->engine, &total[i], err));
        for (size_t i = 0; i < n_total; i++)
            sund_vec_free(&total[i]);
        got = seat_run(s, &why);
        CHECK(same_release(want, got));
        if (kills == 0)
            CHECK(!sent("--array", "--round 1 ")); /* every part of the round was there */
        if (kills == 1)
            CHECK(sent("--array=3 ", "--round 1 ") && !sent("--array=0", "--round 1 ")); /* only what was missing */
        if (kills == 2)
            CHECK(sent("--array=3 ", "--round 3 ") && !sent("--array=0", "--round 3 ") && !sent("--array", "--round 1 "));
        sund_release_free(got);
        sund_engine_part(&s->engine, true);
    }
    sund_release_free(want);
    seat_close(s);
    free(w);
}

/* ---- a federation, one of whose nodes has a cluster ---- */

static char fed_folder[200], fed_store[200], fed_files[200];

static sund_code cluster_of_one(void *ctx, const sund_engine *e, const sund_view *v, sund_cur text, sund_runner **out, sund_err *err)
{
    (void) ctx;
    return sund_slurm_open(out, &small, &(sund_slurm_place){ fed_folder, fed_store, fed_files, NULL, NULL }, e, v, text, err);
}

TEST(a_node_with_a_cluster_is_a_node)
{
    static const char *const more[] = { "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = none\nmissing = drop\nchunk = 8\n",
                                        "analysis = counts\nstrata = none\nchunk = 8\n" };
    world                   *w = fed_world(W_PEOPLE, test_rand());

    fake_slurm();
    for (unsigned kill = 0; kill < 2; kill++)
        for (size_t k = 0; k < 2 - kill; k++) {
            sund_thresholds t = fed_open_data();
            fed            *f = fed_even_open(w, 3);
            char            text[4096], path[300];
            sund_buf        got;
            sund_release   *pooled;
            bool            waited = false;
            unsigned        fail = 2;
            sund_digest     d = sund_catalogue_digest(f->catalogue);

            fake_clear();
            (void) snprintf(fed_folder, sizeof fed_folder, "%s", fed_path("fed-work", (int) (2 * kill + k)));
            (void) snprintf(fed_files, sizeof fed_files, "%s", fed_path("fed-files", (int) (2 * kill + k)));
            (void) snprintf(fed_store, sizeof fed_store, "%s", fed_path("store", f->node[1].folder));
            MUST(sund_dir_make(fed_files, err));
            (void) snprintf(path, sizeof path, "%s/%s", fed_files, sund_digest_hex(&d).s);
            MUST(sund_file_write(path, f->file[0].p, f->file[0].n, 0644, err));
            f->node[1].seat.runner = cluster_of_one;
            study_text(f, more[k], text, sizeof text);
            fed_submit(f, text);
            for (int i = 0; i < 100 && fed_status(f, 0).state < SUND_PARTY_RELEASED; i++) {
                fed_run(f);
                waited |= fed_status(f, 1).own_waits && strstr(fed_status(f, 1).detail, "cluster: job 7");
                if (fed_status(f, 1).trouble[0])
                    fprintf(stderr, "# kill %u, study %zu, turn %d: %s\n", kill, k, i, fed_status(f, 1).trouble);
                if (kill)
                    fed_kill(f, 1);
                if (fake_text("args")[0]) {
                    (void) run_tasks(fail);
                    fail = 0; /* task 1 of the first job alone fails */
                }
                (void) usleep(20000);
            }
            CHECK(waited);
            got = fed_release(f);
            pooled = world_pooled(w, f, text, &t, 1);
            CHECK(same_tables(&got, pooled));
            CHECK(!sund_file_exists(fed_folder));
            sund_release_free(pooled);
            sund_buf_free(&got);
            fed_close(f);
        }
    free(w);
}

/* ---- hostile bytes ---- */

static void flip(uint8_t *p, size_t n, size_t i) { p[i % n] ^= (uint8_t) (1u << (test_rand() % 8)); }

TEST(damaged_parts_are_refused)
{
    sund_digest q = sund_digest_of("q", 1), other = sund_digest_of("r", 1);
    const char *path = fed_path("part", 1);
    sund_vec    x, y = { 0, 0, NULL };
    sund_buf    out = { 0 }, bad = { 0 };
    sund_map    m = { NULL, 0 };
    sund_cur    c;

    MUST(sund_vec_new(&x, 20, 3, err));
    for (size_t i = 0; i < sund_vec_words(&x); i++)
        x.w[i] = test_rand();
    sund_part_write(&q, 2, 5, &x, &out);
    CHECK(sund_part_read(sund_cur_of(out.p, out.n), &q, 2, 5, &y, NULL) == SUND_OK && memcmp(x.w, y.w, 8 * sund_vec_words(&x)) == 0);
    sund_vec_free(&y);
    CHECK(sund_part_read(sund_cur_of(out.p, out.n), &other, 2, 5, &y, NULL) == SUND_E_MISMATCH);
    CHECK(sund_part_read(sund_cur_of(out.p, out.n), &q, 1, 5, &y, NULL) == SUND_E_MISMATCH);
    CHECK(sund_part_read(sund_cur_of(out.p, out.n), &q, 2, 6, &y, NULL) == SUND_E_MISMATCH);
    for (size_t n = 0; n < out.n; n++) /* without the file's digest: every cut is still seen */
        CHECK(sund_part_read(sund_cur_of(out.p, n), &q, 2, 5, &y, NULL) != SUND_OK);
    MUST(sund_work_write(path, &out, err));
    for (size_t i = 0; i < out.n; i++) {
        sund_buf_clear(&bad);
        sund_buf_put(&bad, out.p, out.n);
        flip(bad.p, bad.n, i);
        MUST(sund_file_write(path, bad.p, i % 7 ? bad.n : i, 0600, err));
        CHECK(sund_work_open(path, &m, &c, NULL) == SUND_E_FORMAT);
    }
    MUST(sund_file_write(path, out.p, out.n, 0600, err));
    CHECK(sund_work_open(path, &m, &c, NULL) == SUND_OK && sund_part_read(c, &q, 2, 5, &y, NULL) == SUND_OK);
    sund_map_close(&m);
    sund_vec_free(&x);
    sund_vec_free(&y);
    sund_buf_free(&out);
    sund_buf_free(&bad);
}

TEST(a_damaged_part_is_computed_again)
{
    world        *w = fed_world(W_PEOPLE, test_rand());
    seat         *s = seat_open(w);
    sund_err      why = { SUND_OK, "" };
    sund_release *want, *got;
    sund_buf      bytes = { 0 };
    char          path[400];

    CHECK(seat_ask(s, "analysis = counts\nstrata = none\n"));
    want = seat_run(s, &why);
    CHECK(seat_ask(s, "analysis = counts\nstrata = none\n"));
    seat_runner(s, &small);
    CHECK(seat_chunk(s, 0, &why));
    CHECK(seat_chunk(s, 0, &why)); /* all tasks have run */
    for (int k = 4; k <= 5; k++) {
        (void) snprintf(path, sizeof path, "%s/1-%d.part", s->folder, k);
        MUST(sund_file_read(path, 1 << 20, &bytes, err));
        flip(bytes.p, bytes.n, k == 4 ? bytes.n / 2 : 10); /* its vector; the question it answers */
        MUST(sund_file_write(path, bytes.p, bytes.n, 0600, err));
    }
    got = seat_run(s, &why);
    CHECK(same_release(want, got));
    CHECK(strstr(fake_text("sent"), "--array=1-2 ") || strstr(fake_text("sent"), "--array=1 ") || strstr(fake_text("sent"), "--array=2 "));
    sund_release_free(want);
    sund_release_free(got);
    sund_buf_free(&bytes);
    seat_close(s);
    free(w);
}

TEST(a_damaged_view_is_refused_or_is_a_view)
{
    world     *w = fed_world(W_PEOPLE, test_rand());
    seat      *s = seat_open(w);
    sund_buf   out = { 0 }, bad = { 0 };
    sund_view *v = NULL;
    sund_cur   c;

    CHECK(seat_ask(s, "analysis = linear\noutcome = trait\ncovariates = age, sex, bmi\nstrata = country\n"));
    sund_view_write(s->view, &out);
    c = sund_cur_of(out.p, out.n);
    MUST(sund_view_read(&v, &c, s->store, &s->study, s->catalogue, err));
    CHECK(c.n == 0 && v->n_member == s->view->n_member && v->n_stratum == s->view->n_stratum && v->plan.n == s->view->plan.n);
    CHECK(memcmp(v->female, s->view->female, 8 * v->n_word) == 0 && memcmp(v->ones, s->view->ones, 256 * v->n_word) == 0);
    CHECK(memcmp(v->row, s->view->row, 4 * v->n_variant) == 0);
    sund_view_close(v);
    for (int k = 0; k < 3000; k++) {
        sund_buf_clear(&bad);
        sund_buf_put(&bad, out.p, k % 5 ? out.n : test_rand() % out.n);
        if (bad.n == 0)
            continue;
        flip(bad.p, bad.n, test_rand() % (k % 2 ? bad.n : bad.n < 400 ? bad.n : 400));
        c = sund_cur_of(bad.p, bad.n);
        v = NULL;
        if (sund_view_read(&v, &c, s->store, &s->study, s->catalogue, NULL) == SUND_OK)
            for (size_t i = 0; i < v->plan.n; i++)
                CHECK(v->plan.col[i].max_abs <= INT32_MAX);
        sund_view_close(v);
    }
    sund_buf_free(&out);
    sund_buf_free(&bad);
    seat_close(s);
    free(w);
}

/* ---- options ---- */

TEST(options_for_sbatch)
{
    static const char *const good[] = { "", "--partition=long", "--partition=long,short --time=1-12:00:00 --mem-per-cpu=4G --account=geno_1",
                                        "--cpus-per-task=8  --constraint=avx512", "--nodelist=n1,n2 --nice=100" };
    static const char *const wrong[] = { "partition=long", "-p long", "--partition", "--partition=", "--partition long", "--wrap=rm", "--output=/etc/passwd", "--array=0-9",
                                         "--chdir=/", "--job-name=x", "--partitoin=long", "--partition=$(id)", "--partition=a;b;`id`", "--partition=a|b", "--partition=a&b", "--partition=a>b",
                                         "--partition='a'", "--partition=\"a\"", "--partition=a\\b", "--partition=a*", "--partition=a\tb", "--partition=~a", "--export=ALL", "--uid=0",
                                         "--partition=\xc3\xa9", "--parsable", "--=a", "--partition==a!b" };
    char     text[1200] = "";
    sund_err why;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(sund_slurm_options_check(good[i], NULL) == SUND_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        why.msg[0] = 0;
        if (sund_slurm_options_check(wrong[i], &why) != SUND_E_ARG || !why.msg[0]) {
            fprintf(stderr, "# taken: %s\n", wrong[i]);
            CHECK(!"refused");
        }
    }
    CHECK(sund_slurm_options_check("--partitoin=long", &why) == SUND_E_ARG && strstr(why.msg, "--partition?"));
    for (int i = 0; i < 40; i++)
        (void) strcat(text, "--nice=1 ");
    CHECK(sund_slurm_options_check(text, NULL) == SUND_E_LIMIT);
    memset(text, 'a', 1100);
    CHECK(sund_slurm_options_check(text, NULL) == SUND_E_LIMIT);
}

TEST(chunks_divide_over_tasks_without_gap)
{
    for (int k = 0; k < 500; k++) {
        uint32_t n_task = 1 + (uint32_t) (test_rand() % SUND_TASKS_MAX), n_chunk = n_task + (uint32_t) (test_rand() % 100000), at = 0;

        for (uint32_t t = 0; t < n_task; t++) {
            uint32_t from, to;

            sund_task_range(n_chunk, n_task, t, &from, &to);
            CHECK(from == at && to > from);
            at = to;
        }
        CHECK(at == n_chunk);
    }
}
