#include "base/progress.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *sund_commas(uint64_t v, char out[32])
{
    char   digits[24];
    int    n = snprintf(digits, sizeof digits, "%llu", (unsigned long long) v);
    size_t at = 0;

    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = 0;
    return out;
}

void sund_progress_begin(sund_progress *p, const char *label, const char *unit, uint64_t total)
{
    memset(p, 0, sizeof *p);
    p->label = label;
    p->unit = unit;
    p->total = total;
    p->began_s = sund_time_mono_s();
    p->on = isatty(STDERR_FILENO) == 1;
}

void sund_progress_at(sund_progress *p, uint64_t done)
{
    double now, spent;
    char   a[32], b[32], bar[64] = "";

    if (!p->on)
        return;
    now = sund_time_mono_s();
    if (now - p->shown_s < 0.1)
        return;
    p->shown_s = now;
    spent = now - p->began_s;
    if (p->total == 0) {
        fprintf(stderr, "\r\033[K%s  %s %s  %.1f s", p->label, sund_commas(done, a), p->unit, spent);
        return;
    }
    for (uint64_t i = 0; i < 16; i++)
        (void) strcat(bar, i * p->total < done * 16 ? "\xE2\x96\x88" : "\xE2\x96\x91");
    fprintf(stderr, "\r\033[K%s  %s %3.0f %%  %s of %s %s  %.1f s", p->label, bar, 100.0 * (double) done / (double) p->total, sund_commas(done, a),
            sund_commas(p->total, b), p->unit, spent);
    if (done && done < p->total && spent > 1.0)
        fprintf(stderr, "  about %.0f s left", spent * (double) (p->total - done) / (double) done);
}

void sund_progress_end(sund_progress *p)
{
    if (p->on)
        fprintf(stderr, "\r\033[K");
}
