#ifndef SUND_CLUSTER_SLURM_H
#define SUND_CLUSTER_SLURM_H

#include "study/engine.h"

/** A node's own sums on a Slurm cluster. A round over many variants becomes one `sbatch` job array; its tasks (`sund task`) leave their vectors in the
 *  study's work folder (cluster/work.h), where the node takes them up, chunk by chunk, as soon as each is there. Whether a task has done its work is told
 *  by the files alone; `squeue` only tells whether it may still come. A task that is over without its files is run again. Nothing is kept in
 *  the process that a kill would lose: jobs are found again by their name, files by their digest. Needs sbatch, squeue and scancel. */
typedef struct sund_slurm {
    uint32_t tasks;        /**< in one round at most */
    uint32_t running;      /**< of them at one time; 0: as many as Slurm lets */
    uint64_t items;        /**< variants that a task is worth; a round with fewer is computed by the node itself */
    char     options[512]; /**< for sbatch: sund_slurm_options_check() */
    double   pause_s;      /**< first pause between two questions to Slurm, which doubles up to 30 times as much; a task whose files are not there
                                that long twice after its end has failed */
    double   patience_s;   /**< how long sbatch or squeue may fail before that is an error; 0: for ever */
} sund_slurm;
enum { SUND_SLURM_TASKS = 100, SUND_SLURM_ITEMS = 50000 };

/** "--partition=long --time=2:00:00": words of the form --NAME=VALUE, names from a list, values of letters, digits and .,:;@+-/_ only.
 *  Errors: SUND_E_ARG naming the word. */
sund_code sund_slurm_options_check(const char *options, sund_err *err) SUND_MUST_CHECK;

/** Whether sbatch, squeue and scancel can be run here at all. Errors: naming the one that cannot. */
sund_code sund_slurm_there(sund_err *err) SUND_MUST_CHECK;

/** Where things lie: folder is made when it is not there, and holds what an earlier process left. */
typedef struct sund_slurm_place {
    const char *folder, *store;
    const char *files;     /**< folder of the public files, each under its digest */
    const char *catalogue; /**< its file when it is not one of these, or NULL */
    const char *key;       /**< the file of the store's key, or NULL: the tasks read it, and what is written names it alone */
} sund_slurm_place;
sund_code sund_slurm_open(sund_runner **out, const sund_slurm *plan, const sund_slurm_place *place, const sund_engine *e, const sund_view *v, sund_cur text,
                          sund_err *err) SUND_MUST_CHECK;
/** Removes what is left of a study that has ended while no process watched. A job that is still queued ends at once when it starts. */
void sund_slurm_forget(const char *folder);

#endif
