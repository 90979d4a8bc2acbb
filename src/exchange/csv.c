#include "exchange/forms_priv.h"

#include <string.h>

sund_code sund_csv_to_tsv(const char *name, const void *p, size_t n, sund_buf *out, sund_err *err)
{
    const char *s = p;
    size_t      line = 1;
    bool        quoted = false, begun = false; /* a field has begun */

    sund_buf_clear(out);
    for (size_t i = 0; i < n; i++) {
        char c = s[i];

        line += c == '\n';
        if (quoted) {
            if (c != '"')
                sund_buf_u8(out, (uint8_t) (c == '\t' || c == '\n' || c == '\r' ? ' ' : c));
            else if (i + 1 < n && s[i + 1] == '"')
                sund_buf_u8(out, (uint8_t) s[++i]);
            else if (i + 1 == n || memchr(",\r\n", s[i + 1], 3))
                quoted = false;
            else
                return sund_fail(err, SUND_E_FORMAT, "%s:%zu: a quote inside a field is not doubled", name, line);
        }
        else if (c == '"' && !begun) {
            quoted = begun = true;
        }
        else if (c == '"') {
            return sund_fail(err, SUND_E_FORMAT, "%s:%zu: a quote inside a field that does not begin with one", name, line);
        }
        else if (c == ',' || c == '\n') {
            sund_buf_u8(out, c == ',' ? '\t' : '\n');
            begun = false;
        }
        else if (c != '\r') {
            sund_buf_u8(out, (uint8_t) (c == '\t' ? ' ' : c));
            begun = true;
        }
    }
    if (quoted)
        return sund_fail(err, SUND_E_FORMAT, "%s:%zu: the file ends inside a quoted field", name, line);
    return sund_buf_ok(out, err);
}
