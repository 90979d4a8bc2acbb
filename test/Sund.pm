# What test programs share: TAP, a temporary folder, commands, tables, homes, and a federation of real processes on loopback.
package Sund;
use strict;
use warnings;
use Exporter 'import';
use File::Temp qw(tempdir);
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(time sleep);
our @EXPORT = qw(ok is done note skip_all $sund shared $tmp run out fails tsv slurp spew home study_file catalogue local_study port_free
    federation small_node start pid_of start_hub start_node stop stop_all submit status wait_for fetch);

our $sund = $ENV{SUND} // 'build/release/sund';
our $tmp  = tempdir('sund-test-XXXXXX', TMPDIR => 1, CLEANUP => !$ENV{SUND_KEEP});
my ($n, $failed) = (0, 0);
my %pid;    # of every process that was started and not yet stopped
my $mine = $$;

# Scalar context: a match that fails is no argument at all in a list, and the name would stand in for the verdict.
sub ok ($;$$) { my ($good, $name, $why) = @_; $n++; print $good ? 'ok' : 'not ok', " $n - $name\n"; if (!$good) { $failed++; print STDERR "# $name\n", $why // '' } return $good }
sub is ($$;$) { my ($got, $want, $name) = @_; return ok(($got // 'undef') eq $want, $name, '# got ' . ($got // 'undef') . ", want $want\n") }
sub note { print "# $_[0]\n" }
sub done { print "1..$n\n"; exit($failed ? 1 : 0) }
sub skip_all { print "ok 1 - all # SKIP $_[0]\n1..1\n"; exit 0 }

# A file of the shared data; the program is skipped, with a word, where there is none.
sub shared { my $f = "$ENV{SUND_SHARED}/data/$_[0]"; -e $f or skip_all("no shared data ($_[0])"); return $f }

# Runs a shell command: its output, or the end of the test with what it said.
sub out {
    my ($cmd) = @_;
    my $text = `{ $cmd
} 2>$tmp/stderr`;
    if ($?) { print STDERR "# failed ($?): $cmd\n", slurp("$tmp/stderr"); ok(0, "command: $cmd"); stop_all(); print "1..$n\n"; exit 1 }
    return $text;
}
sub run { out("$_[0] >$tmp/stdout"); return }

# A command that must fail with one of the exit states 2, 3, 4 (never a signal), saying all of these.
sub fails {
    my ($cmd, $name, @say) = @_;
    my $text = `{ $cmd
} 2>&1 </dev/null`;
    my $status = $?;
    my $good   = $status && !($status & 127) && ($status >> 8) >= 2 && ($status >> 8) <= 5;
    $good &&= $text =~ $_ for @say;
    return ok($good, $name, "# status $status: $cmd\n# $text\n");
}

sub slurp { open my $f, '<', $_[0] or return ''; local $/; my $t = <$f>; return $t // '' }
sub spew { open my $f, '>', $_[0] or die "$_[0]: $!\n"; print $f $_[1]; close $f or die; return $_[0] }

# Rows of a table as hashes. A leading '#' of the header is dropped.
sub tsv {
    my ($path) = @_;
    my $from = $path =~ /\.gz$/ ? "gzip -dc $path |" : "< $path";
    open my $f, $from or die "$path: $!\n";
    my $head = <$f> // return [];
    chomp $head;
    my @col = split /\t/, $head =~ s/^#//r, -1;
    my @rows;
    while (<$f>) { chomp; my %r; @r{@col} = split /\t/, $_, -1; push @rows, \%r }
    return \@rows;
}

# A node's home with people; the store goes to its store/ by import options; node_ini: more lines for [node] of its sund.ini.
sub home {
    my ($dir, %o) = @_;
    my $id = $o{id} // 'local';
    run("$sund init --id $id --access " . ($o{access} // 'open') . " --approve all $dir");
    spew("$dir/sund.ini", slurp("$dir/sund.ini") =~ s/^\[node\]\n\K/$o{node_ini}/mr) if $o{node_ini};
    run("$sund import --store $dir/store $o{import}") if $o{import};
    run("$sund people --home $dir" . ($o{dictionary} ? " --dictionary $o{dictionary}" : '') . " $o{people}") if $o{people};
    return $dir;
}

sub catalogue {
    my ($path, $options) = @_;
    my ($digest) = out("$sund catalogue --out $path $options") =~ /^catalogue = ([0-9a-f]{64})$/m;
    return $digest;
}

# key => value pairs in order; title, purpose and cohort have defaults.
sub study_file {
    my ($path, %kv) = @_;
    %kv = (title => 'test', purpose => 'general-research', cohort => 'all', %kv);
    return spew($path, "[study]\n" . join '', map { "$_ = $kv{$_}\n" } sort keys %kv);
}

my $runs = 0;

sub local_study {
    my ($home, $catalogue, $study, $options) = @_;
    my $to = "$tmp/result-" . ++$runs;
    run("$sund study run --local --home $home --catalogue $catalogue --out $to " . ($options // '') . " $study");
    return $to;
}

# ---- processes ----

sub start {
    my ($name, $log, @cmd) = @_;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDIN,  '<',  '/dev/null' or die;
        open STDOUT, '>>', $log or die;
        open STDERR, '>>', $log or die;
        if (ref $cmd[0]) { $cmd[0]->(); POSIX::_exit(0) }    # a server of the test's own
        exec @cmd or POSIX::_exit(127);
    }
    $pid{$name} = $pid;
    return $pid;
}

sub stop {
    my ($name, $signal) = @_;
    my $pid = delete $pid{$name} // return;
    kill $signal // 'TERM', $pid;
    for (1 .. 200) { return $? if waitpid($pid, WNOHANG) == $pid; sleep 0.05 }
    kill 'KILL', $pid;
    waitpid $pid, 0;
    return -1;
}
sub stop_all { stop($_) for keys %pid; return }
$SIG{$_} = sub { exit 1 } for qw(HUP INT PIPE TERM);    # else END is not run, and servers would go on
END { if ($$ == $mine) { my $s = $?; kill 'KILL', values %pid; waitpid $_, 0 for values %pid; $? = $s } }

# A federation in $tmp/$dir: hub, anna, and the nodes; node => { import => ..., people => ..., dictionary => ..., access => ..., env => {...} }.
sub federation {
    my ($dir, %node) = @_;
    my $tap = delete $node{tap};    # every byte above TLS goes to files $tmp/$dir/tap.up and tap.down
    my @asker = map { sprintf 'asker%02d', $_ } 1 .. (delete $node{askers} // 0);    # researchers beside anna
    my $at = "$tmp/$dir";
    mkdir $at or die;
    my $f = { at => $at, node => \%node, name => $dir, program => delete $node{hub_program} };
    my $port = 20000 + ($$ * 7 + length $dir) % 20000;
    for (1 .. 50) { last if port_free($port); $port++ }
    run("$sund init --role hub --id hub --port $port $at/hub");
    run("$sund init --role researcher --id $_ $at/$_") for 'anna', @asker;
    home("$at/$_", id => $_, %{ $node{$_} }) for sort keys %node;
    run("$sund roster make --name test $at/roster.ini $at/hub/member.ini " . join(' ', map { "$at/$_/member.ini" } sort keys %node) . join '', map { " $at/$_/member.ini" } 'anna', @asker);
    run("$sund roster sign --home $at/$_ $at/roster.ini") for sort keys %node;
    run("$sund roster install --home $at/$_ $at/roster.ini") for sort(keys %node), 'hub', 'anna', @asker;
    tap($f, $port) if $tap;
    start_hub($f);
    start_node($f, $_) for sort keys %node;
    return $f;
}

# The hub listens elsewhere, and a man in the middle who holds its key writes down what passes.
sub tap {
    my ($f, $port) = @_;
    my $at = $f->{at};
    my $inner = $port + 1;
    for (1 .. 50) { last if port_free($inner); $inner++ }
    spew("$at/hub/sund.ini", slurp("$at/hub/sund.ini") =~ s/^port = \d+$/port = $inner/mr);
    start("$f->{name}/tap", "$at/tap.log", "socat", "-r", "$at/tap.up", "-R", "$at/tap.down",
        "OPENSSL-LISTEN:$port,bind=127.0.0.1,cert=$at/hub/tls.cert,key=$at/hub/tls.key,verify=0,fork,reuseaddr", "OPENSSL:127.0.0.1:$inner,verify=0");
    for (1 .. 200) { last if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port); sleep 0.05 }
    return;
}

sub port_free {
    require IO::Socket::INET;
    my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $_[0], Listen => 1, ReuseAddr => 1) or return 0;
    close $s;
    return 1;
}

sub start_hub {
    my ($f) = @_;
    unlink "$f->{at}/hub.port";
    start("$f->{name}/hub", "$f->{at}/hub.log", $f->{program} // $sund, 'hub', '--home', "$f->{at}/hub", '--port-file', "$f->{at}/hub.port");
    for (1 .. 200) { return 1 if -s "$f->{at}/hub.port"; sleep 0.05 }
    ok(0, 'the hub starts', slurp("$f->{at}/hub.log"));
    return 0;
}

# A country for federation(): so many women (30) with genotypes at 20:100, 20:200, ... (20 of them, A to G), drawn anew, or as gt(site, number of the person) says. Its files are $tmp/$c.vcf and so on.
my $drawn = 11;

sub small_node {
    my ($c, %o) = @_;
    my @id = map { sprintf "$c%03d", $_ } 1 .. $o{people} // 30;
    my $gt = $o{gt} // sub { $drawn = ($drawn * 1103515245 + 12345) % 2147483648; return (qw(0/0 0/1 1/1))[ $drawn / 65536 % 3 ] };
    spew("$tmp/$c.vcf", join '', map { "$_\n" } '##fileformat=VCFv4.2', '##contig=<ID=20,length=63025520>', '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">',
        join("\t", '#CHROM', qw(POS ID REF ALT QUAL FILTER INFO FORMAT), @id),
        map { my $site = $_; join "\t", 20, 100 * $site, '.', 'A', 'G', '.', '.', '.', 'GT', map { $gt->($site, $_) } 1 .. @id } 1 .. $o{sites} // 20);
    spew("$tmp/$c.samples", "person\tsex\n" . join '', map { "$_\tF\n" } @id);
    spew("$tmp/$c.tsv", "person\tsex\tcountry\tconsent\n" . join '', map { "$_\tF\t$c\tGRU\n" } @id);
    return { import => "--samples $tmp/$c.samples --assembly GRCh37 $tmp/$c.vcf", people => "$tmp/$c.tsv", $o{access} ? (access => $o{access}) : () };
}

# A started process's number, once it runs the program it was started for.
sub pid_of { return $pid{ $_[0] } }

sub start_node {
    my ($f, $id) = @_;
    my $o   = $f->{node}{$id};
    my @env = map { "$_=$o->{env}{$_}" } sort keys %{ $o->{env} // {} };
    start("$f->{name}/$id", "$f->{at}/$id.log", 'env', @env, $o->{program} // $sund, 'node', '--home', "$f->{at}/$id");
    return;
}

# A study's text to the hub as anna; its name.
sub submit {
    my ($f, $path) = @_;
    my ($name) = out("$sund study submit --home $f->{at}/anna $path") =~ /^study = ([0-9a-f]{64})$/m;
    return $name;
}

sub status { my ($f, $name) = @_; return out("$sund study status --home $f->{at}/anna $name") }

# Polls until the study's status matches, at most so many seconds. The status, or undef.
sub wait_for {
    my ($f, $name, $like, $seconds) = @_;
    for (my $end = time + ($seconds // 240); time < $end; sleep 0.1) {
        my $s = `$sund study status --home $f->{at}/anna $name 2>/dev/null`;
        return $s if $s =~ $like;
    }
    print STDERR '# status: ', scalar `$sund study status --home $f->{at}/anna $name 2>&1`, map { "# $_: " . (slurp("$f->{at}/$_.log") =~ s/\n/\n#   /gr) . "\n" } 'hub', sort keys %{ $f->{node} };
    return undef;
}

sub fetch {
    my ($f, $name) = @_;
    my $to = "$tmp/fetched-" . ++$runs;
    run("$sund study fetch --home $f->{at}/anna --out $to $name");
    return $to;
}

1;
