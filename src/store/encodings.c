#include "store/encoding.h"

extern const sund_encoding sund_encoding_rare, sund_encoding_planes;

/* An encoding is one file and one line here. */
const sund_encoding *const sund_encodings[] = { &sund_encoding_rare, &sund_encoding_planes, NULL };

const sund_encoding *sund_encoding_by_code(uint8_t code)
{
    for (size_t i = 0; sund_encodings[i]; i++)
        if (sund_encodings[i]->code == code)
            return sund_encodings[i];
    return NULL;
}

static void varint(uint32_t v, sund_buf *out)
{
    while (v >= 128) {
        sund_buf_u8(out, (uint8_t) (v | 128));
        v >>= 7;
    }
    sund_buf_u8(out, (uint8_t) v);
}

static uint32_t read_varint(sund_cur *c)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint8_t b = sund_cur_u8(c);

        v |= (uint64_t) (b & 127) << shift;
        if (!(b & 128)) {
            if (v > UINT32_MAX)
                c->bad = true;
            return (uint32_t) v;
        }
    }
    c->bad = true;
    return 0;
}

void sund_list_write(const uint32_t *list, size_t n, sund_buf *out)
{
    uint32_t next = 0;

    varint((uint32_t) n, out);
    for (size_t i = 0; i < n; i++) {
        varint(list[i] - next, out);
        next = list[i] + 1;
    }
}

bool sund_list_read(sund_cur *c, size_t max, uint32_t *list, size_t *n)
{
    size_t   count = read_varint(c);
    uint64_t next = 0;

    if (c->bad || count > max)
        return !(c->bad = true);
    for (size_t i = 0; i < count; i++) {
        uint64_t at = next + read_varint(c);

        if (c->bad || at >= max)
            return !(c->bad = true);
        list[i] = (uint32_t) at;
        next = at + 1;
    }
    *n = count;
    return true;
}
