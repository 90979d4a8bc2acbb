#!/usr/bin/perl
# A federation whose nodes have clusters: Slurm on this machine (two compute nodes on loopback), real genomes, engine = slurm, with tasks that fail, are
# cancelled, are killed, a part that is damaged and a node that is killed in mid-round - and the bytes of engine = local.
# Skipped, with a word, where Slurm is not installed or this is not root (munge and slurmd want to be).
use strict;
use warnings;
use lib 'test';
use Slurm;
use Sund;
use Time::HiRes qw(time sleep);

my @vcf     = map { shared("1kg-eur-chr20/$_.vcf.gz") } qw(reference unphased);
my $samples = shared('1kg-eur-chr20/samples.tsv');
my $began   = time;
my $why     = Slurm::begin("$tmp/slurm", 2);
skip_all($why) if $why;
note(sprintf 'Slurm is up after %.1f s', time - $began);

# ---- what goes wrong on purpose ----
# Task 0 of the first job of a round waits until it may go on, 1 fails, 2 and 3 wait to be cancelled and killed; run again they work. sbatch is called
# through a wrapper that writes down what it was given and puts this script before the task.
mkdir $_ or die for "$tmp/bin", "$tmp/did";
spew("$tmp/bad", <<'SH');
#!/bin/sh
did=$BAD_DIR/did/$SLURM_ARRAY_TASK_ID
[ -e "$did" ] && exec "$@"
echo $$ >"$did.new" && mv "$did.new" "$did"
case $SLURM_ARRAY_TASK_ID in
0) for i in $(seq 600); do [ -e "$BAD_DIR/go" ] && break; sleep 0.1; done ;;
1) echo 'sund task: this one was made to fail' >&2; exit 3 ;;
2 | 3) exec sleep 300 ;;
esac
exec "$@"
SH
spew("$tmp/bin/sbatch", <<'SH');
#!/bin/sh
for a; do case $a in --array=*) echo "$a" >>"$BAD_DIR/sbatch.log" ;; esac; done
for a; do
    shift
    case $a in */run) a=$BAD_DIR/bad ;; esac
    set -- "$@" "$a"
done
exec /usr/bin/sbatch "$@"
SH
chmod 0755, "$tmp/bad", "$tmp/bin/sbatch";
my %bad = (PATH => "$tmp/bin:$ENV{PATH}", BAD_DIR => $tmp);

# ---- a federation: two nodes with clusters, one without ----
my @person = grep { $_->{country} =~ /^(ES|FI|IT)$/ } @{ tsv($samples) };
my @field  = split /\t/, (split /\n/, slurp($samples))[0] =~ s/^#//r;
spew("$tmp/three.tsv", join("\t", @field) . "\n" . join '', map { join("\t", @$_{@field}) . "\n" } @person);
my $s = 17;
sub draw { $s = ($s * 1103515245 + 12345) % 2147483648; return $s / 2147483648 }
for my $p (@person) { $p->{age} = 20 + int(60 * draw()); $p->{y} = sprintf '%.3f', 10 * draw() + 0.1 * $p->{age} }
spew("$tmp/dict.tsv", "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t0\t120\t0\t\ny\treal\t1\t-100\t100\t3\t\n");
sub people { my ($file, $want) = @_; return spew($file, "person\tsex\tcountry\tconsent\tage\ty\n" . join '', map { join("\t", @$_{qw(person sex country)}, 'GRU', @$_{qw(age y)}) . "\n" } grep { !$want || $_->{country} eq $want } @person) }
my $cluster = "engine = slurm\nslurm_tasks = 6\nslurm_items = 1000\nslurm_options = --partition=p --time=10 --mem-per-cpu=100\n";
my %node = map { $_ => { import => "--samples $samples --keep country=$_ --assembly GRCh37 @vcf", people => people("$tmp/$_.tsv", $_), dictionary => "$tmp/dict.tsv" } } qw(ES FI IT);
$node{FI}{node_ini} = $node{IT}{node_ini} = $cluster;
$node{FI}{env} = \%bad;
my $f = federation('eu', %node);
home("$tmp/pooled", import => "--samples $tmp/three.tsv --assembly GRCh37 @vcf", people => people("$tmp/all.tsv"), dictionary => "$tmp/dict.tsv", node_ini => $cluster);
my $digest = catalogue("$tmp/chr20.catalogue", "--assembly GRCh37 --hub --home $f->{at}/anna $vcf[0]");
my %all = (catalogue => $digest, nodes => 'ES, FI, IT', chunk => 1024);

# ---- linear, with everything that goes wrong at FI ----
my $ini  = study_file("$tmp/linear.ini", %all, analysis => 'linear', outcome => 'y', covariates => 'age, sex', missing => 'mean', strata => 'country');
my $name = submit($f, $ini);
my $work = "$f->{at}/FI/work/" . substr $name, 0, 32;
sub until_true { my ($seconds, $what) = @_; for (my $end = time + $seconds; time < $end; sleep 0.05) { return 1 if $what->() } return 0 }
ok(until_true(20, sub { 4 == grep { -e "$tmp/did/$_" } 0 .. 3 }), "FI's counts round is an array job of several tasks", slurp("$f->{at}/FI.log"));
my ($job) = `squeue -h -o %F` =~ /(\d+)/;
my $fi_job = (grep { slurp($_) =~ /cluster: job (\d+)/ } "$f->{at}/FI.log")[0] ? slurp("$f->{at}/FI.log") =~ /cluster: job (\d+)/ && $1 : 0;
ok($fi_job, 'the log says which job', slurp("$f->{at}/FI.log"));
run("scancel ${fi_job}_2");
kill 'KILL', slurp("$tmp/did/3") + 0;
my $part = "$work/1-20.part";    # of task 5 of 6: 25 chunks
ok(until_true(10, sub { -s $part }), 'tasks leave their vectors in the work folder', join ' ', glob "$work/*");
my $bytes = slurp($part);
substr $bytes, length($bytes) / 2, 1, chr(1 ^ ord substr $bytes, length($bytes) / 2, 1);
spew($part, $bytes);
ok(!grep({ (stat $_)[2] & 077 } $work, glob "$work/*"), 'which nobody else may read');
ok(out("$sund study status --home $f->{at}/FI") =~ /cluster: job \d+, \d of 6 tasks done/, 'the status of a node says how its tasks fare', out("$sund study status --home $f->{at}/FI"));
ok(until_true(15, sub { slurp("$f->{at}/FI.log") =~ /run again: sund task: this one was made to fail/ }), 'its log says what a failed task said, and that it is run again', slurp("$f->{at}/FI.log"));
stop('eu/FI', 'KILL');
start_node($f, 'FI');
spew("$tmp/go", '');
ok(wait_for($f, $name, qr/released/, 40), 'a linear study with a task failed, one cancelled, one killed, a part damaged and the node killed is released', slurp("$tmp/sbatch.log"));
my @sent = split /\n/, slurp("$tmp/sbatch.log");
ok($sent[0] eq '--array=0-5' && !grep({ /=0/ } @sent[1, 2]), 'a job that runs while its node is killed is not sent again', "@sent");
ok((grep { $_ eq '--array=5' } @sent), 'the damaged part is computed again', "@sent");
note("sbatch: @sent");
my $want = local_study("$tmp/pooled", "$tmp/chr20.catalogue", $ini, '--engine local');
my $to   = fetch($f, $name);
ok(@{ tsv("$to/table.tsv") } > 1000 && slurp("$to/table.tsv") eq slurp("$want/table.tsv"), 'its bytes are those of engine = local');

# ---- counts, and a local run by the cluster ----
my $counts = study_file("$tmp/counts.ini", %all, analysis => 'counts', strata => 'none');
$name = submit($f, $counts);
ok(wait_for($f, $name, qr/released/, 30), 'a counts study is released');
$want = local_study("$tmp/pooled", "$tmp/chr20.catalogue", $counts, '--engine local');
$to   = fetch($f, $name);
ok(slurp("$to/table.tsv") eq slurp("$want/table.tsv"), 'with the bytes of engine = local');
my $by_slurm = local_study("$tmp/pooled", "$tmp/chr20.catalogue", $counts, '--engine slurm');
ok(slurp("$by_slurm/table.tsv") eq slurp("$want/table.tsv"), 'and so is a run on one home with its cluster');

# ---- a run that is interrupted ----
mkdir $_ or die for "$tmp/again", "$tmp/again/did";
run("cp $tmp/bad $tmp/again/bad");
start('run', "$tmp/run.log", 'env', "PATH=$bad{PATH}", "BAD_DIR=$tmp/again", $sund, qw(study run --local --engine slurm --home), "$tmp/pooled", '--catalogue', "$tmp/chr20.catalogue", '--out', "$tmp/run", $counts);
ok(until_true(20, sub { -e "$tmp/again/did/2" }), 'a local run is under way on the cluster', slurp("$tmp/run.log"));
ok(stop('run', 'INT') && slurp("$tmp/run.log") =~ /stopped while it waited/ && !-e "$tmp/run/table.tsv", 'Ctrl-C ends it', slurp("$tmp/run.log"));
ok(until_true(10, sub { `squeue -h` eq '' }), 'and its jobs');

# ---- nothing is left ----
ok(!glob("$f->{at}/*/work/*") && !glob("$tmp/pooled/work/*"), 'no file of a study is left when it has ended', join ' ', glob("$f->{at}/*/work/*"), glob("$tmp/pooled/work/*"));
ok(out('squeue -h') eq '', 'and no job');
ok(slurp("$f->{at}/$_.log") !~ /HG0|NA[012]/, "the log of $_ names no person") for qw(ES FI IT);
note(sprintf '%.1f s in all', time - $began);
stop_all();
Slurm::end();
done();
