/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#define LOG_LINE_BYTES 1024
#define LOG_WORD_BYTES 40
#define LOG_TEXT_BYTES 300

static const struct {
	int id, severity;
	const char *text;
} catalogue[] = {
#define LOG_ROW(name, id, sev, text) { id, LOG_##sev, text },
#include "base/log.tbl"
#undef LOG_ROW
};

static enum { TO_STDERR, TO_SYSLOG, TO_SINK } target;
static log_sink_f *sink;
static void *sink_arg;

static bool is_word(const char *s)
{
	size_t n = s != NULL ? strlen(s) : 0;

	return n > 0 && n <= LOG_WORD_BYTES &&
	    strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		      "0123456789._:-") == n;
}

static size_t add(char *line, size_t at, const char *s, size_t most)
{
	for (size_t i = 0; s[i] != '\0' && i < most; i++)
		if (at < LOG_LINE_BYTES - 1)
			line[at++] = s[i] >= ' ' && s[i] <= '~' ? s[i] : '?';
	return at;
}

static size_t add_arg(char *line, size_t at, const struct log_arg *a)
{
	char number[24];

	switch (a->kind) {
	case LOG_IS_NUMBER:
		snprintf(number, sizeof number, "%llu",
		    (unsigned long long)a->number);
		return add(line, at, number, sizeof number);
	case LOG_IS_WORD:
		return add(line, at, is_word(a->text) ? a->text : "?",
		    LOG_WORD_BYTES);
	case LOG_IS_TEXT:
		return add(line, at, a->text != NULL ? a->text : "?",
		    LOG_TEXT_BYTES);
	}
	return at;
}

void log_write(enum log_id id, const struct log_arg *arg, size_t n)
{
	const char *text = catalogue[id].text;
	char line[LOG_LINE_BYTES];
	size_t at = 0, used = 0;

	snprintf(line, sizeof line, "[S%03d] ", catalogue[id].id);
	at = strlen(line);
	for (; *text != '\0'; text++) {
		if (text[0] == '{' && text[1] == '}') {
			if (used < n)
				at = add_arg(line, at, &arg[used++]);
			text++;
		} else {
			at = add(line, at, text, 1);
		}
	}
	line[at] = '\0';
	log_relay(catalogue[id].severity, line);
}

static void to_stderr(const char *line)
{
	char stamp[32];
	time_t now = time(NULL); /* lint: clock (log lines carry real time) */
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(stderr, "%s sparsamd: %s\n", stamp, line);
}

void log_relay(int severity, const char *line)
{
	switch (target) {
	case TO_STDERR:
		to_stderr(line);
		break;
	case TO_SYSLOG:
		syslog(LOG_DAEMON | severity, "%s", line);
		break;
	case TO_SINK:
		sink(severity, line, sink_arg);
		break;
	}
}

void log_to_syslog(const char *ident)
{
	openlog(ident, LOG_PID | LOG_NDELAY, LOG_DAEMON);
	target = TO_SYSLOG;
}

void log_to_stderr(void)
{
	target = TO_STDERR;
}

void log_to_sink(log_sink_f *fn, void *arg)
{
	sink = fn, sink_arg = arg;
	target = TO_SINK;
}
