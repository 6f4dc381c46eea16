/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads guests from xl.cfg, libvirt domain XML and JSON. Every guest returned has passed
 * ballast_settle(), so a refusal of the toolstack is reported here, with its line.
 *
 * Every error text is one sentence that begins "file:line: key: " (without the line where something
 * is missing) and says what to write instead.
 */
#ifndef EDGE_GUESTCFG_GUESTCFG_H
#define EDGE_GUESTCFG_GUESTCFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <ballast/error.h>
#include <ballast/host.h>

#include "core/base/uuid.h"
#include "core/model/breakdown.h"
#include "core/model/guest.h"

/*
 * Larger input is refused. The first is for JSON, which may hold many guests; xl.cfg and XML:
 * GUESTCFG_MAX_ONE_GUEST.
 */
enum { GUESTCFG_MAX_BYTES = 16 << 20, GUESTCFG_MAX_GUESTS = 1 << 16, GUESTCFG_MAX_FAULTS = 1000 };

/* autoballoon= of xl.conf(5): whether xl takes memory for a new guest from dom0. */
enum guestcfg_autoballoon {
    GUESTCFG_AUTOBALLOON_AUTO, /* the default: unless dom0_mem is on Xen's command line */
    GUESTCFG_AUTOBALLOON_ON,
    GUESTCFG_AUTOBALLOON_OFF,
};

/* Settings of xl.conf(5) for every guest that xl starts. */
struct guestcfg_xl_conf {
    enum guestcfg_autoballoon autoballoon;
    uint64_t claim_mode;       /* 0 or 1; BALLAST_UNSET: the default, 1 */
    uint64_t max_grant_frames; /* for guests that set none; BALLAST_UNSET: Xen's default */
    uint64_t max_maptrack_frames;
};

/* An empty xl.conf. */
#define GUESTCFG_XL_CONF_DEFAULT                                                                   \
    ((struct guestcfg_xl_conf){.claim_mode = BALLAST_UNSET,                                        \
                               .max_grant_frames = BALLAST_UNSET,                                  \
                               .max_maptrack_frames = BALLAST_UNSET})

struct guestcfg_options {
    const struct ballast_host_caps *caps;   /* NULL: everything */
    const struct guestcfg_xl_conf *xl_conf; /* NULL: its defaults; only for xl.cfg files */
    const struct ballast_profile *profile;  /* whose toolstack's rules apply; NULL: libxl's */
    bool keep_going; /* record a guest that cannot be read in list->faults and go on */
};

/* Notes about the file that the guest's figures do not show. */
enum guestcfg_remark {
    GUESTCFG_REMARK_MAX_MEMORY,   /* kib: <maxMemory>, which sizes the pool */
    GUESTCFG_REMARK_NOT_COUNTED,  /* keys that may cost memory that no profile counts */
    GUESTCFG_REMARK_UNKNOWN_KEYS, /* keys that Ballast does not know */
    GUESTCFG_REMARKS
};

struct guestcfg_remarks {
    uint32_t set; /* bit by enum guestcfg_remark */
    uint64_t kib; /* of GUESTCFG_REMARK_MAX_MEMORY */
    /* For the two kinds of keys: as many names as fit, and the number of those left out. */
    struct guestcfg_keys {
        char names[112];
        unsigned left_out;
    } not_counted, unknown;
};

/* "max-memory", "not-counted", "unknown-keys". */
const char *guestcfg_remark_name(enum guestcfg_remark remark);
/* As ballast_breakdown_note_text(); 0 where it does not apply or `remarks` is NULL. */
size_t guestcfg_remark_text(const struct guestcfg_remarks *remarks, enum guestcfg_remark remark,
                            char *buf, size_t size);

struct guestcfg_guest {
    struct ballast_guest guest;
    char uuid[BALLAST_UUID_TEXT]; /* of its domain, from XML and libxl's JSON; "": not named */
    struct guestcfg_remarks remarks;
    /*
     * JSON only. A guest with segments but no configuration has no attributes: `given` is its
     * breakdown, and no profile applies to it. For a guest with a configuration, `profile` is the
     * one it names (NULL: none), and its figures agree with that profile.
     */
    bool has_given;
    struct ballast_breakdown given;
    char given_profile[64]; /* the profile's name in the JSON, known or not; "" for none */
    const struct ballast_profile *profile;
};

struct guestcfg_list {
    struct guestcfg_guest *guests;
    size_t count;
    struct ballast_error
        *faults; /* of guests that could not be read, GUESTCFG_MAX_FAULTS at most */
    size_t fault_count;
};

void guestcfg_list_release(struct guestcfg_list *list);

/*
 * Appends the guests of one file to *list; "-" is standard input. The content decides the format:
 * '<' begins XML, '{' or '[' JSON, anything else xl.cfg. xl.cfg holds one guest; XML and JSON, ours
 * or libxl's (libxl_json.h), any number. Of a file that `xl save` wrote only its configuration is
 * read. -EINVAL; -EFBIG; -ENOTSUP: libxlutil or libxml2 is
 * missing; errnos of open and read. On failure *list is unchanged.
 */
int guestcfg_read(const char *path, const struct guestcfg_options *options,
                  struct guestcfg_list *list, struct ballast_error *err);

/* The same from memory; messages call the file `name`. `data` need not be terminated. */
int guestcfg_parse(const char *name, const char *data, size_t length,
                   const struct guestcfg_options *options, struct guestcfg_list *list,
                   struct ballast_error *err);

/* One format each. On failure *out is unchanged. */
int guestcfg_parse_xl(const char *name, const char *data, size_t length,
                      const struct guestcfg_options *options, struct guestcfg_guest *out,
                      struct ballast_error *err);
int guestcfg_parse_libvirt(const char *name, const char *data, size_t length,
                           const struct guestcfg_options *options, struct guestcfg_list *list,
                           struct ballast_error *err);
int guestcfg_parse_json(const char *name, const char *data, size_t length,
                        const struct guestcfg_options *options, struct guestcfg_list *list,
                        struct ballast_error *err);

/* From `xl save` and `xl migrate`: so many bytes of them tell how many have all of the
 * configuration. */
enum { GUESTCFG_SAVE_HEAD = 52 };
int guestcfg_xl_save_bytes(const char *name, const char *head, size_t *out,
                           struct ballast_error *err);
/* At least GUESTCFG_SAVE_HEAD bytes, which guestcfg_parse() has looked at. */
int guestcfg_parse_xl_save(const char *name, const char *data, size_t length,
                           const struct guestcfg_options *options, struct guestcfg_list *list,
                           struct ballast_error *err);

/* xl.conf(5); a missing file means all defaults. -EINVAL, -ENOTSUP as above. */
int guestcfg_read_xl_conf(const char *path, struct guestcfg_xl_conf *out,
                          struct ballast_error *err);
int guestcfg_parse_xl_conf(const char *name, const char *data, size_t length,
                           struct guestcfg_xl_conf *out, struct ballast_error *err);

/*
 * Writes one line of JSON with its newline to `out`: the object "guest" of docs/formats.md. `guest`
 * may be NULL where only a breakdown is known; the line then lacks "config", "need_terms",
 * "cost_terms" and "notes". guestcfg_parse_json() accepts the line, and writing its result gives
 * the same line. `profile_name` may be NULL. Returns 0 or the negative errno of the stream. Does
 * not flush.
 */
int guestcfg_write_json(FILE *out, const char *name, const struct ballast_guest *guest,
                        const struct ballast_breakdown *breakdown, const char *profile_name);

/* Exact costs to show beside a need. */
struct guestcfg_beside {
    const struct guestcfg_exact {
        const char *profile_name;
        const struct ballast_breakdown *breakdown;
    } * exact;
    size_t count;
};

/*
 * The same with the guest's remarks among the notes and with "beside", which readers ignore. Either
 * may be NULL.
 */
int guestcfg_write_json_beside(FILE *out, const char *name, const struct ballast_guest *guest,
                               const struct ballast_breakdown *breakdown, const char *profile_name,
                               const struct guestcfg_remarks *remarks,
                               const struct guestcfg_beside *beside);

#endif
