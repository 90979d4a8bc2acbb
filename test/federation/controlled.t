#!/usr/bin/perl
# The same five countries with controlled data: exactly the rows that `mac` withholds are gone, exactly the cells that `genotype-cells`
# hides are dots, estimates have five digits, and lookups say below-10 together. What must come out is computed here from the open
# pooled tables, by the rules as doc/gate.md states them.
use strict;
use warnings;
use lib 'test';
use Sund;

my @vcf     = map { shared("1kg-eur-chr20/$_.vcf.gz") } qw(reference unphased);
my $samples = shared('1kg-eur-chr20/samples.tsv');
my @person  = @{ tsv($samples) };
my @country = qw(ES FI GB IT US);
my $s = 5;
sub draw { $s = ($s * 1103515245 + 12345) % 2147483648; return $s / 2147483648 }
my $i = 0;
for my $p (@person) { $p->{age} = 20 + int(60 * draw()); $p->{y} = sprintf '%.3f', 10 * (draw() + draw() + draw() - 1.5); $p->{few} = $i++ < 9 ? 'yes' : 'no' }
spew("$tmp/dict.tsv", "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t0\t120\t0\t\ny\treal\t1\t-100\t100\t3\t\nfew\tbinary\t\t\t\t\tno|yes\n");
sub people { my ($file, $want) = @_; return spew($file, "person\tsex\tcountry\tconsent\tage\ty\tfew\n" . join '', map { join("\t", @$_{qw(person sex country)}, 'GRU', @$_{qw(age y few)}) . "\n" } grep { !$want || $_->{country} eq $want } @person) }

my $f = federation('ctl', askers => 20, map { $_ => { access => 'controlled', import => "--samples $samples --keep country=$_ --assembly GRCh37 @vcf", people => people("$tmp/$_.tsv", $_), dictionary => "$tmp/dict.tsv" } } @country);
for my $access (qw(open controlled)) { home("$tmp/$access", access => $access, import => "--samples $samples --assembly GRCh37 @vcf", people => people("$tmp/all.tsv"), dictionary => "$tmp/dict.tsv") }
my $digest = catalogue("$tmp/chr20.catalogue", "--assembly GRCh37 --hub --home $f->{at}/anna $vcf[0]");
my %all = (catalogue => $digest, nodes => join(', ', @country));

sub mac { my ($r) = @_; return $r->{ac} < $r->{an} - $r->{ac} ? $r->{ac} : $r->{an} - $r->{ac} }
sub text { my ($x) = @_; return $x =~ /^-?\d+$|NA/ ? $x : sprintf '%.5g', $x }

# A table as the rules let it through: keep(row), and hidden(row) for cells of the named columns.
sub passed {
    my ($open, $keep, $hidden, $cells, $reals) = @_;
    my @head = split /\t/, (split /\n/, slurp("$open/table.tsv"))[0];
    my ($n_mac, $n_cells, $out) = (0, 0, join("\t", @head) . "\n");
    for my $r (@{ tsv("$open/table.tsv") }) {
        if (!$keep->($r)) { $n_mac++; next }
        my $hide = $hidden->($r);
        $n_cells += $hide;
        $out .= join("\t", map { $hide && $cells->{$_} ? '.' : $reals->{$_} && $r->{$_} ne 'NA' ? sprintf('%.5g', $r->{$_}) : $r->{$_} } @head) . "\n";
    }
    return ($out, $n_mac, $n_cells);
}

# ---- counts ----
my $ini   = study_file("$tmp/counts.ini", %all, analysis => 'counts', strata => 'country');
my $open  = local_study("$tmp/open", "$tmp/chr20.catalogue", $ini);
my $name  = submit($f, $ini);
ok(wait_for($f, $name, qr/released/), 'a counts study of controlled data is released');
my $got   = fetch($f, $name);
is(slurp("$got/study.ini"), slurp($ini), 'the text that was asked comes with the answer, letter by letter');
my %cells = map { $_ => 1 } qw(hom_ref het hom_alt hemi_ref hemi_alt nlog10p_hwe nlog10p_hwe_strata);
my ($want, $n_mac, $n_cells) = passed($open, sub { mac($_[0]) >= 10 }, sub { my $r = $_[0]; return scalar(grep { $r->{$_} < 10 } qw(hom_ref het hom_alt)) ? 1 : 0 }, \%cells,
    { map { $_ => 1 } qw(af nlog10p_hwe nlog10p_hwe_strata) });
ok($n_mac > 1000 && $n_cells > 1000, "the rules have work to do: mac withholds $n_mac of 24990 rows, genotype-cells hides the cells of $n_cells");
ok(slurp("$got/table.tsv") eq $want, 'exactly those rows are withheld and exactly those cells are hidden');
my $provenance = slurp("$got/provenance.json");
ok($provenance =~ /"rows_withheld_by_mac": $n_mac\b/ && $provenance =~ /"rows_with_hidden_cells": $n_cells\b/, 'provenance says how many');
my $pooled = local_study("$tmp/controlled", "$tmp/chr20.catalogue", $ini);
ok(slurp("$pooled/table.tsv") eq slurp("$got/table.tsv"), 'the pooled run of controlled data gives the same bytes');

# ---- linear ----
my %linear = (%all, analysis => 'linear', outcome => 'y', covariates => 'age', strata => 'country');
$ini  = study_file("$tmp/linear.ini", %linear);
$open = local_study("$tmp/open", "$tmp/chr20.catalogue", $ini);
$name = submit($f, $ini);
ok(wait_for($f, $name, qr/released/), 'a linear study of controlled data is released');
ok(out("$sund study show --home $f->{at}/FI $name") =~ /^variables (?: +(?:age  integer, 0 to 120 a|y  real, -100\.000 to 100\.000 1|sex  binary, M\|F)\n)+nodes/m, 'study show declares its variables as the dictionary does');
$got  = fetch($f, $name);
my $n_out;
($want, $n_out) = passed($open, sub { mac($_[0]) >= 20 }, sub { 0 }, {}, { map { $_ => 1 } qw(af beta se nlog10p) });
ok(slurp("$got/table.tsv") eq $want, "association: exactly the $n_out variants of pooled minor allele count below 20 are absent, five digits elsewhere");

# ---- refusals by name ----
my %refused = (
    'cell-min on a covariate of nine people' => [{ %linear, covariates => 'few' }, qr/rule cell-min/],
    'cell-min on the cohort'  => [{ %linear, cohort => 'few = yes' }, qr/rule (parties|cell-min)/],
    'model-size'              => [{ %linear, cohort => 'age < 24', covariates => 'age, sex' }, qr/rule (model-size|cell-min|parties)/],
    'parties'                 => [{ %linear, cohort => 'sex = F', nodes => 'ES, FI' }, qr/rule parties/],
    'one-roster'              => [{ %linear, nodes => 'ES, FI' }, qr/rule one-roster/],
    'no such variable'        => [{ %linear, outcome => 'height' }, qr/no variable .*height/],
    'no such purpose'         => [{ %linear, purpose => 'profit' }, qr/no purpose/],
);
for my $what (sort keys %refused) {
    my ($kv, $like) = @{ $refused{$what} };
    $ini = study_file("$tmp/no.ini", %$kv, title => $what);
    my $text = `$sund study submit --home $f->{at}/anna $ini 2>&1`;
    my $said = $text =~ /^study = (\w+)/m ? wait_for($f, $1, qr/refused|stopped|released/) // '' : $text;
    ok($said !~ /released/ && $said =~ $like, "refused: $what", "# $said\n");
    note("$what: " . join ' ', split ' ', $said =~ s/^.*?\n//r);
}

# ---- lookups ----
my %at = map { $_->{person} => $_->{country} } @person;
my (%ac, %an, %young);    # young: copies among people below 50
my %age = map { $_->{person} => $_->{age} } @person;
for my $vcf (@vcf) {
    my @head = split /\t/, (split /\n/, out("bcftools view -h $vcf | tail -n 1"))[0];
    for (split /\n/, out("bcftools view -H $vcf | awk 'NR % 131 == 7'")) {
        my @x = split /\t/;
        my $v = join '-', @x[0, 1, 3, 4];
        for my $k (9 .. $#x) { my $c = $at{ $head[$k] }; my $alt = () = (split /:/, $x[$k])[0] =~ /1/g; $ac{$v}{$c} += $alt; $young{$v}{$c} += $alt if $age{ $head[$k] } < 50; $an{$v}{$c} += 2 }
    }
}
my ($right, $together, $shown, $spent) = (0, 0, 0, 0);
my @asker = ('anna', map { sprintf 'asker%02d', $_ } 1 .. 20);
for my $v (sort keys %ac) {
    my %hide = map { my $c = $_; my $m = $ac{$v}{$c} < $an{$v}{$c} - $ac{$v}{$c} ? $ac{$v}{$c} : $an{$v}{$c} - $ac{$v}{$c}; ($c => $m < 10) } @country;
    my $n = grep { $_ } values %hide;
    %hide = map { $_ => 1 } @country if $n == 1 || $n == 2;
    my $json = `$sund lookup --json --home $f->{at}/$asker[0] '$v' 2>$tmp/said`;
    if (slurp("$tmp/said") =~ /rule membership/) {    # one asker is answered about 11 variants of 91 people, hidden or not: the next one asks
        $spent++;
        shift @asker;
        $json = out("$sund lookup --json --home $f->{at}/$asker[0] '$v'");
    }
    my $good = 1;
    for my $c (@country) {
        my ($status, $ac) = $json =~ /"node":\s*"$c",\s*"status":\s*"([^"]+)"(?:,\s*"ac":\s*(\d+))?/;
        $good &&= $hide{$c} ? $status eq 'below-10' && !defined $ac : $status eq 'counted' && $ac == $ac{$v}{$c};
    }
    $good &&= $n ? $json =~ /"total":\s*null/ : $json =~ /"total":\s*\{\s*"ac":\s*/ ? 1 : 0;
    $right++ if $good;
    $together++ if $n == 1 || $n == 2;
    $shown++ if !$n;
}
# ---- copies that a cohort carries ----
my @common = grep { my $v = $_; !grep { my $af = $ac{$v}{$_} / $an{$v}{$_}; $af < 0.25 || $af > 0.7 } @country } sort keys %ac;
my ($as_told, $n_told) = (1, 0);
for my $v (@common[0 .. 3]) {
    my $json = out("$sund count --json --carrying $v --home $f->{at}/asker20 'age < 50'");
    my %told = $json =~ /"node":\s*"(\w\w)",\s*"status":\s*"counted",\s*"copies":\s*(\d+)/g;
    $as_told &&= $told{$_} == 5 * int(($young{$v}{$_} + 2) / 5) for keys %told;
    $n_told += keys %told;
    $as_told &&= keys(%told) =~ /^[05]$/;
}
ok($as_told && $n_told >= 10, "copies of a variant that a cohort carries, to the nearest 5: $n_told numbers");
my $apart = out("$sund count --json --carrying $common[0] --home $f->{at}/asker20 'age < 51'");
ok($apart !~ /"status":\s*"counted"/, 'none of a cohort that few are apart from it', "# $apart\n");
ok(out("$sund count --json --carrying $common[0] --home $f->{at}/asker20 'age < 50'") =~ /counted/, 'the same again');
my $said = '';
for my $v (@common[4 .. 12]) { $said = `$sund count --carrying $v --home $f->{at}/asker20 'age < 50' 2>&1`; last if $said =~ /rule membership/ }
ok($said =~ /rule membership/, 'a cohort is smaller than its country, and so is what one asker is shown of it', "# $said\n");
is($right, scalar keys %ac, 'lookups: country numbers are shown together or not at all');
ok($together > 5 && $shown > 5, "of " . scalar(keys %ac) . " variants $together are hidden together for one or two small countries, $shown are shown");
is($spent, int((keys(%ac) - 1) / 11), "rule membership: so many askers came to the end of what they are shown");
done();
