#include "study/engine.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** The next round; a round without chunks ends the questions. */
static sund_code ask(sund_engine *e, uint32_t index, sund_err *err)
{
    memset(&e->round, 0, sizeof e->round);
    e->round.index = index;
    e->chunk = 0;
    SUND_TRY(e->analysis->plan(&e->state, &e->round, err));
    e->done = e->round.n_chunk == 0;
    if (e->round.n_chunk > SUND_CHUNKS_MAX)
        return sund_fail(err, SUND_E_LIMIT, "chunk = %u cuts round %s into %u chunks, each a message of every node: at most %d are allowed; make chunk larger", e->state.study->chunk,
                         e->round.name, e->round.n_chunk, SUND_CHUNKS_MAX);
    return SUND_OK;
}

sund_code sund_engine_open(sund_engine *e, const sund_engine_on *on, sund_err *err)
{
    memset(e, 0, sizeof *e);
    SUND_TRY(sund_analysis_find(on->study->analysis, &e->analysis, err));
    SUND_TRY(e->analysis->check(on->study, err));
    e->state.study = on->study;
    e->state.catalogue = on->catalogue;
    e->state.files = on->files;
    e->state.plan = on->plan;
    e->state.thresholds = *on->thresholds;
    sund_study_range(on->study, on->catalogue, &e->state.first, &e->state.n_variant);
    if (on->catalogue && e->state.n_variant == 0)
        return sund_fail(err, SUND_E_ARG, "the catalogue has no variant in the study's region");
    SUND_TRY(sund_release_begin(&e->release, on->thresholds, e->analysis->by_variant, on->folder, err));
    e->state.release = e->release;
    SUND_TRY(e->analysis->begin(&e->state, err));
    return ask(e, 0, err);
}

void sund_engine_part(sund_engine *e, bool ended)
{
    if (e->runner)
        e->runner->close(e->runner, ended);
    e->runner = NULL;
}

void sund_engine_close(sund_engine *e)
{
    sund_engine_part(e, false);
    if (e->analysis && e->state.own)
        e->analysis->end(&e->state);
    sund_release_free(e->release);
    memset(e, 0, sizeof *e);
}

sund_code sund_engine_compute(const sund_engine *e, const sund_view *v, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    sund_vec x = { 0, 0, NULL };

    sund_code rc = e->analysis->local(&e->state, v, &e->round, chunk, n_thread, &x, err);
    if (rc == SUND_OK)
        *out = x;
    else
        sund_vec_free(&x);
    return rc;
}

sund_code sund_engine_local(const sund_engine *e, const sund_view *v, unsigned n_thread, sund_vec *out, bool *ready, sund_err *err)
{
    *ready = true;
    return e->runner ? e->runner->local(e->runner, e, v, n_thread, out, ready, err) : sund_engine_compute(e, v, e->chunk, n_thread, out, err);
}

sund_code sund_engine_absorb(sund_engine *e, const sund_vec *total, sund_err *err)
{
    SUND_TRY(sund_vec_bounded(total, err));
    SUND_TRY(e->analysis->total(&e->state, &e->round, e->chunk, total, err));
    sund_maps_rest(); /* what this chunk needed of store and state */
    if (e->runner)
        SUND_TRY(e->runner->took(e->runner, e, total, err));
    if (++e->chunk < e->round.n_chunk)
        return SUND_OK;
    return ask(e, e->round.index + 1, err);
}

static void add_names(sund_json *j, const char *key, const char *name, size_t cap, size_t n)
{
    if (n == 0)
        return;
    sund_json_open(j, key, '[');
    for (size_t i = 0; i < n; i++)
        sund_json_str(j, NULL, name + i * cap);
    sund_json_close(j, ']');
}

/** What the study asks, as far as its analysis takes it up. */
static void add_asked(sund_json *j, const sund_engine *e)
{
    const sund_study *s = e->state.study;
    char              region[64];

    add_names(j, "outcomes", s->outcome[0], sizeof s->outcome[0], s->n_outcome);
    add_names(j, "covariates", s->covariate[0], sizeof s->covariate[0], s->n_covariate);
    for (size_t i = 0; i < s->n_option; i++)
        if (s->option[i].value[0])
            sund_json_str(j, s->option[i].name, s->option[i].value);
    if (s->has_catalogue) {
        sund_json_str(j, "catalogue", sund_digest_hex(&s->catalogue).s);
        sund_json_str(j, "assembly", sund_assembly_name(sund_catalogue_assembly(e->state.catalogue)));
    }
    if (s->has_region) {
        (void) snprintf(region, sizeof region, "%s:%u-%u", sund_contig_name(s->region.contig), s->region.from_bp + 1, s->region.to_bp);
        sund_json_str(j, "region", region);
    }
    if (s->n_outcome && s->has_catalogue)
        sund_json_str(j, "missing", s->drop_missing ? "drop" : "mean");
    if (e->analysis->strata != SUND_STRATA_NEVER)
        sund_json_str(j, "strata_by", s->strata_country ? "country" : "none");
}

/** Those that applied: of open data no rule hides anything. */
static void add_thresholds(sund_json *j, const sund_thresholds *t)
{
    sund_json_open(j, "thresholds", '{');
    sund_json_bool(j, "open", t->open);
    if (!t->open) {
        sund_json_i64(j, "cell_min", t->cell_min);
        sund_json_i64(j, "mac", t->mac);
        sund_json_i64(j, "mac_association", t->mac_association);
    }
    sund_json_i64(j, "parties", t->parties);
    sund_json_i64(j, "digits", t->digits);
    sund_json_close(j, '}');
}

sund_code sund_engine_finish(sund_engine *e, const char *run_facts, sund_release **out, sund_err *err)
{
    const sund_study *s = e->state.study;
    sund_release     *r = e->release;
    sund_buf          text = { 0 };
    sund_json         j;
    size_t            by_mac, by_cells;
    sund_code         rc;

    SUND_TRY(e->analysis->finish(&e->state, r, err));
    sund_json_init(&j, &text, true);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "program", "sund " SUND_VERSION);
    sund_json_str(&j, "study", sund_digest_hex(&s->digest).s);
    sund_json_str(&j, "title", s->title);
    sund_json_str(&j, "analysis", s->analysis);
    sund_json_str(&j, "cohort", s->cohort);
    sund_json_str(&j, "purpose", s->purpose);
    add_asked(&j, e);
    add_thresholds(&j, &e->state.thresholds);
    sund_release_withheld(r, &by_mac, &by_cells);
    sund_json_i64(&j, "rows", (int64_t) sund_release_rows(r));
    sund_json_i64(&j, "rows_withheld_by_mac", (int64_t) by_mac);
    sund_json_i64(&j, "rows_with_hidden_cells", (int64_t) by_cells);
    sund_buf_printf(&text, ",\n  %s", e->state.facts);
    if (run_facts && run_facts[0])
        sund_buf_printf(&text, ",\n  %s", run_facts);
    sund_json_close(&j, '}');
    sund_buf_text(&text, "\n");
    sund_buf_nul(&text);
    rc = sund_buf_ok(&text, err);
    if (rc == SUND_OK)
        rc = sund_release_end(r, (const char *) text.p, err);
    sund_buf_free(&text);
    if (rc == SUND_OK) {
        *out = r;
        e->release = NULL;
    }
    return rc;
}

/** The chunk that is asked, waited for. */
static sund_code own_vector(const sund_local_run *run, const sund_engine *e, const sund_view *v, sund_vec *x, sund_err *err)
{
    for (bool ready = false;;) {
        if (run->progress)
            run->progress(run->ctx, e->round.name, e->chunk, e->round.n_chunk, e->runner ? e->runner->note : "");
        SUND_TRY(sund_engine_local(e, v, run->n_thread, x, &ready, err));
        if (ready)
            return SUND_OK;
        if (run->stop && *run->stop)
            return sund_fail(err, SUND_E_UPSTREAM, "stopped while it waited for the cluster");
        (void) usleep(200000);
    }
}

sund_code sund_engine_keep(const sund_engine *e, const sund_view *v, sund_people *people, sund_err *err)
{
    return e->analysis->keep ? e->analysis->keep(&e->state, v, people, err) : SUND_OK;
}

sund_code sund_study_run_local(const sund_local_run *run, sund_release **out, sund_err *err)
{
    sund_view   *v = NULL;
    sund_engine  e = { 0 };
    sund_files   files = { 0 };
    sund_digest  release;
    char         facts[256];
    sund_code    rc;

    SUND_GO(sund_view_open(&v, run->store, run->people, run->study, run->catalogue, run->thresholds, err));
    SUND_GO(sund_files_open(&files, run->study, run->file, run->file_ctx, err));
    SUND_GO(sund_engine_open(&e, &(sund_engine_on){ run->study, run->catalogue, &files, &v->plan, run->thresholds, run->folder }, err));
    if (run->runner)
        SUND_GO(run->runner(run->runner_ctx, &e, v, run->text, &e.runner, err));
    while (!e.done) {
        sund_vec x = { 0, 0, NULL };

        SUND_GO(own_vector(run, &e, v, &x, err));
        rc = sund_engine_absorb(&e, &x, err);
        sund_vec_free(&x);
        if (rc != SUND_OK)
            goto out;
    }
    release = sund_view_release(v, run->key);
    (void) snprintf(facts, sizeof facts, "\"run\": \"local\", \"data_release\": \"%s\"", sund_digest_hex(&release).s);
    SUND_GO(sund_engine_finish(&e, facts, out, err));
    rc = sund_engine_keep(&e, v, run->people, err);
out:
    sund_engine_part(&e, true);
    sund_engine_close(&e);
    sund_files_free(&files);
    sund_view_close(v);
    return rc;
}
