#!/usr/bin/perl
# Canaries: values planted in person-level data are in no byte that leaves, seen above TLS, in any usual dress; nor in what the hub keeps or
# anyone logs. The finder is shown to find: each dress by itself, names that do leave, and a node built to leak.
use strict;
use warnings;
use lib 'test';
use Sund;
use Canary;

my @vcf     = map { shared("1kg-eur-chr20/$_.vcf.gz") } qw(reference unphased);
my $samples = shared('1kg-eur-chr20/samples.tsv');
system('socat -V >/dev/null 2>&1') == 0 or skip_all('no socat');
my @person  = @{ tsv($samples) };
my @country = qw(ES FI GB IT US);
my ($s, $nth) = (5, 0);
sub draw { $s = ($s * 1103515245 + 12345) % 2147483648; return $s / 2147483648 }
for my $p (@person) { $p->{y} = sprintf '%.3f', 90000 * (draw() - 0.5); $p->{days} = sprintf '%.3f', 60000 * draw(); $p->{case} = draw() < 0.5 ? 'yes' : 'no'; $p->{arm} = draw() < 0.5 ? 'a' : 'b'; $p->{code} = 'NONE:0' }
my @marked = @person[3, 200, 450];
($_->{y}, $_->{days}) = map { sprintf '%.3f', 70000 + 1000 * $_ } draw(), draw() for @marked;
$_->{code} = 'CANARY:' . int(1e9 * draw()) for @marked;
spew("$tmp/dict.tsv", "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\ny\treal\t1\t-99999\t99999\t3\t\ndays\treal\td\t0\t99999\t3\t\ncase\tbinary\t\t\t\t\tno|yes\narm\tbinary\t\t\t\t\ta|b\n");
sub people { my ($file, $want) = @_; return spew($file, "person\tsex\tcountry\tconsent\ty\tdays\tcase\tarm\tcodes\n" . join '', map { join("\t", @$_{qw(person sex country)}, 'GRU', @$_{qw(y days case arm code)}) . "\n" } grep { $_->{country} eq $want } @person) }

ok(finder_finds(\&draw), 'the finder finds every dress - raw, hex, base64 in three phases, UTF-16, JSON escapes, integers, doubles, deflated - and nothing in noise');

# ---- a federation with a tap ----
my %node = map { $_ => { access => 'controlled', import => "--samples $samples --keep country=$_ --assembly GRCh37 @vcf", people => people("$tmp/$_.tsv", $_), dictionary => "$tmp/dict.tsv" } } @country;
my $f = federation('tapped', tap => 1, %node);
my $digest = catalogue("$tmp/chr20.catalogue", "--assembly GRCh37 --hub --home $f->{at}/anna $vcf[0]");
my %all = (catalogue => $digest, nodes => join(', ', @country));
run("$sund lookup --home $f->{at}/anna 20-1000226-A-T 20-1503297-T-C");
my %of_y = (%all, outcome => 'y', covariates => 'sex');
my %of_case = (%all, outcome => 'case', covariates => 'sex', region => '20:1-1200000');
sub published { my ($file, @row) = @_; spew("$tmp/$file", join '', map { "$_\n" } @row); my ($d) = out("$sund publish --hub --home $f->{at}/anna $tmp/$file") =~ /([0-9a-f]{64})/; return $d }
my $genes = published('genes.tsv', join("\t", qw(gene chrom start end)), map { join "\t", "GENE$_", 20, 1000000 + 20000 * $_, 1019999 + 20000 * $_ } 0 .. 4);
my @weighed = map { [split /\t/] } grep { ++$nth % 40 == 0 } split /\n/, out("bcftools view -H -v snps -q 0.1:minor $vcf[0] | cut -f 1,2,4,5");
my $score = published('score.txt', '#pgs_name=test', '#genome_build=GRCh37', join("\t", qw(chr_name chr_position effect_allele other_allele effect_weight)), map { join "\t", @$_[0, 1, 3, 2], sprintf '%.4f', draw() } @weighed);
# every analysis there is
my %study = (
    counts     => { %all, strata => 'country' },
    linear     => { %of_y, strata => 'country', title => 'a title that anyone may read' },
    drop       => { %of_y, analysis => 'linear', strata => 'none', missing => 'drop', region => '20:1-1200000' },
    meta       => { %of_y, region => '20:1-1200000' },
    logistic   => { %of_case, strata => 'none' },
    genes      => { %all, outcome => 'y', covariates => 'sex', strata => 'country', max_af => 0.05, genes => $genes },
    wgr        => { %of_y, region => '20:1-1050000', block => 8, ridge => 2, folds => 4, step1_min_maf => 0.3 },
    pca        => { %all, components => 1, block => 2, rounds => 4, r2 => 0.5, region => '20:1-1200000' },
    duplicates => { %all, snvs => 16, chromosomes => 1 },
    tables     => { nodes => $all{nodes}, rows => 'arm', columns => 'case', value => 'y' },
    survival   => { nodes => $all{nodes}, time => 'days', event => 'case', group => 'arm', covariates => 'sex' },
    score      => { nodes => $all{nodes}, scorefile => $score, assembly => 'GRCh37', outcome => 'y' },
);
$study{$_}{analysis} //= $_ for keys %study;
my %asked = map { $_->{analysis} => 1 } values %study;
my @offered = (split /^Analyses:$/m, out("$sund study check --help"))[1] =~ /^  ([a-z]+) +\S/mg;
is(join(' ', grep { !$asked{$_} } @offered), '', scalar(@offered) . ' analyses are offered, and each is asked');
for my $k (sort keys %study) { my $name = submit($f, study_file("$tmp/$k.ini", %{ $study{$k} })); my $s = wait_for($f, $name, qr/released|stopped|refused/) // ''; ok($s =~ /released/, "the $k study is released", "# $s"); fetch($f, $name) }
stop_all();

my $up = slurp("$f->{at}/tap.up");
my $down = slurp("$f->{at}/tap.down");
note(sprintf 'captured above TLS: %.1f MB to the hub, %.1f MB from it', length($up) / 1e6, length($down) / 1e6);
ok(length($up) > 3e6 && length($down) > 3e6, 'the capture holds the studies');
ok(defined seen(\$up, dresses('a title that anyone may read')), 'what may leave is seen in it: a title');
ok($up =~ /ES/ && $up =~ /POST/, 'and names of nodes');

my @ids = map { $_->{person} } @person;
my @value = map { ($_, s{\.}{}r) } map { ($_->{y}, $_->{days}) } @marked;
my @needle = (map({ dresses($_) } @ids, @value, map({ $_->{code} } @marked)), map { (numbers($_->{y}), numbers($_->{days})) } @marked);
# genotypes and people as they are kept: windows of the files themselves
for my $c (@country) {
    for my $file ("$f->{at}/$c/store/genotypes.bin", "$f->{at}/$c/store/people.bin", "$f->{at}/$c/people.db") {
        my $bytes = slurp($file);
        push @needle, windows($bytes, 60, \&draw);
    }
}
note(scalar(@needle) . ' needles: persons, values, codes, windows of the stores');
for my $what (['to the hub', \$up], ['from the hub', \$down], map({ ["kept by the hub in $_", \slurp("$f->{at}/hub/$_")] } 'state.db', 'state.db-wal'), map { ["logged by $_", \slurp("$f->{at}/$_.log")] } 'hub', @country) {
    my $hit = seen($what->[1], @needle);
    ok(!defined $hit, "no canary in what is $what->[0]", '# found ' . unpack('H*', $hit // '') . "\n");
}
my $copies = 0;
for my $c (@country) { my $t = slurp("$f->{at}/$c/state.db") . slurp("$f->{at}/$c/state.db-wal"); $copies++ if defined seen(\$t, map { dresses($_) } @ids) }
is($copies, 0, 'nor in the transcripts and ledgers of the nodes');

# ---- a node built to leak is caught ----
my $src = slurp('src/study/party_say.c');
$src =~ s/    l->approved = true;\n/    l->approved = true;\n    (void) snprintf(l->reason, sizeof l->reason, "%s", sund_store_describe(p->node->store)->person[0]);\n/ or die 'the line to alter is gone';
spew("$tmp/party_say.c", $src);
my $build = 'build/release';
run("gcc -std=gnu11 -D_GNU_SOURCE -ffp-contract=off -Isrc -O1 -c -o $tmp/party_say.o $tmp/party_say.c");
my $commands = join ' ', grep { !m{/front\.o$} } glob "$build/src/cmd/*.o";
run("gcc -o $tmp/leaky-sund $commands $tmp/party_say.o $build/libsund.a \$(make -s --no-print-directory --eval='libs: ; \@echo \$(LIBS)' libs)");
$node{FI}{program} = "$tmp/leaky-sund";
$f = federation('leaky', tap => 1, %node);
catalogue("$tmp/again.catalogue", "--assembly GRCh37 --hub --home $f->{at}/anna $vcf[0]");
my $name = submit($f, study_file("$tmp/leaky.ini", %{ $study{drop} }));
ok(wait_for($f, $name, qr/released/), 'a federation with a node that leaks one name');
stop_all();
$up = slurp("$f->{at}/tap.up");
ok(defined seen(\$up, map { dresses($_) } @ids), 'is caught by the same search');
done();
