/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/proto.h"

#include <errno.h>

static const struct {
	const char *word;
	enum cmd_where where;
	const char *args, *text, *example;
} row[] = {
#define CMD_ROW(name, word, where, args, text, example)                        \
	{ word, where, args, text, example },
#include "ctl/cmd.tbl"
#undef CMD_ROW
};

const char *cmd_word(enum cmd c)
{
	return c < CMD_COUNT ? row[c].word : "?";
}

const char *cmd_args(enum cmd c)
{
	return c < CMD_COUNT ? row[c].args : "";
}

const char *cmd_text(enum cmd c)
{
	return c < CMD_COUNT ? row[c].text : "";
}

const char *cmd_example(enum cmd c)
{
	return c < CMD_COUNT ? row[c].example : "";
}

enum cmd_where cmd_where(enum cmd c)
{
	return c < CMD_COUNT ? row[c].where : CMD_LOCAL;
}

enum cmd cmd_find(struct span word)
{
	unsigned c = 0;

	while (c < CMD_COUNT && !span_eq(word, span_str(row[c].word)))
		c++;
	return (enum cmd)c;
}

int proto_command(struct span line, enum cmd *ret_cmd)
{
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	*ret_cmd = cmd_find(line);
	return *ret_cmd == CMD_COUNT || cmd_where(*ret_cmd) != CMD_DAEMON ?
	    -EINVAL :
	    0;
}

enum proto_kind proto_answer(struct span line, struct span *ret_text)
{
	*ret_text = line;
	if (span_eq(line, SPAN("ok")))
		return PROTO_OK;
	if (!span_starts(line, SPAN("error ")) && !span_eq(line, SPAN("error")))
		return PROTO_LINE;
	*ret_text = span_from(line, 6);
	return PROTO_ERROR;
}

bool proto_fits(struct span line)
{
	struct span text;

	if (line.n == 0 || line.n > PROTO_LINE_MAX ||
	    proto_answer(line, &text) != PROTO_LINE)
		return false;
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] < ' ' || line.p[i] > '~')
			return false;
	return true;
}

void proto_words(struct span line, const char *const key[],
    struct span *const to[], size_t n)
{
	while (line.n > 0) {
		struct span value = span_cut(&line, ' ');
		struct span word = span_cut(&value, '=');

		for (size_t i = 0; i < n; i++)
			if (span_eq(word, span_str(key[i])))
				*to[i] = value;
	}
}
