/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host that a command looks at or changes: the one it runs on, or a simulated one. Everything
 * here complains on stderr itself and returns an exit status, CLI_DONE where all is well.
 */
#ifndef APP_BALLAST_ACCESS_HOST_ACCESS_H
#define APP_BALLAST_ACCESS_HOST_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edge/hv/xen.h"

/* For the row of an option that every such command has. */
#define CLI_HOST_HELP "xen, sim[:SCENARIO] or a file, not through the daemon"

/*
 * A domain as the commands see it: all that xen.h knows, and what only the port's snapshot has. Of
 * a simulated domain only what the snapshot has is there.
 */
struct cli_domain {
    struct hv_domain is;
    char *shown; /* its name for people's eyes */
    bool is_dom0;
    enum ballast_domain_state state;
    uint64_t whole_target_kib; /* counts like tot_kib; BALLAST_NONE where there is no target */
    uint64_t overhead_kib;
    uint64_t video_kib;  /* of what it holds; 0 where unknown */
    uint64_t pinned_kib; /* its pinned target, as the daemon has it; BALLAST_NONE: it has none */
};

struct snapshot;

struct host_access {
    struct hv *hv;                   /* also what a daemon keeps: see host_access_daemon.h */
    int lock;                        /* -1: not taken */
    const struct ballast_host *host; /* of the last look */
    struct cli_domain *domains;      /* the same, by id */
    size_t count;
};

/*
 * `which` as the option has it. NULL, the default: a command that `changes` something goes through
 * the daemon where one runs; one that reads asks the running Xen where there is one and no daemon
 * was named by
 * --run-dir or BALLAST_RUN_DIR; each the other one else. A file has a snapshot,
 * of a recording the last one, or what `xl info` prints; it is only looked at. Where Xen itself is
 * changed, the lock of those who do is taken: CLI_UNREACHABLE when another program has it. CLI_BAD
 * for a scenario that cannot be read.
 */
int host_access_open(struct host_access *access, const char *which, bool changes);
/* To look at it only; a file may contradict itself. */
int host_access_open_unchecked(struct host_access *access, const char *which);
/* Opens a host to look at, and looks once. */
int host_access_sample(struct host_access *access, const char *which);
/* The running Xen to look at, without a word where there is none. */
int host_access_try(struct host_access *access);
/* Whether it names a file; NULL does not. */
bool host_access_is_file(const char *which);
/* Says on stderr what a host that came as another program's text does not tell. */
void host_access_report_lacks(const struct snapshot *snapshot, const char *path);
void host_access_close(struct host_access *access); /* one that failed to open is fine too */

/* Reads again: what was found before is gone. */
int host_access_refresh(struct host_access *access);
/* Moves a host on that waits for its user; others move by themselves. */
int host_access_step(struct host_access *access, uint64_t usec);
/* Lets so much time pass on the host. A signal ends it early. */
int host_access_wait(struct host_access *access, uint64_t usec);

/*
 * By id or name; what is all digits is an id unless a domain has it as its name. CLI_BAD, with a
 * message, when there is none. NULL as `command`: no message.
 */
int host_access_find(const struct host_access *access, const char *command, const char *id_or_name,
                     const struct cli_domain **out);
/* NULL when it is gone. */
const struct cli_domain *host_access_by_id(const struct host_access *access, uint32_t id);

/*
 * The configuration that a toolstack keeps of a domain, as hv_config(). -ENOTSUP of an exact host,
 * where no toolstack keeps any and nothing is to be explained by it.
 */
int host_access_config(const struct host_access *access, uint32_t domid, struct ballast_guest *out,
                       struct ballast_error *err);

/* "run", "paused", "shutdown" ... */
const char *cli_domain_state_name(const struct cli_domain *domain);
/* "pv" ..., or "-". */
const char *cli_domain_type_name(const struct cli_domain *domain);
/* What it may hold by Xen's maximum, counted like tot_kib. */
uint64_t cli_domain_maximum_kib(const struct cli_domain *domain);

#endif
