#include "base/c4gh.h"
#include "base/file.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "home/home.h"
#include "store/encrypt.h"
#include "store/key.h"

#include <stdio.h>

/* Keys of encrypted stores. */

sund_code sund_give_key(const char *store, const char *key, sund_err *err)
{
    char beside[4096];

    if (key)
        return sund_store_key_add(key, NULL, err);
    if (!sund_store_encrypted(store))
        return SUND_OK;
    SUND_TRY(sund_store_key_add_given(err));
    SUND_TRY(sund_path_join(beside, sizeof beside, store, "..", err));
    return sund_home_store_key(beside, err);
}

sund_code sund_open_store(sund_store **s, const char *store, const char *key, sund_err *err)
{
    SUND_TRY(sund_give_key(store, key, err));
    return sund_store_open(s, store, err);
}

sund_code sund_open_sites(sund_store **s, const char *store, const char *key, sund_err *err)
{
    SUND_TRY(sund_give_key(store, key, err));
    return sund_store_open_sites(s, store, err);
}

static sund_code make_c4gh(const char *path, sund_err *err)
{
    sund_buf  pub = { 0 };
    sund_code rc = sund_c4gh_key_make(path, &pub, err);

    if (rc == SUND_OK)
        printf("%s: the secret key; keep a copy elsewhere. %s.pub, for those who send files:\n%.*s", path, path, (int) pub.n, (const char *) pub.p);
    sund_buf_free(&pub);
    return rc;
}

sund_code sund_cmd_key_make(int argc, char **argv, sund_err *err)
{
    bool            c4gh = false;
    const sund_opt  opt[] = {
        { "c4gh", 'b', &c4gh, NULL, "a pair for Crypt4GH instead: FILE is the secret key, FILE.pub the public one, which those who send files encrypt for" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "key make", "[--c4gh] FILE", "Makes a key that encrypts genotype stores, into a file that its owner alone may read. Keep a copy where the stores are not: without the key nobody, ever, reads what it encrypted. 'sund import --key FILE' "
                          "encrypts with it; 'store_key = FILE' under [node] of sund.ini lets the home's commands and its node read the store.",
                          "sund key make /etc/sund/store.key\nsund import --key /etc/sund/store.key --store fi/store --samples samples.tsv chr20.vcf.gz\nsund key make --c4gh /etc/sund/c4gh.sec\nsund import --c4gh-key /etc/sund/c4gh.sec --store store --samples samples.tsv cohort.vcf.gz.c4gh", opt, 1, 1 };
    char            name[SUND_STORE_KEY_NAME + 1];
    bool            helped = false;
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (c4gh)
        return make_c4gh(argv[1], err);
    SUND_TRY(sund_store_key_make(argv[1], name, err));
    printf("%s: the key %s; keep a copy elsewhere: nothing that it encrypts can be read without it\n", argv[1], name);
    return SUND_OK;
}

static void show_bytes(void *ctx, uint64_t done, uint64_t total)
{
    sund_progress *bar = ctx;

    bar->total = total;
    sund_progress_at(bar, done);
}

sund_code sund_cmd_encrypt(int argc, char **argv, sund_err *err)
{
    const char           *key = NULL, *was = NULL;
    const sund_opt        opt[] = {
        { "key", 's', &key, "FILE", "the key to encrypt with ('sund key make'), or credential:NAME of systemd (needed)" },
        { "was", 's', &was, "FILE", "the key that STORE is encrypted with (what the sund.ini beside it says)" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts       o = { "encrypt", "--key FILE STORE NEW", "Writes a store again, encrypted: one that is in the clear, or with another key. What is inside is the same, and so is the release that it is. The old one stays: put NEW in its place and remove it, as your storage removes things for good.",
                                "sund encrypt --key /etc/sund/store.key fi/store fi/store.new\nsund encrypt --was old.key --key new.key fi/store fi/store.new", opt, 2, 2 };
    const sund_store_key *k = NULL;
    sund_progress         bar;
    bool                  helped = false;
    size_t                n;
    sund_code             rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (!key)
        return sund_fail(err, SUND_E_ARG, "--key is needed; see 'sund encrypt --help'");
    SUND_TRY(sund_give_key(argv[1], was, err));
    SUND_TRY(sund_store_key_add(key, &k, err));
    sund_progress_begin(&bar, "encrypt", "bytes", 0);
    rc = sund_store_encrypt(argv[1], argv[2], k, show_bytes, &bar, err);
    sund_progress_end(&bar);
    if (rc == SUND_OK)
        printf("%s: %s, encrypted with the key %s\n", argv[2], argv[1], sund_store_key_name(k));
    return rc;
}
