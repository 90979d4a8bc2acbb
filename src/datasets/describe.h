#ifndef SUND_DATASETS_DESCRIBE_H
#define SUND_DATASETS_DESCRIBE_H

#include "gate/census.h"
#include "rdf/graph.h"

/** What an operator says of the data sets of a node: datasets.ini of its home (doc/datasets.md). Numbers of people are not said there: they come from the data, through
 *  the gate.
 *
 *      [catalogue]                       [agent ki]                        [dataset GDI-SE-KI-1]
 *      title-en = ...                    name-en = Karolinska Institutet   title-en = ...  publisher = ki  access = non-public ...
 *  Strict: errors name file, line and remedy. Owns: sund_describe_free(), safe on NULL. */
typedef struct sund_describe sund_describe;
sund_code sund_describe_parse(sund_describe **out, const char *name, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
sund_code sund_describe_read(sund_describe **out, const char *path, sund_err *err) SUND_MUST_CHECK;
void      sund_describe_free(sund_describe *d);

size_t      sund_describe_n(const sund_describe *d); /**< data sets */
const char *sund_describe_id(const sund_describe *d, size_t i);
const char *sund_describe_cohort(const sund_describe *d, size_t i); /**< whose people are counted; "all" unless said */
/** Where the catalogue is served, ending in '/': all its names begin so. `otherwise` unless datasets.ini says `base`. */
const char *sund_describe_base(const sund_describe *d, const char *otherwise);

/** The graph: a dcat:Catalog with its dcat:Dataset and dcat:Distribution, DCAT-AP 3 and HealthDCAT-AP, the layout of a FAIR Data Point. people[i] is of data set i, or
 *  NULL where nothing is known; people itself may be NULL. The same files and people give the same graph. */
sund_code sund_describe_graph(const sund_describe *d, const char *base, const sund_census *const *people, sund_graph *g, sund_err *err) SUND_MUST_CHECK;
/** The root of a FAIR Data Point at `base`, with what [catalogue] says; catalogues: their IRIs. */
sund_code sund_describe_root(const sund_describe *d, const char *base, const char *const *catalogues, size_t n, sund_graph *g, sund_err *err) SUND_MUST_CHECK;

/** (GOE|GDI)-CC-ORG-NNN, as gdi-metadata has it. */
bool sund_dataset_id_ok(const char *id);
/** `ICD10:E11` as an IRI, and back; false where the coding system is not known. out has cap bytes. */
bool sund_disease_iri(const char *code, char *out, size_t cap);
bool sund_disease_code(const char *iri, char *out, size_t cap);

#endif
