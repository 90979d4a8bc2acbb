#include "cohort.h"

#include "fed.h"

#include <stdarg.h>

static void *need(size_t n, size_t size)
{
    void *p = calloc(n + 1, size);

    if (!p)
        abort();
    return p;
}

cohort *cohort_new(size_t n, size_t m, const char *dictionary, const char *columns)
{
    cohort *c = need(1, sizeof *c);

    *c = (cohort){ .n = n, .m = m, .person = need(n, sizeof *c->person), .sex = need(n, 1), .country = need(n, sizeof *c->country), .variant = need(m, sizeof *c->variant),
                   .gt = need(m * n, 1), .dictionary = dictionary, .columns = columns, .value = need(n, sizeof *c->value) };
    for (size_t i = 0; i < n; i++) {
        char *id = need(24, 1);

        (void) snprintf(id, 24, "P%05zu", i);
        c->person[i] = id;
        c->country[i] = "XX";
    }
    return c;
}

void cohort_free(cohort *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free((void *) (uintptr_t) c->person[i]);
        free(c->value[i]);
    }
    free(c->person);
    free(c->sex);
    free(c->country);
    free(c->variant);
    free(c->gt);
    free(c->value);
    free(c);
}

void cohort_values(cohort *c, size_t i, const char *fmt, ...)
{
    char    text[4096];
    va_list ap;

    va_start(ap, fmt);
    (void) vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    free(c->value[i]);
    c->value[i] = strdup(text);
}

void cohort_variant(cohort *c, size_t j, int contig, uint32_t pos, const char *ref, const char *alt)
{
    c->variant[j] = (sund_variant){ contig, pos - 1, ref, alt, (uint32_t) strlen(ref), (uint32_t) strlen(alt) };
}

void cohort_store(const cohort *c, const char *dir, const int *node_of, int node)
{
    const char       **person = need(c->n, sizeof *person), **pop = need(c->n, sizeof *pop);
    uint8_t           *sex = need(c->n, 1), *code = need(c->n, 1);
    uint64_t          *plane = need(5 * (c->n / 64 + 1), 8);
    size_t            *at = need(c->n, sizeof *at), n = 0;
    sund_store_plan    plan = { .assembly = SUND_GRCH37, .person = person, .sex = sex, .population = pop, .source = "test" };
    sund_store_writer *out = NULL;
    sund_gt            gt;
    sund_phase         phase;

    for (size_t i = 0; i < c->n; i++)
        if (node < 0 || node_of[i] == node) {
            person[n] = c->person[i];
            pop[n] = c->country[i];
            sex[n] = c->sex[i];
            at[n++] = i;
        }
    plan.n_person = n;
    MUST(sund_store_writer_open(&out, dir, &plan, err));
    for (size_t j = 0; j < c->m; j++) {
        sund_kind kind;

        for (size_t k = 0; k < n; k++)
            code[k] = c->gt[j * c->n + at[k]];
        MUST(sund_variant_kind(&c->variant[j], &kind, err));
        if (!sund_gt_of_codes(code, n, plane, &gt, &phase))
            abort();
        MUST(sund_store_writer_add(out, &c->variant[j], kind, &gt, &phase, err));
    }
    MUST(sund_store_writer_seal(out, err));
    sund_store_writer_close(out);
    free(person);
    free(pop);
    free(sex);
    free(code);
    free(plane);
    free(at);
}

void cohort_people(const cohort *c, const char *db, const int *node_of, int node)
{
    const char        *people = fed_path("people-tsv", node), *dictionary = fed_path("dictionary-tsv", node);
    sund_people       *p = NULL;
    sund_people_report r;
    sund_buf           t = { 0 };

    MUST(sund_file_write(dictionary, c->dictionary, strlen(c->dictionary), 0600, err));
    sund_buf_printf(&t, "person\tsex\tcountry\tconsent%s\n", c->columns);
    for (size_t i = 0; i < c->n; i++)
        if (node < 0 || node_of[i] == node)
            sund_buf_printf(&t, "%s\t%c\t%s\tGRU%s\n", c->person[i], "UMF"[c->sex[i]], c->country[i], c->value[i] ? c->value[i] : "");
    MUST(sund_file_write(people, t.p, t.n, 0600, err));
    MUST(sund_people_open(&p, db, err));
    MUST(sund_people_import(p, people, dictionary, &r, err));
    sund_people_close(p);
    sund_buf_free(&t);
}

void cohort_catalogue(const cohort *c, sund_buf *out)
{
    sund_catalogue_builder *b = NULL;

    MUST(sund_catalogue_builder_new(&b, SUND_GRCH37, err));
    for (size_t j = 0; j < c->m; j++)
        MUST(sund_catalogue_builder_add(b, &c->variant[j], err));
    MUST(sund_catalogue_builder_end(b, out, err));
    sund_catalogue_builder_free(b);
}
