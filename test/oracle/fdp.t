#!/usr/bin/perl
# The FAIR Data Point of a hub, as it comes over HTTPS: by an independent validator its pages conform to the published profiles, and by a JSON-LD processor its JSON-LD holds the
# same triples as its Turtle.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use Sund;
use Shacl;
use Time::HiRes qw(sleep time);

my %shapes = (
    GDI             => [profile('GDI', 'gdi-metadata/*/core/PiecesShape/[A-HJ-Z]*.ttl')],
    'DCAT-AP-3.0.1' => [profile('DCAT-AP-3.0.1', 'SEMICeu/releases/3.0.1/shacl/*.ttl')],
    'Health-RI'     => [profile('Health-RI', 'health-ri/*/Core/ValidationShape/HRI-Datamodel-shapes.ttl')],
);
my $f  = federation('fed', SE => small_node('SE', people => 38, access => 'controlled'));
my $at = $f->{at};
spew("$at/SE/datasets.ini", slurp("$FindBin::Bin/../../doc/examples/node/datasets.ini") =~ s/^base = .*\n//mr =~ s/^cohort = .*/cohort = all/mr);
stop('fed/hub');
spew("$at/hub/sund.ini", slurp("$at/hub/sund.ini") =~ s/^\[hub\]\n\K/harvest = 1\n/mr);
start_hub($f);
my $url = 'https://127.0.0.1:' . (0 + slurp("$at/hub.port"));
sub get { my ($path, $accept) = @_; return scalar `curl -sk -m 20 -H 'Accept: $accept' '$url$path'` }
for (my $end = time + 30; time < $end && get('/datasets', '*/*') !~ /"total": 2/; sleep 0.2) { }

for (['catalog', '/fdp/SE/catalog'], ['dataset', '/fdp/SE/dataset/GDI-SE-KI-1']) {
    my ($name, $path) = @$_;
    spew("$tmp/$name.ttl",    get($path, 'text/turtle'));
    spew("$tmp/$name.jsonld", get($path, 'application/ld+json'));
    for my $p (sort keys %shapes) {
        my %o = oracle($shapes{$p}[1], "$tmp/$name.ttl");
        my ($n, $bad, $focus) = @{ $o{"$tmp/$name.ttl"} };
        ok($n == 0 && $focus > 2, "$name: conforms to $p", "# $n results, $focus focus nodes\n" . `head -c 2000 $tmp/$name.ttl`);
    }
    my @nt = split /\n/, out("$sund dataset validate --triples $tmp/$name.ttl");
    my ($n, $triples) = jsonld_triples("$tmp/$name.jsonld");
    is($n, scalar @nt, "$name: JSON-LD has as many triples");
    is($triples, join("\n", sort grep { !/_:/ } @nt), "$name: the same ones");
}

# The root, against the shapes of GDI's mini-node: its file lacks the prefix ':'.
spew("$at/hub/datasets.ini", "[catalogue]\ntitle-en = All of it\ndescription-en = The federation\npublisher = hub\nlicence = CC_BY_4_0\nlanguages = en\nissued = 2026-02-01\n[agent hub]\nname-en = The hub\nemail = hub\@example.org\nhomepage = https://example.org/\n");
stop('fed/hub');
start_hub($f);
for (my $end = time + 30; time < $end && get('/fdp/', 'text/turtle') !~ /All of it/; sleep 0.2) { }
my ($fdp) = glob(qq("$ENV{SUND_SHARED}/conformance/dcat/gdi-mini-node/mini_node/fdp/service/shacl/fairdp.ttl"));
spew("$tmp/fairdp.ttl", '@prefix : <urn:x:> .' . "\n" . slurp($fdp));
spew("$tmp/root.ttl", get('/fdp/', 'text/turtle'));
my %o = oracle("$tmp/fairdp.ttl", "$tmp/root.ttl");
my ($n, $bad, $focus) = @{ $o{"$tmp/root.ttl"} };
ok($n == 0 && $focus >= 2, 'root: conforms to the shapes of a FAIR Data Point', "# $n results, $focus focus nodes\n" . slurp("$tmp/oracle") . `node '$ENV{SUND_ROOT}/build/oracle/shacl-validate.mjs' $tmp/fairdp.ttl $tmp/root.ttl; cat $tmp/root.ttl`);
stop_all();
done();
