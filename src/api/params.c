#include "api/beacon.h"

#include <stdio.h>
#include <string.h>

/* What can be given to a page, and that nothing else is. */

static const sund_beacon_param known[SUND_N_PARAM] = {
    [SUND_P_API_VERSION] = { "apiVersion", 0, "string", "of the Beacon API that the client speaks; the answer's meta says which it has" },
    [SUND_P_SCHEMA] = { "requestedSchema", 0, "string", "each entry type has one schema here; the answer's meta says which" },
    [SUND_P_SCHEMAS] = { "requestedSchemas", 0, "strings", NULL },
    [SUND_P_SKIP] = { "skip", SUND_TAKES_FRAME, "integer", "pages to skip" },
    [SUND_P_LIMIT] = { "limit", SUND_TAKES_FRAME, "integer", "size of a page, for each result set; 0: all" },
    [SUND_P_GRANULARITY] = { "requestedGranularity", SUND_TAKES_FRAME, "string", "boolean, count or record; the answer's meta says which it has" },
    [SUND_P_INCLUDE] = { "includeResultsetResponses", SUND_TAKES_FRAME, "string", "HIT, ALL, MISS or NONE" },
    [SUND_P_TEST] = { "testMode", SUND_TAKES_FRAME, "boolean", "said back; the answer is the same" },
    [SUND_P_FILTERS] = { "filters", SUND_TAKES_FILTERS, "strings", "terms such as HP:0001250, and comparisons such as age>=40, ANDed" },
    [SUND_P_REFERENCE_NAME] = { "referenceName", SUND_TAKES_VARIANT, "string", "20, chr20 or NC_000020.11" },
    [SUND_P_START] = { "start", SUND_TAKES_VARIANT, "integers", "0-based; two of them, with two of end: a bracket" },
    [SUND_P_END] = { "end", SUND_TAKES_VARIANT, "integers", "0-based, exclusive" },
    [SUND_P_REFERENCE_BASES] = { "referenceBases", SUND_TAKES_VARIANT, "string", "REF" },
    [SUND_P_ALTERNATE_BASES] = { "alternateBases", SUND_TAKES_VARIANT, "string", "ALT; N is any base" },
    [SUND_P_ASSEMBLY] = { "assemblyId", SUND_TAKES_VARIANT, "string", "GRCh37 or GRCh38: that of the data" },
    [SUND_P_TYPE] = { "variantType", SUND_TAKES_VARIANT, "string", "SNP, MNP, INS, DEL, INDEL, DUP, CNV or BND" },
    [SUND_P_MIN_LENGTH] = { "variantMinLength", SUND_TAKES_VARIANT, "integer", "least length in bases" },
    [SUND_P_MAX_LENGTH] = { "variantMaxLength", SUND_TAKES_VARIANT, "integer", "greatest length in bases" },
    [SUND_P_GENE] = { "geneId", SUND_TAKES_VARIANT, "string", "a gene of the table of names" },
    [SUND_P_GENE_TOO] = { "geneid", SUND_TAKES_VARIANT, "string", NULL },
    [SUND_P_CHANGE] = { "aminoacidChange", SUND_TAKES_VARIANT, "string", "V600E, with geneId" },
    [SUND_P_CHANGE_TOO] = { "aminoacidchange", SUND_TAKES_VARIANT, "string", NULL },
    [SUND_P_ALLELE] = { "genomicAlleleShortForm", SUND_TAKES_VARIANT, "string", "HGVS, NC_000020.11:g.1000226A>T, or an rsID of the table of names" },
    [SUND_P_ALLELE_TOO] = { "allele", SUND_TAKES_VARIANT, "string", NULL },
};

const sund_beacon_param *sund_beacon_param_at(size_t i) { return i < SUND_N_PARAM ? &known[i] : NULL; }

sund_param_id sund_beacon_param_of(unsigned takes, const char *name)
{
    int i = 0;

    while (i < SUND_N_PARAM && (known[i].name[0] != name[0] || (known[i].takes && !(known[i].takes & takes)) || strcmp(known[i].name, name) != 0))
        i++;
    return (sund_param_id) i;
}

sund_param_id sund_beacon_param_first(sund_param_id p)
{
    while (!known[p].what)
        p--;
    return p;
}

/** Two that were given: whether they are one, of which there can be one only. */
static sund_code apart(sund_param_id a, sund_param_id b, sund_err *err)
{
    const char *x = known[a].type, *y = known[b].type;

    if (sund_beacon_param_first(a) != sund_beacon_param_first(b) || (x[strlen(x) - 1] == 's' && y[strlen(y) - 1] == 's'))
        return SUND_OK;
    if (a == b)
        return sund_fail(err, SUND_E_ARG, "'%s' is given twice", known[a].name);
    return sund_fail(err, SUND_E_ARG, "'%s' and '%s' are one parameter: it is given twice", known[a].name, known[b].name);
}

/** Says by name what is not taken, and what is. */
static sund_code not_taken(const char *path, unsigned takes, const char *name, sund_err *err)
{
    char   list[400] = "";
    size_t n = 0;

    for (size_t i = 0; i < SUND_N_PARAM; i++)
        if (known[i].what && known[i].takes & takes && n < sizeof list)
            n += (size_t) snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", known[i].name);
    if (strcmp(name, "filters") == 0 && takes & SUND_TAKES_VARIANT)
        return sund_fail(err, SUND_E_ARG, "%.60s takes no 'filters' behind its path: frequencies of filtered people are not computed here; ask /g_variants/{id}/individuals whether they carry it, and a study for their frequencies", path);
    return sund_fail(err, SUND_E_ARG, "%.60s takes no '%.40s'%s%s", path, name, n ? ", but " : "", list);
}

sund_code sund_beacon_given(const sund_beacon_page *p, const sund_request *in, sund_parameter out[SUND_BEACON_GIVEN], sund_param_id which[SUND_BEACON_GIVEN], size_t *n, sund_err *err)
{
    *n = in->parameters(in, out, SUND_BEACON_GIVEN);
    if (*n == SUND_BEACON_GIVEN)
        return sund_fail(err, SUND_E_ARG, "at most %d parameters are taken", SUND_BEACON_GIVEN - 1);
    for (size_t i = 0; i < *n; i++) {
        which[i] = sund_beacon_param_of(p->takes, out[i].name);
        if (which[i] == SUND_N_PARAM)
            return not_taken(p->path, p->takes, out[i].name, err);
        for (size_t m = 0; m < i; m++)
            SUND_TRY(apart(which[m], which[i], err));
    }
    return SUND_OK;
}

static sund_code members(const char *what, const sund_jval *v, const char *const *names, sund_err *err)
{
    const char *name;
    void       *at = NULL;

    for (const sund_jval *one = sund_j_next(v, &at, &name); one; one = sund_j_next(v, &at, &name)) {
        size_t i = 0;

        while (names[i] && strcmp(names[i], name) != 0)
            i++;
        if (!names[i] && sund_j_kind(one) != SUND_J_NULL)
            return sund_fail(err, SUND_E_ARG, "%s takes no '%.40s'", what, name);
    }
    return SUND_OK;
}

sund_code sund_beacon_body(const sund_beacon_page *p, const sund_jval *query, const sund_jval *params, sund_err *err)
{
    static const char *const of_query[] = { "requestParameters", "filters", "includeResultsetResponses", "pagination", "requestedGranularity", "testMode", NULL }, *const of_page[] = { "skip", "limit", NULL };
    bool                     there[SUND_N_PARAM] = { false };
    const char              *name;
    void                    *at = NULL;

    SUND_TRY(members("query", query, of_query, err));
    SUND_TRY(members("pagination", sund_j_get(query, "pagination"), of_page, err));
    if (sund_j_n(sund_j_get(query, "filters")) && !(p->takes & (SUND_TAKES_FILTERS | SUND_TAKES_POPULATION)))
        return not_taken(p->path, p->takes, "filters", err);
    for (const sund_jval *one = sund_j_next(params, &at, &name); one; one = sund_j_next(params, &at, &name)) {
        sund_param_id k = sund_beacon_param_of(p->takes & SUND_TAKES_VARIANT ? SUND_TAKES_VARIANT : 1U << 31, name);

        if (sund_j_kind(one) == SUND_J_NULL)
            continue;
        if (k == SUND_N_PARAM)
            return not_taken(p->path, p->takes & (SUND_TAKES_VARIANT | SUND_TAKES_FILTERS), name, err);
        for (int m = 0; m < SUND_N_PARAM; m++)
            if (there[m])
                SUND_TRY(apart((sund_param_id) m, k, err));
        there[k] = true;
    }
    return SUND_OK;
}
