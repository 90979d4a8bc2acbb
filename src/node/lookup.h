#ifndef SUND_NODE_LOOKUP_H
#define SUND_NODE_LOOKUP_H

#include "genome/query.h"
#include "home/home.h"

/** Whom lookups count at a node: the people of the store whom people.db knows, who have not withdrawn and whose consent allows the purpose
 *  `[node] lookup`. Always the same people for everybody who asks: numbers for two purposes would tell those in between by their
 *  difference. Owns: sund_lookup_close(), safe on a zeroed one. */
#define SUND_LOOK_AGAIN_S 0.005
typedef struct sund_lookup_seat {
    sund_home         *home;      /**< with SUND_HOME_DATA; must outlive it */
    sund_store_reader *reader;
    bool               ready;     /**< the planes hold who takes part, as of version */
    int64_t            version;
    double             looked_s;  /**< when people.db was last looked at: not again within SUND_LOOK_AGAIN_S */
    size_t             n, n_word, n_sex[3];
    uint64_t          *of_sex[3]; /**< planes by sund_sex of the store */
} sund_lookup_seat;
sund_code sund_lookup_open(sund_lookup_seat *s, sund_home *h, sund_err *err) SUND_MUST_CHECK;
void      sund_lookup_close(sund_lookup_seat *s);
/** Looks again who takes part when people.db has changed since; after 5 ms at the earliest, for looking takes several microseconds. */
sund_code sund_lookup_refresh(sund_lookup_seat *s, sund_err *err) SUND_MUST_CHECK;

/** Own counts of one variant, before the rules. When all of the store take part: from the table of counts, about a microsecond. Else the genotypes
 *  of the one site are read. AC=0 with their AN inside the callable regions where the variant list lacks it; not-covered outside, and
 *  where nobody takes part. On an error *out is refused. */
sund_code sund_lookup_own(sund_lookup_seat *s, const sund_variant *v, sund_lookup_counts *out, sund_err *err) SUND_MUST_CHECK;

#endif
