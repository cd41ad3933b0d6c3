/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/ctl/rules.h"

#include "conf/conf.h"
#include "lib/tap.h"

#define NOW 1795564800 /* 2026-11-25 */

static const char pack[] =
    "service = { id = \"example\"; name = \"Example Meet\"; version = 1;\n"
    "  reviewed = \"2026-11-20\"; operator = { name = \"E\"; seat = \"DE\"; "
    "};\n"
    "  e2ee = false; stance = \"none\"; };\n"
    "hosts = (\n"
    "  ( \"meet.example *.meet.example\", \"inspect\" ),\n"
    "  ( \"log*.meet.example\", \"deny\", \"telemetry\", \"sink:204\" ),\n"
    "  ( \"turn.meet.example\", \"tunnel\", \"media\" ) );\n"
    "request = (\n"
    "  { when = \"* *.meet.example/*\"; strip = (\n"
    "    ( \"header User-Agent\", \"set:Browser\", \"device\" ),\n"
    "    ( \"header X-*\", \"drop\", \"device\" ),\n"
    "    ( \"query uname\", \"alias\", \"participant\" ),\n"
    "    ( \"form name\", \"alias\", \"participant\" ),\n"
    "    ( \"json $..tz\", \"set:UTC\", \"location\" ),\n"
    "    ( \"json $.mail\", \"drop\", \"participant\" ) ); },\n"
    "  { when = \"POST *.meet.example/rest/recording*\";\n"
    "    deny = ( \"recording\", \"page\" ); } );\n"
    "response = ( { when = \"* *.meet.example/*\"; strip = (\n"
    "    ( \"cookie _ga*\", \"drop\", \"telemetry\" ) ); } );\n"
    "websocket = (\n"
    "  { when = \"GET *.meet.example/s\"; unread = \"pass\"; strip = (\n"
    "    ( \"json $.dn\", \"alias\", \"participant\" ) ); },\n"
    "  { when = \"GET *.meet.example/s\"; direction = \"down\";\n"
    "    strip = ( ( \"json $.log\", \"set:false\", \"telemetry\" ) ); },\n"
    "  { when = \"GET *.meet.example/s\"; message = ( \"json $.evt\", \"4167\" );\n"
    "    deny = ( \"telemetry\", \"answer:{}\" ); },\n"
    "  { when = \"GET *.meet.example/shut\"; deny = ( \"recording\" ); } );\n"
    "join = ( { when = \"GET *.meet.example/j/*\"; need = \"query pwd\"; } "
    ");\n";

static const char conf_text[] =
    "listen = ( \"127.0.0.1:3128\" ); policy_dir = \"policy\";\n"
    "never = ( \"geheim-4711\" );\n"
    "ca = { dir = \"ca\"; }; tls = { trust = \"trust.pem\"; };\n"
    "services = ( { id = \"example\"; mode = \"enforce\";\n"
    "  agreement = { kind = \"avv\"; id = \"A\"; version = \"1\";\n"
    "    date = \"2026-03-01\"; valid_until = \"2027-12-31\";\n"
    "    sha256 = \"0123456789abcdef0123456789abcdef"
    "0123456789abcdef0123456789abcdef\";\n"
    "    rating = { source = \"B\"; version = \"2.0\"; date = \"2021-02-18\";\n"
    "      light = \"green\"; };\n"
    "    instructions_unrestricted = true; own_purposes = \"none\";\n"
    "    max_case = 2; dpia_id = \"D\"; staff = { council_ref = \"P\";\n"
    "      notice_ref = \"I\"; }; };\n"
    "  inspection = { basis = \"b\"; dpia = \"d\"; council = \"c\";\n"
    "    notice = \"n\"; }; } );\n";

struct conf *rules_load(void)
{
	char err[CONF_ERR_BYTES] = "";
	struct bundle *b = bundle_new();
	struct conf *c = NULL;

	if (bundle_add(b, "sparsamd.conf", span_str(conf_text)) < 0 ||
	    bundle_add(b, "policy/example.conf", span_str(pack)) < 0 ||
	    bundle_add(b, "trust.pem", SPAN("")) < 0 ||
	    conf_load(b, "sparsamd.conf", NOW, &c, err) < 0)
		tap_note("%s", err);
	bundle_free(b);
	return c;
}
