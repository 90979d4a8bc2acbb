#include "api/beacon.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* From a path to its page. */

void sund_beacon_root(const sund_face *f, char out[420])
{
    static const char *const root[] = { "/beacon", "/v2.0.0", "/v2" };
    size_t                   n = strlen(f->url);

    (void) snprintf(out, 420, "%.400s/beacon", f->url);
    for (size_t i = 0; i < sizeof root / sizeof root[0]; i++)
        if (n >= strlen(root[i]) && strcmp(f->url + n - strlen(root[i]), root[i]) == 0)
            (void) snprintf(out, 420, "%.400s", f->url);
}

/** The part of a path behind where the pages are; other beacons' clients say /v2.0.0, some nothing. NULL: not a page's. */
static const char *inside(const char *path)
{
    static const char *const roots[] = { "/beacon/v2.0.0", "/beacon/v2", "/beacon", "/v2.0.0", "/v2" };

    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        size_t n = strlen(roots[i]);

        if (strncmp(path, roots[i], n) == 0 && (path[n] == '/' || !path[n]))
            return path[n] && path[n + 1] ? path + n : "/info";
    }
    return path;
}

enum { ID_MAX = 2200 };

/** id: the part that {id} stands for, "" where there is none. */
static bool fits(const char *want, const char *path, char id[ID_MAX])
{
    size_t m;

    id[0] = 0;
    for (; *want; want++) {
        if (*want != '{') {
            if (*path++ != *want)
                return false;
            continue;
        }
        m = strcspn(path, "/");
        if (m == 0 || m >= ID_MAX)
            return false;
        memcpy(id, path, m);
        id[m] = 0;
        path += m;
        want += strlen("{id");
        if (!sund_text_ok(id))
            return false;
    }
    return !path[0] || (path[0] == '/' && !path[1]);
}

bool sund_face_admits(const sund_face *f, const sund_request *in, sund_response *out)
{
    if (sund_limits_admit(f->limits, in))
        return true;
    sund_face_refuse(f, 429, SUND_BEACON_TOO_OFTEN, out);
    return false;
}

/** What a beacon says of itself. */
static void tell(const sund_face *f, const sund_request *in, const sund_beacon_page *p, const char *id, sund_response *out)
{
    sund_parameter given[SUND_BEACON_GIVEN];
    sund_param_id  which[SUND_BEACON_GIVEN];
    size_t         n;
    sund_err       err = { SUND_OK, "" };

    if (sund_beacon_given(p, in, given, which, &n, &err) == SUND_OK)
        p->tell(f, id, out);
    else
        sund_beacon_error(f, NULL, &err, out);
}

bool sund_face_answer(const sund_face *f, const sund_request *in, sund_response *out)
{
    const sund_beacon_page *p;
    const char             *path = inside(in->path);
    char                    id[ID_MAX];
    sund_err                err;

    for (size_t i = 0; (p = sund_beacon_page_at(i)); i++) {
        if (!fits(p->path, path, id))
            continue;
        if (strcmp(in->method, "HEAD") != 0 && !strstr(p->method, in->method)) {
            (void) sund_fail(&err, SUND_E_ARG, "%s %.100s: this page takes %s", in->method, p->path, p->method);
            sund_face_refuse(f, 405, err.msg, out);
        }
        else if (p->tell)
            tell(f, in, p, id[0] ? id : NULL, out);
        else
            sund_beacon_run(f, in, p, id[0] ? id : NULL, out);
        return true;
    }
    if (path == in->path)
        return false;
    sund_face_refuse(f, 404, "the Beacon has no such page: /beacon/openapi.json lists those it has", out);
    return true;
}
