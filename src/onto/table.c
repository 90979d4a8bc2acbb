#include "onto/onto_priv.h"

#include "base/tsv.h"

#include <string.h>

/* Tables with tabs: terms with their parents (id, name, parents joined by ';', obsolete), or edges (subject, predicate, object). */

static bool is_a(const char *predicate)
{
    return strcmp(predicate, "biolink:subclass_of") == 0 || strcmp(predicate, "rdfs:subClassOf") == 0 || strcmp(predicate, "subclass_of") == 0 || strcmp(predicate, "is_a") == 0;
}

static void term_rows(onto_builder *b, const sund_tsv *t, int id, int name, int parents)
{
    int gone = sund_tsv_column(t, "obsolete");

    for (size_t row = 0; row < t->n_row; row++) {
        const char *s = sund_tsv_at(t, row, (size_t) id), *up = sund_tsv_at(t, row, (size_t) parents), *label = name < 0 ? "" : sund_tsv_at(t, row, (size_t) name);
        const char *obsolete = gone < 0 ? "" : sund_tsv_at(t, row, (size_t) gone);
        uint32_t    term = onto_term(b, s, strlen(s), true);

        if (term == SUND_ONTO_NONE)
            continue;
        onto_name(b, term, label, strlen(label));
        b->term[term].obsolete = strcmp(obsolete, "TRUE") == 0 || strcmp(obsolete, "true") == 0 || strcmp(obsolete, "1") == 0;
        while (*up) {
            size_t n = strcspn(up, ";");

            if (n)
                onto_parent(b, term, up, n);
            up += n + (up[n] == ';');
        }
    }
}

static void edge_rows(onto_builder *b, const sund_tsv *t, int subject, int predicate, int object)
{
    for (size_t row = 0; row < t->n_row; row++) {
        const char *from = sund_tsv_at(t, row, (size_t) subject), *to = sund_tsv_at(t, row, (size_t) object);
        uint32_t    term = onto_term(b, from, strlen(from), true);

        if (onto_term(b, to, strlen(to), true) == SUND_ONTO_NONE)
            continue;
        if (is_a(sund_tsv_at(t, row, (size_t) predicate)))
            onto_parent(b, term, to, strlen(to));
        else
            b->n_outside++;
    }
}

sund_code onto_read_table(onto_builder *b, const char *text, size_t n, sund_err *err)
{
    sund_tsv t = { .n_row = 0 };
    int      id, parents, subject, predicate, object;

    SUND_TRY(sund_tsv_parse(&t, b->file, text, n, err));
    id = sund_tsv_column(&t, "id");
    parents = sund_tsv_column(&t, "parents");
    subject = sund_tsv_column(&t, "subject");
    predicate = sund_tsv_column(&t, "predicate");
    object = sund_tsv_column(&t, "object");
    if (id >= 0 && parents >= 0)
        term_rows(b, &t, id, sund_tsv_column(&t, "name"), parents);
    else if (subject >= 0 && predicate >= 0 && object >= 0)
        edge_rows(b, &t, subject, predicate, object);
    sund_tsv_free(&t);
    return b->n_term || b->bad ? SUND_OK : sund_fail(err, SUND_E_FORMAT, "%s:1: the columns id, name, parents or subject, predicate, object are expected, with ids such as HP:0001250", b->file);
}
