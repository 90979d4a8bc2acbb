/* encrypted PLAIN STORE KEY [RUNS]: the same store twice, the second encrypted with the key in a file. Genotype counts over every tenth person at every site, in turn, RUNS times (9);
 * of each store the least time of opening and going over it once (first_...), and of going over it again with blocks at hand (hot_...). cold_one_us: one site by a fresh reader. ..._gb_s: how fast each library decrypts
 * units of 4 KiB and of 64 KiB. BENCH_SODIUM: stores by libsodium. */
#include "bench/aid.h"
#include "secagg/gcm.h"
#include "store/key.h"

#include <time.h>

/** Seconds of this process on a processor: others on the machine move them less than a clock. */
static double cpu_s(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

typedef struct times { double first, hot, one; uint64_t sum; } times;

static uint64_t count(sund_store_reader *r, size_t n_site, sund_person_plane set)
{
    sund_classes c;
    uint64_t     sum = 0;

    for (size_t j = 0; j < n_site; j++) {
        MUST(sund_store_count(r, j, &set, 1, &c, err_));
        sum += (uint64_t) (c.het + 2 * c.alt + 3 * c.missing);
    }
    return sum;
}

static void least(double *best, double t) { *best = *best == 0 || t < *best ? t : *best; }

static void run(const char *dir, times *t)
{
    sund_store        *s = NULL;
    sund_store_reader *r = NULL;
    sund_counts        c;
    double             began = cpu_s();
    size_t             n, n_word;
    uint64_t          *tenth;
    sund_person_plane  set;

    MUST(sund_store_open(&s, dir, err_));
    MUST(sund_store_reader_open(&r, s, err_));
    n = sund_store_describe(s)->n_site;
    n_word = (sund_store_describe(s)->n_person + 63) / 64;
    tenth = calloc(n_word, sizeof *tenth);
    if (!tenth)
        exit(2);
    for (size_t i = 0; i < sund_store_describe(s)->n_person; i += 10)
        tenth[i / 64] |= 1ull << (i % 64);
    set = sund_person_plane_of(tenth, n_word);
    t->sum = count(r, n, set);
    least(&t->first, cpu_s() - began);
    began = cpu_s();
    t->sum += count(r, n, set);
    least(&t->hot, cpu_s() - began);
    sund_store_reader_close(r);
    MUST(sund_store_reader_open(&r, s, err_));
    began = cpu_s();
    MUST(sund_store_counts(r, n / 2, -1, -1, &c, err_));
    least(&t->one, cpu_s() - began);
    sund_store_reader_close(r);
    sund_store_close(s);
    free(tenth);
}

/** 10^9 bytes a second of one processor, decrypted in units of n; 0 where this library cannot. */
static double rate(const sund_aead_way *way, size_t n)
{
    static uint8_t text[65536], sealed[65536 + SUND_AEAD_TAG];
    const uint8_t  nonce[SUND_AEAD_NONCE] = { 0 };
    sund_key       k = { { 1 } };
    sund_aead     *a = NULL;
    double         began, best = 0, t;
    enum { BYTES = 256 << 20 };

    sund_aead_by(way);
    if (sund_aead_new(&a, &k, NULL) != SUND_OK)
        return 0;
    for (int i = 0; i < 3; i++) {
        began = cpu_s();
        if (!sund_aead_seal(a, nonce, sund_cur_of(NULL, 0), sund_cur_of(text, n), sealed))
            exit(2);
        for (size_t done = 0; done < BYTES; done += n)
            if (!sund_aead_unseal(a, nonce, sund_cur_of(NULL, 0), sund_cur_of(sealed, n + SUND_AEAD_TAG), text))
                exit(2);
        t = cpu_s() - began;
        best = best == 0 || t < best ? t : best;
    }
    sund_aead_free(a);
    return BYTES / best / 1e9;
}

int main(int argc, char **argv)
{
    times plain = { 0 }, encrypted = { 0 };

    if (argc < 4)
        return 2;
    MUST(sund_crypto_init(err_));
    printf("openssl_gb_s=%.2f\nopenssl_64k_gb_s=%.2f\nsodium_gb_s=%.2f\n", rate(&sund_gcm, 4096), rate(&sund_gcm, 65536), rate(&sund_aead_sodium, 4096));
    sund_aead_by(getenv("BENCH_SODIUM") ? &sund_aead_sodium : &sund_gcm);
    MUST(sund_store_key_add(argv[3], NULL, err_));
    for (int k = 0; k < (argc > 4 ? atoi(argv[4]) : 9); k++) {
        run(argv[1], &plain);
        run(argv[2], &encrypted);
    }
    if (plain.sum != encrypted.sum) {
        fprintf(stderr, "other counts\n");
        return 1;
    }
    printf("first_plain_ms=%.2f\nfirst_encrypted_ms=%.2f\nfirst_ratio=%.3f\nhot_ratio=%.3f\ncold_one_plain_us=%.2f\ncold_one_us=%.2f\n", 1e3 * plain.first, 1e3 * encrypted.first, encrypted.first / plain.first,
           encrypted.hot / plain.hot, 1e6 * plain.one, 1e6 * encrypted.one);
    return 0;
}
