/* Encrypted stores: what is in them is what is in the same store in the clear; every flipped byte, every exchange and cut is refused by name; nothing of them is on
 * disk in the clear, not even while they are written. TSAN: threads decrypt what others wait for. */
#include "base/pool.h"
#include "base/file.h"
#include "secagg/gcm.h"
#include "store/compact.h"
#include "store/crypt.h"
#include "store/encrypt.h"
#include "store/store_priv.h"
#include "scratch.h"
#include "test.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PEOPLE_MAX = 300 };
static const char planted_name[] = "PLANTED-SAMPLE-NAME-77", planted_allele[] = "GATTACAGATTACAGATTACACCCGGGTTTAAA", planted_source[] = "planted-file-name.vcf.gz";

static const sund_store_key *key_of(const char *name)
{
    char                  id[SUND_STORE_KEY_NAME + 1];
    const sund_store_key *k = NULL;

    if (access(scratch(name), F_OK) != 0)
        CHECK(sund_store_key_make(scratch(name), id, NULL) == SUND_OK);
    CHECK(sund_store_key_add(scratch(name), &k, NULL) == SUND_OK);
    return k;
}

/** Genotype of person i at site j: common and phased, rare, with missing calls, in turn. */
static uint8_t genotype(size_t i, size_t j)
{
    uint32_t x = (uint32_t) (i * 2654435761u) ^ (uint32_t) (j * 40503u + 77);

    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    if (j % 7 == 3 && x % 31 == 0)
        return SUND_GT_MISSING;
    if (j % 4 == 0)
        return (uint8_t) (x % 5 == 1 ? 1 | SUND_GT_PHASED | (x & 64 ? SUND_GT_ALT_FIRST : 0) : x % 11 == 2 ? 2 : 0);
    return x % 89 == 0;
}

static sund_variant variant(size_t j)
{
    return j % 50 == 7 ? (sund_variant){ 20, (uint32_t) (1000 + 10 * j), "G", planted_allele, 1, sizeof planted_allele - 1 } : (sund_variant){ 20, (uint32_t) (1000 + 10 * j), "A", "T", 1, 1 };
}

typedef struct plan { size_t n, m; const sund_store_key *key; } plan;

static sund_code open_writer(plan p, const char *dir, sund_store_writer **w, sund_err *err)
{
    static char     name[PEOPLE_MAX][32];
    const char     *person[PEOPLE_MAX], *population[PEOPLE_MAX];
    uint8_t         sex[PEOPLE_MAX];
    sund_region     callable = { 20, 0, 1000000 };
    sund_store_plan to = { .assembly = SUND_GRCH38, .n_person = p.n, .person = person, .sex = sex, .population = population, .source = planted_source, .callable = &callable, .n_callable = 1, .has_callable = true,
                           .n_thread = 1, .key = p.key };

    for (size_t i = 0; i < p.n; i++) {
        if (i == 5)
            (void) snprintf(name[i], sizeof name[i], "%s", planted_name);
        else
            (void) snprintf(name[i], sizeof name[i], "P%zu", i);
        person[i] = name[i];
        population[i] = i % 3 ? "FIN" : "EST";
        sex[i] = (uint8_t) (1 + i % 2);
    }
    return sund_store_writer_open(w, dir, &to, err);
}

/** Sites up to until; sealed when these are all. */
static sund_code write_store(plan p, const char *dir, size_t until, sund_err *err)
{
    sund_store_writer *w = NULL;
    sund_variant       last, v;
    sund_gt            gt;
    sund_phase         phase;
    uint8_t            code[PEOPLE_MAX];
    uint64_t           plane[5 * (PEOPLE_MAX / 64 + 1)];
    sund_code          rc = open_writer(p, dir, &w, err);
    size_t             j = rc == SUND_OK ? sund_store_writer_resume(w, &last) : 0;

    if (j) {
        v = variant(j - 1);
        CHECK(sund_variant_cmp(&v, &last) == 0);
    }
    for (; rc == SUND_OK && j < until; j++) {
        v = variant(j);
        for (size_t i = 0; i < p.n; i++)
            code[i] = genotype(i, j);
        CHECK(sund_gt_of_codes(code, p.n, plane, &gt, &phase));
        rc = sund_store_writer_add(w, &v, v.n_alt == 1 ? SUND_KIND_SNV : SUND_KIND_INDEL, &gt, &phase, err);
    }
    if (rc == SUND_OK && until == p.m)
        rc = sund_store_writer_seal(w, err);
    else if (rc == SUND_OK && until % 2)
        (void) kill(getpid(), SIGKILL);
    sund_store_writer_close(w);
    return rc;
}

/** 1: all that is read is as it was written; 0: something is not; -1: an error was said, which *err is. */
static int compare(plan p, const char *dir, sund_err *err)
{
    sund_store        *s = NULL;
    sund_store_reader *r = NULL;
    uint8_t            code[PEOPLE_MAX];
    int                same = sund_store_open(&s, dir, err) == SUND_OK && sund_store_reader_open(&r, s, err) == SUND_OK ? 1 : -1;

    for (size_t j = 0; same == 1 && j < p.m; j++) {
        sund_variant    v = variant(j);
        sund_site       site;
        sund_gt         g;
        sund_counts     c, want = { 0 };
        const uint64_t *phased, *first;
        bool            any;
        size_t          row = 0;

        if (!sund_store_find(s, &v, &row) || sund_store_read(r, row, &g, err) != SUND_OK || sund_store_counts(r, j, 0, 1, &c, err) != SUND_OK) {
            same = -1;
            break;
        }
        sund_gt_codes(&g, p.n, code);
        sund_store_site(s, j, &site);
        same = row == j && sund_variant_cmp(&site.v, &v) == 0 && strcmp(sund_store_describe(s)->person[5], planted_name) == 0;
        CHECK(sund_store_phase(r, j, &phased, &first, &any, err) == SUND_OK);
        for (size_t i = 0; i < p.n; i++) {
            uint8_t at = genotype(i, j);

            same = same && code[i] == (at & 3) && (!any || (phased[i / 64] >> (i % 64) & 1) == ((at & 7) == (1 | SUND_GT_PHASED)));
            if (i % 3 == 0 && i % 2 == 0) /* population 0 is the first that was seen, sex 1 */
                *((at & 3) == SUND_GT_MISSING ? &want.missing : (at & 3) == 0 ? &want.hom_ref : (at & 3) == 1 ? &want.het : &want.hom_alt) += 1;
        }
        same = same && memcmp(&c, &want, sizeof c) == 0;
    }
    if (same == 1 && sund_store_sound(s, err) != SUND_OK)
        same = -1;
    sund_store_reader_close(r);
    sund_store_close(s);
    return same;
}

static void put(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (!f || (n && fwrite(p, 1, n, f) != n) || fclose(f) != 0)
        abort();
}

static void get(const char *path, sund_buf *b) { CHECK(sund_file_read(path, 1 << 26, b, NULL) == SUND_OK); }

/** No file of a folder holds any of the planted words. */
static bool in_the_clear(const char *dir)
{
    static const char *const word[] = { planted_name, planted_allele, planted_source, "SUND2" };
    DIR                     *d = opendir(dir);
    struct dirent           *e;
    bool                     seen = false;

    while (d && (e = readdir(d))) {
        char     path[600];
        sund_buf b = { 0 };

        (void) snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (e->d_name[0] == '.')
            continue;
        get(path, &b);
        for (size_t k = 0; k < sizeof word / sizeof word[0]; k++)
            if (memmem(b.p, b.n, word[k], strlen(word[k])))
                seen = true;
        sund_buf_free(&b);
    }
    CHECK(d != NULL);
    if (d)
        (void) closedir(d);
    return seen;
}

TEST(two_libraries_make_the_same_bytes)
{
    const sund_aead_way *way[2] = { &sund_aead_sodium, &sund_gcm };
    uint8_t              text[5000], sealed[2][5016], out[5000], nonce[12];
    sund_key             k;
    uint64_t             with = 7;

    CHECK(scratch("") != NULL);
    sund_random(&k, sizeof k);
    sund_random(text, sizeof text);
    sund_random(nonce, sizeof nonce);
    for (size_t n = 0; n <= sizeof text; n = n < 40 ? n + 1 : n * 3 - 1) {
        for (int w = 0; w < 2; w++) {
            sund_aead *a = NULL;

            sund_aead_by(way[w]);
            if (sund_aead_new(&a, &k, NULL) != SUND_OK) { /* a processor without AES: OpenSSL alone can */
                CHECK(w == 0);
                sund_aead_by(&sund_gcm);
                CHECK(sund_aead_new(&a, &k, NULL) == SUND_OK);
            }
            CHECK(sund_aead_seal(a, nonce, sund_cur_of(&with, 8), sund_cur_of(text, n), sealed[w]));
            CHECK(sund_aead_unseal(a, nonce, sund_cur_of(&with, 8), sund_cur_of(sealed[0], n + SUND_AEAD_TAG), out) && memcmp(out, text, n) == 0);
            sealed[w][n] ^= 1;
            CHECK(!sund_aead_unseal(a, nonce, sund_cur_of(&with, 8), sund_cur_of(sealed[w], n + SUND_AEAD_TAG), out));
            sealed[w][n] ^= 1;
            CHECK(!sund_aead_unseal(a, nonce, sund_cur_of(&with, 7), sund_cur_of(sealed[w], n + SUND_AEAD_TAG), out));
            sund_aead_free(a);
        }
        CHECK(memcmp(sealed[0], sealed[1], n + SUND_AEAD_TAG) == 0);
    }
}

TEST(what_is_inside_is_the_same_store)
{
    plan        p = { 300, 700, NULL }, q = { 300, 700, key_of("key") };
    sund_err    err = { SUND_OK, "" };
    sund_store *s[2] = { NULL, NULL };
    unsigned    encodings = 0;

    for (int w = 0; w < 2; w++) {
        sund_aead_by(w ? &sund_gcm : &sund_aead_sodium);
        CHECK(write_store(p, scratch(w ? "plain1" : "plain0"), p.m, &err) == SUND_OK && write_store(q, scratch(w ? "enc1" : "enc0"), q.m, &err) == SUND_OK);
        CHECK(compare(p, scratch("plain0"), &err) == 1 && compare(q, scratch("enc0"), &err) == 1);
        CHECK(sund_store_verify(scratch("enc0"), NULL, NULL, &err) == SUND_OK);
    }
    CHECK(in_the_clear(scratch("plain0")) && !in_the_clear(scratch("enc0")));
    CHECK(sund_store_encrypted(scratch("enc0")) && !sund_store_encrypted(scratch("plain0")));
    CHECK(sund_store_open(&s[0], scratch("plain0"), &err) == SUND_OK && sund_store_open(&s[1], scratch("enc0"), &err) == SUND_OK);
    CHECK(sund_digest_eq(&sund_store_describe(s[0])->manifest, &sund_store_describe(s[1])->manifest));
    CHECK(!sund_store_describe(s[0])->key[0] && strcmp(sund_store_describe(s[1])->key, sund_store_key_name(q.key)) == 0);
    for (size_t b = 0; b < s[1]->n_block; b++)
        encodings |= 1u << sund_store_block(s[1], b).encoding;
    CHECK(encodings == (1u << 3 | 1u << 4)); /* all that are written */
    sund_store_close(s[0]);
    sund_store_close(s[1]);
}

/** An error that names the file, and no reading that is wrong. */
static void refused(plan p, const char *dir, const char *file, const char *how, size_t where)
{
    sund_err err = { SUND_OK, "" }, said = { SUND_OK, "" };
    int      read = compare(p, dir, &err);
    bool     ok = read == -1 && strstr(err.msg, file) && sund_store_verify(dir, NULL, NULL, &said) != SUND_OK && strstr(said.msg, file);

    CHECK(ok);
    if (!ok)
        fprintf(stderr, "# %s %s at %zu: read %d '%s', verify '%s'\n", file, how, where, read, err.msg, said.msg);
}

static const char *file_name(int f) { return f < 0 ? sund_manifest_bin : sund_store_file[f]; }

TEST(every_flipped_byte_is_refused_by_name)
{
    plan        p = { 20, 12, key_of("key") };
    const char *dir = scratch("flip");
    size_t      n_flip = 0;

    CHECK(write_store(p, dir, p.m, NULL) == SUND_OK);
    for (int f = -1; f < N_STORE_FILE; f++) {
        char     path[200];
        sund_buf b = { 0 };

        (void) snprintf(path, sizeof path, "%s/%s", dir, file_name(f));
        get(path, &b);
        for (size_t i = 0; i < b.n; i++, n_flip++) {
            b.p[i] = (uint8_t) (b.p[i] ^ 1u << (i % 8));
            put(path, b.p, b.n);
            refused(p, dir, file_name(f), "flipped", i);
            b.p[i] = (uint8_t) (b.p[i] ^ 1u << (i % 8));
        }
        for (size_t n = 0; n < b.n; n += 1 + b.n / 20) {
            put(path, b.p, n);
            refused(p, dir, file_name(f), "cut", n);
        }
        sund_buf_u8(&b, 0);
        put(path, b.p, b.n);
        refused(p, dir, file_name(f), "longer", b.n);
        put(path, b.p, b.n - 1);
        sund_buf_free(&b);
    }
    CHECK(compare(p, dir, NULL) == 1);
    printf("# %zu bytes flipped\n", n_flip);
}

TEST(moved_exchanged_and_cut_units_are_refused)
{
    plan        p = { 300, 3000, key_of("key") };
    const char *dir = scratch("move"), *other = scratch("twin");
    static const int many[] = { F_SITES, F_GENOTYPES };

    CHECK(write_store(p, dir, p.m, NULL) == SUND_OK && write_store(p, other, p.m, NULL) == SUND_OK);
    for (size_t k = 0; k < 2; k++) { /* of more units than one */
        char     path[200], from[200];
        sund_buf b = { 0 }, twin = { 0 }, bad = { 0 };

        (void) snprintf(path, sizeof path, "%s/%s", dir, file_name(many[k]));
        (void) snprintf(from, sizeof from, "%s/%s", other, file_name(many[k]));
        get(path, &b);
        get(from, &twin);
        CHECK(b.n == twin.n && b.n > CRYPT_HEAD + 3 * CRYPT_SEALED);
        for (int how = 0; how < 4; how++) {
            sund_buf_clear(&bad);
            sund_buf_put(&bad, b.p, b.n);
            if (how == 0) { /* two change places */
                memcpy(bad.p + CRYPT_HEAD, b.p + CRYPT_HEAD + CRYPT_SEALED, CRYPT_SEALED);
                memcpy(bad.p + CRYPT_HEAD + CRYPT_SEALED, b.p + CRYPT_HEAD, CRYPT_SEALED);
            }
            else if (how == 1) { /* the same place of the same data, of another store of the same key */
                memcpy(bad.p + CRYPT_HEAD + CRYPT_SEALED, twin.p + CRYPT_HEAD + CRYPT_SEALED, CRYPT_SEALED);
            }
            else if (how == 2) { /* the whole file of it */
                memcpy(bad.p, twin.p, twin.n);
            }
            else { /* cut where a unit ends */
                bad.n = CRYPT_HEAD + 2 * CRYPT_SEALED;
            }
            put(path, bad.p, bad.n);
            refused(p, dir, file_name(many[k]), "exchanged", (size_t) how);
        }
        put(path, b.p, b.n);
        sund_buf_free(&b);
        sund_buf_free(&twin);
        sund_buf_free(&bad);
    }
    CHECK(compare(p, dir, NULL) == 1);
}

TEST(a_place_that_does_not_open_is_not_taken_for_absence)
{
    plan               p = { 300, 3000, key_of("key") };
    sund_store        *s = NULL;
    sund_store_reader *r = NULL;
    sund_err           err = { SUND_OK, "" };
    sund_buf           b = { 0 };
    sund_variant       v = variant(2800), absent = variant(2801);
    sund_gt            g;
    size_t             row = 9;

    CHECK(write_store(p, scratch("absent"), p.m, NULL) == SUND_OK);
    get(scratch("absent/sites.bin"), &b);
    b.p[CRYPT_HEAD + 11 * CRYPT_SEALED - 100] ^= 1; /* rows 2560 to 2815, less one */
    put(scratch("absent/sites.bin"), b.p, b.n);
    sund_buf_free(&b);
    absent.pos_bp++;
    CHECK(sund_store_open(&s, scratch("absent"), &err) == SUND_OK && sund_store_reader_open(&r, s, &err) == SUND_OK);
    CHECK(sund_store_read(r, 0, &g, &err) == SUND_E_FORMAT || sund_store_sound(s, &err) == SUND_OK);
    CHECK(sund_store_find(s, &absent, &row) && row == 0 && sund_store_sound(s, &err) == SUND_E_FORMAT && strstr(err.msg, "sites.bin"));
    CHECK(sund_store_find(s, &v, &row) && sund_store_read(r, row, &g, &err) == SUND_E_FORMAT && strstr(err.msg, "sites.bin"));
    CHECK(sund_store_read(r, 0, &g, &err) == SUND_E_FORMAT); /* not even what was at hand */
    sund_store_reader_close(r);
    sund_store_close(s);
}

typedef struct crowd { const sund_store *s; plan p; int64_t alt[8]; } crowd;

/** All sites, from another place on in each thread. */
static sund_code walk(void *ctx, size_t i, unsigned thread, sund_err *err)
{
    crowd             *c = ctx;
    sund_store_reader *r = NULL;
    sund_counts        n;
    size_t             row;
    sund_code          rc = sund_store_reader_open(&r, c->s, err);

    (void) thread;
    for (size_t k = 0; k < c->p.m && rc == SUND_OK; k++) {
        sund_variant v = variant((k + i * 411) % c->p.m);

        rc = sund_store_find(c->s, &v, &row) ? sund_store_counts(r, row, -1, -1, &n, err) : SUND_E_NOT_FOUND;
        c->alt[i] += n.het + 2 * (int64_t) n.hom_alt;
    }
    sund_store_reader_close(r);
    return rc;
}

TEST(threads_share_an_encrypted_store)
{
    crowd       c = { .p = { 300, 3000, key_of("key") } };
    sund_store *s = NULL;

    CHECK(write_store(c.p, scratch("crowd"), c.p.m, NULL) == SUND_OK && sund_store_open(&s, scratch("crowd"), NULL) == SUND_OK);
    c.s = s;
    CHECK(sund_pool_run(4, 8, walk, &c, NULL) == SUND_OK);
    for (int i = 0; i < 8; i++)
        CHECK(c.alt[i] == c.alt[0] && c.alt[0] > 10000);
    sund_store_close(s);
}

TEST(keys)
{
    plan     p = { 20, 12, key_of("one") };
    char     name[SUND_STORE_KEY_NAME + 1];
    sund_err err = { SUND_OK, "" };
    sund_buf b = { 0 };
    struct stat st;

    CHECK(write_store(p, scratch("keyed"), p.m, NULL) == SUND_OK);
    CHECK(stat(scratch("one"), &st) == 0 && (st.st_mode & 07777) == 0600);
    CHECK(sund_store_key_make(scratch("one"), name, &err) == SUND_E_MISMATCH);
    sund_store_keys_forget();
    CHECK(compare(p, scratch("keyed"), &err) == -1 && err.code == SUND_E_DENIED && strstr(err.msg, "--key") && strstr(err.msg, "store_key"));
    CHECK(sund_store_key_make(scratch("two"), name, NULL) == SUND_OK && sund_store_key_add(scratch("two"), NULL, NULL) == SUND_OK);
    CHECK(compare(p, scratch("keyed"), &err) == -1 && err.code == SUND_E_DENIED && strstr(err.msg, name) && strstr(err.msg, "is not that of this store"));
    CHECK(chmod(scratch("one"), 0640) == 0 && sund_store_key_add(scratch("one"), NULL, &err) == SUND_E_DENIED && strstr(err.msg, "chmod 600"));
    CHECK(chmod(scratch("one"), 0600) == 0 && sund_store_key_add(scratch("one"), NULL, &err) == SUND_OK && sund_store_key_add(scratch("one"), NULL, &err) == SUND_OK);
    CHECK(compare(p, scratch("keyed"), &err) == 1);
    get(scratch("one"), &b);
    for (size_t i = 0; i < b.n; i++) { /* said of no byte what it is */
        b.p[i] ^= 0x80;
        put(scratch("bad-key"), b.p, b.n);
        CHECK(chmod(scratch("bad-key"), 0600) == 0 && sund_store_key_add(scratch("bad-key"), NULL, &err) == SUND_E_FORMAT && !strstr(err.msg, "sund-store-key "));
        b.p[i] ^= 0x80;
    }
    put(scratch("bad-key"), b.p, b.n - 2);
    CHECK(sund_store_key_add(scratch("bad-key"), NULL, &err) == SUND_E_FORMAT);
    sund_store_keys_forget();
    CHECK(sund_store_key_add("credential:x", NULL, &err) == SUND_E_NOT_FOUND && strstr(err.msg, "LoadCredential"));
    CHECK(mkdir(scratch("credentials"), 0700) == 0 && setenv("CREDENTIALS_DIRECTORY", scratch("credentials"), 1) == 0);
    put(scratch("credentials/sund-store-key"), b.p, b.n);
    CHECK(chmod(scratch("credentials/sund-store-key"), 0644) == 0 && sund_store_key_add("credential:sund-store-key", NULL, &err) == SUND_E_DENIED);
    CHECK(chmod(scratch("credentials/sund-store-key"), 0440) == 0 && sund_store_key_add("credential:../one", NULL, &err) == SUND_E_ARG);
    CHECK(sund_store_key_add_given(&err) == SUND_OK && compare(p, scratch("keyed"), &err) == 1);
    CHECK(unsetenv("CREDENTIALS_DIRECTORY") == 0);
    sund_buf_free(&b);
}

TEST(killed_writers_leave_nothing_in_the_clear_and_go_on)
{
    static const size_t stop[] = { 16385, 20001, 32769 };
    plan                p = { 30, 34000, NULL }, q = p, r = p;
    sund_err            err = { SUND_OK, "" };
    sund_store         *s[2] = { NULL, NULL };

    q.key = key_of("key");
    r.key = key_of("another");
    for (size_t k = 0; k < 3; k++) {
        pid_t pid = (fflush(stdout), fork());

        if (pid == 0)
            _exit(write_store(q, scratch("killed"), stop[k], NULL) == SUND_OK ? 0 : 1);
        CHECK(pid > 0 && waitpid(pid, NULL, 0) == pid);
        CHECK(!in_the_clear(scratch("killed.part")));
    }
    CHECK(write_store(p, scratch("killed"), p.m, &err) == SUND_E_MISMATCH && strstr(err.msg, "with its --key"));
    CHECK(write_store(r, scratch("killed"), r.m, &err) != SUND_OK && strstr(err.msg, "killed.part"));
    CHECK(write_store(q, scratch("killed"), q.m, &err) == SUND_OK && write_store(p, scratch("whole"), p.m, &err) == SUND_OK);
    CHECK(sund_store_verify(scratch("killed"), NULL, NULL, &err) == SUND_OK && !in_the_clear(scratch("killed")));
    CHECK(sund_store_open(&s[0], scratch("whole"), &err) == SUND_OK && sund_store_open(&s[1], scratch("killed"), &err) == SUND_OK);
    CHECK(sund_digest_eq(&sund_store_describe(s[0])->manifest, &sund_store_describe(s[1])->manifest));
    sund_store_close(s[0]);
    sund_store_close(s[1]);
}

TEST(compaction_keeps_the_key)
{
    plan                p = { 100, 200, key_of("key") };
    bool                gone[100] = { false };
    sund_compact_report report;
    sund_err            err = { SUND_OK, "" };

    gone[9] = gone[50] = true;
    CHECK(write_store(p, scratch("all"), p.m, NULL) == SUND_OK);
    CHECK(sund_store_compact(scratch("all"), scratch("fewer"), gone, 1, NULL, NULL, &report, &err) == SUND_OK && report.n_person == 98);
    CHECK(sund_store_encrypted(scratch("fewer")) && !in_the_clear(scratch("fewer")));
    CHECK(sund_store_compacted(scratch("all"), scratch("fewer"), gone, NULL, NULL, &report, &err) == SUND_OK);
}

TEST(a_store_is_encrypted_afterwards_and_with_another_key)
{
    plan        p = { 100, 2000, NULL };
    sund_err    err = { SUND_OK, "" };
    sund_buf    b = { 0 };
    sund_store *s[3] = { NULL, NULL, NULL };

    CHECK(write_store(p, scratch("before"), p.m, NULL) == SUND_OK);
    CHECK(sund_store_encrypt(scratch("before"), scratch("after"), key_of("key"), NULL, NULL, &err) == SUND_OK && !in_the_clear(scratch("after")));
    CHECK(sund_store_encrypt(scratch("after"), scratch("rekeyed"), key_of("another"), NULL, NULL, &err) == SUND_OK);
    CHECK(sund_store_encrypt(scratch("before"), scratch("after"), key_of("key"), NULL, NULL, &err) == SUND_E_MISMATCH);
    CHECK(compare(p, scratch("after"), &err) == 1 && compare(p, scratch("rekeyed"), &err) == 1 && sund_store_verify(scratch("rekeyed"), NULL, NULL, &err) == SUND_OK);
    CHECK(sund_store_open(&s[0], scratch("before"), NULL) == SUND_OK && sund_store_open(&s[1], scratch("after"), NULL) == SUND_OK && sund_store_open(&s[2], scratch("rekeyed"), NULL) == SUND_OK);
    for (int k = 1; k < 3; k++) {
        CHECK(sund_digest_eq(&sund_store_describe(s[0])->manifest, &sund_store_describe(s[k])->manifest));
        CHECK(strcmp(sund_store_describe(s[k])->key, sund_store_key_name(key_of(k == 1 ? "key" : "another"))) == 0);
    }
    for (int k = 0; k < 3; k++)
        sund_store_close(s[k]);
    get(scratch("before/counts.bin"), &b); /* what is damaged is not made sound by it, and nothing is left */
    b.p[b.n / 2] ^= 1;
    CHECK(chmod(scratch("before/counts.bin"), 0600) == 0);
    put(scratch("before/counts.bin"), b.p, b.n);
    CHECK(sund_store_encrypt(scratch("before"), scratch("never"), key_of("key"), NULL, NULL, &err) == SUND_E_FORMAT && strstr(err.msg, "counts.bin"));
    CHECK(access(scratch("never"), F_OK) != 0 && access(scratch("never.part"), F_OK) != 0);
    sund_buf_free(&b);
}
