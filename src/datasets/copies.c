#include "datasets/copies.h"

#include "base/text.h"
#include "datasets/words.h"
#include "rdf/turtle.h"
#include "rdf/vocab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char schema[] = "CREATE TABLE IF NOT EXISTS copy(node TEXT PRIMARY KEY, catalogue TEXT NOT NULL DEFAULT '', turtle BLOB, taken TEXT NOT NULL DEFAULT '', asked TEXT NOT NULL, why TEXT NOT NULL) STRICT;"
                             "CREATE TABLE IF NOT EXISTS part(node TEXT NOT NULL, n INTEGER NOT NULL, turtle BLOB NOT NULL, PRIMARY KEY(node, n)) STRICT;"
                             "CREATE TABLE IF NOT EXISTS thing(node TEXT NOT NULL, iri TEXT NOT NULL, part INTEGER NOT NULL, PRIMARY KEY(node, iri)) STRICT, WITHOUT ROWID;" /* what is described, and where first */
                             "CREATE TABLE IF NOT EXISTS brings(node TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;"
                             "INSERT OR IGNORE INTO part SELECT node, 0, turtle FROM copy WHERE turtle IS NOT NULL;" /* of before there were parts */
                             "UPDATE copy SET turtle=NULL WHERE turtle IS NOT NULL;"
                             "CREATE TABLE IF NOT EXISTS dataset(id INTEGER PRIMARY KEY, iri TEXT NOT NULL UNIQUE, node TEXT NOT NULL, identifier TEXT NOT NULL UNIQUE, title TEXT NOT NULL, description TEXT NOT NULL,"
                             " publisher TEXT NOT NULL, access TEXT NOT NULL, people INTEGER) STRICT;"
                             "CREATE TABLE IF NOT EXISTS facet(dataset INTEGER NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(dataset, kind, value)) STRICT, WITHOUT ROWID;"
                             "CREATE TABLE IF NOT EXISTS service(iri TEXT PRIMARY KEY, node TEXT NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL, description TEXT NOT NULL, type TEXT NOT NULL, url TEXT NOT NULL, version TEXT NOT NULL,"
                             " publisher TEXT NOT NULL, homepage TEXT NOT NULL) STRICT, WITHOUT ROWID;"
                             "CREATE INDEX IF NOT EXISTS facet_of ON facet(kind, value);"
                             "CREATE INDEX IF NOT EXISTS dataset_of ON dataset(node);"
                             "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, tokenize=\"unicode61 remove_diacritics 2\");";

sund_code sund_copies_open(sund_db **db, const char *path, sund_err *err) { return sund_db_open(db, path, schema, err); }

/* ---- taking ---- */

static bool is_under(const char *iri, const char *base) { return strncmp(iri, base, strlen(base)) == 0; }

/** The one catalogue of the graph; base gets what its IRI begins with. */
static sund_code find_catalogue(const sund_graph *g, char catalogue[1100], char base[1100], sund_err *err)
{
    sund_term type = sund_graph_find(g, RDF("type")), class = sund_graph_find(g, DCAT("Catalog"));
    size_t    n = 0;

    for (sund_match m = sund_graph_match(g, 0, type, class); type && class && sund_match_next(&m); n++)
        if (snprintf(catalogue, 1100, "%s", sund_graph_at(g, m.s).text) >= 1100)
            return sund_fail(err, SUND_E_LIMIT, "the catalogue's address is too long");
    if (n != 1)
        return sund_fail(err, SUND_E_DENIED, "describes %zu catalogues: one is expected", n);
    (void) snprintf(base, 1100, "%s", catalogue);
    char *slash = strrchr(base, '/');
    if (!slash || is_under(base, "urn:"))
        return sund_fail(err, SUND_E_DENIED, "the catalogue's address has no '/'");
    slash[1] = 0;
    return SUND_OK;
}

/** Nothing that is another node's: not the address, no data set, no identifier; and nothing that it has described before. What it said the last time is out of the index by now. */
static sund_code check_own(sund_db *db, const sund_graph *g, const char *node, const char *base, sund_term dataset, sund_err *err)
{
    sund_term_text x = sund_graph_at(g, dataset);
    const char    *id = sund_graph_value(g, dataset, DCT("identifier"));
    int64_t        whose = 0; /* 0: new, 1: its own, 2: another node's */

    if (!is_under(x.text, base))
        return sund_fail(err, SUND_E_DENIED, "describes %.120s, which is not under its own address %.80s", x.text, base);
    SUND_TRY(sund_db_i64(db, &whose, 0, err, "SELECT max(1 + (node<>?)) FROM dataset WHERE iri=? OR identifier=?", "ttt", node, x.text, id ? id : ""));
    if (whose)
        return sund_fail(err, SUND_E_DENIED, "describes the data set %.64s%s", id ? id : x.text, whose == 1 ? " twice" : ", which is another node's");
    return SUND_OK;
}

static sund_code put_facet(sund_db *db, int64_t id, const char *kind, const char *value, sund_err *err)
{
    return sund_db_run(db, err, "INSERT OR IGNORE INTO facet(dataset, kind, value) VALUES(?,?,?)", "itt", id, kind, value);
}

/** The values of a property as words of the catalogue's facets. */
static sund_code put_facets(sund_db *db, const sund_graph *g, sund_term s, int64_t id, sund_err *err)
{
    static const struct { const char *kind, *predicate; const sund_word *words; } facets[] = { { "country", DCT("spatial"), sund_words_country }, { "type", DCT("subject"), sund_words_type },
                                                                                               { "access", DCT("accessRights"), sund_words_access }, { "purpose", DPV("hasPurpose"), NULL },
                                                                                               { "disease", HEALTH("hasCodeValues"), NULL } };

    for (size_t k = 0; k < sizeof facets / sizeof *facets; k++) {
        sund_term p = sund_graph_find(g, facets[k].predicate);
        for (sund_match m = sund_graph_match(g, s, p, 0); p && sund_match_next(&m);) {
            const char      *iri = sund_graph_at(g, m.o).text;
            const sund_word *w = facets[k].words ? sund_word_of(facets[k].words, iri) : NULL;
            char             code[200];

            if (w)
                SUND_TRY(put_facet(db, id, facets[k].kind, w->word, err));
            else if (k == 3 && is_under(iri, DUO("")) && snprintf(code, sizeof code, "DUO:%s", iri + strlen(DUO(""))) < (int) sizeof code)
                SUND_TRY(put_facet(db, id, "purpose", code, err));
            else if (k == 4 && sund_disease_code(iri, code, sizeof code))
                SUND_TRY(put_facet(db, id, "disease", code, err));
        }
    }
    return SUND_OK;
}

/** All texts of a property, one a line. */
static void texts_of(const sund_graph *g, sund_term s, const char *predicate, sund_buf *out)
{
    sund_term p = sund_graph_find(g, predicate);

    for (sund_match m = sund_graph_match(g, s, p, 0); p && sund_match_next(&m);) {
        sund_term_text x = sund_graph_at(g, m.o);
        char           code[200];
        if (x.kind == SUND_TERM_LITERAL)
            sund_buf_text(out, x.text);
        else if (sund_disease_code(x.text, code, sizeof code))
            sund_buf_printf(out, "%s %s", code, strchr(code, ':') + 1);
        else if (sund_graph_value(g, m.o, SKOS("prefLabel")))
            sund_buf_text(out, sund_graph_value(g, m.o, SKOS("prefLabel")));
        else if (sund_graph_value(g, m.o, FOAF("name")))
            texts_of(g, m.o, FOAF("name"), out);
        sund_buf_u8(out, '\n');
    }
}

/** The text in English, else the first there is; "" for none. */
static const char *best(const sund_graph *g, sund_term s, const char *predicate)
{
    sund_term   p = sund_graph_find(g, predicate);
    const char *got = "";

    for (sund_match m = sund_graph_match(g, s, p, 0); p && sund_match_next(&m);) {
        sund_term_text x = sund_graph_at(g, m.o);
        if (!*got || strncmp(x.lang, "en", 2) == 0)
            got = x.text;
    }
    return got;
}

static sund_code index_one(sund_db *db, const sund_graph *g, const char *node, sund_term s, sund_err *err)
{
    static const char *const searched[] = { DCT("title"), DCT("description"), DCAT("keyword"), DCT("identifier"), DCT("publisher"), DCT("creator"), HEALTH("hasCodeValues"), HEALTH("populationCoverage"), DCT("subject"), HEALTH("healthCategory") };
    const sund_word         *access = sund_word_of(sund_words_access, best(g, s, DCT("accessRights")));
    const char              *number = sund_graph_value(g, s, HEALTH("numberOfUniqueIndividuals")), *id = sund_graph_value(g, s, DCT("identifier"));
    sund_term                publisher = sund_graph_object(g, s, DCT("publisher"));
    sund_buf                 text = { 0 };
    int64_t                  row;
    sund_code                rc;

    SUND_TRY(sund_db_run(db, err, "INSERT INTO dataset(iri, node, identifier, title, description, publisher, access, people) VALUES(?,?,?,?,?,?,?,CAST(? AS INTEGER))", "tttttttt", sund_graph_at(g, s).text, node, id ? id : "",
                         best(g, s, DCT("title")), best(g, s, DCT("description")), publisher ? best(g, publisher, FOAF("name")) : "", access ? access->word : "", number));
    row = sund_db_last_id(db);
    SUND_TRY(put_facets(db, g, s, row, err));
    for (size_t k = 0; k < sizeof searched / sizeof *searched; k++)
        texts_of(g, s, searched[k], &text);
    sund_buf_nul(&text);
    rc = sund_buf_ok(&text, err);
    if (rc == SUND_OK)
        rc = sund_db_run(db, err, "INSERT INTO words(rowid, text) VALUES(?,?)", "it", row, (const char *) text.p);
    sund_buf_free(&text);
    return rc;
}

/** A service of a type that is known here, with its address; others are in the catalogue alone. Its publisher is the catalogue's; the catalogue stands for a home page. */
static sund_code index_service(sund_db *db, const sund_graph *g, const char *node, const char *catalogue, const char *base, sund_term s, sund_err *err)
{
    sund_term        publisher = sund_graph_object(g, sund_graph_find(g, catalogue), DCT("publisher")), type = sund_graph_find(g, DCT("conformsTo"));
    const char      *iri = sund_graph_at(g, s).text, *url = sund_graph_value(g, s, DCAT("endpointURL")), *version = sund_graph_value(g, s, DCAT("version"));
    const char      *home = publisher ? sund_graph_value(g, publisher, FOAF("homepage")) : NULL;
    const sund_word *w = NULL;

    if (!is_under(iri, base))
        return sund_fail(err, SUND_E_DENIED, "describes the service %.120s, which is not under its own address %.80s", iri, base);
    for (sund_match m = sund_graph_match(g, s, type, 0); type && !w && sund_match_next(&m);)
        w = sund_word_of(sund_words_service, sund_graph_at(g, m.o).text);
    if (!w || !url)
        return SUND_OK;
    return sund_db_run(db, err, "INSERT INTO service(iri, node, id, title, description, type, url, version, publisher, homepage) VALUES(?1,?2,?2||'.'||?3,?4,?5,?6,?7,?8,?9,?10)", "tttttttttt", iri, node, strrchr(iri, '/') + 1, best(g, s, DCT("title")),
                       best(g, s, DCT("description")), w->label, url, version ? version : "", publisher ? best(g, publisher, FOAF("name")) : "", home ? home : catalogue);
}

static sund_code forget_index(sund_db *db, const char *node, sund_err *err)
{
    SUND_TRY(sund_db_run(db, err, "DELETE FROM service WHERE node=?", "t", node));
    SUND_TRY(sund_db_run(db, err, "DELETE FROM words WHERE rowid IN (SELECT id FROM dataset WHERE node=?)", "t", node));
    SUND_TRY(sund_db_run(db, err, "DELETE FROM facet WHERE dataset IN (SELECT id FROM dataset WHERE node=?)", "t", node));
    SUND_TRY(sund_db_run(db, err, "DELETE FROM thing WHERE node=?", "t", node));
    SUND_TRY(sund_db_run(db, err, "DELETE FROM part WHERE node=?", "t", node));
    SUND_TRY(sund_db_run(db, err, "DELETE FROM brings WHERE node=?", "t", node));
    return sund_db_run(db, err, "DELETE FROM dataset WHERE node=?", "t", node);
}

/** The first part: whose catalogue it is, and what was there before goes. */
static sund_code begin(sund_taking *t, const sund_graph *g, sund_err *err)
{
    int64_t other = 0;

    SUND_TRY(find_catalogue(g, t->catalogue, t->base, err));
    SUND_TRY(sund_db_i64(t->db, &other, 0, err, "SELECT count(*) FROM copy WHERE node<>? AND catalogue=?", "tt", t->node, t->catalogue));
    if (other)
        return sund_fail(err, SUND_E_DENIED, "describes the catalogue %.120s, which is another node's", t->catalogue);
    SUND_TRY(sund_db_part(t->db, err));
    t->begun = true;
    return forget_index(t->db, t->node, err);
}

static size_t n_datasets(const sund_graph *g)
{
    sund_term type = sund_graph_find(g, RDF("type")), class = sund_graph_find(g, DCAT("Dataset"));
    size_t    n = 0;

    for (sund_match m = sund_graph_match(g, 0, type, class); type && class && sund_match_next(&m);)
        n++;
    return n;
}

/** Parts come one behind the other, each with something in it, of one version: so there is an end to them. */
static sund_code check_head(const sund_taking *t, const sund_part_head *h, size_t n, sund_err *err)
{
    if (h->total > SUND_DATASETS_MAX || n > SUND_DATASETS_MAX)
        return sund_fail(err, SUND_E_LIMIT, "describes %zu data sets: %d of a node are taken", h->total > n ? h->total : n, SUND_DATASETS_MAX);
    if (t->n_part && (!sund_digest_eq(&h->version, &t->first.version) || h->total != t->first.total))
        return sund_fail(err, SUND_E_DENIED, "its description changed while it was read: it is read again");
    if (h->from != t->n || h->n != n || n > h->total - t->n || (n == 0 && h->total))
        return sund_fail(err, SUND_E_DENIED, "its description is not whole: data sets from %zu of %zu were due, %zu from %zu came, and are said to be %zu", t->n + 1, t->n_part ? t->first.total : h->total, n,
                         h->from + 1, h->n);
    return SUND_OK;
}

static sund_code put_part(sund_taking *t, const sund_graph *g, sund_cur text, sund_err *err)
{
    sund_term type = sund_graph_find(g, RDF("type")), class = sund_graph_find(g, DCAT("Dataset")), service = sund_graph_find(g, DCAT("DataService"));
    char      catalogue[1100] = "", base[1100] = "";

    SUND_TRY(t->n_part == 0 ? begin(t, g, err) : find_catalogue(g, catalogue, base, err));
    if (t->n_part && strcmp(catalogue, t->catalogue) != 0)
        return sund_fail(err, SUND_E_DENIED, "describes two catalogues, %.100s and %.100s: one is expected", t->catalogue, catalogue);
    SUND_TRY(sund_db_run(t->db, err, "INSERT INTO part(node, n, turtle) VALUES(?,?,?)", "tib", t->node, (int64_t) t->n_part, text.p, text.n));
    for (sund_match m = sund_graph_match(g, 0, type, 0); type && sund_match_next(&m);) {
        sund_term_text x = sund_graph_at(g, m.s);

        if (m.o == class && class) {
            SUND_TRY(check_own(t->db, g, t->node, t->base, m.s, err));
            SUND_TRY(index_one(t->db, g, t->node, m.s, err));
        }
        if (x.kind == SUND_TERM_IRI && is_under(x.text, t->base))
            SUND_TRY(sund_db_run(t->db, err, "INSERT OR IGNORE INTO thing(node, iri, part) VALUES(?,?,?)", "tti", t->node, x.text, (int64_t) t->n_part));
    }
    for (sund_match m = sund_graph_match(g, 0, type, service); t->n_part == 0 && type && service && sund_match_next(&m);)
        SUND_TRY(index_service(t->db, g, t->node, t->catalogue, t->base, m.s, err));
    return SUND_OK;
}

sund_code sund_taking_part(sund_taking *t, sund_cur text, sund_err *err)
{
    sund_graph    *g = NULL;
    sund_part_head h = { .from = 0 };
    bool           headed = false;
    sund_code      rc = sund_graph_new(&g, NULL, err);

    if (rc == SUND_OK)
        rc = sund_part_head_read(text, &h, &headed, err);
    if (rc == SUND_OK)
        rc = h.total > SUND_DATASETS_MAX ? check_head(t, &h, 0, err) : sund_turtle_read(g, t->node, text.p, text.n, NULL, err);
    if (rc == SUND_OK && !headed) /* whole in one */
        h.n = h.total = n_datasets(g);
    if (rc == SUND_OK)
        rc = check_head(t, &h, n_datasets(g), err);
    if (rc == SUND_OK)
        rc = sund_profile_check(t->profile, g, NULL, err);
    if (rc == SUND_OK)
        rc = put_part(t, g, text, err);
    if (rc == SUND_OK) {
        if (t->n_part == 0)
            t->first = h;
        t->n += h.n;
        t->n_part++;
    }
    sund_graph_free(g);
    return rc;
}

bool sund_taking_whole(const sund_taking *t) { return t->n_part && t->n == t->first.total; }

sund_code sund_taking_end(sund_taking *t, sund_code rc, const sund_err *why, sund_err *err)
{
    sund_err said = { .code = rc };

    (void) snprintf(said.msg, sizeof said.msg, "%s", rc == SUND_OK ? "" : why->msg);
    if (rc == SUND_OK && !sund_taking_whole(t))
        rc = sund_fail(&said, SUND_E_DENIED, "its description is not whole: %zu of %zu data sets came", t->n, t->first.total);
    if (rc == SUND_OK)
        rc = sund_db_run(t->db, &said, "INSERT OR REPLACE INTO copy(node, catalogue, taken, asked, why) VALUES(?,?,?,?,'')", "tttt", t->node, t->catalogue, t->time, t->time);
    if (rc == SUND_OK)
        rc = sund_db_run(t->db, &said, "INSERT OR REPLACE INTO brings(node, name) VALUES(?,?)", "tt", t->node, t->first.brings);
    if (t->begun)
        rc = sund_db_part_end(t->db, true, rc, &said);
    if (rc != SUND_OK && rc != SUND_E_IO && rc != SUND_E_NOMEM)
        SUND_TRY(sund_copies_miss(t->db, t->node, said.msg, t->time, err));
    return rc == SUND_OK ? SUND_OK : sund_fail(err, rc, "%s", said.msg);
}

sund_code sund_copies_take(sund_db *db, const sund_profile *p, const char *node, const void *turtle, size_t n, const char *time, sund_err *err)
{
    sund_taking *t = malloc(sizeof *t);
    sund_err     why = { .code = SUND_OK };
    sund_code    rc;

    if (!t)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    *t = (sund_taking){ .db = db, .profile = p, .node = node, .time = time };
    rc = sund_taking_part(t, sund_cur_of(turtle, n), &why);
    rc = sund_taking_end(t, rc, &why, err);
    free(t);
    return rc;
}

sund_code sund_copies_miss(sund_db *db, const char *node, const char *why, const char *time, sund_err *err)
{
    char text[480];

    (void) snprintf(text, sizeof text, "%s", why);
    sund_text_clean(text);
    return sund_db_run(db, err, "INSERT INTO copy(node, asked, why) VALUES(?,?,?) ON CONFLICT(node) DO UPDATE SET asked=excluded.asked, why=excluded.why", "ttt", node, time, text);
}

sund_code sund_copies_same(sund_db *db, const char *node, const char *time, sund_err *err) { return sund_db_run(db, err, "UPDATE copy SET asked=?, why='' WHERE node=?", "tt", time, node); }

sund_code sund_copies_forget(sund_db *db, const char *node, const char *why, const char *time, sund_err *err)
{
    sund_code rc;

    SUND_TRY(sund_db_part(db, err));
    rc = forget_index(db, node, err);
    if (rc == SUND_OK)
        rc = sund_db_run(db, err, "DELETE FROM copy WHERE node=?", "t", node);
    if (rc == SUND_OK && *why)
        rc = sund_copies_miss(db, node, why, time, err);
    return sund_db_part_end(db, true, rc, err);
}

/* ---- reading ---- */

sund_code sund_copies_each(sund_db *db, sund_code (*fn)(void *ctx, const sund_copy *c, sund_err *err), void *ctx, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc = sund_db_query(db, &rows, err, "SELECT node, catalogue, taken, asked, why, (SELECT name FROM brings b WHERE b.node=copy.node), (SELECT count(*) FROM dataset d WHERE d.node=copy.node) FROM copy ORDER BY node", "");

    while (rc == SUND_OK && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_copy c = { sund_rows_text(rows, 0), sund_rows_text(rows, 1), sund_rows_text(rows, 2), sund_rows_text(rows, 3), sund_rows_text(rows, 4), sund_rows_text(rows, 5), sund_rows_i64(rows, 6) };
        rc = fn(ctx, &c, err);
    }
    sund_rows_close(rows);
    return rc;
}

sund_code sund_copies_parts(sund_db *db, const char *node, size_t *n, char catalogue[1100], sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc = sund_db_query(db, &rows, err, "SELECT catalogue, (SELECT count(*) FROM part p WHERE p.node=copy.node) FROM copy WHERE node=? AND taken<>''", "t", node);

    if (rc == SUND_OK)
        rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && !more)
        rc = sund_fail(err, SUND_E_NOT_FOUND, "there is no copy of a catalogue of that node");
    if (rc == SUND_OK) {
        (void) snprintf(catalogue, 1100, "%s", sund_rows_text(rows, 0));
        *n = (size_t) sund_rows_i64(rows, 1);
    }
    sund_rows_close(rows);
    return rc;
}

sund_code sund_copies_graph(sund_db *db, const char *node, size_t part, sund_graph *g, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc = sund_db_query(db, &rows, err, "SELECT turtle FROM part WHERE node=? AND n=?", "ti", node, (int64_t) part);

    if (rc == SUND_OK)
        rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && !more)
        rc = sund_fail(err, SUND_E_NOT_FOUND, "the node's catalogue has no such page");
    if (rc == SUND_OK) {
        sund_cur t = sund_rows_blob(rows, 0);
        rc = sund_turtle_read(g, node, t.p, t.n, NULL, err);
    }
    sund_rows_close(rows);
    return rc;
}

sund_code sund_copies_part_of(sund_db *db, const char *node, const char *iri, size_t *part, sund_err *err)
{
    int64_t n = 0;

    SUND_TRY(sund_db_i64(db, &n, 0, err, "SELECT part FROM thing WHERE node=? AND iri=?", "tt", node, iri));
    *part = (size_t) n;
    return SUND_OK;
}

sund_code sund_copies_members(sund_db *db, const char *node, sund_code (*fn)(void *ctx, const char *iri, sund_err *err), void *ctx, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc = sund_db_query(db, &rows, err, "SELECT iri FROM dataset WHERE node=? ORDER BY id", "t", node);

    while (rc == SUND_OK && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more)
        rc = fn(ctx, sund_rows_text(rows, 0), err);
    sund_rows_close(rows);
    return rc;
}

/** Words as FTS5 takes them: each in quotes, as the beginning of a word. "" when there is none. */
static void as_query(const char *words, sund_buf *out)
{
    for (const char *w = words; *w;) {
        size_t n = strcspn(w, " \t\n,;\"");
        if (n) {
            sund_buf_printf(out, "%s\"", out->n ? " " : "");
            sund_buf_put(out, w, n);
            sund_buf_text(out, "\"*");
        }
        w += n + (w[n] != 0);
    }
    sund_buf_nul(out);
}

static const char *given(const char *s) { return s ? s : ""; }

static sund_code check_find(const sund_find *f, sund_err *err)
{
    char iri[300];

    if (*given(f->country) && !sund_word_find(sund_words_country, f->country))
        return sund_fail(err, SUND_E_ARG, "country: two letters of a country are expected, such as SE");
    if (*given(f->type) && !sund_word_find(sund_words_type, f->type))
        return sund_fail(err, SUND_E_ARG, "type: whole-genome, exome, array, rna, phenotypes or frequencies is expected");
    if (*given(f->access) && !sund_word_find(sund_words_access, f->access))
        return sund_fail(err, SUND_E_ARG, "access: public, restricted or non-public is expected");
    if (*given(f->disease) && !sund_disease_iri(f->disease, iri, sizeof iri))
        return sund_fail(err, SUND_E_ARG, "disease: a code such as ICD10:E11, ORPHA:558 or MONDO:0005148 is expected");
    if (*given(f->purpose) && (strncmp(f->purpose, "DUO:", 4) != 0 || strlen(f->purpose) != 11 || strspn(f->purpose + 4, "0123456789") != 7))
        return sund_fail(err, SUND_E_ARG, "purpose: a code of the Data Use Ontology is expected, such as DUO:0000042");
    if (!sund_utf8_ok(given(f->words), strlen(given(f->words))) || strlen(given(f->words)) > 1000)
        return sund_fail(err, SUND_E_ARG, "the words that are sought are not text, or too many");
    return SUND_OK;
}

sund_code sund_copies_find(sund_db *db, const sund_find *f, sund_code (*fn)(void *ctx, const sund_found *f, sund_err *err), void *ctx, int64_t *n, sund_err *err)
{
    static const char sql[] =
        "SELECT d.node, d.iri, d.identifier, d.title, d.description, d.publisher, d.access, c.taken, d.people, count(*) OVER () FROM dataset d JOIN copy c ON c.node=d.node"
        " LEFT JOIN (SELECT rowid AS id, rank FROM words WHERE ?1<>'' AND words MATCH ?1) w ON w.id=d.id"
        " WHERE (?1='' OR w.id IS NOT NULL)"
        " AND (?2='' OR EXISTS(SELECT 1 FROM facet f WHERE f.dataset=d.id AND f.kind='country' AND f.value=?2))"
        " AND (?3='' OR EXISTS(SELECT 1 FROM facet f WHERE f.dataset=d.id AND f.kind='disease' AND (f.value=?3 OR substr(f.value,1,length(?3)+1)=?3||'.')))"
        " AND (?4='' OR EXISTS(SELECT 1 FROM facet f WHERE f.dataset=d.id AND f.kind='type' AND f.value=?4))"
        " AND (?5='' OR d.access=?5)"
        " AND (?6='' OR EXISTS(SELECT 1 FROM facet f WHERE f.dataset=d.id AND f.kind='purpose' AND f.value=?6))"
        " AND (?7='' OR d.node=?7) AND (?8=0 OR d.people>=?8) ORDER BY w.rank, d.identifier LIMIT ?9";
    sund_buf   q = { 0 };
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc = check_find(f, err);

    *n = 0;
    as_query(given(f->words), &q);
    if (rc == SUND_OK)
        rc = sund_buf_ok(&q, err);
    if (rc == SUND_OK)
        rc = sund_db_query(db, &rows, err, sql, "tttttttii", (const char *) q.p, given(f->country), given(f->disease), given(f->type), given(f->access), given(f->purpose), given(f->node), f->people, (int64_t) SUND_FIND_MAX);
    while (rc == SUND_OK && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_found row = { sund_rows_text(rows, 0), sund_rows_text(rows, 1), sund_rows_text(rows, 2), sund_rows_text(rows, 3), sund_rows_text(rows, 4),
                           sund_rows_text(rows, 5), sund_rows_text(rows, 6), sund_rows_text(rows, 7), sund_rows_null(rows, 8) ? -1 : sund_rows_i64(rows, 8) };
        *n = sund_rows_i64(rows, 9);
        rc = fn(ctx, &row, err);
    }
    sund_rows_close(rows);
    sund_buf_free(&q);
    return rc;
}

sund_code sund_copies_facet(sund_db *db, const char *facet, sund_code (*fn)(void *ctx, const char *value, int64_t n, sund_err *err), void *ctx, sund_err *err)
{
    static const char of_words[] = "SELECT value, count(*) FROM facet WHERE kind=? GROUP BY value ORDER BY 2 DESC, value LIMIT 500";
    static const char of_people[] = "WITH RECURSIVE least(n) AS (VALUES(1) UNION ALL SELECT n * 10 FROM least WHERE n < 10000000)"
                                    " SELECT n, count(*) FROM least JOIN dataset ON people >= n WHERE ?='people' GROUP BY n ORDER BY n";
    sund_rows        *rows = NULL;
    bool              more = false;
    sund_code         rc = sund_db_query(db, &rows, err, strcmp(facet, "people") == 0 ? of_people : of_words, "t", facet);

    while (rc == SUND_OK && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more)
        rc = fn(ctx, sund_rows_text(rows, 0), sund_rows_i64(rows, 1), err);
    sund_rows_close(rows);
    return rc;
}

sund_code sund_copies_services(sund_db *db, sund_code (*fn)(void *ctx, const sund_offer *s, sund_err *err), void *ctx, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc = sund_db_query(db, &rows, err, "SELECT id, title, description, type, url, version, publisher, homepage FROM (SELECT *, row_number() OVER (PARTITION BY node ORDER BY iri) k FROM service) WHERE k<=64 ORDER BY node, iri", "");

    while (rc == SUND_OK && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_offer s = { sund_rows_text(rows, 0), sund_rows_text(rows, 1), sund_rows_text(rows, 2), sund_rows_text(rows, 3), sund_rows_text(rows, 4), sund_rows_text(rows, 5), sund_rows_text(rows, 6), sund_rows_text(rows, 7) };

        rc = fn(ctx, &s, err);
    }
    sund_rows_close(rows);
    return rc;
}
