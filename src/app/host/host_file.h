/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host in a file: one snapshot, which never changes. */
#ifndef APP_HOST_HOST_FILE_H
#define APP_HOST_HOST_FILE_H

#include "app/host/host.h"

/* As host_open(). */
int host_file_open(const struct host_options *options, struct hv **out, struct ballast_error *err);

#endif
