#ifndef SUND_CMD_PEOPLE_H
#define SUND_CMD_PEOPLE_H

#include "home/home.h"

/** Says how persons and genotypes fit together, where there are genotypes: counts, for this node's operator. h: opened with SUND_HOME_PEOPLE. */
sund_code sund_compare_with_store(const sund_home *h, sund_err *err) SUND_MUST_CHECK;

#endif
