#include "exchange/acmg.h"

#include <string.h>
#include <strings.h>

static const struct { const char *code, *words; } class_name[] = {
    { "", "" }, { "B", "Benign" }, { "LB", "Likely benign" }, { "VUS", "Uncertain significance" }, { "LP", "Likely pathogenic" }, { "P", "Pathogenic" },
};

const char *sund_acmg_code(sund_acmg c) { return c >= SUND_ACMG_B && c <= SUND_ACMG_P ? class_name[c].code : ""; }
const char *sund_acmg_words(sund_acmg c) { return c >= SUND_ACMG_B && c <= SUND_ACMG_P ? class_name[c].words : ""; }

sund_acmg sund_acmg_parse(const char *s)
{
    char words[32];

    if (strlen(s) >= sizeof words)
        return SUND_ACMG_NONE;
    for (size_t i = 0; i <= strlen(s); i++)
        words[i] = s[i] == '_' ? ' ' : s[i];
    for (int c = SUND_ACMG_B; c <= SUND_ACMG_P; c++)
        if (strcasecmp(words, class_name[c].code) == 0 || strcasecmp(words, class_name[c].words) == 0)
            return (sund_acmg) c;
    if (strcasecmp(words, "VUS-high") == 0 || strcasecmp(words, "VUS-mid") == 0 || strcasecmp(words, "VUS-low") == 0) /* how near to a side; the class is one */
        return SUND_ACMG_VUS;
    return SUND_ACMG_NONE;
}

enum { BENIGN = 1 << SUND_ACMG_B | 1 << SUND_ACMG_LB, UNCERTAIN = 1 << SUND_ACMG_VUS, PATHOGENIC = 1 << SUND_ACMG_LP | 1 << SUND_ACMG_P };

bool sund_acmg_discordant(sund_acmg_set s) { return !!(s & BENIGN) + !!(s & UNCERTAIN) + !!(s & PATHOGENIC) > 1; }

sund_vkgl sund_vkgl_of(sund_acmg_set s, sund_acmg *consensus)
{
    *consensus = SUND_ACMG_NONE;
    for (int c = SUND_ACMG_B; c <= SUND_ACMG_P; c++)
        if (s == 1U << c) {
            *consensus = (sund_acmg) c;
            return SUND_VKGL_TOTAL_AGREEMENT;
        }
    if (s == BENIGN || s == PATHOGENIC) {
        *consensus = s == BENIGN ? SUND_ACMG_LB : SUND_ACMG_LP;
        return SUND_VKGL_AGREEMENT;
    }
    if (!s)
        return SUND_VKGL_NONE;
    return (s & BENIGN) && (s & PATHOGENIC) ? SUND_VKGL_TOTAL_DISAGREEMENT : SUND_VKGL_DISAGREEMENT;
}

static const char *const vkgl_name[] = { "", "total_agreement", "agreement", "disagreement", "total_disagreement" };

const char *sund_vkgl_name(sund_vkgl v) { return v >= SUND_VKGL_TOTAL_AGREEMENT && v <= SUND_VKGL_TOTAL_DISAGREEMENT ? vkgl_name[v] : ""; }

sund_vkgl sund_vkgl_parse(const char *s)
{
    for (int v = SUND_VKGL_TOTAL_AGREEMENT; v <= SUND_VKGL_TOTAL_DISAGREEMENT; v++)
        if (strcmp(s, vkgl_name[v]) == 0)
            return (sund_vkgl) v;
    return SUND_VKGL_NONE;
}
