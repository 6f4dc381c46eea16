/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/squeezed/squeezed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "app/ballastd/squeezed/methods.h"
#include "app/ballastd/squeezed/socket.h"
#include "app/ballastd/squeezed/switch_service.h"
#include "app/ballastd/squeezed/tasks.h"
#include "core/base/error.h"

struct squeezed {
    struct squeezed_tasks tasks;
    struct squeezed_socket socket;
    struct switch_service *service;
    bool closed;
};

static int open_service(struct squeezed *squeezed, const struct squeezed_options *options,
                        struct ballast_error *err)
{
    const char *path = options->message_switch;
    if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return ballast_fail(err, -ENAMETOOLONG, "%s: too long for a socket: use at most 107 bytes",
                            path);
    squeezed->service = switch_service_new(options->loop, path, &squeezed->tasks);
    return squeezed->service ? 0 : ballast_fail(err, -ENOMEM, "out of memory");
}

int squeezed_open(const struct squeezed_options *options, struct squeezed **out,
                  struct ballast_error *err)
{
    struct squeezed *squeezed = calloc(1, sizeof(*squeezed));
    if (!squeezed)
        return ballast_fail(err, -ENOMEM, "out of memory");
    squeezed->tasks = (struct squeezed_tasks){.engine = options->engine,
                                              .rpc = options->rpc,
                                              .run_dir = options->run_dir,
                                              .run = squeezed_method_run};
    squeezed_tasks_begin(&squeezed->tasks, options->loop);
    *out = squeezed; /* also where it fails: its handles are to be closed */
    int rc = 0;
    if (options->socket[0])
        rc = squeezed_socket_open(&squeezed->socket, options->loop, options->socket,
                                  &squeezed->tasks, err);
    if (rc == 0 && options->message_switch[0])
        rc = open_service(squeezed, options, err);
    return rc;
}

void squeezed_close(struct squeezed *squeezed)
{
    if (!squeezed || squeezed->closed)
        return;
    squeezed->closed = true;
    squeezed_socket_close(&squeezed->socket);
    switch_service_close(squeezed->service);
    squeezed_tasks_end(&squeezed->tasks);
}

void squeezed_free(struct squeezed *squeezed)
{
    free(squeezed);
}
