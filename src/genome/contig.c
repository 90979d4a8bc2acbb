#include "genome/contig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Lengths, and versions of the RefSeq accessions NC_0000NN.V, of the primary assembly (NCBI GRCh37.p13 and GRCh38.p14 reports). */
static const struct {
    const char *name;
    uint32_t    length37, length38;
    uint8_t     version37, version38;
} contigs[SUND_N_CONTIG] = {
    { "", 0, 0, 0, 0 },
    { "1", 249250621, 248956422, 10, 11 },  { "2", 243199373, 242193529, 11, 12 },  { "3", 198022430, 198295559, 11, 12 },
    { "4", 191154276, 190214555, 11, 12 },  { "5", 180915260, 181538259, 9, 10 },   { "6", 171115067, 170805979, 11, 12 },
    { "7", 159138663, 159345973, 13, 14 },  { "8", 146364022, 145138636, 10, 11 },  { "9", 141213431, 138394717, 11, 12 },
    { "10", 135534747, 133797422, 10, 11 }, { "11", 135006516, 135086622, 9, 10 },  { "12", 133851895, 133275309, 11, 12 },
    { "13", 115169878, 114364328, 10, 11 }, { "14", 107349540, 107043718, 8, 9 },   { "15", 102531392, 101991189, 9, 10 },
    { "16", 90354753, 90338345, 9, 10 },    { "17", 81195210, 83257441, 10, 11 },   { "18", 78077248, 80373285, 9, 10 },
    { "19", 59128983, 58617616, 9, 10 },    { "20", 63025520, 64444167, 10, 11 },   { "21", 48129895, 46709983, 8, 9 },
    { "22", 51304566, 50818468, 10, 11 },   { "X", 155270560, 156040895, 10, 11 },  { "Y", 59373566, 57227415, 9, 10 },
    { "MT", 16569, 16569, 0, 0 },
};

static int parse_refseq(const char *name, sund_assembly *assembly)
{
    unsigned n, version;
    char     tail;

    if (strcmp(name, "NC_012920.1") == 0)
        return SUND_MT;
    if (strlen(name) < 11 || sscanf(name, "NC_%6u.%2u%c", &n, &version, &tail) != 2 || n < 1 || n > SUND_Y)
        return 0;
    if (version == contigs[n].version37)
        *assembly = SUND_GRCH37;
    else if (version == contigs[n].version38)
        *assembly = SUND_GRCH38;
    else
        return 0;
    return (int) n;
}

void sund_contig_refseq(sund_assembly a, int contig, char out[40])
{
    size_t   n = sizeof "refseq:NC_0000" - 1;
    unsigned version = a == SUND_GRCH38 ? contigs[contig].version38 : contigs[contig].version37;

    if (contig == SUND_MT && a != SUND_ASSEMBLY_NONE)
        (void) snprintf(out, 40, "refseq:NC_012920.1");
    else if (a == SUND_ASSEMBLY_NONE)
        (void) snprintf(out, 40, "chr:%s", contigs[contig].name);
    else { /* once a variant in each answer: without printf */
        memcpy(out, "refseq:NC_0000", n);
        out[n++] = (char) ('0' + contig / 10);
        out[n++] = (char) ('0' + contig % 10);
        out[n++] = '.';
        if (version >= 10)
            out[n++] = (char) ('0' + version / 10);
        out[n++] = (char) ('0' + version % 10);
        out[n] = 0;
    }
}

/** 1 to 24, of which 23 and 24 are X and Y; 0 for anything else. */
static int parse_number(const char *s)
{
    int k = 0, n = 0;

    for (; n < 2 && s[n] >= '0' && s[n] <= '9'; n++)
        k = 10 * k + s[n] - '0';
    return !s[n] && (n < 2 || s[0] != '0') && k <= SUND_Y ? k : 0;
}

int sund_contig_parse(const char *name, sund_assembly *assembly)
{
    sund_assembly a = SUND_ASSEMBLY_NONE;
    int           found = parse_number(name);

    if (!found && strncmp(name, "NC_", 3) == 0) {
        found = parse_refseq(name, &a);
    }
    else if (!found) {
        if (strncasecmp(name, "chr", 3) == 0)
            name += 3;
        found = parse_number(name);
        for (int i = SUND_X; i < SUND_N_CONTIG && !found; i++)
            if (strcasecmp(name, contigs[i].name) == 0)
                found = i;
        if (!found && strcasecmp(name, "M") == 0)
            found = SUND_MT;
    }
    if (assembly)
        *assembly = a;
    return found;
}

const char *sund_contig_name(int contig) { return contig > 0 && contig < SUND_N_CONTIG ? contigs[contig].name : "?"; }

uint32_t sund_contig_length(sund_assembly a, int contig)
{
    if (contig < 1 || contig >= SUND_N_CONTIG)
        return 0;
    return a == SUND_GRCH37 ? contigs[contig].length37 : contigs[contig].length38;
}

const char *sund_assembly_name(sund_assembly a) { return a == SUND_GRCH37 ? "GRCh37" : a == SUND_GRCH38 ? "GRCh38" : "unknown"; }

sund_code sund_assembly_parse(const char *s, sund_assembly *out, sund_err *err)
{
    static const char *const n37[] = { "GRCh37", "hg19", "b37", "hs37d5", "37" }, *const n38[] = { "GRCh38", "hg38", "b38", "38" };

    for (size_t i = 0; i < sizeof n37 / sizeof n37[0]; i++)
        if (strcasecmp(s, n37[i]) == 0) {
            *out = SUND_GRCH37;
            return SUND_OK;
        }
    for (size_t i = 0; i < sizeof n38 / sizeof n38[0]; i++)
        if (strcasecmp(s, n38[i]) == 0) {
            *out = SUND_GRCH38;
            return SUND_OK;
        }
    return sund_fail(err, SUND_E_ARG, "'%.40s' is no assembly known here: GRCh37 or GRCh38", s);
}

/* Pseudo-autosomal regions, 0-based half-open. */
typedef struct par { uint32_t from, to; } par;
static const par par_x37[] = { { 60000, 2699520 }, { 154931043, 155260560 } }, par_x38[] = { { 10000, 2781479 }, { 155701382, 156030895 } };
static const par par_y37[] = { { 10000, 2649520 }, { 59034049, 59363566 } }, par_y38[] = { { 10000, 2781479 }, { 56887902, 57217415 } };

static const par *par_of(sund_assembly a, int contig)
{
    return contig == SUND_X ? (a == SUND_GRCH37 ? par_x37 : par_x38) : (a == SUND_GRCH37 ? par_y37 : par_y38);
}

uint32_t sund_copies_end(sund_assembly a, int contig, uint32_t pos_bp)
{
    const par *p = par_of(a, contig);
    uint32_t   edge[4] = { p[0].from, p[0].to, p[1].from, p[1].to };

    for (int i = 0; i < 4 && (contig == SUND_X || contig == SUND_Y); i++)
        if (pos_bp < edge[i])
            return edge[i];
    return sund_contig_length(a, contig);
}

sund_copies sund_copies_at(sund_assembly a, int contig, uint32_t pos_bp)
{
    const par *p = par_of(a, contig);

    if (contig == SUND_MT)
        return SUND_COPIES_MT;
    if (contig != SUND_X && contig != SUND_Y)
        return SUND_DIPLOID;
    for (int i = 0; i < 2; i++)
        if (pos_bp >= p[i].from && pos_bp < p[i].to)
            return SUND_DIPLOID;
    return contig == SUND_X ? SUND_COPIES_X : SUND_COPIES_Y;
}

int sund_copies_of(sund_copies c, sund_sex sex)
{
    switch (c) {
    case SUND_COPIES_X: return sex == SUND_MALE ? 1 : 2;
    case SUND_COPIES_Y: return sex == SUND_MALE ? 1 : 0;
    case SUND_COPIES_MT: return 1;
    case SUND_DIPLOID:
    default: return 2;
    }
}
