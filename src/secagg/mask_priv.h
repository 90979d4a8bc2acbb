#ifndef SUND_SECAGG_MASK_PRIV_H
#define SUND_SECAGG_MASK_PRIV_H

#include "secagg/envelope.h"
#include "secagg/mask.h"

/* Only sund_mask() fills one, so whoever holds a sund_masked holds masked bytes. Behind room for the header of the envelope that they leave in: a vector of megabytes
 * is not copied for it. */
struct sund_masked { sund_buf bytes; sund_digest digest; };

#endif
