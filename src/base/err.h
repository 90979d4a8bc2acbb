#ifndef SUND_BASE_ERR_H
#define SUND_BASE_ERR_H

#define SUND_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define SUND_MUST_CHECK   __attribute__((warn_unused_result))

/** Kinds of failure. One table maps each to an exit status and an HTTP status. */
typedef enum sund_code {
    SUND_OK = 0,
    SUND_E_ARG,       /**< the caller or the user passed something unusable */
    SUND_E_FORMAT,    /**< input bytes break their format */
    SUND_E_MISMATCH,  /**< each input is valid, together they are not */
    SUND_E_NUMERIC,   /**< no usable number: rank-deficient, not converged */
    SUND_E_NOT_FOUND, /**< the named thing does not exist */
    SUND_E_DENIED,    /**< not allowed for this caller, or refused by the gate */
    SUND_E_LIMIT,     /**< above a configured bound */
    SUND_E_NOMEM,     /**< a data-sized allocation failed */
    SUND_E_IO,        /**< the operating system said no */
    SUND_E_UPSTREAM,  /**< another node or service failed */
    SUND_E_COUNT
} sund_code;

/** What went wrong, for the operator. Never holds genotypes, person ids or tokens. */
typedef struct sund_err {
    sund_code code;
    char      msg[480];
} sund_err;

/** Set *err (which may be NULL) and return code, so a caller can `return sund_fail(...)`. */
sund_code sund_fail(sund_err *err, sund_code code, const char *fmt, ...) SUND_PRINTF(3, 4);

/** Put "context: " before a message that is already set, and return its code. */
sund_code sund_fail_in(sund_err *err, sund_code code, const char *fmt, ...) SUND_PRINTF(3, 4);

/** Stable lower-case name of a code, e.g. "not_found". */
const char *sund_code_name(sund_code code);

/** Process exit status for a code: 0, 2 usage, 3 data, 4 denied, 5 system. */
int sund_code_exit(sund_code code);

/** HTTP status for a code. */
int sund_code_http(sund_code code);

/** Return from the calling function with the code of `call` unless it is SUND_OK. */
#define SUND_TRY(call)                                                                             \
    do {                                                                                           \
        sund_code try_ = (call);                                                                   \
        if (try_ != SUND_OK)                                                                       \
            return try_;                                                                           \
    } while (0)

/** Set rc (declared by the caller) and go to `out` unless `call` is SUND_OK. */
#define SUND_GO(call)                                                                              \
    do {                                                                                           \
        rc = (call);                                                                               \
        if (rc != SUND_OK)                                                                         \
            goto out;                                                                              \
    } while (0)

#endif
