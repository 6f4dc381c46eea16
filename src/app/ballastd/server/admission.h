/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which connections a listener accepts. One user has at most half of the places, one place in eight
 * is kept for trusted users, and when all others are taken the user with the most connections makes
 * way for a user with fewer: no user can occupy a listener, however many connections it opens and
 * whatever it does with them.
 */
#ifndef APP_BALLASTD_SERVER_ADMISSION_H
#define APP_BALLASTD_SERVER_ADMISSION_H

struct listener;

/*
 * Accepts the waiting connection, or turns it away with the reason; another one may be closed for
 * it.
 */
void admission_accept(struct listener *listener);

#endif
