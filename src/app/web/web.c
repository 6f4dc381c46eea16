/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/web.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "app/web/door.h"
#include "app/web/link.h"
#include "app/web/listen.h"
#include "app/web/look.h"
#include "app/web/say.h"
#include "core/base/units.h"
#include "core/model/host.h"

enum { BAD = 2, UNREACHABLE = 3 };

struct web {
    struct link *link;
    struct look *look;
    struct door *door;
    int signals;
    uint64_t now_usec; /* of this turn */
};

static uint64_t clock_usec(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * BALLAST_SEC_USEC + (uint64_t)now.tv_nsec / 1000;
}

static void link_came_up(void *context)
{
    struct web *web = context;
    web_say("connected to the daemon");
    look_up(web->look, web->now_usec);
}

static void link_went_down(void *context, const char *why)
{
    struct web *web = context;
    web_say("%s; trying again", why);
    look_down(web->look, why);
}

static void link_answered(void *context, uint64_t id, const struct wire_message *answer)
{
    struct web *web = context;
    if (!look_answered(web->look, id, answer, web->now_usec))
        (void)door_answered(web->door, id, answer);
}

static void link_told(void *context, const char *method, struct json_object *params)
{
    struct web *web = context;
    look_told(web->look, method, params);
}

static void looked(void *context)
{
    struct web *web = context;
    door_looked(web->door);
}

/* One mask for all of them: they are only ever read, never caught. */
static int open_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int timeout_msec(const struct web *web)
{
    uint64_t due_usec = ballast_min_u64(link_due_usec(web->link), look_due_usec(web->look));
    due_usec = ballast_min_u64(due_usec, door_due_usec(web->door, web->now_usec));
    if (due_usec == BALLAST_NONE)
        return -1;
    uint64_t left_usec = ballast_sub_floor(due_usec, clock_usec(CLOCK_MONOTONIC));
    return (int)ballast_min_u64((left_usec + 999) / 1000, 60000);
}

static void serve(struct web *web)
{
    for (;;) {
        struct pollfd fds[3] = {{.fd = web->signals, .events = POLLIN},
                                {.fd = door_fd(web->door), .events = POLLIN}};
        fds[2].fd = link_fd(web->link, &fds[2].events);
        if (poll(fds, 3, timeout_msec(web)) < 0 && errno != EINTR) {
            web_say("poll: %s", strerror(errno));
            return;
        }
        if (fds[0].revents)
            return;
        web->now_usec = clock_usec(CLOCK_MONOTONIC);
        link_turn(web->link, web->now_usec);
        look_turn(web->look, web->now_usec);
        door_turn(web->door, web->now_usec);
        look_watch(web->look, door_is_watched(web->door), web->now_usec);
    }
}

static int open_all(struct web *web, const struct web_options *options)
{
    static const struct link_events events = {link_came_up, link_went_down, link_answered,
                                              link_told};
    struct ballast_error err = {0};
    struct request_address address = options->listen;
    bool is_loopback = false;
    int listener = -1;
    int rc = listen_at(&address, &listener, &is_loopback, &err);
    if (rc == 0)
        rc = listen_drop_rights(&err);
    if (rc == 0) {
        web->link = link_new(options->run_dir, &events, web);
        /* Sequences go on rising when the program is started anew. */
        web->look = web->link ? look_new(web->link, looked, web, clock_usec(CLOCK_REALTIME)) : NULL;
        rc = web->look ? door_open(listener, &address, web->link, web->look, &web->door, &err)
                       : -ENOMEM;
    } else if (listener >= 0) {
        (void)close(listener);
    }
    if (rc < 0) {
        web_say("%s", err.text[0] ? err.text : strerror(-rc));
        return rc == -EINVAL ? BAD : UNREACHABLE;
    }
    if (!is_loopback)
        web_say("%s is no loopback address: whoever reaches it sees this host's guests",
                address.host);
    bool is_v6 = strchr(address.host, ':') != NULL;
    web_say("ready: http://%s%s%s:%u/", is_v6 ? "[" : "", address.host, is_v6 ? "]" : "",
            (unsigned)address.port);
    return 0;
}

int web_run(const struct web_options *options)
{
    struct web web = {.signals = open_signals(), .now_usec = clock_usec(CLOCK_MONOTONIC)};
    int status = open_all(&web, options);
    if (status == 0)
        serve(&web);
    door_close(web.door);
    look_free(web.look);
    link_free(web.link);
    if (web.signals >= 0)
        (void)close(web.signals);
    return status;
}
