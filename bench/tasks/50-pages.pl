use strict;
use warnings;
use Bench;
use Cwd 'abs_path';
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(time sleep);

# Pages: a node's Beacon beside nginx serving the same JSON as a static file, in turn in the same run; TLS, and with nginx in front; a hub over 27 nodes as processes, of which five hang at last;
# and people counted over nodes that have a million in all. One server thread and one of wrk, each on a processor of its own where there are two: left to itself, the system often runs both on one, and then they share it.
my %pid;
my ($serving, $asking) = map { `nproc` > 1 ? "taskset -c $_" : '' } 0, 1;
sub start {
    my ($name, @cmd) = @_;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDOUT, '>', "$name.log" and open STDERR, '>&', \*STDOUT;
        exec @cmd or POSIX::_exit(127);
    }
    return $pid{$name} = $pid;
}
sub stop_all { kill $_ => values %pid for qw(CONT TERM); waitpid $_, 0 for values %pid; %pid = (); return }
END { my $s = $?; stop_all(); $? = $s }
sub port { my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 1) or die; return $s->sockport }
sub up { my ($url) = @_; for (1 .. 300) { return if `curl -sk --noproxy '*' '$url'` =~ /\S/; sleep 0.1 } die "$url does not answer\n" }
sub rss { my ($pid) = @_; my ($kb) = slurp("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m or die "no process $pid\n"; return $kb }
sub middle { my @s = sort { $a <=> $b } @_; return $s[$#s / 2] }
sub part { my ($q, @x) = @_; my @s = sort { $a <=> $b } @x; my $i = POSIX::ceil($q * @s) - 1; return $s[$i < 0 ? 0 : $i] }

# One run of wrk: requests a second, p99 in ms; dies where an answer was no 200.
sub wrk {
    my ($url, $script, $seconds) = @_;
    my $t = out_of("$asking wrk -t1 -c64 -d${seconds}s --latency " . ($script ? "-s $script " : '') . "'$url'");
    die "wrk: $t\n" if $t =~ /Non-2xx|Socket errors/;
    my ($rate) = $t =~ /Requests\/sec:\s+([\d.]+)/;
    my ($p99, $unit) = $t =~ /99%\s+([\d.]+)(us|ms|s)/;
    return ($rate, $p99 * { us => 0.001, ms => 1, s => 1000 }->{$unit});
}

sub federation {
    my ($at, $nodes, %o) = @_;
    my $s = abs_path($sund);
    out_of("$s init --role hub --id hub --port $o{port} $at/hub && $s init --role researcher --id anna $at/anna");
    for my $n (@$nodes) { out_of("$s init --id $n --access open --approve all $at/$n && ln -s " . abs_path($o{store}->($n)) . " $at/$n/store && $s people --home $at/$n --dictionary $o{dictionary} " . $o{people}->($n)) }
    out_of("$s roster make --name bench $at/roster.ini $at/hub/member.ini $at/anna/member.ini " . join ' ', map { "$at/$_/member.ini" } @$nodes);
    out_of("$s roster sign --home $at/$_ $at/roster.ini") for @$nodes;
    out_of("$s roster install --home $at/$_ $at/roster.ini") for 'hub', 'anna', @$nodes;
    return;
}
sub pages { my ($home, @line) = @_; my $ini = slurp("$home/sund.ini") =~ s/\n\[pages\]\nport = .*//sr; spew("$home/sund.ini", $ini . join "\n", "\n[pages]", @line, ''); return }

sub variant {    # one that many carry, in the middle of the data
    my ($d) = @_;
    my ($from) = $d->{region} =~ /:(\d+)-/;
    for my $l (map { [ split /\t/ ] } split /\n/, out_of("$sund freq $d->{store} 20:$from-" . ($from + 100000))) { return @$l[1 .. 3] if $l->[1] =~ /^\d+$/ && $l->[4] > 9 && $l->[5] - $l->[4] > 9 && length("$l->[2]$l->[3]") == 2 }
    die "no common variant\n";
}

task 'pages-node' => sub {
    if (grep { !-x } '/usr/sbin/nginx', '/usr/bin/wrk') {    # of the packages' group bench
        row(task => 'pages of a node: nginx and wrk are not installed', ours => undef);
        return;
    }
    my $d  = data('pages');
    my $at = abs_path("$work/" . scale()) . '/pages-node';
    my ($pos, $ref, $alt) = variant($d);
    out_of("rm -rf $at && mkdir -p $at/www && chmod 755 $at");
    my ($own, $tls, $static, $front, $hub) = map { port() } 1 .. 5;
    federation($at, ['DK'], port => $hub, store => sub { $d->{store} }, people => sub { $d->{people} }, dictionary => $d->{dictionary});
    my $query = "beacon/g_variants?referenceName=20&start=" . ($pos - 1) . "&referenceBases=$ref&alternateBases=$alt";
    my $body = qq({"meta":{"apiVersion":"2.0"},"query":{"requestParameters":{"referenceName":"20","start":[) . ($pos - 1) . qq(],"referenceBases":"$ref","alternateBases":"$alt"},"requestedGranularity":"record"}});
    my $lua = spew("$at/post.lua", qq(wrk.method = "POST"; wrk.headers["Content-Type"] = "application/json"; wrk.body = [==[$body]==]\n));
    pages("$at/DK", "port = $own");
    start("$at/DK", split(' ', $serving), abs_path($sund), 'node', '--home', "$at/DK");
    up("http://127.0.0.1:$own/$query");
    out_of("curl -fsS --noproxy '*' 'http://127.0.0.1:$own/$query' > $at/www/a.json");
    spew("$at/conf", "@{[ $> == 0 ? 'user root;' : '' ]} worker_processes 1; daemon off; pid $at/pid; error_log $at/err;\nevents { worker_connections 2048; }\nhttp { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=10; default_type application/json;\n"
        . join('', map { my $k = $_; "${k}_temp_path $at/$k; " } qw(client_body proxy fastcgi uwsgi scgi))
        . "\nupstream node { server 127.0.0.1:$own; keepalive 64; }\nserver { listen 127.0.0.1:$static; root $at/www; }\nserver { listen 127.0.0.1:$front; location / { proxy_pass http://node; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for; } } }\n");
    start("$at/nginx", split(' ', $serving), 'nginx', '-p', $at, '-c', "$at/conf", '-e', "$at/err");
    up("http://127.0.0.1:$static/a.json");
    my $node = $pid{"$at/DK"};
    my (%rate, %p99);
    my %what = (nginx => [ "http://127.0.0.1:$static/a.json" ], get => [ "http://127.0.0.1:$own/$query" ], post => [ "http://127.0.0.1:$own/beacon/g_variants", $lua ], front => [ "http://127.0.0.1:$front/$query" ]);
    my $seconds = scale() eq 'tiny' ? 1 : scale() eq 'small' ? 2 : 5;
    for (1 .. (scale() eq 'tiny' ? 1 : 3)) { for my $k (qw(nginx get post front)) { my ($r, $q) = wrk(@{ $what{$k} }[ 0, 1 ], $seconds); push @{ $rate{$k} }, $r; push @{ $p99{$k} }, $q } }
    my $long = scale() eq 'tiny' ? 2 : scale() eq 'small' ? 12 : 60;
    start("$at/soak", split(' ', $asking), 'wrk', '-t1', '-c200', "-d${long}s", '-s', $lua, "http://127.0.0.1:$own/beacon/g_variants");
    sleep $long / 6;
    my $early = rss($node);
    sleep $long * 5 / 6 - 0.3;
    my $late = rss($node);
    waitpid delete $pid{"$at/soak"}, 0;
    my ($soaked) = slurp("$at/soak.log") =~ /(\d+) requests in/ or die "soak: no requests\n";
    die slurp("$at/soak.log") if slurp("$at/soak.log") =~ /Non-2xx|Socket errors/;
    kill 'TERM', $node;
    waitpid delete $pid{"$at/DK"}, 0;
    out_of("cp -p $at/hub/tls.cert $at/hub/tls.key $at/DK/");
    pages("$at/DK", "port = $tls", 'tls = yes');
    start("$at/DK", split(' ', $serving), abs_path($sund), 'node', '--home', "$at/DK");
    up("https://127.0.0.1:$tls/$query");
    for (1 .. (scale() eq 'tiny' ? 1 : 3)) { my ($r, $q) = wrk("https://127.0.0.1:$tls/$query", undef, $seconds); push @{ $rate{tls} }, $r; push @{ $p99{tls} }, $q }
    stop_all();
    row(task => "a frequency by Beacon GET at a node, $d->{m} variants, 64 connections, one thread; nginx: the same JSON as a static file", unit => '1/s', ours => middle(@{ $rate{get} }), nginx => middle(@{ $rate{nginx} }), goal => '>= 0.9 x nginx');
    row(task => 'by anonymous Beacon POST', unit => '1/s', ours => middle(@{ $rate{post} }), goal => '>= 60000');
    row(task => 'p99 of it', unit => 'ms', ours => middle(@{ $p99{post} }), goal => '<= 2');
    row(task => "soak: its memory after $long s of 200 connections, of that after a sixth of them", unit => 'x', ours => $late / $early, goal => '<= 1.02');
    row(task => 'by GET over TLS', unit => '1/s', ours => middle(@{ $rate{tls} }));
    row(task => 'by GET with nginx in front', unit => '1/s', ours => middle(@{ $rate{front} }));
    note(sprintf 'pages: nginx static %.0f/s, p99 %.1f ms; ours p99 GET %.1f ms, TLS %.1f ms, nginx in front, on the same processor, %.1f ms; soak: %d requests, %.1f MB', middle(@{ $rate{nginx} }), (map { middle(@{ $p99{$_} }) } qw(nginx get tls front)), $soaked, $late / 1024);
};

task 'pages-hub' => sub {
    my $d = data('f2k');
    my $k = scale() eq 'tiny' ? 6 : 27;
    my $hang = $k == 27 ? 5 : 2;
    my $each = scale() eq 'full' ? 37038 : scale() eq 'small' ? 3704 : 100;    # a million people in all
    my $at = abs_path("$work/" . scale()) . '/pages-hub';
    my ($pos, $ref, $alt) = variant($d);
    my @node = map { sprintf 'N%02d', $_ } 1 .. $k;
    my ($port, $hub) = (port(), port());
    out_of("rm -rf $at && mkdir -p $at");
    my ($head, @line) = split /^/, slurp($d->{people});
    for my $n (@node) {    # those of the store, and simulated people beside them
        my $sex = 0;
        spew("$at/$n.tsv", join '', $head, @line, map { my @f = split /\t/, $line[ $_ % @line ], -1; $f[0] = "$n-$_"; join "\t", @f } 1 .. ($each > @line ? $each - @line : 0));
    }
    federation($at, \@node, port => $hub, store => sub { $d->{store} }, people => sub { "$at/$_[0].tsv" }, dictionary => $d->{dictionary});
    pages("$at/hub", "port = $port", 'assembly = GRCh38');
    start("$at/hub", abs_path($sund), 'hub', '--home', "$at/hub");
    start("$at/$_", abs_path($sund), 'node', '--home', "$at/$_") for @node;
    my $url = "http://127.0.0.1:$port/beacon/g_variants?referenceName=20&start=" . ($pos - 1) . "&referenceBases=$ref&alternateBases=$alt";
    my $ask = sub { my ($u) = @_; my $from = time; my $t = out_of("curl -sS --noproxy '*' '$u'"); return (1000 * (time - $from), $t) };
    up("http://127.0.0.1:$port/beacon/info");
    for (1 .. 300) { my (undef, $t) = $ask->($url); last if (() = $t =~ /"status":"counted","milliseconds"/g) == $k; sleep 0.2 }
    my (@ms, $n);
    for (1 .. (scale() eq 'tiny' ? 20 : 300)) { my ($ms, $t) = $ask->($url); die "a node is not counted: $t\n" if (() = $t =~ /"status":"counted","milliseconds"/g) != $k; push @ms, $ms }
    row(task => "a frequency of $k nodes together, by Beacon GET at the hub, processes on this machine: p50 (with starting curl)", unit => 'ms', ours => part(0.5, @ms));
    row(task => 'p99 of it', unit => 'ms', ours => part(0.99, @ms), goal => '<= 100');
    my @count;
    for (1 .. (scale() eq 'tiny' ? 2 : 7)) { my ($ms, $t) = $ask->("http://127.0.0.1:$port/beacon/individuals?requestedGranularity=count"); push @count, $ms; ($n) = $t =~ /"numTotalResults":(\d+)/ or die "no count: $t\n" }
    row(task => "people counted over $k nodes that have $n in all: the slowest of " . @count, unit => 'ms', ours => part(1, @count), goal => '<= 1000');
    kill 'STOP', map { $pid{"$at/$_"} } @node[ 0 .. $hang - 1 ];
    my ($ms, $t) = $ask->($url);
    my $all = () = $t =~ /"id":"N\d+","status":"(?:counted|timeout)"/g;
    my $late = () = $t =~ /"status":"timeout"/g;
    row(task => "the same frequency with $hang of them hanging: all $all statuses, $late timeouts", unit => 'ms', ours => $all == $k && $late == $hang ? $ms : undef, goal => '<= 5100');
    stop_all();
};
1;
