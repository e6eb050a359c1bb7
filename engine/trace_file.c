#include "engine/trace_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "engine/json.h"

/* Tracks: the host, then two of each device. */
enum { PROCESS = 1, HOST = 1, FIRST_DEVICE = 2, TRACKS_OF_DEVICE = 2 };

typedef struct source {
    const rt_device_info *device;
    const rt_trace_event *events;
    size_t count, next;
} source;

/* Text that grows. */
typedef struct page {
    char *text;
    size_t used, room;
    size_t events;
    bool complete; /* false once memory was short */
} page;

static void add_text(page *p, const char *text)
{
    const size_t length = strlen(text);
    if (p->used + length + 1 > p->room) {
        const size_t room = 2 * (p->used + length) + 4096;
        char *larger = realloc(p->text, room);
        if (!larger) {
            p->complete = false;
            return;
        }
        p->text = larger;
        p->room = room;
    }
    memcpy(p->text + p->used, text, length + 1);
    p->used += length;
}

/* One event on a line of its own; `event` is released. */
static void add_event(page *p, json_t *event)
{
    char *line = event ? json_text_print(event, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    p->complete = p->complete && line;
    if (p->events++ > 0) add_text(p, ",\n");
    add_text(p, line ? line : "{}");
    free(line);
    json_decref(event);
}

static int track_of(const rt_trace_event *event, size_t device)
{
    return event->host ? HOST : FIRST_DEVICE + (int)device * TRACKS_OF_DEVICE + event->beside;
}

static const char *category_of(const rt_trace_event *event)
{
    return event->host ? "host" : event->detail[0] ? "gemm" : event->grid.dimensions ? "kernel" : "transfer";
}

static json_t *sizes(const rt_grid *grid, bool global)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < grid->dimensions; ++i)
        json_array_append_new(list, json_integer((json_int_t)((global ? grid->groups[i] : 1) * grid->local[i])));
    return list;
}

static json_t *arguments_of(const rt_trace_event *event)
{
    json_t *arguments = json_object();
    if (event->part) json_object_set_new(arguments, "part", json_string(event->part));
    if (event->detail[0]) json_object_set_new(arguments, "product", json_string(event->detail));
    if (event->grid.dimensions) {
        json_object_set_new(arguments, "global", sizes(&event->grid, true));
        json_object_set_new(arguments, "local", sizes(&event->grid, false));
    }
    if (event->work.bytes > 0) json_object_set_new(arguments, "bytes", json_real(event->work.bytes));
    if (event->work.flops > 0) json_object_set_new(arguments, "flops", json_real(event->work.flops));
    return arguments;
}

/* Nanoseconds count: microseconds with three places. */
static json_t *microseconds(double seconds)
{
    return json_real((double)(int64_t)(seconds * 1e9 + 0.5) / 1e3);
}

static json_t *event_of(const rt_trace_event *event, size_t device, double origin)
{
    const double start = event->start - origin, end = event->end - origin;
    /* Both ends are rounded, and not the duration, so that neighbours do not come to overlap. */
    const double begins = (double)(int64_t)(start * 1e9 + 0.5), ends = (double)(int64_t)(end * 1e9 + 0.5);
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:o}", "name", event->name, "cat", category_of(event), "ph",
                     "X", "pid", PROCESS, "tid", track_of(event, device), "ts", microseconds(start), "dur",
                     json_real((ends - begins) / 1e3), "args", arguments_of(event));
}

static void name_track(page *p, int track, const char *name)
{
    add_event(p, json_pack("{s:s, s:s, s:i, s:i, s:{s:o}}", "name", "thread_name", "ph", "M", "pid", PROCESS, "tid",
                           track, "args", "name", en_json_text(name)));
    add_event(p, json_pack("{s:s, s:s, s:i, s:i, s:{s:i}}", "name", "thread_sort_index", "ph", "M", "pid", PROCESS,
                           "tid", track, "args", "sort_index", track));
}

static bool has_beside(const source *s)
{
    for (size_t i = 0; i < s->count; ++i)
        if (s->events[i].beside) return true;
    return false;
}

static void name_tracks(page *p, const source *sources, size_t count)
{
    char name[512];
    add_event(p, json_pack("{s:s, s:s, s:i, s:{s:s}}", "name", "process_name", "ph", "M", "pid", PROCESS, "args",
                           "name", "safsd-cl"));
    name_track(p, HOST, "host");
    for (size_t d = 0; d < count; ++d) {
        const rt_device_info *device = sources[d].device;
        const int track = FIRST_DEVICE + (int)d * TRACKS_OF_DEVICE;
        snprintf(name, sizeof name, "device %s: %.256s", device->selector, device->name);
        name_track(p, track, name);
        snprintf(name, sizeof name, "device %s, beside", device->selector);
        if (has_beside(&sources[d])) name_track(p, track + 1, name);
    }
}

/* The earliest event that is not written yet; false where there is none. */
static bool earliest(source *sources, size_t count, size_t *which)
{
    bool found = false;
    for (size_t d = 0; d < count; ++d) {
        if (sources[d].next == sources[d].count) continue;
        if (!found || sources[d].events[sources[d].next].start < sources[*which].events[sources[*which].next].start)
            *which = d;
        found = true;
    }
    return found;
}

static st_status write_all(page *p, source *sources, size_t count, double doubt, st_error *error)
{
    double origin = 0;
    bool begun = false;
    add_text(p, "{\"traceEvents\": [\n");
    name_tracks(p, sources, count);
    for (size_t d = 0; earliest(sources, count, &d); ++sources[d].next) {
        const rt_trace_event *event = &sources[d].events[sources[d].next];
        if (!begun) origin = event->start;
        begun = true;
        add_event(p, event_of(event, d, origin));
    }
    char *about = NULL;
    ST_FORWARD(en_json_line(json_pack("{s:s, s:s, s:f}", "program", "safsd-cl", "version", SAFSD_VERSION,
                                      "clocks_differ_by_at_most_us", 1e6 * doubt),
                            &about, error));
    about[strcspn(about, "\n")] = '\0';
    add_text(p, "\n], \"displayTimeUnit\": \"ms\", \"otherData\": ");
    add_text(p, about);
    add_text(p, "}\n");
    free(about);
    return p->complete ? ST_OK : st_fail(error, ST_FAILED, "out of memory for the trace");
}

st_status en_trace_save(const en_directory *dir, const char *file, rt_context *const *devices, size_t count,
                        st_error *error)
{
    source *sources = calloc(count, sizeof *sources);
    page all = {.complete = true};
    double doubt = 0;
    st_status status = ST_OK;
    if (!sources) return st_fail(error, ST_FAILED, "out of memory for the trace");
    for (size_t d = 0; d < count; ++d) {
        double own = 0;
        sources[d].device = rt_device(devices[d]);
        ST_TRY(rt_trace_read(devices[d], &sources[d].events, &sources[d].count, &own));
        if (own > doubt) doubt = own;
    }
    ST_TRY(write_all(&all, sources, count, doubt, error));
    status = en_directory_write(dir, file, all.text, error);
done:
    free(all.text);
    free(sources);
    return status;
}
