/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who gets a connection of a listener. One user takes half of the places at most, one place in
 * eight is kept for those who are trusted, and when all others are taken the user who has the most
 * makes way for one who has fewer: nobody holds a listener for ever, however many connections it
 * opens and whatever it does with them.
 */
#ifndef APP_BALLASTD_SERVER_ADMISSION_H
#define APP_BALLASTD_SERVER_ADMISSION_H

struct listener;

/* Accepts the connection that waits, or tells it why not; another one may be closed for it. */
void admission_accept(struct listener *listener);

#endif
