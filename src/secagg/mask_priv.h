#ifndef SUND_SECAGG_MASK_PRIV_H
#define SUND_SECAGG_MASK_PRIV_H

#include "secagg/mask.h"

/* Only sund_mask() fills one, so whoever holds a sund_masked holds masked bytes. */
struct sund_masked { sund_buf body; sund_digest digest; };

#endif
