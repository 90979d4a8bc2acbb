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

    # Real processes over TLS on this machine. Thirty nodes share its cores, hence fewer variants; ten million go once, undisturbed.
    my %what = (calm => 'undisturbed', node => 'one node killed and started again in the middle', hub => 'the hub killed and started again in the middle');
    for my $at ([3, 'r1m', qw(calm node hub)], [30, 'r100k', qw(calm node hub)], [3, 'r10m', 'calm']) {
        my ($nodes, $name, @how) = @$at;
        my $d = data($name);
        my $only = @how == 1 ? "env RESTARTS_ONLY=$how[0] " : '';
        my $v = measure(1, ours => { cmd => "${only}bench/restarts $d->{store} $d->{people} $d->{dictionary} $d->{bcf} $nodes" })->{ours}{value};
        for my $k (@how) {
            row(task => "counts of $d->{m} variants, $nodes nodes and a hub as processes, $what{$k}: submission to release", unit => 's', ours => $v->{"${k}_wall_s"});
            row(task => 'of it, CPU of all processes', unit => 's of CPU', ours => $v->{"${k}_cpu_s"});
            row(task => 'bytes up, of one node (the one that was killed)', unit => 'MB', ours => $v->{"${k}_up_mb"});
        }
        row(task => 'the result', unit => 'MB', ours => $v->{"$how[-1]_result_mb"});
        row(task => 'seconds until the researcher has it, checked', unit => 's', ours => $v->{"$how[-1]_fetch_s"});
        row(task => 'peak memory of a node', unit => 'MB', ours => $v->{"$how[-1]_node_mb"});
        row(task => 'peak memory of the hub', unit => 'MB', ours => $v->{"$how[-1]_hub_mb"});
    }
};
1;
