#include "runtime/tuning_file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/folder.h"
#include "base/ini.h"
#include "base/outfile.h"
#include "base/path.h"
#include "runtime/gemm.h"

enum { FILE_LIMIT = 1 << 16, NAME_SIZE = 96 };

/* ---- reading ---- */

/* A name as it is written to a file: one line of printable text without leading and trailing blanks. */
static void plain(char text[256], const char *from)
{
    from += strspn(from, " \t");
    snprintf(text, 256, "%s", from);
    for (char *at = text; *at; ++at)
        if ((unsigned char)*at < 32 || *at == 127) *at = '?';
    for (size_t length = strlen(text); length > 0 && text[length - 1] == ' '; --length) text[length - 1] = '\0';
}

typedef struct reading {
    rt_tuning *tuning;
    const rt_device_info *device;
    bool shipped, meant;
    bool kin;         /* platform and device match; versions may differ */
    char driver[256]; /* as in the file */
    unsigned seen;    /* bits of the keys below */
} reading;

static const char *const keys[] = {"program", "platform", "device", "driver", "vector_width", "gemm", "gain", NULL};
enum { PROGRAM, PLATFORM, DEVICE, DRIVER, VECTOR_WIDTH, GEMM, GAIN };

/* Whether the value is the property of the device, or, in a shipped file, a prefix of it. In a stored file, ; and # in
 * a name without quotes do not begin a comment. */
static bool compare(reading *r, const ini_entry *entry, const char *property)
{
    char wanted[256];
    plain(wanted, property);
    const bool in_quotes = entry->written[0] == '"' || entry->written[0] == '\'';
    const char *name = in_quotes || r->shipped ? entry->value : entry->written;
    const bool same = r->shipped ? strncmp(name, wanted, strlen(name)) == 0 : strcmp(name, wanted) == 0;
    r->meant = r->meant && same;
    return same;
}

static bool take(reading *r, int key, const ini_entry *entry)
{
    const char *const value = entry->value;
    size_t number = 0;
    const bool is_number = rt_tuning_read_number(value, &number);
    switch (key) {
    case PROGRAM:
        compare(r, entry, SAFSD_VERSION);
        return true;
    case PLATFORM:
        r->kin = compare(r, entry, r->device->platform_name) && r->kin;
        return true;
    case DEVICE:
        r->kin = compare(r, entry, r->device->name) && r->kin;
        return true;
    case DRIVER:
        compare(r, entry, r->device->driver);
        snprintf(r->driver, sizeof r->driver, "%s", value);
        return true;
    case VECTOR_WIDTH:
        r->meant = r->meant && number == r->device->vector_width;
        return is_number;
    case GEMM:
        if (!rt_gemm_is_provider(value)) return false;
        strcpy(r->tuning->gemm, value);
        return true;
    case GAIN:
        r->tuning->gain = number;
        return is_number;
    default:
        return false;
    }
}

/* Reads any other key: "PROVIDER.NAME" or "PROVIDER.KERNEL.NAME". */
static const char *read_parameter(reading *r, const char *key, const char *value)
{
    rt_parameter p;
    char provider[sizeof p.provider];
    const char *dot = strchr(key, '.');
    if (!dot || (size_t)(dot - key) >= sizeof provider) return "there is no such key";
    snprintf(provider, sizeof provider, "%.*s", (int)(dot - key), key);
    if (!rt_gemm_is_provider(provider)) return "there is no such key";
    if (!rt_parameter_read(&p, provider, dot + 1, value) || !rt_gemm_takes(&p))
        return "that provider has no such parameter";
    return rt_tuning_set(r->tuning, provider, p.kernel, p.name, p.value) ? NULL : "there are too many parameters";
}

static const char *read_entry(reading *r, const ini_entry *entry)
{
    const char *const name = entry->key_name;
    if (!name) return "there is no such section";
    for (int key = 0; keys[key]; ++key) {
        if (strcmp(name, keys[key]) != 0) continue;
        r->seen |= 1u << key;
        return take(r, key, entry) ? NULL : "this value is not valid for that key";
    }
    return read_parameter(r, name, entry->value);
}

/* A stored file names its device and a provider; a shipped file names a provider and at least a platform. */
static bool is_complete(const reading *r)
{
    const unsigned identity = 1u << PROGRAM | 1u << PLATFORM | 1u << DEVICE | 1u << DRIVER;
    if (!(r->seen & 1u << GEMM)) return false;
    return r->shipped ? (r->seen & 1u << PLATFORM) != 0 : (r->seen & identity) == identity;
}

/* Reads every entry; `name` is the file's name in messages. */
static st_status read_entries(reading *r, const char *text, const char *name, st_error *error)
{
    ini_file ini;
    const char *wrong = NULL;
    const size_t length = strlen(text);
    int line = 0;
    memset(r->tuning, 0, sizeof *r->tuning);
    ST_FORWARD(ini_parse(&ini, text, name, INI_FLAT, error));
    for (size_t i = 0; i < ini.count && !wrong; ++i) {
        line = ini.entries[i].line;
        wrong = read_entry(r, &ini.entries[i]);
    }
    ini_destroy(&ini);
    if (!wrong && (!is_complete(r) || text[length - 1] != '\n')) wrong = "the file ends too early";
    return wrong ? st_fail(error, ST_USAGE, "%s:%d: %s", name, line, wrong) : ST_OK;
}

st_status rt_tuning_parse(rt_tuning *tuning, const char *text, const char *name, const rt_device_info *device,
                          bool shipped, bool *meant, st_error *error)
{
    reading r = {.tuning = tuning, .device = device, .shipped = shipped, .meant = true, .kin = true};
    const st_status status = read_entries(&r, text, name, error);
    *meant = status == ST_OK && r.meant;
    if (status != ST_OK) memset(tuning, 0, sizeof *tuning);
    return status;
}

/* ---- files ---- */

/* A readable and unique file name: the letters and digits of the device's name, and a hash of the whole identity. */
static void file_name(char name[NAME_SIZE], const rt_device_info *device)
{
    char all[1024];
    size_t used = 0;
    snprintf(all, sizeof all, "%s\n%s\n%s\n%s", SAFSD_VERSION, device->platform_name, device->name, device->driver);
    for (const char *at = device->name; *at && used < 40; ++at) {
        const char c = *at;
        const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (kept || (used > 0 && name[used - 1] != '-')) name[used++] = kept ? c : '-';
    }
    snprintf(name + used, NAME_SIZE - used, "-%016llx.ini", (unsigned long long)XXH3_64bits(all, strlen(all)));
}

bool rt_tuning_path(const rt_device_info *device, char path[RT_TUNING_PATH])
{
    char name[NAME_SIZE], below[NAME_SIZE + 32];
    file_name(name, device);
    return path_join(below, sizeof below, "safsd-cl/tuning", name) && path_in_cache(path, RT_TUNING_PATH, below);
}

/* Reads a small file as a string; NULL on failure. */
static char *read_text(FILE *file)
{
    char *text = malloc(FILE_LIMIT);
    if (!text) return NULL;
    const size_t size = fread(text, 1, FILE_LIMIT, file);
    if (ferror(file) || size == FILE_LIMIT || memchr(text, '\0', size)) {
        free(text);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

st_status rt_tuning_load(rt_tuning *tuning, const rt_device_info *device, bool *found, st_error *error)
{
    char path[RT_TUNING_PATH];
    bool meant = false;
    *found = false;
    memset(tuning, 0, sizeof *tuning);
    FILE *file = rt_tuning_path(device, path) ? fopen(path, "rb") : NULL;
    if (!file) return ST_OK;
    char *text = read_text(file);
    fclose(file);
    if (!text) return st_fail(error, ST_USAGE, "%s is not a tuning", path);
    st_status status = rt_tuning_parse(tuning, text, path, device, false, &meant, error);
    free(text);
    if (status == ST_OK && !meant)
        status = st_fail(error, ST_USAGE, "%s is the tuning of another device, driver or version", path);
    *found = status == ST_OK;
    if (!*found) memset(tuning, 0, sizeof *tuning);
    return status;
}

bool rt_tuning_earlier(const rt_device_info *device, size_t *gain, char driver[256])
{
    char path[RT_TUNING_PATH], own[RT_TUNING_PATH];
    time_t newest = 0;
    bool found = false;
    if (!rt_tuning_path(device, own)) return false;
    snprintf(path, sizeof path, "%s", own);
    *strrchr(path, '/') = '\0';
    DIR *folder = opendir(path);
    const size_t used = strlen(path);
    for (const struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        struct stat about;
        rt_tuning tuning;
        reading r = {.tuning = &tuning, .device = device, .meant = true, .kin = true};
        st_error ignored = {.status = ST_OK};
        if (snprintf(path + used, sizeof path - used, "/%s", entry->d_name) >= (int)(sizeof path - used)) continue;
        if (strcmp(path, own) == 0 || stat(path, &about) != 0 || !S_ISREG(about.st_mode)) continue;
        FILE *file = fopen(path, "rb");
        char *text = file ? read_text(file) : NULL;
        if (file) fclose(file);
        if (text && read_entries(&r, text, path, &ignored) == ST_OK && r.kin && (!found || about.st_mtime >= newest)) {
            found = true;
            newest = about.st_mtime;
            *gain = tuning.gain;
            snprintf(driver, sizeof r.driver, "%s", r.driver);
        }
        free(text);
    }
    if (folder) closedir(folder);
    return found;
}

static void print_name(const char *key, const char *name, FILE *file)
{
    char text[256];
    plain(text, name);
    const int quote = ini_quote_for(text, strlen(text));
    if (quote > 0)
        fprintf(file, "%s = %c%s%c\n", key, quote, text, quote);
    else
        fprintf(file, "%s = %s\n", key, text);
}

static void print(const rt_tuning *tuning, const rt_device_info *device, const char *remark, FILE *file)
{
    char text[256];
    plain(text, remark);
    fprintf(file, "# %s\nprogram = %s\n", text, SAFSD_VERSION);
    print_name("platform", device->platform_name, file);
    print_name("device", device->name, file);
    print_name("driver", device->driver, file);
    fprintf(file, "gemm = %s\n", tuning->gemm);
    if (tuning->gain) fprintf(file, "gain = %zu\n", tuning->gain);
    for (size_t i = 0; i < tuning->count; ++i) {
        const rt_parameter *p = &tuning->parameters[i];
        fprintf(file, "%s.%s%s%s = %zu\n", p->provider, p->kernel, p->kernel[0] ? "." : "", p->name, p->value);
    }
}

st_status rt_tuning_store(const rt_tuning *tuning, const rt_device_info *device, const char *remark, st_error *error)
{
    char path[RT_TUNING_PATH];
    outfile file = {NULL, NULL, NULL};
    if (!rt_tuning_path(device, path))
        return st_fail(error, ST_FAILED, "the tuning is not stored: neither XDG_CACHE_HOME nor HOME names a folder");
    const int code = folder_make_parents(path, 0700);
    if (code != 0)
        return st_fail(error, ST_FAILED, "the tuning is not stored: %s cannot be written: %s", path, strerror(code));
    st_status status = outfile_open(&file, path, error);
    if (status == ST_OK) {
        print(tuning, device, remark, file.stream);
        status = outfile_finish(&file, error);
    }
    outfile_close(&file);
    if (status != ST_OK) st_prefix(error, "the tuning is not stored");
    return status;
}
