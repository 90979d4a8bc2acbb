#include "base/aead.h"
#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "home/home.h"
#include "home/link.h"
#include "store/import.h"
#include "store/key.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* import, verify, catalogue: files into stores and lists. */

static void show_records(void *ctx, uint64_t n) { sund_progress_at(ctx, n); }

static void print_report(const sund_import_report *r, const char *dir)
{
    char a[32], b[32], c[32];

    printf("%s: %s people, %s sites from %s records\n", dir, sund_commas(r->n_person, a), sund_commas(r->n_site, b), sund_commas(r->n_record, c));
    if (r->n_multiallelic)
        printf("  %s multi-allelic records split\n", sund_commas(r->n_multiallelic, a));
    if (r->n_moved)
        printf("  %s variants left-aligned to another position\n", sund_commas(r->n_moved, a));
    if (r->n_filtered_genotype)
        printf("  %s genotypes below the filters made missing\n", sund_commas(r->n_filtered_genotype, a));
    if (r->n_half_call)
        printf("  %s half calls made missing\n", sund_commas(r->n_half_call, a));
    if (r->n_haploid_het)
        printf("  %s heterozygous calls where a person has one copy made missing\n", sund_commas(r->n_haploid_het, a));
    if (2 * r->n_left_out > r->n_record)
        printf("  warning: more than half of the records were left out: is this the right file?\n");
    if (r->n_filtered_genotype && 2 * r->n_filtered_genotype > r->n_record * r->n_person)
        printf("  warning: more than half of the genotypes are below the filters\n");
    if (r->n_half_call_x)
        printf("  warning: %s of the half calls are of X, outside what X and Y share, where M has one copy and F and U have two: are there men among those whom the samples file lists as F or U?\n",
               sund_commas(r->n_half_call_x, a));
    if (r->n_haploid_het)
        printf("  note: heterozygotes of X or Y in men are errors of calling, or their sex is wrong in the samples file\n");
    if (r->n_left_out)
        printf("  %s records left out; the first: %s\n", sund_commas(r->n_left_out, a), r->first_left_out);
}

static sund_code parse_fraction(const char *s, double *out, sund_err *err)
{
    char  *end = NULL;
    double v = strtod(s, &end);

    if (end == s || *end || !(v >= 0.0 && v <= 0.5))
        return sund_fail(err, SUND_E_ARG, "--min-ab is a number from 0 to 0.5, not '%.40s'", s);
    *out = v;
    return SUND_OK;
}

static sund_code split_keep(const char *keep, char *column, size_t cap, sund_import *in, sund_err *err)
{
    const char *eq = strchr(keep, '=');

    if (!eq || eq == keep || !eq[1] || (size_t) (eq - keep) >= cap)
        return sund_fail(err, SUND_E_ARG, "--keep is COLUMN=VALUE, e.g. country=FI");
    memcpy(column, keep, (size_t) (eq - keep));
    column[eq - keep] = 0;
    in->keep_column = column;
    in->keep_value = eq + 1;
    return SUND_OK;
}

sund_code sund_cmd_import(int argc, char **argv, sund_err *err)
{
    const char        *out = NULL, *samples = NULL, *keep = NULL, *assembly = NULL, *reference = NULL, *callable = NULL, *ab = NULL, *key = NULL, *c4gh_key = NULL;
    sund_c4gh         *c4gh = NULL;
    int64_t            gq = 0, dp = 0, threads = 0;
    bool               lenient = false, helped = false;
    char               column[64];
    const sund_opt     opt[] = {
        { "store", 's', &out, "FOLDER", "the store to make (needed)" },
        { "samples", 's', &samples, "TSV", "person, sex (M, F, U), population: who is taken, in this order (needed)" },
        { "keep", 's', &keep, "COLUMN=VALUE", "only these rows of the samples file, e.g. country=FI" },
        { "assembly", 's', &assembly, "NAME", "GRCh37 or GRCh38, where the files do not say" },
        { "reference", 's', &reference, "FASTA", "check REF and left-align indels against it" },
        { "callable", 's', &callable, "BED", "regions where absence of a variant means reference" },
        { "min-gq", 'i', &gq, "N", "genotypes of lower quality become missing" },
        { "min-dp", 'i', &dp, "N", "genotypes of lower depth become missing" },
        { "min-ab", 's', &ab, "F", "heterozygotes of lower allele balance become missing" },
        { "key", 's', &key, "FILE", "encrypt the store with the key of this file ('sund key make'), or with credential:NAME of systemd" },
        { "c4gh-key", 's', &c4gh_key, "FILE", "the secret key that encrypted files (Crypt4GH) are for ('sund key make --c4gh'); they are decrypted in memory only" },
        { "threads", 'i', &threads, "N", "0: all processors; any number gives the same bytes" },
        { "lenient", 'b', &lenient, NULL, "leave out unsound records and count them, instead of stopping at the first" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts    o = { "import", "[OPTIONS] FILE...", "VCF, VCF.gz or BCF, also encrypted by Crypt4GH, into one sealed store. Files may hold different people at the same sites, or the same people elsewhere. A stopped import goes on where it was; the store appears whole or not at all.",
                             "sund import --store fi/store --samples samples.tsv --keep country=FI chr20.vcf.gz\nsund import --store store --samples samples.tsv --reference GRCh38.fa --min-gq 20 --min-dp 10 --min-ab 0.2 cohort.bcf\nsund import --key /etc/sund/store.key --store fi/store --samples samples.tsv chr20.vcf.gz\nsund import --c4gh-key /etc/sund/c4gh.sec --store store --samples samples.tsv cohort.vcf.gz.c4gh", opt, 1, 4096 };
    sund_import        in = { 0 };
    sund_import_report report;
    sund_progress      bar;
    size_t             n;
    sund_code          rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (!out || !samples)
        return sund_fail(err, SUND_E_ARG, "--store and --samples are needed; see 'sund import --help'");
    if (keep)
        SUND_TRY(split_keep(keep, column, sizeof column, &in, err));
    if (assembly)
        SUND_TRY(sund_assembly_parse(assembly, &in.assembly, err));
    if (ab)
        SUND_TRY(parse_fraction(ab, &in.min_ab, err));
    if (gq < 0 || gq > 1000 || dp < 0 || dp > 100000)
        return sund_fail(err, SUND_E_ARG, "--min-gq is from 0 to 1000, --min-dp from 0 to 100000");
    if (threads < 0 || threads > 64)
        return sund_fail(err, SUND_E_ARG, "--threads is from 0 to 64");
    if (key)
        SUND_TRY(sund_store_key_add(key, &in.key, err));
    in.file = (const char *const *) (argv + 1);
    in.n_file = n;
    in.dir = out;
    in.samples = samples;
    in.reference = reference;
    in.callable = callable;
    in.min_gq = (int) gq;
    in.min_dp = (int) dp;
    in.n_thread = (unsigned) threads;
    in.lenient = lenient;
    if (c4gh_key)
        SUND_TRY(sund_import_c4gh(c4gh_key, in.file, n, &c4gh, err));
    in.c4gh = c4gh;
    sund_progress_begin(&bar, "import", "records", 0);
    in.progress = show_records;
    in.ctx = &bar;
    rc = sund_store_import(&in, &report, err);
    sund_progress_end(&bar);
    sund_secret_free(c4gh);
    if (rc == SUND_OK)
        print_report(&report, out);
    return rc;
}

static void show_bytes(void *ctx, uint64_t done, uint64_t total)
{
    sund_progress *bar = ctx;

    bar->total = total;
    sund_progress_at(bar, done);
}

static void verified_json(const char *store)
{
    sund_buf  out = { 0 };
    sund_json j;

    sund_json_init(&j, &out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "store", store);
    sund_json_bool(&j, "sound", true);
    sund_json_close(&j, '}');
    printf("%.*s\n", (int) out.n, (char *) out.p);
    sund_buf_free(&out);
}

sund_code sund_cmd_verify(int argc, char **argv, sund_err *err)
{
    bool            as_json = false, helped = false;
    const char     *key = NULL;
    const sund_opt  opt[] = { { "json", 'b', &as_json, NULL, "for programs; what is damaged is an error in words, with exit status 3" }, SUND_OPT_KEY(key), { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "verify", "[OPTIONS] STORE", "Reads every byte of a store, checks every digest, and that the counts agree with the genotypes. Names file, block and sites of what is damaged.", "sund verify fi/store\nsund verify --json fi/store", opt, 1, 1 };
    sund_progress   bar;
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(sund_give_key(argv[1], key, err));
    sund_progress_begin(&bar, "verify", "bytes", 0);
    rc = sund_store_verify(argv[1], show_bytes, &bar, err);
    sund_progress_end(&bar);
    if (rc == SUND_OK && as_json)
        verified_json(argv[1]);
    else if (rc == SUND_OK)
        printf("%s: every byte is as it was sealed\n", argv[1]);
    return rc;
}

static sund_code add_variant(void *ctx, const sund_variant *v, sund_err *err) { return sund_catalogue_builder_add(ctx, v, err); }

static sund_code build(const char *assembly, const char *reference, char **file, size_t n, sund_vcf_passed *passed, sund_buf *out, sund_err *err)
{
    sund_catalogue_builder *b = NULL;
    sund_reference         *ref = NULL;
    sund_assembly           a;
    sund_code               rc;

    SUND_TRY(sund_assembly_parse(assembly, &a, err));
    SUND_GO(sund_catalogue_builder_new(&b, a, err));
    if (reference)
        SUND_GO(sund_reference_open(&ref, reference, err));
    for (size_t i = 0; i < n; i++)
        SUND_GO(sund_vcf_variants(file[i], a, ref, passed, add_variant, b, err));
    rc = sund_catalogue_builder_end(b, out, err);
out:
    sund_catalogue_builder_free(b);
    sund_reference_close(ref);
    return rc;
}

static sund_code send_to_hub(const char *home, const sund_buf *bytes, sund_err *err)
{
    sund_home h;
    sund_link l = { 0 };
    sund_code rc;

    SUND_TRY(sund_home_open(&h, home, SUND_HOME_ROSTER | SUND_HOME_STATE, err));
    SUND_GO(sund_link_open(&l, &h, SUND_CHANNEL_COMMANDS, err));
    rc = sund_link_file_put(&l, bytes->p, bytes->n, err);
out:
    sund_link_close(&l);
    sund_home_close(&h);
    return rc;
}

sund_code sund_cmd_catalogue(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *assembly = NULL, *reference = NULL, *out = NULL;
    bool            to_hub = false, helped = false;
    const sund_opt  opt[] = {
        { "assembly", 's', &assembly, "NAME", "GRCh37 or GRCh38 (needed)" },
        { "reference", 's', &reference, "FASTA", "left-align against it" },
        { "out", 's', &out, "FILE", "the catalogue to write (needed)" },
        { "hub", 'b', &to_hub, NULL, "send it to the hub, for all nodes" },
        { "home", 's', &home, "FOLDER", "with --hub: a member's home" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "catalogue", "[OPTIONS] VCF...", "A public list of variants out of the records of VCF or BCF files (genotypes are not read): normalised, sorted, pinned by its digest, which study files name. Never use a list that is not public.",
                          "sund catalogue --assembly GRCh37 --out chr20.catalogue sites.vcf.gz\nsund catalogue --assembly GRCh38 --out g.catalogue --hub --home anna sites.bcf", opt, 1, 4096 };
    sund_catalogue *c = NULL;
    sund_buf        bytes = { .large = true };
    sund_vcf_passed passed = { 0 };
    sund_digest     d;
    char            count[32], folder[PATH_MAX];
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (!assembly || !out)
        return sund_fail(err, SUND_E_ARG, "--assembly and --out are needed; see 'sund catalogue --help'");
    SUND_TRY(sund_not_over(NULL, out, err));
    (void) snprintf(folder, sizeof folder, "%s", out);
    sund_large_at(dirname(folder), false);
    SUND_GO(build(assembly, reference, argv + 1, n, &passed, &bytes, err));
    SUND_GO(sund_catalogue_parse(&c, out, bytes.p, bytes.n, err));
    SUND_GO(sund_file_write(out, bytes.p, bytes.n, 0644, err));
    if (to_hub)
        SUND_GO(send_to_hub(home, &bytes, err));
    d = sund_catalogue_digest(c);
    if (passed.n_symbolic)
        printf("%s symbolic alleles, breakends and '*' left out: a catalogue has alleles of bases only\n", sund_commas(passed.n_symbolic, count));
    if (passed.n_contig)
        printf("%s records left out: their contigs are not 1-22, X, Y or MT\n", sund_commas(passed.n_contig, count));
    printf("%s: %zu variants%s\ncatalogue = %s\n", out, sund_catalogue_n(c), to_hub ? ", sent to the hub" : "", sund_digest_hex(&d).s);
out:
    sund_catalogue_free(c);
    sund_buf_free(&bytes);
    return rc;
}

sund_code sund_cmd_publish(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home();
    bool            to_hub = false, helped = false;
    const sund_opt  opt[] = {
        { "hub", 'b', &to_hub, NULL, "send it to the hub too, for all nodes" },
        { "home", 's', &home, "FOLDER", "a member's home, which keeps a copy" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "publish", "[OPTIONS] FILE", "Keeps a public file - a gene table, a scoring file, a list - under the digest of its bytes, which study files name. Never publish what is not public.",
                          "sund publish --hub --home anna genes.tsv", opt, 1, 1 };
    sund_home       h = { .id = "" };
    sund_buf        bytes = { 0 };
    sund_digest     d;
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_GO(sund_file_read(argv[1], SUND_FILE_MAX_BYTES, &bytes, err));
    if (!bytes.n)
        SUND_GO(sund_fail(err, SUND_E_ARG, "%s is empty: there is nothing that a study could read", argv[1]));
    SUND_GO(sund_home_open(&h, home, 0, err));
    SUND_GO(sund_home_file_put(&h, bytes.p, bytes.n, &d, err));
    if (to_hub)
        SUND_GO(send_to_hub(home, &bytes, err));
    printf("%s: %zu bytes%s\ndigest = %s\n", argv[1], bytes.n, to_hub ? ", sent to the hub" : "", sund_digest_hex(&d).s);
out:
    sund_home_close(&h);
    sund_buf_free(&bytes);
    return rc;
}
