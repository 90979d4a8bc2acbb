/* Opens a VCF or BCF without letting htslib look for anything beside it, and reads its header. Text is parsed here and
 * in vcf_text.c, since htslib accepts much that is not VCF. Blocks of BGZF are inflated ahead by threads (ahead.c) as long as they are sound; htslib
 * inflates everything else, and reads the BCF records that are not plain. */
#include "base/pool.h"
#include "store/feed.h"
#include "store/import_priv.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <htslib/bgzf.h>
#include <htslib/hfile.h>
#include <htslib/hts.h>
#include <htslib/hts_log.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sund_vcf {
    char            *path;
    BGZF            *text; /* NULL for BCF */
    int              fd;   /* its; of an encrypted file its own, -1 elsewhere */
    const sund_c4gh *c4gh; /* NULL: not encrypted */
    sund_feed       *feed; /* of an encrypted file: what htslib reads; it cannot be sought in, so nothing is read ahead */
    kstring_t        line;
    sund_vcf_bcf    *bcf;
    sund_vcf_head    head;
    sund_vcf_columns want;
    sund_vcf_scratch scratch;
    sund_vcf_record  rec;   /* of what is read here */
    sund_vcf_ahead  *ahead; /* NULL: everything is read here */
    uint64_t         n_line, n_record;
    bool             cut; /* plain text whose last line has no end */
};

void sund_vcf_unsound(sund_vcf_record *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void) vsnprintf(r->why, sizeof r->why, fmt, ap);
    va_end(ap);
}

sund_vcf_shown sund_vcf_show(const char *p, size_t n)
{
    sund_vcf_shown o;
    size_t         k = n < 24 ? n : 24;

    for (size_t i = 0; i < k; i++)
        o.s[i] = p[i] > 32 && p[i] < 127 ? p[i] : '?';
    (void) snprintf(o.s + k, sizeof o.s - k, "%s", n > k ? "..." : "");
    return o;
}

bool sund_vcf_add_alt(sund_vcf_record *r, const char *p, size_t n)
{
    if (r->n_alt == r->cap_alt) {
        size_t       cap = r->cap_alt ? 2 * r->cap_alt : 8;
        const char **alt = realloc(r->alt, cap * sizeof *alt);
        uint32_t    *bp;

        if (!alt)
            return false;
        r->alt = alt;
        bp = realloc(r->n_alt_bp, cap * sizeof *bp);
        if (!bp)
            return false;
        r->n_alt_bp = bp;
        r->cap_alt = cap;
    }
    r->alt[r->n_alt] = p;
    r->n_alt_bp[r->n_alt++] = (uint32_t) n;
    return true;
}

/* key=value inside <...>, outside quotes. */
static bool meta_get(const char *line, const char *key, char *out, size_t cap)
{
    const char *s = strchr(line, '<');
    size_t      n_key = strlen(key);

    while (s && *s && *s != '>') {
        bool   mine = strncmp(++s, key, n_key) == 0 && s[n_key] == '=';
        bool   quoted = false;
        size_t n = 0;

        for (; *s && *s != '='; s++)
            if (*s == ',' || *s == '>')
                break;
        if (*s == '=')
            s++;
        for (; *s && (quoted || (*s != ',' && *s != '>')); s++) {
            if (*s == '\\' && quoted && s[1])
                s++;
            else if (*s == '"') {
                quoted = !quoted;
                continue;
            }
            if (mine && n + 1 < cap)
                out[n++] = *s;
        }
        if (mine) {
            out[n] = 0;
            return true;
        }
    }
    return false;
}

static bool has_word(const char *s, const char *const *word)
{
    for (; *word; word++)
        if (strcasestr(s, *word))
            return true;
    return false;
}

static void guess_by_words(sund_vcf_assembly *a, const char *s)
{
    static const char *const in37[] = { "grch37",           "hg19", "b37", "hs37", "g1k_v37", "GCF_000001405.25",
                                        "GCF_000001405.13", NULL };
    static const char *const in38[] = { "grch38",
                                        "hg38",
                                        "hs38",
                                        "b38",
                                        "GCA_000001405.15",
                                        "GCF_000001405.26",
                                        "GCF_000001405.38",
                                        "GCF_000001405.39",
                                        "GCF_000001405.40",
                                        NULL };

    a->maybe37 |= has_word(s, in37);
    a->maybe38 |= has_word(s, in38);
}

static void meta_contig(sund_vcf_head *h, const char *line)
{
    char          id[64], text[32];
    sund_assembly by_name = SUND_ASSEMBLY_NONE;
    unsigned long length;
    int           contig;

    if (meta_get(line, "assembly", text, sizeof text))
        guess_by_words(&h->says, text);
    if (!meta_get(line, "ID", id, sizeof id))
        return;
    contig = sund_contig_parse(id, &by_name);
    h->says.sure37 |= contig && by_name == SUND_GRCH37;
    h->says.sure38 |= contig && by_name == SUND_GRCH38;
    if (!contig || !meta_get(line, "length", text, sizeof text))
        return;
    length = strtoul(text, NULL, 10);
    if (contig == SUND_MT) {
        h->chrm_old |= length == 16571;
        return;
    }
    h->says.sure37 |= length == sund_contig_length(SUND_GRCH37, contig);
    h->says.sure38 |= length == sund_contig_length(SUND_GRCH38, contig);
}

void sund_vcf_meta(sund_vcf_head *h, const char *line)
{
    h->says.gq |= strncmp(line, "##FORMAT=<ID=GQ,", 16) == 0;
    h->says.dp |= strncmp(line, "##FORMAT=<ID=DP,", 16) == 0;
    h->says.ad |= strncmp(line, "##FORMAT=<ID=AD,", 16) == 0;
    if (strncmp(line, "##contig=<", 10) == 0)
        meta_contig(h, line);
    else if (strncmp(line, "##reference=", 12) == 0 || strncmp(line, "##assembly=", 11) == 0)
        guess_by_words(&h->says, line);
}

/* 1: a line is there, 0: the end, negative: damaged. */
static int get_line(sund_vcf *v)
{
    int got = bgzf_getline(v->text, '\n', &v->line);

    if (got < -1 || v->text->errcode) /* a part of a line may come before the error */
        return -1;
    if (got == -1)
        return 0;
    v->n_line++;
    return 1;
}

static sund_code damaged(const sund_vcf *v, sund_err *err)
{
    return sund_fail(err, SUND_E_FORMAT,
                     "%s: cannot be read on after line %llu: damaged, cut short, or a line too long for the memory; "
                     "test it with gzip -t and fetch it again",
                     v->path, (unsigned long long) v->n_line);
}

/* "#CHROM ..." and the samples. */
static sund_code read_columns(sund_vcf *v, sund_err *err)
{
    static const char fixed[] = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";
    const size_t      n_fixed = sizeof fixed - 1;
    char             *s = v->line.s;
    size_t            n = 0;

    if (strlen(s) != v->line.l || strncmp(s, fixed, n_fixed) != 0 || (s[n_fixed] && s[n_fixed] != '\t'))
        return sund_fail(err, SUND_E_FORMAT,
                         "%s:%llu: the header's last line must be the tab-separated columns #CHROM POS ID REF ALT "
                         "QUAL FILTER INFO, then FORMAT and sample names",
                         v->path, (unsigned long long) v->n_line);
    s += n_fixed;
    if (!*s)
        return SUND_OK;
    if (strncmp(s, "\tFORMAT", 7) != 0 || (s[7] && s[7] != '\t'))
        return sund_fail(err, SUND_E_FORMAT, "%s:%llu: the ninth column must be FORMAT", v->path,
                         (unsigned long long) v->n_line);
    s += 7;
    for (const char *t = s; *t; t++)
        n += *t == '\t';
    v->head.sample = calloc(n ? n : 1, sizeof *v->head.sample);
    if (!v->head.sample)
        return sund_fail(err, SUND_E_NOMEM, "no memory for %zu sample names", n);
    while (*s == '\t') {
        size_t k = strcspn(++s, "\t");
        if (!k)
            return sund_fail(err, SUND_E_FORMAT, "%s:%llu: the name of sample %zu is empty", v->path,
                             (unsigned long long) v->n_line, v->head.n_sample + 1);
        v->head.sample[v->head.n_sample] = strndup(s, k);
        if (!v->head.sample[v->head.n_sample++])
            return sund_fail(err, SUND_E_NOMEM, "no memory for sample names");
        s += k;
    }
    return SUND_OK;
}

static sund_code read_header(sund_vcf *v, sund_err *err)
{
    int got;

    while ((got = get_line(v)) > 0) {
        const char *s = v->line.s;
        if (v->n_line == 1 && (strncmp(s, "##fileformat=VCFv4.", 19) != 0 || !isdigit((unsigned char) s[19])))
            return sund_fail(err, SUND_E_FORMAT, "%s:1: the first line must be ##fileformat=VCFv4.x", v->path);
        if (strncmp(s, "##", 2) != 0) {
            SUND_TRY(read_columns(v, err));
            return SUND_OK;
        }
        sund_vcf_meta(&v->head, s);
    }
    if (got < 0)
        return damaged(v, err);
    return sund_fail(err, SUND_E_FORMAT, "%s:%llu: the file ends inside its header, before the line #CHROM", v->path,
                     (unsigned long long) v->n_line);
}

static int name_cmp(const void *a, const void *b) { return strcmp(*(char *const *) a, *(char *const *) b); }

static sund_code check_names(const sund_vcf *v, sund_err *err)
{
    size_t    n = v->head.n_sample;
    char    **sorted;
    sund_code rc = SUND_OK;

    if (!n)
        return SUND_OK;
    sorted = malloc(n * sizeof *sorted);
    if (!sorted)
        return sund_fail(err, SUND_E_NOMEM, "no memory for %zu sample names", n);
    memcpy(sorted, v->head.sample, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, name_cmp);
    for (size_t i = 1; i < n && rc == SUND_OK; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            rc = sund_fail(err, SUND_E_FORMAT,
                           "%s: two sample columns have the same name; rename one (bcftools reheader -s)", v->path);
    free(sorted);
    return rc;
}

static sund_code not_ours(const char *path, const htsFormat *f, sund_err *err)
{
    char     *what = hts_format_description(f);
    sund_code rc =
        sund_fail(err, SUND_E_FORMAT,
                  "%s is not VCF (its first line must be ##fileformat=VCFv4.x) and not BCF; it looks like: %.60s", path,
                  what ? what : "unknown");

    free(what);
    return rc;
}

/* Takes hf. */
static sund_code open_text(sund_vcf *v, hFILE *hf, const htsFormat *f, uint64_t size, sund_err *err)
{
    char last = '\n';

    if (f->compression == no_compression && size > 0) {
        sund_code rc = v->c4gh ? sund_c4gh_read(v->c4gh, v->path, v->fd, size - 1, 1, (uint8_t *) &last, err) : SUND_OK;

        if (!v->c4gh && pread(v->fd, &last, 1, (off_t) size - 1) != 1)
            last = '\n';
        if (rc != SUND_OK) {
            hclose_abruptly(hf);
            return rc;
        }
    }
    v->cut = last != '\n';
    v->text = bgzf_hopen(hf, "r");
    if (!v->text) {
        hclose_abruptly(hf);
        return sund_fail(err, SUND_E_FORMAT, "%s: cannot be inflated", v->path);
    }
    if (f->compression == bgzf && bgzf_check_EOF(v->text) == 0)
        return sund_fail(err, SUND_E_FORMAT, "%s: cut short (the end mark of a BGZF file is not there); fetch it again",
                         v->path);
    return read_header(v, err);
}

/* The end mark of a BGZF file, which htslib cannot look for in a pipe: Crypt4GH itself does not say how many segments there are. */
static sund_code check_end(const sund_vcf *v, uint64_t size, sund_err *err)
{
    static const uint8_t mark[28] = "\37\213\10\4\0\0\0\0\0\377\6\0\102\103\2\0\33\0\3\0\0\0\0\0\0\0\0"; /* and a zero */
    uint8_t              last[sizeof mark] = { 0 };

    if (size >= sizeof mark)
        SUND_TRY(sund_c4gh_read(v->c4gh, v->path, v->fd, size - sizeof mark, sizeof mark, last, err));
    if (memcmp(last, mark, sizeof mark) == 0)
        return SUND_OK;
    return sund_fail(err, SUND_E_FORMAT, "%s: cut short (the end mark of the BGZF file inside is not there); fetch it again", v->path);
}

/* What htslib is to read: the file, or the pipe of what is inside. *size: how much that is. */
static sund_code open_bytes(sund_vcf *v, int fd, uint64_t *size, int *end, sund_err *err)
{
    char        first[8];
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return sund_fail(err, SUND_E_IO, "%s is not a regular file", v->path);
    *size = (uint64_t) st.st_size;
    *end = fd;
    if (!v->c4gh && pread(fd, first, sizeof first, 0) == (ssize_t) sizeof first && sund_c4gh_is(first, sizeof first))
        return sund_fail(err, SUND_E_FORMAT, "%s is encrypted (Crypt4GH): give the secret key that it is for, by --c4gh-key of 'sund import'", v->path);
    if (!v->c4gh)
        return SUND_OK;
    SUND_TRY(sund_c4gh_size(v->c4gh, v->path, *size, size, err));
    if (!*size)
        return sund_fail(err, SUND_E_FORMAT, "%s: cut short, nothing is behind its header; fetch it again", v->path);
    return sund_feed_open(&v->feed, fd, v->path, v->c4gh, end, err);
}

static sund_code open_any(sund_vcf *v, sund_err *err)
{
    int       fd = open(v->path, O_RDONLY | O_CLOEXEC), end = -1;
    uint64_t  size;
    htsFormat f;
    hFILE    *hf;
    sund_code rc;

    if (fd < 0)
        return sund_fail(err, errno == ENOENT ? SUND_E_NOT_FOUND : SUND_E_IO, "cannot open %s: %s", v->path,
                         strerror(errno));
    v->fd = fd;
    rc = open_bytes(v, fd, &size, &end, err);
    if (rc != SUND_OK) {
        if (!v->c4gh)
            (void) close(fd);
        return rc;
    }
    hf = hdopen(end, "r");
    if (!hf) {
        (void) close(end);
        return sund_fail(err, SUND_E_NOMEM, "cannot read %s", v->path);
    }
    memset(&f, 0, sizeof f);
    if (hts_detect_format(hf, &f) < 0 || (f.format != vcf && f.format != bcf) || f.compression > bgzf) {
        hclose_abruptly(hf);
        return not_ours(v->path, &f, err);
    }
    rc = v->c4gh && f.compression == bgzf ? check_end(v, size, err) : SUND_OK;
    if (rc != SUND_OK) {
        hclose_abruptly(hf);
        return rc;
    }
    return f.format == vcf ? open_text(v, hf, &f, size, err)
                           : sund_vcf_bcf_open(&v->bcf, hf, v->path, &v->head, err);
}

sund_code sund_vcf_open(sund_vcf **out, const char *path, sund_err *err) { return sund_vcf_open_c4gh(out, path, NULL, err); }

sund_code sund_vcf_open_c4gh(sund_vcf **out, const char *path, const sund_c4gh *c, sund_err *err)
{
    sund_vcf *v = calloc(1, sizeof *v);
    sund_code rc;

    hts_set_log_level(HTS_LOG_OFF); /* what it prints has no file and no line; our messages have */
    if (!v || !(v->path = strdup(path))) {
        free(v);
        return sund_fail(err, SUND_E_NOMEM, "no memory to open %s", path);
    }
    v->fd = -1;
    v->c4gh = c && c->n_key ? c : NULL;
    rc = open_any(v, err);
    if (sund_feed_state(v->feed, err) != SUND_OK)
        rc = sund_feed_state(v->feed, err);
    if (rc == SUND_OK)
        rc = check_names(v, err);
    if (rc != SUND_OK) {
        sund_vcf_close(v);
        return rc;
    }
    *out = v;
    return SUND_OK;
}

void sund_vcf_close(sund_vcf *v)
{
    if (!v)
        return;
    sund_vcf_ahead_close(v->ahead);
    if (v->text)
        (void) bgzf_close(v->text);
    sund_vcf_bcf_close(v->bcf);
    sund_feed_close(v->feed);
    if (v->c4gh && v->fd >= 0)
        (void) close(v->fd);
    for (size_t i = 0; i < v->head.n_sample; i++)
        free(v->head.sample[i]);
    free(v->head.sample);
    free(v->line.s);
    free(v->want.at);
    sund_vcf_scratch_free(&v->scratch);
    sund_vcf_record_free(&v->rec);
    free(v->path);
    free(v);
}

size_t            sund_vcf_n_sample(const sund_vcf *v) { return v->head.n_sample; }
const char       *sund_vcf_sample(const sund_vcf *v, size_t s) { return v->head.sample[s]; }
bool              sund_vcf_is_bcf(const sund_vcf *v) { return v->bcf != NULL; }
sund_vcf_assembly sund_vcf_says(const sund_vcf *v) { return v->head.says; }

sund_code sund_vcf_want(sund_vcf *v, const int32_t *at, size_t n_want, sund_vcf_filter f, sund_err *err)
{
    size_t   n = v->head.n_sample;
    int32_t *copy = malloc((n ? n : 1) * sizeof *copy);

    if (!copy)
        return sund_fail(err, SUND_E_NOMEM, "no memory for %zu people", n_want);
    free(v->want.at);
    sund_vcf_scratch_free(&v->scratch);
    v->want = (sund_vcf_columns){ .at = copy, .n = n, .n_want = n_want, .same = n == n_want, .f = f };
    v->want.filtered = f.min_gq > 0 || f.min_dp > 0 || f.min_ab > 0;
    for (size_t i = 0; i < n; i++) {
        copy[i] = at[i];
        v->want.same = v->want.same && at[i] == (int32_t) i;
    }
    return sund_vcf_scratch_make(&v->scratch, &v->want, err);
}

sund_code sund_vcf_hurry(sund_vcf *v, sund_assembly a, uint8_t *const copies[4], unsigned n_thread, size_t n_file, sund_err *err)
{
    const char *how = getenv("SUND_IMPORT");
    uint64_t    from = 0;
    bool        blocks;

    if ((how && strcmp(how, "slow") == 0) || !v->want.n_want)
        return SUND_OK;
    v->want.assembly = a;
    for (int c = 0; c < 4; c++)
        v->want.copies[c] = copies[c];
    if (v->text) {
        from = (uint64_t) bgzf_tell(v->text);
        blocks = v->text->is_compressed && !v->text->is_gzip;
    }
    else
        blocks = sund_vcf_bcf_where(v->bcf, &from);
    return blocks && !v->c4gh && n_file <= SUND_AHEAD_MAX ? sund_vcf_ahead_open(&v->ahead, v->fd, from, v->text ? NULL : sund_vcf_bcf_names_of(v->bcf), &v->want,
                                        sund_pool_threads(n_thread), n_file, err)
                  : SUND_OK;
}

/* What was read ahead; p NULL: nothing more of it. Where it gave up, htslib goes on and says what there is. */
static sund_code next_ahead(sund_vcf *v, sund_vcf_ahead_item *i, sund_err *err)
{
    *i = (sund_vcf_ahead_item){ .gave_up = true };
    if (!v->ahead)
        return SUND_OK;
    SUND_TRY(sund_vcf_ahead_next(v->ahead, i, err));
    if (i->p || !i->gave_up)
        return SUND_OK;
    sund_vcf_ahead_close(v->ahead);
    v->ahead = NULL;
    if (v->text ? bgzf_seek(v->text, (int64_t) i->voffset, SEEK_SET) != 0 : !sund_vcf_bcf_go(v->bcf, i->voffset))
        return damaged(v, err);
    return SUND_OK;
}

/* As get_line(), and *r is what became of it when it was read ahead. */
static sund_code some_line(sund_vcf *v, char **p, size_t *n, sund_vcf_record **r, bool *judged, bool *more, sund_err *err)
{
    sund_vcf_ahead_item i;
    int                 got;

    SUND_TRY(next_ahead(v, &i, err));
    *more = i.p != NULL;
    if (i.p)
        v->n_line++;
    if (i.p || !i.gave_up) {
        *p = i.p;
        *n = i.n;
        *r = i.rec;
        *judged = i.judged;
        return SUND_OK;
    }
    got = get_line(v);
    if (got < 0)
        return damaged(v, err);
    *more = got > 0;
    *p = v->line.s;
    *n = v->line.l;
    *r = &v->rec;
    *judged = false;
    return SUND_OK;
}

/* Empty lines are taken at the end of a file only. */
static sund_code next_line(sund_vcf *v, sund_vcf_record **out, sund_err *err)
{
    sund_vcf_record *r;
    uint64_t         empty = 0;
    bool             more, judged;
    char            *p;
    size_t           n;

    for (;; empty = empty ? empty : v->n_line) {
        SUND_TRY(some_line(v, &p, &n, &r, &judged, &more, err));
        *out = more ? r : NULL;
        if (!more)
            return SUND_OK;
        if (n)
            break;
    }
    r->line = v->n_line;
    if (empty)
        return sund_fail(err, SUND_E_FORMAT,
                         "%s:%llu: an empty line between records: parts are lost or it was pasted together; "
                         "remove it if the file is whole otherwise",
                         v->path, (unsigned long long) empty);
    if (judged)
        return SUND_OK;
    sund_vcf_record_clear(r);
    sund_vcf_text_parse(r, p, n, &v->want, &v->scratch);
    if (v->cut && !r->why[0] && bgzf_peek(v->text) == -1)
        sund_vcf_unsound(r, "the last line has no end, the file may be cut short");
    return SUND_OK;
}

static sund_code next_of_bcf(sund_vcf *v, sund_vcf_record **out, sund_err *err)
{
    sund_vcf_ahead_item i;
    bool                more = false;

    *out = NULL;
    SUND_TRY(next_ahead(v, &i, err));
    if (!i.p && !i.gave_up)
        return SUND_OK;
    v->n_record++;
    if (i.p && i.judged) {
        *out = i.rec;
        i.rec->line = v->n_record;
        return SUND_OK;
    }
    if (i.p && !sund_vcf_bcf_go(v->bcf, i.voffset))
        return sund_fail(err, SUND_E_FORMAT, "%s: record %llu is damaged or cut short; fetch the file again", v->path, (unsigned long long) v->n_record);
    sund_vcf_record_clear(&v->rec);
    v->rec.line = v->n_record;
    SUND_TRY(sund_vcf_bcf_next(v->bcf, &v->rec, &more, &v->want, &v->scratch, v->path, err));
    *out = more ? &v->rec : NULL;
    return SUND_OK;
}

sund_code sund_vcf_next(sund_vcf *v, sund_vcf_record **out, sund_err *err)
{
    sund_code rc = v->text ? next_line(v, out, err) : next_of_bcf(v, out, err);

    SUND_TRY(sund_feed_state(v->feed, err)); /* why a line was cut, or what follows is not there */
    SUND_TRY(rc);
    if (*out && (*out)->contig == SUND_MT && v->head.chrm_old)
        (*out)->contig = 0;
    return SUND_OK;
}
