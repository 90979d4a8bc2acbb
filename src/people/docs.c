#include "people/intake_priv.h"

#include "base/file.h"
#include "base/gz.h"
#include "base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* JSON files, the documents in them, and the fields of a document. */

enum { FILE_BYTES_MAX = 1 << 30, DOCUMENT_BYTES_MAX = 64 << 20, FOLDERS_MAX = 16, FIELD_MAX = 140 };

/** Where the object at p ends, brackets in strings aside; NULL when it does not. */
static const char *object_end(const char *p, const char *end)
{
    size_t depth = 0;
    bool   inside = false;

    for (; p < end; p++) {
        if (inside) {
            if (*p == '\\')
                p++;
            else
                inside = *p != '"';
            continue;
        }
        inside = *p == '"';
        depth += *p == '{' || *p == '[';
        if ((*p == '}' || *p == ']') && --depth == 0)
            return p + 1;
    }
    return NULL;
}

static const char *skip(const char *p, const char *end, const char *what)
{
    while (p < end && *p && strchr(what, *p))
        p++;
    return p;
}

static sund_code one_document(intake *in, const char *p, size_t n, intake_document *each, sund_err *err)
{
    sund_jval *v = NULL;
    sund_code  rc;

    if (n > DOCUMENT_BYTES_MAX)
        return intake_fail(in, "more than 64 MiB", err);
    if (sund_json_read(p, n, &v, err) != SUND_OK)
        return sund_fail_in(err, err ? err->code : SUND_E_FORMAT, "%s: number %llu", in->file, (unsigned long long) in->at);
    rc = each(in, v, err);
    sund_jval_free(v);
    return rc;
}

sund_code intake_text(intake *in, const char *p, size_t n, intake_document *each, sund_err *err)
{
    const char *end = p + n, *at = skip(p, end, " \t\r\n");
    bool        array = at < end && *at == '[', comma = false;

    in->at = 0;
    at = skip(at + array, end, " \t\r\n");
    while (at < end && !(array && *at == ']')) {
        const char *stop = *at == '{' ? object_end(at, end) : NULL;

        in->at++;
        if (!stop)
            return intake_fail(in, "is no whole JSON object", err);
        in->report->n_document++;
        SUND_TRY(one_document(in, at, (size_t) (stop - at), each, err));
        at = skip(stop, end, " \t\r\n");
        comma = array && at < end && *at == ',';
        if (array && !comma && !(at < end && *at == ']'))
            return intake_fail(in, "',' or ']' is expected behind it", err);
        at = skip(at + comma, end, " \t\r\n");
    }
    if (array)
        at = at < end && !comma ? skip(at + 1, end, " \t\r\n") : NULL;
    return at == end ? SUND_OK : intake_fail(in, "the array does not end there, or something is behind it", err);
}

static sund_code one_file(intake *in, const char *path, intake_document *each, sund_err *err)
{
    const char *slash = strrchr(path, '/');
    sund_buf    text = { 0 };
    uint64_t    before = in->report->n_document;
    sund_code   rc = sund_gz_read(path, FILE_BYTES_MAX, &text, err);

    (void) snprintf(in->file, sizeof in->file, "%.150s", slash ? slash + 1 : path);
    in->report->n_file++;
    if (rc == SUND_OK && !sund_utf8_ok(text.p, text.n))
        rc = sund_fail(err, SUND_E_FORMAT, "%s: is no text in UTF-8", in->file);
    if (rc == SUND_OK)
        rc = intake_text(in, (const char *) text.p, text.n, each, err);
    if (rc == SUND_OK && in->report->n_document == before)
        rc = sund_fail(err, SUND_E_FORMAT, "%s: there is nobody in it", in->file);
    sund_buf_free(&text);
    return rc;
}

static bool ends(const char *s, const char *with) { return strlen(s) > strlen(with) && strcmp(s + strlen(s) - strlen(with), with) == 0; }

/** Which files of a folder are read: JSON; of Beacon's collections the individuals. */
static bool wanted(const intake *in, const char *name)
{
    bool json = ends(name, ".json") || ends(name, ".json.gz") || ends(name, ".jsonl") || ends(name, ".jsonl.gz") || ends(name, ".ndjson") || ends(name, ".ndjson.gz");

    return json && (in->plan->format != SUND_CLINICAL_BFF || strncmp(name, "individuals", 11) == 0);
}

static sund_code walk(intake *in, const char *path, unsigned depth, intake_document *each, sund_err *err);

static sund_code folder(intake *in, const char *path, unsigned depth, intake_document *each, sund_err *err)
{
    struct dirent **list = NULL;
    int             n = scandir(path, &list, NULL, alphasort);
    sund_code       rc = n >= 0 ? SUND_OK : sund_fail(err, SUND_E_IO, "cannot read the folder %s", path);

    for (int i = 0; i < n; i++) {
        char        inner[4096];
        struct stat st;

        if (rc == SUND_OK && list[i]->d_name[0] != '.' && (rc = sund_path_join(inner, sizeof inner, path, list[i]->d_name, err)) == SUND_OK) {
            if (wanted(in, list[i]->d_name) || (stat(inner, &st) == 0 && S_ISDIR(st.st_mode)))
                rc = walk(in, inner, depth + 1, each, err);
            else
                intake_left(in, "files of other names", "");
        }
        free(list[i]);
    }
    free(list);
    return rc;
}

static sund_code walk(intake *in, const char *path, unsigned depth, intake_document *each, sund_err *err)
{
    struct stat st;

    if (depth > FOLDERS_MAX)
        return sund_fail(err, SUND_E_LIMIT, "%s: folders are nested deeper than %d", path, FOLDERS_MAX);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return folder(in, path, depth, each, err);
    return one_file(in, path, each, err);
}

sund_code intake_documents(intake *in, intake_document *each, sund_err *err)
{
    for (size_t i = 0; i < in->plan->n_path; i++)
        SUND_TRY(walk(in, in->plan->path[i], 0, each, err));
    if (in->report->n_document == 0)
        return sund_fail(err, SUND_E_NOT_FOUND, "there is no JSON file%s in it", in->plan->format == SUND_CLINICAL_BFF ? " of individuals (individuals.json)" : "");
    return SUND_OK;
}

/* ---- fields ---- */

typedef struct walking { intake *in; const char *const *field; size_t n_field; char path[FIELD_MAX + 1]; } walking;

static bool named(const char *name)
{
    size_t n = 0;

    for (; name[n]; n++)
        if (!((name[n] >= 'a' && name[n] <= 'z') || (name[n] >= 'A' && name[n] <= 'Z') || (n && name[n] >= '0' && name[n] <= '9') || name[n] == '_'))
            return false;
    return n && n <= 40;
}

static bool known(const walking *w)
{
    for (size_t i = 0; i < w->n_field; i++) {
        size_t n = strlen(w->field[i]);
        bool   all = w->field[i][n - 1] == '*';

        if (all ? strncmp(w->path, w->field[i], n - 1) == 0 : strcmp(w->path, w->field[i]) == 0)
            return true;
    }
    return false;
}

/** Down to the values. Names that are no words of a schema, or lie where anybody's may be (a map by person, say), are not told. */
static void walk_value(walking *w, const sund_jval *v, size_t n_path)
{
    const char *name = NULL;
    void       *at = NULL;

    if (sund_j_kind(v) == SUND_J_ARRAY) {
        for (size_t i = 0; i < sund_j_n(v); i++)
            walk_value(w, sund_j_at(v, i), n_path);
        return;
    }
    if (sund_j_kind(v) != SUND_J_OBJECT) {
        if (sund_j_kind(v) != SUND_J_NULL && !known(w))
            intake_left(w->in, w->path, "");
        return;
    }
    for (const sund_jval *m = sund_j_next(v, &at, &name); m; m = sund_j_next(v, &at, &name)) {
        bool   label = strcmp(name, "label") == 0 && sund_j_n(v) == 2 && sund_j_get(v, "id"); /* says the id again in words */
        bool   open = ends(w->path, "info") || strcmp(w->path, "info") == 0 || ends(w->path, "individualToFileIdentifiers");
        size_t more = (size_t) snprintf(w->path + n_path, sizeof w->path - n_path, "%s%s", n_path ? "." : "", named(name) && !open ? name : "*");

        if (label)
            w->path[n_path] = 0;
        else if (n_path + more <= FIELD_MAX)
            walk_value(w, m, n_path + more);
        else
            intake_left(w->in, "fields deeper down", "");
        w->path[n_path] = 0;
    }
}

void intake_walk(intake *in, const sund_jval *document, const char *const *field, size_t n_field)
{
    walking w = { in, field, n_field, "" };

    walk_value(&w, document, 0);
}
