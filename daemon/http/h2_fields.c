/* SPDX-License-Identifier: EUPL-1.2 */
/* A msg becomes a field block (RFC 9113, 8.2 and 8.3). Names are made lower
 * case by libnghttp2, which copies everything into one piece. */
#include "http/h2_int.h"

#include <errno.h>
#include <stdio.h>

#include "http/h1_int.h"

#define SECRET_MAX_BYTES                                                       \
	20 /* shorter cookies could be guessed (RFC 7541, 7.1.3) */

static void add(
    struct h2_fields *x, struct span name, struct span value, uint8_t flags)
{
	x->nv[x->n++] = (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name.p,
		.value = (uint8_t *)(uintptr_t)(value.n > 0 ? value.p : ""),
		.namelen = name.n,
		.valuelen = value.n,
		.flags = flags,
	};
}

/* One field for each cookie, so that the index can keep those that stay. */
static void add_cookies(struct h2_fields *x, struct span name, struct span v)
{
	do {
		size_t n =
		    x->crumbs < H2_CRUMBS_MAX ? span_find(v, SPAN("; ")) : v.n;
		struct span crumb = span_of(v.p, n);

		if (n < v.n)
			x->crumbs++;
		v = span_from(v, n < v.n ? n + 2 : n);
		add(x, name, crumb,
		    crumb.n < SECRET_MAX_BYTES ? NGHTTP2_NV_FLAG_NO_INDEX
		                               : NGHTTP2_NV_FLAG_NONE);
	} while (v.n > 0);
}

/* Told by the framing or the pseudo fields, or of one connection. */
static bool passed_over(const struct msg *m, enum field_id id)
{
	return id == FIELD_CONNECTION || id == FIELD_KEEP_ALIVE ||
	       id == FIELD_PROXY_CONNECTION || id == FIELD_TRANSFER_ENCODING ||
	       id == FIELD_UPGRADE || id == FIELD_CONTENT_LENGTH ||
	       id == FIELD_TE || (id == FIELD_HOST && m->request);
}

static void add_field(struct h2_fields *x, const struct field *f)
{
	if (f->id == FIELD_COOKIE)
		add_cookies(x, f->name, f->value);
	else
		add(x, f->name, f->value,
		    f->id == FIELD_AUTHORIZATION ||
		            f->id == FIELD_PROXY_AUTHORIZATION
		        ? NGHTTP2_NV_FLAG_NO_INDEX
		        : NGHTTP2_NV_FLAG_NONE);
}

static void add_start(struct h2_fields *x, const struct msg *m)
{
	if (m->request) {
		add(x, SPAN(":method"), m->method, 0);
		add(x, SPAN(":scheme"),
		    m->scheme.n > 0 ? m->scheme : SPAN("https"), 0);
		add(x, SPAN(":authority"), m->authority, 0);
		add(x, SPAN(":path"), m->path, 0);
		return;
	}
	snprintf(
	    x->status, sizeof x->status, "%03u", (unsigned)m->status % 1000u);
	add(x, SPAN(":status"), span_of(x->status, 3), 0);
}

int h2_fields_of(struct h2_fields *x, const struct msg *m)
{
	int n;

	if (h1_head_measure(m) < 0)
		return -EINVAL;
	if (m->request ? span_eq(m->method, SPAN("CONNECT")) : m->status == 101)
		return -EINVAL;
	x->n = 0;
	x->crumbs = 0;
	add_start(x, m);
	for (unsigned i = 0; i < m->nfields; i++)
		if (!m->field[i].gone && !passed_over(m, m->field[i].id))
			add_field(x, &m->field[i]);
	if (m->framing == FRAME_LENGTH) {
		n = snprintf(x->length, sizeof x->length, "%llu",
		    (unsigned long long)m->length);
		add(x, SPAN("content-length"), span_of(x->length, (size_t)n),
		    0);
	}
	return 0;
}
