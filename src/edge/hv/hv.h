/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Ballast needs from a host. The real Xen, simulated and recorded hosts stand behind the same
 * table; callers cannot tell which one it is.
 */
#ifndef EDGE_HV_HV_H
#define EDGE_HV_HV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/breakdown.h>
#include <ballast/error.h>
#include <ballast/profile.h>

#include "core/base/uuid.h"
#include "core/model/guest.h"
#include "core/model/host.h"
#include "core/model/running.h"

struct hv;

enum { HV_NAME = 256, HV_UUID = BALLAST_UUID_BYTES };

/*
 * A domain as the host's own programs have it now, for Xen the hypervisor and xenstore.
 * BALLAST_NONE: not there, or cannot be read.
 */
struct hv_domain {
    uint32_t id;
    uint8_t uuid[HV_UUID];
    char name[HV_NAME]; /* "" where it has none yet */
    bool knows_type;
    enum ballast_guest_type type; /* BALLAST_PV where it is not known */
    bool paused;
    bool dying;
    bool shutdown;
    bool reboots;      /* shut down, and its toolstack starts it again; also while dying */
    bool building;     /* its toolstack has not finished with it */
    bool migrating;    /* it is being saved or sent away, as far as that can be known */
    bool says_suspend; /* its own report of that, no longer trusted: suspend.h */
    bool has_balloon;  /* dom0, control/feature-balloon, its kernel's xenbus is up; or as
                          data/ballast/balloon says */
    bool kernel_is_up; /* control/feature-suspend and its like are "1" */
    bool hotplugs;     /* its kernel adds memory up to static_max_kib (Qubes): memory/hotplug-max */
    bool is_stubdomain;
    uint32_t stubdomain_of; /* where it is one */
    uint32_t vcpus;         /* that it can ever have */
    uint64_t tot_kib;
    uint64_t max_kib;      /* Xen's limit as it is: extra internal included */
    uint64_t claim_kib;    /* outstanding_pages */
    uint64_t pool_kib;     /* paging pool; PV: BALLAST_NONE */
    uint64_t overhead_kib; /* what the host spends on it beside the pool */
    uint64_t
        extra_internal_kib;   /* in max_kib, beyond what a target can reach; never BALLAST_NONE */
    uint64_t pod_entries_kib; /* that its kernel counts on and does not have yet */
    uint64_t pod_cache_kib;
    uint64_t target_kib; /* memory/target, as it stands there */
    uint64_t static_max_kib;
    uint64_t videoram_kib;
    uint64_t dynamic_min_kib;
    uint64_t dynamic_max_kib;
    /* The guest's own report, strictly parsed, as struct ballast_domain has it. */
    enum ballast_report_source report_source;
    uint64_t used_kib;
    uint64_t reported_free_kib;
    uint64_t reported_swap_kib;       /* 0: none, or unknown */
    uint64_t used_since_usec;         /* its last change or sign of life, on the host's clock */
    struct ballast_pressure pressure; /* but for its age: */
    uint64_t pressure_since_usec;     /* likewise */
    const char *malformed; /* a node whose value is not usable, or NULL; lives as long as this */
};

/*
 * Free memory that the host itself keeps from all domains, for one reservation; 0 is the id of what
 * several share. Ids are below 2^56.
 */
struct hv_claim {
    uint64_t id;
    uint64_t kib;
    uint64_t node; /* 1 + the NUMA node whose memory it is, below hv_nodes(); 0: that of any */
};
enum { HV_CLAIMS = 64 }; /* of which each is a domain on Xen */
#define HV_CLAIM_MOST_ID ((UINT64_C(1) << 56) - 1)

/*
 * A domain was created, and its toolstack has not built it yet. `name` lives as long as the call,
 * in which only hv_lower_claim() is asked of the host: it may be in the middle of a refresh.
 */
typedef void hv_newcomer_fn(void *context, const uint8_t uuid[HV_UUID], const char *name);

struct hv_ops {
    const char *name; /* of its kind, for people: "simulated", "xen" */
    /*
     * The host as it is now. *out belongs to hv and lives until the next refresh or close. A
     * snapshot is one moment as far as the host can give one: totals and domains are read together.
     */
    int (*refresh)(struct hv *hv, const struct ballast_host **out, struct ballast_error *err);
    /*
     * Sets what is not BALLAST_NONE: first the maximum when it rises, last when it falls. -ENOENT:
     * the domain is gone, nothing was written (its xenstore directory least of all).
     */
    int (*set)(struct hv *hv, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
               struct ballast_error *err);
    void (*close)(struct hv *hv);
    /*
     * Free memory into which no guest is raised, so that the host may take some for itself
     * between two samples of a balancer.
     */
    uint64_t guard_kib;
    /* The machine that this runs on: one process at a time changes it, and profiles made here fit.
     */
    bool is_machine;
    /* All of its memory is accounted for: what its parts do not sum to was lost or created. */
    bool is_exact;

    /* The rest is NULL where a host does not have it, and is called by the function of its name. */
    int (*set_maximum)(struct hv *hv, uint32_t domid, uint64_t kib, struct ballast_error *err);
    bool (*moves_static_max)(const struct hv *hv);
    int (*set_range)(struct hv *hv, uint32_t domid, uint64_t min_kib, uint64_t max_kib,
                     struct ballast_error *err);
    void (*domains)(const struct hv *hv, const struct hv_domain **out, size_t *count);
    void (*uuid)(const struct hv *hv, const struct ballast_domain *domain, uint8_t out[HV_UUID]);
    int (*breakdown)(const struct hv *hv, const struct ballast_domain *domain,
                     const struct ballast_host_caps *caps, struct ballast_breakdown *out,
                     struct ballast_error *err);
    int (*config)(struct hv *hv, uint32_t domid, struct ballast_guest *out,
                  struct ballast_error *err);
    int (*claim)(struct hv *hv, const struct hv_claim *claims, size_t count,
                 struct ballast_error *err);
    int (*lower_claim)(struct hv *hv, uint64_t id, uint64_t kib, struct ballast_error *err);
    size_t (*claims)(const struct hv *hv, struct hv_claim *out, size_t most);
    uint64_t (*nodes)(const struct hv *hv);
    int (*event_fd)(struct hv *hv);
    void (*on_newcomer)(struct hv *hv, hv_newcomer_fn *call, void *context);
    bool (*take_events)(struct hv *hv);
    bool (*take_newcomer)(struct hv *hv);
    size_t (*noisy)(const struct hv *hv, uint32_t *domids, size_t most);
    int (*low_memory_fd)(struct hv *hv, struct ballast_error *err);
    bool (*take_low_memory)(struct hv *hv);
    const struct ballast_profile *(*profile)(const struct hv *hv);
    const char *(*commandline)(const struct hv *hv);
    int (*low_free)(struct hv *hv, uint64_t *out_kib, struct ballast_error *err);
    uint64_t (*lasts_usec)(const struct hv *hv);
    uint64_t (*now_usec)(const struct hv *hv);
    uint64_t (*real_usec)(const struct hv *hv, uint64_t usec);
    int (*step)(struct hv *hv, uint64_t most_usec, bool *behind, struct ballast_error *err);
    void (*save)(struct hv *hv);
};

struct hv {
    const struct hv_ops *ops;
    char name[HV_NAME]; /* as --host has it: "xen", "sim", "sim:FILE" */
    bool resumed;       /* a simulated host that an earlier program left */
    bool stepped;       /* a simulated host whose clock moves by hv_step(), not with the real one */
};

/* NULL is allowed. */
void hv_close(struct hv *hv);

/*
 * The domains of the last refresh by id, those that are dying too; hv's, until the next one. None
 * where the host knows no more of them than its snapshot.
 */
void hv_domains(const struct hv *hv, const struct hv_domain **out, size_t *count);
/* A domain of a snapshot, of a host that knows no more. */
void hv_domain_of_snapshot(const struct ballast_domain *shown, struct hv_domain *out);
/* It as ballast_running_breakdown() takes it. */
struct ballast_running hv_running(const struct hv_domain *domain);
/* One of hv_domains(), or NULL. */
const struct hv_domain *hv_find_domain(const struct hv *hv, uint32_t domid);
/* The uuid of a domain of the last refresh; all zero where it has none. */
void hv_uuid(const struct hv *hv, const struct ballast_domain *domain, uint8_t out[HV_UUID]);
/* What of the host's own limit a snapshot's maxmem_kib leaves out: extra internal. */
uint64_t hv_extra_internal_kib(const struct hv *hv, uint32_t domid, uint64_t maxmem_kib);
/* What the host's own limit has beyond a maximum that is set from now on. */
uint64_t hv_extra_internal_to_set_kib(const struct hv *hv, uint32_t domid);
/*
 * The breakdown of a domain of the last refresh as it is now. -ENOENT: it is gone, or its type is
 * not known; the rest as ballast_running_breakdown().
 */
int hv_breakdown(const struct hv *hv, const struct ballast_domain *domain,
                 const struct ballast_host_caps *caps, struct ballast_breakdown *out,
                 struct ballast_error *err);
/*
 * The configuration of a domain of the last refresh as a model guest. -ENOENT: there is none (dom0,
 * domains of other toolstacks); -ENOTSUP: the host keeps none, or it cannot be read. Its memory is
 * not the size at the start: libxl puts the current target there.
 */
int hv_config(struct hv *hv, uint32_t domid, struct ballast_guest *out, struct ballast_error *err);

/*
 * The most that a domain can ever have, extra internal not included: the host's own limit, and the
 * static maximum if hv_moves_static_max(). Errors as of set(), and -EINVAL: below its target.
 */
int hv_set_maximum(struct hv *hv, uint32_t domid, uint64_t kib, struct ballast_error *err);
bool hv_moves_static_max(const struct hv *hv);
/*
 * Sets the dynamic range on a host that keeps it for all programs; does nothing on others. Errors
 * as of set(), and -EINVAL: no range, or beyond the static maximum.
 */
int hv_set_range(struct hv *hv, uint32_t domid, uint64_t min_kib, uint64_t max_kib,
                 struct ballast_error *err);

/*
 * Has the host itself keep these parts of free memory from all domains, whether this program runs
 * or not, and no others: at most HV_CLAIMS, by id, each of whole pages and once, on one node. What
 * is claimed already and stays is never let go for a moment, so that no other domain can take it
 * while another claim changes. A snapshot has their sum as reserved_claim_kib, and no domain that
 * the host needs for them. -ENOMEM: less is claimed, or it could not be changed; -ENOTSUP: the host
 * cannot; -EPERM: it was opened for reading only; the host's own refusals. After an error
 * hv_claims() of another refresh tells what is claimed.
 */
int hv_claim(struct hv *hv, const struct hv_claim *claims, size_t count, struct ballast_error *err);
/*
 * Lowers one of them, as fast as the host can: what is claimed already is never raised, and
 * hv_claim() is still to be called. Does nothing on a host that makes no claims; the host's own
 * refusals.
 */
int hv_lower_claim(struct hv *hv, uint64_t id, uint64_t kib, struct ballast_error *err);
/* What was claimed so when the host was refreshed last, by id; how many, `most` at most. */
size_t hv_claims(const struct hv *hv, struct hv_claim *out, size_t most);

/* How many NUMA nodes it has of which it can claim memory; 0: it can only claim that of any. */
uint64_t hv_nodes(const struct hv *hv);

/* Readable when the host has something to report; -1: it reports nothing. */
int hv_event_fd(struct hv *hv);
/* Takes in some of it. true: a refresh would see what should not wait for the next tick. */
bool hv_take_events(struct hv *hv);
/* Has `call` called for each domain that comes, as soon as a report of it is taken in, by
 * hv_take_events() or a refresh. Does nothing on a host that does not report them. */
void hv_on_newcomer(struct hv *hv, hv_newcomer_fn *call, void *context);
/* A domain has come since this was asked last, as far as the host reported it. */
bool hv_take_newcomer(struct hv *hv);
/* More reports of one domain in a second than toolstacks and honest guests make. */
enum { HV_EVENTS_MOST = 64 };
/* What it reports is then read once a second, for so long. */
#define HV_NOISY_USEC UINT64_C(60000000)
/* Ids of such domains, `most`; how many there are. */
size_t hv_noisy(const struct hv *hv, uint32_t *domids, size_t most);
/*
 * Readable when little memory is free by the host's own mark (Xen's is 64 MiB unless its command
 * line says otherwise); the host reports it from now on. -ENOTSUP: it does not; -EPERM: it was
 * opened for reading only; -EEXIST: it reports to another program. The host is then only sampled in
 * time.
 */
int hv_low_memory_fd(struct hv *hv, struct ballast_error *err);
/* Takes in the report; true: there was one. */
bool hv_take_low_memory(struct hv *hv);

/* The rules of the host's toolstack; never NULL. */
const struct ballast_profile *hv_profile(const struct hv *hv);
/* The hypervisor's own command line; NULL: it has none. */
const char *hv_commandline(const struct hv *hv);
/* Free memory below 4 GiB, which devices may need. -ENOTSUP; the host's own refusals. */
int hv_low_free(struct hv *hv, uint64_t *out_kib, struct ballast_error *err);

/* How long it changes from its beginning on; 0: it never does; BALLAST_NONE: without an end. */
uint64_t hv_lasts_usec(const struct hv *hv);
/* The clock that snapshots are stamped by. */
uint64_t hv_now_usec(const struct hv *hv);
/* How long a span of the host's time takes on the real clock. */
uint64_t hv_real_usec(const struct hv *hv, uint64_t usec);
/*
 * Lets a simulated host catch up with the real clock, by `most_usec` at most; one that is stepped
 * moves by that. *behind: it has not caught up yet. -EPROTO: it lost or created a page.
 */
int hv_step(struct hv *hv, uint64_t most_usec, bool *behind, struct ballast_error *err);
/* Keeps what was done to a simulated host, before anything that depends on it is made durable. */
void hv_save(struct hv *hv);

/* The monotone clock of this machine. */
uint64_t hv_clock_usec(void);

#endif
