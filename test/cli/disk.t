#!/usr/bin/perl
# A disk that fills: an import stops with an error that says so, what was there stays as it was, and with room it goes on to the same store.
# Needs a small disk of its own: a tmpfs in a mount namespace, so root or a kernel that lets users have one.
use strict;
use warnings;
use lib 'test';
use Sund;

my $unshare = $> == 0 ? 'unshare -m' : 'unshare -rm';
system("$unshare sh -c 'mount -t tmpfs -o size=1m none /mnt' >/dev/null 2>&1") == 0 or skip_all('no small disk can be mounted here');
my @id = map { sprintf 'P%03d', $_ } 1 .. 200;
my $s = 3;
sub draw { $s = ($s * 1103515245 + 12345) % 2147483648; return $s >> 8 }
my $head = "##fileformat=VCFv4.2\n##contig=<ID=20,length=63025520>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"x\">\n" . join("\t", '#CHROM', qw(POS ID REF ALT QUAL FILTER INFO FORMAT), @id) . "\n";
sub vcf { my ($path, $n) = @_; return spew($path, $head . join '', map { join("\t", 20, 100 * $_, '.', 'A', 'G', '.', '.', '.', 'GT', map { (qw(0/0 0/1 1/1 ./.))[draw() % 4] } @id) . "\n" } 1 .. $n) }
vcf("$tmp/small.vcf", 50);
vcf("$tmp/large.vcf", 20000);
spew("$tmp/samples.tsv", "person\tsex\n" . join '', map { "$_\tF\n" } @id);

# On a disk of 600 KB: an old release, then one that does not fit; then the disk grows.
my $import = "$sund import --samples $tmp/samples.tsv --assembly GRCh37";
spew("$tmp/script.sh", <<"END");
set -u
mount -t tmpfs -o size=600k none /mnt || exit 9
cd /mnt
$import --store old $tmp/small.vcf >/dev/null || exit 8
(cd old && b2sum *) >$tmp/before
$import --store new $tmp/large.vcf >$tmp/said 2>&1; echo "status \$?" >>$tmp/said
$import --store new $tmp/large.vcf >$tmp/again 2>&1; echo "status \$?" >>$tmp/again
ls >$tmp/list
(cd old && b2sum *) >$tmp/after
$sund verify old >$tmp/verified 2>&1 || exit 7
mount -o remount,size=60m /mnt || exit 6
$import --store new $tmp/large.vcf >$tmp/resumed 2>&1 || exit 5
$sund verify new >>$tmp/verified 2>&1 || exit 4
cp -r new $tmp/new
END
my $status = system("$unshare sh $tmp/script.sh");
ok($status == 0, 'the script on the small disk ran to its end', "# status $status\n" . join '', map { "# $_: " . slurp("$tmp/$_") } qw(said again resumed verified));
for my $run (qw(said again)) {
    my $said = slurp("$tmp/$run");
    ok($said =~ /No space left on device/ && $said =~ /^status 5$/m, "a full disk is an error that says so ($run)", "# $said");
}
ok(slurp("$tmp/list") =~ /^old$/m && slurp("$tmp/list") !~ /^new$/m, 'no store has appeared');
ok(-s "$tmp/before" && slurp("$tmp/before") eq slurp("$tmp/after"), 'the old release is untouched, byte for byte');
ok(scalar(slurp("$tmp/verified") =~ /old.*new/s), 'and sound, as is the new one once there is room');
run("$import --store $tmp/elsewhere $tmp/large.vcf");
is(out("diff -r $tmp/new $tmp/elsewhere && echo same"), "same\n", 'the import that went on made the bytes of one that was never stopped');
done();
