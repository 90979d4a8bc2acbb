#ifndef SUND_BASE_INI_H
#define SUND_BASE_INI_H

#include "base/buf.h"

/** Strict INI, for configuration, rosters and study files (the common C reader splits lines over 200 bytes in silence, so it is our own).
 *
 *     [section] or [section label]
 *     key = value          # at line start: comment; ';' likewise; no trailing comments
 *
 *  Refuses, naming `name` and line: NUL, invalid UTF-8, control characters, keys outside [a-z0-9_-], a key twice in a
 *  section, a section+label twice, a key before any section, lines over 8192 bytes, more than 4096 keys.
 *  Owns: sund_ini_free(), which wipes the text: it may hold a key. */
typedef struct sund_ini_item {
    const char *section, *label; /**< label is "" when the header has none */
    const char *key, *value;     /**< value trimmed of spaces at both ends */
    unsigned    line;
} sund_ini_item;

typedef struct sund_ini {
    char          *text;
    sund_ini_item *item; /**< in file order */
    size_t         n_item, n_text;
    char           name[160];
} sund_ini;

sund_code   sund_ini_parse(sund_ini *ini, const char *name, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
sund_code   sund_ini_parse_long(sund_ini *ini, const char *name, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK; /**< 32 MiB and 400,000 keys, 4096 in a section */
sund_code   sund_ini_read(sund_ini *ini, const char *path, sund_err *err) SUND_MUST_CHECK; /**< at most 1 MiB */
void        sund_ini_free(sund_ini *ini);
/** Value of [section] key (label ""), or NULL. */
const char *sund_ini_get(const sund_ini *ini, const char *section, const char *key);
/** Fails, naming line and nearest known key, when a section/key is not among known (NULL-terminated "section.key" list). */
sund_code   sund_ini_known(const sund_ini *ini, const char *const *known, sund_err *err) SUND_MUST_CHECK;

/** Nearest word to `word` in a NULL-terminated list by edit distance (at most 1 + length/3), or NULL. */
const char *sund_nearest(const char *word, const char *const *list);
/** Strict whole-string integer in [min, max]. */
bool sund_parse_i64(const char *s, int64_t min, int64_t max, int64_t *out) SUND_MUST_CHECK;

#endif
