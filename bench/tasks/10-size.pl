use strict;
use warnings;
use Bench;

# Genotypes of the store: their blocks, the table of blocks, and 7 of each site's 16 bytes, which say where in a block it is.
sub genotype_bytes { my ($d) = @_; return size_of("$d->{store}/genotypes.bin", "$d->{store}/blocks.bin") + 7 * $d->{m} }

for my $what (['n20k', 'phased', '<= 0.6 x plink2'], ['n100k', 'phased', '<= 0.6 x plink2'], ['n20k-missing', '0.3 % missing, unphased', '<= 0.7 x plink2']) {
    my ($name, $text, $goal) = @$what;
    task "size-$name" => sub {
        my $d    = data($name);
        my $pgen = pgen($d);
        row(task => "size of genotypes, $d->{n} x $d->{m}, $text", unit => 'MB', ours => genotype_bytes($d) / 1e6, plink2 => size_of("$pgen.pgen") / 1e6, bcftools => size_of($d->{bcf}) / 1e6, goal => $goal);
        row(task => 'the same, bits a genotype', unit => 'bit', ours => 8 * genotype_bytes($d) / $d->{n} / $d->{m}, plink2 => 8 * size_of("$pgen.pgen") / $d->{n} / $d->{m});
        row(task => 'all files of it', unit => 'MB', ours => size_of(glob "$d->{store}/*") / 1e6, plink2 => size_of("$pgen.pgen", "$pgen.pvar", "$pgen.psam") / 1e6, bcftools => size_of($d->{bcf}) / 1e6);
    };
}
1;
