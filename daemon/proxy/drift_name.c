/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/drift.h"

#define PART_MAX_BYTES 64
#define WORD_MAX_BYTES 48
#define FIELD_MAX_DIGITS 5 /* of a protobuf field number */

struct text {
	char *p;
	size_t n;
	bool full;
};

static bool is_alpha(char c)
{
	c = ascii_lower(c);
	return c >= 'a' && c <= 'z';
}

static bool is_word(char c)
{
	return is_alpha(c) || ascii_digit(c);
}

static bool is_plain(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_word(s.p[i]) &&
		    (s.p[i] == '\0' || strchr("-_.:~$!#/;", s.p[i]) == NULL))
			return false;
	return s.n <= PART_MAX_BYTES;
}

static void put(struct text *t, struct span s)
{
	if (s.n > DRIFT_NAME_BYTES - t->n) {
		t->full = true;
		return;
	}
	memcpy(t->p + t->n, s.p, s.n);
	t->n += s.n;
}

static size_t digits_of(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ascii_digit(s.p[i]);
	return n;
}

static bool is_hex(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (ascii_hex(s.p[i]) < 0)
			return false;
	return true;
}

/* The longest row of small letters without a vowel. */
static size_t consonants(struct span s)
{
	size_t row = 0, most = 0;

	for (size_t i = 0; i < s.n; i++) {
		bool one = s.p[i] >= 'a' && s.p[i] <= 'z' &&
		           strchr("aeiouy", s.p[i]) == NULL;

		row = one ? row + 1 : 0;
		most = row > most ? row : most;
	}
	return most;
}

/* Does a row of letters and digits look like an identifier? */
static bool is_id(struct span w)
{
	size_t digits = digits_of(w), upper = 0;

	for (size_t i = 0; i < w.n; i++)
		upper += w.p[i] >= 'A' && w.p[i] <= 'Z';
	if (digits >= 4 || (digits == w.n && w.n >= 3))
		return true;
	if (w.n > WORD_MAX_BYTES || (w.n >= 8 && is_hex(w)))
		return true;
	if (w.n >= 16 && digits >= 2)
		return true;
	if (w.n >= 12 && digits >= 1 && upper >= 2 && upper + digits < w.n)
		return true;
	if (w.n >= 16 && upper * 3 > w.n && upper < w.n)
		return true;
	return consonants(w) >= 6;
}

/* The next row of letters and digits at *at or behind it; *at is its begin. */
static struct span next_word(struct span part, size_t *at)
{
	size_t end;

	while (*at < part.n && !is_word(part.p[*at]))
		(*at)++;
	for (end = *at; end < part.n && is_word(part.p[end]);)
		end++;
	return span_of(part.p + *at, end - *at);
}

/* 8-4-4-4-12 hex digits (RFC 9562, 4), or pairs of them: 00-11-22-33-44-55. */
static bool is_hex_groups(struct span part)
{
	static const size_t uuid[] = { 8, 4, 4, 4, 12 };
	size_t words = 0, pairs = 0, like_uuid = 0;
	struct span w;

	for (size_t at = 0; (w = next_word(part, &at)).n > 0; at += w.n) {
		if (words < 5 && w.n == uuid[words] && is_hex(w))
			like_uuid++;
		pairs += w.n == 2 && is_hex(w);
		words++;
	}
	return like_uuid == 5 || (pairs >= 5 && pairs == words);
}

/* One part: key, label, name. */
static void fold(struct text *t, struct span part)
{
	bool many = digits_of(part) >= 4;
	struct span w;

	if (part.n == 0 || !is_plain(part) || is_hex_groups(part)) {
		put(t, SPAN("*"));
		return;
	}
	for (size_t at = 0; (w = next_word(part, &at)).n > 0; at += w.n)
		if (is_id(w) || (many && digits_of(w) > 0)) {
			put(t, span_of(part.p, at));
			put(t, SPAN("*"));
			return;
		}
	put(t, part);
}

/* The same where a path has no star within a name: then all of it is one. */
static void fold_whole(struct text *t, struct span part)
{
	size_t from = t->n;

	fold(t, part);
	if (memchr(t->p + from, '*', t->n - from) != NULL) {
		t->n = from;
		put(t, SPAN("*"));
	}
}

/* In brackets at *at: an index, a star, or a key in quotes; behind it. */
static size_t fold_bracket(struct text *t, struct span path, size_t at)
{
	char quote = at + 1 < path.n ? path.p[at + 1] : '\0';
	char key[DRIFT_NAME_BYTES];
	struct text folded = { .p = key };
	size_t from = at + 2, end = from;

	if (quote != '\'' && quote != '"') {
		put(t, SPAN("[*]"));
		return at + span_chr(span_from(path, at), ']') + 1;
	}
	while (end < path.n && path.p[end] != quote)
		end += path.p[end] == '\\' ? 2u : 1u;
	if (end > path.n)
		end = path.n;
	fold_whole(&folded, span_of(path.p + from, end - from));
	if (folded.full || span_eq(span_of(key, folded.n), SPAN("*"))) {
		put(t, SPAN("[*]"));
	} else {
		put(t, SPAN("['"));
		put(t, span_of(key, folded.n));
		put(t, SPAN("']"));
	}
	return end + 2; /* the quote and the bracket */
}

static void fold_json(struct text *t, struct span path)
{
	size_t at = 1, end;

	put(t, SPAN("$"));
	if (!span_starts(path, SPAN("$"))) { /* a key without its path */
		if (digits_of(path) == path.n) {
			put(t, SPAN("..*"));
			return;
		}
		put(t, SPAN(".."));
		fold_whole(t, path);
		return;
	}
	while (at < path.n && !t->full) {
		if (path.p[at] == '[') {
			at = fold_bracket(t, path, at);
		} else if (path.p[at] == '.') {
			put(t, SPAN("."));
			at++;
		} else {
			for (end = at; end < path.n && path.p[end] != '.' &&
			               path.p[end] != '[';)
				end++;
			fold_whole(t, span_of(path.p + at, end - at));
			at = end;
		}
	}
}

static void fold_xml(struct text *t, struct span path)
{
	bool first = true;

	for (; span_starts(path, SPAN("/")); path = span_from(path, 1))
		put(t, SPAN("/"));
	while (path.n > 0 && !t->full) {
		struct span part = span_cut(&path, '/');

		if (!first)
			put(t, SPAN("/"));
		first = false;
		if (part.n == 0)
			continue;
		if (part.p[0] == '@') {
			put(t, SPAN("@"));
			part = span_from(part, 1);
		}
		if (span_eq(part, SPAN("text()")))
			put(t, part);
		else
			fold_whole(t, part);
	}
}

static void fold_proto(struct text *t, struct span path)
{
	bool first = true;

	while (path.n > 0 && !t->full) {
		struct span part = span_cut(&path, '.');

		if (!first)
			put(t, SPAN("."));
		first = false;
		if (span_eq(part, SPAN("**")) ||
		    (part.n > 0 && part.n <= FIELD_MAX_DIGITS &&
		        digits_of(part) == part.n))
			put(t, part);
		else
			put(t, SPAN("*"));
	}
}

size_t drift_fold(enum carrier c, struct span name, char *out)
{
	struct text t = { .p = out };
	struct span any = SPAN("*");

	switch (c) {
	case CARRIER_JSON:
		any = SPAN("$..*");
		fold_json(&t, name);
		break;
	case CARRIER_XML:
		any = SPAN("//*");
		fold_xml(&t, name);
		break;
	case CARRIER_PROTO:
		any = SPAN("**.*");
		fold_proto(&t, name);
		break;
	case CARRIER_TEXT: /* its name is a line of text */
		t.full = true;
		break;
	case CARRIER_HEADER:
	case CARRIER_COOKIE:
	case CARRIER_QUERY:
	case CARRIER_PATH:
	case CARRIER_FORM:
	case CARRIER_MULTIPART:
	case CARRIER_SDP:
	case CARRIER_HOST:
	case CARRIER_SOCKET:
	case CARRIER_PARTY:
	case CARRIER_PLACE:
	case CARRIER_NET:
	case CARRIER_COUNT:
		fold(&t, name);
		break;
	}
	if (t.full || t.n == 0) {
		t = (struct text){ .p = out };
		put(&t, any);
	}
	for (size_t i = 0; c == CARRIER_HEADER && i < t.n; i++)
		out[i] = ascii_lower(out[i]);
	return t.n;
}

size_t drift_fold_host(struct span host, struct span base, char *out)
{
	struct text t = { .p = out };
	struct span rest =
	    span_of(host.p, host.n > base.n ? host.n - base.n - 1 : 0);

	while (rest.n > 0) {
		struct span label = span_cut(&rest, '.');

		fold(&t, label);
		put(&t, SPAN("."));
	}
	put(&t, base);
	if (t.full) {
		t = (struct text){ .p = out };
		put(&t, SPAN("*."));
		put(&t, span_of(base.p, base.n < 120 ? base.n : 120));
	}
	return t.n;
}
