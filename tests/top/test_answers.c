/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers of a daemon, including a newer, an older or a false one, and names that guests chose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "app/top/answers.h"
#include "world.h"

static struct json_object *parsed(const char *text)
{
    struct json_object *object = json_tokener_parse(text);
    assert_non_null(object);
    return object;
}

static void events_are_kept_once_and_in_order(void **unused)
{
    (void)unused;
    struct top_host host = {0};
    for (unsigned i = 0; i < 300; i++) {
        struct top_event event = {.number = 1 + i * 7 % 100, .time_usec = i};
        top_host_add_event(&host, &event);
    }
    assert_int_equal(host.events, TOP_EVENTS);
    for (size_t i = 0; i < TOP_EVENTS; i++) {
        assert_int_equal(host.event[i].number, 100 - i);
        /* As it came the last time: it may have gone on. */
        assert_true(host.event[i].time_usec >= 200);
    }
}

static void what_is_missing_is_not_known(void **unused)
{
    (void)unused;
    static const char *const odd[] = {
        "{\"domains\":[{}]}",
        "{\"domains\":[null]}",
        "{\"domains\":[[1]]}",
        "{\"domains\":[{\"domid\":-1,\"current_kib\":\"x\",\"target_kib\":1.5,\"segments\":[],\"why\":3}]}",
        "{\"domains\":[{\"domid\":18446744073709551615,\"type\":\"vm\",\"balloon_status\":{}}]}",
    };
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct top_state state = {.sort = TOP_BY_ID};
        struct json_object *answer = parsed(odd[i]);
        bool more = true;
        assert_int_equal(top_take_domains(&state.host, answer, &more), 0);
        assert_int_equal(state.host.count, 1);
        assert_false(more);
        const struct top_guest *guest = &state.host.guests[0];
        assert_int_equal(guest->current_kib, 0);
        assert_true(guest->target_kib == BALLAST_NONE && guest->need_kib == BALLAST_NONE);
        assert_false(guest->knows_type);
        state.mode = TOP_GUEST;
        free(world_screen(&state, 120, 50));
        top_state_release(&state);
        json_object_put(answer);
    }
    struct top_host host = {0};
    static const char *const others[] = {"[]", "3", "{\"parts\":[],\"alerts\":{}}",
                                         "{\"reservations\":7,\"events\":\"x\"}"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct json_object *answer = parsed(others[i]);
        top_take_status(&host, answer);
        top_take_host(&host, answer);
        top_take_reservations(&host, answer);
        top_take_events(&host, answer);
        top_take_event(&host, answer);
        json_object_put(answer);
    }
    assert_int_equal(host.events, 0);
}

static void sizes_beyond_all_bounds_do_no_harm(void **unused)
{
    (void)unused;
    struct top_state state = {.sort = TOP_BY_ID};
    struct json_object *answer =
        parsed("{\"domains\":[{\"domid\":1,\"name\":\"x\",\"current_kib\":18446744073709551615,"
               "\"target_kib\":18446744073709551614,\"static_max_kib\":18446744073709551614,"
               "\"overhead_kib\":18446744073709551614,\"type\":\"hvm\","
               "\"segments\":{\"guest\":18446744073709551614,\"balloon\":18446744073709551614}},"
               "{\"domid\":2,\"name\":\"y\",\"current_kib\":9000000000000000000,\"type\":\"pvh\","
               "\"segments\":{\"guest\":9000000000000000000,\"video\":3}}]}");
    bool more;
    assert_int_equal(top_take_domains(&state.host, answer, &more), 0);
    for (int i = 0; i < BALLAST_PARTS; i++)
        state.host.part_kib[i] = UINT64_MAX - 7;
    state.host.total_kib = UINT64_MAX - 9;
    free(world_screen(&state, 120, 50));
    state.mode = TOP_GUEST;
    char *text = world_screen(&state, 120, 50);
    assert_non_null(strstr(text, "are inconsistent"));
    free(text);
    json_object_put(answer);
    top_state_release(&state);
}

static void names_cannot_steer_the_terminal(void **unused)
{
    (void)unused;
    static const char *const evil[] = {"a\x1b[2Jb",
                                       "a\xc2\x9b"
                                       "2Jb",
                                       "a\rb",
                                       "a\xe2\x80\xae"
                                       "b",
                                       "\xff\xfe",
                                       "a\xcc\x81",
                                       "\xed\xa0\x80",
                                       "\xe2\x80\x8b",
                                       "\xf0\x9f\x91\x8d",
                                       "a\tb"};
    for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
        struct top_cells cells = {0};
        char shown[TOP_NAME];
        top_shown(evil[i], shown, sizeof(shown));
        assert_int_equal(top_cells_resize(&cells, 20, 1), 0);
        (void)top_put(&cells, 0, 0, 20, TOP_PLAIN, shown);
        for (unsigned x = 0; x < 20; x++) {
            uint32_t code = cells.cell[x].code;
            assert_true(code == 0 || (code >= ' ' && code < 0x7f) || code >= 0xa0);
            assert_true(code != 0x202e && code != 0x200b && code != 0x301);
        }
        top_cells_release(&cells);
    }
    char shown[8];
    top_shown("a\x1b[31m", shown, sizeof(shown));
    assert_string_equal(shown, "a?[31m");
    /* Cut between characters, never in one. */
    top_shown("aaaaaa\xe5\xba\xab", shown, sizeof(shown));
    assert_string_equal(shown, "aaaaaa");
}

static void text_stays_in_its_columns(void **unused)
{
    (void)unused;
    static const char wide[] = "\xe5\xba\xab\xe5\xad\x98\xe5\xba\xab";
    struct top_cells cells = {0};
    for (unsigned width = 0; width < 9; width++) {
        assert_int_equal(top_cells_resize(&cells, 10, 1), 0);
        unsigned took = top_put(&cells, 0, 1, width, TOP_HEAD, wide);
        assert_true(took <= width);
        assert_int_equal(cells.cell[0].style, TOP_PLAIN);
        assert_int_equal(cells.cell[1 + width].style, TOP_PLAIN);
        if (width > 0 && width < 6)
            assert_int_equal(cells.cell[took].code, '~');
    }
    assert_int_equal(top_put(&cells, 5, 1, 9, TOP_HEAD, wide), 6); /* beyond the screen */
    assert_int_equal(top_put(&cells, 0, 50, 9, TOP_HEAD, wide), 0);
    top_cells_release(&cells);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_kept_once_and_in_order),
        cmocka_unit_test(what_is_missing_is_not_known),
        cmocka_unit_test(sizes_beyond_all_bounds_do_no_harm),
        cmocka_unit_test(names_cannot_steer_the_terminal),
        cmocka_unit_test(text_stays_in_its_columns),
    };
    world_locale();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
