/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A folder of guest files, such as /etc/xen/auto: its regular files and links to such, one guest or
 * more each; not hidden ones, what editors and package managers leave, xl.conf, or subfolders.
 */
#ifndef EDGE_GUESTCFG_FOLDER_H
#define EDGE_GUESTCFG_FOLDER_H

#include "edge/guestcfg/guestcfg.h"

/*
 * A folder with more files is refused, or with more bytes in those that are small enough to be
 * read: who reads it does nothing else meanwhile.
 */
enum { GUESTCFG_MAX_FILES = 1000, GUESTCFG_MAX_FOLDER = 8 << 20 };

/*
 * A number that changes when a file comes, goes, or is written. Opens no file. -EFBIG, -ENOMEM and
 * the errnos of opendir(); the text starts with the path.
 */
int guestcfg_folder_stamp(const char *path, uint64_t *out, struct ballast_error *err);
/*
 * Appends the guests of all files, in the order of their names. A file that cannot be read, for
 * whatever reason, is a fault of the list. Errors as above; then what was read is in *list.
 */
int guestcfg_read_folder(const char *path, const struct guestcfg_options *options,
                         struct guestcfg_list *list, struct ballast_error *err);

#endif
