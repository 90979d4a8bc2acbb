#include "base/json.h"
#include "base/text.h"
#include "datasets/pages.h"
#include "rdf/vocab.h"

#include <stdio.h>
#include <string.h>

/* Where a Beacon's answer leads: to where one applies for the data, and to what is said of them. */

/** What a program may follow; a node could have written any IRI. */
static bool may_follow(const char *url) { return url && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0 || strncmp(url, "mailto:", 7) == 0) && strlen(url) < 1000; }

static void one(sund_json *j, const char *id, const char *label, const char *note, const char *url)
{
    sund_json_open(j, NULL, '{');
    sund_json_open(j, "handoverType", '{');
    sund_json_str(j, "id", id);
    sund_json_str(j, "label", label);
    sund_json_close(j, '}');
    sund_json_str(j, "note", note);
    sund_json_str(j, "url", url);
    sund_json_close(j, '}');
}

/** "; uses that are allowed: DUO:0000042, DUO:0000006". */
static void add_uses(const sund_graph *g, sund_term s, char *note, size_t cap)
{
    sund_term p = sund_graph_find(g, DPV("hasPurpose"));
    size_t    n = 0, at = strlen(note);

    for (sund_match m = sund_graph_match(g, s, p, 0); p && sund_match_next(&m) && n < 16 && at + 40 < cap;) {
        const char *iri = sund_graph_at(g, m.o).text;
        if (strncmp(iri, DUO(""), strlen(DUO(""))) == 0 && strlen(iri) == strlen(DUO("")) + 7)
            at += (size_t) snprintf(note + at, cap - at, "%sDUO:%s", n++ ? ", " : "; uses that are allowed: ", iri + strlen(DUO("")));
    }
}

/** Where access is asked for, by its distributions; NULL where that is not said, or nothing to follow. */
static const char *access_of(const sund_graph *g, sund_term s)
{
    sund_term p = sund_graph_find(g, DCAT("distribution"));

    for (sund_match m = sund_graph_match(g, s, p, 0); p && sund_match_next(&m);)
        if (may_follow(sund_graph_value(g, m.o, DCAT("accessURL"))))
            return sund_graph_value(g, m.o, DCAT("accessURL"));
    return NULL;
}

static void of_dataset(const sund_graph *g, sund_term s, sund_json *j)
{
    const char *iri = sund_graph_at(g, s).text, *id = sund_graph_value(g, s, DCT("identifier")), *title = sund_graph_value(g, s, DCT("title")), *access = access_of(g, s);
    char        note[900];

    (void) snprintf(note, sizeof note, "%.64s, %.200s", id ? id : iri, title ? title : "");
    while (*note && !sund_utf8_ok(note, strlen(note))) /* a letter that was cut */
        note[strlen(note) - 1] = 0;
    add_uses(g, s, note, sizeof note);
    if (access && strcmp(access, iri) != 0)
        one(j, "CUSTOM:000002", "Where access is asked for", note, access);
    if (may_follow(iri))
        one(j, "CUSTOM:000003", "Description of the data set", note, iri);
}

sund_code sund_pages_handovers(const sund_graph *g, size_t total, const char *catalogue, sund_buf *out, sund_err *err)
{
    sund_term type = sund_graph_find(g, RDF("type")), class = sund_graph_find(g, DCAT("Dataset"));
    size_t    n = 0;
    char      note[120];
    sund_json j;

    sund_json_init(&j, out, false);
    sund_json_open(&j, NULL, '[');
    (void) snprintf(note, sizeof note, "%zu data set%s, with who may use them and on which terms", total, total == 1 ? "" : "s");
    one(&j, "CUSTOM:000001", "Catalogue of data sets", note, catalogue);
    for (sund_match m = sund_graph_match(g, 0, type, class); type && class && sund_match_next(&m) && n < SUND_HANDOVERS_MAX; n++)
        of_dataset(g, m.s, &j);
    sund_json_close(&j, ']');
    return sund_buf_ok(out, err);
}
