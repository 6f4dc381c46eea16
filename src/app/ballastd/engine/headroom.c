/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/headroom.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/ballastd/engine/clock.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/state.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "edge/guestcfg/folder.h"

/* Comparing opens no file, and a start does not follow its new file faster than this. */
#define COMPARE_USEC BALLAST_SEC_USEC

static void note_folder_fault(struct engine *engine, const char *why)
{
    alerts_set(&engine->alerts, ALERT_HEADROOM, engine_now_usec(engine), why);
}

/* The size, by libxl's rule: what xl wants free before it starts a guest. */
static int find_need(const struct guestcfg_guest *guest, const struct ballast_host *host,
                     uint64_t *out, struct ballast_error *err)
{
    struct ballast_breakdown breakdown;
    if (guest->has_given) {
        *out = guest->given.need_kib;
        return 0;
    }
    int rc = ballast_breakdown_evaluate(&breakdown, ballast_profile_find("libxl"), &guest->guest,
                                        &host->caps, err);
    if (rc == 0)
        *out = breakdown.need_kib;
    return rc;
}

/*
 * 0, with a text: it is left out. What can never start here is no reason to reclaim memory from
 * those that run.
 */
static uint64_t possible_need_kib(const struct guestcfg_guest *guest,
                                  const struct ballast_host *host, struct ballast_error *err)
{
    uint64_t need_kib = 0;
    if (find_need(guest, host, &need_kib, err) < 0)
        return 0;
    if (need_kib <= host->total_kib)
        return need_kib;
    (void)ballast_fail(err, -ERANGE,
                       "%s: it needs %" PRIu64 " KiB and the host has %" PRIu64
                       " KiB: lower its memory, or move its file elsewhere",
                       guest->guest.name, need_kib, host->total_kib);
    return 0;
}

static void log_headroom(const struct headroom *headroom)
{
    char size[32];
    struct ballast_text text = ballast_text_over(size, sizeof(size));
    ballast_text_add_size(&text, headroom->kib);
    if (headroom->folder[0] == '\0')
        engine_log(LOG_NOTICE, "headroom: %s", size);
    else if (headroom->guest[0] == '\0')
        engine_log(LOG_NOTICE, "headroom: %s: no guest is configured there", headroom->folder);
    else
        engine_log(LOG_NOTICE, "headroom: %s, the need of %s in %s", size, headroom->guest,
                   headroom->folder);
}

/* Of `left_out` guests and files, the first one and its cause. */
static void note_left_out(struct engine *engine, size_t left_out, const struct ballast_error *first)
{
    char why[ALERT_TEXT];
    (void)snprintf(why, sizeof(why), "%s: %zu left out of the headroom: %.280s",
                   engine->headroom.folder, left_out, first->text);
    note_folder_fault(engine, left_out > 0 ? why : NULL);
}

static void choose_largest(struct engine *engine, const struct guestcfg_list *list,
                           const struct ballast_host *host)
{
    struct headroom *headroom = &engine->headroom;
    struct ballast_error first = {0};
    size_t left_out = list->fault_count;
    if (left_out > 0)
        first = list->faults[0];
    headroom->kib = 0;
    headroom->guest[0] = '\0';
    for (size_t i = 0; i < list->count; i++) {
        struct ballast_error err;
        uint64_t need_kib = possible_need_kib(&list->guests[i], host, &err);
        if (need_kib == 0 && left_out++ == 0)
            first = err;
        if (need_kib <= headroom->kib)
            continue;
        headroom->kib = need_kib;
        (void)snprintf(headroom->guest, sizeof(headroom->guest), "%s", list->guests[i].guest.name);
    }
    note_left_out(engine, left_out, &first);
}

static void read_folder(struct engine *engine, const char *folder, uint64_t stamp,
                        const struct ballast_host *host)
{
    struct headroom *headroom = &engine->headroom;
    struct guestcfg_options options = {.caps = &host->caps};
    struct guestcfg_list list = {0};
    struct ballast_error err;
    int rc = guestcfg_read_folder(folder, &options, &list, &err);
    if (rc < 0) {
        note_folder_fault(engine, err.text);
    } else {
        headroom->is_read = true;
        headroom->stamp = stamp;
        choose_largest(engine, &list, host);
        log_headroom(headroom);
    }
    guestcfg_list_release(&list);
}

static void follow_folder(struct engine *engine, const char *folder,
                          const struct ballast_host *host)
{
    struct headroom *headroom = &engine->headroom;
    struct ballast_error err;
    uint64_t stamp;
    uint64_t now_usec = clock_real_usec();
    if (strcmp(folder, headroom->folder) != 0) {
        (void)snprintf(headroom->folder, sizeof(headroom->folder), "%s", folder);
        headroom->is_read = false;
    } else if (now_usec - headroom->seen_usec < COMPARE_USEC) {
        return;
    }
    headroom->seen_usec = now_usec;
    if (guestcfg_folder_stamp(folder, &stamp, &err) < 0)
        note_folder_fault(engine, err.text);
    else if (!headroom->is_read || stamp != headroom->stamp)
        read_folder(engine, folder, stamp, host);
}

void headroom_refresh(struct engine *engine, const struct ballast_host *host)
{
    struct headroom *headroom = &engine->headroom;
    const char *folder = engine_config_headroom_folder(&engine->config);
    if (folder) {
        follow_folder(engine, folder, host);
    } else if (headroom->folder[0] != '\0' || headroom->kib != engine->config.headroom_kib) {
        *headroom = (struct headroom){.kib = engine->config.headroom_kib};
        note_folder_fault(engine, NULL);
        log_headroom(headroom);
    }
    /* A command that serves one request reclaims for nothing else. */
    tick_set_headroom(engine->tick, engine->options.role == ENGINE_RECLAIMS ? 0 : headroom->kib);
}
