#!/usr/bin/perl
# A researcher who is in no roster: logs in at a real OpenID provider (glewlwyd), asks a study with the login and its visas, which the hub and every node verify by their
# own lists; and tokens that are forged, for others, or not of the time are refused at each place.
use strict;
use warnings;
use lib 'test';
use Sund;
use Glewlwyd;
use JSON::PP;
use MIME::Base64 qw(encode_base64url decode_base64url);
use Time::HiRes qw(sleep);

my $port = 23000 + ($$ * 3) % 20000;
for (1 .. 50) { last if Sund::port_free($port); $port++ }
my $p = Glewlwyd::begin("$tmp/oidc", client => 'sund-test', redirect => "http://127.0.0.1:$port/callback");
skip_all($p) if !ref $p;

# ---- a federation of three nodes whose studies need a visa at one of them; nobody but anna is in its roster ----
my %node;
$node{$_} = small_node($_, access => 'open') for qw(DK FI SE);
my $dataset = 'https://fi.example.org/datasets/1';
$node{FI}{node_ini} = "visa = $dataset\n";
my $watched = -x ($ENV{SUND_ASAN} // '') ? $ENV{SUND_ASAN} : $sund;    # hub and nodes under the address sanitizer where built
$_->{program} = $watched for values %node;
my $f    = federation('login', hub_program => $watched, %node);
my $ada  = "$f->{at}/ada";
my $rems = 'https://rems.example.org/';
run("$sund init --role researcher --id ada $ada");
run("$sund roster install --home $ada $f->{at}/roster.ini");

# ---- a visa issuer of the test's own, with its own key ----
my $visa_key = Glewlwyd::pem("$tmp/rems.pem", qw(EC -pkeyopt ec_paramgen_curve:P-256));
my $own_key  = Glewlwyd::pem("$tmp/own.pem", qw(RSA -pkeyopt rsa_keygen_bits:2048));
my $serial = 0;
sub visa {
    my ($sub, %more) = @_;
    return Glewlwyd::sign({ alg => 'ES256', kid => 'v1', typ => 'JWT', jku => "${rems}jwk" }, { iss => $rems, sub => $sub, iat => time, exp => time + 3600, jti => 'visa ' . $serial++,
        ga4gh_visa_v1 => { type => 'ControlledAccessGrants', value => $dataset, source => 'https://dac.example.org', by => 'dac', asserted => time - 100, %more } }, $visa_key);
}
spew("$tmp/rems.jwks", Glewlwyd::ec_jwks($visa_key, 'v1'));

# ---- who trusts whom ----
ok(out("$sund trust list --home $ada") =~ /nobody/, 'a new home trusts nobody');
fails("$sund login --home $ada", 'and there is no issuer to log in by', qr/trust add/);
sub trust { my ($home) = @_; return "$sund trust add --home $home --client sund-test --jku $p->{jku} --people $p->{issuer} $p->{issuer}" }
fails("$sund trust add --home $ada --client sund-test --jku http://login.example.org/jwk $p->{issuer}", 'keys come by https', qr/https/);
fails("$sund trust add --home $ada --jku $p->{jku} $p->{issuer}", 'trusted for what', qr/--client/);
fails("$sund trust add --home $ada --client x --jku $p->{url}/nothing $p->{issuer}", 'an address without keys', qr/HTTP 404/);
for my $home (qw(ada hub DK FI SE)) {
    run(trust("$f->{at}/$home"));
    run("$sund trust add --home $f->{at}/$home --jku ${rems}jwk --jwks $tmp/rems.jwks --people $p->{issuer} $rems");
}
ok(out("$sund trust list --home $f->{at}/FI") =~ /^\Q$p->{issuer}\E\n +keys at +\Q$p->{jku}\E\n +logins +for the audience sund-test\n +visas .*\n +key +RS256 /m, 'trust list says who, where, for what, and which keys');
run("$sund trust refresh --home $f->{at}/FI $p->{issuer}");
fails("$sund trust refresh --home $f->{at}/FI", 'keys that cannot be fetched stay', qr/1 of 2 could not be fetched/);
ok(out("$sund trust list --home $f->{at}/FI") =~ /key +ES256 v1/, 'as they were');
sub believed { return out("$sund log show --home $f->{at}/FI") =~ /whose logins and visas are believed: (.*)$/mg }
my @before = believed();
run(trust("$f->{at}/FI") . " --jwks $tmp/rems.jwks");
run("$sund trust refresh --home $f->{at}/FI $p->{issuer}");
my @after = believed();
ok(@after == @before + 2 && $after[-1] eq $before[-1] && $after[-2] ne $after[-1], 'other keys that a refresh brings are in the log', join "\n# ", '', @after);

is(out("$sund info $f->{at}/FI") =~ /^visa +\Q$dataset\E$/m, 1, 'info says which visa a node asks for');

# ---- log in, by the browser's way ----
Glewlwyd::person($p, 'ada', []);
Glewlwyd::person($p, 'bob', []);
fails("$sund study status --home $ada", 'before: in no roster, and not logged in', qr/not in the roster.*sund login/);
sub log_in {    # home, person, more options; what it printed
    my ($home, $who, $options) = @_;
    my $name = "log-in-$serial";
    $serial++;
    start($name, "$tmp/$name", $sund, 'login', '--home', $home, '--port', $port, split ' ', $options // '');
    my $url;
    for (1 .. 100) { last if ($url) = slurp("$tmp/$name") =~ /^(http\S+)$/m; sleep 0.05 }
    $url or return slurp("$tmp/$name");
    my $back = Glewlwyd::browse($p, $who, $url);
    is(scalar(() = $back =~ /^http:\/\/127\.0\.0\.1:$port\/callback\?/), 1, "the provider sends $who back with a code");
    system("curl -s --noproxy '*' -o $tmp/forged '" . ($back =~ s/state=[^&]*/state=0/r) . "'");
    ok(slurp("$tmp/forged") =~ /not the answer/, 'an answer that was not asked for is none');
    system("curl -s --noproxy '*' -o $tmp/back '$back'");
    for (1 .. 200) { last if slurp("$tmp/$name") =~ /^key |sund login:/m; sleep 0.05 }
    stop($name);
    return slurp("$tmp/$name");
}
my ($sub) = log_in($ada, 'ada') =~ /^(\S+) of \Q$p->{issuer}\E, until 20/m;    # how the provider names her to this client
Glewlwyd::person($p, 'ada', [visa($sub)]);
my $said = log_in($ada, 'ada');
ok($said =~ /^$sub of \Q$p->{issuer}\E, until 20/m && $said =~ /^ControlledAccessGrants \Q$dataset\E, by dac of/m, 'logged in: for whom, until when, with what', "# $said");
my ($nonce) = $said =~ /^key ([0-9a-f]{64})$/m;
is($nonce, out("$sund login --nonce --home $ada") =~ s/\n//r, 'bound to the key of the home');
is(sprintf('%o', (stat "$ada/login")[2] & 07777), '600', "the tokens are their owner's alone");
my $login = slurp("$ada/login");
my ($id)  = split /\n/, $login;
my ($head, $claims) = map { decode_json(decode_base64url($_)) } (split /\./, $id)[0, 1];
is("$claims->{nonce} $claims->{aud} $claims->{sub}", "$nonce sund-test $sub", 'the provider signed nonce, audience and subject');

# ---- a study with the login ----
my $digest = catalogue("$tmp/a.catalogue", "--assembly GRCh37 --hub --home $ada $tmp/DK.vcf");
my %study  = (analysis => 'counts', catalogue => $digest, nodes => 'DK, FI, SE', strata => 'none');
sub ask { my ($home, %more) = @_; my ($name) = out("$sund study submit --home $home " . study_file("$tmp/s.ini", %study, %more)) =~ /^study = ([0-9a-f]{64})$/m; return $name }
sub at_node { my ($node, $name, $like) = @_; for (1 .. 200) { my $t = `$sund study status --home $f->{at}/$node $name 2>/dev/null`; return $t if $t =~ $like; sleep 0.1 } return '' }
sub reaches { my ($name, $like) = @_; for (1 .. 300) { my $t = `$sund study status --home $f->{at}/anna $name 2>&1`; return $t if $t =~ $like; sleep 0.1 } return `$sund study status --home $f->{at}/anna $name 2>&1` }
my $first = ask($ada, title => 'by login');
ok(at_node('DK', $first, qr/waits for approval/) && at_node('SE', $first, qr/waits for approval/), 'nodes that ask for no visa ask their operators, whatever they approve of the roster');
my $shown = out("$sund study show --home $f->{at}/DK $first");
ok($shown =~ /^researcher +login-[0-9a-f]{26}, signed with the login's key/m && $shown =~ /^login +$sub of \Q$p->{issuer}\E, verified here at 20\S+; the token holds until 20/m, 'study show says who, by whose word', "# $shown");
ok($shown =~ /^visas +ControlledAccessGrants \Q$dataset\E, by dac of https:\/\/dac.example.org, issued by \Q$rems\E/m, 'and with which visas', "# $shown");
my $told = decode_json(out("$sund study show --json --home $f->{at}/FI $first"));
is("$told->{login}{subject} $told->{login}{issuer} $told->{refusal}", "$sub $p->{issuer} ", 'in JSON too');
run("$sund study approve --home $f->{at}/$_ $first") for qw(DK SE);
ok(reaches($first, qr/released/) =~ /released/, 'it is released');
run("$sund study fetch --home $ada --out $tmp/got $first");
ok(slurp("$tmp/got/table.tsv") =~ /^chrom\tpos/, 'and fetched by the same login');
fails("$sund study fetch --home $f->{at}/anna $first", "another researcher's it is not", qr/another researcher/);
ok(out("$sund log show --home $f->{at}/FI") =~ /login .*$sub of \Q$p->{issuer}\E/, "the login is in the node's ledger");
run("$sund log verify --home $f->{at}/$_") for 'hub', keys %node;

# ---- each node has its own word: one that does not trust the issuer, a study without the visa ----
run("$sund trust remove --home $f->{at}/SE $p->{issuer}");
my $second = ask($ada, title => 'not trusted by SE');
ok(reaches($second, qr/refused/) =~ /SE: the login: \Q$p->{issuer}\E is not trusted here/, 'a node that trusts the issuer no more refuses, and says so');
run(trust("$f->{at}/SE"));
my $third = ask("$f->{at}/anna", title => 'of the roster');
ok(reaches($third, qr/refused/) =~ /FI: no visa: studies here need ControlledAccessGrants for \Q$dataset\E/, 'a researcher of the roster needs the visa too');
my $bob = "$f->{at}/bob";
run("$sund init --role researcher --id bob $bob");
run("$sund roster install --home $bob $f->{at}/roster.ini");
run(trust($bob));
Glewlwyd::person($p, 'bob', [visa($sub)]);    # the visa of somebody else
$said = log_in($bob, 'bob');
ok($said =~ / of \Q$p->{issuer}\E, until /m && $said !~ /^ControlledAccess/m && $said =~ /does not count/, "somebody else's visa does not count", "# $said");
ok(reaches(ask($bob, title => 'by bob'), qr/refused/) =~ /FI: no visa/, 'and opens nothing');

# ---- hostile tokens: at the researcher's own program, and at the hub, whom no program of ours need have asked ----
sub parts { my ($h, $c, $sig) = @_; return join '.', encode_base64url(ref $h ? encode_json($h) : $h), encode_base64url(ref $c ? encode_json($c) : $c), $sig }
my $sig  = (split /\./, $id)[2];
my $jwks = out("curl -s --noproxy '*' $p->{jku}");
sub hs256 { my ($kid, $secret) = @_; require Digest::SHA; my $t = encode_base64url(encode_json({ %$head, alg => 'HS256', kid => $kid })) . '.' . encode_base64url(encode_json($claims)); return "$t." . Digest::SHA::hmac_sha256_base64($t, $secret) =~ tr{+/}{-_}r }
my $kid = $head->{kid};
my %mine = (iss => $p->{issuer}, aud => 'sund-test', sub => $sub, nonce => $nonce, iat => time, exp => time + 3600, jti => 'mine');
my %hostile = (
    'alg none'                    => [parts({ %$head, alg => 'none' }, $claims, ''), qr/malformed/],
    'alg none with a signature'   => [parts({ %$head, alg => 'none' }, $claims, $sig), qr/alg/],
    'HS256 with the public keys'  => [hs256($kid, $jwks), qr/alg/],
    'HS256 with the public key'   => [hs256($kid, scalar slurp("$p->{at}/pub")), qr/alg/],
    'ES256 on an RSA key'         => [parts({ %$head, alg => 'ES256' }, $claims, $sig), qr/alg/],
    'no kid'                      => [parts({ alg => 'RS256' }, $claims, $sig), qr/kid/],
    'kid that is a path'          => [parts({ alg => 'RS256', kid => '../../dev/null' }, $claims, $sig), qr/kid/],
    'kid that is SQL'             => [parts({ alg => 'RS256', kid => "$kid' OR '1'='1" }, $claims, $sig), qr/kid/],
    'own key under its kid'       => [Glewlwyd::sign({ alg => 'RS256', kid => $kid }, \%mine, $own_key), qr/signature/],
    'own jku'                     => [Glewlwyd::sign({ alg => 'RS256', kid => 'own', jku => 'http://127.0.0.1:1/jwk' }, \%mine, $own_key), qr/not fetched/],
    'own key in the token'        => [Glewlwyd::sign({ alg => 'RS256', kid => $kid, jwk => { kty => 'RSA', n => 'AAAA', e => 'AQAB' } }, \%mine, $own_key), qr/malformed/],
    'another issuer'              => [Glewlwyd::sign({ alg => 'RS256', kid => $kid }, { %mine, iss => 'https://evil.example' }, $own_key), qr/not trusted/],
    'a visa issuer logs in'       => [Glewlwyd::sign({ alg => 'ES256', kid => 'v1' }, { %mine, iss => $rems }, $visa_key), qr/not trusted here for logins/],
    'other claims'                => [parts($head, { %$claims, sub => 'root' }, $sig), qr/signature/],
    'a later end'                 => [parts($head, { %$claims, exp => $claims->{exp} + 1 }, $sig), qr/signature/],
    "bob's token"                 => [(split /\n/, slurp("$bob/login"))[0], qr/another key/],
);
# what only an issuer could make: one of the test's own, that all trust
my $late = 'https://late.example.org';
spew("$tmp/late.jwks", Glewlwyd::ec_jwks($visa_key, 'late'));
run("$sund trust add --home $f->{at}/$_ --jku $late/jwk --jwks $tmp/late.jwks --client sund-test $late") for qw(ada hub DK FI SE);
sub minted { my (%c) = @_; return Glewlwyd::sign({ alg => 'ES256', kid => 'late' }, { %mine, iss => $late, jti => 'm' . $serial++, %c }, $visa_key) }
%hostile = (%hostile,
    'expired'          => [minted(iat => time - 7200, exp => time - 61), qr/expired/],
    'not yet valid'    => [minted(nbf => time + 300), qr/not yet valid/],
    'from the future'  => [minted(iat => time + 300), qr/not yet valid/],
    'no end'           => [minted(exp => undef), qr/exp/],
    'another audience' => [minted(aud => 'sund-other'), qr/audience/],
    'no audience'      => [minted(aud => []), qr/audience/],
    'for two, without azp' => [minted(aud => ['sund-test', 'other']), qr/audience/],
    'without nonce'    => [minted(nonce => undef), qr/another key/],
    'without subject'  => [minted(sub => undef), qr/sub/],
);
for my $how (sort keys %hostile) {
    my ($token, $why) = @{ $hostile{$how} };
    spew("$tmp/token", "$token\n");
    fails("$sund login --home $ada --token-file $tmp/token", "refused by sund login: $how", $why);
    spew("$ada/login", $token);
    fails("$sund study status --home $ada", "and by the hub: $how", qr/the hub: /, $why);
}
is(slurp("$ada/login") =~ /\n/ ? 1 : 0, 0, 'the home has what was put there');
spew("$ada/login", minted());
ok(out("$sund study status --home $ada") =~ /by login/, 'the same home with a token that holds');
spew("$tmp/token", join "\n", minted(), visa($sub), '');
ok(out("$sund login --home $ada --token-file $tmp/token") =~ /^$sub of \Q$late\E.*^1 more that does not count/ms, "--token-file; visas of another issuer's people do not count");

# a token that was taken, signed again by its issuer with other claims and the same jti
my @twice = map { minted(jti => 'once', x => $_) } 1, 2;
spew("$ada/login", $twice[0]);
run("$sund study status --home $ada") for 1, 2;
spew("$ada/login", $twice[1]);
fails("$sund study status --home $ada", 'a jti with other content', qr/refused as a replay/);
# its twin: the other signature that verifies is the same token
spew("$ada/login", $twice[0] =~ s/[^.]+$//r . do {
    require Math::BigInt;
    my $raw = decode_base64url((split /\./, $twice[0])[2]);
    my $n = Math::BigInt->from_hex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
    encode_base64url(substr($raw, 0, 32) . pack 'H*', sprintf '%064s', ($n - Math::BigInt->from_hex(unpack 'H*', substr $raw, 32))->to_hex);
});
run("$sund study status --home $ada");
is(out("sqlite3 $f->{at}/hub/state.db \"SELECT COUNT(*) FROM token WHERE jti='once'\"") + 0, 1, 'a twin by its signature is no second token');

# ---- malformed: the provider's token with a byte changed, cut, put together otherwise ----
my ($n_refused, @taken) = (0);
srand 7;
for my $k (1 .. 420) {
    my $t = $id;
    my $i = int rand length $t;
    if    ($k % 4 == 0) { substr $t, $i, 1, '' }
    elsif ($k % 4 == 1) { substr $t, $i, 0, substr 'Az09-_.=+ ', rand 10, 1 }
    elsif ($k % 4 == 2) { $t = substr $t, 0, $i }
    else                { my $c = substr $t, $i, 1; my $d = $c; $d = substr 'ABCDxyz0189-_.=', rand 15, 1 while $d eq $c; substr $t, $i, 1, $d }
    spew("$tmp/token", $t);
    my $text = `$sund login --home $ada --token-file $tmp/token 2>&1`;
    if (($? >> 8) =~ /^[34]$/ && !($? & 127)) { $n_refused++ } else { push @taken, "$k: $? $text" }
}
is($n_refused, 420, 'of 420 malformed tokens all are refused') or note("@taken[0..$#taken]");
spew("$tmp/token", $login);
ok(out("$sund login --home $ada --token-file $tmp/token") =~ /^$sub of \Q$p->{issuer}\E/, 'and what the provider gave still holds');

# ---- others may not read it; the hub and the nodes are well ----
chmod 0644, "$ada/login";
fails("$sund study status --home $ada", 'a login that others may read', qr/login/);
chmod 0600, "$ada/login";
ok(!grep({ my $n = $_; my $log = slurp("$f->{at}/$n.log"); index($log, substr $id, -80) >= 0 || $log =~ /ERROR: \w+Sanitizer|runtime error/ } 'hub', keys %node), 'no token is in a log, and no sanitizer had to say anything');
Glewlwyd::end($p);
stop_all();
done();
