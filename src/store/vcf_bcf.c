/* Records of a BCF, by htslib. Genotypes are read as the small integers they are kept in. */
#include "store/import_priv.h"

#include <htslib/bgzf.h>
#include <htslib/hfile.h>
#include <htslib/hts.h>
#include <htslib/vcf.h>
#include <stdlib.h>
#include <string.h>

struct sund_vcf_bcf {
    htsFile   *file;
    bcf_hdr_t *head;
    bcf1_t    *rec;
    int32_t   *value; /* of one FORMAT field, by htslib */
    int        n_value;
    sund_vcf_bcf_names names;
};

static sund_code head_lines(sund_vcf_bcf *b, sund_vcf_head *h, sund_err *err)
{
    kstring_t text = { 0, 0, NULL };

    if (bcf_hdr_format(b->head, 0, &text) < 0 || !text.s) {
        free(text.s);
        return sund_fail(err, SUND_E_NOMEM, "no memory for a BCF header");
    }
    for (char *s = text.s, *e; *s; s = e) {
        e = s + strcspn(s, "\n");
        if (*e)
            *e++ = 0;
        sund_vcf_meta(h, s);
    }
    free(text.s);
    return SUND_OK;
}

static sund_code head_samples(const sund_vcf_bcf *b, sund_vcf_head *h, const char *path, sund_err *err)
{
    int n = bcf_hdr_nsamples(b->head);

    h->sample = calloc(n > 0 ? (size_t) n : 1, sizeof *h->sample);
    if (!h->sample)
        return sund_fail(err, SUND_E_NOMEM, "no memory for %d sample names", n);
    for (int i = 0; i < n; i++) {
        const char *name = b->head->samples[i];
        if (!name || !*name)
            return sund_fail(err, SUND_E_FORMAT, "%s: the name of sample %d is empty", path, i + 1);
        h->sample[i] = strdup(name);
        if (!h->sample[i])
            return sund_fail(err, SUND_E_NOMEM, "no memory for sample names");
        h->n_sample++;
    }
    return SUND_OK;
}

/* Copied out, so that threads need not share htslib's header. */
static sund_code head_names(sund_vcf_bcf *b, sund_err *err)
{
    const bcf_hdr_t    *h = b->head;
    sund_vcf_bcf_names *m = &b->names;

    m->n_contig = h->n[BCF_DT_CTG] > 0 ? (size_t) h->n[BCF_DT_CTG] : 0;
    m->n_key = h->n[BCF_DT_ID] > 0 ? (size_t) h->n[BCF_DT_ID] : 0;
    m->contig = calloc(m->n_contig + 1, sizeof *m->contig);
    m->contig_number = calloc(m->n_contig + 1, sizeof *m->contig_number);
    m->key = calloc(m->n_key + 1, sizeof *m->key);
    m->gt = bcf_hdr_id2int(h, BCF_DT_ID, "GT");
    if (!m->contig || !m->contig_number || !m->key)
        return sund_fail(err, SUND_E_NOMEM, "no memory for a BCF header");
    for (size_t i = 0; i < m->n_contig; i++) {
        m->contig[i] = h->id[BCF_DT_CTG][i].key;
        m->contig_number[i] = m->contig[i] ? sund_contig_parse(m->contig[i], NULL) : 0;
    }
    for (size_t i = 0; i < m->n_key; i++)
        m->key[i] = h->id[BCF_DT_ID][i].key != NULL;
    return SUND_OK;
}

sund_code sund_vcf_bcf_open(sund_vcf_bcf **out, void *hfile, const char *path, sund_vcf_head *head, sund_err *err)
{
    sund_vcf_bcf *b = calloc(1, sizeof *b);

    if (!b) {
        hclose_abruptly(hfile);
        return sund_fail(err, SUND_E_NOMEM, "no memory to open %s", path);
    }
    *out = b;
    b->file = hts_hopen(hfile, "import", "r"); /* a fixed name, so that no index beside the file is found */
    if (!b->file) {
        hclose_abruptly(hfile);
        return sund_fail(err, SUND_E_FORMAT, "%s: cannot be read as BCF", path);
    }
    if (hts_get_format(b->file)->format != bcf)
        return sund_fail(err, SUND_E_FORMAT, "%s: cannot be read as BCF", path);
    if (hts_get_format(b->file)->compression == bgzf && bgzf_check_EOF(b->file->fp.bgzf) == 0)
        return sund_fail(err, SUND_E_FORMAT, "%s: cut short (the end mark of a BGZF file is not there); fetch it again",
                         path);
    b->head = bcf_hdr_read(b->file);
    if (!b->head)
        return sund_fail(err, SUND_E_FORMAT, "%s: its BCF header is damaged; fetch it again", path);
    b->rec = bcf_init();
    if (!b->rec)
        return sund_fail(err, SUND_E_NOMEM, "no memory to read %s", path);
    SUND_TRY(head_samples(b, head, path, err));
    SUND_TRY(head_names(b, err));
    return head_lines(b, head, err);
}

void sund_vcf_bcf_close(sund_vcf_bcf *b)
{
    if (!b)
        return;
    free(b->value);
    free(b->names.contig);
    free(b->names.contig_number);
    free(b->names.key);
    if (b->rec)
        bcf_destroy(b->rec);
    if (b->head)
        bcf_hdr_destroy(b->head);
    if (b->file)
        (void) hts_close(b->file);
    free(b);
}

static void alleles(sund_vcf_bcf *b, sund_vcf_record *r)
{
    bcf1_t *rec = b->rec;

    if (rec->n_allele < 1 || bcf_unpack(rec, BCF_UN_STR) < 0 || !rec->d.allele) {
        sund_vcf_unsound(r, "REF is empty");
        return;
    }
    for (int i = 0; i < rec->n_allele; i++) {
        size_t n = strlen(rec->d.allele[i]);
        sund_vcf_upper(rec->d.allele[i], n);
        if (!n || n > SUND_ALLELE_MAX) {
            sund_vcf_unsound(r, n ? "an allele has %zu bytes, the limit is %d" : "an allele is empty", n,
                             SUND_ALLELE_MAX);
            return;
        }
        if (i == 0) {
            r->ref = rec->d.allele[0];
            r->n_ref = (uint32_t) n;
        }
        else if (i >= SUND_CALL_MANY || !sund_vcf_add_alt(r, rec->d.allele[i], n)) {
            sund_vcf_unsound(r, "too many alleles");
            return;
        }
    }
}

/* One value of a genotype as BCF keeps it: (allele + 1) << 1 | phased; the type's minimum is missing, minimum + 1 is
 * past the end. False when it names no allele of the record. */
static bool gt_value(int32_t v, int32_t min, size_t n_alt, uint16_t *allele, bool *phased)
{
    *phased = false;
    *allele = SUND_CALL_MISSING;
    if (v == min + 1)
        *allele = SUND_CALL_NONE;
    if (v == min || v == min + 1)
        return true;
    if (v < 0 || (size_t) (v >> 1) > n_alt + 1)
        return false;
    *phased = v & 1;
    if (v >> 1)
        *allele = (uint16_t) ((v >> 1) - 1);
    return true;
}

static int32_t raw(const uint8_t *p, int type, int i)
{
    int16_t h;
    int32_t w;

    if (type == BCF_BT_INT8)
        return (int8_t) p[i];
    if (type == BCF_BT_INT16) {
        memcpy(&h, p + 2 * (size_t) i, 2);
        return h;
    }
    memcpy(&w, p + 4 * (size_t) i, 4);
    return w;
}

static bool gt_sample(const uint8_t *p, int type, int n, size_t n_alt, sund_call *c)
{
    int32_t  min = type == BCF_BT_INT8 ? INT8_MIN : type == BCF_BT_INT16 ? INT16_MIN : INT32_MIN;
    uint16_t a = SUND_CALL_MISSING;
    bool     phased = false, called = false;

    *c = (sund_call){ SUND_CALL_MISSING, SUND_CALL_NONE, 0, 0 };
    for (int i = 0; i < n; i++) {
        if (!gt_value(raw(p, type, i), min, n_alt, &a, &phased))
            return false;
        if (a == SUND_CALL_NONE)
            return i > 0 || n == 1; /* no value at all is not a genotype */
        called |= a != SUND_CALL_MISSING;
        if (i == 0)
            c->a = a;
        else if (i == 1) {
            c->b = a;
            c->phased = phased;
        }
        else
            c->a = c->b = called ? SUND_CALL_MANY : SUND_CALL_MISSING;
    }
    return n > 0;
}

/* The common case: two called alleles of one byte each. */
static inline bool gt_short(const uint8_t *p, size_t n_alt, sund_call *c)
{
    unsigned a = p[0] >> 1, b = p[1] >> 1;

    if (a < 1 || b < 1 || a > 63 || b > 63 || a > n_alt + 1 || b > n_alt + 1)
        return false;
    *c = (sund_call){ (uint16_t) (a - 1), (uint16_t) (b - 1), p[1] & 1, 0 };
    return true;
}

static void genotypes(sund_vcf_bcf *b, sund_vcf_record *r, const sund_vcf_columns *want, sund_call *call)
{
    bcf_fmt_t *f = bcf_get_fmt(b->head, b->rec, "GT");

    if (!f || !f->p || f->n < 1) {
        sund_vcf_unsound(r, "FORMAT has no GT, so there are no genotypes");
        return;
    }
    if (f->type != BCF_BT_INT8 && f->type != BCF_BT_INT16 && f->type != BCF_BT_INT32) {
        sund_vcf_unsound(r, "GT is not of an integer type");
        return;
    }
    r->whole = true;
    r->call = call;
    for (size_t s = 0; s < want->n; s++) {
        const uint8_t *p = f->p + s * (size_t) f->size;
        sund_call     *c = want->at[s] >= 0 ? &call[want->at[s]] : NULL;
        if (!c || (f->type == BCF_BT_INT8 && f->n == 2 && gt_short(p, r->n_alt, c)))
            continue;
        if (!gt_sample(p, f->type, f->n, r->n_alt, c)) {
            sund_vcf_unsound(r, "a genotype is malformed, or names an allele the record does not have");
            return;
        }
        r->whole &= c->a < SUND_CALL_MANY && c->b < SUND_CALL_MANY;
    }
}

static bool uncalled(const sund_call *c)
{
    return c->a == SUND_CALL_MISSING && (c->b == SUND_CALL_MISSING || c->b == SUND_CALL_NONE);
}

/* GQ and DP: a call below min, or without a value, is low. A float GQ, as some write, is not found as an integer. */
static void low_numbers(sund_vcf_bcf *b, const sund_vcf_columns *want, sund_call *call, const char *key, int min)
{
    int  n = min > 0 ? bcf_get_format_int32(b->head, b->rec, key, &b->value, &b->n_value) : 0;
    bool floats = n == -2;
    int  per;

    if (min <= 0)
        return;
    if (floats) /* same width, so the buffer serves both */
        n = bcf_get_format_values(b->head, b->rec, key, (void **) &b->value, &b->n_value, BCF_HT_REAL);
    per = n > 0 ? n / (int) want->n : 0;
    for (size_t s = 0; s < want->n; s++) {
        sund_call *c = want->at[s] >= 0 ? &call[want->at[s]] : NULL;
        bool       low = per < 1;
        float      v;
        if (!c || uncalled(c))
            continue;
        if (!low && floats) {
            memcpy(&v, b->value + s * (size_t) per, sizeof v);
            low = !(v >= (float) min); /* missing is a NaN */
        }
        else if (!low)
            low = b->value[s * (size_t) per] < min; /* missing and end are far below 0 */
        c->low |= low;
    }
}

static void low_balances(sund_vcf_bcf *b, const sund_vcf_columns *want, sund_call *call)
{
    double min = want->f.min_ab;
    int    n = bcf_get_format_int32(b->head, b->rec, "AD", &b->value, &b->n_value);
    int    per = n > 0 ? n / (int) want->n : 0;

    for (size_t s = 0; s < want->n; s++) {
        sund_call     *c = want->at[s] >= 0 ? &call[want->at[s]] : NULL;
        const int32_t *ad = b->value + s * (size_t) per;
        int64_t        x, y;
        if (!c || c->a == c->b || c->a >= SUND_CALL_MANY || c->b >= SUND_CALL_MANY)
            continue;
        if (c->a >= per || c->b >= per || ad[c->a] < 0 || ad[c->b] < 0) {
            c->low = 1;
            continue;
        }
        x = ad[c->a];
        y = ad[c->b];
        c->low |= x + y == 0 || (double) (x < y ? x : y) < min * (double) (x + y);
    }
}

static sund_code contig_of(const sund_vcf_bcf *b, sund_vcf_record *r)
{
    size_t id = b->rec->rid >= 0 ? (size_t) b->rec->rid : SIZE_MAX;

    if (id >= b->names.n_contig || !b->names.contig[id]) {
        sund_vcf_unsound(r, "its contig is not in the header");
        return SUND_E_FORMAT;
    }
    r->name = b->names.contig[id];
    r->n_name = strlen(r->name);
    r->contig = b->names.contig_number[id];
    return SUND_OK;
}

bool sund_vcf_bcf_where(const sund_vcf_bcf *b, uint64_t *voffset)
{
    if (hts_get_format(b->file)->compression != bgzf)
        return false;
    *voffset = (uint64_t) bgzf_tell(b->file->fp.bgzf);
    return true;
}

bool sund_vcf_bcf_go(sund_vcf_bcf *b, uint64_t voffset)
{
    BGZF    *f = b->file->fp.bgzf;
    uint64_t now = (uint64_t) bgzf_tell(f);
    uint8_t  skip[4096];

    if (now >> 16 != voffset >> 16 || now > voffset)
        return bgzf_seek(f, (int64_t) voffset, SEEK_SET) == 0;
    while (now < voffset) { /* in the block that is inflated already */
        size_t n = voffset - now < sizeof skip ? (size_t) (voffset - now) : sizeof skip;

        if (bgzf_read(f, skip, n) != (ssize_t) n)
            return false;
        now += n;
    }
    return true;
}

const sund_vcf_bcf_names *sund_vcf_bcf_names_of(const sund_vcf_bcf *b) { return &b->names; }

sund_code sund_vcf_bcf_next(sund_vcf_bcf *b, sund_vcf_record *r, bool *more, const sund_vcf_columns *want,
                            const sund_vcf_scratch *scratch, const char *path, sund_err *err)
{
    int got = bcf_read(b->file, b->head, b->rec);

    *more = got != -1;
    if (got == -1)
        return SUND_OK;
    if (got < -1 || b->rec->errcode)
        return sund_fail(err, SUND_E_FORMAT, "%s: record %llu is damaged or cut short; fetch the file again", path,
                         (unsigned long long) r->line);
    if (contig_of(b, r) != SUND_OK)
        return SUND_OK;
    if (b->rec->pos < 0 || b->rec->pos >= INT32_MAX) {
        sund_vcf_unsound(r, "POS is not a position from 1 on");
        return SUND_OK;
    }
    r->pos_bp = (uint32_t) b->rec->pos;
    alleles(b, r);
    if (r->why[0] || !r->contig || !want->n_want)
        return SUND_OK;
    if (b->rec->n_sample != want->n) {
        sund_vcf_unsound(r, "it has %u samples, the header has %zu", (unsigned) b->rec->n_sample, want->n);
        return SUND_OK;
    }
    genotypes(b, r, want, scratch->call);
    if (r->why[0])
        return SUND_OK;
    r->whole &= !want->filtered;
    low_numbers(b, want, scratch->call, "GQ", want->f.min_gq);
    low_numbers(b, want, scratch->call, "DP", want->f.min_dp);
    if (want->f.min_ab > 0)
        low_balances(b, want, scratch->call);
    return SUND_OK;
}
