/* SPDX-License-Identifier: EUPL-1.2 */
/* The search behind `never`: each coat a value may wear. */
#include "lib/case_find.h"
#include "lib/tap.h"

static const struct {
	const char *name;
	struct span in;
	const char *needle;
	bool want;
} row[] = {
	{ "plain", SPAN("x=Erika Mustermann;"), "Erika Mustermann", true },
	{ "not there", SPAN("x=Teilnehmer 7F3A"), "Erika", false },
	{ "percent", SPAN("u=%45rika%20Mu%73termann"), "Erika Mustermann",
	    true },
	{ "plus is a space", SPAN("u=Erika+Mustermann"), "Erika Mustermann",
	    true },
	{ "percent twice", SPAN("u=Erika%2520Mustermann"), "Erika Mustermann",
	    true },
	{ "JSON escape", SPAN("{\"\\u0045rika\"}"), "Erika", true },
	{ "JSON escape of another script", SPAN("\"M\\u00fcller\""),
	    "M\xc3\xbcller", true },
	{ "JSON surrogates", SPAN("\"\\ud83d\\ude00\""), "\xf0\x9f\x98\x80",
	    true },
	{ "JSON solidus", SPAN("\"amt\\/netz\""), "amt/netz", true },
	{ "base64", SPAN("dn2=RXJpa2EgTXVzdGVybWFubg=="), "Erika Mustermann",
	    true },
	{ "base64, one byte in", SPAN("eEVyaWthIE11c3Rlcm1hbm4="),
	    "Erika Mustermann", true },
	{ "base64, two bytes in", SPAN("eHhFcmlrYSBNdXN0ZXJtYW5u"),
	    "Erika Mustermann", true },
	{ "base64 behind letters", SPAN("abcRXJpa2EgTXVzdGVybWFubg"),
	    "Erika Mustermann", true },
	{ "base64 over lines", SPAN("RXJpa2Eg\r\nTXVzdGVybWFubg=="),
	    "Erika Mustermann", true },
	{ "base64url", SPAN("_-8gRXJpa2Eg"), "Erika", true },
	{ "base64 of base64", SPAN("UlhKcGEyRWdUWFZ6ZEdWeWJXRnViZz09"),
	    "Erika Mustermann", true },
	{ "base64 in percent", SPAN("a=RXJpa2Eg%54XVzdGVybWFubg%3D%3D"),
	    "Erika Mustermann", true },
	{ "JSON in percent", SPAN("%7B%22a%22%3A%22%5Cu0045rika%22"), "Erika",
	    true },
	{ "hex", SPAN("id=4572696b61"), "Erika", true },
	{ "hex behind a digit", SPAN("id=04572696B61"), "Erika", true },
	{ "UTF-16", SPAN("E\0r\0i\0k\0a\0"), "Erika", true },
	{ "gzip",
	    SPAN("xx\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x73\x2d\xca\xcc"
	         "\x4e\x04\x00\xbf\x12\x8e\x7f\x05\x00\x00\x00"),
	    "Erika", true },
};

int main(void)
{
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct case_views *v = case_views_new();

		case_views_add(v, row[i].in);
		tap_ok((case_views_find(v, span_str(row[i].needle)) != NULL) ==
		           row[i].want,
		    "%s", row[i].name);
		case_views_free(v);
	}
	return tap_done();
}
