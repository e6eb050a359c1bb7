#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/checks/operations.h"
#include "model/checks/selftest.h"
#include "base/embedded.h"
#include "runtime/gemm.h"
#include "tests/support/harness.h"
#include "tests/support/scratch.h"

/* ---- a device that computes right ---- */

static void full_case(th_case *t, const void *user)
{
    nn_selftest_summary summary;
    const nn_selftest_options options = {.answers = nn_known_answers, .brief = user != NULL || th_small()};
    TH_OK(t, nn_selftest(t->rt, &options, &summary));
    assert_int_equal(summary.missed, 0);
    assert_true(summary.kernels > 40 && summary.tensors > summary.kernels);
    assert_true(summary.worst > 0.0 && summary.worst < 0.5); /* nothing is close to its limit */
}

static void test_passes(void **state)
{
    th_run_once(state, full_case, NULL);
    th_run_once(state, full_case, "brief");
}

/* ---- answers that are wrong ---- */

typedef struct findings {
    size_t lines, missed;
    char first[64]; /* "operation: tensor" of the first miss */
} findings;

static void collect(void *user, const nn_selftest_line *line)
{
    findings *f = user;
    ++f->lines;
    if (line->deviation <= line->limit) return;
    if (f->missed++ == 0) snprintf(f->first, sizeof f->first, "%s: %s", line->operation, line->tensor);
}

static size_t answers_count(void)
{
    size_t count = 0;
    while (nn_known_answers[count].operation) ++count;
    return count;
}

static float float_of(uint32_t bits)
{
    float value = 0.0f;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* One element of the answer moved by ten limits of the largest there is, or one bit that counts. */
static uint32_t move(const nn_known_answer *answer, size_t *element)
{
    const size_t stride = nn_answer_stride(answer->elements);
    size_t place = 0;
    for (size_t k = 0; k * stride < answer->elements; ++k) {
        if (answer->care && answer->care[k]) place = k;
        if (!answer->care && float_of(answer->bits[k]) > float_of(answer->bits[place])) place = k;
    }
    *element = place;
    if (answer->care) return answer->bits[place] ^ (answer->care[place] & (0u - answer->care[place]));
    const float value = float_of(answer->bits[place]), moved = isnan(value) ? 1.0f : value * 1.01f + 1e-3f;
    uint32_t bits = 0;
    memcpy(&bits, &moved, sizeof bits);
    return bits;
}

/* Runs the short form with one answer changed; it must be the only miss, and the sentence must name its kernel. */
static void expect_found(th_case *t, nn_known_answer *answers, size_t i)
{
    const nn_known_answer right = answers[i];
    const size_t stride = nn_answer_stride(right.elements), count = (right.elements + stride - 1) / stride;
    uint32_t *bits = (uint32_t *)th_ints(t, count);
    size_t place = 0;
    memcpy(bits, right.bits, count * sizeof *bits);
    const uint32_t moved = move(&right, &place);
    bits[place] = moved;
    answers[i].bits = bits;
    findings found = {0, 0, ""};
    nn_selftest_summary summary;
    const nn_selftest_options options = {
        .answers = answers, .brief = true, .operation = right.operation, .report = collect, .user = &found};
    const st_status status = nn_selftest(t->rt, &options, &summary);
    char name[64];
    snprintf(name, sizeof name, "%s: %s", right.operation, right.tensor);
    const char *sentence = rt_error(t->rt)->text;
    if (status != ST_CHECK || found.missed != 1 || summary.missed != 1 || strcmp(found.first, name) != 0 ||
        !strstr(sentence, rt_device(t->rt)->name) || !strstr(sentence, right.tensor))
        fail_msg("%s: status %d, %zu missed, first %s: %s", name, (int)status, found.missed, found.first, sentence);
    st_clear(rt_error(t->rt));
    answers[i] = right;
}

static bool is_brief(const nn_known_answer *answer)
{
    for (const nn_operation *const *o = nn_operations; *o; ++o)
        if (strcmp((*o)->name, answer->operation) == 0) return (*o)->shapes[answer->shape].brief;
    return false;
}

static void wrong_answers_case(th_case *t, const void *user)
{
    (void)user;
    const size_t count = answers_count();
    nn_known_answer *answers = malloc((count + 1) * sizeof *answers);
    assert_non_null(answers);
    memcpy(answers, nn_known_answers, (count + 1) * sizeof *answers);
    for (size_t i = 0; i < count; ++i)
        if (is_brief(&answers[i])) expect_found(t, answers, i);
    free(answers);
}

static void test_wrong_answers_are_found(void **state)
{
    if (th_small()) skip();
    th_run_once(state, wrong_answers_case, NULL);
}

static void lacking_case(th_case *t, const void *user)
{
    (void)user;
    nn_selftest_summary summary;
    const nn_selftest_options options = {.answers = nn_known_answers + 1, .brief = true};
    assert_int_equal(nn_selftest(t->rt, &options, &summary), ST_FAILED);
    assert_non_null(strstr(rt_error(t->rt)->text, nn_known_answers[0].tensor));
    st_clear(rt_error(t->rt));
}

static void test_lacking_answer(void **state)
{
    th_run_once(state, lacking_case, NULL);
}

/* ---- kernels that are wrong ---- */

/* The place behind the opening brace of kernel number `number` of a source; NULL where it has fewer. */
static const char *body_of(const char *source, size_t number, char name[64])
{
    static const char mark[] = "__kernel void ";
    const char *place = source;
    for (size_t i = 0; (place = strstr(place, mark)) != NULL; ++i) {
        place += sizeof mark - 1;
        if (i < number) continue;
        const size_t length = strcspn(place, "(");
        assert_in_range(length, 1, 63);
        memcpy(name, place, length);
        name[length] = '\0';
        const char *brace = strstr(place, "\n{\n");
        assert_non_null(brace);
        return brace + 3;
    }
    return NULL;
}

typedef struct broken_kernels {
    char names[32][64];
    bool named[32];
    size_t count;
} broken_kernels;

/* Writes the sources of which kernel number `number` returns at once. */
static void write_broken(void **scratch, size_t number, broken_kernels *broken)
{
    broken->count = 0;
    for (const embedded_text *e = embedded_kernels; e->name; ++e) {
        if (!strstr(e->name, ".cl") || strstr(e->name, ".clh")) continue;
        assert_true(broken->count < 32);
        const char *body = body_of(e->text, number, broken->names[broken->count]);
        const size_t before = body ? (size_t)(body - e->text) : 0, length = strlen(e->text);
        char *text = malloc(length + 16);
        assert_non_null(text);
        if (!body) memcpy(text, e->text, length);
        if (body) snprintf(text, length + 16, "%.*s    return;\n%s", (int)before, e->text, body);
        ts_write(ts_path(scratch, e->name), text, body ? length + 12 : length);
        free(text);
        if (body) broken->named[broken->count++] = false;
    }
}

static void note_names(void *user, const nn_selftest_line *line)
{
    broken_kernels *broken = user;
    if (line->deviation <= line->limit) return;
    for (size_t i = 0; i < broken->count; ++i)
        if (strstr(line->kernel, broken->names[i])) broken->named[i] = true;
}

/* A product uses the kernels of its provider alone. */
static bool is_used(const rt_context *rt, const char *kernel)
{
    return strncmp(kernel, "gemm", 4) != 0 ||
           (strcmp(rt_gemm_provider(rt), "panel") == 0) == (strcmp(kernel, "gemm_bias") != 0);
}

/* Whether the operation has a kernel that does nothing and is in use. */
static bool concerns(const nn_operation *operation, const broken_kernels *broken, const rt_context *rt)
{
    for (const char *const *kernel = operation->kernels; *kernel; ++kernel)
        for (size_t i = 0; i < broken->count; ++i)
            if (strcmp(*kernel, broken->names[i]) == 0 && is_used(rt, *kernel)) return true;
    return false;
}

static void broken_case(th_case *t, const void *user)
{
    broken_kernels *broken = (broken_kernels *)user;
    for (const nn_operation *const *o = nn_operations; *o; ++o) {
        if (!concerns(*o, broken, t->rt)) continue;
        nn_selftest_summary summary;
        const nn_selftest_options options = {
            .answers = nn_known_answers, .brief = true, .operation = (*o)->name, .report = note_names, .user = broken};
        assert_int_equal(nn_selftest(t->rt, &options, &summary), ST_CHECK);
        st_clear(rt_error(t->rt));
    }
    for (size_t i = 0; i < broken->count; ++i)
        if (is_used(t->rt, broken->names[i]) && !broken->named[i])
            fail_msg("kernel %s does nothing, and is not named", broken->names[i]);
}

/* One kernel of every file at a time does nothing; the self-test names it. */
static void test_broken_kernels_are_named(void **state)
{
    static const th_setting narrow = {"VW=4", 4, 0, 0, false};
    void *scratch = NULL;
    assert_int_equal(ts_scratch_open(&scratch), 0);
    setenv("SAFSD_CL_KERNELS", ts_path(&scratch, ""), 1);
    size_t kernels = 0;
    for (size_t number = 0;; ++number) {
        broken_kernels broken;
        write_broken(&scratch, number, &broken);
        if (broken.count == 0) break;
        kernels += broken.count;
        th_run_in(state, &narrow, broken_case, &broken);
    }
    unsetenv("SAFSD_CL_KERNELS");
    assert_int_equal(ts_scratch_close(&scratch), 0);
    assert_true(kernels > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_wrong_answers_are_found),
        cmocka_unit_test(test_lacking_answer),
        cmocka_unit_test(test_broken_kernels_are_named),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
