/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/proc/parse.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/units.h"

/* Takes the next whole line, without its end, off the text. */
static bool take_proc_line(struct ballast_piece *text, struct ballast_piece *line)
{
    const char *end = text->length > 0 ? memchr(text->at, '\n', text->length) : NULL;
    if (!end)
        return false;
    *line = (struct ballast_piece){text->at, (size_t)(end - text->at)};
    text->length -= line->length + 1;
    text->at = end + 1;
    return true;
}

/* Takes `word` off the beginning of the line. */
static bool take_proc_word(struct ballast_piece *line, const char *word)
{
    size_t length = strlen(word);
    if (line->length < length || memcmp(line->at, word, length) != 0)
        return false;
    line->at += length;
    line->length -= length;
    return true;
}

/* Takes a decimal number off the beginning of the line; one that does not fit is none. */
static bool take_proc_number(struct ballast_piece *line, uint64_t *out)
{
    uint64_t value = 0;
    size_t digits = 0;
    for (; digits < line->length && line->at[digits] >= '0' && line->at[digits] <= '9'; digits++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(line->at[digits] - '0'), &value))
            return false;
    }
    line->at += digits;
    line->length -= digits;
    *out = value;
    return digits > 0;
}

/* "NAME:   123 kB" */
static bool read_meminfo_line(struct ballast_piece line, const char *name, uint64_t *out_kib)
{
    uint64_t kib = 0;
    if (!take_proc_word(&line, name) || !take_proc_word(&line, ":"))
        return false;
    while (take_proc_word(&line, " "))
        ;
    if (!take_proc_number(&line, &kib) || !take_proc_word(&line, " kB") || line.length > 0)
        return false;
    *out_kib = kib;
    return true;
}

int proc_parse_meminfo(const char *text, size_t length, uint64_t *total_kib,
                       uint64_t *available_kib)
{
    struct ballast_piece rest = {text, length};
    struct ballast_piece line;
    uint64_t total = 0;
    uint64_t unused = UINT64_MAX;
    uint64_t available = UINT64_MAX;
    while (take_proc_line(&rest, &line)) {
        if (!read_meminfo_line(line, "MemTotal", &total) &&
            !read_meminfo_line(line, "MemFree", &unused))
            (void)read_meminfo_line(line, "MemAvailable", &available);
    }
    if (available == UINT64_MAX)
        available = unused;
    if (total == 0 || available == UINT64_MAX)
        return -EBADMSG;
    *total_kib = total;
    *available_kib = ballast_min_u64(available, total);
    return 0;
}

static void add_count(struct ballast_pressure *out, enum ballast_pressure_kind kind, uint64_t count)
{
    uint64_t before = out->known & UINT32_C(1) << kind ? out->values[kind] : 0;
    out->values[kind] = ballast_add_ceil(before, count);
    out->known |= UINT32_C(1) << kind;
}

/* The names in mm/vmstat.c, vmstat_text; of several with one kind the sum counts. */
static const struct {
    const char *name;
    bool is_prefix;
    enum ballast_pressure_kind kind;
} vmstat_names[] = {
    {"workingset_refault ", false, BALLAST_PRESSURE_REFAULTS},
    {"workingset_refault_anon ", false, BALLAST_PRESSURE_REFAULTS},
    {"workingset_refault_file ", false, BALLAST_PRESSURE_REFAULTS},
    {"pswpin ", false, BALLAST_PRESSURE_SWAPINS},
    {"allocstall ", false, BALLAST_PRESSURE_STALLS},
    {"allocstall_", true, BALLAST_PRESSURE_STALLS},
    {"oom_kill ", false, BALLAST_PRESSURE_OOM_KILLS},
};

static bool skip_zone_name(struct ballast_piece *line)
{
    const char *blank = line->length > 0 ? memchr(line->at, ' ', line->length) : NULL;
    if (!blank)
        return false;
    line->length -= (size_t)(blank + 1 - line->at);
    line->at = blank + 1;
    return true;
}

static void read_vmstat_line(struct ballast_piece line, struct ballast_pressure *out)
{
    for (size_t i = 0; i < sizeof(vmstat_names) / sizeof(*vmstat_names); i++) {
        uint64_t count = 0;
        struct ballast_piece rest = line;
        if (!take_proc_word(&rest, vmstat_names[i].name))
            continue;
        if (vmstat_names[i].is_prefix && !skip_zone_name(&rest))
            return;
        if (take_proc_number(&rest, &count) && rest.length == 0)
            add_count(out, vmstat_names[i].kind, count);
        return;
    }
}

void proc_parse_vmstat(const char *text, size_t length, struct ballast_pressure *out)
{
    struct ballast_pressure found = {0};
    struct ballast_piece rest = {text, length};
    struct ballast_piece line;
    while (take_proc_line(&rest, &line))
        read_vmstat_line(line, &found);
    for (int kind = 0; kind < BALLAST_PRESSURES; kind++) {
        if (found.known & UINT32_C(1) << kind)
            out->values[kind] = found.values[kind];
    }
    out->known |= found.known;
}

/* "avg10=12.34 ..." as 1234; two decimals, at most 100.00 (kernel/sched/psi.c, psi_show()). */
static bool read_average(struct ballast_piece line, uint64_t *out_permyriad)
{
    uint64_t percent = 0;
    uint64_t hundredths = 0;
    if (!take_proc_word(&line, "avg10=") || !take_proc_number(&line, &percent) ||
        !take_proc_word(&line, "."))
        return false;
    size_t before = line.length;
    if (!take_proc_number(&line, &hundredths) || before - line.length != 2 ||
        !take_proc_word(&line, " ") || percent > 100)
        return false;
    *out_permyriad = percent * 100 + hundredths;
    return *out_permyriad <= BALLAST_PERMYRIAD;
}

static void read_pressure_line(struct ballast_piece line, struct ballast_pressure *out)
{
    static const struct {
        const char *word;
        enum ballast_pressure_kind kind;
    } words[] = {{"some ", BALLAST_PRESSURE_SOME}, {"full ", BALLAST_PRESSURE_FULL}};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        uint64_t permyriad = 0;
        struct ballast_piece rest = line;
        if (!take_proc_word(&rest, words[i].word) || !read_average(rest, &permyriad))
            continue;
        out->values[words[i].kind] = permyriad;
        out->known |= UINT32_C(1) << words[i].kind;
    }
}

void proc_parse_pressure(const char *text, size_t length, struct ballast_pressure *out)
{
    struct ballast_piece rest = {text, length};
    struct ballast_piece line;
    while (take_proc_line(&rest, &line))
        read_pressure_line(line, out);
}
