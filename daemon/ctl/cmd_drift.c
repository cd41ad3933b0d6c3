/* SPDX-License-Identifier: EUPL-1.2 */
/* sparsamctl drift - the names no pack line speaks of, as lines for the pack.
 */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "ctl/cmd_int.h"
#include "ctl/jstring.h"
#include "ctl/proto.h"

struct drift_line {
	struct span service, version, direction, carrier, name, first, seen;
};

static bool read_line(struct span line, struct drift_line *ret_line)
{
	static const char *const key[] = { "service", "version", "direction",
		"carrier", "name", "first", "seen" };
	struct drift_line d;
	struct span *to[] = { &d.service, &d.version, &d.direction, &d.carrier,
		&d.name, &d.first, &d.seen };

	memset(&d, 0, sizeof d);
	if (!span_eq(span_cut(&line, ' '), SPAN("drift")))
		return false;
	proto_words(line, key, to, sizeof key / sizeof *key);
	*ret_line = d;
	return d.service.n > 0 && d.name.n > 0;
}

/* "Amazon_Web_Services": blanks cannot stand in a line of the daemon. */
static void plain_name(struct span name, char out[200])
{
	snprintf(out, 200, "%.*s", SPAN_ARG(name));
	for (char *p = out; *p != '\0'; p++)
		if (*p == '_')
			*p = ' ';
}

/* What to add to sparsamd.conf, where the agreement is the one that should know;
 * false: it is for a pack. */
static bool propose_agreement(const struct drift_line *d, char out[400])
{
	char name[200];

	plain_name(d->name, name);
	if (span_eq(d->carrier, SPAN("subprocessor")))
		snprintf(out, 400, "{ name = \"%s\"; country = \"??\"; }", name);
	else if (span_eq(d->carrier, SPAN("place")))
		snprintf(out, 400, "\"%s\"", name);
	else if (span_eq(d->carrier, SPAN("network")))
		snprintf(out, 400,
		    "{ name = \"%s\"; nets = ( \"NETWORK\" ); }", name);
	else
		return false;
	return true;
}

/* The line for the pack; what it is for is left to its author. */
static void propose(const struct drift_line *d, char out[400])
{
	if (propose_agreement(d, out))
		return;
	if (span_eq(d->carrier, SPAN("host")))
		snprintf(out, 400, "( \"%.*s\", \"deny\", \"CATEGORY\" )",
		    SPAN_ARG(d->name));
	else if (span_eq(d->carrier, SPAN("websocket")))
		snprintf(out, 400,
		    "{ when = \"GET *%.*s\"; deny = ( \"CATEGORY\" ); }",
		    SPAN_ARG(d->name));
	else
		snprintf(out, 400, "( \"%.*s %.*s\", \"drop\", \"CATEGORY\" )",
		    SPAN_ARG(d->carrier), SPAN_ARG(d->name));
}

static const char *table(const struct drift_line *d)
{
	if (span_eq(d->carrier, SPAN("host")))
		return "hosts";
	if (span_eq(d->carrier, SPAN("websocket")))
		return "websocket";
	if (span_eq(d->carrier, SPAN("place")))
		return "agreement.processing_places";
	if (span_eq(d->carrier, SPAN("subprocessor")) ||
	    span_eq(d->carrier, SPAN("network")))
		return "agreement.subprocessors";
	return span_eq(d->direction, SPAN("down")) ? "response" : "request";
}

static void show(const struct drift_line *d)
{
	char text[400];

	propose(d, text);
	printf("%s,  // %.*s %.*s, %s: since %.*s, seen %.*s\n", text,
	    SPAN_ARG(d->service), SPAN_ARG(d->version), table(d),
	    SPAN_ARG(d->first), SPAN_ARG(d->seen));
}

static void add(json_t *list, const struct drift_line *d)
{
	json_t *row = json_object();
	char text[400];
	uint64_t v;

	propose(d, text);
	json_object_set_new(row, "service", jstring(d->service));
	if (span_u64(d->version, INT64_MAX, &v) == 0)
		json_object_set_new(
		    row, "version", json_integer((json_int_t)v));
	json_object_set_new(row, "direction", jstring(d->direction));
	json_object_set_new(row, "carrier", jstring(d->carrier));
	json_object_set_new(row, "name", jstring(d->name));
	json_object_set_new(row, "first", jstring(d->first));
	json_object_set_new(row, "seen",
	    span_u64(d->seen, INT64_MAX, &v) == 0 ? json_integer((json_int_t)v)
	                                          : json_null());
	json_object_set_new(row, "table", json_string(table(d)));
	json_object_set_new(row, "line", jstring(span_str(text)));
	json_array_append_new(list, row);
}

/* "drift_more service=ID ...": not all names are here. */
static bool is_more(struct span line, struct span service)
{
	struct span id;

	if (!span_eq(span_cut(&line, ' '), SPAN("drift_more")))
		return false;
	id = span_cut(&line, ' ');
	span_cut(&id, '=');
	return service.n == 0 || span_eq(id, service);
}

static int print(struct span lines, struct span service, bool json)
{
	json_t *root = json ? json_object() : NULL;
	json_t *list = json ? json_array() : NULL;
	struct drift_line d;
	bool more = false;
	unsigned n = 0;
	int err = 0;

	while (lines.n > 0) {
		struct span line = span_cut(&lines, '\n');

		more = more || is_more(line, service);
		if (!read_line(line, &d) ||
		    (service.n > 0 && !span_eq(d.service, service)))
			continue;
		n++;
		if (json)
			add(list, &d);
		else
			show(&d);
	}
	if (json) {
		json_object_set_new(root, "drift", list);
		json_object_set_new(root, "complete", json_boolean(!more));
		err = json_dumpf(root, stdout, JSON_INDENT(1));
		printf("\n");
		json_decref(root);
	} else if (n == 0) {
		printf("no drift\n");
	} else if (more) {
		printf("// not all: the table was full\n");
	}
	return err < 0 ? EXIT_NO : EXIT_GOOD;
}

int cmd_drift(struct tool *t)
{
	bool json = false, bad = false;
	const char *service = NULL, *value;
	char *text = NULL;
	size_t n = 0;
	FILE *out;
	int status;

	while (t->argc > 0 && !bad) {
		if (tool_flag(t, "--json"))
			json = true;
		else if ((value = tool_value(t, "--service", &bad)) != NULL)
			service = value;
		else
			bad = true;
	}
	if (bad)
		return tool_usage(CMD_DRIFT);
	out = open_memstream(&text, &n);
	if (out == NULL)
		return EXIT_NO;
	status = tool_ask(t, CMD_DRIFT, false, out);
	if (fclose(out) != 0 && status == EXIT_GOOD)
		status = EXIT_NO;
	if (status == EXIT_GOOD)
		status = print(span_of(text, n), span_str(service), json);
	free(text);
	return status;
}
