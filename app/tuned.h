/* The tuning of a device: the user's own, else what comes with the program. */
#ifndef SAFSD_APP_TUNED_H
#define SAFSD_APP_TUNED_H

#include "app/app.h"
#include "runtime/tuning.h"

/* Fills `tuning` and says where it comes from: "stored" (by `tune`) or "shipped" (config/tuning/gemm-*.ini); NULL, and
 * zeros, where there is none. A damaged or foreign file is left out; `app` (may be NULL) then says so once. */
const char *app_tuned(rt_tuning *tuning, const rt_device_info *device, app_state *app);

#endif
