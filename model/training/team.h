/* Several devices train one model, data-parallel: a lead, which holds the optimiser and evaluates, and workers, which
 * compute gradients of their share of every batch (SPEC 7 holds across the cut: rows keep their numbers in the batch).
 *
 * A batch is cut into one run of dialogues per device, by work: sum of c1 L + c2 L^2. Gradients and losses of the
 * workers pass through host memory and are added on the lead in the order of the workers; parameters go back before the
 * next step. Workers have no moments. The result differs from one device's by rounding alone, and repeats to the bit.
 */
#ifndef SAFSD_MODEL_TRAINING_TEAM_H
#define SAFSD_MODEL_TRAINING_TEAM_H

#include "model/network/safsd.h"

typedef struct nn_team nn_team;

/* Creates a model of `options` on every one of `count` contexts, to work for `lead`; with 0 the lead works alone. The
 * contexts outlive the team and share the lead's error slot; the team is destroyed before the lead. */
st_status nn_team_create(nn_team **team, nn_safsd *lead, rt_context *const *contexts, size_t count,
                         const nn_safsd_options *options);
void nn_team_destroy(nn_team **team);

/* Cuts `dialogues` of the given lengths into `parts` runs of nearly equal work: run i begins at cuts[i] and ends before
 * cuts[i + 1]; cuts has parts + 1 entries. A run may be empty, but not the first. */
void nn_team_cut(size_t *cuts, size_t parts, const int32_t *lengths, size_t dialogues, const nn_config *config);

/* As nn_safsd_gradient and nn_safsd_update of the lead, which then holds the gradients and losses of all; its
 * nn_safsd_result_later reads them. */
st_status nn_team_gradient(nn_team *team, const ds_batch *batch, uint32_t step, size_t micro_batch);
st_status nn_team_update(nn_team *team, const nn_adam *adam, double lr);

#endif
