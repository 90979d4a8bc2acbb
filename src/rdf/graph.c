#include "rdf/graph.h"

#include "base/crypto.h"
#include "base/text.h"
#include "rdf/vocab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 16, BY_S = 0, BY_P, BY_O, BY_ALL };

typedef struct chunk { struct chunk *next; size_t used, cap; char b[]; } chunk;
typedef struct term { const char *text, *lang; uint32_t n, datatype; uint8_t kind; uint32_t first[3], last[3]; } term;
typedef struct triple { uint32_t t[3], next[3]; } triple;

struct sund_graph {
    sund_graph_bounds bound;
    chunk            *chunks;
    term             *term;   /* 1-based */
    triple           *triple; /* 1-based */
    uint32_t         *seen_term, *seen_triple; /* open addressing: numbers, 0 for free */
    size_t            n_term, cap_term, n_triple, cap_triple, slots_term, slots_triple;
    uint64_t          secret, n_blank;
    sund_err          err;
};

sund_graph_bounds sund_graph_bounds_default(void)
{
    return (sund_graph_bounds){ .terms = 200000, .triples = 400000, .text = 65536 };
}

sund_code sund_graph_new(sund_graph **out, const sund_graph_bounds *b, sund_err *err)
{
    sund_graph *g = calloc(1, sizeof *g);

    if (!g)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for a graph");
    g->bound = b ? *b : sund_graph_bounds_default();
    sund_random(&g->secret, sizeof g->secret); /* nobody outside can choose terms that all fall into one place */
    g->secret |= 1;
    *out = g;
    return SUND_OK;
}

void sund_graph_free(sund_graph *g)
{
    if (!g)
        return;
    for (chunk *c = g->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(g->term);
    free(g->triple);
    free(g->seen_term);
    free(g->seen_triple);
    free(g);
}

sund_code sund_graph_ok(const sund_graph *g, sund_err *err)
{
    return g->err.code == SUND_OK ? SUND_OK : sund_fail(err, g->err.code, "%s", g->err.msg);
}

/** The first failure stays. */
static uint32_t spoil(sund_graph *g, sund_code code, const char *why)
{
    if (g->err.code == SUND_OK)
        (void) sund_fail(&g->err, code, "%s", why);
    return 0;
}

static const char *keep(sund_graph *g, const char *p, size_t n)
{
    chunk *c = g->chunks;

    if (!c || c->cap - c->used < n + 1) {
        size_t cap = n + 1 > CHUNK ? n + 1 : CHUNK;

        c = malloc(sizeof *c + cap);
        if (!c)
            return NULL;
        *c = (chunk){ .next = g->chunks, .cap = cap };
        g->chunks = c;
    }
    char *at = c->b + c->used;
    if (n)
        memcpy(at, p, n);
    at[n] = 0;
    c->used += n + 1;
    return at;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide m = (wide) (a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xC2B2AE3D27D4EB4Fu);

    return (uint64_t) m ^ (uint64_t) (m >> 64);
}

static uint64_t mix_bytes(uint64_t h, uint64_t secret, const char *p, size_t n)
{
    for (; n; ) {
        uint64_t w = 0;
        size_t   k = n < 8 ? n : 8;

        memcpy(&w, p, k);
        h = mix(h ^ w, secret + k);
        p += k;
        n -= k;
    }
    return h;
}

static uint64_t hash_term(const sund_graph *g, const term *t)
{
    return mix_bytes(mix_bytes(mix((uint64_t) t->kind << 32 | t->datatype, g->secret), g->secret, t->text, t->n), g->secret, t->lang, strlen(t->lang));
}

static uint64_t hash_triple(const sund_graph *g, const uint32_t *t)
{
    return mix(mix((uint64_t) t[0] << 32 | t[1], g->secret) ^ t[2], g->secret);
}

static bool same_term(const term *a, const term *b)
{
    return a->kind == b->kind && a->datatype == b->datatype && a->n == b->n && memcmp(a->text, b->text, a->n) == 0 && strcmp(a->lang, b->lang) == 0;
}

/** Room for one more, by doubling; the table of places is twice as large and made anew. */
static bool grow(void **array, size_t size, size_t *cap, uint32_t **seen, size_t *slots)
{
    size_t    more = *cap ? *cap * 2 : 256;
    void     *p = realloc(*array, (more + 1) * size);
    uint32_t *s;

    if (!p)
        return false;
    *array = p;
    s = calloc(more * 2, sizeof *s);
    if (!s)
        return false;
    free(*seen);
    *seen = s;
    *slots = more * 2;
    *cap = more;
    return true;
}

static size_t place_term(const sund_graph *g, const term *t)
{
    size_t at = (size_t) hash_term(g, t) & (g->slots_term - 1);

    while (g->seen_term[at] && !same_term(&g->term[g->seen_term[at]], t))
        at = (at + 1) & (g->slots_term - 1);
    return at;
}

static size_t place_triple(const sund_graph *g, const uint32_t *t)
{
    size_t at = (size_t) hash_triple(g, t) & (g->slots_triple - 1);

    while (g->seen_triple[at] && memcmp(g->triple[g->seen_triple[at]].t, t, sizeof g->triple->t) != 0)
        at = (at + 1) & (g->slots_triple - 1);
    return at;
}

static sund_term intern(sund_graph *g, term t)
{
    if (g->err.code != SUND_OK)
        return 0;
    if (t.n > g->bound.text)
        return spoil(g, SUND_E_LIMIT, "a text that is longer than a description may have");
    if (!sund_utf8_ok(t.text, t.n))
        return spoil(g, SUND_E_FORMAT, "a text that is not UTF-8");
    if (g->n_term == g->cap_term) {
        if (!grow((void **) &g->term, sizeof *g->term, &g->cap_term, &g->seen_term, &g->slots_term))
            return spoil(g, SUND_E_NOMEM, "out of memory for a graph");
        for (uint32_t i = 1; i <= g->n_term; i++)
            g->seen_term[place_term(g, &g->term[i])] = i;
    }
    size_t at = place_term(g, &t);
    if (g->seen_term[at])
        return g->seen_term[at];
    if (g->n_term >= g->bound.terms)
        return spoil(g, SUND_E_LIMIT, "more terms than a description may have");
    t.text = keep(g, t.text, t.n);
    t.lang = t.lang[0] ? keep(g, t.lang, strlen(t.lang)) : "";
    if (!t.text || !t.lang)
        return spoil(g, SUND_E_NOMEM, "out of memory for a graph");
    g->term[++g->n_term] = t;
    g->seen_term[at] = (uint32_t) g->n_term;
    return (sund_term) g->n_term;
}

bool sund_iri_ok(const char *iri)
{
    size_t scheme = strspn(iri, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    if (scheme == 0 || iri[scheme] != ':' || !((iri[0] | 32) >= 'a' && (iri[0] | 32) <= 'z'))
        return false;
    for (const unsigned char *c = (const unsigned char *) iri; *c; c++)
        if (*c <= ' ' || *c == 0x7f || strchr("<>\"{}|^`\\", *c))
            return false;
    return true;
}

sund_term sund_graph_iri(sund_graph *g, const char *iri)
{
    if (!sund_iri_ok(iri)) {
        if (g->err.code == SUND_OK)
            (void) sund_fail(&g->err, SUND_E_FORMAT, "'%.120s' is no absolute IRI", iri);
        sund_text_clean(g->err.msg);
        return 0;
    }
    return intern(g, (term){ .kind = SUND_TERM_IRI, .text = iri, .lang = "", .n = (uint32_t) strlen(iri) });
}

sund_term sund_graph_blank(sund_graph *g, const char *label)
{
    char own[40];

    if (!label) { /* '.' first: no label that somebody wrote begins so */
        (void) snprintf(own, sizeof own, ".%llu", (unsigned long long) ++g->n_blank);
        label = own;
    }
    return intern(g, (term){ .kind = SUND_TERM_BLANK, .text = label, .lang = "", .n = (uint32_t) strlen(label) });
}

sund_term sund_graph_typed(sund_graph *g, const char *text, const char *datatype)
{
    sund_term d = sund_graph_iri(g, datatype);

    return d ? intern(g, (term){ .kind = SUND_TERM_LITERAL, .text = text, .lang = "", .n = (uint32_t) strlen(text), .datatype = d }) : 0;
}

sund_term sund_graph_text(sund_graph *g, const char *text) { return sund_graph_typed(g, text, XSD("string")); }

bool sund_lang_ok(const char *lang)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    for (const char *s = lang;; s++) {
        size_t n = strspn(s, s == lang ? "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" : letters);
        s += n;
        if (n < 1 || n > 8 || *s != '-')
            return n >= 1 && n <= 8 && !*s;
    }
}

sund_term sund_graph_lang(sund_graph *g, const char *text, const char *lang)
{
    sund_term d = sund_graph_iri(g, RDF("langString"));
    char      low[36];
    size_t    n = strlen(lang);

    if (!d)
        return 0;
    if (n >= sizeof low || !sund_lang_ok(lang))
        return spoil(g, SUND_E_FORMAT, "a text with a language that is none, such as en or pt-br");
    for (size_t i = 0; i <= n; i++)
        low[i] = (char) (lang[i] >= 'A' && lang[i] <= 'Z' ? lang[i] | 32 : lang[i]);
    return intern(g, (term){ .kind = SUND_TERM_LITERAL, .text = text, .lang = low, .n = (uint32_t) strlen(text), .datatype = d });
}

void sund_graph_add(sund_graph *g, sund_term s, sund_term p, sund_term o)
{
    uint32_t t[3] = { s, p, o };

    if (g->err.code != SUND_OK)
        return;
    if (!s || !p || !o || g->term[s].kind == SUND_TERM_LITERAL || g->term[p].kind != SUND_TERM_IRI) {
        (void) spoil(g, SUND_E_FORMAT, "a triple whose subject is a text, or whose predicate is no IRI");
        return;
    }
    if (g->n_triple == g->cap_triple) {
        if (!grow((void **) &g->triple, sizeof *g->triple, &g->cap_triple, &g->seen_triple, &g->slots_triple)) {
            (void) spoil(g, SUND_E_NOMEM, "out of memory for a graph");
            return;
        }
        for (uint32_t i = 1; i <= g->n_triple; i++)
            g->seen_triple[place_triple(g, g->triple[i].t)] = i;
    }
    size_t at = place_triple(g, t);
    if (g->seen_triple[at])
        return;
    if (g->n_triple >= g->bound.triples) {
        (void) spoil(g, SUND_E_LIMIT, "more triples than a description may have");
        return;
    }
    uint32_t i = (uint32_t) ++g->n_triple;
    g->triple[i] = (triple){ .t = { s, p, o } };
    g->seen_triple[at] = i;
    for (int k = 0; k < 3; k++) {
        term *w = &g->term[t[k]];
        if (w->last[k])
            g->triple[w->last[k]].next[k] = i;
        else
            w->first[k] = i;
        w->last[k] = i;
    }
}

void sund_graph_link(sund_graph *g, sund_term s, const char *predicate, const char *object)
{
    sund_graph_add(g, s, sund_graph_iri(g, predicate), sund_graph_iri(g, object));
}

sund_term sund_graph_take(sund_graph *g, const sund_graph *from, sund_term t)
{
    const term *w = &from->term[t];

    if (w->kind == SUND_TERM_BLANK)
        return sund_graph_blank(g, NULL);
    if (w->kind == SUND_TERM_IRI)
        return sund_graph_iri(g, w->text);
    if (w->lang[0])
        return sund_graph_lang(g, w->text, w->lang);
    return sund_graph_typed(g, w->text, from->term[w->datatype].text);
}

static sund_term copy_term(sund_graph *g, const sund_graph *from, sund_term *got, sund_term t)
{
    if (!got[t])
        got[t] = sund_graph_take(g, from, t);
    return got[t];
}

void sund_graph_merge(sund_graph *g, const sund_graph *from)
{
    sund_term *got = calloc(from->n_term + 1, sizeof *got);

    if (!got) {
        (void) spoil(g, SUND_E_NOMEM, "out of memory for a graph");
        return;
    }
    for (uint32_t i = 1; i <= from->n_triple && g->err.code == SUND_OK; i++) {
        const uint32_t *t = from->triple[i].t;
        sund_term       s = copy_term(g, from, got, t[0]), p = copy_term(g, from, got, t[1]);
        sund_graph_add(g, s, p, copy_term(g, from, got, t[2]));
    }
    free(got);
}

size_t sund_graph_size(const sund_graph *g) { return g->n_triple; }
size_t sund_graph_n_term(const sund_graph *g) { return g->n_term; }

sund_term_text sund_graph_at(const sund_graph *g, sund_term t)
{
    const term *w = &g->term[t];

    return (sund_term_text){ .kind = (sund_term_kind) w->kind, .text = w->text, .n = w->n, .datatype = w->datatype, .lang = w->lang };
}

bool sund_graph_is(const sund_graph *g, sund_term t, const char *iri)
{
    return t && g->term[t].kind == SUND_TERM_IRI && strcmp(g->term[t].text, iri) == 0;
}

sund_term sund_graph_find(const sund_graph *g, const char *iri)
{
    term t = { .kind = SUND_TERM_IRI, .text = iri, .lang = "", .n = (uint32_t) strlen(iri) };

    return g->slots_term ? g->seen_term[place_term(g, &t)] : 0;
}

sund_term sund_graph_find_term(const sund_graph *g, const sund_graph *of, sund_term t)
{
    term w;

    if (!t || !g->slots_term || of->term[t].kind == SUND_TERM_BLANK)
        return 0;
    w = of->term[t];
    if (w.datatype && !(w.datatype = sund_graph_find(g, of->term[w.datatype].text)))
        return 0;
    return g->seen_term[place_term(g, &w)];
}

bool sund_graph_has(const sund_graph *g, sund_term s, sund_term p, sund_term o)
{
    uint32_t t[3] = { s, p, o };

    return g->slots_triple && g->seen_triple[place_triple(g, t)];
}

sund_match sund_graph_match(const sund_graph *g, sund_term s, sund_term p, sund_term o)
{
    sund_match m = { .g = g, .want = { s, p, o }, .by = s ? BY_S : o ? BY_O : p ? BY_P : BY_ALL };

    if (m.by == BY_ALL)
        m.at = g->n_triple ? 1 : 0;
    else
        m.at = g->term[m.want[m.by]].first[m.by];
    return m;
}

bool sund_match_next(sund_match *m)
{
    while (m->at) {
        const triple *t = &m->g->triple[m->at];

        m->at = m->by == BY_ALL ? (m->at < m->g->n_triple ? m->at + 1 : 0) : t->next[m->by];
        if ((!m->want[0] || m->want[0] == t->t[0]) && (!m->want[1] || m->want[1] == t->t[1]) && (!m->want[2] || m->want[2] == t->t[2])) {
            m->s = t->t[0];
            m->p = t->t[1];
            m->o = t->t[2];
            return true;
        }
    }
    return false;
}

sund_term sund_graph_object(const sund_graph *g, sund_term s, const char *predicate)
{
    sund_term p = sund_graph_find(g, predicate);

    if (!s || !p)
        return 0;
    sund_match m = sund_graph_match(g, s, p, 0);
    return sund_match_next(&m) ? m.o : 0;
}

const char *sund_graph_value(const sund_graph *g, sund_term s, const char *predicate)
{
    sund_term o = sund_graph_object(g, s, predicate);

    return o ? g->term[o].text : NULL;
}

sund_code sund_graph_list(const sund_graph *g, sund_term head, sund_term *out, size_t max, size_t *n, sund_err *err)
{
    size_t k = 0;

    for (; !sund_graph_is(g, head, RDF("nil")); k++) {
        sund_term first = sund_graph_object(g, head, RDF("first")), rest = sund_graph_object(g, head, RDF("rest"));

        if (!first || !rest)
            return sund_fail(err, SUND_E_FORMAT, "a list that does not end in rdf:nil");
        if (k == max)
            return sund_fail(err, SUND_E_FORMAT, "a list of more than %zu members, or one that is in itself", max);
        out[k] = first;
        head = rest;
    }
    *n = k;
    return SUND_OK;
}
