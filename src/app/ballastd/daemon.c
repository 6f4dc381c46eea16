/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/daemon.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include <uv.h>

#include "app/ballastd/alone.h"
#include "app/ballastd/engine/clock.h"
#include "app/ballastd/engine/config.h"
#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/qmemman/qmemman.h"
#include "app/ballastd/server/server.h"
#include "app/ballastd/squeezed/conf_files.h"
#include "app/ballastd/squeezed/squeezed.h"
#include "app/ballastd/systemd.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/policy/policy.h"
#include "edge/file/file.h"

/* 1: the answer is no, 2: bad input, 3: the host cannot be reached, as `ballast` has it. */
enum { EXIT_NO = 1, EXIT_BAD = 2, EXIT_HOST = 3 };

struct daemon {
    const struct daemon_options *options;
    struct alone alone;
    struct engine *engine;
    struct server *server;
    struct squeezed *squeezed; /* NULL: not configured */
    struct qmemman *qmemman;
    bool ending;
    uv_loop_t loop;
    uv_timer_t timer;
    uint64_t armed_usec; /* when the timer fires, as the engine has it */
    uv_prepare_t prepare;
    uv_timer_t watchdog;
    uv_poll_t host_poll;
    uv_poll_t low_poll;
    uv_signal_t signals[3];
};

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void close_all(struct daemon *daemon)
{
    squeezed_close(daemon->squeezed);
    qmemman_close(daemon->qmemman);
    if (daemon->server)
        server_close(daemon->server);
    uv_walk(&daemon->loop, close_handle, NULL);
}

static void begin_shutdown(struct daemon *daemon)
{
    if (daemon->ending)
        return;
    daemon->ending = true;
    engine_log(LOG_NOTICE, "ballastd: ending");
    systemd_notify("STOPPING=1");
    close_all(daemon);
}

/* An option goes before the configuration. */
static const char *option_or(const char *option, const char *configured)
{
    return option ? option : configured;
}

static struct squeezed_conf_files squeezed_files_of(const struct daemon_options *options,
                                                    const struct engine_config *config)
{
    return (struct squeezed_conf_files){
        .path = option_or(options->squeezed_config, config->squeezed_config),
        .socket = option_or(options->squeezed_socket, config->squeezed_socket),
        .message_switch = option_or(options->message_switch, config->message_switch),
    };
}

/* What goes before the file, and behind it. */
static int complete_config(const struct daemon *daemon, struct engine_config *config,
                           struct ballast_error *err)
{
    const struct daemon_options *options = daemon->options;
    struct squeezed_conf_files files = squeezed_files_of(options, config);
    struct ballast_error why;
    int rc = options->headroom ? engine_config_set_headroom(config, options->headroom, &why) : 0;
    if (rc < 0)
        return ballast_fail(err, rc, "--headroom '%s': %s", options->headroom, why.text);
    /* Sockets are opened at the start only. */
    bool serves = daemon->engine ? daemon->squeezed != NULL
                                 : files.socket[0] != '\0' || files.message_switch[0] != '\0';
    return serves ? squeezed_conf_apply(&files, config, err) : 0;
}

static int read_daemon_config(const struct daemon *daemon, struct engine_config *out,
                              struct ballast_error *err)
{
    int rc = engine_config_read(daemon->options->config_path, out, err);
    if (rc < 0)
        return rc;
    rc = complete_config(daemon, out, err);
    if (rc < 0)
        engine_config_release(out);
    return rc;
}

static void reload_config(struct daemon *daemon)
{
    struct engine_config config;
    struct ballast_error err;
    systemd_notify("RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)clock_real_usec());
    int rc = read_daemon_config(daemon, &config, &err);
    engine_reconfigure(daemon->engine, &config, rc < 0 ? &err : NULL);
    if (rc == 0) {
        server_reconfigure(daemon->server);
        engine_log(LOG_NOTICE, "configuration: read again");
    }
    systemd_notify("READY=1");
}

static void on_signal(uv_signal_t *handle, int signum)
{
    if (signum == SIGHUP)
        reload_config(handle->data);
    else
        begin_shutdown(handle->data);
}

/* A host that cannot be read is not cured by killing us; a loop that stands still is. */
static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    systemd_notify("WATCHDOG=1");
}

static void on_host(uv_poll_t *handle, int status, int events)
{
    struct daemon *daemon = handle->data;
    (void)events;
    if (status == 0)
        engine_take_events(daemon->engine);
    else
        engine_sample_soon(daemon->engine);
}

static void on_low_memory(uv_poll_t *handle, int status, int events)
{
    struct daemon *daemon = handle->data;
    (void)status;
    (void)events;
    engine_take_low_memory(daemon->engine);
}

static void on_timer(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    daemon->armed_usec = 0;
    engine_tick(daemon->engine);
}

/* Before the loop waits: whatever was done may have moved the next tick, or be the last. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct daemon *daemon = prepare->data;
    uint64_t due_usec = engine_due_usec(daemon->engine);
    if (engine_failed(daemon->engine)) {
        begin_shutdown(daemon);
        return;
    }
    if (due_usec == daemon->armed_usec)
        return;
    uint64_t left_usec = ballast_sub_floor(due_usec, clock_real_usec());
    daemon->armed_usec = due_usec;
    uv_timer_start(&daemon->timer, on_timer, ballast_max_u64(ballast_div_up(left_usec, 1000), 1),
                   0);
}

static void start_polling(struct daemon *daemon, uv_poll_t *poll, int fd, uv_poll_cb on_event)
{
    if (fd < 0 || uv_poll_init(&daemon->loop, poll, fd) < 0)
        return;
    poll->data = daemon;
    uv_poll_start(poll, UV_READABLE, on_event);
}

static void start_watching(struct daemon *daemon)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    uint64_t watchdog_usec = systemd_watchdog_usec();
    signal(SIGPIPE, SIG_IGN);
    /* A file that must not grow is a full disk, and no reason to die. */
    signal(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < 3; i++) {
        uv_signal_init(&daemon->loop, &daemon->signals[i]);
        daemon->signals[i].data = daemon;
        uv_signal_start(&daemon->signals[i], on_signal, signals[i]);
    }
    uv_timer_init(&daemon->loop, &daemon->watchdog);
    if (watchdog_usec > 0)
        uv_timer_start(&daemon->watchdog, on_watchdog, watchdog_usec / 2000, watchdog_usec / 2000);
    uv_timer_init(&daemon->loop, &daemon->timer);
    daemon->timer.data = daemon;
    uv_prepare_init(&daemon->loop, &daemon->prepare);
    daemon->prepare.data = daemon;
    uv_prepare_start(&daemon->prepare, on_prepare);
    start_polling(daemon, &daemon->host_poll, engine_events_fd(daemon->engine), on_host);
    start_polling(daemon, &daemon->low_poll, engine_low_memory_fd(daemon->engine), on_low_memory);
}

static int make_state_dir(const struct daemon *daemon, struct ballast_error *err)
{
    int fd = file_own_dir(daemon->options->engine.state_dir, 0700, err);
    if (fd < 0)
        return EXIT_HOST;
    (void)close(fd);
    return 0;
}

/* A simulated host must be asked for, so that it is not taken for this one. */
static int open_asked_host(const struct host_options *options, struct hv **out,
                           struct ballast_error *err)
{
    struct ballast_error why;
    int rc = host_open(options, out, &why);
    if (rc < 0 && !options->which && (rc == -ENODEV || rc == -ENOTSUP))
        return ballast_fail(
            err, rc, "no Xen here: %s; use --host sim to try it on a simulated host", why.text);
    return rc < 0 ? ballast_fail(err, rc, "%s", why.text) : 0;
}

static int open_host(struct daemon *daemon, struct hv **host, struct ballast_error *err)
{
    int rc = open_asked_host(&daemon->options->host, host, err);
    if (rc < 0)
        return rc == -EINVAL || rc == -ENOENT ? EXIT_BAD : EXIT_HOST;
    if ((*host)->ops->is_machine && (rc = alone_on_xen(&daemon->alone, err)) < 0) {
        hv_close(*host);
        return rc == -EBUSY ? EXIT_NO : EXIT_HOST;
    }
    return 0;
}

static int open_engine(struct daemon *daemon, struct engine_config *config,
                       struct ballast_error *err)
{
    struct hv *host;
    int status = open_host(daemon, &host, err);
    if (status) {
        engine_config_release(config);
        return status;
    }
    struct engine_observer observer = server_observer(daemon->server);
    if (engine_new(&daemon->options->engine, host, config, &observer, &daemon->engine, err) < 0 ||
        server_attach(daemon->server, daemon->engine, err) < 0)
        return EXIT_HOST;
    return make_state_dir(daemon, err);
}

static int open_parts(struct daemon *daemon, struct ballast_error *err)
{
    struct engine_config config;
    int rc = read_daemon_config(daemon, &config, err);
    if (rc < 0)
        return EXIT_BAD;
    daemon->server = server_new(&daemon->loop, daemon->options->run_dir);
    rc = daemon->server ? alone_in_run_dir(&daemon->alone, daemon->options->run_dir, err)
                        : ballast_fail(err, -ENOMEM, "out of memory");
    if (rc < 0) {
        engine_config_release(&config);
        return rc == -EBUSY ? EXIT_NO : EXIT_HOST;
    }
    return open_engine(daemon, &config, err);
}

static void announce_ready(const struct daemon *daemon)
{
    const struct hv *host = engine_host(daemon->engine);
    const char *policy = engine_policy(daemon->engine)->name;
    engine_log(LOG_NOTICE, "ready: host %s%s, policy %s, %s", host->name,
               host->resumed ? " (goes on)" : "", policy, server_control_path(daemon->server));
    systemd_notify("READY=1\nSTATUS=host %s, policy %s", host->name, policy);
}

static struct squeezed_options squeezed_options_of(struct daemon *daemon)
{
    const struct engine_config *config = engine_config(daemon->engine);
    return (struct squeezed_options){
        .loop = &daemon->loop,
        .engine = daemon->engine,
        .rpc = server_rpc(daemon->server),
        .run_dir = daemon->options->run_dir,
        .socket = option_or(daemon->options->squeezed_socket, config->squeezed_socket),
        .message_switch = option_or(daemon->options->message_switch, config->message_switch),
    };
}

static bool serves_xapi(struct daemon *daemon)
{
    struct squeezed_options options = squeezed_options_of(daemon);
    return options.socket[0] != '\0' || options.message_switch[0] != '\0';
}

static int open_squeezed(struct daemon *daemon, struct ballast_error *err)
{
    struct squeezed_options options = squeezed_options_of(daemon);
    if (!serves_xapi(daemon))
        return 0;
    int rc = squeezed_open(&options, &daemon->squeezed, err);
    if (rc == 0 && options.socket[0])
        engine_log(LOG_NOTICE, "squeezed's interface: %s", options.socket);
    return rc == 0 ? 0 : rc == -EBUSY ? EXIT_NO : EXIT_HOST;
}

static int open_qmemman(struct daemon *daemon, struct ballast_error *err)
{
    const struct engine_config *config = engine_config(daemon->engine);
    struct qmemman_options options = {
        .loop = &daemon->loop,
        .engine = daemon->engine,
        .rpc = server_rpc(daemon->server),
        .socket = option_or(daemon->options->qmemman_socket, config->qmemman_socket),
        .dir = option_or(daemon->options->qmemman_dir, config->qmemman_dir),
        .conf = option_or(daemon->options->qmemman_config, config->qmemman_config),
    };
    options.socket_fd = systemd_listen_fd(options.socket);
    int rc = qmemman_open(&options, &daemon->qmemman, err);
    if (rc == 0 && options.socket[0])
        engine_log(LOG_NOTICE, "qmemman's interface: %s", options.socket);
    return rc == 0 ? 0 : rc == -EBUSY ? EXIT_NO : rc == -EINVAL ? EXIT_BAD : EXIT_HOST;
}

static int start_daemon(struct daemon *daemon)
{
    struct ballast_error err;
    int status = open_parts(daemon, &err);
    if (status == 0) {
        start_watching(daemon);
        if (serves_xapi(daemon))
            engine_leave_reboots(daemon->engine);
        engine_begin(daemon->engine);
        status = server_open(daemon->server, &err) < 0 ? EXIT_HOST : 0;
    }
    if (status == 0)
        status = open_squeezed(daemon, &err);
    if (status == 0)
        status = open_qmemman(daemon, &err);
    if (status)
        engine_log(LOG_ERR, "%s", err.text);
    else
        announce_ready(daemon);
    return status;
}

/* The engine goes last but for the locks: what it holds of the host must not be another's yet. */
static void release_daemon(struct daemon *daemon)
{
    close_all(daemon);
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
    uv_loop_close(&daemon->loop);
    squeezed_free(daemon->squeezed);
    qmemman_free(daemon->qmemman);
    server_free(daemon->server);
    engine_free(daemon->engine);
    alone_end(&daemon->alone);
}

int daemon_run(const struct daemon_options *options)
{
    struct daemon daemon = {.options = options, .alone = ALONE_NONE};
    uv_loop_init(&daemon.loop);
    int status = start_daemon(&daemon);
    if (status == 0) {
        uv_run(&daemon.loop, UV_RUN_DEFAULT);
        status = engine_counters(daemon.engine)->breaches > 0 ? EXIT_NO : 0;
    }
    release_daemon(&daemon);
    return status;
}
