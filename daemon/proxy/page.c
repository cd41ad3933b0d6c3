/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/page.h"

#include "base/buf.h"
#include "conf/conf.h"

/* Each text once per language; [0] English, [1] German. */
static const char *const refused_title[] = { "This connection was not made",
	"Diese Verbindung wurde nicht aufgebaut" };
static const char *const refused_what[] = {
	"The gateway of your authority did not pass this request on. "
	"Nothing was sent to the provider.",
	"Das Gateway Ihrer Behörde hat diese Anfrage nicht weitergegeben. "
	"An den Anbieter wurde nichts übermittelt."
};
static const char *const service_label[] = { "Service", "Dienst" };
static const char *const reason_label[] = { "Reason", "Grund" };
static const char *const instead_label[] = { "What you can do instead",
	"Was Sie stattdessen tun können" };
static const char *const telephone_text[] = { "Join by telephone",
	"Per Telefon teilnehmen" };
static const char *const own_text[] = {
	"Use your authority's own conferencing service",
	"Den eigenen Konferenzdienst Ihrer Behörde nutzen"
};
static const char *const eu_text[] = { "Use a provider from the EU",
	"Einen Anbieter aus der EU nutzen" };
static const char *const agreed_text[] = {
	"Use a service that your authority has an agreement for:",
	"Einen Dienst nutzen, für den Ihre Behörde einen Vertrag hat:"
};
static const char *const contact_label[] = { "Who helps", "Wer hilft" };
static const char *const start_title[] = { "Conference gateway",
	"Konferenz-Gateway" };
static const char *const start_what[] = {
	"This gateway lets you take part in meetings of outside providers and "
	"passes on only what the meeting needs. Names, device data and "
	"location are removed or replaced, telemetry does not leave. It keeps "
	"no record of who met whom.",
	"Über dieses Gateway nehmen Sie an Besprechungen fremder Anbieter "
	"teil. Es gibt nur weiter, was die Besprechung braucht. Namen, Geräte- "
	"und Ortsdaten werden entfernt oder ersetzt, Telemetrie verlässt das "
	"Haus nicht. Es führt kein Verzeichnis darüber, wer sich mit wem "
	"trifft."
};
static const char *const setup_label[] = { "Set-up", "Einrichtung" };
static const char *const pac_text[] = { "Proxy configuration (PAC)",
	"Proxy-Konfiguration (PAC)" };
static const char *const pem_text[] = { "CA certificate (PEM)",
	"CA-Zertifikat (PEM)" };
static const char *const der_text[] = { "CA certificate (DER)",
	"CA-Zertifikat (DER)" };
static const char *const services_label[] = { "Services", "Dienste" };
static const char *const mode_inspected[] = { "metadata is removed",
	"Metadaten werden entfernt" };
static const char *const mode_observed[] = { "passes unchanged for now, it is observed",
	"wird vorerst unverändert durchgeleitet und beobachtet" };
static const char *const mode_tunnelled[] = { "passes unread",
	"wird ungelesen durchgeleitet" };

static void escaped(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		switch (s.p[i]) {
		case '<':
			buf_add_str(out, "&lt;");
			break;
		case '>':
			buf_add_str(out, "&gt;");
			break;
		case '&':
			buf_add_str(out, "&amp;");
			break;
		case '"':
			buf_add_str(out, "&quot;");
			break;
		default:
			buf_add_char(out, s.p[i]);
			break;
		}
}

static void escaped_str(struct buf *out, const char *s)
{
	escaped(out, span_str(s));
}

static void begin(
    struct buf *out, const struct conf *conf, const char *title, bool german)
{
	buf_addf(out,
	    "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<meta name=\"robots\" content=\"noindex\">\n<title>%s</title>\n"
	    "<style>body{max-width:40em;margin:2em auto;padding:0 1em;"
	    "font:1.1em/1.5 sans-serif;color:#111;background:#fff}"
	    "a{color:#0645ad}dt{font-weight:bold}dd{margin:0 0 .8em "
	    "0}</style>\n"
	    "</head>\n<body>\n<main>\n<h1>%s</h1>\n",
	    german ? "de" : "en", title, title);
	if (conf->page_authority[0] != '\0') {
		buf_add_str(out, "<p>");
		escaped_str(out, conf->page_authority);
		buf_add_str(out, "</p>\n");
	}
}

static void end(struct buf *out)
{
	buf_add_str(out, "</main>\n</body>\n</html>\n");
}

static bool is_link(const char *s)
{
	struct span t = span_str(s);

	return span_starts(t, SPAN("https://")) ||
	       span_starts(t, SPAN("http://")) ||
	       span_starts(t, SPAN("tel:")) || span_starts(t, SPAN("mailto:"));
}

/* "label" as a link when target is one, else "label: target". */
static void advice(struct buf *out, const char *label, const char *target)
{
	if (target[0] == '\0')
		return;
	buf_add_str(out, "<li>");
	if (is_link(target)) {
		buf_add_str(out, "<a href=\"");
		escaped_str(out, target);
		buf_addf(out, "\">%s</a>", label);
	} else {
		buf_addf(out, "%s: ", label);
		escaped_str(out, target);
	}
	buf_add_str(out, "</li>\n");
}

static bool usable(const struct service *s)
{
	return s->refused == WHY_DONE;
}

static void agreed_services(struct buf *out, const struct conf *conf,
    const struct service *but, bool german)
{
	unsigned n = 0;

	for (size_t i = 0; i < ruleset_count(conf->rules); i++) {
		const struct service *s = ruleset_at(conf->rules, i);

		if (!usable(s) || s == but)
			continue;
		buf_add_str(out, n++ == 0 ? "<li>" : ", ");
		if (n == 1)
			buf_addf(out, "%s ", agreed_text[german]);
		escaped(out, s->name);
	}
	if (n > 0)
		buf_add_str(out, "</li>\n");
}

void page_refusal(struct buf *out, const struct conf *conf,
    const struct service *service, enum why why, bool german)
{
	begin(out, conf, refused_title[german], german);
	buf_addf(out, "<p>%s</p>\n<dl>\n", refused_what[german]);
	if (service != NULL) {
		buf_addf(out, "<dt>%s</dt><dd>", service_label[german]);
		escaped(out, service->name);
		buf_add_str(out, "</dd>\n");
	}
	buf_addf(out, "<dt>%s</dt><dd>%s (%s).</dd>\n</dl>\n",
	    reason_label[german], german ? why_text_de(why) : why_text_en(why),
	    why_word(why));
	buf_addf(out, "<h2>%s</h2>\n<ol>\n", instead_label[german]);
	advice(out, telephone_text[german],
	    conf->page_telephone[0] != '\0' ? conf->page_telephone
	    : german                        ? "Einwahlnummer in der Einladung"
	             : "see the number in the invitation");
	advice(out, own_text[german], conf->page_own);
	advice(out, eu_text[german], conf->page_eu);
	agreed_services(out, conf, service, german);
	buf_add_str(out, "</ol>\n");
	if (conf->page_contact[0] != '\0') {
		buf_addf(out, "<h2>%s</h2>\n<ul>\n", contact_label[german]);
		advice(out, contact_label[german], conf->page_contact);
		buf_add_str(out, "</ul>\n");
	}
	end(out);
}

static bool is_observed(const struct conf *conf, const struct service *s)
{
	return conf->service[s->index].mode == CONF_OBSERVE;
}

void page_start(struct buf *out, const struct conf *conf, bool german)
{
	begin(out, conf, start_title[german], german);
	buf_addf(out, "<p>%s</p>\n<h2>%s</h2>\n<ul>\n", start_what[german],
	    setup_label[german]);
	buf_addf(
	    out, "<li><a href=\"/proxy.pac\">%s</a></li>\n", pac_text[german]);
	if (conf->ca_pem.n > 0)
		buf_addf(out,
		    "<li><a href=\"/ca.pem\">%s</a></li>\n"
		    "<li><a href=\"/ca.crt\">%s</a></li>\n",
		    pem_text[german], der_text[german]);
	buf_addf(out, "</ul>\n<h2>%s</h2>\n<ul>\n", services_label[german]);
	for (size_t i = 0; i < ruleset_count(conf->rules); i++) {
		const struct service *s = ruleset_at(conf->rules, i);

		buf_add_str(out, "<li>");
		escaped(out, s->name);
		buf_addf(out, ": %s</li>\n",
		    !usable(s)   ? (german ? why_text_de(s->refused)
		                           : why_text_en(s->refused))
		    : !s->inspect ? mode_tunnelled[german]
		    : is_observed(conf, s) ? mode_observed[german]
		                           : mode_inspected[german]);
	}
	buf_add_str(out, "</ul>\n");
	end(out);
}

/* Quality of a language range in Accept-Language, in thousandths; 0: absent. */
static unsigned quality(struct span item)
{
	struct span q = span_from(item, span_chr(item, ';'));
	size_t at = span_find(q, SPAN("q="));
	unsigned v = 0, unit = 100;

	if (at == q.n)
		return 1000;
	q = span_from(q, at + 2);
	if (q.n > 0 && q.p[0] == '1')
		return 1000;
	for (q = span_from(q, 2); q.n > 0 && ascii_digit(q.p[0]) && unit > 0;
	     q = span_from(q, 1), unit /= 10)
		v += (unsigned)(q.p[0] - '0') * unit;
	return v;
}

bool page_german(struct span accept_language)
{
	unsigned de = 0, en = 0, q;

	while (accept_language.n > 0) {
		struct span item = span_trim(span_cut(&accept_language, ','));

		q = quality(item);
		if (span_starts_nocase(item, SPAN("de")) && q > de)
			de = q;
		if (span_starts_nocase(item, SPAN("en")) && q > en)
			en = q;
	}
	return de >= en;
}
