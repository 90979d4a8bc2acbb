#!/usr/bin/perl
# 'sund kinship' against plink2 --make-king-table: HapMap's families, and 1,126 people of 12 populations, to plink2's printed digits; then the unrelated set.
use strict;
use warnings;
use JSON::PP;
use lib 'test';
use Sund;

-x '/usr/bin/plink2' or skip_all('no plink2');
my $vcf = shared('hapmap279/hapmap279_9088.vcf.gz');
my $bcf = shared('1kg-12pop/1KG_phase3_subset_1-22X.bcf');
my (%sex, %family);

sub samples { my ($path, $rows, $id) = @_; spew($path, "person\tsex\tpopulation\n" . join '', map { "$_->{$id}\t" . ($_->{sex} // 'U') . "\t" . ($_->{'pop.group'} // $_->{Population}) . "\n" } @$rows); return $path }
sub pairs { my ($text) = @_; spew("$tmp/t.tsv", $text); return { map { join(' ', sort @$_{qw(person1 person2)}) => $_ } @{ tsv("$tmp/t.tsv") } } }

# plink2's files of the store's autosomal SNVs: import leaves out what lies behind a contig's end or is there twice.
sub files {
    my ($name, $input) = @_;
    spew("$tmp/f.tsv", out("$sund freq $tmp/$name"));
    spew("$tmp/ids.txt", join '', map { join(':', @$_{qw(chrom pos ref alt)}) . "\n" } grep { $_->{chrom} =~ /^\d+$/ && length "$_->{ref}$_->{alt}" == 2 } @{ tsv("$tmp/f.tsv") });
    run("plink2 $input --chr 1-22 --set-all-var-ids '\@:#:\$r:\$a' --new-id-max-allele-len 1000 --extract $tmp/ids.txt --rm-dup force-first --make-pgen --memory 700 --threads 2 --out $tmp/$name.plink");
    return;
}

# Equal as printed; where a sixth digit is all that differs the two round a tie of decimals (-0.3140625) to either side.
my $tie;
sub alike { my ($x, $y) = @_; return 1 if $x eq $y; $tie++; return abs($x - $y) <= 1.01e-6 * ($x ? 10**(int(log(abs $x) / log(10) + 20) - 19) : 1) }

# Every pair of plink2 is one of ours with the same four numbers, as printed, and the other way round.
sub same {
    my ($name, $store, $file, $min, $people) = @_;
    my $keep = $people ? "--keep $people" : '';
    run("plink2 $file $keep --make-king-table cols=id,nsnp,hethet,ibs0,kinship --king-table-filter $min --memory 700 --threads 2 --out $tmp/p");
    (my $text = slurp("$tmp/p.kin0")) =~ s/^#//;
    spew("$tmp/p.tsv", $text);
    my %theirs = map { join(' ', sort @$_{qw(IID1 IID2)}) => $_ } @{ tsv("$tmp/p.tsv") };
    my $ours = pairs(out("$sund kinship --snvs 0 --maf 0 --missing 1 --min $min " . ($people ? "--people $people" : '') . " $store"));
    $tie = 0;
    my @off = grep { my ($a, $b) = ($ours->{$_}, $theirs{$_}); !$a || $a->{snvs} != $b->{NSNP} || grep { !alike($a->{lc $_}, $b->{$_}) } qw(HETHET IBS0 KINSHIP) } keys %theirs;
    ok(keys %theirs > 3 && keys %$ours == keys %theirs && !@off && $tie <= keys(%theirs) / 5000, "$name: " . keys(%theirs) . ' pairs, all numbers as plink2 prints them',
        "# ours " . keys(%$ours) . ", theirs " . keys(%theirs) . ', other ' . @off . ": " . join(' | ', map { "@{$ours->{$_}}{qw(snvs hethet ibs0 kinship)} / @{$theirs{$_}}{qw(NSNP HETHET IBS0 KINSHIP)}" } grep { $ours->{$_} } @off[0 .. ($#off > 2 ? 2 : $#off)]) . "\n");
    return $ours;
}

my $hap = tsv(shared('hapmap279/samples.tsv'));
run("$sund import --store $tmp/hap --lenient --assembly GRCh37 --samples " . samples("$tmp/hap.tsv", $hap, 'sample') . " $vcf");
files('hap', "--vcf $vcf");
for my $path (qw(portable avx2 avx512)) {
    local $ENV{SUND_CPU} = $path;
    same("HapMap, every pair, $path", "$tmp/hap", "--pfile $tmp/hap.plink", -9);
}
my $near = same('HapMap, pairs near the threshold', "$tmp/hap", "--pfile $tmp/hap.plink", 0.0442);
spew("$tmp/some.txt", join '', map { "$hap->[$_]{sample}\n" } grep { $_ % 3 } 0 .. $#$hap);
same('HapMap, two thirds of the people', "$tmp/hap", "--pfile $tmp/hap.plink", -0.05, "$tmp/some.txt");

# the trios that the sample table names
my %is = map { $_->{sample} => 1 } @$hap;
my ($n, $found, $opposite) = (0, 0, 0);
for my $c (@$hap) {
    for my $parent (grep { $_ && $is{$_} } @$c{qw(father.id mother.id)}) {
        my $p = $near->{ join ' ', sort $c->{sample}, $parent };
        $n++;
        $found++ if $p && $p->{degree} eq '1';
        $opposite = $p->{ibs0} if $p && $p->{ibs0} > $opposite;
    }
}
ok($n > 80 && $found == $n && $opposite < 0.005, "$n children and parents: all of first degree, IBS0 below 0.005");

my $annot = tsv(shared('1kg-12pop/samples_annot.tsv'));
run("bcftools view -m2 -M2 -v snps -Ob -o $tmp/snvs.bcf $bcf");
run("$sund import --store $tmp/kg --lenient --assembly GRCh37 --samples " . samples("$tmp/kg.tsv", $annot, 'sample.id') . " $tmp/snvs.bcf");
files('kg', "--bcf $tmp/snvs.bcf");
same('12 populations', "$tmp/kg", "--pfile $tmp/kg.plink", 0.02);

# the unrelated set: nobody in it is related, nobody else could be added; and as a variable of a home
spew("$tmp/dict.tsv", "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t0\t120\t0\t\n");
home("$tmp/home", people => spew("$tmp/people.tsv", "person\tconsent\tage\n" . join('', map { "$_->{sample}\tGRU\t40\n" } @$hap)), dictionary => "$tmp/dict.tsv");
run("$sund kinship --min 0.0884 --out $tmp/pairs.tsv --unrelated $tmp/set.txt --home $tmp/home --snvs 0 --threads 1 $tmp/hap");
my %in = map { $_ => 1 } split /\n/, slurp("$tmp/set.txt");
my $rel = pairs(slurp("$tmp/pairs.tsv"));
my %bound;
my $inside = 0;
for my $k (keys %$rel) { my ($x, $y) = split / /, $k; $inside++ if $in{$x} && $in{$y}; $bound{$x}++ if $in{$y}; $bound{$y}++ if $in{$x} }
my @free = grep { !$in{ $_->{sample} } && !$bound{ $_->{sample} } } @$hap;
ok(keys(%$rel) > 100 && keys(%in) < @$hap && !$inside && !@free, keys(%in) . ' of ' . @$hap . ' people unrelated, and nobody can be added');
run("ln -s $tmp/hap $tmp/home/store");
spew("$tmp/some.vcf", join '', grep { /^#|^20\t/ } split /^/, out("gzip -dc $vcf"));
my $study = study_file("$tmp/study.ini", analysis => 'counts', nodes => 'A, B, C', cohort => 'related = no', catalogue => catalogue("$tmp/c", "--assembly GRCh37 $tmp/some.vcf"));
my $to = local_study("$tmp/home", "$tmp/c", $study);
ok(decode_json(slurp("$to/provenance.json"))->{n} == keys %in, "a study of 'related = no' has them");
my $one = decode_json((split /\n/, out("$sund kinship --json --min 0.177 $tmp/hap"))[0]);
ok($one->{kinship} > 0.177 && $one->{degree} <= 1 && $one->{hethet} == int $one->{hethet}, 'JSON, a line a pair');

fails("$sund kinship --min high $tmp/hap", 'a threshold that is no number', qr/--min is 'high'/);
fails("$sund kinship --maf 0.5 --missing 0 --people $tmp/one.txt $tmp/hap", 'a file that is not there', qr/one\.txt/);
spew("$tmp/wrong.txt", "$hap->[0]{sample}\nnobody-here\n");
fails("$sund kinship --people $tmp/wrong.txt $tmp/hap", 'a name that the store lacks', qr/names 1 people who are not in the store/);
ok(out("$sund kinship --people $tmp/wrong.txt $tmp/hap 2>&1; true") !~ /nobody-here|$hap->[0]{sample}/, 'and no name is printed');
done();
