/* Gates in the files of models that learn none, and what such models make of the gates of others. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/training/checkpoint.h"
#include "tests/support/harness.h"
#include "tests/support/scratch.h"

enum { H = 8, C = 3 };

/* A device and a folder. */
typedef struct rigs {
    void *device, *scratch;
} rigs;

static int open_rigs(void **state)
{
    rigs *r = calloc(1, sizeof *r);
    *state = r;
    return !r || th_open(&r->device) != 0 || ts_scratch_open(&r->scratch) != 0 ? -1 : 0;
}

static int close_rigs(void **state)
{
    rigs *r = *state;
    const int device = th_close(&r->device), scratch = ts_scratch_close(&r->scratch);
    free(r);
    return device != 0 || scratch != 0 ? -1 : 0;
}

static const char *const classes[] = {"a", "b", "c"}, *const speakers[] = {"M", "F"};
static const float ones[C * C] = {1, 1, 1, 1, 1, 1, 1, 1, 1};

typedef struct model {
    th_case *t;
    nn_config config;
    nn_params params;
    char notice[ST_TEXT_SIZE];
} model;

static void create(model *m, th_case *t, nn_gate_kind gate)
{
    *m = (model){.t = t,
                 .config = {.uses = {true, false, true},
                            .dims = {5, 0, 3},
                            .hidden = H,
                            .graph_hidden = 6,
                            .ffn = 4,
                            .heads = 2,
                            .layers = 1,
                            .gcn_layers = 1,
                            .classes = C,
                            .speakers = 2,
                            .gate = gate,
                            .gamma = 2,
                            .temperature = 1}};
    TH_OK(t, nn_params_create(&m->params, t->rt, &m->config, false));
    TH_OK(t, nn_params_commit(&m->params));
    TH_OK(t, nn_params_initialise(&m->params, 1));
}

static void save(model *m, const char *path)
{
    const nn_checkpoint_about about = {.config = m->config,
                                       .class_names = classes,
                                       .speaker_names = speakers,
                                       .selection = "valid",
                                       .epoch = 1,
                                       .tables = {ones, ones, ones}};
    TH_OK(m->t, nn_checkpoint_save(path, &m->params, &about, NULL));
}

static void keep(void *user, const char *sentence)
{
    model *m = user;
    snprintf(m->notice, sizeof m->notice, "%s", sentence);
}

/* Loads the file into the model; `refusal` NULL: it is taken. */
static void expect_load(model *m, const char *path, const char *refusal, const char *notice)
{
    nn_checkpoint *c = NULL;
    st_error *error = rt_error(m->t->rt);
    m->notice[0] = '\0';
    TH_OK(m->t, nn_checkpoint_open(&c, path, error));
    const st_status status = nn_checkpoint_load(c, &m->params, keep, m);
    if (status != (refusal ? ST_FAILED : ST_OK)) fail_msg("%s: %s", path, error->text);
    if (refusal && !strstr(error->text, refusal)) fail_msg("%s does not say %s", error->text, refusal);
    if (notice ? !strstr(m->notice, notice) : m->notice[0] != '\0') fail_msg("%s: %s", path, m->notice);
    st_clear(error);
    nn_checkpoint_close(&c);
}

/* Sets a learned gate to `diagonal` I and `bias`. */
static void set_gate(model *m, size_t encoder, float diagonal, float bias)
{
    float weight[H * H] = {0}, biases[H];
    for (size_t i = 0; i < H; ++i) {
        weight[i * (H + 1)] = diagonal;
        biases[i] = bias;
    }
    TH_OK(m->t, rt_write(m->t->rt, m->params.gate[encoder].weight.value, weight, H * H));
    TH_OK(m->t, rt_write(m->t->rt, m->params.gate[encoder].bias.value, biases, H));
}

/* The four gates of t and v stand behind the parameters in the order of their encoders, as the published modules name
 * them, and hold what computes sigmoid(x), or 1. */
static void expect_written(const char *path, size_t params, float diagonal, float bias)
{
    static const char *const names[] = {"t_t_gate.gate.0.weight", "t_t_gate.gate.0.bias",   "v_t_gate.gate.0.weight",
                                        "v_t_gate.gate.0.bias",   "v_v_gate.gate.0.weight", "v_v_gate.gate.0.bias",
                                        "t_v_gate.gate.0.weight", "t_v_gate.gate.0.bias"};
    nn_checkpoint *c = NULL;
    st_error error = {0};
    assert_int_equal(nn_checkpoint_open(&c, path, &error), ST_OK);
    for (size_t g = 0; g < 8; ++g) {
        float values[H * H];
        const sf_tensor *tensor = sf_at(c->file, params + g);
        assert_string_equal(tensor->name, names[g]);
        assert_true(sf_has_shape(tensor, g % 2 ? 1 : 2, (const uint64_t[]){H, H}));
        sf_read_floats(tensor, 0, tensor->elements, values);
        for (size_t i = 0; i < tensor->elements; ++i)
            assert_true(values[i] == (g % 2 ? bias : i % (H + 1) == 0 ? diagonal : 0.0f));
    }
    assert_true(1.0f / (1.0f + expf(-32.0f)) == 1.0f);
    nn_checkpoint_close(&c);
}

static void loads(th_case *t, const void *user)
{
    rigs *r = *(rigs *const *)user;
    void **scratch = &r->scratch;
    model learned, identity, off;
    create(&learned, t, NN_GATE_LEARNED);
    create(&identity, t, NN_GATE_IDENTITY);
    create(&off, t, NN_GATE_OFF);
    char trained_file[256], identity_file[256], off_file[256], almost_file[256];
    snprintf(trained_file, sizeof trained_file, "%s", ts_path(scratch, "trained.safetensors"));
    snprintf(identity_file, sizeof identity_file, "%s", ts_path(scratch, "identity.safetensors"));
    snprintf(off_file, sizeof off_file, "%s", ts_path(scratch, "off.safetensors"));
    snprintf(almost_file, sizeof almost_file, "%s", ts_path(scratch, "almost.safetensors"));
    save(&learned, trained_file);
    save(&identity, identity_file);
    save(&off, off_file);
    expect_written(identity_file, identity.params.count, 1.0f, 0.0f);
    expect_written(off_file, off.params.count, 0.0f, 32.0f);

    expect_load(&identity, identity_file, NULL, NULL);
    expect_load(&off, off_file, NULL, NULL);
    expect_load(&learned, identity_file, NULL, NULL); /* as parameters */
    expect_load(&learned, off_file, NULL, NULL);
    expect_load(&off, identity_file, NULL, "sigmoid(x), which gate = off ignores");
    expect_load(&identity, off_file, "'t_t_gate.gate.0.weight', a trained gate, which gate = identity", NULL);
    expect_load(&identity, trained_file, "'t_t_gate.gate.0.weight', a trained gate, which gate = identity", NULL);
    expect_load(&off, trained_file, "a trained gate, which gate = off would ignore: set [model] gate = learned",
                NULL);

    for (size_t e = 0; e < NN_ENCODERS; ++e) /* learned gates that are identities, but for one bias */
        if (learned.params.layers[e]) set_gate(&learned, e, 1.0f, 0.0f);
    save(&learned, almost_file);
    expect_load(&identity, almost_file, NULL, NULL);
    set_gate(&learned, 7, 1.0f, 1e-6f);
    save(&learned, almost_file);
    expect_load(&identity, almost_file, "'t_v_gate.gate.0.bias', a trained gate", NULL);
    nn_params_destroy(&learned.params);
    nn_params_destroy(&identity.params);
    nn_params_destroy(&off.params);
}

static void test_loads(void **state)
{
    rigs *r = *state;
    th_run_once(&r->device, loads, &r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_loads)};
    return cmocka_run_group_tests(tests, open_rigs, close_rigs);
}
