#ifndef SUND_NET_LIMITS_H
#define SUND_NET_LIMITS_H

#include "net/server.h"

/** Requests a second, by caller: a bucket holds burst tokens, fills by rate a second, and a request takes one. Callers are addresses (of IPv6 the /64, which is what one
 *  customer has) and names of logins. There is room for SUND_LIMITS_PLACES of them; a new one takes the place of the fullest bucket of those it may be in, which is whoever
 *  has been silent for longest, so a flood from many addresses uses no more memory. Threads: any. Owns: sund_limits_free(), safe on NULL. */
enum { SUND_LIMITS_PLACES = 8192 };
typedef struct sund_limits sund_limits;
typedef struct sund_limits_config {
    double      rate;     /**< a second; 0: no limit */
    bool        loopback; /**< addresses of this machine too */
    const char *proxy;    /**< address of the one proxy whose X-Forwarded-For is believed, its last entry; "" none */
} sund_limits_config;
/** burst is two seconds' worth. Errors: SUND_E_ARG for a proxy that is no address. */
sund_code sund_limits_new(sund_limits **l, const sund_limits_config *c, sund_err *err) SUND_MUST_CHECK;
void      sund_limits_free(sund_limits *l);
/** Whether there is a token for this caller at this second, and takes it. l NULL: yes. */
bool      sund_limits_take(sund_limits *l, const void *who, size_t n, double now_s);
/** The same for the address that a request comes from. */
bool      sund_limits_admit(sund_limits *l, const sund_request *in);

#endif
