#!/usr/bin/perl
# Who decides, between processes: a committee with keys of its own, vetoes and revocations that a running node finds, agreements of countries and their ends.
use strict;
use warnings;
use lib 'test';
use Sund;
use JSON::PP;
use Time::HiRes qw(time);

my %node;
$node{$_} = small_node($_, sites => 12, access => 'open') for qw(DK FI SE);
my $f = federation('dec', %node);
my $at = $f->{at};
my ($FI, $SE, $anna) = ("$at/FI", "$at/SE", "$at/anna");
my $digest = catalogue("$tmp/a.catalogue", "--assembly GRCh37 --hub --home $anna $tmp/DK.vcf");
my %study = (analysis => 'counts', catalogue => $digest, nodes => 'DK, FI, SE', strata => 'none');

# FI has a committee, SE an operator who is asked
my $members = join '', map { out("$sund dac init --id $_ $tmp/$_.ini") } qw(maria juha);
ok($members =~ /^\[dac maria\]\nsign = [0-9a-f]{64}\n\[dac juha\]\nsign = [0-9a-f]{64}\n$/, 'dac init prints the lines for sund.ini', "# $members");
is(sprintf('%o', (stat "$tmp/maria.ini")[2] & 0777), '600', 'and keeps the key for its owner');
fails("$sund dac init --id maria $tmp/maria.ini", 'a key is never overwritten', qr/never overwritten/);
out("$sund dac init --id maria $tmp/other.ini");
stop("dec/$_") for qw(FI SE);
spew("$_/sund.ini", slurp("$_/sund.ini") =~ s/^approve = all$/approve = ask/mr) for $FI, $SE;
spew("$FI/sund.ini", slurp("$FI/sund.ini") . "\n$members");
start_node($f, $_) for qw(FI SE);
ok(out("$sund info $FI") =~ /^decides +maria, juha \(each with --by KEYFILE\); within 10 working days, then refused$/m, 'info says who decides');

my $n = 0;
sub ask { return submit($f, study_file("$tmp/s" . ++$n . '.ini', %study, title => "study $n", @_)) }
sub state_at { my ($home, $study, $like) = @_; my $x = ''; for (1 .. 300) { $x = `$sund study status --home $home $study 2>&1`; return 1 if $x =~ $like; select undef, undef, undef, 0.1 } print STDERR "# $x\n"; return 0 }
sub member { my ($word, $who, $study, $more) = @_; return "$sund study $word --home $FI --by $tmp/$who.ini --reason 'said $who' " . ($more // '') . " $study" }

# ---- by whom, and a veto ----
my $a = ask();
ok(state_at($FI, $a, qr/waits for approval/), 'it waits');
my $shown = out("$sund study show --home $FI $a");
ok($shown =~ /^agreement +none/m && $shown =~ /^Decide until \d{4}-\d\d-\d\d: .*--by KEYFILE of a member; no decision means: refused$/m, 'show says until when, by whom, and what silence means', "# $shown");
ok(decode_json(out("$sund study show --json --home $FI $a"))->{deadline} =~ /^\d{4}-\d\d-\d\d$/, 'in JSON too');
fails("$sund study approve --home $FI $a", 'not the operator, where there is a committee', qr/one of its members decides, with --by/);
fails(member('approve', 'other', $a), 'not a key of that name', qr/not the key of maria/);
fails("$sund study approve --home $SE --by $tmp/maria.ini $a", 'not at another node', qr/its operator decides/);
fails(member('revoke', 'maria', $a), 'nothing to revoke yet', qr/waits for a decision/);
ok(out(member('approve', 'maria', $a)) =~ /^$a: approved$/m, 'a member approves');
ok(state_at($FI, $a, qr/waits for the other nodes/), 'the running node found it');
fails(member('approve', 'juha', $a), 'what was approved waits for nothing', qr/waits for no decision/);
run(member('veto', 'juha', $a));
ok(wait_for($f, $a, qr/stopped .*\n +by FI: vetoed by FI: said juha/), 'a veto ends it for all, with its reason');
$shown = out("$sund study show --home $FI $a");
ok($shown =~ /^decisions +approved by maria, \S+: said maria\n +vetoed by juha, \S+: said juha$/m, 'show lists the decisions', "# $shown");
ok(state_at($SE, $a, qr/stopped.*vetoed by FI: said juha/s), 'and the other nodes know');

# ---- revoked in the middle ----
my $b = ask(number => 2);
ok(state_at("$at/DK", $b, qr/waits for the other nodes/), 'DK has said its line');
stop('dec/DK');
state_at($_, $b, qr/waits for approval/) for $FI, $SE;
run("$sund study approve --home $SE $b");
run(member('approve', 'maria', $b));
ok(state_at($FI, $b, qr/computing/), 'it computes, and DK is away');
fails(member('veto', 'juha', $b), 'too late for a veto', qr/has begun its rounds; 'sund study revoke' stops it/);
fails(member('revoke', 'juha', $b) =~ s/--reason 'said juha'//r, 'a revocation needs its reason', qr/--reason/);
run(member('revoke', 'juha', $b));
my $from = time;
ok(wait_for($f, $b, qr/stopped .*\n +by FI: approval revoked by FI: said juha/), 'the running study is stopped');
my $took = time - $from;
ok($took < 3, sprintf('%.1f s after the decision, at a node that only waits', $took));
ok(state_at($SE, $b, qr/stopped by FI: approval revoked by FI: said juha/), 'at the other nodes');
start_node($f, 'DK');
ok(state_at("$at/DK", $b, qr/stopped by FI: approval revoked by FI: said juha/), 'and at the one that was away');
fails("$sund study fetch --home $anna $b", 'there is no result', qr/no release/);

# ---- revoked after the release ----
my $c = ask(number => 3);
state_at($_, $c, qr/waits for approval/) for $FI, $SE;
run("$sund study approve --home $SE $c");
run(member('approve', 'juha', $c));
ok(wait_for($f, $c, qr/released/) && state_at($FI, $c, qr/released/), 'released');
run("$sund study fetch --home $FI --out $tmp/at-fi $c");
ok(out(member('revoke', 'maria', $c)) =~ /approval revoked/, 'and then revoked');
fails("$sund study fetch --home $FI --out $tmp/at-fi2 $c", 'the node gives out no copy', qr/approval revoked by maria: said maria/);
is(out("sqlite3 $FI/state.db \"SELECT COUNT(*) FROM study WHERE release IS NOT NULL AND hex(digest) = '\U$c\E'\""), "0\n", 'and has none') if system('sqlite3 -version >/dev/null 2>&1') == 0;
my $log = out("$sund log show --home $FI");
ok($log =~ /approval revoked by maria: said maria; \S+, signed [0-9a-f]{128}/ && $log =~ /recalled.*cannot be called back/, 'its log has the signed decision, and what it cannot do', "# $log");
ok(state_at($FI, $c, qr/approval revoked by FI: said maria/), 'so has its status');
ok(wait_for($f, $c, qr/recalled .*\n +by FI: said maria/, 20), 'the hub has heard it');
fails("$sund study fetch --home $anna --out $tmp/late $c", 'and gives the result to nobody again', qr/recalled after its release, by FI: said maria/);
fails("$sund study fetch --home $SE --out $tmp/late $c", 'nor to another node', qr/recalled after its release/);
ok(!-e "$tmp/late", 'nothing came');
ok(out("$sund log show --home $at/hub") =~ /fetch +\S+ +given to FI\b/ && out("$sund log show --home $at/hub") =~ /recall +\S+ +from FI/, 'its log has who fetched it before, and the recall');
$log = '';
for (1 .. 100) { $log = out("$sund log show --home $SE"); last if $log =~ /FI has revoked/; select undef, undef, undef, 0.2 }
ok($log =~ /recalled .*FI has revoked its approval after the release \(said maria\)/, 'the other nodes write it down', "# $log");
ok(out("$sund log show --public --home $at/hub") =~ /released, and recalled since: by FI: said maria/, 'citizens can read it');

# ---- approved, and refused by the node's own rules all the same: said at once ----
my $vain = ask(number => 8, nodes => 'FI, SE', cohort => 'nosuch > 1');
state_at($FI, $vain, qr/waits for approval/);
my $vainly = out(member('approve', 'maria', $vain));
ok($vainly =~ /^$vain: approved\nBut this node will refuse it all the same: \S.*\nNo approval changes that/m, 'an approval says what this node will refuse by', "# $vainly");
ok(wait_for($f, $vain, qr/refused|stopped/), 'and so it is');

# ---- an exception takes two ----
my $x = ask(number => 4);
state_at($_, $x, qr/waits for approval/) for $FI, $SE;
fails("$sund study approve --home $SE --exception cell_min=5 $x", 'an operator makes none', qr/two members/);
ok(out(member('approve', 'maria', $x, '--exception cell_min=5')) =~ /waits for a second member/, 'half');
run("$sund study approve --home $SE $x");
ok(state_at($FI, $x, qr/waits for approval/), 'it waits still');
ok(out(member('approve', 'juha', $x, '--exception cell_min=5')) =~ /: approved$/m && wait_for($f, $x, qr/released/), 'whole');

# ---- an agreement ----
my $ini = "$tmp/north.ini";
fails("$sund agreement make --home $FI --name north-1 --expires 2099-12-31 --purposes GRU --analyses count $ini DK FI SE", 'an analysis that is none', qr/analys.*count/);
run("$sund agreement make --home $FI --name north-1 --expires 2099-12-31 --purposes GRU --analyses counts $ini DK FI=biobank,FI SE");
fails("$sund agreement install --home $SE $ini", 'unsigned', qr/DK has not signed/);
run("$sund agreement sign --home $at/DK $ini");
fails("$sund agreement make --home $FI --name north-1 --expires 2099-12-31 --purposes GRU --analyses counts $ini DK FI SE", 'not over signatures', qr/has been signed/);
fails("$sund agreement sign --home $at/DK $ini", 'signed twice', qr/north.ini/);
fails("$sund agreement sign --home $FI $ini", 'its committee signs with FI', qr/--by KEYFILE/);
run("$sund agreement sign --home $FI --by $tmp/maria.ini $ini");
fails("$sund agreement install --home $SE $ini", 'partly signed', qr/SE has not signed/);
run("$sund agreement sign --home $SE $ini");
spew("$tmp/altered.ini", slurp($ini) =~ s/^analyses = counts$/analyses = any/mr);
fails("$sund agreement install --home $SE $tmp/altered.ini", 'altered', qr/signature of (DK|SE) does not match/);
run("$sund agreement install --home $_ $ini") for "$at/DK", $FI, $SE;
ok(out("$sund agreement list --home $FI") =~ /^[0-9a-f]{16}  north-1 +2099-12-31  in force$/m, 'list');
is(decode_json(out("$sund agreement list --json --home $FI"))->{in_force} ? 1 : 0, 1, 'list --json');
ok(index(out("$sund agreement show --home $FI north-1"), slurp($ini)) > 0, 'show has the whole text');
my $d = ask(number => 5);
ok(wait_for($f, $d, qr/released/), 'a study inside it needs no decision');
$shown = out("$sund study show --home $FI $d");
ok($shown =~ /^agreement +inside north-1 \([0-9a-f]{16}\)$/m, 'show says by what', "# $shown");
ok(out("$sund log show --home $FI") =~ /decision.*approved: within agreement north-1 \([0-9a-f]{16}\)/, 'and the log');
my $o = ask(number => 6, purpose => 'clinical-care');
ok(state_at($FI, $o, qr/waits for approval/), 'one outside it waits');
run("$sund study refuse --home $SE --reason outside $o");

# ---- its end ----
stop('dec/DK');
my $e = ask(number => 7);
ok(state_at($_, $e, qr/waits for the other nodes/), 'approved by the agreement') for $FI, $SE;
fails("$sund agreement revoke --home $SE north-1", 'an end needs its reason', qr/--reason/);
ok(out("$sund agreement revoke --home $SE --reason 'a new law' north-1") =~ /revoked here from now on; the other parties hear it/, 'SE revokes it');
ok(wait_for($f, $e, qr/stopped .*\n.*agreement north-1 \([0-9a-f]{16}\) was revoked by SE: a new law/), 'what runs by it stops');
my $heard = '';
for (1 .. 300) { $heard = out("$sund agreement list --home $FI"); last if $heard =~ /revoked/; select undef, undef, undef, 0.1 }
ok($heard =~ /north-1 .*was revoked by SE: a new law$/m, 'FI has heard it', "# $heard");
fails("$sund agreement install --home $FI $ini", 'it is not taken up again', qr/was revoked by SE/);
my $g = ask(number => 8);
ok(state_at($_, $g, qr/waits for approval/), 'and nothing is approved by it') for $FI, $SE;
start_node($f, 'DK');
for (1 .. 300) { $heard = out("$sund agreement list --home $at/DK"); last if $heard =~ /revoked/; select undef, undef, undef, 0.1 }
ok($heard =~ /revoked by SE/, 'the node that was away hears it when it is back');
ok(out("$sund log show --home $SE") =~ /revoked by SE: a new law.*that end is signed by SE: [0-9a-f]{128}/s && out("$sund log show --home $FI") =~ /revoked by SE: a new law/, 'it is in the logs');
run("$sund log verify --home $at/$_") for 'hub', keys %node;
stop_all();
done();
