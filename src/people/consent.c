#include "people/people_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Data Use Ontology: what a person's consent permits. Permission terms say for what; modifiers add conditions. A condition on who asks or what
 * comes after (not for profit, only with approval, ...) cannot be checked by this program: whoever has one is left out. */
enum { P_GENERAL = 1, P_HEALTH = 2, P_DISEASE = 4, P_ANCESTRY = 8, P_METHODS = 16, P_CARE = 32, P_ALL = 63 };

static const struct { const char *name; unsigned bit; } purposes[] = {
    { "general-research", P_GENERAL }, { "health-research", P_HEALTH }, { "disease-research", P_DISEASE },
    { "ancestry-research", P_ANCESTRY }, { "methods-research", P_METHODS }, { "clinical-care", P_CARE },
};

typedef struct duo { const char *name, *id; unsigned allows, forbids; bool blocks; } duo;
static const duo terms[] = {
    { "NRES", "DUO:0000004", P_ALL, 0, false },
    { "GRU", "DUO:0000042", P_GENERAL | P_HEALTH | P_DISEASE | P_ANCESTRY | P_METHODS, 0, false },
    { "HMB", "DUO:0000006", P_HEALTH | P_DISEASE, 0, false },
    { "DS", "DUO:0000007", 0, 0, false }, /* with its disease: see below */
    { "POA", "DUO:0000011", P_ANCESTRY, 0, false },
    { "CC", "DUO:0000043", P_CARE, 0, false },
    { "NMDS", "DUO:0000015", 0, P_METHODS, false },
    { "NPOA", "DUO:0000044", 0, P_ANCESTRY, false },
    { "GSO", "DUO:0000016", 0, 0, false }, /* genetic studies only: these are */
    { "RS", "DUO:0000012", 0, 0, true },      { "NPU", "DUO:0000045", 0, 0, true },  { "NCU", "DUO:0000046", 0, 0, true },
    { "NPUNCU", "DUO:0000018", 0, 0, true },  { "PUB", "DUO:0000019", 0, 0, true },  { "COL", "DUO:0000020", 0, 0, true },
    { "IRB", "DUO:0000021", 0, 0, true },     { "GS", "DUO:0000022", 0, 0, true },   { "MOR", "DUO:0000024", 0, 0, true },
    { "TS", "DUO:0000025", 0, 0, true },      { "US", "DUO:0000026", 0, 0, true },   { "PS", "DUO:0000027", 0, 0, true },
    { "IS", "DUO:0000028", 0, 0, true },      { "RTN", "DUO:0000029", 0, 0, true },
};

/** "disease-research=MONDO:0005148" -> bit and disease. */
static unsigned purpose_bit(const char *purpose, const char **disease)
{
    const char *eq = strchr(purpose, '=');
    size_t      n = eq ? (size_t) (eq - purpose) : strlen(purpose);

    *disease = eq ? eq + 1 : "";
    for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++)
        if (strlen(purposes[i].name) == n && strncmp(purposes[i].name, purpose, n) == 0 && (!eq || purposes[i].bit == P_DISEASE))
            return purposes[i].bit;
    return 0;
}

sund_code sund_purpose_check(const char *purpose, sund_err *err)
{
    const char *disease;

    if (purpose_bit(purpose, &disease))
        return SUND_OK;
    return sund_fail(err, SUND_E_ARG, "'%.60s' is no purpose: general-research, health-research, disease-research[=MONDO:...], ancestry-research, methods-research or clinical-care", purpose);
}

/** The next code of a list into out; false at the end. */
static bool next_code(const char **at, char out[64])
{
    size_t n;

    while (**at == ',' || **at == ' ')
        (*at)++;
    n = strcspn(*at, ", ");
    (void) snprintf(out, 64, "%.*s", (int) (n < 63 ? n : 63), *at);
    *at += n;
    return n > 0;
}

static const duo *find(const char *code, const char **of)
{
    const char *eq = strchr(code, '=');
    size_t      n = eq ? (size_t) (eq - code) : strlen(code);

    *of = eq ? eq + 1 : "";
    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++)
        if ((strlen(terms[i].name) == n && strncmp(terms[i].name, code, n) == 0) || (strlen(terms[i].id) == n && strncmp(terms[i].id, code, n) == 0))
            return &terms[i];
    return NULL;
}

bool sund_consent_known(const char *codes)
{
    char        code[64];
    const char *of;

    while (next_code(&codes, code))
        if (!find(code, &of))
            return false;
    return true;
}

bool sund_consent_allows(const char *codes, const char *purpose) { return sund_consent_allows_by(codes, purpose, &(sund_consent_by){ NULL, NULL }); }

sund_code sund_consent_by_make(sund_consent_by *by, sund_ontos *ontos, const char *purpose, sund_err *err)
{
    const char *disease;
    uint32_t    t;

    memset(by, 0, sizeof *by);
    (void) purpose_bit(purpose, &disease);
    if (!disease[0])
        return SUND_OK;
    SUND_TRY(sund_ontos_get(ontos, disease, &by->onto, err));
    t = by->onto ? sund_onto_find(by->onto, disease) : SUND_ONTO_NONE;
    return t == SUND_ONTO_NONE ? SUND_OK : sund_onto_set(by->onto, t, false, &by->above, err);
}

void sund_consent_by_free(sund_consent_by *by)
{
    sund_onto_free(by->onto);
    free(by->above);
    memset(by, 0, sizeof *by);
}

/** Consent to research on a disease is one to research on each kind of it. */
static bool covers(const sund_consent_by *by, const char *of, const char *disease)
{
    uint32_t t = by->above ? sund_onto_find(by->onto, of) : SUND_ONTO_NONE;

    return strcmp(of, disease) == 0 || (t != SUND_ONTO_NONE && (by->above[t / 64] >> (t % 64) & 1));
}

bool sund_consent_allows_by(const char *codes, const char *purpose, const sund_consent_by *by)
{
    const char *disease, *of;
    unsigned    want = purpose_bit(purpose, &disease), allowed = 0, forbidden = 0;
    char        code[64];

    while (next_code(&codes, code)) {
        const duo *d = find(code, &of);

        if (!d || d->blocks)
            return false;
        allowed |= d->allows;
        forbidden |= d->forbids;
        if (strcmp(d->name, "DS") == 0 && of[0] && covers(by, of, disease))
            allowed |= P_DISEASE;
    }
    return want && (allowed & want) && !(forbidden & want);
}
