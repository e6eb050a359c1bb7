#include "tests/support/locale.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

void tl_locale_set(const char *name)
{
    const char *folder = getenv("SAFSD_TEST_LOCALES");
    if (folder) setenv("LOCPATH", folder, 1);
    if (setlocale(LC_ALL, name)) return;
    print_message("there is no locale %s, which localedef makes (package locales); nothing to try\n", name);
    skip();
}

void tl_locale_reset(void)
{
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
}
