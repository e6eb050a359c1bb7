/* safsd-cl verify: golden cases on the chosen device. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "app/app.h"
#include "base/text.h"
#include "app/summary.h"
#include "model/checks/golden.h"

static void print_tensor(void *user, const nn_golden_line *line)
{
    const app_state *app = user;
    if (!app->verbose) return;
    if (line->present && isnan(line->error))
        printf("%5s %18s  ", "MISS", "not finite");
    else if (line->present)
        text_print(stdout, "%5s %9.2e of %5.0e  ", line->error <= line->limit ? "" : "MISS", line->error, line->limit);
    else
        printf("%5s %18s  ", "MISS", "lacking");
    summary_name(line->tensor, 54);
    putchar('\n');
}

/* Verifies one file and prints its line; an unmet check stays in app->error. */
static st_status verify_file(app_state *app, rt_context *rt, const char *path)
{
    nn_golden_summary summary = {0};
    const st_status status = nn_golden_verify(path, rt, print_tensor, app, &summary);
    if (status == ST_OK)
        text_print(stdout, "ok    %s: %zu tensors, the worst at %.3f of its limit (%s)\n", path, summary.tensors,
                   summary.worst, summary.worst_tensor);
    else if (status == ST_CHECK && isinf(summary.worst))
        printf("MISS  %s: %zu of %zu tensors, the worst of them not finite (%s)\n", path, summary.missed,
               summary.tensors, summary.worst_tensor);
    else if (status == ST_CHECK && summary.tensors > 0)
        text_print(stdout, "MISS  %s: %zu of %zu tensors, the worst at %.3g of its limit (%s)\n", path, summary.missed,
                   summary.tensors, summary.worst, summary.worst_tensor);
    else
        printf("FAIL  %s\n", path);
    fflush(stdout);
    return status;
}

static st_status run(app_state *app, const opt_line *line)
{
    rt_context *rt = NULL;
    ST_FORWARD(app_open_device(app, (en_device_options){0}, &rt));
    st_error first = {.status = ST_OK}; /* of the files so far */
    size_t failed = 0;
    for (size_t i = 0; i < line->operand_count; ++i) {
        if (verify_file(app, rt, line->operands[i]) == ST_OK) continue;
        if (failed++ == 0) first = app->error;
        if (app->error.status == ST_DEVICE) break;
        st_clear(&app->error);
    }
    rt_context_destroy(&rt);
    if (failed == 0) return ST_OK;
    app->error = first;
    if (failed > 1) st_prefix(&app->error, "%zu of %zu golden cases failed, the first", failed, line->operand_count);
    return first.status;
}

static const opt_option options[] = {{NULL, 0, NULL, NULL}};

const app_command cmd_verify = {
    .name = "verify",
    .synopsis = "FILE...",
    .summary = "compute golden cases on the device and compare every tensor",
    .description = "A golden case is a safetensors file with parameters, a batch, and what must come out: activations, "
                   "losses, gradients and updated parameters, computed elsewhere in double precision. Prints one line "
                   "per file, with --verbose one per tensor with its relative error. Exit status 4 where one tensor is "
                   "beyond its limit, not finite or lacking.",
    .example = "  safsd-cl verify tests/golden/*.safetensors\n"
               "  safsd-cl --verbose --device cpu verify tests/golden/plain.safetensors\n",
    .options = options,
    .least_operands = 1,
    .most_operands = SIZE_MAX,
    .run = run,
};
