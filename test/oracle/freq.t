#!/usr/bin/perl
# 'sund freq' against a plain count of the VCF's letters, on chromosome 20, X, Y and MT, over everybody and over a set of people; and against plink2.
use strict;
use warnings;
use JSON::PP;
use lib 'test';
use Sund;

run("$sund simulate cohort --out $tmp/c --people DK=170,SE=130 --region 20:1000000-1100000 --region X:2500000-3000000 --region Y:5000000-5050000 --region MT --sites 900 --missing 0.02 --format store,vcf.gz,bcf --seed 11");
my $store = "$tmp/c/store";
my @sample = @{ tsv("$tmp/c/samples.tsv") };
my %sex = map { $_->{person} => $_->{sex} } @sample;
my %some = map { $sample[$_]{person} => 1 } grep { $_ % 7 == 0 || $_ % 5 == 1 } 0 .. $#sample;
spew("$tmp/some.txt", join '', map { "$_\n" } sort { $b cmp $a } keys %some);

# A plain count: letters of a genotype, how many there are, and nothing else.
sub plain {
    my ($wanted) = @_;
    my (@id, %row);
    for my $line (split /\n/, out("gzip -dc $tmp/c/cohort.vcf.gz")) {
        next if $line =~ /^##/;
        my ($chrom, $pos, undef, $ref, $alt, undef, undef, undef, undef, @gt) = split /\t/, $line;
        if ($chrom eq '#CHROM') { @id = @gt; next }
        my %n = map { $_ => 0 } qw(ac an hom_ref het hom_alt hemi_ref hemi_alt missing);
        for my $i (grep { !$wanted || $wanted->{ $id[$_] } } 0 .. $#id) {
            my @a = split /[\/|]/, $gt[$i];
            next if $chrom eq 'chrY' && $sex{ $id[$i] } ne 'M';
            if (grep { $_ eq '.' } @a) { $n{missing}++; next }
            my $c = grep { $_ eq '1' } @a;
            $n{ac} += $c;
            $n{an} += @a;
            $n{ @a == 1 ? ($c ? 'hemi_alt' : 'hemi_ref') : ('hom_ref', 'het', 'hom_alt')[$c] }++;
        }
        $chrom =~ s/^chr//;
        $chrom = 'MT' if $chrom eq 'M';
        $row{"$chrom-$pos-$ref-$alt"} = \%n;
    }
    return \%row;
}

my @field = qw(ac an hom_ref het hom_alt hemi_ref hemi_alt missing);
sub ours { spew("$tmp/f.tsv", out("$sund freq $_[0] $store $_[1]")); return { map { join('-', @$_{qw(chrom pos ref alt)}) => $_ } @{ tsv("$tmp/f.tsv") } } }
sub off { my ($got, $want) = @_; return grep { my $k = $_; !$got->{$k} || grep { $got->{$k}{$_} != $want->{$k}{$_} } @field } sort keys %$want }

my ($all, $part) = (plain(), plain(\%some));
my $got = ours('', '');
is(scalar keys %$got, scalar keys %$all, scalar(keys %$all) . ' sites, all of them printed');
my @off = off($got, $all);
is("@off[0 .. ($#off > 2 ? 2 : $#off)]", '', 'everybody: every count of every site as counted from the VCF');
$got = ours("--people $tmp/some.txt", '');
@off = off($got, $part);
is("@off[0 .. ($#off > 2 ? 2 : $#off)]", '', scalar(keys %some) . ' people: the same');
ok((grep { $_->{hemi_alt} } values %$got) > 5 && (grep { $_->{missing} } values %$got) > 50, 'one-copy carriers and missing calls are among them');
is(join(' ', sort map { sprintf '%.9f', $_->{an} ? $_->{ac} / $_->{an} : 0 } values %$got), join(' ', sort map { $_->{af} eq '.' ? '0.000000000' : $_->{af} } values %$got), 'af is ac / an to nine decimals');

# regions and variants
my $region = ours('', '20:1020000-1060000 X');
is(join(' ', sort keys %$region), join(' ', sort grep { /^X-/ || (/^20-(\d+)/ && $1 >= 1020000 && $1 <= 1060000) } keys %$all), 'regions: the variants that begin in them');
my ($one) = grep { /^20-/ } sort keys %$all;
my $json = decode_json(out("$sund freq --json $store $one"));
ok($json->{variant} eq $one && $json->{status} eq 'counted' && !grep({ $json->{$_} != $all->{$one}{$_} } @field), 'one variant, as JSON');
$json = decode_json(out("$sund freq --json $store 20-999-A-T"));
is("$json->{status} $json->{an}", 'not-covered 0', 'a variant that is not there is not silently absent');

# the small program that answers it, without what it does not ask for
ok(out("ldd $sund") !~ /curl|gnutls|microhttpd|crypto|hts/, 'no library of the network is loaded for it');
is(out("$sund freq $store"), out("$sund-full freq $store"), 'the whole program says the same');
run("mkdir $tmp/alone && cp $sund $tmp/alone/sund");
is(out("$tmp/alone/sund freq $store $one"), out("$sund freq $store $one"), 'the small one does it alone');
fails("$tmp/alone/sund info $store", 'and says what is missing for the rest', qr{alone/sund-full.*installed together});
run("cp -r $store $tmp/altered && chmod u+w $tmp/altered/people.bin");
my $people = slurp("$tmp/altered/people.bin");
substr($people, -1) ^= "\1";
spew("$tmp/altered/people.bin", $people);
is(out("$sund freq $tmp/altered $one"), out("$sund freq $store $one"), 'everybody, autosomes: who they are is not read');
for my $asked ('X', "--people $tmp/some.txt $one") {
    my ($option, $what) = $asked =~ /^(--people \S+)? ?(\S+)$/;
    fails("$sund freq " . ($option // '') . " $tmp/altered $what", "$asked: it is, and an altered name is found", qr/people\.bin: its digest differs/);
}

# plink2
if (-x '/usr/bin/plink2') {
    spew("$tmp/keep.txt", "#IID\n" . slurp("$tmp/some.txt"));
    run("plink2 --bcf $tmp/c/cohort.bcf --chr 20 --keep $tmp/keep.txt --geno-counts cols=chrom,pos,ref,alt,homref,refalt1,homalt1,missing --memory 700 --threads 1 --out $tmp/p");
    (my $text = slurp("$tmp/p.gcount")) =~ s/^#//;
    spew("$tmp/p.tsv", $text);
    my %plink = map { my $c = $_->{CHROM} =~ s/^chr//r; ("$c-$_->{POS}-$_->{REF}-$_->{ALT}" => $_) } @{ tsv("$tmp/p.tsv") };
    ok(keys %plink > 100 && !grep({ my $k = $_; $got->{$k}{hom_ref} != $plink{$k}{HOM_REF_CT} || $got->{$k}{het} != $plink{$k}{HET_REF_ALT1_CT} || $got->{$k}{hom_alt} != $plink{$k}{HOM_ALT1_CT} || $got->{$k}{missing} != $plink{$k}{MISSING_CT} } keys %plink), 'plink2 counts the same on chromosome 20');
}

# mistakes
spew("$tmp/wrong.txt", "S0000001\nnobody-here\n");
fails("$sund freq --people $tmp/wrong.txt $store", 'a name that the store lacks', qr/wrong\.txt names 1 people who are not in the store/);
fails("$sund freq $store 20-1-A", 'half a variant', qr/20-1-A/);
ok(out("$sund freq --people $tmp/wrong.txt $store 2>&1; true") !~ /nobody-here/, 'and no name is printed');
done();
