use strict;
use warnings;
use Bench;

# Genotype counts over every 10th person, whole file. plink2's own time is that of the command; what it takes in process is design's figure of pgenlib
# (8.2 and 4.1 million variants a second on such data), not measured here.
for my $what (['n20k', 30], ['n100k', 15]) {
    my ($name, $million) = @$what;
    task "counts-$name" => sub {
        my $d    = data($name);
        my $pgen = pgen($d);
        my $r    = measure(
            5,
            ours     => { cmd => tool('counts') . " $d->{store} $d->{tenth} 5" },
            plink2   => { cmd => "plink2 --memory 2000 --threads 1 --pfile $pgen --keep $d->{tenth} --geno-counts cols=chrom,pos,ref,alt,homref,refalt1,homalt1,missing zs --out $work/" . scale() . '/counts' },
        );
        row(task => "counts over a tenth of $d->{n} people, all sites, 1 thread (ours in process, hot)", unit => 'variants/s', ours => $r->{ours}{value}{variants_per_s}, plink2 => $d->{m} / $r->{plink2}{wall}, goal => '>= 10 x plink2');
        row(task => "the same, the first time: blocks are unpacked, digests checked", unit => 'variants/s', ours => $r->{ours}{value}{first_variants_per_s}, plink2 => $d->{m} / $r->{plink2}{wall});
        row(task => "50 kb of it ($r->{ours}{value}{region_sites} sites), in process, hot", unit => 'us', ours => $r->{ours}{value}{region_us}, goal => '<= 200');
        row(task => 'the same, every common site unpacked anew', unit => 'us', ours => $r->{ours}{value}{region_unpacking_us});
    };
}
1;
