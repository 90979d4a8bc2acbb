#ifndef SUND_STORE_OUT_H
#define SUND_STORE_OUT_H

#include "store/crypt.h"

#include <stdio.h>

/* A file of a store that grows at its end, encrypted or not: the writer of stores does not see which. Of an encrypted one only whole units are on disk; what is behind
 * them is kept in memory until there is more, and in the (encrypted) journal, so that no unit is ever written over and nothing lies on disk in the clear. */
typedef struct store_out {
    FILE      *f;
    char       path[1100];
    uint64_t   size; /* bytes put, as they will be read */
    sund_aead *aead; /* NULL: not encrypted */
    sund_buf   tail, room;
} store_out;

/** fresh: a new file. Else one that has size bytes, of which the last `tail` are not on disk; whatever else is there is cut off. Errno says why SUND_E_IO came. */
sund_code sund_out_open(store_out *o, const char *path, const crypt_as *as, unsigned file, bool fresh, uint64_t size, sund_cur tail, sund_err *err) SUND_MUST_CHECK;
sund_code sund_out_put(store_out *o, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
/** What was put is on disk, but the tail. */
sund_code sund_out_sync(store_out *o, sund_err *err) SUND_MUST_CHECK;
/** The last of it, and the file is whole. */
sund_code sund_out_end(store_out *o, sund_err *err) SUND_MUST_CHECK;
void      sund_out_close(store_out *o); /* safe on a zeroed one */

/* A file of a store, encrypted or not, from one end to the other. */
typedef struct store_in { sund_map map; crypt_file c; sund_aead *aead; uint64_t n; sund_buf room; } store_in;
/** as: key NULL for files that are not encrypted. Owns: sund_in_close(), safe on a zeroed one. */
sund_code sund_in_open(store_in *in, const char *path, const crypt_as *as, unsigned file, sund_err *err) SUND_MUST_CHECK;
/** Bytes [at, at + n), until the next call; what was read before need not stay in memory. */
sund_code sund_in_read(store_in *in, uint64_t at, size_t n, const uint8_t **p, sund_err *err) SUND_MUST_CHECK;
/** BLAKE2b of all of it. */
sund_code sund_in_digest(store_in *in, sund_digest *d, sund_err *err) SUND_MUST_CHECK;
void      sund_in_close(store_in *in);

#endif
