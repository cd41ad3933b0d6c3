/* SPDX-License-Identifier: EUPL-1.2 */
#include "tls/ratchet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rnd.h"
#include "tls/ca_int.h"
#include "tls/derive.h"

static const char name[] = "master.key";

/* A slot: magic, day (most significant byte first), key, and a sum that only
 * the same day and key give; zeros to its end. */
static const char magic[16] = "sparsam ratchet";
#define DAY_AT sizeof magic
#define KEY_AT (DAY_AT + 4)
#define SUM_AT (KEY_AT + DERIVE_KEY_BYTES)
#define SUM_BYTES 16

/* The newest key of the file. */
struct state {
	uint32_t day;
	unsigned char key[DERIVE_KEY_BYTES];
	unsigned slot;
	bool raw;  /* 32 bytes without a day */
	bool more; /* the other slot is not empty */
};

static bool is_zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static int write_slot(uint32_t day, const unsigned char key[DERIVE_KEY_BYTES],
    unsigned char slot[RATCHET_SLOT_BYTES])
{
	memset(slot, 0, RATCHET_SLOT_BYTES);
	memcpy(slot, magic, sizeof magic);
	for (size_t i = 0; i < 4; i++)
		slot[DAY_AT + 3 - i] = (unsigned char)(day >> 8 * i);
	memcpy(slot + KEY_AT, key, DERIVE_KEY_BYTES);
	return derive_mac(key, span_of((char *)slot, KEY_AT), slot + SUM_AT);
}

static bool read_slot(
    const unsigned char slot[RATCHET_SLOT_BYTES], struct state *s)
{
	unsigned char sum[SUM_BYTES];

	if (memcmp(slot, magic, sizeof magic) != 0 ||
	    derive_mac(
	        slot + KEY_AT, span_of((const char *)slot, KEY_AT), sum) < 0 ||
	    !secret_eq(sum, slot + SUM_AT, sizeof sum))
		return false;
	s->day = 0;
	for (size_t i = 0; i < 4; i++)
		s->day = s->day << 8 | slot[DAY_AT + i];
	memcpy(s->key, slot + KEY_AT, DERIVE_KEY_BYTES);
	return true;
}

/* A file from before the chain, or one whose first rewriting was cut off. */
static bool read_raw(const unsigned char *file, struct state *s)
{
	if (memcmp(file, magic, sizeof magic) == 0 ||
	    is_zero(file, DERIVE_KEY_BYTES) ||
	    !is_zero(
	        file + DERIVE_KEY_BYTES, RATCHET_SLOT_BYTES - DERIVE_KEY_BYTES))
		return false;
	s->day = RATCHET_FIRST_DAY;
	memcpy(s->key, file, DERIVE_KEY_BYTES);
	s->slot = 0;
	s->raw = true;
	return true;
}

static bool parse(const unsigned char file[RATCHET_FILE_BYTES], struct state *s)
{
	struct state two;
	bool good = read_slot(file, s),
	     other = read_slot(file + RATCHET_SLOT_BYTES, &two);

	s->slot = 0;
	s->raw = false;
	if (other && (!good || two.day >= s->day)) {
		s->day = two.day;
		memcpy(s->key, two.key, sizeof s->key);
		s->slot = 1;
	}
	secret_wipe(&two, sizeof two);
	if (!good && !other && !read_raw(file, s))
		return false;
	s->more = !is_zero(
	    file + (s->slot == 0 ? RATCHET_SLOT_BYTES : 0), RATCHET_SLOT_BYTES);
	return true;
}

static int read_file(int fd, struct state *s)
{
	unsigned char file[RATCHET_FILE_BYTES] = { 0 };
	size_t at = 0;
	ssize_t got = 1;
	int err = 0;

	while (at < sizeof file && got > 0) {
		got = pread(fd, file + at, sizeof file - at, (off_t)at);
		if (got > 0)
			at += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			err = -errno;
	}
	if (err == 0 && (at < DERIVE_KEY_BYTES || !parse(file, s)))
		err = -EBADMSG;
	secret_wipe(file, sizeof file);
	return err;
}

/* ---- opening ---- */

static int fail(char err[CA_ERR_BYTES], int result, const char *what)
{
	snprintf(err, CA_ERR_BYTES, "%s: %.150s", name, what);
	return result;
}

static int open_file(struct ratchet *r, int dir, char err[CA_ERR_BYTES])
{
	const int flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	struct stat st;

	r->no_write = 0;
	r->fd = openat(dir, name, O_RDWR | flags);
	if (r->fd < 0 && errno != ENOENT) {
		r->no_write = -errno;
		r->fd = openat(dir, name, O_RDONLY | flags);
	}
	if (r->fd < 0)
		return fail(
		    err, errno == ENOENT ? -ENOENT : -EIO, strerror(errno));
	if (fstat(r->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return fail(err, -EIO, "is no file");
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return fail(err, -EIO,
		    "others may read this key: chmod 600, then try again");
	return 0;
}

int ratchet_open(struct ratchet *r, const char *dir, char err[200])
{
	struct state s;
	int fd, e;

	*r = (struct ratchet){ .fd = -1 };
	e = ca_dir_open(dir, false, &fd, err);
	if (e < 0)
		return e;
	e = open_file(r, fd, err);
	close(fd);
	if (e == 0 && secret_init(&r->key, DERIVE_KEY_BYTES) < 0)
		e = fail(err, -ENOMEM, "memory is out");
	if (e == 0 && read_file(r->fd, &s) < 0)
		e = fail(err, -EIO, "holds no key of pseudonyms");
	if (e < 0) {
		ratchet_close(r);
		return e;
	}
	r->day = s.day;
	memcpy(r->key.p, s.key, sizeof s.key);
	secret_wipe(&s, sizeof s);
	return 0;
}

void ratchet_close(struct ratchet *r)
{
	if (r->fd >= 0)
		close(r->fd);
	secret_fini(&r->key);
	*r = (struct ratchet){ .fd = -1 };
}

/* ---- turning ---- */

int ratchet_turn(struct ratchet *r, uint32_t day)
{
	uint32_t want = day > r->day ? day : r->day;
	struct state s;
	int err = 0;

	if (read_file(r->fd, &s) < 0) {
		s.day = r->day;
		memcpy(s.key, r->key.p, sizeof s.key);
	}
	if (s.day > want) /* another gateway with this file is ahead */
		want = s.day;
	if (want - s.day > RATCHET_STEPS_MAX)
		err = -ERANGE;
	while (err == 0 && s.day < want) {
		err = derive_next(s.key);
		s.day += err == 0;
	}
	if (err == 0) {
		r->day = s.day;
		memcpy(r->key.p, s.key, sizeof s.key);
	}
	secret_wipe(&s, sizeof s);
	return err == 0 && r->day > day ? -ETIME : err;
}

/* ---- saving ---- */

static int put_slot(
    int fd, const unsigned char slot[RATCHET_SLOT_BYTES], unsigned i)
{
	ssize_t put =
	    pwrite(fd, slot, RATCHET_SLOT_BYTES, (off_t)i * RATCHET_SLOT_BYTES);

	if (put != RATCHET_SLOT_BYTES)
		return put < 0 ? -errno : -ENOSPC;
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int replace(const struct ratchet *r, const struct state *old)
{
	unsigned char slot[RATCHET_SLOT_BYTES];
	unsigned at = old->slot;
	int err = 0;

	if (old->raw || old->day != r->day ||
	    !secret_eq(old->key, r->key.p, DERIVE_KEY_BYTES)) {
		at = 1 - old->slot;
		err = write_slot(r->day, r->key.p, slot);
		if (err == 0)
			err = put_slot(r->fd, slot, at);
	} else if (!old->more) {
		return 0;
	}
	memset(slot, 0, sizeof slot);
	if (err == 0)
		err = put_slot(r->fd, slot, 1 - at);
	secret_wipe(slot, sizeof slot);
	return err;
}

int ratchet_save(struct ratchet *r)
{
	struct state old = { .raw = true };
	int err;

	(void)read_file(r->fd, &old); /* unreadable: both slots are written */
	err = r->no_write;
	if (err < 0 && !old.raw && !old.more && old.day == r->day)
		err = 0; /* nothing to write */
	else if (err == 0)
		err = replace(r, &old);
	secret_wipe(&old, sizeof old);
	return err;
}

int ratchet_image(uint32_t day, unsigned char ret_file[RATCHET_FILE_BYTES])
{
	unsigned char key[DERIVE_KEY_BYTES];
	int err;

	rnd_bytes(key, sizeof key);
	memset(ret_file, 0, RATCHET_FILE_BYTES);
	err = write_slot(day, key, ret_file);
	secret_wipe(key, sizeof key);
	return err;
}
