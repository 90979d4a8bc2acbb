#!/usr/bin/perl
# Whom a lookup counts: the people whom people.db knows, who have not withdrawn and whose consent allows it - at once, in a node that runs. Against counts made here.
use strict;
use warnings;
use lib 'test';
use Sund;
use JSON::PP;

my %people;    # node => [ { id, sex, gt => { variant => '0/1' } } ]
my %node;
my $s = 5;
sub draw { $s = ($s * 1103515245 + 12345) % 2147483648; return int($s / 65536) % $_[0] }
my @site = map { [ $_ > 6 ? 'X' : 20, ($_ > 6 ? 5_000_000 : 0) + 100 * $_ ] } 1 .. 9;
for my $c (qw(AA BB CC)) {
    my @p = map { { id => sprintf("$c%03d", $_), sex => (qw(M F F M U))[draw(5)] } } 1 .. 90;
    my $rows = '';
    for my $site (@site) {
        my ($chrom, $pos) = @$site;
        for my $p (@p) {
            my $one = $chrom eq 'X' && $p->{sex} eq 'M';
            my @a = map { draw(100) < 3 ? '.' : draw(10) < 4 ? 1 : 0 } 1 .. ($one ? 1 : 2);
            @a = map { '.' } @a if grep { $_ eq '.' } @a;
            $p->{gt}{"$chrom-$pos-A-G"} = \@a;
        }
        $rows .= join("\t", $chrom, $pos, '.', 'A', 'G', '.', '.', '.', 'GT', map { join '/', @{ $_->{gt}{"$chrom-$pos-A-G"} } } @p) . "\n";
    }
    spew("$tmp/$c.vcf", join '', map { "$_\n" } '##fileformat=VCFv4.2', '##contig=<ID=20,length=63025520>', '##contig=<ID=X,length=155270560>', '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">',
        join("\t", '#CHROM', qw(POS ID REF ALT QUAL FILTER INFO FORMAT), map { $_->{id} } @p), $rows =~ s/\n\z//r);
    spew("$tmp/$c.bed", "20\t0\t100000\nX\t5000000\t5100000\n");
    spew("$tmp/$c.samples", "person\tsex\n" . join '', map { "$_->{id}\t$_->{sex}\n" } @p);
    spew("$tmp/$c.tsv", "person\tsex\tcountry\tconsent\n" . join '', map { "$_->{id}\t$_->{sex}\t$c\tGRU\n" } @p);
    $people{$c} = \@p;
    $node{$c} = { import => "--samples $tmp/$c.samples --assembly GRCh37 --callable $tmp/$c.bed $tmp/$c.vcf", people => "$tmp/$c.tsv", access => 'open', program => -x ($ENV{SUND_ASAN} // '') ? $ENV{SUND_ASAN} : $sund };
}
my $f = federation('lookups', %node);
my $anna = "$f->{at}/anna";

# AC and AN of the people who take part.
sub expected {
    my ($variant, $sex, @p) = @_;
    my ($ac, $an) = (0, 0);
    my $x = $variant =~ /^X/;
    for my $p (@p) {
        next if $sex && $p->{sex} ne $sex;
        for my $a (@{ $p->{gt}{$variant} // ($x && $p->{sex} eq 'M' ? [0] : [ 0, 0 ]) }) { next if $a eq '.'; $an++; $ac += $a }
    }
    return "$ac/$an";
}
# A node's row. One that has just been stopped may have taken the question with it: it is asked again (exit status 5, a node timed out).
sub asked {
    my ($variant, $id) = @_;
    for my $try (1 .. 4) {
        my $text = `$sund lookup --json --home $anna $variant 2>$tmp/said`;
        next if $? >> 8 == 5 && $try < 4;
        my ($row) = grep { $_->{node} eq $id } @{ decode_json($text)->{countries} };
        return $row;
    }
}
# Until nodes that were started answer: a lookup before would wait for them.
my %begun;
sub until_counted { my $end = time + 60; for my $id (@_) { while (time < $end && (() = slurp("$f->{at}/$id.log") =~ /lookups count/g) <= ($begun{$id} // 0)) { select undef, undef, undef, 0.05 } } return }
sub restarts { $begun{$_[0]} = () = slurp("$f->{at}/$_[0].log") =~ /lookups count/g; start_node($f, $_[0]); return until_counted($_[0]) }
sub all_sites {
    my ($id, $name, @p) = @_;
    my $wrong = '';
    for my $v (map { "$_->[0]-$_->[1]-A-G" } @site) {
        my $r = asked($v, $id);
        for my $w ([ $r, '' ], [ $r->{male}, 'M' ], [ $r->{female}, 'F' ]) {
            my $want = expected($v, $w->[1], @p);
            my $got = $r->{status} eq 'counted' ? ($w->[0]{ac} // '?') . '/' . ($w->[0]{an} // '?') : $r->{status};
            $wrong .= "# $v $w->[1]: got $got, want $want\n" if $got ne $want;
        }
    }
    my $r = asked('20-50000-A-G', $id);    # covered, carried by nobody
    my $got = $r->{status} eq 'counted' ? "$r->{ac}/$r->{an}" : $r->{status};
    my $want = expected('20-50000-A-G', '', @p);
    $wrong .= "# absent: got $got, want $want\n" if $got ne $want;
    return ok($wrong eq '', $name, $wrong);
}
until_counted(qw(AA BB CC));

# A name that says its assembly is one there: data on another are never counted for it. This hub's own pages do not know what its nodes' data are on.
is(asked("'NC_000020.10:g.100A>G'", 'AA')->{ac}, asked('20-100-A-G', 'AA')->{ac}, 'the accession of their assembly');
my $other = asked("'NC_000020.11:g.100A>G'", 'AA');
ok($other->{status} eq 'refused' && $other->{why} =~ /GRCh37.*GRCh38/ && !defined $other->{ac}, 'the accession of another is refused', encode_json($other));
is(asked('NC_000020.11-50000-A-G', 'BB')->{status}, 'refused', 'also where nobody carries it');
ok(`$sund count --home $anna --carrying NC_000020.11-100-A-G all` =~ /refused: the data here are on GRCh37/, 'and for carriers');
ok(`$sund freq $f->{at}/AA/store NC_000020.11-100-A-G 2>&1` =~ /the data here are on GRCh37/ && $? >> 8 == 2, 'and by freq');
my ($port) = slurp("$f->{at}/hub/sund.ini") =~ /^port = (\d+)/m;
for my $q ('referenceName=20&start=99&referenceBases=A&alternateBases=G&assemblyId=GRCh38', 'referenceName=20&start=50&end=250&assemblyId=GRCh38', 'genomicAlleleShortForm=NC_000020.11:g.100A%3EG') {
    my ($no, $yes) = map { decode_json(`curl -sk 'https://127.0.0.1:$port/beacon/g_variants?$_'`) } $q, $q =~ s/GRCh38/GRCh37/r =~ s/20\.11/20.10/r;
    ok(($no->{error}{errorMessage} // '') =~ /the data here are on GRCh37/ && $no->{error}{errorCode} == 400 && $yes->{responseSummary}{exists}, "at the hub's own pages an error, not an empty answer", encode_json([ $no, $yes ]));
}

my %at = map { $_ => [ @{ $people{$_} } ] } qw(AA BB CC);
all_sites('AA', 'everybody takes part: counts by sex, on 20 and X', @{ $at{AA} });

# ---- several at once ----
my @line = split /\n/, `$sund lookup --json --home $anna 20-100-A-G nonsense X-5000700-A-G 2>$tmp/said`;
is($? >> 8, 2, 'a word that is no variant: exit status 2');
for ([ 'hello', qr/'hello' is no variant: the contig is none of/ ], [ "'NM_004333.6:c.1799T>A'", qr/on a transcript.*write the one on the chromosome/ ], [ "'NC_000020.10:g.100_101insTG'", qr/--reference FASTA/ ], [ 'rs1', qr/--names FILE/ ], [ "'BRAF p.(Val600Glu)'", qr/--names FILE/ ]) {
    my ($word, $says) = @$_;
    fails("$sund lookup --home $anna $word", "$word: what to do instead", $says);
}
is(join(' ', map { my $o = decode_json($_); "$o->{variant} " . ($o->{error} ? 'error' : scalar @{ $o->{countries} }) } @line), '20-100-A-G 3 nonsense error X-5000700-A-G 3', 'the others are answered; --json is an object a line');
ok(slurp("$tmp/said") =~ /nonsense/ && slurp("$tmp/said") =~ /1 of 3/, 'and stderr says which');
ok(out("$sund lookup --home $anna 20-100-A-G") =~ /^ +node +AC/m, 'the table lists nodes');
stop('lookups/CC');
my $text = `$sund lookup --home $anna 20-100-A-G 2>$tmp/said`;
is($? >> 8, 5, 'a silent node: exit status 5');
ok($text =~ /^ +CC .*timeout$/m && $text =~ /^ +AA .*counted$/m && slurp("$tmp/said") =~ /from CC:/, 'with what the others said', "# $text");
restarts('CC');

# ---- withdrawn: at once, in the node that runs ----
spew("$tmp/gone", join '', map { "$_->{id}\n" } @{ $at{AA} }[ 0 .. 29 ]);
run("$sund people --home $f->{at}/AA --withdraw $tmp/gone");
splice @{ $at{AA} }, 0, 30;
all_sites('AA', 'thirty withdrew: the next lookup does not count them', @{ $at{AA} });
all_sites('CC', 'elsewhere nothing changes', @{ $at{CC} });
stop('lookups/AA');
restarts('AA');
all_sites('AA', 'nor does a node that starts again', @{ $at{AA} });

# ---- compaction: from storage too, and nobody can tell by the answers ----
my $first = (map { "$_" } split /\n/, slurp("$tmp/gone"))[0];
ok(`strings -n 4 $f->{at}/AA/store/people.bin` =~ /^.?\Q$first\E/m || slurp("$f->{at}/AA/store/people.bin") =~ /\Q$first\E/, 'before it, the store holds who withdrew');
fails("$sund compact --home $f->{at}/AA", 'a node that runs keeps its store', qr/stop it and run this again/);
ok(-d "$f->{at}/AA/store.compact", 'the new store is ready beside it');
stop('lookups/AA');
ok(out("$sund compact --home $f->{at}/AA") =~ /store: \d+ people, \d+ sites/, 'and takes its place in the stopped node');
ok(slurp("$f->{at}/AA/store/people.bin") !~ /\Q$first\E/ && !-d "$f->{at}/AA/store.compact", 'which holds them no more, nor does a copy');
is(`sqlite3 $f->{at}/AA/people.db "SELECT COUNT(*) FROM value JOIN person ON person=person.id WHERE withdrawn=1" 2>/dev/null` || "0\n", "0\n", 'their values are gone') if -x '/usr/bin/sqlite3';
ok(out("$sund compact --home $f->{at}/AA") =~ /nobody who withdrew/, 'again: nothing to do');
ok(out("$sund verify $f->{at}/AA/store") =~ /\S/ && out("$sund log show --home $f->{at}/AA") =~ /compact .*store [0-9a-f]{16} becomes [0-9a-f]{16}/, 'the log says so');
restarts('AA');
all_sites('AA', 'lookups of those who stay are the same', @{ $at{AA} });

# ---- consent ----
my %code = (NRES => 1, GRU => 1, HMB => 0, POA => 0, CC => 0, 'DS=MONDO:0005148' => 0, RS => 0, 'GRU,NPU' => 0, 'GRU,NMDS' => 1, '' => 0);
my @code = sort keys %code;
my @b = @{ $at{BB} };
spew("$tmp/consent.tsv", "person\tconsent\n" . join '', map { "$b[$_]{id}\t$code[$_ % @code]\n" } 0 .. $#b);
run("$sund people --home $f->{at}/BB $tmp/consent.tsv");
all_sites('BB', 'a lookup counts whose consent allows general research: ' . join(' ', grep { $code{$_} } @code), map { $b[$_] } grep { $code{ $code[$_ % @code] } } 0 .. $#b);
stop('lookups/BB');
spew("$f->{at}/BB/sund.ini", slurp("$f->{at}/BB/sund.ini") =~ s/^# lookup = .*$/lookup = health-research/mr);
restarts('BB');
all_sites('BB', 'or another purpose, which the node names', map { $b[$_] } grep { $code{ $code[$_ % @code] } || $code[$_ % @code] eq 'HMB' } 0 .. $#b);
ok(slurp("$f->{at}/BB.log") =~ /lookups count 36 of the store's 90 people: those whose consent allows health-research/, "the node's log says how many");
stop('lookups/BB');
my $ini = slurp("$f->{at}/BB/sund.ini");
spew("$f->{at}/BB/sund.ini", $ini =~ s/^lookup = .*$/lookup = curiosity/mr);
fails("$sund node --home $f->{at}/BB", 'a purpose that is none', qr/sund\.ini/, qr/lookup/, qr/health-research/);
spew("$f->{at}/BB/sund.ini", $ini);

# ---- people of the store whom people.db does not know ----
unlink "$f->{at}/BB/people.db", "$f->{at}/BB/people.db-wal", "$f->{at}/BB/people.db-shm";
run("$sund people --home $f->{at}/BB " . spew("$tmp/few.tsv", "person\tconsent\n" . join '', map { "$_->{id}\tGRU\n" } @b[ 0 .. 39 ]));
restarts('BB');
all_sites('BB', 'who is not in people.db takes part in nothing', @b[ 0 .. 39 ]);
run("$sund people --home $f->{at}/BB " . spew("$tmp/none.tsv", "person\tconsent\n" . join '', map { "$_->{id}\tRS\n" } @b[ 0 .. 39 ]));
is(asked('20-100-A-G', 'BB')->{status}, 'not-covered', 'nobody takes part: not covered');
is(asked('20-50000-A-G', 'BB')->{status}, 'not-covered', 'nor is anybody reference');
stop_all();
ok(slurp("$f->{at}/$_.log") !~ /Sanitizer|runtime error/, "$_: no sanitizer spoke") for sort keys %node;
done();
