#include "store/store_priv.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

const char *const sund_store_file[N_STORE_FILE] = { "people.bin", "regions.bin", "sites.bin", "alleles.bin", "counts.bin", "genotypes.bin", "blocks.bin", "sums.bin" };
const char *const sund_store_magic[N_STORE_FILE] = { "SUND2 people    ", "SUND2 regions   ", "SUND2 sites     ", "SUND2 alleles   ", "SUND2 counts    ", "SUND2 genotypes ", "SUND2 blocks    ", "SUND2 sums      " };

uint64_t sund_sum64(const void *p, size_t n) { return XXH3_64bits(p, n); }

void sund_site_row_write(const site_row *r, sund_buf *out)
{
    sund_buf_u32(out, r->pos_bp);
    sund_buf_u32(out, r->block);
    sund_buf_u32(out, r->allele);
    sund_buf_u32(out, r->at << 8 | (uint32_t) r->kind << 5 | r->contig);
}

void sund_block_row_write(const block_row *r, sund_buf *out)
{
    sund_buf_u64(out, r->file_at);
    sund_buf_u64(out, r->sum);
    sund_buf_u64(out, r->count_at);
    sund_buf_u32(out, r->first);
    sund_buf_u32(out, r->last);
    sund_buf_u32(out, r->n_raw);
    sund_buf_u32(out, r->n_stored);
    sund_buf_u32(out, r->n_site);
    sund_buf_u32(out, r->encoding);
}

static uint32_t u16_at(const uint8_t *p) { return (uint32_t) p[0] | (uint32_t) p[1] << 8; }

static uint32_t u32_at(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, 4);
    return le32toh(v);
}

static uint64_t u64_at(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, 8);
    return le64toh(v);
}

/** Where alleles.bin has them; altered bytes give an empty variant, found by verify and by reads. */
static void alleles_at(const sund_store *s, uint64_t at, uint32_t n_ref, uint32_t n_alt, any_row *out)
{
    uint64_t room = s->map[F_ALLELES].n - HEAD_BYTES;

    if (at > room || (uint64_t) n_ref + n_alt > room - at)
        at = n_ref = n_alt = 0;
    sund_store_need(s, F_ALLELES, HEAD_BYTES + at, (uint64_t) n_ref + n_alt);
    out->ref = (const char *) s->map[F_ALLELES].p + HEAD_BYTES + at;
    out->alt = out->ref + n_ref;
    out->n_ref = (uint16_t) n_ref;
    out->n_alt = (uint16_t) n_alt;
}

/* One-byte alleles have no bytes in alleles.bin: this table's do for all. */
#define FOUR(c) c, c + 1, c + 2, c + 3
#define SIXTEEN(c) FOUR(c), FOUR(c + 4), FOUR(c + 8), FOUR(c + 12)
static const char one_byte[128] = { SIXTEEN(0), SIXTEEN(16), SIXTEEN(32), SIXTEEN(48), SIXTEEN(64), SIXTEEN(80), SIXTEEN(96), SIXTEEN(112) };

static any_row row_v1(const sund_store *s, const uint8_t *p)
{
    any_row r = { .pos_bp = u32_at(p), .contig = p[4], .kind = p[5], .block = u32_at(p + 20), .at = u32_at(p + 24) };

    alleles_at(s, u64_at(p + 8), u16_at(p + 16), u16_at(p + 18), &r);
    return r;
}

site_row sund_site_row_read(const uint8_t *p)
{
    uint32_t last = u32_at(p + 12);

    return (site_row){ .pos_bp = u32_at(p), .block = u32_at(p + 4), .allele = u32_at(p + 8), .at = last >> 8, .contig = (uint8_t) (last & 31), .kind = (uint8_t) (last >> 5 & 7) };
}

static any_row row_v2(const sund_store *s, const uint8_t *p)
{
    site_row w = sund_site_row_read(p);
    uint64_t room = s->map[F_ALLELES].n - HEAD_BYTES;
    any_row     r = { .pos_bp = w.pos_bp, .block = w.block, .at = w.at, .contig = w.contig, .kind = w.kind };

    if (w.allele & ALLELES_INLINE) {
        r.ref = &one_byte[w.allele >> 8 & 127];
        r.alt = &one_byte[w.allele & 127];
        r.n_ref = r.n_alt = 1;
    }
    else if (w.allele + 4ULL > room) {
        alleles_at(s, 0, 0, 0, &r);
    }
    else {
        const uint8_t *a = s->map[F_ALLELES].p + HEAD_BYTES + w.allele;

        sund_store_need(s, F_ALLELES, HEAD_BYTES + (uint64_t) w.allele, 4);
        alleles_at(s, w.allele + 4ULL, u16_at(a), u16_at(a + 2), &r);
    }
    return r;
}

any_row sund_store_row(const sund_store *s, size_t j)
{
    const uint8_t *p = s->map[F_SITES].p + HEAD_BYTES + j * s->site_bytes;
    any_row           r;

    sund_store_need(s, F_SITES, HEAD_BYTES + j * s->site_bytes, s->site_bytes);
    r = s->version == 1 ? row_v1(s, p) : row_v2(s, p);
    if (r.contig >= SUND_N_CONTIG)
        r.contig = 0;
    return r;
}

block_row sund_block_row_read(const uint8_t *p)
{
    return (block_row){ .file_at = u64_at(p), .sum = u64_at(p + 8), .count_at = u64_at(p + 16), .first = u32_at(p + 24), .last = u32_at(p + 28), .n_raw = u32_at(p + 32), .n_stored = u32_at(p + 36),
                        .n_site = u32_at(p + 40), .encoding = u32_at(p + 44) };
}

block_row sund_store_block(const sund_store *s, size_t b)
{
    const uint8_t *p = s->map[F_BLOCKS].p + HEAD_BYTES + b * BLOCK_BYTES;

    if (s->version == 1) /* u64 first, last; u32 1 where packed */
        return (block_row){ .file_at = u64_at(p), .sum = u64_at(p + 8), .first = u32_at(p + 16), .last = u32_at(p + 24), .n_raw = u32_at(p + 32), .n_stored = u32_at(p + 36), .n_site = u32_at(p + 40),
                            .encoding = u32_at(p + 44) == 1 ? 2 : 1 };
    return sund_block_row_read(p);
}

void sund_people_table_free(people_table *t)
{
    for (size_t i = 0; t->person && !t->names && i < t->n_person; i++)
        free(t->person[i]);
    free(t->names);
    for (size_t i = 0; t->population_name && i < t->n_population; i++)
        free(t->population_name[i]);
    free(t->person);
    free(t->population_name);
    free(t->sex);
    free(t->population);
    free(t->group_of);
    free(t->group);
    memset(t, 0, sizeof *t);
}

sund_code sund_people_table_groups(people_table *t, sund_err *err)
{
    uint32_t *n = calloc(3 * t->n_population + 1, sizeof *n); /* people of each, and then its group */

    t->group = calloc(3 * t->n_population + 1, sizeof *t->group);
    t->group_of = calloc(t->n_person + 1, sizeof *t->group_of);
    if (!n || !t->group || !t->group_of) {
        free(n);
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    }
    t->n_group = 0;
    for (size_t i = 0; i < t->n_person; i++)
        n[3 * t->population[i] + t->sex[i]]++;
    for (size_t k = 0; k < 3 * t->n_population; k++)
        if (n[k]) {
            t->group[t->n_group] = (group){ (uint16_t) (k / 3), (uint8_t) (k % 3), n[k] };
            n[k] = (uint32_t) t->n_group++;
        }
    for (size_t i = 0; i < t->n_person; i++)
        t->group_of[i] = (uint16_t) n[3 * t->population[i] + t->sex[i]];
    free(n);
    return SUND_OK;
}

/** Every process that opens a store goes over all people: a name costs no call, as copying one or looking for NULs in it would. Returns where t->names ends. */
static char *read_people(people_table *t, sund_cur *c, size_t max_name)
{
    const uint8_t *p = c->p, *end = p + c->n;
    char          *at = t->names;

    for (size_t i = 0; i < t->n_person; i++) {
        size_t n = end - p < 7 ? SIZE_MAX : u32_at(p + 3);

        if (n > max_name || n > (size_t) (end - p) - 7 || p[0] > SUND_FEMALE || u16_at(p + 1) >= t->n_population) {
            c->bad = true;
            return at;
        }
        t->sex[i] = p[0];
        t->population[i] = (uint16_t) u16_at(p + 1);
        t->person[i] = at;
        for (p += 7; n >= 8; n -= 8, p += 8, at += 8)
            memcpy(at, p, 8);
        for (; n; n--)
            *at++ = (char) *p++;
        *at++ = 0;
    }
    *c = sund_cur_of(p, (size_t) (end - p));
    return at;
}

/* people.bin: magic | u32 n_population | str each | u64 n_person | (u8 sex, u16 population, str name) each */
sund_code sund_people_table_read(people_table *t, const void *p, size_t n, sund_err *err)
{
    sund_cur c = sund_cur_of(p, n);
    char     text[1025], *at;
    size_t   n_nul = 0;

    (void) sund_cur_bytes(&c, HEAD_BYTES);
    t->n_population = sund_cur_u32(&c);
    if (c.bad || t->n_population > 20000)
        return sund_fail(err, SUND_E_FORMAT, "the list of populations cannot be read");
    t->population_name = calloc(t->n_population + 1, sizeof *t->population_name);
    for (size_t i = 0; t->population_name && i < t->n_population; i++)
        if (!sund_cur_str(&c, text, sizeof text) || !(t->population_name[i] = strdup(text)))
            return sund_fail(err, SUND_E_FORMAT, "the list of populations cannot be read");
    t->n_person = (size_t) sund_cur_u64(&c);
    if (c.bad || t->n_person > c.n)
        return sund_fail(err, SUND_E_FORMAT, "the list of people cannot be read");
    t->person = calloc(t->n_person + 1, sizeof *t->person);
    t->sex = calloc(t->n_person + 1, 1);
    t->population = calloc(t->n_person + 1, sizeof *t->population);
    t->names = malloc(c.n + 1); /* a name's NUL takes the place of its length */
    if (!t->population_name || !t->person || !t->sex || !t->population || !t->names)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", t->n_person);
    at = read_people(t, &c, sizeof text - 1);
    for (const char *k = t->names; k < at; k++)
        n_nul += !*k;
    if (c.bad || n_nul != t->n_person) /* one behind each name, none in it */
        return sund_fail(err, SUND_E_FORMAT, "the list of people cannot be read");
    SUND_TRY(sund_cur_end(&c, "the list of people", err));
    return sund_people_table_groups(t, err);
}

void sund_manifest_write(const manifest *m, const char *source, sund_buf *out)
{
    size_t from = out->n;

    sund_buf_printf(out, "sund-store 2\nassembly %s\npeople %llu\nsites %llu\nblocks %llu\n", sund_assembly_name(m->assembly), (unsigned long long) m->n_person,
                    (unsigned long long) m->n_site, (unsigned long long) m->n_block);
    for (size_t f = 0; f < N_STORE_FILE; f++)
        sund_buf_printf(out, "file %s %llu %s\n", sund_store_file[f], (unsigned long long) m->size[f], sund_digest_hex(&m->digest[f]).s);
    sund_buf_text(out, "source ");
    for (const char *s = source; *s; s++)
        sund_buf_u8(out, (uint8_t) (*s == '\n' ? ' ' : *s));
    sund_buf_text(out, "\n");
    if (!out->bad) {
        sund_digest d = sund_digest_of(out->p + from, out->n - from);
        sund_buf_printf(out, "digest %s\n", sund_digest_hex(&d).s);
    }
}

static sund_code parse_manifest(const char *text, manifest *m)
{
    char               name[32], hex[80], assembly[16];
    unsigned long long a, b, c, size;
    int                used = 0;

    if (sscanf(text, "sund-store %u\nassembly %15s\npeople %llu\nsites %llu\nblocks %llu\n%n", &m->version, assembly, &a, &b, &c, &used) != 5 || !used || m->version == 0 ||
        sund_assembly_parse(assembly, &m->assembly, NULL) != SUND_OK)
        return SUND_E_FORMAT;
    m->n_person = a;
    m->n_site = b;
    m->n_block = c;
    text += used;
    for (size_t f = 0; f < N_STORE_FILE; f++) {
        used = 0;
        if (sscanf(text, "file %31s %llu %79s\n%n", name, &size, hex, &used) != 3 || !used || strcmp(name, sund_store_file[f]) != 0 || !sund_unhex(hex, m->digest[f].b, 32))
            return SUND_E_FORMAT;
        m->size[f] = size;
        text += used;
    }
    return SUND_OK;
}

sund_code sund_manifest_text(const char *dir, crypt_as *as, char path[1100], sund_buf *out, sund_err *err)
{
    sund_buf  file = { 0 };
    sund_code rc;

    SUND_TRY(sund_path_join(path, 1100, dir, sund_manifest_bin, err));
    if (!sund_file_exists(path)) {
        SUND_TRY(sund_path_join(path, 1100, dir, "manifest.txt", err));
        if (!sund_file_exists(path))
            return sund_fail(err, SUND_E_NOT_FOUND, "%s is no store: there is no %s; 'sund import' makes one", dir, path);
        return sund_file_read(path, 1 << 20, out, err);
    }
    rc = sund_file_read(path, 1 << 20, &file, err);
    if (rc == SUND_OK)
        rc = sund_crypt_text(path, sund_cur_of(file.p, file.n), F_MANIFEST, as, out, err);
    sund_buf_free(&file);
    return rc;
}

bool sund_store_encrypted(const char *dir)
{
    char path[1100];

    return sund_path_join(path, sizeof path, dir, sund_manifest_bin, NULL) == SUND_OK && sund_file_exists(path);
}

sund_code sund_manifest_read(const char *dir, manifest *m, sund_err *err)
{
    char        path[1100], *last;
    sund_buf    b = { 0 };
    sund_digest d;
    sund_code   rc;

    memset(&m->crypt, 0, sizeof m->crypt);
    rc = sund_manifest_text(dir, &m->crypt, path, &b, err);
    if (rc != SUND_OK)
        goto out;
    rc = sund_fail(err, SUND_E_FORMAT, "%s: the manifest was altered or is not of this format", path);
    last = b.n > 72 && !memchr(b.p, 0, b.n) ? (char *) b.p + b.n - 72 : NULL; /* "digest " 64 hex "\n" */
    if (!last || memcmp(last, "digest ", 7) != 0 || last[71] != '\n')
        goto out;
    last[71] = 0;
    d = sund_digest_of(b.p, b.n - 72);
    if (strcmp(last + 7, sund_digest_hex(&d).s) != 0)
        goto out;
    m->self = d;
    if (parse_manifest((const char *) b.p, m) != SUND_OK)
        goto out;
    rc = m->version <= 2 ? SUND_OK : sund_fail(err, SUND_E_FORMAT, "%s: a store of format %u, written by a later version of sund: this one reads 1 and 2", path, m->version);
out:
    sund_buf_free(&b);
    return rc;
}
