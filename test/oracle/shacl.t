#!/usr/bin/perl
# What a node says of its data sets conforms to the published profiles, by an independent validator; and the hub's own checker agrees with that one, on good graphs
# and on broken ones.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use Sund;
use Shacl;

my $home = "$tmp/node";
home($home, id => 'SE', access => 'controlled');
spew("$tmp/people.tsv", join '', "person\tsex\tcountry\tborn\tconsent\n", map { "P$_\t" . ($_ % 2 ? 'F' : 'M') . "\tSE\t" . (1950 + $_ % 40) . "\tDUO:0000042\n" } 1 .. 163);
run("$sund people --home $home $tmp/people.tsv");
spew("$home/datasets.ini", slurp("$FindBin::Bin/../../doc/examples/node/datasets.ini"));
spew("$tmp/good.ttl",    out("$sund dataset check --home $home"));
spew("$tmp/good.jsonld", out("$sund dataset check --jsonld --home $home"));

my @profiles = (
    ['GDI',              'gdi-metadata/*/core/PiecesShape/[A-HJ-Z]*.ttl'],    # but Identifier.ttl, which is not Turtle: a prefix is missing
    ['DCAT-AP-3.0.1',    'SEMICeu/releases/3.0.1/shacl/dcat-ap-SHACL.ttl'],
    ['DCAT-AP-3.0.1-ranges', 'SEMICeu/releases/3.0.1/shacl/ranges.ttl'],
    ['DCAT-AP-3.0.0',    'SEMICeu/releases/3.0.0/shacl/dcat-ap-SHACL.ttl'],
    ['Health-RI',        'health-ri/*/Core/ValidationShape/HRI-Datamodel-shapes.ttl'],
    ['Health-RI-FDP',    'health-ri/*/Core/FairDataPointShape/*.ttl'],
);
my %shapes = map { my ($n, @p) = @$_; ($n => [profile($n, @p)]) } @profiles;

sub ours {
    my ($shapes, @graphs) = @_;
    my %r;
    for (split /\n/, `$sund dataset validate --shapes $shapes @graphs 2>$tmp/ours`) { $r{$1} = [$3, $4, $2] if /^(\S+): (\d+) focus nodes, (\d+) results, (\d+) violations$/ }
    return %r;
}

for (@profiles) {
    my $name = $_->[0];
    my %o = oracle($shapes{$name}[1], "$tmp/good.ttl");
    my ($n, $bad, $focus) = @{ $o{"$tmp/good.ttl"} };
    ok($focus > 2 && $n == 0, "$name: conforms, by the oracle", "# $focus focus nodes, $n results\n");
    my %m = ours($shapes{$name}[0], "$tmp/good.ttl");
    my ($mine, undef, $seen) = @{ $m{"$tmp/good.ttl"} // [-1, 0, 0] };
    ok($mine == 0 && $seen > 2, "$name: conforms, by our checker");
}

# JSON-LD holds the same graph, by a JSON-LD processor.
my ($n, $triples) = jsonld_triples("$tmp/good.jsonld");
my @nt = split /\n/, out("$sund dataset validate --triples $tmp/good.ttl");
is($n, scalar @nt, 'JSON-LD: as many triples');
is($triples, join("\n", sort grep { !/_:/ } @nt), 'JSON-LD: the same ones');

# Broken graphs: a triple is taken out, said twice with another value, given another type of text, made a text, or spoilt.
my @broken;
srand(7);
sub broken { my (@t) = @_; push @broken, spew("$tmp/b" . @broken . '.ttl', join("\n", @t) . "\n"); return }
for my $i (grep { $nt[$_] !~ m{^<https?://(?:publications|data)\.europa|^<http://data.gdi|edamontology} } 0 .. $#nt) {
    my ($s, $p, $o) = $nt[$i] =~ /^(\S+) (\S+) (.*) \.$/ or next;
    my @rest = @nt[grep { $_ != $i } 0 .. $#nt];
    my $kind = int rand 6;
    broken(grep { !/^\Q$s $p \E/ } @nt) if $kind <= 1;
    broken(@nt, "$s $p \"another\"\@en .") if $kind == 2;
    broken(@rest, "$s $p \"17\"^^<http://www.w3.org/2001/XMLSchema#boolean> .") if $kind == 3;
    broken(@rest, $o =~ /^<(.*)>$/ ? "$s $p \"$1\" ." : $o =~ /^"(.*?)"/ ? "$s $p <urn:x:spoilt> ." : "$s $p \"\" .") if $kind == 4;
    broken(@rest, $o =~ /^<(.*)>$/ ? "$s $p <$1-spoilt> ." : $o =~ /^"(.*?)"(.*)$/ ? "$s $p \"!$1\"$2 ." : "$s $p <urn:x:other> .") if $kind == 5;
}
note(@broken . ' broken graphs');
for (@profiles[0, 1, 4]) {
    my $name = $_->[0];
    my %o = oracle($shapes{$name}[1], @broken);
    my %m = ours($shapes{$name}[0], @broken);
    my @differ = grep { !$m{$_} || $o{$_}[0] != $m{$_}[0] || $o{$_}[1] != $m{$_}[1] } @broken;
    my $bad = grep { $o{$_}[1] > 0 } @broken;
    ok(!@differ && $bad > 10, "$name: our checker agrees with the oracle on @{[scalar @broken]} graphs, of which $bad are broken by it",
        join '', map { "# $_: oracle @{$o{$_}}, ours @{$m{$_} // ['nothing']}\n" } @differ[0 .. ($#differ < 3 ? $#differ : 3)]);
}

# On what others publish, and on their examples of faults.
my @others = map { my @g = glob(qq("$ENV{SUND_SHARED}/conformance/dcat/$_")); @g } 'health-ri/tests/testdata/*.ttl', 'health-ri/*/Core/Example-Data/*.ttl', 'ckanext-dcat/examples/dcat/dataset_health*.ttl', 'healthdcat-ap.de/examples/*.ttl',
    'fdp/docs/rdf-examples/*.ttl';
my @read;
my $k = 0;
for (@others) { my $f = "$tmp/o" . $k++ . '.ttl'; system('cp', $_, $f) == 0 or die; push @read, $f if system("$sund dataset validate --triples $f >/dev/null 2>&1") == 0 }
note(scalar(@read) . ' of ' . scalar(@others) . ' graphs of others are Turtle');
ok(@read > 20, 'graphs of others are read');
for (@profiles) {
    my $name = $_->[0];
    my %o = oracle($shapes{$name}[1], @read);
    my %m = ours($shapes{$name}[0], @read);
    my @differ = grep { !$m{$_} || $o{$_}[0] != $m{$_}[0] || $o{$_}[1] != $m{$_}[1] } @read;
    ok(!@differ, "$name: our checker agrees with the oracle on graphs of others", join '', map { "# $_: oracle @{$o{$_}}, ours @{$m{$_} // ['nothing']}\n" } @differ);
}

# Each kind of rule by itself, over values drawn of every kind: a class a rule, a graph a draw. Each is broken by some and kept by others.
my %rule = (
    minCount => 'sh:path e:p ; sh:minCount 2', maxCount => 'sh:path e:p ; sh:maxCount 1', class => 'sh:path e:p ; sh:class e:C', datatype => 'sh:path e:p ; sh:datatype xsd:integer', nodeKind => 'sh:path e:p ; sh:nodeKind sh:BlankNodeOrIRI',
    pattern => 'sh:path e:p ; sh:pattern "^[a-c0-9]+$" ; sh:flags "i"', in => 'sh:path e:p ; sh:in ( 1 "abc" e:c1 "a"@en )', hasValue => 'sh:path e:p ; sh:hasValue "abc"', uniqueLang => 'sh:path e:p ; sh:uniqueLang true',
    or => 'sh:path e:p ; sh:or ( [ sh:datatype xsd:integer ] [ sh:class e:C ] )', and => 'sh:path e:p ; sh:and ( [ sh:nodeKind sh:IRI ] [ sh:class e:C ] )', node => 'sh:path e:p ; sh:node e:Named',
    sequence => 'sh:path ( e:p e:name ) ; sh:minCount 1', inverse => 'sh:path [ sh:inversePath e:q ] ; sh:minCount 1 ; sh:class e:C', either => 'sh:path [ sh:alternativePath ( e:p e:name ) ] ; sh:maxCount 2', closure => 'sh:path [ sh:oneOrMorePath e:p ] ; sh:datatype xsd:integer',
);
my $prefixes = join '', map { "\@prefix $_ .\n" } 'sh: <http://www.w3.org/ns/shacl#>', 'xsd: <http://www.w3.org/2001/XMLSchema#>', 'rdfs: <http://www.w3.org/2000/01/rdf-schema#>', 'e: <http://e.org/>';
spew("$tmp/rules.ttl", "${prefixes}e:Named a sh:NodeShape ; sh:property [ sh:path e:name ; sh:minCount 1 ; sh:datatype xsd:string ] .\n" . join '', map { "e:S$_ a sh:NodeShape ; sh:targetClass e:$_ ; sh:property [ $rule{$_} ] .\n" } sort keys %rule);
my @value = ('1', '"x"^^xsd:integer', '"abc"', '"ABC9"', '"abc\n"', '"2026-01-01"^^xsd:date', '"a"@en', '"b"@en', '"a"@sv', 'e:c1', 'e:c2', 'e:other', 'e:wrong', '[ e:name "y" ]', '[ ]');
my %fits = (and => [ 'e:c1', 'e:c2' ], class => [ 'e:c1', 'e:c2' ], closure => ['1'], datatype => ['1'], hasValue => ['"abc"'], in => [ '1', 'e:c1', '"abc"' ], node => [ 'e:c1', 'e:other', '[ e:name "y" ]' ], nodeKind => [ 'e:c2', '[ ]' ], or => [ '1', 'e:c2' ], uniqueLang => [ '"a"@en', '"b"@en', '"a"@sv' ]);    # more of these
my (%made, @made);
srand(7);
for my $kind (sort keys %rule) {
    for my $i (1 .. 16) {
        my @v = map { my @of = $fits{$kind} && rand() < 0.7 ? @{ $fits{$kind} } : @value; $of[ rand @of ] } 1 .. 1 + rand 3;
        my $back = ("e:c1 e:q e:f .\n", "e:other e:q e:f .\n", '')[ rand 3 ];
        push @{ $made{$kind} }, spew("$tmp/$kind-$i.ttl", "$prefixes${back}e:f a e:$kind ; e:p " . join(', ', @v) . " .\ne:c1 a e:C ; e:name \"one\" ; e:p 7 .\ne:Sub rdfs:subClassOf e:C .\ne:c2 a e:Sub .\ne:other e:name \"two\" .\ne:wrong e:name 3 ; e:p e:c1 .\n");
    }
    push @made, @{ $made{$kind} };
}
my %by_oracle = oracle("$tmp/rules.ttl", @made);
my %by_us = ours("$tmp/rules.ttl", @made);
for my $kind (sort keys %rule) {
    # of sh:and that validator tells each value for one that breaks it, where the standard tells that one alone
    my @differ = grep { !$by_us{$_} || ($kind eq 'and' ? !$by_oracle{$_}[1] != !$by_us{$_}[1] : "@{ $by_oracle{$_} }" ne "@{ $by_us{$_} }") } @{ $made{$kind} };
    my $broken = grep { $by_oracle{$_}[1] } @{ $made{$kind} };
    ok(!@differ && $broken > 0 && $broken < 16, "$kind: agrees on 16 graphs, of which $broken break it", join '', map { "# $_: oracle @{ $by_oracle{$_} }, ours @{ $by_us{$_} // ['nothing'] }\n" . slurp($_) } @differ[ 0 .. ($#differ < 1 ? $#differ : 1) ]);
}
done();
