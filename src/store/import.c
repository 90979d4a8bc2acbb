#include "base/aead.h"
#include "base/file.h"
#include "store/import_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Everything an import holds while it runs. */
typedef struct import {
    const sund_import *in;
    sund_import_job    job;
    sund_vcf         **vcf; /* until a stream takes them */
    sund_stream       *stream;
    sund_import_people people;
    sund_import_bed    bed;
    sund_reference    *ref;
    sund_buf           source;
    sund_store_writer *writer;
} import;

static sund_code check_arguments(const sund_import *in, sund_err *err)
{
    if (!in->n_file || !in->dir || !*in->dir)
        return sund_fail(err, SUND_E_ARG, "give at least one VCF or BCF file, and the store to make");
    if (in->n_file > UINT32_MAX - 1)
        return sund_fail(err, SUND_E_LIMIT, "too many files");
    if (in->keep_column && !in->samples)
        return sund_fail(err, SUND_E_ARG, "choosing people by a column needs the table of samples");
    if (in->min_gq < 0 || in->min_dp < 0 || !(in->min_ab >= 0 && in->min_ab <= 0.5))
        return sund_fail(err, SUND_E_ARG, "the filters must be at least 0, and the allele balance at most 0.5");
    for (size_t f = 0; f < in->n_file; f++)
        for (size_t g = 0; g < f && in->n_file < 4096; g++)
            if (strcmp(in->file[f], in->file[g]) == 0)
                return sund_fail(err, SUND_E_ARG, "%s is given twice", in->file[f]);
    return SUND_OK;
}

/* Contig lengths and RefSeq names decide; words in the header count only where they are silent. */
static sund_code find_assembly(import *m, sund_err *err)
{
    const sund_import *in = m->in;
    const char        *by37 = NULL, *by38 = NULL;
    bool               maybe37 = false, maybe38 = false;
    sund_assembly      sure = SUND_ASSEMBLY_NONE;

    for (size_t f = 0; f < in->n_file; f++) {
        sund_vcf_assembly a = sund_vcf_says(m->vcf[f]);
        by37 = a.sure37 && !by37 ? in->file[f] : by37;
        by38 = a.sure38 && !by38 ? in->file[f] : by38;
        maybe37 |= a.maybe37;
        maybe38 |= a.maybe38;
    }
    if (by37 && by38)
        return sund_fail(
            err, SUND_E_MISMATCH,
            "by the contigs in their headers %.180s is GRCh37 and %.180s is GRCh38; import one assembly at a time",
            by37, by38);
    sure = by37 ? SUND_GRCH37 : by38 ? SUND_GRCH38 : SUND_ASSEMBLY_NONE;
    if (in->assembly && sure && in->assembly != sure)
        return sund_fail(err, SUND_E_MISMATCH, "%s is %s by the contigs in its header, not %s", by37 ? by37 : by38,
                         sund_assembly_name(sure), sund_assembly_name(in->assembly));
    m->job.assembly = in->assembly ? in->assembly : sure;
    if (!m->job.assembly && maybe37 != maybe38)
        m->job.assembly = maybe37 ? SUND_GRCH37 : SUND_GRCH38;
    if (!m->job.assembly)
        return sund_fail(
            err, SUND_E_ARG,
            "the headers do not say of which assembly the positions are; give --assembly GRCh37 or --assembly GRCh38");
    return SUND_OK;
}

/* A line that identifies one input without reading all of it: name, size, digest of both its ends. */
static sund_code identify(sund_buf *out, const char *what, const char *path, sund_err *err)
{
    enum { END = 1 << 20 };
    const char *slash = strrchr(path, '/');
    sund_map    map = { NULL, 0 };
    sund_hasher h;
    sund_digest d;

    SUND_TRY(sund_map_open(&map, path, err));
    sund_hasher_init(&h);
    if (map.n <= 2 * END)
        sund_hasher_add(&h, map.p, map.n);
    else {
        sund_hasher_add(&h, map.p, END);
        sund_hasher_add(&h, map.p + map.n - END, END);
    }
    d = sund_hasher_end(&h);
    sund_buf_printf(out, "%s %s %zu %s\n", what, slash ? slash + 1 : path, map.n, sund_digest_hex(&d).s);
    sund_map_close(&map);
    return SUND_OK;
}

/* The same line for an encrypted file, of what is inside: who is given it encrypted comes to the same store. */
static sund_code identify_c4gh(sund_buf *out, const char *path, const sund_c4gh *c, sund_err *err)
{
    enum { END = 1 << 20 };
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    int         fd = open(path, O_RDONLY | O_CLOEXEC), n_name = dot && dot > name && strcmp(dot, ".c4gh") == 0 ? (int) (dot - name) : (int) strlen(name);
    struct stat st;
    uint64_t    n = 0;
    uint8_t    *p = NULL;
    sund_digest d;
    sund_code   rc;

    SUND_GO(fd < 0 || fstat(fd, &st) != 0 ? sund_fail(err, SUND_E_IO, "cannot open %s", path) : SUND_OK);
    SUND_GO(sund_c4gh_size(c, path, (uint64_t) st.st_size, &n, err));
    p = sund_secret_new(2 * END);
    SUND_GO(p ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "no memory to read %s", path));
    if (n <= 2 * END)
        SUND_GO(sund_c4gh_read(c, path, fd, 0, n, p, err));
    else {
        SUND_GO(sund_c4gh_read(c, path, fd, 0, END, p, err));
        SUND_GO(sund_c4gh_read(c, path, fd, n - END, END, p + END, err));
    }
    d = sund_digest_of(p, n <= 2 * END ? n : 2 * END);
    sund_buf_printf(out, "file %.*s %llu %s\n", n_name, name, (unsigned long long) n, sund_digest_hex(&d).s);
out:
    sund_secret_free(p);
    if (fd >= 0)
        (void) close(fd);
    return rc;
}

sund_code sund_import_c4gh(const char *key_file, const char *const *file, size_t n_file, sund_c4gh **out, sund_err *err)
{
    sund_c4gh *c = sund_secret_new((n_file ? n_file : 1) * sizeof *c);
    sund_key  *secret = sund_secret_new(sizeof *secret);
    size_t     n_encrypted = 0;
    sund_code  rc = c && secret ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "no memory for keys of %zu files", n_file);

    if (rc == SUND_OK)
        rc = sund_c4gh_key_read(key_file, secret, err);
    for (size_t f = 0; rc == SUND_OK && f < n_file; f++) {
        rc = sund_c4gh_head_of(file[f], secret, &c[f], err);
        n_encrypted += rc == SUND_OK && c[f].n_key;
    }
    if (rc == SUND_OK && !n_encrypted)
        rc = sund_fail(err, SUND_E_ARG, "%s is not encrypted by Crypt4GH%s: leave --c4gh-key out", n_file ? file[0] : "no file", n_file > 1 ? ", and no other of the files is" : "");
    sund_secret_free(secret);
    if (rc != SUND_OK)
        sund_secret_free(c);
    else
        *out = c;
    return rc;
}

static sund_code describe(import *m, sund_err *err)
{
    const sund_import *in = m->in;

    for (size_t f = 0; f < in->n_file; f++)
        SUND_TRY(in->c4gh && in->c4gh[f].n_key ? identify_c4gh(&m->source, in->file[f], &in->c4gh[f], err) : identify(&m->source, "file", in->file[f], err));
    if (in->reference)
        SUND_TRY(identify(&m->source, "reference", in->reference, err));
    sund_buf_printf(&m->source, "min-gq %d\nmin-dp %d\nmin-ab %g\nlenient %d\n", in->min_gq, in->min_dp, in->min_ab,
                    in->lenient);
    sund_buf_nul(&m->source);
    return sund_buf_ok(&m->source, err);
}

/* A filter on a field that a file does not have would make each of its genotypes missing. */
static sund_code check_filters(const import *m, size_t f, sund_err *err)
{
    sund_vcf_assembly  says = sund_vcf_says(m->vcf[f]);
    const sund_import *in = m->in;
    const char        *lacks = in->min_gq > 0 && !says.gq ? "GQ" : in->min_dp > 0 && !says.dp ? "DP" : in->min_ab > 0 && !says.ad ? "AD" : NULL;

    if (!lacks)
        return SUND_OK;
    return sund_fail(err, SUND_E_MISMATCH, "%s: the header declares no FORMAT field %s, so that every genotype would fail %s; import this file without that filter", in->file[f], lacks,
                     lacks[0] == 'G' ? "--min-gq" : lacks[0] == 'D' ? "--min-dp" : "--min-ab");
}

static sund_code open_all(import *m, sund_err *err)
{
    const sund_import *in = m->in;

    m->vcf = calloc(in->n_file, sizeof *m->vcf);
    m->stream = calloc(in->n_file, sizeof *m->stream);
    if (!m->vcf || !m->stream)
        return sund_fail(err, SUND_E_NOMEM, "no memory for %zu files", in->n_file);
    for (size_t f = 0; f < in->n_file; f++) {
        m->job.at->file = (uint32_t) f;
        SUND_TRY(sund_vcf_open_c4gh(&m->vcf[f], in->file[f], in->c4gh ? &in->c4gh[f] : NULL, err));
        if (!sund_vcf_n_sample(m->vcf[f]))
            return sund_fail(err, SUND_E_FORMAT, "%s has no samples: there are no genotypes to import", in->file[f]);
        SUND_TRY(check_filters(m, f, err));
    }
    SUND_TRY(find_assembly(m, err));
    if (in->samples)
        SUND_TRY(sund_import_people_read(&m->people, in, err));
    else
        SUND_TRY(sund_import_people_all(&m->people, m->vcf, in->n_file, err));
    if (in->callable)
        SUND_TRY(sund_import_bed_read(&m->bed, in->callable, m->job.assembly, err));
    if (in->callable && !m->bed.n)
        return sund_fail(err, SUND_E_FORMAT, "%s holds no region of a primary contig: leave --callable out where none are known", in->callable);
    if (in->reference)
        SUND_TRY(sund_reference_open(&m->ref, in->reference, err));
    m->job.ref = m->ref;
    return describe(m, err);
}

static sund_code one_stream(import *m, size_t f, bool *found, sund_err *err)
{
    sund_vcf *v = m->vcf[f];
    int32_t  *person = malloc((sund_vcf_n_sample(v) + 1) * sizeof *person);
    sund_code rc;

    if (!person)
        return sund_fail(err, SUND_E_NOMEM, "no memory for %zu people", sund_vcf_n_sample(v));
    rc = sund_import_people_match(&m->people, v, person, found, err);
    if (rc == SUND_OK) {
        m->vcf[f] = NULL;
        rc = sund_stream_init(&m->stream[f], &m->job, (uint32_t) f, v, person, &m->people, err);
    }
    free(person);
    return rc;
}

static sund_code make_streams(import *m, sund_err *err)
{
    bool     *found = calloc(m->people.n, sizeof *found);
    sund_code rc = found ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "no memory for %zu people", m->people.n);

    for (size_t f = 0; rc == SUND_OK && f < m->in->n_file; f++)
        rc = one_stream(m, f, found, err);
    for (size_t i = 0; rc == SUND_OK && i < m->people.n; i++)
        if (!found[i])
            rc = sund_fail(err, SUND_E_MISMATCH, "%s:%zu: none of the files has a sample of this person's name",
                           m->in->samples, m->people.row[i]);
    free(found);
    return rc;
}

static sund_code write_store(import *m, sund_err *err)
{
    sund_merge merge = { &m->job, m->stream, m->in->n_file, &m->people, m->in->callable ? &m->bed : NULL };

    SUND_TRY(sund_merge_run(&merge, m->writer, err));
    if (!m->job.report->n_site && m->job.report->n_left_out)
        return sund_fail(err, SUND_E_FORMAT, "no site is left: all %llu records were left out, the first: %s", (unsigned long long) m->job.report->n_left_out, m->job.report->first_left_out);
    return sund_store_writer_seal(m->writer, err);
}

static sund_code open_writer(import *m, sund_err *err)
{
    sund_store_plan plan = {
        .assembly = m->job.assembly,
        .n_person = m->people.n,
        .person = m->people.person,
        .sex = m->people.sex,
        .population = m->people.population,
        .source = (const char *) m->source.p,
        .callable = m->bed.region,
        .n_callable = m->bed.n,
        .has_callable = m->in->callable != NULL,
        .n_thread = m->in->n_thread,
        .key = m->in->key,
    };

    return sund_store_writer_open(&m->writer, m->in->dir, &plan, err);
}

static void release(import *m)
{
    sund_store_writer_close(m->writer);
    for (size_t f = 0; f < m->in->n_file; f++) {
        if (m->stream)
            sund_stream_free(&m->stream[f]);
        if (m->vcf)
            sund_vcf_close(m->vcf[f]);
    }
    free(m->stream);
    free(m->vcf);
    sund_import_people_free(&m->people);
    free(m->bed.region);
    sund_reference_close(m->ref);
    sund_buf_free(&m->source);
}

sund_code sund_import_here(const sund_import *in, sund_import_report *out, sund_import_at *at, sund_err *err)
{
    sund_import_report report = { 0 };
import m = {.in = in };
    sund_code rc;

    m.job = (sund_import_job){ .in = in, .report = &report, .at = at };
    SUND_GO(check_arguments(in, err));
    SUND_GO(open_all(&m, err));
    SUND_GO(make_streams(&m, err));
    SUND_GO(open_writer(&m, err));
    report.n_person = m.people.n;
    SUND_GO(write_store(&m, err));
    *out = report;
out:
    release(&m);
    return rc;
}

sund_code sund_store_import(const sund_import *in, sund_import_report *out, sund_err *err)
{
    SUND_TRY(check_arguments(in, err));
    return sund_import_confined(sund_import_here, in, out, err);
}
