#include "node/again.h"

#include "base/crypto.h"
#include "base/log.h"

#include <stdint.h>
#include <unistd.h>

double sund_again_s(unsigned n, double share)
{
    double s = 0.25;

    for (unsigned i = 1; i < n && s < 4; i++)
        s *= 2;
    return s * (1 - share / 2);
}

void sund_again_wait(unsigned *n, const _Atomic bool *stop)
{
    uint16_t draw;
    double   until;

    sund_random(&draw, sizeof draw);
    *n += *n < 100;
    until = sund_time_mono_s() + sund_again_s(*n, draw / 65536.0);
    while (!*stop && sund_time_mono_s() < until)
        (void) usleep(50000);
}
