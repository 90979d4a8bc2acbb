#include "node/describe.h"

#include "base/file.h"
#include "base/ini.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/** People of each data set; of those with one cohort, which most are, once. */
static sund_code count_each(sund_described *d, sund_home *h, sund_err *err)
{
    size_t       n = sund_describe_n(d->d);
    const char **cohort = calloc(n + 1, sizeof *cohort);
    sund_code    rc = SUND_OK;

    d->own = calloc(n + 1, sizeof(sund_census *));
    d->of = calloc(n + 1, sizeof(sund_census *));
    if (!cohort || !d->own || !d->of)
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory counting people");
    for (size_t i = 0; rc == SUND_OK && i < n; i++) {
        const char *mine = sund_describe_cohort(d->d, i);
        size_t      k = 0;

        while (k < d->n_own && strcmp(cohort[k], mine) != 0)
            k++;
        if (k == d->n_own) {
            rc = count_one(h, sund_describe_id(d->d, i), mine, &d->own[k], err);
            cohort[d->n_own++] = mine;
        }
        d->of[i] = d->own[k];
    }
    free(cohort);
    return rc;
}

/** Of all that is said: the file, where it is shown, and the numbers as they are shown. */
static void put_version(sund_described *d, const char *brings)
{
    sund_hasher h;

    sund_hasher_init(&h);
    sund_hasher_add(&h, d->file.b, sizeof d->file.b);
    sund_hasher_add(&h, d->base, strlen(d->base) + 1);
    sund_hasher_add(&h, brings, strlen(brings) + 1);
    for (size_t i = 0; i < d->n_own; i++)
        for (unsigned sex = 0; sex <= SUND_CENSUS_SEXES; sex++)
            for (unsigned band = 0; band < SUND_CENSUS_BANDS + 2; band++) {
                int64_t n = sund_census_cell(d->own[i], sex, band);
                sund_hasher_add(&h, &n, sizeof n);
            }
    d->version = sund_hasher_end(&h);
}

static sund_code describe(sund_described *d, sund_home *h, const char *path, const sund_buf *file, sund_err *err)
{
    SUND_TRY(sund_describe_parse(&d->d, path, file->p, file->n, err));
    SUND_TRY(sund_node_base(h, d->d, d->base, sizeof d->base, err));
    SUND_TRY(count_each(d, h, err));
    put_version(d, h->data);
    return SUND_OK;
}

/** All of it anew, where anything has changed. */
static sund_code refresh(sund_described *d, sund_home *h, const char *path, const sund_buf *file, sund_err *err)
{
    int64_t     people = 0, ontos = 0, year = year_now();
    sund_digest digest = sund_digest_of(file->p, file->n);
    sund_code   rc = sund_people_version(h->people, &people, err);

    if (rc == SUND_OK && h->ontos)
        rc = sund_ontos_version(h->ontos, &ontos, err);
    if (rc != SUND_OK || (d->ready && d->people == people && d->ontos == ontos && d->year == year && sund_digest_eq(&d->file, &digest)))
        return rc;
    sund_described_free(d); /* nothing is said by what held before */
    d->file = digest;
    rc = describe(d, h, path, file, err);
    if (rc != SUND_OK) {
        sund_described_free(d);
        return rc;
    }
    d->ready = true;
    d->people = people;
    d->ontos = ontos;
    d->year = year;
    return SUND_OK;
}

sund_code sund_described_now(sund_described *d, sund_home *h, size_t from, sund_err *err)
{
    sund_buf       file = { 0 };
    sund_part_head head = { .from = from };
    char           path[1200];
    sund_code      rc;

    SUND_TRY(sund_home_path(h, "datasets.ini", path, sizeof path, err));
    if (!sund_file_exists(path)) {
        sund_described_free(d);
        return SUND_OK;
    }
    rc = sund_file_read(path, SUND_DESCRIBE_BYTES, &file, err);
    if (rc == SUND_OK)
        rc = refresh(d, h, path, &file, err);
    sund_buf_free(&file);
    if (rc != SUND_OK || (d->made && d->from == from))
        return rc;
    d->made = false;
    head.version = d->version;
    (void) snprintf(head.brings, sizeof head.brings, "%s", h->data);
    SUND_TRY(sund_describe_part(d->d, d->base, d->of, &head, &d->text, err));
    d->made = true;
    d->from = from;
    return SUND_OK;
}

sund_code sund_answer_datasets(sund_describing *d, sund_home *h, const char *rest, sund_shown **out, sund_err *err)
{
    int64_t   from = 0;
    sund_code rc;

    if (*rest && !sund_parse_i64(rest, 1, SUND_DATASETS_MAX, &from))
        return sund_fail(err, SUND_E_ARG, "'datasets' asks for data sets, 'datasets 32' for those behind the first 32");
    (void) pthread_mutex_lock(&d->lock);
    rc = sund_described_now(&d->d, h, (size_t) from, err);
    if (rc == SUND_OK)
        rc = sund_shown_text(h->gate, SUND_ASK_DATASETS, d->d.text.p, d->d.text.n, out, err);
    (void) pthread_mutex_unlock(&d->lock);
    return rc;
}

uint64_t sund_described_changes(sund_described_mark *seen, const sund_home *h)
{
    sund_described_mark now = { .size = -1 };
    struct stat         st;
    char                path[1200];

    if (sund_home_path(h, "datasets.ini", path, sizeof path, NULL) == SUND_OK && stat(path, &st) == 0)
        now = (sund_described_mark){ 0, st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (int64_t) st.st_ino };
    if (!seen->mark)
        sund_random(&now.mark, sizeof now.mark);
    else
        now.mark = seen->mark + (now.size != seen->size || now.s != seen->s || now.ns != seen->ns || now.inode != seen->inode);
    now.mark += now.mark == 0;
    *seen = now;
    return now.mark;
}

void sund_described_free(sund_described *d)
{
    for (size_t i = 0; i < d->n_own; i++)
        sund_census_free(d->own[i]);
    free(d->own);
    free(d->of);
    sund_describe_free(d->d);
    sund_buf_free(&d->text);
    memset(d, 0, sizeof *d);
}
