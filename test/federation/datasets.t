#!/usr/bin/perl
# The catalogue of data sets over real processes: harvested from two nodes, searched, served as a FAIR Data Point; a broken description is refused with the reason while
# the last good one stays; a node that is down is still listed, with when it was last heard.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use Sund;
use JSON::PP;
use Time::HiRes qw(sleep time);

sub description {
    my ($cc, $more) = @_;
    return "[catalogue]\ntitle-en = Genomes of $cc\ndescription-en = Data sets\npublisher = inst\nissued = 2026-01-15\n[agent inst]\nname-en = Institute of $cc\nemail = data\@example.org\n"
        . "[dataset GDI-$cc-INST-1]\ntitle-en = Cohort of $cc\ndescription-en = Whole genomes\npublisher = inst\ncreator = inst\ncontact = inst\naccess = non-public\ncategory = human-genomic\ntype = whole-genome\ndiseases = ICD10:E11.9\n$more";
}

my $f  = federation('fed', SE => small_node('SE', people => 38, access => 'controlled'), DK => small_node('DK', people => 7, access => 'controlled'));
my $at = $f->{at};
stop('fed/hub');
mkdir "$at/hub/shapes";
spew("$at/hub/shapes/own.ttl", '@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .' . "\n<urn:x:Keyword> a sh:NodeShape ; sh:targetClass dcat:Dataset ; sh:property [ sh:path dcat:keyword ; sh:minCount 1 ] .\n");
spew("$at/hub/sund.ini", slurp("$at/hub/sund.ini") =~ s/^\[hub\]\n\K/harvest = 1\nshapes = shapes\n/mr);
spew("$at/hub/datasets.ini", "[catalogue]\ntitle-en = All of it\ndescription-en = The federation\npublisher = hub\nissued = 2026-02-01\n[agent hub]\nname-en = The hub\nemail = hub\@example.org\n");
spew("$at/SE/datasets.ini", description('SE', "keywords-en = diabetes\n"));
spew("$at/DK/datasets.ini", description('DK', "keywords-en = sugar\n"));
my $own = 20000 + ($$ * 11) % 30000;
$own++ while !port_free($own);
spew("$at/SE/sund.ini", slurp("$at/SE/sund.ini") . "\n[pages]\nport = $own\n");
stop('fed/SE');
start_node($f, 'SE');
start_hub($f);
my $port = 0 + slurp("$at/hub.port");
my $url  = "https://127.0.0.1:$port";

sub get { my ($path, $accept) = @_; return `curl -sk -m 20 @{[$accept ? "-H 'Accept: $accept'" : '']} '$url$path'` }
sub find { return out("$sund dataset find --home $at/anna $_[0]") }

# Until a page matches.
sub until_page {
    my ($path, $like, $seconds) = @_;
    my $t;
    for (my $end = time + $seconds; time < $end; sleep 0.2) { $t = get($path); return $t if $t =~ $like }
    print STDERR "# $path: $t\n# hub: ", slurp("$at/hub.log"), '# SE: ', slurp("$at/SE.log");
    return '';
}

ok(until_page('/datasets', qr/"total": 2/, 30), 'both nodes are harvested');
my $table = find('cohort');
ok($table =~ /^GDI-SE-INST-1\tSE\t40\tnon-public\t/m, 'people come from the data, rounded', $table);
ok($table =~ /^GDI-DK-INST-1\tDK\t\.\tnon-public\t/m, 'seven people are no number', $table);
ok(find('--country DK') =~ /^identifier.*\nGDI-DK-INST-1\t[^\n]*\n\z/, 'a facet finds', find('--country DK'));
ok(find('--disease ICD10:E11 --people 20') =~ /^identifier.*\nGDI-SE-INST-1\t[^\n]*\n\z/, 'facets together', '');
ok(find('sug') =~ /GDI-DK/ && find('sug') !~ /GDI-SE/, 'the beginning of a word finds');
ok(`$sund dataset find --home $at/anna nosuchword 2>&1 >/dev/null` =~ /no data set fits; .*--nodes/ && `$sund dataset find --home $at/anna diabetes 2>&1 >/dev/null` eq '', 'where none fits it is said, beside the table');
fails("$sund dataset find --home $at/anna --country Sweden", 'a facet that is none', qr/two letters/);

# The FAIR Data Point, from the root down, by the addresses that it gives.
my $root = get('/fdp/');
my ($listed) = $root =~ m{ldp:contains ([^;]*)};
my %at = map { m{/fdp/(\w\w)/catalog$} ? ($1 => $_) : () } ($listed // '') =~ m{<([^>]*)>}g;
is(join(' ', sort keys %at), 'DK SE', 'the root names the catalogues');
sub follow { my ($iri, $accept) = @_; return get($iri =~ s{^https://127.0.0.1:\d+}{}r, $accept) }
my $catalogue = follow($at{SE} // '/none');
my ($dataset) = $catalogue =~ m{dcat:dataset <([^>]*)>};
my $set = follow($dataset // '/none');
my ($distribution) = $set =~ m{dcat:distribution <([^>]*)>};
my $last = follow($distribution // '/none');
ok($set =~ /GDI-SE-INST-1/ && $last =~ /dcat:accessURL/, 'root, catalogue, data set, distribution', $last);
ok($set =~ /numberOfUniqueIndividuals "40"/, 'the number of people is in the graph');
spew("$tmp/$_->[0].ttl", $_->[1]) for ['root', $root], ['catalogue', $catalogue], ['set', $set], ['distribution', $last];
out("$sund dataset validate --triples $tmp/$_.ttl") for qw(root catalogue set distribution);
my $json = follow($dataset, 'application/ld+json');
ok($json =~ /^\{/ && $json =~ /"\@graph"/ && $json =~ /GDI-SE-INST-1/, 'JSON-LD where it is asked for');
is(`curl -sk -o /dev/null -w '%{http_code} %{content_type}' '$url/fdp/SE/dataset/none'`, '404 text/plain; charset=utf-8', 'what is not there is 404');

# Sizes to choose from, and the services that a node names.
ok(get('/datasets/facets') =~ /"people": \{\s*"1": 1,\s*"10": 1\s*\}/, 'of the size of data sets: how many have at least so many people', get('/datasets/facets'));
my $offer = "[service beacon]\ntitle-en = Beacon of SE\nurl = https://beacon.example.org/v2\ntype = beacon\nversion = 3.1\n";
spew("$at/SE/datasets.ini", description('SE', "keywords-en = diabetes\n") . $offer);
my $services = until_page('/beacon/services', qr/Beacon of SE/, 20);
my ($se) = grep { $_->{id} eq 'SE.beacon' } @{ decode_json($services || '[]') };
is(join(' ', map { $_ // '' } @{ $se->{type} }{qw(group artifact version)}, $se->{url}, $se->{version}, $se->{organization}{name}, $se->{organization}{url} eq $at{SE}), 'org.ga4gh beacon v2.0.0 https://beacon.example.org/v2 3.1 Institute of SE 1', "the hub's registry has the service that a node names");
is(decode_json(get('/beacon/services/SE.beacon'))->{url}, 'https://beacon.example.org/v2', 'by its name');
ok(get('/fdp/SE/service/beacon') =~ m{dcat:endpointURL <https://beacon.example.org/v2>}, 'it is in the graph', get('/fdp/SE/service/beacon'));
spew("$at/SE/datasets.ini", description('SE', "keywords-en = diabetes\n") . $offer =~ s/beacon\nv/beacons\nv/r);
fails("$sund dataset check --home $at/SE", 'a type of service that is none', qr/type = beacons: 'beacons' is not known; did you mean beacon/);
spew("$at/SE/datasets.ini", description('SE', "keywords-en = diabetes\n"));
for (my $end = time + 20; time < $end && get('/beacon/services') =~ /Beacon of SE/; sleep 0.2) { }
ok(get('/beacon/services') !~ /Beacon of SE/, 'what it names no more is gone');
$catalogue = get('/fdp/SE/catalog');

# The node's own pages.
sub own { my ($path) = @_; return scalar `curl -s -m 20 'http://127.0.0.1:$own$path'` }
for (1 .. 100) { last if own('/datasets') =~ /total/; sleep 0.1 }
is(own('/fdp/SE/catalog'), $catalogue, 'a node shows the same by itself');
ok(own('/fdp/') =~ m{ldp:contains <https://127.0.0.1:\d+/fdp/SE/catalog>} && own('/datasets?q=diab') =~ /"identifier": "GDI-SE-INST-1"/ && own('/datasets?q=sugar') =~ /"total": 0/, 'its root, and a search in it', own('/fdp/'));

# An application for what is there, before it is sent.
sub make { return `$sund apply make --home $at/anna --title t --purpose GRU --analyses counts --until 2099-12-31 --person 'Anna,Uni' $tmp/app.ini $_[0] 2>&1` }
ok(make('SE=biobank') =~ /SE brings the data set 'SE', not 'biobank': say SE=SE/ && !-e "$tmp/app.ini" && make('SE DK') =~ /^\S+: application [0-9a-f]{64}\nNext/, 'a data set that a node does not bring is known when an application is made');

# A description that breaks the hub's shapes.
my ($taken) = get('/datasets/nodes') =~ /"node": "SE"[^}]*?"taken": "([^"]*)"/s;
spew("$at/SE/datasets.ini", description('SE', "publications = https://doi.org/10.1000/1\n"));
my $nodes = until_page('/datasets/nodes', qr/"node": "SE"[^}]*"problem": "[^"]*keyword is missing/s, 20);
ok($nodes, 'a broken description is refused with the reason', $nodes);
ok(get('/fdp/SE/catalog') =~ /dcat:keyword "diabetes"/ && find('cohort --country SE') =~ /GDI-SE/, 'the last good copy stays');

# One that the node itself cannot read is said in the node's log, not to others.
spew("$at/SE/datasets.ini", description('SE', "keyword-en = diabetes\n"));
$nodes = until_page('/datasets/nodes', qr/"node": "SE"[^}]*"problem": "this node cannot answer at present/s, 20);
ok($nodes && slurp("$at/SE.log") =~ /'keyword-en' is not known in \[dataset\]; did you mean keywords/, 'what is wrong in datasets.ini is in the node\'s log', slurp("$at/SE.log"));
fails("$sund dataset check --home $at/SE", 'and dataset check says it', qr/keyword-en/);
ok(get('/fdp/SE/catalog') =~ /dcat:keyword "diabetes"/ && find('cohort --country SE') =~ /GDI-SE/, 'the last good copy stays then too');
spew("$at/SE/datasets.ini", description('SE', '') =~ s/^access =/acces =/mr);
fails("$sund dataset check --home $at/SE", 'a needed key that is mistyped is not said to be missing', qr/datasets\.ini:\d+: 'acces' is not known.*did you mean access/);

# And sound again.
spew("$at/SE/datasets.ini", description('SE', "keywords-en = insulin\n"));
ok(until_page('/fdp/SE/catalog', qr/dcat:keyword "insulin"/, 20), 'a sound description is taken again');

# Twelve people withdraw.
run("$sund people --home $at/SE " . spew("$tmp/gone.tsv", "person\tconsent\twithdrawn\n" . join '', map { sprintf "SE%03d\tGRU\t1\n", $_ } 1 .. 12));
ok(until_page('/fdp/SE/catalog', qr/numberOfUniqueIndividuals "25"/, 20), 'numbers follow the people');

for (1 .. 50) { last if own('/fdp/SE/catalog') =~ /numberOfUniqueIndividuals "25"/; sleep 0.1 }
ok(own('/fdp/SE/catalog') =~ /numberOfUniqueIndividuals "25"/, 'at the node too');

# A node that takes its description away has no data sets any more.
unlink "$at/SE/datasets.ini";
ok(until_page('/datasets', qr/"total": 1/, 20), 'a description that is taken away is gone');
ok(get('/datasets/nodes') =~ /"node": "SE",\s+"datasets": 0,\s+"taken": null,[^}]*"problem": "the node describes no data sets"/, 'and the list of nodes says so', get('/datasets/nodes'));
spew("$at/SE/datasets.ini", description('SE', "keywords-en = insulin\n"));
ok(until_page('/datasets', qr/"total": 2/, 20), 'and comes back');

# A node that is down.
stop('fed/DK');
$nodes = until_page('/datasets/nodes', qr/"node": "DK"[^}]*"problem": "the node (?:is away|did not answer in time)"/s, 60);
ok($nodes =~ /"node": "DK"[^}]*"taken": "20\d\d-\d\d-\d\dT[^"]*Z"/s, 'a node that is down is listed with when its description was taken', $nodes);
ok(find('--country DK') =~ /GDI-DK-INST-1/ && get('/fdp/DK/catalog') =~ /Genomes of DK/, 'and its description is still found and shown');
ok(find('--nodes') =~ /"node": "DK"/, 'dataset find --nodes says it too');

# A hub that starts anew has the copies.
stop('fed/SE');
stop('fed/hub');
start_hub($f);
ok(get('/datasets') =~ /"total": 2/, 'copies outlive the hub');

# Many data sets, which come part by part; and a change is seen at once, whatever the hub's clock says.
stop('fed/hub');
spew("$at/hub/sund.ini", slurp("$at/hub/sund.ini") =~ s/^harvest = 1$/harvest = 900/mr);
start_hub($f);
start_node($f, 'SE');
my ($head, $first) = description('SE', "keywords-en = insulin\n") =~ /^(.*?)(\[dataset .*)/s;
my $many = $head . join '', map { $first =~ s/INST-1\b/INST-$_/r =~ s/Cohort/Cohort number$_/r } 1 .. 200;
spew("$at/SE/datasets.ini", $many);
ok(until_page('/datasets', qr/"total": 201/, 20), 'two hundred data sets are seen when they are written');
ok(get('/datasets?q=number177') =~ /GDI-SE-INST-177/ && get('/datasets/facets') =~ /"ICD10:E11.9": 201/ && get('/fdp/SE/dataset/GDI-SE-INST-177') =~ /numberOfUniqueIndividuals "25"/, 'found, counted, shown');
is(scalar(() = get('/fdp/SE/catalog') =~ m{/dataset/GDI-SE-INST-}g), 400, 'the catalogue names all, its container too');
my ($next, $all, @page) = ('/fdp/SE/catalog/', '');
while ($next && @page < 20) {
    my $answer = `curl -ski -m 20 '$url$next'`;
    push @page, $next;
    $all .= $answer;
    $next = $answer =~ /^link: .*<(\?page=\d+)>; rel="next"/mi ? "/fdp/SE/catalog/$1" : '';
}
is(scalar(@page) . ' ' . scalar(() = $all =~ /dct:identifier "GDI-SE-INST-/g), '7 200', 'page by page they are all there, once');
spew("$at/SE/datasets.ini", $many =~ s/Cohort number199/Cohort changed199/r);
ok(until_page('/datasets?q=changed199', qr/"total": 1,?\s/, 20), 'a change of one of them is seen at once');

# A catalogue that takes seconds to read is waited for by nobody.
stop('fed/SE');
spew("$at/SE/datasets.ini", $head . join '', map { $first =~ s/INST-1\b/INST-$_/r } 1 .. 3000);
start_node($f, 'SE');
my ($from, $early) = (0, '');
while (!$early) { ($from, $early) = (time, scalar `curl -si -m 20 'http://127.0.0.1:$own/datasets'`) }
ok($early =~ m{^HTTP/1.1 503 } && $early =~ /^Retry-After: 1\r$/mi && $early =~ /"errorCode":503,"errorMessage":"the catalogue of data sets is being read/, 'until it is read it is 503, in the form of errors', substr $early, 0, 400);
my $beacon = own('/beacon/g_variants?referenceName=20&start=999&referenceBases=A&alternateBases=G');
ok($beacon =~ /"responseSummary"/ && time - $from < 1, 'the Beacon answers meanwhile', $beacon);
for (1 .. 150) { last if own('/datasets') =~ /"total": 3000/; sleep 0.1 }
ok(own('/datasets') =~ /"total": 3000/, 'and then it is there', substr own('/datasets'), 0, 400);
stop_all();
done();
