#include "secagg/roster.h"

#include "base/file.h"
#include "base/ini.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sund_id_ok(const char *id)
{
    size_t n = strlen(id);

    if (n < 1 || n > SUND_ID_MAX)
        return false;
    for (; *id; id++)
        if (!(*id >= 'a' && *id <= 'z') && !(*id >= 'A' && *id <= 'Z') && !(*id >= '0' && *id <= '9') && *id != '-' && *id != '_')
            return false;
    return true;
}

void sund_id_of_key(const sund_pub *key, char out[SUND_ID_MAX + 1])
{
    sund_digest d = sund_digest_of(key->b, sizeof key->b);

    (void) snprintf(out, SUND_ID_MAX + 1, SUND_ID_LOGIN "%.26s", sund_digest_hex(&d).s);
}

size_t sund_signed_part(const char *s, size_t n)
{
    static const char mark[] = "[signature";

    for (size_t i = 0; i + sizeof mark - 1 <= n; i++)
        if ((i == 0 || s[i - 1] == '\n') && memcmp(s + i, mark, sizeof mark - 1) == 0)
            return i;
    return n;
}

static sund_code bad(const sund_ini *ini, const sund_ini_item *it, const char *why, sund_err *err)
{
    return sund_fail(err, SUND_E_FORMAT, "%s:%u: [%.20s %.40s]: %s", ini->name, it->line, it->section, it->label, why);
}

static sund_code add_member(sund_roster *r, const sund_ini *ini, const sund_ini_item *it, const char *id, sund_role role, sund_err *err)
{
    sund_member *m = &r->member[r->n_member];

    if (!sund_id_ok(id))
        return bad(ini, it, "a name has letters, digits, '-' and '_', at most 32", err);
    if (strncmp(id, SUND_ID_LOGIN, strlen(SUND_ID_LOGIN)) == 0)
        return bad(ini, it, "names that begin with " SUND_ID_LOGIN " are of those who log in", err);
    if (sund_roster_find(r, id, (sund_role) 0))
        return bad(ini, it, "two members of one name", err);
    if (role == SUND_ROLE_NODE && r->n_node == SUND_NODE_MAX)
        return bad(ini, it, "more than 30 nodes", err);
    if (!sund_unhex(it->value, m->sign.b, sizeof m->sign.b))
        return bad(ini, it, "sign is a public key of 64 hex digits", err);
    for (size_t i = 0; i < r->n_member; i++)
        if (memcmp(r->member[i].sign.b, m->sign.b, sizeof m->sign.b) == 0)
            return bad(ini, it, "two members of one key", err);
    (void) snprintf(m->id, sizeof m->id, "%s", id);
    m->role = role;
    r->n_member++;
    r->n_node += role == SUND_ROLE_NODE;
    return SUND_OK;
}

static bool is_signature(const sund_ini_item *it) { return strcmp(it->section, "signature") == 0 || strcmp(it->section, "signature-former") == 0; }

static sund_code add_item(sund_roster *r, const sund_ini *ini, const sund_ini_item *it, sund_err *err)
{
    const char *hub_id = sund_ini_get(ini, "hub", "id");
    bool        fits = true;
    int64_t     number = 0;

    if (strcmp(it->section, "federation") == 0 && strcmp(it->key, "name") == 0)
        fits = snprintf(r->name, sizeof r->name, "%s", it->value) < (int) sizeof r->name;
    else if (strcmp(it->section, "hub") == 0 && strcmp(it->key, "url") == 0)
        fits = snprintf(r->hub_url, sizeof r->hub_url, "%s", it->value) < (int) sizeof r->hub_url;
    else if (strcmp(it->section, "hub") == 0 && strcmp(it->key, "pin") == 0)
        fits = snprintf(r->hub_pin, sizeof r->hub_pin, "%s", it->value) < (int) sizeof r->hub_pin;
    else if (strcmp(it->section, "hub") == 0 && strcmp(it->key, "sign") == 0)
        return add_member(r, ini, it, hub_id ? hub_id : "hub", SUND_ROLE_HUB, err);
    else if (strcmp(it->section, "node") == 0 && strcmp(it->key, "sign") == 0)
        return add_member(r, ini, it, it->label, SUND_ROLE_NODE, err);
    else if (strcmp(it->section, "researcher") == 0 && strcmp(it->key, "sign") == 0)
        return add_member(r, ini, it, it->label, SUND_ROLE_RESEARCHER, err);
    else if (strcmp(it->section, "federation") == 0 && strcmp(it->key, "number") == 0)
        fits = sund_parse_i64(it->value, 2, 1000000, &number);
    else if (strcmp(it->section, "federation") == 0 && strcmp(it->key, "before") == 0)
        fits = sund_unhex(it->value, r->before.b, sizeof r->before.b);
    else if (!(strcmp(it->section, "hub") == 0 && strcmp(it->key, "id") == 0) && !(is_signature(it) && strcmp(it->key, "sig") == 0))
        return bad(ini, it, "a section or key that a roster does not have", err);
    r->number = number ? (uint32_t) number : r->number;
    return fits ? SUND_OK : bad(ini, it, "the value is too long, or not of its kind", err);
}

static int by_role_and_id(const void *a, const void *b)
{
    const sund_member *x = a, *y = b;

    return x->role != y->role ? (x->role < y->role ? -1 : 1) : strcmp(x->id, y->id);
}

static sund_code check_signatures(const sund_roster *r, const sund_ini *ini, sund_err *err)
{
    for (size_t i = 0; i < r->n_member; i++) {
        const sund_member *m = &r->member[i];
        const char        *hex = NULL;
        sund_sig           sig;

        if (m->role != SUND_ROLE_NODE)
            continue;
        for (size_t k = 0; k < ini->n_item; k++)
            if (strcmp(ini->item[k].section, "signature") == 0 && strcmp(ini->item[k].label, m->id) == 0)
                hex = ini->item[k].value;
        if (!hex)
            return sund_fail(err, SUND_E_DENIED, "%s: node %s has not signed; its operator runs 'sund roster sign'", ini->name, m->id);
        if (!sund_unhex(hex, sig.b, sizeof sig.b) || !sund_verify(&m->sign, &sig, r->digest.b, sizeof r->digest.b))
            return sund_fail(err, SUND_E_DENIED, "%s: the signature of node %s does not match; the roster was changed after it signed", ini->name, m->id);
    }
    return SUND_OK;
}

/** Signatures with former keys, kept for sund_roster_follows. */
static sund_code take_former(sund_roster *r, const sund_ini *ini, sund_err *err)
{
    for (size_t k = 0; k < ini->n_item; k++)
        for (size_t i = 0; i < r->n_member && strcmp(ini->item[k].section, "signature-former") == 0; i++)
            if (r->member[i].role == SUND_ROLE_NODE && strcmp(ini->item[k].label, r->member[i].id) == 0) {
                if (!sund_unhex(ini->item[k].value, r->member[i].former.b, sizeof r->member[i].former.b))
                    return bad(ini, &ini->item[k], "sig is of 128 hex digits", err);
                r->member[i].has_former = true;
            }
    return SUND_OK;
}

/** n_line: lines of the signed part. Behind it are signatures and nothing else, for nobody signed that. */
static sund_code fill(sund_roster *r, const sund_ini *ini, size_t n_line, bool unsigned_ok, sund_err *err)
{
    static const sund_digest none = { { 0 } };

    r->number = 1;
    r->member = calloc(ini->n_item + 1, sizeof *r->member);
    if (!r->member)
        return sund_fail(err, SUND_E_NOMEM, "%s: out of memory", ini->name);
    for (size_t i = 0; i < ini->n_item; i++) {
        if ((ini->item[i].line > n_line) != is_signature(&ini->item[i]))
            return bad(ini, &ini->item[i], "signatures come last, and nothing else comes behind them", err);
        SUND_TRY(add_item(r, ini, &ini->item[i], err));
    }
    qsort(r->member, r->n_member, sizeof *r->member, by_role_and_id);
    if (!r->name[0] || !r->n_member || r->member[0].role != SUND_ROLE_HUB || !r->hub_url[0] || !r->hub_pin[0] || !r->n_node)
        return sund_fail(err, SUND_E_FORMAT, "%s: a roster needs [federation] name, [hub] sign, url and pin, and at least one [node NAME]", ini->name);
    if ((r->number > 1) == sund_digest_eq(&r->before, &none))
        return sund_fail(err, SUND_E_FORMAT, "%s: [federation] number (from 2) and before go together", ini->name);
    SUND_TRY(take_former(r, ini, err));
    return unsigned_ok ? SUND_OK : check_signatures(r, ini, err);
}

sund_code sund_roster_parse(sund_roster *r, const char *name, const void *p, size_t n, bool unsigned_ok, sund_err *err)
{
    sund_ini    ini = { 0 };
    sund_roster got;
    size_t      n_signed, n_line = 0;
    sund_code   rc;

    memset(&got, 0, sizeof got);
    SUND_TRY(sund_ini_parse(&ini, name, p, n, err));
    n_signed = sund_signed_part(p, n);
    for (size_t i = 0; i < n_signed; i++)
        n_line += ((const char *) p)[i] == '\n';
    got.digest = sund_digest_of(p, n_signed);
    rc = fill(&got, &ini, n_line, unsigned_ok, err);
    sund_ini_free(&ini);
    if (rc == SUND_OK)
        *r = got;
    else
        sund_roster_free(&got);
    return rc;
}

sund_code sund_roster_read(sund_roster *r, const char *path, bool unsigned_ok, sund_err *err)
{
    sund_buf  b = { 0 };
    sund_code rc = sund_file_read(path, 1 << 20, &b, err);

    if (rc == SUND_OK)
        rc = sund_roster_parse(r, path, b.p, b.n, unsigned_ok, err);
    sund_buf_free(&b);
    return rc;
}

void sund_roster_free(sund_roster *r)
{
    free(r->member);
    memset(r, 0, sizeof *r);
}

const sund_member *sund_roster_find(const sund_roster *r, const char *id, sund_role role)
{
    for (size_t i = 0; i < r->n_member; i++)
        if (strcmp(r->member[i].id, id) == 0 && (!role || r->member[i].role == role))
            return &r->member[i];
    return NULL;
}

sund_code sund_roster_follows(const sund_roster *now, const sund_roster *next, sund_err *err)
{
    size_t stay = 0;

    if (strcmp(now->name, next->name) != 0)
        return sund_fail(err, SUND_E_MISMATCH, "federation %.60s is installed, this is the roster of %.60s", now->name, next->name);
    if (next->number <= now->number)
        return sund_fail(err, SUND_E_MISMATCH, "roster %u is installed, this is %s %u", now->number, next->number == now->number ? "another" : "the older", next->number);
    if (next->number > now->number + 1 || !sund_digest_eq(&next->before, &now->digest))
        return sund_fail(err, SUND_E_MISMATCH, "roster %u is installed, and this one (%u) does not follow it: install those between, in their order", now->number, next->number);
    for (size_t i = 0; i < now->n_member; i++) {
        const sund_member *was = &now->member[i], *is = was->role == SUND_ROLE_NODE ? sund_roster_find(next, was->id, SUND_ROLE_NODE) : NULL;

        if (!is)
            continue;
        stay++;
        if (memcmp(was->sign.b, is->sign.b, sizeof was->sign.b) != 0 && (!is->has_former || !sund_verify(&was->sign, &is->former, next->digest.b, sizeof next->digest.b)))
            return sund_fail(err, SUND_E_DENIED, "node %s has another key, and its former key did not sign that: 'sund roster sign' at its home, which has both; or it leaves, and joins again", was->id);
    }
    if (2 * stay <= now->n_node)
        return sund_fail(err, SUND_E_DENIED, "%zu of the federation's %zu nodes are left: more than half of them must agree to what follows; else it is a new federation", stay, now->n_node);
    return SUND_OK;
}

sund_spoken sund_fingerprint(const uint8_t b[32])
{
    static const char what[] = "sund fingerprint";
    sund_hasher       h;
    sund_digest       d;
    sund_spoken       out = { "" };

    sund_hasher_init(&h);
    sund_hasher_add(&h, what, sizeof what);
    sund_hasher_add(&h, b, 32);
    d = sund_hasher_end(&h);
    for (size_t g = 0, n = 0; g < 6; g++) {
        uint64_t x = 0;

        for (size_t k = 0; k < 5; k++)
            x = x << 8 | d.b[5 * g + k];
        n += (size_t) snprintf(out.s + n, sizeof out.s - n, "%s%05u", g ? " " : "", (unsigned) (x % 100000));
    }
    return out;
}

sund_code sund_roster_sign(const void *p, size_t n, const char *id, bool former, const sund_sign_key *key, sund_buf *out, sund_err *err)
{
    sund_digest d = sund_digest_of(p, sund_signed_part(p, n));
    sund_sig    sig = sund_sign(key, d.b, sizeof d.b);
    char        hex[129];

    sund_hex(sig.b, sizeof sig.b, hex);
    sund_buf_printf(out, "[signature%s %s]\nsig = %s\n", former ? "-former" : "", id, hex);
    return sund_buf_ok(out, err);
}

sund_code sund_identity_make(sund_identity *me, const char *id, const char *path, sund_err *err)
{
    sund_buf  text = { 0 };
    char      hex[129];
    sund_code rc;

    if (!sund_id_ok(id))
        return sund_fail(err, SUND_E_ARG, "'%.40s' cannot be a name: letters, digits, '-' and '_', at most %d", id, SUND_ID_MAX);
    if (sund_file_exists(path))
        return sund_fail(err, SUND_E_MISMATCH, "%s exists: a key is never overwritten", path);
    memset(me, 0, sizeof *me);
    (void) snprintf(me->id, sizeof me->id, "%s", id);
    sund_sign_keypair(&me->pub, &me->key);
    sund_hex(me->key.b, sizeof me->key.b, hex);
    sund_buf_printf(&text, "# Secret: whoever has this file speaks for %s.\n[identity]\nid = %s\nkey = %s\n", id, id, hex);
    rc = sund_buf_ok(&text, err);
    if (rc == SUND_OK)
        rc = sund_file_write(path, text.p, text.n, 0600, err);
    sund_wipe(hex, sizeof hex);
    if (text.p)
        sund_wipe(text.p, text.n);
    sund_buf_free(&text);
    return rc;
}

sund_code sund_identity_read(sund_identity *me, const char *path, sund_err *err)
{
    sund_ini    ini = { 0 };
    const char *id, *key;
    sund_code   rc = SUND_OK;

    SUND_TRY(sund_file_private(path, err));
    SUND_TRY(sund_ini_read(&ini, path, err));
    memset(me, 0, sizeof *me);
    id = sund_ini_get(&ini, "identity", "id");
    key = sund_ini_get(&ini, "identity", "key");
    if (!id || !key || !sund_id_ok(id) || !sund_unhex(key, me->key.b, sizeof me->key.b))
        rc = sund_fail(err, SUND_E_FORMAT, "%s: [identity] id and key are expected", path);
    if (rc == SUND_OK) {
        (void) snprintf(me->id, sizeof me->id, "%s", id);
        me->pub = sund_sign_pub(&me->key);
    }
    sund_ini_free(&ini);
    return rc;
}
