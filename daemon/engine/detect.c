/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/detect_int.h"

#define LOCAL_MAX_BYTES 64   /* RFC 5321, 4.5.3.1 */
#define DOMAIN_MAX_BYTES 255 /* the same */

/* ---- mail ---- */

static bool is_local(char c)
{
	return detect_word(c) || (unsigned char)c >= 0x80 ||
	       detect_any(c, ".+-");
}

static bool is_label(char c)
{
	return (detect_word(c) && c != '_') || (unsigned char)c >= 0x80;
}

/* Endings of file names that look like a domain behind an '@'. */
static bool is_file(struct span label)
{
	static const char *const ending[] = { "png", "jpg", "jpeg", "gif",
		"svg", "webp", "js", "mjs", "css", "map", "html", "json" };

	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
		if (span_eq_nocase(label, span_str(ending[i])))
			return true;
	return false;
}

static bool is_top(struct span label)
{
	if (label.n < 2 || is_file(label))
		return false;
	if (span_starts_nocase(label, SPAN("xn--")))
		return true;
	for (size_t i = 0; i < label.n; i++)
		if (!detect_letter(label.p[i]) &&
		    (unsigned char)label.p[i] < 0x80)
			return false;
	return true;
}

/* Bytes of a domain at i of two labels and more; what follows the last label
 * that can end one is not of it. */
static size_t domain(struct span s, size_t i)
{
	size_t good = 0, from = i, end = i;
	unsigned labels = 0;

	while (end - i < DOMAIN_MAX_BYTES) {
		from = end;
		while (end - i < DOMAIN_MAX_BYTES &&
		       (is_label(detect_at(s, end)) ||
		           (end > from && detect_at(s, end) == '-')))
			end++;
		if (end == from)
			break;
		labels++;
		good = 0;
		if (labels > 1 && is_top(span_of(s.p + from, end - from)))
			good = end - i;
		if (detect_at(s, end) != '.' ||
		    !is_label(detect_at(s, end + 1)))
			break;
		end++;
	}
	return good;
}

size_t detect_mail(struct span s, size_t i)
{
	size_t at = i, n;

	while (at < s.n && at - i <= LOCAL_MAX_BYTES && is_local(s.p[at]))
		at++;
	if (at == i || at - i > LOCAL_MAX_BYTES || detect_at(s, at) != '@')
		return 0;
	n = domain(s, at + 1);
	return n > 0 ? at + 1 - i + n : 0;
}

/* ---- names of time zones ---- */

size_t detect_timezone(struct span s, size_t i)
{
	static const char *const area[] = { "Africa/", "America/",
		"Antarctica/", "Arctic/", "Asia/", "Atlantic/", "Australia/",
		"Europe/", "Indian/", "Pacific/" };
	struct span rest = span_from(s, i);
	size_t n = 0, k;

	if (detect_any(detect_before(s, i), "/-."))
		return 0;
	for (k = 0; k < sizeof area / sizeof *area && n == 0; k++)
		if (span_starts(rest, span_str(area[k])))
			n = strlen(area[k]);
	if (n == 0)
		return 0;
	for (k = 0; k < 2; k++) { /* America/Argentina/Salta */
		size_t from = n;

		if (detect_at(rest, n) < 'A' || detect_at(rest, n) > 'Z')
			return 0;
		while (n < 48 &&
		       (detect_letter(detect_at(rest, n)) ||
		           (n > from && detect_any(detect_at(rest, n), "_-"))))
			n++;
		if (n - from < 3)
			return 0;
		if (detect_at(rest, n) != '/' ||
		    !detect_letter(detect_at(rest, n + 1)))
			break;
		if (k == 0)
			n++;
	}
	return detect_word(detect_at(rest, n)) ||
	               detect_any(detect_at(rest, n), "/.")
	           ? 0
	           : n;
}

/* ---- uuid ---- */

size_t detect_uuid(struct span s, size_t i)
{
	bool zero = true;
	char c;

	if (s.n - i < 36 || s.p[i + 8] != '-' || detect_before(s, i) == '-' ||
	    detect_word(detect_at(s, i + 36)) || detect_at(s, i + 36) == '-')
		return 0;
	for (size_t k = 0; k < 36; k++) {
		c = s.p[i + k];
		if (k == 8 || k == 13 || k == 18 || k == 23) {
			if (c != '-')
				return 0;
		} else if (ascii_hex(c) < 0) {
			return 0;
		} else {
			zero = zero && c == '0';
		}
	}
	return zero ? 0 : 36;
}

/* ---- all of them ---- */

/* What may begin with this character, but for what the functions see. */
static uint32_t begins(char c)
{
	if (ascii_digit(c))
		return ~(uint32_t)SHAPE_TIMEZONE;
	if (detect_letter(c)) {
		uint32_t hex =
		    ascii_hex(c) >= 0 ? SHAPE_UUID | SHAPE_MAC | SHAPE_IPV6 : 0;

		return c >= 'a' ? SHAPE_MAIL | hex
		                : SHAPE_MAIL | hex | SHAPE_TIMEZONE |
		                      SHAPE_TIMESTAMP;
	}
	switch (c) {
	case '+':
		return SHAPE_PHONE | SHAPE_GEO;
	case '-':
		return SHAPE_GEO;
	case '(':
		return SHAPE_PHONE;
	case ':':
		return SHAPE_IPV6;
	case '_':
		return SHAPE_MAIL;
	default:
		return (unsigned char)c >= 0x80 ? SHAPE_MAIL : 0;
	}
}

static const struct {
	uint32_t shape;
	size_t (*at)(struct span s, size_t i);
} finder[] = {
	{ SHAPE_MAIL, detect_mail },
	{ SHAPE_UUID, detect_uuid },
	{ SHAPE_TIMESTAMP, detect_timestamp },
	{ SHAPE_MAC, detect_mac },
	{ SHAPE_IPV6, detect_ipv6 },
	{ SHAPE_GEO, detect_geo },
	{ SHAPE_IPV4, detect_ipv4 },
	{ SHAPE_PHONE, detect_phone },
	{ SHAPE_TIMEZONE, detect_timezone },
};

bool detect_next(
    struct span text, size_t from, uint32_t shapes, struct detect_hit *ret_hit)
{
	uint32_t may;
	size_t n;

	for (size_t i = from; i < text.n; i++) {
		if (detect_word(detect_before(text, i)))
			continue;
		may = begins(text.p[i]) & shapes;
		for (size_t k = 0;
		     may != 0 && k < sizeof finder / sizeof *finder; k++) {
			if (!(may & finder[k].shape))
				continue;
			n = finder[k].at(text, i);
			if (n == 0)
				continue;
			*ret_hit = (struct detect_hit){ finder[k].shape, i, n };
			return true;
		}
	}
	return false;
}
