/* SPDX-License-Identifier: EUPL-1.2 */
#include "main/worker.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/stat.h"
#include "conf/conf.h"
#include "ctl/policy_hash.h"
#include "main/child.h"
#include "net/clock.h"
#include "net/dial.h"
#include "net/listen.h"
#include "net/loop.h"
#include "proxy/figures.h"
#include "proxy/proxy.h"
#include "tls/leaf.h"

/* What the C library keeps of freed memory: the buffers of TLS records come and
 * go with each, and each time it would ask the kernel. */
#define HEAP_KEEP_BYTES (1 << 20)
#define LISTENERS_MAX (CONF_LISTEN_MAX + 16)

static struct {
	struct imsg_chan *parent, *signer;
	struct conf *conf; /* one reference; NULL only before the first */
	uint32_t generation;
	int listen_fd[LISTENERS_MAX];
	struct listener *listener[LISTENERS_MAX];
	unsigned nlisten;
	bool draining;
} w;

static void say_ready(int err)
{
	struct imsg_body b = { .n = 0 };

	imsg_put_u32(&b, w.generation);
	imsg_put_u32(&b, (uint32_t)err);
	(void)imsg_chan_send(w.parent, IMSG_READY, imsg_body_span(&b), -1);
}

/* The bundle in a memory file to a snapshot. */
static int load(int fd, const char *path, struct conf **ret_conf)
{
	char err_text[CONF_ERR_BYTES];
	struct bundle *b = NULL;
	off_t size = lseek(fd, 0, SEEK_END);
	void *p;
	int err;

	if (size <= 0 || size > 2 * (off_t)BUNDLE_MAX_BYTES)
		return -EBADMSG;
	p = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	err = bundle_unpack(span_of(p, (size_t)size), &b);
	munmap(p, (size_t)size);
	if (err == 0)
		err = conf_load(b, path, clock_unix_s(), ret_conf, err_text);
	if (err == 0)
		(void)policy_hash(b, path, (*ret_conf)->policy_sha256);
	bundle_free(b);
	return err;
}

/* RULES: generation and path of sparsamd.conf, with the bundle. */
static int read_rules(const struct imsg *m, struct conf **ret_conf,
    uint32_t *ret_generation)
{
	struct span body = m->body;
	char path[4200];

	if (!imsg_get_u32(&body, ret_generation) || body.n >= sizeof path)
		return -EBADMSG;
	memcpy(path, body.p, body.n);
	path[body.n] = '\0';
	return load(m->fd, path, ret_conf);
}

static void use(struct conf *c, uint32_t generation)
{
	bool new_ca = w.conf != NULL && !span_eq(c->ca_pem, w.conf->ca_pem);
	int err = proxy_use(c);

	if (err == 0) {
		conf_unref(w.conf);
		w.conf = conf_ref(c);
		w.generation = generation;
		if (new_ca)
			leaf_forget_all();
	}
	say_ready(err);
}

static void on_rules(const struct imsg *m)
{
	struct conf *c = NULL;
	uint32_t generation = 0;
	int err = read_rules(m, &c, &generation);

	if (err < 0)
		say_ready(err);
	else
		use(c, generation);
	conf_unref(c);
}

static void on_leaf(struct span body)
{
	uint64_t id;
	uint32_t err, n;
	struct span host;

	if (imsg_get_u64(&body, &id) && imsg_get_u32(&body, &err) &&
	    imsg_get_u32(&body, &n) && imsg_get_span(&body, n, &host))
		proxy_leaf(id, host, (int)err, body);
}

static void on_signer_msg(void *arg, struct imsg *m)
{
	struct span body = m->body;
	unsigned char key[80];
	uint32_t day;

	(void)arg;
	if (m->type == IMSG_LEAF)
		on_leaf(body);
	else if (m->type == IMSG_EPOCH && imsg_get_u32(&body, &day) &&
	    imsg_get(&body, key, 32))
		proxy_epoch(day, key);
	else if (m->type == IMSG_TICKET && imsg_get(&body, key, 80))
		leaf_ticket_keys(key);
	secret_wipe(key, sizeof key);
}

/* Live sessions and cached leafs go on; the parent sends a new socket. */
static void on_signer_end(void *arg, int err)
{
	(void)arg, (void)err;
	imsg_chan_free(w.signer);
	w.signer = NULL;
	proxy_signer_lost();
}

static const struct imsg_ops signer_ops = { on_signer_msg, on_signer_end };

static void on_signer(struct imsg *m)
{
	if (w.signer != NULL)
		on_signer_end(NULL, 0);
	w.signer = imsg_chan_new(m->fd, &signer_ops, NULL);
	m->fd = -1;
}

static int ask_leaf(void *arg, uint64_t id, struct span host)
{
	struct imsg_body b = { .n = 0 };

	(void)arg;
	if (w.signer == NULL)
		return -EPIPE;
	imsg_put_u64(&b, id);
	imsg_put_u32(&b, (uint32_t)host.n);
	imsg_put(&b, host.p, host.n);
	imsg_put(&b, leaf_public_key().p, leaf_public_key().n);
	return imsg_chan_send(w.signer, IMSG_LEAF_ASK, imsg_body_span(&b), -1);
}

static void on_drained(void *arg)
{
	(void)arg;
	loop_stop();
}

static void drain(struct span body)
{
	uint32_t limit_s = 0;

	if (w.draining)
		return;
	w.draining = true;
	(void)imsg_get_u32(&body, &limit_s);
	for (unsigned i = 0; i < w.nlisten; i++) {
		listen_stop(w.listener[i]);
		close(w.listen_fd[i]); /* or who comes now waits in vain */
	}
	w.nlisten = 0;
	proxy_drain(limit_s);
}

static void on_parent_msg(void *arg, struct imsg *m)
{
	(void)arg;
	if (m->type == IMSG_PING)
		(void)imsg_chan_send(w.parent, IMSG_PONG, m->body, -1);
	else if (m->type == IMSG_RULES)
		on_rules(m);
	else if (m->type == IMSG_SIGNER)
		on_signer(m);
	else if (m->type == IMSG_DRAIN)
		drain(m->body);
}

/* A gateway without its parent has no rules to trust: end, pass nothing. */
static void on_parent_end(void *arg, int err)
{
	(void)arg, (void)err;
	_exit(1);
}

static const struct imsg_ops parent_ops = { on_parent_msg, on_parent_end };

static void on_accept(void *arg, int fd, const struct sockaddr *from)
{
	(void)arg;
	proxy_accept(fd, from);
}

static int use_stat(int fd)
{
	struct worker_page *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	stat_use(&p->stat);
	drift_use(&p->drift);
	return 0;
}

static int use_figures(int fd)
{
	const struct figures_page *p = mmap(NULL, sizeof *p, PROT_READ,
	    MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	figures_use(p);
	return 0;
}

/* What the parent sends between START and GO. */
static int take_orders(struct conf **ret_conf, uint32_t *ret_generation)
{
	static char mem[IMSG_BODY_MAX + 8];
	struct imsg m;
	int err = 0;

	for (child_next(mem, &m); m.type != IMSG_GO && err == 0;
	     child_next(mem, &m)) {
		if (m.type == IMSG_STAT) {
			err = use_stat(m.fd);
		} else if (m.type == IMSG_FIGURES) {
			err = use_figures(m.fd);
		} else if (m.type == IMSG_RULES && *ret_conf == NULL) {
			err = read_rules(&m, ret_conf, ret_generation);
		} else if (m.type == IMSG_LISTENER &&
		    w.nlisten < LISTENERS_MAX) {
			w.listen_fd[w.nlisten++] = m.fd;
			continue;
		} else {
			err = -EBADMSG;
		}
		if (m.fd >= 0)
			close(m.fd);
	}
	return err == 0 && *ret_conf == NULL ? -EBADMSG : err;
}

static void keep_heap(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_TRIM_THRESHOLD, HEAP_KEEP_BYTES);
	(void)mallopt(M_TOP_PAD, HEAP_KEEP_BYTES / 4);
	(void)mallopt(M_MMAP_THRESHOLD, HEAP_KEEP_BYTES);
#endif
}

static int open_all(const struct child_start *s, const struct conf *c)
{
	static const struct proxy_hooks hooks = { ask_leaf, on_drained, NULL };
	enum tls_profile profile;
	int err = loop_init();

	(void)priv_files(s->files);
	keep_heap();
	if (err == 0)
		err = dial_init(c->resolver, c->nresolver);
	if (err == 0)
		err = tls_profile_parse(c->tls_profile, &profile);
	if (err == 0)
		err = leaf_init(profile, TLS_ALPN_BEST);
	return err == 0 ? proxy_init(&hooks) : err;
}

static int serve(void)
{
	for (unsigned i = 0; i < w.nlisten; i++) {
		w.listener[i] = listen_start(w.listen_fd[i], on_accept, NULL);
		if (w.listener[i] == NULL)
			return -ENOMEM;
	}
	loop_run();
	return 0;
}

int worker_main(const struct child_start *s)
{
	struct conf *c = NULL;
	uint32_t generation = 0;
	int err = take_orders(&c, &generation);

	if (err == 0)
		err = open_all(s, c);
	if (err < 0) {
		log_msg(START_FAILED, LOG_T(strerror(-err)));
		return 1;
	}
	w.parent = imsg_chan_new(CHILD_FD, &parent_ops, NULL);
	if (w.parent == NULL || child_sandbox(s) < 0)
		return 1;
	use(c, generation);
	conf_unref(c);
	err = serve();
	imsg_chan_flush(w.parent, 100);
	return err < 0;
}
