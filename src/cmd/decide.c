#include "base/file.h"
#include "cmd/cmd.h"
#include "gate/dac.h"
#include "home/home.h"
#include "study/party.h"

#include <stdio.h>
#include <string.h>

/* What a node's committee or operator decides on studies. A running node finds it in the database at its next poll. */

/** Whether a study that stands there can be decided on so. */
static sund_code in_time(sund_db *db, const sund_digest *d, sund_verdict v, int64_t *state, sund_err *err)
{
    static const char *const name[] = { "", "approve", "refuse", "veto", "revoke", "leave", "leave" };

    SUND_TRY(sund_db_i64(db, state, -1, err, "SELECT state FROM study WHERE digest=?", "b", d->b, sizeof d->b));
    if (*state < 0)
        return sund_fail(err, SUND_E_NOT_FOUND, "no study of that name has come here; 'sund study status' lists them");
    if (v <= SUND_REFUSE && *state == SUND_PARTY_APPROVAL)
        return SUND_OK;
    if (v >= SUND_LEAVE && *state > SUND_PARTY_APPROVAL && *state < SUND_PARTY_RELEASED)
        return SUND_OK;
    if ((v == SUND_VETO && *state < SUND_PARTY_ROUNDS) || (v == SUND_REVOKE && *state > SUND_PARTY_APPROVAL && *state <= SUND_PARTY_RELEASED))
        return SUND_OK;
    return sund_fail(err, SUND_E_MISMATCH, "study %.12s is not one to %s: it %s%s", sund_digest_hex(d).s, name[v], *state == SUND_PARTY_LINES ? "was approved here and " : *state < SUND_PARTY_RELEASED ? "" : "has ended: ",
                     v == SUND_VETO && *state < SUND_PARTY_RELEASED        ? "has begun its rounds; 'sund study revoke' stops it"
                     : v <= SUND_REFUSE && *state <= SUND_PARTY_RELEASE    ? "waits for no decision; 'sund study veto' or 'revoke' stops it"
                     : v >= SUND_REVOKE && *state == SUND_PARTY_APPROVAL   ? "waits for a decision; 'sund study refuse' is one"
                                                                           : sund_party_state_name((sund_party_state) *state));
}

static sund_code who_decides(const sund_home *h, const char *key, sund_identity *by, sund_err *err)
{
    if (key)
        return sund_identity_read(by, key, err);
    if (h->dac.committee)
        return sund_fail(err, SUND_E_DENIED, "node %s has a data access committee: one of its members decides, with --by KEYFILE", h->id);
    *by = h->identity;
    return SUND_OK;
}

/** What follows, for who has decided it. */
static sund_code say_left(const sund_home *h, const sund_digest *d, sund_verdict v, sund_err *err)
{
    bool opened = false;

    SUND_TRY(sund_leaving_opened(h->db, d, &opened, err));
    printf("%s: %s\n", sund_digest_hex(d).s, sund_verdict_name(v));
    printf("It ends at every node as soon as this node's process says so ('sund node' must run for that). Nothing of it is released.\n");
    if (h->thresholds.open)
        printf("Data here are open: the others may ask the same again without %s.\n", h->id);
    else if (!opened)
        printf("No total was opened by this node: from what the others have, nothing of %s can be computed, and they may ask the same again without it.\n", h->id);
    else if (v == SUND_LEAVE_FREE)
        printf("Totals were opened, and %s agrees that the same is asked again without it: each node that is left can then subtract, and knows this node's own sums. Hub and researcher do not.\n", h->id);
    else
        printf("Totals were opened: the same without %s would tell the nodes that are left this node's own sums, so their rule one-roster refuses it, and their committees cannot lift it.\n", h->id);
    return SUND_OK;
}

/** An approval lifts no rule of this node: what one of them will refuse is said now, and not first to the researcher. */
static void say_foreseen(const sund_home *h, const sund_digest *d, const char *exception)
{
    sund_err why = { SUND_OK, "" }, err = { SUND_OK, "" };

    if (sund_study_foresee(h->dir, d, exception, &why, &err) != SUND_OK)
        printf("Not checked here whether this node's own rules take it: %s\n", err.msg);
    else if (why.code != SUND_OK)
        printf("But this node will refuse it all the same: %s\nNo approval changes that. Unless what it says is put right before the running node comes to it, the study ends at every node with this reason; 'sund study show' says it too. "
               "Of rules that a committee may lift, 'sund study approve --help' says how (--exception).\n",
               why.msg);
}

static sund_code say(const sund_home *h, const sund_digest *d, sund_verdict v, sund_err *err)
{
    sund_standing s;

    SUND_TRY(sund_dac_standing(h->db, &h->dac, d, &s, err));
    if (v >= SUND_LEAVE)
        return say_left(h, d, v, err);
    printf("%s: %s\n", sund_digest_hex(d).s, s.half ? "half of an exception: it waits for a second member's approval in the same words" : sund_verdict_name(v));
    if (v == SUND_APPROVE && !s.half)
        say_foreseen(h, d, s.exception);
    return SUND_OK;
}

static sund_code decide(sund_home *h, const char *key, const char *study, sund_verdict v, const char *reason, const char *exception, sund_err *err)
{
    sund_identity by;
    sund_digest   d;
    int64_t       state = 0;
    sund_code     rc;

    if (h->role != SUND_ROLE_NODE)
        return sund_fail(err, SUND_E_ARG, "%s is not the home of a node", h->dir);
    SUND_TRY(who_decides(h, key, &by, err));
    rc = sund_study_complete(h->db, study, &d, err);
    if (rc == SUND_OK)
        rc = in_time(h->db, &d, v, &state, err);
    if (rc == SUND_OK && v == SUND_LEAVE_FREE && !h->thresholds.open)
        rc = sund_leaving_may_agree(h->db, &h->roster, &d, err); /* and once more as it is said (party_leave.c) */
    if (rc == SUND_OK)
        rc = sund_dac_decide(h->db, &h->dac, &by, &d, v, reason, exception, err);
    sund_wipe(&by, sizeof by);
    if (rc == SUND_OK && v == SUND_REVOKE && state == SUND_PARTY_RELEASED)
        rc = sund_party_recall(h->db, &d, h->id, reason, err);
    return rc == SUND_OK ? say(h, &d, v, err) : rc;
}

static sund_code command(sund_verdict v, const char *name, const char *about, const char *examples, int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *by = NULL, *reason = "", *exception = "";
    bool            agree = false;
    const sund_opt  end = { NULL, 0, NULL, NULL, NULL };
    const sund_opt  excepting = { "exception", 's', &exception, "WORDS", "what is lifted for this study alone, e.g. 'cell_min=5 difference'; takes two members and the same words" };
    const sund_opt  agreeing = { "agree", 'b', &agree, NULL, "the others may ask the same again without this node, though they then can compute its own sums of what was opened; refused where these would not pass by themselves" };
    const sund_opt  opt[] = {
        { "home", 's', &home, "FOLDER", "the node's home" },
        { "by", 's', &by, "KEYFILE", "the deciding member's key; without a committee the node's operator decides" },
        { "reason", 's', &reason, "TEXT", v == SUND_APPROVE ? "why; it is logged" : "why, for all nodes and the researcher to read (needed)" },
        v == SUND_APPROVE ? excepting : v == SUND_LEAVE ? agreeing : end,
        end,
    };
    const sund_opts o = { name, "[OPTIONS] STUDY", about, examples, opt, 1, 1 };
    sund_home       h;
    bool            helped = false;
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(sund_home_open(&h, home, SUND_HOME_STATE | (v == SUND_LEAVE ? SUND_HOME_ROSTER : 0), err));
    rc = decide(&h, by, argv[1], v == SUND_LEAVE && agree ? SUND_LEAVE_FREE : v, reason, exception, err);
    sund_home_close(&h);
    return rc;
}

sund_code sund_cmd_study_approve(int argc, char **argv, sund_err *err)
{
    return command(SUND_APPROVE, "study approve", "Lets a study that waits run ('sund study status --home NODE', 'sund study show'). STUDY: its name, or its first 8 or more digits. Signed by who decides, and logged.",
                   "sund study approve --home fi 3f2a91c0\nsund study approve --home fi --by maria.ini --reason 'meeting of 3 May' 3f2a91c0\nsund study approve --home fi --by maria.ini --exception 'cell_min=5' --reason 'rare disease, consent asked' 3f2a91c0",
                   argc, argv, err);
}

sund_code sund_cmd_study_refuse(int argc, char **argv, sund_err *err)
{
    return command(SUND_REFUSE, "study refuse", "Refuses a study that waits: it ends for all.", "sund study refuse --home fi --by maria.ini --reason 'no agreement covers this purpose' 3f2a91c0", argc, argv, err);
}

sund_code sund_cmd_study_veto(int argc, char **argv, sund_err *err)
{
    return command(SUND_VETO, "study veto", "Ends a study that others, an agreement or this node have approved, as long as its first round has not begun.", "sund study veto --home fi --by juha.ini --reason 'not without the register' 3f2a91c0", argc, argv, err);
}

sund_code sund_cmd_study_revoke(int argc, char **argv, sund_err *err)
{
    return command(SUND_REVOKE, "study revoke", "Takes an approval back. A running study stops at every node before this node says another word in it. What was released is out: then this node deletes its copy and tells the hub, which gives out the result no more; who has fetched it has it.",
                   "sund study revoke --home fi --by maria.ini --reason 'consent withdrawn by the biobank' 3f2a91c0", argc, argv, err);
}

sund_code sund_cmd_study_leave(int argc, char **argv, sund_err *err)
{
    return command(SUND_LEAVE, "study leave", "Leaves a running study for good: this node will not come back to it, so it ends at every node, with nothing released. The others can go on only by a new study without this node ('sund study again'), which each of them decides on anew. "
                   "Where totals were opened, two of them that differ by this node are its own sums: so they refuse the same question, unless this node agrees as it leaves. Signed, and logged at every node.",
                   "sund study leave --home fi --reason 'the register closes' 3f2a91c0\nsund study leave --home fi --by maria.ini --agree --reason 'our contract has ended' 3f2a91c0", argc, argv, err);
}

sund_code sund_cmd_dac_init(int argc, char **argv, sund_err *err)
{
    const char     *id = NULL;
    const sund_opt  opt[] = { { "id", 's', &id, "NAME", "the member's name at the node (needed)" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "dac init", "--id NAME KEYFILE", "Makes the key of one member of a data access committee, readable by its owner only, and prints the lines for the node's sund.ini. The key stays with the member: a node needs the public half alone.",
                          "sund dac init --id maria maria.ini", opt, 1, 1 };
    sund_identity   me;
    char            hex[65];
    bool            helped = false;
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (!id)
        return sund_fail(err, SUND_E_ARG, "--id NAME is needed; see 'sund dac init --help'");
    SUND_TRY(sund_identity_make(&me, id, argv[1], err));
    sund_hex(me.pub.b, sizeof me.pub.b, hex);
    sund_wipe(&me, sizeof me);
    printf("[dac %s]\nsign = %s\n", id, hex);
    return SUND_OK;
}
