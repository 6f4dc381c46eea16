/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/sim/scenario_value.h"

#include <string.h>

#include "core/base/quantity.h"
#include "core/base/units.h"
#include "core/model/xen_release.h"
#include "core/sim/scenario.h"

/* Above the largest possible host; nothing in a scenario is larger. */
#define MOST_KIB (UINT64_C(1) << 46)

struct unit {
    const char *name;
    uint64_t times; /* of the smallest unit */
};

static const struct unit size_seconds[] = {
    {"KiBs", 1000},
    {"MiBs", UINT64_C(1000) << 10},
    {"GiBs", UINT64_C(1000) << 20},
    {"TiBs", UINT64_C(1000) << 30},
    {NULL, 0},
};

static const char size_right[] = "a size such as 512MiB or 1.5GiB";
static const char time_right[] = "a time such as 2.5s, 100ms or 10min";
static const char rate_right[] = "a rate such as 200MiB/s";
static const char span_right[] = "a time span such as 10s..20s, or 10s.. to the end";
static const char need_right[] =
    "a size, or steps:0s=1GiB,20s=3GiB, ramp:1GiB..3GiB,10s..60s, square:1GiB..3GiB,20s/10s "
    "(low, high, how long each) or walk:1GiB..3GiB,64MiB/s";

static bool is_value_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_value_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * Digits with at most 6 decimals, read as millionths into *out; returns the rest, or NULL if it is
 * not a number or too large.
 */
static const char *read_decimal(const char *word, uint64_t *out_millionths)
{
    uint64_t whole = 0;
    const char *at = word;
    if (!is_value_digit(*at))
        return NULL;
    for (; is_value_digit(*at); at++) {
        whole = whole * 10 + (uint64_t)(*at - '0');
        if (whole > UINT64_C(1000000000000))
            return NULL;
    }
    uint64_t part = 0;
    uint64_t place = 1000000;
    if (*at == '.' && is_value_digit(at[1])) {
        for (at++; is_value_digit(*at) && place > 1; at++) {
            place /= 10;
            part += (uint64_t)(*at - '0') * place;
        }
    }
    *out_millionths = whole * 1000000 + part;
    return at;
}

/* A number immediately followed by one of the units. */
static bool read_unit(const char *word, const struct unit *units, uint64_t most, uint64_t *out)
{
    uint64_t millionths;
    const char *unit = read_decimal(word, &millionths);
    if (!unit)
        return false;
    for (; units->name; units++) {
        if (strcmp(unit, units->name) != 0)
            continue;
        uint64_t value = ballast_mul_div(millionths, units->times, 1000000);
        if (value > most)
            return false;
        *out = value;
        return true;
    }
    return false;
}

bool scenario_value_size(const char *word, uint64_t *out_kib, const char **what)
{
    uint64_t kib;
    *what = size_right;
    if (ballast_size_parse(word, &kib, NULL) < 0 || kib > MOST_KIB)
        return false;
    *out_kib = kib;
    return true;
}

bool scenario_value_time(const char *word, uint64_t *out_usec, const char **what)
{
    uint64_t usec;
    *what = time_right;
    if (ballast_time_parse(word, &usec, NULL) < 0 || usec > SCENARIO_LONGEST_USEC)
        return false;
    *out_usec = usec;
    return true;
}

bool scenario_value_integral(const char *word, uint64_t *out_kibms, const char **what)
{
    *what = "a size times seconds such as 20GiBs";
    return read_unit(word, size_seconds, UINT64_MAX - 1, out_kibms);
}

/* Copies the text before the separator; *rest is the text after it. */
static bool split_word(const char *word, const char *separator, char *first, size_t size,
                       const char **rest)
{
    const char *at = strstr(word, separator);
    if (!at || (size_t)(at - word) >= size)
        return false;
    memcpy(first, word, (size_t)(at - word));
    first[at - word] = '\0';
    *rest = at + strlen(separator);
    return true;
}

bool scenario_value_rate(const char *word, uint64_t *out_kib, const char **what)
{
    char size[32];
    const char *rest;
    bool good = split_word(word, "/s", size, sizeof(size), &rest) && *rest == '\0' &&
                scenario_value_size(size, out_kib, what);
    *what = rate_right;
    return good;
}

bool scenario_value_span(const char *word, struct sim_span *out, const char **what)
{
    char from[32];
    const char *until;
    struct sim_span span = {.until_usec = BALLAST_NONE};
    bool good = split_word(word, "..", from, sizeof(from), &until) &&
                scenario_value_time(from, &span.from_usec, what) &&
                (*until == '\0' || scenario_value_time(until, &span.until_usec, what)) &&
                span.from_usec < span.until_usec;
    *what = span_right;
    if (good)
        *out = span;
    return good;
}

bool scenario_value_duty(const char *word, uint64_t *first_usec, uint64_t *second_usec,
                         const char **what)
{
    char first[32];
    const char *second;
    uint64_t a;
    uint64_t b;
    bool good = split_word(word, "/", first, sizeof(first), &second) &&
                scenario_value_time(first, &a, what) && scenario_value_time(second, &b, what) &&
                a > 0 && b > 0;
    *what = "two times such as 3s/1s";
    if (good) {
        *first_usec = a;
        *second_usec = b;
    }
    return good;
}

bool scenario_value_count(const char *word, uint64_t *out, const char **what)
{
    static const struct unit none[] = {{"", 1}, {NULL, 0}};
    *what = "a whole number";
    return !strchr(word, '.') && read_unit(word, none, UINT64_C(1000000000000), out);
}

bool scenario_value_ratio(const char *word, uint64_t *out_permyriad, const char **what)
{
    *what = "a ratio such as 1.5x";
    return scenario_value_ratio_to(word, 1000, out_permyriad);
}

bool scenario_value_ratio_to(const char *word, uint64_t most, uint64_t *out_permyriad)
{
    static const struct unit ratio[] = {{"x", BALLAST_PERMYRIAD}, {NULL, 0}};
    return read_unit(word, ratio, most * BALLAST_PERMYRIAD, out_permyriad) && *out_permyriad > 0;
}

bool scenario_value_percent(const char *word, uint64_t *out_permyriad, const char **what)
{
    static const struct unit percent[] = {{"%", 100}, {NULL, 0}};
    *what = "a percentage such as 30%";
    return read_unit(word, percent, BALLAST_PERMYRIAD, out_permyriad);
}

static bool read_need_steps(const char *word, struct sim_need *out, const char **what)
{
    out->kind = SIM_NEED_STEPS;
    for (out->step_count = 0; *word != '\0'; out->step_count++) {
        char step[64];
        char time[32];
        const char *size;
        const char *next = strchr(word, ',');
        size_t length = next ? (size_t)(next - word) : strlen(word);
        if (length >= sizeof(step) || out->step_count == SIM_STEPS)
            return false;
        memcpy(step, word, length);
        step[length] = '\0';
        word += length + (next ? 1 : 0);
        if (!split_word(step, "=", time, sizeof(time), &size) ||
            !scenario_value_time(time, &out->steps[out->step_count].at_usec, what) ||
            !scenario_value_size(size, &out->steps[out->step_count].kib, what))
            return false;
        if (out->step_count > 0 &&
            out->steps[out->step_count].at_usec <= out->steps[out->step_count - 1].at_usec)
            return false;
    }
    return out->step_count > 0;
}

/* "1GiB..3GiB,REST" */
static bool need_range(const char *word, struct sim_need *out, const char **rest, const char **what)
{
    char range[64];
    char low[32];
    const char *high;
    return split_word(word, ",", range, sizeof(range), rest) &&
           split_word(range, "..", low, sizeof(low), &high) &&
           scenario_value_size(low, &out->low_kib, what) &&
           scenario_value_size(high, &out->high_kib, what);
}

static bool read_need_ramp(const char *word, struct sim_need *out, const char **what)
{
    const char *rest;
    struct sim_span span;
    out->kind = SIM_NEED_RAMP;
    if (!need_range(word, out, &rest, what) || !scenario_value_span(rest, &span, what) ||
        span.until_usec == BALLAST_NONE)
        return false;
    out->from_usec = span.from_usec;
    out->until_usec = span.until_usec;
    return true;
}

static bool need_square(const char *word, struct sim_need *out, const char **what)
{
    const char *rest;
    out->kind = SIM_NEED_SQUARE;
    return need_range(word, out, &rest, what) &&
           scenario_value_duty(rest, &out->low_usec, &out->high_usec, what);
}

static bool read_need_walk(const char *word, struct sim_need *out, const char **what)
{
    const char *rest;
    out->kind = SIM_NEED_WALK;
    return need_range(word, out, &rest, what) && scenario_value_rate(rest, &out->walk_kib, what) &&
           out->low_kib <= out->high_kib && out->low_kib > 0;
}

bool scenario_value_need(const char *word, struct sim_need *out, const char **what)
{
    static const struct {
        const char *prefix;
        bool (*read)(const char *word, struct sim_need *out, const char **what);
    } kinds[] = {{"steps:", read_need_steps},
                 {"ramp:", read_need_ramp},
                 {"square:", need_square},
                 {"walk:", read_need_walk}};
    struct sim_need need = {.kind = SIM_NEED_STEPS, .step_count = 1};
    bool good = scenario_value_size(word, &need.steps[0].kib, what);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !good; i++) {
        size_t length = strlen(kinds[i].prefix);
        if (strncmp(word, kinds[i].prefix, length) == 0)
            good = kinds[i].read(word + length, &need, what);
    }
    *what = need_right;
    if (good)
        *out = need;
    return good;
}

bool scenario_value_type(const char *word, enum sim_type *out, const char **what)
{
    static const char *const words[SIM_TYPES] = {
        [SIM_TYPE_PV] = "pv", [SIM_TYPE_PVH] = "pvh", [SIM_TYPE_HVM] = "hvm"};
    for (int i = SIM_TYPE_PV; i < SIM_TYPES; i++) {
        if (strcmp(word, words[i]) == 0) {
            *out = (enum sim_type)i;
            return true;
        }
    }
    *what = "pv, pvh or hvm";
    return false;
}

bool scenario_value_targets(const char *word, struct sim_need *out)
{
    const char *what;
    return read_need_steps(word, out, &what);
}

bool scenario_value_report(const char *word, enum sim_report *out, const char **what)
{
    static const char *const words[SIM_REPORTS] = {
        "honest", "none", "low", "high",     "random",    "huge",
        "scaled", "free", "all", "constant", "following", "oscillating"};
    *what = "honest, none, low, high, random, huge, scaled, free, all, constant, following or "
            "oscillating";
    for (int i = 0; i < SIM_REPORTS; i++) {
        if (strcmp(word, words[i]) == 0) {
            *out = (enum sim_report)i;
            return true;
        }
    }
    return false;
}

bool scenario_value_pressure(const char *word, enum sim_pressure_report *out, const char **what)
{
    static const char *const words[SIM_PRESSURES] = {"none", "honest", "false"};
    *what = "none, honest or false";
    for (int i = 0; i < SIM_PRESSURES; i++) {
        if (strcmp(word, words[i]) == 0) {
            *out = (enum sim_pressure_report)i;
            return true;
        }
    }
    return false;
}

bool scenario_value_swap(const char *word, enum sim_swap_report *out, const char **what)
{
    static const char *const words[SIM_SWAPS] = {"honest", "none", "claimed"};
    *what = "honest, none or claimed";
    for (int i = 0; i < SIM_SWAPS; i++) {
        if (strcmp(word, words[i]) == 0) {
            *out = (enum sim_swap_report)i;
            return true;
        }
    }
    return false;
}

bool scenario_value_name(const char *word, char out[SIM_NAME], const char **what)
{
    *what = "a name of at most 47 letters, digits, - _ .";
    size_t length = strlen(word);
    if (length == 0 || length >= SIM_NAME)
        return false;
    for (const char *at = word; *at; at++) {
        if (!is_value_digit(*at) && !is_value_letter(*at) && !strchr("-_.", *at))
            return false;
    }
    memcpy(out, word, length + 1);
    return true;
}

bool scenario_value_version(const char *word, char out[SIM_NAME], const char **what)
{
    struct ballast_xen_release release;
    *what = "a version like 4.17.7";
    if (strlen(word) >= SIM_NAME || ballast_xen_release_parse(word, &release, NULL) < 0)
        return false;
    memcpy(out, word, strlen(word) + 1);
    return true;
}
