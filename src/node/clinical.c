#include "node/clinical.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sund_code sund_clinical_open(sund_clinical *c, const sund_home *h, sund_err *err)
{
    char path[2048];

    SUND_TRY(sund_home_path(h, "interpretations.db", path, sizeof path, err));
    SUND_TRY(sund_interpretations_open(&c->said, path, err));
    SUND_TRY(sund_home_path(h, "cases.db", path, sizeof path, err));
    return sund_desk_open(&c->desk, path, h->ontos, err);
}

void sund_clinical_close(sund_clinical *c)
{
    sund_desk_close(c->desk);
    sund_interpretations_close(c->said);
    memset(c, 0, sizeof *c);
}

/* ---- interpretations ---- */

sund_code sund_answer_interpretations(sund_clinical *c, const sund_home *h, const char *rest, sund_shown **out, sund_err *err)
{
    size_t        n = strcspn(rest, " ");
    bool          member = strcmp(rest + n, " federation") == 0;
    char          name[SUND_SHOWN_NAME_MAX];
    sund_buf      spelled = { 0 }, text = { 0 };
    sund_assembly assembly;
    sund_acmg_set set;
    size_t        n_more = 0;
    sund_json     j;
    sund_code     rc;

    if ((rest[n] && !member) || n >= sizeof name)
        return sund_fail(err, SUND_E_ARG, "one variant is asked for at a time");
    (void) snprintf(name, sizeof name, "%.*s", (int) n, rest);
    SUND_GO(sund_variant_name(name, &spelled, err));
    SUND_GO(sund_assembly_fits(sund_named_assembly(name), sund_store_describe(h->store)->assembly, err));
    SUND_GO(sund_interpretations_assembly(c->said, &assembly, err));
    sund_json_init(&j, &text, false);
    sund_json_open(&j, NULL, '{');
    if (assembly == sund_store_describe(h->store)->assembly || !assembly)
        SUND_GO(sund_interpretations_shown(c->said, (const char *) spelled.p, member ? SUND_ASKER_FEDERATION : SUND_ASKER_PUBLIC, &j, "interpretations", &set, &n_more, err));
    else
        SUND_GO(sund_fail(err, SUND_E_ARG, "this node's interpretations are on another assembly than its genotypes"));
    sund_json_i64(&j, "more", (int64_t) n_more);
    sund_json_open(&j, "classes", '['); /* of these too, so that a discordance is seen */
    for (int k = SUND_ACMG_B; k <= SUND_ACMG_P; k++)
        if (set & sund_acmg_bit((sund_acmg) k))
            sund_json_str(&j, NULL, sund_acmg_code((sund_acmg) k));
    sund_json_close(&j, ']');
    sund_json_close(&j, '}');
    SUND_GO(sund_buf_ok(&text, err));
    rc = sund_shown_text(h->gate, SUND_ASK_INTERPRETATIONS, text.p, text.n, out, err);
out:
    sund_buf_free(&spelled);
    sund_buf_free(&text);
    return rc;
}

/* ---- cases ---- */

sund_code sund_answer_match(sund_clinical *c, const sund_home *h, const char *rest, sund_shown **out, sund_err *err)
{
    const sund_mme_rules rules = sund_mme_rules_default();
    char                 asker[128];
    size_t               n = strcspn(rest, " "), n_shown = 0;
    sund_case           *query;
    sund_buf             text = { 0 };
    sund_code            rc;

    if (rest[0] != '@' || n < 2 || n >= sizeof asker || !rest[n])
        return sund_fail(err, SUND_E_DENIED, "who asks is not known");
    (void) snprintf(asker, sizeof asker, "%.*s", (int) n - 1, rest + 1);
    query = malloc(sizeof *query);
    if (!query)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    rc = sund_mme_request(rest + n + 1, strlen(rest + n + 1), query, err);
    if (rc == SUND_E_FORMAT && err)
        rc = err->code = SUND_E_ARG; /* the asker's fault, and for the asker to read */
    if (rc == SUND_OK)
        rc = sund_desk_answer(c->desk, query, asker, &rules, &text, &n_shown, err);
    if (rc == SUND_OK)
        rc = sund_shown_text(h->gate, SUND_ASK_MATCH, text.p, text.n, out, err);
    if (rc == SUND_OK && n_shown && !query->test)
        sund_log(SUND_LOG_INFO, "match: %zu cases were shown to %s; 'sund case notices' tells their owners", n_shown, asker);
    free(query);
    sund_buf_free(&text);
    return rc;
}
