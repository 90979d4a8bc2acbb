use strict;
use warnings;
use Bench;

# KING-robust kinship of every pair, the whole command, over SNVs of 1 % or more. plink2 has them as a file set of their own, so that it need not pass over
# the others; ours chooses them in the same run. Both write the pairs at or above the same threshold.
task 'kinship' => sub {
    my $d    = data('n20k');
    my $pgen = pgen($d);
    my $to   = "$d->{at}/kinship";
    out_of("plink2 --memory 2000 --threads 2 --pfile $pgen --snps-only --maf 0.01 --make-pgen --out $to") if !-e "$to.pgen" || -M "$to.pgen" > -M "$pgen.pgen";
    my $m = () = slurp("$to.pvar") =~ /^[^#]/mg;
    for my $threads (1, 2) {
        my $r = measure(
            3,
            ours   => { cmd => "rm -f $to.ours; $sund kinship --threads $threads --snvs 0 --maf 0.01 --out $to.ours $d->{store}" },
            plink2 => { cmd => "plink2 --memory 2000 --threads $threads --pfile $to --make-king-table --king-table-filter 0.0442 --out $to.theirs" },
        );
        my $pairs = $d->{n} * ($d->{n} - 1) / 2;
        row(task => "kinship of all pairs of $d->{n} people at $m SNVs, whole command, " . ($threads > 1 ? "$threads threads" : '1 thread'), unit => 'pairs/s', ours => $pairs / $r->{ours}{wall}, plink2 => $pairs / $r->{plink2}{wall});
        row(task => 'CPU of it', unit => 's', ours => $r->{ours}{cpu}, plink2 => $r->{plink2}{cpu});
        row(task => 'peak memory of it', unit => 'MB', ours => $r->{ours}{peak} / 1024, plink2 => $r->{plink2}{peak} / 1024) if $threads == 1;
    }
};
1;
