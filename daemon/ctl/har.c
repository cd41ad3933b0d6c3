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

struct har *har_parse(struct span text, char err[HAR_ERR_BYTES])
{
	struct har *h = calloc(1, sizeof *h);
	json_error_t e;

	if (h == NULL) {
		snprintf(err, HAR_ERR_BYTES, "memory is out");
		return NULL;
	}
	h->root = json_loadb(text.p, text.n, JSON_ALLOW_NUL, &e);
	if (h->root == NULL)
		snprintf(err, HAR_ERR_BYTES, "line %d: %.150s", e.line, e.text);
	h->entries = json_object_get(json_object_get(h->root, "log"),
	    "entries");
	if (h->root != NULL && !json_is_array(h->entries))
		snprintf(err, HAR_ERR_BYTES,
		    "no HAR file: log.entries is no list");
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
		*ret = buf_len(&out) == 0 ? SPAN("") :
					    arena_dup(a, buf_span(&out));
	buf_fini(&out);
	return r == 0 && arena_error(a) < 0 ? -ENOMEM : r;
}

static int read_params(const json_t *list, struct arena *a, struct span *ret)
{
	struct buf out;
	int err;

	buf_init(&out, OFFLINE_BODY_MAX_BYTES);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);
		struct span name = SPAN_NONE, value = SPAN_NONE;

		if (!text_of(row, "name", &name))
			continue;
		(void)text_of(row, "value", &value);
		if (buf_len(&out) > 0)
			(void)buf_add_char(&out, '&');
		(void)uri_encode(name, true, &out);
		(void)buf_add_char(&out, '=');
		(void)uri_encode(value, true, &out);
	}
	err = buf_error(&out);
	*ret = buf_len(&out) == 0 ? SPAN("") : arena_dup(a, buf_span(&out));
	buf_fini(&out);
	return err == 0 ? arena_error(a) : err;
}

/* postData or content. */
static int read_body(const json_t *body, struct arena *a,
    struct offline_in *in, char err[HAR_ERR_BYTES])
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
	} else if (!text_of(body, "text", &in->body)) {
		e = read_params(json_object_get(body, "params"), a, &in->body);
	} else if (span_eq(coding, SPAN("base64"))) {
		e = from_base64(in->body, a, &in->body);
	} else if (coding.n > 0) {
		return bad(err, "a body is in an encoding that is not base64");
	}
	return e == -EBADMSG ? bad(err, "a body is no base64") : e;
}

static int read_request(const json_t *entry, struct arena *a,
    struct offline_in *in, char err[HAR_ERR_BYTES])
{
	const json_t *r = json_object_get(entry, "request");
	int e;

	if (!json_is_object(r))
		return bad(err, "there is no request");
	if (!text_of(r, "method", &in->method) || in->method.n == 0)
		return bad(err, "the request has no method");
	if (!text_of(r, "url", &in->url) || in->url.n == 0)
		return bad(err, "the request has no url");
	e = read_fields(r, a, in, err);
	return e == 0 ? read_body(json_object_get(r, "postData"), a, in, err) :
			e;
}

static int read_answer(const json_t *entry, struct arena *a,
    struct har_entry *e, char err[HAR_ERR_BYTES])
{
	const json_t *r = json_object_get(entry, "response");
	json_int_t status = json_integer_value(json_object_get(r, "status"));
	int x;

	if (r == NULL || json_is_null(r) || status == 0)
		return 0; /* the browser got none */
	if (status < 100 || status > 599)
		return bad(err, "the answer has no status");
	x = read_fields(r, a, &e->answer, err);
	if (x == 0)
		x = read_body(json_object_get(r, "content"), a, &e->answer, err);
	e->answer.status = (int)status;
	e->answered = x == 0;
	return x;
}

int har_read(const struct har *h, size_t i, struct arena *a,
    struct har_entry *ret_entry, char err[HAR_ERR_BYTES])
{
	const json_t *entry = json_array_get(h->entries, i);
	const json_t *ws = json_object_get(entry, "_webSocketMessages");
	struct span url;
	int e;

	*ret_entry = (struct har_entry){ .answered = false };
	if (!json_is_object(entry))
		return bad(err, "an entry is no object");
	e = read_request(entry, a, &ret_entry->request, err);
	if (e == 0)
		e = read_answer(entry, a, ret_entry, err);
	if (e < 0)
		return e;
	url = ret_entry->request.url;
	ret_entry->websocket = json_is_array(ws) ||
	    span_starts_nocase(url, SPAN("ws:")) ||
	    span_starts_nocase(url, SPAN("wss:"));
	ret_entry->messages = json_array_size(ws);
	return 0;
}
