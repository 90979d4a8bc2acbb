use strict;
use warnings;
use Bench;

# The same store in the clear and encrypted: CPU time of opening it and counting every tenth person at every site once, the least of many runs in turn.
for my $what (['n20k', 'phased'], ['n20k-missing', '0.3 % missing, not phased'], ['n100k', 'phased']) {
    my ($name, $how) = @$what;
    task "encrypted-$name" => sub {
        my $d   = data($name);
        my $at  = "$work/" . scale();
        my $key = "$at/store.key";
        out_of("$sund key make $key") if !-e $key;
        out_of("rm -rf $at/$name.encrypted && $sund import --key $key --store $at/$name.encrypted --samples $d->{samples} $d->{bcf}") if !-e "$at/$name.encrypted" || -M "$at/$name.encrypted" > -M $d->{store};
        my $c = tool('encrypted') . " $d->{store} $at/$name.encrypted $key 15";
        my $r = measure(3, ours => { cmd => $c });
        my $v = $r->{ours}{value};
        row(task => "counts over a tenth of $d->{n} people, $how, encrypted over in the clear, once over the whole store", unit => 'ratio', ours => $v->{first_ratio}, goal => '<= 1.1');
        row(task => 'the same, blocks at hand', unit => 'ratio', ours => $v->{hot_ratio}, goal => '<= 1.1');
        row(task => 'one site of an encrypted store, its block not at hand', unit => 'us', ours => $v->{cold_one_us});
        row(task => 'of the same store in the clear', unit => 'us', ours => $v->{cold_one_plain_us});
        return if $name ne 'n20k';
        my $sodium = measure(3, ours => { cmd => "env BENCH_SODIUM=1 $c" })->{ours}{value};
        row(task => 'counts once over the whole store, as above, with libsodium in the place of OpenSSL', unit => 'ratio', ours => $sodium->{first_ratio});
        row(task => 'AES-256-GCM of one processor in units of 4 KiB: OpenSSL', unit => 'GB/s', ours => $v->{openssl_gb_s});
        row(task => 'in units of 64 KiB', unit => 'GB/s', ours => $v->{openssl_64k_gb_s});
        row(task => 'in units of 4 KiB by libsodium', unit => 'GB/s', ours => $v->{sodium_gb_s});
    };
}
1;
