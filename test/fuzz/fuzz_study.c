/* Study files, rosters, tables and INI: text from outside. The first byte says which. */
#include "base/ini.h"
#include "base/text.h"
#include "base/tsv.h"
#include "secagg/roster.h"
#include "study/analysis.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/** Its text without its first node is the study that goes on from it. */
static void without(const sund_study *s, const uint8_t *p, size_t n)
{
    static sund_study now;
    const char       *gone[1] = { s->node[0] };
    sund_buf          text = { 0 };
    sund_err          err;

    if (sund_study_without(s, p, n, gone, 1, &text, &err) != SUND_OK) {
        if (s->n_node > 1)
            abort();
    }
    else if (text.n <= SUND_STUDY_MAX_BYTES && (sund_study_parse(&now, "again", text.p, text.n, &err) != SUND_OK || sund_study_goes_on(s, &now, &err) != SUND_OK || now.n_node != s->n_node - 1))
        abort();
    sund_buf_free(&text);
}

static void study(const uint8_t *p, size_t n)
{
    static sund_study    s;
    const sund_analysis *a;
    sund_err             err;

    if (sund_study_parse(&s, "study", p, n, &err) != SUND_OK)
        return;
    if (s.n_node == 0 || s.n_node > SUND_NODE_MAX || s.chunk == 0 || sund_study_node(&s, s.node[0]) != 0)
        abort();
    for (size_t i = 1; i < s.n_node; i++)
        if (strcmp(s.node[i - 1], s.node[i]) >= 0)
            abort();
    without(&s, p, n);
    if (sund_analysis_find(s.analysis, &a, &err) == SUND_OK && a->check(&s, &err) != SUND_OK && !err.msg[0])
        abort();
}

static void roster(const uint8_t *p, size_t n)
{
    sund_roster r = { .name = "" };
    sund_err    err;

    if (sund_roster_parse(&r, "roster", p, n, true, &err) == SUND_OK && (r.n_node > SUND_NODE_MAX || r.n_member == 0))
        abort();
    sund_roster_free(&r);
    memset(&r, 0, sizeof r);
    if (sund_roster_parse(&r, "roster", p, n, false, &err) == SUND_OK && r.n_node == 0)
        abort();
    sund_roster_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    sund_tsv t = { 0 };
    sund_ini ini = { 0 };
    sund_err err;

    if (n < 1)
        return 0;
    switch (p[0] % 4) {
    case 0: study(p + 1, n - 1); break;
    case 1: roster(p + 1, n - 1); break;
    case 2:
        if (sund_tsv_parse(&t, "table", p + 1, n - 1, &err) == SUND_OK)
            for (size_t r = 0; r < t.n_row; r++)
                for (size_t c = 0; c < t.n_col; c++)
                    if (strchr(sund_tsv_at(&t, r, c), '\t') || strchr(sund_tsv_at(&t, r, c), '\n'))
                        abort();
        sund_tsv_free(&t);
        break;
    default:
        if (sund_ini_parse(&ini, "ini", p + 1, n - 1, &err) == SUND_OK)
            for (size_t i = 0; i < ini.n_item; i++)
                if (!sund_utf8_ok(ini.item[i].value, strlen(ini.item[i].value)))
                    abort();
        sund_ini_free(&ini);
    }
    return 0;
}
