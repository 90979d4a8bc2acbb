use strict;
use warnings;
use Bench;

# KING-robust kinship of every pair: the whole command, on the same variants (common SNVs, evenly spaced, written as a file set of their own so that plink2
# need not pass over the others). plink2 makes its table above the same threshold. Ours chooses its variants in the same run.
task 'kinship' => sub {
    my $d    = data('n20k');
    my $pgen = pgen($d);
    my $snvs = 10000;
    my $to   = "$d->{at}/kinship";
    if (!-e "$to.pgen" || -M "$to.pgen" > -M "$pgen.pgen") {
        out_of("plink2 --memory 2000 --threads 2 --pfile $pgen --snps-only --maf 0.05 --write-snplist --out $to");
        my @id = split /\n/, slurp("$to.snplist");
        my $n  = @id < $snvs ? @id : $snvs;
        spew("$to.ids", join '', map { "$id[int($_ * @id / $n)]\n" } 0 .. $n - 1);
        out_of("plink2 --memory 2000 --threads 2 --pfile $pgen --extract $to.ids --make-pgen --out $to");
    }
    my $m = () = slurp("$to.pvar") =~ /^[^#]/mg;
    for my $threads (1, 2) {
        my $r = measure(
            3,
            ours   => { cmd => "$sund kinship --threads $threads --snvs $snvs --out $to.ours $d->{store}" },
            plink2 => { cmd => "plink2 --memory 2000 --threads $threads --pfile $to --make-king-table --king-table-filter 0.0442 --out $to.theirs" },
        );
        my $pairs = $d->{n} * ($d->{n} - 1) / 2;
        row(task => "kinship of all pairs of $d->{n} people at $m common SNVs, whole command, $threads thread(s)", unit => 'pairs/s', ours => $pairs / $r->{ours}{wall}, plink2 => $pairs / $r->{plink2}{wall});
    }
};
1;
