#!/usr/bin/perl
# Two worlds over the demo's kind of run: the same five countries, the same lookups and studies; in one of them one person carries a few rare variants
# more, all of which the rules withhold. Whoever hears everything that is said, reads the hub's disk, every answer and every log, cannot tell
# which world it is: same messages, same lengths, same words; only noise, digests and signatures differ. With open data the same comparison does tell.
use strict;
use warnings;
use lib 'test';
use Sund;

my @vcf     = map { shared("1kg-eur-chr20/$_.vcf.gz") } qw(reference unphased);
my $samples = shared('1kg-eur-chr20/samples.tsv');
my @person  = @{ tsv($samples) };
my @country = qw(ES FI GB IT US);
my $s = 7;
sub draw { $s = ($s * 1103515245 + 12345) % 2147483648; return $s / 2147483648 }
for my $p (@person) { $p->{age} = 20 + int(60 * draw()); $p->{y} = sprintf '%.3f', 10 * (draw() + draw() + draw() - 1.5) }
spew("$tmp/dict.tsv", "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t0\t120\t0\t\ny\treal\t1\t-100\t100\t3\t\n");
sub people { my ($file, $want) = @_; return spew($file, "person\tsex\tcountry\tconsent\tage\ty\n" . join '', map { join("\t", @$_{qw(person sex country)}, 'GRU', @$_{qw(age y)}) . "\n" } grep { $_->{country} eq $want } @person) }

# ---- the one person, and the variants: allele count 3 to 8 over all, and the person has none ----
my %ac;
for my $vcf (@vcf) { for (split /\n/, out("bcftools +fill-tags $vcf -Ou -- -t AC | bcftools query -f '%CHROM-%POS-%REF-%ALT\\t%INFO/AC\\n'")) { my ($v, $c) = split /\t/; $ac{$v} += $c } }
my @head = split /\t/, (split /\n/, out("bcftools view -h $vcf[0] | tail -n 1"))[0];
my $who  = $head[40];
my $col  = 40;
my @changed;
my $i = 0;
open my $in, '-|', "bcftools view $vcf[0]" or die;
open my $other, '|-', "bgzip -c >$tmp/other.vcf.gz" or die;
while (<$in>) {
    my @x = split /\t/;
    my $v = join '-', @x[0, 1, 3, 4] if !/^#/;
    if (!/^#/ && ($ac{$v} // 99) >= 3 && $ac{$v} <= 8 && $x[$col] =~ s/^0([|\/])0/0${1}1/ && $i++ % 200 == 0) { push @changed, $v; $_ = join "\t", @x }
    print $other $_;
}
close $in;
close $other or die;
ok(@changed >= 10, scalar(@changed) . ' rare variants more for one of 503 people');

# ---- everything that can be heard ----
sub blank { my ($t) = @_; $t =~ s/\b(?:\d{5} ){5}\d{5}\b/DIGEST/g; $t =~ s/\b[0-9a-f]{64}\b/DIGEST/g; $t =~ s/\b[0-9a-f]{16}\b/DIGEST/g; return $t =~ s/\d{4}-\d\d-\d\dT[\d:.]+Z?/TIME/gr }
my %study = (counts => { analysis => 'counts', strata => 'country' }, linear => { analysis => 'linear', outcome => 'y', covariates => 'age, sex', strata => 'country' },
    drop => { analysis => 'linear', outcome => 'y', covariates => 'age', strata => 'none', missing => 'drop', region => '20:1-1500000' });
my @asked = (@changed[0 .. 4], (sort keys %ac)[100, 9000]);

sub hear {
    my ($f, $number, @studies) = @_;
    my %heard;
    unlink "$f->{at}/chr20.catalogue";    # of the time before
    my $digest = catalogue("$f->{at}/chr20.catalogue", "--assembly GRCh37 --hub --home $f->{at}/anna $vcf[0]");
    $heard{"lookup $_"} = out("$sund lookup --json --home $f->{at}/anna '$_'") for @asked;
    for my $k (@studies) {
        my $name = submit($f, study_file("$tmp/$k.ini", catalogue => $digest, nodes => join(', ', @country), number => $number, title => $k, %{ $study{$k} }));
        wait_for($f, $name, qr/released/) or ok(0, "$f->{name}: $k is released");
        my $to = fetch($f, $name);
        $heard{"$k table"} = slurp("$to/table.tsv");
        $heard{"$k provenance"} = blank(slurp("$to/provenance.json"));
        $heard{"$k status"} = blank(status($f, $name));
    }
    stop_all();
    # what the hub keeps, message by message, and what each member's log says of what left; order between nodes, and which of its own states a node was
    # seen in (kind study), and how long a log was when its head was shown (kind heads), is chance
    $heard{"kept by the hub"} = out("sqlite3 $f->{at}/hub/state.db \"SELECT hex(study), place, kind, sender, length(head), length(body) FROM message ORDER BY 1, 2, 4\"");
    $heard{"log of $_"} = join "\n", sort grep { !/^TIME +(?:study|heads) / } map { blank($_) =~ s/^ *\d+ +//r } split /\n/, out("$sund log show --home $f->{at}/$_") for 'hub', @country;
    return \%heard;
}
sub told { my ($x, $y) = @_; return grep { ($x->{$_} // '') ne ($y->{$_} // '') } sort keys %{ { %$x, %$y } } }

my @world;
for my $w (0, 1) {
    my %node = map { $_ => { access => 'controlled', import => "--samples $samples --keep country=$_ --assembly GRCh37 " . ($w ? "$tmp/other.vcf.gz" : $vcf[0]) . " $vcf[1]", people => people("$tmp/$_.tsv", $_), dictionary => "$tmp/dict.tsv" } } @country;
    push @world, { f => federation("w$w", %node) };
    $world[$w]{heard} = hear($world[$w]{f}, 1, qw(counts linear drop));
}
my @told = told($world[0]{heard}, $world[1]{heard});
my $n = keys %{ $world[0]{heard} };
ok($n > 20 && !@told, "nothing tells the worlds apart: $n things heard, " . length(join '', values %{ $world[0]{heard} }) . ' bytes of them words', join '', map { "# $_\n" } @told);
ok($world[0]{heard}{'log of FI'} =~ /masked .*left: round \d+, chunk \d+, attempt 0, commitment DIGEST, \d{4,} bytes/ && $world[0]{heard}{'log of FI'} =~ /answer .*variants, rule margins/, 'sizes of masked vectors and answers to lookups are among them');
my ($home) = map { $_->{country} } grep { $_->{person} eq $who } @person;
my @release = map { out("$sund info --json $_->{f}{at}/$home/store") =~ /"release": "(\w+)"/ } @world;
ok($release[0] ne $release[1], "though the genotypes of $home are others");

# ---- the control: open data withhold nothing ----
for my $w (@world) {
    for my $c (@country) { my $ini = "$w->{f}{at}/$c/sund.ini"; spew($ini, slurp($ini) =~ s/^access = controlled$/access = open/mr) }
    start_hub($w->{f});
    start_node($w->{f}, $_) for @country;
    $w->{open} = hear($w->{f}, 2, 'counts');
}
@told = told($world[0]{open}, $world[1]{open});
ok((grep { $_ eq 'counts table' } @told) && (grep { /^lookup/ } @told) == 5, 'with open data the table and the five lookups tell: the comparison can', join '', map { "# $_\n" } @told);
done();
