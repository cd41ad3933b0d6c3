/* SPDX-License-Identifier: EUPL-1.2 */
/* ws_frame - heads and payloads of single frames (RFC 6455, 5.2 to 5.5). */
#include <errno.h>

#include "wire/ws_int.h"

/* ---- to read ---- */

static bool is_control(enum ws_opcode op)
{
	return op == OP_CLOSE || op == OP_PING || op == OP_PONG;
}

int ws_check_start(const struct way *x, bool deflate)
{
	enum ws_opcode op = ws_opcode_of(x);
	bool fin = (x->head[0] & BIT_FIN) != 0;
	bool first = op == OP_TEXT || op == OP_BINARY;

	if (!first && op != OP_MORE && !is_control(op))
		return -EPROTO;
	if ((x->head[0] & BIT_RSV2_RSV3) != 0)
		return -EPROTO;
	if ((x->head[0] & BIT_RSV1) != 0 && (!deflate || !first))
		return -EPROTO;
	if (((x->head[1] & 0x80) != 0) != x->masked)
		return -EPROTO;
	if (is_control(op))
		return fin && (x->head[1] & 0x7f) <= WS_CONTROL_MAX_BYTES
		           ? 0
		           : -EPROTO;
	return first == (x->opcode == OP_MORE) ? 0 : -EPROTO;
}

size_t ws_head_bytes(const struct way *x)
{
	unsigned length = x->head[1] & 0x7f;
	size_t n = 2 + (x->masked ? 4 : 0);

	return n + (length == 127 ? 8 : length == 126 ? 2 : 0);
}

int ws_read_head(struct way *x)
{
	unsigned length = x->head[1] & 0x7f;
	size_t more = length == 127 ? 8 : length == 126 ? 2 : 0;

	x->left = more > 0 ? 0 : length;
	for (size_t i = 0; i < more; i++)
		x->left = x->left << 8 | x->head[2 + i];
	if (length == 126 && x->left < 126)
		return -EPROTO; /* not as short as can be */
	if (length == 127 && (x->left < 1u << 16 || x->left >> 63 != 0))
		return -EPROTO;
	x->fin = (x->head[0] & BIT_FIN) != 0;
	x->done = 0;
	if (x->masked)
		memcpy(x->mask, x->head + 2 + more, sizeof x->mask);
	return 0;
}

/* Those that RFC 6455, 7.4, and the registry it makes allow in a frame. */
static bool is_code(unsigned code)
{
	return (code >= 1000 && code <= 1003) ||
	       (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

int ws_check_close(struct span payload)
{
	struct utf8 text = { .left = 0 };
	unsigned code;

	if (payload.n == 0)
		return 0;
	if (payload.n == 1)
		return -EPROTO;
	code = (unsigned)(unsigned char)payload.p[0] << 8 |
	       (unsigned char)payload.p[1];
	if (!is_code(code))
		return -EPROTO;
	if (!utf8_feed(&text, span_from(payload, 2)) || text.left > 0)
		return -EBADMSG;
	return 0;
}

/* ---- to write ---- */

int ws_mask(
    struct buf *out, struct span in, const unsigned char mask[4], uint64_t at)
{
	unsigned char turned[8];
	uint64_t eight, key;
	char *to = buf_reserve(out, in.n);
	size_t i = 0;

	if (to == NULL)
		return buf_error(out);
	for (unsigned k = 0; k < 8; k++)
		turned[k] = mask[(at + k) & 3];
	memcpy(&key, turned, sizeof key);
	for (; in.n - i >= 8; i += 8) {
		memcpy(&eight, in.p + i, sizeof eight);
		eight ^= key;
		memcpy(to + i, &eight, sizeof eight);
	}
	for (; i < in.n; i++)
		to[i] = (char)((unsigned char)in.p[i] ^ turned[i & 7]);
	buf_commit(out, in.n);
	return 0;
}

int ws_write(struct buf *out, enum ws_opcode opcode, unsigned bits,
    const unsigned char *key, struct span payload)
{
	unsigned mask = key != NULL ? 0x80 : 0;
	unsigned char head[10];
	size_t n = 2;

	head[0] = (unsigned char)(BIT_FIN | bits | (unsigned)opcode);
	if (payload.n < 126) {
		head[1] = (unsigned char)(mask | payload.n);
	} else if (payload.n < 1u << 16) {
		head[1] = (unsigned char)(mask | 126);
		n += 2;
	} else {
		head[1] = (unsigned char)(mask | 127);
		n += 8;
	}
	for (size_t i = 2; i < n; i++)
		head[i] =
		    (unsigned char)((uint64_t)payload.n >> (8 * (n - 1 - i)));
	buf_add(out, head, n);
	if (key == NULL)
		return buf_add_span(out, payload);
	buf_add(out, key, 4);
	return ws_mask(out, payload, key, 0);
}
