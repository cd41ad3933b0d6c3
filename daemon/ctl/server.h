/* SPDX-License-Identifier: EUPL-1.2 */
/* server - the control socket in the parent: who may open the file may ask. At
 * most CTL_CLIENTS_MAX clients, each with one short line at a time. */
#ifndef CTL_SERVER_H
#define CTL_SERVER_H

#include "ctl/proto.h"

#define CTL_CLIENTS_MAX 8
#define CTL_ANSWER_MAX_BYTES (2u << 20)
#define CTL_IDLE_S 120 /* a client that is silent for so long is closed */

struct ctl;

/* A command has come. The answer: ctl_line any times, then ctl_end once, now or
 * later; session names the client, which may be gone by then. */
typedef void ctl_command_f(void *arg, uint64_t session, enum cmd c);

/* Listen at path: mode 0600, or 0660 with the group given (group not "").
 * A socket that nobody listens on is replaced. After loop_init. NULL with a
 * sentence in err. */
struct ctl *ctl_open(const char *path, const char *group, ctl_command_f *fn,
    void *arg, char err[200]);
/* Closes all clients and removes the file. NULL is fine. */
void ctl_close(struct ctl *c);

/* Unprintable bytes become '?'. Nothing happens when the session is gone. */
void ctl_line(struct ctl *c, uint64_t session, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* error: a sentence, or NULL for ok. */
void ctl_end(struct ctl *c, uint64_t session, const char *error);

#endif
