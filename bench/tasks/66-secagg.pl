use strict;
use warnings;
use Bench;

# What summing over nodes costs one of them: masks, the check of the hub's addition, opening; 4 words a variant, as counts have.
task 'secagg' => sub {
    my $n = scale() eq 'full' ? 10_000_000 : scale() eq 'small' ? 1_000_000 : 20_000;
    for my $nodes (3, 30) {
        my $v = measure(3, ours => { cmd => tool('secagg') . " $n 4 $nodes" })->{ours}{value};
        row(task => "$n variants among $nodes nodes: masks, check and opening at one node", unit => 's of CPU', ours => $v->{cpu_s});
        row(task => 'of it, the check of the addition', unit => 's of CPU', ours => $v->{check_cpu_s});
        row(task => 'bytes up and down', unit => 'MB', ours => $v->{up_mb} + $v->{down_mb});
    }

    # Real processes over TLS on this machine. Thirty nodes share its cores, hence fewer variants.
    my %what = (calm => 'undisturbed', node => 'one node killed and started again in the middle', hub => 'the hub killed and started again in the middle');
    for my $at ([3, 'r1m'], [30, 'r100k'], [3, 'r10m']) {
        my ($nodes, $name) = @$at;
        my $d = data($name);
        my $v = measure(1, ours => { cmd => "bench/restarts $d->{store} $d->{people} $d->{dictionary} $d->{bcf} $nodes" })->{ours}{value};
        for my $k (qw(calm node hub)) {
            row(task => "counts of $d->{m} variants, $nodes nodes and a hub as processes, $what{$k}: submission to release", unit => 's', ours => $v->{"${k}_wall_s"});
            row(task => 'of it, CPU of all processes', unit => 's of CPU', ours => $v->{"${k}_cpu_s"});
            row(task => 'bytes up, of one node (the one that was killed)', unit => 'MB', ours => $v->{"${k}_up_mb"});
        }
        row(task => 'the result', unit => 'MB', ours => $v->{"hub_result_mb"});
        row(task => 'seconds until the researcher has it, checked', unit => 's', ours => $v->{"hub_fetch_s"});
        row(task => 'peak memory of a node', unit => 'MB', ours => $v->{"hub_node_mb"});
        row(task => 'peak memory of the hub', unit => 'MB', ours => $v->{"hub_hub_mb"});
    }
};
1;
