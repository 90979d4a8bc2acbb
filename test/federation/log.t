#!/usr/bin/perl
# Logs that hold each other's heads: one that was set back is named at the next contact and by whoever compares; an auditor's replay; and what a citizen reads.
use strict;
use warnings;
use lib 'test';
use Sund;
use JSON::PP;

my %node;
$node{$_} = small_node($_, access => 'controlled', gt => sub { my ($site, $i) = @_; return $site % 2 ? '0/0' : (qw(0/0 0/1 1/1))[ ($site * 7 + $i * 5 + $i * $i) % 3 ] }) for qw(DK FI SE);
my $f = federation('log', %node);
my $anna = "$f->{at}/anna";
my $digest = catalogue("$tmp/a.catalogue", "--assembly GRCh37 --hub --home $anna $tmp/DK.vcf");
my %study = (analysis => 'counts', catalogue => $digest, nodes => 'DK, FI, SE', strata => 'none');
sub heads { return scalar(() = out("$sund log show --home $f->{at}/$_[0]") =~ / heads +log of \Q$_[1]\E: \d+ entries, head [0-9a-f]{64}$/mg) }
sub until_heads { my ($of, $in, $n) = @_; for (1 .. 200) { return 1 if heads($in, $of) >= $n; select undef, undef, undef, 0.05 } return 0 }

my $first = submit($f, study_file("$tmp/first.ini", %study, title => 'a first study'));
ok(wait_for($f, $first, qr/released/), 'a study is released');
ok(until_heads('hub', $_, 1) && until_heads($_, 'hub', 1), "$_ and the hub have each other's heads when it ends") for sort keys %node;
stop('log/FI');
system("mkdir $tmp/old && cp $f->{at}/FI/state.db* $tmp/old/");
spew("$f->{at}/FI/sund.ini", slurp("$f->{at}/FI/sund.ini") =~ s/^# replay = .*$/replay = keep/mr);
start_node($f, 'FI');
my $sent = submit($f, study_file("$tmp/a.ini", %study, number => 2, title => 'how frequent are these variants'));
ok(wait_for($f, $sent, qr/released/), 'and another');
sleep 1;
ok(until_heads('hub', $_, 2), "$_ exchanges heads again") for sort keys %node;
for my $id (sort keys %node) {
    ok(out("$sund log verify --home $f->{at}/$id --against $f->{at}/hub") =~ /^\d+ heads in .* fit$/m, "$id and the hub: all heads fit");
    spew("$tmp/$id.heads", out("$sund log heads --home $f->{at}/$id"));
}
ok(out("$sund log verify --home $f->{at}/hub --against $tmp/FI.heads") =~ /^[2-9] heads in /m, "the hub's log fits the heads that FI gave away");
ok(decode_json(out("$sund log verify --json --home $f->{at}/hub --against $tmp/SE.heads"))->{heads_held} >= 2, 'in JSON too');
spew("$tmp/bad.heads", slurp("$tmp/FI.heads") =~ s/^(hub\t\d+\t)([0-9a-f])/$1 . ($2 eq '0' ? '1' : '0')/mer);
fails("$sund log verify --home $f->{at}/hub --against $tmp/bad.heads", 'another head', qr/the log of hub was rewritten or set back/);
fails("$sund log verify --home $f->{at}/hub --against $tmp/a.ini", 'a file of something else', qr/a\.ini:1/);

# ---- an auditor who has files alone ----
my ($roster, $at) = ("$f->{at}/FI/roster.ini", "$tmp/files");
mkdir $at;
sub export { my ($id, $name) = @_; run("$sund log export --home $f->{at}/$id $at/$name"); return "$at/$name" }
sub next_second { my $t = time; select undef, undef, undef, 0.05 while time == $t }
sub key_of { my ($id) = @_; return out("$sund roster show $roster") =~ /^(?:node|hub) +\Q$id\E +([\d ]+)$/m ? $1 : die }
my ($first_fi, $first_hub, $first_se) = (export('FI', 'fi-1'), export('hub', 'hub-1'), export('SE', 'se-1'));
ok(((stat $first_fi)[2] & 0777) == 0600 && !glob("$at/*.tmp*"), 'an export is its maker\'s alone, and whole');
fails("$sund log export --home $f->{at}/FI $first_fi", 'an earlier export is not lost', qr/is there/);
fails("$sund log export --home $anna $at/anna", 'a researcher has no log', qr/researcher/);
my $said = out("$sund log verify $first_fi --roster $roster --against $first_hub");
ok($said =~ /: the log of node FI, exported 20/ && $said =~ /as .*roster\.ini names it \(the roster of then/ && $said =~ /^\d+ entries, unaltered/m && $said =~ /^[2-9]\d* heads in .* fit$/m, 'chain, signature, heads', "# $said");
ok(out("$sund log verify $first_fi") =~ /nothing here says whose that is/, 'without a roster it is said what is not known');
ok(out("$sund log verify $first_fi --key '" . key_of('FI') . "'") =~ /as --key says/, 'a fingerprint by phone will do');
fails("$sund log verify $first_fi --key '" . key_of('SE') . "'", 'the key of somebody else', qr/is signed with the key .* not FI's/);
spew("$at/other", slurp($first_fi) =~ s/^(sund-log\t1\t)FI/$1SE/r);
fails("$sund log verify $at/other --roster $roster", 'another name', qr/signature is not that of the key/);
ok($said =~ /^([1-9]\d*) messages that the hub says came from the node, masked vectors among them, left it so/m && $1 >= 3, 'what the hub has of the node left it so', $said);
ok(out("$sund log verify $first_fi --against $first_se") =~ /fit$/m, 'two nodes do not contradict each other');
my $shown = out("$sund log show $first_fi");
ok(length $shown > 1000 && index(out("$sund log show --home $f->{at}/FI"), $shown) == 0, 'and shown, without a home');
my @bytes = split //, slurp($first_fi);
for (1 .. 5) { my @b = @bytes; my $k = int rand @b; $b[$k] = chr(ord($b[$k]) ^ 1); spew("$at/flipped", join '', @b); fails("$sund log verify $at/flipped", "byte $k flipped", qr/flipped/) }

# ---- an auditor ----
my $short = substr $sent, 0, 12;
ok(out("$sund replay --home $f->{at}/FI $short") =~ /^release same$/m && out("$sund replay --home $f->{at}/FI $short") =~ /: (\d+) vectors the same, 0 differ, 0 not replayable$/m, 'FI kept it: the whole study is the same again');
ok(out("$sund replay --home $f->{at}/FI --log $first_fi $short") =~ /0 differ, 0 not replayable$/m, 'against the log that the auditor has');
fails("$sund replay --home $f->{at}/FI --log $first_se $short", "another node's log", qr/not an exported log of node FI/);
my $r = decode_json(out("$sund replay --json --home $f->{at}/SE $short"));
ok($r->{differ} == 0 && $r->{same} > 0 && $r->{same} + $r->{not_replayable} == @{ $r->{vectors} }, 'SE did not: the first round is the same');
spew("$tmp/gone", "FI003\n");
run("$sund people --home $f->{at}/FI --withdraw $tmp/gone");
fails("$sund replay --home $f->{at}/FI $short", 'somebody withdrew: a decision is needed', qr/withdrew since/, qr/--decision/);
ok(out("$sund replay --home $f->{at}/FI --decision 'minutes of 3 November, item 4' $short") =~ /0 differ, 0 not replayable; with people who withdrew since$/m, 'by decision it is computed again');
stop('log/FI');
run("$sund compact --home $f->{at}/FI");
ok(out("$sund replay --home $f->{at}/FI --decision 'minutes of 3 November, item 4' $short") =~ / 0 vectors the same, 0 differ, [1-9]\d* not replayable: .*compacted/m, 'after compaction: digests kept');

# ---- a citizen ----
my $read = out("$sund log show --public --home $f->{at}/FI");
ok($read =~ /^\d{4}-\d\d-\d\d  how frequent are these variants\n  The researcher anna asked for it, for the purpose general-research, of DK, FI and SE\.$/m, 'what, who, why, of whom', "# $read");
ok($read =~ /The result was released; its table has 10 rows\. 10 rows were withheld, because too few people/ && $read =~ /standing approval/, 'what came of it, and by which decision', "# $read");
ok($read !~ /FI0\d\d/ && $read =~ /removed from storage 1 times; auditors computed 5 studies again/, 'nothing of persons', "# $read");
my ($j) = grep { ($_->{study} // '') eq $sent } map { decode_json($_) } split /\n/, out("$sund log show --public --json --home $f->{at}/SE");
is("@$j{qw(study researcher outcome rows rows_withheld)} @{$j->{nodes}}", "$sent anna released 10 10 DK FI SE", 'in JSON');
ok(out("$sund log show --public --home $f->{at}/hub") =~ /how frequent are these variants.*The result was released/s, 'at the hub too');
fails("$sund log show --public --home $anna", 'a researcher has none', qr/researcher/);

# ---- what an operator does to a log after an export, by files alone ----
next_second();
my $second_fi = export('FI', 'fi-2');
ok(out("$sund log verify $second_fi --against $first_fi --roster $roster") =~ /^\Q$second_fi\E goes on from \Q$first_fi\E: all its \d+ entries are the same$/m, 'a later one goes on from the earlier one');
ok(out("$sund log verify $first_fi --against $second_fi") =~ /^\Q$second_fi\E goes on from/m, 'whichever is named first');
ok(out("$sund log show --public $second_fi") =~ /An auditor computed a study again.*This log was given out/s, 'a citizen reads the file');
system("cp -r $f->{at}/FI $tmp/crooked && rm $tmp/crooked/state.db*");
system("cp $tmp/old/state.db* $tmp/crooked/");
next_second();
run("$sund log export --home $tmp/crooked $at/gone-on-$_") for 1 .. 20;
run("$sund log export --home $tmp/crooked $at/fi-3");
fails("$sund log verify $at/fi-3 --against $second_fi --roster $roster", 'set back and gone on: its first other entry is named', qr/the log of FI was rewritten or set back: entry (\d+) in \S*fi-3/);
fails("$sund log verify $at/fi-3 --against $first_hub", 'and by what the hub holds of it', qr/the log of FI was rewritten or set back: by (?:entry \d+ of|the last head in) \S*hub-1/);
fails("$sund replay --home $tmp/crooked --log $second_fi $short", 'nor does it replay', qr/the log of FI was rewritten or set back/);
system("cp -r $f->{at}/hub $tmp/crooked-hub");
run("sqlite3 $tmp/crooked-hub/state.db 'DELETE FROM ledger WHERE i > (SELECT MAX(i) / 2 FROM ledger)'");
my ($whole) = out("$sund log verify $first_hub") =~ /^(\d+) entries/m;
run("$sund log export --home $tmp/crooked-hub $at/hub-2-$_") for 1 .. $whole / 2 + 1; # as long again
run("$sund log export --home $tmp/crooked-hub $at/hub-2");
fails("$sund log verify $at/hub-2 --against $first_hub", 'a hub that rewrites its own log', qr/the log of hub was (?:rewritten or )?set back/);
fails("$sund log verify $first_fi --against $at/hub-2", 'found by a node too', qr/the log of hub was rewritten or set back: by (?:entry \d+ of|the last head in) \S*fi-1/);

# ---- set back to a copy ----
unlink glob "$f->{at}/FI/state.db*";
system("cp $tmp/old/state.db* $f->{at}/FI/");
run("$sund log verify --home $f->{at}/FI");    # a whole chain still
fails("$sund log verify --home $f->{at}/FI --against $tmp/FI.heads", 'a log that was set back is found by the heads that it once gave away', qr/the log of FI was rewritten or set back/);
start_node($f, 'FI');
for (1 .. 200) { last if slurp("$f->{at}/hub.log") =~ /the log of FI has/ && slurp("$f->{at}/FI.log") =~ /the hub knew a log/; select undef, undef, undef, 0.05 }
ok(slurp("$f->{at}/hub.log") =~ /the log of FI has \d+ entries and had \d+: it was set back to a copy, or rewritten/, 'the hub says so at the next contact', "# " . slurp("$f->{at}/hub.log"));
ok(slurp("$f->{at}/FI.log") =~ /the hub knew a log of this node with \d+ entries that this one does not go on from/, 'and so does the node');
ok(out("$sund log show --home $f->{at}/hub") =~ / heads +alarm: the log of FI/, "it is in the hub's log for good");
stop('log/FI');
stop('log/hub');
unlink glob "$f->{at}/hub/state.db*";
start_hub($f);
for (1 .. 400) { last if slurp("$f->{at}/SE.log") =~ /the hub's log does not go on/; select undef, undef, undef, 0.05; if ($_ == 20) { stop('log/SE'); start_node($f, 'SE') } }
ok(slurp("$f->{at}/SE.log") =~ /the hub's log does not go on from the \d+ entries that this node knew/, 'a hub that lost its log is named by the nodes', "# " . slurp("$f->{at}/SE.log"));
done();
