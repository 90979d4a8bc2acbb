# Looks for what must not leave: words and numbers in every dress in which bytes carry them.
package Canary;
use strict;
use warnings;
use Exporter 'import';
use MIME::Base64 qw(encode_base64);
use Compress::Zlib ();
our @EXPORT = qw(dresses numbers seen windows finder_finds);

sub base64_of { my ($c) = @_; return map { my $b = encode_base64(('x' x $_) . $c, ''); $b =~ s/=+$//; my $skip = int(($_ * 8 + 5) / 6); substr $b, $skip, int((length($c) * 8 - 12) / 6) } 0 .. 2 }

# A word raw, in hex, UTF-16, JSON's escapes, and base64 in three phases.
sub dresses {
    my ($c) = @_;
    my $json = join '', map { sprintf '\\u%04x', ord } split //, $c;
    return ($c, unpack('H*', $c), uc unpack('H*', $c), join("\0", split //, $c), join('', map { "\0$_" } split //, $c), $json, base64_of($c));
}

# A number of three decimals as integers and doubles, either way round.
sub numbers { my ($y) = @_; my $raw = int($y * 1000 + ($y < 0 ? -0.5 : 0.5)); return map { ($_, scalar reverse $_) } pack('q<', $raw), pack('q<', $raw * 2**32), pack('d<', $y), pack('d<', $raw) }

sub found { my ($hay, $re) = @_; return $$hay =~ /($re)/ ? $1 : undef }

# The first of the needles in these bytes, raw or in any deflate stream that starts where a zlib or gzip header stands.
sub seen {
    my ($hay, @needle) = @_;
    my $re = join '|', map { quotemeta } @needle;
    $re = qr/$re/;
    my $hit = found($hay, $re);
    return $hit if defined $hit;
    while ($$hay =~ /(\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda])/g) {
        my $part = substr $$hay, pos($$hay) - length $1, 1 << 20;
        my $text = $1 =~ /^\x1f/ ? Compress::Zlib::memGunzip($part) : Compress::Zlib::uncompress($part);
        next if !defined $text;
        $hit = found(\$text, $re);
        return $hit if defined $hit;
    }
    return undef;
}

# So many stretches of 16 bytes of a file that look like nothing but itself.
sub windows {
    my ($bytes, $n, $draw) = @_;
    return grep { my %byte = map { $_ => 1 } split //, $_; keys %byte > 8 && $_ !~ /^[ -~]*$/ } map { substr $bytes, int($draw->() * (length($bytes) - 24)), 16 } 1 .. $n;
}

# Whether what looks finds: every dress in the middle of noise, and nothing in noise.
sub finder_finds {
    my ($draw) = @_;
    my $noise = join '', map { chr int(256 * $draw->()) } 1 .. 20000;
    my @needle = (dresses('HG00096'), numbers(71234.567));
    for my $in (@needle, map({ encode_base64($_ . 'HG00096 and more', '') } '', 'x', 'xx'), Compress::Zlib::compress("a person: HG00096\n" x 3), Compress::Zlib::memGzip("a person: HG00096\n")) {
        my $hay = $noise . $in . $noise;
        return 0 if !defined seen(\$hay, @needle);
    }
    return !defined seen(\$noise, @needle);
}
1;
