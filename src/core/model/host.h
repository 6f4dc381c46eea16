/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host as it is at one moment: what a policy judges, what `fits` answers from, what a recording
 * is a line of. It is a plain value; the strings and the array of domains belong to whoever built
 * it.
 */
#ifndef CORE_MODEL_HOST_H
#define CORE_MODEL_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>
#include <ballast/host.h>

enum ballast_domain_state {
    BALLAST_DOMAIN_RUN,
    BALLAST_DOMAIN_BUILD,     /* a toolstack is still filling it */
    BALLAST_DOMAIN_PAUSED,    /* its balloon cannot move */
    BALLAST_DOMAIN_MIGRATING, /* must not be asked for anything */
    BALLAST_DOMAIN_STATES
};

/* No report, no limit: the unset value of the optional fields below. */
#define BALLAST_NONE UINT64_MAX

/* What a domain is to Xen, where that is known. */
enum ballast_domain_kind {
    BALLAST_KIND_UNKNOWN,
    BALLAST_KIND_PV,
    BALLAST_KIND_PVH,
    BALLAST_KIND_HVM,
    BALLAST_KINDS
};

struct ballast_domain {
    uint32_t id;
    const char *name; /* never NULL; "" where it has none */
    enum ballast_domain_state state;
    enum ballast_domain_kind kind;
    bool is_dom0;
    bool says_suspend;        /* by its own word alone, and longer than that counts: it is none */
    bool has_balloon;         /* its balloon driver has shown itself */
    uint64_t tot_kib;         /* pages it holds */
    uint64_t video_kib;       /* of them, and of all its sizes: its video memory; 0 where unknown */
    uint64_t overhead_kib;    /* what the host spends on it beyond them; 0 where unknown */
    uint64_t target_kib;      /* last set; counts like tot_kib, video included */
    uint64_t maxmem_kib;      /* Xen's limit */
    uint64_t dynamic_min_kib; /* the range in which a target may move */
    uint64_t dynamic_max_kib;
    uint64_t static_max_kib;
    uint64_t build_left_kib;    /* still to be allocated while it is built */
    uint64_t used_kib;          /* the guest's own word, or BALLAST_NONE: late, absent or a lie */
    uint64_t reported_free_kib; /* the same */
    uint64_t report_age_usec;   /* the same */
    uint64_t pod_entries_kib;   /* promised to it on demand and not there yet; 0: none */
    uint64_t pod_cache_kib;     /* of tot_kib: held for that */
    /* Known of it from before whoever judges has seen it: where its balloon stopped when it was
     * asked for less, when, how often. 0: nothing is. */
    uint64_t stopped_kib;
    uint64_t stopped_usec;
    uint32_t stops;
    /* The target that an administrator set, and the balancer is to keep; 0: none. */
    uint64_t pinned_kib;
    uint64_t shares; /* weight among its peers; 1000 is the usual one, 0 is left alone */
};

/* Shares of a domain that has been given none: what Proxmox and libvirt call the default. */
#define BALLAST_DEFAULT_SHARES 1000

/* Of a version as Xen says it, terminator included. */
enum { BALLAST_XEN_VERSION = 80 };
/* Of what names a processor, the same. */
enum { BALLAST_PROCESSOR = 48 };

struct ballast_host {
    uint64_t now_usec;
    uint64_t total_kib;
    uint64_t free_kib;    /* unallocated, scrubbed or not */
    uint64_t scrub_kib;   /* of the free part: not scrubbed yet */
    uint64_t claimed_kib; /* of the free part: staked in Xen for domains being built */
    uint64_t xen_kib;     /* Xen itself; 0 where unknown */
    uint64_t slack_kib;   /* of the free part: kept for Xen, never promised */
    /* Of slack, whatever slack is set to: what Xen lets domains take beyond maxmem_kib. */
    uint64_t extra_internal_kib;
    struct ballast_host_caps caps;
    struct ballast_domain *domains;
    size_t domain_count;
    char xen_version[BALLAST_XEN_VERSION]; /* "4.17.7+13-g2445b30a44"; "" where unknown */
    char processor[BALLAST_PROCESSOR];     /* "GenuineIntel-6-55-4"; "" where unknown */
};

/* "run", "build", "paused", "migrating". */
const char *ballast_domain_state_name(enum ballast_domain_state state);
/* The state of that word, or -ENOENT. */
int ballast_domain_state_find(const char *word);

/* Whether a processor of that name ("GenuineIntel-6-55-4") virtualises as Intel's do. */
bool ballast_processor_is_vmx(const char *processor);

/* "pv", "pvh", "hvm"; NULL where it is not known. */
const char *ballast_domain_kind_name(enum ballast_domain_kind kind);
/* BALLAST_KIND_UNKNOWN for any other word. */
enum ballast_domain_kind ballast_domain_kind_find(const char *word);

/*
 * Whether the snapshot can be true: free and its parts within total, dynamic minimum <= dynamic
 * maximum <= static maximum, ids unique. -EINVAL with what contradicts what. O(n log n).
 */
int ballast_host_check(const struct ballast_host *host, struct ballast_error *err);

/*
 * What free memory, Xen and the domains with their overhead make together. -EINVAL when that is
 * more than 64 bits: no host is, and no account of it could be kept.
 */
int ballast_host_sum(const struct ballast_host *host, uint64_t *out_kib, struct ballast_error *err);

/*
 * Free memory that a start can have at once: what is staked in Xen or still missing to builds,
 * which is the same memory seen twice, what is promised, slack, and what is kept from starts are
 * off.
 */
uint64_t ballast_host_at_once_kib(const struct ballast_host *host, uint64_t promised_kib,
                                  uint64_t kept_kib);
/* The same with nothing promised or kept. */
uint64_t ballast_host_available_kib(const struct ballast_host *host);

/* Whether a balancer may tell it anything: it runs, has a balloon and shares, and its range can be
 * true; a dom0 of a fixed size is none of them, nor who is populated on demand and not covered. */
bool ballast_domain_is_asked(const struct ballast_domain *domain);
/*
 * What one that is not asked has been told to take by somebody else: free still, and no start's.
 * One that is paused takes nothing.
 */
uint64_t ballast_domain_told_kib(const struct ballast_domain *domain);

/*
 * Promised to it on demand beyond what is there: what it still lacks before it may touch all that
 * it thinks it has. Its balloon driver brings that to 0; until then touching more than the cache
 * kills it, a raised target takes memory at once, and a lowered one returns nothing. What a balloon
 * may stop short of its target, up to LIBXL_MAXMEM_CONSTANT, is nothing that it lacks.
 */
uint64_t ballast_domain_pod_lacks_kib(const struct ballast_domain *domain);

/*
 * What it says it uses, counted like tot_kib: a guest knows nothing of its video memory, and its
 * balloon never gives that. BALLAST_NONE: it says nothing.
 */
uint64_t ballast_domain_used_kib(const struct ballast_domain *domain);

/* What a domain could give down to its dynamic minimum; 0 where it must not be asked at all. */
uint64_t ballast_domain_spare_kib(const struct ballast_domain *domain);

#endif
