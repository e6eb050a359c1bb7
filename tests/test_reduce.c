/* The contract of the group helpers (cl/reduce.clh): the order of the sum is fixed, any group size works, and each
 * starts and ends with a barrier, so that a kernel may use the scratch right before and right after. A kernel of the
 * test's own does that, in the place of one of the program's files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/kernel.h"
#include "runtime/launch.h"
#include "runtime/program.h"
#include "tests/support/harness.h"

static const char kernel[] =
    "#include \"reduce.clh\"\n"
    "__kernel void neighbours(__global float *out, const ulong out_at, __local float *scratch)\n"
    "{\n"
    "    const uint item = (uint)get_local_id(0), size = (uint)get_local_size(0);\n"
    "    out += out_at;\n"
    "    scratch[item] = (float)(item + 1);\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    float next = scratch[(item + 1) % size];\n"
    "    const float sum = group_sum(next, scratch);\n"
    "    scratch[item] = -1.0f - (float)item;\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    next = scratch[(item + 1) % size];\n"
    "    const float largest = group_max(next, scratch);\n"
    "    scratch[item] = sum;\n"
    "    out[2 * item] = sum;\n"
    "    out[2 * item + 1] = largest;\n"
    "}\n";

/* The files that the kernel includes are those in use, which may be read from a folder of somebody's. */
static void copy_include(const char *to_folder, const char *name)
{
    const char *from_folder = getenv("SAFSD_CL_KERNELS");
    char from[1024], to[1024], text[8192];
    if (!from_folder) return; /* what is not in the folder comes from the program */
    snprintf(from, sizeof from, "%s/%s", from_folder, name);
    snprintf(to, sizeof to, "%s/%s", to_folder, name);
    FILE *in = fopen(from, "r"), *out = fopen(to, "w");
    assert_true(in && out);
    const size_t length = fread(text, 1, sizeof text, in);
    assert_true(length < sizeof text);
    assert_int_equal(fwrite(text, 1, length, out), length);
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

static bool is_replaced(const char *name)
{
    return strcmp(name, "relu.cl") == 0;
}

static void build(th_case *t, rt_program **program)
{
    char folder[] = "/tmp/safsd-reduce-XXXXXX", path[64], before[1024] = "";
    const char *const names[] = {"relu.cl", "reduce.clh"};
    assert_non_null(mkdtemp(folder));
    copy_include(folder, names[1]);
    snprintf(path, sizeof path, "%s/%s", folder, names[0]);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(kernel, file) >= 0);
    assert_int_equal(fclose(file), 0);

    const char *given = getenv("SAFSD_CL_KERNELS");
    if (given) snprintf(before, sizeof before, "%s", given);
    assert_int_equal(setenv("SAFSD_CL_KERNELS", folder, 1), 0);
    const st_status status = rt_program_create(program, t->rt, is_replaced, "");
    if (given)
        setenv("SAFSD_CL_KERNELS", before, 1);
    else
        unsetenv("SAFSD_CL_KERNELS");
    for (size_t i = 0; i < 2; ++i) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
    TH_OK(t, status);
}

static void contract_case(th_case *t, const void *user)
{
    (void)user;
    const size_t size = rt_row_group(t->rt);
    rt_program *program = NULL;
    build(t, &program);
    double *expected = th_doubles(t, 2 * size);
    for (size_t i = 0; i < size; ++i) {
        expected[2 * i] = (double)(size * (size + 1)) / 2.0;
        expected[2 * i + 1] = -1.0;
    }
    const rt_view out = th_output(t, 2 * size);
    const rt_arg arguments[] = {RT_VIEW(out), RT_LOCAL(size)};
    const st_status status = rt_launch_kernel(t->rt, rt_program_kernel(program, "neighbours"), rt_rows(t->rt, 1),
                                              arguments, sizeof arguments / sizeof *arguments);
    if (status == ST_OK) th_expect(t, "sum and largest", out, expected, 2 * size, TH_EXACT);
    rt_program_destroy(&program);
    TH_OK(t, status);
}

static void test_contract(void **state)
{
    th_run(state, contract_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_contract)};
    return cmocka_run_group_tests(tests, th_open, th_close);
}
