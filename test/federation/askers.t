#!/usr/bin/perl
# Who has logged in at a real OpenID provider (glewlwyd), at the pages of the hub and of a node over data that are not open: what a token opens, what it costs, that it goes nowhere, and that one that
# does not hold opens nothing. What is answered about a variant that one person carries is what is answered about one that nobody does.
use strict;
use warnings;
use lib 'test';
use Sund;
use Glewlwyd;
use JSON::PP;
use MIME::Base64 qw(encode_base64url decode_base64url);
use Time::HiRes qw(sleep);

system('socat -V >/dev/null 2>&1') == 0 or skip_all('no socat');
my @port;
for (my $port = 24000 + ($$ * 3) % 20000; @port < 3; $port++) { push @port, $port if port_free($port) }
my $p = Glewlwyd::begin("$tmp/oidc", client => 'sund-test', redirect => "http://127.0.0.1:$port[0]/callback");
skip_all($p) if !ref $p;

# ---- three countries of sixty people; at 20:1900 one carrier in each, at 20:2000 nobody; no callable regions ----
my $drawn = 3;
sub gt { my ($site, $who) = @_; return $site == 20 || ($site == 19 && $who > 1) ? '0/0' : $site == 19 ? '0/1' : do { $drawn = ($drawn * 1103515245 + 12345) % 2147483648; (qw(0/0 0/1 1/1))[ $drawn / 65536 % 3 ] } }
my %node = map { $_ => small_node($_, people => 60, access => 'controlled', gt => \&gt) } qw(DK FI SE);
my $watched = -x ($ENV{SUND_ASAN} // '') ? $ENV{SUND_ASAN} : $sund;    # hub and nodes under the address sanitizer where built
$_->{program} = $watched for values %node;
my $f = federation('askers', tap => 1, hub_program => $watched, %node);
my $late = 'https://late.example.org';    # an issuer of the test's own, which all trust as well
my $key = Glewlwyd::pem("$tmp/late.pem", qw(EC -pkeyopt ec_paramgen_curve:P-256));
spew("$tmp/late.jwks", Glewlwyd::ec_jwks($key, 'late'));
for my $home (qw(ada bob)) {
    run("$sund init --role researcher --id $home $f->{at}/$home");
    run("$sund roster install --home $f->{at}/$home $f->{at}/roster.ini");
}
run("$sund trust add --home $f->{at}/$_ --client sund-test --jku $p->{jku} $p->{issuer}") for qw(ada bob hub DK);
run("$sund trust add --home $f->{at}/$_ --client sund-test --jku $late/jwk --jwks $tmp/late.jwks $late") for qw(hub DK);
stop("$f->{name}/$_") for qw(hub DK);
spew("$f->{at}/hub/sund.ini", slurp("$f->{at}/hub/sund.ini") . "\n[pages]\nport = $port[1]\nassembly = GRCh37\n");
spew("$f->{at}/DK/sund.ini", slurp("$f->{at}/DK/sund.ini") . "\n[pages]\nport = $port[2]\n");
my ($H, $N) = map { "http://127.0.0.1:$_/beacon" } @port[1, 2];

sub get {    # the answer, with its HTTP status as {code} and its headers
    my ($url, $token) = @_;
    spew("$tmp/curl.ini", $token ? "header = \"Authorization: Bearer $token\"\n" : '');
    my ($head, $body) = split /\r\n\r\n/, `curl -s -i -K $tmp/curl.ini '$url'`, 2;
    my $d = eval { decode_json($body // '') } // { text => $body };
    return { %$d, code => ($head // '') =~ m{^HTTP/1.1 (\d+)} ? $1 : 0, head => $head };
}
sub variant { my ($at, $site, $token) = @_; return get("$at/g_variants?referenceName=20&start=" . (100 * $site - 1) . '&referenceBases=A&alternateBases=G&includeResultsetResponses=ALL&requestedGranularity=record', $token) }
sub populations { my ($d) = @_; return join ' ', sort map { $_->{population} } map { @{ $_->{frequencies} } } map { @{ $_->{frequencyInPopulations} } } map { @{ $_->{results} } } @{ $d->{response}{resultSets} // [] } }
sub statuses { my ($d) = @_; return join ' ', map { "$_->{id}:$_->{status}" } @{ $d->{info}{nodes} // [] } }
sub up { my ($url, $like) = @_; for (1 .. 300) { return if `curl -s '$url'` =~ $like; sleep 0.1 } return }
sub hub_up { start_hub($f); return up("$H/g_variants/20-100-A-G", qr/("status":"log-in".*){3}/s) }    # all three answer
sub rows { my ($home, $who) = @_; return out("sqlite3 $f->{at}/$home/state.db \"SELECT COUNT(*) FROM looked_up WHERE asker='$who'\"") + 0 }

start_node($f, 'DK');
hub_up();
up("$N/info", qr/beaconId/);

# ---- log in, by the browser's way ----
sub log_in {
    my ($who) = @_;
    Glewlwyd::person($p, $who, []);
    start("login-$who", "$tmp/login-$who", $sund, 'login', '--home', "$f->{at}/$who", '--port', $port[0]);
    my $url;
    for (1 .. 200) { last if ($url) = slurp("$tmp/login-$who") =~ /^(http\S+)$/m; sleep 0.05 }
    system("curl -s --noproxy '*' -o $tmp/back '" . Glewlwyd::browse($p, $who, $url) . "'");
    for (1 .. 200) { last if slurp("$tmp/login-$who") =~ /^key /m; sleep 0.05 }
    stop("login-$who");
    return (split /\n/, slurp("$f->{at}/$who/login"))[0];
}
my ($ada, $bob) = map { log_in($_) } qw(ada bob);
my $name = sub { my ($token) = @_; my $c = decode_json(decode_base64url((split /\./, $token)[1])); return "$c->{iss} $c->{sub}" };
ok($name->($ada) ne $name->($bob) && $name->($ada) =~ /^\Q$p->{issuer}\E ./, 'two people have logged in');

# ---- what a token opens ----
my $d = variant($H, 1);
ok($d->{code} == 200 && populations($d) eq 'F Total' && statuses($d) eq 'DK:log-in FI:log-in SE:log-in', 'without one: three countries together, no country', populations($d) . ' ' . statuses($d));
my $together = $d->{response}{resultSets}[-1]{results}[0]{frequencyInPopulations}[0]{frequencies}[0]{alleleCount};
$d = variant($H, 1, $ada);
ok(populations($d) eq 'DK DK_F F FI FI_F SE SE_F Total' && statuses($d) eq 'DK:counted FI:counted SE:counted', 'with one: each country, and all', populations($d) . ' ' . statuses($d));
is($d->{response}{resultSets}[-1]{results}[0]{frequencyInPopulations}[0]{frequencies}[0]{alleleCount}, $together, 'the same sum');
$d = variant($N, 1);
ok($d->{code} == 200 && populations($d) eq '' && statuses($d) eq 'DK:log-in', "a node's own pages: nothing without", statuses($d));
is(populations(variant($N, 1, $ada)), 'DK DK_F', 'its own numbers with one');
is(get("$H/individuals", $ada)->{responseSummary}{numTotalResults}, 180, 'people are counted for whoever has logged in');
ok(!get("$H/individuals")->{responseSummary}{numTotalResults}, 'and for nobody else');

# ---- one person's variant, nobody's, and one that is in no store: the same words ----
my %said;
for my $site (19, 20, 77) {
    my $x = variant($N, $site, $bob);
    my $text = JSON::PP->new->canonical->encode({ map { $_ => $x->{$_} } qw(response responseSummary info) });
    $said{ $text =~ s/"milliseconds":\d+//gr }++;
}
ok(keys %said == 1 && (keys %said)[0] =~ /below-10/, 'one carrier, none, and a variant that the store lacks: byte for byte one answer', join "\n", keys %said);

# ---- what it costs: 0.13 of sixty people are seven variants ----
sub answered { my ($at, $token, @site) = @_; return join ' ', map { variant($at, $_, $token)->{code} } @site }
is(answered($H, $ada, 2 .. 9), '200 200 200 200 200 200 403 403', 'seven variants of sixty people, and no more');
ok(variant($H, 9, $ada)->{error}{errorMessage} =~ /rule membership/, 'by which rule');
is(answered($H, $ada, 1 .. 7), '200 200 200 200 200 200 200', 'what was answered is answered again');
is(answered($H, $bob, 9, 10), '200 200', 'somebody else has a budget of their own');
is(answered($H, undef, 1 .. 18), join(' ', (200) x 18), 'and so have all who are anonymous, of the sums of 180');
is(answered($N, $bob, 19, 20, 77, 1 .. 5), '200 200 200 200 200 200 200 403', "a node's own pages keep their own; what is hidden costs too");

# ---- a hub that is stopped, and one that is killed ----
stop("$f->{name}/hub");
my %login = map { my ($n) = /^(\S+)/; $n => 1 } grep { /^login/ } split /\n/, out("sqlite3 -separator ' ' $f->{at}/hub/state.db \"SELECT asker, COUNT(*) FROM looked_up GROUP BY asker\"");
is(join(' ', sort map { rows('hub', $_) } keys %login), '2 7', 'the rows of both are there');
is(rows('hub', 'anonymous'), 18, 'and of whoever was anonymous');
hub_up();
is(answered($H, $ada, 1, 7, 9), '200 200 403', 'a hub that was stopped knows what was spent');
is(answered($H, $bob, 11, 12), '200 200', 'and what was not');
stop("$f->{name}/hub", 'KILL');
hub_up();
my $n = () = answered($H, $bob, 9 .. 18) =~ /200/g;
ok($n >= 2 && $n <= 7, "one that was killed gives nothing back: $n of seven, those that were written among them");

# ---- tokens that do not hold ----
my ($head, $claims, $sig) = split /\./, $ada;
sub minted { my (%c) = @_; return Glewlwyd::sign({ alg => 'ES256', kid => 'late' }, { iss => $late, aud => 'sund-test', sub => 'carl', iat => time, exp => time + 3600, jti => 'x', %c }, $key) }
my $root = encode_base64url(encode_json({ %{ decode_json(decode_base64url($claims)) }, sub => 'root' }));
my %bad = (
    'expired' => minted(iat => time - 7200, exp => time - 120), 'another audience' => minted(aud => 'sund-other'), 'not yet valid' => minted(nbf => time + 300), 'another issuer' => minted(iss => 'https://evil.example'),
    'other claims' => "$head.$root.$sig", 'another signature' => "$head.$claims." . ($sig =~ tr/A-Za-z/B-ZAb-za/r), 'no signature' => "$head.$claims.", 'cut' => substr($ada, 0, -1), 'no token' => 'x',
);
is(variant($H, 1, minted())->{code}, 200, 'one of that issuer that holds');
for my $at ($H, $N) {
    my $wrong = '';
    for my $how (sort keys %bad) {
        $d = variant($at, 1, $bad{$how});
        $wrong .= "# $how: $d->{code}\n" if $d->{code} != 401 || $d->{head} !~ /^WWW-Authenticate: Bearer/m || $d->{response};
    }
    is($wrong, '', scalar(keys %bad) . ' tokens that do not hold are 401 at ' . ($at eq $H ? 'the hub' : 'the node') . ', never taken for anonymous');
}

# ---- where it went ----
sleep 1.2;    # the log of pages is written each second
my $log = out("$sund log show --home $f->{at}/hub");
ok((grep { $log =~ /pages .*to \Q$_\E: variants, \d+ questions/ } keys %login) == 2 && $log =~ /to anonymous: variants/, 'the log says for whom, by a name that is a digest');
run("$sund log verify --home $f->{at}/$_") for 'hub', keys %node;
stop_all();
my @needle = map { my $t = $_; my @part = split /\./, $t; ($part[1], $part[2], substr($part[2], 10, 60), decode_base64url($part[2]), unpack('H*', decode_base64url($part[2]))) } $ada, $bob;
ok(!(grep { index(slurp("$f->{at}/ada/login") . slurp("$f->{at}/bob/login"), $_) < 0 } @needle[0, 1, 2, 5, 6, 7]), 'the search finds a token where it is: in the homes of their owners');
my ($n_file, $n_byte, @seen) = (0, 0);
for my $file (split /\n/, out("find $f->{at} -type f ! -path '*/ada/*' ! -path '*/bob/*'")) {
    my $bytes = slurp($file);
    $n_file++;
    $n_byte += length $bytes;
    push @seen, $file if grep { index($bytes, $_) >= 0 } @needle;
}
is("@seen", '', sprintf 'no token is in any of the %d files of hub and nodes, their logs, and all that went between them: %.1f MB', $n_file, $n_byte / 1e6);
ok(-s "$f->{at}/tap.up" > 1e4 && index(slurp("$f->{at}/tap.down"), 'variants 20-100-A-G') >= 0, 'in which the questions are seen');
ok(!grep({ slurp("$f->{at}/$_.log") =~ /ERROR: \w+Sanitizer|runtime error/ } 'hub', keys %node), 'no sanitizer had to say anything');
Glewlwyd::end($p);
done();
