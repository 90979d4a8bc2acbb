#!/usr/bin/perl
# What the two processes cannot do, once they run; and the files with which a system runs them.
use strict;
use warnings;
use lib 'test';
use Sund;

my %node;
$node{$_} = small_node($_, people => 20, sites => 1, gt => sub { '0/1' }) for qw(AA BB CC);
my $f = federation('service', %node);
for my $who (qw(hub AA)) {
    my $pid = pid_of("service/$who");
    for (1 .. 100) { last if slurp("/proc/$pid/status") =~ /^Seccomp:\s+2$/m; select undef, undef, undef, 0.05 }
    my $status = slurp("/proc/$pid/status");
    ok($status =~ /^NoNewPrivs:\s+1$/m, "$who: no new privileges");
    ok($status =~ /^Seccomp:\s+2$/m, "$who: a filter on its calls");
    ok(slurp("/proc/$pid/limits") =~ /^Max core file size\s+0\s+0/m, "$who: no core file");
}
ok(out("$sund lookup --home $f->{at}/anna 20-100-A-G") =~ /counted/, 'and they work');
stop_all();

fails("$sund node --home $f->{at}/AA --user root", 'to become root is no way down', qr/other than root/) if $> == 0;
fails("$sund node --home $f->{at}/AA --user nobody-like-this", 'a user that is not there', qr/no user nobody-like-this|only root/);
my $nobody = getpwnam 'nobody';
if ($> == 0 && $nobody) {
    run("chmod 755 $tmp && chown -R nobody $f->{at}/BB");
    start('as-nobody', "$tmp/nobody.log", $sund, 'node', '--home', "$f->{at}/BB", '--user', 'nobody');
    my $uid = '';
    for (1 .. 100) { $uid = join ' ', slurp('/proc/' . pid_of('as-nobody') . '/status') =~ /^[UG]id:\s+(.*)$/mg; last if $uid =~ /^$nobody\s/; select undef, undef, undef, 0.05 }
    ok($uid =~ /^$nobody\t$nobody\t$nobody\t$nobody /, '--user: real, effective, saved and file-system user are nobody', "# $uid\n");
    stop('as-nobody');
}

for my $unit (qw(sund-node sund-hub)) {
    my $text = slurp("dist/$unit.service");
    my ($command) = $text =~ m{^ExecStart=/usr/local/bin/sund (\w+) --home \S+$}m;
    ok(defined $command && `$sund help` =~ /^  $command /m, "$unit.service starts a command that there is");
    if (system('systemd-analyze --version >/dev/null 2>&1') == 0) {
        spew("$tmp/$unit.service", $text =~ s{/usr/local/bin/sund}{/bin/true}r =~ s{^User=.*|^Group=.*}{}mgr);
        my $said = `systemd-analyze verify --man=no $tmp/$unit.service 2>&1`;
        ok($said !~ /\Q$unit\E.*(Unknown|Failed|Invalid|ignoring)/, "$unit.service: systemd knows every line", "# $said");
    }
}
if (system('nginx -v >/dev/null 2>&1') == 0) {
    spew("$tmp/nginx.conf", "include /etc/nginx/modules-enabled/*.conf;\n" . slurp('dist/nginx.conf') =~ s{/var/log/nginx|/run/}{$tmp/}gr);
    my $said = `nginx -t -c $tmp/nginx.conf 2>&1`;
    ok($said =~ /test is successful/ || $said =~ /unknown directive "stream"/, 'nginx takes its configuration', "# $said");
}
done();
