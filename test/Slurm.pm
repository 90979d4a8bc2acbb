# A Slurm of its own for a test or the bench: munge with a fresh key, one controller, two compute nodes, all on loopback under one folder. Needs root.
#   my $why = Slurm::begin("$tmp/slurm", 2);   '' when it runs (SLURM_CONF is set), else why it does not; processors of each node
#   Slurm::end();                              stops the daemons, by their process ids
package Slurm;
use strict;
use warnings;
use IO::Socket::INET;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(time sleep);

my @pid;
my $mine = $$;

sub port {
    my ($p) = @_;
    for (1 .. 200) {
        my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $p, Listen => 1, ReuseAddr => 1);
        return $p if $s && close $s;
        $p++;
    }
    die "no free port\n";
}

sub daemon {
    my ($log, @cmd) = @_;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDIN,  '<',  '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>>', $log or POSIX::_exit(126);
        open STDERR, '>>', $log or POSIX::_exit(126);
        exec @cmd or POSIX::_exit(127);
    }
    push @pid, $pid;
    return;
}

sub put { my ($path, $text, $mode) = @_; open my $f, '>', $path or die "$path: $!\n"; chmod $mode, $path; print $f $text; close $f or die "$path: $!\n"; return }

sub conf {
    my ($at, $cpus) = @_;
    chomp(my $host = `hostname -s`);
    my @port  = map { port(17000 + ($$ * 11 + 1000 * $_) % 20000) } 0 .. 2;
    my $nodes = join '', map { "NodeName=n$_ NodeHostname=$host NodeAddr=127.0.0.1 Port=$port[$_] CPUs=$cpus RealMemory=2000 State=UNKNOWN\n" } 1, 2;
    return <<"CONF";
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port[0]
AuthType=auth/munge
AuthInfo=socket=$at/munge/socket
SlurmUser=root
StateSaveLocation=$at/state
SlurmdSpoolDir=$at/spool-%n
SlurmctldPidFile=$at/ctld.pid
SlurmdPidFile=$at/d-%n.pid
SlurmctldLogFile=$at/ctld.log
SlurmdLogFile=$at/d-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0
ReturnToService=2
MpiDefault=none
${nodes}PartitionName=p Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
CONF
}

sub begin {
    my ($at, $cpus) = @_;
    -x $_ or return "no $_ here" for qw(/usr/sbin/slurmctld /usr/sbin/slurmd /usr/sbin/munged /usr/bin/sbatch);
    $> == 0 or return 'Slurm daemons are started as root';
    $ENV{PATH} .= ':/usr/sbin';
    mkdir $_ or die "$_: $!\n" for $at, "$at/state", "$at/munge";
    chmod 0755, $at =~ s{/[^/]*$}{}r, $at, "$at/munge";
    open my $random, '<', '/dev/urandom' or die;
    read $random, my $key, 128;
    put("$at/munge/key", $key, 0600);
    put("$at/slurm.conf", conf($at, $cpus), 0644);
    $ENV{SLURM_CONF} = "$at/slurm.conf";
    daemon("$at/munged.out", 'munged', '--foreground', '--force', "--socket=$at/munge/socket", "--key-file=$at/munge/key", "--pid-file=$at/munge/pid", "--log-file=$at/munge/log", "--seed-file=$at/munge/seed");
    for (1 .. 100) { last if -S "$at/munge/socket"; sleep 0.05 }
    daemon("$at/ctld.out", 'slurmctld', '-D', '-i', '-f', "$at/slurm.conf");
    daemon("$at/d-n$_.out", 'slurmd', '-D', '-f', "$at/slurm.conf", '-N', "n$_") for 1, 2;
    for (my $limit = time + 20; time < $limit; sleep 0.1) { return '' if 2 == grep { /^idle/ } split /\n/, `sinfo -h -N -o %T 2>/dev/null` }
    my $said = join ' | ', map { my $f; open($f, '<', "$at/$_.out") ? <$f> : () } qw(munged ctld d-n1 d-n2);
    end();
    return 'Slurm does not start here: ' . substr $said =~ s/\n/ /gr, 0, 300;
}

sub end {
    for my $pid (reverse @pid) {
        kill 'TERM', $pid;
        for (1 .. 100) { last if waitpid($pid, WNOHANG) != 0; sleep 0.05 }
        kill 'KILL', $pid if kill 0, $pid;
    }
    @pid = ();
    return;
}
END { if ($$ == $mine) { my $status = $?; end(); $? = $status } }

1;
