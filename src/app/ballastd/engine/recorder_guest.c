/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest of which samples and events are kept. */
#include <string.h>

#include "app/ballastd/engine/recorder_internal.h"

struct recorder_guest *recorder_guest(const struct recorder *recorder, uint64_t domid)
{
    for (size_t i = 0; i < recorder->here_count; i++) {
        struct recorder_guest *guest = recorder->guests[i];
        if (!guest->is_host && guest->domid == domid)
            return guest;
    }
    return NULL;
}

/* A bucket is full. When nothing has been written for long, what is oldest is lost. */
void recorder_close(struct recorder_guest *guest)
{
    struct series_bucket bucket;
    if (!series_fold_end(&guest->fold, guest->slot * HISTORY_LENGTH_SEC, HISTORY_LENGTH_SEC,
                         &bucket))
        return;
    guest->fold = (struct series_fold){0};
    if (guest->waiting_count == RECORDER_BUCKETS) {
        guest->waiting_count--;
        memmove(guest->waiting, guest->waiting + 1,
                guest->waiting_count * sizeof(guest->waiting[0]));
    }
    guest->waiting[guest->waiting_count++] = bucket;
}

bool recorder_is(const struct recorder_whom *whom, const struct recorder_guest *guest)
{
    if (whom->all)
        return guest->is_host;
    if (guest->is_host)
        return false;
    return whom->uuid ? memcmp(guest->uuid, whom->uuid, HISTORY_UUID) == 0
                      : strcmp(guest->name, whom->name) == 0;
}
