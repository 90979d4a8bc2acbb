#ifndef SUND_SECAGG_ENVELOPE_H
#define SUND_SECAGG_ENVELOPE_H

#include "secagg/roster.h"

/** Every federation message: a signed header of fixed size, and a body that the header names by digest. The header alone can
 *  be passed on as evidence of what its sender said.
 *
 *      magic "SUNDENV1" 8 | kind u16 | channel u8 | from 33 | seq u64 | about 32 | prev 32 | body digest 32 | n_body u64 | sig 64
 *  `from` is zero-padded; a byte behind the first zero that is not zero is refused. `seq` rises for each sender and channel: a
 *  receiver refuses what is not above the last (replay). `about` is the study's digest or zero; `prev` the digest of the sender's
 *  header before this one in the same study, zero at first. sig signs everything before it. */
typedef struct sund_envelope {
    uint16_t    kind;
    uint8_t     channel;
    char        from[SUND_ID_MAX + 1];
    uint64_t    seq;
    sund_digest about, prev, body;
    uint64_t    n_body;
    sund_sig    sig;
} sund_envelope;

enum { SUND_ENVELOPE_SIZE = 8 + 2 + 1 + 33 + 8 + 32 + 32 + 32 + 8 + 64 };

/** Fills from, body, n_body, sig of *e (kind, channel, seq, about, prev given) and appends header and body to out. */
void        sund_envelope_write(sund_envelope *e, const sund_identity *me, const void *body, size_t n_body, sund_buf *out);
/** Where e->body holds the body's digest already: a vector of megabytes is hashed once, and copied not at all. Fills from, n_body and sig; */
sund_code   sund_envelope_sign(sund_envelope *e, const sund_identity *me, size_t n_body, sund_err *err) SUND_MUST_CHECK;
/** or leaves room for the header in an empty buffer; the body is appended; */
void        sund_envelope_room(sund_buf *whole, size_t n_body);
/** and the header signed and put into its room. */
sund_code   sund_envelope_place(sund_envelope *e, const sund_identity *me, sund_buf *whole, sund_err *err) SUND_MUST_CHECK;
/** Header alone, as it was signed. */
void        sund_envelope_head(const sund_envelope *e, sund_buf *out);
/** Reads a header from c, and checks that it is well-formed; n_body <= max_body. */
sund_code   sund_envelope_read(sund_cur *c, uint64_t max_body, sund_envelope *e, sund_err *err) SUND_MUST_CHECK;
/** Reads the body behind it: exactly n_body bytes with the right digest. */
sund_code   sund_envelope_body(sund_cur *c, const sund_envelope *e, sund_cur *body, sund_err *err) SUND_MUST_CHECK;
/** Signature by the roster's member `from` in one of the roles (bit mask of 1 << role). Errors: SUND_E_DENIED: "unknown sender" or "signature
 *  does not match", naming id and kind. */
sund_code   sund_envelope_check(const sund_envelope *e, const sund_roster *r, unsigned roles, sund_err *err) SUND_MUST_CHECK;
/** Signature by this key, whoever has it. Errors as above. */
sund_code   sund_envelope_check_key(const sund_envelope *e, const sund_pub *key, sund_err *err) SUND_MUST_CHECK;
sund_digest sund_envelope_digest(const sund_envelope *e); /**< of the header with its signature */
/** A seq that rises: microseconds since 1970, at least last + 1. */
uint64_t    sund_seq_next(uint64_t last);

#endif
