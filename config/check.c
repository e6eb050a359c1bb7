#include "config/check.h"

#include "config/schema.h"

#include <float.h>

/* The place of "[section] key", or else of "[section] other"; the value is a default where there is neither. */
static const char *place_of(char *const *places, const char *section, const char *key, const char *other)
{
    const cfg_key *first = cfg_key_find(section, key);
    const cfg_key *second = cfg_key_find(section, other);
    if (first && places[first - cfg_keys]) return places[first - cfg_keys];
    if (second && places[second - cfg_keys]) return places[second - cfg_keys];
    return "the defaults";
}

static st_status check_data(const cfg_data *data, char *const *places, st_error *error)
{
    if (data->valid_fraction > 0 && data->valid_dialogues.count > 0)
        return st_fail(error, ST_USAGE,
                       "%s: valid_fraction and valid_dialogues both choose the validation part; keep one of them "
                       "(--set data.valid_fraction=0 or --set data.valid_dialogues= takes the other away)",
                       place_of(places, "data", "valid_fraction", "valid_dialogues"));
    if (data->format == CFG_FORMAT_SYNTH && data->path)
        return st_fail(error, ST_USAGE,
                       "%s: data are read from a path, but format = synth makes them in memory; set format to auto, or "
                       "give no path",
                       place_of(places, "data", "path", "format"));
    if (data->classes.count == 1)
        return st_fail(error, ST_USAGE, "%s: one class alone cannot be told from another; name two or more",
                       place_of(places, "data", "classes", "classes"));
    return ST_OK;
}

/* Everything that has one item per class must agree on their number. */
static st_status check_classes(const cfg_config *config, char *const *places, st_error *error)
{
    const struct {
        const char *section, *key;
        size_t count; /* 0: fits any number of classes */
    } lists[] = {
        {"data", "classes", config->data.classes.count},
        {"loss", "class_weights", config->loss.class_weights.list.count},
        {"loss", "alpha", config->loss.alpha.list.count},
        {"loss", "similarity", config->loss.similarity.classes},
    };
    size_t first = 0;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (lists[first].count == 0) first = i;
        if (lists[i].count == 0 || lists[i].count == lists[first].count) continue;
        return st_fail(error, ST_USAGE, "%s: this is for %zu classes, but [%s] %s for %zu",
                       place_of(places, lists[i].section, lists[i].key, lists[i].key), lists[i].count,
                       lists[first].section, lists[first].key, lists[first].count);
    }
    return ST_OK;
}

static bool any_above_zero(const cfg_reals *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] > 0) return true;
    return list->count == 0;
}

static st_status check_loss(const cfg_loss *loss, char *const *places, st_error *error)
{
    if (!(loss->lambda_ce > 0 || loss->lambda_saf > 0 || loss->lambda_kl > 0))
        return st_fail(error, ST_USAGE,
                       "%s: lambda_ce, lambda_saf and lambda_kl are all 0, which leaves nothing to train for",
                       place_of(places, "loss", "lambda_ce", "lambda_saf"));
    if (!any_above_zero(&loss->class_weights.list))
        return st_fail(error, ST_USAGE, "%s: one of the weights must be above 0",
                       place_of(places, "loss", "class_weights", "class_weights"));
    return ST_OK;
}

/* Devices count what lies below the smallest normal float as 0, which would end every update. */
static st_status check_train(const cfg_train *train, char *const *places, st_error *error)
{
    if (train->clip > 0 && train->clip < (double)FLT_MIN)
        return st_fail(error, ST_USAGE, "%s: %g is out of range; it takes 0, or a number from %g",
                       place_of(places, "train", "clip", "clip"), train->clip, (double)FLT_MIN);
    return ST_OK;
}

st_status cfg_check(const cfg_config *config, char *const *places, st_error *error)
{
    const cfg_model *model = &config->model;
    if (model->hidden % model->heads != 0)
        return st_fail(error, ST_USAGE, "%s: hidden = %d is not a multiple of heads = %d",
                       place_of(places, "model", "heads", "hidden"), model->hidden, model->heads);
    ST_FORWARD(check_data(&config->data, places, error));
    ST_FORWARD(check_classes(config, places, error));
    ST_FORWARD(check_train(&config->train, places, error));
    return check_loss(&config->loss, places, error);
}
