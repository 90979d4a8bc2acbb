# Small plots: panels of lines on logarithmic axes, as SVG.
package Plot;
use strict;
use warnings;
use Exporter 'import';
use POSIX ();
our @EXPORT = qw(plot);

my @colour = map { "#$_" } qw(1b6ca8 d1495b 2e933c edae49 6a4c93 00798c 8d6346 3d405b);
my ($w, $h, $left, $top) = (430, 330, 64, 48);    # a panel's axes, and what is left of and above them

sub log10 { return log($_[0]) / log 10 }
sub escape { return $_[0] =~ s/&/&amp;/gr =~ s/</&lt;/gr }

# 1, 10, 1k, 500k
sub short { my ($x) = @_; return $x >= 1e6 ? $x / 1e6 . 'M' : $x >= 1e3 ? $x / 1e3 . 'k' : $x }

sub text { my ($x, $y, $s, $more) = @_; return sprintf "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", $x, $y, $more // '', escape($s) }

# A panel at (x, y): title, x and y labels, lines [name, [[x, y], ...]]; slope => 1 draws a dotted line of that slope through the first line's last point.
sub panel {
    my ($x0, $y0, $p) = @_;
    my @point = map { @{ $_->[1] } } @{ $p->{lines} };
    my @x = sort { $a <=> $b } map { log10($_->[0]) } @point;
    my @y = sort { $a <=> $b } map { log10($_->[1]) } @point;
    my ($xa, $xb, $ya, $yb) = (POSIX::floor($x[0] + 1e-9), POSIX::ceil($x[-1] - 1e-9), POSIX::floor($y[0]), POSIX::ceil($y[-1]));
    $xb++ if $xb == $xa;
    $yb++ if $yb == $ya;
    my $px = sub { $x0 + $left + $w * ($_[0] - $xa) / ($xb - $xa) };
    my $py = sub { $y0 + $top + $h - $h * ($_[0] - $ya) / ($yb - $ya) };
    my $t  = text($x0 + $left, $y0 + $top - 18, $p->{title}, 'font-size="15" font-weight="bold"');
    for my $e ($xa .. $xb) {
        $t .= sprintf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", ($px->($e)) x 2, $py->($ya), $py->($yb);
        $t .= text($px->($e), $py->($ya) + 17, short(10**$e), 'text-anchor="middle"');
    }
    for my $e ($ya .. $yb) {
        $t .= sprintf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", $px->($xa), $px->($xb), ($py->($e)) x 2;
        $t .= text($px->($xa) - 7, $py->($e) + 4, short(10**$e), 'text-anchor="end"');
    }
    $t .= text($x0 + $left + $w / 2, $y0 + $top + $h + 38, $p->{x}, 'text-anchor="middle"');
    $t .= text(0, 0, $p->{y}, sprintf('text-anchor="middle" transform="translate(%.1f %.1f) rotate(-90)"', $x0 + 18, $y0 + $top + $h / 2));
    my $k = 0;
    for my $l (@{ $p->{lines} }) {
        my ($name, $at) = @$l;
        my $c = $colour[$k % @colour];
        my @xy = map { sprintf '%.1f,%.1f', $px->(log10($_->[0])), $py->(log10($_->[1])) } sort { $a->[0] <=> $b->[0] } @$at;
        $t .= "<polyline fill=\"none\" stroke=\"$c\" stroke-width=\"1.6\" points=\"@xy\"/>\n";
        $t .= join '', map { my ($x, $y) = split /,/; "<circle cx=\"$x\" cy=\"$y\" r=\"2.8\" fill=\"$c\"/>\n" } @xy;
        $t .= text($x0 + $left + 10, $y0 + $top + 16 + 15 * $k++, $name, "fill=\"$c\"");
    }
    return $t . slope($p, $xa, $xb, $ya, $yb, $px, $py);
}

# Linear growth, to compare with: dotted, through the last point of the last line.
sub slope {
    my ($p, $xa, $xb, $ya, $yb, $px, $py) = @_;
    my ($end) = sort { $b->[0] <=> $a->[0] } @{ $p->{lines}[-1][1] };
    my ($x, $y) = map { log10($_) } @$end;
    my ($from, $to) = ($xa > $x - ($y - $ya) ? $xa : $x - ($y - $ya), $xb < $x + ($yb - $y) ? $xb : $x + ($yb - $y));
    return sprintf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#888\" stroke-dasharray=\"2 4\"/>\n", $px->($from), $py->($y + $from - $x), $px->($to), $py->($y + $to - $x);
}

# Panels in two columns.
sub plot {
    my ($heading, @panel) = @_;
    my ($pw, $ph) = ($left + $w + 24, $top + $h + 56);
    my $rows = int((@panel + 1) / 2);
    my $t = sprintf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n", 2 * $pw, 28 + $rows * $ph;
    $t .= text(16, 24, $heading, 'font-size="13" fill="#555"');
    for my $k (0 .. $#panel) { $t .= panel($pw * ($k % 2), 28 + $ph * int($k / 2), $panel[$k]) }
    return "$t</svg>\n";
}

1;
