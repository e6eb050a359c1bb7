/* Writes the answers of the self-test (model/checks/selftest.h) as C, from the references:  known_answers OUTPUT.c
 * The build runs it; the program then carries the numbers and needs neither references nor tests. */
#include <stdio.h>
#include <string.h>

#include "model/checks/selftest.h"
#include "reference/operations.h"

static uint32_t bits_of(double value, int word)
{
    if (word) return (uint32_t)value;
    const float number = (float)value;
    uint32_t bits = 0;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

/* Every stride-th of the values as `static const uint32_t NAME_NUMBER[]`. */
static void write_array(FILE *out, const char *name, size_t number, const double *values, size_t elements, int words)
{
    enum { A_LINE = 10 };
    const size_t stride = nn_answer_stride(elements);
    fprintf(out, "static const uint32_t %s_%zu[] = {", name, number);
    for (size_t k = 0; k * stride < elements; ++k)
        fprintf(out, "%s0x%08x,", k % A_LINE == 0 ? "\n    " : " ", (unsigned)bits_of(values[k * stride], words));
    fputs("\n};\n", out);
}

static int is_answer(const nn_op_tensor *tensor)
{
    return tensor->role != NN_OP_INPUT && tensor->role != NN_OP_SCRATCH;
}

static int visit(FILE *out, int (*work)(FILE *out, const ref_case *c, size_t tensor, size_t *number), int computed)
{
    size_t number = 0;
    for (const nn_operation *const *o = nn_operations; *o; ++o)
        for (size_t s = 0; s < (*o)->shape_count; ++s) {
            ref_case c;
            int done = 1;
            ref_case_create(&c, *o, &(*o)->shapes[s]);
            if (computed) done = ref_case_forward(&c) && ref_case_backward(&c);
            for (size_t t = 0; done && (*o)->tensors[t].name; ++t)
                if (is_answer(&(*o)->tensors[t])) done = work(out, &c, t, &number);
            ref_case_destroy(&c);
            if (!done) {
                fprintf(stderr, "the operation %s has no reference\n", (*o)->name);
                return 0;
            }
        }
    return 1;
}

static int write_arrays(FILE *out, const ref_case *c, size_t t, size_t *number)
{
    const size_t elements = c->operation->tensors[t].elements(c->shape);
    write_array(out, "bits", *number, c->values[t], elements, c->care[t] != NULL);
    if (c->care[t]) write_array(out, "care", *number, c->care[t], elements, 1);
    ++*number;
    return 1;
}

static int write_entry(FILE *out, const ref_case *c, size_t t, size_t *number)
{
    const nn_op_tensor *tensor = &c->operation->tensors[t];
    char care[32] = "NULL";
    if (c->care[t]) snprintf(care, sizeof care, "care_%zu", *number);
    fprintf(out, "    {\"%s\", \"%s\", %zu, %zu, bits_%zu, %s},\n", c->operation->name, tensor->name,
            (size_t)(c->shape - c->operation->shapes), tensor->elements(c->shape), *number, care);
    ++*number;
    return 1;
}

int main(int argc, char **argv)
{
    FILE *out = argc == 2 ? fopen(argv[1], "w") : NULL;
    if (!out) {
        fputs("usage: known_answers OUTPUT.c\n", stderr);
        return 2;
    }
    fputs("/* Made by reference/known_answers.c from the double-precision references. */\n"
          "#include \"model/checks/selftest.h\"\n\n",
          out);
    int done = visit(out, write_arrays, 1);
    fputs("\nconst nn_known_answer nn_known_answers[] = {\n", out);
    done = done && visit(out, write_entry, 0);
    fputs("    {NULL, NULL, 0, 0, NULL, NULL},\n};\n", out);
    done = fclose(out) == 0 && done;
    return done ? 0 : 1;
}
