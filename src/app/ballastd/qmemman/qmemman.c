/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/qmemman/qmemman.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/qmemman/client.h"
#include "app/ballastd/qmemman/files.h"
#include "app/ballastd/qmemman/free_memory.h"
#include "app/ballastd/qmemman/set_memory.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/file/file.h"

/* qubes/tools/qmemmand.py, --config. */
#define USUAL_CONF "/etc/qubes/qmemman.conf"
enum { CONF_MOST = 1 << 16 };

struct qmemman {
    struct qmemman_clients clients;
    struct qmemman_files files;
    uv_prepare_t prepare; /* data: this */
    uv_idle_t again;      /* runs for one turn of the loop after something was done in prepare */
    bool closed;
};

static void run_request(struct qmemman_client *client, const struct qmemman_request *request)
{
    switch (request->kind) {
    case QMEMMAN_FREES:
        qmemman_free_memory(client, request->bytes);
        break;
    case QMEMMAN_INVALID:
        qmemman_client_answer(client, qmemman_invalid);
        break;
    case QMEMMAN_SETS:
        qmemman_set_memory(client, request);
        break;
    case QMEMMAN_CLOSES:
        qmemman_client_close(client);
        break;
    }
}

/* What is used of it, and what is not: its owner expects it to be. */
static void say_configuration(const char *path, const struct qmemman_conf *conf)
{
    engine_log(
        LOG_NOTICE,
        "%s: vm-min-mem %" PRIu64 " KiB, dom0-mem-boost %" PRIu64
        " KiB and cache-margin-factor %" PRIu64 ".%04" PRIu64
        " say what guests prefer and where their ranges begin; the policy of ballastd balances them",
        path, conf->guest_min_kib, conf->dom0_boost_kib, conf->margin_permyriad / BALLAST_PERMYRIAD,
        conf->margin_permyriad % BALLAST_PERMYRIAD);
    if (conf->log_level > 0)
        engine_log(LOG_NOTICE, "%s: log-level is ignored: ballastd --verbose logs more", path);
}

static int read_configuration(const char *given, struct qmemman_conf *out,
                              struct ballast_error *err)
{
    const char *path = given[0] ? given : USUAL_CONF;
    char *data = NULL;
    size_t length;
    if (!given[0] && access(path, F_OK) < 0 && errno == ENOENT)
        return 0;
    int rc = file_read(path, FILE_REGULAR, CONF_MOST, &data, &length, err);
    if (rc == 0)
        rc = qmemman_conf_read(path, data, length, out, err);
    free(data);
    if (rc == 0)
        say_configuration(path, out);
    return rc;
}

static void stop_next_turn(uv_idle_t *idle)
{
    uv_idle_stop(idle);
}

static void go_on(uv_prepare_t *prepare)
{
    struct qmemman *qmemman = prepare->data;
    if (qmemman_clients_go_on(&qmemman->clients))
        uv_idle_start(&qmemman->again, stop_next_turn);
    qmemman_files_go_on(&qmemman->files, qmemman_clients_have_sizes(&qmemman->clients));
}

int qmemman_open(const struct qmemman_options *options, struct qmemman **out,
                 struct ballast_error *err)
{
    struct qmemman *qmemman = calloc(1, sizeof(*qmemman));
    if (!qmemman)
        return ballast_fail(err, -ENOMEM, "out of memory");
    qmemman->clients.engine = options->engine;
    qmemman->clients.rpc = options->rpc;
    qmemman->clients.run = run_request;
    qmemman->clients.conf = qmemman_conf_default;
    qmemman->files = (struct qmemman_files){
        .engine = options->engine, .conf = &qmemman->clients.conf, .dir = options->dir};
    uv_prepare_init(options->loop, &qmemman->prepare);
    qmemman->prepare.data = qmemman;
    uv_prepare_start(&qmemman->prepare, go_on);
    uv_idle_init(options->loop, &qmemman->again);
    *out = qmemman; /* also where it fails: its handles are to be closed */
    if (options->socket[0] == '\0')
        return 0;
    int rc = read_configuration(options->conf, &qmemman->clients.conf, err);
    if (rc < 0)
        return rc;
    const struct qmemman_conf *conf = &qmemman->clients.conf;
    overlay_range_reporting(engine_overlay(options->engine), conf->guest_min_kib,
                            ballast_add_ceil(conf->guest_min_kib, conf->dom0_boost_kib));
    return qmemman_clients_open(&qmemman->clients, options->loop, options->socket,
                                options->socket_fd, err);
}

void qmemman_close(struct qmemman *qmemman)
{
    if (!qmemman || qmemman->closed)
        return;
    qmemman->closed = true;
    qmemman_clients_close(&qmemman->clients);
    uv_close((uv_handle_t *)&qmemman->prepare, NULL);
    uv_close((uv_handle_t *)&qmemman->again, NULL);
}

void qmemman_free(struct qmemman *qmemman)
{
    free(qmemman);
}
