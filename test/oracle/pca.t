#!/usr/bin/perl
# Principal components of Europeans of the 1000 Genomes Project on chromosome 20 beside plink2 --pca; and plink2 finds nothing to prune in what we kept.
use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/..';
use Sund;

my $genomes = shared('1kg-eur-chr20/reference.vcf.gz');
my ($names) = grep { /^#CHROM/ } split /\n/, out("gzip -dc $genomes | head -n 500");
my @id = split /\t/, $names;
splice @id, 0, 9;
spew("$tmp/samples.tsv", join '', "person\tsex\tpopulation\tcountry\n", map { "$_\tU\tx\tXX\n" } @id);
spew("$tmp/people.tsv",  join '', "person\tsex\tcountry\tconsent\n",    map { "$_\tU\tXX\tGRU\n" } @id);
run("$sund init --id XX --access open $tmp/xx");
run("$sund import --store $tmp/xx/store --samples $tmp/samples.tsv --assembly GRCh37 $genomes");
run("$sund people --home $tmp/xx $tmp/people.tsv");
my ($catalogue) = out("$sund catalogue --assembly GRCh37 --out $tmp/catalogue $genomes") =~ /^catalogue = (\w+)/m;
my $head = "[study]\ntitle = Components\nanalysis = pca\npurpose = general-research\ncohort = all\ncatalogue = $catalogue\nnodes = XX\nmin_maf = 0.05\n";

spew("$tmp/all.ini", "${head}components = 4\nblock = 32\nrounds = 16\nr2 = 1\n");
run("$sund study run --local --home $tmp/xx --catalogue $tmp/catalogue --out $tmp/all $tmp/all.ini");
run("plink2 --vcf $genomes --maf 0.05 --snps-only --max-alleles 2 --set-all-var-ids '\@:#:\$r:\$a' --new-id-max-allele-len 100 --threads 1 --memory 1000 --make-pgen --out $tmp/p >/dev/null");
run("plink2 --pfile $tmp/p --pca 4 --threads 1 --memory 1000 --out $tmp/p >/dev/null");
my @value = split /\n/, slurp("$tmp/p.eigenval");
my @row   = @{ tsv("$tmp/all/table.tsv") };
my %of;    # plink2's vectors
for (split /\n/, slurp("$tmp/p.eigenvec")) {
    my @f = split /\t/;
    $of{ $f[0] } = [@f[1 .. 4]] if !/^#/;
}
for my $k (0 .. 3) {
    ok(abs($row[$k]{eigenvalue_grm} / $value[$k] - 1) < 1e-5, "eigenvalue $row[$k]{eigenvalue_grm} is plink2's $value[$k]");
    my ($xy, $xx, $yy) = (0, 0, 0);
    for (split /\n/, out(qq{sqlite3 $tmp/xx/people.db "SELECT p.person, v.raw FROM value v JOIN person p ON p.id = v.person JOIN variable a ON a.id = v.variable WHERE a.name = '$row[$k]{variable}'"})) {
        my ($person, $x) = split /\|/;
        my $y = $of{$person}[$k];
        $xy += $x * $y;
        $xx += $x * $x;
        $yy += $y * $y;
    }
    ok($xx > 0 && 1 - abs($xy) / sqrt($xx * $yy) < 1e-6, sprintf('component %d is plink2\'s but for its sign: 1 - |r| = %.1e', $k + 1, 1 - abs($xy) / sqrt($xx * $yy)));
}

spew("$tmp/pruned.ini", "${head}components = 2\nr2 = 0.2\nwindow = 500\nrelease = loadings\n");
run("$sund study run --local --home $tmp/xx --catalogue $tmp/catalogue --out $tmp/pruned $tmp/pruned.ini");
my @kept = map { "$_->{chrom}:$_->{pos}:$_->{ref}:$_->{alt}" } @{ tsv("$tmp/pruned/loadings.tsv") };
spew("$tmp/kept", join '', map { "$_\n" } @kept);
run("plink2 --pfile $tmp/p --extract $tmp/kept --indep-pairwise 10 1 0.2 --threads 1 --memory 1000 --out $tmp/k >/dev/null");
my $in = () = slurp("$tmp/k.prune.in") =~ /^\S/mg;
ok(@kept > 50 && $in == @kept, "plink2 --indep-pairwise leaves all of our " . @kept . ": $in");
run("plink2 --pfile $tmp/p --indep-pairwise 500 1 0.2 --threads 1 --memory 1000 --out $tmp/q >/dev/null");
my $theirs = () = slurp("$tmp/q.prune.in") =~ /^\S/mg;
ok(abs(@kept / $theirs - 1) < 0.15, "about as many as plink2 keeps in its own order, $theirs");
done();
