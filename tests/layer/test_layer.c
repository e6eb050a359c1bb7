/* What happens where a driver fails or offers little: the layer beside this file stands in for such drivers.
 *
 * Without the layer (OPENCL_LAYERS) the test is skipped. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/checks/golden.h"
#include "runtime/context.h"
#include "runtime/device.h"
#include "runtime/gemm.h"
#include "runtime/program_given.h"
#include "tests/support/scratch.h"
#include "tests/support/small_run.h"

static const char *golden_file(const char *name)
{
    static char path[1024];
    const char *folder = getenv("SAFSD_TEST_GOLDEN");
    snprintf(path, sizeof path, "%s/%s.safetensors", folder ? folder : "tests/golden", name);
    return path;
}

static void set(const char *variable, const char *value)
{
    if (value)
        assert_int_equal(setenv(variable, value, 1), 0);
    else
        assert_int_equal(unsetenv(variable), 0);
}

static int clear_settings(void **state)
{
    (void)state;
    static const char *const variables[] = {"SAFSD_LAYER_HIDE",   "SAFSD_LAYER_BREAK", "SAFSD_LAYER_FAIL",
                                            "SAFSD_LAYER_GROUP",  "SAFSD_LAYER_LOCAL", "SAFSD_LAYER_BLOCK",
                                            "SAFSD_LAYER_UNIFIED"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; ++i) set(variables[i], NULL);
    return 0;
}

static bool no_layer(void)
{
    const char *layers = getenv("OPENCL_LAYERS");
    if (layers && *layers) return false;
    print_message("skipped: the layer is not loaded (OPENCL_LAYERS)\n");
    return true;
}

/* The deviations of all tensors of a case: two devices that compute the same numbers deviate alike. */
typedef struct errors {
    double of[1024];
    size_t count;
} errors;

static void take_error(void *user, const nn_golden_line *line)
{
    errors *all = user;
    if (all && all->count < sizeof all->of / sizeof *all->of) all->of[all->count++] = line->error;
}

/* Opens the chosen device, computes a golden case there, and closes it; nothing must be left. */
static st_status compute(const rt_options *options, const char *golden, st_error *error, errors *computed)
{
    rt_device_list list;
    rt_context *rt = NULL;
    size_t chosen = 0;
    long live_objects = 0;
    const char *selector = getenv("SAFSD_CL_DEVICE");
    rt_options own = *options;
    nn_golden_summary summary = {0};
    own.live_objects = &live_objects;
    *error = (st_error){.status = ST_OK};
    assert_int_equal(rt_device_list_create(&list, error), ST_OK);
    assert_int_equal(rt_device_select(&list, selector ? selector : "auto", &chosen, error), ST_OK);
    st_status status = rt_context_create(&rt, &list.items[chosen], &own, error);
    if (status == ST_OK)
        status = nn_golden_verify(golden_file(golden), rt, take_error, computed, &summary);
    else
        assert_null(rt);
    rt_context_destroy(&rt);
    rt_device_list_destroy(&list);
    if (live_objects != 0) fail_msg("%ld OpenCL objects are left after: %s", live_objects, error->text);
    return status;
}

/* The sentence of a failure: one line that names what was tried and, by name, what OpenCL returned. */
static void expect_sentence(const st_error *error, const char *kind, long call)
{
    if (error->status != ST_DEVICE || strlen(error->text) < 20 || !strstr(error->text, " returned CL_"))
        fail_msg("%s call %ld failed, and this is said: [%d] %s", kind, call, (int)error->status, error->text);
}

/* ---- the n-th call fails ---- */

static void fail_each(const char *kind, const char *golden, const char *program, long dense, long growth)
{
    char setting[64];
    st_error error;
    long call = 1, failures = 0;
    for (;; call += call < dense ? 1 : 1 + call / growth) {
        snprintf(setting, sizeof setting, "%s:%ld", kind, call);
        set("SAFSD_LAYER_FAIL", setting);
        if (compute(&(rt_options){.gemm = "panel", .program = program}, golden, &error, NULL) == ST_OK) break;
        expect_sentence(&error, kind, call);
        ++failures;
    }
    assert_true(failures > 0);
    print_message("%s: %ld failures, up to call %ld\n", kind, failures, call);
}

static void test_buffers_fail(void **state)
{
    (void)state;
    if (no_layer()) skip();
    fail_each("buffer", "plain", NULL, 1000, 1);
}

static void test_builds_fail(void **state)
{
    (void)state;
    if (no_layer()) skip();
    fail_each("build", "plain", NULL, 100, 1);
    fail_each("source", "plain", NULL, 100, 1);
}

static void test_any_call_fails(void **state)
{
    (void)state;
    if (no_layer()) skip();
    fail_each("any", "eval", NULL, 40, 4);
    fail_each("enqueue", "plain", NULL, 20, 3);
}

/* Other calls move what the host makes where memory is not shared. */
static void test_separate_memory_fails(void **state)
{
    (void)state;
    if (no_layer()) skip();
    set("SAFSD_LAYER_UNIFIED", "0");
    fail_each("buffer", "plain", NULL, 1000, 1);
    fail_each("any", "eval", NULL, 20, 4);
}

/* ---- a training that cannot begin ---- */

typedef struct notices {
    size_t count;
    char last[200];
} notices;

typedef void judge(st_status status, const st_error *error, const notices *said);

static void take_notice(void *user, const char *sentence)
{
    notices *all = user;
    ++all->count;
    snprintf(all->last, sizeof all->last, "%s", sentence);
}

/* Creates and destroys the trainer of a small run whose every call of that kind fails once: the first, the second, ...
 * Gives the number of the call that was not made any more. */
static long create_trainers(rt_context *rt, const nn_trainer_options *options, const char *kind, judge *judged,
                            long *failures)
{
    long call = 0;
    for (;;) {
        char setting[64];
        nn_trainer *trainer = NULL;
        notices said = {0};
        nn_trainer_options own = *options;
        own.hooks = (nn_trainer_hooks){.user = &said, .notice = take_notice};
        snprintf(setting, sizeof setting, "%s:%ld", kind, ++call);
        set("SAFSD_LAYER_FAIL", setting);
        const st_status status = nn_trainer_create(&trainer, rt, &own);
        set("SAFSD_LAYER_FAIL", NULL);
        nn_trainer_destroy(&trainer);
        if (status == ST_OK && said.count == 0) return call;
        judged(status, rt_error(rt), &said);
        *failures += status != ST_OK;
        st_clear(rt_error(rt));
        assert_true(call < 1000);
    }
}

/* What does not fit is tried in halves. */
static void expect_halves(st_status status, const st_error *error, const notices *said)
{
    if (status != ST_OK || said->count != 1 ||
        !strstr(said->last, "does not fit the device: it is computed 4 at a time"))
        fail_msg("[%d] %s; %zu notices: %s", (int)status, error->text, said->count, said->last);
}

/* A call that fails for another reason than size ends the run with its own sentence; the first use of a buffer may show
 * that it does not fit. */
static void expect_own_sentence(st_status status, const st_error *error, const notices *said)
{
    if (status == ST_OK)
        expect_halves(status, error, said);
    else if (status != ST_DEVICE || error->too_large || !strstr(error->text, " returned CL_") || said->count > 0)
        fail_msg("[%d] %s; %zu notices: %s", (int)status, error->text, said->count, said->last);
}

static void test_only_size_cuts(void **state)
{
    (void)state;
    if (no_layer()) skip();
    st_error error = {.status = ST_OK};
    rt_device_list list;
    rt_context *rt = NULL;
    size_t chosen = 0;
    long live_objects = 0;
    ts_small_run small;
    const char *selector = getenv("SAFSD_CL_DEVICE");
    assert_int_equal(rt_device_list_create(&list, &error), ST_OK);
    assert_int_equal(rt_device_select(&list, selector ? selector : "auto", &chosen, &error), ST_OK);
    const rt_options panel = {.gemm = "panel", .live_objects = &live_objects};
    assert_int_equal(rt_context_create(&rt, &list.items[chosen], &panel, &error), ST_OK);
    ts_small_run_create(&small, NN_WEIGHTS_NONE);
    nn_trainer_options options = ts_small_run_options(&small);
    options.batch = 8;
    long ended = 0, none = 0;
    const long commands = create_trainers(rt, &options, "enqueue", expect_own_sentence, &ended) - 1;
    const long buffers = create_trainers(rt, &options, "buffer", expect_halves, &none) - 1;
    print_message("%ld of %ld failing commands end a training, and none of %ld buffers\n", ended, commands, buffers);
    assert_true(ended > 2 && buffers > 0 && none == 0);
    ts_small_run_destroy(&small);
    rt_context_destroy(&rt);
    rt_device_list_destroy(&list);
    assert_int_equal(live_objects, 0);
}

/* ---- shared memory, and none ---- */

/* However memory lies, the numbers are the same to the bit. */
static void test_memory(void **state)
{
    (void)state;
    static const char *const cases[] = {"steps", "eval", "published"};
    static errors shared, separate;
    st_error error;
    if (no_layer()) skip();
    for (size_t c = 0; c < sizeof cases / sizeof *cases; ++c) {
        shared.count = separate.count = 0;
        set("SAFSD_LAYER_UNIFIED", "1");
        if (compute(&(rt_options){.gemm = "panel"}, cases[c], &error, &shared) != ST_OK) fail_msg("%s", error.text);
        set("SAFSD_LAYER_UNIFIED", "0");
        if (compute(&(rt_options){.gemm = "panel"}, cases[c], &error, &separate) != ST_OK) fail_msg("%s", error.text);
        assert_true(shared.count > 5);
        assert_int_equal(separate.count, shared.count);
        for (size_t i = 0; i < shared.count; ++i) assert_true(separate.of[i] == shared.of[i]);
    }
}

/* ---- little is offered ---- */

static size_t compute_all(rt_context *rt, st_error *error, size_t *count)
{
    size_t passed = 0;
    const char *folder = getenv("SAFSD_TEST_GOLDEN");
    DIR *stream = opendir(folder ? folder : "tests/golden");
    assert_non_null(stream);
    *count = 0;
    for (const struct dirent *file = NULL; (file = readdir(stream));) {
        char name[256];
        nn_golden_summary summary = {0};
        if (!strstr(file->d_name, ".safetensors")) continue;
        snprintf(name, sizeof name, "%.*s", (int)(strlen(file->d_name) - strlen(".safetensors")), file->d_name);
        st_clear(error);
        ++*count;
        const st_status status = nn_golden_verify(golden_file(name), rt, NULL, NULL, &summary);
        if (status == ST_DEVICE && strstr(error->text, "in one piece")) continue; /* larger than a block */
        if (status != ST_OK || !(summary.worst < 0.5)) fail_msg("%s: %s", name, error->text);
        ++passed;
    }
    closedir(stream);
    return passed;
}

/* The least that OpenCL 1.2 allows, and less: the layer refuses what goes beyond. */
static void test_least_limits(void **state)
{
    (void)state;
    static const struct {
        const char *group, *local, *block;
        bool all; /* every case must pass; else most */
    } limits[] = {{"1", "32768", "67108864", true}, {"3", "1024", "1048576", false}};
    if (no_layer()) skip();
    for (size_t i = 0; i < sizeof limits / sizeof *limits; ++i) {
        rt_device_list list;
        rt_context *rt = NULL;
        size_t chosen = 0, count = 0;
        long live_objects = 0;
        st_error error = {.status = ST_OK};
        const char *selector = getenv("SAFSD_CL_DEVICE");
        set("SAFSD_LAYER_GROUP", limits[i].group);
        set("SAFSD_LAYER_LOCAL", limits[i].local);
        set("SAFSD_LAYER_BLOCK", limits[i].block);
        assert_int_equal(rt_device_list_create(&list, &error), ST_OK);
        assert_int_equal(rt_device_select(&list, selector ? selector : "auto", &chosen, &error), ST_OK);
        assert_int_equal(list.items[chosen].max_group, strtol(limits[i].group, NULL, 10));
        /* as on a device that is no CPU: vectors of 4, groups as large as the limit allows */
        const rt_options options = {.vector_width = 4, .group_size = 1024, .live_objects = &live_objects};
        if (rt_context_create(&rt, &list.items[chosen], &options, &error) != ST_OK) fail_msg("%s", error.text);
        const size_t passed = compute_all(rt, &error, &count);
        print_message("groups of %s, %s bytes of local memory, blocks of %s: %zu of %zu cases\n", limits[i].group,
                      limits[i].local, limits[i].block, passed, count);
        assert_true(count >= 12 && passed * 4 >= count * (limits[i].all ? 4 : 3));
        rt_context_destroy(&rt);
        rt_device_list_destroy(&list);
        assert_int_equal(live_objects, 0);
    }
}

/* ---- no compiler ---- */

static void write_text(void **state, const char *name, char *text)
{
    ts_write(ts_path(state, name), text, strlen(text));
    free(text);
}

/* Fills the scratch folder as `kernels --export --binary` does. */
static void export_all(void **state)
{
    rt_device_list list;
    rt_context *rt = NULL;
    size_t chosen = 0, size = 0;
    st_error error = {.status = ST_OK};
    unsigned char *binary = NULL;
    char *manifest = NULL, name[RT_BINARY_NAME_SIZE + 8];
    const char *selector = getenv("SAFSD_CL_DEVICE");
    assert_int_equal(rt_device_list_create(&list, &error), ST_OK);
    assert_int_equal(rt_device_select(&list, selector ? selector : "auto", &chosen, &error), ST_OK);
    assert_int_equal(rt_context_create(&rt, &list.items[chosen], &(rt_options){.gemm = "panel"}, &error), ST_OK);
    if (rt_export_binary(rt, &binary, &size) != ST_OK) fail_msg("%s", error.text);
    assert_int_equal(rt_export_manifest(&manifest, rt_vector_width(rt), NULL, &error), ST_OK);
    rt_binary_name(name, rt_device(rt));
    strcat(name, ".bin");
    ts_write(ts_path(state, name), binary, size);
    write_text(state, RT_EXPORT_MANIFEST, manifest);
    free(binary);
    rt_context_destroy(&rt);
    rt_device_list_destroy(&list);
}

static void test_no_compiler(void **state)
{
    char folder[1024];
    st_error error;
    static errors compiled, given;
    if (no_layer()) skip();
    export_all(state);
    snprintf(folder, sizeof folder, "%s", ts_path(state, "."));
    assert_int_equal(compute(&(rt_options){.gemm = "panel"}, "plain", &error, &compiled), ST_OK);

    set("SAFSD_LAYER_HIDE", "compiler");
    assert_int_equal(compute(&(rt_options){.gemm = "panel"}, "plain", &error, NULL), ST_DEVICE);
    assert_non_null(strstr(error.text, "has no compiler"));
    assert_non_null(strstr(error.text, "--program"));
    assert_int_equal(compute(&(rt_options){.program = folder, .gemm = "clblast"}, "plain", &error, NULL), ST_DEVICE);
    assert_non_null(strstr(error.text, "clblast"));

    if (compute(&(rt_options){.program = folder}, "plain", &error, &given) != ST_OK) fail_msg("%s", error.text);
    assert_true(compiled.count > 100);
    assert_int_equal(given.count, compiled.count);
    for (size_t i = 0; i < given.count; ++i) assert_true(given.of[i] == compiled.of[i]);
    fail_each("binary", "plain", folder, 10, 1);
    fail_each("build", "plain", folder, 10, 1);
}

/* ---- a library that does not work ---- */

static void hear(void *user, const char *sentence)
{
    snprintf(user, 512, "%.500s", sentence);
}

/* Opens the device with CLBlast for a tuning's choice, or by name; the provider that it got, or NULL. */
static const char *provider_with(const char *named, char notice[512], st_error *error)
{
    static char provider[16];
    rt_device_list list;
    rt_context *rt = NULL;
    size_t chosen = 0;
    long live_objects = 0;
    const rt_tuning tuning = {.gemm = "clblast"};
    const char *selector = getenv("SAFSD_CL_DEVICE");
    const rt_options options = {
        .gemm = named, .tuning = &tuning, .notice = hear, .notice_user = notice, .live_objects = &live_objects};
    notice[0] = '\0';
    *error = (st_error){.status = ST_OK};
    assert_int_equal(rt_device_list_create(&list, error), ST_OK);
    assert_int_equal(rt_device_select(&list, selector ? selector : "auto", &chosen, error), ST_OK);
    const bool opened = rt_context_create(&rt, &list.items[chosen], &options, error) == ST_OK;
    if (opened) snprintf(provider, sizeof provider, "%s", rt_gemm_provider(rt));
    rt_context_destroy(&rt);
    rt_device_list_destroy(&list);
    assert_int_equal(live_objects, 0);
    return opened ? provider : NULL;
}

/* A library that fails when it is opened (call 2), or at its first product (call 3), is replaced with one sentence
 * where nobody asked for it by name. */
static void test_provider_fails(void **state)
{
    (void)state;
    if (no_layer()) skip();
    char notice[512];
    st_error error;
    assert_string_equal(provider_with("auto", notice, &error), "clblast");
    for (long call = 2; call <= 3; ++call) {
        char setting[32];
        snprintf(setting, sizeof setting, "source:%ld", call);
        set("SAFSD_LAYER_FAIL", setting);
        const char *provider = provider_with("auto", notice, &error);
        if (!provider) fail_msg("call %ld: %s", call, error.text);
        assert_string_equal(provider, "panel");
        assert_int_equal(error.status, ST_OK);
        if (!strstr(notice, "not computed by clblast, which does not work here: ")) fail_msg("heard: %s", notice);
    }
    set("SAFSD_LAYER_FAIL", "source:2");
    assert_null(provider_with("clblast", notice, &error));
    assert_int_equal(error.status, ST_DEVICE);
    assert_string_equal(notice, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_buffers_fail, clear_settings),
        cmocka_unit_test_teardown(test_builds_fail, clear_settings),
        cmocka_unit_test_teardown(test_any_call_fails, clear_settings),
        cmocka_unit_test_teardown(test_separate_memory_fails, clear_settings),
        cmocka_unit_test_teardown(test_only_size_cuts, clear_settings),
        cmocka_unit_test_teardown(test_memory, clear_settings),
        cmocka_unit_test_teardown(test_least_limits, clear_settings),
        cmocka_unit_test_teardown(test_no_compiler, clear_settings),
        cmocka_unit_test_teardown(test_provider_fails, clear_settings),
    };
    return cmocka_run_group_tests(tests, ts_scratch_open, ts_scratch_close);
}
