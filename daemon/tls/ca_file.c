/* SPDX-License-Identifier: EUPL-1.2 */
/* The files of a certificate authority: never overwritten, whole or absent,
 * keys for the owner alone. */
#include "tls/ca_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/secret.h"

#define FILE_MAX_BYTES (256u << 10)
#define KEY_MODE 0600
#define CERT_MODE 0644
#define DIR_MODE 0700

static int fail(char err[CA_ERR_BYTES], const char *name, const char *what)
{
	snprintf(err, CA_ERR_BYTES, "%.90s: %.100s", name, what);
	return -EIO;
}

static int fail_errno(char err[CA_ERR_BYTES], const char *name)
{
	return fail(err, name, strerror(errno));
}

static int check_dir(int dir, const char *path, char err[CA_ERR_BYTES])
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return fail_errno(err, path);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return fail(err, path,
		    "others may write here: chmod go-w, then try again");
	return 0;
}

int ca_dir_open(
    const char *path, bool make, int *ret_dir, char err[CA_ERR_BYTES])
{
	int dir, r;

	if (make && mkdir(path, DIR_MODE) < 0 && errno != EEXIST)
		return fail_errno(err, path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		r = errno == ENOENT ? -ENOENT : -EIO;
		(void)fail_errno(err, path);
		return r;
	}
	r = check_dir(dir, path, err);
	if (r < 0) {
		close(dir);
		return r;
	}
	*ret_dir = dir;
	return 0;
}

bool ca_file_exists(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* ---- writing ---- */

static int write_all(int fd, const unsigned char *p, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		p += put, n -= (size_t)put;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int write_new(int dir, const char *name, mode_t mode, const void *p,
    size_t n, char err[CA_ERR_BYTES])
{
	int fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int r;

	if (fd < 0) {
		r = errno == EEXIST ? -EEXIST : -EIO;
		(void)fail_errno(err, name);
		return r;
	}
	/* Whatever the umask took away or left. */
	r = fchmod(fd, mode) < 0 ? -errno : write_all(fd, p, n);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0)
		return 0;
	(void)unlinkat(dir, name, 0);
	return fail(err, name, strerror(-r));
}

/* The memory of a BIO is wiped by OpenSSL when it is freed. */
static int write_bio(int dir, const char *name, mode_t mode, BIO *out,
    bool good, char err[CA_ERR_BYTES])
{
	char *p = NULL;
	long n = good ? BIO_get_mem_data(out, &p) : 0;
	int r = n > 0 ? write_new(dir, name, mode, p, (size_t)n, err)
	              : fail(err, name, "cannot be encoded");

	BIO_free(out);
	ERR_clear_error();
	return r;
}

int ca_write_key(
    int dir, const char *name, EVP_PKEY *key, char err[CA_ERR_BYTES])
{
	BIO *out = BIO_new(BIO_s_mem());
	bool good = out != NULL && PEM_write_bio_PKCS8PrivateKey(out, key, NULL,
	                               NULL, 0, NULL, NULL) == 1;

	return write_bio(dir, name, KEY_MODE, out, good, err);
}

int ca_write_cert(int dir, const char *name, X509 *x, char err[CA_ERR_BYTES])
{
	BIO *out = BIO_new(BIO_s_mem());
	bool good = out != NULL && PEM_write_bio_X509(out, x) == 1;

	return write_bio(dir, name, CERT_MODE, out, good, err);
}

int ca_write_secret(int dir, const char *name, const void *p, size_t n,
    char err[CA_ERR_BYTES])
{
	return write_new(dir, name, KEY_MODE, p, n, err);
}

int ca_sync(int dir, char err[CA_ERR_BYTES])
{
	return fsync(dir) < 0 ? fail_errno(err, "directory") : 0;
}

int ca_rename(int dir, const char *from, const char *to, char err[CA_ERR_BYTES])
{
	if (renameat(dir, from, dir, to) < 0)
		return fail_errno(err, to);
	return ca_sync(dir, err);
}

/* ---- reading ---- */

static int read_all(
    int fd, const char *name, struct secret *s, char err[CA_ERR_BYTES])
{
	size_t at = 0;

	while (at < s->n) {
		ssize_t got = read(fd, s->p + at, s->n - at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno(err, name);
		if (got == 0)
			return fail(err, name, "shorter than it was");
		at += (size_t)got;
	}
	return 0;
}

static int read_open(int fd, const char *name, bool is_key,
    struct secret *ret_text, char err[CA_ERR_BYTES])
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return fail_errno(err, name);
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > (off_t)FILE_MAX_BYTES)
		return fail(err, name, "is empty, too large or no file");
	if (is_key && (st.st_mode & (S_IRWXG | S_IRWXO)))
		return fail(err, name,
		    "others may read this key: chmod 600, then try again");
	if (secret_init(ret_text, (size_t)st.st_size) < 0)
		return fail(err, name, "memory is out");
	r = read_all(fd, name, ret_text, err);
	if (r < 0)
		secret_fini(ret_text);
	return r;
}

static int read_file(int dir, const char *name, bool is_key,
    struct secret *ret_text, char err[CA_ERR_BYTES])
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), r;

	if (fd < 0) {
		r = errno == ENOENT ? -ENOENT : -EIO;
		(void)fail_errno(err, name);
		return r;
	}
	r = read_open(fd, name, is_key, ret_text, err);
	close(fd);
	return r;
}

/* Nobody is there to type a passphrase. */
static int no_passphrase(char *p, int n, int writing, void *arg)
{
	(void)p, (void)n, (void)writing, (void)arg;
	return -1;
}

int ca_read_key(
    int dir, const char *name, EVP_PKEY **ret_key, char err[CA_ERR_BYTES])
{
	struct secret text;
	BIO *in;
	int r = read_file(dir, name, true, &text, err);

	if (r < 0)
		return r;
	in = BIO_new_mem_buf(text.p, (int)text.n);
	*ret_key = in != NULL
	               ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL)
	               : NULL;
	BIO_free(in);
	secret_fini(&text);
	ERR_clear_error();
	return *ret_key != NULL ? 0 : fail(err, name, "holds no private key");
}

int ca_read_cert(
    int dir, const char *name, X509 **ret_x, char err[CA_ERR_BYTES])
{
	struct secret text;
	BIO *in;
	int r = read_file(dir, name, false, &text, err);

	if (r < 0)
		return r;
	in = BIO_new_mem_buf(text.p, (int)text.n);
	*ret_x = in != NULL ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
	BIO_free(in);
	secret_fini(&text);
	ERR_clear_error();
	return *ret_x != NULL ? 0 : fail(err, name, "holds no certificate");
}
