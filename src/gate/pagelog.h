#ifndef SUND_GATE_PAGELOG_H
#define SUND_GATE_PAGELOG_H

#include "gate/shown.h"

/** What pages showed, in the ledger: not an entry for each request but one for each asker and verb of about a second, with how many questions there were, how many were
 *  answered, and the digest of all questions and answers one behind the other. A process that is killed loses its last second of these. Threads: any.
 *  Owns: sund_pagelog_close(), which writes what is left; safe on NULL. */
typedef struct sund_pagelog sund_pagelog;
sund_code sund_pagelog_open(sund_pagelog **l, sund_db *db, sund_err *err) SUND_MUST_CHECK;
void      sund_pagelog_close(sund_pagelog *l);
/** Notes it; writes when a second has passed since the last time. Errors: SUND_E_IO, and then nothing may be shown. */
sund_code sund_pagelog_note(sund_pagelog *l, const char *asker, const char *question, const sund_answers *a, sund_err *err) SUND_MUST_CHECK;
/** Writes what there is. */
sund_code sund_pagelog_flush(sund_pagelog *l, sund_err *err) SUND_MUST_CHECK;

#endif
