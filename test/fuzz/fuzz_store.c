/* The store's reader. A small sound store is made once; an input is a list of changes to one of its files (byte 0: the file, byte 1: whether its
 * digests are made right again so that the change is not merely noticed as a change), then everything is read. With bit 1 or 2 of byte 1 the changes
 * are to the inside of a packed block, or to lists, which an encoding then reads. With bit 3 the rest is a key file; with bit 4 the changes are to a file of the same
 * store encrypted (file N_STORE_FILE: its manifest), in which no reading may come to other genotypes. */
#include "base/file.h"
#include "secagg/gcm.h"
#include "store/key.h"
#include "store/store_priv.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { PEOPLE = 70, SITES = 40 };
static char     folder[] = "/tmp/sund-fuzz-XXXXXX", dir[64], sealed_dir[64];
static sund_buf sound[N_STORE_FILE], sealed[N_STORE_FILE + 1];
static uint64_t truth; /* what reading all genotypes comes to */

static int gone(const char *path, const struct stat *st, int kind, struct FTW *f)
{
    (void) st, (void) kind, (void) f;
    return remove(path);
}
static void clean(void) { (void) nftw(folder, gone, 16, FTW_DEPTH | FTW_PHYS); }

static void make(const char *to, const sund_store_key *key)
{
    const char        *person[PEOPLE], *population[PEOPLE];
    static char        name[PEOPLE][8];
    uint8_t            sex[PEOPLE], gt[PEOPLE];
    uint64_t           plane[5 * (PEOPLE / 64 + 1)];
    sund_gt            site;
    sund_phase         phase;
    sund_region        callable = { 20, 0, 5000 };
    sund_store_plan    plan = { SUND_GRCH37, PEOPLE, person, sex, population, "fuzz", &callable, 1, true, 1, key };
    sund_store_writer *w = NULL;

    for (int i = 0; i < PEOPLE; i++) {
        (void) snprintf(name[i], sizeof name[i], "P%d", i);
        person[i] = name[i];
        population[i] = i % 3 ? "A" : "B";
        sex[i] = (uint8_t) (i % 3);
    }
    if (sund_store_writer_open(&w, to, &plan, NULL) != SUND_OK)
        abort();
    for (uint32_t j = 0; j < SITES; j++) {
        sund_variant v = { j < 30 ? 20 : 23, 100 + 10 * j, "A", j % 2 ? "G" : "AT", 1, j % 2 ? 1 : 2 };

        for (int i = 0; i < PEOPLE; i++) {
            uint32_t x = (uint32_t) i * 2654435761u ^ j * 40503u;
            gt[i] = (uint8_t) (j % 4 == 0 ? x % 4 : j % 4 == 1 ? x % 97 == 0 : x % 29 == 0);
            if (j >= 30 && sex[i] == 1 && gt[i] == 1)
                gt[i] = 2; /* one copy of X */
            if (j % 5 == 1 && gt[i] == 1)
                gt[i] = 1 | SUND_GT_PHASED | (i % 2 ? SUND_GT_ALT_FIRST : 0);
        }
        if (!sund_gt_of_codes(gt, PEOPLE, plane, &site, &phase) || sund_store_writer_add(w, &v, j % 2 ? SUND_KIND_SNV : SUND_KIND_INDEL, &site, &phase, NULL) != SUND_OK)
            abort();
    }
    if (sund_store_writer_seal(w, NULL) != SUND_OK)
        abort();
    sund_store_writer_close(w);
}

static void path_of(int f, char out[128]) { (void) snprintf(out, 128, "%s/%s", dir, sund_store_file[f]); }
static void sealed_path(int f, char out[128]) { (void) snprintf(out, 128, "%s/%s", sealed_dir, f < N_STORE_FILE ? sund_store_file[f] : sund_manifest_bin); }

/** Of all genotypes; 0: an error was said. */
static uint64_t read_sealed(void)
{
    sund_store        *s = NULL;
    sund_store_reader *r = NULL;
    uint8_t            code[PEOPLE];
    uint64_t           sum = 1;
    sund_gt            g;

    if (sund_store_open(&s, sealed_dir, NULL) != SUND_OK || sund_store_reader_open(&r, s, NULL) != SUND_OK || sund_store_describe(s)->n_person != PEOPLE)
        sum = 0;
    for (size_t j = 0; sum && j < SITES; j++) {
        sund_site site;

        sund_store_site(s, j, &site);
        if (sund_store_read(r, j, &g, NULL) != SUND_OK || sund_store_sound(s, NULL) != SUND_OK) {
            sum = 0;
            break;
        }
        sund_gt_codes(&g, PEOPLE, code);
        for (int i = 0; i < PEOPLE; i++)
            sum = (sum ^ code[i] ^ site.v.pos_bp) * 1099511628211u + 1;
    }
    sund_store_reader_close(r);
    sund_store_close(s);
    return sum;
}

static void put(const char *path, const void *p, size_t n);

/** Changes to a file of the encrypted store: u16 place, u8 change. */
static void sealed_changed(int f, const uint8_t *p, size_t n)
{
    char     path[128];
    sund_buf b = { 0 };
    uint64_t got;

    sealed_path(f, path);
    sund_buf_put(&b, sealed[f].p, sealed[f].n);
    for (; n >= 3; p += 3, n -= 3) {
        size_t place = (size_t) p[0] | (size_t) p[1] << 8;

        if (place == 65535 && b.n > (size_t) p[2] * 16)
            b.n = (size_t) p[2] * 16;
        else if (b.n)
            b.p[place % b.n] ^= p[2];
    }
    put(path, b.p, b.n);
    got = read_sealed();
    if (got && got != truth)
        abort();
    put(path, sealed[f].p, sealed[f].n);
    sund_buf_free(&b);
}

static void load(void (*path_at)(int f, char out[128]), sund_buf *file, int n)
{
    for (int f = 0; f < n; f++) {
        char path[128];

        path_at(f, path);
        if (sund_file_read(path, 1 << 20, &file[f], NULL) != SUND_OK)
            abort();
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const sund_store_key *key = NULL;
    char                  path[128], name[SUND_STORE_KEY_NAME + 1];

    (void) argc, (void) argv;
    if (sund_crypto_init(NULL) != SUND_OK || !mkdtemp(folder))
        abort();
    sund_aead_by(&sund_gcm);
    (void) atexit(clean);
    (void) snprintf(dir, sizeof dir, "%s/store", folder);
    (void) snprintf(sealed_dir, sizeof sealed_dir, "%s/sealed", folder);
    (void) snprintf(path, sizeof path, "%s/key", folder);
    if (sund_store_key_make(path, name, NULL) != SUND_OK || sund_store_key_add(path, &key, NULL) != SUND_OK)
        abort();
    make(dir, NULL);
    make(sealed_dir, key);
    load(path_of, sound, N_STORE_FILE);
    load(sealed_path, sealed, N_STORE_FILE + 1);
    for (int f = 0; f <= N_STORE_FILE; f++) { /* as sealed they are read-only */
        sealed_path(f, path);
        (void) chmod(path, 0600);
    }
    truth = read_sealed();
    return truth ? 0 : (abort(), 1);
}

static void put(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0)
        abort();
}

/** A manifest, and block and row digests, that fit the altered files: an attacker can make those too. */
static void reseal(sund_buf file[N_STORE_FILE])
{
    manifest m;
    sund_buf text = { 0 };
    char     path[128];

    if (sund_manifest_read(dir, &m, NULL) != SUND_OK)
        abort();
    for (size_t at = HEAD_BYTES; at + BLOCK_BYTES <= file[F_BLOCKS].n; at += BLOCK_BYTES) {
        block_row r = sund_block_row_read(file[F_BLOCKS].p + at);
        uint64_t  sum = r.file_at <= file[F_GENOTYPES].n && r.n_stored <= file[F_GENOTYPES].n - r.file_at ? sund_sum64(file[F_GENOTYPES].p + r.file_at, r.n_stored) : 0;
        memcpy(file[F_BLOCKS].p + at + 8, &sum, 8);
    }
    for (int f = 0; f < N_STORE_FILE; f++) {
        m.size[f] = file[f].n;
        m.digest[f] = sund_digest_of(file[f].p, file[f].n);
    }
    sund_manifest_write(&m, "fuzz", &text);
    (void) snprintf(path, sizeof path, "%s/manifest.txt", dir);
    put(path, text.p, text.n);
    sund_buf_free(&text);
}

static void read_all(void)
{
    sund_store        *s = NULL;
    sund_store_reader *r = NULL;
    sund_err           err;

    if (sund_store_open(&s, dir, &err) == SUND_OK && sund_store_reader_open(&r, s, &err) == SUND_OK) {
        const sund_store_info *info = sund_store_describe(s);
        uint8_t               *code = malloc(info->n_person + 1);
        uint64_t              *all = calloc(info->n_person / 64 + 1, 8);
        sund_person_plane      everyone = sund_person_plane_of(all, (info->n_person + 63) / 64);
        sund_classes           in, *rows = calloc(1000, sizeof *rows);
        size_t                 n_row = rows && info->n_site < 1000 ? info->n_site : 0;

        (void) !sund_store_count_rows(r, 0, n_row, &everyone, 1, rows, &err); /* on bytes that nobody has looked at, and on those at hand */
        (void) !sund_store_count_rows(r, 0, n_row, &everyone, 1, rows, &err);
        free(rows);
        for (size_t j = 0; code && j < info->n_site && j < 1000; j++) {
            sund_site       site;
            sund_gt         g;
            sund_counts     c;
            const uint64_t *phased, *first;
            bool            any;

            sund_store_site(s, j, &site);
            (void) !sund_store_counts(r, j, -1, -1, &c, &err);
            (void) !sund_store_count(r, j, &everyone, 1, &in, &err);
            if (sund_store_read(r, j, &g, &err) == SUND_OK) {
                sund_gt_codes(&g, info->n_person, code);
                for (size_t i = 0; i < info->n_person; i++)
                    if (code[i] > SUND_GT_MISSING)
                        abort();
            }
            (void) !sund_store_phase(r, j, &phased, &first, &any, &err);
            (void) sund_store_callable(s, site.v.contig, site.v.pos_bp, site.v.n_ref);
            (void) sund_store_find(s, &site.v, &(size_t){ 0 });
        }
        free(code);
        free(all);
    }
    sund_store_reader_close(r);
    sund_store_close(s);
    (void) !sund_store_verify(dir, NULL, NULL, &err);
}

/** Every site of a block by every function of its encoding. */
static void read_block(const sund_encoding *e, const uint8_t *p, size_t n, size_t n_at)
{
    enum { W = (PEOPLE + 63) / 64 };
    static uint32_t   list[4][2 * PEOPLE + 1];
    static uint64_t   plane[6][W];
    static const uint64_t none[W];
    sund_decoded      d = { .n_person = PEOPLE, .n_word = W, .haplotype = list[0], .het = list[1], .hom = list[2], .missing = list[3], .het_plane = plane[0], .hom_plane = plane[1],
                            .missing_plane = plane[2], .phased = plane[3], .alt_first = plane[4], .none = none };
    sund_person_plane set = { plane[5], 0 };

    for (size_t k = 0; k <= 2 * PEOPLE; k++)
        d.low_bits[k] = (uint8_t) sund_list_low_bits(k, 2 * PEOPLE);
    for (size_t at = 0; at < n_at; at++) {
        sund_block_view v = { p, n, at };
        sund_classes    c;
        sund_gt         g;
        uint8_t         code[PEOPLE];
        bool            any;

        if (e->decode(v, &d, &g))
            sund_gt_codes(&g, PEOPLE, code);
        (void) e->count(v, &d, &set, 1, &c);
        (void) e->phase(v, &d, &any);
    }
}

/** The first block of an encoding, changed behind its compression. */
static void inside(uint32_t encoding, const uint8_t *p, size_t n)
{
    const sund_encoding *e = sund_encoding_by_code(encoding);

    for (size_t at = HEAD_BYTES; at + BLOCK_BYTES <= sound[F_BLOCKS].n; at += BLOCK_BYTES) {
        block_row r = sund_block_row_read(sound[F_BLOCKS].p + at);
        sund_buf  plain = { 0 }, packed = { 0 }, out = { 0 };

        if (r.encoding != encoding)
            continue;
        if (!sund_buf_room(&plain, r.n_raw) || !sund_buf_room(&packed, ZSTD_compressBound(r.n_raw)))
            abort();
        if (e->unpack)
            plain.n = ZSTD_decompress(plain.p, r.n_raw, sound[F_GENOTYPES].p + r.file_at, r.n_stored);
        else
            sund_buf_put(&plain, sound[F_GENOTYPES].p + r.file_at, r.n_stored);
        for (; n >= 3; p += 3, n -= 3)
            plain.p[((size_t) p[0] | (size_t) p[1] << 8) % plain.n] ^= p[2];
        if (!e->unpack)
            read_block(e, plain.p, plain.n, plain.n);
        packed.n = e->unpack ? ZSTD_compress(packed.p, packed.cap, plain.p, plain.n, 1) : 0;
        if (e->unpack && e->unpack(packed.p, packed.n, PEOPLE, r.n_site, plain.n, &out, NULL) == SUND_OK)
            read_block(e, out.p, out.n, r.n_site);
        sund_buf_free(&plain);
        sund_buf_free(&packed);
        sund_buf_free(&out);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    sund_buf file[N_STORE_FILE];
    sund_buf was = { 0 };
    int      f;
    char     path[128], seal[128];

    if (n < 2)
        return 0;
    if (p[1] & 8) {
        sund_key key;

        (void) !sund_store_key_parse(p + 2, n - 2, &key);
        return 0;
    }
    if (p[1] & 16) {
        sealed_changed(p[0] % (N_STORE_FILE + 1), p + 2, n - 2);
        return 0;
    }
    if (p[1] & 6) {
        inside(p[1] & 2 ? 4 : 3, p + 2, n - 2);
        return 0;
    }
    f = p[0] % N_STORE_FILE;
    path_of(f, path);
    (void) snprintf(seal, sizeof seal, "%s/manifest.txt", dir);
    if (sund_file_read(seal, 1 << 20, &was, NULL) != SUND_OK)
        abort();
    for (int i = 0; i < N_STORE_FILE; i++) {
        file[i] = (sund_buf){ 0 };
        sund_buf_put(&file[i], sound[i].p, sound[i].n);
    }
    for (size_t at = 2; at + 3 <= n; at += 3) { /* u16 place, u8 change; place 65535 cuts the file to 16 times the change */
        size_t place = (size_t) p[at] | (size_t) p[at + 1] << 8;

        if (place == 65535 && file[f].n > (size_t) p[at + 2] * 16)
            file[f].n = (size_t) p[at + 2] * 16;
        else if (file[f].n)
            file[f].p[place % file[f].n] ^= p[at + 2];
    }
    if (p[1] & 1)
        reseal(file);
    for (int i = 0; i < N_STORE_FILE; i++) {
        path_of(i, path);
        if (i == f || i == F_BLOCKS)
            put(path, file[i].p, file[i].n);
    }
    read_all();
    for (int i = 0; i < N_STORE_FILE; i++) {
        path_of(i, path);
        if (i == f || i == F_BLOCKS)
            put(path, sound[i].p, sound[i].n);
        sund_buf_free(&file[i]);
    }
    put(seal, was.p, was.n);
    sund_buf_free(&was);
    return 0;
}
