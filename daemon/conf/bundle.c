/* SPDX-License-Identifier: EUPL-1.2 */
#include "conf/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

#define NAME_MAX_BYTES 4096
/* Flat form: the magic, then for each file the length of its name and of its
 * text (4 bytes each, big endian), the name, the text. */
#define MAGIC "sparsam bundle 1\n"

struct file {
	char *name; /* owned, as is text; both NUL-terminated */
	char *text;
	size_t text_bytes;
};

struct bundle {
	struct file file[BUNDLE_FILES_MAX];
	size_t count;
	size_t bytes; /* names and texts */
};

struct bundle *bundle_new(void)
{
	return calloc(1, sizeof(struct bundle));
}

void bundle_free(struct bundle *b)
{
	for (size_t i = 0; b != NULL && i < b->count; i++) {
		free(b->file[i].name);
		free(b->file[i].text);
	}
	free(b);
}

static char *dup_text(struct span s)
{
	char *p = malloc(s.n + 1);

	if (p != NULL) {
		if (s.n > 0)
			memcpy(p, s.p, s.n);
		p[s.n] = '\0';
	}
	return p;
}

static int add(struct bundle *b, struct span name, struct span text)
{
	struct file *f = &b->file[b->count];
	struct span twice;
	size_t room = BUNDLE_MAX_BYTES - b->bytes;

	if (b->count == BUNDLE_FILES_MAX || name.n > NAME_MAX_BYTES ||
	    text.n > room || name.n > room - text.n)
		return -ENOBUFS;
	*f = (struct file){ .name = dup_text(name), .text = dup_text(text),
		.text_bytes = text.n };
	if (f->name == NULL || f->text == NULL) {
		free(f->name);
		free(f->text);
		return -ENOMEM;
	}
	if (bundle_find(b, f->name, &twice) == 0) {
		free(f->name);
		free(f->text);
		return -EEXIST;
	}
	b->count++;
	b->bytes += name.n + text.n;
	return 0;
}

int bundle_add(struct bundle *b, const char *name, struct span text)
{
	return add(b, span_str(name), text);
}

/* All of fd, which is a file of about size bytes. */
static int read_all(int fd, size_t size, struct buf *out)
{
	ssize_t n;
	char *p;

	do {
		p = buf_reserve(out, size + 1); /* one more shows the end */
		if (p == NULL)
			return buf_error(out);
		n = read(fd, p, size + 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf_commit(out, (size_t)n);
		size = 4096;
	} while (n != 0);
	return 0;
}

int bundle_read(struct bundle *b, const char *path)
{
	struct buf text;
	struct stat st;
	int fd, r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	buf_init(&text, BUNDLE_MAX_BYTES);
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (S_ISDIR(st.st_mode))
		r = -EISDIR;
	else if (!S_ISREG(st.st_mode))
		r = -EINVAL;
	else if (st.st_size > (off_t)BUNDLE_MAX_BYTES - 1)
		r = -ENOBUFS;
	else
		r = read_all(fd, (size_t)st.st_size, &text);
	close(fd);
	if (r == 0)
		r = bundle_add(b, path, buf_span(&text));
	buf_fini(&text);
	return r;
}

int bundle_find(const struct bundle *b, const char *name, struct span *ret_text)
{
	for (size_t i = 0; i < b->count; i++)
		if (strcmp(b->file[i].name, name) == 0) {
			*ret_text = span_of(b->file[i].text,
			    b->file[i].text_bytes);
			return 0;
		}
	return -ENOENT;
}

size_t bundle_count(const struct bundle *b)
{
	return b->count;
}

const char *bundle_name(const struct bundle *b, size_t i)
{
	return i < b->count ? b->file[i].name : NULL;
}

/* ---- the flat form ---- */

static void put_length(struct buf *out, size_t n)
{
	const unsigned char be[4] = { (unsigned char)(n >> 24),
		(unsigned char)(n >> 16), (unsigned char)(n >> 8),
		(unsigned char)n };

	buf_add(out, be, sizeof be);
}

static size_t get_length(const char *p)
{
	size_t n = 0;

	for (int i = 0; i < 4; i++)
		n = n << 8 | (unsigned char)p[i];
	return n;
}

int bundle_pack(const struct bundle *b, struct buf *out)
{
	buf_add_str(out, MAGIC);
	for (size_t i = 0; i < b->count; i++) {
		const struct file *f = &b->file[i];

		put_length(out, strlen(f->name));
		put_length(out, f->text_bytes);
		buf_add_str(out, f->name);
		buf_add(out, f->text, f->text_bytes);
	}
	return buf_error(out);
}

static int unpack_file(struct bundle *b, struct span *rest)
{
	size_t name, text;
	int r;

	if (rest->n < 8)
		return -EBADMSG;
	name = get_length(rest->p);
	text = get_length(rest->p + 4);
	*rest = span_from(*rest, 8);
	if (name > rest->n || text > rest->n - name)
		return -EBADMSG;
	if (name == 0 || memchr(rest->p, '\0', name) != NULL)
		return -EBADMSG;
	r = add(b, span_of(rest->p, name), span_of(rest->p + name, text));
	*rest = span_from(*rest, name + text);
	return r == 0 || r == -ENOMEM ? r : -EBADMSG;
}

int bundle_unpack(struct span flat, struct bundle **ret_bundle)
{
	struct span magic = SPAN(MAGIC);
	struct bundle *b;
	int r = 0;

	if (!span_starts(flat, magic))
		return -EBADMSG;
	if ((b = bundle_new()) == NULL)
		return -ENOMEM;
	flat = span_from(flat, magic.n);
	while (r == 0 && flat.n > 0)
		r = unpack_file(b, &flat);
	if (r == 0)
		*ret_bundle = b;
	else
		bundle_free(b);
	return r;
}
