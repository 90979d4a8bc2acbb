use strict;
use warnings;
use Bench;

# Ten principal components of the single-base variants with a minor allele frequency of 1 % or more (some 6,700 of one stretch), 20,000 people, without pruning on
# either side: our whole study as a command (people, counts, Krylov rounds, table, every person's scores into the database) beside plink2 --pca approx (exact
# where there are too few variants for that) on a file set of the same variants.

task 'pca' => sub {
    my $d    = data('n20k');
    my $at   = covariates($d);
    my $full = pgen($d);
    my $pgen = "$d->{at}/pca";
    my $home = "$pgen-home";
    if (!-e "$pgen.pgen" || -M "$pgen.pgen" > -M "$full.pgen") {
        out_of("plink2 --memory 2000 --threads 2 --pfile $full --maf 0.01 --snps-only --make-pgen --out $pgen");
        spew("$pgen.vcf", "##fileformat=VCFv4.3\n##contig=<ID=20>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" . join '', map { s/^chr//r } map { join("\t", (split /\t/)[0 .. 4], '.', '.', '.') . "\n" } grep { !/^#/ } split /\n/, slurp("$pgen.pvar"));
    }
    if (!-e "$home/ready" || -M "$home/ready" > -M "$pgen.pgen") {
        out_of("rm -rf $home $pgen.catalogue && $sund init --id bench --access open $home && ln -s \$(realpath $d->{store}) $home/store && $sund people --home $home --dictionary $at/dictionary.tsv $at/people.tsv");
        my ($digest) = out_of("$sund catalogue --assembly GRCh38 --out $pgen.catalogue $pgen.vcf") =~ /^catalogue = (\w+)/m;
        spew("$pgen.ini", "[study]\ntitle = bench\nanalysis = pca\npurpose = general-research\ncohort = all\ncatalogue = $digest\nnodes = A, B, C\nr2 = 1\nmin_maf = 0\n");
        spew("$home/ready", '');
    }
    for my $threads (1, 2) {
        my $r = measure(
            3,
            ours   => { cmd => "$sund study run --local --threads $threads --home $home --catalogue $pgen.catalogue --out $pgen-result $pgen.ini" },
            plink2 => { cmd => "plink2 --memory 2000 --threads $threads --pfile $pgen --pca " . (scale() eq 'tiny' ? '' : 'approx ') . "10 --seed 1 --out $pgen-$threads" },
        );
        row(task => "10 components, $d->{n} people, 1 % or more, $threads thread" . ($threads > 1 ? 's' : '') . ': whole command', unit => 's', ours => $r->{ours}{wall}, plink2 => $r->{plink2}{wall},
            $threads == 1 ? (goal => '<= 1') : ());
    }
};
1;
