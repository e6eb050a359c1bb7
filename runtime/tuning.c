#include "runtime/tuning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_VALUE = 1 << 24 };

static bool is_name(const char *text, size_t room)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    const size_t length = strlen(text);
    return length > 0 && length < room && strspn(text, letters) == length;
}

static bool make(rt_parameter *p, const char *provider, const char *kernel, const char *name, size_t value)
{
    *p = (rt_parameter){.value = value};
    if (!is_name(provider, sizeof p->provider) || !is_name(name, sizeof p->name)) return false;
    if (kernel[0] && !is_name(kernel, sizeof p->kernel)) return false;
    strcpy(p->provider, provider);
    strcpy(p->kernel, kernel);
    strcpy(p->name, name);
    return true;
}

bool rt_tuning_set(rt_tuning *tuning, const char *provider, const char *kernel, const char *name, size_t value)
{
    rt_parameter p;
    if (!make(&p, provider, kernel, name, value)) return false;
    size_t behind_provider = tuning->count, behind = tuning->count; /* the last parameter of its kernel */
    bool kernel_known = false;
    for (size_t i = 0; i < tuning->count; ++i) {
        rt_parameter *old = &tuning->parameters[i];
        if (strcmp(old->provider, provider) != 0) continue;
        behind_provider = i + 1;
        if (strcmp(old->kernel, kernel) != 0) continue;
        behind = i + 1;
        kernel_known = true;
        if (strcmp(old->name, name) != 0) continue;
        old->value = value;
        return true;
    }
    if (!kernel_known) behind = behind_provider;
    if (tuning->count == RT_TUNING_MOST) return false;
    memmove(&tuning->parameters[behind + 1], &tuning->parameters[behind],
            (tuning->count - behind) * sizeof tuning->parameters[0]);
    tuning->parameters[behind] = p;
    ++tuning->count;
    return true;
}

size_t rt_tuning_get(const rt_tuning *tuning, const char *provider, const char *name, size_t otherwise)
{
    for (size_t i = 0; i < tuning->count; ++i) {
        const rt_parameter *p = &tuning->parameters[i];
        if (!p->kernel[0] && strcmp(p->provider, provider) == 0 && strcmp(p->name, name) == 0) return p->value;
    }
    return otherwise;
}

/* Index of the first parameter of a provider from `at` on; the count if there is none. */
static size_t next_of(const rt_tuning *tuning, const char *provider, size_t at)
{
    while (at < tuning->count && strcmp(tuning->parameters[at].provider, provider) != 0) ++at;
    return at;
}

size_t rt_tuning_count(const rt_tuning *tuning, const char *provider)
{
    size_t count = 0;
    for (size_t i = next_of(tuning, provider, 0); i < tuning->count; i = next_of(tuning, provider, i + 1)) ++count;
    return count;
}

bool rt_tuning_same(const rt_tuning *a, const rt_tuning *b, const char *provider)
{
    size_t i = next_of(a, provider, 0), k = next_of(b, provider, 0);
    for (; i < a->count && k < b->count; i = next_of(a, provider, i + 1), k = next_of(b, provider, k + 1))
        if (memcmp(&a->parameters[i], &b->parameters[k], sizeof a->parameters[i]) != 0) return false;
    return i == a->count && k == b->count;
}

static void clear(rt_tuning *tuning, const char *provider)
{
    size_t kept = 0;
    for (size_t i = 0; i < tuning->count; ++i)
        if (strcmp(tuning->parameters[i].provider, provider) != 0) tuning->parameters[kept++] = tuning->parameters[i];
    tuning->count = kept;
}

void rt_tuning_copy(rt_tuning *tuning, const rt_tuning *from, const char *provider)
{
    clear(tuning, provider);
    for (size_t i = next_of(from, provider, 0); i < from->count; i = next_of(from, provider, i + 1)) {
        const rt_parameter *p = &from->parameters[i];
        (void)rt_tuning_set(tuning, provider, p->kernel, p->name, p->value);
    }
}

void rt_tuning_print(const rt_tuning *tuning, const char *provider, char text[RT_TUNING_TEXT])
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = next_of(tuning, provider, 0); i < tuning->count && used < RT_TUNING_TEXT;
         i = next_of(tuning, provider, i + 1)) {
        const rt_parameter *p = &tuning->parameters[i];
        const int length = snprintf(text + used, RT_TUNING_TEXT - used, "%s%s%s%s=%zu", used ? " " : "", p->kernel,
                                    p->kernel[0] ? "." : "", p->name, p->value);
        if (length > 0) used += (size_t)length;
    }
}

bool rt_tuning_read_number(const char *text, size_t *value)
{
    const size_t length = strlen(text);
    if (length == 0 || length > 8 || strspn(text, "0123456789") != length) return false;
    *value = strtoul(text, NULL, 10);
    return *value < MOST_VALUE;
}

bool rt_parameter_read(rt_parameter *parameter, const char *provider, const char *name, const char *value)
{
    char kernel[sizeof parameter->kernel] = "";
    const char *dot = strchr(name, '.');
    size_t number = 0;
    if (!rt_tuning_read_number(value, &number) || dot == name) return false;
    if (dot && (size_t)(dot - name) >= sizeof kernel) return false;
    if (dot) snprintf(kernel, sizeof kernel, "%.*s", (int)(dot - name), name);
    return make(parameter, provider, kernel, dot ? dot + 1 : name, number);
}

st_status rt_tuning_parse_parameters(rt_tuning *tuning, const char *provider, const char *text, st_error *error)
{
    clear(tuning, provider);
    for (const char *at = text; *at;) {
        char word[64];
        rt_parameter p;
        const size_t length = strcspn(at, " ");
        char *equals = NULL;
        if (length < sizeof word) {
            memcpy(word, at, length);
            word[length] = '\0';
            equals = strchr(word, '=');
        }
        if (equals) *equals = '\0';
        if (!equals || !rt_parameter_read(&p, provider, word, equals + 1) ||
            !rt_tuning_set(tuning, provider, p.kernel, p.name, p.value)) {
            clear(tuning, provider);
            return st_fail(error, ST_USAGE, "\"%.64s\" is not a parameter of a matrix product", at);
        }
        at += length;
        at += *at == ' ';
    }
    return ST_OK;
}
