#include "api/beacon.h"
#include "api/cohort.h"

#include <string.h>

/* The filters of one request, ANDed. */

static void joined(sund_buf *text, size_t at)
{
    if (text->n > at)
        sund_buf_text(text, " and ");
}

static sund_code words(const char *s, size_t at, sund_buf *text, sund_err *err)
{
    for (size_t n = 0; *s; n++) {
        char   one[200];
        size_t len = strcspn(s, ",");

        if (len >= sizeof one || n == SUND_BEACON_FILTERS)
            return sund_fail(err, SUND_E_ARG, "'filters' is a list of at most %d terms, with commas between", SUND_BEACON_FILTERS);
        memcpy(one, s, len);
        one[len] = 0;
        joined(text, at);
        SUND_TRY(sund_filter_word(one, text, err));
        s += len + (s[len] == ',');
    }
    return SUND_OK;
}

sund_code sund_beacon_cohort(const sund_beacon_request *r, sund_buf *text, sund_err *err)
{
    size_t at = text->n;

    for (size_t i = 0; i < sund_j_n(r->filters); i++) {
        const sund_jval *v = sund_j_at(r->filters, i);

        joined(text, at);
        SUND_TRY(sund_j_str(v) ? sund_filter_word(sund_j_str(v), text, err) : sund_filter_json(v, text, err));
    }
    for (size_t i = 0; i < r->n_given; i++)
        if (strcmp(r->given[i].name, "filters") == 0)
            SUND_TRY(words(r->given[i].value, at, text, err));
    if (text->n == at)
        sund_buf_text(text, "all");
    sund_buf_nul(text);
    if (text->n - at > 4000)
        return sund_fail(err, SUND_E_LIMIT, "the filters are too long together");
    return sund_buf_ok(text, err);
}
