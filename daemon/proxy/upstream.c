/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/upstream_int.h"

#include <errno.h>

int upstream_get(struct upstream *u, struct snapshot *snap,
    const struct upstream_to *to, struct msg *answer, struct arena *arena,
    const struct upstream_ops *ops, void *arg)
{
	*u = (struct upstream){ .ops = ops,
		.arg = arg,
		.turn = u->turn + 1,
		.answer = answer,
		.arena = arena };
	list_init(&u->link);
	return server_get(u, snap, to);
}

void upstream_clear(struct upstream *u)
{
	list_del(&u->link);
	buf_fini(&u->in);
	u->server = NULL;
	u->codec = NULL;
	u->piece = SPAN("");
	u->turn++;
}

bool upstream_open(const struct upstream *u)
{
	return u->server != NULL || u->codec != NULL;
}

bool upstream_ready(const struct upstream *u)
{
	return u->codec != NULL;
}

bool upstream_reused(const struct upstream *u)
{
	return u->reused;
}

bool upstream_untouched(const struct upstream *u)
{
	return u->untouched;
}

int upstream_send_head(struct upstream *u, const struct msg *m)
{
	u->method = m->method;
	u->framing = m->framing;
	u->sent_all = m->framing == FRAME_NONE;
	return u->codec->send_head(u, m);
}

int upstream_send(struct upstream *u, struct span s, bool last)
{
	u->sent_all = u->sent_all || last;
	return u->codec->send(u, s, last);
}

bool upstream_full(const struct upstream *u)
{
	return u->codec->full(u);
}

int upstream_flush(struct upstream *u)
{
	return u->codec->flush(u);
}

int upstream_head(struct upstream *u)
{
	return u->codec->head(u);
}

bool upstream_begun(const struct upstream *u)
{
	return u->codec != NULL && u->codec->begun(u);
}

int upstream_read(struct upstream *u, size_t limit, struct span *ret_piece)
{
	return u->codec->read(u, limit, ret_piece);
}

int upstream_eof(struct upstream *u, int err)
{
	return u->codec->eof(u, err);
}

bool upstream_waiting(const struct upstream *u)
{
	return u->codec->waiting(u);
}

void upstream_reading(struct upstream *u, bool on)
{
	u->codec->reading(u, on);
}

void upstream_suspect(struct upstream *u)
{
	if (u->codec != NULL)
		u->codec->suspect(u);
	else if (u->server != NULL)
		server_suspect(u->server);
}

void upstream_put(struct upstream *u)
{
	if (u->cut || !u->sent_all)
		upstream_drop(u);
	else
		u->codec->put(u);
}

void upstream_drop(struct upstream *u)
{
	struct server *s = u->server;

	if (u->codec != NULL) {
		u->codec->drop(u);
	} else if (s != NULL) {
		upstream_clear(u);
		server_left(s);
	}
}

struct stream *upstream_take(struct upstream *u)
{
	struct server *s = u->server;
	struct stream *stream = s->stream;

	s->stream = NULL;
	upstream_clear(u);
	server_close(s);
	return stream;
}
