#ifndef SUND_NET_CLIENT_H
#define SUND_NET_CLIENT_H

#include "base/buf.h"
#include "gate/leave.h"

/** HTTPS client over libcurl: TLS 1.3 only, the server's key pinned (the pin is the whole of the trust: no authority), no proxies, no redirects.
 *  One client, one thread at a time. Owns: sund_client_close(), safe on NULL. */
typedef struct sund_client sund_client;
sund_code sund_client_open(sund_client **c, const char *url, const char *pin, sund_err *err) SUND_MUST_CHECK;
void      sund_client_close(sund_client *c);
/** POST of what the gate has passed, to url + path. reply is replaced; at most max_reply bytes. wait_s bounds the whole exchange.
 *  Errors: SUND_E_UPSTREAM: not reachable, wrong key, HTTP status other than 200 (message says which, with the reply's first line). */
sund_code sund_client_send(sund_client *c, const char *path, const sund_leave *what, unsigned wait_s, size_t max_reply, sund_buf *reply, sund_err *err) SUND_MUST_CHECK;
/** Once *stop is true, a sund_client_send ends within a tenth of a second, and no other begins. */
void      sund_client_heed(sund_client *c, const _Atomic bool *stop);

#endif
