/* SPDX-License-Identifier: EUPL-1.2 */
/* ratchet: gateways agree without talking, the file never goes back, and a cut
 * at any point of a rewriting loses nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rnd.h"
#include "lib/tap.h"
#include "tls/derive.h"
#include "tls/ratchet.h"
#include "unit/tls/pki.h"

#define DAY 20800u

static unsigned char file[RATCHET_FILE_BYTES + 100]; /* as last read */
static char dir[2][96];
static char err[200];

static const char *path(unsigned i)
{
	static char p[128];

	snprintf(p, sizeof p, "%s/master.key", dir[i]);
	return p;
}

static size_t get(unsigned i)
{
	int fd = open(path(i), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, file, sizeof file);

	close(fd);
	return n > 0 ? (size_t)n : 0;
}

static void put(unsigned i, const void *p, size_t n)
{
	int fd = open(path(i), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	tap_ok(write(fd, p, n) == (ssize_t)n && fchmod(fd, 0600) == 0,
	    "a file of %zu bytes", n);
	close(fd);
}

static bool holds(const unsigned char *p, size_t n, const void *key)
{
	for (size_t i = 0; i + DERIVE_KEY_BYTES <= n; i++)
		if (memcmp(p + i, key, DERIVE_KEY_BYTES) == 0)
			return true;
	return false;
}

/* Open, go to day, save, close; the key of the day. */
static int go(unsigned i, uint32_t day, unsigned char ret_key[DERIVE_KEY_BYTES])
{
	struct ratchet r;
	int e = ratchet_open(&r, dir[i], err);

	if (e < 0)
		return e;
	e = ratchet_turn(&r, day);
	memcpy(ret_key, r.key.p, DERIVE_KEY_BYTES);
	if (ratchet_save(&r) < 0)
		e = -EIO;
	ratchet_close(&r);
	return e;
}

static bool same(const unsigned char *a, const unsigned char *b)
{
	return memcmp(a, b, DERIVE_KEY_BYTES) == 0;
}

static void test_agree(void)
{
	unsigned char image[RATCHET_FILE_BYTES], first[DERIVE_KEY_BYTES],
	    a[DERIVE_KEY_BYTES], b[DERIVE_KEY_BYTES], want[DERIVE_KEY_BYTES],
	    epoch[2][DERIVE_KEY_BYTES];

	tap_int(ratchet_image(DAY, image), 0, "a new file");
	put(0, image, sizeof image);
	put(1, image, sizeof image);
	tap_int(go(0, DAY, first), 0, "its own day");
	tap_ok(get(0) == sizeof image && memcmp(file, image, sizeof image) == 0,
	    "nothing to write");
	tap_int(go(0, DAY + 1, a), 0, "the next day");
	memcpy(want, first, sizeof want);
	derive_next(want);
	tap_ok(same(a, want), "is one step");
	tap_int(go(0, DAY + 2, a), 0, "day by day");
	tap_int(go(0, DAY + 40, a), 0, "and after a pause");
	tap_int(go(1, DAY + 40, b), 0, "another gateway at once");
	tap_ok(same(a, b), "agree");
	tap_ok(derive_epoch(a, DAY + 40, epoch[0]) == 0 &&
	           derive_epoch(b, DAY + 40, epoch[1]) == 0 &&
	           same(epoch[0], epoch[1]) && !same(epoch[0], a),
	    "on the key of the day too");
	get(0);
	put(1, file, RATCHET_FILE_BYTES);
	tap_int(go(0, DAY + 50, a), 0, "later");
	tap_int(go(1, DAY + 50, b), 0, "from a newer copy");
	tap_ok(same(a, b), "agree");
	/* Nothing of the past is left. */
	memcpy(want, first, sizeof want);
	for (unsigned d = 0; d <= 50; d++) {
		bool there =
		    holds(file, get(0), want) || holds(file, get(1), want);

		if (there != (d == 50))
			tap_ok(false, "the key of day %u in the file", d);
		derive_next(want);
	}
	tap_ok(get(0) == RATCHET_FILE_BYTES, "the file stays as long");
}

static void test_clock(void)
{
	unsigned char a[DERIVE_KEY_BYTES], b[DERIVE_KEY_BYTES];
	struct ratchet r;

	tap_int(go(0, DAY + 60, a), 0, "a day");
	tap_int(go(0, DAY + 59, b), -ETIME, "the clock goes back");
	tap_ok(same(a, b), "the key does not");
	tap_int(go(0, DAY + 61 + RATCHET_STEPS_MAX, b), -ERANGE,
	    "more than 20 years ahead");
	tap_ok(same(a, b), "the key stays");
	tap_int(go(0, UINT32_MAX, b), -ERANGE, "the end of time");
	tap_int(go(0, DAY + 60 + RATCHET_STEPS_MAX, b), 0, "20 years");
	/* In one process, with another one at the same file. */
	tap_int(go(1, DAY + 60, a), 0, "a day");
	tap_int(ratchet_open(&r, dir[1], err), 0, "open");
	tap_int(go(1, DAY + 61, a), 0, "another process is ahead");
	tap_int(ratchet_turn(&r, DAY + 60), -ETIME, "and is followed");
	tap_ok(r.day == DAY + 61 && same(r.key.p, a), "to its day");
	tap_int(ratchet_save(&r), 0, "save");
	get(0);
	put(1, file, RATCHET_FILE_BYTES);
	tap_int(ratchet_turn(&r, DAY + 62), -ETIME, "a file was copied here");
	tap_ok(r.day == DAY + 60 + RATCHET_STEPS_MAX, "it counts");
	put(1, "short", 5);
	memcpy(a, r.key.p, sizeof a);
	tap_int(ratchet_turn(&r, r.day + 1), 0, "the file is broken");
	derive_next(a);
	tap_ok(same(r.key.p, a), "memory helps");
	tap_int(ratchet_save(&r), 0, "save");
	ratchet_close(&r);
	tap_int(go(1, DAY + 61 + RATCHET_STEPS_MAX, b), 0, "and repairs it");
	tap_ok(same(a, b), "the same key");
}

static void test_raw(void)
{
	unsigned char raw[DERIVE_KEY_BYTES], a[DERIVE_KEY_BYTES],
	    b[DERIVE_KEY_BYTES];

	rnd_bytes(raw, sizeof raw);
	put(0, raw, sizeof raw);
	put(1, raw, sizeof raw);
	tap_int(go(0, DAY, a), 0, "a file of 32 bytes");
	tap_ok(get(0) == RATCHET_FILE_BYTES && !holds(file, sizeof file, raw),
	    "is made a chain, and gone");
	tap_int(go(0, DAY + 9, a), 0, "later");
	tap_int(go(1, DAY + 9, b), 0, "first used then");
	tap_ok(same(a, b), "agree");
	memset(file, 0, sizeof file);
	memcpy(file, raw, sizeof raw);
	put(0, file, RATCHET_FILE_BYTES);
	tap_int(go(0, DAY + 9, a), 0, "rewriting was cut off");
	tap_ok(same(a, b), "nothing is lost");
	put(0, raw, sizeof raw);
	tap_int(go(0, RATCHET_FIRST_DAY - 1, a), -ETIME, "before its day");
	tap_ok(same(a, raw) && get(0) == RATCHET_FILE_BYTES &&
	           holds(file, get(0), a),
	    "stays, with its day");
}

/* Every state a cut can leave: the new slot in part or whole, the old one still
 * there or wiped in part. */
static void test_cut(void)
{
	unsigned char was[RATCHET_FILE_BYTES], now[RATCHET_FILE_BYTES],
	    mix[RATCHET_FILE_BYTES], image[RATCHET_FILE_BYTES],
	    a[DERIVE_KEY_BYTES], b[DERIVE_KEY_BYTES], old[DERIVE_KEY_BYTES];
	bool good = true, clean = true;

	for (unsigned turn = 0; turn < 2; turn++) { /* each slot */
		if (turn == 0) {
			ratchet_image(DAY, image);
			put(0, image, sizeof image);
		}
		go(0, DAY + turn, old);
		get(0);
		memcpy(was, file, sizeof was);
		go(0, DAY + 1 + turn, a);
		get(0);
		memcpy(now, file, sizeof now);
		for (size_t cut = 0; cut <= RATCHET_FILE_BYTES; cut += 4) {
			size_t fresh = turn == 0 ? RATCHET_SLOT_BYTES : 0,
			       n = cut < 512 ? cut : 512,
			       wiped = cut < 512 ? 0 : cut - 512;
			int fd;

			memcpy(mix, was, sizeof mix);
			memcpy(mix + fresh, now + fresh, n);
			memset(mix + (512 - fresh), 0, wiped);
			fd = open(path(1), O_WRONLY | O_CREAT | O_TRUNC, 0600);
			good &= write(fd, mix, sizeof mix) == sizeof mix;
			close(fd);
			good &= go(1, DAY + 1 + turn, b) == 0 && same(a, b);
			clean &= !holds(file, get(1), old);
		}
	}
	tap_ok(good, "a rewriting cut anywhere goes on to the same key");
	tap_ok(clean, "and the old one is wiped");
}

static const struct {
	const char *name;
	size_t n;
	char fill;
} bad[] = {
	{ "empty", 0, 0 },
	{ "31 bytes", 31, 'x' },
	{ "33 bytes", 33, 'x' },
	{ "zeros", 32, 0 },
	{ "zeros of the right length", RATCHET_FILE_BYTES, 0 },
	{ "another text", RATCHET_FILE_BYTES, 'x' },
	{ "a long one", RATCHET_FILE_BYTES + 100, 'x' },
};

static void test_bad(void)
{
	unsigned char image[RATCHET_FILE_BYTES];
	struct ratchet r;
	char other[128];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		memset(file, bad[i].fill, sizeof file);
		put(0, file, bad[i].n);
		tap_int(ratchet_open(&r, dir[0], err), -EIO, "%s: %s",
		    bad[i].name, err);
	}
	ratchet_image(DAY, image);
	for (size_t i = 0; i < 68; i++) {
		image[i] ^= 1;
		if (i % 17 == 0) {
			put(0, image, sizeof image);
			tap_int(ratchet_open(&r, dir[0], err), -EIO,
			    "byte %zu is another", i);
		}
		image[i] ^= 1;
	}
	put(0, image, sizeof image);
	chmod(path(0), 0640);
	tap_int(ratchet_open(&r, dir[0], err), -EIO, "%s", err);
	unlink(path(0));
	tap_int(ratchet_open(&r, dir[0], err), -ENOENT, "%s", err);
	tap_int(mkdir(path(0), 0700), 0, "a folder");
	tap_int(ratchet_open(&r, dir[0], err), -EIO, "%s", err);
	rmdir(path(0));
	put(1, image, sizeof image);
	snprintf(other, sizeof other, "%s/master.key", dir[1]);
	tap_int(symlink(other, path(0)), 0, "a link");
	tap_int(ratchet_open(&r, dir[0], err), -EIO, "%s", err);
	unlink(path(0));
	snprintf(other, sizeof other, "%s/no/such", dir[0]);
	tap_int(ratchet_open(&r, other, err), -ENOENT, "%s", err);
}

/* Root may write whatever the mode says: the descriptor is made read-only. */
static void test_read_only(void)
{
	unsigned char image[RATCHET_FILE_BYTES], a[DERIVE_KEY_BYTES],
	    b[DERIVE_KEY_BYTES];
	struct ratchet r;

	ratchet_image(DAY, image);
	put(0, image, sizeof image);
	put(1, image, sizeof image);
	ratchet_open(&r, dir[0], err);
	r.no_write = -EROFS;
	tap_int(ratchet_save(&r), 0, "nothing to write");
	tap_int(ratchet_turn(&r, DAY + 3), 0, "memory goes on");
	tap_int(ratchet_save(&r), -EROFS, "the file cannot");
	tap_int(ratchet_turn(&r, DAY + 4), 0, "and on");
	tap_int(ratchet_turn(&r, DAY + 2), -ETIME, "and not back");
	memcpy(a, r.key.p, sizeof a);
	ratchet_close(&r);
	tap_int(go(1, DAY + 4, b), 0, "where it can be written");
	tap_ok(same(a, b), "agree");
	if (geteuid() == 0)
		return;
	chmod(path(0), 0400);
	tap_int(ratchet_open(&r, dir[0], err), 0, "a file that is read-only");
	tap_int(r.no_write, -EACCES, "is seen");
	ratchet_close(&r);
}

int main(void)
{
	const char *top = pki_dir();

	for (unsigned i = 0; i < 2; i++) {
		snprintf(dir[i], sizeof dir[i], "%s/%u", top, i);
		mkdir(dir[i], 0700);
	}
	test_agree();
	test_clock();
	test_raw();
	test_cut();
	test_bad();
	test_read_only();
	for (unsigned i = 0; i < 2; i++) {
		unlink(path(i));
		rmdir(dir[i]);
	}
	pki_dir_remove();
	return tap_done();
}
