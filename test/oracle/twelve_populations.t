#!/usr/bin/perl
# 1,126 people of 12 populations: linear regression equals plink2's published-beside-the-data table and plink2 run here.
use strict;
use warnings;
use lib 'test';
use Sund;

my $bcf    = shared('1kg-12pop/1KG_phase3_subset_1-22X.bcf');
my $dir    = shared('1kg-12pop');
my %covar  = map { $_->{IID} => $_ } @{ tsv("$dir/expected/covar.tsv") };
my %pheno  = map { $_->{IID} => $_ } @{ tsv("$dir/expected/pheno.tsv") };
my $annot  = tsv("$dir/samples_annot.tsv");
my @group  = qw(AFR AMR EAS SAS);
my %code;    # a population stands for a country, which has two letters
sub country { my ($p) = @_; return $code{$p} //= 'A' . chr(65 + keys %code) }

# The outcome has 14 decimals; the dictionary keeps nine digits, so both sides read it rounded to six.
my ($samples, $people, $plink) = ("person\tsex\tpopulation\n", "person\tsex\tcountry\tconsent\toutcome\t" . join("\t", map { lc } @group) . "\n", "#IID\toutcome\n");
for my $a (@$annot) {
    my $id = $a->{'sample.id'};
    my $y  = sprintf '%.6f', $pheno{$id}{outcome};
    $samples .= "$id\t$a->{sex}\t$a->{Population}\n";
    $people  .= join("\t", $id, $a->{sex}, country($a->{Population}), 'GRU', $y, map { $covar{$id}{$_} } @group) . "\n";
    $plink   .= "$id\t$y\n";
}
spew("$tmp/samples.tsv", $samples);
spew("$tmp/people.tsv",  $people);
spew("$tmp/pheno.tsv",   $plink);
spew("$tmp/dict.tsv", "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\noutcome\treal\t1\t-100\t100\t6\t\n" . join '', map { lc($_) . "\tinteger\t1\t0\t1\t0\t\n" } @group);
home("$tmp/home", import => "--samples $tmp/samples.tsv --assembly GRCh37 --lenient $bcf", people => "$tmp/people.tsv", dictionary => "$tmp/dict.tsv");
my $digest = catalogue("$tmp/all.catalogue", "--assembly GRCh37 $bcf");

sub key { return "$_[0]-$_[1]-$_[2]-$_[3]" }
sub near_printed { my ($x, $printed) = @_; my $unit = $printed =~ /e(-?\d+)$/ ? 10**$1 : 1; my ($d) = $printed =~ /\.(\d+)/; return abs($x - $printed) <= $unit * 10**-(length($d // '')) * 1.0001 }

# A table of plink2 against ours: alleles of plink2 are A1 (tested) and the other.
sub compare {
    my ($name, $ours, $theirs, $least, $slack) = @_;    # slack: in SE, where the two did not read the very same outcome
    my %ours = map { key(@$_{qw(chrom pos ref alt)}) => $_ } @$ours;
    my ($n, $absent, $beyond, @off) = (0, 0, 0);
    my ($db, $dp) = (0, 0);
    for my $t (@$theirs) {
        next if $t->{BETA} eq 'NA' || ($t->{TEST} // 'ADD') ne 'ADD';
        my $flip = $t->{A1} eq $t->{REF};
        my $o = $ours{ key(@$t{qw(CHROM POS REF ALT)}) } // do { $absent++; next };
        my $minor = $t->{A1_FREQ} * 2 * $t->{OBS_CT};
        $minor = 2 * $t->{OBS_CT} - $minor if $minor > $t->{OBS_CT};
        next if $minor < 20;
        my $beta = $flip ? -$o->{beta} : $o->{beta};
        my $p = 10**-$o->{nlog10p};
        $n++;
        $beyond++ if !near_printed($beta, $t->{BETA}) || !near_printed($p, $t->{P});
        push @off, "$t->{ID}: $beta $o->{se} $p, plink2 $t->{BETA} $t->{SE} $t->{P}" unless (near_printed($beta, $t->{BETA}) || abs($beta - $t->{BETA}) <= ($slack // 0) * $t->{SE})
            && near_printed($o->{se}, $t->{SE}) && (near_printed($p, $t->{P}) || abs($p - $t->{P}) <= 3 * ($slack // 0) * $t->{P});
    }
    ok($n >= $least && !@off, "$name: $n variants within one unit of plink2's last printed digit" . ($slack ? " or $slack SE" : "") . " ($absent not compared)", join '', map { "# $_\n" } @off[0 .. ($#off < 5 ? $#off : 5)]);
    note("$name: $beyond of $n beyond one unit of the last digit: the outcome is read at six decimals here, at fourteen there") if $slack;
    return;
}

my %linear = (analysis => 'linear', outcome => 'outcome', catalogue => $digest, nodes => 'local', strata => 'none');
my $drop = local_study("$tmp/home", "$tmp/all.catalogue", study_file("$tmp/a.ini", %linear, covariates => 'sex, afr, amr, eas, sas', missing => 'drop'));
my $rows = tsv("$drop/table.tsv");
compare('against the table beside the data', $rows, tsv("$dir/expected/plink2_outcome.glm.linear.tsv.gz"), 6000, 3e-6);

my ($top) = grep { $_->{chrom} eq '3' && $_->{pos} == 153218889 } @$rows;
is(sprintf('%.6f %.7f', @$top{qw(beta se)}), '0.252376 0.0779833', 'the strongest of the null data: 3:153218889:C:T');
is(sprintf('%.8f', 10**-$top->{nlog10p}), '0.00124647', 'and its p-value');

# lambda: median of chi-squared over the variants of the table beside the data
my %theirs = map { key(@$_{qw(CHROM POS REF ALT)}) => 1 } grep { $_->{P} ne 'NA' } @{ tsv("$dir/expected/plink2_outcome.glm.linear.tsv.gz") };
my @chi = sort { $a <=> $b } map { ($_->{beta} / $_->{se})**2 } grep { $theirs{ key(@$_{qw(chrom pos ref alt)}) } && $_->{beta} ne 'NA' } @$rows;
is(sprintf('%.3f', $chi[ @chi / 2 ] / 0.4549364), '0.933', 'genomic control lambda of null data, by the square of t');

# In the temporary folder: plink2 writes plink2.log where it stands when it does not get as far as reading --out.
sub plink2 { out("cd $tmp && plink2 @_ --threads 2 2>&1"); return }
my $ids = q{--set-all-var-ids '@:#:$r:$a' --new-id-max-allele-len 500};

# plink2 here: autosomes, common intercept; then strata against population dummies; both as they are, and with missing genotypes put in
out("bcftools view -m2 -M2 -v snps -t ^X $bcf -Ob -o $tmp/whole.bcf");
out("bcftools view $tmp/whole.bcf -Ov | awk 'BEGIN { OFS = \"\\t\"; s = 7 } /^#/ { print; next } { for (i = 10; i <= NF; i++) { s = (s * 1103515245 + 12345) % 2147483648; if (s % 100 < 3) \$i = \"./.\" } print }' | bcftools view -Ob -o $tmp/holes.bcf");
home("$tmp/$_", import => "--samples $tmp/samples.tsv --assembly GRCh37 $tmp/$_.bcf", people => "$tmp/people.tsv", dictionary => "$tmp/dict.tsv") for qw(whole holes);
my $covar = slurp("$dir/expected/covar.tsv");
my %pop = map { $_->{'sample.id'} => $_->{Population} } @$annot;
my @pops = sort keys %{ { map { $_ => 1 } values %pop } };
shift @pops;
spew("$tmp/dummies.tsv", "#IID\tsex\t" . join("\t", @pops) . "\n" . join '', map { my $id = $_; join("\t", $id, $covar{$id}{sex}, map { $pop{$id} eq $_ ? 1 : 0 } @pops) . "\n" } map { $_->{'sample.id'} } @$annot);
for my $calls ('whole', 'holes') {
    my $has = $calls eq 'holes' ? 'with 3 % missing' : 'nothing missing';
    for (["$dir/expected/covar.tsv", 'sex, afr, amr, eas, sas', 'none', 'missing = drop equals plink2'], ["$tmp/dummies.tsv", 'sex', 'country', 'strata = country equals population dummies']) {
        my ($file, $covariates, $strata, $what) = @$_;
        plink2("--bcf $tmp/$calls.bcf $ids --pheno $tmp/pheno.tsv --covar $file --covar-variance-standardize --glm omit-ref cols=+a1freq --out $tmp/$calls-$strata");
        my @modes = $calls eq 'holes' ? 'drop' : ('drop', 'mean');    # the same where nothing is missing
        for my $missing (@modes) {
            my $r = local_study("$tmp/$calls", "$tmp/all.catalogue", study_file("$tmp/b.ini", %linear, covariates => $covariates, strata => $strata, missing => $missing));
            compare(@modes > 1 ? "$what, $has, $missing" : "$what, $has", tsv("$r/table.tsv"), tsv("$tmp/$calls-$strata.outcome.glm.linear"), 5000);
        }
    }
}

# codings: plink2's are of A1, which is ALT here
for my $coding (qw(dominant recessive)) {
    plink2("--bcf $tmp/holes.bcf $ids --pheno $tmp/pheno.tsv --covar $dir/expected/covar.tsv --covar-variance-standardize --glm omit-ref $coding cols=+a1freq --out $tmp/$coding");
    my @theirs = map { +{ %$_, TEST => $_->{TEST} =~ /^(DOM|REC)$/ ? 'ADD' : $_->{TEST} } } @{ tsv("$tmp/$coding.outcome.glm.linear") };
    my $r = local_study("$tmp/holes", "$tmp/all.catalogue", study_file("$tmp/b.ini", %linear, covariates => 'sex, afr, amr, eas, sas', missing => 'drop', coding => $coding));
    compare("$coding equals plink2, with 3 % missing", tsv("$r/table.tsv"), \@theirs, 4000);
}

# an interaction: plink2's product of the genotype and the covariate, here the one covariate
plink2("--bcf $tmp/holes.bcf $ids --pheno $tmp/pheno.tsv --covar $dir/expected/covar.tsv --covar-name sex --glm omit-ref interaction cols=+a1freq --out $tmp/gxe");
my @product = map { +{ %$_, TEST => 'ADD' } } grep { $_->{TEST} eq 'ADDxsex' } @{ tsv("$tmp/gxe.outcome.glm.linear") };
my $gxe = local_study("$tmp/holes", "$tmp/all.catalogue", study_file("$tmp/x.ini", %linear, covariates => 'sex', missing => 'drop', interaction => 'sex'));
compare('an interaction with sex equals plink2', [ map { +{ %$_, beta => $_->{beta_gxe}, se => $_->{se_gxe}, nlog10p => $_->{nlog10p_gxe} } } @{ tsv("$gxe/table.tsv") } ], \@product, 4000);

# Hardy-Weinberg and counts against plink2
my $counts = local_study("$tmp/holes", "$tmp/all.catalogue", study_file("$tmp/c.ini", analysis => 'counts', catalogue => $digest, nodes => 'local', strata => 'none'));
plink2("--bcf $tmp/holes.bcf $ids --hardy --out $tmp/hwe");
my %count = map { key(@$_{qw(chrom pos ref alt)}) => $_ } @{ tsv("$counts/table.tsv") };
my ($n, $bad) = (0, 0);
my %base = map { $_->{ID} => $_ } @{ tsv("$tmp/hwe.hardy") };
for my $t (grep { $_->{P} ne 'NA' } values %base) {
    my ($o) = $count{ key($t->{CHROM}, (split /:/, $t->{ID})[1], $t->{AX}, $t->{A1}) } // $count{ key($t->{CHROM}, (split /:/, $t->{ID})[1], $t->{A1}, $t->{AX}) } // next;
    my @c = ($o->{hom_ref}, $o->{het}, $o->{hom_alt});
    @c = reverse @c if $t->{A1} eq $o->{ref};
    $n++;
    $bad++ unless $c[0] == $t->{TWO_AX_CT} && $c[1] == $t->{HET_A1_CT} && $c[2] == $t->{HOM_A1_CT} && near_printed(10**-$o->{nlog10p_hwe}, $t->{P});
}
ok($n > 15000 && !$bad, "genotype counts and exact Hardy-Weinberg p equal plink2 --hardy at $n variants", "# $bad differ of $n\n");
done();
