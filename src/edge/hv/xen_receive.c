/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The events of watches in xenstore. Guests decide how many there are, so each costs a look-up and
 * no more, and they are counted: of a domain that causes more in a second than toolstacks and
 * honest guests do, none are received for a while. Its nodes are then read once a second, whatever
 * it writes.
 */
#include "core/base/units.h"
#include "edge/hv/xen_inside.h"

/* How often such a domain is read. */
#define NOISY_READ_USEC BALLAST_SEC_USEC

/* A guest's own report is taken in with the next sample; it changes no page. */
#define WAITS XEN_NODES_REPORTED

int xen_host_watch(struct xen_host *host, struct ballast_error *err)
{
    int rc = xen_host_store(host, err);
    if (rc == 0 && !host->watching)
        rc = xen_store_watch_domains(host->store, err);
    for (size_t i = 0; i < host->record_count && rc == 0; i++) {
        struct xen_record *record = &host->records[i];
        if (record->noisy_until_usec == 0)
            rc = xen_store_watch(host->store, &record->followed, err);
    }
    if (rc == 0)
        host->watching = true;
    return rc;
}

bool xen_host_is_noisy(struct xen_record *record)
{
    if (record->noisy_until_usec == 0)
        return false;
    uint64_t now_usec = hv_clock_usec();
    if (now_usec >= record->noisy_until_usec) {
        record->noisy_until_usec = 0;
        record->events = 0;
        return false;
    }
    if (now_usec - record->read_usec >= NOISY_READ_USEC) {
        record->read_usec = now_usec;
        record->followed.stale = XEN_NODES_ALL;
    }
    return true;
}

static void count_event(struct xen_host *host, struct xen_record *record, uint64_t now_usec)
{
    if (now_usec - record->events_from_usec >= BALLAST_SEC_USEC) {
        record->events_from_usec = now_usec;
        record->events = 0;
    }
    if (++record->events <= HV_EVENTS_MOST)
        return;
    xen_store_unwatch(host->store, &record->followed);
    record->noisy_until_usec = now_usec + HV_NOISY_USEC;
    record->read_usec = now_usec;
}

/* What its start awaits is to be there before its toolstack asks for it: at once. */
static void greet_newcomer(struct xen_host *host, const char *path)
{
    uint8_t uuid[HV_UUID];
    struct xen_said said;
    if (!host->greet || !xen_event_names_newcomer(path, uuid))
        return;
    xen_said_nothing(&said);
    if (xen_store_read_name(host->store, path, &said) == 0)
        host->greet(host->greet_context, uuid, said.name);
}

static bool receive_one(struct xen_host *host, const char *path, uint64_t now_usec)
{
    uint32_t domid;
    if (path[0] == '@')
        return true;
    if (xen_event_is_newcomer(path)) {
        host->newcomer = true;
        greet_newcomer(host, path);
        return true;
    }
    (void)xen_event_nodes(path, &domid);
    struct xen_record *record = domid == XEN_NO_DOMID ? NULL : xen_record_find(host, domid);
    /* An event that was under way when its watch ended. */
    if (!record || !record->followed.watched)
        return false;
    uint32_t nodes = xen_store_receive(&record->followed, path);
    count_event(host, record, now_usec);
    return (nodes & ~WAITS) != 0;
}

bool xen_host_receive(struct xen_host *host, unsigned most)
{
    char path[XEN_STORE_PATH];
    uint64_t now_usec = hv_clock_usec();
    bool news = false;
    for (unsigned i = 0; i < most && xen_store_event(host->store, path); i++) {
        host->events++;
        news |= receive_one(host, path, now_usec);
    }
    return news;
}
