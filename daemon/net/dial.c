/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/dial.h"

#include <errno.h>
#include <stdlib.h>

#include <event2/dns.h>
#include <event2/util.h>

#include "net/addr.h"
#include "net/clock.h"
#include "net/loop.h"

#define HOST_MAX 253 /* bytes of a name in DNS */

static struct evdns_base *dns;

/* One address on its way. */
struct attempt {
	struct dial *dial;
	struct stream *stream; /* owned; NULL: not begun, or failed */
};

struct dial {
	uint16_t port;
	bool allow_private;
	dial_done_f *done; /* NULL: has run or was cancelled */
	void *arg;
	struct evdns_getaddrinfo_request *ask;
	struct addr addr[DIAL_ADDRESSES_MAX];
	struct attempt attempt[DIAL_ADDRESSES_MAX];
	unsigned n, begun, open;
	int err;              /* what to say when nothing works */
	struct deadline next; /* begin the next attempt */
	struct deadline end;
	struct loop_soon soon;
	struct loop_later later;
};

static int add_servers(const char *const *server, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct addr a;

		if (addr_parse_port(span_str(server[i]), 53, &a) < 0)
			return -EINVAL;
		/* The port is a part of the address here. */
		if (evdns_base_nameserver_sockaddr_add(
		        dns, &a.u.any, a.len, 0) != 0)
			return -ENOMEM;
	}
	return 0;
}

int dial_init(const char *const *server, unsigned n)
{
	int err = 0;

	dns = evdns_base_new(loop_base(), EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (dns == NULL)
		return -ENOMEM;
	if (n > 0) {
		(void)evdns_base_load_hosts(dns, "/etc/hosts");
		err = add_servers(server, n);
	} else {
		/* Without DNS_OPTION_SEARCH: a name that does not exist must
		 * not be tried again below our own domain. */
		(void)evdns_base_resolv_conf_parse(dns,
		    DNS_OPTION_NAMESERVERS | DNS_OPTION_MISC |
		        DNS_OPTION_HOSTSFILE,
		    "/etc/resolv.conf");
		evdns_base_search_clear(dns);
	}
	if (err < 0)
		dial_fini();
	return err;
}

void dial_fini(void)
{
	if (dns != NULL)
		evdns_base_free(dns, 1);
	dns = NULL;
}

static void free_later(void *arg)
{
	struct dial *d = arg;

	/* The answer to a cancelled question still comes, and needs us. */
	if (d->ask == NULL)
		free(d);
}

static void stop(struct dial *d)
{
	d->done = NULL;
	deadline_fini(&d->next);
	deadline_fini(&d->end);
	loop_soon_cancel(&d->soon);
	for (unsigned i = 0; i < d->begun; i++) {
		stream_close(d->attempt[i].stream);
		d->attempt[i].stream = NULL;
	}
	if (d->ask != NULL)
		evdns_getaddrinfo_cancel(d->ask);
	else
		loop_later(&d->later, free_later, d);
}

void dial_cancel(struct dial *d)
{
	if (d != NULL && d->done != NULL)
		stop(d);
}

static void finish(struct dial *d, int err, struct stream *s)
{
	dial_done_f *done = d->done;
	void *arg = d->arg;

	stop(d);
	done(arg, err, s);
}

static void begin_next(struct dial *d);

static void on_ready(void *arg, int err)
{
	struct attempt *a = arg;
	struct dial *d = a->dial;
	struct stream *s = a->stream;

	if (err == 0) {
		a->stream = NULL;
		stream_set_ops(s, NULL, NULL);
		finish(d, 0, s);
		return;
	}
	stream_close(s);
	a->stream = NULL;
	d->open--;
	d->err = err;
	begin_next(d);
}

static void on_end(void *arg, int err)
{
	on_ready(arg, err < 0 ? err : -ECONNRESET);
}

static const struct stream_ops attempt_ops = {
	.on_ready = on_ready,
	.on_end = on_end,
};

/* The next address; the end when there is none and nothing is open. */
static void begin_next(struct dial *d)
{
	while (d->begun < d->n) {
		const struct addr *to = &d->addr[d->begun];
		struct attempt *a = &d->attempt[d->begun++];

		a->dial = d;
		a->stream = stream_dial(&to->u.any, to->len, &attempt_ops, a);
		if (a->stream != NULL) {
			d->open++;
			if (d->begun < d->n)
				(void)deadline_set(&d->next, DIAL_NEXT_MS);
			return;
		}
		d->err = -errno;
	}
	if (d->open == 0)
		finish(d, d->err, NULL);
}

static void on_next(void *arg)
{
	begin_next(arg);
}

static void on_end_of_time(void *arg)
{
	finish(arg, -ETIMEDOUT, NULL);
}

static void on_soon(void *arg)
{
	begin_next(arg);
}

static bool allowed(const struct dial *d, const struct addr *a)
{
	switch (addr_kind(a)) {
	case ADDR_PUBLIC:
		return true;
	case ADDR_PRIVATE:
		return d->allow_private;
	case ADDR_NEVER:
		break;
	}
	return false;
}

static bool is_v6(const struct addr *a)
{
	return a->u.any.sa_family == AF_INET6;
}

/* One family after the other in turn (RFC 8305, 4), the first one first. */
static void interleave(struct dial *d)
{
	for (unsigned i = 1; i < d->n; i++) {
		unsigned j = i;
		struct addr a;

		while (j < d->n && is_v6(&d->addr[j]) == is_v6(&d->addr[i - 1]))
			j++;
		if (j == d->n)
			return;
		a = d->addr[j];
		memmove(&d->addr[i + 1], &d->addr[i], (j - i) * sizeof a);
		d->addr[i] = a;
	}
}

/* Up to half of the places for each family, the rest for who has more. */
static void take(struct dial *d, const struct evutil_addrinfo *list)
{
	unsigned v4 = 0, v6 = 0, max4, max6;
	struct addr a;

	for (const struct evutil_addrinfo *i = list; i; i = i->ai_next)
		if (addr_copy(i->ai_addr, d->port, &a) == 0 && allowed(d, &a))
			*(is_v6(&a) ? &v6 : &v4) += 1;
	max6 = v4 < DIAL_ADDRESSES_MAX / 2 ? DIAL_ADDRESSES_MAX - v4
	                                   : DIAL_ADDRESSES_MAX / 2;
	max4 = DIAL_ADDRESSES_MAX - (v6 < max6 ? v6 : max6);
	for (const struct evutil_addrinfo *i = list; i; i = i->ai_next) {
		unsigned *left;

		if (addr_copy(i->ai_addr, d->port, &a) < 0 || !allowed(d, &a))
			continue;
		left = is_v6(&a) ? &max6 : &max4;
		if (*left > 0) {
			d->addr[d->n++] = a;
			--*left;
		}
	}
	interleave(d);
}

static int dns_error(int result)
{
	if (result == EVUTIL_EAI_MEMORY)
		return -ENOMEM;
	if (result == EVUTIL_EAI_AGAIN || result == EVUTIL_EAI_SYSTEM)
		return -ETIMEDOUT;
	return -ENOENT;
}

static void on_answer(int result, struct evutil_addrinfo *list, void *arg)
{
	struct dial *d = arg;

	d->ask = NULL;
	if (d->done == NULL) { /* cancelled */
		loop_later(&d->later, free_later, d);
	} else if (result != 0) {
		d->err = dns_error(result);
		loop_soon(&d->soon);
	} else {
		take(d, list);
		d->err = d->n > 0 ? -ECONNREFUSED : -EACCES;
		loop_soon(&d->soon);
	}
	if (list != NULL)
		evutil_freeaddrinfo(list);
}

static void ask(struct dial *d, struct span host)
{
	struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_protocol = IPPROTO_TCP };
	struct evdns_getaddrinfo_request *r;
	char name[HOST_MAX + 1];

	if (host.n == 0 || host.n > HOST_MAX ||
	    memchr(host.p, '\0', host.n) != NULL || dns == NULL) {
		d->err = -ENOENT;
		loop_soon(&d->soon);
		return;
	}
	memcpy(name, host.p, host.n);
	name[host.n] = '\0';
	/* NULL: the answer has already come, in there. */
	r = evdns_getaddrinfo(dns, name, NULL, &hints, on_answer, d);
	if (r != NULL)
		d->ask = r;
}

static void start(struct dial *d, struct span host, const char *to)
{
	bool literal = to != NULL ? addr_parse_port(
	                                span_str(to), d->port, &d->addr[0]) == 0
	                          : addr_parse(host, d->port, &d->addr[0]) == 0;

	if (!literal && to == NULL) {
		ask(d, host);
		return;
	}
	if (!literal)
		d->err = -EINVAL;
	else if (to == NULL && !allowed(d, &d->addr[0]))
		d->err = -EACCES;
	else
		d->n = 1;
	loop_soon(&d->soon);
}

struct dial *dial_start(struct span host, uint16_t port, const char *to,
    bool allow_private, dial_done_f *done, void *arg)
{
	struct dial *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->port = port;
	d->allow_private = allow_private;
	d->done = done, d->arg = arg;
	deadline_init(&d->next, on_next, d);
	deadline_init(&d->end, on_end_of_time, d);
	loop_soon_init(&d->soon, on_soon, d);
	if (deadline_set(&d->end, DIAL_MAX_MS) < 0) {
		free(d);
		return NULL;
	}
	start(d, host, to);
	return d;
}
