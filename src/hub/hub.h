#ifndef SUND_HUB_HUB_H
#define SUND_HUB_HUB_H

#include "home/home.h"

/** Runs the hub until *stop: mailbox of studies, catalogues, questions to all nodes. port_file (may be NULL) gets the port once it listens. */
sund_code sund_hub_run(const char *dir, const char *port_file, const _Atomic bool *stop, sund_err *err) SUND_MUST_CHECK;

#endif
