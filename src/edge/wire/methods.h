/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The methods and notifications of the protocol, as data: the daemon checks parameters with it, the
 * commands print it, and a test compares ballast-protocol(7) with it.
 */
#ifndef EDGE_WIRE_METHODS_H
#define EDGE_WIRE_METHODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

struct json_object;

enum wire_type {
    WIRE_KIB,     /* integer: KiB, at most WIRE_KIB_MOST */
    WIRE_USEC,    /* integer: microseconds, at most WIRE_USEC_MOST */
    WIRE_COUNT,   /* integer: a number of things, or a number that stands for one: below 2^63 */
    WIRE_DOMID,   /* integer: a domain's number, below DOMID_FIRST_RESERVED */
    WIRE_DOMAIN,  /* a domain: its number, or a string with its name or its uuid */
    WIRE_BOOL,    /* true or false */
    WIRE_STRING,  /* at most WIRE_STRING_MOST bytes, not empty, no control characters */
    WIRE_UUID,    /* a string: 8-4-4-4-12 hexadecimal digits */
    WIRE_STRINGS, /* array of strings, at most WIRE_LIST_MOST */
    WIRE_OBJECTS, /* array of objects with the members of `items`, at most WIRE_LIST_MOST */
    WIRE_TYPES
};

/* LEDGER_MOST_KIB, which this room cannot include; a test asserts that they are equal. */
#define WIRE_KIB_MOST (UINT64_C(1) << 42)
/* What a double represents exactly: clients in other languages have nothing else. 285 years. */
#define WIRE_USEC_MOST (UINT64_C(1) << 53)

enum {
    WIRE_STRING_MOST = 63, /* LEDGER_OWNER without its NUL; no name in Xen is longer */
    WIRE_LIST_MOST = 256,
    WIRE_DOMID_MOST = 0x7ff0 - 1, /* DOMID_FIRST_RESERVED, xen/include/public/xen.h */
};

struct wire_param {
    const char *name; /* NULL: the end of a list */
    enum wire_type type;
    bool required;
    uint64_t least;                 /* of a number */
    const char *help;               /* a phrase */
    const char *const *words;       /* of strings: the valid ones, ended by NULL; NULL: any */
    const struct wire_param *items; /* of WIRE_OBJECTS */
};

struct wire_method {
    const char *name;
    bool changes; /* control socket only, and only for root and the group `ballast` */
    const char *help;
    const struct wire_param *params;
};

/* The i-th in the order of the man page, NULL past the last one. */
const struct wire_method *wire_method_at(size_t i);
/* NULL if there is none: WIRE_METHOD_NOT_FOUND. */
const struct wire_method *wire_method_find(const char *name);
/* Names of notifications: what `subscribe` takes. NULL past the last one. */
const char *wire_event_at(size_t i);

/*
 * Checks the parameters of a call (NULL: an empty object). -EINVAL with the parameter's name and
 * what to send instead: params is not an object, a required one is missing or null, one has another
 * type, is negative, too small or too large, or `require` (an array of names, which every method
 * takes) names one that the method does not have. null means "omitted". Other unknown parameters
 * are ignored.
 */
int wire_params_check(const struct wire_method *method, const struct json_object *params,
                      struct ballast_error *err);

/* Of checked params (NULL is allowed): the value, or `otherwise` if omitted. */
uint64_t wire_param_u64(const struct json_object *params, const char *name, uint64_t otherwise);
bool wire_param_bool(const struct json_object *params, const char *name, bool otherwise);
/* Valid as long as params. */
const char *wire_param_string(const struct json_object *params, const char *name,
                              const char *otherwise);
/* An array, or NULL if omitted; valid as long as params. */
struct json_object *wire_param_array(const struct json_object *params, const char *name);

struct wire_domain_name {
    bool is_number;
    uint32_t domid;
    const char *name; /* else a name or a uuid; valid as long as params */
};

/* A WIRE_DOMAIN; false if omitted. */
bool wire_param_domain(const struct json_object *params, const char *name,
                       struct wire_domain_name *out);

#endif
