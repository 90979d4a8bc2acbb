/* Import against real files and an independent recount by bcftools; and every broken file of the hostile set. */
#include "base/file.h"
#include "base/tsv.h"
#include "store/import.h"
#include "scratch.h"
#include "test.h"

#include <dirent.h>
#include <unistd.h>

/* A file of the shared data, or NULL with a word about it. */
static const char *shared(const char *name)
{
    static char path[1024][400];
    static int  k;
    const char *root = getenv("SUND_SHARED");

    k = (k + 1) % 1024;
    (void) snprintf(path[k], sizeof path[k], "%s/data/%s", root ? root : "../shared", name);
    if (sund_file_exists(path[k]))
        return path[k];
    fprintf(stderr, "# skipped: no shared data\n");
    return NULL;
}

static bool bcftools(void)
{
    static int have = -1;

    if (have < 0)
        have = system("bcftools --version >/dev/null 2>&1") == 0;
    if (!have)
        fprintf(stderr, "# skipped: no bcftools\n");
    return have;
}

/* "person sex population" from columns of another table; M and F may be written 1 and 2. */
static const char *people_from(const char *path, const char *person, const char *sex, const char *population,
                               const char *only_in)
{
    sund_tsv t = { 0 };
    sund_buf b = { 0 };
    sund_err err = { 0 };
    size_t   p, s, g;
    char     cmd[600], line[256];
    FILE    *f;
    char    *names = calloc(1, 1 << 20);

    if (sund_tsv_read(&t, path, &err) != SUND_OK || sund_tsv_need(&t, person, &p, &err) != SUND_OK ||
        sund_tsv_need(&t, sex, &s, &err) != SUND_OK || sund_tsv_need(&t, population, &g, &err) != SUND_OK || !names) {
        fprintf(stderr, "# %s\n", err.msg);
        abort();
    }
    (void) snprintf(cmd, sizeof cmd, "bcftools query -l %s 2>/dev/null", only_in);
    f = popen(cmd, "r");
    for (char *e = names; f && fgets(line, sizeof line, f);) /* "\nNAME\n" */
        e += sprintf(e, "\n%s", line);
    (void) (f && pclose(f));
    sund_buf_text(&b, "person\tsex\tpopulation\n");
    for (size_t r = 0; r < t.n_row; r++) {
        const char *x = sund_tsv_at(&t, r, s);
        (void) snprintf(line, sizeof line, "\n%s\n", sund_tsv_at(&t, r, p));
        if (strstr(names, line))
            sund_buf_printf(&b, "%s\t%s\t%s\n", sund_tsv_at(&t, r, p),
                            *x == '1'   ? "M"
                            : *x == '2' ? "F"
                                        : x,
                            sund_tsv_at(&t, r, g));
    }
    if (sund_file_write(scratch("people.tsv"), b.p, b.n, 0600, &err) != SUND_OK)
        abort();
    sund_buf_free(&b);
    sund_tsv_free(&t);
    free(names);
    return scratch("people.tsv");
}

/* One allele with its counts. */
typedef struct count {
    char     key[200];
    unsigned ac, an;
} count;
typedef struct counts {
    count *at;
    size_t n;
} counts;

static int count_cmp(const void *a, const void *b)
{
    return strcmp(((const count *) a)->key, ((const count *) b)->key);
}

static count *count_add(counts *c)
{
    if (c->n % 4096 == 0)
        c->at = realloc(c->at, (c->n + 4096) * sizeof *c->at);
    if (!c->at)
        abort();
    memset(&c->at[c->n], 0, sizeof *c->at);
    return &c->at[c->n++];
}

static void key_of(count *c, const char *contig, unsigned pos, const char *ref, const char *alt)
{
    size_t r = strlen(ref), a = strlen(alt);

    if (!strpbrk(alt, "<*[]")) { /* the shortest form, which bcftools makes with a reference only */
        for (; r > 1 && a > 1 && ref[r - 1] == alt[a - 1]; r--, a--)
            ;
        for (; r > 1 && a > 1 && *ref == *alt; r--, a--, pos++, ref++, alt++)
            ;
    }
    (void) snprintf(c->key, sizeof c->key, "%s-%u-%.*s-%.*s", contig, pos, (int) r, ref, (int) a, alt);
}

/* Alleles after `bcftools norm -m-`, counted over all samples. */
static counts recount(const char *path)
{
    counts c = { NULL, 0 };
    char   cmd[900];
    char  *line = NULL, *save;
    size_t cap = 0;
    FILE  *f;

    (void) snprintf(
        cmd, sizeof cmd,
        "bcftools norm -m- -Ou %s 2>/dev/null | bcftools query -f '%%CHROM\\t%%POS\\t%%REF\\t%%ALT[\\t%%GT]\\n'", path);
    f = popen(cmd, "r");
    while (f && getline(&line, &cap, f) > 0) {
        const char *contig = strtok_r(line, "\t", &save), *pos = strtok_r(NULL, "\t", &save),
                   *ref = strtok_r(NULL, "\t", &save);
        const char *alt = strtok_r(NULL, "\t", &save);
        count      *o = count_add(&c);
        if (!contig || !pos || !ref || !alt)
            abort();
        key_of(o, contig, (unsigned) atoi(pos), ref, alt);
        for (const char *g = save; *g && *g != '\n'; g++) {
            o->an += *g == '0' || *g == '1';
            o->ac += *g == '1';
        }
    }
    (void) (f && pclose(f));
    free(line);
    qsort(c.at, c.n, sizeof *c.at, count_cmp);
    return c;
}

static counts counts_of(const char *dir)
{
    counts      c = { NULL, 0 };
    sund_store *s = NULL;
    sund_store_reader *r = NULL;
    sund_err    err = { 0 };
    sund_buf    b = { 0 };

    if (sund_store_open(&s, dir, &err) != SUND_OK) {
        fprintf(stderr, "# %s\n", err.msg);
        return c;
    }
    CHECK(sund_store_reader_open(&r, s, &err) == SUND_OK);
    for (size_t j = 0; j < sund_store_describe(s)->n_site; j++) {
        sund_site   site;
        sund_counts k = { 0 };
        count      *o = count_add(&c);
        sund_store_site(s, j, &site);
        CHECK(sund_store_counts(r, j, -1, -1, &k, &err) == SUND_OK);
        sund_buf_clear(&b);
        sund_variant_print(&site.v, &b);
        (void) snprintf(o->key, sizeof o->key, "%.*s", (int) b.n, (const char *) b.p);
        o->ac = k.het + 2 * k.hom_alt + k.hemi_alt;
        o->an = 2 * (k.hom_ref + k.het + k.hom_alt) + k.hemi_ref + k.hemi_alt;
    }
    sund_buf_free(&b);
    sund_store_reader_close(r);
    sund_store_close(s);
    qsort(c.at, c.n, sizeof *c.at, count_cmp);
    return c;
}

/* Alleles of `got` that have not the counts of any such allele of `want`. */
static size_t differing(const counts *got, const counts *want)
{
    size_t bad = 0;

    for (size_t i = 0, k = 0; i < got->n; i++) {
        const count *w;
        bool         same = false;
        while (k < want->n && strcmp(want->at[k].key, got->at[i].key) < 0)
            k++;
        w = k < want->n ? &want->at[k] : NULL;
        for (size_t x = k; x < want->n && !same && strcmp(want->at[x].key, got->at[i].key) == 0; x++)
            same = want->at[x].ac == got->at[i].ac && want->at[x].an == got->at[i].an;
        if (same)
            continue;
        if (bad++ < 5)
            fprintf(stderr, "# %s: AC %u AN %u, bcftools %u %u\n", got->at[i].key, got->at[i].ac, got->at[i].an,
                    w ? w->ac : 0, w ? w->an : 0);
    }
    return bad;
}

static sund_import_report import(const char *dir, const char *people, const char *a, const char *b, bool lenient)
{
    const char        *file[2] = { a, b };
    sund_import        in = { .file = file, .n_file = b ? 2 : 1, .dir = dir, .samples = people, .lenient = lenient };
    sund_import_report r = { 0 };
    sund_err           err = { 0 };

    if (sund_store_import(&in, &r, &err) != SUND_OK) {
        fprintf(stderr, "# %s\n", err.msg);
        CHECK(0);
    }
    return r;
}

static void same_as_bcftools(const char *dir, const char *path, size_t n_allele)
{
    counts got = counts_of(dir), want = recount(path);

    CHECK(got.n == n_allele && want.n == n_allele);
    CHECK(differing(&got, &want) == 0);
    free(got.at);
    free(want.at);
}

static size_t with_an(const counts *c, const char *contig, unsigned an)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        n += strncmp(c->at[i].key, contig, strlen(contig)) == 0 && c->at[i].an == an;
    return n;
}

TEST(twelve_populations)
{
    const char *bcf = shared("1kg-12pop/1KG_phase3_subset_1-22X.bcf"),
               *x = shared("1kg-12pop/1KG_phase3_subset_chrX.vcf.gz");
    const char *annot = shared("1kg-12pop/samples_annot.tsv"), *people;
    counts      c;

    if (!bcf || !x || !annot || !bcftools())
        return;
    people = people_from(annot, "sample.id", "sex", "Population", bcf);
    CHECK(import(scratch("12"), people, bcf, NULL, false).n_multiallelic == 516);
    same_as_bcftools(scratch("12"), bcf, 26250);
    CHECK(import(scratch("12x"), people, x, NULL, false).n_record == 1069);
    same_as_bcftools(scratch("12x"), x, 1089);
    c = counts_of(scratch("12x"));
    CHECK(with_an(&c, "X-", 1701) == 1057 &&
          with_an(&c, "X-", 2252) == 32); /* 1,037 records outside the PARs have 1,057 alleles */
    free(c.at);
}

TEST(odd_ploidy)
{
    const char *sexes = shared("1kg-odd-ploidy/vcf/1kg_p3_PAR_X_Y_MT_601.vcf.gz"),
               *multi = shared("1kg-odd-ploidy/vcf/1kg_p3_multiallelic_509.vcf.gz");
    const char        *psam = shared("1kg-af/1kg_3202_samples.psam"), *people;
    counts             got, want;
    sund_import_report r;

    if (!sexes || !multi || !psam || !bcftools())
        return;
    people = people_from(psam, "IID", "SEX", "SuperPop", sexes);
    (void) import(scratch("odd"), people, sexes, NULL, false);
    same_as_bcftools(scratch("odd"), sexes, 603);
    /* nine alleles stand in two records each; two men are het on the X, at records of two alleles */
    r = import(scratch("multi"), people, multi, NULL, true);
    got = counts_of(scratch("multi"));
    want = recount(multi);
    CHECK(r.n_left_out == 9 && r.n_haploid_het == 2 && r.n_half_call == 0 && r.n_multiallelic == 400);
    CHECK(got.n == 926 && want.n == 935);
    CHECK(differing(&got, &want) == 4);
    free(got.at);
    free(want.at);
}

/* Every allele's value of one INFO field, as text, in file order. */
static counts published(const char *path, const char *tag, double *af, size_t cap)
{
    counts c = { NULL, 0 };
    char   cmd[700], contig[64], ref[512], alt[2048], value[256];
    FILE  *f;

    (void) snprintf(cmd, sizeof cmd, "bcftools query -f '%%CHROM %%POS %%REF %%ALT %%INFO/%s\\n' %s 2>/dev/null", tag,
                    path);
    f = popen(cmd, "r");
    for (int pos; f && fscanf(f, "%63s %d %511s %2047s %255s", contig, &pos, ref, alt, value) == 5;) {
        char *sa, *sv;
        char *v = strtok_r(value, ",", &sv);
        for (char *a = strtok_r(alt, ",", &sa); a && v && c.n < cap;
             a = strtok_r(NULL, ",", &sa), v = strtok_r(NULL, ",", &sv)) {
            af[c.n] = atof(v);
            key_of(count_add(&c), contig, (unsigned) pos, ref, a);
        }
    }
    (void) (f && pclose(f));
    return c;
}

/** Alleles whose published count (tag AC or AN; AN once a record) is the store's, and how many were published. */
static size_t as_published(const char *dir, const char *path, const char *tag, size_t *n)
{
    static double value[6000];
    counts        said = published(path, tag, value, 6000), got = counts_of(dir);
    size_t        same = 0;

    for (size_t i = 0; i < said.n; i++) {
        const count *o = bsearch(&said.at[i], got.at, got.n, sizeof *got.at, count_cmp);
        same += o && (double) (strcmp(tag, "AC") == 0 ? o->ac : o->an) == value[i];
    }
    *n = said.n;
    free(said.at);
    free(got.at);
    return same;
}

static size_t frequencies_off(sund_store *s, const counts *want, const double *af, int population, double tolerance)
{
    sund_store_reader *r = NULL;
    size_t             bad = 0;
    sund_buf           scratch = { 0 };
    sund_err           err;

    CHECK(sund_store_reader_open(&r, s, &err) == SUND_OK);
    for (size_t i = 0; i < want->n; i++) {
        sund_variant v;
        sund_counts  k = { 0, 0, 0, 0, 0, 0 };
        size_t       j;
        double       f = -1;
        sund_buf_clear(&scratch);
        if (sund_variant_parse(want->at[i].key, &v, &scratch, &err) == SUND_OK && sund_store_find(s, &v, &j)) {
            CHECK(sund_store_counts(r, j, population, -1, &k, &err) == SUND_OK);
            f = (k.het + 2.0 * k.hom_alt) / (2.0 * (k.hom_ref + k.het + k.hom_alt));
        }
        bad += !(fabs(f - af[i]) <= tolerance);
    }
    sund_buf_free(&scratch);
    sund_store_reader_close(r);
    return bad;
}

TEST(published_frequencies)
{
    static const char *const pop[] = { "EAS", "EUR", "AFR", "AMR", "SAS" };
    static double            af[2000];
    const char *v = shared("1kg-af/1kg_p3_chr1_10177-174799.vcf.gz"), *psam = shared("1kg-af/1kg_3202_samples.psam");
    sund_store *s = NULL;
    sund_err    err = { 0 };
    size_t      n;

    if (!v || !psam || !bcftools())
        return;
    (void) import(scratch("af"), people_from(psam, "IID", "SEX", "SuperPop", v), v, NULL, false);
    same_as_bcftools(scratch("af"), v, 1044);
    CHECK(as_published(scratch("af"), v, "AC", &n) == 1044 && n == 1044);
    CHECK(as_published(scratch("af"), v, "AN", &n) == 1042 && n == 1042);
    CHECK(sund_store_open(&s, scratch("af"), &err) == SUND_OK);
    for (size_t p = 0; s && p < 5; p++) {
        char   tag[16];
        int    index = -1;
        counts c;
        for (size_t k = 0; k < sund_store_describe(s)->n_population; k++)
            if (strcmp(sund_store_describe(s)->population_name[k], pop[p]) == 0)
                index = (int) k;
        (void) snprintf(tag, sizeof tag, "%s_AF", pop[p]);
        c = published(v, tag, af, 2000);
        CHECK(index >= 0 && c.n == 1044);
        CHECK(frequencies_off(s, &c, af, index, 0.0000501) == 0);
        free(c.at);
    }
    sund_store_close(s);
}

TEST(stale_info_is_not_believed)
{
    const char *v = shared("1kg-af/cineca_chr22_5002_annotated.vcf.gz");
    size_t      n;

    if (!v || !bcftools())
        return;
    (void) import(scratch("cineca"), NULL, v, NULL, false);
    same_as_bcftools(scratch("cineca"), v, 5002);
    CHECK(as_published(scratch("cineca"), v, "AN", &n) == 3 && n == 5002); /* 4,999 of 5,002 are wrong in the file */
}

TEST(europeans_in_two_files)
{
    static double af[30000];
    const char   *a = shared("1kg-eur-chr20/reference.vcf.gz"), *b = shared("1kg-eur-chr20/unphased.vcf.gz"),
               *p = shared("1kg-eur-chr20/samples.tsv");
    sund_store *s = NULL;
    sund_err    err = { 0 };
    counts      c, all, ref, rest;

    if (!a || !b || !p || !bcftools())
        return;
    CHECK(import(scratch("eur"), p, b, a, false).n_person == 503);
    CHECK(sund_store_open(&s, scratch("eur"), &err) == SUND_OK);
    c = published(a, "AF", af, 30000);
    CHECK(c.n == 24990);
    CHECK(s && frequencies_off(s, &c, af, -1, 6e-6) == 0);
    all = counts_of(scratch("eur"));
    ref = recount(a);
    rest = recount(b);
    CHECK(all.n == 24990 && ref.n == 24990 && rest.n == 24990);
    for (size_t i = 0; i < ref.n && i < rest.n; i++) {
        ref.at[i].ac += rest.at[i].ac;
        ref.at[i].an += rest.at[i].an;
    }
    CHECK(differing(&all, &ref) == 0);
    free(c.at);
    free(all.at);
    free(ref.at);
    free(rest.at);
    sund_store_close(s);
}

/* A store, or an error that names the file; never a dead reader. */
static void sweep(const char *name)
{
    const char    *dir = shared(name);
    DIR           *d = dir ? opendir(dir) : NULL;
    struct dirent *e;
    static size_t  n;

    while (d && (e = readdir(d))) {
        char               path[700];
        const char        *file[1] = { path };
        sund_import        in = { .file = file, .n_file = 1, .assembly = SUND_GRCH37 };
        sund_import_report r = { 0 };
        sund_err           err = { 0 };
        if (!strstr(e->d_name, ".vcf"))
            continue;
        (void) snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        for (int lenient = 0; lenient < 2; lenient++) {
            char      to[32];
            sund_code rc;
            (void) snprintf(to, sizeof to, "hostile%zu", n++);
            in.dir = scratch(to);
            in.lenient = lenient;
            rc = sund_store_import(&in, &r, &err);
            if (rc == SUND_OK && !lenient)
                CHECK(r.n_left_out == 0 || strstr(r.first_left_out, "not one of 1-22"));
            if (rc != SUND_OK && (!strstr(err.msg, e->d_name) || strstr(err.msg, "died"))) {
                fprintf(stderr, "# %s: %s\n", e->d_name, err.msg);
                CHECK(0);
            }
        }
    }
    CHECK(!d || n > 0);
    if (d)
        (void) closedir(d);
}

TEST(hostile_files)
{
    sweep("hostile/vcf");
    sweep("hostile/vcf/passed");
    sweep("hostile/vcf/failed");
}
