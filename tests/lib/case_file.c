/* SPDX-License-Identifier: EUPL-1.2 */
#include "lib/case_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include "base/arena.h"
#include "base/buf.h"

enum body_step { AS_IS, GZIP, DEFLATE, BROTLI, ZSTANDARD, CHUNKED };

/* A block being read. */
struct block {
	struct buf head, body;
	bool in_body;
	enum body_step as[4];
	unsigned nas;
	size_t chunk; /* bytes of one chunk */
};

static int fail(struct case_file *c, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct case_file *c, unsigned line, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	snprintf(c->err, sizeof c->err, "%s:%u: %s", c->path, line, text);
	return -EINVAL;
}

/* ---- lines of a block ---- */

static int hex_line(struct span s, struct buf *out)
{
	int high = -1, d;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ' ')
			continue;
		d = ascii_hex(s.p[i]);
		if (d < 0)
			return -EINVAL;
		if (high >= 0)
			buf_add_char(out, (char)(high << 4 | d));
		high = high < 0 ? d : -1;
	}
	return high < 0 ? 0 : -EINVAL;
}

/* "@body gzip chunked 7", "@repeat 100 text", "@repeat 100 |line" */
static int directive(struct block *b, struct buf *out, struct span s)
{
	struct span word = span_cut(&s, ' ');
	uint64_t n;
	bool line;

	if (span_eq(word, SPAN("@repeat"))) {
		if (span_u64(span_cut(&s, ' '), CASE_FILE_MAX_BYTES, &n) < 0)
			return -EINVAL;
		line = span_starts(s, SPAN("|"));
		while (n-- > 0) {
			buf_add_span(out, span_from(s, line));
			buf_add_str(out, line ? "\r\n" : "");
		}
		return 0;
	}
	if (!span_eq(word, SPAN("@body")))
		return -EINVAL;
	b->in_body = true;
	while (s.n > 0) {
		word = span_cut(&s, ' ');
		if (b->nas == 4)
			return -EINVAL;
		if (span_eq(word, SPAN("gzip")))
			b->as[b->nas++] = GZIP;
		else if (span_eq(word, SPAN("deflate")))
			b->as[b->nas++] = DEFLATE;
		else if (span_eq(word, SPAN("br")))
			b->as[b->nas++] = BROTLI;
		else if (span_eq(word, SPAN("zstd")))
			b->as[b->nas++] = ZSTANDARD;
		else if (span_eq(word, SPAN("chunked")))
			b->as[b->nas++] = CHUNKED;
		else if (span_u64(word, 1u << 20, &n) == 0 && n > 0)
			b->chunk = (size_t)n;
		else
			return -EINVAL;
	}
	return 0;
}

static int block_line(struct block *b, struct span s)
{
	struct buf *out = b->in_body ? &b->body : &b->head;
	struct span rest = span_from(s, 1);

	switch (s.p[0]) {
	case '|':
		buf_add_span(out, rest);
		buf_add_str(out, "\r\n");
		if (rest.n == 0)
			b->in_body = true;
		return 0;
	case '~':
		buf_add_span(out, rest);
		return 0;
	case '=':
		return hex_line(rest, out);
	case '@':
		return directive(b, out, s);
	default:
		return -EINVAL;
	}
}

static int deflate_all(struct buf *b, bool gzip)
{
	z_stream z = { .zalloc = NULL };
	size_t room = buf_len(b) + buf_len(b) / 100 + 1000;
	char *out = malloc(room);
	int err = -ENOMEM;

	if (out == NULL || deflateInit2(&z, 9, Z_DEFLATED, gzip ? 31 : 15, 8,
	                       Z_DEFAULT_STRATEGY) != Z_OK)
		goto done;
	z.next_in = (void *)(uintptr_t)buf_span(b).p;
	z.avail_in = (unsigned)buf_len(b);
	z.next_out = (void *)out;
	z.avail_out = (unsigned)room;
	err = deflate(&z, Z_FINISH) == Z_STREAM_END ? 0 : -EIO;
	buf_reset(b);
	buf_add(b, out, room - z.avail_out);
	deflateEnd(&z);
done:
	free(out);
	return err;
}

/* Replace b by the same in br or zstd. */
static int pack_all(struct buf *b, bool brotli)
{
	struct span in = buf_span(b);
	size_t room = (brotli ? BrotliEncoderMaxCompressedSize(in.n)
	                      : ZSTD_compressBound(in.n)) +
	              64;
	char *out = malloc(room);
	bool good;

	if (out == NULL)
		return -ENOMEM;
	if (brotli) {
		good = BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW,
		    BROTLI_MODE_TEXT, in.n, (const uint8_t *)in.p, &room,
		    (uint8_t *)out);
	} else {
		room = ZSTD_compress(out, room, in.p, in.n, 3);
		good = !ZSTD_isError(room);
	}
	buf_reset(b);
	if (good)
		buf_add(b, out, room);
	free(out);
	return good ? 0 : -EIO;
}

static int chunk_all(struct buf *b, size_t size)
{
	struct buf out;
	struct span s = buf_span(b);

	buf_init(&out, CASE_ARENA_BYTES);
	while (s.n > 0) {
		size_t n = size == 0 || s.n < size ? s.n : size;

		buf_addf(&out, "%zx\r\n", n);
		buf_add(&out, s.p, n);
		buf_add_str(&out, "\r\n");
		s = span_from(s, n);
	}
	buf_add_str(&out, "0\r\n\r\n");
	buf_fini(b);
	*b = out;
	return buf_error(b);
}

static int code_all(struct block *b, enum body_step as)
{
	switch (as) {
	case AS_IS:
		break;
	case GZIP:
	case DEFLATE:
		return deflate_all(&b->body, as == GZIP);
	case BROTLI:
	case ZSTANDARD:
		return pack_all(&b->body, as == BROTLI);
	case CHUNKED:
		return chunk_all(&b->body, b->chunk);
	}
	return 0;
}

/* Replace @len in the head by the length of the body. */
static void put_length(struct buf *out, struct span head, size_t n)
{
	size_t at;

	while ((at = span_find(head, SPAN("@len"))) < head.n) {
		buf_add(out, head.p, at);
		buf_addf(out, "%zu", n);
		head = span_from(head, at + 4);
	}
	buf_add_span(out, head);
}

static int end_block(struct case_file *c, struct case_step *s, struct block *b)
{
	struct buf all;
	int err = 0;

	for (unsigned i = 0; i < b->nas && err == 0; i++)
		err = code_all(b, b->as[i]);
	buf_init(&all, CASE_ARENA_BYTES);
	/* What is expected keeps the macro: there it means "the right one". */
	if (span_eq(s->verb, SPAN("gets")))
		buf_add_span(&all, buf_span(&b->head));
	else
		put_length(&all, buf_span(&b->head), buf_len(&b->body));
	s->body_at = buf_len(&all);
	buf_add_span(&all, buf_span(&b->body));
	s->block = arena_dup(c->arena, buf_span(&all));
	if (err == 0)
		err = buf_error(&all);
	buf_fini(&all);
	buf_fini(&b->head);
	buf_fini(&b->body);
	return err < 0 ? err : arena_error(c->arena);
}

/* ---- lines that start in the first column ---- */

/* Words are separated by blanks; one in quotes may hold some. */
static int split_words(struct case_step *s)
{
	struct span rest = s->rest;

	while ((rest = span_trim(rest)).n > 0) {
		char end = ' ';

		if (s->nwords == CASE_WORDS_MAX)
			return -EINVAL;
		if (rest.p[0] == '"') {
			end = '"';
			rest = span_from(rest, 1);
			if (span_chr(rest, end) == rest.n)
				return -EINVAL;
		}
		s->word[s->nwords++] = span_of(rest.p, span_chr(rest, end));
		rest = span_from(rest, span_chr(rest, end) + 1);
	}
	return 0;
}

static enum case_actor actor_of(struct span word, unsigned *ret_number)
{
	static const struct {
		struct span word;
		enum case_actor actor;
	} row[] = {
		{ { "client", 6 }, ACTOR_CLIENT },
		{ { "server", 6 }, ACTOR_SERVER },
		{ { "signer", 6 }, ACTOR_SIGNER },
	};
	uint64_t n = 0;

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		if (!span_starts(word, row[i].word))
			continue;
		word = span_from(word, row[i].word.n);
		if (word.n > 0 && span_u64(word, 99, &n) < 0)
			return ACTOR_NONE;
		*ret_number = (unsigned)n;
		return row[i].actor;
	}
	return ACTOR_NONE;
}

static struct span next_word(struct span *s)
{
	size_t n = 0;
	struct span word;

	while (n < s->n && s->p[n] != ' ' && s->p[n] != '\t')
		n++;
	word = span_of(s->p, n);
	*s = span_trim(span_from(*s, n));
	return word;
}

static struct case_step *new_step(
    struct case_file *c, struct span text, unsigned line)
{
	struct case_step *s = &c->step[c->nsteps];

	if (c->nsteps == CASE_STEPS_MAX) {
		fail(c, line, "more than %d steps", CASE_STEPS_MAX);
		return NULL;
	}
	*s = (struct case_step){ .line = line };
	s->verb = next_word(&text);
	s->actor = actor_of(s->verb, &s->number);
	if (s->actor != ACTOR_NONE && text.n > 0)
		s->verb = next_word(&text);
	s->rest = text;
	if (span_eq(s->verb, SPAN("case"))) {
		c->name = text;
	} else if (split_words(s) < 0) {
		fail(c, line, "too many words, or a quote is not closed");
		return NULL;
	}
	c->nsteps++;
	return s;
}

static int add_line(struct case_file *c, struct case_step **s, struct block *b,
    struct span text, unsigned line)
{
	bool indented = text.n > 0 && (text.p[0] == ' ' || text.p[0] == '\t');
	size_t i = 0;

	/* The end of a block line counts, its indentation does not. */
	while (i < text.n && (text.p[i] == ' ' || text.p[i] == '\t'))
		i++;
	text = span_from(text, i);
	if (text.n == 0 || text.p[0] == '#')
		return 0;
	if (!indented) {
		if (*s != NULL && (*s)->has_block && end_block(c, *s, b) < 0)
			return fail(c, line, "the block above has no room");
		*s = new_step(c, span_trim(text), line);
		return *s != NULL ? 0 : -EINVAL;
	}
	if (*s == NULL)
		return fail(c, line, "an indented line belongs to nothing");
	if (!(*s)->has_block) {
		*b = (struct block){ .in_body = false };
		buf_init(&b->head, CASE_ARENA_BYTES);
		buf_init(&b->body, CASE_ARENA_BYTES);
		(*s)->has_block = true;
	}
	if (block_line(b, text) < 0)
		return fail(c, line,
		    "a block line begins with | ~ = or @body, @repeat");
	return 0;
}

struct case_file *case_parse(const char *path, struct span text)
{
	struct case_file *c = calloc(1, sizeof *c);
	struct case_step *s = NULL;
	struct block b = { .in_body = false };
	unsigned line = 0;
	int err = 0;

	if (c == NULL || (c->arena = arena_new(CASE_ARENA_BYTES)) == NULL) {
		free(c);
		return NULL;
	}
	c->path = path;
	text = arena_dup(c->arena, text);
	while (text.n > 0 && err == 0)
		err = add_line(c, &s, &b, span_cut(&text, '\n'), ++line);
	if (err == 0 && s != NULL && s->has_block)
		err = end_block(c, s, &b);
	else
		buf_fini(&b.head), buf_fini(&b.body);
	if (err < 0 && c->err[0] == '\0')
		fail(c, line, "cannot be held in memory");
	if (c->err[0] == '\0' && c->name.n == 0)
		fail(c, 1, "the first line is: case NAME");
	return c;
}

struct span case_text_from(const struct case_step *s, unsigned i)
{
	if (i >= s->nwords)
		return SPAN("");
	if (i + 1 == s->nwords)
		return s->word[i];
	return span_of(
	    s->word[i].p, (size_t)(s->rest.p + s->rest.n - s->word[i].p));
}

bool case_slurp(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	char piece[8192];
	size_t n;
	bool good;

	if (f == NULL)
		return false;
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		buf_add(out, piece, n);
	good = !ferror(f) && buf_error(out) == 0;
	fclose(f);
	return good;
}

struct case_file *case_read(const char *path)
{
	struct case_file *c;
	struct buf b;

	buf_init(&b, CASE_FILE_MAX_BYTES);
	if (!case_slurp(path, &b)) {
		buf_fini(&b);
		c = case_parse(path, SPAN("case unreadable\n"));
		if (c != NULL)
			snprintf(
			    c->err, sizeof c->err, "%s: cannot be read", path);
		return c;
	}
	c = case_parse(path, buf_span(&b));
	buf_fini(&b);
	return c;
}

void case_free(struct case_file *c)
{
	if (c == NULL)
		return;
	arena_free(c->arena);
	free(c);
}
