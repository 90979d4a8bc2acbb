#!/usr/bin/perl
# kill -9 of the hub and of each node in turn, at each message of a study that the hub has taken in: the study ends with the bytes of one that nobody disturbed, and all logs hold.
use strict;
use warnings;
no warnings 'numeric';
use lib 'test';
use Sund;

my %node;
$node{$_} = small_node($_, sites => 12) for qw(DK FI SE);
my $f = federation('kills', %node);
my $at = $f->{at};
my $digest = catalogue("$tmp/a.catalogue", "--assembly GRCh37 --hub --home $at/anna $tmp/DK.vcf");
my %study = (analysis => 'counts', catalogue => $digest, nodes => 'DK, FI, SE', strata => 'none', chunk => 6);
sub heard { my ($name) = @_; return `sqlite3 -readonly $at/hub/state.db "SELECT (SELECT COUNT(*) FROM message WHERE hex(study) LIKE '\U$name\E%') + (SELECT COUNT(*) FROM masked WHERE hex(study) LIKE '\U$name\E%')" 2>/dev/null` + 0 }

my $whole = submit($f, study_file("$tmp/0.ini", %study));
ok(wait_for($f, $whole, qr/released/), 'one that nobody disturbs');
my $want = slurp(fetch($f, $whole) . '/table.tsv');
my $n = heard($whole);
ok(length $want > 300 && $n >= 20, "it has a table, and $n messages");

my @victim = qw(hub DK FI SE);
my ($n_kill, %met) = (0);
for my $turn (1, 2) {    # another victim at the same message
    my $name = submit($f, study_file("$tmp/$turn.ini", %study, number => $turn + 1));
    for my $k (1 .. $n - 1) {
        my $end = time + 60;
        my $there = 0;
        while (time < $end) { $there = heard($name); last if $there >= $k; select undef, undef, undef, 0.01 }
        last if $there < $k;
        my $who = $victim[ ($k + 2 * $turn) % @victim ];
        next if (stop("$f->{name}/$who", 'KILL') & 127) != 9;
        $n_kill++;
        $met{$there}++;
        $who eq 'hub' ? start_hub($f) : start_node($f, $who);
    }
    ok(wait_for($f, $name, qr/released|stopped|refused/, 120) =~ /released/, 'killed at each message, a study ends all the same');
    ok(slurp(fetch($f, $name) . '/table.tsv') eq $want, 'with the same bytes');
}
note("$n_kill kills -9, at " . keys(%met) . " of $n messages");
ok($n_kill >= $n && keys %met > $n / 3, 'each process was met at many of them');
stop_all();
for my $home (qw(hub DK FI SE)) { ok(out("$sund log verify --home $at/$home") =~ /unaltered/, "the log of $home holds") }
ok(out("$sund log verify --home $at/$_ --against $at/hub") =~ /messages that the hub says came from the node/, "and the hub's has of $_ what left it") for qw(DK FI SE);
my $left = 0;
for my $home (qw(DK FI SE)) { $left += () = glob "$at/$home/keys/*.key"; $left-- if -e "$at/$home/keys/replay.key" }
is($left, 0, 'no secret of a study is left');
done();
