#include "api/beacon.h"

#include "base/text.h"

#include <string.h>

/* What laboratories say of a variant, in a record of it: variantLevelData.clinicalInterpretations, of what nodes share with everybody. */

static const char *relevance_of(const char *class)
{
    static const char *const code[] = { "B", "LB", "VUS", "LP", "P" }, *const words[] = { "benign", "likely benign", "uncertain significance", "likely pathogenic", "pathogenic" };

    for (size_t i = 0; i < sizeof code / sizeof code[0]; i++)
        if (class && strcmp(code[i], class) == 0)
            return words[i];
    return NULL;
}

/** A text as the node sent it, if it is one line. */
static void text(sund_json *j, const char *key, const char *s)
{
    if (s && s[0] && strlen(s) < 1100 && sund_text_ok(s))
        sund_json_str(j, key, s);
}

static void one(const sund_jval *v, sund_json *j)
{
    static const char *const known[] = { "gene", "criteria", "evidence", "date", "laboratory", "method", "reference", "standing" };
    const char              *condition = sund_j_text(v, "condition"), *relevance = relevance_of(sund_j_text(v, "class")), *colon = condition ? strchr(condition, ':') : NULL;
    bool                     named = colon && colon - condition > 1 && colon[1] && strlen(condition) < 80 && sund_text_ok(condition);

    if (!relevance)
        return;
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "conditionId", named ? condition : "MedGen:C3661900");
    sund_json_open(j, "effect", '{');
    sund_json_str(j, "id", named ? condition : "MedGen:C3661900");
    if (!named)
        sund_json_str(j, "label", "not provided"); /* as ClinVar has it */
    sund_json_close(j, '}');
    sund_json_str(j, "clinicalRelevance", relevance);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        text(j, known[i], sund_j_text(v, known[i]));
    sund_json_close(j, '}');
}

void sund_beacon_said(const sund_answers *said, const char *node, sund_json *j)
{
    bool any = false;

    for (size_t i = 0; said && i < said->n; i++) {
        const sund_shown *s = said->row[i].shown;
        const sund_jval  *list;
        sund_jval        *v = NULL;

        if (!s || !sund_shown_answered(s) || (node[0] && strcmp(node, said->row[i].node) != 0) || sund_json_read(sund_shown_bytes(s).p, sund_shown_bytes(s).n, &v, NULL) != SUND_OK)
            continue; /* what a node sent and nobody can read is as if it had sent nothing */
        list = sund_j_get(v, "interpretations");
        for (size_t k = 0; k < sund_j_n(list); k++) {
            if (!any) {
                sund_json_open(j, "variantLevelData", '{');
                sund_json_open(j, "clinicalInterpretations", '[');
                any = true;
            }
            one(sund_j_at(list, k), j);
        }
        sund_jval_free(v);
    }
    if (any) {
        sund_json_close(j, ']');
        sund_json_close(j, '}');
    }
}
