/* SPDX-License-Identifier: EUPL-1.2 */
/* Scrubbing XML: lines of a pack, a text, what must come out; whole and at
 * every cut, and a second time without a change. */
#include "body/xml.h"

#include <errno.h>
#include <stdlib.h>

#include "body/scrub.h"
#include "unit/body/rows.h"

#define DECLARATION "<?xml version=\"1.0\" encoding='utf-8'?>\n"
#define MARK "\xef\xbb\xbf"

static const struct row row[] = {
	/* What nobody names. */
	{ "untouched", "xml /z -> drop",
	    MARK DECLARATION "<!-- a --><a  b = 'x&#x41;>' ><b/>\r\n"
	                     "<c  />&amp;<![CDATA[<&]]><?p q?></a >\n",
	    MARK DECLARATION "<!-- a --><a  b = 'x&#x41;>' ><b/>\r\n"
	                     "<c  />&amp;<![CDATA[<&]]><?p q?></a >\n" },
	{ "no lines", "json $.a -> drop", "<a b=''>c</a>", "<a b=''>c</a>" },
	{ "nothing", "xml /a -> drop", "", "" },
	{ "a mark alone", "xml /a -> drop", MARK, MARK },
	{ "white space alone", "xml /a -> drop", " \r\n\t", " \r\n\t" },
	{ "declaration of ASCII", "xml /a -> drop",
	    "<?xml version='1.0' encoding='US-ASCII' ?><b/>",
	    "<?xml version='1.0' encoding='US-ASCII' ?><b/>" },
	{ "other encodings", "xml /a -> drop",
	    "<?xml version='1.0' encoding='ISO-8859-1'?><b/>", NULL },
	{ "UTF-16", "xml /a -> drop", "\xfe\xff<\0b\0", NULL },
	{ "no UTF-8", "xml /a -> drop", "<b>\xfc</b>", NULL },
	{ "late declaration", "xml /a -> drop", " <?xml version='1.0'?><b/>",
	    NULL },
	{ "endless declaration", "xml /a -> drop", "<?xml version='1.0'",
	    NULL },

	/* drop */
	{ "an element", "xml /a/b -> drop",
	    "<a> <b x='1'>Erika<c>M</c></b> <d/></a>", "<a>  <d/></a>" },
	{ "an empty element", "xml /a/b -> drop", "<a><b/><b></b>c</a>",
	    "<a>c</a>" },
	{ "a root", "xml /a -> drop", "<a>b</a>\n", "\n" },
	{ "any element of that name", "xml //n -> drop",
	    "<a><n>1</n><b><n/><c><n><n/></n></c></b></a><n/>",
	    "<a><b><c></c></b></a>" },
	{ "several elements, as wholes", "xml //n -> drop\nxml //m -> drop",
	    "<a><n><m/></n><m x='1'><n>Erika</n></m>b</a>", "<a>b</a>" },
	{ "not what a line keeps in it",
	    "xml //n -> drop\nxml //k -> keep\nxml //m -> drop",
	    "<m x='1'><n>Erika</n><k>b</k></m>", "<m><k>b</k></m>" },
	{ "with what is in it", "xml /a/b -> drop",
	    "<a><b><!-- <b> --><?p?><![CDATA[</b>]]><b></b></b></a>",
	    "<a></a>" },
	{ "an attribute", "xml /a/@x -> drop",
	    "<a x='1' y=\"2\"\n x2='3'/><b x='1'/>",
	    "<a y=\"2\"\n x2='3'/><b x='1'/>" },
	{ "all attributes", "xml /a/@* -> drop", "<a x='1'\t y=\"2\" />",
	    "<a />" },
	{ "an attribute anywhere", "xml //@x -> drop",
	    "<a  x = '1'><b y='' x=''/></a>", "<a><b y=''/></a>" },
	{ "text", "xml /a/text() -> drop", "<a> b<c>d</c>e\n<c/> </a>",
	    "<a><c>d</c><c/> </a>" },
	{ "text in CDATA", "xml /a/text() -> drop",
	    "<a><![CDATA[x]]>y<b/><![CDATA[ ]]></a>",
	    "<a><b/><![CDATA[ ]]></a>" },
	{ "prefixes are names", "xml /p:a -> drop",
	    "<p:a xmlns:p='urn:x'/><a/><q:a xmlns:q='urn:x'/>",
	    "<a/><q:a xmlns:q='urn:x'/>" },
	{ "an attribute with a prefix", "xml //@xml:lang -> drop",
	    "<a xml:lang='de' lang='de'/>", "<a lang='de'/>" },

	/* Which line. */
	{ "keep inside, drop around", "xml /a/b -> keep\nxml /a -> drop",
	    "<a x='1' xmlns='urn:x'>t<b y='2'>u</b><c><b/>v</c></a>",
	    "<a xmlns='urn:x'><b y='2'>u</b></a>" },
	{ "allow-list",
	    "xml /iq/@id -> keep\nxml /iq/jid -> keep\nxml //* -> drop",
	    "<iq id='1' to='b'><jid x='1'>e<c/></jid><!-- f --><d/></iq>"
	    "<p><jid/></p><?pi?>",
	    "<iq id='1'><jid x='1'>e<c/></jid></iq>" },
	{ "drop first", "xml /a -> drop\nxml /a/b -> keep", "<a><b/></a>", "" },
	{ "keep first", "xml /a -> keep\nxml /a/b -> drop", "<a><b/></a>",
	    "<a><b/></a>" },
	{ "keep of a part", "xml /a/b -> drop\nxml /a -> keep\nxml //* -> drop",
	    "<a z=''><b/>c</a><d/>", "<a z=''>c</a>" },
	{ "namespaces by name", "xml //@xmlns -> drop", "<a xmlns='u'/>",
	    "<a/>" },

	/* set and others */
	{ "set an attribute", "xml /a/@x -> set:<&\"'>",
	    "<a x='1'/><a x=\"1\"/>",
	    "<a x='&lt;&amp;\"&apos;>'/><a x=\"&lt;&amp;&quot;'>\"/>" },
	{ "set an element", "xml /a/b -> set:<&\"'>",
	    "<a><b>Erika</b><b  /><b></b><b y='1'><c>Erika</c></b></a>",
	    "<a><b>&lt;&amp;\"'&gt;</b><b>&lt;&amp;\"'&gt;</b>"
	    "<b>&lt;&amp;\"'&gt;</b><b y='1'>&lt;&amp;\"'&gt;</b></a>" },
	{ "set to nothing", "xml /a/b -> set:", "<a><b/><b>1</b><b></b></a>",
	    "<a><b/><b></b><b></b></a>" },
	{ "set an element and its attribute",
	    "xml /a -> set:x\nxml /a/@b -> drop\n", "<a b='1'>c</a><a b='2'/>",
	    "<a>x</a><a>x</a>" },
	{ "set text", "xml /a/text() -> set:x", "<a> b<c>d</c>e\n<c/> </a>",
	    "<a>x<c>d</c>x<c/> </a>" },
	{ "mask", "xml /a -> mask",
	    "<a b='Erika'>\xc3\xbc&#x1F600;&amp; <b>1<![CDATA[2]]></b>\n</a>",
	    "<a b='Erika'>xxxx<b>xx</b>\n</a>" },
	{ "comments do not hide", "xml /a -> mask",
	    "<a>Eri<!-- -->ka<?x?>!</a>", "<a>xxxxxx</a>" },
	{ "coarsen", "xml //@stamp -> coarsen:1h",
	    "<delay stamp='2031-01-01T10:17:33Z'/><delay stamp='soon'/>",
	    "<delay stamp='2031-01-01T10:00:00Z'/><delay/>" },
	{ "coarsen what is decoded", "xml /t -> coarsen:1h",
	    "<t>2031-01-01T&#49;0:17:33Z</t>", "<t>2031-01-01T10:00:00Z</t>" },

	/* Chains */
	{ "JSON in text", "xml /presence/SourceInfo > json $.*.name -> drop",
	    "<presence><SourceInfo>{&quot;a&quot;:{\"name\":\"Erika\","
	    "\"m\":1}}</SourceInfo><SourceInfo/></presence>",
	    "<presence><SourceInfo>{\"a\":{\"m\":1}}</SourceInfo>"
	    "<SourceInfo/></presence>" },
	{ "JSON in an attribute", "xml //@j > json $.n -> drop",
	    "<a j='{\"n\":1,\"o\":2}'/>", "<a j='{\"o\":2}'/>" },
	{ "base64, then JSON", "xml /a > base64 > json $.c -> drop",
	    "<a>eyJjIjoiRXJpa2EiLCJkIjoyfQ==</a>", "<a>eyJkIjoyfQ==</a>" },
	{ "no JSON", "xml /a > json $.n -> drop", "<a>x</a>", NULL },
	{ "a chain and a keep line",
	    "xml /a/b > json $.n -> drop\nxml /a -> keep\nxml //* -> drop",
	    "<a><b>{\"n\":1}</b><c>d</c></a>", "<a><b>{}</b><c>d</c></a>" },
	{ "a chain and a drop line",
	    "xml /a/b > json $.n -> drop\nxml /a -> drop",
	    "<a><b>{\"n\":1}</b><c>d</c></a>", "<a><b>{}</b></a>" },

	/* XMPP */
	{ "a stanza", "xml /presence/nick -> alias:T\nxml //email -> drop",
	    "<presence to='r@c/n' xmlns='jabber:client'><nick xmlns='http://j/"
	    "nick'></nick><email>erika@example.org</email></presence>",
	    "<presence to='r@c/n' xmlns='jabber:client'><nick xmlns='http://j/"
	    "nick'></nick></presence>" },
	{ "several stanzas", "xml /message/body -> drop",
	    "<message><body>a</body></message> <iq/>\n<message/>",
	    "<message></message> <iq/>\n<message/>" },
	{ "framing", "xml /open/@to -> set:x",
	    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a.b'/>",
	    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='x'/>" },
	{ "an open stream", "xml /stream:stream/@from -> drop",
	    "<?xml version='1.0'?><stream:stream from='erika@a' to='a'>\r\n",
	    "<?xml version='1.0'?><stream:stream to='a'>\r\n" },
	{ "an open stream and a stanza", "xml /stream:stream/p/@from -> drop",
	    "<stream:stream to='a'><p from='x'/>",
	    "<stream:stream to='a'><p/>" },
	{ "the end of a stream", "xml /p -> drop", " </stream:stream >\n",
	    " </stream:stream >\n" },
	{ "a stanza and the end", "xml /p -> drop", "<p/></stream:stream>",
	    "</stream:stream>" },
	{ "more behind the end", "xml /p -> drop", "</stream:stream><p/>",
	    NULL },
	{ "the end of something else", "xml /p -> drop", "</a>", NULL },
	{ "the end of what is around", "xml /p -> drop", "</x>", NULL },
	{ "out of what is around", "xml /p -> drop", "</x><x>", NULL },
	{ "half a stanza", "xml /p -> drop", "<iq><p/>", NULL },
	{ "half an end", "xml /p -> drop", "<iq></i", NULL },
	{ "half of what is dropped", "xml /stream:stream -> drop",
	    "<stream:stream><p/>", NULL },

	/* Refused */
	{ "text outside", "xml /p -> drop", "a<b/>", NULL },
	{ "CDATA outside", "xml /p -> drop", "<![CDATA[ ]]><b/>", NULL },
	{ "a reference outside", "xml /p -> drop", "&#32;<b/>", NULL },
	{ "a document type", "xml /p -> drop",
	    "<?xml version='1.0'?><!DOCTYPE a><a/>", NULL },
	{ "a document type with entities", "xml /p -> drop",
	    "<!DOCTYPE a [<!ENTITY b 'Erika'>]><a>&b;</a>", NULL },
	{ "an unknown entity", "xml /p -> drop", "<a>&nbsp;</a>", NULL },
	{ "an unknown entity in an attribute", "xml /p -> drop", "<a b='&x;'/>",
	    NULL },
	{ "tags that do not match", "xml /p -> drop", "<a><b></a></b>", NULL },
	{ "an attribute twice", "xml /p -> drop", "<a b='1' b='2'/>", NULL },
	{ "a half comment", "xml /p -> drop", "<a/><!-- ", NULL },
	{ "half a CDATA section", "xml /p -> drop", "<a><![CDATA[b", NULL },
	{ "control characters", "xml /p -> drop", "<a>&#1;</a>", NULL },
	{ "new text that XML cannot carry",
	    "xml /a > percent > json $.b -> drop", "<a>%7B%22b%22:1%7D</a>",
	    "<a>%7B%7D</a>" },
};

FEED(xml);

static const struct {
	const char *name, *lines;
	bool unnamed;
	const char *in, *want;
} told[] = {
	{ "paths",
	    "xml /a/b -> drop\nxml /a/d -> set:y\nxml //@c -> set:x\n"
	    "xml /a/e -> keep\nxml /a/text() -> mask",
	    false, "<a c='1'><b f=''>Erika</b><d><g/></d><e>z</e>h<i>j</i></a>",
	    "set @c /a/@c 1>x;drop b /a/b <b f=''>Erika</b>>;"
	    "set d /a/d <g/>>y;keep e /a/e >;mask #text /a/text() h>x;" },
	{ "what no line names", "xml /a/b -> drop", true,
	    "<a xmlns='u' c='&amp;'> <b/><d>e<!--f--></d></a>",
	    "unnamed keep @c /a/@c &>&;drop b /a/b <b/>>;"
	    "unnamed keep comment() /a/d/comment() f>f;"
	    "unnamed keep #text /a/d/text() e>e;" },
	{ "nothing twice", "xml /a -> set:x\nxml /b -> drop", true, "<a>x</a>",
	    "keep a /a x>x;" },
};

static void test_reports(void)
{
	struct buf out, said;
	struct env env;

	buf_init(&out, 4096);
	buf_init(&said, 4096);
	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		struct rules *rules = rules_new(told[i].lines, false);
		struct span in = span_str(told[i].in);

		for (size_t step = 1; step <= in.n; step += in.n - 1) {
			env = rules_env(&said);
			env.report = rules_report_path;
			env.unnamed = told[i].unnamed;
			buf_reset(&said);
			feed(rules_plan(rules), &env, in, step, step, &out);
			tap_span(buf_span(&said), span_str(told[i].want),
			    "%s, %zu at a time", told[i].name, step);
		}
		rules_free(rules);
	}
	buf_fini(&out);
	buf_fini(&said);
}

/* ---- limits ---- */

static void add_times(struct buf *b, const char *s, size_t n)
{
	while (n-- > 0)
		buf_add_str(b, s);
}

static const struct {
	const char *name, *lines, *before, *times;
	size_t n;
	const char *after;
	size_t close; /* "</a>" so many times */
	int want;
} limit[] = {
	{ "as deep as may be", "xml //z -> drop", "", "<a>", SCRUB_DEPTH_MAX,
	    "", SCRUB_DEPTH_MAX, 0 },
	{ "deeper", "xml //z -> drop", "", "<a>", SCRUB_DEPTH_MAX + 1, "",
	    SCRUB_DEPTH_MAX + 1, -E2BIG },
	{ "100 000 deep", "xml //z -> drop", "", "<a>", 100000, "", 100000,
	    -E2BIG },
	{ "100 000 deep, dropped", "xml /a -> drop", "", "<a>", 100000, "",
	    100000, -E2BIG },
	{ "a long text goes on", "xml /b -> drop", "<a>", "12345678", 1 << 18,
	    "", 1, 0 },
	{ "a long text is dropped", "xml /a -> drop", "<a>", "12345678",
	    1 << 18, "", 1, 0 },
	{ "a long text is set", "xml /a/text() -> set:x", "<a>", "12345678",
	    1 << 18, "", 1, 0 },
	{ "a text that is treated", "xml /a -> mask", "<a>", "12345678",
	    1 << 17, "", 1, 0 },
	{ "a longer one", "xml /a -> mask", "<a>", "12345678", 1 << 17, "9", 1,
	    -E2BIG },
	{ "one in references", "xml /a -> mask", "<a>", "&#x00000041;", 1 << 18,
	    "", 1, -E2BIG },
	{ "a long attribute goes on", "xml /b -> drop", "<a b='", "12345678",
	    1 << 17, "'>", 1, 0 },
	{ "a longer one", "xml /b -> drop", "<a b='", "12345678", 1 << 18, "'>",
	    1, -E2BIG },
	{ "a long comment", "xml /b -> drop", "<a><!--", "12345678", 1 << 18,
	    "-->", 1, -E2BIG },
	{ "a long name", "xml //b -> drop", "<", "aaaaaaaa", SCRUB_NAME_MAX / 8,
	    "a/>", 0, -E2BIG },
	{ "many attributes", "xml //b -> drop", "<a", " a='' ",
	    XML_ATTRIBUTES_MAX + 1, "/>", 0, -EBADMSG },
	{ "many elements", "xml /b -> drop", "", "<b>c</b> <d/>", 100000, "", 0,
	    0 },
};

static void test_limits(void)
{
	struct env env = rules_env(NULL);
	struct buf in, out;

	buf_init(&in, 32u << 20);
	buf_init(&out, 32u << 20);
	for (size_t i = 0; i < sizeof limit / sizeof *limit; i++) {
		struct rules *rules = rules_new(limit[i].lines, false);

		buf_reset(&in);
		buf_add_str(&in, limit[i].before);
		add_times(&in, limit[i].times, limit[i].n);
		buf_add_str(&in, limit[i].after);
		add_times(&in, "</a>", limit[i].close);
		for (size_t step = 17; step < 1u << 28; step *= 1000)
			tap_int(feed(rules_plan(rules), &env, buf_span(&in),
			            step, step, &out),
			    limit[i].want, "%s, %zu at a time", limit[i].name,
			    step);
		rules_free(rules);
	}
	buf_fini(&in);
	buf_fini(&out);
}

/* Names that are never the same: what expat keeps of them is bounded. */
static void test_names(bool attributes)
{
	struct env env = rules_env(NULL);
	struct rules *rules = rules_new("xml /z -> drop", false);
	struct buf in, out;

	buf_init(&in, 64u << 20);
	buf_init(&out, 64u << 20);
	for (unsigned i = 0; i < 1000000; i++)
		buf_addf(&in, attributes ? "<a b%u=''/>" : "<b%u/>", i);
	tap_int(feed(rules_plan(rules), &env, buf_span(&in), 4096, 4096, &out),
	    -E2BIG, "a million names of %s",
	    attributes ? "attributes" : "elements");
	for (unsigned i = XML_ATTRIBUTES_MAX; i < XML_ATTRIBUTES_MAX + 2; i++) {
		buf_reset(&in);
		buf_add_str(&in, "<a");
		for (unsigned k = 0; k < i; k++)
			buf_addf(&in, " b%u=''", k);
		buf_add_str(&in, "/>");
		tap_int(
		    feed(rules_plan(rules), &env, buf_span(&in), 64, 64, &out),
		    i > XML_ATTRIBUTES_MAX ? -E2BIG : 0, "%u attributes", i);
	}
	rules_free(rules);
	buf_fini(&in);
	buf_fini(&out);
}

static void test_begins(void)
{
	static const struct {
		const char *in;
		bool want;
	} begin[] = {
		{ "<a/>", true },
		{ " \n<a/>", true },
		{ MARK "<?xml", true },
		{ "", false },
		{ "a<", false },
		{ "{\"<\":1}", false },
	};

	for (size_t i = 0; i < sizeof begin / sizeof *begin; i++)
		tap_ok(xml_begins(span_str(begin[i].in)) == begin[i].want,
		    "begins: row %zu", i);
}

int main(void)
{
	test_rows(feed, ROWS_OF(row));
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		if (row[i].want != NULL)
			test_again(feed, row[i].name, row[i].lines,
			    span_str(row[i].want));
	test_reports();
	test_limits();
	test_names(false);
	test_names(true);
	test_begins();
	xml_free(NULL);
	return tap_done();
}
