#ifndef SUND_CMD_CHOSEN_H
#define SUND_CMD_CHOSEN_H

#include "store/store.h"

/** People of a store by a file of names, a line each (what is behind a tab is not looked at); everybody when path is NULL. plane: (n_person + 63) / 64
 *  words, zeroed by the caller. Errors: SUND_E_MISMATCH for names that the store lacks, by number, never by name; SUND_E_ARG for nobody. */
sund_code sund_chosen_people(const sund_store *s, const char *path, uint64_t *plane, sund_err *err) SUND_MUST_CHECK;

#endif
