/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The profile of one host, from a calibration, and the file that keeps it: one JSON object,
 * docs/formats.md ("Host profile"). It names the exact profile that it corrects, so that the cost
 * of a guest stays a sum of terms with their sources.
 */
#ifndef EDGE_CALIBRATION_CALIBRATION_H
#define EDGE_CALIBRATION_CALIBRATION_H

#include "edge/file/file.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <ballast/error.h>
#include <ballast/profile.h>

#include "core/fit/fit.h"
#include "core/model/host.h"

/* The default path of the host's own profile. */
#define CALIBRATION_USUAL_PATH "/etc/ballast/host-profile.json"

enum { CALIBRATION_NAME = 48, CALIBRATION_PATH = 256 };

struct calibration {
    char name[CALIBRATION_NAME]; /* of the profile: letters, digits, - _ . */
    char summary[224];
    char path[CALIBRATION_PATH];           /* of its file, may be cut; "": none */
    char base[CALIBRATION_NAME];           /* the exact profile that it corrects */
    char xen_version[BALLAST_XEN_VERSION]; /* that it was made on; "" if unknown */
    char processor[BALLAST_PROCESSOR];     /* the same */
    uint64_t guests;                       /* the number of guests that were built for it */
    struct ballast_xen_terms terms;
    const struct ballast_profile *profile; /* over these terms; lives as long */
};

/*
 * The profile from the result of a fit: the certain corrections, and the larger arena. Free *out
 * with calibration_free(). Xen's version and the processor come from `host`. -EINVAL for an invalid
 * name, that of a built-in profile, or an invalid version; -ENOMEM.
 */
int calibration_of(const struct fit_result *result, const char *name,
                   const struct ballast_host *host, uint64_t guests, struct calibration **out,
                   struct ballast_error *err);
void calibration_free(struct calibration *calibration);

/* Errors as in edge/json/json.h: "file:line: corrections.pvh.vcpu: ...". */
int calibration_read(const char *path, enum file_kind kind, struct calibration **out,
                     struct ballast_error *err);
int calibration_parse(const char *name, const char *data, size_t length, struct calibration **out,
                      struct ballast_error *err);

enum calibration_match {
    CALIBRATION_SAME,    /* the same Xen to the letter, and the same processor */
    CALIBRATION_UNKNOWN, /* possibly: one of them is unknown, here or there */
    CALIBRATION_OTHER, /* it was made on another Xen or processor, and does not apply to this one */
};

/*
 * Whether it applies to a host. For CALIBRATION_OTHER `why` receives a phrase that starts with "it
 * was made on"; else "".
 */
enum calibration_match calibration_match(const struct calibration *calibration,
                                         const struct ballast_host *host, char *why, size_t size);

/*
 * Writes one line with a newline, from which reading returns the same profile. With `result`,
 * "terms" says how each was found, which readers ignore. The errno of a stream that failed.
 */
int calibration_write(FILE *out, const struct calibration *calibration,
                      const struct fit_result *result);

#endif
