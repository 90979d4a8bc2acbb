#ifndef SUND_NODE_AGAIN_H
#define SUND_NODE_AGAIN_H

#include <stdbool.h>

/** How long to wait after the n-th failure in a row (from 1): 0.25 s, and twice as long each time, at most 4 s; less up to half of it, by share in [0, 1), so that nodes that lost the hub together do not
 *  come back together. */
double sund_again_s(unsigned n, double share);
/** Counts a failure and waits so long, or until the process is to stop. *n is 0 after a success. */
void   sund_again_wait(unsigned *n, const _Atomic bool *stop);

#endif
