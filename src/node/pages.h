#ifndef SUND_NODE_PAGES_H
#define SUND_NODE_PAGES_H

#include "node/describe.h"

/** A node's own pages (home/site.h) until *stop; returns at once where none are configured. Its own answerer, apart from that of the
 *  hub's questions; one thread serves all connections. */
sund_code sund_node_pages_serve(const char *dir, sund_describing *d, const _Atomic bool *stop, sund_err *err) SUND_MUST_CHECK;

#endif
