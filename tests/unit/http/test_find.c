/* SPDX-License-Identifier: EUPL-1.2 */
/* find: where a meeting id stands, and what it is then. */
#include "http/find.h"

#include <errno.h>

#include "base/arena.h"
#include "engine/parse.h"
#include "lib/tap.h"

static const struct {
	const char *where, *path, *header, *cookie;
	int want;
	const char *value;
} row[] = {
	{ "query mn", "/j?mn=845", "", "", 0, "845" },
	{ "query mn", "/j?m%6E=8%34+5", "", "", 0, "84 5" },
	{ "query mn", "/j?mn=&mn=7", "", "", 0, "7" },
	{ "query mn", "/j?%zz=1&mn=7", "", "", 0, "7" },
	{ "query mn", "/j?mn=%zz", "", "", -EBADMSG, "" },
	{ "query m*", "/j?x=1&meeting=7", "", "", 0, "7" },
	{ "query mn", "/j?MN=7", "", "", 1, "" },
	{ "query mn", "/j", "", "", 1, "" },
	{ "query mn > base64url", "/j?mn=ODQ1", "", "", 0, "845" },
	{ "query mn > base64url", "/j?mn=!", "", "", -EBADMSG, "" },
	{ "path 2", "/j/8%345/x", "", "", 0, "845" },
	{ "path 4", "/j/845/x", "", "", 1, "" },
	{ "path after:j", "/a/j/845?j=1", "", "", 0, "845" },
	{ "path after:j", "/a/%6A/845", "", "", 0, "845" },
	{ "path after:j", "/a/j", "", "", 1, "" },
	{ "path 1", "*", "", "", 1, "" },
	{ "header X-Room", "/", " 845 ", "", 0, "845" },
	{ "header x-r*", "/", "845", "", 0, "845" },
	{ "header X-Other", "/", "845", "", 1, "" },
	{ "cookie room", "/", "", "a=1; room = 845 ;b", 0, "845" },
	{ "cookie Room", "/", "", "room=845", 1, "" },
};

int main(void)
{
	struct arena *a = arena_new(1u << 20);
	static char id[FIND_VALUE_MAX_BYTES + 16] = "/j?mn=";
	char err[PARSE_ERR_BYTES];
	struct where w;
	struct span v;
	static struct msg m;

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		msg_init(&m, true);
		m.path = span_str(row[i].path);
		(void)msg_add(
		    &m, FIELD_OTHER, SPAN("X-Room"), span_str(row[i].header));
		(void)msg_add(
		    &m, FIELD_COOKIE, SPAN("Cookie"), span_str(row[i].cookie));
		if (parse_where(span_str(row[i].where), a, &w, err) < 0)
			tap_ok(false, "%s", err);
		tap_int(find_value(&m, &w, a, &v), row[i].want, "%s in %s",
		    row[i].where, row[i].path);
		tap_span(v, span_str(row[i].value), "its value");
	}
	memset(id + 6, '7', FIND_VALUE_MAX_BYTES + 1);
	m.path = span_str(id);
	(void)parse_where(SPAN("query mn"), a, &w, err);
	tap_int(find_value(&m, &w, a, &v), -ENOBUFS, "a long one");
	m.path.n--;
	tap_int(find_value(&m, &w, a, &v), 0, "the longest");
	arena_free(a);
	return tap_done();
}
