/* SPDX-License-Identifier: EUPL-1.2 */
/* Recordings: what is read, and what is broken without harm to the rest. */
#include "ctl/har.h"

#include <errno.h>
#include <stdio.h>

#include "base/arena.h"
#include "lib/tap.h"

#define FILE_OF(entry) "{\"log\":{\"entries\":[" entry "]}}"
#define REQUEST(more)                                                          \
	"{\"request\":{\"method\":\"POST\",\"url\":\"https://a.example/\","    \
	"\"headers\":[]" more "}}"

static void files(void)
{
	static const struct {
		const char *name, *text;
		bool good;
	} row[] = {
		{ "no entries", FILE_OF(""), true },
		{ "no JSON", "GET / HTTP/1.1", false },
		{ "empty", "", false },
		{ "cut", "{\"log\":{\"entries\":[", false },
		{ "a list", "[]", false },
		{ "no log", "{}", false },
		{ "entries is an object", "{\"log\":{\"entries\":{}}}", false },
		{ "deep", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[", false },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		char err[HAR_ERR_BYTES] = "";
		struct har *h = har_parse(span_str(row[i].text), err);

		tap_ok(
		    (h != NULL) == row[i].good && (h != NULL || err[0] != '\0'),
		    "file: %s", row[i].name);
		har_free(h);
	}
}

static void broken(void)
{
	static const struct {
		const char *name, *text;
		int want;
	} row[] = {
		{ "whole", FILE_OF(REQUEST("")), 0 },
		{ "a number", FILE_OF("7"), -EBADMSG },
		{ "no request", FILE_OF("{}"), -EBADMSG },
		{ "no method",
		    FILE_OF("{\"request\":{\"url\":\"x\",\"headers\":[]}}"),
		    -EBADMSG },
		{ "url is null",
		    FILE_OF("{\"request\":{\"method\":\"GET\",\"url\":null,"
		            "\"headers\":[]}}"),
		    -EBADMSG },
		{ "no headers",
		    FILE_OF("{\"request\":{\"method\":\"GET\",\"url\":\"x\"}}"),
		    -EBADMSG },
		{ "header without value",
		    FILE_OF("{\"request\":{\"method\":\"GET\",\"url\":\"x\","
		            "\"headers\":[{\"name\":\"a\"}]}}"),
		    -EBADMSG },
		{ "body is a text", FILE_OF(REQUEST(",\"postData\":\"x\"")),
		    -EBADMSG },
		{ "body is null", FILE_OF(REQUEST(",\"postData\":null")), 0 },
		{ "body is no base64",
		    FILE_OF(REQUEST(",\"postData\":{\"text\":\"*\","
		                    "\"encoding\":\"base64\"}")),
		    -EBADMSG },
		{ "unknown encoding",
		    FILE_OF(REQUEST(",\"postData\":{\"text\":\"*\","
		                    "\"encoding\":\"rot13\"}")),
		    -EBADMSG },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		char err[HAR_ERR_BYTES] = "";
		struct har *h = har_parse(span_str(row[i].text), err);
		struct arena *a = arena_new(1 << 20);
		struct har_entry e;
		int got = h != NULL ? har_read(h, 0, a, &e, err) : -1;

		tap_int(got, row[i].want, "entry: %s", row[i].name);
		if (got < 0)
			tap_ok(err[0] != '\0', "and it is said why");
		arena_free(a);
		har_free(h);
	}
}

static void bodies(void)
{
	static const struct {
		const char *name, *data, *want;
		bool plain;
	} row[] = {
		{ "text", "{\"text\":\"a\\u0000b\"}", "a", true },
		{ "base64", "{\"text\":\"SGk=\",\"encoding\":\"base64\"}", "Hi",
		    true },
		{ "own mark", "{\"text\":\"SGk=\",\"_encoding\":\"base64\"}",
		    "Hi", true },
		{ "as on the wire",
		    "{\"text\":\"decoded\",\"_rawBase64\":\"SGk=\"}", "Hi",
		    false },
		{ "form",
		    "{\"params\":[{\"name\":\"a b\",\"value\":\"1&2\"},"
		    "{\"name\":\"c\"}]}",
		    "a+b=1%262&c=", true },
		{ "nothing", "{}", "", true },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		char text[600], err[HAR_ERR_BYTES] = "";
		struct arena *a = arena_new(1 << 20);
		struct har_entry e;
		struct har *h;
		int got;

		snprintf(text, sizeof text,
		    FILE_OF("{\"request\":{\"method\":\"POST\",\"url\":\"u\","
		            "\"headers\":[{\"name\":\"A\",\"value\":\"b\"}],"
		            "\"postData\":%s}}"),
		    row[i].data);
		h = har_parse(span_str(text), err);
		got = h != NULL ? har_read(h, 0, a, &e, err) : -1;
		tap_int(got, 0, "body: %s %s", row[i].name, err);
		if (got == 0 && i == 0)
			tap_int((long long)e.request.body.n, 3,
			    "a zero byte is kept");
		else if (got == 0)
			tap_span(
			    e.request.body, span_str(row[i].want), "content");
		tap_ok(got == 0 && e.request.body_plain == row[i].plain &&
		           e.request.nfield == 1 && !e.answered,
		    "decoded or as it came");
		arena_free(a);
		har_free(h);
	}
}

/* Oddities of recorders: what is read all the same. */
static void odd(void)
{
	static const struct {
		const char *name, *text, *body;
		bool answered, fault, local, unrecorded;
	} row[] = {
		{ "byte order mark", "\xef\xbb\xbf" FILE_OF(REQUEST("")), "",
		    false, false, false, false },
		{ "half a surrogate",
		    FILE_OF(REQUEST(",\"postData\":{\"text\":\"a\\ud83dz\"}")),
		    "a\xef\xbf\xbdz", false, false, false, false },
		{ "a whole one",
		    FILE_OF(REQUEST(",\"postData\":{\"text\":"
		                    "\"\\ud83d\\ude00\\udc00\"}")),
		    "\xf0\x9f\x98\x80\xef\xbf\xbd", false, false, false,
		    false },
		{ "no UTF-8",
		    FILE_OF(REQUEST(",\"postData\":{\"text\":\"\xfc\"}")), "?",
		    false, false, false, false },
		{ "aborted",
		    "{\"log\":{\"entries\":[{\"request\":{\"method\":\"GET\","
		    "\"url\":\"https://a.example/\",\"headers\":[]},"
		    "\"response\":{\"status\":0,\"_error\":\"aborted\"}}]}}",
		    "", false, false, false, false },
		{ "status -1",
		    "{\"log\":{\"entries\":[{\"request\":{\"method\":\"GET\","
		    "\"url\":\"https://a.example/\",\"headers\":[]},"
		    "\"response\":{\"status\":-1}}]}}",
		    "", false, false, false, false },
		{ "status out of range",
		    "{\"log\":{\"entries\":[{\"request\":{\"method\":\"GET\","
		    "\"url\":\"https://a.example/\",\"headers\":[]},"
		    "\"response\":{\"status\":9}}]}}",
		    "", false, true, false, false },
		{ "the answer has no headers",
		    "{\"log\":{\"entries\":[{\"request\":{\"method\":\"GET\","
		    "\"url\":\"https://a.example/\",\"headers\":[]},"
		    "\"response\":{\"status\":200}}]}}",
		    "", false, true, false, false },
		{ "a picture in the page",
		    "{\"log\":{\"entries\":[{\"request\":{\"method\":\"GET\","
		    "\"url\":\"data:image/gif;base64,R0\",\"headers\":[]}}]}}",
		    "", false, false, true, false },
		{ "content that is not there",
		    "{\"log\":{\"entries\":[{\"request\":{\"method\":\"POST\","
		    "\"url\":\"https://a.example/\",\"headers\":[{\"name\":"
		    "\"content-length\",\"value\":\"17\"}]}}]}}",
		    "", false, false, false, true },
		{ "multipart without text",
		    FILE_OF(REQUEST(
		        ",\"postData\":{\"mimeType\":\"multipart/form-data; "
		        "boundary=B\",\"params\":[{\"name\":\"f\",\"fileName\":"
		        "\"a.txt\",\"contentType\":\"text/plain\","
		        "\"value\":\"x\"}]}")),
		    "--B\r\nContent-Disposition: form-data; name=\"f\"; "
		    "filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nx"
		    "\r\n--B--\r\n",
		    false, false, false, false },
		{ "params beside an empty text",
		    FILE_OF(REQUEST(",\"postData\":{\"text\":\"\",\"params\":"
		                    "[{\"name\":\"a\",\"value\":\"b\"}]}")),
		    "a=b", false, false, false, false },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		char err[HAR_ERR_BYTES] = "";
		struct har *h = har_parse(span_str(row[i].text), err);
		struct arena *a = arena_new(1 << 20);
		struct har_entry e;
		int got = h != NULL ? har_read(h, 0, a, &e, err) : -1;

		if (tap_int(got, 0, "odd: %s %s", row[i].name, err)) {
			tap_span(e.request.body, span_str(row[i].body),
			    "its content");
			tap_ok(e.answered == row[i].answered &&
			           (e.answer_fault != NULL) == row[i].fault &&
			           e.local == row[i].local &&
			           e.unrecorded == row[i].unrecorded,
			    "and what is said of it");
		}
		arena_free(a);
		har_free(h);
	}
}

/* A gzip body is taken as such only where the head says so. */
static void compressed(void)
{
	static const struct {
		const char *coding;
		bool plain;
	} row[] = { { "gzip", false }, { "GZIP", false }, { "br", true },
		{ "", true } };

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		char text[400], err[HAR_ERR_BYTES] = "";
		struct arena *a = arena_new(1 << 20);
		struct har_entry e;
		struct har *h;

		snprintf(text, sizeof text,
		    FILE_OF("{\"request\":{\"method\":\"POST\",\"url\":"
		            "\"https://a.example/\",\"headers\":[{\"name\":"
		            "\"content-encoding\",\"value\":\"%s\"}],\"postData"
		            "\":{\"text\":\"H4sIAAAA\",\"encoding\":"
		            "\"base64\"}}}"),
		    row[i].coding);
		h = har_parse(span_str(text), err);
		tap_ok(h != NULL && har_read(h, 0, a, &e, err) == 0 &&
		           e.request.body_plain == row[i].plain,
		    "gzip bytes under Content-Encoding \"%s\"", row[i].coding);
		arena_free(a);
		har_free(h);
	}
}

static void sockets(void)
{
	static const char text[] = FILE_OF(
	    "{\"request\":{\"method\":\"GET\",\"url\":\"wss://a.example/\","
	    "\"headers\":[]},\"response\":{\"status\":101,\"headers\":[]},"
	    "\"_webSocketMessages\":[{\"type\":\"send\",\"opcode\":2,"
	    "\"data\":\"SGk=\"},{\"type\":\"receive\",\"opcode\":1,\"data\":"
	    "\"Ho\"},{\"type\":\"send\"},{\"type\":\"send\",\"opcode\":2,"
	    "\"data\":\"*\"}]}");
	struct har_message m;
	char err[HAR_ERR_BYTES] = "";
	struct har *h = har_parse(span_str(text), err);
	struct arena *a = arena_new(1 << 20);
	struct har_entry e;

	tap_ok(h != NULL && har_read(h, 0, a, &e, err) == 0 && e.websocket &&
	           e.messages == 4 && e.answered && e.answer.status == 101,
	    "a WebSocket");
	tap_ok(har_read_message(h, 0, 0, a, &m, err) == 0 && m.up &&
	           span_eq(m.content, SPAN("Hi")),
	    "a binary message up");
	tap_ok(har_read_message(h, 0, 1, a, &m, err) == 0 && !m.up &&
	           span_eq(m.content, SPAN("Ho")),
	    "a text down");
	tap_int(har_read_message(h, 0, 2, a, &m, err), -EBADMSG,
	    "a message without content");
	tap_int(har_read_message(h, 0, 3, a, &m, err), -EBADMSG,
	    "a binary message that is none");
	arena_free(a);
	har_free(h);
	h = har_open("no-such-file.har", err);
	tap_ok(h == NULL && err[0] != '\0', "a file that is not there");
}

int main(void)
{
	files();
	broken();
	bodies();
	odd();
	compressed();
	sockets();
	return tap_done();
}
