#!/usr/bin/perl
# The command line as a person meets it: help, mistakes with their remedy, a home made by hand, damage that is named.
use strict;
use warnings;
use lib 'test';
use Sund;
use JSON::PP;

# ---- help ----
my $help = out("$sund help");
my @command = $help =~ /^  ([a-z]+(?: [a-z]+)?)  +\S/mg;
ok(@command >= 18, scalar(@command) . ' commands in the help');
for my $c (@command) {
    my $h = out("$sund $c --help");
    ok($h =~ /^usage: sund $c/ && $h =~ /^Examples:\n  sund /m, "sund $c --help: usage and an example");
    my %shown = map { $_ => 1 } $h =~ /^  --([a-z-]+)/mg;
    fails("$sund $c --no-such-option x", "sund $c refuses an option it does not have", qr/no-such-option/, qr/sund $c --help/);
}
is(out("$sund --version"), "sund 0.1.0\n", 'version');
fails("$sund imprt", 'a mistyped command names the nearest', qr/did you mean .*import/);
fails("$sund stdy submit x", 'a mistyped group of commands too', qr/did you mean 'study'/);
fails("$sund study submitt x", 'of two words too', qr/study submit/);
ok(out("$sund log --help") !~ /login/ && out("$sund log --help") =~ /log export/, 'a group lists its own commands alone');
fails("$sund $_ >/dev/full", "no room for what '$_' prints", qr/cannot write the output/) for 'help', '--version', 'study check --help';
fails("$sund init --role hub --id hub --port 0 $tmp/port0", 'a port that is none', qr/--port is from 1 to 65535/);
fails("$sund $_ $tmp/nothing", "'$_' of what is no store", qr/nothing is (?:no store|neither a store)/, qr/'sund import' makes/) for qw(info verify kinship freq);
fails("$sund import --stor x --samples y z.vcf", 'a mistyped option names the nearest', qr/--store/);
fails("$sund import --store", 'an option without its value', qr/--store/);
fails("$sund", 'no command at all', qr/usage: sund/);
fails("$sund roster frob", 'a command of several forms shows them whole', qr/make --name NAME OUT MEMBER\.ini\.\.\., .*sign \[--home FOLDER\] ROSTER, install \[--home FOLDER\] ROSTER, .*; see/);

# ---- a home by hand ----
my $head = join '', map { "$_\n" } '##fileformat=VCFv4.2', '##contig=<ID=20,length=63025520>', '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">';
my @id = map { sprintf 'P%03d', $_ } 1 .. 40;
my $n = 0;
my $body = join '', map { my $p = $_ * 100; join("\t", 20, $p, '.', 'A', 'G', '.', '.', '.', 'GT', map { $n = ($n * 7 + 3) % 101; ($n % 3 == 0 ? '0/1' : $n % 7 == 0 ? '1/1' : '0/0') } @id) . "\n" } 1 .. 50;
spew("$tmp/a.vcf", $head . join("\t", '#CHROM', qw(POS ID REF ALT QUAL FILTER INFO FORMAT), @id) . "\n$body");
spew("$tmp/samples.tsv", "person\tsex\tpopulation\n" . join '', map { "$_\tF\tX\n" } @id);
run("$sund init --id FI --access open $tmp/fi");
fails("$sund init --id FI $tmp/fi", 'init does not touch a home that is there', qr/\Q$tmp\E\/fi/);
fails("$sund init --id 'F I' $tmp/other", 'a name with a space', qr/letters/);
fails("$sund init --id FI " . spew("$tmp/afile", ''), 'a file in the place of a home', qr/afile is a file/);
is(sprintf('%o', (stat "$tmp/fi/identity.ini")[2] & 0777), '600', 'the key is its owner\'s alone');
run("$sund import --store $tmp/fi/store --samples $tmp/samples.tsv $tmp/a.vcf --assembly GRCh37");
fails("$sund import --store $tmp/fi/store --samples $tmp/samples.tsv $tmp/a.vcf --assembly GRCh37", 'a store is never written over', qr/store/);

# ---- keys and files of Crypt4GH ----
my $pair = out("$sund key make --c4gh $tmp/c4gh.sec");
my ($secret) = slurp("$tmp/c4gh.sec") =~ /^-----BEGIN CRYPT4GH PRIVATE KEY-----\n(\S+)\n-----END CRYPT4GH PRIVATE KEY-----\n$/;
is(sprintf('%o', (stat "$tmp/c4gh.sec")[2] & 0777), '600', 'the secret key is its owner\'s alone');
ok($secret && index($pair, $secret) < 0 && index($pair, slurp("$tmp/c4gh.sec.pub")) > 0, 'the public key is printed, the secret one is not');
fails("$sund key make --c4gh $tmp/c4gh.sec", 'a pair is never written over', qr/is there already/);
spew("$tmp/a.vcf.c4gh", "crypt4gh\1\0\0\0\1\0\0\0\x6c\0\0\0" . "\0" x 104);
my $import = "$sund import --store $tmp/c4gh-store --samples $tmp/samples.tsv --assembly GRCh37";
fails("$import $tmp/a.vcf.c4gh", 'an encrypted file without the key', qr/a\.vcf\.c4gh is encrypted/, qr/--c4gh-key/);
fails("$import --c4gh-key $tmp/c4gh.sec $tmp/a.vcf.c4gh", 'one that is for somebody else', qr/a\.vcf\.c4gh: not encrypted for this key/);
fails("$import --c4gh-key $tmp/c4gh.sec $tmp/a.vcf", 'a key where nothing is encrypted', qr/leave --c4gh-key out/);
fails("$import --c4gh-key $tmp/c4gh.sec.pub $tmp/a.vcf.c4gh", 'a public key in the place of the secret one', qr/c4gh\.sec\.pub/);
my $info = decode_json(out("$sund info --json $tmp/fi/store"));
is("$info->{people} $info->{sites} $info->{assembly}", '40 50 GRCh37', 'info --json of a store');
spew("$tmp/people.tsv", "person\tsex\tcountry\tconsent\theight\n" . join '', map { "$_\tF\tFI\tGRU\t" . (150 + $n++ % 40) . ".5\n" } @id);
spew("$tmp/dict.tsv", "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nheight\treal\tcm\t50\t250\t1\t\n");
ok(out("$sund people --home $tmp/fi --dictionary $tmp/dict.tsv") =~ /dict\.tsv: sound, 1 variables/, 'a dictionary alone is checked');
fails("$sund people --home $tmp/fi --dictionary " . spew("$tmp/dict2.tsv", slurp("$tmp/dict.tsv") =~ s/real/rael/r), 'and its faults are named', qr/dict2\.tsv:2/);
spew("$tmp/dict2.tsv", slurp("$tmp/dict.tsv") =~ s/\tcm\t/\tm\t/r);
run("$sund people --home $tmp/fi --dictionary $tmp/dict2.tsv");
run("$sund people --home $tmp/fi --dictionary $tmp/dict.tsv $tmp/people.tsv");
my $home = decode_json(out("$sund info --json $tmp/fi"));
is("$home->{role} $home->{id} $home->{access} $home->{approval} $home->{genotypes}{people} $home->{persons}{people} $home->{persons}{countries}{FI}", 'node FI open ask 40 40 40', 'info --json of a home: role, genotypes, persons');
run("$sund init --role researcher --id anna $tmp/anna");
is(decode_json(out("$sund info --json $tmp/anna"))->{role}, 'researcher', 'and of one without data');
ok(out("$sund info $tmp/anna") =~ /^role +researcher$/m && out("$sund info $tmp/fi") =~ /^persons .*"FI":\s*40/m, 'and for people');
is(decode_json(out("$sund verify --json $tmp/fi/store"))->{sound}, 1, 'verify --json');
fails("$sund people --home $tmp/fi " . spew("$tmp/bad.tsv", "person\tconsent\theight\nP001\tGRU\ttall\n"), 'a value that is none names file, line and column', qr/bad\.tsv:2/, qr/height/);
ok(`$sund people --home $tmp/fi $tmp/bad.tsv 2>&1` !~ /P001|tall/, 'and repeats neither person nor value');
fails("$sund people --home $tmp/fi " . spew("$tmp/dup.tsv", "person\tconsent\nP003\tGRU\nP004\tGRU\nP003\tGRU\n"), 'a person twice: both lines', qr/dup\.tsv:4.*line 2/);
fails("$sund people --home $tmp/fi " . spew("$tmp/utf.tsv", "person\tconsent\nP003\tGRU\nP\xff4\tGRU\n"), 'a line that is not UTF-8', qr/utf\.tsv:3:.*UTF-8/);
fails("$sund people --home $tmp/fi " . spew("$tmp/land.tsv", "person\tconsent\tcountry\nP003\tGRU\tES\nP004\tGRU\tSpain\n"), 'a country by its name beside one by its letters', qr/land\.tsv:3: column country.*two capital letters.*ES, not Spain/);
fails("$sund people count --home $tmp/fi 'country = Spain'", 'nor is one asked for so', qr/country Spain.*two capital letters/);
fails("$sund people --home $tmp/anna $tmp/people.tsv", 'a researcher has no persons', qr/not the home of a node/);
fails("$sund people import --home $tmp/anna --format tsv $tmp/people.tsv", 'nor by import', qr/not the home of a node/);
fails("$sund people count --home $tmp/anna all", 'nor to count', qr/not the home of a node/);
ok(!-e "$tmp/anna/people.db", 'and is given no database of them');
fails("$sund dataset find --home $tmp/anna " . 'x' x 1000, 'more words than are sought', qr/more than 999 bytes/);
fails("$sund people import --home $tmp/fi --format $_ --id document $tmp/people.tsv", "--id document is not for $_", qr/--id document is for phenopacket and omop/) for qw(bff tsv);

# ---- ontologies ----
spew("$tmp/xy.obo", "format-version: 1.4\ndata-version: 7\nontology: xy\n[Term]\nid: XY:1\nname: All\n[Term]\nid: XY:2\nname: Two\nalt_id: XY:20\nis_a: XY:1\n");
ok(out("$sund ontology list --home $tmp/fi") =~ /^none: 'sund ontology load FILE'/, 'no ontology is loaded');
ok(out("$sund ontology load --check --home $tmp/fi $tmp/xy.obo") =~ /^XY 7: 2 terms/ && out("$sund ontology list --home $tmp/fi") =~ /^none/, 'one is checked, and not kept');
run("$sund ontology load --home $tmp/fi $tmp/xy.obo");
ok(out("$sund ontology list --home $tmp/fi") =~ /^XY 7: 2 terms .*; loaded 20\d\d-/, 'it is loaded');
is(out("$sund ontology show --home $tmp/fi XY:20"), "XY:2 Two\nversion     7\nalternate   XY:20\nparent      XY:1 All\nabove       1\nbelow       0\n", 'a term by its alternate id');
fails("$sund ontology show --home $tmp/fi XY:3", 'a term that is not there', qr/XY 7 has no term XY:3/);
fails("$sund ontology show --home $tmp/fi ZZ:3", 'a prefix that is not there', qr/no ontology with the prefix of ZZ:3/);
fails("$sund ontology show --home $tmp/fi seizure", 'what is no id', qr/'seizure' is no id/);
run("$sund ontology drop --home $tmp/fi XY");
fails("$sund ontology drop --home $tmp/fi XY", 'nor dropped twice', qr/no ontology XY is loaded/);

fails("$sund people --home $tmp/fi --withdraw " . spew("$tmp/gone.txt", "P001\n\nQ001\n"), 'who is not known cannot withdraw: the line', qr/gone\.txt:3/);
run("$sund init --id NO $tmp/no");
run("cp -r $tmp/fi/store $tmp/no/store");
my $fit = out("$sund people --home $tmp/no " . spew("$tmp/fit.tsv", "person\tsex\tconsent\n" . join '', map { "$_\t" . ($_ eq 'P007' ? 'M' : 'F') . "\tGRU\n" } @id[ 0 .. 29 ], 'Z1', 'Z2'));
ok($fit =~ /2 of all 32 persons have no genotypes/ && $fit =~ /10 people of \S+store are not among the persons/ && $fit =~ /1 persons have another sex/, 'people says how persons and genotypes fit together', "# $fit");
ok($fit !~ /P007|Z1/, 'and names nobody');
spew("$tmp/gone.txt", "P001\nP002\n");
run("$sund people --home $tmp/fi --withdraw $tmp/gone.txt");

# ---- a hub ----
for my $case (['hub.example.org', undef, '0.0.0.0', 'https://hub.example.org:8750'], ['192.0.2.7', undef, '192.0.2.7', 'https://192.0.2.7:8750'], ['hub', '127.0.0.1', '127.0.0.1', 'https://hub:8750'], ['::1', undef, '::1', 'https://[::1]:8750']) {
    my ($host, $listen, $want, $url) = @$case;
    my $at = "$tmp/hub-" . $host =~ tr/:/_/r;
    run("$sund init --role hub --id hub --host '$host' " . ($listen ? "--listen $listen " : '') . $at);
    is((slurp("$at/sund.ini") =~ /^listen = (.*)$/m)[0] . ' ' . (slurp("$at/member.ini") =~ /^url = (.*)$/m)[0], "$want $url", "init --host $host: what the hub listens on, and what members dial");
}
fails("$sund init --role hub --id hub --host '$_' $tmp/nohub", "init --host '$_' is no host", qr/--host/) for 'bad host', 'a..b', '-x.org', '300.1.1.1', 'x/y', '';
fails("$sund init --role hub --id hub --listen hub.example.org $tmp/nohub", 'a name is no address to listen on', qr/--listen/);
ok(!-e "$tmp/nohub", 'and nothing is left behind');
fails("$sund init --id XX --port 1 $tmp/xx", 'a node has no port', qr/--port/);
fails("$sund init --role researcher --id xx --access open $tmp/xx", 'a researcher no access level', qr/--access/);

# ---- studies ----
my $digest = catalogue("$tmp/a.catalogue", "--assembly GRCh37 $tmp/a.vcf");
fails("$sund catalogue --assembly GRCh37 --out $tmp/a.vcf $tmp/a.vcf", 'a catalogue writes over nothing', qr/a\.vcf exists already.*another name/);
fails("$sund publish --home $tmp/fi " . spew("$tmp/empty.tsv", ''), 'a file with nothing in it is not published', qr/empty\.tsv is empty/);
fails("$sund catalogue --assembly GRCh38 --out $tmp/38.catalogue $tmp/a.vcf", 'a catalogue of another assembly than its file', qr/a\.vcf.*GRCh37, not of GRCh38/);
spew("$tmp/sv.vcf", slurp("$tmp/a.vcf") . join("\t", 20, 6000, '.', 'A', '<DEL>', '.', '.', '.', 'GT', ('0/0') x 40) . "\n" . join("\t", 'chrUn', 6, '.', 'A', 'C', '.', '.', '.', 'GT', ('0/0') x 40) . "\n");
my $left = out("$sund catalogue --assembly GRCh37 --out $tmp/sv.catalogue $tmp/sv.vcf");
ok($left =~ /^1 symbolic alleles/m && $left =~ /^1 records left out/m && slurp("$tmp/sv.catalogue") eq slurp("$tmp/a.catalogue"), 'a catalogue says what it leaves out');
my %study = (analysis => 'linear', outcome => 'height', catalogue => $digest, nodes => 'FI', strata => 'none');
my $good = study_file("$tmp/good.ini", %study);
ok(out("$sund study check $good") =~ /sound/, 'a sound study file');
ok(out("$sund study check " . study_file("$tmp/one.ini", %study, chunk => 1)) =~ /chunk +1: enough for 65536 variants, more are refused/, 'a small chunk: for how many variants it is enough');
spew("$tmp/many.vcf", $head . join("\t", '#CHROM', qw(POS ID REF ALT QUAL FILTER INFO)) . "\n" . join '', map { "20\t$_\t.\tA\tG\t.\t.\t.\n" } 1 .. 65537);
my $many = catalogue("$tmp/many.catalogue", "--assembly GRCh37 $tmp/many.vcf");
fails("$sund study run --local --home $tmp/fi --catalogue $tmp/many.catalogue " . study_file("$tmp/flood.ini", analysis => 'counts', catalogue => $many, nodes => 'FI', strata => 'none', chunk => 1), 'more chunks than a round may have', qr/65537 chunks.*at most 65536.*make chunk larger/);
my $said = decode_json(out("$sund study check --json $good"));
is("@$said{qw(analysis strata missing)} @{ $said->{outcomes} } @{ $said->{nodes} } " . ($said->{catalogue} eq $digest), 'linear none mean height FI 1', 'study check --json');
is($said->{study}, (split ' ', out("b2sum -l 256 $good"))[0], 'a study is named by the BLAKE2b-256 of its bytes, as coreutils has it');
my $to = local_study("$tmp/fi", "$tmp/a.catalogue", $good);
my $rows = tsv("$to/table.tsv");
ok(@$rows && $rows->[0]{n} == 38, 'withdrawn people are gone from every answer: 38 of 40');
my $made = decode_json(slurp("$to/provenance.json"));
is("$made->{analysis} @{$made->{outcomes}} $made->{assembly} $made->{catalogue} $made->{missing} $made->{strata_by}", "linear height GRCh37 $digest mean none", 'provenance is JSON, and says what was asked');
is(join(' ', sort keys %{ $made->{thresholds} }), 'digits open parties', 'of open data only the thresholds that applied');
is($made->{variants} - $made->{rows}, $made->{rows_withheld_by_eligible} + $made->{rows_withheld_by_mac}, 'every variant that has no row is accounted for');
is(slurp("$to/study.ini"), slurp($good), 'the study\'s text lies beside its table');
is(decode_json(slurp(local_study("$tmp/fi", "$tmp/a.catalogue", $good) . '/provenance.json'))->{data_release}, $made->{data_release}, 'the same data have the same name');
run("$sund people --home $tmp/fi --withdraw " . spew("$tmp/one.txt", "P040\n"));
isnt(decode_json(slurp(local_study("$tmp/fi", "$tmp/a.catalogue", $good) . '/provenance.json'))->{data_release}, $made->{data_release}, 'and another one when somebody has withdrawn');
my $plain = decode_json(slurp(local_study("$tmp/fi", "$tmp/a.catalogue", study_file("$tmp/plain.ini", analysis => 'counts', catalogue => $digest, nodes => 'FI', strata => 'none', region => '20:1-2000')) . '/provenance.json'));
ok(!exists $plain->{missing} && !exists $plain->{outcomes} && $plain->{region} eq '20:1-2000', 'a counts study has a region, and no missing = mean');
my $local = "$sund study run --local --home $tmp/fi --catalogue $tmp/a.catalogue --out";
fails("$local $to $tmp/plain.ini", 'nor does a study over the result of another', qr/holds the result of another study/);
mkdir "$tmp/mine";
spew("$tmp/mine/report.html", 'mine');
fails("$local $tmp/mine $good", 'or what is of none', qr/mine\/report\.html exists already.*another folder/);
run("$local $to $good");
ok(out("$sund study run --local --home $tmp/fi --catalogue $tmp/a.catalogue $good") =~ /^chrom\tpos\tref\talt\tn\t/, 'without --out the table is printed');
for (['analysis = linar', qr/linear/], ['strata = continent', qr/strata/], ['cohort = age >', qr/column \d+|cohort/], ['catalogue = 12', qr/catalogue/], ['frobnicate = 1', qr/frobnicate/], ['chunk = 0', qr/chunk/], ['purpose = world-peace', qr/health-research/], ['region = 99:1-2', qr/99|region/]) {
    my ($line, $like) = @$_;
    my ($key) = $line =~ /^(\w+)/;
    fails("$sund study check " . study_file("$tmp/bad.ini", %study, $key => $line =~ s/^\w+ = //r), "study file: $line", qr/bad\.ini/, $like);
}
for my $r (qw(DE IT)) { run("$sund init --id $r $tmp/$r") }
run("$sund init --role hub --id hub $tmp/hub");
spew("$tmp/hub/sund.ini", slurp("$tmp/hub/sund.ini") =~ s/^listen = .*/listen = hub.example.org/mr);
run("$sund roster make --name three $tmp/roster.ini " . join ' ', map { "$tmp/$_/member.ini" } qw(hub fi DE IT anna));
run("$sund roster sign --home $tmp/$_ $tmp/roster.ini") for qw(fi DE IT);
fails("$sund roster make --name three $tmp/roster.ini $tmp/hub/member.ini $tmp/fi/member.ini", 'signatures are not written over', qr/roster\.ini is there and has been signed/);
fails("$sund roster make --name three $tmp/DE/member.ini $tmp/hub/member.ini $tmp/fi/member.ini", 'nor another file than a roster', qr/member\.ini is there and does not begin with \[federation\]/);
run("$sund init --id SE $tmp/SE");
fails("$sund roster install --home $tmp/SE $tmp/roster.ini", 'a roster that does not name this home is not installed', qr/roster\.ini does not name node SE/);
run("$sund init --role researcher --id anna $tmp/anna2");
fails("$sund roster install --home $tmp/anna2 $tmp/roster.ini", 'nor one that names it with another key', qr/another key/);
run("$sund roster install --home $tmp/$_ $tmp/roster.ini") for qw(fi anna hub);
run("$ENV{SUND_ASAN} roster install --home $tmp/fi $tmp/roster.ini") if -x ($ENV{SUND_ASAN} // '');    # and loses no memory
fails("$sund hub --home $tmp/hub", 'a hub that cannot listen names the file and key', qr/hub\/sund\.ini: \[hub\] listen/, qr/hub\.example\.org/);
my %ask = (%study, nodes => 'FI, DE, IT');
ok(out("$sund study check " . study_file("$tmp/ask.ini", %ask)) =~ /not checked: .*--home/, 'study check says what it did not check');
fails("$sund study check " . spew("$tmp/bad.ini", slurp("$tmp/ask.ini") =~ s/\[study\]/[stdy]/r), 'a mistyped section', qr/bad\.ini:\d+: \[stdy\] is no section/);
fails("$sund study check " . spew("$tmp/bad.ini", slurp("$tmp/ask.ini") =~ s/^title.*/title =/mr), 'a title that is empty', qr/bad\.ini:\d+: title: give a value/);
ok(out("$sund study check " . spew("$tmp/two.ini", slurp("$tmp/ask.ini") =~ s/FI, DE, IT/FI, DE/r)) =~ /note +fewer than 3 nodes/ && out("$sund study check $tmp/ask.ini") !~ /note/, 'a study of two nodes needs an agreement, and check says so');
ok(out("$sund study check --home $tmp/fi $tmp/ask.ini") !~ /not checked/, 'with --home of a node there is nothing left');
ok(out("$sund study check --home $tmp/anna $tmp/ask.ini") =~ /not checked: whether the nodes have these variables/, 'a researcher\'s home knows the nodes');
fails("$sund study check --home $tmp/$_ " . study_file("$tmp/bad.ini", %ask, nodes => 'FI, DE, ITT'), "a node that is not in the federation ($_)", qr/bad\.ini/, qr/no node ITT/, qr/did you mean IT/) for qw(fi anna);
fails("$sund study submit --home $tmp/anna $tmp/bad.ini", 'nor is a study sent to it', qr/no node ITT/);
fails("$sund study check --home $tmp/fi " . study_file("$tmp/bad.ini", %ask, outcome => 'heigth'), 'a mistyped outcome', qr/bad\.ini/, qr/heigth.*did you mean 'height'/);
fails("$sund study check --home $tmp/fi " . study_file("$tmp/bad.ini", %ask, cohort => 'agee >= 18'), 'a mistyped variable of the cohort', qr/bad\.ini/, qr/agee/);
fails("$sund study check " . spew("$tmp/sec.ini", slurp($good) =~ s/^\[study\]/[studie]/r), 'another section than [study]', qr/\[study\]/);
fails("$sund study check $tmp/none.ini", 'a study file that is not there', qr/none\.ini/);
fails("$sund study run --local --home $tmp/fi --catalogue $tmp/a.catalogue " . study_file("$tmp/w.ini", %study, outcome => 'heigt'), 'a mistyped variable names the nearest', qr/height/);
fails("$sund study status --home $tmp/nowhere", 'a home that is not there', qr/nowhere/);
my $without = slurp("$tmp/fi/sund.ini");
spew("$tmp/fi/sund.ini", "$without\n[pages]\nport = 8080\ntls = yes\n");
start('pages', "$tmp/pages.log", $sund, 'node', '--home', "$tmp/fi");
for (1 .. 200) { last if slurp("$tmp/pages.log") =~ /without its pages/; select undef, undef, undef, 0.1 }
ok(slurp("$tmp/pages.log") =~ /without its pages: .*tls\.cert is not there: put .*tls\.key.*nginx/, 'pages over TLS without a certificate: what to put where', slurp("$tmp/pages.log"));
stop('pages');
spew("$tmp/fi/sund.ini", $without);
unlink "$tmp/fi/roster.ini";
fails("$sund node --home $tmp/fi", 'a node without a roster says what to do', qr/roster/);

# ---- damage ----
my $bin = "$tmp/fi/store/genotypes.bin";
my $bytes = slurp($bin);
my $at = int(length($bytes) / 2);
spew($bin, substr($bytes, 0, $at) . chr(ord(substr $bytes, $at, 1) ^ 16) . substr($bytes, $at + 1));
fails("$sund verify $tmp/fi/store", 'verify names file, block and sites of a flipped bit', qr/genotypes\.bin/, qr/block \d+/, qr/20:\d+-\d+/);
fails("$sund study run --local --home $tmp/fi --catalogue $tmp/a.catalogue $good", 'and so does a study that reads it', qr/genotypes\.bin/);
spew($bin, substr $bytes, 0, $at);
fails("$sund verify $tmp/fi/store", 'a store that was cut', qr/genotypes\.bin/);
spew($bin, $bytes);
ok(out("$sund verify $tmp/fi/store") =~ /sound|every|ok/i, 'whole again');
# ---- a man among women ----
my $xhead = $head . join("\t", '#CHROM', qw(POS ID REF ALT QUAL FILTER INFO FORMAT), @id[ 0 .. 2 ]) . "\n";
spew("$tmp/x.vcf", $xhead . join '', map { join("\t", 'X', $_, '.', 'A', 'G', '.', '.', '.', 'GT', '0/1', '1', '0/0') . "\n" } 5000001 .. 5000007);
spew("$tmp/x.tsv", "person\tsex\n" . join '', map { "$_\tF\n" } @id[ 0 .. 2 ]);
my $man = out("$sund import --store $tmp/sx --samples $tmp/x.tsv --assembly GRCh37 $tmp/x.vcf");
ok($man =~ /warning: 7 of the half calls are of X/ && $man !~ /P00/, 'a man who is listed as F: counts, and no name');
spew("$tmp/x.tsv", slurp("$tmp/x.tsv") =~ s/P002\tF/P002\tM/r);
ok(out("$sund import --store $tmp/sy --samples $tmp/x.tsv --assembly GRCh37 $tmp/x.vcf") !~ /half calls/, 'listed as M he is no half call');
# ---- imports that would leave nothing ----
my $with = "--samples $tmp/samples.tsv --assembly GRCh37";
fails("$sund import --store $tmp/s4 $with $_ $tmp/a.vcf", "$_ of a file without the field", qr/a\.vcf/, qr/no FORMAT field/) for '--min-gq 20', '--min-dp 5', '--min-ab 0.2';
fails("$sund import --store $tmp/s4 $with --callable " . spew("$tmp/empty.bed", '') . " $tmp/a.vcf", 'an empty file of callable regions', qr/empty\.bed/);
fails("$sund import --store $tmp/s4 $with " . spew("$tmp/q.vcf", slurp("$tmp/a.vcf") =~ s/^20\t/chrQ\t/gmr), 'a file of another contig alone', qr/no site is left/, qr/50 records/);
ok(!-e "$tmp/s4", 'and no store is left by any');
my @at = grep { /^20\t/ } split /^/, slurp("$tmp/a.vcf");
ok(out("$sund import --lenient --store $tmp/s5 $with " . spew("$tmp/back.vcf", join '', grep({ !/^20\t/ } split /^/, slurp("$tmp/a.vcf")), reverse @at)) =~ /warning: more than half of the records/, 'lenient says when most was left out');
spew("$tmp/x.cram", "CRAM\x03\x00" . ("\0" x 100));
fails("$sund import --store $tmp/s2 --samples $tmp/samples.tsv --assembly GRCh37 $tmp/x.cram", 'CRAM is refused by name', qr/CRAM/);
spew("$tmp/cut.vcf", substr slurp("$tmp/a.vcf"), 0, 3000);
fails("$sund import --store $tmp/s3 --samples $tmp/samples.tsv --assembly GRCh37 $tmp/cut.vcf", 'a file that was cut names file and line', qr/cut\.vcf:\d+/);
ok(!-e "$tmp/s2" && !-e "$tmp/s3", 'and no store is left');
run("$sund log verify --home $tmp/fi");
sub isnt { return ok($_[0] ne $_[1], $_[2]) }
like_digest(decode_json(out("$sund log verify --json --home $tmp/fi"))->{head});
sub like_digest { ok($_[0] =~ /^[0-9a-f]{64}$/, 'log verify --json names the head of the chain') }
# ---- a cluster's settings ----
run("$sund init --id CL --access open $tmp/cl");
my $ini = slurp("$tmp/cl/sund.ini");
for my $bad (['engine = slrum', qr/engine: 'local' or 'slurm'/], ['slurm_tasks = 0', qr/slurm_tasks: .*1 to 1000/], ['slurm_running = -1', qr/slurm_running/], ['slurm_items = many', qr/slurm_items/],
    ['slurm_options = --partition=$(id)', qr/--NAME=VALUE/], ['slurm_options = --wrap=id', qr/--wrap cannot be given/], ['slurm_options = --partitoin=x', qr/did you mean --partition/], ['slurm_option = --time=1', qr/slurm_options/]) {
    spew("$tmp/cl/sund.ini", $ini =~ s/^\[node\]\n\K/$bad->[0]\n/mr);
    fails("$sund log show --home $tmp/cl", "sund.ini: $bad->[0]", qr/sund\.ini/, $bad->[1]);
}
spew("$tmp/cl/sund.ini", $ini =~ s/^\[node\]\n\K/engine = slurm\nslurm_options = --partition=long --time=1-00:00:00\n/mr);
run("$sund log show --home $tmp/cl");
fails("$sund study run --local --engine condor --home $tmp/fi $good", 'an engine that is none', qr/--engine is 'local' or 'slurm'/);
fails("PATH=$tmp $sund study run --local --engine slurm --home $tmp/fi --catalogue $tmp/a.catalogue $good", 'a cluster without its commands', qr/sbatch/, qr/needs Slurm's commands/);
fails("$sund task --round 1 --tasks 2 --task 2 $tmp", 'a task that is none', qr/sund task --help/);
fails("$sund task --round 1 --tasks 2 --task 1 $tmp", 'a task without its folder', qr/brief/);

done();
