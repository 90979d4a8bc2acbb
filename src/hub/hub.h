#ifndef SUND_HUB_HUB_H
#define SUND_HUB_HUB_H

#include "home/home.h"

/** Runs the hub until *stop: mailbox of studies, catalogues, lookups over all nodes. port_file (may be NULL) gets the port once it listens. */
sund_code sund_hub_run(const char *dir, const char *port_file, const _Atomic bool *stop, sund_err *err) SUND_MUST_CHECK;

/** What a lookup's answer holds, for those who asked; written by the hub, read by the command line. */
typedef struct sund_lookup_row { char node[SUND_ID_MAX + 1]; sund_lookup_counts counts; } sund_lookup_row;
typedef struct sund_lookup_result { size_t n; sund_lookup_row row[SUND_NODE_MAX]; bool has_total; sund_lookup_cells total; } sund_lookup_result;
void      sund_lookup_result_write(const sund_lookup_result *r, sund_buf *out);
sund_code sund_lookup_result_read(sund_cur body, sund_lookup_result *r, sund_err *err) SUND_MUST_CHECK;

#endif
