/* SPDX-License-Identifier: EUPL-1.2 */
/* The planted texts in the forms in which clients carry them. */
#include "ctl/leak.h"

#include "lib/tap.h"

#define NAME "Erika Mustermann"

static const struct {
	const char *name, *text, *needle, *want;
} row[] = {
	{ "plain", "name=Erika Mustermann&x=1", NAME, "plain" },
	{ "at the end", "x=Erika Mustermann", NAME, "plain" },
	{ "percent", "name=Erika%20Mustermann", NAME, "percent" },
	{ "percent of letters", "%45%72ika%20Mustermann", NAME, "percent" },
	{ "plus", "name=Erika+Mustermann", NAME, "percent" },
	{ "percent twice", "name=Erika%2520Mustermann", NAME, "percent" },
	{ "JSON escape", "{\"n\":\"\\u0045rika \\u004dustermann\"}", NAME,
	    "json-escape" },
	{ "JSON solidus", "{\"u\":\"https:\\/\\/amt.example\\/x\"}",
	    "https://amt.example/x", "json-escape" },
	{ "JSON surrogates", "\"\\ud83d\\ude00 Erika\"",
	    "\360\237\230\200 Erika", "json-escape" },
	{ "JSON in JSON",
	    "{\"a\":\"{\\\"n\\\":\\\"\\\\u0045rika "
	    "Mustermann\\\"}\"}",
	    NAME, "json-escape" },
	{ "JSON in a query",
	    "p=%7B%22n%22%3A%22%5Cu0045rika%20Mustermann%22%7D", NAME,
	    "json-escape" },
	{ "base64, offset 0", "RXJpa2EgTXVzdGVybWFubg==", NAME, "base64" },
	{ "base64, offset 1", "eEVyaWthIE11c3Rlcm1hbm4=", NAME, "base64" },
	{ "base64, offset 2", "eHhFcmlrYSBNdXN0ZXJtYW5u", NAME, "base64" },
	{ "base64, middle", "eyJuIjoiRXJpa2EgTXVzdGVybWFubiJ9", NAME,
	    "base64" },
	{ "base64 behind percent", "d=RXJpa2EgTXVzdGVybWFub%67%3D%3D", NAME,
	    "base64" },
	{ "base64url", "x=fn5-fn5-", "~~~~~~", "base64" },
	{ "base64 twice", "d=ZUNCRmNtbHJZU0JOZFhOMFpYSnRZVzV1", NAME,
	    "base64" },
	{ "percent in base64", "d=bj0lNDVyaWthJTIwTXVzdGVybWFubg==", NAME,
	    "percent" },
	{ "gzip in base64 in percent",
	    "d=%48%34sIAAAAAAACA6tWylOyUnItysxOVPAtLS5JLcpNzMtTqgUAztfpIhgAAAA%"
	    "3D",
	    NAME, "compressed" },
	{ "deflate in base64url",
	    "d=eJyrVspTslJyLcrMTlTwLS0uSS3KTczLU6oFAGHaCF8", NAME,
	    "compressed" },
	{ "deflate in base64url in a path",
	    "/a/eJyrVspTslJyLcrMTlTwLS0uSS3KTczLU6oFAGHaCF8/end", NAME,
	    "compressed" },
	{ "zstd in base64",
	    "KLUv/"
	    "QRoLQEA6HsibiI6IkVyaWthIE11c3Rlcm1hbm4iLCJuMjN9AgCAFm89x4hu5Mo=",
	    "\"n3\":\"Erika", "compressed" },
	{ "gzip cut off", "H4sIAAAAAAACA6tWylOyUnItysxOVPAtLS5JLcpNzMtTqgUAzt",
	    NAME, "compressed" },
	{ "something else in gzip",
	    "H4sIAAAAAAACA6tWylOyUnItysxOVPAtLS5JLcpNzMtTqgUAztfpIhgAAAA=",
	    "Beispiel", NULL },
	{ "references of XML", "<a>&#69;&#x72;ika&#32;Mustermann</a>", NAME,
	    "xml" },
	{ "a named one", "<a b=\"Erika &amp; Max\"/>", "Erika & Max", "xml" },
	{ "broken references", "&#69 &#xzz; &#99999999999; &; &", NAME, NULL },
	{ "part only", "Erika Musterfrau", NAME, NULL },
	{ "other case", "erika mustermann", NAME, NULL },
	{ "nothing", "", NAME, NULL },
	{ "broken escapes", "%4 %zz \\u00 \\ud83d \\", NAME, NULL },
	{ "escape at the end", "\\", NAME, NULL },
	{ "percent at the end", "%", NAME, NULL },
	{ "no needle", "text", "", "unknown" },
};

/* Several at once, one of them cannot be searched for. */
static void several(void)
{
	static const struct span needle[] = { SPAN("Erika"), SPAN(""),
		SPAN("Max"), SPAN("Beispiel") };
	const char *form[4];

	leak_search(SPAN("a=Erika&b=TWF4IEJlaXNwaWVs"), needle, 4, form);
	tap_ok(form[0] != NULL && strcmp(form[0], "plain") == 0 &&
	           form[1] != NULL && strcmp(form[1], "unknown") == 0 &&
	           form[2] != NULL && form[3] != NULL &&
	           strcmp(form[3], "base64") == 0,
	    "several texts in one search");
}

int main(void)
{
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		const char *got =
		    leak_find(span_str(row[i].text), span_str(row[i].needle));

		tap_span(span_str(got != NULL ? got : "-"),
		    span_str(row[i].want != NULL ? row[i].want : "-"), "%s",
		    row[i].name);
	}
	several();
	return tap_done();
}
