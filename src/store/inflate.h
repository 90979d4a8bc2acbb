#ifndef SUND_STORE_INFLATE_H
#define SUND_STORE_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Deflated bytes (RFC 1951) of one BGZF block, n_in <= 65,536, to exactly n_out bytes at out. The block's trailer, eight bytes, must be readable behind in; what is in it plays no part. False: they are
 *  damaged, or come to another length; out is then spoilt. Nothing is written beyond out + n_out.
 *
 *  For blocks that came to very little: genotypes of a rare site are one pair of alleles thousands of times, which deflate says as matches that lie over themselves, 2 or 4 bytes back. libdeflate lays down such
 *  a match in steps of that distance; here the pattern is spread over a vector first, which takes a quarter of the time. Where most symbols are literals and short matches libdeflate is a third quicker. */
bool sund_inflate(const uint8_t *in, size_t n_in, uint8_t *out, size_t n_out);

/** The CRC-32 of gzip: by AVX-512 where there is that, three times as fast as libdeflate has it, which does the rest. */
uint32_t sund_crc32(const uint8_t *p, size_t n);

#endif
