#!/usr/bin/perl
# An encrypted store from its key to a study: the same bytes as from the store in the clear; what is refused, and in which words.
use strict;
use warnings;
use lib "$ENV{SUND_ROOT}/test";
use Sund;

my $cohort = "$tmp/cohort";
run("$sund simulate cohort --out $cohort --people 400 --sites 1500 --region 20:1000000-1300000 --missing 0.01 --format store,bcf --seed 5");
my $key = "$tmp/store.key";
my ($name) = out("$sund key make $key") =~ /the key ([0-9a-f]{16});/ or ok(0, 'key make names the key');
is(sprintf('%o', (stat $key)[2] & 07777), '600', 'a key is its owner\'s alone');
fails("$sund key make $key", 'and never written over', qr/is there already/);
my ($secret) = slurp($key) =~ /([0-9a-f]{64})/;

my $import = "--samples $cohort/samples.tsv $cohort/cohort.bcf";
my ($plain, $sealed) = ("$tmp/plain", "$tmp/sealed");
home($plain, id => 'local', dictionary => "$cohort/dictionary.tsv", people => "$cohort/people.tsv");
run("cp -r $plain $sealed");
spew("$sealed/sund.ini", slurp("$sealed/sund.ini") =~ s/^\[node\]\n\K/store_key = $key\n/mr);
run("$sund import --store $plain/store $import");
run("$sund import --key $key --store $sealed/store $import");

# ---- nothing in the clear ----
my ($someone) = map { (split /\t/)[0] } (split /\n/, slurp("$cohort/samples.tsv"))[7];
my ($indel) = sort { length $b <=> length $a } map { (split /\t/)[3], (split /\t/)[4] } split /\n/, out("bcftools view -H -G $cohort/cohort.bcf");
my $bytes = join '', map { slurp($_) } glob "$sealed/store/*";
my $open  = join '', map { slurp($_) } glob "$plain/store/*";
for my $word ($someone, 'cohort.bcf', 'SUND2') { ok(index($bytes, $word) < 0 && index($open, $word) >= 0, "'$word' is in the store in the clear, and not in the encrypted one") }
ok(length($bytes) < 1.08 * length $open, sprintf 'which is %.1f %% larger', 100 * (length($bytes) / length($open) - 1));

# ---- the same answers ----
is(out("$sund freq --key $key $sealed/store"), out("$sund freq $plain/store"), 'freq: the same bytes');
is(out("$sund freq $sealed/store 20:1000000-1050000"), out("$sund freq $plain/store 20:1000000-1050000"), 'without --key too, by the sund.ini of the home that the store lies in');
is(out("$sund kinship --maf 0 --missing 1 $sealed/store"), out("$sund kinship --maf 0 --missing 1 $plain/store"), 'kinship: the same bytes');
run("$sund verify --key $key $sealed/store");
ok(out("$sund info $sealed/store") =~ /^encrypted   AES-256-GCM, with the key $name$/m && out("$sund info $plain/store") =~ /^encrypted   no$/m, 'info says which is encrypted, and with what');
my ($release) = out("$sund info $plain/store") =~ /^release +(\w+)/m;
ok(out("$sund info --json $sealed/store") =~ /"release": *"$release"/, 'what is inside is the same release');
ok(out("$sund info $sealed") =~ /^encrypted   AES-256-GCM/m, 'info of the home opens it by store_key');
my ($digest) = out("$sund catalogue --assembly GRCh38 --out $tmp/c $cohort/cohort.bcf") =~ /catalogue = (\w+)/;
for my $kind ([counts => ''], [linear => "outcome = simulated_trait\ncovariates = age, sex\n"]) {
    study_file("$tmp/$kind->[0].ini", analysis => $kind->[0], nodes => 'local', catalogue => $digest);
    spew("$tmp/$kind->[0].ini", slurp("$tmp/$kind->[0].ini") . $kind->[1]);
    my ($a, $b) = map { local_study($_, "$tmp/c", "$tmp/$kind->[0].ini") } $plain, $sealed;
    ok(-s "$a/table.tsv" || glob("$a/*.tsv"), "study run --local, $kind->[0]: there is a result");
    is(out("diff -r $a $b || true; echo same"), "same\n", 'and it is the same bytes, every file');
}

# ---- tasks of a cluster, which here are run by what stands for sbatch: they read the key themselves ----
mkdir "$tmp/bin";
spew("$tmp/bin/sbatch", <<"SH");
#!/bin/sh
for a; do case \$a in --array=*) list=\${a#--array=} ;; --*) ;; *) break ;; esac; shift; done
echo "\$list" >>$tmp/arrays
for r in \$(echo "\$list" | tr , ' '); do for t in \$(seq \${r%-*} \${r#*-}); do SLURM_ARRAY_TASK_ID=\$t "\$@" >>$tmp/tasks.log 2>&1; done; done
for a; do work=\$a; done
cat \$work/brief >>$tmp/briefs
echo 7
SH
spew("$tmp/bin/$_", "#!/bin/sh\n") for qw(squeue scancel);
chmod 0755, glob "$tmp/bin/*";
study_file("$tmp/cluster.ini", analysis => 'counts', nodes => 'local', catalogue => $digest, chunk => 256);
my $here = local_study($sealed, "$tmp/c", "$tmp/cluster.ini");
spew("$sealed/sund.ini", slurp("$sealed/sund.ini") =~ s/^\[node\]\n\K/slurm_items = 300\n/mr);
{
    local $ENV{PATH} = "$tmp/bin:$ENV{PATH}";
    my $there = local_study($sealed, "$tmp/c", "$tmp/cluster.ini", '--engine slurm');
    is(out("diff -r $here $there || true; echo same"), "same\n", 'tasks of a cluster: the same bytes');
    ok(-s "$tmp/arrays" && slurp("$tmp/briefs") =~ /\Q$key\E/ && slurp("$tmp/briefs") !~ /$secret/, 'they were told where the key is, not what it is') or note(slurp("$tmp/tasks.log"));
    my $ini = slurp("$sealed/sund.ini");
    mkdir "$tmp/given", 0700;
    run("cp $key $tmp/given/sund-store-key");
    spew("$sealed/sund.ini", $ini =~ s/^store_key = .*$/store_key = credential:sund-store-key/mr);
    fails("CREDENTIALS_DIRECTORY=$tmp/given $sund study run --local --engine slurm --home $sealed --catalogue $tmp/c $tmp/cluster.ini", 'a credential cannot be given to them', qr/name a file that they see as store_key/);
    spew("$sealed/sund.ini", $ini);
}

# ---- refusals ----
my $away = "$tmp/away";
run("cp -r $sealed/store $away");
fails("$sund freq $away",                'without the key: what to give', qr/is encrypted.*$name.*--key FILE.*store_key = FILE/);
fails("$sund verify $away",              'verify too',  qr/--key FILE/);
fails("$sund info $away",                'info too',    qr/--key FILE/);
fails("$sund simulate trait --samples $cohort/samples.tsv --out $tmp/t $away", 'and simulate', qr/--key FILE/);
run("$sund key make $tmp/other.key");
fails("$sund freq --key $tmp/other.key $away", 'another key: that it is another', qr/is not that of this store, which is encrypted with the key $name/);
chmod 0644, $key;
fails("$sund freq --key $key $away", 'a key that others may read', qr/may be read by others/);
fails("$sund study run --local --home $sealed --catalogue $tmp/c $tmp/counts.ini", 'of the home too', qr/may be read by others/);
chmod 0600, $key;
spew("$tmp/no.key", 'sund-store-key ' . 'z' x 64 . "\n");
chmod 0600, "$tmp/no.key";
fails("$sund freq --key $tmp/no.key $away", 'a file that is no key', qr/is no key of a store/);
fails("$sund freq --key credential:store $away", 'a credential that systemd did not give', qr/LoadCredential=store:/);
mkdir "$tmp/credentials", 0700;
run("cp $key $tmp/credentials/sund-store-key");
is(out("CREDENTIALS_DIRECTORY=$tmp/credentials $sund freq $away"), out("$sund freq $plain/store"), 'and one that it gave');
chmod 0600, "$away/sites.bin";
my $sites = slurp("$away/sites.bin");
substr($sites, 5000, 1) = chr(1 ^ ord substr $sites, 5000, 1);
spew("$away/sites.bin", $sites);
fails("$sund freq --key $key $away", 'a byte that was altered, by its file', qr/sites\.bin: bytes \d+-\d+ cannot be decrypted/);
fails("$sund verify --key $key $away", 'by verify too', qr/sites\.bin: bytes/);

# ---- a store that is there already, and another key ----
run("$sund encrypt --key $key $plain/store $tmp/later");
run("$sund encrypt --was $key --key $tmp/other.key $tmp/later $tmp/rekeyed");
is(out("$sund freq --key $tmp/other.key $tmp/rekeyed"), out("$sund freq $plain/store"), 'encrypted afterwards, and with another key: the same counts');
fails("$sund freq --key $key $tmp/rekeyed", 'which the old key does not open', qr/is not that of this store/);
fails("$sund encrypt --key $key $plain/store $tmp/later", 'nothing is written over', qr/exists already/);

# ---- who withdrew ----
spew("$tmp/gone", "$someone\n");
run("$sund people --home $_ --withdraw $tmp/gone && $sund compact --home $_") for $plain, $sealed;
is(out("$sund freq $sealed/store"), out("$sund freq $plain/store"), 'compaction: the same counts');
ok(-e "$sealed/store/manifest.bin" && !-e "$sealed/store/manifest.txt", 'and the new store is encrypted too');
ok(!grep({ /$secret/ } map { slurp($_) } "$tmp/stdout", glob("$sealed/* $sealed/*/* $sealed/*/*/*")), 'the key is in no file of the home');
done();
