/* SPDX-License-Identifier: EUPL-1.2 */
/* proto - the control protocol, pure: one line in, lines out, and `ok` or
 * `error TEXT` at the end. A command is a word of cmd.tbl that is meant for the
 * daemon; none has arguments. Lines end with LF, have printable ASCII only, and
 * no line of an answer begins with `ok` or `error` but the last. */
#ifndef CTL_PROTO_H
#define CTL_PROTO_H

#include "base/span.h"

#define PROTO_COMMAND_MAX 64  /* bytes of a command line */
#define PROTO_LINE_MAX 1024   /* bytes of a line of an answer */

enum cmd_where { CMD_LOCAL, CMD_DAEMON };
enum cmd {
#define CMD_ROW(name, word, where, args, text, example) CMD_##name,
#include "ctl/cmd.tbl"
#undef CMD_ROW
	CMD_COUNT
};

const char *cmd_word(enum cmd c);
const char *cmd_args(enum cmd c);
const char *cmd_text(enum cmd c);
const char *cmd_example(enum cmd c);
enum cmd_where cmd_where(enum cmd c);
/* The row of a word ("ca init": one space), or CMD_COUNT. */
enum cmd cmd_find(struct span word);

/* A line from a client, without its LF. 0; -EINVAL: no command for us. */
int proto_command(struct span line, enum cmd *ret_cmd);

enum proto_kind { PROTO_LINE, PROTO_OK, PROTO_ERROR };
/* A line of an answer, without its LF; of an error, *ret_text is what follows
 * the word. */
enum proto_kind proto_answer(struct span line, struct span *ret_text);

/* The words KEY=VALUE of a line: the value of key[i] goes to *to[i], n of them;
 * others are passed over. */
void proto_words(struct span line, const char *const key[],
    struct span *const to[], size_t n);

/* May this be a line of an answer? */
bool proto_fits(struct span line);

#endif
