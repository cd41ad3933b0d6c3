/* SPDX-License-Identifier: EUPL-1.2 */
/* HTTP/1.1 (RFC 9112): one request at a time on a connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "load_link.h"

#define HEAD_BYTES 4096

struct speech {
	enum { HEAD, LENGTH, SIZE, CHUNK, CHUNK_END, LAST } state;
	size_t left;  /* of the content or of the chunk */
	size_t nhead; /* bytes of the head or of a line */
	char head[HEAD_BYTES];
};

static char request[HEAD_BYTES];
static size_t nrequest;

static void make_request(void)
{

	nrequest = (size_t)snprintf(request, sizeof request,
	    "%s %s HTTP/1.1\r\nHost: %s\r\n"
	    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0\r\n"
	    "Accept: */*\r\nAccept-Language: de-DE,de;q=0.9\r\n"
	    "Cookie: session=4711; _ga=GA1.2.3.4\r\n",
	    opt.body.n > 0 ? "POST" : "GET", opt.path, opt.authority);
	if (opt.body.n > 0)
		nrequest += (size_t)snprintf(request + nrequest,
		    sizeof request - nrequest,
		    "Content-Type: application/json\r\n"
		    "Content-Length: %zu\r\n",
		    opt.body.n);
	nrequest += (size_t)snprintf(
	    request + nrequest, sizeof request - nrequest, "\r\n");
	if (nrequest >= sizeof request)
		die("request too large");
}

static void on_up(struct link *l)
{
	if (nrequest == 0)
		make_request();
	l->speech = calloc(1, sizeof(struct speech));
	if (l->speech == NULL)
		die("out of memory");
}

static void on_down(struct link *l)
{
	free(l->speech);
	l->speech = NULL;
}

static void on_ask(struct lane *lane)
{
	link_send(lane->link, request, nrequest);
	if (opt.body.n > 0)
		link_send(lane->link, opt.body.p, opt.body.n);
}

/* The head is whole: where does the content end? */
static void read_head(struct link *l, struct speech *s)
{
	const char *p;

	if (strncmp(s->head, "HTTP/1.1 200", 12) != 0)
		die("answer: %.60s", s->head);
	if (strcasestr(s->head, "\r\nConnection: close") != NULL)
		link_end(l);
	p = strcasestr(s->head, "\r\nContent-Length:");
	if (p != NULL) {
		s->state = LENGTH;
		s->left = strtoul(p + 17, NULL, 10);
	} else if (strcasestr(s->head, "\r\nTransfer-Encoding: chunked")) {
		s->state = SIZE;
	} else {
		die("an answer without a length");
	}
	s->nhead = 0;
}

/* Collect a head or a line until its end is there. */
static bool collect(struct speech *s, uint8_t c, const char *end)
{
	size_t n = strlen(end);

	if (s->nhead == sizeof s->head - 1)
		die("head too large");
	s->head[s->nhead++] = (char)c;
	s->head[s->nhead] = '\0';
	return s->nhead >= n && memcmp(s->head + s->nhead - n, end, n) == 0;
}

static void finish(struct lane *lane, struct speech *s)
{
	if (lane->got != opt.expect.n)
		die("content of %zu bytes, not %zu", lane->got, opt.expect.n);
	s->state = HEAD;
	s->nhead = 0;
	link_answered(lane);
}

static size_t take_content(
    struct lane *lane, struct speech *s, const uint8_t *p, size_t n)
{
	if (n > s->left)
		n = s->left;
	lane->got = expect_part(lane->got, p, n);
	s->left -= n;
	return n;
}

static size_t step(
    struct lane *lane, struct speech *s, const uint8_t *p, size_t n)
{
	switch (s->state) {
	case HEAD:
		if (!collect(s, *p, "\r\n\r\n"))
			return 1;
		read_head(lane->link, s);
		if (s->state == LENGTH && s->left == 0)
			finish(lane, s);
		return 1;
	case LENGTH:
		n = take_content(lane, s, p, n);
		if (s->left == 0)
			finish(lane, s);
		return n;
	case SIZE:
		if (!collect(s, *p, "\r\n"))
			return 1;
		s->left = strtoul(s->head, NULL, 16);
		s->nhead = 0;
		s->state = s->left > 0 ? CHUNK : LAST;
		return 1;
	case CHUNK:
		n = take_content(lane, s, p, n);
		if (s->left == 0)
			s->state = CHUNK_END;
		return n;
	case CHUNK_END:
		if (collect(s, *p, "\r\n")) {
			s->nhead = 0;
			s->state = SIZE;
		}
		return 1;
	case LAST: /* no trailers are expected */
		if (collect(s, *p, "\r\n"))
			finish(lane, s);
		return 1;
	}
	return n;
}

static void on_take(struct link *l, const uint8_t *p, size_t n)
{
	struct speech *s = l->speech;
	size_t taken;

	if (!l->lane[0].busy)
		die("bytes that nobody asked for");
	for (; n > 0; p += taken, n -= taken)
		taken = step(&l->lane[0], s, p, n);
}

const struct codec codec_h1 = {
	.alpn = "\x08http/1.1",
	.up = on_up,
	.ask = on_ask,
	.take = on_take,
	.down = on_down,
};
