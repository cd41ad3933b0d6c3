/* SPDX-License-Identifier: EUPL-1.2 */
/* conf - sparsamd.conf and the packs it names, as one counted snapshot. A
 * snapshot never changes; a reload makes a new one. */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/span.h"
#include "conf/bundle.h"
#include "engine/ruleset.h"

#define CONF_LISTEN_MAX 16
#define CONF_CLIENTS_MAX 256
#define CONF_CONNECT_TO_MAX 64
#define CONF_NEVER_HOLD_MAX 1536 /* bytes */
#define CONF_DOMAIN_MAX 100 /* bytes of pseudonym.domain */
#define CONF_ERR_BYTES 600

struct conf_net {
	sa_family_t family;      /* AF_INET or AF_INET6 */
	unsigned char addr[16];
	uint8_t bits;
	uint8_t level;           /* 1 to 4: protection level of these clients */
};

/* Static answer instead of DNS: host glob (as in packs), port, where to. */
struct conf_connect_to {
	struct span host;
	uint16_t port;           /* 0: any */
	const char *to;          /* "127.0.0.1:8443" */
};

/* What an agreement says of others that take part in the processing. */
struct subprocessor {
	struct span name, country;
	const struct span *host; /* patterns */
	uint32_t nhost;
	const struct conf_net *net;
	uint32_t nnet;
};

struct agreed {
	const struct subprocessor *sub;
	uint32_t nsub;
	const struct span *place; /* countries of processing; none: not said */
	uint32_t nplace;
	bool own; /* own operation: the operator's seat does not count */
};

enum finding_of_agreement {
#define FINDING_ROW(name, text) AGREEMENT_##name,
#include "conf/agreement.tbl"
#undef FINDING_ROW
	AGREEMENT_FINDINGS
};

/* References of the inspection block, as written; "" what is not there. */
struct inspection {
	struct span basis, dpia, council, notice;
};

struct conf_service {
	struct span id;
	bool named;              /* an entry of services names it */
	enum { CONF_OFF, CONF_OBSERVE, CONF_ENFORCE } mode;
	enum why refused;        /* WHY_DONE: agreement valid today */
	bool inspect;
	struct span agreement_id, agreement_until; /* "" when none */
	int32_t days_left;       /* until the agreement ends or is due for review;
				  * INT32_MAX: never */
	int32_t last_day;        /* of it, as a day of conf/date.h; the same */
	uint8_t max_case;
	const char *pack;        /* path of the pack file */
	const char *lacks;       /* what the agreement lacks, or NULL */
	const char *closed;      /* the reference that opening lacks, or NULL */
	uint32_t nshared;        /* hosts that may be reached, of an include, and
				  * that an active service before this one has */
	struct span shared;      /* the first of these, */
	struct span shared_with; /* and the id of that service */
	uint32_t findings;       /* bits 1 << AGREEMENT_*: no reason to refuse */
	struct agreed others;
	struct inspection inspection;
};

struct conf {
	unsigned refs;
	struct arena *arena;
	struct ruleset *rules;   /* one reference; those that are off too,
				  * refused with WHY_SERVICE_OFF */

	const char *listen[CONF_LISTEN_MAX];
	unsigned nlisten;
	struct conf_net client[CONF_CLIENTS_MAX];
	unsigned nclient;
	struct conf_connect_to connect_to[CONF_CONNECT_TO_MAX];
	unsigned nconnect_to;
	const char *resolver[4];
	unsigned nresolver;
	struct guard *guard;     /* never: what must not leave; NULL: no texts */
	uint32_t never_hold;     /* bytes of its longest text with every
				  * character escaped (\uXXXX); at most
				  * CONF_NEVER_HOLD_MAX */
	/* Those switched on first, then those off, then the packs that no entry
	 * of services names (off too); each at the index of its struct
	 * service, and in the order of ruleset_at. */
	struct conf_service service[RULE_SERVICES_MAX];
	unsigned nservice;
	struct span trust_pem;   /* text of the trust store */
	struct span ca_pem, ca_der; /* root for clients; empty before ca init */
	const char **domain;     /* for conf_domains */
	unsigned ndomain;
	struct hash *owner;      /* domain to struct service, for conf_owner */

	/* SHA-256 of the files it was made of, in hex, or "": set by whoever has
	 * read them (ctl/policy_hash.h), for there is no cryptography here. */
	char policy_sha256[65];

	/* Scalars, from conf.tbl: name, type, default, range and text. */
#define CONF_STRING(path, member, def, text) const char *member;
#define CONF_NUMBER(path, member, def, least, most, unit, text) uint32_t member;
#define CONF_FLAG(path, member, def, text) bool member;
#include "conf/conf.tbl"
#undef CONF_STRING
#undef CONF_NUMBER
#undef CONF_FLAG
};

/* Read path and everything it names into a bundle. 0, or negative errno with a
 * sentence in err ("FILE: cannot be read: ..."). */
int conf_gather(const char *path, struct bundle **ret_bundle,
    char err[CONF_ERR_BYTES]);

/* Parse and check everything in b (path: the name of sparsamd.conf in it).
 * now: UTC seconds, for the agreements. 0; -EINVAL with "FILE:LINE: what was
 * found, what was expected" in err; -ENOMEM. *ret_conf has one reference. */
int conf_load(const struct bundle *b, const char *path, int64_t now,
    struct conf **ret_conf, char err[CONF_ERR_BYTES]);

/* A finding as a sentence. */
const char *agreement_finding(enum finding_of_agreement f);

struct conf *conf_ref(struct conf *c);
void conf_unref(struct conf *c); /* NULL is fine */

/* The client network with the longest prefix, or NULL: not allowed. IPv4-mapped
 * IPv6 addresses are looked up as IPv4. */
const struct conf_net *conf_client(
    const struct conf *c, const struct sockaddr *from);
/* connect_to for host and port, or NULL. */
const char *conf_connect(const struct conf *c, struct span host, uint16_t port);
/* Base domains of all services (mode not off), for the CA's name constraints
 * and the PAC file: "zoom.us" for "*.zoom.us" and "us04.zoom.us". Fills out,
 * sorted, without doubles; how many. A domain is the pattern without its
 * labels that have a '*', at least two labels; a plain host of a third party
 * (www.google.com) stands for itself. */
unsigned conf_domains(const struct conf *c, const char **out, unsigned max);
/* The service (mode not off) that has host or a domain above it among its base
 * domains, the first of them in the file; *ret_base is that end of host. NULL:
 * none. */
const struct service *conf_owner(
    const struct conf *c, struct span host, struct span *ret_base);

#endif
