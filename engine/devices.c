#include "engine/devices.h"

#include <stdio.h>
#include <string.h>

#include "engine/device_list.h"
#include "engine/tuned.h"
#include "model/checks/product.h"
#include "model/checks/selftest.h"
#include "runtime/gemm.h"
#include "runtime/profile.h"
#include "runtime/tuning_file.h"

enum { SELECTOR_SIZE = 256 };

/* Whether to keep compiled kernels: as asked, else what the driver needs. */
static st_status keep_programs(const en_device_options *wanted, const rt_device_info *device, bool *keep,
                               st_error *error)
{
    cfg_driver driver;
    ST_FORWARD(en_driver_of(&driver, device, error));
    *keep =
        wanted->keep_programs == EN_KEEP_ALWAYS || (wanted->keep_programs == EN_KEEP_AS_NEEDED && driver.program_cache);
    return ST_OK;
}

/* What tuning was worth before a driver or the program changed. */
static void say_gain(const en_events *events, const rt_device_info *info)
{
    size_t gain = 0;
    char driver[256];
    if (!rt_tuning_earlier(info, &gain, driver) || gain == 0) return;
    en_say(
        events, EN_NOTICE,
        "not tuned for this driver and version: `safsd-cl tune` made matrix products %zu %% faster with driver %.64s, "
        "and may again",
        gain, driver);
}

static void say_gemm(const en_device_options *wanted, const char *tuned, const rt_context *rt)
{
    const bool named = wanted->gemm && strcmp(wanted->gemm, "auto") != 0;
    const char *parameters = rt_gemm_parameters(rt);
    if (wanted->untuned) return;
    en_say(wanted->events, EN_DETAIL, "matrix products: %s, %s%s%s", rt_gemm_provider(rt),
           named   ? "as was asked for"
           : tuned ? "as tuned"
                   : "by the fixed rule",
           tuned ? "; tuning: " : "", tuned ? tuned : "");
    if (parameters[0]) en_say(wanted->events, EN_DETAIL, "parameters of matrix products: %s", parameters);
}

/* The short self-test; what it took is not part of a profile. */
static st_status test_briefly(rt_context *rt)
{
    nn_selftest_summary summary = {0};
    const st_status status =
        nn_selftest(rt, &(nn_selftest_options){.answers = nn_known_answers, .brief = true}, &summary);
    rt_profile_reset(rt);
    return status;
}

/* The kernels come from elsewhere: they are only as right as their file. */
static st_status check_program(rt_context *rt, const char *program)
{
    const st_status status = test_briefly(rt);
    if (status == ST_CHECK)
        st_prefix(rt_error(rt),
                  "the program %.512s is not used, for it computes wrongly (`safsd-cl selftest` shows everything)",
                  program);
    return status;
}

static void tell(void *user, const char *sentence)
{
    en_say(user, EN_NOTICE, "%s", sentence);
}

static st_status open_one(const en_device_options *wanted, const rt_device_info *info, rt_context **rt, st_error *error)
{
    bool keep = false;
    rt_tuning tuning = {.gemm = ""};
    const en_events *events = wanted->events;
    if (events && events->device) events->device(events->user, info);
    en_say(events, EN_NOTICE, "device %d (%s): %s; select it again with --device %s", info->index, info->selector,
           info->name, info->selector);
    ST_FORWARD(keep_programs(wanted, info, &keep, error));
    const char *tuned = wanted->untuned ? NULL : en_tuned(&tuning, info, events);
    if (!tuned && !wanted->untuned && (!wanted->gemm || strcmp(wanted->gemm, "auto") == 0)) say_gain(events, info);
    if (wanted->parameters && wanted->gemm)
        ST_FORWARD(rt_gemm_set_parameters(&tuning, wanted->gemm, wanted->parameters, error));
    const rt_options opened = {.gemm = wanted->gemm,
                               .tuning = &tuning,
                               .profile = wanted->profile,
                               .vector_width = wanted->vector_width,
                               .program = wanted->program,
                               .cache_programs = keep,
                               .notice = wanted->untuned || !events ? NULL : tell,
                               .notice_user = (void *)events};
    ST_FORWARD(rt_context_create(rt, info, &opened, error));
    if (events && events->device) events->device(events->user, info);
    say_gemm(wanted, tuned, *rt);
    const st_status status = wanted->program && !wanted->unchecked ? check_program(*rt, wanted->program) : ST_OK;
    if (status != ST_OK) rt_context_destroy(rt);
    return status;
}

/* The devices that are to be opened. */
typedef struct choice {
    const rt_device_list *list;
    const char *selectors;
    size_t items[EN_MOST_DEVICES], count;
} choice;

/* The devices that a list with commas names, each once. */
static st_status select_all(choice *chosen, size_t room, st_error *error)
{
    for (const char *at = chosen->selectors;; ++at) {
        char selector[SELECTOR_SIZE];
        const size_t length = strcspn(at, ",");
        if (length >= sizeof selector)
            return st_fail(error, ST_USAGE, "a device selector of %zu characters is too long", length);
        if (chosen->count == room)
            return st_fail(error, ST_USAGE, "\"%.256s\" names too many devices: %s", chosen->selectors,
                           room == 1 ? "this command takes one" : "a run takes a few");
        memcpy(selector, at, length);
        selector[length] = '\0';
        ST_FORWARD(rt_device_select(chosen->list, selector, &chosen->items[chosen->count], error));
        for (size_t i = 0; i < chosen->count; ++i)
            if (chosen->items[i] == chosen->items[chosen->count])
                return st_fail(error, ST_USAGE, "device %zu is named twice in \"%.256s\"", chosen->items[i],
                               chosen->selectors);
        ++chosen->count;
        at += length;
        if (*at == '\0') return ST_OK;
    }
}

/* The selector at one place of a list with commas. */
static void selector_at(const char *selectors, size_t place, char selector[SELECTOR_SIZE])
{
    while (place-- > 0) selectors = strchr(selectors, ',') + 1;
    snprintf(selector, SELECTOR_SIZE, "%.*s", (int)strcspn(selectors, ","), selectors);
}

/* Takes the next device of a kind where one has failed. False where there is none, or the device was named itself: the
 * failure stands. */
static bool choose_next(choice *chosen, const en_device_options *options, size_t place, st_error *error)
{
    char selector[SELECTOR_SIZE];
    size_t next = 0;
    st_error none = {.status = ST_OK};
    rt_device_info *failed = &chosen->list->items[chosen->items[place]];
    selector_at(chosen->selectors, place, selector);
    if (error->status != ST_DEVICE || options->program || !rt_device_names_kind(selector)) return false;
    snprintf(failed->error, sizeof failed->error, "%.*s", (int)sizeof failed->error - 1, error->text);
    if (rt_device_select(chosen->list, selector, &next, &none) != ST_OK) return false;
    for (size_t i = 0; i < chosen->count; ++i)
        if (chosen->items[i] == next) return false;
    en_say(options->events, EN_NOTICE, "device %d (%s) is passed over: %s", failed->index, failed->name, error->text);
    st_clear(error);
    chosen->items[place] = next;
    return true;
}

st_status en_devices_open(en_devices *devices, const rt_device_list *list, const en_device_options *options,
                          size_t room, st_error *error)
{
    choice chosen = {.list = list, .selectors = options->selector ? options->selector : "auto"};
    en_device_options each = *options;
    size_t *const count = &devices->count;
    *count = 0;
    st_status status = select_all(&chosen, room < EN_MOST_DEVICES ? room : EN_MOST_DEVICES, error);
    if (status != ST_OK && options->origin) st_prefix(error, "%s", options->origin);
    while (status == ST_OK && *count < chosen.count) {
        do status = open_one(&each, &list->items[chosen.items[*count]], &devices->contexts[*count], error);
        while (status != ST_OK && choose_next(&chosen, options, *count, error));
        *count += status == ST_OK;
        each.vector_width = 0;
        each.parameters = NULL;
        if (each.other_gemm) each.gemm = each.other_gemm;
    }
    if (status != ST_OK) en_devices_close(devices);
    return status;
}

void en_devices_close(en_devices *devices)
{
    while (devices->count > 0) rt_context_destroy(&devices->contexts[--devices->count]);
}

/* What becomes of a check that found something wrong. */
static st_status judge(rt_context *rt, st_status status, bool forced, const en_events *events)
{
    if (status != ST_CHECK || !forced) return status;
    en_say(events, EN_NOTICE, "%s; training all the same, as --force says", rt_error(rt)->text);
    st_clear(rt_error(rt));
    return ST_OK;
}

st_status en_device_check(rt_context *rt, bool forced, const en_events *events)
{
    const st_status status = test_briefly(rt);
    if (status == ST_CHECK && !forced)
        st_append(rt_error(rt), "; `safsd-cl selftest` shows everything, --force trains all the same");
    return judge(rt, status, forced, events);
}

st_status en_device_check_product(rt_context *rt, bool forced, const en_events *events)
{
    const rt_gemm_call *shape = rt_gemm_largest(rt);
    const st_status status = nn_product_check(rt, shape);
    rt_profile_reset(rt);
    if (status != ST_OK && rt_error(rt)->too_large) {
        en_say(events, EN_NOTICE,
               "the largest matrix product, %zu x %zu x %zu, is not checked: beside the model there "
               "is no memory for it",
               shape->m, shape->n, shape->k);
        st_clear(rt_error(rt));
        return ST_OK;
    }
    if (status == ST_CHECK && !forced) st_append(rt_error(rt), "; --force trains all the same");
    return judge(rt, status, forced, events);
}
