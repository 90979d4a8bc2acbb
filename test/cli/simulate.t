#!/usr/bin/perl
# 'sund simulate': the same bytes from the same seed, one cohort by three ways, what other programs make of it, and going on after a kill.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep);
use lib "$ENV{SUND_ROOT}/test";
use Sund;

sub digest { return substr sha256_hex($_[0]), 0, 16 }
sub same_store { my ($x, $y) = @_; return !grep { slurp("$x/$_") ne slurp("$y/$_") } qw(people.bin regions.bin sites.bin alleles.bin counts.bin genotypes.bin blocks.bin sums.bin) }
my $cohort = "$sund simulate cohort --people DK=70,SE=50 --families 8 --region 20:1000000-1400000 --region X:2500000-3000000 --region Y:5000000-5100000 --region MT --sites 600 --block 40 --missing 0.01";

# ---- bytes ----
run("$cohort --out $tmp/a --format store,vcf.gz,bcf --seed 3");
run("$cohort --out $tmp/b --format vcf.gz --seed 3 --threads 1");
run("$cohort --out $tmp/c --format vcf.gz --seed 4");
my $vcf = out("gzip -dc $tmp/a/cohort.vcf.gz");
is(digest($vcf), '3ba36bd8178922b9', 'the VCF has the bytes that this seed always gives');
is(digest(join '', map { slurp("$tmp/a/$_.tsv") } qw(samples people dictionary effects families)), 'ef13d527b3f12d24', 'and so have the tables');
ok($vcf eq out("gzip -dc $tmp/b/cohort.vcf.gz"), 'whatever the formats and the number of threads');
ok($vcf ne out("gzip -dc $tmp/c/cohort.vcf.gz"), 'another seed gives another cohort');

# ---- three ways ----
for my $file (qw(cohort.vcf.gz cohort.bcf)) {
    run("$sund import --store $tmp/from-$file --samples $tmp/a/samples.tsv $tmp/a/$file");
    ok(same_store("$tmp/a/store", "$tmp/from-$file"), "the store imported from $file is the store that was written directly");
}
run("$cohort --out $tmp/u --format store,vcf.gz --unphased");
run("$sund import --store $tmp/from-u --samples $tmp/u/samples.tsv $tmp/u/cohort.vcf.gz");
ok(same_store("$tmp/u/store", "$tmp/from-u"), 'unphased too');
ok(out("gzip -dc $tmp/u/cohort.vcf.gz") !~ /\d\|\d/ && $vcf !~ /\d\/\d/, 'and is written with / throughout, a phased one with |');
is(out("bcftools view -H $tmp/a/cohort.bcf 2>/dev/null | sha256sum"), out("bcftools view -H $tmp/a/cohort.vcf.gz 2>/dev/null | sha256sum"), 'bcftools reads the same rows from both');
ok(!grep({ $_ ne 'PASS' } split /\n/, out("bcftools query -f '%FILTER\\n' $tmp/a/cohort.vcf.gz")), 'and nothing but PASS');
run("$sund verify $tmp/a/store");

# ---- what is in it ----
run("$sund simulate cohort --out $tmp/p --people 900 --families 60 --region 1 --region 2 --region 3 --region 4 --region 5 --region 6 --region 7 --region 8 --sites 8000 --block 10 --constant --causal 4 --h2 0.2 --prevalence 0.3 --format store,bcf");
my $plink = "plink2 --threads 1 --memory 700 --bcf $tmp/p/cohort.bcf";
run("$plink --make-king-table --out $tmp/king");
my %kin = map { my $r = $_; map { ("$r->{person}-$r->{$_}" => 1, "$r->{$_}-$r->{person}" => 1) } qw(father mother) } @{ tsv("$tmp/p/families.tsv") };
my (@near, @far);
for my $r (@{ tsv("$tmp/king.kin0") }) { push @{ $kin{"$r->{IID1}-$r->{IID2}"} ? \@near : \@far }, $r->{KINSHIP} }
is(scalar @near, 240, 'every pair of parent and child is in the table of plink2 --make-king-table');
ok(!grep({ abs($_ - 0.25) > 0.06 } @near), 'with a kinship near 1/4');
my $close = grep { $_ > 0.177 } @far;
is($close, 60, 'of all others only the 60 pairs of sibs are as near');
my @row = @{ tsv("$tmp/p/people.tsv") };
spew("$tmp/pheno", "#IID\tage\tmale\ttrait\tdisease\n" . join '', map { "$_->{person}\t$_->{age}\t" . ($_->{sex} eq 'M' ? 1 : 0) . "\t$_->{simulated_trait}\t" . ($_->{simulated_disease} eq 'case' ? 2 : 1) . "\n" } @row);
run("$plink --set-all-var-ids '\@-#-\$r-\$a' --pheno $tmp/pheno --pheno-name trait,disease --covar $tmp/pheno --covar-name age,male --covar-variance-standardize --mac 20 --glm hide-covar --out $tmp/glm");
for my $what (['trait', 'linear', 'trait_beta'], ['disease', 'logistic.hybrid', 'disease_log_odds']) {
    my ($name, $model, $column) = @$what;
    my %got = map { ("$_->{CHROM}-$_->{POS}" => $_) } @{ tsv("$tmp/glm.$name.glm.$model") };
    my $good = 0;
    for my $e (@{ tsv("$tmp/p/effects.tsv") }) {
        my $r = $got{"$e->{contig}-$e->{pos}"} // $got{"chr$e->{contig}-$e->{pos}"} or next;
        my $beta = ($r->{BETA} // log $r->{OR}) * ($r->{A1} eq $e->{alt} ? 1 : -1);
        my $se = $r->{SE} // $r->{'LOG(OR)_SE'};
        $good++ if abs($beta - $e->{$column}) < 4 * $se + ($name eq 'disease' ? 0.15 * abs $e->{$column} : 0) && abs($e->{$column}) > 2 * $se;
    }
    is($good, 4, "plink2 --glm finds the planted effects on $name again");
}

# ---- a stopped one goes on ----
my $long = "$sund simulate cohort --people 60 --sites 60000 --region 20 --seed 5";
run("$long --out $tmp/whole");
my $pid = fork // die;
if (!$pid) { open STDOUT, '>', '/dev/null'; exec split ' ', "$long --out $tmp/killed" or POSIX::_exit(127) }
for (1 .. 2000) { last if -e "$tmp/killed/store.part/journal"; sleep 0.005 }
kill 'KILL', $pid;
waitpid $pid, 0;
ok(!-e "$tmp/killed/store", 'killed while writing, there is no store');
run("$long --out $tmp/killed");
ok(same_store("$tmp/whole/store", "$tmp/killed/store"), 'and the next run makes the same one');
fails("$long --out $tmp/killed", 'a store is not written over', qr/exists already/);

# ---- a trait on a store that is there ----
my ($e) = grep { $_->{contig} eq '20' } @{ tsv("$tmp/a/effects.tsv") };
run("$sund simulate trait --samples $tmp/a/samples.tsv --effect $e->{contig}-$e->{pos}-$e->{ref}-$e->{alt}=2 --seed 7 --out $tmp/t $tmp/a/store");
is(scalar @{ tsv("$tmp/t/people.tsv") }, 120, "'simulate trait' gives everybody of a store a trait");
run("$sund init --id t $tmp/home");
my $said = out("$sund people --home $tmp/home --dictionary $tmp/a/dictionary.tsv $tmp/a/people.tsv");
ok($said =~ /\b120\b/, 'people.tsv and dictionary.tsv of a cohort go into a home');

# ---- words ----
ok(out("$sund simulate cohort --help") =~ /sund simulate cohort --out sim --people DK=12000,SE=8000/, '--help has examples');
fails("$sund simulate", "'simulate' alone names both", qr/simulate cohort.*simulate trait/s);
fails("$sund simulate cohort", '--out is asked for', qr/--out is needed/);
fails("$sund simulate cohort --out $tmp/x --people DK=3,DK=4", 'a country twice', qr/twice/);
fails("$sund simulate cohort --out $tmp/x --people Spain=3", 'a country by its name', qr/two letters/);
fails("$sund simulate cohort --out $tmp/x --people=-3", 'people below nought', qr/--people/);
fails("$sund simulate cohort --out $tmp/x --format vcf", 'a format that is none', qr/vcf.gz/);
fails("$sund simulate cohort --out $tmp/x --missing nan", 'no number', qr/--missing/);
done();
