# The oracle of SHACL: shacl-validate.mjs of the shared recipes, with its two packages, which npm brings into build/oracle once. Skips with a word where that cannot be.
package Shacl;
use strict;
use warnings;
use Exporter 'import';
use Cwd qw(abs_path);
use Sund;
our @EXPORT = qw(oracle jsonld_triples profile);

my $at;

sub prepare {
    my $from = "$ENV{SUND_SHARED}/recipes/shacl-validate.mjs";
    my $root = $ENV{SUND_ROOT} // '.';
    -e $from or skip_all('no shared recipes (shacl-validate.mjs)');
    system('command -v node >/dev/null && command -v npm >/dev/null') == 0 or skip_all('no nodejs with npm');
    system("mkdir -p '$root/build/oracle'") == 0 or die;
    $at = abs_path("$root/build/oracle");
    system("cp '$from' '$at/'") == 0 or die;
    my @need = grep { !-d "$at/node_modules/$_->[0]" } (['rdf-validate-shacl', '0.6.5'], ['n3', '1.26.0'], ['jsonld', '8.3.3']);
    if (@need) {
        my $what = join ' ', map { "$_->[0]\@$_->[1]" } @need;
        system("cd '$at' && timeout 120 npm install --no-audit --no-fund $what >$tmp/npm 2>&1") == 0 or skip_all('npm brings no rdf-validate-shacl, n3 and jsonld');
    }
    return;
}

# Numbers of results and of violations of each graph: (file => [results, violations]).
sub oracle {
    my ($shapes, @graphs) = @_;
    prepare() if !$at;
    my ($file, %r);
    for (split /\n/, `node '$at/shacl-validate.mjs' '$shapes' @{[map { "'$_'" } @graphs]} 2>$tmp/oracle`) {
        if    (/^(\S+): (\d+) focus nodes, (\d+) results$/) { $file = $1; $r{$file} = [$3, 0, $2] }
        elsif (/^  Violation /)                             { $r{$file}[1]++ }
    }
    keys %r == @graphs or die "the oracle said nothing: " . slurp("$tmp/oracle");
    return %r;
}

# What a JSON-LD processor reads in a document: how many triples, and those without blank nodes as N-Triples, sorted.
sub jsonld_triples {
    my ($file) = @_;
    prepare() if !$at;
    spew("$at/quads.mjs", "import fs from 'node:fs';\nimport jsonld from 'jsonld';\nprocess.stdout.write(await jsonld.toRDF(JSON.parse(fs.readFileSync(process.argv[2], 'utf8')), { format: 'application/n-quads' }));\n");
    my @t = split /\n/, out("node '$at/quads.mjs' '$file'");
    return (scalar @t, join "\n", sort grep { !/_:/ } @t);
}

# A folder with the shapes of a profile, by the names of their files among the shared ones, and the same for the oracle.
sub profile {
    my ($name, @pattern) = @_;
    my @f = map { my @g = glob(qq("$ENV{SUND_SHARED}/conformance/dcat/$_")); @g } @pattern;
    @f or skip_all("no shared shapes ($name)");
    run("mkdir -p $tmp/shapes-$name");
    my $i = 0;
    for (@f) { $i++; system('cp', $_, "$tmp/shapes-$name/$i.ttl") == 0 or die }
    return ("$tmp/shapes-$name", join ',', map { "$tmp/shapes-$name/$_.ttl" } 1 .. $i);
}

1;
