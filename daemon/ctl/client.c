/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "ctl/jstring.h"
#include "ctl/server.h"

static int reach(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof at.sun_path)
		return -ENAMETOOLONG;
	memcpy(at.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&at, sizeof at) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* Read until the last line has come; *ret_end is where it begins. */
static int read_answer(int fd, struct buf *in, size_t *ret_end,
    enum proto_kind *ret_kind, struct span *ret_text)
{
	size_t line = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		struct span s = buf_span(in), rest = span_from(s, line);
		size_t n = span_chr(rest, '\n');
		ssize_t got;
		char *at;

		if (n < rest.n) {
			*ret_kind = proto_answer(span_of(rest.p, n), ret_text);
			*ret_end = line;
			if (*ret_kind != PROTO_LINE)
				return 0;
			line += n + 1;
			continue;
		}
		if (poll(&p, 1, CLIENT_WAIT_S * 1000) <= 0)
			return -ETIMEDOUT;
		at = buf_reserve(in, 4096);
		if (at == NULL)
			return -EMSGSIZE;
		got = read(fd, at, 4096);
		if (got <= 0)
			return got == 0 ? -ECONNRESET : -errno;
		buf_commit(in, (size_t)got);
	}
}

static int converse(int fd, enum cmd c, bool json, FILE *out,
    struct buf *in, char err[PROTO_LINE_MAX])
{
	char line[PROTO_COMMAND_MAX];
	int n = snprintf(line, sizeof line, "%s\n", cmd_word(c));
	enum proto_kind kind;
	struct span text;
	size_t end = 0;
	int e;

	if (send(fd, line, (size_t)n, MSG_NOSIGNAL) != n)
		return errno != 0 ? -errno : -EIO;
	e = read_answer(fd, in, &end, &kind, &text);
	if (e < 0)
		return e;
	if (kind == PROTO_ERROR) {
		snprintf(err, PROTO_LINE_MAX, "%.*s", SPAN_ARG(text));
		return -EREMOTEIO;
	}
	if (json)
		return answer_json(span_of(buf_span(in).p, end), out);
	fwrite(buf_span(in).p, 1, end, out);
	return 0;
}

int client_ask(const char *path, enum cmd c, bool json, FILE *out,
    char err[PROTO_LINE_MAX])
{
	struct buf in;
	int fd = reach(path), e;

	if (fd < 0)
		return fd;
	buf_init(&in, 2 * CTL_ANSWER_MAX_BYTES);
	e = converse(fd, c, json, out, &in, err);
	buf_fini(&in);
	close(fd);
	return e;
}

static json_t *value(struct span s)
{
	uint64_t v;

	if (span_eq(s, SPAN("few")))
		return json_null();
	if (span_u64(s, INT64_MAX, &v) == 0)
		return json_integer((json_int_t)v);
	return jstring(s);
}

/* The member of object, made when it is not there. */
static json_t *member(json_t *object, struct span name, bool list)
{
	char key[80];
	json_t *m;

	snprintf(key, sizeof key, "%.*s%s", SPAN_ARG(name), list ? "s" : "");
	m = json_object_get(object, key);
	if (m == NULL) {
		json_object_set_new(object, key,
		    list ? json_array() : json_object());
		m = json_object_get(object, key);
	}
	return m;
}

static void set(json_t *object, struct span name, struct span v)
{
	char key[80];

	snprintf(key, sizeof key, "%.*s", SPAN_ARG(name));
	json_object_set_new(object, key, value(v));
}

static void add_pairs(json_t *root, struct span name, struct span rest)
{
	json_t *row = json_object();

	while (rest.n > 0) {
		struct span v = span_cut(&rest, ' ');
		struct span key = span_cut(&v, '=');

		set(row, key, v);
	}
	json_array_append_new(member(root, name, true), row);
}

static void add_line(json_t *root, struct span line)
{
	struct span rest = line, name = span_cut(&rest, ' ');
	struct span key;

	if (span_chr(rest, '=') < rest.n) {
		add_pairs(root, name, rest);
	} else if (span_eq(name, SPAN("service"))) {
		json_t *all = member(root, SPAN("services"), false);

		key = span_cut(&rest, ' ');
		if (span_eq(rest, SPAN("few")))
			set(all, key, rest);
		else {
			struct span word = span_cut(&rest, ' ');

			set(member(all, key, false), word, rest);
		}
	} else if (span_chr(rest, ' ') < rest.n) {
		key = span_cut(&rest, ' ');
		set(member(root, name, false), key, rest);
	} else {
		set(root, name, rest);
	}
}

int answer_json(struct span lines, FILE *out)
{
	json_t *root = json_object();
	int err;

	while (lines.n > 0)
		add_line(root, span_cut(&lines, '\n'));
	err = json_dumpf(root, out, JSON_INDENT(1)) < 0 ? -ENOMEM : 0;
	fputc('\n', out);
	json_decref(root);
	return err;
}
