/* SPDX-License-Identifier: EUPL-1.2 */
/* hello - the first bytes of a client: is it TLS, HTTP or something else, and
 * what does a ClientHello ask for? Sources: RFC 8446, 4.1.2 and 5.1; RFC 6066,
 * 3 (SNI); RFC 7301 (ALPN); RFC 8701 (GREASE). */
#ifndef WIRE_HELLO_H
#define WIRE_HELLO_H

#include "base/span.h"

#define HELLO_MAX_BYTES 32768 /* handshake message, over all its records */
#define HELLO_RECORDS_MAX 64
#define HELLO_SNI_MAX 255

enum first { FIRST_MORE, FIRST_TLS, FIRST_HTTP, FIRST_OTHER };

/* Judge the first bytes; FIRST_MORE: too few to tell (at most 16 needed).
 * HTTP is a method token of upper-case letters followed by a space. */
enum first hello_first(struct span in);

struct hello {
	char sni[HELLO_SNI_MAX + 1]; /* lower case, "" when there is none */
	size_t sni_len;
	bool alpn;    /* the extension is there */
	bool alpn_h1; /* "http/1.1" is offered */
	bool alpn_h2; /* "h2" is offered */
	bool tls13;   /* supported_versions has 0x0304 */
	bool ech;     /* encrypted_client_hello (0xfe0d) is there */
};

/* Parse a ClientHello that may be cut over several records. Takes nothing: the
 * bytes stay with the caller. Returns bytes of the records that hold it; 0 when
 * more are needed; -EBADMSG (not a hello, or broken), -E2BIG (a limit).
 * Refused besides broken lengths: an extension twice, more than one server name
 * or one that is no host name (letters, digits, '-', '_' in labels; no address,
 * no final dot), an empty record, bytes behind the hello in its last record,
 * pre_shared_key that is not last. *ret_hello is set on success only.
 * Uses about 40 kB of stack, no heap. */
ptrdiff_t hello_parse(struct span in, struct hello *ret_hello);

#endif
