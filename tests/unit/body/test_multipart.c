/* SPDX-License-Identifier: EUPL-1.2 */
/* Scrubbing forms with files: lines of a pack, a form, what must come out;
 * whole and at every cut. In the rows the boundary is "b". */
#include "body/multipart.h"

#include <errno.h>

#include "body/scrub.h"
#include "unit/body/rows.h"

#define CD "Content-Disposition: form-data; name="
#define BEGIN "--b\r\n"
#define NEXT "\r\n--b\r\n"
#define END "\r\n--b--\r\n"
#define NAME CD "\"name\"\r\n\r\n"
#define MAIL CD "\"mail\"\r\n\r\n"
#define DOC                                                                    \
	CD "\"doc\"; filename=\"Plan Erika.pdf\"\r\n"                          \
	   "Content-Type: application/pdf\r\n\r\n"
#define DOC_TYPE "Content-Type: application/pdf\r\n\r\n"

static const struct row row[] = {
	{ "nothing named", "multipart x -> drop",
	    BEGIN NAME "Erika" NEXT MAIL "e@x.de" END,
	    BEGIN NAME "Erika" NEXT MAIL "e@x.de" END },
	{ "drop the first", "multipart name -> drop",
	    BEGIN NAME "Erika" NEXT MAIL "e@x.de" END,
	    BEGIN MAIL "e@x.de" END },
	{ "drop the last", "multipart mail -> drop",
	    BEGIN NAME "Erika" NEXT MAIL "e@x.de" END, BEGIN NAME "Erika" END },
	{ "drop all", "multipart * -> drop",
	    BEGIN NAME "Erika" NEXT MAIL "e@x.de" END, "--b--\r\n" },
	{ "set", "multipart name -> set:Gast", BEGIN NAME "Erika" END,
	    BEGIN NAME "Gast" END },
	{ "empty content", "multipart x -> drop", BEGIN NAME END,
	    BEGIN NAME END },
	{ "set empty content", "multipart name -> set:Gast", BEGIN NAME END,
	    BEGIN NAME "Gast" END },
	{ "lines in the content", "multipart mail -> drop",
	    BEGIN NAME "a\r\n--\r\n-\n\r\n--c\r\n" END,
	    BEGIN NAME "a\r\n--\r\n-\n\r\n--c\r\n" END },
	{ "JSON in a part", "multipart name > json $.n -> drop",
	    BEGIN NAME "{\"n\":1,\"i\":2}" END, BEGIN NAME "{\"i\":2}" END },
	{ "no JSON in a part", "multipart name > json $.n -> drop",
	    BEGIN NAME "Erika" END, NULL },
	{ "allow-list", "multipart name -> keep\nmultipart * -> drop",
	    BEGIN NAME "Erika" NEXT MAIL "e@x.de" END, BEGIN NAME "Erika" END },
	{ "no line end behind", "multipart mail -> drop",
	    BEGIN NAME "Erika\r\n--b--", BEGIN NAME "Erika\r\n--b--" },
	{ "a treatment that drops", "multipart name -> coarsen:1h",
	    BEGIN NAME "soon" NEXT MAIL "e@x.de" END, BEGIN MAIL "e@x.de" END },
	{ "name without quotes", "multipart name -> drop",
	    BEGIN CD "name\r\n\r\nErika" NEXT MAIL "e@x.de" END,
	    BEGIN MAIL "e@x.de" END },
	{ "name in capitals is another", "multipart name -> drop",
	    BEGIN CD "\"Name\"\r\n\r\nErika" END,
	    BEGIN CD "\"Name\"\r\n\r\nErika" END },

	{ "file name set", "multipart doc;filename -> set:file.pdf",
	    BEGIN DOC "pdf" END,
	    BEGIN CD "\"doc\"; filename=\"file.pdf\"\r\n" DOC_TYPE "pdf" END },
	{ "file name dropped", "multipart doc;filename -> drop",
	    BEGIN DOC "pdf" END, BEGIN CD "\"doc\"\r\n" DOC_TYPE "pdf" END },
	{ "file name with what must be coded",
	    "multipart doc;filename -> set:a\"b", BEGIN DOC "pdf" END,
	    BEGIN CD "\"doc\"; filename=\"a%22b\"\r\n" DOC_TYPE "pdf" END },
	{ "all file names", "multipart *;filename -> set:f",
	    BEGIN NAME "Erika" NEXT DOC "pdf" END,
	    BEGIN NAME "Erika" NEXT CD "\"doc\"; filename=\"f\"\r\n" DOC_TYPE
	               "pdf" END },
	{ "header dropped", "multipart doc;Content-Type -> drop",
	    BEGIN DOC "pdf" END,
	    BEGIN CD "\"doc\"; filename=\"Plan Erika.pdf\"\r\n\r\npdf" END },
	{ "header set, small letters",
	    "multipart doc;content-type -> set:text/x", BEGIN DOC "pdf" END,
	    BEGIN CD "\"doc\"; filename=\"Plan Erika.pdf\"\r\n"
	             "Content-Type: text/x\r\n\r\npdf" END },
	{ "keep protects the head",
	    "multipart doc -> keep\nmultipart * -> drop", BEGIN DOC "pdf" END,
	    BEGIN DOC "pdf" END },
	{ "a line before keep decides",
	    "multipart *;filename -> drop\nmultipart doc -> keep\n"
	    "multipart * -> drop",
	    BEGIN DOC "pdf" END, BEGIN CD "\"doc\"\r\n" DOC_TYPE "pdf" END },

	{ "text in front", "multipart x -> drop", "x\r\n" BEGIN NAME "a" END,
	    NULL },
	{ "a line end in front", "multipart x -> drop",
	    "\r\n" BEGIN NAME "a" END, NULL },
	{ "text behind", "multipart x -> drop", BEGIN NAME "a" END "x", NULL },
	{ "half a line end behind", "multipart x -> drop",
	    BEGIN NAME "a\r\n--b--\r", NULL },
	{ "no end", "multipart x -> drop", BEGIN NAME "a", NULL },
	{ "cut in the boundary", "multipart x -> drop", BEGIN NAME "a\r\n--b-",
	    NULL },
	{ "LF before a boundary", "multipart x -> drop",
	    BEGIN NAME "a\n--b\r\n" MAIL "b" END, NULL },
	{ "a boundary at once", "multipart x -> drop",
	    BEGIN NAME "--b\r\n" MAIL "b" END, NULL },
	{ "a boundary that goes on", "multipart x -> drop",
	    BEGIN NAME "a\r\n--bc" END, NULL },
	{ "a space behind a boundary", "multipart x -> drop",
	    "--b \r\n" NAME "a" END, NULL },
	{ "no head", "multipart x -> drop", BEGIN "\r\nErika" END, NULL },
	{ "no name", "multipart x -> drop",
	    BEGIN "Content-Disposition: form-data\r\n\r\na" END, NULL },
	{ "two names", "multipart x -> drop",
	    BEGIN CD "\"a\"; name=\"name\"\r\n\r\na" END, NULL },
	{ "two dispositions", "multipart x -> drop",
	    BEGIN CD "\"a\"\r\n" CD "\"b\"\r\n\r\na" END, NULL },
	{ "another disposition", "multipart x -> drop",
	    BEGIN "Content-Disposition: attachment; name=a\r\n\r\na" END,
	    NULL },
	{ "an escaped quote", "multipart x -> drop",
	    BEGIN CD "\"a\\\"b\"\r\n\r\na" END, NULL },
	{ "filename*", "multipart x -> drop",
	    BEGIN CD "\"a\"; filename*=UTF-8''a\r\n\r\na" END, NULL },
	{ "a folded head", "multipart x -> drop",
	    BEGIN "Content-Disposition: form-data;\r\n name=\"a\"\r\n\r\na" END,
	    NULL },
	{ "LF in a head", "multipart x -> drop",
	    BEGIN CD "\"a\"\nX: 1\r\n\r\na" END, NULL },
	{ "a transfer encoding", "multipart x -> drop",
	    BEGIN CD "\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\na" END,
	    NULL },
	{ "multipart in a part", "multipart x -> drop",
	    BEGIN CD "\"a\"\r\nContent-Type: multipart/mixed; boundary=c"
	             "\r\n\r\na" END,
	    NULL },
	{ "the same, kept", "multipart a -> keep",
	    BEGIN CD "\"a\"\r\nContent-Type: multipart/mixed; boundary=c"
	             "\r\n\r\na" END,
	    BEGIN CD "\"a\"\r\nContent-Type: multipart/mixed; boundary=c"
	             "\r\n\r\na" END },
	{ "new content with the boundary", "multipart name -> set:x--b",
	    BEGIN NAME "a" END, NULL },
};

static struct span boundary = { "b", 1 };

FEED_BY(feed, multipart, multipart_new(plan, env, boundary));

static void test_reports(void)
{
	struct rules *rules =
	    rules_new("multipart name -> drop\n"
	              "multipart doc;filename -> set:f\nmultipart doc -> keep",
	        false);
	struct buf out, said;
	struct env env = rules_env(&said);

	buf_init(&out, 4096);
	buf_init(&said, 4096);
	feed(rules_plan(rules), &env,
	    SPAN(BEGIN NAME "Erika" NEXT DOC "pdf" NEXT MAIL "a" END), 9, 9,
	    &out);
	tap_span(buf_span(&said),
	    SPAN("drop name Erika>;set doc;filename Plan Erika.pdf>f;"
	         "keep doc >;"),
	    "reports");
	rules_free(rules);
	buf_fini(&out);
	buf_fini(&said);
}

/* ---- sizes ---- */

static void add_many(struct buf *b, char c, size_t n)
{
	memset(buf_reserve(b, n), c, n);
	buf_commit(b, n);
}

static void test_sizes(void)
{
	static const struct {
		const char *name, *lines;
		size_t content, head;
		unsigned parts;
		int want;
	} size[] = {
		{ "a large part nobody treats", "multipart x -> drop",
		    12u << 20, 0, 1, 0 },
		{ "a large part, dropped", "multipart name -> drop", 12u << 20,
		    0, 1, 0 },
		{ "a part at the limit", "multipart name -> mask",
		    SCRUB_VALUE_MAX, 0, 1, 0 },
		{ "a part over it", "multipart name -> mask",
		    SCRUB_VALUE_MAX + 1, 0, 1, -E2BIG },
		{ "a long head", "multipart x -> drop", 1, 16000, 1, 0 },
		{ "a head over the limit", "multipart x -> drop", 1, 16400, 1,
		    -E2BIG },
		{ "many parts", "multipart name -> drop", 1, 0,
		    MULTIPART_PARTS_MAX, 0 },
		{ "too many", "multipart name -> drop", 1, 0,
		    MULTIPART_PARTS_MAX + 1, -E2BIG },
	};
	struct env env = rules_env(NULL);
	struct buf in, out;

	buf_init(&in, 16u << 20);
	buf_init(&out, 16u << 20);
	for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
		struct rules *rules = rules_new(size[i].lines, false);

		buf_reset(&in);
		for (unsigned k = 0; k < size[i].parts; k++) {
			buf_add_str(&in, k > 0 ? NEXT "X: " : BEGIN "X: ");
			add_many(&in, 'h', size[i].head);
			buf_add_str(&in, "\r\n" NAME);
			add_many(&in, 'c', size[i].content);
		}
		buf_add_str(&in, END);
		for (size_t step = 7001; step <= 16u << 20; step *= 2396)
			tap_int(feed(rules_plan(rules), &env, buf_span(&in),
			            step, step, &out),
			    size[i].want, "%s, %zu at once", size[i].name,
			    step);
		rules_free(rules);
	}
	buf_fini(&in);
	buf_fini(&out);
}

static void test_boundaries(void)
{
	static const char seventy[] = "0123456789012345678901234567890123456789"
	                              "012345678901234567890123456789";
	static const struct {
		struct span boundary;
		int want;
	} b[] = { { { seventy, 70 }, 0 }, { { seventy, 69 }, -EBADMSG },
		{ { "", 0 }, -EBADMSG }, { { seventy, 71 }, -EBADMSG } };
	struct buf in, out;

	buf_init(&in, 4096);
	buf_init(&out, 4096);
	buf_addf(&in, "--%s\r\n" NAME "a\r\n--%s--", seventy, seventy);
	for (size_t i = 0; i < sizeof b / sizeof *b; i++) {
		boundary = b[i].boundary;
		tap_int(feed(NULL, NULL, buf_span(&in), 1, 1, &out), b[i].want,
		    "a boundary of %zu bytes", boundary.n);
	}
	buf_fini(&in);
	buf_fini(&out);
}

int main(void)
{
	test_rows(feed, ROWS_OF(row));
	test_reports();
	test_sizes();
	test_boundaries();
	multipart_free(NULL);
	return tap_done();
}
