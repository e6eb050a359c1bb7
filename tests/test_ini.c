/* Reading INI text: what it means, and the sentence for every text that means nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ini.h"
#include "tests/support/locale.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <unistd.h>

/* The bytes of "first", then `count` times `unit`, then "last". */
static char *repeated(const char *first, const char *unit, size_t count, const char *last)
{
    const size_t size = strlen(unit);
    char *text = malloc(strlen(first) + count * size + strlen(last) + 1);
    assert_non_null(text);
    strcpy(text, first);
    char *end = text + strlen(first);
    for (size_t i = 0; i < count; i++, end += size) memcpy(end, unit, size);
    strcpy(end, last);
    return text;
}

static void expect_entry(const ini_file *ini, size_t i, int line, const char *section, const char *key,
                         const char *value)
{
    assert_true(i < ini->count);
    const ini_entry *entry = &ini->entries[i];
    assert_int_equal(entry->line, line);
    assert_string_equal(entry->section, section);
    if (!key) {
        assert_null(entry->key);
        assert_null(entry->value);
        return;
    }
    assert_string_equal(entry->key, key);
    assert_string_equal(entry->value, value);
}

static void test_entries(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf; comment\n"
                               "# another \\\n"
                               "[Data] ; behind a section\r\n"
                               "\n"
                               "  Path=a.pkl\n"
                               "Name =  two  words ; behind a value\n"
                               "sign = \"a;b#c\" # behind a quoted value\n"
                               "mark = 'say \"so\"'\n"
                               "sum = 1 = 2\n"
                               "it's = it's\n"
                               "bytes = \xc3\xa4\xff\n"
                               "last_one = \ta\tb\t\n"
                               "[]\n"
                               "[data]\n"
                               "[train]\n"
                               "path = b";
    ini_file ini = {0};
    st_error error = {0};
    assert_int_equal(ini_parse(&ini, text, "x.ini", INI_SECTIONS, &error), ST_OK);
    assert_int_equal(ini.count, 13);
    expect_entry(&ini, 0, 3, "data", NULL, NULL);
    expect_entry(&ini, 1, 5, "data", "path", "a.pkl");
    expect_entry(&ini, 2, 6, "data", "name", "two  words");
    expect_entry(&ini, 3, 7, "data", "sign", "a;b#c");
    expect_entry(&ini, 4, 8, "data", "mark", "say \"so\"");
    expect_entry(&ini, 5, 9, "data", "sum", "1 = 2");
    expect_entry(&ini, 6, 10, "data", "it's", "it's");
    expect_entry(&ini, 7, 11, "data", "bytes", "\xc3\xa4\xff");
    expect_entry(&ini, 8, 12, "data", "last_one", "a\tb");
    expect_entry(&ini, 9, 13, "", NULL, NULL);
    expect_entry(&ini, 10, 14, "data", NULL, NULL);
    expect_entry(&ini, 11, 15, "train", NULL, NULL);
    expect_entry(&ini, 12, 16, "train", "path", "b");
    ini_destroy(&ini);
    assert_null(ini.entries);
    ini_destroy(&ini);
    ini_destroy(NULL);
    assert_string_equal(error.text, "");
}

static void test_continuation(void **state)
{
    (void)state;
    static const char text[] = "[data]\n"
                               "ids = a, \\\n"
                               "      \"b;c,\" \\\r\n"
                               "  = d ; the end\n"
                               "rows = 1 .3 \\\n"
                               ".4\n"
                               "not = a ; \\\n"
                               "blank = \\\n"
                               "\\\n"
                               "x\\\n"
                               "\n"
                               "two = a\\\\\n"
                               "b\n"
                               "quoted = \"a\\\"\n";
    ini_file ini = {0};
    st_error error = {0};
    assert_int_equal(ini_parse(&ini, text, "x.ini", INI_SECTIONS, &error), ST_OK);
    assert_int_equal(ini.count, 7);
    expect_entry(&ini, 1, 2, "data", "ids", "a, b;c, = d");
    assert_int_equal(ini.entries[1].last_line, 4);
    expect_entry(&ini, 2, 5, "data", "rows", "1 .3 .4");
    assert_int_equal(ini.entries[2].last_line, 6);
    expect_entry(&ini, 3, 7, "data", "not", "a");
    assert_int_equal(ini.entries[3].last_line, 7);
    expect_entry(&ini, 4, 8, "data", "blank", "x");
    assert_int_equal(ini.entries[4].last_line, 11);
    expect_entry(&ini, 5, 12, "data", "two", "a\\ b");
    expect_entry(&ini, 6, 14, "data", "quoted", "a\\");
    ini_destroy(&ini);
}

/* A value far over the 1024 bytes that iniparser holds, and lines of the largest length. */
static void test_long_value(void **state)
{
    (void)state;
    char *text =
        repeated("[data]\nids = first, \\\n", "  some_dialogue, another_dialogue, \\\n", 3000, "  last\nx = 1\n");
    ini_file ini = {0};
    st_error error = {0};
    assert_int_equal(ini_parse(&ini, text, "x.ini", INI_SECTIONS, &error), ST_OK);
    free(text);
    assert_int_equal(ini.count, 3);
    assert_int_equal(ini.entries[1].line, 2);
    assert_int_equal(ini.entries[1].last_line, 3003);
    size_t commas = 0;
    for (const char *c = ini.entries[1].value; *c; c++) commas += *c == ',';
    assert_int_equal(commas, 6001);
    const char *last = strrchr(ini.entries[1].value, ',');
    assert_string_equal(last, ", last");
    expect_entry(&ini, 2, 3004, "data", "x", "1");
    ini_destroy(&ini);
}

static void test_line_limit(void **state)
{
    (void)state;
    char *longest = repeated("[a]\nb=", "x", INI_LINE_LIMIT - 2, "\nc = 1\n");
    ini_file ini = {0};
    st_error error = {0};
    assert_int_equal(ini_parse(&ini, longest, "x.ini", INI_SECTIONS, &error), ST_OK);
    assert_int_equal(strlen(ini.entries[1].value), INI_LINE_LIMIT - 2);
    expect_entry(&ini, 2, 3, "a", "c", "1");
    ini_destroy(&ini);
    free(longest);
}

static void expect_refused(const char *text, const char *sentence)
{
    ini_file ini = {0};
    st_error error = {0};
    if (ini_parse(&ini, text, "x.ini", INI_SECTIONS, &error) != ST_USAGE) fail_msg("accepted: %s", text);
    assert_int_equal(error.status, ST_USAGE);
    assert_string_equal(error.text, sentence);
    assert_null(ini.entries);
    assert_int_equal(ini.count, 0);
}

static void test_refused(void **state)
{
    (void)state;
    expect_refused("a = 1\n", "x.ini:1: \"a\" is before the first [section]");
    expect_refused("[a]\nwhatever\n", "x.ini:2: \"whatever\" is neither [section] nor key = value");
    expect_refused("[a]\nb ; = 1\n", "x.ini:2: \"b ; = 1\" is neither [section] nor key = value");
    expect_refused("[a]\n = 1\n", "x.ini:2: there is no key before the =");
    expect_refused("[a\n", "x.ini:1: \"[a\" is not a section; write [name] on a line of its own");
    expect_refused("[a] b = 1\n", "x.ini:1: \"[a] b = 1\" is not a section; write [name] on a line of its own");
    expect_refused("[a]\nb = 1\n[c]\nb = 1\n[a]\n\nB = 2\n",
                   "x.ini:7: [a] b is given twice, first in line 2; keep one of them");
    expect_refused("[a]\nb =\n", "x.ini:2: [a] b has no value; write one, or delete the line to keep the default");
    expect_refused("[a]\nb = ; 1\n", "x.ini:2: [a] b has no value; write one, or delete the line to keep the default");
    expect_refused("[a]\nb = \"\"\n", "x.ini:2: [a] b has no value; write one, or delete the line to keep the default");
    expect_refused("[a]\nb = '  '\n", "x.ini:2: [a] b has no value; write one, or delete the line to keep the default");
    expect_refused("[a]\nb = \"open\n", "x.ini:2: the quote before open is not closed");
    expect_refused("[a]\nb = \"x\" y\n", "x.ini:2: \"y\" follows a closing quote; put the whole value in quotes");
    expect_refused("[a]\nb = 1, \\\n", "x.ini:2: the line ends in a backslash, but no line follows");
    expect_refused("[a]\nb = 1, \\\n\\", "x.ini:3: the line ends in a backslash, but no line follows");
    expect_refused("[a]\nb = \x01\n", "x.ini:2: a control character (0x01); a configuration is plain text");
    expect_refused("[a]\nb = 1\rc = 2\n", "x.ini:2: a control character (0x0d); a configuration is plain text");
    expect_refused("[a]\nb = \x7f\n", "x.ini:2: a control character (0x7f); a configuration is plain text");
    char *wide = repeated("[a]\nb = ", "x", 2000, "\n");
    expect_refused(wide, "x.ini:2: the line has 2004 bytes, more than 1000; break it with a backslash at its end");
    free(wide);
    char *tall = repeated("[a]\n", "\n", INI_LINE_COUNT, "\n");
    expect_refused(tall, "x.ini:10001: more than 10000 lines; this is not a configuration");
    free(tall);
}

/* Texts that made iniparser fail or crash (CVE-2023-33461 among them): none of them may here. */
static void test_hostile(void **state)
{
    (void)state;
    static const char *const texts[] = {"",          "\n",           "[",           "]",       "[]",    "[]\n=",
                                        "[a]\n=",    "\\",           "[a]\n\\",     "[a]\nb=", "=",     "[[a]]",
                                        "[a]\nb=\"", "[a]\nb='",     "[a]\\",       ";\\",     "[a:b]", "[a]b",
                                        "[a]\n:=",   "[a]\na:b = 1", "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ini_file ini = {0};
        st_error error = {0};
        const st_status status = ini_parse(&ini, texts[i], "x.ini", INI_SECTIONS, &error);
        assert_true(status == ST_OK || status == ST_USAGE);
        assert_true((status == ST_OK) == (error.text[0] == '\0'));
        ini_destroy(&ini);
    }
}

/* Every beginning of a text, and the text with bytes changed: a list of entries or a sentence with a line. */
static void test_damaged(void **state)
{
    (void)state;
    static const char text[] = "; c\n[data]\npath = \"a;b\" ; c\nids = a, \\\n b\\\n c\n[train]\nlr = 1e-4\n";
    static const char bytes[] = "\\\"';#[]= \n\r\t\x01"
                                "a";
    char damaged[sizeof text];
    uint32_t random = 1;
    for (int i = 0; i < 3000; i++) {
        memcpy(damaged, text, sizeof text);
        if (i < (int)sizeof text) damaged[i] = '\0';
        for (int change = 0; i >= (int)sizeof text && change < 3; change++) {
            random = random * 1664525u + 1013904223u;
            damaged[(random >> 8) % (sizeof text - 1)] = bytes[(random >> 24) % (sizeof bytes - 1)];
        }
        ini_file ini = {0};
        st_error error = {0};
        if (ini_parse(&ini, damaged, "x.ini", INI_SECTIONS, &error) == ST_OK) {
            for (size_t e = 0; e < ini.count; e++)
                assert_true(!ini.entries[e].key || (ini.entries[e].value && ini.entries[e].value[0]));
        } else {
            assert_int_equal(error.status, ST_USAGE);
            assert_memory_equal(error.text, "x.ini:", 6);
        }
        ini_destroy(&ini);
    }
}

static void make_folder(char folder[32])
{
    strcpy(folder, "safsd-ini-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

static void write_file(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void expect_unread(const char *path, const char *sentence)
{
    char *text = NULL;
    st_error error = {0};
    assert_int_equal(ini_read_file(&text, path, &error), ST_USAGE);
    assert_null(text);
    assert_string_equal(error.text, sentence);
}

static void test_read_file(void **state)
{
    (void)state;
    char folder[32];
    char path[64];
    char sentence[256];
    make_folder(folder);

    snprintf(path, sizeof path, "%s/none.ini", folder);
    snprintf(sentence, sizeof sentence, "the configuration %s cannot be opened: No such file or directory", path);
    expect_unread(path, sentence);

    snprintf(sentence, sizeof sentence, "the configuration %s cannot be read: Is a directory", folder);
    expect_unread(folder, sentence);

    snprintf(path, sizeof path, "%s/binary.ini", folder);
    write_file(path, "[a]\n\0b", 6);
    snprintf(sentence, sizeof sentence, "%s is not a text file; a configuration is an INI file", path);
    expect_unread(path, sentence);
    unlink(path);

    snprintf(path, sizeof path, "%s/huge.ini", folder);
    char *huge = repeated("", "x\n", 8 << 20, "");
    write_file(path, huge, strlen(huge));
    free(huge);
    snprintf(sentence, sizeof sentence, "%s is too large for a configuration", path);
    expect_unread(path, sentence);
    unlink(path);

    static const size_t sizes[] = {0, 1, 65535, 65536, 65537};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *bytes = repeated("", "x", sizes[i], "");
        char *text = NULL;
        st_error error = {0};
        write_file(path, bytes, sizes[i]);
        assert_int_equal(ini_read_file(&text, path, &error), ST_OK);
        assert_string_equal(text, bytes);
        free(text);
        free(bytes);
    }
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

/* Lists whose parts have quotes keep them; quotes around a whole value are told where the text does not need them. */
static void test_quotes(void **state)
{
    (void)state;
    static const char text[] = "[Variant No Text]\n"
                               "Names = \"very, very happy\", sad ; c\n"
                               "rest = sad , 'a;b' , \"c#d\" # c\n"
                               "one = \"a, b\" ; c\n"
                               "needed = \"a; b, c\"\n"
                               "outer = '\"a, b\", c'\n"
                               "apostrophe = a, 'tis b\n"
                               "long = \"a, b\", \\\n"
                               " \"c, d\"\n"
                               "lines = '\"a, b\",' \\\n"
                               " \"c;d\" \\\n"
                               " \"e, f\"\n";
    static const struct {
        const char *key, *value;
        bool quoted;
    } wanted[] = {{"names", "\"very, very happy\", sad", false},
                  {"rest", "sad , 'a;b' , \"c#d\"", false},
                  {"one", "a, b", true},
                  {"needed", "a; b, c", false},
                  {"outer", "\"a, b\", c", false},
                  {"apostrophe", "a, 'tis b", false},
                  {"long", "\"a, b\", \"c, d\"", false},
                  {"lines", "\"a, b\", c;d \"e, f\"", false}};
    ini_file ini = {0};
    st_error error = {0};
    assert_int_equal(ini_parse(&ini, text, "x.ini", INI_SECTIONS, &error), ST_OK);
    assert_int_equal(ini.count, 1 + sizeof wanted / sizeof *wanted);
    assert_string_equal(ini.entries[0].section, "variant no text");
    assert_string_equal(ini.entries[0].section_name, "Variant No Text");
    assert_null(ini.entries[0].key_name);
    assert_string_equal(ini.entries[1].key_name, "Names");
    assert_string_equal(ini.entries[1].section_name, "Variant No Text");
    assert_string_equal(ini.entries[1].written, "\"very, very happy\", sad ; c");
    for (size_t i = 0; i + 1 < ini.count; i++) {
        const ini_entry *entry = &ini.entries[i + 1];
        assert_string_equal(entry->key, wanted[i].key);
        assert_string_equal(entry->value, wanted[i].value);
        assert_int_equal(entry->quoted, wanted[i].quoted);
    }
    ini_destroy(&ini);
    expect_refused("[a]\nb = \"x\", \\\n \"y\" z\n",
                   "x.ini:3: \"z\" follows a closing quote; put the whole value in quotes");
}

static void test_quote_for(void **state)
{
    (void)state;
    assert_int_equal(ini_quote_for("", 0), 0);
    assert_int_equal(ini_quote_for("it's \"so\"", 9), 0);
    assert_int_equal(ini_quote_for("a;b", 1), 0);
    assert_int_equal(ini_quote_for("a;b", 3), '"');
    assert_int_equal(ini_quote_for("a\\", 2), '"');
    assert_int_equal(ini_quote_for("\"a", 2), '\'');
    assert_int_equal(ini_quote_for("\"a'#", 4), -1);
}

/* Entries without a section, as files of tunings have them. */
static void test_flat(void **state)
{
    (void)state;
    ini_file ini = {0};
    st_error error = {0};
    assert_int_equal(ini_parse(&ini, "a.B = 1\n[s]\na.b = 2\n", "x.ini", INI_FLAT, &error), ST_OK);
    assert_int_equal(ini.count, 3);
    expect_entry(&ini, 0, 1, "", "a.b", "1");
    assert_string_equal(ini.entries[0].key_name, "a.B");
    expect_entry(&ini, 2, 3, "s", "a.b", "2");
    ini_destroy(&ini);
    assert_int_equal(ini_parse(&ini, "a = 1\n[]\nb = 2\n", "x.ini", INI_FLAT, &error), ST_USAGE);
    assert_string_equal(error.text, "x.ini:3: \"b\" is in a section without a name");
}

/* iniparser calls an entry section:key, and a section by its name. */
static void test_names_apart(void **state)
{
    (void)state;
    expect_refused("[]\nb = 1\n", "x.ini:2: \"b\" is in a section without a name");
    expect_refused("[a]\nb:c = 1\n", "x.ini:2: the key \"b:c\" has a colon, which no key may have");
    expect_refused("[a]\nb = 1\n[A:B]\n", "x.ini:2: [a] b is called as the section [a:b]; rename one of them");
    char *section = repeated("[", "s", 600, "]\n");
    char *text = repeated(section, "k", 600, " = 1\n");
    expect_refused(text, "x.ini:2: section and key have more than 1000 bytes together");
    free(section);
    free(text);
}

/* No file is made, and the locale changes no letter. */
static void test_surroundings(void **state)
{
    (void)state;
    const char *before = getenv("TMPDIR");
    char *kept = before ? repeated(before, "", 0, "") : NULL;
    setenv("TMPDIR", "no/such/folder", 1);
    ini_file ini = {0};
    st_error error = {0};
    tl_locale_set("tr_TR.UTF-8");
    assert_int_equal(ini_parse(&ini, "[TITLE]\nTITLE = I\n", "x.ini", INI_SECTIONS, &error), ST_OK);
    tl_locale_reset();
    expect_entry(&ini, 1, 2, "title", "title", "I");
    ini_destroy(&ini);
    if (kept)
        setenv("TMPDIR", kept, 1);
    else
        unsetenv("TMPDIR");
    free(kept);
}

/* iniparser has one function for complaints: many threads read at once, and every one gets its own sentence. */
static int read_often(void *user)
{
    const int *number = user;
    char good[64], bad[64], sentence[96];
    snprintf(good, sizeof good, "[a]\nb = %d\n", *number);
    snprintf(bad, sizeof bad, "[a]\nb%d\n", *number);
    snprintf(sentence, sizeof sentence, "x.ini:2: \"b%d\" is neither [section] nor key = value", *number);
    for (int i = 0; i < 200; i++) {
        ini_file ini = {0};
        st_error error = {0};
        int value = -1;
        if (ini_parse(&ini, good, "x.ini", INI_SECTIONS, &error) != ST_OK) return 1;
        value = atoi(ini.entries[1].value);
        ini_destroy(&ini);
        if (value != *number || ini_parse(&ini, bad, "x.ini", INI_SECTIONS, &error) != ST_USAGE) return 1;
        if (strcmp(error.text, sentence) != 0) return 1;
    }
    return 0;
}

static void test_threads(void **state)
{
    (void)state;
    thrd_t threads[4];
    int numbers[4], wrong = 0;
    for (int i = 0; i < 4; i++) {
        numbers[i] = i;
        assert_int_equal(thrd_create(&threads[i], read_often, &numbers[i]), thrd_success);
    }
    for (int i = 0; i < 4; i++) {
        int result = 0;
        thrd_join(threads[i], &result);
        wrong += result;
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries),      cmocka_unit_test(test_continuation), cmocka_unit_test(test_long_value),
        cmocka_unit_test(test_line_limit),   cmocka_unit_test(test_refused),      cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_damaged),      cmocka_unit_test(test_read_file),    cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_quote_for),    cmocka_unit_test(test_flat),         cmocka_unit_test(test_names_apart),
        cmocka_unit_test(test_surroundings), cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
