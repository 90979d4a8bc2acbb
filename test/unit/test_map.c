#include "base/file.h"
#include "test.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static size_t files_in(const char *path)
{
    DIR   *d = opendir(path);
    size_t n = 0;

    while (d && readdir(d))
        n++;
    (void) closedir(d);
    return n - 2;
}

/** What the process has in memory now, bytes. */
static long resident(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long  size = 0, now = 0;

    CHECK(f && fscanf(f, "%ld %ld", &size, &now) == 2);
    (void) fclose(f);
    return now * sysconf(_SC_PAGESIZE);
}

/** A buffer grown byte by byte over many sizes, and what is in it; resting all the while. */
static void grow(void)
{
    sund_buf b = { .large = true };

    for (uint32_t i = 0; i < 1500000; i++) {
        sund_buf_u32(&b, i);
        sund_maps_pass(i);
    }
    CHECK(sund_buf_ok(&b, NULL) == SUND_OK && b.n == 6000000);
    sund_maps_rest();
    for (uint32_t i = 0; i < 1500000; i++) {
        uint32_t x = (uint32_t) b.p[4 * i] | (uint32_t) b.p[4 * i + 1] << 8 |
                     (uint32_t) b.p[4 * i + 2] << 16;

        if (x != i) {
            CHECK(x == i);
            break;
        }
    }
    sund_buf_free(&b);
    CHECK(b.p == NULL && b.n == 0);
}

TEST(without_a_folder_large_arrays_are_memory)
{
    uint64_t *p = sund_large_new(1 << 22);

    CHECK(p && p[0] == 0 && p[(1 << 19) - 1] == 0);
    sund_large_free(p);
    sund_large_free(NULL);
    grow();
}

TEST(with_a_folder_they_are_files_without_a_name)
{
    enum { BYTES = 64 << 20 };
    char     dir[] = "/tmp/sund-map-XXXXXX";
    uint8_t *p;
    long     before, full;

    CHECK(mkdtemp(dir) != NULL);
    sund_large_at(dir, true);
    before = resident();
    p = sund_large_new(BYTES);
    CHECK(p && p[0] == 0 && p[BYTES - 1] == 0 && files_in(dir) == 0);
    memset(p, 7, BYTES);
    full = resident();
    sund_maps_rest();
    CHECK(full - before > BYTES / 2 && resident() - before < BYTES / 8); /* let go of, not lost */
    CHECK(p[0] == 7 && p[BYTES / 2] == 7 && p[BYTES - 1] == 7);
    p = sund_large_renew(p, BYTES, 2 * (size_t) BYTES);
    CHECK(p && p[0] == 7 && p[BYTES - 1] == 7);
    for (size_t i = 0; i < BYTES / 1024; i++) { /* a walk by entries of a kilobyte */
        sund_maps_pass(i);
        p[1024 * i] = 8;
    }
    CHECK(resident() - before < BYTES / 8);
    sund_large_free(p);
    grow();
    for (int secrets = 0; secrets < 2; secrets++) { /* in a file only where they may be */
        sund_large_at(dir, secrets);
        before = resident();
        p = sund_large_secret(BYTES);
        CHECK(p && p[0] == 0);
        memset(p, 7, BYTES);
        sund_maps_rest();
        CHECK((resident() - before < BYTES / 8) == secrets && p[BYTES - 1] == 7);
        sund_large_free(p);
    }
    CHECK(rmdir(dir) == 0);
}

/** Where the folder has no room for it an array is ordinary memory, from the start or from some
 * size on. */
TEST(a_full_folder_is_no_end)
{
    char          dir[] = "/tmp/sund-map-XXXXXX";
    struct rlimit few = { 2 << 20, 2 << 20 }; /* stays with this process: the last test */

    uint8_t *p;

    CHECK(mkdtemp(dir) != NULL);
    sund_large_at(dir, true);
    CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &few) == 0);
    p = sund_large_new(4 << 20);
    CHECK(p && p[0] == 0 && p[(4 << 20) - 1] == 0);
    sund_large_free(p);
    grow(); /* a file up to 2 MiB, memory from there */
    sund_large_at("/no/such/folder", true);
    grow();
    CHECK(rmdir(dir) == 0);
}
