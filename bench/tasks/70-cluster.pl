use strict;
use warnings;
use Bench;
use Cwd qw(abs_path);
use File::Path qw(make_path remove_tree);
use lib 'test';
use Slurm;

# What a cluster costs: a linear study by engine = slurm - two nodes on this machine, one processor each, tasks at a time as local has threads - against the same study
# by engine = local on two threads; and what a task does before it computes anything.
task 'cluster' => sub {
    my $d    = data('n20k');
    my $here = abs_path($work) . '/' . scale() . '/cluster';
    my ($home, $n_chunk) = ("$here/home", int(($d->{m} + 4095) / 4096));
    remove_tree($here);
    make_path("$here/bin");
    my $why = Slurm::begin("$here/slurm", 1);
    return note("cluster: not measured: $why") if $why;
    out_of("$sund init --id bench --access open $home");
    symlink abs_path($d->{store}), "$home/store" or die "$home/store: $!\n";
    spew("$home/sund.ini", slurp("$home/sund.ini") =~ s/^\[node\]\n\K/"slurm_tasks = 2\nslurm_items = " . int($d->{m} \/ 2) . "\n"/mre);
    out_of("$sund people --home $home --dictionary $d->{dictionary} $d->{people}");
    my ($digest) = out_of("$sund catalogue --assembly GRCh38 --out $here/catalogue $d->{bcf}") =~ /^catalogue = ([0-9a-f]{64})$/m;
    spew("$here/linear.ini", "[study]\ntitle = bench\npurpose = general-research\ncohort = all\nnodes = bench\ncatalogue = $digest\nanalysis = linear\noutcome = simulated_trait\ncovariates = age, sex\nstrata = country\n");

    # sbatch also keeps a copy of the work folder, in which a task with nothing to compute is run
    spew("$here/bin/sbatch", "#!/bin/sh\nfor a; do last=\$a; done\nrm -rf $here/kept && cp -r \"\$last\" $here/kept\nexec /usr/bin/sbatch \"\$@\"\n");
    chmod 0755, "$here/bin/sbatch";
    local $ENV{PATH} = "$here/bin:$ENV{PATH}";
    my $run = "$sund study run --local --home $home --catalogue $here/catalogue --out $here/out --threads 2";
    my $r   = measure(3, ours => { cmd => "$run --engine slurm $here/linear.ini" }, local => { cmd => "$run --engine local $here/linear.ini" });
    row(task => "linear study by engine = slurm, two tasks on this machine, $d->{n} x $d->{m}", unit => 's', ours => $r->{ours}{wall});
    row(task => 'that by the same study with engine = local on two threads', unit => 'ratio', ours => $r->{ours}{wall} / $r->{local}{wall});
    my ($round) = sort { $b <=> $a } map { m{/(\d+)\.totals$} } glob "$here/kept/*.totals";
    if ($round) {
        my $t = measure(5, ours => { cmd => "$sund task --round $round --tasks 1 --task 0 --from $n_chunk $here/kept" });
        row(task => 'what a task does before it computes: brief, catalogue, view, totals so far', unit => 's', ours => $t->{ours}{wall});
    }
    Slurm::end();
    remove_tree($here);
};
1;
