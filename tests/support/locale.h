/* Locales for tests, built by tests/locale: de_DE.UTF-8 has a decimal comma, ps_AF.UTF-8 a decimal sign of two bytes,
 * tr_TR.UTF-8 other small letters. Setting one skips the test where it was not built. */
#ifndef SAFSD_TESTS_SUPPORT_LOCALE_H
#define SAFSD_TESTS_SUPPORT_LOCALE_H

void tl_locale_set(const char *name);
void tl_locale_reset(void);

#endif
