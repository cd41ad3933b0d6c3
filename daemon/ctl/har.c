/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/har.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jansson.h>

#include "base/arena.h"
#include "engine/treat.h"
#include "http/uri.h"

struct har {
	json_t *root;
	const json_t *entries; /* inside root */
};

/* ---- the file ---- */

/* Bytes of the UTF-8 character at the start of s, 0 when it is none. */
static size_t utf8(struct span s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = p[0] < 0x80   ? 1
	           : p[0] < 0xc2 ? 0
	           : p[0] < 0xe0 ? 2
	           : p[0] < 0xf0 ? 3
	           : p[0] < 0xf5 ? 4
	                         : 0;

	if (n > s.n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return n;
}

/* The half of a pair that a \u escape at the start of s stands for: 'h', 'l',
 * or 0. */
static char surrogate(struct span s)
{
	char third;

	if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u' ||
	    ascii_lower(s.p[2]) != 'd')
		return 0;
	third = ascii_lower(s.p[3]);
	if (third == '8' || third == '9' || third == 'a' || third == 'b')
		return 'h';
	return third >= 'c' && third <= 'f' ? 'l' : 0;
}

/* Browsers write what pages send, and that is not always Unicode. */
static int repair(struct span in, struct buf *out)
{
	while (in.n > 0 && buf_error(out) == 0) {
		size_t n = utf8(in);
		char half = surrogate(in);

		if (half == 'h' && surrogate(span_from(in, 6)) == 'l') {
			n = 12;
		} else if (half != 0) {
			(void)buf_add_str(out, "\\ufffd");
			in = span_from(in, 6);
			continue;
		} else if (in.p[0] == '\\' && in.n > 1) {
			n = 2;
		} else if (n == 0) {
			(void)buf_add_char(out, '?');
			in = span_from(in, 1);
			continue;
		}
		(void)buf_add(out, in.p, n);
		in = span_from(in, n);
	}
	return buf_error(out);
}

static json_t *load(struct span text, json_error_t *e)
{
	json_t *root;
	struct buf fixed;

	if (span_starts(text, SPAN("\xef\xbb\xbf")))
		text = span_from(text, 3);
	root = json_loadb(text.p, text.n, JSON_ALLOW_NUL, e);
	if (root != NULL || text.n == 0)
		return root;
	buf_init(&fixed, 2 * (size_t)HAR_FILE_MAX_BYTES);
	if (repair(text, &fixed) == 0)
		root = json_loadb(
		    buf_span(&fixed).p, buf_len(&fixed), JSON_ALLOW_NUL, e);
	buf_fini(&fixed);
	return root;
}

struct har *har_parse(struct span text, char err[HAR_ERR_BYTES])
{
	struct har *h = calloc(1, sizeof *h);
	json_error_t e;

	if (h == NULL) {
		snprintf(err, HAR_ERR_BYTES, "memory is out");
		return NULL;
	}
	h->root = load(text, &e);
	if (h->root == NULL)
		snprintf(err, HAR_ERR_BYTES, "line %d, column %d: no JSON",
		    e.line, e.column);
	h->entries =
	    json_object_get(json_object_get(h->root, "log"), "entries");
	if (h->root != NULL && !json_is_array(h->entries))
		snprintf(
		    err, HAR_ERR_BYTES, "no HAR file: log.entries is no list");
	if (json_is_array(h->entries) &&
	    json_array_size(h->entries) <= HAR_ENTRIES_MAX)
		return h;
	if (json_is_array(h->entries))
		snprintf(err, HAR_ERR_BYTES, "more than %d entries",
		    HAR_ENTRIES_MAX);
	har_free(h);
	return NULL;
}

struct har *har_open(const char *path, char err[HAR_ERR_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
	struct har *h = NULL;
	void *p = MAP_FAILED;

	if (size > 0 && size <= (off_t)HAR_FILE_MAX_BYTES)
		p = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p != MAP_FAILED) {
		h = har_parse(span_of(p, (size_t)size), err);
		munmap(p, (size_t)size);
	} else if (fd >= 0 && size == 0) {
		snprintf(err, HAR_ERR_BYTES, "the file is empty");
	} else if (size > (off_t)HAR_FILE_MAX_BYTES) {
		snprintf(err, HAR_ERR_BYTES, "the file is larger than %u MiB",
		    HAR_FILE_MAX_BYTES >> 20);
	} else {
		snprintf(err, HAR_ERR_BYTES, "%s", strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	return h;
}

void har_free(struct har *h)
{
	if (h == NULL)
		return;
	json_decref(h->root);
	free(h);
}

size_t har_count(const struct har *h)
{
	return json_array_size(h->entries);
}

/* ---- an entry ---- */

static int bad(char err[HAR_ERR_BYTES], const char *what)
{
	snprintf(err, HAR_ERR_BYTES, "%s", what);
	return -EBADMSG;
}

/* The text of a member; false: it is not there or of another kind. */
static bool text_of(const json_t *object, const char *key, struct span *ret)
{
	const json_t *v = json_object_get(object, key);

	if (!json_is_string(v))
		return false;
	*ret = span_of(json_string_value(v), json_string_length(v));
	return true;
}

static int read_fields(const json_t *message, struct arena *a,
    struct offline_in *in, char err[HAR_ERR_BYTES])
{
	const json_t *list = json_object_get(message, "headers");
	struct offline_field *f;
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return bad(err, "headers is no list");
	if (n > MSG_FIELDS_MAX)
		return bad(err, "more header fields than a message may have");
	f = arena_zalloc(a, (n + 1) * sizeof *f);
	if (f == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const json_t *row = json_array_get(list, i);

		if (!text_of(row, "name", &f[i].name) ||
		    !text_of(row, "value", &f[i].value))
			return bad(err, "a header has no name or no value");
	}
	in->field = f, in->nfield = n;
	return 0;
}

static int from_base64(struct span text, struct arena *a, struct span *ret)
{
	static const enum step step[] = { STEP_BASE64 };
	struct buf out;
	int r;

	buf_init(&out, OFFLINE_BODY_MAX_BYTES);
	r = treat_unwrap(NULL, step, 1, text, &out);
	if (r == 0)
		*ret = buf_len(&out) == 0 ? SPAN("")
		                          : arena_dup(a, buf_span(&out));
	buf_fini(&out);
	return r == 0 && arena_error(a) < 0 ? -ENOMEM : r;
}

/* One part of multipart/form-data (RFC 7578). */
static void add_part(const json_t *row, struct span name, struct span value,
    struct span boundary, struct buf *out)
{
	struct span file, type;

	(void)buf_addf(out, "--%.*s\r\nContent-Disposition: form-data; name=\"",
	    SPAN_ARG(boundary));
	(void)buf_add_span(out, name);
	if (text_of(row, "fileName", &file) && file.n > 0) {
		(void)buf_add_str(out, "\"; filename=\"");
		(void)buf_add_span(out, file);
	}
	(void)buf_add_str(out, "\"\r\n");
	if (text_of(row, "contentType", &type) && type.n > 0) {
		(void)buf_add_str(out, "Content-Type: ");
		(void)buf_add_span(out, type);
		(void)buf_add_str(out, "\r\n");
	}
	(void)buf_add_str(out, "\r\n");
	(void)buf_add_span(out, value);
	(void)buf_add_str(out, "\r\n");
}

/* The boundary parameter of a media type, "" when it has none. */
static struct span boundary_of(struct span type)
{
	struct span word, value;

	(void)span_cut(&type, ';');
	while (type.n > 0) {
		word = span_trim(span_cut(&type, ';'));
		if (!span_starts_nocase(word, SPAN("boundary=")))
			continue;
		value = span_from(word, 9);
		if (value.n > 2 && value.p[0] == '"')
			value = span_of(value.p + 1, value.n - 2);
		return value;
	}
	return SPAN("");
}

static int read_params(const json_t *body, struct arena *a, struct span *ret,
    char err[HAR_ERR_BYTES])
{
	const json_t *list = json_object_get(body, "params");
	struct span type = SPAN(""), boundary = SPAN("");
	struct buf out;
	int e;

	(void)text_of(body, "mimeType", &type);
	if (span_starts_nocase(type, SPAN("multipart/")) &&
	    (boundary = boundary_of(type)).n == 0 && json_array_size(list) > 0)
		return bad(err, "a multipart body has no text, no boundary");
	buf_init(&out, OFFLINE_BODY_MAX_BYTES);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);
		struct span name = SPAN_NONE, value = SPAN("");

		if (!text_of(row, "name", &name))
			continue;
		(void)text_of(row, "value", &value);
		if (boundary.n > 0) {
			add_part(row, name, value, boundary, &out);
			continue;
		}
		if (buf_len(&out) > 0)
			(void)buf_add_char(&out, '&');
		(void)uri_encode(name, true, &out);
		(void)buf_add_char(&out, '=');
		(void)uri_encode(value, true, &out);
	}
	if (boundary.n > 0 && buf_len(&out) > 0)
		(void)buf_addf(&out, "--%.*s--\r\n", SPAN_ARG(boundary));
	e = buf_error(&out);
	*ret = buf_len(&out) == 0 ? SPAN("") : arena_dup(a, buf_span(&out));
	buf_fini(&out);
	return e == 0 ? arena_error(a) : e;
}

static struct span field_of(const struct offline_in *in, struct span name)
{
	for (size_t i = 0; i < in->nfield; i++)
		if (span_eq_nocase(in->field[i].name, name))
			return span_trim(in->field[i].value);
	return SPAN("");
}

/* postData or content. */
static int read_body(const json_t *body, struct arena *a, struct offline_in *in,
    char err[HAR_ERR_BYTES])
{
	struct span raw, coding = SPAN_NONE;
	int e = 0;

	in->body_plain = true;
	if (body == NULL || json_is_null(body))
		return 0;
	if (!json_is_object(body))
		return bad(err, "a body is no object");
	if (!text_of(body, "encoding", &coding))
		(void)text_of(body, "_encoding", &coding);
	if (text_of(body, "_rawBase64", &raw)) {
		in->body_plain = false;
		e = from_base64(raw, a, &in->body);
	} else if (!text_of(body, "text", &in->body) ||
	           (in->body.n == 0 &&
	               json_array_size(json_object_get(body, "params")) > 0)) {
		return read_params(body, a, &in->body, err);
	} else if (span_eq(coding, SPAN("base64"))) {
		e = from_base64(in->body, a, &in->body);
	} else if (coding.n > 0) {
		return bad(err, "a body is in an encoding that is not base64");
	}
	if (span_starts(in->body, SPAN("\x1f\x8b\x08")) &&
	    span_eq_nocase(
	        field_of(in, SPAN("Content-Encoding")), SPAN("gzip")))
		in->body_plain = false;
	return e == -EBADMSG ? bad(err, "a body is no base64") : e;
}

static int read_request(const json_t *entry, struct arena *a,
    struct har_entry *e, char err[HAR_ERR_BYTES])
{
	const json_t *r = json_object_get(entry, "request");
	struct offline_in *in = &e->request;
	struct span length;
	uint64_t n;
	int x;

	if (!json_is_object(r))
		return bad(err, "there is no request");
	if (!text_of(r, "method", &in->method) || in->method.n == 0)
		return bad(err, "the request has no method");
	if (!text_of(r, "url", &in->url) || in->url.n == 0)
		return bad(err, "the request has no url");
	x = read_fields(r, a, in, err);
	if (x == 0)
		x = read_body(json_object_get(r, "postData"), a, in, err);
	if (x < 0)
		return x;
	length = field_of(in, SPAN("Content-Length"));
	e->unrecorded =
	    in->body.n == 0 &&
	    ((length.n > 0 &&
	         (span_u64(length, UINT64_MAX, &n) < 0 || n > 0)) ||
	        json_integer_value(json_object_get(r, "bodySize")) > 0);
	return 0;
}

static int read_answer(const json_t *entry, struct arena *a,
    struct har_entry *e, char err[HAR_ERR_BYTES])
{
	const json_t *r = json_object_get(entry, "response");
	json_int_t status = json_integer_value(json_object_get(r, "status"));
	int x;

	if (r == NULL || json_is_null(r) || status <= 0)
		return 0; /* the browser got none */
	if (status < 100 || status > 599)
		return bad(err, "the answer has no status");
	x = read_fields(r, a, &e->answer, err);
	if (x == 0)
		x = read_body(
		    json_object_get(r, "content"), a, &e->answer, err);
	e->answer.status = (int)status;
	e->answered = x == 0;
	return x;
}

/* Browsers list these as requests, and nothing of them was on a network. */
static bool is_local(const struct offline_in *in)
{
	static const char *const scheme[] = { "data:", "blob:", "about:",
		"file:", "chrome:", "chrome-extension:", "moz-extension:",
		"safari-web-extension:", "resource:", "javascript:" };

	for (size_t i = 0; i < sizeof scheme / sizeof scheme[0]; i++)
		if (span_starts_nocase(in->url, span_str(scheme[i])))
			return true;
	return span_eq(in->method, SPAN("CONNECT"));
}

int har_read(const struct har *h, size_t i, struct arena *a,
    struct har_entry *ret_entry, char err[HAR_ERR_BYTES])
{
	const json_t *entry = json_array_get(h->entries, i);
	const json_t *ws = json_object_get(entry, "_webSocketMessages");
	char fault[HAR_ERR_BYTES] = "";
	struct span url, kept;
	int e;

	*ret_entry = (struct har_entry){ .answered = false };
	if (!json_is_object(entry))
		return bad(err, "an entry is no object");
	e = read_request(entry, a, ret_entry, err);
	if (e == 0)
		e = read_answer(entry, a, ret_entry, fault);
	if (e == -EBADMSG && fault[0] != '\0') {
		kept = arena_dup(a, span_of(fault, strlen(fault) + 1));
		ret_entry->answer_fault = kept.p;
		e = arena_error(a);
	}
	if (e < 0)
		return e;
	url = ret_entry->request.url;
	ret_entry->local = is_local(&ret_entry->request);
	ret_entry->websocket = json_is_array(ws) ||
	                       span_starts_nocase(url, SPAN("ws:")) ||
	                       span_starts_nocase(url, SPAN("wss:"));
	ret_entry->messages = json_array_size(ws);
	return 0;
}

int har_read_message(const struct har *h, size_t i, size_t k, struct arena *a,
    struct har_message *ret_message, char err[HAR_ERR_BYTES])
{
	const json_t *entry = json_array_get(h->entries, i);
	const json_t *ws = json_object_get(entry, "_webSocketMessages");
	const json_t *m = json_array_get(ws, k);
	struct span type;
	int e = 0;

	if (!text_of(m, "type", &type) ||
	    !text_of(m, "data", &ret_message->content))
		return bad(err, "a message has no type or no content");
	/* What is not plainly from the server is taken to leave. */
	ret_message->up =
	    !span_eq(type, SPAN("receive")) && !span_eq(type, SPAN("response"));
	ret_message->text =
	    json_integer_value(json_object_get(m, "opcode")) != 2;
	if (!ret_message->text)
		e = from_base64(ret_message->content, a, &ret_message->content);
	return e == -EBADMSG ? bad(err, "a binary message is no base64") : e;
}
