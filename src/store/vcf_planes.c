/* What text and BCF have in common behind the parsing: genotypes of a record as planes of the wanted columns. */
#include "store/import_priv.h"

#include <stdlib.h>
#include <string.h>

enum { ALT_MAX = 64 }; /* records of more are left as calls: their planes would be large */

sund_code sund_vcf_scratch_make(sund_vcf_scratch *s, const sund_vcf_columns *want, sund_err *err)
{
    *s = (sund_vcf_scratch){ calloc(want->n_want + 1, sizeof *s->call), malloc(4 * want->n + 1),
                             malloc((SUND_N_PLANE * (want->n + 63) / 64 + SUND_N_PLANE) * sizeof *s->plane) };
    if (s->call && s->lane && s->plane)
        return SUND_OK;
    sund_vcf_scratch_free(s);
    return sund_fail(err, SUND_E_NOMEM, "no memory for %zu people", want->n);
}

void sund_vcf_scratch_free(sund_vcf_scratch *s)
{
    free(s->call);
    free(s->lane);
    free(s->plane);
    *s = (sund_vcf_scratch){ NULL, NULL, NULL };
}

void sund_vcf_record_clear(sund_vcf_record *r)
{
    r->why[0] = 0;
    r->n_alt = 0;
    r->contig = 0;
    r->name = "";
    r->n_name = 0;
    r->pos_bp = 0;
    r->ready = false;
    r->call = NULL;
    r->count = (sund_call_counts){ 0, 0, 0 };
}

void sund_vcf_record_free(sund_vcf_record *r)
{
    free(r->alt);
    free(r->n_alt_bp);
    free(r->plane);
}

static bool plane_room(sund_vcf_record *r, const sund_vcf_columns *want)
{
    size_t    n = r->n_alt * SUND_N_PLANE * ((want->n_want + 63) / 64);
    uint64_t *p;

    if (n <= r->cap_plane)
        return true;
    p = realloc(r->plane, n * sizeof *p);
    if (!p)
        return false;
    r->plane = p;
    r->cap_plane = n;
    return true;
}

/* The rule of copies of every row that the record can give, or -1 when there are two. */
static int steady_rule(const sund_vcf_record *r, const sund_vcf_columns *want)
{
    uint32_t    from = r->pos_bp > SUND_REACH_BP ? r->pos_bp - SUND_REACH_BP : 0;
    sund_copies rule = sund_copies_at(want->assembly, r->contig, r->pos_bp);

    return sund_copies_at(want->assembly, r->contig, from) == rule && sund_copies_at(want->assembly, r->contig, r->pos_bp + r->n_ref) == rule ? (int) rule : -1;
}

bool sund_vcf_lanes_fit(const sund_vcf_record *r, const sund_vcf_columns *want)
{
    return want->copies[0] && !want->filtered && r->n_alt == 1 && steady_rule(r, want) == SUND_DIPLOID;
}

void sund_vcf_lanes_take(sund_vcf_record *r, const sund_vcf_columns *want, const sund_vcf_scratch *scratch,
                         bool (*lanes)(const uint8_t *p, size_t n, uint64_t *plane), const uint8_t *p)
{
    size_t n_from = (want->n + 63) / 64, n_to = (want->n_want + 63) / 64;

    if (!plane_room(r, want) || !lanes(p, want->n, want->same ? r->plane : scratch->plane))
        return;
    r->ready = true;
    if (want->same)
        return;
    memset(r->plane, 0, SUND_N_PLANE * n_to * sizeof *r->plane);
    for (size_t w = 0; w < n_from; w++)
        for (size_t k = 0; k < SUND_N_PLANE; k++) { /* phase is for hets only, and few are */
            uint64_t bits = scratch->plane[k * n_from + w] & (k >= SUND_LANE_PHASED ? scratch->plane[SUND_LANE_HET * n_from + w] : ~0ULL);

            for (; bits; bits &= bits - 1) {
                int32_t at = want->at[64 * w + (size_t) __builtin_ctzll(bits)];
                if (at >= 0)
                    r->plane[k * n_to + (size_t) at / 64] |= 1ULL << (at % 64);
            }
        }
}

void sund_vcf_calls_take(sund_vcf_record *r, const sund_vcf_columns *want, const sund_vcf_scratch *scratch)
{
    int    rule = r->n_alt <= ALT_MAX && want->copies[0] ? steady_rule(r, want) : -1;
    size_t n_word = (want->n_want + 63) / 64;

    if (rule < 0 || r->call != scratch->call || !plane_room(r, want))
        return;
    if (!r->whole || rule != SUND_DIPLOID)
        sund_calls_resolve(scratch->call, scratch->call, want->n_want, want->copies[rule], &r->count);
    for (size_t k = 0; k < r->n_alt; k++)
        sund_calls_planes(scratch->call, want->n_want, (unsigned) k + 1, r->plane + k * SUND_N_PLANE * n_word);
    r->ready = true;
}
