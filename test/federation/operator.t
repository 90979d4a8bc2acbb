#!/usr/bin/perl
# A study as its people meet it: asked by a researcher, decided at each node, waited for, fetched; refused with a reason; asked by somebody else;
# and the researcher's own bytes sent again.
use strict;
use warnings;
use lib 'test';
use Sund;
use JSON::PP;

system('socat -V >/dev/null 2>&1 && curl --version >/dev/null 2>&1') == 0 or skip_all('no socat or no curl');
my %node;
$node{$_} = small_node($_, access => 'open') for qw(DK FI SE);
my $watched = -x ($ENV{SUND_TSAN} // '') ? $ENV{SUND_TSAN} : $sund;    # hub and nodes under the thread sanitizer where built
$_->{program} = $watched for values %node;
my $f = federation('op', tap => 1, hub_program => $watched, %node);
my $anna = "$f->{at}/anna";
my $digest = catalogue("$tmp/a.catalogue", "--assembly GRCh37 --hub --home $anna $tmp/DK.vcf");
my %study = (analysis => 'counts', catalogue => $digest, nodes => 'DK, FI, SE', strata => 'none');

# FI's committee decides by itself
stop('op/FI');
spew("$f->{at}/FI/sund.ini", slurp("$f->{at}/FI/sund.ini") =~ s/^approval = all$/approval = ask/mr =~ s/^approve = all$/approve = ask/mr);
ok(out("$sund info $f->{at}/FI") =~ /^approval +ask$/m, 'a node that asks its committee');
start_node($f, 'FI');

# ---- asked, approved, fetched ----
my $ini  = study_file("$tmp/a.ini", %study, title => 'asked once');
my $sent = decode_json(out("$sund study submit --json --home $anna $ini"))->{study};
is($sent, decode_json(out("$sund study check --json $ini"))->{study}, 'submit --json gives the name that check gave');
my $short = substr $sent, 0, 8;
ok(wait_for($f, $sent, qr/deciding|submitted/), 'it is under decision');
my $waits = '';
for (1 .. 100) { $waits = out("$sund study status --home $f->{at}/FI"); last if $waits =~ /waits for approval/; select undef, undef, undef, 0.1 }
ok($waits =~ /\Q@{[substr $sent, 0, 12]}\E.*waits for approval/, "the node's own status says that it waits for its operator", "# $waits");
ok(slurp("$f->{at}/FI.log") =~ /waits for this node's decision: 'sund study approve \Q@{[substr $sent, 0, 12]}\E/, 'and so does its log, with what to do');
ok($waits =~ /asked once, by anna/, 'with its title and who asks', "# $waits");
is(join(' ', @{ decode_json(out("$sund study status --json --home $f->{at}/FI")) }{qw(title researcher)}), 'asked once anna', 'in JSON too');
my $whom = '';
for (1 .. 100) { $whom = out("$sund study status --home $anna $short"); last if $whom =~ /no decision yet of FI$/m; select undef, undef, undef, 0.1 }
ok($whom =~ /deciding .*\n +(?:DK|SE): approved; no decision yet of FI$/m, 'who asks sees whose decision is missing', "# $whom");
my $shown = out("$sund study show --home $f->{at}/FI $short");
ok($shown =~ /^title +asked once$/m && $shown =~ /^researcher +anna, signed/m && $shown =~ /^people +30 here of 30/m && $shown =~ /^nodes +DK FI SE$/m && $shown =~ /^gate rules +\S/m, 'study show: title, researcher, people, nodes, rules', "# $shown");
my $asked = slurp($ini) =~ s/^/    /gmr;
ok(index($shown, $asked) > 0, 'and the whole text as it was signed', "# $shown");
ok($shown =~ /sund study approve --home \Q$f->{at}\E\/FI \Q$short\E/, 'and how to decide');
my $told = decode_json(out("$sund study show --json --home $f->{at}/FI $short"));
is("@$told{qw(study researcher title people genotyped state purpose)}" . ($told->{text} eq slurp($ini)), "$sent anna asked once 30 30 waits for approval general-research1", 'study show --json');
my ($key) = slurp("$anna/member.ini") =~ /^sign = ([0-9a-f]{64})$/m;
is($told->{researcher_key}, $key, "with the researcher's key");
fails("$sund study show --home $anna $short", 'a researcher has a study file', qr/study check/);
fails("$sund study fetch --home $anna $sent", 'nothing to fetch before', qr/no release yet/);
fails("$sund study approve --home $f->{at}/FI 00000000", 'a name that no study has', qr/00000000/);
fails("$sund study approve --home $anna $short", 'a researcher cannot approve', qr/not the home of a node/);
ok(out("$sund study approve --home $f->{at}/FI $short") =~ /^$sent: approved$/m, 'approved by the first eight digits');
fails("$sund study approve --home $f->{at}/FI $short", 'a decision is taken once', qr/waits for no decision|decided so already/);
ok(out("timeout 60 $sund study status --wait --home $anna $short") =~ /released/, 'status --wait returns at its end');
my $row = decode_json((split /\n/, out("$sund study status --json --home $anna $short"))[0]);
is("@$row{qw(study state researcher title)}", "$sent released anna asked once", 'status --json');
my $table = out("$sund study fetch --home $anna $short");

mkdir "$tmp/other" or die;
spew("$tmp/other/study.ini", "[study]\ntitle = another\n");
fails("$sund study fetch --home $anna --out $tmp/other $short", 'not into the result of another study', qr/other holds the result of another study, [0-9a-f]{12}: choose another folder/);

# a fetch goes on where one was interrupted: of what is there, what all signed is kept, and no part comes twice
my $given = sub { my $n = () = out("$sund log show --home $f->{at}/hub") =~ /part \d+, given to anna/g; return $n };
run("$sund study fetch --home $anna --out $tmp/whole $short");
for my $case (['all of it', $table, 0], ['the beginning', substr($table, 0, length($table) - 5), 1], ['something else', 'x' . substr($table, 1), 1]) {
    my ($what, $there, $parts) = @$case;
    my $was = $given->();
    mkdir "$tmp/again-$parts" . length $there or die;
    my $to = "$tmp/again-$parts" . length $there;
    spew("$to/table.tsv.part", $there);
    run("$sund study fetch --home $anna --out $to $short");
    is(slurp("$to/table.tsv"), $table, "with $what there already, the table is the same");
    is($given->() - $was, $parts, '.. and so many parts were fetched');
    ok(!-e "$to/table.tsv.part", '.. and nothing is left over');
}
ok($table =~ /^chrom\tpos\tref\talt\t/ && ($table =~ tr/\n//) == 21, 'fetch without --out prints the table');
ok(slurp(fetch($f, $sent) . '/table.tsv') eq $table, 'and with --out writes the same');
ok(out("$sund log show --json --home $f->{at}/FI") =~ /"kind":\s*"decision".*approved/, "the decision is in the node's log");
run("$sund log verify --home $f->{at}/$_") for 'hub', keys %node;

# ---- a node that starts again has nothing new to say of what has ended ----
sub ends { return scalar(() = out("$sund log show --home $f->{at}/FI") =~ / study +\Q@{[substr $sent, 0, 12]}\E released/g) }
is(ends(), 1, 'the end of a study is in the ledger once');
for (1, 2) { stop('op/FI'); start_node($f, 'FI'); select undef, undef, undef, 1 }
is(ends(), 1, 'and still after two more starts');

# ---- the ledger of a node that is killed, with another program's look at it in between ----
my $entries = sub { decode_json(out("$sund log verify --json --home $f->{at}/FI"))->{entries} };
my $before = $entries->();
run("$sund study status --home $f->{at}/FI");
run("$sund lookup --home $anna 20-100-A-G") for 1, 2;
stop('op/FI', 'KILL');
ok($entries->() >= $before + 2, 'what was written after the look is there after kill -9');
start_node($f, 'FI');

# ---- few people ----
my $few = submit($f, study_file("$tmp/few.ini", %study, title => 'a handful', cohort => 'country = FI and born > 1990'));
my $small = '';
for (1 .. 100) { $small = `$sund study show --home $f->{at}/FI $few 2>&1`; last if $small =~ /^people/m; select undef, undef, undef, 0.1 }
ok($small =~ /^people +fewer than 10 here of 30/m, 'fewer than ten people are shown as such', "# $small");
my $lost = submit($f, study_file("$tmp/lost.ini", %study, title => 'no such variable', cohort => 'heigth > 180'));
for (1 .. 100) { $small = `$sund study show --home $f->{at}/FI $lost 2>&1`; last if $small =~ /^people/m; select undef, undef, undef, 0.1 }
ok($small =~ /^people +this node would refuse: .*heigth/m, 'what cannot be computed here is said before the decision', "# $small");
system("$sund study refuse --home $f->{at}/FI --reason no $_ >/dev/null 2>&1") for $few, $lost;    # unless the others refused before

# ---- refused ----
my $no = submit($f, study_file("$tmp/no.ini", %study, title => 'not wanted'));
for (1 .. 100) { last if `$sund study status --home $f->{at}/FI $no 2>&1` =~ /waits for approval/; select undef, undef, undef, 0.1 }
fails("$sund study refuse --home $f->{at}/FI $no", 'a refusal needs its reason', qr/--reason/);
run("$sund study refuse --home $f->{at}/FI --reason 'no agreement covers this' $no");
fails("timeout 60 $sund study status --wait --home $anna $no", 'status --wait of a refused study fails with the reason', qr/FI: no agreement covers this/);
fails("$sund study fetch --home $anna $no", 'and it has no result', qr/no release/);

# ---- everything that leaves is stopped, by hand ----
sub left { return scalar(() = out("$sund log show --home $f->{at}/FI") =~ / left: /g) }
fails("$sund node stop-release --home $f->{at}/FI", 'a stop needs its reason', qr/--reason/);
my $halted = submit($f, study_file("$tmp/halted.ini", %study, title => 'while all is stopped'));
for (1 .. 100) { last if `$sund study status --home $f->{at}/FI $halted 2>&1` =~ /waits for approval/; select undef, undef, undef, 0.1 }
run("$sund node stop-release --home $f->{at}/FI --reason 'the committee called'");
fails("$sund node stop-release --home $f->{at}/FI --reason again", 'a second stop says since when', qr/stopped since .*the committee called/);
my $had = left();
run("$sund study approve --home $f->{at}/FI $halted");
fails("$sund lookup --home $anna 20-100-A-G", "a lookup has no answer from there", qr{no answer in time from FI});
select undef, undef, undef, 1.5;
is(left(), $had, 'and nothing leaves, an approved study neither');
ok(slurp("$f->{at}/FI.log") =~ /stopped since .*allow-release/, 'the log of the process says why, and what to do');
run("$sund node allow-release --home $f->{at}/FI --reason cleared");
ok(out("timeout 60 $sund study status --wait --home $anna $halted") =~ /released/, 'once allowed, the study goes on to its end');
ok(out("$sund lookup --home $anna 20-100-A-G") =~ /^\s*FI .*counted/m, 'and lookups are answered');
ok(out("$sund log show --home $f->{at}/FI") =~ /stop-release.*the committee called.*allow-release.*cleared/s, 'both are in the log');
fails("$sund node allow-release --home $f->{at}/FI --reason twice", 'nothing is stopped twice', qr/nothing is stopped/);

# ---- what could open a total is gone at a study's end ----
my $keys = '';
for (1 .. 50) { $keys = join ' ', map { glob "$f->{at}/$_/keys/*" } sort keys %node; last if $keys eq ''; select undef, undef, undef, 0.1 }
is(join(' ', grep { !m{/replay\.key$} } split ' ', $keys), '', 'no node keeps a session secret');
my $bodies = '';
for (1 .. 200) { $bodies = out("sqlite3 $f->{at}/hub/state.db 'SELECT COUNT(*), SUM(length(body)) FROM message WHERE kind IN (4, 6, 8)'"); last if $bodies =~ /\|0$/; select undef, undef, undef, 0.1 }
is($bodies, "16|0\n", 'the hub keeps neither totals nor sealed keys once all nodes are done');
is(out("sqlite3 $f->{at}/hub/state.db 'SELECT COUNT(*) FROM masked'"), "0\n", 'nor any single vector');

# ---- the same bytes again ----
my ($url) = slurp("$f->{at}/hub/member.ini") =~ /^url = (\S+)/m;
my ($path) = slurp('src/home/link.h') =~ /SUND_HUB_PATH "([^"]+)"/;
my $up = slurp("$f->{at}/tap.up");
my @submit;
while ($up =~ /SUNDENV1\x01\x00.anna\0/sg) { my $at = pos($up) - 16; push @submit, substr $up, $at, 220 + unpack 'Q<', substr $up, $at + 148, 8 }
is(scalar @submit, 5, 'the submissions, captured above TLS');
for my $case (['as it was sent', $submit[0], qr/sent before|replay/], ['with a later number', substr($submit[0], 0, 44) . pack('Q<', 1 << 60) . substr($submit[0], 52), qr/signature/], ['with other text', substr($submit[0], 0, -1) . "\x20", qr/altered/],
    ['about another study', substr($submit[0], 0, 52) . ("\x07" x 32) . substr($submit[0], 84), qr/signature/], ['as a message of a node', substr($submit[0], 0, 8) . "\x02\x00" . substr($submit[0], 10), qr/signature|not|role|allowed/]) {
    my ($name, $bytes, $say) = @$case;
    spew("$tmp/again", $bytes);
    out("curl -sk -m 20 -o $tmp/reply --data-binary \@$tmp/again $url$path");
    ok(slurp("$tmp/reply") =~ $say && slurp("$tmp/reply") =~ /anna/, "a submission again, $name: refused by name", '# ' . (slurp("$tmp/reply") =~ s/[^ -~]/./gr) . "\n");
}
my @rows = split /\n/, out("$sund study status --json --home $anna");
is(scalar @rows, 5, 'and the hub still has as many studies');

# ---- another researcher ----
run("$sund init --role researcher --id bert $tmp/bert");
run("cp $anna/roster.ini $tmp/bert/roster.ini");
fails("$sund study submit --home $tmp/bert $ini", 'somebody whose key the nodes did not sign', qr/bert/);
stop_all();
for my $who ('hub', sort keys %node) { my $log = slurp("$f->{at}/$who.log"); ok($log !~ /Sanitizer|runtime error/, "no sanitizer spoke at $who", $log) }
done();
