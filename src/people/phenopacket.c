#include "people/intake_priv.h"

#include <stdio.h>
#include <string.h>

/* GA4GH Phenopackets v2, and of v1 what has the same name; negated features of v1 are excluded ones. */

static const char *const fields[] = {
    "id",
    "metaData.*",
    "subject.id",
    "subject.alternateIds",
    "subject.sex",
    "subject.dateOfBirth",
    "subject.karyotypicSex",
    "subject.vitalStatus.status",
    "subject.timeAtLastEncounter.age.iso8601duration",
    "phenotypicFeatures.type.id",
    "phenotypicFeatures.excluded",
    "phenotypicFeatures.negated",
    "phenotypicFeatures.onset.age.iso8601duration",
    "diseases.term.id",
    "diseases.excluded",
    "diseases.onset.age.iso8601duration",
    "measurements.assay.id",
    "measurements.value.quantity.value",
    "measurements.value.quantity.unit.id",
    "measurements.timeObserved.timestamp",
    "medicalActions.procedure.code.id",
    "medicalActions.treatment.agent.id",
    "interpretations.id",
    "interpretations.progressStatus",
    "interpretations.diagnosis.disease.id",
    "interpretations.diagnosis.genomicInterpretations.subjectOrBiosampleId",
    "interpretations.diagnosis.genomicInterpretations.interpretationStatus",
    "interpretations.diagnosis.genomicInterpretations.variantInterpretation.variationDescriptor.id",
    "interpretations.diagnosis.genomicInterpretations.variantInterpretation.variationDescriptor.geneContext.valueId",
    "interpretations.diagnosis.genomicInterpretations.variantInterpretation.variationDescriptor.geneContext.symbol",
    "interpretations.diagnosis.genomicInterpretations.gene.valueId",
    "interpretations.diagnosis.genomicInterpretations.gene.symbol",
};

static int64_t onset_of(const sund_jval *element, const char *name) { return intake_months(sund_j_text(sund_j_get(sund_j_get(element, name), "age"), "iso8601duration")); }

/** A time element that is an age, but one that cannot be read. */
static void check_age(intake *in, const sund_jval *element, const char *name, const char *field)
{
    const char *iso = sund_j_text(sund_j_get(sund_j_get(element, name), "age"), "iso8601duration");

    if (iso && intake_months(iso) < 0)
        intake_left(in, field, "no age such as P38Y7M");
}

/** 0 present, 1 excluded, -1: not to be known. */
static int excluded(const sund_jval *element)
{
    static const char *const name[] = { "excluded", "negated" };
    int                      how = 0;

    for (int k = 0; k < 2; k++) {
        const sund_jval *v = sund_j_get(element, name[k]);
        bool             yes = false;

        if (v && sund_j_kind(v) != SUND_J_NULL && !sund_j_bool(v, &yes))
            return -1;
        how |= yes;
    }
    return how;
}

static sund_code features(intake *in, const sund_jval *list, const char *term, sund_record_kind kind, const char *field, sund_err *err)
{
    for (size_t i = 0; i < sund_j_n(list); i++) {
        const sund_jval *e = sund_j_at(list, i);
        int              how = excluded(e);

        if (how < 0) {
            intake_left(in, field, "whether excluded is no boolean");
            continue;
        }
        check_age(in, e, "onset", kind == SUND_RECORD_DISEASE ? "diseases.onset.age" : "phenotypicFeatures.onset.age");
        SUND_TRY(intake_record(in, field, kind, sund_j_text(sund_j_get(e, term), "id"), how == 1, onset_of(e, "onset"), err));
    }
    return SUND_OK;
}

static sund_code measurements(intake *in, const sund_jval *list, sund_err *err)
{
    for (size_t i = 0; i < sund_j_n(list); i++) {
        const sund_jval *e = sund_j_at(list, i), *q = sund_j_get(sund_j_get(e, "value"), "quantity");
        const char      *unit = sund_j_text(sund_j_get(q, "unit"), "id"), *when = sund_j_text(sund_j_get(e, "timeObserved"), "timestamp");
        intake_measure   m = { "measurements", sund_j_text(sund_j_get(e, "assay"), "id"), unit ? unit : "", when ? when : "", 0 };

        if (sund_j_real(sund_j_get(q, "value"), &m.value))
            SUND_TRY(intake_measured(in, &m, err));
        else
            SUND_TRY(intake_record(in, "measurements.assay.id", SUND_RECORD_MEASURE, m.code, false, -1, err));
    }
    return SUND_OK;
}

static sund_code actions(intake *in, const sund_jval *list, sund_err *err)
{
    for (size_t i = 0; i < sund_j_n(list); i++) {
        const sund_jval *code = sund_j_get(sund_j_get(sund_j_at(list, i), "procedure"), "code"), *agent = sund_j_get(sund_j_get(sund_j_at(list, i), "treatment"), "agent");

        if (code)
            SUND_TRY(intake_record(in, "medicalActions.procedure.code.id", SUND_RECORD_PROCEDURE, sund_j_text(code, "id"), false, -1, err));
        if (agent)
            SUND_TRY(intake_record(in, "medicalActions.treatment.agent.id", SUND_RECORD_TREATMENT, sund_j_text(agent, "id"), false, -1, err));
    }
    return SUND_OK;
}

static bool is(const char *s, const char *a, const char *b) { return s && (strcmp(s, a) == 0 || strcmp(s, b) == 0); }

/** The gene of a variant that was found to be the cause, or part of it. */
static sund_code genes(intake *in, const sund_jval *list, sund_err *err)
{
    for (size_t i = 0; i < sund_j_n(list); i++) {
        const sund_jval *g = sund_j_at(list, i);
        const sund_jval *context = sund_j_get(sund_j_get(sund_j_get(g, "variantInterpretation"), "variationDescriptor"), "geneContext");
        const char      *id = sund_j_text(context ? context : sund_j_get(g, "gene"), "valueId");

        if (!id)
            continue;
        if (is(sund_j_text(g, "interpretationStatus"), "CAUSATIVE", "CONTRIBUTORY"))
            SUND_TRY(intake_record(in, "interpretations.diagnosis.genomicInterpretations: gene", SUND_RECORD_GENE, id, false, -1, err));
        else
            intake_left(in, "interpretations.diagnosis.genomicInterpretations: gene", "neither causative nor contributory");
    }
    return SUND_OK;
}

static sund_code interpretations(intake *in, const sund_jval *list, sund_err *err)
{
    for (size_t i = 0; i < sund_j_n(list); i++) {
        const sund_jval *e = sund_j_at(list, i), *diagnosis = sund_j_get(e, "diagnosis");
        const char      *disease = sund_j_text(sund_j_get(diagnosis, "disease"), "id");

        if (disease && is(sund_j_text(e, "progressStatus"), "SOLVED", "COMPLETED"))
            SUND_TRY(intake_record(in, "interpretations.diagnosis.disease.id", SUND_RECORD_DISEASE, disease, false, -1, err));
        else if (disease)
            intake_left(in, "interpretations.diagnosis.disease.id", "neither solved nor completed");
        SUND_TRY(genes(in, sund_j_get(diagnosis, "genomicInterpretations"), err));
    }
    return SUND_OK;
}

static sund_code about(intake *in, const sund_jval *subject, sund_err *err)
{
    const char *sex = sund_j_text(subject, "sex"), *karyotype = sund_j_text(subject, "karyotypicSex"), *status = sund_j_text(sund_j_get(subject, "vitalStatus"), "status");
    const char *age = sund_j_text(sund_j_get(sund_j_get(subject, "timeAtLastEncounter"), "age"), "iso8601duration"), *born = sund_j_text(subject, "dateOfBirth");
    int64_t     year = 0, month = 0, months = age ? intake_months(age) : -1;
    char        years[24];

    if (is(sex, "MALE", "FEMALE"))
        SUND_TRY(intake_sex(in, sex[0] == 'M' ? 1 : 2, err));
    else if (sex && !is(sex, "UNKNOWN_SEX", "OTHER_SEX"))
        intake_left(in, "subject.sex", "none of MALE, FEMALE, OTHER_SEX, UNKNOWN_SEX");
    if (born && intake_date(born, &year, &month))
        SUND_TRY(intake_born(in, year, err));
    else if (born)
        intake_left(in, "subject.dateOfBirth", "no date from 1850");
    if (karyotype && strcmp(karyotype, "UNKNOWN_KARYOTYPE") != 0)
        SUND_TRY(intake_word(in, "subject.karyotypicSex", &intake_karyotype, karyotype, err));
    if (is(status, "ALIVE", "DECEASED"))
        SUND_TRY(intake_word(in, "subject.vitalStatus.status", &intake_deceased, status[0] == 'D' ? "yes" : "no", err));
    if (months >= 0) {
        (void) snprintf(years, sizeof years, "%lld", (long long) (months / 12));
        SUND_TRY(intake_word(in, "subject.timeAtLastEncounter.age", &intake_age, years, err));
    }
    else if (age) {
        intake_left(in, "subject.timeAtLastEncounter.age", "no age such as P38Y7M");
    }
    return SUND_OK;
}

static sund_code one_packet(intake *in, const sund_jval *v, sund_err *err)
{
    const sund_jval *subject = sund_j_get(v, "subject");
    const char      *name = in->plan->by_document ? sund_j_text(v, "id") : sund_j_text(subject, "id");

    if (!name)
        return intake_fail(in, in->plan->by_document ? "is no phenopacket: it has no id" : "is no phenopacket with a subject that has an id (with --id document the document's id is taken)", err);
    if (!subject && !sund_j_get(v, "metaData")) /* a biosample, or anything else with an id */
        return intake_fail(in, "is no phenopacket: it has neither subject nor metaData", err);
    SUND_TRY(intake_person(in, name, err));
    SUND_TRY(about(in, subject, err));
    SUND_TRY(features(in, sund_j_get(v, "phenotypicFeatures"), "type", SUND_RECORD_PHENOTYPE, "phenotypicFeatures.type.id", err));
    SUND_TRY(features(in, sund_j_get(v, "diseases"), "term", SUND_RECORD_DISEASE, "diseases.term.id", err));
    SUND_TRY(measurements(in, sund_j_get(v, "measurements"), err));
    SUND_TRY(actions(in, sund_j_get(v, "medicalActions"), err));
    SUND_TRY(interpretations(in, sund_j_get(v, "interpretations"), err));
    intake_walk(in, v, fields, sizeof fields / sizeof fields[0]);
    return SUND_OK;
}

/** Families have a proband and relatives, cohorts have members, each a phenopacket. */
sund_code intake_phenopacket(intake *in, const sund_jval *v, sund_err *err)
{
    static const char *const list[] = { "members", "relatives" };
    const sund_jval         *proband = sund_j_get(v, "proband");

    if (!proband && !sund_j_get(v, "members"))
        return one_packet(in, v, err);
    if (proband)
        SUND_TRY(one_packet(in, proband, err));
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < sund_j_n(sund_j_get(v, list[k])); i++)
            SUND_TRY(one_packet(in, sund_j_at(sund_j_get(v, list[k]), i), err));
    if (sund_j_get(v, "pedigree"))
        intake_left(in, "pedigree", "");
    if (sund_j_get(v, "consanguinousParents"))
        intake_left(in, "consanguinousParents", "");
    if (sund_j_get(v, "files"))
        intake_left(in, "files", "");
    return SUND_OK;
}
