#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "model/hyperparameters.h"
#include "model/layers/dropout_mask.h"

static nn_config sound(void)
{
    return (nn_config){.uses = {true, false, true},
                       .dims = {5, 0, 3},
                       .hidden = 12,
                       .graph_hidden = 7,
                       .ffn = 9,
                       .heads = 3,
                       .layers = 64,
                       .gcn_layers = 64,
                       .classes = 2,
                       .speakers = 1,
                       .temperature = 1};
}

static void expect_refusal(const nn_config *config, const char *piece)
{
    st_error error = {.status = ST_OK};
    assert_int_equal(nn_config_check(config, &error), ST_USAGE);
    if (!strstr(error.text, piece)) fail_msg("\"%s\" is not in: %s", piece, error.text);
}

static void test_sound(void **state)
{
    (void)state;
    st_error error = {.status = ST_OK};
    nn_config config = sound();
    assert_int_equal(nn_config_check(&config, &error), ST_OK);
    config.layers = config.graph_hidden = config.ffn = config.hidden = config.heads = 1; /* the smallest there is */
    config.gcn_layers = 0;
    assert_int_equal(nn_config_check(&config, &error), ST_OK);
    assert_int_equal(nn_modalities_used(&config), 2);
}

static void test_refusals(void **state)
{
    (void)state;
#define REFUSED(field, value, piece)                                                                                   \
    do {                                                                                                               \
        nn_config config = sound();                                                                                    \
        config.field = value;                                                                                          \
        expect_refusal(&config, (piece));                                                                              \
    } while (0)
    REFUSED(hidden, 0, "hidden 0");
    REFUSED(graph_hidden, 0, "graph_hidden 0");
    REFUSED(ffn, 0, "ffn 0");
    REFUSED(heads, 0, "0 heads");
    REFUSED(heads, 5, "5 heads do not divide 12");
    REFUSED(heads, 24, "24 heads do not divide 12");
    REFUSED(layers, 0, "not 0");
    REFUSED(layers, 65, "not 65");
    REFUSED(gcn_layers, 65, "not 65");
    REFUSED(classes, 1, "not 1");
    REFUSED(speakers, 0, "one speaker");
    REFUSED(dims[2], 0, "modality v");
    REFUSED(dropout, 1.0, "dropout 1");
    REFUSED(dropout, -0.1, "dropout -0.1");
    REFUSED(dropout, 0.0 / 0.0, "dropout");
    REFUSED(gcn_mask, 1.5, "gcn_mask 1.5");
    REFUSED(temperature, 0.0, "temperature");
    REFUSED(temperature, 1e-40, "temperature");
    REFUSED(temperature, 0.0 / 0.0, "temperature");
    REFUSED(gamma, -1.0, "gamma");
#undef REFUSED
    nn_config none = sound();
    none.uses[0] = none.uses[2] = false;
    expect_refusal(&none, "no modality");
}

/* Encoder numbers of docs/model.md 7, the same in every place that counts them. */
static void test_encoders(void **state)
{
    (void)state;
    static const char *const names[NN_ENCODERS] = {"t_t", "a_t", "v_t", "a_a", "t_a", "v_a", "v_v", "t_v", "a_v"};
    for (size_t e = 0; e < NN_ENCODERS; ++e) {
        const nn_encoder_pair pair = nn_encoder_of(e);
        assert_int_equal(nn_modality_letter(pair.source), names[e][0]);
        assert_int_equal(nn_modality_letter(pair.target), names[e][2]);
        for (uint32_t l = 0; l < NN_MOST_LAYERS; l += 21)
            assert_int_equal(nn_site_encoder(pair.source, pair.target, l, NN_SITE_FFN_2), (e * 64 + l) * 8 + 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_encoders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
