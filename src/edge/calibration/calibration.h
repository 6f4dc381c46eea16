/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The profile of one host, as a calibration found it, and the file that keeps it: one JSON object,
 * docs/formats.md ("Host profile"). It names the exact profile that it corrects, so that what a
 * guest costs stays a sum of terms with their sources.
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

/* Where the profile of the host itself is looked for. */
#define CALIBRATION_USUAL_PATH "/etc/ballast/host-profile.json"

enum { CALIBRATION_NAME = 48, CALIBRATION_PATH = 256 };

struct calibration {
    char name[CALIBRATION_NAME]; /* of the profile: letters, digits, - _ . */
    char summary[224];
    char path[CALIBRATION_PATH];           /* of the file that it was read from, cut; "": none */
    char base[CALIBRATION_NAME];           /* the exact profile that is corrected */
    char xen_version[BALLAST_XEN_VERSION]; /* that it was made on; "" where not told */
    char processor[BALLAST_PROCESSOR];     /* the same */
    uint64_t guests;                       /* that were built for it */
    struct ballast_xen_terms terms;
    const struct ballast_profile *profile; /* over these terms; lives as long */
};

/*
 * What a fit found, as a profile: corrections that are certain, and the larger arena. *out is the
 * caller's, for calibration_free(). Which Xen and which processor is `host`'s word. -EINVAL for a
 * name that is none or that of a profile of ours, or a version that is none; -ENOMEM.
 */
int calibration_of(const struct fit_result *result, const char *name,
                   const struct ballast_host *host, uint64_t guests, struct calibration **out,
                   struct ballast_error *err);
void calibration_free(struct calibration *calibration);

/* Errors as edge/json/json.h: "file:line: corrections.pvh.vcpu: ...". */
int calibration_read(const char *path, enum file_kind kind, struct calibration **out,
                     struct ballast_error *err);
int calibration_parse(const char *name, const char *data, size_t length, struct calibration **out,
                      struct ballast_error *err);

enum calibration_match {
    CALIBRATION_SAME,    /* Xen to the letter, and the processor */
    CALIBRATION_UNKNOWN, /* nothing speaks against it: one of them is not told, here or there */
    CALIBRATION_OTHER,   /* it was made on another Xen or processor, and says nothing of this one */
};

/*
 * Whether it is of such a host. Of CALIBRATION_OTHER, why in `why`: half a sentence, which begins
 * with "it was made on"; "" otherwise.
 */
enum calibration_match calibration_match(const struct calibration *calibration,
                                         const struct ballast_host *host, char *why, size_t size);

/*
 * One line, with its end; read again it is the same profile. With `result`, "terms" tells how each
 * was found, which readers ignore. The errno of a stream that failed.
 */
int calibration_write(FILE *out, const struct calibration *calibration,
                      const struct fit_result *result);

#endif
