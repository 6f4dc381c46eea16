/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/xen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/hv/processor.h"
#include "edge/hv/xen_inside.h"

static void xen_ops_close(struct hv *hv)
{
    struct xen_host *host = xen_host_of(hv);
    xen_event_close(host->event);
    xen_light_close(host->light);
    xen_bulk_close(host->bulk);
    xen_store_close(host->store);
    if (host->watch_fd >= 0)
        (void)close(host->watch_fd);
    xen_ctrl_close(host->ctrl);
    xen_snapshot_free(&host->now);
    free(host->records);
    free(host->restarts);
    free(host);
}

static void xen_ops_domains(const struct hv *hv, const struct hv_domain **out, size_t *count)
{
    const struct xen_snapshot *now = &xen_host_of_const(hv)->now;
    *out = now->domains;
    *count = now->count;
}

static int xen_ops_breakdown(const struct hv *hv, const struct ballast_domain *domain,
                             const struct ballast_host_caps *caps, struct ballast_breakdown *out,
                             struct ballast_error *err)
{
    const struct hv_domain *found = hv_find_domain(hv, domain->id);
    if (!found)
        return ballast_fail(err, -ENOENT, "domain %" PRIu32 " is gone", domain->id);
    struct ballast_running running = hv_running(found);
    return ballast_running_breakdown(&running, hv_profile(hv), caps, out, err);
}

static int xen_ops_config(struct hv *hv, uint32_t domid, struct ballast_guest *out,
                          struct ballast_error *err)
{
    struct xen_host *host = xen_host_of(hv);
    int rc = xen_host_light(host, err);
    return rc < 0 ? rc : xen_light_config(host->light, domid, out, err);
}

static int xen_ops_event_fd(struct hv *hv)
{
    struct xen_host *host = xen_host_of(hv);
    if (host->watch_fd < 0 && xen_host_watch(host, NULL) == 0)
        host->watch_fd = xen_host_epoll(host);
    return host->watch_fd;
}

/* Of one turn: what comes faster than that leaves time for others. */
enum { EVENTS_A_TURN = 256 };

static bool xen_ops_take_events(struct hv *hv)
{
    struct xen_host *host = xen_host_of(hv);
    return host->store && xen_host_receive(host, EVENTS_A_TURN);
}

static void xen_ops_on_newcomer(struct hv *hv, hv_newcomer_fn *call, void *context)
{
    struct xen_host *host = xen_host_of(hv);
    host->greet = call;
    host->greet_context = context;
}

static bool xen_ops_take_newcomer(struct hv *hv)
{
    struct xen_host *host = xen_host_of(hv);
    bool came = host->newcomer;
    host->newcomer = false;
    return came;
}

static size_t xen_ops_noisy(const struct hv *hv, uint32_t *domids, size_t most)
{
    const struct xen_host *host = xen_host_of_const(hv);
    size_t count = 0;
    for (size_t i = 0; i < host->record_count; i++) {
        if (host->records[i].noisy_until_usec == 0)
            continue;
        if (count < most)
            domids[count] = host->records[i].domid;
        count++;
    }
    return count;
}

static const struct ballast_profile *xen_ops_profile(const struct hv *hv)
{
    return xen_profile(&xen_host_of_const(hv)->version);
}

static const char *xen_ops_commandline(const struct hv *hv)
{
    return xen_host_of_const(hv)->version.commandline;
}

static int xen_ops_low_free(struct hv *hv, uint64_t *out_kib, struct ballast_error *err)
{
    return xen_ctrl_low_free(xen_host_of(hv)->ctrl, out_kib, err);
}

static int xen_ops_low_memory_fd(struct hv *hv, struct ballast_error *err)
{
    struct xen_host *host = xen_host_of(hv);
    int rc = xen_host_may_write(host, err);
    if (rc == 0 && !host->event)
        rc = xen_event_open(&host->event, err);
    return rc < 0 ? rc : xen_event_fd(host->event);
}

static bool xen_ops_take_low_memory(struct hv *hv)
{
    struct xen_host *host = xen_host_of(hv);
    return host->event && xen_event_received(host->event);
}

static const struct hv_ops ops = {
    .name = "xen",
    .refresh = xen_ops_refresh,
    .set = xen_ops_set,
    .set_maximum = xen_ops_set_maximum,
    .moves_static_max = xen_ops_moves_static_max,
    .set_range = xen_set_range,
    .claim = xen_ops_claim,
    .lower_claim = xen_ops_lower_claim,
    .claims = xen_ops_claims,
    .close = xen_ops_close,
    .guard_kib = XEN_GUARD_KIB,
    .is_machine = true,
    .domains = xen_ops_domains,
    .breakdown = xen_ops_breakdown,
    .config = xen_ops_config,
    .event_fd = xen_ops_event_fd,
    .profile = xen_ops_profile,
    .commandline = xen_ops_commandline,
    .low_free = xen_ops_low_free,
    .take_events = xen_ops_take_events,
    .on_newcomer = xen_ops_on_newcomer,
    .take_newcomer = xen_ops_take_newcomer,
    .noisy = xen_ops_noisy,
    .low_memory_fd = xen_ops_low_memory_fd,
    .take_low_memory = xen_ops_take_low_memory,
};

/* Most programs that only read sample once. */
static int open_store(struct xen_host *host, struct ballast_error *err)
{
    if (host->read_only && xen_bulk_open(&host->bulk, NULL) == 0)
        return 0;
    return xen_host_store(host, err);
}

int xen_open(const struct xen_options *options, struct hv **out, struct ballast_error *err)
{
    struct xen_host *host = calloc(1, sizeof(*host));
    int rc;
    if (!host)
        return ballast_fail(err, -ENOMEM, "out of memory");
    host->hv = (struct hv){.ops = &ops, .name = "xen"};
    host->watch_fd = -1;
    host->read_only = options && options->read_only;
    host->way = options ? options->way : XEN_WAY_OWN;
    processor_here(host->processor, sizeof(host->processor));
    if ((rc = xen_ctrl_open(&host->ctrl, err)) < 0 ||
        (rc = xen_ctrl_version(host->ctrl, &host->version, err)) < 0 ||
        (rc = open_store(host, err)) < 0) {
        xen_ops_close(&host->hv);
        return rc;
    }
    xen_ctrl_map(host->ctrl, &host->map, &host->pv32);
    *out = &host->hv;
    return 0;
}

int xen_version(struct hv *hv, struct xen_version *out, struct ballast_error *err)
{
    (void)err;
    *out = xen_host_of(hv)->version;
    return 0;
}

void xen_calls(const struct hv *hv, struct xen_calls *out)
{
    const struct xen_host *host = xen_host_of_const(hv);
    *out = (struct xen_calls){.hypercalls = xen_ctrl_calls(host->ctrl),
                              .xenstore = host->bulk_calls + xen_bulk_calls(host->bulk) +
                                          xen_store_calls(host->store),
                              .events = host->events};
}
