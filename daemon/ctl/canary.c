/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/canary.h"

#include "base/buf.h"
#include "base/rnd.h"
#include "ctl/leak.h"
#include "engine/treat.h"

#define BOUNDARY "canary-boundary-4711"
#define WORD "Kanari-"

static const char *const carrier_names[CANARY_CARRIERS] = { "header", "cookie",
	"query", "path", "form", "multipart", "json", "xml", "sdp", "proto",
	"text" };
static const char *const coding_names[CANARY_CODINGS] = { "plain", "percent",
	"base64", "base64url", "escape", "gzip" };
static const char *const fate_names[CANARY_FATES] = { "removed", "changed",
	"ARRIVED", "refused" };

const char *canary_carrier_word(enum canary_carrier c)
{
	return carrier_names[c];
}

const char *canary_coding_word(enum canary_coding e)
{
	return coding_names[e];
}

const char *canary_fate_word(enum canary_fate f)
{
	return fate_names[f];
}

void canary_mark(char ret_mark[CANARY_MARK_BYTES])
{
	static const char letter[] = "abcdefghijkmnpqrstuvwxyz23456789";
	size_t n = sizeof WORD - 1;
	unsigned char r[CANARY_MARK_BYTES];

	rnd_bytes(r, sizeof r);
	memcpy(ret_mark, WORD, n);
	for (; n + 1 < CANARY_MARK_BYTES; n++)
		ret_mark[n] = letter[r[n] % 32];
	ret_mark[n] = '\0';
}

/* ---- gzip (RFC 1952) around one block of fixed Huffman codes (RFC 1951,
 * 3.2.6), literals only: small, and nothing of the text shows ---- */

struct bits {
	struct buf *out;
	unsigned held, n;
};

static void put_bit(struct bits *b, unsigned bit)
{
	b->held |= bit << b->n;
	if (++b->n == 8) {
		(void)buf_add_char(b->out, (char)b->held);
		b->held = b->n = 0;
	}
}

static void put_code(struct bits *b, unsigned code, unsigned n)
{
	while (n-- > 0)
		put_bit(b, code >> n & 1);
}

static uint32_t crc(struct span s)
{
	uint32_t c = UINT32_MAX;

	for (size_t i = 0; i < s.n; i++) {
		c ^= (unsigned char)s.p[i];
		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
	}
	return ~c;
}

static void put_u32(struct buf *out, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		(void)buf_add_char(out, (char)(v >> (8 * i) & 0xff));
}

static void add_gzip(struct span s, struct buf *out)
{
	struct bits b = { .out = out };

	(void)buf_add(out, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
	put_bit(&b, 1); /* the last block */
	put_bit(&b, 1); /* type 1, low bit first */
	put_bit(&b, 0);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 144)
			put_code(&b, 0x30u + c, 8);
		else
			put_code(&b, 0x190u + (c - 144u), 9);
	}
	put_code(&b, 0, 7);
	while (b.n != 0)
		put_bit(&b, 0);
	put_u32(out, crc(s));
	put_u32(out, (uint32_t)s.n);
}

/* ---- the mark in its coding ---- */

static void add_base64(enum step step, struct span s, struct buf *out)
{
	/* with padding, where that is usual */
	struct span like = step == STEP_BASE64 ? SPAN("AA==") : SPAN("AA");

	(void)treat_wrap(NULL, &step, 1, s, like, out);
}

enum style { URL_STYLE, JSON_STYLE, XML_STYLE };

static void add_each(struct span s, enum style style, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned c = (unsigned char)s.p[i];

		if (style == URL_STYLE)
			(void)buf_addf(out, "%%%02X", c);
		else if (style == JSON_STYLE)
			(void)buf_addf(out, "\\u%04x", c);
		else
			(void)buf_addf(out, "&#x%02x;", c);
	}
}

/* In a head (head) and where the whole content is compressed, GZIP differs. */
static void add_mark(enum canary_coding e, struct span mark, bool head,
    enum style escape, struct buf *out)
{
	struct buf packed;

	switch (e) {
	case CANARY_PLAIN:
		(void)buf_add_span(out, mark);
		return;
	case CANARY_PERCENT:
		add_each(mark, URL_STYLE, out);
		return;
	case CANARY_BASE64:
		add_base64(STEP_BASE64, mark, out);
		return;
	case CANARY_BASE64URL:
		add_base64(STEP_BASE64URL, mark, out);
		return;
	case CANARY_ESCAPE:
		add_each(mark, escape, out);
		return;
	case CANARY_GZIP:
		break;
	case CANARY_CODINGS:
		return;
	}
	if (!head) {
		(void)buf_add_span(out, mark);
		return;
	}
	buf_init(&packed, CANARY_REQUEST_MAX_BYTES);
	add_gzip(mark, &packed);
	add_base64(STEP_BASE64URL, buf_span(&packed), out);
	buf_fini(&packed);
}

/* In headers, cookies and the like an escape needs JSON around it. */
static void add_value(enum canary_coding e, struct span mark, struct buf *out)
{
	if (e == CANARY_ESCAPE)
		(void)buf_add_str(out, "{\"n\":\"");
	add_mark(e, mark, true, JSON_STYLE, out);
	if (e == CANARY_ESCAPE)
		(void)buf_add_str(out, "\"}");
}

/* The same where JSON must be percent-encoded. */
static void add_parameter(
    enum canary_coding e, struct span mark, struct buf *out)
{
	static const enum step percent = STEP_PERCENT;
	struct buf value;

	if (e == CANARY_PERCENT) {
		add_value(e, mark, out);
		return;
	}
	buf_init(&value, CANARY_REQUEST_MAX_BYTES);
	add_value(e, mark, &value);
	(void)treat_wrap(NULL, &percent, 1, buf_span(&value), SPAN("%20"), out);
	buf_fini(&value);
}

/* ---- the content ---- */

static void add_proto(enum canary_coding e, struct span mark, struct buf *out)
{
	struct buf value;

	buf_init(&value, CANARY_REQUEST_MAX_BYTES);
	add_mark(e, mark, false, JSON_STYLE, &value);
	/* field 1, a number; then the text in a field of its own */
	(void)buf_add(out, "\x08\x2a", 2);
	(void)buf_add_char(out, (char)(((unsigned)e + 2) << 3 | 2));
	if (buf_len(&value) > 127)
		(void)buf_add_char(out, (char)(buf_len(&value) | 0x80));
	(void)buf_add_char(
	    out, (char)(buf_len(&value) > 127 ? buf_len(&value) >> 7
	                                      : buf_len(&value)));
	(void)buf_add_span(out, buf_span(&value));
	buf_fini(&value);
}

static void add_content(enum canary_carrier c, enum canary_coding e,
    struct span mark, struct buf *out)
{
	const char *name = coding_names[e];

	switch (c) {
	case CANARY_FORM:
		(void)buf_addf(out, "other=1&canary-%s=", name);
		add_parameter(e, mark, out);
		return;
	case CANARY_MULTIPART:
		(void)buf_addf(out,
		    "--" BOUNDARY "\r\nContent-Disposition: form-data; "
		    "name=\"canary-%s\"\r\n\r\n",
		    name);
		add_mark(e, mark, false, JSON_STYLE, out);
		(void)buf_add_str(out, "\r\n--" BOUNDARY "--\r\n");
		return;
	case CANARY_JSON:
		(void)buf_addf(
		    out, "{\"other\":1,\"deep\":[{\"canary-%s\":\"", name);
		add_mark(e, mark, false, JSON_STYLE, out);
		(void)buf_add_str(out, "\"}]}");
		return;
	case CANARY_XML:
		(void)buf_addf(out, "<r><other>1</other><canary-%s>", name);
		add_mark(e, mark, false, XML_STYLE, out);
		(void)buf_addf(out, "</canary-%s></r>", name);
		return;
	case CANARY_SDP:
		(void)buf_add_str(out, "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=");
		add_mark(e, mark, false, JSON_STYLE, out);
		(void)buf_add_str(out, "\r\nt=0 0\r\n");
		return;
	case CANARY_PROTO:
		add_proto(e, mark, out);
		return;
	case CANARY_TEXT:
		(void)buf_addf(out, "other: 1\ncanary-%s: ", name);
		add_mark(e, mark, false, JSON_STYLE, out);
		(void)buf_add_char(out, '\n');
		return;
	case CANARY_HEADER:
	case CANARY_COOKIE:
	case CANARY_QUERY:
	case CANARY_PATH:
	case CANARY_CARRIERS:
		return;
	}
}

static const char *type_of(enum canary_carrier c)
{
	switch (c) {
	case CANARY_FORM:
		return "application/x-www-form-urlencoded";
	case CANARY_MULTIPART:
		return "multipart/form-data; boundary=" BOUNDARY;
	case CANARY_JSON:
		return "application/json";
	case CANARY_XML:
		return "application/xml";
	case CANARY_SDP:
		return "application/sdp";
	case CANARY_PROTO:
		return "application/x-protobuf";
	case CANARY_TEXT:
		return "text/plain";
	case CANARY_HEADER:
	case CANARY_COOKIE:
	case CANARY_QUERY:
	case CANARY_PATH:
	case CANARY_CARRIERS:
		break;
	}
	return NULL;
}

/* ---- the request ---- */

static void add_target(enum canary_carrier c, enum canary_coding e,
    struct span mark, struct buf *out)
{
	(void)buf_addf(out, "%s http://" CANARY_HOST "/%s",
	    type_of(c) != NULL ? "POST" : "GET", carrier_names[c]);
	if (c == CANARY_PATH) {
		(void)buf_addf(out, "/canary-%s/", coding_names[e]);
		add_parameter(e, mark, out);
		(void)buf_add_str(out, "/end");
	} else if (c == CANARY_QUERY) {
		(void)buf_addf(out, "?other=1&canary-%s=", coding_names[e]);
		add_parameter(e, mark, out);
	}
	(void)buf_add_str(out, " HTTP/1.1\r\nHost: " CANARY_HOST "\r\n"
	                       "Connection: close\r\nAccept: */*\r\n");
}

int canary_request(enum canary_carrier c, enum canary_coding e,
    struct span mark, struct buf *out)
{
	struct buf content, packed;

	buf_init(&content, CANARY_REQUEST_MAX_BYTES);
	buf_init(&packed, CANARY_REQUEST_MAX_BYTES);
	add_target(c, e, mark, out);
	if (c == CANARY_HEADER || c == CANARY_COOKIE) {
		(void)buf_addf(out,
		    c == CANARY_HEADER ? "canary-%s: "
		                       : "Cookie: other=1; canary-%s=",
		    coding_names[e]);
		if (c == CANARY_HEADER)
			add_value(e, mark, out);
		else
			add_parameter(e, mark, out);
		(void)buf_add_str(out, "\r\n");
	}
	if (type_of(c) != NULL) {
		add_content(c, e, mark, &content);
		if (e == CANARY_GZIP)
			add_gzip(buf_span(&content), &packed);
		else
			(void)buf_add_span(&packed, buf_span(&content));
		(void)buf_addf(out,
		    "Content-Type: %s\r\n%sContent-Length: %zu\r\n", type_of(c),
		    e == CANARY_GZIP ? "Content-Encoding: gzip\r\n" : "",
		    buf_len(&packed));
	}
	(void)buf_add_str(out, "\r\n");
	(void)buf_add_span(out, buf_span(&packed));
	buf_fini(&content);
	buf_fini(&packed);
	return buf_error(out);
}

int canary_control(struct span word, struct buf *out)
{
	(void)buf_add_str(out, "GET http://" CANARY_HOST "/control HTTP/1.1\r\n"
	                       "Host: " CANARY_HOST "\r\nConnection: close\r\n"
	                       "Canary-Control: ");
	(void)buf_add_span(out, word);
	(void)buf_add_str(out, "\r\n\r\n");
	return buf_error(out);
}

/* Is the place of the mark still there? */
static bool has_place(
    enum canary_carrier c, enum canary_coding e, struct span got)
{
	struct buf name;
	bool there;

	buf_init(&name, 100);
	if (c == CANARY_SDP)
		(void)buf_add_str(&name, "\ns=");
	else if (c == CANARY_PROTO)
		(void)buf_addf(
		    &name, "\x08\x2a%c", (char)(((unsigned)e + 2) << 3 | 2));
	else
		(void)buf_addf(&name, "canary-%s", coding_names[e]);
	there = leak_find(got, buf_span(&name)) != NULL;
	buf_fini(&name);
	return there;
}

enum canary_fate canary_judge(enum canary_carrier c, enum canary_coding e,
    struct span mark, struct span got)
{
	if (got.n == 0)
		return CANARY_REFUSED;
	if (leak_find(got, mark) != NULL ||
	    leak_find(got, span_from(mark, sizeof WORD - 1)) != NULL)
		return CANARY_ARRIVED;
	return has_place(c, e, got) ? CANARY_CHANGED : CANARY_REMOVED;
}
