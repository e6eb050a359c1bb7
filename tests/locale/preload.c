/* Loaded before a program, this sets the locale that SAFSD_TEST_SETS_LOCALE names, as a library may do. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((constructor)) static void set_locale(void)
{
    const char *name = getenv("SAFSD_TEST_SETS_LOCALE");
    if (!name || setlocale(LC_ALL, name)) return;
    fprintf(stderr, "there is no locale %s\n", name);
    abort();
}
