/* SPDX-License-Identifier: EUPL-1.2 */
/* Names that hold the whole value, sealed with SIV and written in base32 (RFC
 * 4648, 6, in lower case and without padding), so that they survive where only
 * host names, or no difference of case, do. */
#include <errno.h>

#include "base/buf.h"
#include "tls/pseudo_int.h"

#define LABEL_MAX 63 /* RFC 1035, 2.3.4 */
#define LOCAL_MAX 64 /* RFC 5321, 4.5.3.1.1 */
#define MAIL_MAX 254 /* RFC 5321, 4.5.3.1.3, without the two brackets */
#define HOST_MAX 253
#define SCHEME_MAX 16
#define SEALED_MAX (PSEUDO_TEXT_MAX + SIV_TAG_BYTES)
#define LETTERS(bytes) (((bytes)*8 + 4) / 5)
#define LETTERS_MAX LETTERS(SEALED_MAX)
#define LETTERS_MIN LETTERS(SIV_TAG_BYTES)
#define PREFIX 'p' /* of text: no digit, no hex digit */

enum form { TEXT, MAIL, URL };

struct letters {
	char p[LETTERS_MAX];
	size_t n;
};

/* ---- base32 ---- */

static void encode(const unsigned char *p, size_t n, struct letters *ret)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned bits = 0, have = 0;

	ret->n = 0;
	for (size_t i = 0; i < n; i++) {
		bits = (bits << 8 | p[i]) & 0xfff;
		for (have += 8; have >= 5; have -= 5)
			ret->p[ret->n++] = alphabet[bits >> (have - 5) & 31];
	}
	if (have > 0)
		ret->p[ret->n++] = alphabet[bits << (5 - have) & 31];
}

static int letter_value(char c)
{
	c = ascii_lower(c);
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* Add s to l; false when there is another character or too much. */
static bool collect(struct letters *l, struct span s)
{
	if (s.n > sizeof l->p - l->n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (letter_value(s.p[i]) < 0)
			return false;
		l->p[l->n++] = s.p[i];
	}
	return true;
}

/* Bytes, or 0 when the end is not as encode would have made it. */
static size_t decode(const struct letters *l, unsigned char *ret_p)
{
	unsigned bits = 0, have = 0;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		bits = (bits << 5 | (unsigned)letter_value(l->p[i])) & 0xfff;
		have += 5;
		if (have >= 8) {
			have -= 8;
			ret_p[n++] = (unsigned char)(bits >> have);
		}
	}
	return have < 5 && (bits & ((1u << have) - 1)) == 0 ? n : 0;
}

/* ---- forms ---- */

/* Characters of the local part without quotes (RFC 5322, 3.2.3; RFC 6531). */
static bool is_local(char c)
{
	static const struct span extra = SPAN(".!#$%&'*+/=?^_`{|}~-");
	char low = ascii_lower(c);

	return (low >= 'a' && low <= 'z') || ascii_digit(c) ||
	       (unsigned char)c >= 0x80 || span_chr(extra, c) < extra.n;
}

static bool is_domain(char c)
{
	char low = ascii_lower(c);

	return (low >= 'a' && low <= 'z') || ascii_digit(c) || c == '.' ||
	       c == '-' || (unsigned char)c >= 0x80;
}

static bool all(struct span s, bool (*is)(char c))
{
	for (size_t i = 0; i < s.n; i++)
		if (!is(s.p[i]))
			return false;
	return s.n > 0;
}

static bool is_mail(struct span in)
{
	struct span domain = in, local = span_cut(&domain, '@');

	return all(local, is_local) && all(domain, is_domain) &&
	       span_chr(domain, '.') < domain.n && domain.p[0] != '.';
}

static bool is_scheme(char c)
{
	char low = ascii_lower(c);

	return (low >= 'a' && low <= 'z') || ascii_digit(c) || c == '+' ||
	       c == '-' || c == '.';
}

static bool is_graphic(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f;
}

/* The scheme, the rest behind "://"; the empty span when it is no URL. */
static struct span split_url(struct span in, struct span *ret_rest)
{
	struct span scheme = span_of(in.p, span_find(in, SPAN("://")));

	*ret_rest = span_from(in, scheme.n + 3);
	return scheme.n <= SCHEME_MAX && all(scheme, is_scheme) &&
	               !ascii_digit(scheme.p[0]) && all(*ret_rest, is_graphic)
	           ? scheme
	           : SPAN_NONE;
}

static enum form form_of(struct span in)
{
	struct span rest;

	if (split_url(in, &rest).n > 0)
		return URL;
	return is_mail(in) ? MAIL : TEXT;
}

/* What a name is bound to besides its text; returns how many. */
static size_t bind(enum form f, struct span scheme, struct span ad[2])
{
	switch (f) {
	case TEXT:
		ad[0] = SPAN("text");
		break;
	case MAIL:
		ad[0] = SPAN("mail");
		break;
	case URL:
		ad[0] = SPAN("url");
		ad[1] = scheme;
		return 2;
	}
	return 1;
}

/* ---- making ---- */

/* The next n letters at most, behind at; all that are left in front of it. */
static void add_part(
    const struct letters *l, size_t *at, size_t n, struct buf *out)
{
	size_t left = l->n - *at;

	if (n > left)
		n = left;
	(void)buf_add(out, l->p + *at, n);
	*at += n;
}

static size_t mail_size(const struct letters *l, struct span domain)
{
	size_t more = l->n > LOCAL_MAX ? l->n - LOCAL_MAX : 0;

	return l->n + 1 + (more + LABEL_MAX - 1) / LABEL_MAX + domain.n;
}

static void add_mail(
    const struct letters *l, struct span domain, struct buf *out)
{
	size_t at = 0;

	add_part(l, &at, LOCAL_MAX, out);
	(void)buf_add_char(out, '@');
	while (at < l->n) {
		add_part(l, &at, LABEL_MAX, out);
		(void)buf_add_char(out, '.');
	}
	(void)buf_add_span(out, domain);
}

static void add_url(const struct letters *l, struct span scheme,
    struct span domain, struct buf *out)
{
	size_t at = 0;

	(void)buf_add_span(out, scheme);
	(void)buf_add_str(out, "://");
	add_part(l, &at, LABEL_MAX, out);
	(void)buf_add_char(out, '.');
	(void)buf_add_span(out, domain);
	if (at < l->n) {
		(void)buf_add_char(out, '/');
		add_part(l, &at, l->n, out);
	}
}

static int make(const struct pseudo *p, enum form f, struct span domain,
    struct span in, struct buf *out)
{
	unsigned char sealed[SEALED_MAX];
	struct span scheme = SPAN_NONE, text = in, ad[2];
	struct letters l;
	int err;

	if (f == URL)
		scheme = split_url(in, &text);
	err = siv_seal(&p->siv, ad, bind(f, scheme, ad), text, sealed);
	if (err < 0)
		return -EIO;
	encode(sealed, text.n + SIV_TAG_BYTES, &l);
	switch (f) {
	case TEXT:
		(void)buf_add_char(out, PREFIX);
		(void)buf_add(out, l.p, l.n);
		break;
	case MAIL:
		if (mail_size(&l, domain) > MAIL_MAX)
			return -E2BIG;
		add_mail(&l, domain, out);
		break;
	case URL:
		add_url(&l, scheme, domain, out);
		break;
	}
	return buf_error(out);
}

int pseudo_seal(
    const struct pseudo *p, struct span domain, struct span in, struct buf *out)
{
	int err = pseudo_unseal(p, domain, in, NULL);

	if (err <= 0) /* it is a name already; or there is no reading it */
		return err == 0 ? buf_add_span(out, in) : err;
	if (in.n > PSEUDO_TEXT_MAX)
		return -E2BIG;
	err = make(p, form_of(in), domain, in, out);
	return err == -E2BIG ? make(p, TEXT, domain, in, out) : err;
}

/* ---- the way back ---- */

/* host is [LABEL.]...domain: its labels to l. */
static bool take_labels(struct span host, struct span domain, struct letters *l)
{
	struct span labels = host;

	if (host.n < domain.n ||
	    !span_eq_nocase(span_from(host, host.n - domain.n), domain))
		return false;
	labels.n -= domain.n;
	while (labels.n > 0) {
		size_t dot = span_chr(labels, '.');

		if (dot == labels.n || !collect(l, span_of(labels.p, dot)))
			return false;
		labels = span_from(labels, dot + 1);
	}
	return true;
}

static bool take_url(struct span rest, struct span domain, struct letters *l)
{
	struct span path = rest, host = span_cut(&path, '/');

	return take_labels(host, domain, l) && collect(l, path);
}

static bool take(enum form f, struct span in, struct span domain,
    struct letters *l, struct span *ret_scheme)
{
	struct span rest = in, local;

	l->n = 0;
	switch (f) {
	case TEXT:
		return ascii_lower(in.p[0]) == PREFIX &&
		       collect(l, span_from(in, 1));
	case MAIL:
		local = span_cut(&rest, '@');
		return collect(l, local) && take_labels(rest, domain, l);
	case URL:
		*ret_scheme = split_url(in, &rest);
		return take_url(rest, domain, l);
	}
	return false;
}

int pseudo_unseal(
    const struct pseudo *p, struct span domain, struct span in, struct buf *out)
{
	unsigned char sealed[SEALED_MAX + 1], text[PSEUDO_TEXT_MAX + 1];
	struct span scheme = SPAN_NONE, ad[2];
	enum form f = form_of(in);
	struct letters l;
	size_t n;
	int err;

	if (!take(f, in, domain, &l, &scheme) || l.n < LETTERS_MIN)
		return 1;
	n = decode(&l, sealed);
	if (n < SIV_TAG_BYTES)
		return 1;
	err = siv_open(
	    &p->siv, ad, bind(f, scheme, ad), span_of((char *)sealed, n), text);
	if (err < 0)
		return err == -EBADMSG ? 1 : -EIO;
	if (out == NULL)
		return 0;
	if (f == URL) {
		(void)buf_add_span(out, scheme);
		(void)buf_add_str(out, "://");
	}
	return buf_add(out, text, n - SIV_TAG_BYTES);
}
