/* What every command shares: how it is described, what it is given, and the device it works on. */
#ifndef SAFSD_APP_APP_H
#define SAFSD_APP_APP_H

#include <stdbool.h>
#include <stddef.h>

#include "app/options.h"
#include "app/progress.h"
#include "runtime/context.h"
#include "base/status.h"

#define APP_NAME "safsd-cl"

typedef struct app_state {
    const char *device;  /* --device, or NULL */
    const char *program; /* --program: kernels built elsewhere, or NULL */
    bool verbose, quiet;
    app_progress progress;
    st_error error; /* main prints it and exits with its status */
} app_state;

/* A command is one file cmd_<name>.c that defines `const app_command cmd_<name>`, and one line in main.c. */
typedef struct app_command {
    const char *name;
    const char *synopsis;    /* what follows the name */
    const char *summary;     /* one line for the list of commands */
    const char *description; /* paragraphs for --help; wrapped when printed */
    const char *example;     /* whole lines, printed as they are */
    const opt_option *options;
    size_t least_operands, most_operands;
    st_status (*run)(app_state *app, const opt_line *line);
} app_command;

/* en_list_devices, which says in app->error what to install where there is no device. */
st_status app_list_devices(app_state *app, rt_device_list *list);

/* Opens the device of --device, else of SAFSD_CL_DEVICE, else `configured` (NULL: auto), and says which one it took and
 * how to name it again. Where auto, gpu, cpu or accelerator chose one that cannot be opened, the next of them is taken,
 * with a sentence; a device that was named itself fails. With --program it has to pass the short self-test: what is
 * computed is then only as right as the file. The context records its failures in app->error. */
typedef struct app_device_options {
    const char *configured; /* [runtime] device */
    const char *gemm;       /* [runtime] gemm; NULL: auto */
    bool profile;
    size_t vector_width;      /* of the first device; 0: by capability */
    const char *workers_gemm; /* of the devices after the first; NULL: as `gemm` */
    const char *parameters;   /* of the first device's GEMM, as rt_gemm_parameters gives them; NULL: as tuned */
    bool unchecked;           /* the caller tests the device itself: app_check_device, or `selftest` */
    bool untuned;             /* as if nothing were tuned, and silent about what is compiled: to measure it */
} app_device_options;
st_status app_open_device(app_state *app, app_device_options options, rt_context **rt);

/* The same for a selector with commas: up to `room` devices into `contexts`, in the order named. After a failure the
 * first `count` of them are open all the same, for the caller to destroy. */
enum { APP_MOST_DEVICES = 16 };
st_status app_open_devices(app_state *app, app_device_options options, rt_context **contexts, size_t room,
                           size_t *count);

/* The short self-test that precedes a training. Where the device computes wrongly: ST_CHECK, or with `forced` a
 * message. */
st_status app_check_device(app_state *app, rt_context *rt, bool forced);

#endif
