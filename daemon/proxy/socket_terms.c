/* SPDX-License-Identifier: EUPL-1.2 */
/* What the two ends of a socket may agree on, in the heads of its handshake. */
#include "proxy/socket.h"

#include <errno.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "http/msg.h"

#define EXTENSIONS SPAN("sec-websocket-extensions")
#define PROTOCOL SPAN("sec-websocket-protocol")
#define LIST_MAX_BYTES (64u << 10) /* a head is not larger */

/* Sixteen bytes in base64, once, and no other version: a key is not the place
 * for a text (RFC 6455, 4.1). */
static bool has_key(const struct msg *m)
{
	unsigned keys = 0, n = 0;
	bool good = true;

	for (unsigned i = 0; i < m->nfields; i++) {
		const struct field *f = &m->field[i];

		if (f->gone)
			continue;
		if (span_eq_nocase(f->name, SPAN("sec-websocket-version")))
			good = good && span_eq(f->value, SPAN("13"));
		if (!span_eq_nocase(f->name, SPAN("sec-websocket-key")))
			continue;
		keys++;
		while (
		    n < f->value.n && base64_value(f->value.p[n], false) >= 0)
			n++;
		good = good && n == 22 &&
		       span_eq(span_from(f->value, n), SPAN("=="));
	}
	return good && keys == 1;
}

bool socket_asked(struct msg *m)
{
	static const struct span known[] = { { "sec-websocket-key", 17 },
		{ "sec-websocket-version", 21 },
		{ "sec-websocket-protocol", 22 },
		{ "sec-websocket-extensions", 24 } };
	struct field *f;

	m->upgrade = m->upgrade && m->framing == FRAME_NONE &&
	             span_eq(m->method, SPAN("GET")) &&
	             msg_has_token(m, FIELD_UPGRADE, SPAN("websocket"));
	for (unsigned i = 0; i < m->nfields; i++) {
		bool keep = false;

		f = &m->field[i];
		if (!span_starts_nocase(f->name, SPAN("sec-websocket-")))
			continue;
		for (size_t k = 0; k < sizeof known / sizeof *known; k++)
			keep = keep || span_eq_nocase(f->name, known[k]);
		f->gone = f->gone || !m->upgrade || !keep;
	}
	if (!m->upgrade)
		return true; /* head_hop removes the field */
	f = msg_find(m, FIELD_UPGRADE);
	msg_remove(m, FIELD_UPGRADE);
	f->value = SPAN("websocket");
	f->gone = false;
	return has_key(m);
}

/* Several fields of one name are one list (RFC 9110, 5.3). */
static int joined(const struct msg *m, struct span name, struct buf *out)
{
	for (unsigned i = 0; i < m->nfields; i++) {
		const struct field *f = &m->field[i];

		if (f->gone || !span_eq_nocase(f->name, name))
			continue;
		if (buf_len(out) > 0)
			buf_add_str(out, ", ");
		buf_add_span(out, f->value);
	}
	return buf_error(out);
}

/* The first field of this name gets the value, all others go; with none all. */
static int replace(
    struct msg *m, struct span name, struct span value, struct arena *a)
{
	bool done = value.n == 0;

	for (unsigned i = 0; i < m->nfields; i++) {
		struct field *f = &m->field[i];

		if (f->gone || !span_eq_nocase(f->name, name))
			continue;
		f->gone = done;
		if (!done && !span_eq(f->value, value))
			f->value = arena_dup(a, value);
		done = true;
	}
	return arena_error(a);
}

int socket_judge(struct socket_terms *t, const struct conf *conf,
    const struct service *service, bool observe, const struct subject *subject,
    const struct msg *req)
{
	struct buf protocols;
	int err;

	*t = (struct socket_terms){ .observe = observe };
	buf_init(&protocols, LIST_MAX_BYTES);
	err = joined(req, PROTOCOL, &protocols);
	if (err == 0)
		err = match_socket(conf->rules, service, subject,
		    buf_span(&protocols), &t->match);
	buf_fini(&protocols);
	return err;
}

int socket_offer(struct socket_terms *t, const struct conf *conf,
    struct msg *req, struct arena *a)
{
	struct buf list, out;
	int err;

	t->offer = (struct ws_offer){
		.lean_up =
		    !t->observe && (t->match.up != NULL || conf->guard != NULL),
		.lean_down = !t->observe && t->match.down != NULL,
		.plain = !t->observe && t->match.plain,
	};
	buf_init(&list, LIST_MAX_BYTES);
	buf_init(&out, LIST_MAX_BYTES);
	err = joined(req, EXTENSIONS, &list);
	if (err == 0)
		err = ws_offer_read(&t->offer, buf_span(&list), &out);
	if (err == 0)
		err = replace(req, EXTENSIONS, buf_span(&out), a);
	buf_fini(&list);
	buf_fini(&out);
	return err;
}

int socket_answer(struct socket_terms *t, const struct conf *conf,
    const struct service *service, const struct subject *subject,
    struct msg *res, struct arena *a)
{
	struct buf list, out;
	int err;

	err = match_socket(conf->rules, service, subject,
	    msg_value_name(res, PROTOCOL), &t->match);
	if (err == 0 && t->match.deny != NULL && !t->observe)
		err = -EACCES;
	if (err < 0)
		return err;
	buf_init(&list, LIST_MAX_BYTES);
	buf_init(&out, LIST_MAX_BYTES);
	err = joined(res, EXTENSIONS, &list);
	if (err == 0)
		err = ws_offer_answer(
		    &t->offer, buf_span(&list), &t->deflate, &out);
	if (err == 0)
		err = replace(res, EXTENSIONS, buf_span(&out), a);
	buf_fini(&list);
	buf_fini(&out);
	return err;
}
