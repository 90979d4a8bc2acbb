#include "base/file.h"
#include "sim/sim_priv.h"
#include "store/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything a simulation holds while it runs. */
typedef struct run {
    const sund_sim    *sim;
    sund_sim_report    report;
    sim_cohort         cohort;
    sim_paint          paint;
    sim_trait          trait;
    sund_tree          tree;
    sund_demography    past;
    uint32_t          *hap; /* of the founders, under the rule at hand */
    size_t            *n_of, n_hap;
    double             rate; /* mutations a generation that make sim->block sites a tree */
    sund_buf           source;
    sund_store_writer *store;
    uint64_t           n_stored; /* rows that a resumed store has already */
    sund_export       *file[2];
    uint64_t           site;
} run;

static sund_code check(const sund_sim *s, sund_err *err)
{
    size_t n = 0;

    for (size_t k = 0; k < s->n_country; k++)
        n += s->n_person[k];
    if (n < 2 || n > 10000000)
        return sund_fail(err, SUND_E_ARG, "from 2 to 10,000,000 people can be simulated, not %zu", n);
    if (!s->n_site || !s->n_region)
        return sund_fail(err, SUND_E_ARG, "give at least one site and one region");
    if (s->n_family && !s->n_child)
        return sund_fail(err, SUND_E_ARG, "a family has at least one child");
    if (!(s->missing >= 0.0 && s->missing <= 0.5) || !(s->h2 >= 0.0 && s->h2 < 1.0) || !(s->prevalence > 0.0 && s->prevalence < 1.0) || !(s->block >= 1.0 && s->block <= 1e6))
        return sund_fail(err, SUND_E_ARG, "missing is from 0 to 0.5, h2 from 0 to below 1, prevalence between 0 and 1, block from 1 to 1,000,000");
    return SUND_OK;
}

static double scale_of(int contig) { return contig == SUND_X ? 0.75 : contig == SUND_Y || contig == SUND_MT ? 0.25 : 1.0; }

/** Haplotypes and rate for a stretch: the rate from the mean length of four trees. */
static sund_code take_stretch(run *o, const sim_stretch *s, sund_err *err)
{
    sund_rand r = sund_rand_of(o->sim->seed, STREAM_MEASURE);
    double    length = 0.0;

    o->n_hap = sim_cohort_haplotypes(&o->cohort, s->rule, o->hap, o->n_of);
    if (o->n_hap < 2)
        return sund_fail(err, SUND_E_ARG, "fewer than two of these people have a %s of their own: nothing varies there", sund_contig_name(s->at.contig));
    sim_paint_rule(&o->paint, s->rule);
    for (int k = 0; k < 4; k++) {
        sund_tree_grow(&o->tree, &o->past, scale_of(s->at.contig), o->hap, o->n_of, o->sim->n_country, &r);
        length += sund_tree_length(&o->tree);
    }
    o->rate = o->sim->block / (length / 4.0);
    return SUND_OK;
}

static sund_code write_site(run *o, const sund_variant *v, sund_kind kind, sund_err *err)
{
    sund_gt    gt;
    sund_phase phase;

    sim_paint_genotypes(&o->paint, &gt, &phase);
    if (o->sim->unphased)
        phase = (sund_phase){ NULL, NULL };
    if (o->store && o->site >= o->n_stored)
        SUND_TRY(sund_store_writer_add(o->store, v, kind, &gt, &phase, err));
    for (int k = 0; k < 2; k++)
        if (o->file[k])
            SUND_TRY(sund_export_add(o->file[k], v, &gt, &phase, err));
    return SUND_OK;
}

static sund_code do_site(run *o, const sim_stretch *s, uint32_t pos_bp, sund_span carriers, sund_err *err)
{
    char         ref[SIM_ALLELE], alt[SIM_ALLELE];
    sund_variant v = { .contig = s->at.contig, .pos_bp = pos_bp };
    sund_rand    r = sund_rand_of(o->sim->seed, stream_site(o->site));
    sund_kind    kind = sim_alleles(&v, ref, alt, sund_contig_length(o->sim->assembly, v.contig), &r);
    size_t       n_alt = sim_paint_carriers(&o->paint, o->tree.hap + carriers.from, carriers.to - carriers.from);
    size_t       minor = 2 * n_alt < o->paint.n_hap ? n_alt : o->paint.n_hap - n_alt;

    sim_paint_missing(&o->paint, o->sim->missing, &r);
    sim_trait_site(&o->trait, &v, &o->paint, n_alt);
    SUND_TRY(write_site(o, &v, kind, err));
    o->report.n_singleton += n_alt == 1;
    o->report.n_common += 100 * minor >= o->paint.n_hap;
    o->report.n_indel += kind == SUND_KIND_INDEL;
    if (o->sim->progress && o->site % 64 == 0)
        o->sim->progress(o->sim->ctx, o->site);
    o->site++;
    return SUND_OK;
}

static sund_code do_stretch(run *o, const sim_stretch *s, bool new_contig, sund_err *err)
{
    sim_walk w = sim_walk_of(s, o->sim->seed, o->site);

    SUND_TRY(take_stretch(o, s, err));
    while (w.left) {
        sund_rand r = sund_rand_of(o->sim->seed, stream_tree(o->report.n_tree++));

        sund_tree_grow(&o->tree, &o->past, scale_of(s->at.contig), o->hap, o->n_of, o->sim->n_country, &r);
        SUND_TRY(sund_tree_mutate(&o->tree, o->rate, &r, err));
        if (o->sim->n_family)
            sim_paint_cross(&o->paint, new_contig, w.next_bp, &r);
        new_contig = false;
        for (size_t k = 0; k < o->tree.n_mutation && w.left; k++)
            SUND_TRY(do_site(o, s, sim_walk_next(&w), o->tree.mutation[k], err));
    }
    return SUND_OK;
}

static sund_code all_stretches(run *o, sund_err *err)
{
    sim_stretch *s = NULL;
    size_t       n = 0;
    sund_code    rc = sim_stretches(o->sim, &s, &n, err);

    for (size_t k = 0; rc == SUND_OK && k < n; k++)
        o->trait.n_autosomal += s[k].at.contig < SUND_X ? s[k].n_site : 0;
    for (size_t k = 0; rc == SUND_OK && k < n; k++)
        if (s[k].n_site)
            rc = do_stretch(o, &s[k], k == 0 || s[k].at.contig != s[k - 1].at.contig, err);
    free(s);
    return rc;
}

/** One line that names the simulation: part of a store's description, so that only the same one is resumed. */
static sund_code describe(run *o, sund_err *err)
{
    const sund_sim *s = o->sim;

    sund_buf_printf(&o->source, "sund simulate cohort, model 1, seed %llu, sites %llu, block %g, %s, families %zu of %zu, missing %g, %s, people", (unsigned long long) s->seed,
                    (unsigned long long) s->n_site, s->block, s->constant ? "constant" : "growth", s->n_family, s->n_family ? s->n_child + 2 : 0, s->missing, s->unphased ? "unphased" : "phased");
    for (size_t k = 0; k < s->n_country; k++)
        sund_buf_printf(&o->source, " %s=%zu", s->country[k], s->n_person[k]);
    sund_buf_text(&o->source, ", regions");
    for (size_t k = 0; k < s->n_region; k++)
        sund_buf_printf(&o->source, " %s:%u-%u", sund_contig_name(s->region[k].contig), s->region[k].from_bp + 1, s->region[k].to_bp);
    sund_buf_nul(&o->source);
    return sund_buf_ok(&o->source, err);
}

static sund_code open_store(run *o, sund_err *err)
{
    const sund_sim  *s = o->sim;
    sund_store_plan  plan = { .assembly = s->assembly, .n_person = o->cohort.n, .person = o->cohort.name_at, .sex = o->cohort.sex, .population = o->cohort.country_at, .source = (const char *) o->source.p, .key = s->key };
    char             path[4096];
    sund_variant     last;

    SUND_TRY(sund_path_join(path, sizeof path, s->out, "store", err));
    SUND_TRY(sund_store_writer_open(&o->store, path, &plan, err));
    o->n_stored = sund_store_writer_resume(o->store, &last);
    return SUND_OK;
}

static sund_code open_file(run *o, bool bcf, sund_err *err)
{
    const sund_sim  *s = o->sim;
    sund_export_plan plan = { .bcf = bcf, .assembly = s->assembly, .n_person = o->cohort.n, .person = o->cohort.name_at, .sex = o->cohort.sex, .phased = !s->unphased,
                              .source = (const char *) o->source.p, .n_thread = s->n_thread };
    char             path[4096];

    SUND_TRY(sund_path_join(path, sizeof path, s->out, bcf ? "cohort.bcf" : "cohort.vcf.gz", err));
    return sund_export_open(&o->file[bcf], path, &plan, err);
}

static sund_code open_all(run *o, sund_err *err)
{
    const sund_sim *s = o->sim;
    double          n = (double) s->n_country;

    o->past = s->constant ? (sund_demography){ 1e4, 1e4, 320.0, 1e4 } : (sund_demography){ 3.5e6 / n, 1e4, 320.0, 1e4 };
    SUND_TRY(describe(o, err));
    SUND_TRY(sim_cohort_make(&o->cohort, s, err));
    SUND_TRY(sim_paint_init(&o->paint, &o->cohort, err));
    SUND_TRY(sim_trait_init(&o->trait, s, &o->cohort, err));
    SUND_TRY(sund_tree_init(&o->tree, 2 * o->cohort.n, err));
    o->hap = calloc(2 * o->cohort.n + 1, sizeof *o->hap);
    o->n_of = calloc(s->n_country + 1, sizeof *o->n_of);
    if (!o->hap || !o->n_of)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", o->cohort.n);
    SUND_TRY(sund_dir_make(s->out, err));
    if (s->store)
        SUND_TRY(open_store(o, err));
    if (s->vcf)
        SUND_TRY(open_file(o, false, err));
    return s->bcf ? open_file(o, true, err) : SUND_OK;
}

static sund_code seal_all(run *o, sund_err *err)
{
    SUND_TRY(sim_tables_write(&o->trait, &o->report.n_case, err));
    for (int k = 0; k < 2; k++)
        if (o->file[k])
            SUND_TRY(sund_export_seal(o->file[k], err));
    return o->store ? sund_store_writer_seal(o->store, err) : SUND_OK;
}

sund_code sund_sim_run(const sund_sim *sim, sund_sim_report *out, sund_err *err)
{
    run       o = { .sim = sim };
    sund_code rc;

    SUND_TRY(check(sim, err));
    SUND_GO(open_all(&o, err));
    SUND_GO(all_stretches(&o, err));
    SUND_GO(seal_all(&o, err));
    o.report.n_site = o.site;
    o.report.n_causal = o.trait.n_effect;
    *out = o.report;
out:
    sund_store_writer_close(o.store);
    sund_export_close(o.file[0]);
    sund_export_close(o.file[1]);
    sund_tree_free(&o.tree);
    sim_trait_free(&o.trait);
    sim_paint_free(&o.paint);
    sim_cohort_free(&o.cohort);
    free(o.hap);
    free(o.n_of);
    sund_buf_free(&o.source);
    return rc;
}
