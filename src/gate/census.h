#ifndef SUND_GATE_CENSUS_H
#define SUND_GATE_CENSUS_H

#include "gate/rules.h"

/** How many people are in a data set, by sex and age: what a catalogue says of them. Rules `cell-min`, `complement` and `round-5`: fewer than ten people are no
 *  number, a cell that could be had from the others by subtraction is hidden too, and what is shown is a multiple of five (open data: as it is). */
enum { SUND_CENSUS_BANDS = 10, SUND_CENSUS_SEXES = 3 }; /**< ages 0-9 to 80-89, and 90 and over */

/** Before the rules. By sund_sex (unknown, male, female) and band; the last of a row: age not known. */
typedef struct sund_census_counts { int64_t n[SUND_CENSUS_SEXES][SUND_CENSUS_BANDS + 1]; } sund_census_counts;
void sund_census_count(sund_census_counts *c, uint8_t sex, int64_t age); /**< one person; age < 0: not known */

/** After them. Only sund_census_pass() makes one: no number of people comes into a description by another way. Owns: sund_census_free(), safe on NULL. */
typedef struct sund_census sund_census;
sund_code sund_census_pass(sund_census **out, const sund_thresholds *t, const sund_census_counts *c, sund_err *err) SUND_MUST_CHECK;
void      sund_census_free(sund_census *c);
int64_t   sund_census_people(const sund_census *c);                            /**< -1: below the threshold */
/** sex 0..2, or 3 for all; band 0..9, 10 for age not known, 11 for all ages. -1: hidden. */
int64_t   sund_census_cell(const sund_census *c, unsigned sex, unsigned band);
/** The youngest and the oldest age of the bands that are shown; false where none is. Over 90 is 120. */
bool      sund_census_ages(const sund_census *c, int64_t *min, int64_t *max);

#endif
