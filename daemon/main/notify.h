/* SPDX-License-Identifier: EUPL-1.2 */
/* notify - tell the service manager how we are: sd_notify(3) as a protocol, one
 * datagram of lines to the socket that NOTIFY_SOCKET names. Without that
 * variable every call does nothing. */
#ifndef MAIN_NOTIFY_H
#define MAIN_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Read NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and take them out of the
 * environment. 0; -EINVAL when the socket's name cannot be one. */
int notify_init(void);
bool notify_on(void);

/* state: "READY=1\nSTATUS=..." and the like. 0 or negative errno. */
int notify_send(const char *state);
int notify_ready(const char *status);
/* now_ms: monotonic. */
int notify_reloading(uint64_t now_ms);
int notify_stopping(void);

/* Time between two signs of life that is asked for; 0: none is. */
uint64_t notify_watchdog_ms(void);

#endif
