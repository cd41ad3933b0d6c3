/* SPDX-License-Identifier: EUPL-1.2 */
/* Small groups are not shown: not in a line, not as a difference. */
#include "main/summary.h"

#include <stdio.h>

#include "base/log.h"
#include "conf/conf.h"
#include "lib/tap.h"

static char lines[4096];

static void on_line(int severity, const char *line, void *arg)
{
	(void)severity, (void)arg;
	snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "%s\n",
	    line);
}

static struct conf conf_of(const char *id, uint32_t group_min)
{
	struct conf c = { .nservice = 1, .group_min = group_min };

	c.service[0].id = span_str(id);
	c.service[0].mode = CONF_ENFORCE;
	return c;
}

static void add(struct stat_page *now, uint64_t clients, uint64_t devices)
{
	now->all[STAT_CONNECTIONS] += clients;
	now->service[0][STAT_SERVICE_CLIENTS] += clients;
	now->service[0][STAT_SERVICE_DEVICE] += devices;
}

static void in_lines(void)
{
	static struct summary m;
	static struct stat_page now;
	struct conf c = conf_of("zoom", 5);

	log_to_sink(on_line, NULL);
	add(&now, 4, 3);
	summary_log(&m, &now, &c);
	tap_span(span_str(lines),
	    SPAN("[S502] summary: service=zoom below the minimum group size\n"),
	    "four connections: held back");
	lines[0] = '\0';
	add(&now, 6, 11);
	summary_log(&m, &now, &c);
	tap_ok(strstr(lines, "service=zoom requests=0 denied=0 telemetry=0 "
			     "participant=0 device=11 ") != NULL,
	    "six more: only what these did");
	tap_ok(strstr(lines, "totals: connections=10 ") != NULL,
	    "totals wait until enough have come together");
	lines[0] = '\0';
	add(&now, 1, 1);
	summary_log(&m, &now, &c);
	tap_ok(strstr(lines, "device=") == NULL &&
		strstr(lines, "totals") == NULL,
	    "one more: held back");
}

static void in_answers(void)
{
	static struct summary m;
	static struct stat_page now;

	add(&now, 4, 9);
	tap_ok(!summary_show_service(&m, &now, 0, 5), "four: not yet");
	tap_ok(!summary_show_total(&m, &now, 5), "four: no totals yet");
	add(&now, 1, 1);
	tap_ok(summary_show_service(&m, &now, 0, 5) &&
		summary_service(&m, 0, STAT_SERVICE_DEVICE) == 10,
	    "five: shown");
	add(&now, 1, 7);
	tap_ok(summary_show_service(&m, &now, 0, 5) &&
		summary_service(&m, 0, STAT_SERVICE_DEVICE) == 10,
	    "one more: the old figure, its difference would tell");
	add(&now, 4, 0);
	tap_ok(summary_show_service(&m, &now, 0, 5) &&
		summary_service(&m, 0, STAT_SERVICE_DEVICE) == 17,
	    "five more: the new figure");
}

static void after_reload(void)
{
	static struct summary m;
	static struct stat_page now;
	struct conf a = conf_of("zoom", 1), b = conf_of("webex", 1);

	add(&now, 2, 20);
	tap_ok(summary_show_service(&m, &now, 0, 1), "before");
	summary_rules(&m, &now, &a, &a);
	tap_ok(summary_service(&m, 0, STAT_SERVICE_DEVICE) == 20,
	    "the same services: figures stay");
	summary_rules(&m, &now, &a, &b);
	add(&now, 1, 3);
	tap_ok(summary_show_service(&m, &now, 0, 1) &&
		summary_service(&m, 0, STAT_SERVICE_DEVICE) == 3,
	    "another service with this number starts at zero");
}

/* A level that is too high is told at once, but not of how few. */
static void level(void)
{
	static struct summary m;
	static struct stat_page now;
	struct conf c = conf_of("zoom", 5);

	c.service[0].max_case = 2;
	lines[0] = '\0';
	now.service[0][STAT_SERVICE_LEVEL] = 1;
	summary_log(&m, &now, &c);
	tap_ok(strstr(lines, "[S506]") != NULL &&
		strstr(lines, "service=zoom max_level=2 count=few\n") != NULL,
	    "one refused for its level: few");
	lines[0] = '\0';
	summary_log(&m, &now, &c);
	tap_ok(strstr(lines, "[S506]") == NULL, "none since: no line");
	now.service[0][STAT_SERVICE_LEVEL] += 7;
	summary_log(&m, &now, &c);
	tap_ok(strstr(lines, "max_level=2 count=7\n") != NULL,
	    "seven more: counted");
}

static void pass(struct stat_page *now, uint64_t clients, uint64_t blind,
    uint64_t read)
{
	now->service[0][STAT_SERVICE_CLIENTS] += clients;
	now->service[0][STAT_SERVICE_BLIND_BYTES] += blind;
	now->service[0][STAT_SERVICE_READ_BYTES] += read;
}

static void blind_share(void)
{
	static struct summary m;
	static struct stat_page now;
	struct conf a = conf_of("zoom", 5), b = conf_of("webex", 5);

	tap_int(summary_blind(&m, &now, 0, 1), -1, "no bytes: no share");
	pass(&now, 4, 900, 100);
	tap_int(summary_blind(&m, &now, 0, 5), -1, "four clients: none shown");
	pass(&now, 1, 0, 1000);
	tap_int(summary_blind(&m, &now, 0, 5), 45, "five: shown");
	pass(&now, 1, 100000, 0);
	tap_int(summary_blind(&m, &now, 0, 5), 45, "one more: the old share");
	summary_day(&m, &now);
	tap_int(summary_blind(&m, &now, 0, 5), -1, "a new day: none yet");
	pass(&now, 4, 0, 1000);
	tap_int(summary_blind(&m, &now, 0, 5), -1,
	    "five since the last answer, but four today");
	pass(&now, 5, 3, 0);
	tap_int(summary_blind(&m, &now, 0, 5), 0, "of today only, rounded");
	summary_rules(&m, &now, &a, &b);
	pass(&now, 5, 7, 0);
	tap_int(summary_blind(&m, &now, 0, 5), 100, "another service");
}

int main(void)
{
	blind_share();
	in_lines();
	in_answers();
	after_reload();
	level();
	return tap_done();
}
