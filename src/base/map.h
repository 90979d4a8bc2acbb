#ifndef SUND_BASE_MAP_H
#define SUND_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/** A read-only memory map. Errors as sund_file_read. An empty file maps to p = NULL, n = 0. */
typedef struct sund_map {
    const uint8_t *p;
    size_t         n;
} sund_map;
sund_code          sund_map_open(sund_map *m, const char *path, sund_err *err) SUND_MUST_CHECK;
void               sund_map_close(sund_map *m);
/** Lets go of the pages that were read; touched again they come back. What is mapped and read
 * counts as this process's memory, and a file may be larger than the machine's: whoever reads one
 * from end to end calls this on the way. */
void               sund_map_rest(const sund_map *m);
/** The same of all maps and arrays of a megabyte or more of the process. Any thread may be reading or writing them.
 */
void               sund_maps_rest(void);
/** How many entries of such arrays are gone over between two rests. */
enum { SUND_MAP_ENTRIES = 4096 };
/** For a walk over entries 0, 1, 2, ...: rests now and then. */
static inline void sund_maps_pass(size_t i)
{
    if (i % SUND_MAP_ENTRIES == SUND_MAP_ENTRIES - 1)
        sund_maps_rest();
}
/** How much of a map or large array to touch between two rests. */
enum { SUND_MAP_PIECE = 4 << 20 };

/** Arrays with an entry for every variant, say, of which there may be more than memory holds. In a
 * process that has named a folder for them, one of a megabyte or more is a file there that has no
 * name, so nothing of it is left when the process ends; without a folder, or where it has no room,
 *  it is ordinary memory. The folder is named once, before there are threads. secrets: what may not
 *  lie on a disk where it is others', such as opened totals, may there, for it is this home's own. */
void  sund_large_at(const char *dir, bool secrets);
/** n bytes, zeros. NULL: out of memory. */
void *sund_large_new(size_t n);
/** The same for secrets. */
void *sund_large_secret(size_t n);
/** As realloc: p (NULL or of was bytes) with n bytes; those behind the old ones are undefined. */
void *sund_large_renew(void *p, size_t was, size_t n);
void  sund_large_free(void *p); /**< safe on NULL */

#endif
