#!/usr/bin/perl
# The documentation holds together: links lead somewhere, every analysis has its page and an example that is sound, every command is named in a page or in the README.
use strict;
use warnings;
use lib 'test';
use Sund;
use File::Basename;

# ---- links ----
my @md = sort grep { $_ ne '' } glob('*.md doc/*.md doc/*/*.md bench/*.md demo/*.md');
my %heading;
for my $f (@md) {
    for (slurp($f) =~ /^#+ +(.+?) *$/mg) { $heading{$f}{ lc s/[^\w\- ]//gr =~ tr/ /-/r } = 1 }
}
for my $f (@md) {
    my @lost;
    my $text = slurp($f) =~ s/^ {4}.*$//mgr =~ s/`[^`]*`//gr;
    for my $to ($text =~ /\]\(([^)\s]+)\)/g) {
        next if $to =~ m{^https?://};
        my ($path, $part) = $to =~ /^([^#]*)(?:#(.+))?$/;
        my $at = $path eq '' ? $f : (dirname($f) eq '.' ? '' : dirname($f) . '/') . $path;
        1 while $at =~ s{[^/]+/\.\./}{};
        push @lost, $to if !-e $at || ($part && $at =~ /\.md$/ && !$heading{$at}{$part});
    }
    ok(!@lost, "links of $f lead somewhere", join('', map { "# $_\n" } @lost));
}

# ---- layers ----
my %listed = map { $_ => 1 } slurp('ARCHITECTURE.md') =~ m{`(\w+)/`}g;
my @layer = map { basename($_) } grep { -d } glob 'src/*';
ok(!grep({ !$listed{$_} } @layer), 'ARCHITECTURE.md names every layer', '# ' . join(' ', grep { !$listed{$_} } @layer) . "\n");

# ---- threats: every promise names tests that there are ----
my %test = map { $_ => 1 } slurp('doc/threats.md') =~ m{`((?:unit|federation|cli|fuzz|oracle)/[\w/]+\.[ct])`}g;
my @absent = grep { !-s "test/$_" } sort keys %test;
ok(%test > 10 && !@absent, scalar(keys %test) . ' tests that doc/threats.md names', "# @absent\n");
ok(!grep({ !/\btest\b|`(?:unit|federation|cli|fuzz)\// } grep { /^\| (?!promise|---)/ } split /\n/, slurp('doc/threats.md')), 'and every promise has one');

# ---- analyses ----
my $help = out("$sund study check --help");
my ($list) = $help =~ /^Analyses:\n(.*)/ms;
my @analysis = ($list // '') =~ /^  ([a-z]+) +\S/mg;
ok(@analysis >= 6, scalar(@analysis) . ' analyses in the help');
for my $a (@analysis) {
    ok(-s "doc/analyses/$a.md", "doc/analyses/$a.md is there");
    ok(-s "doc/examples/$a.ini" && slurp("doc/examples/$a.ini") =~ /^analysis *= *$a *$/m, "doc/examples/$a.ini is an example of it");
}
for my $f (sort glob 'doc/examples/*.ini') {
    my ($a) = slurp($f) =~ /^analysis *= *(\w+) *$/m;
    ok($a && out("$sund study check $f") =~ /sound/, "$f is sound");
}
done();
