/* SPDX-License-Identifier: EUPL-1.2 */
/* upstream_h2 - a request as a stream of a shared connection: HTTP/2. It is not
 * offered to servers yet. */
#include "proxy/upstream_int.h"

#include <errno.h>

#include "http/h2.h"

int upstream_h2_begin(struct server *s)
{
	(void)s;
	return -ENOTSUP;
}

bool upstream_h2_room(const struct server *s)
{
	(void)s;
	return false;
}

void upstream_h2_join(struct upstream *u, struct server *s)
{
	upstream_h1_join(u, s);
}

void h2_free(struct h2 *h)
{
	(void)h;
}

void h2_stop(struct h2 *h)
{
	(void)h;
}
