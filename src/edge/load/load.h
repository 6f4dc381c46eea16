/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Libraries that are loaded when they are first needed. Linking with libxml2, libxenlight and what
 * they bring along is most of what a short command costs, and few commands need them. src/LAYERS
 * marks such a library with '@'; its room writes down once what it calls:
 *
 *   #define XENSTORE(X) X(xs_open) X(xs_close)
 *   static struct { XENSTORE(LOAD_POINTER) } lib;
 *   static const char *const names[] = {XENSTORE(LOAD_NAME)};
 *   _Static_assert(sizeof(lib) == sizeof(names), "a pointer a name");
 *   ... load_library(SONAME_XENSTORE, names, LOAD_COUNT(names), &lib, err) ... lib.xs_open(0)
 *
 * Each pointer has the type that the library's own header declares. SONAME_* is what the linker
 * would have bound the program to: meson.build asks it.
 */
#ifndef EDGE_LOAD_LOAD_H
#define EDGE_LOAD_LOAD_H

#include <stddef.h>

#include <ballast/error.h>

#define LOAD_POINTER(name) __typeof__(name) *name;
#define LOAD_NAME(name)    #name,
#define LOAD_COUNT(names)  (sizeof(names) / sizeof((names)[0]))

/*
 * Fills `table`, `count` pointers in the order of `names`; does nothing if it is filled already.
 * The library stays loaded until the process ends. -ENOTSUP with the loader's own message, and
 * nothing filled: it is missing, or lacks one of the names.
 */
int load_library(const char *soname, const char *const *names, size_t count, void *table,
                 struct ballast_error *err);

#endif
