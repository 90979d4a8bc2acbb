#ifndef SUND_CMD_PEOPLE_H
#define SUND_CMD_PEOPLE_H

#include "home/home.h"

/** Opens a home with its persons and `what` else, which only nodes have: elsewhere no database of them is made. Owns: sund_home_close(), when it succeeds. */
sund_code sund_open_persons(sund_home *h, const char *dir, unsigned what, sund_err *err) SUND_MUST_CHECK;
/** Takes a table in (people/people.h), into the ledger too, and says how much. h: opened with SUND_HOME_STATE. dictionary may be NULL. */
sund_code sund_take_people_table(sund_home *h, const char *path, const char *dictionary, sund_err *err) SUND_MUST_CHECK;

/** Says how persons and genotypes fit together, where there are genotypes: counts, for this node's operator. h: opened with SUND_HOME_PEOPLE. */
sund_code sund_compare_with_store(const sund_home *h, sund_err *err) SUND_MUST_CHECK;

#endif
