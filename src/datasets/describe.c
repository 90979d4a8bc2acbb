#include "datasets/describe.h"

#include "base/file.h"
#include "base/ini.h"
#include "base/text.h"
#include "datasets/words.h"
#include "rdf/vocab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EU(x) "http://publications.europa.eu/resource/authority/" x
#define EHDS  "http://data.europa.eu/eli/reg/2025/327/oj"
enum { WORD_MAX = 1024 };

/** A section's items: ini.item[from] to, without, ini.item[to]. */
typedef struct section { size_t from, to; } section;

struct sund_describe {
    sund_ini ini;
    section  catalogue, *agent, *service, *dataset;
    size_t   n, n_agent, n_service;
};

/* What a key's value is: T a text in a language (key-en), W such texts separated by ';', A agents, K the contact of an agent, O one of a list of words, L words of a list,
 * I addresses, D a date, F and U the two ends of a period, N a number, C codes of diseases, P purposes, B legal bases, S themes, R a licence, E a file type, X another identifier,
 * M an e-mail address, - for the program. A value that names something described elsewhere gives it its type here, as DCAT-AP wants it. */
typedef struct key {
    const char      *section, *name;
    char             form;
    bool             need, many;
    const char      *predicate, *type;
    const sund_word *words;
    const char      *help;
} key;

static const key keys[] = {
    { "catalogue", "base", '-', false, false, NULL, NULL, NULL, "" },
    { "catalogue", "title", 'T', true, true, DCT("title"), NULL, NULL, "title-en = its name" },
    { "catalogue", "description", 'T', true, true, DCT("description"), NULL, NULL, "description-en = what is in it" },
    { "catalogue", "publisher", 'A', true, false, DCT("publisher"), NULL, NULL, "publisher = the name of an [agent NAME]" },
    { "catalogue", "licence", 'R', false, false, DCT("license"), DCT("LicenseDocument"), NULL, "" },
    { "catalogue", "languages", 'L', false, true, DCT("language"), DCT("LinguisticSystem"), sund_words_language, "" },
    { "catalogue", "countries", 'L', false, true, DCT("spatial"), DCT("Location"), sund_words_country, "" },
    { "catalogue", "homepage", 'I', false, false, FOAF("homepage"), FOAF("Document"), NULL, "" },
    { "catalogue", "issued", 'D', true, false, DCT("issued"), NULL, NULL, "issued = 2026-11-26, when it was first published" },
    { "catalogue", "modified", 'D', false, false, DCT("modified"), NULL, NULL, "" },
    { "agent", "name", 'T', true, true, FOAF("name"), NULL, NULL, "name-en = ..." },
    { "agent", "email", 'M', true, false, FOAF("mbox"), NULL, NULL, "email = data@example.org" },
    { "agent", "homepage", 'I', false, false, FOAF("homepage"), FOAF("Document"), NULL, "" },
    { "agent", "identifier", 'X', false, false, DCT("identifier"), NULL, NULL, "" },
    { "agent", "countries", 'L', false, true, DCT("spatial"), DCT("Location"), sund_words_country, "" },
    { "service", "title", 'T', true, true, DCT("title"), NULL, NULL, "title-en = its name" },
    { "service", "description", 'T', false, true, DCT("description"), NULL, NULL, "" },
    { "service", "url", 'I', true, false, DCAT("endpointURL"), NULL, NULL, "url = where it answers" },
    { "service", "type", 'O', true, false, DCT("conformsTo"), DCT("Standard"), sund_words_service, "type = beacon, htsget, refget, fdp or matchmaker" },
    { "service", "version", 'X', true, false, DCAT("version"), NULL, NULL, "version = of the program that answers" },
    { "dataset", "title", 'T', true, true, DCT("title"), NULL, NULL, "title-en = its name" },
    { "dataset", "description", 'T', true, true, DCT("description"), NULL, NULL, "description-en = what is in it" },
    { "dataset", "keywords", 'W', false, true, DCAT("keyword"), NULL, NULL, "" },
    { "dataset", "coverage", 'T', false, true, HEALTH("populationCoverage"), NULL, NULL, "" },
    { "dataset", "publisher", 'A', true, false, DCT("publisher"), NULL, NULL, "publisher = the name of an [agent NAME]" },
    { "dataset", "creator", 'A', true, true, DCT("creator"), NULL, NULL, "creator = the name of an [agent NAME], or several with commas" },
    { "dataset", "contact", 'K', true, false, DCAT("contactPoint"), NULL, NULL, "contact = the name of an [agent NAME]" },
    { "dataset", "hdab", 'A', false, true, HEALTH("hdab"), NULL, NULL, "" },
    { "dataset", "access", 'O', true, false, DCT("accessRights"), DCT("RightsStatement"), sund_words_access, "access = public, restricted or non-public" },
    { "dataset", "category", 'L', true, true, HEALTH("healthCategory"), SKOS("Concept"), sund_words_category, "category = human-genomic, human-genetic or human-epigenomic" },
    { "dataset", "type", 'L', false, true, DCT("subject"), SKOS("Concept"), sund_words_type, "" },
    { "dataset", "themes", 'S', false, true, DCAT("theme"), SKOS("Concept"), NULL, "" },
    { "dataset", "legal-basis", 'B', false, true, DPV("hasLegalBasis"), NULL, NULL, "" },
    { "dataset", "purposes", 'P', false, true, DPV("hasPurpose"), NULL, NULL, "" },
    { "dataset", "diseases", 'C', false, true, HEALTH("hasCodeValues"), NULL, NULL, "" },
    { "dataset", "countries", 'L', false, true, DCT("spatial"), DCT("Location"), sund_words_country, "" },
    { "dataset", "languages", 'L', false, true, DCT("language"), DCT("LinguisticSystem"), sund_words_language, "" },
    { "dataset", "issued", 'D', false, false, DCT("issued"), NULL, NULL, "" },
    { "dataset", "modified", 'D', false, false, DCT("modified"), NULL, NULL, "" },
    { "dataset", "from", 'F', false, false, DCT("temporal"), NULL, NULL, "" },
    { "dataset", "to", 'U', false, false, DCT("temporal"), NULL, NULL, "" },
    { "dataset", "retention-from", 'F', false, false, HEALTH("retentionPeriod"), NULL, NULL, "" },
    { "dataset", "retention-to", 'U', false, false, HEALTH("retentionPeriod"), NULL, NULL, "" },
    { "dataset", "records", 'N', false, false, HEALTH("numberOfRecords"), NULL, NULL, "" },
    { "dataset", "conforms", 'L', false, true, DCT("conformsTo"), DCT("Standard"), sund_words_conforms, "" },
    { "dataset", "status", 'O', false, false, ADMS("status"), SKOS("Concept"), sund_words_status, "" },
    { "dataset", "publications", 'I', false, true, DCT("isReferencedBy"), RDFS("Resource"), NULL, "" },
    { "dataset", "landing-page", 'I', false, false, DCAT("landingPage"), FOAF("Document"), NULL, "" },
    { "dataset", "cohort", '-', false, false, NULL, NULL, NULL, "" },
    /* of its distribution */
    { "dataset", "access-url", 'I', false, false, DCAT("accessURL"), RDFS("Resource"), NULL, "" },
    { "dataset", "licence", 'R', false, false, DCT("license"), DCT("LicenseDocument"), NULL, "" },
    { "dataset", "format", 'E', false, false, DCT("format"), DCT("MediaTypeOrExtent"), NULL, "" },
    { "dataset", "bytes", 'N', false, false, DCAT("byteSize"), NULL, NULL, "" },
};
enum { N_KEYS = sizeof keys / sizeof *keys };

typedef struct making {
    const sund_describe *d;
    const char          *base;
    sund_graph          *g;
    sund_err            *err;
} making;

static sund_code wrong(const sund_describe *d, const sund_ini_item *i, const char *why, sund_err *err)
{
    return sund_fail(err, SUND_E_FORMAT, "%s:%u: %s = %.80s: %s", d->ini.name, i->line, i->key, i->value, why);
}

static sund_term name(const making *m, const char *kind, const char *what)
{
    char iri[1200];

    (void) snprintf(iri, sizeof iri, "%s%s%s", m->base, kind, what);
    return sund_graph_iri(m->g, iri);
}

static void put(const making *m, sund_term s, const char *predicate, sund_term o) { sund_graph_add(m->g, s, sund_graph_iri(m->g, predicate), o); }

/** The next of several words, which begins at *s, and its length. */
static size_t cut_word(const char **at, char sep, const char **s)
{
    const char *e;
    size_t      n;

    *s = *at + strspn(*at, " ");
    e = strchr(*s, sep);
    n = e ? (size_t) (e - *s) : strlen(*s);
    *at = e ? e + 1 : *s + n;
    while (n && (*s)[n - 1] == ' ')
        n--;
    return n;
}

/** The next of several words that check_words() has passed. False at the end. */
static bool next_word(const char **at, char sep, char out[WORD_MAX])
{
    const char *s;
    size_t      n = cut_word(at, sep, &s);

    if (n >= WORD_MAX)
        return false;
    memcpy(out, s, n);
    out[n] = 0;
    return n > 0;
}

/** Nothing is lost of a list: no place in it is empty, and no word is longer than is read. */
static sund_code check_words(const making *m, const sund_ini_item *i, char sep)
{
    const char *s;

    for (const char *at = i->value; *at;) {
        size_t n = cut_word(&at, sep, &s);
        if (n == 0 || n >= WORD_MAX)
            return wrong(m->d, i, n ? "one of these is longer than 1023 bytes" : sep == ';' ? "there is nothing before a ';'" : "there is nothing before a ','", m->err);
    }
    return SUND_OK;
}

bool sund_dataset_id_ok(const char *id)
{
    const char *s = id + 4, *e;

    if (strncmp(id, "GOE-", 4) != 0 && strncmp(id, "GDI-", 4) != 0)
        return false;
    if (strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2 || s[2] != '-')
        return false;
    e = s + 3 + strspn(s + 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return e > s + 3 && *e == '-' && e[1] && strspn(e + 1, "0123456789") == strlen(e + 1) && strlen(id) <= 64;
}

bool sund_disease_iri(const char *code, char *out, size_t cap)
{
    const char *c = strchr(code, ':');

    for (const sund_coding *k = sund_codings; c && k->prefix; k++)
        if (strlen(k->prefix) == (size_t) (c - code) && strncmp(k->prefix, code, (size_t) (c - code)) == 0 && c[1] &&
            strspn(c + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == strlen(c + 1))
            return snprintf(out, cap, "%s%s", k->iri, c + 1) < (int) cap;
    return false;
}

bool sund_disease_code(const char *iri, char *out, size_t cap)
{
    for (const sund_coding *k = sund_codings; k->prefix; k++)
        if (strncmp(k->iri, iri, strlen(k->iri)) == 0)
            return snprintf(out, cap, "%s:%s", k->prefix, iri + strlen(k->iri)) < (int) cap;
    return false;
}

/* ---- values ---- */

/** A name of a controlled vocabulary, with the type and the label that a reader needs who has not got the vocabulary. */
static void put_concept(const making *m, sund_term s, const key *k, const char *iri, const char *label)
{
    sund_term t = sund_graph_iri(m->g, iri);

    put(m, s, k->predicate, t);
    if (k->type)
        sund_graph_link(m->g, t, RDF("type"), k->type);
    if (label && k->type)
        put(m, t, strcmp(k->type, SKOS("Concept")) == 0 ? SKOS("prefLabel") : RDFS("label"), sund_graph_lang(m->g, label, "en"));
}

static sund_code put_words(const making *m, sund_term s, const key *k, const sund_ini_item *i)
{
    const char      *at = i->value;
    const char      *known[80];
    size_t           n = 0;
    char             word[WORD_MAX], why[400];

    for (const sund_word *w = k->words; w->word && n < 79; w++)
        known[n++] = w->word;
    known[n] = NULL;
    while (next_word(&at, ',', word)) {
        const sund_word *w = sund_word_find(k->words, word);
        if (!w) {
            const char *near = sund_nearest(word, known);
            (void) snprintf(why, sizeof why, "'%.60s' is not known%s%s", word, near ? "; did you mean " : "; known are ", near ? near : "");
            for (size_t j = 0; !near && known[j] && strlen(why) < 300; j++)
                (void) snprintf(why + strlen(why), sizeof why - strlen(why), "%s%s", j ? ", " : "", known[j]);
            return wrong(m->d, i, why, m->err);
        }
        put_concept(m, s, k, w->iri, w->label);
        if (k->form == 'O' && *at)
            return wrong(m->d, i, "only one of these can be", m->err);
    }
    return SUND_OK;
}

static const char *label_of(const sund_describe *d, const section *s) { return d->ini.item[s->from].label; }

static const section *find_agent(const sund_describe *d, const char *label)
{
    for (size_t i = 0; i < d->n_agent; i++)
        if (strcmp(label_of(d, &d->agent[i]), label) == 0)
            return &d->agent[i];
    return NULL;
}

static sund_code put_agent(const making *m, const section *a);

static sund_code put_agents(const making *m, sund_term s, const key *k, const sund_ini_item *i)
{
    const char *at = i->value;
    char        word[WORD_MAX];

    while (next_word(&at, ',', word)) {
        const section *a = find_agent(m->d, word);
        if (!a)
            return wrong(m->d, i, "there is no section [agent] of that name", m->err);
        SUND_TRY(put_agent(m, a));
        put(m, s, k->predicate, name(m, k->form == 'K' ? "contact/" : "agent/", word));
        if (!k->many && *at)
            return wrong(m->d, i, "only one of these can be", m->err);
    }
    return SUND_OK;
}

static sund_code put_iris(const making *m, sund_term s, const key *k, const sund_ini_item *i)
{
    const char *at = i->value;
    char        word[WORD_MAX];

    while (next_word(&at, ',', word)) {
        if (!sund_iri_ok(word) || (strncmp(word, "http://", 7) != 0 && strncmp(word, "https://", 8) != 0))
            return wrong(m->d, i, "an address that begins with https:// is expected", m->err);
        put_concept(m, s, k, word, NULL);
        if (!k->many && *at)
            return wrong(m->d, i, "only one of these can be", m->err);
    }
    return SUND_OK;
}

/** Codes that stand behind a fixed beginning of an IRI. chars: what a code may have. */
static sund_code put_codes(const making *m, sund_term s, const key *k, const sund_ini_item *i)
{
    const char *at = i->value;
    char        word[WORD_MAX], iri[WORD_MAX + 100];

    while (next_word(&at, ',', word)) {
        bool upper = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(word);
        bool http = sund_iri_ok(word) && strncmp(word, "http", 4) == 0;

        if (k->form == 'C' && !sund_disease_iri(word, iri, sizeof iri))
            return wrong(m->d, i, "codes such as ICD10:E11, ORPHA:558, MONDO:0005148, HP:0001250, NCIT:C3058 or OMIM:219700 are expected", m->err);
        if (k->form == 'P' && !(strncmp(word, "DUO:", 4) == 0 && strlen(word) == 11 && strspn(word + 4, "0123456789") == 7))
            return wrong(m->d, i, "codes of the Data Use Ontology are expected, such as DUO:0000042", m->err);
        if (k->form == 'B' && (strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != strlen(word)))
            return wrong(m->d, i, "names of the Data Privacy Vocabulary are expected, such as Consent", m->err);
        if ((k->form == 'S' || k->form == 'E' || k->form == 'R') && !upper && !(k->form == 'R' && http))
            return wrong(m->d, i, "a code of the EU's authority tables is expected, in capitals, such as HEAL, TSV or CC_BY_4_0", m->err);
        if (k->form == 'P')
            (void) snprintf(iri, sizeof iri, "%s%s", DUO(""), word + 4);
        else if (k->form == 'B')
            (void) snprintf(iri, sizeof iri, "%s%s", DPV(""), word);
        else if (k->form != 'C')
            (void) snprintf(iri, sizeof iri, "%s%s", http ? "" : k->form == 'S' ? EU("data-theme/") : k->form == 'E' ? EU("file-type/") : EU("licence/"), word);
        put_concept(m, s, k, iri, k->form == 'S' && strcmp(word, "HEAL") == 0 ? "Health" : NULL);
        for (const sund_coding *c = sund_codings; k->form == 'C' && c->prefix; c++)
            if (strncmp(iri, c->iri, strlen(c->iri)) == 0)
                sund_graph_link(m->g, s, HEALTH("hasCodingSystem"), c->system);
        if (!k->many && *at)
            return wrong(m->d, i, "only one of these can be", m->err);
    }
    return SUND_OK;
}

static sund_code put_date(const making *m, sund_term s, const key *k, const sund_ini_item *i)
{
    static const char *const digit = "0123456789";
    char                     t[40];
    const char              *v = i->value;
    bool                     ok = strlen(v) == 10 && strspn(v, digit) == 4 && v[4] == '-' && strspn(v + 5, digit) == 2 && v[7] == '-' && strspn(v + 8, digit) == 2;
    int                      month = ok ? (v[5] - '0') * 10 + v[6] - '0' : 0, day = ok ? (v[8] - '0') * 10 + v[9] - '0' : 0;

    if (month < 1 || month > 12 || day < 1 || day > 31)
        return wrong(m->d, i, "a date such as 2026-11-26 is expected", m->err);
    (void) snprintf(t, sizeof t, "%sT00:00:00Z", v);
    sund_term date = sund_graph_typed(m->g, t, XSD("dateTime"));
    if (k->form == 'D')
        put(m, s, k->predicate, date);
    else {
        sund_term period = sund_graph_object(m->g, s, k->predicate);
        if (!period) {
            period = sund_graph_blank(m->g, NULL);
            put(m, s, k->predicate, period);
            sund_graph_link(m->g, period, RDF("type"), DCT("PeriodOfTime"));
        }
        put(m, period, k->form == 'F' ? DCAT("startDate") : DCAT("endDate"), date);
    }
    return SUND_OK;
}

static sund_code put_texts(const making *m, sund_term s, const key *k, const sund_ini_item *i)
{
    const char *at = i->value, *lang = i->key + strlen(k->name) + 1;
    char        word[WORD_MAX];

    if (k->form == 'T')
        put(m, s, k->predicate, sund_graph_lang(m->g, i->value, lang));
    while (k->form == 'W' && next_word(&at, ';', word))
        put(m, s, k->predicate, sund_graph_lang(m->g, word, lang));
    return SUND_OK;
}

static sund_code put_value(const making *m, sund_term s, const key *k, const sund_ini_item *i)
{
    char    text[300];
    int64_t n;

    if (!*i->value)
        return wrong(m->d, i, "a value is expected", m->err);
    if (k->form == 'W' || strchr("AKOLICPBSRE", k->form))
        SUND_TRY(check_words(m, i, k->form == 'W' ? ';' : ','));
    switch (k->form) {
    case 'T':
    case 'W': return put_texts(m, s, k, i);
    case 'A':
    case 'K': return put_agents(m, s, k, i);
    case 'O':
    case 'L': return put_words(m, s, k, i);
    case 'I': return put_iris(m, s, k, i);
    case 'D':
    case 'F':
    case 'U': return put_date(m, s, k, i);
    case 'C':
    case 'P':
    case 'B':
    case 'S':
    case 'R':
    case 'E': return put_codes(m, s, k, i);
    case 'N':
        if (!sund_parse_i64(i->value, 0, INT64_MAX, &n))
            return wrong(m->d, i, "a number is expected", m->err);
        put(m, s, k->predicate, sund_graph_typed(m->g, i->value, XSD("nonNegativeInteger")));
        return SUND_OK;
    case 'X':
        put(m, s, k->predicate, sund_graph_text(m->g, i->value));
        return SUND_OK;
    case 'M': {
        const char *a = strchr(i->value, '@');
        (void) snprintf(text, sizeof text, "mailto:%.250s", i->value);
        if (!a || a == i->value || !strchr(a, '.') || !sund_iri_ok(text) || strlen(i->value) > 250)
            return wrong(m->d, i, "an address such as data@example.org is expected", m->err);
        put(m, s, k->predicate, sund_graph_iri(m->g, text));
        return SUND_OK;
    }
    default: return SUND_OK;
    }
}

/* ---- sections ---- */

/** The key of an item: by its name, or, of texts, by its name and a language. */
static const key *key_of(const sund_ini_item *i)
{
    for (const key *k = keys; k < keys + N_KEYS; k++) {
        size_t n = strlen(k->name);
        if (strcmp(k->section, i->section) != 0 || strncmp(k->name, i->key, n) != 0)
            continue;
        if (k->form != 'T' && k->form != 'W' && i->key[n] == 0)
            return k;
        if ((k->form == 'T' || k->form == 'W') && i->key[n] == '-' && strlen(i->key + n + 1) >= 2 && strlen(i->key + n + 1) < 36 && sund_lang_ok(i->key + n + 1))
            return k;
    }
    return NULL;
}

static bool of_distribution(const key *k)
{
    return strcmp(k->section, "dataset") == 0 && (strcmp(k->name, "access-url") == 0 || strcmp(k->name, "licence") == 0 || strcmp(k->name, "format") == 0 || strcmp(k->name, "bytes") == 0);
}

/** All items of a section: of a data set, those of it (false) or of its distribution (true). */
static sund_code put_section(const making *m, const section *of, sund_term s, bool distribution)
{
    for (size_t i = of->from; i < of->to; i++) {
        const sund_ini_item *it = &m->d->ini.item[i];
        const key           *k = key_of(it);
        if (k && of_distribution(k) == distribution)
            SUND_TRY(put_value(m, s, k, it));
    }
    return SUND_OK;
}

/** An agent, and the contact that it is; once in a graph. */
static sund_code put_agent(const making *m, const section *a)
{
    const char *label = label_of(m->d, a), *home, *mail;
    sund_term   agent = name(m, "agent/", label), contact = name(m, "contact/", label);

    if (sund_graph_object(m->g, agent, RDF("type")))
        return SUND_OK;
    sund_graph_link(m->g, agent, RDF("type"), FOAF("Agent"));
    sund_graph_link(m->g, contact, RDF("type"), VCARD("Kind"));
    SUND_TRY(put_section(m, a, agent, false));
    home = sund_graph_value(m->g, agent, FOAF("homepage"));
    mail = sund_graph_value(m->g, agent, FOAF("mbox"));
    put(m, contact, VCARD("fn"), sund_graph_object(m->g, agent, FOAF("name")));
    if (mail)
        sund_graph_link(m->g, contact, VCARD("hasEmail"), mail);
    if (home)
        sund_graph_link(m->g, contact, VCARD("hasURL"), home);
    return SUND_OK;
}

static void put_legislation(const making *m, sund_term s)
{
    sund_graph_link(m->g, s, DCATAP("applicableLegislation"), EHDS);
    sund_graph_link(m->g, sund_graph_iri(m->g, EHDS), RDF("type"), ELI("LegalResource"));
}

static void put_number(const making *m, sund_term s, const char *predicate, int64_t n)
{
    char number[24];

    (void) snprintf(number, sizeof number, "%lld", (long long) n);
    put(m, s, predicate, sund_graph_typed(m->g, number, XSD("nonNegativeInteger")));
}

/** People by sex and age, as measurements: their metrics say of whom. */
static void put_cell(const making *m, sund_term dataset, int64_t n, unsigned sex, unsigned band)
{
    static const char *const sexes[] = { "unknown", "male", "female", "all" };
    char                     what[80];

    if (n < 0)
        return;
    if (band >= SUND_CENSUS_BANDS)
        (void) snprintf(what, sizeof what, "%s-%s", sexes[sex], band == SUND_CENSUS_BANDS ? "unknown" : "all");
    else if (band == SUND_CENSUS_BANDS - 1)
        (void) snprintf(what, sizeof what, "%s-90+", sexes[sex]);
    else
        (void) snprintf(what, sizeof what, "%s-%u-%u", sexes[sex], band * 10, band * 10 + 9);
    sund_term cell = sund_graph_blank(m->g, NULL), metric = name(m, "metric/people-", what);
    put(m, dataset, DQV("hasQualityMeasurement"), cell);
    sund_graph_link(m->g, cell, RDF("type"), DQV("QualityMeasurement"));
    put(m, cell, DQV("isMeasurementOf"), metric);
    put_number(m, cell, DQV("value"), n);
    sund_graph_link(m->g, metric, RDF("type"), DQV("Metric"));
}

static void put_people(const making *m, sund_term s, const sund_census *c)
{
    int64_t n = c ? sund_census_people(c) : -1, min, max;

    if (!c)
        return;
    if (n < 0) {
        put(m, s, HEALTH("populationCoverage"), sund_graph_lang(m->g, "Too few people to be counted", "en"));
        return;
    }
    put_number(m, s, HEALTH("numberOfUniqueIndividuals"), n);
    if (sund_census_ages(c, &min, &max)) {
        put_number(m, s, HEALTH("minTypicalAge"), min);
        put_number(m, s, HEALTH("maxTypicalAge"), max);
    }
    for (unsigned sex = 0; sex <= SUND_CENSUS_SEXES; sex++)
        for (unsigned band = 0; band < SUND_CENSUS_BANDS + 2; band++)
            if (sund_census_cell(c, sex, band) > 0 || band == SUND_CENSUS_BANDS + 1)
                put_cell(m, s, sund_census_cell(c, sex, band), sex, band);
}

/** What every data set has although nobody says it. */
static void put_defaults(const making *m, const char *id, sund_term s)
{
    static const key theme = { .predicate = DCAT("theme"), .type = SKOS("Concept") }, spatial = { .predicate = DCT("spatial"), .type = DCT("Location") };
    char             country[3] = { id[4], id[5], 0 };
    const sund_word *w = sund_word_find(sund_words_country, country);

    sund_graph_link(m->g, s, RDF("type"), DCAT("Dataset"));
    sund_graph_link(m->g, s, RDF("type"), DCAT("Resource"));
    put(m, s, DCT("identifier"), sund_graph_text(m->g, id));
    put_legislation(m, s);
    if (!sund_graph_object(m->g, s, DCAT("theme")))
        put_concept(m, s, &theme, EU("data-theme/HEAL"), "Health");
    if (!sund_graph_object(m->g, s, DCT("spatial")) && w)
        put_concept(m, s, &spatial, w->iri, w->label);
}

/** Access to it, which is by studies: the data do not move. */
static sund_code put_distribution(const making *m, const section *of, sund_term dataset)
{
    const char *id = label_of(m->d, of);
    sund_term   s = name(m, "distribution/", id), title = sund_graph_find(m->g, DCT("title")), access = sund_graph_object(m->g, dataset, DCT("accessRights"));
    sund_term   titles[64];
    size_t      n = 0;

    put(m, dataset, DCAT("distribution"), s);
    sund_graph_link(m->g, s, RDF("type"), DCAT("Distribution"));
    SUND_TRY(put_section(m, of, s, true));
    put_legislation(m, s);
    for (sund_match t = sund_graph_match(m->g, dataset, title, 0); title && n < 64 && sund_match_next(&t);)
        titles[n++] = t.o;
    for (size_t i = 0; i < n; i++)
        put(m, s, DCT("title"), titles[i]);
    if (access)
        put(m, s, DCT("rights"), access);
    if (!sund_graph_object(m->g, s, DCAT("accessURL"))) {
        put(m, s, DCAT("accessURL"), dataset);
        sund_graph_link(m->g, dataset, RDF("type"), RDFS("Resource"));
    }
    put(m, s, DCT("isPartOf"), dataset);
    return SUND_OK;
}

static void put_container(const making *m, const char *at, const char *title, const char *relation, sund_term whole)
{
    sund_term s = name(m, at, "");

    sund_graph_link(m->g, s, RDF("type"), LDP("DirectContainer"));
    put(m, s, DCT("title"), sund_graph_lang(m->g, title, "en"));
    sund_graph_link(m->g, s, LDP("hasMemberRelation"), relation);
    put(m, s, LDP("membershipResource"), whole);
}

/** A page of programs, which belongs to the catalogue. */
static sund_code put_service(const making *m, const section *of)
{
    sund_term s = name(m, "service/", label_of(m->d, of));

    sund_graph_link(m->g, s, RDF("type"), DCAT("DataService"));
    put(m, name(m, "catalog", ""), DCAT("service"), s);
    return put_section(m, of, s, false);
}

static sund_code put_dataset(const making *m, const section *of, sund_term catalogue, const sund_census *people)
{
    const char *id = label_of(m->d, of);
    sund_term   s = name(m, "dataset/", id);

    put(m, catalogue, DCAT("dataset"), s);
    put(m, name(m, "catalog/", ""), LDP("contains"), s);
    SUND_TRY(put_section(m, of, s, false));
    put_defaults(m, id, s);
    put(m, s, DCT("isPartOf"), catalogue);
    put_people(m, s, people);
    return put_distribution(m, of, s);
}

sund_code sund_describe_graph(const sund_describe *d, const char *base, const sund_census *const *people, size_t from, size_t n, sund_graph *g, sund_err *err)
{
    making    m = { .d = d, .base = base, .g = g, .err = err };
    sund_term catalogue = name(&m, "catalog", "");

    sund_graph_link(g, catalogue, RDF("type"), DCAT("Catalog"));
    SUND_TRY(put_section(&m, &d->catalogue, catalogue, false));
    put_legislation(&m, catalogue);
    for (size_t i = 0; from == 0 && i < d->n_service; i++)
        SUND_TRY(put_service(&m, &d->service[i]));
    put(&m, catalogue, DCAT("contactPoint"), name(&m, "contact/", sund_ini_get(&d->ini, "catalogue", "publisher")));
    put_container(&m, "catalog/", "Data sets", DCAT("dataset"), catalogue);
    for (size_t i = from; i < d->n && i - from < n; i++)
        SUND_TRY(put_dataset(&m, &d->dataset[i], catalogue, people ? people[i] : NULL));
    return sund_graph_ok(g, err) == SUND_OK ? SUND_OK : sund_fail_in(err, err ? err->code : SUND_E_FORMAT, "%s", d->ini.name);
}

sund_code sund_describe_root(const sund_describe *d, const char *base, const char *const *catalogues, size_t n, sund_graph *g, sund_err *err)
{
    making      m = { .d = d, .base = base, .g = g, .err = err };
    sund_term   root = sund_graph_iri(g, base);
    const char *publisher = sund_ini_get(&d->ini, "catalogue", "publisher");

    SUND_TRY(put_section(&m, &d->catalogue, root, false)); /* and with it the agent that is its publisher */
    sund_graph_link(g, root, RDF("type"), FDPO("FAIRDataPoint"));
    sund_graph_link(g, root, RDF("type"), FDPO("MetadataService"));
    put(&m, root, DCAT("contactPoint"), name(&m, "contact/", publisher));
    sund_graph_link(g, root, FDPO("conformsToFdpSpec"), "https://specs.fairdatapoint.org/fdp-specs-v1.2.html");
    sund_graph_link(g, root, DCT("conformsTo"), "https://specs.fairdatapoint.org/fdp-specs-v1.2.html");
    put(&m, root, FDPO("metadataIdentifier"), root);
    put(&m, root, FDPO("metadataIssued"), sund_graph_object(g, root, DCT("issued")));
    put(&m, root, FDPO("metadataModified"), sund_graph_object(g, root, sund_graph_object(g, root, DCT("modified")) ? DCT("modified") : DCT("issued")));
    put(&m, root, DCAT("endpointURL"), root);
    put(&m, root, DCAT("endPointURL"), root); /* as the specification of FAIR Data Points spells it */
    if (!sund_graph_object(g, root, DCT("license")))
        sund_graph_link(g, root, DCT("license"), EU("licence/CC0"));
    for (size_t i = 0; i < n; i++) {
        sund_graph_link(g, root, FDPO("metadataCatalog"), catalogues[i]);
        sund_graph_link(g, name(&m, "catalogs/", ""), LDP("contains"), catalogues[i]);
    }
    put_container(&m, "catalogs/", "Catalogues", FDPO("metadataCatalog"), root);
    return sund_graph_ok(g, err);
}

/* ---- reading ---- */

static sund_code check_needs(const sund_describe *d, const section *of, sund_err *err)
{
    const sund_ini_item *first = &d->ini.item[of->from];

    for (const key *k = keys; k < keys + N_KEYS; k++) {
        bool there = !k->need || strcmp(k->section, first->section) != 0;
        for (size_t i = of->from; i < of->to && !there; i++)
            there = key_of(&d->ini.item[i]) == k;
        if (!there)
            return sund_fail(err, SUND_E_FORMAT, "%s: [%s%s%s] lacks %s", d->ini.name, first->section, *first->label ? " " : "", first->label, k->help);
    }
    return SUND_OK;
}

/** Labels become parts of addresses. */
static bool label_ok(const char *s) { return *s && strlen(s) <= 64 && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == strlen(s); }

static sund_code check_section(sund_describe *d, const section *s, sund_err *err)
{
    const sund_ini_item *i = &d->ini.item[s->from];
    bool                 catalogue = strcmp(i->section, "catalogue") == 0, named = strcmp(i->section, "agent") == 0 || strcmp(i->section, "service") == 0, dataset = strcmp(i->section, "dataset") == 0;

    if (!catalogue && !named && !dataset)
        return sund_fail(err, SUND_E_FORMAT, "%s:%u: [%s] is not known; [catalogue], [agent NAME], [service NAME] and [dataset IDENTIFIER] are", d->ini.name, i->line, i->section);
    if ((catalogue && *i->label) || (named && !label_ok(i->label)))
        return sund_fail(err, SUND_E_FORMAT, "%s:%u: [catalogue], or [agent NAME] and [service NAME] with a name of letters, digits and '-'", d->ini.name, i->line);
    if (dataset && !sund_dataset_id_ok(i->label))
        return sund_fail(err, SUND_E_FORMAT, "%s:%u: [dataset %.64s]: an identifier is GDI-CC-ORG-NNN or GOE-CC-ORG-NNN: country, institute in capitals, number", d->ini.name, i->line, i->label);
    if (dataset && d->n == SUND_DATASETS_MAX)
        return sund_fail(err, SUND_E_LIMIT, "%s:%u: more than %d data sets", d->ini.name, i->line, SUND_DATASETS_MAX);
    if (catalogue)
        d->catalogue = *s;
    else if (strcmp(i->section, "agent") == 0)
        d->agent[d->n_agent++] = *s;
    else if (named)
        d->service[d->n_service++] = *s;
    else
        d->dataset[d->n++] = *s;
    return SUND_OK;
}

static sund_code check_key(const sund_describe *d, const sund_ini_item *i, sund_err *err)
{
    const char *known[N_KEYS + 1], *near;
    size_t      n = 0;

    if (key_of(i))
        return SUND_OK;
    for (const key *k = keys; k < keys + N_KEYS; k++)
        if (strcmp(k->section, i->section) == 0)
            known[n++] = k->name;
    known[n] = NULL;
    for (size_t k = 0; k < n; k++)
        if (strcmp(known[k], i->key) == 0)
            return sund_fail(err, SUND_E_FORMAT, "%s:%u: '%s' is a text: write in which language, such as %s-en", d->ini.name, i->line, i->key, i->key);
    near = sund_nearest(i->key, known);
    return sund_fail(err, SUND_E_FORMAT, "%s:%u: '%s' is not known in [%s]%s%s", d->ini.name, i->line, i->key, i->section, near ? "; did you mean " : "", near ? near : "");
}

/** Where the next section begins. */
static size_t section_end(const sund_ini *ini, size_t from)
{
    size_t to = from + 1;

    while (to < ini->n_item && ini->item[to].section == ini->item[from].section)
        to++;
    return to;
}

/** Every value, by making what it makes: each data set in a graph of its own, and the agents. */
static sund_code check_values(const sund_describe *d, sund_err *err)
{
    sund_code rc = SUND_OK;

    for (size_t i = 0; rc == SUND_OK && i <= d->n; i++) {
        making m = { .d = d, .base = "https://example.org/", .err = err };

        SUND_TRY(sund_graph_new(&m.g, NULL, err));
        rc = sund_describe_graph(d, m.base, NULL, i, 1, m.g, err);
        for (size_t k = 0; i == d->n && rc == SUND_OK && k < d->n_agent; k++)
            rc = put_agent(&m, &d->agent[k]);
        if (rc == SUND_OK)
            rc = sund_graph_ok(m.g, err);
        sund_graph_free(m.g);
    }
    return rc;
}

static sund_code check_all(sund_describe *d, sund_err *err)
{
    const sund_ini *ini = &d->ini;
    const char     *base = sund_ini_get(ini, "catalogue", "base");
    size_t          n = 0;

    for (size_t i = 0; i < ini->n_item; i = section_end(ini, i))
        n++;
    d->agent = calloc(n + 1, sizeof *d->agent);
    d->service = calloc(n + 1, sizeof *d->service);
    d->dataset = calloc(n + 1, sizeof *d->dataset);
    if (!d->agent || !d->service || !d->dataset)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for descriptions");
    for (size_t i = 0; i < ini->n_item;) {
        section s = { i, section_end(ini, i) };

        SUND_TRY(check_section(d, &s, err));
        for (; i < s.to; i++)
            SUND_TRY(check_key(d, &ini->item[i], err));
    }
    for (size_t i = 0; i < ini->n_item; i = section_end(ini, i)) /* after the keys that are there: one that is mistyped is not also said to be missing */
        SUND_TRY(check_needs(d, &(section){ i, section_end(ini, i) }, err));
    if (!sund_ini_get(ini, "catalogue", "publisher"))
        return sund_fail(err, SUND_E_FORMAT, "%s: there is no section [catalogue]", ini->name);
    if (base && (!sund_iri_ok(base) || strncmp(base, "http", 4) != 0 || base[strlen(base) - 1] != '/' || strlen(base) > 1000))
        return sund_fail(err, SUND_E_FORMAT, "%s: base = %.80s: an address that begins with https:// and ends with '/' is expected", ini->name, base);
    return check_values(d, err);
}

sund_code sund_describe_parse(sund_describe **out, const char *name_of, const void *p, size_t n, sund_err *err)
{
    sund_describe *d = calloc(1, sizeof *d);
    sund_code      rc = d ? sund_ini_parse_long(&d->ini, name_of, p, n, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for descriptions");

    if (rc == SUND_OK)
        rc = check_all(d, err);
    if (rc == SUND_OK)
        *out = d;
    else
        sund_describe_free(d);
    return rc;
}

sund_code sund_describe_read(sund_describe **out, const char *path, sund_err *err)
{
    sund_buf  b = { 0 };
    sund_code rc = sund_file_read(path, SUND_DESCRIBE_BYTES, &b, err);

    if (rc == SUND_OK)
        rc = sund_describe_parse(out, path, b.p, b.n, err);
    sund_buf_free(&b);
    return rc;
}

void sund_describe_free(sund_describe *d)
{
    if (!d)
        return;
    sund_ini_free(&d->ini);
    free(d->agent);
    free(d->service);
    free(d->dataset);
    free(d);
}

size_t      sund_describe_n(const sund_describe *d) { return d->n; }
const char *sund_describe_id(const sund_describe *d, size_t i) { return label_of(d, &d->dataset[i]); }

const char *sund_describe_cohort(const sund_describe *d, size_t i)
{
    for (size_t k = d->dataset[i].from; k < d->dataset[i].to; k++)
        if (strcmp(d->ini.item[k].key, "cohort") == 0)
            return d->ini.item[k].value;
    return "all";
}

const char *sund_describe_base(const sund_describe *d, const char *otherwise)
{
    const char *b = sund_ini_get(&d->ini, "catalogue", "base");

    return b ? b : otherwise;
}
