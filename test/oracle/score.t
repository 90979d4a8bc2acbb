#!/usr/bin/perl
# PGS001229 on the 2,504 genomes of the 1000 Genomes Project: every person's score as plink2 and the PGS Catalog's own calculator have it.
use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/..';
use Sund;

my $genomes = shared('pgs/assets/examples/target_genomes/cineca_synthetic_subset.vcf.gz');
my $file    = shared('pgs/assets/examples/scorefiles/PGS001229_22.txt');
my $stored  = shared('pgs/expected/single_cineca_22_additive_0.sscore.zst');
my ($names) = grep { /^#CHROM/ } split /\n/, out("gzip -dc $genomes | head -n 200");
my @id = split /\t/, $names;
splice @id, 0, 9;
spew("$tmp/samples.tsv", join '', "person\tsex\tpopulation\tcountry\n", map { "$_\tU\tx\tXX\n" } @id);
spew("$tmp/people.tsv",  join '', "person\tsex\tcountry\tconsent\n",    map { "$_\tU\tXX\tGRU\n" } @id);
run("$sund init --id XX --access open $tmp/xx");
run("$sund import --store $tmp/xx/store --samples $tmp/samples.tsv --assembly GRCh37 $genomes");
run("$sund people --home $tmp/xx $tmp/people.tsv");
my ($digest) = out("$sund publish --home $tmp/xx $file") =~ /^digest = (\w{64})$/m;
spew("$tmp/s.ini", "[study]\ntitle = Height\nanalysis = score\npurpose = general-research\ncohort = all\nscorefile = $digest\nassembly = GRCh37\nnodes = XX\n");
run("$sund study run --local --home $tmp/xx --out $tmp/r $tmp/s.ini");

my ($all) = grep { $_->{group} eq 'all' } @{ tsv("$tmp/r/table.tsv") };
my %n = map { ($_->{what}, $_->{variants}) } @{ tsv("$tmp/r/variants.tsv") };
is($n{used}, 782, 'variants used');
my ($kept) = slurp("$tmp/r/provenance.json") =~ /"kept_at_home_as": "(\w+)"/;
my %score = map { split /\|/ } split /\n/, out(qq{sqlite3 $tmp/xx/people.db "SELECT p.person, v.raw FROM value v JOIN person p ON p.id = v.person JOIN variable a ON a.id = v.variable WHERE a.name = '$kept'"});
my ($same, $n) = (0, 0);
for (split /\n/, out("zstd -dc $stored")) {
    next if /^#/;
    my @f = split /\t/;
    my $mine = $score{"$f[0]_$f[0]"} // $score{ $f[0] } // next;
    $n++;
    my $sum = $mine * 1e-6 * $all->{score_sd} + $all->{score_mean};
    my $size = abs($sum) >= 1 ? 1e-5 : 1e-6;    # plink2 prints six digits
    $same++ if abs($sum - $f[-1]) <= $size;
}
ok($n == 2504 && $same == 2504, "scores equal the stored ones, to the six digits that are printed: $same of $n");
done();
