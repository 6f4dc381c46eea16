/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sample configuration states that the lines that are commented out are the defaults. Each such
 * line, read alone, must change nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ballastd/engine/config.h"
#include "core/model/host.h"
#include "edge/calibration/calibration.h"

static struct engine_config config_of(const char *text)
{
    char path[] = "/tmp/ballast-sample-XXXXXX";
    struct engine_config config = {0};
    struct ballast_error err;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
    int rc = engine_config_read(path, &config, &err);
    (void)unlink(path);
    if (rc < 0)
        fail_msg("%s: %s", text, err.text);
    return config;
}

/* Of the host itself where nothing is said: 64 MiB on Xen (edge/hv/xen.c). */
static uint64_t slack_of(const struct engine_config *config)
{
    return config->slack_kib == BALLAST_NONE ? 64 * 1024 : config->slack_kib;
}

#define SAME(member) assert_int_equal(a->member, b->member)

static void assert_same(const struct engine_config *a, const struct engine_config *b)
{
    assert_ptr_equal(a->policy, b->policy);
    assert_string_equal(a->group, b->group);
    assert_string_equal(a->headroom, b->headroom);
    SAME(headroom_kib);
    assert_int_equal(slack_of(a), slack_of(b));
    SAME(interval_usec);
    SAME(idle_interval_usec);
    SAME(lease_usec);
    SAME(quota_reservations);
    SAME(quota_kib);
    SAME(reboot_lease_usec);
    SAME(dom0_floor_kib);
    SAME(guest_floor_kib);
    SAME(inaccuracy_kib);
    SAME(soft_permyriad);
    SAME(hard_permyriad);
    SAME(low_permyriad);
    SAME(squeeze_permyriad);
    SAME(start_up_usec);
    SAME(rival_writes);
    SAME(rival_usec);
    SAME(rival_quiet_usec);
    SAME(history_kib);
    SAME(clients);
    SAME(unread_usec);
    SAME(balloons);
    SAME(claims);
}

static void every_line_is_the_default(void **state)
{
    struct engine_config by_default = config_of("");
    char line[256];
    size_t count = 0;
    FILE *sample = fopen(SAMPLE, "r");
    (void)state;
    assert_non_null(sample);
    while (fgets(line, sizeof(line), sample) && strncmp(line, "#[guest ", 8) != 0) {
        char text[300];
        if (line[0] != '#' || line[1] < 'a' || line[1] > 'z' || !strstr(line, " = "))
            continue;
        count++;
        /* A file that is not there on most machines. */
        if (strncmp(line, "#host-profile = ", 16) == 0) {
            assert_string_equal(line + 16, CALIBRATION_USUAL_PATH "\n");
            continue;
        }
        (void)snprintf(text, sizeof(text), "[ballastd]\n%s", line + 1);
        struct engine_config config = config_of(text);
        print_message("%s", line);
        assert_same(&config, &by_default);
        engine_config_release(&config);
    }
    assert_true(count >= 17);
    (void)fclose(sample);
    engine_config_release(&by_default);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_line_is_the_default)};
    return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}
