#ifndef SUND_NET_WEB_H
#define SUND_NET_WEB_H

#include "base/buf.h"

/** Plain HTTPS to an identity provider, for `sund trust` and `sund login` alone: neither the node
 * nor the hub calls it, and nothing of a node's data can be in it - a GET has no body, and the form
 * is what OpenID Connect says. Certificates are checked against the system's authorities; http is
 * spoken to this machine only (127.0.0.1, ::1); no redirect and no proxy is followed. out is
 * replaced, at most max bytes. Errors: SUND_E_UPSTREAM. */
/** A port, then a path or nothing, behind an address of this machine: "http://127.0.0.1:1@elsewhere" would go elsewhere. */
bool      sund_web_loopback(const char *url);
sund_code sund_web_get(const char *url, const char *bearer, size_t max, sund_buf *out, sund_err *err) SUND_MUST_CHECK; /**< bearer may be NULL */
/** POST of a form. An answer of 400 or 401 is an answer too: the provider says in it what was
 * wrong. */
sund_code sund_web_form(const char *url, const char *form, size_t max, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
