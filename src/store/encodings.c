#include "store/encoding.h"

#include <string.h>

extern const sund_encoding sund_encoding_lists, sund_encoding_words, sund_encoding_rare, sund_encoding_planes;

/* An encoding is one file and one line here. */
const sund_encoding *const sund_encodings[] = { &sund_encoding_lists, &sund_encoding_words, &sund_encoding_rare, &sund_encoding_planes, NULL };

const sund_encoding *sund_encoding_by_code(uint32_t code)
{
    for (size_t i = 0; sund_encodings[i]; i++)
        if (sund_encodings[i]->code == code)
            return sund_encodings[i];
    return NULL;
}

size_t sund_plane_list(const uint64_t *plane, size_t n_word, uint32_t *list)
{
    size_t n = 0;

    for (size_t w = 0; w < n_word; w++)
        for (uint64_t bits = plane[w]; bits; bits &= bits - 1)
            list[n++] = (uint32_t) (w * 64 + (size_t) __builtin_ctzll(bits));
    return n;
}

void sund_list_plane(const uint32_t *list, size_t n, uint64_t *plane, size_t n_word)
{
    memset(plane, 0, 8 * n_word);
    for (size_t i = 0; i < n; i++)
        plane[list[i] / 64] |= 1ULL << (list[i] % 64);
}
