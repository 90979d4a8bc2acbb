#ifndef SUND_NET_WEB_H
#define SUND_NET_WEB_H

#include "base/buf.h"
#include "gate/beyond.h"

/** HTTPS to servers of others: to identity providers, for `sund trust` and `sund login` alone - a GET has no body, the form is what OpenID Connect says, and nothing of a node's data can be in
 *  either - and to matchmakers, what the gate has passed. Certificates are checked against the system's authorities unless something else is said; http is spoken to this machine only
 *  (127.0.0.1, ::1); no redirect and no proxy is followed. */

/** A port, then a path or nothing, behind an address of this machine: "http://127.0.0.1:1@elsewhere" would go elsewhere. */
bool sund_web_loopback(const char *url);
/** https://HOST[:PORT][/PATH], or http to this machine; without a user, query, fragment or slash at its end. */
bool sund_web_url_ok(const char *url);

/** out is replaced, at most max bytes. Errors: SUND_E_UPSTREAM. */
sund_code sund_web_get(const char *url, const char *bearer, size_t max, sund_buf *out, sund_err *err) SUND_MUST_CHECK; /**< bearer may be NULL */
/** POST of a form. An answer of 400 or 401 is an answer too: the provider says in it what was
 * wrong. */
sund_code sund_web_form(const char *url, const char *form, size_t max, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

/** A matchmaker: where it is, and who this node is there. */
typedef struct sund_web_peer {
    const char *url;   /**< as sund_web_url_ok() wants it; "/match" comes behind it */
    const char *token; /**< for X-Auth-Token: printable ASCII */
    const char *pin;   /**< sha256//BASE64 of its key, or "". Alone it is the whole of the trust */
    const char *ca;    /**< PEM file of the authorities that may vouch for it, or "" */
    unsigned    wait_s;
} sund_web_peer;
typedef struct sund_web_reply {
    long     status;
    char     type[128]; /**< Content-Type, or "" */
    sund_buf body;
    bool     sent;      /**< something of the request has left, whatever came of it */
} sund_web_reply;
/** POST of a case that the gate has passed (sund_leave_beyond), with both Content-Type and Accept of that type. Any status is an answer. r is replaced; the caller frees its body. Errors: SUND_E_UPSTREAM, naming the host. */
sund_code sund_web_match(const sund_web_peer *to, const char *type, const sund_leave *what, size_t max, sund_web_reply *r, sund_err *err) SUND_MUST_CHECK;

#endif
