#!/usr/bin/perl
# A node leaves a running study for good, between processes: it ends everywhere, and what may be asked of the others after that, and what everybody is told.
use strict;
use warnings;
use lib 'test';
use Sund;
use JSON::PP;
use Time::HiRes qw(time sleep);

# Each of four countries has twenty women of every genotype at every site: own counts that pass by themselves. At the first site FI has one carrier.
my $sites = 100;
my @country = qw(DK FI NO SE);
my %node = map { my $c = $_; $c => small_node($c, people => 60, access => 'controlled', sites => $sites, gt => sub { my ($site, $i) = @_; $site > 1 || $c ne 'FI' ? (qw(0/0 0/1 1/1))[ ($i + $site) % 3 ] : $i == 7 ? '0/1' : '0/0' }) } @country;
my $f = federation('lea', %node);
my $at = $f->{at};
my ($anna, $FI) = ("$at/anna", "$at/FI");
my $digest = catalogue("$tmp/a.catalogue", "--assembly GRCh37 --hub --home $anna $tmp/DK.vcf");
my %study = (analysis => 'counts', catalogue => $digest, nodes => join(', ', @country), strata => 'none', chunk => 1);
my $n = 0;
sub text { return study_file("$tmp/s" . ++$n . '.ini', %study, title => "study $n", @_) }
sub state_at { my ($home, $study, $like) = @_; my $x = ''; for (1 .. 300) { $x = `$sund study status --home $home $study 2>&1`; return 1 if $x =~ $like; select undef, undef, undef, 0.1 } print STDERR "# $x\n"; return 0 }
sub totals { my ($study) = @_; my $x = `$sund study status --home $anna $study`; return $x =~ /round (\d+), chunk (\d+) summed/ ? $1 * 1000 + $2 : 0 }

# A study that stands still: DK is away before it begins (totals 0), or is killed in the middle, once so many chunks were summed.
sub begun {
    my ($path, $chunks) = @_;
    stop('lea/DK') if !$chunks;
    my $s = submit($f, $path);
    if (!$chunks) { ok(state_at($FI, $s, qr/waits for the other nodes/), 'approved, and DK is away'); return $s }
    my $end = time + 60;
    while (time < $end && totals($s) < 1000 + $chunks) { sleep 0.01 }
    stop('lea/DK', 'KILL');
    ok(totals($s) >= 1000 + $chunks && totals($s) < 1000 + $sites, 'in the middle of it DK dies', '# ' . totals($s));
    return $s;
}

# The same question is answered for one roster: each part below is a federation that remembers nothing.
sub forget {
    stop("lea/$_") for 'hub', @country;
    unlink glob "$at/$_/state.db*" for 'hub', @country;
    start_hub($f);
    start_node($f, $_) for @country;
    return catalogue("$tmp/$n.catalogue", "--assembly GRCh37 --hub --home $anna $tmp/DK.vcf");
}

# ---- before a total is opened ----
my $ini = text(region => '20:1-2000');
my $a = begun($ini, 0);
fails("$sund study leave --home $FI $a", 'leaving needs its reason', qr/--reason/);
fails("$sund study again --home $anna --without FI $ini", 'nobody has left yet', qr/has not|deciding|leaves it first/);
my $said = out("$sund study leave --home $FI --reason 'the register closes' $a");
ok($said =~ /^$a: left for good$/m && $said =~ /No total was opened by this node: .* they may ask the same again without it/, 'leave says what follows', "# $said");
fails("$sund study leave --home $FI --reason again $a", 'once is for good', qr/left for good by FI already|has ended/);
my $from = time;
ok(wait_for($f, $a, qr/stopped .*\n +by FI: left for good: the register closes; /), 'it ends at the hub');
my $took = time - $from;
ok($took < 3, sprintf('%.1f s after the decision, though FI only waited for others', $took));
ok(state_at("$at/$_", $a, qr/stopped by FI: left for good: the register closes/), "and at $_") for qw(FI NO SE);
start_node($f, 'DK');
ok(state_at("$at/DK", $a, qr/stopped by FI: left for good/), 'and at the one that was away');
fails("$sund study again --home $anna --without FI " . text(region => '20:1-2000'), 'of the very text', qr/no study of this very text/);
fails("$sund study again --home $anna --without XX $ini", 'a node that it did not ask', qr/does not ask XX/);
fails("$sund study again --home $anna $ini", 'without whom', qr/--without/);
$said = out("$sund study again --home $anna --without FI --out $tmp/again.ini $ini");
my ($digest_again) = $said =~ /^study = ([0-9a-f]{64})$/m;
ok($said =~ /^goes on from  \Q@{[substr $a, 0, 12]}\E, stopped: by FI: left for good/m && $said =~ /keys and approvals of its own/ && $said =~ /own sums of FI/, 'again says what follows', "# $said");
ok(slurp("$tmp/again.ini") =~ /^nodes = DK, NO, SE\nafter = $a$/m, 'the text names the study that it goes on from');
fails("$sund study status --home $anna $digest_again", 'with --out it is not sent', qr/no study of that name/);
ok(out("$sund study check $tmp/again.ini") =~ /^  after +$a/m, 'study check reads it');
my ($b) = out("$sund study again --home $anna --without FI $ini") =~ /^study = ([0-9a-f]{64})$/m;
is($b, $digest_again, 'the same text is the same study');
ok(wait_for($f, $b, qr/released/), 'the three that are left answer it');
my $rows = tsv(fetch($f, $b) . '/table.tsv');
is($rows->[0]{an}, 360, 'of their people alone');
ok(out("$sund log show --home $at/$_") =~ /left +.*FI left the study for good; totals opened with it: 0;/, "$_ has logged it") for qw(DK FI SE);
ok(out("$sund log show --home $FI") =~ /left for good by FI: the register closes; \S+, signed [0-9a-f]{128}/, 'FI the signed decision');
ok(out("$sund log show --public --home $at/SE") =~ /left for good: the register closes/, 'citizens can read it');

# ---- after totals were opened: without the leaver's word ----
forget();
$ini = text();
my $c = begun($ini, 5);
fails("$sund study leave --home $FI --agree --reason closed $c", 'FI may not agree: one carrier would be told', qr/own sums in it do not pass by themselves/);
$said = out("$sund study leave --home $FI --reason closed $c");
ok($said =~ /rule one-roster refuses it, and their committees cannot lift it/, 'leave says that the others will refuse', "# $said");
ok(wait_for($f, $c, qr/stopped .*\n +by FI: left for good: closed; where totals were opened the same is not to be asked again without it/), 'so is everybody told');
start_node($f, 'DK');
state_at("$at/DK", $c, qr/stopped/);
my ($d) = out("$sund study again --home $anna --without FI $ini") =~ /^study = ([0-9a-f]{64})$/m;
ok(wait_for($f, $d, qr/refused .*\n.*rule one-roster.*does not agree/), 'they refuse it');
$said = out("$sund study show --home $at/SE $d");
ok($said =~ /^after +\Q@{[substr $c, 0, 12]}\E: stopped by FI: left for good/m && $said =~ /own sums of who left, who has not agreed/, 'study show says why', "# $said");
is(decode_json(out("$sund study show --json --home $at/SE $d"))->{after}, $c, 'and in JSON');

# ---- with it ----
forget();
$ini = text(region => '20:200-29900');
my $e = begun($ini, 5);
$said = out("$sund study leave --home $FI --agree --reason closed $e");
ok($said =~ /^$e: left for good, others may go on$/m && $said =~ /each node that is left can then subtract/, 'FI agrees, and is told to what', "# $said");
ok(wait_for($f, $e, qr/stopped .*\n +by FI: left for good: closed; it agrees/), 'so is everybody told');
start_node($f, 'DK');
state_at("$at/DK", $e, qr/stopped/);
my ($g) = out("$sund study again --home $anna --without FI $ini") =~ /^study = ([0-9a-f]{64})$/m;
ok(wait_for($f, $g, qr/released/), 'the three that are left answer it');
ok(out("$sund log show --home $at/SE") =~ /it agrees, and each node that is left can then compute its own sums by subtraction/, 'the log says what that means');

run("$sund log verify --home $at/$_") for 'hub', @country;
stop_all();
done();
