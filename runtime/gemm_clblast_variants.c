#include "runtime/gemm_clblast_variants.h"

#include <stdint.h>
#include <stdio.h>
#include <xxhash.h>

enum { MOST_DRAWS = 100000 };

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

/* The rules of CLBlast's kernels: a tile is a whole number of vectors of every thread, and a work-group fits the
 * device. */
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

/* Draws random combinations until one fits; the last resort is a small one that always fits. */
static void draw_values(size_t *values, const choice *choices, size_t count, const rt_device_info *device,
                        bool (*fits)(const size_t *, const rt_device_info *), uint32_t draw)
{
    for (uint64_t attempt = 0; attempt < MOST_DRAWS; ++attempt) {
        for (size_t i = 0; i < count; ++i) {
            const uint64_t place[2] = {draw, attempt * count + i};
            const uint64_t word = XXH3_64bits(place, sizeof place);
            values[i] = choices[i].values[word % choices[i].count];
        }
        if (fits(values, device)) return;
    }
    for (size_t i = 0; i < count; ++i) values[i] = choices[i].values[0];
}

void rt_gemm_clblast_draw_xgemm(rt_tuning *tuning, const rt_device_info *device, uint32_t draw)
{
    static const struct {
        const char *name;
        size_t value;
    } fixed[] = {{"GEMMK", 0}, {"KREG", 1}, {"KWI", 2}, {"STRM", 0}, {"STRN", 0}};
    size_t values[XGEMM_CHOICES] = {[KWG] = 32,  [MWG] = 64,   [NWG] = 128, [MDIMC] = 8, [NDIMC] = 8,
                                    [MDIMA] = 8, [NDIMB] = 32, [VWM] = 8,   [VWN] = 4}; /* draw 0: good on CPUs */
    if (draw > 0 || !xgemm_fits(values, device))
        draw_values(values, xgemm_choices, XGEMM_CHOICES, device, xgemm_fits, draw);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; ++i)
        rt_tuning_set(tuning, "clblast", "Xgemm", fixed[i].name, fixed[i].value);
    for (size_t i = 0; i < XGEMM_CHOICES; ++i)
        rt_tuning_set(tuning, "clblast", "Xgemm", xgemm_choices[i].name, values[i]);
}

void rt_gemm_clblast_draw_direct(rt_tuning *tuning, const rt_device_info *device, uint32_t draw)
{
    size_t values[DIRECT_CHOICES];
    draw_values(values, direct_choices, DIRECT_CHOICES, device, direct_fits, draw);
    for (size_t i = 0; i < DIRECT_CHOICES; ++i)
        rt_tuning_set(tuning, "clblast", "XgemmDirect", direct_choices[i].name, values[i]);
}

/* The best parameters so far with another Xgemm, another XgemmDirect or another minimum size for Xgemm. */
bool rt_gemm_clblast_variant(const rt_device_info *device, size_t turn, rt_tuning *tuning, char name[RT_GEMM_VARIANT])
{
    static const size_t sizes[] = {1, 128, 256, 512, 1024};
    const uint32_t draw = (uint32_t)turn;
    const bool plain = rt_tuning_count(tuning, "clblast") == 0;
    snprintf(name, RT_GEMM_VARIANT, "#%u", draw + 1);
    if (draw % 6 == 5) {
        rt_tuning_set(tuning, "clblast", "GemmRoutine", "XGEMM_MIN_INDIRECT_SIZE", sizes[1 + draw / 6 % 4]);
    } else if (draw % 6 == 3) {
        rt_gemm_clblast_draw_direct(tuning, device, draw);
    } else {
        rt_gemm_clblast_draw_xgemm(tuning, device, draw);
        if (plain) rt_tuning_set(tuning, "clblast", "GemmRoutine", "XGEMM_MIN_INDIRECT_SIZE", sizes[0]);
    }
    return draw < MOST_DRAWS;
}
