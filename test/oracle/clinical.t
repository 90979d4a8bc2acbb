#!/usr/bin/perl
# Clinical data against SQLite's own reading of the same JSON: 10,580 published cases and CINECA UK1 are taken in whole, and counted by ontology as a recursive query counts them.
use strict;
use warnings;
use lib 'test';
use Sund;

my $tar = shared('phenopackets/store/phenopacket-store_10580.tar.xz');
my $hpo = shared('ontologies/hpo_ontologyIndex.tsv.gz');
my $cineca = shared('cineca-uk1/individuals.json.gz');
chomp(my $fsdir = `sqlite3 :memory: "SELECT COUNT(*) > 0 FROM fsdir('test/oracle')" 2>/dev/null`);
skip_all("sqlite3 cannot read folders here") if $fsdir ne '1';
mkdir "$tmp/packets";
system("tar -xf $tar -C $tmp/packets") == 0 or skip_all("tar cannot unpack .tar.xz here: install xz-utils");

# ---- the same, by SQLite ----
system("zcat $hpo | tail -n +2 | cut -f1,3 >$tmp/hpo.tsv") == 0 or die;
spew("$tmp/load.sql", <<"SQL");
CREATE TABLE hpo(id TEXT, parents TEXT);
.mode tabs
.import $tmp/hpo.tsv hpo
CREATE TABLE edge AS SELECT hpo.id AS child, value AS parent FROM hpo, json_each('["' || replace(parents, ';', '","') || '"]') WHERE parents <> '';
CREATE INDEX edge_parent ON edge(parent);
CREATE TABLE packet AS SELECT row_number() OVER () AS k, data FROM fsdir('$tmp/packets') WHERE name LIKE '%.json';
CREATE TABLE feature AS SELECT k, json_extract(value, '\$.type.id') AS id, coalesce(json_extract(value, '\$.excluded'), 0) AS out FROM packet, json_each(data, '\$.phenotypicFeatures');
CREATE INDEX feature_id ON feature(id);
CREATE TABLE about AS SELECT k, json_extract(data, '\$.subject.sex') AS sex, json_extract(data, '\$.diseases[0].term.id') AS disease, json_extract(data, '\$.subject.vitalStatus.status') AS status FROM packet;
SQL
out("sqlite3 $tmp/oracle.db <$tmp/load.sql");
sub oracle { chomp(my $n = out("sqlite3 $tmp/oracle.db \"$_[0]\"")); return $n }
sub below { return "WITH RECURSIVE b(id) AS (VALUES('$_[0]') UNION SELECT child FROM edge, b WHERE parent = b.id) SELECT DISTINCT k FROM feature WHERE NOT out AND id IN b" }

# ---- Sund ----
my $home = home("$tmp/gb");
out("$sund ontology load --home $home --version 2024-02-08 $hpo");
fails("$sund people import --home $home --format phenopacket --consent GRU $tmp/packets", 'two patients of one name are not made one', qr/--id document/);
is(out("$sund people count --home $home all"), "0\n", 'and nobody is taken in then');
my $report = out("$sund people import --home $home --format phenopacket --id document --consent GRU $tmp/packets");
my ($file, $document, $people, $record, $excluded) = $report =~ /^(\d+) files, (\d+) documents: (\d+) people \(\d+ new\), (\d+) records, (\d+) excluded/;
is("$file $document $people", '10580 10580 10580', 'all 10,580 cases are taken in');
is($excluded, oracle('SELECT COUNT(*) FROM feature WHERE out'), 'every excluded feature is kept as such');
my $present = oracle('SELECT COUNT(*) FROM feature WHERE NOT out');
my ($genes, $measures) = split ' ', oracle(q{SELECT (SELECT COUNT(*) FROM packet, json_tree(data, '$.interpretations') WHERE key = 'geneContext') || ' ' || (SELECT COUNT(*) FROM packet, json_each(data, '$.measurements'))} =~ s/\$/\\\$/gr);
is($record, $present + 2 * 10580 + $genes + $measures, "every feature ($present), disease, diagnosis, gene ($genes) and measurement ($measures) is a record");
ok($report =~ /^ +\d+  diseases\.onset\.ontologyClass\.id$/m, 'what is not taken in is told by field');
ok($report !~ /PMID|HP:\d|Patient/, 'and never by value');

sub count { chomp(my $n = out("$sund people count --home $home '$_[0]' 2>/dev/null")); return $n }
for my $term (qw(HP:0000118 HP:0001250 HP:0000707 HP:0001249 HP:0000478 HP:0001627 HP:0002664 HP:0000252 HP:0040064 HP:0011097 HP:0000001)) {
    my $n = oracle('SELECT COUNT(*) FROM (' . below($term) . ')');
    is(count("has $term"), $n, "has $term: $n people");
}
is(count('has exactly HP:0001250'), oracle(q{SELECT COUNT(DISTINCT k) FROM feature WHERE NOT out AND id = 'HP:0001250'}), 'exactly');
is(count('has HP:0001250 and not has HP:0001249'), oracle('SELECT COUNT(*) FROM (SELECT * FROM (' . below('HP:0001250') . ') EXCEPT SELECT * FROM (' . below('HP:0001249') . '))'), 'one and not another');
is(count("sex = $_->[0]"), oracle("SELECT COUNT(*) FROM about WHERE sex = '$_->[1]'"), "sex = $_->[0]") for [ 'F', 'FEMALE' ], [ 'M', 'MALE' ];
is(count('has disease OMIM:612164'), oracle(q{SELECT COUNT(*) FROM about WHERE disease = 'OMIM:612164'}), 'a disease');
is(count('deceased = yes'), oracle(q{SELECT COUNT(*) FROM about WHERE status = 'DECEASED'}), 'deceased');
is(count('has any disease'), 10580, 'everybody has a disease');

# ---- CINECA UK1: the counts that its README tells ----
my $uk = home("$tmp/uk");
ok(out("$sund people import --home $uk --format bff --consent GRU --country GB $cineca") =~ /: 2504 people \(2504 new\)/, 'CINECA UK1 is taken in');
my %want = ('sex = F' => 1271, 'sex = M' => 1233, 'has ICD10:E10' => 165, 'has ICD10:J45' => 134, 'has ICD10:G35' => 125, 'has ICD10:D70' => 111, 'has any disease' => 1705,
    'has GAZ:00002641' => 322, 'has GAZ:00002640' => 339, 'sex = F and has ICD10:E10' => 85);
for (sort keys %want) { is(out("$sund people count --home $uk '$_'"), "$want{$_}\n", "$_: $want{$_}") }
done();
