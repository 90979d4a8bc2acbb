#ifndef SUND_API_FACE_H
#define SUND_API_FACE_H

#include "gate/shown.h"
#include "genome/contig.h"
#include "genome/names.h"
#include "genome/vrs.h"
#include "net/limits.h"

/** The pages of a node or of the hub: HTTP in, questions out, and what is shown as others' formats have it. Nothing here computes or sees a person: all that can be
 *  printed is in a sund_shown. */
typedef struct sund_caller { char name[64]; bool registered; double since_s; } sund_caller; /**< "anonymous", or who a token says; and since when, on the monotonic clock: all that one request asks has one deadline */

/** A service of a registry. type: "GROUP:ARTIFACT:VERSION", as GA4GH's service-info has it; about, contact, environment may be "". */
#define SUND_SERVICE_TYPE_MAX 128
typedef struct sund_service { const char *id, *name, *type, *about, *organisation, *organisation_url, *contact, *environment, *version, *url; } sund_service;
typedef sund_code (*sund_service_fn)(void *to, const sund_service *s, sund_err *err);

/** Families of pages beside the Beacon's. */
typedef enum sund_other_family { SUND_OTHER_CATALOGUE, SUND_OTHER_MATCH, SUND_OTHER_GRANTS, SUND_OTHER_MEMBERS, SUND_N_OTHER } sund_other_family;

typedef struct sund_face {
    const char    *id;           /**< of the beacon, "org.example.dk" */
    const char    *name, *about; /**< for people */
    const char    *organisation, *contact, *welcome; /**< contact: mailto:... or https://... */
    const char    *url;          /**< where these pages are, no slash at the end */
    const char    *environment;  /**< prod, test, dev, staging */
    const char    *version;      /**< of the program */
    const char    *total;        /**< name of all nodes together at the hub; NULL at a node */
    sund_assembly  assembly;     /**< of the data; SUND_ASSEMBLY_NONE at a hub that was not told: then what its nodes say with their answers */
    bool           open;         /**< of data declared open */
    const sund_names *names;     /**< rsIDs, genes; or NULL */
    sund_vrs         *vrs;       /**< computed identifiers, of all chromosomes; or NULL */
    /** Puts a question to the node, or to all of them: out has a row each. Errors: SUND_E_DENIED for rules about the asker, SUND_E_LIMIT when too much is asked at once, SUND_E_NOMEM (503) when there is no room for one more question now. */
    sund_code (*ask)(void *ctx, const sund_caller *who, const char *question, sund_answers *out, sund_err *err);
    /** Who a bearer token is of. Errors: SUND_E_DENIED. */
    sund_code (*bearer)(void *ctx, const char *token, sund_caller *out, sund_err *err);
    /** Services of others that belong in a registry here; NULL: none. */
    sund_code (*services)(void *ctx, sund_service_fn fn, void *to, sund_err *err);
    /** Answers the pages of a family, at their addresses; false, and nothing done, for a method or address that is not of them. NULL: they are not here. */
    bool (*other[SUND_N_OTHER])(void *ctx, const sund_request *in, sund_response *out);
    const char *members; /**< at the hub: where members' messages go; NULL at a node */
    /** Appends a JSON list of handovers of a node's data (datasets/pages.h): where one applies for them, and their descriptions; nothing where it has told of none. NULL: of nobody. */
    void (*handovers)(void *ctx, const char *node, sund_buf *list);
    void *ctx;
    sund_limits   *limits;       /**< of callers; NULL: none. Whoever has the face asks sund_face_admits() for addresses; logins are counted here */
} sund_face;

/** False: the address has asked too often, and out says so (429). */
bool sund_face_admits(const sund_face *f, const sund_request *in, sund_response *out);
/** A refusal in the form of all errors here: {meta, error}. */
void sund_face_refuse(const sund_face *f, int status, const char *why, sund_response *out);
/** Answers a request whose path is of one of the families: false, and nothing done, for others. */
bool sund_face_other(const sund_face *f, const sund_request *in, sund_response *out);
/** Answers a request whose path is one of the Beacon's pages, or would be, behind /beacon: false, and nothing done, for others. */
bool sund_face_answer(const sund_face *f, const sund_request *in, sund_response *out);

#endif
