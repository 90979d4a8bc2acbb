use strict;
use warnings;
use Bench;
use File::Path qw(make_path remove_tree);

# Peak memory of each command at 100,000 people; and, at 20,000, how it grows from 50,000 variants, enough to fill every buffer, to four times as many.
task 'memory' => sub {
    my @d    = map { data($_) } qw(n100k m20k n20k);
    my $here = "$work/" . scale() . '/memory';
    my @home = map { home($_) } @d;
    my %cmd  = (
        simulate => sub { "$sund simulate cohort --out $here/simulated --people $_[0]{n} --sites $_[0]{m} --region $_[0]{region}" },
        import   => sub { "$sund import --store $here/imported --samples $_[0]{samples} $_[0]{bcf}" },
        info     => sub { "$sund info $_[0]{store}" },
        verify   => sub { "$sund verify $_[0]{store}" },
        'study run --local, counts' => sub { "$sund study run --local --home $_[0]{at}/home --catalogue $_[0]{at}/home/c.catalogue --out $here/counts $_[0]{at}/home/counts.ini" },
        'study run --local, linear' => sub { "$sund study run --local --home $_[0]{at}/home --catalogue $_[0]{at}/home/c.catalogue --out $here/linear $_[0]{at}/home/linear.ini" },
    );
    for my $name ('simulate', 'import', 'info', 'verify', 'study run --local, counts', 'study run --local, linear') {
        my $fresh = sub { remove_tree($here); make_path($here) };
        my $r = measure(1, map { ($_->{name} => { cmd => $cmd{$name}->($_), before => $fresh }) } @d);
        my ($large, $few, $many) = map { $r->{ $_->{name} }{peak} / 1024 } @d;
        row(task => "peak memory of $name, $d[0]{n} people x $d[0]{m}", unit => 'MiB', ours => $large, goal => '<= 1024');
        row(task => "the same at $d[1]{n} people: $d[2]{m} variants by $d[1]{m}", unit => 'ratio', ours => $many / $few, goal => '<= 1.1');
        note(sprintf '%s: %.0f bytes a variant more', $name, ($many - $few) * 1048576 / ($d[2]{m} - $d[1]{m})) if $many > 1.1 * $few;
    }
    remove_tree($here);
};

# A node's home over a data set: its people, a catalogue of all its variants, two studies.
sub home {
    my ($d) = @_;
    my $home = "$d->{at}/home";
    return $home if -e "$home/linear.ini";
    remove_tree($home);
    out_of("$sund init --id bench --access open $home");
    symlink '../store', "$home/store" or die "$home/store: $!\n";
    out_of("$sund people --home $home --dictionary $d->{dictionary} $d->{people}");
    my ($digest) = out_of("$sund catalogue --assembly GRCh38 --out $home/c.catalogue $d->{bcf}") =~ /^catalogue = ([0-9a-f]{64})$/m;
    my $study = "[study]\ntitle = bench\npurpose = general-research\ncohort = all\nnodes = bench\ncatalogue = $digest\n";
    spew("$home/counts.ini", "${study}analysis = counts\n");
    spew("$home/linear.ini", "${study}analysis = linear\noutcome = simulated_trait\ncovariates = age, sex\nstrata = country\n");
    return $home;
}
1;
