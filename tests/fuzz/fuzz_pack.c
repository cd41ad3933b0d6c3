/* SPDX-License-Identifier: EUPL-1.2 */
/* Pack text through policy_file_read, alone and as an include. Properties: an
 * error has a sentence that begins with a file and a line; a pack that is read
 * can be built, or the error has a place; reading again gives the same. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "conf/policy_file.h"
#include "engine/match.h"
#include "engine/message.h"

#define PACK "policy/example.conf"
#define PART "policy/common/part.conf"
#define LIST "policy/lists/trackers.hosts"
#define TEXT_MAX (64u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
const char *__asan_default_options(void);

/* libconfig 1.5 loses the buffer of a string when a syntax error follows. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static const char around[] =
    "service = { id = \"example\"; name = \"E\"; version = 1; "
    "reviewed = \"2026-01-01\"; operator = { name = \"E\"; seat = \"DE\"; }; "
    "};\ninclude = ( \"common/part.conf\" );\n"
    "variables = { browser = \"B\"; tenant = \"t\"; };\n"
    "hosts = ( ( \"meet.example\", \"inspect\" ) );\n";

static void check_sentence(const char *err)
{
	struct span rest = span_str(err), file = span_cut(&rest, ':');
	struct span line = span_cut(&rest, ':');
	uint64_t v;

	if (!span_starts(file, SPAN("policy/")) ||
	    span_u64(line, 1u << 30, &v) < 0 || v < 1 || rest.n < 2)
		abort();
}

/* A socket that the pack may name, and a message of which nothing is known. */
static void open_socket(const struct ruleset *r)
{
	const struct service *s = ruleset_at(r, 0);
	struct subject q = { .method = SPAN("GET"),
		.host = SPAN("meet.example"),
		.path = SPAN("/ws"),
		.query = SPAN("type=m") };
	struct message_state state = { .met = { 0 } };
	struct message_match m;
	struct socket_match socket;

	if (match_socket(r, s, &q, SPAN("xmpp, a"), &socket) < 0)
		return; /* -ENOBUFS, -ENOMEM */
	if (socket.deny != NULL && (socket.up != NULL || socket.down != NULL))
		abort();
	if (socket.up != NULL && message_settle(socket.up, &state, &m) == 0 &&
	    m.deny != NULL && m.plan != NULL)
		abort();
	if (message_passes(socket.down) > MESSAGE_PASSES_MAX)
		abort();
}

/* 0 when it was read; how many host lines and entries it has. */
static int read_once(const struct bundle *b, size_t *ret_size)
{
	struct ruleset *r = ruleset_new();
	char err[CONF_ERR_BYTES], why[PARSE_ERR_BYTES];
	struct service s;
	struct place at;
	int e, built;

	*ret_size = 0;
	if (r == NULL)
		return 0;
	e = policy_file_read(b, "policy", PACK, NULL, 0, r, &s, err);
	if (e == 0) {
		*ret_size = s.nhost + s.request.n + s.response.n + s.join.n +
		            s.websocket.n;
		s.refused = WHY_DONE;
		s.max_case = 1;
		if (ruleset_add(r, &s) == 0) {
			built = ruleset_build(r, &at, why);
			if (built == -EINVAL && at.file == NULL &&
			    why[0] == '\0')
				abort();
			if (built == 0)
				open_socket(r);
		}
	} else if (e == -EINVAL) {
		check_sentence(err);
	} else if (e != -ENOMEM) {
		abort();
	}
	ruleset_unref(r);
	return e;
}

static void try(struct span pack, struct span part)
{
	struct bundle *b = bundle_new();
	size_t size, again;
	int e;

	if (b == NULL)
		return;
	if (bundle_add(b, PACK, pack) == 0 && bundle_add(b, PART, part) == 0 &&
	    bundle_add(b, LIST, SPAN("px.meet.example\n")) == 0) {
		e = read_once(b, &size);
		if (read_once(b, &again) != e || size != again)
			abort();
	}
	bundle_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span text = span_of((const char *)p, n);

	if (n > TEXT_MAX)
		return 0;
	try(text, SPAN(""));
	try(SPAN(around), text);
	return 0;
}
