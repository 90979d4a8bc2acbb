/* VCF.gz and BCF out. A row is a copy of one that has every allele 0, with the few people changed who have another: what a row costs is copying
 * and compressing, and the second is done by htslib's threads. */
#include "base/file.h"
#include "store/export.h"

#include <errno.h>
#include <fcntl.h>
#include <htslib/bgzf.h>
#include <htslib/vcf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* copies of each person, and where in the row they are written */
typedef struct shape { int rule; uint8_t *copies; uint32_t *at; uint8_t *row; size_t n_row, width; } shape;

struct sund_export {
    sund_export_plan plan;
    char            *path, *part;
    BGZF            *text; /* VCF */
    htsFile         *bcf;
    bcf_hdr_t       *head;
    bcf1_t          *rec;
    int              gt_id;
    shape            shape;
    sund_buf         line;
};

static sund_code io_fail(const sund_export *e, const char *what, sund_err *err)
{
    return sund_fail(err, SUND_E_IO, "cannot %s %s: %s", what, e->part, errno ? strerror(errno) : "htslib refused");
}

static sund_code check_names(const sund_export_plan *p, sund_err *err)
{
    for (size_t i = 0; i < p->n_person; i++)
        if (!p->person[i][0] || strpbrk(p->person[i], "\t\n\r"))
            return sund_fail(err, SUND_E_ARG, "a person's name is empty or has a tab or line end in it: VCF cannot hold it");
    return SUND_OK;
}

static void contig_name(const sund_export_plan *p, int contig, char out[12])
{
    if (p->assembly == SUND_GRCH38)
        (void) snprintf(out, 12, "chr%s", contig == SUND_MT ? "M" : sund_contig_name(contig));
    else
        (void) snprintf(out, 12, "%s", sund_contig_name(contig));
}

static void head_text(const sund_export_plan *p, sund_buf *b)
{
    sund_buf_printf(b, "##fileformat=VCFv4.2\n##FILTER=<ID=PASS,Description=\"All filters passed\">\n##source=%s\n##reference=%s\n", p->source, sund_assembly_name(p->assembly));
    for (int c = 1; c < SUND_N_CONTIG; c++) {
        char name[12];

        contig_name(p, c, name);
        sund_buf_printf(b, "##contig=<ID=%s,length=%u>\n", name, sund_contig_length(p->assembly, c));
    }
    sund_buf_text(b, "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT");
    for (size_t i = 0; i < p->n_person; i++) {
        sund_buf_u8(b, '\t');
        sund_buf_text(b, p->person[i]);
    }
    sund_buf_u8(b, '\n');
    sund_buf_nul(b);
}

static sund_code open_vcf(sund_export *e, sund_err *err)
{
    head_text(&e->plan, &e->line);
    SUND_TRY(sund_buf_ok(&e->line, err));
    e->text = bgzf_open(e->part, "w");
    if (!e->text || (e->plan.n_thread > 1 && bgzf_mt(e->text, (int) e->plan.n_thread, 256) != 0))
        return io_fail(e, "open", err);
    return bgzf_write(e->text, e->line.p, e->line.n) == (ssize_t) e->line.n ? SUND_OK : io_fail(e, "write", err);
}

static sund_code open_bcf(sund_export *e, sund_err *err)
{
    head_text(&e->plan, &e->line);
    SUND_TRY(sund_buf_ok(&e->line, err));
    e->head = bcf_hdr_init("w");
    e->rec = bcf_init();
    if (!e->head || !e->rec)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    if (bcf_hdr_parse(e->head, (char *) e->line.p) != 0)
        return sund_fail(err, SUND_E_ARG, "htslib refuses the header of %s: a person's name is there twice, or VCF cannot hold it", e->path);
    e->gt_id = bcf_hdr_id2int(e->head, BCF_DT_ID, "GT");
    e->bcf = hts_open(e->part, "wb");
    if (!e->bcf || (e->plan.n_thread > 1 && hts_set_threads(e->bcf, (int) e->plan.n_thread) != 0))
        return io_fail(e, "open", err);
    return bcf_hdr_write(e->bcf, e->head) == 0 ? SUND_OK : io_fail(e, "write", err);
}

sund_code sund_export_open(sund_export **out, const char *path, const sund_export_plan *plan, sund_err *err)
{
    sund_export *e = calloc(1, sizeof *e);
    sund_code    rc;

    if (!e)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    e->plan = *plan;
    e->shape.rule = -1;
    e->shape.copies = malloc(plan->n_person + 1);
    e->shape.at = malloc((plan->n_person + 1) * sizeof *e->shape.at);
    e->shape.row = malloc(4 * plan->n_person + 8);
    errno = 0;
    if (asprintf(&e->part, "%s.part", path) < 0)
        e->part = NULL;
    e->path = strdup(path);
    if (!e->path || !e->part || !e->shape.copies || !e->shape.at || !e->shape.row)
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", plan->n_person);
    else if (sund_file_exists(path))
        rc = sund_fail(err, SUND_E_MISMATCH, "%s exists already and is not written over: choose another folder", path);
    else {
        rc = check_names(plan, err);
        if (rc == SUND_OK)
            rc = plan->bcf ? open_bcf(e, err) : open_vcf(e, err);
    }
    if (rc == SUND_OK)
        *out = e;
    else
        sund_export_close(e);
    return rc;
}

/* A genotype to write: 0, 1, 2 or SUND_GT_MISSING, and how a het is written. */
typedef struct call { uint8_t g; bool phased, alt_first; } call;

/** One genotype, in the row at hand. */
static void write_call(sund_export *e, size_t i, call c)
{
    uint8_t *p = e->shape.row + e->shape.at[i];
    int      copies = e->shape.copies[i];
    unsigned a = c.g == 2 || (c.g == 1 && c.alt_first), b = c.g == 2 || (c.g == 1 && !c.alt_first);
    bool     bar = c.g == 1 ? c.phased : e->plan.phased, missing = c.g == SUND_GT_MISSING || copies == 0;

    if (e->plan.bcf) {
        p[0] = (uint8_t) (missing ? bcf_gt_missing : bcf_gt_unphased(a));
        if (e->shape.width == 2)
            p[1] = copies < 2 ? (uint8_t) bcf_int8_vector_end : (uint8_t) (missing ? bcf_gt_missing : bar ? bcf_gt_phased(b) : bcf_gt_unphased(b));
        return;
    }
    p[0] = missing ? '.' : (uint8_t) ('0' + a);
    if (copies == 2) {
        p[1] = bar && !missing ? '|' : '/';
        p[2] = missing ? '.' : (uint8_t) ('0' + b);
    }
}

/** The row in which everybody has allele 0, under a rule of copies. */
static void take_rule(sund_export *e, sund_copies rule)
{
    shape *s = &e->shape;
    size_t at = 0;

    s->rule = (int) rule;
    s->width = 1;
    for (size_t i = 0; i < e->plan.n_person; i++) {
        s->copies[i] = (uint8_t) sund_copies_of(rule, (sund_sex) e->plan.sex[i]);
        s->width = s->copies[i] == 2 ? 2 : s->width;
    }
    for (size_t i = 0; i < e->plan.n_person; i++) {
        if (!e->plan.bcf)
            s->row[at++] = '\t';
        s->at[i] = (uint32_t) at;
        at += e->plan.bcf ? s->width : s->copies[i] == 2 ? 3 : 1;
        write_call(e, i, (call){ 0 });
    }
    if (!e->plan.bcf)
        s->row[at++] = '\n';
    s->n_row = at;
}

static sund_code write_vcf(sund_export *e, const sund_variant *v, sund_err *err)
{
    char name[12];

    contig_name(&e->plan, v->contig, name);
    sund_buf_printf(&e->line, "%s\t%u\t.\t", name, v->pos_bp + 1);
    sund_buf_put(&e->line, v->ref, v->n_ref);
    sund_buf_u8(&e->line, '\t');
    sund_buf_put(&e->line, v->alt, v->n_alt);
    sund_buf_text(&e->line, "\t.\tPASS\t.\tGT");
    SUND_TRY(sund_buf_ok(&e->line, err));
    if (bgzf_write(e->text, e->line.p, e->line.n) != (ssize_t) e->line.n || bgzf_write(e->text, e->shape.row, e->shape.n_row) != (ssize_t) e->shape.n_row)
        return io_fail(e, "write", err);
    return SUND_OK;
}

static sund_code write_bcf(sund_export *e, const sund_variant *v, sund_err *err)
{
    bcf1_t *r = e->rec;
    char    name[12];
    int     pass = 0;

    contig_name(&e->plan, v->contig, name);
    sund_buf_put(&e->line, v->ref, v->n_ref);
    sund_buf_u8(&e->line, ',');
    sund_buf_put(&e->line, v->alt, v->n_alt);
    sund_buf_nul(&e->line);
    SUND_TRY(sund_buf_ok(&e->line, err));
    bcf_clear(r);
    r->rid = bcf_hdr_name2id(e->head, name);
    r->pos = v->pos_bp;
    bcf_float_set_missing(r->qual);
    if (bcf_update_alleles_str(e->head, r, (char *) e->line.p) != 0 || bcf_update_filter(e->head, r, &pass, 1) != 0)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    r->n_sample = (uint32_t) e->plan.n_person & 0xFFFFFFu;
    r->n_fmt = 1;
    bcf_enc_int1(&r->indiv, e->gt_id); /* the genotypes as they are: bcf_update_genotypes() would take each as an int first */
    bcf_enc_size(&r->indiv, (int) e->shape.width, BCF_BT_INT8);
    if (kputsn((const char *) e->shape.row, e->shape.n_row, &r->indiv) < 0)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    return bcf_write(e->bcf, e->head, r) == 0 ? SUND_OK : io_fail(e, "write", err);
}

static bool bit(const uint64_t *plane, size_t w, int k) { return plane && plane[w] >> k & 1; }

/** Writes the genotypes that are not 0, or takes them back. */
static void change(sund_export *e, const sund_gt *gt, const sund_phase *phase, bool back)
{
    for (size_t w = 0; w < (e->plan.n_person + 63) / 64; w++)
        for (uint64_t any = gt->het_plane[w] | gt->hom_plane[w] | gt->missing_plane[w]; any; any &= any - 1) {
            int  k = __builtin_ctzll(any);
            call c = { .g = 0 };

            if (!back) {
                c.g = bit(gt->missing_plane, w, k) ? SUND_GT_MISSING : bit(gt->hom_plane, w, k) ? 2 : 1;
                c.phased = phase && bit(phase->phased, w, k);
                c.alt_first = c.phased && bit(phase->alt_first, w, k);
            }
            write_call(e, 64 * w + (size_t) k, c);
        }
}

sund_code sund_export_add(sund_export *e, const sund_variant *v, const sund_gt *gt, const sund_phase *phase, sund_err *err)
{
    sund_copies rule = sund_copies_at(e->plan.assembly, v->contig, v->pos_bp);
    sund_code   rc;

    if ((int) rule != e->shape.rule)
        take_rule(e, rule);
    errno = 0;
    sund_buf_clear(&e->line);
    change(e, gt, phase, false);
    rc = e->plan.bcf ? write_bcf(e, v, err) : write_vcf(e, v, err);
    change(e, gt, phase, true);
    return rc;
}

sund_code sund_export_seal(sund_export *e, sund_err *err)
{
    BGZF    *text = e->text;
    htsFile *bcf = e->bcf;
    int      fd;
    bool     good;

    errno = 0;
    e->text = NULL;
    e->bcf = NULL;
    if (text ? bgzf_close(text) != 0 : hts_close(bcf) != 0)
        return io_fail(e, "write", err);
    fd = open(e->part, O_RDONLY | O_CLOEXEC);
    good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void) close(fd);
    if (!good || rename(e->part, e->path) != 0)
        return io_fail(e, "rename", err);
    return sund_dir_sync(e->path, err);
}

void sund_export_close(sund_export *e)
{
    if (!e)
        return;
    if (e->text)
        (void) bgzf_close(e->text);
    if (e->bcf)
        (void) hts_close(e->bcf);
    bcf_hdr_destroy(e->head);
    bcf_destroy(e->rec);
    free(e->shape.copies);
    free(e->shape.at);
    free(e->shape.row);
    free(e->path);
    free(e->part);
    sund_buf_free(&e->line);
    free(e);
}
