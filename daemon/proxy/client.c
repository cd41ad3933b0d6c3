/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/client.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/span.h"
#include "base/stat.h"

#define CLIENTS_MAX 65536

struct client_count {
	unsigned char addr[16];
	size_t len;
	unsigned n, requests;
	uint64_t interval, used; /* in it: services, a bit each */
};

_Static_assert(STAT_SERVICES_MAX <= 64, "a bit for each service");

static struct hash *clients;

static struct span key_of(const struct client_count *c)
{
	return span_of((const char *)c->addr, c->len);
}

static size_t address(const struct sockaddr *from, unsigned char out[16])
{
	if (from->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)from;

		memcpy(out, &in->sin_addr, 4);
		return 4;
	}
	if (from->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)from;

		memcpy(out, &in6->sin6_addr, 16);
		return 16;
	}
	return 0;
}

struct client_count *client_enter(const struct sockaddr *from, unsigned max)
{
	struct client_count one = { .n = 0 }, *c;

	one.len = address(from, one.addr);
	if (clients == NULL && (clients = hash_new(CLIENTS_MAX)) == NULL)
		return NULL;
	c = hash_get(clients, key_of(&one));
	if (c == NULL) {
		c = malloc(sizeof *c);
		if (c == NULL)
			return NULL;
		*c = one;
		if (hash_put(clients, key_of(c), c) < 0) {
			free(c);
			return NULL;
		}
	} else if (c->n >= max) {
		return NULL;
	}
	c->n++;
	return c;
}

bool client_asks(struct client_count *c, unsigned max)
{
	if (c != NULL && c->requests >= max)
		return false;
	if (c != NULL)
		c->requests++;
	return true;
}

void client_answered(struct client_count *c)
{
	if (c != NULL)
		c->requests--;
}

bool client_first(struct client_count *c, unsigned service, uint64_t interval)
{
	uint64_t bit = (uint64_t)1 << service % STAT_SERVICES_MAX;

	if (c == NULL)
		return true;
	if (c->interval != interval)
		c->used = 0;
	c->interval = interval;
	if ((c->used & bit) != 0)
		return false;
	c->used |= bit;
	return true;
}

void client_leave(struct client_count *c)
{
	if (c == NULL || --c->n > 0)
		return;
	hash_del(clients, key_of(c));
	free(c);
}
