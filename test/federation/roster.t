#!/usr/bin/perl
# Who is in the federation, over time: a node joins, another has a new key, a third leaves; what does not follow is refused; studies run in between.
use strict;
use warnings;
use lib 'test';
use Sund;

my %node;
$node{$_} = small_node($_, sites => 12, access => 'open') for qw(DK EE FI SE);
my $late = delete $node{EE};
my $f = federation('ros', %node);
my $at = $f->{at};
my $digest = catalogue("$tmp/a.catalogue", "--assembly GRCh37 --hub --home $at/anna $tmp/DK.vcf");
my %study = (analysis => 'counts', catalogue => $digest, strata => 'none');
my $n = 0;
sub released { my ($nodes) = @_; my $d = submit($f, study_file("$tmp/s" . ++$n . '.ini', %study, title => "study $n", nodes => $nodes)); return out("timeout 60 $sund study status --wait --home $at/anna $d") =~ /released/ }
sub members { return join ' ', map { "$at/$_" } @_ }
sub restart { stop("ros/$_") for grep { -e "$at/$_/store" } qw(DK EE FI SE); stop('ros/hub') }

ok(released('DK, FI, SE'), 'three nodes of the first roster');
my $shown = out("$sund roster show --home $at/FI");
ok($shown =~ /^federation +\S+, roster 1$/m && $shown =~ /^node +FI +(\d{5} ){5}\d{5}$/m && $shown =~ /^signed by all its nodes$/m, 'fingerprints to be compared', "# $shown");
is(out("$sund roster show --home $at/SE"), $shown, 'the same at every home');

# ---- EE joins, FI has a new key ----
home("$at/EE", id => 'EE', %$late);
my ($was) = slurp("$at/FI/member.ini") =~ /^sign = (\w{64})$/m;
run("$sund roster rotate --home $at/FI");
run("$sund roster rotate --home $at/FI");    # again: the same key
my $made = out("$sund roster make --after $at/FI/roster.ini $tmp/2.ini " . members(qw(hub/member.ini DK/member.ini EE/member.ini FI/member.next.ini SE/member.ini anna/member.ini)));
ok($made =~ /joins +node +EE/ && $made =~ /new key +node +FI .*before/ && $made !~ /leaves/, 'make says what changes', "# $made");
fails("$sund roster install --home $at/SE $tmp/2.ini", 'unsigned', qr/has not signed/);
for (qw(DK EE FI SE)) { my $said = out("$sund roster sign --home $at/$_ $tmp/2.ini"); ok($said =~ /with its new key and the former one/, 'FI signs with both keys') if $_ eq 'FI' }
fails("$sund roster install --home $at/SE $tmp/2.ini", 'a node that runs', qr/stop the node first/);
restart();
my $waits = slurp("$tmp/2.ini");
spew("$tmp/bad.ini", $waits =~ s/\[signature-former FI\]\nsig = \w+\n//r);
fails("$sund roster install --home $at/SE $tmp/bad.ini", "without FI's former key", qr/former key did not sign/);
for (qw(hub DK EE FI SE anna)) { my $said = out("$sund roster install --home $at/$_ $tmp/2.ini"); ok($said =~ /has its new key/, 'FI takes its new key') if $_ eq 'FI' }
run("$sund roster install --home $at/FI $tmp/2.ini");    # twice does no harm
my ($new) = slurp("$at/FI/member.ini") =~ /^sign = (\w{64})$/m;
ok(!-e "$at/FI/identity.next.ini" && slurp("$at/FI/roster.ini") =~ /^\[node FI\]\nsign = $new$/m && slurp("$at/DK/roster.ini") !~ /$was/, 'the former key is gone');
start_hub($f);
start_node($f, $_) for qw(DK EE FI SE);
ok(released('DK, EE, FI, SE'), 'four nodes, one of them with another key');

# ---- DK leaves; SE was not told ----
run("$sund roster make --after $at/FI/roster.ini $tmp/3.ini " . members(qw(hub/member.ini EE/member.ini FI/member.ini SE/member.ini anna/member.ini)));
run("$sund roster sign --home $at/$_ $tmp/3.ini") for qw(EE FI SE);
fails("$sund roster sign --home $at/DK $tmp/3.ini", 'who leaves has nothing to sign', qr/leaves has nothing to sign/);
restart();
run("$sund roster install --home $at/$_ $tmp/3.ini") for qw(hub EE FI anna);
start_hub($f);
start_node($f, $_) for qw(EE FI SE);
my $d = submit($f, study_file("$tmp/s9.ini", %study, title => 'two rosters', nodes => 'EE, FI, SE'));
fails("timeout 60 $sund study status --wait --home $at/anna $d", 'a node with another roster is found out', qr/different rosters/);
for (1 .. 100) { last if `$sund study status --home $at/SE $d 2>&1` =~ /stopped|refused/; select undef, undef, undef, 0.1 }
restart();
run("$sund roster install --home $at/SE $tmp/3.ini");
fails("$sund roster install --home $at/SE $tmp/2.ini", 'an older one', qr/the older 2/);
start_hub($f);
start_node($f, $_) for qw(EE FI SE);
ok(released('EE, FI, SE'), 'three that are left');
run("$sund roster make --after $tmp/3.ini $tmp/4.ini " . members(qw(hub/member.ini EE/member.ini anna/member.ini)));
run("$sund roster sign --home $at/EE $tmp/4.ini");
stop("ros/EE");
fails("$sund roster install --home $at/EE $tmp/4.ini", 'the hub and one node make no federation of three', qr/more than half/);
stop_all();
done();
