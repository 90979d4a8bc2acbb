#ifndef SUND_API_BEACON_H
#define SUND_API_BEACON_H

#include "api/face.h"
#include "base/json.h"
#include "base/jsonread.h"

/* GA4GH Beacon v2, of a node and of the hub alike. Folder-private. */

#define SUND_BEACON_API "v2.0.0"
#define SUND_BEACON_TOO_OFTEN "too many requests from one caller; try again in a second"
enum { SUND_BEACON_LIMIT = 10, SUND_BEACON_FILTERS = 64 };

typedef enum sund_granularity { SUND_GRAN_BOOLEAN, SUND_GRAN_COUNT, SUND_GRAN_RECORD } sund_granularity;
typedef enum sund_include { SUND_INCLUDE_HIT, SUND_INCLUDE_ALL, SUND_INCLUDE_MISS, SUND_INCLUDE_NONE } sund_include;

/** One request, however it was put. Texts live as long as the request. */
typedef struct sund_beacon_request {
    const sund_face    *face;
    const sund_request *in;
    sund_caller          who;
    sund_jval          *body;    /**< NULL for GET */
    const sund_jval    *params;  /**< requestParameters, or its g_variant; NULL for GET */
    const sund_jval    *filters; /**< of a POST */
    sund_granularity    granularity;
    sund_include        include;
    int64_t             skip, limit;
    bool                test;
    bool                token_bad, too_often;
    char                entry[24]; /**< "genomicVariant": schema that the answer is of */
} sund_beacon_request;

/** Errors: SUND_E_ARG, SUND_E_FORMAT with what is wrong. Owns: sund_beacon_done(). */
sund_code sund_beacon_read(sund_beacon_request *r, const sund_face *f, const sund_request *in, const char *entry, sund_err *err) SUND_MUST_CHECK;
void      sund_beacon_done(sund_beacon_request *r);
/** A parameter of the query: text, or the first of several; NULL when it is not there. name: both spellings as "geneId|geneid". */
const char *sund_beacon_text(const sund_beacon_request *r, const char *name);
/** Up to two integers: of an array, a number, or "1,2". *n is 0 when it is not there. Errors: SUND_E_ARG. */
sund_code   sund_beacon_numbers(const sund_beacon_request *r, const char *name, int64_t out[2], size_t *n, sund_err *err) SUND_MUST_CHECK;

/** The answer's frame: '{', meta, and the caller goes on. */
void sund_beacon_open(const sund_beacon_request *r, sund_granularity returned, sund_json *j, sund_buf *out);
void sund_beacon_summary(sund_json *j, sund_granularity g, bool exists, int64_t n);
/** info.nodes: what each node said, whatever result sets are wanted. */
void sund_beacon_nodes(sund_json *j, const sund_answers *a, const char *(*status)(const sund_answers *a, size_t i, void *ctx), void *ctx);
/** One request from its reading to its answer or error: `answer` may fill a and writes the body. */
typedef sund_code (*sund_beacon_page)(sund_beacon_request *r, const char *id, sund_answers *a, sund_response *out, sund_err *err);
void sund_beacon_run(const sund_face *f, const sund_request *in, const char *entry, const char *id, sund_beacon_page answer, sund_response *out);
/** {meta, error}, with the status that fits: 401 where a token does not hold. r may be NULL. */
void sund_beacon_error(const sund_face *f, const sund_beacon_request *r, const sund_err *why, sund_response *out);

/** The pages. */
void sund_beacon_variants(const sund_face *f, const sund_request *in, const char *id, sund_response *out);
void sund_beacon_people(const sund_face *f, const sund_request *in, const char *id, sund_response *out);
void sund_beacon_info(const sund_face *f, const sund_request *in, const char *id, sund_response *out);
void sund_beacon_service(const sund_face *f, const sund_request *in, const char *id, sund_response *out);
void sund_beacon_configuration(const sund_face *f, const sund_request *in, const char *id, sund_response *out);
/** Where the Beacon's pages are: /beacon under the face's url, unless that ends there already. */
void sund_beacon_root(const sund_face *f, char out[420]);
void sund_beacon_map(const sund_face *f, const sund_request *in, const char *id, sund_response *out);
void sund_beacon_entry_types(const sund_face *f, const sund_request *in, const char *id, sund_response *out);
void sund_beacon_terms(const sund_face *f, const sund_request *in, const char *id, sund_response *out);
void sund_beacon_datasets(const sund_face *f, const sund_request *in, const char *id, sund_response *out);
void sund_beacon_cohorts(const sund_face *f, const sund_request *in, const char *id, sund_response *out);

/** The people that the filters take, as a cohort's text ("all" without any): ANDed. Errors: SUND_E_ARG for a filter that cannot be applied. */
sund_code sund_beacon_cohort(const sund_beacon_request *r, sund_buf *text, sund_err *err) SUND_MUST_CHECK;
/** A question of the query's variants (genome/query.h) from its parameters. */
sund_code sund_beacon_query(const sund_beacon_request *r, sund_buf *question, sund_err *err) SUND_MUST_CHECK;

#endif
