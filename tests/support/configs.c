#include "tests/support/configs.h"

const cfg_overrides tc_no_overrides = {NULL, 0};

void tc_expect_zero(const cfg_config *config)
{
    static const cfg_config zero;
    assert_memory_equal(config, &zero, sizeof zero);
}

void tc_expect_real(double value, double expected)
{
    if (value < expected || value > expected) fail_msg("%.17g instead of %.17g", value, expected);
}

void tc_expect_names(const cfg_names *names, const char *const *expected, size_t count)
{
    assert_int_equal(names->count, count);
    for (size_t i = 0; i < count; i++) assert_string_equal(names->items[i], expected[i]);
}
