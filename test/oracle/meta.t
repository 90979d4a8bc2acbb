#!/usr/bin/perl
# Meta-analysis of files against the formulas written out again here, in every dialect, with alleles turned round and lines that cannot be used.
use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/..';
use Sund;

my @base = qw(A C G T);
srand 7;
sub ok_like { my ($text, $re, $name) = @_; return ok($text =~ $re, $name, "# $text\n") }
sub normal { return sqrt(-2 * log(1 - rand)) * cos(6.283185307179586 * rand) }

# 600 variants in four studies: estimates on the REF/ALT scale
my (@variant, @truth);
for my $j (0 .. 599) {
    my ($ref, $alt) = @base[(sort { $a <=> $b } (0, 1, 2, 3))[$j % 4], ($j + 1 + int(rand 3)) % 4];
    $alt = $base[($j % 4 + 1) % 4] if $alt eq $ref;
    ($ref, $alt) = ('A', 'ACT') if $j % 50 == 7;
    push @variant, [ 1 + int($j / 40), 1000 + 37 * $j, $ref, $alt ];
    my $b = 0.1 * normal();
    push @truth, [ map { [ sprintf('%.6g', $b + 0.08 * normal()), sprintf('%.6g', 0.02 + 0.05 * rand) , sprintf('%.4f', 0.05 + 0.9 * rand), 500 + int rand 2000 ] } 0 .. 3 ];
}
sub comp { (my $x = reverse $_[0]) =~ tr/ACGT/TGCA/; return $x }

# study 0: Sund's own; 1: GWAS-SSF with the effect allele turned round at every third; 2: plink2, gzip, A1 = REF at every second; 3: regenie, blanks
my @file = map { "$tmp/$_" } qw(a.tsv b.ssf.tsv c.glm.linear d.regenie);
my @text = ("chrom\tpos\tref\talt\tn\tac\tan\taf\tbeta\tse\tnlog10p\n", "chromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\teffect_allele_frequency\tp_value\tn\n",
    "#CHROM\tPOS\tID\tREF\tALT\tA1\tA1_FREQ\tTEST\tOBS_CT\tBETA\tSE\tT_STAT\tP\n", "CHROM GENPOS ID ALLELE0 ALLELE1 A1FREQ N TEST BETA SE CHISQ LOG10P EXTRA\n");
my $flips = 0;
for my $j (0 .. $#variant) {
    my ($c, $p, $r, $a) = @{ $variant[$j] };
    my ($x, $y, $z, $w) = @{ $truth[$j] };
    $text[0] .= join("\t", $c, $p, $r, $a, $x->[3], 1, 2, $x->[2], $x->[0], $x->[1], 1) . "\n";
    my $turn = $j % 3 == 0;
    $flips += $turn;
    $text[1] .= join("\t", $c, $p, $turn ? ($r, $a, -$y->[0]) : ($a, $r, $y->[0]), $y->[1], $turn ? 1 - $y->[2] : $y->[2], 'NA', $y->[3]) . "\n";
    my $ref = $j % 2;
    $text[2] .= join("\t", $c, $p, '.', $r, $a, $ref ? $r : $a, $ref ? 1 - $z->[2] : $z->[2], $_, $z->[3], $_ eq 'ADD' ? ($ref ? -$z->[0] : $z->[0]) : 99, $z->[1], 'NA', 'NA') . "\n" for 'ADD', 'sex';
    $text[3] .= join(' ', $c, $p, '.', $r, $a, $w->[2], $w->[3], 'ADD', $w->[0], $w->[1], 1, 1, 'NA') . "\n" if $j % 10;
}
$text[1] .= "7\t5\tA\tG\tNA\t0.1\t0.1\tNA\t5\n23\t700\tA\tG\t0.1\t0.1\t0.1\tNA\t5\nGL000191\t5\tA\tG\t0.1\t0.1\t0.1\tNA\t5\n7\t6\tA\t<DEL>\t0.1\t0.1\t0.1\tNA\t5\n8\t9\tA\tG\t0.1\t0.1\t0.1\tNA\t5\n8\t9\tG\tA\t0.3\t0.1\t0.1\tNA\t5\n";
spew($file[$_], $text[$_]) for 0 .. 3;
run("gzip -k $file[2]");
$file[2] .= '.gz';

my $said = out("$sund meta --out $tmp/m @file");
my %row = map { my @f = split /\t/; ("$f[0]:$f[1]:$f[2]:$f[3]", \@f) } split /\n/, slurp("$tmp/m/table.tsv");
my ($worst, $wrong, $other) = (0, 0, 0);
for my $j (0 .. $#variant) {
    my $f = $row{ join ':', @{ $variant[$j] } } or ++$wrong, next;
    my @s = @{ $truth[$j] }[ 0 .. ($j % 10 ? 3 : 2) ];
    my ($k, $sw, $swb, $swbb, $sww) = (scalar @s, 0, 0, 0, 0);
    for (@s) { my $u = 1 / $_->[1]**2; $sw += $u; $swb += $u * $_->[0]; $swbb += $u * $_->[0]**2; $sww += $u * $u }
    my $q = $swbb - $swb**2 / $sw;
    my $tau2 = $q > $k - 1 ? ($q - $k + 1) / ($sw - $sww / $sw) : 0;
    my ($rw, $rwb) = (0, 0);
    for (@s) { my $u = 1 / ($_->[1]**2 + $tau2); $rw += $u; $rwb += $u * $_->[0] }
    my @want = ($k, undef, undef, $swb / $sw, 1 / sqrt $sw, undef, $rwb / $rw, 1 / sqrt $rw, undef, $q, undef, $q > $k - 1 ? 1 - ($k - 1) / $q : 0, $tau2);
    for my $c (0 .. $#want) {
        next unless defined $want[$c];
        my $d = abs($f->[ 4 + $c ] - $want[$c]) / (abs($want[$c]) > 1e-3 ? abs $want[$c] : 1e-3);
        $worst = $d if $d > $worst;
    }
    $wrong++ if $f->[17] ne join '', (map { $_->[0] > 0 ? '+' : '-' } @s), $k == 3 ? '?' : ();
}
ok($wrong == 0, 'every variant is there once, its alleles REF and ALT, its directions right');
ok($worst < 2e-5, sprintf('estimates, heterogeneity and tau2 equal the formulas (worst relative difference %.1e)', $worst));
ok_like($said, qr/b\.ssf\.tsv: GWAS-SSF, 601 of 606 lines used; other allele $flips, .*no estimate 1, no place 1, alleles 1, repeated 2/, 'what was turned round and left out is told');
ok_like($said, qr/c\.glm\.linear\.gz: plink2, 600 of 1200 lines used; other allele 300, .*other test 600/, 'plink2: tested allele, other tests, gzip');
ok(exists $row{'X:700:G:A'}, 'chromosome 23 is X');
my @forest = split /\n/, slurp("$tmp/m/forest.tsv");
ok(@forest > 400 && $forest[1] =~ /\ta\.tsv\t/ && (grep { /random effects/ } @forest) == 100, 'a forest of the hundred strongest');

# the other strand: never unless asked, never for palindromes
spew("$tmp/s1.tsv", "chrom\tpos\tref\talt\tbeta\tse\n1\t100\tA\tG\t0.5\t0.1\n1\t200\tA\tT\t0.5\t0.1\n");
spew("$tmp/s2.tsv", "chromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\n1\t100\tC\tT\t0.5\t0.1\n1\t200\tT\tA\t0.4\t0.1\n");
ok_like(out("$sund meta --out $tmp/s $tmp/s1.tsv $tmp/s2.tsv"), qr/3 variants/, 'another strand is another variant');
ok_like(out("$sund meta --other-strand --out $tmp/so $tmp/s1.tsv $tmp/s2.tsv"), qr/2 variants/, 'unless it is asked for');
ok_like(slurp("$tmp/so/table.tsv"), qr/1\t100\tA\tG\t2\tNA\tNA\t0\.5\t/, 'and then counts with its sign');
fails("$sund meta --out $tmp/s $tmp/s1.tsv $tmp/s2.tsv", 'tables that are there are not written over', qr/table\.tsv exists already.*another folder/);
ok_like(out("$sund meta --drop-palindromic --out $tmp/sd $tmp/s1.tsv $tmp/s2.tsv"), qr/2 variants/, 'palindromes go when asked');

# METAL, and odds ratios
spew("$tmp/m.tbl", "MarkerName\tAllele1\tAllele2\tFreq1\tEffect\tStdErr\tP-value\tDirection\n1:100\ta\tg\t0.3\t-0.5\t0.1\t1\t++\n");
spew("$tmp/or.tsv", "chromosome\tbase_pair_location\teffect_allele\tother_allele\todds_ratio\tstandard_error\n1\t100\tG\tA\t1.6487212707\t0.1\n");
out("$sund meta --out $tmp/o $tmp/s1.tsv $tmp/m.tbl $tmp/or.tsv");
ok_like(slurp("$tmp/o/table.tsv"), qr/1\t100\tA\tG\t3\tNA\tNA\t0\.5\t0\.057735\t/, 'METAL names and odds ratios');

# files of one name in two folders are told apart; one study given twice, in whatever form, is refused
mkdir "$tmp/$_" for qw(dk fi);
spew("$tmp/dk/table.tsv", "chrom\tpos\tref\talt\tbeta\tse\n1\t100\tA\tG\t0.5\t0.1\n1\t100\tA\tT\t0.5\t0.1\n");
spew("$tmp/fi/table.tsv", "chrom\tpos\tref\talt\tbeta\tse\n1\t100\tA\tG\t0.4\t0.1\n1\t100\tA\tC\t0.4\t0.1\n");
my $two = out("$sund meta --out $tmp/two $tmp/dk/table.tsv $tmp/fi/table.tsv $tmp/s1.tsv");
ok(slurp("$tmp/two/forest.tsv") =~ m{\t\Q$tmp\E/dk/table\.tsv\t} && slurp("$tmp/two/files.tsv") =~ m{^\Q$tmp\E/fi/table\.tsv\t}m && slurp("$tmp/two/files.tsv") =~ /^s1\.tsv\t/m, 'by their paths');
ok($two =~ m{^\S+/dk/table\.tsv: [^\n]*other test 0$}m && $two =~ m{^\S+/fi/table\.tsv: [^\n]*other alleles than in the files before$}m, 'and other alleles of a place are those of another file', $two);
out("gzip -c $tmp/dk/table.tsv > $tmp/again.tsv.gz");
fails("$sund meta --out $tmp/x $tmp/dk/table.tsv $tmp/s1.tsv $tmp/again.tsv.gz", 'one study twice', qr/table\.tsv and again\.tsv\.gz are the same results.*leave one out/);

# what cannot be read
spew("$tmp/bad1.tsv", "a\tb\n1\t2\n");
spew("$tmp/bad2.tsv", "chrom\tpos\tref\talt\tbeta\tse\n1\t100\tA\tG\t0.5\n");
spew("$tmp/bad3.tsv", "chrom\tpos\tref\talt\tbeta\tse\n1\t100\tA\tG\tsome\t0.1\n");
spew("$tmp/bad4.tsv", '');
spew("$tmp/bad5.gz", substr(slurp($file[2]), 0, 900));
fails("$sund meta --out $tmp/x $tmp/bad1.tsv", 'refused: bad1.tsv', qr/columns \(a, b\) are none of/);
fails("$sund meta --out $tmp/x $tmp/bad2.tsv", 'refused: bad2.tsv', qr/bad2\.tsv:2: .*number of fields/);
fails("$sund meta --out $tmp/x $tmp/bad3.tsv", 'refused: bad3.tsv', qr/bad3\.tsv:2: .*no number/);
fails("$sund meta --out $tmp/x $tmp/bad4.tsv", 'refused: bad4.tsv', qr/empty/);
fails("$sund meta --out $tmp/x $tmp/bad5.gz", 'refused: bad5.gz', qr/cut short|another number of fields/);
fails("$sund meta --out $tmp/x $tmp/none.tsv", 'refused: none.tsv', qr/cannot open/);
done();
