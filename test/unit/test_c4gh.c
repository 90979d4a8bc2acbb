/* Files encrypted by Crypt4GH, made here by a writer of our own: the store of one is that of the file inside; every changed byte and every cut is refused by name; nothing of what is inside is on disk. */
#include "base/aead.h"
#include "base/c4gh.h"
#include "base/file.h"
#include "store/import_priv.h"
#include "scratch.h"
#include "test.h"

#include <dirent.h>
#include <htslib/bgzf.h>
#include <htslib/vcf.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

static const char canary[] = "PLANTED-CANARY-IN-INFO-4711";
enum { PEOPLE = 40, RECORDS = 1500, HEAD = 16, PACKET = 108 };

static sund_pub pub_of(const char *path)
{
    sund_key k;

    CHECK(sund_c4gh_key_read(path, &k, NULL) == SUND_OK);
    return sund_dh_pub(&k);
}

static const char *pair(const char *name)
{
    sund_buf pub = { 0 };

    if (access(scratch(name), F_OK) != 0)
        CHECK(sund_c4gh_key_make(scratch(name), &pub, NULL) == SUND_OK);
    sund_buf_free(&pub);
    return scratch(name);
}

static void packet(sund_buf *out, const sund_pub *to, const void *p, size_t n)
{
    uint8_t            rx[32], tx[32], nonce[12], sealed[256];
    sund_pub           pub;
    sund_key           k;
    unsigned long long got;

    sund_dh_keypair(&pub, &k);
    sund_random(nonce, sizeof nonce);
    CHECK(crypto_kx_server_session_keys(rx, tx, pub.b, k.b, to->b) == 0);
    (void) crypto_aead_chacha20poly1305_ietf_encrypt(sealed, &got, p, n, NULL, 0, NULL, nonce, tx);
    sund_buf_u32(out, (uint32_t) (4 + 4 + 32 + 12 + got));
    sund_buf_u32(out, 0);
    sund_buf_put(out, pub.b, 32);
    sund_buf_put(out, nonce, 12);
    sund_buf_put(out, sealed, got);
}

static void data_packet(sund_buf *out, const sund_pub *to, const uint8_t key[32])
{
    uint8_t p[40] = { 0 };

    memcpy(p + 8, key, 32);
    packet(out, to, p, sizeof p);
}

static void begin(sund_buf *out, uint32_t n)
{
    sund_buf_put(out, "crypt4gh\1\0\0\0", 12);
    sund_buf_u32(out, n);
}

static void segments(sund_buf *out, const uint8_t key[32], const sund_buf *in)
{
    for (size_t i = 0; i < in->n; i += SUND_C4GH_SEGMENT) {
        size_t             n = in->n - i < SUND_C4GH_SEGMENT ? in->n - i : SUND_C4GH_SEGMENT;
        static uint8_t     sealed[SUND_C4GH_SEALED];
        unsigned long long got;

        sund_random(sealed, 12);
        (void) crypto_aead_chacha20poly1305_ietf_encrypt(sealed + 12, &got, in->p + i, n, NULL, 0, NULL, sealed, key);
        sund_buf_put(out, sealed, 12 + got);
    }
}

static void encrypt(sund_buf *out, const sund_pub *to, size_t n_to, const sund_buf *in)
{
    uint8_t key[32];

    sund_random(key, sizeof key);
    begin(out, (uint32_t) n_to);
    for (size_t i = 0; i < n_to; i++)
        data_packet(out, &to[i], key);
    segments(out, key, in);
}

static void make_vcf(sund_buf *t)
{
    sund_buf_text(t, "##fileformat=VCFv4.2\n##contig=<ID=20,length=63025520>\n##FILTER=<ID=PASS,Description=\"p\">\n##INFO=<ID=X,Number=1,Type=String,Description=\"x\">\n"
                     "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"g\">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT");
    for (int i = 0; i < PEOPLE; i++)
        sund_buf_printf(t, "\tP%d", i);
    for (int j = 0; j < RECORDS; j++) {
        sund_buf_printf(t, "\n20\t%d\t.\tA\tC\t.\t.\tX=%s-%llx%llx\tGT", 1000 + 10 * j, canary, (unsigned long long) test_rand(), (unsigned long long) test_rand());
        for (int i = 0; i < PEOPLE; i++) {
            static const char *const gt[] = { "0/0", "0/0", "0/1", "1/1", "./.", "0|1", "1|0", "0/0" };
            sund_buf_printf(t, "\t%s", gt[test_rand() & 7]);
        }
    }
    sund_buf_text(t, "\n");
}

/* The text as plain VCF, BGZF or BCF, into memory; on disk only at path. */
static void write_as(const char *path, const char *kind, const sund_buf *text)
{
    if (strcmp(kind, "vcf") == 0)
        CHECK(sund_file_write(path, text->p, text->n, 0600, NULL) == SUND_OK);
    else if (strcmp(kind, "vcf.gz") == 0) {
        BGZF *b = bgzf_open(path, "w");
        CHECK(b && bgzf_write(b, text->p, text->n) == (ssize_t) text->n && bgzf_close(b) == 0);
    }
    else {
        const char *from = scratch("from.vcf");
        htsFile    *in, *out = hts_open(path, "wb");
        bcf_hdr_t  *h;
        bcf1_t     *r = bcf_init();
        CHECK(sund_file_write(from, text->p, text->n, 0600, NULL) == SUND_OK);
        in = hts_open(from, "r");
        h = bcf_hdr_read(in);
        CHECK(bcf_hdr_write(out, h) == 0);
        while (bcf_read(in, h, r) == 0)
            CHECK(bcf_write(out, h, r) == 0);
        bcf_destroy(r);
        bcf_hdr_destroy(h);
        CHECK(hts_close(in) == 0 && hts_close(out) == 0);
        (void) unlink(from);
    }
}

static int n_store;

/* The store's folder; *rc what came of it. */
static const char *import(const char *file, const char *key, sund_code *rc, sund_err *err)
{
    char               name[32];
    sund_import_report report;
    sund_c4gh         *c = NULL;
    sund_import        in = { .file = &file, .n_file = 1, .n_thread = 2, .assembly = SUND_GRCH37 };

    memset(err, 0, sizeof *err);
    (void) snprintf(name, sizeof name, "store%d", n_store++);
    in.dir = scratch(name);
    *rc = key ? sund_import_c4gh(key, &file, 1, &c, err) : SUND_OK;
    in.c4gh = c;
    if (*rc == SUND_OK)
        *rc = sund_store_import(&in, &report, err);
    sund_secret_free(c);
    return scratch(name);
}

static bool same_folder(const char *a, const char *b)
{
    DIR           *d = opendir(a);
    struct dirent *e;
    bool           same = d != NULL;
    int            n = 0;

    while (same && (e = readdir(d))) {
        char     p[4096], q[4096];
        sund_buf x = { 0 }, y = { 0 };
        if (e->d_name[0] == '.')
            continue;
        (void) snprintf(p, sizeof p, "%s/%s", a, e->d_name);
        (void) snprintf(q, sizeof q, "%s/%s", b, e->d_name);
        same = sund_file_read(p, 1 << 28, &x, NULL) == SUND_OK && sund_file_read(q, 1 << 28, &y, NULL) == SUND_OK && x.n == y.n && memcmp(x.p, y.p, x.n) == 0;
        n++;
        sund_buf_free(&x);
        sund_buf_free(&y);
    }
    if (d)
        (void) closedir(d);
    return same && n > 2;
}

/* Whether the planted word is in a file under dir. */
static bool planted(const char *dir)
{
    DIR           *d = opendir(dir);
    struct dirent *e;
    bool           found = false;

    while (d && !found && (e = readdir(d))) {
        char        p[4096];
        struct stat st;
        sund_buf    x = { 0 };
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || snprintf(p, sizeof p, "%s/%s", dir, e->d_name) >= (int) sizeof p || lstat(p, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            found = planted(p);
        else if (sund_file_read(p, 1 << 28, &x, NULL) == SUND_OK && x.n)
            found = memmem(x.p, x.n, canary, sizeof canary - 1) != NULL;
        sund_buf_free(&x);
    }
    if (d)
        (void) closedir(d);
    return found;
}

static const char *put(const char *name, const sund_buf *b)
{
    CHECK(sund_file_write(scratch(name), b->p, b->n, 0600, NULL) == SUND_OK);
    return scratch(name);
}

/* Of a kind: encrypted for three, the second being us. */
static void make(const char *kind, sund_buf *plain, sund_buf *sealed)
{
    sund_buf text = { 0 };
    char     name[32];
    sund_pub to[3] = { pub_of(pair("other.sec")), pub_of(pair("our.sec")), pub_of(pair("third.sec")) };

    make_vcf(&text);
    (void) snprintf(name, sizeof name, "cohort.%s", kind);
    write_as(scratch(name), kind, &text);
    CHECK(sund_file_read(scratch(name), 1 << 28, plain, NULL) == SUND_OK);
    encrypt(sealed, to, 3, plain);
    sund_buf_free(&text);
}

TEST(store_of_an_encrypted_file_is_that_of_the_file)
{
    static const char *const kind[] = { "vcf", "vcf.gz", "bcf" };

    for (size_t k = 0; k < 3; k++) {
        sund_buf    plain = { 0 }, sealed = { 0 };
        char        name[32];
        const char *a, *b;
        sund_code   rc;
        sund_err    err;

        make(kind[k], &plain, &sealed);
        CHECK(plain.n > SUND_C4GH_SEGMENT / 4);
        (void) snprintf(name, sizeof name, "cohort.%s", kind[k]);
        a = import(scratch(name), NULL, &rc, &err);
        CHECK(rc == SUND_OK);
        (void) import(scratch(name), pair("our.sec"), &rc, &err);
        CHECK(rc == SUND_E_ARG && strstr(err.msg, "not encrypted"));
        (void) unlink(scratch(name));
        CHECK(!planted(scratch("")));
        (void) snprintf(name, sizeof name, "cohort.%s.c4gh", kind[k]);
        b = import(put(name, &sealed), pair("our.sec"), &rc, &err);
        if (rc != SUND_OK)
            fprintf(stderr, "# %s\n", err.msg);
        CHECK(rc == SUND_OK && same_folder(a, b));
        CHECK(!planted(scratch("")));
        (void) import(scratch(name), pair("third.sec"), &rc, &err);
        CHECK(rc == SUND_OK);
        (void) import(scratch(name), pair("stranger.sec"), &rc, &err);
        CHECK(rc == SUND_E_DENIED && strstr(err.msg, name));
        (void) import(scratch(name), NULL, &rc, &err);
        CHECK(rc == SUND_E_FORMAT && strstr(err.msg, "--c4gh-key") && strstr(err.msg, name));
        sund_buf_free(&plain);
        sund_buf_free(&sealed);
    }
}

static void refused(const sund_buf *b, size_t n, const char *why)
{
    sund_buf  part = { b->p, n, n, false, false };
    sund_code rc;
    sund_err  err;

    (void) import(put("bad.c4gh", &part), pair("our.sec"), &rc, &err);
    if (rc == SUND_OK || !strstr(err.msg, "bad.c4gh") || strstr(err.msg, canary) || (why && !strstr(err.msg, why)))
        fprintf(stderr, "# at %zu of %zu: %s\n", n, b->n, err.msg);
    CHECK(rc != SUND_OK && strstr(err.msg, "bad.c4gh") && !strstr(err.msg, canary) && (!why || strstr(err.msg, why)));
}

TEST(cuts_and_changes_are_refused)
{
    static const char *const kind[] = { "vcf", "vcf.gz", "bcf" };

    for (size_t k = 0; k < 3; k++) {
        sund_buf     plain = { 0 }, b = { 0 };
        const size_t at = HEAD + 3 * PACKET;
        size_t       n_seg;

        make(kind[k], &plain, &b);
        n_seg = (plain.n + SUND_C4GH_SEGMENT - 1) / SUND_C4GH_SEGMENT;
        for (size_t n = 0; n < HEAD + 3 * PACKET; n += n < 8 ? 4 : 31)
            if (n >= 8)
                refused(&b, n, "cut short inside its header");
        refused(&b, at, "nothing is behind its header");
        for (size_t s = 0; s < n_seg; s++) {
            refused(&b, at + s * SUND_C4GH_SEALED, NULL); /* where one ends: what is inside tells */
            refused(&b, at + s * SUND_C4GH_SEALED + 1, "cut short");
            refused(&b, at + s * SUND_C4GH_SEALED + 12, "cut short");
            refused(&b, at + s * SUND_C4GH_SEALED + 28, "cut short");
            refused(&b, at + s * SUND_C4GH_SEALED + 29, "does not open");
            for (size_t o = 0; o < 3; o++) {
                size_t i = at + s * SUND_C4GH_SEALED + (size_t[]){ 0, 12, 100 }[o];
                b.p[i] ^= 1;
                refused(&b, b.n, "does not open");
                b.p[i] ^= 1;
            }
        }
        b.p[b.n - 1] ^= 128; /* the last tag */
        refused(&b, b.n, "does not open");
        b.p[b.n - 1] ^= 128;
        if (n_seg > 2) { /* moved: of one length, so each opens */
            uint8_t *x = b.p + at, *y = x + SUND_C4GH_SEALED;
            for (size_t i = 0; i < SUND_C4GH_SEALED; i++) {
                uint8_t t = x[i];
                x[i] = y[i];
                y[i] = t;
            }
            refused(&b, b.n, NULL);
        }
        (void) unlink(scratch("cohort.vcf"));
        (void) unlink(scratch("cohort.vcf.gz"));
        (void) unlink(scratch("cohort.bcf"));
        CHECK(!planted(scratch("")));
        sund_buf_free(&plain);
        sund_buf_free(&b);
    }
}

TEST(every_bit_of_the_header_counts)
{
    sund_buf  b = { 0 };
    sund_pub  to = pub_of(pair("our.sec"));
    uint8_t   key[32] = { 7 };
    sund_key  secret;
    sund_c4gh c;
    sund_err  err;

    CHECK(sund_c4gh_key_read(pair("our.sec"), &secret, NULL) == SUND_OK);
    begin(&b, 1);
    data_packet(&b, &to, key);
    CHECK(sund_c4gh_head("f", b.p, b.n, &secret, &c, &err) == SUND_OK && c.n_key == 1 && c.at == b.n && memcmp(c.key[0].b, key, 32) == 0);
    for (size_t i = 0; i < 8 * b.n; i++) {
        b.p[i / 8] ^= (uint8_t) (1 << i % 8);
        CHECK(sund_c4gh_head("f", b.p, b.n, &secret, &c, &err) != SUND_OK && strstr(err.msg, "f"));
        b.p[i / 8] ^= (uint8_t) (1 << i % 8);
    }
    for (size_t n = 0; n < b.n; n++)
        CHECK(sund_c4gh_head("f", b.p, n, &secret, &c, &err) != SUND_OK);
    sund_buf_free(&b);
}

TEST(edit_lists_and_unknown_packets_are_refused_and_keys_bounded)
{
    sund_pub  to = pub_of(pair("our.sec"));
    uint8_t   key[32] = { 7 }, edit[16] = { 1, 0, 0, 0, 1, 0, 0, 0, 5 }, odd[40] = { 2 }, method[40] = { 0, 0, 0, 0, 1 };
    sund_key  secret;
    sund_c4gh c;
    sund_err  err;

    CHECK(sund_c4gh_key_read(pair("our.sec"), &secret, NULL) == SUND_OK);
    for (int k = 0; k < 4; k++) {
        sund_buf b = { 0 };
        begin(&b, k == 3 ? 9 : 2);
        data_packet(&b, &to, key);
        if (k == 3)
            for (int i = 0; i < 8; i++)
                data_packet(&b, &to, key);
        else
            packet(&b, &to, k == 0 ? edit : k == 1 ? odd : method, k == 0 ? sizeof edit : sizeof odd);
        CHECK(sund_c4gh_head("f", b.p, b.n, &secret, &c, &err) == (k == 3 ? SUND_E_LIMIT : SUND_E_FORMAT) && c.n_key == 0);
        CHECK(k != 0 || strstr(err.msg, "edit list"));
        sund_buf_free(&b);
    }
}

TEST(key_files)
{
    static const char pass[] = "-----BEGIN CRYPT4GH PRIVATE KEY-----\nYzRnaC12MQAGc2NyeXB0ABQAAAAAAAECAwQFBgcICQoLDA0ODwARY2hhY2hhMjBfcG9seTEzMDUAPAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n-----END CRYPT4GH PRIVATE KEY-----\n";
    struct stat st;
    sund_key    k, again;
    sund_buf    text = { 0 }, pub = { 0 };
    sund_err    err;

    CHECK(stat(pair("made.sec"), &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(sund_c4gh_key_make(scratch("made.sec"), &pub, &err) == SUND_E_MISMATCH);
    CHECK(sund_file_read(scratch("made.sec"), 4096, &text, NULL) == SUND_OK && sund_c4gh_key_parse("k", text.p, text.n, &k, &err) == SUND_OK);
    CHECK(sund_file_read(scratch("made.sec.pub"), 4096, &pub, NULL) == SUND_OK && memcmp(pub.p, "-----BEGIN CRYPT4GH PUBLIC KEY-----\n", 36) == 0);
    for (size_t n = 0; n + 40 < text.n; n++)
        CHECK(sund_c4gh_key_parse("k", text.p, n, &again, &err) == SUND_E_FORMAT);
    CHECK(sund_c4gh_key_parse("k", pub.p, pub.n, &again, &err) == SUND_E_FORMAT);
    CHECK(sund_c4gh_key_parse("k", pass, sizeof pass - 1, &again, &err) == SUND_E_FORMAT && strstr(err.msg, "passphrase"));
    CHECK(chmod(scratch("made.sec"), 0644) == 0 && sund_c4gh_key_read(scratch("made.sec"), &k, &err) == SUND_E_DENIED);
    sund_buf_free(&text);
    sund_buf_free(&pub);
}
