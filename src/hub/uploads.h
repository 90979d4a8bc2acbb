#ifndef SUND_HUB_UPLOADS_H
#define SUND_HUB_UPLOADS_H

#include "home/home.h"

/** Public files that members send to the hub, bounded for each member by number and bytes ([hub] files, megabytes in sund.ini). */
sund_code sund_uploads_tables(sund_db *db, sund_err *err) SUND_MUST_CHECK;

/** A piece of a file (sund_home_file_add), whose body is digest, u64 bytes of the whole, u64 where, bytes; out gets u64 how much of it is here. A file that is there already is nobody's news: it is
 *  taken and not counted. Errors: SUND_E_LIMIT naming the member, what it has here and the bound. Threads: one at a time. */
sund_code sund_uploads_put(sund_home *h, const char *from, sund_cur body, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
