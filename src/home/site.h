#ifndef SUND_HOME_SITE_H
#define SUND_HOME_SITE_H

#include "genome/vrs.h"
#include "home/home.h"
#include "net/server.h"

/** [pages] in sund.ini: the pages that a node or the hub serves to others' programs (Beacon and others). Without a port a node serves none; a hub serves them beside its own
 *  port too, under /beacon.
 *
 *      [pages]
 *      listen = 127.0.0.1          # an address of this machine; nginx in front of anything public
 *      port = 8080
 *      names = names.tsv           # rsIDs, genes and amino-acid changes of variants
 *      grants = https://fi.example.org/datasets/1   # a node: services with a token of permissions.ini are told who may use this data set
 *      reference = GRCh38.fa       # FASTA: variants have GA4GH VRS identifiers
 *      tls = no                    # yes: with tls.cert and tls.key of the home
 *      rate = 100                  # requests a second of one caller; 0: no limit
 *      proxy = 127.0.0.1           # whose X-Forwarded-For says who the caller is
 *      url = https://beacon.example.org
 *      id = org.example.beacon     name = ...    about = ...    organisation = ...    contact = mailto:...    welcome = https://...    environment = test
 */
typedef struct sund_pages_config {
    char     listen[64], url[256], id[128], name[128], about[512], organisation[128], contact[256], welcome[256], environment[16], grants[256], names[1024], reference[1024]; /**< grants: data set in visas, "" for none; names: path of a table of rsIDs and genes (genome/names.h), or "" */
    sund_assembly assembly; /**< of a hub: [pages] assembly = GRCh38; a node's is its store's */
    uint16_t port; /**< 0: none */
    bool     tls;
    double   rate;        /**< requests a second of one caller; 0: no limit */
    bool     rate_is_set; /**< holds for this machine's own addresses too */
    char     proxy[64];   /**< whose X-Forwarded-For is believed; "" nobody's */
} sund_pages_config;
/** Errors name the file and key. */
sund_code sund_pages_config_read(sund_pages_config *p, const sund_home *h, sund_err *err) SUND_MUST_CHECK;
/** Starts the server of these pages: c has handler, refuse, ctx, connections and threads; the rest is from the configuration. Errors name sund.ini. */
sund_code sund_pages_start(sund_server **out, const sund_home *h, const sund_pages_config *p, sund_server_config c, sund_err *err) SUND_MUST_CHECK;
/** By [pages] reference, with every chromosome's accession; NULL where there is none. Errors name sund.ini. */
sund_code sund_pages_vrs(sund_vrs **out, const sund_pages_config *p, sund_assembly a, sund_err *err) SUND_MUST_CHECK;
/** Who a bearer token is of, by this home's trust.ini (token/login.h). */
sund_code sund_home_bearer(const sund_home *h, const char *token, char *who, size_t cap, sund_err *err) SUND_MUST_CHECK;
/** tls.cert and tls.key of the home, NUL behind each. Errors: SUND_E_NOT_FOUND without a certificate, and what to do; a key that others may read. */
sund_code sund_home_tls(const sund_home *h, sund_buf *cert, sund_buf *key, sund_err *err) SUND_MUST_CHECK;

#endif
