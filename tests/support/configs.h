/* What tests of configurations expect. Failures end the test. */
#ifndef SAFSD_TESTS_SUPPORT_CONFIGS_H
#define SAFSD_TESTS_SUPPORT_CONFIGS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"

extern const cfg_overrides tc_no_overrides;

/* Nothing is in it: what a failed load and cfg_destroy leave. */
void tc_expect_zero(const cfg_config *config);

/* The very same number. */
void tc_expect_real(double value, double expected);

void tc_expect_names(const cfg_names *names, const char *const *expected, size_t count);

#endif
