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
stop_all();
done();
