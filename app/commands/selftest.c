/* safsd-cl selftest: known answers of every kernel on the chosen device. */
#include <stdio.h>

#include "app/app.h"
#include "base/text.h"
#include "model/checks/selftest.h"
#include "runtime/gemm.h"

static void print_tensor(void *user, const nn_selftest_line *line)
{
    const app_state *app = user;
    const bool missed = line->deviation > line->limit;
    if (!app->verbose && !missed) return;
    const char *mark = missed ? "MISS" : "";
    if (line->limit > 0.0)
        text_print(stdout, "%5s %9.2e of %5.0e", mark, line->deviation, line->limit);
    else
        printf("%5s %18s", mark, missed ? "other bits" : "the same bits");
    printf("  %s: %s, case %zu\n", line->operation, line->tensor, line->shape + 1);
}

static st_status test_device(app_state *app, rt_context *rt, bool brief)
{
    nn_selftest_summary summary = {0};
    const nn_selftest_options options = {
        .answers = nn_known_answers, .brief = brief, .report = print_tensor, .user = app};
    const st_status status = nn_selftest(rt, &options, &summary);
    if (status != ST_OK && status != ST_CHECK) return status;
    printf("%-5s %zu tensors, %zu kernels (%s): ", status == ST_OK ? "ok" : "MISS", summary.tensors, summary.kernels,
           rt_gemm_provider(rt));
    if (status == ST_OK)
        text_print(stdout, "worst %.3f (%s)\n", summary.worst, summary.worst_tensor);
    else
        printf("%zu beyond their limit\n", summary.missed);
    return status;
}

static st_status run(app_state *app, const opt_line *line)
{
    rt_context *rt = NULL;
    if (opt_has(line, "short") && opt_has(line, "full"))
        return st_fail(&app->error, ST_USAGE, "--short and --full exclude each other");
    ST_FORWARD(app_open_device(app, (en_device_options){.gemm = opt_value(line, "gemm"), .unchecked = true}, &rt));
    const st_status status = test_device(app, rt, opt_has(line, "short"));
    rt_context_destroy(&rt);
    return status;
}

static const opt_option options[] = {
    {"full", 0, NULL, "every kernel in several shapes (this is what happens without an option)"},
    {"short", 0, NULL, "every kernel once: what precedes every training"},
    {"gemm", 0, "NAME", "the provider of matrix products: " GEMM_PROVIDER_WORDS " (default: auto)"},
    {NULL, 0, NULL, NULL},
};

const app_command cmd_selftest = {
    .name = "selftest",
    .synopsis = "[--full | --short] [--gemm NAME]",
    .summary = "compare every kernel with known answers on the device",
    .description =
        "Runs every kernel and the matrix products on small fixed inputs and compares what they write, element "
        "by element, with answers that the program carries, computed in double precision when it was built. "
        "Prints one line, with the worst deviation as a part of its limit, and with --verbose one per tensor. Exit "
        "status 4 where a kernel deviates by more than its limit: the device, or its driver, computes wrongly. "
        "Training runs the short form first.",
    .example = "  safsd-cl selftest\n"
               "  safsd-cl --device gpu --verbose selftest\n",
    .options = options,
    .least_operands = 0,
    .most_operands = 0,
    .run = run,
};
