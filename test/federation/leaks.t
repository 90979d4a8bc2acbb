#!/usr/bin/perl
# Canaries: values planted in person-level data are in no byte that leaves, seen above TLS, in any usual dress; nor in what the hub keeps or
# anyone logs. The finder is shown to find: each dress by itself, names that do leave, and a node built to leak.
use strict;
use warnings;
use lib 'test';
use Sund;
use MIME::Base64 qw(encode_base64);
use Compress::Zlib ();

my @vcf     = map { shared("1kg-eur-chr20/$_.vcf.gz") } qw(reference unphased);
my $samples = shared('1kg-eur-chr20/samples.tsv');
system('socat -V >/dev/null 2>&1') == 0 or skip_all('no socat');
my @person  = @{ tsv($samples) };
my @country = qw(ES FI GB IT US);
my $s = 5;
sub draw { $s = ($s * 1103515245 + 12345) % 2147483648; return $s / 2147483648 }
for my $p (@person) { $p->{y} = sprintf '%.3f', 90000 * (draw() - 0.5); $p->{code} = 'NONE:0' }
my @marked = @person[3, 200, 450];
$_->{y} = sprintf '%.3f', 70000 + 1000 * draw() for @marked;
$_->{code} = 'CANARY:' . int(1e9 * draw()) for @marked;
spew("$tmp/dict.tsv", "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\ny\treal\t1\t-99999\t99999\t3\t\n");
sub people { my ($file, $want) = @_; return spew($file, "person\tsex\tcountry\tconsent\ty\tcodes\n" . join '', map { join("\t", @$_{qw(person sex country)}, 'GRU', @$_{qw(y code)}) . "\n" } grep { $_->{country} eq $want } @person) }

# ---- the finder ----
sub base64_of { my ($c) = @_; return map { my $b = encode_base64(('x' x $_) . $c, ''); $b =~ s/=+$//; my $skip = int(($_ * 8 + 5) / 6); substr $b, $skip, int((length($c) * 8 - 12) / 6) } 0 .. 2 }
sub dresses {
    my ($c) = @_;
    my $json = join '', map { sprintf '\\u%04x', ord } split //, $c;
    return ($c, unpack('H*', $c), uc unpack('H*', $c), join("\0", split //, $c), join('', map { "\0$_" } split //, $c), $json, base64_of($c));
}
sub numbers { my ($y) = @_; my $raw = int($y * 1000 + ($y < 0 ? -0.5 : 0.5)); return map { ($_, scalar reverse $_) } pack('q<', $raw), pack('q<', $raw * 2**32), pack('d<', $y), pack('d<', $raw) }
sub found { my ($hay, @needle) = @_; my $re = join '|', map { quotemeta } @needle; return $$hay =~ /($re)/ ? $1 : undef }
# raw, and every deflate stream that starts anywhere a zlib or gzip header stands
sub seen { my ($hay, @needle) = @_; my $hit = found($hay, @needle); return $hit if defined $hit; while ($$hay =~ /(\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda])/g) { my $at = pos($$hay) - length $1; my $part = substr $$hay, $at, 1 << 20; my $text = $1 =~ /^\x1f/ ? Compress::Zlib::memGunzip($part) : Compress::Zlib::uncompress($part); next if !defined $text; $hit = found(\$text, @needle); return $hit if defined $hit } return undef }

my $noise = join '', map { chr int(256 * draw()) } 1 .. 20000;
my $all = 1;
for my $d (dresses('HG00096'), numbers(71234.567)) { my $hay = $noise . $d . $noise; $all &&= defined seen(\$hay, dresses('HG00096'), numbers(71234.567)) }
for my $p ('', 'x', 'xx') { my $hay = $noise . encode_base64($p . 'HG00096 and more', '') . $noise; $all &&= defined seen(\$hay, dresses('HG00096')) }
for my $z (Compress::Zlib::compress("a person: HG00096\n" x 3), Compress::Zlib::memGzip("a person: HG00096\n")) { my $hay = $noise . $z . $noise; $all &&= defined seen(\$hay, dresses('HG00096')) }
ok($all, 'the finder finds every dress: raw, hex, base64 in three phases, UTF-16, JSON escapes, integers, doubles, deflated');
ok(!defined seen(\$noise, dresses('HG00096'), numbers(71234.567)), 'and finds nothing in noise');

# ---- a federation with a tap ----
my %node = map { $_ => { access => 'controlled', import => "--samples $samples --keep country=$_ --assembly GRCh37 @vcf", people => people("$tmp/$_.tsv", $_), dictionary => "$tmp/dict.tsv" } } @country;
my $f = federation('tapped', tap => 1, %node);
my $digest = catalogue("$tmp/chr20.catalogue", "--assembly GRCh37 --hub --home $f->{at}/anna $vcf[0]");
my %all = (catalogue => $digest, nodes => join(', ', @country));
run("$sund lookup --home $f->{at}/anna 20-1000226-A-T 20-1503297-T-C");
my %study = (counts => { %all, analysis => 'counts', strata => 'country' }, linear => { %all, analysis => 'linear', outcome => 'y', covariates => 'sex', strata => 'country', title => 'a title that anyone may read' },
    drop => { %all, analysis => 'linear', outcome => 'y', covariates => 'sex', strata => 'none', missing => 'drop', region => '20:1-1200000' });
for my $k (sort keys %study) { my $name = submit($f, study_file("$tmp/$k.ini", %{ $study{$k} })); ok(wait_for($f, $name, qr/released/), "the $k study is released"); fetch($f, $name) }
stop_all();

my $up = slurp("$f->{at}/tap.up");
my $down = slurp("$f->{at}/tap.down");
note(sprintf 'captured above TLS: %.1f MB to the hub, %.1f MB from it', length($up) / 1e6, length($down) / 1e6);
ok(length($up) > 3e6 && length($down) > 3e6, 'the capture holds the studies');
ok(defined seen(\$up, dresses('a title that anyone may read')), 'what may leave is seen in it: a title');
ok(defined found(\$up, 'ES') && defined found(\$up, 'POST'), 'and names of nodes');

my @ids = map { $_->{person} } @person;
my @value = map { ($_->{y}, $_->{y} =~ s/\.//r) } @marked;
my @needle = (map({ dresses($_) } @ids, @value, map({ $_->{code} } @marked)), map { numbers($_->{y}) } @marked);
# genotypes and people as they are kept: windows of the files themselves
for my $c (@country) {
    for my $file ("$f->{at}/$c/store/genotypes.bin", "$f->{at}/$c/store/people.bin", "$f->{at}/$c/people.db") {
        my $bytes = slurp($file);
        for (1 .. 60) { my $w = substr $bytes, int(draw() * (length($bytes) - 24)), 16; push @needle, $w if keys %{ { map { $_ => 1 } split //, $w } } > 8 && $w !~ /^[ -~]*$/ }
    }
}
note(scalar(@needle) . ' needles: persons, values, codes, windows of the stores');
for my $what (['to the hub', \$up], ['from the hub', \$down], map({ ["kept by the hub in $_", \slurp("$f->{at}/hub/$_")] } 'state.db', 'state.db-wal'), map { ["logged by $_", \slurp("$f->{at}/$_.log")] } 'hub', @country) {
    my $hit = seen($what->[1], @needle);
    ok(!defined $hit, "no canary in what is $what->[0]", '# found ' . unpack('H*', $hit // '') . "\n");
}
my $copies = 0;
for my $c (@country) { my $t = slurp("$f->{at}/$c/state.db") . slurp("$f->{at}/$c/state.db-wal"); $copies++ if defined found(\$t, map { dresses($_) } @ids) }
is($copies, 0, 'nor in the transcripts and ledgers of the nodes');

# ---- a node built to leak is caught ----
my $src = slurp('src/study/party_say.c');
$src =~ s/    l->approved = true;\n/    l->approved = true;\n    (void) snprintf(l->reason, sizeof l->reason, "%s", sund_store_describe(p->node->store)->person[0]);\n/ or die 'the line to alter is gone';
spew("$tmp/party_say.c", $src);
my $build = 'build/release';
run("gcc -std=gnu11 -D_GNU_SOURCE -ffp-contract=off -Isrc -O1 -c -o $tmp/party_say.o $tmp/party_say.c");
run("gcc -o $tmp/leaky-sund $build/src/cmd/*.o $tmp/party_say.o $build/libsund.a \$(make -s --no-print-directory --eval='libs: ; \@echo \$(LIBS)' libs)");
$node{FI}{program} = "$tmp/leaky-sund";
$f = federation('leaky', tap => 1, %node);
catalogue("$tmp/again.catalogue", "--assembly GRCh37 --hub --home $f->{at}/anna $vcf[0]");
my $name = submit($f, study_file("$tmp/leaky.ini", %{ $study{drop} }));
ok(wait_for($f, $name, qr/released/), 'a federation with a node that leaks one name');
stop_all();
$up = slurp("$f->{at}/tap.up");
ok(defined seen(\$up, map { dresses($_) } @ids), 'is caught by the same search');
done();
