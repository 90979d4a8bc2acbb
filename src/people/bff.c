#include "people/intake_priv.h"

#include <stdio.h>
#include <string.h>

/* Individuals of the Beacon v2 model, in the Beacon-friendly format. */

static const char *const fields[] = {
    "id", "_id.*", "sex.id", "karyotypicSex",
    "ethnicity.id", "geographicOrigin.id",
    "diseases.diseaseCode.id", "diseases.excluded", "diseases.ageOfOnset.iso8601duration", "diseases.ageOfOnset.age.iso8601duration",
    "phenotypicFeatures.featureType.id", "phenotypicFeatures.excluded", "phenotypicFeatures.onset.iso8601duration", "phenotypicFeatures.onset.age.iso8601duration",
    "interventionsOrProcedures.procedureCode.id", "interventionsOrProcedures.ageAtProcedure.iso8601duration",
    "interventionsOrProcedures.ageAtProcedure.age.iso8601duration",
    "exposures.exposureCode.id", "exposures.ageAtExposure.iso8601duration", "exposures.ageAtExposure.age.iso8601duration",
    "treatments.treatmentCode.id", "treatments.ageAtOnset.iso8601duration", "treatments.ageAtOnset.age.iso8601duration",
    "measures.assayCode.id", "measures.date", "measures.measurementValue.value", "measures.measurementValue.unit.id",
    "measures.measurementValue.quantity.value", "measures.measurementValue.quantity.unit.id",
};

/** A list of the individual: which member holds the code, which the age, of what kind the records are. */
static const struct { const char *list, *code, *age, *field; sund_record_kind kind; } lists[] = {
    { "diseases", "diseaseCode", "ageOfOnset", "diseases.diseaseCode.id", SUND_RECORD_DISEASE },
    { "phenotypicFeatures", "featureType", "onset", "phenotypicFeatures.featureType.id", SUND_RECORD_PHENOTYPE },
    { "interventionsOrProcedures", "procedureCode", "ageAtProcedure", "interventionsOrProcedures.procedureCode.id", SUND_RECORD_PROCEDURE },
    { "exposures", "exposureCode", "ageAtExposure", "exposures.exposureCode.id", SUND_RECORD_EXPOSURE },
    { "treatments", "treatmentCode", "ageAtOnset", "treatments.treatmentCode.id", SUND_RECORD_TREATMENT },
};

static sund_code take_list(intake *in, const sund_jval *v, size_t which, sund_err *err)
{
    const sund_jval *list = sund_j_get(v, lists[which].list);

    for (size_t i = 0; i < sund_j_n(list); i++) {
        const sund_jval *e = sund_j_at(list, i), *age = sund_j_get(e, lists[which].age), *out = sund_j_get(e, "excluded");
        const char      *iso = sund_j_text(age, "iso8601duration");
        bool             excluded = false;

        iso = iso ? iso : sund_j_text(sund_j_get(age, "age"), "iso8601duration");
        if (iso && intake_months(iso) < 0)
            intake_left(in, lists[which].field, "an age that is none such as P38Y7M");
        if (out && sund_j_kind(out) != SUND_J_NULL && !sund_j_bool(out, &excluded))
            intake_left(in, lists[which].field, "whether excluded is no boolean");
        else
            SUND_TRY(intake_record(in, lists[which].field, lists[which].kind, sund_j_text(sund_j_get(e, lists[which].code), "id"), excluded, iso ? intake_months(iso) : -1, err));
    }
    return SUND_OK;
}

static sund_code take_measures(intake *in, const sund_jval *list, sund_err *err)
{
    for (size_t i = 0; i < sund_j_n(list); i++) {
        const sund_jval *e = sund_j_at(list, i), *value = sund_j_get(e, "measurementValue"), *q = sund_j_get(value, "quantity") ? sund_j_get(value, "quantity") : value;
        const char      *unit = sund_j_text(sund_j_get(q, "unit"), "id"), *when = sund_j_text(e, "date");
        intake_measure   m = { "measures", sund_j_text(sund_j_get(e, "assayCode"), "id"), unit ? unit : "", when ? when : "", 0 };

        if (sund_j_real(sund_j_get(q, "value"), &m.value))
            SUND_TRY(intake_measured(in, &m, err));
        else
            SUND_TRY(intake_record(in, "measures.assayCode.id", SUND_RECORD_MEASURE, m.code, false, -1, err));
    }
    return SUND_OK;
}

static sund_code take_sex(intake *in, const char *id, sund_err *err)
{
    if (!id || strcmp(id, "NCIT:C17998") == 0) /* unknown */
        return SUND_OK;
    if (strcmp(id, "NCIT:C20197") == 0 || strcmp(id, "PATO:0000384") == 0)
        return intake_sex(in, 1, err);
    if (strcmp(id, "NCIT:C16576") == 0 || strcmp(id, "PATO:0000383") == 0)
        return intake_sex(in, 2, err);
    intake_left(in, "sex.id", "neither NCIT:C16576 nor NCIT:C20197");
    return SUND_OK;
}

sund_code intake_bff(intake *in, const sund_jval *v, sund_err *err)
{
    static const struct { const char *name, *field; sund_record_kind kind; } one[] = { { "ethnicity", "ethnicity.id", SUND_RECORD_ETHNICITY }, { "geographicOrigin", "geographicOrigin.id", SUND_RECORD_ORIGIN } };
    const char *name = sund_j_text(v, "id"), *karyotype = sund_j_text(v, "karyotypicSex");

    if (!name || !sund_j_get(v, "sex")) /* other collections of the model have ids too */
        return intake_fail(in, "is no individual: it needs id and sex (NCIT:C17998 where that is not known)", err);
    SUND_TRY(intake_person(in, name, err));
    SUND_TRY(take_sex(in, sund_j_text(sund_j_get(v, "sex"), "id"), err));
    if (karyotype && strcmp(karyotype, "UNKNOWN_KARYOTYPE") != 0)
        SUND_TRY(intake_word(in, "karyotypicSex", &intake_karyotype, karyotype, err));
    for (int k = 0; k < 2; k++)
        if (sund_j_get(v, one[k].name))
            SUND_TRY(intake_record(in, one[k].field, one[k].kind, sund_j_text(sund_j_get(v, one[k].name), "id"), false, -1, err));
    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++)
        SUND_TRY(take_list(in, v, k, err));
    SUND_TRY(take_measures(in, sund_j_get(v, "measures"), err));
    intake_walk(in, v, fields, sizeof fields / sizeof fields[0]);
    return SUND_OK;
}
