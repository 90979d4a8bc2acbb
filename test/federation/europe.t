#!/usr/bin/perl
# Five countries as processes over TLS on 503 real genomes, data declared open: frequencies are the published ones, the linear table is the
# pooled one byte for byte - on other processors' paths, other thread numbers, after kills of a node, of the hub and of a local run.
use strict;
use warnings;
use lib 'test';
use Sund;
use Time::HiRes qw(sleep time);

my @vcf     = map { shared("1kg-eur-chr20/$_.vcf.gz") } qw(reference unphased);
my $samples = shared('1kg-eur-chr20/samples.tsv');
my @person  = @{ tsv($samples) };

# A simulated trait with real covariates' shapes; the same numbers in every run.
my $s = 17;
sub draw { $s = ($s * 1103515245 + 12345) % 2147483648; return $s / 2147483648 }
for my $p (@person) { $p->{age} = 20 + int(60 * draw()); $p->{y} = sprintf '%.3f', 10 * (draw() + draw() + draw() - 1.5) + 0.1 * $p->{age} }
spew("$tmp/dict.tsv", "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t0\t120\t0\t\ny\treal\t1\t-100\t100\t3\t\n");
sub people { my ($file, $want) = @_; return spew($file, "person\tsex\tcountry\tconsent\tage\ty\n" . join '', map { join("\t", $_->{person}, $_->{sex}, $_->{country}, 'GRU', $_->{age}, $_->{y}) . "\n" } grep { !$want || $_->{country} eq $want } @person) }

my %env = (ES => { SUND_CPU => 'portable' }, FI => { SUND_CPU => 'avx2', OPENBLAS_CORETYPE => 'Prescott' }, GB => { SUND_CPU => 'avx512' },
    IT => { GLIBC_TUNABLES => 'glibc.cpu.hwcaps=-AVX2_Usable,-FMA_Usable,-AVX512F,-AVX2,-FMA', SUND_CPU => 'portable' }, US => { OPENBLAS_CORETYPE => 'SkylakeX' });
my %node = map { $_ => { import => "--samples $samples --keep country=$_ --assembly GRCh37 @vcf", people => people("$tmp/$_.tsv", $_), dictionary => "$tmp/dict.tsv", env => $env{$_} } } keys %env;
my $f = federation('eu', %node);
home("$tmp/pooled", import => "--samples $samples --assembly GRCh37 @vcf", people => people("$tmp/all.tsv"), dictionary => "$tmp/dict.tsv");
my $digest = catalogue("$tmp/chr20.catalogue", "--assembly GRCh37 --hub --home $f->{at}/anna $vcf[0]");

# ---- frequencies ----
my %all = (catalogue => $digest, nodes => 'ES, FI, GB, IT, US');
my $name = submit($f, study_file("$tmp/counts.ini", %all, analysis => 'counts', strata => 'country'));
ok(wait_for($f, $name, qr/released/), 'a counts study over five countries is released');
my $got = fetch($f, $name);
my %row = map { ("$_->{chrom}-$_->{pos}-$_->{ref}-$_->{alt}" => $_) } @{ tsv("$got/table.tsv") };
my ($n, $near, $exact) = (0, 0, 0);
my %ac;
for my $vcf (@vcf) {
    for (split /\n/, out("bcftools +fill-tags $vcf -Ou -- -t AC,AN | bcftools query -f '%CHROM-%POS-%REF-%ALT\\t%INFO/AC\\n'")) { my ($v, $c) = split /\t/; $ac{$v} += $c }
}
my %published;
for (split /\n/, out("bcftools query -f '%CHROM-%POS-%REF-%ALT\\t%INFO/AF\\n' $vcf[0]")) {
    my ($v, $af) = split /\t/;
    $published{$v} = $af;
    my $r = $row{$v} // next;
    $n++;
    $near++  if abs($r->{af} - $af) <= 6e-6;
    $exact++ if $r->{ac} == $ac{$v} && $r->{an} == 1006;
}
is("$n $near", '24990 24990', 'frequencies equal INFO/AF within 6e-6 at 24,990 of 24,990 variants');
is($exact, 24990, 'allele counts equal bcftools over both files exactly');

# ---- lookups ----
my $hits = 0;
my @asked = (sort keys %published)[map { $_ * 1201 } 0 .. 19];
for my $v (@asked) {
    my $json = out("$sund lookup --json --home $f->{at}/anna '$v'");
    my ($total) = $json =~ /"total":\s*\{\s*"ac":\s*(\d+),\s*"an":\s*(\d+)/ ? "$1/$2" : "?";
    my $sum = 0; $sum += $1 while $json =~ /"status":\s*"counted",\s*"ac":\s*(\d+)/g;
    $hits++ if $total eq "$ac{$v}/1006" && $sum == $ac{$v};
}
is($hits, scalar @asked, 'lookups over all countries add up to the exact counts');
fails("$sund lookup --home $f->{at}/anna 20-xyz-A-T", 'a malformed variant is refused', qr/xyz/);

# ---- linear, byte by byte ----
my %linear = (%all, analysis => 'linear', outcome => 'y', covariates => 'age, sex');
my %want;
for my $mode (['mean', 'country'], ['drop', 'none']) {
    my ($missing, $strata) = @$mode;
    my $ini = study_file("$tmp/linear-$missing.ini", %linear, missing => $missing, strata => $strata);
    $name = submit($f, $ini);
    ok(wait_for($f, $name, qr/released/), "a linear study ($missing, strata $strata) is released");
    $want{$missing} = local_study("$tmp/pooled", "$tmp/chr20.catalogue", $ini, '--threads 1');
    my $to = fetch($f, $name);
    my $two = local_study("$tmp/pooled", "$tmp/chr20.catalogue", $ini, '--threads 2');
    my $rows = @{ tsv("$to/table.tsv") };
    ok($rows == 24990 && slurp("$to/table.tsv") eq slurp("$want{$missing}/table.tsv"), "$missing: five nodes on five processor paths give the pooled bytes ($rows rows)");
    ok(slurp("$two/table.tsv") eq slurp("$want{$missing}/table.tsv"), "$missing: two threads give the bytes of one");
    ok(slurp("$to/provenance.json") =~ /"transcript": "[0-9a-f]{64}"/, "$missing: provenance names the transcript");
}
for my $cpu (qw(portable avx2 avx512)) {
    local $ENV{SUND_CPU} = $cpu;
    local $ENV{GLIBC_TUNABLES} = $cpu eq 'portable' ? 'glibc.cpu.hwcaps=-AVX2_Usable,-FMA_Usable' : '';
    local $ENV{OPENBLAS_CORETYPE} = $cpu eq 'portable' ? 'Prescott' : 'Haswell';
    my $r = local_study("$tmp/pooled", "$tmp/chr20.catalogue", "$tmp/linear-mean.ini");
    ok(slurp("$r/table.tsv") eq slurp("$want{mean}/table.tsv"), "SUND_CPU=$cpu gives the same bytes");
}

# ---- kills ----
my $killed = 0;
for my $part (0.1, 0.3, 0.6, 0.9) {    # of the time that a whole run takes
    my $began = time;
    local_study("$tmp/pooled", "$tmp/chr20.catalogue", "$tmp/linear-mean.ini");
    my $whole = time - $began;
    my $pid = start('killed', "$tmp/killed.log", $sund, qw(study run --local --home), "$tmp/pooled", '--catalogue', "$tmp/chr20.catalogue", '--out', "$tmp/killed", "$tmp/linear-mean.ini");
    sleep $part * $whole;
    $killed++ if (stop('killed', 'KILL') & 127) == 9;
}
ok($killed >= 2, "kill -9 met $killed of four local runs on their way");
ok(!-e "$tmp/killed/table.tsv" || slurp("$tmp/killed/table.tsv") eq slurp("$want{mean}/table.tsv"), 'a local run killed on the way leaves no half table');
run("$sund study run --local --home $tmp/pooled --catalogue $tmp/chr20.catalogue --out $tmp/killed $tmp/linear-mean.ini");
ok(slurp("$tmp/killed/table.tsv") eq slurp("$want{mean}/table.tsv"), 'and its rerun gives the same bytes');

my $ini = study_file("$tmp/slow.ini", %linear, missing => 'mean', strata => 'country', chunk => 512, number => 2);
$name = submit($f, $ini);
ok(wait_for($f, $name, qr/computing/), 'a study in small chunks is under way');
stop('eu/GB', 'KILL');
my $paused = '';
for (1 .. 150) { sleep 0.1; $paused = status($f, $name); last if $paused =~ /paused/ }
ok($paused =~ /computing/ && $paused =~ /paused: GB has not been heard for \d+ s/, "with a node killed the study waits, and says for whom", "# $paused");
my $reads = out("$sund study status --home $f->{at}/ES $name");
ok($reads =~ /computing/, 'and a node says where it stands', "# $reads");
note('status with a node away: ' . join ' ', split ' ', $paused);
start_node($f, 'GB');
sleep 0.3;
stop('eu/hub', 'KILL');
sleep 0.3;
start_hub($f);
ok(wait_for($f, $name, qr/released/, 90), 'the node killed and the hub killed come back, and the study ends');
my $to = fetch($f, $name);
ok(slurp("$to/table.tsv") eq slurp("$want{mean}/table.tsv"), 'with the same bytes');

# ---- each log is a whole chain; the last check is that it can fail ----
run("$sund log verify --home $f->{at}/$_") for qw(hub ES FI GB IT US);
ok(1, 'the logs of hub and nodes are unaltered chains');
stop_all();
run("sqlite3 $f->{at}/ES/state.db \"UPDATE ledger SET text = replace(text, 'bytes', 'bits') WHERE i = (SELECT MAX(i) - 3 FROM ledger WHERE text LIKE '%bytes%')\"");
fails("$sund log verify --home $f->{at}/ES", 'an altered entry of the log is found', qr/entry/);
ok(slurp("$f->{at}/$_.log") !~ /HG0|NA[012]/, "the log of $_ names no person") for qw(hub ES FI GB IT US);
done();
