/* SPDX-License-Identifier: EUPL-1.2 */
/* sparsamctl policy - the files of the policy with their hashes. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "ctl/cmd_int.h"
#include "ctl/policy_hash.h"

#define LIST_MAX_BYTES (2u << 20)

static int say(const struct bundle *b, const char *path, bool one)
{
	char hex[POLICY_HASH_BYTES];
	struct buf list;
	int err;

	if (one) {
		err = policy_hash(b, path, hex);
		if (err == 0)
			printf("%s\n", hex);
		return err;
	}
	buf_init(&list, LIST_MAX_BYTES);
	err = policy_hash_list(b, path, &list);
	if (err == 0)
		fwrite(buf_span(&list).p, 1, buf_len(&list), stdout);
	buf_fini(&list);
	return err;
}

int cmd_policy(struct tool *t)
{
	char err[CONF_ERR_BYTES] = "";
	bool one = tool_flag(t, "--hash");
	struct bundle *b = NULL;
	int e;

	if (t->argc > 0)
		return tool_usage(CMD_POLICY);
	e = conf_gather(t->conf_path, &b, err);
	if (e == 0)
		e = say(b, t->conf_path, one);
	bundle_free(b);
	if (e < 0)
		fprintf(stderr, "%s\n", err[0] != '\0' ? err : strerror(-e));
	return e < 0 ? EXIT_NO : EXIT_GOOD;
}
