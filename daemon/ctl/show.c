/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/show.h"

#include "ctl/jstring.h"

#define VALUE_SHOWN_BYTES 72

void show_verdict(const struct offline *o, FILE *out)
{
	fprintf(out, "%s", offline_word(o->end));
	if (o->service != NULL)
		fprintf(out, " (%.*s", SPAN_ARG(o->service->id));
	if (o->service != NULL && o->why != WHY_DONE)
		fprintf(out, ", %s", why_word(o->why));
	if (o->sink.n > 0)
		fprintf(out, ", answered with %.*s", SPAN_ARG(o->sink));
	if (o->service != NULL)
		fprintf(out, ")");
	else if (o->end == OFFLINE_BROKEN)
		fprintf(out, " (%s)", why_word(o->why));
	if (o->place.file != NULL)
		fprintf(out, "  %s:%u", o->place.file, o->place.line);
	fprintf(out, "\n");
}

/* Quoted, printable, not longer than a line. */
static void show_value(struct span s, FILE *out)
{
	fputc('"', out);
	for (size_t i = 0; i < s.n && i < VALUE_SHOWN_BYTES; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < ' ' || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out); /* UTF-8 goes through */
	}
	fprintf(out, s.n > VALUE_SHOWN_BYTES ? "...\"" : "\"");
}

static bool quiet(const struct offline_note *n)
{
	return n->effect == ACT_KEEP;
}

static void show_end(const struct offline_note *n, FILE *out)
{
	if (n->place.file == NULL) {
		fprintf(out, "  [no line names it]\n");
		return;
	}
	fprintf(out, "  [%s%s]  %s:%u\n",
	    n->category == CATEGORY_NONE ? "keep" : category_word(n->category),
	    n->drift ? ", drift" : "", n->place.file, n->place.line);
}

void show_notes(
    const struct offline *o, const char *direction, bool all, FILE *out)
{
	for (size_t i = 0; i < o->nnote; i++) {
		const struct offline_note *n = &o->note[i];
		struct span name;

		if (!all && quiet(n))
			continue;
		name = n->path.n > 0 ? n->path : n->name;
		fprintf(out, "    %-4s %-6s %-20.*s ", direction,
		    carrier_word(n->carrier), SPAN_ARG(name));
		if (n->before.n > 0 || n->effect != ACT_KEEP)
			show_value(n->before, out);
		if (n->effect == ACT_DROP) {
			fprintf(out, " -> dropped");
		} else if (n->effect != ACT_KEEP) {
			fprintf(out, " -> ");
			show_value(n->after, out);
		}
		show_end(n, out);
	}
	if (o->notes_lost)
		fprintf(out, "    (further values are not listed)\n");
}

static void set_rule(json_t *object, struct place place)
{
	char text[400];

	if (place.file == NULL)
		return;
	snprintf(text, sizeof text, "%s:%u", place.file, place.line);
	json_object_set_new(object, "rule", jstring(span_str(text)));
}

void show_verdict_json(const struct offline *o, json_t *object)
{
	json_object_set_new(
	    object, "verdict", json_string(offline_word(o->end)));
	if (o->why != WHY_DONE)
		json_object_set_new(
		    object, "why", json_string(why_word(o->why)));
	if (o->service != NULL)
		json_object_set_new(object, "service", jstring(o->service->id));
	if (o->sink.n > 0)
		json_object_set_new(object, "sink", jstring(o->sink));
	set_rule(object, o->place);
}

void show_notes_json(
    const struct offline *o, const char *direction, json_t *list)
{
	for (size_t i = 0; i < o->nnote; i++) {
		const struct offline_note *n = &o->note[i];
		json_t *row = json_object();

		json_object_set_new(row, "direction", json_string(direction));
		json_object_set_new(
		    row, "carrier", json_string(carrier_word(n->carrier)));
		json_object_set_new(row, "name", jstring(n->name));
		if (n->path.n > 0)
			json_object_set_new(row, "path", jstring(n->path));
		json_object_set_new(row, "before", jstring(n->before));
		json_object_set_new(row, "after",
		    n->effect == ACT_DROP ? json_null() : jstring(n->after));
		json_object_set_new(
		    row, "effect", json_string(act_word(n->effect)));
		if (n->category != CATEGORY_NONE)
			json_object_set_new(row, "category",
			    json_string(category_word(n->category)));
		json_object_set_new(row, "drift", json_boolean(n->drift));
		json_object_set_new(
		    row, "judged", json_boolean(n->place.file != NULL));
		set_rule(row, n->place);
		json_array_append_new(list, row);
	}
}
