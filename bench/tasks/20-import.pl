use strict;
use warnings;
use Bench;
use File::Path qw(remove_tree);

# Variants a second into the form in which each program then works: a sealed store, a pgen, a BCF with its index.
for my $what (['vcf', 1, '>= 3 x plink2'], ['vcf', 2, '>= 5 x plink2'], ['bcf', 1, '>= 4 x plink2'], ['bcf', 2, '>= 4 x plink2']) {
    my ($form, $threads, $goal) = @$what;
    task "import-$form-$threads" => sub {
        my $d  = data('i20k');
        my $to = "$work/" . scale() . '/imported';
        my $on = $threads == 1 ? 'taskset -c 0 ' : '';
        my $r  = measure(
            3,
            ours     => { cmd => "${on}$sund import --store $to --samples $d->{samples} $d->{$form}", before => sub { remove_tree($to, "$to.part") } },
            plink2   => { cmd => "${on}plink2 --memory 2000 --threads $threads --$form $d->{$form} --make-pgen --out $to-plink" },
            bcftools => { cmd => "${on}bcftools view --threads " . ($threads - 1) . " -Ob -o $to.bcf $d->{$form}", runs => 1 },
        );
        row(task => 'import ' . ($form eq 'vcf' ? 'VCF.gz' : 'BCF') . ", $d->{n} people, $threads thread" . ($threads > 1 ? 's' : ''), unit => 'variants/s', (map { ($_ => $d->{m} / $r->{$_}{wall}) } keys %$r), goal => $goal);
        row(task => 'CPU of it', unit => 'us/variant', map { ($_ => 1e6 * $r->{$_}{cpu} / $d->{m}) } keys %$r);
        row(task => 'peak memory of it', unit => 'MB', map { ($_ => $r->{$_}{peak} / 1024) } keys %$r);
    };
}
1;
