/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/policy_hash.h"

#include <errno.h>

#include <openssl/evp.h>

#include "base/buf.h"

#define LIST_MAX_BYTES (2u << 20) /* BUNDLE_FILES_MAX paths of any length */

static int digest(struct span s, char ret_hex[POLICY_HASH_BYTES])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char sum[32];
	unsigned n = sizeof sum;

	if (EVP_Digest(s.p, s.n, sum, &n, EVP_sha256(), NULL) != 1)
		return -EIO;
	for (unsigned i = 0; i < sizeof sum; i++) {
		ret_hex[2 * i] = hex[sum[i] >> 4];
		ret_hex[2 * i + 1] = hex[sum[i] & 15];
	}
	ret_hex[2 * sizeof sum] = '\0';
	return 0;
}

static bool is_policy(const char *name, const char *path)
{
	struct span s = span_str(name);

	return strcmp(name, path) == 0 || span_ends(s, SPAN(".conf")) ||
	       span_ends(s, SPAN(".hosts"));
}

int policy_hash_list(const struct bundle *b, const char *path, struct buf *out)
{
	char hex[POLICY_HASH_BYTES];
	struct span text;
	int err = 0;

	for (size_t i = 0; i < bundle_count(b) && err == 0; i++) {
		const char *name = bundle_name(b, i);

		if (!is_policy(name, path))
			continue;
		err = bundle_find(b, name, &text);
		if (err == 0)
			err = digest(text, hex);
		if (err == 0)
			err = buf_addf(out, "%s  %s\n", hex, name);
	}
	return err;
}

int policy_hash(
    const struct bundle *b, const char *path, char ret_hex[POLICY_HASH_BYTES])
{
	struct buf list;
	int err;

	ret_hex[0] = '\0';
	buf_init(&list, LIST_MAX_BYTES);
	err = policy_hash_list(b, path, &list);
	if (err == 0)
		err = digest(buf_span(&list), ret_hex);
	buf_fini(&list);
	return err;
}
