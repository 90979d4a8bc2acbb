#!/usr/bin/perl
# The bench's machinery, on tiny data: every task runs, the table has its rows. Times are not looked at.
use strict;
use warnings;
use lib "$ENV{SUND_ROOT}/test";
use Sund;

chdir $ENV{SUND_ROOT} or die;
my $text = `BENCH_SCALE=tiny BENCH_WORK=$tmp bench/run 2>$tmp/stderr`;
is($?, 0, 'bench/run at the scale tiny ends well') or print STDERR slurp("$tmp/stderr");
my @row = grep { /^\| (?!task)[^-]/ } split /\n/, $text;
my $tasks = () = join('', map { slurp($_) } glob 'bench/tasks/*.pl') =~ /^\s*task /mg;
ok(@row >= $tasks, "the table has a row or more of each task (" . @row . ')');
ok(!grep({ /\| failed \|/ } @row), 'no task failed');
ok(!grep({ split(/\|/, $_) < 9 } @row), 'every row has all columns');
ok($text =~ /^Commands\n/m && $text =~ /^    plink2: plink2 .*--memory 2000/m, 'the commands are below it');
ok(-s "$tmp/last.md" && slurp("$tmp/last.md") =~ /\| task \|/, 'last.md is written');
ok(slurp('bench/README.md') =~ /<!-- last run -->\n.*<!-- end -->/s, 'bench/README.md has a place for the table, and a tiny run leaves it alone');
done();
