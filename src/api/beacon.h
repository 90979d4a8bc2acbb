#ifndef SUND_API_BEACON_H
#define SUND_API_BEACON_H

#include "api/face.h"
#include "base/json.h"
#include "base/jsonread.h"

/* GA4GH Beacon v2, of a node and of the hub alike. Folder-private. */

#define SUND_BEACON_API "v2.0.0"
#define SUND_SERVICE_BEACON "org.ga4gh:beacon:" SUND_BEACON_API
#define SUND_BEACON_TOO_OFTEN "too many requests from one caller; try again in a second"
enum { SUND_BEACON_LIMIT = 10, SUND_BEACON_FILTERS = 64, SUND_BEACON_GIVEN = 64 };

typedef enum sund_granularity { SUND_GRAN_BOOLEAN, SUND_GRAN_COUNT, SUND_GRAN_RECORD } sund_granularity;
typedef enum sund_include { SUND_INCLUDE_HIT, SUND_INCLUDE_ALL, SUND_INCLUDE_MISS, SUND_INCLUDE_NONE } sund_include;

typedef struct sund_beacon_request sund_beacon_request;

/** What a page takes, and what {id} in its path names. */
enum { SUND_TAKES_FRAME = 1, SUND_TAKES_FILTERS = 2, SUND_TAKES_VARIANT = 4, SUND_OF_VARIANT = 8, SUND_OF_SET = 16, SUND_TAKES_POPULATION = 32 }; /* POPULATION: filters of a body that choose among frequencies (beacon_variants.c) */

/** A page: what is not in the table of pages.c is not there, and map and description are made from it. */
typedef struct sund_beacon_page {
    const char *method, *path; /**< "GET" or "GET POST"; {id} stands for one part of the path */
    const char *entry;         /**< type of the entries that it gives: "genomicVariant"; "" none */
    unsigned    takes;
    const char *what;          /**< one line for people */
    void      (*tell)(const sund_face *f, const char *id, sund_response *out); /**< what a beacon says of itself, or of what {id} names (else NULL); or */
    sund_code (*answer)(sund_beacon_request *r, sund_answers *a, sund_response *out, sund_err *err); /**< an answer from data: may fill a and writes the body; both NULL: refused to everybody */
} sund_beacon_page;
const sund_beacon_page *sund_beacon_page_at(size_t i); /**< NULL behind the last */

/** A page beside the Beacon's, under the face's own url. */
typedef struct sund_other {
    sund_other_family family;
    const char       *method, *path, *what;
    const char       *type;  /**< of the answer */
    const char       *query; /**< its parameters' names, with blanks between */
    const char       *key;   /**< the header of a secret that it needs; NULL: none */
} sund_other;
const sund_other *sund_other_at(size_t i); /**< NULL behind the last */

/** Parameters of GETs, and of a POST's requestParameters. */
typedef struct sund_beacon_param {
    const char *name;
    unsigned    takes;      /**< by which pages; 0: by all */
    const char *type;       /**< "string", "integer", "boolean", "strings", "integers": these may be given several times */
    const char *what;       /**< one line; NULL: another spelling of the one before */
} sund_beacon_param;
const sund_beacon_param *sund_beacon_param_at(size_t i); /**< NULL behind the last */
/** Their places in that table; a second spelling is behind the first. */
typedef enum sund_param_id {
    SUND_P_API_VERSION, SUND_P_SCHEMA, SUND_P_SCHEMAS, SUND_P_SKIP, SUND_P_LIMIT, SUND_P_GRANULARITY, SUND_P_INCLUDE, SUND_P_TEST, SUND_P_FILTERS, SUND_P_REFERENCE_NAME, SUND_P_START, SUND_P_END,
    SUND_P_REFERENCE_BASES, SUND_P_ALTERNATE_BASES, SUND_P_ASSEMBLY, SUND_P_TYPE, SUND_P_MIN_LENGTH, SUND_P_MAX_LENGTH, SUND_P_GENE, SUND_P_GENE_TOO, SUND_P_CHANGE, SUND_P_CHANGE_TOO, SUND_P_ALLELE,
    SUND_P_ALLELE_TOO, SUND_N_PARAM
} sund_param_id;
/** The place of one that such a page takes, SUND_N_PARAM for others. */
sund_param_id sund_beacon_param_of(unsigned takes, const char *name);
sund_param_id sund_beacon_param_first(sund_param_id p); /**< where it belongs: with the first of its spellings */
/** A GET's parameters and their places in the table, checked: one that the page does not take, or a single one given twice, by one spelling or two, is refused by name, for whoever gave it means something by it. */
sund_code sund_beacon_given(const sund_beacon_page *p, const sund_request *in, sund_parameter out[SUND_BEACON_GIVEN], sund_param_id which[SUND_BEACON_GIVEN], size_t *n, sund_err *err) SUND_MUST_CHECK;
/** The same of a POST's query and its parts. */
sund_code sund_beacon_body(const sund_beacon_page *p, const sund_jval *query, const sund_jval *params, sund_err *err) SUND_MUST_CHECK;

/** One request, however it was put. Texts live as long as the request. */
struct sund_beacon_request {
    const sund_face        *face;
    const sund_request     *in;
    const sund_beacon_page *page;
    const char             *id;      /**< what {id} stands for; NULL for none */
    sund_caller              who;
    sund_parameter          given[SUND_BEACON_GIVEN]; /**< of a GET */
    sund_param_id           which[SUND_BEACON_GIVEN]; /**< of the parameters those are */
    size_t                  n_given;
    sund_jval          *body;    /**< NULL for GET */
    const char         *get[SUND_N_PARAM];  /**< a GET's parameters: the first that is not empty */
    const sund_jval    *post[SUND_N_PARAM]; /**< a POST's: what is there and not null */
    const sund_jval    *params;  /**< requestParameters, or its g_variant; NULL for GET */
    const sund_jval    *filters; /**< of a POST */
    sund_granularity    granularity;
    sund_include        include;
    int64_t             skip, limit;
    bool                test;
    bool                token_bad, too_often;
};

/** Errors: SUND_E_ARG, SUND_E_FORMAT with what is wrong. Owns: sund_beacon_done(). */
sund_code sund_beacon_read(sund_beacon_request *r, const sund_face *f, const sund_request *in, const sund_beacon_page *page, const char *id, sund_err *err) SUND_MUST_CHECK;
void      sund_beacon_done(sund_beacon_request *r);
/** A parameter of the query: text, or the first of several; NULL when it is not there. */
const char *sund_beacon_text(const sund_beacon_request *r, sund_param_id p);
/** Up to two integers: of an array, a number, or "1,2". *n is 0 when it is not there. Errors: SUND_E_ARG. */
sund_code   sund_beacon_numbers(const sund_beacon_request *r, sund_param_id p, int64_t out[2], size_t *n, sund_err *err) SUND_MUST_CHECK;

/** Whether entry i, from 0, of a list is on the page that skip and limit name; without a limit there is one page. */
bool sund_beacon_on_page(const sund_beacon_request *r, size_t i);
/** The answer's frame: '{', meta, and the caller goes on. */
void sund_beacon_open(const sund_beacon_request *r, sund_granularity returned, sund_json *j, sund_buf *out);
void sund_beacon_summary(sund_json *j, sund_granularity g, bool exists, int64_t n);
/** The catalogue of data sets, where is said who may use them and how to ask. */
void sund_beacon_handovers(const sund_face *f, sund_json *j);
/** "resultsHandovers" of a node's result set that is open in j, where there are any. */
void sund_beacon_results_handovers(const sund_face *f, const char *node, sund_json *j);
/** "variantLevelData" of a record that is open in j, if there is any: answers to `interpretations`, of one node or with node "" of all. said may be NULL. */
void sund_beacon_said(const sund_answers *said, const char *node, sund_json *j);
/** info.nodes: what each node said, whatever result sets are wanted. */
void sund_beacon_nodes(sund_json *j, const sund_answers *a, const char *(*status)(const sund_answers *a, size_t i, void *ctx), void *ctx);
/** One request from its reading to its answer or error. */
void sund_beacon_run(const sund_face *f, const sund_request *in, const sund_beacon_page *page, const char *id, sund_response *out);
/** {meta, error}, with the status that fits: 401 where a token does not hold. r may be NULL. */
void sund_beacon_error(const sund_face *f, const sund_beacon_request *r, const sund_err *why, sund_response *out);

/** The pages. */
sund_code sund_beacon_variants(sund_beacon_request *r, sund_answers *a, sund_response *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_beacon_people(sund_beacon_request *r, sund_answers *a, sund_response *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_beacon_terms(sund_beacon_request *r, sund_answers *a, sund_response *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_beacon_datasets(sund_beacon_request *r, sund_answers *a, sund_response *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_beacon_cohorts(sund_beacon_request *r, sund_answers *a, sund_response *out, sund_err *err) SUND_MUST_CHECK;
void      sund_beacon_info(const sund_face *f, const char *id, sund_response *out);
void      sund_beacon_service(const sund_face *f, const char *id, sund_response *out);
void      sund_beacon_registry(const sund_face *f, const char *id, sund_response *out);
void      sund_beacon_service_types(const sund_face *f, const char *id, sund_response *out);
void      sund_beacon_configuration(const sund_face *f, const char *id, sund_response *out);
void      sund_beacon_map(const sund_face *f, const char *id, sund_response *out);
void      sund_beacon_entry_types(const sund_face *f, const char *id, sund_response *out);
void      sund_beacon_openapi(const sund_face *f, const char *id, sund_response *out);
/** Where the Beacon's pages are: /beacon under the face's url, unless that ends there already. */
void sund_beacon_root(const sund_face *f, char out[420]);

/** The nodes' rows that the page is of: all, or those of the data set that its path names. Errors: SUND_E_NOT_FOUND when there is no such. */
sund_code sund_beacon_sets(const sund_beacon_request *r, const sund_answers *a, sund_err *err) SUND_MUST_CHECK;
bool      sund_beacon_set(const sund_beacon_request *r, const char *node);
/** The people that the filters take, as a cohort's text ("all" without any): ANDed. Errors: SUND_E_ARG for a filter that cannot be applied. */
sund_code sund_beacon_cohort(const sund_beacon_request *r, sund_buf *text, sund_err *err) SUND_MUST_CHECK;
/** A question of the query's variants (genome/query.h) from its parameters, or of the one that the page's path names. */
sund_code sund_beacon_query(const sund_beacon_request *r, sund_buf *question, sund_err *err) SUND_MUST_CHECK;
bool      sund_beacon_one_variant(const char *query); /**< whether a query's text, in its one spelling, is one variant's name */
bool      sund_beacon_of_variant(const sund_beacon_request *r); /**< whether there is any */

#endif
