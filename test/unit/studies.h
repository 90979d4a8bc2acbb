/* Studies of every analysis over the random world of fed.h: what tests that must cover all analyses iterate over. A new analysis adds its lines here. */
#ifndef SUND_TEST_STUDIES_H
#define SUND_TEST_STUDIES_H

#include "fed.h"

enum { STUDIES_MAX = 64, STUDY_TEXT = 1200 };

/* The public files that the studies name, appended; freed by the caller. Returns how many, at most 7. */
size_t studies_files(sund_buf file[7]);
/* Texts of all studies of one analysis ("analysis = ..." and its lines, without title, catalogue, nodes); how many: at least one for every analysis there is. */
size_t studies_of(const char *analysis, char text[STUDIES_MAX][STUDY_TEXT]);
/* Whether a study of these lines (analysis and its own; title, purpose, cohort and nodes are there) is refused, when parsed or checked, with a message that has `says`; "" for any. */
bool study_refused(const char *lines, const char *says);

#endif
