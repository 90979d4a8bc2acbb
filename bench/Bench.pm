# What the tasks of a bench share: simulated data, measuring commands in turn, rows of the table.
#
#   task 'name' => sub { ... };            registers a task; BENCH_ONLY is matched against its name
#   my $d = data('n20k');                  simulated once, kept: $d->{store}, {bcf}, {vcf}, {samples}, {n}, {m}, {tenth} (a file of every 10th person), pgen($d)
#   my $c = covariates($d);                "$c/people.tsv", dictionary.tsv with eight more variables; pheno.txt and covar.txt say the same to plink2
#   my $r = measure(5, ours => {...}, plink2 => {...});   runs in turn A B A B; medians; commands go below the table
#       a command: cmd => 'words' or [words]; before => sub, outside of the time; runs => fewer than the others
#       a result:  {wall} {cpu} s, {peak} kB, {value}{NAME} medians of lines "NAME=number" that the command prints, {text} all that the last run printed
#   row(task => '...', unit => '...', ours => 1, plink2 => 2, bcftools => 3, goal => '>= 3 x plink2');   or goal => '<= 2' in the unit; goal and peers may be left out
#   note('...');                           a line below the table
package Bench;
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Exporter 'import';
use File::Path qw(make_path remove_tree);
our @EXPORT = qw(task data covariates grow_sets pgen measure row note tool scale out_of $sund $work size_of slurp spew);

our ($sund, $work, $now) = ('build/release/sund', $ENV{BENCH_WORK} // 'build/bench', '');
our (@task, @row, @note, %command, @order);
our $scale = $ENV{BENCH_SCALE} // 'full';
$scale =~ /^(full|small|tiny)$/ or die "BENCH_SCALE is full, small or tiny\n";

# people, sites, region, more options of 'sund simulate cohort'. i20k is n20k's beginning, for importing text.
my %set = (
    full => {
        'pages'        => [1000, 1000000, '20:1000000-60000000', 'store', ''],
        'n20k'         => [20000, 200000, '20:1000000-4000000', 'store,bcf', ''],
        'n20k-missing' => [20000, 200000, '20:1000000-4000000', 'store,bcf', '--missing 0.003 --unphased'],
        'l20k-missing' => [20000, 40000, '20:1000000-1600000', 'store,bcf', '--missing 0.005 --unphased'],
        'f2k'          => ['EE=600,FI=700,SE=700', 60000, '20:1000000-1900000', 'store,bcf', ''],
        'f20k'         => ['EE=6000,FI=7000,SE=7000', 60000, '20:1000000-1900000', 'store,bcf', ''],
        'f100k'        => ['EE=30000,FI=35000,SE=35000', 20000, '20:1000000-1300000', 'store,bcf', ''],
        'f500k'        => ['EE=150000,FI=175000,SE=175000', 10000, '20:1000000-1150000', 'store,bcf', ''],
        'n100k'        => [100000, 50000, '20:1000000-1400000', 'store,bcf', ''],
        'i20k'         => [20000, 20000, '20:1000000-1300000', 'store,vcf.gz,bcf', ''],
        'm20k'         => [20000, 50000, '20:1000000-1750000', 'store,bcf', ''],
        'r1m'          => [60, 1000000, '20:1000000-60000000', 'store,bcf', ''],
        'r10m'         => [60, 10000000, '20:1000000-60000000', 'store,bcf', ''],
        'r100k'        => [60, 100000, '20:1000000-60000000', 'store,bcf', ''],
        map { ("g$_->[0]" => [@$_, '20:1000000-1100000', 'store,bcf', '']) } [5000, 8000], [10000, 8000], [20000, 6000], [50000, 4000], [100000, 3000], [200000, 3000], [500000, 2000],
    },
    small => {
        'pages'        => [200, 100000, '20:1000000-10000000', 'store', ''],
        'n20k'         => [2000, 20000, '20:1000000-2000000', 'store,bcf', ''],
        'n20k-missing' => [2000, 20000, '20:1000000-2000000', 'store,bcf', '--missing 0.003 --unphased'],
        'l20k-missing' => [2000, 8000, '20:1000000-1600000', 'store,bcf', '--missing 0.005 --unphased'],
        'f2k'          => ['EE=60,FI=70,SE=70', 12000, '20:1000000-1900000', 'store,bcf', ''],
        'f20k'         => ['EE=600,FI=700,SE=700', 12000, '20:1000000-1900000', 'store,bcf', ''],
        'f100k'        => ['EE=3000,FI=3500,SE=3500', 4000, '20:1000000-1300000', 'store,bcf', ''],
        'f500k'        => ['EE=15000,FI=17500,SE=17500', 2000, '20:1000000-1150000', 'store,bcf', ''],
        'n100k'        => [10000, 5000, '20:1000000-1400000', 'store,bcf', ''],
        'i20k'         => [2000, 10000, '20:1000000-1500000', 'store,vcf.gz,bcf', ''],
        'm20k'         => [2000, 5000, '20:1000000-1250000', 'store,bcf', ''],
        'r1m'          => [60, 100000, '20:1000000-60000000', 'store,bcf', ''],
        'r10m'         => [60, 1000000, '20:1000000-60000000', 'store,bcf', ''],
        'r100k'        => [60, 20000, '20:1000000-60000000', 'store,bcf', ''],
        map { ("g$_->[0]" => [@$_, '20:1000000-1100000', 'store,bcf', '']) } [2000, 3000], [5000, 2000], [20000, 1000],
    },
    tiny => {
        'pages'        => [100, 500, '20:1000000-1100000', 'store', ''],
        'n20k'         => [100, 500, '20:1000000-1100000', 'store,bcf', ''],
        'n20k-missing' => [100, 500, '20:1000000-1100000', 'store,bcf', '--missing 0.003 --unphased'],
        'l20k-missing' => [100, 500, '20:1000000-1100000', 'store,bcf', '--missing 0.005 --unphased'],
        (map { ($_ => ['EE=60,FI=70,SE=70', 500, '20:1000000-1100000', 'store,bcf', '']) } qw(f2k f20k f100k f500k)),
        'n100k'        => [200, 500, '20:1000000-1100000', 'store,bcf', ''],
        'i20k'         => [100, 500, '20:1000000-1100000', 'store,vcf.gz,bcf', ''],
        'm20k'         => [100, 125, '20:1000000-1020000', 'store,bcf', ''],
        'r1m'          => [60, 20000, '20:1000000-60000000', 'store,bcf', ''],
        'r10m'         => [60, 40000, '20:1000000-60000000', 'store,bcf', ''],
        'r100k'        => [60, 20000, '20:1000000-60000000', 'store,bcf', ''],
        map { ("g$_->[0]" => [@$_, '20:1000000-1100000', 'store,bcf', '']) } [100, 500], [200, 500],
    },
);

sub scale { return $scale }
sub task { my ($name, $run) = @_; push @task, [$name, $run]; return }
sub note { push @note, $_[0]; return }
sub tool { return "build/release/bench/$_[0]" }
sub slurp { open my $f, '<', $_[0] or die "$_[0]: $!\n"; local $/; my $t = <$f>; return $t // '' }
sub spew { open my $f, '>', $_[0] or die "$_[0]: $!\n"; print $f $_[1]; close $f or die "$_[0]: $!\n"; return $_[0] }
sub size_of { my $n = 0; for (@_) { -e or die "$_ is not there\n"; $n += -s _ } return $n }

# Runs a command that is not measured.
sub out_of {
    my ($cmd) = @_;
    my $text = `$cmd 2>&1`;
    die "failed ($?): $cmd\n$text\n" if $?;
    return $text;
}

sub grow_sets { return sort { substr($a, 1) <=> substr($b, 1) } grep { /^g\d/ } keys %{ $set{$scale} } }

sub data {
    my ($name) = @_;
    my $s = $set{$scale}{$name} or die "no data set is called $name\n";
    my ($n, $m, $region, $formats, $more) = @$s;
    my $at  = "$work/$scale/$name";
    my $people = 0;
    $people += $_ for $n =~ /(\d+)(?:,|$)/g;
    my $cmd = "$sund simulate cohort --out $at --people $n --sites $m --region $region --format $formats $more --seed 1";
    my $version = "$cmd\n" . md5_hex(map { slurp($_) } sort glob('src/sim/*.c'), glob('src/store/enc*.c'), map { "src/store/$_.c" } qw(writer layout export));    # made again when the format or the model changes
    if (!-e "$at/made" || slurp("$at/made") ne $version) {
        remove_tree($at);
        make_path($at);
        print STDERR "  making $name: $n people, $m sites\n";
        out_of($cmd);
        my @id = map { (split /\t/)[0] } (split /\n/, slurp("$at/samples.tsv"))[1 .. $people];
        spew("$at/tenth", join '', map { "$id[$_]\n" } grep { $_ % 10 == 0 } 0 .. $#id);
        spew("$at/made", $version);
    }
    return { name => $name, at => $at, n => $people, m => $m, region => $region, store => "$at/store", bcf => "$at/cohort.bcf", vcf => "$at/cohort.vcf.gz", samples => "$at/samples.tsv",
        people => "$at/people.tsv", dictionary => "$at/dictionary.tsv", tenth => "$at/tenth" };
}

# The same as a PLINK 2 file set; its prefix.
sub pgen {
    my ($d) = @_;
    my $to = "$d->{at}/plink";
    out_of("plink2 --memory 2000 --threads 2 --bcf $d->{bcf} --make-pgen --out $to") if !-e "$to.pgen" || -M "$to.pgen" > -M "$d->{at}/made";
    return $to;
}

# People and dictionary of a set with eight more variables (people.tsv, dictionary.tsv), and the same for plink2 (pheno.txt, covar.txt); the folder they are in.
sub covariates {
    my ($d) = @_;
    my $at = "$d->{at}/linear";
    return $at if -e "$at/made" && -M "$at/made" < -M "$d->{at}/made";
    mkdir $at;
    my @name = map { "pc$_" } 1 .. 8;
    my @line = split /\n/, slurp($d->{people});
    my @head = split /\t/, shift @line;
    my %is   = map { ($head[$_] => $_) } 0 .. $#head;
    my ($people, $covar, $pheno) = (join("\t", @head, @name) . "\n", join("\t", '#IID', 'sex', 'age', @name) . "\n", "#IID\ttrait\n");
    srand 3;
    for (@line) {
        my @f = split /\t/, $_, -1;
        my @pc = map { sprintf '%.4f', rand() + rand() + rand() + rand() - 2 } @name;
        $people .= join("\t", @f, @pc) . "\n";
        $covar .= join("\t", $f[$is{person}], $f[$is{sex}] eq 'M' ? 1 : 0, $f[$is{age}], @pc) . "\n";
        $pheno .= "$f[$is{person}]\t$f[$is{simulated_trait}]\n";
    }
    spew("$at/people.tsv", $people);
    spew("$at/dictionary.tsv", slurp($d->{dictionary}) . join '', map { "$_\treal\t1\t-5\t5\t4\t\n" } @name);
    spew("$at/covar.txt", $covar);
    spew("$at/pheno.txt", $pheno);
    spew("$at/made", '');
    return $at;
}

sub median { my @s = sort { $a <=> $b } @_; return $s[$#s / 2] }

sub once {
    my ($label, $c) = @_;
    my $cmd = $c->{cmd};
    my @word = ref $cmd ? @$cmd : $cmd =~ /[<>|&;\$`'"*]/ ? ('/bin/sh', '-c', $cmd) : split ' ', $cmd;
    my $log = "$work/$scale/output";
    $c->{before}->() if $c->{before};
    my $pid = open my $f, '-|', tool('measure'), $log, @word or die "measure: $!\n";
    my $line = <$f>;
    close $f;
    my ($wall, $user, $sys, $peak, $status) = split ' ', $line // die "measure says nothing of: @word\n";
    my $text = slurp($log);
    die "failed ($status): @word\n" . substr($text, -2000) . "\n" if $status;
    my %value = $text =~ /^(\w+)=([-+0-9.eE]+)$/mg;
    return { wall => $wall, cpu => $user + $sys, peak => $peak, text => $text, %value ? (value => \%value) : () };
}

sub measure {
    my ($n, @what) = @_;
    my (%cmd, @label, %run, %result);
    while (my ($label, $c) = splice @what, 0, 2) { $cmd{$label} = $c; push @label, $label }
    $n = 1 if $scale eq 'tiny';
    for my $i (1 .. $n) {
        for my $label (@label) { push @{ $run{$label} }, once($label, $cmd{$label}) if $i <= ($cmd{$label}{runs} // $n) }
    }
    for my $label (@label) {
        my @r = @{ $run{$label} };
        my $cmd = $cmd{$label}{cmd};
        push @{ $command{$now} }, "$label: " . (ref $cmd ? join(' ', @$cmd) : $cmd);
        $result{$label} = { map { my $k = $_; ($k => median(map { $_->{$k} } @r)) } qw(wall cpu peak) };
        $result{$label}{text} = $r[-1]{text};
        for my $k (keys %{ $r[0]{value} // {} }) { $result{$label}{value}{$k} = median(map { $_->{value}{$k} } @r) }
    }
    return \%result;
}

# met: 'yes', 'no' or '' when there is no goal.
sub row {
    my (%r) = @_;
    if (($r{goal} // '') =~ /^(<=|>=) ([\d.]+)(?: x (\w+))?/) {
        my ($sign, $bound, $peer) = ($1, $2, $3);
        my $is = $r{ours};
        if (defined $peer) {
            $r{ratio} = $is = $r{$peer} ? $r{ours} / $r{$peer} : undef;
        }
        $r{met} = !defined $is ? '' : ($sign eq '<=' ? $is <= $bound : $is >= $bound) ? 'yes' : 'no';
    }
    $r{ratio} //= $r{ours} / $r{plink2} if $r{plink2} && defined $r{ours};
    $r{name} = $now;
    push @row, \%r;
    return;
}

sub number {
    my ($x) = @_;
    return '' if !defined $x;
    return $x if $x !~ /^[-+0-9.eE]+$/;
    my ($div, $suffix) = abs $x >= 1e6 ? (1e6, 'M') : abs $x >= 1e4 ? (1e3, 'k') : (1, '');
    my $v = $x / $div;
    return ($v == int $v && abs $v < 1000 ? $v : abs $v >= 100 ? sprintf('%.0f', $v) : sprintf('%.3g', $v)) . $suffix;
}

sub table {
    my $t = "| task | unit | ours | plink2 | bcftools | ours / plink2 | goal | met |\n|---|---|---|---|---|---|---|---|\n";
    for my $r (@row) {
        my $ratio = defined $r->{ratio} ? sprintf('%.3g', $r->{ratio}) : '';
        $t .= '| ' . join(' | ', $r->{task}, $r->{unit} // '', (map { number($r->{$_}) } qw(ours plink2 bcftools)), $ratio, $r->{goal} // '', $r->{met} // '') . " |\n";
    }
    return $t;
}

sub commands {
    my $t = '';
    for my $name (@order) { $t .= join '', "$name\n", map { "    $_\n" } @{ $command{$name} // [] } if $command{$name} }
    return $t;
}

# Runs what BENCH_ONLY (a pattern) names, in order. A task that fails is a row that says so; how many failed.
sub run_all {
    my ($only) = @_;
    my $failed = 0;
    for my $t (@task) {
        my ($name, $run) = @$t;
        next if $only ne '' && $name !~ /$only/;
        $now = $name;
        push @order, $name;
        print STDERR "$name\n";
        next if eval { $run->(); 1 };
        print STDERR "  $@";
        push @row, { name => $name, task => $name, ours => 'failed', met => 'no' };
        $failed++;
    }
    return $failed;
}

1;
