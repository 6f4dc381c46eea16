/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* squeezed's configuration, which goes behind that of ballastd. */
#ifndef APP_BALLASTD_SQUEEZED_CONF_FILES_H
#define APP_BALLASTD_SQUEEZED_CONF_FILES_H

struct ballast_error;
struct engine_config;

struct squeezed_conf_files {
    const char *path;   /* "": /etc/squeezed.conf, which need not exist */
    const char *socket; /* as squeezed_options */
    const char *message_switch;
};

/*
 * Reads that file, then each of its directory PATH.d in order of names, and sets in *config what
 * the file of ballastd did not. Logs each known key that they have: how it is used, or that it is
 * not. -EINVAL: a bad value, with file, line and key; the errnos of reading. On failure *config is
 * as it was.
 */
int squeezed_conf_apply(const struct squeezed_conf_files *files, struct engine_config *config,
                        struct ballast_error *err);

#endif
