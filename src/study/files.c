#include "study/analysis.h"

#include <stdio.h>
#include <string.h>

/* Public files that a study names by digest: gene tables, scoring files, lists. They come through the hub, which is not trusted with them: what arrives must
 * have the digest. */

sund_code sund_files_open(sund_files *f, const sund_study *s, sund_file_get get, void *ctx, sund_err *err)
{
    memset(f, 0, sizeof *f);
    for (size_t i = 0; i < s->n_option; i++) {
        sund_digest want, got;

        if (s->option[i].kind != 'd' || !sund_unhex(s->option[i].value, want.b, sizeof want.b))
            continue;
        if (!get)
            return sund_fail(err, SUND_E_NOT_FOUND, "no place is known to look for the file that '%s' names", s->option[i].name);
        memcpy(f->file[f->n].option, s->option[i].name, sizeof f->file[0].option);
        SUND_TRY(get(ctx, &want, &f->file[f->n].bytes, err));
        got = sund_digest_of(f->file[f->n].bytes.p, f->file[f->n].bytes.n);
        f->n++;
        if (!sund_digest_eq(&want, &got))
            return sund_fail(err, SUND_E_MISMATCH, "the file that '%s' names came with another digest", s->option[i].name);
    }
    return SUND_OK;
}

sund_code sund_study_catalogue(const sund_study *s, sund_file_get get, void *ctx, sund_catalogue **out, sund_err *err)
{
    sund_buf    bytes = { .large = true };
    sund_digest d;
    sund_code   rc = get(ctx, &s->catalogue, &bytes, err);

    d = sund_digest_of_large(bytes.p, bytes.n);
    if (rc == SUND_OK && !sund_digest_eq(&d, &s->catalogue))
        rc = sund_fail(err, SUND_E_MISMATCH, "the catalogue came with another digest than the study names");
    if (rc == SUND_OK)
        rc = sund_catalogue_parse(out, "catalogue", bytes.p, bytes.n, err);
    sund_buf_free(&bytes);
    return rc;
}

void sund_files_free(sund_files *f)
{
    for (size_t i = 0; i < f->n; i++)
        sund_buf_free(&f->file[i].bytes);
    memset(f, 0, sizeof *f);
}

sund_cur sund_state_file(const sund_state *st, const char *option)
{
    for (size_t i = 0; st->files && i < st->files->n; i++)
        if (strcmp(st->files->file[i].option, option) == 0)
            return sund_cur_of(st->files->file[i].bytes.p, st->files->file[i].bytes.n);
    return sund_cur_of(NULL, 0);
}
