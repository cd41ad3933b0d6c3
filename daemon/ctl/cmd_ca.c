/* SPDX-License-Identifier: EUPL-1.2 */
/* sparsamctl ca ... - the certificate authority on disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "ctl/cmd_int.h"
#include "net/clock.h"
#include "tls/ca.h"

#define TEXT_MAX_BYTES (1u << 20)

static unsigned domains(const struct conf *c, const char **list)
{
	unsigned n = conf_domains(c, list, CA_DOMAINS_MAX);

	if (n == 0)
		fprintf(stderr,
		    "sparsamctl: no service is switched on: there is no domain "
		    "to make a certificate for\n");
	return n;
}

static void say_error(const struct conf *c, int e, const char *err)
{
	if (e == -EEXIST)
		fprintf(stderr,
		    "sparsamctl: %s: there is a certificate authority already; "
		    "it is not overwritten\n",
		    c->ca_dir);
	else if (e == -ENOENT)
		fprintf(stderr,
		    "sparsamctl: %s: root.key is not there: bring it back for "
		    "this command\n",
		    c->ca_dir);
	else
		fprintf(stderr, "sparsamctl: %s: %s\n", c->ca_dir,
		    err[0] != '\0' ? err : strerror(-e));
}

static int show(const struct conf *c)
{
	struct buf text;
	int e;

	buf_init(&text, TEXT_MAX_BYTES);
	e = ca_show(c->ca_dir, &text);
	if (e == 0)
		fwrite(buf_span(&text).p, 1, buf_len(&text), stdout);
	else if (e == -ENOENT)
		fprintf(stderr,
		    "sparsamctl: %s: no certificate authority; make one with "
		    "sparsamctl ca init\n",
		    c->ca_dir);
	else
		say_error(c, e, "");
	buf_fini(&text);
	return e < 0 ? EXIT_NO : EXIT_GOOD;
}

/* Make root and intermediate, or a new intermediate only, and show them. */
static int make(struct tool *t, enum cmd c)
{
	const char *list[CA_DOMAINS_MAX];
	struct conf *conf;
	char err[200] = "";
	int e = -EINVAL;
	unsigned n;

	if (t->argc > 0)
		return tool_usage(c);
	conf = tool_conf(t);
	if (conf == NULL)
		return EXIT_NO;
	n = domains(conf, list);
	if (n > 0) {
		e = c == CMD_CA_INIT ?
		    ca_init(conf->ca_dir, conf->ca_name, list, n,
			clock_unix_s(), err) :
		    ca_renew(conf->ca_dir, list, n, clock_unix_s(), err);
		if (e < 0)
			say_error(conf, e, err);
		else
			e = show(conf) == EXIT_GOOD ? 0 : -EIO;
	}
	if (e == 0 && c == CMD_CA_INIT)
		printf("The root key is %s/root.key: move it to a safe place; "
		       "only `sparsamctl ca renew` needs it.\n",
		    conf->ca_dir);
	conf_unref(conf);
	return e < 0 ? EXIT_NO : EXIT_GOOD;
}

int cmd_ca_init(struct tool *t)
{
	return make(t, CMD_CA_INIT);
}

int cmd_ca_renew(struct tool *t)
{
	return make(t, CMD_CA_RENEW);
}

int cmd_ca_show(struct tool *t)
{
	struct conf *c;
	int status;

	if (t->argc > 0)
		return tool_usage(CMD_CA_SHOW);
	c = tool_conf(t);
	if (c == NULL)
		return EXIT_NO;
	status = show(c);
	conf_unref(c);
	return status;
}

static int write_to(const char *path, struct span text)
{
	FILE *f = path != NULL ? fopen(path, "we") : stdout;
	bool good;

	if (f == NULL)
		return -errno;
	good = fwrite(text.p, 1, text.n, f) == text.n && fflush(f) == 0;
	if (path != NULL)
		good = fclose(f) == 0 && good;
	return good ? 0 : -EIO;
}

int cmd_ca_export(struct tool *t)
{
	bool der = tool_flag(t, "--der");
	const char *path = t->argc > 0 ? t->argv[0] : NULL;
	struct buf pem, bin;
	struct conf *c;
	int e;

	if (t->argc > 1 || (path != NULL && path[0] == '-'))
		return tool_usage(CMD_CA_EXPORT);
	c = tool_conf(t);
	if (c == NULL)
		return EXIT_NO;
	buf_init(&pem, TEXT_MAX_BYTES);
	buf_init(&bin, TEXT_MAX_BYTES);
	e = ca_export(c->ca_dir, &pem, &bin);
	if (e == 0)
		e = write_to(path, buf_span(der ? &bin : &pem));
	if (e < 0)
		fprintf(stderr, "sparsamctl: %s: %s\n", c->ca_dir,
		    e == -ENOENT ? "no certificate authority" : strerror(-e));
	buf_fini(&pem);
	buf_fini(&bin);
	conf_unref(c);
	return e < 0 ? EXIT_NO : EXIT_GOOD;
}
