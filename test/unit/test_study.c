/* Study files: what each line means, what is refused by name, and that no altered text is taken for the one that was signed. */
#include "study/study.h"
#include "test.h"

static const char whole[] = "# a question\n[study]\ntitle = Height and chromosome 20\nanalysis = linear\npurpose = health-research\ncohort = age >= 18 and not withdrawn\noutcome = height\n"
                            "covariates = age, sex\nstrata = country\nmissing = mean\ncatalogue = cc7baf74ae3807f32658271b4e45fd60796ea891ed34252df94ab52da373e6c8\nregion = 20:1-3000000\nnodes = IT, ES, FI\nchunk = 512\n";

static sund_code parse(const char *text, size_t n, sund_study *s, sund_err *err)
{
    char     *exact = malloc(n ? n : 1); /* a byte read behind the end is seen by the sanitizer */
    sund_code rc;

    if (!exact)
        abort();
    memcpy(exact, text, n);
    rc = sund_study_parse(s, "height.ini", exact, n, err);
    free(exact);
    return rc;
}

TEST(a_whole_study)
{
    sund_study  s;
    sund_digest d = sund_digest_of(whole, strlen(whole));

    CHECK(parse(whole, strlen(whole), &s, NULL) == SUND_OK);
    CHECK(sund_digest_eq(&s.digest, &d));
    CHECK(strcmp(s.title, "Height and chromosome 20") == 0 && strcmp(s.analysis, "linear") == 0 && strcmp(s.purpose, "health-research") == 0 && s.n_outcome == 1 && strcmp(s.outcome[0], "height") == 0);
    CHECK(s.n_covariate == 2 && strcmp(s.covariate[0], "age") == 0 && strcmp(s.covariate[1], "sex") == 0 && s.strata_country && !s.drop_missing);
    CHECK(s.n_node == 3 && strcmp(s.node[0], "ES") == 0 && strcmp(s.node[1], "FI") == 0 && strcmp(s.node[2], "IT") == 0); /* sorted, whatever the file's order */
    CHECK(sund_study_node(&s, "FI") == 1 && sund_study_node(&s, "F") == -1 && sund_study_node(&s, "fi") == -1);
    CHECK(s.has_region && s.region.contig == 20 && s.region.from_bp == 0 && s.region.to_bp == 3000000 && s.chunk == 512);
}

/** One line of the whole study put in another's place. */
static sund_code with(const char *key, const char *line, sund_err *err)
{
    char       text[20000], *at, start[80];
    sund_study s;
    size_t     n;

    (void) snprintf(text, sizeof text, "%s", whole);
    (void) snprintf(start, sizeof start, "\n%s = ", key);
    at = strstr(text, start);
    if (!at)
        abort();
    n = strcspn(at + 1, "\n");
    (void) snprintf(text, sizeof text, "%.*s\n%s%s", (int) (at - text), whole, line, whole + (at - text) + 1 + n);
    return parse(text, strlen(text), &s, err);
}

TEST(lines_that_are_refused_by_name)
{
    static const struct { const char *key, *line, *says; } bad[] = {
        { "title", "", "title" }, { "title", "title = a\ntitle = b", "height.ini:4: this key is there twice" }, { "title", "name = a", "lacks 'title'" }, { "analysis", "", "analysis" }, { "cohort", "cohort = age >=", "column" }, { "cohort", "cohort = age >= 18)", "column" },
        { "covariates", "covariates = age,", "comma" }, { "covariates", "covariates = age, age", "twice" }, { "covariates", "covariates = , age", "covariates" }, { "strata", "strata = continent", "'country' or 'none'" },
        { "missing", "missing = zero", "'drop' or 'mean'" }, { "catalogue", "catalogue = cc7b", "64 hex" }, { "catalogue", "", "catalogue" }, { "region", "region = 20:5-1", "region" }, { "region", "region = 30", "region" },
        { "nodes", "", "nodes" }, { "nodes", "nodes = F I", "letters" }, { "nodes", "nodes = FI, FI", "twice" }, { "nodes", "nodes = ../x", "letters" }, { "chunk", "chunk = 0", "1048576" }, { "chunk", "chunk = 1048577", "1048576" },
        { "chunk", "chunk = 1e3", "whole number" }, { "chunk", "number = 0\nchunk = 1", "number" }, { "chunk", "[other]\nchunk = 1", "other" }, { "chunk", "chunk", "height.ini:" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sund_err  err = { SUND_OK, "" };
        sund_code rc = with(bad[i].key, bad[i].line, &err);

        CHECK(rc == SUND_E_FORMAT && strstr(err.msg, "height.ini") && strstr(err.msg, bad[i].says));
        if (rc == SUND_OK || !strstr(err.msg, bad[i].says))
            fprintf(stderr, "# '%s': %s\n", bad[i].line, err.msg);
    }
    CHECK(with("chunk", "chunk = 1048576", NULL) == SUND_OK && with("chunk", "number = 2", NULL) == SUND_OK && with("region", "", NULL) == SUND_OK && with("strata", "strata = none", NULL) == SUND_OK);
}

/** Every bit of the text flipped, and every cut: an error that names the file, or another study - never the one that was signed. */
TEST(no_flipped_bit_and_no_cut_is_the_same_study)
{
    size_t      n = strlen(whole), sound = 0;
    sund_digest d = sund_digest_of(whole, n);
    char        text[sizeof whole];

    for (size_t k = 0; k < 8 * n + n; k++) {
        sund_study s;
        sund_err   err = { SUND_OK, "" };
        size_t     len = k < 8 * n ? n : k - 8 * n;
        sund_code  rc;

        memcpy(text, whole, sizeof whole);
        if (k < 8 * n)
            text[k / 8] = (char) (text[k / 8] ^ (1 << (k % 8)));
        memset(&s, 0x5a, sizeof s);
        rc = parse(text, len, &s, &err);
        if (rc == SUND_OK)
            CHECK(!sund_digest_eq(&s.digest, &d));
        else
            CHECK(strstr(err.msg, "height.ini") && s.n_node == 0x5a5a5a5a5a5a5a5a);
        sound += rc == SUND_OK;
    }
    printf("# %zu alterations: %zu are refused as files, %zu are other studies, whose signature is not this one's\n", 9 * n, 9 * n - sound, sound);
    CHECK(sound > 0 && sound < 9 * n / 2);
}

TEST(files_above_the_bound)
{
    size_t     n = SUND_STUDY_MAX_BYTES;
    char      *text = malloc(n + 1);
    sund_study s;
    sund_err   err = { SUND_OK, "" };

    if (!text)
        abort();
    memset(text, '\n', n + 1);
    memcpy(text + n - strlen(whole), whole, strlen(whole));
    CHECK(parse(text, n, &s, NULL) == SUND_OK);
    CHECK(parse(text, n + 1, &s, &err) == SUND_E_LIMIT && strstr(err.msg, "32768"));
    free(text);
}
