/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * set_mem: guests go down to sizes, 0: to what they prefer, and are held there for as long as the
 * connection and a moment more, in which qubesd pauses the guest. One that is no larger than a
 * tenth above its size is there already, and is not told anything, so that none grows by this.
 */
#ifndef APP_BALLASTD_QMEMMAN_SET_MEMORY_H
#define APP_BALLASTD_QMEMMAN_SET_MEMORY_H

struct qmemman_client;
struct qmemman_request;

/* Begins it; answers now or in a step. A domain that is not there ends it without an answer. */
void qmemman_set_memory(struct qmemman_client *client, const struct qmemman_request *request);

#endif
