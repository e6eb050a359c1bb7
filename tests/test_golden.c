/* Golden cases on every device that is found, and how a case that does not hold is told from one that cannot be run. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/safetensors.h"
#include "model/checks/golden.h"
#include "runtime/device.h"
#include "tests/support/scratch.h"

enum { MOST_FILES = 256 };

static const char *golden_folder(void)
{
    const char *folder = getenv("SAFSD_TEST_GOLDEN");
    return folder ? folder : "tests/golden";
}

static const char *golden_file(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s.safetensors", golden_folder(), name);
    return path;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool is_small(void)
{
    return getenv("SAFSD_TEST_SMALL") != NULL;
}

/* Cases that a slow device is given: a training step with and without its graph, an evaluation. */
static bool is_wanted(const char *name)
{
    static const char *const small[] = {"lonely.safetensors", "nobody_labelled.safetensors", "sample.safetensors"};
    for (size_t i = 0; is_small() && i < sizeof small / sizeof *small; ++i)
        if (strcmp(name, small[i]) == 0) return true;
    return !is_small() && strstr(name, ".safetensors");
}

/* Every case of the folder, by name. */
static size_t list_files(char files[MOST_FILES][1024])
{
    size_t count = 0;
    DIR *folder = opendir(golden_folder());
    assert_non_null(folder);
    for (struct dirent *entry = NULL; (entry = readdir(folder)) && count < MOST_FILES;)
        if (is_wanted(entry->d_name)) snprintf(files[count++], 1024, "%.600s/%.255s", golden_folder(), entry->d_name);
    closedir(folder);
    qsort(files, count, sizeof *files, by_name);
    return count;
}

/* ---- every case on every device ---- */

typedef struct setting {
    const char *name;
    rt_options options;
    size_t least_passed; /* cases that a device with such blocks still computes; 0: all must */
} setting;

/* What the device is by itself, other vectors and groups, and devices whose blocks hold a tensor but not an arena. */
static const setting settings[] = {
    {"default", {.gemm = NULL}, 0},
    {"VW=1, group=1", {.vector_width = 1, .group_size = 1}, 0},
    {"VW=4, group=7", {.vector_width = 4, .group_size = 7}, 0},
    {"separate memory", {.separate_memory = true}, 0},
    {"blocks of 4 MiB", {.largest_block = 4 << 20}, 15},
    {"blocks of 160 KiB", {.largest_block = 160 << 10}, 6},
};

static void print_miss(void *user, const nn_golden_line *line)
{
    if (!(line->present && line->error <= line->limit))
        print_error("%s: %s: error %.3g, limit %.0e\n", (const char *)user, line->tensor, line->error, line->limit);
}

static void run_setting(const rt_device_info *device, const setting *with)
{
    static char files[MOST_FILES][1024];
    st_error error = {.status = ST_OK};
    rt_context *rt = NULL;
    long live_objects = 0;
    rt_options options = with->options;
    options.gemm = getenv("SAFSD_TEST_GEMM");
    options.live_objects = &live_objects;
    if (rt_context_create(&rt, device, &options, &error) != ST_OK) fail_msg("%s: %s", device->name, error.text);
    const size_t count = list_files(files);
    assert_true(count >= (is_small() ? 3 : 12));
    size_t passed = 0;
    double worst = 0;
    for (size_t i = 0; i < count; ++i) {
        nn_golden_summary summary;
        st_clear(&error);
        const st_status status = nn_golden_verify(files[i], rt, print_miss, files[i], &summary);
        if (with->least_passed && status == ST_DEVICE && strstr(error.text, "in one piece")) continue;
        if (status != ST_OK) fail_msg("[%s, %s] %s", device->name, with->name, error.text);
        assert_true(summary.tensors > 0 && summary.worst < 0.5);
        worst = fmax(worst, summary.worst);
        ++passed;
    }
    if (!with->least_passed) assert_int_equal(passed, count);
    assert_true(passed >= with->least_passed);
    rt_context_destroy(&rt);
    assert_int_equal(live_objects, 0); /* cases leave nothing behind, passed or refused */
    print_message("%s %s, %s: %zu of %zu cases, the worst at %.3f of a limit\n", device->selector, device->name,
                  with->name, passed, count, worst);
}

static void test_devices(void **state)
{
    (void)state;
    rt_device_list devices;
    st_error error = {.status = ST_OK};
    if (rt_device_list_create(&devices, &error) != ST_OK) fail_msg("%s", error.text);
    const char *selector = getenv("SAFSD_CL_DEVICE");
    size_t only = devices.count, used = 0;
    if (selector && rt_device_select(&devices, selector, &only, &error) != ST_OK) fail_msg("%s", error.text);
    for (size_t d = 0; d < devices.count; ++d) {
        const rt_device_info *device = &devices.items[d];
        if (selector && d != only) continue;
        if (device->error[0] || !device->compiler) {
            print_message("%s %s is skipped: %s\n", device->selector, device->name,
                          device->error[0] ? device->error : "it has no compiler");
            continue;
        }
        const size_t count = is_small() ? 1 : sizeof settings / sizeof *settings;
        for (size_t s = 0; s < count; ++s) run_setting(device, &settings[s]);
        ++used;
    }
    rt_device_list_destroy(&devices);
    assert_true(used > 0);
}

/* ---- cases that do not hold, or are none ---- */

typedef struct bench {
    void *scratch; /* of tests/support/scratch.h */
    rt_device_list devices;
    rt_context *rt;
    st_error error;
    char path[1024]; /* of the changed case */
    char names[1024];
    nn_golden_summary summary;
} bench;

static int open_bench(void **state)
{
    bench *b = calloc(1, sizeof *b);
    if (!b || ts_scratch_open(&b->scratch) != 0) return -1;
    *state = b;
    size_t device = 0;
    const char *selector = getenv("SAFSD_CL_DEVICE");
    if (rt_device_list_create(&b->devices, &b->error) != ST_OK ||
        rt_device_select(&b->devices, selector ? selector : "auto", &device, &b->error) != ST_OK ||
        rt_context_create(&b->rt, &b->devices.items[device], NULL, &b->error) != ST_OK) {
        print_error("%s\n", b->error.text);
        return -1;
    }
    snprintf(b->path, sizeof b->path, "%s", ts_path(&b->scratch, "changed.safetensors"));
    return 0;
}

static int close_bench(void **state)
{
    bench *b = *state;
    rt_context_destroy(&b->rt);
    rt_device_list_destroy(&b->devices);
    const int status = ts_scratch_close(&b->scratch);
    free(b);
    return status;
}

/* What to change in a copy of a case: one tensor's values or size, or a piece of the metadata. */
typedef struct change {
    const char *tensor;
    void (*values)(float *x, size_t elements, double amount);
    double amount;
    bool leave_out;
    size_t fewer;                        /* elements left out of the tensor, which then is flat */
    const char *format;                  /* instead of safsd-golden-1; "" leaves it out */
    const char *config_from, *config_to; /* a replacement in config */
} change;

static char *replaced(const char *text, const char *from, const char *to)
{
    char *copy = calloc(strlen(text) + (to ? strlen(to) : 0) + 1, 1);
    assert_non_null(copy);
    const char *at = from ? strstr(text, from) : NULL;
    if (from && !at) fail_msg("the config does not hold %s", from);
    if (!at) return strcpy(copy, text);
    memcpy(copy, text, (size_t)(at - text));
    strcat(strcat(copy, to), at + strlen(from));
    return copy;
}

static bool is_changed(const change *c, const sf_tensor *t)
{
    return c->tensor && strcmp(t->name, c->tensor) == 0;
}

static void declare(sf_writer *writer, const change *c, const sf_tensor *t, st_error *error)
{
    if (is_changed(c, t) && c->leave_out) return;
    uint64_t flat = t->elements;
    const bool cut = is_changed(c, t) && c->fewer;
    if (cut) flat -= c->fewer;
    assert_int_equal(sf_writer_tensor(writer, t->name, t->dtype, cut ? 1 : t->rank, cut ? &flat : t->shape, error),
                     ST_OK);
}

static void write_values(sf_writer *writer, const change *c, const sf_tensor *t, st_error *error)
{
    if (!is_changed(c, t)) {
        assert_int_equal(sf_writer_data(writer, t->data, t->bytes, error), ST_OK);
        return;
    }
    if (c->leave_out) return;
    float *values = malloc(t->bytes);
    assert_non_null(values);
    memcpy(values, t->data, t->bytes);
    if (c->values) c->values(values, t->elements, c->amount);
    assert_int_equal(sf_writer_data(writer, values, t->bytes - c->fewer * sizeof(float), error), ST_OK);
    free(values);
}

/* Writes a copy of the case `name` with the change to b->path. */
static void write_changed(bench *b, const char *name, const change *c)
{
    sf_file *file = NULL;
    sf_writer *writer = NULL;
    st_error error = {.status = ST_OK};
    if (sf_open(&file, golden_file(name), SF_VERIFY, &error) != ST_OK) fail_msg("%s", error.text);
    assert_true(!c->tensor || sf_find(file, c->tensor));
    char *config = replaced(sf_metadata(file, "config"), c->config_from, c->config_to);
    const char *format = c->format ? c->format : "safsd-golden-1";
    assert_int_equal(sf_writer_create(&writer, b->path, &error), ST_OK);
    if (format[0]) assert_int_equal(sf_writer_metadata(writer, "format", format, &error), ST_OK);
    assert_int_equal(sf_writer_metadata(writer, "config", config, &error), ST_OK);
    for (size_t i = 0; i < sf_count(file); ++i) declare(writer, c, sf_at(file, i), &error);
    for (size_t i = 0; i < sf_count(file); ++i) write_values(writer, c, sf_at(file, i), &error);
    if (sf_writer_finish(writer, &error) != ST_OK) fail_msg("%s", error.text);
    sf_writer_destroy(&writer);
    sf_close(&file);
    free(config);
}

static void note_miss(void *user, const nn_golden_line *line)
{
    bench *b = user;
    if (line->present && line->error <= line->limit) return;
    const size_t used = strlen(b->names);
    snprintf(b->names + used, sizeof b->names - used, "%s ", line->tensor);
}

static st_status verify(bench *b, const char *path)
{
    st_clear(&b->error);
    b->names[0] = '\0';
    return nn_golden_verify(path, b->rt, note_miss, b, &b->summary);
}

static void expect_sentence(const bench *b, const char *piece)
{
    if (!strstr(b->error.text, piece)) fail_msg("\"%s\" is not in: %s", piece, b->error.text);
}

/* Exactly this tensor misses, and the sentence names it and the file. */
static void expect_miss(bench *b, const char *tensor)
{
    char alone[128], name[128];
    snprintf(alone, sizeof alone, "%s ", tensor);
    snprintf(name, sizeof name, "expect/%s", tensor);
    assert_int_equal(verify(b, b->path), ST_CHECK);
    assert_int_equal(b->summary.missed, 1);
    assert_string_equal(b->names, alone);
    expect_sentence(b, name);
    expect_sentence(b, b->path);
}

/* Moves the tensor by `amount` of its norm, all of it in the last element. */
static void move(float *x, size_t elements, double amount)
{
    double norm = 0;
    for (size_t i = 0; i < elements; ++i) norm += (double)x[i] * (double)x[i];
    assert_true(norm > 0);
    x[elements - 1] += (float)(amount * sqrt(norm));
}

static void put_nan(float *x, size_t elements, double amount)
{
    (void)amount;
    x[elements / 2] = NAN;
}

static void put_infinity(float *x, size_t elements, double amount)
{
    (void)amount;
    x[elements - 1] = INFINITY;
}

/* Three times a limit is caught, a part of it is not. */
static void test_moved(void **state)
{
    bench *b = *state;
    static const struct {
        const char *file, *tensor;
        double limit;
    } moves[] = {{"plain", "logits", 1e-5},
                 {"plain", "logits_a", 1e-5},
                 {"plain", "fused.v", 1e-5},
                 {"plain", "gcn", 1e-5},
                 {"plain", "losses", 1e-5},
                 {"plain", "history", 1e-5},
                 {"plain", "grad/smax_fc.weight", 1e-4},
                 {"plain", "grad/a_t.transformer_inter.0.feed_forward.layer_norm.bias", 1e-4},
                 {"plain", "param/speaker_embeddings.weight", 1e-4},
                 {"plain", "param/v_v.transformer_inter.0.self_attn.linear_k.bias", 1e-3},
                 {"eval", "logits_t", 1e-5},
                 {"mean", "probabilities", 1e-5},
                 {"sample", "losses", 1e-5}};
    for (size_t i = 0; i < sizeof moves / sizeof *moves; ++i) {
        char name[128];
        snprintf(name, sizeof name, "expect/%s", moves[i].tensor);
        write_changed(b, moves[i].file, &(change){.tensor = name, .values = move, .amount = 3.0 * moves[i].limit});
        expect_miss(b, moves[i].tensor);
        write_changed(b, moves[i].file, &(change){.tensor = name, .values = move, .amount = 0.5 * moves[i].limit});
        if (verify(b, b->path) != ST_OK) fail_msg("%s", b->error.text);
        assert_string_equal(b->summary.worst_tensor, moves[i].tensor);
        assert_true(b->summary.worst > 0.3 && b->summary.worst < 0.7);
    }
}

static void test_not_finite(void **state)
{
    bench *b = *state;
    static const char *const tensors[] = {"logits_v", "history", "grad/graph_model.fc1.weight", "param/smax_fc.bias"};
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; ++i)
        for (int kind = 0; kind < 2; ++kind) {
            char name[128];
            snprintf(name, sizeof name, "expect/%s", tensors[i]);
            write_changed(b, "two_modes", &(change){.tensor = name, .values = kind ? put_nan : put_infinity});
            if (i == 2) { /* the floor of every gradient goes with it */
                assert_int_equal(verify(b, b->path), ST_CHECK);
                expect_sentence(b, "expect/grad/");
            } else {
                expect_miss(b, tensors[i]);
            }
        }
    write_changed(b, "two_modes", &(change){.tensor = "param/textf_input.weight", .values = put_nan});
    assert_int_equal(verify(b, b->path), ST_CHECK); /* what is computed from it is no number either */
    expect_sentence(b, "expect/logits");
}

static void test_lacking(void **state)
{
    bench *b = *state;
    static const char *const tensors[] = {
        "logits", "gcn", "losses", "history", "grad/smax_fc.bias", "param/smax_fc.bias"};
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; ++i) {
        char name[128];
        snprintf(name, sizeof name, "expect/%s", tensors[i]);
        write_changed(b, "one_mode", &(change){.tensor = name, .leave_out = true});
        expect_miss(b, tensors[i]);
        write_changed(b, "one_mode", &(change){.tensor = name, .fewer = 1});
        expect_miss(b, tensors[i]);
        expect_sentence(b, "lacking or of another size");
    }
}

/* What cannot be run: status and a piece of the sentence. */
static void expect_refusal(bench *b, st_status status, const char *piece)
{
    const st_status got = verify(b, b->path);
    if (got != status) fail_msg("status %d instead of %d: %s", (int)got, (int)status, b->error.text);
    assert_int_equal(b->summary.tensors, 0);
    expect_sentence(b, piece);
}

static void first_is_nine(float *x, size_t elements, double amount)
{
    (void)elements;
    const int32_t nine = (int32_t)amount;
    memcpy(x, &nine, sizeof nine);
}

static void test_unusable_inputs(void **state)
{
    bench *b = *state;
    static const struct {
        change change;
        st_status status;
        const char *piece;
    } cases[] = {
        {{.tensor = "param/smax_fc.bias", .leave_out = true}, ST_FAILED, "param/smax_fc.bias is missing"},
        {{.tensor = "param/smax_fc.bias", .fewer = 1}, ST_FAILED, "param/smax_fc.bias has 5 elements, not 6"},
        {{.tensor = "batch/x_a", .leave_out = true}, ST_FAILED, "batch/x_a is missing"},
        {{.tensor = "batch/labels", .fewer = 1}, ST_FAILED, "batch/labels has 6 elements, not 7"},
        {{.tensor = "batch/lengths", .leave_out = true}, ST_FAILED, "batch/lengths is missing"},
        {{.tensor = "batch/speakers", .leave_out = true}, ST_FAILED, "batch/speakers is missing"},
        {{.tensor = "loss/similarity", .fewer = 1}, ST_FAILED, "loss/similarity has 35 elements, not 36"},
        {{.tensor = "batch/labels", .values = first_is_nine, .amount = 6}, ST_FAILED, "a label is out of range"},
        {{.tensor = "batch/labels", .values = first_is_nine, .amount = -2}, ST_FAILED, "a label is out of range"},
        {{.tensor = "batch/speakers", .values = first_is_nine, .amount = 3}, ST_FAILED, "has speaker 3"},
        {{.tensor = "batch/lengths", .values = first_is_nine, .amount = 0}, ST_FAILED, "between 1 and 512"},
        {{.tensor = "batch/lengths", .values = first_is_nine, .amount = 513}, ST_FAILED, "between 1 and 512"},
        {{.format = "safsd-golden-2"}, ST_FAILED, "format"},
        {{.format = ""}, ST_FAILED, "format"},
        {{.config_from = "{", .config_to = "["}, ST_FAILED, "is not a JSON object"},
        {{.config_from = "\"heads\": 4", .config_to = "\"heads\": 5"}, ST_FAILED, "5 heads do not divide"},
        {{.config_from = "\"heads\": 4", .config_to = "\"heads\": \"4\""}, ST_FAILED, "'heads'"},
        {{.config_from = "\"gamma\"", .config_to = "\"gomma\""}, ST_FAILED, "'gamma'"},
        {{.config_from = "\"learned\"", .config_to = "\"open\""}, ST_FAILED, "'gate'"},
        {{.config_from = "\"lr\"", .config_to = "\"rate\""}, ST_FAILED, "\"lr\""},
        {{.config_from = "\"adam\"", .config_to = "\"sgd\""}, ST_FAILED, "\"optimizer\""},
        {{.config_from = "\"steps\": 1", .config_to = "\"steps\": 0"}, ST_FAILED, "at least one step"},
        {{.config_from = "[\"a\"]", .config_to = "[\"b\"]"}, ST_FAILED, "'modalities'"},
        {{.config_from = "[\"a\"]", .config_to = "[]"}, ST_FAILED, "no modality is in use"},
        {{.config_from = "{\"hidden\"", .config_to = "{\"gcn_eval\": \"mean:0\", \"hidden\""},
         ST_FAILED,
         "\"gcn_eval\""},
        {{.config_from = "\"dropout\": 0.1", .config_to = "\"dropout\": 1"}, ST_FAILED, "dropout 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        write_changed(b, "one_mode", &cases[i].change);
        expect_refusal(b, cases[i].status, cases[i].piece);
        if (cases[i].status == ST_FAILED && !strstr(cases[i].piece, "speaker")) expect_sentence(b, b->path);
    }
}

static void test_foreign_files(void **state)
{
    bench *b = *state;
    size_t size = 0;
    unsigned char *bytes = ts_read(golden_file("one_mode"), &size);
    static const size_t kept[] = {0, 4, 8, 100, 20000};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; ++i) {
        ts_write(b->path, bytes, kept[i]);
        expect_refusal(b, ST_FAILED, b->path);
    }
    ts_write(b->path, bytes, size - 1);
    expect_refusal(b, ST_FAILED, b->path);
    free(bytes);
    static const char text[] = "a text that is no tensor file, though it is longer than eight bytes";
    ts_write(b->path, text, sizeof text);
    expect_refusal(b, ST_FAILED, b->path);
    snprintf(b->path, sizeof b->path, "%s", ts_path(&b->scratch, "absent.safetensors"));
    expect_refusal(b, ST_FAILED, "absent.safetensors");
}

int main(void)
{
    const struct CMUnitTest whole[] = {cmocka_unit_test(test_devices)};
    if (is_small()) return cmocka_run_group_tests(whole, NULL, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_moved, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_not_finite, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_lacking, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_unusable_inputs, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_foreign_files, open_bench, close_bench),
        cmocka_unit_test(test_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
