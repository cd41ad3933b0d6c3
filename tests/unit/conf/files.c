/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/conf/files.h"

#include <stdio.h>
#include <stdlib.h>

static const char usual[] = "listen = ( \"127.0.0.1:3128\" );\n"
			    "policy_dir = \"policy\";\n"
			    "services = ( { id = \"example\"; "
			    "mode = \"enforce\"; } );\n";

char *files_text(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[4096];
	char *text = calloc(1, 1 << 16);
	FILE *f;

	snprintf(path, sizeof path, "%s/tests/conf/%s",
	    top != NULL ? top : ".", name);
	f = fopen(path, "rb");
	if (f != NULL && text != NULL &&
	    fread(text, 1, (1 << 16) - 1, f) == 0)
		text[0] = '\0';
	if (f != NULL)
		fclose(f);
	return text;
}

static void add(struct bundle *b, const char *as, const char *name)
{
	char *text = files_text(name);

	if (text != NULL)
		bundle_add(b, as, span_str(text));
	free(text);
}

struct bundle *files_bundle(const char *name, struct span text)
{
	static const char *const file[] = { "policy/example.conf",
		"policy/needy.conf", "policy/plain.conf",
		"policy/common/part.conf" };
	struct bundle *b = bundle_new();
	const char *as = "sparsamd.conf";

	if (b == NULL)
		return NULL;
	if (strstr(name, ".pack-") != NULL)
		as = file[0];
	else if (strstr(name, ".part-") != NULL)
		as = file[3];
	bundle_add(b, as, text);
	if (strcmp(as, "sparsamd.conf") != 0)
		bundle_add(b, "sparsamd.conf", SPAN(usual));
	for (size_t i = 0; i < sizeof file / sizeof *file; i++)
		if (strcmp(file[i], as) != 0)
			add(b, file[i], file[i]);
	return b;
}

int files_load(const char *text, int64_t now, struct conf **ret_conf,
    char err[CONF_ERR_BYTES])
{
	struct bundle *b = files_bundle("main", span_str(text));
	int r = conf_load(b, "sparsamd.conf", now, ret_conf, err);

	bundle_free(b);
	return r;
}
