#include "bench/search.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "runtime/gemm.h"

/* Every AGAIN-th trial of own kernels measures their untuned form once more, because a machine is not the same from one
 * minute to the next. After STALE variants in a row that gained nothing a family has shown what it can. */
enum { AGAIN = 4, STALE = 8, TRIED_ENOUGH = 3 };

static const double GAIN = 0.97;      /* a measurable gain; less is noise */
static const double BEHIND = 2.0;     /* times slower than the best, after TRIED_ENOUGH trials: given up */
static const double FAR_BEHIND = 4.0; /* as it is: given up at once */

void bench_search_start(bench_search *search, rt_context *rt)
{
    memset(search, 0, sizeof *search);
    search->device = *rt_device(rt);
    for (size_t i = 0; i < GEMM_PROVIDER_COUNT; ++i) {
        search->families[i].over = !rt_gemm_can_use(i, &search->device);
        if (strcmp(rt_gemm_rule(&search->device), rt_gemm_name(i)) == 0) search->rule = i;
    }
}

/* Families in the order in which they are tried: own kernels first. */
static size_t family_at(size_t place)
{
    for (int own = 1; own >= 0; --own)
        for (size_t i = 0; i < GEMM_PROVIDER_COUNT; ++i)
            if (rt_gemm_is_own(i) == (own != 0) && place-- == 0) return i;
    return 0;
}

static void name_candidate(bench_candidate *c, size_t family)
{
    memset(c, 0, sizeof *c);
    snprintf(c->tuning.gemm, sizeof c->tuning.gemm, "%s", rt_gemm_name(family));
    snprintf(c->name, sizeof c->name, "%s", rt_gemm_name(family));
}

/* Its untuned form again, or its next variant. */
static bool next_of_family(bench_search *search, size_t family, bench_candidate *c)
{
    bench_family *f = &search->families[family];
    char variant[RT_GEMM_VARIANT];
    name_candidate(c, family);
    rt_tuning best = f->best.tuning;
    if (!rt_gemm_variant(family, &search->device, f->turn, &best, variant)) return false;
    if (rt_gemm_is_own(family) && f->tried % AGAIN == 0) return true; /* libraries may keep what was set */
    ++f->turn;
    rt_tuning_copy(&c->tuning, &best, c->tuning.gemm);
    snprintf(c->name, sizeof c->name, "%s, %s", rt_gemm_name(family), variant);
    return true;
}

bool bench_search_next(bench_search *search, bench_candidate *candidate)
{
    search->note[0] = '\0';
    for (size_t place = 0; place < GEMM_PROVIDER_COUNT; ++place) {
        const bench_family *f = &search->families[family_at(place)];
        name_candidate(candidate, family_at(place));
        if (!f->over && f->tried == 0) return true;
    }
    for (size_t place = 0; place < GEMM_PROVIDER_COUNT; ++place) {
        bench_family *f = &search->families[family_at(place)];
        if (f->over) continue;
        if (next_of_family(search, family_at(place), candidate)) return true;
        f->over = true;
    }
    return false;
}

static size_t family_of(const bench_candidate *candidate)
{
    size_t family = 0;
    while (family + 1 < GEMM_PROVIDER_COUNT && strcmp(candidate->tuning.gemm, rt_gemm_name(family)) != 0) ++family;
    return family;
}

double bench_search_cost(const bench_search *search, const bench_candidate *candidate)
{
    const bench_family *f = &search->families[family_of(candidate)];
    return f->tried > 0 ? f->spent / (double)f->tried : 0;
}

/* A provider that nothing is known of is measured as long as it is not far behind the others. */
double bench_search_limit(const bench_search *search, const bench_candidate *candidate)
{
    const double known = search->families[family_of(candidate)].seconds;
    return known > 0 ? 1.2 * known : FAR_BEHIND * bench_search_best(search);
}

/* Whether a family is worth no more time. */
static void judge(bench_search *search, size_t family, bench_outcome outcome)
{
    bench_family *f = &search->families[family];
    const double best = bench_search_best(search);
    const char *name = rt_gemm_name(family);
    if (f->over) return;
    if (f->tried == 1 && outcome == BENCH_SLOW)
        text_format(search->note, sizeof search->note,
                    "%s is given up: it is more than %.0f times slower than the best", name, FAR_BEHIND);
    else if (f->seconds > FAR_BEHIND * best || (f->tried >= TRIED_ENOUGH && f->seconds > BEHIND * best))
        text_format(search->note, sizeof search->note, "%s is given up: it is %.1f times slower than the best", name,
                    f->seconds / best);
    else if (f->stale >= STALE)
        snprintf(search->note, sizeof search->note, "%s is done: its last %d variants were no better", name, STALE);
    f->over = search->note[0] != '\0';
}

/* Also those that others had before it: a provider measured later may leave them behind. */
static void judge_all(bench_search *search, size_t family, bench_outcome outcome)
{
    judge(search, family, outcome);
    for (size_t i = 0; i < GEMM_PROVIDER_COUNT && !search->note[0]; ++i)
        if (i != family && search->families[i].seconds > 0) judge(search, i, BENCH_MEASURED);
}

bool bench_search_learn(bench_search *search, const bench_candidate *candidate, const bench_trial *trial, double spent)
{
    const size_t family = family_of(candidate);
    bench_family *f = &search->families[family];
    const bool plain = rt_tuning_count(&candidate->tuning, candidate->tuning.gemm) == 0;
    const bool measured = trial->outcome == BENCH_MEASURED;
    const bool better = measured && (f->seconds == 0 || trial->seconds < f->seconds);
    ++f->tried;
    f->spent += spent;
    if (measured && plain && family == search->rule &&
        (search->rule_seconds == 0 || trial->seconds < search->rule_seconds))
        search->rule_seconds = trial->seconds;
    if (!plain) ++f->stale;
    if (better && f->seconds > 0 && trial->seconds < GAIN * f->seconds) f->stale = 0;
    if (better) {
        f->best = *candidate;
        f->seconds = trial->seconds;
    }
    judge_all(search, family, trial->outcome);
    return better;
}

double bench_search_best(const bench_search *search)
{
    double best = 0;
    for (size_t i = 0; i < GEMM_PROVIDER_COUNT; ++i) {
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
    const bool rule_stays = search->rule_seconds > 0 && best > GAIN * search->rule_seconds;
    size_t winner = search->rule;
    for (size_t i = 0; i < GEMM_PROVIDER_COUNT && !rule_stays; ++i)
        if (search->families[i].seconds == best) winner = i;
    snprintf(tuning->gemm, sizeof tuning->gemm, "%s", rt_gemm_name(winner));
    for (size_t i = 0; i < GEMM_PROVIDER_COUNT; ++i) {
        const bench_family *f = &search->families[i];
        if (f->seconds > 0 && !(rule_stays && i == winner)) rt_tuning_copy(tuning, &f->best.tuning, rt_gemm_name(i));
    }
    return true;
}
