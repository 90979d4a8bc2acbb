#ifndef SUND_EXCHANGE_ACMG_H
#define SUND_EXCHANGE_ACMG_H

#include <stdbool.h>
#include <stddef.h>

/** The five classes of a variant in a disease, benign to pathogenic (Richards et al., Genet Med 2015). */
typedef enum sund_acmg { SUND_ACMG_NONE = 0, SUND_ACMG_B, SUND_ACMG_LB, SUND_ACMG_VUS, SUND_ACMG_LP, SUND_ACMG_P } sund_acmg;

const char *sund_acmg_code(sund_acmg c);  /**< "B", "LB", "VUS", "LP", "P" */
const char *sund_acmg_words(sund_acmg c); /**< as ClinVar has them: "Likely benign" */
/** A code or ClinVar's words, any case, '_' for a blank; VUS-high, -mid and -low are VUS. Others are SUND_ACMG_NONE: "Benign/Likely benign" too, which is two classes. */
sund_acmg   sund_acmg_parse(const char *s);

/** A set of classes, a bit each. Laboratories are discordant when their classes are of more than one group of B and LB, VUS, LP and P. */
typedef unsigned sund_acmg_set;
static inline sund_acmg_set sund_acmg_bit(sund_acmg c) { return c == SUND_ACMG_NONE ? 0 : 1U << c; }
bool                        sund_acmg_discordant(sund_acmg_set s);

/** What laboratories say of one variant together, as VKGL publishes it:
 *      all one class                  total_agreement     that class
 *      B and LB, or LP and P          agreement           LB, or LP
 *      VUS and one side               disagreement        none
 *      benign and pathogenic sides    total_disagreement  none
 *  Source: molgenis/vkgl-consensus. An empty set is SUND_VKGL_NONE. */
typedef enum sund_vkgl { SUND_VKGL_NONE = 0, SUND_VKGL_TOTAL_AGREEMENT, SUND_VKGL_AGREEMENT, SUND_VKGL_DISAGREEMENT, SUND_VKGL_TOTAL_DISAGREEMENT } sund_vkgl;
sund_vkgl   sund_vkgl_of(sund_acmg_set s, sund_acmg *consensus);
const char *sund_vkgl_name(sund_vkgl v); /**< "total_agreement" */
sund_vkgl   sund_vkgl_parse(const char *s);

#endif
