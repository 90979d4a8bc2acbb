#!/usr/bin/perl
# Tables are the same bytes whoever compiled the program, and how: gcc -O2 (what `make` builds), gcc -O0, gcc -O3 for this machine, clang -O3.
use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/..';
use Sund;

my %bytes;
for my $variant (qw(release o0 native clang)) {
    my $program = "$ENV{SUND_TEST_BUILD}/$variant/test/test_bytes.t";
    ok(-x $program, "$variant was built") or next;
    my $text = out("$program 2>&1");
    $bytes{$variant} = join '', map { "$_\n" } grep { /^# bytes of / } split /\n/, $text;
}
my $n = () = $bytes{release} =~ /^#/mg;
ok($n > 8, "$n studies over all analyses");
is($bytes{$_}, $bytes{release}, "$_ gives the bytes of release") for qw(o0 native clang);
done();
