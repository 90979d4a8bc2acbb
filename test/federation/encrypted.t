#!/usr/bin/perl
# Running nodes over encrypted stores, the key from a file at one and from systemd's folder of credentials at another: lookups and a study as from the same stores in the clear.
use strict;
use warnings;
use lib 'test';
use Sund;

my %node = map { $_ => small_node($_, people => 40, access => 'open') } qw(AA BB CC);
my $f    = federation('clear', %node);
my $catalogue = catalogue("$tmp/c", "--assembly GRCh37 --hub --home $f->{at}/anna $tmp/AA.vcf");
my $ini = study_file("$tmp/s.ini", analysis => 'counts', nodes => 'AA, BB, CC', catalogue => $catalogue);

sub answers {
    my ($g) = @_;
    my $lookup = out("$sund lookup --json --home $g->{at}/anna 20-100-A-G; $sund lookup --json --home $g->{at}/anna 20-700-A-G");
    my $name   = submit($g, $ini);
    wait_for($g, $name, qr/released/, 60) or ok(0, "the study is released");
    return ($lookup =~ s/"(?:seconds|time)": *[^,}]*//gr, slurp(fetch($g, $name) . '/table.tsv'));
}
my @clear = answers($f);
stop_all();

run("$sund key make $tmp/key");
mkdir "$tmp/credentials", 0700;
run("cp $tmp/key $tmp/credentials/sund-store-key");
$node{$_}{import} = "--key $tmp/key $node{$_}{import}" for qw(AA BB);
$node{AA}{node_ini} = "store_key = $tmp/key\n";
$node{BB}{env} = { CREDENTIALS_DIRECTORY => "$tmp/credentials" };
{
    local $ENV{CREDENTIALS_DIRECTORY} = "$tmp/credentials";    # for what the operator does
    $f = federation('sealed', %node);
}
ok(-e "$f->{at}/$_/store/manifest.bin", "$_ has an encrypted store") for qw(AA BB);
out("$sund catalogue --assembly GRCh37 --hub --out $tmp/c2 --home $f->{at}/anna $tmp/AA.vcf");
my @sealed = answers($f);
is($sealed[0], $clear[0], 'lookups: the same answers');
is($sealed[1], $clear[1], 'a study: the same table');
ok($clear[1] =~ /\t/ && $clear[0] =~ /"ac"/, 'which say something');
my ($secret) = slurp("$tmp/key") =~ /([0-9a-f]{64})/;
ok(!grep({ index(slurp($_), $secret) >= 0 } grep { -f } glob("$f->{at}/*/* $f->{at}/*")), 'the key is in no log and no file of a home');
stop_all();
done();
