/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ballast/cli/command.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "core/model/host.h"
#include "core/policy/balancer.h"

void cli_error(const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    /* Words of a command line may be names that others chose. */
    if (vasprintf(&text, format, arguments) >= 0) {
        ballast_text_make_showable(text);
        fprintf(stderr, "ballast: %s\n", text);
        free(text);
    }
    va_end(arguments);
}

int cli_finish(int status)
{
    /* An earlier write may have failed and left no errno behind. */
    bool failed = ferror(stdout) != 0;
    bool pending = __fpending(stdout) > 0;
    errno = 0;
    bool closed = fclose(stdout) == 0;
    /* Standard output that was never open is no loss where nothing was to be written. */
    if (!failed && (closed || (errno == EBADF && !pending)))
        return status;
    cli_error("standard output: %s", errno ? strerror(errno) : "not all could be written");
    return CLI_UNREACHABLE;
}

void *xcheck(void *pointer)
{
    if (!pointer) {
        cli_error("out of memory");
        exit(CLI_UNREACHABLE);
    }
    return pointer;
}

static bool terminal_takes_colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    if (no_color && *no_color)
        return false;
    return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

int cli_colour(const char *when, bool *out)
{
    if (strcmp(when, "auto") == 0)
        *out = terminal_takes_colour();
    else if (strcmp(when, "always") == 0)
        *out = true;
    else if (strcmp(when, "never") == 0)
        *out = false;
    else
        return -EINVAL;
    return 0;
}

void cli_spaced(const char *words, char *out, size_t size)
{
    (void)snprintf(out, size, "%s", words);
    for (; *out; out++) {
        if (*out == '_')
            *out = ' ';
    }
}

char *cli_shown(const char *name)
{
    char *shown = xcheck(strdup(name));
    ballast_text_make_showable(shown);
    return shown;
}

char *cli_domain_label(const struct ballast_domain *domain)
{
    char *shown = cli_shown(domain->name);
    char *label;
    if (asprintf(&label, "domain %" PRIu32 "%s%s", domain->id, *shown ? " " : "", shown) < 0)
        label = NULL;
    free(shown);
    return xcheck(label);
}

char *cli_set_sentence(const struct ballast_host *host, const struct balancer_set *set)
{
    const struct ballast_domain *domain =
        ballast_domain_find(host->domains, host->domain_count, set->id);
    char *label = cli_domain_label(domain ? domain : &(struct ballast_domain){set->id, .name = ""});
    size_t size = balancer_set_text(set, label, NULL, 0) + 1;
    char *text = xcheck(malloc(size));
    (void)balancer_set_text(set, label, text, size);
    free(label);
    return text;
}

void cli_mib(uint64_t kib, char out[CLI_SIZE])
{
    uint64_t whole = kib / BALLAST_MIB_KIB;
    unsigned hundredths =
        (unsigned)((kib % BALLAST_MIB_KIB * 100 + BALLAST_MIB_KIB / 2) / BALLAST_MIB_KIB);
    (void)snprintf(out, CLI_SIZE, "%" PRIu64 ".%02u", whole + hundredths / 100, hundredths % 100);
}
