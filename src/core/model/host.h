/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state of a host at one moment: the input of a policy and of `fits`, and one line of a
 * recording. A plain value; the caller owns the strings and the array of domains.
 */
#ifndef CORE_MODEL_HOST_H
#define CORE_MODEL_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>
#include <ballast/host.h>

#include "core/model/xen_memory.h"

enum ballast_domain_state {
    BALLAST_DOMAIN_RUN,
    BALLAST_DOMAIN_BUILD,     /* a toolstack is still filling it */
    BALLAST_DOMAIN_PAUSED,    /* its balloon cannot move */
    BALLAST_DOMAIN_MIGRATING, /* must not be asked to free memory */
    BALLAST_DOMAIN_STATES
};

/* No report, no limit: the unset value of the optional fields below. */
#define BALLAST_NONE UINT64_MAX

/* The type of a domain, if known. */
enum ballast_domain_kind {
    BALLAST_KIND_UNKNOWN,
    BALLAST_KIND_PV,
    BALLAST_KIND_PVH,
    BALLAST_KIND_HVM,
    BALLAST_KINDS
};

/* Which program in a guest wrote its report of use. */
enum ballast_report_source {
    BALLAST_REPORT_NONE,        /* nothing is reported */
    BALLAST_REPORT_UNKNOWN,     /* reported, but the sample does not say by what */
    BALLAST_REPORT_MEMINFO,     /* memory/meminfo: Qubes' meminfo-writer */
    BALLAST_REPORT_GUEST_AGENT, /* data/meminfo_free: agents and drivers of XenServer and XCP-ng */
    BALLAST_REPORT_BALLAST_AGENT, /* the same node, where data/ballast shows ballast-agent alive */
    BALLAST_REPORT_SOURCES
};

/* What a guest reports of its pressure (ballast-agent, below data/ballast), and its unit. */
enum ballast_pressure_kind {
    BALLAST_PRESSURE_SOME, /* PSI of memory, avg10: some task waits for memory; permyriad */
    BALLAST_PRESSURE_FULL, /* likewise: all tasks that are not idle wait; permyriad */
    /*
     * Counts since the guest's boot, as in Linux' /proc/vmstat: only the difference between two
     * samples means something, and a count that is lower than before began again.
     */
    BALLAST_PRESSURE_REFAULTS,  /* pages of the working set that were reclaimed and read again */
    BALLAST_PRESSURE_SWAPINS,   /* pages read from swap */
    BALLAST_PRESSURE_STALLS,    /* allocations that had to reclaim memory first */
    BALLAST_PRESSURE_OOM_KILLS, /* processes killed for lack of memory */
    BALLAST_PRESSURES
};

struct ballast_pressure {
    uint32_t known; /* bit 1 << kind for each value that is reported; 0: no pressure is known */
    uint64_t values[BALLAST_PRESSURES];
    uint64_t age_usec; /* since one of them changed, or the agent showed itself alive */
};
/* ballast-agent shows at least so often that it lives. What it reports counts for twice as long. */
#define BALLAST_PRESSURE_ALIVE_USEC (UINT64_C(30) * 1000000)

struct ballast_domain {
    uint32_t id;
    const char *name; /* never NULL; "" if it has none */
    enum ballast_domain_state state;
    enum ballast_domain_kind kind;
    bool is_dom0;
    bool says_suspend;        /* only the guest itself reports that; believed for a short time, see
                                 suspend.h */
    bool has_balloon;         /* its balloon driver was seen */
    bool unranged;            /* no dynamic range is set: min and max are its target */
    bool reboots;             /* it has shut down, and its toolstack starts it again */
    uint64_t tot_kib;         /* its current pages */
    uint64_t video_kib;       /* video memory, included in all its sizes; 0 if unknown */
    uint64_t overhead_kib;    /* what it costs the host beyond tot_kib; 0 if unknown */
    uint64_t target_kib;      /* the last one set; video included, like tot_kib */
    uint64_t maxmem_kib;      /* the xen maximum */
    uint64_t dynamic_min_kib; /* the dynamic range of its target */
    uint64_t dynamic_max_kib;
    uint64_t static_max_kib;
    uint64_t build_left_kib;    /* what its build is still to allocate */
    uint64_t used_kib;          /* reported by the guest, or BALLAST_NONE: late, absent or false */
    uint64_t reported_free_kib; /* likewise; of what it holds now: ballooning since is counted */
    uint64_t reported_swap_kib; /* likewise: part of its use that is in swap; 0: none, or unknown */
    uint64_t report_age_usec;   /* reported likewise */
    enum ballast_report_source report_source;
    struct ballast_pressure pressure;
    uint64_t pod_entries_kib; /* to be populated on demand; 0: none */
    uint64_t pod_cache_kib;   /* of tot_kib: the cache for that */
    /*
     * Learned before the balancer first saw it: where its balloon stopped when it was asked for
     * less, when, and how often. 0: nothing is known.
     */
    uint64_t stopped_kib;
    uint64_t stopped_usec;
    uint32_t stops;
    /* The target that an administrator set and the balancer keeps; 0: none. */
    uint64_t pinned_kib;
    uint64_t shares; /* its weight: 1000 is the default, 0 means not balanced */
};

/* The shares of a domain that has none set: the default of Proxmox and libvirt. */
#define BALLAST_DEFAULT_SHARES 1000

/* The size of a version as Xen reports it, terminator included. */
enum { BALLAST_XEN_VERSION = 80 };
/* The size of a processor's name, likewise. */
enum { BALLAST_PROCESSOR = 48 };

struct ballast_host {
    uint64_t now_usec;
    uint64_t total_kib;
    uint64_t free_kib;    /* unallocated, scrubbed or not */
    uint64_t scrub_kib;   /* of free_kib: not scrubbed yet */
    uint64_t claimed_kib; /* of free_kib: claimed in Xen for domains being built */
    /* Of free_kib, beside claimed_kib: claimed in Xen for reservations, hv_claim() of edge/hv. */
    uint64_t reserved_claim_kib;
    /* What the domains cost that hold it, and are in no list, and what more of them may cost. */
    uint64_t parked_kib;
    uint64_t parked_room_kib; /* part of slack where reservations are claimed; 0: none can come */
    uint64_t xen_kib;         /* used by Xen itself; 0 if unknown */
    /* What xen_kib consists of; if that is unknown, what it should at least be. */
    struct ballast_xen_memory xen_memory;
    uint64_t slack_kib; /* of free_kib: kept for Xen, never reserved */
    /* Part of slack whatever slack is set to: what Xen lets domains take beyond maxmem_kib. */
    uint64_t extra_internal_kib;
    struct ballast_host_caps caps;
    struct ballast_domain *domains;
    size_t domain_count;
    char xen_version[BALLAST_XEN_VERSION]; /* "4.17.7+13-g2445b30a44"; "" if unknown */
    char processor[BALLAST_PROCESSOR];     /* "GenuineIntel-6-55-4"; "" if unknown */
};

/* "run", "build", "paused", "migrating". */
const char *ballast_domain_state_name(enum ballast_domain_state state);
/* The state with that name, or -ENOENT. */
int ballast_domain_state_find(const char *word);

/* "none", "unknown", "meminfo-writer", "guest-agent", "ballast-agent". */
const char *ballast_report_source_name(enum ballast_report_source source);
/* The source with that name, or -ENOENT. */
int ballast_report_source_find(const char *word);

/* Its key: "psi_some_permyriad", "psi_full_permyriad", "refaults", "swapins", "stalls",
 * "oom_kills". */
const char *ballast_pressure_name(enum ballast_pressure_kind kind);
/* The most that a value of that kind can be. */
uint64_t ballast_pressure_most(enum ballast_pressure_kind kind);
/* A value that is reported, or BALLAST_NONE. */
uint64_t ballast_pressure_value(const struct ballast_pressure *pressure,
                                enum ballast_pressure_kind kind);

/* Whether the processor of that name ("GenuineIntel-6-55-4") has Intel's virtualisation. */
bool ballast_processor_is_vmx(const char *processor);

/* "pv", "pvh", "hvm"; NULL if unknown. */
const char *ballast_domain_kind_name(enum ballast_domain_kind kind);
/* BALLAST_KIND_UNKNOWN for any other word. */
enum ballast_domain_kind ballast_domain_kind_find(const char *word);

/*
 * Checks that the snapshot is consistent: free memory and its parts are within the total, dynamic
 * minimum <= dynamic maximum <= static maximum, ids are unique. -EINVAL with the contradiction. O(n
 * log n).
 */
int ballast_host_check(const struct ballast_host *host, struct ballast_error *err);

/*
 * The sum of free memory, Xen, and the domains with their overhead, parked ones included. -EINVAL
 * if it exceeds 64 bits: no host is that large, and no sum over it could be exact.
 */
int ballast_host_sum(const struct ballast_host *host, uint64_t *out_kib, struct ballast_error *err);

/*
 * Free memory that a start can have at once: less slack, what is reserved, what is kept from
 * starts, and the larger of what is claimed in Xen and what builds still need, which are the same
 * memory. Of what is reserved and what is claimed in Xen for that the larger counts.
 */
uint64_t ballast_host_at_once_kib(const struct ballast_host *host, uint64_t reserved_kib,
                                  uint64_t kept_kib);
/* The same where the sum of what builds still need is known. */
uint64_t ballast_host_at_once_beside_kib(const struct ballast_host *host, uint64_t building_kib,
                                         uint64_t reserved_kib, uint64_t kept_kib);
/* The same with nothing reserved or kept. */
uint64_t ballast_host_available_kib(const struct ballast_host *host);

/* Among the domains of one sample; NULL: not there. */
const struct ballast_domain *ballast_domain_find(const struct ballast_domain *domains, size_t count,
                                                 uint32_t id);

/*
 * Whether a balancer may set its target: it runs, has a balloon, shares and a valid range. That
 * excludes a dom0 of a fixed size, and a domain that is still populated on demand.
 */
bool ballast_domain_is_asked(const struct ballast_domain *domain);
/*
 * What a domain that the balancer does not ask may still take to reach its target: free memory that
 * no start can have. 0 for a paused domain.
 */
uint64_t ballast_domain_untaken_kib(const struct ballast_domain *domain);

/*
 * Populate on demand: the memory that the domain still lacks before it can touch all that it
 * believes it has. Its balloon driver brings this to 0. Until then the domain dies if it touches
 * more than its cache, a raised target takes memory at once, and a lowered one frees nothing. A
 * balloon may stop up to LIBXL_MAXMEM_CONSTANT short of its target; that much does not count.
 */
uint64_t ballast_domain_pod_lacks_kib(const struct ballast_domain *domain);

/*
 * The use that it reports, with video memory included like in tot_kib: a guest does not know of its
 * video memory, and its balloon cannot free that. BALLAST_NONE: no report.
 */
uint64_t ballast_domain_used_kib(const struct ballast_domain *domain);

/* What a domain could free down to its dynamic minimum; 0 if it must not be asked. */
uint64_t ballast_domain_spare_kib(const struct ballast_domain *domain);

#endif
