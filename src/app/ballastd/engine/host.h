/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host that the daemon runs on, opened: the real Xen, or a simulated one that follows the real
 * clock and outlives the daemon, as a real one does: its state is kept in RUN_DIR/sim.host.
 */
#ifndef APP_BALLASTD_ENGINE_HOST_H
#define APP_BALLASTD_ENGINE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/breakdown.h>
#include <ballast/error.h>

#include "core/ledger/ledger.h"
#include "core/model/host.h"
#include "core/sim/sim.h"
#include "edge/hv/hv.h"

struct engine_host;

enum engine_host_kind {
    ENGINE_HOST_DEFAULT, /* xen; where there is none, the remedy is told too */
    ENGINE_HOST_XEN,
    ENGINE_HOST_SIM,
};

struct engine_host_options {
    enum engine_host_kind kind;
    const char *scenario;     /* of a simulated host; NULL: the built-in one */
    const char *run_dir;      /* where a simulated host is kept */
    bool fresh;               /* it begins new, whatever was left of the last one */
    uint64_t speed_permyriad; /* of its clock against the real one */
};

/* Guests that may be built on a simulated host at once, beyond the scenario's own. */
enum { ENGINE_HOST_SPARE = 256 };

int engine_host_open(const struct engine_host_options *options, struct engine_host **out,
                     struct ballast_error *err);
void engine_host_close(struct engine_host *host); /* NULL is allowed */

struct hv *engine_host_hv(struct engine_host *host);
/* "xen", "sim", "sim:FILE" */
const char *engine_host_name(const struct engine_host *host);
/* Whether the simulated host is the one that an earlier daemon left. */
bool engine_host_goes_on(const struct engine_host *host);
/*
 * Free memory that no guest is told to grow into, so that Xen may take some for itself between two
 * looks: 0 on a simulated host, whose Xen takes none.
 */
uint64_t engine_host_guard_kib(const struct engine_host *host);
/* On the clock that snapshots are stamped by. */
uint64_t engine_host_now_usec(const struct engine_host *host);
/*
 * Moves a simulated host towards what the real clock says, `most_usec` at the most. true: there is
 * more to be done now. -EPROTO when it lost a page.
 */
int engine_host_step(struct engine_host *host, uint64_t most_usec, bool *behind,
                     struct ballast_error *err);
/* How long a stretch of the host's time takes on the real clock. */
uint64_t engine_host_real_usec(const struct engine_host *host, uint64_t usec);
/* Keeps what was done to a simulated host, before anything that depends on it is made durable. */
void engine_host_save(struct engine_host *host);
/* Readable when the host has something to tell; -1: it never has. */
int engine_host_fd(const struct engine_host *host);
/* Takes in what it has to tell; true: a tick is worth while, as soon as one may be. */
bool engine_host_take_events(struct engine_host *host);
/* Domains that tell so much that they are not listened to, `most` of their ids; how many there are.
 */
size_t engine_host_noisy(const struct engine_host *host, uint32_t *domids, size_t most);
/*
 * Readable when little memory is left, as Xen has it (64 MiB where its command line says nothing
 * else). -errno: nobody says so, and why.
 */
int engine_host_low_fd(struct engine_host *host, struct ballast_error *err);
/* Takes it in; true: it has been said. */
bool engine_host_take_low(struct engine_host *host);
/* The uuid of a domain of the last refresh: Xen's, or one made of a simulated guest's name. */
void engine_host_uuid(const struct engine_host *host, uint32_t domid, const char *name,
                      uint8_t out[LEDGER_UUID]);

/* What of Xen's own limit a snapshot's maxmem_kib leaves out: extra internal. */
uint64_t engine_host_extra_internal_kib(const struct engine_host *host, uint32_t domid,
                                        uint64_t maxmem_kib);
/* "pv", "pvh", "hvm"; NULL where it is not known. */
const char *engine_host_type_name(const struct engine_host *host, uint32_t domid);
/*
 * The breakdown of a domain of the last refresh as it is now. -ENOENT: it is gone, or its type is
 * not known; the rest as ballast_running_breakdown().
 */
int engine_host_breakdown(struct engine_host *host, const struct ballast_domain *domain,
                          const struct ballast_host_caps *caps, struct ballast_breakdown *out);

/*
 * Its configuration, of a domain of the last refresh. -ENOENT, -ENOTSUP: there is none that could
 * be had, as of simulated guests whose type is not told.
 */
int engine_host_guest(struct engine_host *host, uint32_t domid, struct ballast_guest *out,
                      struct ballast_error *err);

bool engine_host_is_sim(const struct engine_host *host);
/* The simulated host, about to be changed; NULL where it is real. */
struct sim *engine_host_sim(struct engine_host *host);

struct sim_build {
    const char *name;
    uint64_t memory_kib;
    uint64_t overhead_kib;
    uint64_t min_kib; /* the dynamic range and static maximum, as sim_guest_config */
    uint64_t max_kib;
    uint64_t static_max_kib;
    uint64_t rate_kib; /* of its build, a second */
    uint64_t vcpus;    /* 0: its configuration is not told */
};

/* A toolstack builds a guest on the simulated host. -EEXIST, -EBUSY: no room, -ENOMEM, -EINVAL. */
int engine_host_build(struct engine_host *host, const struct sim_build *build, bool claim,
                      uint32_t *domid, struct ballast_error *err);

#endif
