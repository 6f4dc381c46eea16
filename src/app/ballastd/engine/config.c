/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/nearest.h"
#include "core/base/quantity.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "core/model/follow.h"
#include "core/sim/scenario_value.h"
#include "edge/calibration/calibration.h"
#include "edge/file/file.h"
#include "edge/history/history.h"

#define USUAL_PATH "/etc/ballast/ballastd.conf"

/* inih cuts what is longer, silently: INI_MAX_LINE 200, MAX_SECTION and MAX_NAME 50 of ini.c. */
enum { MOST_BYTES = 1 << 20, MOST_LINE = 198, MOST_WORD = 49 };

struct reading {
    const char *path;
    const char *at;
    const char *end;
    unsigned line;
    struct engine_config *config;
    struct ballast_error *err;
    int rc; /* the first failure */
};

static void note_config_fault(struct reading *reading, const char *section, const char *key,
                              const char *why)
{
    if (reading->rc == 0)
        reading->rc = ballast_fail(reading->err, -EINVAL, "%s:%u: [%s] %s: %s", reading->path,
                                   reading->line, section, key, why);
}

/* What inih would cut or fold is refused here, line by line. */
static void check_line(struct reading *reading, const char *line, size_t length)
{
    const char *word = line + strspn(line, " \t");
    if (length > MOST_LINE || memchr(line, '\0', length))
        note_config_fault(reading, "", "line", "is too long or not text: use at most 198 bytes");
    else if (word > line && *word != '\0' && *word != '\r' && *word != '\n' && !strchr(";#", *word))
        note_config_fault(reading, "", "line",
                          "begins with a space: start the key in the first column");
    else if (*word != '[' && !strchr(";#\r\n", *word) && strcspn(word, "=:") > MOST_WORD)
        note_config_fault(reading, "", "line", "the key is too long");
    else if (*word == '[' && strcspn(word, "]") > MOST_WORD)
        note_config_fault(reading, "", "section", "its name is too long");
}

static char *next_line(char *out, int size, void *stream)
{
    struct reading *reading = stream;
    if (reading->at == reading->end || reading->rc < 0)
        return NULL;
    const char *newline = memchr(reading->at, '\n', (size_t)(reading->end - reading->at));
    const char *behind = newline ? newline + 1 : reading->end;
    size_t length = (size_t)(behind - reading->at);
    reading->line++;
    size_t part = length < (size_t)size - 1 ? length : (size_t)size - 1;
    memcpy(out, reading->at, part);
    out[part] = '\0';
    reading->at = behind;
    check_line(reading, out, length);
    return reading->rc < 0 ? NULL : out;
}

enum kind {
    KIND_POLICY,
    KIND_SIZE,
    KIND_TIME,
    KIND_COUNT,
    KIND_PART,
    KIND_FLAG,
    KIND_CLAIMS,
    KIND_GROUP,
    KIND_PATH,
    KIND_PROFILE,
    KIND_HEADROOM
};

struct key {
    const char *name;
    enum kind kind;
    size_t offset;
    uint64_t least;
    uint64_t most;
    size_t part; /* where a part goes, BALLAST_WHOLE being all; 0: it takes none */
};

#define MINUTE           (60 * BALLAST_SEC_USEC)
#define AT(member)       offsetof(struct engine_config, member)
#define GUEST_AT(member) offsetof(struct engine_config_guest, member)

static const struct key keys[] = {
    {"policy", KIND_POLICY, AT(policy), 0, 0, 0},
    {"slack", KIND_SIZE, AT(slack_kib), 0, UINT64_C(1) << 40, AT(slack_part)},
    {"headroom", KIND_HEADROOM, AT(headroom), 0, 0, AT(headroom_part)},
    {"group", KIND_GROUP, AT(group), 0, 0, 0},
    {"interval", KIND_TIME, AT(interval_usec), 10000, 10 * BALLAST_SEC_USEC, 0},
    {"idle-interval", KIND_TIME, AT(idle_interval_usec), 100000, MINUTE, 0},
    {"lease", KIND_TIME, AT(lease_usec), BALLAST_SEC_USEC, 24 * 60 * MINUTE, 0},
    {"quota-reservations", KIND_COUNT, AT(quota_reservations), 0, 1000000, 0},
    {"quota-memory", KIND_SIZE, AT(quota_kib), 0, UINT64_C(1) << 42, AT(quota_part)},
    {"reboot-lease", KIND_TIME, AT(reboot_lease_usec), 0, 24 * 60 * MINUTE, 0},
    {"dom0-floor", KIND_SIZE, AT(dom0_floor_kib), 0, UINT64_C(1) << 40, AT(dom0_floor_part)},
    {"guest-floor", KIND_SIZE, AT(guest_floor_kib), 0, UINT64_C(1) << 40, AT(guest_floor_part)},
    {"inaccuracy", KIND_SIZE, AT(inaccuracy_kib), 4, 1024 * BALLAST_MIB_KIB, 0},
    {"soft-below", KIND_PART, AT(soft_permyriad), 0, BALLAST_PERMYRIAD, 0},
    {"hard-below", KIND_PART, AT(hard_permyriad), 0, BALLAST_PERMYRIAD, 0},
    {"low-below", KIND_PART, AT(low_permyriad), 0, BALLAST_PERMYRIAD, 0},
    {"squeeze-limit", KIND_PART, AT(squeeze_permyriad), 0, BALLAST_PERMYRIAD, 0},
    {"start-up", KIND_TIME, AT(start_up_usec), 0, 60 * MINUTE, 0},
    {"rival-writes", KIND_COUNT, AT(rival_writes), 2, 1000, 0},
    {"rival-within", KIND_TIME, AT(rival_usec), BALLAST_SEC_USEC, 60 * MINUTE, 0},
    {"rival-quiet", KIND_TIME, AT(rival_quiet_usec), BALLAST_SEC_USEC, 24 * 60 * MINUTE, 0},
    {"history", KIND_SIZE, AT(history_kib), 0, UINT64_C(1) << 32, 0},
    {"clients", KIND_COUNT, AT(clients), 1, 4096, 0},
    {"unread", KIND_TIME, AT(unread_usec), BALLAST_SEC_USEC, 60 * MINUTE, 0},
    {"squeezed-socket", KIND_PATH, AT(squeezed_socket), 0, 0, 0},
    {"message-switch", KIND_PATH, AT(message_switch), 0, 0, 0},
    {"squeezed-config", KIND_PATH, AT(squeezed_config), 0, 0, 0},
    {"qmemman-socket", KIND_PATH, AT(qmemman_socket), 0, 0, 0},
    {"qmemman-dir", KIND_PATH, AT(qmemman_dir), 0, 0, 0},
    {"qmemman-config", KIND_PATH, AT(qmemman_config), 0, 0, 0},
    {"balance", KIND_FLAG, AT(balloons), 0, 0, 0},
    {"claims", KIND_CLAIMS, AT(claims), 0, 0, 0},
    {"host-profile", KIND_PROFILE, 0, 0, 0, 0},
    {NULL, KIND_FLAG, 0, 0, 0, 0},
};

_Static_assert(sizeof(keys) / sizeof(*keys) <= 64, "given has a bit for each");

static const struct key guest_keys[] = {
    {"shares", KIND_COUNT, GUEST_AT(shares), 0, 1000000, 0},
    {"min", KIND_SIZE, GUEST_AT(min_kib), 0, UINT64_C(1) << 42, GUEST_AT(min_part)},
    {"max", KIND_SIZE, GUEST_AT(max_kib), 1, UINT64_C(1) << 42, GUEST_AT(max_part)},
    {"opt-out", KIND_FLAG, GUEST_AT(opt_out), 0, 0, 0},
    {NULL, KIND_FLAG, 0, 0, 0, 0},
};

/* Each returns whether the value is valid, or writes what to use instead. */

static bool set_policy(const char *value, const struct policy **to, struct ballast_text *why)
{
    const struct policy *policy = policy_find(value);
    if (policy) {
        *to = policy;
        return true;
    }
    ballast_text_add(why, "no such policy: use one of");
    for (size_t i = 0; policy_at(i); i++)
        ballast_text_add(why, "%s %s", i ? "," : "", policy_at(i)->name);
    return false;
}

static bool set_flag(const char *value, bool *to, struct ballast_text *why)
{
    bool yes = strcmp(value, "yes") == 0 || strcmp(value, "true") == 0;
    if (!yes && strcmp(value, "no") != 0 && strcmp(value, "false") != 0) {
        ballast_text_add(why, "use yes or no");
        return false;
    }
    *to = yes;
    return true;
}

/* As "parked" or "no": what is claimed is a domain's, and ours is parked. */
static bool set_claims(const char *value, bool *to, struct ballast_text *why)
{
    bool parked = strcmp(value, "parked") == 0;
    if (!parked && strcmp(value, "no") != 0) {
        ballast_text_add(why, "use parked or no");
        return false;
    }
    *to = parked;
    return true;
}

static bool set_group(const char *value, char *to, struct ballast_text *why)
{
    if (strlen(value) >= sizeof(((struct engine_config *)NULL)->group)) {
        ballast_text_add(why, "use the name of a group");
        return false;
    }
    memcpy(to, value, strlen(value) + 1);
    return true;
}

static bool set_path(const char *value, char *to, struct ballast_text *why)
{
    bool none = strcmp(value, "none") == 0;
    if (!none && (*value != '/' || strlen(value) >= ENGINE_CONFIG_PATH)) {
        ballast_text_add(why, "use none, or a path from / on of at most %d bytes",
                         ENGINE_CONFIG_PATH - 1);
        return false;
    }
    (void)snprintf(to, ENGINE_CONFIG_PATH, "%s", none ? "" : value);
    return true;
}

static bool set_profile(const char *path, struct engine_config *config, struct ballast_text *why)
{
    struct ballast_error err;
    struct calibration *calibration = NULL;
    if (strcmp(path, "none") != 0 && calibration_read(path, FILE_REGULAR, &calibration, &err) < 0) {
        ballast_text_add(why, "%s; use none, or a file that 'ballast calibrate --out' wrote",
                         err.text);
        return false;
    }
    calibration_free(config->calibration);
    config->calibration = calibration;
    config->profile_is_set = true;
    return true;
}

static uint64_t *part_place(const struct key *key, void *base)
{
    return (uint64_t *)(void *)((char *)base + key->part);
}

/* 0% is a size of 0. A size that was given before counts no more. */
static bool set_part(const char *value, uint64_t *to_part, uint64_t *to_kib,
                     struct ballast_text *why)
{
    struct ballast_error err;
    if (ballast_part_parse(value, to_part, &err) < 0) {
        ballast_text_add(why, "%s", err.text);
        return false;
    }
    *to_kib = *to_part > 0 ? BALLAST_NONE : 0;
    return true;
}

static bool set_number(const struct key *key, const char *value, void *base,
                       struct ballast_text *why)
{
    uint64_t *to = (uint64_t *)(void *)((char *)base + key->offset);
    const char *what = "";
    uint64_t number = 0;
    if (key->part != 0)
        *part_place(key, base) = 0;
    if (key->part != 0 && ballast_size_is_part(value))
        return set_part(value, part_place(key, base), to, why);
    bool read = key->kind == KIND_SIZE   ? scenario_value_size(value, &number, &what)
                : key->kind == KIND_TIME ? scenario_value_time(value, &number, &what)
                : key->kind == KIND_PART ? scenario_value_percent(value, &number, &what)
                                         : scenario_value_count(value, &number, &what);
    if (!read)
        ballast_text_add(why, "use %s", what);
    else if (number < key->least)
        ballast_text_add(why, "too small: see ballastd.conf(5) for the range");
    else if (number > key->most)
        ballast_text_add(why, "too large: see ballastd.conf(5) for the range");
    else
        *to = number;
    return read && number >= key->least && number <= key->most;
}

#define LARGEST "largest:"

const char *engine_config_headroom_folder(const struct engine_config *config)
{
    bool is_folder = strncmp(config->headroom, LARGEST, strlen(LARGEST)) == 0;
    return is_folder ? config->headroom + strlen(LARGEST) : NULL;
}

int engine_config_set_headroom(struct engine_config *config, const char *value,
                               struct ballast_error *err)
{
    const char *what = "";
    uint64_t kib = 0;
    uint64_t part = 0;
    bool is_folder = strncmp(value, LARGEST "/", strlen(LARGEST "/")) == 0;
    bool is_part = !is_folder && ballast_size_is_part(value);
    bool is_size = is_part ? ballast_part_parse(value, &part, NULL) == 0
                           : !is_folder && scenario_value_size(value, &kib, &what);
    if ((!is_folder && !is_size) || strlen(value) >= sizeof(config->headroom) ||
        kib > UINT64_C(1) << 40)
        return ballast_fail(err, -EINVAL,
                            "use a size up to 1024TiB, such as 2GiB or 10%%, or largest:DIR with a "
                            "path from / on of at most %zu bytes",
                            sizeof(config->headroom) - sizeof(LARGEST));
    (void)snprintf(config->headroom, sizeof(config->headroom), "%s", value);
    config->headroom_kib = kib;
    config->headroom_part = part;
    return 0;
}

static bool set_headroom(const char *value, struct engine_config *config, struct ballast_text *why)
{
    struct ballast_error err;
    int rc = engine_config_set_headroom(config, value, &err);
    if (rc < 0)
        ballast_text_add(why, "%s", err.text);
    return rc == 0;
}

static bool set_value(const struct key *key, const char *value, void *base,
                      struct ballast_text *why)
{
    void *to = (char *)base + key->offset;
    switch (key->kind) {
    case KIND_POLICY:
        return set_policy(value, to, why);
    case KIND_FLAG:
        return set_flag(value, to, why);
    case KIND_CLAIMS:
        return set_claims(value, to, why);
    case KIND_GROUP:
        return set_group(value, to, why);
    case KIND_PATH:
        return set_path(value, to, why);
    case KIND_PROFILE:
        return set_profile(value, base, why);
    case KIND_HEADROOM:
        return set_headroom(value, base, why);
    case KIND_SIZE:
    case KIND_TIME:
    case KIND_COUNT:
    case KIND_PART:
        return set_number(key, value, base, why);
    }
    return false;
}

static struct engine_config_guest *guest_of(struct engine_config *config, const char *name)
{
    struct engine_config_guest *guest =
        (struct engine_config_guest *)engine_config_guest(config, name);
    if (guest || strlen(name) >= ENGINE_CONFIG_NAME || *name == '\0' ||
        config->guest_count == ENGINE_CONFIG_GUESTS)
        return guest;
    struct engine_config_guest *guests =
        reallocarray(config->guests, config->guest_count + 1, sizeof(*guests));
    if (!guests)
        return NULL;
    config->guests = guests;
    guest = &guests[config->guest_count++];
    *guest = (struct engine_config_guest){
        .shares = BALLAST_NONE, .min_kib = BALLAST_NONE, .max_kib = BALLAST_NONE};
    memcpy(guest->name, name, strlen(name));
    return guest;
}

static void refuse_key(struct reading *reading, const char *section, const char *name,
                       const char *nearest)
{
    char why[128];
    if (nearest)
        (void)snprintf(why, sizeof(why), "no such key: did you mean %s?", nearest);
    else
        (void)snprintf(why, sizeof(why), "no such key; ballastd.conf(5) lists them");
    note_config_fault(reading, section, name, why);
}

static int handle_config_key(void *user, const char *section, const char *name, const char *value)
{
    struct reading *reading = user;
    const struct key *key = keys;
    void *base = reading->config;
    if (strncmp(section, "guest ", 6) == 0) {
        key = guest_keys;
        base = guest_of(reading->config, section + 6 + strspn(section + 6, " "));
        if (!base)
            note_config_fault(reading, section, name, "invalid guest name: write [guest NAME]");
    } else if (strcmp(section, "ballastd") != 0) {
        note_config_fault(reading, section, name,
                          "no such section: use [ballastd] or [guest NAME]");
    }
    struct ballast_nearest nearest = ballast_nearest_to(name);
    for (; reading->rc == 0 && key->name && strcmp(key->name, name) != 0; key++)
        ballast_nearest_try(&nearest, key->name);
    if (reading->rc == 0 && !key->name)
        refuse_key(reading, section, name, nearest.found);
    char buf[256];
    struct ballast_text why = ballast_text_over(buf, sizeof(buf));
    if (reading->rc == 0 && !set_value(key, value, base, &why))
        note_config_fault(reading, section, name, buf);
    if (reading->rc == 0 && base == reading->config)
        reading->config->given |= UINT64_C(1) << (key - keys);
    return reading->rc == 0;
}

/* A part that was given is more than nothing. */
void engine_config_resolve(struct engine_config *config, uint64_t host_kib)
{
    for (const struct key *key = keys; key->name; key++) {
        uint64_t part = key->part != 0 ? *part_place(key, config) : 0;
        uint64_t kib = ballast_max_u64(ballast_part_of(part, host_kib), BALLAST_PAGE_KIB);
        if (part == 0)
            continue;
        if (key->kind == KIND_HEADROOM)
            config->headroom_kib = kib;
        else
            *(uint64_t *)(void *)((char *)config + key->offset) = kib;
    }
}

static uint64_t resolve_bound(uint64_t kib, uint64_t part, uint64_t whole_kib)
{
    if (part == 0 || whole_kib == BALLAST_NONE)
        return kib;
    return ballast_max_u64(ballast_part_of(part, whole_kib), BALLAST_PAGE_KIB);
}

void engine_config_range(const struct engine_config_guest *guest, uint64_t static_max_kib,
                         uint64_t *min_kib, uint64_t *max_kib)
{
    *min_kib =
        guest ? resolve_bound(guest->min_kib, guest->min_part, static_max_kib) : BALLAST_NONE;
    *max_kib =
        guest ? resolve_bound(guest->max_kib, guest->max_part, static_max_kib) : BALLAST_NONE;
}

static int check_config_values(const struct reading *reading)
{
    const struct engine_config *config = reading->config;
    if (config->idle_interval_usec < config->interval_usec)
        return ballast_fail(
            reading->err, -EINVAL,
            "%s: [ballastd] idle-interval: it is shorter than interval: use interval or more",
            reading->path);
    if (config->soft_permyriad < config->hard_permyriad ||
        config->hard_permyriad < config->low_permyriad)
        return ballast_fail(reading->err, -EINVAL,
                            "%s: [ballastd] soft-below, hard-below, low-below: they rise: use for "
                            "each at most the one before it, such as 8%%, 4%% and 2%%",
                            reading->path);
    if (config->history_kib > 0 && config->history_kib < HISTORY_LEAST_KIB)
        return ballast_fail(reading->err, -EINVAL,
                            "%s: [ballastd] history: too small: use 8MiB or more, or 0MiB for none",
                            reading->path);
    for (size_t i = 0; i < config->guest_count; i++) {
        const struct engine_config_guest *guest = &config->guests[i];
        bool sizes = guest->max_kib != BALLAST_NONE && guest->min_kib != BALLAST_NONE;
        bool parts = guest->max_part > 0 && guest->min_part > 0;
        if ((sizes && guest->min_kib > guest->max_kib) ||
            (parts && guest->min_part > guest->max_part))
            return ballast_fail(reading->err, -EINVAL,
                                "%s: [guest %s] min: more than max: use at most max", reading->path,
                                guest->name);
    }
    return 0;
}

static int parse_config(struct reading *reading, char *data, size_t length)
{
    reading->at = data;
    reading->end = data + length;
    int line = ini_parse_stream(next_line, reading, handle_config_key, reading);
    if (reading->rc == 0 && line > 0)
        reading->rc =
            ballast_fail(reading->err, -EINVAL,
                         "%s:%d: neither a section nor a key: write [SECTION] or KEY = VALUE",
                         reading->path, line);
    return reading->rc < 0 ? reading->rc : check_config_values(reading);
}

struct balancer_settings engine_config_settings(const struct engine_config *config)
{
    return (struct balancer_settings){
        .soft_permyriad = (uint32_t)config->soft_permyriad,
        .hard_permyriad = (uint32_t)config->hard_permyriad,
        .low_permyriad = (uint32_t)config->low_permyriad,
        .squeeze_permyriad = (uint32_t)config->squeeze_permyriad,
        .start_up_usec = config->start_up_usec,
    };
}

struct engine_config engine_config_default(void)
{
    struct balancer_settings settings = BALANCER_SETTINGS_DEFAULT;
    return (struct engine_config){
        .policy = policy_at(0),
        .slack_kib = BALLAST_NONE,
        .dom0_min_kib = BALLAST_NONE,
        .dom0_max_kib = BALLAST_NONE,
        .headroom = "0MiB",
        .group = "ballast",
        .interval_usec = 100000,
        .idle_interval_usec = BALLAST_SEC_USEC,
        /* Longer than the slowest of builds hesitates, shorter than a night. */
        .lease_usec = 10 * MINUTE,
        .quota_reservations = 1024,
        /* A domain is destroyed and built again in seconds; what never comes back is not missed
           for long. */
        .reboot_lease_usec = MINUTE,
        .claims = true,
        .inaccuracy_kib = BALLAST_HVM_SHORT_KIB,
        .soft_permyriad = settings.soft_permyriad,
        .hard_permyriad = settings.hard_permyriad,
        .low_permyriad = settings.low_permyriad,
        .squeeze_permyriad = settings.squeeze_permyriad,
        .start_up_usec = settings.start_up_usec,
        .rival_writes = 5,
        .rival_usec = MINUTE,
        .rival_quiet_usec = 5 * MINUTE,
        .history_kib = 100 * BALLAST_MIB_KIB,
        .clients = 256,
        .unread_usec = MINUTE,
        .balloons = true,
    };
}

int engine_config_read(const char *path, struct engine_config *out, struct ballast_error *err)
{
    struct engine_config config = engine_config_default();
    char *data = NULL;
    size_t length;
    if (!path && access(USUAL_PATH, F_OK) < 0 && errno == ENOENT) {
        *out = config;
        return 0;
    }
    struct reading reading = {.path = path ? path : USUAL_PATH, .config = &config, .err = err};
    int rc = file_read(reading.path, FILE_REGULAR, MOST_BYTES, &data, &length, err);
    if (rc == 0)
        rc = parse_config(&reading, data, length);
    free(data);
    if (rc < 0) {
        engine_config_release(&config);
        return rc;
    }
    *out = config;
    return 0;
}

void engine_config_usual_profile(struct engine_config *config)
{
    struct ballast_error err;
    if (config->profile_is_set)
        return;
    int rc = calibration_read(CALIBRATION_USUAL_PATH, FILE_REGULAR, &config->calibration, &err);
    if (rc < 0 && rc != -ENOENT && rc != -ENOTDIR)
        (void)snprintf(config->profile_fault, sizeof(config->profile_fault),
                       "the profile of this host is left out: %.200s", err.text);
}

void engine_config_release(struct engine_config *config)
{
    calibration_free(config->calibration);
    config->calibration = NULL;
    free(config->guests);
    config->guests = NULL;
    config->guest_count = 0;
}

bool engine_config_is_given(const struct engine_config *config, const char *key)
{
    size_t i = 0;
    while (keys[i].name && strcmp(keys[i].name, key) != 0)
        i++;
    return keys[i].name && (config->given >> i & 1) != 0;
}

const struct engine_config_guest *engine_config_guest(const struct engine_config *config,
                                                      const char *name)
{
    for (size_t i = 0; i < config->guest_count; i++) {
        if (strcmp(config->guests[i].name, name) == 0)
            return &config->guests[i];
    }
    return NULL;
}

bool engine_config_at(const struct engine_config *config, size_t i, struct engine_config_value *out)
{
    static const enum engine_config_unit units[] = {
        [KIND_POLICY] = ENGINE_CONFIG_TEXT,    [KIND_SIZE] = ENGINE_CONFIG_KIB,
        [KIND_TIME] = ENGINE_CONFIG_USEC,      [KIND_COUNT] = ENGINE_CONFIG_COUNT,
        [KIND_PART] = ENGINE_CONFIG_PERMYRIAD, [KIND_FLAG] = ENGINE_CONFIG_FLAG,
        [KIND_GROUP] = ENGINE_CONFIG_TEXT,     [KIND_PATH] = ENGINE_CONFIG_TEXT,
        [KIND_HEADROOM] = ENGINE_CONFIG_TEXT,  [KIND_CLAIMS] = ENGINE_CONFIG_TEXT,
    };
    const struct key *key = &keys[i];
    const void *at = (const char *)config + key->offset;
    /* The last one: a profile is a file that has been read, see the method host-profile. */
    if (!key->name || key->kind == KIND_PROFILE)
        return false;
    *out = (struct engine_config_value){.key = key->name, .unit = units[key->kind]};
    if (key->kind == KIND_POLICY)
        out->text = config->policy->name;
    else if (key->kind == KIND_CLAIMS)
        out->text = config->claims ? "parked" : "no";
    else if (units[key->kind] == ENGINE_CONFIG_TEXT)
        out->text = at;
    else
        out->number = key->kind == KIND_FLAG ? *(const bool *)at : *(const uint64_t *)at;
    return true;
}
