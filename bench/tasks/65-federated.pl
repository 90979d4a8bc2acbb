use strict;
use warnings;
use Bench;
use Cwd 'abs_path';

# A linear study over three nodes and a hub on this machine, and the same study pooled in one store: CPU of all processes, to the written folder. What a study's messages cost goes with its
# variants, what its sums cost with variants x people: the more people, the less the federation weighs. f500k is a whole country's cohort, run once.
sub stores {    # one of each node, and the pooled one
    my ($d) = @_;
    my $c  = covariates($d);
    my $at = "$d->{at}/federated";
    return $at if -e "$at/made" && -M "$at/made" <= -M "$d->{at}/made";
    out_of("rm -rf $at && mkdir $at && ln -s " . abs_path($d->{store}) . " $at/pooled.store && ln -s " . abs_path($d->{bcf}) . " $at/cohort.bcf && cp $c/dictionary.tsv $at/ && cp $c/people.tsv $at/pooled.tsv");
    my ($head, @line) = split /^/, slurp("$c/people.tsv");
    for my $n (qw(EE FI SE)) {
        out_of("$sund import --store $at/$n.store --samples $d->{samples} --keep country=$n --assembly GRCh38 $d->{bcf}");
        spew("$at/$n.tsv", join '', $head, grep { (split /\t/)[2] eq $n } @line);
    }
    spew("$at/made", '');
    return $at;
}

task 'federated' => sub {
    for my $name (qw(f2k f20k f100k f500k)) {
        my $d = data($name);
        my $r = measure(3, ours => { cmd => 'bench/federated ' . stores($d), runs => $name eq 'f500k' ? 1 : 3 }, masks => { cmd => tool('masks') . ' ' . 16 * $d->{m} });    # 4 words of counts and 12 of sums
        my ($all, $pooled) = @{ $r->{ours}{value} }{qw(federated_cpu_s pooled_cpu_s)};
        my %goal = $name eq 'f20k' ? (goal => '<= 1.3') : ();
        row(task => "federated linear study, 3 nodes and a hub, $d->{n} people, $d->{m} sites: CPU of all processes and of the commands over that of the pooled command ($pooled s)", unit => 'x pooled', ours => $all / $pooled, %goal);
        row(task => 'of it, masks: three nodes mask and open', unit => 'of the CPU', ours => 3 * $r->{masks}{value}{masks_cpu_s} / $all, $name eq 'f20k' ? (goal => '<= 0.05') : ());
    }
};
1;
