use strict;
use warnings;
use Bench;
use Plot;
use File::Path qw(remove_tree);

# How time and memory grow from 5,000 to 500,000 people: a rare site by its carriers, whatever the number of people; a common one, import and
# memory by people. Writes growth.tsv and growth.svg (beside this folder when it was a full run).
task 'growth' => sub {
    my (@tsv, %rare, @common, @import, @peak_read, @peak_import);
    for my $d (map { data($_) } grow_sets()) {
        my $to = "$work/" . scale() . '/imported';
        my $r  = measure(
            1,
            read   => { cmd => tool('growth') . " $d->{store}" },
            import => { cmd => "taskset -c 0 $sund import --store $to --samples $d->{samples} $d->{bcf}", before => sub { remove_tree($to, "$to.part") } },
        );
        for (split /\n/, $r->{read}{text}) {
            my ($kind, $x, $sites, $us) = /^(rare|common) (\S+) (\d+) (\S+)$/ or next;
            push @tsv, [$d->{n}, $kind, $kind eq 'rare' ? $x : '', $sites, $us];
            if ($kind eq 'rare') { push @{ $rare{ $d->{n} } }, [$x, $us] if $sites >= 3 }
            else { push @common, [$d->{n}, $us] }
        }
        push @import, [$d->{n}, 1e6 * $r->{import}{cpu} / $d->{m}];
        push @peak_read,   [$d->{n}, $r->{read}{peak} / 1024];
        push @peak_import, [$d->{n}, $r->{import}{peak} / 1024];
        push @tsv, [$d->{n}, 'import', '', $d->{m}, sprintf '%.1f', $import[-1][1]], map { [$d->{n}, $_->[0], '', '', sprintf '%.1f', $_->[1][-1][1]] } ['read_peak_mib', \@peak_read], ['import_peak_mib', \@peak_import];
    }
    my @n  = sort { $a <=> $b } keys %rare;
    my $at = scale() eq 'full' ? 'bench' : $work;
    spew("$at/growth.tsv", "people\twhat\tcarriers\tsites\tus_or_mib\n" . join '', map { join("\t", @$_) . "\n" } @tsv);
    spew("$at/growth.svg", plot(
        'Growth with people and carriers, simulated cohorts; dotted: linear',
        { title => 'A rare site, read and counted', x => 'carriers', y => 'microseconds', lines => [map { [Plot::short($_) . ' people', $rare{$_}] } @n] },
        { title => 'A common site, read and counted', x => 'people', y => 'microseconds', lines => [['common', \@common]] },
        { title => 'Import from BCF, one processor', x => 'people', y => 'microseconds of CPU a variant', lines => [['import', \@import]] },
        { title => 'Peak memory', x => 'people', y => 'MiB', lines => [['reading', \@peak_read], ['import', \@peak_import]] },
    ));
    row(task => "growth of a common site's time, $n[0] to $n[-1] people", unit => 'power of people', ours => power(@common), goal => '<= 1.2');
    row(task => "growth of import's CPU, the same", unit => 'power of people', ours => power(@import), goal => '<= 1.2');
    row(task => "a site with one carrier, $n[-1] people by $n[0]", unit => 'ratio', ours => $rare{ $n[-1] }[0][1] / $rare{ $n[0] }[0][1], goal => '<= 2');
    note("growth from $n[0] to $n[-1] people: bench/growth.tsv, bench/growth.svg") if scale() eq 'full';
};

# Of y in x, from the first point to the last: 1 is linear.
sub power {
    my @p = sort { $a->[0] <=> $b->[0] } @_;
    return log($p[-1][1] / $p[0][1]) / log($p[-1][0] / $p[0][0]);
}
1;
