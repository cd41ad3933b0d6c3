/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/egress.h"

#include <errno.h>

#include "body/coding.h"
#include "conf/conf.h"

#define LOOK_BYTES (32u << 10) /* decoded at a time */

void egress_init(struct egress *e, const struct conf *conf)
{
	*e = (struct egress){ .guard = conf->guard, .hold = conf->never_hold };
	buf_init(&e->held, EGRESS_HELD_MAX_BYTES);
	guard_init(&e->scan);
	guard_init(&e->inner);
}

void egress_fini(struct egress *e)
{
	coding_free(e->coding);
	e->coding = NULL;
	buf_fini(&e->held);
}

int egress_head(const struct egress *e, struct span head)
{
	struct guard_scan scan;

	guard_init(&scan);
	return guard_feed(e->guard, &scan, head) > 0 ? -EACCES : 0;
}

int egress_coding(struct egress *e, struct span coding)
{
	e->state = EGRESS_ASK;
	coding = span_trim(coding);
	if (!egress_on(e) || coding_is_identity(coding))
		return 0;
	e->state = EGRESS_CODED;
	if (!coding_known(coding))
		return -ENOTSUP;
	e->coding = coding_new(coding);
	return e->coding != NULL ? 0 : -ENOMEM;
}

/* Content that begins like gzip and does not say so. */
static int guess(struct egress *e, struct span held, bool last)
{
	if (held.n < 2 && !last)
		return 0;
	e->state = EGRESS_PLAIN;
	if (!coding_gzip_begins(held))
		return 0;
	e->state = EGRESS_GUESS;
	e->coding = coding_new(SPAN("gzip"));
	return e->coding != NULL ? 0 : -ENOMEM;
}

static int decode(struct egress *e, struct span in, bool last)
{
	struct buf plain;
	bool more = true;
	int r = 0;

	e->inner_begun = e->inner_begun || in.n > 0;
	if (!e->inner_begun)
		return 0;
	buf_init(&plain, 2 * LOOK_BYTES + (64u << 10));
	while (r >= 0 && more) {
		buf_reset(&plain);
		r = coding_decode(e->coding, &in, &plain, LOOK_BYTES);
		if (r >= 0 &&
		    guard_feed(e->guard, &e->inner, buf_span(&plain)) > 0)
			r = -EACCES;
		if (r < 0)
			break;
		e->inner_ended = r == 1;
		if (r == 1 && in.n > 0)
			r = -EBADMSG; /* nobody knows what that is */
		more = r == 0 && (in.n > 0 || buf_len(&plain) >= LOOK_BYTES);
	}
	buf_fini(&plain);
	if (r >= 0 && last && !e->inner_ended)
		r = -EBADMSG;
	return r < 0 ? r : 0;
}

/* The same content, decoded. */
static int look_inside(struct egress *e, struct span in, bool last)
{
	bool first = e->state == EGRESS_ASK;
	int r = 0;

	if (first)
		r = guess(e, buf_span(&e->held), last);
	if (r < 0 || e->coding == NULL)
		return r;
	r = decode(e, first ? buf_span(&e->held) : in, last);
	if (e->state == EGRESS_GUESS && r == -EBADMSG) {
		coding_free(e->coding); /* it was no gzip, or not only */
		e->coding = NULL;
		e->state = EGRESS_PLAIN;
		r = 0;
	}
	return r;
}

int egress_message(const struct conf *conf, struct span content)
{
	struct egress e = { .guard = conf->guard };
	int r;

	guard_init(&e.scan);
	if (guard_feed(e.guard, &e.scan, content) > 0)
		return -EACCES;
	if (!coding_gzip_begins(content))
		return 0;
	guard_init(&e.inner);
	e.coding = coding_new(SPAN("gzip"));
	if (e.coding == NULL)
		return -ENOMEM;
	r = decode(&e, content, true);
	coding_free(e.coding);
	return r == -EBADMSG ? 0 : r; /* it was no gzip, or not only */
}

int egress_feed(struct egress *e, struct span in, bool last)
{
	if (buf_add_span(&e->held, in) < 0)
		return buf_error(&e->held);
	if (guard_feed(e->guard, &e->scan, in) > 0)
		return -EACCES;
	return look_inside(e, in, last);
}

struct span egress_ready(const struct egress *e, bool last)
{
	struct span held = buf_span(&e->held);

	if (!last)
		held.n = held.n > e->hold ? held.n - e->hold : 0;
	return held;
}

void egress_left(struct egress *e, size_t n)
{
	buf_drain(&e->held, n);
}
