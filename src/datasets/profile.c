#include "datasets/profile.h"

#include "rdf/turtle.h"
#include "rdf/vocab.h"

#include <stdlib.h>
#include <string.h>

struct sund_profile { sund_shapes *own, *added; };

#define LITERAL(path, rest) " [ sh:path " path " ; sh:minCount 1 ; sh:nodeKind sh:Literal" rest " ]"
#define TEXT(path)          LITERAL(path, " ; sh:uniqueLang true")
#define NAMES(path, rest)   " [ sh:path " path " ; sh:minCount 1 ; sh:nodeKind sh:IRI" rest " ]"

/* Each property that is mandatory, once; what it may be more narrowly is in the profiles that an operator adds. */
static const char own_rules[] =
    "@prefix sh: <" SH("") "> . @prefix xsd: <" XSD("") "> . @prefix dct: <" DCT("") "> . @prefix dcat: <" DCAT("") "> . @prefix dcatap: <" DCATAP("") "> .\n"
    "@prefix foaf: <" FOAF("") "> . @prefix vcard: <" VCARD("") "> . @prefix health: <" HEALTH("") "> . @prefix eli: <" ELI("") "> . @prefix s: <urn:x-sund:> .\n"
    "s:Catalogue a sh:NodeShape ; sh:targetClass dcat:Catalog ; sh:nodeKind sh:IRI ; sh:property" TEXT("dct:title") "," TEXT("dct:description") ","
    NAMES("dct:publisher", " ; sh:maxCount 1 ; sh:class foaf:Agent") "," NAMES("dcatap:applicableLegislation", " ; sh:class eli:LegalResource") ","
    " [ sh:path dcat:dataset ; sh:nodeKind sh:IRI ; sh:class dcat:Dataset ] .\n"
    "s:Dataset a sh:NodeShape ; sh:targetClass dcat:Dataset ; sh:nodeKind sh:IRI ; sh:property" TEXT("dct:title") "," TEXT("dct:description") ","
    LITERAL("dct:identifier", " ; sh:maxCount 1 ; sh:pattern \"^(GOE|GDI)-[A-Z]{2}-[A-Z]+-[0-9]+$\"") ","
    NAMES("dct:accessRights", " ; sh:maxCount 1 ; sh:in ( <http://publications.europa.eu/resource/authority/access-right/PUBLIC> <http://publications.europa.eu/resource/authority/access-right/RESTRICTED>"
                              " <http://publications.europa.eu/resource/authority/access-right/NON_PUBLIC> )") ","
    NAMES("dcatap:applicableLegislation", " ; sh:class eli:LegalResource") "," NAMES("dct:publisher", " ; sh:maxCount 1 ; sh:class foaf:Agent") ","
    NAMES("dct:creator", " ; sh:class foaf:Agent") "," NAMES("health:healthCategory", "") "," NAMES("dcat:theme", "") ","
    " [ sh:path [ sh:inversePath dcat:dataset ] ; sh:minCount 1 ; sh:maxCount 1 ],"
    " [ sh:path health:numberOfUniqueIndividuals ; sh:maxCount 1 ; sh:datatype xsd:nonNegativeInteger ],"
    " [ sh:path dcat:distribution ; sh:nodeKind sh:IRI ; sh:class dcat:Distribution ], [ sh:path dcat:contactPoint ; sh:class vcard:Kind ] .\n"
    "s:Distribution a sh:NodeShape ; sh:targetClass dcat:Distribution ; sh:property" NAMES("dcat:accessURL", "") "," TEXT("dct:title") "," NAMES("dcatap:applicableLegislation", "") " .\n"
    "s:Agent a sh:NodeShape ; sh:targetClass foaf:Agent ; sh:property" TEXT("foaf:name") " .\n"
    "s:Contact a sh:NodeShape ; sh:targetClass vcard:Kind ; sh:property" LITERAL("vcard:fn", "") "," NAMES("vcard:hasEmail", " ; sh:pattern \"^mailto:.+@.+\\\\..+$\"") " .\n";

sund_code sund_profile_open(sund_profile **out, const char *shapes, sund_err *err)
{
    sund_profile *p = calloc(1, sizeof *p);
    sund_graph   *g = NULL;
    sund_code     rc = p ? sund_graph_new(&g, NULL, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for a profile");

    if (rc == SUND_OK)
        rc = sund_turtle_read(g, "own rules", own_rules, strlen(own_rules), NULL, err);
    if (rc == SUND_OK)
        rc = sund_shapes_new(&p->own, g, err);
    else
        sund_graph_free(g);
    if (rc == SUND_OK && shapes && *shapes)
        rc = sund_shapes_read(&p->added, shapes, err);
    if (rc == SUND_OK)
        *out = p;
    else
        sund_profile_free(p);
    return rc;
}

void sund_profile_free(sund_profile *p)
{
    if (!p)
        return;
    sund_shapes_free(p->own);
    sund_shapes_free(p->added);
    free(p);
}

/** What follows the last '/' or '#'. */
static const char *tail(const char *iri)
{
    const char *s = iri;

    for (const char *c = iri; *c; c++)
        if ((*c == '/' || *c == '#') && c[1])
            s = c + 1;
    return s;
}

static sund_code check_one(const sund_shapes *s, const char *whose, sund_graph *g, sund_buf *all, sund_err *err)
{
    sund_shacl_report        r;
    const sund_shacl_result *first = NULL;

    SUND_TRY(sund_shacl_check(s, g, &r, err));
    for (size_t i = 0; i < r.n_kept; i++) {
        const sund_shacl_result *k = &r.kept[i];
        first = !first && k->violation ? k : first;
        if (all)
            sund_buf_printf(all, "%s\t%s\t%s\t%s\t%s\n", k->violation ? "violation" : "warning", k->focus, *k->path ? tail(k->path) : ".", k->component, k->message);
    }
    if (r.n_focus == 0)
        return sund_fail(err, SUND_E_DENIED, "%s match nothing in it: no catalogue, no data set", whose);
    if (!r.n_violation)
        return SUND_OK;
    return sund_fail(err, SUND_E_DENIED, "breaks %s %zu time%s; first: %.80s: %.40s %.150s", whose, r.n_violation, r.n_violation == 1 ? "" : "s", tail(first->focus), *first->path ? tail(first->path) : "",
                     first->message);
}

sund_code sund_profile_check(const sund_profile *p, sund_graph *g, sund_buf *all, sund_err *err)
{
    sund_code rc = check_one(p->own, "the rules of catalogues", g, all, err);

    if (p->added) {
        sund_code more = check_one(p->added, "the operator's shapes", g, all, rc == SUND_OK ? err : NULL);
        rc = rc == SUND_OK ? more : rc;
    }
    return rc;
}
