#ifndef SUND_HOME_LINK_H
#define SUND_HOME_LINK_H

#include "home/home.h"
#include "net/client.h"

/** A member's line to the hub: one signed envelope out, one signed envelope back, which names the digest of the one it answers.
 *  One thread at a time. Owns: sund_link_close(), safe on a zeroed one. */
typedef struct sund_link {
    sund_client     *client;
    const sund_home *home;
    uint8_t          channel; /**< numbered apart: a node's process and its operator's commands share one identity */
    uint64_t         seq;
} sund_link;

enum { SUND_CHANNEL_STUDIES, SUND_CHANNEL_LOOKUPS, SUND_CHANNEL_COMMANDS, SUND_CHANNEL_LONG }; /* LOOKUPS: questions; LONG: those that may take long, so that others do not wait behind them */
enum { SUND_REPLY_MAX = 1 << 30, SUND_HUB_PATH_MAX = 16 };
#define SUND_HUB_PATH "/fed/v1"

/** For a researcher who is in no roster, shows the hub the login first. home must be open with SUND_HOME_ROSTER | SUND_HOME_STATE and outlive the link. */
sund_code sund_link_open(sund_link *l, const sund_home *home, uint8_t channel, sund_err *err) SUND_MUST_CHECK;
void      sund_link_close(sund_link *l);
/** Sends what the gate has passed; reply gets the body of the hub's answer. A refusal of the hub comes back as its own code and message. */
sund_code sund_link_send(sund_link *l, const sund_leave *what, unsigned wait_s, sund_buf *reply, sund_err *err) SUND_MUST_CHECK;
/** A request of a protocol kind. */
sund_code sund_link_ask(sund_link *l, uint16_t kind, const void *body, size_t n, unsigned wait_s, sund_buf *reply, sund_err *err) SUND_MUST_CHECK;
/** A message of a protocol kind about something. body: its error, if it has one, is told here. reply: NULL where the answer says no more than that it was taken. */
sund_code sund_link_tell(sund_link *l, uint16_t kind, const sund_digest *about, const sund_buf *body, sund_buf *reply, sund_err *err) SUND_MUST_CHECK;
/** A public file to the hub, and from it into the home, piece by piece; what is there already is not sent again. */
sund_code sund_link_file_put(sund_link *l, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
sund_code sund_link_file_get(sund_link *l, const sund_digest *d, sund_err *err) SUND_MUST_CHECK;
/** Next envelope header of this link; about may be NULL. */
sund_envelope sund_link_head(sund_link *l, uint16_t kind, const sund_digest *about);

/** The hub's answer to a request: its body behind sund_envelope_room(), signed here. */
sund_code sund_reply_make(const sund_identity *hub, const sund_envelope *asked, uint16_t kind, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
/** Body of an ERROR answer. */
void sund_reply_error(const sund_err *why, sund_buf *out);

#endif
