/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest that migrates here: its sender waits for xl's greeting before it sends the configuration,
 * so that is read here first, and xl is given what came from the beginning on.
 */
#ifndef APP_BALLAST_STARTS_XL_RECEIVE_H
#define APP_BALLAST_STARTS_XL_RECEIVE_H

#include <stddef.h>
#include <sys/types.h>

struct xl_receive {
    char *head; /* owned: what came, up to the end of the configuration */
    size_t length;
    pid_t feeder;   /* passes on what comes; 0: nobody does */
    pid_t answerer; /* passes on what xl answers, without its greeting */
};

/*
 * Greets the sender, and reads up to the end of the configuration. CLI_BAD, with a message: it sent
 * something else, or the connection ended.
 */
int xl_receive_begin(struct xl_receive *receive);
/*
 * From now on standard input and output of this process, and so of the xl that it starts or
 * becomes, are those that the sender believes in. CLI_UNREACHABLE with a message.
 */
int xl_receive_connect(struct xl_receive *receive);
/* When xl has ended, or is not to be started: after its last answer has been passed on. */
void xl_receive_end(struct xl_receive *receive);

#endif
