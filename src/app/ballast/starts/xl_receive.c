/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Xen's tools/xl: xl_migrate.c, migrate_do_preamble() and migrate_receive(). */
#include "app/ballast/starts/xl_receive.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "edge/guestcfg/guestcfg.h"

/* xl.h, migrate_receiver_banner. */
static const char greeting[] = "xl migration receiver ready, send binary domain data.\n";

enum { GREETING = sizeof(greeting) - 1, PUMP_BYTES = 1 << 16 };

static bool write_stream(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t put = write(fd, data, length);
        if (put < 0 && errno != EINTR)
            return false;
        if (put > 0) {
            data += put;
            length -= (size_t)put;
        }
    }
    return true;
}

/* Fewer bytes only at the end, or after an error. */
static size_t read_stream(int fd, char *data, size_t length)
{
    size_t have = 0;
    ssize_t got = 1;
    while (have < length && got != 0) {
        got = read(fd, data + have, length - have);
        if (got < 0 && errno != EINTR)
            break;
        if (got > 0)
            have += (size_t)got;
    }
    return have;
}

int xl_receive_begin(struct xl_receive *receive)
{
    struct ballast_error err;
    size_t needed = 0;
    char *head = xcheck(malloc(GUESTCFG_SAVE_HEAD));
    if (!write_stream(STDOUT_FILENO, greeting, GREETING) ||
        read_stream(STDIN_FILENO, head, GUESTCFG_SAVE_HEAD) < GUESTCFG_SAVE_HEAD) {
        cli_error("xl: the migration ended before it began");
        free(head);
        return CLI_BAD;
    }
    if (guestcfg_xl_save_bytes("<migration>", head, &needed, &err) < 0) {
        cli_error("xl: %s", err.text);
        free(head);
        return CLI_BAD;
    }
    receive->head = xcheck(realloc(head, needed));
    receive->length = needed;
    size_t rest = needed - GUESTCFG_SAVE_HEAD;
    if (read_stream(STDIN_FILENO, receive->head + GUESTCFG_SAVE_HEAD, rest) == rest)
        return CLI_DONE;
    cli_error("xl: the migration ended within its configuration");
    return CLI_BAD;
}

__attribute__((noreturn)) static void pump_bytes(int from, int to)
{
    static char bytes[PUMP_BYTES];
    ssize_t got = 1;
    while (got != 0) {
        got = read(from, bytes, sizeof(bytes));
        if ((got < 0 && errno != EINTR) || (got > 0 && !write_stream(to, bytes, (size_t)got)))
            break;
    }
    _exit(got == 0 ? 0 : 1);
}

/* Until the sender ends; what was read of it already goes first. */
__attribute__((noreturn)) static void feed_xl(const struct xl_receive *receive, int to)
{
    (void)signal(SIGPIPE, SIG_IGN);
    if (!write_stream(to, receive->head, receive->length))
        _exit(1);
    pump_bytes(STDIN_FILENO, to);
}

/* The sender has had a greeting. */
__attribute__((noreturn)) static void answer_sender(int from)
{
    char said[GREETING];
    (void)signal(SIGPIPE, SIG_IGN);
    if (read_stream(from, said, GREETING) < GREETING || memcmp(said, greeting, GREETING) != 0)
        _exit(1);
    pump_bytes(from, STDOUT_FILENO);
}

int xl_receive_connect(struct xl_receive *receive)
{
    int in[2];
    int out[2];
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || (receive->feeder = fork()) < 0) {
        cli_error("xl: the migration: %s", strerror(errno));
        return CLI_UNREACHABLE;
    }
    if (receive->feeder == 0) {
        (void)close(in[0]);
        (void)close(out[0]);
        (void)close(out[1]);
        (void)close(STDOUT_FILENO);
        feed_xl(receive, in[1]);
    }
    receive->answerer = fork();
    if (receive->answerer == 0) {
        (void)close(in[0]);
        (void)close(in[1]);
        (void)close(out[1]);
        (void)close(STDIN_FILENO);
        answer_sender(out[0]);
    }
    (void)dup2(in[0], STDIN_FILENO);
    (void)dup2(out[1], STDOUT_FILENO);
    for (int i = 0; i < 2; i++) {
        (void)close(in[i]);
        (void)close(out[i]);
    }
    if (receive->answerer > 0)
        return CLI_DONE;
    cli_error("xl: the migration: %s", strerror(errno));
    return CLI_UNREACHABLE;
}

void xl_receive_end(struct xl_receive *receive)
{
    if (receive->feeder > 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        (void)dup2(null, STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
        (void)close(null);
        (void)kill(receive->feeder, SIGKILL);
        (void)waitpid(receive->feeder, NULL, 0);
    }
    if (receive->answerer > 0)
        (void)waitpid(receive->answerer, NULL, 0);
    free(receive->head);
    *receive = (struct xl_receive){.head = NULL};
}
