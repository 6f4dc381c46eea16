/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/signals.h"
#include "core/base/units.h"
#include "core/model/host.h"

/* How often it is looked for where the kernel cannot tell. */
#define LOOK_USEC UINT64_C(50000)

__attribute__((noreturn)) static void exec_child(char *const *argv, int error_fd,
                                                 const sigset_t *mask)
{
    cli_signals_restore();
    (void)sigprocmask(SIG_SETMASK, mask, NULL);
    (void)execvp(argv[0], argv);
    int code = errno;
    ssize_t written = write(error_fd, &code, sizeof(code));
    _exit(written < 0 || code != ENOENT ? CLI_CHILD_CANNOT : CLI_CHILD_MISSING);
}

/* The errno of its exec, or 0 when that went well: then the pipe closes without a word. */
static int read_child_error(int fd)
{
    int code = 0;
    ssize_t got;
    while ((got = read(fd, &code, sizeof(code))) < 0 && errno == EINTR)
        continue;
    return got == (ssize_t)sizeof(code) ? code : 0;
}

static int fail_child(const char *command, const char *word, int code)
{
    char *shown = cli_shown(word);
    cli_error("%s: %s: %s", command, shown, strerror(code));
    free(shown);
    return code == ENOENT ? CLI_CHILD_MISSING : CLI_CHILD_CANNOT;
}

/* 0, or the errno with which it cannot be run. */
static int check_program(const char *path)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return EACCES;
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

/* The rule of execvp(3): the first that can be run, else one that is there and cannot be. */
static int check_in_path(const char *word)
{
    const char *at = getenv("PATH");
    int code = ENOENT;
    for (at = at ? at : "/bin:/usr/bin"; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
        char path[PATH_MAX];
        int length = (int)strcspn(at, ":");
        int size =
            snprintf(path, sizeof(path), "%.*s%s%s", length, at, length > 0 ? "/" : "./", word);
        int found = size < (int)sizeof(path) ? check_program(path) : ENAMETOOLONG;
        if (found == 0)
            return 0;
        if (found == EACCES)
            code = EACCES;
    }
    return code;
}

int cli_child_find(const char *command, const char *word)
{
    bool is_path = strchr(word, '/') != NULL;
    int code = !*word ? ENOENT : is_path ? check_program(word) : check_in_path(word);
    if (code == 0)
        return CLI_DONE;
    char *shown = cli_shown(word);
    if (code == ENOENT && !is_path)
        cli_error(
            "%s: %s: no such command in PATH: install it, or name the command that starts the "
            "guest behind --",
            command, shown);
    else
        cli_error("%s: %s: %s", command, shown, strerror(code));
    free(shown);
    return code == ENOENT || code == ENOTDIR ? CLI_CHILD_MISSING : CLI_CHILD_CANNOT;
}

int cli_child_start(struct cli_child *child, const char *command, char *const *argv)
{
    int ends[2];
    sigset_t all;
    sigset_t mask;
    *child = (struct cli_child){.pid = -1, .fd = -1, .ended = true};
    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail_child(command, argv[0], errno);
    (void)sigfillset(&all);
    /* A signal between the two must reach either no process or this one. */
    (void)sigprocmask(SIG_SETMASK, &all, &mask);
    pid_t pid = fork();
    if (pid == 0)
        exec_child(argv, ends[1], &mask);
    int code = pid < 0 ? errno : 0;
    (void)close(ends[1]);
    if (pid > 0)
        code = read_child_error(ends[0]);
    (void)close(ends[0]);
    if (pid > 0 && code)
        (void)waitpid(pid, NULL, 0);
    if (pid > 0 && !code)
        cli_signals_pass_to(pid);
    (void)sigprocmask(SIG_SETMASK, &mask, NULL);
    if (code)
        return fail_child(command, argv[0], code);
    *child = (struct cli_child){.pid = pid, .fd = (int)syscall(SYS_pidfd_open, pid, 0)};
    return CLI_DONE;
}

static void poll_child(struct cli_child *child)
{
    int status = 0;
    pid_t got = waitpid(child->pid, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR))
        return;
    cli_signals_pass_to(0);
    child->ended = true;
    child->status = got < 0               ? CLI_CHILD_CANNOT
                    : WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                          : WEXITSTATUS(status);
}

void cli_child_wait(struct cli_child *child, uint64_t usec)
{
    struct pollfd fd = {.fd = child->fd, .events = POLLIN};
    if (!child->ended)
        poll_child(child);
    while (!child->ended) {
        uint64_t step_usec = child->fd < 0 ? ballast_min_u64(usec, LOOK_USEC) : usec;
        struct timespec time = {.tv_sec = (time_t)(step_usec / BALLAST_SEC_USEC),
                                .tv_nsec = (long)(step_usec % BALLAST_SEC_USEC) * 1000};
        (void)ppoll(&fd, 1, step_usec == BALLAST_NONE ? NULL : &time, NULL);
        poll_child(child);
        if (usec != BALLAST_NONE)
            break;
    }
}

void cli_child_end(struct cli_child *child)
{
    if (child->fd >= 0)
        (void)close(child->fd);
    child->fd = -1;
}
