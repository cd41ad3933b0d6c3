/* SPDX-License-Identifier: EUPL-1.2 */
/* keys: the same value has the same name on two gateways with one chain, and
 * another for another service, meeting or day; it comes back, until its key is
 * gone. Linked with --wrap=malloc,calloc,realloc. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "lib/tap.h"
#include "proxy/keys.h"
#include "tls/derive.h"
#include "unit/tls/taken.h"

#define DAY 20782u
#define DOMAIN SPAN("gateway.invalid")
#define VALUE_MAX 2048

static const struct service one = { .id = { "one", 3 } },
                            two = { .id = { "two", 3 } };

static const char *const value[] = { "0f8fad5b-d9cb-469f-a165-70867728950e",
	"84512340987", "9a3fc28be17d04", "erika@amt.example.de",
	"https://konferenz.amt.example.de/r/7", "Erika Mustermann" };
#define VALUES (sizeof value / sizeof *value)

/* The worker of a gateway that turned its copy of the chain to a day. */
static void begin(const unsigned char chain[DERIVE_KEY_BYTES], unsigned days)
{
	unsigned char key[DERIVE_KEY_BYTES], epoch[DERIVE_KEY_BYTES];

	memcpy(key, chain, sizeof key);
	for (unsigned i = 0; i < days; i++)
		(void)derive_next(key);
	(void)derive_epoch(key, DAY + days, epoch);
	keys_epoch(DAY + days, epoch);
}

struct names {
	char text[VALUES][VALUE_MAX];
	unsigned char alias[16];
};

static bool make(const struct service *s, const char *meeting, struct names *n)
{
	struct keys_scope k;
	struct buf out;
	int err = 0;

	keys_scope(&k, s, span_str(meeting));
	buf_init(&out, VALUE_MAX);
	for (size_t i = 0; i < VALUES && err == 0; i++) {
		buf_reset(&out);
		err = keys_pseudonym(&k, DOMAIN, span_str(value[i]), &out);
		snprintf(
		    n->text[i], VALUE_MAX, "%.*s", SPAN_ARG(buf_span(&out)));
	}
	buf_fini(&out);
	keys_prf(&k, span_str(value[0]), n->alias);
	return err == 0;
}

/* How many of the names become their values again. */
static unsigned back(
    const struct service *s, const char *meeting, const struct names *n)
{
	struct keys_scope k;
	struct buf out;
	unsigned good = 0;

	keys_scope(&k, s, span_str(meeting));
	buf_init(&out, VALUE_MAX);
	for (size_t i = 0; i < VALUES; i++) {
		buf_reset(&out);
		if (keys_restore(&k, DOMAIN, span_str(n->text[i]), &out) == 0)
			good += span_eq(buf_span(&out), span_str(value[i]));
	}
	buf_fini(&out);
	return good;
}

static bool same(const struct names *a, const struct names *b)
{
	for (size_t i = 0; i < VALUES; i++)
		if (strcmp(a->text[i], b->text[i]) != 0)
			return false;
	return memcmp(a->alias, b->alias, sizeof a->alias) == 0;
}

static bool unlike(const struct names *a, const struct names *b)
{
	for (size_t i = 0; i < VALUES; i++)
		if (strcmp(a->text[i], b->text[i]) == 0 ||
		    strcmp(a->text[i], value[i]) == 0)
			return false;
	return memcmp(a->alias, b->alias, sizeof a->alias) != 0;
}

static const unsigned char chain[DERIVE_KEY_BYTES] = "a chain key of one day";

static void test_same(void)
{
	static struct names a, b, c, d, e;

	begin(chain, 3);
	tap_ok(make(&one, "", &a) && make(&two, "", &c) &&
	           make(&one, "845", &d) && make(&one, "846", &e),
	    "names on one gateway");
	tap_int(back(&one, "", &a), VALUES, "come back");
	tap_int(back(&one, "845", &d), VALUES, "those of a meeting, too");
	keys_fini(); /* another process */
	begin(chain, 3);
	tap_int(back(&one, "", &a), VALUES, "come back on another one");
	tap_int(back(&one, "845", &d), VALUES, "those of a meeting, too");
	tap_ok(make(&one, "", &b) && same(&a, &b), "are the same there");
	tap_ok(make(&one, "845", &b) && same(&d, &b), "in a meeting, too");
	tap_ok(unlike(&a, &c), "are others for another service");
	tap_ok(unlike(&a, &d), "are others in a meeting");
	tap_ok(unlike(&d, &e), "are others in another meeting");
	tap_int(back(&two, "", &a), 0, "do not come back for another service");
	tap_int(back(&one, "845", &a), 0, "nor in a meeting");
	tap_int(back(&one, "", &d), 0, "nor those of a meeting outside");
	tap_int(back(&one, "846", &d), 0, "nor in another one");
	begin(chain, 4);
	tap_ok(make(&one, "", &b) && unlike(&a, &b), "are others a day later");
	tap_ok(make(&one, "845", &b) && unlike(&d, &b), "in a meeting, too");
	tap_int(back(&one, "", &a), 0, "do not come back a day later");
	tap_int(back(&one, "845", &d), 0, "nor in a meeting");
	keys_fini();
}

/* An exchange that began before the change of the day. */
static void test_midnight(void)
{
	static struct names n;
	struct keys_scope k;
	struct buf out;

	begin(chain, 0);
	keys_scope(&k, &one, SPAN("845"));
	tap_ok(make(&one, "845", &n), "names");
	buf_init(&out, VALUE_MAX);
	tap_int(keys_restore(&k, DOMAIN, span_str(n.text[1]), &out), 0, "back");
	begin(chain, 0);
	tap_int(keys_restore(&k, DOMAIN, span_str(n.text[1]), &out), 0,
	    "the same key again changes nothing");
	begin(chain, 1);
	buf_reset(&out);
	for (size_t i = 0; i < VALUES; i++)
		tap_int(keys_restore(&k, DOMAIN, span_str(n.text[i]), &out), 1,
		    "%s: left alone", value[i]);
	tap_ok(buf_len(&out) == 0, "nothing is added");
	tap_int(keys_pseudonym(&k, DOMAIN, span_str(value[1]), &out), 0,
	    "what still leaves has a name");
	tap_ok(!span_eq(buf_span(&out), span_str(n.text[1])), "of today");
	buf_fini(&out);
	keys_fini();
}

static void test_none(void)
{
	unsigned char a[16], b[16];
	struct keys_scope k;
	struct buf out;

	buf_init(&out, VALUE_MAX);
	keys_scope(&k, &one, SPAN(""));
	tap_ok(!keys_ready(), "no key");
	tap_int(keys_pseudonym(&k, DOMAIN, SPAN("a"), &out), -EIO, "no name");
	tap_ok(keys_restore(&k, DOMAIN, SPAN("a"), &out) != 0, "no way back");
	keys_prf(&k, SPAN("a"), a);
	keys_prf(&k, SPAN("a"), b);
	tap_ok(memcmp(a, b, sizeof a) != 0, "no alias is ever the same");
	buf_fini(&out);
}

/* Ids that would be read as others: long ones, and one that continues the
 * service's. */
static void test_ids(void)
{
	static const struct service half = { .id = { "on", 2 } };
	static struct names a, b;
	char id[2][4000];

	begin(chain, 0);
	memset(id, '7', sizeof id);
	id[0][3999] = id[1][3999] = '\0';
	id[1][3998] = '8';
	tap_ok(make(&one, id[0], &a) && make(&one, id[1], &b) && unlike(&a, &b),
	    "long ids that differ at their end");
	tap_int(back(&one, id[0], &a), VALUES, "come back");
	tap_ok(make(&one, "7", &a) && make(&half, "e7", &b) && unlike(&a, &b),
	    "a border between service and meeting");
	keys_fini();
}

/* More meetings than are kept ready, then the first ones again. */
static void test_many(void)
{
	enum { MEETINGS = 4 * KEYS_SCOPES_MAX };
	static char first[MEETINGS][32];
	bool good = true;
	char id[16];

	begin(chain, 0);
	for (unsigned turn = 0; turn < 2; turn++)
		for (unsigned i = 0; i < MEETINGS; i++) {
			struct keys_scope k;
			struct buf out;

			snprintf(id, sizeof id, "%u", 1000 + i);
			keys_scope(&k, &one, span_str(id));
			buf_init(&out, VALUE_MAX);
			good &= keys_pseudonym(
			            &k, DOMAIN, SPAN("84512340987"), &out) == 0;
			if (turn == 0)
				snprintf(first[i], sizeof first[i], "%.*s",
				    SPAN_ARG(buf_span(&out)));
			good &= span_eq(buf_span(&out), span_str(first[i]));
			buf_fini(&out);
		}
	tap_ok(good, "%u meetings in turn keep their names", MEETINGS);
	keys_fini();
}

static void test_memory(void)
{
	struct keys_scope k[3];
	struct buf out;
	unsigned long before = 0;
	bool good = true;

	begin(chain, 0);
	keys_scope(&k[0], &one, SPAN(""));
	keys_scope(&k[1], &one, SPAN("845"));
	keys_scope(&k[2], &two, SPAN("845"));
	buf_init(&out, VALUE_MAX);
	(void)buf_reserve(&out, VALUE_MAX);
	for (unsigned i = 0; i < 3000; i++) {
		struct span v = span_str(value[i % VALUES]);

		if (i == 2 * 3 * VALUES)
			before = taken;
		buf_truncate(&out, 0);
		good &= keys_pseudonym(&k[i % 3], DOMAIN, v, &out) == 0;
		(void)keys_restore(&k[i % 3], DOMAIN, buf_span(&out), &out);
	}
	tap_ok(good, "3000 names");
	tap_int((long long)(taken - before), 0, "no memory for a value");
	buf_fini(&out);
	keys_fini();
}

int main(void)
{
	if (!taken_openssl())
		tap_ok(false, "OpenSSL's allocations can be counted");
	test_none();
	test_same();
	test_midnight();
	test_ids();
	test_many();
	test_memory();
	return tap_done();
}
