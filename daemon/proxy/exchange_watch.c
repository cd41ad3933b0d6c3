/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/exchange_int.h"

#include "base/stat.h"
#include "conf/conf.h"
#include "http/head.h"
#include "proxy/snapshot.h"

static void count(const struct exchange *x, enum stat_service s)
{
	stat_service_add(x->fate.service->index, s, 1);
}

void watch_deny(struct exchange *x, enum why why)
{
	count(
	    x, why == WHY_TELEMETRY ? STAT_SERVICE_SUNK : STAT_SERVICE_DENIED);
}

/* m is the copy, its head treated. */
static void begin(struct exchange *x, struct pipe *p, const struct msg *m,
    const struct plan *plan, const struct env *env, bool *watching)
{
	*watching = m->framing != FRAME_NONE && plan != NULL;
	if (*watching)
		pipe_init(p, m, plan, env, x->conn->snap->conf->collect_bytes);
}

void watch_request(struct exchange *x, const struct plan *plan)
{
	struct msg copy = x->req; /* new text goes to the arena */

	if (plan == NULL)
		return; /* none, or it would have been denied */
	if (head_request(&copy, plan, &x->values_up.env, x->arena) < 0)
		count(x, STAT_SERVICE_ERRORS);
	else
		begin(x, &x->watch_up, &copy, plan, &x->values_up.env,
		    &x->watching_up);
}

void watch_response(struct exchange *x, const struct plan *plan)
{
	struct msg copy = x->res;

	if (plan == NULL)
		return;
	if (head_response(&copy, plan, &x->values_down.env, x->arena) < 0)
		count(x, STAT_SERVICE_ERRORS);
	else
		begin(x, &x->watch_down, &copy, plan, &x->values_down.env,
		    &x->watching_down);
}

static void stop(struct pipe *p, bool *watching)
{
	pipe_fini(p);
	*watching = false;
}

void watch_content(struct exchange *x, bool up, struct span s, bool last)
{
	bool *watching = up ? &x->watching_up : &x->watching_down;
	struct pipe *p = up ? &x->watch_up : &x->watch_down;
	struct span part;
	int err = 0;

	if (!*watching)
		return;
	do {
		part = pipe_step(p, s);
		s = span_from(s, part.n);
		err = pipe_feed(p, part, last && s.n == 0);
		if (pipe_head_ready(p)) /* else it counts what it holds */
			buf_drain(&p->out, buf_len(&p->out));
	} while (err == 0 && s.n > 0 && !pipe_open(p));
	if (err < 0)
		count(x, STAT_SERVICE_ERRORS);
	if (err < 0 || last || pipe_open(p))
		stop(p, watching);
}

void watch_end(struct exchange *x)
{
	if (x->watching_up)
		stop(&x->watch_up, &x->watching_up);
	if (x->watching_down)
		stop(&x->watch_down, &x->watching_down);
}
