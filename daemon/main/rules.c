/* SPDX-License-Identifier: EUPL-1.2 */
/* The configuration as the parent handles it: read, checked, packed into a
 * memory file, handed to the workers. A bad file changes nothing. */
#include "main/parent_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "ctl/policy_hash.h"
#include "main/castamp.h"
#include "main/notify.h"
#include "net/clock.h"
#include "tls/channel.h"

#define AGREEMENT_WARN_DAYS 30
#define CA_WARN_DAYS 14
#define DAY_S 86400

/* What conf_load cannot check, because it knows no TLS. */
static int check_tls(const char *path, const struct conf *c,
    char err[CONF_ERR_BYTES])
{
	enum tls_profile profile;
	struct servers *v;

	if (tls_profile_parse(c->tls_profile, &profile) < 0) {
		snprintf(err, CONF_ERR_BYTES,
		    "%.200s: tls.profile: \"%.60s\" is not known; valid: "
		    "tr-02102-2 wide",
		    path, c->tls_profile);
		return -EINVAL;
	}
	v = servers_new_pem(profile, c->trust_pem);
	if (v == NULL) {
		snprintf(err, CONF_ERR_BYTES,
		    "%.200s: tls.trust: no certificate can be read from %.200s",
		    path, c->tls_trust);
		return -EINVAL;
	}
	servers_free(v);
	return 0;
}

static int load(const char *path, struct bundle **ret_bundle,
    struct conf **ret_conf, char err[CONF_ERR_BYTES])
{
	int e = conf_gather(path, ret_bundle, err);

	if (e == 0)
		e = conf_load(*ret_bundle, path, clock_unix_s(), ret_conf, err);
	if (e == 0)
		(void)policy_hash(*ret_bundle, path, (*ret_conf)->policy_sha256);
	return e == 0 ? check_tls(path, *ret_conf, err) : e;
}

int rules_check(const char *path, struct conf **ret_conf,
    char err[CONF_ERR_BYTES])
{
	struct bundle *b = NULL;
	int e = load(path, &b, ret_conf, err);

	bundle_free(b);
	return e;
}

/* A sealed memory file: its readers can rely on what is in it. */
static int pack(const struct bundle *b, int *ret_fd)
{
	struct buf flat;
	struct span left;
	int err = 0, fd = memfd_create("rules", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	buf_init(&flat, 2 * (size_t)BUNDLE_MAX_BYTES);
	err = bundle_pack(b, &flat);
	for (left = buf_span(&flat); err == 0 && left.n > 0;) {
		ssize_t n = write(fd, left.p, left.n);

		if (n < 0)
			err = -errno;
		else
			left = span_from(left, (size_t)n);
	}
	if (err == 0 &&
	    fcntl(fd, F_ADD_SEALS,
		F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		err = -errno;
	buf_fini(&flat);
	if (err < 0)
		close(fd);
	else
		*ret_fd = fd;
	return err;
}

int rules_read(struct parent *p, struct rules *ret_rules,
    char err[CONF_ERR_BYTES])
{
	struct bundle *b = NULL;
	struct conf *c = NULL;
	int e = load(p->opt->conf_path, &b, &c, err);

	if (e == 0) {
		e = pack(b, &ret_rules->fd);
		if (e < 0)
			snprintf(err, CONF_ERR_BYTES, "memory file: %s",
			    strerror(-e));
	}
	bundle_free(b);
	if (e < 0) {
		conf_unref(c);
		return e;
	}
	ret_rules->conf = c;
	ret_rules->generation = ++p->generations;
	return 0;
}

void rules_drop(struct rules *r)
{
	if (r->conf == NULL)
		return;
	conf_unref(r->conf);
	close(r->fd);
	*r = (struct rules){ .fd = -1 };
}

void rules_send(struct kid *k, const struct rules *r)
{
	struct imsg_body b = { .n = 0 };
	const char *path = k->parent->opt->conf_path;

	imsg_put_u32(&b, r->generation);
	imsg_put(&b, path, strlen(path));
	if (k->chan != NULL)
		(void)imsg_chan_send(k->chan, IMSG_RULES, imsg_body_span(&b),
		    r->fd);
}

static unsigned active(const struct conf *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->nservice; i++)
		n += c->service[i].mode != CONF_OFF;
	return n;
}

/* A host the pattern stands for: a star becomes a letter. */
static size_t sample_host(struct span pattern, char host[256])
{
	size_t n = pattern.n < 255 ? pattern.n : 255;

	for (size_t i = 0; i < n; i++)
		host[i] = pattern.p[i] == '*' ? 'x' : pattern.p[i];
	return n;
}

/* Does the CA cover the inspected hosts of each service? */
static void ask_scope(struct parent *p, const struct service *s)
{
	for (uint32_t i = 0; i < s->nhost; i++) {
		struct imsg_body b = { .n = 0 };
		char host[256];

		if (s->host[i].verdict != VERDICT_INSPECT ||
		    p->signer.chan == NULL)
			continue;
		imsg_put_u32(&b, s->index);
		imsg_put(&b, host, sample_host(s->host[i].pattern, host));
		(void)imsg_chan_send(p->signer.chan, IMSG_SCOPE,
		    imsg_body_span(&b), -1);
	}
}

static void tell_refused(const char *id, const struct conf_service *s)
{
	const char *lacks = s->lacks != NULL ? s->lacks : "?";

	if (s->refused == WHY_RETIRED)
		log_msg(SERVICE_RETIRED, LOG_W(id));
	else if (s->refused == WHY_SERVICE_OFF)
		log_msg(SERVICE_OFF, LOG_W(id));
	else if (s->refused == WHY_AGREEMENT_EXPIRED)
		log_msg(SERVICE_EXPIRED, LOG_W(id),
		    LOG_N(-(int64_t)s->days_left));
	else if (s->refused == WHY_NO_DEVIATION)
		log_msg(SERVICE_NO_DEVIATION, LOG_W(id), LOG_T(lacks));
	else
		log_msg(SERVICE_NO_AGREEMENT, LOG_W(id), LOG_T(lacks));
}

static void tell_service(const struct conf_service *s)
{
	char id[41];

	snprintf(id, sizeof id, "%.*s", SPAN_ARG(s->id));
	if (!s->named)
		return;
	if (s->refused != WHY_DONE) {
		tell_refused(id, s);
		return;
	}
	if (!s->inspect)
		log_msg(SERVICE_NOT_INSPECTED, LOG_W(id));
	else if (s->mode == CONF_OBSERVE)
		log_msg(SERVICE_OBSERVED, LOG_W(id));
	if (s->days_left <= AGREEMENT_WARN_DAYS)
		log_msg(AGREEMENT_EXPIRES, LOG_W(id), LOG_N(s->days_left));
}

void rules_tell(struct parent *p)
{
	const struct conf *c = p->now.conf;
	int64_t left = p->ca_expires - clock_unix_s();

	for (unsigned i = 0; i < c->nservice; i++)
		tell_service(&c->service[i]);
	if (p->ca_expires == 0)
		return;
	if (left <= 0)
		log_plain(CA_EXPIRED);
	else if (left < CA_WARN_DAYS * DAY_S)
		log_msg(CA_EXPIRES, LOG_N(left / DAY_S));
	memset(p->scope_told, 0, sizeof p->scope_told);
	for (size_t i = 0; i < ruleset_count(c->rules); i++) {
		const struct service *s = ruleset_at(c->rules, i);

		if (s->refused == WHY_DONE && s->inspect)
			ask_scope(p, s);
	}
}

static void finish(struct parent *p, const char *error)
{
	char status[80];

	if (error != NULL) {
		log_msg(RELOAD_FAILED, LOG_T(error));
	} else {
		log_msg(RELOADED, LOG_N(active(p->now.conf)),
		    LOG_N(p->now.generation));
		rules_tell(p);
	}
	snprintf(status, sizeof status, "%u workers, %u services",
	    p->nworker, active(p->now.conf));
	(void)notify_ready(status);
	if (p->reload_session != 0)
		ctl_end(p->ctl, p->reload_session, error);
	p->reload_session = 0;
}

static void adopt(struct parent *p)
{
	struct stat_page sum;

	kids_sum(p, &sum);
	summary_rules(&p->summary, &sum, p->now.conf, p->next.conf);
	rules_drop(&p->now);
	p->now = p->next;
	drift_keep(&p->drift_gone, p->now.conf);
	p->next = (struct rules){ .fd = -1 };
	finish(p, NULL);
}

/* Hand p->next out, or say why there is none. */
static void hand_out(struct parent *p, int e, const char *err)
{
	if (e < 0) {
		finish(p, err);
		return;
	}
	p->reload_since_ms = clock_ms();
	for (unsigned i = 0; i < p->nworker; i++)
		rules_send(&p->worker[i], &p->next);
}

void rules_reload(struct parent *p, uint64_t session)
{
	char err[CONF_ERR_BYTES] = "";
	int e;

	if (p->state != RUNNING || p->next.conf != NULL) {
		if (session != 0)
			ctl_end(p->ctl, session,
			    p->state != RUNNING ? "not running" :
						  "a reload is under way");
		return;
	}
	(void)notify_reloading(clock_ms());
	p->reload_session = session;
	e = rules_read(p, &p->next, err);
	if (e == 0 && castamp(p->next.conf->ca_dir) != p->ca_stamp)
		kids_new_signer(p);
	hand_out(p, e, err);
}

/* The text in force, judged by the clock of now. */
static int judge_again(struct parent *p, struct rules *ret_rules,
    char err[CONF_ERR_BYTES])
{
	off_t size = lseek(p->now.fd, 0, SEEK_END);
	struct bundle *b = NULL;
	struct conf *c = NULL;
	int fd = fcntl(p->now.fd, F_DUPFD_CLOEXEC, 0), e = -ENOMEM;
	void *at = MAP_FAILED;

	if (fd >= 0 && size > 0)
		at = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at != MAP_FAILED) {
		e = bundle_unpack(span_of(at, (size_t)size), &b);
		munmap(at, (size_t)size);
	}
	if (e == 0)
		e = conf_load(b, p->opt->conf_path, clock_unix_s(), &c, err);
	if (e == 0)
		(void)policy_hash(b, p->opt->conf_path, c->policy_sha256);
	bundle_free(b);
	if (e < 0 && fd >= 0)
		close(fd);
	if (e == 0)
		*ret_rules = (struct rules){ c, fd, ++p->generations };
	return e;
}

void rules_new_day(struct parent *p)
{
	char err[CONF_ERR_BYTES] = "memory is out";
	struct stat_page sum;

	if (p->state != RUNNING || p->next.conf != NULL)
		return; /* the next tick asks again */
	p->day = (uint32_t)(clock_unix_s() / DAY_S);
	kids_sum(p, &sum);
	summary_day(&p->summary, &sum);
	(void)notify_reloading(clock_ms());
	p->reload_session = 0;
	hand_out(p, judge_again(p, &p->next, err), err);
}

static void give_up(struct parent *p, const char *why)
{
	rules_drop(&p->next);
	for (unsigned i = 0; i < p->nworker; i++)
		if (p->worker[i].generation != p->now.generation)
			rules_send(&p->worker[i], &p->now);
	finish(p, why);
}

void rules_progress(struct parent *p, struct kid *k, int err)
{
	bool all = true;

	if (p->next.conf == NULL)
		return;
	if (err < 0) {
		give_up(p, "a worker refuses the new rules");
		return;
	}
	if (clock_ms() - p->reload_since_ms > RELOAD_MAX_MS) {
		give_up(p, "a worker does not answer");
		return;
	}
	if (k != NULL && k->generation != p->next.generation)
		rules_send(k, &p->next); /* started meanwhile */
	for (unsigned i = 0; i < p->nworker; i++)
		all = all && p->worker[i].ready &&
		    p->worker[i].generation == p->next.generation;
	if (all)
		adopt(p);
}
