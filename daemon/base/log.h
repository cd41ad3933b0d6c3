/* SPDX-License-Identifier: EUPL-1.2 */
/* log - the closed catalogue of messages and the only caller of syslog(3).
 * Live leg only (net, tls, media, proxy, ctl, main). There is no free format:
 * a message is a row of log.tbl plus typed arguments. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_id {
#define LOG_ROW(name, id, sev, text) LOG_##name##_MSG,
#include "base/log.tbl"
#undef LOG_ROW
	LOG_MSG_COUNT
};

struct log_arg {
	enum { LOG_IS_NUMBER, LOG_IS_WORD, LOG_IS_TEXT } kind;
	uint64_t number;
	const char *text;
};
/* A word is [A-Za-z0-9._:-]{1,40}, anything else is shown as "?". Text is from
 * the operator's configuration: control bytes become "?", 300 bytes at most. */
#define LOG_N(v) ((struct log_arg){ LOG_IS_NUMBER, (uint64_t)(v), NULL })
#define LOG_W(s) ((struct log_arg){ LOG_IS_WORD, 0, (s) })
#define LOG_T(s) ((struct log_arg){ LOG_IS_TEXT, 0, (s) })

/* log_msg(WORKER_DIED, LOG_N(3), LOG_N(9)) */
#define log_msg(name, ...)                                          \
	log_write(LOG_##name##_MSG,                                 \
	    (const struct log_arg[]){ __VA_ARGS__ },                \
	    sizeof((const struct log_arg[]){ __VA_ARGS__ }) /       \
		sizeof(struct log_arg))
/* For rows without arguments. */
#define log_plain(name) log_write(LOG_##name##_MSG, NULL, 0)

void log_write(enum log_id id, const struct log_arg *arg, size_t n);

/* Where finished lines go. Before any of these: stderr. */
void log_to_syslog(const char *ident); /* LOG_DAEMON, opened at once */
void log_to_stderr(void);              /* RFC 3339 UTC in front */
/* Workers have no log socket: hand the line to fn (the parent writes it). */
typedef void log_sink_f(int severity, const char *line, void *arg);
void log_to_sink(log_sink_f *fn, void *arg);
/* Write a line that another of our processes has formatted. */
void log_relay(int severity, const char *line);

#endif
