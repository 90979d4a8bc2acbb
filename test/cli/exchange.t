#!/usr/bin/perl
# The commands of clinical exchange: VKGL's cycle as published, tables in and out, versions, what is left out by line, and what must be refused; phenopackets as cases.
use strict;
use warnings;
use lib 'test';
use Sund;
use JSON::PP;

run("$sund init --id NL $tmp/nl");
my $in = "$sund interpret";
my $at = "--home $tmp/nl";
my $shared = ($ENV{SUND_SHARED} // '../shared') . '/data';
my $vkgl = "$shared/interpretations/vkgl-clinvar/src/test/resources";

spew("$tmp/own.tsv", "variant\tgene\tcondition\tclass\tevidence\tlaboratory\n17-43045712-T-C\tBRCA1\tOMIM:604370\tP\tPMID:25741868\ta\n17-43045712-T-C\tBRCA1\t\tB\t\tb\n17-99999999-T-C\tX\t\tP\t\ta\n1-500-A-T\t\t\tP\tborn 1980-02-01\ta\n");
fails("$in import $at $tmp/own.tsv", 'the assembly has to be said', qr/--assembly GRCh37 or GRCh38/);
my $said = out("$in import $at --assembly GRCh38 --share federation $tmp/own.tsv 2>&1");
ok($said =~ /own\.tsv:4: left out: the place is behind/ && $said =~ /own\.tsv:5: left out: evidence has a whole date/ && $said =~ /4 rows; 2 entries: 2 new, 0 changed, 0 as before; 2 left out/ && $said !~ /1980/, 'what is left out is named by line, and not repeated', $said);
ok(out("$in import $at $tmp/own.tsv 2>/dev/null") =~ /0 new, 2 changed/, 'another share is a change');
ok(out("$in import $at --check $tmp/own.tsv 2>/dev/null") =~ /2 as before.*nothing was kept/s, '--check keeps nothing');
fails("$in import $at --assembly GRCh37 $tmp/own.tsv", 'another assembly is refused', qr/never carried over/);
ok(out("$in discordant $at") =~ /^17-43045712-T-C\t2\tB,P\ttotal_disagreement$/m, 'laboratories are found to be discordant');
is(out("$in discordant $at --gene SKI") =~ tr/\n//, 1, 'of one gene, when one is named');
run("$in review $at --class LP --date 2026-03-01 --reason 'second family' 1");
run("$in withdraw $at --reason 'wrong transcript' 2");
fails("$in withdraw $at --reason 'seen 2.1.1980' 1", 'a reason with a date is refused', qr/whole date/);
fails("$in review $at --date 2026-02-30 1", 'a day that is none', qr/no day/);
fails("$in withdraw $at 1", 'a withdrawal has a reason', qr/--reason/);
is(join('|', sort map { "$_->{entry}.$_->{version} $_->{class} $_->{standing} $_->{why}" } @{ decode_json(out("$in list $at --json --history")) }), '1.1 P active |1.2 P active |1.3 LP reviewed second family|2.1 B active |2.2 B active |2.3 B withdrawn wrong transcript', 'every version is there');
is(scalar @{ decode_json(out("$in list $at --json 17:43045712:T:C")) }, 1, 'withdrawn ones are listed when asked for');
is(out("$in export $at --as public") =~ tr/\n//, 1, 'what is local leaves for nobody');
is(out("$in export $at --as own") =~ tr/\n//, 2, 'its own see it');
spew("$tmp/bad.tsv", "variant\tclass\tpatient_name\n1-5-A-T\tP\tx\n");
fails("$in import $at --laboratory a $tmp/bad.tsv", 'there is no place for a person', qr/patient_name.*nothing about a person/);
fails("$in import $at --laboratory a --share all $tmp/own.tsv", 'shares have names', qr/local, agreement, federation or public/);
is(sprintf('%04o', (stat "$tmp/nl/interpretations.db")[2] & 0777), '0600', 'the file is its owner\'s alone');

# --- a submission to ClinVar ---
my $long = 'A' x 51;
spew("$tmp/clinvar.tsv", "variant\tgene\tcondition\tclass\tcriteria\tevidence\tdate\tlaboratory\tmethod\treference\tshare\n"
    . "13-32316461-A-G\tBRCA2\tOMIM:612555\tP\tPVS1,PM2\tseen in PMID:25741868 and \"two\" families (PMID:123)\t2026-01-31\tclin\tACMG Guidelines, 2015\tSCV000123456.3\tpublic\n"
    . "13-32316462-TG-T\tBRCA2\tORPHA:145\tVUS\t\t\t\tclin\tACMG Guidelines, 2015\t\tpublic\nMT-3243-A-G\t\t\tLP\t\t\t\tclin\tACMG Guidelines, 2015\t\tpublic\n"
    . "X-31200000-C-T\tDMD\tMONDO:0010679\tB\t\t\t\tclin\tACMG Guidelines, 2015\t\tfederation\n13-32316470-A-G\t\tMedGen:C0677776\tB\t\t\t\tclin\tACMG Guidelines, 2015\t\tpublic\n"
    . "13-32316480-A-$long\t\t\tB\t\t\t\tclin\tACMG Guidelines, 2015\t\tpublic\n13-32316490-A-G\t\t\tB\t\t\t\tclin\tour own\t\tpublic\n");
run("$in import $at $tmp/clinvar.tsv 2>$tmp/why");
my $submit = "$in export $at --form clinvar-json --laboratory clin --criteria PMID:25741868";
fails("$submit --method 'ACMG Guidelines, 2015'", 'what is submitted is public', qr/--as public/);
fails("$submit --as public", 'one guideline a submission', qr/'ACMG Guidelines, 2015' and 'our own'/);
fails("$submit --as public --laboratory other", 'nothing of another', qr/nothing to submit/);
fails("$in export $at --form clinvar-json --as public --laboratory clin --criteria $_", "criteria that are none: $_", qr/by which criteria/) for 'ACMG', 'PMID:x', 'DOI:nothing', 'https://example.org/criteria.pdf';
fails("$in import $at --form clinvar-json $tmp/own.tsv", 'written only', qr/written, not read/);
fails("$in export $at --form clinvar-json --as public --criteria PMID:1", 'whose', qr/--laboratory is needed/);
my $json = out("$submit --as public --method 'ACMG Guidelines, 2015' 2>$tmp/why");
my $doc = decode_json($json);
my ($brca, $orpha, $mt) = @{ $doc->{germlineSubmission} };
is(scalar @{ $doc->{germlineSubmission} }, 3, 'what may be shown to anybody');
ok(slurp("$tmp/why") =~ /entry \d+ is left out: the condition's code.*\nentry \d+ is left out: .*50 bases/ && $json !~ /DMD|$long/, 'what ClinVar does not take is named');
is(join('|', $doc->{clinvarSubmissionReleaseStatus}, $doc->{assertionCriteria}{db}, $doc->{assertionCriteria}{id}, $brca->{recordStatus}, $brca->{clinvarAccession}, $brca->{localID}, map({ $brca->{germlineClassification}{$_} } qw(germlineClassificationDescription dateLastEvaluated comment)),
    map({ "$_->{db} $_->{id}" } @{ $brca->{germlineClassification}{citation} }, $brca->{conditionSet}{condition}[0])),
    'public|PubMed|25741868|update|SCV000123456|13-32316461-A-G|Pathogenic|2026-01-31|PVS1,PM2: seen in PMID:25741868 and "two" families (PMID:123)|PubMed 25741868|PubMed 123|OMIM 612555', 'a classification with its condition, evidence and accession');
is(join('|', $orpha->{recordStatus}, $orpha->{conditionSet}{condition}[0]{id}, map { join ',', @{ $_->{variantSet}{variant}[0]{chromosomeCoordinates} }{qw(assembly chromosome start stop referenceAllele alternateAllele)} } $orpha, $mt), 'novel|ORPHA145|GRCh38,13,32316462,32316463,TG,T|GRCh38,MT,3243,3243,A,G', 'places as ClinVar has them');
is($mt->{conditionSet}{condition}[0]{name}, 'not provided', 'no condition is none');
# --- its XML, its answers, and what is to be deleted there ---
my $place = sub { return qq(<SimpleAllele><GeneList><Gene Symbol="BRCA2"/></GeneList><Location><SequenceLocation Assembly="$_[0]" Chr="13" positionVCF="32316500" referenceAlleleVCF="A" alternateAlleleVCF="G"/></Location></SimpleAllele>) };
my $record = sub { my ($assembly, @said) = @_; return '<VariationArchive><RecordStatus>current</RecordStatus><ClassifiedRecord>' . $place->($assembly) . '<ClinicalAssertionList>' . join('', map {
    qq(\n<ClinicalAssertion ID="$_->[0]"><ClinVarAccession Accession="SCV$_->[0]" SubmitterName="xml lab"/><Classification DateLastEvaluated="2025-01-02"><ReviewStatus>criteria provided, single submitter</ReviewStatus><$_->[1]>$_->[2]</$_->[1]></Classification></ClinicalAssertion>) } @said)
    . '</ClinicalAssertionList></ClassifiedRecord></VariationArchive>' };
spew("$tmp/release.xml", '<ClinVarVariationRelease ReleaseDate="2026-06-01">' . $record->('GRCh38', [ '000000501', 'GermlineClassification', 'Pathogenic' ], [ '000000502', 'OncogenicityClassification', 'Oncogenic' ]) . $record->('GRCh37', [ '000000503', 'GermlineClassification', 'Benign' ]) . '</ClinVarVariationRelease>');
run("gzip -k $tmp/release.xml");
$said = out("$in import $at $tmp/release.xml.gz 2>$tmp/why");
ok($said =~ /release\.xml\.gz \(clinvar-xml\): 3 rows; 1 entries: 1 new, .*; 2 left out\n  1 left out: it is a classification of oncogenicity\n  1 left out: the record has no place on this assembly/ && slurp("$tmp/why") =~ /release\.xml\.gz:3: left out: it is .*\n\S+:4: left out: the record has no place/, 'a release: entries, and what is none by line and by reason', $said);
my ($xml) = @{ decode_json(out("$in list $at --json 13:32316500:A:G")) };
is(join('|', @$xml{qw(gene class date laboratory reference evidence)}), 'BRCA2|P|2025-01-02|xml lab|SCV000000501|criteria provided, single submitter', 'a submission with who made it, when and how it is reviewed');
spew("$tmp/bomb.xml", '<!DOCTYPE a [<!ENTITY b "b">]><ReleaseSet>&b;</ReleaseSet>');
fails("$in import $at $tmp", 'a folder', qr/directory/);
fails("$in import $at $tmp/bomb.xml", 'no entities', qr/bomb\.xml:1: there is a DOCTYPE/);

my %entry = map { $_->{variant} => $_->{entry} } @{ decode_json(out("$in list $at --json")) };
spew("$tmp/answer.json", encode_json({ submissions => [ map { { identifiers => { localKey => "$entry{$_->[0]}", localID => $_->[0], clinvarAccession => $_->[1] }, processingStatus => 'Success' } } [ '13-32316462-TG-T', 'SCV000000601' ], [ 'MT-3243-A-G', 'SCV000000602' ] ] }));
fails("$in accessions $at $tmp/answer.json", 'whose submission', qr/--laboratory is needed/);
ok(out("$in accessions $at --laboratory clin --check $tmp/answer.json") =~ /2 accessions recorded.*nothing was kept/s, '--check keeps nothing');
ok(out("$in accessions $at --laboratory clin $tmp/answer.json") =~ /2 answers; 2 accessions recorded, 0 as before, 0 deleted at ClinVar; 0 left out/, 'what ClinVar gave is kept');
run("$in withdraw $at --reason 'known here only' $entry{'MT-3243-A-G'}");
$json = out("$submit --as public --method 'ACMG Guidelines, 2015' --reason 'reclassified elsewhere' 2>$tmp/why");
$doc = decode_json($json);
is(join('|', map { "$_->{accession} $_->{reason}" } @{ $doc->{clinvarDeletion}{accessionSet} }), 'SCV000000602 reclassified elsewhere', 'what was withdrawn is to be deleted');
ok(slurp("$tmp/why") =~ /SCV000000602 was withdrawn here: ClinVar is asked to delete it/ && $json !~ /known here only/, 'which is told; why it was withdrawn stays here');
is(join('|', map { "$_->{recordStatus} " . ($_->{clinvarAccession} // '') } @{ $doc->{germlineSubmission} }), 'update SCV000123456|update SCV000000601', 'what has an accession is updated');
run("$in withdraw $at --reason x $entry{$_}") for '13-32316461-A-G', '13-32316462-TG-T';
my $only = out("$in export $at --form clinvar-json --as public --laboratory clin --method 'ACMG Guidelines, 2015' 2>$tmp/why");
is(join(' ', sort keys %{ decode_json($only) }), 'clinvarDeletion', 'deletions alone are a submission too');

my $rules = "$shared/interpretations/clinvar-this/clinvar_api/schemas/submission_schema.json";
if (-e $rules && system('python3 -c "import jsonschema" 2>/dev/null') == 0) {
    spew("$tmp/submission.json", $json);
    spew("$tmp/only.json", $only);
    spew("$tmp/valid.py", "import json, sys, jsonschema\ns, d, o = (json.load(open(x)) for x in sys.argv[1:])\nv = jsonschema.Draft202012Validator(s)\nfor x in d, o:\n    for e in v.iter_errors(x): print(e.json_path, e.message[:200])\n"
        . "del d['germlineSubmission'][1]['observedIn']\no['clinvarDeletion']['accessionSet'][0]['accession'] += '.1'\nprint('finds' if list(v.iter_errors(d)) and list(v.iter_errors(o)) else 'blind')\n");
    is(out("python3 $tmp/valid.py $rules $tmp/submission.json $tmp/only.json") =~ s/\s+\z//r, 'finds', 'valid by the schema that ClinVar publishes');
}
else { note('the schema is not looked at: no shared data, or no python3-jsonschema') }
my $samples = "$shared/interpretations/clinvar-this/tests/clinvar_data/data";
if (-d $samples) {
    my ($n, $wrong) = (0, '');
    for my $file (glob "$samples/*.xml") {    # each submission there is an entry or named; laboratory and class as the file says
        my $xml = slurp($file);
        my $n_scv = () = $xml =~ /<ClinicalAssertion /g;
        my ($rows, $entries, $left) = out("$in import $at --check $file 2>/dev/null") =~ /: (\d+) rows; (\d+) entries.*; (\d+) left out/;
        $n += $entries;
        $wrong .= "# $file: $n_scv, $rows\n" if $rows != $n_scv || $rows != $entries + $left;
    }
    ok($n > 50 && $wrong eq '', "ClinVar's records as published: $n entries", $wrong);
}

if (-d $vkgl) {
    run("$in vkgl --release IT --out $tmp/it --deletes $vkgl/IT_Delete.tsv --pseudogenes $vkgl/IT_Pseudo.txt --mapping $vkgl/IT_Mapping.tsv --report umcg=$vkgl/IT_ClinVar_report.txt --report amc=$vkgl/IT_ClinVar_report2.txt $vkgl/IT_Consensus.tsv");
    my ($n, $wrong) = (0, '');
    for my $want (glob "$vkgl/expected/IT/*") {
        my ($name) = $want =~ m{([^/]+)\z};
        my $set = sub { my %l = map { $_ => 1 } split /\r?\n/, slurp($_[0]); join "\n", sort keys %l };
        $n++;
        $wrong .= "# $name\n" if $set->($want) ne $set->("$tmp/it/$name");
    }
    ok($n == 19 && $wrong eq '', "VKGL's cycle: $n files as published", $wrong);
}

# --- cases ---
my $case = "$sund case";
my $packet = encode_json({ id => 'p-1', subject => { id => 'p-1', sex => 'FEMALE', dateOfBirth => '1999-01-02' }, phenotypicFeatures => [ { type => { id => 'HP:0000002' } }, { type => { id => 'HP:0000003' }, excluded => JSON::PP::true } ] });
spew("$tmp/p.json", $packet);
fails("$case import $at --contact C --href mailto:a\@example.org $tmp/p.json", 'whether there is consent has to be said', qr/--consent or --no-consent/);
fails("$case import $at --consent $tmp/p.json", 'somebody has to be reached', qr/--contact and --href/);
run("$sund init --role researcher --id anna $tmp/anna");
fails("$sund $_", "only a node: $_", qr/anna is (not the home of a node|the home of a researcher)/) for "case list --home $tmp/anna", "interpret list --home $tmp/anna", "peer add --home $tmp/anna x", "people count --home $tmp/anna all";
fails("$sund case lst", 'a word that is none, before any home', qr/no 'case lst' \(did you mean 'list'/);
run("$case import $at --consent --contact C --href mailto:a\@example.org $tmp/p.json");
my $add = "$case add $at --consent --contact C";
fails("$add --href https://example.org/c --feature HP:000000x p-3", 'a term has seven digits', qr/no term of HPO/);
fails("$add --href https://example.org/c --gene 'A B' p-3", 'a symbol has no blank', qr/no gene's symbol/);
fails("$add --href 'mailto:\"a\" b' --gene SKI p-3", 'an address is one that can be written to', qr/http:, https: or mailto:/);
run("$case add $at --no-consent --contact C --href https://example.org/c --feature HP:0000002 --gene SKI p-2");
ok(out("$case list $at") =~ /^p-1\t[0-9a-f]{32}\tconsent\t2\t.*^p-2\t[0-9a-f]{32}\tno consent\t1\tSKI\t/ms, 'cases are listed');
ok(slurp("$tmp/nl/cases.db") . slurp("$tmp/nl/cases.db-wal") !~ /1999-01-02/, 'a birthday is not kept');
fails("$sund match $at $tmp/p.json", 'without HPO nothing is compared', qr/no HPO is loaded/);
spew("$tmp/hpo.tsv", "id\tname\tparents\nHP:0000001\tAll\t\nHP:0000002\tB\tHP:0000001\nHP:0000003\tC\tHP:0000001\n");
run("$sund ontology load $at --version 1 $tmp/hpo.tsv");
is(decode_json(out("$sund match $at $tmp/p.json"))->{results}[0]{patient}{id}, 'p-2', 'a home\'s own cases are compared, with or without consent');
fails("$case consent $at --consent --consent-beyond p-1", 'one consent at a time', qr/--consent or --no-consent/);
run("$case consent $at --consent-variants p-1");
ok(out("$case list $at") =~ /^p-1\t[0-9a-f]{32}\tconsent, beyond with variants\t/m, 'how far a consent goes is listed');

# --- matchmakers outside the federation ---
my $ini = slurp("$tmp/nl/sund.ini");
spew("$tmp/nl/good.token", "abc\n");
chmod 0600, "$tmp/nl/good.token";
spew("$tmp/nl/bad.token", "a b\n");
chmod 0600, "$tmp/nl/bad.token";
spew("$tmp/nl/open.token", "abc\n");
fails("$sund match $at --at x p-1", 'a matchmaker that is not named', qr/sund\.ini has no \[matchmaker x\]; it has none/);
my @line = ('[matchmaker x]', 'url = https://127.0.0.1:1', 'token = good.token');
for ([ 'another name', qr/no \[matchmaker y\]; it has x$/m, 'y', @line ], [ 'no token', qr/\[matchmaker x\] needs url and token/, 'x', @line[ 0, 1 ] ], [ 'http to elsewhere', qr/sund\.ini:\d+: url: https:.*http to 127\.0\.0\.1/, 'x', $line[0], 'url = http://mme.invalid', $line[2] ],
    [ 'a user in the address', qr/sund\.ini:\d+: url/, 'x', $line[0], 'url = https://mme.invalid@example.org', $line[2] ], [ 'no name', qr/\[matchmaker NAME\] is expected/, 'x', '[matchmaker]', @line[ 1, 2 ] ],
    [ 'a key it does not have', qr/has no key 'tokn': did you mean 'token'/, 'x', @line[ 0, 1 ], 'tokn = x' ], [ 'a looser limit', qr/limit: a number from 1 to 12/, 'x', @line, 'limit = 13' ], [ 'a pin that is none', qr/pin: sha256/, 'x', @line, 'pin = abc' ],
    [ 'a token that others may read', qr/open\.token/, 'x', @line[ 0, 1 ], 'token = open.token' ], [ 'a token of two words', qr/one word of printable ASCII/, 'x', @line[ 0, 1 ], 'token = bad.token' ], [ 'a service that is not there', qr/127\.0\.0\.1:1: .*onnect/, 'x', @line ])
{
    my ($name, $like, $ask, @lines) = @$_;
    spew("$tmp/nl/sund.ini", join "\n", $ini, @lines, '');
    fails("$sund match $at --at $ask p-1", "a matchmaker: $name", $like);
}
fails("$case sent $at p-11", 'a name that is written wrongly', qr/no case of that name here, and none was sent under it/);
ok(out("$case sent $at p-1") =~ /\Anothing was sent/ && out("$case sent $at") =~ /\Anothing was sent/ && out("$case notices --all $at") =~ /none/, 'and nothing was sent');
fails("$sund match $at --at x --federation p-1", 'inside or outside', qr/one at a time/);
fails("$sund match --home $tmp/anna --at x p-1", 'a researcher has no cases', qr/not the home of a node/);
spew("$tmp/nl/sund.ini", $ini);
run("$sund init --role hub --id hub $tmp/hub");
spew("$tmp/hub/sund.ini", join "\n", slurp("$tmp/hub/sund.ini"), @line, '');
fails("$sund peer add --home $tmp/hub y", 'nor has a hub', qr/only nodes have cases, and ask matchmakers/);
run("$case withdraw $at p-2");
is(scalar @{ decode_json(out("$sund match $at $tmp/p.json"))->{results} }, 0, 'withdrawn, it is no more');
fails("$case add $at --no-consent --contact C --href https://example.org/c --feature HP:0000002 p-2", 'nor does it come back', qr/does not come back/);
done();
