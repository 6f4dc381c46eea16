/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections have turns: each as many as the others, and one whose calls took longer than a turn
 * skips as many turns as it took too much.
 */
#ifndef APP_BALLASTD_SERVER_TURNS_H
#define APP_BALLASTD_SERVER_TURNS_H

struct server;

/* Starts the turns of connections with more messages, in the loop. */
void turns_begin(struct server *server);

#endif
