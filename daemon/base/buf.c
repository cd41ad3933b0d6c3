/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST_BYTES 512 /* first allocation */

#if defined __SANITIZE_ADDRESS__ /* it shall see who uses memory too long */
static char *take_block(size_t n)
{
	return malloc(n);
}

static void give_block(char *p, size_t n)
{
	(void)n;
	free(p);
}

void buf_keep_none(void)
{
}
#else
/* Queues come and go with every read and every message: some blocks of each
 * size are kept. Sizes are BUF_FIRST_BYTES doubled, up to two records of TLS.
 */
#define KEPT_SIZES 7
#define KEPT_MAX 32

static struct {
	char *block[KEPT_MAX];
	unsigned n;
} kept[KEPT_SIZES];

static bool keeps_none;

/* Which of the sizes is n? KEPT_SIZES: none. */
static unsigned size_of(size_t n)
{
	unsigned i = 0;

	while (i < KEPT_SIZES && n != (size_t)BUF_FIRST_BYTES << i)
		i++;
	return i;
}

static char *take_block(size_t n)
{
	unsigned i = size_of(n);

	return i < KEPT_SIZES && kept[i].n > 0 ? kept[i].block[--kept[i].n]
	                                       : malloc(n);
}

static void give_block(char *p, size_t n)
{
	unsigned i = size_of(n);

	if (p != NULL && i < KEPT_SIZES && kept[i].n < KEPT_MAX && !keeps_none)
		kept[i].block[kept[i].n++] = p;
	else
		free(p);
}

void buf_keep_none(void)
{
	keeps_none = true;
	for (unsigned i = 0; i < KEPT_SIZES; i++)
		while (kept[i].n > 0)
			free(kept[i].block[--kept[i].n]);
}
#endif

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_fini(struct buf *b)
{
	give_block(b->mem, b->cap);
	buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
	b->head = b->tail = 0;
	b->err = 0;
}

void buf_release(struct buf *b)
{
	if (buf_len(b) == 0)
		buf_fini(b);
}

static int grow(struct buf *b, size_t n)
{
	size_t len = buf_len(b), cap = b->cap != 0 ? b->cap : BUF_FIRST_BYTES;
	char *mem;

	if (b->err == 0 && (n > b->max || len > b->max - n))
		b->err = -ENOBUFS;
	if (b->err != 0)
		return b->err;
	if (b->head > 0 && b->cap - len >= n && b->head >= len) {
		memcpy(b->mem, b->mem + b->head, len); /* far enough apart */
		b->head = 0, b->tail = len;
		return 0;
	}
	while (cap - len < n)
		cap = cap > b->max / 2 && len + n <= b->max ? b->max : cap * 2;
	mem = take_block(cap);
	if (mem == NULL)
		return b->err = -ENOMEM;
	if (len > 0)
		memcpy(mem, b->mem + b->head, len);
	give_block(b->mem, b->cap);
	b->mem = mem, b->cap = cap, b->head = 0, b->tail = len;
	return 0;
}

char *buf_reserve(struct buf *b, size_t n)
{
	if (b->head == b->tail)
		b->head = b->tail = 0;
	if (b->err != 0 || b->cap - b->tail < n || n > b->max ||
	    buf_len(b) > b->max - n || b->mem == NULL)
		if (grow(b, n) < 0)
			return NULL;
	return b->mem + b->tail;
}

void buf_commit(struct buf *b, size_t n)
{
	assert(n <= b->cap - b->tail);
	b->tail += n;
}

int buf_add(struct buf *b, const void *p, size_t n)
{
	char *at = n == 0 ? NULL : buf_reserve(b, n);

	if (at == NULL)
		return b->err;
	memcpy(at, p, n);
	b->tail += n;
	return 0;
}

int buf_add_span(struct buf *b, struct span s)
{
	return buf_add(b, s.p, s.n);
}

int buf_add_str(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int buf_add_char(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int buf_add_u64(struct buf *b, uint64_t v)
{
	char text[20];
	size_t at = sizeof text;

	do
		text[--at] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	return buf_add(b, text + at, sizeof text - at);
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	char *at;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		b->err = b->err != 0 ? b->err : -EINVAL;
	else if ((at = buf_reserve(b, (size_t)n + 1)) != NULL) {
		vsnprintf(at, (size_t)n + 1, fmt, again);
		b->tail += (size_t)n;
	}
	va_end(again);
	va_end(ap);
	return b->err;
}

void buf_drain(struct buf *b, size_t n)
{
	assert(n <= buf_len(b));
	b->head += n;
	if (b->head == b->tail)
		b->head = b->tail = 0;
}

void buf_truncate(struct buf *b, size_t n)
{
	assert(n <= buf_len(b));
	b->tail = b->head + n;
}
