#!/usr/bin/perl
# What a node says of its data sets: whose people are counted, what is hidden, and what is wrong in a description.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use Sund;

my $h    = "$tmp/node";
my $head = "[catalogue]\nbase = https://h.example.org/fdp/SE/\ntitle-en = T\ndescription-en = D\npublisher = ki\nissued = 2026-01-15\n[agent ki]\nname-en = KI\nemail = a\@b.se\n";
my $set  = "title-en = One\ndescription-en = It\npublisher = ki\ncreator = ki\ncontact = ki\naccess = non-public\ncategory = human-genomic\n";
sub people_of { my ($graph, $id) = @_; my ($block) = $graph =~ m{^(<[^>]*/dataset/$id>\n.*?) \.\n}ms; return ($block // '') =~ /numberOfUniqueIndividuals "(\d+)"/ ? $1 : 'none' }

home($h, id => 'SE', access => 'controlled');

# 60 who allow research, 20 who allow another use only, 15 who withdrew; half of each women.
my $i = 0;
my @rows = map { my ($n, $consent, $gone) = @$_; map { $i++; "P$i\t" . ($i % 2 ? 'F' : 'M') . "\tSE\t" . (1960 + $i % 20) . "\t$consent\t$gone\n" } 1 .. $n } [60, 'GRU', 0], [20, 'POA', 0], [15, 'GRU', 1];
run("$sund people --home $h " . spew("$tmp/p.tsv", "person\tsex\tcountry\tborn\tconsent\twithdrawn\n" . join '', @rows));

spew("$h/datasets.ini", "$head\[dataset GDI-SE-KI-1]\n$set\[dataset GDI-SE-KI-2]\n${set}cohort = sex = F\n[dataset GDI-SE-KI-3]\n${set}cohort = born < 1962\n");
my $g = out("$sund dataset check --home $h");
is(people_of($g, 'GDI-SE-KI-1'), 60, 'counted are those who consent and have not withdrawn');
is(people_of($g, 'GDI-SE-KI-2'), 30, 'of a cohort');
is(people_of($g, 'GDI-SE-KI-3'), 'none', 'six people are no number');
ok($g =~ m{metric/people-female-all> ;\s+dqv:value "30"} && $g !~ /dqv:value "[0-9]*[1-46-9]"/, 'by sex, in steps of five');
is(out("$sund dataset check --home $h"), $g, 'the same again is the same bytes');

# With a store, who is not in it is not counted.
my @in = map { "P$_" } 1 .. 40;
spew("$tmp/x.vcf", join '', map { "$_\n" } '##fileformat=VCFv4.2', '##contig=<ID=20,length=63025520>', '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">',
    join("\t", '#CHROM', qw(POS ID REF ALT QUAL FILTER INFO FORMAT), @in), join("\t", 20, 100, '.', 'A', 'G', '.', '.', '.', 'GT', map { '0/1' } @in));
spew("$tmp/x.samples", "person\tsex\n" . join '', map { "P$_\t" . ($_ % 2 ? 'F' : 'M') . "\n" } 1 .. 40);
run("$sund import --store $h/store --samples $tmp/x.samples --assembly GRCh37 $tmp/x.vcf");
is(people_of(out("$sund dataset check --home $h"), 'GDI-SE-KI-1'), 40, 'who is in no store is not counted');

# What is wrong.
my @wrong = (
    ["$head\[dataset GDI-SE-KI-1]\n${set}people = 100000\n", qr/'people' is not known/,                    'numbers of people are not written by hand'],
    ["$head\[dataset KI1]\n$set",                            qr/datasets\.ini:11: \[dataset KI1\].*GDI-CC-ORG-NNN/, 'an identifier'],
    ["$head\[dataset GDI-SE-KI-1]\n${set}cohort = sex ==\n", qr/\[dataset GDI-SE-KI-1\] cohort/,            'a cohort that is none'],
    ["$head\[dataset GDI-SE-KI-1]\n${set}type = genome\n",   qr/datasets\.ini:18: type = genome/,           'a word that is none'],
);
for (@wrong) { spew("$h/datasets.ini", $_->[0]); fails("$sund dataset check --home $h", $_->[2], $_->[1]) }
unlink "$h/datasets.ini";
fails("$sund dataset check --home $h", 'no datasets.ini', qr/datasets\.ini/);

# Shapes that an operator adds.
spew("$h/datasets.ini", "$head\[dataset GDI-SE-KI-1]\n$set");
my $prefixes = '@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .' . "\n";
spew("$tmp/s.ttl", "$prefixes<urn:x:K> a sh:NodeShape ; sh:targetClass dcat:Dataset ; sh:property [ sh:path dcat:keyword ; sh:minCount 1 ] .\n");
fails("$sund dataset check --home $h --quiet --shapes $tmp/s.ttl", 'a shape that is broken', qr/violation\t.*GDI-SE-KI-1\tkeyword\tminCount/);
my $broken = `$sund dataset check --home $h --shapes $tmp/s.ttl 2>&1`;
ok($broken =~ /^violation\t/ && $broken !~ /\@prefix/, 'what is missing is not behind the graph', $broken);
run("$sund init --role researcher --id anna $tmp/anna");
fails("$sund dataset check --home $tmp/anna", 'only nodes describe', qr/not the home of a node/);
ok(!-e "$tmp/anna/people.db", 'and nothing is made in the home of another');
spew("$tmp/w.ttl", "$prefixes<urn:x:K> a sh:NodeShape ; sh:targetClass dcat:Dataset ; sh:property [ sh:path dcat:keyword ; sh:minCount 1 ; sh:severity sh:Warning ] .\n");
ok(out("$sund dataset check --home $h --quiet --shapes $tmp/w.ttl 2>&1") =~ /warning\t.*keyword.*sound: \d+ triples/s, 'a warning refuses nothing');
spew("$tmp/q.ttl", "$prefixes<urn:x:K> a sh:NodeShape ; sh:targetClass dcat:Dataset ; sh:sparql [ sh:select \"x\" ] .\n");
fails("$sund dataset check --home $h --shapes $tmp/q.ttl", 'shapes that are not understood', qr/urn:x:K.*sparql/);
spew("$tmp/v.ttl", "$prefixes<urn:x:K> a sh:NodeShape ; sh:targetClass dcat:DatasetSeries ; sh:nodeKind sh:IRI .\n");
fails("$sund dataset check --home $h --shapes $tmp/v.ttl", 'shapes that match nothing', qr/match nothing/);
done();
