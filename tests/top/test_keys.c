/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The effect of keys: where they lead, what is asked before a change, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "edge/term/term.h"
#include "world.h"

#include "../seeds/seed.h"

/* What the last key did; a screen is drawn before each, as a person would see it. */
static enum top_does type(struct top_state *state, const char *keys)
{
    enum top_does does = TOP_DOES_NOTHING;
    for (; *keys; keys++) {
        free(world_screen(state, 100, 30));
        does = top_key(state, *keys == '\n' ? TERM_KEY_ENTER : (unsigned char)*keys);
    }
    free(world_screen(state, 100, 30));
    return does;
}

static struct top_state begin(size_t count)
{
    struct top_state state = {.sort = TOP_BY_ID};
    world_fill(&state, count);
    return state;
}

static void says(const struct top_state *state, const char *part)
{
    struct top_state copy = *state;
    copy.shown = NULL;
    char *text = world_screen(&copy, 140, 30);
    if (!strstr(text, part))
        print_message("'%s' is not in:\n%s", part, text);
    assert_non_null(strstr(text, part));
    free(text);
    free(copy.shown);
}

static void selection_stays_with_its_guest(void **unused)
{
    (void)unused;
    struct top_state state = begin(12);
    (void)type(&state, "jjj");
    assert_int_equal(top_selected(&state)->id, 3);
    (void)type(&state, "ss"); /* by current */
    assert_int_equal(state.sort, TOP_BY_CURRENT);
    assert_int_equal(top_selected(&state)->id, 3);
    (void)type(&state, "S");
    assert_int_equal(top_selected(&state)->id, 3);
    (void)type(&state, "g");
    assert_int_equal(state.selected, 0);
    (void)type(&state, "G");
    assert_int_equal(state.selected, 11);
    (void)type(&state, "kkkkkkkkkkkkkkkkkkkk");
    assert_int_equal(state.selected, 0);
    top_state_release(&state);
}

static void every_sort_sorts(void **unused)
{
    (void)unused;
    struct top_state state = begin(256);
    for (int sort = 0; sort < TOP_SORTS; sort++) {
        state.sort = (enum top_sort)sort;
        state.reversed = false;
        free(world_screen(&state, 100, 30));
        assert_int_equal(state.count, 256);
        uint32_t first = state.host.guests[state.shown[0]].id;
        assert_int_equal(top_sort_find(top_sort_name(state.sort)), sort);
        for (size_t i = 1; i < state.count; i++) {
            const struct top_guest *a = &state.host.guests[state.shown[i - 1]];
            const struct top_guest *b = &state.host.guests[state.shown[i]];
            if (sort == TOP_BY_CURRENT)
                assert_true(a->current_kib >= b->current_kib);
            else if (sort == TOP_BY_NAME)
                assert_true(strcmp(a->name, b->name) <= 0);
            else if (sort == TOP_BY_ID)
                assert_true(a->id < b->id);
            else if (sort == TOP_BY_NEED && b->need_kib != BALLAST_NONE)
                assert_true(a->need_kib != BALLAST_NONE && a->need_kib >= b->need_kib);
            else if (sort == TOP_BY_RANGE && b->dynamic_max_kib != BALLAST_NONE)
                assert_true(a->dynamic_max_kib >= b->dynamic_max_kib);
            else if (sort == TOP_BY_BAR)
                assert_true(a->current_kib + a->overhead_kib >= b->current_kib + b->overhead_kib);
            else if (sort == TOP_BY_WHY && *b->why)
                assert_true(*a->why && strcmp(a->why, b->why) <= 0);
        }
        state.reversed = true;
        free(world_screen(&state, 100, 30));
        assert_int_equal(state.host.guests[state.shown[255]].id, first);
    }
    assert_true(top_sort_find("colour") < 0);
    top_state_release(&state);
}

static void filters_and_forgets(void **unused)
{
    (void)unused;
    struct top_state state = begin(12);
    (void)type(&state, "/DATA\n");
    assert_int_equal(state.mode, TOP_LIST);
    assert_int_equal(state.count, 2);
    assert_int_equal(top_selected(&state)->id, 1);
    (void)type(&state, "/");
    (void)top_key(&state, TERM_KEY_BACKSPACE);
    (void)type(&state, "x\n");
    assert_int_equal(state.count, 0);
    assert_null(top_selected(&state));
    assert_int_equal(type(&state, "\nt"), TOP_DOES_NOTHING);
    assert_int_equal(state.mode, TOP_LIST);
    (void)top_key(&state, TERM_KEY_ESCAPE);
    free(world_screen(&state, 100, 30));
    assert_int_equal(state.count, 12);
    (void)type(&state, "/");
    (void)top_key(&state, 0x5eab); /* typed as it is, found as it is */
    (void)type(&state, "\n");
    assert_int_equal(state.count, 2);
    top_state_release(&state);
}

static void a_target_is_asked_for_and_confirmed(void **unused)
{
    (void)unused;
    struct top_state state = begin(12);
    (void)type(&state, "jt1500\n");
    assert_int_equal(state.mode, TOP_CONFIRM);
    says(&state, "target of database1 (1): 576 MiB -> 1500 MiB? y: yes");
    assert_int_equal(type(&state, "y"), TOP_DOES_CHANGE);
    assert_int_equal(state.change.what, TOP_SET_TARGET);
    assert_int_equal(state.change.id, 1);
    assert_string_equal(state.change.uuid, "00000000-0000-4000-8000-000000000001");
    assert_int_equal(state.change.target_kib, 1500 * 1024);
    assert_int_equal(type(&state, "t+1G\ny"), TOP_DOES_CHANGE);
    assert_int_equal(state.change.target_kib, (576 + 1024) * 1024);
    assert_int_equal(type(&state, "t-512M\ny"), TOP_DOES_CHANGE);
    assert_int_equal(state.change.target_kib, 64 * 1024);
    assert_int_equal(type(&state, "t512\nY"), TOP_DOES_NOTHING);
    says(&state, "nothing was changed");
    assert_int_equal(type(&state, "t512\n\n"), TOP_DOES_NOTHING);
    top_state_release(&state);
}

static void what_is_no_size_is_told(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {
        "t\n", "tmuch\n", "t1,5G\n", "t++1\n", "r512\n", "r512 x\n", "t99999999999999999999\n"};
    struct top_state state = begin(12);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(type(&state, wrong[i]), TOP_DOES_NOTHING);
        assert_int_not_equal(state.mode, TOP_CONFIRM);
        assert_true(state.is_bad && *state.message);
        (void)top_key(&state, TERM_KEY_ESCAPE);
        assert_int_equal(state.mode, TOP_LIST);
    }
    top_state_release(&state);
}

static void ranges_and_pauses(void **unused)
{
    (void)unused;
    struct top_state state = begin(12);
    assert_int_equal(type(&state, "jr 512 2G\n"), TOP_DOES_NOTHING);
    says(&state, "range of database1 (1): 512 MiB to 3072 MiB -> 512 MiB to 2048 MiB?");
    assert_int_equal(type(&state, "y"), TOP_DOES_CHANGE);
    assert_int_equal(state.change.minimum_kib, 512 * 1024);
    assert_int_equal(state.change.maximum_kib, 2048 * 1024);
    assert_int_equal(type(&state, "r1G-1536\ny"), TOP_DOES_CHANGE);
    assert_int_equal(state.change.maximum_kib, 1536 * 1024);
    (void)type(&state, "p");
    says(&state, "balancing of database1 (1): on -> paused?");
    assert_int_equal(type(&state, "y"), TOP_DOES_CHANGE);
    assert_int_equal(state.change.what, TOP_PAUSE);
    (void)type(&state, "P");
    says(&state, "balancing of the host: on -> paused?");
    assert_int_equal(type(&state, "y"), TOP_DOES_CHANGE);
    assert_true(state.change.all);
    (void)type(&state, "jjjjjp"); /* the sixth is paused */
    says(&state, "(6): paused -> on?");
    assert_int_equal(type(&state, "y"), TOP_DOES_CHANGE);
    assert_int_equal(state.change.what, TOP_RESUME);
    top_state_release(&state);
}

static void a_guest_that_went_is_not_changed(void **unused)
{
    (void)unused;
    struct top_state state = begin(12);
    (void)type(&state, "jjt512\n");
    /* The number is another guest's now. */
    state.host.guests[2].uuid[0] = 'f';
    says(&state, "target of mail2 (2): - -> 512 MiB?");
    assert_int_equal(type(&state, "y"), TOP_DOES_NOTHING);
    says(&state, "mail2 (2) is gone; nothing was changed");
    (void)type(&state, "G\n");
    state.host.count = 0;
    says(&state, "it no longer runs");
    top_state_release(&state);
}

static void without_a_daemon_nothing_is_asked(void **unused)
{
    (void)unused;
    static const char *const keys[] = {"t", "r", "p", "P"};
    struct top_state state = begin(12);
    state.can_change = false;
    for (size_t i = 0; i < 4; i++) {
        (void)type(&state, keys[i]);
        assert_int_equal(state.mode, TOP_LIST);
        says(&state, "there is no daemon: use");
    }
    top_state_release(&state);
}

static uint64_t seed = 1;

static void any_keys_at_all(void **unused)
{
    (void)unused;
    struct top_state state = begin(12);
    uint64_t random = seed;
    static const char change[] = "\x1bt512\ry";
    unsigned changes = 0;
    for (int i = 0; i < 20000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t key = (random >> 33) % 160;
        /* Now and then a whole change is typed: chance alone would hardly ever come to a question.
         */
        if (i % 64 < (int)sizeof(change) - 1)
            key = (uint64_t)change[i % 64];
        bool asks = state.mode == TOP_CONFIRM;
        enum top_does does =
            top_key(&state, (uint32_t)(key < 128 ? key : TERM_KEY_NONE + 1 + (key - 128) % 10));
        changes += does == TOP_DOES_CHANGE;
        assert_true(asks || does != TOP_DOES_CHANGE); /* never without the question */
        if (i % 16 == 0)
            world_fill(&state, (random >> 40) % 14);
        free(world_screen(&state, 60 + (unsigned)((random >> 20) % 60),
                          12 + (unsigned)((random >> 50) % 20)));
        assert_true(state.count == 0 || state.selected < state.count);
    }
    assert_true(changes > 0);
    top_state_release(&state);
}

int main(int argc, char **argv)
{
    seed_from(argc, argv, &seed, "any_keys_at_all");
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(selection_stays_with_its_guest),
        cmocka_unit_test(every_sort_sorts),
        cmocka_unit_test(filters_and_forgets),
        cmocka_unit_test(a_target_is_asked_for_and_confirmed),
        cmocka_unit_test(what_is_no_size_is_told),
        cmocka_unit_test(ranges_and_pauses),
        cmocka_unit_test(a_guest_that_went_is_not_changed),
        cmocka_unit_test(without_a_daemon_nothing_is_asked),
        cmocka_unit_test(any_keys_at_all),
    };
    world_locale();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
