/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/squeezed/squeezed.h"

#include <errno.h>
#include <stdlib.h>

#include "app/ballastd/squeezed/methods.h"
#include "app/ballastd/squeezed/socket.h"
#include "app/ballastd/squeezed/tasks.h"
#include "core/base/error.h"

struct squeezed {
    struct squeezed_tasks tasks;
    struct squeezed_socket socket;
    bool closed;
};

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
    return squeezed_socket_open(&squeezed->socket, options->loop, options->socket, &squeezed->tasks,
                                err);
}

void squeezed_close(struct squeezed *squeezed)
{
    if (!squeezed || squeezed->closed)
        return;
    squeezed->closed = true;
    squeezed_socket_close(&squeezed->socket);
    squeezed_tasks_end(&squeezed->tasks);
}

void squeezed_free(struct squeezed *squeezed)
{
    free(squeezed);
}
