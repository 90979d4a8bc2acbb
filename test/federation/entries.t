#!/usr/bin/perl
# Every command, and every change by hand, that alters what may leave a node is in its log, in words for citizens: all of them, one after another, and what a citizen then reads.
use strict;
use warnings;
use lib 'test';
use Sund;
use JSON::PP;

my %node;
$node{$_} = small_node($_, sites => 6, access => 'open') for qw(DK FI SE);
my $f = federation('ent', %node);
my $at = $f->{at};
my ($DK, $FI, $SE, $anna) = map { "$at/$_" } qw(DK FI SE anna);
my $digest = catalogue("$tmp/a.catalogue", "--assembly GRCh37 --hub --home $anna $tmp/DK.vcf");
my %study = (analysis => 'counts', catalogue => $digest, nodes => 'DK, FI, SE', strata => 'none');
my ($n, @want) = (0);
sub ask { return submit($f, study_file("$tmp/s" . ++$n . '.ini', %study, title => "the question $n", number => $n)) }
sub until_at { my ($what, $of, $like) = @_; my $x = ''; for (1 .. 300) { $x = `$sund $what status --home $FI $of 2>&1`; return 1 if $x =~ $like; select undef, undef, undef, 0.1 } print STDERR "# $x\n"; return 0 }
sub says { push @want, [@_]; return }      # a command, and what a citizen reads of it
sub does { my ($cmd, $like) = @_; run("$sund $cmd"); says($cmd, $like); return }
sub short { return substr $_[0], 0, 12 }
sub line_in { my ($home, $section, $line) = @_; spew("$home/sund.ini", slurp("$home/sund.ini") =~ s/^\[$section\]\n\K/$line\n/mr); return }

# ---- by hand, seen at the next start ----
says('its start', qr/From now on: who decides on studies: the operator$/m);
says('its start', qr/From now on: who is in the federation: DK, FI, SE; 1 researchers; roster 1 of test, fingerprint [\d ]{35}$/m);
says('its start', qr/From now on: genomes that are counted: release [0-9a-f]{16}$/m);
says('its start', qr/From now on: whether each study is decided on \(ask\) or all are approved beforehand \(all\) \(\[node\] approve\): all$/m);
stop('ent/FI');
spew("$FI/sund.ini", slurp("$FI/sund.ini") =~ s/^approve = all$/approve = ask/mr);
line_in($FI, 'gate', 'cell_min = 12');
line_in($FI, 'dac', 'deadline_days = 5');
spew("$FI/datasets.ini", "[catalogue]\ntitle = Biobank\n");
start_node($f, 'FI');
says('sund.ini', qr/\(\[node\] approve\): ask$/m);
says('sund.ini', qr/From now on: fewest people that a number may stand for \(\[gate\] cell_min\): 12$/m);
says('sund.ini', qr/From now on: working days for a decision \(\[dac\] deadline_days\): 5$/m);
says('datasets.ini', qr/From now on: what is said of the data sets: [0-9a-f]{16} \(digest of datasets.ini\)$/m);

# ---- decisions on studies ----
my ($a, $b, $c) = (ask(), ask(), ask());
ok(until_at('study', $_, qr/waits for approval/), 'it waits') for $a, $b, $c;
says('study submit', qr/A study was asked for \(${\short($a)}\): anna asks: the question 1; for the purpose general-research, analysis counts, of DK, FI, SE$/m);
does("study approve --home $FI --reason good $a", qr/decided on \(${\short($a)}\): approved by FI: good; 20\S+Z$/m);
does("study refuse --home $FI --reason bad $b", qr/decided on \(${\short($b)}\): refused by FI: bad/);
does("study veto --home $FI --reason never $c", qr/decided on \(${\short($c)}\): vetoed by FI: never/);
ok(wait_for($f, $a, qr/released/), 'one is released');
ok(until_at('study', $a, qr/released/), 'here too');
does("study revoke --home $FI --reason regret $a", qr/A result was called back \(${\short($a)}\)/);
says('study revoke', qr/decided on \(${\short($a)}\): approval revoked by FI: regret/);
stop('ent/DK');
my $d = ask();
ok(until_at('study', $d, qr/waits for approval/), 'another waits');
run("$sund study approve --home $FI $d");
ok(until_at('study', $d, qr/waits for the other nodes/), 'and is begun');
does("study leave --home $FI --reason gone $d", qr/decided on \(${\short($d)}\): left for good by FI: gone/);
start_node($f, 'DK');

# ---- agreements, applications ----
run("$sund agreement make --home $FI --name north-1 --expires 2099-12-31 --purposes GRU --analyses counts $tmp/north.ini DK FI SE");
run("$sund agreement sign --home $_ $tmp/north.ini") for $DK, $SE;
does("agreement sign --home $FI $tmp/north.ini", qr/An agreement with other countries: signed here by FI: north-1, digest [0-9a-f]{64}, until 2099-12-31$/m);
does("agreement install --home $FI $tmp/north.ini", qr/An agreement with other countries: installed: north-1/);
does("agreement revoke --home $FI --reason 'a new law' north-1", qr/An agreement with other countries: revoked by FI: a new law/);
run("$sund apply make --title 'Counts of the north' --purpose GRU --analyses counts --until 2099-12-31 --person 'Anna Example,University' $tmp/app.ini FI");
my ($p) = out("$sund apply submit --home $anna $tmp/app.ini") =~ /^application = ([0-9a-f]{64})$/m;
ok(until_at('apply', $p, qr/waits/), 'an application has come');
says('apply submit', qr/An application for data \(${\short($p)}\): came from anna$/m);
does("apply approve --home $FI --reason fine $p", qr/decided on \(${\short($p)}\): approved by FI: fine/);
does("apply revoke --home $FI --reason misused $p", qr/decided on \(${\short($p)}\): approval revoked by FI: misused/);

# ---- the switch, people, terms, and who is believed ----
does("node stop-release --home $FI --reason 'the committee called'", qr/The node was told to say nothing more: everything that leaves is stopped: the committee called$/m);
does("node allow-release --home $FI --reason cleared", qr/The node may speak again: what waits may leave again: cleared$/m);
does("people --home $FI $tmp/FI.tsv", qr/The people here: a table of people was taken in/);
spew("$tmp/gone", "FI003\n");
does("people --home $FI --withdraw $tmp/gone", qr/The people here: people withdrew: no later answer holds them$/m);
spew("$tmp/packet.json", '{"id":"p","subject":{"id":"FI004","sex":"FEMALE"},"phenotypicFeatures":[{"type":{"id":"HP:0001250","label":"Seizure"}}],"metaData":{"created":"2026-01-01T00:00:00Z","createdBy":"x","phenopacketSchemaVersion":"2.0"}}');
does("people import --home $FI --format phenopacket $tmp/packet.json", qr/The people here: clinical data were taken in/);
spew("$tmp/hpo.tsv", "id\tname\tparents\nHP:0000118\tPhenotypic abnormality\t\nHP:0001250\tSeizure\tHP:0000118\n");
does("ontology load --home $FI --version 7 $tmp/hpo.tsv", qr/From now on: terms by which people are counted: HP 7, digest [0-9a-f]{16}$/m);
does("ontology drop --home $FI HP", qr/From now on: terms by which people are counted: none$/m);
spew("$tmp/jwks", '{"keys":[{"kty":"EC","crv":"P-256","kid":"k","alg":"ES256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}') ;
does("trust add --home $FI --jku https://login.example.org/jwk --client sund-test --jwks $tmp/jwks https://login.example.org", qr{From now on: whose logins and visas are believed: https://login.example.org \(logins\) with keys [0-9a-f]{16}$}m);
does("trust remove --home $FI https://login.example.org", qr/From now on: whose logins and visas are believed: none$/m);
does("peer add --home $FI decipher", qr/From now on: services that may ask for matches: [0-9a-f]{16} \(digest of peers.ini\)$/m);
does("case add --home $FI --consent --contact C --href mailto:a\@example.org --feature HP:0001250 --gene SKI case-7", qr/Cases of rare disease: cases were taken in or withdrawn, or their consent was changed$/m);
spew("$tmp/said", "variant\tgene\tcondition\tclass\tcriteria\tevidence\tdate\tlaboratory\tshare\n20-100-A-G\tSKI\t\tbenign\t\t\t2024-01-01\tLab\tfederation\n");
does("interpret import --home $FI --assembly GRCh37 $tmp/said", qr/What laboratories say of variants: interpretations were taken in/);

# ---- who decides, another store, another roster and key ----
stop_all();

# what cannot be in the log is not done: the entry comes first
sub ledger { run(qq{sqlite3 $FI/state.db "$_[0]"}); return }
sub people_here { return out("$sund people count --home $FI all 2>/dev/null") . out("$sund case list --home $FI") . out("$sund interpret list --home $FI") }
my $before = people_here();
ledger("CREATE TRIGGER full BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'full'); END");
spew("$tmp/gone", "FI004\n");
spew("$tmp/few.tsv", "person\tsex\tcountry\tconsent\nFI005\tF\tFI\tDS\nnew\tF\tFI\tGRU\n");
fails("$sund $_", "not done without its entry: $_", qr/full/) for "people --home $FI --withdraw $tmp/gone", "people --home $FI $tmp/few.tsv", "people import --home $FI --format phenopacket --consent NPU $tmp/packet.json", "case consent --home $FI --no-consent case-7", "case withdraw --home $FI case-7",
    "interpret withdraw --home $FI --reason wrong 1";
is(people_here(), $before, 'and nothing has changed');
ledger('DROP TRIGGER full');
does("compact --home $FI", qr/Storage was written anew: people who withdrew are removed/);
run("$sund roster rotate --home $FI");
run("$sund roster make --after $at/roster.ini $at/roster-2.ini $at/hub/member.ini $DK/member.ini $FI/member.next.ini $SE/member.ini $anna/member.ini");
run("$sund roster sign --home $_ $at/roster-2.ini") for $DK, $FI, $SE;
my ($was) = out("$sund log show --public --home $FI") =~ /From now on: this member's key: ([\d ]{35})$/m;
run("$sund roster install --home $_ $at/roster-2.ini") for $DK, $SE, "$at/hub", $anna;
does("roster install --home $FI $at/roster-2.ini", qr/From now on: who is in the federation: DK, FI, SE; 1 researchers; roster 2 of test/);
my @key = out("$sund log show --public --home $FI") =~ /From now on: this member's key: ([\d ]{35})$/mg;
ok(@key == 2 && $key[0] eq $was && $key[1] ne $was, 'and the new key');
run("$sund import --store $FI/other --samples $tmp/FI.samples --assembly GRCh37 $tmp/FI.vcf && rm -r $FI/store && mv $FI/other $FI/store");
my $member = out("$sund dac init --id maria $tmp/maria.ini");
spew("$FI/sund.ini", slurp("$FI/sund.ini") =~ s/^cell_min = 12\n//mr . "\n$member");
start_hub($f);
start_node($f, 'FI');
says('sund.ini', qr/From now on: fewest people that a number may stand for \(\[gate\] cell_min\): what Sund has without that line$/m);
says('sund.ini', qr/From now on: who decides on studies: maria with key [0-9a-f]{16}$/m);
says('another store', qr/genomes that are counted: release ([0-9a-f]{16})\n.*genomes that are counted: release (?!\1)[0-9a-f]{16}\n.*genomes that are counted: release \1\n/s); # as it was, compacted, and as it was: the same import
for (1 .. 200) { last if out("$sund log show --home $FI") =~ /maria with key/ && slurp("$at/FI.log") =~ /node FI: \d+ people.*node FI: \d+ people.*node FI: \d+ people/s; select undef, undef, undef, 0.05 }
stop('ent/FI');

# ---- what a citizen reads, of the file alone ----
does("log export --home $FI $tmp/fi.sundlog", qr/This log was given out: all of it up to this entry/);
my $read = out("$sund log show --public $tmp/fi.sundlog");
ok($read =~ $_->[1], "in the log: $_->[0]", "# $_->[1]\n# " . $read =~ s/\n/\n# /gr) for @want;
ok($read !~ /FI0\d\d/ && $read !~ /case-7/ && $read !~ /\Q$tmp\E/, 'nothing of persons, nor of this machine');
ok($read !~ /[0-9a-f]{128}/ && $read !~ /\t/, 'in sentences');
my @again = $read =~ /From now on: ([^:]+: .*)$/mg;
my %last;
ok(!grep({ my ($what) = /^(.*?(?:\]\s*\w+\))?): /; my $same = ($last{ $what // $_ } // '') eq $_; $last{ $what // $_ } = $_; $same } @again), 'what did not change is not said again', '# ' . join "\n# ", @again);
my $home = out("$sund log show --public --home $FI");
ok($home =~ /^\d{4}-\d\d-\d\d  the question 2\n  The researcher anna asked for it/m && $home !~ /A study was asked for/, 'at the home a study is a story');
ok(out("$sund log verify $tmp/fi.sundlog --roster $at/roster-2.ini") =~ /the roster of then/, 'signed with the new key');
fails("$sund log verify $tmp/fi.sundlog --roster $at/roster.ini", 'the roster of before has the old one', qr/or the key is of another time/);
stop('ent/hub');
run("$sund log export --home $at/hub $tmp/hub.sundlog");
$read = out("$sund log show --public $tmp/hub.sundlog");
ok($read =~ /A study was asked for \(${\short($a)}\): anna asks: the question 1;/ && $read =~ /A result is to be called back \(${\short($a)}\): from FI/ && $read =~ /roster 2 of test/, "the hub's too", "# $read");
ok(out("$sund log verify $tmp/fi.sundlog --against $tmp/hub.sundlog") =~ /^[1-9]\d* heads in .* fit$/m, 'and the two fit');
done();
