/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests from the files that people have: xl.cfg, libvirt domain XML, JSON. What comes out has
 * passed ballast_settle(), so every refusal of the toolstack is told here, where the line is known.
 *
 * Every error text is one sentence that begins "file:line: key: " (the line left out where the
 * fault is that something is missing), and says what would be right.
 */
#ifndef EDGE_GUESTCFG_GUESTCFG_H
#define EDGE_GUESTCFG_GUESTCFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <ballast/error.h>
#include <ballast/host.h>

#include "core/model/breakdown.h"
#include "core/model/guest.h"

/*
 * What is past these is refused. The first is for JSON, which may hold many guests; a file that
 * holds one, xl.cfg or XML, may have 1 MiB.
 */
enum { GUESTCFG_MAX_BYTES = 16 << 20, GUESTCFG_MAX_GUESTS = 1 << 16, GUESTCFG_MAX_FAULTS = 1000 };

/* autoballoon= of xl.conf(5): whether xl takes memory for a new guest from dom0. */
enum guestcfg_autoballoon {
    GUESTCFG_AUTOBALLOON_AUTO, /* the default: unless dom0_mem is on Xen's command line */
    GUESTCFG_AUTOBALLOON_ON,
    GUESTCFG_AUTOBALLOON_OFF,
};

/* What xl.conf(5) says about every guest that xl starts. */
struct guestcfg_xl_conf {
    enum guestcfg_autoballoon autoballoon;
    uint64_t claim_mode;       /* 0 or 1; BALLAST_UNSET: the default, 1 */
    uint64_t max_grant_frames; /* for guests that do not say; BALLAST_UNSET: Xen's default */
    uint64_t max_maptrack_frames;
};

/* What an xl.conf that says nothing says. */
#define GUESTCFG_XL_CONF_DEFAULT                                                                   \
    ((struct guestcfg_xl_conf){.claim_mode = BALLAST_UNSET,                                        \
                               .max_grant_frames = BALLAST_UNSET,                                  \
                               .max_maptrack_frames = BALLAST_UNSET})

struct guestcfg_options {
    const struct ballast_host_caps *caps;   /* NULL: everything */
    const struct guestcfg_xl_conf *xl_conf; /* NULL: its defaults; only for xl.cfg files */
    const struct ballast_profile *profile;  /* whose toolstack's rules; NULL: libxl's */
    bool keep_going; /* a guest that cannot be read is a fault of the list, and the next is read */
};

/* What a file says that its guest's figures alone do not show, a note each. */
enum guestcfg_remark {
    GUESTCFG_REMARK_MAX_MEMORY,   /* kib: <maxMemory>, which sized the pool */
    GUESTCFG_REMARK_NOT_COUNTED,  /* keys that may cost memory which no profile counts */
    GUESTCFG_REMARK_UNKNOWN_KEYS, /* keys that Ballast does not know */
    GUESTCFG_REMARKS
};

struct guestcfg_remarks {
    uint32_t set; /* bit by enum guestcfg_remark */
    uint64_t kib; /* of GUESTCFG_REMARK_MAX_MEMORY */
    /* Of the two kinds of keys: names, as many as there is room for, and how many had none. */
    struct guestcfg_keys {
        char names[112];
        unsigned left_out;
    } not_counted, unknown;
};

/* "max-memory", "not-counted", "unknown-keys". */
const char *guestcfg_remark_name(enum guestcfg_remark remark);
/* As ballast_breakdown_note_text(): 0 where it does not apply, which is so of all where NULL. */
size_t guestcfg_remark_text(const struct guestcfg_remarks *remarks, enum guestcfg_remark remark,
                            char *buf, size_t size);

struct guestcfg_guest {
    struct ballast_guest guest;
    struct guestcfg_remarks remarks;
    /*
     * JSON only. A guest that came with segments but without a configuration has no attributes: its
     * breakdown is `given`, and no profile can be applied to it. Where it came with a
     * configuration, `profile` is the one it named (NULL: none), under which its figures have been
     * checked.
     */
    bool has_given;
    struct ballast_breakdown given;
    char given_profile[64]; /* the name the JSON gave, ours or not; "" for none */
    const struct ballast_profile *profile;
};

struct guestcfg_list {
    struct guestcfg_guest *guests;
    size_t count;
    struct ballast_error *faults; /* of guests that are not there, GUESTCFG_MAX_FAULTS at most */
    size_t fault_count;
};

void guestcfg_list_release(struct guestcfg_list *list);

/*
 * Appends the guests of one file to *list; "-" is standard input. What it is is told from its
 * content: '<' begins XML, '{' or '[' JSON, anything else xl.cfg. xl.cfg holds one guest, XML and
 * JSON any number, ours or libxl's (libxl_json.h). On failure *list is as it was.
 * -EINVAL, -ENOENT and other errnos of open and read, -EFBIG, -ENOTSUP where the library that reads
 * such a file is not there (libxlutil, libxml2).
 */
int guestcfg_read(const char *path, const struct guestcfg_options *options,
                  struct guestcfg_list *list, struct ballast_error *err);

/* The same from memory; `name` stands for the file in messages. Data need not be terminated. */
int guestcfg_parse(const char *name, const char *data, size_t length,
                   const struct guestcfg_options *options, struct guestcfg_list *list,
                   struct ballast_error *err);

/* One format each; a guest that is not fully read is not in *out. */
int guestcfg_parse_xl(const char *name, const char *data, size_t length,
                      const struct guestcfg_options *options, struct guestcfg_guest *out,
                      struct ballast_error *err);
int guestcfg_parse_libvirt(const char *name, const char *data, size_t length,
                           const struct guestcfg_options *options, struct guestcfg_list *list,
                           struct ballast_error *err);
int guestcfg_parse_json(const char *name, const char *data, size_t length,
                        const struct guestcfg_options *options, struct guestcfg_list *list,
                        struct ballast_error *err);

/* xl.conf(5); a file that is not there is all defaults. -EINVAL, -ENOTSUP as above. */
int guestcfg_read_xl_conf(const char *path, struct guestcfg_xl_conf *out,
                          struct ballast_error *err);
int guestcfg_parse_xl_conf(const char *name, const char *data, size_t length,
                           struct guestcfg_xl_conf *out, struct ballast_error *err);

/*
 * One line of JSON, newline included, onto `out`: the object of docs/formats.md ("guest"). `guest`
 * may be NULL where only a breakdown is known, and then "config", "need_terms",
 * "cost_terms" and "notes" are left out. Either way the line is good input, and what is read from
 * it is written as the same line. `profile_name` may be NULL. Returns 0 or the negative errno of
 * the stream; what was written is not flushed.
 */
int guestcfg_write_json(FILE *out, const char *name, const struct ballast_guest *guest,
                        const struct ballast_breakdown *breakdown, const char *profile_name);

/* Exact costs that a need is shown beside. */
struct guestcfg_beside {
    const struct guestcfg_exact {
        const char *profile_name;
        const struct ballast_breakdown *breakdown;
    } * exact;
    size_t count;
};

/*
 * The same with its remarks among the notes, and with "beside", which is no part of the guest and
 * ignored as input; NULL: without.
 */
int guestcfg_write_json_beside(FILE *out, const char *name, const struct ballast_guest *guest,
                               const struct ballast_breakdown *breakdown, const char *profile_name,
                               const struct guestcfg_remarks *remarks,
                               const struct guestcfg_beside *beside);

#endif
