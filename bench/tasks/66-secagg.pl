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
};
1;
