#include "node/terms.h"

#include "people/terms.h"

#include <stdlib.h>
#include <string.h>

typedef struct writing { sund_buf *out; const sund_thresholds *rules; int64_t least; } writing;

static sund_code write_term(void *ctx, const sund_term *t, sund_err *err)
{
    static const char *const type[] = { "integer", "real", "binary", "category" };
    const writing           *w = ctx;
    bool                     any = false;

    if (sund_shown_number(w->rules, t->n_person) < 0 || t->n_person < w->least)
        return SUND_OK;
    if (t->var) {
        sund_buf_printf(w->out, "variable\t%s\t%s\t%s\t%s\n", t->code, type[t->var->type], t->var->unit, t->var->codes);
        return sund_buf_ok(w->out, err);
    }
    sund_buf_printf(w->out, "term\t%s\t", t->code);
    for (int k = 1; k < SUND_RECORD_KINDS; k++)
        if (t->kinds >> k & 1) {
            sund_buf_printf(w->out, "%s%s", any ? "," : "", sund_record_word((sund_record_kind) k));
            any = true;
        }
    sund_buf_printf(w->out, "\t%s\n", t->name);
    return sund_buf_ok(w->out, err);
}

static sund_code write_ontologies(sund_ontos *s, sund_buf *out, sund_err *err)
{
    sund_ontos_entry *list = NULL;
    size_t            n = 0;
    sund_code         rc = s ? sund_ontos_list(s, &list, &n, err) : SUND_OK;

    for (size_t i = 0; rc == SUND_OK && i < n; i++)
        sund_buf_printf(out, "ontology\t%s\t%s\t%s\n", list[i].info.prefix, list[i].info.version, list[i].info.title);
    free(list);
    return rc == SUND_OK ? sund_buf_ok(out, err) : rc;
}

/** What fewer have is left out where the list would be too long for an answer. */
static sund_code write_all(sund_terms *t, sund_home *h, sund_err *err)
{
    writing w = { &t->text, &h->thresholds, 1 };

    do {
        sund_buf_clear(&t->text);
        SUND_TRY(write_ontologies(h->ontos, &t->text, err));
        SUND_TRY(sund_people_terms(h->people, h->lookup, write_term, &w, err));
        w.least = 4 * (w.least < 5 ? 5 : w.least);
    } while (t->text.n > SUND_SHOWN_MAX / 2 && w.least < (int64_t) 1 << 40);
    return SUND_OK;
}

sund_code sund_answer_terms(sund_terms *t, sund_home *h, sund_shown **out, sund_err *err)
{
    int64_t people = 0, ontos = 0;

    SUND_TRY(sund_people_version(h->people, &people, err));
    if (h->ontos)
        SUND_TRY(sund_ontos_version(h->ontos, &ontos, err));
    if (!t->ready || t->people != people || t->ontos != ontos) {
        t->ready = false;
        SUND_TRY(write_all(t, h, err));
        t->ready = true;
        t->people = people;
        t->ontos = ontos;
    }
    return sund_shown_text(h->gate, SUND_ASK_TERMS, t->text.p, t->text.n, out, err);
}

void sund_terms_close(sund_terms *t)
{
    sund_buf_free(&t->text);
    memset(t, 0, sizeof *t);
}
