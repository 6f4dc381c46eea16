/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Marks what libballast exports; everything else is hidden. */
#ifndef BALLAST_EXPORT_H
#define BALLAST_EXPORT_H

#ifdef __cplusplus
#define BALLAST_API extern "C" __attribute__((visibility("default")))
#else
#define BALLAST_API __attribute__((visibility("default")))
#endif

#endif
