#ifndef SUND_HOME_MATCHMAKERS_H
#define SUND_HOME_MATCHMAKERS_H

#include "home/home.h"
#include "net/web.h"

/** Matchmakers outside the federation that a node may ask about its cases ('sund match --at NAME'), in sund.ini:
 *
 *      [matchmaker genematcher]
 *      url = https://matchmaker.example.org/mme   # what comes before /match
 *      token = genematcher.token                  # a file of mode 0600 with the token that the service gave for X-Auth-Token
 *      ca = authority.pem                         # who vouches for its certificate; without, the system's authorities
 *      pin = sha256//...                          # its key; alone, the whole of the trust
 *      limit = 12                                 # questions about one case in a year
 *      wait = 60                                  # seconds for an answer
 */
typedef struct sund_matchmaker {
    char    name[SUND_ID_MAX + 1], url[256], token[1024], ca[1024], pin[80]; /**< token: path of the file */
    int64_t limit, wait_s;
} sund_matchmaker;
enum { SUND_MATCHMAKERS_MAX = 32 };

/** All of them. list: the caller frees it, safe when there are none. Errors name file, line and key. */
sund_code sund_matchmakers_read(const sund_home *h, sund_matchmaker **list, size_t *n, sund_err *err) SUND_MUST_CHECK;
/** One by name. Errors: SUND_E_NOT_FOUND naming those there are. */
sund_code sund_matchmaker_read(const sund_home *h, const char *name, sund_matchmaker *m, sund_err *err) SUND_MUST_CHECK;
/** Its token, NUL behind it: printable ASCII. The caller wipes it. Errors: SUND_E_DENIED for a file that others may read, SUND_E_FORMAT. */
sund_code sund_matchmaker_token(const sund_matchmaker *m, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
