/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_h2 - bytes of a peer to one HTTP/2 connection. The first byte: bit 0 our
 * role, bit 1 leaves out the preface of the peer, which is then in the input;
 * bit 2 what the owner does with content, bits 3 to 5 with heads. Then pieces:
 * a length, an act of ours (low bits: consume, reset, go away, ask, write
 * little) and that many bytes of the peer. Properties: h2_ends.h; a connection
 * ends without a stream that its owner was not told of. */
#include <stdio.h>
#include <stdlib.h>

#include "unit/http/h2_ends.h"
#include "unit/http/h2_raw.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct end us;

static void act(unsigned what)
{
	struct talk *t =
	    us.ntalks > 0 ? us.talk[(what >> 4) % us.ntalks] : NULL;

	switch (what & 7) {
	case 1:
		if (t != NULL && !t->closed)
			talk_consume(t);
		break;
	case 2:
		if (t != NULL)
			h2_reset(us.h2, t->id, H2_CANCEL);
		break;
	case 3:
		h2_goaway(us.h2);
		break;
	case 4:
		if (us.role == H2_CLIENT && us.ntalks < 200)
			(void)end_ask(&us, (what & 16) != 0 ? "HEAD" : "POST",
			    "/", (what & 32) != 0 ? 300000 : 0);
		break;
	case 5:
		if (t != NULL && !t->closed) {
			h2_forget(us.h2, t->id,
			    (what & 128) != 0 ? H2_NO_ERROR : H2_CANCEL);
			t->closed = true; /* no callback may name it */
			us.unread -= t->unread;
			t->unread = 0;
		}
		break;
	default:
		break;
	}
}

static void go_on(struct buf *out, size_t limit)
{
	buf_reset(out);
	if (h2_write(us.h2, out, limit) < 0)
		end_wrong(&us, "write fails");
	if (buf_len(out) > limit + 70000)
		end_wrong(&us, "more is written than was asked for");
	if (us.unread > H2_HELD_MAX_BYTES)
		end_wrong(&us, "more is held than may be");
	if (us.wrong != NULL) {
		fprintf(stderr, "%s\n", us.wrong);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of((const char *)p, n);
	static struct buf out, first;
	unsigned mode;
	size_t len;
	int r = 0;

	if (n < 1)
		return 0;
	mode = p[0];
	in = span_from(in, 1);
	end_init(&us, (mode & 1) != 0 ? H2_CLIENT : H2_SERVER);
	us.hold = (mode & 4) != 0;
	us.answer = (mode & 8) != 0 && us.role == H2_SERVER;
	us.content_bytes = (mode & 16) != 0 ? 400000 : 0;
	us.reset_head = (mode & 32) != 0;
	us.refuse = (mode & 64) != 0;
	us.no_place = (mode & 128) != 0;
	buf_init(&out, 16u << 20);
	buf_init(&first, 1024);
	if (us.role == H2_CLIENT)
		(void)end_ask(&us, "GET", "/", 0);
	if ((mode & 2) == 0) {
		raw_preface(&first, us.role == H2_SERVER);
		r = h2_feed(us.h2, buf_span(&first));
	}
	go_on(&out, 70000);
	while (r == 0 && in.n >= 2 && us.ntalks < TALKS_MAX - 200) {
		len = (unsigned char)in.p[0];
		act((unsigned char)in.p[1]);
		in = span_from(in, 2);
		len = len < 255 && len < in.n ? len : in.n;
		r = h2_feed(us.h2, span_of(in.p, len));
		in = span_from(in, len);
		go_on(&out, len % 2 == 0 ? 70000 : 100);
	}
	go_on(&out, 1u << 20);
	end_fini(&us);
	buf_fini(&out);
	buf_fini(&first);
	return 0;
}
