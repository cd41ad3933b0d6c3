/* SPDX-License-Identifier: EUPL-1.2 */
/* jsn_quick - only for speed: most members go on as they are, and where the one
 * before did, too, nothing changes but p. What is not of the form "key":scalar
 * without escapes, all of it in this input, is left to jsn.c, which also says what
 * is wrong with it. Containers in which nobody is asked for are only opened here. */
#include "body/jsn_int.h"

#include "body/jtext.h"

/* A scalar at p: what follows it, or NULL. */
static inline const char *quick_scalar(const char *p, const char *end)
{
	uint8_t state = 0;

	if (*p == '"') {
		p = jtext_plain(p + 1, end);
		return p < end && *p == '"' ? p + 1 : NULL;
	}
	if (*p == 't' || *p == 'n')
		return end - p >= 4 &&
		               memcmp(p, *p == 't' ? "true" : "null", 4) == 0
		           ? p + 4
		           : NULL;
	if (*p == 'f')
		return end - p >= 5 && memcmp(p, "false", 5) == 0 ? p + 5
		                                                  : NULL;
	p = jtext_number_end(&state, p, end);
	return p < end && jtext_number_ends(state) ? p : NULL;
}

/* A key between the quotes at key and q is asked for, or its value is none of
 * the quick ones: all is left as if the bytes from p on had been read one by
 * one. */
static const char *quick_key(
    struct jsn *j, const char *p, const char *key, const char *q, jpath_state s)
{
	j->at = VALUE;
	if (j->frame[j->depth].live) {
		jsn_begin_zone(j, p);
		j->key_at = (size_t)(key - p);
		j->key_bytes = (size_t)(q - key);
		j->key_escaped = false;
		j->state = s;
	}
	return q + 2;
}

/* A key at p, without its quote: its closing quote, if a value follows without
 * space between. NULL: not so, or too long. */
static inline const char *quick_name(const char *p, const char *end)
{
	const char *q = jtext_plain(p, end);

	return end - q > 2 && q[0] == '"' && q[1] == ':' &&
	               q - p <= SCRUB_NAME_MAX
	           ? q
	           : NULL;
}

/* Members or elements from p on, the first perhaps without a comma in front:
 * where the quick way ends. One blank behind a comma or colon is fine. */
static const char *quick(
    struct jsn *j, struct frame *f, const char *p, const char *end)
{
	const char *at = *p == ',' ? p + 1 : p, *key = NULL, *quote = NULL;
	jpath_state s = JPATH_DEAD;

	for (; at < end; at = p + 1) {
		if (*at == ' ' && ++at == end)
			break;
		if (!f->array) {
			key = at + 1;
			if (*at != '"' ||
			    (quote = quick_name(key, end)) == NULL)
				break;
			if (f->state != JPATH_DEAD)
				s = plan_json_key(j->plan, f->state,
				    span_of(key, (size_t)(quote - key)));
			at = quote + 2;
			if (*at == ' ' && ++at == end)
				return quick_key(j, p, key, quote, s);
		}
		if (s == JPATH_DEAD && (*at == '{' || *at == '['))
			return jsn_open(j, at, s, NULL, false);
		if (s == JPATH_DEAD || plan_json_action(j->plan, s) == NULL)
			at = quick_scalar(at, end);
		else
			at = NULL;
		if (at == NULL)
			return f->array ? p : quick_key(j, p, key, quote, s);
		p = at;
		j->at = NEXT;
		if (f->live) {
			f->filled = true;
			j->mode = PASS;
		}
		if (p == end || *p != ',')
			break;
	}
	return p;
}

/* May the quick way try the first member or element, at p? */
static inline bool is_quick(
    const struct jsn *j, const struct frame *f, const char *p)
{
	if (f->array)
		return !f->live && *p != ',';
	if (*p != '"')
		return false;
	return !f->live || (f->act == NULL && !j->watched && j->zone == p &&
	                       buf_len(&j->held) == 0);
}

const char *jsn_quick_first(struct jsn *j, const char *p, const char *end)
{
	struct frame *f = &j->frame[j->depth];

	return is_quick(j, f, p) ? quick(j, f, p, end) : p;
}

const char *jsn_quick_next(struct jsn *j, const char *p, const char *end)
{
	struct frame *f = &j->frame[j->depth];

	if (f->live) {
		if (f->array || f->act != NULL || j->watched || !f->filled)
			return p;
		if (j->mode == SKIP)
			j->from = p;
		j->mode = PASS;
	}
	return quick(j, f, p, end);
}
