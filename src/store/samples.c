/* Who is imported, in which order, and where their sequence was callable. */
#include "base/file.h"
#include "store/import_priv.h"

#include <stdlib.h>
#include <string.h>

/* Name → index, by sorting. */
typedef struct named {
    const char *name;
    size_t      i;
} named;

static int named_cmp(const void *a, const void *b)
{
    const named *x = a, *y = b;
    int          c = strcmp(x->name, y->name);

    return c ? c : (x->i > y->i) - (x->i < y->i);
}

static named *index_of(const sund_import_people *p)
{
    named *by = malloc((p->n ? p->n : 1) * sizeof *by);

    for (size_t i = 0; by && i < p->n; i++)
        by[i] = (named){ p->person[i], i };
    if (by)
        qsort(by, p->n, sizeof *by, named_cmp);
    return by;
}

static sund_code room(sund_import_people *p, size_t n, sund_err *err)
{
    size_t k = n ? n : 1;

    p->person = calloc(k, sizeof *p->person);
    p->population = calloc(k, sizeof *p->population);
    p->sex = calloc(k, 1);
    p->row = calloc(k, sizeof *p->row);
    if (!p->person || !p->population || !p->sex || !p->row)
        return sund_fail(err, SUND_E_NOMEM, "no memory for %zu people", n);
    return SUND_OK;
}

static bool sex_of(const char *s, uint8_t *out)
{
    if (!s[0] || s[1])
        return false;
    *out = s[0] == 'M' ? SUND_MALE : s[0] == 'F' ? SUND_FEMALE : SUND_SEX_UNKNOWN;
    return strchr("MFU", s[0]) != NULL;
}

static sund_code repeated(const sund_import_people *p, const char *path, sund_err *err)
{
    named    *by = index_of(p);
    sund_code rc = SUND_OK;

    if (!by)
        return sund_fail(err, SUND_E_NOMEM, "no memory for %zu people", p->n);
    for (size_t i = 1; i < p->n && rc == SUND_OK; i++)
        if (strcmp(by[i - 1].name, by[i].name) == 0)
            rc = sund_fail(err, SUND_E_FORMAT, "%s: lines %zu and %zu are the same person; remove one", path,
                           p->row[by[i - 1].i], p->row[by[i].i]);
    free(by);
    return rc;
}

sund_code sund_import_people_read(sund_import_people *p, const sund_import *in, sund_err *err)
{
    size_t person, sex, keep = 0;
    int    population;

    SUND_TRY(sund_tsv_read(&p->tsv, in->samples, err));
    SUND_TRY(sund_tsv_need(&p->tsv, "person", &person, err));
    SUND_TRY(sund_tsv_need(&p->tsv, "sex", &sex, err));
    population = sund_tsv_column(&p->tsv, "population");
    if (in->keep_column)
        SUND_TRY(sund_tsv_need(&p->tsv, in->keep_column, &keep, err));
    SUND_TRY(room(p, p->tsv.n_row, err));
    for (size_t r = 0; r < p->tsv.n_row; r++) {
        const char *name = sund_tsv_at(&p->tsv, r, person);
        if (in->keep_column && strcmp(sund_tsv_at(&p->tsv, r, keep), in->keep_value ? in->keep_value : "") != 0)
            continue;
        if (!*name)
            return sund_fail(err, SUND_E_FORMAT, "%s:%zu: column person is empty", in->samples, r + 2);
        if (!sex_of(sund_tsv_at(&p->tsv, r, sex), &p->sex[p->n]))
            return sund_fail(err, SUND_E_FORMAT, "%s:%zu: sex must be M, F or U (unknown)", in->samples, r + 2);
        p->person[p->n] = name;
        p->population[p->n] = population < 0 ? "" : sund_tsv_at(&p->tsv, r, (size_t) population);
        p->row[p->n++] = r + 2;
    }
    if (!p->n && in->keep_column)
        return sund_fail(err, SUND_E_MISMATCH, "%s has no row with %s = %s", in->samples, in->keep_column,
                         in->keep_value ? in->keep_value : "");
    if (!p->n)
        return sund_fail(err, SUND_E_FORMAT, "%s has no rows", in->samples);
    return repeated(p, in->samples, err);
}

sund_code sund_import_people_all(sund_import_people *p, sund_vcf *const *v, size_t n_vcf, sund_err *err)
{
    size_t n = 0, at = 0;
    named *by;

    for (size_t f = 0; f < n_vcf; f++)
        n += sund_vcf_n_sample(v[f]);
    SUND_TRY(room(p, n, err));
    by = malloc((n ? n : 1) * sizeof *by);
    if (!by)
        return sund_fail(err, SUND_E_NOMEM, "no memory for %zu people", n);
    for (size_t f = 0; f < n_vcf; f++)
        for (size_t s = 0; s < sund_vcf_n_sample(v[f]); s++, at++)
            by[at] = (named){ sund_vcf_sample(v[f], s), at };
    qsort(by, n, sizeof *by, named_cmp);
    for (size_t i = 0; i < n; i++) /* the first appearance of each name stays, marked at its place */
        if (i == 0 || strcmp(by[i - 1].name, by[i].name) != 0)
            p->person[by[i].i] = by[i].name;
    free(by);
    for (size_t i = 0; i < n; i++)
        if (p->person[i]) {
            p->person[p->n] = p->person[i];
            p->population[p->n++] = "";
        }
    return p->n ? SUND_OK
                : sund_fail(err, SUND_E_FORMAT, "the files have no samples: there are no genotypes to import");
}

void sund_import_people_free(sund_import_people *p)
{
    free(p->person);
    free(p->population);
    free(p->sex);
    free(p->row);
    sund_tsv_free(&p->tsv);
    memset(p, 0, sizeof *p);
}

sund_code sund_import_people_match(const sund_import_people *p, const sund_vcf *v, int32_t *person, bool *found,
                                   sund_err *err)
{
    named *by = index_of(p);

    if (!by)
        return sund_fail(err, SUND_E_NOMEM, "no memory for %zu people", p->n);
    for (size_t s = 0; s < sund_vcf_n_sample(v); s++) {
        const char *name = sund_vcf_sample(v, s);
        size_t      lo = 0, hi = p->n;
        while (lo < hi) {
            size_t mid = lo + (hi - lo) / 2;
            if (strcmp(by[mid].name, name) < 0)
                lo = mid + 1;
            else
                hi = mid;
        }
        person[s] = lo < p->n && strcmp(by[lo].name, name) == 0 ? (int32_t) by[lo].i : -1;
        if (person[s] >= 0)
            found[by[lo].i] = true;
    }
    free(by);
    return SUND_OK;
}

/* --- callable regions --- */

static int region_cmp(const void *a, const void *b)
{
    const sund_region *x = a, *y = b;

    if (x->contig != y->contig)
        return x->contig < y->contig ? -1 : 1;
    return (x->from_bp > y->from_bp) - (x->from_bp < y->from_bp);
}

static bool digits(const char **s, uint32_t *out)
{
    uint64_t v = 0;
    int      n = 0;

    for (; **s >= '0' && **s <= '9' && n < 11; (*s)++, n++)
        v = 10 * v + (uint64_t) (**s - '0');
    *out = (uint32_t) v;
    return n > 0 && v <= INT32_MAX;
}

/* "contig TAB from TAB to [TAB more]", 0-based half-open. Contigs that are not primary give contig 0. */
static bool bed_line(char *line, sund_region *r)
{
    char       *tab = strchr(line, '\t');
    const char *s;

    if (!tab || tab == line)
        return false;
    *tab = 0;
    s = tab + 1;
    r->contig = sund_contig_parse(line, NULL);
    if (!digits(&s, &r->from_bp) || *s++ != '\t' || !digits(&s, &r->to_bp))
        return false;
    return (*s == 0 || *s == '\t') && r->from_bp <= r->to_bp;
}

static void merge_regions(sund_import_bed *b)
{
    size_t k = 0;

    if (!b->n)
        return;
    qsort(b->region, b->n, sizeof *b->region, region_cmp);
    for (size_t i = 1; i < b->n; i++) {
        sund_region *last = &b->region[k], *r = &b->region[i];
        if (r->contig == last->contig && r->from_bp <= last->to_bp)
            last->to_bp = r->to_bp > last->to_bp ? r->to_bp : last->to_bp;
        else
            b->region[++k] = *r;
    }
    b->n = k + 1;
}

static sund_code bed_add(sund_import_bed *b, size_t *cap, const sund_region *r, sund_err *err)
{
    if (b->n == *cap) {
        size_t       more = *cap ? 2 * *cap : 1024;
        sund_region *p = realloc(b->region, more * sizeof *p);
        if (!p)
            return sund_fail(err, SUND_E_NOMEM, "no memory for callable regions");
        b->region = p;
        *cap = more;
    }
    b->region[b->n++] = *r;
    return SUND_OK;
}

static sund_code bed_parse(sund_import_bed *b, char *text, size_t n, const char *path, sund_assembly a, sund_err *err)
{
    size_t cap = 0, line = 0;

    if (memchr(text, 0, n))
        return sund_fail(err, SUND_E_FORMAT, "%s: there is a NUL byte in it; callable regions must be a plain BED file",
                         path);
    for (char *s = text, *e; *s; s = e) {
        sund_region r = { 0, 0, 0 };
        line++;
        e = s + strcspn(s, "\n");
        if (*e)
            *e++ = 0;
        if (!*s || *s == '#' || strncmp(s, "track", 5) == 0 || strncmp(s, "browser", 7) == 0)
            continue;
        s[strcspn(s, "\r")] = 0;
        if (!bed_line(s, &r))
            return sund_fail(err, SUND_E_FORMAT, "%s:%zu: not contig, from, to (0-based, tab-separated)", path, line);
        if (r.contig && r.to_bp > sund_contig_length(a, r.contig))
            return sund_fail(err, SUND_E_MISMATCH,
                             "%s:%zu: the region ends behind the end of contig %s in %s; is it of another assembly?",
                             path, line, sund_contig_name(r.contig), sund_assembly_name(a));
        if (r.contig && r.from_bp < r.to_bp)
            SUND_TRY(bed_add(b, &cap, &r, err));
    }
    merge_regions(b);
    return SUND_OK;
}

sund_code sund_import_bed_read(sund_import_bed *b, const char *path, sund_assembly a, sund_err *err)
{
    sund_buf  text = { 0 };
    sund_code rc;

    SUND_GO(sund_file_read(path, (size_t) 4 << 30, &text, err));
    SUND_GO(text.n ? bed_parse(b, (char *) text.p, text.n, path, a, err) : SUND_OK);
out:
    sund_buf_free(&text);
    return rc;
}

bool sund_import_bed_holds(const sund_import_bed *b, int contig, uint32_t from_bp, uint32_t n_bp)
{
    size_t lo = 0, hi = b->n;

    while (lo < hi) { /* the first region that begins behind from_bp */
        size_t             mid = lo + (hi - lo) / 2;
        const sund_region *r = &b->region[mid];
        if (r->contig < contig || (r->contig == contig && r->from_bp <= from_bp))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo > 0 && b->region[lo - 1].contig == contig && (uint64_t) from_bp + n_bp <= b->region[lo - 1].to_bp;
}
