#include "gate/rules.h"

#include <stdarg.h>
#include <stdio.h>

static const sund_rule rules[] = {
    { "cell-min", "10 people", "ACRO; ABS rule of 10; OpenSAFELY", "counts of 0 to 9 people are one value, \"below 10\"; levels and pairs of binary columns each need 10" },
    { "mac", "minor allele count 10", "GDI threat model", "a variant's row is released when min(AC, AN - AC) reaches it; a withheld row is as absent" },
    { "eligible", "minor allele count 20, missing for 0 or for 10 people", "measured on 503 genomes", "association sums are taken only for variants that pass on pooled counts: two phases" },
    { "genotype-cells", "10 people", "measured 820 of 820", "genotype cells and the Hardy-Weinberg p-value are shown together or not at all" },
    { "parties", "3 nodes with 10 people each", "secure aggregation", "a sum over fewer would tell one node's numbers; two only by their agreement, and when each one's own sums pass" },
    { "round-5", "nearest 5", "OpenSAFELY", "released counts of people in tables are rounded" },
    { "midpoint-6", "middle of six", "OpenSAFELY", "survival curves are drawn from counts rounded to the middle of their six" },
    { "complement", "10 people", "ACRO", "a hidden cell of a table hides others, so that no margin gives it back" },
    { "margins", "10 alleles", "measured on 503 genomes", "lookups: 0 to 9 alternate alleles are one answer; country numbers are shown together or not at all" },
    { "model-size", "10 degrees of freedom, N/10 parameters", "ACRO; dsBase", "a model with too many parameters for its people is refused" },
    { "size", "5,000 rows, 16 MiB", "OpenSAFELY", "a release of all its tables is no larger, unless its analysis declares a row a variant or gene: what is larger nobody has looked through" },
    { "linkage", "minor allele frequency 1 %", "a rare pair is somebody's row", "products of two variants are taken of common ones only" },
    { "sketch", "N/10 columns over all rounds", "genotypes of 85 of 90 people rebuilt from such products", "products of the genotypes with vectors: block times rounds is at most a tenth of the people" },
    { "own-part", "eigenvalue 10", "ACRO's p-ratio of 10 %", "loadings leave of components with an eigenvalue of 10 or more: a person's own genome is at most a tenth of the score" },
    { "dominance", "a tenth of a score; nine tenths of a column", "ACRO's p-ratio of 10 %, dominance of 90 %", "no variant of somebody's loadings makes up more than a tenth of a score, nor fewer than ten people more than nine tenths of a column or a combination of columns: sums with it would be their genotypes" },
    { "difference", "10 people", "ACRO; Ayoz 2021", "over all answers ever given: the people of two definitions differ by 10 or more, and no combination of answers rests on fewer" },
    { "one-roster", "one for a question", "two totals over rosters that differ by one node are that node's sums", "a question about the same data is answered for the same nodes only" },
    { "membership", "sqrt(variants / people) of 0.36", "Homer 2008; Sankararaman 2009", "lookups and pages: how many variants one asker is answered about, so that their frequencies do not tell who takes part" },
    { "beacon-budget", "3 nats of evidence: 6 alleles shown for each", "Raisaro 2017, at an error of 0.05", "lookups and pages: how many rare variants one asker is answered about, as if one person carried them all" },
    { "beyond", "12 questions a year about a case, 50 a day", "a case that has left cannot be called back", "a case goes to a matchmaker outside the federation only with its person's consent to just that, without variants unless the consent names them, under a name of its own there" },
    { "hostile-parameters", "none from outside", "Huth 2022", "a round's parameters follow from the signed transcript: every node computes them itself and binds the masks to them" },
};

const sund_rule *sund_rules(size_t *n)
{
    *n = sizeof rules / sizeof rules[0];
    return rules;
}

sund_thresholds sund_thresholds_default(void)
{
    return (sund_thresholds){ .open = false, .cell_min = 10, .mac = 10, .mac_association = 20, .parties = 3, .df_min = 10, .digits = 5 };
}

static uint32_t max(uint32_t a, uint32_t b) { return a > b ? a : b; }
static uint32_t min(uint32_t a, uint32_t b) { return a < b ? a : b; }

sund_thresholds sund_thresholds_join(const sund_thresholds *a, const sund_thresholds *b)
{
    return (sund_thresholds){ .open = a->open && b->open,
                              .cell_min = max(a->cell_min, b->cell_min),
                              .mac = max(a->mac, b->mac),
                              .mac_association = max(a->mac_association, b->mac_association),
                              .parties = max(a->parties, b->parties),
                              .df_min = max(a->df_min, b->df_min),
                              .digits = min(a->digits, b->digits) };
}

sund_thresholds sund_thresholds_least(void)
{
    sund_thresholds t = sund_thresholds_default();

    t.cell_min /= 2;
    t.mac /= 2;
    t.mac_association /= 2;
    t.parties = 2;
    t.df_min /= 2;
    return t;
}

static sund_code check(const sund_thresholds *t, sund_thresholds d, sund_err *err)
{
    const struct { const char *name; uint32_t have, least; } at[] = {
        { "cell_min", t->cell_min, d.cell_min }, { "mac", t->mac, d.mac },          { "mac_association", t->mac_association, d.mac_association },
        { "parties", t->parties, d.parties }, { "df_min", t->df_min, d.df_min },
    };

    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
        if (at[i].have < at[i].least || at[i].have > 1000000)
            return sund_fail(err, SUND_E_ARG, "threshold %s may be stricter than %u, never looser", at[i].name, at[i].least);
    if (t->digits < 1 || t->digits > (t->open ? 17u : d.digits))
        return sund_fail(err, SUND_E_ARG, "threshold digits is from 1 to %u", t->open ? 17u : d.digits);
    return SUND_OK;
}

sund_code sund_thresholds_check(const sund_thresholds *t, sund_err *err) { return check(t, sund_thresholds_default(), err); }
sund_code sund_thresholds_check_one(const sund_thresholds *t, sund_err *err) { return check(t, sund_thresholds_least(), err); }

sund_code sund_refuse(sund_err *err, const char *rule, const char *fmt, ...)
{
    char    what[360];
    va_list ap;

    va_start(ap, fmt);
    (void) vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return sund_fail(err, SUND_E_DENIED, "refused by rule %s: %s", rule, what);
}

static int64_t minor(int64_t ac, int64_t an) { return ac < an - ac ? ac : an - ac; }

bool sund_rule_cell_min(const sund_thresholds *t, int64_t n_person) { return t->open || n_person >= (int64_t) t->cell_min; }
bool sund_rule_mac(const sund_thresholds *t, int64_t ac, int64_t an) { return t->open || minor(ac, an) >= (int64_t) t->mac; }
bool sund_rule_eligible(const sund_thresholds *t, int64_t ac, int64_t an) { return t->open || minor(ac, an) >= (int64_t) t->mac_association; }
bool sund_rule_spread(const sund_thresholds *t, int64_t n_other) { return t->open || n_other >= (int64_t) t->mac_association; }
bool sund_rule_missing(const sund_thresholds *t, int64_t n_missing) { return t->open || n_missing == 0 || n_missing >= (int64_t) t->cell_min; }

bool sund_rule_genotype_cells(const sund_thresholds *t, const int64_t *cell, size_t n_cell)
{
    for (size_t i = 0; i < n_cell; i++)
        if (cell[i] >= 0 && !sund_rule_cell_min(t, cell[i]))
            return false;
    return true;
}

sund_code sund_rule_parties(const sund_thresholds *t, size_t n_with, size_t n_node, sund_err *err)
{
    if (n_with >= t->parties && n_with == n_node)
        return SUND_OK;
    if (n_with >= t->parties)
        return sund_refuse(err, "parties", "every node of a study needs at least %u people of the cohort; ask without the nodes that have fewer", t->cell_min);
    return sund_refuse(err, "parties", "at least %u nodes with at least %u people of the cohort each are needed", t->parties, t->cell_min);
}

sund_code sund_rule_cells(const sund_thresholds *t, const int64_t *cell, size_t n_cell, const char *what, sund_err *err)
{
    for (size_t i = 0; i < n_cell; i++)
        if (!sund_rule_cell_min(t, cell[i]))
            return sund_refuse(err, "cell-min", "%.150s: every group needs at least %u people; take a wider cohort or fewer columns", what, t->cell_min);
    return SUND_OK;
}

sund_code sund_rule_model_size(const sund_thresholds *t, int64_t n_person, int64_t n_parameter, sund_err *err)
{
    if (t->open || (n_parameter <= n_person / 10 && n_person - n_parameter >= (int64_t) t->df_min))
        return SUND_OK;
    return sund_refuse(err, "model-size", "a model needs at least ten people a parameter and %u degrees of freedom; take fewer covariates", t->df_min);
}

sund_code sund_rule_size(const sund_thresholds *t, size_t n_row, size_t n_byte, sund_err *err)
{
    if (t->open || (n_row <= SUND_SIZE_ROWS && n_byte <= SUND_SIZE_BYTES))
        return SUND_OK;
    return sund_refuse(err, "size", "tables of at most %d rows and %d MiB together are released: ask of fewer groups, coarser bands or fewer variants", SUND_SIZE_ROWS, SUND_SIZE_BYTES >> 20);
}

sund_code sund_rule_linkage(const sund_thresholds *t, double min_maf, sund_err *err)
{
    if (t->open || min_maf >= 0.01)
        return SUND_OK;
    return sund_refuse(err, "linkage", "products of two variants are taken only at a minor allele frequency of 1 %% or more: raise min_maf");
}

sund_code sund_rule_sketch(const sund_thresholds *t, int64_t n_person, int64_t n_column, sund_err *err)
{
    if (t->open || n_column <= n_person / 10)
        return SUND_OK;
    return sund_refuse(err, "sketch", "%lld columns over all rounds need ten times as many people; ask for fewer components, a smaller block or fewer rounds", (long long) n_column);
}

bool sund_rule_own_part(const sund_thresholds *t, double eigenvalue) { return t->open || eigenvalue >= (double) t->cell_min; }

sund_code sund_rule_dominance(const sund_thresholds *t, double share, sund_err *err)
{
    if (t->open || share <= 0.1)
        return SUND_OK;
    return sund_refuse(err, "dominance", "one variant makes up more than a tenth of a score: take loadings of more variants");
}

sund_code sund_rule_few(const sund_thresholds *t, double share, const char *column, sund_err *err)
{
    if (t->open || share <= SUND_SHARE_FEW)
        return SUND_OK;
    return sund_refuse(err, "dominance", "columns (%.100s): fewer than %u people here may make up nine tenths of one, by itself, beside the others or in a combination: take another variable, one on another scale, or fewer", column, t->cell_min);
}
