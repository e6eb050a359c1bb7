#!/usr/bin/env bash
# Adds an operation, y = -x, to a copy of the tree, in a folder with a space and an umlaut, by following "Adding an operation"
# of CONTRIBUTING.md: it touches the files that the page names, and no others; then the tests of the operation pass, the
# self-test runs its kernels, and bench times them.
. "$(dirname "$0")/common.sh" "$@"
command -v python3 >/dev/null || skip "python3 is not installed"
outer=$(mktemp -d)
trap 'rm -rf "$outer" "$findings"' EXIT
copy="$outer/größer gebaut"
mkdir "$copy"
git ls-files -z 2>/dev/null | grep -zvE '^(bench/results|tests/golden)/' | tar --null --ignore-failed-read -T - -cf - 2>/dev/null | tar -xf - -C "$copy"
[ -e "$copy/CMakeLists.txt" ] || skip "this is no checkout"
mkdir -p "$copy/tests/golden"
cp -r "$copy" "$outer/before"

cd "$copy" || exit 1
header() { # FILE DECLARATION...: a guarded header.
    local guard
    guard=SAFSD_$(echo "$1" | tr 'a-z/.' 'A-Z__')
    printf '/* Negation of flat arrays. */\n#ifndef %s\n#define %s\n\n%s\n\n#endif\n' "$guard" "$guard" "$2" >"$1"
}
cat >cl/negate.cl <<'END'
#include "vector.clh"

/* y = -x over n elements. Launch: rt_items(n). Host: model/layers/negate.c. */
__kernel void negate_forward(__global float *restrict y, const ulong y_at, const __global float *restrict x,
                             const ulong x_at, const uint n)
{
    const size_t i = get_global_id(0) * VW;
    if (i < n) fv_store(y + y_at, i, n, -fv_load(x + x_at, i, n));
}

/* dx = beta * dx - dy. */
__kernel void negate_backward(__global float *restrict dx, const ulong dx_at, const __global float *restrict dy,
                              const ulong dy_at, const uint n, const float beta)
{
    const size_t i = get_global_id(0) * VW;
    if (i >= n) return;
    fv result = -fv_load(dy + dy_at, i, n);
    if (beta != 0.0f) result += beta * fv_load(dx + dx_at, i, n);
    fv_store(dx + dx_at, i, n, result);
}
END
header model/layers/negate.h '#include "model/glossary.h"

typedef struct nn_negate {
    size_t elements;
} nn_negate;

typedef struct nn_negate_gradient {
    rt_view dx;
    float beta;
} nn_negate_gradient;

st_status nn_negate_forward(rt_context *rt, rt_view y, const nn_negate *layer, rt_view x);
st_status nn_negate_backward(rt_context *rt, const nn_negate_gradient *gradient, const nn_negate *layer, rt_view dy);'
cat >model/layers/negate.c <<'END'
#include "model/layers/negate.h"

#include "runtime/launch.h"

st_status nn_negate_forward(rt_context *rt, rt_view y, const nn_negate *layer, rt_view x)
{
    const size_t n = layer->elements;
    return RT_LAUNCH(rt, "negate_forward", rt_items(rt, n), RT_VIEW(y), RT_VIEW(x), RT_UINT(n), RT_MOVES(2 * n));
}

st_status nn_negate_backward(rt_context *rt, const nn_negate_gradient *gradient, const nn_negate *layer, rt_view dy)
{
    const size_t n = layer->elements;
    return RT_LAUNCH(rt, "negate_backward", rt_items(rt, n), RT_VIEW(gradient->dx), RT_VIEW(dy), RT_UINT(n),
                     RT_FLOAT(gradient->beta), RT_MOVES((gradient->beta != 0.0f ? 3 : 2) * n));
}
END
header reference/negate.h '#include <stddef.h>

void ref_negate_forward(double *y, const double *x, size_t elements);
void ref_negate_backward(double *dx, const double *dy, size_t elements, double beta);'
cat >reference/negate.c <<'END'
#include "reference/negate.h"

void ref_negate_forward(double *y, const double *x, size_t elements)
{
    for (size_t i = 0; i < elements; ++i) y[i] = -x[i];
}

void ref_negate_backward(double *dx, const double *dy, size_t elements, double beta)
{
    for (size_t i = 0; i < elements; ++i) dx[i] = (beta != 0.0 ? beta * dx[i] : 0.0) - dy[i];
}
END
cat >tests/test_negate.c <<'END'
#include "model/layers/negate.h"
#include "tests/support/harness.h"
#include "reference/negate.h"

static void sizes_case(th_case *t, const void *user)
{
    static const size_t sizes[] = {1, 15, 16, 17, 257};
    (void)user;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; ++s) {
        const size_t n = sizes[s];
        const th_tensor x = th_normal(t, n, 1 + n, 1.0), old = th_normal(t, n, 2 + n, 1.0);
        const rt_view y = th_output(t, n);
        double *expected = th_doubles(t, n);
        ref_negate_forward(expected, x.value, n);
        TH_OK(t, nn_negate_forward(t->rt, y, &(nn_negate){n}, x.view));
        th_expect(t, "y", y, expected, n, TH_ROUNDING);
        ref_negate_backward(old.value, x.value, n, 0.5);
        TH_OK(t, nn_negate_backward(t->rt, &(nn_negate_gradient){old.view, 0.5f}, &(nn_negate){n}, x.view));
        th_expect(t, "dx", old.view, old.value, n, TH_ROUNDING);
    }
}

static void test_sizes(void **state)
{
    th_run(state, sizes_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sizes)};
    return cmocka_run_group_tests(tests, th_open, th_close);
}
END

python3 - <<'END' || { echo "an edit found no place" | complain "operation" && conclude; }
def edit(path, *changes):
    text = open(path, encoding="utf-8").read()
    for before, after in changes:
        assert before in text, (path, before)
        text = text.replace(before, after, 1)
    open(path, "w", encoding="utf-8").write(text)


edit("model/checks/operations_rows.c",
     ('#include "model/layers/relu.h"\n', '#include "model/layers/negate.h"\n#include "model/layers/relu.h"\n'),
     ("/* ---- rectifier ---- */\n", """/* ---- negation ---- */

static const nn_op_tensor negate_tensors[] = {
    NN_OP_READ("x", SIGNED, nn_op_flat),
    NN_OP_INCOMING("dy", nn_op_flat, "y"),
    NN_OP_WRITTEN(OUTPUT, "y", nn_op_flat, NN_OP_ROUNDING, "negate_forward", NULL),
    NN_OP_WRITTEN(ADDED, "dx", nn_op_flat, NN_OP_ROUNDING, "negate_backward", "x"),
    {.name = NULL},
};

static st_status negate_forward(const nn_op_run *r)
{
    return nn_negate_forward(r->rt, nn_op_view(r, "y"), &(nn_negate){nn_op_flat(r->shape)}, nn_op_view(r, "x"));
}

static st_status negate_backward(const nn_op_run *r)
{
    const nn_negate_gradient gradient = {nn_op_view(r, "dx"), nn_op_beta(r)};
    return nn_negate_backward(r->rt, &gradient, &(nn_negate){nn_op_flat(r->shape)}, nn_op_view(r, "dy"));
}

const nn_operation nn_operation_negate = {
    .name = "negate",
    .kernels = (const char *const[]){"negate_forward", "negate_backward", NULL},
    .tensors = negate_tensors,
    NN_OP_SHAPES(flat_shapes),
    .forward = negate_forward,
    .backward = negate_backward,
};

/* ---- rectifier ---- */
"""))
edit("model/checks/operations_list.h", ("nn_operation_relu,", "nn_operation_relu, nn_operation_negate,"))
edit("model/checks/operations_list.c", ("    &nn_operation_relu,\n", "    &nn_operation_relu,\n    &nn_operation_negate,\n"))
edit("reference/operations_rows.c",
     ('#include "reference/layernorm.h"\n', '#include "reference/layernorm.h"\n#include "reference/negate.h"\n'),
     ("static void relu_forward", """static void negate_forward(ref_case *c)
{
    ref_negate_forward(V("y"), V("x"), ref_flat(c));
}

static void negate_backward(ref_case *c)
{
    ref_negate_backward(V("dx"), V("dy"), ref_flat(c), ref_beta(c));
}

static void relu_forward"""),
     ('    {"relu", relu', '    {"negate", negate_forward, negate_backward},\n    {"relu", relu'))
edit("bench/kernels.c",
     ('#include "model/layers/relu.h"\n', '#include "model/layers/negate.h"\n#include "model/layers/relu.h"\n'),
     ("static nn_relu relu_of", """static st_status negate_forward(operands *o)
{
    return nn_negate_forward(o->rt, o->wide[1], &(nn_negate){elements_of(o)}, o->wide[0]);
}

static st_status negate_backward(operands *o)
{
    const nn_negate_gradient gradient = {.dx = o->wide[2]};
    return nn_negate_backward(o->rt, &gradient, &(nn_negate){elements_of(o)}, o->wide[1]);
}

static nn_relu relu_of"""),
     ('    {"relu_forward", relu', '    {"negate_forward", negate_forward},\n    {"negate_backward", negate_backward},\n'
                               '    {"relu_forward", relu'))
END

# What was touched is what the page names.
diff -rq "$outer/before" . | sed -nE 's,^Files .* and \./(.*) differ$,\1,p; s,^Only in \.(/?)([^:]*): (.*)$,\2/\3,p' | sort >"$outer/touched"
sed -n '/^## Adding an operation/,/^## Adding a provider/p' CONTRIBUTING.md | grep -oE '`[a-zA-Z_]+/[a-zA-Z_/]+\.(c|h|cl|txt|cmake)`' | tr -d '`' |
    grep -vE '^(model/glossary\.h|cl/vector\.clh)$' | sed 's/NAME/negate/' | sort -u >"$outer/named"
diff "$outer/named" "$outer/touched" | sed -n 's/^</the page names, but nothing needs it:/p; s/^>/the page does not name:/p' | complain "CONTRIBUTING.md"

launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
{
    cmake -S . -B build -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS="-O1 -g0 -Werror" "${launcher[@]}" &&
        cmake --build build --parallel "$(nproc)" --target safsd-cl pages test_negate test_operations
} >"$outer/said" 2>&1 || { grep -E 'rror|warning' "$outer/said" | head -n 5 | complain "build" && conclude; }
export POCL_CACHE_DIR="$outer/cache"
mkdir "$POCL_CACHE_DIR"
ctest --test-dir build -R '^(negate|operations|check_kernels|check_layers|check_headers)$' >"$outer/said" 2>&1 ||
    grep -E 'Failed|\*\*\*' "$outer/said" | complain "tests"
ctest --test-dir build -N | grep -q 'oclgrind_negate' || echo "oclgrind_negate" | complain "is no test"
build/safsd-cl --verbose selftest --full >"$outer/said" 2>&1 || tail -n 3 "$outer/said" | complain "selftest"
grep -q 'negate' "$outer/said" || echo "negate" | complain "selftest does not run"
build/safsd-cl bench --only kernels --shape meld --mode train --hidden 16 --dialogues 2 --json 2>/dev/null | grep -q '"negate_backward"' ||
    echo "negate_backward" | complain "bench does not time"
conclude
