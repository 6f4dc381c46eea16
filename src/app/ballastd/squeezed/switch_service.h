/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * squeezed's queue in XAPI's message switch: requests come by transfers on one connection, answers
 * and acknowledgements go by another, both of one session.
 *
 * The switch hands a message over again until it is acknowledged, so also one that was worked on
 * before a crash: what a request has reserved bears its mark in the ledger, and logins are noted.
 * It keeps requests of clients that are dead, so whether the asker's queue is still there is asked
 * first. It hands each message to every reader, so nothing is read while another one is there.
 */
#ifndef APP_BALLASTD_SQUEEZED_SWITCH_SERVICE_H
#define APP_BALLASTD_SQUEEZED_SWITCH_SERVICE_H

#include <uv.h>

struct squeezed_tasks;
struct switch_service;

/* Begins to connect to the switch at that path, and goes on trying. NULL: out of memory. */
struct switch_service *switch_service_new(uv_loop_t *loop, const char *path,
                                          struct squeezed_tasks *tasks);
/* Ends it; it frees itself as the loop runs on. NULL is allowed. */
void switch_service_close(struct switch_service *service);

#endif
