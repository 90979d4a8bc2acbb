#ifndef SUND_DATASETS_DESCRIBE_H
#define SUND_DATASETS_DESCRIBE_H

#include "base/crypto.h"
#include "gate/census.h"
#include "rdf/graph.h"

/** What an operator says of the data sets of a node: datasets.ini of its home (doc/datasets.md). Numbers of people are not said there: they come from the data, through
 *  the gate.
 *
 *      [catalogue]                       [agent ki]                        [dataset GDI-SE-KI-1]
 *      title-en = ...                    name-en = Karolinska Institutet   title-en = ...  publisher = ki  access = non-public ...
 *  Strict: errors name file, line and remedy. Owns: sund_describe_free(), safe on NULL. */
typedef struct sund_describe sund_describe;
enum { SUND_DATASETS_MAX = 10000, SUND_DESCRIBE_BYTES = 32 << 20 }; /**< data sets of a node; bytes of a datasets.ini */
sund_code sund_describe_parse(sund_describe **out, const char *name, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
sund_code sund_describe_read(sund_describe **out, const char *path, sund_err *err) SUND_MUST_CHECK;
void      sund_describe_free(sund_describe *d);

size_t      sund_describe_n(const sund_describe *d); /**< data sets */
const char *sund_describe_id(const sund_describe *d, size_t i);
const char *sund_describe_cohort(const sund_describe *d, size_t i); /**< whose people are counted; "all" unless said */
/** Where the catalogue is served, ending in '/': all its names begin so. `otherwise` unless datasets.ini says `base`. */
const char *sund_describe_base(const sund_describe *d, const char *otherwise);

/** The graph: a dcat:Catalog with the n dcat:Dataset from `from` on and their dcat:Distribution, DCAT-AP 3 and HealthDCAT-AP, the layout of a FAIR Data Point; whole in itself, so it has
 *  the agents that are named. people[i] is of data set i, or NULL where nothing is known; people itself may be NULL. The same files and people give the same graph. */
sund_code sund_describe_graph(const sund_describe *d, const char *base, const sund_census *const *people, size_t from, size_t n, sund_graph *g, sund_err *err) SUND_MUST_CHECK;
/** A description travels in parts, each the graph of some data sets as Turtle behind a line that says which of how many, and of which version of the whole:
 *
 *      #sund-datasets <TAB> 1 <TAB> VERSION (64 hex digits) <TAB> FROM <TAB> N <TAB> TOTAL <TAB> BRINGS
 *  (BRINGS: the name by which applications and agreements ask for the node's data, which may be empty) so that no part, and nobody who reads them, needs more memory than SUND_PART_BYTES. Text without that line is a whole. */
enum { SUND_PART_BYTES = 512 << 10, SUND_PART_DATASETS = 32 };
typedef struct sund_part_head { sund_digest version; size_t from, n, total; char brings[65]; } sund_part_head;
/** *there: the line is. Errors: SUND_E_FORMAT for one that cannot be read. */
sund_code sund_part_head_read(sund_cur text, sund_part_head *h, bool *there, sund_err *err) SUND_MUST_CHECK;
/** The part from data set h->from on, with version and brings as h says, at most SUND_PART_DATASETS and SUND_PART_BYTES of it; out is replaced. Errors: SUND_E_LIMIT when one data set is more than that. */
sund_code sund_describe_part(const sund_describe *d, const char *base, const sund_census *const *people, const sund_part_head *h, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

/** The root of a FAIR Data Point at `base`, with what [catalogue] says; catalogues: their IRIs. */
sund_code sund_describe_root(const sund_describe *d, const char *base, const char *const *catalogues, size_t n, sund_graph *g, sund_err *err) SUND_MUST_CHECK;

/** (GOE|GDI)-CC-ORG-NNN, as gdi-metadata has it. */
bool sund_dataset_id_ok(const char *id);
/** `ICD10:E11` as an IRI, and back; false where the coding system is not known. out has cap bytes. */
bool sund_disease_iri(const char *code, char *out, size_t cap);
bool sund_disease_code(const char *iri, char *out, size_t cap);

#endif
