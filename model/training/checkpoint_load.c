#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/training/checkpoint.h"
#include "model/training/checkpoint_gates.h"
#include "model/training/checkpoint_names.h"
#include "runtime/host_map.h"

enum { LISTED = 900 }; /* most characters of a list of names */

/* ---- one tensor ---- */

static const char *print_shape(char *text, size_t room, size_t rank, const uint64_t *shape)
{
    size_t used = (size_t)snprintf(text, room, "[");
    for (size_t i = 0; i < rank && used < room; ++i)
        used += (size_t)snprintf(text + used, room - used, "%s%llu", i ? ", " : "", (unsigned long long)shape[i]);
    if (used < room) snprintf(text + used, room - used, "]");
    return text;
}

/* Finds the tensor of a parameter, or of one of its moments. */
static st_status find(const nn_checkpoint *c, const nn_params *params, const nn_param *item, const char *prefix,
                      const sf_tensor **tensor)
{
    char name[NN_TENSOR_NAME], wanted[80], there[200];
    const uint64_t shape[3] = {item->shape[0], item->shape[1], item->shape[2]};
    st_error *error = rt_error(params->rt);
    snprintf(name, sizeof name, "%s%s", prefix, item->name);
    *tensor = sf_find(c->file, name);
    print_shape(wanted, sizeof wanted, item->rank, shape);
    if (!*tensor)
        return st_fail(error, ST_FAILED, "%s: the tensor '%s' is missing, which the model needs with shape %s",
                       sf_path(c->file), name, wanted);
    if (!sf_has_shape(*tensor, item->rank, shape))
        return st_fail(
            error, ST_FAILED, "%s: tensor '%s' has shape %s, but the model needs %s: configuration and file differ",
            sf_path(c->file), name, print_shape(there, sizeof there, (*tensor)->rank, (*tensor)->shape), wanted);
    if (!sf_is_floating((*tensor)->dtype))
        return st_fail(error, ST_FAILED, "%s: tensor '%s' has type %s, but parameters are F16, BF16, F32 or F64",
                       sf_path(c->file), name, sf_dtype_name((*tensor)->dtype));
    return ST_OK;
}

static st_status check_finite(const nn_checkpoint *c, const nn_params *params, const sf_tensor *tensor,
                              const float *values)
{
    for (size_t i = 0; i < tensor->elements; ++i)
        if (!isfinite(values[i]))
            return st_fail(rt_error(params->rt), ST_FAILED,
                           "%s: element %zu of tensor '%s' is %g: these weights cannot be used", sf_path(c->file), i,
                           tensor->name, (double)values[i]);
    return ST_OK;
}

/* With `finite`, refuses values that are not finite. */
static st_status upload(const nn_checkpoint *c, const nn_params *params, const sf_tensor *tensor, rt_view to,
                        bool finite)
{
    rt_host_map map;
    ST_FORWARD(rt_map_write(params->rt, to, tensor->elements, &map));
    sf_read_floats(tensor, 0, tensor->elements, map.host);
    const st_status checked = finite ? check_finite(c, params, tensor, map.host) : ST_OK;
    const st_status closed = rt_unmap(params->rt, &map);
    return checked == ST_OK ? closed : checked;
}

typedef enum arena { VALUES, MOMENTS_1, MOMENTS_2 } arena;

static st_status load_all(const nn_checkpoint *c, nn_params *params, const char *prefix, arena which)
{
    for (size_t i = 0; i < params->count; ++i) {
        const nn_param *item = &params->items[i];
        const sf_tensor *tensor = NULL;
        ST_FORWARD(find(c, params, item, prefix, &tensor));
        const rt_view places[] = {item->value, item->moment1, item->moment2};
        ST_FORWARD(upload(c, params, tensor, places[which], which == VALUES));
    }
    return ST_OK;
}

/* ---- tensors that the model does not have ---- */

static bool begins(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* Whether the tensor is a layer of a deeper model: this model has the encoder or the graph, which has the same
 * prefix. */
static bool is_deeper(const nn_params *params, const char *name)
{
    static const char inside[] = ".transformer_inter.", graph[] = "graph_model.conv";
    const char *at = strstr(name, inside);
    if (begins(name, graph)) return strstr(name, ".gate.") != NULL;
    if (!at || at[sizeof inside - 1] == '0') return false; /* the published model has a norm at layer 0 */
    for (size_t i = 0; i < params->count; ++i)
        if (strncmp(params->items[i].name, name, (size_t)(at - name) + sizeof inside - 1) == 0) return true;
    return false;
}

static st_status tell_extra(const nn_checkpoint *c, nn_params *params, nn_notice *notice, void *user)
{
    char names[LISTED] = "", sentence[ST_TEXT_SIZE];
    size_t used = 0, listed = 0, extra = 0;
    for (size_t i = 0; i < sf_count(c->file); ++i) {
        const char *name = sf_at(c->file, i)->name;
        if (nn_params_find(params, name) || begins(name, NN_OWN_PREFIX) || begins(name, NN_MOMENT_PREFIX)) continue;
        if (nn_gate_named(params, name)) continue;
        if (is_deeper(params, name))
            return st_fail(
                rt_error(params->rt), ST_FAILED,
                "%s has the tensor '%s', a layer that the configuration does not have: check layers and gcn_layers",
                sf_path(c->file), name);
        ++extra;
        if (listed + 1 < extra || used + strlen(name) + 3 > sizeof names) continue;
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", listed ? ", " : "", name);
        ++listed;
    }
    if (extra == 0 || !notice) return ST_OK;
    const size_t length =
        (size_t)snprintf(sentence, sizeof sentence, "%.400s: ignored %zu tensors that the model does not have: %s",
                         sf_path(c->file), extra, names);
    if (extra > listed && length < sizeof sentence)
        snprintf(sentence + length, sizeof sentence - length, " and %zu more", extra - listed);
    notice(user, sentence);
    return ST_OK;
}

/* Checks the gates of the file if the model has no learned gates. Gates that compute the same as the model are
 * ignored. */
static st_status check_gates(const nn_checkpoint *c, nn_params *params, nn_notice *notice, void *user)
{
    const char *kind = params->gate_kind == NN_GATE_OFF ? "off" : "identity";
    char sentence[ST_TEXT_SIZE] = "";
    for (size_t i = 0; i < sf_count(c->file); ++i) {
        const sf_tensor *tensor = sf_at(c->file, i);
        nn_gate_verdict verdict;
        ST_FORWARD(nn_gate_judge(params, tensor, &verdict, rt_error(params->rt)));
        if (verdict == NN_GATE_TRAINED)
            return st_fail(rt_error(params->rt), ST_FAILED,
                           "%s has the tensor '%s', a trained gate, which gate = %s would ignore: set [model] gate = "
                           "learned",
                           sf_path(c->file), tensor->name, kind);
        if (verdict == NN_GATE_SIGMOID)
            snprintf(sentence, sizeof sentence, "%.400s has gates sigmoid(x), which gate = off ignores",
                     sf_path(c->file));
    }
    if (sentence[0] && notice) notice(user, sentence);
    return ST_OK;
}

/* Wrappers of PyTorch put a prefix before every name. */
static void tell_prefix(const nn_checkpoint *c, nn_notice *notice, void *user)
{
    char sentence[ST_TEXT_SIZE];
    if (!c->dropped[0] || !notice) return;
    snprintf(sentence, sizeof sentence, "%.400s: its tensors are read without their prefix '%s'", sf_path(c->file),
             c->dropped);
    notice(user, sentence);
}

st_status nn_checkpoint_load(const nn_checkpoint *checkpoint, nn_params *params, nn_notice *notice, void *user)
{
    tell_prefix(checkpoint, notice, user);
    ST_FORWARD(check_gates(checkpoint, params, notice, user));
    ST_FORWARD(load_all(checkpoint, params, "", VALUES));
    return tell_extra(checkpoint, params, notice, user);
}

st_status nn_checkpoint_load_moments(const nn_checkpoint *checkpoint, nn_params *params)
{
    if (!checkpoint->resumable)
        return st_fail(rt_error(params->rt), ST_FAILED,
                       "%s contains no training state: a resume needs last.safetensors", sf_path(checkpoint->file));
    ST_FORWARD(load_all(checkpoint, params, NN_MOMENT_1, MOMENTS_1));
    return load_all(checkpoint, params, NN_MOMENT_2, MOMENTS_2);
}
