/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "child.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct child child_start(void (*work)(void *context, int told), void *context)
{
    int ends[2];
    CHECK(pipe(ends) == 0, "pipe");
    fflush(NULL);
    pid_t pid = fork();
    CHECK(pid >= 0, "fork");
    if (pid == 0) {
        close(ends[0]);
        work(context, ends[1]);
        _exit(1);
    }
    close(ends[1]);
    return (struct child){pid, ends[0]};
}

/* Words are smaller than PIPE_BUF: whole or not there, but a read may end within one. */
static bool hear(int fd, struct world_word *word)
{
    size_t have = 0;
    while (have < sizeof(*word)) {
        ssize_t got = read(fd, (char *)word + have, sizeof(*word) - have);
        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    return true;
}

void child_receive(struct child *child, struct known *known, uint64_t words)
{
    struct world_word word;
    while (words-- > 0 && hear(child->words, &word))
        known_receive(known, &word);
}

int child_end(struct child *child, struct known *known)
{
    struct world_word word;
    while (hear(child->words, &word))
        known_receive(known, &word);
    close(child->words);
    int status = 0;
    CHECK(waitpid(child->pid, &status, 0) == child->pid, "waitpid");
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    bool ended = WIFEXITED(status) &&
                 (WEXITSTATUS(status) == CHILD_DONE || WEXITSTATUS(status) == CHILD_CRASHED);
    CHECK(killed || ended, "the child ended with status %#x", (unsigned)status);
    return status;
}
