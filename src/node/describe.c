#include "node/describe.h"

#include "base/file.h"
#include "rdf/turtle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

sund_code sund_node_base(const sund_home *h, const sund_describe *d, char *out, size_t cap, sund_err *err)
{
    const char *said = sund_describe_base(d, NULL);

    if (said)
        (void) snprintf(out, cap, "%s", said);
    else if (h->roster.hub_url[0]) {
        size_t n = strlen(h->roster.hub_url);
        (void) snprintf(out, cap, "%s%sfdp/%s/", h->roster.hub_url, h->roster.hub_url[n - 1] == '/' ? "" : "/", h->id);
        said = out;
    }
    return said ? SUND_OK : sund_fail(err, SUND_E_ARG, "datasets.ini: there is no roster yet: say in [catalogue] where it will be shown: base = https://hub.example.org:8750/fdp/%s/", h->id);
}

static int64_t year_now(void)
{
    time_t    t = time(NULL);
    struct tm tm;

    return gmtime_r(&t, &tm) ? tm.tm_year + 1900 : 1970;
}

static sund_code count_set(sund_home *h, const sund_person_set *set, sund_census_counts *out, sund_err *err)
{
    int64_t  *born = calloc(set->n + 1, sizeof *born), now = year_now();
    uint32_t *col = calloc(set->n + 1, sizeof *col);
    sund_code rc = born && col ? sund_people_born(h->people, set, born, err) : sund_fail(err, SUND_E_NOMEM, "out of memory counting people");

    if (rc == SUND_OK && h->store)
        rc = sund_store_columns(h->store, (const char (*)[64]) set->name, set->n, col, err);
    for (size_t i = 0; rc == SUND_OK && i < set->n; i++)
        if (col[i] != UINT32_MAX)
            sund_census_count(out, set->sex[i], born[i] == SUND_VALUE_MISSING || born[i] > now ? -1 : now - born[i]);
    free(born);
    free(col);
    return rc;
}

/** One data set's people: opened data set by data set, so that a cohort that fails names its data set. */
static sund_code count_one(sund_home *h, const char *id, const char *cohort, sund_census **out, sund_err *err)
{
    sund_cohort       *c = NULL;
    sund_person_set    set = { 0 };
    sund_census_counts n = { 0 };
    sund_code          rc = sund_cohort_parse(&c, cohort, err);

    if (rc == SUND_OK)
        rc = sund_people_select(h->people, c, h->lookup, &set, err);
    if (rc == SUND_OK)
        rc = count_set(h, &set, &n, err);
    if (rc == SUND_OK)
        rc = sund_census_pass(out, &h->thresholds, &n, err);
    sund_person_set_free(&set);
    sund_cohort_free(c);
    return rc == SUND_OK ? SUND_OK : sund_fail_in(err, rc, "datasets.ini: [dataset %s] cohort", id);
}

/** People of data set i: of an earlier one when the cohort is the same, which it mostly is. */
static sund_code count_each(sund_home *h, const sund_describe *d, sund_census **own, const sund_census **people, sund_err *err)
{
    for (size_t i = 0; i < sund_describe_n(d); i++) {
        for (size_t k = 0; k < i && !people[i]; k++)
            if (strcmp(sund_describe_cohort(d, k), sund_describe_cohort(d, i)) == 0)
                people[i] = people[k];
        if (!people[i]) {
            SUND_TRY(count_one(h, sund_describe_id(d, i), sund_describe_cohort(d, i), &own[i], err));
            people[i] = own[i];
        }
    }
    return SUND_OK;
}

sund_code sund_node_describe(sund_home *h, sund_graph *g, sund_err *err)
{
    sund_describe *d = NULL;
    sund_census  **own = NULL;
    const sund_census **people = NULL;
    char           file[1200], base[1100];
    size_t         n = 0;
    sund_code      rc;

    SUND_TRY(sund_home_path(h, "datasets.ini", file, sizeof file, err));
    SUND_TRY(sund_describe_read(&d, file, err));
    n = sund_describe_n(d);
    own = calloc(n + 1, sizeof *own);
    people = calloc(n + 1, sizeof *people);
    rc = own && people ? sund_node_base(h, d, base, sizeof base, err) : sund_fail(err, SUND_E_NOMEM, "out of memory counting people");
    if (rc == SUND_OK)
        rc = count_each(h, d, own, people, err);
    if (rc == SUND_OK)
        rc = sund_describe_graph(d, base, people, g, err);
    for (size_t i = 0; own && i < n; i++)
        sund_census_free(own[i]);
    free(own);
    free(people);
    sund_describe_free(d);
    return rc;
}

static sund_code make_text(sund_home *h, sund_buf *out, sund_err *err)
{
    sund_graph *g = NULL;
    sund_code   rc = sund_graph_new(&g, NULL, err);

    if (rc == SUND_OK)
        rc = sund_node_describe(h, g, err);
    if (rc == SUND_OK) {
        sund_turtle_write(g, out);
        rc = sund_buf_ok(out, err);
    }
    sund_graph_free(g);
    return rc;
}

sund_code sund_described_now(sund_described *d, sund_home *h, sund_err *err)
{
    sund_buf    bytes = { 0 };
    char        path[1200];
    sund_digest file;
    int64_t     people = 0, ontos = 0, year = year_now();
    sund_code   rc;

    SUND_TRY(sund_home_path(h, "datasets.ini", path, sizeof path, err));
    if (!sund_file_exists(path)) {
        sund_described_free(d);
        return SUND_OK;
    }
    rc = sund_file_read(path, 1 << 20, &bytes, err);
    file = sund_digest_of(bytes.p, bytes.n);
    sund_buf_free(&bytes);
    if (rc == SUND_OK)
        rc = sund_people_version(h->people, &people, err);
    if (rc == SUND_OK && h->ontos)
        rc = sund_ontos_version(h->ontos, &ontos, err);
    if (rc != SUND_OK || (d->ready && d->people == people && d->ontos == ontos && d->year == year && sund_digest_eq(&d->file, &file)))
        return rc;
    sund_described_free(d); /* nothing is said by what held before */
    rc = make_text(h, &d->text, err);
    if (rc != SUND_OK)
        sund_described_free(d);
    else {
        d->ready = true;
        d->people = people;
        d->ontos = ontos;
        d->year = year;
        d->file = file;
    }
    return rc;
}

void sund_described_free(sund_described *d)
{
    sund_buf_free(&d->text);
    memset(d, 0, sizeof *d);
}
