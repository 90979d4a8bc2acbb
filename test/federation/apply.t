#!/usr/bin/perl
# One application for the data of several countries, between processes: each decides, who applied sees how, studies run under it and stop when it is revoked, and a visa that a node issues opens what another asks one for.
use strict;
use warnings;
use lib 'test';
use Sund;
use JSON::PP;
use HTTP::Tiny;
use MIME::Base64 qw(encode_base64url decode_base64url);

my %node;
$node{$_} = small_node($_, sites => 12, access => 'open') for qw(DK FI SE);
my $f = federation('app', %node);
my $at = $f->{at};
my ($DK, $FI, $SE, $anna) = map { "$at/$_" } qw(DK FI SE anna);
my $digest = catalogue("$tmp/a.catalogue", "--assembly GRCh37 --hub --home $anna $tmp/DK.vcf");
my %study = (analysis => 'counts', catalogue => $digest, nodes => 'DK, FI, SE', strata => 'none');
my $n = 0;
sub ask { return submit($f, study_file("$tmp/s" . ++$n . '.ini', %study, title => "study $n", number => $n, @_)) }
sub soon { my ($cmd, $like) = @_; my $x = ''; for (1 .. 300) { $x = `$cmd 2>&1`; return 1 if $x =~ $like; select undef, undef, undef, 0.1 } print STDERR "# $cmd: $x\n"; return 0 }

# FI has a committee; all are asked
my $members = join '', map { out("$sund dac init --id $_ $tmp/$_.ini") } qw(maria juha);
stop("app/$_") for qw(DK FI SE);
spew("$_/sund.ini", slurp("$_/sund.ini") =~ s/^approve = all$/approve = ask/mr) for $DK, $FI, $SE;
spew("$FI/sund.ini", slurp("$FI/sund.ini") . "\n$members");
start_node($f, $_) for qw(DK FI SE);

# ---- made and sent ----
my $ini = "$tmp/app.ini";
fails("$sund apply make --title t --purpose GRU --analyses count --until 2099-12-31 --person 'Anna,Uni' $ini DK", 'an analysis that is none', qr/analyses.*count/);
run("$sund apply make --title 'Counts of the north' --purpose GRU --analyses counts --until 2099-12-31 --person 'Anna Example,University' --person 'Bob Example,Institute' $ini DK FI SE");
fails("$sund apply make --title t --purpose GRU --analyses counts --until 2020-12-31 --person 'Anna,Uni' $ini.past DK", 'a last day that is over', qr/2020-12-31, is over/);
fails("$sund apply make --home $anna --title t --purpose GRU --analyses counts --until 2099-12-31 --person 'Anna,Uni' $ini.no DK FO", 'a node that is none', qr/has no node FO/);
ok(!-e "$ini.no" && `$sund apply make --home $anna --title t --purpose GRU --analyses counts --until 2099-12-31 --person 'Anna,Uni' $ini.yes DK SE 2>&1` =~ /not checked, for these nodes have told the hub of no data sets: DK, SE/ && -e "$ini.yes", 'what is not known is said');
fails("$sund apply submit --home $anna $FI/sund.ini", 'a file that is none', qr/no section \[sund\] here, but \[application\], \[data\], \[person\]/);
spew("$tmp/study.ini", "[study]\n");
fails("$sund apply make --title t --purpose GRU --analyses counts --until 2099-12-31 --person 'Anna,Uni' $tmp/study.ini DK", 'not over a file of another kind', qr/study\.ini is there and does not begin with \[application\]/);
fails("$sund apply submit --home $FI $ini", 'by a researcher', qr/not the home of a researcher/);
ok(`$sund apply status --home $anna 2>&1` =~ /^no applications: 'sund apply make'/ && `$sund study status --home $anna 2>&1` =~ /^no studies: 'sund study submit/ && `$sund agreement list --home $FI 2>&1` =~ /^no agreements/, 'what there is none of is said');
fails("$sund apply status --home $anna aaaaaaaaaaaa", 'an application that is none', qr/none of your applications/);
my ($a) = out("$sund apply submit --home $anna $ini") =~ /^application = ([0-9a-f]{64})$/m;
ok($a, 'sent');
run("$sund apply submit --home $anna $ini");
ok(soon("$sund apply status --home $_", qr/waits +decides until \d{4}-\d\d-\d\d/), 'it has come, and says until when') for $DK, $FI, $SE;
my $shown = out("$sund apply show --home $FI $a");
ok($shown =~ /^from +anna$/m && $shown =~ /^decide +until .*no decision means: refused$/m && index($shown, slurp($ini)) > 0, 'show has who, until when, and all of it', "# $shown");
ok(soon("$sund apply status --home $anna", qr/DK +waits.*\n +FI +waits.*\n +SE +waits/), 'who applied sees that all wait');

# ---- each decides ----
fails("$sund apply approve --home $FI $a", 'a committee decides by its members', qr/--by KEYFILE/);
fails("$sund apply approve --home $SE --by $tmp/maria.ini $a", 'at its own node', qr/its operator decides/);
fails("$sund apply revoke --home $DK --reason early $a", 'nothing to revoke', qr/waits for a decision/);
ok(out("$sund apply approve --home $FI --by $tmp/maria.ini --reason 'meeting of 3 May' $a") =~ /^$a: approved; who applied can see it$/m, 'approved by a member');
run("$sund apply approve --home $DK " . substr $a, 0, 8);
fails("$sund apply refuse --home $SE $a", 'a refusal has its reason', qr/--reason/);
run("$sund apply refuse --home $SE --reason 'the register is missing' $a");
my $status = out("$sund apply status --home $anna $a");
ok($status =~ /DK +approved +approved by DK\n +FI +approved +approved by maria: meeting of 3 May\n +SE +refused +refused by SE: the register is missing/, 'two nodes decide differently, and each says why', "# $status");
is(join(' ', map { $_->{state} } @{ decode_json(out("$sund apply status --json --home $anna"))->{nodes} }), 'approved approved refused', 'for programs');
my $x = ask();
ok(soon("$sund study status --home $FI $x", qr/waits for the other nodes/), 'a study inside it needs no decision at FI');
ok(soon("$sund study status --home $SE $x", qr/waits for approval/), 'at SE it does');
run("$sund study refuse --home $SE --reason outside $x");

run("$sund apply veto --home $FI --by $tmp/juha.ini --reason 'not without the register' $a");
ok(out("$sund apply status --home $anna $a") =~ /FI +refused +vetoed by juha: not without the register/, 'a veto undoes what a member approved');

# ---- the next one: all approve, a study is released, then stopped ----
run("$sund apply make --title 'Counts again' --purpose GRU --analyses counts --until 2099-12-31 --person 'Anna Example,University' $ini DK FI SE");
my ($b) = out("$sund apply submit --home $anna $ini") =~ /([0-9a-f]{64})/;
ok(soon("$sund apply status --home $_ $b", qr/waits/), 'it came') for $DK, $FI, $SE;
run("$sund apply approve --home $_ $b") for $DK, $SE;
run("$sund apply approve --home $FI --by $tmp/juha.ini $b");
$x = ask();
ok(wait_for($f, $x, qr/released/, 60), 'released without a word of anybody');
ok(out("$sund log show --home $SE") =~ /decision.*approved: under application $b/, 'the log says under what');
my $o = ask(purpose => 'clinical-care', cohort => 'sex = F');
ok(soon("$sund study status --home $SE $o", qr/waits for approval|refused/), 'another purpose waits');
stop('app/DK');
my $y = ask(cohort => 'sex = M');
ok(soon("$sund study status --home $FI $y", qr/waits for the other nodes/), 'FI has approved under it, and waits for DK');
fails("$sund apply revoke --home $FI --by $tmp/maria.ini $b", 'an end has its reason', qr/--reason/);
run("$sund apply revoke --home $FI --by $tmp/maria.ini --reason 'consent withdrawn' $b");
ok(wait_for($f, $y, qr/stopped .*\n.*application [0-9a-f]{16} at FI: approval revoked by maria: consent withdrawn/, 30), 'what runs under it stops');
ok(soon("$sund apply status --home $anna $b", qr/FI +revoked +approval revoked by maria: consent withdrawn/), 'and who applied sees it');
my $z = ask(cohort => 'sex = F');
ok(soon("$sund study status --home $FI $z", qr/waits for approval/), 'nothing more is approved by it');

# ---- taken back by who applied ----
run("$sund apply make --title 'Taken back' --purpose GRU --analyses counts --until 2099-12-31 --person 'Anna Example,University' $ini FI SE DK");
my ($w) = out("$sund apply submit --home $anna $ini") =~ /([0-9a-f]{64})/;
ok(soon("$sund apply status --home $_ $w", qr/waits/), 'it came') for $FI, $SE;
run("$sund apply approve --home $FI --by $tmp/maria.ini $w");
run("$sund apply approve --home $SE $w");
my $under = ask(cohort => 'sex = M');
ok(soon("$sund study status --home $SE $under", qr/waits for the other nodes/), 'a study waits under it');
fails("$sund apply withdraw --home $anna aaaaaaaaaaaa", 'of a name', qr/0 of your applications/);
fails("$sund apply withdraw --home $SE $w", 'by who applied', qr/not the home of a researcher/);
ok(out("$sund apply withdraw --home $anna --reason 'the grant ended' " . substr $w, 0, 10) =~ /^$w: withdrawn;/, 'taken back');
ok(soon("$sund apply status --home $anna $w", qr/you have withdrawn it: the grant ended\n +FI +withdrawn +withdrawn by anna: the grant ended\n +SE +withdrawn .*\n +DK +has not heard/), 'each node that is up says so');
ok(soon("$sund study status --home $SE $under", qr/stopped .*application [0-9a-f]{16} at (SE|FI): withdrawn by anna: the grant ended/s), 'what was asked under it stops');
fails("$sund apply approve --home $SE $w", 'nothing left to decide on', qr/is withdrawn/);
fails("$sund apply submit --home $anna $ini", 'sent again', qr/was withdrawn.*number/);
is(decode_json((grep { /\Q$w\E/ } split /\n/, out("$sund apply status --json --home $anna"))[0])->{withdrawn}, 'the grant ended', 'for programs');
ok(out("$sund log show --home $SE") =~ /application +\S+ +withdrawn by anna: the grant ended/, 'it is in the log');
start_node($f, 'DK');
ok(soon("$sund apply status --home $anna $w", qr/DK +withdrawn +withdrawn before it was taken here/), 'a node that was away hears no more of it than that');
ok(out("$sund apply status --home $DK") !~ /Taken back/, 'and never the application');

# ---- the citizen's view ----
my $public = out("$sund log show --public --home $FI");
ok($public =~ /Counts again/ && $public =~ /applied for data of DK, FI and SE/ && $public =~ /approval revoked by maria: consent withdrawn/ && $public =~ /Here it is withdrawn: withdrawn by anna: the grant ended\./, 'citizens can read it', "# $public");
run("$sund log verify --home $_") for $FI, $SE, "$at/hub";

# ---- visas ----
fails("$sund apply visa --home $SE --value https://se.example.org/1 $b", 'no key yet', qr/apply keys/);
my $jwks = out("$sund apply keys --home $SE --issuer https://se.example.org/ --jku https://se.example.org/jwks");
is(sprintf('%o', (stat "$SE/visa.ini")[2] & 0777), '600', "its key is the node's alone");
ok(!exists decode_json($jwks)->{keys}[0]{d} && decode_json($jwks)->{keys}[0]{alg} eq 'ES256', 'the key set has the public half');
fails("$sund apply visa --home $SE --value https://se.example.org/1 $b", 'who applied without a login is named by nobody', qr/without a login/);

# ada, in no roster, by a login that the test issues
my $ada = "$at/ada";
run("$sund init --role researcher --id ada $ada");
run("$sund roster install --home $ada $at/roster.ini");
run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $tmp/iss.pem 2>/dev/null");
my $der = out("openssl pkey -in $tmp/iss.pem -pubout -outform DER");
spew("$tmp/iss.jwks", encode_json({ keys => [{ kty => 'EC', crv => 'P-256', kid => 'i1', use => 'sig', alg => 'ES256', x => encode_base64url(substr $der, -64, 32), y => encode_base64url(substr $der, -32) }] }));
my $iss = 'https://login.example.org';
sub login {
    my ($sub, @visa) = @_;
    my $nonce = out("$sund login --nonce --home $ada") =~ s/\n//r;
    my $t = encode_base64url(encode_json({ alg => 'ES256', kid => 'i1' })) . '.' . encode_base64url(encode_json({ iss => $iss, aud => 'sund-test', sub => $sub, nonce => $nonce, iat => time, exp => time + 3600, jti => "j$sub" . ++$n }));
    spew("$tmp/to-sign", $t);
    my $sig = out("openssl dgst -sha256 -sign $tmp/iss.pem $tmp/to-sign");
    my $len = ord substr $sig, 3, 1;
    my ($r, $s) = map { my $v = $_; $v =~ s/^\0+//; ("\0" x (32 - length $v)) . $v } substr($sig, 4, $len), substr($sig, 6 + $len);
    spew("$tmp/tokens", join "\n", "$t." . encode_base64url("$r$s"), @visa, '');
    return out("$sund login --home $ada --token-file $tmp/tokens");
}
spew("$tmp/se.jwks", $jwks);
for my $home ($ada, $DK, $FI, $SE, "$at/hub") {
    run("$sund trust add --home $home --client sund-test --jku $iss/jwk --jwks $tmp/iss.jwks $iss");
    run("$sund trust add --home $home --people $iss --jku https://se.example.org/jwks --jwks $tmp/se.jwks https://se.example.org/");
}
login('ada-1');
run("$sund apply make --title 'By Ada' --purpose GRU --analyses counts --until 2099-12-31 --person 'Ada Example,University' $ini FI SE");
my ($c) = out("$sund apply submit --home $ada $ini") =~ /([0-9a-f]{64})/;
ok(soon("$sund apply show --home $SE $c", qr/who is ada-1 of \Q$iss\E/), 'a login came with it, and the node has verified it');
fails("$sund apply visa --home $SE --value https://se.example.org/1 $c", 'no visa before it is approved', qr/not approved here/);
run("$sund apply approve --home $SE $c");
my $visa = out("$sund apply visa --home $SE --value https://se.example.org/1 --days 7 $c") =~ s/\n//r;
ok(login('ada-1', $visa) =~ m{^ControlledAccessGrants https://se.example.org/1, by dac of https://se.example.org/, issued by https://se.example.org/, until }m, 'our own verifier takes the visa');
ok(login('bob', $visa) !~ /^ControlledAccess/m, "and not for somebody else's name");
ok(out("$sund log show --home $SE") =~ /visa +\S+ +issued by SE: ControlledAccessGrants/, 'it is in the log');

# ---- as a REMS tells it ----
my $port = 20000 + ($$ * 17) % 20000;
for (1 .. 50) { last if port_free($port); $port++ }
stop('app/SE');
spew("$SE/sund.ini", slurp("$SE/sund.ini") . "\n[pages]\nport = $port\ngrants = https://se.example.org/1\n");
start_node($f, 'SE');
for (1 .. 200) { last if slurp("$at/SE.log") =~ /pages are at/; select undef, undef, undef, 0.05 }
sub get { my ($path, $key) = @_; my $r = HTTP::Tiny->new->get("http://127.0.0.1:$port$path", { headers => { $key ? ('x-rems-api-key' => $key, 'x-rems-user-id' => 'owner') : () } }); return ($r->{status}, $r->{content}) }
fails("$sund peer add --home $at/hub --permissions broker", 'a node alone', qr/not the home of a node/);
my $key = out("$sund peer add --home $SE --permissions broker") =~ s/\s//gr;
my $match = out("$sund peer add --home $SE decipher") =~ s/\s//gr;
is((get('/api/entitlements'))[0], 401, 'nothing without a key');
is((get('/api/permissions/ada-1', $match))[0], 401, 'nor with one for something else');
is((get('/api/jwk'))[1], $jwks, 'the key set is for anybody');
is((get('/api/entitlements?expired=true', $key))[0], 400, 'what has ended is not told');
is(join(' ', map { (get($_, $key))[0] } map { ("/api/entitlements?$_", "/api/permissions/ada-1?$_") } 'user=ada-1&user=bob', 'user=bob&user=ada-1', 'resource=x&resource=x', 'expired=false&expired=false', 'expired=false&user=ada-1&resource=x&user=bob'),
    join(' ', (400) x 10), 'nothing is taken twice, nor one of two of them');
is((get('/api/permissions/', $key))[0], 404, 'permissions are of somebody');
my $api = decode_json((get('/openapi.json'))[1]);
is(join(' ', grep { m{^/api/} } sort keys %{ $api->{paths} }), '/api/entitlements /api/jwk /api/permissions/{user}', 'they are described');
is(join(' ', map { my ($k) = map { keys %$_ } @{ $api->{paths}{$_}{get}{security} // [] }; $k ? "$api->{components}{securitySchemes}{$k}{in} $api->{components}{securitySchemes}{$k}{name}" : 'open' } '/api/entitlements', '/api/jwk'), 'header x-rems-api-key open', 'with the key that they need');
my ($st, $told) = get('/api/entitlements', $key);
my $e = $st == 200 ? decode_json($told) : [];
is(scalar @$e, 1, 'one person, by a login and approved here');
is(join('|', map { $_ // 'null' } @{ $e->[0] }{qw(resource mail)}, @{ $e->[0]{user} }{qw(userid name email)}, $e->[0]{end}), 'https://se.example.org/1||ada-1|Ada Example|null|2100-01-01T00:00:00Z', 'who, and what');
ok($e->[0]{'application-id'} =~ /^\d+$/ && $e->[0]{start} =~ /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/ && join(',', sort keys %{ $e->[0] }) eq 'application-id,end,mail,resource,start,user', 'in the shape that REMS gives');
is(join(' ', map { scalar @{ decode_json((get("/api/entitlements?$_", $key))[1]) } } 'user=ada-1', 'user=bob', 'resource=https://se.example.org/1', 'resource=x'), '1 0 1 0', 'by user and resource');
($st, $told) = get('/api/permissions/ada-1', $key);
my $pass = decode_json($told)->{ga4gh_passport_v1};
is(scalar @$pass, 1, 'a passport of one visa');
my ($head, $claims) = map { decode_json(decode_base64url($_)) } (split /\./, $pass->[0])[0, 1];
ok($head->{alg} eq 'ES256' && $head->{jku} eq 'https://se.example.org/jwks' && $head->{kid} eq decode_json($jwks)->{keys}[0]{kid}, 'signed by the key that is published');
ok($claims->{sub} eq 'ada-1' && $claims->{exp} > time && $claims->{ga4gh_visa_v1}{asserted} <= $claims->{iat} && join('|', @{ $claims->{ga4gh_visa_v1} }{qw(type value source by)}) eq 'ControlledAccessGrants|https://se.example.org/1|https://se.example.org/|dac', 'with the claims of a grant');
ok(login('ada-1', $pass->[0]) =~ m{^ControlledAccessGrants https://se.example.org/1, by dac}m, 'which our own verifier takes');
is((get('/api/permissions/bob', $key))[1], '{"ga4gh_passport_v1":[]}', 'an empty one for anybody else');
my $log = out("$sund log show --home $SE");
ok($log =~ /visa +\S+ +issued to broker, which asked: ControlledAccessGrants .* to ada-1 of/ && $log =~ /broker was told who may use \S+: 1 entitlements/, 'all of it in the log');
run("$sund node stop-release --home $SE --reason test");
select undef, undef, undef, 0.1;
is((get('/api/entitlements', $key))[0], 503, 'not while all that leaves is stopped');
run("$sund node allow-release --home $SE --reason test");
run("$sund apply revoke --home $SE --reason 'no more' $c");
is((get('/api/entitlements', $key))[1] . (get('/api/permissions/ada-1', $key))[1], '[]{"ga4gh_passport_v1":[]}', 'nothing from the moment it is revoked');
run("$sund peer remove --home $SE --permissions broker");
is((get('/api/entitlements', $key))[0], 401, 'a token ends at once');
ok(out("$sund apply status --home $anna") !~ /By Ada/ && out("$sund apply status --home $DK") !~ /By Ada/, 'others see nothing of it');
stop_all();
done();
