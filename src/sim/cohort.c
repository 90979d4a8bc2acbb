#include "math/exact.h"
#include "sim/sim_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sund_code room(sim_cohort *c, size_t n, sund_err *err)
{
    c->name = calloc(n + 1, sizeof *c->name);
    c->name_at = calloc(n + 1, sizeof *c->name_at);
    c->country_at = calloc(n + 1, sizeof *c->country_at);
    c->sex = calloc(n + 1, 1);
    c->age = calloc(n + 1, 1);
    c->country = calloc(n + 1, sizeof *c->country);
    c->father = malloc((n + 1) * sizeof *c->father);
    c->mother = malloc((n + 1) * sizeof *c->mother);
    c->child_at = calloc(n + 2, sizeof *c->child_at);
    c->child = calloc(2 * n + 1, sizeof *c->child);
    if (!c->name || !c->name_at || !c->country_at || !c->sex || !c->age || !c->country || !c->father || !c->mother || !c->child_at || !c->child)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", n);
    memset(c->father, 0xFF, n * sizeof *c->father);
    memset(c->mother, 0xFF, n * sizeof *c->mother);
    return SUND_OK;
}

static uint8_t random_sex(const sund_sim *sim, uint32_t i) { return sund_rand_u64(sim->seed, STREAM_SEX, i) >> 63 ? SUND_MALE : SUND_FEMALE; }
static uint8_t random_age(const sund_sim *sim, uint32_t i, unsigned from, unsigned n) { return (uint8_t) (from + sund_rand_u64(sim->seed, STREAM_AGE, i) % n); }

/** One country: families first, in the order that `place` gives; then people without kin. */
static void fill_country(sim_cohort *c, const sund_sim *sim, size_t country, size_t n_family, const uint32_t *place)
{
    size_t at = 0;

    for (size_t f = 0; f < n_family; f++) {
        uint32_t father = place[at++], mother = place[at++];
        unsigned oldest = 0;

        c->sex[father] = SUND_MALE;
        c->sex[mother] = SUND_FEMALE;
        for (size_t k = 0; k < sim->n_child; k++) {
            uint32_t child = place[at++];

            c->father[child] = father;
            c->mother[child] = mother;
            c->sex[child] = random_sex(sim, child);
            c->age[child] = random_age(sim, child, 18, 30);
            oldest = c->age[child] > oldest ? c->age[child] : oldest;
        }
        c->age[father] = random_age(sim, father, oldest + 20, 15);
        c->age[mother] = random_age(sim, mother, oldest + 20, 15);
    }
    for (; at < sim->n_person[country]; at++) {
        c->sex[place[at]] = random_sex(sim, place[at]);
        c->age[place[at]] = random_age(sim, place[at], 20, 61);
    }
    for (size_t k = 0; k < at; k++)
        c->country[place[k]] = (uint16_t) country;
}

static void list_children(sim_cohort *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->father[i] != NOBODY) {
            c->child_at[c->father[i] + 1]++;
            c->child_at[c->mother[i] + 1]++;
        }
    for (size_t i = 0; i < c->n; i++)
        c->child_at[i + 1] += c->child_at[i];
    for (size_t i = 0; i < c->n; i++)
        if (c->father[i] != NOBODY) {
            c->child[c->child_at[c->father[i]]++] = (uint32_t) i;
            c->child[c->child_at[c->mother[i]]++] = (uint32_t) i;
        }
    for (size_t i = c->n; i > 0; i--) /* each beginning has moved to its end: back by one person */
        c->child_at[i] = c->child_at[i - 1];
    c->child_at[0] = 0;
}

static sund_code check_families(const sund_sim *sim, size_t country, size_t n_family, sund_err *err)
{
    if (n_family * (2 + sim->n_child) > sim->n_person[country])
        return sund_fail(err, SUND_E_ARG, "%zu families of %zu do not fit into %s's %zu people", n_family, 2 + sim->n_child, sim->country[country], sim->n_person[country]);
    return SUND_OK;
}

sund_code sim_cohort_make(sim_cohort *c, const sund_sim *sim, sund_err *err)
{
    uint32_t *place;
    sund_rand r = sund_rand_of(sim->seed, STREAM_ORDER);
    size_t    at = 0, families = 0;
    sund_code rc = SUND_OK;

    memset(c, 0, sizeof *c);
    for (size_t k = 0; k < sim->n_country; k++)
        c->n += sim->n_person[k];
    c->n_country = sim->n_country;
    SUND_TRY(room(c, c->n, err));
    place = malloc((c->n + 1) * sizeof *place);
    if (!place)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", c->n);
    for (size_t i = 0; i < c->n; i++)
        place[i] = (uint32_t) i;
    sund_shuffle_u32(place, c->n, &r);
    for (size_t k = 0; k < sim->n_country && rc == SUND_OK; k++) {
        size_t upto = (size_t) ((sund_u128) sim->n_family * (at + sim->n_person[k]) / c->n);

        rc = check_families(sim, k, upto - families, err);
        if (rc == SUND_OK)
            fill_country(c, sim, k, upto - families, place + at);
        families = upto;
        at += sim->n_person[k];
    }
    free(place);
    list_children(c);
    for (size_t i = 0; i < c->n; i++) {
        (void) snprintf(c->name[i], sizeof c->name[i], "S%07zu", i + 1);
        c->name_at[i] = c->name[i];
        c->country_at[i] = sim->country[c->country[i]];
    }
    return rc;
}

void sim_cohort_free(sim_cohort *c)
{
    free(c->name);
    free(c->name_at);
    free(c->country_at);
    free(c->sex);
    free(c->age);
    free(c->country);
    free(c->father);
    free(c->mother);
    free(c->child_at);
    free(c->child);
    memset(c, 0, sizeof *c);
}

size_t sim_cohort_haplotypes(const sim_cohort *c, sund_copies rule, uint32_t *hap, size_t *n_of)
{
    size_t n = 0;

    for (size_t k = 0; k < c->n_country; k++) {
        size_t before = n;

        for (size_t i = 0; i < c->n; i++) {
            int copies = c->country[i] == k && c->father[i] == NOBODY ? sund_copies_of(rule, (sund_sex) c->sex[i]) : 0;

            for (int z = 0; z < copies; z++)
                hap[n++] = (uint32_t) (2 * i + (size_t) z);
        }
        n_of[k] = n - before;
    }
    return n;
}
