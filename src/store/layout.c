#include "store/store_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

const char *const sund_store_file[N_STORE_FILE] = { "people.bin", "regions.bin", "sites.bin", "alleles.bin", "counts.bin", "genotypes.bin", "blocks.bin", "sums.bin" };
const char *const sund_store_magic[N_STORE_FILE] = { "SUND1 people    ", "SUND1 regions   ", "SUND1 sites     ", "SUND1 alleles   ", "SUND1 counts    ", "SUND1 genotypes ", "SUND1 blocks    ", "SUND1 sums      " };

uint64_t sund_sum64(const void *p, size_t n) { return XXH3_64bits(p, n); }

void sund_site_row_write(const site_row *r, sund_buf *out)
{
    sund_buf_u32(out, r->pos_bp);
    sund_buf_u8(out, r->contig);
    sund_buf_u8(out, r->kind);
    sund_buf_u8(out, r->encoding);
    sund_buf_u8(out, r->flags);
    sund_buf_u64(out, r->allele_at);
    sund_buf_u16(out, r->n_ref);
    sund_buf_u16(out, r->n_alt);
    sund_buf_u32(out, r->block);
    sund_buf_u32(out, r->at);
    sund_buf_u32(out, r->n);
}

site_row sund_site_row_read(const uint8_t *p)
{
    sund_cur c = sund_cur_of(p, SITE_BYTES);
    site_row r;

    r.pos_bp = sund_cur_u32(&c);
    r.contig = sund_cur_u8(&c);
    r.kind = sund_cur_u8(&c);
    r.encoding = sund_cur_u8(&c);
    r.flags = sund_cur_u8(&c);
    r.allele_at = sund_cur_u64(&c);
    r.n_ref = sund_cur_u16(&c);
    r.n_alt = sund_cur_u16(&c);
    r.block = sund_cur_u32(&c);
    r.at = sund_cur_u32(&c);
    r.n = sund_cur_u32(&c);
    return r;
}

void sund_block_row_write(const block_row *r, sund_buf *out)
{
    sund_buf_u64(out, r->file_at);
    sund_buf_u64(out, r->sum);
    sund_buf_u64(out, r->first);
    sund_buf_u64(out, r->last);
    sund_buf_u32(out, r->n_raw);
    sund_buf_u32(out, r->n_stored);
    sund_buf_u32(out, r->n_site);
    sund_buf_u32(out, r->packed);
}

block_row sund_block_row_read(const uint8_t *p)
{
    sund_cur  c = sund_cur_of(p, BLOCK_BYTES);
    block_row r;

    r.file_at = sund_cur_u64(&c);
    r.sum = sund_cur_u64(&c);
    r.first = sund_cur_u64(&c);
    r.last = sund_cur_u64(&c);
    r.n_raw = sund_cur_u32(&c);
    r.n_stored = sund_cur_u32(&c);
    r.n_site = sund_cur_u32(&c);
    r.packed = sund_cur_u32(&c) == 1;
    return r;
}

void sund_people_table_free(people_table *t)
{
    for (size_t i = 0; t->person && i < t->n_person; i++)
        free(t->person[i]);
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
    t->group = calloc(3 * t->n_population + 1, sizeof *t->group);
    t->group_of = calloc(t->n_person + 1, sizeof *t->group_of);
    if (!t->group || !t->group_of)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    t->n_group = 0;
    for (uint16_t p = 0; p < t->n_population; p++)
        for (uint8_t sex = 0; sex <= SUND_FEMALE; sex++) {
            uint32_t n = 0;

            for (size_t i = 0; i < t->n_person; i++)
                if (t->population[i] == p && t->sex[i] == sex) {
                    t->group_of[i] = (uint16_t) t->n_group;
                    n++;
                }
            if (n)
                t->group[t->n_group++] = (group){ p, sex, n };
        }
    return SUND_OK;
}

/* people.bin: magic | u32 n_population | str each | u64 n_person | (u8 sex, u16 population, str name) each */
sund_code sund_people_table_read(people_table *t, const void *p, size_t n, sund_err *err)
{
    sund_cur c = sund_cur_of(p, n);
    char     text[1025];

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
    if (!t->population_name || !t->person || !t->sex || !t->population)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", t->n_person);
    for (size_t i = 0; i < t->n_person; i++) {
        t->sex[i] = sund_cur_u8(&c);
        t->population[i] = sund_cur_u16(&c);
        if (!sund_cur_str(&c, text, sizeof text) || t->sex[i] > SUND_FEMALE || t->population[i] >= t->n_population || !(t->person[i] = strdup(text)))
            return sund_fail(err, SUND_E_FORMAT, "the list of people cannot be read");
    }
    SUND_TRY(sund_cur_end(&c, "the list of people", err));
    return sund_people_table_groups(t, err);
}

void sund_manifest_write(const manifest *m, const char *source, sund_buf *out)
{
    size_t from = out->n;

    sund_buf_printf(out, "sund-store 1\nassembly %s\npeople %llu\nsites %llu\nblocks %llu\n", sund_assembly_name(m->assembly), (unsigned long long) m->n_person,
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

    if (sscanf(text, "sund-store 1\nassembly %15s\npeople %llu\nsites %llu\nblocks %llu\n%n", assembly, &a, &b, &c, &used) != 4 || !used ||
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

sund_code sund_manifest_read(const char *dir, manifest *m, sund_err *err)
{
    char        path[1100], *last;
    sund_buf    b = { 0 };
    sund_digest d;
    sund_code   rc;

    SUND_TRY(sund_path_join(path, sizeof path, dir, "manifest.txt", err));
    rc = sund_file_read(path, 1 << 20, &b, err);
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
    rc = SUND_OK;
out:
    sund_buf_free(&b);
    return rc;
}
