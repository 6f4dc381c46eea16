/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections have turns: each as many as the others, and one whose calls took longer than a turn
 * may sits out as many as it took too much.
 */
#ifndef APP_BALLASTD_SERVER_TURNS_H
#define APP_BALLASTD_SERVER_TURNS_H

struct server;

/* From now on connections that have more to say have their turns in the loop. */
void turns_begin(struct server *server);

#endif
