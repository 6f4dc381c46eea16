/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/starts/start_conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/cli/time.h"
#include "core/base/error.h"
#include "core/base/quantity.h"
#include "core/base/units.h"
#include "core/model/host.h"
#include "edge/file/file.h"

/* A wait keeps libvirt's lock of that guest, or the boot of the host: no useful one is longer. */
#define MOST_WAIT_USEC (24 * 60 * 60 * BALLAST_SEC_USEC)
#define USUAL          ((struct start_conf){.wait_usec = 60 * BALLAST_SEC_USEC})

enum { MOST_CONF_BYTES = 1 << 16, SECTIONS = 2 };
static const char *const sections[SECTIONS] = {"libvirt", "xl"};

/* A file that is being read, line by line. */
struct conf_reading {
    const char *path;
    unsigned line;
    int section; /* -1: before the first */
    struct start_conf confs[SECTIONS];
};

__attribute__((format(printf, 3, 4))) static int
refuse_conf_line(const struct conf_reading *reading, struct ballast_error *err, const char *format,
                 ...)
{
    char text[CLI_MESSAGE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return ballast_fail(err, -EINVAL, "%s:%u: %s", reading->path, reading->line, text);
}

/* Without the white space around it; the text is changed. */
static char *trim_word(char *word)
{
    size_t length;
    while (isspace((unsigned char)*word))
        word++;
    for (length = strlen(word); length > 0 && isspace((unsigned char)word[length - 1]); length--)
        word[length - 1] = '\0';
    return word;
}

static int enter_section(struct conf_reading *reading, const char *word, struct ballast_error *err)
{
    size_t length = strlen(word);
    for (int i = 0; i < SECTIONS; i++) {
        if (length == strlen(sections[i]) + 2 && word[length - 1] == ']' &&
            strncmp(word + 1, sections[i], length - 2) == 0) {
            reading->section = i;
            return 0;
        }
    }
    return refuse_conf_line(reading, err, "unknown section '%.40s': use [libvirt] or [xl]", word);
}

static int set_wait(const struct conf_reading *reading, const char *value, struct start_conf *conf,
                    struct ballast_error *err)
{
    struct ballast_error why;
    uint64_t usec;
    if (ballast_time_parse(value, &usec, &why) < 0)
        return refuse_conf_line(reading, err, "wait: %s", why.text);
    if (usec < BALLAST_SEC_USEC || usec > MOST_WAIT_USEC)
        return refuse_conf_line(reading, err, "wait: '%.40s' is out of range: use 1s to 24h",
                                value);
    conf->wait_usec = usec;
    return 0;
}

static int set_undecided(const struct conf_reading *reading, const char *value,
                         struct start_conf *conf, struct ballast_error *err)
{
    bool refuses = strcmp(value, "refuse") == 0;
    if (!refuses && strcmp(value, "start") != 0)
        return refuse_conf_line(reading, err,
                                "undecided: invalid value '%.40s': use start or refuse", value);
    conf->refuses_undecided = refuses;
    return 0;
}

static int set_conf_key(struct conf_reading *reading, char *word, struct ballast_error *err)
{
    char *equals = strchr(word, '=');
    if (!equals)
        return refuse_conf_line(reading, err, "'%.40s' is not a setting: write KEY = VALUE", word);
    *equals = '\0';
    const char *key = trim_word(word);
    const char *value = trim_word(equals + 1);
    if (reading->section < 0)
        return refuse_conf_line(reading, err,
                                "%.40s: it is in no section: write [libvirt] or [xl] first", key);
    struct start_conf *conf = &reading->confs[reading->section];
    if (strcmp(key, "wait") == 0)
        return set_wait(reading, value, conf, err);
    if (strcmp(key, "undecided") == 0)
        return set_undecided(reading, value, conf, err);
    return refuse_conf_line(reading, err, "unknown key '%.40s': use wait or undecided", key);
}

static int take_conf_line(struct conf_reading *reading, char *line, struct ballast_error *err)
{
    char *word = trim_word(line);
    reading->line++;
    if (*word == '\0' || *word == '#' || *word == ';')
        return 0;
    return *word == '[' ? enter_section(reading, word, err) : set_conf_key(reading, word, err);
}

static int take_conf_text(struct conf_reading *reading, char *text, size_t length,
                          struct ballast_error *err)
{
    int rc = 0;
    if (strlen(text) != length)
        return ballast_fail(err, -EINVAL, "%s: has a NUL byte: use a text file", reading->path);
    for (char *line = text; line && rc == 0;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        rc = take_conf_line(reading, line, err);
        line = end ? end + 1 : NULL;
    }
    return rc;
}

void start_conf_read(const char *command, const char *path, const char *section,
                     struct start_conf *out)
{
    struct conf_reading reading = {
        .path = path ? path : START_CONF_PATH, .section = -1, .confs = {USUAL, USUAL}};
    struct ballast_error err;
    char *text = NULL;
    size_t length = 0;
    *out = USUAL;
    if (!path && access(START_CONF_PATH, F_OK) != 0)
        return;
    int rc = file_read(reading.path, FILE_REGULAR, MOST_CONF_BYTES, &text, &length, &err);
    if (rc == 0)
        rc = take_conf_text(&reading, text, length, &err);
    free(text);
    if (rc < 0) {
        char *shown = cli_shown(err.text);
        cli_error("%s: %s; using the defaults", command, shown);
        free(shown);
        return;
    }
    for (int i = 0; i < SECTIONS; i++) {
        if (strcmp(sections[i], section) == 0)
            *out = reading.confs[i];
    }
}
