/* SPDX-License-Identifier: EUPL-1.2 */
/* sparsamctl check - the configuration and the packs, as the daemon reads them.
 */
#include <stdio.h>

#include "conf/parties.h"
#include "ctl/cmd_int.h"
#include "engine/guard.h"
#include "net/clock.h"
#include "tls/ca.h"

static void say_service(const struct conf_service *s, const struct service *v)
{
	if (s->mode == CONF_OFF) {
		printf("%.*s: off%s\n", SPAN_ARG(s->id),
		    v->retired ? " (retired)" : "");
		return;
	}
	printf("%.*s: %s, %s", SPAN_ARG(s->id),
	    s->mode == CONF_OBSERVE ? "observe (passes unchanged)" : "enforce",
	    s->refused == WHY_DONE ? "active" : why_text_en(s->refused));
	if (s->refused == WHY_DONE && s->inspect)
		printf(", inspected");
	else if (s->refused == WHY_DONE)
		printf(", never decrypted (missing: %s)", s->closed);
	if (s->refused == WHY_DONE)
		printf(", up to level %u", s->max_case);
	if (s->refused == WHY_AGREEMENT_EXPIRED)
		printf("; its last day was %.*s", SPAN_ARG(s->agreement_until));
	if (s->refused == WHY_RETIRED)
		printf(" since %.*s; successor: %.*s",
		    SPAN_ARG(v->retired_since), SPAN_ARG(v->successor));
	else if (s->refused != WHY_DONE && s->lacks != NULL)
		printf("; missing: %s", s->lacks);
	if (s->refused == WHY_DONE && s->days_left != INT32_MAX)
		printf(", agreement %.*s ends in %d days",
		    SPAN_ARG(s->agreement_id), s->days_left);
	printf("\n");
}

/* What the agreement leaves open, and does not know of the pack's third parties:
 * no reason to refuse, but to be told. */
static void say_findings(const struct conf_service *s, const struct service *v)
{
	const struct agreed *a = &s->others;

	if (s->mode == CONF_OFF || v->retired || s->agreement_id.n == 0)
		return;
	for (unsigned i = 0; i < AGREEMENT_FINDINGS; i++)
		if ((s->findings & 1u << i) != 0)
			printf("%.*s: finding: %s\n", SPAN_ARG(s->id),
			    agreement_finding((enum finding_of_agreement)i));
	for (uint32_t i = 0; i < v->nparty; i++)
		if (!parties_known(&v->party[i], a))
			printf("%.*s: finding: subprocessors lack %.*s (%.*s), "
			       "behind hosts of the pack (%s:%u)\n",
			    SPAN_ARG(s->id), SPAN_ARG(v->party[i].name),
			    SPAN_ARG(v->party[i].country),
			    v->party[i].place.file, v->party[i].place.line);
	for (uint32_t i = 0; i < v->nparty; i++)
		if (!parties_place(v->party[i].country, a))
			printf("%.*s: finding: processing_places lack %.*s, the "
			       "country of %.*s\n",
			    SPAN_ARG(s->id), SPAN_ARG(v->party[i].country),
			    SPAN_ARG(v->party[i].name));
	if (!a->own && !span_eq(v->operator_seat, SPAN("ZZ")) &&
	    !parties_place(v->operator_seat, a))
		printf("%.*s: finding: processing_places lack %.*s, the seat of "
		       "the operator\n",
		    SPAN_ARG(s->id), SPAN_ARG(v->operator_seat));
}

/* Which rules apply where two services in use need the same hosts. */
static void say_shared(const struct conf_service *s)
{
	if (s->nshared > 0)
		printf("%.*s: hosts that go by the rules of %.*s, which comes "
		       "first or names them itself: %u, the first is %.*s\n",
		    SPAN_ARG(s->id), SPAN_ARG(s->shared_with), s->nshared,
		    SPAN_ARG(s->shared));
}

/* Networks whose level no service in use reaches: all is refused there. */
static void say_levels(const struct conf *c)
{
	unsigned most = 0, active = 0;

	for (unsigned i = 0; i < c->nservice; i++)
		if (c->service[i].refused == WHY_DONE && ++active > 0 &&
		    c->service[i].max_case > most)
			most = c->service[i].max_case;
	for (unsigned i = 0; i < c->nclient && active > 0; i++)
		if (c->client[i].level > most)
			printf("warning: network %u of clients is of level %u, "
			       "no service in use serves more than level %u: "
			       "everything is refused there\n",
			    i + 1, c->client[i].level, most);
}

/* The egress guard looks at Host, too: a text of never that is in the name of a
 * host refuses all that goes there. */
static void say_never(const struct conf *c, const struct conf_service *s,
    const struct service *v)
{
	const struct host_line *first = NULL;
	unsigned n = 0;

	for (uint32_t i = 0; i < v->nhost; i++) {
		const struct host_line *h = &v->host[i];
		struct guard_scan scan;

		guard_init(&scan);
		if (s->mode == CONF_OFF || h->verdict != VERDICT_INSPECT ||
		    guard_feed(c->guard, &scan, h->pattern) == 0)
			continue;
		first = n++ == 0 ? h : first;
	}
	if (n > 0)
		printf("%.*s: warning: a text of never is in the names of %u "
		       "hosts, the first is %.*s (%s:%u): all requests to "
		       "them are refused\n",
		    SPAN_ARG(s->id), n, SPAN_ARG(first->pattern),
		    first->place.file, first->place.line);
}

/* A pack that came later has domains that the intermediate may not sign for. */
static void say_ca(const struct conf *c)
{
	const char *domain[CA_DOMAINS_MAX], *first = NULL;
	unsigned all = conf_domains(c, domain, CA_DOMAINS_MAX), n = 0;
	char err[200] = "";
	struct ca *ca;

	if (c->ca_pem.n == 0) {
		printf(
		    "no certificate authority in %s yet: sparsamctl ca init\n",
		    c->ca_dir);
		return;
	}
	ca = ca_open(c->ca_dir, err);
	if (ca == NULL) {
		printf("certificate authority not looked at: %s\n", err);
		return;
	}
	for (unsigned i = 0; i < all; i++)
		if (ca_covers(ca, span_str(domain[i]), clock_unix_s()) < 0)
			first = n++ == 0 ? domain[i] : first;
	if (n > 0)
		printf("warning: the certificate authority does not cover %u "
		       "domains of the packs, or has expired; the first is %s: "
		       "sparsamctl ca renew\n",
		    n, first);
	ca_close(ca);
}

int cmd_check(struct tool *t)
{
	struct conf *c;

	if (t->argc > 0)
		return tool_usage(CMD_CHECK);
	c = tool_conf(t);
	if (c == NULL)
		return EXIT_NO;
	printf("%s: good; %u listeners, %u client networks\n", t->conf_path,
	    c->nlisten, c->nclient);
	for (unsigned i = 0; i < c->nservice; i++) {
		const struct conf_service *s = &c->service[i];
		const struct service *v = ruleset_at(c->rules, i);

		say_service(s, v);
		say_shared(s);
		say_findings(s, v);
		say_never(c, s, v);
	}
	say_levels(c);
	say_ca(c);
	conf_unref(c);
	return EXIT_GOOD;
}
