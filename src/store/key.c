#include "store/key.h"

#include "base/aead.h"
#include "base/file.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct sund_store_key { sund_key master; char name[SUND_STORE_KEY_NAME + 1]; };

enum { KEYS_MAX = 16, KEY_FILE_MAX = 4096 };
static const char      begins[] = "sund-store-key ", credential[] = "credential:", given[] = "credential:sund-store-key";
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sund_store_key *key[KEYS_MAX];
static size_t          n_key;

static void name_of(const sund_key *master, char name[SUND_STORE_KEY_NAME + 1])
{
    static const char what[] = "sund store key: its name";
    sund_digest       d = sund_digest_keyed(master, what, sizeof what - 1);

    sund_hex(d.b, SUND_STORE_KEY_NAME / 2, name);
}

bool sund_store_key_parse(const void *p, size_t n, sund_key *out)
{
    enum { BEGINS = sizeof begins - 1, HEX = 2 * sizeof out->b };
    const char *s = p;
    char        hex[HEX + 1];
    bool        ok;

    if (n > BEGINS + HEX && s[n - 1] == '\n')
        n--;
    if (n != BEGINS + HEX || memcmp(s, begins, BEGINS) != 0)
        return false;
    memcpy(hex, s + BEGINS, HEX);
    hex[HEX] = 0;
    ok = sund_unhex(hex, out->b, sizeof out->b);
    sund_wipe(hex, sizeof hex);
    return ok;
}

sund_code sund_store_key_make(const char *path, char name[SUND_STORE_KEY_NAME + 1], sund_err *err)
{
    char      text[sizeof begins + 2 * sizeof(sund_key) + 1];
    sund_key  k;
    sund_code rc;

    if (sund_file_exists(path))
        return sund_fail(err, SUND_E_MISMATCH, "%s is there already: a key is never written over, for what it encrypted would be lost", path);
    sund_random(&k, sizeof k);
    name_of(&k, name);
    memcpy(text, begins, sizeof begins);
    sund_hex(k.b, sizeof k.b, text + sizeof begins - 1);
    text[sizeof text - 2] = '\n';
    rc = sund_file_write(path, text, sizeof text - 1, 0600, err);
    sund_wipe(text, sizeof text);
    sund_wipe(&k, sizeof k);
    return rc;
}

/** Where systemd put a credential. It may let the service's user read it by an access list, which shows as a right of the group; that nobody else may is asked for. */
static sund_code credential_path(const char *name, char *path, size_t cap, sund_err *err)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    struct stat st;

    if (!name[0] || name[0] == '.' || strchr(name, '/'))
        return sund_fail(err, SUND_E_ARG, "credential:%.40s: a credential's name has no '/' and begins with no dot", name);
    if (!dir || !dir[0])
        return sund_fail(err, SUND_E_NOT_FOUND, "credential:%.40s: this process was given no credentials: its unit needs 'LoadCredential=%.40s:/path/of/the/key'", name, name);
    SUND_TRY(sund_path_join(path, cap, dir, name, err));
    if (stat(path, &st) != 0)
        return sund_fail(err, SUND_E_NOT_FOUND, "%s is not there: the unit needs 'LoadCredential=%.40s:/path/of/the/key'", path, name);
    return st.st_mode & 07 ? sund_fail(err, SUND_E_DENIED, "%s may be read by everybody", path) : SUND_OK;
}

/** Under the lock. */
static sund_store_key *find(const char *name)
{
    for (size_t i = 0; i < n_key; i++)
        if (strcmp(key[i]->name, name) == 0)
            return key[i];
    return NULL;
}

static sund_code keep(const sund_key *master, const sund_store_key **out, sund_err *err)
{
    char            name[SUND_STORE_KEY_NAME + 1];
    sund_store_key *k;
    sund_code       rc = SUND_OK;

    name_of(master, name);
    (void) pthread_mutex_lock(&lock);
    k = find(name);
    if (!k && n_key == KEYS_MAX)
        rc = sund_fail(err, SUND_E_LIMIT, "a process has at most %d keys of stores", KEYS_MAX);
    else if (!k && !(k = sund_secret_new(sizeof *k)))
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory for a key");
    else if (!find(name)) {
        k->master = *master;
        memcpy(k->name, name, sizeof k->name);
        key[n_key++] = k;
    }
    (void) pthread_mutex_unlock(&lock);
    if (rc == SUND_OK && out)
        *out = k;
    return rc;
}

sund_code sund_store_key_add(const char *from, const sund_store_key **k, sund_err *err)
{
    char      path[4096];
    sund_buf  text = { 0 };
    sund_key  master;
    sund_code rc;

    if (strncmp(from, credential, sizeof credential - 1) == 0) {
        SUND_TRY(credential_path(from + sizeof credential - 1, path, sizeof path, err));
    }
    else {
        if (snprintf(path, sizeof path, "%s", from) >= (int) sizeof path)
            return sund_fail(err, SUND_E_LIMIT, "path too long: %.100s", from);
        SUND_TRY(sund_file_private(path, err));
    }
    rc = sund_file_read(path, KEY_FILE_MAX, &text, err);
    if (rc == SUND_OK && !sund_store_key_parse(text.p, text.n, &master))
        rc = sund_fail(err, SUND_E_FORMAT, "%s is no key of a store: 'sund key make' writes one", path);
    if (rc == SUND_OK)
        rc = keep(&master, k, err);
    if (text.p)
        sund_wipe(text.p, text.cap);
    sund_buf_free(&text);
    sund_wipe(&master, sizeof master);
    return rc;
}

sund_code sund_store_key_add_given(sund_err *err)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    char        path[4096];

    if (!dir || !dir[0] || sund_path_join(path, sizeof path, dir, given + sizeof credential - 1, NULL) != SUND_OK || !sund_file_exists(path))
        return SUND_OK;
    return sund_store_key_add(given, NULL, err);
}

const sund_store_key *sund_store_key_find(const char *name)
{
    const sund_store_key *k;

    (void) pthread_mutex_lock(&lock);
    k = find(name);
    (void) pthread_mutex_unlock(&lock);
    return k;
}

const char *sund_store_key_name(const sund_store_key *k) { return k->name; }

const sund_store_key *sund_store_key_only(void)
{
    const sund_store_key *k;

    (void) pthread_mutex_lock(&lock);
    k = n_key == 1 ? key[0] : NULL;
    (void) pthread_mutex_unlock(&lock);
    return k;
}

sund_digest sund_store_key_derive(const sund_store_key *k, const void *p, size_t n) { return sund_digest_keyed(&k->master, p, n); }

void sund_store_keys_forget(void)
{
    (void) pthread_mutex_lock(&lock);
    while (n_key)
        sund_secret_free(key[--n_key]);
    (void) pthread_mutex_unlock(&lock);
}
