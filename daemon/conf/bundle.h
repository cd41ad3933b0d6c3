/* SPDX-License-Identifier: EUPL-1.2 */
/* bundle - all configuration text as one piece: sparsamd.conf, every pack and
 * include, the trust store and the CA certificate. The parent reads it from
 * disk, workers (who see no files) get it over a memory file and parse the same
 * text. Names are paths as shown in errors. */
#ifndef CONF_BUNDLE_H
#define CONF_BUNDLE_H

#include "base/span.h"

#define BUNDLE_FILES_MAX 256
#define BUNDLE_MAX_BYTES (128u << 20) /* most of it lists of hosts */
#define BUNDLE_TEXT_MAX_BYTES (16u << 20) /* of what libconfig reads */

struct buf;
struct bundle;

struct bundle *bundle_new(void);
void bundle_free(struct bundle *b); /* NULL is fine */

/* Copy text in under name. 0, -EEXIST, -ENOBUFS, -ENOMEM. */
int bundle_add(struct bundle *b, const char *name, struct span text);
/* Read a file in; also negative errno of open and read. */
int bundle_read(struct bundle *b, const char *path);
/* 0 or -ENOENT. The text is NUL-terminated behind its end. */
int bundle_find(const struct bundle *b, const char *name,
    struct span *ret_text);
size_t bundle_count(const struct bundle *b);
const char *bundle_name(const struct bundle *b, size_t i);

/* Flat form for a memory file, and back. -EBADMSG, -ENOMEM. */
int bundle_pack(const struct bundle *b, struct buf *out);
int bundle_unpack(struct span flat, struct bundle **ret_bundle);

#endif
