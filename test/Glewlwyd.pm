# An OpenID provider of its own for a test: Debian's glewlwyd on loopback with SQLite, people, and a public client that must use PKCE.
#   my $p = Glewlwyd::begin($folder, client => 'sund-test', redirect => 'http://127.0.0.1:8123/callback');   a text that says why when it cannot run
#   Glewlwyd::person($p, 'ada', [visas...]);       makes, or gives other visas (claim ga4gh_passport_v1)
#   Glewlwyd::browse($p, 'ada', $url);             what a browser does with the address of a login: the provider's last redirection
#   Glewlwyd::end($p);                             stops it, by its process id
# And issuers of the test's own, who sign whatever it likes:
#   my $pem = Glewlwyd::pem("$tmp/key.pem", qw(EC -pkeyopt ec_paramgen_curve:P-256));   makes a key
#   Glewlwyd::ec_jwks($pem, 'kid');                its public half as a JWKS
#   Glewlwyd::sign({ alg => 'ES256', kid => 'kid' }, { iss => ... }, $pem);             a token
# $p has issuer, jku. No password is one that the package comes with.
package Glewlwyd;
use strict;
use warnings;
use JSON::PP;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64url);
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep);

my $json = JSON::PP->new->canonical;
my $mine = $$;
my %pid;

sub put { my ($path, $text) = @_; open my $f, '>', $path or die "$path: $!\n"; print $f $text; close $f or die "$path: $!\n"; return $path }
sub word { open my $f, '<', '/dev/urandom' or die; read $f, my $b, 16; return unpack 'H*', $b }

sub port {
    my $p = 21000 + ($$ * 13) % 20000;
    for (1 .. 200) {
        my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $p, Listen => 1, ReuseAddr => 1);
        return $p if $s && close $s;
        $p++;
    }
    die "no free port\n";
}

# curl with the cookies of one person; the body, or an end with what was answered
sub curl {
    my ($p, $who, @args) = @_;
    open my $f, '-|', 'curl', '-sS', '--noproxy', '*', '--fail-with-body', '-b', "$p->{at}/cookies.$who", '-c', "$p->{at}/cookies.$who", @args or die "curl: $!\n";
    my $text = do { local $/; <$f> } // '';
    close $f or die "glewlwyd: @args: $text\n";
    return $text;
}
sub call {
    my ($p, $who, $method, $path, $data) = @_;
    return curl($p, $who, '-X', $method, '-H', 'Content-Type: application/json', $data ? ('-d', $json->encode($data)) : (), "$p->{url}/api/$path");
}

sub conf {
    my ($p) = @_;
    return <<"CONF";
port=$p->{port}
bind_address="127.0.0.1"
external_url="$p->{url}"
login_url="login.html"
api_prefix="api"
log_mode="file"
log_level="WARNING"
log_file="$p->{at}/log"
cookie_domain="127.0.0.1"
cookie_secure=0
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
use_secure_connection=false
secure_connection_key_file="-"
secure_connection_pem_file="-"
secure_connection_ca_file="-"
hash_algorithm="SHA512"
database = { type = "sqlite3"; path = "$p->{at}/db"; };
CONF
}

# The OpenID plugin: authorization code with PKCE alone, ID tokens by RS256, visas in userinfo.
sub plugin {
    my ($p) = @_;
    system("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out $p->{at}/key 2>/dev/null && openssl pkey -in $p->{at}/key -pubout -out $p->{at}/pub") == 0 or die "openssl failed\n";
    my %pem = map { my $n = $_; local $/; open my $f, '<', "$p->{at}/$n" or die; ($n => scalar <$f>) } qw(key pub);
    my ($yes, $no) = (JSON::PP::true, JSON::PP::false);
    return { module => 'oidc', name => 'oidc', display_name => 'oidc', parameters => {
        iss => $p->{issuer}, 'jwt-type' => 'rsa', 'jwt-key-size' => '256', key => $pem{key}, cert => $pem{pub}, 'jwks-show' => $yes, 'access-token-duration' => 3600, 'refresh-token-duration' => 3600,
        'code-duration' => 60, 'refresh-token-rolling' => $no, 'refresh-token-one-use' => 'never', 'allow-non-oidc' => $no, 'auth-type-code-enabled' => $yes, 'auth-type-code-revoke-replayed' => $yes,
        'auth-type-token-enabled' => $no, 'auth-type-none-enabled' => $yes, 'auth-type-password-enabled' => $no, 'auth-type-client-enabled' => $no, 'auth-type-refresh-enabled' => $no,
        'pkce-allowed' => $yes, 'pkce-required' => $yes, 'pkce-required-public-client' => $yes, 'pkce-method-plain-allowed' => $no, 'subject-type' => 'public', 'allowed-scope' => ['openid', 'ga4gh_passport_v1'],
        claims => [{ name => 'ga4gh_passport_v1', 'user-property' => 'ga4gh_passport_v1', type => 'string', mandatory => $no, 'on-demand' => $yes, scope => ['ga4gh_passport_v1'] }] } };
}

sub client {
    my ($p, $id, $redirect) = @_;
    call($p, 'admin', 'POST', 'client', { client_id => $id, name => $id, enabled => JSON::PP::true, confidential => JSON::PP::false, redirect_uri => [$redirect], authorization_type => ['code'], scope => [], token_endpoint_auth_method => ['none'] });
    return;
}

sub begin {
    my ($at, %o) = @_;
    my $schema = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3';
    for (['glewlwyd --version', 'glewlwyd'], ['sqlite3 --version', 'sqlite3'], ['curl --version', 'curl'], ["test -r $schema", "glewlwyd's database schema"]) {
        return "no $_->[1]" if system("$_->[0] >/dev/null 2>&1");
    }
    mkdir $at, 0700 or die "$at: $!\n";
    my $port = port();
    my $p = { at => $at, port => $port, url => "http://127.0.0.1:$port", issuer => "http://127.0.0.1:$port/api/oidc", jku => "http://127.0.0.1:$port/api/oidc/jwks", people => {} };
    system("sqlite3 $at/db <$schema") == 0 or die "sqlite3 failed\n";
    put("$at/conf", conf($p));
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDOUT, '>', "$at/out" or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
        exec 'glewlwyd', "--config-file=$at/conf" or POSIX::_exit(127);
    }
    $pid{$at} = $pid;
    for my $try (1 .. 100) {
        last if system("curl -s --noproxy '*' -o /dev/null $p->{url}/config/") == 0;
        return "glewlwyd does not start: $at/log" if $try == 100 || waitpid($pid, WNOHANG) == $pid;
        sleep 0.1;
    }
    call($p, 'admin', 'POST', 'auth', { username => 'admin', password => 'password' });                                 # the package's first password,
    call($p, 'admin', 'PUT', 'profile/password', { old_password => 'password', password => $p->{admin} = word() });       # changed at once
    call($p, 'admin', 'POST', 'mod/plugin', plugin($p));
    my $users = $json->decode(call($p, 'admin', 'GET', 'mod/user/database'));
    $users->{parameters}{'data-format'}{ga4gh_passport_v1} = { multiple => JSON::PP::true, read => JSON::PP::true, write => JSON::PP::true, 'profile-read' => JSON::PP::true, 'profile-write' => JSON::PP::false };
    call($p, 'admin', 'PUT', 'mod/user/database', $users);
    call($p, 'admin', 'PUT', 'mod/user/database/reset');
    call($p, 'admin', 'POST', 'scope', { name => 'ga4gh_passport_v1', display_name => 'visas', description => 'visas', password_required => JSON::PP::false, scheme => {} });
    client($p, $o{client}, $o{redirect});
    return $p;
}

sub person {
    my ($p, $name, $visas) = @_;
    my $new = !$p->{people}{$name};
    my $password = $p->{people}{$name} //= word();
    call($p, 'admin', 'POST', 'user', { username => $name, name => $name, password => $password, enabled => JSON::PP::true, scope => ['openid', 'ga4gh_passport_v1', 'g_profile'] }) if $new;
    my $user = $json->decode(call($p, 'admin', 'GET', "user/$name"));
    $user->{ga4gh_passport_v1} = $visas // [];
    call($p, 'admin', 'PUT', "user/$name", $user);
    return;
}

sub browse {
    my ($p, $name, $url) = @_;
    my ($client) = $url =~ /[?&]client_id=([^&]+)/ or die "no client in $url\n";
    unlink "$p->{at}/cookies.$name";
    call($p, $name, 'POST', 'auth', { username => $name, password => $p->{people}{$name} });
    call($p, $name, 'PUT', "auth/grant/$client", { scope => 'openid ga4gh_passport_v1' });
    return curl($p, $name, '-o', '/dev/null', '-w', '%{redirect_url}', "$url&g_continue=");
}

sub pem { my ($path, $alg, @more) = @_; system("openssl genpkey -algorithm $alg @more -out $path 2>/dev/null") == 0 or die "openssl failed\n"; return $path }

sub ec_jwks {
    my ($pem, $kid) = @_;
    my $der = `openssl pkey -in $pem -pubout -outform DER`;
    my ($x, $y) = (substr($der, -64, 32), substr($der, -32));
    return encode_json({ keys => [{ kty => 'EC', crv => 'P-256', kid => $kid, use => 'sig', alg => 'ES256', x => encode_base64url($x), y => encode_base64url($y) }] });
}

sub sign {    # header, claims, with which key
    my ($head, $claims, $pem) = @_;
    my $text = encode_base64url(encode_json($head)) . '.' . encode_base64url(encode_json($claims));
    put("$pem.to-sign", $text);
    my $sig = `openssl dgst -sha256 -sign $pem $pem.to-sign`;
    if ($head->{alg} eq 'ES256') {    # DER to r and s
        my ($r, $s2) = map { my $v = $_; $v =~ s/^\0+//; ("\0" x (32 - length $v)) . $v } $sig =~ /^\x30.\x02(.)/s ? do { my $n = ord $1; (substr($sig, 4, $n), substr($sig, 6 + $n)) } : die "openssl failed\n";
        $sig = $r . $s2;
    }
    return "$text." . encode_base64url($sig);
}

sub end {
    my ($p) = @_;
    my $pid = delete $pid{ $p->{at} } // return;
    kill 'TERM', $pid;
    waitpid $pid, 0;
    return;
}
END { if ($$ == $mine) { my $s = $?; kill 'KILL', values %pid; waitpid $_, 0 for values %pid; $? = $s } }

1;
