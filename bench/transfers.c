#include "bench/transfers.h"

#include <stdlib.h>
#include <string.h>

#include "model/layers/add.h"
#include "runtime/buffer.h"

enum {
    MOST_LAUNCHES = 256,
    FEWEST_ELEMENTS = 1 << 16,
    FIRST_BOTH_WAYS = 3 /* of the transfers below: it reads and writes on the device */
};

typedef struct mover {
    rt_context *rt;
    rt_view x, y, z;
    float *host;
    size_t elements;
    size_t launches; /* of launch_many */
} mover;

static st_status upload(void *user)
{
    const mover *m = user;
    return rt_write(m->rt, m->x, m->host, m->elements);
}

static st_status download(void *user)
{
    const mover *m = user;
    return rt_read(m->rt, m->x, m->host, m->elements);
}

static st_status copy(void *user)
{
    const mover *m = user;
    ST_FORWARD(rt_copy(m->rt, m->y, m->x, m->elements));
    return rt_finish(m->rt);
}

static st_status fill(void *user)
{
    const mover *m = user;
    ST_FORWARD(rt_zero(m->rt, m->y, m->elements));
    return rt_finish(m->rt);
}

/* z = x + y by a kernel of the model. */
static st_status add(void *user)
{
    const mover *m = user;
    ST_FORWARD(nn_add(m->rt, m->z, m->x, m->y, m->elements));
    return rt_finish(m->rt);
}

static st_status launch_once(void *user)
{
    const mover *m = user;
    ST_FORWARD(nn_add(m->rt, m->z, m->x, m->y, 1));
    return rt_finish(m->rt);
}

static st_status launch_many(void *user)
{
    const mover *m = user;
    for (size_t i = 0; i < m->launches; ++i) ST_FORWARD(nn_add(m->rt, m->z, m->x, m->y, 1));
    return rt_finish(m->rt);
}

static st_status measure(bench_transfers *t, mover *m, bench_effort effort)
{
    static const struct {
        const char *name;
        st_status (*run)(void *user);
        double passes; /* over the block, on the device */
    } moves[BENCH_TRANSFERS] = {
        {"upload", upload, 1}, {"download", download, 1}, {"fill", fill, 1}, {"copy", copy, 2}, {"add", add, 3}};
    for (size_t i = 0; i < BENCH_TRANSFERS; ++i) {
        t->items[i] = (bench_transfer){.name = moves[i].name, .bytes = moves[i].passes * 4.0 * (double)m->elements};
        ST_FORWARD(bench_repeat(&t->items[i].seconds, effort, moves[i].run, m));
    }
    ST_FORWARD(bench_repeat(&t->launch, (bench_effort){1, 100, effort.budget}, launch_once, m));
    const double fitting = effort.budget / 4 / t->launch.median;
    m->launches = fitting < MOST_LAUNCHES ? (size_t)fitting + 1 : MOST_LAUNCHES;
    ST_FORWARD(bench_repeat_parts(&t->pipelined, (bench_effort){1, 20, effort.budget}, launch_many, m, m->launches));
    return ST_OK;
}

/* A block that a slow device, such as a simulator, adds within a part of the budget. */
static st_status shorten(mover *m, bench_effort effort)
{
    const size_t most = m->elements;
    bench_stats seconds;
    if (most <= FEWEST_ELEMENTS) return ST_OK;
    m->elements = FEWEST_ELEMENTS;
    ST_FORWARD(bench_repeat(&seconds, (bench_effort){1, 1, 0}, add, m));
    const double fitting = effort.budget / 4 / seconds.median * FEWEST_ELEMENTS;
    m->elements = fitting < FEWEST_ELEMENTS ? FEWEST_ELEMENTS : fitting < (double)most ? (size_t)fitting : most;
    return ST_OK;
}

st_status bench_transfers_measure(bench_transfers *transfers, rt_context *rt, bench_effort effort)
{
    const uint64_t largest = rt_device(rt)->largest_block_bytes;
    mover m = {.rt = rt, .elements = (size_t)((largest < 64u << 20 ? largest : 64u << 20) / sizeof(float) / 4 * 4)};
    rt_arena *arena = NULL;
    st_status status = ST_OK;
    memset(transfers, 0, sizeof *transfers);
    m.host = calloc(m.elements, sizeof *m.host);
    if (!m.host) return st_fail(rt_error(rt), ST_FAILED, "out of memory for %zu numbers", m.elements);
    ST_TRY(rt_arena_create(&arena, rt, "transfers"));
    ST_TRY(rt_arena_take(arena, "a block", m.elements, &m.x));
    ST_TRY(rt_arena_take(arena, "a block", m.elements, &m.y));
    ST_TRY(rt_arena_take(arena, "a block", m.elements, &m.z));
    ST_TRY(rt_arena_commit(arena));
    ST_TRY(rt_zero(rt, m.y, m.elements));
    ST_TRY(shorten(&m, effort));
    ST_TRY(measure(transfers, &m, effort));
done:
    rt_arena_destroy(&arena);
    free(m.host);
    return status;
}

double bench_transfer_rate(const bench_transfer *transfer)
{
    return transfer->seconds.median > 0 ? transfer->bytes / transfer->seconds.median : 0;
}

double bench_transfers_bandwidth(const bench_transfers *transfers)
{
    double best = 0;
    for (size_t i = FIRST_BOTH_WAYS; i < BENCH_TRANSFERS; ++i) {
        const double rate = bench_transfer_rate(&transfers->items[i]);
        if (rate > best) best = rate;
    }
    return best;
}
