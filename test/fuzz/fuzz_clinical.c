/* Clinical data of others' formats: the first byte is the format. What is taken in or refused leaves the database sound, and no memory behind. */
#include "people/intake_priv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static sund_people *people(void)
{
    static sund_people *p;

    if (!p && sund_people_open(&p, ":memory:", NULL) != SUND_OK)
        abort();
    return p;
}

static void json(sund_clinical_format format, const char *text, size_t n)
{
    static sund_left     left[1000];
    sund_clinical_plan   plan = { .format = format };
    sund_clinical_report r = { .left = left };
    intake               in = { .p = people(), .plan = &plan, .report = &r, .source = format == SUND_CLINICAL_BFF ? SUND_SOURCE_BFF : SUND_SOURCE_PHENOPACKET };
    sund_err             err;

    if (sund_db_script(in.p->db, "BEGIN; CREATE TEMP TABLE latest(variable INTEGER, person INTEGER, moment TEXT, PRIMARY KEY(variable, person)) WITHOUT ROWID", &err) != SUND_OK)
        abort();
    (void) !intake_text(&in, text, n, format == SUND_CLINICAL_BFF ? intake_bff : intake_phenopacket, &err);
    if (sund_db_script(in.p->db, "ROLLBACK", &err) != SUND_OK)
        abort();
    free(in.seen);
    free(in.var);
}

static void csv(char *text)
{
    char  *field[256];
    size_t n = intake_csv_cut(text, ',', field), bytes = 0;
    int64_t year, month;

    for (size_t i = 0; i < n; i++) {
        bytes += strlen(field[i]);
        (void) intake_months(field[i]);
        (void) intake_date(field[i], &year, &month);
    }
    if (bytes == SIZE_MAX)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    char *text = malloc(n + 1);

    if (!text)
        return 0;
    memcpy(text, p, n);
    text[n] = 0;
    if (n && text[0] == 'p')
        json(SUND_CLINICAL_PHENOPACKET, text + 1, n - 1);
    else if (n && text[0] == 'b')
        json(SUND_CLINICAL_BFF, text + 1, n - 1);
    else if (n)
        csv(text + 1);
    free(text);
    return 0;
}
