#ifndef SUND_STORE_IMPORT_PRIV_H
#define SUND_STORE_IMPORT_PRIV_H

#include "base/tsv.h"
#include "store/import.h"
#include "store/lanes.h"

/* Inside of import, bottom-up:
 *
 *     vcf_read.c  bytes → header and records      vcf_text.c, vcf_bcf.c  line or BCF record → sund_vcf_record
 *     ahead.c     blocks → items, by threads      vcf_ahead.c  items → records, by threads
 *     lanes.c     genotypes of 64 columns at a time, straight to planes: of lines, and of BCF records by bcf_bytes.c
 *     calls.c     calls → planes                  vcf_planes.c  either → planes of the wanted columns
 *     stream.c    records → normalised biallelic rows, in order
 *     samples.c   TSV and BED → people, regions   merge.c   streams → writer
 *     feed.c      a Crypt4GH file → a pipe of its bytes, by a thread
 *     confine.c   a child process around it all   import.c  the whole */

/* One person's call in one record. An allele is its number, or one of these. */
enum { SUND_CALL_MISSING = 0xFFFF, SUND_CALL_NONE = 0xFFFE /* haploid: no second allele */, SUND_CALL_MANY = 0xFFFD };
typedef struct sund_call {
    uint16_t a, b;
    uint8_t  phased, low; /* low: below a filter */
} sund_call;

/* Calls that were made missing. */
typedef struct sund_call_counts {
    uint64_t filtered, half, haploid_het;
} sund_call_counts;

typedef struct sund_vcf_record {
    uint64_t     line; /* 1-based line, or record number of a BCF */
    const char  *name; /* the contig as written; not to be printed raw */
    size_t       n_name;
    int          contig; /* 0: not primary */
    uint32_t     pos_bp; /* 0-based */
    uint32_t     n_ref;
    const char  *ref;
    size_t       n_alt, cap_alt;
    const char **alt;
    uint32_t    *n_alt_bp;
    bool         ready;    /* genotypes are planes already, else they are calls */
    uint64_t    *plane;    /* SUND_N_PLANE planes of the wanted columns for each ALT */
    size_t       cap_plane;
    sund_copies  rule;     /* that the planes were made by, and what it made missing */
    sund_call_counts count;
    const sund_call *call; /* one for each wanted column */
    bool         whole;    /* every wanted call is of two alleles, above the filters: the common case */
    char         why[240]; /* not empty: the record is unsound, and this is the reason */
} sund_vcf_record;

typedef struct sund_vcf_filter {
    int    min_gq, min_dp;
    double min_ab;
} sund_vcf_filter;

typedef struct sund_vcf sund_vcf; /* an open VCF or BCF */

/** Opens path, refuses what is not VCF or BCF, reads the header. Owns: sund_vcf_close(), safe on NULL. */
sund_code   sund_vcf_open(sund_vcf **v, const char *path, sund_err *err) SUND_MUST_CHECK;
/** As _open, of a file encrypted by Crypt4GH; c is borrowed. NULL, or without keys: not encrypted. */
sund_code   sund_vcf_open_c4gh(sund_vcf **v, const char *path, const sund_c4gh *c, sund_err *err) SUND_MUST_CHECK;
void        sund_vcf_close(sund_vcf *v);
size_t      sund_vcf_n_sample(const sund_vcf *v);
const char *sund_vcf_sample(const sund_vcf *v, size_t s);
bool        sund_vcf_is_bcf(const sund_vcf *v);
/** What the header says of the assembly: sure by contig lengths or RefSeq names, guessed by words. */
typedef struct sund_vcf_assembly {
    bool sure37, sure38, maybe37, maybe38;
    bool gq, dp, ad; /* these FORMAT fields are declared */
} sund_vcf_assembly;
sund_vcf_assembly sund_vcf_says(const sund_vcf *v);
/** Which columns to decode: at[s] is the call to fill for column s, or -1. Copied. */
sund_code         sund_vcf_want(sund_vcf *v, const int32_t *at, size_t n_want, sund_vcf_filter f,
                                sund_err *err) SUND_MUST_CHECK;
/** Behind sund_vcf_want(), before the first record: genotypes may come as planes, made under the rule of copies at the record's place, and the file
 *  is read ahead by n_thread threads where that can be. copies: by sund_copies, of each wanted column; borrowed. A record that is not ready has
 *  calls. n_file are open at the same time: each has its share of memory, and beyond SUND_AHEAD_MAX none is read ahead. SUND_IMPORT=slow in the environment: nothing is ready, every byte comes by htslib. */
enum { SUND_AHEAD_MAX = 256 };
sund_code         sund_vcf_hurry(sund_vcf *v, sund_assembly a, uint8_t *const copies[4], unsigned n_thread, size_t n_file,
                                 sund_err *err) SUND_MUST_CHECK;
/** Next record; *r is NULL at the end. A record that is unsound comes with a reason and can be stepped over; an error
 *  cannot. The record lives until the next call. */
sund_code         sund_vcf_next(sund_vcf *v, sund_vcf_record **r, sund_err *err) SUND_MUST_CHECK;

/* --- between the reader's three files --- */
typedef struct sund_vcf_bcf sund_vcf_bcf;
typedef struct sund_vcf_head {
    char            **sample;
    size_t            n_sample;
    sund_vcf_assembly says;
    bool              chrm_old; /* a chrM of 16571 bases: not the sequence of the assemblies, left out */
} sund_vcf_head;
typedef struct sund_vcf_columns {
    int32_t        *at;
    size_t          n, n_want;
    bool            same; /* wanted columns are all of them, in order */
    sund_vcf_filter f;
    bool            filtered; /* by f */
    sund_assembly   assembly;
    const uint8_t  *copies[4]; /* NULL: genotypes stay calls */
} sund_vcf_columns;
/* What one thread needs to decode a record. */
typedef struct sund_vcf_scratch {
    sund_call *call;  /* n_want */
    uint8_t   *lane;  /* 4 n */
    uint64_t  *plane; /* SUND_N_PLANE planes of n */
} sund_vcf_scratch;
sund_code sund_vcf_scratch_make(sund_vcf_scratch *s, const sund_vcf_columns *want, sund_err *err) SUND_MUST_CHECK;
void      sund_vcf_scratch_free(sund_vcf_scratch *s);
void      sund_vcf_record_clear(sund_vcf_record *r);
void      sund_vcf_record_free(sund_vcf_record *r);

void sund_vcf_unsound(sund_vcf_record *r, const char *fmt, ...) SUND_PRINTF(2, 3);
/** At most 24 bytes of hostile text, made printable. */
typedef struct sund_vcf_shown {
    char s[32];
} sund_vcf_shown;
sund_vcf_shown sund_vcf_show(const char *p, size_t n);
bool           sund_vcf_add_alt(sund_vcf_record *r, const char *p, size_t n);
/** A "##" line of the header. */
void           sund_vcf_meta(sund_vcf_head *h, const char *line);
void           sund_vcf_upper(char *p, size_t n); /**< an allele, unless symbolic */
/** The fields of a line; NULs in it are refused. Upper-cases alleles in place. Genotypes become planes where lanes.h can make them, else calls in
 *  scratch. */
void           sund_vcf_text_parse(sund_vcf_record *r, char *line, size_t n, const sund_vcf_columns *want,
                                   const sund_vcf_scratch *scratch);
/** What is in both formats. Whether planes may be made by lanes.h, by the record's place and alleles; then make them from p, and it is ready when
 *  that could be done. Calls to planes, where the rule of copies is one and the same however the record is aligned. */
bool           sund_vcf_lanes_fit(const sund_vcf_record *r, const sund_vcf_columns *want);
void           sund_vcf_lanes_take(sund_vcf_record *r, const sund_vcf_columns *want, const sund_vcf_scratch *scratch,
                                   bool (*lanes)(const uint8_t *p, size_t n, uint64_t *plane), const uint8_t *p);
void           sund_vcf_calls_take(sund_vcf_record *r, const sund_vcf_columns *want, const sund_vcf_scratch *scratch);
sund_code      sund_vcf_bcf_open(sund_vcf_bcf **b, void *hfile, const char *path, sund_vcf_head *head,
                                 sund_err *err) SUND_MUST_CHECK;
void           sund_vcf_bcf_close(sund_vcf_bcf *b);
sund_code      sund_vcf_bcf_next(sund_vcf_bcf *b, sund_vcf_record *r, bool *more, const sund_vcf_columns *want,
                                 const sund_vcf_scratch *scratch, const char *path, sund_err *err) SUND_MUST_CHECK;
/** Where the next record begins; false where the file is no BGZF. And to such a place: false when it cannot. */
bool           sund_vcf_bcf_where(const sund_vcf_bcf *b, uint64_t *voffset);
bool           sund_vcf_bcf_go(sund_vcf_bcf *b, uint64_t voffset);
/** What its header says, for threads to share. */
typedef struct sund_vcf_bcf_names {
    size_t       n_contig, n_key;
    const char **contig; /* NULL: none of that number */
    int         *contig_number;
    bool        *key; /* of FILTER, INFO, FORMAT: declared */
    int          gt;
} sund_vcf_bcf_names;
const sund_vcf_bcf_names *sund_vcf_bcf_names_of(const sund_vcf_bcf *b);
/** --- bcf_bytes.c: a record from its bytes, when all of it is as it must be and genotypes fit lanes.h; else false, which is for htslib to judge. */
bool           sund_bcf_bytes(const sund_vcf_bcf_names *names, uint8_t *p, size_t n, sund_vcf_record *r, const sund_vcf_columns *want,
                              const sund_vcf_scratch *scratch);
size_t         sund_bcf_bytes_cut(const uint8_t *p, size_t n);
/** --- vcf_ahead.c --- */
typedef struct sund_vcf_ahead sund_vcf_ahead;
typedef struct sund_vcf_ahead_item {
    char            *p; /* of a line, without what ends it; NULL: no more */
    size_t           n;
    sund_vcf_record *rec;
    bool             judged; /* of BCF: false, htslib must */
    bool             gave_up;
    uint64_t         voffset;
} sund_vcf_ahead_item;
sund_code sund_vcf_ahead_open(sund_vcf_ahead **a, int fd, uint64_t voffset, const sund_vcf_bcf_names *names, const sund_vcf_columns *want,
                              unsigned n_thread, size_t n_file, sund_err *err) SUND_MUST_CHECK;
void      sund_vcf_ahead_close(sund_vcf_ahead *a);
sund_code sund_vcf_ahead_next(sund_vcf_ahead *a, sund_vcf_ahead_item *out, sund_err *err) SUND_MUST_CHECK;

/* --- calls.c --- */
/** Calls of n people with copies[i] copies each → missing or complete; counted in *count when it is not NULL. in may be out. */
void sund_calls_resolve(const sund_call *in, sund_call *out, size_t n, const uint8_t *copies, sund_call_counts *count);
/** Planes for allele number k of resolved calls: of SUND_LANE_HET and so on, (n + 63) / 64 words each. */
enum { SUND_N_PLANE = SUND_N_LANE };
void sund_calls_planes(const sund_call *c, size_t n, unsigned k, uint64_t *plane);

/* --- samples.c --- */
typedef struct sund_import_people {
    size_t       n;
    const char **person, **population;
    uint8_t     *sex;
    size_t      *row; /* line of the samples table, 0 without one */
    sund_tsv     tsv;
} sund_import_people;
/** Rows of the table that are kept, in order. */
sund_code sund_import_people_read(sund_import_people *p, const sund_import *in, sund_err *err) SUND_MUST_CHECK;
/** Without a table: every sample of the files, of unknown sex, in order of appearance. */
sund_code sund_import_people_all(sund_import_people *p, sund_vcf *const *v, size_t n_vcf,
                                 sund_err *err) SUND_MUST_CHECK;
void      sund_import_people_free(sund_import_people *p);
/** For each column of v its person, or -1; found[i] is set. */
sund_code sund_import_people_match(const sund_import_people *p, const sund_vcf *v, int32_t *person, bool *found,
                                   sund_err *err) SUND_MUST_CHECK;
typedef struct sund_import_bed {
    sund_region *region; /* sorted, merged */
    size_t       n;
} sund_import_bed;
sund_code sund_import_bed_read(sund_import_bed *b, const char *path, sund_assembly a, sund_err *err) SUND_MUST_CHECK;
bool      sund_import_bed_holds(const sund_import_bed *b, int contig, uint32_t from_bp, uint32_t n_bp);

/* --- stream.c --- */
typedef struct sund_row {
    sund_variant v;
    sund_kind    kind;
    uint64_t     line;
    uint64_t    *plane; /* SUND_N_PLANE, of the stream's people */
} sund_row; /* one allocation with its alleles and genotypes */
enum { SUND_REACH_BP = 1000 }; /* as far left as a record may be aligned */

/* Where an import is, for a message when its process dies. Shared with the parent. */
typedef struct sund_import_at {
    volatile uint32_t file;
    volatile uint64_t line, n_record;
} sund_import_at;

/* What all streams of an import share. */
typedef struct sund_import_job {
    const sund_import    *in;
    sund_assembly         assembly;
    const sund_reference *ref;
    sund_import_report   *report;
    sund_import_at       *at;
} sund_import_job;

typedef struct sund_stream {
    const sund_import_job *job;
    sund_vcf              *in;
    const char            *path;
    uint32_t               file;
    size_t                 n_person, n_word; /* of wanted columns, in the order of people */
    uint64_t              *mask;             /* who they are among all people; NULL: everyone */
    uint8_t               *copies[4]; /* by sund_copies, of each wanted column */
    sund_row             **heap;
    size_t                 n_row, cap_row;
    sund_row             **fresh; /* rows of the record at hand */
    size_t                 cap_fresh;
    sund_call             *resolved;
    sund_buf               scratch;
    int                    contig; /* of the last record */
    uint32_t               pos_bp;
    bool                   ended;
} sund_stream;

/** Takes v. Columns that are nobody's (-1) are not decoded. */
sund_code sund_stream_init(sund_stream *s, const sund_import_job *job, uint32_t file, sund_vcf *v,
                           const int32_t *person, const sund_import_people *people, sund_err *err) SUND_MUST_CHECK;
void      sund_stream_free(sund_stream *s);
/** Reads on until the first row is final, or the file ends. */
sund_code sund_stream_fill(sund_stream *s, sund_err *err) SUND_MUST_CHECK;
sund_row *sund_stream_pop(sund_stream *s); /**< NULL when none; free() it */
/** Stops the import, or counts what is left out. */
sund_code sund_import_leave_out(const sund_import_job *job, const char *path, bool bcf, uint64_t line, bool always,
                                const char *why, sund_err *err) SUND_MUST_CHECK;

/* --- merge.c --- */
typedef struct sund_merge {
    const sund_import_job    *job;
    sund_stream              *stream;
    size_t                    n_stream;
    const sund_import_people *people;
    const sund_import_bed    *bed; /* NULL: callable regions are unknown */
} sund_merge;
sund_code sund_merge_run(const sund_merge *m, sund_store_writer *w, sund_err *err) SUND_MUST_CHECK;

/* --- confine.c --- */
/** Runs the import in this process: what sund_store_import() does in its child. */
sund_code sund_import_here(const sund_import *in, sund_import_report *out, sund_import_at *at,
                           sund_err *err) SUND_MUST_CHECK;
typedef sund_code (*sund_confined)(const sund_import *in, sund_import_report *out, sund_import_at *at, sund_err *err);
sund_code sund_import_confined(sund_confined run, const sund_import *in, sund_import_report *out,
                               sund_err *err) SUND_MUST_CHECK;

#endif
