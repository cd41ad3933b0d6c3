/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/ws_deflate.h"

#include <errno.h>

#include "base/buf.h"
#include "body/flate.h"

#define NAME SPAN("permessage-deflate")

/* ---- to read ---- */

/* The next piece of a list with this separator; quoted strings (RFC
 * 9110, 5.6.4) are no place to cut. */
static struct span cut(struct span *rest, char separator)
{
	struct span s = *rest;
	bool quoted = false;
	size_t i;

	for (i = 0; i < s.n && (quoted || s.p[i] != separator); i++) {
		if (s.p[i] == '"')
			quoted = !quoted;
		else if (quoted && s.p[i] == '\\')
			i++;
	}
	i = i < s.n ? i : s.n;
	*rest = span_from(s, i + 1);
	return span_trim(span_of(s.p, i));
}

/* 8 to 15, without leading zeros, perhaps in quotes. 0: it is none. */
static uint8_t window(struct span value)
{
	uint64_t bits;

	if (value.n > 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = span_of(value.p + 1, value.n - 2);
	if (value.n == 0 || value.p[0] == '0' ||
	    span_u64(value, FLATE_BITS_MAX, &bits) < 0 || bits < FLATE_BITS_MIN)
		return 0;
	return (uint8_t)bits;
}

/* NAME or NAME=VALUE; each parameter once (RFC 7692, 7.1). offer: a client may
 * leave the value of client_max_window_bits out. */
static bool take_parameter(struct ws_offered *o, struct span text, bool offer)
{
	struct span value = text, name = span_trim(span_cut(&value, '='));
	bool has_value = name.n < text.n && span_chr(text, '=') < text.n;
	bool *flag = NULL;
	uint8_t *bits = NULL;

	value = span_trim(value);
	if (span_eq_nocase(name, SPAN("client_no_context_takeover")))
		flag = &o->client_alone;
	else if (span_eq_nocase(name, SPAN("server_no_context_takeover")))
		flag = &o->server_alone;
	else if (span_eq_nocase(name, SPAN("client_max_window_bits")))
		bits = &o->client_bits;
	else if (span_eq_nocase(name, SPAN("server_max_window_bits")))
		bits = &o->server_bits;
	if (flag != NULL) {
		if (has_value || *flag)
			return false;
		*flag = true;
		return true;
	}
	if (bits == NULL || *bits != 0)
		return false;
	if (!has_value && offer && bits == &o->client_bits)
		*bits = WS_BITS_ANY;
	else
		*bits = has_value ? window(value) : 0;
	return *bits != 0;
}

/* One permessage-deflate and its parameters. */
static bool take_extension(struct ws_offered *o, struct span text, bool offer)
{
	*o = (struct ws_offered){ .client_alone = false };
	if (!span_eq_nocase(cut(&text, ';'), NAME))
		return false;
	while (text.n > 0)
		if (!take_parameter(o, cut(&text, ';'), offer))
			return false;
	return true;
}

/* ---- to write ---- */

static void add_bits(struct buf *out, const char *name, uint8_t bits)
{
	if (bits == 0)
		return;
	buf_addf(out, "; %s", name);
	if (bits != WS_BITS_ANY)
		buf_addf(out, "=%u", bits);
}

static void add_extension(struct buf *out, const struct ws_offered *o)
{
	buf_add_span(out, NAME);
	if (o->server_alone)
		buf_add_str(out, "; server_no_context_takeover");
	if (o->client_alone)
		buf_add_str(out, "; client_no_context_takeover");
	add_bits(out, "server_max_window_bits", o->server_bits);
	add_bits(out, "client_max_window_bits", o->client_bits);
}

int ws_offer_read(struct ws_offer *o, struct span value, struct buf *out)
{
	o->n = 0;
	while (value.n > 0 && !o->plain && o->n < WS_OFFERS_MAX) {
		struct ws_offered *one = &o->one[o->n], asked;

		if (!take_extension(one, cut(&value, ','), true))
			continue;
		asked = *one;
		asked.server_alone = asked.server_alone || o->lean_down;
		if (o->n++ > 0)
			buf_add_str(out, ", ");
		add_extension(out, &asked);
	}
	return buf_error(out);
}

/* ---- the answer ---- */

/* Does it accept this very offer (RFC 7692, 7.1)? */
static bool accepts(const struct ws_offered *a, const struct ws_offered *o)
{
	if (o->server_alone && !a->server_alone)
		return false;
	if (o->server_bits != 0 &&
	    (a->server_bits == 0 || a->server_bits > o->server_bits))
		return false;
	return a->client_bits == 0 ||
	       (o->client_bits != 0 && a->client_bits <= o->client_bits);
}

static struct ws_flow flow(bool alone, uint8_t bits)
{
	return (struct ws_flow){ .takeover = !alone,
		.bits = bits != 0 ? bits : FLATE_BITS_MAX };
}

int ws_offer_answer(const struct ws_offer *o, struct span value,
    struct ws_deflate *ret_deflate, struct buf *out)
{
	struct ws_offered a;
	bool good = false;

	*ret_deflate = (struct ws_deflate){ .on = false };
	value = span_trim(value);
	if (value.n == 0)
		return 0;
	if (!take_extension(&a, cut(&value, ','), false) || value.n > 0)
		return -EPROTO;
	for (unsigned i = 0; i < o->n; i++)
		good = good || accepts(&a, &o->one[i]);
	if (!good)
		return -EPROTO;
	a.client_alone = a.client_alone || o->lean_up;
	*ret_deflate = (struct ws_deflate){ .on = true,
		.up = flow(a.client_alone, a.client_bits),
		.down = flow(a.server_alone, a.server_bits) };
	add_extension(out, &a);
	return buf_error(out);
}
