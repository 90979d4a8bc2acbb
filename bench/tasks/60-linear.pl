use strict;
use warnings;
use Bench;

# Linear association with 10 covariates (sex, age, eight reals), 20,000 people, one thread. One node's own sums are measured in process; plink2's time is
# its command's, reading and printing included, and the study of the last row is our whole command: catalogue, people, counts, sums, fits, table.

sub plink_glm {
    my ($pgen, $at) = @_;
    return "plink2 --memory 2000 --threads 1 --pfile $pgen --glm omit-ref hide-covar --covar-variance-standardize --pheno $at/pheno.txt --covar $at/covar.txt --out $at/glm";
}

# A file set of the common variants alone: plink2 is not to pay for passing over the others.
sub common {
    my ($pgen) = @_;
    out_of("plink2 --memory 2000 --threads 2 --pfile $pgen --maf 0.01 --make-pgen --out $pgen-common") if !-e "$pgen-common.pgen" || -M "$pgen-common.pgen" > -M "$pgen.pgen";
    return "$pgen-common";
}

sub sites_of { my $n = () = slurp("$_[0].pvar") =~ /^[^#]/mg; return $n }

# name, set, least frequency, missing, goal, what it is
for my $what (['all', 'n20k', 0, 'mean', '>= 2.3 x plink2', 'all frequencies'], ['common', 'n20k', 0.01, 'mean', '>= 5 x plink2', 'minor allele frequency 1 % or more'],
    ['missing', 'l20k-missing', 0.01, 'mean', '>= 25 x plink2', '1 % or more, 0.5 % missing at the mean (plink2 drops them)'], ['drop', 'l20k-missing', 0.01, 'drop', '', '1 % or more, 0.5 % missing dropped']) {
    my ($name, $set, $maf, $missing, $goal, $text) = @$what;
    task "linear-$name" => sub {
        my $d    = data($set);
        my $at   = covariates($d);
        my $pgen = $maf ? common(pgen($d)) : pgen($d);
        my $r    = measure(
            3,
            ours   => { cmd => tool('linear') . " $d->{store} $maf $missing 20" },
            plink2 => { cmd => plink_glm($pgen, $at), $set eq 'n20k' ? () : (runs => 1) },
        );
        row(task => "linear, 10 covariates, $d->{n} people, $text, 1 thread: own sums (ours in process)", unit => 'variants/s', ours => $r->{ours}{value}{variants_per_s},
            plink2 => sites_of($pgen) / $r->{plink2}{cpu}, $goal ? (goal => $goal) : ());
    };
}

# Fifty traits of four decimals and three bytes in one pass, against one.
for my $what (['all', 0, 'all frequencies'], ['common', 0.01, 'minor allele frequency 1 % or more']) {
    my ($name, $maf, $text) = @$what;
    task "linear-traits-$name" => sub {
        my $d = data('n20k');
        my $r = measure(3, map { ("t$_" => { cmd => tool('linear') . " $d->{store} $maf mean 5 $_" }) } 1, 50);
        row(task => "linear, 10 covariates, $d->{n} people, $text, 1 thread: own sums for 50 traits, time over that for one", unit => 'x',
            ours => $r->{t1}{value}{variants_per_s} / $r->{t50}{value}{variants_per_s}, goal => '<= 3');
    };
}

task 'linear-study' => sub {
    my $d    = data('n20k');
    my $at   = covariates($d);
    my $pgen = pgen($d);
    my $home = "$at/home";
    if (!-e "$home/ready" || -M "$home/ready" > -M "$at/made") {
        out_of("rm -rf $home $at/catalogue && $sund init --id bench --access open $home && ln -s \$(realpath $d->{store}) $home/store && $sund people --home $home --dictionary $at/dictionary.tsv $at/people.tsv");
        my ($digest) = out_of("$sund catalogue --assembly GRCh38 --out $at/catalogue $d->{bcf}") =~ /^catalogue = (\w+)/m;
        spew("$at/study.ini", "[study]\ntitle = bench\nanalysis = linear\npurpose = general-research\ncohort = all\ncatalogue = $digest\nnodes = A, B, C\noutcome = simulated_trait\n"
                . "covariates = sex, age, " . join(', ', map { "pc$_" } 1 .. 8) . "\nstrata = country\n");
        spew("$home/ready", '');
    }
    my $r = measure(
        5,
        ours   => { cmd => "$sund study run --local --threads 1 --home $home --catalogue $at/catalogue --out $at/result $at/study.ini" },
        plink2 => { cmd => plink_glm($pgen, $at) },
    );
    row(task => "linear study of $d->{n} people, all sites, open data at 17 digits: whole command, 1 thread", unit => 's of CPU', ours => $r->{ours}{cpu}, plink2 => $r->{plink2}{cpu});
};
1;
