/* What drivers need, as data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "config/drivers.h"

static bool keeps(const char *text, const char *platform, const char *version)
{
    cfg_driver driver = {.program_cache = true};
    st_error error = {.status = ST_OK};
    if (cfg_driver_find(&driver, text, (cfg_driver_of){platform, "", version}, &error) != ST_OK)
        fail_msg("%s", error.text);
    return driver.program_cache;
}

static void test_match(void **state)
{
    (void)state;
    static const char text[] = "[one]\nplatform = Some Platform\nprogram_cache = yes\n"
                               "[two]\nplatform = Other\ndriver = 24.\nprogram_cache = yes\n"
                               "[three]\nplatform = Some Platform\ndriver = 25.1\nprogram_cache = no\n";
    assert_true(keeps(text, "Some Platform (TM)", "1.0"));
    assert_false(keeps(text, "some platform", "1.0"));
    assert_true(keeps(text, "Other", "24.13"));
    assert_false(keeps(text, "Other", "23.24."));
    assert_false(keeps(text, "Some Platform", "25.1.7")); /* the last section that fits decides */
    assert_false(keeps("", "Some Platform", "1.0"));
    assert_false(keeps("; nothing\n", "Some Platform", "1.0"));
}

/* Those that are known to compile anew at every start, and no others. */
static void test_shipped(void **state)
{
    (void)state;
    assert_true(keeps(NULL, "Intel(R) OpenCL", "2026.22.10.0.01_160000"));
    assert_false(keeps(NULL, "Portable Computing Language", "3.1"));
    assert_false(keeps(NULL, "", ""));
}

/* Where a driver keeps kernels, when that is not what everybody's caches share. */
static void test_cache_variable(void **state)
{
    (void)state;
    static const char text[] = "[one]\nplatform = Some\ncache_variable = SOME_CACHE_2\n";
    cfg_driver driver;
    st_error error = {.status = ST_OK};
    assert_int_equal(cfg_driver_find(&driver, text, (cfg_driver_of){"Some Platform", "", "1"}, &error), ST_OK);
    assert_string_equal(driver.cache_variable, "SOME_CACHE_2");
    assert_false(driver.program_cache);
    assert_int_equal(cfg_driver_find(&driver, text, (cfg_driver_of){"Other", "", "1"}, &error), ST_OK);
    assert_string_equal(driver.cache_variable, "");
    assert_int_equal(cfg_driver_find(&driver, NULL, (cfg_driver_of){"Portable Computing Language", "", "3.1"}, &error),
                     ST_OK);
    assert_string_equal(driver.cache_variable, "POCL_CACHE_DIR");
    assert_string_equal(driver.cache_folder, "XDG_CACHE_HOME/pocl/kcache");
}

static bool is_emulator(const char *text, const char *platform, const char *device)
{
    cfg_driver driver = {.emulator = true};
    st_error error = {.status = ST_OK};
    if (cfg_driver_find(&driver, text, (cfg_driver_of){platform, device, "1"}, &error) != ST_OK)
        fail_msg("%s", error.text);
    return driver.emulator;
}

/* A section may name some devices of a platform alone. */
static void test_emulators(void **state)
{
    (void)state;
    static const char text[] = "[one]\nplatform = Some\ndevice = soft\nemulator = yes\n";
    assert_true(is_emulator(text, "Some Platform", "a softpipe"));
    assert_false(is_emulator(text, "Some Platform", "hardware"));
    assert_false(is_emulator(text, "Other", "a softpipe"));
    assert_true(is_emulator(NULL, "Intel(R) FPGA Emulation Platform for OpenCL(TM)", "Intel(R) FPGA Emulation Device"));
    assert_true(is_emulator(NULL, "rusticl", "llvmpipe (LLVM 15.0.6, 256 bits)"));
    assert_false(is_emulator(NULL, "rusticl", "AMD Radeon RX 6800"));
    assert_true(is_emulator(NULL, "Oclgrind", "Oclgrind Simulator"));
    assert_false(is_emulator(NULL, "Intel(R) OpenCL", "Some Processor"));
    assert_false(is_emulator(NULL, "Portable Computing Language", "pthread-some"));
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *piece;
    } cases[] = {
        {"[a]\nprogram_cache = yes\n", "drivers.ini:1: [a] names no platform"},
        {"[a]\nplatform = x\nprogram_cache = maybe\n", "drivers.ini:3: program_cache = maybe: it takes yes or no"},
        {"[a]\nplatform = x\ncache = yes\n", "drivers.ini:3: there is no key cache"},
        {"[a]\nplatform = x\ncache_variable = LD PATH\n", "cache_variable = LD PATH: it takes the name of a variable"},
        {"[a]\nplatform = x\nemulator = 1\n", "drivers.ini:3: emulator = 1: it takes yes or no"},
        {"[a]\nplatform = x\ncache_folder = /var/cache\n", "it takes a folder below HOME/ or XDG_CACHE_HOME/"},
        {"[a]\nplatform = x\ncache_variable = A23456789012345678901234567890123\n", "it takes the name of a variable"},
        {"platform = x\n", "drivers.ini:1"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        cfg_driver driver;
        st_error error = {.status = ST_OK};
        assert_int_equal(cfg_driver_find(&driver, cases[i].text, (cfg_driver_of){"x", "", "1"}, &error), ST_USAGE);
        if (!strstr(error.text, cases[i].piece)) fail_msg("\"%s\" is not in: %s", cases[i].piece, error.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_match), cmocka_unit_test(test_shipped),
                                       cmocka_unit_test(test_cache_variable), cmocka_unit_test(test_emulators),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
