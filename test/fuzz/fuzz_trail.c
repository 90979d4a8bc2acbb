/* Exported logs and lines of heads, from outside. The first byte says which; of the last kind the input is the entries' texts, and what is written of them has to be read again. */
#include "gate/trail.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static sund_code read_one(sund_trail *t, bool heads, const void *p, size_t n, sund_err *err)
{
    uint8_t  *copy = malloc(n);
    FILE     *f;
    sund_code rc;

    memcpy(copy, p, n);
    f = fmemopen(copy, n, "rb");
    if (!f)
        abort();
    rc = heads ? sund_trail_read_heads(t, f, "x", err) : sund_trail_read(t, f, "x", err);
    fclose(f);
    free(copy);
    if (rc != SUND_OK && (!err->msg[0] || t->db))
        abort();
    return rc;
}

static void taken(const uint8_t *p, size_t n, bool heads)
{
    sund_trail       t;
    sund_trail_heads h;
    sund_err         err = { SUND_OK, "" };

    if (read_one(&t, heads, p, n, &err) != SUND_OK)
        return;
    if (sund_trail_count(&t, &h, &err) != SUND_OK || (heads ? t.head.n != 0 : t.head.n == 0 || !t.made[0]))
        abort();
    sund_trail_close(&t);
}

static void written(const uint8_t *p, size_t n)
{
    sund_db      *db = NULL;
    sund_identity me = { .id = "FI" };
    sund_digest   roster = { { 1 } };
    sund_trail    t;
    sund_head     own;
    sund_err      err = { SUND_OK, "" };
    char         *out = NULL;
    size_t        len = 0;
    FILE         *f = open_memstream(&out, &len);

    sund_sign_keypair(&me.pub, &me.key);
    if (sund_db_open(&db, ":memory:", "", &err) != SUND_OK || sund_ledger_open(db, &err) != SUND_OK || sund_heads_open(db, &err) != SUND_OK)
        abort();
    for (size_t k = 0; n && k < 8; k++) {
        size_t len_text = p[0] < n - 1 ? p[0] : n - 1;

        if (sund_ledger_add(db, k % 2 ? "heads" : "masked", "", &err, "%.*s", (int) len_text, (const char *) p + 1) != SUND_OK)
            abort();
        p += len_text + 1;
        n -= len_text + 1;
    }
    if (sund_trail_write(f, db, &me, SUND_ROLE_NODE, &roster, &err) == SUND_OK) {
        fclose(f);
        if (read_one(&t, false, out, len, &err) != SUND_OK || sund_head_own(db, &own, &err) != SUND_OK || own.n != t.head.n || !sund_digest_eq(&own.d, &t.head.d))
            abort();
        sund_trail_close(&t);
    }
    else
        fclose(f);
    free(out);
    sund_db_close(db);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || sund_crypto_init(NULL) != SUND_OK)
        return 0;
    if (p[0] % 3 == 2)
        written(p + 1, n - 1);
    else
        taken(p + 1, n - 1, p[0] % 3 == 1);
    return 0;
}
