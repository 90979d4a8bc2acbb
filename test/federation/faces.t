#!/usr/bin/perl
# Canaries over every face: what is of one person - ids, a code, a value, a date, a variant that one person carries, a case without consent, words that are kept local - is in no byte that pages, lookups,
# counts, the catalogue of data sets, interpretations, the matchmaker, applications and exported logs give, to whom has logged in too; nor on the lines between nodes and hub.
use strict;
use warnings;
use lib 'test';
use Sund;
use Canary;
use JSON::PP;
use MIME::Base64 qw(encode_base64url);

system('socat -V >/dev/null 2>&1') == 0 or skip_all('no socat');
my $s = 7;
sub draw { $s = ($s * 1103515245 + 12345) % 2147483648; return $s / 2147483648 }

# ---- three countries of 90; in each one person alone has a code, a value far out, and a variant ----
my (@canary, @region);
my %node;
my $own = 20000 + ($$ * 17) % 20000;
my @id;
for my $c (qw(DK FI SE)) {
    my @p = map { sprintf 'PERSON%s%06d', $c, int(1e6 * draw()) } 1 .. 90;
    push @id, @p;
    my $rare = 3000000 + int(1e6 * draw());
    push @region, { referenceName => '20', start => [ 10000 * int($rare / 10000) ], end => [ 10000 * int($rare / 10000) + 10000 ] };
    my $value = sprintf '%.3f', 70000 + 1000 * draw();
    my $code = 'ORPHA:' . int(1e6 + 9e6 * draw());
    push @canary, $rare, $rare - 1, $value, $value =~ s/\.//r, $code;
    my @pos = sort { $a <=> $b } $rare, map { 100 * $_ } 1 .. 12;
    spew("$tmp/$c.vcf", join '', map { "$_\n" } '##fileformat=VCFv4.2', '##contig=<ID=20,length=63025520>', '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">', join("\t", '#CHROM', qw(POS ID REF ALT QUAL FILTER INFO FORMAT), @p),
        map { my $at = $_; join "\t", 20, $at, '.', 'A', 'G', '.', '.', '.', 'GT', map { $at == $rare ? ($_ == 7 ? '0/1' : '0/0') : (qw(0/0 0/1 1/1))[ 3 * draw() ] } 1 .. @p } @pos);
    spew("$tmp/$c.samples", "person\tsex\n" . join '', map { "$p[$_]\t" . ($_ % 2 ? 'M' : 'F') . "\n" } 0 .. $#p);
    spew("$tmp/$c.bed", "20\t0\t5000000\n");
    spew("$tmp/$c.dict", "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\ny\treal\t1\t-99999\t99999\t3\t\n");
    spew("$tmp/$c.tsv", "person\tsex\tcountry\tconsent\ty\tcodes\n" . join '', map { "$p[$_]\t" . ($_ % 2 ? 'M' : 'F') . "\t$c\tGRU\t" . ($_ == 7 ? $value : sprintf '%.3f', 100 * draw()) . "\t" . ($_ == 7 ? $code : $_ % 3 ? '' : 'ICD10:E10') . "\n" } 0 .. $#p);
    $node{$c} = { import => "--samples $tmp/$c.samples --assembly GRCh37 --callable $tmp/$c.bed $tmp/$c.vcf", people => "$tmp/$c.tsv", dictionary => "$tmp/$c.dict", access => $c eq 'DK' ? 'open' : 'controlled' };
}
my @open = splice @canary, 0, 5;    # DK's data are open: what one person has there is anybody's

# ---- a federation with a tap; pages at hub and FI; an issuer of the test's own ----
my $f = federation('faces', tap => 1, %node);
my $at = $f->{at};
stop("$f->{name}/$_") for 'hub', 'FI', 'SE';
my ($hub, $fi) = map { my $p = 20000 + ($$ * 11 + $_) % 30000; $p++ while !port_free($p); $p } 7, 9007;
spew("$at/hub/sund.ini", slurp("$at/hub/sund.ini") =~ s/^\[hub\]\n\K/harvest = 1\n/mr . "\n[pages]\nport = $hub\nassembly = GRCh37\nid = org.example.north\n");
spew("$at/FI/sund.ini", slurp("$at/FI/sund.ini") . "\n[pages]\nport = $fi\nid = org.example.fi\n");
spew("$at/$_/datasets.ini", "[catalogue]\ntitle-en = Genomes of $_\ndescription-en = Data\npublisher = inst\nissued = 2026-01-15\n[agent inst]\nname-en = Institute\nemail = data\@example.org\n"
    . "[dataset GDI-$_-INST-1]\ntitle-en = Cohort\ndescription-en = Genomes\npublisher = inst\ncreator = inst\ncontact = inst\naccess = non-public\ncategory = human-genomic\ntype = whole-genome\ndiseases = ICD10:E11.9\n") for qw(FI SE);
run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $tmp/iss.pem 2>/dev/null");
my $der = out("openssl pkey -in $tmp/iss.pem -pubout -outform DER");
spew("$tmp/iss.jwks", encode_json({ keys => [{ kty => 'EC', crv => 'P-256', kid => 'i1', use => 'sig', alg => 'ES256', x => encode_base64url(substr $der, -64, 32), y => encode_base64url(substr $der, -32) }] }));
my $iss = 'https://login.example.org';
run("$sund trust add --home $at/$_ --client sund-test --jku $iss/jwk --jwks $tmp/iss.jwks $iss") for qw(hub FI);
sub token {
    my $t = encode_base64url(encode_json({ alg => 'ES256', kid => 'i1' })) . '.' . encode_base64url(encode_json({ iss => $iss, aud => 'sund-test', sub => 'ada', iat => time, exp => time + 3600 }));
    spew("$tmp/to-sign", $t);
    my $sig = out("openssl dgst -sha256 -sign $tmp/iss.pem $tmp/to-sign");
    my $len = ord substr $sig, 3, 1;
    my ($r, $x) = map { my $v = $_; $v =~ s/^\0+//; ("\0" x (32 - length $v)) . $v } substr($sig, 4, $len), substr($sig, 6 + $len);
    return "$t." . encode_base64url("$r$x");
}

# ---- what clinicians give: packets, cases, interpretations ----
my @words = map { my $w = $_; map { "$w$_" . int(1e9 * draw()) } qw(FI SE) } qw(PACKET SUBJECT FREETEXT CASE LOCALWORD);
my %word = map { (/^([A-Z]+?)(FI|SE)\d/ ? "$1 $2" : die) => $_ } @words;
my %born = (FI => '1931-04-17', SE => '1932-08-23');
push @canary, @words, values %born;
spew("$tmp/hpo.tsv", "id\tname\tparents\nHP:0000118\tPhenotypic abnormality\t\n" . join '', map { "HP:000125$_\tterm $_\tHP:0000118\n" } 0 .. 9);
run("$sund ontology load --home $at/$_ --version 7 $tmp/hpo.tsv") for qw(DK FI SE);
for my $c (qw(FI SE)) {
    spew("$tmp/packet", encode_json({ id => $word{"PACKET $c"}, subject => { id => $word{"SUBJECT $c"}, sex => 'FEMALE', dateOfBirth => "$born{$c}T00:00:00Z" }, phenotypicFeatures => [ { type => { id => 'HP:0001257', label => 'x' }, description => $word{"FREETEXT $c"} } ],
        metaData => { created => '2026-01-01T00:00:00Z', createdBy => $word{"FREETEXT $c"}, phenopacketSchemaVersion => '2.0' } }));
    run("$sund people import --home $at/$c --format phenopacket --consent GRU $tmp/packet");
    run("$sund case add --home $at/$c --consent --contact Clinic --href mailto:a\@example.org --feature HP:0001250 --feature HP:0001251 --feature HP:0001252 --gene SKI " . $word{"CASE $c"});
    run("$sund case add --home $at/$c --no-consent --contact Clinic --href mailto:a\@example.org --feature HP:0001250 --feature HP:0001251 --feature HP:0001258 --gene NOCONSENT$c no-$c");
    push @canary, "NOCONSENT$c", "no-$c";
    spew("$tmp/said", "variant\tgene\tcondition\tclass\tcriteria\tevidence\tdate\tlaboratory\tshare\n20-200-A-G\tSKI\t\tP\t\t\t2024-01-01\tLab $c\tpublic\n20-200-A-G\tSKI\t\tLP\t\t" . $word{"LOCALWORD $c"} . "\t2024-01-01\tOther\tlocal\n");
    run("$sund interpret import --home $at/$c --assembly GRCh37 $tmp/said");
}
start_hub($f);
start_node($f, $_) for qw(FI SE);

# ---- every page, as whoever has not logged in and as one who has ----
my ($pages, $n_page, %status) = ('', 0);
sub page {
    my ($url, $body, @more) = @_;
    my $send = defined $body ? do { spew("$tmp/body", $body); "-H 'Content-Type: application/json' --data-binary \@$tmp/body" } : '';
    my $t = `curl -sk -m 30 -i @more $send '$url'`;
    $pages .= $t;
    $n_page++;
    $status{ $t =~ m{^HTTP/\S+ (\d+)} ? $1 : 'none' }++;
    return $t;
}
for (1 .. 300) { last if `curl -s http://127.0.0.1:$hub/fdp/` =~ /FI/ && `curl -s http://127.0.0.1:$fi/beacon/info` && out("$sund lookup --home $at/anna 20-100-A-G") =~ /FI .*counted\n.*SE .*counted\n/s; select undef, undef, undef, 0.1 }
my $bearer = "-H 'Authorization: Bearer " . token() . "'";
my $seq = { referenceName => '20', start => [199], end => [200], referenceBases => 'A', alternateBases => 'G', assemblyId => 'GRCh37' };
my $all = sub { my ($params, @filters) = @_; return encode_json({ meta => { apiVersion => '2.0' }, query => { requestParameters => $params, filters => \@filters, requestedGranularity => 'record', includeResultsetResponses => 'ALL' } }) };
for my $port ($hub, $fi) {
    for my $who ('', $bearer) {
        my $api = eval { decode_json(page("http://127.0.0.1:$port/openapi.json", undef, $who) =~ s/.*?\r\n\r\n//sr) } // {};
        for my $path (sort keys %{ $api->{paths} }) {    # all that the description has
            my $url = "http://127.0.0.1:$port" . ($api->{paths}{$path}{servers} ? '' : '/beacon') . ($path =~ s/\{node\}/FI/r =~ s/\{id\}/$path =~ m{^.g_variants} ? '20-200-A-G' : 'FI'/er);
            page($url, undef, $who) if $api->{paths}{$path}{get};
            page($url, $all->($path =~ /variant/ ? $seq : undef), $who) if $api->{paths}{$path}{post};
        }
        my $b = "http://127.0.0.1:$port/beacon";
        page("$b/g_variants", $all->($_), $who) for { referenceName => '20', start => [0], end => [2000] }, @region;
        page("$b/individuals", $all->(undef, { id => $_ }), $who) for 'ICD10:E10', 'NCIT:C16576', 'HP:0000118', 'HP:0001257';
        page("$b/individuals", $all->(undef, { id => 'y', operator => '>', value => '50000' }), $who);
        page("$b/individuals?filters=ICD10:E10", undef, $who);
        page("$b/g_variants/20-200-A-G/individuals?filters=ICD10:E10", undef, $who);
        page("$b/g_variants/20-200-A-G/$_", undef, $who) for qw(individuals biosamples);
        page("$b/filtering_terms", undef, $who);
        page("$b/individuals/FI001", undef, $who);
        my %seen;
        my @next = "http://127.0.0.1:$port/fdp/";
        while (my $url = shift @next) { next if $seen{$url}++ || keys %seen > 20; push @next, map { s{^https?://[^/]*}{http://127.0.0.1:$port}r } page($url, undef, $who) =~ m{<(https?://127\.0\.0\.1:\d+/fdp/[^>\s]*)>}g }
        page("http://127.0.0.1:$port/datasets?q=genomes", undef, $who);
    }
}
ok($n_page > 150 && $status{200} > 100 && !$status{none}, "$n_page pages were read, with status " . join(', ', map { "$_: $status{$_}" } sort keys %status));
ok($pages =~ $_->[1], "they hold $_->[0]") for [ 'frequencies' => qr/"alleleCount"/ ], [ 'numbers of people' => qr/"numTotalResults":\s?[1-9]\d/ ], [ 'data sets' => qr/GDI-FI-INST-1/ ], [ 'interpretations' => qr/Lab FI/ ];

# ---- the matchmaker, as another service asks hub and node ----
my $mme = encode_json({ patient => { id => 'mine', contact => { name => 'me', href => 'mailto:me@example.org' }, features => [ map { { id => "HP:000125$_" } } 0, 1, 2, 8 ], genomicFeatures => [ map { { gene => { id => $_ } } } 'SKI', 'NOCONSENT' ] } });
my $type = 'application/vnd.ga4gh.matchmaker.v1.1+json';
for ([ hub => 'https://127.0.0.1:' . (slurp("$at/hub.port") + 0) ], [ FI => "http://127.0.0.1:$fi" ]) {
    my ($home, $url) = @$_;
    my $token = out("$sund peer add --home $at/$home decipher") =~ s/\s//gr;
    spew("$tmp/mme", $mme);
    my $t = '';
    for (1 .. 50) { $t = `curl -sk -i -H 'X-Auth-Token: $token' -H 'Content-Type: $type' --data-binary \@$tmp/mme $url/match`; last if $t =~ /^HTTP\S+ 200/; select undef, undef, undef, 0.1 }
    ok($t =~ /"SKI"/ && $t =~ /Clinic/, "$home shows cases with consent", "# $t\n");
    $pages .= $t;
}

# ---- what researchers and auditors get ----
my $said = '';
my $get = sub { $said .= `$sund $_[0] 2>&1`; return };
run("$sund apply make --title Counts --purpose GRU --analyses counts --until 2099-12-31 --person 'Anna,University' $tmp/app.ini FI SE");
my ($app) = out("$sund apply submit --home $at/anna $tmp/app.ini") =~ /([0-9a-f]{64})/;
for (1 .. 100) { last if `$sund apply status --home $at/FI` =~ /waits/; select undef, undef, undef, 0.1 }
$get->("apply approve --home $at/FI --reason fine $app");
spew("$tmp/query", encode_json(decode_json($mme)->{patient}));
$get->($_) for "apply status --home $at/anna", "apply show --home $at/FI $app", "lookup --home $at/anna 20-100-A-G 20-200-A-G", "count --home $at/anna 'has ICD10:E10'", "count --json --home $at/anna 'y > 50000'", "count --home $at/anna 'has HP:0001257'",
    "count --json --home $at/anna --carrying 20-300-A-G 'has ICD10:E10'", "match --home $at/anna --federation $tmp/query", "dataset find --home $at/anna genomes", "interpret discordant --federation --home $at/FI";
ok($said =~ /counted/ && $said =~ /SKI/ && $said =~ /approved/ && $said =~ /GDI-SE-INST-1/, 'the commands answer', "# $said\n");
stop("$f->{name}/$_") for qw(DK FI SE hub);
run("$sund people --home $at/FI --withdraw " . spew("$tmp/gone", "$id[100]\n"));
for my $home (qw(hub FI SE)) {
    run("$sund log export --home $at/$home $tmp/$home.sundlog");
    $said .= slurp("$tmp/$home.sundlog") . out("$sund log show --public --home $at/$home") . out("$sund log show --public --json $tmp/$home.sundlog");
}

# ---- none of it is anywhere ----
ok(finder_finds(\&draw), 'the finder finds');
my @needle = map { dresses($_) } @id, @canary;
stop_all();
for my $what ([ 'pages', \$pages ], [ 'what commands and logs say', \$said ], [ 'all that went to the hub', \slurp("$at/tap.up") ], [ 'all that came from it', \slurp("$at/tap.down") ], map { [ "kept by the hub in $_", \slurp("$at/hub/$_") ] } 'state.db', 'state.db-wal') {
    my $hit = seen($what->[1], @needle);
    ok(length ${ $what->[1] } && !defined $hit, "no canary in $what->[0]: " . length(${ $what->[1] }) . ' bytes', '# found ' . ($hit // '') . "\n") if length ${ $what->[1] };
}
my $logs = join '', map { slurp("$at/$_.log") } qw(hub DK FI SE);
ok(!defined seen(\$logs, @needle), 'nor in what they log');
ok(defined seen(\$pages, map { dresses($_) } @open), 'of open data a variant of one person is shown: what is looked for would be found');
done();
