#include "onto/onto_priv.h"

#include <string.h>

/* An ontology as bytes in the database: what a reader would say of it, so that it is made again by the same steps. */

static const char magic[8] = "SUNDONT1";

static void put_list(const sund_onto *o, const onto_lists *l, uint32_t t, bool terms, sund_buf *out)
{
    sund_buf_u32(out, l->at[t + 1] - l->at[t]);
    for (uint32_t k = l->at[t]; k < l->at[t + 1]; k++)
        sund_buf_str(out, o->text + (terms ? o->id[l->to[k]] : l->to[k]));
}

void onto_image(const sund_onto *o, sund_buf *out)
{
    sund_buf_put(out, magic, sizeof magic);
    sund_buf_str(out, o->info.prefix);
    sund_buf_str(out, o->info.version);
    sund_buf_str(out, o->info.title);
    sund_buf_u64(out, o->info.n_outside);
    sund_buf_u32(out, o->info.n_term);
    for (uint32_t t = 0; t < o->info.n_term; t++) {
        sund_buf_str(out, o->text + o->id[t]);
        sund_buf_str(out, o->text + o->name[t]);
        sund_buf_u8(out, o->obsolete[t]);
        sund_buf_str(out, o->replaced[t] == SUND_ONTO_NONE ? "" : o->text + o->id[o->replaced[t]]);
        put_list(o, &o->parent, t, true, out);
        put_list(o, &o->synonym, t, false, out);
        put_list(o, &o->alt, t, false, out);
    }
}

typedef void take(onto_builder *b, uint32_t t, const char *s, size_t n);

static void take_list(onto_builder *b, uint32_t t, take *each, sund_cur *in)
{
    char     s[ONTO_NAME_MAX + 1];
    uint32_t n = sund_cur_u32(in);

    for (uint32_t i = 0; i < n && !in->bad && !b->bad; i++)
        if (sund_cur_str(in, s, sizeof s))
            each(b, t, s, strlen(s));
}

static sund_code read_image(onto_builder *b, sund_cur in, sund_err *err)
{
    char     head[sizeof magic], id[SUND_CODE_MAX + 1], name[ONTO_NAME_MAX + 1], by[SUND_CODE_MAX + 1];
    uint32_t n;

    if (!sund_cur_copy(&in, head, sizeof head) || memcmp(head, magic, sizeof head) != 0)
        return sund_fail(err, SUND_E_FORMAT, "%s: is kept in a form that this program does not know: load the ontology again", b->file);
    if (sund_cur_str(&in, b->prefix, sizeof b->prefix) && sund_cur_str(&in, b->version, sizeof b->version))
        (void) sund_cur_str(&in, b->title, sizeof b->title);
    b->n_outside = sund_cur_u64(&in);
    n = sund_cur_u32(&in);
    for (uint32_t i = 0; i < n && !in.bad && !b->bad; i++) {
        uint32_t t;
        bool     gone;

        if (!sund_cur_str(&in, id, sizeof id) || !sund_cur_str(&in, name, sizeof name))
            break;
        t = onto_term(b, id, strlen(id), true);
        onto_name(b, t, name, strlen(name));
        gone = sund_cur_u8(&in) != 0;
        if (t != SUND_ONTO_NONE)
            b->term[t].obsolete = gone;
        if (sund_cur_str(&in, by, sizeof by) && by[0])
            onto_replaced(b, t, by, strlen(by));
        take_list(b, t, onto_parent, &in);
        take_list(b, t, onto_synonym, &in);
        take_list(b, t, onto_alt, &in);
    }
    return sund_cur_end(&in, b->file, err);
}

sund_code onto_from_image(sund_onto **o, const char *file, sund_cur bytes, sund_err *err)
{
    onto_builder b = { .file = file };
    sund_code    rc = read_image(&b, bytes, err);

    if (rc == SUND_OK)
        rc = onto_build(&b, o, err);
    onto_builder_free(&b);
    return rc;
}
