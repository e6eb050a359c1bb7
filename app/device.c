/* Choosing, opening and checking the device of a command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "model/selftest.h"
#include "runtime/profile.h"

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

st_status app_open_device(app_state *app, app_device_options options, rt_context **rt)
{
    rt_device_list list = {NULL, 0};
    size_t chosen = 0;
    const char *origin = NULL;
    const char *selector = selector_of(app, options.configured, &origin);
    ST_FORWARD(rt_device_list_create(&list, &app->error));
    st_status status = rt_device_select(&list, selector, &chosen, &app->error);
    if (status != ST_OK) {
        st_prefix(&app->error, "%s", origin);
        goto done;
    }
    const rt_device_info *info = &list.items[chosen];
    app_progress_say(&app->progress, "device %d (%s): %s; select it again with --device %s", info->index,
                     info->selector, info->name, info->selector);
    const rt_options opened = {.gemm = options.gemm,
                               .profile = options.profile,
                               .vector_width = options.vector_width,
                               .notice = notice,
                               .notice_user = app};
    ST_TRY(rt_context_create(rt, info, &opened, &app->error));
done:
    rt_device_list_destroy(&list);
    return status;
}

st_status app_check_device(app_state *app, rt_context *rt, bool forced)
{
    nn_selftest_summary summary = {0};
    const st_status status =
        nn_selftest(rt, &(nn_selftest_options){.answers = nn_known_answers, .brief = true}, &summary);
    rt_profile_reset(rt);
    if (status != ST_CHECK) return status;
    if (!forced) {
        const size_t used = strlen(app->error.text);
        snprintf(app->error.text + used, sizeof app->error.text - used,
                 "; `" APP_NAME " selftest` shows everything, --force trains all the same");
        return status;
    }
    app_progress_say(&app->progress, "%s; training all the same, as --force says", app->error.text);
    st_clear(&app->error);
    return ST_OK;
}
