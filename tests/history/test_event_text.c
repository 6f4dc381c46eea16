/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events as sentences: every reason of the balancer has words of its own, with its numbers. */
#include "check.h"

#include "app/ballastd/engine/event_text.h"
#include "core/base/pattern.h"
#include "core/model/host.h"
#include "core/policy/balancer.h"

static struct history_event event_of(const char *what, const char *reason)
{
    struct history_event event = history_event_new(1000000, "balancer", what);
    struct pattern_figure figures[BALANCER_FIGURES] = {{.name = NULL}};
    int at = balancer_reason_find(reason);
    event.from_kib = 4 << 20;
    event.to_kib = 3 << 20;
    if (at >= 0)
        balancer_reason_figures((enum balancer_reason)at, &(struct balancer_figures){0}, figures);
    for (int i = 0; i < BALANCER_FIGURES && figures[i].name; i++) {
        /* A figure that is added to the balancer needs its column. */
        int column = history_figure_find(figures[i].name);
        assert_true(column >= 0);
        event.figure_kib[column] = (i == 0 ? UINT64_C(800) : UINT64_C(700)) << 10;
    }
    (void)snprintf(event.reason, sizeof(event.reason), "%s", reason);
    return event;
}

static void says(const struct history_event *event, const char *sentence)
{
    char text[512];
    size_t length = event_text(event, text, sizeof(text));
    assert_int_equal(length, strlen(text));
    assert_string_equal(text, sentence);
}

static void test_moves(void **state)
{
    (void)state;
    struct history_event event = event_of("target", "reclaimed-for-start");
    event.reservation = 12;
    (void)snprintf(event.detail, sizeof(event.detail), "web-7");
    says(&event, "target lowered from 4 GiB to 3 GiB: it does not use all of its memory, and "
                 "800 MiB are missing to start web-7 (reservation 12)");
    event.steps = 3;
    event.until_usec += 1250000;
    event.detail[0] = '\0';
    event.reservation = BALLAST_NONE;
    says(&event, "target lowered from 4 GiB to 3 GiB in 3 steps over 1.2 s: it does not use all of "
                 "its memory, and 800 MiB are missing to start a guest");
    event = event_of("target", "needs-more");
    event.to_kib = 5 << 20;
    says(&event, "target raised from 4 GiB to 5 GiB: it needs 800 MiB and has 700 MiB");
    event = event_of("maximum-failed", "maximum-lowered");
    event.from_kib = BALLAST_NONE;
    says(&event, "xen maximum could not be set: it could grow by 800 MiB without being asked");
    event = event_of("target", "stop");
    event.to_kib = event.from_kib;
    says(&event, "target set to 4 GiB: enough is free; it keeps its current 800 MiB");
}

/* A reason that is added to the balancer needs its words here too. */
static void test_reasons(void **state)
{
    (void)state;
    for (int reason = 0; reason < BALANCER_REASONS; reason++) {
        const char *word = balancer_reason_name((enum balancer_reason)reason);
        struct history_event event = event_of("target", word);
        char text[512];
        event_text(&event, text, sizeof(text));
        const char *words = strstr(text, "GiB: ");
        if (!words || strcmp(words + strlen("GiB: "), word) == 0)
            fail_msg("%s has no words: %s", word, text);
        assert_non_null(strstr(text, "800 MiB"));
    }
}

static void test_others(void **state)
{
    (void)state;
    struct history_event event = event_of("grant", "fits");
    (void)snprintf(event.detail, sizeof(event.detail), "web-7");
    event.reservation = 3;
    says(&event, "web-7 may start (reservation 3): 800 MiB are free for it, 700 MiB stay free");
    event = event_of("refuse", "never-fits");
    says(&event, "a guest cannot start: it needs 800 MiB; with every domain at its minimum "
                 "700 MiB would be free");
    event = event_of("foreign-target", "");
    says(&event, "target set from 4 GiB to 3 GiB by another program");
    event = event_of("host-state", "hard");
    (void)snprintf(event.detail, sizeof(event.detail), "soft");
    says(&event, "memory of the host was soft and is hard: 3 GiB of it are unneeded");
    event = event_of("gone", "");
    says(&event, "is gone; it had 3 GiB");
    event = event_of("built", "below");
    says(&event, "cost the host 3 GiB, 1 GiB less than predicted: below its bound");
    event.to_kib = event.from_kib + 12;
    (void)snprintf(event.reason, sizeof(event.reason), "within");
    says(&event, "cost the host 4 GiB, 12 KiB more than predicted: within its bound");
    event.to_kib = event.from_kib;
    says(&event, "cost the host 4 GiB, as predicted");
    event = event_of("alert-over", "ledger");
    (void)snprintf(event.detail, sizeof(event.detail), "full");
    says(&event, "ledger is over: full");
    /* One that a later version has written. */
    event = event_of("frozen", "thaw");
    says(&event, "balancer: frozen thaw");
}

/* Whatever is in the file is text and never a format, and a small buffer is told the length. */
static void test_hostile(void **state)
{
    (void)state;
    struct history_event event = event_of("setting", "range");
    char text[20];
    memset(event.detail, 'x', sizeof(event.detail) - 1);
    memcpy(event.detail, "%n%s", 4);
    memcpy(event.who, "%s%n", 5);
    size_t length = event_text(&event, text, sizeof(text));
    assert_true(length > sizeof(text));
    assert_int_equal(strlen(text), sizeof(text) - 1);
    assert_int_equal(strncmp(text, "%s%n set range: %n%s", sizeof(text) - 1), 0);
    event.what[0] = '\0';
    event.reason[0] = '\0';
    assert_true(event_text(&event, text, sizeof(text)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_moves), cmocka_unit_test(test_reasons),
                                       cmocka_unit_test(test_others),
                                       cmocka_unit_test(test_hostile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
