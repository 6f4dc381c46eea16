/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Known traps of a host: facts go in, findings come out as data. Each rule is a row of one table.
 * Nothing is looked up here, and an unknown fact triggers no rule.
 */
#ifndef CORE_MODEL_DOCTOR_H
#define CORE_MODEL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/model/host.h"

enum doctor_known { DOCTOR_UNKNOWN, DOCTOR_NO, DOCTOR_YES };

enum doctor_autoballoon {
    DOCTOR_AUTOBALLOON_UNKNOWN, /* xl.conf cannot be read */
    DOCTOR_AUTOBALLOON_AUTO,    /* on unless dom0_mem is on Xen's command line */
    DOCTOR_AUTOBALLOON_ON,
    DOCTOR_AUTOBALLOON_OFF,
};

/*
 * A domain; sizes as in the host's snapshot (video included, extra internal not), or BALLAST_NONE.
 */
struct doctor_domain {
    uint32_t id;
    const char *name;
    bool is_dom0;
    bool runs; /* it is not paused, building or dying */
    bool has_balloon;
    bool kernel_is_up;
    bool reports; /* a program in it reports its use, so it has booted */
    uint64_t tot_kib;
    uint64_t target_kib;
    uint64_t maximum_kib; /* its xen maximum */
    uint64_t static_max_kib;
    uint64_t dynamic_min_kib;
    uint64_t dynamic_max_kib;
    uint64_t pod_entries_kib;
    uint64_t pod_cache_kib;
    uint64_t earlier_target_kib; /* at the first of the two samples */
    const char *malformed;       /* a node with a value that is not usable, or NULL */
};

struct doctor_facts {
    const char *xen_version; /* "": not known */
    bool has_own_profile;    /* one that was measured on this host */
    uint64_t total_kib;
    uint64_t free_kib;
    uint64_t reserved_claim_kib; /* as ballast_host has it */
    uint64_t low_free_kib;       /* below 4 GiB; BALLAST_NONE: unknown */
    uint64_t sampled_usec;       /* between the two samples; 0: only one was taken */
    bool own_daemon;             /* our daemon manages this host, so it may be what moves targets */
    enum doctor_known dom0_mem;  /* is on Xen's command line, */
    enum doctor_known dom0_mem_max; /* and with it max: */
    enum doctor_autoballoon autoballoon;
    enum doctor_known claims;              /* claim_mode of xl.conf */
    enum doctor_known libvirt_autoballoon; /* its libxl driver is in use and shrinks dom0 */
    const char *const *balancers;          /* other balancers that were seen at work */
    size_t balancer_count;
    const struct doctor_domain *domains;
    size_t domain_count;
};

enum doctor_severity {
    DOCTOR_NOTE,    /* worth knowing */
    DOCTOR_WARNING, /* costs memory, or surprises */
    DOCTOR_SERIOUS, /* takes reserved memory, or kills */
};

enum { DOCTOR_EVIDENCE = 256 };

struct doctor_finding {
    const char *rule; /* "autoballoon" ...: static, and stays the same between versions */
    enum doctor_severity severity;
    const struct doctor_domain *domain; /* of the facts; NULL: it is about the host */
    char evidence[DOCTOR_EVIDENCE];     /* one sentence with the figures, no full stop */
    const char *remedy;                 /* the same, static */
};

/*
 * Fills at most `room` findings and returns their total number: the rules in the order of their
 * table, the domains of each in the order of the facts.
 */
size_t doctor_examine(const struct doctor_facts *facts, struct doctor_finding *out, size_t room);

/* "note", "warning", "serious". */
const char *doctor_severity_name(enum doctor_severity severity);

/*
 * Whether Xen's command line has dom0_mem, and with max:; both are set. The last of several counts,
 * as in Xen.
 */
void doctor_read_commandline(const char *commandline, enum doctor_known *dom0_mem,
                             enum doctor_known *dom0_mem_max);

/* The name of the i-th rule, NULL past the end. */
const char *doctor_rule_at(size_t i);

#endif
