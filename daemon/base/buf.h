/* SPDX-License-Identifier: EUPL-1.2 */
/* buf - a queue of bytes in one piece, with a hard maximum and a sticky error.
 * Bytes are added at the end and taken from the front. The maximum counts the
 * bytes that are queued. After a failed add every later add fails too, so a
 * writer adds as it likes and tests buf_error() once. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/span.h"

struct buf {
	char *mem;    /* owned; NULL while nothing was ever added */
	size_t head;  /* first queued byte */
	size_t tail;  /* one past the last queued byte */
	size_t cap;   /* size of mem */
	size_t max;   /* queued bytes never exceed this */
	int err;      /* 0, -ENOBUFS (over max) or -ENOMEM; sticky */
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b); /* frees; b may be used again as after init */

/* The process keeps some blocks of bufs that were given back, two megabytes at
 * most, for the next ones. From now on none: for tests that count. */
void buf_keep_none(void);

/* Forget the queued bytes and the error; keeps the memory. */
void buf_reset(struct buf *b);

/* Give the memory back when nothing is queued: idle costs nothing. */
void buf_release(struct buf *b);

static inline size_t buf_len(const struct buf *b)
{
	return b->tail - b->head;
}

static inline int buf_error(const struct buf *b)
{
	return b->err;
}

/* The queued bytes; valid until the next change of b. */
static inline struct span buf_span(const struct buf *b)
{
	return span_of(b->mem != NULL ? b->mem + b->head : "", buf_len(b));
}

/* Room for n bytes at the end; the caller writes them and calls buf_commit
 * with how many it wrote (at most n). NULL on error (sticky). */
char *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);

/* All adders: 0 or the sticky error. */
int buf_add(struct buf *b, const void *p, size_t n);
int buf_add_span(struct buf *b, struct span s);
int buf_add_str(struct buf *b, const char *s);
int buf_add_char(struct buf *b, char c);
int buf_add_u64(struct buf *b, uint64_t v); /* decimal */
int buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Take n bytes from the front; n is at most buf_len(b). */
void buf_drain(struct buf *b, size_t n);

/* Cut the end off so that n bytes stay queued; n is at most buf_len(b). */
void buf_truncate(struct buf *b, size_t n);

#endif
