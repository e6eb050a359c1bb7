/* Choosing, opening and checking the device of a command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/tuned.h"
#include "engine/device_list.h"
#include "model/checks/selftest.h"
#include "runtime/gemm.h"
#include "runtime/profile.h"

enum { SELECTOR_SIZE = 256 };

static void notice(void *user, const char *sentence)
{
    app_state *app = user;
    app_progress_say(&app->progress, "%s", sentence);
}

/* The first selector of: flag, environment, configuration, auto; and where it stands, for messages. */
static const char *selector_of(const app_state *app, const char *configured, const char **origin)
{
    const char *variable = getenv("SAFSD_CL_DEVICE");
    *origin = "--device";
    if (app->device) return app->device;
    *origin = "SAFSD_CL_DEVICE";
    if (variable && *variable) return variable;
    *origin = "[runtime] device";
    return configured && *configured ? configured : "auto";
}

/* Whether to keep compiled kernels: what SAFSD_CL_CACHE says, else what the driver needs. */
static st_status keep_programs(const rt_device_info *device, bool *keep, st_error *error)
{
    cfg_driver driver;
    const char *variable = getenv("SAFSD_CL_CACHE");
    ST_FORWARD(en_driver_of(&driver, device, error));
    *keep = driver.program_cache;
    if (!variable || !*variable) return ST_OK;
    *keep = strcmp(variable, "always") == 0;
    if (*keep || strcmp(variable, "never") == 0) return ST_OK;
    return st_fail(error, ST_USAGE, "SAFSD_CL_CACHE=%.64s: it takes always or never", variable);
}

/* Puts what to do behind a recorded sentence. */
static void advise(app_state *app, const char *advice)
{
    const size_t used = strlen(app->error.text);
    snprintf(app->error.text + used, sizeof app->error.text - used, "%s", advice);
}

st_status app_list_devices(app_state *app, rt_device_list *list)
{
    const st_status status = en_list_devices(list, &app->error);
    if (status == ST_DEVICE)
        advise(app, ": install or check the driver of your device, or to run on the CPU that of PoCL (Debian, Ubuntu: "
                    "apt-get install pocl-opencl-icd), which needs a folder that it can write to, by HOME or "
                    "POCL_CACHE_DIR");
    return status;
}

/* What tuning was worth before a driver or the program changed. */
static void say_gain(app_state *app, const rt_device_info *info)
{
    size_t gain = 0;
    char driver[256];
    if (!rt_tuning_earlier(info, &gain, driver) || gain == 0) return;
    app_progress_say(&app->progress,
                     "not tuned for this driver and version: `" APP_NAME
                     " tune` made matrix products %zu %% faster with "
                     "driver %.64s, and may again",
                     gain, driver);
}

static void say_gemm(app_state *app, const app_device_options *wanted, const char *tuned, const rt_context *rt)
{
    const bool named = wanted->gemm && strcmp(wanted->gemm, "auto") != 0;
    const char *parameters = rt_gemm_parameters(rt);
    if (!app->verbose || wanted->untuned) return;
    app_progress_say(&app->progress, "matrix products: %s, %s%s%s", rt_gemm_provider(rt),
                     named   ? "as was asked for"
                     : tuned ? "as tuned"
                             : "by the fixed rule",
                     tuned ? "; tuning: " : "", tuned ? tuned : "");
    if (parameters[0]) app_progress_say(&app->progress, "parameters of matrix products: %s", parameters);
}

/* The short self-test, where the kernels come from elsewhere. */
static st_status check_program(app_state *app, rt_context *rt)
{
    nn_selftest_summary summary = {0};
    const st_status status =
        nn_selftest(rt, &(nn_selftest_options){.answers = nn_known_answers, .brief = true}, &summary);
    rt_profile_reset(rt);
    if (status == ST_CHECK)
        st_prefix(&app->error,
                  "the program %.512s is not used, for it computes wrongly (`" APP_NAME " selftest` shows everything)",
                  app->program);
    return status;
}

static st_status open_one(app_state *app, const app_device_options *wanted, const rt_device_info *info, rt_context **rt)
{
    bool keep = false;
    rt_tuning tuning = {.gemm = ""};
    app_progress_say(&app->progress, "device %d (%s): %s; select it again with --device %s", info->index,
                     info->selector, info->name, info->selector);
    ST_FORWARD(keep_programs(info, &keep, &app->error));
    const char *tuned = wanted->untuned ? NULL : app_tuned(&tuning, info, app);
    if (!tuned && !wanted->untuned && (!wanted->gemm || strcmp(wanted->gemm, "auto") == 0)) say_gain(app, info);
    if (wanted->parameters) ST_FORWARD(rt_tuning_parse_clblast(&tuning, wanted->parameters, &app->error));
    const rt_options opened = {.gemm = wanted->gemm,
                               .tuning = &tuning,
                               .profile = wanted->profile,
                               .vector_width = wanted->vector_width,
                               .program = app->program,
                               .cache_programs = keep,
                               .notice = wanted->untuned ? NULL : notice,
                               .notice_user = app};
    ST_FORWARD(rt_context_create(rt, info, &opened, &app->error));
    say_gemm(app, wanted, tuned, *rt);
    const st_status status = app->program && !wanted->unchecked ? check_program(app, *rt) : ST_OK;
    if (status != ST_OK) rt_context_destroy(rt);
    return status;
}

/* The devices that a list with commas names, each once. */
static st_status select_all(app_state *app, const rt_device_list *list, const char *selectors, size_t *chosen,
                            size_t room, size_t *count)
{
    for (const char *at = selectors;; ++at) {
        char selector[SELECTOR_SIZE];
        const size_t length = strcspn(at, ",");
        if (length >= sizeof selector)
            return st_fail(&app->error, ST_USAGE, "a device selector of %zu characters is too long", length);
        if (*count == room)
            return st_fail(&app->error, ST_USAGE, "\"%.256s\" names too many devices: %s", selectors,
                           room == 1 ? "this command takes one" : "a run takes a few");
        memcpy(selector, at, length);
        selector[length] = '\0';
        ST_FORWARD(rt_device_select(list, selector, &chosen[*count], &app->error));
        for (size_t i = 0; i < *count; ++i)
            if (chosen[i] == chosen[*count])
                return st_fail(&app->error, ST_USAGE, "device %zu is named twice in \"%.256s\"", chosen[i], selectors);
        ++*count;
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
static bool choose_next(app_state *app, const rt_device_list *list, const char *selectors, size_t *chosen, size_t count,
                        size_t place)
{
    char selector[SELECTOR_SIZE];
    size_t next = 0;
    st_error none = {.status = ST_OK};
    rt_device_info *failed = &list->items[chosen[place]];
    selector_at(selectors, place, selector);
    if (app->error.status != ST_DEVICE || app->program || !rt_device_names_kind(selector)) return false;
    snprintf(failed->error, sizeof failed->error, "%.*s", (int)sizeof failed->error - 1, app->error.text);
    if (rt_device_select(list, selector, &next, &none) != ST_OK) return false;
    for (size_t i = 0; i < count; ++i)
        if (chosen[i] == next) return false;
    app_progress_say(&app->progress, "device %d (%s) is passed over: %s", failed->index, failed->name, app->error.text);
    st_clear(&app->error);
    chosen[place] = next;
    return true;
}

st_status app_open_devices(app_state *app, app_device_options options, rt_context **contexts, size_t room,
                           size_t *count)
{
    rt_device_list list = {NULL, 0};
    size_t chosen[APP_MOST_DEVICES], named = 0;
    const char *origin = NULL;
    const char *selectors = selector_of(app, options.configured, &origin);
    *count = 0;
    ST_FORWARD(app_list_devices(app, &list));
    st_status status =
        select_all(app, &list, selectors, chosen, room < APP_MOST_DEVICES ? room : APP_MOST_DEVICES, &named);
    if (status != ST_OK) st_prefix(&app->error, "%s", origin);
    for (; status == ST_OK && *count < named; ++*count) {
        do status = open_one(app, &options, &list.items[chosen[*count]], &contexts[*count]);
        while (status != ST_OK && choose_next(app, &list, selectors, chosen, named, *count));
        if (status != ST_OK) break;
        options.vector_width = 0;
        options.parameters = NULL;
        if (options.workers_gemm) options.gemm = options.workers_gemm;
    }
    rt_device_list_destroy(&list);
    return status;
}

st_status app_open_device(app_state *app, app_device_options options, rt_context **rt)
{
    size_t count = 0;
    return app_open_devices(app, options, rt, 1, &count);
}

st_status app_check_device(app_state *app, rt_context *rt, bool forced)
{
    nn_selftest_summary summary = {0};
    const st_status status =
        nn_selftest(rt, &(nn_selftest_options){.answers = nn_known_answers, .brief = true}, &summary);
    rt_profile_reset(rt);
    if (status != ST_CHECK) return status;
    if (!forced) {
        advise(app, "; `" APP_NAME " selftest` shows everything, --force trains all the same");
        return status;
    }
    app_progress_say(&app->progress, "%s; training all the same, as --force says", app->error.text);
    st_clear(&app->error);
    return ST_OK;
}
