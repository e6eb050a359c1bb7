#include "bench/search.h"

#include <stdio.h>
#include <string.h>

#include "data/philox.h"

enum { PANEL, CLBLAST, FAMILIES, MOST_DRAWS = 100000, SITE = 32 };

static const char *const family_names[FAMILIES] = {"panel", "clblast"};

/* A measurable gain; less is noise. */
static const double GAIN = 0.97;

/* ---- parameters of CLBlast ---- */

typedef struct choice {
    const char *name;
    size_t values[5], count;
} choice;

enum { KWG, MWG, NWG, MDIMC, NDIMC, MDIMA, NDIMB, VWM, VWN, SA, SB, XGEMM_CHOICES };
static const choice xgemm_choices[XGEMM_CHOICES] = {
    {"KWG", {16, 32}, 2},
    {"MWG", {16, 32, 64, 128}, 4},
    {"NWG", {16, 32, 64, 128}, 4},
    {"MDIMC", {8, 16, 32}, 3},
    {"NDIMC", {8, 16, 32}, 3},
    {"MDIMA", {8, 16, 32}, 3},
    {"NDIMB", {8, 16, 32}, 3},
    {"VWM", {1, 2, 4, 8}, 4},
    {"VWN", {1, 2, 4, 8}, 4},
    {"SA", {0, 1}, 2},
    {"SB", {0, 1}, 2},
};

enum { WGD, KWID, MDIMCD, NDIMCD, MDIMAD, NDIMBD, VWMD, VWND, PADA, PADB, DIRECT_CHOICES };
static const choice direct_choices[DIRECT_CHOICES] = {
    {"WGD", {8, 16, 32, 64}, 4}, {"KWID", {2, 8, 16}, 3},    {"MDIMCD", {8, 16, 32}, 3}, {"NDIMCD", {8, 16, 32}, 3},
    {"MDIMAD", {8, 16, 32}, 3},  {"NDIMBD", {8, 16, 32}, 3}, {"VWMD", {1, 2, 4, 8}, 4},  {"VWND", {1, 2, 4, 8}, 4},
    {"PADA", {0, 1}, 2},         {"PADB", {0, 1}, 2},
};

/* The rules of CLBlast's kernels: tiles are whole numbers of vectors of every thread, and groups fit the device. */
static bool xgemm_fits(const size_t *v, const rt_device_info *device)
{
    const size_t threads = v[MDIMC] * v[NDIMC];
    const size_t local = 4 * v[KWG] * (v[SA] * v[MWG] + v[SB] * v[NWG]);
    return v[MWG] % (v[MDIMC] * v[VWM]) == 0 && v[NWG] % (v[NDIMC] * v[VWN]) == 0 &&
           v[MWG] % (v[MDIMA] * v[VWM]) == 0 && v[NWG] % (v[NDIMB] * v[VWN]) == 0 && threads % v[MDIMA] == 0 &&
           threads % v[NDIMB] == 0 && v[KWG] % (threads / v[MDIMA]) == 0 && v[KWG] % (threads / v[NDIMB]) == 0 &&
           threads <= device->max_group && local <= device->local_bytes;
}

static bool direct_fits(const size_t *v, const rt_device_info *device)
{
    const size_t threads = v[MDIMCD] * v[NDIMCD];
    const size_t local = 4 * v[WGD] * (2 * v[WGD] + v[PADA] + v[PADB]);
    return v[WGD] % v[KWID] == 0 && v[WGD] % (v[MDIMCD] * v[VWMD]) == 0 && v[WGD] % (v[NDIMCD] * v[VWND]) == 0 &&
           v[WGD] % (v[MDIMAD] * v[VWMD]) == 0 && v[WGD] % (v[NDIMBD] * v[VWND]) == 0 && threads % v[MDIMAD] == 0 &&
           threads % v[NDIMBD] == 0 && v[WGD] % (threads / v[MDIMAD]) == 0 && v[WGD] % (threads / v[NDIMBD]) == 0 &&
           threads <= device->max_group && local <= device->local_bytes;
}

/* Random combinations until one fits; a small one that always does stands at the end. */
static void draw_values(size_t *values, const choice *choices, size_t count, const rt_device_info *device,
                        bool (*fits)(const size_t *, const rt_device_info *), uint32_t draw)
{
    for (uint64_t attempt = 0; attempt < MOST_DRAWS; ++attempt) {
        for (size_t i = 0; i < count; ++i) {
            const uint32_t word = ds_philox_word((ds_stream){1, DS_SITE_SYNTH + SITE, draw}, attempt * count + i);
            values[i] = choices[i].values[word % choices[i].count];
        }
        if (fits(values, device)) return;
    }
    for (size_t i = 0; i < count; ++i) values[i] = choices[i].values[0];
}

void bench_draw_xgemm(rt_tuning *tuning, const rt_device_info *device, uint32_t draw)
{
    static const struct {
        const char *name;
        size_t value;
    } fixed[] = {{"GEMMK", 0}, {"KREG", 1}, {"KWI", 2}, {"STRM", 0}, {"STRN", 0}};
    size_t values[XGEMM_CHOICES] = {
        [KWG] = 32,  [MWG] = 64,   [NWG] = 128, [MDIMC] = 8, [NDIMC] = 8,
        [MDIMA] = 8, [NDIMB] = 32, [VWM] = 8,   [VWN] = 4}; /* the first draw: good on CPUs */
    if (draw > 0 || !xgemm_fits(values, device))
        draw_values(values, xgemm_choices, XGEMM_CHOICES, device, xgemm_fits, draw);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; ++i)
        rt_tuning_set(tuning, "Xgemm", fixed[i].name, fixed[i].value);
    for (size_t i = 0; i < XGEMM_CHOICES; ++i) rt_tuning_set(tuning, "Xgemm", xgemm_choices[i].name, values[i]);
}

void bench_draw_direct(rt_tuning *tuning, const rt_device_info *device, uint32_t draw)
{
    size_t values[DIRECT_CHOICES];
    draw_values(values, direct_choices, DIRECT_CHOICES, device, direct_fits, draw);
    for (size_t i = 0; i < DIRECT_CHOICES; ++i) rt_tuning_set(tuning, "XgemmDirect", direct_choices[i].name, values[i]);
}

/* ---- candidates ---- */

void bench_search_start(bench_search *search, rt_context *rt)
{
    memset(search, 0, sizeof *search);
    search->device = *rt_device(rt);
    search->families[PANEL].offered = true;
    search->families[CLBLAST].offered = search->device.compiler;
    search->rule = strcmp(rt_gemm_rule(&search->device), "panel") == 0 ? PANEL : CLBLAST;
}

static void name_candidate(bench_candidate *c, size_t family)
{
    memset(c, 0, sizeof *c);
    strcpy(c->tuning.gemm, family_names[family]);
    strcpy(c->name, family_names[family]);
}

/* Rows of a tile first, then runs with the best rows; and in between what they are compared with, again and again,
 * because a machine is not the same from one minute to the next. */
static bool next_panel(const bench_family *f, bench_candidate *c)
{
    static const size_t rows[] = {14, 10, 8, 6, 16, 4};
    static const size_t runs[][2] = {{8, 32}, {4, 16}, {16, 16}, {4, 32}, {8, 8}, {16, 32}, {32, 8}};
    enum { ROWS = sizeof rows / sizeof *rows, RUNS = sizeof runs / sizeof *runs, AGAIN = 4 };
    const size_t turn = f->tried - 1, at = turn - turn / AGAIN - 1;
    name_candidate(c, PANEL);
    if (turn % AGAIN == 0) return at + 1 < ROWS + RUNS;
    if (at < ROWS) {
        c->tuning.panel_rows = rows[at];
        snprintf(c->name, sizeof c->name, "panel, %zu rows", rows[at]);
        return true;
    }
    if (at >= ROWS + RUNS) return false;
    c->tuning.panel_rows = f->best.tuning.panel_rows;
    c->tuning.panel_run_a = runs[at - ROWS][0];
    c->tuning.panel_run_b = runs[at - ROWS][1];
    snprintf(c->name, sizeof c->name, "panel, %zu rows, runs %zu x %zu", c->tuning.panel_rows, c->tuning.panel_run_a,
             c->tuning.panel_run_b);
    if (!c->tuning.panel_rows)
        snprintf(c->name, sizeof c->name, "panel, runs %zu x %zu", c->tuning.panel_run_a, c->tuning.panel_run_b);
    return true;
}

/* The best so far with another Xgemm, another XgemmDirect or another size from which Xgemm is used. */
static bool next_clblast(const bench_family *f, const rt_device_info *device, bench_candidate *c)
{
    static const size_t sizes[] = {1, 128, 256, 512, 1024};
    const uint32_t draw = (uint32_t)(f->tried - 1);
    name_candidate(c, CLBLAST);
    c->tuning = f->best.tuning;
    strcpy(c->tuning.gemm, family_names[CLBLAST]);
    snprintf(c->name, sizeof c->name, "clblast #%u", draw + 1);
    if (draw % 6 == 5) {
        rt_tuning_set(&c->tuning, "GemmRoutine", "XGEMM_MIN_INDIRECT_SIZE", sizes[1 + draw / 6 % 4]);
    } else if (draw % 6 == 3) {
        bench_draw_direct(&c->tuning, device, draw);
    } else {
        bench_draw_xgemm(&c->tuning, device, draw);
        if (f->best.tuning.clblast_count == 0)
            rt_tuning_set(&c->tuning, "GemmRoutine", "XGEMM_MIN_INDIRECT_SIZE", sizes[0]);
    }
    return draw < MOST_DRAWS;
}

bool bench_search_next(bench_search *search, bench_candidate *candidate)
{
    const size_t order[FAMILIES] = {search->rule, 1 - search->rule};
    for (size_t i = 0; i < FAMILIES; ++i) {
        const bench_family *f = &search->families[order[i]];
        name_candidate(candidate, order[i]);
        if (f->offered && f->tried == 0) return true;
    }
    if (!search->device.compiler) return false; /* variants are compiled */
    const bool panel_first = search->families[PANEL].spent <= search->families[CLBLAST].spent;
    for (size_t i = 0; i < FAMILIES; ++i) {
        const size_t family = (i == 0) == panel_first ? PANEL : CLBLAST;
        const bench_family *f = &search->families[family];
        if (!f->offered) continue;
        if (family == PANEL ? next_panel(f, candidate) : next_clblast(f, &search->device, candidate)) return true;
    }
    return false;
}

static size_t family_of(const bench_candidate *candidate)
{
    return strcmp(candidate->tuning.gemm, family_names[PANEL]) == 0 ? PANEL : CLBLAST;
}

double bench_search_cost(const bench_search *search, const bench_candidate *candidate)
{
    const bench_family *f = &search->families[family_of(candidate)];
    return f->tried > 0 ? f->spent / (double)f->tried : 0;
}

double bench_search_limit(const bench_search *search, const bench_candidate *candidate)
{
    return 1.2 * search->families[family_of(candidate)].seconds;
}

bool bench_search_learn(bench_search *search, const bench_candidate *candidate, const bench_trial *trial, double spent)
{
    const size_t family = family_of(candidate);
    bench_family *f = &search->families[family];
    const rt_tuning *tuning = &candidate->tuning;
    const bool plain = tuning->clblast_count == 0 && tuning->panel_rows == 0 && tuning->panel_run_a == 0;
    ++f->tried;
    f->spent += spent;
    if (trial->outcome != BENCH_MEASURED) return false;
    if (plain && family == search->rule && (search->rule_seconds == 0 || trial->seconds < search->rule_seconds))
        search->rule_seconds = trial->seconds;
    if (f->seconds > 0 && trial->seconds >= f->seconds) return false;
    f->best = *candidate;
    f->seconds = trial->seconds;
    return true;
}

double bench_search_best(const bench_search *search)
{
    double best = 0;
    for (size_t i = 0; i < FAMILIES; ++i) {
        const double seconds = search->families[i].seconds;
        if (seconds > 0 && (best == 0 || seconds < best)) best = seconds;
    }
    return best;
}

bool bench_search_result(const bench_search *search, rt_tuning *tuning)
{
    const double best = bench_search_best(search);
    memset(tuning, 0, sizeof *tuning);
    if (best == 0) return false;
    const bench_family *panel = &search->families[PANEL], *clblast = &search->families[CLBLAST];
    const bool rule_stays = search->rule_seconds > 0 && best > GAIN * search->rule_seconds;
    const size_t winner = rule_stays ? search->rule : panel->seconds == best ? PANEL : CLBLAST;
    strcpy(tuning->gemm, family_names[winner]);
    if (panel->seconds > 0 && !(rule_stays && winner == PANEL)) {
        tuning->panel_rows = panel->best.tuning.panel_rows;
        tuning->panel_run_a = panel->best.tuning.panel_run_a;
        tuning->panel_run_b = panel->best.tuning.panel_run_b;
    }
    if (clblast->seconds > 0 && !(rule_stays && winner == CLBLAST)) {
        memcpy(tuning->clblast, clblast->best.tuning.clblast, sizeof tuning->clblast);
        tuning->clblast_count = clblast->best.tuning.clblast_count;
    }
    return true;
}
