use strict;
use warnings;
use Bench;

# The score test of logistic association with 10 covariates, one case in five, 20,000 people, one thread: one node's own sums in process, fitted values included. plink2 knows no score
# test: beside it stands its command for Wald's, maximum likelihood of every variant (reading and printing included), on the common variants alone.
for my $what (['all', 0, '>= 50000', 'all frequencies'], ['common', 0.01, '>= 50000', 'minor allele frequency 1 % or more']) {
    my ($name, $maf, $goal, $text) = @$what;
    task "logistic-$name" => sub {
        my $d    = data('n20k');
        my $at   = covariates($d);
        my $pgen = common(pgen($d));
        if (!-e "$at/cases.txt") {
            srand 5;
            spew("$at/cases.txt", join '', "#IID\tcase\n", map { (split /\t/)[0] . "\t" . (rand() < 0.2 ? 2 : 1) . "\n" } (split /\n/, slurp("$at/pheno.txt"))[1 .. $d->{n}]);
        }
        my $r = measure(
            3,
            ours => { cmd => tool('logistic') . " $d->{store} $maf 10" },
            $maf ? (plink2 => { cmd => "plink2 --memory 2000 --threads 1 --pfile $pgen --glm no-firth omit-ref hide-covar --covar-variance-standardize --pheno $at/cases.txt --covar $at/covar.txt --out $at/logistic", runs => 1 }) : (),
        );
        row(task => "logistic score test, 10 covariates, $d->{n} people, $text, 1 thread: own sums (ours in process)" . ($maf ? '; plink2: Wald' : ''), unit => 'variants/s', ours => $r->{ours}{value}{variants_per_s},
            $maf ? (plink2 => sites_of($pgen) / $r->{plink2}{cpu}) : (), goal => $goal);
    };
}
1;
