/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/daemon.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/ballastd/alone.h"
#include "app/ballastd/server/connection.h"
#include "app/ballastd/server/listener.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/engine.h"
#include "app/ballastd/systemd.h"
#include "app/ballastd/server/subscriptions.h"
#include "core/base/units.h"
#include "edge/file/file.h"

/* 1: the answer is no, 2: bad input, 3: the host cannot be reached, as `ballast` has it. */
enum { EXIT_NO = 1, EXIT_BAD = 2, EXIT_HOST = 3 };

uint64_t daemon_real_usec(void)
{
    return uv_hrtime() / 1000;
}

uint64_t daemon_now_usec(const struct daemon *daemon)
{
    return overlay_now_usec(daemon->overlay);
}

static void on_alert(void *context, enum alert_kind name, const struct alert *alert)
{
    struct recorder_news news = RECORDER_NEWS;
    news.what = alert->on ? "alert" : "alert-over";
    news.reason = alert_name(name);
    news.detail = alert->message;
    recorder_news(context, &news);
    subscriptions_notify_alert(context, name, alert);
}

/* The usual one is no simulated host's: that has none but what its configuration names. */
static void find_profile(const struct daemon *daemon, struct engine_config *config)
{
    if (!engine_host_is_sim(daemon->host))
        engine_config_usual_profile(config);
}

void daemon_reload(struct daemon *daemon)
{
    struct engine_config config;
    struct ballast_error err;
    systemd_notify("RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)daemon_real_usec());
    int rc = engine_config_read(daemon->options.config_path, &config, &err);
    if (rc == 0) {
        find_profile(daemon, &config);
        bool other_policy = config.policy != daemon->config.policy;
        engine_config_release(&daemon->config);
        daemon->config = config;
        listener_set_group(daemon);
        if (daemon->tick)
            tick_set_inaccuracy(daemon->tick, config.inaccuracy_kib);
        /* A policy that was set by a command stays until the file says another than it did. */
        if (other_policy) {
            engine_set_policy(daemon, config.policy);
            (void)reservations_put_text(daemon->reservations, "policy", NULL, NULL);
        }
        engine_log(LOG_NOTICE, "the configuration has been read anew");
    }
    alerts_set(&daemon->alerts, ALERT_CONFIG, daemon_now_usec(daemon), rc < 0 ? err.text : NULL);
    systemd_notify("READY=1");
}

static void on_signal(uv_signal_t *handle, int signum)
{
    struct daemon *daemon = handle->data;
    if (signum == SIGHUP)
        daemon_reload(daemon);
    else
        daemon_stop(daemon);
}

static void on_watchdog(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    /* A host that cannot be read is not cured by killing us; a loop that stands still is. */
    systemd_notify("WATCHDOG=1");
    daemon->watched = false;
}

static void on_host(uv_poll_t *handle, int status, int events)
{
    struct daemon *daemon = handle->data;
    (void)events;
    if (status == 0 && !engine_host_take_events(daemon->host))
        return;
    engine_sample_soon(daemon);
}

/* Somebody takes memory fast: maxima may have to come down before the next tick. */
static void on_low(uv_poll_t *handle, int status, int events)
{
    struct daemon *daemon = handle->data;
    (void)status;
    (void)events;
    if (!engine_host_take_low(daemon->host))
        return;
    daemon->low_count++;
    engine_sample(daemon);
    const struct ballast_host *host = overlay_snapshot(daemon->overlay);
    engine_log(LOG_INFO, "little memory is free: %llu KiB",
               host ? (unsigned long long)host->free_kib : 0);
    if (daemon->tick)
        engine_settle(daemon);
}

static void watch_low(struct daemon *daemon)
{
    struct ballast_error err = {.text = "it cannot be waited for"};
    int fd = engine_host_low_fd(daemon->host, &err);
    daemon->low_count = BALLAST_NONE;
    if (fd < 0 || uv_poll_init(&daemon->loop, &daemon->low_poll, fd) < 0) {
        engine_log(LOG_NOTICE, "not told when memory is low: %s, ignoring", err.text);
        return;
    }
    daemon->low_count = 0;
    daemon->low_poll.data = daemon;
    uv_poll_start(&daemon->low_poll, UV_READABLE, on_low);
}

static int make_state_dir(const struct daemon *daemon)
{
    struct ballast_error err;
    int fd = file_own_dir(daemon->options.state_dir, 0700, &err);
    if (fd < 0) {
        engine_log(LOG_ERR, "%s", err.text);
        return EXIT_HOST;
    }
    (void)close(fd);
    return 0;
}

static int open_all(struct daemon *daemon)
{
    struct ballast_error err;
    int rc = engine_config_read(daemon->options.config_path, &daemon->config, &err);
    if (rc < 0) {
        engine_log(LOG_ERR, "%s", err.text);
        return EXIT_BAD;
    }
    if ((rc = alone_in_run_dir(daemon, &err)) < 0) {
        engine_log(LOG_ERR, "%s", err.text);
        return rc == -EBUSY ? EXIT_NO : EXIT_HOST;
    }
    if ((rc = engine_host_open(&daemon->options, &daemon->host, &err)) < 0) {
        engine_log(LOG_ERR, "%s", err.text);
        return rc == -EINVAL || rc == -ENOENT ? EXIT_BAD : EXIT_HOST;
    }
    if ((rc = alone_on_host(daemon, &err)) < 0) {
        engine_log(LOG_ERR, "%s", err.text);
        return rc == -EBUSY ? EXIT_NO : EXIT_HOST;
    }
    find_profile(daemon, &daemon->config);
    if ((rc = engine_init(daemon, &err)) < 0) {
        engine_log(LOG_ERR, "%s", err.text);
        return EXIT_HOST;
    }
    return make_state_dir(daemon);
}

static void start_watching(struct daemon *daemon)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    uint64_t watchdog_usec = systemd_watchdog_usec();
    int fd = engine_host_fd(daemon->host);
    signal(SIGPIPE, SIG_IGN);
    /* A file that must not grow is a full disk, and no reason to die. */
    signal(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < 3; i++) {
        uv_signal_init(&daemon->loop, &daemon->signals[i]);
        daemon->signals[i].data = daemon;
        uv_signal_start(&daemon->signals[i], on_signal, signals[i]);
    }
    uv_idle_init(&daemon->loop, &daemon->pump);
    daemon->pump.data = daemon;
    uv_timer_init(&daemon->loop, &daemon->watchdog);
    daemon->watchdog.data = daemon;
    if (watchdog_usec > 0)
        uv_timer_start(&daemon->watchdog, on_watchdog, watchdog_usec / 2000, watchdog_usec / 2000);
    if (fd >= 0 && uv_poll_init(&daemon->loop, &daemon->host_poll, fd) == 0) {
        daemon->host_poll.data = daemon;
        uv_poll_start(&daemon->host_poll, UV_READABLE, on_host);
    }
    watch_low(daemon);
}

int daemon_start(struct daemon *daemon)
{
    struct ballast_error err;
    daemon->run_fd = daemon->lock_fd = daemon->host_lock_fd = -1;
    daemon->alerts.tell = on_alert;
    daemon->alerts.context = daemon;
    uv_loop_init(&daemon->loop);
    int status = open_all(daemon);
    if (status)
        return status;
    start_watching(daemon);
    engine_begin(daemon);
    if (listener_open(daemon, &err) < 0) {
        engine_log(LOG_ERR, "%s", err.text);
        return EXIT_HOST;
    }
    engine_log(LOG_NOTICE, "ready: host %s%s, policy %s, %s", engine_host_name(daemon->host),
               engine_host_goes_on(daemon->host) ? " (goes on)" : "", daemon->policy->name,
               daemon->listeners[0].path);
    systemd_notify("READY=1\nSTATUS=host %s, policy %s", engine_host_name(daemon->host),
                   daemon->policy->name);
    return 0;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void daemon_stop(struct daemon *daemon)
{
    if (daemon->ending)
        return;
    daemon->ending = true;
    engine_log(LOG_NOTICE, "ending");
    systemd_notify("STOPPING=1");
    listener_close(daemon);
    uv_walk(&daemon->loop, close_handle, NULL);
}

static void release_all(struct daemon *daemon)
{
    listener_close(daemon);
    uv_walk(&daemon->loop, close_handle, NULL);
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
    uv_loop_close(&daemon->loop);
    engine_release(daemon);
    engine_host_close(daemon->host);
    engine_config_release(&daemon->config);
    alone_end(daemon);
    if (daemon->run_fd >= 0)
        (void)close(daemon->run_fd);
}

int daemon_run(struct daemon *daemon)
{
    int status = daemon_start(daemon);
    if (status == 0) {
        uv_run(&daemon->loop, UV_RUN_DEFAULT);
        if (daemon->host)
            engine_host_save(daemon->host);
        status = daemon->breaches > 0 ? EXIT_NO : daemon->exit_status;
    }
    release_all(daemon);
    return status;
}
