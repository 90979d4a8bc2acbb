use strict;
use warnings;
use Bench;

# One variant, a process for it alone, the files in the page cache.
task 'one-cold' => sub {
    my $d    = data('n20k');
    my $pgen = pgen($d);
    out_of("bcftools index -f $d->{bcf}") if !-e "$d->{bcf}.csi";
    my ($chrom, $pos, $ref, $alt) = split ' ', out_of("bcftools query -f '%CHROM %POS %REF %ALT\\n' $d->{bcf} | sed -n '" . int($d->{m} / 2) . "p'");
    my $r = measure(
        25,
        hot      => { cmd => [tool('one'), $d->{store}, ($chrom =~ s/^chr//r) . "-$pos-$ref-$alt"], runs => 7 },
        ours     => { cmd => [$sund, 'freq', $d->{store}, ($chrom =~ s/^chr//r) . "-$pos-$ref-$alt"] },
        plink2   => { cmd => "plink2 --memory 2000 --threads 1 --pfile $pgen --chr 20 --from-bp $pos --to-bp $pos --geno-counts --out $work/" . scale() . '/one', runs => 7 },
        bcftools => { cmd => "bcftools view -H -r $chrom:$pos-$pos -G $d->{bcf}", runs => 7 },
    );
    row(task => "one variant of $d->{m}, cold process", unit => 'ms', (map { ($_ => 1e3 * $r->{$_}{wall}) } grep { $_ ne 'hot' } keys %$r), goal => '<= 2');
    row(task => 'one variant, hot, in process: counts', unit => 'us', ours => $r->{hot}{value}{hot_us}, goal => '<= 1');
};
1;
