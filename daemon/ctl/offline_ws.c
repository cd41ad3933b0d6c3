/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/offline_int.h"

#include <errno.h>

#include "body/judge.h"
#include "proxy/egress.h"

int offline_socket(const struct conf *c, const struct offline *request,
    struct span protocol, struct socket_match *ret_match)
{
	return match_socket(c->rules, request->service, &request->subject,
	           protocol, ret_match) < 0
	           ? -ENOMEM
	           : 0;
}

static void deny(struct offline *o, const struct entry *by)
{
	offline_end(o, OFFLINE_DENIED,
	    by->category == CATEGORY_TELEMETRY   ? WHY_TELEMETRY
	    : by->category == CATEGORY_RECORDING ? WHY_RECORDING
	                                         : WHY_DENIED);
	o->place = by->place;
	switch (by->socket->fate) {
	case MESSAGE_SOCKET:
	case MESSAGE_DROP:
		o->sink = SPAN("nothing");
		break;
	case MESSAGE_ANSWER:
		o->sink = SPAN("a message");
		break;
	case MESSAGE_CLOSE:
		o->sink = SPAN("a close frame");
		break;
	}
}

/* By the rules of its way; what is left is in o->body. */
static int judge(struct offline *o, const struct message_rules *rules,
    const struct offline_message *in)
{
	const struct entry *by;
	struct env e = offline_env(o);
	int r = rules == NULL ? JUDGE_UNREAD
	                      : judge_message(rules, &e, in->text, in->content,
	                            &o->body, &by);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		offline_end(o, OFFLINE_BROKEN,
		    in->up ? WHY_BAD_BODY : WHY_BAD_ANSWER_BODY);
	else if (r == JUDGE_DENIED)
		deny(o, by);
	else
		offline_end(o, OFFLINE_PASSED, WHY_DONE);
	o->unread = r == JUDGE_UNREAD;
	if (r == JUDGE_UNREAD || r == JUDGE_SAME)
		return buf_add_span(&o->body, in->content);
	return 0;
}

int offline_message(const struct conf *c, const struct offline *request,
    const struct socket_match *match, const struct offline_message *in,
    struct offline *o)
{
	int err = offline_begin(o, c);

	if (err < 0)
		return err;
	o->service = request->service;
	o->pattern = request->pattern;
	o->subject = request->subject;
	o->msg.request = in->up;
	if (offline_keys(o, c, request->scope.meeting) < 0)
		return -ENOMEM;
	err = judge(o, in->up ? match->up : match->down, in);
	if (err < 0 || !in->up || o->end != OFFLINE_PASSED || c->guard == NULL)
		return err < 0 ? -ENOMEM : 0;
	err = egress_message(c, buf_span(&o->body));
	if (err == -EACCES)
		offline_end(o, OFFLINE_DENIED, WHY_GUARD);
	else if (err < 0)
		offline_end(o, OFFLINE_BROKEN, WHY_BAD_BODY);
	return 0;
}
