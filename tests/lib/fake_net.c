/* SPDX-License-Identifier: EUPL-1.2 */
/* loop, clock and stream in memory; contracts in the headers of net/. What the
 * real ones forbid, these refuse loudly. */
#include "lib/fake.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/loop.h"
#include "net/stream.h"

#define READ_AT_ONCE_BYTES (32u << 10)
#define DEADLINES_MAX 4096

void (*fake_on_close)(struct wire *w);

struct stream {
	struct stream *next;
	struct wire *wire;
	const struct stream_ops *ops;
	void *arg;
	struct buf in, out;
	bool reading, poke, high, tell_empty, drained, ended;
	bool finish, closed;
	bool shaking;
	int shake_err;
	struct loop_later later;
};

static struct {
	uint64_t ms;
	int64_t unix_s;
	struct stream *streams;
	struct wire *wires;
	struct loop_later *grave;
	struct link soon; /* of struct loop_soon; no next: none was asked yet */
	struct deadline *deadline[DEADLINES_MAX];
	unsigned ndeadlines;
} fake = { .ms = 1000000 };

static void broken(const char *what)
{
	fprintf(stderr, "fake net: %s\n", what);
	abort();
}

/* ---- loop ---- */

int loop_init(void)
{
	return 0;
}

struct event_base *loop_base(void)
{
	return NULL;
}

void loop_later(struct loop_later *node, void (*fn)(void *arg), void *arg)
{
	*node = (struct loop_later){ fake.grave, fn, arg };
	fake.grave = node;
}

static bool bury(void)
{
	bool any = fake.grave != NULL;

	while (fake.grave != NULL) {
		struct loop_later *node = fake.grave;

		fake.grave = node->next;
		node->fn(node->arg);
	}
	return any;
}

/* ---- clock ---- */

uint64_t clock_ms(void)
{
	return fake.ms;
}

int64_t clock_unix_s(void)
{
	return fake.unix_s;
}

void deadline_init(struct deadline *d, void (*fn)(void *arg), void *arg)
{
	*d = (struct deadline){ .fn = fn, .arg = arg };
}

int deadline_set(struct deadline *d, uint64_t in_ms)
{
	if (d->armed_ms == 0) {
		if (fake.ndeadlines == DEADLINES_MAX)
			return -ENOMEM;
		fake.deadline[fake.ndeadlines++] = d;
	}
	d->due_ms = d->armed_ms = fake.ms + in_ms;
	return 0;
}

void deadline_stop(struct deadline *d)
{
	d->due_ms = 0;
}

void deadline_fini(struct deadline *d)
{
	for (unsigned i = 0; i < fake.ndeadlines; i++)
		if (fake.deadline[i] == d) {
			fake.deadline[i] = fake.deadline[--fake.ndeadlines];
			break;
		}
	d->due_ms = d->armed_ms = 0;
}

static struct deadline *first_due(uint64_t by)
{
	struct deadline *first = NULL;

	for (unsigned i = 0; i < fake.ndeadlines; i++) {
		struct deadline *d = fake.deadline[i];

		if (d->due_ms != 0 && d->due_ms <= by &&
		    (first == NULL || d->due_ms < first->due_ms))
			first = d;
	}
	return first;
}

bool fake_pass(uint64_t ms)
{
	uint64_t end = fake.ms + ms;
	struct deadline *d;

	while ((d = first_due(end)) != NULL) {
		if (d->due_ms > fake.ms) {
			fake.unix_s +=
			    (int64_t)(d->due_ms / 1000 - fake.ms / 1000);
			fake.ms = d->due_ms;
		}
		d->due_ms = 0;
		d->fn(d->arg);
		if (!fake_run())
			return false;
	}
	fake.unix_s += (int64_t)(end / 1000 - fake.ms / 1000);
	fake.ms = end;
	return fake_run();
}

/* ---- stream ---- */

static struct stream *alive(struct stream *s)
{
	if (s == NULL || s->closed)
		broken("a stream is used after stream_close");
	return s;
}

struct stream *fake_stream(int fd, struct wire *w)
{
	struct stream *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	(void)fd;
	s->wire = w;
	w->stream = s;
	buf_init(&s->in, STREAM_IN_MAX_BYTES);
	buf_init(&s->out, STREAM_OUT_MAX_BYTES);
	s->next = fake.streams;
	fake.streams = s;
	return s;
}

struct stream *stream_new(int fd, const struct stream_ops *ops, void *arg)
{
	struct wire *w = fake.wires;
	struct stream *s;

	while (w != NULL && (w->fd != fd || w->closed))
		w = w->next;
	if (w == NULL)
		broken("stream_new on a descriptor nobody made");
	s = fake_stream(fd, w);
	if (s != NULL)
		s->ops = ops, s->arg = arg;
	return s;
}

static void free_stream(void *arg)
{
	struct stream *s = arg, **at = &fake.streams;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	buf_fini(&s->in);
	buf_fini(&s->out);
	free(s);
}

void stream_close(struct stream *s)
{
	if (s == NULL || s->closed)
		return;
	if (fake_on_close != NULL)
		fake_on_close(s->wire);
	s->closed = true;
	s->wire->closed = true;
	s->wire->stream = NULL;
	close(s->wire->fd);
	s->wire->fd = -1;
	loop_later(&s->later, free_stream, s);
}

void stream_set_ops(struct stream *s, const struct stream_ops *ops, void *arg)
{
	alive(s)->ops = ops;
	s->arg = arg;
	s->ended = false; /* the new owner is told again */
}

struct buf *stream_in(struct stream *s)
{
	return &alive(s)->in;
}

struct buf *stream_out(struct stream *s)
{
	return &alive(s)->out;
}

static void note_level(struct stream *s)
{
	size_t len = buf_len(&s->out);

	if (len >= STREAM_HIWAT_BYTES)
		s->high = true;
	if (s->high && len <= STREAM_LOWAT_BYTES) {
		s->high = false;
		s->drained = true;
	}
	if (s->tell_empty && len == 0) {
		s->tell_empty = false;
		s->drained = true;
	}
}

int stream_flush(struct stream *s)
{
	struct wire *w = alive(s)->wire;

	if (buf_error(&s->out) < 0)
		return buf_error(&s->out);
	if (w->fin && w->err < 0 && w->err != -EPIPE)
		return -EPIPE;
	if (w->got_fin && buf_len(&s->out) > 0)
		return -EPIPE;
	note_level(s);
	if (!s->shaking && !w->stalled) {
		if (buf_add_span(&w->got, buf_span(&s->out)) < 0)
			broken("a peer received too much");
		buf_drain(&s->out, buf_len(&s->out));
		if (s->finish)
			w->got_fin = true;
		note_level(s);
	}
	return 0;
}

void stream_notify_empty(struct stream *s)
{
	alive(s)->tell_empty = true;
	note_level(s);
}

void stream_reading(struct stream *s, bool on)
{
	alive(s);
	if (on && !s->reading && buf_len(&s->in) > 0)
		s->poke = true;
	s->reading = on;
}

void stream_finish(struct stream *s)
{
	alive(s)->finish = true;
	(void)stream_flush(s);
}

bool stream_quiet(const struct stream *s)
{
	return buf_len(&s->wire->sent) == 0 && !s->wire->fin;
}

int stream_fd(const struct stream *s)
{
	return s->wire->fd;
}

/* Every server is there. */
int stream_peer(const struct stream *s, struct sockaddr_storage *ret_addr)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0xc0000201) /* 192.0.2.1 */ };

	(void)s;
	memcpy(ret_addr, &at, sizeof at);
	return 0;
}

void stream_join(struct stream *a, struct stream *b)
{
	(void)a, (void)b; /* all comes by the queues */
}

size_t stream_passed(struct stream *s)
{
	(void)s;
	return 0;
}

size_t stream_queued(const struct stream *s)
{
	return buf_len(&s->out);
}

void stream_rest(struct stream *s)
{
	buf_release(&alive(s)->in);
	buf_release(&s->out);
}

struct wire *fake_wire_of(const struct stream *s)
{
	return s->wire;
}

void fake_shake(struct stream *s, int err)
{
	alive(s)->shaking = true;
	s->shake_err = err;
}

/* Each: true when something was told. The stream may be closed afterwards. */
static bool tell_shaken(struct stream *s)
{
	if (!s->shaking)
		return false;
	s->shaking = false;
	if (s->shake_err == 0 && buf_len(&s->in) > 0)
		s->poke = true;
	if (s->ops != NULL && s->ops->on_ready != NULL)
		s->ops->on_ready(s->arg, s->shake_err);
	return true;
}

static bool tell_read(struct stream *s)
{
	struct buf *sent = &s->wire->sent;
	size_t room = STREAM_IN_MAX_BYTES - buf_len(&s->in), n;

	if (s->closed || s->shaking || !s->reading)
		return false;
	n = buf_len(sent) < room ? buf_len(sent) : room;
	if (n > READ_AT_ONCE_BYTES)
		n = READ_AT_ONCE_BYTES;
	if (n == 0 && !(s->poke && buf_len(&s->in) > 0)) {
		s->poke = false;
		return false;
	}
	s->poke = false;
	buf_add(&s->in, buf_span(sent).p, n);
	buf_drain(sent, n);
	if (s->ops != NULL && s->ops->on_read != NULL)
		s->ops->on_read(s->arg);
	return true;
}

static bool tell_drain(struct stream *s)
{
	if (s->closed)
		return false;
	(void)stream_flush(s);
	if (!s->drained)
		return false;
	s->drained = false;
	if (s->ops != NULL && s->ops->on_drain != NULL)
		s->ops->on_drain(s->arg);
	return true;
}

static bool tell_end(struct stream *s)
{
	struct wire *w = s->wire;

	if (s->closed || s->ended || !w->fin || s->shaking)
		return false;
	/* A broken connection tells at once, an end after what came before. */
	if ((w->err == 0 || w->err == -EPIPE) &&
	    (!s->reading || buf_len(&w->sent) > 0))
		return false;
	s->ended = true;
	if (s->ops != NULL && s->ops->on_end != NULL)
		s->ops->on_end(s->arg, w->err);
	return true;
}

void loop_soon_init(struct loop_soon *node, void (*fn)(void *arg), void *arg)
{
	list_init(&node->link);
	node->fn = fn;
	node->arg = arg;
	if (fake.soon.next == NULL)
		list_init(&fake.soon);
}

void loop_soon(struct loop_soon *node)
{
	if (list_empty(&node->link))
		list_add_tail(&fake.soon, &node->link);
}

void loop_soon_cancel(struct loop_soon *node)
{
	list_del(&node->link);
}

/* Those asked for when this began. */
static bool run_soon(void)
{
	struct link now;

	if (fake.soon.next == NULL || list_empty(&fake.soon))
		return false;
	list_init(&now);
	LIST_EACH(l, tmp, &fake.soon)
	{
		list_del(l);
		list_add_tail(&now, l);
	}
	while (!list_empty(&now)) {
		struct loop_soon *node =
		    LIST_ENTRY(now.next, struct loop_soon, link);

		list_del(&node->link);
		node->fn(node->arg);
	}
	return true;
}

/* One turn: each stream that stood there when it began. */
static bool turn(void)
{
	bool any = fake_dial_turn();

	for (struct stream *s = fake.streams; s != NULL; s = s->next) {
		if (s->closed)
			continue;
		any |= tell_shaken(s);
		any |= tell_read(s);
		any |= tell_drain(s);
		any |= tell_end(s);
	}
	any |= run_soon();
	return bury() || any;
}

bool fake_run(void)
{
	for (unsigned i = 0; i < FAKE_TURNS_MAX; i++)
		if (!turn())
			return true;
	return false;
}

/* ---- the other end ---- */

struct wire *fake_wire_new(int fd)
{
	struct wire *w = calloc(1, sizeof *w);

	if (w == NULL)
		broken("memory is out");
	w->fd = fd;
	buf_init(&w->sent, FAKE_WIRE_MAX_BYTES);
	buf_init(&w->got, FAKE_WIRE_MAX_BYTES);
	w->next = fake.wires;
	fake.wires = w;
	return w;
}

/* Descriptors are real, so that a close in the wrong place is seen. */
int fake_fd(void)
{
	static int null = -1;
	int fd;

	if (null < 0)
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
	fd = fcntl(null, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		broken("no descriptor left");
	return fd;
}

int fake_client(struct wire **ret_wire)
{
	int fd = fake_fd();

	*ret_wire = fake_wire_new(fd);
	return fd;
}

void fake_reset(int64_t unix_s)
{
	fake.unix_s = unix_s;
	for (struct stream *s = fake.streams; s != NULL; s = s->next)
		stream_close(s);
	bury();
	if (fake.streams != NULL)
		broken("streams are left");
	while (fake.wires != NULL) {
		struct wire *w = fake.wires;

		fake.wires = w->next;
		buf_fini(&w->sent);
		buf_fini(&w->got);
		free(w);
	}
	fake_dial_reset();
	fake_leafs_forget();
}
