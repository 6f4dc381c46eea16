/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every row of quantities.tsv, given to all readers of sizes and times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../top/world.h"

#include "app/ballastd/engine/config.h"
#include "core/base/quantity.h"
#include "core/sim/scenario_value.h"
#include "edge/term/term.h"

#define WHOLE_KIB UINT64_C(1000000)

static const char *table;

struct row {
    char kind[8];
    char text[32];
    uint64_t value; /* UINT64_MAX: it is refused */
};

typedef bool reader_fn(const struct row *row, uint64_t *out);

static bool read_command(const struct row *row, uint64_t *out)
{
    struct ballast_error err;
    int rc = strcmp(row->kind, "time") == 0 ? ballast_time_parse(row->text, out, &err)
             : strcmp(row->kind, "size") == 0
                 ? ballast_size_parse(row->text, out, &err)
                 : ballast_size_parse_of(row->text, WHOLE_KIB, "it", out, &err);
    return rc == 0;
}

/* A time is `reboot-lease`, of up to a day. */
static bool read_config(const struct row *row, uint64_t *out)
{
    char path[] = "/tmp/ballast-quantity-XXXXXX";
    struct engine_config config = {0};
    struct ballast_error err;
    bool is_time = strcmp(row->kind, "time") == 0;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(dprintf(fd, "[ballastd]\n%s = %s\n", is_time ? "reboot-lease" : "guest-floor",
                        row->text) > 0);
    assert_int_equal(close(fd), 0);
    int rc = engine_config_read(path, &config, &err);
    (void)unlink(path);
    if (rc == 0) {
        engine_config_resolve(&config, WHOLE_KIB);
        *out = is_time ? config.reboot_lease_usec : config.guest_floor_kib;
    }
    engine_config_release(&config);
    return rc == 0;
}

static bool read_scenario(const struct row *row, uint64_t *out)
{
    const char *what = NULL;
    return strcmp(row->kind, "time") == 0 ? scenario_value_time(row->text, out, &what)
                                          : scenario_value_size(row->text, out, &what);
}

/* As a person types it; a sign there makes it relative, which is no row's business. */
static bool read_top(const struct row *row, uint64_t *out)
{
    struct top_state state = {.sort = TOP_BY_ID};
    world_fill(&state, 4);
    for (size_t i = 0; i < state.host.count; i++)
        state.host.guests[i].static_max_kib = WHOLE_KIB;
    free(world_screen(&state, 100, 30));
    (void)top_key(&state, 'j');
    (void)top_key(&state, 't');
    for (const char *at = row->text; *at; at++)
        (void)top_key(&state, (unsigned char)*at);
    (void)top_key(&state, TERM_KEY_ENTER);
    bool good = state.mode == TOP_CONFIRM;
    *out = state.change.target_kib;
    top_state_release(&state);
    return good;
}

static void check_reader(const char *name, reader_fn *read, const struct row *row)
{
    uint64_t value = 0;
    bool good = read(row, &value);
    if (good != (row->value != UINT64_MAX) || (good && value != row->value))
        fail_msg("%s: %s '%s' is %s %llu, not %llu", name, row->kind, row->text,
                 good ? "read as" : "refused, not", (unsigned long long)value,
                 (unsigned long long)row->value);
}

/* Returns whether it is a row, and not a comment. */
static bool take_row(char *line, struct row *out)
{
    char value[32];
    line[strcspn(line, "\n")] = '\0';
    if (*line == '#')
        return false;
    assert_int_equal(sscanf(line, "%7[^\t]\t%31[^\t]\t%31s", out->kind, out->text, value), 3);
    out->value = strcmp(value, "-") == 0 ? UINT64_MAX : strtoull(value, NULL, 10);
    return true;
}

static void readers_agree(void **state)
{
    char line[256];
    struct row row;
    size_t rows = 0;
    (void)state;
    FILE *file = fopen(table, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (!take_row(line, &row))
            continue;
        bool is_time = strcmp(row.kind, "time") == 0;
        bool is_part = strcmp(row.kind, "part") == 0;
        bool is_signed = row.text[0] == '+' || row.text[0] == '-';
        rows++;
        check_reader("command line", read_command, &row);
        check_reader("ballastd.conf", read_config, &row);
        if (!is_part)
            check_reader("scenario", read_scenario, &row);
        if (!is_time && !is_signed)
            check_reader("top", read_top, &row);
    }
    assert_int_equal(fclose(file), 0);
    assert_true(rows > 50);
}

/* Of [guest NAME], whose parts are of a static maximum that only the guest has. */
static void parts_of_a_guest(void **state)
{
    (void)state;
    struct engine_config_guest guest = {
        .min_kib = BALLAST_NONE, .max_kib = 4096, .min_part = BALLAST_WHOLE / 4};
    uint64_t min_kib;
    uint64_t max_kib;
    engine_config_range(&guest, WHOLE_KIB, &min_kib, &max_kib);
    assert_int_equal(min_kib, 250000);
    assert_int_equal(max_kib, 4096);
    engine_config_range(&guest, BALLAST_NONE, &min_kib, &max_kib);
    assert_true(min_kib == BALLAST_NONE);
    engine_config_range(NULL, WHOLE_KIB, &min_kib, &max_kib);
    assert_true(min_kib == BALLAST_NONE && max_kib == BALLAST_NONE);
}

static void part_of_unknown(void **state)
{
    struct ballast_error err;
    uint64_t kib = 7;
    (void)state;
    assert_int_equal(ballast_size_parse_of("25%", UINT64_MAX, "its static maximum", &kib, &err),
                     -ENODATA);
    assert_non_null(strstr(err.text, "its static maximum is not known"));
    assert_int_equal(ballast_size_parse_of("1G", UINT64_MAX, "it", &kib, &err), 0);
    assert_int_equal(kib, 1048576);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_agree),
        cmocka_unit_test(parts_of_a_guest),
        cmocka_unit_test(part_of_unknown),
    };
    if (argc != 2)
        return 2;
    table = argv[1];
    world_locale();
    return cmocka_run_group_tests_name("quantities", tests, NULL, NULL);
}
