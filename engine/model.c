#include "engine/model.h"

#include <stdlib.h>
#include <string.h>

#include "data/assemble.h"
#include "data/speakers.h"
#include "engine/disagreements.h"
#include "engine/json.h"
#include "engine/settings.h"
#include "model/network/data_check.h"

/* ---- the file ---- */

static size_t size_in(const sf_file *file, const char *name, size_t dimension)
{
    const sf_tensor *tensor = sf_find(file, name);
    return tensor && dimension < tensor->rank ? (size_t)tensor->shape[dimension] : 0;
}

/* Published weights say nothing of themselves: the shapes of their tensors do. */
static st_status read_shapes(en_model *m, st_error *error)
{
    static const char *const inputs[DS_MODALITIES] = {"textf_input.weight", "acouf_input.weight", "visuf_input.weight"};
    const sf_file *file = m->checkpoint->file;
    const cfg_names *names = &m->config->data.classes;
    const size_t classes = size_in(file, "smax_fc.weight", 0);
    st_error unknown = {.status = ST_OK}; /* loading the weights says what is wrong with their shapes */
    ST_FORWARD(ds_create(&m->named, 0, 0, false, error));
    for (size_t d = 0; d < DS_MODALITIES; ++d) m->named->dims[d] = size_in(file, inputs[d], 1);
    ST_FORWARD(ds_name_speakers(m->named, NULL, m->speakers, error));
    ST_FORWARD(
        ds_name_classes(m->named, names->count == classes ? (const char *const *)names->items : NULL, classes, error));
    m->class_names = m->named->class_names;
    if (en_settings_model(&m->network_config, m->config, m->named, &unknown) != ST_OK) return ST_OK;
    ST_FORWARD(en_settings_tables(&m->tables, m->config, m->named, error));
    m->evaluator.tables = m->tables.tables;
    return ST_OK;
}

st_status en_model_open(en_model *model, nn_checkpoint *checkpoint, const cfg_config *config, st_error *error)
{
    const nn_checkpoint_about *about = &checkpoint->about;
    const size_t rows = size_in(checkpoint->file, "speaker_embeddings.weight", 0);
    *model = (en_model){.checkpoint = checkpoint, .config = config};
    model->evaluator = en_settings_evaluator(config, about->tables);
    model->speakers = checkpoint->own ? about->config.speakers : rows > 1 ? rows - 1 : 0;
    model->class_names = about->class_names;
    model->network_config = about->config;
    return checkpoint->own ? ST_OK : read_shapes(model, error);
}

void en_model_close(en_model *model)
{
    nn_safsd_destroy(&model->network);
    nn_class_tables_destroy(&model->tables);
    ds_destroy(&model->named);
    ds_statistics_destroy(&model->statistics);
    nn_checkpoint_close(&model->checkpoint);
}

/* ---- data ---- */

static bool is_number(const char *name)
{
    return name[strspn(name, "0123456789")] == '\0';
}

/* The data set's own names must be those of the checkpoint, in the same order; numbers stand for any name. */
static st_status check_names(const en_model *m, const ds_dataset *data, st_error *error)
{
    const nn_checkpoint_about *about = &m->checkpoint->about;
    const size_t shared = data->classes < about->config.classes ? data->classes : about->config.classes;
    for (size_t c = 0; c < shared; ++c) {
        const char *ours = about->class_names[c], *theirs = data->class_names[c];
        if (is_number(ours) || is_number(theirs) || strcmp(ours, theirs) == 0) continue;
        return st_fail(
            error, ST_USAGE,
            "class %zu is \"%s\" in the checkpoint but \"%s\" in the data set; where only the name is wrong, "
            "import the data again with --classes",
            c, ours, theirs);
    }
    return ST_OK;
}

/* Whether nobody has named the classes of the data. */
static bool all_numbers(const ds_dataset *data)
{
    for (size_t c = 0; c < data->classes; ++c)
        if (!is_number(data->class_names[c])) return false;
    return true;
}

static st_status match_classes(en_model *m, ds_dataset *data, const en_events *events, st_error *error)
{
    const nn_checkpoint_about *about = &m->checkpoint->about;
    if (!m->checkpoint->own) {
        if (data->classes < m->named->classes && (m->network || all_numbers(data)))
            ST_FORWARD(ds_name_classes(data, m->named->class_names, m->named->classes, error));
        return ST_OK;
    }
    ST_FORWARD(check_names(m, data, error));
    en_say_classes(m->checkpoint, data, events);
    return ds_name_classes(data, about->class_names, about->config.classes, error);
}

/* Speakers take the rows of the model's tables that have their names; published weights have tables without names. */
static st_status match_speakers(const en_model *m, ds_dataset *data, const bool concerned[DS_SPLITS],
                                const en_events *events, st_error *error)
{
    char notice[ST_TEXT_SIZE];
    if (m->speakers == 0) return ST_OK;                                     /* loading them says what is wrong */
    ds_known_speakers known = {.names = m->checkpoint->about.speaker_names, /* NULL of published weights */
                               .count = m->speakers,
                               .unknown = en_settings_unknown(m->config),
                               .owner = sf_path(m->checkpoint->file)};
    memcpy(known.concerned, concerned, sizeof known.concerned);
    ST_FORWARD(ds_match_speakers(data, &known, notice, error));
    if (notice[0]) en_say(events, EN_NOTICE, "%s", notice);
    return ST_OK;
}

static st_status match_statistics(en_model *m, ds_dataset *data, const en_events *events, st_error *error)
{
    const ds_statistics *carried = m->checkpoint->about.statistics;
    if (carried && ds_standardize(data, carried, error) != ST_OK) {
        st_prefix(error, "%s", sf_path(m->checkpoint->file));
        return error->status;
    }
    if (m->checkpoint->own || !m->config->data.standardize) return ST_OK;
    en_say(events, EN_NOTICE,
           "%.400s carries no statistics: features are standardised by those of the training part of %.400s",
           sf_path(m->checkpoint->file), m->config->data.path ? m->config->data.path : "the data set");
    ds_statistics_destroy(&m->statistics);
    ST_FORWARD(ds_statistics_measure(data, &m->statistics, error));
    return ds_standardize(data, &m->statistics, error);
}

/* The sizes of published weights that stand in no file are those of the data, until the weights are loaded. */
static st_status choose_network(en_model *m, const ds_dataset *data, st_error *error)
{
    if (m->checkpoint->own || m->network) return ST_OK;
    nn_class_tables_destroy(&m->tables);
    ST_FORWARD(en_settings_model(&m->network_config, m->config, data, error));
    ST_FORWARD(en_settings_tables(&m->tables, m->config, data, error));
    if (m->speakers > 0) m->network_config.speakers = m->speakers;
    m->evaluator.tables = m->tables.tables;
    return ST_OK;
}

st_status en_model_match(en_model *model, ds_dataset *data, const bool concerned[DS_SPLITS], const en_events *events,
                         st_error *error)
{
    ST_FORWARD(match_classes(model, data, events, error));
    ST_FORWARD(match_speakers(model, data, concerned, events, error));
    ST_FORWARD(match_statistics(model, data, events, error));
    ST_FORWARD(choose_network(model, data, error));
    return nn_check_data(data, &model->network_config, error);
}

/* ---- the network ---- */

static void notice(void *user, const char *sentence)
{
    en_say(user, EN_NOTICE, "%s", sentence);
}

static bool has_room(const nn_extent *extent, const nn_extent *wanted)
{
    return extent->dialogues >= wanted->dialogues && extent->rows >= wanted->rows && extent->pairs >= wanted->pairs &&
           extent->longest >= wanted->longest;
}

/* The whole batch at a time, else halves of it. */
static st_status create_network(en_model *m, rt_context *rt, const ds_dataset *data)
{
    nn_safsd_options options = {.config = m->network_config, .tables = m->evaluator.tables};
    options.extent = nn_extent_of(data, m->evaluator.part);
    while (nn_safsd_create(&m->network, rt, &options) != ST_OK) {
        if (!rt_error(rt)->too_large || m->evaluator.part == 1) return rt_error(rt)->status;
        st_clear(rt_error(rt)); /* less at a time may fit the device */
        m->evaluator.part = (m->evaluator.part + 1) / 2;
        options.extent = nn_extent_of(data, m->evaluator.part);
    }
    m->extent = options.extent;
    return ST_OK;
}

static st_status load_network(en_model *m, rt_context *rt, const ds_dataset *data, const en_events *events)
{
    ST_FORWARD(create_network(m, rt, data));
    return nn_checkpoint_load(m->checkpoint, nn_safsd_params(m->network), notice, (void *)events);
}

/* After a failure: the network with the room that it had. The failure stays in the slot. */
static void restore_network(en_model *m, rt_context *rt, const nn_extent *extent)
{
    const st_error failure = *rt_error(rt);
    const nn_safsd_options options = {.config = m->network_config, .tables = m->evaluator.tables, .extent = *extent};
    st_clear(rt_error(rt));
    nn_safsd_destroy(&m->network);
    m->extent = *extent;
    if (nn_safsd_create(&m->network, rt, &options) != ST_OK ||
        nn_checkpoint_load(m->checkpoint, nn_safsd_params(m->network), NULL, NULL) != ST_OK)
        nn_safsd_destroy(&m->network);
    *rt_error(rt) = failure;
}

st_status en_model_load(en_model *model, rt_context *rt, const ds_dataset *data, const en_events *events)
{
    const size_t configured = en_settings_part(model->config), part = model->evaluator.part;
    const nn_extent wanted = nn_extent_of(data, configured), earlier = model->extent;
    const bool loaded = model->network != NULL;
    const bool cut = part < configured && has_room(&model->wanted, &wanted) && has_room(&wanted, &model->wanted);
    if (loaded && cut) return ST_OK; /* the same data as before, which had to be cut */
    model->evaluator.part = configured;
    if (loaded && has_room(&earlier, &wanted)) return ST_OK;
    nn_safsd_destroy(&model->network);
    const st_status status = load_network(model, rt, data, events);
    model->wanted = wanted;
    if (status == ST_OK) return ST_OK;
    nn_safsd_destroy(&model->network);
    model->evaluator.part = part;
    if (loaded) restore_network(model, rt, &earlier);
    return status;
}

st_status en_model_check(en_model *model, rt_context *rt)
{
    const nn_safsd_options options = {.config = model->network_config,
                                      .tables = model->evaluator.tables,
                                      .extent = {.dialogues = 1, .rows = 1, .pairs = 1, .longest = 1}};
    ST_FORWARD(nn_config_check(&model->network_config, rt_error(rt)));
    ST_FORWARD(nn_safsd_create(&model->network, rt, &options));
    model->extent = options.extent;
    return nn_checkpoint_load(model->checkpoint, nn_safsd_params(model->network), NULL, NULL);
}

/* ---- saving and telling ---- */

st_status en_model_save(const en_model *model, const char *path)
{
    const nn_params *params = nn_safsd_params(model->network);
    nn_checkpoint_about about = model->checkpoint->about;
    char *configuration = NULL;
    if (model->checkpoint->own) return nn_checkpoint_save(path, params, &about, NULL);
    ST_FORWARD(cfg_write(model->config, &configuration, rt_error(params->rt)));
    about = (nn_checkpoint_about){.configuration = configuration,
                                  .config = model->network_config,
                                  .class_names = model->class_names,
                                  .speaker_names = model->named->speaker_names,
                                  .selection = "last",
                                  .tables = model->evaluator.tables};
    const st_status status = nn_checkpoint_save(path, params, &about, NULL);
    free(configuration);
    return status;
}

static json_t *names_json(const char *const *names, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; ++i) json_array_append_new(list, en_json_text(names[i]));
    return list;
}

st_status en_model_info(const en_model *model, char **text, st_error *error)
{
    static const char *const letters[NN_MODALITIES] = {"t", "a", "v"};
    const nn_checkpoint_about *about = &model->checkpoint->about;
    const bool own = model->checkpoint->own;
    const nn_config *config = &model->network_config;
    const char *const *speakers = own ? about->speaker_names : model->named->speaker_names;
    char *configuration = NULL;
    if (!own) ST_FORWARD(cfg_write(model->config, &configuration, error));
    json_t *dims = json_object(), *modalities = json_array();
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        if (!config->uses[m]) continue;
        json_object_set_new(dims, letters[m], json_integer((json_int_t)config->dims[m]));
        json_array_append_new(modalities, json_string(letters[m]));
    }
    json_t *info = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "classes", names_json(model->class_names, config->classes),
        "speakers", names_json(speakers, model->speakers), "dims", dims, "modalities", modalities, "configuration",
        en_json_text(own ? about->configuration : configuration), "parameters",
        model->network ? json_integer((json_int_t)nn_safsd_params(model->network)->elements) : json_null(), "epoch",
        own ? json_integer((json_int_t)about->epoch) : json_null(), "selection",
        own ? json_string(about->selection) : json_null(), "standardized", own && about->statistics != NULL);
    free(configuration);
    return en_json_pretty(info, text, error);
}
