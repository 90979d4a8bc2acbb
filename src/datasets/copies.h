#ifndef SUND_DATASETS_COPIES_H
#define SUND_DATASETS_COPIES_H

#include "base/db.h"
#include "datasets/describe.h"
#include "datasets/profile.h"

/** The hub's copies of what nodes say of their data sets: of each node the last good one, when it was taken, and why the last word was refused, if it was.
 *  In a database of its own, with an index of words and facets, which is made anew with every copy that is taken.
 *
 *  A node says it in parts (describe.h), each a graph that is whole in itself, of which one at a time is in memory. */
sund_code sund_copies_open(sund_db **db, const char *path, sund_err *err) SUND_MUST_CHECK;

/** A node's word: each part checked, then all in place of the last copy; or refused with the reason, which is kept beside the copy that stays. All or nothing.
 *  Refused: what is not Turtle, breaks the profile, describes data sets under another address than its own catalogue's, those of another node, or one twice; parts that do not follow each other or
 *  are not of one version; more than SUND_DATASETS_MAX data sets.
 *  Use: {db, profile, node, time: 2026-11-26T18:30:00Z}, then parts while !sund_taking_whole(), then the end, whatever came of it. */
typedef struct sund_taking {
    sund_db            *db;
    const sund_profile *profile;
    const char         *node, *time;
    sund_part_head      first; /**< of the first part */
    size_t              n, n_part; /**< data sets and parts so far */
    bool                begun;
    char                catalogue[1100], base[1100];
} sund_taking;
/** Errors: SUND_E_DENIED, _FORMAT, _LIMIT for a refusal; _IO, _NOMEM for our own trouble. */
sund_code sund_taking_part(sund_taking *t, sund_cur text, sund_err *err) SUND_MUST_CHECK;
bool      sund_taking_whole(const sund_taking *t);
/** rc: what came of the parts, and why that said of it; what was taken stays only where all was. Returns rc, or our own trouble. */
sund_code sund_taking_end(sund_taking *t, sund_code rc, const sund_err *why, sund_err *err) SUND_MUST_CHECK;
/** All of that, of a word that is one part. */
sund_code sund_copies_take(sund_db *db, const sund_profile *p, const char *node, const void *turtle, size_t n, const char *time, sund_err *err) SUND_MUST_CHECK;
/** It was asked and said nothing: its copy stays. */
sund_code sund_copies_miss(sund_db *db, const char *node, const char *why, const char *time, sund_err *err) SUND_MUST_CHECK;
/** It was asked and says what it said before. */
sund_code sund_copies_same(sund_db *db, const char *node, const char *time, sund_err *err) SUND_MUST_CHECK;
/** It has no data sets, or is no more in the federation: its copy goes. why "": so does its name. */
sund_code sund_copies_forget(sund_db *db, const char *node, const char *why, const char *time, sund_err *err) SUND_MUST_CHECK;

typedef struct sund_copy { const char *node, *catalogue, *taken, *asked, *why, *brings; int64_t n_dataset; } sund_copy; /**< taken "": no copy; why "": the last word was taken; brings (describe.h) "": not said */
sund_code sund_copies_each(sund_db *db, sund_code (*fn)(void *ctx, const sund_copy *c, sund_err *err), void *ctx, sund_err *err) SUND_MUST_CHECK;
/** Of the last good copy of a node: how many parts it has, and the catalogue's IRI. Errors: SUND_E_NOT_FOUND. */
sund_code sund_copies_parts(sund_db *db, const char *node, size_t *n, char catalogue[1100], sund_err *err) SUND_MUST_CHECK;
/** One of them, from 0, into g. Errors: SUND_E_NOT_FOUND. */
sund_code sund_copies_graph(sund_db *db, const char *node, size_t part, sund_graph *g, sund_err *err) SUND_MUST_CHECK;
/** Which of them describes a thing by its IRI; 0 where none does. */
sund_code sund_copies_part_of(sund_db *db, const char *node, const char *iri, size_t *part, sund_err *err) SUND_MUST_CHECK;
/** The IRIs of its data sets, in its order. */
sund_code sund_copies_members(sund_db *db, const char *node, sund_code (*fn)(void *ctx, const char *iri, sund_err *err), void *ctx, sund_err *err) SUND_MUST_CHECK;

/** What is sought: all of it holds. words: of title, description, keywords, publisher, codes; each may be the beginning of one. disease: a code takes those
 *  below it (E11, E11.9). people: at least so many; data sets whose number is hidden are not among them. Members that are "" or 0 are not asked for. */
typedef struct sund_find { const char *words, *country, *disease, *type, *access, *purpose, *node; int64_t people; } sund_find;
enum { SUND_FIND_MAX = 200 };
typedef struct sund_found { const char *node, *iri, *id, *title, *description, *publisher, *access, *taken; int64_t people; } sund_found; /**< people -1: hidden or not said */
/** By how well the words fit, then by identifier; at most SUND_FIND_MAX, *n is how many there are. Errors: SUND_E_ARG for a facet's value that is no word of it. */
sund_code sund_copies_find(sund_db *db, const sund_find *what, sund_code (*fn)(void *ctx, const sund_found *f, sund_err *err), void *ctx, int64_t *n, sund_err *err) SUND_MUST_CHECK;
/** Each value of a facet - country, disease, type, access, purpose - and how many data sets have it; of people the powers of ten, and how many have at least so many. */
sund_code sund_copies_facet(sund_db *db, const char *facet, sund_code (*fn)(void *ctx, const char *value, int64_t n, sund_err *err), void *ctx, sund_err *err) SUND_MUST_CHECK;
/** Services - other programs' pages - that nodes name in their catalogues ([service] of datasets.ini), at most 64 a node, so that none crowds out another. type: "org.ga4gh:beacon:v2.0.0". */
typedef struct sund_offer { const char *id, *title, *description, *type, *url, *version, *publisher, *homepage; } sund_offer;
sund_code sund_copies_services(sund_db *db, sund_code (*fn)(void *ctx, const sund_offer *s, sund_err *err), void *ctx, sund_err *err) SUND_MUST_CHECK;

#endif
