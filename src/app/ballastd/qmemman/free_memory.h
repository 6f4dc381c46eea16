/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* request_mem: memory is reserved as a pool, since qubesd does not say for whom it asks. */
#ifndef APP_BALLASTD_QMEMMAN_FREE_MEMORY_H
#define APP_BALLASTD_QMEMMAN_FREE_MEMORY_H

#include <stdint.h>

struct qmemman_client;

/* Begins it; answers now or in a step. */
void qmemman_free_memory(struct qmemman_client *client, uint64_t bytes);

#endif
