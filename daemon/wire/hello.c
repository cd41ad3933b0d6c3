/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/hello.h"

#include <errno.h>

#define RECORD_HEADER_BYTES 5
#define RECORD_MAX_BYTES 16384
#define HANDSHAKE_HEADER_BYTES 4
#define METHOD_MAX_BYTES 15

enum {
	RECORD_HANDSHAKE = 22,
	CLIENT_HELLO = 1,
	RANDOM_BYTES = 32,
	SESSION_ID_MAX = 32,
	EXT_SERVER_NAME = 0,
	EXT_ALPN = 16,
	EXT_PRE_SHARED_KEY = 41,
	EXT_SUPPORTED_VERSIONS = 43,
	EXT_ECH = 0xfe0d
};

enum first hello_first(struct span in)
{
	size_t n = 0;

	if (in.n == 0)
		return FIRST_MORE;
	if (in.p[0] == RECORD_HANDSHAKE) {
		if (in.n == 1)
			return FIRST_MORE;
		return in.p[1] == 3 ? FIRST_TLS : FIRST_OTHER;
	}
	while (n < in.n && in.p[n] >= 'A' && in.p[n] <= 'Z')
		if (++n > METHOD_MAX_BYTES)
			return FIRST_OTHER;
	if (n == in.n)
		return FIRST_MORE;
	return n > 0 && in.p[n] == ' ' ? FIRST_HTTP : FIRST_OTHER;
}

static unsigned byte_at(const char *p)
{
	return (unsigned char)*p;
}

/* Big-endian number of n bytes off the front; false when in is too short. */
static bool take_number(struct span *in, size_t n, size_t *ret_value)
{
	size_t v = 0;

	if (in->n < n)
		return false;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | byte_at(in->p + i);
	*in = span_from(*in, n);
	*ret_value = v;
	return true;
}

/* A vector whose length stands in front in `width` bytes. */
static bool take_vector(struct span *in, size_t width, struct span *ret_vector)
{
	size_t n;

	if (!take_number(in, width, &n) || in->n < n)
		return false;
	*ret_vector = span_of(in->p, n);
	*in = span_from(*in, n);
	return true;
}

/* Letters, digits, '-' and '_' in labels; not an IPv4 address, which RFC 6066
 * does not allow here. */
static bool is_host_name(struct span name)
{
	size_t label = 0;
	bool letters = false;

	for (size_t i = 0; i < name.n; i++) {
		char c = ascii_lower(name.p[i]);

		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (!ascii_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' &&
		    c != '_')
			return false;
		if (++label > 63)
			return false;
		letters = letters || !ascii_digit(c);
	}
	return label > 0 && letters;
}

/* RFC 6066, 3: a list, but of one name only. */
static bool read_server_name(struct span ext, struct hello *h)
{
	struct span list, name;
	size_t type;

	if (!take_vector(&ext, 2, &list) || ext.n != 0 ||
	    !take_number(&list, 1, &type) || type != 0 ||
	    !take_vector(&list, 2, &name) || list.n != 0 ||
	    name.n > HELLO_SNI_MAX || !is_host_name(name))
		return false;
	for (size_t i = 0; i < name.n; i++)
		h->sni[i] = ascii_lower(name.p[i]);
	h->sni[name.n] = '\0';
	h->sni_len = name.n;
	return true;
}

static bool read_alpn(struct span ext, struct hello *h)
{
	struct span list, name;

	if (!take_vector(&ext, 2, &list) || ext.n != 0 || list.n == 0)
		return false;
	while (list.n > 0) {
		if (!take_vector(&list, 1, &name) || name.n == 0)
			return false;
		if (span_eq(name, SPAN("http/1.1")))
			h->alpn_h1 = true;
		else if (span_eq(name, SPAN("h2")))
			h->alpn_h2 = true;
	}
	h->alpn = true;
	return true;
}

static bool read_versions(struct span ext, struct hello *h)
{
	struct span list;
	size_t version;

	if (!take_vector(&ext, 1, &list) || ext.n != 0 || list.n == 0)
		return false;
	while (list.n > 0) {
		if (!take_number(&list, 2, &version))
			return false;
		h->tls13 = h->tls13 || version == 0x0304;
	}
	return true;
}

/* No type may come twice, pre_shared_key comes last (RFC 8446, 4.2). Types that
 * are not known here, GREASE too, are passed over. */
static bool read_extensions(struct span list, struct hello *h)
{
	uint8_t seen[65536 / 8] = { 0 };
	struct span ext;
	size_t type;
	bool good;

	while (list.n > 0) {
		if (!take_number(&list, 2, &type) ||
		    !take_vector(&list, 2, &ext) ||
		    (seen[type / 8] >> type % 8 & 1) != 0)
			return false;
		seen[type / 8] = (uint8_t)(seen[type / 8] | 1u << type % 8);
		good = true;
		if (type == EXT_SERVER_NAME)
			good = read_server_name(ext, h);
		else if (type == EXT_ALPN)
			good = read_alpn(ext, h);
		else if (type == EXT_SUPPORTED_VERSIONS)
			good = read_versions(ext, h);
		else if (type == EXT_ECH)
			h->ech = true;
		else if (type == EXT_PRE_SHARED_KEY)
			good = list.n == 0;
		if (!good)
			return false;
	}
	return true;
}

/* The body of a ClientHello, whole (RFC 8446, 4.1.2). */
static bool read_hello(struct span in, struct hello *h)
{
	struct span session, suites, methods, extensions;
	size_t version;

	if (!take_number(&in, 2, &version) || version >> 8 != 3 ||
	    in.n < RANDOM_BYTES)
		return false;
	in = span_from(in, RANDOM_BYTES);
	if (!take_vector(&in, 1, &session) || session.n > SESSION_ID_MAX ||
	    !take_vector(&in, 2, &suites) || suites.n == 0 ||
	    suites.n % 2 != 0 || !take_vector(&in, 1, &methods) ||
	    span_chr(methods, '\0') == methods.n)
		return false;
	if (in.n == 0)
		return true; /* TLS 1.2 may have no extensions */
	return take_vector(&in, 2, &extensions) && in.n == 0 &&
	       read_extensions(extensions, h);
}

/* The message on its way through the records. */
struct message {
	char mem[HELLO_MAX_BYTES]; /* used from the second record on */
	struct span have;          /* of the message so far */
	size_t need;               /* with its header; 0: not known yet */
};

static int add_fragment(struct message *m, struct span fragment)
{
	if (m->have.n + fragment.n > sizeof m->mem)
		return -E2BIG;
	if (m->have.n == 0) {
		m->have = fragment; /* one record: nothing is copied */
	} else {
		if (m->have.p != m->mem)
			memcpy(m->mem, m->have.p, m->have.n);
		memcpy(m->mem + m->have.n, fragment.p, fragment.n);
		m->have = span_of(m->mem, m->have.n + fragment.n);
	}
	if (byte_at(m->have.p) != CLIENT_HELLO)
		return -EBADMSG;
	if (m->have.n >= HANDSHAKE_HEADER_BYTES)
		m->need =
		    HANDSHAKE_HEADER_BYTES + (byte_at(m->have.p + 1) << 16 |
		                                 byte_at(m->have.p + 2) << 8 |
		                                 byte_at(m->have.p + 3));
	if (m->need > sizeof m->mem)
		return -E2BIG;
	/* A message before keys change ends with its record (RFC 8446, 5.1). */
	return m->need > 0 && m->have.n > m->need ? -EBADMSG : 0;
}

/* The next record's content off *rest. 1; 0: more is needed, *ret_part has what
 * is there; -EBADMSG. */
static int take_record(struct span *rest, struct span *ret_part)
{
	struct span in = *rest;
	size_t n;

	*ret_part = SPAN_NONE;
	if ((in.n > 0 && in.p[0] != RECORD_HANDSHAKE) ||
	    (in.n > 1 && in.p[1] != 3))
		return -EBADMSG;
	if (in.n < RECORD_HEADER_BYTES)
		return 0;
	n = byte_at(in.p + 3) << 8 | byte_at(in.p + 4);
	if (n == 0 || n > RECORD_MAX_BYTES)
		return -EBADMSG;
	in = span_from(in, RECORD_HEADER_BYTES);
	*ret_part = span_of(in.p, in.n < n ? in.n : n);
	*rest = span_from(in, n);
	return in.n < n ? 0 : 1;
}

ptrdiff_t hello_parse(struct span in, struct hello *ret_hello)
{
	struct message m;
	struct hello h = { 0 };
	struct span rest = in, part;
	int r, err;

	m.have = SPAN_NONE;
	m.need = 0;
	for (unsigned records = 0; m.need == 0 || m.have.n < m.need;) {
		if (++records > HELLO_RECORDS_MAX)
			return -E2BIG;
		r = take_record(&rest, &part);
		if (r < 0)
			return r;
		/* A cut record is looked at too: what is wrong already need
		 * not be waited for. */
		if (part.n > 0 && (err = add_fragment(&m, part)) < 0)
			return err;
		if (r == 0)
			return 0;
	}
	if (!read_hello(span_from(m.have, HANDSHAKE_HEADER_BYTES), &h))
		return -EBADMSG;
	*ret_hello = h;
	return rest.p - in.p;
}
