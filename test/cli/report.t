#!/usr/bin/perl
# What people look at: the report of a study is whole in itself, says what the table says, and cannot act; associations come as GWAS-SSF with an index.
use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/..';
use Sund;

# fifty people, 400 variants on two chromosomes, a trait
srand 5;
my @id = map { "p$_" } 1 .. 50;
my $vcf = "##fileformat=VCFv4.2\n##contig=<ID=1>\n##contig=<ID=2>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"g\">\n" . join("\t", '#CHROM', qw(POS ID REF ALT QUAL FILTER INFO FORMAT), @id) . "\n";
for my $c (1, 2) {
    for my $j (1 .. 200) {
        my $f = 0.1 + 0.4 * rand;
        $vcf .= join("\t", $c, 1000 + 500 * $j, '.', 'A', 'G', '.', 'PASS', '.', 'GT', map { (rand() < $f ? 1 : 0) . '/' . (rand() < $f ? 1 : 0) } @id) . "\n";
    }
}
spew("$tmp/a.vcf", $vcf);
spew("$tmp/samples.tsv", join '', "person\tsex\tpopulation\tcountry\n", map { "$_\tF\tx\tFI\n" } @id);
spew("$tmp/dict.tsv", "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\ny\treal\tcm\t0\t300\t1\t\ntime\tinteger\td\t0\t100\t0\t\ndied\tbinary\t\t\t\t\tno|yes\narm\tcategory\t\t\t\t\ta&b|c\n" =~ s/a&b/ab/r);
spew("$tmp/people.tsv", join '', "person\tsex\tcountry\tconsent\ty\ttime\tdied\tarm\n", map { sprintf "%s\tF\tFI\tGRU\t%.1f\t%d\t%s\t%s\n", $_, 150 + 40 * rand, 1 + int rand 90, rand() < 0.6 ? 'yes' : 'no', rand() < 0.5 ? 'ab' : 'c' } @id);
run("$sund init --id FI --access open $tmp/fi");
run("$sund import --store $tmp/fi/store --samples $tmp/samples.tsv --assembly GRCh37 $tmp/a.vcf");
run("$sund people --home $tmp/fi --dictionary $tmp/dict.tsv $tmp/people.tsv");
my ($digest) = out("$sund catalogue --assembly GRCh37 --out $tmp/c.catalogue $tmp/a.vcf") =~ /^catalogue = (\w{64})$/m;

my $title = q{Height <script>alert('1')</script> & "more"};
spew("$tmp/l.ini", "[study]\ntitle = $title\nanalysis = linear\npurpose = general-research\ncohort = all\noutcome = y\nstrata = none\ncatalogue = $digest\nnodes = FI\n");
run("$sund study run --local --home $tmp/fi --catalogue $tmp/c.catalogue --out $tmp/l $tmp/l.ini");
my $html = slurp("$tmp/l/report.html");
my @row  = @{ tsv("$tmp/l/table.tsv") };

sub harmless {
    my ($html, $what) = @_;
    my $text = $html =~ s/\sxmlns="[^"]*"//gr;
    my @open;
    my $balanced = 1;
    while ($text =~ m{<(/?)([a-z0-9]+)([^>]*?)(/?)>}g) {
        next if $4 || $2 =~ /^(meta|br|hr|img|input)$/;
        if ($1) { $balanced = 0 if !@open || pop(@open) ne $2 } else { push @open, $2 }
    }
    ok($balanced && !@open, "$what: every element that opens closes", "# left open: @open\n");
    return ok($text !~ /<script|javascript:|\son\w+=|https?:|src=|href=|<img|<iframe|<object|url\(/i, "$what: nothing acts and nothing is fetched");
}
harmless($html, 'linear');
ok($html =~ /default-src 'none'/ && index($html, 'Height &lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;more&quot;') > 0, 'the title is shown, and escaped');
my @z2 = sort { $a <=> $b } map { ($_->{beta} / $_->{se})**2 } grep { $_->{ac} >= 20 && $_->{an} - $_->{ac} >= 20 } @row;
my ($lambda, $n) = $html =~ /λ = ([0-9.]+) over (\d+) tests of 20 minor alleles or more/;
ok($n == @z2 && @z2 > 200 && @z2 < @row && abs($lambda - ($z2[$#z2 / 2] + $z2[@z2 / 2]) / 2 / 0.4549364) < 0.06, "lambda is that of the table ($lambda over $n)");
ok((() = $html =~ /<svg/g) == 3 && $html =~ /Manhattan/ && $html =~ /Quantile/ && $html =~ /region/, 'Manhattan, quantiles, region');
my ($best) = sort { $b->{nlog10p} <=> $a->{nlog10p} } @row;
ok($html =~ m{<tbody>\s*<tr><td>$best->{chrom}</td><td>$best->{pos}</td>}, 'the strongest row comes first');
my ($names, $cells) = map { [/<t[hd]([^>]*)>/g] } $html =~ m{<thead><tr>(.*?)</tr></thead><tbody>\s*<tr>(.*?)</tr>}s;
ok("@$names" eq "@$cells" && $html =~ m{<th class="s">ref</th>} && $html =~ m{<th>beta</th>}, 'each name stands above its column: words to the left, numbers to the right');
ok($html !~ /\d\.\d{8}/ || $html =~ m{<pre>} && (split /<pre>/, $html)[0] !~ /\d\.\d{8}/, 'numbers have the precision they deserve');

my @ssf = split /\n/, out("gzip -dc $tmp/l/gwas-ssf.tsv.gz");
ok($ssf[0] eq "chromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\teffect_allele_frequency\tneg_log_10_p_value\tn" && @ssf == @row + 1, 'GWAS-SSF: its columns, every row');
my @hit = split /\n/, out("tabix $tmp/l/gwas-ssf.tsv.gz 2:2000-3000");
ok(@hit == 3 && $hit[0] =~ /^2\t2000\tG\tA\t/, 'and its index finds a region');

spew("$tmp/two.ini", slurp("$tmp/l.ini") =~ s/outcome = y/outcome = time, y/r);
run("$sund study run --local --home $tmp/fi --catalogue $tmp/c.catalogue --out $tmp/two $tmp/two.ini");
my @two = split /\n/, out("gzip -dc $tmp/two/gwas-ssf.y.tsv.gz");
my $both = tsv("$tmp/two/table.tsv");
ok("@two" eq "@ssf" && -s "$tmp/two/gwas-ssf.time.tsv.gz.tbi" && !-e "$tmp/two/gwas-ssf.tsv.gz" && @$both == 2 * @row && join(' ', map { $_->{trait} } @$both[0, 1]) eq 'time y', 'two traits: a file of each, the same as alone');

# an interaction: what is plotted, and first in the table, is what such a study asks
spew("$tmp/x.ini", slurp("$tmp/l.ini") =~ s/outcome = y/outcome = y\ncovariates = time\ninteraction = time\nmissing = drop/r);
run("$sund study run --local --home $tmp/fi --catalogue $tmp/c.catalogue --out $tmp/x $tmp/x.ini");
$html = slurp("$tmp/x/report.html");
harmless($html, 'interaction');
my ($odd) = sort { $b->{nlog10p_gxe} <=> $a->{nlog10p_gxe} } grep { $_->{nlog10p_gxe} ne 'NA' } @{ tsv("$tmp/x/table.tsv") };
ok((() = $html =~ /−log₁₀ p of the interaction/g) == 3 && $html =~ m{<tbody>\s*<tr><td>$odd->{chrom}</td><td>$odd->{pos}</td>}, 'an interaction: its p-values are plotted, said to be, and its strongest row comes first');
spew("$tmp/no.ini", slurp("$tmp/x.ini") =~ s/^covariates.*\n//mr);
fails("$sund study check $tmp/no.ini", 'an interaction with no covariate is said before it runs', qr/not among the covariates/);

spew("$tmp/s.ini", "[study]\ntitle = Survival\nanalysis = survival\npurpose = general-research\ncohort = all\ntime = time\nevent = died\ngroup = arm\nstrata = none\nnodes = FI\n");
run("$sund study run --local --home $tmp/fi --out $tmp/s $tmp/s.ini");
$html = slurp("$tmp/s/report.html");
harmless($html, 'survival');
ok($html =~ /Survival curves/ && (() = $html =~ /stroke-width="2"/g) == 3, 'a curve for each group and for all');

spew("$tmp/v.ini", slurp("$tmp/s.ini") =~ s/group = arm/variants = 1-1500-A-G, 2-1500-A-G,2-2000-A-G/r);
run("$sund study run --local --home $tmp/fi --out $tmp/v $tmp/v.ini");
ok(slurp("$tmp/v/report.html") =~ m{<dt>variants asked</dt><dd>3</dd>}, 'of named variants, how many');

spew("$tmp/n.ini", slurp("$tmp/v.ini") =~ s/1-1500/NC_000001.10-1500/r);
run("$sund study run --local --home $tmp/fi --out $tmp/n $tmp/n.ini");
is(slurp("$tmp/n/table.tsv"), slurp("$tmp/v/table.tsv"), 'by the accession of the data\'s assembly');
spew("$tmp/n.ini", slurp("$tmp/v.ini") =~ s/1-1500/NC_000001.11-1500/r);
fails("$sund study run --local --home $tmp/fi --out $tmp/n2 $tmp/n.ini", 'and not of another', qr/the data here are on GRCh37/);

run("$sund meta --out $tmp/m $tmp/l/table.tsv $tmp/two/gwas-ssf.time.tsv.gz");
$html = slurp("$tmp/m/report.html");
harmless($html, 'meta-analysis');
ok($html =~ /Forest/ && $html =~ /random effects/, 'a forest');
fails("$sund kinship --min $_ $tmp/fi/store", "--min $_", qr/--min is .*a number of at most 0\.5 is expected/) for qw(0.7 nan -inf much);
done();
