#include "studies.h"

/* %SCORE, %GENES, %CLASSES, %LOADINGS are the digests of the scoring file, the gene table, the table of classes, the loadings. */
static const struct { const char *analysis, *lines; } study[] = {
    { "counts", "strata = none\n" },
    { "counts", "strata = country\n" },
    { "linear", "outcome = trait\ncovariates = age, sex, bmi\nstrata = country\n" },
    { "linear", "outcome = trait\ncovariates = age, sex, bmi\nstrata = none\n" },
    { "linear", "outcome = trait\ncovariates = age\nstrata = none\nmissing = drop\n" },
    { "linear", "outcome = trait\ncovariates = age\nstrata = country\nmissing = drop\n" },
    { "linear", "outcome = trait, age\ncovariates = sex, bmi\nstrata = country\ncoding = dominant\n" },
    { "linear", "outcome = bmi, trait\ncovariates = age\nstrata = none\nmissing = drop\ncoding = recessive\n" },
    { "linear", "outcome = trait\ncovariates = age, sex\nstrata = none\nmissing = drop\ninteraction = sex\n" },
    { "linear", "outcome = trait, bmi\ncovariates = age, sex\nstrata = country\nmissing = drop\ninteraction = age\n" },
    { "logistic", "outcome = sex\ncovariates = age, bmi\nstrata = country\nfirth-below = 0.05\n" },
    { "logistic", "outcome = sex\ncovariates = age\nstrata = none\ntest = wald\nmissing = drop\n" },
    { "logistic", "outcome = sex\ncovariates = age\nstrata = none\ntest = firth-approx\n" },
    { "meta", "outcome = trait\ncovariates = age, sex\n" },
    { "tables", "rows = age\nbands = 40, 60\ncolumns = sex\nvalue = bmi\n" },
    { "tables", "rows = sex\nvariants = 20-1301-T-TACA, 20-1601-GT-G, 20-1701-T-TACA\n" },
    { "survival", "time = age\nevent = sex\ncovariates = trait\nstrata = none\nvariants = 20-1301-T-TACA, 20-1601-GT-G\n" },
    { "survival", "time = age\nevent = sex\ncovariates = trait, bmi\nstrata = country\nties = breslow\n" },
    { "score", "scorefile = %SCORE\nassembly = GRCh37\noutcome = trait\ngroup = sex\n" },
    { "score", "scorefile = %SCORE\nassembly = GRCh37\noutcome = sex\npalindromic = keep\n" },
    { "genes", "outcome = trait\ncovariates = age, sex\nstrata = country\ngenes = %GENES\nmax_af = 0.5\n" },
    { "genes", "outcome = trait\ncovariates = age, bmi\nstrata = none\ngenes = %GENES\nclasses = %CLASSES\nmask = pLoF|missense\nmax_af = 0.5\ncollapse = 25\nweights = equal\n" },
    { "genes", "outcome = sex\ncovariates = age, bmi\nstrata = none\ngenes = %GENES\nmax_af = 0.5\n" },
    { "pca", "components = 2\nblock = 5\nr2 = 0.5\nwindow = 9\nrelease = loadings\n" },
    { "pca", "components = 3\nmin_maf = 0\nmax_missing = 1\nr2 = 1\nrounds = 3\n" },
    { "pca", "loadings = %LOADINGS\nassembly = GRCh37\ncomponents = 2\n" },
    { "duplicates", "min_maf = 0.02\nsnvs = 20\ndistance = 0\nchromosomes = 1\n" },
    { "wgr", "outcome = trait\ncovariates = age, bmi\nstrata = none\nblock = 8\nridge = 2\nfolds = 4\nstep1_min_maf = 0.02\n" },
    { "wgr", "outcome = trait\ncovariates = age, sex\nstrata = country\nblock = 8\nridge = 2\nfolds = 3\n" },
    { "wgr", "outcome = sex\ncovariates = age, bmi\nstrata = none\nblock = 8\nridge = 2\nfolds = 4\n" },
    { "wgr", "outcome = sex\ncovariates = age\nstrata = country\nblock = 8\nridge = 2\nfolds = 3\n" },
};

static void score_file(sund_buf *out)
{
    sund_buf_text(out, "#pgs_id=PGS000000\n#genome_build=GRCh37\nchr_name\tchr_position\teffect_allele\tother_allele\teffect_weight\n");
    for (size_t j = 0; j < W_VARIANTS; j++) {
        sund_variant v = world_variant(j);

        sund_buf_printf(out, "20\t%u\t%.*s\t%.*s\t%s0.%03zu\n", v.pos_bp + 1, (int) (j % 2 ? v.n_ref : v.n_alt), j % 2 ? v.ref : v.alt, (int) (j % 2 ? v.n_alt : v.n_ref), j % 2 ? v.alt : v.ref, j % 3 ? "" : "-",
                        j * 37 % 997 + 1);
    }
}

static void genes_file(sund_buf *out) { sund_buf_text(out, "# a comment\ngene\tchrom\tstart\tend\nG1\t20\t1\t3000\nG2\t20\t2500\t5500\nG3\t20\t5501\t9000\nG4\t20\t9001\t9002\n"); }

static void classes_file(sund_buf *out)
{
    sund_buf_text(out, "variant\tgene\tclass\n");
    for (size_t j = 0; j < W_VARIANTS; j++) {
        static const char *const class[] = { "pLoF", "missense", "synonymous" };
        sund_variant             v = world_variant(j);

        sund_variant_print(&v, out);
        sund_buf_printf(out, "\tG%zu\t%s\n", 1 + j / 25, class[j % 3]);
    }
}

static void loadings_file(sund_buf *out)
{
    sund_buf_text(out, "chrom\tpos\tref\talt\tac\tan\tpc1\tpc2\tpc3\n");
    for (size_t j = 0; j < W_VARIANTS; j++) {
        sund_variant v = world_variant(j);

        if (v.n_ref == 1 && v.n_alt == 1)
            sund_buf_printf(out, "20\t%u\t%.1s\t%.1s\t%zu\t1000\t%s0.%zu\t0.%zu\t1\n", v.pos_bp + 1, v.ref, v.alt, 300 + j, j % 3 ? "" : "-", 590 - j, 500 + j);
    }
}

size_t studies_files(sund_buf file[7])
{
    score_file(&file[0]);
    genes_file(&file[1]);
    classes_file(&file[2]);
    loadings_file(&file[3]);
    return 4;
}

static sund_hex64 digest_of(void (*make)(sund_buf *))
{
    sund_buf    b = { 0 };
    sund_digest d;

    make(&b);
    d = sund_digest_of(b.p, b.n);
    sund_buf_free(&b);
    return sund_digest_hex(&d);
}

size_t studies_of(const char *analysis, char text[STUDIES_MAX][STUDY_TEXT])
{
    const struct { const char *name; void (*make)(sund_buf *); } word[] = { { "%SCORE", score_file }, { "%GENES", genes_file }, { "%CLASSES", classes_file },
                                                                               { "%LOADINGS", loadings_file } };
    size_t n = 0;

    for (size_t k = 0; k < sizeof study / sizeof *study; k++) {
        char *at;

        if (strcmp(study[k].analysis, analysis) != 0)
            continue;
        (void) snprintf(text[n], STUDY_TEXT, "analysis = %s\n%s", analysis, study[k].lines);
        for (size_t w = 0; w < sizeof word / sizeof *word; w++)
            while ((at = strstr(text[n], word[w].name))) {
                char rest[STUDY_TEXT];

                (void) snprintf(rest, sizeof rest, "%s", at + strlen(word[w].name));
                (void) snprintf(at, STUDY_TEXT - (size_t) (at - text[n]), "%s%s", digest_of(word[w].make).s, rest);
            }
        n++;
    }
    return n;
}

bool study_refused(const char *lines, const char *says)
{
    sund_study           s;
    sund_err             err = { SUND_OK, "" };
    const sund_analysis *a;
    char                 text[STUDY_TEXT];
    sund_code            rc;

    (void) snprintf(text, sizeof text, "[study]\ntitle = t\npurpose = general-research\ncohort = all\nnodes = A, B, C\n%s", lines);
    rc = sund_study_parse(&s, "t.ini", text, strlen(text), &err);
    if (rc == SUND_OK)
        rc = sund_analysis_find(s.analysis, &a, &err);
    if (rc == SUND_OK)
        rc = a->check(&s, &err);
    if (rc != SUND_OK && strstr(err.msg, says))
        return true;
    if (says[0])
        fprintf(stderr, "# %s: '%s', expected '%s'\n", lines, err.msg, says);
    return false;
}
