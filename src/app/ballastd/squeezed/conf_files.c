/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/squeezed/conf_files.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/ballastd/engine/config.h"
#include "app/ballastd/engine/log.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/file/file.h"
#include "edge/squeezed/conf.h"

#define USUAL_CONF "/etc/squeezed.conf"
enum { CONF_MOST = 1 << 16, CONF_FILES_MOST = 256 };

/* squeezed's domain-zero-dynamic-min where no file has it (squeeze.ml). */
#define DOM0_MIN_KIB (1024 * BALLAST_MIB_KIB)
/* The bounds of idle-interval. */
#define IDLE_LEAST_USEC UINT64_C(100000)
#define IDLE_MOST_USEC  (60 * BALLAST_SEC_USEC)

/* Reading */

static int read_conf_file(const char *path, struct squeezed_conf *conf, struct ballast_error *err)
{
    char *data = NULL;
    size_t length;
    int rc = file_read(path, FILE_REGULAR, CONF_MOST, &data, &length, err);
    if (rc == 0)
        rc = squeezed_conf_read(path, data, length, conf, err);
    free(data);
    return rc;
}

/* A directory in it is not a file. */
static int read_conf_entry(const char *directory, const char *name, struct squeezed_conf *conf,
                           struct ballast_error *err)
{
    char path[PATH_MAX];
    struct stat status;
    int length = snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof(path))
        return ballast_fail(err, -ENAMETOOLONG, "%.200s: too long for a path: use a shorter one",
                            directory);
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return 0;
    return read_conf_file(path, conf, err);
}

/* By bytes, as OCaml compares texts, whatever the locale. */
static int compare_entry_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_conf_directory(const char *path, struct squeezed_conf *conf,
                               struct ballast_error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, compare_entry_names);
    if (count < 0 && errno == ENOENT)
        return 0;
    if (count < 0)
        return ballast_fail(err, -errno, "%s: cannot be read: %m", path);
    int rc =
        count <= CONF_FILES_MOST
            ? 0
            : ballast_fail(err, -EINVAL, "%s: more than %d files: remove what is not squeezed's",
                           path, CONF_FILES_MOST);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (rc == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            rc = read_conf_entry(path, name, conf, err);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int read_conf_files(const char *given, struct squeezed_conf *conf, struct ballast_error *err)
{
    char directory[PATH_MAX];
    const char *path = given[0] ? given : USUAL_CONF;
    int length = snprintf(directory, sizeof(directory), "%s.d", path);
    if (length < 0 || (size_t)length >= sizeof(directory))
        return ballast_fail(err, -ENAMETOOLONG, "%.200s: too long for a path: use a shorter one",
                            path);
    bool is_absent = !given[0] && access(path, F_OK) < 0 && errno == ENOENT;
    int rc = is_absent ? 0 : read_conf_file(path, conf, err);
    return rc < 0 ? rc : read_conf_directory(directory, conf, err);
}

/* Use */

static void log_setting(const struct squeezed_conf *conf, enum squeezed_conf_key key,
                        const char *what)
{
    const struct squeezed_conf_setting *setting = &conf->settings[key];
    if (setting->where[0])
        engine_log(LOG_NOTICE, "%s: %s %s", setting->where, squeezed_conf_key_name(key), what);
}

static void apply_interval(const struct squeezed_conf *conf, struct engine_config *config)
{
    const struct squeezed_conf_setting *setting = &conf->settings[SQUEEZED_CONF_INTERVAL];
    char what[160];
    if (!setting->where[0])
        return;
    if (engine_config_is_given(config, "idle-interval")) {
        log_setting(conf, SQUEEZED_CONF_INTERVAL,
                    "is ignored: idle-interval of ballastd.conf goes before");
        return;
    }
    uint64_t least_usec = ballast_max_u64(IDLE_LEAST_USEC, config->interval_usec);
    config->idle_interval_usec =
        ballast_max_u64(least_usec, ballast_min_u64(setting->number, IDLE_MOST_USEC));
    (void)snprintf(what, sizeof(what), "%s: idle-interval is %" PRIu64 " ms", setting->text,
                   config->idle_interval_usec / 1000);
    log_setting(conf, SQUEEZED_CONF_INTERVAL, what);
}

static void leave_dom0(const struct squeezed_conf *conf, struct engine_config *config)
{
    const char *why = "is ignored: manage-domain-zero is not true";
    config->dom0_is_fixed = conf->settings[SQUEEZED_CONF_MANAGE].where[0] != '\0';
    log_setting(conf, SQUEEZED_CONF_MANAGE,
                "false: dom0 is not balanced, unless ballastd.conf has a section [guest] for it");
    log_setting(conf, SQUEEZED_CONF_DOM0_MIN, why);
    log_setting(conf, SQUEEZED_CONF_DOM0_MAX, why);
}

static int apply_dom0(const struct squeezed_conf *conf, struct engine_config *config,
                      struct ballast_error *err)
{
    const struct squeezed_conf_setting *min = &conf->settings[SQUEEZED_CONF_DOM0_MIN];
    const struct squeezed_conf_setting *max = &conf->settings[SQUEEZED_CONF_DOM0_MAX];
    if (conf->settings[SQUEEZED_CONF_MANAGE].number == 0) {
        leave_dom0(conf, config);
        return 0;
    }
    uint64_t min_kib = min->where[0] ? min->number : DOM0_MIN_KIB;
    bool is_auto = !max->where[0] || max->number == SQUEEZED_CONF_AUTO;
    if (!is_auto && min_kib > max->number)
        return ballast_fail(
            err, -EINVAL,
            "%s: %s: less than domain-zero-dynamic-min, %" PRIu64 " bytes: use that or more",
            max->where, squeezed_conf_key_name(SQUEEZED_CONF_DOM0_MAX), min_kib * 1024);
    config->dom0_min_kib = min_kib;
    /* What is larger than any static maximum is cut down to that. */
    config->dom0_max_kib = is_auto ? BALLAST_NONE - 1 : max->number;
    char what[200];
    (void)snprintf(what, sizeof(what),
                   "true: dom0's dynamic range is %" PRIu64
                   " bytes to %s, but for what ballastd.conf has for it",
                   min_kib * 1024, is_auto ? "its static maximum" : max->text);
    log_setting(conf, SQUEEZED_CONF_MANAGE, what);
    log_setting(conf, SQUEEZED_CONF_DOM0_MIN, "is used for dom0's dynamic range");
    log_setting(conf, SQUEEZED_CONF_DOM0_MAX, "is used for dom0's dynamic range");
    return 0;
}

/* Which way ballastd answers is its own to be told; XAPI has to agree with that, not squeezed. */
static void compare_ways(const struct squeezed_conf *conf, const struct squeezed_conf_files *files)
{
    const struct squeezed_conf_setting *use = &conf->settings[SQUEEZED_CONF_USE_SWITCH];
    const char *path = conf->settings[SQUEEZED_CONF_SWITCH_PATH].text;
    bool by_switch = files->message_switch[0] != '\0';
    bool by_socket = files->socket[0] != '\0';
    const char *what = "is ignored, and agrees with ballastd";
    if (use->number == 1 && !by_switch)
        what = "true contradicts ballastd, which has squeezed-socket and no message-switch: set "
               "message-switch if xenopsd and xapi use the switch";
    else if (use->number == 0 && !by_socket)
        what = "false contradicts ballastd, which has message-switch and no squeezed-socket: set "
               "squeezed-socket if xenopsd and xapi do not use the switch";
    log_setting(conf, SQUEEZED_CONF_USE_SWITCH, what);
    what = "is ignored, and agrees with ballastd";
    if (!by_switch)
        what = "is ignored: ballastd has no message-switch";
    else if (strcmp(path, files->message_switch) != 0)
        what = "contradicts message-switch of ballastd, which goes before: set both to the socket "
               "that the switch has";
    log_setting(conf, SQUEEZED_CONF_SWITCH_PATH, what);
}

int squeezed_conf_apply(const struct squeezed_conf_files *files, struct engine_config *config,
                        struct ballast_error *err)
{
    struct squeezed_conf conf = {0};
    int rc = read_conf_files(files->path, &conf, err);
    if (rc == 0)
        rc = apply_dom0(&conf, config, err);
    if (rc < 0)
        return rc;
    apply_interval(&conf, config);
    compare_ways(&conf, files);
    for (int key = SQUEEZED_CONF_BOOT_COUNT; key < SQUEEZED_CONF_KEYS; key++)
        log_setting(&conf, (enum squeezed_conf_key)key, "is ignored: ballastd has no use for it");
    return 0;
}
