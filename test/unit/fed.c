#include "fed.h"

#include "scratch.h"
#include "study/released.h"

static uint64_t dice; /* of world_make and of the order in which a federation's nodes speak */

static uint64_t roll(void)
{
    uint64_t z = (dice += 0x9E3779B97F4A7C15u);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

const char *fed_path(const char *kind, int number)
{
    char name[64];

    (void) snprintf(name, sizeof name, "%s-%d", kind, number);
    return scratch(name);
}

static const char *const w_country[W_COUNTRIES] = { "DK", "EE", "ES", "FI", "GB", "IT", "SE" };

static double unit(void) { return (double) (roll() >> 11) * 0x1p-53; }

void world_make(world *w, size_t n, uint64_t seed)
{
    dice = seed;
    memset(w, 0, sizeof *w);
    w->n = n;
    w->m = W_VARIANTS;
    for (size_t i = 0; i < n; i++) {
        w->country[i] = (int) (i % W_COUNTRIES);
        w->age[i] = 20 + (int) (roll() % 61);
        w->sex[i] = 1 + (int) (roll() % 2);
        w->bmi[i] = 18 + 0.1 * (double) (roll() % 200);
        w->no_bmi[i] = roll() % 40 == 0;
    }
    for (size_t j = 0; j < w->m; j++) {
        double af = j % 9 == 0 ? 0.003 : 0.02 + 0.5 * unit();
        double missing = j % 3 == 0 ? 0 : j % 3 == 1 ? 3.0 / (double) n : 0.03;

        for (size_t i = 0; i < n; i++) {
            double f = af * (0.7 + 0.1 * w->country[i]);

            w->gt[j][i] = (uint8_t) ((unit() < f) + (unit() < f));
            if (unit() < missing)
                w->gt[j][i] = SUND_GT_MISSING;
        }
    }
    for (size_t i = 0; i < n; i++) {
        double x = 0.05 * w->age[i] + (w->sex[i] == 2) + 0.2 * w->country[i];

        for (int k = 0; k < 4; k++)
            x += unit() * 2 - 1;
        w->trait[i] = x + (w->gt[7][i] == SUND_GT_MISSING ? 0 : 0.5 * w->gt[7][i]);
    }
}

sund_variant world_variant(size_t j)
{
    static const char *const ref[] = { "A", "C", "GT", "T" }, *const alt[] = { "G", "T", "G", "TACA" };

    return (sund_variant){ 20, (uint32_t) (1000 + 100 * j), ref[j % 4], alt[j % 4], (uint32_t) strlen(ref[j % 4]), (uint32_t) strlen(alt[j % 4]) };
}

void world_store(const world *w, const char *dir, const int *node_of, int node)
{
    if (w->real) {
        cohort_store(w->real, dir, node_of, node);
        return;
    }
    static char   name[W_PEOPLE_MAX][24];
    const char   *person[W_PEOPLE_MAX], *pop[W_PEOPLE_MAX];
    uint8_t       sex[W_PEOPLE_MAX], code[W_PEOPLE_MAX];
    uint64_t      plane[5 * (W_PEOPLE_MAX / 64 + 1)];
    sund_gt       gt;
    sund_phase    phase;
    size_t        at[W_PEOPLE_MAX], n = 0;
    sund_region   all = { 20, 0, 1000000 };
    sund_store_plan plan = { .assembly = SUND_GRCH37, .person = person, .sex = sex, .population = pop, .source = "test", .callable = &all, .n_callable = 1, .has_callable = true };
    sund_store_writer *out = NULL;

    for (size_t i = 0; i < w->n; i++)
        if (node < 0 || node_of[i] == node) {
            (void) snprintf(name[i], sizeof name[i], "P%05zu", i % 1000);
            person[n] = name[i];
            pop[n] = w_country[w->country[i]];
            sex[n] = (uint8_t) w->sex[i];
            at[n++] = i;
        }
    plan.n_person = n;
    MUST(sund_store_writer_open(&out, dir, &plan, err));
    for (size_t j = 0; j < w->m; j++) {
        sund_variant v = world_variant(j);
        sund_kind    kind;
        bool         any = false;

        for (size_t k = 0; k < n; k++) {
            code[k] = w->gt[j][at[k]];
            any = any || code[k];
        }
        if (!any && w->sparse_rows)
            continue;
        MUST(sund_variant_kind(&v, &kind, err));
        if (!sund_gt_of_codes(code, n, plane, &gt, &phase))
            abort();
        MUST(sund_store_writer_add(out, &v, kind, &gt, &phase, err));
    }
    MUST(sund_store_writer_seal(out, err));
    sund_store_writer_close(out);
}

static void put_file(const char *path, const sund_buf *b) { MUST(sund_file_write(path, b->p, b->n, 0600, err)); }

void world_people(const world *w, const char *db, const int *node_of, int node)
{
    if (w->real) {
        cohort_people(w->real, db, node_of, node);
        return;
    }
    static const char dict[] = "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\n"
                               "age\tinteger\ta\t0\t120\t0\t\nbmi\treal\tkg/m2\t10\t60\t1\t\ntrait\treal\t1\t-50\t50\t4\t\n";
    const char        *people = fed_path("people-tsv", node), *dictionary = fed_path("dictionary-tsv", node);
    sund_people       *p = NULL;
    sund_people_report r;
    sund_buf           t = { 0 }, d = { 0 };

    sund_buf_text(&d, dict);
    put_file(dictionary, &d);
    sund_buf_text(&t, "person\tsex\tcountry\tconsent\tage\tbmi\ttrait\n");
    for (size_t i = 0; i < w->n; i++)
        if (node < 0 || node_of[i] == node) {
            char bmi[16];

            (void) snprintf(bmi, sizeof bmi, w->no_bmi[i] ? "NA" : "%.1f", w->bmi[i]);
            sund_buf_printf(&t, "P%05zu\t%c\t%s\tGRU\t%d\t%s\t%.4f\n", i, w->sex[i] == 2 ? 'F' : 'M', w_country[w->country[i]], w->age[i], bmi, w->trait[i]);
        }
    put_file(people, &t);
    MUST(sund_people_open(&p, db, err));
    MUST(sund_people_import(p, people, dictionary, &r, err));
    sund_people_close(p);
    sund_buf_free(&t);
    sund_buf_free(&d);
}

void world_catalogue_bytes(const world *w, sund_buf *out)
{
    sund_catalogue_builder *b = NULL;

    if (w->real) {
        cohort_catalogue(w->real, out);
        return;
    }
    MUST(sund_catalogue_builder_new(&b, SUND_GRCH37, err));
    for (size_t j = 0; j < W_VARIANTS; j++) {
        sund_variant v = world_variant(j);

        MUST(sund_catalogue_builder_add(b, &v, err));
    }
    MUST(sund_catalogue_builder_end(b, out, err));
    sund_catalogue_builder_free(b);
}

sund_catalogue *world_catalogue(const world *w)
{
    sund_catalogue *c = NULL;
    sund_buf        bytes = { 0 };

    world_catalogue_bytes(w, &bytes);
    MUST(sund_catalogue_parse(&c, "catalogue", bytes.p, bytes.n, err));
    sund_buf_free(&bytes);
    return c;
}

sund_hex64 fed_publish(fed *f, const void *p, size_t n)
{
    sund_digest d = sund_digest_of(p, n);

    if (f->n_file == sizeof f->file / sizeof f->file[0])
        abort();
    sund_buf_put(&f->file[f->n_file++], p, n);
    return sund_digest_hex(&d);
}

sund_code fed_file(void *ctx, const sund_digest *d, sund_buf *out, sund_err *err)
{
    const fed *f = ctx;

    for (size_t i = 0; i < f->n_file; i++) {
        sund_digest have = sund_digest_of(f->file[i].p, f->file[i].n);

        if (sund_digest_eq(&have, d)) {
            sund_buf_put(out, f->file[i].p, f->file[i].n);
            return sund_buf_ok(out, err);
        }
    }
    return sund_fail(err, SUND_E_NOT_FOUND, "no such file");
}

static void hex_line(sund_buf *t, const char *key, const void *p, size_t n)
{
    char hex[129];

    sund_hex(p, n, hex);
    sund_buf_printf(t, "%s = %s\n", key, hex);
}

static void fed_roster(fed *f)
{
    sund_buf t = { 0 };

    sund_buf_text(&t, "[federation]\nname = test\n\n[hub]\nurl = https://127.0.0.1:1\npin = sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    hex_line(&t, "sign", f->hub.pub.b, 32);
    for (size_t i = 0; i < f->n; i++) {
        sund_buf_printf(&t, "\n[node %s]\n", f->node[i].me.id);
        hex_line(&t, "sign", f->node[i].me.pub.b, 32);
    }
    sund_buf_text(&t, "\n[researcher anna]\n");
    hex_line(&t, "sign", f->anna.pub.b, 32);
    sund_buf_text(&t, "\n");
    for (size_t i = 0, n = t.n; i < f->n; i++) {
        sund_buf s = { 0 };

        MUST(sund_roster_sign(t.p, n, f->node[i].me.id, false, &f->node[i].me.key, &s, err));
        sund_buf_put(&t, s.p, s.n);
        sund_buf_free(&s);
    }
    MUST(sund_roster_parse(&f->roster, "roster", t.p, t.n, false, err));
    sund_buf_free(&t);
}

void fed_identity(sund_identity *me, const char *id)
{
    (void) snprintf(me->id, sizeof me->id, "%s", id);
    sund_sign_keypair(&me->pub, &me->key);
}

static void fed_node_open(fed *f, size_t i, const world *w, const int *node_of, const sund_thresholds *t)
{
    static int folders;
    fed_node  *x = &f->node[i];
    char       id[24];

    (void) snprintf(id, sizeof id, "N%02zu", i);
    fed_identity(&x->me, id);
    x->folder = ++folders;
    world_store(w, fed_path("store", x->folder), node_of, (int) i);
    world_people(w, fed_path("people", x->folder), node_of, (int) i);
    MUST(sund_dir_make(fed_path("keys", x->folder), err));
    MUST(sund_db_open(&x->db, fed_path("state", x->folder), "", err));
    MUST(sund_party_tables(x->db, err));
    MUST(sund_ledger_open(x->db, err));
    MUST(sund_gate_open(&x->gate, x->db, &x->me, t, err));
    MUST(sund_store_open(&x->store, fed_path("store", x->folder), err));
    MUST(sund_people_open(&x->people, fed_path("people", x->folder), err));
    x->dac = sund_dac_operator(&x->me);
    x->dac.approve_all = true;
    x->seat = (sund_party_node){ .me = &x->me, .roster = &f->roster, .gate = x->gate, .db = x->db, .store = x->store, .people = x->people,
                                 .file = fed_file, .ctx = f, .n_thread = 1, .dac = &x->dac, .data = x->me.id };
    x->seat.key_dir = strdup(fed_path("keys", x->folder));
}

sund_thresholds fed_open_data(void)
{
    sund_thresholds t = sund_thresholds_default();

    t.open = true;
    t.digits = 17;
    return t;
}

/** A federation of n nodes over a world, person i at node_of[i]. */
fed *fed_open(const world *w, size_t n, const int *node_of, const sund_thresholds *t, uint64_t seed)
{
    static int folders;
    fed       *f = calloc(1, sizeof *f);

    if (!f)
        abort();
    (void) fed_path("any", 0);
    f->n = n;
    dice = seed;
    fed_identity(&f->hub, "hub");
    fed_identity(&f->anna, "anna");
    f->catalogue = world_catalogue(w);
    world_catalogue_bytes(w, &f->file[f->n_file++]);
    for (size_t i = 0; i < n; i++)
        fed_node_open(f, i, w, node_of, t);
    fed_roster(f);
    MUST(sund_db_open(&f->hub_db, fed_path("hub", ++folders), "", err));
    MUST(sund_mailbox_tables(f->hub_db, err));
    f->box = (sund_mailbox){ f->hub_db, &f->hub, &f->roster };
    return f;
}

void fed_close(fed *f)
{
    for (size_t i = 0; i < f->n; i++) {
        fed_node *x = &f->node[i];

        sund_party_close(x->party);
        sund_gate_close(x->gate);
        sund_store_close(x->store);
        sund_people_close(x->people);
        sund_db_close(x->db);
        free((void *) (uintptr_t) x->seat.key_dir);
    }
    sund_db_close(f->hub_db);
    sund_roster_free(&f->roster);
    sund_catalogue_free(f->catalogue);
    for (size_t i = 0; i < f->n_file; i++)
        sund_buf_free(&f->file[i]);
    free(f);
}

/** Signs with any key and hands to the mailbox. */
sund_code fed_post(fed *f, const sund_identity *as, uint16_t kind, const sund_digest *about, const void *body, size_t n, sund_err *err)
{
    static uint64_t seq;
    sund_envelope   e = { .kind = kind, .channel = 1, .seq = seq = sund_seq_next(seq), .about = *about };
    sund_buf        bytes = { 0 };
    sund_submit     s;
    unsigned        roles = 1u << (kind == SUND_MSG_SUBMIT ? SUND_ROLE_RESEARCHER : SUND_ROLE_NODE);
    sund_code       rc;

    sund_envelope_write(&e, as, body, n, &bytes);
    sund_buf_free(&bytes);
    rc = kind == SUND_MSG_SUBMIT_LOGIN ? sund_submit_check(&f->roster, about, &e, sund_cur_of(body, n), &s, err) : sund_envelope_check(&e, &f->roster, roles, err);
    if (rc == SUND_OK)
        rc = sund_mailbox_number(&f->box, &e, err);
    return rc == SUND_OK ? sund_mailbox_post(&f->box, &e, body, n, err) : rc;
}

void fed_submit(fed *f, const char *text)
{
    f->study = sund_digest_of(text, strlen(text));
    MUST(fed_post(f, &f->anna, SUND_MSG_SUBMIT, &f->study, text, strlen(text), err));
}

/** Everything the hub has for node i, up to its index. */
static void fed_deliver(fed *f, size_t i)
{
    fed_node *x = &f->node[i];
    sund_buf  known = { 0 }, out = { 0 };
    sund_cur  c;
    bool      any = false;

    sund_buf_put(&known, f->study.b, 32);
    sund_buf_u32(&known, sund_party_index(x->party));
    MUST(sund_mailbox_batch(&f->box, x->me.id, sund_cur_of(known.p, known.n), 1 << 24, &out, &any, err));
    c = sund_cur_of(out.p, out.n);
    while (c.n) {
        sund_digest   name;
        sund_envelope e;
        sund_buf      lie = { 0 };
        sund_cur      body;
        uint32_t      index;

        (void) sund_cur_copy(&c, name.b, 32);
        index = sund_cur_u32(&c);
        MUST(sund_envelope_read(&c, UINT64_MAX, &e, err));
        body = sund_cur_blob(&c, 1 << 26);
        sund_buf_put(&lie, body.p, body.n);
        if (f->hub_tamper)
            (void) f->hub_tamper(f, i, index, &e, &lie);
        if (sund_digest_eq(&name, &f->study)) /* an earlier study's log comes along */
        {
            sund_err  why = { SUND_OK, "" };
            sund_code rc = e.kind == SUND_MSG_SUBMIT_LOGIN ? sund_party_begins(&x->seat, &name, &e, lie.p, lie.n, &why) : SUND_OK;

            if (rc == SUND_OK)
                rc = sund_party_feed(x->party, &e, lie.p, lie.n, &why);

            if (rc != SUND_OK && rc != SUND_E_IO && rc != SUND_E_DENIED) { /* paused; or its end is settled, and nobody signed this */
                fprintf(stderr, "# %s: %s\n", x->me.id, why.msg);
                exit(1);
            }
            c.n = rc == SUND_OK ? c.n : 0;
        }
        sund_buf_free(&lie);
    }
    sund_buf_free(&known);
    sund_buf_free(&out);
}

/** One message of node i to the hub, as its owner signed it. A tampering node signs its own lie. */
static void fed_send(fed *f, size_t i, const sund_leave *l)
{
    const sund_envelope *h = sund_leave_head(l);
    sund_envelope        e = *h;
    size_t               n;
    const uint8_t       *p = sund_leave_bytes(l, &n);
    sund_buf             body = { 0 }, bytes = { 0 };
    sund_err             err = { SUND_OK, "" };

    sund_buf_put(&body, p + SUND_ENVELOPE_SIZE, n - SUND_ENVELOPE_SIZE);
    if (f->tamper && f->tamper(f, i, h, &body))
        sund_envelope_write(&e, &f->node[i].me, body.p, body.n, &bytes);
    f->n_retry += e.kind == SUND_MSG_RETRY;
    if (f->heard)
        f->heard(f, i, &e, sund_cur_of(body.p, body.n));
    if (f->lose_one_in && roll() % f->lose_one_in == 0) {
        f->n_lost++;
        sund_party_again(f->node[i].party);
    }
    else if (sund_mailbox_post(&f->box, &e, body.p, body.n, &err) != SUND_OK && err.code != SUND_E_DENIED) {
        fprintf(stderr, "# hub: %s\n", err.msg);
        exit(1);
    }
    sund_buf_free(&body);
    sund_buf_free(&bytes);
}

void fed_kill(fed *f, size_t i)
{
    sund_party_close(f->node[i].party);
    f->node[i].party = NULL;
    f->n_killed++;
}

/** One node's turn: hears, then says what it owes. True when it said something. */
bool fed_turn(fed *f, size_t i)
{
    fed_node *x = &f->node[i];
    bool      said = false;

    if (x->away)
        return false;
    if (f->kill_one_in && x->party && roll() % f->kill_one_in == 0)
        fed_kill(f, i);
    if (!x->party)
        MUST(sund_party_open(&x->party, &x->seat, &f->study, err));
    fed_deliver(f, i);
    if (f->before_say)
        f->before_say(f, i);
    for (;;) {
        sund_leave *l = NULL;

        sund_err    why = { SUND_OK, "" };

        if (sund_party_next(x->party, &l, &why) != SUND_OK) { /* paused */
            if (why.code != SUND_E_IO) {
                fprintf(stderr, "# %s: %s\n", x->me.id, why.msg);
                exit(1);
            }
            f->n_paused++;
            return said;
        }
        if (!l)
            return said;
        said = true;
        f->n_said++;
        if (f->n_said != f->kill_before)
            fed_send(f, i, l);
        sund_leave_free(l);
        if (f->n_said == f->kill_before || f->n_said == f->kill_after || (f->kill_one_in && roll() % f->kill_one_in == 0)) {
            fed_kill(f, i);
            return true;
        }
    }
}

/** Runs in an order drawn anew each time round, until nobody has anything to say. */
void fed_run(fed *f)
{
    unsigned quiet = 0;

    while (quiet < 3 && f->n_step < 20000) {
        bool   any = false;
        size_t from = roll() % f->n;

        for (size_t k = 0; k < f->n; k++)
            any |= fed_turn(f, (from + k) % f->n);
        f->n_step++;
        quiet = any || f->kill_one_in || f->lose_one_in ? 0 : quiet + 1;
        if (f->kill_one_in || f->lose_one_in) { /* they may be quiet only because someone was just killed */
            size_t ended = 0;

            for (size_t i = 0; i < f->n; i++) {
                sund_party_status s = { .state = SUND_PARTY_APPROVAL };

                if (f->node[i].party)
                    sund_party_describe(f->node[i].party, &s);
                ended += f->node[i].away || s.state >= SUND_PARTY_RELEASED;
            }
            if (ended == f->n)
                return;
        }
    }
}

sund_party_status fed_status(fed *f, size_t i)
{
    sund_party_status s = { .detail = "" };

    if (f->node[i].party)
        sund_party_describe(f->node[i].party, &s);
    return s;
}

bool fed_fetch(fed *f, sund_buf *out, sund_err *err)
{
    sund_buf      reply = { 0 }, part = { 0 };
    sund_released r;
    sund_cur      rows;
    sund_code     rc;

    sund_buf_clear(out);
    SUND_GO(sund_mailbox_fetch(&f->box, &f->study, 0, &reply, err));
    SUND_GO(sund_released_read(&f->roster, &f->study, sund_cur_of(reply.p, reply.n), &r, err));
    sund_buf_u32(out, 0);
    sund_buf_put(out, r.m.bytes.p, r.m.bytes.n);
    for (unsigned i = 0; i < 4; i++)
        out->p[i] = (uint8_t) (r.m.bytes.n >> (8 * i));
    for (uint32_t k = 0; k < r.m.n_part; k++) {
        sund_buf_clear(&part);
        SUND_GO(sund_mailbox_fetch(&f->box, &f->study, k + 1, &part, err));
        SUND_GO(sund_result_rows(&r.m, k, part.p, part.n, &rows, err));
        sund_buf_put(out, rows.p, rows.n);
    }
    rc = sund_buf_ok(out, err);
out:
    if (rc != SUND_OK)
        sund_buf_clear(out);
    sund_buf_free(&reply);
    sund_buf_free(&part);
    return rc == SUND_OK;
}

sund_buf fed_release(fed *f)
{
    sund_buf out = { 0 };
    sund_err err = { SUND_OK, "" };

    if (!fed_fetch(f, &out, &err)) {
        fprintf(stderr, "# %s\n", err.msg);
        for (size_t i = 0; i < f->n; i++)
            fprintf(stderr, "# %s: %s: %s\n", f->node[i].me.id, sund_party_state_name(fed_status(f, i).state), fed_status(f, i).detail);
    }
    return out;
}

void study_text(const fed *f, const char *more, char *out, size_t cap)
{
    sund_digest d = sund_catalogue_digest(f->catalogue);
    int         n = snprintf(out, cap, "[study]\ntitle = test\npurpose = general-research\ncohort = all\n%snodes = ", more);

    if (!f->no_catalogue)
        n = snprintf(out, cap, "[study]\ntitle = test\npurpose = general-research\ncohort = all\ncatalogue = %s\n%snodes = ", sund_digest_hex(&d).s, more);

    for (size_t i = 0; i < f->n; i++)
        n += snprintf(out + n, cap - (size_t) n, "%sN%02zu", i ? ", " : "", i);
    (void) snprintf(out + n, cap - (size_t) n, "\n");
}

/** The pooled run of the same study over everyone, in one store. */
sund_release *world_pooled(const world *w, fed *f, const char *text, const sund_thresholds *t, unsigned n_thread)
{
    static int     folders;
    int            k = ++folders;
    sund_store    *store = NULL;
    sund_people   *people = NULL;
    sund_release  *r = NULL;
    sund_study    *s = calloc(1, sizeof *s);
    sund_local_run run = { .study = s, .catalogue = f->no_catalogue ? NULL : f->catalogue, .file = fed_file, .file_ctx = f, .thresholds = t, .key = &f->anna.key, .n_thread = n_thread };

    if (!s)
        abort();
    world_store(w, fed_path("pooled", k), NULL, -1);
    world_people(w, fed_path("pooled-people", k), NULL, -1);
    MUST(sund_store_open(&store, fed_path("pooled", k), err));
    MUST(sund_people_open(&people, fed_path("pooled-people", k), err));
    MUST(sund_study_parse(s, "study", text, strlen(text), err));
    run.store = store;
    run.people = people;
    MUST(sund_study_run_local(&run, &r, err));
    sund_store_close(store);
    sund_people_close(people);
    free(s);
    return r;
}

bool same_tables(const sund_buf *release, const sund_release *pooled)
{
    whole_tables a, b;
    sund_buf     whole = whole_of(pooled);
    bool         same = whole_split(release, &a) && whole_split(&whole, &b) && a.n_table == b.n_table && a.n_table > 0;

    for (size_t i = 0; same && i < a.n_table; i++)
        same = strcmp(a.table[i].name, b.table[i].name) == 0 && a.table[i].text.n == b.table[i].text.n &&
               memcmp(a.table[i].text.p, b.table[i].text.p, a.table[i].text.n) == 0;
    sund_buf_free(&whole);
    return same;
}

world *fed_world(size_t n, uint64_t seed)
{
    world *w = malloc(sizeof *w);

    if (!w)
        abort();
    world_make(w, n, seed);
    return w;
}

static fed *fed_split(const world *w, size_t n, bool countries_whole, const sund_thresholds *t)
{
    int  *node_of = calloc(w->n + 1, sizeof *node_of);
    fed  *f;

    if (!node_of)
        abort();
    for (size_t i = 0; i < w->n; i++) {
        const char *country = w->real ? w->real->country[i] : w_country[w->country[i]];
        size_t      at = 0;

        for (size_t k = 0; k < i && countries_whole; k++) { /* countries in the order they are met */
            const char *other = w->real ? w->real->country[k] : w_country[w->country[k]];
            bool        seen = false;

            if (strcmp(other, country) == 0)
                break;
            for (size_t l = 0; l < k && !seen; l++)
                seen = strcmp(w->real ? w->real->country[l] : w_country[w->country[l]], other) == 0;
            at += !seen;
        }
        node_of[i] = (int) ((countries_whole ? at : i) % n);
    }
    f = fed_open(w, n, node_of, t, roll());
    free(node_of);
    return f;
}

fed *fed_even(const world *w, size_t n, const sund_thresholds *t) { return fed_split(w, n, false, t); }

world *world_real(const cohort *c)
{
    world *w = calloc(1, sizeof *w);

    if (!w)
        abort();
    w->n = c->n;
    w->real = c;
    return w;
}

bool study_takes_catalogue(const char *more)
{
    sund_analysis const *a = NULL;
    char                 name[40] = "";

    (void) sscanf(strstr(more, "analysis = "), "analysis = %39s", name);
    MUST(sund_analysis_find(name, &a, err));
    return a->catalogue != SUND_CATALOGUE_UNUSED && !strstr(more, "\nloadings = ");
}

bool fed_same(const world *w, size_t n, bool countries_whole, const char *more, const sund_thresholds *t, sund_buf *release)
{
    char          text[8192];
    fed          *f = fed_split(w, n, countries_whole, t);
    sund_release *pooled;
    sund_buf      got;
    bool          same;

    f->no_catalogue = !study_takes_catalogue(more);
    for (size_t i = 0; i < w->n_file; i++)
        (void) fed_publish(f, w->file[i].p, w->file[i].n);
    study_text(f, more, text, sizeof text);
    fed_submit(f, text);
    fed_run(f);
    got = fed_release(f);
    pooled = world_pooled(w, f, text, t, 1);
    same = same_tables(&got, pooled);
    sund_release_free(pooled);
    fed_close(f);
    if (release)
        *release = got;
    else
        sund_buf_free(&got);
    return same;
}

const char *fed_cell(const char *table, size_t row, const char *column)
{
    static char cell[8][256];
    static int  k;
    size_t      col = 0, len = strlen(column);
    const char *at = table;

    k = (k + 1) % 8;
    cell[k][0] = 0;
    while (at && (strncmp(at, column, len) != 0 || (at[len] != '\t' && at[len] != '\n'))) {
        at += strcspn(at, "\t\n");
        if (*at != '\t')
            return cell[k];
        at++;
        col++;
    }
    for (size_t r = 0; at && r <= row; r++)
        at = strchr(r ? at : table, '\n') ? strchr(r ? at : table, '\n') + 1 : NULL;
    for (size_t c = 0; at && c < col; c++) {
        at += strcspn(at, "\t\n");
        at = *at == '\t' ? at + 1 : NULL;
    }
    if (at)
        (void) snprintf(cell[k], sizeof cell[k], "%.*s", (int) strcspn(at, "\t\n"), at);
    return cell[k];
}

fed *fed_even_open(const world *w, size_t n)
{
    sund_thresholds t = fed_open_data();

    return fed_even(w, n, &t);
}

void fed_ask(fed *f, const char *more)
{
    char text[4096];

    study_text(f, more, text, sizeof text);
    fed_submit(f, text);
}
