/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballastd.conf(5): an INI file, read as a whole or not at all. */
#ifndef APP_BALLASTD_ENGINE_CONFIG_H
#define APP_BALLASTD_ENGINE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/policy/policy.h"

enum { ENGINE_CONFIG_NAME = 48, ENGINE_CONFIG_GUESTS = 4096 };
/* sun_path of unix(7). */
enum { ENGINE_CONFIG_PATH = 108 };

struct calibration;

/* [guest NAME]; what is BALLAST_NONE was not given. */
struct engine_config_guest {
    char name[ENGINE_CONFIG_NAME];
    uint64_t shares;
    uint64_t min_kib; /* engine_config_range() has these two with the parts */
    uint64_t max_kib;
    uint64_t min_part; /* of its static maximum, BALLAST_WHOLE being all; 0: it is a size */
    uint64_t max_part;
    bool opt_out;
};

struct engine_config {
    const struct policy *policy;
    uint64_t slack_kib;                /* BALLAST_NONE: the host's own */
    char headroom[ENGINE_CONFIG_PATH]; /* as it was written: a size, or "largest:DIR" */
    uint64_t headroom_kib;             /* the size; 0: none, or that of a guest in DIR */
    char group[32];                    /* whose members may change things; "": only root may */
    uint64_t interval_usec;            /* while something moves or waits */
    uint64_t idle_interval_usec;       /* while nothing does */
    uint64_t lease_usec;               /* of a reservation that names none */
    uint64_t quota_reservations;       /* open ones of a user that is not root; 0: no limit */
    uint64_t quota_kib;                /* what such a user may have reserved; 0: no limit */
    uint64_t reboot_lease_usec;        /* of what a domain that reboots held; 0: it is not kept */
    uint64_t dom0_floor_kib;
    uint64_t guest_floor_kib;
    uint64_t inaccuracy_kib;
    uint64_t soft_permyriad; /* of the host's memory: as balancer_settings has them */
    uint64_t hard_permyriad;
    uint64_t low_permyriad;
    uint64_t squeeze_permyriad; /* of a guest's memory */
    uint64_t start_up_usec;
    uint64_t rival_writes; /* so many targets that were not ours ... */
    uint64_t rival_usec;   /* ... in so long are a second balancer's; we stand back as long as
                              there has been one in rival_quiet_usec */
    uint64_t rival_quiet_usec;
    uint64_t history_kib; /* what the history may take on disk; 0: none is kept */
    char squeezed_socket[ENGINE_CONFIG_PATH]; /* where XAPI looks for squeezed; "": nowhere */
    char message_switch[ENGINE_CONFIG_PATH];  /* the socket of XAPI's switch; "": not used */
    char squeezed_config[ENGINE_CONFIG_PATH]; /* instead of /etc/squeezed.conf; "": that */
    char qmemman_socket[ENGINE_CONFIG_PATH];  /* where qubesd looks for qmemman; "": nowhere */
    char qmemman_dir[ENGINE_CONFIG_PATH];     /* of qmemman's two files; "": they are not used */
    char qmemman_config[ENGINE_CONFIG_PATH];  /* instead of /etc/qubes/qmemman.conf; "": that */
    size_t clients;                           /* at once, on each socket */
    /* A connection that leaves what it was sent unread for longer is closed. */
    uint64_t unread_usec;
    bool balloons; /* false: no domain is balanced, reservations are kept */
    bool claims;   /* what is granted is claimed in Xen: hv_claim() */
    /* The profile of this very host, read from its file; NULL: that of its Xen. */
    struct calibration *calibration;
    bool profile_is_set;     /* a host-profile, or that there is none */
    char profile_fault[256]; /* why that of the usual place is left out; "": it is not */
    struct engine_config_guest *guests;
    size_t guest_count;
    uint64_t given; /* a bit for each key of [ballastd] that the file has */
    /* Of the host's memory, BALLAST_WHOLE being all, for the size of that name; 0: it is a size. */
    uint64_t slack_part;
    uint64_t headroom_part;
    uint64_t quota_part;
    uint64_t dom0_floor_part;
    uint64_t guest_floor_part;
    /* Of squeezed.conf; what [guest] has for dom0 goes before. */
    uint64_t dom0_min_kib; /* BALLAST_NONE: the host's own, as the next */
    uint64_t dom0_max_kib;
    bool dom0_is_fixed; /* it is not balanced */
};

/* What is in force where no file says anything else. */
struct engine_config engine_config_default(void);
/* What of it is the balancer's. */
struct balancer_settings engine_config_settings(const struct engine_config *config);
/*
 * `path` NULL: the usual place, which need not exist. -EINVAL: "PATH:LINE: [SECTION] KEY: what is
 * wrong: what to use instead"; the errnos of reading. On failure *out is as it was. What it holds
 * is freed by engine_config_release(), which is harmless on zeros.
 */
int engine_config_read(const char *path, struct engine_config *out, struct ballast_error *err);
void engine_config_release(struct engine_config *config);
/*
 * Where the file names no host-profile: takes that of the usual place, if there is one. Nothing
 * names it, so one that cannot be read is not a failure: it is left out, and profile_fault says
 * why.
 */
void engine_config_usual_profile(struct engine_config *config);
/* Makes sizes of what was given as parts of the host's memory; again when that changes. */
void engine_config_resolve(struct engine_config *config, uint64_t host_kib);
/*
 * The range of a guest (NULL: none) whose static maximum is that, BALLAST_NONE if it is not known.
 * BALLAST_NONE: no such bound was given, or it is a part of what is not known.
 */
void engine_config_range(const struct engine_config_guest *guest, uint64_t static_max_kib,
                         uint64_t *min_kib, uint64_t *max_kib);
/*
 * Sets the headroom: "SIZE", "10%" or "largest:DIR". -EINVAL: `value` is neither; the text says
 * what to use.
 */
int engine_config_set_headroom(struct engine_config *config, const char *value,
                               struct ballast_error *err);
/* DIR of that, or NULL; it is the configuration's. */
const char *engine_config_headroom_folder(const struct engine_config *config);
/* A key of [ballastd] as it is in force. */
enum engine_config_unit {
    ENGINE_CONFIG_KIB,
    ENGINE_CONFIG_USEC,
    ENGINE_CONFIG_COUNT,
    ENGINE_CONFIG_PERMYRIAD,
    ENGINE_CONFIG_FLAG,
    ENGINE_CONFIG_TEXT,
};

struct engine_config_value {
    const char *key;
    enum engine_config_unit unit;
    uint64_t number; /* BALLAST_NONE: the host's own; of a flag 0 or 1 */
    const char *text;
};

/* The keys from 0 on, all but host-profile; false: there are no more. */
bool engine_config_at(const struct engine_config *config, size_t i,
                      struct engine_config_value *out);
/* Whether the file has that key of [ballastd]. */
bool engine_config_is_given(const struct engine_config *config, const char *key);
/* Of the guest of that name, or NULL. */
const struct engine_config_guest *engine_config_guest(const struct engine_config *config,
                                                      const char *name);

#endif
