/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libballast computes the memory breakdown of a Xen guest and what starting it costs the host.
 *
 * The library does no I/O, reads no clock, has no global state and writes no log. Threads may share
 * the library, but not one object. All sizes are KiB in uint64_t; an overflow is an error, never a
 * wrap.
 */
#ifndef BALLAST_BALLAST_H
#define BALLAST_BALLAST_H

#include <ballast/error.h>
#include <ballast/guest.h>
#include <ballast/host.h>
#include <ballast/profile.h>
#include <ballast/breakdown.h>
#include <ballast/cost.h>
#include <ballast/draw.h>

/* The version of the library at run time, such as "0.1.0"; a static string. */
BALLAST_API const char *ballast_version(void);

#endif
