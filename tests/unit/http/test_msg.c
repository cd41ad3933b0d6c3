/* SPDX-License-Identifier: EUPL-1.2 */
#include "http/msg.h"

#include <errno.h>

#include "lib/tap.h"

static struct msg m;

static void test_field_id(void)
{
	static const struct {
		enum field_id id;
		const char *name;
	} known[] = {
#define FIELD_ROW(name, text) { FIELD_##name, text },
#include "http/fields.tbl"
#undef FIELD_ROW
	}, row[] = {
		{ FIELD_HOST, "HoSt" },
		{ FIELD_CONTENT_LENGTH, "Content-Length" },
		{ FIELD_OTHER, "Content-Lengtj" },
		{ FIELD_OTHER, "content_length" },
		{ FIELD_OTHER, "" },
		{ FIELD_OTHER, "x" },
		{ FIELD_OTHER, "content-security-policy-report-onl" },
		{ FIELD_OTHER, "content-security-policy-report-only-and-more" },
	};
	bool all = true, sorted = true;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		struct span name = span_str(known[i].name);

		all = all && field_id(name) == known[i].id;
		sorted =
		    sorted && (i == 0 || strlen(known[i - 1].name) <= name.n);
	}
	tap_ok(all, "each row of fields.tbl is found");
	tap_ok(sorted, "fields.tbl is sorted by length");
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		tap_int(field_id(span_str(row[i].name)), row[i].id,
		    "id of \"%s\"", row[i].name);
}

static void add(enum field_id id, const char *name, const char *value)
{
	msg_add(&m, id, span_str(name), span_str(value));
}

static void test_fields(void)
{
	struct field *f;
	unsigned n = 0;

	msg_init(&m, true);
	add(FIELD_COOKIE, "Cookie", "a=1");
	add(FIELD_OTHER, "X-Name", "1");
	add(FIELD_CONNECTION, "Connection", "close , UPGRADE");
	add(FIELD_COOKIE, "cookie", "b=2");
	add(FIELD_CONTENT_TYPE, "Content-Type", "text/html ; charset=x");
	tap_span(msg_value(&m, FIELD_COOKIE), SPAN("a=1"), "first value");
	f = msg_find_name(&m, SPAN("x-nAME"));
	tap_ok(f == &m.field[1], "found by name in any case");
	f->gone = true;
	tap_ok(msg_find_name(&m, SPAN("x-name")) == NULL, "gone is gone");
	tap_ok(msg_has_token(&m, FIELD_CONNECTION, SPAN("upgrade")),
	    "token in a list");
	tap_ok(!msg_has_token(&m, FIELD_CONNECTION, SPAN("clos")),
	    "a part of a token is no token");
	tap_span(msg_media_type(&m), SPAN("text/html"), "media type");
	tap_int(msg_remove(&m, FIELD_COOKIE), 2, "both are removed");
	tap_int(msg_remove(&m, FIELD_COOKIE), 0, "once");
	tap_ok(msg_find(&m, FIELD_COOKIE) == NULL, "none is left");
	tap_int((long long)msg_value(&m, FIELD_COOKIE).n, 0, "no value");
	msg_remove(&m, FIELD_CONTENT_TYPE);
	tap_int((long long)msg_media_type(&m).n, 0, "no media type");
	while (msg_add(&m, FIELD_OTHER, SPAN("x"), SPAN("y")) == 0)
		n++;
	tap_int(n + 5, MSG_FIELDS_MAX, "so many fields");
	tap_int(msg_add(&m, FIELD_OTHER, SPAN("x"), SPAN("y")), -ENOBUFS,
	    "and no more");
}

int main(void)
{
	test_field_id();
	test_fields();
	return tap_done();
}
