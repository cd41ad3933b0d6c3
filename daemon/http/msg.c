/* SPDX-License-Identifier: EUPL-1.2 */
#include "http/msg.h"

#include <errno.h>

#define NAME_MAX_BYTES 40 /* the longest known name is shorter */

static const struct span known[FIELD_COUNT] = {
#define FIELD_ROW(name, text) [FIELD_##name] = { text, sizeof(text) - 1 },
#include "http/fields.tbl"
#undef FIELD_ROW
};

/* The last row of each length: of rows with one length, later ones win, which
 * is what the warning is about. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const uint8_t last_of[NAME_MAX_BYTES] = {
#define FIELD_ROW(name, text) [sizeof(text) - 1] = FIELD_##name,
#include "http/fields.tbl"
#undef FIELD_ROW
};
#pragma GCC diagnostic pop

enum field_id field_id(struct span name)
{
	unsigned i = name.n < NAME_MAX_BYTES ? last_of[name.n] : 0;

	for (; i > 0 && known[i].n == name.n; i--)
		if (ascii_lower(name.p[0]) == known[i].p[0] &&
		    span_eq_nocase(name, known[i]))
			return (enum field_id)i;
	return FIELD_OTHER;
}

/* The field table is left as it is: nfields tells what of it counts. */
void msg_init(struct msg *m, bool request)
{
	m->request = request;
	m->minor = 1;
	m->method = m->scheme = m->authority = m->path = SPAN_NONE;
	m->status = 0;
	m->reason = SPAN_NONE;
	m->nfields = 0;
	m->framing = FRAME_NONE;
	m->length = 0;
	m->keep_alive = true;
	m->upgrade = m->expect_continue = false;
}

struct field *msg_find(struct msg *m, enum field_id id)
{
	for (unsigned i = 0; i < m->nfields; i++)
		if (m->field[i].id == id && !m->field[i].gone)
			return &m->field[i];
	return NULL;
}

static unsigned index_of(const struct msg *m, struct span name)
{
	unsigned i = 0;

	while (i < m->nfields && (m->field[i].gone ||
	    !span_eq_nocase(m->field[i].name, name)))
		i++;
	return i;
}

struct field *msg_find_name(struct msg *m, struct span name)
{
	unsigned i = index_of(m, name);

	return i < m->nfields ? &m->field[i] : NULL;
}

struct span msg_value_name(const struct msg *m, struct span name)
{
	unsigned i = index_of(m, name);

	return i < m->nfields ? m->field[i].value : SPAN_NONE;
}

struct span msg_value(const struct msg *m, enum field_id id)
{
	for (unsigned i = 0; i < m->nfields; i++)
		if (m->field[i].id == id && !m->field[i].gone)
			return m->field[i].value;
	return SPAN_NONE;
}

int msg_add(
    struct msg *m, enum field_id id, struct span name, struct span value)
{
	if (m->nfields == MSG_FIELDS_MAX)
		return -ENOBUFS;
	m->field[m->nfields++] =
	    (struct field){ .name = name, .value = value, .id = id };
	return 0;
}

unsigned msg_remove(struct msg *m, enum field_id id)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->nfields; i++) {
		if (m->field[i].id != id || m->field[i].gone)
			continue;
		m->field[i].gone = true;
		n++;
	}
	return n;
}

static bool list_has(struct span list, struct span token)
{
	while (list.n > 0)
		if (span_eq_nocase(span_trim(span_cut(&list, ',')), token))
			return true;
	return false;
}

bool msg_has_token(const struct msg *m, enum field_id id, struct span token)
{
	for (unsigned i = 0; i < m->nfields; i++)
		if (m->field[i].id == id && !m->field[i].gone &&
		    list_has(m->field[i].value, token))
			return true;
	return false;
}

struct span msg_media_type(const struct msg *m)
{
	struct span rest = msg_value(m, FIELD_CONTENT_TYPE);

	return span_trim(span_cut(&rest, ';'));
}
