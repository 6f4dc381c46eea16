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

#include "app/web/http_server.h"
#include "app/web/link.h"
#include "app/web/listen.h"
#include "app/web/collector.h"
#include "app/web/log.h"
#include "core/base/units.h"
#include "core/model/host.h"

enum { BAD = 2, UNREACHABLE = 3 };

struct web {
    const char *run_dir;
    struct link *link;
    struct collector *collector;
    struct http_server *server;
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
    web_log("connected to the daemon at %s", web->run_dir);
    collector_up(web->collector, web->now_usec);
}

static void link_went_down(void *context, const char *why)
{
    struct web *web = context;
    web_log("%s; trying again", why);
    collector_down(web->collector, why);
}

static void link_answered(void *context, uint64_t id, const struct wire_message *answer)
{
    struct web *web = context;
    if (!collector_answered(web->collector, id, answer, web->now_usec))
        (void)http_server_answered(web->server, id, answer);
}

static void link_notified(void *context, const char *method, struct json_object *params)
{
    struct web *web = context;
    collector_notified(web->collector, method, params);
}

static void state_changed(void *context)
{
    struct web *web = context;
    http_server_state_changed(web->server);
}

/* One mask for all signals: they are only read, never caught. */
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
    uint64_t due_usec =
        ballast_min_u64(link_due_usec(web->link), collector_due_usec(web->collector));
    due_usec = ballast_min_u64(due_usec, http_server_due_usec(web->server, web->now_usec));
    if (due_usec == BALLAST_NONE)
        return -1;
    uint64_t left_usec = ballast_sub_floor(due_usec, clock_usec(CLOCK_MONOTONIC));
    return (int)ballast_min_u64((left_usec + 999) / 1000, 60000);
}

static void serve_requests(struct web *web)
{
    for (;;) {
        struct pollfd fds[3] = {{.fd = web->signals, .events = POLLIN},
                                {.fd = http_server_fd(web->server), .events = POLLIN}};
        fds[2].fd = link_fd(web->link, &fds[2].events);
        if (poll(fds, 3, timeout_msec(web)) < 0 && errno != EINTR) {
            web_log("poll: %s", strerror(errno));
            return;
        }
        if (fds[0].revents)
            return;
        web->now_usec = clock_usec(CLOCK_MONOTONIC);
        link_turn(web->link, web->now_usec);
        collector_turn(web->collector, web->now_usec);
        http_server_turn(web->server, web->now_usec);
        collector_watch(web->collector, http_server_has_followers(web->server), web->now_usec);
    }
}

static int open_web(struct web *web, const struct web_options *options)
{
    static const struct link_events events = {link_came_up, link_went_down, link_answered,
                                              link_notified};
    struct ballast_error err = {0};
    struct request_address address = options->listen;
    bool is_loopback = false;
    int listener = -1;
    int rc = listen_at(&address, &listener, &is_loopback, &err);
    if (rc == 0)
        rc = listen_drop_rights(&err);
    if (rc == 0) {
        web->run_dir = options->run_dir;
        web->link = link_new(options->run_dir, &events, web);
        /* Sequences keep increasing after a restart. */
        web->collector =
            web->link ? collector_new(web->link, state_changed, web, clock_usec(CLOCK_REALTIME))
                      : NULL;
        rc = web->collector ? http_server_open(listener, &address, web->link, web->collector,
                                               &web->server, &err)
                            : -ENOMEM;
    } else if (listener >= 0) {
        (void)close(listener);
    }
    if (rc < 0) {
        web_log("%s", err.text[0] ? err.text : strerror(-rc));
        return rc == -EINVAL ? BAD : UNREACHABLE;
    }
    if (!is_loopback)
        web_log("%s is not a loopback address: all who can connect to it see this host's guests",
                address.host);
    bool is_v6 = strchr(address.host, ':') != NULL;
    web_log("ready: http://%s%s%s:%u/", is_v6 ? "[" : "", address.host, is_v6 ? "]" : "",
            (unsigned)address.port);
    return 0;
}

int web_run(const struct web_options *options)
{
    struct web web = {.signals = open_signals(), .now_usec = clock_usec(CLOCK_MONOTONIC)};
    int status = open_web(&web, options);
    if (status == 0)
        serve_requests(&web);
    http_server_close(web.server);
    collector_free(web.collector);
    link_free(web.link);
    if (web.signals >= 0)
        (void)close(web.signals);
    return status;
}
