/* Files of a work folder: brief, view, totals, parts, without the digest behind them. The first byte says which; options for sbatch beside them. */
#include "cluster/slurm.h"
#include "cluster/work.h"
#include "store/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static sund_store     *store;
static sund_catalogue *catalogue;
static sund_study      study;

static void must(sund_code rc, const sund_err *err)
{
    if (rc != SUND_OK) {
        fprintf(stderr, "%s\n", err->msg);
        abort();
    }
}

/** A store of 70 people and one site, its folder gone once it is open, for views to be read over. */
static void make(void)
{
    static char        name[70][8];
    static const char *person[70], *pop[70];
    static uint8_t     sex[70], gt[70];
    static const char  text[] = "#sund-catalogue\t1\tGRCh37\n20\t101\tA\tG\n",
                       ini[] = "[study]\ntitle = t\nanalysis = counts\npurpose = general-research\ncohort = all\nnodes = A, B, C\n"
                               "catalogue = 0000000000000000000000000000000000000000000000000000000000000000\n";
    char               dir[] = "/tmp/sund-fuzz-XXXXXX", path[64], command[80];
    sund_store_plan    plan = { .assembly = SUND_GRCH37, .n_person = 70, .person = person, .sex = sex, .population = pop, .source = "fuzz" };
    sund_store_writer *w = NULL;
    sund_variant       v = { 20, 100, "A", "G", 1, 1 };
    sund_kind          kind;
    sund_gt            site;
    sund_phase         phase;
    uint64_t           plane[10];
    sund_err           err = { SUND_OK, "" };

    must(sund_crypto_init(&err), &err);
    if (!mkdtemp(dir))
        abort();
    (void) snprintf(path, sizeof path, "%s/store", dir);
    for (int i = 0; i < 70; i++) {
        (void) snprintf(name[i], sizeof name[i], "P%d", i);
        person[i] = name[i];
        pop[i] = "X";
        sex[i] = (uint8_t) (1 + i % 2);
        gt[i] = (uint8_t) (i % 3);
    }
    must(sund_store_writer_open(&w, path, &plan, &err), &err);
    must(sund_variant_kind(&v, &kind, &err), &err);
    if (!sund_gt_of_codes(gt, 70, plane, &site, &phase))
        abort();
    must(sund_store_writer_add(w, &v, kind, &site, &phase, &err), &err);
    must(sund_store_writer_seal(w, &err), &err);
    sund_store_writer_close(w);
    must(sund_store_open(&store, path, &err), &err);
    must(sund_catalogue_parse(&catalogue, "c", text, sizeof text - 1, &err), &err);
    must(sund_study_parse(&study, "s", ini, sizeof ini - 1, &err), &err);
    (void) snprintf(command, sizeof command, "rm -r %s", dir);
    (void) !system(command);
}

static void view(sund_cur c)
{
    sund_view *v = NULL;
    sund_buf   again = { 0 };
    sund_cur   all = c;

    if (sund_view_read(&v, &c, store, &study, catalogue, NULL) != SUND_OK)
        return;
    sund_view_write(v, &again);
    if (again.n > all.n || memcmp(again.p, all.p, again.n) != 0)
        abort(); /* one way to write each view */
    sund_buf_free(&again);
    sund_view_close(v);
}

static void totals(sund_cur c)
{
    uint32_t from;
    bool     more = true;
    sund_vec x = { 0, 0, NULL };

    if (sund_totals_head(&c, &from, NULL) != SUND_OK)
        return;
    while (more && sund_totals_next(&c, &x, &more, NULL) == SUND_OK)
        sund_vec_free(&x);
}

static void part(sund_cur c)
{
    sund_digest q = { { 0 } };
    sund_vec    x = { 0, 0, NULL };
    sund_buf    again = { 0 };

    if (c.n >= 48)
        memcpy(q.b, c.p + 8, sizeof q.b); /* the question it claims to answer */
    if (sund_part_read(c, &q, 1, 2, &x, NULL) == SUND_OK) {
        sund_part_write(&q, 1, 2, &x, &again);
        if (again.n != c.n || memcmp(again.p, c.p, c.n) != 0)
            abort();
    }
    sund_vec_free(&x);
    sund_buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    sund_brief b;
    char       text[700];

    if (!store)
        make();
    if (n < 1)
        return 0;
    switch (p[0] % 5) {
    case 0:
        if (sund_brief_read(sund_cur_of(p + 1, n - 1), &b, NULL) == SUND_OK)
            view(b.view);
        break;
    case 1: view(sund_cur_of(p + 1, n - 1)); break;
    case 2: totals(sund_cur_of(p + 1, n - 1)); break;
    case 3: part(sund_cur_of(p + 1, n - 1)); break;
    default:
        (void) snprintf(text, sizeof text, "%.*s", (int) (n - 1 < 690 ? n - 1 : 690), (const char *) p + 1);
        if (sund_slurm_options_check(text, NULL) == SUND_OK && strpbrk(text, "$`;|&<>()'\"\\*?[]{}~!#\n\t"))
            abort();
    }
    return 0;
}
