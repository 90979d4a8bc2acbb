#ifndef SUND_RDF_VOCAB_H
#define SUND_RDF_VOCAB_H

#include <stddef.h>

/** Vocabularies, and the prefixes that they are written with. */
#define RDF(x)    "http://www.w3.org/1999/02/22-rdf-syntax-ns#" x
#define RDFS(x)   "http://www.w3.org/2000/01/rdf-schema#" x
#define XSD(x)    "http://www.w3.org/2001/XMLSchema#" x
#define OWL(x)    "http://www.w3.org/2002/07/owl#" x
#define SH(x)     "http://www.w3.org/ns/shacl#" x
#define DCAT(x)   "http://www.w3.org/ns/dcat#" x
#define DCT(x)    "http://purl.org/dc/terms/" x
#define DCATAP(x) "http://data.europa.eu/r5r/" x
#define HEALTH(x) "http://healthdataportal.eu/ns/health#" x
#define FOAF(x)   "http://xmlns.com/foaf/0.1/" x
#define VCARD(x)  "http://www.w3.org/2006/vcard/ns#" x
#define SKOS(x)   "http://www.w3.org/2004/02/skos/core#" x
#define LDP(x)    "http://www.w3.org/ns/ldp#" x
#define FDPO(x)   "https://w3id.org/fdp/fdp-o#" x
#define ADMS(x)   "http://www.w3.org/ns/adms#" x
#define DPV(x)    "https://w3id.org/dpv#" x
#define ELI(x)    "http://data.europa.eu/eli/ontology#" x
#define CSVW(x)   "http://www.w3.org/ns/csvw#" x
#define PROV(x)   "http://www.w3.org/ns/prov#" x
#define DQV(x)    "http://www.w3.org/ns/dqv#" x
#define GDI(x)    "http://data.gdi.eu/core/p2/" x
#define DUO(x)    "http://purl.obolibrary.org/obo/DUO_" x

typedef struct sund_prefix { const char *name, *iri; } sund_prefix;
/** By name. */
const sund_prefix *sund_prefixes(size_t *n);
/** The prefix that an IRI is written with, and what follows it, which is letters, digits, '_' and '-' only; NULL for none. */
const sund_prefix *sund_prefix_of(const char *iri, const char **local);

#endif
