#ifndef SUND_HOME_SETTINGS_H
#define SUND_HOME_SETTINGS_H

#include "base/ini.h"
#include "home/home.h"

/** What may be in sund.ini. Errors as sund_ini_known(). */
sund_code sund_settings_known(const sund_ini *ini, sund_err *err) SUND_MUST_CHECK;

/** What says here what may leave - thresholds and the other such lines of sund.ini, who decides, the roster, whose logins are believed, who may ask for matches, the genomes, terms
 *  and descriptions - into the ledger, as "WHAT: VALUE", wherever it is another than the last time. So what was changed by hand is there from the next start on. h: opened with
 *  SUND_HOME_STATE; genomes and terms as far as they are open. */
sund_code sund_home_note(const sund_home *h, sund_err *err) SUND_MUST_CHECK;
/** The store that is to be used from now on, in the same way. */
sund_code sund_home_note_store(const sund_home *h, const sund_store *s, sund_err *err) SUND_MUST_CHECK;
/** The matchmakers that sund.ini names, in the same way: they hold from when a command reads them. */
sund_code sund_home_note_matchmakers(const sund_home *h, sund_err *err) SUND_MUST_CHECK;
/** The same for a command that has changed some of it, in the home of a node or the hub; of a researcher: nothing. */
sund_code sund_home_noted(const char *dir, sund_err *err) SUND_MUST_CHECK;

#endif
