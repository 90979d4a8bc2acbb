#ifndef SUND_STORE_LANES_H
#define SUND_STORE_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Genotypes of a record with one ALT, from the bytes of its file straight to bit planes.
 *
 *  Text: four bytes a sample, "a|b" or "a/b" and a tab, a and b one of 0 1 .   BCF: two bytes a sample, allele + 1 shifted left by one, the lowest bit
 *  phased. Both alleles called or neither; false for anything else, which is for the careful parser to judge.
 *  Versions for each path of base/cpu.h give the same planes. Cost about 0.1 ns a sample, three times that in portable C. */
enum { SUND_LANE_HET, SUND_LANE_HOM, SUND_LANE_MISSING, SUND_LANE_PHASED, SUND_LANE_FIRST, SUND_N_LANE };

/** text: 4 n - 1 bytes; plane: SUND_N_LANE planes of (n + 63) / 64 words. Phased is for whom it is; people without a het may be marked. */
bool sund_lanes_text(const uint8_t *text, size_t n, uint64_t *plane);
/** pair: 2 n bytes. */
bool sund_lanes_bcf(const uint8_t *pair, size_t n, uint64_t *plane);
/** Samples of more fields than GT: the first four bytes of each of the n samples of text to lane (4 n bytes). False unless there are n samples of
 *  3 bytes and 1 to n_key fields each. */
bool sund_lanes_gather(const uint8_t *text, size_t n_text, size_t n, size_t n_key, uint8_t *lane);

#endif
