/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one loop, shared by the simulator's command and the daemon. A tick always does the same in
 * the same order: re-arm (the next tick is due whatever becomes of this one), refresh, decide,
 * sample again (what has changed since is not acted on), lower, sample once more, grant and raise
 * from what is then free, record. A tick that decides nothing samples once.
 *
 * A book knows the requests and the reservations: the ledger in the daemon, a toolstack's starts in
 * a simulation.
 */
#ifndef APP_TICK_TICK_H
#define APP_TICK_TICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/model/host.h"
#include "core/policy/balancer.h"
#include "core/policy/policy.h"
#include "edge/hv/hv.h"

/* How often a host is sampled. A balloon moves 5 to 40 MiB in that time. */
#define TICK_USEC UINT64_C(100000)

struct tick_book {
    void *book; /* handed to each of these */
    /* Those that wait, valid until the next answer. */
    int (*waiting)(void *book, const struct balancer_request **out, size_t *count,
                   struct ballast_error *err);
    /* Granted to starts that this snapshot does not show yet as memory, claims or builds. */
    uint64_t (*reserved_kib)(void *book, const struct ballast_host *host);
    /*
     * Records the verdict for good, then tells the client that waits; `host` is the second sample.
     * A failure leaves the request waiting; it comes again with the next tick.
     */
    int (*answer)(void *book, const struct ballast_host *host,
                  const struct balancer_verdict *verdict, struct ballast_error *err);
};

/* The laws that a tick can see broken, by their number. */
enum tick_law {
    TICK_LAW_CONSERVATION = 1, /* what the host shows exceeds its total */
    TICK_LAW_RESERVED = 2,     /* free memory does not cover slack and reservations */
    TICK_LAW_BOUNDS =
        3, /* a target out of its range, or maxima that allow reserved memory to be taken */
    TICK_LAW_FREE_FIRST = 4, /* a target that lets a domain grow into memory that is not free */
    TICK_LAW_NO_KILL = 7,    /* asked one that must not be asked, or maximum below target */
};

struct tick_breach {
    enum tick_law law;
    uint32_t domid;        /* at fault, where one is */
    uint64_t found_kib;    /* what is there */
    uint64_t required_kib; /* what must be */
    const char *words;     /* what the two are */
};

enum { TICK_BREACHES = 16 };

/* What a set that was decided on came to. */
enum tick_outcome {
    TICK_DONE,
    TICK_SKIPPED, /* what it was decided on had changed by the second sample */
    TICK_FAILED,
};

struct tick_result {
    uint64_t next_usec; /* when the next tick is due */
    bool has_decided;   /* false: the host could not be read, see the error */
    size_t done;        /* sets that were */
    size_t skipped;
    size_t failed;
    size_t granted;
    size_t refused;
    size_t postponed; /* verdicts that were not carried out */
    struct balancer_output decided;
    struct tick_breach breaches[TICK_BREACHES];
    size_t breach_count;
};

/* Called with each decision and its outcome. All may be NULL. */
struct tick_memory {
    void *memory;
    void (*set)(void *memory, const struct ballast_host *host, const struct balancer_set *set,
                enum tick_outcome outcome);
    void (*verdict)(void *memory, const struct ballast_host *host,
                    const struct balancer_verdict *verdict, bool carried_out);
};

struct tick;

struct tick_config {
    struct hv *hv; /* the caller's, must outlive the tick */
    const struct policy *policy;
    struct balancer_options options;
    struct tick_book book;
    struct tick_memory memory;
    uint64_t interval_usec; /* 0: TICK_USEC */
    bool dry;               /* decides; sets, answers and remembers nothing */
    bool checks_laws;       /* samples a third time and holds what came against the laws */
};

/* NULL: out of memory. */
struct tick *tick_new(const struct tick_config *config);
void tick_free(struct tick *tick); /* NULL is allowed */
/* All that was learned is lost, as when the daemon is killed. -ENOMEM. */
int tick_forget(struct tick *tick, struct ballast_error *err);
/* Another policy from the next tick on; what was learned is kept. */
void tick_set_policy(struct tick *tick, const struct policy *policy);
/* How far from its target a balloon may stop, from the next tick on. */
void tick_set_inaccuracy(struct tick *tick, uint64_t kib);
/* What the balancer leaves free for starts that do not ask, likewise. */
void tick_set_headroom(struct tick *tick, uint64_t kib);
/* What an administrator sets of the balancer, likewise. */
void tick_set_settings(struct tick *tick, const struct balancer_settings *settings);
/* Whether it only decides, from the next tick on. */
void tick_set_dry(struct tick *tick, bool dry);
const struct balancer *tick_balancer(const struct tick *tick);

/*
 * One tick at `now_usec` of the host's clock. A set that fails costs that set; only a host that
 * cannot be read, a snapshot that cannot be true or want of memory is an error (has_decided says
 * whether anything was done), and *out is filled all the same.
 */
int tick_run(struct tick *tick, uint64_t now_usec, struct tick_result *out,
             struct ballast_error *err);

/* "law 4, free before take: domain 3: ..." as snprintf. */
size_t tick_breach_text(const struct tick_breach *breach, char *buf, size_t size);

#endif
