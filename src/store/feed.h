#ifndef SUND_STORE_FEED_H
#define SUND_STORE_FEED_H

#include "base/c4gh.h"

/** The inside of a Crypt4GH file as a pipe: a thread decrypts segment after segment into it. Nothing of it is on a disk. */
typedef struct sund_feed sund_feed;

/** Of the file fd, which is borrowed, as path and c are. *end: the pipe's reading end, the caller's. Owns: sund_feed_close(), safe on NULL. */
sund_code sund_feed_open(sund_feed **f, int fd, const char *path, const sund_c4gh *c, int *end, sund_err *err) SUND_MUST_CHECK;
/** What stopped the thread, if it was not the end of the file: asked behind every reading, since a reader sees only that the pipe ends. */
sund_code sund_feed_state(const sund_feed *f, sund_err *err) SUND_MUST_CHECK;
/** When the reading end is closed. */
void sund_feed_close(sund_feed *f);

#endif
