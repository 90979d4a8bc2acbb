#!/usr/bin/perl
# 1,126 people of 12 populations, a simulated status: Wald's regressions against plink2's table beside the data. plink2 stops up to 6e-4 before the converged
# coefficient; and the default, score tests with saddlepoints, over all chromosomes: null data.
use strict;
use warnings;
use lib 'test';
use Sund;

my $bcf   = shared('1kg-12pop/1KG_phase3_subset_1-22X.bcf');
my $dir   = shared('1kg-12pop');
my %covar = map { $_->{IID} => $_ } @{ tsv("$dir/expected/covar.tsv") };
my %pheno = map { $_->{IID} => $_ } @{ tsv("$dir/expected/pheno.tsv") };
my @group = qw(AFR AMR EAS SAS);
my %code;    # a population stands for a country, which has two letters
sub country { my ($p) = @_; return $code{$p} //= 'A' . chr(65 + keys %code) }

my ($samples, $people) = ("person\tsex\tpopulation\n", "person\tsex\tcountry\tconsent\tstatus\t" . join("\t", map { lc } @group) . "\n");
for my $a (@{ tsv("$dir/samples_annot.tsv") }) {
    my $id = $a->{'sample.id'};
    $samples .= "$id\t$a->{sex}\t$a->{Population}\n";
    $people  .= join("\t", $id, $a->{sex}, country($a->{Population}), 'GRU', $pheno{$id}{status} == 2 ? 'case' : 'control', map { $covar{$id}{$_} } @group) . "\n";
}
spew("$tmp/samples.tsv", $samples);
spew("$tmp/people.tsv",  $people);
spew("$tmp/dict.tsv", "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nstatus\tbinary\t\t\t\t\tcontrol|case\n" . join '', map { lc($_) . "\tinteger\t1\t0\t1\t0\t\n" } @group);
home("$tmp/home", import => "--samples $tmp/samples.tsv --assembly GRCh37 --lenient $bcf", people => "$tmp/people.tsv", dictionary => "$tmp/dict.tsv");
my $digest = catalogue("$tmp/all.catalogue", "--assembly GRCh37 $bcf");
my %study = (analysis => 'logistic', outcome => 'status', covariates => 'sex, afr, amr, eas, sas', catalogue => $digest, nodes => 'local', strata => 'none');

sub key { return "$_[0]-$_[1]-$_[2]-$_[3]" }

my $wald = local_study("$tmp/home", "$tmp/all.catalogue", study_file("$tmp/a.ini", %study, test => 'wald', missing => 'drop', region => '2:1-243199373'));
my %ours = map { key(@$_{qw(chrom pos ref alt)}) => $_ } @{ tsv("$wald/table.tsv") };
my ($n, $absent, $worst, $worst_se, @left) = (0, 0, 0, 0);
for my $t (@{ tsv("$dir/expected/plink2_status.glm.logistic.tsv.gz") }) {
    next if $t->{CHROM} ne '2' || $t->{BETA} eq 'NA';
    my $o = $ours{ key(@$t{qw(CHROM POS REF ALT)}) } // do { $absent++; next };
    my $beta = $t->{A1} eq $t->{REF} ? -$o->{beta} : $o->{beta};
    if ($o->{beta} eq 'NA') { push @left, "$t->{ID} $t->{BETA} $t->{SE}: $o->{note}"; next }
    my ($off, $off_se) = (abs($beta - $t->{BETA}), abs($o->{se} / $t->{SE} - 1));
    $n++;
    $worst    = $off    if $off > $worst;
    $worst_se = $off_se if $off_se > $worst_se;
}
ok($n >= 290 && $absent == 0 && !@left && $worst < 1e-3 && $worst_se < 1e-3, "beta and its standard error equal plink2's at $n variants of chromosome 2", "# $n compared, $absent absent, beta off by $worst, se by $worst_se of itself\n" . join '', map { "# $_\n" } @left);
note("beta off by at most $worst, se by $worst_se of itself");

my $score = local_study("$tmp/home", "$tmp/all.catalogue", study_file("$tmp/b.ini", %study));
my @row = grep { $_->{nlog10p} ne 'NA' && $_->{ac} >= 20 && $_->{an} - $_->{ac} >= 20 } @{ tsv("$score/table.tsv") };
ok(@row > 5000, 'score tests of ' . @row . ' variants');
my %count;
$count{ $_->{test} }++ for @row;
ok(($count{spa} // 0) > 0.02 * @row && $count{spa} < 0.08 * @row, "a saddlepoint for about one in twenty ($count{spa})");
my $hits = grep { $_->{nlog10p} > 2 } @row;
ok($hits < 0.015 * @row, "null data: $hits below 0.01");
ok(!grep({ ($_->{nlog10p} eq 'NA') != ($_->{note} ne '.') } @{ tsv("$score/table.tsv") }), 'a p-value, or a note that says why not');
done();
