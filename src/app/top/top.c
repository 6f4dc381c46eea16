/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/top/top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "app/top/cells.h"
#include "app/top/layout.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/term/term.h"

/* They only come while we wait, so that nothing is ever half drawn when one is obeyed. */
static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};
enum { CAUGHT = sizeof(caught) / sizeof(caught[0]) };
static volatile sig_atomic_t came[CAUGHT];

struct signals {
    struct sigaction before[CAUGHT];
    sigset_t mask_before;
};

struct top {
    const struct top_options *options;
    const struct top_source *source;
    struct term *term;
    struct top_state state;
    struct top_cells cells;
    struct signals signals;
    struct term_style styles[TOP_STYLES];
    int stderr_copy; /* what it really is, while it goes to `kept`; -1 */
    int kept;
    uint64_t due_usec;
    bool changed; /* what is on the screen is not what would be drawn */
    bool anew;
};

static uint64_t top_now_usec(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * BALLAST_SEC_USEC + (uint64_t)now.tv_nsec / 1000;
}

static void remember_signal(int number)
{
    for (int i = 0; i < CAUGHT; i++) {
        if (caught[i] == number)
            came[i] = 1;
    }
}

static void catch_signals(struct signals *signals)
{
    struct sigaction action = {.sa_handler = remember_signal};
    sigset_t mask;
    (void)sigemptyset(&mask);
    for (int i = 0; i < CAUGHT; i++)
        (void)sigaddset(&mask, caught[i]);
    (void)sigprocmask(SIG_BLOCK, &mask, &signals->mask_before);
    for (int i = 0; i < CAUGHT; i++) {
        came[i] = 0;
        (void)sigaction(caught[i], &action, &signals->before[i]);
    }
}

static void restore_signals(const struct signals *signals)
{
    for (int i = 0; i < CAUGHT; i++)
        (void)sigaction(caught[i], &signals->before[i], NULL);
    (void)sigprocmask(SIG_SETMASK, &signals->mask_before, NULL);
}

/* Libraries write there when they please; on the screen it would be in the way. */
static void keep_stderr(struct top *top)
{
    top->kept = memfd_create("stderr", MFD_CLOEXEC);
    top->stderr_copy = top->kept < 0 ? -1 : dup(STDERR_FILENO);
    if (top->stderr_copy >= 0)
        (void)dup2(top->kept, STDERR_FILENO);
}

static void print_kept_stderr(struct top *top)
{
    char text[4096];
    ssize_t got;
    if (top->stderr_copy >= 0) {
        (void)dup2(top->stderr_copy, STDERR_FILENO);
        (void)close(top->stderr_copy);
        (void)lseek(top->kept, 0, SEEK_SET);
        while ((got = read(top->kept, text, sizeof(text))) > 0)
            (void)fwrite(text, 1, (size_t)got, stderr);
    }
    if (top->kept >= 0)
        (void)close(top->kept);
    top->stderr_copy = top->kept = -1;
}

static void note_lost(struct top *top, int rc, const struct ballast_error *err)
{
    top->state.lost[0] = '\0';
    if (rc < 0)
        top_shown(err->text, top->state.lost, sizeof(top->state.lost));
    top->changed = true;
}

static void sample_top(struct top *top)
{
    struct ballast_error err;
    note_lost(top, top->source->look(top->source->context, &top->state.host, &err), &err);
    top->due_usec = top_now_usec() + top->options->interval_usec;
}

static int paint_top(struct top *top, struct ballast_error *err)
{
    unsigned columns;
    unsigned rows;
    term_size(top->term, &columns, &rows);
    if (top_cells_resize(&top->cells, columns, rows) < 0 || top_draw(&top->state, &top->cells) < 0)
        return ballast_fail(err, -ENOMEM, "out of memory");
    term_paint(top->term, top->cells.cell, columns, rows, top->anew);
    top->changed = top->anew = false;
    return 0;
}

static void change_top(struct top *top)
{
    struct ballast_error err;
    char text[TOP_TEXT];
    if (top->source->change(top->source->context, &top->state.change, &err) < 0) {
        top_shown(err.text, text, sizeof(text));
        top_say(&top->state, true, "not done: %s", text);
    } else {
        (void)top_change_text(&top->state, true, text, sizeof(text));
        top_say(&top->state, false, "done: %s", text);
    }
    sample_top(top);
}

/* false: that was the end. */
static bool take_keys(struct top *top)
{
    uint32_t key;
    while ((key = term_key(top->term)) != TERM_KEY_NONE) {
        top->changed = true;
        enum top_does does = top_key(&top->state, key);
        if (does == TOP_DOES_QUIT)
            return false;
        top->anew |= does == TOP_DOES_REDRAW;
        if (does == TOP_DOES_CHANGE)
            change_top(top);
    }
    return true;
}

/* The terminal is the shell's until we are continued. */
static void stop_top(struct top *top)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    struct sigaction ours;
    sigset_t one;
    term_leave(top->term);
    (void)sigaction(SIGTSTP, &action, &ours);
    (void)sigemptyset(&one);
    (void)sigaddset(&one, SIGTSTP);
    (void)raise(SIGTSTP);
    (void)sigprocmask(SIG_UNBLOCK, &one, NULL); /* it stops here */
    (void)sigprocmask(SIG_BLOCK, &one, NULL);
    (void)sigaction(SIGTSTP, &ours, NULL);
}

/* The signal that ends it, or 0. */
static int obey_signals(struct top *top)
{
    for (int i = 0; i < CAUGHT; i++) {
        if (!came[i])
            continue;
        came[i] = 0;
        if (caught[i] == SIGTSTP)
            stop_top(top);
        else if (caught[i] != SIGCONT && caught[i] != SIGWINCH)
            return caught[i];
        top->changed = true;
        top->anew |= caught[i] != SIGWINCH;
    }
    return 0;
}

/* Until there is something to do; SIGHUP when the terminal is gone. */
static int wait_for_input(struct top *top, struct pollfd fds[2])
{
    uint64_t left_usec = ballast_sub_floor(top->due_usec, top_now_usec());
    struct timespec left = {.tv_sec = (time_t)(left_usec / BALLAST_SEC_USEC),
                            .tv_nsec = (long)(left_usec % BALLAST_SEC_USEC) * 1000};
    int source = top->source->fd ? top->source->fd(top->source->context) : -1;
    fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = source, .events = POLLIN};
    if (ppoll(fds, 2, &left, &top->signals.mask_before) < 0)
        fds[0].revents = fds[1].revents = 0;
    return (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) ? SIGHUP : obey_signals(top);
}

static int run_top(struct top *top, struct ballast_error *err)
{
    for (;;) {
        struct pollfd fds[2];
        struct ballast_error why;
        if (top_now_usec() >= top->due_usec)
            sample_top(top);
        int rc = top->changed ? paint_top(top, err) : 0;
        if (rc == 0)
            rc = wait_for_input(top, fds);
        if (rc != 0)
            return rc;
        if (!take_keys(top))
            return 0;
        if (fds[1].revents)
            note_lost(top, top->source->receive(top->source->context, &top->state.host, &why),
                      &why);
    }
}

int top_run(const struct top_options *options, const struct top_source *source,
            struct ballast_error *err)
{
    struct top top = {
        .options = options, .source = source, .stderr_copy = -1, .kept = -1, .changed = true};
    top.state.sort = options->sort;
    top.state.reversed = options->reversed;
    top.state.can_change = source->change != NULL;
    if (options->filter)
        (void)snprintf(top.state.filter, sizeof(top.state.filter), "%s", options->filter);
    catch_signals(&top.signals);
    top_styles_fill(top.styles);
    int rc = term_open(options->colour, top.styles, TOP_STYLES, &top.term, err);
    if (rc == 0) {
        keep_stderr(&top);
        rc = run_top(&top, err);
    }
    term_close(top.term);
    print_kept_stderr(&top);
    restore_signals(&top.signals);
    top_cells_release(&top.cells);
    top_state_release(&top.state);
    return rc;
}
