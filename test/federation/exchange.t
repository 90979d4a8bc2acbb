#!/usr/bin/perl
# Clinical exchange over three nodes: both sides see that their laboratories are discordant; a case with consent is found, explained, and its owner told; one without never appears, nor does an owner's
# name for a case, nor what is shared less far; each in nodes that run.
use strict;
use warnings;
use lib 'test';
use Sund;
use IO::Socket::INET;
use JSON::PP;
use Time::HiRes ();

my $asan = -x ($ENV{SUND_ASAN} // '') ? $ENV{SUND_ASAN} : $sund;
my %node = map { $_ => { %{ small_node($_) }, program => $asan } } qw(AA BB CC);
my $f = federation('exchange', %node);
my $at = $f->{at};
my $variant = '20-1000-A-G';
my $mme = 'application/vnd.ga4gh.matchmaker.v1.1+json';

sub own { my ($c, @row) = @_; spew("$tmp/$c.said", "variant\tgene\tcondition\tclass\tcriteria\tevidence\tdate\tlaboratory\tshare\n" . join '', map { "$_\n" } @row); run("$sund interpret import --home $at/$c --assembly GRCh37 $tmp/$c.said"); return }
own('AA', "$variant\tSKI\tOMIM:182212\tP\tPVS1\tPMID:24357594, 3 families\t2024-05-17\tlab-one\tfederation", "$variant\tSKI\tOMIM:182212\tLP\t\tsecret-local-word\t2024-05-18\tlab-two\tlocal");
own('BB', "$variant\tSKI\tOMIM:182212\tLB\tBS1\t\t2025-01-02\tlab-three\tpublic");
own('CC', "20-1100-A-G\tSKI\t\tB\t\t\t\tlab-four\tfederation", "$variant\tSKI\t\tB\t\tsecret-agreement-word\t\tlab-five\tagreement");

sub looked_up {
    for my $try (1 .. 60) {    # nodes that have just started may be late
        my $text = `$sund lookup --json --home $at/$_[0] $_[1] 2>/dev/null`;
        my $r = $text ? decode_json($text) : undef;
        return ($r, $text) if $r && !grep { $_->{status} eq 'timeout' || !$_->{interpretations} } @{ $r->{countries} };
        select undef, undef, undef, 0.2;
    }
    return;
}
for my $who (qw(AA BB anna)) {    # both sides, and a researcher
    my ($r, $text) = looked_up($who, $variant);
    my %said = map { my $c = $_; map { ("$c->{node} $_->{laboratory}" => $_->{class}) } @{ $c->{interpretations} } } @{ $r->{countries} };
    is(join(' ', map { "$_=$said{$_}" } sort keys %said), 'AA lab-one=P BB lab-three=LB', "$who sees what laboratories of both nodes say");
    ok($r->{discordant}, "$who is told that they are discordant");
    ok($text !~ /secret/, "$who is not shown what is shared less far");
}
my $table = out("$sund lookup --home $at/anna $variant");
ok($table =~ /BB +LB +SKI, OMIM:182212, BS1, lab-three, 2025-01-02/ && $table =~ /discordant: total_disagreement/, 'the table has them beside the frequency', $table);
ok((() = $table =~ / [1-9]\d* +\. +(?:counted|of 3 of 3)$/mg) == 4, 'where nobody is a man there is no count of men, rather than 0', $table);
my ($none) = looked_up('anna', '20-1100-A-G');
ok(!$none->{discordant}, 'one laboratory alone is not discordant');

# both sides find it, without knowing where to look; and nobody asks for what is not shared
for my $c (qw(AA BB)) { my $found = out("$sund interpret discordant --federation --home $at/$c"); ok($found =~ /\A[^\n]*\n\Q$variant\E\ttotal_disagreement\tAA lab-one=P; BB lab-three=LB\n\z/, "$c finds it", $found) }
is(out("$sund interpret discordant --home $at/CC") =~ tr/\n//, 1, 'CC has none of its own');

# withdrawn, it is shown no more, in a node that runs
my ($entry) = grep { $_->{laboratory} eq 'lab-three' } @{ decode_json(out("$sund interpret list --json --home $at/BB $variant")) };
run("$sund interpret withdraw --home $at/BB --reason 'wrong transcript' $entry->{entry}");
my ($after) = looked_up('anna', $variant);
ok(!$after->{discordant} && !(grep { $_->{node} eq 'BB' && @{ $_->{interpretations} } } @{ $after->{countries} }), 'withdrawn, it is shown no more');

# --- cases ---
my @term = map { sprintf 'HP:%07d', $_ } 1 .. 8;
spew("$tmp/hpo.tsv", "id\tname\tparents\n" . join '', map { "$term[$_]\tterm $_\t" . ($_ ? $term[int(($_ - 1) / 2)] : '') . "\n" } 0 .. 7);
run("$sund ontology load --home $at/$_ --version 1 $tmp/hpo.tsv") for sort keys %node;
sub patient { my ($id, $gene, @t) = @_; return encode_json({ id => $id, contact => { name => "Dr $id", institution => 'Clinic', href => 'mailto:genetics@example.org' }, features => [ map { { id => $term[$_] } } @t ], genomicFeatures => [ $gene ? { gene => { id => $gene } } : () ] }) }
sub case_in { my ($c, $id, $consent, $gene, @t) = @_; spew("$tmp/case.json", patient("hospital-$id", $gene, @t)); run("$sund case import --home $at/$c --$consent $tmp/case.json"); return }
case_in('AA', 'one', 'consent', 'NGLY1', 4, 5, 6);
case_in('BB', 'two', 'no-consent', 'NGLY1', 4, 5, 6);
case_in('CC', 'three', 'consent', 'LAMA1', 4, 5);
spew("$tmp/query.json", patient('my-own-name', 'NGLY1', 4, 5, 6));

my $text = out("$sund match --home $at/anna --federation $tmp/query.json");
my $r = decode_json($text)->{results};
is(scalar @$r, 2, 'cases with consent are found, and no other');
is($r->[0]{patient}{contact}{name}, 'Dr hospital-one', 'the most alike first, with whom to write to');
is(join(',', map { $_->{gene}{id} } @{ $r->[0]{patient}{genomicFeatures} }), 'NGLY1', 'with its gene');
ok($r->[0]{score}{patient} > 0.9 && $r->[0]{score}{patient} <= 1 && @{ $r->[0]{score}{_explanation}{shared} } == 3, 'and why it is alike', $text);
ok($text !~ /"hospital-/ && $text !~ /Dr hospital-two/, 'no owner\'s name of a case is in it');
my $told = out("$sund case notices --home $at/AA");
ok($told =~ /hospital-one\tscore \S+, shown to anna for Dr my-own-name, Clinic <mailto:genetics\@example.org>: NGLY1/, 'its owner is told to whom and why', $told);
ok(out("$sund case notices --home $at/BB") =~ /none/, 'nobody is told of a case that was not shown');

# What takes a node long - somebody else writes into its cases - holds up none of its lookups.
if (-x '/usr/bin/sqlite3') {
    open my $held, '|-', "/usr/bin/sqlite3 $at/AA/cases.db" or die $!;
    syswrite $held, "BEGIN IMMEDIATE;\n.shell touch $tmp/held\n";
    for (1 .. 100) { last if -e "$tmp/held"; select undef, undef, undef, 0.02 }
    my $long = fork // die $!;
    if (!$long) { exec "$sund match --home $at/anna --federation $tmp/query.json > $tmp/long 2>&1" }
    select undef, undef, undef, 0.5;
    my $from = Time::HiRes::time();
    my ($quick) = looked_up('anna', $variant);
    my $took = Time::HiRes::time() - $from;
    ok($took < 1.5 && $quick->{countries}[0]{status} eq 'counted' && !-s "$tmp/long", 'a lookup does not wait behind a long question', "$took s, " . encode_json($quick));
    close $held;
    waitpid $long, 0;
    is(scalar @{ decode_json(slurp("$tmp/long"))->{results} }, 2, 'which is answered too');
}
ok(slurp("$at/AA.log") =~ /match: 1 cases were shown to anna/ && slurp("$at/AA.log") !~ /hospital/, 'the log has it, without a name');
for my $c (sort keys %node) { ok(slurp("$at/$c.log") !~ /HP:|NGLY1|my-own-name/, "$c\'s log has no phenotype") }

# A server that notes what it is asked, a line of JSON each, and answers by the path.
sub ill_server {
    my ($on) = @_;
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $on, Listen => 20, ReuseAddr => 1) or die "port $on: $!\n";
    my $one = '{"score":{"patient":%s},"patient":{"id":"%s","contact":{"name":"Dr X","href":"mailto:x@example.org"},"features":[{"id":"HP:0000002"}]}}';
    my %say = (redirect => [ "302 Found\r\nLocation: http://127.0.0.1:$on/elsewhere/match", $mme, '' ], large => [ '200 OK', $mme, '{"results":[' . ' ' x 2_000_000 . ']}' ], html => [ '200 OK', 'text/html', '{"results":[]}' ], none => [ '200 OK', $mme, '[]' ],
        406 => [ '406 No', $mme, '{"message":"only v9 \u001b[31m here"}' ], 422 => [ '422 No', $mme, '{' ], 500 => [ '500 No', 'text/plain', "\e[2J" ],
        some => [ '200 OK', $mme, '{"results":[' . join(',', map { sprintf $one, "0.$_", "some$_" } 1 .. 4) . ']}' ],
        escape => [ '200 OK', 'application/json', '{"results":[' . sprintf($one, '7', 'a') . ',' . sprintf($one, '1', 'b\u001b[2J') . ',' . join(',', sprintf($one, '0.5', 'theirs'), map { sprintf $one, '0.1', "more$_" } 1 .. 11) . '],"disclaimer":"not\u001b[2J for care"}' ]);
    start('ill', "$tmp/ill.err", sub {
        $SIG{PIPE} = 'IGNORE';
        while (my $c = $listen->accept) {
            my ($path) = (<$c> // '') =~ m{^POST (\S+) HTTP} or next;
            my (%head, $body);
            while (defined(my $l = <$c>)) { last if $l !~ /\S/; $head{ lc $1 } = $2 if $l =~ /^([^:]+): *(.*?)\r?\n/ }
            read $c, $body, $head{'content-length'} // 0;
            open my $log, '>>', "$tmp/ill.log";
            print $log encode_json({ path => $path, head => \%head, body => $body }), "\n";
            close $log;
            my ($name) = $path =~ m{^/(\w+)/match$};
            if (($name // '') eq 'slow') { print $c "HTTP/1.1 200 OK\r\nContent-Type: $mme\r\nContent-Length: 100\r\n\r\n{"; $c->flush; select undef, undef, undef, 1.5; next }
            my ($status, $type, $text) = @{ $say{ $name // '' } // [ '200 OK', $mme, '{"results":[]}' ] };
            print $c "HTTP/1.1 $status\r\nContent-Type: $type\r\nContent-Length: " . length($text) . "\r\nConnection: close\r\n\r\n$text";
        }
    });
    close $listen;
    return;
}

# --- the same over HTTP, as other services of Matchmaker Exchange ask ---
my ($port) = slurp("$at/hub.port") =~ /(\d+)/;
my $token = out("$sund peer add --home $at/hub decipher") =~ s/\s//gr;
is(out("$sund peer list --home $at/hub") =~ s/\t.*//sr, 'decipher', 'a service is known by name');
ok(slurp("$at/hub/peers.ini") !~ /\Q$token\E/ && (stat "$at/hub/peers.ini")[2] % 64 == 0, 'its token is not kept');

my $at_url = "https://127.0.0.1:$port/match";
sub post {    # status and body
    my ($body, $token_given, $type, @more) = @_;
    spew("$tmp/body", $body);
    my $text = out("curl -sk @more -H 'X-Auth-Token: $token_given' -H 'Content-Type: $type' -w '\\n%{http_code} %{content_type}' " . (@more ? '' : "--data-binary \@$tmp/body ") . $at_url);
    my ($answer, $status, $said) = $text =~ /\A(.*)\n(\d+) (\S+)\z/s;
    ok($said eq $mme && decode_json($answer), 'an answer is JSON of its own type') if $status != 200;
    return ($status, $answer);
}
my $request = encode_json({ patient => decode_json(slurp("$tmp/query.json")), _disclaimer => 'none' });
is((post($request, 'no such token', $mme))[0], 401, 'without a token nothing is said');
is((post($request, $token, 'application/json'))[0], 415, 'another media type is refused');
is((post($request, $token, $mme =~ s/v1\.1/v2.0/r))[0], 406, 'and another version');
is((post($request, $token, $mme, '-X', 'GET'))[0], 405, 'and another method');
is((post('{', $token, $mme))[0], 400, 'and what is no JSON');
is((post('{"patient":{"id":"x"}}', $token, $mme))[0], 422, 'and what is no request');
my ($status, $answer) = post($request, $token, $mme);
is("$status " . @{ decode_json($answer)->{results} }, '200 2', 'a service is answered from the cases of all nodes');
ok($answer !~ /"hospital-|hospital-two/ && !(grep { !$_->{answered} } @{ decode_json($answer)->{_nodes} }), 'without owners\' names, and says which nodes answered');
ok(out("$sund case notices --home $at/AA") =~ /shown to mme-decipher for Dr my-own-name/, 'and the owner is told of the service');
my $schema = ($ENV{SUND_SHARED} // '../shared') . '/data/matchmaker/reference-server/mme_server/schemas/api.json';
if (-e $schema && system('python3 -c "import jsonschema" 2>/dev/null') == 0) {
    spew("$tmp/answer.json", $answer);
    spew("$tmp/request.json", $request);
    spew("$tmp/valid.py", "import json, sys, jsonschema\ns = json.load(open(sys.argv[1]))\nfor kind, name in (('response', sys.argv[2]), ('request', sys.argv[3])):\n    s['\$ref'] = '#/definitions/' + kind\n"
        . "    for e in jsonschema.Draft4Validator(s).iter_errors(json.load(open(name))): print(kind, e.message)\nbad = json.load(open(sys.argv[2])); del bad['results'][0]['patient']['contact']\ns['\$ref'] = '#/definitions/response'\n"
        . "print('finds' if list(jsonschema.Draft4Validator(s).iter_errors(bad)) else 'blind')\n");
    is(out("python3 $tmp/valid.py $schema $tmp/answer.json $tmp/request.json") =~ s/\s+\z//r, 'finds', 'request and answer are valid by the published schema');
}
else { note('the schema is not looked at: no shared data, or no python3-jsonschema') }
run("$sund peer remove --home $at/hub decipher");
is((post($request, $token, $mme))[0], 401, 'a token that was taken back ends at once');

# --- and a node by itself, on pages of its own ---
my $own_port = 20000 + ($$ * 13) % 20000;
for (1 .. 50) { last if port_free($own_port); $own_port++ }
stop("$f->{name}/AA");
spew("$at/AA/sund.ini", slurp("$at/AA/sund.ini") . "\n[pages]\nlisten = 127.0.0.1\nport = $own_port\n");
$token = out("$sund peer add --home $at/AA phenomecentral") =~ s/\s//gr;
start_node($f, 'AA');
for (1 .. 200) { last if slurp("$at/AA.log") =~ /pages are at/; select undef, undef, undef, 0.05 }
$at_url = "http://127.0.0.1:$own_port/match";
is((post($request, 'no such token', $mme))[0], 401, 'a node answers services with a token of its own');
($status, $answer) = post($request, $token, $mme);
is("$status " . join(',', map { $_->{patient}{contact}{name} } @{ decode_json($answer)->{results} }), '200 Dr hospital-one', 'from its own cases');
ok(out("$sund case notices --home $at/AA") =~ /shown to mme-phenomecentral/, 'and tells their owners');
my $ledger = '';
for (1 .. 50) { $ledger = out("$sund log show --home $at/AA"); last if $ledger =~ /to mme-phenomecentral: match, 1 questions, 1 answered/; select undef, undef, undef, 0.1 }
ok($ledger =~ /to mme-phenomecentral: match, 1 questions, 1 answered/ && $ledger !~ /HP:|NGLY1/, 'the ledger has it, without a phenotype');

# --- asking: a case of CC's goes beyond the federation, to AA as a service elsewhere, and to servers that mean ill ---
sub matchmaker { my ($name, $url, @more) = @_; spew("$at/CC/sund.ini", slurp("$at/CC/sund.ini") . join "\n", "\n[matchmaker $name]", "url = $url", 'token = elsewhere.token', @more, ''); return }
sub said_of { local $ENV{all_proxy} = 'http://127.0.0.1:1'; my $t = `$sund match --home $at/CC --at $_[0] hospital-three 2>&1`; return ($? >> 8) . " $t" }
spew("$at/CC/elsewhere.token", "$token\n");
chmod 0600, "$at/CC/elsewhere.token";
matchmaker('aa', "http://127.0.0.1:$own_port", 'limit = 2');
spew("$tmp/three.json", encode_json({ id => 'hospital-three', sex => 'FEMALE', contact => { name => 'Dr CC', href => 'mailto:cc@example.org' }, disorders => [ { id => 'OMIM:615273' } ], features => [ { id => $term[4] }, { id => $term[5] }, { id => $term[7], observed => 'no' } ],
    genomicFeatures => [ { gene => { id => 'NGLY1' }, variant => { assembly => 'GRCh37', referenceName => '3', start => 25761669, referenceBases => 'CA', alternateBases => 'C' } } ] }));
run("$sund case import --home $at/CC --consent $tmp/three.json");
fails("$sund match --home $at/CC --at aa hospital-three", 'with consent to be matched alone a case goes nowhere', qr/refused by rule beyond: the case's consent does not go beyond the federation/);
fails("$sund match --home $at/CC --at aa no-such-case", 'nor one that is not here', qr/no case of that name/);
ok(out("$sund case sent --home $at/CC") =~ /\Anothing was sent/, 'nothing has left');
run("$sund case consent --home $at/CC --consent-beyond hospital-three");
my $found = decode_json(out("$sund match --home $at/CC --at aa hospital-three"))->{results};
is(join(',', map { $_->{patient}{contact}{name} } @$found), 'Dr hospital-one', 'with it, another service answers');
ok($found->[0]{score}{patient} > 0.7 && $found->[0]{score}{_here} > 0.7 && grep({ $_->{id} eq $term[5] && $_->{label} eq 'term 5' } @{ $found->[0]{score}{_explanation}{shared} }), 'and why it is alike is told as of own cases', encode_json($found));
$told = out("$sund case notices --home $at/CC");
my ($alias) = $told =~ m{\thospital-three\tsent to aa \(http://127\.0\.0\.1:$own_port\) as ([0-9a-f]{32}), 1 results: \{"patient":\{"id":"\1","contact":\{"name":"Dr CC","href":"mailto:cc\@example\.org"\},"species":"NCBITaxon:9606","features":\[\{"id":"$term[4]","observed":"yes"\},\{"id":"$term[5]","observed":"yes"\},\{"id":"$term[7]","observed":"no"\}\],"genomicFeatures":\[\{"gene":\{"id":"NGLY1"\}\}\]\}\}$}m;
ok($alias, 'the owner is told where it went, under which name, and all that left', $told);
ok(out("$sund case sent --home $at/CC $alias") =~ /\thospital-three\tsent to aa .*cannot call it back/s, 'by that name it is found again');
ok(out("$sund case notices --home $at/AA") =~ /shown to mme-phenomecentral for Dr CC <mailto:cc\@example.org>: NGLY1/, 'there the other owner is told too');
run("$sund match --home $at/CC --at aa hospital-three");
fails("$sund match --home $at/CC --at aa hospital-three", 'no more often than the limit', qr/refused by rule beyond: aa was asked about this case 2 times/);
matchmaker('hub', "https://localhost:$port", (map { "pin = $_" } slurp("$at/roster.ini") =~ /^pin = (\S+)$/m));
ok(said_of('hub') =~ /^4 .*hub does not take this node's token \(HTTP 401\): X-Auth-Token is not that of a service known here/s, 'over TLS by a pinned key: a token that is none there is told', said_of('hub'));
matchmaker('authority', "https://127.0.0.1:$port", "ca = $at/hub/tls.cert");
ok(said_of('authority') =~ /^4 .*authority does not take this node's token \(HTTP 401\)/s, 'and by an authority of its own', said_of('authority'));
matchmaker('forged', "https://127.0.0.1:$port/forged", 'pin = sha256//' . 'A' x 43 . '=');
matchmaker('unknown', "https://127.0.0.1:$port/unknown");
my $one_each = slurp("$at/CC/sund.ini");
matchmaker('twice', "https://127.0.0.1:$port/unknown");
ok(said_of('aa') =~ /^[23] .*\[matchmaker unknown\] and \[matchmaker twice\] are the same address/s, 'one service has one section: no second number, no second name', said_of('aa'));
spew("$at/CC/sund.ini", $one_each);
my $free = $own_port + 1;
$free++ while !port_free($free);
ill_server($free);
my %ill = (redirect => qr/sends on to another address, which is not followed.*HTTP 302/, large => qr/the answer is over the limit of 1048576 bytes/, html => qr{the answer is 'text/html'}, slow => qr/did not answer within 1 seconds/, none => qr/no list of results/,
    406 => qr/does not speak version 1\.1.*HTTP 406.*: only v9  \[31m here/, 422 => qr/does not take the request \(HTTP 422\)/, 500 => qr/failed \(HTTP 500\)/);
matchmaker($_, "http://127.0.0.1:$free/$_", 'wait = ' . ($_ eq 'slow' ? 1 : 20)) for sort keys %ill, 'escape', 'some';
for my $name (sort keys %ill) { my $t = said_of($name); ok($t =~ /^[2-5] .*$ill{$name}/s && $t !~ /[^\n\t\x20-\x7e]/, "a server that answers with: $name", $t) }
run("$sund case consent --home $at/CC --consent-variants hospital-three");
my $t = said_of('escape');
run("$sund case consent --home $at/CC --consent-beyond hospital-three");
ok($t =~ /^0 .*escape: 2 results are left out; of the first: score\.patient: a number from 0 to 1.*"id": "theirs".*"disclaimer": "not \[2J for care"/s && $t !~ /[^\n\t\x20-\x7e]/, 'of hostile results what is none is left out, and nothing of it acts on a terminal', $t);
is(scalar(() = $t =~ /"id": "more\d+"/g), 11, 'all results are shown where nothing else is said: they are had once');
$t = said_of('some --max 2');
ok($t =~ /^0 .*some: of 4 results the best 2 are shown, and the others are not kept/s && join(',', $t =~ /"id": "(some\d)"/g) eq 'some4,some3', 'else it is said how many are not', $t);
ok(said_of('forged') =~ /^[2-5] .*another key than sund\.ini pins: nothing was sent/s && said_of('unknown') =~ /^[2-5] .*no authority that is believed vouches/s, 'who is not who it should be is told nothing');
stop('ill');
my $tls = $free + 1;
$tls++ while !port_free($tls);
system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $tmp/cn.key -out $tmp/cn.cert -days 5 -subj '/CN=no\e[2Jhost' 2>/dev/null") == 0 or die "openssl failed\n";
start('cn', "$tmp/cn.err", sub { open STDIN, '<', '/dev/zero'; exec 'openssl', 's_server', '-quiet', '-accept', "127.0.0.1:$tls", '-key', "$tmp/cn.key", '-cert', "$tmp/cn.cert" });
matchmaker('cn', "https://127.0.0.1:$tls", "ca = $tmp/cn.cert");
matchmaker('nobody', "https://127.0.0.1:$tls/x", "ca = none.pem");
for (1 .. 100) { last if !port_free($tls); select undef, undef, undef, 0.05 }
ok(said_of('cn') =~ /^[2-5] .*subject name .*nothing was sent|^[2-5] .*nothing was sent .*subject name/s && said_of('cn') !~ /[^\n\t\x20-\x7e]/, 'nor does what a certificate says act on a terminal', said_of('cn'));
ok(said_of('nobody') =~ m{^[2-5] .*none\.pem has no authorities in PEM that can be read: nothing was sent}s, 'a file of authorities that is not there', said_of('nobody'));
stop('cn');
ok(said_of('500') =~ /^[2-5] .*127\.0\.0\.1:$free/s, 'nor one that is not there');
my @asked = map { decode_json($_) } split /\n/, slurp("$tmp/ill.log");
is(join(' ', sort map { $_->{path} } @asked), join(' ', sort map { "/$_/match" } keys %ill, 'escape', 'some'), 'each was asked once, and nobody that an answer named');
ok(!grep({ my $h = $_->{head}; $h->{'x-auth-token'} ne $token || $h->{'content-type'} ne $mme || $h->{accept} ne $mme || !decode_json($_->{body})->{patient}{id} } @asked), 'each with token, types and a patient');
is(join(' ', map { $_->{path} } grep { $_->{body} =~ /25761669/ } @asked), '/escape/match', 'a variant left with consent to variants, and else not');
my %alias = map { decode_json($_->{body})->{patient}{id} => 1 } @asked;
ok(keys %alias == @asked && !$alias{$alias} && slurp("$tmp/ill.log") !~ /hospital|OMIM|615273|sex|disorder/, 'each under another name, and of the case its terms, gene and contact');
my $sent_list = out("$sund case sent --home $at/CC hospital-three");
ok($sent_list =~ /sent to redirect .*, not answered \(HTTP 302\)/ && $sent_list =~ /sent to slow .*, no answer that can be read/ && $sent_list !~ /sent to (?:forged|unknown)/ && ($sent_list =~ /sent to 500 /g) == 1, 'what was sent is on record, and nothing that was not', $sent_list);
$ledger = out("$sund log show --home $at/CC") . out("$sund log show --public --home $at/CC");
ok($ledger =~ /beyond.*left: a case, to matchmaker aa, \d+ bytes, digest/ && $ledger =~ /not a byte was sent of the case with digest/ && $ledger =~ m{matchmakers outside the federation that may be asked about cases: aa at http://127\.0\.0\.1:$own_port, 2 times a year} && $ledger !~ /HP:|NGLY1|hospital|$alias|\Q$token\E/,
    'the log has each, and nothing of whom it was', $ledger);

run("$sund node stop-release --home $at/AA --reason test");
select undef, undef, undef, 0.1;
is((post($request, $token, $mme))[0], 503, 'not while all that leaves is stopped');
is(join(' ', map { out("curl -s -o $tmp/page -w '%{http_code}' 'http://127.0.0.1:$own_port/$_'") . (slurp("$tmp/page") =~ /this node cannot answer at present/ ? '' : ' ' . slurp("$tmp/page")) } 'beacon/g_variants?referenceName=20&start=99&referenceBases=A&alternateBases=G', 'beacon/individuals', 'datasets', 'fdp/'), '503 503 503 503', 'nor any other page');
run("$sund node allow-release --home $at/AA --reason test");

run("$sund case consent --home $at/AA --no-consent hospital-one");
run("$sund case consent --home $at/CC --consent hospital-three");
fails("$sund match --home $at/CC --at hub hospital-three", 'a consent that is taken back stops the next question', qr/refused by rule beyond/);
my $last = out("$sund case withdraw --home $at/CC hospital-three");
ok($last =~ /sent to aa .*NGLY1.*cannot call it back/s && out("$sund case sent --home $at/CC $alias") =~ /sent to aa \S+ as $alias, 1 results: \(withdrawn since\)/, 'whoever withdraws is shown what left, and where they can ask for it to be deleted', $last);
fails("$sund match --home $at/CC --at hub hospital-three", 'and it is asked about no more', qr/no case of that name here, or it was withdrawn/);
is(scalar @{ decode_json(out("$sund match --home $at/anna --federation $tmp/query.json"))->{results} }, 0, 'without consent, or withdrawn, a case is found no more, in nodes that run');
spew("$tmp/query.json", patient('my-own-name', '', 4));
run("$sund match --home $at/anna --federation $tmp/query.json 2>$tmp/why");
ok(slurp("$tmp/why") =~ /AA: a gene or at least 3 observed features are needed/, 'one term is no question');
ok((stat "$at/AA/cases.db")[2] % 64 == 0 && (stat "$at/AA/interpretations.db")[2] % 64 == 0, 'the files are their owner\'s alone');
is(join(',', map { stop("$f->{name}/$_") } sort keys %node), '0,0,0', 'nodes end well');
stop_all();
done();
