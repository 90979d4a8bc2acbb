#include "onto/onto_priv.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* From what a reader says of terms, by their ids, to an ontology of one prefix. */

void onto_builder_free(onto_builder *b)
{
    sund_buf_free(&b->text);
    free(b->term);
    free(b->hash);
    free(b->parent.p);
    free(b->synonym.p);
    free(b->alt.p);
    memset(b, 0, sizeof *b);
}

static const char *at_text(const onto_builder *b, uint32_t at) { return (const char *) b->text.p + at; }

/** A copy, clean enough to be shown; 0, the empty text, when there is no room. */
static uint32_t keep_text(onto_builder *b, const char *s, size_t n)
{
    size_t at;

    if (b->text.n == 0)
        sund_buf_u8(&b->text, 0);
    at = b->text.n;
    if (n == 0)
        return 0;
    sund_buf_put(&b->text, s, n);
    sund_buf_u8(&b->text, 0);
    if (b->text.bad || b->text.n > INT32_MAX) {
        b->bad = true;
        return 0;
    }
    sund_text_clean((char *) b->text.p + at);
    return (uint32_t) at;
}

static uint64_t hash_of(const char *s)
{
    uint64_t h = 0xCBF29CE484222325u;

    for (; *s; s++)
        h = (h ^ (uint8_t) *s) * 0x100000001B3u;
    return h ^ h >> 29;
}

/** Where the id's term is in the hash, or would be. */
static size_t hash_place(const onto_builder *b, const char *id)
{
    size_t at = (size_t) hash_of(id) & (b->n_hash - 1);

    while (b->hash[at] && strcmp(at_text(b, b->term[b->hash[at] - 1].id), id) != 0)
        at = (at + 1) & (b->n_hash - 1);
    return at;
}

static bool grow(onto_builder *b)
{
    size_t     cap = b->cap_term ? 2 * b->cap_term : 1024;
    onto_said *term = cap <= 2 * (size_t) ONTO_TERMS_MAX ? realloc(b->term, cap * sizeof *term) : NULL;
    uint32_t  *hash = calloc(4 * cap, sizeof *hash);

    b->term = term ? term : b->term;
    if (!term || !hash) {
        free(hash);
        b->bad = true;
        return false;
    }
    free(b->hash);
    b->hash = hash;
    b->n_hash = 4 * cap;
    b->cap_term = cap;
    for (size_t i = 0; i < b->n_term; i++)
        b->hash[hash_place(b, at_text(b, b->term[i].id))] = (uint32_t) i + 1;
    return true;
}

uint32_t onto_term(onto_builder *b, const char *id, size_t n, bool declared)
{
    char   code[SUND_CODE_MAX + 1];
    size_t at;

    if (!sund_onto_code(id, n, code)) {
        b->n_outside++;
        return SUND_ONTO_NONE;
    }
    if (b->bad || (b->n_term == b->cap_term && !grow(b)))
        return SUND_ONTO_NONE;
    at = hash_place(b, code);
    if (!b->hash[at]) {
        onto_said said = { .id = keep_text(b, code, strlen(code)) };

        if (b->bad)
            return SUND_ONTO_NONE;
        b->term[b->n_term++] = said;
        b->hash[at] = (uint32_t) b->n_term;
    }
    b->term[b->hash[at] - 1].declared |= declared;
    return b->hash[at] - 1;
}

void onto_name(onto_builder *b, uint32_t t, const char *s, size_t n)
{
    if (t != SUND_ONTO_NONE && n <= ONTO_NAME_MAX)
        b->term[t].name = keep_text(b, s, n);
}

static void add_pair(onto_builder *b, onto_pairs *list, uint32_t term, uint32_t text)
{
    if (list->n == list->cap) {
        size_t     cap = list->cap ? 2 * list->cap : 1024;
        onto_pair *p = cap <= 2 * (size_t) ONTO_PAIRS_MAX ? realloc(list->p, cap * sizeof *p) : NULL;

        if (!p) {
            b->bad = true;
            return;
        }
        list->p = p;
        list->cap = cap;
    }
    list->p[list->n++] = (onto_pair){ term, text };
}

void onto_synonym(onto_builder *b, uint32_t t, const char *s, size_t n)
{
    if (t != SUND_ONTO_NONE && n && n <= ONTO_NAME_MAX)
        add_pair(b, &b->synonym, t, keep_text(b, s, n));
}

void onto_alt(onto_builder *b, uint32_t t, const char *id, size_t n)
{
    char code[SUND_CODE_MAX + 1];

    if (t != SUND_ONTO_NONE && sund_onto_code(id, n, code))
        add_pair(b, &b->alt, t, keep_text(b, code, strlen(code)));
}

void onto_parent(onto_builder *b, uint32_t t, const char *id, size_t n)
{
    uint32_t parent = t == SUND_ONTO_NONE ? SUND_ONTO_NONE : onto_term(b, id, n, false);

    if (parent != SUND_ONTO_NONE)
        add_pair(b, &b->parent, t, parent);
}

bool onto_is_group_edge(const onto_builder *b, uint32_t t, const char *kind, size_t n)
{
    bool part_of = (n >= 7 && memcmp(kind + n - 7, "part_of", 7) == 0) || (n >= 11 && (memcmp(kind + n - 11, "BFO_0000050", 11) == 0 || memcmp(kind + n - 11, "BFO:0000050", 11) == 0));

    return part_of && t != SUND_ONTO_NONE && sund_onto_of_prefix(at_text(b, b->term[t].id), "ORPHA");
}

void onto_replaced(onto_builder *b, uint32_t t, const char *id, size_t n)
{
    uint32_t by = t == SUND_ONTO_NONE ? SUND_ONTO_NONE : onto_term(b, id, n, false);

    if (by != SUND_ONTO_NONE)
        b->term[t].replaced = by + 1;
}

void onto_version(onto_builder *b, const char *s, size_t n)
{
    const char *mark = "releases/";
    const char *at = memmem(s, n, mark, strlen(mark));

    if (at) {
        at += strlen(mark);
        n -= (size_t) (at - s);
        s = at;
        at = memchr(s, '/', n);
        n = at ? (size_t) (at - s) : n;
    }
    (void) snprintf(b->version, sizeof b->version, "%.*s", (int) (n < sizeof b->version ? n : sizeof b->version - 1), s);
    sund_text_clean(b->version);
}

void onto_title(onto_builder *b, const char *s, size_t n)
{
    (void) snprintf(b->title, sizeof b->title, "%.*s", (int) (n < sizeof b->title ? n : sizeof b->title - 1), s);
    sund_text_clean(b->title);
}

/* ---- building ---- */

/** The prefix that the title begins with, where terms have it (hp, hp/hp-base.owl, duo-basic.owl); else that which most terms have. */
static void choose_prefix(onto_builder *b)
{
    struct { char prefix[17]; size_t n; } seen[64];
    size_t n_seen = 0, best = 0;

    for (size_t i = 0; i < b->n_term; i++) {
        const char *id = at_text(b, b->term[i].id);
        size_t      n = strcspn(id, ":"), k = 0;

        if (!b->term[i].declared || n > 16)
            continue;
        while (k < n_seen && !sund_onto_of_prefix(id, seen[k].prefix))
            k++;
        if (k == n_seen && n_seen < 64) {
            (void) snprintf(seen[n_seen].prefix, sizeof seen[0].prefix, "%.*s", (int) n, id);
            seen[n_seen++].n = 0;
        }
        if (k < n_seen)
            seen[k].n++;
    }
    for (size_t k = 0; k < n_seen; k++) {
        size_t n = strlen(seen[k].prefix);
        char   c = strncasecmp(b->title, seen[k].prefix, n) == 0 ? b->title[n] : 'x';

        if (c == 0 || strchr("/.-_", c)) {
            best = k;
            break;
        }
        if (seen[k].n > seen[best].n)
            best = k;
    }
    (void) snprintf(b->prefix, sizeof b->prefix, "%s", n_seen ? seen[best].prefix : "");
}

typedef struct making {
    onto_builder *b;
    sund_onto    *o;
    uint32_t     *order; /* place in what was said, of each term */
    uint32_t     *place; /* term, of what was said; NONE for those that are left out */
} making;

static int by_id(const void *a, const void *b, void *with)
{
    const onto_builder *w = with;

    return strcmp(at_text(w, w->term[*(const uint32_t *) a].id), at_text(w, w->term[*(const uint32_t *) b].id));
}

/** Numbers the terms. */
static sund_code take_terms(making *m, sund_err *err)
{
    onto_builder *b = m->b;
    uint32_t      n = 0;

    for (size_t i = 0; i < b->n_term; i++) {
        m->place[i] = SUND_ONTO_NONE;
        if (!sund_onto_of_prefix(at_text(b, b->term[i].id), b->prefix))
            b->n_outside += b->term[i].declared;
        else if (b->term[i].declared)
            m->order[n++] = (uint32_t) i;
    }
    if (n == 0)
        return sund_fail(err, SUND_E_FORMAT, "%s: has no term with an id such as HP:0001250", b->file);
    if (n > ONTO_TERMS_MAX)
        return sund_fail(err, SUND_E_LIMIT, "%s: more than %d terms", b->file, ONTO_TERMS_MAX);
    qsort_r(m->order, n, sizeof *m->order, by_id, b);
    for (uint32_t t = 0; t < n; t++)
        m->place[m->order[t]] = t;
    m->o->info.n_term = n;
    return SUND_OK;
}

/** Room for lists of n entries over the terms. */
static bool lists_new(onto_lists *l, uint32_t n_term, size_t n)
{
    l->at = calloc((size_t) n_term + 2, sizeof *l->at);
    l->to = calloc(n + 1, sizeof *l->to);
    return l->at && l->to;
}

typedef struct two { uint32_t a, b; } two;

static int by_two(const void *x, const void *y)
{
    const two *p = x, *q = y;

    return p->a != q->a ? (p->a < q->a ? -1 : 1) : p->b < q->b ? -1 : p->b > q->b;
}

/** Sorted pairs, each once, as lists. */
static bool lists_of(onto_lists *l, uint32_t n_term, two *p, size_t n)
{
    size_t kept = 0;

    if (!lists_new(l, n_term, n))
        return false;
    if (n)
        qsort(p, n, sizeof *p, by_two);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || by_two(&p[i], &p[i - 1]) != 0) {
            l->at[p[i].a + 1]++;
            l->to[kept++] = p[i].b;
        }
    for (uint32_t t = 0; t < n_term; t++)
        l->at[t + 1] += l->at[t];
    return true;
}

static sund_code take_edges(making *m, sund_err *err)
{
    onto_builder *b = m->b;
    two          *p = malloc((b->parent.n + 1) * sizeof *p);
    size_t        n = 0;
    bool          ok = p != NULL;
    sund_code     rc = SUND_OK;

    for (size_t i = 0; ok && rc == SUND_OK && i < b->parent.n; i++) {
        const onto_said *child = &b->term[b->parent.p[i].term], *above = &b->term[b->parent.p[i].text];
        bool             own = sund_onto_of_prefix(at_text(b, above->id), b->prefix);

        if (m->place[b->parent.p[i].term] == SUND_ONTO_NONE || !own)
            b->n_outside++;
        else if (!above->declared)
            rc = sund_fail(err, SUND_E_FORMAT, "%s: %s is a kind of %s, which the file does not have: it is not whole", b->file, at_text(b, child->id), at_text(b, above->id));
        else
            p[n++] = (two){ m->place[b->parent.p[i].term], m->place[b->parent.p[i].text] };
    }
    ok = ok && (rc != SUND_OK || lists_of(&m->o->parent, m->o->info.n_term, p, n));
    for (size_t i = 0; ok && i < n; i++)
        p[i] = (two){ p[i].b, p[i].a };
    ok = ok && (rc != SUND_OK || lists_of(&m->o->child, m->o->info.n_term, p, n));
    free(p);
    return !ok ? sund_fail(err, SUND_E_NOMEM, "%s: out of memory", b->file) : rc;
}

static int by_term(const void *a, const void *b)
{
    const onto_pair *x = a, *y = b;

    return x->term < y->term ? -1 : x->term > y->term;
}

static int by_term_text(const void *a, const void *b, void *text)
{
    const onto_pair *x = a, *y = b;

    return x->term != y->term ? by_term(a, b) : strcmp((const char *) text + x->text, (const char *) text + y->text);
}

/** Texts by term, sorted and each once. */
static bool take_texts(making *m, onto_pairs *said, onto_lists *l, uint32_t *total)
{
    size_t n = 0, kept = 0;
    char  *text = (char *) m->b->text.p;

    for (size_t i = 0; i < said->n; i++)
        if (m->place[said->p[i].term] != SUND_ONTO_NONE)
            said->p[n++] = (onto_pair){ m->place[said->p[i].term], said->p[i].text };
    if (!lists_new(l, m->o->info.n_term, n))
        return false;
    if (n)
        qsort_r(said->p, n, sizeof *said->p, by_term_text, text);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || by_term_text(&said->p[i], &said->p[i - 1], text) != 0) {
            l->at[said->p[i].term + 1]++;
            l->to[kept++] = said->p[i].text;
        }
    for (uint32_t t = 0; t < m->o->info.n_term; t++)
        l->at[t + 1] += l->at[t];
    *total = (uint32_t) kept;
    return true;
}

static bool is_alt(const sund_onto *o, const onto_entry *e) { return o->id[e->term] != e->id; }

/** By id; a term's own id before the same as an alternate one. */
static int by_entry(const void *a, const void *b, void *with)
{
    const onto_entry *x = a, *y = b;
    const sund_onto  *o = with;
    int               c = strcmp(o->text + x->id, o->text + y->id);

    if (c || is_alt(o, x) != is_alt(o, y))
        return c ? c : is_alt(o, x) ? 1 : -1;
    return x->term < y->term ? -1 : x->term > y->term;
}

/** Each id once. Of two terms that claim an alternate id the first has it; a term of its own that is obsolete, with nothing in its place, is replaced by the term that claims it. */
static bool make_index(sund_onto *o)
{
    size_t n = 0, kept = 0;

    o->index = calloc((size_t) o->info.n_term + o->info.n_alt + 1, sizeof *o->index);
    if (!o->index)
        return false;
    for (uint32_t t = 0; t < o->info.n_term; t++) {
        o->index[n++] = (onto_entry){ o->id[t], t };
        for (uint32_t k = o->alt.at[t]; k < o->alt.at[t + 1]; k++)
            o->index[n++] = (onto_entry){ o->alt.to[k], t };
    }
    qsort_r(o->index, n, sizeof *o->index, by_entry, o);
    for (size_t i = 0; i < n; i++) {
        onto_entry *e = &o->index[i], *was = kept ? &o->index[kept - 1] : NULL;

        if (!was || strcmp(o->text + was->id, o->text + e->id) != 0)
            o->index[kept++] = *e;
        else if (!is_alt(o, was) && o->obsolete[was->term] && o->replaced[was->term] == SUND_ONTO_NONE)
            o->replaced[was->term] = e->term;
    }
    o->n_index = kept;
    return true;
}

static sund_code name_cycle(const sund_onto *o, const uint32_t *left, uint32_t t, const char *file, sund_err *err)
{
    char     text[400] = "";
    size_t   n = 0;
    uint32_t step = 0, first;

    /* every term that is left has a parent that is left: so many steps up end on a cycle */
    for (uint32_t i = 0; i < o->info.n_term; i++)
        for (uint32_t k = o->parent.at[t]; k < o->parent.at[t + 1]; k++)
            if (left[o->parent.to[k]]) {
                t = o->parent.to[k];
                break;
            }
    first = t;
    do {
        n += (size_t) snprintf(text + n, sizeof text - n, "%s is a kind of ", o->text + o->id[t]);
        for (uint32_t k = o->parent.at[t]; k < o->parent.at[t + 1]; k++)
            if (left[o->parent.to[k]]) {
                t = o->parent.to[k];
                break;
            }
    } while (t != first && n < sizeof text && ++step < 8);
    return sund_fail(err, SUND_E_FORMAT, "%s: its terms go round in a circle: %.300s%s", file, text, t == first ? o->text + o->id[first] : "...");
}

/** Takes away terms all of whose parents are gone, again and again: what is left is on a cycle or below one. */
static sund_code check_cycles(const sund_onto *o, const char *file, sund_err *err)
{
    uint32_t  n = o->info.n_term, *left = calloc((size_t) n + 1, sizeof *left), *list = malloc(((size_t) n + 1) * sizeof *list);
    size_t    n_list = 0;
    sund_code rc = left && list ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "%s: out of memory", file);

    for (uint32_t t = 0; rc == SUND_OK && t < n; t++) {
        left[t] = o->parent.at[t + 1] - o->parent.at[t];
        if (left[t] == 0)
            list[n_list++] = t;
    }
    for (size_t i = 0; rc == SUND_OK && i < n_list; i++)
        for (uint32_t k = o->child.at[list[i]]; k < o->child.at[list[i] + 1]; k++)
            if (--left[o->child.to[k]] == 0)
                list[n_list++] = o->child.to[k];
    for (uint32_t t = 0; rc == SUND_OK && t < n && n_list < n; t++)
        if (left[t])
            rc = name_cycle(o, left, t, file, err);
    free(left);
    free(list);
    return rc;
}

static void hash_text(sund_hasher *h, const char *s) { sund_hasher_add(h, s, strlen(s) + 1); }

/** What descendants follow from. */
static sund_digest digest_of(const sund_onto *o)
{
    sund_hasher h;

    sund_hasher_init(&h);
    hash_text(&h, o->info.prefix);
    for (uint32_t t = 0; t < o->info.n_term; t++) {
        hash_text(&h, o->text + o->id[t]);
        if (o->obsolete[t])
            hash_text(&h, o->replaced[t] == SUND_ONTO_NONE ? "obsolete" : o->text + o->id[o->replaced[t]]);
        for (uint32_t k = o->parent.at[t]; k < o->parent.at[t + 1]; k++)
            hash_text(&h, o->text + o->id[o->parent.to[k]]);
        hash_text(&h, "");
    }
    for (size_t i = 0; i < o->n_index; i++)
        if (is_alt(o, &o->index[i])) {
            hash_text(&h, o->text + o->index[i].id);
            hash_text(&h, o->text + o->id[o->index[i].term]);
        }
    return sund_hasher_end(&h);
}

static bool fill_terms(making *m)
{
    sund_onto *o = m->o;
    uint32_t   n = o->info.n_term;

    o->id = calloc((size_t) n + 1, sizeof *o->id);
    o->name = calloc((size_t) n + 1, sizeof *o->name);
    o->replaced = calloc((size_t) n + 1, sizeof *o->replaced);
    o->obsolete = calloc((size_t) n + 1, 1);
    if (!o->id || !o->name || !o->replaced || !o->obsolete)
        return false;
    for (uint32_t t = 0; t < n; t++) {
        const onto_said *s = &m->b->term[m->order[t]];

        o->id[t] = s->id;
        o->name[t] = s->name;
        o->obsolete[t] = s->obsolete;
        o->replaced[t] = s->obsolete && s->replaced ? m->place[s->replaced - 1] : SUND_ONTO_NONE;
        o->info.n_obsolete += s->obsolete;
    }
    return take_texts(m, &m->b->synonym, &o->synonym, &o->info.n_synonym) && take_texts(m, &m->b->alt, &o->alt, &o->info.n_alt);
}

static sund_code make(making *m, sund_err *err)
{
    onto_builder *b = m->b;
    sund_onto    *o = m->o;

    choose_prefix(b);
    if (!b->version[0])
        return sund_fail(err, SUND_E_FORMAT, "%s: does not say its version: give it by --version", b->file);
    SUND_TRY(take_terms(m, err));
    SUND_TRY(take_edges(m, err));
    if (!fill_terms(m))
        return sund_fail(err, SUND_E_NOMEM, "%s: out of memory", b->file);
    o->text = (char *) b->text.p;
    b->text = (sund_buf){ 0 };
    if (!make_index(o))
        return sund_fail(err, SUND_E_NOMEM, "%s: out of memory", b->file);
    o->info.n_edge = o->parent.at[o->info.n_term];
    o->info.n_outside = b->n_outside;
    memcpy(o->info.prefix, b->prefix, sizeof b->prefix);
    memcpy(o->info.version, b->version, sizeof b->version);
    memcpy(o->info.title, b->title, sizeof b->title);
    o->info.digest = digest_of(o);
    return check_cycles(o, b->file, err);
}

sund_code onto_build(onto_builder *b, sund_onto **out, sund_err *err)
{
    making    m = { b, calloc(1, sizeof(sund_onto)), malloc((b->n_term + 1) * sizeof(uint32_t)), malloc((b->n_term + 1) * sizeof(uint32_t)) };
    sund_code rc;

    if (b->bad || b->text.bad || !m.o || !m.order || !m.place)
        rc = sund_fail(err, b->bad ? SUND_E_LIMIT : SUND_E_NOMEM, "%s: more than %d terms or %d edges and synonyms, or than memory holds", b->file, ONTO_TERMS_MAX, ONTO_PAIRS_MAX);
    else {
        atomic_init(&m.o->refs, 1);
        rc = make(&m, err);
    }
    free(m.order);
    free(m.place);
    if (rc == SUND_OK)
        *out = m.o;
    else
        sund_onto_free(m.o);
    return rc;
}
