/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/guestcfg/xl_file.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/guestcfg/place.h"
#include "edge/guestcfg/xl_hint.h"

/* The file's name in libxlutil's messages: without a colon, so that the line can be found. */
#define SOURCE "cfg"

/* The line number in a message "cfg:LINE: ...". */
static unsigned report_line(const char *report)
{
    unsigned line = 0;
    if (sscanf(report, SOURCE ":%u:", &line) != 1)
        return 0;
    return line;
}

/*
 * Turns "cfg:3: config parsing error near `5': syntax error, unexpected NUMBER, expecting +=" into
 * our form and shortens the token. A token has no newline, and no message of libxlutil has "': ".
 */
static int fail_syntax(const struct guestcfg_xl_file *file, const char *data, size_t length,
                       struct ballast_error *err)
{
    unsigned line = report_line(file->text);
    if (guestcfg_xl_hint(file->name, data, length, line, err))
        return -EINVAL;
    char *end = strchr(file->text, '\n');
    if (end)
        *end = '\0';
    static const char marker[] = "error near ";
    static const char newline[] = "<newline>: ";
    char *token = strstr(file->text, marker);
    token = token ? token + strlen(marker) : end;
    if (token && strncmp(token, newline, strlen(newline)) == 0)
        /* xlu__cfg_yyerror subtracts one from a line number that is already right. */
        return guestcfg_fail(err, file->name, line + 1, NULL, "at the end of the line: %s",
                             token + strlen(newline));
    char *message = NULL;
    for (char *next = token; next && (next = strstr(next, "': ")) != NULL; next++)
        message = next;
    if (!message)
        return guestcfg_fail(err, file->name, line, NULL,
                             "libxlutil cannot read the file: check it with 'xl create -n'");
    *message = '\0';
    message += strlen("': ");
    if (token[1] == '\0')
        return guestcfg_fail(err, file->name, line, NULL, "at the end of the file: %s", message);
    return guestcfg_fail(err, file->name, line, NULL, "near `%.40s': %s", token + 1, message);
}

static int load_xl_file(const char *name, const struct guestcfg_xlutil **out,
                        struct ballast_error *err)
{
    static struct guestcfg_xlutil lib;
    static const char *const names[] = {XLUTIL(LOAD_NAME)};
    _Static_assert(sizeof(lib) == sizeof(names), "a pointer a name");
    struct ballast_error why;
    if (load_library(SONAME_XLUTIL, names, LOAD_COUNT(names), &lib, &why) < 0)
        return ballast_fail(err, -ENOTSUP,
                            "%s: cannot read files of xl: %s; use libvirt XML or JSON", name,
                            why.text);
    *out = &lib;
    return 0;
}

static int parse_xl_file(struct guestcfg_xl_file *file, const char *data, size_t length,
                         struct ballast_error *err)
{
    int code = file->lib->xlu_cfg_readdata(file->config, data, (int)length);
    if (code == 0)
        return 0;
    if (fflush(file->report) != 0 || code == ENOMEM)
        return ballast_fail(err, -ENOMEM, "out of memory");
    return fail_syntax(file, data, length, err);
}

int guestcfg_xl_open(struct guestcfg_xl_file *file, const char *name, const char *data,
                     size_t length, struct ballast_error *err)
{
    const struct guestcfg_xlutil *lib = NULL;
    int rc;
    if ((rc = guestcfg_check_text(name, data, length, err)) < 0 ||
        (rc = guestcfg_xl_scan(name, data, length, err)) < 0 ||
        (rc = load_xl_file(name, &lib, err)) < 0)
        return rc;
    *file = (struct guestcfg_xl_file){.name = name, .lib = lib};
    file->report = open_memstream(&file->text, &file->text_length);
    file->config = file->report ? file->lib->xlu_cfg_init(file->report, SOURCE) : NULL;
    rc = file->config ? parse_xl_file(file, data, length, err)
                      : ballast_fail(err, -ENOMEM, "out of memory");
    if (rc < 0)
        guestcfg_xl_close(file);
    return rc;
}

void guestcfg_xl_close(struct guestcfg_xl_file *file)
{
    if (file->config)
        file->lib->xlu_cfg_destroy(file->config);
    if (file->report)
        (void)fclose(file->report);
    free(file->text);
    *file = (struct guestcfg_xl_file){0};
}

bool guestcfg_xl_has(const struct guestcfg_xl_file *file, const char *key)
{
    return file->lib->xlu_cfg_get_list(file->config, key, NULL, NULL, 1) != ESRCH;
}

/*
 * libxlutil has no function that returns the line of a setting, but its warnings contain it. Asking
 * for a value of another type provokes one.
 */
unsigned guestcfg_xl_line(const struct guestcfg_xl_file *file, const char *key)
{
    const char *string;
    if (fflush(file->report) != 0)
        return 0;
    size_t before = file->text_length;
    if (file->lib->xlu_cfg_get_list(file->config, key, NULL, NULL, 0) == 0)
        (void)file->lib->xlu_cfg_get_string(file->config, key, &string, 0);
    if (fflush(file->report) != 0 || file->text_length <= before)
        return 0;
    return report_line(file->text + before);
}

int guestcfg_xl_fail(const struct guestcfg_xl_file *file, const char *key,
                     struct ballast_error *err, const char *format, ...)
{
    char message[BALLAST_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    return guestcfg_fail(err, file->name, guestcfg_xl_line(file, key), key, "%s", message);
}

int guestcfg_xl_string(const struct guestcfg_xl_file *file, const char *key, const char **out,
                       struct ballast_error *err)
{
    if (!guestcfg_xl_has(file, key))
        return -ENOENT;
    if (file->lib->xlu_cfg_get_string(file->config, key, out, 1) != 0)
        return guestcfg_xl_fail(file, key, err, "is a list: write a single value");
    return 0;
}

int guestcfg_xl_long(const struct guestcfg_xl_file *file, const char *key, long *out,
                     struct ballast_error *err)
{
    const char *string;
    int rc = guestcfg_xl_string(file, key, &string, err);
    if (rc < 0)
        return rc;
    int code = file->lib->xlu_cfg_get_long(file->config, key, out, 1);
    if (code == 0)
        return 0;
    if (code == ERANGE)
        return guestcfg_xl_fail(file, key, err,
                                "%.40s does not fit in 64 bits: use a smaller number", string);
    char *end;
    (void)strtol(string, &end, 0);
    if (*string && *end == '\0')
        return guestcfg_xl_fail(file, key, err, "+= cannot add to a number: use =");
    return guestcfg_xl_fail(
        file, key, err, "invalid number '%.40s': use a number such as 512, 0x200 or 01000", string);
}

int guestcfg_xl_count(const struct guestcfg_xl_file *file, const char *key, uint64_t *out,
                      struct ballast_error *err)
{
    long number;
    int rc = guestcfg_xl_long(file, key, &number, err);
    if (rc < 0)
        return rc;
    if (number < 0)
        return guestcfg_xl_fail(file, key, err, "%ld is negative: use 0 or more", number);
    *out = (uint64_t)number;
    return 0;
}

int guestcfg_xl_mib(const struct guestcfg_xl_file *file, const char *key, uint64_t *out_kib,
                    struct ballast_error *err)
{
    uint64_t mib = 0;
    unsigned long long meant;
    const char *string;
    int rc = guestcfg_xl_count(file, key, &mib, err);
    if (rc == -EINVAL && guestcfg_xl_string(file, key, &string, NULL) == 0 &&
        guestcfg_meant_mib(string, &meant) && string[strspn(string, "0123456789")] != '\0')
        return guestcfg_xl_fail(file, key, err,
                                "invalid size '%.40s': xl takes a whole number of MiB: write %llu",
                                string, meant);
    if (rc < 0)
        return rc;
    /* xl computes in a long (xl_parse.c, "l * 1024"), which must not overflow. */
    if (mib > LONG_MAX / (long)BALLAST_MIB_KIB)
        return guestcfg_xl_fail(file, key, err, "%lu MiB is too large: use at most %ld",
                                (unsigned long)mib, LONG_MAX / (long)BALLAST_MIB_KIB);
    *out_kib = mib * BALLAST_MIB_KIB;
    return 0;
}

int guestcfg_xl_list(const struct guestcfg_xl_file *file, const char *key,
                     const XLU_ConfigList **out, int *entries, struct ballast_error *err)
{
    XLU_ConfigList *list;
    if (!guestcfg_xl_has(file, key))
        return -ENOENT;
    if (file->lib->xlu_cfg_get_list(file->config, key, &list, entries, 1) != 0)
        return guestcfg_xl_fail(file, key, err, "is a single value: write a list, [ \"...\" ]");
    *out = list;
    return 0;
}
