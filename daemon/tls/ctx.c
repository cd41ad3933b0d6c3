/* SPDX-License-Identifier: EUPL-1.2 */
#include "tls/ctx.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/err.h>

/* TR-02102-2, 3.3.1 and 3.4: forward secrecy and authenticated encryption. */
#define SUITES_13                                                              \
	"TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:"                       \
	"TLS_AES_128_CCM_SHA256"
#define SUITES_12                                                              \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:"         \
	"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256"
#define GROUPS "P-256:P-384:P-521"
/* OpenSSL 3.0 offers these in TLS 1.2 only; a build may have none. */
#define BRAINPOOL ":brainpoolP256r1:brainpoolP384r1:brainpoolP512r1"

/* The RSA PKCS#1 v1.5 entries, last, are for the other side: most certificate
 * chains on the internet are signed so, and a TLS 1.2 server with an RSA key
 * may know no PSS. Our own leafs are ECDSA. */
#define SIGNATURES                                                             \
	"ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:"                       \
	"ecdsa_secp521r1_sha512:rsa_pss_rsae_sha256:"                          \
	"rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:rsa_pss_pss_sha256:"          \
	"rsa_pss_pss_sha384:rsa_pss_pss_sha512:rsa_pkcs1_sha256:"              \
	"rsa_pkcs1_sha384:rsa_pkcs1_sha512"

/* Some records at once, while they flow. */
#define READ_BUFFER_BYTES (4 * (16384 + 256))

static const struct profile {
	const char *word, *suites13, *suites12, *groups, *more_groups,
	    *signatures;
} profile[] = {
	[TLS_TR_02102_2] = {
		.word = "tr-02102-2",
		.suites13 = SUITES_13,
		.suites12 = SUITES_12,
		.groups = GROUPS,
		.more_groups = GROUPS BRAINPOOL,
		.signatures = SIGNATURES,
	},
	[TLS_WIDE] = {
		.word = "wide",
		.suites13 = SUITES_13 ":TLS_CHACHA20_POLY1305_SHA256",
		.suites12 = SUITES_12 ":ECDHE-ECDSA-CHACHA20-POLY1305"
				      ":ECDHE-RSA-CHACHA20-POLY1305",
		.groups = "X25519:" GROUPS,
		.more_groups = "X25519:" GROUPS BRAINPOOL,
		.signatures = SIGNATURES ":ed25519",
	},
};

int tls_profile_parse(const char *word, enum tls_profile *ret_profile)
{
	for (size_t i = 0; i < sizeof profile / sizeof *profile; i++)
		if (strcmp(word, profile[i].word) == 0) {
			*ret_profile = (enum tls_profile)i;
			return 0;
		}
	return -EINVAL;
}

struct span tls_alpn_list(enum tls_alpn alpn)
{
	/* One list, the other is its end. */
	static const struct span all = { "\x02h2\x08http/1.1", 12 };

	return alpn == TLS_ALPN_H2 ? all : span_of(all.p + 3, all.n - 3);
}

/* The next name of a list, "" at its end. */
static struct span next_name(struct span *list)
{
	size_t n = list->n > 0 ? (unsigned char)list->p[0] : 0;
	struct span name = SPAN("");

	if (n > 0 && n < list->n) {
		name = span_of(list->p + 1, n);
		*list = span_of(list->p + 1 + n, list->n - 1 - n);
	}
	return name;
}

bool tls_alpn_has(struct span list, struct span name)
{
	struct span is;

	while ((is = next_name(&list)).n > 0)
		if (span_eq(is, name))
			return true;
	return false;
}

struct span tls_alpn_pick(enum tls_alpn want, struct span offer)
{
	struct span list = tls_alpn_list(want), name;

	while ((name = next_name(&list)).n > 0)
		if (tls_alpn_has(offer, name))
			break;
	return name;
}

int tls_profile_apply(SSL_CTX *ctx, enum tls_profile p)
{
	const struct profile *is = &profile[p];
	bool good;

	/* Set in full: the system's openssl.cnf must not widen it. */
	SSL_CTX_set_security_level(ctx, 2);
	SSL_CTX_clear_options(ctx, SSL_CTX_get_options(ctx));
	SSL_CTX_set_options(
	    ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
	             SSL_OP_CIPHER_SERVER_PREFERENCE |
	             SSL_OP_PRIORITIZE_CHACHA | SSL_OP_ENABLE_MIDDLEBOX_COMPAT |
	             SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
	/* Writes may be cut anywhere and repeated from memory that has moved:
	 * the queue of the stream. Buffers are given back when it rests, not
	 * after each record. */
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, READ_BUFFER_BYTES);
	good = SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_ciphersuites(ctx, is->suites13) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, is->suites12) == 1 &&
	       SSL_CTX_set1_sigalgs_list(ctx, is->signatures) == 1 &&
	       (SSL_CTX_set1_groups_list(ctx, is->more_groups) == 1 ||
	           SSL_CTX_set1_groups_list(ctx, is->groups) == 1);
	ERR_clear_error();
	return good ? 0 : -EIO;
}
