#include "cmd/cmd.h"

#include "base/file.h"
#include "report/report.h"
#include "store/bgzip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A result as files: its tables, written part by part as they come, and what is made of them. */

enum { PATH = 4096 };

/** The tables as one stretch of bytes, which parts follow each other in: NAME.tsv.part in the folder, until all is there. */
typedef struct stretch { const char *out; const sund_result *m; int fd[SUND_RELEASE_TABLES]; } stretch;

static sund_code table_path(const stretch *s, size_t i, bool done, char path[PATH], sund_err *err)
{
    char name[48];

    (void) snprintf(name, sizeof name, "%s.tsv%s", s->m->table[i].name, done ? "" : ".part");
    return sund_path_join(path, PATH, s->out, name, err);
}

static sund_code open_tables(stretch *s, sund_err *err)
{
    char path[PATH];

    for (size_t i = 0; i < s->m->n_table; i++) {
        SUND_TRY(table_path(s, i, false, path, err));
        s->fd[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (s->fd[i] < 0)
            return sund_fail(err, SUND_E_IO, "cannot open %s: %s", path, strerror(errno));
    }
    return SUND_OK;
}

/** n bytes at a place of the stretch, in or out. */
static sund_code at_place(const stretch *s, uint64_t at, uint8_t *p, size_t n, bool in, sund_err *err)
{
    for (size_t i = 0; i < s->m->n_table && n; i++) {
        uint64_t has = s->m->table[i].n_byte;
        size_t   k;

        if (at >= has) {
            at -= has;
            continue;
        }
        k = has - at < n ? (size_t) (has - at) : n;
        SUND_TRY((in ? sund_fd_write(s->fd[i], at, p, k, err) : sund_fd_read(s->fd[i], at, p, k, err)));
        p += k;
        n -= k;
        at = 0;
    }
    return SUND_OK;
}

/** Nothing is there from a place on. */
static sund_code cut_at(const stretch *s, uint64_t at, sund_err *err)
{
    for (size_t i = 0; i < s->m->n_table; i++) {
        uint64_t has = s->m->table[i].n_byte, keep = at < has ? at : has;

        if (ftruncate(s->fd[i], (off_t) keep) != 0)
            return sund_fail(err, SUND_E_IO, "cannot write in %s: %s", s->out, strerror(errno));
        at -= keep;
    }
    return SUND_OK;
}

/** Parts that an earlier run of the same brought, as far as they are what the manifest lists. */
static sund_code parts_there(const stretch *s, uint32_t *n_part, uint64_t *at, sund_err *err)
{
    sund_buf  part = { 0 };
    sund_code rc = SUND_OK;

    *at = 0;
    for (*n_part = 0; *n_part < s->m->n_part; ++*n_part) {
        sund_cur rows;
        size_t   n;

        (void) sund_result_part(s->m, *n_part, &n);
        sund_buf_clear(&part);
        sund_buf_u32(&part, *n_part);
        if (!sund_buf_room(&part, n)) {
            rc = sund_buf_ok(&part, err);
            break;
        }
        if (at_place(s, *at, part.p + SUND_PART_HEAD, n, false, NULL) != SUND_OK || sund_result_rows(s->m, *n_part, part.p, n + SUND_PART_HEAD, &rows, NULL) != SUND_OK)
            break;
        *at += n;
    }
    sund_buf_free(&part);
    return rc == SUND_OK ? cut_at(s, *at, err) : rc;
}

static sund_code fill(const stretch *s, sund_part_get get, void *ctx, sund_err *err)
{
    sund_buf  part = { 0 };
    uint32_t  k = 0;
    uint64_t  at = 0;
    sund_code rc = parts_there(s, &k, &at, err);

    for (; rc == SUND_OK && k < s->m->n_part; k++) {
        sund_cur rows = { NULL, 0, false };

        rc = get(ctx, k, &part, err);
        if (rc == SUND_OK)
            rc = sund_result_rows(s->m, k, part.p, part.n, &rows, err);
        if (rc == SUND_OK)
            rc = at_place(s, at, part.p + SUND_PART_HEAD, rows.n, true, err);
        at += rows.n;
    }
    sund_buf_free(&part);
    return rc;
}

/** All are there: under their names. */
static sund_code name_tables(const stretch *s, sund_err *err)
{
    char from[PATH], to[PATH];

    for (size_t i = 0; i < s->m->n_table; i++) {
        SUND_TRY(table_path(s, i, false, from, err));
        SUND_TRY(table_path(s, i, true, to, err));
        if (fsync(s->fd[i]) != 0 || rename(from, to) != 0)
            return sund_fail(err, SUND_E_IO, "cannot write %s: %s", to, strerror(errno));
        printf("%s: %llu rows\n", to, (unsigned long long) s->m->table[i].n_row - 1);
    }
    return sund_dir_sync(to, err);
}

/** Associations as the field exchanges them: a file for each trait. */
static sund_code write_ssf(const char *out, sund_cur table, sund_err *err)
{
    sund_buf  text = { .large = true };
    char      path[PATH], name[SUND_REPORT_TRAIT + 32], trait[SUND_REPORT_TRAIT];
    sund_code rc = SUND_OK;

    for (size_t k = 0; rc == SUND_OK && sund_report_ssf(table, k, trait, &text); k++) {
        (void) snprintf(name, sizeof name, "gwas-ssf%s%s.tsv.gz", trait[0] ? "." : "", trait);
        rc = sund_buf_ok(&text, err);
        if (rc == SUND_OK)
            rc = sund_path_join(path, sizeof path, out, name, err);
        if (rc == SUND_OK)
            rc = sund_bgzip_table(path, text.p, text.n, err);
        if (rc == SUND_OK)
            printf("%s: the same as GWAS-SSF, with its index\n", path);
        sund_buf_clear(&text);
    }
    sund_buf_free(&text);
    return rc;
}

static sund_code write_report(const char *out, const sund_report_table *table, size_t n, sund_cur provenance, sund_err *err)
{
    sund_buf  html = { 0 };
    char      path[PATH];
    sund_code rc;

    sund_report_write(table, n, provenance, &html);
    rc = sund_buf_ok(&html, err);
    if (rc == SUND_OK)
        rc = sund_path_join(path, sizeof path, out, "report.html", err);
    if (rc == SUND_OK)
        rc = sund_file_write(path, html.p, html.n, 0644, err);
    if (rc == SUND_OK)
        printf("%s: plots and tables, for a browser\n", path);
    sund_buf_free(&html);
    return rc;
}

/** What is made of the tables, which are read where they lie. */
static sund_code write_more(const stretch *s, sund_err *err)
{
    sund_map          map[SUND_RELEASE_TABLES] = { { NULL, 0 } };
    sund_report_table table[SUND_RELEASE_TABLES];
    char              path[PATH];
    sund_code         rc;

    for (size_t i = 0; i < s->m->n_table; i++) {
        SUND_GO(table_path(s, i, true, path, err));
        SUND_GO(sund_map_open(&map[i], path, err));
        table[i] = (sund_report_table){ s->m->table[i].name, sund_cur_of(map[i].p, map[i].n) };
    }
    SUND_GO(sund_path_join(path, sizeof path, s->out, "provenance.json", err));
    SUND_GO(sund_file_write(path, s->m->provenance.p, s->m->provenance.n, 0644, err));
    SUND_GO(write_ssf(s->out, table[0].text, err));
    rc = write_report(s->out, table, s->m->n_table, s->m->provenance, err);
out:
    for (size_t i = 0; i < SUND_RELEASE_TABLES; i++)
        sund_map_close(&map[i]);
    return rc;
}

/** The first table, to the standard output. */
static sund_code print_table(const sund_result *m, sund_part_get get, void *ctx, sund_err *err)
{
    uint64_t  left = m->table[0].n_byte;
    sund_buf  part = { 0 };
    sund_code rc = SUND_OK;

    for (uint32_t k = 0; rc == SUND_OK && left; k++) {
        sund_cur rows = { NULL, 0, false };

        rc = get(ctx, k, &part, err);
        if (rc == SUND_OK)
            rc = sund_result_rows(m, k, part.p, part.n, &rows, err);
        rows.n = rows.n < left ? rows.n : (size_t) left;
        left -= rows.n;
        if (rc == SUND_OK && fwrite(rows.p, 1, rows.n, stdout) != rows.n)
            rc = sund_fail(err, SUND_E_IO, "cannot write the output");
    }
    sund_buf_free(&part);
    return rc;
}

sund_code sund_write_release(const char *out, const sund_result *m, sund_part_get get, void *ctx, sund_err *err)
{
    stretch   s = { out, m, { 0 } };
    sund_code rc;

    if (!out)
        return print_table(m, get, ctx, err);
    for (size_t i = 0; i < SUND_RELEASE_TABLES; i++)
        s.fd[i] = -1;
    SUND_TRY(sund_dir_make(out, err));
    SUND_GO(open_tables(&s, err));
    SUND_GO(fill(&s, get, ctx, err));
    SUND_GO(name_tables(&s, err));
    rc = write_more(&s, err);
out:
    for (size_t i = 0; i < SUND_RELEASE_TABLES; i++)
        if (s.fd[i] >= 0)
            (void) close(s.fd[i]);
    return rc;
}
