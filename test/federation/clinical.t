#!/usr/bin/perl
# People are counted over three countries by Beacon's filters, with what is below a term: of open data exactly (the counts that CINECA UK1's README tells), of others yes or no to who has
# not logged in, and nobody below ten; the list of what there is to filter by; studies by one ontology.
use strict;
use warnings;
use lib 'test';
use Sund;
use JSON::PP;

my $cineca = shared('cineca-uk1/individuals.json.gz');
my $hpo = shared('ontologies/hpo_ontologyIndex.tsv.gz');
my %node = map { $_ => small_node($_, access => $_ eq 'GB' ? 'open' : 'controlled') } qw(FI GB SE);
delete $node{GB}{people};    # GB's people are CINECA's
my $f = federation('clinical', %node);
my $port = 20000 + ($$ * 13 + 5) % 30000;
$port++ while !port_free($port);
stop("$f->{name}/hub");
spew("$f->{at}/hub/sund.ini", slurp("$f->{at}/hub/sund.ini") . "\n[pages]\nport = $port\nassembly = GRCh37\nid = org.example.north\n");
start_hub($f);

# ---- clinical data, while the nodes run: in FI 12 with a bilateral tonic-clonic seizure, 7 with status epilepticus, 20 of whom a seizure is excluded ----
sub packets {
    my ($c, @of) = @_;
    my $k = 0;
    return join '', map { my ($n, $term, $out) = @$_; map { encode_json({ id => "x$k", subject => { id => sprintf("$c%03d", 100 + $k++) }, phenotypicFeatures => [ { type => { id => $term }, excluded => $out ? JSON::PP::true : JSON::PP::false } ] }) . "\n" } 1 .. $n } @of;
}
spew("$tmp/fi.jsonl", packets('FI', [ 12, 'HP:0002069' ], [ 7, 'HP:0002133' ], [ 20, 'HP:0001250', 1 ]));
spew("$tmp/se.jsonl", packets('SE', [ 9, 'HP:0002069' ]));
out("$sund ontology load --home $f->{at}/$_ --version 2024-02-08 $hpo") for qw(FI GB SE);
out("$sund people import --home $f->{at}/FI --format phenopacket --consent GRU $tmp/fi.jsonl");
out("$sund people import --home $f->{at}/SE --format phenopacket --consent GRU $tmp/se.jsonl");
out("$sund people import --home $f->{at}/GB --format bff --consent GRU --country GB $cineca");
is(out("$sund people count --home $f->{at}/FI 'has HP:0001250' 2>/dev/null"), "19\n", 'FI has 19 with a seizure, for its own eyes');

my $at = "http://127.0.0.1:$port/beacon";
sub get { my $t = `curl -s '$at/$_[0]'`; return eval { decode_json($t) } // { text => $t } }
sub post { spew("$tmp/body.json", encode_json({ query => { filters => $_[0], requestedGranularity => 'record', includeResultsetResponses => 'ALL' } })); my $t = `curl -s -H 'Content-Type: application/json' --data-binary \@$tmp/body.json $at/individuals`; return eval { decode_json($t) } // { text => $t } }
sub said { my ($d, $id) = @_; my ($s) = grep { $_->{id} eq $id } @{ $d->{response}{resultSets} // [] }; return $s ? ($s->{exists} ? 'yes' : 'no') . " $s->{resultsCount}" : 'none' }
for (1 .. 200) { last if said(post([]), 'GB') eq 'yes 2504'; select undef, undef, undef, 0.1 }

# ---- the README's counts, by Beacon query ----
my @want = ([ 1271, { id => 'NCIT:C16576' } ], [ 1233, { id => 'NCIT:C20197' } ], [ 165, { id => 'ICD10:E10' } ], [ 134, { id => 'ICD10:J45' } ], [ 125, { id => 'ICD10:G35' } ], [ 111, { id => 'ICD10:D70' } ],
    [ 1705, { id => 'diseases.diseaseCode.id', operator => '=', value => '%' } ], [ 322, { id => 'geographicOrigin.id', operator => '=', value => 'GAZ:00002641' } ], [ 339, { id => 'GAZ:00002640', scope => 'individual' } ],
    [ 85, { id => 'NCIT:C16576' }, { id => 'ICD10:E10', includeDescendantTerms => JSON::PP::true } ]);
is(said(post([ @$_[ 1 .. $#$_ ] ]), 'GB'), "yes $_->[0]", join(' and ', map { $_->{value} // $_->{id} } @$_[ 1 .. $#$_ ]) . ": $_->[0]") for @want;
is(get('individuals?filters=NCIT:C16576,ICD10:E10')->{responseSummary}{numTotalResults}, 85, 'by GET too');

# ---- below a term; at other levels of access ----
my $d = post([ { id => 'HP:0001250' } ]);
ok(join(', ', map { said($d, $_) } qw(FI GB SE)) eq 'no 0, no 0, no 0' && encode_json($d->{info}) =~ /logged in/, 'of data that are not open nothing is counted for who has not logged in', encode_json($d));
sub counted { my ($cohort, $id) = @_; my ($r) = grep { $_->{node} eq $id } @{ decode_json(out("$sund count --json --home $f->{at}/anna '$cohort'"))->{countries} }; return $r->{people} // $r->{status} }
is(join(', ', map { counted('has HP:0001250', $_) } qw(FI SE)), '20, withheld', 'Seizure, for a researcher: FI has 19, by what is below it, to the nearest five; SE has nine');
is(counted('has exactly HP:0001250', 'FI'), 'withheld', 'exactly Seizure: nobody, for where it is excluded it is not had');
is(counted('has HP:0002133', 'FI'), 'withheld', 'status epilepticus: seven are no answer');
is(counted('has HP:0002069', 'FI'), 'withheld', 'nor are twelve who differ from those by five');
is(said(post([ { id => 'XX:1' } ]), 'GB'), 'no 0', 'an unknown term is nobody\'s');
for my $bad ({ id => 'HP:1', similarity => 'low' }, { id => 'HP:1', scope => 'biosamples' }, { id => 'geographicOrigin', operator => '=', value => 'England' }, { id => 'HP:1 or all' }) {
    is(post([$bad])->{error}{errorCode}, 400, 'refused: ' . encode_json($bad));
}

# ---- what there is to filter by ----
my $terms = get('filtering_terms');
my %label = map { $_->{id} => $_->{label} // '' } @{ $terms->{response}{filteringTerms} };
is($label{'HP:0001250'}, 'Seizure', 'terms above those that occur are listed, by name');
ok(exists $label{'ICD10:E10'} && exists $label{'GAZ:00002641'} && exists $label{'loinc_35925_4'} && exists $label{'NCIT:C16576'}, 'codes, variables, sexes');
ok(!exists $label{'HP:0002133'}, 'what seven people have is not');
is(join(' ', map { "$_->{nameSpacePrefix} $_->{version}" } @{ $terms->{response}{resources} }), 'HP 2024-02-08', 'ontologies with their versions');
my ($schemas, $validator) = ("$ENV{SUND_SHARED}/conformance/beacon-v2", "$ENV{SUND_SHARED}/recipes/beacon-validate.py");
if (-d $schemas && -e $validator) {
    spew("$tmp/terms.json", encode_json($terms));
    my $said = `/usr/bin/python3 $validator $schemas FilteringTerms < $tmp/terms.json 2>&1`;
    is($?, 0, 'valid by the schema') or note($said);
}
ok(`cat $f->{at}/*.log` !~ /FI1\d\d|HG00096/, 'no log names a person');

# ---- a study whose nodes have different ontologies is refused ----
my $digest = catalogue("$tmp/cat", "--assembly GRCh37 $tmp/FI.vcf");
run("$sund publish --home $f->{at}/$_ $tmp/cat") for qw(FI GB SE);
out("$sund ontology drop --home $f->{at}/SE HP");
my $study = submit($f, study_file("$tmp/study.ini", analysis => 'counts', catalogue => $digest, nodes => 'FI, GB, SE', cohort => 'not has HP:0001250'));
ok(slurp("$tmp/stderr") =~ /the hub does not have the file that 'catalogue' names/, 'a catalogue that only nodes have is told', slurp("$tmp/stderr"));
my $status = out("$sund study status --home $f->{at}/anna --wait $study 2>&1 || true");
ok($status =~ /ontologies of the cohort's codes, must agree/, 'nodes of different ontologies do not count together', $status);
stop_all();
done();
