/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/rule.h"

#include <assert.h>

const char *category_word(enum category c)
{
	static const char *const word[CATEGORY_COUNT] = {
		[CATEGORY_NONE] = "none",
		[CATEGORY_PARTICIPANT] = "participant",
		[CATEGORY_DEVICE] = "device",
		[CATEGORY_TIME] = "time",
		[CATEGORY_LOCATION] = "location",
		[CATEGORY_TELEMETRY] = "telemetry",
		[CATEGORY_RECORDING] = "recording",
		[CATEGORY_SECURITY] = "security",
	};

	assert(c < CATEGORY_COUNT);
	return word[c];
}

const char *carrier_word(enum carrier c)
{
	static const char *const word[CARRIER_COUNT] = {
		[CARRIER_HEADER] = "header",
		[CARRIER_COOKIE] = "cookie",
		[CARRIER_QUERY] = "query",
		[CARRIER_PATH] = "path",
		[CARRIER_FORM] = "form",
		[CARRIER_MULTIPART] = "multipart",
		[CARRIER_JSON] = "json",
		[CARRIER_XML] = "xml",
		[CARRIER_SDP] = "sdp",
		[CARRIER_PROTO] = "proto",
		[CARRIER_TEXT] = "text",
		[CARRIER_HOST] = "host",
		[CARRIER_SOCKET] = "websocket",
		[CARRIER_PARTY] = "subprocessor",
		[CARRIER_PLACE] = "place",
		[CARRIER_NET] = "network",
	};

	assert(c < CARRIER_COUNT);
	return word[c];
}

const char *act_word(enum act a)
{
	static const char *const word[ACT_COUNT] = {
		[ACT_KEEP] = "keep",
		[ACT_DROP] = "drop",
		[ACT_SET] = "set",
		[ACT_ALIAS] = "alias",
		[ACT_PSEUDONYM] = "pseudonym",
		[ACT_COARSEN] = "coarsen",
		[ACT_ROUND] = "round",
		[ACT_MASK] = "mask",
		[ACT_RESTORE] = "restore",
	};

	assert(a < ACT_COUNT);
	return word[a];
}

const char *step_word(enum step s)
{
	static const char *const word[STEP_COUNT] = {
		[STEP_BASE64] = "base64",
		[STEP_BASE64URL] = "base64url",
		[STEP_PERCENT] = "percent",
		[STEP_GZIP] = "gzip",
		[STEP_DEFLATE] = "deflate",
		[STEP_JWT] = "jwt",
	};

	assert(s < STEP_COUNT);
	return word[s];
}

const char *verdict_word(enum verdict v)
{
	switch (v) {
	case VERDICT_DENY:
		return "deny";
	case VERDICT_TUNNEL:
		return "tunnel";
	case VERDICT_INSPECT:
		break;
	}
	return "inspect";
}

const char *entry_form_word(enum entry_form f)
{
	static const char *const word[ENTRY_FORM_COUNT] = {
		[ENTRY_AUTO] = "auto",
		[ENTRY_JSON] = "json",
		[ENTRY_FORM] = "form",
		[ENTRY_XML] = "xml",
		[ENTRY_SDP] = "sdp",
		[ENTRY_PROTO] = "proto",
		[ENTRY_MULTIPART] = "multipart",
		[ENTRY_TEXT] = "text",
	};

	assert(f < ENTRY_FORM_COUNT);
	return word[f];
}

const char *shape_word(unsigned i)
{
	static const char *const word[SHAPE_COUNT] = { "mail", "ipv4", "ipv6",
		"mac", "phone", "timezone", "geo", "uuid", "timestamp" };

	assert(i < SHAPE_COUNT);
	return word[i];
}

bool line_is_catch_all(const struct line *l)
{
	static const struct span all[] = { { "*", 1 }, { "$.*", 3 },
		{ "$..*", 4 }, { "$[*]", 4 }, { "$..[*]", 6 }, { "/*", 2 },
		{ "//*", 3 }, { "//@*", 4 }, { "//text()", 8 }, { "**.*", 4 } };
	const struct where *w = &l->where;

	while (w->next != NULL)
		w = w->next;
	if (l->treat.act == ACT_KEEP || w->carrier == CARRIER_COUNT)
		return false;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (span_eq(w->name, all[i]))
			return true;
	return false;
}
