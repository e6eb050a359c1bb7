/* What is exported for compilers elsewhere, and what is checked before a program from there is used. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/embedded.h"
#include "runtime/context.h"
#include "runtime/kernel_source.h"
#include "runtime/program_given.h"
#include "tests/support/scratch.h"

static void open_device(rt_context **rt, size_t vector_width, st_error *error)
{
    rt_device_list list;
    size_t chosen = 0;
    const char *selector = getenv("SAFSD_CL_DEVICE");
    assert_int_equal(rt_device_list_create(&list, error), ST_OK);
    assert_int_equal(rt_device_select(&list, selector ? selector : "auto", &chosen, error), ST_OK);
    if (rt_context_create(rt, &list.items[chosen], &(rt_options){.gemm = "panel", .vector_width = vector_width},
                          error) != ST_OK)
        fail_msg("%s", error->text);
    rt_device_list_destroy(&list);
}

/* The names and argument counts read from the text are those that a compiler makes of it. */
static void test_interface(void **state)
{
    (void)state;
    rt_context *rt = NULL;
    rt_program *all = NULL;
    rt_interface read;
    st_error error = {.status = ST_OK};
    open_device(&rt, 0, &error);
    if (rt_program_create(&all, rt, NULL, "") != ST_OK) fail_msg("%s", error.text);
    assert_int_equal(rt_interface_create(&read, &error), ST_OK);
    assert_true(read.count >= 40 && read.abi != 0);
    assert_int_equal(read.count, rt_program_kernels(all));
    for (size_t i = 0; i < read.count; ++i) {
        assert_string_equal(read.kernels[i].name, rt_kernel_name(all, i));
        assert_int_equal(read.kernels[i].arguments, rt_kernel_arguments(all, i));
    }
    rt_interface_destroy(&read);
    rt_program_destroy(&all);
    rt_context_destroy(&rt);
}

/* A folder of kernels in which `from` in `file` reads `to`. */
static void change_kernels(void **state, const char *file, const char *from, const char *to)
{
    for (const embedded_text *text = embedded_kernels; text->name; ++text) {
        const char *at = strcmp(text->name, file) == 0 ? strstr(text->text, from) : NULL;
        if (strcmp(text->name, file) == 0) assert_non_null(at);
        if (!at) continue;
        char *changed = calloc(1, strlen(text->text) + strlen(to) + 1);
        memcpy(changed, text->text, (size_t)(at - text->text));
        strcat(changed, to);
        strcat(changed, at + strlen(from));
        ts_write(ts_path(state, file), changed, strlen(changed));
        free(changed);
    }
    char folder[1024];
    snprintf(folder, sizeof folder, "%s", ts_path(state, "."));
    assert_int_equal(setenv("SAFSD_CL_KERNELS", folder, 1), 0);
}

static uint32_t abi_now(void)
{
    rt_interface read;
    st_error error = {.status = ST_OK};
    assert_int_equal(rt_interface_create(&read, &error), ST_OK);
    const uint32_t abi = read.abi;
    rt_interface_destroy(&read);
    return abi;
}

/* The ABI number follows arguments, their types and order, and nothing else. */
static void test_abi(void **state)
{
    static const struct {
        const char *from, *to;
        bool same;
    } changes[] = {
        {"const uint n", "const int n", false},
        {"const uint n", "const uint n, const uint more", false},
        {"__kernel void relu_forward", "__kernel void relu_upwards", false},
        {"__kernel void relu_forward", "/* __kernel void none(int) */ __kernel void relu_forward", true},
        {"__kernel void relu_forward", "// __kernel void none(int)\n__kernel void relu_forward", true},
        {"const uint n", "const\n    uint   n", true},
    };
    const uint32_t abi = abi_now();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; ++i) {
        change_kernels(state, "relu.cl", changes[i].from, changes[i].to);
        if ((abi_now() == abi) != changes[i].same) fail_msg("change %zu: %s", i, changes[i].to);
        unsetenv("SAFSD_CL_KERNELS");
    }
    assert_int_equal(abi_now(), abi);
}

static void test_texts(void **state)
{
    (void)state;
    char *source = NULL, *manifest = NULL;
    st_error error = {.status = ST_OK};
    json_error_t problem;
    assert_int_equal(rt_export_source(&source, 8, &error), ST_OK);
    assert_non_null(strstr(source, "#define VW 8 "));
    assert_null(strstr(source, "#include"));
    assert_non_null(strstr(source, "gemm_panel_pack"));
    /* The notice that Random123's licence wants in every copy of its source, whole and before the code. */
    const char *notice = strstr(source, "Copyright 2010-2011, D. E. Shaw Research.");
    const char *code = strstr(source, "mulhilo32");
    assert_non_null(notice);
    assert_non_null(code);
    const char *last = strstr(notice, "EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.");
    assert_non_null(last);
    assert_true(last < code);
    assert_int_equal(rt_export_manifest(&manifest, 8, NULL, &error), ST_OK);
    json_t *read = json_loads(manifest, 0, &problem);
    assert_non_null(read);
    assert_int_equal(json_integer_value(json_object_get(read, "abi")), abi_now());
    assert_int_equal(json_integer_value(json_object_get(read, "vector_width")), 8);
    assert_string_equal(json_string_value(json_object_get(read, "options")), "-cl-std=CL1.2 -DVW=8");
    json_decref(read);
    free(source);
    free(manifest);
    assert_int_equal(rt_export_source(&source, 3, &error), ST_USAGE);
    assert_null(source);
    st_clear(&error);
    assert_int_equal(rt_export_manifest(&manifest, 32, NULL, &error), ST_USAGE);
    assert_null(manifest);
}

static void write_manifest(void **state, size_t width)
{
    char *text = NULL;
    st_error error = {.status = ST_OK};
    assert_int_equal(rt_export_manifest(&text, width, NULL, &error), ST_OK);
    ts_write(ts_path(state, RT_EXPORT_MANIFEST), text, strlen(text));
    free(text);
}

static void expect_open(const char *path, const rt_device_info *device, st_status status, const char *piece)
{
    rt_given given;
    st_error error = {.status = ST_OK};
    assert_int_equal(rt_given_open(&given, path, device, &error), status);
    if (status == ST_OK && !strstr(given.path, piece)) fail_msg("%s instead of %s", given.path, piece);
    if (status != ST_OK && !strstr(error.text, piece)) fail_msg("\"%s\" is not in: %s", piece, error.text);
    if (status == ST_OK) assert_int_equal(given.vector_width, 4);
    rt_given_close(&given);
    assert_null(given.binary);
}

/* A folder holds one binary per device, named after it. */
static void test_folder(void **state)
{
    const rt_device_info board = {.name = "Board (PCIe) v1.2"}, other = {.name = "Board"};
    char folder[1024], name[RT_BINARY_NAME_SIZE];
    rt_binary_name(name, &board);
    assert_string_equal(name, "Board--PCIe--v1.2");
    snprintf(folder, sizeof folder, "%s", ts_path(state, "."));
    expect_open(folder, &board, ST_FAILED, "would be called Board--PCIe--v1.2.bin");
    ts_write(ts_path(state, "Board--PCIe--v1.2.aocx"), "bits", 4);
    expect_open(folder, &board, ST_FAILED, "manifest");
    write_manifest(state, 4);
    expect_open(folder, &board, ST_OK, "Board--PCIe--v1.2.aocx");
    expect_open(folder, &other, ST_FAILED, "no program for Board");
    expect_open(ts_path(state, "Board--PCIe--v1.2.aocx"), &other, ST_OK, "v1.2.aocx"); /* a file is taken at its word */
    ts_write(ts_path(state, "Board--PCIe--v1.2.bin"), "bits", 4);
    expect_open(folder, &board, ST_FAILED, "2 programs called");
    unlink(ts_path(state, "Board--PCIe--v1.2.bin"));
    ts_write(ts_path(state, "Board--PCIe--v1.2.aocx"), "", 0);
    expect_open(folder, &board, ST_FAILED, "empty");
    expect_open(ts_path(state, "missing.bin"), &board, ST_FAILED, "No such file");
    ts_write(ts_path(state, RT_EXPORT_MANIFEST), "{}", 2);
    ts_write(ts_path(state, "Board.bin"), "bits", 4);
    expect_open(ts_path(state, "Board.bin"), &board, ST_CHECK, "is not a manifest of kernels");
}

/* The manifest NAME.json of a binary NAME is no second binary, and is compared with it whatever both are called. */
static void test_own_manifest(void **state)
{
    const rt_device_info board = {.name = "Board"}, other = {.name = "Other"};
    const rt_exported exported = {"Board", (const unsigned char *)"bits", 4};
    char folder[1024];
    char *text = NULL;
    st_error error = {.status = ST_OK};
    snprintf(folder, sizeof folder, "%s", ts_path(state, "."));
    assert_int_equal(rt_export_manifest(&text, 4, &exported, &error), ST_OK);
    ts_write(ts_path(state, "Board.json"), text, strlen(text));
    expect_open(folder, &board, ST_FAILED, "no program for Board");
    ts_write(ts_path(state, "Board"), "bits", 4);
    expect_open(folder, &board, ST_OK, "/Board");
    ts_write(ts_path(state, "Other"), "bits", 4);
    ts_write(ts_path(state, "Other.json"), text, strlen(text));
    free(text);
    expect_open(folder, &other, ST_OK, "/Other");
    ts_write(ts_path(state, "Other"), "bite", 4);
    expect_open(folder, &other, ST_CHECK, "/Other is damaged");
    ts_write(ts_path(state, "Other"), "bit", 3);
    expect_open(folder, &other, ST_CHECK, "/Other has 3 bytes");
}

static bool only_relu(const char *name)
{
    return strcmp(name, "relu.cl") == 0;
}

static void test_program(void **state)
{
    rt_context *rt = NULL;
    rt_program *program = NULL;
    st_error error = {.status = ST_OK};
    rt_given given = {.path = "board.bin"};
    open_device(&rt, 0, &error);
    assert_int_equal(rt_program_create(&program, rt, only_relu, ""), ST_OK);
    assert_int_equal(rt_given_check(&given, program, &error), ST_CHECK);
    assert_non_null(strstr(error.text, "board.bin has no kernel adam_update"));
    st_clear(&error);
    rt_program_destroy(&program);

    assert_int_equal(rt_program_create(&program, rt, NULL, ""), ST_OK);
    assert_int_equal(rt_given_check(&given, program, &error), ST_OK);
    change_kernels(state, "relu.cl", "const uint n", "const uint n, const uint more");
    assert_int_equal(rt_given_check(&given, program, &error), ST_CHECK);
    unsetenv("SAFSD_CL_KERNELS");
    assert_non_null(strstr(error.text, "the kernel relu_"));
    assert_non_null(strstr(error.text, "of board.bin takes "));
    st_clear(&error);
    rt_program_destroy(&program);
    rt_context_destroy(&rt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interface),
        cmocka_unit_test(test_abi),
        cmocka_unit_test(test_texts),
        cmocka_unit_test_setup_teardown(test_folder, ts_scratch_open, ts_scratch_close),
        cmocka_unit_test_setup_teardown(test_own_manifest, ts_scratch_open, ts_scratch_close),
        cmocka_unit_test(test_program),
    };
    return cmocka_run_group_tests(tests, ts_scratch_open, ts_scratch_close);
}
