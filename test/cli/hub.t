#!/usr/bin/perl
# What anyone on the network can throw at a hub: junk, oversized, unsigned, unknown, replayed messages are refused by name, and the
# hub goes on serving its members.
use strict;
use warnings;
use lib 'test';
use Sund;
use Digest::SHA ();

system('curl --version >/dev/null 2>&1') == 0 or skip_all('no curl');
my %node;
$node{$_} = small_node($_, people => 20, sites => 1, gt => sub { '0/1' }) for qw(AA BB CC);
my $f = federation('hub', hub_program => -x ($ENV{SUND_ASAN} // '') ? $ENV{SUND_ASAN} : $sund, %node);    # with sanitizers where built
my ($url) = slurp("$f->{at}/hub/member.ini") =~ /^url = (\S+)/m;
my ($path) = slurp("src/home/link.h") =~ /SUND_HUB_PATH "([^"]+)"/;

sub post { my ($file, @more) = @_; return out("curl -sk -m 20 -o $tmp/reply -w '%{http_code}' @more --data-binary \@$file $url$path || echo failed") =~ s/\s+//gr }
sub refused { my ($name, $bytes, $status, $say, @more) = @_; my $got = post(spew("$tmp/message", $bytes), @more); my $text = slurp("$tmp/reply"); return ok($got =~ $status && $text =~ $say, $name, "# status $got: " . ($text =~ s/[^ -~]/./gr) . "\n") }

# an envelope as documented in doc/protocol.md, without a valid signature
sub envelope { my ($kind, $from, $body, $claimed) = @_; return 'SUNDENV1' . pack('v C a33 Q<', $kind, 0, $from, 7) . ("\0" x 64) . ("\1" x 32) . pack('Q<', $claimed // length $body) . ("\2" x 64) . $body }

is(out("curl -sk -m 20 -o /dev/null -w '%{http_code}' $url/") =~ s/\s//gr, '200', 'the hub answers at its root');
is(out("curl -sk -m 20 -o /dev/null -w '%{http_code}' $url/etc/passwd") =~ s/\s//gr, '404', 'and has nothing elsewhere');
refused('junk', 'x' x 100, qr/^4/, qr/\w/);
refused('an empty body', '', qr/^4/, qr/\w/);
refused('a header that is cut', substr(envelope(32, 'AA', ''), 0, 100), qr/^4/, qr/\w/);
refused('a body longer than the header says', envelope(32, 'AA', 'abc', 2), qr/^200/, qr/altered/);
refused('a body shorter than the header says', envelope(32, 'AA', 'abc', 5), qr/^200/, qr/truncated/);
refused('a body that claims 2^63 bytes', envelope(32, 'AA', 'abc', 2**62), qr/^4/, qr/\w/);
refused('a question of a megabyte', envelope(34, 'AA', 'x' x 1_000_000), qr/^200/, qr/kind question has 1000000 bytes, the limit is 65536/);
refused('a name that is none', envelope(32, "A\0B", ''), qr/^4/, qr/\w/);
spew("$tmp/big", 'x' x (65 << 20));
like_413(post("$tmp/big"));
sub like_413 { return ok($_[0] =~ /^413|^000|failed/, 'a message above 64 MiB is refused', "# status $_[0]\n") }
is(out("curl -sk -m 20 -o /dev/null -w '%{http_code}' -X PUT $url$path") =~ s/\s//gr, '405', 'another method is not allowed');
ok(system("curl -sk -m 20 --tls-max 1.2 $url/ >/dev/null 2>&1") != 0, 'TLS 1.2 is refused');

# a member whose key the roster does not have, and one who is not in it
run("$sund init --role researcher --id mallory $tmp/mallory");
run("cp $f->{at}/anna/roster.ini $tmp/mallory/roster.ini");
fails("$sund lookup --home $tmp/mallory 20-100-A-G", 'somebody who is not in the roster', qr/mallory|roster/);
run("$sund init --role researcher --id anna $tmp/false-anna");
run("cp $f->{at}/anna/roster.ini $tmp/false-anna/roster.ini");
fails("$sund lookup --home $tmp/false-anna 20-100-A-G", 'anna with another key', qr/signature|key|roster/);
my $digest = catalogue("$tmp/a.catalogue", "--assembly GRCh37 --hub --home $f->{at}/anna $tmp/AA.vcf");
my $ini = study_file("$tmp/s.ini", analysis => 'counts', catalogue => $digest, nodes => 'AA, BB, CC', strata => 'none');
fails("$sund study submit --home $tmp/false-anna $ini", 'a study by anna with another key', qr/signature|key|roster/);
fails("$sund study submit --home $f->{at}/AA $ini", 'a study by a node', qr/a node, which does not ask studies: a researcher's home does/);

ok(out("$sund log show --home $f->{at}/hub") !~ /0{12}/, 'what is about no study names none in the log');

# another hub's key: the pin is the whole of the trust
run("cp -r $f->{at}/anna $tmp/pinned");
spew("$tmp/pinned/roster.ini", slurp("$f->{at}/anna/roster.ini") =~ s{pin = sha256//....}{pin = sha256//AAAA}r);
fails("$sund lookup --home $tmp/pinned 20-100-A-G", 'a roster that was altered', qr/roster|signature/);

my $name = submit($f, $ini);
ok(wait_for($f, $name, qr/released/), 'after all that the hub serves its members');
fails("$sund study fetch --home $tmp/mallory --out $tmp/no $name", 'and gives the result to nobody else', qr/mallory|roster/);
ok(-s fetch($f, $name) . '/table.tsv', 'but to who asked');
# public files: each member's are bounded
stop("$f->{name}/hub");
spew("$f->{at}/hub/sund.ini", slurp("$f->{at}/hub/sund.ini") =~ s/^\[hub\]\n\K/files = 3\nmegabytes = 2\n/mr);
start_hub($f);
run("$sund publish --hub --home $f->{at}/anna " . spew("$tmp/p2", 'x' x 1500000));
run("$sund publish --hub --home $f->{at}/anna $tmp/p2");    # the same again costs nothing
fails("$sund publish --hub --home $f->{at}/anna " . spew("$tmp/p3", 'y' x 1500000), 'more bytes than a member may send', qr/anna has sent 15\d{5} bytes.*2 MiB.*\[hub\] megabytes/);
run("$sund publish --hub --home $f->{at}/anna " . spew("$tmp/p4", 'z'));
fails("$sund publish --hub --home $f->{at}/anna " . spew("$tmp/p5", 'zz'), 'or more files', qr/anna has sent 3 public files.*\[hub\] files/);
run("$sund publish --hub --home $f->{at}/AA $tmp/p5");       # another member still may
ok(slurp("$f->{at}/hub.log") !~ /Sanitizer|runtime error/, 'no sanitizer spoke');
done();
