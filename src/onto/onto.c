#include "onto/onto_priv.h"

#include "base/gz.h"
#include "base/text.h"
#include "math/func.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reading, whatever the format; and what can be asked. */

static bool is_table(const char *p)
{
    size_t n = strcspn(p, "\n");

    return memchr(p, '\t', n) && (memmem(p, n, "subject", 7) || memmem(p, n, "parents", 7));
}

static sund_code read_text(onto_builder *b, sund_buf *text, const char *version, sund_onto **o, sund_err *err)
{
    char  *p = (char *) text->p;
    size_t skip = text->n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0, n;

    skip += strspn(p + skip, " \t\r\n");
    p += skip;
    n = text->n - skip;
    if (memchr(p, 0, n) || !sund_utf8_ok(p, n))
        return sund_fail(err, SUND_E_FORMAT, "%s: is no text in UTF-8", b->file);
    if (*p == '{')
        SUND_TRY(onto_read_graph(b, p, n, err));
    else if (is_table(p))
        SUND_TRY(onto_read_table(b, p, n, err));
    else
        SUND_TRY(onto_read_obo(b, p, n, err));
    if (version)
        onto_version(b, version, strlen(version));
    return onto_build(b, o, err);
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

sund_code sund_onto_read(sund_onto **o, const char *name, const void *p, size_t n, const char *version, sund_err *err)
{
    onto_builder b = { .file = file_name(name) };
    sund_buf     text = { 0 };
    sund_code    rc;

    sund_buf_put(&text, p, n);
    sund_buf_nul(&text);
    rc = sund_buf_ok(&text, err);
    if (rc == SUND_OK)
        rc = read_text(&b, &text, version, o, err);
    onto_builder_free(&b);
    sund_buf_free(&text);
    return rc;
}

sund_code sund_onto_read_file(sund_onto **o, const char *path, const char *version, sund_err *err)
{
    onto_builder b = { .file = file_name(path) };
    sund_buf     text = { 0 };
    sund_code    rc = sund_gz_read(path, (size_t) 1 << 30, &text, err);

    if (rc == SUND_OK)
        rc = read_text(&b, &text, version, o, err);
    onto_builder_free(&b);
    sund_buf_free(&text);
    return rc;
}

static void lists_free(onto_lists *l)
{
    free(l->at);
    free(l->to);
}

void sund_onto_free(const sund_onto *given)
{
    union { const sund_onto *c; sund_onto *m; } u = { given };
    sund_onto *o = u.m;

    if (!o || atomic_fetch_sub(&o->refs, 1) > 1)
        return;
    free(o->text);
    free(o->id);
    free(o->name);
    free(o->replaced);
    free(o->obsolete);
    free(o->index);
    lists_free(&o->parent);
    lists_free(&o->child);
    lists_free(&o->synonym);
    lists_free(&o->alt);
    free(o);
}

const sund_onto_info *sund_onto_about(const sund_onto *o) { return &o->info; }

uint32_t sund_onto_find(const sund_onto *o, const char *id)
{
    char     code[SUND_CODE_MAX + 1];
    size_t   lo = 0, hi = o->n_index;
    uint32_t t;

    if (!sund_onto_code(id, strlen(id), code))
        return SUND_ONTO_NONE;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (strcmp(o->text + o->index[mid].id, code) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == o->n_index || strcmp(o->text + o->index[lo].id, code) != 0)
        return SUND_ONTO_NONE;
    t = o->index[lo].term;
    for (int i = 0; i < 16 && o->obsolete[t] && o->replaced[t] != SUND_ONTO_NONE; i++)
        t = o->replaced[t];
    return t;
}

const char *sund_onto_id(const sund_onto *o, uint32_t t) { return o->text + o->id[t]; }
const char *sund_onto_name(const sund_onto *o, uint32_t t) { return o->text + o->name[t]; }
bool        sund_onto_obsolete(const sund_onto *o, uint32_t t) { return o->obsolete[t]; }
size_t      sund_onto_n_synonym(const sund_onto *o, uint32_t t) { return o->synonym.at[t + 1] - o->synonym.at[t]; }
const char *sund_onto_synonym(const sund_onto *o, uint32_t t, size_t i) { return o->text + o->synonym.to[o->synonym.at[t] + i]; }
size_t      sund_onto_n_alt(const sund_onto *o, uint32_t t) { return o->alt.at[t + 1] - o->alt.at[t]; }
const char *sund_onto_alt(const sund_onto *o, uint32_t t, size_t i) { return o->text + o->alt.to[o->alt.at[t] + i]; }

static const uint32_t *list_of(const onto_lists *l, uint32_t t, size_t *n)
{
    *n = l->at[t + 1] - l->at[t];
    return l->to + l->at[t];
}

const uint32_t *sund_onto_parents(const sund_onto *o, uint32_t t, size_t *n) { return list_of(&o->parent, t, n); }
const uint32_t *sund_onto_children(const sund_onto *o, uint32_t t, size_t *n) { return list_of(&o->child, t, n); }

size_t sund_onto_words(const sund_onto *o) { return o->info.n_term / 64 + 1; }

static bool add(uint64_t *set, uint32_t t)
{
    bool was = set[t / 64] >> (t % 64) & 1;

    set[t / 64] |= 1ULL << (t % 64);
    return !was;
}

static size_t walk(const onto_lists *l, uint32_t t, uint64_t *set, uint32_t *list)
{
    size_t n = 0;

    if (add(set, t))
        list[n++] = t;
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = l->at[list[i]]; k < l->at[list[i] + 1]; k++)
            if (add(set, l->to[k]))
                list[n++] = l->to[k];
    return n;
}

size_t sund_onto_above(const sund_onto *o, uint32_t t, uint64_t *set, uint32_t *list) { return walk(&o->parent, t, set, list); }
size_t sund_onto_below(const sund_onto *o, uint32_t t, uint64_t *set, uint32_t *list) { return walk(&o->child, t, set, list); }

sund_code sund_onto_set(const sund_onto *o, uint32_t t, bool below, uint64_t **set, sund_err *err)
{
    uint32_t *list = malloc(((size_t) o->info.n_term + 1) * sizeof *list);

    *set = list ? calloc(sund_onto_words(o), sizeof **set) : NULL;
    if (*set)
        (void) walk(below ? &o->child : &o->parent, t, *set, list);
    free(list);
    return *set ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for an ontology of %u terms", o->info.n_term);
}

void sund_onto_count(const sund_onto *o, const uint64_t *set, uint32_t *with)
{
    for (size_t w = 0; w < sund_onto_words(o); w++)
        for (uint64_t left = set[w]; left; left &= left - 1)
            with[w * 64 + (size_t) __builtin_ctzll(left)]++;
}

void sund_onto_ic(const sund_onto *o, const uint32_t *with, uint32_t n, double *ic)
{
    for (uint32_t t = 0; t < o->info.n_term; t++)
        ic[t] = n ? sund_ln((double) n / (double) (with[t] ? with[t] : 1)) : 0;
}

sund_code sund_onto_resnik(const sund_onto *o, const double *ic, uint32_t a, uint32_t b, double *out, sund_err *err)
{
    size_t    n_word = sund_onto_words(o), n;
    uint64_t *set = calloc(2 * n_word, sizeof *set);
    uint32_t *list = malloc(((size_t) o->info.n_term + 1) * sizeof *list);

    *out = 0;
    if (set && list) {
        (void) sund_onto_above(o, a, set, list);
        n = sund_onto_above(o, b, set + n_word, list);
        for (size_t i = 0; i < n; i++)
            if ((set[list[i] / 64] >> (list[i] % 64) & 1) && ic[list[i]] > *out)
                *out = ic[list[i]];
    }
    free(set);
    free(list);
    return set && list ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");
}

double sund_onto_simgic(const sund_onto *o, const double *ic, const uint64_t *a, const uint64_t *b)
{
    double both = 0, any = 0;

    for (size_t w = 0; w < sund_onto_words(o); w++)
        for (uint64_t left = a[w] | b[w]; left; left &= left - 1) {
            unsigned bit = (unsigned) __builtin_ctzll(left);

            any += ic[w * 64 + bit];
            if (a[w] & b[w] & (1ULL << bit))
                both += ic[w * 64 + bit];
        }
    return any > 0 ? both / any : 0;
}
