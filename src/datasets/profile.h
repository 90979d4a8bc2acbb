#ifndef SUND_DATASETS_PROFILE_H
#define SUND_DATASETS_PROFILE_H

#include "rdf/shacl.h"

/** What a catalogue must have: Sund's own rules, which are the mandatory properties of the Genomic Data Infrastructure's profile of HealthDCAT-AP, and whatever shapes an
 *  operator adds. Owns: sund_profile_free(), safe on NULL. */
typedef struct sund_profile sund_profile;
/** shapes: a file or a folder of Turtle; NULL or "" for Sund's own rules alone. */
sund_code sund_profile_open(sund_profile **out, const char *shapes, sund_err *err) SUND_MUST_CHECK;
void      sund_profile_free(sund_profile *p);
/** SUND_E_DENIED with how many violations there are and the first of them; `all` (NULL for none) gets every one that is kept, a line each, warnings too. A graph
 *  that the rules match nothing in is refused. */
sund_code sund_profile_check(const sund_profile *p, sund_graph *g, sund_buf *all, sund_err *err) SUND_MUST_CHECK;

#endif
