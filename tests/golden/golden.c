/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * golden GUESTS.tsv: builds each guest of the table through the public API and compares every
 * figure. Prints each difference; the table documents the origin of its figures.
 */
#include <ballast/ballast.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 9, LEAST_ROWS = 60 };
enum { NAME, PROFILE, TYPE, CONFIG, SEGMENTS, SPANS, NEED, POOL, XENSTORE };

struct row {
    unsigned line;
    char *column[COLUMNS];
    unsigned faults;
};

static void fault(struct row *row, const char *what, uint64_t got, uint64_t want)
{
    row->faults++;
    fprintf(stderr, "guests.tsv:%u: %s: %s is %" PRIu64 ", not %" PRIu64 "\n", row->line,
            row->column[NAME], what, got, want);
}

static void broken(const struct row *row, const char *why, const char *what)
{
    fprintf(stderr, "guests.tsv:%u: %s: %s\n", row->line, why, what);
    exit(2);
}

static bool split(struct row *row, char *text)
{
    for (int i = 0; i < COLUMNS; i++) {
        row->column[i] = text;
        char *end = strchr(text, i + 1 < COLUMNS ? '\t' : '\n');
        if (!end)
            return false;
        *end = '\0';
        text = end + 1;
    }
    return *text == '\0';
}

static bool has_cap(const char *list, const char *cap)
{
    const char *at = strstr(list, cap);
    return at && (at == list || at[-1] == ',');
}

static uint64_t number(const struct row *row, const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (end == text || (*end != '\0' && strcmp(end, "M") != 0))
        broken(row, "not a number", text);
    return *end == 'M' ? value * 1024 : value;
}

static uint64_t attr_value(const struct row *row, enum ballast_guest_attr attr, const char *text)
{
    if (ballast_guest_attr_kind(attr) != BALLAST_ATTR_CHOICE)
        return number(row, text);
    const char *word;
    for (uint64_t i = 0; (word = ballast_guest_attr_choice(attr, i)); i++) {
        if (strcmp(word, text) == 0)
            return i;
    }
    broken(row, "not a word of its attribute", text);
    return 0;
}

static void apply(const struct row *row, char *setting, struct ballast_guest *guest,
                  struct ballast_host_caps *caps)
{
    char *value = strchr(setting, '=');
    if (!value)
        broken(row, "not a setting", setting);
    *value++ = '\0';
    if (strcmp(setting, "caps") == 0) {
        *caps = (struct ballast_host_caps){.hap = has_cap(value, "hap"),
                                           .shadow = has_cap(value, "shadow"),
                                           .iommu = has_cap(value, "iommu"),
                                           .iommu_hap_pt_share = has_cap(value, "share"),
                                           .vmx = has_cap(value, "vmx")};
        return;
    }
    int attr = ballast_guest_attr_find(setting);
    if (attr < 0)
        broken(row, "no such attribute", setting);
    struct ballast_error err;
    enum ballast_guest_attr which = (enum ballast_guest_attr)attr;
    if (ballast_guest_set(guest, which, attr_value(row, which, value), &err) < 0)
        broken(row, "refused", err.text);
}

static struct ballast_guest *guest_of(const struct row *row, struct ballast_host_caps *caps)
{
    int type = 0;
    while (type < BALLAST_GUEST_TYPES &&
           strcmp(ballast_guest_type_name((enum ballast_guest_type)type), row->column[TYPE]) != 0)
        type++;
    struct ballast_guest *guest =
        ballast_guest_new((enum ballast_guest_type)type, row->column[NAME]);
    if (!guest)
        broken(row, "no such guest", row->column[TYPE]);
    char *save;
    for (char *word = strtok_r(row->column[CONFIG], " ", &save); word;
         word = strtok_r(NULL, " ", &save))
        apply(row, word, guest, caps);
    return guest;
}

/* The next of a column's numbers, which are separated by spaces. */
static uint64_t next(const struct row *row, char **at)
{
    char *word = strsep(at, " ");
    if (!word)
        broken(row, "too few numbers", row->column[NAME]);
    return number(row, word);
}

static void compare(struct row *row, const struct ballast_breakdown *b)
{
    char *at = row->column[SEGMENTS];
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        uint64_t want = next(row, &at);
        uint64_t got = ballast_breakdown_segment_kib(b, (enum ballast_segment)i);
        if (got != want)
            fault(row, ballast_segment_name((enum ballast_segment)i), got, want);
    }
    at = row->column[SPANS];
    for (int i = 0; i < BALLAST_SPANS; i++) {
        uint64_t want = next(row, &at);
        uint64_t got = ballast_breakdown_span_kib(b, (enum ballast_span)i);
        if (got != want)
            fault(row, ballast_span_name((enum ballast_span)i), got, want);
    }
    uint64_t need = number(row, row->column[NEED]);
    if (ballast_breakdown_need_kib(b) != need)
        fault(row, "need", ballast_breakdown_need_kib(b), need);
    bool minus;
    uint64_t term = ballast_breakdown_need_term_kib(b, BALLAST_NEED_POOL, &minus);
    uint64_t pool = ballast_breakdown_segment_kib(b, BALLAST_SHADOW) + (minus ? -term : term);
    if (pool != number(row, row->column[POOL]))
        fault(row, "pool", pool, number(row, row->column[POOL]));
}

static void compare_xenstore(struct row *row, const struct ballast_breakdown *b)
{
    const struct ballast_xenstore_kib got = ballast_breakdown_xenstore(b);
    char *at = row->column[XENSTORE];
    uint64_t static_max = next(row, &at);
    uint64_t target = next(row, &at);
    uint64_t videoram = next(row, &at);
    if (got.static_max_kib != static_max)
        fault(row, "memory/static-max", got.static_max_kib, static_max);
    if (got.target_kib != target)
        fault(row, "memory/target", got.target_kib, target);
    if (got.videoram_kib != videoram)
        fault(row, "memory/videoram", got.videoram_kib, videoram);
}

static bool row_holds(struct row *row, struct ballast_breakdown *b)
{
    struct ballast_host_caps caps = BALLAST_HOST_CAPS_ALL;
    const struct ballast_profile *profile = ballast_profile_find(row->column[PROFILE]);
    if (!profile)
        broken(row, "no such profile", row->column[PROFILE]);
    struct ballast_guest *guest = guest_of(row, &caps);
    struct ballast_error err;
    if (ballast_breakdown_evaluate(b, profile, guest, &caps, &err) < 0) {
        row->faults++;
        fprintf(stderr, "guests.tsv:%u: %s: refused: %s\n", row->line, row->column[NAME], err.text);
    } else {
        compare(row, b);
        compare_xenstore(row, b);
    }
    ballast_guest_free(guest);
    return row->faults == 0;
}

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    struct ballast_breakdown *b = ballast_breakdown_new();
    if (!file || !b) {
        fprintf(stderr, "usage: golden GUESTS.tsv\n");
        return 2;
    }
    char text[2048];
    struct row row = {0};
    unsigned good = 0, bad = 0;
    while (fgets(text, sizeof(text), file)) {
        row = (struct row){.line = row.line + 1};
        if (text[0] == '#')
            continue;
        if (!split(&row, text))
            broken(&row, "not the columns that a row has", text);
        if (row_holds(&row, b))
            good++;
        else
            bad++;
    }
    fclose(file);
    ballast_breakdown_free(b);
    printf("%u guests as expected, %u not\n", good, bad);
    return bad > 0 || good < LEAST_ROWS;
}
