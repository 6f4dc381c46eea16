/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tools/xl/xl_info.c of Xen 4.14 to 4.20: one line per key, "key : value", and a table with a
 * heading. Unknown keys do not matter and are ignored; a line that is not a key, a row of the table
 * or a shell's prompt is refused, since it may be a part that was pasted incorrectly.
 */
#include "edge/snapshot/xl_info.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "core/model/commandline.h"
#include "core/model/xen_release.h"
#include "edge/json/json.h"

/* More than any host has, and sums of them stay within 64 bits. */
#define MOST_MIB (UINT64_C(1) << 40)

struct text {
    const char *at;
    size_t length;
};

struct reading {
    const char *name;
    unsigned line;
    struct ballast_error *err;
    struct snapshot made;
    uint64_t seen; /* bit by enum key */
    struct text commandline;
    uint64_t cpus;
    bool pv32;
    bool in_list;   /* after the heading of `xl list` */
    bool is_behind; /* after `xl info`, so that only rows can follow */
    size_t room;    /* of the array of domains */
    size_t names_length;
};

enum key {
    TOTAL,
    FREE,
    CLAIMS,
    VERSION,
    VIRT_CAPS,
    HW_CAPS,
    COMMANDLINE,
    MACHINE,
    CPUS,
    XEN_CAPS,
    KEYS
};

static const char *const keys[KEYS] = {"total_memory",    "free_memory", "outstanding_claims",
                                       "xen_version",     "virt_caps",   "hw_caps",
                                       "xen_commandline", "machine",     "nr_cpus",
                                       "xen_caps"};

__attribute__((format(printf, 2, 3))) static int refuse_line(struct reading *reading,
                                                             const char *format, ...)
{
    char message[BALLAST_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (reading->line > 0)
        (void)ballast_fail(reading->err, -EINVAL, "%s:%u: %s", reading->name, reading->line,
                           message);
    else
        (void)ballast_fail(reading->err, -EINVAL, "%s: %s", reading->name, message);
    if (reading->err)
        json_printable(reading->err->text);
    return -EINVAL;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct text trim_text(struct text text)
{
    while (text.length > 0 && is_space(text.at[0])) {
        text.at++;
        text.length--;
    }
    while (text.length > 0 && is_space(text.at[text.length - 1]))
        text.length--;
    return text;
}

static bool is_word(struct text text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.at, word, text.length) == 0;
}

/* Removes and returns the last word of *text. */
static struct text take_last(struct text *text)
{
    *text = trim_text(*text);
    size_t begin = text->length;
    while (begin > 0 && !is_space(text->at[begin - 1]))
        begin--;
    struct text word = {text->at + begin, text->length - begin};
    text->length = begin;
    return word;
}

static bool text_number(struct text text, uint64_t most, uint64_t *out)
{
    uint64_t number = 0;
    if (text.length == 0 || text.length > 19)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(text.at[i] - '0');
    }
    *out = number;
    return number <= most;
}

static int read_size(struct reading *reading, enum key key, struct text value, uint64_t *out_kib)
{
    uint64_t mib;
    if (!text_number(value, MOST_MIB, &mib))
        return refuse_line(reading, "%s: invalid size '%.*s': xl writes a whole number of MiB",
                           keys[key], (int)ballast_min_u64(value.length, 40), value.at);
    *out_kib = mib * BALLAST_MIB_KIB;
    return 0;
}

static int parse_xen_version(struct reading *reading, struct text value)
{
    char *out = reading->made.host.xen_version;
    struct ballast_xen_release unused;
    struct ballast_error why;
    if (value.length >= BALLAST_XEN_VERSION)
        return refuse_line(reading,
                           "xen_version: longer than %d bytes: xl writes one such as 4.17.4",
                           BALLAST_XEN_VERSION - 1);
    memcpy(out, value.at, value.length);
    out[value.length] = '\0';
    if (ballast_xen_release_parse(out, &unused, &why) < 0)
        return refuse_line(reading, "xen_version: %s", why.text);
    ballast_text_make_showable(out);
    return 0;
}

static bool has_word(struct text text, const char *word)
{
    while (text.length > 0) {
        if (is_word(take_last(&text), word))
            return true;
        text = trim_text(text);
    }
    return false;
}

static void read_virt_caps(struct ballast_host_caps *caps, struct text value)
{
    caps->hap = has_word(value, "hap");
    caps->shadow = has_word(value, "shadow");
    caps->iommu = has_word(value, "hvm_directio");
    caps->iommu_hap_pt_share = has_word(value, "iommu_hap_pt_share");
}

/* "bfebfbff:77fef3ff:2c100800:...": the second word is ECX of CPUID 1, and its bit 5 VMX. */
static void read_hw_caps(struct ballast_host_caps *caps, struct text value)
{
    char word[16] = "";
    const char *colon = memchr(value.at, ':', value.length);
    size_t left = colon ? value.length - (size_t)(colon + 1 - value.at) : 0;
    if (left < 9 || colon[9] != ':')
        return;
    memcpy(word, colon + 1, 8);
    caps->vmx = (strtoul(word, NULL, 16) >> 5) & 1;
}

static int read_value(struct reading *reading, enum key key, struct text value)
{
    struct ballast_host *host = &reading->made.host;
    if (reading->seen & (UINT64_C(1) << key))
        return refuse_line(reading, "%s: it occurs twice: give the output of one `xl info` only",
                           keys[key]);
    reading->seen |= UINT64_C(1) << key;
    switch (key) {
    case TOTAL:
        return read_size(reading, key, value, &host->total_kib);
    case FREE:
        return read_size(reading, key, value, &host->free_kib);
    case CLAIMS:
        return read_size(reading, key, value, &host->claimed_kib);
    case VERSION:
        return parse_xen_version(reading, value);
    case VIRT_CAPS:
        read_virt_caps(&host->caps, value);
        break;
    case HW_CAPS:
        read_hw_caps(&host->caps, value);
        break;
    case COMMANDLINE:
        reading->commandline = value;
        break;
    case MACHINE:
        if (!is_word(value, "x86_64") && !is_word(value, "i686"))
            return refuse_line(reading, "machine: %.*s: Ballast knows only x86",
                               (int)ballast_min_u64(value.length, 40), value.at);
        break;
    case CPUS:
        /* It only serves an estimate: what is not a number counts as unknown. */
        if (!text_number(value, UINT32_MAX, &reading->cpus))
            reading->cpus = 0;
        break;
    case XEN_CAPS:
        reading->pv32 = has_word(value, "xen-3.0-x86_32p");
        break;
    case KEYS:
        break;
    }
    return 0;
}

static int read_pair(struct reading *reading, struct text line, const char *colon)
{
    struct text key = trim_text((struct text){line.at, (size_t)(colon - line.at)});
    struct text value =
        trim_text((struct text){colon + 1, line.length - (size_t)(colon + 1 - line.at)});
    for (int i = 0; i < KEYS; i++) {
        if (is_word(key, keys[i]))
            return read_value(reading, (enum key)i, value);
    }
    return 0;
}

/* "r-----": a letter or a dash in each place. */
static bool is_state(struct text word)
{
    static const char *const letters[] = {"r-", "b-", "p-", "s-", "-rscwS?", "d-"};
    if (word.length != 6)
        return false;
    for (size_t i = 0; i < 6; i++) {
        if (!strchr(letters[i], word.at[i]) || word.at[i] == '\0')
            return false;
    }
    return true;
}

static bool has_state(struct text line)
{
    struct text word;
    do
        word = take_last(&line);
    while (word.length > 0 && !is_state(word));
    return word.length > 0;
}

static int add_domain(struct reading *reading, const struct ballast_domain *domain,
                      struct text name)
{
    struct snapshot *made = &reading->made;
    size_t count = made->host.domain_count;
    if (count >= XL_INFO_MAX_DOMAINS)
        return refuse_line(reading, "more domains than a host has: use at most %d",
                           XL_INFO_MAX_DOMAINS);
    if (!array_reserve(&made->host.domains, &reading->room, count + 1, sizeof(*made->host.domains)))
        return ballast_fail(reading->err, -ENOMEM, "out of memory");
    char *own = made->names + reading->names_length;
    memcpy(own, name.at, name.length);
    own[name.length] = '\0';
    ballast_text_make_showable(own);
    reading->names_length += name.length + 1;
    made->host.domains[count] = *domain;
    made->host.domains[count].name = own;
    made->host.domain_count++;
    return 0;
}

/* "web 3 2048 2 -b---- 12.3", with more columns if xl was asked for them. */
static int parse_list_row(struct reading *reading, struct text line)
{
    struct text rest = line;
    struct text state;
    uint64_t id, mib, vcpus;
    do
        state = take_last(&rest);
    while (state.length > 0 && !is_state(state));
    bool is = text_number(take_last(&rest), UINT32_MAX, &vcpus) &&
              text_number(take_last(&rest), MOST_MIB, &mib) &&
              text_number(take_last(&rest), UINT32_MAX, &id);
    if (!is)
        return refuse_line(reading,
                           "invalid row '%.*s': `xl list` writes name, ID, Mem, VCPUs, State "
                           "and Time",
                           (int)ballast_min_u64(line.length, 60), line.at);
    uint64_t kib = mib * BALLAST_MIB_KIB;
    struct ballast_domain domain = {
        .id = (uint32_t)id,
        .state = state.at[2] == 'p' ? BALLAST_DOMAIN_PAUSED : BALLAST_DOMAIN_RUN,
        .is_dom0 = id == 0,
        .tot_kib = kib,
        .target_kib = kib,
        .maxmem_kib = kib,
        .dynamic_min_kib = kib,
        .dynamic_max_kib = kib,
        .static_max_kib = kib,
        .used_kib = BALLAST_NONE,
        .reported_free_kib = BALLAST_NONE,
        .report_age_usec = BALLAST_NONE,
        .shares = BALLAST_DEFAULT_SHARES,
    };
    return add_domain(reading, &domain, trim_text(rest));
}

/* "[root@host ~]# xl list" */
static bool is_prompt(struct text line)
{
    return has_word(line, "xl") && (has_word(line, "info") || has_word(line, "list"));
}

static bool is_head(struct text line)
{
    return line.length > 4 && memcmp(line.at, "Name", 4) == 0 && has_word(line, "Mem") &&
           has_word(line, "VCPUs");
}

static int read_line(struct reading *reading, struct text line)
{
    line = trim_text(line);
    if (line.length == 0)
        return 0;
    if (is_head(line)) {
        if (reading->in_list)
            return refuse_line(reading, "a second `xl list`: give one only");
        reading->in_list = true;
        reading->is_behind = reading->seen & 1 << TOTAL;
        return 0;
    }
    if (is_prompt(line))
        return 0;
    const char *colon = memchr(line.at, ':', line.length);
    if (reading->is_behind || (reading->in_list && (!colon || has_state(line))))
        return parse_list_row(reading, line);
    if (!colon)
        return refuse_line(
            reading, "neither JSON nor a line of `xl info`: use a host snapshot, or the output "
                     "of `xl info` with or without `xl list` behind it");
    return read_pair(reading, line, colon);
}

static int read_lines(struct reading *reading, const char *data, size_t length)
{
    int rc = 0;
    while (rc == 0 && length > 0) {
        const char *end = memchr(data, '\n', length);
        size_t taken = end ? (size_t)(end - data) : length;
        reading->line++;
        rc = read_line(reading, (struct text){data, taken});
        taken += end != NULL;
        data += taken;
        length -= taken;
    }
    return rc;
}

/* Xen itself cuts its line off at 1023 bytes. What Xen takes is computed without a memory map. */
static void read_commandline(const struct reading *reading, struct ballast_host *host)
{
    char line[1024];
    size_t length = ballast_min_u64(reading->commandline.length, sizeof(line) - 1);
    bool is_there = reading->seen & (UINT64_C(1) << COMMANDLINE);
    memcpy(line, is_there ? reading->commandline.at : "", is_there ? length : 0);
    line[is_there ? length : 0] = '\0';
    if (is_there)
        ballast_caps_from_commandline(&host->caps, line, host->xen_version);
    const struct ballast_xen_facts facts = {
        .total_kib = host->total_kib,
        .cpus = (uint32_t)reading->cpus,
        .version = host->xen_version,
        .commandline = line,
        .pv32 = reading->pv32,
        .vmx = host->caps.vmx,
        .iommu = host->caps.iommu,
    };
    if (*host->xen_version)
        ballast_xen_memory(&facts, &host->xen_memory);
    /* What the domains and their pools take is not in the output: no bound holds without it. */
    host->xen_memory.unexplained_most_kib = 0;
}

/* xl subtracts claims from what it calls free. */
static int finish_snapshot(struct reading *reading)
{
    struct ballast_host *host = &reading->made.host;
    reading->line = 0;
    for (enum key key = TOTAL; key <= FREE; key++) {
        if (!(reading->seen & (UINT64_C(1) << key)))
            return refuse_line(reading, "%s: missing: use the whole output of `xl info`",
                               keys[key]);
    }
    host->free_kib += host->claimed_kib;
    read_commandline(reading, host);
    reading->made.lacks = SNAPSHOT_LACKS_XEN | SNAPSHOT_LACKS_PROCESSOR | SNAPSHOT_WHOLE_MIB;
    if (!reading->in_list)
        reading->made.lacks |= SNAPSHOT_LACKS_DOMAINS;
    if (!(reading->seen & (UINT64_C(1) << VERSION)))
        reading->made.lacks |= SNAPSHOT_LACKS_VERSION;
    if (!(reading->seen & (UINT64_C(1) << VIRT_CAPS)))
        reading->made.lacks |= SNAPSHOT_LACKS_CAPS;
    return 0;
}

bool xl_info_may_be(const char *data, size_t length)
{
    size_t i = length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (i < length && (is_space(data[i]) || data[i] == '\n'))
        i++;
    /* A prompt such as "[root@host ~]# xl info" is not JSON either. */
    bool is_json = i < length && (data[i] == '{' || data[i] == '[');
    const char *end = memchr(data + i, '\n', length - i);
    struct text first = {data + i, end ? (size_t)(end - data) - i : length - i};
    return i < length && (!is_json || (data[i] == '[' && is_prompt(first)));
}

int xl_info_parse(const char *name, const char *data, size_t length, struct snapshot *out,
                  struct ballast_error *err)
{
    struct reading reading = {.name = name, .err = err};
    reading.made.host.caps = BALLAST_HOST_CAPS_ALL;
    if (length > XL_INFO_MAX_BYTES) {
        (void)ballast_fail(err, -EFBIG, "%s: more than %d bytes: use the output of one `xl info`",
                           name, XL_INFO_MAX_BYTES);
        return -EFBIG;
    }
    if (memchr(data, '\0', length))
        return refuse_line(&reading, "a NUL byte: use a text file");
    /* No name is longer than its line, and its terminator fits in place of the line's end. */
    reading.made.names = malloc(length + 2);
    if (!reading.made.names)
        return ballast_fail(err, -ENOMEM, "out of memory");
    int rc = read_lines(&reading, data, length);
    if (rc == 0)
        rc = finish_snapshot(&reading);
    if (rc < 0)
        snapshot_release(&reading.made);
    else
        *out = reading.made;
    return rc;
}
