/* SPDX-License-Identifier: EUPL-1.2 */
/* WebSocket (RFC 6455): the handshake, then text messages, one at a time on a
 * connection; the other end says each again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "load.h"
#include "load_link.h"

#define IN_BYTES 4096
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

struct speech {
	bool open;   /* the handshake is over */
	size_t left; /* of the content of a frame */
	size_t n;
	uint8_t in[IN_BYTES]; /* a head, of the answer or of a frame */
};

static void on_up(struct link *l)
{
	char request[1024];
	int n;

	l->speech = calloc(1, sizeof(struct speech));
	if (l->speech == NULL)
		die("out of memory");
	n = snprintf(request, sizeof request,
	    "GET %s HTTP/1.1\r\nHost: %s\r\n"
	    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0\r\n"
	    "Origin: https://%s\r\n"
	    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
	    opt.path, opt.authority, opt.host);
	if ((size_t)n >= sizeof request)
		die("request too large");
	link_send(l, request, (size_t)n);
}

static void on_down(struct link *l)
{
	free(l->speech);
	l->speech = NULL;
}

static void send_message(struct link *l)
{
	static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	uint8_t head[FRAME_HEAD_MAX], part[1024];
	size_t n;

	link_send(l, head, frame_write(head, 1, mask, opt.body.n));
	for (size_t at = 0; at < opt.body.n; at += n) {
		n = opt.body.n - at;
		if (n > sizeof part)
			n = sizeof part;
		memcpy(part, opt.body.p + at, n);
		frame_mask(part, n, mask); /* 1024 is a multiple of 4 */
		link_send(l, part, n);
	}
}

static void on_ask(struct lane *lane)
{
	struct speech *s = lane->link->speech;

	if (s->open) /* else it waits for the handshake */
		send_message(lane->link);
}

static void read_answer(struct link *l, struct speech *s)
{
	char accept[FRAME_ACCEPT_BYTES];
	const char *p;

	s->in[s->n] = '\0';
	if (strncmp((char *)s->in, "HTTP/1.1 101", 12) != 0)
		die("answer: %.60s", (char *)s->in);
	frame_accept(KEY, strlen(KEY), accept);
	p = strcasestr((char *)s->in, "\r\nSec-WebSocket-Accept: ");
	if (p == NULL || strncmp(p + 24, accept, strlen(accept)) != 0)
		die("Sec-WebSocket-Accept is wrong");
	s->n = 0;
	s->open = true;
	if (l->lane[0].asked)
		send_message(l);
}

/* One byte of a head. */
static void take_byte(struct link *l, struct speech *s, uint8_t c)
{
	struct frame frame;
	int n;

	if (s->n == sizeof s->in - 1)
		die("head too large");
	s->in[s->n++] = c;
	if (!s->open) {
		if (s->n >= 4 && memcmp(s->in + s->n - 4, "\r\n\r\n", 4) == 0)
			read_answer(l, s);
		return;
	}
	n = frame_read(s->in, s->n, &frame);
	if (n == 0)
		return;
	if (n < 0 || frame.masked || (frame.opcode != 1 && frame.opcode != 0))
		die("an unexpected frame, opcode %u", frame.opcode);
	s->n = 0;
	s->left = frame.n;
}

static void on_take(struct link *l, const uint8_t *p, size_t n)
{
	struct speech *s = l->speech;
	struct lane *lane = &l->lane[0];

	while (n > 0) {
		size_t part = n < s->left ? n : s->left;

		if (part == 0) {
			take_byte(l, s, *p);
			p++, n--;
			continue;
		}
		lane->got = expect_part(lane->got, p, part);
		s->left -= part;
		p += part;
		n -= part;
		if (s->left == 0 && lane->got == opt.expect.n)
			link_answered(lane);
	}
}

const struct codec codec_ws = {
	.alpn = "\x08http/1.1",
	.up = on_up,
	.ask = on_ask,
	.take = on_take,
	.down = on_down,
};
