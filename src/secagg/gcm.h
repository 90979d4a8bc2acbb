#ifndef SUND_SECAGG_GCM_H
#define SUND_SECAGG_GCM_H

#include "base/aead.h"

/** AES-256-GCM by OpenSSL: wide registers (VAES) where the processor has them, and constant-time code where it has no AES at all. */
extern const sund_aead_way sund_gcm;

#endif
