/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libballast: what the memory of a Xen guest is made of, and what starting it will cost.
 *
 * The library does no I/O, reads no clock, keeps no globals and writes no log; it may be used
 * from any thread as long as one object is used by one thread at a time. All sizes are KiB in
 * uint64_t; an overflow is an error, never a wrap.
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

/* "0.1.0": the version of the library that runs, a static string. */
BALLAST_API const char *ballast_version(void);

#endif
