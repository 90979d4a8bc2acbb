/* Computed identifiers of GA4GH VRS, against the vectors of ga4gh/vrs and vrs-python, and by what they are for: one for each way in which the same change can be written. */
#include "base/crypto.h"
#include "base/file.h"
#include "genome/vrs.h"
#include "scratch.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MUST(call)                                                                                                                                     \
    do {                                                                                                                                               \
        sund_err  must_err = { SUND_OK, "" }, *err = &must_err;                                                                                        \
        sund_code must_rc = (call);                                                                                                                    \
        if (must_rc != SUND_OK)                                                                                                                        \
            printf("# %s\n", err->msg);                                                                                                                \
        CHECK(must_rc == SUND_OK);                                                                                                                     \
    } while (0)

/** A file of the vectors, NUL behind it; false where there are none. */
static bool vectors(const char *name, sund_buf *out)
{
    const char *root = getenv("SUND_SHARED");
    char        path[1024];

    (void) scratch("");
    (void) snprintf(path, sizeof path, "%s/conformance/vrs/%s", root ? root : "../shared", name);
    if (access(path, R_OK) != 0) {
        printf("# skipped: %s is not there\n", name);
        return false;
    }
    MUST(sund_file_read(path, 1 << 24, out, err));
    sund_buf_nul(out);
    return true;
}

/** The word behind `key` behind `from`. */
static const char *word(const char *from, const char *key, char *out, size_t cap)
{
    const char *at = from ? strstr(from, key) : NULL;
    size_t      n;

    CHECK(at != NULL);
    if (!at)
        return from;
    at += strlen(key);
    n = strcspn(at, "\n;\"");
    (void) snprintf(out, cap, "%.*s", (int) n, at);
    return at;
}

/** The reference that holds these bases from a place (0-based) on. */
static sund_reference *piece(const char *contig, uint32_t from, const char *bases)
{
    sund_reference *r = NULL;
    sund_buf        text = { 0 };

    sund_buf_printf(&text, ">%s:%u-%zu\n%s\n", contig, from + 1, from + strlen(bases), bases);
    MUST(sund_file_write(scratch("piece.fa"), text.p, text.n, 0600, err));
    MUST(sund_reference_open(&r, scratch("piece.fa"), err));
    sund_buf_free(&text);
    return r;
}

static sund_variant variant(int contig, uint32_t pos, const char *ref, const char *alt) { return (sund_variant){ contig, pos, ref, alt, (uint32_t) strlen(ref), (uint32_t) strlen(alt) }; }

TEST(sha512t24u)
{
    sund_buf    text = { 0 };
    sund_sha512 h;
    const char *at;
    char        blob[64], want[64], got[33];

    if (!vectors("vrs/validation/functions.yaml", &text))
        return;
    at = (const char *) text.p;
    for (int k = 0; k < 2; k++) {
        at = word(word(at, "blob: \"", blob, sizeof blob), "out: \"", want, sizeof want);
        sund_sha512_begin(&h);
        for (const char *c = blob; *c; c++)
            sund_sha512_add(&h, c, 1);
        sund_sha512t24u(&h, got);
        CHECK(strcmp(got, want) == 0 && strlen(got) == 32);
    }
    sund_buf_free(&text);
}

TEST(alleles_of_the_specification)
{
    sund_buf        text = { 0 };
    sund_reference *r;
    sund_variant    v = variant(19, 44908821, "C", "T");
    const char     *at;
    char            sq[64], want[64], got[SUND_VRS_SIZE];

    if (!vectors("vrs/validation/models.yaml", &text))
        return;
    at = word(word(strstr((const char *) text.p, "rs7412@GRCh38>T"), "refgetAccession: ", sq, sizeof sq), "ga4gh_identify: ", want, sizeof want);
    r = piece("19", 44908821, "C");
    MUST(sund_vrs_id(r, sq, &v, got, err));
    CHECK(strcmp(got, want) == 0);
    sund_reference_close(r);
    (void) word(word(strstr(at, "CTCCTCCTCCT w/ReferenceLengthExpression"), "refgetAccession: ", sq, sizeof sq), "ga4gh_identify: ", want, sizeof want);
    r = piece("1", 40819437, "NCTCCTCCTN");
    v = variant(1, 40819438, "CTCCTCCT", "CTCCTCCTCCT");
    MUST(sund_vrs_id(r, sq, &v, got, err));
    CHECK(strcmp(got, want) == 0);
    sund_reference_close(r);
    sund_buf_free(&text);
}

/** The reference around a record of the vectors, as far as its expected stretch [start, end) and state tell it: behind the first base of REF. */
static sund_reference *around(const sund_variant *v, uint32_t start, uint32_t end, const char *state)
{
    char bases[512] = "";

    if (v->n_ref == v->n_alt)
        return piece("19", v->pos_bp, v->ref);
    CHECK(start == v->pos_bp + 1 && end - start < 400);
    bases[0] = v->ref[0];
    for (uint32_t i = 0; i < end - start; i++)
        bases[1 + i] = v->n_ref > v->n_alt ? v->ref[1 + i % (v->n_ref - 1)] : state[strlen(state) - (end - start) + i];
    bases[1 + end - start] = 'N';
    return piece("19", v->pos_bp, bases);
}

/** Of a row of vrs-python's table: chromosome, place, REF, ALT and, of each allele in turn, identifier, start, end and state. */
static size_t check_row(char *line, const char *sq)
{
    char       *field[8], *save = NULL, ids[1024], starts[256], ends[256], states[512], *alt, *f[4], *s[4];
    size_t      n = 0;
    const char *key[4] = { "VRS_Allele_IDs=", "VRS_Starts=", "VRS_Ends=", "VRS_States=" };

    for (size_t k = 0; k < 8; k++)
        field[k] = strtok_r(k ? NULL : line, "\t", &save);
    if (!field[7] || !strstr(field[7], key[0]))
        return 0;
    f[0] = ids, f[1] = starts, f[2] = ends, f[3] = states;
    for (size_t k = 0; k < 4; k++) {
        (void) word(field[7], key[k], f[k], k == 0 ? sizeof ids : k == 3 ? sizeof states : sizeof starts);
        (void) strsep(&f[k], ","); /* the reference's own */
    }
    for (alt = strsep(&field[4], ","); alt; alt = strsep(&field[4], ",")) {
        sund_variant    v = variant(19, (uint32_t) strtoul(field[1], NULL, 10) - 1, field[3], alt);
        sund_reference *r;
        char            got[SUND_VRS_SIZE];
        sund_kind       kind;

        for (size_t k = 0; k < 4; k++)
            s[k] = f[k] ? strsep(&f[k], ",") : NULL;
        if (!s[0] || !s[0][0] || sund_variant_kind(&v, &kind, NULL) != SUND_OK || kind > SUND_KIND_MNV)
            continue;
        r = around(&v, (uint32_t) strtoul(s[1], NULL, 10), (uint32_t) strtoul(s[2], NULL, 10), s[3]);
        MUST(sund_vrs_id(r, sq, &v, got, err));
        if (strcmp(got, s[0]) != 0)
            printf("# %s %s %s: %s, not %s\n", field[1], field[3], alt, got, s[0]);
        CHECK(strcmp(got, s[0]) == 0);
        sund_reference_close(r);
        n++;
    }
    return n;
}

TEST(records_of_vrs_python)
{
    sund_buf text = { 0 }, models = { 0 };
    size_t   n = 0;
    char     sq[64], *save = NULL;

    if (!vectors("vrs/validation/models.yaml", &models) || !vectors("vrs-python/tests/extras/data/test_vcf_expected_output.vcf", &text))
        return;
    (void) word(strstr((const char *) models.p, "rs7412@GRCh38>T"), "refgetAccession: ", sq, sizeof sq); /* chromosome 19 */
    for (char *line = strtok_r((char *) text.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        if (line[0] != '#')
            n += check_row(line, sq);
    printf("# %zu alleles\n", n);
    CHECK(n == 7);
    sund_buf_free(&text);
    sund_buf_free(&models);
}

/** The sequence with v in it. */
static void changed(const char *bases, const sund_variant *v, char out[128]) { (void) snprintf(out, 128, "%.*s%.*s%s", (int) v->pos_bp, bases, (int) v->n_alt, v->alt, bases + v->pos_bp + v->n_ref); }

/** Two changes have one identifier if and only if the same sequence comes of them: over two letters, so that most can be moved. */
TEST(one_identifier_for_each_sequence_that_comes_out)
{
    enum { N = 24, TRIES = 300 };
    static char     out[TRIES][128], id[TRIES][SUND_VRS_SIZE];
    char            bases[N + 3] = "", alt[4];
    sund_reference *r;
    size_t          n, same = 0;

    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < N + 2; i++)
            bases[i] = i == 0 || i == N + 1 ? 'N' : "AC"[test_rand() % 2];
        r = piece("1", 0, bases);
        n = 0;
        for (int k = 0; k < TRIES; k++) {
            uint32_t     from = 1 + (uint32_t) (test_rand() % (N - 4));
            sund_variant v = { 1, from, bases + from, alt, 1 + (uint32_t) (test_rand() % 4), 1 + (uint32_t) (test_rand() % 4) };

            for (uint32_t i = 0; i < v.n_alt; i++)
                alt[i] = "AC"[test_rand() % 2];
            changed(bases, &v, out[n]);
            if (strcmp(out[n], bases) == 0)
                continue;
            MUST(sund_vrs_id(r, "SQ.x", &v, id[n], err));
            for (size_t j = 0; j < n; j++) {
                CHECK((strcmp(out[j], out[n]) == 0) == (strcmp(id[j], id[n]) == 0));
                same += strcmp(out[j], out[n]) == 0;
            }
            n++;
        }
        sund_reference_close(r);
    }
    CHECK(same > 200);
}

TEST(what_has_none)
{
    sund_reference *r = piece("1", 100, "ACGTAA");
    sund_variant    v = variant(1, 100, "C", "T");
    char            out[SUND_VRS_SIZE], sq[SUND_REFGET_SIZE];

    CHECK(sund_vrs_id(r, "SQ.x", &v, out, NULL) == SUND_E_MISMATCH);
    v = variant(1, 105, "A", "AA"); /* it might go on behind the file's end */
    CHECK(sund_vrs_id(r, "SQ.x", &v, out, NULL) == SUND_E_NOT_FOUND);
    v = variant(1, 100, "A", "<DEL>");
    CHECK(sund_vrs_id(r, "SQ.x", &v, out, NULL) == SUND_E_ARG);
    CHECK(sund_refget(r, SUND_ASSEMBLY_NONE, 1, sq, NULL) == SUND_E_NOT_FOUND && sund_refget(r, SUND_ASSEMBLY_NONE, 2, sq, NULL) == SUND_E_NOT_FOUND); /* not the whole of it */
    sund_reference_close(r);
}

/** As long as the mitochondrial sequence is: the digest of the bases themselves, whatever the lines and letters. */
TEST(refget_of_a_whole_sequence)
{
    enum { N = 16569 };
    sund_reference *r = NULL;
    sund_buf        text = { 0 };
    sund_sha512     h;
    char            want[33], got[SUND_REFGET_SIZE];

    (void) scratch("");
    sund_sha512_begin(&h);
    sund_buf_text(&text, ">chrM whole\n");
    for (int i = 0; i < N; i++) {
        char c = "ACGT"[(i * i / 7) % 4];

        sund_sha512_add(&h, &c, 1);
        sund_buf_u8(&text, (uint8_t) (i % 3 ? c : c + 32));
        if (i % 60 == 59 || i == N - 1)
            sund_buf_text(&text, "\n");
    }
    sund_sha512t24u(&h, want);
    MUST(sund_file_write(scratch("mt.fa"), text.p, text.n, 0600, err));
    MUST(sund_reference_open(&r, scratch("mt.fa"), err));
    MUST(sund_refget(r, SUND_GRCH38, SUND_MT, got, err));
    CHECK(strncmp(got, "SQ.", 3) == 0 && strcmp(got + 3, want) == 0);
    sund_reference_close(r);
    sund_buf_free(&text);
}
