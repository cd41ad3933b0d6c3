/* SPDX-License-Identifier: EUPL-1.2 */
#include "http/uri.h"

#include <errno.h>

#include "base/buf.h"

#define LABEL_MAX_BYTES 63

static bool letter(char c)
{
	c = ascii_lower(c);
	return c >= 'a' && c <= 'z';
}

static bool unreserved(char c)
{
	return letter(c) || ascii_digit(c) || c == '-' || c == '.' ||
	       c == '_' || c == '~';
}

/* Four decimal numbers up to 255, without leading zeros. */
static bool is_ipv4(struct span s)
{
	unsigned parts = 0;
	uint64_t v;

	if (span_ends(s, SPAN(".")))
		return false;
	while (parts < 4) {
		struct span part = span_cut(&s, '.');

		if (part.n > 3 || (part.n > 1 && part.p[0] == '0') ||
		    span_u64(part, 255, &v) < 0)
			return false;
		parts++;
		if (s.n == 0)
			break;
	}
	return parts == 4 && s.n == 0;
}

/* RFC 4291, 2.2, without zone. */
static bool is_ipv6(struct span s)
{
	unsigned groups = 0;
	bool gap = false;
	size_t n;

	if (span_starts(s, SPAN("::"))) {
		gap = true;
		s = span_from(s, 2);
	}
	while (s.n > 0) {
		for (n = 0; n < s.n && ascii_hex(s.p[n]) >= 0; n++)
			;
		if (n < s.n && s.p[n] == '.') {
			groups += 2;
			return is_ipv4(s) && (gap ? groups < 8 : groups == 8);
		}
		if (n == 0 || n > 4 || ++groups > 8)
			return false;
		s = span_from(s, n);
		if (s.n == 0)
			break;
		if (s.p[0] != ':' || s.n == 1)
			return false; /* no hex digit, or a single ':' ends */
		if (s.p[1] != ':') {
			s = span_from(s, 1);
			continue;
		}
		if (gap)
			return false;
		gap = true;
		s = span_from(s, 2);
	}
	return gap ? groups < 8 : groups == 8;
}

/* Would some resolver read this label as a number? */
static bool numeric(struct span label)
{
	bool hex = span_starts_nocase(label, SPAN("0x"));

	for (size_t i = hex ? 2 : 0; i < label.n; i++)
		if (hex ? ascii_hex(label.p[i]) < 0 : !ascii_digit(label.p[i]))
			return false;
	return true;
}

/* Labels of letters, digits, '-' and '_'. A name that ends in a number has to
 * be an IPv4 address in its one common form: "127.1" and "0x7f000001" have
 * two readings. */
static bool is_name(struct span host)
{
	struct span label, rest = host;

	if (host.n == 0 || host.n > URI_HOST_MAX || host.p[host.n - 1] == '.')
		return false;
	do {
		label = span_cut(&rest, '.');
		if (label.n == 0 || label.n > LABEL_MAX_BYTES)
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!letter(label.p[i]) && !ascii_digit(label.p[i]) &&
			    label.p[i] != '-' && label.p[i] != '_')
				return false;
	} while (rest.n > 0);
	return !numeric(label) || is_ipv4(host);
}

int uri_authority(struct span text, uint16_t default_port,
    struct span *ret_host, uint16_t *ret_port)
{
	struct span host = text, port = SPAN_NONE;
	uint64_t v = default_port;
	size_t n;

	if (text.n > 0 && text.p[0] == '[') {
		n = span_chr(text, ']');
		if (n == text.n || !is_ipv6(span_of(text.p + 1, n - 1)))
			return -EINVAL;
		host = span_of(text.p, n + 1);
	} else {
		host = span_of(text.p, span_chr(text, ':'));
		if (!is_name(host))
			return -EINVAL;
	}
	port = span_from(text, host.n);
	if (port.n > 0) {
		if (port.p[0] != ':' || port.n < 2 || port.n > 6 ||
		    port.p[1] == '0' ||
		    span_u64(span_from(port, 1), UINT16_MAX, &v) < 0)
			return -EINVAL;
	}
	*ret_host = host;
	*ret_port = (uint16_t)v;
	return 0;
}

int uri_host_lower(
    struct span host, char low[URI_HOST_MAX + 1], struct span *ret_host)
{
	if (host.n > URI_HOST_MAX)
		return -EINVAL;
	for (size_t i = 0; i < host.n; i++)
		low[i] = ascii_lower(host.p[i]);
	low[host.n] = '\0';
	*ret_host = span_of(low, host.n);
	return 0;
}

static int port_of(struct span scheme, uint16_t *ret_port)
{
	if (span_eq_nocase(scheme, SPAN("https")) ||
	    span_eq_nocase(scheme, SPAN("wss")))
		*ret_port = 443;
	else if (span_eq_nocase(scheme, SPAN("http")) ||
	         span_eq_nocase(scheme, SPAN("ws")))
		*ret_port = 80;
	else
		return -EINVAL;
	return 0;
}

int uri_parse(struct span text, struct uri *ret_uri)
{
	struct span rest, authority;
	size_t n;

	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~' || text.p[i] == '#')
			return -EINVAL;
	n = span_chr(text, ':');
	ret_uri->scheme = span_of(text.p, n);
	rest = span_from(text, n);
	if (!span_starts(rest, SPAN("://")) ||
	    port_of(ret_uri->scheme, &ret_uri->port) < 0)
		return -EINVAL;
	rest = span_from(rest, 3);
	n = span_chr(rest, '/');
	authority = span_of(rest.p, n);
	if (uri_authority(
	        authority, ret_uri->port, &ret_uri->host, &ret_uri->port) < 0)
		return -EINVAL;
	rest = span_from(rest, n);
	ret_uri->path = rest.n > 0 ? rest : SPAN("/");
	return 0;
}

void uri_split(struct span path, struct span *ret_path, struct span *ret_query)
{
	size_t n = span_chr(path, '?');

	*ret_path = span_of(path.p, n);
	*ret_query = span_from(path, n + 1);
}

int uri_decode(struct span text, bool plus, struct buf *out)
{
	char *at = text.n > 0 ? buf_reserve(out, text.n) : NULL;
	size_t n = 0;
	int high, low;

	if (at == NULL)
		return buf_error(out);
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '%') {
			if (text.n - i < 3)
				return -EINVAL;
			high = ascii_hex(text.p[i + 1]);
			low = ascii_hex(text.p[i + 2]);
			if (high < 0 || low < 0)
				return -EINVAL;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		at[n++] = c;
	}
	buf_commit(out, n);
	return 0;
}

int uri_encode(struct span text, bool plus, struct buf *out)
{
	static const char digit[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		char code[3] = { '%', digit[c >> 4], digit[c & 15] };

		if (unreserved(text.p[i]))
			buf_add_char(out, text.p[i]);
		else if (c == ' ' && plus)
			buf_add_char(out, '+');
		else
			buf_add(out, code, sizeof code);
	}
	return buf_error(out);
}
