/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vnuma=[ ["pnode=0", "size=1024", "vcpus=0-1"], ... ]: tools/xl/xl_parse.c, parse_vnuma_config(),
 * and what tools/libs/light/libxl_vnuma.c, libxl__vnuma_config_check(), refuses.
 */
#include "edge/guestcfg/xl.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/units.h"

/* MAX_VIRT_CPUS of xen/arch/x86: no guest has more. */
enum { VCPUS_MAX = 8192 };

struct vnuma {
    const struct guestcfg_xl_file *file;
    struct ballast_error *err;
    int node;           /* the current one; the first is 0 */
    bool node_has_size; /* it has "size=" */
    uint64_t memory_kib;
    uint64_t vcpus;
    unsigned highest;      /* vCPU named so far */
    bool named[VCPUS_MAX]; /* vCPUs */
};

static int fail_xl_vnuma(const struct vnuma *vnuma, const char *option, const char *value,
                         const char *what)
{
    return guestcfg_xl_fail(vnuma->file, "vnuma", vnuma->err, "node %d: %.40s=%.40s: %s",
                            vnuma->node + 1, option, value, what);
}

/* Reads a decimal number and moves *at past it. */
static bool take_xl_vnuma_number(const char **at, uint64_t limit, uint64_t *out)
{
    char *end;
    if (**at < '0' || **at > '9')
        return false;
    errno = 0;
    unsigned long number = strtoul(*at, &end, 10);
    if (errno != 0 || number > limit)
        return false;
    *at = end;
    *out = number;
    return true;
}

static int add_xl_vnuma_size(struct vnuma *vnuma, const char *value)
{
    const char *at = value;
    uint64_t mib;
    if (!take_xl_vnuma_number(&at, LONG_MAX / (long)BALLAST_MIB_KIB, &mib) || *at)
        return fail_xl_vnuma(vnuma, "size", value, "use a number of MiB");
    if (vnuma->node_has_size)
        return fail_xl_vnuma(vnuma, "size", value, "duplicate size: write it once per node");
    vnuma->node_has_size = true;
    if (__builtin_add_overflow(vnuma->memory_kib, mib * BALLAST_MIB_KIB, &vnuma->memory_kib))
        return fail_xl_vnuma(vnuma, "size", value, "the sum does not fit in 64 bits of KiB");
    return 0;
}

static int add_vcpus(struct vnuma *vnuma, const char *value)
{
    static const char right[] = "use numbers and ranges of vCPUs, such as 0-3,7";
    const char *at = value;
    for (;;) {
        uint64_t first;
        uint64_t last;
        if (!take_xl_vnuma_number(&at, VCPUS_MAX - 1, &first))
            return fail_xl_vnuma(vnuma, "vcpus", value, right);
        last = first;
        if (*at == '-' && (at++, !take_xl_vnuma_number(&at, VCPUS_MAX - 1, &last) || last < first))
            return fail_xl_vnuma(vnuma, "vcpus", value, right);
        for (uint64_t i = first; i <= last; i++, vnuma->vcpus++) {
            if (vnuma->named[i])
                return fail_xl_vnuma(vnuma, "vcpus", value, "a vCPU already has a node");
            vnuma->named[i] = true;
        }
        if (last > vnuma->highest)
            vnuma->highest = (unsigned)last;
        if (*at == '\0')
            return 0;
        if (*at++ != ',')
            return fail_xl_vnuma(vnuma, "vcpus", value, right);
    }
}

static char *trim_xl_vnuma(char *text)
{
    static const char space[] = " \t\n\r\f\v";
    text += strspn(text, space);
    size_t length = strlen(text);
    while (length > 0 && strchr(space, text[length - 1]))
        text[--length] = '\0';
    return text;
}

static int add_option(struct vnuma *vnuma, const char *option)
{
    char *copy = strdup(option);
    char *value = copy ? strchr(copy, '=') : NULL;
    int rc = 0;
    if (!value) {
        free(copy);
        return guestcfg_xl_fail(vnuma->file, "vnuma", vnuma->err,
                                "node %d: '%.40s': write name=value", vnuma->node + 1, option);
    }
    *value++ = '\0';
    char *name = trim_xl_vnuma(copy);
    value = trim_xl_vnuma(value);
    if (strcmp(name, "size") == 0)
        rc = add_xl_vnuma_size(vnuma, value);
    else if (strcmp(name, "vcpus") == 0)
        rc = add_vcpus(vnuma, value);
    free(copy);
    return rc;
}

static int add_node(struct vnuma *vnuma, XLU_ConfigValue *node)
{
    XLU_ConfigList *options;
    XLU_ConfigValue *option;
    char *text;
    if (vnuma->file->lib->xlu_cfg_value_get_list(vnuma->file->config, node, &options, 1) != 0)
        return guestcfg_xl_fail(vnuma->file, "vnuma", vnuma->err,
                                "node %d is not a list: write [ \"size=1024\", \"vcpus=0-1\" ]",
                                vnuma->node + 1);
    vnuma->node_has_size = false;
    for (int i = 0; (option = vnuma->file->lib->xlu_cfg_get_listitem2(options, i)) != NULL; i++) {
        if (vnuma->file->lib->xlu_cfg_value_get_string(vnuma->file->config, option, &text, 1) != 0)
            continue;
        int rc = add_option(vnuma, text);
        if (rc < 0)
            return rc;
    }
    if (!vnuma->node_has_size)
        return guestcfg_xl_fail(vnuma->file, "vnuma", vnuma->err,
                                "node %d has no \"size=\": add it", vnuma->node + 1);
    return 0;
}

static int check_totals(const struct vnuma *vnuma, const struct guestcfg_draft *draft)
{
    uint64_t maxmem_kib = draft->guest.attr[BALLAST_MAXMEM];
    uint64_t maxvcpus = draft->guest.attr[BALLAST_MAXVCPUS];
    if (maxvcpus != BALLAST_UNSET && maxvcpus != 0 && maxvcpus != vnuma->vcpus)
        return guestcfg_xl_fail(vnuma->file, "vnuma", vnuma->err,
                                "the nodes have %llu vCPUs, but maxvcpus is %llu: make them equal",
                                (unsigned long long)vnuma->vcpus, (unsigned long long)maxvcpus);
    if (vnuma->vcpus == 0)
        return guestcfg_xl_fail(vnuma->file, "vnuma", vnuma->err,
                                "no node has vCPUs: add them, such as \"vcpus=0-1\"");
    if (vnuma->highest >= vnuma->vcpus)
        return guestcfg_xl_fail(vnuma->file, "vnuma", vnuma->err,
                                "vCPU %u has a node, but the guest has %llu vCPUs: use 0 to %llu",
                                vnuma->highest, (unsigned long long)vnuma->vcpus,
                                (unsigned long long)vnuma->vcpus - 1);
    if (maxmem_kib != BALLAST_UNSET && maxmem_kib != vnuma->memory_kib)
        return guestcfg_xl_fail(
            vnuma->file, "vnuma", vnuma->err,
            "the nodes' sizes sum to %llu KiB, but maxmem is %llu KiB: make them equal",
            (unsigned long long)vnuma->memory_kib, (unsigned long long)maxmem_kib);
    return 0;
}

static int read_nodes(struct vnuma *vnuma, struct guestcfg_draft *draft, const XLU_ConfigList *list,
                      int nodes)
{
    struct guestcfg_place place = {"vnuma", guestcfg_xl_line(vnuma->file, "vnuma")};
    int rc;
    for (vnuma->node = 0; vnuma->node < nodes; vnuma->node++) {
        if ((rc = add_node(vnuma, vnuma->file->lib->xlu_cfg_get_listitem2(list, vnuma->node))) < 0)
            return rc;
    }
    if ((rc = check_totals(vnuma, draft)) < 0 ||
        (rc = guestcfg_set(draft, BALLAST_VNUMA_NODES, (uint64_t)nodes, place, vnuma->err)) < 0)
        return rc;
    if (draft->guest.attr[BALLAST_MAXMEM] == BALLAST_UNSET &&
        (rc = guestcfg_set(draft, BALLAST_MAXMEM, vnuma->memory_kib, place, vnuma->err)) < 0)
        return rc;
    if (draft->guest.attr[BALLAST_MAXVCPUS] != BALLAST_UNSET &&
        draft->guest.attr[BALLAST_MAXVCPUS] != 0)
        return 0;
    return guestcfg_set(draft, BALLAST_MAXVCPUS, vnuma->vcpus, place, vnuma->err);
}

int guestcfg_xl_vnuma(const struct guestcfg_xl_file *file, struct guestcfg_draft *draft,
                      struct ballast_error *err)
{
    const XLU_ConfigList *list;
    int nodes;
    int rc = guestcfg_xl_list(file, "vnuma", &list, &nodes, err);
    if (rc == -ENOENT || (rc == 0 && nodes == 0))
        return 0;
    if (rc < 0)
        return rc;
    struct vnuma vnuma = {.file = file, .err = err};
    return read_nodes(&vnuma, draft, list, nodes);
}
