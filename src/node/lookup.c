#include "node/lookup.h"

#include "base/log.h"
#include "home/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add(sund_lookup_cells *to, const sund_counts *c, sund_copies copies)
{
    to->ac += (int64_t) c->het + 2 * (int64_t) c->hom_alt + c->hemi_alt;
    to->an += 2 * ((int64_t) c->hom_ref + c->het + c->hom_alt) + c->hemi_ref + c->hemi_alt;
    to->hom += c->hom_alt;
    to->an_one += c->hemi_ref + c->hemi_alt;
    if (copies != SUND_DIPLOID)
        to->hemi += c->hemi_alt;
}

/** AN of people by sex where the variant is absent but covered. */
static void all_reference(const sund_home *h, sund_copies copies, sund_lookup_counts *out)
{
    const sund_store_info *info = sund_store_describe(h->store);

    for (size_t i = 0; i < info->n_person; i++) {
        int n = sund_copies_of(copies, (sund_sex) info->sex[i]);

        out->all.an += n;
        if (info->sex[i] == SUND_MALE)
            out->male.an += n;
        if (info->sex[i] == SUND_FEMALE)
            out->female.an += n;
    }
}

sund_code sund_lookup_own(const sund_home *h, const sund_variant *v, sund_lookup_counts *out, sund_err *err)
{
    sund_assembly assembly = sund_store_describe(h->store)->assembly;
    sund_copies   copies = sund_copies_at(assembly, v->contig, v->pos_bp);
    size_t        j;

    (void) err;
    memset(out, 0, sizeof *out);
    out->status = SUND_LOOKUP_COUNTED;
    out->sexes = true;
    if (sund_store_find(h->store, v, &j)) {
        sund_counts all, male, female;

        sund_store_counts(h->store, j, -1, -1, &all);
        sund_store_counts(h->store, j, -1, SUND_MALE, &male);
        sund_store_counts(h->store, j, -1, SUND_FEMALE, &female);
        add(&out->all, &all, copies);
        add(&out->male, &male, copies);
        add(&out->female, &female, copies);
    }
    else if (sund_store_callable(h->store, v->contig, v->pos_bp, v->n_ref)) {
        all_reference(h, copies, out);
    }
    else {
        out->status = SUND_LOOKUP_NOT_COVERED;
        out->sexes = false;
    }
    return SUND_OK;
}

/** One question of the hub: ticket and variant text. A variant that cannot be read is answered as refused. */
static sund_code answer(sund_link *l, const sund_home *h, sund_cur *c, sund_err *err)
{
    uint64_t           ticket = sund_cur_u64(c);
    char               text[2304];
    sund_buf           alleles = { 0 }, reply = { 0 };
    sund_variant       v;
    sund_lookup_counts counts = { .status = SUND_LOOKUP_REFUSED };
    sund_envelope      head;
    sund_leave        *out = NULL;
    sund_code          rc;

    if (!sund_cur_str(c, text, sizeof text))
        return sund_cur_ok(c, "a lookup", err);
    if (sund_variant_parse(text, &v, &alleles, NULL) == SUND_OK && sund_variant_normalise(&v, NULL, &alleles, NULL) == SUND_OK)
        SUND_GO(sund_lookup_own(h, &v, &counts, err));
    head = sund_link_head(l, SUND_MSG_LOOKUP_ANSWER, NULL);
    SUND_GO(sund_leave_lookup(h->gate, &head, ticket, &counts, &out, err));
    rc = sund_link_send(l, out, 20, &reply, err);
out:
    sund_leave_free(out);
    sund_buf_free(&alleles);
    sund_buf_free(&reply);
    return rc;
}

static sund_code poll_once(sund_link *l, const sund_home *h, sund_buf *reply, sund_err *err)
{
    const uint8_t wait = 3; /* the hub wakes us at once; a short wait lets the process stop soon */
    sund_cur      c;

    SUND_TRY(sund_link_ask(l, SUND_MSG_POLL, &wait, 1, 40, reply, err));
    c = sund_cur_of(reply->p, reply->n);
    while (c.n && !c.bad)
        SUND_TRY(answer(l, h, &c, err));
    return sund_cur_ok(&c, "the hub's lookups", err);
}

sund_code sund_lookup_serve(const char *dir, const volatile bool *stop, sund_err *err)
{
    sund_home h;
    sund_link l = { 0 };
    sund_buf  reply = { 0 };
    sund_code rc;

    SUND_TRY(sund_home_open(&h, dir, SUND_HOME_ROSTER | SUND_HOME_STATE | SUND_HOME_STORE, err));
    SUND_GO(sund_link_open(&l, &h, SUND_CHANNEL_LOOKUPS, err));
    while (!*stop) {
        sund_err why = { SUND_OK, "" };

        if (poll_once(&l, &h, &reply, &why) == SUND_OK || *stop)
            continue;
        sund_log(SUND_LOG_DEBUG, "lookups: %s", why.msg);
        for (int i = 0; i < 20 && !*stop; i++)
            (void) usleep(100000);
    }
out:
    sund_buf_free(&reply);
    sund_link_close(&l);
    sund_home_close(&h);
    return rc;
}
