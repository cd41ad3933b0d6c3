/* SPDX-License-Identifier: EUPL-1.2 */
#include "conf/lex_int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "conf/date.h"

#define WORDS_BYTES 400

int lex_fail(const struct lex *l, const config_setting_t *s, const char *fmt,
    ...)
{
	unsigned line = s != NULL ? (unsigned)config_setting_source_line(s) : 0;
	va_list ap;
	int n;

	n = snprintf(l->err, CONF_ERR_BYTES, "%s:%u: ", l->file,
	    line > 0 ? line : 1);
	if (n < 0 || n >= CONF_ERR_BYTES)
		return -EINVAL;
	va_start(ap, fmt);
	vsnprintf(l->err + n, CONF_ERR_BYTES - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int lex_error(const struct lex *l, const config_setting_t *s, int error,
    const char *sentence)
{
	if (error == -ENOBUFS)
		lex_fail(l, s, "the packs are too large together");
	else if (error == -ENOMEM)
		lex_fail(l, s, "memory is out");
	else
		lex_fail(l, s, "%s", sentence);
	return error;
}

static int arena_fault(const struct lex *l, const config_setting_t *s)
{
	return lex_error(l, s, arena_error(l->arena), "");
}

struct place lex_place(const struct lex *l, const config_setting_t *s)
{
	return (struct place){ l->file,
		(unsigned)config_setting_source_line(s) };
}

const char *lex_kind(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return "a group { }";
	case CONFIG_TYPE_LIST:
		return "a list ( )";
	case CONFIG_TYPE_ARRAY:
		return "an array [ ]";
	case CONFIG_TYPE_STRING:
		return "a text";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a whole number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a point";
	}
	return "nothing";
}

/* ---- what libconfig would take the wrong way ---- */

#define DIGITS_MAX 9 /* libconfig cuts longer numbers to 32 bits silently */
#define HEX_MAX 7

static size_t skip_string(struct span s, size_t i)
{
	for (i++; i < s.n && s.p[i] != '"'; i++)
		if (s.p[i] == '\\')
			i++;
	return i < s.n ? i + 1 : s.n;
}

static size_t skip_comment(struct span s, size_t i)
{
	struct span rest = span_from(s, i);

	if (span_starts(rest, SPAN("/*")))
		i += 2 + span_find(span_from(rest, 2), SPAN("*/")) + 2;
	else
		i += span_chr(rest, '\n');
	return i < s.n ? i : s.n;
}

static bool is_comment(struct span s, size_t i)
{
	struct span rest = span_from(s, i);

	return s.p[i] == '#' || span_starts(rest, SPAN("//")) ||
	    span_starts(rest, SPAN("/*"));
}

/* A name, key word or number. */
static size_t skip_word(struct span s, size_t i)
{
	while (i < s.n && (ascii_digit(s.p[i]) || s.p[i] == '_' ||
	    s.p[i] == '*' || s.p[i] == '-' || s.p[i] == '.' ||
	    (ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'z')))
		i++;
	return i;
}

static bool is_large(struct span word)
{
	bool hex = span_starts_nocase(word, SPAN("0x"));
	size_t n = 0;

	for (size_t i = hex ? 2 : 0; i < word.n; i++) {
		if (hex ? ascii_hex(word.p[i]) < 0 : !ascii_digit(word.p[i]))
			break;
		if (n > 0 || word.p[i] != '0')
			n++;
	}
	return n > (hex ? HEX_MAX : DIGITS_MAX);
}

/* libconfig itself acts on @include: it would read files that are not in the
 * bundle; and a large number becomes another one. The fault and its line, or
 * NULL. */
static const char *find_fault(struct span s, unsigned *ret_line)
{
	const char *fault = NULL;
	size_t i = 0, next;

	while (i < s.n && fault == NULL) {
		next = i + 1;
		if (s.p[i] == '"') {
			next = skip_string(s, i);
		} else if (is_comment(s, i)) {
			next = skip_comment(s, i);
		} else if (s.p[i] == '@') {
			fault = "@include is not available: packs use include "
				"= ( \"FILE\" );";
		} else if (skip_word(s, i) > i) {
			next = skip_word(s, i);
			if (is_large(span_of(s.p + i, next - i)))
				fault = "this number is too large";
		}
		if (fault == NULL)
			i = next;
	}
	*ret_line = 1;
	for (size_t k = 0; k < i && k < s.n; k++)
		*ret_line += s.p[k] == '\n';
	return fault;
}

int lex_open(struct lex *l, const struct bundle *b, const char *name,
    struct arena *a, char *err)
{
	const char *fault;
	struct span text;
	unsigned line;

	*l = (struct lex){ .arena = a, .file = name, .err = err };
	l->file = arena_dup(a, span_of(name, strlen(name) + 1)).p;
	if (l->file == NULL) {
		l->file = name;
		return arena_fault(l, NULL);
	}
	if (bundle_find(b, name, &text) < 0) {
		snprintf(err, CONF_ERR_BYTES, "%s: there is no such file",
		    name);
		return -EINVAL;
	}
	if (text.n > BUNDLE_TEXT_MAX_BYTES)
		return lex_fail(l, NULL, "over %u bytes",
		    BUNDLE_TEXT_MAX_BYTES);
	if (memchr(text.p, '\0', text.n) != NULL)
		return lex_fail(l, NULL, "this is no text: it has a NUL byte");
	if ((fault = find_fault(text, &line)) != NULL) {
		snprintf(err, CONF_ERR_BYTES, "%s:%u: %s", name, line, fault);
		return -EINVAL;
	}
	config_init(&l->cfg);
	l->open = true;
	if (config_read_string(&l->cfg, text.p) == CONFIG_TRUE)
		return 0;
	text = span_str(config_error_text(&l->cfg) != NULL
	                    ? config_error_text(&l->cfg)
	                    : "this cannot be read");
	snprintf(err, CONF_ERR_BYTES, "%s:%d: %.*s%s", name,
	    config_error_line(&l->cfg), SPAN_ARG(text),
	    span_eq(text, SPAN("syntax error"))
	        ? " (often a comma that is missing at the end of the line "
	          "before, one too many before a closing bracket, or a quote "
	          "that is missing)"
	        : "");
	return -EINVAL;
}

void lex_close(struct lex *l)
{
	if (l->open)
		config_destroy(&l->cfg);
	l->open = false;
}

bool lex_among(struct span word, const char *valid)
{
	struct span rest = span_str(valid);

	while (rest.n > 0)
		if (span_eq(span_cut(&rest, ' '), word))
			return true;
	return false;
}

/* "a b c" as "a, b, c". */
static const char *with_commas(const char *valid, char out[WORDS_BYTES])
{
	size_t n = 0;

	for (const char *p = valid; *p != '\0' && n + 3 < WORDS_BYTES; p++) {
		if (*p == ' ')
			out[n++] = ',';
		out[n++] = *p;
	}
	out[n] = '\0';
	return out;
}

int lex_keys(const struct lex *l, const config_setting_t *s, const char *what,
    const char *valid)
{
	char words[WORDS_BYTES];

	if (!config_setting_is_group(s))
		return lex_fail(l, s, "%s: expected a group { }, found %s",
		    what, lex_kind(s));
	for (unsigned i = 0; i < lex_count(s); i++) {
		const config_setting_t *m = config_setting_get_elem(s, i);
		const char *name = config_setting_name(m);

		if (!lex_among(span_str(name), valid))
			return lex_fail(l, m,
			    "unknown key \"%.60s\" in %s, valid are: %s", name,
			    what, with_commas(valid, words));
	}
	return 0;
}

int lex_value(const struct lex *l, const config_setting_t *s,
    const char *what, struct span *ret_text)
{
	struct span text;

	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return lex_fail(l, s, "%s: expected a text, found %s", what,
		    lex_kind(s));
	text = span_str(config_setting_get_string(s));
	if (text.n == 0) {
		*ret_text = SPAN("");
		return 0;
	}
	*ret_text = arena_dup(l->arena, span_of(text.p, text.n + 1));
	if (ret_text->p == NULL)
		return arena_fault(l, s);
	ret_text->n--; /* the NUL stays behind the end */
	return 0;
}

static int find(const struct lex *l, const config_setting_t *s,
    const char *key, bool must, const config_setting_t **ret_member)
{
	*ret_member = config_setting_get_member(s, key);
	if (*ret_member == NULL && must)
		return lex_fail(l, s, "%s is missing", key);
	return 0;
}

int lex_text(const struct lex *l, const config_setting_t *s, const char *key,
    bool must, struct span *ret_text)
{
	const config_setting_t *m;
	int r = find(l, s, key, must, &m);

	*ret_text = SPAN_NONE;
	if (r < 0 || m == NULL)
		return r;
	if ((r = lex_value(l, m, key, ret_text)) < 0)
		return r;
	if (must && ret_text->n == 0)
		return lex_fail(l, m, "%s is empty", key);
	for (size_t i = 0; i < ret_text->n; i++)
		if ((unsigned char)ret_text->p[i] < ' ' ||
		    ret_text->p[i] == 0x7f)
			return lex_fail(l, m,
			    "%s: a control character stands in the text", key);
	return 0;
}

int lex_flag(const struct lex *l, const config_setting_t *s, const char *key,
    bool must, bool *ret_flag)
{
	const config_setting_t *m;
	int r = find(l, s, key, must, &m);

	if (r < 0 || m == NULL)
		return r;
	if (config_setting_type(m) != CONFIG_TYPE_BOOL)
		return lex_fail(l, m, "%s: expected true or false, found %s",
		    key, lex_kind(m));
	*ret_flag = config_setting_get_bool(m) != CONFIG_FALSE;
	return 0;
}

int lex_number(const struct lex *l, const config_setting_t *s, const char *key,
    bool must, uint32_t least, uint32_t most, uint32_t *ret_number)
{
	const config_setting_t *m;
	int r = find(l, s, key, must, &m), type;
	long long v;

	if (r < 0 || m == NULL)
		return r;
	type = config_setting_type(m);
	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return lex_fail(l, m, "%s: expected a whole number, found %s",
		    key, lex_kind(m));
	v = type == CONFIG_TYPE_INT ? config_setting_get_int(m)
				    : config_setting_get_int64(m);
	if (v < (long long)least || v > (long long)most)
		return lex_fail(l, m, "%s: expected %u to %u, found %lld", key,
		    (unsigned)least, (unsigned)most, v);
	*ret_number = (uint32_t)v;
	return 0;
}

int lex_date(const struct lex *l, const config_setting_t *s, const char *key,
    bool must, struct span *ret_text, int32_t *ret_days)
{
	int r = lex_text(l, s, key, must, ret_text);
	int32_t days;

	if (r < 0 || ret_text->n == 0)
		return r;
	if (date_days(*ret_text, &days) < 0)
		return lex_fail(l, lex_member(s, key),
		    "%s: \"%.40s\" is no date: expected YYYY-MM-DD", key,
		    ret_text->p);
	if (ret_days != NULL)
		*ret_days = days;
	return 0;
}

int lex_word(const struct lex *l, const config_setting_t *s, const char *key,
    bool must, const char *valid, struct span *ret_word)
{
	int r = lex_text(l, s, key, must, ret_word);
	char words[WORDS_BYTES];

	if (r < 0 || ret_word->p == NULL)
		return r;
	if (!lex_among(*ret_word, valid))
		return lex_fail(l, lex_member(s, key),
		    "%s: unknown word \"%.60s\", valid are: %s", key,
		    ret_word->p, with_commas(valid, words));
	return 0;
}

int lex_list(const struct lex *l, const config_setting_t *s, const char *key,
    const config_setting_t **ret_list)
{
	const config_setting_t *m = lex_member(s, key);

	*ret_list = m;
	if (m != NULL && !config_setting_is_list(m))
		return lex_fail(l, m, "%s: expected a list ( ), found %s", key,
		    lex_kind(m));
	return 0;
}

int lex_group(const struct lex *l, const config_setting_t *s, const char *key,
    const config_setting_t **ret_group)
{
	const config_setting_t *m = lex_member(s, key);

	*ret_group = m;
	if (m != NULL && !config_setting_is_group(m))
		return lex_fail(l, m, "%s: expected a group { }, found %s",
		    key, lex_kind(m));
	return 0;
}

bool lex_is_country(struct span s)
{
	return s.n == 2 && s.p[0] >= 'A' && s.p[0] <= 'Z' && s.p[1] >= 'A' &&
	    s.p[1] <= 'Z';
}

int lex_country(const struct lex *l, const config_setting_t *s,
    const char *key, struct span *ret_country)
{
	int r = lex_text(l, s, key, true, ret_country);

	if (r < 0 || lex_is_country(*ret_country))
		return r;
	return lex_fail(l, lex_member(s, key),
	    "%s \"%.60s\": expected the two letters of a country (ISO 3166), "
	    "as in \"US\"",
	    key, ret_country->p);
}
